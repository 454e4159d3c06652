//! A list of invoices and credit notes taken along whole: as one table of all their lines, or as a ZIP of their
//! e-invoices. Written while it is sent, a page of the list in memory, however many there are.

use std::io;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::html;

use super::document_table;
use super::invoices::page;
use crate::actions::invoices::{credited, original, sheet};
use crate::actions::visits;
use crate::documents::{COLUMNS, Csv, offered, register_rows, rendition};
use crate::domain::client::Client;
use crate::domain::format::Format;
use crate::domain::invoice::Invoice;
use crate::store::ReadTx;
use crate::web::archive::{Archive, Packing};
use crate::web::bundle::stream;
use crate::web::bundle_choice::Choice;
use crate::web::forms::{Fields, Query, errors_of};
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts;
use crate::web::problem::{Problem, even_if_full};

/// `GET /desk/invoices.csv?month=&state=&client=`
pub async fn csv(desk: Desk, Query(query): Query) -> Result<Response, Problem> {
    taken(desk, &query, Format::Csv).await
}

/// `GET /desk/invoices.xml.zip?month=&state=&client=`: of each that can be one its UBL.
pub async fn xml(desk: Desk, Query(query): Query) -> Result<Response, Problem> {
    taken(desk, &query, Format::Ubl).await
}

async fn taken(desk: Desk, query: &Fields, format: Format) -> Result<Response, Problem> {
    let choice = match Choice::read(query) {
        Ok(choice) => choice,
        Err(fault) => {
            let errors = errors_of(&[fault]);
            let body = html! {
                (parts::back("/desk/invoices", "Invoices"))
                (parts::head("Invoices to take along", "", html! {}))
                (parts::error_summary(&errors))
            };
            let page = desk.page(DeskNav::Invoices, &parts::titled("Invoices to take along", &errors), body);
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let client = desk.read(|r| document_table::client_asked(&desk, r, query))?;
    let (of, month) = (client.as_ref().map(|x| x.id), choice.month);
    even_if_full(desk.act(move |w, scope| visits::register_taken(w, scope, format, (of, month))).await)?;
    let name = choice.file_name();
    let stem = name.strip_suffix(".zip").unwrap_or(&name);
    Ok(match format {
        Format::Csv => stream(Format::Csv, &format!("{stem}.csv"), move |out| {
            out.write_all(Csv::new(&COLUMNS).text().as_bytes())?;
            each(&desk, client.as_ref(), &choice, |r, invoice| {
                let own = invoice.issue.as_ref().map(|x| original(r, x)).transpose()?.flatten();
                let rows = register_rows(invoice, credited(r, invoice)?.as_ref(), own.as_deref());
                Ok(out.write_all(rows.as_bytes()))
            })
        }),
        _ => stream(Format::Zip, &format!("{stem}-xml.zip"), move |out| {
            let mut zip = Archive::new(out);
            each(&desk, client.as_ref(), &choice, |r, invoice| {
                Ok(match ubl_of(&desk, r, invoice)? {
                    Some((name, bytes)) => zip.add(&name, &bytes, Packing::Deflated).map(drop),
                    None => Ok(()),
                })
            })?;
            zip.finish().map(drop)
        }),
    })
}

/// The name and bytes of a document's UBL; `None` where it can't be one.
fn ubl_of(desk: &Desk, r: &ReadTx, invoice: &Invoice) -> Result<Option<(String, Vec<u8>)>, Problem> {
    let Some(issue) = invoice.issue.as_ref().filter(|_| offered(invoice).contains(&Format::Ubl)) else {
        return Ok(None);
    };
    let (firm, parties) = (issue.letterhead.over(&desk.firm), (&issue.seller, &issue.buyer));
    let drawn = sheet(r, &firm, parties, invoice, Some(&issue.number), &issue.totals)?;
    let (of, own) = (credited(r, invoice)?, original(r, issue)?);
    let bytes = rendition(Format::Ubl, invoice, of.as_ref(), &drawn, own.as_deref());
    Ok(bytes.map(|bytes| (issue.number.file_name(Format::Ubl.ending()), bytes)))
}

/// Every issued document of the list, a page in one reading, so that no snapshot is held while a slow reader takes its
/// time.
fn each(
    desk: &Desk,
    client: Option<&Client>,
    choice: &Choice,
    mut take: impl FnMut(&ReadTx, &Invoice) -> Result<io::Result<()>, Problem>,
) -> io::Result<()> {
    let mut after = choice.begin();
    loop {
        let mut written = Ok(());
        let next = desk.read(|r| {
            let read = page(desk, r, client, choice.filter, after)?;
            for row in read.rows.iter().filter(|row| choice.holds(&row.invoice)) {
                written = take(r, &row.invoice)?;
                if written.is_err() {
                    return Ok(None);
                }
            }
            let past = read.rows.last().is_some_and(|row| choice.is_past(&row.invoice));
            Ok(read.next.filter(|_| !past))
        });
        written?;
        match next.map_err(|_| io::Error::other("the list can't be read any more"))? {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}
