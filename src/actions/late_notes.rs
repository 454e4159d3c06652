//! Late payment notes: what late payment of an invoice has cost so far, and a document of its own that charges it.
//!
//! A note knows the invoice and the days that it charges, so that a later one goes on with the days after, and the
//! fixed sum comes once. One that was discarded, or credited whole, leaves its days to the next. What a draft charges
//! is reckoned again as it is issued. A note itself bears no interest.

use jiff::civil::Date;

use super::found;
use super::invoices::{Draft, as_invoice};
use crate::documents::{LateDays, late_words};
use crate::domain::access::{Act, StaffScope};
use crate::domain::client::Client;
use crate::domain::credit::Credited;
use crate::domain::event::{By, Event};
use crate::domain::firm::Firm;
use crate::domain::ids::InvoiceId;
use crate::domain::invoice::{Invoice, References};
use crate::domain::late_interest::{Accrued, LateCharge, Stretch, accrued};
use crate::domain::late_payment::{LateException, LatePayment};
use crate::domain::money::Money;
use crate::domain::number::DocumentNumber;
use crate::domain::refusal::{FieldFault, Refusal};
use crate::domain::score::Owed;
use crate::domain::tax::{Content, Exemption, LINES_MAX, Line, Vat, VatCategory};
use crate::domain::terms::Terms;
use crate::store::prelude::*;
use rust_decimal::Decimal;

/// Why no VAT is charged, as a code (BT-121): not subject to VAT.
const NO_VAT: &str = "VATEX-EU-O";

/// What late payment of an invoice has cost so far.
#[derive(Clone, Debug)]
pub struct Late {
    /// What accrued and no note charges yet, and on which days anything was late at all.
    pub accrued: Accrued,
    /// The fixed sum, where it is due and no note charges it yet.
    pub fixed: Option<Money>,
    /// Notes for it, the oldest first, each with whether it still counts.
    pub notes: Vec<(Invoice, bool)>,
    /// Why its client is charged nothing, if so.
    pub exception: Option<LateException>,
    /// What is charged for late payment.
    pub policy: LatePayment,
}

impl Late {
    /// What a note would charge, in minor units.
    pub fn total(&self) -> i64 {
        self.accrued.interest().saturating_add(self.fixed.map_or(0, |x| x.minor))
    }

    /// Whether a note is offered: charged at all, late enough, and something to charge.
    pub fn is_offered(&self) -> bool {
        let late = self.accrued.days_late() >= i32::from(self.policy.after);
        self.policy.on && self.exception.is_none() && late && self.total() > 0 && self.waiting().is_none()
    }

    /// The note that was drafted and waits to be issued.
    pub fn waiting(&self) -> Option<InvoiceId> {
        self.notes.iter().find(|x| x.0.issue.is_none()).map(|x| x.0.id)
    }
}

/// Whether late payment of a document can cost anything: it is an issued invoice that asks its client to pay, and no
/// late payment note.
pub fn bears_interest(invoice: &Invoice) -> bool {
    invoice.is_invoice() && invoice.issue.is_some() && invoice.late.is_none() && invoice.reminds()
}

/// What late payment of an invoice has cost until the end of `through`; `None` for what bears no interest.
///
/// # Errors
/// When the store fails.
pub fn so_far(r: &impl Reader, invoice: &Invoice, through: Date) -> Result<Option<Late>, StoreError> {
    let Some(owed) = r.owed_of(invoice)?.filter(|_| bears_interest(invoice)) else { return Ok(None) };
    let (policy, exception) = (r.late_payment()?, r.late_exception(invoice.client)?);
    let mut notes = Vec::new();
    for note in r.late_notes_of(invoice.id)? {
        let counts = counts(r, &note)?;
        notes.push((note, counts));
    }
    let (accrued, fixed) = reckon(&owed, &policy, &standing(&notes, None), through);
    Ok(Some(Late { accrued, fixed, notes, exception, policy }))
}

/// Whether a note still charges what it says: it was not credited whole.
fn counts(r: &impl Reader, note: &Invoice) -> Result<bool, StoreError> {
    let credits = if note.issue.is_some() { r.credit_notes_for(note)? } else { Vec::new() };
    Ok(credits.is_empty() || Credited::of(note, &credits).is_none_or(|x| x.is_left()))
}

