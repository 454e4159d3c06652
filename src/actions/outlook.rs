//! The reminders of the coming days, over all invoices: what will go, to whom, and what will not, and why. Changes
//! nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::letters::recipients;
use crate::app::Settings;
use crate::domain::calendar::today;
use crate::domain::forecast::{Fate, Foreseen, Subject, foresee};
use crate::domain::ids::ClientId;
use crate::domain::reminder::plan;
use crate::store::invoices::Row;
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
    /// To whom, or why not.
    pub words: String,
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
    let due = r.reminders_ahead(INVOICES_MAX + 1)?;
    let more = due.len() > INVOICES_MAX && due.last().is_some_and(|last| last.0 <= until);
    let mut coming = Vec::new();
    for (_, id) in due.into_iter().take(INVOICES_MAX).take_while(|look| look.0 <= until) {
        let Some(row) = r.invoice_row(id)?.filter(|row| sees(row.invoice.client)) else { continue };
        coming.extend(of_invoice(r, settings, &row, now, until)?);
    }
    coming.sort_by_key(|x| (x.at, x.row.invoice.client, x.row.invoice.id, x.step));
    Ok(Outlook { coming, more })
}

fn of_invoice(
    r: &impl Reader,
    settings: &Settings,
    row: &Row,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<Coming>, StoreError> {
    let (policy, zone, invoice) = (&settings.policy, &settings.zone, &row.invoice);
    let Some(published) = invoice.issue.as_ref().map(|i| i.at).filter(|_| row.open().minor > 0 && invoice.reminds())
    else {
        return Ok(Vec::new());
    };
    let settled: BTreeSet<i16> = r.reminder_steps(invoice.id)?.into_iter().map(|x| x.0).collect();
    let pause = r.pause_on(invoice, today(now, zone))?;
    let over = pause.as_ref().and_then(|pause| pause.ends(policy, zone)).unwrap_or(Timestamp::MAX);
    let held = |at: Timestamp| (pause.is_some() && at < over).then_some(over);
    let plan = plan(row.due(), policy, zone);
    let subject = Subject { plan: &plan, published, due: row.due(), settled, held: &held };
    let to = recipients(r, invoice)?;
    let names: Vec<&str> = to.iter().map(|contact| contact.name.as_str()).collect();
    let reason = pause.as_ref().map_or("", |pause| pause.reason.as_str());
    let all = foresee(subject, now, until, zone, policy);
    Ok(all.into_iter().map(|x| told(row, x, &names, reason)).collect())
}

fn told(row: &Row, seen: Foreseen, names: &[&str], paused_for: &str) -> Coming {
    let words = match seen.fate {
        Fate::Goes if names.is_empty() => "Not sent: nobody at the client gets reminders".to_owned(),
        Fate::Goes => format!("Goes to {}", names.join(", ")),
        Fate::Held => format!("Held while paused: {paused_for}"),
        Fate::Superseded => "Not sent: a later one is due too".to_owned(),
        Fate::Expired => "Not sent: the due date has passed".to_owned(),
        Fate::BeforePublication => "Not sent: it would fall before the invoice was published".to_owned(),
    };
    let goes = seen.fate == Fate::Goes && !names.is_empty();
    Coming { at: seen.at, row: row.clone(), step: seen.step, goes, words }
}
