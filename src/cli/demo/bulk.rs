//! The demo at scale: any number of clients and invoices over two years, the same for the same seed, in constant
//! memory.
//!
//! Documents share the bytes of a handful of PDFs. Generated in one thread while another writes.

mod maker;
mod names;

use std::sync::Arc;
use std::sync::mpsc;

use jiff::Timestamp;
use jiff::civil::{Date, time};

use self::maker::Maker;
use super::firm::{self, CLIENTS, STAFF};
use super::plan::days;
use super::story::{Progress, Setting};
use super::work::{self, Dice};
use crate::actions::clients::{self, NewClient};
use crate::actions::people::{self, NewContact, NewStaff};
use crate::actions::{firm as firm_act, invoices};
use crate::app::App;
use crate::documents::Look;
use crate::documents::invoice::invoice_sheet;
use crate::domain::access::StaffScope;
use crate::domain::calendar::{today, wall_clock};
use crate::domain::client::Party;
use crate::domain::event::{Actor, By};
use crate::domain::firm::Firm;
use crate::domain::ids::{ClientId, FileRef, InvoiceId, StaffId};
use crate::domain::invoice::{Body, Invoice, Kind, References};
use crate::domain::money::Currency;
use crate::domain::number::Pattern;
use crate::domain::person::{Person, ProjectAccess, Rights};
use crate::domain::refusal::Refusal;
use crate::domain::tax::{Content, totals};
use crate::domain::terms::{DueRule, Terms};
use crate::domain::text::EmailAddress;
use crate::store::bulk::Batch;
use crate::store::chain::EvidenceKeys;
use crate::store::prelude::*;

/// Documents in one commit.
const BATCH: usize = 25_000;
/// Clients in one commit.
const CLIENT_BATCH: usize = 2_000;
/// PDFs that all documents share.
const PDFS: usize = 6;
/// Days from issue to due date.
const TERMS: i64 = 30;

/// How much is made.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Customer organisations, each with one contact.
    pub clients: u64,
    /// Invoices; credit notes come on top.
    pub invoices: u64,
}

/// Fills an empty store. `progress` counts invoices.
///
/// # Errors
/// When the store fails or `progress` says to stop.
pub fn fill(store: &Store, app: &App, setting: &Setting, size: Size, progress: &Progress) -> Result<(), ActError> {
    let end = today(setting.end, &app.settings.zone);
    let first = days(end, -setting.months * 61 / 2);
    let began = wall_clock(first, time(8, 0, 0, 0), &app.settings.zone);
    let (firm, pdfs) = found(store, app, setting, began)?;
    let parties = add_clients(store, setting, size.clients, began)?;
    let (send, batches) = mpsc::sync_channel::<Batch>(1);
    let mut maker = Maker::new(app, setting, firm, pdfs, parties, first, end)?;
    std::thread::scope(|scope| {
        let made = scope.spawn(move || maker.run(size.invoices, &send));
        let mut written = 0;
        for batch in batches {
            written += batch.documents.iter().filter(|d| d.is_invoice()).count() as u64;
            let at = batch.lines.last().map_or(began, |l| l.at);
            store.write_blocking(By::command_line(), at, move |w| match w.put_batch(&batch)? {
                Some(recorded) => Ok(recorded.done(())),
                None => Err(Refusal::TryAgain.into()),
            })?;
            if !progress(written, size.invoices) {
                return Err(StoreError::Closed.into());
            }
        }
        made.join().map_err(|_| StoreError::Broken("the generator ended early".to_owned()))?
    })
}

/// The firm, its staff, and the few PDFs.
fn found(store: &Store, app: &App, setting: &Setting, at: Timestamp) -> Result<(Firm, Vec<FileRef>), ActError> {
    let mut firm = firm::firm().map_err(Refusal::from)?;
    firm.series.invoice = Pattern::parse("series", "HF-{YYYY}-{000000}").map_err(Refusal::from)?;
    firm.series.credit_note = Pattern::parse("series", "HF-CN-{000000}").map_err(Refusal::from)?;
    let dice = Dice::new(setting.seed);
    let drawn = (0..PDFS).map(|n| drawn(app, &firm, &dice, n)).collect::<Result<Vec<_>, _>>()?;
    let (hash, kept) = (setting.password_hash.clone(), firm.clone());
    let keys = EvidenceKeys::draw(&app.entropy);
    let pdfs = store.write_blocking(By::command_line(), at, move |w| {
        let mut founded = None;
        for (place, plan) in STAFF.iter().enumerate() {
            let only_clients =
                (!plan.only.is_empty()).then(|| plan.only.iter().map(|c| ClientId(*c as u64 + 1)).collect());
            let (name, email) = (plan.name.to_owned(), firm::email(plan.email).map_err(Refusal::from)?);
            let new = NewStaff { name, email, role: plan.role, only_clients, active: true, invite: false };
            let id = if place == 0 {
                let done = firm_act::set_up(w, &kept, &new, &keys)?;
                founded = Some(done);
                StaffId(1)
            } else {
                people::found_staff(w, &StaffScope::all(), &new)?.value()
            };
            w.put_password_hash(Person::Staff(id), &hash)?;
        }
        let mut files = Vec::new();
        for bytes in &drawn {
            let (digest, length) = (w.put_file(bytes)?, bytes.len() as u64);
            files.push(FileRef {
                digest,
                length,
                name: "invoice.pdf".to_owned(),
                media_type: "application/pdf".to_owned(),
            });
        }
        founded.ok_or(Refusal::NotFound)?.map_done(files)
    })?;
    Ok((firm, pdfs))
}

