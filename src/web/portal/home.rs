//! Home: what the client owes, what is due when, what waits for an answer, what was paid lately.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{FromRequestParts, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::Date;
use maud::{Markup, html};

use super::due::{self, ToPay};
use super::invoice::kind;
use super::{dispute, words};
use crate::domain::dispute::Dispute;
use crate::domain::grant::Strength;
use crate::domain::ids::InvoiceId;
use crate::domain::invoice::{Body, Invoice};
use crate::domain::money::{Currency, Money};
use crate::domain::payment::Open;
use crate::domain::person::Person;
use crate::domain::promise::Promise;
use crate::domain::quote::Quote;
use crate::domain::tax::Line;
use crate::store::invoices::{Filter, Row};
use crate::store::prelude::*;
use crate::store::scope::ClientView;
use crate::web::guard::{Guest, Viewer};
use crate::web::page::PortalNav;
use crate::web::parts::{self, Look, Slip, Tone};
use crate::web::problem::Problem;
use crate::web::state::Web;

/// Slips shown; the list has the rest.
const SLIPS_MAX: usize = 20;
/// Invoices under "Paid lately".
const PAID_MAX: usize = 5;
/// Quotes under "Waiting for your answer".
const QUOTES_MAX: usize = 5;
/// Quotes looked at for those that wait.
const QUOTES_LOOKED_AT: usize = 100;
/// Characters of a slip's description.
const ABOUT_MAX: usize = 120;

/// What the page shows.
struct Home {
    open: Vec<(Open, Currency)>,
    /// What of it is past due, without what is disputed.
    late: Vec<(Open, Currency)>,
    shown: Vec<Row>,
    quotes: Vec<Quote>,
    paid: Vec<Row>,
    unapplied: Vec<Money>,
    /// Promises that run, or were not kept.
    promised: BTreeMap<InvoiceId, Promise>,
    /// Open disputes.
    disputed: BTreeMap<InvoiceId, Dispute>,
    sees_account: bool,
}

impl Home {
    fn load<R: Reader>(viewer: &Viewer, view: &ClientView<'_, R>) -> Result<Self, Problem> {
        let (open, today) = (view.open_invoices()?, viewer.today());
        let late = view.late(&open, today)?;
        let mut shown = Vec::new();
        for (item, _) in open.iter().take(SLIPS_MAX) {
            shown.extend(view.invoice_by_id(item.invoice)?);
        }
        let mut quotes = view.quotes(None, QUOTES_LOOKED_AT)?;
        quotes.retain(|q| q.waits(today));
        quotes.truncate(QUOTES_MAX);
        let paid = view.invoices(Filter::Paid, today, None, PAID_MAX)?.rows.into_iter().take(PAID_MAX).collect();
        let unapplied = words::sums(view.unapplied()?.into_iter().map(|u| (u.left.currency, u.left.minor)));
        let promised = view.promised(&shown, today)?;
        let disputed = view.disputed(&shown)?;
        let sees_account = view.sees_account();
        Ok(Self { promised, disputed, open, late, shown, quotes, paid, unapplied, sees_account })
    }

    fn holds(&self, row: &Row, today: Date) -> bool {
        let id = row.invoice.id;
        words::is_held(row, self.promised.get(&id), self.disputed.get(&id), today)
    }
}

/// `GET /`: staff go to the desk, a document's link to its document.
///
/// # Errors
/// As the extractors say.
pub async fn show(State(web): State<Web>, request: Request) -> Result<Response, Problem> {
    let mut parts = request.into_parts().0;
    let guest = Guest::from_request_parts(&mut parts, &web).await?;
    if let Some((Person::Staff(_), _)) = guest.signed_in {
        return Ok(Redirect::to("/desk").into_response());
    }
    let viewer = Viewer::from_request_parts(&mut parts, &web).await?;
    if let Strength::Document(id) = viewer.strength() {
        let row = viewer.read(|view| Ok(view.invoice_by_id(id)?))?;
        let number = row.and_then(|r| r.invoice.number().cloned()).ok_or(Problem::NotFound)?;
        return Ok(Redirect::to(&format!("/invoices/{}", number.in_url())).into_response());
    }
    if !viewer.contact().rights.billing {
        return Ok(super::not_shared(&viewer, PortalNav::Home, &format!("Welcome, {}", viewer.contact().first_name())));
    }
    if let Some(page) = viewer.again("/") {
        return Ok(page);
    }
    let (home, state) = viewer.read(|view| Ok((Home::load(&viewer, view)?, view.state())))?;
    let title = if home.open.is_empty() { "Nothing to pay" } else { "What you owe" };
    Ok(viewer.kept_page("/", state, viewer.page(PortalNav::Home, title, body(&viewer, &home))))
}

