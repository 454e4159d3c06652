//! Withdrawing a document, so that contacts see it no more, and erasing the content of a withdrawn one.

use axum::response::Response;
use maud::{Markup, html};

use super::documents::{address, document_of};
use super::form::{Id, Typed, again, errors_in, on_to};
use crate::actions::documents;
use crate::domain::document::Document;
use crate::domain::ids::DocumentId;
use crate::domain::refusal::Refusal;
use crate::store::prelude::*;
use crate::web::forms::{Fields, Posted};
use crate::web::guard::{Desk, DeskGovern, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, FieldError, Input, Look, csrf_input};
use crate::web::problem::Problem;

/// `GET /desk/documents/{id}/withdraw`
pub async fn ask_withdraw(DeskWork(desk): DeskWork, Id(id): Id<DocumentId>) -> Result<Markup, Problem> {
    let (document, _) = document_of(&desk, id)?;
    Ok(withdraw_page(&desk, &document, Typed::fresh(&Fields::default())))
}

/// `POST /desk/documents/{id}/withdraw`
pub async fn withdraw(
    DeskWork(desk): DeskWork,
    Id(id): Id<DocumentId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let (document, _) = document_of(&desk, id)?;
    let reason = fields.get("reason").to_owned();
    match desk.act(move |w, scope| documents::withdraw(w, scope, id, &reason)).await {
        // Pressed twice, withdrawn once.
        Ok(()) | Err(ActError::Refused(Refusal::DocumentWithdrawn)) => Ok(on_to(&address(id))),
        Err(error) => {
            let errors = errors_in(error, "reason")?;
            Ok(again(withdraw_page(&desk, &document, Typed { fields: &fields, errors: &errors })))
        }
    }
}

fn withdraw_page(desk: &Desk, document: &Document, typed: Typed<'_>) -> Markup {
    let about = "Contacts don’t see it any more, in any version. What they have downloaded stays with them, and who did \
                 stays on record.";
    let reason = typed.field("reason", "Why").hint("For the activity log; the client does not read it.");
    ask(desk, document, "Withdraw", about, typed.errors, html! { (parts::input(&reason, Input::Text)) }, "withdraw")
}

/// `GET /desk/documents/{id}/erase`
pub async fn ask_erase(DeskGovern(desk): DeskGovern, Id(id): Id<DocumentId>) -> Result<Markup, Problem> {
    let (document, _) = document_of(&desk, id)?;
    Ok(erase_page(&desk, &document, &[]))
}

/// `POST /desk/documents/{id}/erase`
pub async fn erase(DeskGovern(desk): DeskGovern, Id(id): Id<DocumentId>, _: Posted) -> Result<Response, Problem> {
    let (document, _) = document_of(&desk, id)?;
    match desk.act(move |w, scope| documents::erase(w, scope, id)).await {
        Ok(()) => Ok(on_to(&address(id))),
        Err(_) if !document.is_kept() => Ok(on_to(&address(id))),
        Err(error) => Ok(again(erase_page(&desk, &document, &errors_in(error, "file")?))),
    }
}

fn erase_page(desk: &Desk, document: &Document, errors: &[FieldError]) -> Markup {
    let about = format!(
        "{} are given back. This can’t be undone; backups made before still hold them. Title, versions and who saw them \
         stay on record.",
        desk.locale().bytes(document.bytes())
    );
    ask(desk, document, "Erase the content of", &about, errors, html! {}, "erase")
}

fn ask(
    desk: &Desk,
    document: &Document,
    verb: &str,
    about: &str,
    errors: &[FieldError],
    inputs: Markup,
    path: &str,
) -> Markup {
    let (own, title) = (address(document.id), format!("{verb} {}", document.title));
    let body = html! {
        (parts::back(&own, &document.title))
        (parts::head(&title, about, ""))
        (parts::error_summary(errors))
        form.gap-y method="post" action={ (own) "/" (path) } {
            (csrf_input(&desk.csrf))
            (inputs)
            p.row { (parts::submit(Look::Primary, &title)) (parts::link(Look::Plain, &own, "Leave it as it is")) }
        }
    };
    desk.page(DeskNav::Clients, &parts::titled(&title, errors), body)
}
