//! An earlier demo opened again: what it was made with, which other options can't count any more, and its letters put
//! back into the mailbox, which lies in memory only.

use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Args;
use crate::app::Settings;
use crate::cli::Failure;
use crate::domain::calendar;
use crate::domain::letter::{ANCHOR_SLOT, CODE_SLOT, Letter, LetterState};
use crate::mail::{MemoryMailer, Outgoing};
use crate::store::letters::LetterShelf;
use crate::store::prelude::*;

/// What a demo was made with, in its folder.
const MADE_FILE: &str = "demo.json";
/// The seed when none is asked for.
pub const SEED: u64 = 1;
/// Letters put back.
const LETTERS: usize = 200;
/// What stands where a letter had its link: it was drawn while the letter was sent, and is kept nowhere.
const NO_LINK: &str = "[this letter’s link: it worked while the demo ran before, and is not kept]";
const NO_CODE: &str = "[code]";
const NO_ANCHOR: &str = "[anchor]";

/// The options that count for a new folder only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    seed: u64,
    clients: Option<u64>,
    invoices: Option<u64>,
    today: Option<Date>,
    /// The hash that everybody's password had when the firm was made: whose is still this one has the demo's password,
    /// which need not be hashed again to know it. That would take 19 MB, which an idle server should not keep.
    #[serde(default)]
    hash: Option<String>,
}

impl Made {
    /// What `args` ask for.
    pub fn of(args: &Args) -> Self {
        let Args { seed, clients, invoices, today, .. } = args;
        Self { seed: seed.unwrap_or(SEED), clients: *clients, invoices: *invoices, today: *today, hash: None }
    }

    /// With the hash of the demo's password.
    #[must_use]
    pub fn hashed(self, hash: Option<String>) -> Self {
        Self { hash, ..self }
    }

    /// Keeps it in `folder`.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn keep(&self, folder: &Path) -> Result<(), Failure> {
        let path = folder.join(MADE_FILE);
        let text = serde_json::to_vec(self).map_err(|e| Failure::file(&path, &e.into()))?;
        std::fs::write(&path, text).map_err(|e| Failure::file(&path, &e))
    }
}

/// Refuses options that the demo in `folder` can't follow any more; `last` is the day that it has reached.
///
/// # Errors
/// Names the option, what the demo was made with, and what to do.
pub fn refuse_others(args: &Args, folder: &Path, last: Date) -> Result<(), Failure> {
    let made = kept(folder);
    let number = |name, asked: Option<u64>, made: Option<Option<u64>>| match (asked, made) {
        (Some(asked), made) if made != Some(Some(asked)) => {
            let how = match made {
                Some(Some(n)) => format!("was made with {name} {n}"),
                Some(None) => format!("was made without {name}"),
                None => "is there already".to_owned(),
            };
            Err(Failure::new(format!(
                "The demo in {} {how}; {name} {asked} counts for a new folder only. Leave {name} out, or name \
                 another folder with --data.",
                folder.display()
            )))
        }
        _ => Ok(()),
    };
    let made = made.as_ref();
    number("--seed", args.seed, made.map(|m| Some(m.seed)))?;
    number("--clients", args.clients, made.map(|m| m.clients))?;
    number("--invoices", args.invoices, made.map(|m| m.invoices))?;
    match args.today {
        Some(today) if today < last && made.is_none_or(|m| m.today != Some(today)) => Err(Failure::new(format!(
            "The demo in {} has reached {last}, and its clock can't go back to {today}. Leave --today out, or name \
             another folder with --data.",
            folder.display()
        ))),
        _ => Ok(()),
    }
}

fn kept(folder: &Path) -> Option<Made> {
    std::fs::read(folder.join(MADE_FILE)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok())
}

/// The hash of the demo's password, where the demo in `folder` keeps it.
pub fn password_hash(folder: &Path) -> Option<String> {
    kept(folder)?.hash
}

/// The last instant of the log.
///
/// # Errors
/// When the file can't be read.
pub fn last_entry(store: &Store) -> Result<Option<Timestamp>, StoreError> {
    let mut last = None;
    store.read(|r| {
        r.log_backwards(None, |entry| {
            last = Some(entry.at);
            false
        })
    })?;
    Ok(last)
}

/// The day of an instant, for the demo's firm.
pub fn day_of(at: Timestamp, settings: &Settings) -> Date {
    calendar::today(at, &settings.zone)
}

/// Puts the letters that were handed over in earlier starts into the mailbox, without their links.
///
/// # Errors
/// When the file can't be read.
pub fn refill(mailbox: &MemoryMailer, store: &Store, settings: &Settings) -> Result<(), StoreError> {
    let letters = store.read(|r| r.letters_on(LetterShelf::Accepted, None, LETTERS))?;
    for letter in letters.iter().rev() {
        mailbox.keep(&outgoing(letter, settings));
    }
    Ok(())
}

fn outgoing(letter: &Letter, settings: &Settings) -> Outgoing {
    let domain = settings.from.1.rsplit_once('@').map_or("localhost", |x| x.1);
    let text = letter.without_links(NO_LINK).replace(CODE_SLOT, NO_CODE).replace(ANCHOR_SLOT, NO_ANCHOR);
    let date = match &letter.state {
        LetterState::Accepted(at, _) => *at,
        _ => letter.queued,
    };
    Outgoing {
        message_id: format!("{}@{domain}", letter.message_id),
        from_name: settings.from.0.clone(),
        from_address: settings.from.1.clone(),
        return_path: None,
        reply_to: None,
        to_name: letter.to_name.clone(),
        to_address: letter.to_address.to_string(),
        subject: letter.subject.clone(),
        text,
        html: None,
        thread: Vec::new(),
        in_reply_to: letter.follows.as_ref().map(|id| format!("{id}@{domain}")),
        auto_submitted: true,
        list_unsubscribe: None,
        attachments: Vec::new(),
        date,
    }
}
