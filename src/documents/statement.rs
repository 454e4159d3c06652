//! Statements of account as a [`Sheet`].
//!
//! Formats what the domain has reckoned; must not reckon anything itself.

use jiff::civil::Date;

use super::bill::Look;
use super::names::currency_name;
use super::sheet::{Column, Fact, Row, Section, Sheet, Table, Total};
use crate::domain::client::Party;
use crate::domain::money::{Currency, Money};
use crate::domain::statement::{Ageing, EntryKind, Statement};
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

/// The sheet of a statement from `from` to `to`, both inclusive: one section for each account.
pub fn statement_sheet(look: &Look, buyer: &Party, accounts: &[Account], from: Date, to: Date) -> Sheet {
    let locale = look.firm.locale;
    let seller = &look.firm.party;
    let several = accounts.len() > 1;
    let mut facts = vec![Fact::new("From", locale.date_long(from)), Fact::new("To", locale.date_long(to))];
    if let [one] = accounts {
        facts.push(Fact::new("Currency", capital(&currency_name(one.currency))));
        let (label, owed) = closing(one, "Owed");
        facts.push(Fact::new(label, locale.money(owed)));
    }
    let payment = match accounts {
        [one] => {
            let note = "Please give the invoice numbers as the reference, so that your payment finds them.";
            look.payment(seller, Money::new(one.statement.closing, one.currency), None, note)
        }
        _ => None,
    };
    // A statement has no number; a page that is found alone says its period.
    let number = format!("{} to {}", locale.date_short(from, Date::MAX), locale.date_short(to, Date::MAX));
    Sheet {
        number,
        facts,
        sections: accounts.iter().map(|x| section(look, x, from, to, several)).collect(),
        notes: vec![look.questions()],
        payment,
        ..look.sheet("Statement", seller, buyer)
    }
}

fn section(look: &Look, account: &Account, from: Date, to: Date, headed: bool) -> Section {
    let locale = look.firm.locale;
    let statement = account.statement;
    let amount = |minor| locale.amount(Money::new(minor, account.currency));
    let (label, owed) = closing(account, "Owed");
    let last = format!("{label} on {}", locale.date_medium(to, to));
    let totals = vec![
        Total::line(format!("Balance before {}", locale.date_medium(from, to)), amount(statement.opening)),
        Total::line("Charged", amount(statement.charged)),
        Total::line("Paid or credited", amount(statement.settled.saturating_neg())),
        Total::sum(last, locale.money(owed)),
    ];
    Section {
        heading: if headed { format!("In {}", currency_name(account.currency)) } else { String::new() },
        table: movements(look, account, from, to),
        totals,
        breakdown: account.ageing.map(|x| ageing(look, x, account.currency)),
    }
}

/// What the closing balance is called, and its size.
fn closing(account: &Account, owed: &'static str) -> (&'static str, Money) {
    let minor = account.statement.closing;
    let label = if minor < 0 { "In your favour" } else { owed };
    (label, Money::new(minor.saturating_abs(), account.currency))
}

fn movements(look: &Look, account: &Account, from: Date, to: Date) -> Table {
    let locale = look.firm.locale;
    let amount = |minor| locale.amount(Money::new(minor, account.currency));
    // A period within one year says the year once, above; a longer one says it in each row.
    let date = |day| locale.date_short(day, if from.year() == to.year() { to } else { Date::MAX });
    let mut rows = vec![Row {
        cells: [
            date(from),
            "Opening balance".to_owned(),
            String::new(),
            String::new(),
            amount(account.statement.opening),
        ]
        .into(),
        strong: true,
        ..Row::default()
    }];
    rows.extend(account.statement.rows.iter().map(|row| {
        let entry = &row.entry;
        let (charged, settled) = match entry.kind {
            EntryKind::Invoice => (amount(entry.amount), String::new()),
            _ => (String::new(), amount(entry.amount)),
        };
        Row {
            cells: vec![date(entry.date), what(entry.kind, &entry.number), charged, settled, amount(row.balance)],
            notes: details(entry.kind, &entry.number, &entry.title),
            narrow: narrow(entry.kind, &amount(entry.amount)),
            ..Row::default()
        }
    }));
    let figures = ["Charged", "Paid or credited"].map(|x| Column::figures(x).wide_only());
    let mut columns = vec![Column { heading: "Date".to_owned(), ..Column::default() }, Column::text("What")];
    columns.extend(figures);
    columns.push(Column::figures("Balance"));
    let caption = "Every charge and payment, oldest first, with the balance after each".to_owned();
    Table { caption, columns, rows, main: 1 }
}

fn what(kind: EntryKind, number: &str) -> String {
    match kind {
        EntryKind::Invoice | EntryKind::EarlyPayment | EntryKind::WrittenOff => format!("Invoice {number}"),
        EntryKind::CreditNote => format!("Credit note {number}"),
        EntryKind::Receipt => "Payment, thank you".to_owned(),
        EntryKind::Reversal => "Payment taken back".to_owned(),
        EntryKind::Refund => "Paid back to you".to_owned(),
        EntryKind::RefundReturned => "Refund returned".to_owned(),
    }
}

fn details(kind: EntryKind, number: &str, title: &str) -> Vec<String> {
    let money = [EntryKind::Receipt, EntryKind::Reversal, EntryKind::Refund, EntryKind::RefundReturned];
    let reference = if money.contains(&kind) { number } else { "" };
    let parts: Vec<&str> = [title, reference].into_iter().map(str::trim).filter(|x| !x.is_empty()).collect();
    if parts.is_empty() { Vec::new() } else { vec![capital(&parts.join(", "))] }
}

fn narrow(kind: EntryKind, amount: &str) -> String {
    match kind {
        EntryKind::Invoice => format!("{amount} charged"),
        EntryKind::CreditNote | EntryKind::EarlyPayment | EntryKind::WrittenOff => format!("{amount} credited"),
        EntryKind::Receipt => format!("{amount} paid"),
        EntryKind::Reversal => format!("{amount} taken back"),
        EntryKind::Refund => format!("{amount} paid back"),
        EntryKind::RefundReturned => format!("{amount} returned"),
    }
}

fn ageing(look: &Look, ageing: &Ageing, currency: Currency) -> Table {
    let mut columns = vec![
        ("Not due yet", ageing.current),
        ("1–30 days late", ageing.d1_30),
        ("31–60 days", ageing.d31_60),
        ("61–90 days", ageing.d61_90),
        ("Over 90 days", ageing.over_90),
    ];
    if ageing.unapplied != 0 {
        columns.push(("Not yet set off", ageing.unapplied.saturating_neg()));
    }
    let amount = |minor| look.firm.locale.amount(Money::new(minor, currency));
    let row = Row { cells: columns.iter().map(|x| amount(x.1)).collect(), ..Row::default() };
    Table {
        caption: "How old it is".to_owned(),
        columns: columns.iter().map(|x| Column::figures(x.0)).collect(),
        rows: vec![row],
        ..Table::default()
    }
}
