//! The test house: a small firm with named people, a clock that stands until it is moved, and letters kept in memory.
//!
//! It fails a test that leaves a letter unclaimed or a data file that contradicts itself.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use argon2::password_hash::{PasswordHasher, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use counterfoil::actions::clients::NewClient;
use counterfoil::actions::documents::Place;
use counterfoil::actions::invoices::{Draft, Publication};
use counterfoil::actions::payments::{Apply, NewReceipt};
use counterfoil::actions::people::{NewContact, NewStaff};
use counterfoil::actions::restored::Release;
use counterfoil::actions::uploads::{Arrived, Upload};
use counterfoil::actions::{clients, documents, firm, invoices, payments, people, restored};
use counterfoil::app::{App, FileLimits, Settings};
use counterfoil::clock::Clock;
use counterfoil::documents::Fonts;
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::client::Party;
use counterfoil::domain::event::{Actor, By, Event};
use counterfoil::domain::firm::{BankDetails, Firm, Locale, Paper, Series};
use counterfoil::domain::ids::{ClientId, ContactId, DocumentId, InvoiceId, ProjectId, ReceiptId, StaffId};
use counterfoil::domain::invoice::{Kind, References};
use counterfoil::domain::money::{Currency, Money};
use counterfoil::domain::number::{DocumentNumber, Pattern};
use counterfoil::domain::payment::Method;
use counterfoil::domain::person::{Person, ProjectAccess, Rights, Role};
use counterfoil::domain::tax::{Content, Line, Unit, Vat, VatCategory};
use counterfoil::domain::terms::{DueRule, Instalment, Terms};
use counterfoil::domain::text::EmailAddress;
use counterfoil::mail::{Kept, Mailer, MemoryMailer, Outgoing};
use counterfoil::scheduler::{self, Ticked};
use counterfoil::secrets::Entropy;
use counterfoil::store::backing::Backing;
use counterfoil::store::chain::EvidenceKeys;
use counterfoil::store::crypt::{self, Cipher};
use counterfoil::store::keys::Secret;
use counterfoil::store::prelude::*;
use counterfoil::store::verify;
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use rust_decimal::Decimal;

/// The password of everybody in the house.
pub const PASSWORD: &str = "amber kettle under nine bridges";
/// Small, so that tests do not wait.
const CACHE: usize = 8 << 20;

/// Who is who.
#[derive(Clone, Copy, Debug)]
pub struct People {
    pub orla: StaffId,
    pub tom: StaffId,
    /// Sees Marlow Ceramics only.
    pub maeve: StaffId,
    pub jonas: StaffId,
    pub marlow: ClientId,
    pub kestrel: ClientId,
    /// Marlow's project, the only one that Joe sees.
    pub glaze: ProjectId,
    /// Billing, answers, letters.
    pub ana: ContactId,
    /// Billing, no letters.
    pub peter: ContactId,
    /// No billing; sees the documents of the project Glaze only.
    pub joe: ContactId,
    /// At Kestrel: billing, answers, letters.
    pub sofia: ContactId,
    /// At Marlow, revoked.
    pub rita: ContactId,
}

pub struct TestHouse {
    pub app: App,
    pub mail: MemoryMailer,
    pub who: People,
    claimed: Mutex<HashSet<u64>>,
    /// False where a test damages the file on purpose, or does not care about letters.
    checks_mail: bool,
    checks_store: bool,
}

pub fn dublin() -> TimeZone {
    TimeZone::get("Europe/Dublin").unwrap()
}

pub fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

pub fn email(text: &str) -> EmailAddress {
    EmailAddress::parse("email", text).unwrap()
}

/// The firm that everybody works for.
pub fn hartmann() -> Firm {
    let pattern = |text| Pattern::parse("series", text).unwrap();
    Firm {
        party: Party { vat_id: "IE3456789KH".to_owned(), ..party("Hartmann & Finch LLP") },
        trade: "Solicitors".to_owned(),
        registration: "Registered in Dublin 412 207".to_owned(),
        email: Some(email("accounts@hartmann.example")),
        phone: "+353 1 555 0100".to_owned(),
        correspondent: "Orla Byrne".to_owned(),
        bank: BankDetails::default(),
        colour: "#1f4d3a".to_owned(),
        logo: None,
        currency: Currency::EUR,
        terms: DueRule::Days(30),
        vat_rates: [Decimal::from(23), Decimal::new(135, 1), Decimal::ZERO]
            .map(|rate| Vat { category: VatCategory::Standard, rate })
            .into(),
        series: Series {
            invoice: pattern("HF-{YYYY}-{0000}"),
            credit_note: pattern("CN-{YYYY}-{0000}"),
            quote: pattern("Q-{YYYY}-{0000}"),
            receipt: pattern("R-{YYYY}-{0000}"),
        },
        locale: Locale::default(),
        language: Default::default(),
        paper: Paper::default(),
        quote_terms: String::new(),
    }
}

