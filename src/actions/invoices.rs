//! Invoices and credit notes: drafting, issuing, publishing a PDF, crediting.
//!
//! The number is given inside the issuing transaction. The PDF is drawn before it, against the number it is about to
//! get; the transaction checks that the number is still next and the draft unchanged, else all is done again.

use jiff::civil::Date;

use super::{found, letters};
use crate::app::App;
use crate::documents::Look;
use crate::documents::invoice::invoice_sheet;
use crate::documents::pdf_check::check_pdf;
use crate::documents::{self, Meta};
use crate::domain::access::{Act, StaffScope};
use crate::domain::client::{Client, Party};
use crate::domain::event::{Actor, By, Event};
use crate::domain::firm::Firm;
use crate::domain::ids::{AllocationId, ClientId, ContactId, FileRef, InvoiceId, ProjectId, StaffId};
use crate::domain::invoice::{Body, Invoice, Issue, Kind, check_dates, days_between};
use crate::domain::money::{Currency, Money};
use crate::domain::number::DocumentNumber;
use crate::domain::payment::{Allocation, Source};
use crate::domain::refusal::{Faults, Refusal};
use crate::domain::tax::{Line, Totals};
use crate::domain::{calendar, reminder};
use crate::store::prelude::*;

/// How often issuing is tried again when somebody else took the number in between.
const ISSUE_TRIES: u32 = 20;

/// A draft as a form gives it.
#[derive(Clone, Debug)]
pub struct Draft {
    /// For whom.
    pub client: ClientId,
    /// Filed under.
    pub project: Option<ProjectId>,
    /// What it is about.
    pub title: String,
    /// Currency of all amounts.
    pub currency: Currency,
    /// Wished date of issue.
    pub dated: Date,
    /// Due date.
    pub due: Date,
    /// The buyer's reference.
    pub reference: String,
    /// Below the lines.
    pub note: String,
    /// The lines; may still be none.
    pub lines: Vec<Line>,
    /// Who gets letters; all with the right when empty.
    pub recipients: Vec<ContactId>,
}

/// Saves a draft, new or known.
///
/// # Errors
/// When the scope does not allow it, the document was issued, or dates are out of range.
pub fn save_draft(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    id: Option<InvoiceId>,
    draft: &Draft,
) -> Result<Done<InvoiceId>, ActError> {
    found(w.client(draft.client)?)?;
    scope.may_for(Act::Work, draft.client)?;
    check_parts(w, draft.client, draft.project, &draft.recipients)?;
    if let Some(id) = id {
        // A credit note is not edited: it has the lines of what it credits.
        found(Some(editable(w, scope, id)?).filter(Invoice::is_invoice))?;
    }
    let mut faults = Faults::default();
    check_dates(&mut faults, draft.dated, draft.due);
    faults.check()?;
    let id = match id {
        Some(id) => id,
        None => InvoiceId(w.next("invoice")?),
    };
    let invoice = as_invoice(id, draft, w.now);
    w.put_invoice(&invoice)?;
    let about = About::invoice(draft.client, id);
    Ok(w.record(about, Event::DraftSaved { invoice: id, total: invoice.payable() })?.done(id))
}

/// The document that a draft would be, without number.
pub fn as_invoice(id: InvoiceId, draft: &Draft, changed: jiff::Timestamp) -> Invoice {
    let Draft { client, project, title, currency, dated, due, reference, note, lines, recipients } = draft.clone();
    let (kind, body) = (Kind::Invoice, Body::Composed(lines));
    Invoice {
        id,
        client,
        project,
        kind,
        title,
        currency,
        dated,
        due,
        reference,
        note,
        body,
        recipients,
        issue: None,
        changed,
    }
}

fn check_parts(
    w: &WriteTx<'_>,
    client: ClientId,
    project: Option<ProjectId>,
    recipients: &[ContactId],
) -> Result<(), ActError> {
    if let Some(project) = project {
        found(w.project(project)?.filter(|p| p.client == client))?;
    }
    for &contact in recipients {
        found(w.contact(contact)?.filter(|c| c.client == client))?;
    }
    Ok(())
}

