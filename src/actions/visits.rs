//! Visits: what proves that a document was opened or downloaded, and what staff looked at, kept apart.
//!
//! Opening is logged once per contact, document and hour; every download is. Only a contact who signed in counts; a
//! fetch without a session never comes here.

use jiff::civil::Date;

use super::found;
use crate::domain::access::StaffScope;
use crate::domain::event::Event;
use crate::domain::format::Format;
use crate::domain::ids::{ClientId, Digest, InvoiceId, QuoteId, ReceiptId, StatementId};
use crate::domain::number::DocumentNumber;
use crate::domain::refusal::Refusal;
use crate::store::events::Visited;
use crate::store::prelude::*;
use crate::store::scope::{ClientView, Pass};

/// Whole hours since 1970, by which visits are told apart.
pub fn hour_of(now: jiff::Timestamp) -> i64 {
    now.as_second().div_euclid(3_600)
}

/// Notes the visit, or refuses with [`Refusal::TryAgain`] when a request at the same moment has logged it: there is
/// nothing left to log then.
fn once(w: &mut WriteTx<'_>, pass: Pass, visited: Visited) -> Result<(), ActError> {
    let hour = hour_of(w.now);
    if w.note_visit(pass.contact, visited, hour)? { Ok(()) } else { Err(Refusal::TryAgain.into()) }
}

/// A contact opened an invoice.
///
/// # Errors
/// [`Refusal::NotFound`] when it is not theirs to see, [`Refusal::TryAgain`] when this hour's visit is logged already.
pub fn opened(w: &mut WriteTx<'_>, pass: Pass, number: &DocumentNumber) -> Result<Done<()>, ActError> {
    let (about, invoice, digest) = theirs(w, pass, number)?;
    once(w, pass, Visited::Invoice(invoice))?;
    Ok(w.record(about, Event::Opened { invoice, digest })?.done(()))
}

/// A contact downloaded an invoice.
///
/// # Errors
/// As [`opened`].
pub fn downloaded(
    w: &mut WriteTx<'_>,
    pass: Pass,
    number: &DocumentNumber,
    format: Format,
) -> Result<Done<()>, ActError> {
    let (about, invoice, digest) = theirs(w, pass, number)?;
    Ok(w.record(about, Event::Downloaded { invoice, digest, format })?.done(()))
}

/// A contact downloaded several documents in one archive: each is evidence by itself.
///
/// # Errors
/// [`Refusal::NotFound`] when one is not theirs to see, or there is none.
pub fn bundle_downloaded(w: &mut WriteTx<'_>, pass: Pass, all: &[InvoiceId]) -> Result<Done<()>, ActError> {
    let mut last = None;
    for &id in all {
        let invoice = {
            let view = found(ClientView::open(w, pass)?)?;
            found(view.invoice_by_id(id)?)?.invoice
        };
        let digest = found(invoice.issue)?.pdf.digest;
        let event = Event::Downloaded { invoice: id, digest, format: Format::Zip };
        last = Some(w.record(About::invoice(invoice.client, id), event)?);
    }
    Ok(found(last)?.done(()))
}

/// Staff downloaded several documents in one archive.
///
/// # Errors
/// As [`staff_downloaded`].
pub fn staff_bundle_downloaded(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    all: &[InvoiceId],
) -> Result<Done<()>, ActError> {
    let mut last = None;
    for &invoice in all {
        let client = found(w.invoice(invoice)?.filter(|i| scope.sees(i.client)))?.client;
        let event = Event::StaffDownloaded { invoice, format: Format::Zip };
        last = Some(w.record(About::invoice(client, invoice), event)?);
    }
    Ok(found(last)?.done(()))
}

fn theirs(w: &WriteTx<'_>, pass: Pass, number: &DocumentNumber) -> Result<(About, InvoiceId, Digest), ActError> {
    let view = found(ClientView::open(w, pass)?)?;
    let row = found(view.invoice(number)?)?;
    let issue = found(row.invoice.issue)?;
    Ok((About::invoice(row.invoice.client, row.invoice.id), row.invoice.id, issue.pdf.digest))
}

/// A contact opened a version of a quote.
///
/// # Errors
/// As [`opened`].
pub fn quote_opened(
    w: &mut WriteTx<'_>,
    pass: Pass,
    number: &DocumentNumber,
    version: u32,
) -> Result<Done<()>, ActError> {
    let (client, quote, digest) = their_quote(w, pass, number, version)?;
    once(w, pass, Visited::Quote(quote, version))?;
    Ok(w.record(About::client(client), Event::QuoteOpened { quote, version, digest })?.done(()))
}

