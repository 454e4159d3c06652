//! The drop folder: what is complete is taken once, routed by itself or its name, and moved with a text that says why.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use counterfoil::actions::{clients, drops, invoices, people, restored};
use counterfoil::app::{DropPlan, PassedOver};
use counterfoil::documents::einvoice::{Bill, Frozen, cii, ubl};
use counterfoil::documents::{Meta, factur_x};
use counterfoil::domain::drop::{Fate, NamePattern};
use counterfoil::domain::event::{By, Event};
use counterfoil::scheduler::Rota;
use counterfoil::store::prelude::*;
use jiff::SignedDuration;
use jiff::civil::date;

use crate::house::*;

const SETTLE: SignedDuration = SignedDuration::from_secs(5);

struct Folder {
    house: TestHouse,
    rota: Rota,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Folder {
    async fn new() -> Self {
        let mut house = TestHouse::new().await.heedless_of_mail();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let pattern = Some(NamePattern::parse("{client}_{number}_{issued}_{amount}.pdf").unwrap());
        let plan = DropPlan { folder: path.clone(), pattern, settle: SETTLE, passed: PassedOver::default() };
        Arc::make_mut(&mut house.app.settings).drop = Some(plan);
        Self { house, rota: Rota::new(None), path, _folder: folder }
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path.join(name), bytes).unwrap();
    }

    /// Looks, lets time pass, and looks again.
    async fn settle(&mut self) -> usize {
        let first = self.rota.tick(&self.house.app).await;
        self.house.later(SETTLE);
        let then = self.rota.tick(&self.house.app).await;
        assert_eq!((first.failures, then.failures), (0, 0));
        first.dropped + then.dropped
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let mut all = names(&self.path.join(folder));
        all.sort();
        all
    }

    fn text(&self, place: &str) -> String {
        std::fs::read_to_string(self.path.join(place)).unwrap()
    }

    fn numbered(&self, number: &str) -> Option<counterfoil::domain::invoice::Invoice> {
        let number = number.parse().unwrap();
        let read = |r: &ReadTx| {
            Ok::<_, StoreError>(r.invoice_numbered(&number)?.map(|id| r.invoice(id)).transpose()?.flatten())
        };
        self.house.app.store.read(read).unwrap()
    }
}

/// How many documents were published.
fn publications(folder: &Folder) -> usize {
    folder.house.log().iter().filter(|e| matches!(e, Event::InvoicePublished { .. })).count()
}

fn names(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).into_iter().flatten().map(|x| x.unwrap());
    files.filter(|x| x.path().is_file()).map(|x| x.file_name().into_string().unwrap()).collect()
}

/// A Factur-X as the accounting program prints it, for Marlow.
async fn printed() -> (String, Vec<u8>) {
    let (number, _, pdf) = made().await;
    (number, pdf)
}

/// An invoice of another program for Marlow: its number, what it says, and its PDF.
async fn made() -> (String, Bill, Vec<u8>) {
    let other = TestHouse::seeded(7).await.heedless_of_mail();
    let (id, number) = other.issue(other.who.marlow, 123_00, date(2026, 12, 23)).await;
    let invoice = other.app.store.read(|r| r.invoice(id)).unwrap().unwrap();
    let issue = invoice.issue.as_ref().unwrap();
    let bill = Bill::of(&invoice, &Frozen::of(issue, None)).unwrap();
    let sheet = |r: &ReadTx| {
        let firm = r.firm()?;
        invoices::sheet(r, &firm, (&issue.seller, &issue.buyer), &invoice, Some(&number), &issue.totals)
    };
    let sheet = other.app.store.read(sheet).unwrap();
    let meta = Meta {
        title: "x".to_owned(),
        author: "x".to_owned(),
        created: jiff::Timestamp::UNIX_EPOCH,
        document_id: number.to_string(),
    };
    let pdf = factur_x(&sheet, &other.app.fonts, &meta, cii(&bill)).unwrap();
    (number.to_string(), bill, pdf)
}

