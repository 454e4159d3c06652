//! The promises of a year, looked at after every round and at the end.

use std::collections::BTreeSet;

use counterfoil::domain::ids::LetterId;
use counterfoil::domain::letter::{ALSO_MAX, Letter, LetterState, Purpose};
use counterfoil::domain::person::Person;
use counterfoil::domain::statement::balance_forward;
use counterfoil::mail::{Kept, Verdict};
use counterfoil::store::prelude::*;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::changes::AROUND_THE_WORLD;
use super::{Customer, Owed, Told, World, claim};
use crate::house::*;
use crate::money::{account, listed_balance};

impl World {
    /// Looks at the letters that arrived since the last look, each at the instant it went.
    pub(super) fn check_letters(&mut self) -> Told {
        let now = self.house.app.now();
        let new: Vec<_> = self.house.mail.letters().into_iter().filter(|k| k.number > self.seen).collect();
        let (mut in_round, mut persons) = (BTreeSet::new(), BTreeSet::new());
        let all: Vec<_> =
            new.iter().flat_map(|kept| self.letters_of(kept).into_iter().map(move |x| (kept, x))).collect();
        let mut reminding = BTreeSet::new();
        for (kept, (purpose, to, queued)) in all.clone() {
            self.seen = self.seen.max(kept.number);
            let Some(id) = purpose.invoice() else { continue };
            let credit_note = !self.owed.iter().any(|x| x.id == id);
            let Purpose::Reminder(_, step) = purpose else { continue };
            claim(!credit_note, || format!("a reminder of {id}, which asks for nothing"))?;
            let owed = self.owed.iter().find(|x| x.id == id).unwrap();
            claim(owed.open() > 0, || format!("a reminder of {id}, which is settled"))?;
            let again = all.iter().filter(|x| x.0.number == kept.number).any(|(_, (purpose, to, _))| {
                matches!(purpose, Purpose::Reminder(id, step) if self.changes.again.contains(&(*id, *to, *step)))
            });
            let zone = self.changes.clocks_of(to);
            if reminding.insert(kept.number) {
                let day = |at: Timestamp| zone.to_datetime(at).date();
                let last = self.reminded.insert((owed.client, to), now);
                claim(again || last.is_none_or(|last| day(last) != day(now)), || {
                    format!("two letters on one day to {to:?} of reminders, at {last:?} and {now}")
                })?;
                self.lists_all(kept, owed.client)?;
                claim(persons.insert((owed.client, to)), || {
                    format!("two letters in one round to {to:?} of reminders")
                })?;
            }
            claim(owed.asked() > 0, || format!("a reminder of {id}, of which all that is open is disputed"))?;
            let says = self.locale.money(eur(owed.asked()));
            claim(kept.letter.text.contains(&says), || {
                format!("a reminder of {id} without {says}: {}", kept.letter.text)
            })?;
            claim(now >= owed.published, || format!("a reminder of {id} before it was published"))?;
            claim(self.changes.rules().sends_at(now, &zone), || {
                format!("a reminder of {id} to {to:?} outside the sending window, at {now}")
            })?;
            let today = dublin().to_datetime(now).date();
            claim(owed.paused.is_none_or(|until| today > until), || {
                format!("step {step} of {id} went on {today}, and its reminders are paused until {:?}", owed.paused)
            })?;
            let promised = owed.promised.as_ref().is_some_and(|x| x.holds_on(today));
            claim(!promised, || format!("step {step} of {id} went on {today}, and a payment is promised"))?;
            let theirs = zone.to_datetime(now).date();
            claim(step >= 0 || theirs <= owed.due, || format!("step {step} of {id} went after the due date"))?;
            claim(in_round.insert((id, to)), || format!("two reminders of {id} to {to:?} in one round"))?;
            // What somebody said be sent again goes, whatever followed it.
            if self.was_sent_again((id, to, step)) {
                continue;
            }
            let owed = self.owed.iter().find(|x| x.id == id).unwrap();
            self.is_in_time(owed, step, queued, &zone)?;
            let before = self.arrived.entry((id, to)).or_default();
            claim(before.iter().all(|x| *x < step), || format!("step {step} of {id} to {to:?} after {before:?}"))?;
            before.push(step);
        }
        Ok(())
    }