pub fn party(name: &str) -> Party {
    let (address, city) = (vec!["4 Mill Lane".to_owned()], "Dublin 8".to_owned());
    Party { name: name.to_owned(), address, city, country: "IE".to_owned(), ..Party::default() }
}

pub fn new_client(name: &str) -> NewClient {
    NewClient {
        party: party(name),
        reference: String::new(),
        language: None,
        currency: Currency::EUR,
        terms: DueRule::Days(30),
        manager: None,
        note: String::new(),
    }
}

pub fn new_contact(name: &str, address: &str, rights: Rights) -> NewContact {
    NewContact {
        name: name.to_owned(),
        title: String::new(),
        email: email(address),
        phone: String::new(),
        language: None,
        zone: None,
        rights,
        leads: false,
        invite: false,
    }
}

pub fn rights(billing: bool, answer: bool, letters: bool) -> Rights {
    Rights { billing, answer, letters, documents: billing, projects: ProjectAccess::All }
}

fn new_staff(name: &str, address: &str, role: Role) -> NewStaff {
    NewStaff { name: name.to_owned(), email: email(address), role, only_clients: None, active: true, invite: false }
}

/// One line without VAT, so that its price is what is to be paid.
pub fn line(minor: i64) -> Line {
    Line {
        description: "Advice".to_owned(),
        quantity: Decimal::ONE,
        unit: Unit::default(),
        price: Decimal::new(minor, 2),
        vat: Vat::new("vat", VatCategory::Zero, Decimal::ZERO).unwrap(),
        ..Line::default()
    }
}

/// The smallest PDF that is taken, with `mark` in it.
pub fn pdf(mark: &str) -> Vec<u8> {
    format!("%PDF-1.7\n% {mark}\n{}startxref\n9\n%%EOF\n", " ".repeat(300)).into_bytes()
}

/// A hash of [`PASSWORD`] that costs next to nothing.
fn cheap_hash() -> String {
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
    let salt = SaltString::encode_b64(b"a salt for tests").unwrap();
    argon.hash_password(PASSWORD.as_bytes(), &salt).unwrap().to_string()
}

/// An app on any store, at `now`.
pub fn app_on(store: Store, now: Timestamp, mailer: Mailer, seed: u64) -> App {
    App {
        store,
        clock: Clock::fixed(now),
        entropy: Entropy::seeded(seed),
        mailer: Arc::new(mailer),
        fonts: Arc::new(Fonts::embedded()),
        settings: Arc::new(Settings {
            url: "https://portal.hartmann.example".to_owned(),
            zone: dublin(),
            from: ("Hartmann & Finch LLP".to_owned(), "portal@hartmann.example".to_owned()),
            reply_to: None,
            upload_max: 10 << 20,
            files: FileLimits::of_mib(64, 96, 128),
            backup: None,
            drop: None,
            bounces: None,
            demo: false,
        }),
        wake: Arc::default(),
        points: Arc::default(),
    }
}

/// The secret of data files on disk.
pub fn key() -> Secret {
    Secret::KeyFile([7; 32].into())
}

/// Opens an encrypted data file, made if it is not there.
pub fn open_file(path: &Path) -> Store {
    let entropy = Entropy::system();
    if !path.exists() {
        crypt::create(path, &[key()], Cipher::for_this_machine(), &entropy).unwrap();
    }
    let opened = crypt::open(path, &key(), &entropy).unwrap();
    Store::open(opened.backend, CACHE, opened.needs_check).unwrap()
}

impl TestHouse {
    /// In memory, on Monday 23 November 2026, nine in the morning.
    pub async fn new() -> Self {
        Self::on(redb::backends::InMemoryBackend::new(), 1).await
    }

    /// In memory, with other randomness.
    pub async fn seeded(seed: u64) -> Self {
        Self::on(redb::backends::InMemoryBackend::new(), seed).await
    }

