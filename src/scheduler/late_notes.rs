//! Late payment notes by themselves: as an open invoice reaches so many days past due, its note is drafted, once.
//!
//! Only what is due on the days that came into question since the last look is read, so that it costs what becomes late
//! and not what is stored.

use jiff::Span;

use crate::actions::late_notes;
use crate::app::App;
use crate::domain::calendar;
use crate::domain::event::By;
use crate::domain::ids::InvoiceId;
use crate::store::prelude::*;

/// Invoices that are looked at in one reading.
const AT_ONCE: usize = 100;

/// Drafts all that are due; how many.
pub(super) async fn run(app: &App) -> Result<usize, ActError> {
    let (policy, drafted, held) = app
        .store
        .read(|r| Ok::<_, StoreError>((r.late_payment()?, r.late_drafted()?, r.numbers_held_since()?.is_some())))?;
    // After a restore an owner says first what happened since the backup.
    if held || !policy.drafts() {
        return Ok(0);
    }
    let today = calendar::today(app.now(), &app.settings.zone);
    let last = today.saturating_sub(Span::new().days(i64::from(policy.after)));
    let first = drafted.map_or(last, |x| x.tomorrow().unwrap_or(x));
    if first > last {
        return Ok(0);
    }
    let (mut made, mut after) = (0, None);
    loop {
        let some = app.store.read(|r| r.open_due(first, last, after, AT_ONCE))?;
        let Some(end) = some.last().copied() else { break };
        after = Some(end);
        for place in some {
            let id = InvoiceId(place.id);
            let act = move |w: &mut WriteTx<'_>| {
                w.by = By::job("late payment");
                late_notes::draft_by_itself(w, id, today)
            };
            match app.store.housekeep(app.now(), act).await {
                Ok(drafted) => made += usize::from(drafted),
                Err(ActError::Refused(why)) => tracing::warn!(invoice = %id, %why, "no late payment note was drafted"),
                Err(error) => return Err(error),
            }
        }
    }
    app.store.housekeep(app.now(), move |w| Ok(w.set_late_drafted(last)?)).await?;
    Ok(made)
}
