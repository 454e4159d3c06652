//! The contact's own account: who they are here, how they signed in, their password.

use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use maud::{Markup, html};

use crate::actions::{people, sessions};
use crate::domain::format::Format;
use crate::domain::grant::Strength;
use crate::domain::password;
use crate::domain::person::{PASSWORD_MAX, PASSWORD_MIN, Person};
use crate::domain::refusal::Refusal;
use crate::store::prelude::*;
use crate::web::auth::password::mailed_note;
use crate::web::forms::{Fields, Posted, Query, errors_of};
use crate::web::guard::{FullViewer, SESSION_COOKIE, Viewer, set_cookie};
use crate::web::page::PortalNav;
use crate::web::parts::{self, Choice, Field, FieldError, Icon, Input, Look, Tone};
use crate::web::problem::Problem;

const TITLE: &str = "Your account";

/// `GET /account?note=`.
///
/// # Errors
/// When the store fails.
pub async fn show(FullViewer(viewer): FullViewer, Query(query): Query) -> Result<Response, Problem> {
    Ok(page(&viewer, query.get("note"), &[])?.into_response())
}

fn page(viewer: &Viewer, note: &str, errors: &[FieldError]) -> Result<Markup, Problem> {
    let contact = viewer.contact();
    let has_password = viewer.own_password_hash()?.is_some();
    let signed_in = match viewer.strength() {
        Strength::Password => "With a password",
        Strength::Mailed | Strength::Document(_) => "With a link or code from an e-mail",
    };
    let facts = [
        ("Name", html! { (contact.name) }),
        ("E-mail", html! { (contact.email) }),
        ("At", html! { (viewer.client_name()) }),
        ("Signed in", html! { (signed_in) }),
        ("You see", html! { (rights(viewer)) }),
    ];
    let body = html! {
        @match note {
            "password-changed" => (parts::status(Tone::Ok, Icon::Check, "Your password is changed.", "You are signed out everywhere else.")),
            "mailed" => (mailed_note()),
            "format-chosen" => (parts::status(Tone::Ok, Icon::Check, "Your choice is kept.", "Documents offer it first from now on.")),
            _ => {}
        }
        h1 { (TITLE) }
        (parts::error_summary(errors))
        div.sec-m { (parts::facts(&facts)) }
        p.small.mut.gap-y { "If any of this is wrong, please tell us; the address is at the foot of the page." }
        @if contact.rights.billing { (parts::section("format", "Format of documents", html! {}, format_form(viewer))) }
        (parts::section("pw", "Password", html! {}, html! {
            @if has_password && viewer.strength() == Strength::Password { (change_form(viewer, errors)) }
            @else { (link_form(viewer, has_password)) }
        }))
    };
    Ok(viewer.page(PortalNav::Account, &parts::titled(TITLE, errors), body))
}

fn rights(viewer: &Viewer) -> &'static str {
    if viewer.contact().rights.billing {
        "Invoices, quotes and what is owed"
    } else {
        "What is shared with you by name"
    }
}

fn change_form(viewer: &Viewer, errors: &[FieldError]) -> Markup {
    let hint = format!("At least {PASSWORD_MIN} characters. A few unrelated words are easy to remember.");
    let present = Field::new("current", "Present password").errors(errors).autocomplete("current-password");
    let new = Field::new("password", "New password").hint(&hint).errors(errors).autocomplete("new-password");
    html! {
        form.gap-y.prose action="/account/password" method="post" {
            (parts::csrf_input(viewer.csrf()))
            // For password managers, which need to know whose password changes.
            input type="email" name="username" autocomplete="username" value=(viewer.contact().email) readonly hidden;
            (parts::input(&present, Input::Password))
            (parts::input(&new, Input::Password))
            div.row.gap-y { (parts::submit(Look::Primary, "Change password")) }
        }
    }
}

fn link_form(viewer: &Viewer, has_password: bool) -> Markup {
    let words = if has_password {
        "To change your password, we e-mail you a link; or sign in with your present one first."
    } else {
        "You have no password, and need none: we e-mail you a link whenever you sign in. If you prefer one, set it with a link."
    };
    html! {
        p { (words) }
        div.row.gap-y {
            (parts::post_button(Look::Plain, "/account/password/link", viewer.csrf(), "E-mail me a link to set a password"))
        }
    }
}

/// What the format of no choice is called in the form.
const NO_CHOICE: &str = "";

