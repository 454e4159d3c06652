//! One letter: how it stands, what it says, and deciding about one that failed or of which nobody knows.
//!
//! Links and codes are drawn while a letter is sent, so the text kept has slots; no page shows more than `[link]`.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::letters::{goes, sees, told, why};
use super::links;
use super::moments::moment;
use super::names::NamesOf;
use crate::actions::digest;
use crate::actions::letters::{self as acts, Along, Decision};
use crate::actions::reminders::Rules;
use crate::domain::access::Act;
use crate::domain::event::{Event, LogEntry};
use crate::domain::ids::LetterId;
use crate::domain::letter::{ANCHOR_SLOT, CODE_SLOT, Letter, LetterState};
use crate::domain::sentence::Names;
use crate::domain::text::capital;
use crate::store::prelude::*;
use crate::web::forms::Posted;
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Field, FieldError, Icon, Look, Moment, Tone, nw};
use crate::web::path::Path;
use crate::web::problem::Problem;

/// Entries of the log looked at for a letter's history.
const HISTORY_MAX: usize = 300;

fn find(r: &ReadTx, desk: &Desk, id: &str) -> Result<Letter, Problem> {
    let id = id.parse().map_err(|_| Problem::NotFound)?;
    r.letter(id)?.filter(|l| sees(&desk.scope, l)).ok_or(Problem::NotFound)
}

/// `GET /desk/letters/{id}`
pub async fn show(desk: Desk, Path(id): Path<String>) -> Result<Markup, Problem> {
    desk.read(|r| Ok(page(r, &desk, &find(r, &desk, &id)?, &[])?))
}

