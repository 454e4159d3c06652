//! Doing what was planned, in one transaction.

use jiff::{Timestamp, civil::Date};

use super::super::clients::NewClient;
use super::super::invoices::{begin_reminders, issued_by};
use super::super::people::NewContact;
use super::super::{author, disputes, found, payments};
use super::intake::{DocumentRow, Intake, Remark};
use super::plan::{Choices, Plan, PlannedDocument, PlannedPayment, Which, Whose, plan};
use crate::app::Settings;
use crate::documents::{CSV, XML};
use crate::domain::access::StaffScope;
use crate::domain::client::Client;
use crate::domain::event::Event;
use crate::domain::firm::{Firm, Letterhead, Locale};
use crate::domain::ids::{ClientId, ContactId, FileRef, ImportId, InvoiceId, ReceiptId, StaffId};
use crate::domain::import::Import;
use crate::domain::incoming::Incoming;
use crate::domain::invoice::{Body, Elsewhere, Invoice, Issue, Kind};
use crate::domain::money::Money;
use crate::domain::payment::{Receipt, Source};
use crate::domain::person::{Contact, Person};
use crate::domain::refusal::{FieldFault, Refusal};
use crate::domain::terms::{DueRule, Terms};
use crate::store::prelude::*;

/// Most remarks that a refusal quotes.
const QUOTED: usize = 5;
/// Progress is told once in so many.
const PROGRESS_EVERY: usize = 64;

/// What came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    /// The import.
    pub id: ImportId,
    /// "12 invoices, 3 payments".
    pub words: String,
}

/// Brings everything in, or nothing.
///
/// # Errors
/// When the role does not allow it, something can't be brought in and is not to be left out, or nothing is there.
pub fn perform(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    settings: &Settings,
    intake: &Intake,
    choices: Choices,
    mut progress: impl FnMut(u64, u64),
) -> Result<Done<Brought>, ActError> {
    let plan = plan(w, scope, intake, choices)?;
    let grave: Vec<&Remark> = intake.remarks.iter().chain(&plan.remarks).filter(|x| x.grave).collect();
    // The same files twice can't be left out of themselves.
    let again = plan.remarks.first().filter(|x| x.grave && x.row == 0 && x.column.is_empty());
    if (!grave.is_empty() && !choices.leave_out) || again.is_some() {
        return Err(refused(&grave, w.firm()?.locale).into());
    }
    if plan.is_empty() {
        return Err(Refusal::from(FieldFault::new("file", "There is nothing in it to bring in.")).into());
    }
    let firm = w.firm()?;
    let id = ImportId(w.next("import")?);
    let import = Import {
        id,
        at: w.now,
        by: author(w),
        files: intake.files.clone(),
        digest: intake.digest,
        clients: Default::default(),
        contacts: Default::default(),
        documents: Default::default(),
        receipts: Default::default(),
        until: 0,
        undone: None,
    };
    let all = (plan.clients.len() + plan.contacts.len() + plan.documents.len() + plan.payments.len()) as u64;
    let mut done = 0;
    let mut step = move || {
        done += 1;
        if done % PROGRESS_EVERY == 0 || done as u64 == all {
            progress(done as u64, all);
        }
    };
    let mut import = Bringing { w, settings, firm, choices, import, clients: Vec::new(), documents: Vec::new() };
    import.people(&plan, &mut step)?;
    for document in &plan.documents {
        import.document(document)?;
        step();
    }
    for payment in &plan.payments {
        import.payment(payment)?;
        step();
    }
    import.end()
}

fn refused(grave: &[&Remark], locale: Locale) -> Refusal {
    let one = |x: &&Remark| {
        let row = if x.row == 0 { String::new() } else { format!(", row {}", x.row) };
        FieldFault::new(&format!("{}{row}", x.file), x.message.clone())
    };
    let mut faults: Vec<FieldFault> = grave.iter().take(QUOTED).map(one).collect();
    let more = grave.len().saturating_sub(QUOTED) as u64;
    if more > 0 {
        faults.push(FieldFault::new("file", format!("And {} more. Nothing was brought in.", locale.count(more))));
    }
    Refusal::Fields(faults)
}

