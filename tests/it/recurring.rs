//! Documents that come again and again: each once for its period, however late, and never lost when one can't be made.

use counterfoil::actions::recurring::{self, Template};
use counterfoil::domain::event::Event;
use counterfoil::domain::ids::{ClientId, RecurringId};
use counterfoil::domain::invoice::{Invoice, References};
use counterfoil::domain::money::Currency;
use counterfoil::domain::recurring::{Covers, End, Makes, NewPrice, PriceChange, Schedule, Unit};
use counterfoil::domain::refusal::Refusal;
use counterfoil::domain::tax::{Content, Line, Vat, VatCategory};
use counterfoil::store::prelude::*;
use counterfoil::store::recurring::Made;
use jiff::civil::{Date, date};
use rust_decimal::Decimal;

use crate::desk::{between, desk_of};
use crate::house::*;

/// A monthly retainer of 100.00 from `first` on, issued by itself.
pub fn retainer(client: ClientId, first: Date) -> Template {
    let line = Line { description: "Retainer, {month} {year}".to_owned(), ..line(100_00) };
    Template {
        client,
        makes: Makes::Invoice,
        project: None,
        title: "Retainer {month}".to_owned(),
        currency: Currency::EUR,
        schedule: Schedule {
            first,
            anchor: first.day(),
            every: 1,
            unit: Unit::Month,
            end: End::Never,
            covers: Covers::This,
        },
        days: 14,
        reference: String::new(),
        references: References::default(),
        note: String::new(),
        content: Content::of(vec![line]),
        changes: vec![],
        recipients: vec![],
        by_itself: true,
    }
}

async fn save(house: &TestHouse, id: Option<RecurringId>, template: &Template) -> RecurringId {
    let (settings, template) = (house.app.settings.clone(), template.clone());
    let act = move |w: &mut WriteTx<'_>, s: &_| recurring::save(w, s, &settings, id, &template);
    house.act(house.who.tom, act).await.unwrap()
}

/// What was made, by key, oldest first, with its document.
fn made(house: &TestHouse, id: RecurringId) -> Vec<(String, Option<Invoice>)> {
    let read = |r: &ReadTx| -> Result<Vec<_>, StoreError> {
        let each = r.made_of(id)?.into_iter().rev().map(|(key, made)| match made {
            Made::Invoice(id) => Ok((key, r.invoice(id)?)),
            Made::Quote(_) | Made::Skipped | Made::Waits => Ok((key, None)),
        });
        each.collect()
    };
    house.app.store.read(read).unwrap()
}

fn keys(house: &TestHouse, id: RecurringId) -> Vec<String> {
    made(house, id).into_iter().map(|x| x.0).collect()
}

#[tokio::test]
async fn each_period_gets_one_document_also_after_a_year_of_downtime() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    house.at(date(2026, 12, 30), 12);
    let mut template = retainer(marlow, date(2026, 12, 31));
    template.changes = vec![PriceChange { from: date(2027, 6, 1), line: None, to: NewPrice::Percent(Decimal::TEN) }];
    let id = save(&house, None, &template).await;
    assert_eq!(house.tick().await.recurring, 0, "not before its day");
    house.at(date(2026, 12, 31), 7);
    assert_eq!(house.tick().await.recurring, 0, "nor before its hour");
    house.at(date(2026, 12, 31), 8);
    assert_eq!((house.tick().await.recurring, house.tick().await.recurring), (1, 0), "once");
    let first = made(&house, id)[0].1.clone().unwrap();
    assert_eq!(
        (first.title.as_str(), first.dated, first.due),
        ("Retainer December", date(2026, 12, 31), date(2027, 1, 14))
    );
    assert_eq!(first.number().unwrap().to_string(), "HF-2026-0001");
    let period = first.period.unwrap();
    assert_eq!((period.from, period.to), (date(2026, 12, 1), date(2026, 12, 31)));
    assert!(format!("{:?}", first.body).contains("Retainer, December 2026"));

    house.at(date(2027, 12, 31), 9);
    assert_eq!(house.tick().await.recurring, 0, "nobody here can tell a year from a clock that is wrong");
    house.trust_the_clock().await;
    assert_eq!(house.tick().await.recurring, 12, "a year that nobody was there");
    assert_eq!(house.tick().await.recurring, 0);
    let all = made(&house, id);
    let expected: Vec<String> =
        ["2026-12".to_owned()].into_iter().chain((1..=12).map(|n| format!("2027-{n:02}"))).collect();
    assert_eq!(keys(&house, id), expected);
    for (key, invoice) in all.iter().skip(1) {
        let invoice = invoice.as_ref().unwrap();
        assert_eq!(invoice.dated, date(2027, 12, 31), "dated when it was made");
        assert_eq!(invoice.period.unwrap().from.strftime("%Y-%m").to_string(), *key);
        let minor = if key.as_str() < "2027-06" { 100_00 } else { 110_00 };
        assert_eq!(invoice.payable().minor, minor, "{key}");
    }
    assert!(house.verify().is_clean());
}

