//! The reminders of the coming days, over all invoices: what will go, to whom, and what will not, and why. Changes
//! nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;

use super::letters::{Reached, reached};
use super::reminders::Rules;
use crate::app::Settings;
use crate::domain::calendar::today;
use crate::domain::forecast::{Fate, Foreseen, Subject, foresee};
use crate::domain::ids::{ClientId, ContactId, InvoiceId};
use crate::domain::policy::{Channel, Policy, PolicyVersion};
use crate::domain::reminder::{overtaken, plan};
use crate::store::invoices::Row;
use crate::store::letters::StepOutcome;
use crate::store::prelude::*;

/// Invoices that are looked at; beyond them the outlook says that there are more.
pub const INVOICES_MAX: usize = 2_000;

/// One step of one invoice.
#[derive(Clone, Debug)]
pub struct Coming {
    /// When.
    pub at: Timestamp,
    /// The invoice.
    pub row: Row,
    /// Days from the due date.
    pub step: i16,
    /// Whether letters go.
    pub goes: bool,
    /// To whom at the client, when letters go. What goes to the same people of a client at the same time is one letter.
    pub to: Vec<ContactId>,
    /// To whom, or why not.
    pub words: String,
    /// The day on which it falls, and why it goes on another one.
    pub moved: Option<(Date, String)>,
}

/// What lies ahead, soonest first.
#[derive(Clone, Debug, Default)]
pub struct Outlook {
    /// Step by step.
    pub coming: Vec<Coming>,
    /// Whether more invoices wait than were looked at.
    pub more: bool,
}

/// What the reminders do between now and `until`, for the clients that `sees` lets through.
///
/// # Errors
/// When the store fails.
pub fn outlook(
    r: &impl Reader,
    settings: &Settings,
    now: Timestamp,
    until: Timestamp,
    sees: impl Fn(ClientId) -> bool,
) -> Result<Outlook, StoreError> {
    let rules = Rules::now(r, &settings.zone)?;
    let due = r.reminders_ahead(INVOICES_MAX + 1)?;
    let more = due.len() > INVOICES_MAX && due.last().is_some_and(|last| last.0 <= until);
    let soon = due.into_iter().take(INVOICES_MAX).take_while(|look| look.0 <= until).map(|look| look.1);
    // Nobody looks at what is disputed whole, until that is over.
    let disputed = r.standing_disputes(None, INVOICES_MAX)?.into_iter().map(|x| x.invoice);
    let mut coming = Vec::new();
    for id in soon.chain(disputed).collect::<BTreeSet<InvoiceId>>() {
        let Some(row) = r.invoice_row(id)?.filter(|row| sees(row.invoice.client)) else { continue };
        coming.extend(of_invoice(r, &rules, &row, now, until)?);
    }
    coming.sort_by(|a, b| key(a).cmp(&key(b)));
    Ok(Outlook { coming, more })
}

/// The order in which it happens; what goes as one letter stands together.
fn key(x: &Coming) -> (Timestamp, ClientId, &[ContactId], InvoiceId, i16) {
    (x.at, x.row.invoice.client, &x.to, x.row.invoice.id, x.step)
}

/// Puts together what goes as one letter; what does not go stands alone.
pub fn as_letters(coming: &[Coming]) -> Vec<&[Coming]> {
    let one = |a: &Coming, b: &Coming| {
        let of = |x: &Coming| (x.at, x.row.invoice.client);
        a.goes && b.goes && of(a) == of(b) && a.to == b.to
    };
    coming.chunk_by(one).collect()
}

