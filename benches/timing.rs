//! Whether the time of an answer tells that an address is known: Welch’s t over interleaved requests to the real
//! router, for signing in with a wrong password and for asking for a letter.
//!
//! `cargo bench --bench timing` takes about four minutes and asserts nothing: on a busy machine any two samples differ.
//! Beyond 4.5 either way, run it again on a quiet one; what stays beyond it leaks.

#![expect(clippy::print_stdout, clippy::float_arithmetic, reason = "a benchmark prints figures")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, header};
use counterfoil::actions::firm;
use counterfoil::actions::people::NewStaff;
use counterfoil::app::{App, Settings};
use counterfoil::clock::Clock;
use counterfoil::documents::Fonts;
use counterfoil::domain::client::Party;
use counterfoil::domain::event::By;
use counterfoil::domain::firm::{BankDetails, Firm, Locale, Paper, Series};
use counterfoil::domain::money::Currency;
use counterfoil::domain::number::Pattern;
use counterfoil::domain::person::{Person, Role};
use counterfoil::domain::terms::DueRule;
use counterfoil::domain::text::EmailAddress;
use counterfoil::mail::{Mailer, MemoryMailer};
use counterfoil::scheduler;
use counterfoil::secrets::{Entropy, hash_password};
use counterfoil::store::chain::EvidenceKeys;
use counterfoil::store::prelude::*;
use counterfoil::web::routes;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use tower::ServiceExt;

/// Requests of each kind.
const SAMPLES: usize = 500;
/// Requests before the first that counts.
const WARM: usize = 20;
/// What stays below it is taken for chance.
const LIMIT: f64 = 4.5;
const KNOWN: &str = "orla@hartmann.example";
const UNKNOWN: &str = "eric@hartmann.example";
const CACHE: usize = 64 << 20;

#[tokio::main]
async fn main() {
    let app = app();
    move_in(&app).await;
    let router = routes::router(app.clone());
    for (name, path, more) in [
        ("a wrong password", "/sign-in/password", "&password=not+the+right+password"),
        ("a sign-in letter", "/sign-in/link", ""),
        ("a password letter", "/password", ""),
    ] {
        let [known, unknown] = measure(&app, &router, path, more).await;
        let t = welch(&known, &unknown);
        let verdict = if t.abs() < LIMIT { "no difference seen" } else { "they differ" };
        println!(
            "{name:<18} known {:.3} ms, unknown {:.3} ms, Welch’s t {t:+.2} over 2 × {SAMPLES}: {verdict}",
            mean(&known) * 1e3,
            mean(&unknown) * 1e3
        );
    }
}

/// Seconds per answer, for a known and an unknown address by turns.
async fn measure(app: &App, router: &Router, path: &str, more: &str) -> [Vec<f64>; 2] {
    let mut out = [Vec::new(), Vec::new()];
    for n in 0..SAMPLES + WARM {
        // Which goes first changes, so that what drifts falls on both.
        for known in [n % 2 == 0, n % 2 == 1] {
            // Nobody is throttled: every request has a network of its own, and time passes between them.
            app.clock.set(app.now() + SignedDuration::from_mins(15));
            let email = if known { KNOWN } else { UNKNOWN };
            let seconds = answer(router, path, &format!("email={}{more}", email.replace('@', "%40")), n, known).await;
            if n >= WARM {
                out[usize::from(!known)].push(seconds);
            }
            scheduler::tick(app).await;
        }
    }
    out
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's time")]
async fn answer(router: &Router, path: &str, body: &str, n: usize, known: bool) -> f64 {
    let low = u16::try_from(n * 2 + usize::from(known)).unwrap_or(u16::MAX).to_be_bytes();
    let peer = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, low[0], low[1])), 4711);
    let request = Request::post(path)
        .header(header::HOST, "portal.hartmann.example")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .extension(ConnectInfo(peer))
        .body(Body::from(body.to_owned()))
        .expect("a request");
    let started = Instant::now();
    let answer = router.clone().oneshot(request).await.expect("an answer");
    let status = answer.status();
    to_bytes(answer.into_body(), 1 << 20).await.expect("a body");
    let took = started.elapsed();
    assert!(matches!(status.as_u16(), 303 | 422), "{status}");
    took.as_secs_f64()
}

fn mean(all: &[f64]) -> f64 {
    all.iter().sum::<f64>() / all.len() as f64
}

/// How far two means lie apart, in units of their spread.
fn welch(a: &[f64], b: &[f64]) -> f64 {
    let share = |all: &[f64]| {
        let middle = mean(all);
        let squares: f64 = all.iter().map(|x| (x - middle).powi(2)).sum();
        squares / (all.len() as f64 - 1.0) / all.len() as f64
    };
    (mean(a) - mean(b)) / (share(a) + share(b)).sqrt()
}

fn app() -> App {
    let start: Timestamp = "2026-11-23T09:00:00Z".parse().expect("an instant");
    App {
        store: Store::open(redb::backends::InMemoryBackend::new(), CACHE, false).expect("a store"),
        clock: Clock::fixed(start),
        entropy: Entropy::seeded(1),
        mailer: Arc::new(Mailer::Memory(MemoryMailer::default())),
        fonts: Arc::new(Fonts::embedded()),
        settings: Arc::new(Settings {
            url: "https://portal.hartmann.example".to_owned(),
            zone: TimeZone::UTC,
            from: ("Hartmann".to_owned(), "portal@hartmann.example".to_owned()),
            reply_to: None,
            upload_max: 1 << 20,
            files: counterfoil::app::FileLimits::of_mib(1, 1, 1),
            backup: None,
            drop: None,
            bounces: None,
            demo: false,
        }),
        wake: Arc::default(),
        points: Arc::default(),
    }
}

/// A firm with one owner, who has a password of the usual cost.
async fn move_in(app: &App) {
    let pattern = |text| Pattern::parse("series", text).expect("a pattern");
    let firm = Firm {
        party: Party { name: "Hartmann".to_owned(), ..Party::default() },
        trade: String::new(),
        registration: String::new(),
        email: None,
        phone: String::new(),
        correspondent: String::new(),
        bank: BankDetails::default(),
        colour: "#1f4d3a".to_owned(),
        logo: None,
        currency: Currency::EUR,
        terms: DueRule::Days(30),
        vat_rates: Vec::new(),
        series: Series {
            invoice: pattern("A-{0000}"),
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
        email: EmailAddress::parse("email", KNOWN).expect("an address"),
        role: Role::Owner,
        only_clients: None,
        active: true,
        invite: false,
    };
    let keys = EvidenceKeys::draw(&app.entropy);
    let set_up = move |w: &mut WriteTx<'_>| firm::set_up(w, &firm, &owner, &keys);
    let orla = app.store.write(By::command_line(), app.now(), set_up).await.expect("a firm");
    let hash = hash_password("amber kettle under nine bridges", &app.entropy).expect("a hash");
    let keep = move |w: &mut WriteTx<'_>| Ok(w.put_password_hash(Person::Staff(orla), &hash)?);
    app.store.housekeep(app.now(), keep).await.expect("a password");
}
