//! What a changed policy would do to the invoices that are open, beside what the present one does. Changes nothing.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use super::outlook::{Coming, INVOICES_MAX, of_invoice};
use super::reminders::Rules;
use crate::app::Settings;
use crate::domain::calendar::today;
use crate::domain::ids::ClientId;
use crate::domain::policy::Policy;
use crate::store::invoices::Row;
use crate::store::prelude::*;

/// A reminder that goes: its step, and the local day.
pub type Going = (i16, Date);

/// An invoice for which something changes.
#[derive(Clone, Debug)]
pub struct Changed {
    /// The invoice.
    pub row: Row,
    /// What goes by the policy as it is.
    pub before: Vec<Going>,
    /// What would go by the changed one.
    pub after: Vec<Going>,
}

/// What a changed policy would do.
#[derive(Clone, Debug, Default)]
pub struct Effect {
    /// Open invoices that were looked at.
    pub invoices: usize,
    /// Reminders that go by the policy as it is, each step of each invoice once.
    pub before: usize,
    /// Those that would go by the changed one.
    pub after: usize,
    /// The invoices for which something changes, in the order in which they were made.
    pub changed: Vec<Changed>,
    /// Whether more invoices are open than were looked at.
    pub more: bool,
}

/// What `policy` would do between now and `until`, if it were kept now.
///
/// # Errors
/// When the store fails.
pub fn effect(
    r: &impl Reader,
    settings: &Settings,
    policy: &Policy,
    now: Timestamp,
    until: Timestamp,
    sees: impl Fn(ClientId) -> bool,
) -> Result<Effect, StoreError> {
    let kept = Rules::now(r, &settings.zone)?;
    let tried = Rules { policy: Arc::new(policy.clone()), tried: Some(now), ..kept.clone() };
    let open = r.open_after(None, INVOICES_MAX + 1)?;
    let mut out = Effect { more: open.len() > INVOICES_MAX, ..Effect::default() };
    for id in open.into_iter().take(INVOICES_MAX) {
        let Some(row) = r.invoice_row(id)?.filter(|row| sees(row.invoice.client)) else { continue };
        let going = |rules: &Rules| -> Result<Vec<Going>, StoreError> {
            let day = |x: &Coming| (x.step, today(x.at, &rules.zone));
            let mut all: Vec<Going> =
                of_invoice(r, rules, &row, now, until)?.iter().filter(|x| x.goes).map(day).collect();
            // A step that reaches people at different times by their clocks is one.
            all.dedup_by_key(|x| x.0);
            Ok(all)
        };
        let (before, after) = (going(&kept)?, going(&tried)?);
        out.invoices += 1;
        out.before += before.len();
        out.after += after.len();
        if before != after {
            out.changed.push(Changed { row, before, after });
        }
    }
    Ok(out)
}
