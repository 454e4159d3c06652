//! Putting something on Today off until a day, showing it again, and the list of what is put off.

use axum::response::{IntoResponse, Response};
use jiff::Span;
use jiff::civil::Date;
use maud::{Markup, html};

use super::form::{Id, again, errors_in, on_to};
use super::links;
use super::names::NamesOf;
use super::today_invoices::item_of;
use crate::actions::snoozes::{self, SNOOZES_MAX};
use crate::domain::access::Act;
use crate::domain::attention::{Item, SNOOZE_DAYS_MAX, Snooze, Want};
use crate::domain::calendar::next_business_day;
use crate::domain::letter::LetterState;
use crate::domain::refusal::{Faults, Refusal};
use crate::domain::sentence::Names;
use crate::domain::text;
use crate::store::prelude::*;
use crate::web::forms::{Fields, Posted, date, errors_from};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Field, FieldError, Input, Look, csrf_input};
use crate::web::problem::Problem;

/// Days that the form proposes.
const PROPOSED: i64 = 3;

/// What is put off now, to leave it out.
pub(super) struct PutOff(Vec<Snooze>);

impl PutOff {
    /// All of today.
    ///
    /// # Errors
    /// When the store fails.
    pub fn today(r: &ReadTx, desk: &Desk) -> Result<Self, StoreError> {
        Ok(Self(r.snoozes(desk.today(), SNOOZES_MAX)?))
    }

    /// Whether this is put off.
    pub fn has(&self, item: Item) -> bool {
        self.0.iter().any(|x| x.item == item)
    }

    /// How many are put off, at most.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Each of them.
    pub fn items(&self) -> impl Iterator<Item = Item> {
        self.0.iter().map(|x| x.item)
    }
}

/// The address at which something is put off.
pub(super) fn address(item: Item) -> String {
    format!("/desk/snooze/{item}")
}

/// The link to it, for whoever may.
pub(super) fn link(desk: &Desk, item: Item) -> Markup {
    html! { @if desk.may(Act::Work) { a.small.nw href=(address(item)) { "Put off" } } }
}

/// `GET /desk/snooze/{item}`
pub async fn ask(DeskWork(desk): DeskWork, Id(item): Id<Item>) -> Result<Response, Problem> {
    let known = desk.read(|r| {
        snoozes::about(r, &desk.scope, item)?;
        Ok(r.snooze(item)?.filter(|x| x.holds_on(desk.today())))
    })?;
    let usual = next_business_day(desk.today().saturating_add(Span::new().days(PROPOSED)));
    let (until, reason) = known.map_or((usual, String::new()), |x| (x.until, x.reason));
    let fields = Fields::of([("until", until.to_string()), ("reason", reason)]);
    Ok(form(&desk, item, &fields, &[])?.into_response())
}

/// `POST /desk/snooze/{item}`
pub async fn put_off(
    DeskWork(desk): DeskWork,
    Id(item): Id<Item>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    desk.read(|r| Ok(snoozes::about(r, &desk.scope, item)?))?;
    let settings = desk.app.settings.clone();
    let errors = match read(&fields) {
        Err(refusal) => errors_from(&refusal, "until"),
        Ok((until, reason)) => {
            match desk.act(move |w, scope| snoozes::snooze(w, scope, &settings, item, until, &reason)).await {
                Ok(()) => return Ok(on_to("/desk")),
                Err(error) => errors_in(error, "until")?,
            }
        }
    };
    Ok(again(form(&desk, item, &fields, &errors)?))
}

/// `POST /desk/snooze/{item}/end`
pub async fn end(DeskWork(desk): DeskWork, Id(item): Id<Item>, _: Posted) -> Result<Response, Problem> {
    desk.read(|r| Ok(snoozes::about(r, &desk.scope, item)?))?;
    // Pressed twice, or over by itself in between.
    if desk.read(|r| Ok(r.snooze(item)?))?.is_some() {
        desk.act(move |w, scope| snoozes::wake(w, scope, item)).await?;
    }
    Ok(on_to("/desk"))
}

fn read(fields: &Fields) -> Result<(Date, String), Refusal> {
    let mut faults = Faults::default();
    let until = faults.take_opt(date("until", fields.get("until")));
    let reason = text::required("reason", fields.get("reason"), text::LINE_MAX, "Say why, in a few words.");
    let reason = faults.take(reason);
    faults.check()?;
    Ok((until.ok_or(Refusal::TryAgain)?, reason))
}

