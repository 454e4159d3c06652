//! Late payment notes: what late payment of an invoice has cost so far, and a document of its own that charges it.
//!
//! A note knows the invoice and the days that it charges, so that a later one goes on with the days after, and the
//! fixed sum comes once. One that was discarded, or credited whole, leaves its days to the next. What a draft charges
//! is reckoned again as it is issued. A note itself bears no interest.

use jiff::Span;
use jiff::civil::Date;

use super::found;
use super::invoices::{Draft, as_invoice};
use crate::documents::{LateDays, late_words};
use crate::domain::access::{Act, StaffScope};
use crate::domain::client::Client;
use crate::domain::credit::Credited;
use crate::domain::event::Event;
use crate::domain::firm::Firm;
use crate::domain::ids::InvoiceId;
use crate::domain::invoice::{Invoice, References};
use crate::domain::late_interest::{Accrued, LateCharge, Stretch, accrued, as_charged};
use crate::domain::late_payment::{LateException, LatePayment};
use crate::domain::money::Money;
use crate::domain::number::DocumentNumber;
use crate::domain::payment::{Allocation, Source};
use crate::domain::refusal::{Faults, FieldFault, Refusal};
use crate::domain::score::Owed;
use crate::domain::tax::{Content, Exemption, LINES_MAX, Line, Vat, VatCategory};
use crate::domain::terms::Terms;
use crate::store::late::LateLook;
use crate::store::prelude::*;
use rust_decimal::Decimal;

/// How far ahead it is looked for the day on which a note comes to enough, in days.
const AHEAD_MAX: i64 = 3_660;
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
    let notes = notes_of(r, invoice.id)?;
    let (accrued, fixed) = reckon(&owed, &policy, &standing(&notes, None), through);
    Ok(Some(Late { accrued, fixed, notes, exception, policy }))
}

/// The notes for an invoice, the oldest first, each with whether it still counts.
fn notes_of(r: &impl Reader, of: InvoiceId) -> Result<Vec<(Invoice, bool)>, StoreError> {
    let mut notes = Vec::new();
    for note in r.late_notes_of(of)? {
        let counts = counts(r, &note)?;
        notes.push((note, counts));
    }
    Ok(notes)
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
    let row = found(w.invoice_row(of)?.filter(|row| scope.sees(row.invoice.client)))?;
    scope.may(Act::Work)?;
    let (due, invoice) = (row.due(), row.invoice);
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
    w.set_late_drafted_for(of, due)?;
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

/// What a look for a note by itself comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ByItself {
    /// It is drafted.
    Draft,
    /// It comes to too little, or is disputed as far as it is late, until this day.
    From(Date),
    Nothing,
}

/// Once for an invoice, and where that draft was discarded once more for its next due date; nothing where none is
/// offered.
fn by_itself(r: &impl Reader, of: InvoiceId, today: Date) -> Result<ByItself, StoreError> {
    let Some(row) = r.invoice_row(of)?.filter(|row| row.open().minor > 0) else { return Ok(ByItself::Nothing) };
    let Some(late) = so_far(r, &row.invoice, today)? else { return Ok(ByItself::Nothing) };
    // Once its dispute is over it is looked at again.
    if r.standing_dispute(of)?.is_some_and(|x| x.holds(row.open())) {
        return Ok(ByItself::Nothing);
    }
    let once = late.notes.is_empty() && r.late_drafted_for(of)? != Some(row.due());
    let enough = late.accrued.days_late() >= i32::from(late.policy.after);
    if !once || !enough || !late.policy.drafts() || late.exception.is_some() {
        return Ok(ByItself::Nothing);
    }
    // Of instalments that are disputed nothing is asked for: it waits for the first that is not.
    let asked = r.asked_due(&row)?;
    let from = asked.saturating_add(Span::new().days(i64::from(late.policy.after)));
    if asked != row.due() && from > today {
        return Ok(ByItself::From(from));
    }
    let least = late.policy.least_in(row.invoice.currency);
    if late.total() >= least {
        return Ok(ByItself::Draft);
    }
    let owed = r.owed_of(&row.invoice)?;
    let from = owed.and_then(|owed| comes_to(&owed, &late.policy, least, today));
    Ok(from.map_or(ByItself::Nothing, ByItself::From))
}

