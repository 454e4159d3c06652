//! E-invoices that others made: each sample is read, taken, and says what the list of samples says of it.
//!
//! The samples lie beside the project and are no part of it; `COUNTERFOIL_SAMPLES` names another folder.

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;

use counterfoil::documents::einvoice::read::{Syntax, read};
use counterfoil::documents::einvoice::{Bill, cii, ubl};
use counterfoil::documents::embedded_xml;
use rust_decimal::Decimal;

/// The folder of samples; `None`, and said so, where there is none.
pub fn samples() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/samples");
    let folder = std::env::var_os("COUNTERFOIL_SAMPLES").map_or_else(beside, PathBuf::from);
    if !folder.is_dir() {
        let mut err = std::io::stderr();
        writeln!(err, "no samples at {}; this test tried nothing", folder.display()).unwrap();
    }
    folder.is_dir().then_some(folder)
}

fn decimal(text: &str) -> Decimal {
    if text.is_empty() { Decimal::ZERO } else { text.parse().unwrap() }
}

/// What the list says, by column.
fn listed(folder: &std::path::Path) -> Vec<HashMap<String, String>> {
    let mut reader = csv::Reader::from_path(folder.join("MANIFEST-invoices.csv")).unwrap();
    let head: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows = reader.records().map(|row| head.iter().cloned().zip(row.unwrap().iter().map(str::to_owned)).collect());
    rows.collect()
}

fn agrees(bill: &Bill, row: &HashMap<String, String>) {
    let file = &row["file"];
    let day = |x: Option<jiff::civil::Date>| x.map_or_else(String::new, |x| x.to_string());
    assert_eq!(bill.number, row["number"], "{file}");
    assert_eq!(bill.code, row["typecode"], "{file}");
    assert_eq!(bill.dated.to_string(), row["issue"], "{file}");
    assert_eq!(day(bill.due), row["due"], "{file}");
    assert_eq!(bill.currency, row["currency"], "{file}");
    assert_eq!(bill.accounting.as_ref().map_or("", |x| &x.0), row["taxcur"], "{file}");
    assert_eq!(bill.seller.name, row["seller"], "{file}");
    assert_eq!(bill.buyer.name, row["buyer"], "{file}");
    assert_eq!(bill.lines.len().to_string(), row["nlines"], "{file}");
    assert_eq!(bill.preceding.as_ref().map_or("", |x| &x.0), row["preceding"], "{file}");
    let sums = &bill.sums;
    let vat = row["vat"].split(" + ").next().unwrap_or_default();
    for (what, stated, listed) in [
        ("lines", &sums.lines, row["lines"].as_str()),
        ("allowances", &sums.allowances, &row["allow"]),
        ("charges", &sums.charges, &row["charge"]),
        ("net", &sums.net, &row["net"]),
        ("vat", &sums.vat, vat),
        ("gross", &sums.gross, &row["gross"]),
        ("prepaid", &sums.prepaid, &row["prepaid"]),
        ("rounding", &sums.rounding, &row["round"]),
        ("payable", &sums.payable, &row["payable"]),
    ] {
        assert_eq!(decimal(stated), decimal(listed), "{file}: {what}");
    }
    let mut rates: Vec<String> = bill.groups.iter().map(|x| format!("{}@{}", x.tax.category, x.tax.rate)).collect();
    let mut expected: Vec<&str> = row["rates"].split(' ').collect();
    rates.sort();
    expected.sort_unstable();
    assert_eq!(rates, expected, "{file}");
}

#[test]
fn every_sample_says_what_is_listed_of_it() {
    let Some(folder) = samples() else { return };
    let rows = listed(&folder);
    assert!(rows.len() >= 10);
    for row in rows {
        let bytes = std::fs::read(folder.join(&row["file"])).unwrap();
        let (syntax, bill) = read(&bytes).unwrap_or_else(|fault| panic!("{}: {fault}", row["file"]));
        assert_eq!(syntax == Syntax::Cii, row["type"] == "CII", "{}", row["file"]);
        agrees(&bill, &row);
        let taken = bill.taken().unwrap_or_else(|fault| panic!("{}: {fault}", row["file"]));
        assert!(taken.totals.hold(), "{}", row["file"]);
        assert_eq!(taken.totals.payable().decimal(), decimal(&row["payable"]), "{}", row["file"]);
        for (line, net) in taken.content.lines.iter().zip(&taken.totals.line_nets) {
            assert_eq!(line.amount(taken.currency).unwrap().minor, *net, "{}: {}", row["file"], line.description);
        }
        // Written by us in either vocabulary, it is the same document.
        for written in [ubl(&bill), cii(&bill)] {
            let (_, again) = read(written.as_bytes()).unwrap_or_else(|fault| panic!("{}: {fault}", row["file"]));
            assert_eq!((&again.sums, &again.groups, &again.number), (&bill.sums, &bill.groups, &bill.number));
            assert_eq!(again.lines.len(), bill.lines.len());
        }
    }
}

#[test]
fn the_invoices_inside_pdfs_of_others_are_found_and_add_up() {
    let Some(folder) = samples() else { return };
    let mut names: Vec<PathBuf> = std::fs::read_dir(folder.join("pdf")).unwrap().map(|x| x.unwrap().path()).collect();
    names.sort();
    for path in names {
        let xml = embedded_xml(&std::fs::read(&path).unwrap()).unwrap();
        let xml = xml.unwrap_or_else(|| panic!("{}: no XML", path.display()));
        let (syntax, bill) = read(&xml).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
        assert_eq!(syntax, Syntax::Cii, "{}", path.display());
        assert!(!bill.lines.is_empty() && !bill.number.is_empty());
        assert!(bill.taken().unwrap().totals.hold());
    }
}
