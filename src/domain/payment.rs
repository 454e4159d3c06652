//! Money received, and how it and credits settle invoices.
//!
//! A receipt has dated allocations: their sum is at most the receipt, each at most the invoice's open amount; the rest
//! is unapplied cash. Balances are derived from these, never stored.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::client::Party;
use super::ids::{AllocationId, ClientId, InvoiceId, ReceiptId, RefundId, StaffId};
use super::money::Money;
use super::number::DocumentNumber;

/// How money arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Method {
    /// Bank transfer.
    #[default]
    Transfer,
    /// Card.
    Card,
    /// Direct debit.
    DirectDebit,
    /// Cheque.
    Cheque,
    /// Cash.
    Cash,
}

impl Method {
    /// All of them, in the order in which forms offer them.
    pub const ALL: [Self; 5] = [Self::Transfer, Self::Card, Self::DirectDebit, Self::Cheque, Self::Cash];

    /// The word in forms.
    pub fn code(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::Card => "card",
            Self::DirectDebit => "direct-debit",
            Self::Cheque => "cheque",
            Self::Cash => "cash",
        }
    }

    /// The method of a form's word.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|x| x.code() == code)
    }

    /// The words on screen.
    pub fn words(self) -> &'static str {
        match self {
            Self::Transfer => "bank transfer",
            Self::Card => "card",
            Self::DirectDebit => "direct debit",
            Self::Cheque => "cheque",
            Self::Cash => "cash",
        }
    }
}

/// Money received from a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Identifier.
    pub id: ReceiptId,
    /// From whom.
    pub client: ClientId,
    /// Of the firm's own series, given when it was recorded.
    pub number: DocumentNumber,
    /// The client as it was.
    pub payer: Party,
    /// The firm as it was.
    pub payee: Party,
    /// How much; above zero.
    pub amount: Money,
    /// Civil date of receipt (the bank's value date).
    pub on: Date,
    /// How.
    pub method: Method,
    /// The payer's reference; may be empty.
    pub reference: String,
    /// Recorded at.
    pub at: Timestamp,
    /// Recorded by.
    pub by: StaffId,
    /// How it was taken back, if it was; from then on it settles nothing.
    pub reversed: Option<Reversal>,
}

impl Receipt {
    /// What of it can settle anything: all of it, or nothing once it was taken back.
    pub fn worth(&self) -> Money {
        if self.reversed.is_some() { Money::zero(self.amount.currency) } else { self.amount }
    }
}

/// Why a receipt was taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Cause {
    /// The bank returned it: a bounced cheque, a direct debit recalled.
    Returned,
    /// It never was as recorded.
    Mistaken,
}

impl Cause {
    /// Both, in the order in which forms offer them.
    pub const ALL: [Self; 2] = [Self::Returned, Self::Mistaken];

    /// The word in forms.
    pub fn code(self) -> &'static str {
        match self {
            Self::Returned => "returned",
            Self::Mistaken => "mistaken",
        }
    }

    /// The cause of a form's word.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|x| x.code() == code)
    }

    /// The words on screen.
    pub fn words(self) -> &'static str {
        match self {
            Self::Returned => "returned by the bank",
            Self::Mistaken => "recorded by mistake",
        }
    }
}

/// A receipt taken back. The receipt stays in the books, and this beside it as a line of its own date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reversal {
    /// Civil date on which it stops counting; never before the receipt's own.
    pub on: Date,
    /// Why.
    pub cause: Cause,
    /// In the firm's own words; the client does not read them.
    pub reason: String,
    /// Recorded at.
    pub at: Timestamp,
    /// Recorded by.
    pub by: StaffId,
    /// What it settled until then, for accounts as of an earlier day.
    pub parts: Vec<Allocation>,
}

/// Money paid back to a client, out of a receipt or credit that settled nothing with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Identifier.
    pub id: RefundId,
    /// To whom.
    pub client: ClientId,
    /// Out of which receipt or credit.
    pub source: Source,
    /// How much, in its currency; above zero.
    pub amount: Money,
    /// Civil date on which it counts; never before the source's own.
    pub on: Date,
    /// How.
    pub method: Method,
    /// The firm's reference; may be empty.
    pub reference: String,
    /// Recorded at.
    pub at: Timestamp,
    /// Recorded by.
    pub by: StaffId,
    /// Why it counts no longer, if it does not.
    pub returned: Option<Returned>,
}

impl Refund {
    /// What of it counts: all of it, or nothing once it came back.
    pub fn worth(&self) -> Money {
        if self.returned.is_some() { Money::zero(self.amount.currency) } else { self.amount }
    }
}

/// A refund that came back, or never went out. Both stay in the books, each a line of its own date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// Civil date on which it stops counting; never before the refund's own.
    pub on: Date,
    /// In the firm's own words; the client does not read them.
    pub reason: String,
    /// Recorded at.
    pub at: Timestamp,
    /// Recorded by.
    pub by: StaffId,
}