fn body(viewer: &Viewer, home: &Home) -> Markup {
    html! {
        (owed(viewer, home))
        @if !home.shown.is_empty() {
            @let slips: Vec<Slip> = home.shown.iter().enumerate().map(|(n, row)| slip(viewer, home, n, row)).collect();
            (parts::slips("open", "Open invoices", &slips))
        }
        @if home.open.len() > home.shown.len() {
            p.gap-y { a href="/invoices?state=open" { "See all " (home.open.len()) " open invoices" } }
        }
        @if !home.quotes.is_empty() {
            @let heading = if viewer.contact().rights.answer { "Waiting for your answer" } else { "Open quotes" };
            (parts::section("ask", heading, html! {}, quotes(viewer, home)))
         }
        @if !home.paid.is_empty() { (paid(viewer, home)) }
    }
}

fn owed(viewer: &Viewer, home: &Home) -> Markup {
    let (client, locale) = (viewer.client_name(), viewer.locale());
    let sums = words::sums(home.open.iter().map(|(open, currency)| (*currency, open.open)));
    let unapplied = html! {
        @if !home.unapplied.is_empty() {
            p.mut { (words::amounts(&home.unapplied, locale)) " of what you paid or were credited is not yet set against an invoice." }
        }
    };
    if home.open.is_empty() {
        let firm = &viewer.firm().party.name;
        return html! {
            h1 { "Nothing to pay" }
            (parts::empty(
                format_args!("You’re all square with {firm}."),
                "When there is a new invoice, you’ll get an e-mail, and it will be here.",
            ))
            (unapplied)
        };
    }
    html! {
        h1.owe { (client) " owes " b { (words::amounts(&sums, locale)) } }
        p.mut {
            @if home.open.len() == 1 { "One invoice is open." }
            @else { (words::counted(home.open.len())) " invoices are open." }
            @if let Some(late) = late(viewer, home) { " " (late) }
        }
        (unapplied)
    }
}

/// What of it is past due, in a sentence; without alarm where none of that is asked for now.
fn late(viewer: &Viewer, home: &Home) -> Option<Markup> {
    let (locale, today) = (viewer.locale(), viewer.today());
    let sums = words::sums(home.late.iter().map(|(late, currency)| (*currency, late.open)));
    let amounts = words::amounts(&sums, locale);
    let words = match home.late.as_slice() {
        [] => return None,
        [(only, _)] => format!("{amounts} was due on {}.", locale.date_medium(only.due, today)),
        many => format!("{} of them are overdue: {amounts}.", words::counted(many.len())),
    };
    let held: BTreeSet<InvoiceId> =
        home.shown.iter().filter(|row| home.holds(row, today)).map(|row| row.invoice.id).collect();
    let calm = home.late.iter().all(|(late, _)| held.contains(&late.invoice));
    Some(if calm {
        html! { (words) }
    } else {
        html! { strong { (parts::toned(Tone::Bad, words)) } }
    })
}

fn slip(viewer: &Viewer, home: &Home, n: usize, row: &Row) -> Slip {
    let (locale, today, invoice) = (viewer.locale(), viewer.today(), &row.invoice);
    let promised = home.promised.get(&invoice.id);
    let disputed = home.disputed.get(&invoice.id);
    let said = due::said(row, disputed, locale, today);
    let said = if home.holds(row, today) { said.calm() } else { said };
    Slip {
        id: format!("s{n}"),
        tags: html! {
            (said.tag())
            @if let Some(disputed) = disputed { (dispute::tag(disputed, row)) }
            @if has_title(invoice) { span.mut { (kind(invoice)) " " (parts::nw(number(invoice))) } }
        },
        title: html! { a href=(address(invoice)) { (title(invoice)) } },
        body: html! {
            @let about = about(invoice);
            @if !about.is_empty() { p.mut { (about) } }
            @if let Some(promised) = promised.and_then(|x| words::promised(x, locale, today)) { p { (promised) "." } }
            @if let Some(missed) = promised.and_then(|x| words::missed(x, locale, today)) { p.mut { (missed) } }
            @if row.settled.total() > 0 { p.mut { "Of " (locale.money(invoice.payable())) ", " (locale.money(Money::new(row.settled.total(), invoice.currency))) " is paid or credited already. Thank you." } }
        },
        stub: match disputed.filter(|x| x.holds(row.open())) {
            Some(disputed) => not_asked(viewer, row, disputed),
            None => asked(viewer, row, said.tone, disputed),
        },
        tone: said.tone,
    }
}

