//! A house on an encrypted data file whose clients all have one open invoice, with a reminder on one morning.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use counterfoil::actions::people::{NewContact, NewStaff};
use counterfoil::actions::{clients, clients::NewClient, firm, people};
use counterfoil::app::App;
use counterfoil::cli::house;
use counterfoil::clock::Clock;
use counterfoil::config::Config;
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::client::Party;
use counterfoil::domain::event::{Actor, By, Event};
use counterfoil::domain::firm::{BankDetails, Firm, Letterhead, Locale, Paper, Series};
use counterfoil::domain::grant::{Session, Strength};
use counterfoil::domain::ids::{ClientId, ContactId, FileRef, InvoiceId, StaffId};
use counterfoil::domain::invoice::{Body, Invoice, Issue, Kind, References};
use counterfoil::domain::money::{Currency, Money};
use counterfoil::domain::number::Pattern;
use counterfoil::domain::person::{Person, ProjectAccess, Rights, Role};
use counterfoil::domain::refusal::Refusal;
use counterfoil::domain::reminder::{next_wake, plan};
use counterfoil::domain::tax::Totals;
use counterfoil::domain::terms::{DueRule, Terms};
use counterfoil::domain::text::EmailAddress;
use counterfoil::mail::Mailer;
use counterfoil::secrets::{Entropy, Token};
use counterfoil::store::CACHE_DEFAULT;
use counterfoil::store::bulk::{Batch, Line};
use counterfoil::store::chain::EvidenceKeys;
use counterfoil::store::crypt::{self, Cipher};
use counterfoil::store::keys::{Secret, generate_key_file, key_to_text};
use counterfoil::store::prelude::*;
use counterfoil::web::guard::SESSION_COOKIE;
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};

/// Clients or invoices in one commit.
const AT_ONCE: u64 = 2_000;
/// When the house is made, and the day on which all invoices are due.
const MADE: &str = "2026-11-02T09:00:00Z";
const DUE: Date = date(2026, 12, 1);
const KEY: &str = "key";
const PDF: &[u8] = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n";

pub struct House {
    pub app: App,
    pub config: Config,
    /// When every client has a reminder due, by the firm's standard policy.
    pub morning: Timestamp,
}

impl House {
    /// Makes it in a folder and closes it.
    pub fn make(folder: &Path, clients: u64) {
        let (entropy, key) = (Entropy::system(), generate_key_file(&Entropy::system()));
        write_key(&folder.join(KEY), key_to_text(&key).as_str());
        let (secret, data_file) = (Secret::KeyFile(key), house::data_file(folder));
        crypt::create(&data_file, &[secret], Cipher::for_this_machine(), &entropy).expect("a data file");
        let config = config(folder, 25, CACHE_DEFAULT >> 20);
        let store = house::open_store(&config, &entropy).expect("a store");
        let made: Timestamp = MADE.parse().expect("an instant");
        let owner = found(&store, &entropy, made);
        let app = house::build_app(&config, store, Clock::fixed(made), entropy).expect("an app");
        for from in (0..clients).step_by(usize::try_from(AT_ONCE).expect("a number")) {
            add_clients(&app, owner, from, clients.min(from + AT_ONCE));
        }
        publish(&app, owner, clients);
        app.store.close();
    }

    /// Opens what [`House::make`] made, with letters that go to this port of the machine and a data file with such a
    /// cache in MiB; the clock stands still on the evening before.
    pub fn open(folder: &Path, mail_port: u16, cache: usize) -> Self {
        let (config, entropy) = (config(folder, mail_port, cache), Entropy::system());
        let store = house::open_store(&config, &entropy).expect("a store");
        let app = house::build_app(&config, store, Clock::fixed(Timestamp::UNIX_EPOCH), entropy).expect("an app");
        let morning = morning(&app);
        app.clock.set(morning - 15.hours());
        Self { app, config, morning }
    }

    /// As [`House::app`], with no way out for letters.
    pub fn without_mail(&self) -> App {
        App { mailer: Arc::new(Mailer::Nowhere), ..self.app.clone() }
    }

