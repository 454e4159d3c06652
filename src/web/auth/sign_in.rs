//! The sign-in page, and signing in with a password or with a code from a letter.

use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::{
    Back, PASSWORD_SET, allowed, firm, landing, log_refused, notice, reassurance, succeeded, unhurried, welcome,
};
use crate::actions::sessions::{self, CodeTry};
use crate::domain::grant::{SIGN_IN_MINUTES, Strength};
use crate::domain::person::{PASSWORD_MAX, Person};
use crate::domain::refusal::Refusal;
use crate::domain::text::EmailAddress;
use crate::secrets::Token;
use crate::store::prelude::*;
use crate::web::forms::{Fields, Open, Query, errors_of};
use crate::web::guard::{Guest, REQUEST_COOKIE, set_cookie};
use crate::web::page;
use crate::web::parts::{self, Field, FieldError, Icon, Input, Look};
use crate::web::problem::Problem;

/// Digits of a mailed code.
const CODE_DIGITS: usize = 6;
/// What a failed sign-in with a password says, whatever was wrong.
const WRONG: &str = "That e-mail address and password don’t belong together. Try again, or have a link e-mailed";
const CODE_OVER: &str = "This code has expired or was tried too often. Ask for a new e-mail";

/// `GET /sign-in?back=&note=`.
///
/// # Errors
/// When the store fails.
pub async fn show(guest: Guest, Query(query): Query) -> Result<Response, Problem> {
    let firm = firm(&guest.web)?;
    let note = notice(query.get("note"));
    // Whoever has set a password wants to use it; the browser, which saved it, fills the form.
    let by_password = query.get("note") == PASSWORD_SET;
    let back = Back::parse(query.get("back"));
    let body = html! {
        @if let Some(note) = note { (note) }
        (forms(&Fields::default(), back.as_ref(), by_password, &[]))
    };
    Ok(page::gate(&firm.party.name, "Sign in", body, reassurance(&firm)).into_response())
}

fn forms(typed: &Fields, back: Option<&Back>, by_password: bool, errors: &[FieldError]) -> Markup {
    let by_password = by_password || errors.iter().any(|e| e.key.starts_with("password"));
    let email = Field::new("email", "Your e-mail address").hint("The one our invoices come to.");
    let email = email.value(typed.get("email")).errors(errors).autocomplete("username");
    html! {
        h1 { "Sign in" }
        p.mut { "To see your invoices, quotes and statement." }
        (parts::error_summary(errors))
        form.sec-m action="/sign-in/link" method="post" {
            (back_input(back))
            (parts::input(&email, Input::Email))
            button.btn.pri.wide { (parts::icon(Icon::Mail)) "E-mail me a sign-in link" }
            p.small.mut.gap-y { "The link works once, for " (SIGN_IN_MINUTES) " minutes. Nothing to remember." }
        }
        p.or { "or" }
        details.act.gap-y open[by_password] {
            summary { (parts::icon(Icon::Lock)) "Use a password" }
            (password_form(typed, back, errors))
        }
    }
}

fn password_form(typed: &Fields, back: Option<&Back>, errors: &[FieldError]) -> Markup {
    let email = Field::new("email", "E-mail address").key("password-email").value(typed.get("email"));
    let password = Field::new("password", "Password").errors(errors).autocomplete("current-password");
    html! {
        form action="/sign-in/password" method="post" {
            (back_input(back))
            (parts::input(&email.autocomplete("username"), Input::Email))
            (parts::input(&password, Input::Password))
            div.row.spread.gap-y { (parts::submit(Look::Plain, "Sign in")) a href="/password" { "Set a new password" } }
        }
    }
}

fn back_input(back: Option<&Back>) -> Markup {
    html! { @if let Some(back) = back { (parts::hidden("back", &back.path())) } }
}

