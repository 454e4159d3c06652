//! What a client's contact sees: what is owed, invoices, quotes, the statement, their account.
//!
//! Reads through the contact's own view and acts only as that contact. What they open and download is evidence and is
//! committed before they get it.

pub mod account;
pub mod again;
pub mod bundle;
pub mod dispute;
pub mod documents;
pub mod drawn;
mod due;
pub mod home;
pub mod invoice;
pub mod invoices;
pub mod months;
pub mod promise;
pub mod quote;
pub mod quote_answer;
pub mod quotes;
pub mod receipt;
pub mod statement;
mod timeline;
mod words;

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::header::{HeaderMap, HeaderName};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use maud::html;

use super::guard::Viewer;
use super::page::PortalNav;
use super::parts;
use super::problem::{Problem, even_if_full};
use crate::domain::refusal::Refusal;
use crate::store::prelude::*;

/// Rows of a list's page.
const PAGE: usize = 50;

/// Whether a request is a person looking: a GET that is not a browser fetching ahead of them.
pub struct Looking(pub bool);

impl<S: Send + Sync> FromRequestParts<S> for Looking {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.method == Method::GET && !ahead(&parts.headers)))
    }
}

fn ahead(headers: &HeaderMap) -> bool {
    [HeaderName::from_static("sec-purpose"), HeaderName::from_static("purpose"), HeaderName::from_static("x-moz")]
        .iter()
        .filter_map(|name| headers.get(name)?.to_str().ok())
        .any(|purpose| purpose.contains("prefetch") || purpose.contains("prerender"))
}

/// A visit logged now, or by another request of the same moment.
fn logged(outcome: Result<(), ActError>) -> Result<(), Problem> {
    match even_if_full(outcome) {
        Ok(()) | Err(ActError::Refused(Refusal::TryAgain)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What a contact reads who may not see what a page shows.
fn not_shared(viewer: &Viewer, current: PortalNav, title: &str) -> Response {
    let firm = &viewer.firm().party.name;
    let body = html! {
        h1 { (title) }
        (parts::empty(
            format_args!("{firm} has not opened this part of the account to you."),
            "You see what is shared with you by name, under Invoices and Quotes if there is any, and your own account. \
             If you should see more, please ask us; the address is at the foot of the page.",
        ))
        p.gap-y { (parts::link(parts::Look::Plain, "/account", "Your account")) }
    };
    viewer.page(current, title, body).into_response()
}
