//! Whether a client is charged for late payment: left out for a reason, or as everybody.

use axum::response::Response;
use maud::{Markup, html};

use super::client_form::client_of;
use super::credit_terms::Forms;
use super::form::{Id, again, errors_in, on_to};
use super::names::NamesOf;
use super::{links, payer};
use crate::actions::late_payment;
use crate::domain::access::Act;
use crate::domain::client::Client;
use crate::domain::ids::ClientId;
use crate::domain::sentence::Names;
use crate::store::prelude::*;
use crate::web::forms::Posted;
use crate::web::guard::{Desk, DeskWork};
use crate::web::parts::{self, Field, Icon, Input, Look, Tone, csrf_input};
use crate::web::problem::Problem;

/// `POST /desk/clients/{id}/late-payment`: leaves a client out.
pub async fn except(
    DeskWork(desk): DeskWork,
    Id(id): Id<ClientId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let client = client_of(&desk, id)?;
    let reason = fields.get("late_reason").to_owned();
    match desk.act(move |w, scope| late_payment::except(w, scope, id, &reason)).await {
        Ok(()) => Ok(on_to(&page_of(id))),
        Err(error) => {
            let errors = errors_in(error, "late_reason")?;
            Ok(again(payer::page(&desk, &client, desk.today(), &Forms { fields: &fields, errors: &errors })?))
        }
    }
}

/// `POST /desk/clients/{id}/late-payment/end`: charges them as everybody.
pub async fn end(DeskWork(desk): DeskWork, Id(id): Id<ClientId>, _: Posted) -> Result<Response, Problem> {
    client_of(&desk, id)?;
    // Pressed twice, ended once.
    if desk.read(|r| Ok(r.late_exception(id)?))?.is_some() {
        desk.act(move |w, scope| late_payment::charge_again(w, scope, id)).await?;
    }
    Ok(on_to(&page_of(id)))
}

fn page_of(client: ClientId) -> String {
    format!("{}/credit#late-payment", links::client(client))
}

/// The section on the page about a client's credit; nothing while nothing is charged and nobody was left out.
///
/// # Errors
/// When the store fails.
pub(super) fn part(r: &ReadTx, desk: &Desk, client: &Client, forms: &Forms<'_>) -> Result<Markup, StoreError> {
    let exception = r.late_exception(client.id)?;
    if exception.is_none() && !r.late_payment()?.on {
        return Ok(html! {});
    }
    let names = NamesOf::among(r, &desk.scope);
    let (work, action) = (desk.may(Act::Work), format!("{}/late-payment", links::client(client.id)));
    let field = Field::new("late_reason", "Why").value(forms.fields.get("late_reason")).errors(forms.errors);
    Ok(parts::section(
        "late-payment",
        "Late payment",
        "",
        html! {
            @if let Some(exception) = &exception {
                (parts::note(Tone::Warn, Icon::Clock, "Nothing is charged for late payment.", &exception.reason))
                p.small.mut.gap-y { "By " (names.staff(exception.by)) ", " (desk.locale().instant_short(exception.since, desk.zone(), desk.today())) "." }
                @if work { div { (parts::post_button(Look::Plain, &format!("{action}/end"), &desk.csrf, "Charge them as everybody")) } }
            } @else {
                p { "Late payment notes can be made for what they pay late, as for everybody." }
                @if work {
                    form.gap-y method="post" action=(action) {
                        (csrf_input(&desk.csrf))
                        (parts::input(&field.hint("For colleagues and the activity log; the client does not read it."), Input::Text))
                        p { (parts::submit(Look::Plain, "Leave them out")) }
                    }
                }
            }
        },
    ))
}