/// A document with lines of its own; it says that many share it.
fn drawn(app: &App, firm: &Firm, dice: &Dice, n: usize) -> Result<Vec<u8>, ActError> {
    let dated = today(app.now(), &app.settings.zone);
    let (title, lines) = work::bill(dice, &CLIENTS[0], Currency::EUR, "one of many");
    let content = Content::of(lines);
    let sum = totals(&content, Currency::EUR).ok_or(Refusal::TryAgain)?;
    let draft = invoice(InvoiceId(n as u64), ClientId(1), title, dated, content);
    let (look, buyer) =
        (Look { firm, logo: None }, Party { name: "Any client of the demo".to_owned(), ..Party::default() });
    let number = format!("SAMPLE-{n}").parse().map_err(Refusal::from)?;
    let sheet = invoice_sheet(&look, &firm.party, &buyer, &draft, Some(&number), &sum, None, None);
    invoices::render(app, &sheet, firm)
}

fn invoice(id: InvoiceId, client: ClientId, title: String, dated: Date, content: Content) -> Invoice {
    Invoice {
        id,
        client,
        project: None,
        kind: Kind::Invoice,
        title,
        currency: Currency::EUR,
        dated,
        due: days(dated, TERMS),
        terms: Terms::default(),
        reference: String::new(),
        references: References::default(),
        delivered: None,
        period: None,
        note: String::new(),
        body: Body::Composed(content),
        recipients: Vec::new(),
        quote: None,
        late: None,
        issue: None,
        changed: Timestamp::UNIX_EPOCH,
    }
}

/// Adds the clients, each with a contact who can sign in; gives their parties in the order of their identifiers.
fn add_clients(store: &Store, setting: &Setting, count: u64, at: Timestamp) -> Result<Arc<Vec<Party>>, ActError> {
    let parties: Arc<Vec<Party>> = Arc::new((0..count).map(names::party).collect());
    for from in (0..parties.len()).step_by(CLIENT_BATCH) {
        let (parties, hash) = (Arc::clone(&parties), setting.password_hash.clone());
        store.write_blocking(By { actor: Actor::Staff(StaffId(1)), address: None }, at, move |w| {
            let mut last = None;
            for place in from..parties.len().min(from + CLIENT_BATCH) {
                last = Some(add_client(w, place as u64, &parties[place], &hash)?);
            }
            last.ok_or_else(|| Refusal::NotFound.into())
        })?;
    }
    Ok(parties)
}

fn add_client(w: &mut WriteTx<'_>, place: u64, party: &Party, hash: &str) -> Result<Done<()>, ActError> {
    let scope = StaffScope::all();
    let new = NewClient {
        party: party.clone(),
        reference: format!("C-{:05}", place + 1),
        language: None,
        currency: Currency::EUR,
        terms: DueRule::Days(u16::try_from(TERMS).unwrap_or(30)),
        manager: Some(StaffId(place % 3 + 1)),
        note: String::new(),
    };
    let client = clients::add(w, &scope, &new)?.value();
    let (name, address) = names::contact(place);
    let contact = NewContact {
        name,
        title: "Accounts".to_owned(),
        email: EmailAddress::parse("email", &address).map_err(Refusal::from)?,
        phone: String::new(),
        language: None,
        zone: None,
        rights: Rights { billing: true, answer: true, letters: true, documents: false, projects: ProjectAccess::All },
        leads: false,
        invite: false,
    };
    let done = people::add_contact(w, &scope, client, &contact)?;
    let proof = done.map_done::<(), ActError>(())?;
    if let Some(Person::Contact(id)) = w.login(&contact.email)? {
        w.put_password_hash(Person::Contact(id), hash)?;
    }
    Ok(proof)
}
