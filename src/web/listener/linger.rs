//! A stream that stays to be read from for a moment after it was ended, when the peer was still sending.
//!
//! Who is refused before their upload was read must get to read why: a socket closed with unread bytes in it is reset,
//! and the answer is lost with it. Lies above TLS. Knows no protocol but that a request has a body.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// What a peer may go on sending after the answer, in bytes …
const LINGER_MAX: usize = 64 * 1024 * 1024;
/// … and for how long.
const LINGER: Duration = Duration::from_secs(10);
/// Read at a time, in bytes.
const SCRAP: usize = 16 * 1024;

/// Whether the last request's body was left unread.
#[derive(Clone, Default)]
pub(super) struct Unread(Arc<AtomicBool>);

/// A request's body that notes whether it was read to its end.
pub(super) struct Watched {
    body: Incoming,
    unread: Unread,
}

impl Watched {
    pub fn new(body: Incoming, unread: Unread) -> Self {
        unread.0.store(!body.is_end_stream(), Ordering::Relaxed);
        Self { body, unread }
    }
}

impl Body for Watched {
    type Data = <Incoming as Body>::Data;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if self.body.is_end_stream() || frame.is_none() {
            self.unread.0.store(false, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream whose end waits, for a while, for the peer's.
pub(super) struct Lingering<S> {
    stream: S,
    unread: Unread,
    /// Set once our own side is ended: until when we go on reading, and how much.
    rest: Option<(Pin<Box<Sleep>>, usize)>,
}

impl<S> Lingering<S> {
    pub fn new(stream: S, unread: Unread) -> Self {
        Self { stream, unread, rest: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.rest.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            this.rest = Some((Box::pin(tokio::time::sleep(LINGER)), LINGER_MAX));
        }
        let Some((over, left)) = this.rest.as_mut().filter(|_| this.unread.0.load(Ordering::Relaxed)) else {
            return Poll::Ready(Ok(()));
        };
        let mut scrap = [0; SCRAP];
        loop {
            let mut buf = ReadBuf::new(&mut scrap);
            let read = match Pin::new(&mut this.stream).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) => buf.filled().len(),
                // The peer is gone: nobody to wait for.
                Poll::Ready(Err(_)) => 0,
                Poll::Pending => return over.as_mut().poll(cx).map(Ok),
            };
            *left = left.saturating_sub(read);
            if read == 0 || *left == 0 || over.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
