//! Open invoices by when they want a person, and what was put off.
//!
//! Each open invoice stands once, under the reason for which it wants somebody and the instant from which it does. What
//! moves it is what the log is told anyway: sent, opened, a part paid, reminded.

use jiff::Timestamp;
use jiff::civil::Date;
use redb::ReadableTable;

use super::date_of;
use super::disputes::DisputeReads;
use super::error::StoreError;
use super::invoices::{OPEN, PART_PAID};
use super::promises::PromiseReads;
use super::records::Record;
use super::tables::{ATTENTION, ATTENTION_OF, SHELF_OF, SNOOZES};
use super::tx::{Reader, WriteTx};
use crate::domain::attention::{
    ANSWER_DAYS, CALL_AGAIN_DAYS, Item, REACTION_DAYS, Snooze, Want, days_after, silent_from, unopened_from,
};
use crate::domain::event::{Actor, Event};
use crate::domain::ids::{ClientId, InvoiceId};
use crate::domain::invoice::Invoice;
use crate::domain::promise::{Outcome, Promise};

/// Stands for all clients in the key; no client has it.
const ALL: u64 = 0;

/// Reading what wants a person.
pub trait AttentionReads: Reader {
    /// Open invoices of a client, or of all, that want somebody by `now` for this reason, the longest first, at most
    /// `limit`.
    fn wanting(
        &self,
        client: Option<ClientId>,
        want: Want,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<InvoiceId>, StoreError> {
        let (of, tag) = (client.map_or(ALL, |c| c.0), want.tag());
        let table = self.table(ATTENTION)?;
        let rows = table.range((of, tag, i64::MIN, 0)..=(of, tag, now.as_millisecond(), u64::MAX))?.take(limit);
        rows.map(|row| Ok(InvoiceId(row?.0.value().3))).collect()
    }

    /// Whether an open invoice wants somebody by `now`, and why.
    fn wants(&self, invoice: InvoiceId, now: Timestamp) -> Result<Option<Want>, StoreError> {
        let kept = self.table(ATTENTION_OF)?.get(invoice.0)?.map(|row| row.value());
        Ok(kept.filter(|x| x.2 <= now.as_millisecond()).and_then(|x| Want::ALL.into_iter().find(|w| w.tag() == x.1)))
    }

    /// What is put off on `today`, at most `limit`.
    fn snoozes(&self, today: Date, limit: usize) -> Result<Vec<Snooze>, StoreError> {
        let mut out = Vec::new();
        for row in self.table(SNOOZES)?.iter()?.take(limit) {
            let snooze = Snooze::decode(row?.1.value())?;
            if snooze.holds_on(today) {
                out.push(snooze);
            }
        }
        Ok(out)
    }

    /// The snooze of exactly this, ended or not.
    fn snooze(&self, item: Item) -> Result<Option<Snooze>, StoreError> {
        self.table(SNOOZES)?.get(item.key())?.map(|row| Snooze::decode(row.value())).transpose()
    }
}

impl<T: Reader + ?Sized> AttentionReads for T {}

/// The invoice that an event shows a client to have reacted to, or that is open again by it.
pub(super) fn reacted(event: &Event, actor: &Actor) -> Option<InvoiceId> {
    match event {
        Event::Opened { invoice, .. } | Event::Downloaded { invoice, .. } => {
            matches!(actor, Actor::Contact(_)).then_some(*invoice)
        }
        Event::Allocated { invoice, .. }
        | Event::AllocationUndone { invoice, .. }
        | Event::PaymentTakenBack { invoice, .. }
        | Event::WrittenOff { invoice, .. }
        | Event::EarlyPaymentTaken { invoice, .. }
        | Event::PaymentPromised { invoice, .. }
        | Event::PromiseWithdrawn { invoice, .. }
        | Event::PromiseKept { invoice, .. }
        | Event::PromiseBroken { invoice, .. }
        | Event::PromiseReopened { invoice, .. }
        | Event::Dispute { invoice, .. } => Some(*invoice),
        _ => None,
    }
}

/// Why and from when on an invoice that begins to be open wants somebody.
pub(super) fn beginning(invoice: &Invoice, due: Date, now: Timestamp) -> (Want, Timestamp) {
    match &invoice.issue {
        // What was brought in from another program was sent by that.
        Some(issue) if issue.elsewhere.is_some_and(|x| x.import.is_some()) => {
            (Want::Silent, silent_from(due, now, ANSWER_DAYS))
        }
        Some(issue) if issue.at == now => (Want::Unopened, unopened_from(now)),
        _ => (Want::Silent, silent_from(due, now, REACTION_DAYS)),
    }
}

/// Until when an open promise is waited for.
fn promised_until(promise: &Promise) -> Timestamp {
    silent_from(promise.last(), Timestamp::MIN, 0)
}

impl WriteTx<'_> {
    /// Sees to it that an invoice wants somebody as long as it is open and no longer.
    pub(super) fn begin_attention(&mut self, invoice: &Invoice, open: bool, due: Date) -> Result<(), StoreError> {
        let known = self.table(ATTENTION_OF)?.get(invoice.id.0)?.is_some();
        match (open, known) {
            (false, true) => self.end_attention(invoice.id),
            (true, false) => {
                let (want, at) = self.for_answer(invoice.id, beginning(invoice, due, self.now))?;
                self.put_attention(invoice.client, invoice.id, want, at)
            }
            _ => Ok(()),
        }
    }

