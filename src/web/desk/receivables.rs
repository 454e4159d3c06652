//! What is owed, by age and by the week in which it falls due, per currency.
//!
//! Drawn from the sums per due date that the store keeps, so that it costs the same however many invoices there are.

use std::collections::BTreeMap;

use axum::response::Response;
use jiff::Span;
use jiff::civil::Date;
use maud::{Markup, html};

use super::{cash, links};
use crate::documents::Csv;
use crate::domain::invoice::days_between;
use crate::domain::money::{Currency, Money};
use crate::store::invoices::OpenTotal;
use crate::store::prelude::*;
use crate::web::charts::{self, Age, Column};
use crate::web::download;
use crate::web::forms::{self, Query};
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, Field, FieldError, Fig, Icon, Look, Tone, time};
use crate::web::problem::Problem;

/// Weeks that the chart of what falls due shows.
const WEEKS: i32 = 8;
/// Receipts and credits read for the sum of what is not applied; beyond it the sum is said to be more.
const UNAPPLIED_MAX: usize = 1_000;
/// The ages, as (words, last day late).
const AGES: [(&str, i32); 5] = [
    ("Not due yet", 0),
    ("1–30 days late", 30),
    ("31–60 days late", 60),
    ("61–90 days late", 90),
    ("Over 90 days late", i32::MAX),
];

/// A sum and of how many invoices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    minor: i64,
    count: u64,
}

impl Sum {
    fn add(&mut self, total: &OpenTotal) {
        self.minor = self.minor.saturating_add(total.sum.minor);
        self.count = self.count.saturating_add(total.count);
    }
}

/// What is open in one currency.
#[derive(Debug)]
pub(super) struct Book {
    pub currency: Currency,
    ages: [Sum; 5],
    weeks: Vec<(Date, Sum)>,
}

impl Book {
    /// All that is open.
    pub fn owed(&self) -> Money {
        Money::new(self.ages.iter().fold(0_i64, |sum, x| sum.saturating_add(x.minor)), self.currency)
    }

    /// What of it is past due.
    pub fn overdue(&self) -> Money {
        Money::new(self.ages.iter().skip(1).fold(0_i64, |sum, x| sum.saturating_add(x.minor)), self.currency)
    }

    /// Of how many invoices, in all and past due.
    pub fn counts(&self) -> (u64, u64) {
        let late = self.ages.iter().skip(1).map(|x| x.count).sum();
        (late + self.ages.first().map_or(0, |x| x.count), late)
    }
}

/// What is open for whoever asks, per due date.
pub(super) fn open_totals(r: &ReadTx, desk: &Desk) -> Result<Vec<OpenTotal>, StoreError> {
    let Some(some) = desk.scope.only() else { return r.open_totals() };
    let mut sums: BTreeMap<(Currency, Date), (i64, u64)> = BTreeMap::new();
    for client in some {
        for (open, currency) in r.open_parts_of(*client)? {
            let sum = sums.entry((currency, open.due)).or_default();
            *sum = (sum.0.saturating_add(open.open), sum.1 + 1);
        }
    }
    let total = |((currency, due), (minor, count))| OpenTotal { due, sum: Money::new(minor, currency), count };
    Ok(sums.into_iter().map(total).collect())
}

/// What of it is disputed for whoever asks, per due date.
pub(super) fn disputed_totals(r: &ReadTx, desk: &Desk) -> Result<Vec<OpenTotal>, StoreError> {
    let Some(some) = desk.scope.only() else { return r.disputed_totals(None) };
    let mut sums: BTreeMap<(Currency, Date), (i64, u64)> = BTreeMap::new();
    for client in some {
        for total in r.disputed_totals(Some(*client))? {
            let sum = sums.entry((total.sum.currency, total.due)).or_default();
            *sum = (sum.0.saturating_add(total.sum.minor), sum.1 + total.count);
        }
    }
    let total = |((currency, due), (minor, count))| OpenTotal { due, sum: Money::new(minor, currency), count };
    Ok(sums.into_iter().map(total).collect())
}

/// The books of `totals` as of `on`: the `first` currency, then the others by their codes.
pub(super) fn books(totals: &[OpenTotal], on: Date, first: Currency) -> Vec<Book> {
    let mut all: Vec<Book> = Vec::new();
    for total in totals {
        let at = match all.iter().position(|b| b.currency == total.sum.currency) {
            Some(at) => at,
            None => {
                all.push(Book { currency: total.sum.currency, ages: [Sum::default(); 5], weeks: weeks_from(on) });
                all.len() - 1
            }
        };
        if let Some(book) = all.get_mut(at) {
            book.take(total, on);
        }
    }
    all.sort_by_key(|b| (b.currency != first, b.currency));
    all
}

