//! What an invoice asks its reader for on a day: whether it is late, how much, by when, and in which words.
//!
//! What is disputed is neither late nor asked for, so that no page calls overdue what its letters do not ask for.

use jiff::civil::Date;

use super::words::{self, Said};
use crate::domain::dispute::Dispute;
use crate::domain::firm::Locale;
use crate::domain::invoice::Standing;
use crate::domain::money::Money;
use crate::domain::payment::Settled;
use crate::store::invoices::Row;

/// How much of what is open is disputed while that is a part of it. Nothing where all is: then nothing is asked for,
/// and its due date stays.
fn beside(row: &Row, dispute: Option<&Dispute>) -> i64 {
    let (open, disputed) = (row.open(), dispute.map_or(0, |x| x.disputed(row.open()).minor));
    if disputed < open.minor { disputed } else { 0 }
}

/// The state of a document as its reader is asked for it: late by the first due date of what is not disputed, part paid
/// by what was paid.
pub fn standing(row: &Row, dispute: Option<&Dispute>, today: Date) -> Standing {
    let part_paid = row.settled.total() > 0;
    match row.invoice.standing(row.settled.and(beside(row, dispute)), today) {
        Standing::Due { days, .. } => Standing::Due { days, part_paid },
        Standing::Overdue { days, .. } => Standing::Overdue { days, part_paid },
        same => same,
    }
}

/// That state in words.
pub fn said(row: &Row, dispute: Option<&Dispute>, locale: Locale, today: Date) -> Said {
    words::standing(standing(row, dispute, today), ToPay::of(row, dispute, today).by, locale, today)
}

/// What is to be paid next.
#[derive(Clone, Copy, Debug)]
pub struct ToPay {
    /// How much: of instalments, those that are due, or else the next one; without what is disputed.
    pub amount: Money,
    /// By when.
    pub by: Date,
    open: Money,
    part_paid: bool,
    /// Whether more is to be paid later.
    later: bool,
    /// What is not asked for beside it.
    beside: Option<&'static str>,
}

impl ToPay {
    /// Of an invoice, with the dispute of it that stands.
    pub fn of(row: &Row, dispute: Option<&Dispute>, today: Date) -> Self {
        let (invoice, beside) = (&row.invoice, beside(row, dispute));
        let unasked: Settled = row.settled.and(beside);
        let amount = invoice.asked(unasked, today);
        Self {
            amount,
            by: invoice.next_due(unasked),
            open: row.open(),
            part_paid: row.settled.total() > 0,
            later: amount != invoice.open(unasked),
            beside: dispute.filter(|_| beside > 0).map(|x| if x.waits { "to be credited" } else { "disputed" }),
        }
    }

    /// Before the amount.
    pub fn label(&self) -> &'static str {
        match self {
            Self { later: true, .. } => "To pay next",
            Self { part_paid: true, .. } => "Left to pay",
            _ => "To pay",
        }
    }

    /// What is open in all, in a sentence; `None` where that is what is to be paid.
    pub fn in_all(&self, locale: Locale) -> Option<String> {
        let how = match (self.later, self.beside) {
            (false, None) => return None,
            (true, None) => "in instalments".to_owned(),
            (false, Some(what)) => format!("with what is {what}"),
            (true, Some(what)) => format!("in instalments and with what is {what}"),
        };
        Some(format!("{} is open in all, {how}.", locale.money(self.open)))
    }
}