/// `POST /desk/letters/{id}/decide`: `do=again` or `do=leave`; sending an uncertain letter again asks for `sure=on`.
pub async fn decide(
    DeskWork(desk): DeskWork,
    Path(id): Path<String>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let letter = desk.read(|r| find(r, &desk, &id))?;
    let decision = match fields.get("do") {
        "again" => Decision::SendAgain,
        "leave" => Decision::Leave,
        "leave-all" => {
            let id = letter.id;
            desk.act(move |w, scope| acts::leave_all(w, scope, id)).await?;
            return Ok(Redirect::to(&links::letter(id)).into_response());
        }
        _ => return Err(Problem::Bad("Choose whether to send the letter again or to leave it.")),
    };
    let uncertain = matches!(letter.state, LetterState::Uncertain(..));
    if uncertain && decision == Decision::SendAgain && !fields.has("sure") {
        let errors = [FieldError::new("sure", "Tick the box to send it again; it may then arrive twice.")];
        let page = desk.read(|r| Ok(page(r, &desk, &find(r, &desk, &id)?, &errors)?))?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let letter = letter.id;
    desk.act(move |w, scope| acts::decide(w, scope, letter, decision)).await?;
    Ok(Redirect::to(&links::letter(letter)).into_response())
}

fn page(r: &ReadTx, desk: &Desk, letter: &Letter, errors: &[FieldError]) -> Result<Markup, StoreError> {
    let names = NamesOf::among(r, &desk.scope);
    let history = history(r, letter)?;
    let title = format!("Letter to {}", letter.to_name);
    let body = html! {
        (parts::back("/desk/letters", "Letters"))
        (parts::error_summary(errors))
        (parts::head(&title, html! { (letter.to_address) }, html! {}))
        (standing(letter, waits_for(r, desk, letter)?))
        @if desk.may(Act::Work) { (decision(desk, letter, errors)) }
        div.rail.sec-m {
            div { (parts::section("text", "The letter", "Links and codes are drawn while it is sent", paper(letter))) }
            aside aria-label="About this letter" {
                (parts::section("about", "About", "", about(letter, &names, files(r, letter)?)))
                @let along = along(r, letter, &names)?;
                @if !along.is_empty() { (parts::section("along", "In one letter with", "One e-mail, one verdict", html! { ul { @for one in &along { li { (one) } } } })) }
                (parts::section("history", "History", "", past(desk, &history, &names)))
            }
        }
    };
    Ok(desk.page(DeskNav::Letters, &parts::titled(&title, errors), body))
}

/// What a queued letter waits for.
fn waits_for(r: &ReadTx, desk: &Desk, letter: &Letter) -> Result<String, StoreError> {
    let held = r.held_since()?.is_some_and(|since| !letter.goes_while_held(since));
    Ok(match held {
        _ if !desk.app.mailer.leads_out() => "It waits until a mail server is configured.".to_owned(),
        true => "It is held back, until an owner lets the letters go.".to_owned(),
        false if acts::is_copy(letter) => "It goes when the letter that it is a copy of has gone.".to_owned(),
        false => {
            let first = digest::why_it_waits(r, letter, desk.app.now(), desk.zone())?;
            let first = first.map_or("", |_| "A letter went to them today. ");
            format!("{first}{}.", goes(desk, r, &Rules::now(r, desk.zone())?, letter, held)?)
        }
    })
}

fn standing(letter: &Letter, waits_for: String) -> Markup {
    let (tone, words, _, said) = told(&letter.state);
    let icon = match tone {
        Tone::Ok => Icon::Check,
        Tone::Bad => Icon::Bounce,
        Tone::Warn => Icon::Alert,
        Tone::Plain | Tone::Info => Icon::Mail,
    };
    let rest = match &letter.state {
        LetterState::Queued => waits_for,
        LetterState::Accepted(..) => format!("The mail server said: {said}. That is no proof that anybody read it."),
        LetterState::Sending(_) => String::new(),
        LetterState::Withdrawn(..) => format!("{}.", capital(said.trim_end_matches('.'))),
        _ => format!("{}.", said.trim_end_matches('.')),
    };
    parts::note(tone, icon, format!("{words}."), rest)
}

/// What can be done about a letter that failed or of which nobody knows.
fn decision(desk: &Desk, letter: &Letter, errors: &[FieldError]) -> Markup {
    let action = format!("{}/decide", links::letter(letter.id));
    let (uncertain, heading, about) = match &letter.state {
        LetterState::Uncertain(..) => (
            true,
            "Send it again?",
            "The connection broke off before the mail server answered. It may have taken the letter or not, and nobody \
             here can know. Sent again, it may arrive twice; left, perhaps never. Ask the recipient if you can.",
        ),
        LetterState::Bounced(..) => (
            false,
            "Try again?",
            "The mail server took it, and then it came back: nothing arrived. Check the address first; it goes to the \
             recipient’s present one.",
        ),
        LetterState::Failed(..) => (
            false,
            "Try again?",
            "The mail server refused it, so nothing arrived. Check the address first; it goes to the recipient’s present one.",
        ),
        _ => return html! {},
    };
    let sure = Field::new("sure", "I know that it may arrive twice").errors(errors);
    let body = html! {
        form.panel.stack method="post" action=(action) {
            (parts::csrf_input(&desk.csrf))
            p { (about) }
            @if let Some(client) = letter.client { p { a href=(links::client(client)) { "The client and its contacts" } } }
            @if uncertain { (parts::checkbox(&sure)) }
            p.row {
                (parts::submit_as(Look::Primary, "do", "again", "Send again"))
                (parts::submit_as(Look::Plain, "do", "leave", "Leave it"))
                @if matches!(letter.state, LetterState::Failed(..) | LetterState::Bounced(..)) {
                    (parts::submit_as(Look::Quiet, "do", "leave-all", "Leave all that failed to this address"))
                }
            }
        }
    };
    parts::section("decide", heading, "", body)
}

/// The letter as it was written, its slots in words.
fn paper(letter: &Letter) -> Markup {
    let text = letter.without_links("[link]").replace(CODE_SLOT, "[code]").replace(ANCHOR_SLOT, "[anchor]");
    html! {
        div.mail {
            dl.dl.small {
                dt { "To" } dd { (letter.to_name) ", " (letter.to_address) }
                dt { "Subject" } dd { b { (letter.subject) } }
            }
            div.mail-b { p.pre { (text) } }
        }
    }
}

/// The files that go along with a letter that waits, as things stand.
fn files(r: &ReadTx, letter: &Letter) -> Result<Option<String>, StoreError> {
    if !letter.state.waits() {
        return Ok(None);
    }
    let Along { files, linked } = acts::along(r, letter)?;
    let mut names: Vec<String> = files.into_iter().map(|x| x.0).collect();
    names.extend(linked.into_iter().map(|name| format!("{name} as a link: it is too large")));
    Ok((!names.is_empty()).then(|| names.join(", ")))
}

fn about(letter: &Letter, names: &NamesOf<'_, ReadTx>, files: Option<String>) -> Markup {
    let mut all = vec![("Why", html! { (why(letter.purpose)) })];
    if let Some(client) = letter.client {
        all.push(("Client", html! { a href=(links::client(client)) { (names.client(client)) } }));
    }
    if let Some(id) = letter.purpose.invoice() {
        all.push(("Document", html! { a href=(links::invoice(id)) { (nw(names.document(id))) } }));
    }
    if let Some(files) = files {
        all.push(("Goes along", html! { (files) }));
    }
    all.push(("Tries", html! { (letter.attempts) }));
    parts::facts(&all)
}

/// The letters that went, or are about to go, as one with it; of one that was carried, the one that carried it.
fn along(r: &ReadTx, letter: &Letter, names: &NamesOf<'_, ReadTx>) -> Result<Vec<Markup>, StoreError> {
    let mut out = Vec::new();
    for id in letter.carries.iter().copied().chain(letter.with) {
        let Some(other) = r.letter(id)? else { continue };
        let about = other.purpose.invoice().map(|id| names.document(id));
        let carrier = letter.with == Some(id);
        out.push(html! {
            a href=(links::letter(id)) { (why(other.purpose)) }
            @if let Some(about) = about { " (" (about) ")" }
            @if carrier { ", whose text is what went" }
        });
    }
    Ok(out)
}

/// The log's entries about a letter, newest first.
fn history(r: &ReadTx, letter: &Letter) -> Result<Vec<LogEntry>, StoreError> {
    let entries = match (letter.purpose.invoice(), letter.client) {
        (Some(invoice), _) => r.log_of_invoice(invoice, None, HISTORY_MAX)?,
        (None, Some(client)) => r.log_of_client(client, None, HISTORY_MAX)?,
        (None, None) => Vec::new(),
    };
    Ok(entries.into_iter().filter(|e| letter_of(&e.event) == Some(letter.id)).collect())
}

fn letter_of(event: &Event) -> Option<LetterId> {
    match event {
        Event::LetterQueued { letter, .. }
        | Event::LetterAccepted { letter, .. }
        | Event::LetterDeferred { letter, .. }
        | Event::LetterFailed { letter, .. }
        | Event::LetterBounced { letter, .. }
        | Event::LetterUncertain { letter, .. }
        | Event::LetterDecided { letter, .. }
        | Event::LetterWithdrawn { letter, .. } => Some(*letter),
        _ => None,
    }
}

fn past(desk: &Desk, history: &[LogEntry], names: &NamesOf<'_, ReadTx>) -> Markup {
    let one = |entry: &LogEntry| moment(entry, names, desk.locale(), desk.zone(), desk.today());
    let moments: Vec<Moment> = history.iter().map(one).collect();
    html! { @if moments.is_empty() { p.mut { "Its history is in the activity log." } } @else { (parts::timeline(&moments)) } }
}
