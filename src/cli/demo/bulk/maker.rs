//! Makes the documents of a generated firm with what becomes of them, in batches and in the order of time.
//!
//! Writes nothing; whoever takes a batch does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc;

use jiff::civil::{Date, time};
use jiff::{SignedDuration, Timestamp};

use super::super::firm::CLIENTS;
use super::super::plan::days;
use super::super::story::Setting;
use super::super::work::{self, Dice};
use super::{BATCH, invoice};
use crate::actions::invoices;
use crate::app::App;
use crate::domain::calendar::{is_business_day, wall_clock};
use crate::domain::client::Party;
use crate::domain::event::{Actor, By, Event};
use crate::domain::firm::{Firm, Letterhead};
use crate::domain::ids::{AllocationId, ClientId, FileRef, InvoiceId, ReceiptId, StaffId};
use crate::domain::invoice::{Invoice, Issue, Kind};
use crate::domain::money::{Currency, Money};
use crate::domain::number::{DocumentNumber, Pattern};
use crate::domain::payment::{Allocation, Method, Receipt, Source};
use crate::domain::refusal::{FieldFault, Refusal};
use crate::domain::reminder;
use crate::domain::tax::Content;
use crate::store::bulk::{Batch, Line as LogLine};
use crate::store::prelude::*;

/// Makes batches, in the order of time.
pub(super) struct Maker {
    dice: Dice,
    firm: Firm,
    pdfs: Vec<FileRef>,
    parties: Arc<Vec<Party>>,
    zone: jiff::tz::TimeZone,
    policy: reminder::Policy,
    first: Date,
    end: Date,
    now: Timestamp,
    batch: Batch,
    /// Lines of days to come: payments.
    coming: BTreeMap<Date, Vec<LogLine>>,
    ids: Ids,
}

/// Last identifiers and numbers given.
#[derive(Default)]
struct Ids {
    invoice: u64,
    receipt: u64,
    allocation: u64,
    /// Per year.
    numbers: BTreeMap<i16, u64>,
    credits: u64,
}

impl Maker {
    pub(super) fn new(
        app: &App,
        setting: &Setting,
        firm: Firm,
        pdfs: Vec<FileRef>,
        parties: Arc<Vec<Party>>,
        first: Date,
        end: Date,
    ) -> Result<Self, ActError> {
        if pdfs.is_empty() || parties.is_empty() {
            return Err(Refusal::from(FieldFault::new("clients", "Ask for at least one client.")).into());
        }
        Ok(Self {
            dice: Dice::new(setting.seed ^ 0xb01d),
            firm,
            pdfs,
            parties,
            zone: app.settings.zone.clone(),
            policy: app.store.read(|r| r.policy())?,
            first,
            end,
            now: setting.end,
            batch: Batch::default(),
            coming: BTreeMap::new(),
            ids: Ids::default(),
        })
    }

    pub(super) fn run(&mut self, count: u64, send: &mpsc::SyncSender<Batch>) -> Result<(), ActError> {
        let mut working = Vec::new();
        let mut date = self.first;
        while date < self.end {
            working.extend(is_business_day(date).then_some(date));
            date = days(date, 1);
        }
        let of = working.len().max(1) as u64;
        for (n, date) in (0_u64..).zip(working) {
            let today = count * (n + 1) / of - count * n / of;
            self.day(date, today)?;
            if self.batch.documents.len() >= BATCH && !self.hand_over(send) {
                return Ok(());
            }
        }
        self.flush(days(self.end, 1));
        self.hand_over(send);
        Ok(())
    }

    /// False when nobody takes batches any more.
    fn hand_over(&mut self, send: &mpsc::SyncSender<Batch>) -> bool {
        let mut batch = std::mem::take(&mut self.batch);
        if batch.lines.is_empty() {
            return true;
        }
        let series = |name, pattern: &Pattern, year: i16| {
            invoices::series(name, pattern, Date::new(year, 1, 1).unwrap_or(Date::MIN))
        };
        let ids = &self.ids;
        batch.sequences = [("invoice", ids.invoice), ("receipt", ids.receipt), ("allocation", ids.allocation)]
            .map(|(name, last)| (name.to_owned(), last))
            .to_vec();
        let numbers =
            ids.numbers.iter().map(|(year, last)| (series("invoice", &self.firm.series.invoice, *year), *last));
        batch.sequences.extend(numbers);
        batch.sequences.push((series("credit-note", &self.firm.series.credit_note, self.end.year()), ids.credits));
        send.send(batch).is_ok()
    }

