//! Listens, protects the connection, speaks HTTP/1.1 and HTTP/2, and stops without cutting anyone off.
//!
//! `bind` first and `run` then: what cannot be listened on is said before anything else starts, and the port is known
//! when it was left to the system. Knows nothing of what is served.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
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
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt;

use super::gate::{Admitted, ConnectionLimits, Gate};
use super::patience::Patient;
use super::redirect;
use super::tls::{Certificates, Refresh, TlsError, TlsMode};
use crate::clock::Clock;
use crate::config::{Config, IpRange, PublicUrl, TlsConfig};

/// How long a request's head may take, and how long a kept HTTP/1 connection may wait for the next one.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the TLS handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may be silent in both directions. Longer than a request may take.
const SILENCE: Duration = Duration::from_secs(75);
/// A connection that lives longer is asked to end after the request it is at, and ended after a further while.
const MAX_AGE: Duration = Duration::from_secs(60 * 60);
const MAX_AGE_GRACE: Duration = Duration::from_secs(10 * 60);
/// How long requests may go on after the server was told to stop.
pub const STOP_WITHIN: Duration = Duration::from_secs(20);
/// How often the certificate files are looked at.
const CERTIFICATE_CHECK: Duration = Duration::from_secs(3);
/// How often a certificate that ends soon is spoken of, in checks: once a day.
const CHECKS_PER_WARNING: u64 = 24 * 60 * 60 / CERTIFICATE_CHECK.as_secs();
/// A pause when the system gives no more connections, for example for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The largest request head, in bytes.
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// The most header lines of an HTTP/1 request.
const MAX_HEADERS: usize = 64;
/// The read buffer of an HTTP/1 connection, in bytes.
const MAX_BUFFER_BYTES: usize = 64 * 1024;
/// Requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 64;
/// What one HTTP/2 connection may have waiting to be sent per stream, in bytes.
const MAX_SEND_BUFFER_BYTES: usize = 256 * 1024;

/// The answer to plain HTTP where HTTPS is spoken.
const HTTPS_ONLY: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n\
    This address speaks HTTPS only: write https:// before it.\n";

/// Where and how to listen.
#[derive(Clone, Debug)]
pub struct ListenPlan {
    /// Address and port of the portal; port 0 lets the system choose.
    pub address: SocketAddr,
    /// What protects the connection.
    pub tls: TlsMode,
    /// Address and port that send plain HTTP visitors on, and where to; `None` when there is none.
    pub redirect: Option<(SocketAddr, PublicUrl)>,
    /// How many connections may be open.
    pub limits: ConnectionLimits,
    /// Proxies, whose connections are not counted as one visitor's.
    pub trusted_proxies: Vec<IpRange>,
    /// The machine's clock, which certificates live by (never a demo's).
    pub clock: Clock,
}

impl ListenPlan {
    /// The plan that `config` describes.
    pub fn from_config(config: &Config, clock: Clock) -> Self {
        let tls = match &config.listen.tls {
            TlsConfig::Files { certificate, private_key } => TlsMode::Files {
                certificate: certificate.clone(),
                private_key: private_key.clone(),
                host: config.url.host().to_owned(),
            },
            TlsConfig::SelfSigned => {
                TlsMode::SelfSigned { folder: config.data.join("tls"), names: config.certificate_names() }
            }
            TlsConfig::Proxy => TlsMode::Plain,
        };
        Self {
            address: config.listen.address,
            tls,
            redirect: config.listen.redirect_http.map(|address| (address, config.url.clone())),
            limits: ConnectionLimits {
                total: config.limits.connections,
                per_peer: config.limits.connections_per_address,
            },
            trusted_proxies: config.listen.trusted_proxies.clone(),
            clock,
        }
    }
}

/// Why the server cannot listen. Its text says what to do.
#[derive(Debug)]
pub enum ListenError {
    /// The address cannot be listened on.
    Address(SocketAddr, std::io::Error),
    /// The certificate cannot be used.
    Certificate(TlsError),
}

impl std::fmt::Display for ListenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use std::io::ErrorKind::{AddrInUse, AddrNotAvailable, PermissionDenied};
        match self {
            Self::Certificate(error) => write!(f, "The certificate cannot be used. {error}"),
            Self::Address(address, error) => match error.kind() {
                AddrInUse => {
                    write!(f, "{address} is already in use by another program. Stop that one, or choose another port.")
                }
                PermissionDenied => write!(
                    f,
                    "Listening on {address} is not allowed: ports below 1024 need a right. Give the service \
                     CAP_NET_BIND_SERVICE (in its systemd unit: AmbientCapabilities=CAP_NET_BIND_SERVICE), or choose a \
                     port above 1023."
                ),
                AddrNotAvailable => write!(
                    f,
                    "{} is not an address of this machine. Choose one of its own, or 0.0.0.0 for all of them.",
                    address.ip()
                ),
                _ => write!(f, "Listening on {address} failed: {error}."),
            },
        }
    }
}

impl std::error::Error for ListenError {}

/// Bound sockets and a good certificate, ready to [`Listening::run`].
#[derive(Debug)]
pub struct Listening {
    portal: TcpListener,
    address: SocketAddr,
    redirect: Option<(TcpListener, SocketAddr, PublicUrl)>,
    certificates: Option<Arc<Certificates>>,
    gate: Arc<Gate>,
    clock: Clock,
}