#[tokio::test]
async fn a_document_and_its_key_are_one_commit() {
    let house = TestHouse::new().await.heedless_of_mail();
    let id = save(&house, None, &retainer(house.who.marlow, date(2026, 11, 30))).await;
    house.at(date(2026, 11, 30), 9);
    let before = house.log().len();
    // The process ends after the document was written and before the commit.
    let app = house.app.clone();
    let act = move |w: &mut WriteTx<'_>| {
        assert!(recurring::make(w, &app, id)?);
        Err::<bool, ActError>(Refusal::TryAgain.into())
    };
    assert!(house.app.store.housekeep(house.app.now(), act).await.is_err());
    assert_eq!((keys(&house, id), house.log().len()), (Vec::<String>::new(), before), "neither is there");
    assert_eq!(house.tick().await.recurring, 1);
    assert_eq!((keys(&house, id), house.tick().await.recurring), (vec!["2026-11".to_owned()], 0));
}

#[tokio::test]
async fn one_that_can_t_be_made_is_told_on_today_and_made_once_the_cause_is_mended() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let vat = Vat { category: VatCategory::ReverseCharge, rate: Decimal::ZERO };
    let mut template = retainer(marlow, date(2026, 11, 30));
    template.content.lines[0].vat = vat;
    let mut client = house.app.store.read(|r| r.client(marlow)).unwrap().unwrap();
    let (vat_id, legal_id) = (client.party.vat_id.clone(), client.party.legal_id.clone());
    (client.party.vat_id, client.party.legal_id) = (String::new(), String::new());
    let put = |client: counterfoil::domain::client::Client| {
        move |w: &mut WriteTx<'_>| Ok::<_, ActError>(w.put_client(&client)?)
    };
    house.app.store.housekeep(house.app.now(), put(client.clone())).await.unwrap();
    let id = save(&house, None, &template).await;
    house.at(date(2026, 11, 30), 9);
    assert_eq!(house.tick().await.recurring, 0);
    house.later(jiff::SignedDuration::from_hours(2));
    assert_eq!(house.tick().await.recurring, 0, "tried again, in vain");
    let failed = |e: &Event| matches!(e, Event::RecurringFailed { reason, .. } if reason.contains("BR-AE-02"));
    assert_eq!(house.log().iter().filter(|e| failed(e)).count(), 1, "told once");
    let mut desk = desk_of(&house, house.who.orla).await;
    let today = desk.get("/desk").await.text();
    assert!(today.contains("could not be made") && today.contains("BR-AE-02"), "{today}");
    (client.party.vat_id, client.party.legal_id) = (vat_id, legal_id);
    client.party.vat_id = "IE6388047V".to_owned();
    house.app.store.housekeep(house.app.now(), put(client)).await.unwrap();
    house.later(jiff::SignedDuration::from_hours(1));
    assert_eq!(house.tick().await.recurring, 1);
    assert_eq!(keys(&house, id), ["2026-11"]);
    assert!(!desk.get("/desk").await.text().contains("could not be made"));
}

#[tokio::test]
async fn what_falls_into_a_pause_is_never_made_and_a_new_schedule_counts_from_today() {
    let house = TestHouse::new().await.heedless_of_mail();
    let template = Template { by_itself: false, ..retainer(house.who.marlow, date(2026, 11, 30)) };
    let id = save(&house, None, &template).await;
    house.at(date(2026, 11, 30), 9);
    assert_eq!(house.tick().await.recurring, 1);
    let draft = made(&house, id)[0].1.clone().unwrap();
    assert!(draft.issue.is_none(), "a draft, for approval");
    let settings = house.app.settings.clone();
    let act = move |w: &mut WriteTx<'_>, s: &_| recurring::pause(w, s, &settings, id);
    house.act(house.who.tom, act).await.unwrap();
    house.at(date(2027, 1, 15), 9);
    assert_eq!(house.tick().await.recurring, 0);
    house.at(date(2027, 2, 15), 9);
    assert_eq!(house.tick().await.recurring, 0);
    let settings = house.app.settings.clone();
    let act = move |w: &mut WriteTx<'_>, s: &_| recurring::resume(w, s, &settings, id);
    house.act(house.who.tom, act).await.unwrap();
    assert_eq!(house.tick().await.recurring, 0);
    house.at(date(2027, 2, 28), 9);
    assert_eq!(house.tick().await.recurring, 1);
    assert_eq!(keys(&house, id), ["2026-11", "2026-12", "2027-01", "2027-02"]);
    let made_ones = made(&house, id).into_iter().filter(|x| x.1.is_some()).count();
    assert_eq!(made_ones, 2, "two fell into the pause");

    house.at(date(2027, 3, 10), 9);
    let weekly = Schedule { unit: Unit::Week, ..template.schedule };
    save(&house, Some(id), &Template { schedule: weekly, ..template }).await;
    assert_eq!(house.tick().await.recurring, 0, "no flood of weeks that are past");
    house.at(date(2027, 3, 15), 9);
    assert_eq!(house.tick().await.recurring, 1);
    assert_eq!(keys(&house, id).last().unwrap(), "2027-W11");
}