/// A draft within the scope.
fn editable(reader: &impl Reader, scope: &StaffScope, id: InvoiceId) -> Result<Invoice, ActError> {
    let invoice = found(reader.invoice(id)?.filter(|i| scope.sees(i.client)))?;
    scope.may(Act::Work)?;
    if invoice.issue.is_some() { Err(Refusal::NotADraft.into()) } else { Ok(invoice) }
}

/// Throws a draft away.
///
/// # Errors
/// When the scope does not allow it or the document was issued.
pub fn discard(w: &mut WriteTx<'_>, scope: &StaffScope, id: InvoiceId) -> Result<Done<()>, ActError> {
    let invoice = editable(w, scope, id)?;
    w.remove_draft(&invoice)?;
    Ok(w.record(About::client(invoice.client), Event::DraftDiscarded { invoice: id })?.done(()))
}

/// Issues a draft: gives the number, freezes the document, publishes it in the client's area, queues the letters and
/// plans the reminders, in one commit.
///
/// # Errors
/// When the scope does not allow it, the draft is not fit to issue, or nobody could see it.
pub async fn issue(app: &App, by: By, scope: &StaffScope, id: InvoiceId) -> Result<DocumentNumber, ActError> {
    for _ in 0..ISSUE_TRIES {
        let prepared = app.store.read(|r| prepare(app, r, scope, id))?;
        let (scope, policy, zone) = (scope.clone(), app.settings.policy.clone(), app.settings.zone.clone());
        let act = move |w: &mut WriteTx<'_>| seal(w, &scope, &prepared, &policy, &zone);
        match app.store.write(by.clone(), app.now(), act).await {
            Err(ActError::Refused(Refusal::TryAgain)) => {}
            other => return other,
        }
    }
    Err(Refusal::TryAgain.into())
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
    let prepared = prepare(app, w, scope, id)?;
    seal(w, scope, &prepared, &app.settings.policy, &app.settings.zone)
}

/// A document drawn with the number that it is about to get.
pub struct Prepared {
    invoice: Invoice,
    number: DocumentNumber,
    totals: Totals,
    seller: Party,
    buyer: Party,
    pdf: Vec<u8>,
}

/// Draws a draft with the next number.
///
/// # Errors
/// As [`issue`].
pub fn prepare(app: &App, reader: &impl Reader, scope: &StaffScope, id: InvoiceId) -> Result<Prepared, ActError> {
    let invoice = editable(reader, scope, id)?;
    let totals = invoice.ready()?;
    if letters::audience(reader, &invoice)?.is_empty() {
        return Err(Refusal::NobodyToSee.into());
    }
    let (firm, client) = (reader.firm()?, found(reader.client(invoice.client)?)?);
    let number = next_number(reader, &firm, &invoice)?;
    let pdf = draw(app, reader, &firm, &client, &invoice, Some(&number), &totals)?;
    Ok(Prepared { number, totals, seller: firm.party, buyer: client.party, pdf, invoice })
}

/// The PDF of a draft as it would be issued, marked as a draft.
///
/// # Errors
/// When the scope does not allow it or the draft is not fit to print.
pub fn preview(app: &App, reader: &impl Reader, scope: &StaffScope, id: InvoiceId) -> Result<Vec<u8>, ActError> {
    let invoice = editable(reader, scope, id)?;
    let totals = invoice.ready()?;
    let (firm, client) = (reader.firm()?, found(reader.client(invoice.client)?)?);
    draw(app, reader, &firm, &client, &invoice, None, &totals)
}