fn refused(guest: &Guest, typed: &Fields, errors: &[FieldError]) -> Result<Response, Problem> {
    let firm = firm(&guest.web)?;
    let body = forms(typed, Back::parse(typed.get("back")).as_ref(), false, errors);
    let page = page::gate(&firm.party.name, &parts::titled("Sign in", errors), body, reassurance(&firm));
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// `POST /sign-in/password`. An unknown address, a wrong password and somebody who left get the same answer after the
/// same work.
///
/// # Errors
/// [`Problem::Busy`] after too many tries.
pub async fn password(guest: Guest, Open(typed): Open) -> Result<Response, Problem> {
    let email = typed.get("email");
    allowed(&guest, "password", email).await?;
    let known = known(&guest, email)?;
    let (hash, password) = (known.as_ref().map(|k| k.1.as_str()), typed.get("password"));
    // Longer than any password can be: not worth a hashing slot.
    let right = password.len() <= PASSWORD_MAX && guest.web.hashing.verify(hash, password.to_owned()).await?;
    if let (true, Some((person, hash))) = (right, known)
        && let Some(session) = enter_with_password(&guest, person, hash).await?
    {
        succeeded(&guest, "password", email);
        let back = Back::parse(typed.get("back"));
        return Ok(welcome(&session, &landing(&guest.web, person, Strength::Password, back.as_ref())?));
    }
    log_refused(&guest, email, "wrong address or password").await?;
    refused(&guest, &typed, &[FieldError::new("password", WRONG)])
}

/// Whom an address signs in with which hash; `None` when nobody may sign in with it.
fn known(guest: &Guest, email: &str) -> Result<Option<(Person, String)>, Problem> {
    let Ok(email) = EmailAddress::parse("email", email) else { return Ok(None) };
    guest.web.app.store.read(|r| {
        let Some(person) = r.login(&email)? else { return Ok(None) };
        let active = match person {
            Person::Staff(id) => r.staff(id)?.is_some_and(|s| s.active),
            Person::Contact(id) => r.contact(id)?.is_some_and(|c| c.active),
        };
        Ok(r.password_hash(person)?.filter(|_| active).map(|hash| (person, hash)))
    })
}

/// A fresh session in place of the browser's old one; `None` when they were revoked in between.
async fn enter_with_password(guest: &Guest, person: Person, hash: String) -> Result<Option<Token>, Problem> {
    let (app, old) = (&guest.web.app, guest.session);
    let token = Token::draw(&app.entropy);
    let digest = token.digest();
    let act = app.store.write(guest.by(), app.now(), move |w| {
        let done = sessions::with_password(w, person, &hash, digest)?;
        sessions::leave(w, old, digest)?;
        Ok(done)
    });
    match act.await {
        Ok(()) => Ok(Some(token)),
        Err(ActError::Refused(Refusal::LinkExpired)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// `POST /sign-in/link`: queues the letter if the address is known, and says the same if it is not.
///
/// # Errors
/// [`Problem::Busy`] after too many requests.
pub async fn ask(guest: Guest, Open(typed): Open) -> Result<Response, Problem> {
    let email = match EmailAddress::parse("email", typed.get("email")) {
        Ok(email) => email,
        Err(fault) => return refused(&guest, &typed, &errors_of(&[fault])),
    };
    allowed(&guest, "link", &email.folded()).await?;
    let app = &guest.web.app;
    let request = Token::draw(&app.entropy);
    let (digest, before) = (request.digest(), guest.request.as_ref().map(Token::digest));
    let act = app.store.write(guest.by(), app.now(), move |w| sessions::ask_sign_in(w, &email, digest, before));
    unhurried(act).await?;
    app.wake.notify_one();
    let to = match Back::parse(typed.get("back")) {
        Some(back) => format!("/sign-in/code?back={}", super::back::in_query(&back)),
        None => "/sign-in/code".to_owned(),
    };
    let cookie = [(SET_COOKIE, set_cookie(REQUEST_COOKIE, &request.reveal()))];
    Ok((AppendHeaders(cookie), Redirect::to(&to)).into_response())
}

/// `GET /sign-in/code`: what to do now.
///
/// # Errors
/// When the store fails.
pub async fn wait(guest: Guest, Query(query): Query) -> Result<Response, Problem> {
    Ok(code_page(&guest, Back::parse(query.get("back")).as_ref(), "", &[])?.into_response())
}

fn code_page(guest: &Guest, back: Option<&Back>, typed: &str, errors: &[FieldError]) -> Result<Markup, Problem> {
    let firm = firm(&guest.web)?;
    let code = Field::new("code", "Six-digit code").hint("From the e-mail, such as 123 456.").value(typed);
    let body = html! {
        h1 { "Check your e-mail" }
        (parts::error_summary(errors))
        p {
            "If we know that address, an e-mail is on its way to it. Follow the link in it, or type its code here within "
            (SIGN_IN_MINUTES) " minutes."
        }
        form.sec-m action="/sign-in/code" method="post" {
            (back_input(back))
            (parts::input(&code.errors(errors).autocomplete("one-time-code"), Input::Code))
            (parts::submit(Look::WidePrimary, "Continue"))
        }
        p.gap-y { a href="/sign-in" { "Use another address, or ask again" } }
    };
    Ok(page::gate(&firm.party.name, &parts::titled("Check your e-mail", errors), body, reassurance(&firm)))
}

/// `POST /sign-in/code`.
///
/// # Errors
/// [`Problem::Busy`] after too many tries.
pub async fn code(guest: Guest, Open(typed): Open) -> Result<Response, Problem> {
    let back = Back::parse(typed.get("back"));
    let again = |message: &str| {
        let errors = [FieldError::new("code", message)];
        let page = code_page(&guest, back.as_ref(), typed.get("code"), &errors)?;
        Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
    };
    let Some(request) = guest.request.clone() else { return again(CODE_OVER) };
    allowed(&guest, "code", &request.derive("throttle")).await?;
    let digits: String = typed.get("code").chars().filter(|c| !c.is_whitespace()).collect();
    if digits.len() != CODE_DIGITS || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return again("Enter the six digits of the code");
    }
    match try_code(&guest, &request, digits).await {
        Ok((CodeTry::Right, session)) => {
            succeeded(&guest, "code", &request.derive("throttle"));
            let to = match person_of(&guest, &session)? {
                Some(person) => landing(&guest.web, person, Strength::Mailed, back.as_ref())?,
                None => "/sign-in".to_owned(),
            };
            Ok(welcome(&session, &to))
        }
        Ok((CodeTry::Wrong(0), _)) | Err(ActError::Refused(Refusal::LinkExpired)) => again(CODE_OVER),
        Ok((CodeTry::Wrong(1), _)) => again("This code is not right. One try is left"),
        Ok((CodeTry::Wrong(left), _)) => again(&format!("This code is not right. {left} tries are left")),
        Err(error) => Err(error.into()),
    }
}

async fn try_code(guest: &Guest, request: &Token, digits: String) -> Result<(CodeTry, Token), ActError> {
    let (app, old) = (&guest.web.app, guest.session);
    let token = Token::draw(&app.entropy);
    let (digest, request) = (token.digest(), request.digest());
    let act = app.store.write(guest.by(), app.now(), move |w| {
        let done = sessions::with_code(w, request, &digits, digest)?;
        sessions::leave(w, old, digest)?;
        Ok(done)
    });
    Ok((act.await?, token))
}

fn person_of(guest: &Guest, session: &Token) -> Result<Option<Person>, Problem> {
    Ok(guest.web.app.store.read(|r| r.session(session.digest()))?.map(|s| s.person))
}
