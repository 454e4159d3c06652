//! A client's credit limit and hold: forms, and how pages show them.

use axum::response::Response;
use maud::{Markup, html};

use super::client_form::client_of;
use super::form::{Id, again, check_seen, errors_in, on_to, seen};
use super::payer;
use super::{links, names::NamesOf};
use crate::actions::{credit_terms, unchanged};
use crate::domain::access::Act;
use crate::domain::client::Client;
use crate::domain::credit_terms::{CreditTerms, Over};
use crate::domain::ids::ClientId;
use crate::domain::invoice::Invoice;
use crate::domain::money::Money;
use crate::domain::refusal::{Faults, Refusal};
use crate::domain::sentence::Names;
use crate::domain::text;
use crate::store::prelude::*;
use crate::web::forms::{Fields, Posted, errors_from};
use crate::web::guard::{Desk, DeskWork};
use crate::web::parts::{self, Field, FieldError, Icon, Input, Look, Tone, csrf_input};
use crate::web::problem::Problem;

/// The box that says that whoever issues knows of the limit.
pub(super) const OVER: &str = "over";
/// Clients on hold that Today shows.
const HOLDS_SHOWN: usize = 8;

/// What is in the forms, and what is wrong with it.
pub(super) struct Forms<'a> {
    pub fields: &'a Fields,
    pub errors: &'a [FieldError],
}

/// `POST /desk/clients/{id}/credit/limit`
pub async fn set_limit(
    DeskWork(desk): DeskWork,
    Id(id): Id<ClientId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let client = client_of(&desk, id)?;
    let known = desk.read(|r| Ok(r.credit_terms(id)?))?;
    let done = match check_seen(&fields, &known).and_then(|()| read_limit(&client, &fields)) {
        Ok((limit, reason)) => {
            desk.act(move |w, scope| {
                unchanged(Some(&w.credit_terms(id)?), &known)?;
                credit_terms::set_limit(w, scope, id, limit, &reason)
            })
            .await
        }
        Err(refusal) => Err(refusal.into()),
    };
    after(&desk, &client, &fields, done, "limit")
}

/// `POST /desk/clients/{id}/credit/hold`
pub async fn hold(DeskWork(desk): DeskWork, Id(id): Id<ClientId>, Posted(fields): Posted) -> Result<Response, Problem> {
    let client = client_of(&desk, id)?;
    let reason = fields.get("hold_reason").to_owned();
    let done = desk.act(move |w, scope| credit_terms::hold(w, scope, id, &reason)).await;
    after(&desk, &client, &fields, done, "hold_reason")
}

/// `POST /desk/clients/{id}/credit/lift`
pub async fn lift(DeskWork(desk): DeskWork, Id(id): Id<ClientId>, _: Posted) -> Result<Response, Problem> {
    client_of(&desk, id)?;
    // Pressed twice, lifted once.
    if desk.read(|r| Ok(r.credit_terms(id)?))?.hold.is_some() {
        desk.act(move |w, scope| credit_terms::lift(w, scope, id)).await?;
    }
    Ok(on_to(&page_of(id)))
}

fn after(
    desk: &Desk,
    client: &Client,
    fields: &Fields,
    done: Result<(), ActError>,
    field: &str,
) -> Result<Response, Problem> {
    match done {
        Ok(()) => Ok(on_to(&page_of(client.id))),
        Err(error) => {
            let errors = errors_in(error, field)?;
            Ok(again(payer::page(desk, client, desk.today(), &Forms { fields, errors: &errors })?))
        }
    }
}

fn page_of(client: ClientId) -> String {
    format!("{}/credit", links::client(client))
}

fn read_limit(client: &Client, fields: &Fields) -> Result<(Option<Money>, String), Refusal> {
    let mut faults = Faults::default();
    let typed = fields.get("limit").trim();
    let limit = if typed.is_empty() { Ok(None) } else { Money::parse("limit", typed, client.currency).map(Some) };
    let limit = faults.take(limit);
    let reason = text::required("reason", fields.get("reason"), text::LINE_MAX, "Say why, in a few words.");
    let reason = faults.take(reason);
    faults.check()?;
    Ok((limit, reason))
}

