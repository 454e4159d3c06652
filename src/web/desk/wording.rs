//! One letter's words in one language: the form, the letter as it would read, and who changed it when.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::form::{Typed, errors_in, on_to, refusal_in};
use super::names::NamesOf;
use super::wordings::{PAGE, address, since};
use crate::actions::wordings::{self, Sample};
use crate::domain::language::Language;
use crate::domain::text::capital;
use crate::domain::wording::{LetterKind, SUBJECT_MAX, Wording, Words};
use crate::mail::letters_starters::starter;
use crate::store::prelude::*;
use crate::web::forms::{Fields, Posted, errors_from};
use crate::web::guard::{Desk, DeskGovern};
use crate::web::page::DeskNav;
use crate::web::parts::{self, FieldError, Input, Look, csrf_input, hidden};
use crate::web::path::Path;
use crate::web::problem::Problem;

/// What a browser may do with a letter: show it, with the styles that stand in it.
const LETTER_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
/// Versions that are listed.
const VERSIONS: usize = 20;

type Which = (LetterKind, Language);

/// `GET /desk/settings/letters/{letter}`: a letter and a language, such as `overdue-de`.
pub async fn show(DeskGovern(desk): DeskGovern, Path(letter): Path<String>) -> Result<Markup, Problem> {
    let which = known(&desk, &letter)?;
    let now = desk.read(|r| Ok(r.wording_now(which.0, which.1)?))?;
    let (fields, words) = (kept(&desk, which, now.as_ref())?, now.and_then(|x| x.words));
    let words = if words.is_some() { words } else { of_tone(&desk, which)? };
    let sample = sample(&desk, which, words.as_ref(), "")?;
    page(&desk, which, Typed::fresh(&fields), sample.as_ref().ok())
}

/// `POST /desk/settings/letters/{letter}`: `do` shows the letter as typed (`preview`, `html`), goes back to ours
/// (`ours`), or keeps what was typed.
pub async fn save(
    DeskGovern(desk): DeskGovern,
    Path(letter): Path<String>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let which = known(&desk, &letter)?;
    let (known, pressed) = (fields.get("version").parse().unwrap_or(u32::MAX), fields.get("do"));
    if pressed == "ours" {
        return match desk.act(move |w, scope| wordings::change(w, scope, which, known, None)).await {
            Ok(()) => Ok(on_to(&format!("{PAGE}?saved=ours"))),
            Err(error) => refused(&desk, which, &fields, &errors_in(error, "subject")?),
        };
    }
    let [subject, opening, closing] = ["subject", "opening", "closing"].map(|name| fields.get(name));
    let words = match Words::read(which.0, subject, opening, closing) {
        Ok(words) => words,
        Err(refusal) => return refused(&desk, which, &fields, &errors_from(&refusal, "subject")),
    };
    if matches!(pressed, "preview" | "html") {
        return match sample(&desk, which, Some(&words), fields.get("about"))? {
            Ok(sample) if pressed == "html" => Ok(as_html(sample)),
            Ok(sample) => Ok(page(&desk, which, Typed::fresh(&fields), Some(&sample))?.into_response()),
            Err(errors) => refused(&desk, which, &fields, &errors),
        };
    }
    let now = desk.read(|r| Ok(r.wording_now(which.0, which.1)?))?;
    // Sent twice, or nothing changed: it is as it should be.
    if now.and_then(|x| x.words).as_ref() == Some(&words) {
        return Ok(on_to(&format!("{PAGE}?saved=words")));
    }
    match desk.act(move |w, scope| wordings::change(w, scope, which, known, Some(&words))).await {
        Ok(()) => Ok(on_to(&format!("{PAGE}?saved=words"))),
        Err(error) => refused(&desk, which, &fields, &errors_in(error, "subject")?),
    }
}

/// The letter of an address.
fn known(desk: &Desk, letter: &str) -> Result<Which, Problem> {
    let which = LetterKind::from_code(letter).ok_or(Problem::NotFound)?;
    let known = desk.read(|r| Ok(wordings::is_known(r, which.0)?))?;
    known.then_some(which).ok_or(Problem::NotFound)
}

/// For a step without words, the firm's own of its tone.
fn of_tone(desk: &Desk, (kind, language): Which) -> Result<Option<Words>, Problem> {
    let Some(tone) = kind.instead() else { return Ok(None) };
    desk.read(|r| Ok(r.wording_now(tone, language)?.and_then(|x| x.words)))
}

/// The form of what is kept; where there are no words of its own, of those like it to begin from.
fn kept(desk: &Desk, which: Which, now: Option<&Wording>) -> Result<Fields, Problem> {
    let version = now.map_or(0, |x| x.version).to_string();
    let words = match now.and_then(|x| x.words.clone()) {
        Some(words) => words,
        None => of_tone(desk, which)?.unwrap_or_else(|| starter(which.0, which.1)),
    };
    let Words { subject, opening, closing } = words;
    Ok(Fields::of([("version", version), ("subject", subject), ("opening", opening), ("closing", closing)]))
}

/// The letter as it would read; or what is wrong with the invoice to show it with.
fn sample(
    desk: &Desk,
    which: Which,
    words: Option<&Words>,
    about: &str,
) -> Result<Result<Sample, Vec<FieldError>>, Problem> {
    let on = (desk.today(), desk.app.settings.url.as_str());
    desk.read(|r| match wordings::sample(r, which, words, about, on) {
        Ok(sample) => Ok(Ok(sample)),
        Err(error) => Ok(Err(errors_from(&refusal_in(error)?, "about"))),
    })
}

