//! The activity log at the desk.

use counterfoil::actions::clients;
use jiff::civil::date;

use super::desk_of;
use crate::house::*;

#[tokio::test]
async fn a_member_of_one_client_reads_that_client_s_entries_only() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (_, mine) = house.issue(house.who.marlow, 100_00, date(2026, 12, 1)).await;
    let (_, other) = house.issue(house.who.kestrel, 80_00, date(2026, 12, 1)).await;
    let mut maeve = desk_of(&house, house.who.maeve).await;
    for path in ["/desk/activity", "/desk/activity.csv"] {
        let page = maeve.get(path).await.text();
        assert!(page.contains(mine.as_str()) && page.contains("Marlow Ceramics"), "{page}");
        for hidden in [other.as_str(), "Kestrel", "Sofia", "Jonas", "set up"] {
            assert!(!page.contains(hidden), "{path} shows {hidden}: {page}");
        }
    }
    assert_eq!(maeve.get(&format!("/desk/activity?client={}", house.who.kestrel)).await.status, 404);
    let mut auditor = desk_of(&house, house.who.jonas).await;
    let page = auditor.get("/desk/activity").await.text();
    assert!(page.contains(other.as_str()) && page.contains("Set up Hartmann"), "{page}");
}

#[tokio::test]
async fn filters_combine_and_older_entries_follow_without_gap_or_repetition() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (marlow, kestrel) = (house.who.marlow, house.who.kestrel);
    let (id, number) = house.issue(marlow, 100_00, date(2026, 12, 1)).await;
    house.at(date(2026, 11, 25), 10);
    house.pay(marlow, 60_00, vec![id]).await;
    house.pay(kestrel, 70_00, vec![]).await;
    let mut desk = desk_of(&house, house.who.orla).await;
    let has = |page: &str| [number.as_str(), "payment of €60.00", "payment of €70.00"].map(|x| page.contains(x));
    let table = [
        ("what=money&from=2026-11-25".to_owned(), [true, true, true]),
        (format!("what=money&from=2026-11-25&client={kestrel}"), [false, false, true]),
        ("what=money&to=2026-11-24&who=staff".to_owned(), [true, false, false]),
        ("q=PAYMENT+marlow".to_owned(), [false, true, false]),
        (format!("q={number}&what=money&from=2026-11-25"), [true, false, false]),
        ("who=clients".to_owned(), [false, false, false]),
        ("from=2026-11-26".to_owned(), [false, false, false]),
    ];
    for (query, expected) in table {
        let csv = desk.get(&format!("/desk/activity.csv?{query}")).await.text();
        assert_eq!(has(&csv), expected, "{query}: {csv}");
    }
    let page = desk.get("/desk/activity?from=2026-13-01&q=nothing+like+it").await.text();
    assert!(page.contains("href=\"#f-from\"") && page.contains("No entries match"), "{page}");
    for n in 0..150 {
        house.pay(kestrel, 100 + n, vec![]).await;
    }
    let first = desk.get("/desk/activity?what=money").await.text();
    let older = first.split_once("rel=\"next\"").unwrap().0.rsplit_once("href=\"").unwrap().1;
    let older = older.split('"').next().unwrap().replace("&amp;", "&");
    let second = desk.get(&older).await.text();
    let payments = |page: &str| page.matches("Recorded a payment of").count();
    assert_eq!((payments(&first), payments(&second)), (100, 52));
}

#[tokio::test]
async fn a_csv_never_holds_a_formula() {
    let house = TestHouse::new().await.heedless_of_mail();
    let new = new_client("=1+1");
    house.act(house.who.orla, move |w, scope| clients::add(w, scope, &new)).await.unwrap();
    let mut desk = desk_of(&house, house.who.orla).await;
    let answer = desk.get("/desk/activity.csv").await;
    assert!(answer.header("content-disposition").starts_with("attachment"));
    let csv = answer.text();
    assert!(csv.contains("\"'=1+1\"") && !csv.contains("\"=1+1\""), "{csv}");
}
