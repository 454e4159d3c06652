//! The firm: what it prints on documents and in letters, and its standing choices.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::client::Party;
use super::ids::FileRef;
use super::language::Language;
use super::money::Currency;
use super::number::Pattern;
use super::tax::Vat;
use super::terms::DueRule;
use super::text::EmailAddress;

/// Bank details printed on documents (BG-17); empty strings when none are set.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BankDetails {
    /// Name of the account (BT-85).
    pub account_name: String,
    /// IBAN without spaces (BT-84).
    pub iban: String,
    /// BIC (BT-86).
    pub bic: String,
    /// Euro invoices carry no QR code for banking apps, and no structured reference.
    pub without_code: bool,
}

/// A logo: its file and size in pixels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logo {
    /// PNG or JPEG.
    pub file: FileRef,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// Number patterns of the firm's own series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// Of invoices.
    pub invoice: Pattern,
    /// Of credit notes.
    pub credit_note: Pattern,
    /// Of quotes.
    pub quote: Pattern,
    /// Of receipts.
    pub receipt: Pattern,
}

/// How dates and numbers are written, and the language that goes with it. The desk is English, so a firm’s own is one
/// of the English ones; what is for a client who reads another language goes by that one’s ([`Firm::speaking`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Locale {
    /// English, Ireland: 27 November 2026, €4,136.30.
    #[default]
    EnglishIreland,
    /// English, United Kingdom.
    EnglishUk,
    /// English, United States: November 27, 2026, $4,136.30.
    EnglishUs,
    /// English words with continental figures: 27 November 2026, 4.136,30 €.
    EnglishContinental,
    /// German: 27. November 2026, 4.136,30 €.
    German,
}

/// Paper of the firm's PDFs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Paper {
    /// 210 × 297 mm.
    #[default]
    A4,
    /// 8.5 × 11 in.
    Letter,
}

/// What stands on a document of the firm besides its party: frozen into it at issue, so that page and PDF never differ
/// and a changed account never slips into what was sent long ago.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Letterhead {
    /// As [`Firm::trade`].
    pub trade: String,
    /// As [`Firm::registration`].
    pub registration: String,
    /// As [`Firm::email`].
    pub email: Option<EmailAddress>,
    /// As [`Firm::phone`].
    pub phone: String,
    /// As [`Firm::correspondent`].
    pub correspondent: String,
    /// As [`Firm::bank`].
    pub bank: BankDetails,
    /// As [`Firm::colour`].
    pub colour: String,
    /// How dates and numbers are written, and in which language the rest.
    pub locale: Locale,
}

impl Letterhead {
    /// The firm's present one; for a document in another language of the firm as it is [`Firm::speaking`] that.
    pub fn of(firm: &Firm) -> Self {
        Self {
            trade: firm.trade.clone(),
            registration: firm.registration.clone(),
            email: firm.email.clone(),
            phone: firm.phone.clone(),
            correspondent: firm.correspondent.clone(),
            bank: firm.bank.clone(),
            colour: firm.colour.clone(),
            locale: firm.locale,
        }
    }

    /// The firm as the document shows it.
    pub fn over<'f>(&self, firm: &'f Firm) -> Cow<'f, Firm> {
        if self.is_of(firm) {
            return Cow::Borrowed(firm);
        }
        let Self { trade, registration, email, phone, correspondent, bank, colour, locale } = self.clone();
        Cow::Owned(Firm { trade, registration, email, phone, correspondent, bank, colour, locale, ..firm.clone() })
    }

    fn is_of(&self, firm: &Firm) -> bool {
        self.trade == firm.trade
            && self.registration == firm.registration
            && self.email == firm.email
            && self.phone == firm.phone
            && self.correspondent == firm.correspondent
            && self.bank == firm.bank
            && self.colour == firm.colour
            && self.locale == firm.locale
    }
}

/// The firm that runs this portal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firm {
    /// Legal name, address, country and VAT identifier as printed.
    pub party: Party,
    /// What the firm does, under its name on documents ("Solicitors"); may be empty.
    pub trade: String,
    /// Registration and other particulars printed at the foot; may be empty.
    pub registration: String,
    /// Where clients write; also the Reply-To of letters.
    pub email: Option<EmailAddress>,
    /// Where clients ring; may be empty.
    pub phone: String,
    /// Who answers there ("Orla Byrne in accounts"), named in letters and on pages; may be empty.
    pub correspondent: String,
    /// For transfers.
    pub bank: BankDetails,
    /// `#rrggbb`.
    pub colour: String,
    /// On documents and pages.
    pub logo: Option<Logo>,
    /// Currency of new clients.
    pub currency: Currency,
    /// How the due date follows from the date of issue, of new clients.
    pub terms: DueRule,
    /// VAT rates that forms offer, the usual one first; of the category S, or L or M where those are charged. A rate of
    /// 0 in S stands for no VAT.
    pub vat_rates: Vec<Vat>,
    /// Number patterns.
    pub series: Series,
    /// Dates and numbers, on the desk and in English documents.
    pub locale: Locale,
    /// In which clients are written to who have no language of their own.
    pub language: Language,
    /// Paper of PDFs.
    pub paper: Paper,
    /// The terms that new quotes begin with; may be empty.
    pub quote_terms: String,
}

impl Firm {
    /// The firm as it writes in a language; its own where `language` is `None`.
    pub fn speaking(&self, language: Option<Language>) -> Cow<'_, Self> {
        let locale = match language.unwrap_or(self.language) {
            Language::English if self.locale.language() == Language::English => self.locale,
            Language::English => Locale::EnglishContinental,
            Language::German => Locale::German,
        };
        if locale == self.locale { Cow::Borrowed(self) } else { Cow::Owned(Self { locale, ..self.clone() }) }
    }
}