/// What the notes that count charge, but for one of them.
fn standing(notes: &[(Invoice, bool)], but: Option<InvoiceId>) -> Vec<&LateCharge> {
    notes.iter().filter(|(note, counts)| *counts && Some(note.id) != but).filter_map(|x| x.0.late.as_ref()).collect()
}

/// What accrued until `through` beside what others charge, and the fixed sum if it is due.
fn reckon(owed: &Owed, policy: &LatePayment, others: &[&LateCharge], through: Date) -> (Accrued, Option<Money>) {
    let charged: Vec<_> = others.iter().flat_map(|x| x.stretches.iter().copied()).collect();
    let found = accrued(owed, &policy.rates, &charged, through);
    let once = found.late.is_some() && others.iter().all(|x| x.fixed.is_none());
    let fixed = policy.fixed_in(owed.currency).filter(|_| once);
    (found, fixed)
}

/// Makes a draft of a late payment note for an invoice, reckoned until the end of `today`.
///
/// # Errors
/// When the scope does not allow it, the invoice bears no interest, a draft waits already ([`Refusal::Repeated`] with
/// it), or no note is offered.
pub fn draft(w: &mut WriteTx<'_>, scope: &StaffScope, of: InvoiceId, today: Date) -> Result<Done<InvoiceId>, ActError> {
    let invoice = found(w.invoice(of)?.filter(|i| scope.sees(i.client)))?;
    scope.may(Act::Work)?;
    let late = found(so_far(w, &invoice, today)?)?;
    if let Some(waiting) = late.waiting() {
        return Err(Refusal::Repeated(waiting.0).into());
    }
    if !late.is_offered() {
        let message = "There is nothing to charge for late payment of this invoice now.";
        return Err(Refusal::from(FieldFault::new("late", message)).into());
    }
    let (firm, client) = (w.firm()?, found(w.client(invoice.client)?)?);
    let charge = charge(found(invoice.number())?.clone(), of, &late, today);
    let draft = paper(&firm.speaking(client.language), &client, &invoice, &charge, today);
    let id = InvoiceId(w.next("invoice")?);
    let note = Invoice { late: Some(charge), ..as_invoice(id, &draft, w.now) };
    w.put_invoice(&note)?;
    let event = Event::LateNoteDrafted { note: id, of, total: note.payable(), until: today };
    Ok(w.record(About::invoice(invoice.client, of), event)?.done(id))
}

/// What a note charges: all that accrued, as far as a document has lines for it.
fn charge(number: DocumentNumber, of: InvoiceId, late: &Late, today: Date) -> LateCharge {
    let (all, fixed) = (&late.accrued.stretches, late.fixed.map(|x| x.minor));
    let stretches: Vec<Stretch> = all.iter().take(LINES_MAX - 1).copied().collect();
    let whole = stretches.len() == all.len();
    let until = stretches.last().map_or(today, |x| if whole { today } else { x.to });
    LateCharge { of, number, until, stretches, fixed }
}

/// As [`draft`], for what became late enough by itself: once for each invoice, and nothing where none is offered.
///
/// # Errors
/// When the store fails.
pub fn draft_by_itself(w: &mut WriteTx<'_>, of: InvoiceId, today: Date) -> Result<bool, ActError> {
    let Some(invoice) = w.invoice(of)? else { return Ok(false) };
    let Some(late) = so_far(w, &invoice, today)? else { return Ok(false) };
    if !late.notes.is_empty() || !late.policy.drafts() || !late.is_offered() {
        return Ok(false);
    }
    let _ = draft(w, &StaffScope::all(), of, today)?;
    Ok(true)
}

/// After what had settled an invoice is gone: it may have been late for long enough while the scheduler looked past it.
pub(super) fn reopened(w: &mut WriteTx<'_>, invoice: InvoiceId, today: Date) -> Result<(), ActError> {
    let Some(due) = w.invoice_row(invoice)?.filter(|row| row.open().minor > 0).map(|row| row.due()) else {
        return Ok(());
    };
    if w.late_drafted()?.is_some_and(|last| due <= last) {
        let by = std::mem::replace(&mut w.by, By::job("late payment"));
        let drafted = draft_by_itself(w, invoice, today);
        w.by = by;
        drafted?;
    }
    Ok(())
}

