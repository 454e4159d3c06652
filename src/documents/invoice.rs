//! Invoices and credit notes as a [`Sheet`].
//!
//! Formats what the domain has reckoned; must not reckon anything itself.

use super::{Logo, Sheet};
use crate::domain::client::Party;
use crate::domain::firm::Firm;
use crate::domain::invoice::Invoice;
use crate::domain::number::DocumentNumber;
use crate::domain::tax::Totals;

/// The firm's looks: letterhead, colour, logo, paper and locale.
#[derive(Clone, Debug)]
pub struct Look<'a> {
    /// Whose documents they are.
    pub firm: &'a Firm,
    /// The bytes of the firm's logo.
    pub logo: Option<Logo>,
}

/// The sheet of an invoice or credit note. Without a `number` it is a draft and says so; `credits` is the number of the
/// invoice that a credit note takes back; `totals` are printed as they are.
#[expect(clippy::too_many_arguments, reason = "what issuing freezes, piece by piece")]
pub fn invoice_sheet(
    look: &Look,
    seller: &Party,
    buyer: &Party,
    invoice: &Invoice,
    number: Option<&DocumentNumber>,
    totals: &Totals,
    project: Option<&str>,
    credits: Option<&DocumentNumber>,
) -> Sheet {
    let _ = (look, seller, buyer, invoice, number, totals, project, credits);
    Sheet::default()
}