/// Where settlement comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Source {
    /// Money received.
    Receipt(ReceiptId),
    /// A credit note.
    Credit(InvoiceId),
    /// A discount that the terms give for paying early, taken on the account of this client.
    EarlyPayment(ClientId),
    /// Given up: nobody expects it of this client any more.
    WrittenOff(ClientId),
}

impl Source {
    /// Whether it settles without anything having come in or been credited, so that the allocation itself is the record
    /// and a line of the statement.
    pub fn is_waived(self) -> bool {
        matches!(self, Self::EarlyPayment(_) | Self::WrittenOff(_))
    }
}

/// The part of a receipt or credit that settles an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// Identifier.
    pub id: AllocationId,
    /// From.
    pub source: Source,
    /// To.
    pub invoice: InvoiceId,
    /// How much, in the invoice's currency; above zero.
    pub amount: Money,
    /// Civil date on which it counts.
    pub on: Date,
    /// When it was recorded.
    pub at: Timestamp,
    /// Why, of what was written off; else empty.
    pub reason: String,
}

/// What a receipt settles, with the document as it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settles {
    /// How much, and since when.
    pub part: Allocation,
    /// The document’s number.
    pub number: DocumentNumber,
    /// Whether it is a late payment note.
    pub late_note: bool,
}

/// What has settled an invoice so far, in minor units of its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Settled {
    /// By receipts.
    pub received: i64,
    /// By credit notes.
    pub credited: i64,
    /// By a discount for early payment.
    pub discounted: i64,
    /// Given up.
    pub written_off: i64,
}

impl Settled {
    /// Sums allocations of one invoice.
    pub fn of<'a>(allocations: impl IntoIterator<Item = &'a Allocation>) -> Self {
        let mut sum = Self::default();
        for a in allocations {
            let part = match a.source {
                Source::Receipt(_) => &mut sum.received,
                Source::Credit(_) => &mut sum.credited,
                Source::EarlyPayment(_) => &mut sum.discounted,
                Source::WrittenOff(_) => &mut sum.written_off,
            };
            *part = part.saturating_add(a.amount.minor);
        }
        sum
    }

    /// With so much more that is not asked for, however that came.
    pub fn and(self, minor: i64) -> Self {
        Self { received: self.received.saturating_add(minor), ..self }
    }

    /// All of it together.
    pub fn total(self) -> i64 {
        let parts = [self.received, self.credited, self.discounted, self.written_off];
        parts.into_iter().fold(0, i64::saturating_add)
    }
}

/// An open invoice as the default allocation sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// The invoice.
    pub invoice: InvoiceId,
    /// Its due date; of instalments, the earliest that is open.
    pub due: Date,
    /// What is open of it, in minor units; above zero.
    pub open: i64,
}

/// The default allocation of `amount` minor units: the invoices `named` in their order, then the oldest due (by id
/// within a day). What is left over stays unapplied.
pub fn allocate(amount: i64, named: &[InvoiceId], mut open: Vec<Open>) -> Vec<(InvoiceId, i64)> {
    let rank = |x: &Open| named.iter().position(|n| *n == x.invoice).unwrap_or(usize::MAX);
    open.sort_by_key(|x| (rank(x), x.due, x.invoice));
    let mut left = amount;
    let mut out = Vec::new();
    for x in open {
        let part = left.min(x.open);
        if part > 0 {
            out.push((x.invoice, part));
            left -= part;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn open(id: u64, month: i8, open: i64) -> Open {
        Open { invoice: InvoiceId(id), due: date(2026, month, 1), open }
    }

    #[test]
    fn named_invoices_come_first_then_the_oldest_due() {
        let all = vec![open(1, 3, 100), open(2, 1, 50), open(3, 2, 70)];
        let got = allocate(130, &[InvoiceId(1)], all);
        assert_eq!(got, [(InvoiceId(1), 100), (InvoiceId(2), 30)]);
    }

    proptest! {
        #[test]
        fn no_allocation_exceeds_its_invoice_or_the_receipt(
            amount in 0_i64..10_000,
            opens in prop::collection::vec(1_i64..3_000, 0..12),
        ) {
            let each = |(i, &o): (usize, &i64)| open(i as u64, 1 + (i % 12) as i8, o);
            let all: Vec<Open> = opens.iter().enumerate().map(each).collect();
            let got = allocate(amount, &[InvoiceId(2)], all.clone());
            let sum: i64 = got.iter().map(|x| x.1).sum();
            prop_assert_eq!(sum, amount.min(opens.iter().sum()));
            for (id, part) in got {
                prop_assert!(part > 0 && part <= opens[id.0 as usize]);
            }
        }
    }
}
