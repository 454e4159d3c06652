//! Open-item statements: what stands open on a day, line by line, in one currency.
//!
//! Follows from the account as the ageing does, so that its total is that of the ageing and the closing balance of the
//! balance-forward statement to the same day. Knows no store: whoever asks brings what the documents are called.

use std::collections::{BTreeMap, HashMap};

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::calendar::today;
use super::ids::{InvoiceId, ReceiptId};
use super::invoice::days_between;
use super::money::Currency;
use super::payment::Source;
use super::statement::{Account, Ageing, Entry, EntryKind};

/// An invoice, or one of its instalments, of which something is open; or a receipt or credit note of which something is
/// not applied, whose amounts are below zero. `open = entry.amount - settled`, in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenLine {
    /// The document or receipt; its amount is that of the instalment where this is one.
    pub entry: Entry,
    /// Which instalment of how many, counted from one; `None` for all else.
    pub part: Option<(usize, usize)>,
    /// By when it is due; `None` for a receipt or credit note.
    pub due: Option<Date>,
    /// What was settled of it by that day; of a receipt or credit note what it settled or was paid back.
    pub settled: i64,
    /// What is open.
    pub open: i64,
    /// When the last of what settled it was recorded here; `None` while nothing did.
    pub settled_at: Option<Timestamp>,
}

impl OpenLine {
    /// When it, or what settled it, was recorded, if that was only after `to` had ended: a statement made on that day
    /// did not say so.
    pub fn restated(&self, to: Date, zone: &TimeZone) -> Option<Restated> {
        if self.entry.restates(to, zone) {
            return Some(Restated::Entry(self.entry.recorded_at));
        }
        self.settled_at.filter(|at| today(*at, zone) > to).map(Restated::Settled)
    }

    /// Days past due as of `on`, zero or less when it is not overdue; `None` for what has no due date.
    pub fn late(&self, on: Date) -> Option<i32> {
        self.due.map(|due| days_between(due, on))
    }
}

/// What of a line was recorded only after the statement's day, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restated {
    /// The document or receipt itself.
    Entry(Timestamp),
    /// The last of what settled it.
    Settled(Timestamp),
}

/// An open-item statement; amounts in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenItems {
    /// Of all amounts.
    pub currency: Currency,
    /// Invoices with the oldest due first, then receipts and credit notes by date.
    pub lines: Vec<OpenLine>,
    /// How old the same is; its total is theirs.
    pub ageing: Ageing,
}

impl OpenItems {
    /// A statement without a line.
    pub fn empty(currency: Currency) -> Self {
        Self { currency, lines: Vec::new(), ageing: Ageing::default() }
    }

    /// What is open of all invoices.
    pub fn invoices(&self) -> i64 {
        self.sum(|x| x.due.is_some())
    }

    /// What is not applied of receipts and credit notes, below zero.
    pub fn unapplied(&self) -> i64 {
        self.sum(|x| x.due.is_none())
    }

    /// The balance.
    pub fn total(&self) -> i64 {
        self.sum(|_| true)
    }

    fn sum(&self, of: impl Fn(&OpenLine) -> bool) -> i64 {
        self.lines.iter().filter(|x| of(x)).fold(0, |sum, x| sum.saturating_add(x.open))
    }
}

/// What the documents and receipts of an account are called.
#[derive(Clone, Debug, Default)]
pub struct Titles {
    /// Invoices and credit notes.
    pub documents: BTreeMap<InvoiceId, Entry>,
    /// Money received.
    pub receipts: BTreeMap<ReceiptId, Entry>,
}

impl Titles {
    fn of(&self, source: Source) -> Option<Entry> {
        match source {
            Source::Credit(id) => self.documents.get(&id).cloned(),
            Source::Receipt(id) => self.receipts.get(&id).cloned(),
            Source::EarlyPayment(_) | Source::WrittenOff(_) => None,
        }
    }
}

/// What of `account` is open as of `to`, with what settled it dated up to then.
pub fn open_items(currency: Currency, account: &Account, titles: &Titles, to: Date) -> OpenItems {
    let mut lines = invoices(account, titles, to);
    lines.extend(credits(account, titles, to));
    OpenItems { currency, lines, ageing: account.ageing(to) }
}

fn invoices(account: &Account, titles: &Titles, to: Date) -> Vec<OpenLine> {
    let charges: BTreeMap<InvoiceId, _> = account.charges.iter().map(|x| (x.invoice, x)).collect();
    let mut recorded: BTreeMap<InvoiceId, Timestamp> = BTreeMap::new();
    for a in account.counting(to) {
        let last = recorded.entry(a.invoice).or_insert(a.at);
        *last = a.at.max(*last);
    }
    let line = |item: &super::statement::OpenItem| {
        // An instalment is told by its due date, of which a document has each once.
        let parts = charges.get(&item.invoice).map(|x| x.terms.parts(x.amount, x.due)).unwrap_or_default();
        let at = parts.iter().position(|part| part.due == item.due);
        let amount = at.and_then(|at| parts.get(at)).map_or(item.open, |part| part.amount);
        let known = titles.documents.get(&item.invoice).cloned();
        let entry = known.unwrap_or_else(|| Entry { invoice: Some(item.invoice), ..bare(EntryKind::Invoice) });
        let settled = amount.saturating_sub(item.open);
        OpenLine {
            entry: Entry { date: item.dated, amount, ..entry },
            part: at.filter(|_| parts.len() > 1).map(|at| (at.saturating_add(1), parts.len())),
            due: Some(item.due),
            settled,
            open: item.open,
            settled_at: recorded.get(&item.invoice).copied().filter(|_| settled != 0),
        }
    };
    account.open_items(to).iter().map(line).collect()
}

