//! What an import does that may take long, looking at the files, bringing them in and undoing it: beside the page that
//! asked for it, which says how far it is when that takes a while.

use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use maud::html;

use super::import::{choices, reading};
use super::publish_kept::Upload;
use super::runs::{self, Run};
use crate::actions::imports::files::{NamedFile, intake};
use crate::actions::imports::intake::Intake;
use crate::actions::imports::{self, Brought, Report};
use crate::domain::ids::ImportId;
use crate::domain::refusal::{FieldFault, Refusal};
use crate::store::prelude::*;
use crate::web::forms::errors_from;
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, FieldError};
use crate::web::problem::Problem;

/// How long whoever presses the button waits for what is small; what takes longer has a page that says how far it is.
const WAITED: Duration = Duration::from_secs(3);
const BROKE_OFF: &str = "The files can’t be read. Choose others.";

/// How far something is that takes long.
#[derive(Clone, Debug, Default)]
pub struct Importing {
    /// Whether the files were read and what is in them is coming in, or being compared with what is here.
    reads: bool,
    done: u64,
    all: u64,
    /// What came of it.
    came: Option<Result<ImportId, Vec<FieldError>>>,
}

/// How far a look at what would come in is.
#[derive(Clone, Debug, Default)]
pub struct Looking {
    far: Importing,
    /// What was understood, without the rows themselves, and what would come of it; the inner `None` when it broke off.
    found: Option<Option<Arc<Looked>>>,
}

/// What was understood of the files, and what would come in.
#[derive(Clone, Debug)]
pub struct Looked {
    /// Without its rows.
    pub read: Intake,
    /// The dry run.
    pub report: Report,
}

/// How the import of an upload, or undoing one, stands.
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

/// What is done, as its page says it.
#[derive(Clone, Copy)]
pub(super) enum What<'a> {
    /// Looking at the upload kept under this token.
    Look(&'a str),
    /// Bringing it in.
    Import(&'a str),
    /// Undoing an import.
    Undo(ImportId),
}

/// Looks at an upload beside the page, and waits a moment for it. `None` while it takes longer: then its page says how
/// far it is, and asking again gets what came of it, once.
///
/// # Errors
/// When the files can't be read.
pub(super) async fn look(desk: &Desk, kept: &str, upload: &Upload) -> Result<Result<Arc<Looked>, Importing>, Problem> {
    let now = desk.app.now();
    if let Some(run) = desk.web.looks.begin(Run::new(kept, desk.session, Looking::default(), now), now) {
        // What takes longer goes on by itself.
        let _ = tokio::time::timeout(WAITED, tokio::spawn(look_at(desk, run, upload.clone()))).await;
    }
    let Some(run) = desk.web.looks.get(kept, desk.session) else { return Ok(Err(Importing::default())) };
    let Looking { far, found } = run.far();
    match found {
        None => Ok(Err(far)),
        Some(found) => {
            // What is here may change before it is asked for again.
            desk.web.looks.forget(kept, desk.session);
            found.map(Ok).ok_or(Problem::Bad(BROKE_OFF))
        }
    }
}

fn look_at(desk: &Desk, run: Arc<Run<Looking>>, upload: Upload) -> impl Future<Output = ()> + Send + use<> {
    let (app, scope) = (desk.app.clone(), desk.scope.clone());
    let (reading, choices, fallback) = (reading(&upload.fields), choices(&upload.fields), desk.firm.currency);
    async move {
        let told = Arc::clone(&run);
        let work = move || {
            let file = NamedFile { name: upload.name, bytes: upload.bytes.to_vec() };
            let tell = |done, all| told.note(|x| (x.far.done, x.far.all) = (done, all));
            let read = intake(&[file], &reading, fallback, tell);
            told.note(|x| x.far = Importing { reads: true, ..Importing::default() });
            let report = app.store.read(|r| imports::look(r, &scope, &read, choices));
            report.map(|report| Arc::new(Looked { read: read.without_rows(), report }))
        };
        let found = match tokio::task::spawn_blocking(work).await {
            Ok(Ok(found)) => Some(found),
            Ok(Err(error)) => {
                tracing::error!(%error, "what is to be imported could not be looked at");
                None
            }
            Err(_) => None,
        };
        run.note(|x| x.found = Some(found));
    }
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
        came(&run, done.as_ref().map(|brought| brought.id), "file");
        done
    }
}

