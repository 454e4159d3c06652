//! Contacts of a client: adding, changing, inviting, revoking, letting in again.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::client_form::client_of;
use super::form::{Id, Typed, again, check_seen, errors_in, on_to, seen, sent_or_lately};
use super::{contact_form, contact_reminders};
use crate::actions::{people, unchanged};
use crate::domain::client::Client;
use crate::domain::ids::{ClientId, ContactId};
use crate::domain::letter::Letter;
use crate::domain::person::{Contact, Person};
use crate::domain::project::Project;
use crate::store::letters::LetterShelf;
use crate::store::prelude::*;
use crate::web::forms::{Posted, Query};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Icon, Look, Tone, csrf_input};
use crate::web::problem::Problem;

/// Letters that came back that are looked through for those of one contact, and how many are shown.
const BOUNCED_LOOKED: usize = 200;
const BOUNCED_SHOWN: usize = 3;

/// `GET /desk/clients/{id}/contacts/new`
pub async fn new(DeskWork(desk): DeskWork, Id(id): Id<ClientId>) -> Result<Response, Problem> {
    let client = client_of(&desk, id)?;
    let projects = projects_of(&desk, id)?;
    let fields = contact_form::blank();
    Ok(new_page(&desk, &client, &projects, Typed::fresh(&fields)).into_response())
}

/// `POST /desk/clients/{id}/contacts/new`
pub async fn add(DeskWork(desk): DeskWork, Id(id): Id<ClientId>, Posted(fields): Posted) -> Result<Response, Problem> {
    let client = client_of(&desk, id)?;
    let projects = projects_of(&desk, id)?;
    let done = match contact_form::read(&fields, &projects) {
        Ok(new) => desk.act(move |w, scope| people::add_contact(w, scope, id, &new)).await,
        Err(refusal) => Err(refusal.into()),
    };
    match done {
        Ok(_) => Ok(on_to(&format!("/desk/clients/{id}#pe"))),
        Err(error) => {
            let errors = errors_in(error, "email")?;
            let typed = Typed { fields: &fields, errors: &errors };
            Ok(again(new_page(&desk, &client, &projects, typed)))
        }
    }
}

/// `GET /desk/contacts/{id}?invited=`
pub async fn edit(DeskWork(desk): DeskWork, Id(id): Id<ContactId>, Query(query): Query) -> Result<Response, Problem> {
    let (contact, client) = contact_of(&desk, id)?;
    let projects = projects_of(&desk, client.id)?;
    let fields = contact_form::kept(&contact);
    let told = query.has("invited");
    Ok(edit_page(&desk, &contact, &client, &projects, Typed::fresh(&fields), told).into_response())
}

/// `POST /desk/contacts/{id}`
pub async fn change(
    DeskWork(desk): DeskWork,
    Id(id): Id<ContactId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let (contact, client) = contact_of(&desk, id)?;
    let projects = projects_of(&desk, client.id)?;
    let (known, zone) = (contact.clone(), desk.zone().clone());
    let done = match check_seen(&fields, &contact).and_then(|()| contact_form::read(&fields, &projects)) {
        Ok(new) => {
            desk.act(move |w, scope| {
                unchanged(w.contact(id)?.as_ref(), &known)?;
                people::change_contact(w, scope, &zone, id, &new)
            })
            .await
        }
        Err(refusal) => Err(refusal.into()),
    };
    match done {
        Ok(()) => Ok(on_to(&format!("/desk/clients/{}#pe", client.id))),
        Err(error) => {
            let errors = errors_in(error, "email")?;
            let typed = Typed { fields: &fields, errors: &errors };
            Ok(again(edit_page(&desk, &contact, &client, &projects, typed, false)))
        }
    }
}

/// `POST /desk/contacts/{id}/invite`
pub async fn invite(DeskWork(desk): DeskWork, Id(id): Id<ContactId>, _: Posted) -> Result<Response, Problem> {
    contact_of(&desk, id)?;
    sent_or_lately(desk.act(move |w, scope| people::invite_contact(w, scope, id)).await)?;
    Ok(on_to(&format!("/desk/contacts/{id}?invited=1")))
}

/// `POST /desk/contacts/{id}/admit`
pub async fn admit(DeskWork(desk): DeskWork, Id(id): Id<ContactId>, _: Posted) -> Result<Response, Problem> {
    let (contact, client) = contact_of(&desk, id)?;
    if contact.active {
        return Ok(on_to(&format!("/desk/contacts/{id}")));
    }
    match desk.act(move |w, scope| people::admit_contact(w, scope, id)).await {
        Ok(()) => Ok(on_to(&format!("/desk/contacts/{id}"))),
        Err(error) => {
            let errors = errors_in(error, "email")?;
            let fields = contact_form::kept(&contact);
            let projects = projects_of(&desk, client.id)?;
            let typed = Typed { fields: &fields, errors: &errors };
            Ok(again(edit_page(&desk, &contact, &client, &projects, typed, false)))
        }
    }
}

