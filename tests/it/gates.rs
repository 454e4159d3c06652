//! The gates: every route, with every kind of person, for what is theirs, another's, and not there. Reads the route
//! list itself, so that a route without a verdict fails.

pub mod oracles;
pub mod policy;
pub mod twice;
pub mod world;

use axum::http::{Method, StatusCode};
use counterfoil::domain::event::Event;
use counterfoil::web::layers::CONTENT_SECURITY_POLICY;
use counterfoil::web::routes::{self, Audience, Route};

use self::policy::{Verdict, Who, policy};
use self::world::{KESTREL_WORDS, World, hardened, multipart, post};
use crate::browser::{Answer, Browser};

fn of_method(method: &str) -> Vec<Route> {
    routes::list().into_iter().filter(|r| r.method == method).collect()
}

/// What is wrong with an answer's verdict.
fn judge(answer: &Answer, verdict: Verdict) -> bool {
    let sign_in = answer.status == StatusCode::SEE_OTHER && answer.location().starts_with("/sign-in?back=");
    match verdict {
        Verdict::In => {
            let status = answer.status.as_u16();
            !sign_in && (status < 400 || matches!(status, 400 | 409 | 413 | 422 | 429))
        }
        Verdict::SignIn => sign_in,
        Verdict::Nothing => answer.status == StatusCode::NOT_FOUND,
        Verdict::Forbidden => answer.status == StatusCode::FORBIDDEN,
        Verdict::Again => !sign_in && (answer.status == StatusCode::SEE_OTHER || answer.status.as_u16() == 422),
    }
}

/// An answer without what may differ: the request's id, and the address that was asked for.
fn bare(answer: &Answer, path: &str) -> (u16, String, String, String) {
    let name = path.rsplit('/').find(|part| part.len() >= 40).unwrap_or(path);
    let id = answer.header("x-request-id").to_owned();
    let plain = |text: &str| text.replace(path, "PATH").replace(name, "NAME").replace(&id, "ID");
    let escaped = path.replace('%', "%25").replace('+', "%2B").replace('&', "%26");
    let to = answer.location().replace(&escaped, "PATH");
    (answer.status.as_u16(), plain(&to), answer.header("content-type").to_owned(), plain(&answer.text()))
}

/// A page without the keys that its forms drew for themselves, which are never the same.
fn keyless(page: &str) -> String {
    let mut parts = page.split("name=\"once\" value=\"");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, rest| out + "name=\"once\" " + rest.split_once('"').map_or("", |x| x.1))
}

/// The faults that any answer can have.
fn faults_of(answer: &Answer, who: Who) -> Vec<String> {
    let mut all = Vec::new();
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("strict-transport-security", "max-age=31536000"),
    ] {
        if answer.header(name) != value {
            all.push(format!("{name}: {:?}", answer.header(name)));
        }
    }
    // The firm's colour and logo are for everybody, and style is named by its content.
    let (cached, kind) = (answer.header("cache-control"), answer.header("content-type"));
    let public = kind.starts_with("text/css") || kind == "image/png";
    if cached != "no-store" && !(public && (cached.ends_with("immutable") || cached == "private, max-age=300")) {
        all.push(format!("cache-control: {cached:?}"));
    }
    let csp = answer.header("content-security-policy");
    if csp != CONTENT_SECURITY_POLICY && !csp.contains("sandbox") {
        all.push(format!("csp: {csp:?}"));
    }
    if answer.status.is_server_error() {
        all.push("a fault of the server".to_owned());
    }
    let text = answer.text();
    // A file to keep is no page of ours, though it may be HTML.
    let kept = answer.header("content-disposition").starts_with("attachment");
    if answer.header("content-type").starts_with("text/html") && !kept {
        for (what, times) in [("<h1", 1), (" id=\"main\"", 1), ("<main", 1), ("<html lang=\"en", 1), ("<title>", 1)] {
            if text.matches(what).count() != times {
                all.push(format!("{what} {} times", text.matches(what).count()));
            }
        }
        for inline in ["<script>", " style=\"", " onclick=", "javascript:", "<style"] {
            if text.contains(inline) {
                all.push(format!("inline: {inline}"));
            }
        }
    }
    if !who.may_read_kestrel() {
        let read = format!("{text}{:?}", answer.headers);
        all.extend(KESTREL_WORDS.iter().filter(|w| read.contains(*w)).map(|w| format!("{w} of another client")));
    }
    all
}

