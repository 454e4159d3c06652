//! Connections: accepted, counted, secured, spoken with, and seen out.
//!
//! Every limit on a peer stands here. Knows nothing of certificates' files or of what is served.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt;

use super::super::gate::{Admitted, Gate};
use super::super::layers::DOCUMENT_TIMEOUT;
use super::super::patience::Patient;
use super::linger::{Lingering, Unread, Watched};
use super::{STOP_WITHIN, told};

/// How long a request's head may take, and how long a kept HTTP/1 connection may wait for the next one.
pub(super) const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the TLS handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may be silent in both directions. Longer than a request may take.
const SILENCE: Duration = Duration::from_secs(75);
/// A pause when the system gives no more connections, for example for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The largest request head, in bytes.
pub(super) const MAX_HEAD_BYTES: usize = 16 * 1024;
/// The most header lines of an HTTP/1 request.
pub(super) const MAX_HEADERS: usize = 64;
/// The read buffer of an HTTP/1 connection, in bytes.
const MAX_BUFFER_BYTES: usize = 64 * 1024;
/// Requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 64;
/// What one HTTP/2 connection may have waiting to be sent per stream, in bytes.
const MAX_SEND_BUFFER_BYTES: usize = 256 * 1024;
/// A connection that lives longer is asked to end after the request it is at, and ended after a further while: as long
/// as a request may take.
const MAX_AGE: Duration = Duration::from_secs(60 * 60);
const MAX_AGE_GRACE: Duration = DOCUMENT_TIMEOUT;
/// The answer to plain HTTP where HTTPS is spoken.
const HTTPS_ONLY: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n\
    This address speaks HTTPS only: write https:// before it.\n";

/// One listening socket's way of attending to those who come.
#[derive(Clone)]
pub(super) struct Door {
    pub router: Router,
    pub acceptor: Option<TlsAcceptor>,
    pub gate: Arc<Gate>,
}

impl Door {
    /// Accepts until told to stop, then waits for those inside.
    pub async fn attend(self, listener: TcpListener, mut stopping: watch::Receiver<bool>) {
        let mut inside = JoinSet::new();
        let for_each = stopping.clone();
        loop {
            tokio::select! {
                biased;
                () = told(&mut stopping) => break,
                Some(_) = inside.join_next(), if !inside.is_empty() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => match self.gate.admit(peer.ip()) {
                        Some(admitted) => {
                            inside.spawn(self.clone().welcome(stream, peer, admitted, for_each.clone()));
                        }
                        None => tracing::debug!(peer = %peer.ip(), "too many connections, one turned away"),
                    },
                    Err(error) if is_of_one_connection(&error) => {}
                    Err(error) => {
                        tracing::warn!("no connection can be accepted for a moment: {error}");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(listener);
        let all_gone = async { while inside.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_WITHIN, all_gone).await.is_err() {
            match inside.len() {
                1 => tracing::warn!("one connection did not end in time and was cut"),
                n => tracing::warn!("{n} connections did not end in time and were cut"),
            }
            inside.shutdown().await;
        }
    }

    async fn welcome(self, stream: TcpStream, peer: SocketAddr, _admitted: Admitted, mut stop: watch::Receiver<bool>) {
        // Small answers should not wait for each other; a socket that cannot do so still works.
        stream.set_nodelay(true).ok();
        let Some(acceptor) = self.acceptor else {
            return speak_http1(Patient::new(stream, SILENCE), self.router, peer, stop).await;
        };
        let handshake = tokio::select! {
            outcome = tokio::time::timeout(HANDSHAKE_TIMEOUT, secure(acceptor, stream)) => outcome,
            () = told(&mut stop) => return,
        };
        match handshake {
            Ok(Ok(secured)) if secured.get_ref().1.alpn_protocol() == Some(b"h2") => {
                speak_http2(secured, self.router, peer, stop).await;
            }
            Ok(Ok(secured)) => speak_http1(secured, self.router, peer, stop).await,
            Ok(Err(error)) => tracing::debug!(peer = %peer.ip(), "no TLS connection: {error}"),
            Err(_) => tracing::debug!(peer = %peer.ip(), "the TLS handshake took too long"),
        }
    }
}

/// The TLS handshake. Who speaks plain HTTP to this port is told so, since a browser would only show a broken page.
async fn secure(acceptor: TlsAcceptor, mut stream: TcpStream) -> std::io::Result<TlsStream<Patient<TcpStream>>> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 1 && first[0].is_ascii_uppercase() {
        stream.write_all(HTTPS_ONLY).await?;
        stream.shutdown().await?;
        return Err(std::io::Error::other("plain HTTP was spoken"));
    }
    acceptor.accept(Patient::new(stream, SILENCE)).await
}

async fn speak_http1<S>(stream: S, router: Router, peer: SocketAddr, stop: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_HEAD_BYTES)
        .max_buf_size(MAX_BUFFER_BYTES);
    // HTTP/2 refuses a body by its own means; here the connection has to stay until the refusal was read.
    let unread = Unread::default();
    let stream = Lingering::new(stream, unread.clone());
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let unread = unread.clone();
        answer(router.clone(), request.map(|body| Body::new(Watched::new(body, unread))), peer)
    });
    see_out(protocol.serve_connection(TokioIo::new(stream), service), stop).await;
}

async fn speak_http2<S>(stream: S, router: Router, peer: SocketAddr, stop: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut protocol = http2::Builder::new(TokioExecutor::new());
    protocol
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(u32::try_from(MAX_HEAD_BYTES).unwrap_or(u32::MAX))
        .max_send_buf_size(MAX_SEND_BUFFER_BYTES);
    let asked = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&asked);
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        noted.store(true, Ordering::Relaxed);
        answer(router.clone(), request.map(Body::new), peer)
    });
    // hyper has a limit on the first head for HTTP/1 only.
    let never_asked = async move {
        tokio::time::sleep(HEADER_TIMEOUT).await;
        if asked.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    };
    let connection = protocol.serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        () = see_out(connection, stop) => {}
        () = never_asked => tracing::debug!(peer = %peer.ip(), "no request came in time"),
    }
}

async fn answer(router: Router, mut request: hyper::Request<Body>, peer: SocketAddr) -> Result<Response, Infallible> {
    request.extensions_mut().insert(ConnectInfo(peer));
    router.oneshot(request).await
}

/// Drives a connection to its end; when told to stop, or when it is old, it ends after the requests it is at.
async fn see_out<C>(connection: C, mut stop: watch::Receiver<bool>)
where
    C: GracefulConnection,
    C::Error: std::fmt::Display,
{
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // The connection first: it is what wakes this nearly every time.
        biased;
        outcome = connection.as_mut() => return note_end(outcome),
        () = told(&mut stop) => {}
        () = tokio::time::sleep(MAX_AGE) => {}
    }
    connection.as_mut().graceful_shutdown();
    if let Ok(outcome) = tokio::time::timeout(MAX_AGE_GRACE, connection).await {
        note_end(outcome);
    }
}

fn note_end<E: std::fmt::Display>(outcome: Result<(), E>) {
    if let Err(error) = outcome {
        tracing::debug!("a connection ended early: {error}");
    }
}

/// Whether an error of `accept` concerns only the connection that was about to come.
fn is_of_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
