//! Issuing: the number is given inside the issuing transaction.
//!
//! The PDF is drawn before it, against the number that it is about to get; the transaction checks that the number is
//! still next and the draft unchanged, else all is done again.

use jiff::Timestamp;
use jiff::civil::Date;

use super::super::credit_terms::{self, Beyond};
use super::super::restored;
use super::super::{found, late_notes, letters};
use super::complete::{complete_holding, issued_by, keep_pdf};
use super::credit::{Crediting, credit_note, once_series};
use super::draft::editable;
use super::paper::draw;
use super::series::{advance, next_number};
use crate::app::{App, Settings};
use crate::domain::access::StaffScope;
use crate::domain::client::Party;
use crate::domain::event::{By, Event};
use crate::domain::firm::Letterhead;
use crate::domain::ids::InvoiceId;
use crate::domain::invoice::{Invoice, Issue, Kind};
use crate::domain::number::DocumentNumber;
use crate::domain::refusal::Refusal;
use crate::domain::rules;
use crate::domain::tax::Totals;
use crate::store::prelude::*;

/// How often a document is drawn again beside the writer when somebody else took its number in between; after that it
/// is drawn while it holds the writer, so that however many are issued at once, each gets its number.
const ISSUE_TRIES: u32 = 4;

/// Issues a draft: gives the number, freezes the document, publishes it in the client's area, queues the letters and
/// plans the reminders, in one commit.
///
/// # Errors
/// When the scope does not allow it, the draft is not fit to issue, or nobody could see it.
pub async fn issue(app: &App, by: By, scope: &StaffScope, id: InvoiceId) -> Result<DocumentNumber, ActError> {
    issue_wanted(app, by, scope, Wanted::Draft(id, None, Beyond::Refused)).await
}

/// As [`issue`], if the draft is still the one that was last changed at `seen`; beyond the client’s credit limit only
/// where that is acknowledged.
///
/// # Errors
/// As [`issue`]; [`Refusal::DraftChanged`].
pub async fn issue_seen(
    app: &App,
    by: By,
    scope: &StaffScope,
    id: InvoiceId,
    seen: Timestamp,
    beyond: Beyond,
) -> Result<DocumentNumber, ActError> {
    issue_wanted(app, by, scope, Wanted::Draft(id, Some(seen), beyond)).await
}

/// As [`issue`], inside a transaction and at its instant: for a history that is written down as a whole. Drawing holds
/// the writer, so requests use [`issue`].
///
/// # Errors
/// As [`issue`].
pub fn issue_in(
    w: &mut WriteTx<'_>,
    app: &App,
    scope: &StaffScope,
    id: InvoiceId,
) -> Result<Done<DocumentNumber>, ActError> {
    issue_wanted_in(w, app, scope, &Wanted::Draft(id, None, Beyond::Refused))
}

/// A document to be issued.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// A draft that is kept, as it was at that instant if one is named, and whether beyond the credit limit too.
    Draft(InvoiceId, Option<Timestamp>, Beyond),
    /// A credit note for an invoice or a part of it; it is never kept as a draft.
    CreditNote {
        /// What is credited.
        crediting: Crediting,
        /// Its date, if the invoice is not dated later.
        on: Date,
    },
}

impl Wanted {
    /// The document without number, if the scope may issue it. A credit note's id is 0: it gets one with its number.
    fn find(&self, reader: &impl Reader, scope: &StaffScope) -> Result<Invoice, ActError> {
        match self {
            Self::Draft(id, seen, _) => {
                let draft = editable(reader, scope, *id)?;
                if seen.is_some_and(|seen| seen != draft.changed) {
                    return Err(Refusal::DraftChanged.into());
                }
                Ok(draft)
            }
            Self::CreditNote { crediting, on } => credit_note(reader, scope, crediting, *on),
        }
    }

    fn beyond(&self) -> Beyond {
        if let Self::Draft(_, _, beyond) = self { *beyond } else { Beyond::Refused }
    }
}

/// Draws and commits, and begins again when something moved in between.
pub(super) async fn issue_wanted(
    app: &App,
    by: By,
    scope: &StaffScope,
    wanted: Wanted,
) -> Result<DocumentNumber, ActError> {
    for _ in 0..ISSUE_TRIES {
        let prepared = app.store.read(|r| prepare(app, r, scope, &wanted))?;
        let (scope, wanted, settings) = (scope.clone(), wanted.clone(), app.settings.clone());
        let act = move |w: &mut WriteTx<'_>| seal(w, &scope, &wanted, prepared.clone(), &settings);
        match app.store.write(by.clone(), app.now(), act).await {
            Err(ActError::Refused(Refusal::TryAgain)) => {}
            other => return other,
        }
    }
    let (inside, scope) = (app.clone(), scope.clone());
    let act = move |w: &mut WriteTx<'_>| issue_wanted_in(w, &inside, &scope, &wanted);
    app.store.write(by, app.now(), act).await
}

