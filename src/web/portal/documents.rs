//! What the firm posted for a client: the list by project, one version with the others, and the file.
//!
//! The first look of each hour at a version and every download are logged before the page or the file leaves.

use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::{Looking, PAGE, logged, not_shared, timeline};
use crate::actions::{documents, visits};
use crate::domain::document::{Document, Version};
use crate::domain::event::Actor;
use crate::domain::file_type;
use crate::domain::ids::{DocumentId, ProjectId, StaffId};
use crate::domain::project::Project;
use crate::store::documents::DocumentCursor;
use crate::store::events::Visited;
use crate::store::prelude::*;
use crate::store::scope::ClientView;
use crate::web::desk::form::id_of;
use crate::web::forms::Query;
use crate::web::guard::{FullViewer, Viewer};
use crate::web::page::PortalNav;
use crate::web::parts::{self, FileRow, Icon, Look, Tone};
use crate::web::path::Path;
use crate::web::problem::Problem;

/// Documents shown of each project where all projects are.
const EACH: usize = 10;
/// Projects on one page.
const PROJECTS: usize = 20;

/// A project, or what is filed under none, with its newest documents.
struct Group {
    project: Option<Project>,
    shown: Vec<Shown>,
    more: bool,
}

/// A document in a list.
struct Shown {
    document: Document,
    by: String,
    /// When this contact opened or downloaded the current version first.
    seen: Option<jiff::Timestamp>,
}

/// `GET /documents?project=&after=`, and `?page=` through many projects.
///
/// # Errors
/// When the store fails.
pub async fn list(FullViewer(viewer): FullViewer, Query(query): Query) -> Result<Response, Problem> {
    if !viewer.contact().rights.documents {
        return Ok(not_shared(&viewer, PortalNav::Documents, "Documents"));
    }
    let body = match query.get("project") {
        "" => overview(&viewer, query.get("page").parse().unwrap_or(0))?,
        "none" => of_project(&viewer, None, &query)?,
        id => of_project(&viewer, id.parse().ok(), &query)?,
    };
    Ok(viewer.page(PortalNav::Documents, "Documents", body).into_response())
}

fn overview(viewer: &Viewer, page: usize) -> Result<Markup, Problem> {
    let skipped = page.saturating_mul(PROJECTS);
    let (groups, more) = viewer.read(|view| {
        let mut projects: Vec<Option<Project>> = view.projects()?.into_iter().map(Some).collect();
        // What is going on comes before what is finished; what is filed under nothing before both.
        projects.sort_by_key(|p| p.as_ref().is_some_and(|p| !p.open));
        projects.insert(0, None);
        let more = projects.len() > skipped.saturating_add(PROJECTS);
        let mut groups = Vec::new();
        for project in projects.into_iter().skip(skipped).take(PROJECTS) {
            groups.push(group(viewer, view, project)?);
        }
        Ok((groups, more))
    })?;
    let firm = &viewer.firm().party.name;
    let any = groups.iter().any(|g| !g.shown.is_empty());
    let next = format!("/documents?page={}", page.saturating_add(1));
    Ok(html! {
        h1 { "Documents" }
        @if !any && page == 0 && !more {
            (parts::empty("Nothing here yet.", format_args!("When {firm} shares a document, you’ll find it here.")))
        }
        @for group in groups.iter().filter(|g| any && (g.project.is_some() || !g.shown.is_empty())) {
            (section(viewer, group))
        }
        (parts::pager((page > 0).then_some(("/documents", "First page")), more.then_some((next.as_str(), "More projects"))))
    })
}

fn group<R: Reader>(viewer: &Viewer, view: &ClientView<'_, R>, project: Option<Project>) -> Result<Group, Problem> {
    let mut all = view.documents_in(project.as_ref().map(|p| p.id), None, EACH + 1)?;
    let more = all.len() > EACH;
    all.truncate(EACH);
    let shown = all.into_iter().map(|d| shown(viewer, view, d)).collect::<Result<_, _>>()?;
    Ok(Group { project, shown, more })
}

fn shown<R: Reader>(viewer: &Viewer, view: &ClientView<'_, R>, document: Document) -> Result<Shown, Problem> {
    let by = match document.newest().map(|v| &v.by) {
        Some(Actor::Staff(id)) => staff(view, *id)?,
        _ => viewer.firm().party.name.clone(),
    };
    let seen = view.document_seen(&document)?;
    Ok(Shown { document, by, seen })
}

fn staff<R: Reader>(view: &ClientView<'_, R>, id: StaffId) -> Result<String, Problem> {
    Ok(view.staff_name(id)?.unwrap_or_else(|| "our office".to_owned()))
}

