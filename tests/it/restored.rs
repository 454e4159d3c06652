//! After a restore: no identifier, no number and no letter of before comes a second time.

use axum::http::StatusCode;
use counterfoil::actions::payments::{self, Apply};
use counterfoil::actions::{clients, invoices, quotes, restored};
use counterfoil::domain::event::{By, Event};
use counterfoil::domain::ids::{InvoiceId, LetterId};
use counterfoil::domain::letter::{Letter, Purpose};
use counterfoil::domain::refusal::Refusal;
use counterfoil::store::prelude::*;
use jiff::SignedDuration;
use jiff::civil::date;

use crate::desk::desk_of;
use crate::house::*;

async fn restored_house() -> TestHouse {
    let house = TestHouse::new().await;
    house.issue(house.who.marlow, 100_00, date(2026, 12, 23)).await;
    house.later(SignedDuration::from_mins(1));
    let taken = house.app.now();
    house.later(SignedDuration::from_hours(1));
    let note = move |w: &mut WriteTx<'_>| restored::note_restore(w, taken);
    house.app.store.write(By::command_line(), house.app.now(), note).await.unwrap();
    house
}

async fn issue(house: &TestHouse) -> Result<String, ActError> {
    let id = house.draft(house.who.marlow, 100_00, date(2026, 12, 23)).await;
    let (by, scope) = (house.by(house.who.orla), house.scope(house.who.orla));
    invoices::issue(&house.app, by, &scope, id).await.map(|number| number.to_string())
}

#[tokio::test]
async fn identifiers_leap_so_that_none_is_given_again() {
    let house = restored_house().await.heedless_of_mail();
    let first = house.draft(house.who.marlow, 1, date(2026, 12, 23)).await;
    assert!(first > InvoiceId(1_000_000), "{first:?}");
    let add = |w: &mut WriteTx<'_>, scope: &_| clients::add(w, scope, &new_client("New"));
    assert!(house.act(house.who.orla, add).await.unwrap().0 > 1_000_000);
    // Also of what the backup had none yet.
    let document = house.post(house.who.marlow, None, "Plan").await;
    assert!(document.0 > 1_000_000, "{document:?}");
    assert!(house.verify().is_clean());
}