struct Bringing<'w, 'x> {
    w: &'w mut WriteTx<'x>,
    settings: &'w Settings,
    firm: Firm,
    choices: Choices,
    import: Import,
    /// The clients that were added, in the plan's order.
    clients: Vec<ClientId>,
    /// The documents that were kept, in the plan's order.
    documents: Vec<InvoiceId>,
}

impl Bringing<'_, '_> {
    fn people(&mut self, plan: &Plan<'_>, step: &mut impl FnMut()) -> Result<(), ActError> {
        for new in plan.clients.clone() {
            let (id, since) = (ClientId(self.w.next("client")?), self.w.now);
            let name = new.party.name.clone();
            let NewClient { party, reference, language, currency, terms, manager, note } = new;
            self.w.put_client(&Client { id, party, reference, language, currency, terms, manager, note, since })?;
            let _ = self.w.record(About::client(id), Event::ClientAdded { client: id, name })?;
            self.import.clients.add(id.0);
            self.clients.push(id);
            step();
        }
        for (whose, new) in plan.contacts.clone() {
            let (id, client, since) = (ContactId(self.w.next("contact")?), self.client(whose)?, self.w.now);
            let NewContact { name, title, email, phone, language, zone, rights, leads, .. } = new;
            let contact = Contact {
                id,
                client,
                name,
                title,
                email,
                phone,
                language,
                zone,
                format: None,
                rights,
                leads,
                active: true,
                since,
            };
            self.w.put_contact(&contact)?;
            self.w.put_login(Person::Contact(id), None, &contact.email)?;
            let event = Event::ContactAdded { contact: id, name: contact.name };
            let _ = self.w.record(About::client(client), event)?;
            self.import.contacts.add(id.0);
            step();
        }
        Ok(())
    }

    fn client(&self, whose: Whose) -> Result<ClientId, Refusal> {
        match whose {
            Whose::Known(id) => Ok(id),
            Whose::New(at) => self.clients.get(at).copied().ok_or(Refusal::TryAgain),
        }
    }

    fn invoice(&self, which: Which) -> Result<InvoiceId, Refusal> {
        match which {
            Which::Known(id) => Ok(id),
            Which::New(at) => self.documents.get(at).copied().ok_or(Refusal::TryAgain),
        }
    }

    fn document(&mut self, planned: &PlannedDocument<'_>) -> Result<(), ActError> {
        let client = self.client(planned.whose)?;
        let of = planned.credits.map(|x| self.invoice(x)).transpose()?;
        let known = found(self.w.client(client)?)?;
        let id = InvoiceId(self.w.next("invoice")?);
        let elsewhere = Elsewhere { import: Some(self.import.id), reminds: self.choices.remind };
        let made = Made { id, client: &known, of, elsewhere, by: issued_by(&self.w.by), now: self.w.now };
        let pdf = keep(self.w, planned.row)?;
        let invoice = made.invoice(&self.firm, planned.row, pdf);
        let (number, total) = (planned.row.incoming.number.clone(), invoice.payable());
        let digest = invoice.issue.as_ref().map(|x| x.pdf.digest).ok_or(Refusal::TryAgain)?;
        self.w.put_invoice(&invoice)?;
        let event = Event::DocumentImported { invoice: id, number, total, digest };
        let _ = self.w.record(About::invoice(client, id), event)?;
        match of {
            Some(of) => self.credit(&invoice, of)?,
            None => begin_reminders(self.w, &invoice, self.settings)?,
        }
        self.import.documents.add(id.0);
        self.documents.push(id);
        Ok(())
    }

    /// Settles the invoice that a credit note takes back, as far as it is open.
    fn credit(&mut self, credit: &Invoice, of: InvoiceId) -> Result<(), ActError> {
        self.allocate(of, Source::Credit(credit.id), credit.payable(), credit.dated)?;
        // Paid already: what was agreed on is credited all the same.
        disputes::credited(self.w, of, credit)?;
        self.w.put_unapplied(credit.client, Source::Credit(credit.id), credit.payable())?;
        Ok(())
    }

    fn allocate(&mut self, of: InvoiceId, source: Source, whole: Money, on: Date) -> Result<(), ActError> {
        let row = found(self.w.invoice_row(of)?)?;
        let part = Money::new(row.open().minor.min(whole.minor), whole.currency);
        if part.minor > 0 {
            let _ = payments::allocate(self.w, &row, source, part, on, "")?;
        }
        Ok(())
    }

