//! What a client's contact sees: what is owed, invoices, quotes, the statement, their account.
//!
//! Reads through the contact's own view and acts only as that contact. What they open and download is evidence and is
//! committed before they get it.

pub mod account;
pub mod home;
pub mod invoice;
pub mod invoices;
pub mod quotes;
pub mod statement;
mod timeline;
mod words;

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName};
use axum::http::header::{HeaderMap, X_CONTENT_TYPE_OPTIONS};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use maud::html;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::guard::Viewer;
use super::page::PortalNav;
use super::parts;
use super::problem::Problem;
use crate::domain::refusal::Refusal;
use crate::store::prelude::*;

/// Rows of a list's page.
const PAGE: usize = 50;
/// What a browser may do with a document that it shows against our wish: nothing.
const SANDBOX: &str = "default-src 'none'; sandbox";
/// RFC 8187 `attr-char`, what needs no escape in `filename*`.
const ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

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
    match outcome {
        Ok(()) | Err(ActError::Refused(Refusal::TryAgain)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A PDF to keep: never shown in the browser as a page of ours.
fn pdf(name: &str, bytes: Vec<u8>) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/pdf".to_owned()),
        (CONTENT_DISPOSITION, attachment(name)),
        (CONTENT_SECURITY_POLICY, SANDBOX.to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, bytes).into_response()
}

/// `Content-Disposition` as in RFC 6266: a plain name for old browsers, the true one beside it.
fn attachment(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_. ".contains(c) { c } else { '-' }).collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(name, ATTR_CHAR))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_cannot_break_out_of_its_header() {
        assert_eq!(attachment("HF-7.pdf"), "attachment; filename=\"HF-7.pdf\"; filename*=UTF-8''HF-7.pdf");
        let odd = attachment("Größe\"\r\nX: 1.pdf");
        assert!(odd.is_ascii() && !odd.contains('\r') && odd.matches('"').count() == 2, "{odd}");
        assert!(odd.ends_with("filename*=UTF-8''Gr%C3%B6%C3%9Fe%22%0D%0AX%3A%201.pdf"), "{odd}");
    }
}
