//! Whose turn it is in the outbox: what somebody waits for goes before news, and news before what goes to everybody.
//! Of what waits nothing waits for ever: after some in a row of one kind, one of those behind it goes.
//!
//! Knows nothing of how letters leave.

use std::collections::VecDeque;

use super::fresh::Fresh;
use crate::domain::ids::LetterId;
use crate::domain::letter::Urgency;

/// Letters of one kind that go in a row while others wait behind it.
const IN_A_ROW: u32 = 4;
/// Letters of each kind that are read at once. Few of the first kinds: one that comes now goes before those behind it.
const AT_ONCE: [usize; KINDS] = [1, 20, 200];
const KINDS: usize = Urgency::ALL.len();

/// How many of each kind went in a row. Kept from one run to the next, as a slow pace ends a run after a few letters;
/// forgotten with the process.
#[derive(Debug, Default)]
pub(super) struct Shares([u32; KINDS]);

impl Shares {
    /// Which of the kinds that wait goes next.
    fn next(&mut self, waits: [bool; KINDS]) -> Option<usize> {
        let last = waits.iter().rposition(|x| *x)?;
        for (kind, row) in self.0.iter_mut().enumerate().take(last) {
            if waits[kind] && *row < IN_A_ROW {
                *row += 1;
                return Some(kind);
            }
            *row = 0;
        }
        Some(last)
    }
}

/// The letters of one run, each of which comes once.
pub(super) struct Turns<'a, R> {
    read: R,
    shares: &'a mut Shares,
    kinds: [(Fresh<LetterId>, VecDeque<LetterId>); KINDS],
}

impl<'a, E, R: Fn(Urgency, usize) -> Result<Vec<LetterId>, E>> Turns<'a, R> {
    /// `read` gives the letters of one kind that are due, the oldest first, at most so many.
    pub fn new(shares: &'a mut Shares, read: R) -> Self {
        Self { read, shares, kinds: std::array::from_fn(|_| (Fresh::new(), VecDeque::new())) }
    }

    /// Whether any waits.
    ///
    /// # Errors
    /// As `read`.
    pub fn any(&mut self) -> Result<bool, E> {
        Ok(self.waiting()?.contains(&true))
    }

    /// The next letter; it does not come again.
    ///
    /// # Errors
    /// As `read`.
    pub fn next(&mut self) -> Result<Option<LetterId>, E> {
        let waits = self.waiting()?;
        Ok(self.shares.next(waits).and_then(|kind| self.kinds[kind].1.pop_front()))
    }

    fn waiting(&mut self) -> Result<[bool; KINDS], E> {
        let mut waits = [false; KINDS];
        for (n, urgency) in Urgency::ALL.into_iter().enumerate() {
            let (fresh, read) = &mut self.kinds[n];
            if read.is_empty() {
                read.extend(fresh.next(AT_ONCE[n], |limit| (self.read)(urgency, limit))?);
            }
            waits[n] = !read.is_empty();
        }
        Ok(waits)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use proptest::prelude::*;

    use super::*;

    /// Takes `count` letters out of queues that are filled again by `more` after each; which kinds they were.
    fn kinds(shares: &mut Shares, waiting: [usize; 3], count: usize) -> Vec<usize> {
        let queues: RefCell<Vec<Vec<LetterId>>> = RefCell::new(
            (0..3_u64).map(|k| (0..waiting[k as usize] as u64).map(|n| LetterId(n * 3 + k)).collect()).collect(),
        );
        let read = |urgency: Urgency, limit: usize| {
            Ok::<_, ()>(queues.borrow()[urgency as usize].iter().copied().take(limit).collect())
        };
        let mut turns = Turns::new(shares, read);
        let mut out = Vec::new();
        while out.len() < count
            && let Some(id) = turns.next().unwrap()
        {
            let kind = (id.0 % 3) as usize;
            queues.borrow_mut()[kind].retain(|x| *x != id);
            out.push(kind);
        }
        out
    }

    #[test]
    fn what_somebody_waits_for_goes_first_and_the_last_all_the_same() {
        assert_eq!(kinds(&mut Shares::default(), [2, 2, 2], 9), [0, 0, 1, 1, 2, 2]);
        assert_eq!(kinds(&mut Shares::default(), [9, 9, 0], 10), [0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
        let long = kinds(&mut Shares::default(), [100, 100, 100], 100);
        assert_eq!([0, 1, 2].map(|kind| long.iter().filter(|x| **x == kind).count()), [80, 16, 4]);
    }

    #[test]
    fn one_that_is_queued_while_others_go_is_next() {
        let late = RefCell::new(false);
        let read = |urgency: Urgency, limit: usize| {
            let all: Vec<LetterId> = match urgency {
                Urgency::Awaited => late.borrow().then_some(LetterId(9_999)).into_iter().collect(),
                Urgency::News => Vec::new(),
                Urgency::Bulk => (0..1_000).map(LetterId).collect(),
            };
            Ok::<_, ()>(all.into_iter().take(limit).collect())
        };
        let mut shares = Shares::default();
        let mut turns = Turns::new(&mut shares, read);
        for n in 0..300 {
            assert_eq!(turns.next(), Ok(Some(LetterId(n))));
        }
        late.replace(true);
        assert_eq!(turns.next(), Ok(Some(LetterId(9_999))));
        assert_eq!(turns.next(), Ok(Some(LetterId(300))));
    }

    proptest! {
        #[test]
        fn none_that_waits_is_passed_over_for_ever(
            rounds in prop::collection::vec((any::<bool>(), any::<bool>()), 1..300)
        ) {
            let (mut shares, mut passed) = (Shares::default(), 0);
            for (awaited, news) in rounds {
                passed = if shares.next([awaited, news, true]) == Some(2) { 0 } else { passed + 1 };
                prop_assert!(passed <= 24, "{passed}");
            }
        }
    }
}