#[tokio::test]
async fn a_quote_comes_each_quarter_and_is_valid_as_many_days() {
    let house = TestHouse::new().await.heedless_of_mail();
    let mut template = Template { makes: Makes::Quote, ..retainer(house.who.marlow, date(2026, 11, 30)) };
    template.schedule.unit = Unit::Quarter;
    let id = save(&house, None, &template).await;
    house.at(date(2027, 2, 28), 9);
    assert_eq!(house.tick().await.recurring, 2);
    assert_eq!(keys(&house, id), ["2026-Q4", "2027-Q1"]);
    let quotes = house.app.store.read(|r| r.quotes(None, 10)).unwrap();
    let said: Vec<_> = quotes.iter().map(|x| (x.current.title.as_str(), x.current.valid_until)).collect();
    assert_eq!(said, [("Retainer February", date(2027, 3, 14)), ("Retainer November", date(2027, 3, 14))]);
}

#[tokio::test]
async fn the_desk_writes_it_shows_the_next_ten_and_refuses_what_makes_no_sense() {
    let house = TestHouse::new().await.heedless_of_mail();
    let mut desk = desk_of(&house, house.who.orla).await;
    let (client, ana) = (house.who.marlow.to_string(), house.who.ana.to_string());
    let page = desk.get(&format!("/desk/recurring/new?client={client}")).await.text();
    let once = between(&page, "name=\"once\" value=\"", "\"").to_owned();
    assert!(page.contains("{month}") && page.contains("issued by itself"), "{page}");
    let form = |extra: &[(&'static str, &'static str)]| {
        let mut all: Vec<(String, String)> = [
            ("client", &*client),
            ("was", &*client),
            ("once", &*once),
            ("title", "Rent"),
            ("issued", "2026-11-30"),
            ("due", "2026-12-14"),
            ("currency", "EUR"),
            ("to", &*ana),
            ("l0.description", "Rent of {month} {year}"),
            ("l0.quantity", "1"),
            ("l0.unit", "C62"),
            ("l0.price", "500"),
            ("l0.vat", "Z:0"),
            ("every", "1"),
            ("unit", "month"),
            ("anchor", "31"),
            ("covers", "this"),
            ("end", "never"),
            ("approval", "itself"),
            ("c0.from", "2027-03-01"),
            ("c0.line", ""),
            ("c0.to", "3%"),
            ("do", "save"),
        ]
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .into();
        for (name, value) in extra {
            all.retain(|x| x.0 != *name);
            all.push(((*name).to_owned(), (*value).to_owned()));
        }
        all
    };
    for (extra, says) in [
        (vec![("every", "0")], "Enter a whole number from 1 to 60"),
        (vec![("anchor", "32")], "Enter a day from 1 to 31"),
        (vec![("issued", "2026-11-01"), ("due", "2026-11-10")], "can’t lie in the past"),
        (vec![("end", "on"), ("end_on", "2026-11-01")], "The last day must be"),
        (vec![("end", "after"), ("end_after", "many")], "Enter a whole number"),
        (vec![("c0.line", "7")], "There are 1 lines"),
        (vec![("c0.to", "cheap")], "Enter a number"),
        (vec![("title", "")], "Say what it is about"),
    ] {
        let all = form(&extra);
        let all: Vec<(&str, &str)> = all.iter().map(|x| (x.0.as_str(), x.1.as_str())).collect();
        let refused = desk.post("/desk/recurring/new", &all).await;
        assert_eq!(refused.status, 422, "{extra:?}: {}", refused.text());
        assert!(refused.text().contains(says), "{says}: {}", refused.text());
    }
    let all = form(&[]);
    let all: Vec<(&str, &str)> = all.iter().map(|x| (x.0.as_str(), x.1.as_str())).collect();
    let first = desk.post("/desk/recurring/new", &all).await;
    assert!(first.status.is_redirection(), "{}", first.text());
    let again = desk.post("/desk/recurring/new", &all).await;
    assert_eq!(first.location(), again.location(), "pressed twice, saved once");
    let own = first.location().to_owned();
    let page = desk.follow(first).await.text();
    for words in ["2026-11", "2027-08", "€500.00", "€515.00", "every month, on day 31", "Pause"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("2027-09"), "ten and no more");
    let edit = desk.get(&format!("{own}/edit")).await.text();
    assert!(edit.contains("value=\"31\"") && edit.contains("3%") && edit.contains("Rent of {month} {year}"), "{edit}");
    assert!(desk.get("/desk/recurring").await.text().contains("Rent"));
    desk.get(&own).await;
    let paused = desk.post(&format!("{own}/pause"), &[]).await;
    assert!(desk.follow(paused).await.text().contains("Paused."));
    let resumed = desk.post(&format!("{own}/resume"), &[]).await;
    assert!(!desk.follow(resumed).await.text().contains("Paused."));
}

