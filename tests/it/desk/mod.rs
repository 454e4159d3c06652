//! The desk as staff use it: pages and forms, through the router.

mod activity;
mod calendar;
mod clients;
mod credit_terms;
mod credits;
mod fairness;
pub mod firm;
mod incoming;
mod invoice_plan;
mod invoices;
mod issue_many;
mod late;
mod late_again;
mod outlook;
mod overview;
mod past;
mod pauses;
mod payments;
mod plan;
mod policy;
mod publish;
mod quote_invoices;
mod quotes;
mod receivables;
mod refunds;
mod reversals;
mod says;
mod stale;
mod stops;
mod terms;
mod worklist;

use counterfoil::app::App;
use counterfoil::domain::event::{Actor, By};
use counterfoil::domain::ids::StaffId;
use counterfoil::domain::person::Person;
use counterfoil::secrets::Token;
use counterfoil::store::prelude::*;
use counterfoil::web::guard::SESSION_COOKIE;
use counterfoil::web::routes;

use crate::browser::Browser;
use crate::house::{PASSWORD, TestHouse};

/// The browser of a person of the firm who has signed in with their password.
pub async fn desk_of(house: &TestHouse, staff: StaffId) -> Browser {
    desk_in(&house.app, staff).await
}

/// The same in any app.
pub async fn desk_in(app: &App, staff: StaffId) -> Browser {
    let token = Token::draw(&app.entropy);
    let (person, digest) = (Person::Staff(staff), token.digest());
    let hash = app.store.read(|r| r.password_hash(person)).unwrap().unwrap();
    let enter = move |w: &mut WriteTx<'_>| counterfoil::actions::sessions::with_password(w, person, &hash, digest);
    let by = By { actor: Actor::Staff(staff), address: None };
    app.store.write(by, app.now(), enter).await.unwrap();
    let mut browser = Browser::new(routes::router(app.clone()), "portal.hartmann.example");
    browser.set_cookie(SESSION_COOKIE, &token.reveal());
    browser
}

/// A browser in which this person is signed in.
pub async fn signed_in(house: &TestHouse, email: &str) -> Browser {
    let mut browser = Browser::new(routes::router(house.app.clone()), "portal.hartmann.example");
    let fields = [("email", email), ("password", PASSWORD)];
    let answer = browser.post("/sign-in/password", &fields).await;
    assert!(answer.status.is_redirection(), "{}", answer.text());
    browser
}

/// What is between two marks of a page.
pub fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    page.split_once(from).and_then(|x| x.1.split_once(to)).map_or("", |x| x.0)
}
