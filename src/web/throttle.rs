//! How often what can be guessed may be tried: per account and network together, and per network alone. An account by
//! itself is never barred, or anybody could keep its owner out; beyond a loose number its tries only wait a moment.
//!
//! What succeeded is given back, so that failures are what counts. Must not know what is tried. What a restart forgets
//! is a few minutes' worth; what must outlive one is counted in the data file (`actions::rates`).

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::state::Busy;
use crate::domain::rate::Rate;

/// From one network: 30 at once, then 20 a minute.
const PER_NETWORK: Rate = Rate::hourly(30, 1_200);
/// At one account from one network: 10 at once, then 4 a minute.
const PER_PAIR: Rate = Rate::hourly(10, 240);
/// At one account from everywhere: beyond 100 at once and one a minute, tries wait for [`SLOWED`].
const PER_ACCOUNT: Rate = Rate::hourly(100, 60);
/// How long a try waits at an account that is tried too often.
const SLOWED: Duration = Duration::from_secs(2);
/// Fewer keys than this are not worth tidying.
const TIDY_ABOVE: usize = 4_096;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Network(IpAddr),
    Pair(Option<IpAddr>, u64),
    Account(u64),
}

impl Key {
    fn rate(self) -> Rate {
        match self {
            Self::Network(_) => PER_NETWORK,
            Self::Pair(..) => PER_PAIR,
            Self::Account(_) => PER_ACCOUNT,
        }
    }
}

/// Counts tries that failed.
#[derive(Default)]
pub struct Throttle {
    counted: Mutex<Counted>,
    names: RandomState,
}

#[derive(Default)]
struct Counted {
    /// When what was counted under a key is forgotten, in milliseconds since 1970.
    keys: HashMap<Key, i64>,
    /// How many keys were left when they were last tidied.
    tidied: usize,
}

impl Counted {
    /// Lets keys go that count nothing any more, whenever there are twice as many as last time.
    fn tidy(&mut self, now: Timestamp) {
        if self.keys.len() > self.tidied.max(TIDY_ABOVE).saturating_mul(2) {
            self.keys.retain(|_, forgotten| *forgotten > now.as_millisecond());
            self.tidied = self.keys.len();
        }
    }
}

impl Throttle {
    /// Counts a try from `address` at `account` (an e-mail address, or another name of what is guessed), before its
    /// outcome is known, so that many at once are not free. How long it should wait first: mostly not at all.
    ///
    /// # Errors
    /// [`Busy`] when it is one too many from there.
    pub fn begin(&self, now: Timestamp, address: Option<IpAddr>, account: &str) -> Result<Duration, Busy> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.tidy(now);
        let [network, pair, all] = self.keys(address, account);
        let take = |key: Key| key.rate().take(counted.keys.get(&key).copied().unwrap_or(0), now);
        let barring = [network, pair].into_iter().flatten().map(|key| take(key).map(|next| (key, next)));
        let barring = barring.collect::<Option<Vec<_>>>().ok_or(Busy)?;
        let loose = all.map(|key| (key, take(key)));
        counted.keys.extend(barring);
        match loose {
            Some((key, Some(next))) => {
                counted.keys.insert(key, next);
                Ok(Duration::ZERO)
            }
            Some((_, None)) => Ok(SLOWED),
            None => Ok(Duration::ZERO),
        }
    }

    /// Gives back a try that succeeded.
    pub fn succeeded(&self, address: Option<IpAddr>, account: &str) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        for key in self.keys(address, account).into_iter().flatten() {
            if let Some(forgotten) = counted.keys.get_mut(&key) {
                *forgotten = key.rate().give_back(*forgotten);
            }
        }
    }

    fn keys(&self, address: Option<IpAddr>, account: &str) -> [Option<Key>; 3] {
        let (from, name) = (address.map(network), self.names.hash_one(account.to_lowercase()));
        [from.map(Key::Network), Some(Key::Pair(from, name)), Some(Key::Account(name))]
    }
}

/// The address itself, or the /64 of an IPv6 one, which is what one visitor has.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from(u128::from(six) & !u128::from(u64::MAX))),
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn four(n: u16) -> Option<IpAddr> {
        let [high, low] = n.to_be_bytes();
        Some(IpAddr::from([10, 0, high, low]))
    }

    #[test]
    fn guessing_at_an_account_is_slowed_from_everywhere_and_its_owner_still_gets_in() {
        let throttle = Throttle::default();
        for n in 0..1_000 {
            assert!(throttle.begin(at(0), four(n), "Ana@marlow.example").is_ok(), "{n}");
        }
        assert_eq!(throttle.begin(at(0), four(2_000), "ana@marlow.example").ok(), Some(SLOWED), "slowed, not barred");
        assert_eq!(throttle.begin(at(0), four(2_001), "peter@marlow.example").ok(), Some(Duration::ZERO));
        assert_eq!(throttle.begin(at(7_200), four(2_002), "ana@marlow.example").ok(), Some(Duration::ZERO));
    }

    #[test]
    fn an_account_is_barred_for_the_network_that_guesses_and_open_for_every_other() {
        let throttle = Throttle::default();
        let there = (0..50).filter(|_| throttle.begin(at(0), four(1), "ana@marlow.example").is_ok()).count();
        assert_eq!(there, 10);
        assert!(throttle.begin(at(0), four(2), "ana@marlow.example").is_ok());
        assert!(throttle.begin(at(14), four(1), "ana@marlow.example").is_err());
        assert!(throttle.begin(at(15), four(1), "ana@marlow.example").is_ok(), "never for good");
    }

    #[test]
    fn guessing_from_one_network_is_barred_at_every_account() {
        let throttle = Throttle::default();
        let six = |n: u16| Some(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, n)));
        let from_one = (0..60).filter(|n| throttle.begin(at(0), six(*n), &format!("{n}@a.example")).is_ok()).count();
        assert_eq!(from_one, 30);
        let mapped = |n: u8| Some(IpAddr::V6(std::net::Ipv4Addr::new(10, 0, 0, n).to_ipv6_mapped()));
        let apart = (0..60).filter(|n| throttle.begin(at(0), mapped(*n), &format!("{n}@b.example")).is_ok()).count();
        assert_eq!(apart, 60, "IPv4 addresses are networks of their own, also when written as IPv6");
    }

    #[test]
    fn what_succeeds_does_not_count() {
        let throttle = Throttle::default();
        for _ in 0..1_000 {
            assert_eq!(throttle.begin(at(0), four(1), "ana@marlow.example").ok(), Some(Duration::ZERO));
            throttle.succeeded(four(1), "ana@marlow.example");
        }
    }
}
