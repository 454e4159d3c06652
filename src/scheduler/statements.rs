//! Month-end statements: at the first look after a month has ended, the statement of each client who gets one. After a
//! time without a look each month is made in its turn; how far they are is kept, and each is made once.

use jiff::Timestamp;
use jiff::civil::{Date, Time};

use crate::actions::statements::{self, Asked, THROUGH};
use crate::app::App;
use crate::domain::calendar;
use crate::domain::event::By;
use crate::domain::ids::ClientId;
use crate::domain::monthly;
use crate::domain::refusal::Refusal;
use crate::store::prelude::*;

/// Clients that are looked at in one reading.
const AT_ONCE: usize = 200;

/// Makes all statements that are due; how many.
pub(super) async fn run(app: &App) -> Result<usize, ActError> {
    let ended = monthly::count(monthly::last_ended(calendar::today(app.now(), &app.settings.zone)));
    let (through, held) = app.store.read(|r| Ok::<_, StoreError>((through(r)?, r.numbers_held_since()?.is_some())))?;
    // After a restore an owner says first what happened since the backup.
    if held || through >= ended {
        return Ok(0);
    }
    // A new house has no months behind it.
    let from = if through == 0 { ended } else { through };
    let mut made = 0;
    for count in from + 1..=ended {
        if let Some(month) = monthly::counted(count) {
            made += all_of(app, month, count == ended).await?;
        }
        note(app, count).await?;
    }
    if from == ended {
        note(app, ended).await?;
    }
    Ok(made)
}

/// When the next month begins.
pub(super) fn next_due(app: &App) -> Timestamp {
    let first = calendar::today(app.now(), &app.settings.zone).last_of_month().tomorrow().unwrap_or(Date::MAX);
    calendar::wall_clock(first, Time::midnight(), &app.settings.zone)
}

fn through(r: &impl Reader) -> Result<u64, StoreError> {
    r.last_in_series(THROUGH)
}

async fn note(app: &App, count: u64) -> Result<(), ActError> {
    app.store.housekeep(app.now(), move |w| Ok(w.remember(THROUGH, count)?)).await
}

async fn all_of(app: &App, month: Date, last: bool) -> Result<usize, ActError> {
    let (mut made, mut after) = (0, ClientId(0));
    loop {
        let (seen, wanted) = app.store.read(|r| look(app, r, month, after))?;
        let Some(at) = seen else { return Ok(made) };
        after = at;
        for client in wanted {
            made += usize::from(one(app, client, month, last).await?);
        }
    }
}

/// The last of the clients that were looked at, and those of them who get a statement.
fn look(
    app: &App,
    r: &impl Reader,
    month: Date,
    after: ClientId,
) -> Result<(Option<ClientId>, Vec<ClientId>), StoreError> {
    let ids = r.clients_after(after, AT_ONCE)?;
    let mut wanted = Vec::new();
    for id in &ids {
        if let Some(client) = r.client(*id)?
            && statements::is_wanted(r, &app.settings, &client, month)?
        {
            wanted.push(*id);
        }
    }
    Ok((ids.last().copied(), wanted))
}

/// Whether a statement was made; one that can't be is told of in the log, and by hand it can be tried again.
async fn one(app: &App, client: ClientId, month: Date, last: bool) -> Result<bool, ActError> {
    let by = By::job("statements");
    let asked = if last { Asked::ByItself(app.store.read(|r| r.policy())?.at) } else { Asked::Late };
    match statements::publish(app, by.clone(), asked, client, month).await {
        Ok(_) => Ok(true),
        Err(ActError::Refused(Refusal::TryAgain)) => Ok(false),
        Err(ActError::Refused(refusal)) => {
            let reason = refusal.to_string();
            let act = move |w: &mut WriteTx<'_>| statements::note_failure(w, client, month, &reason);
            app.store.write(by, app.now(), act).await?;
            Ok(false)
        }
        Err(error) => Err(error),
    }
}
