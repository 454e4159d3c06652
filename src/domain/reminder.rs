//! Reminders: which steps a policy gives an invoice, at which instants, and what is to be done about them now.
//!
//! Knows no store, no mail and no money: whether anything is still open, promised or disputed is asked by whoever
//! sends, inside the sending transaction.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::calendar::{today, wall_clock};
pub use super::policy::{Policy, Step, Tone};

/// A step of an invoice with its instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Days from the due date, as in the policy.
    pub step: i16,
    /// How it speaks on the day it goes.
    pub tone: Tone,
    /// When it would go if every day were a working day.
    pub nominal: Timestamp,
    /// When it goes: before-due steps on the previous working day, others on the next.
    pub at: Timestamp,
}

impl Planned {
    /// Whether it would fall before `published`; such a step is skipped, even when its weekend rolls it past.
    pub(super) fn precedes(&self, published: Timestamp) -> bool {
        self.nominal.min(self.at) < published
    }
}

/// The steps of an invoice due on `due`, the earliest first.
pub fn plan(due: Date, policy: &Policy, zone: &TimeZone) -> Vec<Planned> {
    let mut steps: Vec<&Step> = policy.steps.iter().collect();
    steps.sort_by_key(|x| x.offset);
    steps.dedup_by_key(|x| x.offset);
    steps.into_iter().map(|step| planned(step, due, policy, zone)).collect()
}

fn planned(step: &Step, due: Date, policy: &Policy, zone: &TimeZone) -> Planned {
    let (nominal, day) = policy.days_of(due, step.offset);
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
    /// Due, but the condition of the step does not hold.
    pub unmet: Vec<i16>,
    /// When to look again: the next step, or the opening of the next sending window when one waits for it.
    pub wake: Option<Timestamp>,
}

impl Review {
    /// Whether there is nothing to do now.
    pub fn is_quiet(&self) -> bool {
        self.send.is_none()
            && [&self.superseded, &self.expired, &self.skipped, &self.unmet].iter().all(|steps| steps.is_empty())
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

/// As [`review`], of steps with conditions: one whose condition does not hold when it would go is passed over, and the
/// latest missed one before it takes its turn.
#[expect(clippy::too_many_arguments, reason = "what a review is made of, and the condition")]
pub fn review_if(
    plan: &[Planned],
    published: Timestamp,
    due: Date,
    settled_steps: &BTreeSet<i16>,
    now: Timestamp,
    zone: &TimeZone,
    policy: &Policy,
    holds: impl Fn(i16) -> bool,
) -> Review {
    let (mut plan, mut unmet) = (plan.to_vec(), Vec::new());
    loop {
        let found = review(&plan, published, due, settled_steps, now, zone, policy);
        match found.send {
            Some(x) if !holds(x.step) => {
                unmet.push(x.step);
                plan.retain(|other| other.step != x.step);
            }
            _ => return Review { unmet, ..found },
        }
    }
}

/// Why a change of the policy itself settles a step of the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overtaken {
    /// It fell before the change took effect: nothing is sent late because of a change.
    Fell,
    /// It went already, at its place in the policy before.
    Went,
}

/// What a change of policy at `changed` settles of an invoice's steps: what was sent is not sent again at another
/// place, and what fell before the change is not sent late. A step that stands where one stood before is left as it is.
///
/// `went` are the steps of the policy before that were sent or gave way to a later one.
pub fn overtaken(
    old: &Policy,
    new: &Policy,
    new_plan: &[Planned],
    went: &BTreeSet<i16>,
    changed: Timestamp,
) -> Vec<(i16, Overtaken)> {
    let stood = |offset: i16| old.steps.iter().any(|x| x.offset == offset);
    let place_before = |offset: i16| {
        let id = new.step(offset)?.id;
        old.steps.iter().find(|x| x.id == id).map(|x| x.offset)
    };
    let fate = |x: &Planned| match place_before(x.step) {
        _ if stood(x.step) => None,
        Some(before) if went.contains(&before) => Some(Overtaken::Went),
        _ if x.nominal.min(x.at) <= changed => Some(Overtaken::Fell),
        _ => None,
    };
    new_plan.iter().filter_map(|x| Some((x.step, fate(x)?))).collect()
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
