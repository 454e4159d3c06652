//! A house with something behind every address, for each of two clients, and a browser for every kind of person.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};

use axum::extract::ConnectInfo;
use axum::http::Method;
use axum::{Extension, Router};
use counterfoil::actions::firm::NewLogo;
use counterfoil::actions::imports::files::{NamedFile, intake};
use counterfoil::actions::imports::table::Reading;
use counterfoil::actions::invoices::Draft;
use counterfoil::actions::payments::Apply;
use counterfoil::actions::people::NewStaff;
use counterfoil::actions::quotes::{Following, NewQuote};
use counterfoil::actions::refunds::NewRefund;
use counterfoil::actions::statements::Asked;
use counterfoil::actions::{
    clients, disputes, documents, drops, firm, imports, invoices, late_payment, payments, people, quotes, recurring,
    refunds, statements,
};
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::backup::SealedIdentity;
use counterfoil::domain::dispute::{Ground, Part, Wish};
use counterfoil::domain::event::{Actor, By};
use counterfoil::domain::grant::{Grant, Opens, Session, Strength};
use counterfoil::domain::ids::{
    AllocationId, ClientId, ContactId, DocumentId, InvoiceId, LetterId, ProjectId, QuoteId, ReceiptId, RecurringId,
    RefundId, StatementId,
};
use counterfoil::domain::late_interest::{RateFrom, YearlyRate};
use counterfoil::domain::late_payment::LatePayment;
use counterfoil::domain::money::Currency;
use counterfoil::domain::number::DocumentNumber;
use counterfoil::domain::payment::{Method as Way, Source};
use counterfoil::domain::person::{Person, Role};
use counterfoil::secrets::{Entropy, Token};
use counterfoil::store::prelude::*;
use counterfoil::store::scope::Pass;
use counterfoil::web::guard::SESSION_COOKIE;
use counterfoil::web::layers::{Hardening, harden};
use counterfoil::web::{assets, problem, routes};
use jiff::SignedDuration;
use jiff::civil::date;

use super::policy::{Of, Who};
use crate::auth::HOST;
use crate::browser::{Answer, Browser};
use crate::desk::firm::PIXEL;
use crate::house::{TestHouse, dublin, email, eur, line, pdf};
use crate::recurring::retainer as retainer_of;

/// What one client has.
pub struct Side {
    pub client: ClientId,
    pub contact: ContactId,
    pub project: ProjectId,
    pub linked: (InvoiceId, DocumentNumber),
    pub published: (InvoiceId, DocumentNumber),
    /// Marlow's dispute of all of it is open; Kestrel's was agreed on.
    pub disputed: (InvoiceId, DocumentNumber),
    pub credit: InvoiceId,
    pub draft: InvoiceId,
    pub quote: (QuoteId, DocumentNumber),
    pub receipt: ReceiptId,
    pub refund: RefundId,
    pub recurring: RecurringId,
    pub receipt_number: DocumentNumber,
    pub month: StatementId,
    pub allocation: AllocationId,
    pub letter: LetterId,
    /// Of two versions, filed under no project.
    pub document: DocumentId,
    /// One that was withdrawn.
    pub withdrawn: DocumentId,
}

pub struct World {
    pub house: TestHouse,
    pub marlow: Side,
    pub kestrel: Side,
    pub sign_in_link: String,
    pub password_link: String,
    pub stop_link: String,
    /// The upload that Orla keeps.
    pub kept: String,
    /// The files to be imported that Orla keeps.
    pub kept_import: String,
    /// The run of drafts that Orla began.
    pub run: String,
    sessions: BTreeMap<Who, String>,
    browsers: BTreeMap<Who, Browser>,
    router: Router,
    strangers: AtomicU16,
}

/// Words that stand in nothing of Marlow's.
pub const KESTREL_WORDS: &[&str] = &[
    "Kestrel",
    "kestrel.example",
    "Sofia",
    "Lindqvist",
    "Nordhaven",
    "KA/2026",
    "98,765",
    "98765",
    "9876543",
    "32,921",
];

/// A router as the server has it, layers and all.
pub fn hardened(house: &TestHouse) -> Router {
    let url = house.app.settings.url.parse().unwrap();
    let hardening = Hardening {
        slow_routes: routes::SLOW.to_vec(),
        from_anywhere: routes::FROM_ANYWHERE.to_vec(),
        problem: problem::early,
        ..Hardening::new(url, Entropy::seeded(9))
    };
    harden(routes::router(house.app.clone()), hardening)
}

