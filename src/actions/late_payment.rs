//! What is charged for late payment: keeping a new version of it, and leaving a client out for a reason.

use super::found;
use crate::domain::access::{Act, StaffScope};
use crate::domain::event::{Actor, Event};
use crate::domain::ids::ClientId;
use crate::domain::late_payment::{LateException, LatePayment, LatePaymentVersion};
use crate::domain::refusal::{Faults, Refusal};
use crate::domain::text;
use crate::store::late::LateLook;
use crate::store::prelude::*;

const WHY: &str = "Say why, in a few words.";

/// Keeps a new version of what is charged, in the place of version `known`, with the reason. Its number.
///
/// # Errors
/// When the role does not allow it, somebody changed it meanwhile, nothing changes, a field is to be mended, or the
/// reason is missing.
pub fn change(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    known: u32,
    policy: &LatePayment,
    reason: &str,
) -> Result<Done<u32>, ActError> {
    scope.may(Act::Govern)?;
    let before = w.late_payment_now()?;
    if before.version != known {
        return Err(Refusal::ChangedMeanwhile.into());
    }
    let mut faults = Faults::default();
    policy.check(&mut faults);
    if *policy == before.policy {
        faults.add("on", "This is what holds now. Change something first.");
    }
    let reason = faults.take(text::required("reason", reason, text::LINE_MAX, WHY));
    faults.check()?;
    if policy.drafts() {
        // What is late already is looked at as well, and what another version left aside.
        w.set_late_drafted(None)?;
    }
    let version = known.checked_add(1).ok_or(Refusal::TryAgain)?;
    let (by, at, on) = (w.by.actor.clone(), w.now, policy.on);
    // It says something only where drafts are made by themselves.
    let least = if policy.drafts() { policy.least.clone() } else { Vec::new() };
    w.put_late_payment(&LatePaymentVersion { version, policy: policy.clone(), by, at, reason: reason.clone() })?;
    Ok(w.record(About::FIRM, Event::LatePaymentChanged { version, on, least, reason })?.done(version))
}

/// Charges a client nothing for late payment until somebody says otherwise; an earlier reason is replaced. Notes that
/// were issued stand.
///
/// # Errors
/// When the scope does not allow it, or the reason is missing.
pub fn except(w: &mut WriteTx<'_>, scope: &StaffScope, client: ClientId, reason: &str) -> Result<Done<()>, ActError> {
    found(w.client(client)?.filter(|c| scope.sees(c.id)))?;
    scope.may(Act::Work)?;
    let Actor::Staff(by) = w.by.actor else { return Err(Refusal::NotFound.into()) };
    let reason = text::required("late_reason", reason, text::LINE_MAX, WHY).map_err(Refusal::from)?;
    w.put_late_exception(&LateException { client, reason: reason.clone(), by, since: w.now })?;
    Ok(w.record(About::client(client), Event::LateExcepted { client, reason })?.done(()))
}

/// Charges them again, as everybody; what is late already is looked at for notes by themselves.
///
/// # Errors
/// When the scope does not allow it, or they are no exception.
pub fn charge_again(w: &mut WriteTx<'_>, scope: &StaffScope, client: ClientId) -> Result<Done<()>, ActError> {
    found(w.client(client)?.filter(|c| scope.sees(c.id)))?;
    scope.may(Act::Work)?;
    if !w.end_late_exception(client)? {
        return Err(Refusal::NotFound.into());
    }
    if w.late_payment()?.drafts() {
        w.put_late_look(None, LateLook::Client(client))?;
    }
    Ok(w.record(About::client(client), Event::LateExceptionEnded { client })?.done(()))
}
