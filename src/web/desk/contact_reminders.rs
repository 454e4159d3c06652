//! Whether reminders go to a contact: what they asked for, and how staff note it or let reminders go again.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::contacts::contact_of;
use super::form::{Id, again, errors_in, on_to};
use super::names::NamesOf;
use crate::actions::stops;
use crate::domain::client::Client;
use crate::domain::ids::ContactId;
use crate::domain::pause::Stopped;
use crate::domain::person::Contact;
use crate::domain::sentence::Names;
use crate::store::prelude::*;
use crate::web::forms::{Fields, Posted};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Field, FieldError, Icon, Input, Look, Tone, csrf_input};
use crate::web::problem::Problem;

/// `GET /desk/contacts/{id}/reminders`
pub async fn show(DeskWork(desk): DeskWork, Id(id): Id<ContactId>) -> Result<Response, Problem> {
    let (contact, client) = contact_of(&desk, id)?;
    Ok(page(&desk, &contact, &client, &Fields::default(), &[])?.into_response())
}

/// `POST /desk/contacts/{id}/reminders`
pub async fn change(
    DeskWork(desk): DeskWork,
    Id(id): Id<ContactId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let (contact, client) = contact_of(&desk, id)?;
    let stopped = desk.read(|r| Ok(r.stopped(id)?))?;
    let reason = stops::reason(fields.get("reason"));
    let done = match (fields.get("do"), stopped, reason) {
        ("stop" | "lift", _, Err(refusal)) => Err(refusal.into()),
        ("stop", None, Ok(why)) => desk.act(move |w, scope| stops::by_staff(w, scope, id, &why)).await,
        ("lift", Some(_), Ok(why)) => desk.act(move |w, scope| stops::lift(w, scope, id, &why)).await,
        ("note", Some(stopped), _) if !stopped.noted => desk.act(move |w, scope| stops::note(w, scope, id)).await,
        // Pressed twice, or somebody else was first: the page says how it is.
        ("stop" | "lift" | "note", ..) => Ok(()),
        _ => return Err(Problem::Bad("Choose whether reminders go to them.")),
    };
    match done {
        Ok(()) => Ok(on_to(&address(id))),
        Err(error) => {
            let errors = errors_in(error, "reason")?;
            Ok(again(page(&desk, &contact, &client, &fields, &errors)?))
        }
    }
}

/// The page's address.
pub(super) fn address(id: ContactId) -> String {
    format!("/desk/contacts/{id}/reminders")
}

fn page(
    desk: &Desk,
    contact: &Contact,
    client: &Client,
    typed: &Fields,
    errors: &[FieldError],
) -> Result<Markup, Problem> {
    let title = format!("Reminders to {}", contact.name);
    let stopped = desk.read(|r| {
        let stopped = r.stopped(contact.id)?;
        Ok(stopped.map(|s| (told(desk, &s, &NamesOf::among(r, &desk.scope)), s)))
    })?;
    let back = format!("/desk/contacts/{}", contact.id);
    let (action, word, hint) = match stopped {
        Some(_) => ("Let reminders go again", "lift", "Ask them first. The activity log keeps it."),
        None => ("Stop the reminders", "stop", "For colleagues and the activity log; they do not read it."),
    };
    let reason = Field::new("reason", "Why").value(typed.get("reason")).errors(errors).hint(hint);
    let body = html! {
        (parts::back(&back, &contact.name))
        (parts::head(&title, &client.party.name, ""))
        (parts::error_summary(errors))
        @match &stopped {
            Some((told, stopped)) => {
                (parts::note(Tone::Warn, Icon::Bell, told, &stopped.reason))
                @if !stopped.noted {
                    form method="post" action=(address(contact.id)) {
                        (csrf_input(&desk.csrf))
                        p { "It waits under Today until somebody has noted it." }
                        (parts::hidden("do", "note"))
                        p.row { (parts::submit(Look::Primary, "Noted, leave it so")) }
                    }
                }
            }
            None => {
                p { "Reminders go to them as the policy says, each with a link that stops them." }
            }
        }
        form.gap-y method="post" action=(address(contact.id)) {
            (csrf_input(&desk.csrf))
            (parts::input(&reason, Input::Text))
            p.mut.small { "Issued documents, quotes and sign-in letters go to them in any case." }
            (parts::hidden("do", word))
            p.row { (parts::submit(Look::Plain, action)) a href=(back) { "Cancel" } }
        }
    };
    Ok(desk.page(DeskNav::Clients, &parts::titled(&title, errors), body))
}

/// "They asked for none on 24 Nov, 09:00, with the link in a letter."
fn told(desk: &Desk, stopped: &Stopped, names: &NamesOf<'_, ReadTx>) -> String {
    let when = desk.locale().instant_short(stopped.since, desk.zone(), desk.today());
    match stopped.by {
        None => format!("They asked for none, with the link in a letter ({when})."),
        Some(staff) => format!("{} noted that they want none ({when}).", names.staff(staff)),
    }
}

/// On a contact's own page: that they get no reminders, or the way to stop them.
pub(super) fn part(contact: &Contact, stopped: Option<&Stopped>) -> Markup {
    let to = address(contact.id);
    html! {
        @match stopped {
            Some(_) => p.gap-y { (parts::tag(Tone::Warn, "No reminders")) " They asked for none. " a href=(to) { "Look and decide" } },
            None => p.small { a href=(to) { "Reminders to them" } },
        }
    }
}
