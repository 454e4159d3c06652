//! Adding a project to a client, renaming and closing it.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::client_form::client_of;
use super::document_form;
use super::form::{Id, Typed, again, errors_in, on_to};
use crate::actions::{clients, once};
use crate::domain::client::Client;
use crate::domain::ids::{ClientId, ProjectId};
use crate::domain::project::Project;
use crate::domain::refusal::{FieldFault, Refusal};
use crate::domain::text::required;
use crate::store::prelude::*;
use crate::web::forms::{Fields, Posted};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Input, Look, csrf_input};
use crate::web::problem::Problem;

/// Longest name of a project, in characters.
const NAME_MAX: usize = 100;

/// `POST /desk/clients/{id}/projects`
pub async fn add(DeskWork(desk): DeskWork, Id(id): Id<ClientId>, Posted(fields): Posted) -> Result<Response, Problem> {
    let client = client_of(&desk, id)?;
    let done = match name(&fields) {
        Ok(name) => {
            let key = document_form::once(&fields);
            desk.act(move |w, scope| match &key {
                Some(key) => once::new_project(w, scope, key, id, &name),
                None => clients::add_project(w, scope, id, &name),
            })
            .await
        }
        Err(fault) => Err(fault.into()),
    };
    match done {
        // Pressed twice, added once.
        Ok(_) | Err(ActError::Refused(Refusal::Repeated(_))) => Ok(on_to(&format!("/desk/clients/{id}#pr"))),
        Err(error) => {
            let errors = errors_in(error, "name")?;
            let typed = Typed { fields: &fields, errors: &errors };
            Ok(again(page(&desk, &client, None, typed)))
        }
    }
}

/// `GET /desk/projects/{id}`
pub async fn edit(DeskWork(desk): DeskWork, Id(id): Id<ProjectId>) -> Result<Response, Problem> {
    let (project, client) = project_of(&desk, id)?;
    let mut fields = Fields::of([("name", &project.name)]);
    if project.open {
        fields.set("open", "on");
    }
    Ok(page(&desk, &client, Some(&project), Typed::fresh(&fields)).into_response())
}

/// `POST /desk/projects/{id}`
pub async fn change(
    DeskWork(desk): DeskWork,
    Id(id): Id<ProjectId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let (project, client) = project_of(&desk, id)?;
    let open = fields.has("open");
    let done = match name(&fields) {
        Ok(name) => desk.act(move |w, scope| clients::change_project(w, scope, id, &name, open)).await,
        Err(fault) => Err(fault.into()),
    };
    match done {
        Ok(client) => Ok(on_to(&format!("/desk/clients/{client}#pr"))),
        Err(error) => {
            let errors = errors_in(error, "name")?;
            let typed = Typed { fields: &fields, errors: &errors };
            Ok(again(page(&desk, &client, Some(&project), typed)))
        }
    }
}

fn name(fields: &Fields) -> Result<String, crate::domain::refusal::Refusal> {
    let name: Result<String, FieldFault> =
        required("name", fields.get("name"), NAME_MAX, "Enter the project’s name, as the client knows it.");
    Ok(name?)
}

fn project_of(desk: &Desk, id: ProjectId) -> Result<(Project, Client), Problem> {
    let project = desk.read(|r| Ok(r.project(id)?))?.ok_or(Problem::NotFound)?;
    let client = client_of(desk, project.client)?;
    Ok((project, client))
}

fn page(desk: &Desk, client: &Client, project: Option<&Project>, typed: Typed<'_>) -> Markup {
    let own = format!("/desk/clients/{}", client.id);
    let (title, action) = match project {
        None => ("New project".to_owned(), format!("{own}/projects")),
        Some(p) => (format!("Project {}", p.name), format!("/desk/projects/{}", p.id)),
    };
    let name = typed.field("name", "Name").hint("The client sees it.");
    let open = typed.field("open", "New documents can be filed here").hint("What is filed already stays as it is.");
    let body = html! {
        (parts::back(&own, &client.party.name))
        (parts::head(&title, "", html! {}))
        (parts::error_summary(typed.errors))
        form.panel.fill method="post" action=(action) {
            (csrf_input(&desk.csrf))
            (parts::input(&name, Input::Text))
            @if project.is_some() { (parts::checkbox(&open)) }
            div.row { (parts::submit(Look::Primary, "Save")) a href=(own) { "Cancel" } }
        }
    };
    desk.page(DeskNav::Clients, &parts::titled(&title, typed.errors), body)
}