/// The draft of a note, in its reader's language.
fn paper(firm: &Firm, client: &Client, invoice: &Invoice, charge: &LateCharge, today: Date) -> Draft {
    let words = late_words(firm.locale.language());
    let reason = words.no_vat.to_owned();
    let why = Exemption { category: VatCategory::OutOfScope, reason, code: NO_VAT.to_owned() };
    Draft {
        client: invoice.client,
        project: invoice.project,
        title: (words.heading)(charge.number.as_str()),
        currency: invoice.currency,
        dated: today,
        due: client.terms.due(today),
        terms: Terms::default(),
        reference: invoice.reference.clone(),
        references: References::default(),
        delivered: None,
        period: None,
        note: words.note.to_owned(),
        content: Content { exemptions: vec![why], ..Content::of(lines(firm, invoice, charge)) },
        recipients: invoice.recipients.clone(),
    }
}

fn lines(firm: &Firm, invoice: &Invoice, charge: &LateCharge) -> Vec<Line> {
    let (locale, number) = (firm.locale, charge.number.as_str());
    let words = late_words(locale.language());
    let money = |minor| Money::new(minor, invoice.currency);
    let line = |description: String, minor: i64| Line {
        description,
        quantity: Decimal::ONE,
        price: money(minor).decimal(),
        vat: Vat { category: VatCategory::OutOfScope, rate: Decimal::ZERO },
        ..Line::default()
    };
    let interest = |x: &Stretch| {
        let (open, rate) = (locale.money(money(x.open)), locale.percent(x.rate.percent()));
        let (from, to) = (locale.date_long(x.from), locale.date_long(x.to));
        let days = LateDays { number, open: &open, from: &from, to: &to, days: x.days(), rate: &rate };
        line((words.interest)(&days), x.interest)
    };
    let fixed = charge.fixed.map(|minor| line((words.fixed)(number), minor));
    charge.stretches.iter().map(interest).chain(fixed).collect()
}

/// What a draft that is saved again must stay: for the same client, in the same currency.
///
/// # Errors
/// A fault of the field `client` or `currency`.
pub(super) fn carry_on(kept: &Invoice, draft: &mut Invoice) -> Result<(), Refusal> {
    let Some(late) = &kept.late else { return Ok(()) };
    let number = &late.number;
    if draft.client != kept.client {
        let message = format!("A late payment note stays with the client of {number}.");
        return Err(FieldFault::new("client", message).into());
    }
    if draft.currency != kept.currency {
        let message = format!("A late payment note stays in {}, as {number} is.", kept.currency);
        return Err(FieldFault::new("currency", message).into());
    }
    draft.late = Some(late.clone());
    Ok(())
}

/// Refuses to issue a note that would charge what is not so any more: a payment or a credit came, the rates are others,
/// another note charges it, or nothing is charged for late payment now.
///
/// # Errors
/// A fault of the field `lines`.
pub fn check(r: &impl Reader, note: &Invoice) -> Result<(), ActError> {
    let Some(late) = note.late.as_ref().filter(|_| note.issue.is_none()) else { return Ok(()) };
    let invoice = found(r.invoice(late.of)?)?;
    let owed = found(r.owed_of(&invoice)?)?;
    let mut notes = Vec::new();
    for other in r.late_notes_of(late.of)?.into_iter().filter(|x| x.id != note.id) {
        let counts = counts(r, &other)?;
        notes.push((other, counts));
    }
    let others = standing(&notes, Some(note.id));
    let policy = r.late_payment()?;
    if !policy.on || r.late_exception(note.client)?.is_some() {
        let message = "Late payment is not charged, or not to this client, any more. Discard the draft.";
        return Err(Refusal::from(FieldFault::new("lines", message)).into());
    }
    let (now, fixed) = reckon(&owed, &policy, &others, late.until);
    if now.stretches != late.stretches || fixed.map(|x| x.minor) != late.fixed {
        let message = format!(
            "What late payment of {} costs is not what this draft says any more. Discard it and make a new note.",
            late.number
        );
        return Err(Refusal::from(FieldFault::new("lines", message)).into());
    }
    Ok(())
}
