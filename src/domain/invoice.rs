//! Invoices and credit notes: a draft is composed or a PDF is published; issued, it is an immutable snapshot that only
//! money and credit notes move on.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::client::Party;
use super::firm::Letterhead;
use super::ids::{ClientId, ContactId, FileRef, ImportId, InvoiceId, ProjectId, StaffId};
use super::late_interest::LateCharge;
use super::money::{Currency, Money};
use super::number::DocumentNumber;
use super::payment::Settled;
use super::quote_billing::FromQuote;
use super::refusal::{Faults, Refusal};
use super::tax::{ADJUSTMENTS_MAX, Content, Direction, LINES_MAX, Period, Portion, Totals, totals};
use super::terms::{Instalment, Terms};

/// Earliest and latest civil dates that documents and payments may carry.
pub const YEARS: std::ops::RangeInclusive<i16> = 1990..=2199;

/// Invoice or credit note (BT-3: 380 or 381).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// Asks for money.
    Invoice,
    /// Takes back all or part of an invoice (BG-3); amounts are positive.
    CreditNote(InvoiceId),
}

/// Where the content comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// Composed here, line by line.
    Composed(Content),
    /// A PDF that the firm's accounting system made: the PDF is the document, this is what it asks for.
    Published(Money),
}

/// What came to stand at issue and never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// The number (BT-1).
    pub number: DocumentNumber,
    /// When it was issued or published.
    pub at: Timestamp,
    /// By whom; `None` for the command line.
    pub by: Option<StaffId>,
    /// The document's bytes: a PDF, or of one that was imported without, what it was read from.
    pub pdf: FileRef,
    /// The firm as it was (BG-4).
    pub seller: Party,
    /// The client as it was (BG-7).
    pub buyer: Party,
    /// What else of the firm the document shows, as it was.
    pub letterhead: Letterhead,
    /// The totals (BG-22).
    pub totals: Totals,
    /// What is otherwise of a document that was made elsewhere and read; `None` for any other.
    pub elsewhere: Option<Elsewhere>,
}

impl Issue {
    /// Whether the document's bytes are a PDF. Of what was read from a table or from bare XML they are not.
    pub fn is_pdf(&self) -> bool {
        self.pdf.media_type == "application/pdf"
    }
}

/// What is otherwise of a document that was made elsewhere: its sums are its own, its lines are what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elsewhere {
    /// The import that brought it; `None` when it was published by itself.
    pub import: Option<ImportId>,
    /// Whether the client is reminded of it. History is not dunned for unless somebody says so.
    pub reminds: bool,
}

/// What the buyer and both parties call it by, beside the reference; every one may be empty.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct References {
    /// The buyer's purchase order (BT-13).
    pub order: String,
    /// The contract (BT-12).
    pub contract: String,
    /// The buyer's project (BT-11); the project that it is filed under is the firm's own matter.
    pub project: String,
    /// For whose attention at the buyer (BT-56).
    pub contact: String,
}

/// An invoice or credit note, draft or issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// Identifier, also of a draft.
    pub id: InvoiceId,
    /// Whose.
    pub client: ClientId,
    /// Filed under.
    pub project: Option<ProjectId>,
    /// Invoice or credit note.
    pub kind: Kind,
    /// What it is about, in a few words ("Lease of Unit 4").
    pub title: String,
    /// Currency of all amounts (BT-5).
    pub currency: Currency,
    /// Civil date of issue (BT-2); of a draft, the date wished.
    pub dated: Date,
    /// Civil due date (BT-9): by then all is due.
    pub due: Date,
    /// Instalments and early payment (BT-20).
    pub terms: Terms,
    /// The buyer's reference (BT-10); may be empty.
    pub reference: String,
    /// Order, contract, and whose attention.
    pub references: References,
    /// The day of delivery or completion (BT-72).
    pub delivered: Option<Date>,
    /// The period that is invoiced (BG-14).
    pub period: Option<Period>,
    /// Free text below the lines (BT-22); may be empty.
    pub note: String,
    /// The content.
    pub body: Body,
    /// Who gets the issue letter and the reminders; all of the client's contacts with the right when empty.
    pub recipients: Vec<ContactId>,
    /// The accepted quote that it charges a part of.
    pub quote: Option<FromQuote>,
    /// Of a late payment note, what it charges.
    pub late: Option<LateCharge>,
    /// What issuing froze; `None` for a draft.
    pub issue: Option<Issue>,
    /// When the draft was last saved, or when it was issued.
    pub changed: Timestamp,
}

