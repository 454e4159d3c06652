//! Several documents as one ZIP for staff; that they took them is logged apart from what clients do.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::html;

use super::document_table;
use super::invoices::page;
use crate::actions::{invoices, visits};
use crate::domain::ids::InvoiceId;
use crate::domain::refusal::FieldFault;
use crate::store::prelude::*;
use crate::web::bundle;
use crate::web::bundle_choice::{Choice, form};
use crate::web::forms::{Query, errors_of};
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts;
use crate::web::problem::{Problem, even_if_full};

/// `GET /desk/invoices.zip?month=&state=&client=`
pub async fn show(desk: Desk, Query(query): Query) -> Result<Response, Problem> {
    let choice = match Choice::read(&query) {
        Ok(choice) => choice,
        Err(fault) => return Ok(refused(&desk, fault)),
    };
    let ids = desk.read(|r| {
        let client = document_table::client_asked(&desk, r, &query)?;
        choice.documents(|after| page(&desk, r, client.as_ref(), choice.filter, after))
    })?;
    match ids {
        Ok(ids) => send(desk, choice, ids).await,
        Err(fault) => Ok(refused(&desk, fault)),
    }
}

async fn send(desk: Desk, choice: Choice, ids: Vec<InvoiceId>) -> Result<Response, Problem> {
    if !ids.is_empty() {
        let all = ids.clone();
        even_if_full(desk.act(move |w, scope| visits::staff_bundle_downloaded(w, scope, &all)).await)?;
    }
    Ok(bundle::send(&choice.file_name(), move |bundle| {
        for id in ids {
            // Read one by one, so that no snapshot is held while a slow reader takes its time.
            let found = desk.read(|r| {
                let invoice = r.invoice(id)?.filter(|i| desk.scope.sees(i.client)).ok_or(Problem::NotFound)?;
                let pdf = invoices::pdf_of(&desk.app, r, &invoice)?.ok_or(Problem::NotFound)?;
                Ok((invoice, pdf))
            });
            let (invoice, pdf) = found.map_err(|_| std::io::Error::other("a document can't be read any more"))?;
            bundle.add(&invoice, &pdf)?;
        }
        Ok(())
    }))
}

fn refused(desk: &Desk, fault: FieldFault) -> Response {
    let errors = errors_of(&[fault]);
    let body = html! {
        (parts::back("/desk/invoices", "Invoices"))
        (parts::head("Invoices as ZIP", "", html! {}))
        (parts::error_summary(&errors))
        (form("/desk/invoices.zip", &[], desk.today()))
    };
    let page = desk.page(DeskNav::Invoices, &parts::titled("Invoices as ZIP", &errors), body);
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}
