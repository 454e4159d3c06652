//! A client's account, currency by currency, from what the contact's view gives.
//!
//! Gathers; the domain reckons.

use jiff::tz::TimeZone;

use super::period::Period;
use crate::domain::number::DocumentNumber;
use crate::domain::open_items::OpenItems;
use crate::domain::statement::{Entry, balance_forward};
use crate::store::prelude::*;
use crate::store::scope::ClientView;
use crate::store::statement::Reckoned;
use crate::web::problem::Problem;
use crate::web::statement_file::{Accounts, Kind};

/// Every currency that anything was charged or paid in up to the period's end; the client's own when there is none.
///
/// # Errors
/// When the store fails.
fn all<R: Reader>(view: &ClientView<'_, R>, period: &Period) -> Result<Vec<Reckoned>, Problem> {
    let mut all = view.books(period.to)?.reckoned(period.from, period.to);
    if all.is_empty() {
        let statement = balance_forward(Vec::new(), period.from, period.to);
        all.push(Reckoned { currency: view.client().currency, statement, ageing: Default::default() });
    }
    Ok(all)
}

/// The account of the kind that is asked for; the firm's days end in `zone`.
///
/// # Errors
/// When the store fails.
pub fn of_kind<R: Reader>(view: &ClientView<'_, R>, period: &Period, zone: &TimeZone) -> Result<Accounts, Problem> {
    Ok(match period.kind {
        Kind::Forward => Accounts::Forward(all(view, period)?),
        Kind::Open => Accounts::Open(open(view, period, zone)?),
    })
}

/// What is open at the period's end, in every currency in which anything is; the client's own when nothing is.
///
/// # Errors
/// When the store fails.
fn open<R: Reader>(view: &ClientView<'_, R>, period: &Period, zone: &TimeZone) -> Result<Vec<OpenItems>, Problem> {
    Ok(view.books(period.to)?.open_items(period.to, view.client().currency, zone))
}

/// The address of an entry's document; `None` for a receipt.
pub fn address(entry: &Entry) -> Option<String> {
    entry.invoice?;
    let number: DocumentNumber = entry.number.parse().ok()?;
    Some(format!("/invoices/{}", number.in_url()))
}