    /// An open invoice wants nobody for some days, because something happened at `at`; a call that somebody is asked
    /// for stays asked for, unless payment was promised or it was disputed since. While it is disputed it wants an
    /// answer; where a promise is broken by that (`broke`), it wants somebody for it.
    pub(super) fn touch(
        &mut self,
        invoice: InvoiceId,
        at: Timestamp,
        (days, broke): (i32, bool),
    ) -> Result<(), StoreError> {
        let (known, now) = (self.known_want(invoice)?, self.now);
        let was = |want: Want| known == Some(want.tag());
        if self.standing_dispute(invoice)?.is_some() {
            // It waits since it was disputed, whatever happened since.
            return if was(Want::Disputed) { Ok(()) } else { self.stand(invoice, |_| (Want::Disputed, now)) };
        }
        let newest = self.newest_promise(invoice)?;
        let broken = newest.as_ref().is_some_and(|x| matches!(x.outcome, Outcome::Broken(_)));
        if was(Want::Call) && !broke && !newest.is_some_and(|x| x.keeps_back()) {
            return Ok(());
        }
        // It waits since the promise was broken, whatever happened since; where it does not, somebody called.
        match broken {
            true if was(Want::Broken) => Ok(()),
            true if broke || was(Want::Disputed) => self.stand(invoice, |_| (Want::Broken, now)),
            _ => self.leave_alone(invoice, at, days),
        }
    }

    /// An open invoice wants somebody to call, at once; one that is disputed, or waits because a promise was broken,
    /// wants that already.
    pub fn ask_for_call(&mut self, client: ClientId, invoice: InvoiceId) -> Result<(), StoreError> {
        let known = self.known_want(invoice)?;
        if known == Some(Want::Broken.tag()) || self.standing_dispute(invoice)?.is_some() {
            return Ok(());
        }
        let promise = self.newest_promise(invoice)?.filter(Promise::keeps_back);
        let (want, at) = promise.map_or((Want::Call, self.now), |x| (Want::Silent, promised_until(&x).max(self.now)));
        self.end_attention(invoice)?;
        self.put_attention(client, invoice, want, at)
    }

    /// Somebody called about an open invoice: it wants nobody until an answer is due, but for one that is disputed,
    /// which wants its answer. Where a promise was broken and nobody was reached, it wants somebody for that again
    /// after a day.
    pub fn called(&mut self, invoice: InvoiceId, reached: bool) -> Result<(), StoreError> {
        if self.standing_dispute(invoice)?.is_some() {
            return Ok(());
        }
        if reached || self.known_want(invoice)? != Some(Want::Broken.tag()) {
            return self.leave_alone(invoice, self.now, ANSWER_DAYS);
        }
        let from = days_after(self.now, CALL_AGAIN_DAYS);
        self.stand(invoice, |_| (Want::Broken, from))
    }