#[tokio::test]
async fn no_number_is_given_before_an_owner_has_said_which_was_last() {
    let house = restored_house().await.heedless_of_mail();
    assert!(matches!(issue(&house).await, Err(ActError::Refused(Refusal::NumbersHeld))));
    let new = house.receipt(house.who.marlow, 1, Apply::Default(Vec::new()));
    let paid = house.act(house.who.orla, move |w, s| payments::record(w, s, &new)).await;
    assert!(matches!(paid, Err(ActError::Refused(Refusal::NumbersHeld))), "a receipt has a number as well");
    let mut orla = desk_of(&house, house.who.orla).await;
    assert!(orla.get("/desk").await.text().contains("Say which was last"));
    let page = orla.get("/desk/restored").await.text();
    assert!(page.contains("Invoices 2026") && page.contains("HF-2026-0001 is the last in this backup."), "{page}");
    let series = house.app.store.read(|r| restored::series_held(r, house.app.today())).unwrap();
    let form = |invoices: &str| -> Vec<(String, String)> {
        let value = |name: &str, last: u64| match name {
            "Invoices 2026" => invoices.to_owned(),
            _ => last.to_string(),
        };
        series.iter().enumerate().map(|(n, x)| (format!("last_{n}"), value(&x.name, x.last))).collect()
    };
    for bad in ["0", "x", "", "99999999"] {
        let fields = form(bad);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let answer = orla.post("/desk/restored/numbers", &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
    assert!(issue(&house).await.is_err());
    let fields = form("57");
    let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(orla.post("/desk/restored/numbers", &fields).await.location(), "/desk/restored");
    assert_eq!(issue(&house).await.unwrap(), "HF-2026-0058");
    assert!(house.log().iter().any(|e| matches!(e, Event::NumbersStated { last } if last == "HF-2026-0057")));
    // Sent twice, it changes nothing.
    assert_eq!(orla.post("/desk/restored/numbers", &fields).await.location(), "/desk/restored");
    assert_eq!(issue(&house).await.unwrap(), "HF-2026-0059");
}

#[tokio::test]
async fn quotes_and_credit_notes_wait_for_their_numbers_too() {
    let house = restored_house().await.heedless_of_mail();
    let (by, scope) = (house.by(house.who.orla), house.scope(house.who.orla));
    let id = house.app.store.read(|r| r.invoice_numbered(&"HF-2026-0001".parse().unwrap())).unwrap().unwrap();
    let credited = invoices::credit(&house.app, by.clone(), &scope, id, "wrong".to_owned()).await;
    assert!(matches!(credited, Err(ActError::Refused(Refusal::NumbersHeld))), "{credited:?}");
    let (eur, days) = (counterfoil::domain::money::Currency::EUR, (house.app.today(), date(2026, 12, 23)));
    let offer = quotes::NewQuote::plain(house.who.marlow, "Lease", eur, days, vec![line(100)]);
    let sent = quotes::send(&house.app, by, &scope, offer).await;
    assert!(matches!(sent, Err(ActError::Refused(Refusal::NumbersHeld))), "{sent:?}");
}

/// The fields of the list as the page has them, with these letters ticked.
fn ticked<'a>(page: &'a str, go: &[&'a str]) -> Vec<(&'static str, &'a str)> {
    let all = |name: &str| -> Vec<&'a str> {
        page.split(&format!("name=\"{name}\" value=\"")).skip(1).map(|x| x.split('"').next().unwrap()).collect()
    };
    let listed = all("listed").into_iter().map(|id| ("listed", id));
    listed.chain(all("seen").into_iter().map(|x| ("seen", x))).chain(go.iter().map(|id| ("go", *id))).collect()
}

fn state_of(house: &TestHouse, address: &str) -> &'static str {
    let all = house.app.store.read(|r| r.letters(None, 1_000)).unwrap();
    all.iter().find(|l| l.to_address.as_str() == address).unwrap().state.words()
}

/// Two letters wait: one of before the restore to Ana, one since to Sofia; the latter's number.
async fn two_wait() -> (TestHouse, String) {
    let house = restored_house().await;
    // Held since the restore as well: whether a reminder went meanwhile is unknown here.
    house.publish(house.who.kestrel, "A-2", 100_00, date(2026, 12, 23)).await;
    assert_eq!(house.tick().await.letters, 0);
    let waiting = house.app.store.read(|r| r.letters(None, 10)).unwrap();
    assert_eq!(waiting.len(), 2);
    let new = waiting.iter().find(|l| l.to_address.as_str() == "sofia@kestrel.example").unwrap().id.to_string();
    (house, new)
}

#[tokio::test]
async fn the_letters_that_would_go_are_listed_and_those_unticked_are_withdrawn() {
    let (house, new) = two_wait().await;
    let mut orla = desk_of(&house, house.who.orla).await;
    let page = orla.get("/desk/restored").await.text();
    assert!(page.contains("ana@marlow.example") && page.contains("sofia@kestrel.example"), "{page}");
    assert_eq!(orla.post("/desk/sending/release", &ticked(&page, &[&new])).await.location(), "/desk");
    house.tick().await;
    house.claim("sofia@kestrel.example");
    let states = house.app.store.read(|r| r.letters(None, 10)).unwrap();
    let old = states.iter().find(|l| l.to_address.as_str() == "ana@marlow.example").unwrap();
    assert!(old.state.words() == "withdrawn" && matches!(old.purpose, Purpose::Issued(_)));
    assert!(!orla.get("/desk/restored").await.text().contains("Letters that wait"));
    let twice = orla.post("/desk/sending/release", &ticked(&page, &[&new])).await;
    assert_eq!((twice.status, twice.location()), (StatusCode::SEE_OTHER, "/desk"), "pressed twice");
}

