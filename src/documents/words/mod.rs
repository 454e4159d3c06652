//! Every word that documents say by themselves, in each language: one table a language, the same fields in all, so that
//! the compiler finds what is missing.
//!
//! What people typed stays as it is. Amounts and dates arrive written (`domain::locale`); the tables only place them.
//! Programs read CSV and XML, whose column names and codes have no language.

mod english;
mod german;
#[cfg(test)]
mod tests;

use crate::domain::language::Language;
use crate::domain::money::Currency;
use crate::domain::payment::{Cause, Method};
use crate::domain::quote_billing::PartWords;
use crate::domain::statement::EntryKind;
use crate::domain::tax::{Unit, VatCategory};

/// A sentence or label with one thing to place in it.
type Of = fn(&str) -> String;
/// A sentence or label with two.
type OfTwo = fn(&str, &str) -> String;
/// A sentence or label with three.
type OfThree = fn(&str, &str, &str) -> String;

/// The words of `language`.
pub(super) fn words(language: Language) -> &'static Words {
    match language {
        Language::English => &english::WORDS,
        Language::German => &german::WORDS,
    }
}

/// What the lines of an invoice for a part of a quote say in a language.
pub fn part_words(language: Language) -> PartWords {
    words(language).quote.parts
}

/// The heading of a credit note for the invoice of this number, and what the line of a part by amount says.
pub fn credit_words(language: Language, number: &str) -> [String; 2] {
    let words = &words(language).invoice;
    [(words.credit_for)(number), (words.part_credited)(number)]
}

/// What a line of a late payment note says of days on which one amount was open at one rate.
#[derive(Clone, Copy, Debug)]
pub struct LateDays<'a> {
    /// The number of the invoice.
    pub number: &'a str,
    /// What was open.
    pub open: &'a str,
    /// The first day.
    pub from: &'a str,
    /// The last day.
    pub to: &'a str,
    /// How many.
    pub days: i32,
    /// The rate a year.
    pub rate: &'a str,
}

/// What late payment notes say.
pub struct LateWords {
    /// What such a document is called.
    pub(super) title: &'static str,
    /// Across a draft of one.
    pub(super) draft: &'static str,
    /// What it is about, of the invoice's number.
    pub heading: fn(&str) -> String,
    /// A line of interest: the item's name, then its description.
    pub interest: fn(&LateDays<'_>) -> String,
    /// The line of the fixed sum, of the invoice's number.
    pub fixed: fn(&str) -> String,
    /// Why no VAT is charged (BT-120).
    pub no_vat: &'static str,
    /// How it was reckoned.
    pub note: &'static str,
}

/// What late payment notes say in a language.
pub fn late_words(language: Language) -> &'static LateWords {
    &words(language).late
}

