//! Disputes: one that was rejected, and one of a part that is open on the demo's own morning.

use jiff::civil::time;

use super::super::plan::days;
use super::{Act, Story};
use crate::actions::disputes;
use crate::domain::calendar::next_business_day;
use crate::domain::dispute::{Ground, Part, Wish, line_shares};
use crate::domain::ids::InvoiceId;
use crate::store::invoices::Filter;
use crate::store::prelude::*;

/// When one is raised that is rejected days later, and when one is raised that is open, in days from today.
const REJECTED: i64 = -20;
const OPEN: i64 = -4;
/// Days until an answer.
const ANSWERED_AFTER: i64 = 3;
/// Open invoices that are looked at.
const LOOKED_AT: usize = 60;

impl Story {
    pub(super) fn plan_disputes(&mut self) {
        for (day, whole) in [(REJECTED, true), (OPEN, false)] {
            let day = next_business_day(days(self.today, day));
            self.at(day, time(11, 20, 0, 0), Act::Dispute(whole));
        }
    }

    /// Somebody rings and disputes an open invoice that nobody promised to pay: all of it, or one of its lines.
    pub(super) fn dispute(&mut self, w: &mut WriteTx<'_>, whole: bool) -> Result<(), ActError> {
        let open = w.invoice_page(None, Filter::Open, self.date(), None, LOOKED_AT)?.rows;
        let mut found = None;
        for row in open {
            let lines = line_shares(&row.invoice).map_or(0, |x| x.len());
            let fresh = w.newest_promise(row.invoice.id)?.is_none() && w.newest_dispute(row.invoice.id)?.is_none();
            if found.is_none() && fresh && row.settled.total() == 0 && lines > 1 {
                found = Some(row);
            }
        }
        let Some(row) = found else { return Ok(()) };
        let (part, ground, words) = match whole {
            true => (Part::Whole, Ground::Price, "The quote was lower than what was invoiced."),
            false => (Part::Lines(vec![1]), Ground::Delivery, "The second item has not reached us yet."),
        };
        let (scope, wish) = (self.as_staff(w, 1), Wish { part, ground, words: words.to_owned() });
        disputes::record(w, &scope, row.invoice.id, &wish, &self.app.settings.zone)?.value();
        if whole {
            let day = next_business_day(days(self.date(), ANSWERED_AFTER));
            self.at(day, time(15, 40, 0, 0), Act::Reject(row.invoice.id));
        }
        Ok(())
    }

    /// The firm does not agree, and says why.
    pub(super) fn reject_dispute(&mut self, w: &mut WriteTx<'_>, invoice: InvoiceId) -> Result<(), ActError> {
        if w.open_dispute(invoice)?.is_none() {
            return Ok(());
        }
        let (scope, zone) = (self.as_staff(w, 0), self.app.settings.zone.clone());
        let words =
            "The quote named these rates; you accepted its second version, a copy of which is in your documents.";
        disputes::reject(w, &scope, (invoice, None), words, &zone)?.value();
        Ok(())
    }
}
