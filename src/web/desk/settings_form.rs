//! The firm's particulars as a form: its fields, reading them, and what changed in words.

use maud::{Markup, html};
use rust_decimal::Decimal;

use super::contact_form::PHONE_MAX;
use super::form::Typed;
use super::party_form;
use crate::domain::firm::{BankDetails, Firm, Locale, Paper, Series};
use crate::domain::language::Language;
use crate::domain::money::{Currency, parse_decimal};
use crate::domain::number::Pattern;
use crate::domain::particulars;
use crate::domain::refusal::{Faults, FieldFault, Refusal};
use crate::domain::tax::{RATE_DIGITS, Vat, VatCategory};
use crate::domain::terms::DueRule;
use crate::domain::text::{EmailAddress, LINE_MAX, line, paragraph};
use crate::web::forms::Fields;
use crate::web::parts::{self, Choice, Input};

/// Most VAT rates.
const RATES_MAX: usize = 12;
/// Digits behind a rate's point that are read, so that those too many are named as what they are.
const DIGITS_READ: u32 = 12;

const FOR_CHANGES: &str = "Only needed to change who answers, how they are reached, or the bank details. The change is \
    logged, and every owner is told by e-mail.";

const QUOTE_TERMS: &str = "New quotes begin with them; the client sees them before accepting.";

/// The fields of the firm as kept.
pub fn kept(firm: &Firm) -> Fields {
    let mut fields = Fields::default();
    party_form::fill(&mut fields, &firm.party);
    let all = [
        ("trade", firm.trade.clone()),
        ("registration", firm.registration.clone()),
        ("email", firm.email.as_ref().map_or_else(String::new, ToString::to_string)),
        ("phone", firm.phone.clone()),
        ("correspondent", firm.correspondent.clone()),
        ("account_name", firm.bank.account_name.clone()),
        ("iban", grouped(&firm.bank.iban)),
        ("bic", firm.bank.bic.clone()),
        ("colour", firm.colour.clone()),
        ("currency", firm.currency.to_string()),
        ("terms", firm.terms.to_string()),
        ("vat_rates", rates_words(&firm.vat_rates)),
        ("series_invoice", firm.series.invoice.as_str().to_owned()),
        ("series_credit", firm.series.credit_note.as_str().to_owned()),
        ("series_quote", firm.series.quote.as_str().to_owned()),
        ("series_receipt", firm.series.receipt.as_str().to_owned()),
        ("locale", firm.locale.tag().to_owned()),
        ("language", firm.language.code().to_owned()),
        ("paper", paper_code(firm.paper).to_owned()),
        ("quote_terms", firm.quote_terms.clone()),
    ];
    all.into_iter().for_each(|(name, value)| fields.set(name, value));
    if firm.bank.without_code {
        fields.set("without_code", "on");
    }
    fields
}

