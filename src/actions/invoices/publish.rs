//! Publishing a PDF of the accounting system: the PDF is the document, byte for byte, and its number is taken as it is
//! printed.

use jiff::civil::Date;

use super::super::credit_terms::{self, Beyond};
use super::super::{drops, found, letters, payments};
use super::complete::{complete, issued_by, keep_pdf};
use super::draft::check_parts;
use crate::app::{App, Settings};
use crate::documents::XML;
use crate::documents::einvoice::is_xml;
use crate::documents::pdf_check::check_pdf;
use crate::domain::access::{Act, StaffScope};
use crate::domain::event::{By, Event};
use crate::domain::firm::Letterhead;
use crate::domain::ids::{ClientId, ContactId, Digest, DropId, InvoiceId, ProjectId};
use crate::domain::incoming::Incoming;
use crate::domain::invoice::{Body, Elsewhere, Invoice, Issue, Kind, References, check_dates};
use crate::domain::money::Money;
use crate::domain::number::DocumentNumber;
use crate::domain::refusal::{Faults, FieldFault, Refusal};
use crate::domain::tax::Totals;
use crate::domain::terms::Terms;
use crate::store::prelude::*;

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
    /// What the PDF says of itself, if an e-invoice is inside it.
    pub read: Option<Box<Incoming>>,
    /// The dropped file that it was until now, which waits no more.
    pub drop: Option<DropId>,
    /// The document: a PDF, or an e-invoice in XML that was read.
    pub pdf: Vec<u8>,
}

impl Publication {
    /// What of it contradicts what the PDF says of itself.
    pub fn contradictions(&self) -> Faults {
        let mut faults = Faults::default();
        let Some(read) = &self.read else { return faults };
        let mut compare = |field: &str, same: bool, says: String| {
            if !same {
                faults.add(field, format!("The e-invoice inside the PDF says {says}."));
            }
        };
        let payable = read.totals.payable();
        compare("number", self.number.folded() == read.number.folded(), read.number.to_string());
        compare("issued", self.dated == read.dated, read.dated.to_string());
        let due = read.due.filter(|_| self.kind == Kind::Invoice);
        compare("due", due.is_none_or(|x| x == self.due), due.map_or_else(String::new, |x| x.to_string()));
        compare("amount", self.amount == payable, payable.to_string());
        let what = if read.credit { "that it is a credit note" } else { "that it is an invoice" };
        compare("kind", read.credit == (self.kind != Kind::Invoice), what.to_owned());
        faults
    }
}

/// Publishes a PDF of the accounting system: the PDF is the document, byte for byte. It went out there already, so that
/// a credit limit is no reason not to take it; that it is exceeded is logged.
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
    publish_seen(app, by, scope, publication, Beyond::Acknowledged).await
}

/// As [`publish`], by somebody who was told of the client's credit limit or was not.
///
/// # Errors
/// As [`publish`], and [`Refusal::OverLimit`].
pub async fn publish_seen(
    app: &App,
    by: By,
    scope: &StaffScope,
    publication: Publication,
    beyond: Beyond,
) -> Result<DocumentNumber, ActError> {
    let (scope, settings) = (scope.clone(), app.settings.clone());
    let act = move |w: &mut WriteTx<'_>| publish_beyond(w, &scope, &publication, &settings, beyond);
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
    settings: &Settings,
) -> Result<Done<DocumentNumber>, ActError> {
    publish_beyond(w, scope, p, settings, Beyond::Acknowledged)
}