/// What is charged for late payment.
fn late() -> LatePayment {
    let rate = RateFrom { from: date(2026, 7, 1), rate: YearlyRate::parse("rate", "10.15").unwrap() };
    LatePayment { on: true, rates: vec![rate], ..LatePayment::standard() }
}

impl World {
    pub async fn new() -> Self {
        let house = TestHouse::new().await.heedless_of_mail();
        let who = house.who;
        let marlow = Side::build(&house, who.marlow, who.ana, "Marlow kiln", "MC/2026-7", 123_00).await;
        let kestrel = Side::build(&house, who.kestrel, who.sofia, "Nordhaven tower", "KA/2026-7", 98_765_43).await;
        let gone = NewStaff {
            name: "Lea Left".to_owned(),
            email: email("lea@hartmann.example"),
            role: Role::Owner,
            only_clients: None,
            active: true,
            invite: false,
        };
        let stays = gone.clone();
        let lea = house.act(who.orla, move |w, scope| people::add_staff(w, scope, &dublin(), &stays)).await.unwrap();
        let people = [
            (Who::Ana, Person::Contact(who.ana), Strength::Password),
            (Who::AnaMailed, Person::Contact(who.ana), Strength::Mailed),
            (Who::AnaLink, Person::Contact(who.ana), Strength::Document(marlow.linked.0)),
            (Who::Joe, Person::Contact(who.joe), Strength::Password),
            (Who::Sofia, Person::Contact(who.sofia), Strength::Password),
            (Who::Rita, Person::Contact(who.rita), Strength::Password),
            (Who::Orla, Person::Staff(who.orla), Strength::Password),
            (Who::Tom, Person::Staff(who.tom), Strength::Password),
            (Who::Maeve, Person::Staff(who.maeve), Strength::Password),
            (Who::Jonas, Person::Staff(who.jonas), Strength::Password),
            (Who::Lea, Person::Staff(lea), Strength::Password),
        ];
        house.act(who.orla, move |w, scope| people::admit_contact(w, scope, who.rita)).await.unwrap();
        let mut sessions = BTreeMap::new();
        for (one, person, strength) in people {
            sessions.insert(one, session(&house, person, strength).await);
        }
        house.act(house.who.orla, move |w, scope| people::revoke_contact(w, scope, who.rita)).await.unwrap();
        let gone = NewStaff { active: false, ..gone };
        house.act(who.orla, move |w, scope| people::change_staff(w, scope, &dublin(), lea, &gone)).await.unwrap();
        let sealed = SealedIdentity { recipient: "age1sealed".to_owned(), file: b"sealed".to_vec() };
        house.act(who.orla, move |w, _| firm::add_backup_passphrase(w, &sealed)).await.unwrap();
        let ana = Person::Contact(who.ana);
        let sign_in_link = grant(&house, ana, Opens::SignIn).await;
        let password_link = grant(&house, ana, Opens::SetPassword).await;
        let stop_link = grant(&house, ana, Opens::StopReminders).await;
        let (router, kept) = (hardened(&house), String::new());
        let logo = NewLogo { bytes: PIXEL.to_vec(), media_type: "image/png".to_owned(), size: (1, 1) };
        house.act(who.orla, move |w, scope| firm::change_logo(w, scope, Some(&logo))).await.unwrap();
        house.act(who.orla, move |w, s| late_payment::change(w, s, 0, &late(), "As the law has it")).await.unwrap();
        drops::take(&house.app, None, "scan.pdf", pdf("dropped")).await.unwrap();
        let table = NamedFile { name: "old.csv".to_owned(), bytes: b"Name,City\nOld Client Ltd,Cork\n".to_vec() };
        let (old, settings) =
            (intake(&[table], &Reading::default(), eur(0).currency, |_, _| {}), house.app.settings.clone());
        let choices = imports::Choices::default();
        let import = move |w: &mut WriteTx<'_>, scope: &StaffScope| {
            imports::perform(w, scope, &settings, &old, choices, |_, _| {})
        };
        house.act(who.orla, import).await.unwrap();
        let browsers = Who::ALL.map(|who| (who, browser_of(&router, who as u16 + 1, sessions.get(&who)))).into();
        let mut world = Self {
            house,
            marlow,
            kestrel,
            sign_in_link,
            password_link,
            stop_link,
            kept,
            kept_import: String::new(),
            run: String::new(),
            sessions,
            browsers,
            router,
            strangers: AtomicU16::new(0),
        };
        world.kept = world.upload().await;
        world.kept_import = world.upload_import().await;
        world.run = world.begin_run().await;
        world
    }

    /// The browser of somebody, as it was when they came, at a network address of their own.
    pub fn browser(&self, who: Who) -> Browser {
        self.browsers[&who].clone()
    }

    /// A browser that has never been here, at an address that nobody had.
    pub fn stranger(&self) -> Browser {
        browser_of(&self.router, 1_000 + self.strangers.fetch_add(1, Ordering::Relaxed), None)
    }

    /// The form token of somebody's session; of no session, none.
    pub fn token(&self, who: Who) -> String {
        self.sessions.get(&who).map_or(String::new(), |s| Token::parse(s).unwrap().derive("form"))
    }

    pub fn log_length(&self) -> u64 {
        self.house.app.store.read(|r| r.log_length()).unwrap()
    }

    async fn upload(&self) -> String {
        let client = self.house.who.marlow.to_string();
        let fields = [
            ("csrf", &*self.token(Who::Orla)),
            ("client", &*client),
            ("kind", "invoice"),
            ("number", "MC/2026-9"),
            ("issued", "2026-11-20"),
            ("due", "2026-12-20"),
            ("amount", "10.00"),
            ("currency", "EUR"),
            ("title", "Kiln"),
            ("do", "check"),
        ];
        let answer = multipart(&mut self.browser(Who::Orla), "/desk/publish", &fields, Some(&pdf("kept"))).await;
        assert!(answer.status.is_redirection(), "{}", answer.text());
        answer.location().strip_prefix("/desk/publish/").unwrap().to_owned()
    }

    /// A run of a draft that is not there, so that it changes nothing.
    async fn begin_run(&self) -> String {
        let fields = [("csrf", &*self.token(Who::Orla)), ("draft", "999999")];
        let answer = self.browser(Who::Orla).post_as_is("/desk/invoices/issue", &fields).await;
        assert!(answer.status.is_redirection(), "{}", answer.text());
        answer.location().strip_prefix("/desk/invoices/issue/").unwrap().to_owned()
    }

    async fn upload_import(&self) -> String {
        let fields = [("csrf", &*self.token(Who::Orla))];
        let table = b"Name,City\nTidal Ltd,Sligo\n";
        let answer = multipart(&mut self.browser(Who::Orla), "/desk/import", &fields, Some(table)).await;
        assert!(answer.status.is_redirection(), "{}", answer.text());
        answer.location().strip_prefix("/desk/import/").unwrap().to_owned()
    }

    /// What the parameters of a route can name, and whose each is; `None` for a parameter that nobody thought of.
    pub fn cases(&self, path: &str) -> Option<Vec<(String, Of)>> {
        let absent = Token::draw(&self.house.app.entropy).reveal();
        let fill = |name: &str, all: Vec<(String, Of)>| -> Vec<(String, Of)> {
            all.into_iter().map(|(value, of)| (path.replace(name, &value), of)).collect()
        };
        let (m, k) = (&self.marlow, &self.kestrel);
        let both = |of: fn(&Side) -> String| {
            vec![
                (of(m), Of::Marlow),
                (of(k), Of::Kestrel),
                ("999999".to_owned(), Of::Absent),
                ("x".to_owned(), Of::Absent),
            ]
        };
        let parameters = path.matches('{').count();
        Some(match path {
            _ if parameters == 0 => vec![(path.to_owned(), Of::Everybody)],
            "/assets/{file}" => vec![
                (assets::href("app.css").to_owned(), Of::Everybody),
                ("/assets/app.css".to_owned(), Of::Absent),
                ("/assets/..%2FCargo.toml".to_owned(), Of::Absent),
            ],
            "/sign-in/link/{token}" => {
                fill("{token}", vec![(self.sign_in_link.clone(), Of::Everybody), (absent, Of::Absent)])
            }
            "/reminders/stop/{token}" => {
                fill("{token}", vec![(self.stop_link.clone(), Of::Everybody), (absent, Of::Absent)])
            }
            "/desk/settings/letters/{letter}" => fill(
                "{letter}",
                vec![
                    ("overdue-en".to_owned(), Of::Everybody),
                    ("several-final-de".to_owned(), Of::Everybody),
                    ("step-3-overdue-en".to_owned(), Of::Everybody),
                    ("step-3-final-en".to_owned(), Of::Absent),
                    ("overdue-fr".to_owned(), Of::Absent),
                    ("x".to_owned(), Of::Absent),
                ],
            ),
            "/password/{token}" => {
                fill("{token}", vec![(self.password_link.clone(), Of::Everybody), (absent, Of::Absent)])
            }
            "/invoices/{number}" => {
                let mut all = Vec::new();
                for end in ["", ".pdf", ".xml", ".cii.xml", ".csv", ".html"] {
                    let named = |n: &DocumentNumber| format!("{}{end}", n.in_url());
                    // Of what another system made there is its PDF and nothing else.
                    let published = |of| if matches!(end, "" | ".pdf") { of } else { Of::Absent };
                    all.extend([
                        (named(&m.disputed.1), Of::Marlow),
                        (named(&m.linked.1), Of::MarlowLinked),
                        (named(&m.published.1), published(Of::Marlow)),
                        (named(&k.linked.1), Of::Kestrel),
                        (named(&k.published.1), published(Of::Kestrel)),
                        (format!("HF-2026-9999{end}"), Of::Absent),
                    ]);
                }
                fill("{number}", all)
            }
            "/quotes/{number}" => {
                let mut all = Vec::new();
                for end in ["", ".pdf", ".csv", ".html"] {
                    let named = |n: &DocumentNumber| format!("{}{end}", n.in_url());
                    all.extend([
                        (named(&m.quote.1), Of::Marlow),
                        (named(&k.quote.1), Of::Kestrel),
                        (format!("Q-2026-9999{end}"), Of::Absent),
                        (named(&m.linked.1), Of::Absent),
                    ]);
                }
                fill("{number}", all)
            }
            "/quotes/{number}/v/{version}" | "/desk/quotes/{id}/v/{version}" => {
                let desk = path.starts_with("/desk");
                let named = |s: &Side, version: &str| {
                    let name = if desk { s.quote.0.to_string() } else { s.quote.1.in_url() };
                    path.replace("{id}", &name).replace("{number}", &name).replace("{version}", version)
                };
                vec![
                    (named(m, "1"), Of::Marlow),
                    (named(m, "2.csv"), Of::Marlow),
                    (named(m, "1.pdf"), Of::Marlow),
                    (named(k, "1"), Of::Kestrel),
                    (named(k, "2.html"), Of::Kestrel),
                    (named(m, "3"), Of::Absent),
                    (named(m, "0.pdf"), Of::Absent),
                    (named(m, "1.xml"), Of::Absent),
                    (named(k, "x"), Of::Absent),
                ]
            }
            "/invoices/{number}/promise"
            | "/invoices/{number}/promise/withdrawal"
            | "/invoices/{number}/dispute"
            | "/invoices/{number}/dispute/withdrawal" => fill(
                "{number}",
                vec![
                    (m.disputed.1.in_url(), Of::Marlow),
                    (k.disputed.1.in_url(), Of::Kestrel),
                    (m.linked.1.in_url(), Of::MarlowLinked),
                    (m.published.1.in_url(), Of::Marlow),
                    (k.linked.1.in_url(), Of::Kestrel),
                    ("HF-2026-9999".to_owned(), Of::Absent),
                    (format!("{}.pdf", m.linked.1.in_url()), Of::Absent),
                    (m.quote.1.in_url(), Of::Absent),
                ],
            ),
            "/quotes/{number}/acceptance" | "/quotes/{number}/decline" => fill(
                "{number}",
                vec![
                    (m.quote.1.in_url(), Of::Marlow),
                    (k.quote.1.in_url(), Of::Kestrel),
                    ("Q-2026-9999".to_owned(), Of::Absent),
                    (format!("{}.pdf", m.quote.1.in_url()), Of::Absent),
                    (m.linked.1.in_url(), Of::Absent),
                ],
            ),
            "/statements/{id}" => {
                let mut all = Vec::new();
                for end in ["", ".pdf", ".csv", ".html"] {
                    all.extend([
                        (format!("{}{end}", m.month), Of::Marlow),
                        (format!("{}{end}", k.month), Of::Kestrel),
                        (format!("999999{end}"), Of::Absent),
                    ]);
                }
                all.push((format!("{}.xml", m.month), Of::Absent));
                fill("{id}", all)
            }
            "/desk/statements/{id}" => {
                let mut all = both(|s| format!("{}.pdf", s.month));
                all.extend(both(|s| format!("{}.csv", s.month)));
                all.push((m.month.to_string(), Of::Absent));
                fill("{id}", all)
            }
            "/receipts/{number}" => {
                let mut all = Vec::new();
                for end in ["", ".pdf", ".html", ".csv"] {
                    all.extend([
                        (format!("{}{end}", m.receipt_number.in_url()), Of::Marlow),
                        (format!("{}{end}", k.receipt_number.in_url()), Of::Kestrel),
                        (format!("R-2026-9999{end}"), Of::Absent),
                    ]);
                }
                all.push((format!("{}.xml", m.receipt_number.in_url()), Of::Absent));
                fill("{number}", all)
            }
            "/desk/invoices/{id}/allocations/{allocation}/undo" => {
                let at =
                    |invoice: InvoiceId, one: u64, of| (format!("/desk/invoices/{invoice}/allocations/{one}/undo"), of);
                vec![
                    at(m.linked.0, m.allocation.0, Of::Marlow),
                    at(k.linked.0, k.allocation.0, Of::Kestrel),
                    at(m.linked.0, k.allocation.0, Of::Absent),
                    at(k.linked.0, m.allocation.0, Of::Absent),
                    at(m.linked.0, 999_999, Of::Absent),
                    at(InvoiceId(999_999), 999_999, Of::Absent),
                ]
            }
            "/documents/{id}/v/{version}" | "/documents/{id}/v/{version}/file" | "/desk/documents/{id}/v/{version}" => {
                let named = |id: String, version: &str| path.replace("{id}", &id).replace("{version}", version);
                let desk = path.starts_with("/desk");
                let old = if desk { Of::Marlow } else { Of::Absent };
                vec![
                    (named(m.document.to_string(), "2"), Of::Marlow),
                    (named(m.document.to_string(), "1"), Of::Marlow),
                    (named(m.document.to_string(), "3"), Of::Absent),
                    (named(m.document.to_string(), "0"), Of::Absent),
                    (named(m.withdrawn.to_string(), "1"), old),
                    (named(k.document.to_string(), "1"), Of::Kestrel),
                    (named(k.document.to_string(), "x"), Of::Absent),
                    (named("999999".to_owned(), "1"), Of::Absent),
                ]
            }
            _ if parameters > 1 => return None,
            _ if path.starts_with("/demo/mail/{number}") => {
                fill("{number}", vec![("1".to_owned(), Of::Everybody), ("999999".to_owned(), Of::Absent)])
            }
            _ if path.starts_with("/desk/publish/{kept}") => {
                fill("{kept}", vec![(self.kept.clone(), Of::Own(Who::Orla)), (absent, Of::Absent)])
            }
            "/desk/invoices/issue/{run}" => {
                fill("{run}", vec![(self.run.clone(), Of::Own(Who::Orla)), (absent, Of::Absent)])
            }
            "/desk/import/{kept}" => {
                fill("{kept}", vec![(self.kept_import.clone(), Of::Own(Who::Orla)), (absent, Of::Absent)])
            }
            _ if path.starts_with("/desk/drops/{id}") => {
                let all = [("1", Of::Everybody), ("999999", Of::Absent), ("x", Of::Absent)];
                fill("{id}", all.map(|(id, of)| (id.to_owned(), of)).to_vec())
            }
            _ if path.starts_with("/desk/imports/{id}") => {
                let all = [("1", Of::Everybody), ("999999", Of::Absent)];
                fill("{id}", all.map(|(id, of)| (id.to_owned(), of)).to_vec())
            }
            _ if path.starts_with("/desk/snooze/{item}") => {
                let mut all = Vec::new();
                for kind in ["unopened", "silent"] {
                    all.extend([
                        (format!("{kind}-{}", m.linked.0), Of::Marlow),
                        (format!("{kind}-{}", k.linked.0), Of::Kestrel),
                        (format!("{kind}-999999"), Of::Absent),
                    ]);
                }
                let others = |s: &Side| {
                    let letter = format!("letter-{}", s.letter);
                    [
                        letter,
                        format!("payment-{}", s.receipt),
                        format!("credit-{}", s.credit),
                        format!("draft-{}", s.draft),
                    ]
                };
                all.extend(others(m).map(|x| (x, Of::Marlow)));
                all.extend(others(k).map(|x| (x, Of::Kestrel)));
                all.extend([("letter-999999", Of::Absent), ("draft-x", Of::Absent)].map(|x| (x.0.to_owned(), x.1)));
                fill("{item}", all)
            }
            _ if !path.contains("{id}") => return None,
            "/desk/invoices/{id}" => {
                let mut all = both(|s| s.linked.0.to_string());
                for end in ["pdf", "xml", "cii.xml", "csv", "html"] {
                    let named = |s: &Side| format!("{}.{end}", s.linked.0);
                    all.extend([
                        (named(m), Of::Marlow),
                        (named(k), Of::Kestrel),
                        (format!("999999.{end}"), Of::Absent),
                    ]);
                }
                all.extend(both(|s| format!("{}.pdf", s.published.0)));
                all.extend(both(|s| s.disputed.0.to_string()));
                all.extend(both(|s| s.credit.to_string()));
                fill("{id}", all)
            }
            "/desk/quotes/{id}" => {
                let mut all = both(|s| s.quote.0.to_string());
                all.extend(both(|s| format!("{}.pdf", s.quote.0)));
                all.extend(both(|s| format!("{}.csv", s.quote.0)));
                fill("{id}", all)
            }
            _ if path.starts_with("/desk/quotes/{id}/") => fill("{id}", both(|s| s.quote.0.to_string())),
            "/desk/invoices/{id}/send"
            | "/desk/invoices/{id}/credit"
            | "/desk/invoices/{id}/write-off"
            | "/desk/invoices/{id}/call"
            | "/desk/invoices/{id}/late-note"
            | "/desk/invoices/{id}/pause"
            | "/desk/invoices/{id}/promise"
            | "/desk/invoices/{id}/promise/withdrawal"
            | "/desk/invoices/{id}/go-on" => fill("{id}", both(|s| s.linked.0.to_string())),
            _ if path.starts_with("/desk/invoices/{id}/dispute") => {
                let mut all = both(|s| s.linked.0.to_string());
                all.extend(both(|s| s.disputed.0.to_string()));
                fill("{id}", all)
            }
            _ if path.starts_with("/desk/invoices/{id}/certificate.") => fill("{id}", both(|s| s.linked.0.to_string())),
            _ if path.starts_with("/desk/invoices/{id}/") => fill("{id}", both(|s| s.draft.to_string())),
            _ if path.starts_with("/desk/letters/{id}") => fill("{id}", both(|s| s.letter.to_string())),
            "/desk/documents/{id}/erase" => fill("{id}", both(|s| s.withdrawn.to_string())),
            _ if path.starts_with("/desk/documents/{id}") => fill("{id}", both(|s| s.document.to_string())),
            _ if path.starts_with("/desk/clients/{id}") => fill("{id}", both(|s| s.client.to_string())),
            _ if path.starts_with("/desk/contacts/{id}") => fill("{id}", both(|s| s.contact.to_string())),
            _ if path.starts_with("/desk/projects/{id}") => fill("{id}", both(|s| s.project.to_string())),
            _ if path.starts_with("/desk/recurring/{id}") => fill("{id}", both(|s| s.recurring.to_string())),
            "/desk/refunds/{id}/return" => fill("{id}", both(|s| s.refund.to_string())),
            "/desk/payments/{id}/reverse" => fill("{id}", both(|s| s.receipt.to_string())),
            _ if path.starts_with("/desk/payments/{id}") => {
                let mut all = both(|s| s.receipt.to_string());
                if path == "/desk/payments/{id}" {
                    all.extend(both(|s| format!("{}.pdf", s.receipt)));
                }
                all.extend(both(|s| format!("credit-{}", s.credit)));
                fill("{id}", all)
            }
            _ if path.starts_with("/desk/settings/staff/{id}") => {
                let tom = self.house.who.tom.to_string();
                fill(
                    "{id}",
                    vec![(tom, Of::Everybody), ("999999".to_owned(), Of::Absent), ("x".to_owned(), Of::Absent)],
                )
            }
            _ => return None,
        })
    }
}

