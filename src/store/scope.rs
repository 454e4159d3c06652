//! The view of one client: all that a contact's request can read.
//!
//! *No cross-client read*: portal code holds a [`ClientView`] and nothing else; it is made for one contact, finds only
//! that contact's client and what their rights allow, and offers no way to another. An absent thing, a foreign one and
//! one that the rights hide are the same `None`.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::accounts::AccountReads;
use super::chain::ChainReads;
use super::clients::ClientReads;
use super::disputes::DisputeReads;
use super::documents::{DocumentCursor, DocumentReads, DocumentShelf};
use super::error::StoreError;
use super::events::{EventReads, Visited};
use super::files::{Content, FileReads};
use super::firm::FirmReads;
use super::invoices::{Cursor, Filter, InvoiceReads, Page, Row};
use super::monthly::MonthlyReads;
use super::payments::{PaymentReads, Unapplied};
use super::policies::PolicyReads;
use super::promises::PromiseReads;
use super::quotes::QuoteReads;
use super::snapshot::ReadTx;
use super::statement::Books;
use super::tx::Reader;
use crate::domain::anchor::AnchorCode;
use crate::domain::client::Client;
use crate::domain::dispute::Dispute;
use crate::domain::document::Document;
use crate::domain::event::LogEntry;
use crate::domain::firm::Firm;
use crate::domain::ids::{ContactId, DocumentId, InvoiceId, ProjectId, ReceiptId, StaffId, StatementId};
use crate::domain::invoice::{Invoice, Kind};
use crate::domain::money::Currency;
use crate::domain::monthly::MonthStatement;
use crate::domain::number::DocumentNumber;
use crate::domain::payment::{Allocation, Open, Receipt, Settles, Source};
use crate::domain::person::{Contact, ProjectAccess};
use crate::domain::project::Project;
use crate::domain::promise::{Outcome, Promise};
use crate::domain::quote::{Quote, Version};

/// Whose view it is, by name: what a session carries from request to request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// The contact.
    pub contact: ContactId,
    /// With a document's link: the only document that it opens.
    pub only: Option<InvoiceId>,
}

/// A contact and their client as one transaction reads them; only a view gives it.
struct Known {
    contact: Contact,
    client: Client,
}

/// A view put aside, to be opened again at no cost while nothing was committed in between.
pub struct Kept {
    known: Arc<Known>,
    pass: Pass,
    snapshot: u64,
}

impl Kept {
    /// The contact, as of when the view was put aside.
    pub fn contact(&self) -> &Contact {
        &self.known.contact
    }

    /// Their client, as of when the view was put aside.
    pub fn client(&self) -> &Client {
        &self.known.client
    }

    /// Whose view it is.
    pub fn pass(&self) -> Pass {
        self.pass
    }

    /// The state of the data file that it was read from.
    pub fn state(&self) -> State {
        State(self.snapshot)
    }
}

/// A committed state of the data file: two that are equal, in one process, are the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State(u64);

#[cfg(test)]
impl State {
    /// A state without a data file behind it.
    pub fn of_test(n: u64) -> Self {
        Self(n)
    }
}

/// One client as one contact may see it, in one transaction.
pub struct ClientView<'a, R: Reader> {
    reader: &'a R,
    known: Arc<Known>,
    only: Option<InvoiceId>,
}

/// What a receipt settles, or had settled until it was taken back, with the numbers of those invoices.
///
/// # Errors
/// When the file can't be read.
pub fn settled_by(r: &impl Reader, receipt: &Receipt) -> Result<Vec<Settles>, StoreError> {
    let parts = match &receipt.reversed {
        Some(reversal) => reversal.parts.clone(),
        None => r.allocations_from(Source::Receipt(receipt.id))?,
    };
    let mut out = Vec::new();
    for part in parts {
        let of = r.invoice(part.invoice)?;
        let late_note = of.as_ref().is_some_and(|x| x.late.is_some());
        if let Some(number) = of.and_then(|x| x.number().cloned()) {
            out.push(Settles { part, number, late_note });
        }
    }
    Ok(out)
}

/// Rows looked at to fill a page for somebody who sees only some projects.
const HIDDEN_MAX: usize = 2_000;

