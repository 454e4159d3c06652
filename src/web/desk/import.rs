//! Bringing in what other programs made: the files, what was understood of them and what would come in, and doing it.
//!
//! What was sent waits where uploads wait for their confirmation; nothing is kept until it is asked for. What takes
//! long is done beside the page (`import_run`).

use axum::extract::multipart::{Multipart, MultipartRejection};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use maud::Markup;

use super::form::{errors_in, on_to};
use super::import_run::{self, Stands, What};
use super::publish_kept::Upload;
use super::{import_draw, publish_upload};
use crate::actions::imports::columns::{Field, Listing};
use crate::actions::imports::files::{NamedFile, intake};
use crate::actions::imports::intake::Intake;
use crate::actions::imports::table::{DateOrder, Reading};
use crate::actions::imports::{self, Choices};
use crate::domain::access::Act;
use crate::domain::refusal::Refusal;
use crate::secrets::Token;
use crate::store::prelude::*;
use crate::web::forms::{Fields, Posted, Query, check_token};
use crate::web::guard::{Desk, DeskWork, form_token};
use crate::web::parts::{CSRF_FIELD, FieldError};
use crate::web::path::Path;
use crate::web::problem::Problem;

/// What a column's field is called in the form, before its heading.
pub(super) const COLUMN: &str = "column:";
/// What a column's field says of one that holds nothing of interest.
pub(super) const NOTHING: &str = "nothing";
const GONE: &str = "The files were kept for half an hour and are gone now. Choose them again.";

/// `GET /desk/import`
pub async fn ask(DeskWork(desk): DeskWork, Query(query): Query) -> Result<Markup, Problem> {
    allowed(&desk)?;
    let errors: Vec<FieldError> = query.has("gone").then(|| FieldError::new("file", GONE)).into_iter().collect();
    desk.read(|r| Ok(import_draw::ask(&desk, &r.imports(imports::IMPORTS_SHOWN)?, &errors)))
}

/// Whoever sees some clients only can't tell which are here already.
pub(super) fn allowed(desk: &Desk) -> Result<(), Problem> {
    let may = desk.may(Act::Work) && desk.scope.only().is_none();
    if may { Ok(()) } else { Err(ActError::from(Refusal::NotAllowed).into()) }
}

