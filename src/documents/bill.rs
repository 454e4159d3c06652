//! What invoices, credit notes, quotes and statements have in common: letterhead, addressee, and how to pay. The lines
//! are [`super::bill_lines`]'.
//!
//! Formats what the domain has reckoned; must not reckon anything itself.

use super::code::code;
use super::sheet::{Brand, Code, Fact, Logo, Paper, Payment, Recipient, Sheet};
use super::words::{SheetWords, Words, words};
use crate::domain::client::Party;
use crate::domain::firm::{self, BankDetails, Firm};
use crate::domain::language::Language;
use crate::domain::money::Money;
use crate::domain::transfer::{creditor_reference, epc_text, in_fours, takes_codes};

/// The colour of a firm that has not chosen one, as on the pages.
const COLOUR: [u8; 3] = [0x1d, 0x4d, 0x5e];

/// The firm's looks: letterhead, colour, logo, paper, locale and the language that goes with it.
#[derive(Clone, Debug)]
pub struct Look<'a> {
    /// Whose documents they are.
    pub firm: &'a Firm,
    /// The bytes of the firm's logo.
    pub logo: Option<Logo>,
}

impl Look<'_> {
    /// The words of the language that the firm is speaking here.
    pub(super) fn words(&self) -> &'static Words {
        words(self.firm.locale.language())
    }

    /// A sheet with letterhead, addressee and foot, and nothing said yet.
    pub(super) fn sheet(&self, title: &str, seller: &Party, buyer: &Party) -> Sheet {
        let firm = self.firm;
        Sheet {
            language: firm.locale.tag().to_owned(),
            speaks: firm.locale.language(),
            title: title.to_owned(),
            paper: match firm.paper {
                firm::Paper::A4 => Paper::A4,
                firm::Paper::Letter => Paper::Letter,
            },
            brand: Brand {
                colour: colour(&firm.colour).unwrap_or(COLOUR),
                logo: self.logo.clone(),
                firm: seller.name.clone(),
                lines: self.letterhead(seller, buyer),
            },
            recipient: recipient(self.words(), seller, buyer),
            footer: firm.registration.lines().filter(|x| !x.trim().is_empty()).map(str::to_owned).collect(),
            ..Sheet::default()
        }
    }

    /// A sheet with letterhead and addressee for words alone.
    pub fn letter(&self, title: &str, buyer: &Party) -> Sheet {
        self.sheet(title, &self.firm.party, buyer)
    }

    fn letterhead(&self, seller: &Party, buyer: &Party) -> Vec<String> {
        let firm = self.firm;
        let mut lines = vec![firm.trade.clone(), seller.lines().join(", ")];
        lines.extend(abroad(self.words(), seller, buyer));
        let email = firm.email.as_ref().map_or("", |x| x.as_str());
        lines.push(filled([firm.phone.as_str(), email]).join("  ·  "));
        lines.push(filled([vat_id(&self.words().sheet, seller), legal_id(&self.words().sheet, seller)]).join("  ·  "));
        lines.retain(|x| !x.trim().is_empty());
        lines
    }

    /// How to pay `amount` by transfer; `None` when the firm's bank is not known or nothing is to be paid.
    pub(super) fn payment(
        &self,
        seller: &Party,
        amount: Money,
        reference: Option<&str>,
        note: &str,
    ) -> Option<Payment> {
        let bank = &self.firm.bank;
        if bank.iban.trim().is_empty() || amount.minor <= 0 {
            return None;
        }
        let name = if bank.account_name.is_empty() { &seller.name } else { &bank.account_name };
        let words = &self.words().pay;
        let mut facts = vec![Fact::new(words.account_name, name), Fact::new("IBAN", in_fours(&bank.iban))];
        facts.extend(Some(&bank.bic).filter(|x| !x.is_empty()).map(|x| Fact::new("BIC", x)));
        facts.extend(reference.map(|x| Fact::new(words.reference, x)));
        let structured = reference.filter(|_| takes_codes(bank, amount.currency)).and_then(creditor_reference);
        facts.extend(structured.as_ref().map(|x| Fact::new(words.structured, in_fours(x))));
        let code = structured.and_then(|x| transfer_code(bank, &seller.name, amount, &x, self.firm.locale.language()));
        let scan = if code.is_some() { words.scan } else { "" };
        Some(Payment {
            heading: (words.heading)(&self.firm.locale.money(amount)),
            facts,
            note: filled([note, scan]).join(" "),
            code,
        })
    }

    /// "Questions? Ask Orla Byrne in accounts, 01 555 0142, accounts@firm.example."; empty when there is nobody to
    /// name.
    pub(super) fn questions(&self) -> String {
        let firm = self.firm;
        let email = firm.email.as_ref().map_or("", |x| x.as_str());
        let ways = filled([firm.correspondent.as_str(), firm.phone.as_str(), email]).join(", ");
        let words = &self.words().sheet;
        match (ways.is_empty(), firm.correspondent.is_empty()) {
            (true, _) => String::new(),
            (_, true) => (words.ask_us)(&ways),
            _ => (words.ask)(&ways),
        }
    }
}

/// The code that fills in a transfer with a structured reference, for page and paper; `language` is that of whoever
/// can't see it.
pub fn transfer_code(
    bank: &BankDetails,
    payee: &str,
    amount: Money,
    reference: &str,
    language: Language,
) -> Option<Code> {
    code(&epc_text(bank, payee, amount, reference)?, words(language).pay.code)
}

fn recipient(words: &Words, seller: &Party, buyer: &Party) -> Recipient {
    let mut lines = vec![buyer.name.clone()];
    lines.extend(Some(&buyer.contact.name).filter(|x| !x.is_empty()).map(|x| (words.sheet.attention)(x)));
    lines.extend(buyer.lines());
    lines.extend(abroad(words, buyer, seller));
    lines.push(vat_id(&words.sheet, buyer));
    lines.push(legal_id(&words.sheet, buyer));
    lines.retain(|x| !x.trim().is_empty());
    Recipient { label: words.sheet.recipient.to_owned(), lines }
}

/// The country of `party` when `other` is in another one and the address does not end with it.
fn abroad(words: &Words, party: &Party, other: &Party) -> Option<String> {
    if party.country.eq_ignore_ascii_case(&other.country) {
        return None;
    }
    let name = words.country(&party.country)?;
    let said = party.lines().last().is_some_and(|x| x.to_lowercase().ends_with(&name.to_lowercase()));
    (!said).then_some(name)
}

fn vat_id(words: &SheetWords, party: &Party) -> String {
    if party.vat_id.trim().is_empty() { String::new() } else { (words.vat_id)(party.vat_id.trim()) }
}

fn legal_id(words: &SheetWords, party: &Party) -> String {
    if party.legal_id.is_empty() { String::new() } else { (words.legal_id)(&party.legal_id) }
}

fn filled<T: AsRef<str>>(parts: impl IntoIterator<Item = T>) -> Vec<String> {
    parts.into_iter().map(|x| x.as_ref().trim().to_owned()).filter(|x| !x.is_empty()).collect()
}

fn colour(text: &str) -> Option<[u8; 3]> {
    let hex = text.strip_prefix('#').filter(|x| x.len() == 6 && x.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let [_, red, green, blue] = u32::from_str_radix(hex, 16).ok()?.to_be_bytes();
    Some([red, green, blue])
}
