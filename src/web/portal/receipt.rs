//! The receipt of one payment: the page, and its files.
//!
//! For whoever sees the whole account, since a receipt names all that the payment settles. The first look of each hour
//! and every download are logged before the page or the file leaves.

use axum::response::{IntoResponse, Response};
use maud::html;

use super::{Looking, logged};
use crate::actions::visits;
use crate::documents::receipt::{Beside, receipt_csv, receipt_sheet};
use crate::documents::{self, Logo, LogoFormat, Look, Sheet};
use crate::domain::format::Format;
use crate::domain::ids::Digest;
use crate::domain::money::Money;
use crate::domain::number::DocumentNumber;
use crate::domain::payment::{Receipt, Settles, Source};
use crate::secrets;
use crate::store::events::Visited;
use crate::web::auth::back::number_and_format;
use crate::web::download;
use crate::web::guard::{FullViewer, Viewer};
use crate::web::page::PortalNav;
use crate::web::parts::{self, Icon, Tone};
use crate::web::path::Path;
use crate::web::problem::Problem;

/// `GET /receipts/{number}`, and its files: `.pdf`, `.csv`, `.html`.
///
/// # Errors
/// [`Problem::NotFound`] for what is not there or not theirs.
pub async fn show(
    FullViewer(viewer): FullViewer,
    looking: Looking,
    Path(segment): Path<String>,
) -> Result<Response, Problem> {
    match number_and_format(&segment).ok_or(Problem::NotFound)? {
        (number, Some(format)) => download(&viewer, &looking, number, format).await,
        (number, None) => open(&viewer, &looking, number).await,
    }
}

/// The address of a receipt's page.
pub(super) fn address(number: &DocumentNumber) -> String {
    format!("/receipts/{}", number.in_url())
}

async fn open(viewer: &Viewer, looking: &Looking, number: DocumentNumber) -> Result<Response, Problem> {
    // The page draws the logo by its style; the sheet only needs to know that there is one.
    let logo = viewer.firm().logo.is_some().then(|| Logo { format: LogoFormat::Png, bytes: [].into() });
    let paid = Paid::read(viewer, &number)?;
    let (drawn, receipt) = (paid.sheet(viewer, logo), paid.receipt);
    let visited =
        viewer.read(|view| Ok(view.visit_logged(Visited::Receipt(receipt.id), visits::hour_of(viewer.now()))?))?;
    if looking.0 && !visited {
        let number = number.clone();
        logged(viewer.act(move |w, pass| visits::receipt_opened(w, pass, &number)).await)?;
    }
    let at = address(&number);
    let title = format!("Receipt {number}");
    let stub = html! {
        (parts::amount_big("Received", &viewer.locale().money(receipt.amount)))
        @if receipt.reversed.is_some() { (parts::stamp("Void")) }
        p.pay { (parts::link_icon(parts::Look::Wide, Icon::Down, &format!("{at}.pdf"), "Download PDF")) }
        (parts::downloads("Download as", &[
            (&format!("{at}.csv"), "CSV", &format!("of {number}")),
            (&format!("{at}.html"), "HTML", &format!("of {number}")),
        ]))
    };
    let body = html! {
        (parts::back("/statement", "Statement"))
        h1 { (title) }
        @if receipt.reversed.is_some() {
            (parts::status(Tone::Warn, Icon::Alert, "Void.", "This payment was taken back and settles nothing any more."))
        }
        div.sec-m { (parts::document("The receipt in short, and its files", stub, documents::html(&drawn))) }
    };
    Ok(viewer.page(PortalNav::Statement, &title, body).into_response())
}

async fn download(
    viewer: &Viewer,
    looking: &Looking,
    number: DocumentNumber,
    format: Format,
) -> Result<Response, Problem> {
    if !matches!(format, Format::Pdf | Format::Html | Format::Csv) {
        return Err(Problem::NotFound);
    }
    let paid = Paid::read(viewer, &number)?;
    let drawn = || Ok::<_, Problem>(paid.sheet(viewer, viewer.logo()?));
    let bytes = match format {
        Format::Csv => receipt_csv(&paid.receipt, &paid.settles(viewer)).into_bytes(),
        Format::Html => documents::html_file(&drawn()?).into_bytes(),
        _ => viewer.render(&drawn()?)?,
    };
    if looking.0 {
        let file = (Digest(secrets::sha256(&bytes)), format);
        logged(viewer.act(move |w, pass| visits::receipt_downloaded(w, pass, &number, file)).await)?;
    }
    Ok(download::of(format, &paid.receipt.number.file_name(format.ending()), bytes))
}

/// A receipt, what it settles, and what of it is not applied.
struct Paid {
    receipt: Receipt,
    parts: Vec<Settles>,
    left: Money,
}

impl Paid {
    fn read(viewer: &Viewer, number: &DocumentNumber) -> Result<Self, Problem> {
        viewer.read(|view| {
            let receipt = view.receipt_numbered(number)?.ok_or(Problem::NotFound)?;
            let source = Source::Receipt(receipt.id);
            let left = view.unapplied()?.into_iter().find(|x| x.source == source).map(|x| x.left);
            let left = left.unwrap_or(Money::zero(receipt.amount.currency));
            let parts = view.settled_by(&receipt)?;
            Ok(Self { receipt, parts, left })
        })
    }

    fn settles(&self, viewer: &Viewer) -> Beside<'_> {
        Beside { parts: &self.parts, left: self.left, on: viewer.today() }
    }

    fn sheet(&self, viewer: &Viewer, logo: Option<Logo>) -> Sheet {
        let firm = viewer.firm().speaking(viewer.language());
        receipt_sheet(&Look { firm: &firm, logo }, &self.receipt, &self.settles(viewer))
    }
}