/// The letter's HTML part by itself, which may do nothing.
fn as_html(sample: Sample) -> Response {
    let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, LETTER_POLICY)];
    (headers, sample.text.html).into_response()
}

fn refused(desk: &Desk, which: Which, fields: &Fields, errors: &[FieldError]) -> Result<Response, Problem> {
    let page = page(desk, which, Typed { fields, errors }, None)?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

fn page(desk: &Desk, (kind, language): Which, typed: Typed<'_>, sample: Option<&Sample>) -> Result<Markup, Problem> {
    desk.read(|r| {
        let names = NamesOf::among(r, &desk.scope);
        let versions = r.wordings(kind, language, VERSIONS)?;
        let own = versions.first().is_some_and(|x| x.words.is_some());
        let title = format!("{}, in {}", capital(&kind.words_in(&r.policy()?)), language.name());
        let about = match (own, kind.instead()) {
            (true, _) => "It says what you chose.",
            (false, Some(_)) => "It says what every letter of its tone does. The form begins with words like that.",
            (false, None) => "It says what we wrote. The form begins with words like ours.",
        };
        let body = html! {
            (parts::back(PAGE, "Letters"))
            (parts::error_summary(typed.errors))
            (parts::head(&title, about, ""))
            div.rail.sec-m {
                div {
                    (form(desk, (kind, language), typed, own))
                    @if let Some(sample) = sample { (paper(sample)) }
                }
                aside aria-label="About these words" {
                    (parts::section("variables", "Variables", "", variables(kind)))
                    (parts::section("versions", "Versions", "", history(desk, &names, kind, &versions)))
                }
            }
        };
        Ok(desk.page(DeskNav::Settings, &parts::titled(&title, typed.errors), body))
    })
}

fn form(desk: &Desk, (kind, language): Which, typed: Typed<'_>, own: bool) -> Markup {
    let back = if kind.instead().is_some() { "Back to the words of its tone" } else { "Back to our words" };
    let of_subject = format!("At most {SUBJECT_MAX} characters, in one line.");
    html! {
        form.panel.stack method="post" action=(address(kind, language)) {
            (csrf_input(&desk.csrf))
            (hidden("version", typed.fields.get("version")))
            (parts::input(&typed.field("subject", "Subject").hint(&of_subject), Input::Text))
            (parts::textarea(&typed.field("opening", "Opening").hint("After the greeting. An empty line begins a paragraph."), 7))
            p.mut.small { "Here the letter says which invoice it is about, what is open and by when, with the button to pay." }
            (parts::textarea(&typed.field("closing", "Closing").hint("Before the signature.").optional(), 5))
            (parts::input(&typed.field("about", "Show it with invoice").hint("A number; else one that is open, or an example.").optional().short(), Input::Text))
            p.row {
                (parts::submit_as(Look::Primary, "do", "save", "Save"))
                (parts::submit_as(Look::Plain, "do", "preview", "Preview"))
                button.btn name="do" value="html" formtarget="_blank" { "Preview as HTML " (parts::heard("(opens a new tab)")) }
                a href=(PAGE) { "Cancel" }
            }
        }
        @if own {
            form.sec-m method="post" action=(address(kind, language)) {
                (csrf_input(&desk.csrf))
                (hidden("version", typed.fields.get("version")))
                (parts::submit_as(Look::Quiet, "do", "ours", back))
            }
        }
    }
}

fn variables(kind: LetterKind) -> Markup {
    let names: Vec<(String, Markup)> =
        kind.variables().iter().map(|x| (format!("{{{}}}", x.name()), html! { (capital(x.meaning())) })).collect();
    let facts: Vec<(&str, Markup)> = names.iter().map(|(name, meaning)| (name.as_str(), meaning.clone())).collect();
    html! {
        p.small { "Filled when the letter is written, so that amounts are true on the day it goes." }
        (parts::facts(&facts))
    }
}

/// The letter as it would read, with what it was written about.
fn paper(sample: &Sample) -> Markup {
    let body = html! {
        div.mail {
            dl.dl.small { dt { "Subject" } dd { b { (sample.text.subject) } } }
            div.mail-b { p.pre { (sample.text.text) } }
        }
    };
    parts::section("preview", "As it would read", html! { "About " (sample.about) }, body)
}

fn history(desk: &Desk, names: &NamesOf<'_, ReadTx>, kind: LetterKind, versions: &[Wording]) -> Markup {
    let (none, back) = match kind.instead() {
        Some(_) => ("It never had words of its own.", "Back to those of its tone"),
        None => ("These are our words, as they came.", "Back to ours"),
    };
    html! {
        @if versions.is_empty() { p.mut { (none) } } @else {
            ul.plain { @for one in versions {
                li { div {
                    b { @if one.words.is_some() { "Words of your own" } @else { (back) } }
                    small { (since(desk, names, one)) }
                    @if let Some(words) = &one.words { (parts::more(reading(one.version), said(words))) }
                } }
            } }
        }
    }
}

/// What opens a version's words; for those who hear the page it says which version's.
fn reading(version: u32) -> Markup {
    html! { "What it says" (parts::heard(format!(" in version {version}"))) }
}

/// A version's words as they were kept, with their variables.
fn said(words: &Words) -> Markup {
    html! {
        dl.dl.small {
            dt { "Subject" } dd { (words.subject) }
            dt { "Opening" } dd.pre { (words.opening) }
            @if !words.closing.is_empty() { dt { "Closing" } dd.pre { (words.closing) } }
        }
    }
}
