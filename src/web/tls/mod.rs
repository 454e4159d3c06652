//! Certificates: read, checked, made, and exchanged while the server runs.
//!
//! A new pair that is no good never replaces one that is. Knows nothing of HTTP. Times come in as arguments.

mod self_signed;
mod validity;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// A certificate that ends sooner than this is spoken of in the log.
const WARN_WITHIN: SignedDuration = SignedDuration::from_hours(14 * 24);
/// The longest certificate or key file that is read, in bytes.
const MAX_PEM_BYTES: u64 = 1024 * 1024;
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// What protects the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// PEM files: the chain, leaf first, and its key. Read again when they change.
    Files {
        /// The chain.
        certificate: PathBuf,
        /// The key.
        private_key: PathBuf,
        /// The host the certificate should be for; only warned about.
        host: String,
    },
    /// A certificate made here for `names` (host names and IP addresses), kept in `folder` and renewed.
    SelfSigned {
        /// A folder within the data folder.
        folder: PathBuf,
        /// The names it is for.
        names: Vec<String>,
    },
    /// Plain HTTP, for a proxy on this machine.
    Plain,
}

/// Why a certificate cannot be used: the file, and a sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError {
    /// The file at fault.
    pub path: PathBuf,
    /// What is wrong and what to do.
    pub message: String,
}

impl TlsError {
    fn new(path: &Path, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), message: message.into() }
    }
}

impl std::fmt::Display for TlsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.message)
    }
}

impl std::error::Error for TlsError {}

/// What [`Certificates::refresh`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Refresh {
    /// The files are as they were.
    Unchanged,
    /// A new pair is in use.
    Replaced,
    /// The files changed but are no good; the old pair stays in use.
    Kept(TlsError),
}

/// The pair in use. Shared by the listener and whoever refreshes it.
pub struct Certificates {
    mode: TlsMode,
    certificate: PathBuf,
    private_key: PathBuf,
    current: RwLock<Arc<Pair>>,
    /// What the files looked like when they were last tried, good or not.
    tried: Mutex<Option<[Stamp; 2]>>,
}

/// What tells one state of a file from another without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    length: u64,
    changed: (i64, i64),
}

/// A certificate with its key, checked against each other.
pub(super) struct Pair {
    key: Arc<CertifiedKey>,
    until: Option<Timestamp>,
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificates").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

impl Certificates {
    /// Reads (or makes) the pair of `mode`; `None` for plain HTTP.
    ///
    /// # Errors
    /// When a file is missing, holds something else, or certificate and key do not belong together.
    pub fn open(mode: TlsMode, now: Timestamp) -> Result<Option<Arc<Self>>, TlsError> {
        let (certificate, private_key) = match &mode {
            TlsMode::Plain => return Ok(None),
            TlsMode::Files { certificate, private_key, .. } => (certificate.clone(), private_key.clone()),
            TlsMode::SelfSigned { folder, names } => {
                self_signed::ensure(folder, names, now)?;
                self_signed::paths(folder)
            }
        };
        let stamps = stamps(&certificate, &private_key);
        let pair = Pair::read(&certificate, &private_key)?;
        let current = RwLock::new(Arc::new(pair));
        Ok(Some(Arc::new(Self { mode, certificate, private_key, current, tried: Mutex::new(stamps) })))
    }