impl Listening {
    /// Reads (or makes) the certificate and takes the ports.
    ///
    /// # Errors
    /// When either cannot be done; the text says what to do.
    pub async fn bind(plan: ListenPlan) -> Result<Self, ListenError> {
        let (portal, address) = bind(plan.address).await?;
        let redirect = match plan.redirect {
            Some((wanted, url)) => {
                let (listener, address) = bind(wanted).await?;
                Some((listener, address, url))
            }
            None => None,
        };
        let certificates = Certificates::open(plan.tls, plan.clock.now()).map_err(ListenError::Certificate)?;
        let gate = Gate::new(plan.limits, plan.trusted_proxies);
        Ok(Self { portal, address, redirect, certificates, gate, clock: plan.clock })
    }

    /// Where the portal listens, with the port that was given.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where plain HTTP visitors are sent on from.
    pub fn redirect_address(&self) -> Option<SocketAddr> {
        self.redirect.as_ref().map(|(_, address, _)| *address)
    }

    /// The PEM file of the certificate; `None` for plain HTTP.
    pub fn certificate_path(&self) -> Option<&Path> {
        self.certificates.as_ref().map(|certificates| certificates.certificate_path())
    }

    /// The certificates in use, for whoever shows their state; `None` for plain HTTP.
    pub fn certificates(&self) -> Option<Arc<Certificates>> {
        self.certificates.clone()
    }

    /// Serves `router` until `shutdown` is done; then accepts nothing more, lets requests finish for [`STOP_WITHIN`],
    /// and returns. Handlers find the peer in `ConnectInfo<SocketAddr>`.
    pub async fn run(self, router: Router, shutdown: impl Future<Output = ()>) {
        let (stop, stopping) = watch::channel(false);
        let acceptor = self.certificates.as_ref().map(|own| TlsAcceptor::from(Arc::new(own.server_config())));
        let portal = Door { router, acceptor, gate: Arc::clone(&self.gate) }.attend(self.portal, stopping.clone());
        let redirect = async {
            if let Some((listener, _, url)) = self.redirect {
                let door = Door { router: redirect::router(url), acceptor: None, gate: Arc::clone(&self.gate) };
                door.attend(listener, stopping.clone()).await;
            }
        };
        let renewal = async {
            if let Some(certificates) = self.certificates {
                keep_fresh(certificates, self.clock, stopping.clone()).await;
            }
        };
        let trigger = async {
            shutdown.await;
            stop.send_replace(true);
        };
        tokio::join!(trigger, portal, redirect, renewal);
    }
}

/// Waits until the process is asked to end, by SIGTERM (a service manager) or SIGINT (Ctrl-C). The signals are taken
/// at the call, not at the first poll, so that none is lost in between.
///
/// # Errors
/// When the system gives no signals.
pub fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ListenError> {
    let refused = |error| ListenError::Address(address, error);
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    Ok((listener, bound))
}

/// Looks at the certificate files every few seconds and says what there is to say.
async fn keep_fresh(certificates: Arc<Certificates>, clock: Clock, mut stopping: watch::Receiver<bool>) {
    for check in 0_u64.. {
        let (own, now) = (Arc::clone(&certificates), clock.now());
        match tokio::task::spawn_blocking(move || own.refresh(now)).await {
            Ok(Refresh::Replaced) => {
                tracing::info!(certificate = %certificates.certificate_path().display(), "a new certificate is in use");
            }
            Ok(Refresh::Kept(error)) => tracing::error!("a new certificate is not used, the old one stays: {error}"),
            Ok(Refresh::Unchanged) | Err(_) => {}
        }
        if check % CHECKS_PER_WARNING == 0 {
            certificates.warnings(now).iter().for_each(|warning| tracing::warn!("{warning}"));
        }
        tokio::select! {
            () = tokio::time::sleep(CERTIFICATE_CHECK) => {}
            () = told(&mut stopping) => return,
        }
    }
}

/// One listening socket's way of attending to those who come.
#[derive(Clone)]
struct Door {
    router: Router,
    acceptor: Option<TlsAcceptor>,
    gate: Arc<Gate>,
}

impl Door {
    /// Accepts until told to stop, then waits for those inside.
    async fn attend(self, listener: TcpListener, mut stopping: watch::Receiver<bool>) {
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
            tracing::warn!("{} connections did not end in time and were cut", inside.len());
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
    let service = hyper::service::service_fn(move |request| answer(router.clone(), request, peer));
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
    let service = hyper::service::service_fn(move |request| answer(router.clone(), request, peer));
    see_out(protocol.serve_connection(TokioIo::new(stream), service), stop).await;
}

async fn answer(
    router: Router,
    mut request: hyper::Request<Incoming>,
    peer: SocketAddr,
) -> Result<Response, Infallible> {
    request.extensions_mut().insert(ConnectInfo(peer));
    router.oneshot(request.map(Body::new)).await
}

/// Drives a connection to its end; when told to stop, or when it is old, it ends after the requests it is at.
async fn see_out<C>(connection: C, mut stop: watch::Receiver<bool>)
where
    C: GracefulConnection,
    C::Error: std::fmt::Display,
{
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        outcome = connection.as_mut() => return note_end(outcome),
        () = told(&mut stop) => {}
        () = tokio::time::sleep(MAX_AGE) => {}
    }
    connection.as_mut().graceful_shutdown();
    if let Ok(outcome) = tokio::time::timeout(MAX_AGE_GRACE, connection).await {
        note_end(outcome);
    }
}

/// Waits until the server is told to stop, or is gone.
async fn told(stop: &mut watch::Receiver<bool>) {
    stop.wait_for(|stop| *stop).await.ok();
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

#[cfg(test)]
mod tests;