#[tokio::test]
async fn an_e_invoice_without_a_pdf_is_taken_as_well() {
    for (name, write) in [("out.xml", ubl as fn(&Bill) -> String), ("out.cii.xml", cii)] {
        let mut folder = Folder::new().await;
        let (number, bill, _) = made().await;
        let bytes = write(&bill).into_bytes();
        folder.put(name, &bytes);
        folder.put("half.xml", &bytes[..bytes.len() / 2]);
        folder.put("page.html", b"<html><body>no invoice</body></html>");
        let mut nobody = bill.clone();
        (nobody.number, nobody.buyer.name) = ("RE-99".to_owned(), "Nobody Ltd".to_owned());
        (nobody.buyer.vat_id, nobody.buyer.contact) = (String::new(), Default::default());
        folder.put("nobody.xml", write(&nobody).as_bytes());
        assert_eq!(folder.settle().await, 4);
        let published = folder.numbered(&number).unwrap();
        assert_eq!((published.client, published.payable()), (folder.house.who.marlow, eur(123_00)));
        let issue = published.issue.unwrap();
        assert_eq!((issue.is_pdf(), issue.pdf.name), (false, format!("{number}.xml")));
        assert_eq!(folder.text(&format!("done/{name}.txt")), format!("It was published as {number}.\n"));
        let letter = folder.house.claim("ana@marlow.example");
        assert!(letter.subject.contains(&number), "{}", letter.subject);
        assert_eq!(folder.names("refused"), ["half.xml", "half.xml.txt", "page.html", "page.html.txt"]);
        assert!(folder.text("refused/page.html.txt").contains("This XML can’t be taken as an e-invoice."));
        assert!(folder.text("to-file/nobody.xml.txt").contains("No client is called \"Nobody Ltd\"."));
        assert!(folder.house.verify().is_clean(), "{:?}", folder.house.verify().faults);

        // The client has it as a PDF drawn of it, and byte for byte as it came.
        let mut ana = crate::auth::signed_in(&folder.house, "ana@marlow.example").await;
        let drawn = ana.get(&format!("/invoices/{number}.pdf")).await;
        assert!(drawn.body.starts_with(b"%PDF-"), "{}", drawn.text());
        let kept = folder.house.app.store.read(|r| r.file(issue.pdf.digest)).unwrap().unwrap();
        assert!(kept == bytes);

        // Somebody files the one that waits.
        let waits = folder.house.app.store.read(|r| r.drops_waiting(9)).unwrap().remove(0);
        let mut orla = crate::desk::desk_of(&folder.house, folder.house.who.orla).await;
        let file = orla.get(&format!("/desk/drops/{}/file", waits.id)).await;
        assert_eq!(file.header("content-type"), "application/xml");
        orla.get(&format!("/desk/drops/{}", waits.id)).await;
        let form = orla.post(&format!("/desk/drops/{}/file", waits.id), &[]).await;
        assert!(form.location().starts_with("/desk/publish?kept="), "{}", form.text());
        assert!(orla.get(form.location()).await.text().contains("RE-99"));
    }
}

#[tokio::test]
async fn a_file_is_taken_when_it_stands_still_and_never_twice() {
    let mut folder = Folder::new().await;
    let (number, bytes) = printed().await;
    folder.put("print.pdf", &bytes[..bytes.len() / 2]);
    assert_eq!(folder.rota.tick(&folder.house.app).await.dropped, 0);
    folder.house.later(SETTLE / 2);
    folder.put("print.pdf", &bytes);
    folder.put("later.pdf.part", &bytes);
    folder.put(".hidden.pdf", &bytes);
    assert_eq!(folder.rota.tick(&folder.house.app).await.dropped, 0, "it grew");
    folder.house.later(SETTLE / 2);
    assert_eq!(folder.rota.tick(&folder.house.app).await.dropped, 0, "not for long enough");
    folder.house.later(SETTLE);
    assert_eq!(folder.rota.tick(&folder.house.app).await.dropped, 1);
    let published = folder.numbered(&number).unwrap();
    assert_eq!((published.client, published.payable()), (folder.house.who.marlow, eur(123_00)));
    assert_eq!(folder.names("done"), ["print.pdf", "print.pdf.txt"]);
    assert_eq!(folder.text("done/print.pdf.txt"), format!("It was published as {number}.\n"));
    // The same bytes under another name, as after a crash before the move, or printed twice.
    folder.put("again.pdf", &bytes);
    folder.put("print.pdf", &bytes);
    assert_eq!(folder.settle().await, 2);
    assert_eq!(folder.names("done").len(), 6);
    assert!(folder.names("done").contains(&"print (2).pdf".to_owned()));
    assert_eq!(folder.names(""), [".hidden.pdf", "later.pdf.part"]);
    assert_eq!(publications(&folder), 1);
}

