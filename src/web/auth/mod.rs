//! Signing in and out: by mailed link, by code, by password; setting a password; and the firm's looks, which the pages
//! before sign-in need too.
//!
//! An address that nobody has, one of somebody who left and a wrong password get the same answer in the same time. Must
//! not know what the portal or the desk show.

pub mod back;
pub mod brand;
pub mod link;
pub mod password;
pub mod sign_in;
pub mod sign_out;
pub mod stop;

use std::time::Duration;

use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use maud::{Markup, html};

use self::back::Back;
use super::guard::{Guest, REQUEST_COOKIE, SESSION_COOKIE, clear_cookie, set_cookie};
use super::parts::{self, Icon, Tone};
use super::problem::Problem;
use super::state::Web;
use crate::actions::sessions;
use crate::domain::firm::Firm;
use crate::domain::grant::Strength;
use crate::domain::ids::{ContactId, InvoiceId};
use crate::domain::person::Person;
use crate::secrets::Token;
use crate::store::prelude::*;
use crate::store::scope::{ClientView, Pass};

/// No answer to a request for a letter leaves earlier, so that its time does not tell whether there was one to queue.
const ANSWER_AFTER: Duration = Duration::from_millis(150);
/// Longest typed address that counts as a name for throttling, in characters.
const TYPED_MAX: usize = 254;

/// The firm, for pages before sign-in.
fn firm(web: &Web) -> Result<Firm, Problem> {
    Ok(web.app.store.read(|r| r.firm())?)
}

/// What is tried, as the throttle names it; each kind of try is counted apart, so that guessing passwords keeps nobody
/// from a mailed link.
fn tried(what: &str, email: &str) -> String {
    let typed: String = email.trim().chars().take(TYPED_MAX).collect();
    format!("{what} {typed}")
}

/// Whether one more try at `what` of the account typed as `email` is allowed, after a moment where there were many.
async fn allowed(guest: &Guest, what: &str, email: &str) -> Result<(), Problem> {
    let (web, name) = (&guest.web, tried(what, email));
    let pause = web.throttle.begin(web.app.now(), guest.address, &name)?;
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    Ok(())
}

/// A try that was right does not count.
fn succeeded(guest: &Guest, what: &str, email: &str) {
    guest.web.throttle.succeeded(guest.address, &tried(what, email));
}

/// Logs a refused try.
async fn log_refused(guest: &Guest, address: &str, reason: &'static str) -> Result<(), Problem> {
    let (app, address) = (&guest.web.app, address.to_owned());
    app.store.write(guest.by(), app.now(), move |w| sessions::refused(w, &address, reason)).await?;
    Ok(())
}

/// The answer to a sign-in: the fresh session's cookie, and on to the page wished.
fn welcome(session: &Token, to: &str) -> Response {
    let cookies = [set_cookie(SESSION_COOKIE, &session.reveal()), clear_cookie(REQUEST_COOKIE)];
    (AppendHeaders(cookies.map(|c| (SET_COOKIE, c))), Redirect::to(to)).into_response()
}

/// Where somebody who signed in goes: where they came from if it is theirs, else to the page they start on.
fn landing(web: &Web, person: Person, strength: Strength, back: Option<&Back>) -> Result<String, Problem> {
    match (person, strength) {
        (Person::Contact(contact), Strength::Document(id)) => document(web, contact, id),
        (Person::Contact(_), _) => Ok(back.filter(|b| !b.is_desk()).map_or_else(|| "/".to_owned(), Back::path)),
        (Person::Staff(_), _) => Ok(back.filter(|b| b.is_desk()).map_or_else(|| "/desk".to_owned(), Back::path)),
    }
}

/// The address of the document that a link opens.
fn document(web: &Web, contact: ContactId, id: InvoiceId) -> Result<String, Problem> {
    let number = web.app.store.read(|r| {
        let Some(view) = ClientView::open(r, Pass { contact, only: Some(id) })? else { return Ok(None) };
        Ok::<_, Problem>(view.invoice_by_id(id)?.and_then(|row| row.invoice.number().cloned()))
    })?;
    Ok(number.map_or_else(|| "/".to_owned(), |n| format!("/invoices/{}", n.in_url())))
}

/// What the request for a letter was answered with, after no less than [`ANSWER_AFTER`].
async fn unhurried<T>(act: impl Future<Output = T>) -> T {
    tokio::join!(act, tokio::time::sleep(ANSWER_AFTER)).0
}

/// Below every sheet before sign-in: whom to ring, and what the firm never does.
fn reassurance(firm: &Firm) -> Markup {
    let whom = if firm.correspondent.is_empty() { &firm.party.name } else { &firm.correspondent };
    html! {
        p {
            @if !firm.phone.is_empty() {
                "Not getting the e-mail? Call " (whom) " on " (telephone(&firm.phone)) ". "
            } @else if let Some(email) = &firm.email {
                "Not getting the e-mail? Write to " a href={ "mailto:" (email.as_str()) } { (email.as_str()) } ". "
            }
            "We never ask for a password by phone or e-mail, and never send new bank details that way."
        }
    }
}

fn telephone(phone: &str) -> Markup {
    let dialled: String = phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    html! { a href={ "tel:" (dialled) } { (phone) } }
}

/// The code of the note that a password was set.
const PASSWORD_SET: &str = "password-set";

/// A note on top of the sign-in page, chosen from a closed list.
fn notice(code: &str) -> Option<Markup> {
    let (strong, rest) = match code {
        PASSWORD_SET => ("Your password is set.", "Sign in with it now."),
        "signed-out" => ("You are signed out.", ""),
        _ => return None,
    };
    Some(parts::status(Tone::Ok, Icon::Check, strong, rest))
}