/// Most faults that are told one by one.
const TOLD_MAX: usize = 60;

/// Collects what went wrong, so that one run tells all of it.
#[derive(Default)]
pub struct Faults(pub Vec<String>);

impl Faults {
    pub fn say(&mut self, route: &Route, who: Who, path: &str, what: impl std::fmt::Display) {
        self.0.push(format!("{} {} as {who:?} ({path}): {what}", route.method, route.path));
    }

    pub fn none(mut self) {
        let count = self.0.len();
        self.0.truncate(TOLD_MAX);
        assert!(count == 0, "{count} faults:\n{}", self.0.join("\n"));
    }
}

/// A person looks: these lines of the log are evidence, and no change.
fn is_a_visit(event: &Event) -> bool {
    matches!(
        event,
        Event::Opened { .. }
            | Event::Downloaded { .. }
            | Event::StaffPreviewed { .. }
            | Event::StaffDownloaded { .. }
            | Event::QuoteOpened { .. }
            | Event::QuoteDownloaded { .. }
            | Event::StatementOpened
            | Event::StatementDownloaded { .. }
            | Event::StaffStatementDownloaded { .. }
            | Event::OpenItemsDownloaded { .. }
            | Event::StaffOpenItemsDownloaded { .. }
            | Event::DocumentOpened { .. }
            | Event::DocumentDownloaded { .. }
            | Event::StaffDocumentDownloaded { .. }
            | Event::StaffQuoteDownloaded { .. }
            | Event::ReceiptOpened { .. }
            | Event::ReceiptDownloaded { .. }
            | Event::StaffReceiptDownloaded { .. }
            | Event::MonthOpened { .. }
            | Event::MonthDownloaded { .. }
            | Event::StaffMonthDownloaded { .. }
            | Event::RegisterTaken { .. }
            | Event::CertificateMade { .. }
    )
}

#[tokio::test]
async fn every_page_opens_for_whom_it_is_and_for_nobody_else_and_looking_changes_nothing() {
    let world = World::new().await;
    let (mut faults, mut asked) = (Faults::default(), 0);
    let before = world.house.log().len();
    for route in of_method("GET") {
        let Some(cases) = world.cases(route.path) else {
            panic!("no case for {}: say in World::cases what its parameters name", route.path)
        };
        for who in Who::ALL {
            let mut browser = world.browser(who);
            let mut refusals = Vec::new();
            for (path, of) in &cases {
                let verdict = policy(route.audience, route.path, who, *of);
                let answer = browser.get(path).await;
                asked += 1;
                if !judge(&answer, verdict) {
                    faults.say(
                        &route,
                        who,
                        path,
                        format!("{:?} wants {verdict:?}, got {} {}", of, answer.status, answer.location()),
                    );
                }
                for fault in faults_of(&answer, who) {
                    faults.say(&route, who, path, fault);
                }
                if verdict != Verdict::In {
                    refusals.push((path, bare(&answer, path)));
                }
                if verdict == Verdict::In && browser.cookie("__Host-session").is_none() && who == Who::Ana {
                    faults.say(&route, who, path, "took the cookie away");
                }
            }
            for (path, other) in refusals.iter().skip(1).filter(|r| r.1 != refusals[0].1) {
                faults.say(
                    &route,
                    who,
                    path,
                    format!("differs from {}:\n{:?}\n{:?}", refusals[0].0, other, refusals[0].1),
                );
            }
        }
    }
    let written: Vec<Event> = world.house.log().into_iter().skip(before).filter(|e| !is_a_visit(e)).collect();
    assert!(written.is_empty(), "looking wrote {written:#?}");
    assert_eq!(world.house.unclaimed().len(), 0, "looking mailed");
    assert!(asked > 1_500, "{asked} requests");
    faults.none();
}

/// Forms that are open to people who have not signed in, and so have no token.
fn is_open(route: &Route) -> bool {
    route.audience == Audience::Anyone && route.path != "/sign-out"
}

