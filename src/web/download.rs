//! Documents as downloads: always an attachment with our own media type, never a page of ours.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::documents::Csv;
use crate::domain::format::Format;

/// What a browser may do with a document that it shows against our wish: nothing.
const SANDBOX: &str = "default-src 'none'; sandbox";
/// RFC 8187 `attr-char`, near enough: these need no escape in `filename*`.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// A PDF to keep, under `name`.
pub fn pdf(name: &str, bytes: Vec<u8>) -> Response {
    file("application/pdf", name, bytes)
}

/// A JSON file to keep, under `name`.
pub fn json(name: &str, bytes: Vec<u8>) -> Response {
    file("application/json", name, bytes)
}

/// A file that only programs read, to keep under `name`.
pub fn binary(name: &str, bytes: Vec<u8>) -> Response {
    file("application/octet-stream", name, bytes)
}

/// A table to keep, under `name`.
pub fn csv(name: &str, table: Csv) -> Response {
    of(Format::Csv, name, table.into_bytes())
}

/// A file of `format`, under `name`.
pub fn of(format: Format, name: &str, bytes: Vec<u8>) -> Response {
    file(format.media_type(), name, bytes)
}

fn file(media_type: &str, name: &str, bytes: Vec<u8>) -> Response {
    headers(media_type, name, bytes).into_response()
}

/// A body with the headers of every download.
pub(super) fn headers<B: IntoResponse>(media_type: &str, name: &str, body: B) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, media_type.to_owned()),
        (CONTENT_DISPOSITION, attachment(name)),
        (CONTENT_SECURITY_POLICY, SANDBOX.to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, body)
}

/// `Content-Disposition` as in RFC 6266: a plain name for old browsers, the true one beside it.
fn attachment(name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_. ".contains(c);
    let plain: String = name.chars().map(|c| if fits(c) { c } else { '-' }).collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(name, PLAIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_can_not_break_out_of_its_header() {
        let header = attachment("A\"\r\nX: 1 – é.pdf");
        assert_eq!(
            header,
            "attachment; filename=\"A---X- 1 - -.pdf\"; filename*=UTF-8''A%22%0D%0AX%3A%201%20%E2%80%93%20%C3%A9.pdf"
        );
    }
}
