//! Who asks, for which host, and under which id the log speaks of it. Trusts no header that a visitor could write.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{ConnectInfo, Request};
use axum::http::header::{FORWARDED, HOST, HeaderName};
use axum::http::uri::Authority;

use crate::config::{ForwardedHeader, IpRange};
use crate::secrets::Entropy;

/// How many hops of a forwarded header are read.
const MAX_HOPS: usize = 32;
/// How much of a text is shown in the log, in characters.
const MAX_LOG_CHARS: usize = 200;
/// Without letters and digits that look alike, for reading over the phone.
const ID_ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const ID_LENGTH: usize = 10;
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The visitor's address: the peer of the socket, or what a trusted proxy says. A request extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// A short name of one request: in the log, on the problem page, and in `x-request-id`. A request extension. It tells
/// requests apart and is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId([u8; ID_LENGTH]);

impl RequestId {
    /// The id as text: ten lower-case letters and digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Gives the ids of a process: it starts at a random place, so that two runs don't give the same, and asks the system
/// for randomness once instead of with every request.
#[derive(Debug)]
pub(super) struct RequestIds(AtomicU64);

impl RequestIds {
    pub fn new(entropy: &Entropy) -> Self {
        Self(AtomicU64::new(u64::from_be_bytes(entropy.bytes())))
    }