/// The description of a document from which page and PDF are drawn.
///
/// # Errors
/// When the store fails.
pub fn sheet(
    reader: &impl Reader,
    firm: &Firm,
    parties: (&Party, &Party),
    invoice: &Invoice,
    number: Option<&DocumentNumber>,
    totals: &Totals,
) -> Result<documents::Sheet, StoreError> {
    let logo = logo(reader, firm)?;
    let project = match invoice.project {
        Some(id) => reader.project(id)?.map(|p| p.name),
        None => None,
    };
    let credits = match invoice.kind {
        Kind::CreditNote(of) => reader.invoice(of)?.and_then(|i| i.number().cloned()),
        Kind::Invoice => None,
    };
    let look = Look { firm, logo };
    let (seller, buyer) = parties;
    Ok(invoice_sheet(&look, seller, buyer, invoice, number, totals, project.as_deref(), credits.as_ref()))
}

/// The firm's logo as documents want it.
///
/// # Errors
/// When the store fails.
pub fn logo(reader: &impl Reader, firm: &Firm) -> Result<Option<documents::Logo>, StoreError> {
    let Some(logo) = &firm.logo else { return Ok(None) };
    let format = match logo.file.media_type.as_str() {
        "image/png" => documents::LogoFormat::Png,
        _ => documents::LogoFormat::Jpeg,
    };
    Ok(reader.file(logo.file.digest)?.map(|bytes| documents::Logo { format, bytes: bytes.into() }))
}

fn draw(
    app: &App,
    reader: &impl Reader,
    firm: &Firm,
    client: &Client,
    invoice: &Invoice,
    number: Option<&DocumentNumber>,
    totals: &Totals,
) -> Result<Vec<u8>, ActError> {
    let sheet = sheet(reader, firm, (&firm.party, &client.party), invoice, number, totals)?;
    render(app, &sheet, firm)
}

/// Draws a sheet as PDF.
///
/// # Errors
/// When the document can't be drawn; the sentence says why.
pub fn render(app: &App, sheet: &documents::Sheet, firm: &Firm) -> Result<Vec<u8>, ActError> {
    let meta = Meta {
        title: format!("{} {}", sheet.title, sheet.number).trim().to_owned(),
        author: firm.party.name.clone(),
        created: app.now(),
        document_id: sheet.number.clone(),
    };
    documents::pdf(sheet, &app.fonts, &meta)
        .map_err(|e| crate::domain::refusal::FieldFault::new("document", e.to_string()))
        .map_err(|fault| Refusal::from(fault).into())
}

/// The number that the series of a document gives next: in sequence, over any that a published PDF took.
///
/// # Errors
/// When the store fails or the pattern gives no number for that year.
pub fn next_number(reader: &impl Reader, firm: &Firm, invoice: &Invoice) -> Result<DocumentNumber, ActError> {
    let (name, pattern) = match invoice.kind {
        Kind::Invoice => ("invoice", &firm.series.invoice),
        Kind::CreditNote(_) => ("credit-note", &firm.series.credit_note),
    };
    let mut sequence = reader.last_in_series(&series(name, pattern, invoice.dated))? + 1;
    loop {
        let number = pattern.write(invoice.dated.year(), sequence).map_err(Refusal::from)?;
        if reader.invoice_numbered(&number)?.is_none() {
            return Ok(number);
        }
        sequence += 1;
    }
}

/// The series that a pattern counts in: by year where the pattern has one.
pub(crate) fn series(name: &str, pattern: &crate::domain::number::Pattern, dated: Date) -> String {
    let year = if pattern.yearly() { dated.year().to_string() } else { String::new() };
    format!("{name}/{}/{year}", pattern.as_str())
}

