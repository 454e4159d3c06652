//! Open-item statements: what stands open on a day, line by line, in one currency.
//!
//! Follows from the account as the ageing does, so that its total is that of the ageing and the closing balance of the
//! balance-forward statement to the same day. Knows no store: whoever asks brings what the documents are called.

use std::collections::{BTreeMap, HashMap, HashSet};

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
    /// Of a receipt or credit note, which; `None` for an invoice.
    pub source: Option<Source>,
}

impl OpenLine {
    /// What tells it from every other line of its account.
    fn key(&self) -> (Option<InvoiceId>, Option<Source>, Option<Date>) {
        (self.entry.invoice, self.source, self.due)
    }

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

impl Restated {
    /// When it was recorded.
    pub fn at(self) -> Timestamp {
        match self {
            Self::Entry(at) | Self::Settled(at) => at,
        }
    }
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
    /// What a statement made on the day itself listed, while nothing is open of it by what was recorded only after it.
    pub later: Vec<OpenLine>,
}

impl OpenItems {
    /// A statement without a line.
    pub fn empty(currency: Currency) -> Self {
        Self { currency, lines: Vec::new(), ageing: Ageing::default(), later: Vec::new() }
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

/// What of `account` is open as of `to`, which ends in `zone`, with what settled it dated up to then.
pub fn open_items(currency: Currency, account: &Account, titles: &Titles, to: Date, zone: &TimeZone) -> OpenItems {
    let mut lines = invoices(account, titles, to);
    lines.extend(credits(account, titles, to));
    let later = later(account, titles, &lines, to, zone);
    OpenItems { currency, lines, ageing: account.ageing(to), later }
}

/// What was open by what was recorded up to the end of `to`, and is none of `lines`.
fn later(account: &Account, titles: &Titles, lines: &[OpenLine], to: Date, zone: &TimeZone) -> Vec<OpenLine> {
    let recorded = |at: Timestamp| today(at, zone) <= to;
    let mut last: BTreeMap<InvoiceId, Timestamp> = BTreeMap::new();
    for a in account.counting(to).filter(|a| !recorded(a.at)) {
        let at = last.entry(a.invoice).or_insert(a.at);
        *at = a.at.max(*at);
    }
    let mut gone: HashMap<Source, Timestamp> = HashMap::new();
    let applied = account.counting(to).map(|a| (a.source, a.at));
    let back = account.refunds.iter().filter(|x| x.counts(to)).map(|x| (x.source, x.recorded_at));
    for (source, at) in applied.chain(back).filter(|x| !recorded(x.1)) {
        let last = gone.entry(source).or_insert(at);
        *last = at.max(*last);
    }
    if last.is_empty() && gone.is_empty() {
        return Vec::new();
    }
    let then = Account {
        allocations: account.allocations.iter().filter(|a| recorded(a.at)).cloned().collect(),
        refunds: account.refunds.iter().filter(|x| recorded(x.recorded_at)).copied().collect(),
        ..account.clone()
    };
    let open: HashSet<_> = lines.iter().map(OpenLine::key).collect();
    let is_gone = |x: &OpenLine| !open.contains(&x.key()) && !x.entry.restates(to, zone);
    let closed = |x: OpenLine, at| OpenLine { settled: x.entry.amount, open: 0, settled_at: Some(at), ..x };
    let was = invoices(&then, titles, to).into_iter().filter(is_gone);
    let mut out: Vec<OpenLine> =
        was.filter_map(|x| last.get(&x.entry.invoice?).copied().map(|at| closed(x, at))).collect();
    let was = credits(&then, titles, to).into_iter().filter(is_gone);
    out.extend(was.filter_map(|x| gone.get(&x.source?).copied().map(|at| closed(x, at))));
    out
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
            source: None,
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
            let source = Some(credit.source);
            (open != 0).then_some(OpenLine { entry, part: None, due: None, settled, open, settled_at, source })
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
    use crate::domain::terms::{Instalment, Terms};

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
        let open = open_items(Currency::EUR, &account, &titles, TO, &zone);
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

    /// An invoice of 100.00 in halves and a receipt of `paid`, all of it applied on the day but recorded `applied`:
    /// what is listed as gone since.
    fn gone(paid: i64, applied: &str) -> Vec<(Option<(usize, usize)>, i64)> {
        let (id, source, day) = (InvoiceId(1), Source::Receipt(ReceiptId(1)), date(2026, 6, 1));
        let allocation = Allocation {
            id: AllocationId(1),
            source,
            invoice: id,
            amount: Money::new(paid, Currency::EUR),
            on: day,
            at: at(applied),
            reason: String::new(),
        };
        let halves = [(day, 5_000), (date(2026, 7, 1), 5_000)];
        let instalments = halves.map(|(due, amount)| Instalment { due, amount }).to_vec();
        let terms = Terms { instalments, ..Terms::default() };
        let account = Account {
            charges: vec![Charge { invoice: id, dated: day, due: halves[1].0, amount: 10_000, terms }],
            credits: vec![Credit { source, dated: day, amount: paid, until: None }],
            allocations: vec![allocation],
            refunds: Vec::new(),
        };
        let mut titles = Titles::default();
        titles.documents.insert(id, Entry { invoice: Some(id), recorded_at: at(THEN), ..bare(EntryKind::Invoice) });
        titles.receipts.insert(ReceiptId(1), Entry { recorded_at: at(applied), ..bare(EntryKind::Receipt) });
        let zone = Zone::parse("zone", "Europe/Dublin").unwrap();
        let open = open_items(Currency::EUR, &account, &titles, TO, &zone);
        assert!(open.later.iter().all(|x| x.open == 0 && x.settled == x.entry.amount), "{open:?}");
        assert!(open.later.iter().all(|x| x.restated(TO, &zone) == Some(Restated::Settled(at(applied)))), "{open:?}");
        open.later.iter().map(|x| (x.part, x.settled)).collect()
    }

    #[test]
    fn what_is_settled_whole_only_by_what_was_recorded_later_is_told() {
        let halves = [(Some((1, 2)), 5_000), (Some((2, 2)), 5_000)];
        assert_eq!(gone(10_000, LATER), halves);
        assert_eq!(gone(5_000, LATER), halves[..1]);
        assert_eq!(gone(4_999, LATER), []);
        assert_eq!(gone(10_000, THEN), [], "a statement of that day did not have it either");
    }
}