#[tokio::test]
async fn a_form_that_does_not_say_what_it_listed_lets_nothing_go() {
    let (house, new) = two_wait().await;
    let mut orla = desk_of(&house, house.who.orla).await;
    let page = orla.get("/desk/restored").await.text();
    let whole = ticked(&page, &[&new]);
    let without = |name: &str| whole.iter().copied().filter(|x| x.0 != name).collect::<Vec<_>>();
    for fields in [Vec::new(), vec![("go", new.as_str())], without("seen"), without("listed")] {
        let answer = orla.post("/desk/sending/release", &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        assert!(answer.text().contains("No letter went"), "{fields:?}");
        assert_eq!(house.tick().await.letters, 0);
    }
    assert!(house.app.store.read(|r| r.sending_held()).unwrap());
    assert_eq!(orla.post("/desk/sending/release", &whole).await.location(), "/desk");
}

#[tokio::test]
async fn what_came_since_the_list_was_drawn_stays_held_and_is_shown() {
    let (house, new) = two_wait().await;
    let mut orla = desk_of(&house, house.who.orla).await;
    let page = orla.get("/desk/restored").await.text();
    house.publish(house.who.kestrel, "A-3", 300_00, date(2026, 12, 23)).await;
    let answer = orla.post("/desk/sending/release", &ticked(&page, &[&new])).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let again = answer.text();
    assert!(again.contains("1 more came meanwhile. No letter went") && again.contains("A-3"), "{again}");
    assert_eq!(again.matches("name=\"go\"").count(), 3);
    assert_eq!(again.matches(" checked").count(), 2, "the tick that was taken away stays away: {again}");
    assert_eq!((house.tick().await.letters, state_of(&house, "ana@marlow.example")), (0, "queued"));
    assert_eq!(orla.post("/desk/sending/release", &ticked(&again, &[&new])).await.location(), "/desk");
    assert_eq!(house.tick().await.letters, 1);
    house.claim("sofia@kestrel.example");
}

#[tokio::test]
async fn of_letters_beyond_the_list_an_owner_says_what_becomes_of_them() {
    for (word, gone) in [("withdraw", 1), ("go", 3)] {
        let (house, new) = two_wait().await;
        let house = house.heedless_of_mail().heedless_of_store();
        let sofia = house.app.store.read(|r| r.letters(None, 1)).unwrap().remove(0);
        let fill = move |w: &mut WriteTx<'_>| {
            for n in 0..500 {
                let (key, message_id) = (format!("{}/{n}", sofia.key), format!("{}-{n}", sofia.message_id));
                let id = LetterId(w.next("letter")?);
                w.put_new_letter(&Letter { id, key, message_id, ..sofia.clone() })?;
            }
            Ok::<_, ActError>(())
        };
        house.app.store.housekeep(house.app.now(), fill).await.unwrap();
        let mut orla = desk_of(&house, house.who.orla).await;
        let page = orla.get("/desk/restored").await.text();
        assert!(page.contains("2 older letters wait as well and are not listed"), "{page}");
        assert!(!page.contains("ana@marlow.example"));
        let newest = page.split("name=\"listed\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_ne!(newest, new);
        let mut fields = ticked(&page, &[newest]);
        let answer = orla.post("/desk/sending/release", &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().contains("Say what becomes of the 2 that are not listed."));
        assert_eq!(house.tick().await.letters, 0);
        fields.push(("rest", word));
        assert_eq!(orla.post("/desk/sending/release", &fields).await.location(), "/desk");
        assert_eq!(house.tick().await.letters, gone, "{word}");
        let ana = if word == "go" { "accepted" } else { "withdrawn" };
        assert_eq!(state_of(&house, "ana@marlow.example"), ana);
    }
}
