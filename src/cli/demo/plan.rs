//! What is billed when, before anything happens: the bills of two years and the scenes of the last weeks that put every
//! state of a document on the desk whatever the seed.
//!
//! Pure: a seed and a day give the same plan. Knows no store.

use jiff::civil::Date;

use super::firm::CLIENTS;
use super::work::{self, Dice};
use crate::domain::calendar::{is_business_day, previous_business_day};
use crate::domain::money::Currency;
use crate::domain::tax::Line;

/// What becomes of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Paid by the client's habit.
    Habit,
    /// Paid this many days after its date.
    Paid(i32),
    /// This many per cent are paid, so many days after its date; then nothing.
    Part(i64, i32),
    /// Paid with this much too much, in minor units, so many days after its date.
    Over(i64, i32),
    /// Paid so many days after its date, and returned by the bank so many days after it.
    Bounced(i32, i32),
    /// Credited in full, so many days after its date.
    Credited(i32),
    /// Half of its first line credited, so many days after its date.
    CreditedPart(i32),
    /// Nothing, so far.
    Unpaid,
    /// Never issued.
    Draft,
}

/// A bill to come.
#[derive(Clone, Debug)]
pub struct Bill {
    /// The client's place in [`CLIENTS`].
    pub client: usize,
    /// Their project's place.
    pub project: Option<usize>,
    pub title: String,
    pub lines: Vec<Line>,
    pub reference: String,
    pub dated: Date,
    /// By the client's terms when `None`.
    pub due: Option<Date>,
    pub fate: Fate,
    /// Comes as a PDF from the accounting system.
    pub published: bool,
}

/// Days after the first day on which each client comes to the firm.
pub const JOINS: [i64; 9] = [0, 0, 1, 2, 5, 40, 70, 100, 55];

/// Days of `date`, moved by `days`.
pub fn days(date: Date, days: i64) -> Date {
    date.saturating_add(jiff::Span::new().days(days))
}

/// Every bill from `first` to `today`, in the order of their dates.
pub fn bills(dice: &Dice, first: Date, today: Date) -> Vec<Bill> {
    let mut all = Vec::new();
    for (client, join) in JOINS.into_iter().enumerate() {
        let mut date = days(first, join + i64::from(dice.between(2, 12)));
        while date < days(today, -3) {
            if is_business_day(date) {
                all.push(ordinary(dice, client, date));
            }
            date = days(date, i64::from(dice.between(9, 25)));
        }
    }
    all.extend(scenes(dice, today).into_iter().filter(|b| b.dated >= days(first, JOINS[b.client] + 1)));
    all.sort_by_key(|b| b.dated);
    all
}

fn ordinary(dice: &Dice, client: usize, dated: Date) -> Bill {
    let plan = &CLIENTS[client];
    let fate = match dice.between(0, 99) {
        0..=2 => Fate::Credited(dice.between(2, 12)),
        3 => Fate::Over(i64::from(dice.between(1, 9)) * 1_000, dice.between(8, 30)),
        4 => Fate::Paid(dice.between(1, 4)),
        _ => Fate::Habit,
    };
    // Two clients are billed from the accounting system in turn with the portal.
    let published = matches!(client, 2 | 3) && dice.chance(45) && !matches!(fate, Fate::Credited(_));
    let project = dice.chance(75).then(|| dice.between(0, i32::try_from(plan.projects.len()).unwrap_or(1) - 1));
    let project = project.and_then(|p| usize::try_from(p).ok());
    compose(dice, client, project, dated, None, fate, published)
}

fn compose(
    dice: &Dice,
    client: usize,
    project: Option<usize>,
    dated: Date,
    due: Option<Date>,
    fate: Fate,
    published: bool,
) -> Bill {
    let plan = &CLIENTS[client];
    let currency = plan.currency.parse().unwrap_or(Currency::EUR);
    let (title, lines) = work::bill(dice, plan, currency, &work::month(plan, dated));
    let reference = if client == 0 { format!("PO {}", 7_100 + dice.between(0, 899)) } else { String::new() };
    Bill { client, project, title, lines, reference, dated, due, fate, published }
}

/// The last weeks: (client, project, days before today it is dated, due in days from today, fate, published).
const SCENES: [(usize, Option<usize>, i64, i64, Fate, bool); 21] = [
    (0, Some(2), 42, -12, Fate::Part(25, 38), false),
    (0, Some(0), 24, 6, Fate::Unpaid, false),
    (0, Some(1), 3, 27, Fate::Unpaid, false),
    (1, Some(1), 31, 0, Fate::Unpaid, false),
    (1, None, 12, 18, Fate::Paid(8), false),
    (2, Some(0), 37, -23, Fate::Unpaid, true),
    (2, Some(1), 21, -7, Fate::Bounced(12, 17), false),
    (2, None, 20, -6, Fate::Credited(5), false),
    (3, Some(2), 132, -102, Fate::Unpaid, false),
    (3, Some(0), 71, -41, Fate::Unpaid, true),
    (3, Some(1), 38, -8, Fate::Part(50, 30), false),
    (4, Some(1), 35, -5, Fate::Unpaid, false),
    (4, Some(0), 10, 20, Fate::Part(40, 7), false),
    (4, None, 1, 29, Fate::Unpaid, false),
    (5, Some(0), 40, -10, Fate::Over(12_500, 29), false),
    (6, Some(0), 47, -17, Fate::Unpaid, false),
    (6, None, 1, 29, Fate::Unpaid, false),
    (8, Some(0), 21, -7, Fate::Unpaid, false),
    (8, Some(0), 4, 10, Fate::Unpaid, false),
    (7, Some(0), 20, 40, Fate::Unpaid, false),
    (2, Some(0), 18, 12, Fate::CreditedPart(6), false),
];

fn scenes(dice: &Dice, today: Date) -> Vec<Bill> {
    let mut all: Vec<Bill> = Vec::new();
    for (client, project, ago, due, fate, published) in SCENES {
        let dated = previous_business_day(days(today, -ago));
        all.push(compose(dice, client, project, dated, Some(days(today, due)), fate, published));
    }
    for (client, project, ago) in [(0, Some(1), 2), (3, Some(1), 0)] {
        let dated = previous_business_day(days(today, -ago));
        all.push(compose(dice, client, project, dated, None, Fate::Draft, false));
    }
    all
}