/// An IBAN in groups of four, as people read it.
fn grouped(iban: &str) -> String {
    let letters: Vec<char> = iban.chars().collect();
    letters.chunks(4).map(|x| x.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

fn paper_code(paper: Paper) -> &'static str {
    match paper {
        Paper::A4 => "a4",
        Paper::Letter => "letter",
    }
}

/// Reads the form in `year`; the logo is kept as `old` has it.
///
/// # Errors
/// Every field to mend.
pub fn read(fields: &Fields, old: &Firm, year: i16) -> Result<Firm, Refusal> {
    let mut faults = Faults::default();
    let text = |faults: &mut Faults, name: &str, max| faults.take(line(name, fields.get(name), max));
    let party = party_form::read(&mut faults, fields);
    let trade = text(&mut faults, "trade", LINE_MAX);
    let registration = text(&mut faults, "registration", LINE_MAX);
    let email = faults.take(optional_email(fields.get("email")));
    let phone = text(&mut faults, "phone", PHONE_MAX);
    let correspondent = text(&mut faults, "correspondent", LINE_MAX);
    let [account, iban, bic] = ["account_name", "iban", "bic"].map(|name| fields.get(name));
    let bank = particulars::bank(&mut faults, account, iban, bic);
    let bank = BankDetails { without_code: fields.has("without_code"), ..bank };
    let colour = faults.take(particulars::colour("colour", fields.get("colour")));
    let currency: Option<Currency> = faults.take_opt(fields.get("currency").parse());
    let terms = faults.take(DueRule::parse("terms", fields.get("terms")));
    let vat_rates = faults.take(rates("vat_rates", fields.get("vat_rates")));
    let series = series(&mut faults, fields, year);
    let locale = Locale::from_tag(fields.get("locale"));
    let locale =
        faults.take(locale.ok_or_else(|| FieldFault::new("locale", "Choose how dates and amounts are written.")));
    let language = Language::parse("language", fields.get("language"));
    let language =
        faults.take(language.and_then(|x| x.ok_or_else(|| FieldFault::new("language", "Choose a language."))));
    let paper = faults.take(paper(fields.get("paper")));
    let quote_terms = faults.take(paragraph("quote_terms", fields.get("quote_terms")));
    faults.check()?;
    let (currency, series) = (currency.unwrap_or(old.currency), series.unwrap_or_else(|| old.series.clone()));
    let logo = old.logo.clone();
    Ok(Firm {
        party,
        trade,
        registration,
        email,
        phone,
        correspondent,
        bank,
        colour,
        logo,
        currency,
        terms,
        vat_rates,
        series,
        locale,
        language,
        paper,
        quote_terms,
    })
}

fn optional_email(text: &str) -> Result<Option<EmailAddress>, FieldFault> {
    if text.trim().is_empty() { Ok(None) } else { EmailAddress::parse("email", text).map(Some) }
}

fn paper(code: &str) -> Result<Paper, FieldFault> {
    match code {
        "a4" => Ok(Paper::A4),
        "letter" => Ok(Paper::Letter),
        _ => Err(FieldFault::new("paper", "Choose a size of paper.")),
    }
}

/// Reads rates in percent, separated by blanks or semicolons. After the word IGIC or IPSI they are of that tax, until
/// the word VAT.
fn rates(field: &str, text: &str) -> Result<Vec<Vat>, FieldFault> {
    let wrong = || FieldFault::new(field, "Enter rates in percent with a blank between them, like 23 13.5 9 0.");
    let (mut out, mut category): (Vec<Vat>, _) = (Vec::new(), VatCategory::Standard);
    for part in text.split(|c: char| c.is_whitespace() || c == ';').filter(|x| !x.is_empty()) {
        if let Some(other) = tax_of(part) {
            category = other;
            continue;
        }
        let part = part.trim_end_matches([',', '%']);
        let rate = parse_decimal(part, DIGITS_READ).ok_or_else(wrong)?.normalize();
        if rate.is_sign_negative() && !rate.is_zero() || rate > Decimal::ONE_HUNDRED {
            return Err(wrong());
        }
        if rate.scale() > RATE_DIGITS {
            let message = format!("A rate has at most {RATE_DIGITS} decimals, as invoices take it; {part} has more.");
            return Err(FieldFault::new(field, message));
        }
        // What is taxed at nothing is zero rated, whatever the tax.
        let vat = Vat { category: if rate.is_zero() { VatCategory::Standard } else { category }, rate };
        if !out.contains(&vat) {
            out.push(vat);
        }
    }
    if out.is_empty() || out.len() > RATES_MAX { Err(wrong()) } else { Ok(out) }
}

fn tax_of(word: &str) -> Option<VatCategory> {
    let taxes = VatCategory::ALL.into_iter().filter(|x| x.has_rates());
    taxes.into_iter().find(|x| x.words().eq_ignore_ascii_case(word.trim_end_matches([':', ','])))
}

/// Rates as [`rates`] reads them.
fn rates_words(all: &[Vat]) -> String {
    let (mut out, mut category): (Vec<String>, _) = (Vec::new(), VatCategory::Standard);
    for vat in all {
        if vat.category != category {
            category = vat.category;
            out.push(category.words().to_owned());
        }
        out.push(vat.rate.normalize().to_string());
    }
    out.join(" ")
}

fn series(faults: &mut Faults, fields: &Fields, year: i16) -> Option<Series> {
    let mut read = |name: &str| faults.take_opt(Pattern::parse(name, fields.get(name)));
    let (invoice, credit_note, quote) = (read("series_invoice"), read("series_credit"), read("series_quote"));
    let receipt = read("series_receipt");
    let series = Series { invoice: invoice?, credit_note: credit_note?, quote: quote?, receipt: receipt? };
    let Series { invoice, credit_note, quote, receipt } = &series;
    let pairs = [
        ("series_credit", credit_note, invoice),
        ("series_quote", quote, invoice),
        ("series_quote", quote, credit_note),
        ("series_receipt", receipt, invoice),
        ("series_receipt", receipt, credit_note),
        ("series_receipt", receipt, quote),
    ];
    for (field, one, other) in pairs {
        if let Some(number) = one.meets(other, year) {
            let (one, other) = (one.as_str(), other.as_str());
            faults.add(field, format!("{one} and {other} would both come to the number {number}. Change one of them."));
        }
    }
    Some(series)
}

/// The changed particulars in words, for the log; empty when nothing changed.
pub fn changes(old: &Firm, new: &Firm) -> String {
    let all = [
        (old.party.name != new.party.name, "name"),
        (old.party.lives_elsewhere(&new.party), "address"),
        (old.party.vat_id != new.party.vat_id, "VAT number"),
        (old.party.is_reached_otherwise(&new.party), "register number or electronic address"),
        (old.trade != new.trade, "trade"),
        (old.registration != new.registration, "registration"),
        (old.email != new.email, "e-mail"),
        (old.phone != new.phone, "telephone"),
        (old.correspondent != new.correspondent, "correspondent"),
        (old.bank != new.bank, "bank details"),
        (old.colour != new.colour, "colour"),
        (old.currency != new.currency, "currency"),
        (old.terms != new.terms, "days to pay"),
        (old.vat_rates != new.vat_rates, "VAT rates"),
        (old.series != new.series, "number patterns"),
        (old.locale != new.locale, "dates and amounts"),
        (old.language != new.language, "language"),
        (old.paper != new.paper, "paper"),
        (old.quote_terms != new.quote_terms, "terms of quotes"),
    ];
    all.iter().filter(|x| x.0).map(|x| x.1).collect::<Vec<_>>().join(", ")
}

/// The fields, in groups.
pub fn inputs(typed: Typed<'_>) -> Markup {
    let password = typed.field("password", "Your password").autocomplete("current-password");
    html! {
        (group("The firm", html! {
            (party_form::inputs(typed, "Firm’s name"))
            (text(typed, "trade", "Trade", "Under the name on documents, like Solicitors."))
            (text(typed, "registration", "Registration", "At the foot of documents: register, number, seat."))
        }))
        (group("Who answers", html! {
            (parts::input(&typed.field("email", "E-mail").hint("Answers to letters go there.").optional(), Input::Email))
            (parts::input(&typed.field("phone", "Telephone").optional(), Input::Tel))
            (text(typed, "correspondent", "Name of the person", "In letters and on pages, like Orla Byrne in accounts."))
        }))
        (group("Bank details on documents", bank(typed)))
        (group("Looks", looks(typed)))
        (group("Numbers of documents", numbers(typed)))
        (group("Usual terms", html! {
            (parts::input(&typed.field("currency", "Currency of new clients").hint("Like EUR.").short(), Input::Text))
            (parts::input(&typed.field("terms", "Days to pay for new clients").hint("EOM 30: 30 days after the month’s end.").short(), Input::Text))
            (text_needed(typed, "vat_rates", "VAT rates", "In percent, a blank between them, the usual one first. IGIC 7 3 are rates of the Canary Islands, IPSI 4 of Ceuta \
                and Melilla."))
            (parts::textarea(&typed.field("quote_terms", "Terms of quotes").hint(QUOTE_TERMS).optional(), 5))
        }))
        (group("Confirm", parts::input(&password.hint(FOR_CHANGES).optional(), Input::Password)))
    }
}

fn group(legend: &str, fields: Markup) -> Markup {
    html! { fieldset.sec { legend { (legend) } div { (fields) } } }
}

fn text<'a>(typed: Typed<'a>, name: &'a str, label: &'a str, hint: &'a str) -> Markup {
    parts::input(&typed.field(name, label).hint(hint).optional(), Input::Text)
}

