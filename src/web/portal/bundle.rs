//! Several of a client's documents as one ZIP. Each is logged as downloaded before the first byte leaves.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::html;

use super::{Looking, PAGE, invoice, invoices, logged, not_shared};
use crate::actions::visits;
use crate::domain::format::Format;
use crate::domain::ids::InvoiceId;
use crate::domain::monthly::MonthStatement;
use crate::domain::number::DocumentNumber;
use crate::domain::refusal::FieldFault;
use crate::web::bundle;
use crate::web::bundle_choice::{Choice, form};
use crate::web::forms::{Fields, Query, errors_of};
use crate::web::guard::{FullViewer, Viewer};
use crate::web::month_file::file_name;
use crate::web::page::PortalNav;
use crate::web::parts;
use crate::web::problem::Problem;
use crate::web::ticked;

/// `GET /invoices.zip?month=&state=`, or `?ticked=1&pick=&pick=` for single documents.
///
/// # Errors
/// When the store fails.
pub async fn show(FullViewer(viewer): FullViewer, looking: Looking, Query(query): Query) -> Result<Response, Problem> {
    if !viewer.contact().rights.billing {
        return Ok(not_shared(&viewer, PortalNav::Invoices, "Invoices"));
    }
    if let Some(wished) = ticked::read(&query) {
        return picked(viewer, &looking, &query, wished).await;
    }
    let choice = match Choice::read(&query) {
        Ok(choice) => choice,
        Err(fault) => return Ok(refused(&viewer, fault)),
    };
    let today = viewer.today();
    let ids = viewer.read(|view| choice.documents(|after| Ok(view.invoices(choice.filter, today, after, PAGE)?)))?;
    match ids {
        Ok(ids) => {
            let statement = choice.statement().map(|month| viewer.read(|view| Ok(view.month_statement_of(month)?)));
            send(viewer, &looking, &choice.file_name(), (ids, statement.transpose()?.flatten())).await
        }
        Err(fault) => Ok(refused(&viewer, fault)),
    }
}

/// The documents that are ticked, each found in what this contact sees.
async fn picked(
    viewer: Viewer,
    looking: &Looking,
    query: &Fields,
    wished: Result<Vec<DocumentNumber>, FieldFault>,
) -> Result<Response, Problem> {
    let found = match wished {
        Ok(numbers) => viewer.read(|view| {
            let id = |number| Ok(view.invoice(number)?.map(|row| row.invoice.id));
            numbers.iter().map(id).collect::<Result<Option<Vec<InvoiceId>>, Problem>>()
        })?,
        Err(fault) => return invoices::again(&viewer, query, &errors_of(&[fault])),
    };
    match found {
        Some(ids) => send(viewer, looking, "invoices-selected.zip", (ids, None)).await,
        None => invoices::again(&viewer, query, &errors_of(&[ticked::missing()])),
    }
}

async fn send(
    viewer: Viewer,
    looking: &Looking,
    name: &str,
    (ids, statement): (Vec<InvoiceId>, Option<MonthStatement>),
) -> Result<Response, Problem> {
    if looking.0 && !ids.is_empty() {
        let all = ids.clone();
        logged(viewer.act(move |w, pass| visits::bundle_downloaded(w, pass, &all)).await)?;
    }
    if let Some(id) = statement.as_ref().map(|x| x.id).filter(|_| looking.0) {
        logged(viewer.act(move |w, pass| visits::month_downloaded(w, pass, id, Format::Zip)).await)?;
    }
    Ok(bundle::send(name, move |bundle| {
        for id in ids {
            // Found again through the view each time, so that no snapshot is held while a slow reader takes its time.
            let found = viewer.read(|view| {
                let row = view.invoice_by_id(id)?.ok_or(Problem::NotFound)?;
                let pdf = invoice::pdf(&viewer, view, &row)?.ok_or(Problem::NotFound)?;
                Ok((row.invoice, pdf))
            });
            let (invoice, pdf) = found.map_err(|_| std::io::Error::other("a document can't be read any more"))?;
            bundle.add(&invoice, &pdf)?;
        }
        if let Some(statement) = statement {
            let pdf = viewer.read(|view| view.month_pdf(&statement)?.ok_or(Problem::NotFound));
            let pdf = pdf.map_err(|_| std::io::Error::other("the statement can't be read any more"))?;
            bundle.add_statement(&file_name(&statement, Format::Pdf), &statement, &pdf)?;
        }
        Ok(())
    }))
}

fn refused(viewer: &Viewer, fault: FieldFault) -> Response {
    let errors = errors_of(&[fault]);
    let body = html! {
        (parts::back("/invoices", "All invoices"))
        h1 { "Invoices as ZIP" }
        (parts::error_summary(&errors))
        (form("/invoices.zip", &[], viewer.today()))
    };
    let page = viewer.page(PortalNav::Invoices, &parts::titled("Invoices as ZIP", &errors), body);
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}
