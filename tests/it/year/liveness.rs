//! Once the faults stop: every step that fell was sent, or is held with a reason that the plan names; and whatever else
//! became of a step or of its letter has a reason that the model knows.

use std::collections::BTreeMap;

use counterfoil::actions::outlook::outlook_of;
use counterfoil::domain::forecast::Fate;
use counterfoil::domain::hold::{DISPUTED, PROMISED};
use counterfoil::domain::letter::{Letter, LetterState, Purpose};
use counterfoil::domain::person::Person;
use counterfoil::store::letters::StepOutcome;
use counterfoil::store::prelude::*;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::changes::AROUND_THE_WORLD;
use super::{Owed, Told, World, claim};
use crate::house::*;

/// How long what is due may take without any faults: a long weekend, and a night on either side of it.
const PATIENCE: SignedDuration = SignedDuration::from_hours(100);
const PAUSED: &str = "its reminders are paused";

/// Days ahead that the plan is asked for: more than anything is paused or promised.
const AHEAD: i64 = 60;

/// What kept an invoice's reminders back at any time, and until when.
#[derive(Default)]
pub(super) struct Held {
    /// When the model saw it held last.
    pub last: Option<Timestamp>,
    /// Why letters of it may have been withdrawn.
    pub why: Vec<&'static str>,
}

impl Owed {
    /// What holds its reminders on a day: as letters are withdrawn for it, and as the plan says it.
    pub(super) fn holds(&self, day: Date) -> Vec<(&'static str, &'static str)> {
        let paused = self.paused.is_some_and(|until| until >= day);
        let promised = self.promised.as_ref().is_some_and(|x| x.holds_on(day));
        let disputed = self.open() > 0 && self.asked() == 0;
        let words = if self.upheld { "to be credited" } else { "disputed" };
        let all = [(paused, PAUSED, "paused"), (promised, PROMISED, "promise"), (disputed, DISPUTED, words)];
        all.into_iter().filter(|x| x.0).map(|x| (x.1, x.2)).collect()
    }
}

/// One step that fell long enough ago.
struct Fallen {
    step: i16,
    at: Timestamp,
    /// Whether it is the last one.
    last: bool,
}

impl World {
    /// Remembers what is held now.
    pub(super) fn note_holds(&mut self) {
        let (now, today) = (self.house.app.now(), self.house.app.today());
        for owed in &mut self.owed {
            let holds = owed.holds(today);
            if !holds.is_empty() {
                owed.held.last = Some(now);
                owed.held.why.extend(holds.into_iter().map(|x| x.0));
                owed.held.why.sort_unstable();
                owed.held.why.dedup();
            }
        }
    }

    pub(super) fn check_liveness(&self) -> Told {
        for owed in self.owed.iter().filter(|x| x.open() > 0) {
            let steady = Person::Contact(self.customers[owed.client].steady);
            let all = self.house.app.store.read(|r| r.letters_about(owed.id)).unwrap();
            let issued = all.iter().find(|l| l.to == steady && l.purpose == Purpose::Issued(owed.id));
            claim(issued.is_some_and(|l| !l.state.waits()), || format!("{} was never sent", owed.id))?;
            if self.changes.rules().since > owed.published {
                continue; // its steps were others for a while
            }
            self.check_steps(owed, &all)?;
        }
        Ok(())
    }

    fn check_steps(&self, owed: &Owed, letters: &[Letter]) -> Told {
        let (now, id) = (self.house.app.now(), owed.id);
        let settled: BTreeMap<i16, StepOutcome> =
            self.house.app.store.read(|r| r.reminder_steps(id)).unwrap().into_iter().collect();
        let fallen = self.fallen(owed);
        let held = owed.holds(self.house.app.today());
        let free = held.is_empty() && owed.held.last.is_none_or(|last| now.duration_since(last) > PATIENCE);
        for fell in &fallen {
            let (step, at) = (fell.step, fell.at);
            let told = || format!("step {step} of {id}, which fell at {at}");
            match settled.get(&step) {
                None if held.is_empty() => claim(!free, || format!("{} was never looked at", told()))?,
                None => self.is_told(owed, step, &held)?,
                Some(StepOutcome::Sent) => self.check_sent(owed, fell, (letters, free))?,
                Some(StepOutcome::Call) => {
                    claim(self.dunning.calls(step), || format!("{} is a call", told()))?;
                    claim(self.dunning.was_asked(id), || format!("nobody was asked to call about {id}"))?;
                }
                // A later one may wait for a morning when a hold comes.
                Some(StepOutcome::Superseded) => {
                    let later = settled.keys().any(|x| *x > step);
                    claim(later || !free, || format!("{} gave way to nothing", told()))?;
                }
                Some(StepOutcome::Expired) => claim(step < 0, || format!("{} expired", told()))?,
                Some(StepOutcome::Skipped) => {
                    let open_again = owed.reopened.is_some_and(|x| at <= x + self.slack());
                    claim(open_again, || format!("{} was skipped, and it was open all along", told()))?;
                }
            }
        }
        Ok(())
    }

