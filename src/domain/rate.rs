//! How often something may happen: so many at once, then one each interval. One number per counted thing is enough to
//! keep. Must not know what is counted, or where the number is kept.

use jiff::Timestamp;

/// A rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many at once.
    pub burst: i64,
    /// After that one each this many milliseconds.
    pub every_ms: i64,
}

impl Rate {
    /// So many at once, then so many an hour.
    pub const fn hourly(burst: i64, an_hour: i64) -> Self {
        Self { burst, every_ms: 3_600_000 / an_hour }
    }

    /// Counts one more at `now`. `forgotten` is when all that was counted before is forgotten, in milliseconds since
    /// 1970 (0 for nothing counted); the answer is the new such instant, or `None` when it is one too many.
    pub fn take(self, forgotten: i64, now: Timestamp) -> Option<i64> {
        let (now, most) = (now.as_millisecond(), self.burst.saturating_mul(self.every_ms));
        // A clock that was set back must not bar anybody for longer than the rate ever would.
        let from = forgotten.clamp(now, now.saturating_add(most));
        let next = from.saturating_add(self.every_ms);
        (next.saturating_sub(now) <= most).then_some(next)
    }

    /// Whether one more is too many.
    pub fn is_spent(self, forgotten: i64, now: Timestamp) -> bool {
        self.take(forgotten, now).is_none()
    }

    /// Takes one back that should not have counted.
    pub fn give_back(self, forgotten: i64) -> i64 {
        forgotten.saturating_sub(self.every_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn so_many_go_at_once_and_then_one_each_interval() {
        let rate = Rate::hourly(3, 60);
        let mut forgotten = 0;
        for _ in 0..3 {
            forgotten = rate.take(forgotten, at(0)).unwrap();
        }
        assert!(rate.is_spent(forgotten, at(0)) && rate.is_spent(forgotten, at(59)));
        forgotten = rate.take(forgotten, at(60)).unwrap();
        assert!(rate.is_spent(forgotten, at(119)) && !rate.is_spent(forgotten, at(120)));
        assert!(!rate.is_spent(rate.give_back(forgotten), at(60)), "what is given back can be taken again");
    }

    #[test]
    fn a_clock_set_back_bars_nobody_for_longer_than_the_rate() {
        let rate = Rate::hourly(3, 60);
        let long_ago = at(0).as_millisecond() + 365 * 86_400_000;
        assert!(rate.is_spent(long_ago, at(0)));
        let now = at(0);
        let bounded = long_ago.clamp(now.as_millisecond(), now.as_millisecond() + 180_000);
        assert!(!rate.is_spent(bounded, at(60)));
    }
}