#[tokio::test]
async fn a_name_says_what_the_file_does_not_and_what_nobody_says_waits() {
    let mut folder = Folder::new().await;
    folder.put("Marlow Ceramics_RE-7_2026-11-20_1234.50.pdf", &pdf("named"));
    folder.put("scan0001.pdf", &pdf("unnamed"));
    folder.put("Nobody Ltd_RE-8_2026-11-20_10.00.pdf", &pdf("nobody"));
    folder.put("letter.pdf", b"Dear Ana, this is no PDF.");
    assert_eq!(folder.settle().await, 4);
    let named = folder.numbered("RE-7").unwrap();
    assert_eq!((named.payable(), named.dated, named.due), (eur(1_234_50), date(2026, 11, 20), date(2026, 12, 20)));
    assert_eq!(
        folder.names("done"),
        ["Marlow Ceramics_RE-7_2026-11-20_1234.50.pdf", "Marlow Ceramics_RE-7_2026-11-20_1234.50.pdf.txt"]
    );
    assert_eq!(folder.names("refused"), ["letter.pdf", "letter.pdf.txt"]);
    assert!(folder.text("refused/letter.pdf.txt").contains("This is neither a PDF nor an e-invoice"));
    assert!(folder.text("to-file/scan0001.pdf.txt").contains("says whose it is"));
    assert!(
        folder.text("to-file/Nobody Ltd_RE-8_2026-11-20_10.00.pdf.txt").contains("No client is called \"Nobody Ltd\".")
    );
    let waiting = folder.house.app.store.read(|r| r.drops_waiting(9)).unwrap();
    assert_eq!(waiting.len(), 2);
    // One is filed by a person, the other refused; both leave the queue, and the folder with the next look.
    let scan = waiting.iter().find(|x| x.file.name == "scan0001.pdf").unwrap().clone();
    let other = waiting.iter().find(|x| x.id != scan.id).unwrap().id;
    let mut publication = folder.house.publication(folder.house.who.kestrel, "RE-9", 5_00, date(2026, 12, 20));
    publication.pdf = folder.house.app.store.read(|r| r.file(scan.file.digest)).unwrap().unwrap();
    publication.drop = Some(scan.id);
    let (by, scope) = (folder.house.by(folder.house.who.orla), folder.house.scope(folder.house.who.orla));
    invoices::publish(&folder.house.app, by, &scope, publication).await.unwrap();
    folder.house.act(folder.house.who.orla, move |w, scope| drops::refuse(w, scope, other, "Not ours")).await.unwrap();
    assert!(folder.house.app.store.read(|r| r.drops_waiting(9)).unwrap().is_empty());
    folder.rota.tick(&folder.house.app).await;
    assert_eq!(folder.text("done/scan0001.pdf.txt"), "It was published as RE-9.\n");
    assert_eq!(folder.text("refused/Nobody Ltd_RE-8_2026-11-20_10.00.pdf.txt"), "Not ours\n");
    assert!(folder.names("to-file").is_empty(), "{:?}", folder.names("to-file"));
    assert!(folder.house.verify().is_clean(), "{:?}", folder.house.verify().faults);
}

#[tokio::test]
async fn what_is_committed_and_not_moved_is_only_moved_and_a_locked_file_is_left() {
    let mut folder = Folder::new().await;
    let (number, bytes) = printed().await;
    // As if the process had died between commit and move.
    let plan = folder.house.app.settings.drop.clone().unwrap();
    let fate = drops::take(&folder.house.app, plan.pattern.as_ref(), "print.pdf", bytes.clone()).await.unwrap();
    assert!(matches!(fate, Fate::Published(_)));
    folder.put("print.pdf", &bytes);
    assert_eq!(folder.settle().await, 1);
    assert_eq!(folder.names("done"), ["print.pdf", "print.pdf.txt"]);
    assert_eq!(publications(&folder), 1, "nothing was published again");
    assert!(folder.numbered(&number).is_some());
    folder.put("held.pdf", &pdf("held"));
    let held = std::fs::File::open(folder.path.join("held.pdf")).unwrap();
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive).unwrap();
    assert_eq!(folder.settle().await, 0);
    drop(held);
    assert_eq!(folder.settle().await, 1);
}

#[tokio::test]
async fn after_a_restore_nothing_is_taken_before_an_owner_has_said_what_happened_since() {
    let mut folder = Folder::new().await;
    let (taken, now) = (folder.house.app.now(), folder.house.app.now());
    let note = move |w: &mut WriteTx<'_>| restored::note_restore(w, taken);
    folder.house.app.store.write(By::command_line(), now, note).await.unwrap();
    folder.put("Marlow Ceramics_M-1_2026-11-20_100.00.pdf", &pdf("held"));
    assert_eq!((folder.settle().await, folder.settle().await), (0, 0));
    assert_eq!(folder.names(""), ["Marlow Ceramics_M-1_2026-11-20_100.00.pdf"], "it lies where it was put");
    let (house, orla) = (&folder.house, folder.house.who.orla);
    let today = house.app.today();
    let stated: Vec<u64> =
        house.app.store.read(|r| restored::series_held(r, today)).unwrap().iter().map(|x| x.last).collect();
    house.act(orla, move |w, scope| restored::state_numbers(w, scope, &stated, today)).await.unwrap();
    assert_eq!(folder.settle().await, 0, "letters are still held");
    let page = crate::desk::desk_of(&folder.house, orla).await.get("/desk/restored").await.text();
    assert!(page.contains("Dropped files") && page.contains("<span class=\"mono\">done</span>"), "{page}");
    folder.house.release_letters().await;
    assert_eq!(folder.settle().await, 1);
    assert_eq!(publications(&folder), 1);
}

