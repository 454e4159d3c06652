//! Reads the mailbox to which letters come back, by IMAP: what each message says is committed under its digest before
//! it is marked as seen, so that a stop in between loses none and takes none twice.
//!
//! In a loop of its own, because a mail server that hangs must not keep letters from leaving.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinError;
use tokio::time::timeout;

use super::bounces::{self, Tally};
use crate::actions::bounces::Taken;
use crate::app::{App, BouncePlan};
use crate::mail::imap::{Given, ImapMailbox};
use crate::mail::returns::ReturnPlace;
use crate::store::prelude::*;

/// Between two looks, while they succeed.
const EVERY: Duration = Duration::from_mins(1);
/// How often the pause doubles while they fail: up to 16 minutes.
const DOUBLINGS_MAX: u32 = 4;
/// Longest look; what it took until then is kept.
const LOOK_MAX: Duration = Duration::from_mins(5);
/// Messages taken in one look, marked or not; the others are taken in the next.
const AT_ONCE: usize = 200;
/// Messages set aside in one look: each costs a connection.
const ASIDE_AT_ONCE: usize = 5;

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
    let from = Arc::new(AtomicU32::new(0));
    while !*stop.borrow() {
        let (inside, from) = (app.clone(), Arc::clone(&from));
        let looked = guarded(async move { look(&inside, &from).await }, &mut stop).await;
        match looked {
            Looked::Done(Ok(_)) => {}
            Looked::Done(Err(error)) => tracing::error!(%error, "what came back could not be kept; it is read again"),
            Looked::BrokeOff(why) => {
                tracing::error!(%why, "a look into the mailbox broke off; it is tried again");
                health.failed(app.now(), "reading it broke off");
            }
            Looked::Stopped => return,
        }
        let failed = health.trouble().map_or(0, |trouble| trouble.count);
        tokio::select! {
            () = tokio::time::sleep(pause(failed)) => {}
            _ = stop.changed() => return,
        }
    }
}

/// How a look ended.
enum Looked<T> {
    Done(T),
    /// It panicked.
    BrokeOff(JoinError),
    Stopped,
}

/// Runs a look in a task of its own, so that its panic ends only it; a stop breaks it off.
async fn guarded<T: Send + 'static>(
    look: impl Future<Output = T> + Send + 'static,
    stop: &mut watch::Receiver<bool>,
) -> Looked<T> {
    let mut task = tokio::spawn(look);
    tokio::select! {
        done = &mut task => match done {
            Ok(done) => Looked::Done(done),
            Err(why) => Looked::BrokeOff(why),
        },
        _ = stop.changed() => {
            task.abort();
            // Until it has ended: nothing goes on behind whoever stops.
            let _ = task.await;
            Looked::Stopped
        }
    }
}

fn pause(failed: u32) -> Duration {
    EVERY * 2_u32.pow(failed.min(DOUBLINGS_MAX))
}

/// Takes what lies in the mailbox; how many letters bounced. A mailbox that can't be read is noted and no error. `from`
/// keeps where the next look begins.
///
/// # Errors
/// When the store fails.
pub(super) async fn look(app: &App, from: &AtomicU32) -> Result<usize, ActError> {
    let Some(plan) = &app.settings.bounces else { return Ok(0) };
    let ReturnPlace::Imap(mailbox) = &plan.place else { return Ok(0) };
    let mut tally = Tally::default();
    let looked = match timeout(LOOK_MAX, read(app, mailbox, (plan, from), &mut tally)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(End::Mailbox(why))) => Err(why),
        Ok(Err(End::Store(error))) => return Err(error),
        Err(_) => Err("the mail server is too slow".to_owned()),
    };
    bounces::note(plan, app.now(), looked, tally);
    Ok(tally.bounced)
}

async fn read(
    app: &App,
    mailbox: &ImapMailbox,
    (plan, from): (&BouncePlan, &AtomicU32),
    tally: &mut Tally,
) -> Result<(), End> {
    let mut open = mailbox.open().await?;
    let (mut asked, mut aside, mut left, mut unmarked) = (0, 0, false, Ok(()));
    let all = in_turn(open.unseen().await?, from.load(Ordering::Relaxed));
    for (at, &number) in all.iter().enumerate() {
        // Should the look end with it, the next goes on behind it: one message must not keep the others.
        from.store(number, Ordering::Relaxed);
        let overlong = match open.message(number).await? {
            // Those that the server does not give, or whose letter is on its way, stay for the next look.
            Given::Nothing => continue,
            Given::Message(found) => {
                let what = bounces::take(app, found.length, found.bytes).await.map_err(End::Store)?;
                if what == Taken::Later {
                    continue;
                }
                tally.add(what);
                false
            }
            // Nor must one that is given without end keep the others, in this look and all that follow.
            Given::Overlong => {
                let again = mailbox.open().await?;
                if !again.is_as(&open) {
                    return Err(End::Mailbox("the server gives more of a message than was asked for".to_owned()));
                }
                open = again;
                aside += 1;
                true
            }
        };
        asked += 1;
        match open.mark(number).await? {
            Ok(()) if overlong => {
                plan.health.set_aside();
                tracing::warn!(number, "a message is given without an end: it is set aside, as seen");
            }
            Ok(()) => {}
            // One that can't be marked comes again, and counts once; it must not keep the others.
            Err(why) => unmarked = Err(End::Mailbox(why)),
        }
        if asked == AT_ONCE || aside == ASIDE_AT_ONCE {
            // Nor must those that can't be marked be all that looks ever see.
            left = at + 1 < all.len();
            break;
        }
    }
    if !left {
        from.store(0, Ordering::Relaxed);
    }
    open.close().await;
    unmarked
}

/// What a look goes through: those behind the place where the last one ended, then the others.
fn in_turn(mut all: Vec<u32>, last: u32) -> Vec<u32> {
    let first = all.iter().position(|x| *x > last).unwrap_or(0);
    all.rotate_left(first);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_that_fail_come_less_and_less_often() {
        let minutes = |failed| pause(failed).as_secs() / 60;
        assert_eq!([0, 1, 2, 3, 4, 5, u32::MAX].map(minutes), [1, 2, 4, 8, 16, 16, 16]);
    }

    #[test]
    fn a_look_goes_on_where_the_last_one_ended() {
        assert_eq!(in_turn(vec![1, 3, 5], 0), [1, 3, 5]);
        assert_eq!(in_turn(vec![1, 3, 5], 3), [5, 1, 3]);
        assert_eq!(in_turn(vec![1, 3, 5], 5), [1, 3, 5]);
        assert_eq!(in_turn(vec![], 5), [0; 0]);
    }

    #[tokio::test]
    async fn a_look_that_panics_ends_alone_and_one_that_hangs_ends_by_a_stop() {
        let (told, mut stop) = watch::channel(false);
        let broke: Looked<()> = guarded(async { std::panic::panic_any("a fault") }, &mut stop).await;
        assert!(matches!(broke, Looked::BrokeOff(why) if why.is_panic()));
        assert!(matches!(guarded(async { 7 }, &mut stop).await, Looked::Done(7)));
        told.send(true).unwrap();
        assert!(matches!(guarded(std::future::pending::<()>(), &mut stop).await, Looked::Stopped));
    }
}
