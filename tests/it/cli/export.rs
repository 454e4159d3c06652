//! The archive that anybody can read: it has what the house has, every link in it leads to a file in it, and no cell of
//! a table is a formula.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::os::unix::fs::PermissionsExt;

use counterfoil::actions::{late_payment, policies, wordings};
use counterfoil::domain::language::Language;
use counterfoil::domain::late_interest::{RateFrom, YearlyRate};
use counterfoil::domain::late_payment::LatePayment;
use counterfoil::domain::policy::Policy;
use counterfoil::domain::wording::{LetterKind, Words};
use jiff::civil::date;

use super::*;

/// Every file below a folder, by its path within.
fn files(root: &Path) -> BTreeSet<PathBuf> {
    let (mut found, mut open) = (BTreeSet::new(), vec![root.to_owned()]);
    while let Some(folder) = open.pop() {
        assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700, "{}", folder.display());
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
                found.insert(path.strip_prefix(root).unwrap().to_owned());
            }
        }
    }
    found
}

/// Follows every link of every page; fails on one that leads nowhere or outside.
fn every_link_resolves(root: &Path, all: &BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
    let mut reached = BTreeSet::new();
    for name in all.iter().filter(|name| name.extension().is_some_and(|e| e == "html")) {
        let page = std::fs::read_to_string(root.join(name)).unwrap();
        for bad in ["<script", " style=\"", " onclick", "http:", "https:", "src=\""] {
            assert!(!page.contains(bad), "{bad} in {}", name.display());
        }
        for href in page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            let mut at = name.parent().unwrap().to_owned();
            for part in href.split('/') {
                if part == ".." {
                    assert!(at.pop(), "{href} in {} leads out", name.display());
                } else {
                    at.push(part);
                }
            }
            assert!(all.contains(&at), "{href} in {} leads nowhere", name.display());
            reached.insert(at);
        }
    }
    reached
}

/// Rows of a register, without its heading.
fn rows(root: &Path, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root.join(name)).unwrap();
    let text = text.strip_prefix('\u{feff}').unwrap();
    text.split_terminator("\r\n").skip(1).map(str::to_owned).collect()
}

fn check(made: &Made, root: &Path, documents: usize, entries: RangeInclusive<u64>) {
    let all = files(root);
    let reached = every_link_resolves(root, &all);
    let unreached: Vec<_> = all.difference(&reached).filter(|name| **name != Path::new("index.html")).collect();
    assert!(unreached.is_empty(), "no link leads to {unreached:?}");
    assert_eq!(rows(root, "registers/clients.csv").len(), 2);
    assert_eq!(rows(root, "registers/contacts.csv").len(), 2);
    assert_eq!(rows(root, "registers/documents.csv").len(), documents);
    let lines = rows(root, "activity/activity.csv").len() as u64;
    assert!(entries.contains(&lines), "{lines} of {entries:?}");
    let of = |ending: &str| all.iter().filter(|n| n.extension().is_some_and(|e| e == ending)).count();
    assert_eq!(of("pdf"), documents, "drafts have none, and there are none");
    let pdf = all.iter().find(|n| n.to_string_lossy().ends_with("2026-0117.pdf")).unwrap();
    assert_eq!(std::fs::read(root.join(pdf)).unwrap(), house::pdf("2026-0117"));
    for name in all.iter().filter(|n| n.extension().is_some_and(|e| e == "csv")) {
        let text = std::fs::read_to_string(root.join(name)).unwrap();
        for cell in text.trim_start_matches('\u{feff}').split("\r\n").flat_map(|row| row.split("\",\"")) {
            let cell = cell.trim_start_matches('"');
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell} in {}", name.display());
        }
    }
    let clients = std::fs::read_to_string(root.join("registers/clients.csv")).unwrap();
    assert!(clients.contains("\"'=2+5 Ltd\""), "{clients}");
    assert!(made.path("house").is_dir());
}

