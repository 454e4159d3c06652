//! Late payment: switched on by an owner, reckoned on the invoice's page, charged by a note of its own, and freed again
//! when the note falls away.

use axum::http::StatusCode;
use counterfoil::actions::invoices::{self, Crediting};
use counterfoil::actions::payments::{self, Apply, NewReceipt};
use counterfoil::actions::{late_notes, late_payment};
use counterfoil::documents::einvoice::read::read;
use counterfoil::domain::event::Event;
use counterfoil::domain::ids::InvoiceId;
use counterfoil::domain::invoice::Invoice;
use counterfoil::domain::late_interest::{RateFrom, YearlyRate};
use counterfoil::domain::late_payment::LatePayment;
use counterfoil::domain::refusal::Refusal;
use counterfoil::store::prelude::*;
use jiff::civil::date;

use super::{between, desk_of};
use crate::browser::{Answer, Browser, hidden};
use crate::house::*;

pub(super) const SETTING: &str = "/desk/settings/late-payment";

pub(super) fn charged() -> LatePayment {
    let rate = RateFrom { from: date(2026, 7, 1), rate: YearlyRate::parse("rate", "10.15").unwrap() };
    LatePayment { on: true, rates: vec![rate], after: 1, ..LatePayment::standard() }
}

/// A house in which late payment is charged like this.
pub(super) async fn charging(policy: LatePayment) -> TestHouse {
    let house = TestHouse::new().await.heedless_of_mail();
    let orla = house.who.orla;
    house.act(orla, move |w, s| late_payment::change(w, s, 0, &policy, "As the law has it")).await.unwrap();
    house
}

pub(super) async fn make(house: &TestHouse, id: InvoiceId) -> InvoiceId {
    let mut tom = desk_of(house, house.who.tom).await;
    tom.get(&format!("/desk/invoices/{id}")).await;
    draft_of(&tom.post(&format!("/desk/invoices/{id}/late-note"), &[]).await)
}

fn draft_of(answer: &Answer) -> InvoiceId {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    assert!(answer.location().ends_with("/edit"), "{}", answer.location());
    answer.location().split('/').nth(3).unwrap().parse().unwrap()
}

pub(super) fn kept(house: &TestHouse, id: InvoiceId) -> Invoice {
    house.app.store.read(|r| r.invoice(id)).unwrap().unwrap()
}

pub(super) async fn issue(house: &TestHouse, id: InvoiceId) -> Result<String, ActError> {
    let (by, scope) = (house.by(house.who.orla), house.scope(house.who.orla));
    invoices::issue(&house.app, by, &scope, id).await.map(|x| x.to_string())
}

async fn issue_on_its_page(tom: &mut Browser, id: InvoiceId) -> Answer {
    let preview = tom.get(&format!("/desk/invoices/{id}/preview")).await;
    assert_eq!(preview.status, StatusCode::OK, "{}", preview.text());
    let seen = hidden(&preview.text(), "seen");
    tom.post(&format!("/desk/invoices/{id}/issue"), &[("seen", &seen)]).await
}

