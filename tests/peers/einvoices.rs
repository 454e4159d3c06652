//! E-invoices, judged by the rules that others wrote: the CEN's of EN 16931 for UBL and CII, the schemas of OASIS and
//! of Factur-X, and what a Factur-X PDF promises.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::corpus;
use crate::program::{Demo, python, said, succeeded};

/// Files of each kind that the demo firm has at least; all of them are judged.
const OF_THE_DEMO: usize = 25;

/// What the validators object to in each file of a folder.
fn judged(folder: &Path) -> BTreeMap<String, Vec<String>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/einvoices.py");
    let said = succeeded(python().arg(script).arg(folder).output().unwrap());
    let lines = said.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let faults = |v: &serde_json::Value| serde_json::from_value(v["faults"].clone()).unwrap();
    lines.map(|line| (line["file"].as_str().unwrap().to_owned(), faults(&line))).collect()
}

fn refused(folder: &Path) -> Vec<(String, Vec<String>)> {
    judged(folder).into_iter().filter(|x| !x.1.is_empty()).collect()
}

#[test]
fn every_kind_of_document_keeps_the_rules_of_en_16931() {
    let folder = tempfile::tempdir().unwrap();
    let cases = corpus::all();
    for (name, bytes) in cases.iter().flat_map(corpus::Case::files) {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let found = judged(folder.path());
    assert_eq!(found.len(), cases.len() * 3, "every file was judged");
    let refused: Vec<_> = found.iter().filter(|x| !x.1.is_empty()).collect();
    assert!(refused.is_empty(), "{refused:#?}");
    for pdf in found.keys().filter(|name| name.ends_with(".pdf")) {
        succeeded(Command::new("qpdf").arg("--check").arg(folder.path().join(pdf)).output().unwrap());
    }
}

#[test]
fn each_validator_finds_a_wrong_sum() {
    let folder = tempfile::tempdir().unwrap();
    let case = corpus::all().remove(0);
    for (name, bytes) in case.files().into_iter().take(2) {
        let text = String::from_utf8(bytes).unwrap();
        let wrong = ["TaxInclusiveAmount currencyID=\"EUR\">", "GrandTotalAmount>"];
        let mark = wrong.iter().find(|mark| text.contains(**mark)).unwrap();
        std::fs::write(folder.path().join(name), text.replacen(mark, &format!("{mark}1"), 1)).unwrap();
    }
    let found = judged(folder.path());
    assert_eq!(found.len(), 2);
    for (file, faults) in &found {
        assert!(faults.iter().any(|x| x.starts_with("BR-CO-15")), "{file}: {faults:?}");
    }
}

#[test]
fn what_the_demo_firm_holds_keeps_them_too() {
    let demo = Demo::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let [archive, picked] = ["archive", "picked"].map(|name| folder.path().join(name));
    std::fs::create_dir(&picked).unwrap();
    said(&["export", "--html", &archive.display().to_string(), "--config", &demo.config()]);
    let mut kinds = BTreeMap::new();
    for client in std::fs::read_dir(archive.join("clients")).unwrap().map(|x| x.unwrap().path()) {
        let files = std::fs::read_dir(&client).into_iter().flatten().map(|x| x.unwrap().path());
        for file in files {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let kind = match &name {
                name if name.ends_with(".cii.xml") => "cii.xml",
                name if name.ends_with(".xml") => "ubl.xml",
                // Of a published PDF there is no XML of ours to look for.
                name if name.ends_with(".pdf") && file.with_extension("xml").exists() => "pdf",
                _ => continue,
            };
            let taken: &mut usize = kinds.entry(kind).or_default();
            *taken += 1;
            std::fs::copy(&file, picked.join(format!("{taken}.{kind}"))).unwrap();
        }
    }
    assert!(kinds.len() == 3 && kinds.values().all(|n| *n > OF_THE_DEMO), "{kinds:?}");
    assert_eq!(refused(&picked), []);
}
