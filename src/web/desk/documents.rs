//! A client's documents at the desk: the list by project, one document with its versions and who saw it, and the file.

use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::client_form::client_of;
use super::form::{Id, id_of};
use super::moments::moment;
use super::names::NamesOf;
use crate::actions::documents;
use crate::domain::access::Act;
use crate::domain::client::Client;
use crate::domain::document::{Document, Version};
use crate::domain::event::Actor;
use crate::domain::file_type;
use crate::domain::ids::{ClientId, DocumentId, ProjectId};
use crate::domain::person::Contact;
use crate::domain::project::Project;
use crate::domain::sentence::Names;
use crate::store::documents::{DocumentCursor, DocumentShelf};
use crate::store::prelude::*;
use crate::web::forms::Query;
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, Col, Icon, Look, Tone};
use crate::web::path::Path;
use crate::web::problem::Problem;
use crate::web::stream;

/// Documents on one page.
const PAGE: usize = 50;
/// Lines of a document's history that are shown.
const HISTORY: usize = 100;

/// Which list is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    /// What contacts see, newest first.
    Posted,
    /// What was withdrawn.
    Withdrawn,
    /// Filed under a project, or under none.
    Of(Option<ProjectId>),
}

impl Which {
    fn of(state: &str, project: &str) -> Self {
        match (state, project) {
            ("withdrawn", _) => Self::Withdrawn,
            (_, "none") => Self::Of(None),
            (_, project) => project.parse().map_or(Self::Posted, |id| Self::Of(Some(id))),
        }
    }

    fn query(self) -> String {
        match self {
            Self::Posted => String::new(),
            Self::Withdrawn => "state=withdrawn".to_owned(),
            Self::Of(None) => "project=none".to_owned(),
            Self::Of(Some(id)) => format!("project={id}"),
        }
    }
}

/// `GET /desk/clients/{id}/documents?state=&project=&after=`
pub async fn list(desk: Desk, Id(id): Id<ClientId>, Query(query): Query) -> Result<Markup, Problem> {
    let client = client_of(&desk, id)?;
    let after: Option<DocumentCursor> = query.get("after").parse().ok();
    desk.read(|r| {
        let projects = r.projects_of(id)?;
        let which = match Which::of(query.get("state"), query.get("project")) {
            Which::Of(Some(asked)) if projects.iter().all(|p| p.id != asked) => Which::Posted,
            which => which,
        };
        let mut all = match which {
            Which::Posted => r.documents_of(id, DocumentShelf::Posted, after, PAGE + 1)?,
            Which::Withdrawn => r.documents_of(id, DocumentShelf::Withdrawn, after, PAGE + 1)?,
            Which::Of(project) => r.documents_of_project(id, project, DocumentShelf::Posted, after, PAGE + 1)?,
        };
        let more = all.len() > PAGE;
        all.truncate(PAGE);
        let own = format!("/desk/clients/{id}/documents");
        let address = |more: &str| {
            let query: Vec<String> = [which.query(), more.to_owned()].into_iter().filter(|q| !q.is_empty()).collect();
            if query.is_empty() { own.clone() } else { format!("{own}?{}", query.join("&")) }
        };
        let next = all.last().filter(|_| more).map(|last| address(&format!("after={}", DocumentCursor::of(last))));
        let names = NamesOf::new(r);
        let sizes = r.document_sizes(Some(id))?;
        let first = address("");
        let body = html! {
            (parts::back(&format!("/desk/clients/{id}"), &client.party.name))
            (parts::head("Documents", taken(&desk, sizes.bytes), new_button(&desk, &client, which)))
            (super::client::tabs(&client, "documents"))
            div.sec-m { (filter(&own, which, &projects)) }
            div.sec-m {
                @if all.is_empty() { (nothing(which)) } @else { (table(&desk, &names, &projects, &all)) }
                (parts::pager(after.map(|_| (first.as_str(), "First page")), next.as_deref().map(|h| (h, "More"))))
            }
        };
        Ok(desk.page(DeskNav::Clients, &format!("Documents of {}", client.party.name), body))
    })
}

fn taken(desk: &Desk, bytes: u64) -> String {
    let locale = desk.locale();
    format!("{} of {} used by this client.", locale.bytes(bytes), locale.bytes(desk.app.settings.files.client))
}

fn new_button(desk: &Desk, client: &Client, which: Which) -> Markup {
    let project = match which {
        Which::Of(Some(id)) => format!("?project={id}"),
        _ => String::new(),
    };
    let href = format!("/desk/clients/{}/documents/new{project}", client.id);
    html! { @if desk.may(Act::Work) { (parts::link_icon(Look::Primary, Icon::Plus, &href, "New document")) } }
}