/// Commits what [`prepare`] drew, if its number is still next and its draft unchanged.
///
/// # Errors
/// [`Refusal::TryAgain`] when something moved in between.
pub fn seal(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    prepared: &Prepared,
    policy: &reminder::Policy,
    zone: &jiff::tz::TimeZone,
) -> Result<Done<DocumentNumber>, ActError> {
    let current = editable(w, scope, prepared.invoice.id)?;
    let firm = w.firm()?;
    let client = found(w.client(current.client)?)?;
    if let Kind::CreditNote(of) = current.kind
        && w.credited_already(&found(w.invoice(of)?)?)?
    {
        return Err(Refusal::MoreThanOpen(Money::zero(current.currency)).into());
    }
    let moved = current != prepared.invoice || firm.party != prepared.seller || client.party != prepared.buyer;
    if moved || next_number(w, &firm, &current)? != prepared.number {
        return Err(Refusal::TryAgain.into());
    }
    advance(w, &firm, &current, &prepared.number)?;
    let pdf = keep_pdf(w, &prepared.pdf, prepared.number.file_name("pdf"))?;
    let number = prepared.number.clone();
    let (seller, buyer, totals) = (prepared.seller.clone(), prepared.buyer.clone(), prepared.totals.clone());
    let issue =
        Issue { number: number.clone(), at: w.now, by: staff_of(&w.by), pdf: pdf.clone(), seller, buyer, totals };
    let invoice = Invoice { issue: Some(issue), changed: w.now, ..current };
    let event = match invoice.kind {
        Kind::Invoice => Event::InvoiceIssued {
            invoice: invoice.id,
            number: number.clone(),
            total: invoice.payable(),
            digest: pdf.digest,
        },
        Kind::CreditNote(of) => Event::CreditNoteIssued {
            credit: invoice.id,
            number: number.clone(),
            total: invoice.payable(),
            digest: pdf.digest,
            of,
        },
    };
    complete(w, &invoice, event, policy, zone)?.map_done(number)
}

/// Counts the series up to `number`.
fn advance(w: &mut WriteTx<'_>, firm: &Firm, invoice: &Invoice, number: &DocumentNumber) -> Result<(), ActError> {
    let (name, pattern) = match invoice.kind {
        Kind::Invoice => ("invoice", &firm.series.invoice),
        Kind::CreditNote(_) => ("credit-note", &firm.series.credit_note),
    };
    let series = series(name, pattern, invoice.dated);
    loop {
        let sequence = w.next_in_series(&series)?;
        if pattern.write(invoice.dated.year(), sequence).map_err(Refusal::from)? == *number {
            return Ok(());
        }
    }
}

fn staff_of(by: &By) -> Option<StaffId> {
    match by.actor {
        Actor::Staff(id) => Some(id),
        _ => None,
    }
}

pub(super) fn keep_pdf(w: &mut WriteTx<'_>, bytes: &[u8], name: String) -> Result<FileRef, StoreError> {
    let digest = w.put_file(bytes)?;
    Ok(FileRef { digest, length: bytes.len() as u64, name, media_type: "application/pdf".to_owned() })
}

/// What every issued document gets: its place, its event, its allocation if it credits, its letters and reminders.
fn complete(
    w: &mut WriteTx<'_>,
    invoice: &Invoice,
    event: Event,
    policy: &reminder::Policy,
    zone: &jiff::tz::TimeZone,
) -> Result<Done<()>, ActError> {
    w.put_invoice(invoice)?;
    let recorded = w.record(About::invoice(invoice.client, invoice.id), event)?;
    match invoice.kind {
        Kind::CreditNote(of) => apply_credit(w, invoice, of)?,
        Kind::Invoice => {
            let plan = reminder::plan(invoice.due, policy, zone);
            let first = reminder::next_wake(&plan, w.now, &std::collections::BTreeSet::new(), w.now);
            // Steps that fall before publication are looked at once, so that the log says that they were skipped.
            let first = first.or(Some(w.now)).filter(|_| invoice.payable().minor > 0);
            w.set_reminder(invoice.id, first)?;
        }
    }
    let today = calendar::today(w.now, zone);
    letters::queue_issued(w, invoice, today)?;
    Ok(recorded.done(()))
}