/// All words of one language.
pub(super) struct Words {
    pub(super) sheet: SheetWords,
    pub(super) pay: PayWords,
    pub(super) lines: LineWords,
    pub(super) vat: VatWords,
    pub(super) invoice: InvoiceWords,
    pub(super) late: LateWords,
    pub(super) quote: QuoteWords,
    pub(super) receipt: ReceiptWords,
    pub(super) statement: StatementWords,
    /// A currency after "in", and by itself.
    currency: fn(&str) -> Option<[&'static str; 2]>,
    country: fn(&str) -> Option<&'static str>,
}

/// What all documents share: letterhead, addressee, page.
pub(super) struct SheetWords {
    pub(super) recipient: &'static str,
    pub(super) attention: Of,
    pub(super) vat_id: Of,
    pub(super) legal_id: Of,
    /// Whom to ask, where nobody is named and where somebody is.
    pub(super) ask_us: Of,
    pub(super) ask: Of,
    pub(super) number: &'static str,
    pub(super) issued: &'static str,
    pub(super) project: &'static str,
    /// A page of so many.
    pub(super) page: fn(usize, usize) -> String,
    /// What the table of the totals is called to whoever can't see it.
    pub(super) totals: &'static str,
    /// What the XML within a PDF is.
    pub(super) xml: &'static str,
    /// From one day to another; and as short as it can be, for the foot of a page.
    pub(super) period: OfTwo,
    pub(super) span: OfTwo,
    /// Something in a currency: "Total in euro".
    pub(super) in_currency: OfTwo,
    /// The activity log's code at the foot of a statement.
    pub(super) anchor: Of,
}

/// How to pay.
pub(super) struct PayWords {
    pub(super) heading: Of,
    pub(super) instalments: &'static str,
    pub(super) account_name: &'static str,
    pub(super) reference: &'static str,
    pub(super) structured: &'static str,
    /// Of an invoice, and of a statement.
    pub(super) exactly: &'static str,
    pub(super) numbers: &'static str,
    pub(super) scan: &'static str,
    /// What the code is to whoever can't see it.
    pub(super) code: &'static str,
}

/// The table of the lines, and the sums below it.
pub(super) struct LineWords {
    pub(super) caption: &'static str,
    pub(super) description: &'static str,
    pub(super) quantity: &'static str,
    pub(super) price: &'static str,
    pub(super) price_gross: &'static str,
    pub(super) amount: &'static str,
    pub(super) amount_gross: &'static str,
    pub(super) discount: &'static str,
    pub(super) unit: fn(Unit) -> &'static str,
    pub(super) item: &'static str,
    pub(super) order_line: &'static str,
    pub(super) discount_for: Of,
    /// A quantity at a price, and what is taken off: on a phone.
    pub(super) at: OfTwo,
    pub(super) less: Of,
    pub(super) sum: &'static str,
    pub(super) allowance: &'static str,
    pub(super) charge: &'static str,
    pub(super) net: &'static str,
    /// The same where another tax than VAT is charged.
    pub(super) net_other: &'static str,
    pub(super) net_of_gross: &'static str,
    pub(super) included: Of,
    pub(super) total: &'static str,
    pub(super) gross: &'static str,
    /// The same where another tax than VAT is charged.
    pub(super) gross_other: &'static str,
    pub(super) prepaid: &'static str,
    pub(super) rounding: &'static str,
    pub(super) left: &'static str,
}

/// What is said of VAT.
pub(super) struct VatWords {
    pub(super) column: &'static str,
    /// The column where another tax than VAT is charged.
    pub(super) column_other: &'static str,
    /// A category in the column, where no rate stands there.
    pub(super) cell: fn(VatCategory) -> &'static str,
    /// A category and its rate within a sentence.
    pub(super) words: fn(VatCategory, &str) -> String,
    /// A line of the totals: category, rate, and what it is reckoned on.
    pub(super) group: fn(VatCategory, &str, &str) -> String,
    /// The VAT in another currency: amount, that currency, the rate of exchange, and its day.
    pub(super) accounting: fn(&str, &str, &str, &str) -> String,
}

/// Invoices and credit notes.
pub(super) struct InvoiceWords {
    /// The heading of a credit note, and the line of a part by amount, of the invoice's number.
    pub(super) credit_for: Of,
    pub(super) part_credited: Of,
    pub(super) title: &'static str,
    pub(super) credit_note: &'static str,
    pub(super) draft: &'static str,
    pub(super) credit_draft: &'static str,
    pub(super) total_credited: &'static str,
    pub(super) due: &'static str,
    pub(super) credits: &'static str,
    pub(super) quote: &'static str,
    pub(super) reference: &'static str,
    pub(super) order: &'static str,
    pub(super) contract: &'static str,
    pub(super) project: &'static str,
    pub(super) attention: &'static str,
    pub(super) delivered: &'static str,
    pub(super) period: &'static str,
    pub(super) instalment: &'static str,
    pub(super) instalments: &'static str,
    pub(super) how_paid: &'static str,
    pub(super) copy: &'static str,
    pub(super) set_off: &'static str,
    pub(super) by_instalments: fn(usize) -> String,
    pub(super) nothing: &'static str,
    /// So many days, one or more, and the date.
    pub(super) within: fn(i32, &str) -> String,
    pub(super) on_receipt: &'static str,
    /// Paid by a date it is so much per cent less, which leaves an amount.
    pub(super) early: OfThree,
    /// The same for programs (BT-20), which show it as it is; a number comes with a blank before it, or not at all.
    pub(super) xml_set_off: Of,
    pub(super) xml_due: Of,
    pub(super) xml_instalment: OfTwo,
    pub(super) xml_early: OfTwo,
}

/// Quotes.
pub(super) struct QuoteWords {
    /// What the lines of invoices for parts of it say.
    pub(super) parts: PartWords,
    pub(super) title: &'static str,
    pub(super) draft: &'static str,
    pub(super) version: &'static str,
    pub(super) in_place_of: OfTwo,
    pub(super) valid_until: &'static str,
    pub(super) delivery: &'static str,
    /// Until when it stands, without terms and with them.
    pub(super) stands: Of,
    pub(super) stands_on_terms: Of,
    pub(super) terms: &'static str,
    pub(super) option: Of,
    pub(super) options: &'static str,
    pub(super) choose: &'static str,
    pub(super) with_all: &'static str,
}

/// Receipts.
pub(super) struct ReceiptWords {
    pub(super) title: &'static str,
    pub(super) void: &'static str,
    pub(super) received: &'static str,
    pub(super) by: &'static str,
    pub(super) method: fn(Method) -> &'static str,
    pub(super) amount: &'static str,
    pub(super) thanks: OfTwo,
    /// Why it is void, and from which day.
    pub(super) taken_back: fn(Cause, &str) -> String,
    pub(super) invoice: &'static str,
    pub(super) applied: &'static str,
    pub(super) caption: &'static str,
    pub(super) settled_nothing: &'static str,
    pub(super) had_settled: &'static str,
    pub(super) on_account: Of,
    pub(super) settles: Of,
    pub(super) not_applied: &'static str,
    pub(super) sum: &'static str,
}

/// Statements of account.
pub(super) struct StatementWords {
    pub(super) title: &'static str,
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    pub(super) currency: &'static str,
    pub(super) owed: &'static str,
    pub(super) in_favour: &'static str,
    /// One of these two on a day.
    pub(super) on: OfTwo,
    pub(super) before: Of,
    pub(super) charged: &'static str,
    pub(super) settled: &'static str,
    pub(super) opening: &'static str,
    pub(super) date: &'static str,
    pub(super) what: &'static str,
    pub(super) balance: &'static str,
    pub(super) caption: &'static str,
    pub(super) account_in: Of,
    /// What an entry is, with its number.
    pub(super) entry: fn(EntryKind, &str) -> String,
    /// What a phone shows of its amount.
    pub(super) narrow: fn(EntryKind, &str) -> String,
    pub(super) received_by: fn(Method) -> String,
    pub(super) paid_back_by: fn(Method) -> String,
    pub(super) cause: fn(Cause) -> &'static str,
    pub(super) returned: &'static str,
    pub(super) written_off: &'static str,
    /// Of an entry that was recorded after the period, on this day.
    pub(super) recorded: Of,
    /// Of an open item, when what settled a part of it was recorded.
    pub(super) settled_recorded: Of,
    /// What is settled only by what was recorded after a day, and the list of it.
    pub(super) settled_later: OfTwo,
    /// One of the list, and when what settled it was recorded.
    pub(super) settled_item: OfTwo,
    pub(super) early: &'static str,
    pub(super) ageing: &'static str,
    /// Not due yet, and so many days late, the youngest first.
    pub(super) ages: [&'static str; 5],
    pub(super) unapplied: &'static str,
    /// From here on of open items.
    pub(super) open_title: &'static str,
    pub(super) as_of: &'static str,
    pub(super) due: &'static str,
    pub(super) late: &'static str,
    pub(super) original: &'static str,
    pub(super) open: &'static str,
    pub(super) open_caption: &'static str,
    pub(super) open_invoices: &'static str,
    pub(super) nothing_open: &'static str,
    /// Which instalment of how many.
    pub(super) part: fn(usize, usize) -> String,
    /// What a phone shows: by when it is due, and the whole amount.
    pub(super) due_of: OfTwo,
}

impl Words {
    /// A currency's name after "in"; its code where the name is not known here.
    pub(super) fn in_currency(&self, currency: &Currency) -> String {
        (self.currency)(currency.code()).map_or_else(|| currency.code().to_owned(), |x| x[0].to_owned())
    }

    /// A currency's name by itself; its code where the name is not known here.
    pub(super) fn currency(&self, currency: &Currency) -> String {
        (self.currency)(currency.code()).map_or_else(|| currency.code().to_owned(), |x| x[1].to_owned())
    }

    /// The country's name, or its code where the name is not known here; `None` without a code.
    pub(super) fn country(&self, code: &str) -> Option<String> {
        let code = code.trim();
        (!code.is_empty()).then(|| (self.country)(code).unwrap_or(code).to_owned())
    }
}
