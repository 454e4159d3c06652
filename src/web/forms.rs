//! Forms: text to domain types, with the fault of each field, and what was typed kept.

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use jiff::civil::Date;
use percent_encoding::percent_decode_str;

use super::guard::form_token;
use super::layers::BODY_LIMIT;
use super::parts::{CSRF_FIELD, FieldError};
use super::problem::Problem;
use super::state::Web;
use crate::domain::invoice::YEARS;
use crate::domain::refusal::{FieldFault, Refusal};
use crate::secrets::same_secret;

/// Most fields of one form: a document of the most lines has twelve each.
const FIELDS_MAX: usize = 14_000;
/// The largest form of a document in bytes: the most lines with a paragraph each.
const LONG_LIMIT: usize = 2 * 1024 * 1024;

/// What was typed: names and values in order.
#[derive(Clone, Debug, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// From pairs, for tests and for filling a form for the first time.
    pub fn of<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(pairs.into_iter().map(|(n, v)| (n.into(), v.into())).collect())
    }

    /// Reads `application/x-www-form-urlencoded` text; `None` for invalid UTF-8 or too many fields.
    pub fn parse(text: &str) -> Option<Self> {
        let mut all = Vec::new();
        for pair in text.split('&').filter(|p| !p.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            all.push((decode(name)?, decode(value)?));
            if all.len() > FIELDS_MAX {
                return None;
            }
        }
        Some(Self(all))
    }

    /// The value of a field; empty when it was not sent.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|x| x.0 == name).map_or("", |x| &x.1)
    }

    /// Whether a field was sent (a ticked box, a pressed button).
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|x| x.0 == name)
    }

    /// Every value of a field, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |x| x.0 == name).map(|x| x.1.as_str())
    }

    /// Every name with its value, in order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|x| (x.0.as_str(), x.1.as_str()))
    }

    /// Sets a field that was not sent, when a form is filled for the first time.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.retain(|x| x.0 != name);
        self.0.push((name.to_owned(), value.into()));
    }
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(Into::into)
}

async fn read(request: Request, limit: usize) -> Result<Fields, Problem> {
    const NOT_TEXT: &str = "The form held something that is not text. Go back and type it again.";
    let form = request.headers().get(CONTENT_TYPE).and_then(|t| t.to_str().ok()).unwrap_or_default();
    if !form.starts_with("application/x-www-form-urlencoded") {
        return Err(Problem::Bad(NOT_TEXT));
    }
    let body = to_bytes(request.into_body(), limit).await.map_err(|_| Problem::TooLarge)?;
    let text = std::str::from_utf8(&body).map_err(|_| Problem::Bad(NOT_TEXT))?;
    Fields::parse(text).ok_or(Problem::Bad(NOT_TEXT))
}

/// A form sent by a signed-in browser, its token checked.
pub struct Posted(pub Fields);

impl FromRequest<Web> for Posted {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Web) -> Result<Self, Problem> {
        let expected = form_token(request.headers()).ok_or(Problem::StaleForm)?;
        let fields = read(request, BODY_LIMIT).await?;
        check_token(&expected, fields.get(CSRF_FIELD))?;
        Ok(Self(fields))
    }
}

/// As [`Posted`], for documents, whose lines may be a thousand.
pub struct PostedLong(pub Fields);

impl FromRequest<Web> for PostedLong {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Web) -> Result<Self, Problem> {
        let expected = form_token(request.headers()).ok_or(Problem::StaleForm)?;
        let fields = read(request, LONG_LIMIT).await?;
        check_token(&expected, fields.get(CSRF_FIELD))?;
        Ok(Self(fields))
    }
}

/// Whether a form's token is the session's; for uploads, which read their own body.
///
/// # Errors
/// [`Problem::StaleForm`] when it is not.
pub fn check_token(expected: &str, given: &str) -> Result<(), Problem> {
    if same_secret(expected.as_bytes(), given.as_bytes()) { Ok(()) } else { Err(Problem::StaleForm) }
}

/// A form sent before signing in; the layers have checked that it comes from our own pages.
pub struct Open(pub Fields);

impl FromRequest<Web> for Open {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Web) -> Result<Self, Problem> {
        read(request, BODY_LIMIT).await.map(Self)
    }
}

/// The query of a GET; what can't be read is as if it were not there.
pub struct Query(pub Fields);

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for Query {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.uri.query().and_then(Fields::parse).unwrap_or_default()))
    }
}

/// Field faults as the parts show them.
pub fn errors_of(faults: &[FieldFault]) -> Vec<FieldError> {
    faults.iter().map(|f| FieldError::new(&f.field, &f.message)).collect()
}

/// The field errors that a refusal stands for: its own fields, or one on top of the form under `field`.
pub fn errors_from(refusal: &Refusal, field: &str) -> Vec<FieldError> {
    match refusal {
        Refusal::Fields(faults) => errors_of(faults),
        other => vec![FieldError::new(field, other.to_string())],
    }
}

/// Reads a date as browsers send it, `2026-11-27`, or as people type it, `27.11.2026` or `27/11/2026`.
///
/// # Errors
/// Names `field` when it is no date.
pub fn date(field: &str, text: &str) -> Result<Date, FieldFault> {
    let text = text.trim();
    let by_day = || {
        let mut parts = text.split(['.', '/']).map(|p| p.trim().parse::<i16>().ok());
        let (day, month, year) = (parts.next()??, parts.next()??, parts.next()??);
        let small = |n: i16| i8::try_from(n).ok();
        parts.next().is_none().then_some(())?;
        Date::new(year, small(month)?, small(day)?).ok()
    };
    let read = text.parse::<Date>().ok().filter(|_| text.len() == 10).or_else(by_day);
    read.ok_or_else(|| FieldFault::new(field, "Enter a date, like 2026-11-27."))
}

/// As [`date`], of a year that documents may have.
///
/// # Errors
/// Names `field` when it is no date, or one of another time.
pub fn date_within_years(field: &str, text: &str) -> Result<Date, FieldFault> {
    let date = date(field, text)?;
    let message = || format!("Enter a date from {} to {}.", YEARS.start(), YEARS.end());
    if YEARS.contains(&date.year()) { Ok(date) } else { Err(FieldFault::new(field, message())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_and_bad_text_is_refused() {
        let fields = Fields::parse("a=1&b=x+y%C3%A9&a=2&c").unwrap();
        assert_eq!((fields.get("a"), fields.get("b"), fields.get("c"), fields.get("d")), ("1", "x yé", "", ""));
        assert_eq!(fields.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert!(Fields::parse("a=%FF").is_none());
        assert!(Fields::parse(&"a=1&".repeat(FIELDS_MAX + 1)).is_none());
    }

    #[test]
    fn dates_are_read_as_browsers_and_people_write_them() {
        for (text, expected) in
            [("2026-11-27", "2026-11-27"), ("27.11.2026", "2026-11-27"), (" 7/1/2026 ", "2026-01-07")]
        {
            assert_eq!(date("d", text).unwrap().to_string(), expected);
        }
        for text in ["", "tomorrow", "31.2.2026", "2026-13-01", "1.1.1.1", "99999-01-01", "27/11/2026/x"] {
            assert!(date("d", text).is_err(), "{text}");
        }
    }
}
