//! Reading the form with the PDF: its fields as text, its file as bytes, both within limits.

use axum::extract::multipart::{Field, Multipart, MultipartError, MultipartRejection};
use axum::http::StatusCode;

use crate::web::forms::Fields;
use crate::web::problem::Problem;

/// Most fields of the form beside the file.
const FIELDS_MAX: usize = 1_200;
/// Longest field in bytes.
const FIELD_MAX: usize = 16 * 1024;
/// Longest file name that is shown, in characters.
const NAME_MAX: usize = 100;
const NOT_A_FORM: &str = "The form arrived incomplete. Go back, choose the file again and send it once more.";

/// A form as it was sent.
pub struct Sent {
    /// Its fields.
    pub fields: Fields,
    /// The file with its name, if one was chosen.
    pub file: Option<(String, Vec<u8>)>,
}

/// Reads the whole form.
///
/// # Errors
/// When it is malformed or cut off, or the file is larger than `file_max` bytes.
pub async fn read(form: Result<Multipart, MultipartRejection>, file_max: usize) -> Result<Sent, Problem> {
    let mut form = form.map_err(|_| Problem::Bad(NOT_A_FORM))?;
    let (mut pairs, mut file) = (Vec::new(), None);
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            let called = file_name(field.file_name().unwrap_or_default());
            let bytes = bytes(&mut field, file_max).await?;
            // A browser sends an empty part where no file was chosen.
            file = file.or((!called.is_empty() || !bytes.is_empty()).then_some((called, bytes)));
            continue;
        }
        let text = String::from_utf8(bytes(&mut field, FIELD_MAX).await?).map_err(|_| Problem::Bad(NOT_A_FORM))?;
        pairs.push((name, text));
        if pairs.len() > FIELDS_MAX {
            return Err(Problem::Bad(NOT_A_FORM));
        }
    }
    Ok(Sent { fields: Fields::of(pairs), file })
}

async fn bytes(field: &mut Field<'_>, max: usize) -> Result<Vec<u8>, Problem> {
    let mut out = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(broken)? {
        if out.len() + chunk.len() > max {
            return Err(Problem::TooLarge);
        }
        out.extend_from_slice(&chunk);
    }
    Ok(out)
}

fn broken(error: MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE { Problem::TooLarge } else { Problem::Bad(NOT_A_FORM) }
}

/// The last part of a path, without what could deceive, short enough to be shown.
fn file_name(sent: &str) -> String {
    let last = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = last.chars().filter(|c| !c.is_control() && !crate::domain::text::is_deceptive(*c));
    plain.take(NAME_MAX).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_shown_without_its_path_and_its_tricks() {
        for (sent, shown) in [
            ("C:\\Users\\Orla\\Invoice 7.pdf", "Invoice 7.pdf"),
            ("../../etc/passwd", "passwd"),
            ("a\u{202e}fdp.exe\r\n", "afdp.exe"),
            ("", ""),
        ] {
            assert_eq!(file_name(sent), shown);
        }
        assert_eq!(file_name(&"x".repeat(1_000)).len(), NAME_MAX);
    }
}
