//! The addresses a configuration names: the public one, and ranges of machines. Parsed once, here.

use std::net::IpAddr;
use std::str::FromStr;

/// Where people reach the portal: scheme, host and port, nothing after it. Links are made from this, never from a
/// request's headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    https: bool,
    host: String,
    port: Option<u16>,
}

impl PublicUrl {
    /// Whether the scheme is https.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// The host in lower case; an IPv6 address is in brackets, as in a Host header.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port that people's browsers connect to.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.https { 443 } else { 80 })
    }

    /// The origin as browsers write it in `Origin`: no default port, no slash at the end.
    pub fn origin(&self) -> String {
        let scheme = if self.https { "https" } else { "http" };
        match self.port {
            Some(port) => format!("{scheme}://{}:{port}", self.host),
            None => format!("{scheme}://{}", self.host),
        }
    }

    /// The address of `path`, which starts with a slash.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    /// The same address on another port: for a server that was given port 0 and learns its port when it binds.
    pub fn with_port(&self, port: u16) -> Self {
        let default = if self.https { 443 } else { 80 };
        Self { port: (port != default).then_some(port), ..self.clone() }
    }

    /// Whether the host is this machine itself.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl std::fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.origin())
    }
}

impl FromStr for PublicUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (https, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return Err("it must start with https://"),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#', '@']) {
            return Err("it must end after the host name: the portal has a host name of its own, without a path");
        }
        let (host, port) = split_port(rest).ok_or("the port is not a number from 1 to 65535")?;
        let host = host.to_ascii_lowercase();
        if !is_host(&host) {
            return Err("the host name may have letters, digits, hyphens and dots only (others in their xn-- form)");
        }
        Ok(Self { https, host, port: None }.with_port(port.unwrap_or(if https { 443 } else { 80 })))
    }
}

/// Splits `host:port`; the port is optional. `None` when the port is not one.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let after_brackets = text.rfind(']').map_or(0, |at| at + 1);
    match text[after_brackets..].find(':') {
        Some(at) => {
            let port: u16 = text[after_brackets + at + 1..].parse().ok().filter(|port| *port > 0)?;
            Some((&text[..after_brackets + at], Some(port)))
        }
        None => Some((text, None)),
    }
}

/// Whether `host` is a host name, an IPv4 address, or an IPv6 address in brackets.
pub fn is_host(host: &str) -> bool {
    if let Some(inner) = host.strip_prefix('[') {
        return inner.strip_suffix(']').is_some_and(|v6| v6.parse::<std::net::Ipv6Addr>().is_ok());
    }
    !host.is_empty()
        && host.len() <= 253
        && host.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

/// One machine or a range of them, written `10.0.0.1` or `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpRange {
    base: IpAddr,
    prefix: u8,
}

impl IpRange {
    /// Whether `address` lies within; an IPv4 address written as IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                base.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V6(base), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                base.to_bits() & mask == other.to_bits() & mask
            }
            _ => false,
        }
    }
}

impl From<IpAddr> for IpRange {
    fn from(address: IpAddr) -> Self {
        let base = address.to_canonical();
        Self { base, prefix: if base.is_ipv4() { 32 } else { 128 } }
    }
}

impl FromStr for IpRange {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WANTED: &str = "write an IP address like 127.0.0.1, or a range like 10.0.0.0/8";
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let whole = Self::from(address.parse::<IpAddr>().map_err(|_| WANTED)?);
        match prefix {
            None => Ok(whole),
            Some(prefix) => {
                let prefix = prefix.parse::<u8>().ok().filter(|prefix| *prefix <= whole.prefix).ok_or(WANTED)?;
                Ok(Self { prefix, ..whole })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_drops_the_default_port_and_the_slash() {
        for (written, origin) in [
            ("https://Portal.Example.com", "https://portal.example.com"),
            ("https://portal.example.com:443/", "https://portal.example.com"),
            ("https://127.0.0.1:8443", "https://127.0.0.1:8443"),
            ("http://[::1]:80", "http://[::1]"),
            ("http://localhost:8080", "http://localhost:8080"),
        ] {
            assert_eq!(written.parse::<PublicUrl>().unwrap().origin(), origin);
        }
    }

    #[test]
    fn addresses_with_more_than_a_host_and_port_are_refused() {
        for wrong in [
            "portal.example.com",
            "ftp://a",
            "https://",
            "https://a/b",
            "https://a:b@c",
            "https://a?x",
            "https://a:0",
            "https://a:99999",
            "https://a b",
            "https://-a",
            "https://a..b",
            "https://[::1",
            "https://bücher.example",
        ] {
            assert!(wrong.parse::<PublicUrl>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn ranges_hold_what_they_say() {
        let range: IpRange = "10.1.0.0/16".parse().unwrap();
        assert!(range.contains("10.1.255.1".parse().unwrap()));
        assert!(range.contains("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!range.contains("10.2.0.1".parse().unwrap()));
        assert!(!range.contains("::1".parse().unwrap()));
        assert!("0.0.0.0/0".parse::<IpRange>().unwrap().contains("8.8.8.8".parse().unwrap()));
        assert!("::/0".parse::<IpRange>().unwrap().contains("::1".parse().unwrap()));
        for wrong in ["", "10.0.0.0/33", "10.0.0/8", "::1/129", "10.0.0.0/", "proxy"] {
            assert!(wrong.parse::<IpRange>().is_err(), "{wrong}");
        }
    }
}
