//! From the ledger's records to the shapes that statements and ageing are computed from, per currency.
//!
//! Pure functions over what was read, for the portal and the desk alike, so that both show the same account. Drafts are
//! left out. Knows nothing of who asks: whoever reads the records has checked that.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::day;
use super::error::StoreError;
use super::invoices::InvoiceReads;
use super::payments::{PaymentReads, Unapplied};
use super::refunds::RefundReads;
use super::tx::Reader;
use crate::domain::ids::ClientId;
use crate::domain::invoice::{Invoice, Kind};
use crate::domain::money::Currency;
use crate::domain::open_items::{OpenItems, Titles, open_items};
use crate::domain::payment::{Allocation, Open, Receipt, Refund, Returned, Reversal, Source};
pub use crate::domain::statement::Reckoned;
use crate::domain::statement::{
    Account, Ageing, Charge, Credit, Entry, EntryKind, OpenItem, PaidBack, Way, balance_forward,
};
use crate::domain::text::capital;

/// A client's books: everything from which account and ageing follow.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Books {
    /// Invoices and credit notes.
    pub invoices: Vec<Invoice>,
    /// Money received.
    pub receipts: Vec<Receipt>,
    /// Money paid back.
    pub refunds: Vec<Refund>,
    /// What settled the invoices; what was waived has no other record.
    pub allocations: Vec<Allocation>,
}

impl Books {
    /// A client's books up to `to`, inclusive.
    ///
    /// # Errors
    /// When the store fails.
    pub fn of(reader: &(impl Reader + ?Sized), client: ClientId, to: Date) -> Result<Self, StoreError> {
        let invoices = reader.invoices_dated(client, to)?;
        let (receipts, refunds) = (reader.receipts_of(client, day(to))?, reader.refunds_of(client, to)?);
        let mut allocations = Vec::new();
        for invoice in &invoices {
            allocations.extend(reader.allocations_of(invoice.id)?);
        }
        Ok(Self { invoices, receipts, refunds, allocations })
    }

    /// The account in every currency that anything was charged or paid in, from `from` to `to`, both inclusive, out of
    /// everything dated up to `to`.
    pub fn reckoned(&self, from: Date, to: Date) -> Vec<Reckoned> {
        let mut accounts = self.accounts();
        let one = |(currency, entries)| Reckoned {
            currency,
            statement: balance_forward(entries, from, to),
            ageing: accounts.remove(&currency).unwrap_or_default().ageing(to),
        };
        self.entries().into_iter().map(one).collect()
    }

    /// What is open as of `to`, which ends in `zone`, in every currency in which anything is; where nothing is, an
    /// empty statement in `own`.
    pub fn open_items(&self, to: Date, own: Currency, zone: &TimeZone) -> Vec<OpenItems> {
        let titles = self.titles();
        let one = |(currency, account)| open_items(currency, &account, &titles, to, zone);
        let mut all: Vec<OpenItems> = self.accounts().into_iter().map(one).collect();
        all.retain(|x| !x.lines.is_empty() || !x.later.is_empty());
        if all.is_empty() { vec![OpenItems::empty(own)] } else { all }
    }

    fn titles(&self) -> Titles {
        let documents = self.invoices.iter().filter_map(|x| Some((x.id, document_entry(x)?)));
        let receipts = self.receipts.iter().map(|x| (x.id, receipt_entry(x)));
        Titles { documents: documents.collect(), receipts: receipts.collect() }
    }

    /// The lines of the account, in no particular order: one list per currency.
    pub fn entries(&self) -> BTreeMap<Currency, Vec<Entry>> {
        let mut out: BTreeMap<Currency, Vec<Entry>> = BTreeMap::new();
        for (invoice, entry) in self.invoices.iter().filter_map(|x| Some((x, document_entry(x)?))) {
            out.entry(invoice.currency).or_default().push(entry);
        }
        for receipt in &self.receipts {
            let lines = out.entry(receipt.amount.currency).or_default();
            lines.push(receipt_entry(receipt));
            lines.extend(receipt.reversed.as_ref().map(|reversal| reversal_entry(receipt, reversal)));
        }
        for refund in &self.refunds {
            let lines = out.entry(refund.amount.currency).or_default();
            lines.push(refund_entry(refund));
            lines.extend(refund.returned.as_ref().map(|returned| returned_entry(refund, returned)));
        }
        let known: BTreeMap<_, _> = self.invoices.iter().map(|x| (x.id, x)).collect();
        for waived in &self.allocations {
            let Some(kind) = waived_kind(waived.source) else { continue };
            let of = known.get(&waived.invoice);
            let number = of.and_then(|x| x.number()).map(ToString::to_string).unwrap_or_default();
            let is_note = kind == EntryKind::WrittenOff && of.is_some_and(|x| x.late.is_some());
            let kind = if is_note { EntryKind::LateNoteWrittenOff } else { kind };
            out.entry(waived.amount.currency).or_default().push(waived_entry(kind, number, waived));
        }
        out
    }

