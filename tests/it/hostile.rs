//! Bad input: whatever is sent, the answer is a page that says what to do, nothing changes, and no fault is ours.

pub mod forms;

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use counterfoil::domain::event::Event;
use counterfoil::web::routes::{self, Audience, Route};

use self::forms::{Form, forms_of};
use crate::browser::{Answer, Browser};
use crate::gates::policy::Who;
use crate::gates::world::{World, multipart, post};
use crate::house::pdf;

/// What nobody types by mistake.
const HOSTILE: &[(&str, &str)] = &[
    ("a line break", "Ana\r\nBcc: eve@example.com"),
    ("a lone line feed", "Ana\nX"),
    ("a lone carriage return", "Ana\rX"),
    ("a tabulator", "Ana\tX"),
    ("a zero byte", "Ana\0X"),
    ("right to left", "Ana\u{202e}fdp.exe"),
    ("an isolate", "Ana\u{2066}X"),
    ("an escape", "Ana\u{1b}[2J"),
    ("negative", "-5"),
    ("overflowing", "99999999999999999999999999999999999999"),
    ("just past", "92233720368547758.08"),
    ("endless", "1e999"),
    ("no number", "NaN"),
    ("far", "9999-12-31"),
    ("farther", "31.12.9999"),
    ("no day", "2026-02-30"),
    ("markup", "<script>alert(1)</script>"),
    ("a formula", "=HYPERLINK(\"http://evil\")"),
    ("a path", "../../etc/passwd"),
    ("astral", "\u{10ffff}\u{feff}\u{200b}"),
    ("blank", "   "),
    ("empty", ""),
];

/// How many of [`HOSTILE`] no line of text may hold; those first that a paragraph may.
const NEVER: usize = 8;
const IN_PARAGRAPHS: usize = 4;

/// Forms of words alone: they take whatever is plain text; passwords take anything.
const WORDS: &[&str] = &[
    "/desk/drops/{id}/refuse",
    "/desk/clients/{id}/credit/hold",
    "/desk/clients/{id}/late-payment",
    "/desk/clients/{id}/projects",
    "/desk/contacts/{id}/reminders",
    "/desk/documents/{id}/withdraw",
    "/desk/invoices/{id}/allocations/{allocation}/undo",
    "/desk/invoices/{id}/call",
    "/desk/invoices/{id}/credit",
    "/desk/projects/{id}",
    "/desk/settings/letters/{letter}",
    DECLINE,
];

/// A reason of several lines.
const DECLINE: &str = "/quotes/{number}/decline";

/// Who posts a route's form: the least of those whom it is for, or whoever reaches all.
fn sender(route: &Route) -> Who {
    match route.audience {
        Audience::Anyone if route.path != "/sign-out" => Who::Anonymous,
        Audience::Anyone | Audience::Reader | Audience::Contact => Who::Ana,
        _ => Who::Orla,
    }
}

fn browser(world: &World, who: Who) -> Browser {
    if who == Who::Anonymous { world.stranger() } else { world.browser(who) }
}

/// The template of an address.
fn template<'a>(all: &'a [Route], method: &str, address: &str) -> Option<&'a Route> {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let fits = |route: &&Route| {
        let (a, b): (Vec<&str>, Vec<&str>) = (route.path.split('/').collect(), path.split('/').collect());
        a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.starts_with('{') || a == b)
    };
    let mut fitting: Vec<&Route> = all.iter().filter(|r| r.method == method).filter(fits).collect();
    fitting.sort_by_key(|r| r.path.matches('{').count());
    fitting.first().copied()
}

/// One form for every route that takes one, found on the pages.
async fn gather(world: &World) -> BTreeMap<&'static str, (Who, Form)> {
    let all = routes::list();
    let mut found = BTreeMap::new();
    for who in [Who::Anonymous, Who::Ana, Who::AnaMailed, Who::Orla] {
        for route in all.iter().filter(|r| r.method == "GET") {
            let cases = world.cases(route.path).unwrap_or_default();
            let client = world.marlow.client;
            for (path, _) in
                cases.into_iter().flat_map(|(p, of)| [(p.clone(), of), (format!("{p}?client={client}"), of)])
            {
                let page = browser(world, who).get(&path).await.text();
                for mut form in forms_of(&page) {
                    if form.action.is_empty() {
                        form.action.clone_from(&path);
                    }
                    if let Some(route) = template(&all, "POST", &form.action) {
                        found.entry(route.path).or_insert((who, form));
                    }
                }
            }
        }
    }
    found
}

