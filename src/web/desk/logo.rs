//! The firm's logo: sending one, taking it away.

use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartRejection};
use axum::http::HeaderMap;
use axum::response::Response;
use maud::{Markup, html};

use super::form::{Typed, again, errors_in, on_to};
use super::{settings, settings_form};
use crate::actions::firm::{self, NewLogo};
use crate::documents::{LogoFormat, MAX_LOGO_SIDE, check_logo, only_picture};
use crate::domain::refusal::{FieldFault, Refusal};
use crate::web::forms::{Posted, check_token};
use crate::web::guard::{Desk, DeskGovern, form_token};
use crate::web::parts::{self, CSRF_FIELD, FieldError, Look, csrf_input};
use crate::web::problem::Problem;

/// Largest logo, in bytes.
const LOGO_MAX: usize = 1024 * 1024;
/// Longest form token, in bytes.
const TOKEN_MAX: usize = 100;
const BROKEN: Problem = Problem::Bad("The file did not arrive whole. Go back and send it again; nothing was changed.");

/// `POST /desk/settings/logo`: a form token, then a file.
pub async fn send(
    DeskGovern(desk): DeskGovern,
    headers: HeaderMap,
    upload: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    let expected = form_token(&headers).ok_or(Problem::StaleForm)?;
    let bytes = received(upload.map_err(|_| BROKEN)?, &expected).await?;
    let checked = tokio::task::spawn_blocking(move || checked(bytes)).await.map_err(|_| BROKEN)?;
    let done = match checked {
        Ok(logo) => desk.act(move |w, scope| firm::change_logo(w, scope, Some(&logo))).await,
        Err(fault) => Err(Refusal::from(fault).into()),
    };
    match done {
        Ok(()) => Ok(on_to("/desk/settings?saved=logo")),
        Err(error) => {
            let errors = errors_in(error, "logo")?;
            let fields = settings_form::kept(&desk.firm);
            Ok(again(settings::page(&desk, Typed::fresh(&fields), &errors, "")?))
        }
    }
}

/// `POST /desk/settings/logo/remove`
pub async fn remove(DeskGovern(desk): DeskGovern, _: Posted) -> Result<Response, Problem> {
    desk.act(|w, scope| firm::change_logo(w, scope, None)).await?;
    Ok(on_to("/desk/settings?saved=no-logo"))
}

/// The bytes of the file; the token comes first, so that nothing of a stranger is kept.
async fn received(mut upload: Multipart, expected: &str) -> Result<Vec<u8>, Problem> {
    let mut trusted = false;
    while let Some(field) = upload.next_field().await.map_err(|_| BROKEN)? {
        match field.name().unwrap_or_default() {
            CSRF_FIELD => {
                let token = read(field, TOKEN_MAX).await?;
                check_token(expected, std::str::from_utf8(&token).unwrap_or_default())?;
                trusted = true;
            }
            "logo" if trusted => return read(field, LOGO_MAX + 1).await,
            _ => return Err(Problem::StaleForm),
        }
    }
    Err(BROKEN)
}

/// At most `max` bytes of a part; what is beyond is not read.
async fn read(mut field: Field<'_>, max: usize) -> Result<Vec<u8>, Problem> {
    let mut out = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|_| BROKEN)? {
        let room = max.saturating_sub(out.len()).min(chunk.len());
        out.extend_from_slice(chunk.get(..room).unwrap_or_default());
        if out.len() == max {
            break;
        }
    }
    Ok(out)
}

fn checked(bytes: Vec<u8>) -> Result<NewLogo, FieldFault> {
    let fault = |text: String| FieldFault::new("logo", text);
    if bytes.is_empty() {
        return Err(fault("Choose a PNG or JPEG file.".to_owned()));
    }
    if bytes.len() > LOGO_MAX {
        return Err(fault("The file is larger than 1 MB. Save the logo smaller and choose that file.".to_owned()));
    }
    let (format, size) = check_logo(&bytes).map_err(|e| fault(e.to_string()))?;
    let media_type = match format {
        LogoFormat::Png => "image/png",
        LogoFormat::Jpeg => "image/jpeg",
    };
    let bytes = only_picture(&bytes)
        .ok_or_else(|| fault("The picture is cut off. Save it again and choose that file.".to_owned()))?
        .to_vec();
    Ok(NewLogo { bytes, media_type: media_type.to_owned(), size })
}

/// The section of the settings page.
pub fn section(desk: &Desk, errors: &[FieldError]) -> Markup {
    let hint = format!("PNG or JPEG, at most 1 MB and {MAX_LOGO_SIDE} pixels a side.");
    let field = parts::Field::new("logo", "File").hint(&hint).errors(errors);
    let now = desk.firm.logo.as_ref().map(|logo| {
        let size = desk.locale().bytes(logo.file.length);
        format!("{} × {} pixels, {size}", logo.width, logo.height)
    });
    let body = html! {
        div.panel.fill {
            @match &now {
                Some(now) => p.row { span.logo {} span { (now) } },
                None => p { "No logo yet. Documents carry the firm’s name alone." },
            }
            form.gap-y method="post" action="/desk/settings/logo" enctype="multipart/form-data" {
                (csrf_input(&desk.csrf))
                (parts::file(&field, ".png,.jpg,.jpeg"))
                div.row { (parts::submit(Look::Plain, if now.is_some() { "Replace logo" } else { "Add logo" })) }
            }
            @if now.is_some() {
                div.gap-y { (parts::post_button(Look::Danger, "/desk/settings/logo/remove", &desk.csrf, "Remove logo")) }
            }
        }
    };
    parts::section("lg", "Logo", html! {}, body)
}