    /// The accounts, one per currency, for an ageing as of any day.
    pub fn accounts(&self) -> BTreeMap<Currency, Account> {
        let mut out: BTreeMap<Currency, Account> = BTreeMap::new();
        for invoice in &self.invoices {
            let Some(issue) = &invoice.issue else { continue };
            let account = out.entry(invoice.currency).or_default();
            let (dated, amount) = (invoice.dated, issue.totals.payable);
            match invoice.kind {
                Kind::Invoice => {
                    let (due, terms) = (invoice.due, invoice.terms.clone());
                    account.charges.push(Charge { invoice: invoice.id, dated, due, amount, terms });
                }
                Kind::CreditNote(_) => {
                    account.credits.push(Credit { source: Source::Credit(invoice.id), dated, amount, until: None });
                }
            }
        }
        for receipt in &self.receipts {
            let account = out.entry(receipt.amount.currency).or_default();
            let (source, dated) = (Source::Receipt(receipt.id), receipt.on);
            let until = receipt.reversed.as_ref().map(|x| x.on);
            account.credits.push(Credit { source, dated, amount: receipt.amount.minor, until });
            account.allocations.extend(receipt.reversed.iter().flat_map(|x| x.parts.iter().cloned()));
        }
        for refund in &self.refunds {
            let (dated, until) = (refund.on, refund.returned.as_ref().map(|x| x.on));
            let (source, amount, recorded_at) = (refund.source, refund.amount.minor, refund.at);
            let back = PaidBack { source, dated, amount, until, recorded_at };
            out.entry(refund.amount.currency).or_default().refunds.push(back);
        }
        for allocation in &self.allocations {
            out.entry(allocation.amount.currency).or_default().allocations.push(allocation.clone());
        }
        out
    }
}

fn document_entry(invoice: &Invoice) -> Option<Entry> {
    let issue = invoice.issue.as_ref()?;
    let (kind, amount) = match invoice.kind {
        Kind::Invoice if invoice.late.is_some() => (EntryKind::LateNote, issue.totals.payable),
        Kind::Invoice => (EntryKind::Invoice, issue.totals.payable),
        Kind::CreditNote(_) => (EntryKind::CreditNote, issue.totals.payable.saturating_neg()),
    };
    let (number, title) = (issue.number.to_string(), invoice.title.clone());
    Some(Entry {
        date: invoice.dated,
        kind,
        invoice: Some(invoice.id),
        receipt: None,
        number,
        title,
        way: None,
        amount,
        recorded_at: issue.at,
    })
}

fn receipt_entry(receipt: &Receipt) -> Entry {
    Entry {
        date: receipt.on,
        kind: EntryKind::Receipt,
        invoice: None,
        receipt: Some(receipt.number.clone()),
        number: receipt.reference.clone(),
        title: format!("Received by {}", receipt.method.words()),
        way: Some(Way::By(receipt.method)),
        amount: receipt.amount.minor.saturating_neg(),
        recorded_at: receipt.at,
    }
}

fn reversal_entry(receipt: &Receipt, reversal: &Reversal) -> Entry {
    Entry {
        date: reversal.on,
        kind: EntryKind::Reversal,
        title: capital(reversal.cause.words()),
        way: Some(Way::Because(reversal.cause)),
        amount: receipt.amount.minor,
        recorded_at: reversal.at,
        ..receipt_entry(receipt)
    }
}

fn refund_entry(refund: &Refund) -> Entry {
    Entry {
        date: refund.on,
        kind: EntryKind::Refund,
        invoice: None,
        receipt: None,
        number: refund.reference.clone(),
        title: format!("Paid back by {}", refund.method.words()),
        way: Some(Way::By(refund.method)),
        amount: refund.amount.minor,
        recorded_at: refund.at,
    }
}

fn returned_entry(refund: &Refund, returned: &Returned) -> Entry {
    Entry {
        date: returned.on,
        kind: EntryKind::RefundReturned,
        title: "It did not reach you".to_owned(),
        amount: refund.amount.minor.saturating_neg(),
        recorded_at: returned.at,
        ..refund_entry(refund)
    }
}

fn waived_kind(source: Source) -> Option<EntryKind> {
    match source {
        Source::Receipt(_) | Source::Credit(_) => None,
        Source::EarlyPayment(_) => Some(EntryKind::EarlyPayment),
        Source::WrittenOff(_) => Some(EntryKind::WrittenOff),
    }
}

fn waived_entry(kind: EntryKind, number: String, waived: &Allocation) -> Entry {
    Entry {
        date: waived.on,
        kind,
        invoice: Some(waived.invoice),
        receipt: None,
        number,
        title: if kind == EntryKind::EarlyPayment { "Discount for early payment" } else { "Written off" }.to_owned(),
        way: None,
        amount: waived.amount.minor.saturating_neg(),
        recorded_at: waived.at,
    }
}