/// Lines of the log that a refusal may write.
fn is_a_refusal(event: &Event) -> bool {
    matches!(event, Event::SignInRefused { .. } | Event::LinkRequested { .. })
}

/// What is wrong with the answer to something that must be refused.
fn refusal_faults(world: &World, answer: &Answer, before: usize) -> Vec<String> {
    let mut all = Vec::new();
    if !answer.status.is_client_error() {
        all.push(format!("got {} {}", answer.status, answer.location()));
    }
    if !answer.header("content-type").starts_with("text/html") || !answer.text().contains("<h1") {
        all.push(format!("{} without a page", answer.status));
    }
    let written: Vec<Event> = world.house.log().into_iter().skip(before).filter(|e| !is_a_refusal(e)).collect();
    if !written.is_empty() {
        all.push(format!("wrote {written:?}"));
    }
    all
}

fn none(mut faults: Vec<String>) {
    let count = faults.len();
    faults.truncate(80);
    assert!(count == 0, "{count} faults:\n{}", faults.join("\n"));
}

/// Forms without anything to type: a button, a choice, a file.
const BUTTONS: &[&str] = &[
    "/account/format",
    "/account/password/link",
    "/certificate",
    "/desk/contacts/{id}/admit",
    "/desk/contacts/{id}/invite",
    "/desk/clients/{id}/credit/lift",
    "/desk/clients/{id}/late-payment/end",
    "/desk/clients/{id}/go-on",
    "/desk/clients/{id}/statements",
    "/desk/clients/{id}/statements/choice",
    "/desk/settings/letters",
    "/desk/settings/statements",
    "/desk/contacts/{id}/revoke",
    "/desk/documents/{id}/erase",
    "/desk/drops/{id}/file",
    "/desk/import",
    "/desk/import/{kept}",
    "/desk/imports/{id}/undo",
    "/desk/invoices/{id}/discard",
    "/desk/invoices/{id}/go-on",
    "/desk/invoices/{id}/promise/withdrawal",
    "/desk/invoices/{id}/dispute/withdrawal",
    "/desk/invoices/{id}/dispute/end",
    "/desk/invoices/{id}/dispute/person",
    "/desk/invoices/issue",
    "/desk/invoices/{id}/issue",
    "/desk/invoices/{id}/late-note",
    "/desk/invoices/{id}/send",
    "/desk/letters/{id}/decide",
    "/desk/publish/{kept}",
    "/desk/recurring/{id}/leave-out",
    "/desk/recurring/{id}/pause",
    "/desk/recurring/{id}/resume",
    "/desk/reminders/policy/holidays",
    "/desk/reminders/policy/holidays/country",
    "/desk/settings/logo",
    "/desk/settings/logo/remove",
    "/desk/snooze/{item}/end",
    "/invoices/{number}/promise/withdrawal",
    "/invoices/{number}/dispute/withdrawal",
    "/quotes/{number}/acceptance",
    "/reminders/stop/{token}",
    "/sign-in/link/{token}",
    "/sign-out",
];

#[tokio::test]
async fn every_route_that_takes_a_form_has_it_on_a_page() {
    let world = World::new().await;
    let found = gather(&world).await;
    let missing: Vec<&str> = routes::list()
        .iter()
        .filter(|r| r.method == "POST")
        .map(|r| r.path)
        .filter(|p| !found.contains_key(p))
        .collect();
    // Shown only for a letter of which nobody knows, where a code is waited for, after a restore, for whose access was
    // revoked, for a quote that was accepted or that waits to be looked through, for what is paused or promised,
    // for a client on hold or left out of late payment, and for an invoice that was paid late.
    let known = [
        "/sign-in/code",
        "/desk/letters/{id}/decide",
        "/desk/sending/release",
        "/desk/restored/numbers",
        "/desk/contacts/{id}/admit",
        "/desk/quotes/{id}/invoice",
        "/desk/recurring/{id}/resume",
        "/desk/recurring/{id}/leave-out",
        "/desk/invoices/{id}/go-on",
        "/desk/invoices/{id}/promise/withdrawal",
        "/invoices/{number}/promise/withdrawal",
        "/desk/clients/{id}/go-on",
        "/desk/clients/{id}/credit/lift",
        "/desk/clients/{id}/late-payment/end",
        "/desk/invoices/{id}/late-note",
        "/desk/snooze/{item}/end",
    ];
    let missing: Vec<&&str> = missing.iter().filter(|p| !known.contains(p)).collect();
    assert!(missing.is_empty(), "no page has a form for {missing:?}");
    let typed = |form: &Form| form.fields.iter().any(|f| f.typed);
    let silent: BTreeSet<&str> = found.iter().filter(|x| !typed(&x.1.1)).map(|x| *x.0).collect();
    let expected: BTreeSet<&str> = BUTTONS.iter().copied().filter(|p| !known.contains(p)).collect();
    assert_eq!(silent, expected);
}