fn text_needed<'a>(typed: Typed<'a>, name: &'a str, label: &'a str, hint: &'a str) -> Markup {
    parts::input(&typed.field(name, label).hint(hint), Input::Text)
}

fn bank(typed: Typed<'_>) -> Markup {
    html! {
        (text(typed, "account_name", "Name of the account", ""))
        (text(typed, "iban", "IBAN", "Blanks don’t matter."))
        (text(typed, "bic", "BIC", ""))
        (parts::checkbox(&typed.field("without_code", "No QR code for banking apps on euro invoices")))
    }
}

fn looks(typed: Typed<'_>) -> Markup {
    let shown = match particulars::rgb(typed.fields.get("colour")) {
        Some(rgb) if particulars::is_dark(rgb) => "White text reads well on this colour.",
        Some(_) => "This colour is light: pages and documents use a darker shade of it for text.",
        None => "",
    };
    let locales: Vec<(&str, &str)> = Locale::ALL.iter().map(|l| (l.tag(), locale_words(*l))).collect();
    let locales: Vec<Choice<'_>> = locales.iter().map(|(tag, words)| Choice::new(tag, words)).collect();
    let languages: Vec<Choice<'_>> = Language::ALL.iter().map(|x| Choice::new(x.code(), x.name())).collect();
    let papers = [Choice::new("a4", "A4"), Choice::new("letter", "US Letter")];
    html! {
        (parts::input(&typed.field("colour", "Colour").hint("As #rrggbb, like #1f4e5f.").short(), Input::Text))
        @if !shown.is_empty() { p.hint { (shown) } }
        (parts::select(&typed.field("language", "Language of documents and letters").hint("A client and a contact can have another one."), &languages))
        (parts::select(&typed.field("locale", "Dates and amounts").hint("On the desk, and in English documents."), &locales))
        (parts::radios(&typed.field("paper", "Paper"), &papers))
    }
}

