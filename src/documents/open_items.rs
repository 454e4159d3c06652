//! Open-item statements as a [`Sheet`], and as a table for programs.
//!
//! Formats what the domain has reckoned; must not reckon anything itself.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::bill::Look;
use super::csv::Csv;
use super::sheet::{Column, Fact, Row, Section, Sheet, Table, Total};
use super::statement::{ageing, anchor_line, details};
use crate::domain::calendar::today;
use crate::domain::client::Party;
use crate::domain::money::Money;
use crate::domain::open_items::{OpenItems, OpenLine, Restated};
use crate::domain::statement::EntryKind;
use crate::domain::text::capital;

/// The columns of its CSV; their names are promised, as those of [`super::csv`] are. Receipts and credit notes, whose
/// amounts are below zero, have no due date and no days past due.
pub const COLUMNS: [&str; 13] = [
    "currency",
    "as_of",
    "what", // invoice, late payment note, credit note, payment, or total in the last row of a currency
    "number",
    "about",
    "instalment", // which of how many, as 2 of 3
    "date",
    "due",
    "days_past_due", // below zero before the due date
    "amount",
    "settled",
    "open",
    "recorded_later", // the day on which it, or what settled it, was recorded, where that was after the statement's
];

/// The sheet of what is open as of `to`, which ends in `zone`: one section for each account, what was recorded only
/// later, and what the activity log was at the foot.
pub fn open_items_sheet(
    look: &Look,
    buyer: &Party,
    accounts: &[OpenItems],
    (to, zone): (Date, &TimeZone),
    anchor: &str,
) -> Sheet {
    let (locale, seller, words) = (look.firm.locale, &look.firm.party, look.words());
    let says = &words.statement;
    let mut facts = vec![Fact::new(says.as_of, locale.date_long(to))];
    let mut payment = None;
    if let [one] = accounts {
        facts.push(Fact::new(says.currency, capital(&words.currency(&one.currency))));
        let (label, owed) = balance(look, one);
        facts.push(Fact::new(label, owed));
        payment = look.payment(seller, Money::new(one.total(), one.currency), None, words.pay.numbers);
    }
    let mut sheet = Sheet {
        // It has no number; a page that is found alone says its day.
        number: locale.date_short(to, Date::MAX),
        facts,
        sections: accounts.iter().map(|x| section(look, x, (to, zone), accounts.len() > 1)).collect(),
        notes: accounts.iter().filter_map(|x| later(look, x, (to, zone))).chain([look.questions()]).collect(),
        payment,
        ..look.sheet(says.open_title, seller, buyer)
    };
    sheet.footer.push(anchor_line(locale, anchor));
    sheet
}

/// What a statement made on the day itself listed as open.
fn later(look: &Look, account: &OpenItems, (to, zone): (Date, &TimeZone)) -> Option<String> {
    let (says, date) = (&look.words().statement, |day| look.firm.locale.date_medium(day, Date::MAX));
    let one = |line: &OpenLine| {
        let part = line.part.map(|(nth, of)| format!(", {}", (says.part)(nth, of))).unwrap_or_default();
        let at = line.settled_at.map(|at| date(today(at, zone))).unwrap_or_default();
        (says.settled_item)(&format!("{}{part}", what(look, line)), &at)
    };
    let items: Vec<String> = account.later.iter().map(one).collect();
    (!items.is_empty()).then(|| (says.settled_later)(&date(to), &items.join(", ")))
}

fn section(look: &Look, account: &OpenItems, (to, zone): (Date, &TimeZone), headed: bool) -> Section {
    let (locale, words) = (look.firm.locale, look.words());
    let says = &words.statement;
    let in_currency = if headed { (says.account_in)(&words.in_currency(&account.currency)) } else { String::new() };
    let (label, owed) = balance(look, account);
    let sum = Total::sum((says.on)(label, &locale.date_medium(to, to)), owed);
    if account.lines.is_empty() {
        return Section { heading: says.nothing_open.to_owned(), totals: vec![sum], ..Section::default() };
    }
    let amount = |minor| locale.amount(Money::new(minor, account.currency));
    let mut totals = Vec::new();
    if account.unapplied() != 0 {
        totals.push(Total::line(says.open_invoices, amount(account.invoices())));
        totals.push(Total::line(says.unapplied, amount(account.unapplied())));
    }
    totals.push(sum);
    Section {
        heading: in_currency,
        table: table(look, account, (to, zone)),
        totals,
        breakdown: Some(ageing(look, &account.ageing, account.currency)),
    }
}

