//! Undoing an import, as long as nothing was built on what it brought.

use super::super::{author, disputes, found, invoices, payments};
use crate::app::Settings;
use crate::domain::access::{Act, StaffScope};
use crate::domain::calendar;
use crate::domain::event::{Actor, Event, LogEntry};
use crate::domain::ids::{ClientId, ContactId, ImportId, InvoiceId, ReceiptId, StaffId};
use crate::domain::import::{Import, Undone};
use crate::domain::invoice::{Invoice, Kind};
use crate::domain::payment::{Allocation, Source};
use crate::domain::person::Person;
use crate::domain::refusal::{FieldFault, Refusal};
use crate::store::prelude::*;

/// Lines of a client's log that are looked through for what was built on it.
const LOG_MAX: usize = 10_000;
/// Things between two words about how far it is.
const TOLD_EVERY: u64 = 50;

/// Takes away everything that an import brought; `tell` hears of how many of how many things, not at every one.
///
/// # Errors
/// When the role does not allow it, it was undone before ([`Refusal::ImportUndone`]), or something was built on it:
/// what, is said.
pub fn undo(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    settings: &Settings,
    id: ImportId,
    mut tell: impl FnMut(u64, u64),
) -> Result<Done<()>, ActError> {
    scope.may(Act::Work)?;
    let import = found(w.import(id)?.filter(|_| scope.only().is_none()))?;
    if let Some(undone) = import.undone {
        let on = calendar::today(undone.at, &settings.zone);
        return Err(Refusal::ImportUndone(on, who(w, undone.by)?).into());
    }
    if let Some(what) = standing_on(w, &import)? {
        let message = format!("It can’t be undone any more: {what}.");
        return Err(Refusal::from(FieldFault::new("import", message)).into());
    }
    let (mut done, all) = (0_u64, import.size());
    let mut step = || {
        done = done.saturating_add(1);
        if done.is_multiple_of(TOLD_EVERY) {
            tell(done, all);
        }
    };
    for receipt in import.receipts.ids().rev() {
        step();
        let receipt = found(w.receipt(ReceiptId(receipt))?)?;
        for allocation in w.allocations_from(Source::Receipt(receipt.id))? {
            release(w, settings, &allocation)?;
        }
        w.remove_receipt(&receipt)?;
    }
    for document in import.documents.ids().rev() {
        step();
        let document = found(w.invoice(InvoiceId(document))?)?;
        for allocation in w.allocations_from(Source::Credit(document.id))? {
            release(w, settings, &allocation)?;
        }
        w.remove_document(&document)?;
        if let Kind::CreditNote(of) = document.kind {
            disputes::uncredited(w, of, import.at)?;
        }
    }
    for contact in import.contacts.ids().rev() {
        step();
        let contact = found(w.contact(ContactId(contact))?)?;
        w.remove_login(&contact.email)?;
        w.remove_contact(&contact)?;
    }
    for client in import.clients.ids().rev() {
        step();
        let client = found(w.client(ClientId(client))?)?;
        w.remove_client(&client)?;
    }
    let what = format!("{} from {}", import.words(w.firm()?.locale), import.files);
    let (at, by) = (w.now, author(w));
    w.put_import(&Import { undone: Some(Undone { at, by }), ..import })?;
    Ok(w.record(About::FIRM, Event::ImportUndone { import: id, what })?.done(()))
}

/// Who made or undid an import, in a word or two.
///
/// # Errors
/// When the store fails.
pub fn who(reader: &impl Reader, by: StaffId) -> Result<String, StoreError> {
    Ok(reader.staff(by)?.map_or_else(|| "the command line".to_owned(), |x| x.name))
}

/// Takes an allocation back as staff do; an invoice that stays is open again by it, and its reminders go on.
fn release(w: &mut WriteTx<'_>, settings: &Settings, allocation: &Allocation) -> Result<(), ActError> {
    let before = found(w.invoice_row(allocation.invoice)?)?;
    w.remove_allocation(allocation.invoice, allocation.id)?;
    payments::reopen(w, settings, &before).map(drop)
}

