//! A form with one large file: its fields first, then the file, which goes into the store as it comes.
//!
//! What was typed is checked before the first byte of the file is taken, so that a slip costs nobody an upload. Knows
//! no route.

use std::time::Duration;

use axum::extract::multipart::{Field, Multipart, MultipartError, MultipartRejection};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, StatusCode};

use super::forms::{Fields, check_token};
use super::guard::{Desk, form_token};
use super::parts::CSRF_FIELD;
use super::problem::Problem;
use crate::actions::uploads::{Arrived, Upload};
use crate::domain::file_type::plain_name;
use crate::domain::ids::ClientId;
use crate::domain::refusal::{FieldFault, Refusal};
use crate::store::prelude::*;

/// Most fields of the form beside the file.
const FIELDS_MAX: usize = 30;
/// Longest field in bytes.
const FIELD_MAX: usize = 4 * 1024;
/// What may stand around the file in the body, in bytes.
pub const AROUND_MAX: usize = 256 * 1024;
/// How long the next piece of the file may take.
const PIECE_WITHIN: Duration = Duration::from_secs(60);
const NOT_A_FORM: Problem =
    Problem::Bad("The form arrived incomplete. Go back, choose the file again and send it once more.");

/// A form that was read.
pub struct Sent {
    /// Its fields.
    pub fields: Fields,
    /// The file, or why it was not taken.
    pub file: Result<Arrived, ActError>,
}

/// Reads the form. `check` says of the fields what is wrong with them, when the file begins or is missing.
///
/// # Errors
/// When the form is malformed or cut off, is not ours, or the store fails. Nothing of the file is kept then.
pub async fn receive(
    desk: &Desk,
    headers: &HeaderMap,
    form: Result<Multipart, MultipartRejection>,
    client: ClientId,
    check: impl Fn(&Fields) -> Result<(), Refusal>,
) -> Result<Sent, Problem> {
    let expected = form_token(headers).ok_or(Problem::StaleForm)?;
    let mut form = form.map_err(|_| NOT_A_FORM)?;
    let mut pairs: Vec<(String, String)> = Vec::new();
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name != "file" {
            pairs.push((name, text(&mut field).await?));
            if pairs.len() > FIELDS_MAX {
                return Err(NOT_A_FORM);
            }
            continue;
        }
        let fields = Fields::of(pairs);
        check_token(&expected, fields.get(CSRF_FIELD))?;
        let file = match check(&fields) {
            Ok(()) => file(desk, headers, client, field).await?,
            Err(refusal) => Err(refusal.into()),
        };
        // What follows the file is not asked for; a form cut off after it was sent all the same.
        if file.is_ok() && form.next_field().await.map_err(broken)?.is_some() {
            return Err(NOT_A_FORM);
        }
        return Ok(Sent { fields, file });
    }
    let fields = Fields::of(pairs);
    check_token(&expected, fields.get(CSRF_FIELD))?;
    let file = Err(check(&fields).err().map_or_else(missing, ActError::from));
    Ok(Sent { fields, file })
}

/// The file itself, piece by piece.
async fn file(
    desk: &Desk,
    headers: &HeaderMap,
    client: ClientId,
    mut field: Field<'_>,
) -> Result<Result<Arrived, ActError>, Problem> {
    let name = plain_name(field.file_name().unwrap_or_default());
    if name.is_empty() {
        // A browser sends an empty part where no file was chosen.
        return Ok(Err(missing()));
    }
    let body = headers.get(CONTENT_LENGTH).and_then(|n| n.to_str().ok()).and_then(|n| n.parse::<u64>().ok());
    let announced = body.map(|n| n.saturating_sub(AROUND_MAX as u64)).filter(|n| *n > 0);
    let mut upload = match Upload::begin(&desk.app, &desk.scope, client, &name, announced).await {
        Ok(upload) => upload,
        Err(error) => return Ok(Err(error)),
    };
    loop {
        let piece = tokio::time::timeout(PIECE_WITHIN, field.chunk()).await.map_err(|_| NOT_A_FORM)?;
        match piece.map_err(broken)? {
            Some(bytes) => {
                if let Err(error) = upload.push(&bytes).await {
                    return Ok(Err(error));
                }
            }
            None => return Ok(upload.finish().await),
        }
    }
}

fn missing() -> ActError {
    Refusal::from(FieldFault::new("file", "Choose the file.")).into()
}

async fn text(field: &mut Field<'_>) -> Result<String, Problem> {
    let mut out = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(broken)? {
        if out.len() + chunk.len() > FIELD_MAX {
            return Err(Problem::TooLarge);
        }
        out.extend_from_slice(&chunk);
    }
    String::from_utf8(out).map_err(|_| NOT_A_FORM)
}

fn broken(error: MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE { Problem::TooLarge } else { NOT_A_FORM }
}