impl<'a> ClientView<'a, ReadTx> {
    /// The view that was kept, read anew when something was committed since; `None` when the contact was revoked.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn again(reader: &'a ReadTx, kept: &Kept) -> Result<Option<Self>, StoreError> {
        if kept.snapshot != reader.serial() {
            return Self::open(reader, kept.pass);
        }
        Ok(Some(Self { reader, known: Arc::clone(&kept.known), only: kept.pass.only }))
    }

    /// Puts the view aside.
    pub fn keep(&self) -> Kept {
        let pass = Pass { contact: self.known.contact.id, only: self.only };
        Kept { known: Arc::clone(&self.known), pass, snapshot: self.reader.serial() }
    }

    /// The state of the data file that this view reads.
    pub fn state(&self) -> State {
        State(self.reader.serial())
    }
}

impl<'a, R: Reader> ClientView<'a, R> {
    /// The view of a pass; `None` when the contact was revoked or is unknown.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn open(reader: &'a R, pass: Pass) -> Result<Option<Self>, StoreError> {
        let Some(contact) = reader.contact(pass.contact)?.filter(|c| c.active) else { return Ok(None) };
        let Some(client) = reader.client(contact.client)? else { return Ok(None) };
        Ok(Some(Self { reader, known: Arc::new(Known { contact, client }), only: pass.only }))
    }

    /// The contact.
    pub fn contact(&self) -> &Contact {
        &self.known.contact
    }

    /// Their client.
    pub fn client(&self) -> &Client {
        &self.known.client
    }

    /// Whether the view opens one document only.
    pub fn only(&self) -> Option<InvoiceId> {
        self.only
    }

    /// The firm.
    pub fn firm(&self) -> Result<Firm, StoreError> {
        self.reader.firm()
    }

    /// What the activity log is, which tells nothing of what stands in it.
    pub fn anchor(&self) -> Result<AnchorCode, StoreError> {
        Ok(self.reader.anchor()?.code())
    }

    /// Whether lists of billing documents may be seen.
    pub fn sees_billing(&self) -> bool {
        self.only.is_none() && self.known.contact.rights.billing
    }

    /// Whether the whole account may be seen: the statement shows every project's documents.
    pub fn sees_account(&self) -> bool {
        self.sees_billing() && self.known.contact.rights.projects == ProjectAccess::All
    }

    fn sees(&self, invoice: &Invoice) -> bool {
        invoice.issue.is_some()
            && self.known.contact.sees_billing(invoice.client, invoice.project)
            && self.only.is_none_or(|only| only == invoice.id)
    }

    /// An issued document of this client by its number.
    pub fn invoice(&self, number: &DocumentNumber) -> Result<Option<Row>, StoreError> {
        match self.reader.invoice_numbered(number)? {
            Some(id) => self.invoice_by_id(id),
            None => Ok(None),
        }
    }

    /// As [`ClientView::invoice`], by identifier.
    pub fn invoice_by_id(&self, id: InvoiceId) -> Result<Option<Row>, StoreError> {
        Ok(self.reader.invoice_row(id)?.filter(|row| self.sees(&row.invoice)))
    }

    /// A page of this client's issued documents.
    pub fn invoices(
        &self,
        filter: Filter,
        today: Date,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        if !self.sees_billing() || filter == Filter::Draft {
            return Ok(Page::default());
        }
        let client = Some(self.known.client.id);
        if self.sees_account() {
            return self.reader.invoice_page(client, filter, today, after, limit);
        }
        // Somebody who sees only some projects gets full pages of what they see: up to twice `limit` long, and short
        // only after `HIDDEN_MAX` hidden rows.
        let (mut seen, mut looked) = (Page { rows: Vec::new(), next: after }, 0);
        loop {
            let page = self.reader.invoice_page(client, filter, today, seen.next, limit)?;
            looked += page.rows.len();
            seen.rows.extend(page.rows.into_iter().filter(|row| self.sees(&row.invoice)));
            seen.next = page.next;
            if seen.next.is_none() || seen.rows.len() >= limit || looked >= HIDDEN_MAX {
                return Ok(seen);
            }
        }
    }

    /// Open invoices that the contact sees, the earliest due first.
    pub fn open_invoices(&self) -> Result<Vec<(Open, Currency)>, StoreError> {
        if !self.sees_billing() {
            return Ok(Vec::new());
        }
        let mut all = self.reader.open_of(self.known.client.id)?;
        if !self.sees_account() {
            let mut seen = Vec::new();
            for item in all {
                if self.invoice_by_id(item.0.invoice)?.is_some() {
                    seen.push(item);
                }
            }
            all = seen;
        }
        Ok(all)
    }

    /// What is past due on `today` of these open invoices of theirs, one for each, the earliest due first: of
    /// instalments those that were due by then, and nothing of what is disputed.
    pub fn late(&self, open: &[(Open, Currency)], today: Date) -> Result<Vec<(Open, Currency)>, StoreError> {
        let mut disputed = BTreeMap::new();
        for (item, _) in open.iter().filter(|x| x.0.due < today) {
            disputed.insert(item.invoice, self.reader.disputed_of(item.invoice)?.map_or(0, |x| x.1));
        }
        let mut late = BTreeMap::<InvoiceId, (Open, Currency)>::new();
        let parts = if disputed.is_empty() { Vec::new() } else { self.reader.open_parts_of(self.known.client.id)? };
        for (part, currency) in parts.into_iter().filter(|x| x.0.due < today) {
            let Some(left) = disputed.get_mut(&part.invoice) else { continue };
            let taken = part.open.min(*left);
            *left -= taken;
            if taken < part.open {
                let one = late.entry(part.invoice).or_insert((Open { open: 0, ..part }, currency));
                one.0.open = one.0.open.saturating_add(part.open - taken);
            }
        }
        let mut late: Vec<_> = late.into_values().collect();
        late.sort_by_key(|(item, _)| (item.due, item.invoice));
        Ok(late)
    }

    /// The bytes of an issued document, as they are kept.
    pub fn original(&self, row: &Row) -> Result<Option<Vec<u8>>, StoreError> {
        match &row.invoice.issue {
            Some(issue) if self.sees(&row.invoice) => self.reader.file(issue.pdf.digest),
            _ => Ok(None),
        }
    }

    /// What happened to a document, newest first, at most `limit`. The page decides what of it a client reads.
    pub fn log_of(&self, row: &Row, limit: usize) -> Result<Vec<LogEntry>, StoreError> {
        if self.sees(&row.invoice) { self.reader.log_of_invoice(row.invoice.id, None, limit) } else { Ok(Vec::new()) }
    }

    /// What settles a document.
    pub fn allocations_of(&self, row: &Row) -> Result<Vec<Allocation>, StoreError> {
        if self.sees(&row.invoice) { self.reader.allocations_of(row.invoice.id) } else { Ok(Vec::new()) }
    }

    /// The newest promise to pay a document, whatever became of it.
    pub fn newest_promise(&self, row: &Row) -> Result<Option<Promise>, StoreError> {
        if self.sees(&row.invoice) { self.reader.newest_promise(row.invoice.id) } else { Ok(None) }
    }

    /// The disputes of a document, whatever became of them, the oldest first.
    pub fn disputes(&self, row: &Row) -> Result<Vec<Dispute>, StoreError> {
        if self.sees(&row.invoice) { self.reader.disputes_of_invoice(row.invoice.id) } else { Ok(Vec::new()) }
    }

    /// The disputes of these documents that stand, by document.
    pub fn disputed(&self, rows: &[Row]) -> Result<BTreeMap<InvoiceId, Dispute>, StoreError> {
        let mut out = BTreeMap::new();
        for row in rows.iter().filter(|row| row.open().minor > 0 && self.sees(&row.invoice)) {
            out.extend(self.reader.standing_dispute(row.invoice.id)?.map(|x| (row.invoice.id, x)));
        }
        Ok(out)
    }

    /// How many days ahead a payment can be promised.
    pub fn promise_days(&self) -> Result<u16, StoreError> {
        Ok(self.reader.policy()?.promises.days)
    }

    /// What these documents’ newest promises still say on `today`, by document: those that run, and those that were
    /// not kept and of which the money has not come since.
    pub fn promised(&self, rows: &[Row], today: Date) -> Result<BTreeMap<InvoiceId, Promise>, StoreError> {
        let mut out = BTreeMap::new();
        for row in rows.iter().filter(|row| row.open().minor > 0) {
            let Some(promise) = self.newest_promise(row)? else { continue };
            let says = match promise.outcome {
                Outcome::Open if promise.runs_on(today) => true,
                Outcome::Open | Outcome::Broken(_) => !promise.has_come(&self.reader.settled_parts(row.invoice.id)?),
                Outcome::Kept(_) | Outcome::Replaced(_) | Outcome::Withdrawn(_) => false,
            };
            if says {
                out.insert(row.invoice.id, promise);
            }
        }
        Ok(out)
    }

    /// The name of a colleague at the same client; `None` for anybody else.
    pub fn colleague(&self, id: ContactId) -> Result<Option<String>, StoreError> {
        Ok(self.reader.contact(id)?.filter(|c| c.client == self.known.client.id).map(|c| c.name))
    }

    /// The name of a person of the firm, as clients read it in a document's history.
    pub fn staff_name(&self, id: StaffId) -> Result<Option<String>, StoreError> {
        Ok(self.reader.staff(id)?.map(|s| s.name))
    }

    /// The number of another document of the same client, for naming it; also of one that the rights hide, since the
    /// documents that may be seen name it themselves.
    pub fn number_of(&self, id: InvoiceId) -> Result<Option<DocumentNumber>, StoreError> {
        let found = self.reader.invoice(id)?.filter(|i| i.client == self.known.client.id);
        Ok(found.and_then(|i| i.number().cloned()))
    }

    /// The invoice that a credit note of this client takes back, for naming it.
    pub fn credited(&self, row: &Row) -> Result<Option<Invoice>, StoreError> {
        match row.invoice.kind {
            Kind::CreditNote(of) if self.sees(&row.invoice) => {
                Ok(self.reader.invoice(of)?.filter(|i| i.client == self.known.client.id))
            }
            _ => Ok(None),
        }
    }

    /// A receipt of this client, for saying how an invoice was paid.
    pub fn receipt(&self, id: ReceiptId) -> Result<Option<Receipt>, StoreError> {
        Ok(self.reader.receipt(id)?.filter(|r| r.client == self.known.client.id))
    }

    /// A receipt of this client by its number, for whoever sees the whole account: it names what it settles.
    pub fn receipt_numbered(&self, number: &DocumentNumber) -> Result<Option<Receipt>, StoreError> {
        if !self.sees_account() {
            return Ok(None);
        }
        Ok(self.reader.receipt_numbered(number)?.filter(|r| r.client == self.known.client.id))
    }

    /// What a receipt of this client settles, with the numbers of those invoices.
    pub fn settled_by(&self, receipt: &Receipt) -> Result<Vec<Settles>, StoreError> {
        let own = self.sees_account() && receipt.client == self.known.client.id;
        if own { settled_by(self.reader, receipt) } else { Ok(Vec::new()) }
    }

    /// The name of a project that the contact sees.
    pub fn project_name(&self, id: ProjectId) -> Result<Option<String>, StoreError> {
        let found = self.reader.project(id)?.filter(|p| p.client == self.known.client.id);
        Ok(found.filter(|p| self.known.contact.rights.projects.allows(Some(p.id))).map(|p| p.name))
    }

    /// Whether this contact's visit was logged in this hour already.
    pub fn visit_logged(&self, visited: Visited, hour: i64) -> Result<bool, StoreError> {
        self.reader.visit_logged(self.known.contact.id, visited, hour)
    }

    /// The client's books up to `to`, for the statement; empty for a contact who does not see the account.
    pub fn books(&self, to: Date) -> Result<Books, StoreError> {
        if self.sees_account() { Books::of(self.reader, self.known.client.id, to) } else { Ok(Books::default()) }
    }

    /// Receipts and credits with something left to apply.
    pub fn unapplied(&self) -> Result<Vec<Unapplied>, StoreError> {
        if self.sees_account() { self.reader.unapplied_of(self.known.client.id) } else { Ok(Vec::new()) }
    }

    /// Month-end statements, the latest month first, as [`MonthlyReads::statements_of`].
    pub fn month_statements(&self, before: Option<Date>, limit: usize) -> Result<Vec<MonthStatement>, StoreError> {
        let own = self.known.client.id;
        if self.sees_account() { self.reader.statements_of(own, before, limit) } else { Ok(Vec::new()) }
    }

    /// A month-end statement of this client.
    pub fn month_statement(&self, id: StatementId) -> Result<Option<MonthStatement>, StoreError> {
        if !self.sees_account() {
            return Ok(None);
        }
        Ok(self.reader.month_statement(id)?.filter(|x| x.client == self.known.client.id))
    }

    /// The statement that stands for a month.
    pub fn month_statement_of(&self, month: Date) -> Result<Option<MonthStatement>, StoreError> {
        let own = self.known.client.id;
        if self.sees_account() { self.reader.statement_of_month(own, month) } else { Ok(None) }
    }

    /// The bytes of a month-end statement.
    pub fn month_pdf(&self, statement: &MonthStatement) -> Result<Option<Vec<u8>>, StoreError> {
        let own = self.sees_account() && statement.client == self.known.client.id;
        if own { self.reader.file(statement.pdf.digest) } else { Ok(None) }
    }

    /// Whether documents may be seen at all.
    pub fn sees_documents(&self) -> bool {
        self.only.is_none() && self.known.contact.rights.documents
    }

    fn sees_document(&self, document: &Document) -> bool {
        self.sees_documents()
            && document.withdrawn.is_none()
            && self.known.contact.sees_document(document.client, document.project)
    }

    /// A document of this client that the contact may see.
    pub fn document(&self, id: DocumentId) -> Result<Option<Document>, StoreError> {
        Ok(self.reader.document(id)?.filter(|d| self.sees_document(d)))
    }

    /// Documents filed under a project that the contact sees, or under none, newest first, at most `limit`.
    pub fn documents_in(
        &self,
        project: Option<ProjectId>,
        before: Option<DocumentCursor>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        if !self.sees_documents() || !self.known.contact.rights.projects.allows(project) {
            return Ok(Vec::new());
        }
        let (client, shelf) = (self.known.client.id, DocumentShelf::Posted);
        let mut all = self.reader.documents_of_project(client, project, shelf, before, limit)?;
        all.retain(|d| self.sees_document(d));
        Ok(all)
    }

    /// Where the bytes of a document's version lie.
    pub fn document_content(&self, document: &Document, version: u32) -> Result<Option<Content>, StoreError> {
        match document.version(version).filter(|_| self.sees_document(document)) {
            Some(version) => self.reader.content(version.file.digest),
            None => Ok(None),
        }
    }

    /// When the contact saw a document's current version first.
    pub fn document_seen(&self, document: &Document) -> Result<Option<jiff::Timestamp>, StoreError> {
        self.reader.document_seen(self.known.contact.id, document.id, document.current())
    }

    /// What of a document's log is known here, newest first, at most `limit`.
    pub fn log_of_document(&self, document: &Document, limit: usize) -> Result<Vec<LogEntry>, StoreError> {
        if self.sees_document(document) {
            self.reader.log_of_document(document.id, None, limit)
        } else {
            Ok(Vec::new())
        }
    }

    /// The projects that the contact sees.
    pub fn projects(&self) -> Result<Vec<Project>, StoreError> {
        let all = self.reader.projects_of(self.known.client.id)?;
        Ok(all.into_iter().filter(|p| self.known.contact.rights.projects.allows(Some(p.id))).collect())
    }

    /// A page of this client's quotes, newest first.
    pub fn quotes(&self, before: Option<Cursor>, limit: usize) -> Result<Vec<Quote>, StoreError> {
        if !self.sees_billing() {
            return Ok(Vec::new());
        }
        let all = self.reader.quotes_of(self.known.client.id, before.map(|c| (c.day, c.id)), limit)?;
        Ok(all.into_iter().filter(|q| self.known.contact.rights.projects.allows(q.project)).collect())
    }

    /// A quote of this client by its number.
    pub fn quote(&self, number: &DocumentNumber) -> Result<Option<Quote>, StoreError> {
        if self.only.is_some() {
            return Ok(None);
        }
        Ok(self.reader.quote_numbered(number)?.filter(|q| self.known.contact.sees_billing(q.client, q.project)))
    }

    /// The bytes of a version of a quote.
    pub fn quote_pdf(&self, quote: &Quote, version: &Version) -> Result<Option<Vec<u8>>, StoreError> {
        if quote.client == self.known.client.id { self.reader.file(version.pdf.digest) } else { Ok(None) }
    }
}
