//! What else of a client is open: named in each reminder beside what it asks for, as things stand while it goes.
//!
//! Reads as many documents as the letter names; of the others the lists alone, unless its reader sees only some
//! projects.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::digest::promise_of;
use super::queue::{disputed, subject};
use crate::domain::firm::Firm;
use crate::domain::ids::{ClientId, InvoiceId};
use crate::domain::letter::{ALSO_MAX, Letter};
use crate::domain::money::{Currency, Money};
use crate::domain::person::{Contact, Person, ProjectAccess};
use crate::domain::reminder::Tone;
use crate::mail::letters_digest::{Also, Aside, Entry, other};
use crate::store::invoices::{Filter, Row};
use crate::store::prelude::*;

/// Most documents that are looked at for a reader who sees only some projects.
const LOOKED_MAX: usize = 1_000;

/// What else is open, and the invoices of its lines.
#[derive(Debug, Default)]
pub(super) struct AlsoOpen {
    pub(super) ids: Vec<InvoiceId>,
    pub(super) also: Also,
}

/// The client's open invoices that the reader of a letter may see, but for those `asked` for; `firm` as it writes to
/// them.
pub(super) fn also_open(
    r: &impl Reader,
    firm: &Firm,
    letter: &Letter,
    client: ClientId,
    asked: &BTreeSet<InvoiceId>,
    today: Date,
) -> Result<AlsoOpen, StoreError> {
    let Person::Contact(id) = letter.to else { return Ok(AlsoOpen::default()) };
    let Some(reader) = r.contact(id)? else { return Ok(AlsoOpen::default()) };
    let mut out = AlsoOpen::default();
    let (mut after, mut looked) = (None, 0);
    loop {
        let limit = ALSO_MAX + asked.len();
        let page = r.invoice_page(Some(client), Filter::Open, today, after, limit)?;
        looked += page.rows.len();
        for row in page.rows.iter().filter(|x| is_also(x, &reader, asked)) {
            if out.ids.len() < ALSO_MAX {
                let about = subject(firm, &letter.to_name, row, disputed(r, row)?, today);
                // Not asked for, so in no tone.
                let entry = Entry { about, tone: Tone::Upcoming, broken: None };
                out.ids.push(row.invoice.id);
                out.also.lines.push(other(&entry, aside(r, row, today)?.as_ref()));
            } else {
                count(&mut out.also, row.open());
            }
        }
        after = page.next;
        match (after, out.ids.len() == ALSO_MAX, &reader.rights.projects) {
            (None, ..) => return Ok(out),
            (Some(_), true, ProjectAccess::All) => {
                out.also.more = 0;
                out.also.open = Vec::new();
                rest(r, client, asked, &out.ids, &mut out.also)?;
                return Ok(out);
            }
            _ if looked >= LOOKED_MAX => {
                out.also.unlooked = true;
                return Ok(out);
            }
            _ => {}
        }
    }
}

/// Why an open invoice is not asked for, where somebody disputes all of it or promised a payment.
fn aside(r: &impl Reader, row: &Row, today: Date) -> Result<Option<Aside>, StoreError> {
    if let Some(whole) = r.standing_dispute(row.invoice.id)?.filter(|x| x.holds(row.open())) {
        return Ok(Some(Aside::Disputed(whole.made)));
    }
    let held = r.newest_promise(row.invoice.id)?.filter(|x| x.holds_on(today));
    Ok(held.map(|x| Aside::Promised(promise_of(&x))))
}

fn is_also(row: &Row, reader: &Contact, asked: &BTreeSet<InvoiceId>) -> bool {
    let invoice = &row.invoice;
    row.open().minor > 0 && !asked.contains(&invoice.id) && reader.sees_billing(invoice.client, invoice.project)
}

/// Counts what is neither asked for nor named, out of the client's list alone.
fn rest(
    r: &impl Reader,
    client: ClientId,
    asked: &BTreeSet<InvoiceId>,
    named: &[InvoiceId],
    also: &mut Also,
) -> Result<(), StoreError> {
    let named: BTreeSet<&InvoiceId> = named.iter().chain(asked).collect();
    let open: Vec<(InvoiceId, i64, Currency)> =
        r.open_of(client)?.into_iter().map(|(x, currency)| (x.invoice, x.open, currency)).collect();
    for (_, open, currency) in open.into_iter().filter(|x| x.1 > 0 && !named.contains(&x.0)) {
        count(also, Money::new(open, currency));
    }
    Ok(())
}

fn count(also: &mut Also, open: Money) {
    also.more += 1;
    match also.open.iter_mut().find(|sum| sum.currency == open.currency) {
        Some(sum) => sum.minor = sum.minor.saturating_add(open.minor),
        None => also.open.push(open),
    }
}
