//! Staff write quotes with options, discounts and terms, and new versions of them.

use axum::http::StatusCode;
use counterfoil::domain::quote::Quote;
use counterfoil::domain::tax::Prices;
use counterfoil::store::prelude::*;

use super::desk_of;
use crate::browser::hidden;
use crate::house::TestHouse;

fn sent(house: &TestHouse) -> Quote {
    house.app.store.read(|r| r.quotes(None, 1)).unwrap().remove(0)
}

#[tokio::test]
async fn a_quote_with_an_option_a_discount_and_terms_is_written_previewed_sent_and_sent_anew() {
    let house = TestHouse::new().await.heedless_of_mail();
    let mut orla = desk_of(&house, house.who.orla).await;
    let page = orla.get("/desk/settings").await.text();
    assert!(page.contains("Terms of quotes"), "{page}");
    let page = orla.get("/desk/quotes/new").await.text();
    let (client, once) = (house.who.marlow.to_string(), hidden(&page, "once"));
    let mut form = vec![
        ("once", once.as_str()),
        ("client", &client),
        ("was", &client),
        ("title", "Kiln room"),
        ("currency", "EUR"),
        ("issued", "2026-11-23"),
        ("valid_until", "2026-12-23"),
        ("l0.description", "Kiln"),
        ("l0.quantity", "1"),
        ("l0.unit", "C62"),
        ("l0.price", "1230"),
        ("l0.vat", "S:23"),
        ("l1.description", "Shelf"),
        ("l1.quantity", "1"),
        ("l1.unit", "C62"),
        ("l1.price", "123"),
        ("l1.vat", "S:23"),
        ("l1.optional", "on"),
        ("a0.direction", "less"),
        ("a0.reason", "Old client"),
        ("a0.portion", "10%"),
        ("a0.vat", "S:23"),
        ("prices", "gross"),
        ("delivery", "In spring"),
        ("terms", "Half before we begin."),
        ("do", "preview"),
    ];
    let preview = orla.post("/desk/quotes/new", &form).await.text();
    for shown in
        ["Send the quote for €1,107.00", "Options: choose when you accept", "In spring", "Half before we begin."]
    {
        assert!(preview.contains(shown), "{shown} in {preview}");
    }
    let mut odd = form.clone();
    odd[7].1 = "";
    odd[10].1 = "";
    let refused = orla.post("/desk/quotes/new", &odd).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("Choose the VAT of a line that is not optional."), "{}", refused.text());
    form.last_mut().unwrap().1 = "send";
    let answer = orla.post("/desk/quotes/new", &form).await;
    let quote = sent(&house);
    assert_eq!(answer.location(), format!("/desk/quotes/{}", quote.id), "{}", answer.text());
    let offer = &quote.current;
    assert_eq!((offer.options.as_slice(), offer.content.prices), (&[2][..], Prices::Gross));
    assert_eq!((offer.totals.payable, offer.totals_with_all().unwrap().payable), (110_700, 121_770));
    assert_eq!((offer.delivery.as_str(), offer.terms.as_str()), ("In spring", "Half before we begin."));

    let at = format!("/desk/quotes/{}/new", quote.id);
    let page = orla.get(&at).await.text();
    assert!(page.contains("Version 2 of quote") && page.contains("Half before we begin."), "{page}");
    assert_eq!(
        (hidden(&page, "after").as_str(), page.contains("name=\"l1.optional\" value=\"on\" checked")),
        ("1", true)
    );
    let once = hidden(&page, "once");
    form.retain(|x| x.0 != "once");
    form.extend([("once", once.as_str()), ("after", "1")]);
    let silent = orla.post(&at, &form).await;
    assert!(silent.text().contains("Say what is new; the client reads it in the letter."), "{}", silent.text());
    form.push(("news", "Paid in three parts"));
    let answers = [orla.post(&at, &form).await, orla.post(&at, &form).await];
    assert_eq!(answers[0].location(), answers[1].location(), "{}", answers[1].text());
    let quote = sent(&house);
    assert_eq!(
        (quote.latest(), quote.current.news.as_str()),
        (2, "Paid in three parts"),
        "sent twice, it is one version"
    );
    let page = orla.get(answers[0].location()).await.text();
    assert!(page.contains("New: Paid in three parts") && page.contains("version 2, €1,107.00"), "{page}");
    let old = orla.get(&format!("/desk/quotes/{}/v/1", quote.id)).await.text();
    assert!(old.contains("This is version 1, an older one."), "{old}");
    let list = orla.get("/desk/quotes").await.text();
    assert_eq!(list.matches("href=\"/desk/quotes/1\"").count(), 1, "a quote stands once in the list: {list}");

    form.retain(|x| x.0 != "once");
    let late = orla.post(&at, &form).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(late.text().contains("Somebody else changed this after you opened it."), "{}", late.text());
}