    /// The cookie of somebody who signed in.
    pub fn cookie(&self, person: Person) -> String {
        let (token, now) = (Token::draw(&self.app.entropy), self.app.now());
        let (digest, strength) = (token.digest(), Strength::Password);
        let keep = move |w: &mut WriteTx<'_>| {
            w.put_session(digest, &Session { person, strength, since: now, used: now })?;
            w.record(About::FIRM, Event::SignedIn { entrance: counterfoil::domain::event::Entrance::Password })
                .map(|x| x.done(()))
                .map_err(ActError::from)
        };
        self.app.store.write_blocking(By::command_line(), now, keep).expect("a session");
        format!("{SESSION_COOKIE}={}", token.reveal())
    }
}

fn config(folder: &Path, mail_port: u16, cache: usize) -> Config {
    let key_file = folder.join(KEY);
    let text = format!(
        "url = \"https://127.0.0.1\"\ndata = {folder:?}\n[key]\nfile = {key_file:?}\n[listen]\naddress = \
         \"127.0.0.1:0\"\ntls = \"self-signed\"\n[mail]\ntransport = \"smtp\"\nhost = \"127.0.0.1\"\nport = \
         {mail_port}\nsecurity = \"none\"\nfrom_address = \"billing@hartmann.example\"\nletters_per_minute = 0\n\
         [reminders]\nzone = \"Europe/Dublin\"\n[limits]\ncache_mib = {cache}\n"
    );
    Config::parse(&text, &folder.join("counterfoil.toml")).expect("a configuration")
}

fn write_key(path: &Path, text: &str) {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| writeln!(file, "{text}")).expect("a key file");
}

/// The firm and its owner.
fn found(store: &Store, entropy: &Entropy, at: Timestamp) -> StaffId {
    let pattern = |text| Pattern::parse("series", text).expect("a pattern");
    let firm = Firm {
        party: Party { name: "Hartmann".to_owned(), country: "IE".to_owned(), ..Party::default() },
        trade: String::new(),
        registration: String::new(),
        email: Some(EmailAddress::parse("email", "office@hartmann.example").expect("an address")),
        phone: String::new(),
        correspondent: String::new(),
        bank: BankDetails::default(),
        colour: "#1f4d3a".to_owned(),
        logo: None,
        currency: Currency::EUR,
        terms: DueRule::Days(30),
        vat_rates: Vec::new(),
        series: Series {
            invoice: pattern("A-{00000}"),
            credit_note: pattern("C-{0000}"),
            quote: pattern("Q-{0000}"),
            receipt: pattern("R-{0000}"),
        },
        locale: Locale::default(),
        language: Default::default(),
        paper: Paper::default(),
        quote_terms: String::new(),
    };
    let owner = NewStaff {
        name: "Orla Byrne".to_owned(),
        email: EmailAddress::parse("email", "orla@hartmann.example").expect("an address"),
        role: Role::Owner,
        only_clients: None,
        active: true,
        invite: false,
    };
    let keys = EvidenceKeys::draw(entropy);
    let act = move |w: &mut WriteTx<'_>| firm::set_up(w, &firm, &owner, &keys);
    store.write_blocking(By::command_line(), at, act).expect("a firm")
}

fn party(n: u64) -> Party {
    Party { name: format!("Client {n} Ltd"), city: "Sligo".to_owned(), country: "IE".to_owned(), ..Party::default() }
}

/// Clients, each with one contact.
fn add_clients(app: &App, owner: StaffId, from: u64, to: u64) {
    let by = By { actor: Actor::Staff(owner), address: None };
    let act = move |w: &mut WriteTx<'_>| {
        let (scope, mut last) = (StaffScope::all(), None);
        for n in from..to {
            let new = NewClient {
                party: party(n + 1),
                reference: String::new(),
                language: None,
                currency: Currency::EUR,
                terms: DueRule::Days(30),
                manager: Some(owner),
                note: String::new(),
            };
            let client = clients::add(w, &scope, &new)?.value();
            let rights =
                Rights { billing: true, answer: true, letters: true, documents: false, projects: ProjectAccess::All };
            let contact = NewContact {
                name: format!("Una Power {n}"),
                title: "Accounts".to_owned(),
                email: EmailAddress::parse("email", &format!("accounts@client-{n}.example")).map_err(Refusal::from)?,
                phone: String::new(),
                language: None,
                zone: None,
                rights,
                leads: false,
                invite: false,
            };
            last = Some(people::add_contact(w, &scope, client, &contact)?.map_done::<(), ActError>(())?);
        }
        last.ok_or_else(|| Refusal::NotFound.into())
    };
    app.store.write_blocking(by, app.now(), act).expect("clients");
}