#[tokio::test]
async fn a_form_full_of_hostile_text_comes_back_with_what_to_do() {
    let world = World::new().await;
    let mut faults = Vec::new();
    for (route, (who, form)) in gather(&world).await {
        if !form.fields.iter().any(|f| f.typed) || route == "/password/{token}" {
            continue;
        }
        // A reason is a paragraph.
        let paragraph = route == DECLINE || route.ends_with("/credit") || route.ends_with("/undo");
        let from = if paragraph { IN_PARAGRAPHS } else { 0 };
        let to = if WORDS.contains(&route) { NEVER } else { HOSTILE.len() };
        for (what, value) in &HOSTILE[from..to] {
            let before = world.house.log().len();
            let fields: Vec<(&str, &str)> =
                form.fields.iter().map(|f| (&*f.name, if f.typed { *value } else { &*f.value })).collect();
            let answer = post(&mut browser(&world, who), &form.action, &fields).await;
            faults.extend(refusal_faults(&world, &answer, before).iter().map(|f| format!("{route}, {what}: {f}")));
        }
    }
    none(faults);
}

#[tokio::test]
async fn one_hostile_field_is_refused_or_taken_whole_and_never_a_fault() {
    let world = World::new().await;
    let mut faults = Vec::new();
    for (route, (who, form)) in gather(&world).await {
        let typed = form.fields.iter().any(|f| f.typed);
        for n in (0..form.fields.len()).filter(|n| typed && form.fields[*n].name != "csrf") {
            for (what, value) in HOSTILE {
                let before = world.log_length();
                let sent =
                    form.fields.iter().enumerate().map(|(m, f)| (&*f.name, if m == n { *value } else { &*f.value }));
                let fields: Vec<(&str, &str)> = sent.collect();
                let answer = post(&mut browser(&world, who), &form.action, &fields).await;
                let changed = world.log_length() != before;
                let told = || format!("{route} {}, {what}: {}", form.fields[n].name, answer.status);
                if answer.status.is_server_error() {
                    faults.push(told());
                }
                if answer.status.is_client_error() && changed && !is_a_refusal(world.house.log().last().unwrap()) {
                    faults.push(format!("{} and wrote {:?}", told(), world.house.log().last()));
                }
            }
        }
    }
    none(faults);
}

