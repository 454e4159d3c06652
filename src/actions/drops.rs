//! Files from the drop folder: published where they say themselves what they are and whose, or kept for a person to
//! file, or refused. Each once, by its digest; what did not become a document is judged anew when it is dropped again,
//! or when a client or contact that it may be of becomes known.

use super::imports::book::{Book, Match, of_email};
use super::imports::is_firm;
use super::invoices::{self, Publication};
use super::{author, found};
use crate::app::{App, Settings};
use crate::documents::XML;
use crate::documents::einvoice::{is_xml, of_pdf, of_xml};
use crate::documents::pdf_check::{PdfFault, check_pdf};
use crate::domain::access::{Act, StaffScope};
use crate::domain::client::Client;
use crate::domain::drop::{Dropped, Fate, NamePattern, Named};
use crate::domain::event::{By, Event};
use crate::domain::ids::{Digest, DropId, FileRef, InvoiceId};
use crate::domain::incoming::Incoming;
use crate::domain::invoice::Kind;
use crate::domain::money::{Currency, Money};
use crate::domain::number::DocumentNumber;
use crate::domain::refusal::Refusal;
use crate::domain::text::{self, LINE_MAX};
use crate::secrets;
use crate::store::prelude::*;

/// The name of the job in the activity log.
const JOB: &str = "drop folder";
/// How the names of tables end.
const TABLES: [&str; 2] = ["csv", "tsv"];

/// What became of bytes that were dropped before.
///
/// # Errors
/// When the store fails.
pub fn known(reader: &impl Reader, bytes: &[u8]) -> Result<Option<Fate>, StoreError> {
    Ok(reader.dropped_as(Digest(secrets::sha256(bytes)))?.map(|x| x.fate))
}

/// Takes a file: what became of it is committed before anybody moves it.
///
/// # Errors
/// When the store fails; then the file is taken again.
pub async fn take(app: &App, pattern: Option<&NamePattern>, name: &str, bytes: Vec<u8>) -> Result<Fate, ActError> {
    let name: String = name.chars().filter(|c| !c.is_control()).take(LINE_MAX).collect();
    let digest = Digest(secrets::sha256(&bytes));
    let before = app.store.read(|r| r.dropped_as(digest))?;
    match before {
        Some(before) if before.stands_as(&name) => Ok(before.fate),
        before => judge(app, pattern, File { name, bytes, before }).await,
    }
}

/// Judges a file again that waits for somebody to be known: what became of it now; `None` when it no longer waits so.
///
/// # Errors
/// As [`take`].
pub async fn again(app: &App, pattern: Option<&NamePattern>, id: DropId) -> Result<Option<Dropped>, ActError> {
    let found = app.store.read(|r| {
        let drop = r.dropped(id)?.filter(Dropped::is_of_strangers);
        let bytes = drop.as_ref().map(|x| r.file(x.file.digest)).transpose()?.flatten();
        Ok::<_, StoreError>(drop.zip(bytes))
    })?;
    let Some((drop, bytes)) = found else { return Ok(None) };
    let file = File { name: drop.file.name.clone(), bytes, before: Some(drop.clone()) };
    let fate = judge(app, pattern, file).await?;
    Ok(Some(Dropped { fate, ..drop }))
}

/// Whether an entry of the log tells of a client or contact by whom a file may be known now.
pub fn makes_known(event: &Event) -> bool {
    matches!(
        event,
        Event::ClientAdded { .. }
            | Event::ClientChanged { .. }
            | Event::ContactAdded { .. }
            | Event::ContactChanged { .. }
            | Event::ImportMade { .. }
    )
}

