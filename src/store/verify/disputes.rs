//! Disputes: of invoices that exist, listed where they belong, open as long as something is; and the sums of what is
//! disputed.

use std::collections::BTreeMap;

use redb::ReadableTable;

use super::Check;
use crate::domain::attention::Want;
use crate::domain::dispute::{Dispute, Outcome, Part};
use crate::domain::ids::InvoiceId;
use crate::store::disputes::{DisputeReads, add_disputed};
use crate::store::error::StoreError;
use crate::store::invoices::InvoiceReads;
use crate::store::payments::PaymentReads;
use crate::store::tables::*;
use crate::store::tx::Reader;
use crate::store::{date_of, day};

pub(super) fn check(c: &mut Check<'_>) -> Result<(), StoreError> {
    let (mut highest, mut standing, mut open) = (0, 0, 0);
    let mut sums = BTreeMap::new();
    let all = c.every("disputes", DISPUTES, |c, key: u64, dispute: Dispute| {
        highest = key;
        let of = c.r.invoice(dispute.invoice)?;
        let fits = of.as_ref().is_some_and(|x| x.client == dispute.client && x.currency == dispute.amount.currency);
        c.claim(dispute.id.0 == key && fits && fine(&dispute), || {
            format!("The dispute {key} is of no invoice, or of another part of it than it can be.")
        });
        let listed = c.has(DISPUTES_OF_INVOICE, (dispute.invoice.0, key))?
            && c.has(DISPUTES_OF_CLIENT, (dispute.client.0, day(dispute.made), key))?;
        c.claim(listed, || format!("The dispute {key} is missing from the lists of its invoice and client."));
        let waits = c.has(DISPUTES_OPEN, (0, key))? && c.has(DISPUTES_OPEN, (dispute.client.0, key))?;
        let left = of.as_ref().map_or(Ok(0), |x| Ok::<_, StoreError>(x.open(c.r.settled(x.id)?).minor))?;
        c.claim(waits == (dispute.stands() && left > 0), || {
            format!("The dispute {key} waits: {waits}; it is {:?}, and {left} is open.", dispute.outcome)
        });
        let newest = c.r.newest_dispute(dispute.invoice)?.is_some_and(|x| x.id == dispute.id);
        c.claim(newest || !dispute.stands(), || format!("The dispute {key} stands, and there is a newer one."));
        if let Some(invoice) = of.filter(|_| newest) {
            let left = invoice.open(c.r.settled(invoice.id)?);
            let found = dispute.now(left, dispute.made);
            let same = std::mem::discriminant(&found) == std::mem::discriminant(&dispute.outcome);
            c.claim(same, || {
                format!("The dispute {key} is kept as {:?}, and the ledger makes it {found:?}.", dispute.outcome)
            });
            if dispute.stands() {
                standing += 1;
                open += u64::from(left.minor > 0);
                let (left, disputed) = (left.minor, dispute.disputed(left).minor);
                add_disputed(&mut sums, &invoice, left, disputed);
                let kept = c.r.table(DISPUTED_OF)?.get(invoice.id.0)?.map(|x| x.value());
                c.claim(kept == Some((left, disputed)), || {
                    format!("Of invoice {} {disputed} is disputed, in minor units, and {kept:?} is kept.", invoice.id)
                });
            }
        }
        Ok(())
    })?;
    c.given("dispute", highest)?;
    c.sized(DISPUTES_OF_INVOICE, all)?;
    c.sized(DISPUTES_OF_CLIENT, all)?;
    c.sized(DISPUTES_OPEN, open * 2)?;
    c.sized(DISPUTED_OF, standing)?;
    for ((currency, client, due), sum) in &sums {
        let kept = c.r.table(DISPUTED)?.get((currency.code(), *client, *due))?.map(|x| x.value());
        c.claim(kept == Some(*sum), || {
            format!("Of client {client} in {currency} on {} {sum:?} is disputed, and {kept:?} is kept.", date_of(*due))
        });
    }
    c.sized(DISPUTED, sums.len() as u64)?;
    wanting(c, open)
}

/// Whether it says what a dispute can: an amount above zero, lines in order, an answer where the firm gave one.
fn fine(dispute: &Dispute) -> bool {
    let part = match &dispute.part {
        Part::Whole => true,
        Part::Lines(lines) => !lines.is_empty() && lines.is_sorted_by(|a, b| a < b),
        Part::Amount(minor) => *minor > 0,
    };
    let answered = matches!(dispute.outcome, Outcome::Upheld(_) | Outcome::Rejected(_));
    let waits = !dispute.waits || matches!(dispute.outcome, Outcome::Upheld(_));
    part && waits && dispute.amount.minor > 0 && answered == dispute.answer.is_some() && !dispute.words.is_empty()
}

/// An invoice of which a dispute stands wants somebody for that, and no other.
fn wanting(c: &mut Check<'_>, open: u64) -> Result<(), StoreError> {
    let mut told = 0;
    c.rows(ATTENTION_OF, |c, invoice: u64, (_, why, _): (u64, u8, i64)| {
        if why == Want::Disputed.tag() {
            told += 1;
            let disputed = c.r.standing_dispute(InvoiceId(invoice))?.is_some();
            c.claim(disputed, || format!("Invoice {invoice} wants an answer to a dispute, and has none."));
        }
        Ok(())
    })?;
    c.claim(told == open, || format!("{told} invoices want an answer to a dispute, and {open} are disputed."));
    Ok(())
}
