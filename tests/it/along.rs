//! What goes along with letters, and how they thread.

use axum::http::StatusCode;
use counterfoil::actions::{invoices, wordings};
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::event::Event;
use counterfoil::domain::ids::InvoiceId;
use counterfoil::store::prelude::*;
use jiff::civil::date;
use mail_parser::{MessageParser, MimeHeaders};

use crate::desk::desk_of;
use crate::house::*;

const ANA: &str = "ana@marlow.example";

/// Name and bytes of each file in a letter, as a MIME parser that is not ours reads it.
fn files(mime: &[u8]) -> Vec<(String, Vec<u8>)> {
    let message = MessageParser::default().parse(mime).unwrap();
    let file = |x: &mail_parser::MessagePart<'_>| {
        let kind = x.content_type().unwrap();
        assert_eq!((kind.ctype(), kind.subtype()), ("application", Some("pdf")));
        (x.attachment_name().unwrap().to_owned(), x.contents().to_vec())
    };
    message.attachments().map(file).collect()
}

async fn attach(house: &TestHouse) {
    let act = |w: &mut WriteTx<'_>, s: &StaffScope| wordings::send_pdfs_along(w, s, true);
    house.act(house.who.orla, act).await.unwrap();
}

fn pdf_of(house: &TestHouse, id: InvoiceId) -> Vec<u8> {
    let issue = house.app.store.read(|r| r.invoice(id)).unwrap().unwrap().issue.unwrap();
    house.app.store.read(|r| r.file(issue.pdf.digest)).unwrap().unwrap()
}

/// The oldest unclaimed letter as it went over the wire.
fn wire(house: &TestHouse) -> Vec<u8> {
    let mime = house.unclaimed().first().unwrap().mime.clone();
    house.claim_all();
    mime
}

#[tokio::test]
async fn pdfs_are_linked_until_the_firm_chooses_to_attach_them() {
    let house = TestHouse::new().await;
    let marlow = house.who.marlow;
    house.issue(marlow, 100_00, date(2026, 12, 1)).await;
    house.tick().await;
    assert!(files(&wire(&house)).is_empty());
    let mut orla = desk_of(&house, house.who.orla).await;
    let page = orla.get("/desk/settings/letters").await.text();
    assert!(page.contains("<option value=\"linked\" selected>"), "{page}");
    let nothing = orla.post("/desk/settings/letters", &[("pdfs", "both")]).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    let saved = orla.post("/desk/settings/letters", &[("pdfs", "attached")]).await;
    assert_eq!(saved.location(), "/desk/settings/letters?saved=files");
    assert!(orla.get("/desk/settings/letters").await.text().contains("<option value=\"attached\" selected>"));
    let chosen = Event::FirmChanged { what: "PDFs go along with letters".to_owned() };
    assert!(house.log().contains(&chosen), "{:?}", house.log().last());
    let (second, number) = house.issue(marlow, 70_00, date(2027, 1, 20)).await;
    let waiting = house.app.store.read(|r| r.letters_about(second)).unwrap().pop().unwrap();
    let page = orla.get(&format!("/desk/letters/{}", waiting.id)).await.text();
    assert!(page.contains("Goes along") && page.contains(&format!("{number}.pdf")), "{page}");
    house.tick().await;
    let letter = house.unclaimed().first().unwrap().letter.clone();
    assert!(letter.text.contains(&format!("\n\nAttached: {number}.pdf.\n\nOur activity log")), "{}", letter.text);
    assert!(letter.html.unwrap().contains(&format!("Attached: {number}.pdf.</p>")));
    assert_eq!(files(&wire(&house)), [(format!("{number}.pdf"), pdf_of(&house, second))]);
    assert!(orla.get("/desk/reminders").await.text().contains("PDF goes along with its letter"));
    // The reminder on the due day, too.
    house.at(date(2026, 12, 1), 9);
    house.tick().await;
    assert_eq!(files(&wire(&house)).len(), 1);
}

