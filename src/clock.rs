//! The only reader of time.
//!
//! Everything else takes `now` or `today` as an argument, so that a year of reminders is tested without waiting. Knows
//! nothing of who asks.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

/// A source of the present instant, to the millisecond. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
enum Source {
    System,
    /// The demo's clock: starts at a chosen instant and runs `speed` times as fast as the wall clock.
    Paced {
        from: Timestamp,
        started: Instant,
        speed: u32,
    },
    /// A test's clock: stands still until it is set. Milliseconds since the epoch.
    Fixed(AtomicI64),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Arc::new(Source::System))
    }

    /// A clock that starts at `from` now and runs `speed` times as fast as the machine's.
    pub fn paced(from: Timestamp, speed: u32) -> Self {
        Self(Arc::new(Source::Paced { from, started: monotonic_now(), speed }))
    }

    /// A clock that stands at `at` until [`Clock::set`].
    pub fn fixed(at: Timestamp) -> Self {
        Self(Arc::new(Source::Fixed(AtomicI64::new(at.as_millisecond()))))
    }

    /// The present instant, cut to the millisecond.
    pub fn now(&self) -> Timestamp {
        let now = match &*self.0 {
            Source::System => system_now(),
            Source::Paced { from, started, speed } => {
                let ran = started.elapsed().saturating_mul(*speed);
                from.saturating_add(SignedDuration::try_from(ran).unwrap_or(SignedDuration::MAX))
                    .unwrap_or(Timestamp::MAX)
            }
            Source::Fixed(at) => return from_millis(at.load(Ordering::SeqCst)),
        };
        from_millis(now.as_millisecond())
    }

    /// How many times faster than the machine's clock this one runs (1 unless it is a demo's).
    pub fn speed(&self) -> u32 {
        match &*self.0 {
            Source::Paced { speed, .. } => *speed,
            Source::System | Source::Fixed(_) => 1,
        }
    }

    /// How long the machine runs, with the time in which it was suspended, by a clock that nobody sets. `None` of a
    /// clock that is not the machine's.
    pub fn uptime(&self) -> Option<SignedDuration> {
        let Source::System = &*self.0 else { return None };
        let at = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Some(SignedDuration::new(at.tv_sec, i32::try_from(at.tv_nsec).unwrap_or(0)))
    }

    /// Moves a fixed clock to `at`; any other clock is left as it is.
    pub fn set(&self, at: Timestamp) {
        if let Source::Fixed(held) = &*self.0 {
            held.store(at.as_millisecond(), Ordering::SeqCst);
        }
    }
}

/// Measures how long something takes, by a clock that never goes back.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// From now on.
    pub fn start() -> Self {
        Self(monotonic_now())
    }

    /// Since the start.
    pub fn elapsed(self) -> std::time::Duration {
        self.0.elapsed()
    }
}

fn from_millis(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[expect(clippy::disallowed_methods, reason = "this module is the one place that reads the clock")]
fn system_now() -> Timestamp {
    Timestamp::now()
}

#[expect(clippy::disallowed_methods, reason = "this module is the one place that reads the clock")]
fn monotonic_now() -> Instant {
    Instant::now()
}
