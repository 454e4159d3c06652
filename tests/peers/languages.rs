//! Documents in other languages, as others read them out of the PDF.

use std::process::Command;

use crate::corpus;
use crate::program::succeeded;

/// Words that no German document says by itself; what people typed in the case is German too.
const ENGLISH: [&str; 29] = [
    "invoice",
    "number",
    "issued",
    "due",
    "for",
    "the",
    "of",
    "to",
    "and",
    "your",
    "order",
    "period",
    "description",
    "quantity",
    "price",
    "amount",
    "discount",
    "surcharge",
    "total",
    "vat",
    "before",
    "paid",
    "pay",
    "please",
    "page",
    "account",
    "name",
    "reference",
    "if",
];

#[test]
fn a_german_invoice_has_no_english_word_in_it_and_says_that_it_is_german() {
    let folder = tempfile::tempdir().unwrap();
    let german = corpus::german();
    assert!(german.len() >= 4, "invoice, instalments, gross prices, and credit note");
    for case in german {
        let [_, _, (name, pdf)] = case.files();
        let path = folder.path().join(name);
        std::fs::write(&path, pdf).unwrap();
        let text = succeeded(Command::new("pdftotext").arg("-layout").arg(&path).arg("-").output().unwrap());
        let words: Vec<String> =
            text.split(|c: char| !c.is_alphabetic()).filter(|x| !x.is_empty()).map(str::to_lowercase).collect();
        let found: Vec<_> = words.iter().filter(|x| ENGLISH.contains(&x.as_str())).collect();
        assert!(found.is_empty() && words.len() > 60, "{}: {found:?} in {text}", case.name);
        assert!(text.contains("Seite 1 von") && text.contains("2026"), "{text}");
        let json = succeeded(Command::new("qpdf").arg("--json").arg("--json-key=qpdf").arg(&path).output().unwrap());
        assert!(json.contains("\"/Lang\": \"u:de\""), "the catalogue names the language");
    }
}