    /// That a letter of reminders names each open invoice of its client.
    fn lists_all(&self, kept: &Kept, client: usize) -> Told {
        let open: Vec<&Owed> = self.owed.iter().filter(|x| x.client == client && x.open() > 0).collect();
        for owed in open.iter().filter(|_| open.len() <= ALSO_MAX) {
            let number =
                self.house.app.store.read(|r| r.invoice(owed.id)).unwrap().unwrap().number().unwrap().to_string();
            claim(kept.letter.text.contains(&number), || format!("{number} is open, and a letter does not name it"))?;
        }
        Ok(())
    }

    /// That a step went on its day by the clocks of whoever got it, and no later one should have gone in its place.
    fn is_in_time(&self, owed: &Owed, step: i16, queued: Timestamp, zone: &TimeZone) -> Told {
        let (now, id) = (self.house.app.now(), owed.id);
        let (then, rules) = (self.changes.rules_at(queued), self.changes.rules());
        let (steps, changed) = (rules.steps(owed.due, zone), rules.since > queued);
        let place = |steps: &[(i16, Timestamp)]| steps.iter().find(|x| x.0 == step).map(|x| x.1);
        let at = place(&steps).or_else(|| place(&then.steps(owed.due, zone)));
        claim(at.is_some_and(|at| at <= now), || format!("step {step} of {id} went at {now}, and its day is {at:?}"))?;
        // What fell before a change of the policy is settled by it.
        let fell = |at: Timestamp| changed && at <= rules.since + AROUND_THE_WORLD;
        // A letter of a step that was only moved goes, as it was about to, whenever its new place is.
        let moved = then.offsets.iter().position(|x| *x == step).and_then(|n| rules.offsets.get(n).copied());
        let later = steps.iter().rfind(|x| x.0 > step && Some(x.0) != moved && x.1 <= now && !fell(x.1));
        claim(later.is_none(), || format!("step {step} of {id} went when {later:?} was due"))?;
        let slack = if self.changes.since(queued) { AROUND_THE_WORLD } else { SignedDuration::ZERO };
        let nominal = then.nominal(owed.due, step, zone);
        claim(nominal + slack >= owed.published, || format!("step {step} of {id} fell before publication"))
    }

    /// What a letter was for, perhaps several things, to whom, and since when it waited: the newest letters are looked
    /// at first, for that is what arrives.
    fn letters_of(&self, kept: &Kept) -> Vec<(Purpose, Person, Timestamp)> {
        let local = kept.letter.message_id.split('@').next().unwrap();
        let (mut before, page) = (None, 50);
        loop {
            let letters = self.house.app.store.read(|r| r.letters(before, page)).unwrap();
            let own = |l: &&Letter| l.message_id == local && !matches!(l.state, LetterState::Withdrawn(..));
            if let Some(lead) = letters.iter().filter(own).find(|l| l.with.is_none()).or(letters.iter().find(own)) {
                let carried = |id: &LetterId| self.house.app.store.read(|r| r.letter(*id)).unwrap().unwrap();
                let along = lead.carries.iter().map(carried).filter(|l| l.with == Some(lead.id));
                let told = |l: &Letter| (l.purpose, l.to, l.queued);
                return std::iter::once(told(lead)).chain(along.map(|l| told(&l))).collect();
            }
            before = Some(letters.last().expect("every letter that arrives was queued").id);
        }
    }

    pub(super) fn check_money(&self) -> Told {
        for (at, customer) in self.customers.iter().enumerate() {
            let balance: i64 = customer.entries.iter().map(|x| x.1).sum();
            let listed = listed_balance(&self.house.app, customer.id);
            claim(listed == balance, || format!("client {at} owes {balance}, the lists say {listed}"))?;
        }
        for owed in &self.owed {
            let open = self.house.open(owed.id);
            claim(open == owed.open(), || format!("{} has {} open, the store says {open}", owed.id, owed.open()))?;
        }
        self.check_promises()?;
        self.check_disputes()
    }