/// What was built on an import since, in words; `None` when nothing was.
///
/// # Errors
/// When the store fails.
pub fn standing_on(reader: &impl Reader, import: &Import) -> Result<Option<String>, StoreError> {
    for id in import.documents.ids() {
        let Some(invoice) = reader.invoice(InvoiceId(id))? else { continue };
        if let Some(what) = of_document(reader, import, &invoice)? {
            return Ok(Some(what));
        }
    }
    for id in import.receipts.ids() {
        if let Some(what) = of_receipt(reader, import, ReceiptId(id))? {
            return Ok(Some(what));
        }
    }
    for id in import.clients.ids() {
        if let Some(what) = of_client(reader, import, ClientId(id))? {
            return Ok(Some(what));
        }
    }
    of_contacts(reader, import)
}

fn of_document(reader: &impl Reader, import: &Import, invoice: &Invoice) -> Result<Option<String>, StoreError> {
    let number = invoice.number().map_or_else(String::new, ToString::to_string);
    let log = reader.log_of_invoice(invoice.id, None, LOG_MAX)?;
    let since = log.iter().filter(|x| x.sequence > import.until).find_map(|x| built(&x.event));
    if let Some(what) = since {
        return Ok(Some(format!("{number} {what} since")));
    }
    let own = |source: Source| match source {
        Source::Receipt(id) => import.receipts.has(id.0),
        Source::Credit(id) => import.documents.has(id.0),
        Source::EarlyPayment(_) | Source::WrittenOff(_) => false,
    };
    let mut settled = reader.allocations_of(invoice.id)?.into_iter();
    if settled.any(|x| !own(x.source)) {
        return Ok(Some(format!("something was allocated to {number} since")));
    }
    let mut applied = reader.allocations_from(Source::Credit(invoice.id))?.into_iter();
    if applied.any(|x| x.at > import.at) {
        return Ok(Some(format!("{number} was applied to something since")));
    }
    followed(reader, invoice)
}

/// Whether the firm's own series has given a number after this one, which would then be a gap.
fn followed(reader: &impl Reader, invoice: &Invoice) -> Result<Option<String>, StoreError> {
    let Some(number) = invoice.number() else { return Ok(None) };
    let firm = reader.firm()?;
    let (name, pattern) = match invoice.is_invoice() {
        true => ("invoice", &firm.series.invoice),
        false => ("credit-note", &firm.series.credit_note),
    };
    let Some(sequence) = pattern.sequence_of(invoice.dated.year(), number) else { return Ok(None) };
    let last = reader.last_in_series(&invoices::series(name, pattern, invoice.dated))?;
    Ok((last > sequence).then(|| format!("the series has gone on after {number}, which would be a gap")))
}

fn of_receipt(reader: &impl Reader, import: &Import, id: ReceiptId) -> Result<Option<String>, StoreError> {
    let Some(receipt) = reader.receipt(id)? else { return Ok(None) };
    let of = format!("the payment of {} on {}", receipt.amount, receipt.on);
    if receipt.reversed.is_some() {
        return Ok(Some(format!("{of} was taken back since")));
    }
    let mut applied = reader.allocations_from(Source::Receipt(id))?.into_iter();
    Ok(applied.any(|x| x.at > import.at).then(|| format!("{of} was applied to something since")))
}

fn of_client(reader: &impl Reader, import: &Import, id: ClientId) -> Result<Option<String>, StoreError> {
    let Some(client) = reader.client(id)? else { return Ok(None) };
    for entry in reader.log_of_client(id, None, LOG_MAX)?.iter().filter(|x| x.sequence > import.until) {
        let Some(what) = built(&entry.event) else { continue };
        if !is_gone(reader, entry)? {
            return Ok(Some(format!("the client {} {what} since", client.party.name)));
        }
    }
    Ok(None)
}

/// Whether what an entry tells of came with another import that was undone.
fn is_gone(reader: &impl Reader, entry: &LogEntry) -> Result<bool, StoreError> {
    Ok(match (entry.invoice, &entry.event) {
        (Some(invoice), _) => reader.invoice(invoice)?.is_none(),
        (None, Event::ReceiptRecorded { receipt, .. }) => reader.receipt(*receipt)?.is_none(),
        (None, Event::ContactAdded { contact, .. }) => reader.contact(*contact)?.is_none(),
        _ => false,
    })
}

