//! Asking for a letter to set a password, and setting one with it. Setting one signs nobody in.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::{PASSWORD_SET, allowed, firm, log_refused, reassurance, succeeded, unhurried};
use crate::actions::sessions;
use crate::domain::grant::Opens;
use crate::domain::password;
use crate::domain::person::{PASSWORD_MIN, Person};
use crate::domain::refusal::{FieldFault, Refusal};
use crate::domain::text::EmailAddress;
use crate::secrets::{Token, TokenDigest};
use crate::store::prelude::*;
use crate::web::forms::{Fields, Open, errors_of};
use crate::web::guard::Guest;
use crate::web::page;
use crate::web::parts::{self, Field, FieldError, Icon, Input, Look, Tone};
use crate::web::path::Path;
use crate::web::problem::Problem;

/// `GET /password`: asks for a letter with a link.
///
/// # Errors
/// When the store fails.
pub async fn ask_page(guest: Guest) -> Result<Response, Problem> {
    Ok(ask_form(&guest, &Fields::default(), &[])?.into_response())
}

fn ask_form(guest: &Guest, typed: &Fields, errors: &[FieldError]) -> Result<Markup, Problem> {
    let firm = firm(&guest.web)?;
    let email = Field::new("email", "Your e-mail address").value(typed.get("email")).errors(errors);
    let body = html! {
        h1 { "Set a new password" }
        (parts::error_summary(errors))
        p.mut { "We e-mail you a link to set one." }
        form.sec-m action="/password" method="post" {
            (parts::input(&email.autocomplete("username"), Input::Email))
            (parts::submit(Look::WidePrimary, "E-mail me a link"))
        }
        p.gap-y { a href="/sign-in" { "Back to signing in" } }
    };
    Ok(page::gate(&firm.party.name, &parts::titled("Set a new password", errors), body, reassurance(&firm)))
}

