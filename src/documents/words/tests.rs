//! Every language says everything, and says it in its own words.

use super::*;

/// What a language says, one string for each thing, with `[1]`, `[2]` … where something is placed.
fn all(words: &Words) -> Vec<String> {
    let Words { sheet, pay, lines, vat, invoice, late, quote, receipt, statement, .. } = words;
    let one = |x: Of| x("[1]");
    let two = |x: OfTwo| x("[1]", "[2]");
    let mut out: Vec<String> = vec![
        one(sheet.attention),
        one(sheet.vat_id),
        one(sheet.legal_id),
        one(sheet.ask_us),
        one(sheet.ask),
        (sheet.page)(1, 2),
        two(sheet.period),
        two(sheet.span),
        two(sheet.in_currency),
        one(sheet.anchor),
        one(pay.heading),
        one(lines.discount_for),
        two(lines.at),
        one(lines.less),
        one(lines.included),
        (vat.accounting)("[1]", "[2]", "[3]", "[4]"),
        (invoice.by_instalments)(3),
        (invoice.within)(1, "[1]"),
        (invoice.within)(30, "[1]"),
        (invoice.early)("[1]", "[2]", "[3]"),
        one(invoice.xml_set_off),
        one(invoice.xml_due),
        two(invoice.xml_instalment),
        two(invoice.xml_early),
        two(quote.in_place_of),
        one(quote.stands),
        one(quote.stands_on_terms),
        one(quote.option),
        two(receipt.thanks),
        one(receipt.on_account),
        one(receipt.settles),
        two(statement.on),
        one(statement.before),
        one(statement.account_in),
        (statement.part)(2, 3),
        two(statement.due_of),
    ];
    out.extend([(late.heading)("[1]"), (late.fixed)("[1]")]);
    out.extend([1, 30].map(|days| {
        (late.interest)(&LateDays { number: "[1]", open: "[2]", from: "[3]", to: "[4]", days, rate: "[5]" })
    }));
    out.extend([late.title, late.draft, late.no_vat, late.note].map(str::to_owned));
    for category in VatCategory::ALL {
        out.extend([(vat.words)(category, "[1]"), (vat.group)(category, "[1]", "[2]")]);
        out.push((vat.cell)(category).to_owned());
    }
    for cause in Cause::ALL {
        out.extend([(receipt.taken_back)(cause, "[1]"), (statement.cause)(cause).to_owned()]);
    }
    for method in Method::ALL {
        out.extend([(statement.received_by)(method), (statement.paid_back_by)(method)]);
        out.push((receipt.method)(method).to_owned());
    }
    out.extend(plain(words).into_iter().map(str::to_owned));
    out
}

/// What is said without anything placed in it.
fn plain(words: &Words) -> Vec<&'static str> {
    let Words { sheet, pay, lines, vat, invoice, quote, receipt, statement, .. } = words;
    let mut out = vec![sheet.recipient, sheet.number, sheet.issued, sheet.project, sheet.totals];
    out.extend([sheet.xml, pay.instalments, pay.account_name, pay.reference, pay.structured, pay.exactly]);
    out.extend([pay.numbers, pay.scan, pay.code, lines.caption, lines.description, lines.quantity, lines.price]);
    out.extend([lines.price_gross, lines.amount, lines.amount_gross, lines.discount, lines.item, lines.order_line]);
    out.extend([lines.sum, lines.allowance, lines.charge, lines.net, lines.net_of_gross, lines.total, lines.gross]);
    out.extend([
        lines.prepaid,
        lines.rounding,
        lines.left,
        vat.column,
        vat.column_other,
        lines.net_other,
        lines.gross_other,
        invoice.title,
        invoice.credit_note,
    ]);
    out.extend([invoice.draft, invoice.credit_draft, invoice.total_credited, invoice.due, invoice.credits]);
    out.extend([invoice.quote, invoice.reference, invoice.order, invoice.contract, invoice.project]);
    out.extend([invoice.attention, invoice.delivered, invoice.period, invoice.instalment, invoice.instalments]);
    out.extend([invoice.how_paid, invoice.copy, invoice.set_off, invoice.nothing, invoice.on_receipt, quote.title]);
    out.extend([quote.draft, quote.version, quote.valid_until, quote.delivery, quote.terms, quote.options]);
    out.extend([quote.choose, quote.with_all, receipt.title, receipt.void, receipt.received, receipt.by]);
    out.extend([receipt.amount, receipt.invoice, receipt.applied, receipt.caption, receipt.settled_nothing]);
    out.extend([receipt.had_settled, receipt.not_applied, receipt.sum, statement.title, statement.from]);
    out.extend([statement.to, statement.currency, statement.owed, statement.in_favour, statement.charged]);
    out.extend([statement.settled, statement.opening, statement.date, statement.what, statement.balance]);
    out.extend([statement.caption, statement.returned, statement.written_off, statement.early, statement.ageing]);
    out.extend(statement.ages);
    out.extend([statement.unapplied, statement.open_title, statement.as_of, statement.due, statement.late]);
    out.extend([statement.original, statement.open, statement.open_caption, statement.open_invoices]);
    out.push(statement.nothing_open);
    out
}