/// `GET /desk/contacts/{id}/revoke`
pub async fn ask_revoke(DeskWork(desk): DeskWork, Id(id): Id<ContactId>) -> Result<Markup, Problem> {
    let (contact, client) = contact_of(&desk, id)?;
    let back = format!("/desk/contacts/{id}");
    let title = format!("Revoke {}’s access?", contact.name);
    let body = html! {
        (parts::back(&back, &contact.name))
        (parts::head(&title, &client.party.name, html! {}))
        div.panel.fill {
            p { "They are signed out at once, their links stop working, and letters that wait for them are not sent." }
            p.gap-y { "What they opened and downloaded stays in the log. You can let them in again later." }
            form.row.gap-y method="post" action={ (back) "/revoke" } {
                (csrf_input(&desk.csrf))
                (parts::submit(Look::Primary, "Revoke access"))
                a href=(back) { "Cancel" }
            }
        }
    };
    Ok(desk.page(DeskNav::Clients, &title, body))
}

/// `POST /desk/contacts/{id}/revoke`
pub async fn revoke(DeskWork(desk): DeskWork, Id(id): Id<ContactId>, _: Posted) -> Result<Response, Problem> {
    let (_, client) = contact_of(&desk, id)?;
    desk.act(move |w, scope| people::revoke_contact(w, scope, id)).await?;
    Ok(on_to(&format!("/desk/clients/{}#pe", client.id)))
}

pub(super) fn contact_of(desk: &Desk, id: ContactId) -> Result<(Contact, Client), Problem> {
    let contact = desk.read(|r| Ok(r.contact(id)?))?.ok_or(Problem::NotFound)?;
    let client = client_of(desk, contact.client)?;
    Ok((contact, client))
}

fn projects_of(desk: &Desk, client: ClientId) -> Result<Vec<Project>, Problem> {
    desk.read(|r| Ok(r.projects_of(client)?))
}

fn new_page(desk: &Desk, client: &Client, projects: &[Project], typed: Typed<'_>) -> Markup {
    let own = format!("/desk/clients/{}", client.id);
    let title = "New contact";
    let invite = typed.field("invite", "Invite them by e-mail");
    let invite = invite.hint("With a link to set a password. Without one they sign in by e-mail link.");
    let body = html! {
        (parts::back(&own, &client.party.name))
        (parts::head(title, &client.party.name, html! {}))
        (parts::error_summary(typed.errors))
        form.panel.fill method="post" action={ (own) "/contacts/new" } {
            (csrf_input(&desk.csrf))
            (contact_form::inputs(typed, projects))
            (parts::checkbox(&invite))
            div.row { (parts::submit(Look::Primary, "Add contact")) a href=(own) { "Cancel" } }
        }
    };
    desk.page(DeskNav::Clients, &parts::titled(title, typed.errors), body)
}

fn edit_page(
    desk: &Desk,
    contact: &Contact,
    client: &Client,
    projects: &[Project],
    typed: Typed<'_>,
    invited: bool,
) -> Markup {
    let own = format!("/desk/contacts/{}", contact.id);
    let back = format!("/desk/clients/{}", client.id);
    // A page without this line is better than no page.
    let stopped = desk.read(|r| Ok(r.stopped(contact.id)?)).ok().flatten();
    let reminders = contact_reminders::part(contact, stopped.as_ref());
    let back_again = came_back(desk, contact.id);
    let body = html! {
        (parts::back(&back, &client.party.name))
        (parts::head(&contact.name, &client.party.name, access_actions(desk, contact)))
        @if invited {
            (parts::status(Tone::Ok, Icon::Mail, "Invitation queued.", "The letter carries a link to set a password."))
        }
        @if !contact.active {
            (parts::note(Tone::Warn, Icon::Lock, "Access revoked.", "They see and get nothing. Let in again, they have the rights below and no password."))
        }
        @for letter in &back_again {
            (parts::note(Tone::Bad, Icon::Bounce, "A letter to them came back.", html! {
                (super::letters::told(&letter.state).3) " " a href=(super::links::letter(letter.id)) { "Look and decide" }
            }))
        }
        (reminders)
        (parts::error_summary(typed.errors))
        form.panel.fill.gap-y method="post" action=(own) {
            (csrf_input(&desk.csrf))
            (seen(contact))
            (contact_form::inputs(typed, projects))
            p.hint { "New rights or another address sign them out and end their links." }
            div.row { (parts::submit(Look::Primary, "Save")) a href=(back) { "Cancel" } }
        }
    };
    desk.page(DeskNav::Clients, &parts::titled(&contact.name, typed.errors), body)
}

/// The newest letters to somebody that came back and about which nobody has decided.
fn came_back(desk: &Desk, contact: ContactId) -> Vec<Letter> {
    let newest = desk.read(|r| Ok(r.letters_on(LetterShelf::Bounced, None, BOUNCED_LOOKED)?)).unwrap_or_default();
    newest.into_iter().filter(|letter| letter.to == Person::Contact(contact)).take(BOUNCED_SHOWN).collect()
}

fn access_actions(desk: &Desk, contact: &Contact) -> Markup {
    let own = format!("/desk/contacts/{}", contact.id);
    html! {
        @if contact.active {
            (parts::post_button(Look::Plain, &format!("{own}/invite"), &desk.csrf, "Mail a link to set a password"))
            (parts::link(Look::Danger, &format!("{own}/revoke"), "Revoke access"))
        } @else {
            (parts::post_button(Look::Plain, &format!("{own}/admit"), &desk.csrf, "Let them in again"))
        }
    }
}