/// When the first reminder of all falls.
fn morning(app: &App) -> Timestamp {
    let policy = app.store.read(|r| r.policy()).expect("a policy");
    let (planned, made) = (plan(DUE, &policy, &app.settings.zone), MADE.parse().expect("an instant"));
    next_wake(&planned, made, &BTreeSet::new(), made).expect("a reminder")
}

/// One open invoice for each client, in large batches.
fn publish(app: &App, owner: StaffId, count: u64) {
    let (at, by) = (app.now(), By { actor: Actor::Staff(owner), address: None });
    let (firm, morning) = (app.store.read(|r| r.firm()).expect("a firm"), morning(app));
    let (settings, mut from) = (app.settings.clone(), 0);
    while from < count {
        let (to, firm, by, settings) = (count.min(from + AT_ONCE), Firm::clone(&firm), by.clone(), settings.clone());
        let author = by.clone();
        let act = move |w: &mut WriteTx<'_>| {
            let pdf = FileRef {
                digest: w.put_file(PDF)?,
                length: PDF.len() as u64,
                name: "invoice.pdf".to_owned(),
                media_type: "application/pdf".to_owned(),
            };
            let dated = counterfoil::domain::calendar::today(at, &settings.zone);
            let mut batch = Batch { sequences: vec![("invoice".to_owned(), to)], ..Batch::default() };
            for n in from + 1..=to {
                let invoice = invoice(n, &firm, owner, dated, at, pdf.clone())?;
                let about = About::invoice(invoice.client, invoice.id);
                let number = invoice.number().cloned().ok_or(Refusal::NotFound)?;
                let (total, digest) = (invoice.payable(), pdf.digest);
                let event = Event::InvoicePublished { invoice: invoice.id, number, total, digest };
                batch.lines.push(Line { at, by: author.clone(), about, event });
                batch.reminders.push((invoice.id, morning));
                batch.documents.push(invoice);
            }
            w.put_batch(&batch)?.map(|x| x.done(())).ok_or_else(|| Refusal::NotFound.into())
        };
        app.store.write_blocking(by, at, act).expect("invoices");
        from = to;
    }
}

fn invoice(n: u64, firm: &Firm, owner: StaffId, dated: Date, at: Timestamp, pdf: FileRef) -> Result<Invoice, ActError> {
    let amount = Money::new(120_000 + i64::try_from(n).unwrap_or(0), Currency::EUR);
    let number = firm.series.invoice.write(dated.year(), n).map_err(Refusal::from)?;
    let pdf = FileRef { name: number.file_name("pdf"), ..pdf };
    let issue = Issue {
        number,
        at,
        by: Some(owner),
        pdf,
        seller: firm.party.clone(),
        buyer: party(n),
        letterhead: Letterhead::of(firm),
        totals: Totals::only(amount),
        elsewhere: None,
    };
    Ok(Invoice {
        id: InvoiceId(n),
        client: ClientId(n),
        project: None,
        kind: Kind::Invoice,
        title: "Lease of Unit 4".to_owned(),
        currency: Currency::EUR,
        dated,
        due: DUE,
        terms: Terms::default(),
        reference: String::new(),
        references: References::default(),
        delivered: None,
        period: None,
        note: String::new(),
        body: Body::Published(amount),
        recipients: Vec::new(),
        quote: None,
        late: None,
        issue: Some(issue),
        changed: at,
    })
}

/// The people whose pages are asked for: the owner, and the first client's contact.
pub const OWNER: Person = Person::Staff(StaffId(1));
pub const CONTACT: Person = Person::Contact(ContactId(1));
