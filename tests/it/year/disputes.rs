//! Disputes in the life of a firm: raised, changed, answered and withdrawn by contacts and staff; and what the model
//! makes of them.

use counterfoil::actions::disputes;
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::dispute::{Ground, Outcome, Part, Wish};
use counterfoil::store::prelude::*;

use super::{Owed, Planted, Told, World, claim};
use crate::house::*;

/// A dispute that nobody ended, as the model knows it.
#[derive(Clone, Copy)]
pub(super) enum Disputed {
    /// All of the invoice.
    Whole,
    /// So much of it, or what is open if that is less.
    Amount(i64),
}

impl Owed {
    /// What of it is disputed now.
    pub(super) fn disputed(&self) -> i64 {
        match self.disputed {
            None => 0,
            Some(Disputed::Whole) => self.open(),
            Some(Disputed::Amount(minor)) => minor.min(self.open()),
        }
    }

    /// What was agreed on is credited, or nothing has to be credited.
    pub(super) fn no_more_dispute(&mut self) {
        if self.upheld {
            (self.disputed, self.upheld) = (None, false);
            self.measure();
        }
    }

    /// What a promise is measured with: what is asked for, or all where that is nothing.
    pub(super) fn to_ask(&self) -> i64 {
        if self.asked() > 0 { self.asked() } else { self.open() }
    }

    /// What reminders ask for.
    pub(super) fn asked(&self) -> i64 {
        self.open() - self.disputed()
    }
}

impl World {
    /// Somebody disputes an invoice or changes what they dispute; or a dispute is withdrawn, upheld or rejected.
    pub(super) async fn dispute_or_end(&mut self) {
        let open: Vec<usize> = (0..self.owed.len()).filter(|&i| self.owed[i].open() > 0).collect();
        let newest = open.len().min(6) as u64;
        let Some(i) = open.iter().rev().nth(self.chance.below(newest.max(1)) as usize).copied() else { return };
        let by_contact = self.one_in(2);
        if self.owed[i].upheld {
            return self.close_dispute(i).await;
        }
        if self.owed[i].disputed.is_some() && !self.one_in(4) {
            return self.end_dispute(i, by_contact).await;
        }
        let open = self.owed[i].open();
        let amount = 1 + self.chance.below(open as u64) as i64;
        let part = if self.one_in(2) || amount == open { Part::Whole } else { Part::Amount(amount) };
        let raised = self.owed[i].disputed.is_none();
        self.owed[i].disputed = Some(match part {
            Part::Amount(minor) => Disputed::Amount(minor),
            _ => Disputed::Whole,
        });
        self.owed[i].measure();
        if self.planted == Planted::SilentDispute {
            return;
        }
        self.numbers += 1;
        // Never the same twice, which would count once.
        let wish = Wish { part, ground: Ground::ALL[self.chance.below(6) as usize], words: self.numbers.to_string() };
        self.dispute(i, (by_contact, raised), wish).await;
    }

    async fn dispute(&self, i: usize, (by_contact, raised): (bool, bool), wish: Wish) {
        let (house, zone, id) = (&self.house, dublin(), self.owed[i].id);
        let seen = house.app.store.read(|r| r.open_dispute(id)).unwrap().map(|x| (x.id, x.changes));
        assert_eq!(seen.is_none(), raised, "the model knows what is disputed");
        if !by_contact {
            let act = move |w: &mut WriteTx<'_>, s: &StaffScope| match seen {
                Some(seen) => disputes::change_recorded(w, s, id, seen, &wish, &zone),
                None => disputes::record(w, s, id, &wish, &zone),
            };
            house.act(house.who.tom, act).await.unwrap();
            return;
        }
        let (by, pass, number) = self.contact_of(i);
        let act = move |w: &mut WriteTx<'_>| match seen {
            Some(seen) => disputes::change(w, pass, &number, seen, &wish, &zone),
            None => disputes::raise(w, pass, &number, &wish, &zone),
        };
        house.app.store.write(by, house.app.now(), act).await.unwrap();
    }

    async fn end_dispute(&mut self, i: usize, by_contact: bool) {
        let (zone, id, how) = (dublin(), self.owed[i].id, self.chance.below(3));
        // What was agreed on is not asked for until it is credited.
        self.owed[i].upheld = how == 1;
        if how != 1 {
            self.owed[i].disputed = None;
        }
        self.owed[i].measure();
        if self.planted == Planted::SilentDispute {
            return;
        }
        if by_contact && how == 0 {
            let (by, pass, number) = self.contact_of(i);
            let act = move |w: &mut WriteTx<'_>| disputes::withdraw(w, pass, &number, &zone);
            return self.house.app.store.write(by, self.house.app.now(), act).await.unwrap();
        }
        let act = move |w: &mut WriteTx<'_>, s: &StaffScope| match how {
            0 => disputes::withdraw_recorded(w, s, id, &zone),
            1 => disputes::uphold(w, s, (id, None), "", &zone),
            _ => disputes::reject(w, s, (id, None), "as agreed", &zone),
        };
        self.house.act(self.house.who.tom, act).await.unwrap();
    }

    /// Nothing has to be credited of what was agreed on.
    async fn close_dispute(&mut self, i: usize) {
        let id = self.owed[i].id;
        self.owed[i].no_more_dispute();
        if self.planted != Planted::SilentDispute {
            let act = move |w: &mut WriteTx<'_>, s: &StaffScope| disputes::close(w, s, id);
            self.house.act(self.house.who.tom, act).await.unwrap();
        }
    }

    /// A dispute is open where the model says so, and nowhere else, and of as much.
    pub(super) fn check_disputes(&self) -> Told {
        if self.planted == Planted::SilentDispute {
            return Ok(()); // a letter must tell
        }
        for owed in &self.owed {
            let newest = self.house.app.store.read(|r| r.newest_dispute(owed.id)).unwrap();
            let Some(newest) = newest else {
                claim(owed.disputed.is_none(), || format!("{} is disputed, and nobody knows", owed.id))?;
                continue;
            };
            let open = owed.disputed.is_some() && !owed.upheld && owed.open() > 0;
            claim((newest.outcome == Outcome::Open) == open, || {
                format!("the dispute of {} is {:?}, and it is open: {open}", owed.id, newest.outcome)
            })?;
            let disputed = newest.disputed(eur(owed.open())).minor;
            claim(disputed == owed.disputed(), || {
                format!("{disputed} of {} is disputed, the model says {}", owed.id, owed.disputed())
            })?;
        }
        Ok(())
    }
}
