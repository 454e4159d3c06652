//! The outbox: which letters wait, went, failed, or went nobody knows where, and deciding about the last two.
//!
//! Links and codes are drawn while a letter is sent, so the text kept has slots; no page shows more than `[link]`.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use maud::{Markup, html};

use super::links;
use super::names::NamesOf;
use crate::actions::letters::{self as acts, Decision};
use crate::domain::access::{Act, StaffScope};
use crate::domain::event::{Event, LogEntry};
use crate::domain::ids::LetterId;
use crate::domain::letter::{ANCHOR_SLOT, CODE_SLOT, LINK_SLOT, Letter, LetterState, Purpose};
use crate::domain::sentence::{self, Names, step_words};
use crate::store::letters::LetterShelf;
use crate::store::prelude::*;
use crate::web::forms::{Posted, Query};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Col, Field, FieldError, Icon, Look, Moment, Row, Tab, Tone, nw, time};
use crate::web::path::Path;
use crate::web::problem::Problem;

/// Letters on a page.
const PAGE: usize = 50;
/// Letters looked at for one page, when some are not for whoever asks.
const LOOKED_MAX: usize = 1_000;
/// Entries of the log looked at for a letter's history.
const HISTORY_MAX: usize = 300;

/// The lists, as (word in the query, words, shelf).
const STATES: [(&str, &str, Option<LetterShelf>); 6] = [
    ("", "All", None),
    ("waiting", "Waiting", Some(LetterShelf::Waiting)),
    ("accepted", "Handed over", Some(LetterShelf::Accepted)),
    ("failed", "Failed", Some(LetterShelf::Failed)),
    ("uncertain", "Uncertain", Some(LetterShelf::Uncertain)),
    ("withdrawn", "Withdrawn", Some(LetterShelf::Withdrawn)),
];

/// Whether a member of staff may see a letter: letters to staff are not for those who see only some clients.
pub(super) fn sees(scope: &StaffScope, letter: &Letter) -> bool {
    letter.client.map_or(scope.only().is_none(), |client| scope.sees(client))
}

/// Letters of a shelf that the scope may see, newest first, at most `limit`, and where to go on.
pub(super) fn seen_on(
    r: &ReadTx,
    scope: &StaffScope,
    shelf: Option<LetterShelf>,
    before: Option<LetterId>,
    limit: usize,
) -> Result<(Vec<Letter>, Option<LetterId>), StoreError> {
    let (mut out, mut looked, mut from) = (Vec::new(), 0, before);
    while looked < LOOKED_MAX {
        let chunk = match shelf {
            Some(shelf) => r.letters_on(shelf, from, limit + 1)?,
            None => r.letters(from, limit + 1)?,
        };
        let last = chunk.len() <= limit;
        for letter in chunk {
            if out.len() == limit {
                return Ok((out, from));
            }
            looked += 1;
            from = Some(letter.id);
            out.extend(Some(letter).filter(|l| sees(scope, l)));
        }
        if last {
            return Ok((out, None));
        }
    }
    Ok((out, from))
}

/// How a state is shown: tone, words, since when, and the server's words or the reason.
pub(super) fn told(state: &LetterState) -> (Tone, &'static str, Option<Timestamp>, &str) {
    match state {
        LetterState::Queued => (Tone::Info, "Waiting", None, ""),
        LetterState::Sending(at) => (Tone::Info, "Being handed over", Some(*at), ""),
        LetterState::Accepted(at, words) => (Tone::Ok, "Handed to the mail server", Some(*at), words),
        LetterState::Deferred(at, words) => (Tone::Warn, "Waiting to be tried again", Some(*at), words),
        LetterState::Failed(at, words) => (Tone::Bad, "Not delivered", Some(*at), words),
        LetterState::Uncertain(at, words) => (Tone::Warn, "Uncertain", Some(*at), words),
        LetterState::Withdrawn(at, words) => (Tone::Plain, "Withdrawn", Some(*at), words),
    }
}

