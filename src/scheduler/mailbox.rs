//! Reads the mailbox to which letters come back, by IMAP: what each message says is committed under its digest before
//! it is marked as seen, so that a stop in between loses none and takes none twice.
//!
//! In a loop of its own, because a mail server that hangs must not keep letters from leaving.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::bounces::{self, Tally};
use crate::actions::bounces::Taken;
use crate::app::{App, BouncePlan};
use crate::mail::imap::ImapMailbox;
use crate::mail::returns::ReturnPlace;
use crate::store::prelude::*;

/// Between two looks, while they succeed.
const EVERY: Duration = Duration::from_mins(1);
/// How often the pause doubles while they fail: up to 16 minutes.
const DOUBLINGS_MAX: u32 = 4;
/// Longest look; what it took until then is kept.
const LOOK_MAX: Duration = Duration::from_mins(5);
/// Messages taken in one look; the others are taken in the next.
const AT_ONCE: usize = 200;

/// Why a look ended early.
enum End {
    Mailbox(String),
    Store(ActError),
}

impl From<String> for End {
    fn from(why: String) -> Self {
        Self::Mailbox(why)
    }
}

/// Looks once a minute until `stop` says true or its sender is gone, less often while it fails.
pub(super) async fn run(app: App, mut stop: watch::Receiver<bool>) {
    let Some(BouncePlan { place: ReturnPlace::Imap(_), health, .. }) = &app.settings.bounces else { return };
    while !*stop.borrow() {
        let looked = tokio::select! {
            looked = look(&app) => looked,
            _ = stop.changed() => return,
        };
        if let Err(error) = looked {
            tracing::error!(%error, "what came back could not be kept; it is read again");
        }
        let failed = health.trouble().map_or(0, |trouble| trouble.count);
        tokio::select! {
            () = tokio::time::sleep(pause(failed)) => {}
            _ = stop.changed() => return,
        }
    }
}

fn pause(failed: u32) -> Duration {
    EVERY * 2_u32.pow(failed.min(DOUBLINGS_MAX))
}

/// Takes what lies in the mailbox; how many letters bounced. A mailbox that can't be read is noted and no error.
///
/// # Errors
/// When the store fails.
pub(super) async fn look(app: &App) -> Result<usize, ActError> {
    let Some(plan) = &app.settings.bounces else { return Ok(0) };
    let ReturnPlace::Imap(mailbox) = &plan.place else { return Ok(0) };
    let mut tally = Tally::default();
    let looked = match timeout(LOOK_MAX, read(app, mailbox, &mut tally)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(End::Mailbox(why))) => Err(why),
        Ok(Err(End::Store(error))) => return Err(error),
        Err(_) => Err("the mail server is too slow".to_owned()),
    };
    bounces::note(plan, app.now(), looked, tally);
    Ok(tally.bounced)
}

async fn read(app: &App, mailbox: &ImapMailbox, tally: &mut Tally) -> Result<(), End> {
    let mut open = mailbox.open().await?;
    let (mut taken, mut unmarked) = (0, Ok(()));
    for number in open.unseen().await? {
        // Those that the server does not give, or whose letter is on its way, stay for the next look.
        let Some(found) = open.message(number).await? else { continue };
        let what = bounces::take(app, found.length, found.bytes).await.map_err(End::Store)?;
        if what == Taken::Later {
            continue;
        }
        tally.add(what);
        // One that can't be marked comes again, and counts once; it must not keep the others.
        match open.mark(number).await? {
            Ok(()) => taken += 1,
            Err(why) => unmarked = Err(End::Mailbox(why)),
        }
        if taken == AT_ONCE {
            break;
        }
    }
    open.close().await;
    unmarked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_that_fail_come_less_and_less_often() {
        let minutes = |failed| pause(failed).as_secs() / 60;
        assert_eq!([0, 1, 2, 3, 4, 5, u32::MAX].map(minutes), [1, 2, 4, 8, 16, 16, 16]);
    }
}