async fn judge(app: &App, pattern: Option<&NamePattern>, file: File) -> Result<Fate, ActError> {
    let read = match is_xml(&file.bytes) {
        true => of_xml(&file.bytes).map(Some),
        false => check_pdf(&file.bytes).map_err(|x| not_taken(x, &file.name)).and_then(|()| of_pdf(&file.bytes)),
    };
    let read = match read {
        Ok(read) => read,
        Err(reason) => return settle(app, file, Outcome::Refused(reason)).await,
    };
    let named = pattern.and_then(|x| x.read(&file.name));
    let wanted = app.store.read(|r| publication(r, read, named.as_ref(), &file))?;
    match wanted {
        Err(wait) => settle(app, file, Outcome::Waits(wait)).await,
        Ok(publication) => match settle(app, file.clone(), Outcome::Publish(publication)).await {
            // A person sees more: which number it should have had, whom to add.
            Err(ActError::Refused(why)) => {
                let wait = Wait { stranger: why == Refusal::NobodyToSee, reason: why.to_string() };
                settle(app, file, Outcome::Waits(wait)).await
            }
            other => other,
        },
    }
}

/// Why a file that is no e-invoice by itself is refused, for whoever has dropped it.
fn not_taken(fault: PdfFault, name: &str) -> String {
    let ending = name.rsplit_once('.').map_or_else(String::new, |x| x.1.to_lowercase());
    match fault {
        PdfFault::Empty => "This is empty.".to_owned(),
        PdfFault::CutOff => "The PDF is cut off at its end. Print it again.".to_owned(),
        PdfFault::Other(what) => format!("This is {what}; only PDFs and e-invoices (XML) are taken. Print it as PDF."),
        PdfFault::Unknown if TABLES.contains(&ending.as_str()) => {
            "This is a table; only PDFs and e-invoices (XML) are taken. Tables come in on the desk, under Clients, \
             Import, or by “counterfoil import”."
                .to_owned()
        }
        PdfFault::Unknown => "This is neither a PDF nor an e-invoice (XML), and nothing else is taken.".to_owned(),
    }
}

#[derive(Clone)]
struct File {
    name: String,
    bytes: Vec<u8>,
    /// What became of the same bytes before.
    before: Option<Dropped>,
}

/// Why a file waits, and whether it may go once a client or contact is known.
#[derive(Clone)]
struct Wait {
    reason: String,
    stranger: bool,
}

impl Wait {
    fn of_stranger(reason: String) -> Self {
        Self { reason, stranger: true }
    }

    fn for_person(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), stranger: false }
    }
}

#[derive(Clone)]
enum Outcome {
    Waits(Wait),
    Refused(String),
    Publish(Box<Publication>),
}

impl Outcome {
    /// What became of the same file before, when that is this outcome again and nothing is to be kept.
    fn same(&self, file: &File) -> Option<Fate> {
        let before = file.before.as_ref()?;
        let same = match (self, &before.fate) {
            (Self::Waits(wait), Fate::Waits { reason, stranger }) => {
                wait.reason == *reason && wait.stranger == *stranger && before.file.name == file.name
            }
            (Self::Refused(why), Fate::Refused { reason, .. }) => why == reason,
            _ => false,
        };
        same.then(|| before.fate.clone())
    }
}

async fn settle(app: &App, file: File, outcome: Outcome) -> Result<Fate, ActError> {
    if let Some(fate) = outcome.same(&file) {
        return Ok(fate);
    }
    let settings = app.settings.clone();
    let act = move |w: &mut WriteTx<'_>| settle_in(w, &settings, &file, &outcome);
    let fate = app.store.write(By::job(JOB), app.now(), act).await;
    app.wake.notify_one();
    fate
}