/// The stub of a slip: what is to be paid next, without what is disputed of it.
fn asked(viewer: &Viewer, row: &Row, tone: Tone, disputed: Option<&Dispute>) -> Markup {
    let (locale, today, invoice) = (viewer.locale(), viewer.today(), &row.invoice);
    let next = ToPay::of(row, disputed, today);
    let (amount, due) = (locale.money(next.amount), locale.date_medium(next.by, today));
    html! {
        (parts::amount(next.label(), &amount))
        @if next.by >= today { p.small.mut { "By " (due) } }
        @else if tone == Tone::Bad { p.small { (parts::toned(Tone::Bad, format_args!("Was due {due}"))) } }
        @else { p.small.mut { "Was due " (due) } }
        @if let Some(in_all) = next.in_all(locale) { p.small.mut { (in_all) } }
        p.gap-y { (parts::link(Look::WidePrimary, &address(invoice), html! { "See and pay" (parts::heard(format_args!(" {amount} for {}", number(invoice)))) })) }
    }
}

/// The stub of a slip of which all is disputed: nothing is asked for.
fn not_asked(viewer: &Viewer, row: &Row, disputed: &Dispute) -> Markup {
    html! {
        (parts::amount(dispute::label(disputed), &viewer.locale().money(row.open())))
        p.gap-y { (parts::link(Look::Wide, &address(&row.invoice), html! { "See the dispute" (parts::heard(format_args!(" of {}", number(&row.invoice)))) })) }
    }
}

/// The address of an issued document's page.
pub(super) fn address(invoice: &Invoice) -> String {
    invoice.number().map_or_else(|| "/invoices".to_owned(), |n| format!("/invoices/{}", n.in_url()))
}

/// What a document is called: what it is about, or its kind and number.
pub(super) fn title(invoice: &Invoice) -> String {
    if has_title(invoice) { invoice.title.clone() } else { format!("{} {}", kind(invoice), number(invoice)) }
}

/// Whether it says what it is about: then its number stands beside its title, else in it.
pub(super) fn has_title(invoice: &Invoice) -> bool {
    !invoice.title.is_empty()
}

fn number(invoice: &Invoice) -> String {
    invoice.number().map(ToString::to_string).unwrap_or_default()
}

/// The first words of a composed document's lines.
fn about(invoice: &Invoice) -> String {
    let Body::Composed(content) = &invoice.body else { return String::new() };
    let first = content.lines.iter().map(Line::name).take(3).collect::<Vec<_>>().join(", ");
    if first.chars().count() <= ABOUT_MAX {
        return first;
    }
    let cut: String = first.chars().take(ABOUT_MAX).collect();
    format!("{}…", cut.trim_end())
}

fn quotes(viewer: &Viewer, home: &Home) -> Markup {
    let (locale, today) = (viewer.locale(), viewer.today());
    let rows: Vec<_> = home
        .quotes
        .iter()
        .map(|quote| {
            let name = html! { a href={ "/quotes/" (quote.number.in_url()) } { b { (quote.current.title) } } };
            let until = locale.date_medium(quote.current.valid_until, today);
            let about = html! { "Quote " (parts::nw(quote.number.as_str())) ", good until " (until) };
            (name, about, html! { span.num { (locale.money(quote.current.totals.payable())) } })
        })
        .collect();
    parts::rows(&rows)
}

fn paid(viewer: &Viewer, home: &Home) -> Markup {
    let locale = viewer.locale();
    let rows: Vec<_> = home
        .paid
        .iter()
        .map(|row| {
            let name = html! { a href=(address(&row.invoice)) { b { (title(&row.invoice)) } } };
            let about = html! {
                @if has_title(&row.invoice) { (kind(&row.invoice)) " " (parts::nw(number(&row.invoice))) ", paid" }
                @else { "Paid" }
            };
            (name, about, html! { span.num { (locale.money(row.invoice.payable())) } })
        })
        .collect();
    let aside = html! { @if home.sees_account { a href="/statement" { "See the whole account" } } };
    parts::section("paid", "Paid lately", aside, parts::rows(&rows))
}
