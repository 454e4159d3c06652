//! Several documents as one ZIP for staff; that they took them is logged apart from what clients do.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::html;

use super::document_table;
use super::invoices::{listed, page};
use crate::actions::{invoices, visits};
use crate::domain::ids::{InvoiceId, StatementId};
use crate::domain::monthly::{self, MonthStatement};
use crate::domain::refusal::FieldFault;
use crate::store::prelude::*;
use crate::web::bundle::{self, DOCUMENTS_MAX};
use crate::web::bundle_choice::{Choice, form};
use crate::web::forms::{Fields, Query, errors_of};
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts;
use crate::web::problem::{Problem, even_if_full};
use crate::web::ticked;

/// `GET /desk/invoices.zip?month=&state=&client=`, or `?ticked=1&pick=&pick=` for single documents.
pub async fn show(desk: Desk, Query(query): Query) -> Result<Response, Problem> {
    if let Some(wished) = ticked::read(&query) {
        return picked(desk, &query, wished).await;
    }
    let choice = match Choice::read(&query) {
        Ok(choice) => choice,
        Err(fault) => return Ok(refused(&desk, fault)),
    };
    let (ids, statements) = desk.read(|r| {
        let client = document_table::client_asked(&desk, r, &query)?;
        let mut statements = match (choice.statement(), &client) {
            (None, _) => Vec::new(),
            (Some(month), Some(client)) => r.statement_of_month(client.id, month)?.into_iter().collect(),
            (Some(month), None) => r.statements_in(month, DOCUMENTS_MAX)?,
        };
        statements.retain(|x: &MonthStatement| desk.scope.sees(x.client));
        Ok((choice.documents(|after| page(&desk, r, client.as_ref(), choice.filter, after))?, statements))
    })?;
    match ids {
        Ok(ids) => send(desk, &choice.file_name(), ids, statements).await,
        Err(fault) => Ok(refused(&desk, fault)),
    }
}

/// The documents that are ticked, each one within the scope.
async fn picked(desk: Desk, query: &Fields, wished: Result<Vec<InvoiceId>, FieldFault>) -> Result<Response, Problem> {
    let fault = match wished {
        Ok(ids) if desk.read(|r| all_there(&desk, r, &ids))? => {
            return send(desk, "invoices-selected.zip", ids, Vec::new()).await;
        }
        Ok(_) => ticked::missing(),
        Err(fault) => fault,
    };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, listed(&desk, query, &errors_of(&[fault]))?).into_response())
}

fn all_there(desk: &Desk, r: &ReadTx, ids: &[InvoiceId]) -> Result<bool, Problem> {
    for &id in ids {
        if !r.invoice(id)?.is_some_and(|x| x.issue.is_some() && desk.scope.sees(x.client)) {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn send(
    desk: Desk,
    name: &str,
    ids: Vec<InvoiceId>,
    statements: Vec<MonthStatement>,
) -> Result<Response, Problem> {
    if !ids.is_empty() {
        let all = ids.clone();
        even_if_full(desk.act(move |w, scope| visits::staff_bundle_downloaded(w, scope, &all)).await)?;
    }
    if !statements.is_empty() {
        let all: Vec<StatementId> = statements.iter().map(|x| x.id).collect();
        even_if_full(desk.act(move |w, scope| visits::staff_months_downloaded(w, scope, &all)).await)?;
    }
    Ok(bundle::send(name, move |bundle| {
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
        for statement in statements {
            let pdf = desk.read(|r| r.file(statement.pdf.digest)?.ok_or(Problem::NotFound));
            let pdf = pdf.map_err(|_| std::io::Error::other("a statement can't be read any more"))?;
            let name = format!("statement-{}-client-{}.pdf", monthly::code(statement.month), statement.client);
            bundle.add_statement(&name, &statement, &pdf)?;
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