#[tokio::test]
async fn a_digest_carries_what_fits_and_says_what_it_links_to() {
    let house = TestHouse::new().await;
    attach(&house).await;
    let (marlow, due) = (house.who.marlow, date(2026, 12, 1));
    let (by, scope) = (house.by(house.who.orla), house.scope(house.who.orla));
    // Two of seven MB: one letter carries one of them, and the small one.
    for (number, padding) in [("A-1", 7 << 20), ("A-2", 7 << 20), ("A-3", 0)] {
        let mut publication = house.publication(marlow, number, 100_00, due);
        publication.pdf = pdf(&format!("{number}{}", " ".repeat(padding)));
        invoices::publish(&house.app, by.clone(), &scope, publication).await.unwrap();
    }
    house.tick().await;
    house.claim_all();
    house.at(due, 9);
    assert_eq!(house.tick().await.letters, 1);
    let letter = house.unclaimed().first().unwrap().letter.clone();
    let says = "Attached: A-1.pdf, A-3.pdf. Not attached, but behind the link above: A-2.pdf. One letter carries at \
                most 10 MB of files.";
    assert!(letter.text.contains(says), "{}", letter.text);
    let went: Vec<(String, usize)> = files(&wire(&house)).into_iter().map(|x| (x.0, x.1.len() >> 20)).collect();
    assert_eq!(went, [("A-1.pdf".to_owned(), 7), ("A-3.pdf".to_owned(), 0)]);
}

#[tokio::test]
async fn letters_about_one_invoice_are_a_thread_and_those_about_several_another() {
    let house = TestHouse::new().await;
    let marlow = house.who.marlow;
    house.issue(marlow, 100_00, date(2026, 12, 1)).await;
    house.tick().await;
    let issued = house.claim(ANA);
    assert_eq!((issued.in_reply_to, issued.thread), (None, vec![]));
    house.at(date(2026, 12, 1), 9);
    house.tick().await;
    let first = house.claim(ANA);
    assert_eq!(first.in_reply_to.as_ref(), Some(&issued.message_id), "to the issue letter");
    house.issue(marlow, 250_00, date(2026, 12, 8)).await;
    house.tick().await;
    let second = house.claim(ANA);
    let mut digests = Vec::new();
    for day in [date(2026, 12, 8), date(2026, 12, 15), date(2026, 12, 22)] {
        house.at(day, 9);
        house.tick().await;
        digests.extend(house.unclaimed().into_iter().map(|k| k.letter));
        house.claim_all();
    }
    // 7 days late with due today; 14 days late with 7 days late; 14 days late alone, which goes on from its own thread.
    let [one, two, alone] = digests.try_into().unwrap_or_else(|all: Vec<_>| panic!("{}", all.len()));
    assert!(
        one.subject.contains("2 invoices") && two.subject.contains("2 invoices"),
        "{}, {}",
        one.subject,
        two.subject
    );
    // The first of several goes on from the last letters of its invoices, that of the more pressing one first.
    assert_eq!(one.in_reply_to.as_ref(), Some(&first.message_id));
    assert_eq!(one.thread, [second.message_id]);
    assert_eq!(two.in_reply_to.as_ref(), Some(&one.message_id));
    assert!(alone.in_reply_to.is_some() && alone.in_reply_to.as_ref() != Some(&two.message_id));
    // A third of several, in answer to the second, in the thread of the first.
    house.issue(marlow, 30_00, date(2026, 12, 31)).await;
    house.tick().await;
    house.claim_all();
    house.at(date(2026, 12, 31), 9);
    house.tick().await;
    let three = house.claim(ANA);
    assert!(three.subject.contains("2 invoices"), "{}", three.subject);
    assert_eq!(three.in_reply_to.as_ref(), Some(&two.message_id));
    assert_eq!(three.thread.first(), Some(&one.message_id));
    let mime = three.compose().unwrap().mime;
    let message = MessageParser::default().parse(&mime).unwrap();
    assert_eq!(message.in_reply_to().as_text(), Some(two.message_id.as_str()));
    let references: Vec<String> =
        message.references().as_text_list().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!((references.first(), references.last()), (Some(&one.message_id), Some(&two.message_id)));
    assert_eq!(references.len(), 3, "and the letter about the third invoice: {references:?}");
}