fn section(viewer: &Viewer, group: &Group) -> Markup {
    let (id, name, query) = match &group.project {
        Some(project) => (format!("p{}", project.id), project.name.as_str(), project.id.to_string()),
        None => ("p0".to_owned(), "General", "none".to_owned()),
    };
    let closed = group.project.as_ref().is_some_and(|p| !p.open);
    let aside = html! { @if closed { "Finished" } };
    let body = html! {
        @if group.shown.is_empty() {
            (parts::empty("Nothing here yet.", "When we share a document, you’ll get an e-mail and it will appear here."))
        } @else { (files(viewer, &group.shown)) }
        @if group.more { p.gap-y { a href={ "/documents?project=" (query) } { "All documents of " (name) } } }
    };
    parts::section(&id, name, aside, body)
}

fn files(viewer: &Viewer, all: &[Shown]) -> Markup {
    let rows: Vec<FileRow> = all.iter().filter_map(|s| Some(row(viewer, s, s.document.newest()?))).collect();
    parts::files(&rows)
}

fn row(viewer: &Viewer, shown: &Shown, version: &Version) -> FileRow {
    let document = &shown.document;
    let current = document.current();
    let number = if current > 1 { format!(" Version {current},") } else { String::new() };
    let posted = day(viewer, version.at);
    let sent = if number.is_empty() { "Sent" } else { "sent" };
    let opened = shown.seen.map_or_else(String::new, |at| format!(". You opened it on {}", day(viewer, at)));
    FileRow {
        href: address(document.id, current),
        name: document.title.clone(),
        tag: if shown.seen.is_none() {
            parts::tag(Tone::Info, "New")
        } else {
            html! {}
        },
        about: format!("{}.{number} {sent} by {} on {posted}{opened}", kind(version, viewer), shown.by),
        more: html! { @if current > 1 { (parts::more(earlier(current), older(viewer, document))) } },
    }
}

fn earlier(current: u32) -> String {
    match current.saturating_sub(1) {
        1 => "1 earlier version".to_owned(),
        n => format!("{n} earlier versions"),
    }
}

fn older(viewer: &Viewer, document: &Document) -> Markup {
    html! {
        ol.vers reversed {
            @for number in (1..document.current()).rev() { @if let Some(version) = document.version(number) {
                li {
                    a href=(address(document.id, number)) { "Version " (number) } " "
                    span.mut { (day(viewer, version.at)) @if !version.note.is_empty() { ": " (version.note) } }
                }
            } }
        }
    }
}

fn of_project(viewer: &Viewer, asked: Option<ProjectId>, query: &crate::web::forms::Fields) -> Result<Markup, Problem> {
    let after: Option<DocumentCursor> = query.get("after").parse().ok();
    let (project, all) = viewer.read(|view| {
        let project = view.projects()?.into_iter().find(|p| Some(p.id) == asked);
        // A project that is not theirs is as none at all.
        if asked.is_some() && project.is_none() || asked.is_none() && query.get("project") != "none" {
            return Err(Problem::NotFound);
        }
        let all = view.documents_in(asked, after, PAGE + 1)?;
        let all = all.into_iter().map(|d| shown(viewer, view, d)).collect::<Result<Vec<_>, _>>()?;
        Ok((project, all))
    })?;
    let own = format!("/documents?project={}", asked.map_or_else(|| "none".to_owned(), |id| id.to_string()));
    let (page, more) = all.split_at(all.len().min(PAGE));
    let next = page
        .last()
        .filter(|_| !more.is_empty())
        .map(|last| format!("{own}&after={}", DocumentCursor::of(&last.document)));
    Ok(html! {
        (parts::back("/documents", "All documents"))
        h1 { (project.as_ref().map_or("General", |p| p.name.as_str())) }
        @if page.is_empty() {
            (parts::empty("Nothing here yet.", "When we share a document, you’ll get an e-mail and it will appear here."))
        } @else { (files(viewer, page)) }
        (parts::pager(after.map(|_| (own.as_str(), "First page")), next.as_deref().map(|h| (h, "More"))))
    })
}

