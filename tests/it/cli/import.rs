//! `counterfoil import` and `publish` by the real binary, with and without a server.

use counterfoil::store::prelude::*;

use super::{Made, Serving, refused, said};

const TABLE: &str = "Invoice number,Client,Date,Item,Quantity,Price\nZ-1,Newcomer Ltd,2026-09-01,Advice,2,50.00\n";

#[test]
fn tables_come_in_are_listed_and_undone_with_and_without_a_server() {
    let made = Made::new();
    let (table, folder) = (made.text("z.csv"), made.path("many"));
    std::fs::write(&table, TABLE).unwrap();
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("a.csv"), TABLE.replace("Z-1", "A-1")).unwrap();
    std::fs::write(folder.join("b.csv"), "Client,Invoice number,Amount,Date\n,A-1,40.00,2026-10-01\n").unwrap();
    let on = |args: &[&str]| made.on("house", &[&["import"], args].concat());
    let invoices = || {
        let store = made.store("house");
        let count = store.read(|r| r.invoice_numbered(&"A-1".parse().unwrap())).unwrap().is_some();
        store.close();
        count
    };
    let tried = said(&on(&[&table, "--dry-run"]));
    assert!(tried.contains("1 new client, 1 invoice, EUR 100.00 invoiced. Nothing was changed."), "{tried}");
    let why = refused(&on(&[&table, "--no-new-clients"]));
    assert!(why.contains("Nothing was imported."), "{why}");
    assert!(said(&on(&["--list"])).contains("Nothing was imported yet."));
    assert!(said(&on(&[&table])).contains("Import 1: 1 client, 1 document."));
    let serving = Serving::of(&made, "house");
    let many = said(&on(&[folder.to_str().unwrap()]));
    assert!(many.contains("Import 2: 1 document, 1 payment."), "{many}");
    assert!(refused(&on(&[&table])).contains("Nothing was imported."), "the same files again");
    let list = said(&on(&["--list"]));
    assert!(list.contains("1 document, 1 payment from") && list.contains("z.csv"), "{list}");
    let why = refused(&on(&["--undo", "1"]));
    assert!(why.contains("It can’t be undone any more: the client Newcomer Ltd"), "{why}");
    said(&on(&["--undo", "2"]));
    serving.stop();
    assert!(!invoices());
    said(&on(&["--undo", "1"]));
    let why = refused(&on(&["--undo", "99"]));
    assert!(why.contains("There is no import 99."), "{why}");
    let why = refused(&on(&["--undo", "1"]));
    assert!(why.contains("undone already, on ") && why.contains(" by the command line."), "{why}");
    assert!(said(&on(&["--list"])).contains("(undone on "));
}
