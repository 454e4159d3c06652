//! Credit terms: of clients that exist, and listed where they hold.

use super::Check;
use crate::domain::credit_terms::CreditTerms;
use crate::store::error::StoreError;
use crate::store::tables::*;

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
    c.sized(CREDIT_HOLDS, held)
}