/// Settles the credited invoice with its credit note, as far as it is open; the rest is unapplied credit.
fn apply_credit(w: &mut WriteTx<'_>, credit: &Invoice, of: InvoiceId) -> Result<(), ActError> {
    let row = found(w.invoice_row(of)?.filter(|r| r.invoice.client == credit.client))?;
    let part = row.open().minor.min(credit.payable().minor);
    if part > 0 {
        let allocation = Allocation {
            id: AllocationId(w.next("allocation")?),
            source: Source::Credit(credit.id),
            invoice: of,
            amount: Money::new(part, credit.currency),
            on: credit.dated,
        };
        w.put_allocation(&allocation)?;
        let _ = super::payments::settle(w, &row.invoice, allocation.amount)?;
    }
    w.put_unapplied(credit.client, Source::Credit(credit.id), credit.payable())?;
    Ok(())
}

/// A PDF that the firm's accounting system made, as a form, a command or a dropped file gives it.
#[derive(Clone, Debug)]
pub struct Publication {
    /// For whom.
    pub client: ClientId,
    /// Filed under.
    pub project: Option<ProjectId>,
    /// Invoice, or a credit note for one that stands here.
    pub kind: Kind,
    /// Its number, as printed.
    pub number: DocumentNumber,
    /// What it is about; may be empty.
    pub title: String,
    /// Date of issue.
    pub dated: Date,
    /// Due date.
    pub due: Date,
    /// Amount due for payment.
    pub amount: Money,
    /// The buyer's reference; may be empty.
    pub reference: String,
    /// Who gets letters; all with the right when empty.
    pub recipients: Vec<ContactId>,
    /// The document.
    pub pdf: Vec<u8>,
}

/// Publishes a PDF of the accounting system: the PDF is the document, byte for byte.
///
/// # Errors
/// When the scope does not allow it, the number is taken, the file is no PDF, a field is out of range, or nobody could
/// see it.
pub async fn publish(
    app: &App,
    by: By,
    scope: &StaffScope,
    publication: Publication,
) -> Result<DocumentNumber, ActError> {
    let (scope, policy, zone) = (scope.clone(), app.settings.policy.clone(), app.settings.zone.clone());
    let act = move |w: &mut WriteTx<'_>| publish_in(w, &scope, &publication, &policy, &zone);
    app.store.write(by, app.now(), act).await
}

/// As [`publish`], inside a transaction.
///
/// # Errors
/// As [`publish`].
pub fn publish_in(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    p: &Publication,
    policy: &reminder::Policy,
    zone: &jiff::tz::TimeZone,
) -> Result<Done<DocumentNumber>, ActError> {
    let client = found(w.client(p.client)?.filter(|c| scope.sees(c.id)))?;
    scope.may(Act::Work)?;
    check_parts(w, p.client, p.project, &p.recipients)?;
    let credited = match p.kind {
        Kind::CreditNote(of) => {
            Some(found(w.invoice(of)?.filter(|i| i.client == p.client && i.issue.is_some() && i.is_invoice()))?)
        }
        Kind::Invoice => None,
    };
    check_publication(p)?;
    if w.invoice_numbered(&p.number)?.is_some() {
        return Err(Refusal::NumberTaken(p.number.to_string()).into());
    }
    let draft = Invoice {
        id: InvoiceId(w.next("invoice")?),
        client: p.client,
        project: p.project,
        kind: p.kind,
        title: p.title.clone(),
        currency: p.amount.currency,
        dated: p.dated,
        due: p.due,
        reference: p.reference.clone(),
        note: String::new(),
        body: Body::Published(p.amount),
        recipients: p.recipients.clone(),
        issue: None,
        changed: w.now,
    };
    if letters::audience(w, &draft)?.is_empty() {
        return Err(Refusal::NobodyToSee.into());
    }
    if credited.is_some_and(|x| x.currency != p.amount.currency) {
        return Err(Refusal::OtherCurrency.into());
    }
    let pdf = keep_pdf(w, &p.pdf, p.number.file_name("pdf"))?;
    let event = published_event(p, draft.id, pdf.digest);
    let (seller, totals) = (w.firm()?.party, Totals::only(p.amount));
    let issue =
        Issue { number: p.number.clone(), at: w.now, by: staff_of(&w.by), pdf, seller, buyer: client.party, totals };
    complete(w, &Invoice { issue: Some(issue), ..draft }, event, policy, zone)?.map_done(p.number.clone())
}