    /// In an encrypted file.
    pub async fn in_file(path: &Path) -> Self {
        Self::furnish(open_file(path), 1).await
    }

    /// On a store that is open and empty.
    pub async fn on_store(store: Store) -> Self {
        Self::furnish(store, 1).await
    }

    /// On a store that is open and empty, with other randomness.
    pub async fn seeded_on_store(store: Store, seed: u64) -> Self {
        Self::furnish(store, seed).await
    }

    async fn on(backend: impl Backing, seed: u64) -> Self {
        Self::furnish(Store::open(backend, CACHE, false).unwrap(), seed).await
    }

    async fn furnish(store: Store, seed: u64) -> Self {
        let now = dublin().to_timestamp(date(2026, 11, 23).at(9, 0, 0, 0)).unwrap();
        let mail = MemoryMailer::default();
        let app = app_on(store, now, Mailer::Memory(mail.clone()), seed);
        let who = move_in(&app).await;
        Self { app, mail, who, claimed: Mutex::default(), checks_mail: true, checks_store: true }
    }

    /// For tests in which letters are beside the point.
    pub fn heedless_of_mail(mut self) -> Self {
        self.checks_mail = false;
        self
    }

    /// For tests that damage the data file.
    pub fn heedless_of_store(mut self) -> Self {
        self.checks_store = false;
        self
    }

    pub fn scope(&self, staff: StaffId) -> StaffScope {
        let staff = self.app.store.read(|r| r.staff(staff)).unwrap().unwrap();
        StaffScope::of(&staff).unwrap()
    }

    pub fn by(&self, staff: StaffId) -> By {
        By { actor: Actor::Staff(staff), address: None }
    }

    /// Lets a person of the firm act.
    pub async fn act<T: Send + 'static>(
        &self,
        staff: StaffId,
        mut act: impl FnMut(&mut WriteTx<'_>, &StaffScope) -> Result<Done<T>, ActError> + Send + 'static,
    ) -> Result<T, ActError> {
        let scope = self.scope(staff);
        self.app.store.write(self.by(staff), self.app.now(), move |w| act(w, &scope)).await
    }

    /// A draft of one line, by Orla.
    pub async fn draft(&self, client: ClientId, minor: i64, due: Date) -> InvoiceId {
        let draft = self.draft_of(client, minor, due);
        self.act(self.who.orla, move |w, scope| invoices::save_draft(w, scope, None, &draft)).await.unwrap()
    }

    pub fn draft_of(&self, client: ClientId, minor: i64, due: Date) -> Draft {
        Draft {
            client,
            project: None,
            title: "Lease of Unit 4".to_owned(),
            currency: Currency::EUR,
            dated: self.app.today().min(due),
            due,
            terms: Terms::default(),
            reference: String::new(),
            references: References::default(),
            delivered: None,
            period: None,
            note: String::new(),
            content: Content::of(vec![line(minor)]),
            recipients: Vec::new(),
        }
    }

    /// Issues an invoice of one line, by Orla.
    pub async fn issue(&self, client: ClientId, minor: i64, due: Date) -> (InvoiceId, DocumentNumber) {
        let id = self.draft(client, minor, due).await;
        let (by, scope) = (self.by(self.who.orla), self.scope(self.who.orla));
        (id, invoices::issue(&self.app, by, &scope, id).await.unwrap())
    }

    /// Issues an invoice to Marlow of so much on each of these days.
    pub async fn in_instalments(&self, days: &[Date], minor: i64) -> (InvoiceId, DocumentNumber) {
        let instalments: Vec<Instalment> = days.iter().map(|&due| Instalment { due, amount: minor }).collect();
        let (all, last) = (minor * instalments.len() as i64, days[days.len() - 1]);
        let terms = Terms { instalments, early: None };
        let draft = Draft { terms, ..self.draft_of(self.who.marlow, all, last) };
        let id = self.act(self.who.orla, move |w, s| invoices::save_draft(w, s, None, &draft)).await.unwrap();
        (id, invoices::issue(&self.app, self.by(self.who.orla), &self.scope(self.who.orla), id).await.unwrap())
    }

