//! Month-end statements: the firm has published them for a year, as its scheduler would have, and some are read.

use jiff::Span;
use jiff::civil::{Date, Time};

use super::{Act, Story};
use crate::actions::statements::{self, Asked};
use crate::actions::visits;
use crate::domain::event::By;
use crate::domain::format::Format;
use crate::domain::monthly::{self, When};
use crate::domain::refusal::Refusal;
use crate::store::events::Visited;
use crate::store::prelude::*;
use crate::store::scope::Pass;

/// Months before the demo's own in which the firm began to.
const MONTHS: i64 = 12;
/// Of those who see the account, how many in a hundred look at the month's statement when they visit.
const LOOK: u64 = 60;

impl Story {
    /// The choice is made in a month, and each that ends after it is published at its midnight.
    pub(super) fn plan_months(&mut self) {
        let first = self.today.first_of_month().saturating_sub(Span::new().months(MONTHS)).max(self.first);
        self.at(first.first_of_month().max(self.first), Time::midnight(), Act::ChooseMonths);
        let mut month = first.first_of_month();
        while let Ok(next) = month.checked_add(Span::new().months(1)) {
            if next > self.today {
                break;
            }
            self.at(next, Time::midnight(), Act::Months(month));
            month = next;
        }
    }

    pub(super) fn choose_months(&mut self, w: &mut WriteTx<'_>) -> Result<(), ActError> {
        let scope = self.as_staff(w, 0);
        statements::choose(w, &scope, None, Some(When::WhenMoved))?.value();
        Ok(())
    }

    pub(super) fn months(&mut self, w: &mut WriteTx<'_>, month: Date) -> Result<(), ActError> {
        let (app, asked) = (self.app.clone(), Asked::ByItself(w.policy()?.at));
        for id in self.clients.iter().filter_map(|x| x.id).collect::<Vec<_>>() {
            w.by = By::job("statements");
            let wanted = match w.client(id)? {
                Some(client) => statements::is_wanted(w, &app.settings, &client, month)?,
                None => false,
            };
            if wanted {
                statements::publish_in(w, &app, &asked, id, month)?.value();
            }
        }
        w.remember(statements::THROUGH, monthly::count(month))?;
        self.later(1, Act::Post);
        Ok(())
    }

    /// A visitor looks at the newest statement, and some take it along.
    pub(super) fn read_month(&mut self, w: &mut WriteTx<'_>, client: usize, pass: Pass) -> Result<(), ActError> {
        let newest = w.statements_of(self.client(client)?, None, 1)?.into_iter().next();
        let Some(newest) = newest.filter(|_| self.dice.chance(LOOK)) else { return Ok(()) };
        if w.visit_logged(pass.contact, Visited::Month(newest.id), visits::hour_of(w.now))? {
            return Ok(());
        }
        match visits::month_opened(w, pass, newest.id) {
            // The statement is of the whole account, which not everybody sees.
            Err(ActError::Refused(Refusal::NotFound)) => return Ok(()),
            done => done?.value(),
        }
        if self.dice.chance(LOOK / 2) {
            visits::month_downloaded(w, pass, newest.id, Format::Pdf)?.value();
        }
        Ok(())
    }
}