    /// Once faults stop, all that is due goes; and the books close.
    pub(super) async fn end(&mut self) -> Told {
        for _ in 0..400 {
            self.house.mail.answer_next(Verdict::Accepted { response: String::new(), server: String::new() });
        }
        for _ in 0..30 {
            self.house.later(SignedDuration::from_hours(7));
            self.round().await?;
        }
        if self.house.app.store.read(|r| r.sending_held()).unwrap() {
            self.release().await;
        }
        self.round().await?;
        self.check_dunning()?;
        self.check_liveness()?;
        for customer in &self.customers {
            self.check_statements(customer)?;
        }
        let report = self.house.verify();
        claim(report.is_clean(), || format!("{:#?}", report.faults))
    }

    fn check_liveness(&self) -> Told {
        let now = self.house.app.now();
        // What was promised in vain goes on like the rest, once its grace and a long weekend have passed.
        let over = |x: &Owed| x.promised.as_ref().is_none_or(|x| x.last + 6.days() < dublin().to_datetime(now).date());
        for owed in self.owed.iter().filter(|x| x.asked() > 0 && !x.undone && x.paused.is_none() && over(x)) {
            let steady = Person::Contact(self.customers[owed.client].steady);
            let all = self.house.app.store.read(|r| r.letters_about(owed.id)).unwrap();
            let own = |purpose| all.iter().find(|l| l.to == steady && l.purpose == purpose);
            claim(own(Purpose::Issued(owed.id)).is_some_and(|l| !l.state.waits()), || {
                format!("{} was never sent", owed.id)
            })?;
            if self.changes.rules().since > owed.published {
                continue; // its steps were others for a while
            }
            let (rules, zone) = (self.changes.rules(), self.changes.clocks_of(steady));
            let day = rules.steps(owed.due, &zone).into_iter().rfind(|x| x.1 <= now - SignedDuration::from_hours(100));
            let Some((step, at)) = day.filter(|x| x.1 > owed.published && x.0 >= 0) else { continue };
            let nominal = rules.nominal(owed.due, step, &zone);
            // The first morning among those who get it decides, which may have been another’s.
            if nominal < owed.published + AROUND_THE_WORLD * i32::from(self.changes.since(owed.published))
                || now.duration_since(at) > SignedDuration::from_hours(150)
            {
                continue; // long ago: downtime may have let a later step take its place
            }
            if self.dunning.calls(step) {
                claim(self.dunning.was_asked(owed.id), || format!("nobody was asked to call about {}", owed.id))?;
                continue;
            }
            let later = all.iter().any(|l| matches!(l.purpose, Purpose::Reminder(_, s) if s > step));
            let sent = own(Purpose::Reminder(owed.id, step));
            let told = sent.is_some_and(|l| !matches!(l.state, LetterState::Queued | LetterState::Sending(_)));
            claim(told || later, || format!("step {step} of {} is missing: {sent:?}", owed.id))?;
        }
        Ok(())
    }

    fn check_statements(&self, customer: &Customer) -> Told {
        let (entries, account) = account(&self.house.app, customer.id);
        let (mut from, mut last) = (Date::constant(2026, 10, 1), None);
        for _ in 0..16 {
            let to = from.last_of_month();
            let statement = balance_forward(entries.clone(), from, to);
            let expected: i64 = customer.entries.iter().filter(|x| x.0 <= to).map(|x| x.1).sum();
            claim(statement.closing == expected, || format!("closing on {to}: {} for {expected}", statement.closing))?;
            claim(last.is_none_or(|x| x == statement.opening), || format!("the opening on {from} is another"))?;
            let aged = account.ageing(to).total();
            claim(aged == expected, || format!("ageing on {to}: {aged} for {expected}"))?;
            (last, from) = (Some(statement.closing), to.tomorrow().unwrap());
        }
        Ok(())
    }
}