/// What reads the same in both languages, as it should.
const SHARED: [&str; 7] = ["IGIC", "IPSI", "[1] in [2]", "Option [1]", "In [1]", "Code", "Reverse Charge"];

#[test]
fn every_language_says_everything_and_places_what_it_is_given() {
    let english = all(words(Language::English));
    for language in Language::ALL {
        let said = all(words(language));
        assert_eq!(said.len(), english.len());
        for (own, first) in said.iter().zip(&english) {
            assert_eq!(own.is_empty(), first.is_empty(), "{language:?} says {own:?} for {first:?}");
            assert_eq!(own.trim_end(), own, "{language:?}");
            for place in ["[1]", "[2]", "[3]", "[4]"] {
                assert_eq!(own.matches(place).count(), first.matches(place).count(), "{own:?} for {first:?}");
            }
            let same = language != Language::English && own == first && !own.is_empty();
            assert!(!same || SHARED.contains(&own.as_str()), "{language:?} says {own:?} in English");
        }
    }
}

#[test]
fn no_english_word_stands_in_german() {
    const ENGLISH: [&str; 24] = [
        "the",
        "of",
        "your",
        "you",
        "please",
        "pay",
        "paid",
        "invoice",
        "quote",
        "credit",
        "note",
        "payment",
        "due",
        "total",
        "amount",
        "vat",
        "and",
        "to",
        "by",
        "not",
        "with",
        "number",
        "receipt",
        "statement",
    ];
    for said in all(words(Language::German)) {
        let lower = said.to_lowercase();
        let found: Vec<&str> = lower.split(|c: char| !c.is_alphabetic()).filter(|x| ENGLISH.contains(x)).collect();
        assert!(found.is_empty(), "{found:?} in {said:?}");
    }
}

#[test]
fn entries_units_currencies_and_countries_are_named() {
    use EntryKind as E;
    let kinds = [E::Invoice, E::CreditNote, E::Receipt, E::Reversal, E::EarlyPayment, E::WrittenOff, E::Refund];
    for language in Language::ALL {
        let words = words(language);
        for kind in kinds.into_iter().chain([E::RefundReturned]) {
            assert!(!(words.statement.entry)(kind, "A-1").is_empty());
            assert!((words.statement.narrow)(kind, "1.00").starts_with("1.00 "));
        }
        for unit in Unit::ALL {
            let bare = matches!(unit, Unit::Each | Unit::LumpSum);
            assert_eq!((words.lines.unit)(unit).is_empty(), bare, "{language:?} {unit:?}");
        }
        let named = |code: &str| words.currency(&code.parse().unwrap());
        assert!(named("SEK") != "SEK" && named("KWD") == "KWD");
        assert_eq!((words.country("XK").as_deref(), words.country(" ")), (Some("XK"), None));
    }
    let german = words(Language::German);
    assert_eq!(german.country("de").as_deref(), Some("Deutschland"));
    assert_eq!(german.in_currency(&"SEK".parse().unwrap()), "Schwedischen Kronen");
    assert_eq!((german.vat.group)(VatCategory::Standard, "19 %", "100,00"), "USt. 19 % auf 100,00");
}
