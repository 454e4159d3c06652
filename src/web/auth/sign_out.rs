//! Signing out: the session ends here, not only in the browser.

use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};

use crate::actions::sessions;
use crate::domain::event::{Actor, By};
use crate::domain::person::Person;
use crate::domain::refusal::Refusal;
use crate::store::prelude::*;
use crate::web::forms::Posted;
use crate::web::guard::{Guest, SESSION_COOKIE, clear_cookie};
use crate::web::problem::Problem;

/// `POST /sign-out`.
///
/// # Errors
/// [`Problem::StaleForm`] for a form of another session.
pub async fn post(guest: Guest, _: Posted) -> Result<Response, Problem> {
    if let (Some(digest), Some((person, _))) = (guest.session, guest.signed_in) {
        let actor = match person {
            Person::Staff(id) => Actor::Staff(id),
            Person::Contact(id) => Actor::Contact(id),
        };
        let by = By { actor, address: guest.address };
        let app = &guest.web.app;
        match app.store.write(by, app.now(), move |w| sessions::sign_out(w, digest)).await {
            // Ended by somebody else meanwhile: that is what was wanted.
            Ok(()) | Err(ActError::Refused(Refusal::NotFound)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let cookie = [(SET_COOKIE, clear_cookie(SESSION_COOKIE))];
    Ok((AppendHeaders(cookie), Redirect::to("/sign-in?note=signed-out")).into_response())
}