/// The ageing as of today, from what is open by due date and unapplied now: it costs what is open, not all history.
pub fn ageing_now(open: &[(Open, Currency)], unapplied: &[Unapplied], today: Date) -> BTreeMap<Currency, Ageing> {
    let mut items: BTreeMap<Currency, (Vec<OpenItem>, i64)> = BTreeMap::new();
    for (open, currency) in open {
        let item = OpenItem { invoice: open.invoice, dated: open.due, due: open.due, open: open.open };
        items.entry(*currency).or_default().0.push(item);
    }
    for left in unapplied {
        let sum = &mut items.entry(left.left.currency).or_default().1;
        *sum = sum.saturating_add(left.left.minor);
    }
    items.into_iter().map(|(currency, (items, left))| (currency, Ageing::of(&items, left, today))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::client::Party;
    use crate::domain::firm::Letterhead;
    use crate::domain::ids::{AllocationId, Digest, FileRef, InvoiceId, ReceiptId, StaffId};
    use crate::domain::invoice::{Body, Issue, References};
    use crate::domain::money::Money;
    use crate::domain::payment::Method;
    use crate::domain::tax::Totals;
    use crate::domain::terms::Terms;
    use jiff::{Timestamp, civil::date};

    const EUR: Currency = Currency::EUR;

    fn document(id: u64, kind: Kind, minor: i64, issued: bool) -> Invoice {
        let pdf = FileRef { digest: Digest([0; 32]), length: 0, name: String::new(), media_type: String::new() };
        let issue = Issue {
            number: format!("HF-{id}").parse().unwrap(),
            at: Timestamp::UNIX_EPOCH,
            by: None,
            pdf,
            seller: Party::default(),
            buyer: Party::default(),
            letterhead: Letterhead::default(),
            totals: Totals::only(Money::new(minor, EUR)),
            elsewhere: None,
        };
        Invoice {
            id: InvoiceId(id),
            client: ClientId(1),
            project: None,
            kind,
            title: "Lease of Unit 4".into(),
            currency: EUR,
            dated: date(2026, 10, 1),
            due: date(2026, 10, 31),
            terms: Terms::default(),
            reference: String::new(),
            references: References::default(),
            delivered: None,
            period: None,
            note: String::new(),
            body: Body::Published(Money::new(minor, EUR)),
            recipients: vec![],
            quote: None,
            late: None,
            issue: issued.then_some(issue),
            changed: Timestamp::UNIX_EPOCH,
        }
    }

    fn receipt(minor: i64) -> Receipt {
        Receipt {
            id: ReceiptId(1),
            client: ClientId(1),
            number: "R-1".parse().unwrap(),
            payer: Party::default(),
            payee: Party::default(),
            amount: Money::new(minor, EUR),
            on: date(2026, 11, 5),
            method: Method::Transfer,
            reference: "HF 1".into(),
            at: Timestamp::UNIX_EPOCH,
            by: StaffId(1),
            reversed: None,
        }
    }

    #[test]
    fn a_statement_s_closing_balance_is_the_total_of_both_ageings() {
        let documents = [
            document(1, Kind::Invoice, 1_000, true),
            document(2, Kind::CreditNote(InvoiceId(1)), 100, true),
            document(3, Kind::Invoice, 9_999, false),
        ];
        let source = Source::Receipt(ReceiptId(1));
        let allocation = Allocation {
            id: AllocationId(1),
            source,
            invoice: InvoiceId(1),
            amount: Money::new(400, EUR),
            on: date(2026, 11, 5),
            at: Timestamp::UNIX_EPOCH,
            reason: String::new(),
        };
        let lost = Allocation {
            id: AllocationId(2),
            source: Source::WrittenOff(ClientId(1)),
            amount: Money::new(50, EUR),
            reason: "Not worth a letter".into(),
            ..allocation.clone()
        };
        let books = Books {
            invoices: documents.to_vec(),
            receipts: vec![receipt(500)],
            refunds: Vec::new(),
            allocations: vec![allocation, lost],
        };
        let on = date(2026, 11, 27);
        let lines = books.entries().remove(&EUR).unwrap();
        assert_eq!(lines.len(), 4, "the draft is left out, what was written off is a line");
        let closing = balance_forward(lines, date(2026, 1, 1), on).closing;
        assert_eq!(closing, 350);
        let account = books.accounts().remove(&EUR).unwrap();
        assert_eq!(account.ageing(on).total(), closing);
        let open = [(Open { invoice: InvoiceId(1), due: date(2026, 10, 31), open: 550 }, EUR)];
        let left = [
            Unapplied { source, left: Money::new(100, EUR) },
            Unapplied { source: Source::Credit(InvoiceId(2)), left: Money::new(100, EUR) },
        ];
        let now = ageing_now(&open, &left, on).remove(&EUR).unwrap();
        assert_eq!((now.d1_30, now.unapplied, now.total()), (550, 200, closing));
        assert_eq!(now, account.ageing(on));
    }
}