    /// Lines of payments before `date`, in their order.
    fn flush(&mut self, date: Date) {
        let later = self.coming.split_off(&date);
        for (_, mut lines) in std::mem::replace(&mut self.coming, later) {
            lines.sort_by_key(|l| l.at);
            self.batch.lines.append(&mut lines);
        }
    }

    fn day(&mut self, date: Date, count: u64) -> Result<(), ActError> {
        self.flush(date);
        let opens = wall_clock(date, time(9, 0, 0, 0), &self.zone);
        let mut lines = self.coming.remove(&date).unwrap_or_default();
        for n in 0..count {
            let seconds = i64::try_from(n * 28_800 / count.max(1)).unwrap_or(0);
            let at = opens.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(opens);
            self.one(date, at, &mut lines)?;
        }
        lines.sort_by_key(|l| l.at);
        self.batch.lines.append(&mut lines);
        Ok(())
    }

    /// One invoice and what becomes of it.
    fn one(&mut self, date: Date, at: Timestamp, lines: &mut Vec<LogLine>) -> Result<(), ActError> {
        let clients = i32::try_from(self.parties.len()).unwrap_or(i32::MAX);
        let place = self.dice.between(0, clients - 1).unsigned_abs();
        let month = date.strftime("%B %Y").to_string();
        let (title, work) = work::bill(&self.dice, &CLIENTS[0], Currency::EUR, &month);
        self.ids.invoice += 1;
        let draft =
            invoice(InvoiceId(self.ids.invoice), ClientId(u64::from(place) + 1), title, date, Content::of(work));
        let sequence = self.ids.numbers.entry(date.year()).or_default();
        *sequence += 1;
        let number = self.firm.series.invoice.write(date.year(), *sequence).map_err(Refusal::from)?;
        let issued = self.issued(draft, number, at)?;
        lines.push(line_of(&issued, at));
        self.batch.documents.push(issued.clone());
        self.fate(&issued, at, lines)
    }

    fn issued(&self, draft: Invoice, number: DocumentNumber, at: Timestamp) -> Result<Invoice, ActError> {
        let totals = draft.totals().ok_or(Refusal::TryAgain)?;
        let place = usize::try_from(draft.client.0 - 1).unwrap_or(0);
        let buyer = self.parties.get(place).cloned().unwrap_or_default();
        let pdf = self.pdfs[usize::try_from(draft.id.0).unwrap_or(0) % self.pdfs.len()].clone();
        let pdf = FileRef { name: number.file_name("pdf"), ..pdf };
        let by = Some(StaffId(draft.client.0 % 3 + 1));
        let (seller, letterhead) = (self.firm.party.clone(), Letterhead::of(&self.firm));
        let issue = Issue { number, at, by, pdf, seller, buyer, letterhead, totals, elsewhere: None };
        Ok(Invoice { issue: Some(issue), changed: at, ..draft })
    }

    /// Most are paid around their due date; of the others a few are open for long, part paid, or credited on the day.
    fn fate(&mut self, invoice: &Invoice, at: Timestamp, lines: &mut Vec<LogLine>) -> Result<(), ActError> {
        let owed = invoice.payable();
        let (luck, moved) = (self.dice.between(0, 999), self.dice.between(-12, 26));
        let paid = days(invoice.due, i64::from(moved));
        match luck {
            0..=9 => return self.credit(invoice, at, lines),
            10..=23 => {}
            24..=36 if paid < self.end => {
                self.receive(invoice, Money::new(owed.minor / 3, owed.currency), owed, paid);
            }
            _ if paid < self.end => {
                self.receive(invoice, owed, owed, paid);
                return Ok(());
            }
            _ => {}
        }
        self.wait(invoice);
        Ok(())
    }