#[tokio::test]
async fn it_is_off_until_an_owner_says_at_which_rate_and_a_refused_form_keeps_what_was_typed() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, _) = house.issue(house.who.marlow, 1_200_00, date(2026, 9, 30)).await;
    let mut orla = desk_of(&house, house.who.orla).await;
    assert!(!orla.get(&format!("/desk/invoices/{id}")).await.text().contains("Late payment"));
    let off = orla.post(&format!("/desk/invoices/{id}/late-note"), &[]).await;
    assert_eq!(off.location(), format!("/desk/invoices/{id}#late"));

    let page = orla.get(SETTING).await.text();
    assert!(page.contains("Nothing is charged for late payment") && page.contains("40.00"), "{page}");
    let version = hidden(&page, "version");
    let typed = [
        ("version", version.as_str()),
        ("on", "yes"),
        ("from_0", ""),
        ("from_1", "2026-07-01"),
        ("rate_1", "sixty"),
        ("fixed_0", "40,00"),
        ("currency_0", "EUR"),
        ("after", "0"),
        ("by_itself", "on"),
        ("reason", "The law"),
    ];
    let refused = orla.post(SETTING, &typed).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let refused = refused.text();
    assert!(refused.contains("Enter a rate above 0") && refused.contains("value=\"sixty\""), "{refused}");
    assert!(refused.contains("value=\"2026-07-01\"") && refused.contains("value=\"40,00\""), "{refused}");
    assert!(hidden(&refused, "rate_0") == "sixty", "rows close up, so that the fault stands at its row");

    let bare = [("version", version.as_str()), ("on", "yes"), ("after", "30"), ("reason", "")];
    let bare = orla.post(SETTING, &bare).await.text();
    assert!(bare.contains("Enter the rate that is charged, and from which day it holds."), "{bare}");
    let mut fine: Vec<(&str, &str)> = typed.iter().copied().filter(|x| !matches!(x.0, "after" | "rate_1")).collect();
    fine.extend([("rate_1", "10.15"), ("after", "30")]);
    let saved = orla.post(SETTING, &fine).await;
    assert_eq!(saved.location(), format!("{SETTING}?saved=yes"));
    let page = orla.get(SETTING).await.text();
    assert!(page.contains("From 1 July 2026: 10.15% a year.") && page.contains("Version 1"), "{page}");
    let twice = orla.post(SETTING, &fine).await;
    assert_eq!(twice.location(), format!("{SETTING}?saved=yes"), "pressed twice");
    fine.retain(|x| x.0 != "by_itself");
    let stale = orla.post(SETTING, &fine).await;
    assert_eq!(stale.status, StatusCode::UNPROCESSABLE_ENTITY, "drawn of what is there no longer");
    let kept = house.app.store.read(|r| r.late_payment()).unwrap();
    assert_eq!((kept.on, kept.by_itself, kept.after, kept.rates.len()), (true, true, 30, 1));
    let mut tom = desk_of(&house, house.who.tom).await;
    assert_eq!(tom.get(SETTING).await.status, StatusCode::FORBIDDEN, "for owners");
}

