//! Tables and properties of statements and ageing.

use super::*;
use crate::domain::{
    calendar::Zone,
    ids::{AllocationId, ClientId, ReceiptId},
    money::{Currency, Money},
    open_items::{OpenLine, Titles, open_items},
    terms::equal_instalments,
};
use jiff::{Span, civil::date, tz::TimeZone};
use proptest::prelude::*;

fn entry(day: Date, kind: EntryKind, amount: i64) -> Entry {
    let (number, title) = (String::new(), String::new());
    Entry {
        date: day,
        kind,
        invoice: None,
        receipt: None,
        number,
        title,
        way: None,
        amount,
        recorded_at: Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn a_statement_brings_forward_what_is_dated_before_it_and_includes_both_ends() {
    use EntryKind::{CreditNote, Invoice, Receipt};
    let entries = [
        entry(date(2026, 11, 30), Receipt, -20_000),
        entry(date(2026, 10, 31), Invoice, 50_000),
        entry(date(2026, 11, 1), Invoice, 10_000),
        entry(date(2026, 12, 1), Invoice, 99_999),
        entry(date(2026, 11, 5), CreditNote, -2_500),
    ];
    let s = balance_forward(entries, date(2026, 11, 1), date(2026, 11, 30));
    assert_eq!((s.opening, s.charged, s.settled, s.closing), (50_000, 10_000, 22_500, 37_500));
    assert_eq!(s.rows.iter().map(|x| x.balance).collect::<Vec<_>>(), [60_000, 57_500, 37_500]);
    let none = balance_forward([], date(2026, 11, 1), date(2026, 11, 30));
    assert_eq!((none.opening, none.closing, none.rows.len()), (0, 0, 0));
}

#[test]
fn an_entry_recorded_after_the_period_restates_it() {
    let zone = Zone::parse("zone", "Europe/Dublin").unwrap();
    let recorded =
        |at: &str| Entry { recorded_at: at.parse().unwrap(), ..entry(date(2026, 6, 30), EntryKind::Receipt, -1) };
    assert!(!recorded("2026-06-30T22:59:00Z").restates(date(2026, 6, 30), &zone));
    assert!(recorded("2026-06-30T23:00:00Z").restates(date(2026, 6, 30), &zone), "midnight in Dublin");
    assert!(!recorded("2026-07-09T00:00:00Z").restates(date(2026, 6, 29), &zone), "not in that period");
}

#[test]
fn ageing_columns_are_exclusive_and_due_today_is_not_overdue() {
    let on = date(2026, 11, 27);
    let table = [(-400, 0), (-1, 0), (0, 0), (1, 1), (30, 1), (31, 2), (60, 2), (61, 3), (90, 3), (91, 4), (4_000, 4)];
    for (days, column) in table {
        let due = on - Span::new().days(days);
        let a = Ageing::of(&[OpenItem { invoice: InvoiceId(1), dated: due, due, open: 7 }], 2, on);
        let columns = [a.current, a.d1_30, a.d31_60, a.d61_90, a.over_90];
        assert_eq!(columns.iter().position(|x| *x == 7), Some(column), "{days} days past due");
        assert_eq!(columns.iter().sum::<i64>(), 7);
        assert_eq!(a.total(), 5);
        assert_eq!(a.overdue(), if column == 0 { 0 } else { 7 });
    }
}

#[test]
fn open_items_use_only_allocations_of_their_day() {
    let charge = Charge {
        invoice: InvoiceId(1),
        dated: date(2026, 10, 1),
        due: date(2026, 10, 31),
        amount: 1_000,
        terms: Terms::default(),
    };
    let credit = Credit { source: Source::Receipt(ReceiptId(1)), dated: date(2026, 11, 5), amount: 1_200, until: None };
    let allocation = Allocation {
        id: AllocationId(1),
        source: credit.source,
        invoice: InvoiceId(1),
        amount: Money::new(1_000, Currency::EUR),
        on: date(2026, 11, 7),
        at: Timestamp::UNIX_EPOCH,
        reason: String::new(),
    };
    let account =
        Account { charges: vec![charge], credits: vec![credit], allocations: vec![allocation], refunds: vec![] };
    let at = |day| (account.open_items(day).iter().map(|x| x.open).sum::<i64>(), account.unapplied(day));
    assert_eq!(at(date(2026, 9, 30)), (0, 0));
    assert_eq!(at(date(2026, 11, 4)), (1_000, 0));
    assert_eq!(at(date(2026, 11, 5)), (1_000, 1_200));
    assert_eq!(at(date(2026, 11, 7)), (0, 200));
    assert_eq!(account.ageing(date(2026, 11, 7)).total(), -200);
}

#[test]
fn what_was_taken_back_settles_until_its_day_and_nothing_from_then_on() {
    let (dated, due, terms) = (date(2026, 10, 1), date(2026, 10, 31), Terms::default());
    let charge = Charge { invoice: InvoiceId(1), dated, due, amount: 1_000, terms };
    let source = Source::Receipt(ReceiptId(1));
    let credit = Credit { source, dated: date(2026, 11, 5), amount: 1_000, until: Some(date(2026, 11, 12)) };
    let (amount, on) = (Money::new(1_000, Currency::EUR), date(2026, 11, 5));
    let (at, reason) = (Timestamp::UNIX_EPOCH, String::new());
    let allocation = Allocation { id: AllocationId(1), source, invoice: InvoiceId(1), amount, on, at, reason };
    let account =
        Account { charges: vec![charge], credits: vec![credit], allocations: vec![allocation], refunds: vec![] };
    let at = |day| (account.ageing(day).d1_30, account.unapplied(day));
    assert_eq!(at(date(2026, 11, 4)), (1_000, 0));
    assert_eq!(at(date(2026, 11, 11)), (0, 0));
    assert_eq!(at(date(2026, 11, 12)), (1_000, 0));
    let lines = entries(&account);
    let kinds: Vec<EntryKind> = lines.iter().map(|x| x.kind).collect();
    assert_eq!(kinds, [EntryKind::Invoice, EntryKind::Receipt, EntryKind::Reversal]);
    let november = balance_forward(lines.clone(), date(2026, 11, 10), date(2026, 11, 30));
    assert_eq!((november.opening, november.settled, november.closing), (0, -1_000, 1_000));
}

/// Random invoices, some in instalments, receipts (some taken back) and credits with allocations within their limits,
/// and some of what is open written off, on any dates, prepayments included.
fn account() -> impl Strategy<Value = Account> {
    let charges = prop::collection::vec((0_i32..400, 0_i32..90, 0_i64..10_000), 0..12);
    let back = prop::option::of(0_i32..60);
    let credits = prop::collection::vec((0_i32..400, 1_i64..10_000, any::<bool>(), back), 0..12);
    let allocations = prop::collection::vec((0_usize..12, 0_usize..12, 1_i64..10_000, 0_i32..420), 0..30);
    (charges, credits, allocations).prop_map(|(charges, credits, wishes)| {
        let day = |n: i32| date(2026, 1, 1) + Span::new().days(n);
        let charges: Vec<Charge> = (1..)
            .zip(charges)
            .map(|(id, (at, days, amount))| {
                let count = u16::try_from(days % 4).unwrap();
                let first = day(at + days);
                let whole = Money::new(amount, Currency::EUR);
                let instalments = if count > 1 { equal_instalments(whole, count, first) } else { Vec::new() };
                let due = instalments.last().map_or(first, |x| x.due);
                let terms = Terms { instalments, early: None };
                Charge { invoice: InvoiceId(id), dated: day(at), due, amount, terms }
            })
            .collect();
        let credits: Vec<Credit> = (1..)
            .zip(credits)
            .map(|(id, (at, amount, money, back))| {
                let source = if money { Source::Receipt(ReceiptId(id)) } else { Source::Credit(InvoiceId(100 + id)) };
                let until = back.filter(|_| money).map(|after| day(at + after));
                Credit { source, dated: day(at), amount, until }
            })
            .collect();
        let mut open: Vec<i64> = charges.iter().map(|x| x.amount).collect();
        let mut left: Vec<i64> = credits.iter().map(|x| x.amount).collect();
        let (mut allocations, mut refunds) = (Vec::new(), Vec::new());
        for (id, (from, to, wish, on)) in (1..).zip(wishes) {
            let (Some(&have), Some(&need)) = (left.get(from), open.get(to)) else { continue };
            let part = wish.min(have).min(need);
            if on % 7 == 0 && credits[from].until.is_none() {
                // Paid back; every other one comes back, and is not given out again.
                let (amount, dated) = (wish.min(have), day(on).max(credits[from].dated));
                let until = (wish % 2 == 0).then(|| dated + Span::new().days(on % 20));
                left[from] -= amount;
                let source = credits[from].source;
                refunds.extend((amount > 0).then_some(PaidBack {
                    source,
                    dated,
                    amount,
                    until,
                    recorded_at: Timestamp::UNIX_EPOCH,
                }));
            } else if part > 0 {
                open[to] -= part;
                let lost = on % 5 == 0;
                let source = if lost { Source::WrittenOff(ClientId(1)) } else { credits[from].source };
                left[from] -= if lost { 0 } else { part };
                let (invoice, amount) = (charges[to].invoice, Money::new(part, Currency::EUR));
                // Nobody writes off what was not charged yet.
                let on = if lost { day(on).max(charges[to].dated) } else { day(on) };
                let (at, reason) = (Timestamp::UNIX_EPOCH, String::new());
                allocations.push(Allocation { id: AllocationId(id), source, invoice, amount, on, at, reason });
            }
        }
        Account { charges, credits, allocations, refunds }
    })
}

fn entries(account: &Account) -> Vec<Entry> {
    let owed = account.charges.iter().map(|x| entry(x.dated, EntryKind::Invoice, x.amount));
    let paid = account.credits.iter().map(|x| match x.source {
        Source::Receipt(_) => entry(x.dated, EntryKind::Receipt, -x.amount),
        _ => entry(x.dated, EntryKind::CreditNote, -x.amount),
    });
    let back = account.credits.iter().filter_map(|x| Some(entry(x.until?, EntryKind::Reversal, x.amount)));
    let waived = account.allocations.iter().filter(|x| x.source.is_waived());
    let waived = waived.map(|x| entry(x.on, EntryKind::WrittenOff, -x.amount.minor));
    let gone = account.refunds.iter().map(|x| entry(x.dated, EntryKind::Refund, x.amount));
    let came = account.refunds.iter().filter_map(|x| Some(entry(x.until?, EntryKind::RefundReturned, -x.amount)));
    owed.chain(paid).chain(back).chain(waived).chain(gone).chain(came).collect()
}

fn titles(account: &Account) -> Titles {
    let mut out = Titles::default();
    for x in &account.charges {
        let named = Entry { invoice: Some(x.invoice), ..entry(x.dated, EntryKind::Invoice, x.amount) };
        out.documents.insert(x.invoice, named);
    }
    for (nth, x) in account.credits.iter().enumerate() {
        let title = format!("credit {nth}");
        match x.source {
            Source::Credit(id) => {
                let named = entry(x.dated, EntryKind::CreditNote, -x.amount);
                out.documents.insert(id, Entry { title, invoice: Some(id), ..named });
            }
            Source::Receipt(id) => {
                out.receipts.insert(id, Entry { title, ..entry(x.dated, EntryKind::Receipt, -x.amount) });
            }
            _ => {}
        }
    }
    out
}

proptest! {
    #[test]
    fn the_ageing_s_total_is_the_statement_s_closing_balance(
        account in account(),
        on in -10_i32..500,
        back in 0_i32..200,
    ) {
        let to = date(2026, 1, 1) + Span::new().days(on);
        let statement = balance_forward(entries(&account), to - Span::new().days(back), to);
        let ageing = account.ageing(to);
        prop_assert_eq!(ageing.total(), statement.closing);
        prop_assert!(ageing.unapplied >= 0 && account.open_items(to).iter().all(|x| x.open > 0));
    }

    #[test]
    fn open_items_come_to_the_closing_balance_and_the_ageing(
        account in account(),
        on in -10_i32..500,
        back in 0_i32..200,
    ) {
        let to = date(2026, 1, 1) + Span::new().days(on);
        let open = open_items(Currency::EUR, &account, &titles(&account), to, &TimeZone::UTC);
        let closing = balance_forward(entries(&account), to - Span::new().days(back), to).closing;
        prop_assert_eq!(open.total(), closing);
        prop_assert_eq!(open.total(), open.ageing.total());
        prop_assert_eq!((open.invoices(), open.unapplied()), (closing + account.unapplied(to), -account.unapplied(to)));
        for x in &open.lines {
            prop_assert_eq!(x.entry.amount - x.settled, x.open);
            prop_assert!(x.open != 0 && x.entry.date <= to);
            prop_assert!(x.due.is_none() || x.settled >= 0 && x.open > 0);
        }
    }

    #[test]
    fn an_item_is_there_exactly_when_something_of_it_is_open(account in account(), on in -10_i32..500) {
        let to = date(2026, 1, 1) + Span::new().days(on);
        let shown = open_items(Currency::EUR, &account, &titles(&account), to, &TimeZone::UTC);
        // Reckoned apart, from the ledger alone.
        let counts = |a: &Allocation| {
            let credit = account.credits.iter().find(|x| x.source == a.source);
            let source = a.source.is_waived() || credit.is_some_and(|x| x.counts(to));
            source && a.on <= to && account.charges.iter().any(|x| x.invoice == a.invoice && x.dated <= to)
        };
        let settled = |of: &dyn Fn(&Allocation) -> bool| -> i64 {
            account.allocations.iter().filter(|a| of(a) && counts(a)).map(|a| a.amount.minor).sum()
        };
        for charge in &account.charges {
            let open = if charge.dated > to { 0 } else { charge.amount - settled(&|a| a.invoice == charge.invoice) };
            let lines = shown.lines.iter().filter(|x| x.entry.kind == EntryKind::Invoice);
            let lines: Vec<_> = lines.filter(|x| x.entry.invoice == Some(charge.invoice)).collect();
            prop_assert_eq!(lines.is_empty(), open == 0);
            prop_assert_eq!(lines.iter().map(|x| x.open).sum::<i64>(), open);
            let several = charge.terms.parts(charge.amount, charge.due).len() > 1;
            prop_assert!(lines.iter().all(|x| x.part.is_some() == several));
        }
        for (nth, credit) in account.credits.iter().enumerate() {
            let back = account.refunds.iter().filter(|x| x.source == credit.source && x.counts(to));
            let given = if credit.counts(to) { credit.amount } else { 0 };
            let left = given - back.map(|x| x.amount).sum::<i64>() - settled(&|a| a.source == credit.source);
            let named = |x: &&OpenLine| x.due.is_none() && x.entry.title == format!("credit {nth}");
            let line: Vec<i64> = shown.lines.iter().filter(named).map(|x| x.open).collect();
            prop_assert_eq!(line, if left == 0 { vec![] } else { vec![-left] });
        }
    }

    #[test]
    fn the_next_opening_is_this_closing(
        account in account(),
        on in -10_i32..500,
        back in 0_i32..200,
        ahead in 0_i32..200,
    ) {
        let to = date(2026, 1, 1) + Span::new().days(on);
        let this = balance_forward(entries(&account), to - Span::new().days(back), to);
        let next = balance_forward(entries(&account), to.tomorrow().unwrap(), to + Span::new().days(ahead));
        prop_assert_eq!(next.opening, this.closing);
        prop_assert_eq!(this.closing, this.opening + this.charged - this.settled);
        prop_assert_eq!(this.rows.last().map_or(this.opening, |x| x.balance), this.closing);
    }
}