#[tokio::test]
async fn every_form_is_refused_to_whom_it_is_not_for_and_changes_nothing() {
    let world = World::new().await;
    let (mut faults, mut asked) = (Faults::default(), 0);
    for route in of_method("POST").into_iter().filter(|r| r.audience != Audience::Anyone) {
        let Some(cases) = world.cases(route.path) else {
            panic!("no case for {}: say in World::cases what its parameters name", route.path)
        };
        for who in Who::ALL {
            let mut browser = world.browser(who);
            let mut refusals = Vec::new();
            for (path, of) in &cases {
                let verdict = policy(route.audience, route.path, who, *of);
                if verdict == Verdict::In {
                    continue;
                }
                let before = world.log_length();
                let answer = post(&mut browser, path, &[("csrf", &world.token(who)), ("do", "again")]).await;
                asked += 1;
                if !judge(&answer, verdict) {
                    faults.say(
                        &route,
                        who,
                        path,
                        format!("{:?} wants {verdict:?}, got {} {}", of, answer.status, answer.location()),
                    );
                }
                if world.log_length() != before {
                    faults.say(&route, who, path, format!("wrote {:?}", world.house.log().last()));
                }
                for fault in faults_of(&answer, who) {
                    faults.say(&route, who, path, fault);
                }
                refusals.push((path, bare(&answer, path)));
            }
            for (path, other) in refusals.iter().skip(1).filter(|r| r.1 != refusals[0].1) {
                faults.say(
                    &route,
                    who,
                    path,
                    format!("differs from {}:\n{:?}\n{:?}", refusals[0].0, other, refusals[0].1),
                );
            }
        }
    }
    assert!(asked > 500, "{asked} requests");
    faults.none();
}

#[tokio::test]
async fn a_form_without_its_own_sessions_token_or_from_another_site_is_refused() {
    let world = World::new().await;
    let mut faults = Faults::default();
    for route in of_method("POST") {
        for who in Who::ALL {
            let mine = world.token(who);
            let others = world.token(if who == Who::Orla { Who::Ana } else { Who::Orla });
            let altered = format!("{}x", mine.get(..mine.len().saturating_sub(1)).unwrap_or_default());
            for (path, _) in world.cases(route.path).unwrap_or_default() {
                let before = world.log_length();
                let forms: &[&[(&str, &str)]] = &[
                    &[],
                    &[("csrf", "")],
                    &[("csrf", &others)],
                    &[("csrf", &altered)],
                    &[("csrf", ""), ("csrf", &mine)],
                ];
                for fields in forms.iter().filter(|_| !is_open(&route)) {
                    let answer = post(&mut world.browser(who), &path, fields).await;
                    let refused = answer.status.is_client_error() || answer.location().starts_with("/sign-in");
                    // Signing out is for everybody, and without a session there is nothing to sign out of.
                    if !refused && who != Who::Anonymous {
                        faults.say(
                            &route,
                            who,
                            &path,
                            format!("{fields:?} got {} {}", answer.status, answer.location()),
                        );
                    }
                }
                // Mail programs send this one from anywhere (RFC 8058); its token is all it heeds.
                let anywhere = route.path == "/reminders/stop/{token}";
                for (name, value) in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site")] {
                    if anywhere {
                        continue;
                    }
                    let mut browser = world.browser(who);
                    browser.site = value.to_owned();
                    let answer = post(&mut browser, &path, &[("csrf", &mine)]).await;
                    if answer.status != StatusCode::FORBIDDEN {
                        faults.say(&route, who, &path, format!("{name}: {value} got {}", answer.status));
                    }
                }
                if world.log_length() != before {
                    faults.say(&route, who, &path, format!("wrote {:?}", world.house.log().last()));
                }
            }
        }
    }
    faults.none();
}

/// Forms after which others have nothing left to work on.
const LAST: &[&str] = &[
    "/desk/documents/{id}/withdraw",
    "/desk/documents/{id}/erase",
    "/desk/invoices/{id}/issue",
    "/desk/invoices/{id}/discard",
    "/sign-out",
    "/desk/contacts/{id}/revoke",
];

