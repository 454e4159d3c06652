//! How fast letters may follow one another to one mail server, and how long it is left alone when it can't be reached.
//!
//! Kept in memory: after a restart it begins anew. Time and chance come in as arguments. Must not know of sockets.

use jiff::{SignedDuration, Timestamp};

use crate::domain::letter::backoff;

/// The longest that a server is left alone.
pub const REST_MAX: SignedDuration = SignedDuration::from_mins(5);

/// The pace towards one mail server.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    /// Between two letters on the long run; zero is no limit.
    every: SignedDuration,
    /// Letters that may go at once after a quiet time.
    burst: i32,
    /// When the next letter's turn would be, had all before it gone evenly.
    next: Option<Timestamp>,
    /// Until when the server is left alone, and how often in a row it has been.
    resting: Option<Timestamp>,
    rests: u32,
}

impl Pace {
    /// At most `per_minute` letters a minute, 0 for as many as there are; up to `burst` of them at once.
    pub fn new(per_minute: u32, burst: u32) -> Self {
        let every = match per_minute {
            0 => SignedDuration::ZERO,
            some => SignedDuration::from_secs(60) / i32::try_from(some).unwrap_or(i32::MAX),
        };
        Self { every, burst: i32::try_from(burst.max(1)).unwrap_or(i32::MAX), ..Self::default() }
    }

    /// When the next letter may go: `now`, or later. Takes no turn.
    pub fn next_turn(&self, now: Timestamp) -> Timestamp {
        let resting = self.resting.filter(|until| until.duration_since(now) <= REST_MAX);
        let paced = self.even(now).saturating_sub(self.slack()).unwrap_or(now);
        paced.max(resting.unwrap_or(now)).max(now)
    }

    /// Takes the turn of one letter.
    ///
    /// # Errors
    /// When it may go instead.
    pub fn turn(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        match self.next_turn(now) {
            at if at > now => Err(at),
            _ => {
                self.next = self.even(now).checked_add(self.every).ok();
                Ok(())
            }
        }
    }

    /// Leaves the server alone for a while that grows each time, because it can't be reached.
    pub fn rest(&mut self, now: Timestamp, chance: u64) {
        self.rests = self.rests.saturating_add(1);
        self.resting = now.checked_add(backoff(self.rests, REST_MAX, chance)).ok();
    }

    /// It was reached.
    pub fn reached(&mut self) {
        (self.resting, self.rests) = (None, 0);
    }

    /// When this letter's turn would be, had all before it gone evenly; a clock that went back starts anew.
    fn even(&self, now: Timestamp) -> Timestamp {
        let ahead = self.slack().saturating_add(self.every);
        let next = self.next.filter(|next| next.duration_since(now) <= ahead);
        next.unwrap_or(now).max(now)
    }

    fn slack(&self) -> SignedDuration {
        self.every.saturating_mul(self.burst.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + seconds).unwrap()
    }

    #[test]
    fn without_a_limit_every_letter_goes_at_once() {
        let mut pace = Pace::new(0, 4);
        assert!((0..1_000).all(|_| pace.turn(at(0)).is_ok()));
    }

    #[test]
    fn a_burst_goes_at_once_and_the_rest_evenly() {
        let mut pace = Pace::new(30, 2);
        assert_eq!((pace.turn(at(0)), pace.turn(at(0))), (Ok(()), Ok(())));
        assert_eq!(pace.turn(at(0)), Err(at(2)));
        assert_eq!(pace.turn(at(1)), Err(at(2)), "asking takes no turn");
        assert_eq!((pace.turn(at(2)), pace.turn(at(2))), (Ok(()), Err(at(4))));
        assert_eq!(pace.turn(at(-3_600)), Ok(()), "a clock that went back keeps nobody waiting for as long");
    }

    #[test]
    fn a_server_that_cannot_be_reached_is_left_alone_ever_longer_and_never_for_long() {
        let mut pace = Pace::new(0, 4);
        let mut last = SignedDuration::ZERO;
        for _ in 0..12 {
            pace.rest(at(0), u64::MAX);
            let until = pace.turn(at(0)).unwrap_err();
            let rest = until.duration_since(at(0));
            assert!(rest >= last && rest <= REST_MAX, "{rest:?}");
            assert_eq!(pace.clone().turn(until), Ok(()));
            last = rest;
        }
        pace.reached();
        assert_eq!(pace.turn(at(0)), Ok(()));
    }

    proptest! {
        #[test]
        fn no_minute_sees_more_than_its_letters_and_a_burst(
            per_minute in 1_u32..200, burst in 1_u32..10, asks in prop::collection::vec(0_i64..20, 1..300)
        ) {
            let (mut pace, mut now, mut gone) = (Pace::new(per_minute, burst), 0, Vec::new());
            for wait in asks {
                now += wait;
                if pace.turn(at(now)).is_ok() {
                    gone.push(now);
                }
            }
            for first in &gone {
                let within = gone.iter().filter(|t| (*first..*first + 60).contains(*t)).count();
                prop_assert!(within <= per_minute as usize + burst as usize, "{within}");
            }
        }
    }
}
