//! Forms sent twice, as by two presses of a button or a page sent again: each makes one thing.

use counterfoil::domain::event::Event;

use super::policy::Who;
use super::world::World;
use crate::browser::{Answer, Browser, hidden};

/// Sends a form twice; both answers, and how many events of a kind came of them.
async fn twice(
    world: &World,
    orla: &mut Browser,
    path: &str,
    fields: &[(&str, &str)],
    of: impl Fn(&Event) -> bool,
) -> ([Answer; 2], usize) {
    let count = |world: &World| world.house.log().iter().filter(|e| of(e)).count();
    let before = count(world);
    let answers = [orla.post_as_is(path, fields).await, orla.post_as_is(path, fields).await];
    (answers, count(world) - before)
}

/// Sends a form twice, which makes one thing and leads to the same page both times; the answers.
async fn once_of_two(
    world: &World,
    orla: &mut Browser,
    path: &str,
    fields: &[(&str, &str)],
    of: impl Fn(&Event) -> bool,
) -> [Answer; 2] {
    let (answers, count) = twice(world, orla, path, fields, of).await;
    assert_eq!((count, answers[0].location()), (1, answers[1].location()), "{path}: {}", answers[1].text());
    answers
}

/// The fields that an invoice and a quote of one line have.
fn document<'a>(
    token: &'a str,
    client: &'a str,
    once: &'a str,
    until: &'a str,
    press: &'a str,
) -> Vec<(&'a str, &'a str)> {
    vec![
        ("csrf", token),
        ("once", once),
        ("client", client),
        ("was", client),
        ("title", "Kiln lining"),
        ("currency", "EUR"),
        ("issued", "2026-11-23"),
        (until, "2026-12-23"),
        ("l0.description", "Lining"),
        ("l0.quantity", "1"),
        ("l0.unit", "HUR"),
        ("l0.price", "100"),
        ("l0.discount", ""),
        ("l0.vat", "S:23"),
        ("do", press),
    ]
}

#[tokio::test]
async fn a_new_invoice_sent_twice_is_one_draft_and_issued_twice_is_one_document() {
    let world = World::new().await;
    let (token, client) = (world.token(Who::Orla), world.house.who.marlow.to_string());
    let mut orla = world.browser(Who::Orla);
    let once = hidden(&orla.get("/desk/invoices/new").await.text(), "once");
    let ana = world.house.who.ana.to_string();
    let mut form = document(&token, &client, &once, "due", "save");
    form.push(("to", &ana));
    let id_of = |answer: &Answer| answer.location().split('/').nth(3).unwrap().to_owned();
    let saved = |e: &Event| matches!(e, Event::DraftSaved { .. });
    let (answers, count) = twice(&world, &mut orla, "/desk/invoices/new", &form, saved).await;
    assert!(answers[0].status.is_redirection(), "{}", answers[0].text());
    assert_eq!(answers[0].location(), answers[1].location(), "the same draft, saved {count} times");
    let preview = format!("/desk/invoices/{}/preview", id_of(&answers[0]));
    let seen = hidden(&orla.get(&preview).await.text(), "seen");
    let path = preview.replace("/preview", "/issue");
    let issued = |e: &Event| matches!(e, Event::InvoiceIssued { .. });
    once_of_two(&world, &mut orla, &path, &[("csrf", &token), ("seen", &seen)], issued).await;
    let other = hidden(&orla.get("/desk/invoices/new").await.text(), "once");
    assert_ne!(other, once, "another form makes another draft");
    let path = path.replace("/issue", "/credit");
    let credited = |e: &Event| matches!(e, Event::CreditNoteIssued { .. });
    let reason = [("csrf", &*token), ("reason", "Billed twice")];
    let (answers, count) = twice(&world, &mut orla, &path, &reason, credited).await;
    assert_eq!(count, 1, "{}", answers[0].text());
    let note = answers[0].location().to_owned();
    assert!(answers[1].text().contains(&format!("href=\"{note}\"")), "{}", answers[1].text());
    assert!(orla.get(&path).await.text().contains("was credited already, with the credit note"));
    let history = orla.get(path.trim_end_matches("/credit")).await.text();
    assert!(history.contains("Orla Byrne issued the credit note"), "{history}");
}

#[tokio::test]
async fn a_draft_that_is_sent_again_with_a_change_keeps_the_change() {
    let world = World::new().await;
    let (token, client) = (world.token(Who::Orla), world.house.who.marlow.to_string());
    let mut orla = world.browser(Who::Orla);
    let once = hidden(&orla.get("/desk/invoices/new").await.text(), "once");
    let ana = world.house.who.ana.to_string();
    let mut form = document(&token, &client, &once, "due", "save");
    form.push(("to", &ana));
    let first = orla.post_as_is("/desk/invoices/new", &form).await;
    form[4].1 = "Kiln lining, second firing";
    let again = orla.post_as_is("/desk/invoices/new", &form).await;
    assert_eq!(first.location(), again.location());
    assert!(orla.get(first.location()).await.text().contains("second firing"));
}

#[tokio::test]
async fn a_new_client_and_a_new_project_sent_twice_are_one() {
    let world = World::new().await;
    let token = world.token(Who::Orla);
    let mut orla = world.browser(Who::Orla);
    let once = hidden(&orla.get("/desk/clients/new").await.text(), "once");
    let client = [("name", "Osprey Joinery"), ("country", "IE"), ("currency", "EUR"), ("terms", "14")];
    let form: Vec<_> =
        client.into_iter().chain([("address", "2 Quay Street"), ("csrf", &token), ("once", &once)]).collect();
    let added = |e: &Event| matches!(e, Event::ClientAdded { .. });
    let answers = once_of_two(&world, &mut orla, "/desk/clients/new", &form, added).await;
    let own = answers[0].location().to_owned();
    let once = hidden(&orla.get(&own).await.text(), "once");
    let form = [("csrf", &*token), ("once", &*once), ("name", "Alder Wharf")];
    let added = |e: &Event| matches!(e, Event::ProjectAdded { .. });
    once_of_two(&world, &mut orla, &format!("{own}/projects"), &form, added).await;
}

