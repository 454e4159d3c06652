//! The outbox: which letters wait, went, failed, or went nobody knows where.

use jiff::Timestamp;
use maud::{Markup, html};

use super::links;
use super::names::NamesOf;
use crate::actions::outlook::of_letter;
use crate::actions::reminders::Rules;
use crate::domain::access::{Act, StaffScope};
use crate::domain::ids::LetterId;
use crate::domain::leap::Leap;
use crate::domain::letter::{Letter, LetterState, Purpose};
use crate::domain::sentence::{Names, step_words};
use crate::store::letters::LetterShelf;
use crate::store::prelude::*;
use crate::web::forms::Query;
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, Col, Icon, Look, Row, Tab, Tone, nw, time};
use crate::web::problem::Problem;

/// Letters on a page.
const PAGE: usize = 50;
/// Letters looked at for one page, when some are not for whoever asks.
const LOOKED_MAX: usize = 1_000;

/// The lists, as (word in the query, words, shelf).
const STATES: [(&str, &str, Option<LetterShelf>); 7] = [
    ("", "All", None),
    ("waiting", "Waiting", Some(LetterShelf::Waiting)),
    ("accepted", "Handed over", Some(LetterShelf::Accepted)),
    ("failed", "Failed", Some(LetterShelf::Failed)),
    ("bounced", "Came back", Some(LetterShelf::Bounced)),
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
        LetterState::Bounced(at, words) => (Tone::Bad, "Bounced", Some(*at), words),
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
        Purpose::Posted(_) => "Documents were posted".to_owned(),
        Purpose::Statement(_) => "Here is the month’s statement".to_owned(),
    }
}

