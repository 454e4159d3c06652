//! Putting off what waits on Today, until a day and for a reason; and showing it again before it.

use jiff::civil::Date;

use super::found;
use crate::app::Settings;
use crate::domain::access::{Act, StaffScope};
use crate::domain::attention::{Item, Snooze, last_day};
use crate::domain::calendar;
use crate::domain::event::{Actor, Event};
use crate::domain::refusal::Refusal;
use crate::domain::text;
use crate::store::prelude::*;

/// Most things that are put off at a time: beyond it, putting off is no help any more.
pub const SNOOZES_MAX: usize = 500;

/// Puts something off until the end of `until`; an earlier snooze of the same is replaced.
///
/// # Errors
/// When the scope does not allow it, it is not there, the day has passed or is too far ahead, or the reason is missing.
pub fn snooze(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    settings: &Settings,
    item: Item,
    until: Date,
    reason: &str,
) -> Result<Done<()>, ActError> {
    let about = about(w, scope, item)?;
    scope.may(Act::Work)?;
    let Actor::Staff(by) = w.by.actor else { return Err(Refusal::NotFound.into()) };
    let today = calendar::today(w.now, &settings.zone);
    let until = last_day(until, today).map_err(Refusal::from)?;
    let reason = text::required("reason", reason, text::LINE_MAX, "Say why, in a few words.").map_err(Refusal::from)?;
    if w.snooze(item)?.is_none() && w.snoozes(today, SNOOZES_MAX)?.len() == SNOOZES_MAX {
        return Err(Refusal::SnoozesFull(SNOOZES_MAX).into());
    }
    w.put_snooze(&Snooze { item, until, reason: reason.clone(), by, since: w.now })?;
    Ok(w.record(about, Event::PutOff { item, until, reason })?.done(()))
}

/// Shows something again before its day.
///
/// # Errors
/// When the scope does not allow it, or it is not put off.
pub fn wake(w: &mut WriteTx<'_>, scope: &StaffScope, item: Item) -> Result<Done<()>, ActError> {
    let about = about(w, scope, item)?;
    scope.may(Act::Work)?;
    if !w.end_snooze(item)? {
        return Err(Refusal::NotFound.into());
    }
    Ok(w.record(about, Event::ShownAgain { item })?.done(()))
}

/// What it concerns, if it is there and theirs to see.
///
/// # Errors
/// [`Refusal::NotFound`] otherwise.
pub fn about(r: &impl Reader, scope: &StaffScope, item: Item) -> Result<About, ActError> {
    let sees = |client| scope.sees(client);
    Ok(match item {
        Item::Unopened(id) | Item::Silent(id) | Item::Call(id) | Item::Broken(id) | Item::Disputed(id) => {
            let invoice = found(r.invoice(id)?.filter(|x| sees(x.client) && x.issue.is_some() && x.is_invoice()))?;
            About::invoice(invoice.client, id)
        }
        Item::Credit(id) => {
            let credit = found(r.invoice(id)?.filter(|x| sees(x.client) && x.issue.is_some() && !x.is_invoice()))?;
            About::invoice(credit.client, id)
        }
        Item::Draft(id) => {
            let draft = found(r.invoice(id)?.filter(|x| sees(x.client) && x.issue.is_none()))?;
            About::client(draft.client)
        }
        Item::Payment(id) => About::client(found(r.receipt(id)?.filter(|x| sees(x.client)))?.client),
        Item::Letter(id) => {
            let seen = |client: Option<_>| client.map_or(scope.only().is_none(), sees);
            let letter = found(r.letter(id)?.filter(|x| seen(x.client)))?;
            About { client: letter.client, invoice: None }
        }
    })
}
