//! .
use crate::house::*;
use jiff::civil::date;
#[tokio::test]
async fn smoke() {
    let house = TestHouse::new().await;
    let (_, n) = house.issue(house.who.marlow, 12_300, date(2026, 12, 23)).await;
    assert_eq!(n.as_str(), "HF-2026-0001");
    house.tick().await;
    house.claim("ana@marlow.example");
}
