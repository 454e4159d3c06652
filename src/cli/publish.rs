//! `counterfoil publish`: a PDF that the accounting system made, from the command line into the client's area.

use std::io::Read;
use std::path::PathBuf;

use jiff::civil::Date;

use super::control::Line;
use super::protocol::{Publish, Published, Request};
use super::{Failure, house, serve, terminal};
use crate::actions::imports::book::{Book, Match, of_email};
use crate::actions::invoices::{self, Publication};
use crate::actions::letters;
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::documents::einvoice::of_pdf;
use crate::domain::access::StaffScope;
use crate::domain::client::Client;
use crate::domain::event::By;
use crate::domain::ids::{ClientId, ProjectId};
use crate::domain::incoming::Incoming;
use crate::domain::invoice::Kind;
use crate::domain::money::{Currency, Money};
use crate::domain::number::DocumentNumber;
use crate::domain::text;
use crate::secrets::Entropy;
use crate::store::clients::fold;
use crate::store::prelude::*;

/// Clients read at once while looking for one.
const PAGE: usize = 500;
/// Clients named when none fits exactly.
const CANDIDATES: usize = 8;

/// Options of `counterfoil publish`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PDF; it is the document, byte for byte. What an e-invoice inside it says need not be said here, and nothing
    /// said here may contradict it
    file: PathBuf,
    /// The client: full name, the firm's own reference, or identifier
    #[arg(long, allow_hyphen_values = true)]
    client: Option<String>,
    /// The document's number as printed
    #[arg(long, allow_hyphen_values = true)]
    number: Option<String>,
    /// Date of issue
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = terminal::day)]
    issued: Option<Date>,
    /// Due date [default: as the client's terms have it, where an e-invoice states none]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = terminal::day)]
    due: Option<Date>,
    /// Amount due for payment, such as 1234.56
    #[arg(long, allow_hyphen_values = true)]
    amount: Option<String>,
    /// ISO 4217 code [default: the e-invoice's, or else the client's]
    #[arg(long)]
    currency: Option<String>,
    /// What it is about
    #[arg(long, default_value = "", allow_hyphen_values = true)]
    title: String,
    /// One of the client's projects: name or identifier
    #[arg(long, allow_hyphen_values = true)]
    project: Option<String>,
    /// The buyer's reference
    #[arg(long, default_value = "", allow_hyphen_values = true)]
    reference: String,
    /// Number of the invoice that this credit note credits [default: the e-invoice's]
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    credits: Option<String>,
    /// The configuration of the house
    #[arg(long, value_name = "FILE", env = "COUNTERFOIL_CONFIG")]
    config: PathBuf,
}

/// Publishes, through the running server or into the data file itself.
///
/// # Errors
/// A sentence; then nothing was changed.
pub fn run(args: Args) -> Result<(), Failure> {
    let config = Config::load(&args.config)?;
    let pdf = read_pdf(&args.file, config.limits.upload_bytes())?;
    let Args { client, number, issued, due, amount, currency, title, project, reference, credits, .. } = args;
    let bytes = pdf.len() as u64;
    let request = Publish { client, number, issued, due, amount, currency, title, project, reference, credits, bytes };
    let published: Published = match Line::connect(&config.data)? {
        Some(mut line) => line.ask(&Request::Publish(request), &pdf, |_| Ok(()))?,
        None => {
            let entropy = Entropy::system();
            let store = house::open_store(&config, &entropy)?;
            let app = house::build_app(&config, store, Clock::system(), entropy)?;
            let published = serve::runtime()?.block_on(perform(&app, &request, pdf))?;
            app.store.close();
            published
        }
    };
    let letters = match published.letters {
        0 => "nobody gets a letter about it".to_owned(),
        1 => "1 letter waits in the outbox".to_owned(),
        n => format!("{n} letters wait in the outbox"),
    };
    terminal::say(&format!("{} is published for {}; {letters}.", published.number, published.client));
    if !published.over.is_empty() {
        terminal::say(&published.over);
    }
    Ok(())
}

