//! Reminders: which steps a policy gives an invoice, at which instants, and what is to be done about them now.
//!
//! Knows no store, no mail and no money: whether anything is still open, promised or disputed is asked by whoever
//! sends, inside the sending transaction.

use std::collections::BTreeSet;

use jiff::{
    Span, Timestamp,
    civil::{Date, Time, time},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};

use super::calendar::{is_business_day, next_business_day, previous_business_day, today, wall_clock};

/// How a reminder speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Tone {
    /// Before the due date.
    Upcoming,
    /// On the due date.
    DueToday,
    /// Politely after it.
    Overdue,
    /// Firmly.
    Firm,
    /// The last before a person takes over.
    Final,
}

impl Tone {
    /// The tone that is true on `day`: a letter that goes later than planned never says "due today" on another day.
    pub fn on(self, day: Date, due: Date) -> Self {
        match self {
            Self::Upcoming | Self::DueToday if day > due => Self::Overdue,
            Self::Upcoming if day == due => Self::DueToday,
            tone => tone,
        }
    }
}

/// One step of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Calendar days from the due date; negative before it. Names the step: unique within a policy.
    pub offset: i16,
    /// How it speaks.
    pub tone: Tone,
}

/// When reminders are sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The steps.
    pub steps: Vec<Step>,
    /// Wall-clock time of every step, where the sending window of a business day opens.
    pub at: Time,
    /// Where it closes.
    pub window_end: Time,
}

impl Policy {
    /// A week before, on the day, and 7, 14 and 30 days after it, at 08:00; sending until 18:00.
    pub fn standard() -> Self {
        let steps =
            [(-7, Tone::Upcoming), (0, Tone::DueToday), (7, Tone::Overdue), (14, Tone::Firm), (30, Tone::Final)];
        Self {
            steps: steps.into_iter().map(|(offset, tone)| Step { offset, tone }).collect(),
            at: time(8, 0, 0, 0),
            window_end: time(18, 0, 0, 0),
        }
    }

    /// Whether letters may go at `now`.
    pub fn sends_at(&self, now: Timestamp, zone: &TimeZone) -> bool {
        let day = today(now, zone);
        is_business_day(day) && (wall_clock(day, self.at, zone)..wall_clock(day, self.window_end, zone)).contains(&now)
    }

    /// The first opening of a sending window after `now`; `None` at the end of time.
    pub fn next_opening(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut day = next_business_day(today(now, zone));
        loop {
            let opening = wall_clock(day, self.at, zone);
            if opening > now {
                return Some(opening);
            }
            day = next_business_day(day.tomorrow().ok()?);
        }
    }
}

/// A step of an invoice with its instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Days from the due date, as in the policy.
    pub step: i16,
    /// How it speaks on the day it goes.
    pub tone: Tone,
    /// When it would go if every day were a business day.
    pub nominal: Timestamp,
    /// When it goes: before-due steps on the previous business day, others on the next.
    pub at: Timestamp,
}

impl Planned {
    /// Whether it would fall before `published`; such a step is skipped, even when its weekend rolls it past.
    fn precedes(&self, published: Timestamp) -> bool {
        self.nominal.min(self.at) < published
    }
}

/// The steps of an invoice due on `due`, the earliest first.
pub fn plan(due: Date, policy: &Policy, zone: &TimeZone) -> Vec<Planned> {
    let mut steps = policy.steps.clone();
    steps.sort_by_key(|x| x.offset);
    steps.dedup_by_key(|x| x.offset);
    steps.into_iter().map(|step| planned(step, due, policy, zone)).collect()
}

fn planned(step: Step, due: Date, policy: &Policy, zone: &TimeZone) -> Planned {
    let nominal = due.saturating_add(Span::new().days(step.offset));
    let day = if step.offset < 0 { previous_business_day(nominal) } else { next_business_day(nominal) };
    Planned {
        step: step.offset,
        tone: step.tone.on(day, due),
        nominal: wall_clock(nominal, policy.at, zone),
        at: wall_clock(day, policy.at, zone),
    }
}

/// What is to be done about an invoice's steps now. Each step named here is settled by doing it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Review {
    /// To be sent now, at most one.
    pub send: Option<Planned>,
    /// Missed, and a later step was due too.
    pub superseded: Vec<i16>,
    /// Before-due steps that were missed until the due date had passed.
    pub expired: Vec<i16>,
    /// Would fall before publication.
    pub skipped: Vec<i16>,
    /// When to look again: the next step, or the opening of the next sending window when one waits for it.
    pub wake: Option<Timestamp>,
}

impl Review {
    /// Whether there is nothing to do now.
    pub fn is_quiet(&self) -> bool {
        self.send.is_none() && self.superseded.is_empty() && self.expired.is_empty() && self.skipped.is_empty()
    }
}

/// Looks at the steps of `plan` that are not in `settled_steps` (sent, superseded, expired or skipped): only the latest
/// missed one is sent, inside a sending window; before-due steps are never sent after the due date.
pub fn review(
    plan: &[Planned],
    published: Timestamp,
    due: Date,
    settled_steps: &BTreeSet<i16>,
    now: Timestamp,
    zone: &TimeZone,
    policy: &Policy,
) -> Review {
    let day = today(now, zone);
    let mut out = Review { wake: next_wake(plan, published, settled_steps, now), ..Review::default() };
    let gone_by = plan.iter().filter(|x| x.at <= now && settled_steps.contains(&x.step)).map(|x| x.step).max();
    let mut waiting: Option<Planned> = None;
    for &x in plan.iter().filter(|x| !settled_steps.contains(&x.step)) {
        if x.precedes(published) {
            out.skipped.push(x.step);
        } else if x.at > now {
            // Its time will come.
        } else if x.step < 0 && day > due {
            out.expired.push(x.step);
        } else if gone_by.is_some_and(|later| later > x.step) {
            out.superseded.push(x.step);
        } else if let Some(older) = waiting.replace(x) {
            out.superseded.push(older.step);
        }
    }
    match waiting {
        Some(x) if policy.sends_at(now, zone) => out.send = Some(Planned { tone: x.tone.on(day, due), ..x }),
        Some(_) => out.wake = out.wake.into_iter().chain(policy.next_opening(now, zone)).min(),
        None => {}
    }
    out
}

/// The next instant after `now` at which a step falls that is neither settled nor before publication.
pub fn next_wake(
    plan: &[Planned],
    published: Timestamp,
    settled_steps: &BTreeSet<i16>,
    now: Timestamp,
) -> Option<Timestamp> {
    let coming = |x: &&Planned| x.at > now && !x.precedes(published) && !settled_steps.contains(&x.step);
    plan.iter().filter(coming).map(|x| x.at).min()
}

#[cfg(test)]
#[path = "reminder_tests.rs"]
mod tests;