impl Invoice {
    /// The totals: frozen at issue, computed for a draft. `None` for a draft beyond the limits of an amount.
    pub fn totals(&self) -> Option<Totals> {
        match (&self.issue, &self.body) {
            (Some(issue), _) => Some(issue.totals.clone()),
            (None, Body::Composed(content)) => totals(content, self.currency),
            (None, Body::Published(amount)) => Some(Totals::only(*amount)),
        }
    }

    /// The amount due for payment, or credited; zero for a draft beyond the limits.
    pub fn payable(&self) -> Money {
        match &self.issue {
            Some(issue) => issue.totals.payable(),
            None => self.totals().map_or(Money::zero(self.currency), |t| t.payable()),
        }
    }

    /// Whether its client is reminded while it is open.
    pub fn reminds(&self) -> bool {
        self.issue.as_ref().and_then(|x| x.elsewhere).is_none_or(|x| x.reminds)
    }

    /// The number, once issued.
    pub fn number(&self) -> Option<&DocumentNumber> {
        self.issue.as_ref().map(|x| &x.number)
    }

    /// Whether this asks for money.
    pub fn is_invoice(&self) -> bool {
        self.kind == Kind::Invoice
    }

    /// What is open of an issued invoice after `settled`; a credit note and a draft have nothing open.
    pub fn open(&self, settled: Settled) -> Money {
        let minor = match (&self.issue, self.kind) {
            (Some(issue), Kind::Invoice) => issue.totals.payable.saturating_sub(settled.total()).max(0),
            _ => 0,
        };
        Money::new(minor, self.currency)
    }

    /// What is open after `settled`, by due date, the earliest first: what was settled covers the earliest instalment
    /// first. Empty when nothing is.
    pub fn open_parts(&self, settled: Settled) -> Vec<Instalment> {
        self.terms.parts(self.open(settled).minor, self.due)
    }

    /// The earliest due date of what is open after `settled`; the document's due date when nothing is.
    pub fn next_due(&self, settled: Settled) -> Date {
        self.open_parts(settled).first().map_or(self.due, |x| x.due)
    }

    /// What is asked for on `today` after `settled`: every open instalment that is due by then, or else the next one.
    pub fn asked(&self, settled: Settled, today: Date) -> Money {
        let by = self.next_due(settled).max(today);
        let due = self.open_parts(settled).into_iter().filter(|x| x.due <= by);
        Money::new(due.fold(0_i64, |sum, x| sum.saturating_add(x.amount)), self.currency)
    }

    /// The state that people read, as of `today`.
    pub fn standing(&self, settled: Settled, today: Date) -> Standing {
        let Some(issue) = &self.issue else { return Standing::Draft };
        if let Kind::CreditNote(_) = self.kind {
            return Standing::CreditNote;
        }
        if settled.total() >= issue.totals.payable {
            return match settled {
                Settled { written_off: 1.., .. } => Standing::WrittenOff,
                Settled { credited: 1.., received: 0, .. } => Standing::Credited,
                _ => Standing::Paid,
            };
        }
        let days = days_between(self.next_due(settled), today);
        let part_paid = settled.total() > 0;
        if days > 0 { Standing::Overdue { days, part_paid } } else { Standing::Due { days: -days, part_paid } }
    }

