//! The link at the end of a reminder, which stops them. Fetching it changes nothing; its button stops the reminders,
//! and so does the post of a mail program for its reader's one click (RFC 8058), which has no cookie and comes from
//! anywhere.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::{allowed, firm, reassurance};
use crate::actions::stops;
use crate::domain::person::Contact;
use crate::domain::refusal::Refusal;
use crate::secrets::{Token, TokenDigest};
use crate::store::prelude::*;
use crate::web::guard::Guest;
use crate::web::page;
use crate::web::parts::{self, Look};
use crate::web::path::Path;
use crate::web::problem::Problem;

/// `GET /reminders/stop/{token}`
///
/// # Errors
/// When the store fails.
pub async fn show(guest: Guest, Path(token): Path<String>) -> Result<Response, Problem> {
    let Some(token) = Token::parse(&token) else { return unknown(&guest) };
    let Some(contact) = contact(&guest, token.digest()) else { return unknown(&guest) };
    if stopped(&guest, &contact)? {
        return Ok(done(&guest)?.into_response());
    }
    let firm = firm(&guest.web)?;
    let action = format!("/reminders/stop/{}", token.reveal());
    let body = html! {
        h1 { "Stop reminders?" }
        p { (firm.party.name) " reminds " (contact.name) " of open invoices by e-mail." }
        p { "Invoices, documents and what you ask for still come. What is open stays open, and your page shows it." }
        form.sec-m action=(action) method="post" { (parts::submit(Look::WidePrimary, "Stop the reminders")) }
    };
    Ok(page::gate(&firm.party.name, "Stop reminders?", body, reassurance(&firm)).into_response())
}

/// `POST /reminders/stop/{token}`, whatever its body says. Answers with a page and not with another address: mail
/// programs follow none.
///
/// # Errors
/// [`Problem::Busy`] after too many links that were not.
pub async fn stop(guest: Guest, Path(token): Path<String>) -> Result<Response, Problem> {
    let found = Token::parse(&token).map(|token| token.digest());
    let Some((link, contact)) = found.and_then(|link| Some((link, contact(&guest, link)?))) else {
        // Links can't be guessed; this keeps a flood of them from taking time.
        allowed(&guest, "stop link", &token).await?;
        return unknown(&guest);
    };
    if !stopped(&guest, &contact)? {
        let (app, zone) = (&guest.web.app, guest.web.app.settings.zone.clone());
        match app.store.write(guest.by(), app.now(), move |w| stops::by_link(w, &zone, link)).await {
            Ok(()) => app.wake.notify_one(),
            // Posted twice at once: the other was first.
            Err(ActError::Refused(Refusal::TryAgain)) => {}
            Err(ActError::Refused(Refusal::LinkExpired)) => return unknown(&guest),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(done(&guest)?.into_response())
}

fn contact(guest: &Guest, link: TokenDigest) -> Option<Contact> {
    let app = &guest.web.app;
    app.store.read(|r| stops::of_link(r, link, app.now())).ok()
}

fn stopped(guest: &Guest, contact: &Contact) -> Result<bool, Problem> {
    Ok(guest.web.app.store.read(|r| r.stopped(contact.id))?.is_some())
}

fn done(guest: &Guest) -> Result<Markup, Problem> {
    let firm = firm(&guest.web)?;
    let body = html! {
        h1 { "No more reminders" }
        p { (firm.party.name) " sends you no more reminders, and knows that you asked for this." }
        p { "If that was a mistake, reply to the letter, and they can go on." }
    };
    Ok(page::gate(&firm.party.name, "No more reminders", body, reassurance(&firm)))
}

/// What an unknown or expired link gives.
fn unknown(guest: &Guest) -> Result<Response, Problem> {
    let firm = firm(&guest.web)?;
    let body = html! {
        h1 { "This link no longer works" }
        p { "To get no more reminders, use the link in a newer one, or reply to it and say so." }
    };
    let page = page::gate(&firm.party.name, "This link no longer works", body, reassurance(&firm));
    Ok((StatusCode::NOT_FOUND, page).into_response())
}
