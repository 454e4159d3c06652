//! Listens, protects the connection, speaks HTTP/1.1 and HTTP/2, and stops without cutting anyone off.
//!
//! `bind` first and `run` then: what cannot be listened on is said before anything else starts, and the port is known
//! when it was left to the system. Knows nothing of what is served.

mod connection;
mod linger;

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use self::connection::Door;
use super::gate::{ConnectionLimits, Gate};
use super::redirect;
use super::tls::{Certificates, Refresh, TlsError, TlsMode};
use crate::clock::Clock;
use crate::config::{Config, IpRange, PublicUrl, TlsConfig};

/// How long requests may go on after the server was told to stop.
pub const STOP_WITHIN: Duration = Duration::from_secs(20);
/// How often the certificate files are looked at.
const CERTIFICATE_CHECK: Duration = Duration::from_secs(3);
/// How often a certificate that ends soon is spoken of, in checks: once a day.
const CHECKS_PER_WARNING: u64 = 24 * 60 * 60 / CERTIFICATE_CHECK.as_secs();

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

/// Waits until the server is told to stop, or is gone.
async fn told(stop: &mut watch::Receiver<bool>) {
    stop.wait_for(|stop| *stop).await.ok();
}

#[cfg(test)]
mod tests;