fn locale_words(locale: Locale) -> &'static str {
    match locale {
        Locale::EnglishIreland => "Ireland: 27 November 2026, €4,136.30",
        Locale::EnglishUk => "United Kingdom: 27 November 2026, £4,136.30",
        Locale::EnglishUs => "United States: November 27, 2026, $4,136.30",
        Locale::EnglishContinental => "Continental Europe: 27 November 2026, 4.136,30 €",
        Locale::German => "German: 27. November 2026, 4.136,30 €",
    }
}

fn numbers(typed: Typed<'_>) -> Markup {
    html! {
        p.hint {
            "{YYYY} stands for the year and {0000} for the count, with as many digits as zeros. "
            "Numbers that were given stay. A new pattern counts from 1; going back to an old one goes on where it stopped."
        }
        (text_needed(typed, "series_invoice", "Invoices", ""))
        (text_needed(typed, "series_credit", "Credit notes", ""))
        (text_needed(typed, "series_quote", "Quotes", ""))
        (text_needed(typed, "series_receipt", "Receipts", "Of payments: each gets one when it is recorded."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::client::Party;

    const YEAR: i16 = 2026;

    fn firm() -> Firm {
        let pattern = |text| Pattern::parse("series", text).unwrap();
        let (invoice, credit_note, quote) =
            (pattern("HF-{YYYY}-{0000}"), pattern("HF-CN-{0000}"), pattern("HF-Q-{0000}"));
        Firm {
            party: Party { name: "Harbour & Finch LLP".into(), country: "IE".into(), ..Party::default() },
            trade: String::new(),
            registration: String::new(),
            email: None,
            phone: String::new(),
            correspondent: String::new(),
            bank: BankDetails::default(),
            colour: "#1f4e5f".into(),
            logo: None,
            currency: Currency::EUR,
            terms: DueRule::Days(30),
            vat_rates: vec![vat(VatCategory::Standard, 230), vat(VatCategory::Standard, 135)],
            series: Series { invoice, credit_note, quote, receipt: pattern("HF-R-{0000}") },
            locale: Locale::EnglishIreland,
            language: Language::German,
            paper: Paper::A4,
            quote_terms: String::new(),
        }
    }

    fn vat(category: VatCategory, tenths: i64) -> Vat {
        Vat { category, rate: Decimal::new(tenths, 1).normalize() }
    }

    #[test]
    fn what_is_kept_reads_back_the_same_and_changes_are_named() {
        let old = firm();
        let mut fields = kept(&old);
        assert_eq!(read(&fields, &old, YEAR).unwrap(), old);
        assert_eq!(changes(&old, &old), "");
        fields.set("account_name", "Harbour & Finch");
        fields.set("iban", "IE29 AIBK 9311 5212 3456 78");
        fields.set("vat_rates", "23%, 13,5; 0");
        let new = read(&fields, &old, YEAR).unwrap();
        assert_eq!(new.vat_rates, [230, 135, 0].map(|tenths| vat(VatCategory::Standard, tenths)));
        assert_eq!(changes(&old, &new), "bank details, VAT rates");
    }

    #[test]
    fn every_fault_of_the_firm_is_named_at_once() {
        let old = firm();
        let mut fields = kept(&old);
        let bad = [
            ("name", "Harbour\u{202E}Finch"),
            ("country", "Atlantis"),
            ("email", "nobody"),
            ("iban", "IE29 AIBK 9311 5212 3456 79"),
            ("colour", "red;}"),
            ("currency", "EURO"),
            ("terms", "-1"),
            ("vat_rates", "101"),
            ("series_invoice", "HF-{YYYY}"),
            ("locale", "de-DE"),
            ("language", "xx"),
            ("paper", "a5"),
        ];
        bad.iter().for_each(|(name, value)| fields.set(name, *value));
        let Err(Refusal::Fields(faults)) = read(&fields, &old, YEAR) else { panic!("taken") };
        for (name, _) in bad {
            assert!(faults.iter().any(|f| f.field == name), "{name} in {faults:?}");
        }
    }

    #[test]
    fn a_rate_that_no_invoice_takes_is_refused() {
        let old = firm();
        let mut fields = kept(&old);
        fields.set("vat_rates", "23 13.5 4.125");
        let Err(Refusal::Fields(faults)) = read(&fields, &old, YEAR) else { panic!("taken") };
        assert_eq!(faults[0].message, "A rate has at most 2 decimals, as invoices take it; 4.125 has more.");
        fields.set("vat_rates", "4.120");
        let known = Vat { category: VatCategory::Standard, rate: Decimal::new(412, 2) };
        assert_eq!(read(&fields, &old, YEAR).unwrap().vat_rates, [known]);
        fields.set("vat_rates", "igic 7 3; IPSI: 4 VAT 21");
        let new = read(&fields, &old, YEAR).unwrap();
        use VatCategory::{Igic, Ipsi, Standard};
        assert_eq!(new.vat_rates, [vat(Igic, 70), vat(Igic, 30), vat(Ipsi, 40), vat(Standard, 210)]);
        assert_eq!(kept(&new).get("vat_rates"), "IGIC 7 3 IPSI 4 VAT 21");
        assert_eq!(read(&kept(&new), &old, YEAR).unwrap().vat_rates, new.vat_rates);
    }

    #[test]
    fn series_whose_numbers_would_meet_are_refused_with_both_named() {
        let old = firm();
        let mut fields = kept(&old);
        for (credit, first) in [
            ("HF-{YYYY}-{0000}", "HF-2026-0001"),
            ("HF-2026-{0000}", "HF-2026-0001"),
            ("hf-2031-{0000}", "hf-2031-0001"),
            ("HF-{YYYY}-{00000}", "HF-2026-10000"),
        ] {
            fields.set("series_credit", credit);
            let Err(Refusal::Fields(faults)) = read(&fields, &old, YEAR) else { panic!("{credit} taken") };
            let message = &faults[0].message;
            assert!(message.contains(credit) && message.contains("HF-{YYYY}-{0000}"), "{message}");
            assert!(message.contains(first), "{message}");
        }
        for fine in ["HF-C-{YYYY}-{0000}", "HF-{YYYY}-C{0000}", "{0000}"] {
            fields.set("series_credit", fine);
            assert!(read(&fields, &old, YEAR).is_ok(), "{fine}");
        }
    }
}
