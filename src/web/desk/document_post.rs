//! Posting a document or a new version of one: the form, which says beforehand who will see it, and the upload.

use axum::extract::multipart::{Multipart, MultipartRejection};
use axum::http::HeaderMap;
use axum::response::Response;
use maud::{Markup, html};

use super::client_form::client_of;
use super::documents::{address, audience, document_of, list_of, people};
use super::form::{Id, Typed, again, check_seen, errors_in, on_to, seen};
use crate::actions::documents::{self, Place};
use crate::domain::client::Client;
use crate::domain::document::{Document, NOTE_MAX, TITLE_MAX};
use crate::domain::ids::{ClientId, DocumentId, ProjectId};
use crate::domain::person::Contact;
use crate::domain::project::Project;
use crate::domain::refusal::{Faults, Refusal};
use crate::domain::text;
use crate::store::prelude::*;
use crate::web::forms::{Fields, Query};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Choice, Input, Look, csrf_input};
use crate::web::problem::Problem;
use crate::web::upload::{self, Sent};

/// What the form is for, with what it shows.
struct Sheet {
    client: Client,
    /// The document that gets a new version.
    document: Option<Document>,
    /// Where a new one is filed.
    project: Option<Project>,
    /// Where it could be filed.
    projects: Vec<Project>,
    seen_by: Vec<Contact>,
}

impl Sheet {
    fn of_new(desk: &Desk, client: ClientId, project: &str) -> Result<Self, Problem> {
        let client = client_of(desk, client)?;
        desk.read(|r| {
            let mut projects = r.projects_of(client.id)?;
            projects.retain(|p| p.open);
            let project = project.parse().ok().and_then(|id: ProjectId| projects.iter().find(|p| p.id == id)).cloned();
            let seen_by = audience(r, client.id, project.as_ref().map(|p| p.id))?;
            Ok(Self { client, document: None, project, projects, seen_by })
        })
    }

    fn of_version(desk: &Desk, id: DocumentId) -> Result<Self, Problem> {
        let (document, client) = document_of(desk, id)?;
        desk.read(|r| {
            let project = document.project.map(|id| r.project(id)).transpose()?.flatten();
            let seen_by = audience(r, client.id, document.project)?;
            Ok(Self { client, document: Some(document), project, projects: Vec::new(), seen_by })
        })
    }

    fn action(&self) -> String {
        match &self.document {
            Some(document) => format!("{}/new", address(document.id)),
            None => format!("{}/new", list_of(&self.client)),
        }
    }

    fn title(&self) -> String {
        match &self.document {
            Some(document) => format!("New version of {}", document.title),
            None => "New document".to_owned(),
        }
    }

    /// What is wrong with the fields, found before the file is taken.
    fn check(&self, fields: &Fields) -> Result<(), Refusal> {
        let mut faults = Faults::default();
        faults.take(text::line("title", fields.get("title"), TITLE_MAX));
        faults.take(text::line("note", fields.get("note"), NOTE_MAX));
        faults.check()?;
        if self.document.as_ref().is_some_and(|d| d.withdrawn.is_some()) {
            return Err(Refusal::DocumentWithdrawn);
        }
        // Nobody else may have come to see it since the form said who will.
        check_seen(fields, &self.readers())
    }

    fn readers(&self) -> Vec<(u64, bool)> {
        self.seen_by.iter().map(|c| (c.id.0, c.rights.letters)).collect()
    }

    fn place(&self, fields: &Fields) -> Place {
        match &self.document {
            Some(document) => Place::Version(document.id),
            None => Place::New {
                client: self.client.id,
                project: self.project.as_ref().map(|p| p.id),
                title: fields.get("title").to_owned(),
            },
        }
    }
}

/// `GET /desk/clients/{id}/documents/new?project=`
pub async fn new(DeskWork(desk): DeskWork, Id(id): Id<ClientId>, Query(query): Query) -> Result<Markup, Problem> {
    let sheet = Sheet::of_new(&desk, id, query.get("project"))?;
    Ok(draw(&desk, &sheet, Typed::fresh(&Fields::default())))
}

/// `GET /desk/documents/{id}/new`
pub async fn new_version(DeskWork(desk): DeskWork, Id(id): Id<DocumentId>) -> Result<Markup, Problem> {
    let sheet = Sheet::of_version(&desk, id)?;
    Ok(draw(&desk, &sheet, Typed::fresh(&Fields::default())))
}

