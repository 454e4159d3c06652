//! Links from letters. Fetching one changes nothing, however often a scanner does; its button signs in.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;

use super::{allowed, firm, landing, log_refused, reassurance, welcome};
use crate::actions::sessions;
use crate::domain::grant::{Grant, Opens, Strength};
use crate::domain::refusal::Refusal;
use crate::secrets::{Token, TokenDigest};
use crate::store::prelude::*;
use crate::web::guard::Guest;
use crate::web::page;
use crate::web::parts::{self, Look};
use crate::web::path::Path;
use crate::web::problem::Problem;

/// `GET /sign-in/link/{token}`: the same page for every link that works.
///
/// # Errors
/// When the store fails.
pub async fn show(guest: Guest, Path(token): Path<String>) -> Result<Response, Problem> {
    let Some(token) = Token::parse(&token) else { return expired(&guest) };
    if grant(&guest, token.digest())?.is_none() {
        return expired(&guest);
    }
    let firm = firm(&guest.web)?;
    let action = format!("/sign-in/link/{}", token.reveal());
    let body = html! {
        h1 { "Welcome" }
        p { "This link is from an e-mail of " (firm.party.name) ". Continue to open what it is about." }
        form.sec-m action=(action) method="post" { (parts::submit(Look::WidePrimary, "Continue")) }
    };
    Ok(page::gate(&firm.party.name, "Continue", body, reassurance(&firm)).into_response())
}

/// A link that signs in now: known, not over, and neither one to set a password nor one to stop reminders.
fn grant(guest: &Guest, link: TokenDigest) -> Result<Option<Grant>, Problem> {
    let (app, now) = (&guest.web.app, guest.web.app.now());
    let found = app.store.read(|r| r.grant(link))?;
    let signs_in = |g: &Grant| !matches!(g.opens, Opens::SetPassword | Opens::StopReminders);
    Ok(found.filter(|g| g.expires > now && signs_in(g)))
}

/// What an unknown, spent or expired link gives.
fn expired(guest: &Guest) -> Result<Response, Problem> {
    let firm = firm(&guest.web)?;
    let body = html! {
        h1 { "This link has expired" }
        p { "It was used already, or too much time has passed. Ask for a new one; it arrives within a minute." }
        p { (parts::link(Look::WidePrimary, "/sign-in", "Get a new link")) }
    };
    let page = page::gate(&firm.party.name, "This link has expired", body, reassurance(&firm));
    Ok((StatusCode::NOT_FOUND, page).into_response())
}

/// `POST /sign-in/link/{token}`.
///
/// # Errors
/// [`Problem::Busy`] after too many links that were not.
pub async fn follow(guest: Guest, Path(token): Path<String>) -> Result<Response, Problem> {
    let Some(link) = Token::parse(&token).map(|t| t.digest()) else { return refused(&guest, &token).await };
    let Some(grant) = grant(&guest, link)? else { return refused(&guest, &token).await };
    if keeps_stronger(&guest, &grant) {
        let strength = strength_of(grant.opens);
        return Ok(Redirect::to(&landing(&guest.web, grant.person, strength, None)?).into_response());
    }
    let (app, old) = (&guest.web.app, guest.session);
    let session = Token::draw(&app.entropy);
    let digest = session.digest();
    let act = app.store.write(guest.by(), app.now(), move |w| {
        let done = sessions::with_link(w, link, digest)?;
        sessions::leave(w, old, digest)?;
        Ok(done)
    });
    match act.await {
        Ok((person, strength)) => Ok(welcome(&session, &landing(&guest.web, person, strength, None)?)),
        Err(ActError::Refused(Refusal::LinkExpired)) => refused(&guest, &token).await,
        Err(error) => Err(error.into()),
    }
}

fn strength_of(opens: Opens) -> Strength {
    match opens {
        Opens::Document(id) => Strength::Document(id),
        Opens::SignIn | Opens::SignInOf(_) | Opens::SetPassword | Opens::StopReminders => Strength::Mailed,
    }
}

/// Whether the browser is signed in as the same person with more than a document's link would give.
fn keeps_stronger(guest: &Guest, grant: &Grant) -> bool {
    let strong = |s: Strength| !matches!(s, Strength::Document(_));
    matches!(grant.opens, Opens::Document(_)) && guest.signed_in.is_some_and(|(p, s)| p == grant.person && strong(s))
}

/// Counts and logs a link that does not work, without the link.
async fn refused(guest: &Guest, token: &str) -> Result<Response, Problem> {
    // Links can't be guessed; this keeps a flood of them from filling the log.
    allowed(guest, "link page", token).await?;
    log_refused(guest, "", "expired or unknown link").await?;
    expired(guest)
}
