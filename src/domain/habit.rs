//! A client's habit: by how many days they usually pay after the due date, or before it.
//!
//! The middle of the last few invoices that they paid, so that one forgotten invoice does not change it. Knows no
//! store.

/// Paid invoices that are looked at, those due last.
pub const PAID_MAX: usize = 24;
/// Fewer make no habit.
const PAID_MIN: usize = 3;
/// The earliest and latest that is believed, in days after the due date.
const DAYS: std::ops::RangeInclusive<i32> = -30..=120;

/// By how many days they usually pay after the due date, of the days of their paid invoices in any order; 0 where too
/// few were paid to tell. Of two in the middle the earlier counts.
pub fn usual(days_late: &[i32]) -> i32 {
    let mut all = days_late.to_vec();
    all.sort_unstable();
    let middle = all.get(all.len().saturating_sub(1) / 2).copied();
    middle.filter(|_| all.len() >= PAID_MIN).map_or(0, |days| days.clamp(*DAYS.start(), *DAYS.end()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_middle_counts_and_too_few_make_no_habit() {
        assert_eq!(usual(&[]), 0);
        assert_eq!(usual(&[9, 9]), 0);
        assert_eq!(usual(&[400, 3, 5]), 5);
        assert_eq!(usual(&[1, 2, 8, 9]), 2);
        assert_eq!((usual(&[400; 3]), usual(&[-400; 3])), (120, -30));
    }

    proptest! {
        #[test]
        fn a_habit_lies_among_its_days_and_does_not_depend_on_their_order(
            mut days in prop::collection::vec(-30_i32..=120, 3..30),
        ) {
            let habit = usual(&days);
            prop_assert!(days.contains(&habit));
            days.reverse();
            prop_assert_eq!(usual(&days), habit);
        }
    }
}
