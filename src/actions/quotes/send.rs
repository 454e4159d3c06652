//! Sending a quote: drawn with the number that it is about to get, then numbered, kept and published in one commit.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::super::invoices::{keep_pdf, logo, render, series};
use super::super::{author, found, letters, once, restored};
use crate::app::App;
use crate::documents::Look;
use crate::documents::quote::{Offer, quote_sheet};
use crate::domain::access::{Act, StaffScope};
use crate::domain::calendar;
use crate::domain::event::{By, Event};
use crate::domain::ids::{ClientId, Digest, FileRef, ProjectId, QuoteId, StaffId};
use crate::domain::money::Currency;
use crate::domain::number::DocumentNumber;
use crate::domain::quote::{Answer, Quote};
use crate::domain::refusal::{FieldFault, Refusal};
use crate::domain::tax::{Content, Line, Totals, totals};
use crate::store::prelude::*;

/// How often sending is tried again when somebody else took the number in between.
const SEND_TRIES: u32 = 20;

/// A quote as a form gives it.
#[derive(Clone, Debug)]
pub struct NewQuote {
    /// For whom.
    pub client: ClientId,
    /// Filed under.
    pub project: Option<ProjectId>,
    /// What it is about.
    pub title: String,
    /// Currency of all amounts.
    pub currency: Currency,
    /// Date of issue.
    pub issued: Date,
    /// Last day on which it can be accepted.
    pub valid_until: Date,
    /// What is offered.
    pub lines: Vec<Line>,
    /// Below the lines.
    pub note: String,
    /// What the form drew for itself, so that sent twice it sends one quote.
    pub once: Option<String>,
}

/// Sends a quote: gives the number, freezes the document and publishes it in the client's area.
///
/// # Errors
/// When the scope does not allow it, the quote is not fit to send, or the same form sent one before
/// ([`Refusal::Repeated`] with that quote).
pub async fn send(app: &App, by: By, scope: &StaffScope, new: NewQuote) -> Result<DocumentNumber, ActError> {
    for _ in 0..SEND_TRIES {
        let (quote, pdf) = app.store.read(|r| prepare(app, r, scope, &new))?;
        let (scope, zone) = (scope.clone(), app.settings.zone.clone());
        let series = new.once.as_ref().map(|key| once::series("quote", key));
        let act = move |w: &mut WriteTx<'_>| send_once(w, &scope, series.as_deref(), (&quote, &pdf), &zone);
        match app.store.write(by.clone(), app.now(), act).await {
            Err(ActError::Refused(Refusal::TryAgain)) => {}
            other => return other,
        }
    }
    Err(Refusal::TryAgain.into())
}

/// As [`send`], inside a transaction and at its instant: for a history that is written down as a whole.
///
/// # Errors
/// As [`send`].
pub fn send_in(
    w: &mut WriteTx<'_>,
    app: &App,
    scope: &StaffScope,
    new: &NewQuote,
) -> Result<Done<DocumentNumber>, ActError> {
    let (quote, pdf) = prepare(app, w, scope, new)?;
    seal(w, scope, &quote, &pdf, &app.settings.zone)
}

fn prepare(app: &App, r: &impl Reader, scope: &StaffScope, new: &NewQuote) -> Result<(Quote, Vec<u8>), ActError> {
    let client = found(r.client(new.client)?.filter(|c| scope.sees(c.id)))?;
    scope.may(Act::Work)?;
    restored::refuse_held(r)?;
    let totals = check(new)?;
    let firm = r.firm()?;
    let pattern = &firm.series.quote;
    let sequence = r.last_in_series(&series("quote", pattern, new.issued))? + 1;
    let number = pattern.write(new.issued.year(), sequence).map_err(Refusal::from)?;
    let NewQuote { project, title, issued, valid_until, lines, note, .. } = new.clone();
    let quote = Quote {
        id: QuoteId(0),
        client: client.id,
        project,
        number,
        title,
        issued,
        valid_until,
        lines,
        totals,
        note,
        seller: firm.party.clone(),
        buyer: client.party,
        pdf: FileRef { digest: Digest([0; 32]), length: 0, name: String::new(), media_type: String::new() },
        at: app.now(),
        by: StaffId(0),
        answer: Answer::Open,
    };
    let look = Look { firm: &firm, logo: logo(r, &firm)? };
    let project = match quote.project {
        Some(id) => r.project(id)?.map(|p| p.name),
        None => None,
    };
    let sheet = quote_sheet(&look, &quote.seller, &quote.buyer, &Offer::of(&quote, project.as_deref()));
    let pdf = render(app, &sheet, &firm)?;
    Ok((quote, pdf))
}

fn check(new: &NewQuote) -> Result<Totals, Refusal> {
    if new.lines.is_empty() {
        return Err(FieldFault::new("lines", "Add at least one line.").into());
    }
    if new.valid_until < new.issued {
        return Err(FieldFault::new("valid_until", format!("The last day must be {} or later.", new.issued)).into());
    }
    let sum = totals(&Content::of(new.lines.clone()), new.currency).filter(|t| t.payable >= 0);
    sum.ok_or_else(|| FieldFault::new("lines", "The total is out of range; check quantities and prices.").into())
}

fn send_once(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    series: Option<&str>,
    (quote, pdf): (&Quote, &[u8]),
    zone: &TimeZone,
) -> Result<Done<DocumentNumber>, ActError> {
    scope.may_for(Act::Work, quote.client)?;
    if let Some(before) = series.map(|series| once::made(w, series)).transpose()?.flatten() {
        return Err(Refusal::Repeated(before).into());
    }
    let done = seal(w, scope, quote, pdf, zone)?;
    if let (Some(series), Some(sent)) = (series, w.quote_numbered(done.get())?) {
        w.remember(series, sent.id.0)?;
    }
    Ok(done)
}

fn seal(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    prepared: &Quote,
    pdf: &[u8],
    zone: &TimeZone,
) -> Result<Done<DocumentNumber>, ActError> {
    scope.may_for(Act::Work, prepared.client)?;
    restored::refuse_held(w)?;
    let pattern = w.firm()?.series.quote;
    let name = series("quote", &pattern, prepared.issued);
    let number = pattern.write(prepared.issued.year(), w.last_in_series(&name)? + 1).map_err(Refusal::from)?;
    if number != prepared.number || w.quote_numbered(&number)?.is_some() {
        return Err(Refusal::TryAgain.into());
    }
    w.next_in_series(&name)?;
    let by = author(w);
    let pdf = keep_pdf(w, pdf, number.file_name("pdf"))?;
    let quote = Quote { id: QuoteId(w.next("quote")?), pdf: pdf.clone(), at: w.now, by, ..prepared.clone() };
    w.put_quote(&quote)?;
    let (total, digest) = (quote.totals.payable(), pdf.digest);
    let event = Event::QuoteSent { quote: quote.id, number: number.clone(), total, digest };
    let recorded = w.record(About::client(quote.client), event)?;
    letters::queue_quote(w, &quote, calendar::today(w.now, zone))?;
    Ok(recorded.done(number))
}