/// A template of a client, named by its title.
fn retainer(client: ClientId, title: &str, first: jiff::civil::Date) -> recurring::Template {
    recurring::Template { title: format!("{title}, monthly"), ..retainer_of(client, first) }
}

impl Side {
    async fn build(h: &TestHouse, client: ClientId, contact: ContactId, title: &str, number: &str, minor: i64) -> Self {
        let due = date(2026, 12, 21);
        let titled = |title: &str| Draft { title: title.to_owned(), ..h.draft_of(client, minor, due) };
        let (by, scope, orla) = (h.by(h.who.orla), h.scope(h.who.orla), h.who.orla);
        let mut ids = Vec::new();
        for draft in [titled(title), titled(&format!("{title}, draft")), titled(&format!("{title}, wrong"))] {
            ids.push(h.act(orla, move |w, scope| invoices::save_draft(w, scope, None, &draft)).await.unwrap());
        }
        let linked = (ids[0], invoices::issue(&h.app, by.clone(), &scope, ids[0]).await.unwrap());
        invoices::issue(&h.app, by.clone(), &scope, ids[2]).await.unwrap();
        let reason = format!("{title} was wrong");
        let credited = invoices::credit(&h.app, by.clone(), &scope, ids[2], reason).await.unwrap();
        let credit = h.app.store.read(|r| r.invoice_numbered(&credited)).unwrap().unwrap();
        let published = h.publish(client, number, minor, due).await;
        let published = (published, number.parse().unwrap());
        let new = h.receipt(client, minor / 3, Apply::Exactly(vec![(linked.0, eur(minor / 4))]));
        let receipt = h.act(orla, move |w, scope| payments::record(w, scope, &new)).await.unwrap();
        let more = h.receipt(client, minor / 3, Apply::Exactly(vec![]));
        let more = h.act(orla, move |w, scope| payments::record(w, scope, &more)).await.unwrap();
        let (amount, on, reference) = (eur(minor / 24), h.app.today(), String::new());
        let new = NewRefund { source: Source::Receipt(more), amount, on, method: Way::Transfer, reference, once: None };
        let refund = h.act(orla, move |w, scope| refunds::record(w, scope, &new)).await.unwrap();
        let (settings, titled) = (h.app.settings.clone(), retainer(client, title, due));
        let save = move |w: &mut WriteTx<'_>, s: &_| recurring::save(w, s, &settings, None, &titled);
        let recurring = h.act(orla, save).await.unwrap();
        let days = (h.app.today(), due);
        let offer = NewQuote::plain(client, title, Currency::EUR, days, vec![line(minor)]);
        let quote = quotes::send(&h.app, by.clone(), &scope, offer.clone()).await.unwrap();
        let first = h.app.store.read(|r| r.quote_numbered(&quote)).unwrap().unwrap();
        let following = Following { quote: first.id, after: 1, news: "A later day".to_owned() };
        quotes::send_version(&h.app, by, &scope, offer, following).await.unwrap();
        let project = if client == h.who.marlow {
            h.who.glaze
        } else {
            let name = title.to_owned();
            h.act(orla, move |w, scope| clients::add_project(w, scope, client, &name)).await.unwrap()
        };
        let read = h.app.store.read(|r| -> Result<_, StoreError> {
            let allocation = r.allocations_of(linked.0)?.first().unwrap().id;
            let letter = r.letters_about(linked.0)?.first().unwrap().id;
            let number = r.receipt(receipt)?.unwrap().number;
            Ok((allocation, letter, r.quote_numbered(&quote)?.unwrap().id, number))
        });
        let (allocation, letter, quote_id, receipt_number) = read.unwrap();
        let quote = (quote_id, quote);
        let asked = Asked::ByHand(scope.clone());
        let month = statements::publish(&h.app, h.by(orla), asked, client, date(2026, 10, 1)).await.unwrap();
        let draft = ids[1];
        let document = h.post(client, None, &format!("{title} plan")).await;
        h.post_version(document, &format!("{title} plan, changed")).await;
        let withdrawn = h.post(client, None, &format!("{title} by mistake")).await;
        h.act(orla, move |w, s| documents::withdraw(w, s, withdrawn, "The wrong file")).await.unwrap();
        let draft_of = Draft { title: format!("{title}, disputed"), ..h.draft_of(client, minor, due) };
        let disputed = dispute(h, (client, contact), draft_of).await;
        Self {
            client,
            contact,
            project,
            disputed,
            linked,
            published,
            credit,
            draft,
            quote,
            receipt,
            refund,
            recurring,
            receipt_number,
            month,
            allocation,
            letter,
            document,
            withdrawn,
        }
    }
}