#[tokio::test]
async fn the_form_of_a_file_that_waits_is_filled_from_its_name_as_far_as_that_says_something() {
    let mut folder = Folder::new().await;
    folder.put("Marlow Ceramics_RE-7_soon_1234.50.pdf", &pdf("undated"));
    folder.put("Nobody Ltd_RE-8_2026-11-20_10.00.pdf", &pdf("nobody"));
    folder.put("scan0001.pdf", &pdf("scan"));
    assert_eq!(folder.settle().await, 3);
    let mut orla = crate::desk::desk_of(&folder.house, folder.house.who.orla).await;
    let marlow = format!("value=\"{}\" selected", folder.house.who.marlow);
    let waiting = folder.house.app.store.read(|r| r.drops_waiting(9)).unwrap();
    for (name, shown, filled, not) in [
        ("Marlow", vec!["What its name says", "RE-7"], vec![&*marlow, "\"RE-7\"", "\"1234.50\""], "soon"),
        ("Nobody", vec!["Nobody Ltd", "RE-8"], vec!["\"RE-8\"", "\"2026-11-20\"", "\"10.00\""], "Nobody Ltd\""),
        ("scan", vec!["File it"], vec!["scan0001.pdf is kept"], "What its name says"),
    ] {
        let drop = waiting.iter().find(|x| x.file.name.starts_with(name)).unwrap();
        let page = orla.get(&format!("/desk/drops/{}", drop.id)).await.text();
        shown.iter().for_each(|x| assert!(page.contains(x), "{x} in {page}"));
        let form = orla.post(&format!("/desk/drops/{}/file", drop.id), &[]).await;
        let form = orla.get(form.location()).await.text();
        filled.iter().for_each(|x| assert!(form.contains(x), "{x} in {form}"));
        assert!(!form.contains(&format!("value=\"{not}")), "{not} in {form}");
    }
}

#[tokio::test]
async fn what_was_not_filed_is_judged_anew_under_a_better_name_and_what_was_filed_stays() {
    const BETTER: &str = "Marlow Ceramics_RE-7_2026-11-20_1234.50.pdf";
    let mut folder = Folder::new().await;
    let bytes = pdf("scan");
    folder.put("scan0001.pdf", &bytes);
    assert_eq!(folder.settle().await, 1);
    let waits = |folder: &Folder| folder.house.app.store.read(|r| r.drops_waiting(9)).unwrap();
    let first = waits(&folder).remove(0);
    let lines = folder.house.log().len();
    folder.put("scan0001.pdf", &bytes);
    assert_eq!(folder.settle().await, 1, "the same name says no more");
    assert_eq!((waits(&folder), folder.house.log().len()), (vec![first.clone()], lines));
    folder.put("scan0002.pdf", &bytes);
    assert_eq!(folder.settle().await, 1, "nor does this");
    assert_eq!(waits(&folder)[0].file.name, "scan0002.pdf", "the newest name is the one to look at");

    // Refused by a person: it stays so under that name, and is judged anew under another.
    let id = first.id;
    folder.house.act(folder.house.who.orla, move |w, scope| drops::refuse(w, scope, id, "Whose?")).await.unwrap();
    folder.put("scan0002.pdf", &bytes);
    folder.settle().await;
    assert!(waits(&folder).is_empty() && publications(&folder) == 0);
    assert_eq!(folder.text("refused/scan0002.pdf.txt"), "Whose?\n");
    folder.put("scan0003.pdf", &bytes);
    folder.settle().await;
    assert_eq!(waits(&folder).iter().map(|x| x.id).collect::<Vec<_>>(), [id], "one record for the same bytes");
    assert!(folder.house.verify().is_clean(), "{:?}", folder.house.verify().faults);

    folder.put(BETTER, &bytes);
    folder.settle().await;
    assert!(waits(&folder).is_empty());
    assert_eq!(folder.numbered("RE-7").unwrap().payable(), eur(1_234_50));
    assert_eq!(folder.text(&format!("done/{BETTER}.txt")), "It was published as RE-7.\n");
    folder.rota.tick(&folder.house.app).await;
    assert!(folder.names("to-file").is_empty(), "the copy that waited goes along: {:?}", folder.names("to-file"));
    folder.put("Kestrel Architects_RE-9_2026-11-20_5.00.pdf", &bytes);
    folder.settle().await;
    assert_eq!((publications(&folder), folder.numbered("RE-9").is_none()), (1, true), "what was filed stays filed");
    assert!(folder.house.verify().is_clean(), "{:?}", folder.house.verify().faults);
}