/// The first day after `today` by the end of which so much accrued, if nothing happens.
fn comes_to(owed: &Owed, policy: &LatePayment, least: i64, today: Date) -> Option<Date> {
    let on = |days: i64| today.saturating_add(Span::new().days(days));
    let enough = |days: i64| {
        let (found, fixed) = reckon(owed, policy, &[], on(days));
        found.interest().saturating_add(fixed.map_or(0, |x| x.minor)) >= least
    };
    let (mut too_few, mut enough_days) = (0, AHEAD_MAX);
    if !enough(enough_days) {
        return None;
    }
    while enough_days - too_few > 1 {
        let middle = too_few + (enough_days - too_few) / 2;
        if enough(middle) { enough_days = middle } else { too_few = middle }
    }
    Some(on(enough_days))
}

/// Whether [`draft_by_itself`] would change anything.
///
/// # Errors
/// When the store fails.
pub fn would_draft(r: &impl Reader, of: InvoiceId, today: Date) -> Result<bool, StoreError> {
    Ok(by_itself(r, of, today)? != ByItself::Nothing)
}

/// As [`draft`], for what is late enough, by itself: once for an invoice, and where that draft was discarded once more
/// for its next due date. Nothing where none is offered or all that is open is disputed. What comes to too little, or
/// is disputed as far as it is late, is looked at again on the day on which that is otherwise.
///
/// # Errors
/// When the store fails.
pub fn draft_by_itself(w: &mut WriteTx<'_>, of: InvoiceId, today: Date) -> Result<bool, ActError> {
    match by_itself(w, of, today)? {
        ByItself::Nothing => Ok(false),
        ByItself::From(day) => {
            w.put_late_look(Some(day), LateLook::Invoice(of))?;
            Ok(false)
        }
        ByItself::Draft => {
            let _ = draft(w, &StaffScope::all(), of, today)?;
            Ok(true)
        }
    }
}

/// After an invoice came, or is open again, or by another due date, or its dispute is over: the scheduler may have
/// looked past that day, and looks at the invoice by itself then. What is imported is not told here: it is for people
/// to look at, until what is charged for late payment is kept anew and everything late is looked at.
pub(super) fn looked_past(w: &mut WriteTx<'_>, invoice: InvoiceId) -> Result<(), StoreError> {
    let Some(last) = w.late_drafted()? else { return Ok(()) };
    let row = w.invoice_row(invoice)?.filter(|row| row.open().minor > 0 && row.due() <= last);
    if row.is_some() && w.late_payment()?.drafts() {
        w.put_late_look(None, LateLook::Invoice(invoice))?;
    }
    Ok(())
}

/// What an issued note would ask for, reckoned by what is recorded of its invoice now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anew {
    /// That, in minor units.
    pub now: i64,
    /// By how much it asks for more than that after its credits, in minor units; below zero for less. Never zero.
    pub less: i64,
    /// The days of payments of the days that it charges which were recorded since it was issued.
    pub paid: Vec<Date>,
}

/// What the notes before a note charge, as they stood when it was drafted: one that had been credited whole by then had
/// left its days to it. One that is credited later had not: this note never asked for them.
fn charged_before(r: &impl Reader, note: &Invoice) -> Result<Vec<Stretch>, StoreError> {
    let Some(of) = note.late.as_ref().map(|x| x.of) else { return Ok(Vec::new()) };
    let mut charged = Vec::new();
    for before in r.late_notes_of(of)?.into_iter().filter(|x| x.id < note.id) {
        let mut credits = r.credit_notes_for(&before)?;
        // A credit note gets its identifier as it is issued, and a note as it is drafted.
        credits.retain(|x| x.id < note.id);
        let counted = credits.is_empty() || Credited::of(&before, &credits).is_none_or(|x| x.is_left());
        charged.extend(before.late.filter(|_| counted).into_iter().flat_map(|x| x.stretches));
    }
    Ok(charged)
}

