//! Promises to pay in the life of a firm: made, changed and withdrawn by contacts and staff; and what the model makes
//! of them.

use counterfoil::actions::promises;
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::event::{Actor, By};
use counterfoil::domain::ids::AllocationId;
use counterfoil::domain::promise::{Outcome, Wish};
use counterfoil::store::prelude::*;
use counterfoil::store::scope::Pass;
use jiff::ToSpan;
use jiff::civil::Date;

use super::{Owed, Planted, Told, World, claim};
use crate::house::*;

/// Days of grace of the standard policy.
const GRACE: i64 = 3;

/// A promise as the model knows it.
pub(super) struct Promised {
    /// The last day on which money keeps it.
    pub last: Date,
    amount: i64,
    /// What was asked for when it was made, or when that changed otherwise than by a payment last.
    of: i64,
    /// What settled the invoice since, in time; what has no allocation is never taken back.
    since: Vec<(Option<AllocationId>, i64)>,
}

impl Promised {
    fn is_kept(&self) -> bool {
        self.since.iter().map(|x| x.1).sum::<i64>() >= self.amount
    }

    /// Whether it is open on a day.
    fn runs_on(&self, day: Date) -> bool {
        day <= self.last && !self.is_kept()
    }

    /// Whether it keeps reminders back on a day.
    pub fn holds_on(&self, day: Date) -> bool {
        self.runs_on(day) && self.amount * 2 >= self.of
    }
}

impl Owed {
    /// Something is disputed, or no longer, or money went back: what is promised is measured with what is asked for
    /// now, and what was paid since.
    pub(super) fn measure(&mut self) {
        if self.open() == 0 {
            return;
        }
        let asked = self.to_ask();
        if let Some(promised) = &mut self.promised {
            let paid: i64 = promised.since.iter().filter(|x| x.0.is_some()).map(|x| x.1).sum();
            promised.of = asked + paid;
        }
    }
}

impl World {
    /// More of an invoice is settled, by an allocation or for good.
    pub(super) fn settle(&mut self, i: usize, part: i64, allocation: Option<AllocationId>) {
        let today = self.house.app.today();
        self.owed[i].settled += part;
        if let Some(promised) = self.owed[i].promised.as_mut().filter(|x| today <= x.last) {
            promised.since.push((allocation, part));
        }
    }

    /// An allocation is gone.
    pub(super) fn unsettle(&mut self, i: usize, part: i64, allocation: AllocationId) {
        if self.owed[i].open() == 0 {
            self.owed[i].reopened = Some(self.house.app.now());
        }
        self.owed[i].settled -= part;
        if let Some(promised) = &mut self.owed[i].promised {
            promised.since.retain(|x| x.0 != Some(allocation));
        }
        self.owed[i].measure();
    }

    /// Somebody promises to pay an invoice, again perhaps; or what is promised is withdrawn.
    pub(super) async fn promise_or_withdraw(&mut self) {
        let today = self.house.app.today();
        let open: Vec<usize> = (0..self.owed.len()).filter(|&i| self.owed[i].open() > 0).collect();
        let newest = open.len().min(6) as u64;
        let Some(i) = open.iter().rev().nth(self.chance.below(newest.max(1)) as usize).copied() else { return };
        let runs = |x: &Owed| x.promised.as_ref().is_some_and(|x| x.runs_on(today));
        let by_contact = self.one_in(2);
        if runs(&self.owed[i]) && self.one_in(3) {
            self.owed[i].promised = None;
            if self.planted != Planted::SilentPromise {
                self.withdraw(i, by_contact).await;
            }
            return;
        }
        let (open, asked) = (self.owed[i].open(), self.owed[i].to_ask());
        let amount = if self.one_in(2) { open } else { 1 + self.chance.below(open as u64) as i64 };
        let day = today + (self.chance.below(if by_contact { 30 } else { 45 }) as i64).days();
        self.owed[i].promised = Some(Promised { last: day + GRACE.days(), amount, of: asked, since: Vec::new() });
        if self.planted == Planted::SilentPromise {
            return;
        }
        self.numbers += 1;
        // Never the same twice, which would count once.
        let wish = Wish { day, amount: eur(amount), note: self.numbers.to_string() };
        self.promise(i, by_contact, wish).await;
    }

    async fn promise(&self, i: usize, by_contact: bool, wish: Wish) {
        let (house, zone, id) = (&self.house, dublin(), self.owed[i].id);
        if !by_contact {
            let act = move |w: &mut WriteTx<'_>, s: &StaffScope| promises::record(w, s, id, &wish, &zone);
            house.act(house.who.tom, act).await.unwrap();
            return;
        }
        let (by, pass, number) = self.contact_of(i);
        let act = move |w: &mut WriteTx<'_>| promises::promise(w, pass, &number, &wish, &zone);
        house.app.store.write(by, house.app.now(), act).await.unwrap();
    }

    async fn withdraw(&self, i: usize, by_contact: bool) {
        let (house, zone, id) = (&self.house, dublin(), self.owed[i].id);
        if !by_contact {
            let act = move |w: &mut WriteTx<'_>, s: &StaffScope| promises::withdraw_recorded(w, s, id, &zone);
            house.act(house.who.tom, act).await.unwrap();
            return;
        }
        let (by, pass, number) = self.contact_of(i);
        let act = move |w: &mut WriteTx<'_>| promises::withdraw(w, pass, &number, &zone);
        house.app.store.write(by, house.app.now(), act).await.unwrap();
    }

    pub(super) fn contact_of(&self, i: usize) -> (By, Pass, counterfoil::domain::number::DocumentNumber) {
        let contact = self.customers[self.owed[i].client].steady;
        let invoice = self.house.app.store.read(|r| r.invoice(self.owed[i].id)).unwrap().unwrap();
        let by = By { actor: Actor::Contact(contact), address: None };
        (by, Pass { contact, only: None }, invoice.number().unwrap().clone())
    }

    /// A promise is kept where the model says so, and nowhere else.
    pub(super) fn check_promises(&self) -> Told {
        if self.planted == Planted::SilentPromise {
            return Ok(()); // a letter must tell
        }
        for owed in &self.owed {
            let Some(promised) = &owed.promised else { continue };
            let newest = self.house.app.store.read(|r| r.newest_promise(owed.id)).unwrap();
            let outcome = newest.as_ref().map(|x| x.outcome);
            let kept = matches!(outcome, Some(Outcome::Kept(_)));
            claim(kept == promised.is_kept(), || {
                format!("the promise of {} is {outcome:?}, and it is kept: {}", owed.id, promised.is_kept())
            })?;
        }
        Ok(())
    }
}
