//! Whether the machine's clock leapt, so that what seems due may not be.
//!
//! Knows nothing of what is held back then, nor of who says that it may go on.

use jiff::{SignedDuration, Timestamp};

/// How far the clock may go back, or run ahead of one that never leaps, without being called a leap: corrections by
/// the network are seconds.
pub const DRIFT_MAX: SignedDuration = SignedDuration::from_hours(1);
/// Longest stop that is taken for one. After a longer one nobody here can tell it from a clock that is wrong.
pub const STOP_MAX: SignedDuration = SignedDuration::from_hours(24 * 60);

/// A leap of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leap {
    /// What the clock showed when it was last looked at.
    pub from: Timestamp,
    /// What it showed at the next look.
    pub to: Timestamp,
}

impl Leap {
    /// Whether the clock leapt between two looks at it. `passed` is the time between them by a clock that never leaps
    /// and counts while the machine is suspended; `None` when the process was started in between.
    pub fn between(seen: Timestamp, now: Timestamp, passed: Option<SignedDuration>) -> Option<Self> {
        let went = now.duration_since(seen);
        let leapt = went < -DRIFT_MAX
            || match passed {
                Some(passed) => went.saturating_sub(passed) > DRIFT_MAX,
                None => went > STOP_MAX,
            };
        leapt.then_some(Self { from: seen, to: now })
    }

    /// Whether it went forward.
    pub fn is_ahead(&self) -> bool {
        self.to > self.from
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leapt(went: SignedDuration, passed: Option<SignedDuration>) -> bool {
        let seen = "2026-11-23T09:00:00Z".parse().unwrap();
        Leap::between(seen, seen.checked_add(went).unwrap(), passed).is_some()
    }

    #[test]
    fn a_clock_that_goes_back_leaps_and_one_that_is_corrected_does_not() {
        let (hours, minute) = (SignedDuration::from_hours, SignedDuration::from_mins(1));
        for passed in [None, Some(minute)] {
            assert!(leapt(-hours(1) - minute, passed));
            assert!(!leapt(-hours(1), passed) && !leapt(-minute, passed) && !leapt(minute, passed));
        }
    }

    #[test]
    fn a_stop_is_no_leap_unless_nobody_can_tell() {
        let days = |n: i64| SignedDuration::from_hours(24 * n);
        assert!(!leapt(days(60), None) && leapt(days(61), None));
        // Suspended over the weekend, the machine counted on.
        assert!(!leapt(days(2), Some(days(2))));
        assert!(leapt(days(2), Some(SignedDuration::from_mins(1))));
    }
}