    pub fn publication(&self, client: ClientId, number: &str, minor: i64, due: Date) -> Publication {
        Publication {
            client,
            project: None,
            kind: Kind::Invoice,
            number: number.parse().unwrap(),
            title: "Year-end accounts".to_owned(),
            dated: self.app.today().min(due),
            due,
            amount: eur(minor),
            reference: String::new(),
            recipients: Vec::new(),
            read: None,
            drop: None,
            pdf: pdf(number),
        }
    }

    /// Publishes a PDF, by Orla.
    pub async fn publish(&self, client: ClientId, number: &str, minor: i64, due: Date) -> InvoiceId {
        let publication = self.publication(client, number, minor, due);
        let (by, scope) = (self.by(self.who.orla), self.scope(self.who.orla));
        let number = invoices::publish(&self.app, by, &scope, publication).await.unwrap();
        self.app.store.read(|r| r.invoice_numbered(&number)).unwrap().unwrap()
    }

    pub fn receipt(&self, client: ClientId, minor: i64, apply: Apply) -> NewReceipt {
        let on = self.app.today();
        NewReceipt {
            client,
            amount: eur(minor),
            on,
            method: Method::Transfer,
            reference: String::new(),
            apply,
            once: None,
        }
    }

    /// A text file that arrived for a client and is not put to use yet.
    pub async fn arrive(&self, client: ClientId, name: &str, bytes: &[u8]) -> Result<Arrived, ActError> {
        let scope = self.scope(self.who.orla);
        let mut upload = Upload::begin(&self.app, &scope, client, name, Some(bytes.len() as u64)).await?;
        upload.push(bytes).await?;
        upload.finish().await
    }

    async fn post_to(&self, place: Place, client: ClientId, words: &str) -> DocumentId {
        let arrived = self.arrive(client, &format!("{words}.txt"), words.as_bytes()).await.unwrap();
        let (by, scope) = (self.by(self.who.orla), self.scope(self.who.orla));
        documents::post(&self.app, by, &scope, place, String::new(), arrived).await.unwrap().0
    }

    /// Posts a document of these words, by Orla.
    pub async fn post(&self, client: ClientId, project: Option<ProjectId>, words: &str) -> DocumentId {
        self.post_to(Place::New { client, project, title: words.to_owned() }, client, words).await
    }

    /// Posts a new version of these words, by Orla.
    pub async fn post_version(&self, document: DocumentId, words: &str) {
        let client = self.app.store.read(|r| r.document(document)).unwrap().unwrap().client;
        self.post_to(Place::Version(document), client, words).await;
    }

    /// Records money received today: the invoices named first, then the oldest due.
    pub async fn pay(&self, client: ClientId, minor: i64, named: Vec<InvoiceId>) -> ReceiptId {
        let new = self.receipt(client, minor, Apply::Default(named));
        self.act(self.who.orla, move |w, scope| payments::record(w, scope, &new)).await.unwrap()
    }

    /// What is open of an invoice, in cents.
    pub fn open(&self, id: InvoiceId) -> i64 {
        self.app.store.read(|r| r.invoice_row(id)).unwrap().unwrap().open().minor
    }

    /// Moves the clock to this wall-clock time in Dublin.
    pub fn at(&self, day: Date, hour: i8) {
        self.app.clock.set(dublin().to_timestamp(day.at(hour, 0, 0, 0)).unwrap());
    }

    /// Moves the clock on.
    pub fn later(&self, by: SignedDuration) {
        self.app.clock.set(self.app.now() + by);
    }

    /// One round of the scheduler.
    pub async fn tick(&self) -> Ticked {
        let ticked = scheduler::tick(&self.app).await;
        assert_eq!(ticked.failures, 0, "a job failed");
        ticked
    }

    /// After so long a stop that nobody can tell it from a clock that is wrong, an owner has looked.
    pub async fn trust_the_clock(&self) {
        self.tick().await;
        self.release_letters().await;
    }