fn settle_in(w: &mut WriteTx<'_>, settings: &Settings, file: &File, outcome: &Outcome) -> Result<Done<Fate>, ActError> {
    let digest = Digest(secrets::sha256(&file.bytes));
    let before = w.dropped_as(digest)?;
    // Somebody filed or refused it meanwhile.
    if before != file.before {
        return Err(Refusal::TryAgain.into());
    }
    let (name, now) = (file.name.clone(), w.now);
    let (done, fate) = match outcome {
        Outcome::Publish(publication) => {
            let done = invoices::publish_in(w, &StaffScope::all(), publication, settings)?;
            let id = found(w.invoice_numbered(done.get())?)?;
            (Some(done), Fate::Published(id))
        }
        Outcome::Waits(Wait { reason, stranger }) => {
            (None, Fate::Waits { reason: reason.clone(), stranger: *stranger })
        }
        Outcome::Refused(reason) => (None, Fate::Refused { reason: reason.clone(), by: author(w), at: now }),
    };
    if let Fate::Waits { .. } = fate {
        w.put_file(&file.bytes)?;
    }
    let media_type = if is_xml(&file.bytes) { XML } else { "application/pdf" }.to_owned();
    let kept = FileRef { digest, length: file.bytes.len() as u64, name: name.clone(), media_type };
    let (id, at) = match before {
        Some(before) if before.file.name == name => (before.id, before.at),
        Some(before) => (before.id, now),
        None => (DropId(w.next("drop")?), now),
    };
    w.put_drop(&Dropped { id, file: kept, at, fate: fate.clone() })?;
    match (done, &fate) {
        (Some(done), _) => done.map_done(fate),
        (None, Fate::Waits { reason, .. }) => {
            let event = Event::DropWaits { name, reason: reason.clone() };
            Ok(w.record(About::FIRM, event)?.done(fate))
        }
        (None, Fate::Refused { reason, .. }) => {
            let event = Event::DropRefused { name, reason: reason.clone() };
            Ok(w.record(About::FIRM, event)?.done(fate))
        }
        (None, Fate::Published(_)) => Err(Refusal::TryAgain.into()),
    }
}

/// What a file asks to be published as, or why that can't be told.
fn publication(
    r: &ReadTx,
    read: Option<Incoming>,
    named: Option<&Named>,
    file: &File,
) -> Result<Result<Box<Publication>, Wait>, StoreError> {
    let firm = r.firm()?.party;
    if let Some(seller) = read.as_ref().and_then(|x| x.seller.as_ref()).filter(|seller| !is_firm(&firm, seller)) {
        return Ok(Err(Wait::for_person(format!("It was issued by {}, not by {}.", seller.name, firm.name))));
    }
    let client = match client(r, read.as_ref(), named)? {
        Ok(client) => client,
        Err(wait) => return Ok(Err(wait)),
    };
    let Some(facts) = facts(read.as_ref(), named, &client) else {
        let reason = "Neither an e-invoice inside it nor its name says all of number, dates and amount.";
        return Ok(Err(Wait::for_person(reason)));
    };
    let kind = match read.as_ref().filter(|x| x.credit) {
        None => Kind::Invoice,
        Some(credit) => match credited(r, &credit.credits, &client)? {
            Some(of) => Kind::CreditNote(of),
            None => {
                let reason = format!("It credits {:?}, which is no invoice of this client here.", credit.credits);
                return Ok(Err(Wait::for_person(reason)));
            }
        },
    };
    let Facts { number, dated, due, amount, reference } = facts;
    Ok(Ok(Box::new(Publication {
        client: client.id,
        project: None,
        kind,
        number,
        title: String::new(),
        dated,
        due,
        amount,
        reference,
        recipients: Vec::new(),
        read: read.map(Box::new),
        drop: None,
        pdf: file.bytes.clone(),
    })))
}