fn credits(account: &Account, titles: &Titles, to: Date) -> Vec<OpenLine> {
    let mut used: HashMap<Source, (i64, Timestamp)> = HashMap::new();
    let applied = account.counting(to).map(|a| (a.source, a.amount.minor, a.at));
    let back = account.refunds.iter().filter(|x| x.counts(to)).map(|x| (x.source, x.amount, x.recorded_at));
    for (source, amount, at) in applied.chain(back) {
        let (sum, last) = used.entry(source).or_insert((0, at));
        (*sum, *last) = (sum.saturating_add(amount), at.max(*last));
    }
    let mut lines: Vec<OpenLine> = account
        .credits
        .iter()
        .filter_map(|credit| {
            let amount = if credit.counts(to) { credit.amount.saturating_neg() } else { 0 };
            let used = used.get(&credit.source);
            let settled = used.map_or(0, |x| x.0).saturating_neg();
            let open = amount.saturating_sub(settled);
            let kind =
                if matches!(credit.source, Source::Credit(_)) { EntryKind::CreditNote } else { EntryKind::Receipt };
            let entry = titles.of(credit.source).unwrap_or_else(|| bare(kind));
            let entry = Entry { date: credit.dated, amount, ..entry };
            let settled_at = used.map(|x| x.1).filter(|_| settled != 0);
            (open != 0).then_some(OpenLine { entry, part: None, due: None, settled, open, settled_at })
        })
        .collect();
    lines.sort_by_key(|x| (x.entry.date, x.entry.recorded_at, x.entry.kind, x.entry.invoice));
    lines
}

/// A line of something whose name is not known.
fn bare(kind: EntryKind) -> Entry {
    Entry {
        date: Date::MIN,
        kind,
        invoice: None,
        receipt: None,
        number: String::new(),
        title: String::new(),
        way: None,
        amount: 0,
        recorded_at: Timestamp::UNIX_EPOCH,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::calendar::Zone;
    use crate::domain::ids::AllocationId;
    use crate::domain::money::Money;
    use crate::domain::payment::Allocation;
    use crate::domain::statement::{Charge, Credit, PaidBack};
    use crate::domain::terms::Terms;

    const TO: Date = date(2026, 6, 30);
    const THEN: &str = "2026-06-30T22:59:00Z";
    /// Midnight in Dublin.
    const LATER: &str = "2026-06-30T23:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// An invoice of 100.00 recorded at the first moment, and a receipt of 50.00 recorded at the second, of which 10.00
    /// were applied at the third and 5.00 paid back at the fourth: what of the invoice and of the receipt is told.
    fn told(moments: [&str; 4]) -> [Option<Restated>; 2] {
        let [invoice, receipt, applied, back] = moments.map(at);
        let (id, source) = (InvoiceId(1), Source::Receipt(ReceiptId(1)));
        let day = date(2026, 6, 1);
        let allocation = Allocation {
            id: AllocationId(1),
            source,
            invoice: id,
            amount: Money::new(1_000, Currency::EUR),
            on: day,
            at: applied,
            reason: String::new(),
        };
        let charge = Charge { invoice: id, dated: day, due: day, amount: 10_000, terms: Terms::default() };
        let account = Account {
            charges: vec![charge],
            credits: vec![Credit { source, dated: day, amount: 5_000, until: None }],
            allocations: vec![allocation],
            refunds: vec![PaidBack { source, dated: day, amount: 500, until: None, recorded_at: back }],
        };
        let mut titles = Titles::default();
        titles.documents.insert(id, Entry { recorded_at: invoice, ..bare(EntryKind::Invoice) });
        titles.receipts.insert(ReceiptId(1), Entry { recorded_at: receipt, ..bare(EntryKind::Receipt) });
        let zone = Zone::parse("zone", "Europe/Dublin").unwrap();
        let open = open_items(Currency::EUR, &account, &titles, TO);
        assert_eq!(open.lines.iter().map(|x| x.open).collect::<Vec<_>>(), [9_000, -3_500]);
        [0, 1].map(|line| open.lines[line].restated(TO, &zone))
    }

    #[test]
    fn what_was_recorded_after_its_day_is_told() {
        let (entry, settled) = (Some(Restated::Entry(at(LATER))), Some(Restated::Settled(at(LATER))));
        for (moments, expected) in [
            ([THEN, THEN, THEN, THEN], [None, None]),
            ([LATER, THEN, THEN, THEN], [entry, None]),
            ([THEN, LATER, THEN, THEN], [None, entry]),
            ([THEN, THEN, LATER, THEN], [settled, settled]),
            ([THEN, THEN, THEN, LATER], [None, settled]),
            ([LATER, LATER, LATER, LATER], [entry, entry]),
        ] {
            assert_eq!(told(moments), expected, "{moments:?}");
        }
    }
}