/// The limit and the hold on the page about a client's credit, with their forms for whoever may change them.
///
/// # Errors
/// When the store fails.
pub(super) fn part(r: &ReadTx, desk: &Desk, client: &Client, forms: &Forms<'_>) -> Result<Markup, StoreError> {
    let terms = r.credit_terms(client.id)?;
    let names = NamesOf::among(r, &desk.scope);
    let owed = r.owed_by(client.id, client.currency)?;
    let work = desk.may(Act::Work);
    Ok(html! {
        (parts::section("limit", "Credit limit", "", html! {
            (limit_words(desk, &terms, &names, Money::new(owed, client.currency)))
            @if work { (limit_form(desk, client, &terms, forms)) }
        }))
        (parts::section("hold", "Credit hold", "", html! {
            (hold_note(desk, &terms, &names))
            @if work { (hold_form(desk, client.id, &terms, forms)) }
        }))
    })
}

fn limit_words(desk: &Desk, terms: &CreditTerms, names: &NamesOf<'_, ReadTx>, owed: Money) -> Markup {
    let money = |x| desk.locale().money(x);
    html! {
        @match &terms.limit {
            None => p { "There is no limit. They owe " (money(owed)) " now." },
            Some(limit) => {
                p { "At most " b { (money(limit.amount)) } ": " (limit.reason) }
                p.small.mut { "Set by " (names.staff(limit.by)) ", " (desk.locale().instant_short(limit.since, desk.zone(), desk.today())) "." }
                @if owed.currency == limit.amount.currency && owed.minor > limit.amount.minor {
                    (parts::note(Tone::Warn, Icon::Alert, "Exceeded.", format!("They owe {}.", money(owed))))
                } @else { p { "They owe " (money(owed)) " now." } }
            }
        }
    }
}

fn limit_form(desk: &Desk, client: &Client, terms: &CreditTerms, forms: &Forms<'_>) -> Markup {
    let kept = terms.limit.as_ref().map(|x| x.amount.decimal().to_string()).unwrap_or_default();
    let limit = if forms.fields.has("limit") { forms.fields.get("limit") } else { &kept };
    let reason = Field::new("reason", "Why").value(forms.fields.get("reason")).errors(forms.errors);
    let limit = Field::new("limit", "They may owe").value(limit).errors(forms.errors);
    html! {
        form.gap-y method="post" action={ (page_of(client.id)) "/limit" } {
            (csrf_input(&desk.csrf))
            (seen(terms))
            (parts::money(&limit.hint("Leave it empty for no limit."), client.currency.code()))
            (parts::input(&reason.hint("For colleagues and the activity log; the client does not read it."), Input::Text))
            p { (parts::submit(Look::Plain, "Save the limit")) }
        }
    }
}

fn hold_note(desk: &Desk, terms: &CreditTerms, names: &NamesOf<'_, ReadTx>) -> Markup {
    html! {
        @match &terms.hold {
            None => p.mut { "Not on hold. On hold, no invoice is issued or published to them until somebody lifts it." },
            Some(hold) => {
                (parts::note(Tone::Bad, Icon::Lock, "On credit hold.", &hold.reason))
                p.small.mut { "By " (names.staff(hold.by)) ", " (desk.locale().instant_short(hold.since, desk.zone(), desk.today())) "." }
            }
        }
    }
}

fn hold_form(desk: &Desk, client: ClientId, terms: &CreditTerms, forms: &Forms<'_>) -> Markup {
    let field = Field::new("hold_reason", "Why").value(forms.fields.get("hold_reason")).errors(forms.errors);
    html! {
        @if terms.hold.is_some() {
            div { (parts::post_button(Look::Plain, &format!("{}/lift", page_of(client)), &desk.csrf, "Lift the hold")) }
        } @else {
            form.gap-y method="post" action={ (page_of(client)) "/hold" } {
                (csrf_input(&desk.csrf))
                (parts::input(&field.hint("For colleagues and the activity log; the client does not read it."), Input::Text))
                p { (parts::submit(Look::Danger, "Put on hold")) }
            }
        }
    }
}