fn published_event(p: &Publication, invoice: InvoiceId, digest: crate::domain::ids::Digest) -> Event {
    let (number, total) = (p.number.clone(), p.amount);
    match p.kind {
        Kind::Invoice => Event::InvoicePublished { invoice, number, total, digest },
        Kind::CreditNote(of) => Event::CreditNoteIssued { credit: invoice, number, total, digest, of },
    }
}

fn check_publication(p: &Publication) -> Result<(), Refusal> {
    let mut faults = Faults::default();
    check_dates(&mut faults, p.dated, p.due);
    faults.take(super::payments::check_amount(p.amount));
    if let Err(fault) = check_pdf(&p.pdf) {
        faults.add("file", fault.to_string());
    }
    faults.check()
}

/// Credits what was composed here, in full: a credit note with the invoice's lines, of its own series.
///
/// # Errors
/// When the scope does not allow it, the document is a draft, a credit note or a published PDF (whose credit note comes
/// from the system that made it), or it was credited already.
pub async fn credit(
    app: &App,
    by: By,
    scope: &StaffScope,
    of: InvoiceId,
    reason: String,
) -> Result<DocumentNumber, ActError> {
    let (who, today, asked) = (scope.clone(), app.today(), by.clone());
    let draft = move |w: &mut WriteTx<'_>| draft_credit(w, &who, of, &reason, today);
    let id = app.store.write(asked, app.now(), draft).await?;
    let issued = issue(app, by.clone(), scope, id).await;
    if issued.is_err() {
        let who = scope.clone();
        app.store.write(by, app.now(), move |w| discard(w, &who, id)).await?;
    }
    issued
}

/// As [`credit`], inside a transaction and at its instant; see [`issue_in`].
///
/// # Errors
/// As [`credit`].
pub fn credit_in(
    w: &mut WriteTx<'_>,
    app: &App,
    scope: &StaffScope,
    of: InvoiceId,
    reason: &str,
) -> Result<Done<DocumentNumber>, ActError> {
    let today = calendar::today(w.now, &app.settings.zone);
    let id = draft_credit(w, scope, of, reason, today)?.value();
    issue_in(w, app, scope, id)
}

fn draft_credit(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    of: InvoiceId,
    reason: &str,
    today: Date,
) -> Result<Done<InvoiceId>, ActError> {
    let invoice = found(w.invoice(of)?.filter(|i| scope.sees(i.client)))?;
    scope.may(Act::Work)?;
    let Some(issue) = &invoice.issue else { return Err(Refusal::NotIssued.into()) };
    let Body::Composed(_) = &invoice.body else { return Err(Refusal::NotAllowed.into()) };
    if !invoice.is_invoice() || w.credited_already(&invoice)? {
        return Err(Refusal::MoreThanOpen(Money::zero(invoice.currency)).into());
    }
    let (id, title) = (InvoiceId(w.next("invoice")?), format!("Credit for {}", issue.number));
    let dated = today.max(invoice.dated);
    let credit = Invoice {
        id,
        kind: Kind::CreditNote(of),
        title,
        dated,
        due: dated,
        note: reason.to_owned(),
        issue: None,
        changed: w.now,
        ..invoice.clone()
    };
    w.put_invoice(&credit)?;
    let about = About::invoice(invoice.client, id);
    Ok(w.record(about, Event::DraftSaved { invoice: id, total: credit.payable() })?.done(id))
}

/// The due date that a client's terms give to a document of `dated`.
pub fn due_by_terms(dated: Date, terms_days: u16) -> Date {
    dated.checked_add(jiff::Span::new().days(i64::from(terms_days))).unwrap_or(dated)
}

/// Days from issue to due date, for forms.
pub fn terms_of(invoice: &Invoice) -> i32 {
    days_between(invoice.dated, invoice.due)
}
