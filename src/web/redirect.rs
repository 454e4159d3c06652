//! Sends those who come by plain HTTP on to the portal, and nobody anywhere else.
//!
//! The address comes from the configuration, never from the request. What changes something is refused: by the time it
//! could be sent on, its content has already crossed the network in the open.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::layers::requested_host;
use crate::config::PublicUrl;

/// The longest path that is sent on, in bytes.
const MAX_PATH_BYTES: usize = 4 * 1024;

/// A router that answers every request for the host of `url`.
pub(super) fn router(url: PublicUrl) -> Router {
    Router::new().fallback(send_on).with_state(Arc::new(url))
}

async fn send_on(State(url): State<Arc<PublicUrl>>, request: Request) -> Response {
    if requested_host(&request).as_deref() != Some(url.host()) {
        return (StatusCode::MISDIRECTED_REQUEST, "This server does not answer for that name.\n").into_response();
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let sentence = "This is not accepted over plain HTTP. Use https.\n";
        return (StatusCode::FORBIDDEN, [(header::CONNECTION, "close")], sentence).into_response();
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    if path.len() > MAX_PATH_BYTES || !path.starts_with('/') {
        return StatusCode::URI_TOO_LONG.into_response();
    }
    let fixed = [(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")];
    (StatusCode::PERMANENT_REDIRECT, fixed, [(header::LOCATION, url.join(path))]).into_response()
}
