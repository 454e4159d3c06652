//! Whether a request that changes something comes from a page of ours. The form token is checked elsewhere, besides.

use axum::extract::Request;
use axum::http::header::{HeaderName, ORIGIN};
use axum::http::{HeaderMap, Method};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// True for what only reads, and for what the browser says comes from `origin` or was typed by the person.
pub(super) fn is_our_own(request: &Request, origin: &str) -> bool {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return true;
    }
    match only(request.headers(), &SEC_FETCH_SITE) {
        Some(site) => matches!(site, b"same-origin" | b"none"),
        None if request.headers().contains_key(SEC_FETCH_SITE) => false,
        None => only(request.headers(), &ORIGIN) == Some(origin.as_bytes()),
    }
}

/// The value of a header that is there exactly once.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h [u8]> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none()).map(axum::http::HeaderValue::as_bytes)
}