    /// Looks at the files again (and renews a self-signed pair that ends soon). Touches the disk.
    pub fn refresh(&self, now: Timestamp) -> Refresh {
        if let TlsMode::SelfSigned { folder, names } = &self.mode
            && self_signed::is_stale(&self.current(), names, now)
            && let Err(error) = self_signed::ensure(folder, names, now)
        {
            return Refresh::Kept(error);
        }
        let found = stamps(&self.certificate, &self.private_key);
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        if found == *tried {
            return Refresh::Unchanged;
        }
        *tried = found;
        match Pair::read(&self.certificate, &self.private_key) {
            Ok(pair) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pair);
                Refresh::Replaced
            }
            Err(error) => Refresh::Kept(error),
        }
    }

    /// What the owner should know about the pair in use: it has ended or ends soon, or it is for another host.
    pub fn warnings(&self, now: Timestamp) -> Vec<String> {
        let pair = self.current();
        let name = self.certificate.display();
        let mut warnings = Vec::new();
        match pair.until {
            Some(until) if until < now => {
                warnings.push(format!("The certificate {name} ended on {until}. Browsers refuse it: renew it now."));
            }
            Some(until) if until < now.saturating_add(WARN_WITHIN).unwrap_or(Timestamp::MAX) => {
                warnings
                    .push(format!("The certificate {name} ends on {until}. Renew it; the server reads it by itself."));
            }
            _ => {}
        }
        if let TlsMode::Files { host, .. } = &self.mode
            && !pair.covers(host)
        {
            warnings
                .push(format!("The certificate {name} is not for {host}, the host in url. Browsers refuse it there."));
        }
        warnings
    }

    /// When the pair in use ends, if its dates could be read.
    pub fn ends(&self) -> Option<Timestamp> {
        self.current().until
    }

    /// The PEM file of the certificate in use.
    pub fn certificate_path(&self) -> &Path {
        &self.certificate
    }

    /// The TLS settings of a server with these certificates: TLS 1.2 (AEAD only) and 1.3, HTTP/2 and HTTP/1.1.
    pub(super) fn server_config(self: &Arc<Self>) -> rustls::ServerConfig {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .expect("ring's cipher suites serve both versions")
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = ALPN.iter().map(|protocol| protocol.to_vec()).collect();
        config
    }

    fn current(&self) -> Arc<Pair> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current().key))
    }
}

impl Pair {
    /// Reads and checks a pair.
    fn read(certificate: &Path, private_key: &Path) -> Result<Self, TlsError> {
        let chain = CertificateDer::pem_slice_iter(&read(certificate)?)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| TlsError::new(certificate, format!("not PEM: {error}.")))?;
        let Some(leaf) = chain.first() else {
            let message = "holds no certificate. It should start with -----BEGIN CERTIFICATE-----";
            return Err(TlsError::new(certificate, message));
        };
        let until = validity::validity(leaf).map(|(_, until)| until);
        let key = PrivateKeyDer::from_pem_slice(&read(private_key)?).map_err(|_| {
            let message = "holds no private key that can be read. It should be PEM, without a passphrase.";
            TlsError::new(private_key, message)
        })?;
        let key = rustls::crypto::ring::sign::any_supported_type(&key).map_err(|_| {
            let message = "holds a key of a kind that is not served. Use ECDSA P-256 or P-384, Ed25519, or RSA.";
            TlsError::new(private_key, message)
        })?;
        let key = CertifiedKey::new(chain, key);
        key.keys_match().map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                let message = format!("is not the key of the certificate in {}.", certificate.display());
                TlsError::new(private_key, message)
            }
            error => TlsError::new(certificate, format!("holds a certificate that cannot be used: {error}.")),
        })?;
        Ok(Self { key: Arc::new(key), until })
    }

    /// Whether the certificate is for `name`, a host name or an IP address.
    fn covers(&self, name: &str) -> bool {
        let name = name.trim_matches(['[', ']']);
        let Ok(name) = ServerName::try_from(name) else { return false };
        self.key
            .end_entity_cert()
            .and_then(ParsedCertificate::try_from)
            .is_ok_and(|leaf| rustls::client::verify_server_name(&leaf, &name).is_ok())
    }
}

fn read(path: &Path) -> Result<zeroize::Zeroizing<Vec<u8>>, TlsError> {
    let unreadable =
        |error| TlsError::new(path, format!("cannot be read: {error}. Check the path and its permissions."));
    if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_PEM_BYTES {
        return Err(TlsError::new(path, "is longer than 1 MiB; this is no certificate or key."));
    }
    std::fs::read(path).map(zeroize::Zeroizing::new).map_err(unreadable)
}

fn stamps(certificate: &Path, private_key: &Path) -> Option<[Stamp; 2]> {
    let stamp = |path| {
        let facts = std::fs::metadata(path).ok()?;
        Some(Stamp { inode: facts.ino(), length: facts.len(), changed: (facts.mtime(), facts.mtime_nsec()) })
    };
    Some([stamp(certificate)?, stamp(private_key)?])
}

#[cfg(test)]
mod tests;