fn read_pdf(path: &PathBuf, max: usize) -> Result<Vec<u8>, Failure> {
    let failed = |e| Failure::file(path, &e);
    let mut pdf = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(max as u64 + 1).read_to_end(&mut pdf).map_err(failed)?;
    if pdf.len() > max {
        let mib = max >> 20;
        return Err(Failure::new(format!(
            "{}: larger than {mib} MiB, the limit in [limits] upload_mib.",
            path.display()
        )));
    }
    Ok(pdf)
}

/// Publishes what was asked for.
///
/// # Errors
/// When something in it is unknown or refused.
pub async fn perform(app: &App, request: &Publish, pdf: Vec<u8>) -> Result<Published, Failure> {
    let (publication, client) = app.store.read(|r| publication(r, request, pdf))?;
    let extends = publication.kind == Kind::Invoice;
    let number = invoices::publish(app, By::command_line(), &StaffScope::all(), publication).await?;
    app.wake.notify_one();
    let letters =
        app.store.read(|r| match r.invoice_numbered(&number)?.map(|id| r.invoice(id)).transpose()?.flatten() {
            Some(invoice) => Ok::<_, StoreError>(letters::recipients(r, &invoice)?.len()),
            None => Ok(0),
        })?;
    let over = if extends { app.store.read(|r| over_limit(r, &client))? } else { String::new() };
    Ok(Published { number: number.to_string(), client: client.party.name, letters, over })
}

/// That a client owes more than the credit limit, in words; empty where not.
fn over_limit(r: &ReadTx, client: &Client) -> Result<String, StoreError> {
    let Some(limit) = r.credit_terms(client.id)?.limit.map(|x| x.amount) else { return Ok(String::new()) };
    let (owed, locale) = (Money::new(r.owed_by(client.id, limit.currency)?, limit.currency), r.firm()?.locale);
    if owed.minor <= limit.minor {
        return Ok(String::new());
    }
    let (owed, limit) = (locale.money(owed), locale.money(limit));
    Ok(format!("{} owes {owed} now, more than the credit limit of {limit}.", client.party.name))
}

fn publication(reader: &ReadTx, p: &Publish, pdf: Vec<u8>) -> Result<(Publication, Client), Failure> {
    let read = of_pdf(&pdf).map_err(Failure::new)?;
    let client = match (&p.client, &read) {
        (Some(asked), _) => find_client(reader, asked)?,
        (None, Some(read)) => buyer(reader, read)?,
        (None, None) => return Err(missing("client")),
    };
    let amount = match (&p.amount, &read) {
        (Some(amount), _) => Money::parse("amount", amount, currency(p, read.as_ref(), &client)?)?,
        (None, Some(read)) => read.totals.payable(),
        (None, None) => return Err(missing("amount")),
    };
    let credits = p.credits.clone().or_else(|| read.as_ref().filter(|x| x.credit).map(|x| x.credits.clone()));
    let kind = match &credits {
        Some(number) => credited(reader, number, client.id)?,
        None => Kind::Invoice,
    };
    let project = match &p.project {
        Some(name) => Some(find_project(reader, client.id, name)?),
        None => None,
    };
    let number = match &p.number {
        Some(number) => number.parse::<DocumentNumber>()?,
        None => read.as_ref().map(|x| x.number.clone()).ok_or_else(|| missing("number"))?,
    };
    let dated = p.issued.or(read.as_ref().map(|x| x.dated)).ok_or_else(|| missing("issued"))?;
    let stated = p.due.or(read.as_ref().and_then(|x| x.due));
    let due = match (stated, &read, kind) {
        (Some(due), ..) => due,
        (None, Some(_), Kind::Invoice) => client.terms.due(dated),
        (None, Some(_), Kind::CreditNote(_)) => dated,
        (None, None, _) => return Err(missing("due")),
    };
    let reference = match (p.reference.as_str(), &read) {
        ("", Some(read)) => read.reference.clone(),
        (typed, _) => text::line("reference", typed, text::LINE_MAX)?,
    };
    let publication = Publication {
        client: client.id,
        project,
        kind,
        number,
        title: text::line("title", &p.title, text::LINE_MAX)?,
        dated,
        due,
        amount,
        reference,
        recipients: Vec::new(),
        read: read.map(Box::new),
        drop: None,
        pdf,
    };
    Ok((publication, client))
}