/// Why a letter exists, in a few words.
pub(super) fn why(purpose: Purpose) -> String {
    match purpose {
        Purpose::Quote(_) => "Here is the quote".to_owned(),
        Purpose::QuoteAnswered(_) => "A quote was answered".to_owned(),
        Purpose::Issued(_) => "Here is the document".to_owned(),
        Purpose::Reminder(_, step) => format!("Reminder {}", step_words(step)),
        Purpose::SignIn => "Sign-in".to_owned(),
        Purpose::SetPassword => "Set a password".to_owned(),
        Purpose::Notice => "Notice of a change".to_owned(),
    }
}

/// `GET /desk/letters?state=&before=`
pub async fn list(desk: Desk, Query(query): Query) -> Result<Markup, Problem> {
    let asked = query.get("state");
    let (code, _, shelf) = STATES.into_iter().find(|s| s.0 == asked).unwrap_or(STATES[0]);
    desk.read(|r| {
        let before = query.get("before").parse().ok();
        let (letters, next) = seen_on(r, &desk.scope, shelf, before, PAGE)?;
        let names = NamesOf::new(r);
        let rows: Vec<Row> = letters.iter().map(|letter| row(&desk, letter, &names)).collect();
        let held = r.sending_held()?;
        let notes = html! {
            @if !desk.app.mailer.leads_out() { (no_way_out()) }
            @if held { (held_back(&desk)) }
        };
        Ok(desk.page(DeskNav::Letters, "Letters", list_body(code, &notes, &rows, next)))
    })
}

/// That no letter can leave.
fn no_way_out() -> Markup {
    let what =
        "Letters wait in the outbox. Whoever runs this server names a mail server under [mail] in its configuration.";
    parts::note(Tone::Warn, Icon::Alert, "No mail server is configured.", what)
}

/// That letters are held back since a restore, and where an owner lets them go.
pub(super) fn held_back(desk: &Desk) -> Markup {
    html! {
        (parts::note(Tone::Warn, Icon::Alert, "Letters are held back.", "This data was restored from a backup, so some of what waits may have been sent before. An owner releases the letters; those to sign in and to set a password go meanwhile."))
        @if desk.may(Act::Govern) {
            p.gap-y { (parts::link(Look::Plain, super::restored::PAGE, "Look through them")) }
        }
    }
}

fn row(desk: &Desk, letter: &Letter, names: &NamesOf<'_, ReadTx>) -> Row {
    let (tone, words, at, said) = told(&letter.state);
    let at = at.unwrap_or(letter.queued);
    Row {
        tone,
        cells: vec![
            time(at, desk.locale().instant_short(at, desk.zone(), desk.today())),
            html! {
                (letter.to_name) small { (letter.to_address) }
                small.narrow { a href=(links::letter(letter.id)) { (letter.subject) } }
                small.narrow { (parts::tag(tone, words)) }
            },
            html! { a href=(links::letter(letter.id)) { (letter.subject) } small { (why(letter.purpose)) } },
            html! {
                @if let Some(id) = letter.purpose.invoice() { a href=(links::invoice(id)) { (nw(names.document(id))) } }
                @if let Some(client) = letter.client { small { (names.client(client)) } }
            },
            html! { (parts::tag(tone, words)) @if !said.is_empty() { small { (said) } } },
        ],
        ..Row::default()
    }
}

/// The pages that share the heading *Letters*: the shelves, and what goes out next.
pub(super) fn tabs(current: &str) -> Markup {
    let addresses: Vec<String> = STATES.iter().map(|s| links::with_query("/desk/letters", &[("state", s.0)])).collect();
    let mut all: Vec<Tab<'_>> =
        STATES.iter().zip(&addresses).map(|(s, href)| Tab { href, text: s.1, current: s.0 == current }).collect();
    all.push(Tab { href: "/desk/reminders", text: "Reminders ahead", current: current == "reminders" });
    parts::tabs("Letters", &all)
}

