//! After a restore: which numbers were given last, and which letters go.
//!
//! What happened between the backup and the restore is not in the data; an owner says it here, before anything is
//! given or sent again.

use std::collections::HashSet;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::form::{again, errors_in, on_to};
use super::letters::why;
use super::links;
use crate::actions::restored::{self as acts, Held, Release, Rest, Series};
use crate::domain::access::Act;
use crate::domain::ids::LetterId;
use crate::domain::leap::Leap;
use crate::domain::letter::Letter;
use crate::domain::refusal::Refusal;
use crate::store::prelude::*;
use crate::web::forms::{Fields, Posted, errors_from};
use crate::web::guard::{Desk, DeskGovern};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Choice, Col, Field, FieldError, Icon, Input, Look, Row, Tone, csrf_input, time};
use crate::web::problem::Problem;

/// Where it is.
pub const PAGE: &str = "/desk/restored";
/// Where the first letter stands: what is wrong with the list leads there.
const FIRST: &str = "f-go";
/// Letters that are listed one by one.
const LISTED_MAX: usize = 500;

/// `GET /desk/restored`
pub async fn show(DeskGovern(desk): DeskGovern) -> Result<Markup, Problem> {
    desk.read(|r| page(&desk, r, &Fields::default(), &[]))
}

/// `POST /desk/restored/numbers`: `last_0`, `last_1` … in the order of the page.
pub async fn numbers(DeskGovern(desk): DeskGovern, Posted(fields): Posted) -> Result<Response, Problem> {
    let today = desk.today();
    if desk.read(|r| Ok(r.numbers_held_since()?.is_none()))? {
        // Said already, perhaps by this very form.
        return Ok(on_to(PAGE));
    }
    let count = desk.read(|r| Ok(acts::series_held(r, today)?.len()))?;
    let typed: Vec<Result<u64, FieldError>> = (0..count).map(|n| number(&fields, n)).collect();
    let mut errors: Vec<FieldError> = typed.iter().filter_map(|x| x.as_ref().err().cloned()).collect();
    if errors.is_empty() {
        let stated: Vec<u64> = typed.into_iter().flatten().collect();
        match desk.act(move |w, scope| acts::state_numbers(w, scope, &stated, today)).await {
            Ok(()) => return Ok(on_to(PAGE)),
            Err(ActError::Refused(refusal)) => errors = errors_from(&refusal, "last_0"),
            Err(error) => return Err(error.into()),
        }
    }
    let page = desk.read(|r| page(&desk, r, &fields, &errors))?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

fn number(fields: &Fields, n: usize) -> Result<u64, FieldError> {
    let name = format!("last_{n}");
    let typed = fields.get(&name).trim();
    typed.parse().map_err(|_| FieldError::new(name, "Write a whole number; 0 if none was given."))
}

/// `POST /desk/sending/release`: lets letters go that were held back; those `listed` and not in `go` are withdrawn, and
/// `rest` says what becomes of those that are not listed. `seen` says of what the list was drawn.
pub async fn release(DeskGovern(desk): DeskGovern, Posted(fields): Posted) -> Result<Response, Problem> {
    let of = |name: &'static str| fields.all(name).filter_map(|id| id.parse().ok()).collect::<Vec<LetterId>>();
    let rest = match fields.get("rest") {
        "go" => Some(Rest::Goes),
        "withdraw" => Some(Rest::Withdrawn),
        _ => None,
    };
    let asked = Release { listed: of("listed"), go: of("go"), rest, seen: fields.get("seen").to_owned() };
    match desk.act(move |w, scope| acts::release_sending(w, scope, &asked)).await {
        Ok(()) => Ok(on_to("/desk")),
        // Pressed twice: what it listed was let go already.
        Err(ActError::Refused(Refusal::NotFound)) if fields.has("seen") => Ok(on_to("/desk")),
        Err(error) => {
            let errors = errors_in(error, "go")?;
            Ok(again(desk.read(|r| page(&desk, r, &fields, &errors))?))
        }
    }
}

/// On *Today*: that numbers are held back.
pub(super) fn numbers_held(desk: &Desk) -> Markup {
    let what =
        "This data was restored from a backup. No number is given before an owner has said which was given last.";
    html! {
        div.gap-y {
            @if desk.may(Act::Govern) {
                (parts::note_actions(Tone::Warn, Icon::Alert, "Invoices, credit notes and quotes wait.", what, parts::link(Look::Plain, PAGE, "Say which was last")))
            } @else {
                (parts::note(Tone::Warn, Icon::Alert, "Invoices, credit notes and quotes wait.", what))
            }
        }
    }
}

fn page(desk: &Desk, r: &ReadTx, typed: &Fields, errors: &[FieldError]) -> Result<Markup, Problem> {
    let series = match r.numbers_held_since()? {
        Some(_) => acts::series_held(r, desk.today())?,
        None => Vec::new(),
    };
    let held = r.sending_held()?;
    let waiting = if held { acts::held(r, LISTED_MAX)? } else { Held::default() };
    let listed = waiting.listed.iter().filter_map(|id| r.letter(*id).transpose()).collect::<Result<Vec<_>, _>>()?;
    let leapt = r.clock_leapt()?;
    let (title, about) = match leapt {
        Some(leap) => ("After a leap of the clock", super::letters::leap_words(desk, leap)),
        None => ("After a restore", "What happened between the backup and the restore is not in this data.".to_owned()),
    };
    let body = html! {
        (parts::back("/desk", "Today"))
        (parts::error_summary(errors))
        (parts::head(title, about, html! {}))
        @if series.is_empty() && !held {
            (parts::empty("Nothing is held back.", "Numbers are given and letters go as usual."))
        }
        @if !series.is_empty() { (parts::section("numbers", "Numbers", "", numbers_form(desk, &series, typed, errors))) }
        @if held { (parts::section("letters", "Letters", "", letters_form(desk, (&waiting, &listed), leapt, (typed, errors)))) }
        @if let Some(drop) = desk.app.settings.drop.as_ref().filter(|_| held || !series.is_empty()) {
            (parts::section("dropped", "Dropped files", "", dropped(&drop.folder.display().to_string(), leapt.is_none())))
        }
    };
    Ok(desk.page(DeskNav::Elsewhere, &parts::titled(title, errors), body))
}

/// What is to be known of the drop folder before its files are taken again.
fn dropped(folder: &str, restored: bool) -> Markup {
    html! {
        p { "Nothing is taken from " span.mono { (folder) } " until all of the above is said." @if restored { " Make sure before that no other server takes from it." } }
        @if restored { p { "What was taken since the backup lies in its folder " span.mono { "done" } " and is missing here: move those files back up, and they are taken once more." } }
    }
}

fn numbers_form(desk: &Desk, series: &[Series], typed: &Fields, errors: &[FieldError]) -> Markup {
    html! {
        p { "Look at the newest documents that clients have, and write the last number given in each series. The next one follows it, and none is given twice." }
        form.panel.fill.gap-y method="post" action="/desk/restored/numbers" {
            (csrf_input(&desk.csrf))
            @for (n, one) in series.iter().enumerate() {
                @let (name, last) = (format!("last_{n}"), one.last.to_string());
                @let hint = one.number.as_ref().map_or_else(|| "None in this backup.".to_owned(), |x| format!("{x} is the last in this backup."));
                @let value = if typed.has(&name) { typed.get(&name) } else { &last };
                @let field = Field::new(&name, &one.name).hint(&hint).value(value);
                (parts::input(&field.errors(errors).short(), Input::Number))
            }
            div.row { (parts::submit(Look::Primary, "These were the last")) }
        }
    }
}

fn letters_form(
    desk: &Desk,
    (held, listed): (&Held, &[Letter]),
    leapt: Option<Leap>,
    (typed, errors): (&Fields, &[FieldError]),
) -> Markup {
    let cols = [Col::short("Goes"), Col::text("To"), Col::text("Subject").wide(), Col::short("Queued").wide()];
    // A tick that was taken away stays away; what came since the list was drawn has one.
    let before: HashSet<&str> = typed.all("listed").collect();
    let ticked: HashSet<&str> = typed.all("go").collect();
    let goes = |id: String| !before.contains(id.as_str()) || ticked.contains(id.as_str());
    let row = |(n, letter): (usize, &Letter)| letter_row(desk, letter, n == 0, goes(letter.id.to_string()));
    let rows: Vec<Row> = listed.iter().enumerate().map(row).collect();
    html! {
        @match leapt {
            Some(_) => p { "See first that the server’s clock is right: until you let the letters go, no reminder is planned and no recurring invoice or statement is made. " a href="/desk/reminders" { "The next 60 days" } " are reckoned from today’s date. Take the tick away from letters that came too early, and they are withdrawn." },
            None => p { "These wait. Some may have been sent before the restore: take the tick away from those, and they are withdrawn. Reminders look at what is open when they go." },
        }
        form method="post" action="/desk/sending/release" {
            (csrf_input(&desk.csrf))
            (parts::hidden("seen", &held.seen()))
            @if rows.is_empty() { p.mut id=(FIRST) { "No letter waits." } } @else { (parts::scroller("Letters that wait", &cols, &rows, None)) }
            @if !held.rest.is_empty() { (rest_choice(held.rest.len(), typed, errors)) }
            div.row.gap-y { (parts::submit(Look::Primary, "Let the ticked letters go")) }
        }
    }
}

/// What becomes of the letters that are too many to be listed.
fn rest_choice(count: usize, typed: &Fields, errors: &[FieldError]) -> Markup {
    let (label, go, withdraw) = match count {
        1 => (
            "1 older letter waits as well and is not listed".to_owned(),
            "It goes".to_owned(),
            "It is withdrawn".to_owned(),
        ),
        _ => (
            format!("{count} older letters wait as well and are not listed"),
            format!("All {count} go"),
            format!("All {count} are withdrawn"),
        ),
    };
    let field = Field::new("rest", &label).value(typed.get("rest")).errors(errors);
    parts::radios(&field, &[Choice::new("withdraw", &withdraw), Choice::new("go", &go)])
}

fn letter_row(desk: &Desk, letter: &Letter, first: bool, goes: bool) -> Row {
    let heard = format!("{} to {} goes", letter.subject, letter.to_name);
    let queued = time(letter.queued, desk.locale().instant_short(letter.queued, desk.zone(), desk.today()));
    Row {
        cells: vec![
            html! {
                input type="hidden" name="listed" value=(letter.id);
                input type="checkbox" name="go" value=(letter.id) checked[goes] aria-label=(heard) id=[first.then_some(FIRST)];
            },
            html! {
                (letter.to_name) small { (letter.to_address) }
                small.narrow { a href=(links::letter(letter.id)) { (letter.subject) } }
                small.narrow { (why(letter.purpose)) ", queued " (queued) }
            },
            html! { a href=(links::letter(letter.id)) { (letter.subject) } small { (why(letter.purpose)) } },
            queued.clone(),
        ],
        ..Row::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_letter_beyond_the_list_is_told_as_one() {
        let one = rest_choice(1, &Fields::default(), &[]).0;
        assert!(
            one.contains("1 older letter waits") && one.contains("It goes") && one.contains("It is withdrawn"),
            "{one}"
        );
        assert!(rest_choice(2, &Fields::default(), &[]).0.contains("All 2 go"));
    }
}
