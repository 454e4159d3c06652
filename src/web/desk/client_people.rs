//! The people and projects on a client's page.

use maud::{Markup, html};

use super::client::Overview;
use crate::domain::access::Act;
use crate::domain::ids::ClientId;
use crate::domain::person::{Contact, ProjectAccess};
use crate::domain::project::Project;
use crate::secrets::Token;
use crate::web::guard::Desk;
use crate::web::parts::{self, Col, Input, Look, Tone, csrf_input};

/// The contacts with what each may do; revoked ones last.
pub fn people(desk: &Desk, overview: &Overview) -> Markup {
    let may = desk.may(Act::Work);
    let active = overview.people.iter().filter(|(c, _)| c.active).count();
    let new = format!("/desk/clients/{}/contacts/new", overview.client.id);
    let aside = html! { @if may { a href=(new) { "Add someone" } } };
    let body = if overview.people.is_empty() {
        parts::empty("Nobody yet.", "Invoices can be issued once somebody here may see them.")
    } else {
        people_table(overview, may)
    };
    parts::section("pe", html! { "People" (parts::count(active)) }, aside, body)
}

fn people_table(overview: &Overview, may: bool) -> Markup {
    let cols = [
        Col::name("Name"),
        Col::text("Billing documents"),
        Col::text("Letters"),
        Col::text("Projects"),
        Col::text("Sign-in"),
    ];
    let (active, revoked): (Vec<_>, Vec<_>) = overview.people.iter().partition(|(c, _)| c.active);
    let rows: Vec<parts::Row> = active
        .into_iter()
        .chain(revoked)
        .map(|(contact, set)| parts::Row {
            void: !contact.active,
            cells: person_cells(contact, *set, overview, may),
            ..parts::Row::default()
        })
        .collect();
    parts::scroller("People and what they may do", &cols, &rows, None)
}

fn person_cells(contact: &Contact, set: bool, overview: &Overview, may: bool) -> Vec<Markup> {
    let rights = &contact.rights;
    let billing = match (rights.billing, rights.answer) {
        (true, true) => "See, pay and answer",
        (true, false) => "See",
        (false, _) => "No",
    };
    let said = |yes: bool, text: &str| html! { @if yes { (text) } @else { span.mut { (text) } } };
    vec![
        html! {
            @if may { a href={ "/desk/contacts/" (contact.id) } { b { (contact.name) } } } @else { b { (contact.name) } }
            small { @if !contact.title.is_empty() { (contact.title) ". " } (contact.email) }
        },
        said(rights.billing, billing),
        html! {
            (said(rights.letters, if rights.letters { "By e-mail" } else { "None" }))
            @if overview.stopped.contains(&contact.id) { " " (parts::tag(Tone::Warn, "No reminders")) }
        },
        html! { (projects_of(contact, &overview.projects)) },
        match (contact.active, set) {
            (false, _) => parts::tag(Tone::Plain, "Revoked"),
            (true, true) => html! { "Password set" },
            (true, false) => html! { "By e-mail link" },
        },
    ]
}

fn projects_of(contact: &Contact, projects: &[Project]) -> String {
    match &contact.rights.projects {
        ProjectAccess::All => "All".to_owned(),
        ProjectAccess::Only(some) => {
            let names: Vec<&str> = projects.iter().filter(|p| some.contains(&p.id)).map(|p| p.name.as_str()).collect();
            names.join(", ")
        }
    }
}

/// The projects, and a line to add one.
pub fn projects(desk: &Desk, overview: &Overview) -> Markup {
    let may = desk.may(Act::Work);
    let body = html! {
        @if overview.projects.is_empty() {
            (parts::empty("No projects.", "Invoices can be filed under projects, and contacts limited to some of them."))
        } @else { (projects_table(&overview.projects, may)) }
        @if may { (add_project(desk, overview.client.id)) }
    };
    parts::section("pr", html! { "Projects" (parts::count(overview.projects.len())) }, html! {}, body)
}

fn projects_table(projects: &[Project], may: bool) -> Markup {
    let cols = [Col::name("Project"), Col::text("New documents")];
    let rows: Vec<parts::Row> = projects
        .iter()
        .map(|p| {
            let name = html! { @if may { a href={ "/desk/projects/" (p.id) } { (p.name) } } @else { (p.name) } };
            let open = html! { @if p.open { "Can be filed" } @else { span.mut { "Closed" } } };
            vec![name, open].into()
        })
        .collect();
    parts::scroller("Projects", &cols, &rows, None)
}

fn add_project(desk: &Desk, client: ClientId) -> Markup {
    let name = parts::Field::new("name", "New project").key("project-name").class("grow");
    html! {
        form.filters.gap-y method="post" action={ "/desk/clients/" (client) "/projects" } {
            (csrf_input(&desk.csrf))
            (parts::hidden("once", &Token::draw(&desk.app.entropy).reveal()))
            (parts::input(&name, Input::Text))
            div.row { (parts::submit(Look::Plain, "Add project")) }
        }
    }
}
