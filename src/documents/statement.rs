//! Statements of account as a [`Sheet`].
//!
//! Formats what the domain has reckoned; must not reckon anything itself.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::bill::Look;
use super::sheet::{Column, Fact, Row, Section, Sheet, Table, Total};
use super::words::{StatementWords, words};
use crate::domain::calendar;
use crate::domain::client::Party;
use crate::domain::firm::Locale;
use crate::domain::money::{Currency, Money};
use crate::domain::statement::{Ageing, Entry, EntryKind, Reckoned, Statement, Way};
use crate::domain::text::capital;

/// One account: a client's balance-forward statement in one currency, with its ageing as of the last day.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// Of all amounts.
    pub currency: Currency,
    /// The movements.
    pub statement: &'a Statement,
    /// How old the closing balance is; left out when `None`.
    pub ageing: Option<&'a Ageing>,
}

/// The sheet of accounts as they were reckoned, each with its ageing, and what the activity log was at the foot.
pub fn reckoned_sheet(
    look: &Look,
    buyer: &Party,
    accounts: &[Reckoned],
    (from, to): (Date, Date),
    anchor: &str,
) -> Sheet {
    let all: Vec<Account<'_>> = accounts
        .iter()
        .map(|r| Account { currency: r.currency, statement: &r.statement, ageing: Some(&r.ageing) })
        .collect();
    let mut sheet = statement_sheet(look, buyer, &all, from, to);
    sheet.footer.push(anchor_line(look.firm.locale, anchor));
    sheet
}

/// The sheet of a statement from `from` to `to`, both inclusive: one section for each account.
pub fn statement_sheet(look: &Look, buyer: &Party, accounts: &[Account], from: Date, to: Date) -> Sheet {
    let locale = look.firm.locale;
    let seller = &look.firm.party;
    let several = accounts.len() > 1;
    let words = look.words();
    let says = &words.statement;
    let mut facts = vec![Fact::new(says.from, locale.date_long(from)), Fact::new(says.to, locale.date_long(to))];
    if let [one] = accounts {
        facts.push(Fact::new(says.currency, capital(&words.currency(&one.currency))));
        let (label, owed) = closing(says, one);
        facts.push(Fact::new(label, locale.money(owed)));
    }
    let payment = match accounts {
        [one] => look.payment(seller, Money::new(one.statement.closing, one.currency), None, words.pay.numbers),
        _ => None,
    };
    // A statement has no number; a page that is found alone says its period.
    let number = (words.sheet.span)(&locale.date_short(from, Date::MAX), &locale.date_short(to, Date::MAX));
    Sheet {
        number,
        facts,
        sections: accounts.iter().map(|x| section(look, x, from, to, several)).collect(),
        notes: vec![look.questions()],
        payment,
        ..look.sheet(says.title, seller, buyer)
    }
}

fn section(look: &Look, account: &Account, from: Date, to: Date, headed: bool) -> Section {
    let locale = look.firm.locale;
    let statement = account.statement;
    let amount = |minor| locale.amount(Money::new(minor, account.currency));
    let (words, says) = (look.words(), &look.words().statement);
    let (label, owed) = closing(says, account);
    let last = (says.on)(label, &locale.date_medium(to, to));
    let totals = vec![
        Total::line((says.before)(&locale.date_medium(from, to)), amount(statement.opening)),
        Total::line(says.charged, amount(statement.charged)),
        Total::line(says.settled, amount(statement.settled.saturating_neg())),
        Total::sum(last, locale.money(owed)),
    ];
    Section {
        heading: if headed { (says.account_in)(&words.in_currency(&account.currency)) } else { String::new() },
        table: movements(look, account, from, to),
        totals,
        breakdown: account.ageing.map(|x| ageing(look, x, account.currency)),
    }
}

/// What the closing balance is called, and its size.
fn closing(words: &StatementWords, account: &Account) -> (&'static str, Money) {
    let minor = account.statement.closing;
    let label = if minor < 0 { words.in_favour } else { words.owed };
    (label, Money::new(minor.saturating_abs(), account.currency))
}