    /// The next id.
    pub fn next(&self) -> RequestId {
        let mut mixed = scattered(self.0.fetch_add(1, Ordering::Relaxed));
        RequestId(std::array::from_fn(|_| {
            let letter = ID_ALPHABET[usize::from(mixed.to_le_bytes()[0] & 31)];
            mixed >>= 5;
            letter
        }))
    }
}

/// Neighbours become numbers that look nothing alike, each from one only (the finalizer of SplitMix64).
fn scattered(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// The host that is asked for, lower case, without port; `None` when there is none, or more than one.
pub(in crate::web) fn requested_host(request: &Request) -> Option<String> {
    let named = request.uri().authority().map(host_of);
    let mut headers = request.headers().get_all(HOST).iter();
    let header = headers.next().map(|value| host_of(&Authority::try_from(value.as_bytes()).ok()?));
    if headers.next().is_some() {
        return None;
    }
    match (named, header) {
        (Some(named), Some(header)) => named.filter(|named| header.as_ref() == Some(named)),
        (one, other) => one.or(other).flatten(),
    }
}

fn host_of(authority: &Authority) -> Option<String> {
    (!authority.as_str().contains('@')).then(|| authority.host().to_ascii_lowercase())
}

/// The visitor's address: the nearest hop that is not a trusted proxy. Without a socket (a router called directly) it
/// is 0.0.0.0.
pub(super) fn client_address(request: &Request, trusted: &[IpRange], header: ForwardedHeader) -> ClientAddress {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let mut nearest = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip()).to_canonical();
    let is_trusted = |address| trusted.iter().any(|range| range.contains(address));
    for hop in hops(request, header).into_iter().rev().take(MAX_HOPS) {
        if !is_trusted(nearest) {
            break;
        }
        let Some(address) = hop else { break };
        nearest = address.to_canonical();
    }
    ClientAddress(nearest)
}

/// The hops as the header lists them, farthest first; `None` for one that is not an address.
fn hops(request: &Request, header: ForwardedHeader) -> Vec<Option<IpAddr>> {
    let name = match header {
        ForwardedHeader::XForwardedFor => X_FORWARDED_FOR,
        ForwardedHeader::Forwarded => FORWARDED,
    };
    let values = request.headers().get_all(name).iter();
    values
        .flat_map(|value| value.to_str().unwrap_or("?").split(','))
        .map(|hop| match header {
            ForwardedHeader::XForwardedFor => address_of(hop),
            ForwardedHeader::Forwarded => {
                let pairs = hop.split(';').filter_map(|pair| pair.split_once('='));
                let mut sources = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
                sources.next().and_then(|(_, source)| address_of(source.trim().trim_matches('"')))
            }
        })
        .collect()
}

/// An address with or without a port and brackets.
fn address_of(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// `text` for a line of the log: control characters, line ends and marks of writing direction are escaped, and it is
/// cut after 200 characters.
pub fn log_safe(text: &str) -> String {
    let direction = |c: char| {
        let ranges = ['\u{200b}'..='\u{200f}', '\u{2028}'..='\u{202e}', '\u{2060}'..='\u{2069}'];
        ranges.iter().any(|range| range.contains(&c)) || matches!(c, '\u{61c}' | '\u{feff}')
    };
    let mut safe = String::new();
    for c in text.chars().take(MAX_LOG_CHARS) {
        if c.is_control() || direction(c) { safe.extend(c.escape_unicode()) } else { safe.push(c) }
    }
    if text.chars().nth(MAX_LOG_CHARS).is_some() {
        safe.push('…');
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn request(peer: &str, headers: &[(&str, &str)]) -> Request {
        let mut builder = Request::builder().uri("/");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let mut request = builder.body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo::<SocketAddr>(format!("{peer}:999").parse().unwrap()));
        request
    }

    #[test]
    fn a_visitors_address_comes_from_the_nearest_hop_that_is_not_trusted() {
        let trusted: Vec<IpRange> = ["127.0.0.1", "10.0.0.0/8"].iter().map(|range| range.parse().unwrap()).collect();
        type Headers = &'static [(&'static str, &'static str)];
        let cases: &[(&str, Headers, &str)] = &[
            ("203.0.113.9", &[("x-forwarded-for", "1.2.3.4")], "203.0.113.9"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", &[("x-forwarded-for", "1.2.3.4")], "1.2.3.4"),
            ("127.0.0.1", &[("x-forwarded-for", "6.6.6.6, 1.2.3.4")], "1.2.3.4"),
            ("127.0.0.1", &[("x-forwarded-for", "6.6.6.6, 1.2.3.4, 10.1.1.1")], "1.2.3.4"),
            ("127.0.0.1", &[("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "1.2.3.4")], "1.2.3.4"),
            ("127.0.0.1", &[("x-forwarded-for", "1.2.3.4:5678")], "1.2.3.4"),
            ("127.0.0.1", &[("x-forwarded-for", "[2001:db8::1]:5678")], "2001:db8::1"),
            ("127.0.0.1", &[("x-forwarded-for", "6.6.6.6, nonsense")], "127.0.0.1"),
            ("127.0.0.1", &[("x-forwarded-for", "6.6.6.6, nonsense, 10.2.2.2")], "10.2.2.2"),
            ("127.0.0.1", &[("forwarded", "for=6.6.6.6")], "127.0.0.1"),
            ("127.0.0.1", &[("x-real-ip", "6.6.6.6"), ("true-client-ip", "6.6.6.6")], "127.0.0.1"),
        ];
        for (peer, headers, expected) in cases {
            let found = client_address(&request(peer, headers), &trusted, ForwardedHeader::XForwardedFor);
            assert_eq!(found, ClientAddress(expected.parse().unwrap()), "{peer} {headers:?}");
        }
        let standard = request(
            "127.0.0.1",
            &[("x-forwarded-for", "6.6.6.6"), ("forwarded", "for=6.6.6.7, for=\"[2001:db8::1]:80\";proto=https")],
        );
        let found = client_address(&standard, &trusted, ForwardedHeader::Forwarded);
        assert_eq!(found, ClientAddress("2001:db8::1".parse().unwrap()));
    }

    #[test]
    fn a_host_is_read_from_one_place_or_from_two_that_agree() {
        let host = |uri: &str, hosts: &[&str]| {
            let mut builder = Request::builder().uri(uri);
            for host in hosts {
                builder = builder.header(HOST, *host);
            }
            requested_host(&builder.body(Body::empty()).unwrap())
        };
        let good = Some("portal.example.com".to_owned());
        assert_eq!(host("/", &["Portal.Example.com:8443"]), good);
        assert_eq!(host("https://portal.example.com/", &[]), good);
        assert_eq!(host("https://portal.example.com/", &["portal.example.com"]), good);
        assert_eq!(host("https://portal.example.com/", &["evil.example"]), None);
        assert_eq!(host("/", &["portal.example.com", "portal.example.com"]), None);
        assert_eq!(host("/", &["portal.example.com@evil.example"]), None);
        assert_eq!(host("/", &[]), None);
        assert_eq!(host("/", &["[::1]:443"]), Some("[::1]".to_owned()));
    }

    #[test]
    fn a_log_line_cannot_be_forged_or_reversed() {
        assert_eq!(log_safe("a\r\nb\u{202e}c\u{1b}[1m"), "a\\u{d}\\u{a}b\\u{202e}c\\u{1b}[1m");
        assert_eq!(log_safe(&"é".repeat(201)).chars().count(), 201);
    }

    #[test]
    fn ids_are_short_and_differ() {
        let ids = RequestIds::new(&Entropy::seeded(1));
        let all: std::collections::HashSet<_> = (0..10_000).map(|_| ids.next().to_string()).collect();
        assert_eq!(all.len(), 10_000);
        assert!(all.iter().all(|id| id.len() == ID_LENGTH && id.bytes().all(|b| ID_ALPHABET.contains(&b))));
    }
}