/// `GET /documents/{id}/v/{version}`
///
/// # Errors
/// [`Problem::NotFound`] for what is not there or not theirs, which are the same.
pub async fn show(
    FullViewer(viewer): FullViewer,
    looking: Looking,
    Path((id, version)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (id, number): (DocumentId, u32) = (id_of(&id)?, id_of(&version)?);
    let read = |view: &ClientView<'_, ReadTx>| {
        let document = view.document(id)?.ok_or(Problem::NotFound)?;
        document.version(number).ok_or(Problem::NotFound)?;
        let hour = visits::hour_of(viewer.now());
        let visited = view.visit_logged(Visited::Document(id, number), hour)?;
        let project = document.project.map(|id| view.project_name(id)).transpose()?.flatten();
        let names = names(&viewer, view, &document)?;
        let moments = timeline::of_document(&viewer, view, &document)?;
        Ok((document, project, names, moments, visited))
    };
    let mut page = viewer.read(read)?;
    if looking.0 && !page.4 {
        logged(viewer.act(move |w, pass| documents::opened(w, pass, id, number)).await)?;
        page = viewer.read(read)?;
    }
    let (document, project, names, moments, _) = page;
    let Some(version) = document.version(number) else { return Err(Problem::NotFound) };
    let body = html! {
        (parts::back("/documents", "All documents"))
        h1 { (document.title) }
        p.mut { (project.as_deref().unwrap_or("General")) }
        (standing(&document, number))
        p { (kind(version, &viewer)) ". Sent by " (names(number)) " on " (day(&viewer, version.at)) "." }
        @if !version.note.is_empty() { p { (version.note) } }
        p.pay { (parts::link_icon(Look::Primary, Icon::Down, &format!("{}/file", address(id, number)), html! {
            "Download" (parts::heard(format_args!(" version {number}"))) ", " (viewer.locale().bytes(version.file.length))
        })) }
        @if document.current() > 1 { (parts::section("vers", "Versions", "", versions(&viewer, &document, number, &names))) }
        (timeline::section(&viewer, &moments))
    };
    Ok(viewer.page(PortalNav::Documents, &document.title, body).into_response())
}

/// Who sent each version, by its number.
fn names<R: Reader>(
    viewer: &Viewer,
    view: &ClientView<'_, R>,
    document: &Document,
) -> Result<impl Fn(u32) -> String + use<R>, Problem> {
    let mut all = Vec::new();
    for version in &document.versions {
        all.push(match version.by {
            Actor::Staff(id) => staff(view, id)?,
            _ => viewer.firm().party.name.clone(),
        });
    }
    Ok(move |number: u32| {
        let at = usize::try_from(number).unwrap_or(usize::MAX).wrapping_sub(1);
        all.get(at).cloned().unwrap_or_default()
    })
}

/// Whether this is the one that counts.
fn standing(document: &Document, number: u32) -> Markup {
    let current = document.current();
    if number == current {
        let rest = if current > 1 { format!("Version {current} of {current}.") } else { String::new() };
        return parts::note(Tone::Ok, Icon::Check, "This is the current version.", rest);
    }
    parts::note(
        Tone::Warn,
        Icon::Alert,
        format!("This is version {number}, an older one."),
        html! { a href=(address(document.id, current)) { "Go to the current one, version " (current) } },
    )
}

fn versions(viewer: &Viewer, document: &Document, shown: u32, names: &impl Fn(u32) -> String) -> Markup {
    let current = document.current();
    let rows: Vec<_> = (1..=current)
        .rev()
        .filter_map(|number| Some((number, document.version(number)?)))
        .map(|(number, version)| {
            let href = address(document.id, number);
            let name = html! {
                @if number == shown { b { "Version " (number) } } @else { a href=(href) { "Version " (number) } }
                @if number == current { " " (parts::tag(Tone::Ok, "Current")) }
            };
            let about = html! {
                (day(viewer, version.at)) ", " (names(number)) @if !version.note.is_empty() { ": " (version.note) }
            };
            (name, about, html! { span.mut { (viewer.locale().bytes(version.file.length)) } })
        })
        .collect();
    parts::rows(&rows)
}

/// `GET /documents/{id}/v/{version}/file`
///
/// # Errors
/// As [`show`].
pub async fn file(
    FullViewer(viewer): FullViewer,
    looking: Looking,
    Path((id, version)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (id, number): (DocumentId, u32) = (id_of(&id)?, id_of(&version)?);
    let (file, content) = viewer.read(|view| {
        let document = view.document(id)?.ok_or(Problem::NotFound)?;
        let content = view.document_content(&document, number)?.ok_or(Problem::NotFound)?;
        Ok((document.version(number).ok_or(Problem::NotFound)?.file.clone(), content))
    })?;
    if looking.0 {
        logged(viewer.act(move |w, pass| documents::downloaded(w, pass, id, number)).await)?;
    }
    Ok(viewer.attachment(content, &file, &headers))
}

/// The page of a version.
fn address(id: DocumentId, version: u32) -> String {
    format!("/documents/{id}/v/{version}")
}

/// "PDF, 86 kB".
fn kind(version: &Version, viewer: &Viewer) -> String {
    format!("{}, {}", file_type::word(&version.file.media_type), viewer.locale().bytes(version.file.length))
}

fn day(viewer: &Viewer, at: jiff::Timestamp) -> String {
    viewer.locale().date_medium(viewer.zone().to_datetime(at).date(), viewer.today())
}