fn list_body(code: &str, notes: &Markup, rows: &[Row], next: Option<LetterId>) -> Markup {
    let cols = [
        Col::short("When"),
        Col::text("To"),
        Col::text("Subject").wide(),
        Col::text("About").wide(),
        Col::text("State").wide(),
    ];
    let older = next.map(|id| links::with_query("/desk/letters", &[("state", code), ("before", &id.to_string())]));
    html! {
        (parts::head("Letters", "Every e-mail that Counterfoil sends. Handed to the mail server is not yet read.", html! {}))
        (notes)
        div.gap-y[!notes.0.is_empty()] { (tabs(code)) }
        @if rows.is_empty() {
            (parts::empty("No letters here.", if next.is_some() { "There may be some further back." } else { "A letter appears as soon as it is queued." }))
        } @else { (parts::scroller("Letters", &cols, rows, None)) }
        (parts::pager(None, older.as_deref().map(|href| (href, "Older letters"))))
    }
}

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
    let names = NamesOf::new(r);
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
                (parts::section("about", "About", "", about(letter, &names)))
                (parts::section("history", "History", "", past(desk, &history, &names)))
            }
        }
    };
    Ok(desk.page(DeskNav::Letters, &parts::titled(&title, errors), body))
}

/// What a queued letter waits for.
fn waits_for(r: &ReadTx, desk: &Desk, letter: &Letter) -> Result<&'static str, StoreError> {
    let held = r.held_since()?.is_some_and(|since| !letter.goes_while_held(since));
    Ok(match held {
        _ if !desk.app.mailer.leads_out() => "It waits until a mail server is configured.",
        true => "It is held back since the restore, until an owner lets the letters go.",
        false => "It goes with the next round.",
    })
}

fn standing(letter: &Letter, waits_for: &str) -> Markup {
    let (tone, words, _, said) = told(&letter.state);
    let icon = match tone {
        Tone::Ok => Icon::Check,
        Tone::Bad => Icon::Bounce,
        Tone::Warn => Icon::Alert,
        Tone::Plain | Tone::Info => Icon::Mail,
    };
    let rest = match &letter.state {
        LetterState::Queued => waits_for.to_owned(),
        LetterState::Accepted(..) => format!("The mail server said: {said}. That is no proof that anybody read it."),
        LetterState::Sending(_) => String::new(),
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
                @if matches!(letter.state, LetterState::Failed(..)) {
                    (parts::submit_as(Look::Quiet, "do", "leave-all", "Leave all that failed to this address"))
                }
            }
        }
    };
    parts::section("decide", heading, "", body)
}

/// The letter as it was written, its slots in words.
fn paper(letter: &Letter) -> Markup {
    let text = letter.text.replace(LINK_SLOT, "[link]").replace(CODE_SLOT, "[code]").replace(ANCHOR_SLOT, "[anchor]");
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

fn about(letter: &Letter, names: &NamesOf<'_, ReadTx>) -> Markup {
    let mut all = vec![("Why", html! { (why(letter.purpose)) })];
    if let Some(client) = letter.client {
        all.push(("Client", html! { a href=(links::client(client)) { (names.client(client)) } }));
    }
    if let Some(id) = letter.purpose.invoice() {
        all.push(("Document", html! { a href=(links::invoice(id)) { (nw(names.document(id))) } }));
    }
    all.push(("Tries", html! { (letter.attempts) }));
    parts::facts(&all)
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
        | Event::LetterUncertain { letter, .. }
        | Event::LetterDecided { letter, .. }
        | Event::LetterWithdrawn { letter, .. } => Some(*letter),
        _ => None,
    }
}

fn past(desk: &Desk, history: &[LogEntry], names: &NamesOf<'_, ReadTx>) -> Markup {
    let (locale, today) = (desk.locale(), desk.today());
    let moments: Vec<Moment> = history
        .iter()
        .map(|entry| {
            let told = sentence::for_staff(entry, names, locale);
            Moment {
                iso: entry.at.to_string(),
                when: locale.instant_short(entry.at, desk.zone(), today),
                tone: super::tone_of(told.mark),
                icon: super::icon_of(told.icon),
                what: html! { (told.text) },
                more: told.detail.unwrap_or_default(),
                next: false,
            }
        })
        .collect();
    html! { @if moments.is_empty() { p.mut { "Its history is in the activity log." } } @else { (parts::timeline(&moments)) } }
}
