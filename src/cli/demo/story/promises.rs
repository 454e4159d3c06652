//! Promises to pay: one that nobody kept, and one that is open on the demo's own morning.

use jiff::civil::{Date, time};

use super::super::plan::days;
use super::{Act, Story};
use crate::actions::promises;
use crate::domain::calendar::next_business_day;
use crate::domain::event::By;
use crate::domain::promise::Wish;
use crate::store::invoices::{Filter, Row};
use crate::store::prelude::*;

/// When they are made and by which day, in days from today.
const PROMISES: [(i64, i64); 2] = [(-13, -6), (-2, 9)];
/// Overdue invoices that are looked at.
const LOOKED_AT: usize = 20;
/// Promises that a morning notes as broken.
const AT_ONCE: usize = 100;

impl Story {
    pub(super) fn plan_promises(&mut self) {
        for (made, by) in PROMISES {
            let day = next_business_day(days(self.today, made));
            self.at(day, time(10, 35, 0, 0), Act::Promise(days(self.today, by)));
        }
    }

    /// Somebody rings and promises to pay the invoice that is overdue longest, of those that are not promised.
    pub(super) fn promise(&mut self, w: &mut WriteTx<'_>, day: Date) -> Result<(), ActError> {
        let overdue = w.invoice_page(None, Filter::Overdue, self.date(), None, LOOKED_AT)?.rows;
        let fresh = |row: &Row| w.newest_promise(row.invoice.id).map(|x| x.is_none());
        let mut found = None;
        for row in overdue {
            if found.is_none() && fresh(&row)? {
                found = Some(row);
            }
        }
        let Some(row) = found else { return Ok(()) };
        let scope = self.as_staff(w, 1);
        let note = "Waits for a payment of its own, and pays all of it then.".to_owned();
        let wish = Wish { day, amount: row.open(), note };
        promises::record(w, &scope, row.invoice.id, &wish, &self.app.settings.zone)?.value();
        Ok(())
    }

    /// What time makes of promises.
    pub(super) fn pass_promises(&mut self, w: &mut WriteTx<'_>) -> Result<(), ActError> {
        w.by = By::job("promises");
        promises::pass(w, &self.app.settings.zone, AT_ONCE)?;
        Ok(())
    }
}