fn movements(look: &Look, account: &Account, from: Date, to: Date) -> Table {
    let (locale, says) = (look.firm.locale, &look.words().statement);
    let amount = |minor| locale.amount(Money::new(minor, account.currency));
    // A period within one year says the year once, above; a longer one says it in each row.
    let date = |day| locale.date_short(day, if from.year() == to.year() { to } else { Date::MAX });
    let mut rows = vec![Row {
        cells: [date(from), says.opening.to_owned(), String::new(), String::new(), amount(account.statement.opening)]
            .into(),
        strong: true,
        ..Row::default()
    }];
    rows.extend(account.statement.rows.iter().map(|row| {
        let entry = &row.entry;
        let (charged, settled) = match entry.kind {
            kind if kind.charges() => (amount(entry.amount), String::new()),
            _ => (String::new(), amount(entry.amount)),
        };
        Row {
            cells: vec![
                date(entry.date),
                (says.entry)(entry.kind, &entry.number),
                charged,
                settled,
                amount(row.balance),
            ],
            notes: details(says, entry),
            narrow: (says.narrow)(entry.kind, &amount(entry.amount)),
            ..Row::default()
        }
    }));
    let figures = [says.charged, says.settled].map(|x| Column::figures(x).wide_only());
    let mut columns = vec![Column { heading: says.date.to_owned(), ..Column::default() }, Column::text(says.what)];
    columns.extend(figures);
    columns.push(Column::figures(says.balance));
    let caption = says.caption.to_owned();
    Table { caption, columns, rows, main: 1 }
}

/// Says of each entry that was recorded only after `to`, in `zone`, when that was: a statement made on that day did not
/// have it.
pub fn flag_restated(sheet: &mut Sheet, look: &Look, accounts: &[Reckoned], (to, zone): (Date, &TimeZone)) {
    let says = &look.words().statement;
    for (section, account) in sheet.sections.iter_mut().zip(accounts) {
        // The first row is the opening balance.
        for (row, entered) in section.table.rows.iter_mut().skip(1).zip(&account.statement.rows) {
            if entered.entry.restates(to, zone) {
                let day = calendar::today(entered.entry.recorded_at, zone);
                row.notes.push((says.recorded)(&look.firm.locale.date_medium(day, Date::MAX)));
            }
        }
    }
}

/// What is said below an entry: what people typed of a document, and how money moved.
pub(super) fn details(words: &StatementWords, entry: &Entry) -> Vec<String> {
    let (title, number) = (entry.title.clone(), entry.number.as_str());
    let (title, reference) = match (entry.kind, entry.way) {
        (EntryKind::Invoice | EntryKind::LateNote | EntryKind::CreditNote, _) => (title, ""),
        (EntryKind::EarlyPayment, _) => (words.early.to_owned(), ""),
        (EntryKind::WrittenOff | EntryKind::LateNoteWrittenOff, _) => (words.written_off.to_owned(), ""),
        (EntryKind::RefundReturned, _) => (words.returned.to_owned(), number),
        (EntryKind::Receipt, Some(Way::By(method))) => ((words.received_by)(method), number),
        (EntryKind::Refund, Some(Way::By(method))) => ((words.paid_back_by)(method), number),
        (_, Some(Way::Because(cause))) => ((words.cause)(cause).to_owned(), number),
        _ => (title, number),
    };
    let parts: Vec<&str> = [&title, reference].into_iter().map(str::trim).filter(|x| !x.is_empty()).collect();
    if parts.is_empty() { Vec::new() } else { vec![capital(&parts.join(", "))] }
}

/// The line that ties a statement to the activity log, in the words of `locale`.
pub fn anchor_line(locale: Locale, code: &str) -> String {
    (words(locale.language()).sheet.anchor)(code)
}

pub(super) fn ageing(look: &Look, ageing: &Ageing, currency: Currency) -> Table {
    let says = &look.words().statement;
    let [current, d1_30, d31_60, d61_90, over_90] = says.ages;
    let mut columns = vec![
        (current, ageing.current),
        (d1_30, ageing.d1_30),
        (d31_60, ageing.d31_60),
        (d61_90, ageing.d61_90),
        (over_90, ageing.over_90),
    ];
    if ageing.unapplied != 0 {
        columns.push((says.unapplied, ageing.unapplied.saturating_neg()));
    }
    let amount = |minor| look.firm.locale.amount(Money::new(minor, currency));
    let row = Row { cells: columns.iter().map(|x| amount(x.1)).collect(), ..Row::default() };
    Table {
        caption: says.ageing.to_owned(),
        columns: columns.iter().map(|x| Column::figures(x.0)).collect(),
        rows: vec![row],
        ..Table::default()
    }
}
