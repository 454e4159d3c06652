//! What the desk's forms share: identifiers in paths, fields filled with what was typed, a refused form drawn again,
//! and a form of a record that somebody else changed meanwhile.
//!
//! Must not know any form's fields.

use std::fmt::Debug;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use maud::Markup;

use crate::domain::refusal::Refusal;
use crate::secrets;
use crate::store::prelude::*;
use crate::web::forms::{Fields, errors_from};
use crate::web::parts::{self, Field, FieldError};
use crate::web::path::Path;
use crate::web::problem::Problem;

/// The identifier in a path of one parameter. Whatever is none leads nowhere, like one of nothing.
pub struct Id<T>(pub T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await?;
        id_of(&text).map(Self)
    }
}

/// An identifier in a form, or in a path that says more.
///
/// # Errors
/// [`Problem::NotFound`]: what is no identifier names nothing.
pub fn id_of<T: FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::NotFound)
}

/// A form's fields as they stand: what is kept or was typed, and what is wrong with it.
#[derive(Clone, Copy)]
pub struct Typed<'a> {
    /// What is in the fields.
    pub fields: &'a Fields,
    /// What is to be put right.
    pub errors: &'a [FieldError],
}

impl<'a> Typed<'a> {
    /// A form opened for the first time.
    pub fn fresh(fields: &'a Fields) -> Self {
        Self { fields, errors: &[] }
    }

    /// A field with its label, value and error.
    pub fn field(&self, name: &'a str, label: &'a str) -> Field<'a> {
        Field::new(name, label).value(self.fields.get(name)).errors(self.errors)
    }
}

/// What to show above and at the fields of a refused form: a refusal that is of no field stands at `field`.
///
/// # Errors
/// What no form can mend: nothing there, not allowed, the store.
pub fn errors_in(error: ActError, field: &str) -> Result<Vec<FieldError>, Problem> {
    Ok(errors_from(&refusal_in(error)?, field))
}

/// The refusal that a form can show.
///
/// # Errors
/// As [`errors_in`].
pub fn refusal_in(error: ActError) -> Result<Refusal, Problem> {
    match error {
        ActError::Refused(Refusal::NotFound | Refusal::NotAllowed) | ActError::Store(_) => Err(error.into()),
        ActError::Refused(refusal) => Ok(refusal),
    }
}

/// The hidden field that says of which record a form was drawn.
const SEEN: &str = "seen";
/// Bytes of a digest that a form carries.
const SEEN_BYTES: usize = 16;

/// A hidden field with a digest of the record that a form is drawn of.
pub fn seen(record: &impl Debug) -> Markup {
    parts::hidden(SEEN, &digest(record))
}

/// Refuses a form that was drawn of the record as it is no longer. One that does not say is taken.
///
/// # Errors
/// [`Refusal::ChangedMeanwhile`]
pub fn check_seen(fields: &Fields, record: &impl Debug) -> Result<(), Refusal> {
    let given = fields.get(SEEN);
    if given.is_empty() || given == digest(record) { Ok(()) } else { Err(Refusal::ChangedMeanwhile) }
}

fn digest(record: &impl Debug) -> String {
    let digest = secrets::sha256(format!("{record:?}").as_bytes());
    digest[..SEEN_BYTES].iter().map(|b| format!("{b:02x}")).collect()
}

/// What came of asking for a letter: one that went a moment ago, as by two presses of the button, is as good.
///
/// # Errors
/// Every other failure.
pub fn sent_or_lately(done: Result<(), ActError>) -> Result<(), ActError> {
    if matches!(done, Err(ActError::Refused(Refusal::SentLately))) { Ok(()) } else { done }
}

/// A refused form: the page as it was typed.
pub fn again(page: Markup) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}

/// After a form was taken: on to a page.
pub fn on_to(path: &str) -> Response {
    Redirect::to(path).into_response()
}
