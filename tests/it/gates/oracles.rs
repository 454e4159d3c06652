//! What no answer tells: whether something of another client is there; and that odd addresses are addresses of nothing.

use axum::http::StatusCode;
use counterfoil::web::routes::{self, Audience};

use super::policy::Who;
use super::world::{World, multipart, post};
use crate::house::pdf;

/// An address with every parameter replaced.
fn filled(path: &str, with: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { with } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn a_parameter_that_is_no_text_is_an_address_of_nothing() {
    let world = World::new().await;
    let mut wrong = Vec::new();
    for route in routes::list().into_iter().filter(|r| r.path.contains('{')) {
        let path = filled(route.path, "%FF");
        for who in [Who::Anonymous, Who::Ana, Who::Orla] {
            let mut browser = world.browser(who);
            let answer = match route.method {
                "GET" => browser.get(&path).await,
                _ => post(&mut browser, &path, &[("csrf", &world.token(who))]).await,
            };
            let page = answer.text();
            let ours = page.contains("<h1") && answer.header("content-type").starts_with("text/html");
            let nothing = answer.status == StatusCode::NOT_FOUND && ours;
            let stopped = answer.status.is_redirection() || answer.status == StatusCode::FORBIDDEN && ours;
            let must_be_nothing = route.audience == Audience::Anyone || who == Who::Orla && path.starts_with("/desk");
            if page.contains("UTF-8") || !(nothing || stopped && !must_be_nothing) {
                wrong.push(format!("{} {path} as {who:?}: {} {page:.80}", route.method, answer.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A page without what was typed and what names the request.
fn blind(page: &str, typed: &str) -> String {
    page.replace(typed, "TYPED")
}

#[tokio::test]
async fn an_address_in_use_is_refused_in_the_same_words_whoever_has_it() {
    let world = World::new().await;
    let new = format!("/desk/clients/{}/contacts/new", world.house.who.marlow);
    let mut pages = Vec::new();
    // Of their own client, of a client outside their scope, and of the firm.
    for taken in ["peter@marlow.example", "sofia@kestrel.example", "orla@hartmann.example"] {
        let mut maeve = world.browser(Who::Maeve);
        let fields =
            [("csrf", &*world.token(Who::Maeve)), ("name", "Somebody"), ("email", taken), ("rights", "billing")];
        let answer = maeve.post_as_is(&new, &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{taken}: {}", answer.text());
        assert!(answer.text().contains("can’t be used for one more sign-in"), "{}", answer.text());
        pages.push(blind(&answer.text(), taken));
    }
    assert!(pages.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn a_number_in_use_is_refused_in_the_same_words_whoever_s_document_has_it() {
    let world = World::new().await;
    let mut pages = Vec::new();
    for side in [&world.marlow, &world.kestrel] {
        let number = side.published.1.as_str();
        let mut maeve = world.browser(Who::Maeve);
        let client = world.house.who.marlow.to_string();
        let fields = [
            ("csrf", &*world.token(Who::Maeve)),
            ("client", &*client),
            ("kind", "invoice"),
            ("number", number),
            ("issued", "2026-11-20"),
            ("due", "2026-12-20"),
            ("amount", "10.00"),
            ("currency", "EUR"),
            ("title", "Kiln"),
            ("do", "check"),
        ];
        let answer = multipart(&mut maeve, "/desk/publish", &fields, Some(&pdf("taken"))).await;
        let page = answer.text();
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{page}");
        assert!(page.contains("is already used by another document"), "{page}");
        let kept = page.split_once("name=\"kept\" value=\"").map_or("", |x| x.1.split('"').next().unwrap());
        pages.push(blind(&page, number).replace(kept, "KEPT"));
    }
    assert_eq!(pages[0], pages[1]);
}

#[tokio::test]
async fn what_is_looked_for_outside_the_scope_is_as_absent() {
    let world = World::new().await;
    let there = world.kestrel.published.1.as_str().to_owned();
    let mut maeve = world.browser(Who::Maeve);
    let query = |number: &str| format!("/desk/find?q={}", number.replace('/', "%2F"));
    let hidden = maeve.get(&query(&there)).await;
    let absent = maeve.get(&query("ZZ/2026-9")).await;
    assert_eq!(hidden.status, absent.status);
    assert_eq!(blind(&hidden.text(), &there), blind(&absent.text(), "ZZ/2026-9"));
}
