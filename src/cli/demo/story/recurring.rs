//! What the firm bills again and again: a retainer that is issued by itself, and a rent that waits for approval.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::Story;
use crate::actions::recurring::{Template, save};
use crate::cli::demo::firm::CLIENTS;
use crate::domain::invoice::References;
use crate::domain::recurring::{Covers, End, Makes, NewPrice, PriceChange, Schedule, Unit as Step};
use crate::domain::tax::{Content, Line, Unit, Vat, VatCategory};
use crate::store::prelude::*;

impl Story {
    /// Saves the templates, on the last day of the story.
    pub(super) fn recur(&mut self, w: &mut WriteTx<'_>) -> Result<(), ActError> {
        let retainer = "Retainer, {month} {year}\nUp to four hours of advice from {from} to {to}";
        let first = self.today.last_of_month();
        let mut monthly = self.template(0, "Retainer", retainer, 640, first);
        monthly.by_itself = true;
        let from = first.first_of_month().saturating_add(jiff::Span::new().months(7));
        monthly.changes = vec![PriceChange { from, line: None, to: NewPrice::Percent(Decimal::from(5)) }];
        let minutes = "Company secretary, {quarter} {year}\nMinutes, registers and the annual return";
        let mut quarterly = self.template(3, "Company secretary", minutes, 380, self.today);
        (quarterly.schedule.unit, quarterly.schedule.covers) = (Step::Quarter, Covers::Last);
        for (client, template) in [(0, monthly), (3, quarterly)] {
            let scope = self.as_staff(w, CLIENTS[client].manager);
            save(w, &scope, &self.app.settings.clone(), None, &template)?.value();
        }
        Ok(())
    }

    fn template(&self, client: usize, title: &str, description: &str, price: i64, first: Date) -> Template {
        let (plan, known) = (&CLIENTS[client], &self.clients[client]);
        let home = plan.currency == "EUR";
        let (category, rate) = if home { (VatCategory::Standard, 23) } else { (VatCategory::OutOfScope, 0) };
        let line = Line {
            description: description.to_owned(),
            quantity: Decimal::ONE,
            unit: Unit::default(),
            price: Decimal::from(price),
            vat: Vat { category, rate: Decimal::from(rate) },
            ..Line::default()
        };
        let (every, unit, end, covers) = (1, Step::Month, End::Never, Covers::This);
        Template {
            client: known.id.unwrap_or(crate::domain::ids::ClientId(0)),
            makes: Makes::Invoice,
            project: None,
            title: title.to_owned(),
            currency: plan.currency.parse().unwrap_or(crate::domain::money::Currency::EUR),
            schedule: Schedule { first, anchor: 31, every, unit, end, covers },
            days: 30,
            reference: String::new(),
            references: References::default(),
            note: String::new(),
            content: Content::of(vec![line]),
            changes: Vec::new(),
            recipients: Vec::new(),
            by_itself: false,
        }
    }
}
