//! Which documents an archive holds: those of a month, of a state, or of both.
//!
//! Reads pages of whatever list it is given, so that portal and desk choose from what each may see.

use jiff::Span;
use jiff::civil::Date;
use maud::{Markup, html};

use super::bundle::DOCUMENTS_MAX;
use crate::domain::ids::InvoiceId;
use crate::domain::invoice::Invoice;
use crate::domain::refusal::FieldFault;
use crate::store::invoices::{Cursor, Filter, Page};
use crate::web::forms::Fields;
use crate::web::parts::{self, Choice as Option_, Field, Look};
use crate::web::problem::Problem;

const NO_STATE: &str = "That is no state of invoices; choose a month here, or begin at the list";
/// Months that a form offers.
const MONTHS: i32 = 24;

/// What is wished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The state.
    pub filter: Filter,
    /// The first day of the month of issue.
    pub month: Option<Date>,
}

impl Choice {
    /// Reads `state` and `month` (`2026-10`) of a query; without them it is everything.
    ///
    /// # Errors
    /// Names `month` when it is none, or when the state is none.
    pub fn read(query: &Fields) -> Result<Self, FieldFault> {
        let (state, none) = (query.get("state"), Filter::default().code());
        let state = if state.is_empty() { none } else { state };
        let Some(filter) = Filter::ALL.into_iter().find(|x| x.code() == state) else {
            return Err(FieldFault::new("month", NO_STATE));
        };
        let text = query.get("month");
        let month = format!("{text}-01").parse::<Date>().ok();
        match (text, month) {
            ("", _) => Ok(Self { filter, month: None }),
            (_, Some(_)) => Ok(Self { filter, month }),
            (_, None) => Err(FieldFault::new("month", "Choose a month, like 2026-10")),
        }
    }

    /// The documents, by pages of the list that `page` reads from a place on.
    ///
    /// # Errors
    /// When a page can't be read; names `month` when there are more than [`DOCUMENTS_MAX`].
    pub fn documents(
        &self,
        mut page: impl FnMut(Option<Cursor>) -> Result<Page, Problem>,
    ) -> Result<Result<Vec<InvoiceId>, FieldFault>, Problem> {
        let (mut after, mut all) = (self.begin(), Vec::new());
        loop {
            let read = page(after)?;
            all.extend(read.rows.iter().filter(|row| self.holds(&row.invoice)).map(|row| row.invoice.id));
            if all.len() > DOCUMENTS_MAX {
                let message =
                    format!("These are more than {DOCUMENTS_MAX} documents; choose a month, a client or a state");
                return Ok(Err(FieldFault::new("month", message)));
            }
            let past = read.rows.last().is_some_and(|row| self.is_past(&row.invoice));
            match read.next {
                Some(next) if !past => after = Some(next),
                _ => return Ok(Ok(all)),
            }
        }
    }

    /// Where the list is entered: that of everything is sorted by date, the latest first, so that it can be at the
    /// month's end.
    pub fn begin(&self) -> Option<Cursor> {
        let last = self.month.filter(|_| self.filter == Filter::All)?.last_of_month();
        last.tomorrow().ok().map(|day| Cursor { day: crate::store::day(day), id: 0 })
    }

    /// Whether a document of the list is one of those.
    pub fn holds(&self, invoice: &Invoice) -> bool {
        let of_month = |first: Date| first <= invoice.dated && invoice.dated <= first.last_of_month();
        invoice.issue.is_some() && self.month.is_none_or(of_month)
    }

    /// Whether none behind this one in the list is.
    pub fn is_past(&self, invoice: &Invoice) -> bool {
        self.filter == Filter::All && self.month.is_some_and(|month| invoice.dated < month)
    }

    /// The month whose statement belongs in the archive: that of a month as a whole.
    pub fn statement(&self) -> Option<Date> {
        self.month.filter(|_| self.filter == Filter::All)
    }

    /// The archive's name as a file.
    pub fn file_name(&self) -> String {
        let state = if self.filter == Filter::All { "" } else { self.filter.code() };
        let month = self.month.map_or_else(String::new, |month| month.strftime("%Y-%m").to_string());
        let parts = ["invoices", state, &month].into_iter().filter(|x| !x.is_empty()).collect::<Vec<_>>();
        format!("{}.zip", parts.join("-"))
    }
}

/// A form that asks for a month's archive at `action`, with these fields kept.
pub fn form(action: &str, kept: &[(&str, &str)], today: Date) -> Markup {
    let month = |back: i32| today.first_of_month().saturating_sub(Span::new().months(back));
    let months: Vec<(String, String)> = (0..MONTHS)
        .map(|back| (month(back).strftime("%Y-%m").to_string(), month(back).strftime("%B %Y").to_string()))
        .collect();
    let choices: Vec<Option_<'_>> = months.iter().map(|(value, words)| Option_::new(value, words)).collect();
    html! {
        form.filters.sec-m.no-print method="get" action=(action) {
            @for (name, value) in kept { (parts::hidden(name, value)) }
            (parts::select(&Field::new("month", "All of a month in one file"), &choices))
            (parts::submit(Look::Plain, "Download as ZIP"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_choice_is_read_and_names_its_file() {
        let read = |pairs: &[(&'static str, &'static str)]| Choice::read(&Fields::of(pairs.iter().copied()));
        assert_eq!(read(&[]).unwrap().file_name(), "invoices.zip");
        let october = read(&[("month", "2026-10"), ("state", "open")]).unwrap();
        assert_eq!(october.month, Some(date(2026, 10, 1)));
        assert_eq!(october.file_name(), "invoices-open-2026-10.zip");
        for wrong in ["bogus", "Open", "open "] {
            assert_eq!(read(&[("state", wrong)]).unwrap_err().message, NO_STATE, "{wrong}");
        }
        for wrong in ["2026", "2026-13", "x", "2026-10-01"] {
            assert!(read(&[("month", wrong)]).is_err(), "{wrong}");
        }
    }
}
