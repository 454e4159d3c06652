//! Recurring templates: whose they are, when they are looked at, and that what was made of them exists.

use super::Check;
use crate::domain::ids::RecurringId;
use crate::domain::recurring::Recurring;
use crate::store::error::StoreError;
use crate::store::recurring::{Made, RecurringReads};
use crate::store::tables::*;

pub(super) fn check(c: &mut Check<'_>) -> Result<(), StoreError> {
    let (mut highest, mut waiting) = (0, 0);
    c.every("recurring documents", RECURRING, |c, key: u64, one: Recurring| {
        highest = key;
        c.claim(one.id.0 == key, || format!("The recurring document at {key} says to be {}.", one.id));
        let known = c.has(CLIENTS, one.client.0)?;
        c.claim(known, || format!("Recurring document {key} is of client {}, which does not exist.", one.client));
        if let Some(at) = one.wake {
            waiting += 1;
            let listed = c.has(RECURRING_DUE, (at.as_millisecond(), key))?;
            c.claim(listed, || format!("Recurring document {key} is not among those to be looked at."));
        }
        made(c, one.id)
    })?;
    c.given("recurring", highest)?;
    c.sized(RECURRING_DUE, waiting)
}

fn made(c: &mut Check<'_>, id: RecurringId) -> Result<(), StoreError> {
    for (key, made) in c.r.made_of(id)? {
        // A draft may have been thrown away; its identifier was given nonetheless.
        let noun = match made {
            Made::Invoice(document) => Some(("invoice", document.0)),
            Made::Quote(document) => Some(("quote", document.0)),
            Made::Skipped | Made::Waits => None,
        };
        if let Some((noun, document)) = noun {
            let last = crate::store::tx::Reader::last_in_series(c.r, noun)?;
            c.claim(document <= last, || {
                format!("For {key}, recurring document {id} made {noun} {document}, never given.")
            });
        }
    }
    Ok(())
}
