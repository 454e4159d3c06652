//! What letters say, in the settings: which have words of the firm's own, and whether PDFs go along with them.

use axum::response::Response;
use maud::{Markup, html};

use super::form::{again, on_to};
use super::names::NamesOf;
use super::settings::tabs;
use crate::actions::letters::ATTACHED_MAX;
use crate::actions::wordings;
use crate::domain::event::Actor;
use crate::domain::language::Language;
use crate::domain::policy::Policy;
use crate::domain::sentence::Names;
use crate::domain::text::capital;
use crate::domain::wording::{LetterKind, Wording};
use crate::store::prelude::*;
use crate::web::forms::{Posted, Query};
use crate::web::guard::{Desk, DeskGovern};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Choice, Col, Field, FieldError, Icon, Look, Row, Tone, csrf_input, heard, time};
use crate::web::problem::Problem;

/// Where it is.
pub const PAGE: &str = "/desk/settings/letters";
/// Where it lists the words of single steps.
pub(super) const STEPS_ID: &str = "steps";

/// `GET /desk/settings/letters?saved=`
pub async fn show(DeskGovern(desk): DeskGovern, Query(query): Query) -> Result<Markup, Problem> {
    page(&desk, &[], query.get("saved"))
}

/// `POST /desk/settings/letters`: `pdfs=attached` or `pdfs=linked`.
pub async fn choose_files(DeskGovern(desk): DeskGovern, Posted(fields): Posted) -> Result<Response, Problem> {
    let along = match fields.get("pdfs") {
        "attached" => true,
        "linked" => false,
        _ => {
            let errors = [FieldError::new("pdfs", "Choose whether PDFs go along with letters or are linked.")];
            return Ok(again(page(&desk, &errors, "")?));
        }
    };
    desk.act(move |w, scope| wordings::send_pdfs_along(w, scope, along)).await?;
    Ok(on_to("/desk/settings/letters?saved=files"))
}

/// The address of a letter's form.
pub(super) fn address(kind: LetterKind, language: Language) -> String {
    format!("{PAGE}/{}-{}", kind.code(), language.code())
}

fn page(desk: &Desk, errors: &[FieldError], saved: &str) -> Result<Markup, Problem> {
    desk.read(|r| {
        let names = NamesOf::among(r, &desk.scope);
        let policy = r.policy()?;
        let steps: Vec<LetterKind> = policy.steps.iter().filter_map(LetterKind::of_step).collect();
        let of_all = rows(desk, r, &names, &LetterKind::ALL, &policy)?;
        let of_steps = rows(desk, r, &names, &steps, &policy)?;
        let languages = Language::ALL.map(Language::name);
        let cols: Vec<Col<'_>> =
            [Col::name("Letter")].into_iter().chain(languages.iter().map(|name| Col::text(name))).collect();
        let body = html! {
            (parts::head("Settings", "What letters to clients say, and what goes along with them.", ""))
            (tabs("letters"))
            div.sec-m { (told(saved)) (parts::error_summary(errors)) }
            (parts::section("words", "Words", "In the language of whoever reads it", html! {
                p.hint {
                    "Subject, opening and closing can be yours. Greeting, invoices, amounts, buttons, the link that stops "
                    "reminders and the signature are always there. A letter that waits keeps the words it was queued with. "
                    "A letter about a late payment note alone has ours."
                }
                (parts::scroller("Letters and their words", &cols, &of_all, None))
            }))
            @if !of_steps.is_empty() { (parts::section(STEPS_ID, "Words of single steps", "Where a step should say something else than others of its tone", html! {
                p.hint {
                    "For letters about one invoice; one about several speaks in the tone of the most pressing. A step keeps its words "
                    "when it is moved to another day, and has those of its tone again when its tone is changed."
                }
                (parts::scroller("Steps of the reminder policy and their words", &cols, &of_steps, None))
            })) }
            (files(desk, r.pdfs_along()?, errors))
        };
        Ok(desk.page(DeskNav::Settings, &parts::titled("Letters", errors), body))
    })
}

/// A row for each letter, with its state in each language.
fn rows(
    desk: &Desk,
    r: &ReadTx,
    names: &NamesOf<'_, ReadTx>,
    kinds: &[LetterKind],
    policy: &Policy,
) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::new();
    for &kind in kinds {
        let mut cells = vec![html! { (capital(&kind.words_in(policy))) }];
        for language in Language::ALL {
            let now = r.wording_now(kind, language)?;
            cells.push(state(desk, names, (kind, language), policy, now.as_ref()));
        }
        rows.push(Row::from(cells));
    }
    Ok(rows)
}

fn state(
    desk: &Desk,
    names: &NamesOf<'_, ReadTx>,
    (kind, language): (LetterKind, Language),
    policy: &Policy,
    now: Option<&Wording>,
) -> Markup {
    let own = now.filter(|x| x.words.is_some());
    html! {
        a href=(address(kind, language)) {
            @if own.is_some() { "Yours" } @else if kind.instead().is_some() { "As its tone" } @else { "Ours" }
            (heard(format!(": {} in {}", kind.words_in(policy), language.name())))
        }
        @if let Some(own) = own { small { (since(desk, names, own)) } }
    }
}

/// Who chose a version, and when.
pub(super) fn since(desk: &Desk, names: &NamesOf<'_, ReadTx>, one: &Wording) -> Markup {
    let by = match one.by {
        Actor::Staff(id) => names.staff(id),
        _ => "Counterfoil".to_owned(),
    };
    html! { (by) ", " (time(one.at, desk.locale().instant_short(one.at, desk.zone(), desk.today()))) }
}

fn files(desk: &Desk, along: bool, errors: &[FieldError]) -> Markup {
    let choices =
        [Choice::new("linked", "Linked: the reader’s own link opens it"), Choice::new("attached", "Attached")];
    let field =
        Field::new("pdfs", "The PDFs of invoices are").value(if along { "attached" } else { "linked" }).errors(errors);
    let body = html! {
        p.hint {
            "With letters about a new invoice and with reminders. One letter carries at most " (ATTACHED_MAX >> 20)
            " MB of files; what does not fit is linked, and the letter says so. A link shows when somebody opens the "
            "invoice; a file in a mailbox does not."
        }
        form.filters method="post" action=(PAGE) {
            (csrf_input(&desk.csrf))
            (parts::select(&field, &choices))
            (parts::submit(Look::Plain, "Save"))
        }
    };
    parts::section("files", "PDFs", html! {}, body)
}

fn told(saved: &str) -> Markup {
    let rest = "Letters that are queued from now on say it.";
    match saved {
        "files" => parts::status(Tone::Ok, Icon::Check, "Saved.", "It holds for every letter that goes from now on."),
        "words" => parts::status(Tone::Ok, Icon::Check, "Words saved.", rest),
        "ours" => parts::status(Tone::Ok, Icon::Check, "Back to our words.", rest),
        _ => html! {},
    }
}