    fn known_want(&self, invoice: InvoiceId) -> Result<Option<u8>, StoreError> {
        Ok(self.table(ATTENTION_OF)?.get(invoice.0)?.map(|row| row.value().1))
    }

    /// It wants somebody for having been silent, some days after `at`, and not before the end of an open promise.
    fn leave_alone(&mut self, invoice: InvoiceId, at: Timestamp, days: i32) -> Result<(), StoreError> {
        let after = self.newest_promise(invoice)?.filter(Promise::keeps_back).map(|x| promised_until(&x));
        self.stand(invoice, |due| (Want::Silent, silent_from(due, at, days).max(after.unwrap_or(Timestamp::MIN))))
    }

    /// Has an open invoice stand where `place` says, by the day on which it is due.
    fn stand(&mut self, invoice: InvoiceId, place: impl FnOnce(Date) -> (Want, Timestamp)) -> Result<(), StoreError> {
        let shelf = self.table(SHELF_OF)?.get(invoice.0)?.map(|x| x.value());
        let Some((client, _, due)) = shelf.filter(|x| matches!(x.1, OPEN | PART_PAID)) else { return Ok(()) };
        let (want, from) = place(date_of(due));
        self.end_attention(invoice)?;
        self.put_attention(ClientId(client), invoice, want, from)
    }

    /// Why and from when on an open invoice wants somebody: at once while it is disputed; else by what was promised of
    /// it last, at once when that was broken, and while it is open not before it is.
    fn for_answer(&self, invoice: InvoiceId, otherwise: (Want, Timestamp)) -> Result<(Want, Timestamp), StoreError> {
        if self.standing_dispute(invoice)?.is_some() {
            return Ok((Want::Disputed, self.now));
        }
        Ok(match self.newest_promise(invoice)? {
            Some(Promise { outcome: Outcome::Broken(_), .. }) => (Want::Broken, self.now),
            Some(promise) if promise.keeps_back() => (Want::Silent, otherwise.1.max(promised_until(&promise))),
            _ => otherwise,
        })
    }

    pub(super) fn put_attention(
        &mut self,
        client: ClientId,
        invoice: InvoiceId,
        want: Want,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let (tag, ms) = (want.tag(), at.as_millisecond());
        let mut table = self.change(ATTENTION)?;
        table.insert((ALL, tag, ms, invoice.0), ())?;
        table.insert((client.0, tag, ms, invoice.0), ())?;
        drop(table);
        self.change(ATTENTION_OF)?.insert(invoice.0, (client.0, tag, ms))?;
        Ok(())
    }

    pub(super) fn end_attention(&mut self, invoice: InvoiceId) -> Result<(), StoreError> {
        let old = self.change(ATTENTION_OF)?.remove(invoice.0)?.map(|x| x.value());
        let Some((client, tag, ms)) = old else { return Ok(()) };
        let mut table = self.change(ATTENTION)?;
        table.remove((ALL, tag, ms, invoice.0))?;
        table.remove((client, tag, ms, invoice.0))?;
        Ok(())
    }

    /// Keeps a snooze in the place of an earlier one of the same.
    pub fn put_snooze(&mut self, snooze: &Snooze) -> Result<(), StoreError> {
        let bytes = snooze.encode()?;
        self.change(SNOOZES)?.insert(snooze.item.key(), bytes.as_slice())?;
        Ok(())
    }

    /// Takes a snooze away; whether there was one.
    pub fn end_snooze(&mut self, item: Item) -> Result<bool, StoreError> {
        Ok(self.change(SNOOZES)?.remove(item.key())?.is_some())
    }

    /// Clears away snoozes whose last day is before `today`; how many.
    pub fn sweep_snoozes(&mut self, today: Date) -> Result<usize, StoreError> {
        let mut over = Vec::new();
        for row in self.table(SNOOZES)?.iter()? {
            let snooze = Snooze::decode(row?.1.value())?;
            if !snooze.holds_on(today) {
                over.push(snooze.item);
            }
        }
        for item in &over {
            self.end_snooze(*item)?;
        }
        Ok(over.len())
    }
}
