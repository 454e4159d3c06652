//! An import that was made: what it brought, and undoing it.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::form::{Id, again, errors_in, on_to};
use super::import::allowed;
use super::import_run::{self, Stands, What};
use super::links;
use crate::actions::imports;
use crate::domain::ids::{ClientId, ImportId, InvoiceId};
use crate::domain::import::Import;
use crate::domain::refusal::Refusal;
use crate::domain::text::capital;
use crate::store::prelude::*;
use crate::web::forms::{Posted, Query};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, FieldError, Icon, Look, Tone};
use crate::web::problem::Problem;

/// Clients and documents that are named; the others are counted.
const SHOWN: usize = 25;

/// `GET /desk/imports/{id}?done=`
pub async fn show(DeskWork(desk): DeskWork, Id(id): Id<ImportId>, Query(query): Query) -> Result<Response, Problem> {
    allowed(&desk)?;
    let errors = match import_run::undoing(&desk, id) {
        Stands::UnderWay(far) => return Ok(import_run::under_way(&desk, &far, What::Undo(id))),
        Stands::Refused(errors) => errors,
        Stands::Nothing | Stands::Done(_) => Vec::new(),
    };
    Ok(draw(&desk, id, query.get("done"), &errors)?.into_response())
}

/// `POST /desk/imports/{id}/undo`
pub async fn undo(DeskWork(desk): DeskWork, Id(id): Id<ImportId>, Posted(_): Posted) -> Result<Response, Problem> {
    allowed(&desk)?;
    match import_run::undo(&desk, id).await {
        None => Ok(on_to(&format!("/desk/imports/{id}"))),
        Some(Ok(())) => Ok(on_to(&format!("/desk/imports/{id}?done=undone"))),
        // Pressed twice or asked again: the page says when it was undone, and by whom.
        Some(Err(ActError::Refused(Refusal::ImportUndone(..)))) => Ok(on_to(&format!("/desk/imports/{id}"))),
        Some(Err(error)) => Ok(again(draw(&desk, id, "", &errors_in(error, "import")?)?)),
    }
}

fn draw(desk: &Desk, id: ImportId, done: &str, errors: &[FieldError]) -> Result<Markup, Problem> {
    desk.read(|r| {
        let import = r.import(id)?.ok_or(Problem::NotFound)?;
        let title = format!("Import {id}");
        let body = html! {
            (parts::back("/desk/import", "Import"))
            (parts::head(&title, format!("{} from {}", import.words(desk.locale()), import.files), ""))
            (parts::error_summary(errors))
            (outcome(desk, r, &import, done)?)
            (parts::section("facts", "What it brought", "", facts(desk, r, &import)?))
            (ending(desk, r, &import)?)
        };
        Ok(desk.page(DeskNav::Clients, &parts::titled(&title, errors), body))
    })
}

fn outcome(desk: &Desk, r: &ReadTx, import: &Import, done: &str) -> Result<Markup, Problem> {
    Ok(match (done, import.undone) {
        ("imported", None) => parts::status(Tone::Ok, Icon::Check, "It is here.", "No letter went out about it."),
        ("undone", Some(_)) => {
            parts::status(Tone::Plain, Icon::Check, "It was undone.", "All that it brought is gone.")
        }
        (_, Some(undone)) => {
            let at = desk.locale().instant_short(undone.at, desk.zone(), desk.today());
            let said = format!("By {}, {at}. All that it brought is gone.", imports::who(r, undone.by)?);
            parts::status(Tone::Plain, Icon::Check, "It was undone already.", &said)
        }
        _ => html! {},
    })
}

fn facts(desk: &Desk, r: &ReadTx, import: &Import) -> Result<Markup, Problem> {
    let at = desk.locale().date_long(import.at.to_zoned(desk.zone().clone()).date());
    let by = capital(&imports::who(r, import.by)?);
    let mut facts = vec![("When", html! { (at) }), ("By", html! { (by) })];
    let (mut clients, mut documents) = (Vec::new(), Vec::new());
    for id in import.clients.ids().take(SHOWN).map(ClientId) {
        clients.extend(r.client(id)?.map(|x| html! { a href=(links::client(id)) { (x.party.name) } }));
    }
    for id in import.documents.ids().take(SHOWN).map(InvoiceId) {
        let number = r.invoice(id)?.and_then(|x| x.number().map(ToString::to_string));
        documents.extend(number.map(|x| html! { a href=(links::invoice(id)) { (parts::nw(x)) } }));
    }
    for (name, all, count) in
        [("New clients", clients, import.clients.count), ("Documents", documents, import.documents.count)]
    {
        let more = usize::try_from(count).unwrap_or(usize::MAX).saturating_sub(all.len());
        if !all.is_empty() {
            facts.push((
                name,
                html! { span.row.small { @for one in &all { (one) } @if more > 0 { "and " (desk.locale().count(more as u64)) " more" } } },
            ));
        }
    }
    Ok(parts::facts(&facts))
}

fn ending(desk: &Desk, r: &ReadTx, import: &Import) -> Result<Markup, Problem> {
    if import.undone.is_some() {
        return Ok(html! {});
    }
    let body = match imports::standing_on(r, import)? {
        Some(what) => html! { p { "It can’t be undone any more: " (what) "." } },
        None => html! {
            p { "All that it brought can be taken away again, as long as nothing is built on it: no payment, no letter, no look by the client." }
            div { (parts::post_button(Look::Plain, &format!("/desk/imports/{}/undo", import.id), &desk.csrf, "Undo this import")) }
        },
    };
    Ok(parts::section("undo", "Undo", "", body))
}