/// At the head of a client's page: that they are on hold, or owe more than they may.
pub(super) fn banner(desk: &Desk, terms: &CreditTerms, owed: Option<i64>) -> Markup {
    let change = html! { a href=(page_of(terms.client)) { "Credit" } };
    html! {
        @if let Some(hold) = &terms.hold {
            (parts::note(Tone::Bad, Icon::Lock, "On credit hold: nothing is issued.", html! { (hold.reason) " " (change) }))
        }
        @if let (Some(limit), Some(owed)) = (&terms.limit, owed) {
            @if owed > limit.amount.minor {
                @let words = format!("They owe {} of at most {}.",
                    desk.locale().money(Money::new(owed, limit.amount.currency)), desk.locale().money(limit.amount));
                (parts::note(Tone::Warn, Icon::Alert, "Over the credit limit.", html! { (words) " " (change) }))
            }
        }
    }
}

/// Before an invoice goes out: by what it would exceed the limit.
pub(super) fn warning(desk: &Desk, over: Option<&Over>, client: ClientId) -> Markup {
    html! {
        @if let Some(over) = over {
            @let words = format!("They would owe {}, and the limit is {}.",
                desk.locale().money(over.owed), desk.locale().money(over.limit));
            (parts::note(Tone::Warn, Icon::Alert, "Over the credit limit.", html! { (words) " " a href=(page_of(client)) { "Credit" } }))
        }
    }
}

/// The box to tick before an invoice beyond the limit goes out; an error when it was not. `verb` is what is done to it.
pub(super) fn acknowledge(verb: &str, over: Option<&Over>, missed: bool) -> Markup {
    let missing = format!("Tick this to {} it beyond the credit limit", verb.to_lowercase());
    let errors = if missed { vec![FieldError::new(OVER, &missing)] } else { Vec::new() };
    let label = format!("{verb} it although it exceeds the credit limit");
    html! { @if over.is_some() { (parts::checkbox(&Field::new(OVER, &label).errors(&errors))) } }
}

/// By what a draft would exceed its client's limit, and that the client is on hold, as an error of the draft.
///
/// # Errors
/// When the store fails.
pub(super) fn before_issue(r: &ReadTx, draft: &Invoice) -> Result<(Option<Over>, Vec<FieldError>), StoreError> {
    if !credit_terms::extends_credit(draft) {
        return Ok((None, Vec::new()));
    }
    let hold = r.credit_terms(draft.client)?.hold.map(|hold| Refusal::CreditHeld(hold.reason));
    let errors = hold.iter().flat_map(|refusal| errors_from(refusal, "client.credit")).collect();
    Ok((credit_terms::over(r, draft)?, errors))
}

/// Clients on hold, beside the queue of Today.
///
/// # Errors
/// When the store fails.
pub(super) fn on_hold(r: &ReadTx, desk: &Desk, names: &NamesOf<'_, ReadTx>) -> Result<Markup, StoreError> {
    let all = match desk.scope.only() {
        None => r.credit_holds(HOLDS_SHOWN)?,
        Some(some) => some.iter().map(|id| r.credit_terms(*id)).collect::<Result<_, _>>()?,
    };
    let held: Vec<(&CreditTerms, &str)> =
        all.iter().filter_map(|x| Some((x, x.hold.as_ref()?.reason.as_str()))).collect();
    Ok(html! {
        @if !held.is_empty() {
            (parts::section("holds", "On credit hold", "", html! {
                ul { @for (terms, reason) in held.iter().take(HOLDS_SHOWN) {
                    li { a href=(page_of(terms.client)) { (names.client(terms.client)) } ": " (reason) }
                } }
            }))
        }
    })
}
