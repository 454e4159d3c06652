//! What reminders of an invoice will do, if nothing changes: the rule itself, asked again and again along the days.
//!
//! Knows no store. It is no second rule: each look is [`review_if`], so that a preview can't say what the scheduler
//! would not do.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};

use super::calendar::today;
use super::reminder::{Planned, Policy, review_if};

/// Looks at one invoice; a policy has fewer steps.
const LOOKS_MAX: usize = 100;

/// What becomes of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Letters go.
    Goes,
    /// A later step is due too, after a standstill or a pause.
    Superseded,
    /// The due date has passed by then.
    Expired,
    /// It would fall before publication.
    BeforePublication,
    /// It waits until a pause is over; what becomes of it then is told apart.
    Held,
    /// Its condition does not hold, as things stand.
    Unmet,
}

/// A step with what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreseen {
    /// When.
    pub at: Timestamp,
    /// Days from the due date.
    pub step: i16,
    /// What.
    pub fate: Fate,
}

/// An invoice as a forecast needs it.
pub struct Subject<'a> {
    /// Its steps with their instants.
    pub plan: &'a [Planned],
    /// When it was published.
    pub published: Timestamp,
    /// Its due date.
    pub due: Date,
    /// Steps that are settled already.
    pub settled: BTreeSet<i16>,
    /// Whether the condition of a step holds, as things stand.
    pub holds: &'a dyn Fn(i16) -> bool,
    /// When a pause that holds at an instant is over; `None` when none holds.
    pub held: &'a dyn Fn(Timestamp) -> Option<Timestamp>,
}

/// What will become of its steps between `from` and `until`, in the order in which it happens.
pub fn foresee(
    subject: Subject<'_>,
    from: Timestamp,
    until: Timestamp,
    zone: &TimeZone,
    policy: &Policy,
) -> Vec<Foreseen> {
    let Subject { plan, published, due, mut settled, holds, held } = subject;
    let (mut out, mut at) = (Vec::new(), from);
    for _ in 0..LOOKS_MAX {
        if at > until {
            break;
        }
        if let Some(over) = held(at) {
            for x in plan.iter().filter(|x| x.at < over && x.at <= until) {
                // What fell before publication would not go without the hold either.
                let before = x.precedes(published);
                let fate = if before { Fate::BeforePublication } else { Fate::Held };
                if !settled.contains(&x.step) {
                    out.push(Foreseen { at: x.at.max(at), step: x.step, fate });
                }
                if before {
                    settled.insert(x.step);
                }
            }
            if over <= at {
                break;
            }
            at = over;
            continue;
        }
        let found = review_if(plan, published, due, &settled, at, zone, policy, holds);
        let mut note = |steps: &[i16], fate| {
            for &step in steps {
                settled.insert(step);
                out.push(Foreseen { at, step, fate });
            }
        };
        note(&found.skipped, Fate::BeforePublication);
        note(&found.superseded, Fate::Superseded);
        note(&found.expired, Fate::Expired);
        note(&found.unmet, Fate::Unmet);
        note(found.send.map(|x| x.step).as_slice(), Fate::Goes);
        match found.wake {
            Some(next) if next > at => at = next,
            _ => break,
        }
    }
    out
}

/// The end of the civil day that is `days` after `now`'s, in `zone`.
pub fn horizon(now: Timestamp, days: u16, zone: &TimeZone) -> Timestamp {
    let last = today(now, zone).saturating_add(jiff::Span::new().days(i64::from(days) + 1));
    last.to_zoned(zone.clone()).map_or(Timestamp::MAX, |x| x.timestamp())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::calendar::Zone;
    use crate::domain::reminder::plan;

    fn told(published: &str, now: &str, held: &dyn Fn(Timestamp) -> Option<Timestamp>) -> Vec<(String, i16, Fate)> {
        let (zone, policy, due) =
            (Zone::parse("zone", "Europe/Dublin").unwrap(), Policy::standard(), date(2026, 12, 1));
        let plan = plan(due, &policy, &zone);
        let (published, now) = (published.parse().unwrap(), now.parse().unwrap());
        let subject = Subject { plan: &plan, published, due, settled: BTreeSet::new(), holds: &|_| true, held };
        let all = foresee(subject, now, horizon(now, 60, &zone), &zone, &policy);
        all.into_iter().map(|x| (x.at.to_string(), x.step, x.fate)).collect()
    }

    #[test]
    fn a_whole_policy_lies_ahead_of_a_fresh_invoice() {
        let all = told("2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z", &|_| None);
        let days: Vec<(&str, i16, Fate)> = all.iter().map(|x| (&x.0[..10], x.1, x.2)).collect();
        let goes = |day, step| (day, step, Fate::Goes);
        // The 31st of December is a Thursday.
        let expected = [
            goes("2026-11-24", -7),
            goes("2026-12-01", 0),
            goes("2026-12-08", 7),
            goes("2026-12-15", 14),
            goes("2026-12-31", 30),
        ];
        assert_eq!(days, expected);
    }

    #[test]
    fn what_was_missed_gives_way_to_the_latest_and_what_precedes_publication_does_not_go() {
        let all = told("2026-11-30T10:00:00Z", "2026-12-09T20:00:00Z", &|_| None);
        assert_eq!(all[0], ("2026-12-09T20:00:00Z".to_owned(), -7, Fate::BeforePublication));
        assert_eq!(all[1], ("2026-12-09T20:00:00Z".to_owned(), 0, Fate::Superseded));
        assert_eq!(all[2], ("2026-12-10T08:00:00Z".to_owned(), 7, Fate::Goes), "in the next window");
    }

    #[test]
    fn a_pause_holds_its_steps_and_afterwards_the_latest_goes() {
        let over: Timestamp = "2026-12-10T08:00:00Z".parse().unwrap();
        let all = told("2026-11-20T10:00:00Z", "2026-11-30T09:00:00Z", &|at| (at < over).then_some(over));
        let of = |step| all.iter().filter(|x| x.1 == step).map(|x| x.2).collect::<Vec<_>>();
        assert_eq!(of(0), [Fate::Held, Fate::Superseded]);
        assert_eq!(of(7), [Fate::Held, Fate::Goes]);
        assert_eq!(of(14), [Fate::Goes]);
    }

    #[test]
    fn a_hold_is_not_the_reason_of_what_fell_before_publication() {
        let over: Timestamp = "2026-12-10T08:00:00Z".parse().unwrap();
        let all = told("2026-11-30T10:00:00Z", "2026-11-30T11:00:00Z", &|at| (at < over).then_some(over));
        let of = |step| all.iter().filter(|x| x.1 == step).map(|x| x.2).collect::<Vec<_>>();
        assert_eq!((of(-7), of(0)), (vec![Fate::BeforePublication], vec![Fate::Held, Fate::Superseded]));
    }

    #[test]
    fn a_pause_without_an_end_ends_the_forecast() {
        let all = told("2026-11-20T10:00:00Z", "2026-11-30T09:00:00Z", &|_| Some(Timestamp::MIN));
        assert!(all.iter().all(|x| x.2 == Fate::Held) || all.is_empty(), "{all:?}");
    }
}
