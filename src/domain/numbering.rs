//! What an auditor asks of a series of numbers: whether one is missing, cancelled, or out of order.
//!
//! Knows no store: whoever asks brings the numbers that documents have, and how far the series was counted.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A number that a document of the series has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Its place in the series, from 1.
    pub sequence: u64,
    /// As printed.
    pub number: String,
    /// The document's date.
    pub dated: Date,
    /// The credit notes that cancel it, if nothing of it is left; their numbers.
    pub cancelled_by: Option<String>,
    /// Whether it was taken by a PDF of the firm's accounting system.
    pub published: bool,
}

/// One thing that an auditor would ask about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Finding {
    /// The series was counted over these, and no document has them.
    Missing {
        /// The first.
        from: String,
        /// The last; the first again for one.
        to: String,
        /// How many.
        count: u64,
        /// The date of the document before them.
        after: Option<Date>,
        /// The date of the document after them.
        before: Option<Date>,
    },
    /// Cancelled in full: the number stays, and is not given again.
    Void {
        /// The number.
        number: String,
        /// The document's date.
        dated: Date,
        /// The credit notes.
        by: String,
    },
    /// Dated before a document with a lower number.
    OutOfOrder {
        /// The number.
        number: String,
        /// Its date.
        dated: Date,
        /// The lower number.
        after: String,
        /// The date of that.
        of: Date,
    },
    /// Taken by a PDF of the accounting system, which the series stepped over.
    Published {
        /// The number.
        number: String,
        /// Its date.
        dated: Date,
    },
}

impl Finding {
    /// What it is, in a word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "Missing",
            Self::Void { .. } => "Void",
            Self::OutOfOrder { .. } => "Out of order",
            Self::Published { .. } => "Published",
        }
    }

    /// The number or numbers.
    pub fn numbers(&self) -> String {
        match self {
            Self::Missing { from, to, .. } if from != to => format!("{from} to {to}"),
            Self::Missing { from: number, .. }
            | Self::Void { number, .. }
            | Self::OutOfOrder { number, .. }
            | Self::Published { number, .. } => number.clone(),
        }
    }

    /// What there is to say of it, with its dates.
    pub fn words(&self) -> String {
        match self {
            Self::Missing { count, after, before, .. } => {
                let day = |what: &str, x: &Option<Date>| x.map_or_else(String::new, |x| format!(", {what} {x}"));
                let many =
                    if *count == 1 { "No document has it".to_owned() } else { format!("{count} that no document has") };
                format!("{many}{}{}.", day("after", after), day("before", before))
            }
            Self::Void { dated, by, .. } => format!("Of {dated}, credited in full with {by}; the number stays."),
            Self::OutOfOrder { dated, after, of, .. } => format!("Of {dated}, while {after} before it is of {of}."),
            Self::Published { dated, .. } => {
                format!("Of {dated}, a PDF of the accounting system; the series went on after it.")
            }
        }
    }

    /// Whether somebody has to explain it.
    pub fn is_gap(&self) -> bool {
        matches!(self, Self::Missing { .. } | Self::OutOfOrder { .. })
    }
}

/// What is to be said of a series that was counted up to `last`: `given` in the order of the series, and `write` gives
/// a number of it.
pub fn review(given: &[Given], last: u64, write: impl Fn(u64) -> String) -> Vec<Finding> {
    let (mut findings, mut next, mut latest): (Vec<Finding>, u64, Option<&Given>) = (Vec::new(), 1, None);
    let mut before: Option<&Given> = None;
    for one in given {
        if one.sequence > next {
            findings.push(missing(&write, (next, one.sequence - 1), before, Some(one)));
        }
        (next, before) = (one.sequence.saturating_add(1), Some(one));
        if let Some(latest) = latest.filter(|x| x.dated > one.dated && !one.published) {
            let (number, after) = (one.number.clone(), latest.number.clone());
            findings.push(Finding::OutOfOrder { number, dated: one.dated, after, of: latest.dated });
        }
        if latest.is_none_or(|x| x.dated <= one.dated) && !one.published {
            latest = Some(one);
        }
        if let Some(by) = &one.cancelled_by {
            findings.push(Finding::Void { number: one.number.clone(), dated: one.dated, by: by.clone() });
        }
        if one.published {
            findings.push(Finding::Published { number: one.number.clone(), dated: one.dated });
        }
    }
    if last >= next {
        findings.push(missing(&write, (next, last), before, None));
    }
    findings
}

fn missing(
    write: &impl Fn(u64) -> String,
    (from, to): (u64, u64),
    after: Option<&Given>,
    before: Option<&Given>,
) -> Finding {
    let (count, dated) = (to - from + 1, |x: Option<&Given>| x.map(|x| x.dated));
    Finding::Missing { from: write(from), to: write(to), count, after: dated(after), before: dated(before) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn given(sequence: u64, day: i8) -> Given {
        let number = format!("A-{sequence}");
        Given { sequence, number, dated: date(2026, 11, day), cancelled_by: None, published: false }
    }

    fn found(given: &[Given], last: u64) -> Vec<String> {
        let told = |x: &Finding| format!("{} {}: {}", x.word(), x.numbers(), x.words());
        review(given, last, |n| format!("A-{n}")).iter().map(told).collect()
    }

    #[test]
    fn a_series_without_gaps_has_nothing_to_say() {
        assert_eq!(found(&[given(1, 1), given(2, 1), given(3, 7)], 3), [""; 0]);
        assert_eq!(found(&[], 0), [""; 0]);
    }

    #[test]
    fn what_is_missing_void_or_out_of_order_is_named_with_its_dates() {
        let void = Given { cancelled_by: Some("CN-1".to_owned()), ..given(4, 5) };
        let taken = Given { published: true, ..given(7, 1) };
        let all = [given(2, 3), given(3, 9), void, taken, given(8, 20)];
        assert_eq!(
            found(&all, 9),
            [
                "Missing A-1: No document has it, before 2026-11-03.",
                "Out of order A-4: Of 2026-11-05, while A-3 before it is of 2026-11-09.",
                "Void A-4: Of 2026-11-05, credited in full with CN-1; the number stays.",
                "Missing A-5 to A-6: 2 that no document has, after 2026-11-05, before 2026-11-01.",
                "Published A-7: Of 2026-11-01, a PDF of the accounting system; the series went on after it.",
                "Missing A-9: No document has it, after 2026-11-20.",
            ]
        );
    }
}