/// `POST /desk/clients/{id}/documents/new?project=`
pub async fn post(
    DeskWork(desk): DeskWork,
    Id(id): Id<ClientId>,
    Query(query): Query,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    take(&desk, Sheet::of_new(&desk, id, query.get("project"))?, &headers, form).await
}

/// `POST /desk/documents/{id}/new`
pub async fn post_version(
    DeskWork(desk): DeskWork,
    Id(id): Id<DocumentId>,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    take(&desk, Sheet::of_version(&desk, id)?, &headers, form).await
}

async fn take(
    desk: &Desk,
    sheet: Sheet,
    headers: &HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    let Sent { fields, file } =
        upload::receive(desk, headers, form, sheet.client.id, |fields| sheet.check(fields)).await?;
    let done = match file {
        Ok(arrived) => {
            let (place, note) = (sheet.place(&fields), fields.get("note").to_owned());
            documents::post(&desk.app, desk.by(), &desk.scope, place, note, arrived).await
        }
        Err(error) => Err(error),
    };
    match done {
        Ok((document, _)) => Ok(on_to(&address(document))),
        Err(error) => {
            let errors = errors_in(error, "file")?;
            Ok(again(draw(desk, &sheet, Typed { fields: &fields, errors: &errors })))
        }
    }
}

fn draw(desk: &Desk, sheet: &Sheet, typed: Typed<'_>) -> Markup {
    let title = sheet.title();
    let back = sheet.document.as_ref().map_or_else(|| list_of(&sheet.client), |d| address(d.id));
    let whose = sheet.document.as_ref().map_or(&sheet.client.party.name, |d| &d.title);
    let project = sheet.project.as_ref().map(|p| format!("?project={}", p.id)).unwrap_or_default();
    let body = html! {
        (parts::back(&back, whose))
        (parts::head(&title, about(sheet), ""))
        (parts::error_summary(typed.errors))
        @if sheet.document.is_none() && !sheet.projects.is_empty() { (filing(sheet)) }
        form.desk-edit method="post" action={ (sheet.action()) (project) } enctype="multipart/form-data" {
            (csrf_input(&desk.csrf))
            (seen(&sheet.readers()))
            div.rail {
                div { (fields(desk, sheet, typed)) }
                aside aria-label="Who will see this" {
                    (parts::section("seen-by", "Who will see this", "", people(&sheet.seen_by)))
                }
            }
            (parts::dock(html! {
                (parts::submit(Look::Primary, if sheet.document.is_some() { "Post this version" } else { "Post the document" }))
                (parts::link(Look::Plain, &back, "Cancel"))
            }))
        }
    };
    desk.page(DeskNav::Clients, &parts::titled(&title, typed.errors), body)
}

fn about(sheet: &Sheet) -> String {
    let filed = sheet.project.as_ref().map_or_else(|| "no project".to_owned(), |p| p.name.clone());
    match &sheet.document {
        Some(document) => format!(
            "Filed under {filed}. Version {} becomes the current one; earlier ones stay readable.",
            document.current().saturating_add(1)
        ),
        None => format!("For {}, filed under {filed}.", sheet.client.party.name),
    }
}

/// Where it is filed, which decides who sees it: chosen before the file is.
fn filing(sheet: &Sheet) -> Markup {
    let chosen = sheet.project.as_ref().map_or_else(String::new, |p| p.id.to_string());
    let ids: Vec<(String, &str)> = sheet.projects.iter().map(|p| (p.id.to_string(), p.name.as_str())).collect();
    let mut choices = vec![Choice::new("", "No project")];
    choices.extend(ids.iter().map(|(id, name)| Choice::new(id, name)));
    let field = parts::Field::new("project", "Filed under").value(&chosen);
    html! {
        form.filters method="get" action=(sheet.action()) {
            (parts::select(&field, &choices))
            div.row { (parts::submit(Look::Plain, "File it there")) }
        }
    }
}

fn fields(desk: &Desk, sheet: &Sheet, typed: Typed<'_>) -> Markup {
    let limit = format!(
        "At most {} MiB. PDF, Office, pictures, text, ZIP and the like; the name’s ending has to be right.",
        desk.app.settings.files.file >> 20
    );
    let title = typed.field("title", "What it is").hint("The client reads it. Without it, the file’s name.").optional();
    let note = typed.field("note", "What is new").hint("The client reads it.").optional();
    html! {
        @if sheet.document.is_none() { (parts::input(&title, Input::Text)) }
        (parts::input(&note, Input::Text))
        (parts::file(&typed.field("file", "File").hint(&limit), ""))
    }
}
