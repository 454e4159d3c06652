//! The statement as a file to keep: the figures of the page, drawn when asked for. Each download is logged before the
//! file leaves.

use axum::response::{IntoResponse, Response};

use super::accounts::of_kind;
use super::period::Period;
use super::{TITLE, refused};
use crate::actions::visits;
use crate::documents::{Look, html_file};
use crate::domain::format::Format;
use crate::domain::ids::Digest;
use crate::secrets;
use crate::store::prelude::*;
use crate::web::download;
use crate::web::forms::{Fields, Query, errors_of};
use crate::web::guard::{FullViewer, Viewer};
use crate::web::page::PortalNav;
use crate::web::parts::FieldError;
use crate::web::portal::{Looking, not_shared};
use crate::web::problem::Problem;
use crate::web::statement_file::{Kind, TOO_LONG, file_name, too_long_at};

/// `GET /statement.pdf?from=&to=`.
///
/// # Errors
/// When the store fails.
pub async fn pdf(FullViewer(viewer): FullViewer, looking: Looking, Query(query): Query) -> Result<Response, Problem> {
    show(&viewer, &looking, &query, Format::Pdf).await
}

/// `GET /statement.csv?from=&to=`.
///
/// # Errors
/// When the store fails.
pub async fn csv(FullViewer(viewer): FullViewer, looking: Looking, Query(query): Query) -> Result<Response, Problem> {
    show(&viewer, &looking, &query, Format::Csv).await
}

/// `GET /statement.html?from=&to=`.
///
/// # Errors
/// When the store fails.
pub async fn html(FullViewer(viewer): FullViewer, looking: Looking, Query(query): Query) -> Result<Response, Problem> {
    show(&viewer, &looking, &query, Format::Html).await
}

async fn show(viewer: &Viewer, looking: &Looking, query: &Fields, format: Format) -> Result<Response, Problem> {
    if !viewer.read(|view| Ok(view.sees_account()))? {
        return Ok(not_shared(viewer, PortalNav::Statement, TITLE).into_response());
    }
    let period = match Period::read(query, viewer.today()) {
        Ok(period) => period,
        Err(faults) => return Ok(refused(viewer, query, &errors_of(&faults))),
    };
    let bytes = match draw(viewer, &period, format)? {
        Ok(bytes) => bytes,
        Err(ActError::Refused(_)) => {
            return Ok(refused(viewer, query, &[FieldError::new(too_long_at(period.kind), TOO_LONG)]));
        }
        Err(error) => return Err(error.into()),
    };
    if looking.0 {
        let (Period { kind, to, .. }, file) = (period, (Digest(secrets::sha256(&bytes)), format));
        let act = move |w: &mut WriteTx<'_>, pass| match kind {
            Kind::Forward => visits::statement_downloaded(w, pass, period.span(), file),
            Kind::Open => visits::open_items_downloaded(w, pass, to, file),
        };
        viewer.act(act).await?;
    }
    Ok(download::of(format, &file_name(period.kind, period.span(), format), bytes))
}

fn draw(viewer: &Viewer, period: &Period, format: Format) -> Result<Result<Vec<u8>, ActError>, Problem> {
    let (accounts, buyer, anchor) =
        viewer.read(|view| Ok((of_kind(view, period, viewer.zone())?, view.client().party.clone(), view.anchor()?)))?;
    let firm = viewer.firm().speaking(viewer.language());
    let look = Look { firm: &firm, logo: viewer.logo()? };
    let drawn = || accounts.sheet(&look, &buyer, period.span(), (viewer.today(), viewer.zone()), &anchor.to_string());
    Ok(match format {
        Format::Csv => Ok(accounts.csv(period.span(), viewer.zone()).into_bytes()),
        Format::Html => Ok(html_file(&drawn()).into_bytes()),
        _ => viewer.render(&drawn()),
    })
}