fn missing(option: &str) -> Failure {
    Failure::new(format!("Say --{option}: no e-invoice inside the PDF says it."))
}

fn currency(p: &Publish, read: Option<&Incoming>, client: &Client) -> Result<Currency, Failure> {
    match (&p.currency, read) {
        (Some(code), _) => Ok(code.parse()?),
        (None, Some(read)) => Ok(read.currency),
        (None, None) => Ok(client.currency),
    }
}

/// The client whom an e-invoice charges: by VAT number, electronic address, name, or the address of a contact.
fn buyer(reader: &ReadTx, read: &Incoming) -> Result<Client, Failure> {
    let name = &read.buyer.name;
    let id = match Book::gather(reader, &StaffScope::all())?.buyer(&read.buyer) {
        Match::One(id) => Some(id),
        Match::Several => {
            return Err(Failure::new(format!("Several clients are called {name:?}; say which with --client.")));
        }
        Match::None => of_email(reader, &read.buyer.contact.email)?,
    };
    let client = id.map(|id| reader.client(id)).transpose()?.flatten();
    client.ok_or_else(|| {
        Failure::new(format!("No client is called {name:?}, as the e-invoice says; say which with --client."))
    })
}

/// The client of exactly that name, reference or identifier. A part of a name only helps to name candidates: a document
/// must not reach another client by a slip of the hand.
pub(super) fn find_client(reader: &ReadTx, asked: &str) -> Result<Client, Failure> {
    let wanted = fold(asked);
    let (mut exact, mut near) = (Vec::new(), Vec::new());
    let mut after: Option<(String, ClientId)> = None;
    loop {
        let page = reader.clients_by_name("", after.as_ref().map(|(name, id)| (name.as_str(), *id)), PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some((fold(&last.party.name), last.id));
        for client in page {
            let name = fold(&client.party.name);
            if name == wanted || fold(&client.reference) == wanted || client.id.to_string() == wanted {
                exact.push(client);
            } else if near.len() < CANDIDATES && !wanted.is_empty() && name.contains(&wanted) {
                near.push(client);
            }
        }
    }
    match (exact.len(), near.is_empty()) {
        (1, _) => Ok(exact.remove(0)),
        (0, true) => {
            Err(Failure::new(format!("No client is called \"{asked}\", and none has it as reference or number.")))
        }
        (0, false) => {
            Err(Failure::new(format!("No client is called exactly \"{asked}\". Did you mean: {}?", listed(&near))))
        }
        _ => Err(Failure::new(format!("\"{asked}\" fits several clients; use the number: {}.", listed(&exact)))),
    }
}

fn listed(clients: &[Client]) -> String {
    let one = |c: &Client| format!("{} (number {})", c.party.name, c.id);
    clients.iter().take(CANDIDATES).map(one).collect::<Vec<_>>().join(", ")
}

pub(super) fn find_project(reader: &ReadTx, client: ClientId, asked: &str) -> Result<ProjectId, Failure> {
    let wanted = fold(asked);
    let all = reader.projects_of(client)?;
    let fits: Vec<_> = all.iter().filter(|p| fold(&p.name) == wanted || p.id.to_string() == wanted).collect();
    match fits.as_slice() {
        [one] => Ok(one.id),
        _ => {
            let names: Vec<_> = all.iter().map(|p| format!("{} (number {})", p.name, p.id)).collect();
            let known = if names.is_empty() { "it has none".to_owned() } else { names.join(", ") };
            Err(Failure::new(format!("\"{asked}\" is not one project of this client; {known}.")))
        }
    }
}

fn credited(reader: &ReadTx, number: &str, client: ClientId) -> Result<Kind, Failure> {
    let parsed: DocumentNumber = number.parse()?;
    let found = match reader.invoice_numbered(&parsed)? {
        Some(id) => reader.invoice(id)?.filter(|invoice| invoice.client == client),
        None => None,
    };
    let found = found.ok_or_else(|| Failure::new(format!("This client has no invoice {number} here to credit.")))?;
    Ok(Kind::CreditNote(found.id))
}
