//! How long a request may take.
//!
//! What only reads is given up at its limit. What changes something must have arrived by then; what follows is the
//! house's own work, which is never called failed while it goes on: its end is waited for a while longer, and then the
//! answer says that it is still being done.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use tokio::task::JoinHandle;
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use super::{FAULT, Refusal};

const TOO_SLOW: Refusal = (StatusCode::SERVICE_UNAVAILABLE, "This took too long. Please try again in a moment.");
const GOES_ON: Refusal = (
    StatusCode::ACCEPTED,
    "This takes longer than usual. There is no need to send it again: in a minute, open the page you came from anew, \
     and it shows what came of it.",
);

/// Runs a request: `limit` for reading or for what is sent to arrive, and `patience` beyond it for what is being done.
pub(super) async fn within(
    limit: Duration,
    patience: Duration,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return timeout(limit, next.run(request)).await.map_err(|_| TOO_SLOW);
    }
    let late = Arc::new(AtomicBool::new(false));
    let timer = Box::pin(sleep_until(Instant::now() + limit));
    let request = request.map(|body| Body::new(Arriving { body, timer, late: Arc::clone(&late) }));
    let mut work = Work(Some(tokio::spawn(next.run(request))));
    let Ok(ended) = timeout(limit.saturating_add(patience), work.end()).await else {
        work.0 = None;
        return Err(GOES_ON);
    };
    match ended {
        // What did not arrive was not begun; the handler can't say why.
        Some(response) if late.load(Ordering::Relaxed) && response.status().is_client_error() => Err(TOO_SLOW),
        Some(response) => Ok(response),
        None => Err(FAULT),
    }
}

/// A handler at work. It is ended with whoever waits for it, unless it was let go.
struct Work(Option<JoinHandle<Response>>);

impl Work {
    async fn end(&mut self) -> Option<Response> {
        self.0.as_mut()?.await.ok()
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// A body that must have arrived in time.
struct Arriving {
    body: Body,
    timer: Pin<Box<Sleep>>,
    late: Arc<AtomicBool>,
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let arrived = Pin::new(&mut self.body).poll_frame(cx);
        if arrived.is_pending() && self.timer.as_mut().poll(cx).is_ready() {
            self.late.store(true, Ordering::Relaxed);
            return Poll::Ready(Some(Err(axum::Error::new(io::Error::from(io::ErrorKind::TimedOut)))));
        }
        arrived
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