impl Book {
    fn take(&mut self, total: &OpenTotal, on: Date) {
        let late = days_between(total.due, on);
        if let Some(age) = AGES.iter().zip(&mut self.ages).find(|(age, _)| late <= age.1) {
            age.1.add(total);
        }
        let week = self.weeks.iter_mut().find(|(monday, _)| (0..7).contains(&days_between(*monday, total.due)));
        if let Some((_, sum)) = week.filter(|_| late <= 0) {
            sum.add(total);
        }
    }
}

/// The Monday of a week.
pub(super) fn monday_of(day: Date) -> Date {
    day.saturating_sub(Span::new().days(i32::from(day.weekday().to_monday_zero_offset())))
}

fn weeks_from(on: Date) -> Vec<(Date, Sum)> {
    let first = monday_of(on);
    (0..WEEKS).map(|n| (first.saturating_add(Span::new().weeks(n)), Sum::default())).collect()
}

/// The date asked for, not before today: what was open in the past is the statement's matter.
fn asked_on(desk: &Desk, text: &str) -> (Date, Vec<FieldError>) {
    let today = desk.today();
    let fault = |message: &str| (today, vec![FieldError::new("on", message)]);
    match forms::date("on", text) {
        _ if text.is_empty() => (today, Vec::new()),
        Ok(on) if on < today => fault("Enter today’s date or a later one; a client’s statement shows the past."),
        Ok(on) if on.year() > 2199 => fault("Enter a date up to 2199."),
        Ok(on) => (on, Vec::new()),
        Err(wrong) => fault(&wrong.message),
    }
}

/// `GET /desk/receivables?on=`
pub async fn show(desk: Desk, Query(query): Query) -> Result<Markup, Problem> {
    let (on, errors) = asked_on(&desk, query.get("on").trim());
    desk.read(|r| {
        let disputed = books(&disputed_totals(r, &desk)?, on, desk.firm.currency);
        let books = books(&open_totals(r, &desk)?, on, desk.firm.currency);
        let unapplied = unapplied(r, &desk)?;
        let several = books.len() > 1;
        let expected = cash::expected(r, &desk)?;
        let sections = |x: &Book| cash::sections(r, &desk, &expected, (x.currency, several));
        let more: Vec<Markup> = books.iter().map(sections).collect::<Result<_, _>>()?;
        Ok(desk.page(
            DeskNav::Receivables,
            &parts::titled("Receivables", &errors),
            body(&desk, (&books, &more, &disputed), &unapplied, on, &errors),
        ))
    })
}

/// `GET /desk/receivables.csv?on=`: the sums per currency and due date, with the days late on that day.
pub async fn csv(desk: Desk, Query(query): Query) -> Result<Response, Problem> {
    let (on, errors) = asked_on(&desk, query.get("on").trim());
    if !errors.is_empty() {
        return Err(Problem::Bad("Enter today’s date or a later one; a client’s statement shows the past."));
    }
    let (totals, disputed) = desk.read(|r| Ok((open_totals(r, &desk)?, disputed_totals(r, &desk)?)))?;
    let mut csv = Csv::new(&["Currency", "Due", "Open", "Invoices", "Days late", "Disputed"]);
    for total in &totals {
        let late = days_between(total.due, on).max(0).to_string();
        let (due, open) = (total.due.to_string(), total.sum.decimal().to_string());
        let same = disputed.iter().find(|x| (x.sum.currency, x.due) == (total.sum.currency, total.due));
        let disputed = same.map_or(Money::zero(total.sum.currency), |x| x.sum).decimal().to_string();
        csv.row(&[total.sum.currency.code(), &due, &open, &total.count.to_string(), &late, &disputed]);
    }
    Ok(download::csv(&format!("receivables-{on}.csv"), csv))
}

/// What is not applied per currency, and whether there is more than was read.
struct Unapplied(BTreeMap<Currency, i64>, bool);