/// What the balance is called, and its size.
fn balance(look: &Look, account: &OpenItems) -> (&'static str, String) {
    let says = &look.words().statement;
    let total = account.total();
    let label = if total < 0 { says.in_favour } else { says.owed };
    (label, look.firm.locale.money(Money::new(total.saturating_abs(), account.currency)))
}

fn table(look: &Look, account: &OpenItems, on: (Date, &TimeZone)) -> Table {
    let says = &look.words().statement;
    let columns = vec![
        Column::text(says.what),
        Column { heading: says.date.to_owned(), ..Column::default() }.wide_only(),
        Column { heading: says.due.to_owned(), ..Column::default() }.wide_only(),
        Column::figures(says.late),
        Column::figures(says.original).wide_only(),
        Column::figures(says.settled).wide_only(),
        Column::figures(says.open),
    ];
    let rows = account.lines.iter().map(|line| row(look, account, line, on)).collect();
    Table { caption: says.open_caption.to_owned(), columns, rows, main: 0 }
}

/// What a line is called: "Invoice HF-2026-0001".
fn what(look: &Look, line: &OpenLine) -> String {
    match &line.entry.receipt {
        Some(number) => format!("{} {number}", look.words().receipt.title),
        None => (look.words().statement.entry)(line.entry.kind, &line.entry.number),
    }
}

fn row(look: &Look, account: &OpenItems, line: &OpenLine, (to, zone): (Date, &TimeZone)) -> Row {
    let (locale, words) = (look.firm.locale, look.words());
    let (says, entry) = (&words.statement, &line.entry);
    let amount = |minor| locale.amount(Money::new(minor, account.currency));
    let date = |day| locale.date_short(day, to);
    let mut notes = details(says, entry);
    notes.extend(line.part.map(|(nth, of)| (says.part)(nth, of)));
    let recorded = |at| locale.date_medium(today(at, zone), Date::MAX);
    notes.extend(line.restated(to, zone).map(|it| match it {
        Restated::Entry(at) => (says.recorded)(&recorded(at)),
        Restated::Settled(at) => (says.settled_recorded)(&recorded(at)),
    }));
    let due = line.due.map(date).unwrap_or_default();
    Row {
        cells: vec![
            what(look, line),
            date(entry.date),
            due.clone(),
            late(line, to),
            amount(entry.amount),
            amount(line.settled),
            amount(line.open),
        ],
        notes,
        narrow: if due.is_empty() { date(entry.date) } else { (says.due_of)(&due, &amount(entry.amount)) },
        ..Row::default()
    }
}

/// How many days it is late; a dash where it is not, nothing where it can't be.
pub fn late(line: &OpenLine, to: Date) -> String {
    match line.late(to) {
        None => String::new(),
        Some(..=0) => "–".to_owned(),
        Some(days) => days.to_string(),
    }
}

/// The same as a table: a row for each line, also for what is settled only by what was recorded after `to`, of which
/// nothing is open; then the total of each currency.
pub fn open_items_csv(accounts: &[OpenItems], (to, zone): (Date, &TimeZone)) -> Csv {
    let mut csv = Csv::new(&COLUMNS);
    for account in accounts {
        let figure = |minor| Money::new(minor, account.currency).decimal().to_string();
        let [code, on] = [account.currency.to_string(), to.to_string()];
        for line in account.lines.iter().chain(&account.later) {
            let entry = &line.entry;
            csv.row(&[
                code.clone(),
                on.clone(),
                kind(entry.kind).to_owned(),
                entry.receipt.as_ref().map_or_else(|| entry.number.clone(), ToString::to_string),
                entry.title.clone(),
                line.part.map_or_else(String::new, |(nth, of)| format!("{nth} of {of}")),
                entry.date.to_string(),
                line.due.map_or_else(String::new, |due| due.to_string()),
                line.late(to).map_or_else(String::new, |days| days.to_string()),
                figure(entry.amount),
                figure(line.settled),
                figure(line.open),
                line.restated(to, zone).map_or_else(String::new, |it| today(it.at(), zone).to_string()),
            ]);
        }
        let mut total: [String; COLUMNS.len()] = Default::default();
        [total[0], total[1], total[2], total[11]] = [code, on, "total".to_owned(), figure(account.total())];
        csv.row(&total);
    }
    csv
}

fn kind(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::CreditNote => "credit note",
        EntryKind::Receipt => "payment",
        EntryKind::LateNote => "late payment note",
        _ => "invoice",
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_column_is_documented() {
        let documented = include_str!("../../docs/formats.md");
        let missing: Vec<_> = super::COLUMNS.iter().filter(|name| !documented.contains(&format!("`{name}`"))).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
