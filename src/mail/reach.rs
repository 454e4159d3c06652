//! The way to a server: the addresses of its name, a connection to the first that answers, and TLS over it.
//!
//! Knows nothing of what is said on the connection.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::dialog::Wire;
use super::resolve::resolve;
use super::settings::SettingsError;
use super::trust;

/// Most addresses of one host that are tried.
const MAX_ADDRESSES: usize = 6;

/// Why a step of a conversation with a server did not succeed; `S` is how such a server says no.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble<S> {
    /// The server answered, but not with what the step needs.
    Said(S),
    /// No usable answer: connection lost, wait too long, or another protocol.
    Wire(String),
}

impl<S> Trouble<S> {
    pub fn too_long() -> Self {
        Self::Wire("the server did not answer in time".to_owned())
    }

    pub fn closed() -> Self {
        Self::Wire("the server closed the connection".to_owned())
    }

    pub fn garbage(what: &str) -> Self {
        Self::Wire(format!("the server gave {what}"))
    }

    pub fn lost(error: &std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::UnexpectedEof {
            return Self::closed();
        }
        Self::Wire(format!("the connection was lost ({error})"))
    }
}

/// A server and how to get to it.
pub(super) struct Reach {
    /// Host name or IP address; the server's certificate must bear it.
    pub host: String,
    /// Its port.
    pub port: u16,
    dns: Vec<IpAddr>,
    wait: Duration,
    name: ServerName<'static>,
    tls: TlsConnector,
}

impl Reach {
    /// Reads the file of authorities; connects to nothing. `wait` is for the TCP connection and, again, for the
    /// handshake.
    ///
    /// # Errors
    /// When the host is none, or the file can't be used.
    pub fn new(
        (host, port): (&str, u16),
        dns: &[IpAddr],
        ca_file: Option<&Path>,
        wait: Duration,
    ) -> Result<Self, SettingsError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| SettingsError::Host(host.to_owned()))?;
        let tls = TlsConnector::from(Arc::new(trust::client_config(ca_file)?));
        Ok(Self { host: host.to_owned(), port, dns: dns.to_vec(), wait, name, tls })
    }

    /// The addresses of the server's name that are tried, in their order; never none.
    pub async fn addresses(&self) -> Result<Vec<IpAddr>, String> {
        let mut found = resolve(&self.host, &self.dns).await.map_err(|e| e.to_string())?;
        found.truncate(MAX_ADDRESSES);
        Ok(found)
    }

    /// The first of these addresses that answers.
    pub async fn dial_any(&self, found: Vec<IpAddr>) -> Result<(TcpStream, SocketAddr), String> {
        let mut last = String::new();
        for ip in found {
            let peer = SocketAddr::new(ip, self.port);
            match timeout(self.wait, TcpStream::connect(peer)).await {
                Ok(Ok(tcp)) => {
                    // Else the dot that ends a letter waits for the server's late acknowledgement of the letter itself:
                    // 40 ms each. Without it letters are slower, and that is all.
                    tcp.set_nodelay(true).ok();
                    return Ok((tcp, peer));
                }
                Ok(Err(e)) => last = format!("{}: no connection ({e})", self.at(peer)),
                Err(_) => last = format!("{}: no connection in time", self.at(peer)),
            }
        }
        Err(last)
    }

    /// TLS over a connection; also says how it is protected.
    pub async fn handshake(&self, wire: Box<dyn Wire>) -> Result<(Box<dyn Wire>, String), String> {
        match timeout(self.wait, self.tls.connect(self.name.clone(), wire)).await {
            Ok(Ok(tls)) => {
                let how = protection(tls.get_ref().1.protocol_version(), &self.host);
                Ok((Box::new(tls), how))
            }
            Ok(Err(e)) => Err(format!("no trusted TLS connection ({})", distrust(&e.to_string()))),
            Err(_) => Err("no TLS connection in time".to_owned()),
        }
    }

    /// The server at one of its addresses, in words.
    pub fn at(&self, peer: SocketAddr) -> String {
        format!("{} ({peer})", self.host)
    }
}

/// Why a certificate is not trusted. What `openssl req -x509` makes unless told otherwise is a certificate authority's,
/// which is no server's own (RFC 5280, 4.2.1.9), and the library's words for that help nobody.
fn distrust(why: &str) -> String {
    match why.contains("CaUsedAsEndEntity") {
        true => "the server's certificate is a certificate authority's; make one of its own with \
                 openssl req -x509 … -addext basicConstraints=critical,CA:FALSE"
            .to_owned(),
        false => why.to_owned(),
    }
}

/// How a connection is protected, in words.
fn protection(version: Option<rustls::ProtocolVersion>, host: &str) -> String {
    let version = match version {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
        _ => "TLS",
    };
    format!("{version}, with a trusted certificate for {host}")
}

#[cfg(test)]
mod tests {
    use tokio_rustls::TlsAcceptor;

    use super::*;

    /// What a handshake comes to with a server that shows this certificate, the only one that is trusted.
    async fn shaken(ca: rcgen::IsCa) -> Result<String, String> {
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.is_ca = ca;
        let key = rcgen::KeyPair::generate().unwrap();
        let made = params.self_signed(&key).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), made.pem()).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![made.der().clone()], key).unwrap();
        let reach = Reach::new(("localhost", 993), &[], Some(file.path()), Duration::from_secs(60)).unwrap();
        let (near, far) = tokio::io::duplex(1 << 16);
        let server = TlsAcceptor::from(Arc::new(config));
        let (client, _) = tokio::join!(reach.handshake(Box::new(near)), server.accept(far));
        client.map(|x| x.1)
    }

    #[tokio::test]
    async fn a_certificate_that_is_an_authoritys_own_is_refused_with_what_to_do() {
        let said = shaken(rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained)).await.unwrap_err();
        assert!(said.contains("basicConstraints=critical,CA:FALSE"), "{said}");
        assert!(shaken(rcgen::IsCa::ExplicitNoCa).await.unwrap().starts_with("TLS 1.3"));
    }
}