    /// Whether a draft can be issued on `today`: lines, dates and amount are fit to print.
    ///
    /// # Errors
    /// [`Refusal::NotADraft`], or every field to mend.
    pub fn ready(&self) -> Result<Totals, Refusal> {
        if self.issue.is_some() {
            return Err(Refusal::NotADraft);
        }
        let mut faults = Faults::default();
        check_dates(&mut faults, self.dated, self.due);
        if let Some(period) = self.period.filter(|x| x.to < x.from) {
            faults.add("period_to", format!("BR-29: The period must end on {} or later.", period.from));
        }
        if let Body::Composed(content) = &self.body {
            check_content(&mut faults, content, self.currency);
        }
        let sum = self.totals();
        match &sum {
            None => faults.add("lines", "The total is too large; check quantities and prices."),
            Some(t) if t.gross < 0 => {
                faults
                    .add("lines", "The total is below zero. To give money back, credit the invoice it was charged on.");
            }
            Some(t) if t.payable < 0 => faults.add("prepaid", "More was paid before than there is to pay."),
            Some(t) => self.terms.check(&mut faults, self.dated, self.due, t.payable()),
        }
        faults.check()?;
        sum.ok_or(Refusal::TryAgain)
    }
}

/// Names what lines, allowances and charges lack, as the form calls their fields.
pub(super) fn check_content(faults: &mut Faults, content: &Content, currency: Currency) {
    let Content { lines, adjustments, .. } = content;
    if lines.is_empty() {
        faults.add("lines", "BR-16: Add at least one line.");
    }
    if lines.len() > LINES_MAX {
        faults.add("lines", format!("Use {LINES_MAX} lines or fewer."));
    }
    for (at, line) in lines.iter().enumerate() {
        let number = at + 1;
        if line.period.is_some_and(|x| x.to < x.from) {
            faults.add(
                &format!("l{at}.to"),
                format!("BR-30: The period of line {number} must not end before it begins."),
            );
        }
        if matches!(line.discount.portion, Portion::Amount(minor) if minor < 0) {
            faults.add(&format!("l{at}.discount"), format!("Line {number}: a discount can’t be below zero."));
        }
    }
    if adjustments.len() > ADJUSTMENTS_MAX {
        faults.add("adjustments", format!("Use {ADJUSTMENTS_MAX} allowances and charges or fewer."));
    }
    for (at, x) in adjustments.iter().enumerate() {
        if x.reason.trim().is_empty() {
            let rule = if x.direction == Direction::Charge { "BR-38" } else { "BR-33" };
            faults.add(&format!("a{at}.reason"), format!("{rule}: Say what it is for; the document prints it."));
        }
        if matches!(x.portion, Portion::Amount(minor) if minor < 0) {
            faults.add(&format!("a{at}.portion"), "Enter an amount of 0 or more; choose allowance or charge instead.");
        }
    }
    if content.prepaid < 0 {
        faults.add("prepaid", "Enter an amount of 0 or more.");
    }
    if let Some(other) = &content.accounting {
        if other.currency == currency {
            faults.add("accounting_currency", "This is the document’s own currency; leave it empty.");
        }
        if other.rate <= Decimal::ZERO {
            faults.add("accounting_rate", "Enter a rate above zero.");
        }
    }
}

/// Refuses dates outside [`YEARS`] and a due date before the date of issue.
pub fn check_dates(faults: &mut Faults, dated: Date, due: Date) {
    let years = format!("Enter a date from {} to {}.", YEARS.start(), YEARS.end());
    if !YEARS.contains(&dated.year()) {
        faults.add("issued", years.clone());
    }
    if !YEARS.contains(&due.year()) {
        faults.add("due", years);
    } else if due < dated {
        faults.add("due", format!("The due date must be the date of issue, {dated}, or later."));
    }
}

/// Civil days from `from` to `to`; negative when `to` is earlier.
pub fn days_between(from: Date, to: Date) -> i32 {
    (to - from).get_days()
}