#[tokio::test]
async fn every_form_is_open_to_the_least_of_those_whom_it_is_for() {
    let world = World::new().await;
    // As after a restore: only then is there something to release.
    let app = &world.house.app;
    app.store.housekeep(app.now(), |w| Ok(w.hold_sending(Some(w.now))?)).await.unwrap();
    let mut faults = Faults::default();
    let place = |r: &Route| LAST.iter().position(|p| *p == r.path).map_or(0, |n| n + 1);
    let mut all = of_method("POST");
    all.sort_by_key(place);
    for route in all {
        let who = match route.audience {
            Audience::Anyone if route.path != "/sign-out" => Who::Anonymous,
            Audience::Anyone | Audience::Reader | Audience::Contact => Who::Ana,
            Audience::Staff => Who::Jonas,
            Audience::StaffWork => Who::Maeve,
            Audience::Owner | Audience::Demo => Who::Orla,
        };
        for (path, of) in world.cases(route.path).unwrap_or_default() {
            let verdict = policy(route.audience, route.path, who, of);
            if verdict != Verdict::In {
                continue;
            }
            // A client or contact is named by a field where the address names none.
            let (client, contact) = (world.marlow.client.to_string(), world.marlow.contact.to_string());
            let fields = [("csrf", &*world.token(who)), ("client", &client), ("contact", &contact)];
            let fields = if path.ends_with("/logo") { &fields[..1] } else { &fields };
            let answer = post(&mut world.browser(who), &path, fields).await;
            if !judge(&answer, verdict) {
                faults.say(&route, who, &path, format!("{of:?} got {} {}", answer.status, answer.text()));
            }
            for fault in faults_of(&answer, who) {
                faults.say(&route, who, &path, fault);
            }
        }
    }
    faults.none();
}

#[tokio::test]
async fn a_foreign_name_in_a_query_says_no_more_than_an_absent_one() {
    let world = World::new().await;
    let mut faults = Faults::default();
    let k = &world.kestrel;
    let queries = [
        ("client", k.client.to_string()),
        ("client", "Kestrel Architects".to_owned()),
        ("client", "Kes".to_owned()),
        ("invoice", k.linked.0.to_string()),
        ("of", k.linked.0.to_string()),
        ("copy", k.linked.0.to_string()),
        ("from", k.linked.0.to_string()),
        ("document", k.linked.0.to_string()),
        ("contact", k.contact.to_string()),
        ("project", k.project.to_string()),
        ("who", k.contact.to_string()),
        ("staff", world.house.who.tom.to_string()),
        ("receipt", k.receipt.to_string()),
        ("letter", k.letter.to_string()),
        ("kept", world.kept.clone()),
        ("q", "Nordhav".to_owned()),
        ("q", "KA/2026-".to_owned()),
        ("q", "sofia".to_owned()),
        ("number", k.published.1.to_string()),
    ];
    for route in of_method("GET") {
        let Some((path, _)) = world.cases(route.path).and_then(|c| c.into_iter().next()) else { continue };
        for who in [Who::Ana, Who::Joe, Who::Maeve] {
            // The first look of the hour stands in the page's own history.
            world.browser(who).get(&path).await;
            for (name, foreign) in &queries {
                let absent: String =
                    if foreign.parse::<u64>().is_ok() { "987654".to_owned() } else { "Zzqxw".to_owned() };
                let mut pages = Vec::new();
                for value in [foreign, &absent] {
                    let encoded = value.replace(' ', "+").replace('/', "%2F");
                    let asked = format!("{path}?{name}={encoded}");
                    let answer = world.browser(who).get(&asked).await;
                    let mut page = format!("{} {} {}", answer.status, answer.location(), answer.text());
                    page = keyless(&page).replace(answer.header("x-request-id"), "ID");
                    for typed in [foreign, &absent] {
                        let with = typed.replace(' ', "+").replace('/', "%2F");
                        for (around, left, right) in [("", "=\"", "\""), ("", "“", "”"), ("=", "=", "")] {
                            let (a, b) = (format!("{left}{typed}{right}"), format!("{left}{with}{right}"));
                            let own = if around.is_empty() { String::new() } else { (*name).to_owned() };
                            page = page.replace(&format!("{own}{a}"), "TYPED").replace(&format!("{own}{b}"), "TYPED");
                        }
                        let strict = with.replace('+', "%20").replace('-', "%2D");
                        page = page
                            .replace(&format!("{name}={strict}"), "TYPED")
                            .replace(&format!("{name}=TYPED"), "TYPED");
                    }
                    for word in KESTREL_WORDS.iter().filter(|w| page.contains(*w)) {
                        faults.say(&route, who, &asked, format!("{word} of another client"));
                    }
                    // Each download is logged, and the next one tells of the log after it.
                    if route.path.contains("/statement.") || route.path.contains("/certificate.") {
                        page = answer.status.to_string();
                    }
                    if answer.status.is_server_error() {
                        faults.say(&route, who, &asked, answer.status);
                    }
                    pages.push(page);
                }
                if pages[0] != pages[1] && *name != "staff" {
                    let at = pages[0].bytes().zip(pages[1].bytes()).take_while(|(a, b)| a == b).count();
                    let near = |p: &str| {
                        p.chars()
                            .skip(p.get(..at).map_or(at, |s| s.chars().count()).saturating_sub(60))
                            .take(160)
                            .collect::<String>()
                    };
                    faults.say(
                        &route,
                        who,
                        &format!("{path}?{name}={foreign}"),
                        format!("\n  {}\n  {}", near(&pages[0]), near(&pages[1])),
                    );
                }
            }
        }
    }
    faults.none();
}

