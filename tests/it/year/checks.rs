//! The promises of a year, looked at after every round and at the end.

use std::collections::BTreeSet;

use counterfoil::domain::ids::{InvoiceId, LetterId};
use counterfoil::domain::letter::{Letter, LetterState, Purpose};
use counterfoil::domain::person::Person;
use counterfoil::domain::statement::balance_forward;
use counterfoil::mail::Kept;
use counterfoil::store::prelude::*;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::changes::AROUND_THE_WORLD;
use super::{Customer, Owed, Told, World, claim};
use crate::house::*;
use crate::money::{account, listed_balance};

/// One of the things that a letter is for.
struct Said {
    purpose: Purpose,
    to: Person,
    /// Since when it waited.
    queued: Timestamp,
}

impl World {
    /// Looks at the letters that arrived since the last look, each at the instant it went.
    pub(super) fn check_letters(&mut self) -> Told {
        let mut new = std::mem::take(&mut self.unseen);
        new.extend(self.house.mail.letters().into_iter().filter(|k| k.number > self.seen));
        self.seen = self.house.mail.letters().last().map_or(0, |x| x.number);
        let (mut in_round, mut persons) = (BTreeSet::new(), BTreeSet::new());
        for kept in new {
            let all = self.letters_of(&kept);
            let reminders: Vec<Said> = all.into_iter().filter(|x| x.purpose.reminds()).collect();
            if !reminders.is_empty() {
                self.reminders += 1;
                self.check_whole(&kept, &reminders, &mut persons)?;
            }
            for said in reminders {
                self.check_reminder(&said, kept.letter.date, &mut in_round)?;
            }
        }
        Ok(())
    }

    /// What is true of a letter of reminders as a whole.
    fn check_whole(&mut self, kept: &Kept, all: &[Said], persons: &mut BTreeSet<(usize, Person)>) -> Told {
        let ids: Vec<InvoiceId> = all.iter().filter_map(|x| x.purpose.invoice()).collect();
        let known = |id: &InvoiceId| self.owed.iter().any(|x| x.id == *id);
        claim(ids.iter().all(known), || format!("a reminder of one of {ids:?}, which asks for nothing"))?;
        for id in &ids {
            let owed = self.owed.iter().find(|x| x.id == *id).unwrap();
            claim(owed.open() > 0, || format!("a reminder of {id}, which is settled"))?;
            claim(owed.asked() > 0, || format!("a reminder of {id}, of which all that is open is disputed"))?;
        }
        self.says_what_is_so(kept, &ids)?;
        let (to, begun) = (all[0].to, kept.letter.date);
        let client = self.owed.iter().find(|x| x.id == ids[0]).unwrap().client;
        let again = all.iter().any(
            |x| matches!(x.purpose, Purpose::Reminder(id, step) if self.changes.again.contains(&(id, x.to, step))),
        );
        let zone = self.changes.clocks_of(to);
        let day = |at: Timestamp| zone.to_datetime(at).date();
        let last = self.reminded.insert((client, to), begun);
        claim(again || last.is_none_or(|last| day(last) != day(begun)), || {
            format!("two letters on one day to {to:?} of reminders, at {last:?} and {begun}")
        })?;
        claim(persons.insert((client, to)), || format!("two letters in one round to {to:?} of reminders"))?;
        claim(self.changes.rules().sends_at(begun, &zone), || {
            format!("a reminder of {ids:?} to {to:?} outside the sending window, at {begun}")
        })
    }

    fn check_reminder(&mut self, said: &Said, begun: Timestamp, in_round: &mut BTreeSet<(InvoiceId, Person)>) -> Told {
        let Said { purpose: Purpose::Reminder(id, step), to, queued } = *said else { return Ok(()) };
        let owed = self.owed.iter().find(|x| x.id == id).unwrap();
        let now = self.house.app.now();
        // What a clock that was wrong had queued goes when an owner says so.
        let by_another_clock = queued > now;
        claim(by_another_clock || begun >= owed.published, || format!("a reminder of {id} before it was published"))?;
        // What was over once does not hold anew when the clock goes back.
        let (today, latest) = (self.house.app.today(), dublin().to_datetime(self.latest.max(now)).date());
        let holds = |(why, _): &(&'static str, &'static str)| owed.holds(latest).iter().any(|x| x.0 == *why);
        let held = owed.holds(today).into_iter().find(holds);
        claim(held.is_none(), || format!("step {step} of {id} went on {today}, and {held:?} holds it"))?;
        let zone = self.changes.clocks_of(to);
        let theirs = zone.to_datetime(begun).date();
        claim(step >= 0 || theirs <= owed.due, || format!("step {step} of {id} went after the due date"))?;
        claim(in_round.insert((id, to)), || format!("two reminders of {id} to {to:?} in one round"))?;
        // What somebody said be sent again goes, whatever followed it.
        if self.was_sent_again((id, to, step)) {
            return Ok(());
        }
        let owed = self.owed.iter().find(|x| x.id == id).unwrap();
        if !by_another_clock {
            self.is_in_time(owed, step, (begun, queued), &zone)?;
        }
        let before = self.arrived.entry((id, to)).or_default();
        claim(before.iter().all(|x| *x < step), || format!("step {step} of {id} to {to:?} after {before:?}"))?;
        before.push(step);
        Ok(())
    }

    /// That a step went on its day by the clocks of whoever got it, and no later one should have gone in its place.
    fn is_in_time(&self, owed: &Owed, step: i16, (now, queued): (Timestamp, Timestamp), zone: &TimeZone) -> Told {
        let id = owed.id;
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
    fn letters_of(&self, kept: &Kept) -> Vec<Said> {
        let local = kept.letter.message_id.split('@').next().unwrap();
        let (mut before, page) = (None, 50);
        loop {
            let letters = self.house.app.store.read(|r| r.letters(before, page)).unwrap();
            let own = |l: &&Letter| l.message_id == local && !matches!(l.state, LetterState::Withdrawn(..));
            if let Some(lead) = letters.iter().filter(own).find(|l| l.with.is_none()).or(letters.iter().find(own)) {
                let carried = |id: &LetterId| self.house.app.store.read(|r| r.letter(*id)).unwrap().unwrap();
                let along = lead.carries.iter().map(carried).filter(|l| l.with == Some(lead.id));
                let told = |l: &Letter| Said { purpose: l.purpose, to: l.to, queued: l.queued };
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
        self.refused = None;
        self.start_again().await;
        self.note_holds();
        for _ in 0..30 {
            self.house.later(SignedDuration::from_hours(7));
            self.note_holds();
            self.round().await?;
        }
        if self.house.app.store.read(|r| r.sending_held()).unwrap() {
            self.release().await;
        }
        self.round().await?;
        self.check_dunning()?;
        self.check_liveness()?;
        self.check_broken()?;
        self.check_late_notes()?;
        for customer in &self.customers {
            self.check_statements(customer)?;
        }
        let report = self.house.verify();
        claim(report.is_clean(), || format!("{:#?}", report.faults))
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