/// An invoice that its contact disputes; the firm agrees with all but Marlow.
async fn dispute(h: &TestHouse, (client, contact): (ClientId, ContactId), draft: Draft) -> (InvoiceId, DocumentNumber) {
    let (by, scope, orla) = (h.by(h.who.orla), h.scope(h.who.orla), h.who.orla);
    let id = h.act(orla, move |w, scope| invoices::save_draft(w, scope, None, &draft)).await.unwrap();
    let number = invoices::issue(&h.app, by, &scope, id).await.unwrap();
    let wish = Wish { part: Part::Whole, ground: Ground::Quality, words: "It is cracked".to_owned() };
    let (pass, disputed) = (Pass { contact, only: None }, number.clone());
    let raise = move |w: &mut WriteTx<'_>| disputes::raise(w, pass, &disputed, &wish, &dublin());
    let by = By { actor: Actor::Contact(contact), address: None };
    h.app.store.write(by, h.app.now(), raise).await.unwrap();
    if client != h.who.marlow {
        h.act(orla, move |w, scope| disputes::uphold(w, scope, (id, None), "", &dublin())).await.unwrap();
    }
    (id, number)
}

fn browser_of(router: &Router, at: u16, session: Option<&String>) -> Browser {
    let [high, low] = at.to_be_bytes();
    let address = SocketAddr::from(([10, 1, high, low], 4711));
    let mut browser = Browser::new(router.clone().layer(Extension(ConnectInfo(address))), HOST);
    if let Some(session) = session {
        browser.set_cookie(SESSION_COOKIE, session);
    }
    browser
}

