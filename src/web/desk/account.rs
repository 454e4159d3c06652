//! One's own account at the desk, and the list of keys.

use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse, Response};
use maud::{Markup, html};

use super::confirm::own_password;
use super::form::{Typed, again, errors_in, on_to};
use crate::actions::sessions;
use crate::domain::password;
use crate::domain::person::{PASSWORD_MIN, Person};
use crate::domain::refusal::{Faults, Refusal};
use crate::secrets::Token;
use crate::store::prelude::*;
use crate::web::forms::{Fields, Posted, Query};
use crate::web::guard::{Desk, SESSION_COOKIE, set_cookie};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Icon, Input, Look, Tone, csrf_input};
use crate::web::problem::Problem;

/// `GET /desk/account?done=`
pub async fn show(desk: Desk, Query(query): Query) -> Markup {
    page(&desk, Typed::fresh(&Fields::default()), query.has("done"))
}

/// `POST /desk/account/password`
pub async fn change_password(desk: Desk, Posted(fields): Posted) -> Result<Response, Problem> {
    let old = own_password(&desk, "current", fields.get("current")).await?;
    let new = fields.get("new").to_owned();
    let known = [desk.firm.party.name.as_str(), &desk.staff.name, desk.staff.email.as_str()];
    let mut faults = Faults::default();
    let old = faults.take(old);
    faults.take(password::check("new", &new, &known));
    let token = Token::draw(&desk.app.entropy);
    let done = match faults.check() {
        Ok(()) => renew(&desk, old, new, &token).await?,
        Err(refusal) => Err(refusal.into()),
    };
    match done {
        Ok(()) => {
            let cookie = set_cookie(SESSION_COOKIE, &token.reveal());
            Ok((AppendHeaders([(SET_COOKIE, cookie)]), on_to("/desk/account?done=1")).into_response())
        }
        Err(error) => {
            let errors = errors_in(error, "current")?;
            Ok(again(page(&desk, Typed { fields: &Fields::default(), errors: &errors }, false)))
        }
    }
}

/// Every other session ends, and this one goes on under a new token.
async fn renew(desk: &Desk, old: String, new: String, token: &Token) -> Result<Result<(), ActError>, Problem> {
    let hash = desk.web.hashing.hash(new).await?;
    let (person, digest, zone) = (Person::Staff(desk.staff.id), token.digest(), desk.zone().clone());
    let done = desk.act(move |w, _| sessions::change_password(w, &zone, person, (&old, &hash), digest)).await;
    Ok(done.map_err(|error| match error {
        ActError::Refused(Refusal::LinkExpired) => Refusal::TryAgain.into(),
        other => other,
    }))
}

fn page(desk: &Desk, typed: Typed<'_>, done: bool) -> Markup {
    let staff = &desk.staff;
    let title = "Your account";
    let current = typed.field("current", "Present password").autocomplete("current-password");
    let hint = format!("At least {PASSWORD_MIN} characters. A few unrelated words are easy to remember.");
    let new = typed.field("new", "New password").hint(&hint).autocomplete("new-password");
    let body = html! {
        (parts::head(title, "", html! {}))
        @if done {
            (parts::status(Tone::Ok, Icon::Check, "Password changed.", "Every other place where you were signed in is signed out."))
        }
        (parts::error_summary(typed.errors))
        (parts::section("me", "You", html! {}, parts::facts(&[
            ("Name", html! { (staff.name) }),
            ("E-mail", html! { (staff.email) }),
            ("Role", html! { (staff.role.words()) }),
        ])))
        (parts::section("pw", "Password", html! {}, html! {
            form.panel.fill method="post" action="/desk/account/password" {
                (csrf_input(&desk.csrf))
                (parts::input(&current, Input::Password))
                (parts::input(&new, Input::Password))
                div.row { (parts::submit(Look::Primary, "Change password")) }
            }
        }))
    };
    desk.page(DeskNav::Elsewhere, &parts::titled(title, typed.errors), body)
}

/// `GET /desk/shortcuts`
pub async fn shortcuts(desk: Desk) -> Markup {
    let body = html! {
        (parts::head("Keyboard shortcuts", "They work on every page of the desk, except while you type.", html! {}))
        (parts::keys())
    };
    desk.page(DeskNav::Elsewhere, "Keyboard shortcuts", body)
}
