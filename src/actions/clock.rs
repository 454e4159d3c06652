//! The clock, as the scheduler finds it: after a leap no letter goes before an owner has looked through what would.

use jiff::{SignedDuration, Timestamp};

use crate::domain::event::Event;
use crate::domain::leap::Leap;
use crate::store::prelude::*;

/// What a look at the clock found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It shows what it should, and that was last kept a while ago.
    Well,
    /// It leapt.
    Leapt(Leap),
}

/// How often it is kept what the clock shows, while it shows what it should.
const KEPT_EVERY: SignedDuration = SignedDuration::from_mins(15);

/// What a look at the clock finds that is to be kept; `None` for nothing. `last` is the process's own last look and the
/// time since then by a clock that never leaps; at its first look what the data file has takes its place.
///
/// # Errors
/// When the store fails.
pub fn found(
    r: &impl Reader,
    now: Timestamp,
    last: Option<(Timestamp, SignedDuration)>,
) -> Result<Option<Found>, StoreError> {
    let kept = r.clock_seen()?;
    let leap = match (last, kept) {
        (Some((seen, passed)), _) => Leap::between(seen, now, Some(passed)),
        (None, Some(seen)) => Leap::between(seen, now, None),
        (None, None) => None,
    };
    let is_old = kept.is_none_or(|kept| now.duration_since(kept) >= KEPT_EVERY);
    Ok(match leap {
        Some(leap) => Some(Found::Leapt(leap)),
        None if is_old => Some(Found::Well),
        None => None,
    })
}

/// Keeps what the clock shows now; after a leap letters are held back, and the log says so.
///
/// # Errors
/// When the store fails.
pub fn keep(w: &mut WriteTx<'_>, found: Found) -> Result<(), ActError> {
    let now = w.now;
    w.note_clock(now)?;
    let Found::Leapt(leap) = found else { return Ok(()) };
    // Who wants to sign in is let in by either clock.
    let since = w.held_since()?.map_or(now, |held| held.min(now));
    w.hold_sending(Some(since))?;
    w.note_leap(Some(leap))?;
    let _ = w.record(About::FIRM, Event::ClockLeapt { from: leap.from, to: leap.to })?;
    Ok(())
}