    /// The first morning among those who get a letter decides, which may be another’s.
    fn slack(&self) -> SignedDuration {
        AROUND_THE_WORLD * i32::from(self.changes.on)
    }

    /// Its steps that fell since it was published, and long enough ago.
    fn fallen(&self, owed: &Owed) -> Vec<Fallen> {
        let (rules, now) = (self.changes.rules(), self.house.app.now());
        let zone = self.changes.clocks_of(Person::Contact(self.customers[owed.client].steady));
        let from = owed.published + self.slack();
        let steps = rules.steps(owed.due, &zone).into_iter();
        let fell = |x: &(i16, Timestamp)| rules.nominal(owed.due, x.0, &zone).min(x.1) > from && x.1 <= now - PATIENCE;
        let mut all: Vec<Fallen> = steps.filter(fell).map(|(step, at)| Fallen { step, at, last: false }).collect();
        if let Some(last) = all.last_mut() {
            last.last = true;
        }
        all
    }

    /// That the plan says of a step why it is held.
    fn is_told(&self, owed: &Owed, step: i16, held: &[(&str, &str)]) -> Told {
        let (now, client) = (self.house.app.now(), self.customers[owed.client].id);
        let until = now + SignedDuration::from_hours(24 * AHEAD);
        let settings = self.house.app.settings.clone();
        let plan = self.house.app.store.read(|r| outlook_of(r, &settings, now, until, client)).unwrap();
        let of_step: Vec<_> = plan.coming.iter().filter(|x| (x.row.invoice.id, x.step) == (owed.id, step)).collect();
        let says = |words: &str| words.starts_with("Held") && held.iter().any(|x| words.contains(x.1));
        claim(of_step.iter().any(|x| x.fate == Fate::Held && says(&x.words)), || {
            let words: Vec<&str> = of_step.iter().map(|x| &*x.words).collect();
            format!("step {step} of {} is held by {held:?}, and the plan says {words:?}", owed.id)
        })
    }

    /// That a step which was sent has a letter to everybody who was there, and that each went or has a reason.
    fn check_sent(&self, owed: &Owed, fell: &Fallen, (letters, free): (&[Letter], bool)) -> Told {
        let (id, step) = (owed.id, fell.step);
        for to in self.readers(owed.client, fell.at - AROUND_THE_WORLD) {
            let of = |step: i16| letters.iter().find(move |l| l.to == to && l.purpose == Purpose::Reminder(id, step));
            let Some(letter) = of(step) else { return Err(format!("step {step} of {id} has no letter to {to:?}")) };
            let known = match &letter.state {
                LetterState::Queued | LetterState::Sending(_) | LetterState::Deferred(..) => !free,
                LetterState::Withdrawn(_, why) => match &**why {
                    "a later reminder took its place" => letters
                        .iter()
                        .any(|l| l.to == to && matches!(l.purpose, Purpose::Reminder(_, later) if later > step)),
                    "nothing is open any more" => owed.reopened.is_some(),
                    "the due date has passed" => step < 0,
                    "a call took its place" => self.dunning.on,
                    "left as it is" => self.changes.on,
                    // When that is over, the last one goes.
                    held => owed.held.why.contains(&held) && !(free && fell.last),
                },
                LetterState::Accepted(..)
                | LetterState::Failed(..)
                | LetterState::Uncertain(..)
                | LetterState::Bounced(..) => true,
            };
            claim(known, || {
                let last = owed.held.last;
                format!("step {step} of {id} to {to:?} is {:?}, and it was held until {last:?}", letter.state)
            })?;
        }
        Ok(())
    }

    /// Who gets letters about a client, and has since then.
    fn readers(&self, client: usize, since: Timestamp) -> Vec<Person> {
        let customer = &self.customers[client];
        let all = customer.passing.iter().chain([&customer.steady]);
        all.filter(|x| self.joined.get(x).is_some_and(|at| *at < since)).map(|x| Person::Contact(*x)).collect()
    }

    /// What was promised and did not come is broken, and none but the newest is open.
    pub(super) fn check_broken(&self) -> Told {
        let today = dublin().to_datetime(self.house.app.now() - PATIENCE).date();
        for owed in &self.owed {
            let all = self.house.app.store.read(|r| r.promises_of_invoice(owed.id)).unwrap();
            for promise in &all {
                let open = promise.outcome == counterfoil::domain::promise::Outcome::Open;
                let newest = Some(promise.id) == all.iter().map(|x| x.id).max();
                claim(!open || (newest && promise.last() + 1.day() >= today), || {
                    format!(
                        "promise {} of {} is open after its day, or though another took its place",
                        promise.id, owed.id
                    )
                })?;
            }
        }
        Ok(())
    }
}
