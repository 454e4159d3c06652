//! How often what can be guessed may be tried: per network address and per account, delayed and never locked for good.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Tries per minute from one network address (an IPv6 /64), and how many at once.
const PER_ADDRESS: (u32, u32) = (20, 30);
/// Tries per minute at one account, and how many at once.
const PER_ACCOUNT: (u32, u32) = (4, 10);
/// Old keys are forgotten after this many checks.
const FORGET_EVERY: u32 = 1_024;

/// Counts tries. What it forgets when the process restarts is a few minutes' worth.
pub struct Throttle {
    address: DefaultKeyedRateLimiter<IpAddr>,
    account: DefaultKeyedRateLimiter<String>,
    checks: AtomicU32,
}

impl Default for Throttle {
    fn default() -> Self {
        Self::new()
    }
}

impl Throttle {
    /// With the limits above.
    pub fn new() -> Self {
        Self {
            address: RateLimiter::keyed(quota(PER_ADDRESS)),
            account: RateLimiter::keyed(quota(PER_ACCOUNT)),
            checks: AtomicU32::new(0),
        }
    }

    /// Counts a try from `address` at `account` (an e-mail address, or another name of what is guessed); false when it
    /// is one too many.
    pub fn allows(&self, address: Option<IpAddr>, account: &str) -> bool {
        if self.checks.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            self.address.retain_recent();
            self.account.retain_recent();
        }
        let from_there = address.is_none_or(|a| self.address.check_key(&network(a)).is_ok());
        from_there && self.account.check_key(&account.to_lowercase()).is_ok()
    }
}

fn quota((per_minute, burst): (u32, u32)) -> Quota {
    let some = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
    Quota::per_minute(some(per_minute)).allow_burst(some(burst))
}

/// The address itself, or the /64 of an IPv6 one, which is what one visitor has.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from(u128::from(six) & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_at_an_account_is_delayed_from_everywhere() {
        let throttle = Throttle::new();
        let allowed =
            (0..50_u8).filter(|n| throttle.allows(Some(IpAddr::from([10, 0, 0, *n])), "Ana@marlow.example")).count();
        assert_eq!(allowed, PER_ACCOUNT.1 as usize);
        assert!(throttle.allows(Some(IpAddr::from([10, 0, 0, 99])), "peter@marlow.example"));
    }

    #[test]
    fn guessing_from_one_network_is_delayed_at_every_account() {
        let throttle = Throttle::new();
        let six = |n: u16| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, n));
        let allowed = (0..60).filter(|n| throttle.allows(Some(six(*n)), &format!("{n}@a.example"))).count();
        assert_eq!(allowed, PER_ADDRESS.1 as usize);
    }
}