#[test]
fn an_archive_has_what_the_house_has_with_and_without_a_server() {
    let made = Made::new();
    made.add_client("Marlow Ltd");
    made.add_client("=2+5 Ltd");
    said(&made.publish("Marlow Ltd", "2026-0117"));
    said(&made.publish("=2+5 Ltd", "2026-0118"));
    let entries = || made.store("house").read(|r| r.log_length()).unwrap();
    let (before, out) = (entries(), made.text("without"));
    assert!(said(&made.on("house", &["export", "--html", &out])).contains("2 clients, 2 invoices"));
    check(&made, &made.path("without"), 2, before..=before);
    assert!(matches!(log(&made.store("house")).first(), Some(Event::Exported { documents: 2 })));

    let (before, serving) = (entries(), Serving::of(&made, "house"));
    let out = made.text("with");
    said(&made.on("house", &["export", "--html", &out]));
    assert!(refused(&made.on("house", &["export", "--html", &out])).contains("is not empty"));
    serving.stop();
    // A server at work writes lines of its own.
    check(&made, &made.path("with"), 2, before..=entries());
    assert_eq!(files(&made.path("with")), {
        let mut same = files(&made.path("without"));
        same.extend(files(&made.path("with")).into_iter().filter(|n| n.starts_with("activity")));
        same
    });
}

#[test]
fn what_letters_said_and_what_held_for_reminders_and_late_payment_is_in_it() {
    let made = Made::new();
    let (store, now) = (made.store("house"), Clock::system().now());
    let issued = (LetterKind::Issued, Language::German);
    for (known, subject) in [(0, "Die erste Fassung"), (1, "Die zweite <Fassung>")] {
        let (subject, opening) = (subject.to_owned(), "Anbei {number}.".to_owned());
        let words = Words { subject, opening, closing: "Bis bald.".to_owned() };
        let act = move |w: &mut WriteTx<'_>| wordings::change(w, &StaffScope::all(), issued, known, Some(&words));
        store.write_blocking(By::command_line(), now, act).unwrap();
    }
    let act = |w: &mut WriteTx<'_>| wordings::send_pdfs_along(w, &StaffScope::all(), true);
    store.write_blocking(By::command_line(), now, act).unwrap();
    let mut policy = Policy::standard();
    policy.steps.remove(0);
    policy.days.holidays = [(date(2027, 2, 1), "St Brigid’s Day".to_owned())].into();
    let act = move |w: &mut WriteTx<'_>| policies::change(w, &StaffScope::all(), 0, &policy, "Fewer letters");
    store.write_blocking(By::command_line(), now, act).unwrap();
    let rate = RateFrom { from: date(2026, 7, 1), rate: YearlyRate::parse("rate", "10.15").unwrap() };
    let late = LatePayment { on: true, rates: vec![rate], ..LatePayment::standard() };
    let act =
        move |w: &mut WriteTx<'_>| late_payment::change(w, &StaffScope::all(), 0, &late, "As the Directive has it");
    store.write_blocking(By::command_line(), now, act).unwrap();
    store.close();
    drop(store);
    let out = made.text("out");
    said(&made.on("house", &["export", "--html", &out]));
    let (root, page) = (made.path("out"), made.path("out/settings/index.html"));
    every_link_resolves(&root, &files(&root));
    let page = std::fs::read_to_string(page).unwrap();
    for part in [
        "The PDFs of invoices go along with letters.",
        "The letter about a new invoice, in German",
        "Die erste Fassung",
        "Die zweite &lt;Fassung&gt;",
        "Anbei {number}.",
        "Bis bald.",
        "Version 1: Fewer letters",
        "The standard policy, before any other",
        "A week before",
        "2027-02-01 St Brigid’s Day",
        "Version 1: As the Directive has it",
        "10.15",
        "Nothing is charged for late payment.",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(page.find("Die zweite") < page.find("Die erste"), "the newest first");
}