fn unapplied(r: &ReadTx, desk: &Desk) -> Result<Unapplied, StoreError> {
    let mut out = Unapplied(BTreeMap::new(), false);
    for client in links::reach(&desk.scope) {
        let all = r.unapplied_first(client, UNAPPLIED_MAX)?;
        out.1 |= all.len() == UNAPPLIED_MAX;
        for (_, one) in all {
            let sum = out.0.entry(one.left.currency).or_default();
            *sum = sum.saturating_add(one.left.minor);
        }
    }
    Ok(out)
}

fn body(
    desk: &Desk,
    (books, more, disputed): (&[Book], &[Markup], &[Book]),
    unapplied: &Unapplied,
    on: Date,
    errors: &[FieldError],
) -> Markup {
    let asked = on.to_string();
    let filters = html! {
        form.filters method="get" action="/desk/receivables" {
            (parts::date(&Field::new("on", "As of").value(&asked).errors(errors), Some(&desk.today().to_string()), None))
            (parts::submit(Look::Plain, "Show"))
            (parts::link_icon(Look::Plain, Icon::Down, &links::with_query("/desk/receivables.csv", &[("on", &asked)]), "CSV"))
        }
    };
    html! {
        (parts::error_summary(errors))
        (parts::head("Receivables", as_of(desk, on), filters))
        @if books.is_empty() { (parts::empty("Nobody owes you anything.", "An invoice appears here as soon as it is issued.")) }
        @for (book, more) in books.iter().zip(more) {
            (one_book(desk, (book, of(disputed, book)), unapplied, on, books.len() > 1))
            (more)
        }
    }
}

fn as_of(desk: &Desk, on: Date) -> Markup {
    let written = time(on, desk.locale().date_weekday(on, desk.today()));
    html! {
        "As of " (written) @if on > desk.today() { ", if nothing more is paid or issued until then" }
    }
}

/// What is disputed in the currency of a book.
fn of<'b>(disputed: &'b [Book], book: &Book) -> Option<&'b Book> {
    disputed.iter().find(|x| x.currency == book.currency)
}

fn one_book(
    desk: &Desk,
    (book, disputed): (&Book, Option<&Book>),
    unapplied: &Unapplied,
    on: Date,
    several: bool,
) -> Markup {
    let code = book.currency.code();
    let (age, week) = (format!("age-{code}"), format!("due-{code}"));
    let named = |words: &str| if several { format!("{words}, {code}") } else { words.to_owned() };
    let ages = ages(desk, book);
    let total = desk.locale().amount(book.owed());
    html! {
        div.sec { (parts::figs(&figures(desk, book, disputed, unapplied))) }
        (parts::section(&age, named("Ageing"), format!("In {code}"), html! {
            (charts::ageing_bar(&ages))
            (charts::ageing_table(&ages, &total))
            @if let Some(disputed) = disputed { p.small.mut { (by_age(desk, disputed)) } }
        }))
        (parts::section(&week, named("Due by week"), format!("In {code}, weeks from Monday"), columns(desk, book, &week, on)))
    }
}

/// "Disputed of it: €40.00 not due yet, €20.00 1–30 days late."
fn by_age(desk: &Desk, disputed: &Book) -> String {
    let ages = AGES.iter().zip(&disputed.ages).filter(|x| x.1.minor != 0);
    let age = |((words, last), sum): (&(&str, i32), &Sum)| {
        let words = if *last == 0 { "not due yet" } else { words };
        format!("{} {}", desk.locale().money(Money::new(sum.minor, disputed.currency)), words.replace("Over", "over"))
    };
    format!("Disputed of it: {}.", ages.map(age).collect::<Vec<_>>().join(", "))
}

fn figures(desk: &Desk, book: &Book, disputed: Option<&Book>, unapplied: &Unapplied) -> Vec<Fig> {
    let locale = desk.locale();
    let (count, late) = book.counts();
    let share = i128::from(book.overdue().minor) * 100 / i128::from(book.owed().minor.max(1));
    let coming = book.weeks.iter().fold(0_i64, |sum, week| sum.saturating_add(week.1.minor));
    let mut all = vec![
        Fig::new("Owed to you", locale.money(book.owed())).note(invoices(count)),
        Fig::new("Overdue", locale.money(book.overdue()))
            .note(format!("{share}% of it, {}", invoices(late)))
            .tone(if late > 0 { Tone::Bad } else { Tone::Plain }),
        Fig::new(format!("Due in {WEEKS} weeks"), locale.money(Money::new(coming, book.currency))),
    ];
    if let Some(disputed) = disputed {
        let left = book.owed().minor.saturating_sub(disputed.owed().minor);
        let note = format!("{} disputed, of {}", locale.money(disputed.owed()), invoices(disputed.counts().0));
        all.push(Fig::new("Without what is disputed", locale.money(Money::new(left, book.currency))).note(note));
    }
    if let Some(minor) = unapplied.0.get(&book.currency) {
        let note = if unapplied.1 { "At least; payments and credits" } else { "Payments and credits on account" };
        all.push(Fig::new("Not applied yet", locale.money(Money::new(*minor, book.currency))).note(note));
    }
    all
}

