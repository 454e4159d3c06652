//! Receivables, further: the cash that is expected, days sales outstanding, and who owes most; each as a drawing with a
//! table, and as CSV.
//!
//! Drawn from sums that the store keeps (`store::sums`), so that it costs the same however many invoices there are.

use std::collections::BTreeMap;

use axum::response::Response;
use jiff::Span;
use jiff::civil::Date;
use maud::{Markup, html};
use rust_decimal::Decimal;

use super::links;
use super::names::NamesOf;
use super::receivables::{disputed_totals, monday_of, thousands};
use crate::documents::Csv;
use crate::domain::dso::{self, Dso, Month};
use crate::domain::ids::ClientId;
use crate::domain::invoice::days_between;
use crate::domain::money::{Currency, Money};
use crate::store::prelude::*;
use crate::web::charts::{self, Column};
use crate::web::download;
use crate::web::guard::Desk;
use crate::web::parts::{self, Col, Icon, Look};
use crate::web::problem::Problem;

/// Weeks of expected cash.
const WEEKS: i32 = 8;
/// Open promises that move what is expected; those that end first.
const PROMISES_READ: usize = 2_000;
/// Months of days sales outstanding.
const MONTHS: usize = 12;
/// Debtors that are shown, and that the CSV holds.
const DEBTORS: usize = 10;
const DEBTORS_CSV: usize = 1_000;

/// What is expected, by day.
pub(super) type Expected = Vec<(Date, Money)>;
/// What happened in each month, by currency.
type Months = BTreeMap<Currency, Vec<Month>>;

/// What is expected by day, for whoever asks; what is promised, on the day that was promised.
///
/// # Errors
/// When the store fails.
pub(super) fn expected(r: &ReadTx, desk: &Desk) -> Result<Expected, StoreError> {
    let mut sums: BTreeMap<(Date, Currency), i64> = BTreeMap::new();
    let mut add = |on: Date, minor: i64, currency: Currency| {
        let sum = sums.entry((on, currency)).or_default();
        *sum = sum.saturating_add(minor);
    };
    by_habit(r, desk)?.iter().for_each(|(on, money)| add(*on, money.minor, money.currency));
    let open = r.open_promises(PROMISES_READ)?;
    // Whether reminders wait for it or not: it says when money comes.
    for promise in open.iter().filter(|x| x.runs_on(desk.today()) && desk.scope.sees(x.client)) {
        let Some(row) = r.invoice_row(promise.invoice)? else { continue };
        let (habit, mut left) = (r.habit(promise.client)?, promise.amount.minor);
        for part in row.invoice.open_parts(row.settled) {
            let moved = part.amount.min(left);
            left -= moved;
            add(part.due.saturating_add(Span::new().days(habit)), -moved, row.invoice.currency);
            add(promise.day, moved, row.invoice.currency);
        }
    }
    let there = sums.into_iter().filter(|x| x.1 != 0);
    Ok(there.map(|((on, currency), minor)| (on, Money::new(minor, currency))).collect())
}

/// What is expected by day as if nothing were promised: due dates, shifted by what each client usually does.
fn by_habit(r: &ReadTx, desk: &Desk) -> Result<Expected, StoreError> {
    let Some(some) = desk.scope.only() else { return r.expected() };
    let mut out = Vec::new();
    for client in some {
        let habit = r.habit(*client)?;
        for (open, currency) in r.open_parts_of(*client)? {
            let on = open.due.saturating_add(Span::new().days(habit));
            out.push((on, Money::new(open.open, currency)));
        }
    }
    Ok(out)
}

fn months(r: &ReadTx, desk: &Desk) -> Result<Months, StoreError> {
    let Some(some) = desk.scope.only() else { return r.months(None) };
    let mut out = Months::new();
    for client in some {
        for (currency, more) in r.months(Some(*client))? {
            out.entry(currency).or_default().extend(more);
        }
    }
    // One line a month, of several clients.
    out.values_mut().for_each(|all| *all = merged(all));
    Ok(out)
}

fn merged(months: &[Month]) -> Vec<Month> {
    let mut out: BTreeMap<Date, Month> = BTreeMap::new();
    for m in months {
        let sum = out.entry(m.first).or_insert(Month { first: m.first, charged: 0, credited: 0, settled: 0 });
        sum.charged = sum.charged.saturating_add(m.charged);
        sum.credited = sum.credited.saturating_add(m.credited);
        sum.settled = sum.settled.saturating_add(m.settled);
    }
    out.into_values().collect()
}

