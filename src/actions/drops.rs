//! Files from the drop folder: published where they say themselves what they are and whose, or kept for a person to
//! file, or refused. Each once, by its digest.

use super::imports::book::{Book, Match, of_email};
use super::imports::is_firm;
use super::invoices::{self, Publication};
use super::{author, found};
use crate::app::{App, Settings};
use crate::documents::XML;
use crate::documents::einvoice::{is_xml, of_pdf, of_xml};
use crate::documents::pdf_check::check_pdf;
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
    if let Some(fate) = app.store.read(|r| known(r, &bytes))? {
        return Ok(fate);
    }
    let name: String = name.chars().filter(|c| !c.is_control()).take(LINE_MAX).collect();
    let file = File { name, bytes };
    let read = match is_xml(&file.bytes) {
        true => of_xml(&file.bytes).map(Some),
        false => check_pdf(&file.bytes).map_err(|x| x.to_string()).and_then(|()| of_pdf(&file.bytes)),
    };
    let read = match read {
        Ok(read) => read,
        Err(reason) => return settle(app, file, Outcome::Refused(reason)).await,
    };
    let named = pattern.and_then(|x| x.read(&file.name));
    let wanted = app.store.read(|r| publication(r, read, named.as_ref(), &file))?;
    match wanted {
        Err(reason) => settle(app, file, Outcome::Waits(reason)).await,
        Ok(publication) => match settle(app, file.clone(), Outcome::Publish(publication)).await {
            // A person sees more: which number it should have had, whom to add.
            Err(ActError::Refused(why)) => settle(app, file, Outcome::Waits(why.to_string())).await,
            other => other,
        },
    }
}

#[derive(Clone)]
struct File {
    name: String,
    bytes: Vec<u8>,
}

#[derive(Clone)]
enum Outcome {
    Waits(String),
    Refused(String),
    Publish(Box<Publication>),
}

async fn settle(app: &App, file: File, outcome: Outcome) -> Result<Fate, ActError> {
    let settings = app.settings.clone();
    let act = move |w: &mut WriteTx<'_>| settle_in(w, &settings, &file, &outcome);
    let fate = app.store.write(By::job(JOB), app.now(), act).await;
    app.wake.notify_one();
    fate
}

fn settle_in(w: &mut WriteTx<'_>, settings: &Settings, file: &File, outcome: &Outcome) -> Result<Done<Fate>, ActError> {
    let digest = Digest(secrets::sha256(&file.bytes));
    if w.dropped_as(digest)?.is_some() {
        return Err(Refusal::TryAgain.into());
    }
    let (name, now) = (file.name.clone(), w.now);
    let (done, fate) = match outcome {
        Outcome::Publish(publication) => {
            let done = invoices::publish_in(w, &StaffScope::all(), publication, settings)?;
            let id = found(w.invoice_numbered(done.get())?)?;
            (Some(done), Fate::Published(id))
        }
        Outcome::Waits(reason) => (None, Fate::Waits(reason.clone())),
        Outcome::Refused(reason) => (None, Fate::Refused { reason: reason.clone(), by: author(w), at: now }),
    };
    if let Fate::Waits(_) = fate {
        w.put_file(&file.bytes)?;
    }
    let media_type = if is_xml(&file.bytes) { XML } else { "application/pdf" }.to_owned();
    let kept = FileRef { digest, length: file.bytes.len() as u64, name: name.clone(), media_type };
    let id = DropId(w.next("drop")?);
    w.put_drop(&Dropped { id, file: kept, at: now, fate: fate.clone() })?;
    match (done, &fate) {
        (Some(done), _) => done.map_done(fate),
        (None, Fate::Waits(reason)) => {
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
) -> Result<Result<Box<Publication>, String>, StoreError> {
    let firm = r.firm()?.party;
    if let Some(seller) = read.as_ref().and_then(|x| x.seller.as_ref()).filter(|seller| !is_firm(&firm, seller)) {
        return Ok(Err(format!("It was issued by {}, not by {}.", seller.name, firm.name)));
    }
    let client = match client(r, read.as_ref(), named)? {
        Ok(client) => client,
        Err(why) => return Ok(Err(why)),
    };
    let Some(facts) = facts(read.as_ref(), named, &client) else {
        return Ok(Err("Neither an e-invoice inside it nor its name says number, dates and amount.".to_owned()));
    };
    let kind = match read.as_ref().filter(|x| x.credit) {
        None => Kind::Invoice,
        Some(credit) => match credited(r, &credit.credits, &client)? {
            Some(of) => Kind::CreditNote(of),
            None => {
                return Ok(Err(format!("It credits {:?}, which is no invoice of this client here.", credit.credits)));
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
fn client(r: &ReadTx, read: Option<&Incoming>, named: Option<&Named>) -> Result<Result<Client, String>, StoreError> {
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
        Match::One(id) => r.client(id)?.ok_or_else(|| "Its client is gone.".to_owned()),
        Match::Several => Err(format!("Several clients are called {called:?}.")),
        Match::None if called.is_empty() => {
            Err("Neither an e-invoice inside it nor its name says whose it is.".to_owned())
        }
        Match::None => Err(format!("No client is called {called:?}.")),
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
