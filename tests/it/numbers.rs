//! Numbers: given once, in sequence, however many are issued at once; and the report of what is missing.

use counterfoil::actions::{invoices, restored};
use counterfoil::app::App;
use counterfoil::domain::event::By;
use counterfoil::domain::ids::InvoiceId;
use counterfoil::store::numbering::Report;
use counterfoil::store::prelude::*;
use jiff::civil::date;
use tokio::task::JoinSet;

use crate::desk::{between, desk_in, desk_of};
use crate::house::*;

/// Issues at the desk, as a browser does.
async fn at_the_desk(app: App, staff: counterfoil::domain::ids::StaffId, id: InvoiceId) {
    let mut desk = desk_in(&app, staff).await;
    let preview = desk.get(&format!("/desk/invoices/{id}/preview")).await.text();
    let seen = between(&preview, "name=\"seen\" value=\"", "\"").to_owned();
    let answer = desk.post(&format!("/desk/invoices/{id}/issue"), &[("seen", &*seen)]).await;
    assert!(answer.status.is_redirection(), "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_at_once_from_two_entrances_get_sixty_four_consecutive_numbers() {
    let house = TestHouse::new().await.heedless_of_mail();
    let mut drafts = Vec::new();
    for n in 0..64 {
        drafts.push(house.draft(house.who.marlow, 100 + n, date(2026, 12, 20)).await);
    }
    let mut all = JoinSet::new();
    for (n, id) in drafts.iter().copied().enumerate() {
        let (app, staff, scope) = (house.app.clone(), house.who.orla, house.scope(house.who.orla));
        if n % 2 == 0 {
            all.spawn(at_the_desk(app, staff, id));
        } else {
            // What a command on the server's machine reaches through the socket.
            all.spawn(async move { invoices::issue(&app, By::command_line(), &scope, id).await.map(drop).unwrap() });
        }
    }
    all.join_all().await;
    let read = |r: &ReadTx| -> Result<Vec<String>, StoreError> {
        let each = drafts.iter().map(|id| Ok(r.invoice(*id)?.unwrap().number().unwrap().to_string()));
        each.collect()
    };
    let mut given = house.app.store.read(read).unwrap();
    given.sort();
    let expected: Vec<String> = (1..=64).map(|n| format!("HF-2026-{n:04}")).collect();
    assert_eq!(given, expected);
    assert_eq!(reports(&house)[0].findings, []);
}

fn reports(house: &TestHouse) -> Vec<Report> {
    let read = |r: &ReadTx| -> Result<Vec<Report>, StoreError> {
        r.series_given()?.iter().map(|series| r.series_report(series)).collect()
    };
    house.app.store.read(read).unwrap()
}

fn told(report: &Report) -> Vec<String> {
    report.findings.iter().map(|x| format!("{} {}", x.word(), x.numbers())).collect()
}

#[tokio::test]
async fn the_report_names_what_is_missing_void_and_out_of_order_and_the_desk_shows_it() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    assert_eq!(reports(&house), []);
    house.at(date(2026, 12, 1), 10);
    let (first, _) = house.issue(marlow, 100_00, date(2026, 12, 25)).await;
    house.publish(marlow, "HF-2026-0002", 50_00, date(2026, 12, 25)).await;
    let back = invoices::Draft { dated: date(2026, 11, 20), ..house.draft_of(marlow, 10_00, date(2026, 12, 25)) };
    let id = house.act(house.who.tom, move |w, s| invoices::save_draft(w, s, None, &back)).await.unwrap();
    let (by, scope) = (house.by(house.who.tom), house.scope(house.who.tom));
    invoices::issue(&house.app, by.clone(), &scope, id).await.unwrap();
    invoices::credit(&house.app, by, &scope, first, "Twice".to_owned()).await.unwrap();
    // A backup is restored: two numbers were given since it was taken, and their documents are lost.
    let (taken, today) = (house.app.now(), house.app.today());
    house.act(house.who.orla, move |w, _| restored::note_restore(w, taken)).await.unwrap();
    let held = house.app.store.read(|r| restored::series_held(r, today)).unwrap();
    let stated: Vec<u64> = held.iter().map(|x| if x.name == "Invoices 2026" { 5 } else { x.last }).collect();
    house.act(house.who.orla, move |w, s| restored::state_numbers(w, s, &stated, today)).await.unwrap();
    house.issue(marlow, 30_00, date(2026, 12, 25)).await;

    let all = reports(&house);
    assert_eq!(all.iter().map(Report::name).collect::<Vec<_>>(), ["Invoices 2026", "Credit notes 2026"]);
    assert_eq!(
        told(&all[0]),
        [
            "Void HF-2026-0001",
            "Published HF-2026-0002",
            "Out of order HF-2026-0003",
            "Missing HF-2026-0004 to HF-2026-0005",
        ]
    );
    assert_eq!((all[0].given, all[0].last.as_str()), (4, "HF-2026-0006"));
    assert_eq!(told(&all[1]), [""; 0]);
    let mut desk = desk_of(&house, house.who.orla).await;
    let page = desk.get("/desk/settings/numbers").await.text();
    for words in ["2 to explain.", "HF-2026-0004 to HF-2026-0005", "credited in full with CN-2026-0001", "No gaps."] {
        assert!(page.contains(words), "{words}: {page}");
    }
}