/// Who owes most in a currency, for whoever asks.
fn debtors(r: &ReadTx, desk: &Desk, currency: Currency, limit: usize) -> Result<Vec<(ClientId, i64)>, StoreError> {
    let Some(some) = desk.scope.only() else { return r.debtors(currency, limit) };
    let mut all = Vec::new();
    for client in some {
        let debt = r.debt(*client, currency)?;
        if debt > 0 {
            all.push((*client, debt));
        }
    }
    all.sort_by_key(|(client, debt)| (std::cmp::Reverse(*debt), *client));
    all.truncate(limit);
    Ok(all)
}

/// The weeks from this one on, each with what is expected in it; and what was expected before today.
fn by_week(expected: &[(Date, Money)], currency: Currency, today: Date) -> (Vec<(Date, i64)>, i64) {
    let first = monday_of(today);
    let mut weeks: Vec<(Date, i64)> = (0..WEEKS).map(|n| (first.saturating_add(Span::new().weeks(n)), 0)).collect();
    let mut past = 0_i64;
    for (on, money) in expected.iter().filter(|x| x.1.currency == currency) {
        let within = |week: &&mut (Date, i64)| (0..7).contains(&days_between(week.0, *on));
        let sum = if *on < today { Some(&mut past) } else { weeks.iter_mut().find(within).map(|week| &mut week.1) };
        if let Some(sum) = sum {
            *sum = sum.saturating_add(money.minor);
        }
    }
    (weeks, past)
}

/// The sections of one currency, one of `several` or the only one, of what is `expected` in any.
///
/// # Errors
/// When the store fails.
pub(super) fn sections(
    r: &ReadTx,
    desk: &Desk,
    expected: &[(Date, Money)],
    (currency, several): (Currency, bool),
) -> Result<Markup, StoreError> {
    let named = |words: &str| if several { format!("{words}, {currency}") } else { words.to_owned() };
    let names = NamesOf::among(r, &desk.scope);
    let (weeks, past) = by_week(expected, currency, desk.today());
    let months = months(r, desk)?.remove(&currency).unwrap_or_default();
    let figures = dso::by_month(&months, desk.today(), MONTHS);
    let disputed = disputed(r, desk, currency)?;
    let without = (disputed.minor > 0).then(|| (disputed, dso::without(&months, desk.today(), disputed.minor)));
    let owing = debtors(r, desk, currency, DEBTORS)?;
    Ok(html! {
        (parts::section(&format!("cash-{currency}"), named("Expected cash"), csv_link("expected"), cash(desk, currency, &weeks, past)))
        (parts::section(&format!("dso-{currency}"), named("Days sales outstanding"), csv_link("dso"), outstanding(desk, currency, &figures, without.as_ref())))
        (parts::section(&format!("debtors-{currency}"), named("Who owes most"), csv_link("debtors"), most(r, desk, &names, currency, &owing)?))
    })
}

fn csv_link(what: &str) -> Markup {
    parts::link_icon(Look::Small, Icon::Down, &format!("/desk/receivables/{what}.csv"), "CSV")
}

fn cash(desk: &Desk, currency: Currency, weeks: &[(Date, i64)], past: i64) -> Markup {
    let (locale, today) = (desk.locale(), desk.today());
    let money = |minor| Money::new(minor, currency);
    let column = |(monday, minor): &(Date, i64)| Column {
        label: locale.date_short(*monday, today),
        size: *minor,
        short: thousands(desk, money(*minor)),
        amount: locale.amount(money(*minor)),
    };
    let columns: Vec<Column> = weeks.iter().map(column).collect();
    let whole = weeks.iter().fold(0_i64, |sum, week| sum.saturating_add(week.1));
    let said = format!("{} are expected in the next {WEEKS} weeks.", locale.money(money(whole)));
    let heading = format!("cash-{currency}");
    html! {
        p.small.mut {
            (said) " Each client’s due dates are shifted by the days that they usually pay late; what is promised stands on its day. "
            @if past > 0 { (locale.money(money(past))) " is past the day on which it was expected. " }
            "Figures over the columns are in thousands."
        }
        (charts::columns(&format!("{heading}-d"), &heading, &said, ("Week of", "Expected"), &columns))
    }
}