/// The state of a document that people read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not issued.
    Draft,
    /// Open, due in `days` (0 is today, which is not overdue).
    Due {
        /// Days until the due date.
        days: i32,
        /// Something was paid or credited already.
        part_paid: bool,
    },
    /// Open and `days` past due, at least one.
    Overdue {
        /// Days since the due date.
        days: i32,
        /// Something was paid or credited already.
        part_paid: bool,
    },
    /// Settled, by money or by money and credit.
    Paid,
    /// Settled by credit notes alone.
    Credited,
    /// Settled, and what was not paid of it was written off.
    WrittenOff,
    /// A credit note.
    CreditNote,
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn issued(payable: i64) -> Invoice {
        let money = Money::new(payable, Currency::EUR);
        let file = FileRef {
            digest: super::super::ids::Digest([0; 32]),
            length: 1,
            name: "a.pdf".into(),
            media_type: "application/pdf".into(),
        };
        Invoice {
            id: InvoiceId(1),
            client: ClientId(1),
            project: None,
            kind: Kind::Invoice,
            title: "Lease".into(),
            currency: Currency::EUR,
            dated: date(2026, 10, 28),
            due: date(2026, 11, 27),
            terms: Terms::default(),
            reference: String::new(),
            references: References::default(),
            delivered: None,
            period: None,
            note: String::new(),
            body: Body::Published(money),
            recipients: vec![],
            quote: None,
            late: None,
            issue: Some(Issue {
                number: "A-1".parse().unwrap(),
                at: Timestamp::UNIX_EPOCH,
                by: None,
                pdf: file,
                seller: Party::default(),
                buyer: Party::default(),
                letterhead: Letterhead::default(),
                totals: Totals::only(money),
                elsewhere: None,
            }),
            changed: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn standing_follows_money_and_days() {
        let invoice = issued(1_000);
        let at = |received, credited, day| invoice.standing(Settled { received, credited, ..Settled::default() }, day);
        assert_eq!(at(0, 0, date(2026, 11, 26)), Standing::Due { days: 1, part_paid: false });
        assert_eq!(
            at(0, 0, date(2026, 11, 27)),
            Standing::Due { days: 0, part_paid: false },
            "due today is not overdue"
        );
        assert_eq!(at(1, 0, date(2026, 11, 28)), Standing::Overdue { days: 1, part_paid: true });
        assert_eq!(at(1_000, 0, date(2027, 1, 1)), Standing::Paid);
        assert_eq!(at(0, 1_000, date(2027, 1, 1)), Standing::Credited);
        assert_eq!(at(400, 600, date(2027, 1, 1)), Standing::Paid);
        let settled = Settled { received: 400, credited: 100, ..Settled::default() };
        assert_eq!(invoice.open(settled).minor, 500);
        let lost = Settled { received: 400, written_off: 600, ..Settled::default() };
        assert_eq!(invoice.standing(lost, date(2027, 1, 1)), Standing::WrittenOff);
        let early = Settled { received: 980, discounted: 20, ..Settled::default() };
        assert_eq!(invoice.standing(early, date(2026, 11, 1)), Standing::Paid);
    }

    #[test]
    fn the_earliest_open_instalment_says_when_it_is_due() {
        let at = |month, amount| Instalment { due: date(2026, month, 27), amount };
        let terms = Terms { instalments: vec![at(10, 400), at(11, 600)], early: None };
        let invoice = Invoice { terms, ..issued(1_000) };
        let paid = |received| Settled { received, ..Settled::default() };
        let day = date(2026, 11, 1);
        assert_eq!(invoice.standing(paid(399), day), Standing::Overdue { days: 5, part_paid: true });
        assert_eq!(invoice.standing(paid(400), day), Standing::Due { days: 26, part_paid: true });
        assert_eq!(invoice.next_due(paid(1_000)), date(2026, 11, 27));
        assert_eq!(invoice.open_parts(paid(100)), [at(10, 300), at(11, 600)]);
    }

    #[test]
    fn an_issued_document_is_not_a_draft() {
        assert_eq!(issued(1).ready(), Err(Refusal::NotADraft));
    }

    #[test]
    fn a_draft_names_everything_to_mend() {
        let mut draft = Invoice { issue: None, body: Body::Composed(Content::default()), ..issued(1) };
        draft.due = date(2026, 1, 1);
        let Err(Refusal::Fields(faults)) = draft.ready() else { panic!("refused") };
        assert_eq!(faults.iter().map(|f| f.field.as_str()).collect::<Vec<_>>(), ["due", "lines"]);
        draft.due = date(9999, 1, 1);
        let Err(Refusal::Fields(faults)) = draft.ready() else { panic!("refused") };
        assert_eq!(faults[0].field, "due");
    }
}
