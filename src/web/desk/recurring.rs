//! Recurring documents: the list, and the page of one with its next ten, what was made of it, pausing and resuming.

use axum::response::Response;
use maud::{Markup, html};

use super::form::{Id, on_to};
use super::links;
use super::names::NamesOf;
use crate::actions::recurring as acts;
use crate::domain::access::{Act, StaffScope};
use crate::domain::ids::RecurringId;
use crate::domain::recurring::{Makes, Occurrence, Recurring};
use crate::domain::refusal::Refusal;
use crate::domain::sentence::Names;
use crate::store::prelude::*;
use crate::store::recurring::Made;
use crate::web::forms::Posted;
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Col, Icon, Look, Row, Tone, nw, time};
use crate::web::problem::Problem;

/// Occurrences ahead that are shown.
const AHEAD: usize = 10;
/// Documents made that are shown.
const MADE: usize = 24;

/// The page of a template.
pub fn address(id: RecurringId) -> String {
    format!("/desk/recurring/{id}")
}

/// Where a quote that waits is looked through.
pub fn waiting_address(id: RecurringId, key: &str) -> String {
    format!("/desk/quotes/new?recurring={id}&period={key}")
}

/// A template within the scope.
///
/// # Errors
/// [`Problem::NotFound`] when there is none, or not for this member of staff.
pub(super) fn template_of(desk: &Desk, id: RecurringId) -> Result<Recurring, Problem> {
    let kept = desk.read(|r| Ok(r.recurring(id)?))?;
    kept.filter(|x| desk.scope.sees(x.client)).ok_or(Problem::NotFound)
}

/// `GET /desk/recurring`
pub async fn list(desk: Desk) -> Result<Markup, Problem> {
    desk.read(|r| {
        let names = NamesOf::among(r, &desk.scope);
        let all: Vec<Recurring> = r.recurring_of(None)?.into_iter().filter(|x| desk.scope.sees(x.client)).collect();
        let cols = [Col::name("What"), Col::text("When").wide(), Col::short("Next"), Col::num("Amount"), Col::text("")];
        let rows = all.iter().map(|x| row(r, &desk, &names, x)).collect::<Result<Vec<_>, _>>()?;
        let new = html! { @if desk.may(Act::Work) { (parts::link_icon(Look::Primary, Icon::Invoice, "/desk/recurring/new", "New recurring document")) } };
        let body = html! {
            (parts::back("/desk/invoices", "Invoices"))
            (parts::head("Recurring documents", "Invoices that come again and again, each once for its period.", new))
            @if rows.is_empty() {
                (parts::empty("Nothing recurs yet.", "A retainer, a rent, a subscription: write it once, and it comes by itself."))
            } @else { (parts::scroller("Recurring documents", &cols, &rows, None)) }
        };
        Ok(desk.page(DeskNav::Invoices, "Recurring documents", body))
    })
}

fn row(r: &ReadTx, desk: &Desk, names: &NamesOf<'_, ReadTx>, x: &Recurring) -> Result<Row, Problem> {
    let made = r.keys_of(x.id)?;
    let next = x.ahead(&made).next();
    let locale = desk.locale();
    let cells = vec![
        html! {
            a href=(address(x.id)) { (x.title) } small { (names.client(x.client)) }
            small.narrow { (x.schedule.words()) }
        },
        html! { (x.schedule.words()) },
        html! { @match &next { Some(x) => (time(x.date, locale.date_medium(x.date, desk.today()))), None => "–" } },
        html! { @if let Some(amount) = next.as_ref().and_then(|n| x.amount_of(n)) { (locale.money(amount)) } },
        state(x, next.is_some()),
    ];
    Ok(cells.into())
}

fn state(x: &Recurring, ahead: bool) -> Markup {
    if x.paused.is_some() {
        parts::tag(Tone::Warn, "Paused")
    } else if x.trouble.is_some() {
        parts::tag(Tone::Bad, "Could not be made")
    } else if ahead {
        parts::tag(Tone::Ok, "Running")
    } else {
        parts::tag(Tone::Plain, "Ended")
    }
}

/// `GET /desk/recurring/{id}`
pub async fn show(desk: Desk, Id(id): Id<RecurringId>) -> Result<Markup, Problem> {
    let kept = template_of(&desk, id)?;
    desk.read(|r| {
        let names = NamesOf::among(r, &desk.scope);
        let keys = r.keys_of(id)?;
        let ahead: Vec<Occurrence> = kept.ahead(&keys).take(AHEAD).collect();
        let about = html! { "For " a href=(links::client(kept.client)) { (names.client(kept.client)) } ", " (kept.schedule.words()) };
        let body = html! {
            (parts::back("/desk/recurring", "Recurring"))
            (parts::head(&kept.title, about, actions(&desk, &kept)))
            (standing(&desk, &kept))
            div.rail.sec-m {
                div { (next(&desk, &kept, &ahead)) (made(r, &names, id)?) }
                aside aria-label="Facts" { (facts(&desk, &kept)) }
            }
        };
        Ok(desk.page(DeskNav::Invoices, &kept.title, body))
    })
}

fn actions(desk: &Desk, kept: &Recurring) -> Markup {
    let own = address(kept.id);
    html! {
        @if desk.may(Act::Work) {
            (parts::link(Look::Plain, &format!("{own}/edit"), "Change"))
            @if kept.paused.is_some() { (parts::post_button(Look::Primary, &format!("{own}/resume"), &desk.csrf, "Resume")) }
            @else { (parts::post_button(Look::Plain, &format!("{own}/pause"), &desk.csrf, "Pause")) }
        }
    }
}