/// A contact downloaded a version of a quote.
///
/// # Errors
/// As [`opened`].
pub fn quote_downloaded(
    w: &mut WriteTx<'_>,
    pass: Pass,
    (number, version): (&DocumentNumber, u32),
    format: Format,
) -> Result<Done<()>, ActError> {
    let (client, quote, digest) = their_quote(w, pass, number, version)?;
    Ok(w.record(About::client(client), Event::QuoteDownloaded { quote, version, digest, format })?.done(()))
}

fn their_quote(
    w: &WriteTx<'_>,
    pass: Pass,
    number: &DocumentNumber,
    version: u32,
) -> Result<(ClientId, QuoteId, Digest), ActError> {
    let quote = found(found(ClientView::open(w, pass)?)?.quote(number)?)?;
    Ok((quote.client, quote.id, found(quote.version(version))?.pdf.digest))
}

/// Staff downloaded a version of a quote.
///
/// # Errors
/// When it is outside the scope.
pub fn staff_quote_downloaded(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    (quote, version): (QuoteId, u32),
    format: Format,
) -> Result<Done<()>, ActError> {
    let client = found(w.quote(quote)?.filter(|q| scope.sees(q.client)))?.client;
    Ok(w.record(About::client(client), Event::StaffQuoteDownloaded { quote, version, format })?.done(()))
}

/// A contact opened a receipt.
///
/// # Errors
/// As [`opened`].
pub fn receipt_opened(w: &mut WriteTx<'_>, pass: Pass, number: &DocumentNumber) -> Result<Done<()>, ActError> {
    let receipt = found(found(ClientView::open(w, pass)?)?.receipt_numbered(number)?)?;
    once(w, pass, Visited::Receipt(receipt.id))?;
    let event = Event::ReceiptOpened { receipt: receipt.id, number: receipt.number };
    Ok(w.record(About::client(receipt.client), event)?.done(()))
}

/// A contact downloaded a receipt, as these bytes.
///
/// # Errors
/// [`Refusal::NotFound`] when it is not theirs to see.
pub fn receipt_downloaded(
    w: &mut WriteTx<'_>,
    pass: Pass,
    number: &DocumentNumber,
    (digest, format): (Digest, Format),
) -> Result<Done<()>, ActError> {
    let receipt = found(found(ClientView::open(w, pass)?)?.receipt_numbered(number)?)?;
    let event = Event::ReceiptDownloaded { receipt: receipt.id, number: receipt.number, digest, format };
    Ok(w.record(About::client(receipt.client), event)?.done(()))
}

/// Staff downloaded a receipt.
///
/// # Errors
/// When it is outside the scope.
pub fn staff_receipt_downloaded(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    receipt: ReceiptId,
    format: Format,
) -> Result<Done<()>, ActError> {
    let receipt = found(w.receipt(receipt)?.filter(|x| scope.sees(x.client)))?;
    let event = Event::StaffReceiptDownloaded { receipt: receipt.id, number: receipt.number, format };
    Ok(w.record(About::client(receipt.client), event)?.done(()))
}

/// A contact opened a month-end statement.
///
/// # Errors
/// As [`opened`].
pub fn month_opened(w: &mut WriteTx<'_>, pass: Pass, id: StatementId) -> Result<Done<()>, ActError> {
    let x = found(found(ClientView::open(w, pass)?)?.month_statement(id)?)?;
    once(w, pass, Visited::Month(id))?;
    let event = Event::MonthOpened { statement: id, month: x.month, digest: x.pdf.digest };
    Ok(w.record(About::client(x.client), event)?.done(()))
}

/// A contact downloaded a month-end statement.
///
/// # Errors
/// [`Refusal::NotFound`] when it is not theirs to see.
pub fn month_downloaded(
    w: &mut WriteTx<'_>,
    pass: Pass,
    id: StatementId,
    format: Format,
) -> Result<Done<()>, ActError> {
    let x = found(found(ClientView::open(w, pass)?)?.month_statement(id)?)?;
    let event = Event::MonthDownloaded { statement: id, month: x.month, digest: x.pdf.digest, format };
    Ok(w.record(About::client(x.client), event)?.done(()))
}

/// Staff downloaded several month-end statements in one archive.
///
/// # Errors
/// As [`staff_month_downloaded`].
pub fn staff_months_downloaded(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    all: &[StatementId],
) -> Result<Done<()>, ActError> {
    let mut last = None;
    for &id in all {
        last = Some(staff_month_downloaded(w, scope, id, Format::Zip)?);
    }
    Ok(found(last)?)
}