#[tokio::test]
async fn from_overdue_to_a_note_that_is_issued_read_by_programs_and_paid() {
    let house = charging(charged()).await;
    let marlow = house.who.marlow;
    let (id, number) = house.issue(marlow, 1_200_00, date(2026, 9, 30)).await;
    let mut tom = desk_of(&house, house.who.tom).await;
    let page = tom.get(&format!("/desk/invoices/{id}")).await.text();
    let late = between(&page, "id=\"late\"", "</section>");
    // 1,200.00 × 10.15% × 54 ÷ 365 = 18.0197…
    for words in ["Late interest so far: <b>€18.02</b>", "fixed sum of €40.00", "10.15%", ">54<", "€58.02"] {
        assert!(late.contains(words), "{words}: {late}");
    }
    let mut jonas = desk_of(&house, house.who.jonas).await;
    let seen = jonas.get(&format!("/desk/invoices/{id}")).await.text();
    assert!(seen.contains("Late interest so far") && !seen.contains("Make a late payment note"), "an auditor looks");

    let path = format!("/desk/invoices/{id}/late-note");
    let answers = [tom.post(&path, &[]).await, tom.post(&path, &[]).await];
    let note = draft_of(&answers[0]);
    assert_eq!(draft_of(&answers[1]), note, "pressed twice, one draft");
    let draft = tom.get(answers[0].location()).await.text();
    assert!(draft.contains("A late payment note for") && draft.contains("reckoned until 23 November 2026"), "{draft}");
    assert!(tom.get("/desk").await.text().contains("A late payment note, until"), "Today tells of it");
    let page = tom.get(&format!("/desk/invoices/{id}")).await.text();
    assert!(page.contains("waits to be issued") && !page.contains("Make a late payment note"), "{page}");

    let issued = issue_on_its_page(&mut tom, note).await;
    assert_eq!(issued.location(), format!("/desk/invoices/{note}"), "{}", issued.text());
    let page = tom.get(&format!("/desk/invoices/{note}")).await.text();
    for words in ["Late payment note", "For late payment of", &format!("href=\"/desk/invoices/{id}\""), "€58.02"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(page.contains("€1,200.00, 1 October 2026 to 23 November 2026 (54 days) at 10.15% a year"), "{page}");
    assert!(!page.contains("Late interest so far"));

    let pdf = tom.get(&format!("/desk/invoices/{note}.pdf")).await;
    assert!(pdf.body.starts_with(b"%PDF-"));
    let inside = counterfoil::documents::embedded_xml(&pdf.body).unwrap().expect("Factur-X");
    let ubl = tom.get(&format!("/desk/invoices/{note}.xml")).await;
    for xml in [inside.as_slice(), ubl.body.as_slice()] {
        let (_, bill) = read(xml).unwrap();
        let [group] = &bill.groups[..] else { panic!("{:?}", bill.groups) };
        assert_eq!((group.tax.category.as_str(), group.reason_code.as_str()), ("O", "VATEX-EU-O"));
        assert_eq!(group.reason, "Compensation for late payment, outside the scope of VAT.");
        assert_eq!((bill.seller.vat_id.as_str(), bill.buyer.vat_id.as_str()), ("", ""), "BR-O-02");
        assert_eq!((bill.sums.payable.as_str(), bill.lines.len()), ("58.02", 2));
        assert_eq!(bill.lines[0].name, format!("Interest on {number}"));
        bill.taken().unwrap();
    }

    // Never interest on a note; of the invoice, the days after it.
    house.at(date(2026, 11, 30), 9);
    assert!(house.app.store.read(|r| late_notes::so_far(r, &kept(&house, note), date(2027, 6, 1))).unwrap().is_none());
    let mut tom = desk_of(&house, house.who.tom).await;
    let page = tom.get(&format!("/desk/invoices/{id}")).await.text();
    let late = between(&page, "id=\"late\"", "</section>");
    // 1,200.00 × 10.15% × 7 ÷ 365 = 2.3358…
    assert!(late.contains("<b>€2.34</b>") && !late.contains("fixed sum") && late.contains(">7<"), "{late}");
    house.pay(marlow, 58_02, vec![note]).await;
    assert_eq!((house.open(note), house.open(id)), (0, 1_200_00));
    let second = make(&house, id).await;
    let charge = kept(&house, second).late.unwrap();
    assert_eq!((charge.stretches[0].from, charge.fixed), (date(2026, 11, 24), None));
    let mut ana = crate::auth::signed_in(&house, "ana@marlow.example").await;
    let shown = ana.get("/invoices").await.text();
    assert!(shown.contains("HF-2026-0002"), "{shown}");
    assert!(ana.get("/invoices/HF-2026-0002").await.text().contains("Late payment note"));
}

#[tokio::test]
async fn a_draft_that_is_not_so_any_more_is_not_issued_and_what_falls_away_can_be_charged_again() {
    let house = charging(charged()).await;
    let (marlow, orla) = (house.who.marlow, house.who.orla);
    let (id, number) = house.issue(marlow, 1_200_00, date(2026, 9, 30)).await;
    let stale = make(&house, id).await;
    // Paid in part on 10 October, and recorded only now.
    let on = date(2026, 10, 10);
    let new = NewReceipt { on, ..house.receipt(marlow, 200_00, Apply::Default(vec![id])) };
    house.act(orla, move |w, s| payments::record(w, s, &new)).await.unwrap();
    let Err(ActError::Refused(Refusal::Fields(faults))) = issue(&house, stale).await else { panic!("it was issued") };
    assert!(faults[0].message.contains(&format!("late payment of {number} costs is not what this draft says")));
    let mut tom = desk_of(&house, house.who.tom).await;
    let preview = tom.get(&format!("/desk/invoices/{stale}/preview")).await;
    assert_eq!(preview.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(preview.text().contains("Discard it and make a new note."), "{}", preview.text());
    house.act(orla, move |w, s| invoices::discard(w, s, stale)).await.unwrap();

    let note = make(&house, id).await;
    // 1,200.00 for 10 days, 1,000.00 for 44, and 40.00.
    assert_eq!(kept(&house, note).payable(), eur(3_34 + 12_24 + 40_00));
    issue(&house, note).await.unwrap();
    let (by, scope) = (house.by(orla), house.scope(orla));
    invoices::credit_part(&house.app, by, &scope, Crediting::rest(note, "As a courtesy".to_owned())).await.unwrap();
    let mut tom = desk_of(&house, house.who.tom).await;
    let page = tom.get(&format!("/desk/invoices/{id}")).await.text();
    assert!(page.contains("Its days can be charged again") && page.contains("€55.58"), "{page}");
    let again = make(&house, id).await;
    assert_eq!(kept(&house, again).payable(), eur(55_58));

    // What is edited stays a note for that invoice, and its client's.
    let draft = house.draft_of(house.who.kestrel, 10_00, date(2026, 12, 23));
    let moved = draft.clone();
    let refused = house.act(orla, move |w, s| invoices::save_draft(w, s, Some(again), &moved)).await;
    let Err(ActError::Refused(Refusal::Fields(faults))) = refused else { panic!("{refused:?}") };
    assert_eq!(faults[0].field, "client");
    let less = invoices::Draft { client: marlow, ..draft };
    let refused = house.act(orla, move |w, s| invoices::save_draft(w, s, Some(again), &less)).await;
    let Err(ActError::Refused(Refusal::Fields(faults))) = refused else { panic!("{refused:?}") };
    assert_eq!(faults[0].field, "lines", "and charges what was reckoned");
    assert_eq!(kept(&house, again).payable(), eur(55_58));
    issue(&house, again).await.unwrap();
    let anew = house.app.store.read(|r| late_notes::anew(r, &kept(&house, again))).unwrap();
    assert_eq!(anew, None, "what it charges was charged by nothing that counts");
}

#[tokio::test]
async fn a_client_is_left_out_for_a_reason_which_the_report_of_fair_treatment_tells() {
    let house = charging(charged()).await;
    let marlow = house.who.marlow;
    let (id, _) = house.issue(marlow, 1_200_00, date(2026, 9, 30)).await;
    let waits = make(&house, id).await;
    let mut tom = desk_of(&house, house.who.tom).await;
    let credit = format!("/desk/clients/{marlow}/credit");
    tom.get(&credit).await;
    let path = format!("/desk/clients/{marlow}/late-payment");
    let bare = tom.post(&path, &[("late_reason", " ")]).await;
    assert_eq!(bare.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bare.text().contains("Say why"), "{}", bare.text());
    tom.post(&path, &[("late_reason", "A consumer, not a business")]).await;
    assert!(tom.get(&credit).await.text().contains("A consumer, not a business"));
    let page = tom.get(&format!("/desk/invoices/{id}")).await.text();
    assert!(page.contains("this client is left out") && !page.contains("Make a late payment note"), "{page}");
    assert!(issue(&house, waits).await.is_err(), "a draft that waited is not issued either");
    let report = tom.get("/desk/fairness").await.text();
    assert!(report.contains("A consumer, not a business") && report.contains("Late payment"), "{report}");
    tom.post(&format!("{path}/end"), &[]).await;
    assert_eq!(tom.post(&format!("{path}/end"), &[]).await.status, StatusCode::SEE_OTHER, "pressed twice");
    issue(&house, waits).await.unwrap();
    let ended = house.log().into_iter().filter(|e| matches!(e, Event::LateExceptionEnded { .. })).count();
    assert_eq!(ended, 1);

    let (maeve, kestrel) = (house.who.maeve, house.who.kestrel);
    let (other, _) = house.issue(kestrel, 1_200_00, date(2026, 9, 30)).await;
    let refused = house.act(maeve, move |w, s| late_payment::except(w, s, kestrel, "why not")).await;
    assert!(matches!(refused, Err(ActError::Refused(Refusal::NotFound))));
    let mut maeve = desk_of(&house, maeve).await;
    maeve.get("/desk").await;
    assert_eq!(maeve.post(&format!("/desk/invoices/{other}/late-note"), &[]).await.status, StatusCode::NOT_FOUND);
    let mut ana = crate::auth::signed_in(&house, "ana@marlow.example").await;
    assert!(!ana.get("/invoices").await.text().contains("consumer"));
}

#[tokio::test]
async fn by_itself_each_invoice_is_drafted_once_as_it_becomes_so_late() {
    let policy = LatePayment { after: 10, by_itself: true, ..charged() };
    let house = charging(policy).await;
    let (marlow, kestrel) = (house.who.marlow, house.who.kestrel);
    let drafts = |of: InvoiceId| {
        let all = house.app.store.read(|r| r.late_notes_of(of)).unwrap();
        all.into_iter().map(|x| x.id).collect::<Vec<_>>()
    };
    let (old, _) = house.issue(marlow, 500_00, date(2026, 9, 30)).await;
    let (soon, _) = house.issue(marlow, 100_00, date(2026, 11, 24)).await;
    let (paid, _) = house.issue(marlow, 200_00, date(2026, 11, 24)).await;
    let (left_out, _) = house.issue(kestrel, 300_00, date(2026, 11, 25)).await;
    assert_eq!((house.tick().await.late_notes, drafts(old).len()), (1, 1), "what is late already is drafted at once");
    house.act(house.who.tom, move |w, s| late_payment::except(w, s, kestrel, "An old friend")).await.unwrap();
    house.at(date(2026, 12, 3), 9);
    assert_eq!(house.tick().await.late_notes, 0, "nine days");
    house.pay(marlow, 200_00, vec![paid]).await;
    // Two days without a look, then each is caught up with, once.
    house.at(date(2026, 12, 6), 9);
    assert_eq!(house.tick().await.late_notes, 1);
    assert_eq!(house.tick().await.late_notes, 0);
    let [note] = drafts(soon)[..] else { panic!("{:?}", drafts(soon)) };
    assert!(drafts(old).len() == 1 && drafts(paid).is_empty() && drafts(left_out).is_empty());
    let charge = kept(&house, note).late.unwrap();
    assert_eq!((charge.until, charge.stretches[0].days(), charge.fixed), (date(2026, 12, 6), 12, Some(40_00)));
    let mut tom = desk_of(&house, house.who.tom).await;
    assert!(tom.get("/desk").await.text().contains("A late payment note, until"));
    house.act(house.who.tom, move |w, s| invoices::discard(w, s, note)).await.unwrap();
    house.at(date(2026, 12, 20), 9);
    assert_eq!(house.tick().await.late_notes, 0, "thrown away, it is not made again");
    let made = |e: &Event| matches!(e, Event::LateNoteDrafted { of, .. } if *of == soon);
    assert_eq!(house.log().iter().filter(|e| made(e)).count(), 1);
}

#[tokio::test]
async fn money_that_the_firm_held_bears_no_interest_and_what_was_credited_was_never_owed() {
    let house = charging(charged()).await;
    let kestrel = house.who.kestrel;
    let interest = |house: &TestHouse, id: InvoiceId| {
        let late = house.app.store.read(|r| {
            let invoice = r.invoice(id)?.unwrap();
            Ok::<_, StoreError>(late_notes::so_far(r, &invoice, house.app.today()).unwrap().unwrap())
        });
        let late = late.unwrap();
        (late.accrued.interest(), late.accrued.days_late())
    };
    // Came before it was due, and was applied weeks later.
    let early = house.pay(kestrel, 1_000_00, vec![]).await;
    let (held, _) = house.issue(kestrel, 1_000_00, date(2026, 11, 24)).await;
    house.at(date(2027, 1, 10), 9);
    assert!(interest(&house, held).0 > 0, "nothing is applied yet");
    let (orla, today) = (house.who.orla, house.app.today());
    let source = counterfoil::domain::payment::Source::Receipt(early);
    house.act(orla, move |w, s| payments::apply_more(w, s, source, held, eur(1_000_00), today)).await.unwrap();
    assert_eq!(interest(&house, held), (0, 0));
    // Paid late and then credited whole: nothing was open for the credit, and nothing was owed.
    let (wrong, _) = house.issue(kestrel, 1_000_00, date(2027, 1, 12)).await;
    house.at(date(2027, 2, 20), 9);
    house.pay(kestrel, 1_000_00, vec![wrong]).await;
    assert!(interest(&house, wrong).0 > 0);
    let (by, scope) = (house.by(house.who.orla), house.scope(house.who.orla));
    invoices::credit(&house.app, by, &scope, wrong, "Ours".to_owned()).await.unwrap();
    assert_eq!(interest(&house, wrong), (0, 0));
    assert!(house.verify().faults.is_empty(), "{:?}", house.verify().faults);
}
