//! Recurring documents that are due: each is made in a commit of its own, so that a stop between two loses none and
//! doubles none; one that can't be made is noted, and tried again.

use jiff::SignedDuration;

use super::fresh::Fresh;
use crate::actions::recurring;
use crate::app::App;
use crate::domain::event::By;
use crate::domain::ids::RecurringId;
use crate::store::prelude::*;

/// Templates that are looked at between two looks at the list.
const AT_ONCE: usize = 50;
/// How long after a failure it is tried again.
const AGAIN: SignedDuration = SignedDuration::from_hours(1);

/// Makes all that is due; how many documents.
pub(super) async fn run(app: &App) -> Result<usize, ActError> {
    let (mut made, mut fresh) = (0, Fresh::new());
    loop {
        let due = fresh.next(AT_ONCE, |limit| app.store.read(|r| r.recurring_due(app.now(), limit)))?;
        if due.is_empty() {
            return Ok(made);
        }
        for id in due {
            made += all_of(app, id).await?;
        }
    }
}

/// Every document of one template that is due.
async fn all_of(app: &App, id: RecurringId) -> Result<usize, ActError> {
    let mut made = 0;
    loop {
        let inside = app.clone();
        let act = move |w: &mut WriteTx<'_>| {
            w.by = By::job("recurring");
            recurring::make(w, &inside, id)
        };
        match app.store.housekeep(app.now(), act).await {
            Ok(true) => made += 1,
            Ok(false) => return Ok(made),
            Err(ActError::Refused(refusal)) => {
                note(app, id, refusal.to_string()).await?;
                return Ok(made);
            }
            Err(error) => return Err(error),
        }
    }
}

async fn note(app: &App, id: RecurringId, reason: String) -> Result<(), ActError> {
    let again = app.now().saturating_add(AGAIN).unwrap_or(app.now());
    let act = move |w: &mut WriteTx<'_>| {
        w.by = By::job("recurring");
        recurring::note_trouble(w, id, &reason, again)
    };
    app.store.housekeep(app.now(), act).await
}