/// A form's address, its fixed fields, and the field that names something of another client.
type FormCase<'a> = (&'a str, Vec<(&'a str, &'a str)>, &'a str, &'a str);

#[tokio::test]
async fn a_foreign_name_in_a_form_says_no_more_than_an_absent_one() {
    let world = World::new().await;
    let mut faults = Faults::default();
    let (m, k) = (&world.marlow, &world.kestrel);
    let absent = "987654".to_owned();
    let draft = format!("/desk/invoices/{}/edit", m.draft);
    let apply = format!("/desk/payments/{}/apply", m.receipt);
    let send = format!("/desk/invoices/{}/send", m.linked.0);
    let own = m.client.to_string();
    let (project, letter) = (k.project.to_string(), k.contact.to_string());
    let (invoice, client) = (k.linked.0.to_string(), k.client.to_string());
    let number = "KA/2026-";
    let forms: Vec<FormCase<'_>> = vec![
        ("/desk/invoices/new", vec![], "client", &client),
        ("/desk/invoices/new", vec![], "client", "Kestrel Architects"),
        ("/desk/invoices/new", vec![("client", &own)], "project", &project),
        ("/desk/invoices/new", vec![("client", &own)], "to", &letter),
        (&draft, vec![], "client", &client),
        (&draft, vec![("client", &own)], "project", &project),
        ("/desk/quotes/new", vec![], "client", &client),
        ("/desk/quotes/new", vec![("client", &own)], "project", &project),
        (
            "/desk/payments/new",
            vec![("amount", "1.00"), ("on", "2026-11-20"), ("method", "transfer")],
            "client",
            &client,
        ),
        ("/desk/payments/new", vec![("client", &own), ("amount", "1.00"), ("on", "2026-11-20")], "invoice", &invoice),
        (&apply, vec![("amount", "1.00")], "invoice", &invoice),
        (&send, vec![], "contact", &letter),
        ("/desk/publish", vec![], "client", &client),
        ("/desk/publish", vec![("client", &own), ("kind", "credit")], "of", number),
    ];
    for (path, fixed, name, foreign) in forms {
        let route = format!("POST {path}");
        let token = world.token(Who::Maeve);
        let mut pages = Vec::new();
        for value in [foreign, &absent] {
            let before = world.log_length();
            let mut fields = fixed.clone();
            fields.extend([(name, value), ("csrf", &token)]);
            let answer = post(&mut world.browser(Who::Maeve), path, &fields).await;
            let mut page = format!("{} {} {}", answer.status, answer.location(), answer.text());
            page = keyless(&page).replace(answer.header("x-request-id"), "ID");
            for typed in [foreign, &absent] {
                page = page.replace(&format!("\"{typed}\""), "TYPED").replace(&format!("“{typed}”"), "TYPED");
                page = page.replace(&format!("{name}={typed}"), "TYPED");
            }
            for word in KESTREL_WORDS.iter().filter(|w| page.contains(*w)) {
                faults.0.push(format!("{route} {name}={value}: {word}"));
            }
            if world.log_length() != before {
                faults.0.push(format!("{route} {name}={value} wrote {:?}", world.house.log().last()));
            }
            pages.push(page);
        }
        if pages[0] != pages[1] {
            let at = pages[0].bytes().zip(pages[1].bytes()).take_while(|(a, b)| a == b).count();
            let near = |p: &str| p.chars().skip(at.saturating_sub(80)).take(200).collect::<String>();
            faults.0.push(format!("{route} {name}={foreign}\n  {}\n  {}", near(&pages[0]), near(&pages[1])));
        }
    }
    faults.none();
}