/// Tenths of a day in words: `41.5`.
fn days(desk: &Desk, tenths: Option<i64>) -> String {
    tenths.map_or_else(|| "–".to_owned(), |x| desk.locale().number(Decimal::new(x, 1)))
}

/// What is disputed in a currency, for whoever asks.
fn disputed(r: &ReadTx, desk: &Desk, currency: Currency) -> Result<Money, StoreError> {
    let all = disputed_totals(r, desk)?;
    let own = all.iter().filter(|x| x.sum.currency == currency);
    Ok(Money::new(own.fold(0_i64, |sum, x| sum.saturating_add(x.sum.minor)), currency))
}

fn outstanding(desk: &Desk, currency: Currency, figures: &[Dso], without: Option<&(Money, Dso)>) -> Markup {
    let label = |month: Date| month.strftime("%b %y").to_string();
    let column = |x: &Dso| Column {
        label: label(x.month),
        size: x.countback.unwrap_or(0),
        short: days(desk, x.countback.map(|x| (x + 5) / 10 * 10)),
        amount: days(desk, x.countback),
    };
    let columns: Vec<Column> = figures.iter().map(column).collect();
    let now = figures.last();
    let said = format!(
        "Now {} days by countback and {} days by the simple rule.",
        days(desk, now.and_then(|x| x.countback)),
        days(desk, now.and_then(|x| x.simple))
    );
    let cols = [Col::name("Month"), Col::num("Open at its end"), Col::num("Simple, days"), Col::num("Countback, days")];
    let row = |x: &Dso| -> parts::Row {
        let open = desk.locale().amount(Money::new(x.receivables, currency));
        let cells = [label(x.month), open, days(desk, x.simple), days(desk, x.countback)];
        cells.map(|cell| html! { (cell) }).to_vec().into()
    };
    let mut rows: Vec<parts::Row> = figures.iter().rev().map(row).collect();
    if let Some((_, x)) = without {
        let open = desk.locale().amount(Money::new(x.receivables, currency));
        let name = format!("{}, without what is disputed", label(x.month));
        let cells = [name, open, days(desk, x.simple), days(desk, x.countback)];
        rows.insert(0, cells.map(|cell| html! { (cell) }).to_vec().into());
    }
    let heading = format!("dso-{currency}");
    html! {
        p.small.mut {
            (said) " Countback takes the newest months’ sales off what is open; the simple rule sets it against three months’ sales."
        }
        @if let Some((disputed, x)) = without {
            p.small {
                "Without the " (desk.locale().money(*disputed)) " that is disputed: " (days(desk, x.countback)) " days by countback and "
                (days(desk, x.simple)) " days by the simple rule."
            }
        }
        (charts::columns(&format!("{heading}-d"), &heading, &said, ("Month", "Days by countback"), &columns))
        (parts::more("Both rules, month by month", parts::scroller("Days sales outstanding by month", &cols, &rows, None)))
    }
}

fn most(
    r: &ReadTx,
    desk: &Desk,
    names: &NamesOf<'_, ReadTx>,
    currency: Currency,
    owing: &[(ClientId, i64)],
) -> Result<Markup, StoreError> {
    let mut bars = Vec::new();
    for (client, debt) in owing {
        let late = overdue_of(r, desk, *client, currency)?;
        let amount = |minor| desk.locale().amount(Money::new(minor, currency));
        let (usual, name) = (r.habit(*client)?, names.client(*client));
        bars.push(charts::Bar {
            label: name,
            href: links::client(*client),
            size: *debt,
            cells: vec![amount(*debt), amount(late), usual.to_string()],
        });
    }
    let cols = ["Open", "Overdue", "Usually late, days"];
    Ok(html! {
        @if bars.is_empty() { p.mut { "Nobody owes anything." } }
        @else { (charts::bars("Who owes most", "Client", &cols, &bars)) }
    })
}

/// What of it is past due. Costs what is open of this client.
fn overdue_of(r: &ReadTx, desk: &Desk, client: ClientId, currency: Currency) -> Result<i64, StoreError> {
    let parts = r.open_parts_of(client)?;
    let late = parts.iter().filter(|x| x.1 == currency && x.0.due < desk.today());
    Ok(late.fold(0_i64, |sum, x| sum.saturating_add(x.0.open)))
}