#[tokio::test]
async fn a_body_that_is_no_form_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let mut faults = Vec::new();
    const FORM: &str = "application/x-www-form-urlencoded";
    const MULTI: &str = "multipart/form-data; boundary=b";
    // Mail programs send what they like to the one that stops reminders (RFC 8058); it does not read it.
    let reads = |r: &Route| r.method == "POST" && r.path != "/reminders/stop/{token}";
    for route in routes::list().into_iter().filter(reads) {
        let who = sender(&route);
        let token = world.token(who);
        let csrf = format!("csrf={token}&");
        let part = format!("--b\r\ncontent-disposition: form-data; name=\"csrf\"\r\n\r\n{token}\r\n");
        let with = |start: &str, rest: &[u8]| [start.as_bytes(), rest].concat();
        let bodies: Vec<(&str, Option<&str>, Vec<u8>)> = vec![
            ("no type", None, with(&csrf, b"name=x")),
            ("JSON", Some("application/json"), b"{\"csrf\":1}".to_vec()),
            ("plain text", Some("text/plain"), with(&csrf, b"name=x")),
            (
                "XML",
                Some("application/xml"),
                b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>".to_vec(),
            ),
            ("invalid escapes", Some(FORM), with(&csrf, b"name=%FF%FE&email=%C0%AF&amount=%ED%A0%80")),
            ("raw bytes", Some(FORM), with(&csrf, b"name=\xff\xfe\x00&email=\xc0\xaf")),
            ("20,000 fields", Some(FORM), with(&csrf, "line=1&".repeat(20_000).as_bytes())),
            ("10 MB", Some(FORM), with(&csrf, format!("name={}", "x".repeat(10 << 20)).as_bytes())),
            ("nothing", Some(FORM), Vec::new()),
            (
                "cut off",
                Some(MULTI),
                with(&part, b"--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n%PDF"),
            ),
            ("no boundary", Some("multipart/form-data"), with(&part, b"--b--\r\n")),
            ("no parts", Some(MULTI), b"--b--\r\n".to_vec()),
            (
                "not UTF-8 in a part",
                Some(MULTI),
                with(&part, b"--b\r\ncontent-disposition: form-data; name=\"title\"\r\n\r\n\xff\xfe\r\n--b--\r\n"),
            ),
        ];
        for (what, kind, body) in bodies {
            for (path, _) in world.cases(route.path).unwrap_or_default().into_iter().take(1) {
                let before = world.house.log().len();
                let answer = browser(&world, who).send(Method::POST, &path, kind, body.clone()).await;
                // A link's button has no form beside the address.
                let bodiless = matches!(route.path, "/sign-in/link/{token}");
                let all = refusal_faults(&world, &answer, before);
                let wrong = all.iter().filter(|f| {
                    !(bodiless && (f.starts_with("got 303") || f.starts_with("wrote") || f.contains("303")))
                });
                faults.extend(wrong.map(|f| format!("{} {what}: {f}", route.path)));
            }
        }
    }
    none(faults);
}

#[tokio::test]
async fn a_form_with_nothing_in_it_is_refused_where_something_must_be_typed() {
    let world = World::new().await;
    let mut faults = Vec::new();
    // Here no numbers are held back; `restored.rs` sends that form empty where they are.
    let open = |r: &Route| r.path != "/desk/restored/numbers";
    let asks = |r: &Route| r.method == "POST" && open(r) && !BUTTONS.contains(&r.path);
    for route in routes::list().into_iter().filter(asks) {
        let who = sender(&route);
        let (path, _) = world.cases(route.path).unwrap_or_default().into_iter().next().unwrap();
        let before = world.house.log().len();
        let answer = post(&mut browser(&world, who), &path, &[("csrf", &world.token(who))]).await;
        faults.extend(refusal_faults(&world, &answer, before).iter().map(|f| format!("{}: {f}", route.path)));
    }
    none(faults);
}

/// How many of them pages read with more than a comparison.
const READ: usize = 15;
/// Names that queries of pages have, and some that they might have.
const QUERY_NAMES: &[&str] = &[
    "after", "before", "from", "to", "on", "q", "client", "invoice", "of", "kind", "kept", "state", "who", "what",
    "topic", "note", "done", "saved", "back", "sort", "by", "page", "size", "limit", "per_page", "offset", "project",
    "due", "as", "asof", "show", "shelf", "number", "contact", "invited", "copy",
];

#[tokio::test]
async fn hostile_queries_get_a_page_and_never_a_fault() {
    let world = World::new().await;
    let mut faults = Vec::new();
    let values = [
        "",
        "0",
        "-1",
        "18446744073709551615",
        "18446744073709551616",
        "0_0",
        "-2147483648_0",
        "2147483647_18446744073709551615",
        "-999999999999_5",
        "9999-12-31",
        "-9999-01-01",
        "0000-00-00",
        "31.12.9999",
        "1.1.-9999",
        "%FF",
        "%00",
        "%0d%0aSet-Cookie:a=b",
        "%E2%80%AE",
        "%",
        "+",
        "1e999",
        "NaN",
        "%3Cscript%3E",
        "..%2F..%2Fetc%2Fpasswd",
        "//evil.example",
        "\u{7f}x",
    ];
    let large = "x".repeat(3_900);
    for route in routes::list().into_iter().filter(|r| r.method == "GET") {
        let who = match route.audience {
            Audience::Anyone | Audience::Demo => Who::Anonymous,
            Audience::Reader | Audience::Contact => Who::Ana,
            _ => Who::Orla,
        };
        let (path, _) = world.cases(route.path).unwrap_or_default().into_iter().next().unwrap();
        let ask = |query: String| {
            let mut browser = world.browser(who);
            let path = format!("{path}?{query}");
            async move { browser.get(&path).await }
        };
        let mut queries: Vec<String> = values
            .iter()
            .map(|v| QUERY_NAMES.iter().map(|n| format!("{n}={v}")).collect::<Vec<_>>().join("&"))
            .collect();
        queries.extend([format!("q={large}"), "&".repeat(4_000), "a=1&".repeat(1_000)]);
        let worst = ["-1", "18446744073709551615", "2147483647_18446744073709551615", "9999-12-31", "%FF"];
        queries.extend(QUERY_NAMES[..READ].iter().flat_map(|n| worst.iter().map(move |v| format!("{n}={v}"))));
        queries.push("from=-9999-01-01&to=9999-12-31".to_owned());
        queries.push("from=9999-12-31&to=-9999-01-01".to_owned());
        for query in queries.into_iter().map(|q| q.replace('\u{7f}', "%7F")) {
            let answer = ask(query.clone()).await;
            let status = answer.status.as_u16();
            if status >= 500 || (status >= 400 && answer.body.is_empty()) {
                faults.push(format!("{path}?{query}: {status}"));
            }
            if answer.text().contains("<script>")
                || answer.headers.contains_key("a")
                || answer.location().contains("evil")
            {
                faults.push(format!("{path}?{query}: echoed {}", answer.location()));
            }
        }
    }
    none(faults);
}

