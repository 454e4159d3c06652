//! A queue taken a batch at a time: what was looked at and still waits does not come again in the same run.
//!
//! Knows nothing of what waits. Batches stay as long as is asked for, however many wait.

use std::collections::HashSet;
use std::hash::Hash;

/// What one run has taken of a queue.
#[derive(Debug)]
pub(super) struct Fresh<T> {
    taken: HashSet<T>,
    /// How many of them the last reading found at the front all the same.
    again: usize,
}

impl<T: Copy + Eq + Hash> Fresh<T> {
    pub fn new() -> Self {
        Self { taken: HashSet::new(), again: 0 }
    }

    /// The next of a queue that `read` gives the first of, at most `at_once`; none when all were taken.
    ///
    /// # Errors
    /// As `read`.
    pub fn next<E>(&mut self, at_once: usize, read: impl Fn(usize) -> Result<Vec<T>, E>) -> Result<Vec<T>, E> {
        loop {
            let limit = at_once.saturating_add(self.again);
            let mut found = read(limit)?;
            let whole = found.len() < limit;
            self.again = found.iter().filter(|one| self.taken.contains(one)).count();
            found.retain(|one| !self.taken.contains(one));
            found.truncate(at_once);
            if !found.is_empty() || whole {
                self.taken.extend(&found);
                return Ok(found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// Takes all of a queue of which those that `stay` stay; the batches.
    fn take_all(queue: Vec<u32>, stay: impl Fn(u32) -> bool, at_once: usize) -> Vec<Vec<u32>> {
        let (queue, mut fresh, mut out) = (RefCell::new(queue), Fresh::new(), Vec::new());
        loop {
            let read = |limit: usize| Ok::<_, ()>(queue.borrow().iter().copied().take(limit).collect());
            let batch = fresh.next(at_once, read).unwrap();
            if batch.is_empty() {
                return out;
            }
            queue.borrow_mut().retain(|x| stay(*x) || !batch.contains(x));
            out.push(batch);
        }
    }

    #[test]
    fn each_comes_once_in_batches_of_one_length_whatever_stays() {
        let stays: [&dyn Fn(u32) -> bool; 4] = [&|_| false, &|_| true, &|x| x % 3 == 0, &|x| x < 60];
        for stay in stays {
            for at_once in [1, 7, 50] {
                let batches = take_all((0..203).collect(), stay, at_once);
                assert!(batches.iter().all(|x| x.len() <= at_once), "{batches:?}");
                assert_eq!(batches.concat(), (0..203).collect::<Vec<_>>());
            }
        }
        assert!(take_all(Vec::new(), |_| true, 5).is_empty());
    }
}
