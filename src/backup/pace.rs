//! Writing no faster than a given rate, so that a backup leaves the disk and the line to others.

use std::io::{self, Write};
use std::num::NonZeroU64;
use std::time::Duration;

use crate::clock::Stopwatch;

/// How far behind a writer may fall before it is let off catching up.
const BEHIND_MAX: Duration = Duration::from_millis(500);

/// Bytes in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(NonZeroU64);

impl Rate {
    /// So many megabytes, of a million bytes each, in a second; `None` for zero.
    pub fn megabytes(count: u32) -> Option<Self> {
        NonZeroU64::new(u64::from(count) * 1_000_000).map(Self)
    }

    /// How long so many bytes take.
    fn time_of(self, bytes: u64) -> Duration {
        let (seconds, rest) = (bytes / self.0, u128::from(bytes % self.0));
        let nanos = rest * 1_000_000_000 / u128::from(self.0.get());
        Duration::new(seconds, u32::try_from(nanos).unwrap_or(0))
    }
}

/// Sleeps when what passed is ahead of its rate.
pub struct Pace {
    rate: Option<Rate>,
    since: Stopwatch,
    passed: u64,
}

impl Pace {
    /// As fast as it goes, when there is no rate.
    pub fn new(rate: Option<Rate>) -> Self {
        Self { rate, since: Stopwatch::start(), passed: 0 }
    }

    /// So many bytes have passed.
    pub fn passed(&mut self, bytes: u64) {
        let Some(rate) = self.rate else { return };
        self.passed += bytes;
        let (due, elapsed) = (rate.time_of(self.passed), self.since.elapsed());
        if elapsed > due + BEHIND_MAX {
            (self.since, self.passed) = (Stopwatch::start(), 0);
        } else if let Some(ahead) = due.checked_sub(elapsed) {
            std::thread::sleep(ahead);
        }
    }
}

/// A writer that keeps to a pace.
pub struct Paced<W> {
    inner: W,
    pace: Pace,
}

impl<W> Paced<W> {
    /// As fast as it goes, when there is no rate.
    pub fn new(inner: W, rate: Option<Rate>) -> Self {
        Self { inner, pace: Pace::new(rate) }
    }

    /// What was written to.
    pub fn into_inner(self) -> W {
        self.inner
    }
}

impl<W: Write> Write for Paced<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.inner.write(bytes)?;
        self.pace.passed(taken as u64);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_take_their_time() {
        let rate = Rate::megabytes(2).unwrap();
        assert_eq!(rate.time_of(3_000_000), Duration::from_millis(1_500));
        assert_eq!(rate.time_of(0), Duration::ZERO);
        assert_eq!(rate.time_of(u64::MAX).as_secs(), u64::MAX / 2_000_000);
        assert_eq!(Rate::megabytes(0), None);
    }

    #[test]
    fn a_paced_writer_writes_everything_and_not_too_soon() {
        let started = Stopwatch::start();
        let mut out = Paced::new(Vec::new(), Rate::megabytes(1));
        (0..5).for_each(|_| out.write_all(&[7; 10_000]).unwrap());
        assert!(started.elapsed() >= Duration::from_millis(50), "{:?}", started.elapsed());
        assert_eq!(out.into_inner(), vec![7; 50_000]);
    }
}