/// The client: by the e-invoice's buyer, else by the name.
fn client(r: &ReadTx, read: Option<&Incoming>, named: Option<&Named>) -> Result<Result<Client, Wait>, StoreError> {
    let book = Book::gather(r, &StaffScope::all())?;
    let mut found = Match::None;
    if let Some(read) = read {
        found = book.buyer(&read.buyer);
        if found == Match::None {
            found = of_email(r, &read.buyer.contact.email)?.map_or(Match::None, Match::One);
        }
    }
    if let (Match::None | Match::Several, Some(named)) = (found, named.filter(|x| !x.client.is_empty())) {
        found = book.called(&named.client);
    }
    let called = read.map(|x| x.buyer.name.as_str()).or(named.map(|x| x.client.as_str())).unwrap_or_default();
    Ok(match found {
        Match::One(id) => r.client(id)?.ok_or_else(|| Wait::of_stranger("Its client is gone.".to_owned())),
        Match::Several => Err(Wait::of_stranger(format!("Several clients are called {called:?}."))),
        Match::None if called.is_empty() => {
            let reason = "Neither an e-invoice inside it nor its name says whose it is.".to_owned();
            // A buyer without a name may have an address or a number.
            Err(Wait { reason, stranger: read.is_some() })
        }
        Match::None => Err(Wait::of_stranger(format!("No client is called {called:?}."))),
    })
}

struct Facts {
    number: DocumentNumber,
    dated: jiff::civil::Date,
    due: jiff::civil::Date,
    amount: Money,
    reference: String,
}

fn facts(read: Option<&Incoming>, named: Option<&Named>, client: &Client) -> Option<Facts> {
    if let Some(read) = read {
        let due = read.due.or_else(|| named.and_then(|x| x.due));
        let usual = if read.credit { read.dated } else { client.terms.due(read.dated) };
        return Some(Facts {
            number: read.number.clone(),
            dated: read.dated,
            due: due.unwrap_or(usual).max(read.dated),
            amount: read.totals.payable(),
            reference: read.reference.clone(),
        });
    }
    let named = named?;
    let currency = if named.currency.is_empty() { client.currency } else { named.currency.parse::<Currency>().ok()? };
    let dated = named.issued?;
    Some(Facts {
        number: named.number.parse().ok()?,
        dated,
        due: named.due.unwrap_or_else(|| client.terms.due(dated)),
        amount: Money::parse("amount", &named.amount, currency).ok()?,
        reference: text::line("reference", &named.reference, LINE_MAX).ok()?,
    })
}

fn credited(r: &ReadTx, number: &str, client: &Client) -> Result<Option<InvoiceId>, StoreError> {
    let Ok(number) = number.parse::<DocumentNumber>() else { return Ok(None) };
    let found = r.invoice_numbered(&number)?.map(|id| r.invoice(id)).transpose()?.flatten();
    Ok(found.filter(|x| x.client == client.id && x.is_invoice()).map(|x| x.id))
}

/// Refuses a file that waits.
///
/// # Errors
/// When the role does not allow it or nothing waits under that identifier.
pub fn refuse(w: &mut WriteTx<'_>, scope: &StaffScope, id: DropId, reason: &str) -> Result<Done<()>, ActError> {
    let drop = waiting(w, scope, id)?;
    let (by, at, name) = (author(w), w.now, drop.file.name.clone());
    w.put_drop(&Dropped { fate: Fate::Refused { reason: reason.to_owned(), by, at }, ..drop })?;
    Ok(w.record(About::FIRM, Event::DropRefused { name, reason: reason.to_owned() })?.done(()))
}

/// Notes that a file that waited became a document; part of its publication.
pub(super) fn filed(w: &mut WriteTx<'_>, scope: &StaffScope, id: DropId, invoice: InvoiceId) -> Result<(), ActError> {
    let drop = waiting(w, scope, id)?;
    w.put_drop(&Dropped { fate: Fate::Published(invoice), ..drop })?;
    Ok(())
}

fn waiting(w: &WriteTx<'_>, scope: &StaffScope, id: DropId) -> Result<Dropped, ActError> {
    scope.may(Act::Work)?;
    let drop = found(w.dropped(id)?.filter(Dropped::waits))?;
    // Nobody knows yet whose it is, so it is nothing for whoever sees some clients only.
    found(scope.only().is_none().then_some(drop)).map_err(Into::into)
}