/// As [`issue_wanted`], inside a transaction.
pub(super) fn issue_wanted_in(
    w: &mut WriteTx<'_>,
    app: &App,
    scope: &StaffScope,
    wanted: &Wanted,
) -> Result<Done<DocumentNumber>, ActError> {
    let prepared = prepare(app, w, scope, wanted)?;
    seal(w, scope, wanted, prepared, &app.settings)
}

/// A document drawn with the number that it is about to get.
#[derive(Clone)]
struct Prepared {
    invoice: Invoice,
    number: DocumentNumber,
    totals: Totals,
    seller: Party,
    buyer: Party,
    letterhead: Letterhead,
    pdf: Vec<u8>,
}

/// Draws a document with the next number.
fn prepare(app: &App, reader: &impl Reader, scope: &StaffScope, wanted: &Wanted) -> Result<Prepared, ActError> {
    let invoice = wanted.find(reader, scope)?;
    restored::refuse_held(reader)?;
    let totals = invoice.ready()?;
    if letters::audience(reader, &invoice)?.is_empty() {
        return Err(Refusal::NobodyToSee.into());
    }
    let (firm, client) = (reader.firm()?, found(reader.client(invoice.client)?)?);
    rules::check(&invoice, Some(&totals), &firm.party, &client.party)?;
    credit_terms::check(reader, &invoice, wanted.beyond())?;
    late_notes::check(reader, &invoice)?;
    let number = next_number(reader, &firm, &invoice)?;
    let speaking = firm.speaking(client.language);
    let pdf = draw(app, reader, &speaking, &client, &invoice, &number, &totals)?;
    let letterhead = Letterhead::of(&speaking);
    Ok(Prepared { number, totals, seller: firm.party, buyer: client.party, letterhead, pdf, invoice })
}

/// Commits what [`prepare`] drew; [`Refusal::TryAgain`] when its number is not next any more or the document changed.
fn seal(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    wanted: &Wanted,
    prepared: Prepared,
    settings: &Settings,
) -> Result<Done<DocumentNumber>, ActError> {
    let mut invoice = wanted.find(w, scope)?;
    restored::refuse_held(w)?;
    let firm = w.firm()?;
    let Prepared { invoice: drawn, number, totals, seller, buyer, letterhead, pdf } = prepared;
    let client = found(w.client(invoice.client)?)?;
    let other_firm = firm.party != seller || Letterhead::of(&firm.speaking(client.language)) != letterhead;
    let moved = invoice != drawn || other_firm || client.party != buyer;
    if moved || next_number(w, &firm, &invoice)? != number {
        return Err(Refusal::TryAgain.into());
    }
    let over = credit_terms::check(w, &invoice, wanted.beyond())?;
    late_notes::check(w, &invoice)?;
    let mut hold = false;
    if let Wanted::CreditNote { crediting, .. } = wanted {
        invoice.id = InvoiceId(w.next("invoice")?);
        hold = crediting.hold;
        if let Some(series) = once_series(crediting) {
            w.remember(&series, invoice.id.0)?;
        }
    }
    advance(w, &firm, &invoice, &number)?;
    let pdf = keep_pdf(w, &pdf, number.file_name("pdf"))?;
    let by = issued_by(&w.by);
    let issue =
        Issue { number: number.clone(), at: w.now, by, pdf, seller, buyer, letterhead, totals, elsewhere: None };
    let event = issued_event(&invoice, &issue);
    if let Some(over) = over {
        let (client, invoice) = (invoice.client, invoice.id);
        let event = Event::CreditLimitExceeded { client, invoice, limit: over.limit, owed: over.owed };
        let _ = w.record(About::client(client), event)?;
    }
    complete_holding(w, &Invoice { issue: Some(issue), changed: w.now, ..invoice }, event, settings, hold)?
        .map_done(number)
}

fn issued_event(invoice: &Invoice, issue: &Issue) -> Event {
    let (id, number, total, digest) = (invoice.id, issue.number.clone(), invoice.payable(), issue.pdf.digest);
    match invoice.kind {
        Kind::Invoice => Event::InvoiceIssued { invoice: id, number, total, digest },
        Kind::CreditNote(of) => Event::CreditNoteIssued { credit: id, number, total, digest, of },
    }
}