fn format_form(viewer: &Viewer) -> Markup {
    let usual = Choice { value: NO_CHOICE, label: "PDF", hint: "The document as it was issued, with its XML inside." };
    let others = [
        (Format::Html, "One page that any browser opens, without a network."),
        (Format::Csv, "A row for each line, for spreadsheets."),
        (Format::Ubl, "For accounting programs, and Peppol."),
        (Format::Cii, "For accounting programs that read Factur-X or ZUGFeRD."),
    ];
    let others = others.map(|(format, hint)| Choice { value: format.ending(), label: format.words(), hint });
    let choices: Vec<Choice<'_>> = std::iter::once(usual).chain(others).collect();
    let chosen = viewer.contact().format.map_or(NO_CHOICE, Format::ending);
    let hint = "The link in a letter leads to the document’s page, where this format stands first; the others follow.";
    let field = Field::new("format", "What you take first").hint(hint).value(chosen);
    html! {
        form.gap-y.prose action="/account/format" method="post" {
            (parts::csrf_input(viewer.csrf()))
            (parts::radios(&field, &choices))
            div.row.gap-y { (parts::submit(Look::Plain, "Keep this choice")) }
        }
    }
}

/// `POST /account/format`: `format` is an ending, or empty for the usual one.
///
/// # Errors
/// [`Problem::NotFound`] for a format that there is not.
pub async fn choose_format(FullViewer(viewer): FullViewer, Posted(typed): Posted) -> Result<Response, Problem> {
    let typed = typed.get("format");
    let known = Format::OF_ONE.into_iter().find(|x| x.ending() == typed);
    if known.is_none() && typed != NO_CHOICE {
        return Err(Problem::NotFound);
    }
    let format = known.filter(|x| *x != Format::Pdf);
    viewer.act(move |w, pass| people::prefer_format(w, pass, format)).await?;
    Ok(Redirect::to("/account?note=format-chosen").into_response())
}

/// This contact's account as the throttle names it; the same as for signing in.
fn account(viewer: &Viewer, what: &str) -> String {
    format!("{what} {}", viewer.contact().email.folded())
}

/// Whether one more try at this contact's account is allowed, after a moment where there were many.
async fn allowed(viewer: &Viewer, what: &str) -> Result<(), Problem> {
    let pause = viewer.counter().0.begin(viewer.now(), viewer.by().address, &account(viewer, what))?;
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    Ok(())
}

/// `POST /account/password`: every other session ends, this one gets a fresh cookie.
///
/// # Errors
/// [`Problem::Busy`] after too many tries, [`Problem::NotAllowed`] without a sign-in by password.
pub async fn change_password(FullViewer(viewer): FullViewer, Posted(typed): Posted) -> Result<Response, Problem> {
    if viewer.strength() != Strength::Password {
        return Err(Problem::NotAllowed);
    }
    allowed(&viewer, "password").await?;
    let Some(old) = viewer.own_password_hash()? else { return Err(Problem::NotAllowed) };
    if let Err(errors) = check(&viewer, &typed, &old).await? {
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&viewer, "", &errors)?).into_response());
    }
    let new = viewer.counter().1.hash(typed.get("password").to_owned()).await?;
    let (token, person) = (viewer.draw_token(), Person::Contact(viewer.contact().id));
    let (digest, zone) = (token.digest(), viewer.zone().clone());
    let act = viewer.act(move |w, _| sessions::change_password(w, &zone, person, (&old, &new), digest));
    match act.await {
        Ok(()) => {
            let cookie = [(SET_COOKIE, set_cookie(SESSION_COOKIE, &token.reveal()))];
            Ok((AppendHeaders(cookie), Redirect::to("/account?note=password-changed")).into_response())
        }
        Err(ActError::Refused(Refusal::LinkExpired)) => Err(Problem::Refused(Refusal::TryAgain)),
        Err(error) => Err(error.into()),
    }
}

/// The faults of the form, the present password checked first.
async fn check(viewer: &Viewer, typed: &Fields, old: &str) -> Result<Result<(), Vec<FieldError>>, Problem> {
    let (present, new) = (typed.get("current"), typed.get("password"));
    let right = present.len() <= PASSWORD_MAX && viewer.counter().1.verify(Some(old), present.to_owned()).await?;
    if !right {
        let email = viewer.contact().email.to_string();
        viewer.act(move |w, _| sessions::refused(w, &email, "wrong present password")).await?;
        return Ok(Err(vec![FieldError::new("current", "This is not your present password")]));
    }
    viewer.counter().0.succeeded(viewer.by().address, &account(viewer, "password"));
    let contact = viewer.contact();
    let known = [viewer.firm().party.name.as_str(), &contact.name, contact.email.as_str()];
    Ok(password::check("password", new, &known).map_err(|fault| errors_of(&[fault])))
}

/// `POST /account/password/link`: a letter to the contact's own address.
///
/// # Errors
/// [`Problem::Busy`] after too many requests.
pub async fn mail_link(FullViewer(viewer): FullViewer, _: Posted) -> Result<Response, Problem> {
    allowed(&viewer, "reset").await?;
    let email = viewer.contact().email.clone();
    viewer.act(move |w, _| sessions::ask_password(w, &email)).await?;
    viewer.wake();
    Ok(Redirect::to("/account?note=mailed").into_response())
}