/// Staff downloaded a month-end statement.
///
/// # Errors
/// When it is outside the scope.
pub fn staff_month_downloaded(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    id: StatementId,
    format: Format,
) -> Result<Done<()>, ActError> {
    let x = found(w.month_statement(id)?.filter(|x| scope.sees(x.client)))?;
    let event = Event::StaffMonthDownloaded { statement: id, month: x.month, format };
    Ok(w.record(About::client(x.client), event)?.done(()))
}

/// Staff took a list of invoices along as one file, of a client or of a month where one is named.
///
/// # Errors
/// When the client is outside the scope.
pub fn register_taken(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    format: Format,
    (client, month): (Option<ClientId>, Option<Date>),
) -> Result<Done<()>, ActError> {
    if client.is_some_and(|id| !scope.sees(id)) {
        return Err(Refusal::NotFound.into());
    }
    let about = client.map_or(About::FIRM, About::client);
    Ok(w.record(about, Event::RegisterTaken { format, client, month })?.done(()))
}

/// A contact opened the statement.
///
/// # Errors
/// As [`opened`].
pub fn statement_opened(w: &mut WriteTx<'_>, pass: Pass) -> Result<Done<()>, ActError> {
    let client = {
        let view = found(ClientView::open(w, pass)?)?;
        found(view.sees_account().then(|| view.client().id))?
    };
    once(w, pass, Visited::Statement(client))?;
    Ok(w.record(About::client(client), Event::StatementOpened)?.done(()))
}

/// A contact downloaded the statement from one day to another, as these bytes.
///
/// # Errors
/// [`Refusal::NotFound`] when the account is not theirs to see.
pub fn statement_downloaded(
    w: &mut WriteTx<'_>,
    pass: Pass,
    (from, to): (Date, Date),
    (digest, format): (Digest, Format),
) -> Result<Done<()>, ActError> {
    let client = {
        let view = found(ClientView::open(w, pass)?)?;
        found(view.sees_account().then(|| view.client().id))?
    };
    Ok(w.record(About::client(client), Event::StatementDownloaded { from, to, digest, format })?.done(()))
}

/// A contact downloaded the open items as of a day, as these bytes.
///
/// # Errors
/// [`Refusal::NotFound`] when the account is not theirs to see.
pub fn open_items_downloaded(
    w: &mut WriteTx<'_>,
    pass: Pass,
    on: Date,
    (digest, format): (Digest, Format),
) -> Result<Done<()>, ActError> {
    let client = {
        let view = found(ClientView::open(w, pass)?)?;
        found(view.sees_account().then(|| view.client().id))?
    };
    Ok(w.record(About::client(client), Event::OpenItemsDownloaded { on, digest, format })?.done(()))
}

/// Staff downloaded a client's open items.
///
/// # Errors
/// When it is outside the scope.
pub fn staff_open_items_downloaded(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    client: ClientId,
    on: Date,
    format: Format,
) -> Result<Done<()>, ActError> {
    let client = found(w.client(client)?.filter(|c| scope.sees(c.id)))?.id;
    Ok(w.record(About::client(client), Event::StaffOpenItemsDownloaded { on, format })?.done(()))
}

/// Staff downloaded a client's statement.
///
/// # Errors
/// When it is outside the scope.
pub fn staff_statement_downloaded(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    client: ClientId,
    (from, to): (Date, Date),
    format: Format,
) -> Result<Done<()>, ActError> {
    let client = found(w.client(client)?.filter(|c| scope.sees(c.id)))?.id;
    Ok(w.record(About::client(client), Event::StaffStatementDownloaded { from, to, format })?.done(()))
}

/// Staff looked at an issued document.
///
/// # Errors
/// When it is outside the scope.
pub fn staff_previewed(w: &mut WriteTx<'_>, scope: &StaffScope, invoice: InvoiceId) -> Result<Done<()>, ActError> {
    let client = found(w.invoice(invoice)?.filter(|i| scope.sees(i.client)))?.client;
    Ok(w.record(About::invoice(client, invoice), Event::StaffPreviewed { invoice })?.done(()))
}

/// Staff downloaded an issued document.
///
/// # Errors
/// When it is outside the scope.
pub fn staff_downloaded(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    invoice: InvoiceId,
    format: Format,
) -> Result<Done<()>, ActError> {
    let client = found(w.invoice(invoice)?.filter(|i| scope.sees(i.client)))?.client;
    Ok(w.record(About::invoice(client, invoice), Event::StaffDownloaded { invoice, format })?.done(()))
}