fn publish_beyond(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    p: &Publication,
    settings: &Settings,
    beyond: Beyond,
) -> Result<Done<DocumentNumber>, ActError> {
    let client = found(w.client(p.client)?.filter(|c| scope.sees(c.id)))?;
    scope.may(Act::Work)?;
    check_parts(w, p.client, p.project, &p.recipients)?;
    if p.kind == Kind::Invoice {
        credit_terms::refuse_held(w, p.client)?;
    }
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
    let read = p.read.as_deref();
    let draft = Invoice {
        id: InvoiceId(w.next("invoice")?),
        client: p.client,
        project: p.project,
        kind: p.kind,
        title: p.title.clone(),
        currency: p.amount.currency,
        dated: p.dated,
        due: p.due,
        terms: Terms::default(),
        reference: p.reference.clone(),
        references: read.map_or_else(References::default, |x| x.references.clone()),
        delivered: read.and_then(|x| x.delivered),
        period: read.and_then(|x| x.period),
        note: read.map_or_else(String::new, |x| x.note.clone()),
        body: body(p),
        recipients: p.recipients.clone(),
        quote: None,
        late: None,
        issue: None,
        changed: w.now,
    };
    if letters::audience(w, &draft)?.is_empty() {
        return Err(Refusal::NobodyToSee.into());
    }
    if credited.is_some_and(|x| x.currency != p.amount.currency) {
        return Err(Refusal::OtherCurrency.into());
    }
    let over = credit_terms::over(w, &draft)?;
    if let Some(over) = over.filter(|_| beyond == Beyond::Refused) {
        return Err(Refusal::OverLimit(over.limit, over.owed).into());
    }
    let mut pdf = keep_pdf(w, &p.pdf, p.number.file_name("pdf"))?;
    if is_xml(&p.pdf) {
        (pdf.name, pdf.media_type) = (p.number.file_name("xml"), XML.to_owned());
    }
    let event = published_event(p, draft.id, pdf.digest);
    let firm = w.firm()?;
    let mut issue = Issue {
        number: p.number.clone(),
        at: w.now,
        by: issued_by(&w.by),
        pdf,
        letterhead: Letterhead::of(&firm.speaking(client.language)),
        seller: firm.party,
        buyer: client.party,
        totals: Totals::only(p.amount),
        elsewhere: None,
    };
    if let Some(read) = read {
        issue.elsewhere = Some(Elsewhere { import: None, reminds: true });
        issue.totals = read.totals.clone();
        issue.buyer = read.buyer.clone();
        issue.seller = read.seller.clone().unwrap_or(issue.seller);
        if !read.bank.iban.is_empty() {
            issue.letterhead.bank = read.bank.clone();
        }
    }
    if let Some(over) = over {
        let (client, invoice) = (draft.client, draft.id);
        let event = Event::CreditLimitExceeded { client, invoice, limit: over.limit, owed: over.owed };
        let _ = w.record(About::client(client), event)?;
    }
    let done = complete(w, &Invoice { issue: Some(issue), ..draft.clone() }, event, settings)?;
    if let Some(drop) = p.drop {
        drops::filed(w, scope, drop, draft.id)?;
    }
    done.map_done(p.number.clone())
}

/// With its lines where the PDF says them, so that the client has it in every format.
fn body(p: &Publication) -> Body {
    match p.read.as_deref().filter(|x| !x.content.lines.is_empty()) {
        Some(read) => Body::Composed(read.content.clone()),
        None => Body::Published(p.amount),
    }
}

fn published_event(p: &Publication, invoice: InvoiceId, digest: Digest) -> Event {
    let (number, total) = (p.number.clone(), p.amount);
    match p.kind {
        Kind::Invoice => Event::InvoicePublished { invoice, number, total, digest },
        Kind::CreditNote(of) => Event::CreditNoteIssued { credit: invoice, number, total, digest, of },
    }
}

fn check_publication(p: &Publication) -> Result<(), Refusal> {
    let mut faults = Faults::default();
    check_dates(&mut faults, p.dated, p.due);
    faults.take(payments::check_amount(p.amount));
    // An e-invoice without a PDF says all that one would show; it was read before it came here.
    if p.read.is_none() || !is_xml(&p.pdf) {
        faults.take(check_pdf(&p.pdf).map_err(|fault| FieldFault::new("file", fault.to_string())));
    }
    faults.check()?;
    p.contradictions().check()
}
