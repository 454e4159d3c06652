//! Late payment notes by themselves: as an open invoice reaches so many days past due, its note is drafted, once.
//!
//! Only what is due on the days that came into question since the last look is read, and what is listed to be looked at
//! once more: what came late already, is open again, is charged again, or came to too little. So it costs what is due
//! and not what is stored.

use jiff::Span;
use jiff::civil::{Date, date};

use crate::actions::late_notes;
use crate::app::App;
use crate::domain::calendar;
use crate::domain::event::By;
use crate::domain::ids::{ClientId, InvoiceId};
use crate::store::invoices::Cursor;
use crate::store::late::LateLook;
use crate::store::prelude::*;

/// Invoices that are looked at in one reading, and drafted in one commit.
const AT_ONCE: usize = 100;
/// No invoice is due before.
const FIRST: Date = date(1970, 1, 1);

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
    let mut made = listed(app, today, last).await?;
    let first = drafted.map_or(FIRST, |x| x.tomorrow().unwrap_or(x));
    if first > last {
        return Ok(made);
    }
    made += pages(app, today, |r, after| r.open_due(first, last, after, AT_ONCE)).await?;
    app.store.housekeep(app.now(), move |w| Ok(w.set_late_drafted(Some(last))?)).await?;
    Ok(made)
}

/// What is listed to be looked at by `today`, each once.
async fn listed(app: &App, today: Date, last: Date) -> Result<usize, ActError> {
    let mut made = 0;
    loop {
        let looks = app.store.read(|r| r.late_looks(today, AT_ONCE))?;
        if looks.is_empty() {
            return Ok(made);
        }
        for (from, look) in looks {
            made += match look {
                LateLook::Invoice(id) => draft(app, vec![id], today).await?,
                LateLook::Client(id) => of_client(app, id, today, last).await?,
            };
            // After it: what a stop cuts off is looked at again, and drafted once.
            app.store.housekeep(app.now(), move |w| Ok(w.end_late_look(from, look)?)).await?;
        }
    }
}

async fn of_client(app: &App, client: ClientId, today: Date, last: Date) -> Result<usize, ActError> {
    pages(app, today, |r, after| r.open_due_of(client, last, after, AT_ONCE)).await
}

/// Drafts what a list gives, page by page; how many.
async fn pages(
    app: &App,
    today: Date,
    page: impl Fn(&ReadTx, Option<Cursor>) -> Result<Vec<Cursor>, StoreError> + Send,
) -> Result<usize, ActError> {
    let (mut made, mut after) = (0, None);
    loop {
        let some = app.store.read(|r| page(r, after))?;
        let Some(end) = some.last().copied() else { return Ok(made) };
        after = Some(end);
        made += draft(app, some.into_iter().map(|x| InvoiceId(x.id)).collect(), today).await?;
    }
}

/// Drafts notes of those that are to have one, in one commit; where that fails, one by one, so that none keeps the
/// others, also where its record can’t be read. How many.
async fn draft(app: &App, all: Vec<InvoiceId>, today: Date) -> Result<usize, ActError> {
    let all = app.store.read(|r| wanted(r, all, today))?;
    if all.is_empty() {
        return Ok(0);
    }
    match draft_these(app, all.clone(), today).await {
        Err(ActError::Refused(_) | ActError::Store(StoreError::Record(_))) => {}
        done => return done,
    }
    let mut made = 0;
    for id in all {
        match draft_these(app, vec![id], today).await {
            Ok(drafted) => made += drafted,
            Err(ActError::Refused(why)) => tracing::warn!(invoice = %id, %why, "no late payment note was drafted"),
            Err(ActError::Store(StoreError::Record(what))) => unreadable(id, what),
            Err(error) => return Err(error),
        }
    }
    Ok(made)
}

/// Those that are to have one.
fn wanted(r: &ReadTx, all: Vec<InvoiceId>, today: Date) -> Result<Vec<InvoiceId>, StoreError> {
    let mut wanted = Vec::new();
    for id in all {
        match late_notes::would_draft(r, id, today) {
            Ok(would) => wanted.extend(would.then_some(id)),
            Err(StoreError::Record(what)) => unreadable(id, what),
            Err(error) => return Err(error),
        }
    }
    Ok(wanted)
}

fn unreadable(id: InvoiceId, what: &'static str) {
    let error = StoreError::Record(what);
    tracing::error!(invoice = %id, %error, "no late payment note was drafted");
}

async fn draft_these(app: &App, all: Vec<InvoiceId>, today: Date) -> Result<usize, ActError> {
    let act = move |w: &mut WriteTx<'_>| {
        w.by = By::job("late payment");
        all.iter().try_fold(0, |made, id| Ok(made + usize::from(late_notes::draft_by_itself(w, *id, today)?)))
    };
    app.store.housekeep(app.now(), act).await
}
