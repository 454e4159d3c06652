//! A document's certificate of delivery, as PDF and as the file that proves it. Each one that leaves is logged.

use axum::response::Response;

use super::form::Id;
use crate::actions::certificates::{self, Made};
use crate::domain::ids::InvoiceId;
use crate::web::download;
use crate::web::guard::Desk;
use crate::web::problem::Problem;

/// `GET /desk/invoices/{id}/certificate.pdf`
pub async fn pdf(desk: Desk, Id(id): Id<InvoiceId>) -> Result<Response, Problem> {
    let made = made(&desk, id).await?;
    Ok(download::pdf(&format!("{}.pdf", made.name), made.pdf))
}

/// `GET /desk/invoices/{id}/certificate.json`
pub async fn json(desk: Desk, Id(id): Id<InvoiceId>) -> Result<Response, Problem> {
    let made = made(&desk, id).await?;
    Ok(download::json(&format!("{}.json", made.name), made.json))
}

async fn made(desk: &Desk, id: InvoiceId) -> Result<Made, Problem> {
    Ok(certificates::make(&desk.app, desk.by(), &desk.scope, id).await?)
}
