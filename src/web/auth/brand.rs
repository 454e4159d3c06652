//! The firm's looks for every page, also before sign-in: its colour and its logo.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};

use crate::store::prelude::*;
use crate::web::assets;
use crate::web::problem::Problem;
use crate::web::state::Web;

/// Long enough for a visit, short enough that a new colour is seen the same hour.
const SHORT_CACHE: &str = "private, max-age=300";
/// A picture is no page: opened by itself it may do nothing, whatever a browser takes its bytes for.
const SANDBOX: &str = "sandbox; default-src 'none'";
/// Characters of the digest that tell one logo from the next.
const VERSION_DIGITS: usize = 16;

/// `GET /brand.css`.
///
/// # Errors
/// When the store fails.
pub async fn style(State(web): State<Web>) -> Result<Response, Problem> {
    let firm = super::firm(&web)?;
    // The version in the address makes browsers fetch a new logo at once.
    let logo = firm.logo.as_ref().map(|logo| {
        let mut version = logo.file.digest.to_string();
        version.truncate(VERSION_DIGITS);
        format!("/logo?v={version}")
    });
    let css = assets::brand_css(&firm.colour, logo.as_deref());
    Ok(([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, SHORT_CACHE)], css).into_response())
}

/// `GET /logo`.
///
/// # Errors
/// [`Problem::NotFound`] for a firm without a logo.
pub async fn logo(State(web): State<Web>) -> Result<Response, Problem> {
    let (kind, bytes) = web.app.store.read(|r| {
        let logo = r.firm()?.logo.ok_or(Problem::NotFound)?;
        let kind = if logo.file.media_type == "image/jpeg" { "image/jpeg" } else { "image/png" };
        Ok::<_, Problem>((kind, r.file(logo.file.digest)?.ok_or(Problem::NotFound)?))
    })?;
    let headers = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, SHORT_CACHE),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, SANDBOX),
    ];
    Ok((headers, bytes).into_response())
}