/// `POST /desk/import`: takes the files, and keeps them for a look at what they would bring.
pub async fn take(
    DeskWork(desk): DeskWork,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    allowed(&desk)?;
    let expected = form_token(&headers).ok_or(Problem::StaleForm)?;
    let sent = publish_upload::read(form, desk.app.settings.upload_max).await?;
    check_token(&expected, sent.fields.get(CSRF_FIELD))?;
    let Some((name, bytes)) = sent.file.filter(|x| !x.1.is_empty()) else {
        let errors = [FieldError::new("file", "Choose a file.")];
        let page = desk.read(|r| Ok(import_draw::ask(&desk, &r.imports(imports::IMPORTS_SHOWN)?, &errors)))?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    let token = Token::draw(&desk.app.entropy).reveal();
    let fields = Fields::of([("add_clients", "on")]);
    let upload = Upload { name, bytes: bytes.into(), read: None, fields };
    desk.web.kept.put(&token, desk.session, desk.app.now(), upload);
    Ok(Redirect::to(&format!("/desk/import/{token}")).into_response())
}

/// `GET /desk/import/{kept}`: what was understood, and what would come in.
pub async fn look(DeskWork(desk): DeskWork, Path(kept): Path<String>) -> Result<Response, Problem> {
    allowed(&desk)?;
    let errors = match import_run::stands(&desk, &kept)? {
        Stands::UnderWay(far) => return Ok(import_run::under_way(&desk, &far, What::Import(&kept))),
        Stands::Done(id) => return Ok(on_to(&import_run::done(id))),
        Stands::Nothing => Vec::new(),
        Stands::Refused(errors) => errors,
    };
    let Some(upload) = desk.web.kept.get(&kept, desk.session, desk.app.now()) else { return Ok(gone()) };
    let looked = match import_run::look(&desk, &kept, &upload).await? {
        Ok(looked) => looked,
        Err(far) => return Ok(import_run::under_way(&desk, &far, What::Look(&kept))),
    };
    if !errors.is_empty()
        && let Some(there) = imported_before(&desk, &looked.read)?
    {
        return Ok(there);
    }
    Ok(import_draw::look(&desk, &kept, &upload, &looked.read, &looked.report, &errors).into_response())
}

/// `POST /desk/import/{kept}`: looks again with what was chosen, or brings it in.
pub async fn decide(
    DeskWork(desk): DeskWork,
    Path(kept): Path<String>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    allowed(&desk)?;
    match import_run::stands(&desk, &kept)? {
        Stands::UnderWay(_) => return Ok(on_to(&format!("/desk/import/{kept}"))),
        // Pressed twice, it came in once.
        Stands::Done(id) => return Ok(on_to(&import_run::done(id))),
        Stands::Nothing | Stands::Refused(_) => import_run::forget(&desk, &kept),
    }
    let Some(before) = desk.web.kept.get(&kept, desk.session, desk.app.now()) else { return Ok(gone()) };
    let go = fields.get("do") == "import";
    let own = |name: &str| name == CSRF_FIELD || name == "do";
    let typed = fields.pairs().filter(|x| !own(x.0)).map(|(n, v)| (n.to_owned(), v.to_owned()));
    let upload = Upload { fields: Fields::of(typed.collect::<Vec<_>>()), ..before };
    desk.web.kept.put(&kept, desk.session, desk.app.now(), upload.clone());
    if !go {
        return Ok(on_to(&format!("/desk/import/{kept}")));
    }
    match import_run::bring(&desk, &kept, &upload).await {
        None => Ok(on_to(&format!("/desk/import/{kept}"))),
        Some(Ok(brought)) => Ok(on_to(&import_run::done(brought.id))),
        Some(Err(error)) => {
            let errors = errors_in(error, "file")?;
            let read = read(&desk, &upload).await?;
            if let Some(there) = imported_before(&desk, &read)? {
                return Ok(there);
            }
            let page = page(&desk, &kept, &upload, &read, &errors)?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

fn gone() -> Response {
    on_to("/desk/import?gone")
}

/// The import that these very files became before: pressed twice, the button leads there too.
fn imported_before(desk: &Desk, read: &Intake) -> Result<Option<Response>, Problem> {
    let before = desk.read(|r| Ok(r.imports(imports::IMPORTS_SHOWN)?))?;
    let same = before.into_iter().find(|x| x.digest == read.digest && x.undone.is_none());
    Ok(same.map(|x| on_to(&import_run::done(x.id))))
}

fn page(desk: &Desk, kept: &str, upload: &Upload, read: &Intake, errors: &[FieldError]) -> Result<Markup, Problem> {
    desk.read(|r| {
        let report = imports::look(r, &desk.scope, read, choices(&upload.fields))?;
        Ok(import_draw::look(desk, kept, upload, read, &report, errors))
    })
}

/// Reads the files, away from what answers others.
async fn read(desk: &Desk, upload: &Upload) -> Result<Intake, Problem> {
    let (reading, fallback) = (reading(&upload.fields), desk.firm.currency);
    let file = NamedFile { name: upload.name.clone(), bytes: upload.bytes.to_vec() };
    let work = move || intake(&[file], &reading, fallback, |_, _| {});
    tokio::task::spawn_blocking(work).await.map_err(|_| Problem::Bad("The files can’t be read. Choose others."))
}

pub(super) fn reading(fields: &Fields) -> Reading {
    let known = |word: &str| Listing::ALL.iter().flat_map(|x| x.fields()).copied().find(|x: &Field| x.word() == word);
    let column = |(name, word): (&str, &str)| {
        let heading = name.strip_prefix(COLUMN)?.to_owned();
        (word == NOTHING || known(word).is_some()).then(|| (heading, known(word)))
    };
    Reading {
        listing: Listing::from_word(fields.get("what")),
        columns: fields.pairs().filter_map(column).collect(),
        dates: DateOrder::from_word(fields.get("dates")),
        gross: fields.has("gross"),
        currency: fields.get("currency").parse().ok(),
        trust_totals: fields.has("trust_totals"),
    }
}

pub(super) fn choices(fields: &Fields) -> Choices {
    Choices {
        add_clients: fields.has("add_clients"),
        remind: fields.has("remind"),
        leave_out: fields.has("leave_out"),
        any_seller: fields.has("any_seller"),
    }
}