fn invoices(count: u64) -> String {
    if count == 1 { "1 invoice".to_owned() } else { format!("{count} invoices") }
}

fn ages(desk: &Desk, book: &Book) -> Vec<Age> {
    let age = |((words, last), sum): (&(&str, i32), &Sum)| Age {
        label: (*words).to_owned(),
        href: if *last == 0 { "/desk/invoices?state=due".to_owned() } else { links::OVERDUE.to_owned() },
        size: sum.minor,
        amount: desk.locale().amount(Money::new(sum.minor, book.currency)),
        count: usize::try_from(sum.count).unwrap_or(usize::MAX),
    };
    AGES.iter().zip(&book.ages).map(age).collect()
}

fn columns(desk: &Desk, book: &Book, heading: &str, on: Date) -> Markup {
    let locale = desk.locale();
    let columns: Vec<Column> = book
        .weeks
        .iter()
        .map(|(monday, sum)| Column {
            label: locale.date_short(*monday, on),
            size: sum.minor,
            short: thousands(desk, Money::new(sum.minor, book.currency)),
            amount: locale.amount(Money::new(sum.minor, book.currency)),
        })
        .collect();
    let highest = book.weeks.iter().max_by_key(|week| week.1.minor).filter(|week| week.1.minor > 0);
    let said = highest.map_or_else(
        || format!("Nothing falls due in the next {WEEKS} weeks."),
        |(monday, sum)| {
            let most = locale.money(Money::new(sum.minor, book.currency));
            format!("Highest in the week of {}, {most}.", locale.date_medium(*monday, on))
        },
    );
    html! {
        p.small.mut { (said) " Figures over the columns are in thousands." }
        (charts::columns(&format!("{heading}-d"), heading, &said, ("Week of", "Due"), &columns))
    }
}

/// An amount in thousands with one decimal; empty for nothing.
pub(super) fn thousands(desk: &Desk, money: Money) -> String {
    if money.minor == 0 {
        return String::new();
    }
    desk.locale().number((money.decimal() / rust_decimal::Decimal::from(1_000)).round_dp(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn total(due: Date, minor: i64, code: &str) -> OpenTotal {
        OpenTotal { due, sum: Money::new(minor, code.parse().unwrap()), count: 1 }
    }

    #[test]
    fn ages_are_exclusive_and_exhaustive_and_currencies_stay_apart() {
        let on = date(2026, 11, 27);
        let ages = [0, 1, 30, 31, 60, 61, 90, 91, 4_000, -1];
        let mut totals: Vec<OpenTotal> =
            ages.iter().map(|late| total(on.saturating_sub(Span::new().days(*late)), 100, "EUR")).collect();
        totals.push(total(on, 5, "JPY"));
        let books = books(&totals, on, Currency::EUR);
        let eur = books.iter().find(|b| b.currency == Currency::EUR).unwrap();
        assert_eq!(eur.ages.map(|x| x.count), [2, 2, 2, 2, 2], "due today is not overdue");
        assert_eq!((eur.owed().minor, eur.overdue().minor, eur.counts()), (1_000, 800, (10, 8)));
        assert_eq!(books.len(), 2);
    }

    #[test]
    fn weeks_begin_on_monday_and_hold_what_is_still_to_come() {
        let on = date(2026, 11, 27); // a Friday
        let due =
            [date(2026, 11, 26), on, date(2026, 11, 29), date(2026, 11, 30), date(2027, 1, 17), date(2027, 1, 18)];
        let totals: Vec<OpenTotal> = due.iter().map(|d| total(*d, 1, "EUR")).collect();
        let book = &books(&totals, on, Currency::EUR)[0];
        let counts: Vec<u64> = book.weeks.iter().map(|w| w.1.count).collect();
        assert_eq!(book.weeks[0].0, date(2026, 11, 23));
        assert_eq!(counts, [2, 1, 0, 0, 0, 0, 0, 1]);
    }
}
