//! What went wrong, as a response: status, a sentence, a way out. Nowhere else.
//!
//! The log gets the cause with the request's id; the reader gets a sentence and that id.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::ALLOW;
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::layers::RequestId;
use super::page;
use super::state::{Busy, Web};
use crate::domain::refusal::Refusal;
use crate::store::prelude::*;

/// Why a request has no page.
#[derive(Debug)]
pub enum Problem {
    /// Nobody is signed in: to the sign-in page, and back to this path afterwards if it is one of ours.
    SignIn(String),
    /// There is nothing, or not for whoever asks.
    NotFound,
    /// The role does not allow it.
    NotAllowed,
    /// The page needs somebody signed in with a password.
    PasswordNeeded,
    /// The address takes forms only, or pages only.
    WrongMethod,
    /// The request makes no sense; the sentence says what to do.
    Bad(&'static str),
    /// The form was not ours or is too old.
    StaleForm,
    /// A rule said no where no form can show it.
    Refused(Refusal),
    /// Too many tries or too many people.
    Busy,
    /// The body is larger than this page takes.
    TooLarge,
    /// The store failed.
    Store(StoreError),
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::NotFound,
            Refusal::NotAllowed => Self::NotAllowed,
            other => Self::Refused(other),
        }
    }
}

impl From<ActError> for Problem {
    fn from(error: ActError) -> Self {
        match error {
            ActError::Refused(refusal) => refusal.into(),
            ActError::Store(error) => Self::Store(error),
        }
    }
}

impl From<Busy> for Problem {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

/// Lets reading go on when the disk is too full to note that something was read.
///
/// # Errors
/// Everything else.
pub fn even_if_full(noted: Result<(), ActError>) -> Result<(), ActError> {
    match noted {
        Err(ActError::Store(StoreError::Full)) => Ok(()),
        other => other,
    }
}

/// What the reader is told; drawn by [`dress`], which knows the firm's name.
#[derive(Clone)]
struct Told {
    heading: &'static str,
    sentence: String,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, heading, sentence) = match self {
            Self::SignIn(back) => {
                let to = if back.is_empty() { "/sign-in".to_owned() } else { format!("/sign-in?back={}", back.replace('%', "%25").replace('+', "%2B").replace('&', "%26")) };
                return Redirect::to(&to).into_response();
            }
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "Nothing here",
                "There is nothing at this address, or it is not yours to see. If a link brought you here, ask for a new one.".to_owned(),
            ),
            Self::NotAllowed => (StatusCode::FORBIDDEN, "Not in your role", Refusal::NotAllowed.to_string()),
            Self::PasswordNeeded => (
                StatusCode::FORBIDDEN,
                "Sign in with your password",
                "The firm’s settings open only to an owner who signed in with a password. Sign out, and sign in with it."
                    .to_owned(),
            ),
            Self::WrongMethod => (
                StatusCode::METHOD_NOT_ALLOWED,
                "Not this way",
                "This address can’t be opened like this. Go back, reload the page and try again; nothing was changed.".to_owned(),
            ),
            Self::Bad(sentence) => (StatusCode::BAD_REQUEST, "That didn’t arrive whole", sentence.to_owned()),
            Self::StaleForm => (
                StatusCode::FORBIDDEN,
                "This form is too old",
                "You signed in or out after the form was opened. Go back, reload the page and send it again; nothing was changed.".to_owned(),
            ),
            Self::Refused(refusal) => (StatusCode::CONFLICT, "That can’t be done", refusal.to_string()),
            Self::Busy => (
                StatusCode::TOO_MANY_REQUESTS,
                "One moment",
                "There were too many tries. Please wait a minute and try again.".to_owned(),
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "Too large",
                "That is larger than this page takes. Nothing was changed.".to_owned(),
            ),
            Self::Store(StoreError::Full) => {
                let sentence = "The disk of this portal is full, so that couldn’t be saved. Nothing was lost, and everything \
                                can still be read. Please try again later.";
                (StatusCode::INSUFFICIENT_STORAGE, "No room to save this", sentence.to_owned())
            }
            Self::Store(error) => {
                tracing::error!(%error, "the store failed");
                let sentence = "We couldn’t save or read that. Nothing was lost; please try again.";
                (StatusCode::SERVICE_UNAVAILABLE, "Something went wrong here", sentence.to_owned())
            }
        };
        let mut response = status.into_response();
        response.extensions_mut().insert(Told { heading, sentence });
        response
    }
}

/// Draws the page of a problem, with the firm's name. The innermost layer.
pub async fn dress(State(web): State<Web>, request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().copied();
    let desk = request.uri().path().starts_with("/desk");
    let response = next.run(request).await;
    let Some(told) = response.extensions().get::<Told>().cloned() else { return response };
    let firm = web.app.store.read(|r| r.firm()).map_or_else(|_| "Counterfoil".to_owned(), |f| f.party.name);
    let way_out = if desk { ("/desk", "To Today") } else { ("/", "To the start page") };
    let page = page::problem(
        &firm,
        response.status().as_u16(),
        told.heading,
        &told.sentence,
        id.as_ref().map_or("", RequestId::as_str),
        way_out,
    );
    let mut dressed = (response.status(), page).into_response();
    // Which methods an address takes.
    if let Some(allow) = response.headers().get(ALLOW) {
        dressed.headers_mut().insert(ALLOW, allow.clone());
    }
    dressed
}

/// The page of a refusal by the layers, which answer before anything of the firm is known, or of what they let go on.
pub fn early(status: StatusCode, sentence: &'static str, id: &RequestId) -> Response {
    let heading = if status.is_success() { "It is still being done" } else { "That didn’t work" };
    let page =
        page::problem("Counterfoil", status.as_u16(), heading, sentence, id.as_str(), ("/", "To the start page"));
    (status, page).into_response()
}
