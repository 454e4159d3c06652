//! The demo's mailbox: the letters that would have gone out, for anybody who looks, newest first.
//!
//! Routed in every server and absent outside a demo. Shows the plain part; the whole letter can be fetched as it would
//! have travelled.

use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use maud::{Markup, html};

use super::page;
use super::parts::{self, Look};
use super::problem::Problem;
use super::state::Web;
use crate::domain::firm::Locale;
use crate::mail::{Kept, Mailer, MemoryMailer};
use crate::store::prelude::*;
use crate::web::path::Path;

/// Letters on the list.
const LISTED: usize = 200;
const LIST: &str = "/demo/mail";

/// `GET /demo/mail`
pub async fn list(State(web): State<Web>) -> Result<Markup, Problem> {
    let mailbox = mailbox(&web)?;
    let firm = web.app.store.read(|r| r.firm())?;
    let mut letters = mailbox.letters();
    letters.reverse();
    letters.truncate(LISTED);
    let when = |at| clock(&web, at);
    Ok(page::gate(&firm.party.name, "Letters", list_body(&letters, &when), about()))
}

/// `GET /demo/mail/{number}`
pub async fn letter(State(web): State<Web>, Path(number): Path<String>) -> Result<Markup, Problem> {
    let kept = find(&web, &number)?;
    let firm = web.app.store.read(|r| r.firm())?;
    let when = clock(&web, kept.letter.date);
    let origin = &web.app.settings.url;
    Ok(page::gate(&firm.party.name, &kept.letter.subject, letter_body(&kept, &when, origin), about()))
}

/// `GET /demo/mail/{number}/eml`: the letter as it would have gone over the wire.
pub async fn eml(State(web): State<Web>, Path(number): Path<String>) -> Result<Response, Problem> {
    let kept = find(&web, &number)?;
    let name = format!("attachment; filename=\"letter-{}.eml\"", kept.number);
    Ok(([(CONTENT_TYPE, "message/rfc822".to_owned()), (CONTENT_DISPOSITION, name)], kept.mime).into_response())
}

fn mailbox(web: &Web) -> Result<&MemoryMailer, Problem> {
    match &*web.app.mailer {
        Mailer::Memory(mailbox) if web.app.settings.demo => Ok(mailbox),
        _ => Err(Problem::NotFound),
    }
}

fn find(web: &Web, number: &str) -> Result<Kept, Problem> {
    let number: u64 = number.parse().map_err(|_| Problem::NotFound)?;
    mailbox(web)?.letters().into_iter().find(|k| k.number == number).ok_or(Problem::NotFound)
}

/// `Friday 20 November, 08:00`, by the demo's clock.
fn clock(web: &Web, at: Timestamp) -> String {
    let local = web.app.settings.zone.to_datetime(at);
    let day = Locale::default().date_weekday(local.date(), web.app.today());
    format!("{day}, {}", local.strftime("%H:%M"))
}

fn about() -> Markup {
    html! { p { "This page exists in the demo only: its letters come here and go nowhere else." } }
}

fn list_body(letters: &[Kept], when: &dyn Fn(Timestamp) -> String) -> Markup {
    let rows: Vec<_> = letters
        .iter()
        .map(|kept| {
            let letter = &kept.letter;
            let href = format!("{LIST}/{}", kept.number);
            let name = html! { a href=(href) { b { (letter.subject) } } };
            let to = html! { "To " (letter.to_name) ", " (letter.to_address) br; (when(letter.date)) };
            (name, to, html! {})
        })
        .collect();
    html! {
        h1 { "Letters" }
        @if rows.is_empty() {
            (parts::empty("No letters yet.", "Ask for a sign-in link, or issue an invoice, and look again."))
        } @else {
            (parts::rows(&rows))
        }
    }
}

fn letter_body(kept: &Kept, when: &str, origin: &str) -> Markup {
    let letter = &kept.letter;
    let files: Vec<&str> = letter.attachments.iter().map(|x| x.name.as_str()).collect();
    let facts = [
        ("From", html! { (letter.from_name) ", " (letter.from_address) }),
        ("To", html! { (letter.to_name) ", " (letter.to_address) }),
        ("Sent", html! { (when) }),
        ("Attached", html! { (files.join(", ")) }),
    ];
    let facts = if files.is_empty() { &facts[..3] } else { &facts[..] };
    html! {
        p { a href=(LIST) { "All letters" } }
        h1 { (letter.subject) }
        (parts::facts(facts))
        @for paragraph in letter.text.split("\n\n") { p.pre { (linked(paragraph, origin)) } }
        p { (parts::link(Look::Quiet, &format!("{LIST}/{}/eml", kept.number), "Download the whole letter")) }
    }
}

/// The text with its addresses of this portal as links.
fn linked(text: &str, origin: &str) -> Markup {
    let mut rest = text;
    let mut parts: Vec<(&str, &str)> = Vec::new();
    while let Some(at) = rest.find(origin) {
        let (before, from) = rest.split_at(at);
        let end = from.find(char::is_whitespace).unwrap_or(from.len());
        let (link, after) = from.split_at(end);
        parts.push((before, link));
        rest = after;
    }
    html! { @for (before, link) in parts { (before) a href=(link) { (link) } } (rest) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Outgoing;

    fn kept(text: &str) -> Kept {
        let letter = Outgoing {
            message_id: "a@b.example".into(),
            from_name: "Harbour & Finch".into(),
            from_address: "a@harbour.example".into(),
            return_path: None,
            reply_to: None,
            to_name: "Ana <b>".into(),
            to_address: "ana@marlow.example".into(),
            subject: "Due & today".into(),
            text: text.into(),
            html: None,
            thread: Vec::new(),
            in_reply_to: None,
            auto_submitted: true,
            list_unsubscribe: None,
            attachments: vec![],
            date: Timestamp::UNIX_EPOCH,
        };
        Kept { number: 7, letter, mime: vec![] }
    }

    #[test]
    fn a_letter_shows_its_text_with_the_portals_links_only() {
        let letter = kept("Dear Ana,\n\nhttps://a.example/x/y\nhttps://evil.example <script>");
        let page = letter_body(&letter, "today", "https://a.example").into_string();
        assert!(page.contains(r#"<a href="https://a.example/x/y">https://a.example/x/y</a>"#), "{page}");
        assert!(
            !page.contains(r#"href="https://evil"#) && !page.contains("<script>") && page.contains("/demo/mail/7/eml")
        );
    }

    #[test]
    fn the_list_names_who_and_what() {
        let page = list_body(&[kept("")], &|_| "noon".to_owned()).into_string();
        assert!(page.contains("Due &amp; today") && page.contains("Ana &lt;b&gt;") && page.contains("noon"));
        assert!(list_body(&[], &|_| String::new()).into_string().contains("No letters yet."));
    }
}