async fn session(house: &TestHouse, person: Person, strength: Strength) -> String {
    let token = Token::draw(&house.app.entropy);
    let (digest, now) = (token.digest(), house.app.now());
    let session = Session { person, strength, since: now, used: now };
    house.app.store.housekeep(now, move |w| Ok(w.put_session(digest, &session)?)).await.unwrap();
    token.reveal()
}

async fn grant(house: &TestHouse, person: Person, opens: Opens) -> String {
    let token = Token::draw(&house.app.entropy);
    let (digest, now) = (token.digest(), house.app.now());
    let grant = Grant { person, opens, expires: now + SignedDuration::from_hours(1) };
    house.app.store.housekeep(now, move |w| Ok(w.put_grant(digest, &grant)?)).await.unwrap();
    token.reveal()
}

const BOUNDARY: &str = "a-line-that-stands-in-no-field";

/// Posts a form with a file.
pub async fn multipart(browser: &mut Browser, path: &str, fields: &[(&str, &str)], file: Option<&[u8]>) -> Answer {
    let mut body = Vec::new();
    for (name, value) in fields {
        let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.into_bytes());
    }
    if let Some(file) = file {
        let called = if path.ends_with("/logo") { "logo" } else { "file" };
        let head =
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{called}\"; filename=\"a.pdf\"\r\n\r\n");
        body.extend(head.into_bytes());
        body.extend(file);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    browser.send(Method::POST, path, Some(&kind), body).await
}

/// Whether an address is one of a route template.
fn fits(template: &str, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let (mut parts, mut wanted) = (path.split('/'), template.split('/'));
    wanted.all(|want| parts.next().is_some_and(|part| want.starts_with('{') || want == part)) && parts.next().is_none()
}

/// Posts a form as its page would: with a file where the route takes one.
pub async fn post(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Answer {
    if routes::list().iter().any(|r| routes::is_upload(r.path) && fits(r.path, path)) {
        multipart(browser, path, fields, None).await
    } else {
        browser.post_as_is(path, fields).await
    }
}