fn standing(desk: &Desk, kept: &Recurring) -> Markup {
    let locale = desk.locale();
    html! {
        @if let Some(day) = kept.paused {
            (parts::note(Tone::Warn, Icon::Clock, "Paused.", format!("Since {} nothing is made of it; what falls into the pause never will be.", locale.date_long(day))))
        } @else if let Some(trouble) = &kept.trouble {
            (parts::note(Tone::Bad, Icon::Alert, format!("The one for {} could not be made.", trouble.key), html! {
                (trouble.reason) " It is tried again every hour, and when this is saved."
            }))
        }
    }
}

/// The next ones, with dates and amounts.
fn next(desk: &Desk, kept: &Recurring, ahead: &[Occurrence]) -> Markup {
    let (locale, today) = (desk.locale(), desk.today());
    let cols = [Col::short("Date"), Col::name("Period"), Col::num("Amount")];
    let row = |x: &Occurrence| -> Row {
        let period = html! {
            (x.key)
            @if let Some(p) = x.period { small { (locale.date_medium(p.from, today)) " to " (locale.date_medium(p.to, today)) } }
        };
        let amount = kept.amount_of(x).map_or_else(|| "too large".to_owned(), |x| locale.money(x));
        vec![time(x.date, locale.date_medium(x.date, today)), period, html! { (amount) }].into()
    };
    let rows: Vec<Row> = ahead.iter().map(row).collect();
    let body = html! {
        @if rows.is_empty() { (parts::empty("None is ahead.", "The schedule has ended.")) }
        @else { (parts::scroller("The next ones", &cols, &rows, None)) }
    };
    parts::section("next", "The next ones", "", body)
}

/// What became of the periods so far.
fn made(r: &ReadTx, names: &NamesOf<'_, ReadTx>, id: RecurringId) -> Result<Markup, Problem> {
    let all = r.made_of(id)?;
    let cols = [Col::name("Period"), Col::text("What")];
    let mut rows: Vec<Row> = Vec::new();
    for (key, made) in all.iter().take(MADE) {
        let what = match made {
            Made::Skipped => html! { "Not made: it fell into a pause, or was left out" },
            Made::Waits => html! { a href=(waiting_address(id, key)) { "A quote to look through" } },
            Made::Quote(quote) => html! { "Quote " a href=(links::quote(*quote)) { (nw(names.quote(*quote))) } },
            Made::Invoice(invoice) => match r.invoice(*invoice)? {
                None => html! { "A draft, thrown away" },
                Some(kept) if kept.issue.is_none() => html! { a href=(links::draft(*invoice)) { "A draft" } },
                Some(_) => html! { a href=(links::invoice(*invoice)) { (nw(names.document(*invoice))) } },
            },
        };
        rows.push(vec![html! { (nw(key)) }, what].into());
    }
    let body = html! {
        @if rows.is_empty() { p.mut { "Nothing yet." } } @else { (parts::scroller("Made so far", &cols, &rows, None)) }
    };
    Ok(parts::section("made", "Made so far", "", body))
}

fn facts(desk: &Desk, kept: &Recurring) -> Markup {
    use crate::domain::recurring::End;
    let locale = desk.locale();
    let end = match kept.schedule.end {
        End::Never => "When somebody ends it".to_owned(),
        End::On(day) => locale.date_long(day),
        End::After(count) => format!("After {count}"),
    };
    let what = if kept.makes == Makes::Invoice { "Invoices" } else { "Quotes" };
    let how = match (kept.makes, kept.by_itself) {
        (Makes::Invoice, true) => "Issued by itself",
        (Makes::Quote, true) => "Sent by itself",
        (_, false) => "A draft for approval",
    };
    let all = [
        ("Makes", html! { (what) }),
        ("How", html! { (how) }),
        ("First", html! { (locale.date_long(kept.schedule.first)) }),
        ("Until", html! { (end) }),
        ("Due", html! { (kept.days) " days after its date" }),
    ];
    parts::section("facts", "Facts", "", parts::facts(&all))
}

/// `POST /desk/recurring/{id}/pause`
pub async fn pause(DeskWork(desk): DeskWork, Id(id): Id<RecurringId>, Posted(_): Posted) -> Result<Response, Problem> {
    let settings = desk.app.settings.clone();
    settled(&desk, id, move |w, scope| acts::pause(w, scope, &settings, id)).await
}

/// `POST /desk/recurring/{id}/resume`
pub async fn resume(DeskWork(desk): DeskWork, Id(id): Id<RecurringId>, Posted(_): Posted) -> Result<Response, Problem> {
    let settings = desk.app.settings.clone();
    settled(&desk, id, move |w, scope| acts::resume(w, scope, &settings, id)).await
}

/// `POST /desk/recurring/{id}/leave-out`: `period` is the key of the quote that waits.
pub async fn leave_out(
    DeskWork(desk): DeskWork,
    Id(id): Id<RecurringId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let key = fields.get("period").to_owned();
    settled(&desk, id, move |w, scope| acts::leave_out(w, scope, id, &key)).await
}

/// Does it, once however often the button is pressed.
async fn settled(
    desk: &Desk,
    id: RecurringId,
    act: impl FnMut(&mut WriteTx<'_>, &StaffScope) -> Result<Done<()>, ActError> + Send + 'static,
) -> Result<Response, Problem> {
    match desk.act(act).await {
        Ok(()) | Err(ActError::Refused(Refusal::Repeated(_))) => {
            desk.app.wake.notify_one();
            Ok(on_to(&address(id)))
        }
        Err(error) => Err(error.into()),
    }
}
