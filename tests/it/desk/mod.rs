//! The desk over its routes: what staff type, press and are told.

mod invoices;
mod publish;

use counterfoil::web::routes;

use crate::browser::Browser;
use crate::house::{PASSWORD, TestHouse};

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