fn filter(own: &str, which: Which, projects: &[Project]) -> Markup {
    let current = |one: Which| (which == one).then_some("true");
    html! {
        nav.row.small aria-label="Which documents" {
            a href=(own) aria-current=[current(Which::Posted)] { "All" }
            @for project in projects {
                a href={ (own) "?project=" (project.id) } aria-current=[current(Which::Of(Some(project.id)))] { (project.name) }
            }
            a href={ (own) "?project=none" } aria-current=[current(Which::Of(None))] { "No project" }
            a href={ (own) "?state=withdrawn" } aria-current=[current(Which::Withdrawn)] { "Withdrawn" }
        }
    }
}

fn nothing(which: Which) -> Markup {
    match which {
        Which::Withdrawn => parts::empty("Nothing was withdrawn.", "What you withdraw moves here."),
        _ => parts::empty("Nothing here yet.", "Post a file, and whoever may see it gets a letter."),
    }
}

fn table<R: Reader>(desk: &Desk, names: &NamesOf<'_, R>, projects: &[Project], all: &[Document]) -> Markup {
    let cols =
        [Col::name("Document"), Col::text("Project"), Col::text("File"), Col::text("Posted"), Col::text("By").wide()];
    let project = |id: ProjectId| projects.iter().find(|p| p.id == id).map_or("", |p| p.name.as_str());
    let rows: Vec<parts::Row> = all
        .iter()
        .filter_map(|document| Some((document, document.newest()?)))
        .map(|(document, version)| parts::Row {
            void: document.withdrawn.is_some(),
            cells: vec![
                html! {
                    a href=(address(document.id)) { b { (document.title) } }
                    @if document.current() > 1 { small { "Version " (document.current()) } }
                },
                html! { @if let Some(id) = document.project { (project(id)) } @else { span.mut { "None" } } },
                html! { (kind(version)) ", " (desk.locale().bytes(version.file.length)) },
                instant(desk, version.at),
                html! { (by(names, &version.by)) },
            ],
            ..parts::Row::default()
        })
        .collect();
    parts::scroller("Documents", &cols, &rows, None)
}

/// `GET /desk/documents/{id}`
pub async fn show(desk: Desk, Id(id): Id<DocumentId>) -> Result<Markup, Problem> {
    let (document, client) = document_of(&desk, id)?;
    desk.read(|r| {
        let names = NamesOf::new(r);
        let project = document.project.map(|id| r.project(id)).transpose()?.flatten();
        let seen_by = audience(r, document.client, document.project)?;
        let moments: Vec<_> = r
            .log_of_document(id, None, HISTORY)?
            .iter()
            .map(|entry| moment(entry, &names, desk.locale(), desk.zone(), desk.today()))
            .collect();
        let about = match &project {
            Some(project) => format!("Filed under {}.", project.name),
            None => "Filed under no project.".to_owned(),
        };
        let body = html! {
            (parts::back(&list_of(&client), format_args!("Documents of {}", client.party.name)))
            (parts::head(&document.title, about, actions(&desk, &document)))
            (withdrawn(&desk, &names, &document))
            div.rail.sec-m {
                div {
                    (parts::section("vs", html! { "Versions" (parts::count(document.versions.len())) }, "", versions(&desk, &names, &document)))
                    (parts::section("hist", "What has happened", "", parts::timeline(&moments)))
                }
                aside aria-label="Who sees this" { (who_sees(&document, &seen_by)) }
            }
        };
        Ok(desk.page(DeskNav::Clients, &document.title, body))
    })
}

fn actions(desk: &Desk, document: &Document) -> Markup {
    let own = address(document.id);
    html! {
        @if document.withdrawn.is_none() && desk.may(Act::Work) {
            (parts::link_icon(Look::Primary, Icon::Plus, &format!("{own}/new"), "New version"))
            (parts::link(Look::Danger, &format!("{own}/withdraw"), "Withdraw"))
        }
        @if document.withdrawn.is_some() && document.is_kept() && desk.may(Act::Govern) {
            (parts::link(Look::Danger, &format!("{own}/erase"), "Erase the content"))
        }
    }
}

fn withdrawn<R: Reader>(desk: &Desk, names: &NamesOf<'_, R>, document: &Document) -> Markup {
    let Some(withdrawn) = &document.withdrawn else { return html! {} };
    let rest = html! {
        (by(names, &withdrawn.by)) ", " (instant(desk, withdrawn.at)) ": " (withdrawn.reason)
        @if let Some(erased) = withdrawn.erased { ". Its content was erased " (instant(desk, erased)) "." }
    };
    parts::note(Tone::Warn, Icon::Alert, "Withdrawn: contacts don’t see it any more.", rest)
}