/// `GET /desk/receivables/expected.csv`: what is open by currency and the day on which it is expected.
pub async fn expected_csv(desk: Desk) -> Result<Response, Problem> {
    let mut all = desk.read(|r| Ok(expected(r, &desk)?))?;
    all.sort_by_key(|(on, money)| (money.currency, *on));
    let mut csv = Csv::new(&["Currency", "Expected", "Open"]);
    for (on, money) in &all {
        csv.row(&[money.currency.code(), &on.to_string(), &money.decimal().to_string()]);
    }
    Ok(download::csv(&format!("expected-{}.csv", desk.today()), csv))
}

/// `GET /desk/receivables/dso.csv`: days sales outstanding of the last twelve months.
pub async fn dso_csv(desk: Desk) -> Result<Response, Problem> {
    let (all, disputed) = desk.read(|r| Ok((months(r, &desk)?, disputed_totals(r, &desk)?)))?;
    let mut csv = Csv::new(&[
        "Currency",
        "Month",
        "Open",
        "Simple days",
        "Countback days",
        "Disputed",
        "Simple days without it",
        "Countback days without it",
    ]);
    for (currency, months) in &all {
        let own = disputed.iter().filter(|x| x.sum.currency == *currency);
        let disputed = Money::new(own.fold(0_i64, |sum, x| sum.saturating_add(x.sum.minor)), *currency);
        let without = dso::without(months, desk.today(), disputed.minor);
        for x in dso::by_month(months, desk.today(), MONTHS) {
            let open = Money::new(x.receivables, *currency).decimal().to_string();
            let tenths = |x: Option<i64>| x.map_or_else(String::new, |x| Decimal::new(x, 1).to_string());
            let month = x.month.strftime("%Y-%m").to_string();
            // What was disputed at the end of a past month is not kept as a sum.
            let [disputed, simple, countback] = match x.month == without.month {
                true => [disputed.decimal().to_string(), tenths(without.simple), tenths(without.countback)],
                false => Default::default(),
            };
            let (own_simple, own_countback) = (tenths(x.simple), tenths(x.countback));
            csv.row(&[currency.code(), &month, &open, &own_simple, &own_countback, &disputed, &simple, &countback]);
        }
    }
    Ok(download::csv(&format!("dso-{}.csv", desk.today()), csv))
}

/// `GET /desk/receivables/debtors.csv`: who owes most, by currency, at most a thousand of each.
pub async fn debtors_csv(desk: Desk) -> Result<Response, Problem> {
    let mut csv = Csv::new(&["Currency", "Client", "Open", "Overdue", "Usually late, days"]);
    desk.read(|r| {
        let names = NamesOf::among(r, &desk.scope);
        let mut currencies: Vec<Currency> = months(r, &desk)?.into_keys().collect();
        currencies.sort();
        for currency in currencies {
            for (client, debt) in debtors(r, &desk, currency, DEBTORS_CSV)? {
                let amount = |minor| Money::new(minor, currency).decimal().to_string();
                let (open, late) = (amount(debt), amount(overdue_of(r, &desk, client, currency)?));
                csv.row(&[currency.code(), &names.client(client), &open, &late, &r.habit(client)?.to_string()]);
            }
        }
        Ok(())
    })?;
    Ok(download::csv(&format!("debtors-{}.csv", desk.today()), csv))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn what_is_expected_falls_into_its_week_or_is_past() {
        let today = date(2026, 11, 27); // a Friday
        let eur = |on, minor| (on, Money::new(minor, Currency::EUR));
        let all = vec![
            eur(date(2026, 11, 26), 1),
            eur(today, 2),
            eur(date(2026, 11, 30), 4),
            eur(date(2027, 1, 17), 8),
            eur(date(2027, 1, 18), 16),
            (today, Money::new(32, "JPY".parse().unwrap())),
        ];
        let (weeks, past) = by_week(&all, Currency::EUR, today);
        assert_eq!(weeks.iter().map(|x| x.1).collect::<Vec<_>>(), [2, 4, 0, 0, 0, 0, 0, 8]);
        assert_eq!(past, 1);
    }
}
