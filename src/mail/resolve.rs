//! Names to addresses, without the C library: a static binary must not ask it.
//!
//! Knows nothing of mail; kept here because mail is what asks first.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;

/// Longest wait for the addresses of a name, all servers and attempts together.
pub const RESOLVE_TIMEOUT: Duration = Duration::from_secs(20);

/// Why a name has no address now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolveError {
    /// The system names no name servers and the settings do not either.
    NoServers(String),
    /// The name servers say that the name does not exist or has no address.
    NoSuchName(String),
    /// No usable answer came.
    Failed(String, String),
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoServers(why) => write!(
                f,
                "no name servers are known: /etc/resolv.conf cannot be used ({why}); name DNS servers in the settings"
            ),
            Self::NoSuchName(host) => write!(f, "the name servers know no address for {host}; check its spelling"),
            Self::Failed(host, why) => write!(f, "the name servers gave no answer for {host}: {why}"),
        }
    }
}

impl std::error::Error for ResolveError {}

/// The addresses of `host`. IP addresses and `localhost` are answered without asking; other names by `dns` or, when
/// that is empty, by the system's name servers. Never returns an empty list.
pub async fn resolve(host: &str, dns: &[IpAddr]) -> Result<Vec<IpAddr>, ResolveError> {
    if let Some(known) = without_asking(host) {
        return Ok(known);
    }
    let resolver = resolver(dns)?;
    let failed = |why: String| ResolveError::Failed(host.to_owned(), why);
    let answer = tokio::time::timeout(RESOLVE_TIMEOUT, resolver.lookup_ip(host));
    let found: Vec<IpAddr> = match answer.await {
        Err(_) => return Err(failed("the wait was too long".to_owned())),
        Ok(Err(e)) if e.is_no_records_found() => return Err(ResolveError::NoSuchName(host.to_owned())),
        Ok(Err(e)) => return Err(failed(e.to_string())),
        Ok(Ok(found)) => found.iter().collect(),
    };
    if found.is_empty() { Err(ResolveError::NoSuchName(host.to_owned())) } else { Ok(found) }
}

fn without_asking(host: &str) -> Option<Vec<IpAddr>> {
    if host.eq_ignore_ascii_case("localhost") {
        return Some(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    }
    host.parse().ok().map(|ip| vec![ip])
}

fn resolver(dns: &[IpAddr]) -> Result<TokioResolver, ResolveError> {
    let builder = if dns.is_empty() {
        TokioResolver::builder_tokio()
    } else {
        let servers = dns.iter().map(|ip| NameServerConfig::udp_and_tcp(*ip)).collect();
        let config = ResolverConfig::from_parts(None, Vec::new(), servers);
        Ok(TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()))
    };
    builder.and_then(|b| b.build()).map_err(|e| ResolveError::NoServers(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn addresses_and_localhost_need_no_name_server() {
        let none = ["192.0.2.255".parse().unwrap()];
        assert_eq!(resolve("192.0.2.7", &none).await.unwrap(), ["192.0.2.7".parse::<IpAddr>().unwrap()]);
        assert_eq!(resolve("::1", &none).await.unwrap(), ["::1".parse::<IpAddr>().unwrap()]);
        assert_eq!(resolve("LocalHost", &none).await.unwrap().len(), 2);
    }
}