fn versions<R: Reader>(desk: &Desk, names: &NamesOf<'_, R>, document: &Document) -> Markup {
    let cols = [Col::name("Version"), Col::text("File"), Col::text("Posted"), Col::text("What is new"), Col::text("")];
    let current = document.current();
    let rows: Vec<parts::Row> = (1..=current)
        .rev()
        .filter_map(|number| Some((number, document.version(number)?)))
        .map(|(number, version)| {
            let href = format!("{}/v/{number}", address(document.id));
            let row = vec![
                html! { (number) @if number == current { " " (parts::tag(Tone::Ok, "Current")) } },
                html! { (version.file.name) small { (kind(version)) ", " (desk.locale().bytes(version.file.length)) } },
                html! { (instant(desk, version.at)) small { (by(names, &version.by)) } },
                html! { (version.note) },
                html! { @if document.is_kept() { a href=(href) { "Download" (parts::heard(format_args!(" version {number}"))) } } },
            ];
            row.into()
        })
        .collect();
    parts::scroller("Versions", &cols, &rows, None)
}

/// The contacts who may see a document filed under `project`.
pub(super) fn audience(
    r: &impl Reader,
    client: ClientId,
    project: Option<ProjectId>,
) -> Result<Vec<Contact>, StoreError> {
    let mut all = r.contacts_of(client)?;
    all.retain(|c| c.sees_document(client, project));
    Ok(all)
}

fn who_sees(document: &Document, seen_by: &[Contact]) -> Markup {
    if document.withdrawn.is_some() {
        return parts::section("who", "Who sees this", "", html! { p.mut { "Nobody outside the firm." } });
    }
    parts::section("who", "Who sees this", "", people(seen_by))
}

/// Contacts, and whether each gets the letter.
pub(super) fn people(contacts: &[Contact]) -> Markup {
    let rows: Vec<_> = contacts
        .iter()
        .map(|c| {
            let letter = html! { @if c.rights.letters { (parts::tag(Tone::Info, "Gets the letter")) } };
            (html! { b { (c.name) } }, html! { (c.email) }, letter)
        })
        .collect();
    html! {
        @if rows.is_empty() {
            (parts::note(Tone::Warn, Icon::Alert, "Nobody outside the firm.",
                "No contact may see documents filed here. Tick “Sees project documents” for somebody, on their page."))
        } @else { (parts::rows(&rows)) }
    }
}

/// `GET /desk/documents/{id}/v/{version}`: the file.
pub async fn file(
    desk: Desk,
    Path((id, version)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (id, number): (DocumentId, u32) = (id_of(&id)?, id_of(&version)?);
    let (document, _) = document_of(&desk, id)?;
    let version = document.version(number).filter(|_| document.is_kept()).ok_or(Problem::NotFound)?;
    let content = desk.read(|r| r.content(version.file.digest)?.ok_or(Problem::NotFound))?;
    if method == Method::GET {
        let logged = desk.act(move |w, scope| documents::staff_downloaded(w, scope, id, number)).await;
        crate::web::problem::even_if_full(logged)?;
    }
    Ok(stream::attachment(&desk.app.store, content, &version.file, &headers).into_response())
}

/// A document in the scope, and its client.
pub(super) fn document_of(desk: &Desk, id: DocumentId) -> Result<(Document, Client), Problem> {
    let document = desk.read(|r| Ok(r.document(id)?))?.ok_or(Problem::NotFound)?;
    let client = client_of(desk, document.client)?;
    Ok((document, client))
}

/// The page of a document.
pub(super) fn address(id: DocumentId) -> String {
    format!("/desk/documents/{id}")
}

/// The list that a client's documents stand in.
pub(super) fn list_of(client: &Client) -> String {
    format!("/desk/clients/{}/documents", client.id)
}

fn kind(version: &Version) -> &'static str {
    file_type::word(&version.file.media_type)
}

fn by<R: Reader>(names: &NamesOf<'_, R>, actor: &Actor) -> String {
    match actor {
        Actor::Staff(id) => names.staff(*id),
        Actor::CommandLine => "The command line".to_owned(),
        _ => "Counterfoil".to_owned(),
    }
}

fn instant(desk: &Desk, at: jiff::Timestamp) -> Markup {
    parts::time(at, desk.locale().instant_short(at, desk.zone(), desk.today()))
}