fn form(desk: &Desk, item: Item, typed: &Fields, errors: &[FieldError]) -> Result<Markup, Problem> {
    let about = desk.read(|r| Ok(what(r, &NamesOf::among(r, &desk.scope), desk, item)?))?;
    let title = "Put off";
    let field = |name: &'static str, label: &'static str| Field::new(name, label).value(typed.get(name)).errors(errors);
    let (today, last) = (desk.today(), desk.today().saturating_add(Span::new().days(SNOOZE_DAYS_MAX)));
    let body = html! {
        (parts::back("/desk", "Today"))
        (parts::head(title, html! { (about) ". It comes back by itself after the day, if it still waits then." }, ""))
        (parts::error_summary(errors))
        form.gap-y method="post" action=(address(item)) {
            (csrf_input(&desk.csrf))
            (parts::date(&field("until", "Until the end of"), Some(&today.to_string()), Some(&last.to_string())))
            (parts::input(&field("reason", "Why").hint("For colleagues and the activity log; the client does not read it."), Input::Text))
            p.row { (parts::submit(Look::Primary, "Put off")) (parts::link(Look::Plain, "/desk", "Leave it on Today")) }
        }
    };
    Ok(desk.page(DeskNav::Today, &parts::titled(title, errors), body))
}

/// What it is: "Marlow Ceramics, HF-2026-0001 never opened".
fn what(r: &ReadTx, names: &NamesOf<'_, ReadTx>, desk: &Desk, item: Item) -> Result<String, ActError> {
    let client = snoozes::about(r, &desk.scope, item)?.client.map_or(String::new(), |id| names.client(id));
    let about = match (item, item.invoice()) {
        (Item::Letter(id), _) if r.letter(id)?.is_some_and(|x| matches!(x.state, LetterState::Uncertain(..))) => {
            "a letter of which nobody knows whether it went".to_owned()
        }
        (_, Some(id)) => format!("{} {}", names.document(id), item.words()),
        (_, None) => item.words().to_owned(),
    };
    Ok(if client.is_empty() { about } else { format!("{client}, {about}") })
}

/// Whether it would stand on Today if it were not put off.
fn waits(r: &ReadTx, desk: &Desk, item: Item) -> Result<bool, StoreError> {
    if let Item::Letter(id) = item {
        return Ok(r.letter(id)?.is_some_and(|x| x.state.wants_decision()));
    }
    let Some(id) = item.invoice() else { return Ok(true) };
    match Want::ALL.into_iter().find(|want| item_of(*want, id) == item) {
        Some(want) => Ok(r.wants(id, desk.app.now())? == Some(want)),
        None => Ok(true),
    }
}

/// What is put off and by whom, at the foot of Today; nothing when nothing is.
///
/// # Errors
/// When the store fails.
pub(super) fn section(
    r: &ReadTx,
    desk: &Desk,
    names: &NamesOf<'_, ReadTx>,
    put_off: &PutOff,
) -> Result<Option<Markup>, StoreError> {
    let mut rows = Vec::new();
    for snooze in &put_off.0 {
        if !waits(r, desk, snooze.item)? {
            continue;
        }
        let what = match what(r, names, desk, snooze.item) {
            Ok(what) => what,
            // Gone meanwhile, or of a client whom they do not see.
            Err(ActError::Refused(_)) => continue,
            Err(ActError::Store(error)) => return Err(error),
        };
        let by = html! {
            "Until " (desk.locale().date_medium(snooze.until, desk.today())) ", by " (names.staff(snooze.by)) ": " (snooze.reason)
        };
        let end = html! {
            @if desk.may(Act::Work) {
                (parts::post_button(Look::Small, &format!("{}/end", address(snooze.item)), &desk.csrf, "Show again"))
            }
        };
        let name = html! {
            @if let Some(id) = snooze.item.invoice() { a href=(links::invoice(id)) { (what) } } @else { (what) }
        };
        rows.push((name, by, end));
    }
    let count = rows.len();
    let heading = html! { "Put off" (parts::count(count)) };
    Ok((count > 0).then(|| parts::section("put-off", heading, "They come back by themselves", parts::rows(&rows))))
}
