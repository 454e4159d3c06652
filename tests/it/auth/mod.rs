//! Signing in and out over HTTP, in a browser without a network.

mod limits;
mod notices;
mod passwords;
mod sign_in;

use counterfoil::web::routes;

use crate::browser::{Answer, Browser};
use crate::house::{PASSWORD, TestHouse};

pub const HOST: &str = "portal.hartmann.example";
pub const SESSION: &str = "__Host-session";

/// A browser that has never been here.
pub fn browser(house: &TestHouse) -> Browser {
    Browser::new(routes::router(house.app.clone()), HOST)
}

/// A browser in which somebody signed in with the house's password.
pub async fn signed_in(house: &TestHouse, address: &str) -> Browser {
    let mut browser = browser(house);
    let answer = with_password(&mut browser, address, PASSWORD).await;
    assert!(answer.status.is_redirection(), "{}", answer.text());
    browser
}

pub async fn with_password(browser: &mut Browser, address: &str, password: &str) -> Answer {
    browser.post_as_is("/sign-in/password", &[("email", address), ("password", password)]).await
}

/// The path of the first link into the portal in a letter's text.
pub fn link_in(text: &str) -> String {
    let at = text.find(&format!("https://{HOST}/")).unwrap_or_else(|| panic!("no link in {text}"));
    let link: String = text[at..].chars().take_while(|c| !c.is_whitespace() && !"<>)]".contains(*c)).collect();
    link.replace(&format!("https://{HOST}"), "").trim_end_matches('.').to_owned()
}

/// The six-digit code in a letter's text, as it is written there.
pub fn code_in(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let is_code = |w: &&[char]| w.iter().enumerate().all(|(n, c)| if n == 3 { *c == ' ' } else { c.is_ascii_digit() });
    chars.windows(7).find(is_code).unwrap_or_else(|| panic!("no code in {text}")).iter().collect()
}

/// An answer without what may differ: the date, and the cookie of the request.
pub fn comparable(answer: &Answer) -> (u16, String, String) {
    (answer.status.as_u16(), answer.location().to_owned(), answer.text())
}