fn of_contacts(reader: &impl Reader, import: &Import) -> Result<Option<String>, StoreError> {
    for id in import.contacts.ids().map(ContactId) {
        let Some(contact) = reader.contact(id)? else { continue };
        let known =
            reader.password_hash(Person::Contact(id))?.is_some() || contact.since != import.at || !contact.active;
        let log = reader.log_of_client(contact.client, None, LOG_MAX)?;
        let acted = log.iter().any(|x| x.sequence > import.until && names(&x.event, id));
        let by = log.iter().any(|x| x.by.actor == Actor::Contact(id));
        if known || acted || by {
            return Ok(Some(format!("the contact {} was invited, changed or came in since", contact.name)));
        }
    }
    Ok(None)
}

fn names(event: &Event, id: ContactId) -> bool {
    matches!(event, Event::ContactChanged { contact, .. } | Event::ContactRevoked { contact, .. } if *contact == id)
}

/// What an event built on what it is about; `None` for a look by staff.
fn built(event: &Event) -> Option<&'static str> {
    use Event as E;
    Some(match event {
        E::StaffPreviewed { .. } | E::StaffDownloaded { .. } => return None,
        E::StaffStatementDownloaded { .. } | E::StaffOpenItemsDownloaded { .. } => return None,
        E::Allocated { .. } | E::AllocationUndone { .. } => "was paid or credited",
        E::LetterQueued { .. } | E::LetterAccepted { .. } => "had a letter sent about it",
        E::Opened { .. } | E::Downloaded { .. } => "was opened by the client",
        E::WrittenOff { .. } => "was written off",
        E::PaymentPromised { .. } => "was promised",
        E::Dispute { .. } => "was disputed",
        E::CertificateMade { .. } => "had a certificate made of it",
        E::InvoiceIssued { .. } | E::InvoicePublished { .. } | E::CreditNoteIssued { .. } => "got documents",
        E::ClientChanged { .. } => "was given other particulars",
        E::ContactAdded { .. } => "got a contact",
        E::ContactChanged { .. } | E::ContactRevoked { .. } => "had a contact changed",
        E::ProjectAdded { .. } => "got a project",
        E::DraftSaved { .. } | E::QuoteBilled { .. } => "got a draft",
        E::QuoteSent { .. } => "got a quote",
        E::QuoteOpened { .. } | E::QuoteDownloaded { .. } => "opened a quote",
        E::QuoteAccepted { .. } | E::QuoteDeclined { .. } => "answered a quote",
        E::ReceiptRecorded { .. } => "made a payment",
        E::ReceiptReversed { .. } | E::PaymentTakenBack { .. } => "had a payment taken back",
        E::Refunded { .. } | E::RefundReturned { .. } => "was paid something back",
        E::EarlyPaymentTaken { .. } => "was paid early",
        E::LetterDeferred { .. } | E::LetterFailed { .. } | E::LetterBounced { .. } => "had a letter sent about it",
        E::ReminderSuperseded { .. } | E::ReminderExpired { .. } | E::ReminderSkipped { .. } => {
            "came up for a reminder"
        }
        E::RemindersPaused { .. } | E::RemindersGoOn { .. } => "had its reminders paused or going on",
        E::ContactStopped { .. } | E::ContactResumed { .. } => "had its reminders stopped or going on",
        E::CallAskedFor { .. } | E::Called { .. } => "was to be called about",
        E::SignedIn { .. } | E::StatementOpened | E::StatementDownloaded { .. } | E::OpenItemsDownloaded { .. } => {
            "was looked at by its contacts"
        }
        E::DocumentPosted { .. } | E::DocumentWithdrawn { .. } | E::DocumentErased { .. } => "had files posted",
        E::RecurringSaved { .. } | E::RecurringMade { .. } => "got a recurring document",
        E::MonthPublished { .. } => "got a month-end statement",
        E::CreditLimitSet { .. } | E::CreditHeld { .. } | E::CreditHoldLifted { .. } => "was given other credit terms",
        E::PutOff { .. } | E::ShownAgain { .. } => "was put off under Today",
        E::PromiseWithdrawn { .. } | E::PromiseKept { .. } | E::PromiseBroken { .. } => "was promised",
        E::LateNoteDrafted { .. } => "was charged for late payment",
        E::LateExcepted { .. } | E::LateExceptionEnded { .. } => "was given other terms of late payment",
        _ => "was changed",
    })
}