    /// An owner lets all letters go that are held back.
    pub async fn release_letters(&self) {
        let release = |w: &mut WriteTx<'_>, s: &StaffScope| {
            let all = Release::all(&restored::held(w, 10)?);
            restored::release_sending(w, s, &all)
        };
        self.act(self.who.orla, release).await.unwrap();
    }

    /// Takes the oldest unclaimed letter to this address.
    pub fn claim(&self, address: &str) -> Outgoing {
        let kept = self.unclaimed().into_iter().find(|k| k.letter.to_address.eq_ignore_ascii_case(address));
        let kept = kept.unwrap_or_else(|| panic!("no letter to {address}; there are {:?}", self.unclaimed_words()));
        self.claimed.lock().unwrap().insert(kept.number);
        kept.letter
    }

    /// Takes all letters; how many.
    pub fn claim_all(&self) -> usize {
        let all = self.unclaimed();
        self.claimed.lock().unwrap().extend(all.iter().map(|k| k.number));
        all.len()
    }

    pub fn unclaimed(&self) -> Vec<Kept> {
        let claimed = self.claimed.lock().unwrap();
        self.mail.letters().into_iter().filter(|k| !claimed.contains(&k.number)).collect()
    }

    fn unclaimed_words(&self) -> Vec<String> {
        self.unclaimed().iter().map(|k| format!("{}: {}", k.letter.to_address, k.letter.subject)).collect()
    }

    /// Everything that was logged, oldest first.
    pub fn log(&self) -> Vec<Event> {
        let mut all = Vec::new();
        let every = |r: &ReadTx| {
            r.log_backwards(None, |entry| {
                all.push(entry.event);
                true
            })
        };
        self.app.store.read(every).unwrap();
        all.reverse();
        all
    }

    /// The store's own check.
    pub fn verify(&self) -> verify::Report {
        self.app.store.read(|r| verify::whole(r, |_, _, _| {})).unwrap()
    }
}

impl Drop for TestHouse {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        if self.checks_mail {
            assert!(self.unclaimed().is_empty(), "unclaimed letters: {:#?}", self.unclaimed_words());
        }
        if self.checks_store {
            let report = self.verify();
            assert!(report.is_clean(), "the store contradicts itself: {:#?}", report.faults);
        }
    }
}

/// Sets the firm up and adds everybody.
async fn move_in(app: &App) -> People {
    let (store, now) = (&app.store, app.now());
    let by = || By::command_line();
    let owner = new_staff("Orla Byrne", "orla@hartmann.example", Role::Owner);
    let keys = EvidenceKeys::draw(&Entropy::seeded(17));
    let orla = store.write(by(), now, move |w| firm::set_up(w, &hartmann(), &owner, &keys)).await.unwrap();
    let act = move |w: &mut WriteTx<'_>| {
        let all = StaffScope::all();
        let marlow = clients::add(w, &all, &new_client("Marlow Ceramics"))?.value();
        let kestrel = clients::add(w, &all, &new_client("Kestrel Architects"))?.value();
        let glaze = clients::add_project(w, &all, marlow, "Glaze")?.value();
        let mut hire = |new: &NewStaff| Ok::<_, ActError>(people::found_staff(w, &all, new)?.value());
        let tom = hire(&new_staff("Tom Harbour", "tom@hartmann.example", Role::Manager))?;
        let member = new_staff("Maeve Finch", "maeve@hartmann.example", Role::Member);
        let maeve = hire(&NewStaff { only_clients: Some(vec![marlow]), ..member })?;
        let jonas = hire(&new_staff("Jonas Weber", "jonas@hartmann.example", Role::Auditor))?;
        let mut add = |client, name, address, rights| {
            Ok::<_, ActError>(people::add_contact(w, &all, client, &new_contact(name, address, rights))?.value())
        };
        let ana = add(marlow, "Ana Ruiz", "ana@marlow.example", rights(true, true, true))?;
        let peter = add(marlow, "Peter Marlow", "peter@marlow.example", rights(true, false, false))?;
        let only = Rights { documents: true, projects: ProjectAccess::Only(vec![glaze]), ..Rights::default() };
        let joe = add(marlow, "Joe Hynes", "joe@marlow.example", only)?;
        let sofia = add(kestrel, "Sofia Lindqvist", "sofia@kestrel.example", rights(true, true, true))?;
        let rita = add(marlow, "Rita Gone", "rita@marlow.example", rights(true, true, true))?;
        let who = People { orla, tom, maeve, jonas, marlow, kestrel, glaze, ana, peter, joe, sofia, rita };
        let staff = [orla, tom, maeve, jonas].map(Person::Staff);
        let contacts = [ana, peter, joe, sofia, rita].map(Person::Contact);
        for person in staff.into_iter().chain(contacts) {
            w.put_password_hash(person, &cheap_hash())?;
        }
        people::revoke_contact(w, &all, rita)?.map_done(who)
    };
    store.write(by(), now, act).await.unwrap()
}