/// What the reminders of one invoice do between now and `until`.
///
/// # Errors
/// When the store fails.
pub fn of_invoice(
    r: &impl Reader,
    rules: &Rules,
    row: &Row,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<Coming>, StoreError> {
    let invoice = &row.invoice;
    let rules = &rules.of(r, invoice, row.due())?;
    let (policy, zone) = (&rules.policy, &rules.zone);
    let Some(published) = invoice.issue.as_ref().map(|i| i.at).filter(|_| row.open().minor > 0 && invoice.reminds())
    else {
        return Ok(Vec::new());
    };
    let settled = settled_under(r, rules, row, published)?;
    let hold = r.hold_on(invoice, today(now, &rules.firm_zone))?;
    let over = hold.as_ref().and_then(|hold| hold.ends(policy, &rules.firm_zone)).unwrap_or(Timestamp::MAX);
    let held = |at: Timestamp| (hold.is_some() && at < over).then_some(over);
    let failing = rules.failing(r, row, now)?;
    let holds = |step: i16| failing.iter().all(|x| x.0 != step);
    let plan = plan(row.due(), policy, zone);
    let subject = Subject { plan: &plan, published, due: row.due(), settled, holds: &holds, held: &held };
    let reason = hold.as_ref().map_or(Ok(String::new()), |hold| r.firm().map(|firm| hold.words(firm.locale)))?;
    let mut out = Vec::new();
    for seen in foresee(subject, now, until, zone, policy) {
        let to = match policy.step(seen.step).filter(|_| seen.fate == Fate::Goes) {
            Some(step) => reached(r, invoice, step)?,
            None => Reached::default(),
        };
        let why = failing.iter().find(|x| x.0 == seen.step).map_or("", |x| x.1);
        let by = policy.step(seen.step).map_or(Channel::Letter, |step| step.by);
        let told = told(row, seen, (&to, by), if seen.fate == Fate::Unmet { why } else { &reason });
        // What a hold or a standstill puts off goes whenever that ends: no day off is the reason.
        let (_, goes) = policy.days_of(row.due(), seen.step);
        let moved = policy.moved(row.due(), seen.step).filter(|_| told.goes && today(seen.at, zone) == goes);
        out.push(Coming { moved, ..told });
    }
    Ok(out)
}

/// The steps of an invoice that are settled under the rules: those that are, and those that changes of the policy
/// settle when they are carried out.
fn settled_under(r: &impl Reader, rules: &Rules, row: &Row, published: Timestamp) -> Result<BTreeSet<i16>, StoreError> {
    let steps = r.reminder_steps(row.invoice.id)?;
    let sent = |x: &&(i16, StepOutcome)| matches!(x.1, StepOutcome::Sent | StepOutcome::Superseded | StepOutcome::Call);
    let went: BTreeSet<i16> = steps.iter().filter(sent).map(|x| x.0).collect();
    let mut settled: BTreeSet<i16> = steps.iter().map(|x| x.0).collect();
    let mut carry = |old: &Policy, new: &Policy, at: Timestamp| {
        let new_plan = plan(row.due(), new, &rules.zone);
        settled.extend(overtaken(old, new, &new_plan, &went, at).into_iter().map(|x| x.0));
    };
    let from = r.policy_of(row.invoice.id, published)?;
    let mut old = r.policy_version(from)?.unwrap_or_else(PolicyVersion::standard);
    for number in from + 1..=rules.version {
        let Some(new) = r.policy_version(number)? else { continue };
        carry(&old.policy, &new.policy, new.at);
        old = new;
    }
    if let Some(changed) = rules.tried {
        carry(&old.policy, &rules.policy, changed);
    }
    Ok(settled)
}

fn told(row: &Row, seen: Foreseen, (to, by): (&Reached, Channel), reason: &str) -> Coming {
    let goes = seen.fate == Fate::Goes && by == Channel::Letter && !to.contacts.is_empty();
    let words = match seen.fate {
        Fate::Goes if by == Channel::Call => "Staff are asked to call".to_owned(),
        Fate::Goes if goes => format!("Goes to {}", to.words()),
        Fate::Goes => "Not sent: nobody at the client gets reminders".to_owned(),
        Fate::Held => reason.to_owned(),
        Fate::Superseded => "Not sent: a later one is due too".to_owned(),
        Fate::Expired => "Not sent: the due date has passed".to_owned(),
        Fate::BeforePublication => "Not sent: it would fall before the invoice was published".to_owned(),
        Fate::Unmet => format!("Not sent, as things stand: {reason}"),
    };
    let to = to.contacts.iter().filter(|_| goes).map(|c| c.id).collect();
    Coming { at: seen.at, row: row.clone(), step: seen.step, goes, to, words, moved: None }
}