    /// Takes an invoice back within the minute.
    fn credit(&mut self, invoice: &Invoice, at: Timestamp, lines: &mut Vec<LogLine>) -> Result<(), ActError> {
        (self.ids.invoice, self.ids.credits) = (self.ids.invoice + 1, self.ids.credits + 1);
        let number =
            self.firm.series.credit_note.write(invoice.dated.year(), self.ids.credits).map_err(Refusal::from)?;
        let draft = Invoice {
            id: InvoiceId(self.ids.invoice),
            kind: Kind::CreditNote(invoice.id),
            title: format!("Credit for {}", invoice.number().map(ToString::to_string).unwrap_or_default()),
            due: invoice.dated,
            issue: None,
            ..invoice.clone()
        };
        let at = at.saturating_add(SignedDuration::from_secs(40)).unwrap_or(at);
        let note = self.issued(draft, number, at)?;
        lines.push(line_of(&note, at));
        let whole = invoice.payable();
        self.allocate(invoice, Source::Credit(note.id), whole, invoice.dated, at);
        lines.push(allocated(invoice, whole, Money::zero(whole.currency), at));
        self.batch.documents.push(note);
        Ok(())
    }

    fn wait(&mut self, invoice: &Invoice) {
        let plan = reminder::plan(invoice.due, &self.policy, &self.zone);
        let published = invoice.issue.as_ref().map_or(self.now, |i| i.at);
        if let Some(at) = reminder::next_wake(&plan, published, &BTreeSet::new(), self.now) {
            self.batch.reminders.push((invoice.id, at));
        }
    }

    fn receive(&mut self, invoice: &Invoice, amount: Money, owed: Money, on: Date) {
        if amount.minor <= 0 {
            return;
        }
        self.ids.receipt += 1;
        let (hour, minute) = (10 + self.ids.receipt % 6, self.ids.receipt % 60);
        let part = |n: u64| i8::try_from(n).unwrap_or(0);
        let at = wall_clock(on, time(part(hour), part(minute), 0, 0), &self.zone);
        let id = ReceiptId(self.ids.receipt);
        let (client, method, by) = (invoice.client, Method::Transfer, StaffId(1));
        let reference = invoice.number().map(ToString::to_string).unwrap_or_default();
        let Ok(number) = format!("R-{:07}", id.0).parse::<DocumentNumber>() else { return };
        let (payer, payee) =
            invoice.issue.as_ref().map_or_else(Default::default, |x| (x.buyer.clone(), x.seller.clone()));
        let (reversed, named) = (None, number.clone());
        let receipt = Receipt { id, client, number, payer, payee, amount, on, method, reference, at, by, reversed };
        self.batch.receipts.push(receipt);
        self.allocate(invoice, Source::Receipt(id), amount, on, at);
        let left = Money::new(owed.minor - amount.minor, owed.currency);
        let about = About::client(client);
        let lines = self.coming.entry(on).or_default();
        let event = Event::ReceiptRecorded { receipt: id, number: named, amount };
        lines.push(LogLine { at, by: desk(), about, event });
        lines.push(allocated(invoice, amount, left, at));
    }

    fn allocate(&mut self, invoice: &Invoice, source: Source, amount: Money, on: Date, at: Timestamp) {
        self.ids.allocation += 1;
        let id = AllocationId(self.ids.allocation);
        self.batch.allocations.push(Allocation {
            id,
            source,
            invoice: invoice.id,
            amount,
            on,
            at,
            reason: String::new(),
        });
    }
}

fn desk() -> By {
    By { actor: Actor::Staff(StaffId(1)), address: None }
}

fn line_of(document: &Invoice, at: Timestamp) -> LogLine {
    let by = By { actor: Actor::Staff(StaffId(document.client.0 % 3 + 1)), address: None };
    let about = About::invoice(document.client, document.id);
    let (total, invoice) = (document.payable(), document.id);
    let event = match (&document.issue, document.kind) {
        (Some(issue), Kind::CreditNote(of)) => {
            let (number, digest) = (issue.number.clone(), issue.pdf.digest);
            Event::CreditNoteIssued { credit: invoice, number, total, digest, of }
        }
        (Some(issue), Kind::Invoice) => {
            Event::InvoiceIssued { invoice, number: issue.number.clone(), total, digest: issue.pdf.digest }
        }
        (None, _) => Event::DraftSaved { invoice, total },
    };
    LogLine { at, by, about, event }
}

fn allocated(invoice: &Invoice, amount: Money, left_open: Money, at: Timestamp) -> LogLine {
    let about = About::invoice(invoice.client, invoice.id);
    LogLine { at, by: desk(), about, event: Event::Allocated { invoice: invoice.id, amount, left_open } }
}