#[tokio::test]
async fn hostile_paths_lead_nowhere() {
    let world = World::new().await;
    let mut faults = Vec::new();
    let values = [
        "0",
        "-1",
        "18446744073709551615",
        "18446744073709551616",
        "+1",
        "1%20",
        "%31",
        "1%00",
        "1%0d%0a",
        "%FF",
        "%2e%2e",
        "..%2f1",
        "1%2F2",
        "1;x",
        "1.pdf.pdf",
        ".pdf",
        "%E2%80%AE1",
        "credit-",
        "credit-x",
        "credit-18446744073709551616",
        "HF-2026-0001%00.pdf",
        "%3Cscript%3E",
        "%F0%9F%92%A9",
    ];
    for route in routes::list().into_iter().filter(|r| r.path.contains('{')) {
        let who = sender(&route);
        for value in values {
            let mut path = route.path.to_owned();
            while let (Some(a), Some(b)) = (path.find('{'), path.find('}')) {
                path.replace_range(a..=b, value);
            }
            let mut browser = world.browser(who);
            let answer = if route.method == "GET" {
                browser.get(&path).await
            } else {
                post(&mut browser, &path, &[("csrf", &world.token(who))]).await
            };
            // `%31` is another way to write 1.
            let fine =
                answer.status.is_client_error() || answer.status.is_redirection() || value == "%31" || value == "+1";
            if !fine || answer.body.is_empty() && !answer.status.is_redirection() {
                faults.push(format!("{} {path}: {} {}", route.method, answer.status, answer.location()));
            }
            if answer.text().contains("<script>") {
                faults.push(format!("{path}: echoed"));
            }
        }
    }
    none(faults);
}

#[tokio::test]
async fn a_file_that_is_no_pdf_is_refused_and_nothing_is_kept() {
    let world = World::new().await;
    let client = world.marlow.client.to_string();
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("HTML", b"<!DOCTYPE html><script>alert(1)</script>".to_vec()),
        ("a name alone", b"%PDF-1.7".to_vec()),
        ("cut off", pdf("x")[..200].to_vec()),
        ("zeros", vec![0; 5_000]),
        ("SVG", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec()),
    ];
    for (what, bytes) in files {
        let before = world.house.log().len();
        let fields = [
            ("csrf", &*world.token(Who::Orla)),
            ("client", &*client),
            ("kind", "invoice"),
            ("number", "MC/2026-99"),
            ("issued", "2026-11-20"),
            ("due", "2026-12-20"),
            ("amount", "10.00"),
            ("currency", "EUR"),
            ("title", "Kiln"),
            ("do", "check"),
        ];
        let answer = multipart(&mut world.browser(Who::Orla), "/desk/publish", &fields, Some(&bytes)).await;
        let faults = refusal_faults(&world, &answer, before);
        assert!(faults.is_empty(), "{what}: {faults:?}");
        let logo = [("csrf", &*world.token(Who::Orla))];
        let answer = multipart(&mut world.browser(Who::Orla), "/desk/settings/logo", &logo, Some(&bytes)).await;
        let faults = refusal_faults(&world, &answer, before);
        assert!(faults.is_empty(), "logo, {what}: {faults:?}");
    }
}