#[tokio::test]
async fn whoever_is_revoked_or_leaves_is_out_at_the_next_request() {
    let world = World::new().await;
    let (house, who) = (&world.house, world.house.who);
    let out = |answer: &Answer| answer.status == StatusCode::SEE_OTHER && answer.location().starts_with("/sign-in");
    let page = format!("/invoices/{}", world.marlow.linked.1.in_url());
    let people = [Who::Ana, Who::AnaMailed, Who::AnaLink];
    for one in people {
        assert_eq!(world.browser(one).get(&page).await.status, StatusCode::OK, "{one:?}");
    }
    let ana = who.ana;
    house.act(who.orla, move |w, s| counterfoil::actions::people::revoke_contact(w, s, ana)).await.unwrap();
    for one in people {
        let answer = world.browser(one).get(&page).await;
        assert!(out(&answer), "{one:?}: {}", answer.status);
        let form = [("csrf", &*world.token(one))];
        assert!(out(&world.browser(one).post_as_is("/account/password/link", &form).await), "{one:?}");
    }
    let link = format!("/sign-in/link/{}", world.sign_in_link);
    assert_eq!(world.browser(Who::Anonymous).post_as_is(&link, &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.browser(Who::Anonymous).get(&link).await.status, StatusCode::NOT_FOUND);
    for (one, staff) in [(Who::Tom, who.tom), (Who::Jonas, who.jonas)] {
        assert_eq!(world.browser(one).get("/desk").await.status, StatusCode::OK);
        let now =
            house.app.store.read(|r| counterfoil::store::prelude::AccountReads::staff(r, staff)).unwrap().unwrap();
        let left = counterfoil::actions::people::NewStaff {
            name: now.name,
            email: now.email,
            role: now.role,
            only_clients: now.only_clients,
            active: false,
            invite: false,
        };
        house
            .act(who.orla, move |w, s| {
                counterfoil::actions::people::change_staff(w, s, &crate::house::dublin(), staff, &left)
            })
            .await
            .unwrap();
        assert!(out(&world.browser(one).get("/desk").await), "{one:?}");
        assert!(out(&world.browser(one).get("/").await), "{one:?}");
    }
}

#[tokio::test]
async fn every_kind_of_answer_carries_the_security_headers() {
    let world = World::new().await;
    let mut orla = world.browser(Who::Orla);
    let mut cases: Vec<(u16, Answer)> = Vec::new();
    for (path, status) in [("/desk", 200), ("/", 303), ("/no/such/page", 404), ("/desk/nothing", 404)] {
        cases.push((status, orla.get(path).await));
    }
    cases.push((405, orla.send(Method::POST, "/desk", None, Vec::new()).await));
    cases.push((405, orla.send(Method::DELETE, "/desk", None, Vec::new()).await));
    cases.push((403, orla.post_as_is("/sign-out", &[]).await));
    cases.push((422, orla.post_as_is("/desk/clients/new", &[("csrf", &world.token(Who::Orla))]).await));
    let file = format!("/desk/invoices/{}.pdf", world.marlow.published.0);
    cases.push((200, orla.get(&file).await));
    cases.push((200, world.browser(Who::Anonymous).get("/brand.css").await));
    cases.push((200, world.browser(Who::Anonymous).get("/sign-in").await));
    cases.push((
        414,
        world
            .browser(Who::Anonymous)
            .get(&format!("/sign-in?back={}", "x".repeat(counterfoil::web::layers::URI_LIMIT)))
            .await,
    ));
    let mut other = Browser::new(hardened(&world.house), "evil.example");
    cases.push((421, other.get("/sign-in").await));
    let large =
        multipart(&mut orla, "/desk/publish", &[("csrf", &world.token(Who::Orla))], Some(&vec![b'x'; 11 << 20])).await;
    cases.push((413, large));
    for (status, answer) in cases {
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
        let faults: Vec<String> =
            faults_of(&answer, Who::Orla).into_iter().filter(|f| !f.starts_with("cache")).collect();
        assert!(faults.is_empty(), "{status}: {faults:?}\n{}", answer.text());
        let styles = answer.header("content-type").starts_with("text/css");
        assert!(styles || answer.header("cache-control") == "no-store", "{status}");
        assert!(!answer.body.is_empty() || answer.status.is_redirection(), "{status} has no words");
        assert!(status != 405 || answer.header("allow").contains("GET"), "{:?}", answer.headers);
    }
}
