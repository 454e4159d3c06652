//! The headers that every response carries, errors included.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY as CSP, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};

use super::RequestId;

/// What pages may load and where forms may go: this server only, and nothing inline. A handler that sets a policy of
/// its own keeps it.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'";
/// Abilities of the browser that no page of the portal uses.
pub const PERMISSIONS_POLICY: &str =
    "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), midi=(), display-capture=()";
const ONE_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");
/// What every response says.
const FIXED: [(HeaderName, HeaderValue); 5] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("permissions-policy"), HeaderValue::from_static(PERMISSIONS_POLICY)),
];
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Room for these and for what a handler sets, so that the map does not grow on the way.
const HEADERS: usize = 12;

/// Adds the headers. `https` tells whether people reach the portal by https.
pub(super) fn dress(headers: &mut HeaderMap, https: bool, id: &RequestId) {
    headers.reserve(HEADERS);
    for (name, value) in FIXED {
        headers.insert(name, value);
    }
    if https {
        headers.insert(STRICT_TRANSPORT_SECURITY, ONE_YEAR);
    }
    headers.entry(CSP).or_insert(HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        headers.insert(REQUEST_ID, id);
    }
}
