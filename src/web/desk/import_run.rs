//! Bringing in what was looked at: beside the page that asked for it, which says how far it is when that takes a while.

use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use maud::html;

use super::import::{choices, reading};
use super::publish_kept::Upload;
use super::runs::{self, Run};
use crate::actions::imports::files::{NamedFile, intake};
use crate::actions::imports::{self, Brought};
use crate::domain::ids::ImportId;
use crate::domain::refusal::{FieldFault, Refusal};
use crate::store::prelude::*;
use crate::web::forms::errors_from;
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, FieldError};
use crate::web::problem::Problem;

/// How long whoever presses the button waits for a small import; one that takes longer has a page that says how far it
/// is.
const WAITED: Duration = Duration::from_secs(3);
const BROKE_OFF: &str = "The files can’t be read. Choose others.";

/// How far an import is.
#[derive(Clone, Debug, Default)]
pub struct Importing {
    /// Whether the files were read and what is in them is coming in.
    reads: bool,
    done: u64,
    all: u64,
    /// What came of it.
    came: Option<Result<ImportId, Vec<FieldError>>>,
}

/// How the import of an upload stands.
pub(super) enum Stands {
    /// Nobody asked for it, or what came of it was undone.
    Nothing,
    /// It is so far.
    UnderWay(Importing),
    /// It is this.
    Done(ImportId),
    /// It was refused, and why.
    Refused(Vec<FieldError>),
}

/// Begins to bring in an upload, and waits a moment for it. `None` when it takes longer: then its page says how far it
/// is.
pub(super) async fn bring(desk: &Desk, kept: &str, upload: &Upload) -> Option<Result<Brought, ActError>> {
    let now = desk.app.now();
    let run = desk.web.imports.begin(Run::new(kept, desk.session, Importing::default(), now), now)?;
    let done = tokio::time::timeout(WAITED, tokio::spawn(work(desk, run, upload.clone()))).await.ok()?;
    Some(done.unwrap_or_else(|_| Err(Refusal::from(FieldFault::new("file", BROKE_OFF)).into())))
}

/// Reads and brings in, with nothing borrowed, so that it goes on when the page is left.
fn work(
    desk: &Desk,
    run: Arc<Run<Importing>>,
    upload: Upload,
) -> impl Future<Output = Result<Brought, ActError>> + Send + use<> {
    let (app, by, scope) = (desk.app.clone(), desk.by(), desk.scope.clone());
    let (reading, choices, fallback) = (reading(&upload.fields), choices(&upload.fields), desk.firm.currency);
    async move {
        let file = NamedFile { name: upload.name, bytes: upload.bytes.to_vec() };
        let told = Arc::clone(&run);
        let tell = move |done, all| told.note(|far| (far.done, far.all) = (done, all));
        let read = tokio::task::spawn_blocking(move || intake(&[file], &reading, fallback, tell)).await;
        let done = match read {
            Ok(read) => {
                run.note(|far| *far = Importing { reads: true, ..Importing::default() });
                let (told, settings) = (Arc::clone(&run), app.settings.clone());
                let act = move |w: &mut WriteTx<'_>| {
                    let tell = |done, all| told.note(|far| (far.done, far.all) = (done, all));
                    imports::perform(w, &scope, &settings, &read, choices, tell)
                };
                app.store.write(by, app.now(), act).await
            }
            Err(_) => Err(Refusal::from(FieldFault::new("file", BROKE_OFF)).into()),
        };
        app.wake.notify_one();
        let came = match &done {
            Ok(brought) => Ok(brought.id),
            Err(ActError::Refused(refusal)) => Err(errors_from(refusal, "file")),
            Err(error) => Err(vec![FieldError::new("file", error.to_string())]),
        };
        run.note(|far| far.came = Some(came));
        done
    }
}

/// How the import of an upload stands.
///
/// # Errors
/// When the store fails.
pub(super) fn stands(desk: &Desk, kept: &str) -> Result<Stands, Problem> {
    let Some(far) = desk.web.imports.get(kept, desk.session).map(|x| x.far()) else { return Ok(Stands::Nothing) };
    Ok(match far.came {
        None => Stands::UnderWay(far),
        Some(Err(errors)) => Stands::Refused(errors),
        Some(Ok(id)) => {
            let there = desk.read(|r| Ok(r.import(id)?.is_some_and(|x| x.undone.is_none())))?;
            if there { Stands::Done(id) } else { Stands::Nothing }
        }
    })
}

/// Forgets how it stood, since something else is asked now.
pub(super) fn forget(desk: &Desk, kept: &str) {
    desk.web.imports.forget(kept, desk.session);
}

/// Where an import is shown that has just been made.
pub(super) fn done(id: ImportId) -> String {
    format!("/desk/imports/{id}?done=imported")
}

/// The page of one under way.
pub(super) fn under_way(desk: &Desk, far: &Importing, kept: &str) -> Response {
    let Importing { done, all, reads, .. } = far;
    let how_far = match (reads, all) {
        (_, 0) => "It has begun.".to_owned(),
        (false, all) => format!("{done} of {all} rows are read."),
        (true, all) => format!("{done} of {all} have come in."),
    };
    let body = html! {
        (parts::back("/desk/import", "Import"))
        (parts::head("Importing", &how_far, ""))
        p {
            @if *all == 0 { progress aria-label="How far the import is" { (how_far) } }
            @else { progress max=(all) value=(done) aria-label="How far the import is" { (how_far) } }
        }
        p.mut {
            "This page asks again by itself. You can leave it; the import goes on, and stands under Import when it is "
            "done. "
            a href={ "/desk/import/" (kept) } { "Look now" }
        }
    };
    runs::under_way(desk.page(DeskNav::Clients, "Importing", body))
}