/// `POST /password`: the same answer whether the address is known or not.
///
/// # Errors
/// [`Problem::Busy`] after too many requests.
pub async fn ask(guest: Guest, Open(typed): Open) -> Result<Response, Problem> {
    let email = match EmailAddress::parse("email", typed.get("email")) {
        Ok(email) => email,
        Err(fault) => {
            let page = ask_form(&guest, &typed, &errors_of(&[fault]))?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    allowed(&guest, "reset", &email.folded()).await?;
    let app = &guest.web.app;
    let act = app.store.write(guest.by(), app.now(), move |w| sessions::ask_password(w, &email));
    unhurried(act).await?;
    app.wake.notify_one();
    Ok(Redirect::to("/password/sent").into_response())
}

/// `GET /password/sent`.
///
/// # Errors
/// When the store fails.
pub async fn sent(guest: Guest) -> Result<Response, Problem> {
    let firm = firm(&guest.web)?;
    let body = html! {
        h1 { "Check your e-mail" }
        p { "If we know that address, an e-mail with a link to set a password is on its way to it." }
        p { a href="/sign-in" { "Back to signing in" } }
    };
    Ok(page::gate(&firm.party.name, "Check your e-mail", body, reassurance(&firm)).into_response())
}

/// Whose password a link sets; `None` when it is unknown, spent, expired or for something else.
fn whose(guest: &Guest, link: TokenDigest) -> Result<Option<(String, String)>, Problem> {
    let now = guest.web.app.now();
    guest.web.app.store.read(|r| {
        let Some(grant) = r.grant(link)?.filter(|g| g.expires > now && g.opens == Opens::SetPassword) else {
            return Ok(None);
        };
        Ok(match grant.person {
            Person::Staff(id) => r.staff(id)?.filter(|s| s.active).map(|s| (s.name, s.email.to_string())),
            Person::Contact(id) => r.contact(id)?.filter(|c| c.active).map(|c| (c.name, c.email.to_string())),
        })
    })
}

/// `GET /password/{token}`: the form; fetching it changes nothing.
///
/// # Errors
/// When the store fails.
pub async fn show(guest: Guest, Path(token): Path<String>) -> Result<Response, Problem> {
    let Some(token) = Token::parse(&token) else { return expired(&guest) };
    match whose(&guest, token.digest())? {
        Some((_, email)) => Ok(set_form(&guest, &token, &email, &[])?.into_response()),
        None => expired(&guest),
    }
}

fn set_form(guest: &Guest, token: &Token, email: &str, errors: &[FieldError]) -> Result<Markup, Problem> {
    let firm = firm(&guest.web)?;
    let hint = format!("At least {PASSWORD_MIN} characters. A few unrelated words are easy to remember.");
    let field = Field::new("password", "New password").hint(&hint).errors(errors).autocomplete("new-password");
    let body = html! {
        h1 { "Set your password" }
        (parts::error_summary(errors))
        form.sec-m action={ "/password/" (token.reveal()) } method="post" {
            // For password managers, which fill the sign-in form with both: an address in the URL would stay in logs.
            input type="email" name="username" autocomplete="username" value=(email) readonly hidden;
            (parts::input(&field, Input::Password))
            (parts::submit(Look::WidePrimary, "Set this password"))
        }
        p.small.mut.gap-y { "You sign in with it afterwards. Wherever you are signed in now, you will be signed out." }
    };
    Ok(page::gate(&firm.party.name, &parts::titled("Set your password", errors), body, reassurance(&firm)))
}

fn expired(guest: &Guest) -> Result<Response, Problem> {
    let firm = firm(&guest.web)?;
    let body = html! {
        h1 { "This link has expired" }
        p { "It was used already, or too much time has passed." }
        p { (parts::link(Look::WidePrimary, "/password", "Get a new link")) }
    };
    let page = page::gate(&firm.party.name, "This link has expired", body, reassurance(&firm));
    Ok((StatusCode::NOT_FOUND, page).into_response())
}

/// `POST /password/{token}`.
///
/// # Errors
/// [`Problem::Busy`] after too many tries.
pub async fn set(guest: Guest, Path(token): Path<String>, Open(typed): Open) -> Result<Response, Problem> {
    allowed(&guest, "set password", &token).await?;
    let Some(link) = Token::parse(&token) else { return refused(&guest).await };
    let Some((name, email)) = whose(&guest, link.digest())? else { return refused(&guest).await };
    let firm = firm(&guest.web)?;
    let wished = typed.get("password");
    if let Err(fault) = password::check("password", wished, &[&firm.party.name, &name, &email]) {
        return again(&guest, &link, &email, fault);
    }
    let hash = guest.web.hashing.hash(wished.to_owned()).await?;
    let (app, digest, zone) = (&guest.web.app, link.digest(), guest.web.app.settings.zone.clone());
    let act = move |w: &mut WriteTx<'_>| sessions::set_password(w, &zone, digest, &hash);
    match app.store.write(guest.by(), app.now(), act).await {
        Ok(_) => {
            succeeded(&guest, "set password", &token);
            Ok(Redirect::to(&format!("/sign-in?note={PASSWORD_SET}")).into_response())
        }
        Err(ActError::Refused(Refusal::LinkExpired)) => refused(&guest).await,
        Err(error) => Err(error.into()),
    }
}

fn again(guest: &Guest, link: &Token, email: &str, fault: FieldFault) -> Result<Response, Problem> {
    let page = set_form(guest, link, email, &errors_of(&[fault]))?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

async fn refused(guest: &Guest) -> Result<Response, Problem> {
    log_refused(guest, "", "expired or unknown password link").await?;
    expired(guest)
}

/// What the page of somebody's own account says about setting a password by letter.
pub fn mailed_note() -> Markup {
    parts::status(Tone::Ok, Icon::Mail, "An e-mail is on its way.", "Follow its link to set your password.")
}