/// Notes what came of it; a refusal that names no field stands at `field`.
fn came(run: &Run<Importing>, done: Result<ImportId, &ActError>, field: &str) {
    let came = match done {
        Ok(id) => Ok(id),
        Err(ActError::Refused(refusal)) => Err(errors_from(refusal, field)),
        Err(error) => Err(vec![FieldError::new(field, error.to_string())]),
    };
    run.note(|far| far.came = Some(came));
}

/// Begins to undo an import, and waits a moment for it. `None` when it takes longer or is under way: then its page says
/// how far it is.
pub(super) async fn undo(desk: &Desk, id: ImportId) -> Option<Result<(), ActError>> {
    let now = desk.app.now();
    // What came of one before, of anybody’s, is no reason not to try again.
    desk.web.undos.forget_over(&id.to_string(), |far| far.came.is_some());
    let run = desk.web.undos.begin(Run::new(&id.to_string(), desk.session, Importing::default(), now), now)?;
    let (app, by, scope) = (desk.app.clone(), desk.by(), desk.scope.clone());
    let work = async move {
        let (told, settings) = (Arc::clone(&run), app.settings.clone());
        let act = move |w: &mut WriteTx<'_>| {
            let tell = |done, all| told.note(|far| (far.done, far.all) = (done, all));
            imports::undo(w, &scope, &settings, id, tell)
        };
        let done = app.store.write(by, app.now(), act).await;
        app.wake.notify_one();
        came(&run, done.as_ref().map(|()| id), "import");
        done
    };
    let done = tokio::time::timeout(WAITED, tokio::spawn(work)).await.ok()?;
    desk.web.undos.forget(&id.to_string(), desk.session);
    Some(done.unwrap_or_else(|_| Err(Refusal::TryAgain.into())))
}

/// How undoing an import stands, whoever asked for it; why it was refused is told once, to whom it was.
pub(super) fn undoing(desk: &Desk, id: ImportId) -> Stands {
    let token = id.to_string();
    let Some(run) = desk.web.undos.of_any(&token) else { return Stands::Nothing };
    let (far, own) = (run.far(), desk.web.undos.get(&token, desk.session).is_some());
    match far.came {
        None => Stands::UnderWay(far),
        Some(_) if !own => Stands::Nothing,
        Some(came) => {
            desk.web.undos.forget(&token, desk.session);
            came.map_or_else(Stands::Refused, Stands::Done)
        }
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

/// Forgets how it stood and what was found in it, since something else is asked now.
pub(super) fn forget(desk: &Desk, kept: &str) {
    desk.web.imports.forget(kept, desk.session);
    desk.web.looks.forget(kept, desk.session);
}

/// Where an import is shown that has just been made.
pub(super) fn done(id: ImportId) -> String {
    format!("/desk/imports/{id}?done=imported")
}

/// The page of one under way.
pub(super) fn under_way(desk: &Desk, far: &Importing, what: What<'_>) -> Response {
    let Importing { done, all, reads, .. } = far;
    let count = |n: &u64| desk.locale().count(*n);
    let how_far = match (what, reads, all) {
        (What::Look(_), true, _) => "All rows are read; now they are compared with what is here.".to_owned(),
        (_, _, 0) => "It has begun.".to_owned(),
        (What::Undo(_), _, all) => format!("{} of {} are taken away.", count(done), count(all)),
        (_, false, all) => format!("{} of {} rows are read.", count(done), count(all)),
        (_, true, all) => format!("{} of {} have come in.", count(done), count(all)),
    };
    let (title, label, rest) = match what {
        What::Look(_) => {
            ("Looking at it", "How far looking is", "You can leave it and come back; nothing is kept yet. ")
        }
        What::Import(_) => (
            "Importing",
            "How far the import is",
            "You can leave it; the import goes on, and stands under Import when it is done. ",
        ),
        What::Undo(_) => ("Undoing the import", "How far undoing is", "You can leave it; undoing goes on. "),
    };
    let address = match what {
        What::Look(kept) | What::Import(kept) => format!("/desk/import/{kept}"),
        What::Undo(id) => format!("/desk/imports/{id}"),
    };
    let body = html! {
        (parts::back("/desk/import", "Import"))
        (parts::head(title, &how_far, ""))
        p {
            @if *all == 0 { progress aria-label=(label) {} }
            @else { progress max=(all) value=(done) aria-label=(label) {} }
        }
        p.mut { "This page asks again by itself. " (rest) a href=(address) { "Look now" } }
    };
    runs::under_way(desk.page(DeskNav::Clients, title, body))
}