/// What an issued note would ask for now, with the days and rates that it charges; `None` while that is what it asks
/// for. Nothing changes by it.
///
/// # Errors
/// When the store fails.
pub fn anew(r: &impl Reader, note: &Invoice) -> Result<Option<Anew>, StoreError> {
    let (Some(late), Some(issue)) = (&note.late, &note.issue) else { return Ok(None) };
    let Some(invoice) = r.invoice(late.of)? else { return Ok(None) };
    let Some(owed) = r.owed_of(&invoice)? else { return Ok(None) };
    let charged = charged_before(r, note)?;
    let rates = as_charged(&r.late_payment()?.rates, &late.stretches);
    let found = accrued(&owed, &rates, &charged, late.until);
    let now = found.interest().saturating_add(late.fixed.filter(|_| found.late.is_some()).unwrap_or(0));
    let credits = r.credit_notes_for(note)?;
    let credited = credits.iter().fold(0_i64, |sum, x| sum.saturating_add(x.payable().minor));
    let less = note.payable().minor.saturating_sub(credited).saturating_sub(now);
    // What was credited beyond it was a courtesy, and what it lacks is in a note that followed.
    let follows = notes_of(r, late.of)?.iter().any(|(x, counts)| *counts && x.id > note.id && x.issue.is_some());
    if less == 0 || (less < 0 && (credited > 0 || follows)) {
        return Ok(None);
    }
    let since = |x: &&Allocation| x.at > issue.at && x.on < late.until && matches!(x.source, Source::Receipt(_));
    let mut paid: Vec<Date> = r.allocations_of(late.of)?.iter().filter(since).map(|x| x.on).collect();
    paid.sort_unstable();
    paid.dedup();
    Ok(Some(Anew { now, less, paid }))
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

/// What a draft that is saved again must stay: for the same client, in the same currency, with the lines and amounts
/// that were reckoned, dated when their days are over.
///
/// # Errors
/// A fault of the field `client`, `currency`, `lines`, `due` or `issued`.
pub(super) fn carry_on(kept: &Invoice, draft: &mut Invoice) -> Result<(), Refusal> {
    let Some(late) = &kept.late else { return Ok(()) };
    let (number, mut faults) = (&late.number, Faults::default());
    if draft.client != kept.client {
        faults.add("client", format!("A late payment note stays with the client of {number}."));
    }
    if draft.currency != kept.currency {
        faults.add("currency", format!("A late payment note stays in {}, as {number} is.", kept.currency));
    }
    if (&draft.body, draft.delivered, &draft.period) != (&kept.body, kept.delivered, &kept.period) {
        faults.add("lines", AS_RECKONED);
    }
    if draft.terms != kept.terms {
        faults.add("due", "A late payment note is due whole, on one day.");
    }
    if draft.dated < late.until {
        let until = late.until.strftime("%-d %B %Y");
        faults.add("issued", format!("It charges the days until {until}, so it is dated then or later."));
    }
    faults.check()?;
    draft.late = Some(late.clone());
    Ok(())
}

/// Why the lines of a note are not edited.
pub const AS_RECKONED: &str = "The lines and amounts of a late payment note are reckoned, and not edited by hand. Discard \
    it and make a new one if they should be others.";

/// Refuses to issue a note that would charge what is not so any more: a payment or a credit came, the rates are others,
/// another note charges it, or nothing is charged for late payment now.
///
/// # Errors
/// A fault of the field `lines`.
pub fn check(r: &impl Reader, note: &Invoice) -> Result<(), ActError> {
    let Some(late) = note.late.as_ref().filter(|_| note.issue.is_none()) else { return Ok(()) };
    let invoice = found(r.invoice(late.of)?)?;
    let owed = found(r.owed_of(&invoice)?)?;
    let notes = notes_of(r, late.of)?;
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
