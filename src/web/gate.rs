//! Counts open connections, in all and per peer, and turns away those past a limit.
//!
//! Knows addresses only.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::IpRange;

/// How many connections may be open at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// In all.
    pub total: usize,
    /// From one peer: an IPv4 address, or an IPv6 network of /64. Trusted proxies are not counted so.
    pub per_peer: usize,
}

/// The count.
#[derive(Debug)]
pub(super) struct Gate {
    limits: ConnectionLimits,
    trusted: Vec<IpRange>,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    by_peer: HashMap<IpAddr, usize>,
}

/// One admitted connection; it is counted until this is dropped.
#[derive(Debug)]
pub(super) struct Admitted {
    gate: Arc<Gate>,
    peer: IpAddr,
}

impl Gate {
    pub fn new(limits: ConnectionLimits, trusted: Vec<IpRange>) -> Arc<Self> {
        Arc::new(Self { limits, trusted, open: Mutex::default() })
    }

    /// Admits a connection from `address`, or not when there are too many.
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Admitted> {
        let peer = network_of(address);
        let proxy = self.trusted.iter().any(|range| range.contains(address));
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let of_peer = open.by_peer.get(&peer).copied().unwrap_or(0);
        if open.total >= self.limits.total || (!proxy && of_peer >= self.limits.per_peer) {
            return None;
        }
        open.total += 1;
        open.by_peer.insert(peer, of_peer + 1);
        Some(Admitted { gate: Arc::clone(self), peer })
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut open = self.gate.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.total -= 1;
        let left = open.by_peer.get(&self.peer).map_or(0, |count| count - 1);
        if left == 0 {
            open.by_peer.remove(&self.peer);
        } else {
            open.by_peer.insert(self.peer, left);
        }
    }
}

/// What counts as one peer: whoever has an IPv6 network has all its addresses.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_peer_and_the_whole_have_their_limits_and_leaving_makes_room() {
        let gate = Gate::new(ConnectionLimits { total: 4, per_peer: 2 }, vec![ip("10.0.0.9").into()]);
        let first = gate.admit(ip("10.0.0.1")).unwrap();
        let _second = gate.admit(ip("10.0.0.1")).unwrap();
        assert!(gate.admit(ip("10.0.0.1")).is_none());
        let _v6 = gate.admit(ip("2001:db8::1")).unwrap();
        drop(first);
        let _again = gate.admit(ip("::ffff:10.0.0.1")).unwrap();
        assert!(gate.admit(ip("10.0.0.1")).is_none());
        let _other = gate.admit(ip("2001:db8::2")).unwrap();
        assert!(gate.admit(ip("10.0.0.9")).is_none(), "four in all");
    }

    #[test]
    fn one_ipv6_network_is_one_peer_and_a_proxy_is_none() {
        let gate = Gate::new(ConnectionLimits { total: 9, per_peer: 1 }, vec![ip("10.0.0.9").into()]);
        let _one = gate.admit(ip("2001:db8::1")).unwrap();
        assert!(gate.admit(ip("2001:db8::2")).is_none());
        let _proxied = [gate.admit(ip("10.0.0.9")).unwrap(), gate.admit(ip("10.0.0.9")).unwrap()];
        drop(_one);
        assert!(gate.admit(ip("2001:db8::2")).is_some());
    }
}
