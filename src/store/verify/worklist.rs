//! Credit terms, of clients that exist and listed where they hold; what is charged for late payment; what wants a
//! person, once for each open invoice.

use super::Check;
use crate::domain::attention::Snooze;
use crate::domain::credit_terms::CreditTerms;
use crate::domain::late_payment::{LateException, LatePaymentVersion};
use crate::domain::refusal::Faults;
use crate::store::error::StoreError;
use crate::store::invoices::{OPEN, PART_PAID};
use crate::store::tables::*;
use crate::store::tx::Reader;
use redb::ReadableTable;

pub(super) fn check(c: &mut Check<'_>) -> Result<(), StoreError> {
    let mut held = 0;
    c.every("credit terms", CREDIT_TERMS, |c, key: u64, terms: CreditTerms| {
        let known = terms.client.0 == key && c.has(CLIENTS, key)?;
        c.claim(known && !terms.is_none(), || {
            format!("The credit terms of client {key} are of nobody or say nothing.")
        });
        let (hold, listed) = (terms.hold.is_some(), c.has(CREDIT_HOLDS, key)?);
        c.claim(hold == listed, || format!("Whether client {key} is on hold is listed otherwise than kept."));
        held += u64::from(hold);
        Ok(())
    })?;
    c.sized(CREDIT_HOLDS, held)?;
    late(c)?;
    wanting(c)?;
    c.every("what is put off", SNOOZES, |c, key: (u8, u64), snooze: Snooze| {
        c.claim(snooze.item.key() == key, || format!("What is put off at {key:?} says to be {}.", snooze.item));
        Ok(())
    })?;
    Ok(())
}

/// What is charged for late payment has versions without a gap, and is excepted for clients that exist.
fn late(c: &mut Check<'_>) -> Result<(), StoreError> {
    let mut last = 0;
    c.every("versions of late payment", LATE_PAYMENT, |c, key: u64, one: LatePaymentVersion| {
        let mut faults = Faults::default();
        one.policy.check(&mut faults);
        let fine = key == last + 1 && u64::from(one.version) == key && faults.is_empty();
        c.claim(fine, || format!("Version {key} of what is charged for late payment can’t be right."));
        last = key;
        Ok(())
    })?;
    c.every("exceptions from late payment", LATE_EXCEPTIONS, |c, key: u64, one: LateException| {
        let known = one.client.0 == key && c.has(CLIENTS, key)?;
        c.claim(known, || format!("Client {key}, who is charged nothing for late payment, does not exist."));
        Ok(())
    })?;
    c.rows(LATE_LOOKS, |c, (day, kind, id): (i32, u8, u64), ()| {
        c.claim(kind <= 1, || format!("A look for a late payment note, {id} on day {day}, is of nothing."));
        Ok(())
    })?;
    Ok(())
}

fn wanting(c: &mut Check<'_>) -> Result<(), StoreError> {
    let wanting = c.rows(ATTENTION_OF, |c, invoice, (client, why, from)| {
        let place = c.r.table(SHELF_OF)?.get(invoice)?.map(|x| x.value());
        let open = place.is_some_and(|x| x.0 == client && matches!(x.1, OPEN | PART_PAID));
        let listed = c.has(ATTENTION, (0, why, from, invoice))? && c.has(ATTENTION, (client, why, from, invoice))?;
        c.claim(open && listed, || format!("When invoice {invoice} wants somebody is kept otherwise than listed."));
        Ok(())
    })?;
    let mut open = 0;
    c.rows(SHELF_OF, |_, _, (_, shelf, _)| {
        open += u64::from(matches!(shelf, OPEN | PART_PAID));
        Ok(())
    })?;
    c.claim(open == wanting, || format!("{open} invoices are open, and {wanting} want somebody some time."));
    c.sized(ATTENTION, wanting * 2)
}