#[tokio::test]
async fn a_quote_as_a_draft_waits_until_somebody_sends_it_or_leaves_it_out() {
    let house = TestHouse::new().await.heedless_of_mail();
    let template = Template { makes: Makes::Quote, by_itself: false, ..retainer(house.who.marlow, date(2026, 11, 30)) };
    let id = save(&house, None, &template).await;
    house.at(date(2026, 12, 31), 9);
    assert_eq!(house.tick().await.recurring, 2);
    assert_eq!(house.tick().await.recurring, 0, "each once");
    assert!(house.app.store.read(|r| r.quotes(None, 10)).unwrap().is_empty(), "nothing is sent by itself");
    let mut desk = desk_of(&house, house.who.orla).await;
    for page in ["/desk", "/desk/quotes", &format!("/desk/recurring/{id}")] {
        let text = desk.get(page).await.text();
        assert!(text.contains(&format!("/desk/quotes/new?recurring={id}&amp;period=2026-11")), "{page}: {text}");
    }
    let page = desk.get(&format!("/desk/quotes/new?recurring={id}&period=2026-11")).await.text();
    assert!(page.contains("value=\"Retainer November\"") && page.contains("Leave it out"), "{page}");
    let (marlow, once) = (house.who.marlow.to_string(), between(&page, "name=\"once\" value=\"", "\"").to_owned());
    let number = id.to_string();
    let form = |press: &'static str, period: &'static str| -> Vec<(String, String)> {
        [
            ("recurring", &*number),
            ("period", period),
            ("client", &*marlow),
            ("was", &*marlow),
            ("once", &*once),
            ("title", "Retainer November"),
            ("issued", "2026-12-31"),
            ("valid_until", "2027-01-14"),
            ("currency", "EUR"),
            ("l0.description", "Retainer"),
            ("l0.quantity", "1"),
            ("l0.unit", "C62"),
            ("l0.price", "500"),
            ("l0.vat", "S:23"),
            ("do", press),
        ]
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .into()
    };
    async fn post(desk: &mut crate::browser::Browser, fields: Vec<(String, String)>) -> crate::browser::Answer {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        desk.post("/desk/quotes/new", &fields).await
    }
    let preview = post(&mut desk, form("preview", "2026-11")).await.text();
    assert!(preview.contains("name=\"period\" value=\"2026-11\""), "the preview carries it along: {preview}");
    let sent = post(&mut desk, form("send", "2026-11")).await;
    assert!(sent.location().starts_with("/desk/quotes/"), "{}", sent.text());
    let kept = house.app.store.read(|r| r.made_of(id)).unwrap();
    assert!(matches!(kept[..], [(_, Made::Waits), (_, Made::Quote(_))]), "{kept:?}");
    desk.get(&format!("/desk/quotes/new?recurring={id}&period=2026-12")).await;
    let left = desk.post(&format!("/desk/recurring/{id}/leave-out"), &[("period", "2026-12")]).await;
    assert_eq!(left.location(), format!("/desk/recurring/{id}"));
    let again = desk.post(&format!("/desk/recurring/{id}/leave-out"), &[("period", "2026-12")]).await;
    assert_eq!(again.location(), format!("/desk/recurring/{id}"), "pressed twice, left out once");
    let said = |e: &&Event| matches!(e, Event::RecurringSkipped { key, .. } if key == "2026-12");
    assert_eq!(house.log().iter().filter(said).count(), 1);
    assert_eq!(desk.get(&format!("/desk/quotes/new?recurring={id}&period=2026-12")).await.status.as_u16(), 404);
    assert!(!desk.get("/desk").await.text().contains("Quotes waiting to be sent"));
}