    fn payment(&mut self, planned: &PlannedPayment<'_>) -> Result<(), ActError> {
        let (client, amount) = (self.client(planned.whose)?, planned.amount);
        payments::check_amount(amount).map_err(Refusal::from)?;
        let (id, at, by) = (ReceiptId(self.w.next("receipt")?), self.w.now, author(self.w));
        let (on, method, reference) = (planned.row.on, planned.row.method, planned.row.reference.clone());
        let payer = found(self.w.client(client)?)?.party;
        let (number, payee) = payments::next_number(self.w, on)?;
        let event = Event::ReceiptRecorded { receipt: id, number: number.clone(), amount };
        let reversed = None;
        self.w.put_receipt(&Receipt {
            id,
            client,
            number,
            payer,
            payee,
            amount,
            on,
            method,
            reference,
            at,
            by,
            reversed,
        })?;
        let _ = self.w.record(About::client(client), event)?;
        if let Some(of) = planned.of {
            let of = self.invoice(of)?;
            self.allocate(of, Source::Receipt(id), amount, on)?;
        }
        self.w.put_unapplied(client, Source::Receipt(id), amount)?;
        self.import.receipts.add(id.0);
        Ok(())
    }

    fn end(mut self) -> Result<Done<Brought>, ActError> {
        let (id, words) = (self.import.id, self.import.words(self.w.firm()?.locale));
        let what = format!("{words} from {}", self.import.files);
        let recorded = self.w.record(About::FIRM, Event::ImportMade { import: id, what })?;
        self.import.until = self.w.log_length()?;
        self.w.put_import(&self.import)?;
        Ok(recorded.done(Brought { id, words }))
    }
}

fn keep(w: &mut WriteTx<'_>, row: &DocumentRow) -> Result<FileRef, StoreError> {
    let ending = match row.media_type {
        XML => "xml",
        CSV => "csv",
        _ => "pdf",
    };
    let (digest, length) = (w.put_file(&row.bytes)?, row.bytes.len() as u64);
    Ok(FileRef { digest, length, name: row.incoming.number.file_name(ending), media_type: row.media_type.to_owned() })
}

/// What a document gets here beside what it says.
struct Made<'c> {
    id: InvoiceId,
    client: &'c Client,
    of: Option<InvoiceId>,
    elsewhere: Elsewhere,
    by: Option<StaffId>,
    now: Timestamp,
}

impl Made<'_> {
    fn invoice(&self, firm: &Firm, row: &DocumentRow, pdf: FileRef) -> Invoice {
        let read = row.incoming.clone();
        let due = due_of(&read, self.client.terms);
        let from_table = row.media_type == CSV;
        let mut letterhead = Letterhead::of(&firm.speaking(self.client.language));
        if !read.bank.iban.is_empty() {
            letterhead.bank = read.bank;
        }
        let issue = Issue {
            number: read.number,
            at: self.now,
            by: self.by,
            pdf,
            seller: read.seller.unwrap_or_else(|| firm.party.clone()),
            // A table says little of whom it charges; the client here is the same with more to it.
            buyer: if from_table { self.client.party.clone() } else { read.buyer },
            letterhead,
            totals: read.totals,
            elsewhere: Some(self.elsewhere),
        };
        let payable = issue.totals.payable();
        Invoice {
            id: self.id,
            client: self.client.id,
            project: None,
            kind: self.of.map_or(Kind::Invoice, Kind::CreditNote),
            title: read.title,
            currency: read.currency,
            dated: read.dated,
            due,
            terms: Terms::default(),
            reference: read.reference,
            references: read.references,
            delivered: read.delivered,
            period: read.period,
            note: read.note,
            // Without lines only its sums are known, and what it was read from is the document.
            body: if read.content.lines.is_empty() { Body::Published(payable) } else { Body::Composed(read.content) },
            recipients: Vec::new(),
            quote: None,
            late: None,
            issue: Some(issue),
            changed: self.now,
        }
    }
}

/// The due date: as the document says, or as the client's terms have it; never before the document itself.
fn due_of(read: &Incoming, terms: DueRule) -> Date {
    read.due.unwrap_or_else(|| if read.credit { read.dated } else { terms.due(read.dated) }).max(read.dated)
}