/// `GET /desk/letters?state=&before=`
pub async fn list(desk: Desk, Query(query): Query) -> Result<Markup, Problem> {
    let asked = query.get("state");
    let (code, _, shelf) = STATES.into_iter().find(|s| s.0 == asked).unwrap_or(STATES[0]);
    desk.read(|r| {
        let before = query.get("before").parse().ok();
        let (letters, next) = seen_on(r, &desk.scope, shelf, before, PAGE)?;
        let names = NamesOf::among(r, &desk.scope);
        let held = r.sending_held()?;
        let rules = Rules::now(r, desk.zone())?;
        let row = |letter: &Letter| Ok(row(&desk, letter, &names, &goes(&desk, r, &rules, letter, held)?));
        let rows = letters.iter().map(row).collect::<Result<Vec<Row>, StoreError>>()?;
        let notes = html! {
            @if !desk.app.mailer.leads_out() { (no_way_out()) }
            (returns_unread(&desk, 1))
            (set_aside(&desk))
            @if held { (held_back(&desk, r.clock_leapt()?)) }
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

/// That what comes back can't be read, after so many looks in a row that failed.
pub(super) fn returns_unread(desk: &Desk, looks: u32) -> Markup {
    let trouble = desk.app.settings.bounces.as_ref().and_then(|plan| Some((plan, plan.health.trouble()?)));
    let Some((plan, trouble)) = trouble.filter(|x| x.1.count >= looks) else { return html! {} };
    let since = desk.locale().instant_short(trouble.since, desk.zone(), desk.today());
    let what = format!(
        "Since {since} no letter is noticed that comes back to {}: {}. It is tried again by itself; whoever runs this server \
         finds out more with “counterfoil mail test --bounces”.",
        plan.place.words(),
        trouble.reason
    );
    parts::note(Tone::Warn, Icon::Alert, "What comes back can’t be read.", &what)
}

/// That messages in the mailbox were marked as seen without being read.
fn set_aside(desk: &Desk) -> Markup {
    let Some((plan, count)) = desk.app.settings.bounces.as_ref().map(|plan| (plan, plan.health.aside())) else {
        return html! {};
    };
    let (messages, gives, marked, tell) = match count {
        1 => ("1 message".to_owned(), "it whole and it is", "It is", "it tells"),
        some => (format!("{some} messages"), "them whole and they are", "They are", "they tell"),
    };
    let what = format!(
        "Since Counterfoil was started {messages} in {} could not be read, because the mail server gives {gives} too \
         long. {marked} marked as seen there; look whether {tell} of a letter that did not arrive.",
        plan.place.words()
    );
    html! { @if count > 0 { (parts::note(Tone::Warn, Icon::Alert, "Messages that came back were set aside.", &what)) } }
}

/// That letters are held back since a restore or a leap of the clock, and where an owner lets them go.
pub(super) fn held_back(desk: &Desk, leapt: Option<Leap>) -> Markup {
    let why = match leapt {
        Some(leap) => leap_words(desk, leap),
        None => "This data was restored from a backup, so some of what waits may have been sent before.".to_owned(),
    };
    let what = format!(
        "{why} An owner releases the letters; those to sign in and to set a password go meanwhile, and so do notices of \
         what people do since then, such as the answer to a dispute."
    );
    let title = "Letters are held back.";
    if !desk.may(Act::Govern) {
        return parts::note(Tone::Warn, Icon::Alert, title, &what);
    }
    let through = parts::link(Look::Plain, super::restored::PAGE, "Look through them");
    parts::note_actions(Tone::Warn, Icon::Alert, title, &what, through)
}

/// What the clock did, in a sentence or two.
pub(super) fn leap_words(desk: &Desk, leap: Leap) -> String {
    let at = |at| desk.locale().instant_short(at, desk.zone(), desk.today());
    let how = if leap.is_ahead() { "ahead" } else { "back" };
    format!(
        "The clock of this server leapt {how}, from {} to {}, so what waits may be due another day.",
        at(leap.from),
        at(leap.to)
    )
}

/// When a letter that waits goes, and a reminder by whose clocks or why it does not; empty of one that does not wait.
///
/// # Errors
/// When the store fails.
pub(super) fn goes(desk: &Desk, r: &ReadTx, rules: &Rules, letter: &Letter, held: bool) -> Result<String, StoreError> {
    let now = desk.app.now();
    let at = |at| format!("on {}", desk.locale().instant_short(at, desk.zone(), desk.today()));
    let when = |next: Timestamp| if next <= now { "when letters are sent next".to_owned() } else { at(next) };
    if !letter.state.waits() {
        return Ok(String::new());
    }
    if held && !r.held_since()?.is_some_and(|since| letter.goes_while_held(since)) {
        return Ok("Held back until an owner lets letters go".to_owned());
    }
    Ok(match of_letter(r, rules, letter, now)? {
        Some(x) if x.goes => format!("{}, {}", x.words, when(x.at)),
        Some(x) => x.words,
        None => format!("Goes {}", when(r.letter_due(letter.id)?.unwrap_or(now))),
    })
}

fn row(desk: &Desk, letter: &Letter, names: &NamesOf<'_, ReadTx>, goes: &str) -> Row {
    let (tone, words, at, said) = told(&letter.state);
    let at = at.unwrap_or(letter.queued);
    Row {
        tone,
        cells: vec![
            time(at, desk.locale().instant_short(at, desk.zone(), desk.today())),
            html! {
                (letter.to_name) small { (letter.to_address) }
                small.narrow { a href=(links::letter(letter.id)) { (letter.subject) } }
                small.narrow { (parts::tag(tone, words)) @if !goes.is_empty() { " " (goes) } }
            },
            html! { a href=(links::letter(letter.id)) { (letter.subject) } small { (why(letter.purpose)) } },
            html! {
                @if let Some(id) = letter.purpose.invoice() { a href=(links::invoice(id)) { (nw(names.document(id))) } }
                @if let Some(client) = letter.client { small { (names.client(client)) } }
            },
            html! {
                (parts::tag(tone, words))
                @for one in [said, goes].into_iter().filter(|x| !x.is_empty()) { small { (one) } }
            },
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