#[tokio::test]
async fn a_letter_asked_for_twice_goes_once_and_again_after_a_minute() {
    let world = World::new().await;
    let (token, who) = (world.token(Who::Orla), world.house.who);
    let mut orla = world.browser(Who::Orla);
    world.house.later(jiff::SignedDuration::from_mins(2));
    let queued = |e: &Event| matches!(e, Event::LetterQueued { .. });
    let contact = who.ana.to_string();
    let send =
        (format!("/desk/invoices/{}/send", world.marlow.linked.0), vec![("csrf", &*token), ("contact", &*contact)]);
    let invite = (format!("/desk/contacts/{}/invite", who.ana), vec![("csrf", &*token)]);
    let staff = format!("/desk/settings/staff/{}/invite", who.tom);
    let staff = (staff, vec![("csrf", &*token), ("password", crate::house::PASSWORD)]);
    for (path, form) in [send, invite, staff] {
        for _ in 0..2 {
            once_of_two(&world, &mut orla, &path, &form, queued).await;
            world.house.later(jiff::SignedDuration::from_mins(1));
        }
    }
}

#[tokio::test]
async fn a_quote_sent_twice_is_one_quote() {
    let world = World::new().await;
    let (token, client) = (world.token(Who::Orla), world.house.who.marlow.to_string());
    let mut orla = world.browser(Who::Orla);
    let once = hidden(&orla.get("/desk/quotes/new").await.text(), "once");
    let preview =
        orla.post_as_is("/desk/quotes/new", &document(&token, &client, &once, "valid_until", "preview")).await;
    assert_eq!(hidden(&preview.text(), "once"), once, "the preview carries it on");
    let form = document(&token, &client, &once, "valid_until", "send");
    let sent = |e: &Event| matches!(e, Event::QuoteSent { .. });
    once_of_two(&world, &mut orla, "/desk/quotes/new", &form, sent).await;
}

#[tokio::test]
async fn a_pdf_published_twice_is_one_document() {
    let world = World::new().await;
    let token = world.token(Who::Orla);
    let mut orla = world.browser(Who::Orla);
    let path = format!("/desk/publish/{}", world.kept);
    let published = |e: &Event| matches!(e, Event::InvoicePublished { .. });
    let answers = once_of_two(&world, &mut orla, &path, &[("csrf", &token)], published).await;
    assert!(answers[1].location().starts_with("/desk/invoices/"));
}

#[tokio::test]
async fn an_allocation_undone_twice_is_undone_once_and_leads_to_its_invoice() {
    let world = World::new().await;
    let token = world.token(Who::Orla);
    let mut orla = world.browser(Who::Orla);
    let (invoice, allocation) = (world.marlow.linked.0, world.marlow.allocation);
    let path = format!("/desk/invoices/{invoice}/allocations/{allocation}/undo");
    let undone = |e: &Event| matches!(e, Event::AllocationUndone { .. });
    let reason = [("csrf", &*token), ("reason", "Wrong invoice")];
    let answers = once_of_two(&world, &mut orla, &path, &reason, undone).await;
    assert_eq!(answers[1].location(), format!("/desk/invoices/{invoice}"));
    assert_eq!(orla.get(&path).await.location(), format!("/desk/invoices/{invoice}"));
}

#[tokio::test]
async fn a_payment_taken_back_twice_is_taken_back_once_and_leads_to_its_page() {
    let world = World::new().await;
    let token = world.token(Who::Orla);
    let mut orla = world.browser(Who::Orla);
    let own = format!("/desk/payments/{}", world.marlow.receipt);
    let path = format!("{own}/reverse");
    let back = |e: &Event| matches!(e, Event::ReceiptReversed { .. });
    let form = [("csrf", &*token), ("cause", "returned"), ("on", "2026-11-23"), ("reason", "Refer to drawer")];
    let answers = once_of_two(&world, &mut orla, &path, &form, back).await;
    assert_eq!(answers[1].location(), format!("{own}?done=reversed"));
    assert_eq!(orla.get(&path).await.location(), format!("{own}?done=reversed"));
}

#[tokio::test]
async fn a_rest_applied_twice_is_applied_once() {
    let world = World::new().await;
    let token = world.token(Who::Orla);
    let mut orla = world.browser(Who::Orla);
    let path = format!("/desk/payments/{}", world.marlow.receipt);
    let page = orla.get(&path).await.text();
    let (once, invoice) = (hidden(&page, "once"), world.marlow.linked.0.to_string());
    let fields = [("csrf", &*token), ("once", &*once), ("invoice", &*invoice), ("amount", "1.00")];
    let allocations = |e: &Event| matches!(e, Event::Allocated { .. });
    once_of_two(&world, &mut orla, &format!("{path}/apply"), &fields, allocations).await;
    let fresh = hidden(&orla.get(&path).await.text(), "once");
    let again = [("csrf", &*token), ("once", &*fresh), ("invoice", &*invoice), ("amount", "1.00")];
    let before = world.house.open(world.marlow.linked.0);
    assert!(orla.post_as_is(&format!("{path}/apply"), &again).await.status.is_redirection());
    assert_eq!(world.house.open(world.marlow.linked.0), before - 100, "another form applies more");
}
