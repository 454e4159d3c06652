//! An account's open items as a section of a page: the same for staff and for the client, but for where links lead.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::parts::{self, Col, Sum};
use crate::documents::open_items::late;
use crate::domain::firm::Locale;
use crate::domain::money::Money;
use crate::domain::open_items::{OpenItems, OpenLine, Restated};
use crate::domain::statement::{Entry, EntryKind};

/// What is drawn: the account, in the reader's terms.
pub struct OpenPage<'a> {
    /// What is open.
    pub account: &'a OpenItems,
    /// As of which day.
    pub to: Date,
    /// How dates and amounts are written.
    pub locale: Locale,
    /// The reader's day.
    pub today: Date,
    /// The firm's zone, in which a day ends.
    pub zone: &'a TimeZone,
    /// Where a line's document is; `None` for none.
    pub link: &'a dyn Fn(&Entry) -> Option<String>,
}

impl OpenPage<'_> {
    /// What is open and not applied, and what they come to; then every line.
    pub fn draw(&self) -> Markup {
        let (account, on) = (self.account, format!("Owed on {}", self.locale.date_medium(self.to, self.today)));
        let total = self.locale.money(self.money(account.total()));
        let (open, left) = (self.figure(account.invoices()), self.figure(account.unapplied().saturating_neg()));
        html! {
            div.sec-m {
                (parts::equation(&[("", "Open invoices", &open), ("−", "Paid, not yet applied", &left), ("=", &on, &total)]))
            }
            @if account.lines.is_empty() {
                (parts::empty("Nothing is open.", "Invoices with something open on that day would stand here."))
            } @else {
                div.sec-m { (self.ledger(&on, &total)) }
            }
            @if !account.later.is_empty() { div.sec-m { (self.later()) } }
        }
    }

    fn ledger(&self, on: &str, total: &str) -> Markup {
        let cols = [
            Col::name("What"),
            Col::short("Date").wide(),
            Col::short("Due"),
            Col::num("Amount").wide(),
            Col::num("Settled").wide(),
            Col::num("Open"),
        ];
        let rows: Vec<parts::Row> = self.account.lines.iter().map(|x| self.cells(x).into()).collect();
        let sum = Sum { label: on, cells: vec![html! { (total) }] };
        let caption = "What is open: invoices, the oldest due first, then what is not yet applied";
        parts::ledger(caption, &cols, &rows, Some(&sum))
    }

    /// What a statement made on the day itself listed: it would be gone without a word.
    fn later(&self) -> Markup {
        html! {
            p { "Not listed, since it is settled by what was recorded only after " (self.locale.date_medium(self.to, self.today)) ":" }
            ul { @for line in &self.account.later {
                li {
                    (self.what(&line.entry))
                    @if let Some((nth, of)) = line.part { small { "Instalment " (nth) " of " (of) } }
                    small {
                        (self.locale.money(self.money(line.entry.amount.saturating_abs())))
                        @if let Some(at) = line.settled_at {
                            ", settled by what was recorded on " (self.locale.instant_short(at, self.zone, self.today))
                        }
                    }
                }
            } }
        }
    }

    fn cells(&self, line: &OpenLine) -> Vec<Markup> {
        let (entry, late) = (&line.entry, late(line, self.to));
        let is_late = line.late(self.to).is_some_and(|days| days > 0);
        let date = |day| parts::time(day, self.locale.date_short(day, self.today));
        vec![
            html! {
                (self.what(entry))
                @if let Some((nth, of)) = line.part { small { "Instalment " (nth) " of " (of) } }
                (self.restated(line))
                small.narrow {
                    (self.figure(entry.amount))
                    @if is_late { ", " (late) " days late" }
                }
            },
            date(entry.date),
            html! {
                @if let Some(due) = line.due { (date(due)) }
                @if is_late { small.wide-only { (late) " days late" } }
            },
            html! { (self.figure(entry.amount)) },
            html! { (self.figure(line.settled)) },
            html! { (self.figure(line.open)) },
        ]
    }

    /// What was recorded only after the day, so that a statement made then did not have it.
    fn restated(&self, line: &OpenLine) -> Markup {
        let when = |at| self.locale.instant_short(at, self.zone, self.today);
        html! {
            @match line.restated(self.to, self.zone) {
                None => {},
                Some(Restated::Entry(at)) => { small { "Recorded on " (when(at)) } },
                Some(Restated::Settled(at)) => { small { "What is settled was recorded on " (when(at)) } },
            }
        }
    }

    fn what(&self, entry: &Entry) -> Markup {
        let number = entry.receipt.as_ref().map_or_else(|| entry.number.clone(), ToString::to_string);
        let word = match entry.kind {
            EntryKind::CreditNote => "Credit note",
            EntryKind::Receipt => "Payment",
            EntryKind::LateNote => "Late payment note",
            _ => "Invoice",
        };
        html! {
            (word) " "
            @match (self.link)(entry) {
                Some(href) => { a href=(href) { (parts::nw(&number)) } },
                None => { (parts::nw(&number)) },
            }
            @if !entry.title.is_empty() { small { (entry.title) } }
        }
    }

    fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.account.currency)
    }

    fn figure(&self, minor: i64) -> String {
        self.locale.amount(self.money(minor))
    }
}