#[tokio::test]
async fn a_file_of_strangers_goes_by_itself_once_they_are_known() {
    const NAME: &str = "Newcomer Ltd_RE-8_2026-11-20_10.00.pdf";
    let mut folder = Folder::new().await;
    folder.put(NAME, &pdf("stranger"));
    folder.put("scan0001.pdf", &pdf("scan"));
    assert_eq!(folder.settle().await, 2);
    assert!(folder.text(&format!("to-file/{NAME}.txt")).contains("It goes by itself once a client or contact is here"));
    assert!(!folder.text("to-file/scan0001.pdf.txt").contains("by itself"));
    let (house, orla) = (&folder.house, folder.house.who.orla);
    let client = house.act(orla, |w, s| clients::add(w, s, &new_client("Newcomer Ltd"))).await.unwrap();
    folder.rota.tick(&folder.house.app).await;
    let nobody = "Nobody at this client may see billing documents.";
    assert!(folder.text(&format!("to-file/{NAME}.txt")).contains(nobody), "it says what it waits for now");
    let waiting = folder.house.app.store.read(|r| r.drops_waiting(9)).unwrap();
    assert_eq!(waiting.iter().filter(|x| x.is_of_strangers()).count(), 1);

    // As after a restart: who was added meanwhile is found all the same.
    let ida = new_contact("Ida Frost", "ida@newcomer.example", rights(true, false, true));
    folder.house.act(orla, move |w, s| people::add_contact(w, s, client, &ida)).await.unwrap();
    folder.rota = Rota::new(None);
    folder.rota.tick(&folder.house.app).await;
    let published = folder.numbered("RE-8").unwrap();
    assert_eq!((published.client, published.payable()), (client, eur(10_00)));
    folder.rota.tick(&folder.house.app).await;
    assert_eq!(folder.text(&format!("done/{NAME}.txt")), "It was published as RE-8.\n");
    assert_eq!(folder.names("to-file"), ["scan0001.pdf", "scan0001.pdf.txt"]);
    assert_eq!(publications(&folder), 1);
    assert!(folder.house.verify().is_clean(), "{:?}", folder.house.verify().faults);
}

#[tokio::test]
async fn what_can_t_be_taken_is_told_under_today_and_a_table_is_told_where_it_belongs() {
    let mut folder = Folder::new().await;
    folder.put("empty.pdf", b"");
    folder.put("clients.csv", b"Name,City\nMarlow,Cork\n");
    folder.put("half.pdf.part", b"not yet");
    std::fs::create_dir(folder.path.join("2026")).unwrap();
    folder.put("To-File", b"a file with the name of a folder");
    std::os::unix::fs::symlink("/etc/passwd", folder.path.join("link.pdf")).unwrap();
    assert_eq!(folder.settle().await, 1, "the table alone is moved");
    let why = folder.text("refused/clients.csv.txt");
    assert!(why.contains("This is a table") && why.contains("Clients, Import") && !why.contains("Choose"), "{why}");
    let plan = folder.house.app.settings.drop.clone().unwrap();
    let names: Vec<String> = plan.passed.all().into_iter().map(|x| x.0).collect();
    assert_eq!(names, ["2026", "To-File", "empty.pdf", "link.pdf"], "not what is not complete, nor our own folders");
    let mut orla = crate::auth::signed_in(&folder.house, "orla@hartmann.example").await;
    let today = orla.get("/desk").await.text();
    for part in ["2026", "empty.pdf", "link.pdf", "It is empty", "It is a link", "It is a folder"] {
        assert!(today.contains(part), "{part} in {today}");
    }
    std::fs::remove_dir(folder.path.join("2026")).unwrap();
    std::fs::remove_file(folder.path.join("link.pdf")).unwrap();
    std::fs::remove_file(folder.path.join("To-File")).unwrap();
    std::fs::remove_file(folder.path.join("empty.pdf")).unwrap();
    folder.settle().await;
    assert!(plan.passed.all().is_empty());
    assert!(!orla.get("/desk").await.text().contains("empty.pdf"));
}
