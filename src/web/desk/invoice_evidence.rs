//! What is known about an invoice's way to the client: published, handed to the mail server, opened, downloaded. Four
//! words that never stand for one another; what staff look at counts as none of them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use maud::{Markup, html};

use super::invoice_plan::{Plan, plan};
use super::links;
use super::moments::moment;
use super::names::NamesOf;
use super::{calls, pauses};
use crate::actions::letters as outbox;
use crate::domain::access::Act;
use crate::domain::event::{Actor, Event, LogEntry};
use crate::domain::hold::Hold;
use crate::domain::ids::ContactId;
use crate::domain::invoice::Issue;
use crate::domain::letter::{Letter, LetterState, Purpose};
use crate::domain::pause::Paused;
use crate::domain::person::{Contact, Person};
use crate::domain::sentence::step_words;
use crate::store::invoices::Row;
use crate::store::prelude::*;
use crate::web::guard::Desk;
use crate::web::parts::{self, Col, Look, Moment, Tone, csrf_input};
use crate::web::problem::Problem;

/// Lines of the timeline on a page.
const TIMELINE: usize = 100;

/// Newest lines of a credit note's log in which its issue is looked for.
const TIMELINE_OF_NOTE: usize = 1_000;

/// What the log and the outbox tell about one document.
pub struct Told {
    people: Vec<Known>,
    letters: Vec<Letter>,
    log: Vec<LogEntry>,
}

/// One contact and what is proved of them.
struct Known {
    contact: Contact,
    published: Option<Timestamp>,
    handed: Option<Timestamp>,
    opened: Option<Timestamp>,
    downloaded: Option<Timestamp>,
}

impl Told {
    /// Gathers it for everybody who may see the document, was written to, or has seen it. `log` is newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn gather(r: &ReadTx, row: &Row, issue: &Issue, log: Vec<LogEntry>) -> Result<Self, Problem> {
        let letters = r.letters_about(row.invoice.id)?;
        let audience: BTreeSet<ContactId> = outbox::audience(r, &row.invoice)?.iter().map(|c| c.id).collect();
        let mut ids = audience.clone();
        ids.extend(letters.iter().filter_map(|l| contact_of(l.to)));
        ids.extend(log.iter().filter_map(visitor));
        let mut people = Vec::new();
        for id in ids {
            let Some(contact) = r.contact(id)?.filter(|c| c.client == row.invoice.client) else { continue };
            let first = |what: fn(&Event) -> bool| {
                log.iter().rev().find(|e| visitor(e) == Some(id) && what(&e.event)).map(|e| e.at)
            };
            people.push(Known {
                published: audience.contains(&id).then_some(issue.at),
                handed: letters.iter().filter(|l| contact_of(l.to) == Some(id)).find_map(accepted),
                opened: first(|e| matches!(e, Event::Opened { .. })),
                downloaded: first(|e| matches!(e, Event::Downloaded { .. })),
                contact,
            });
        }
        Ok(Self { people, letters, log })
    }
}

fn contact_of(person: Person) -> Option<ContactId> {
    match person {
        Person::Contact(id) => Some(id),
        Person::Staff(_) => None,
    }
}

/// The contact whose visit an entry proves.
fn visitor(entry: &LogEntry) -> Option<ContactId> {
    match (&entry.by.actor, &entry.event) {
        (Actor::Contact(id), Event::Opened { .. } | Event::Downloaded { .. }) => Some(*id),
        _ => None,
    }
}

fn accepted(letter: &Letter) -> Option<Timestamp> {
    match letter.state {
        LetterState::Accepted(at, _) => Some(at),
        _ => None,
    }
}

fn instant(desk: &Desk, at: Timestamp) -> Markup {
    parts::time(at, desk.locale().instant_short(at, desk.zone(), desk.today()))
}

/// Who has seen it: one row for each person, one column for each kind of proof.
pub fn seen(desk: &Desk, row: &Row, told: &Told) -> Markup {
    let cols = [
        Col::name("Person"),
        Col::text("Published").wide(),
        Col::text("Handed to the mail server").wide(),
        Col::text("Opened").wide(),
        Col::text("Downloaded").wide(),
        Col::text(""),
    ];
    let when = |at: Option<Timestamp>| html! { @if let Some(at) = at { (instant(desk, at)) } @else { span.mut { "Not yet" } } };
    let line =
        |word: &str, at: Option<Timestamp>| html! { @if at.is_some() { small.narrow { (word) " " (when(at)) } } };
    let rows: Vec<parts::Row> = told
        .people
        .iter()
        .map(|known| {
            let contact = &known.contact;
            let published = match known.published {
                Some(at) => instant(desk, at),
                None => html! { span.mut { "May not see it now" } },
            };
            vec![
                html! {
                    b { (contact.name) }
                    small { (contact.email) }
                    @if known.published.is_none() { small.narrow { (published) } }
                    (line("Published", known.published))
                    (line("Handed to the mail server", known.handed))
                    (line("Opened", known.opened))
                    (line("Downloaded", known.downloaded))
                    @if known.opened.is_none() && known.published.is_some() { small.narrow { "Not opened yet" } }
                },
                published,
                when(known.handed),
                when(known.opened),
                when(known.downloaded),
                again(desk, row, known),
            ]
            .into()
        })
        .collect();
    let body = html! {
        @if rows.is_empty() { p.mut { "Nobody at this client may see billing documents." } }
        @else { (parts::scroller("Who has seen it", &cols, &rows, None)) }
        p.small.mut.gap-y {
            "Handed to the mail server is no proof of reading; opened and downloaded are, by a person who signed in. "
            "What staff look at is not counted."
        }
        p.row.small.gap-y {
            "Certificate of delivery, signed, for somebody who does not know this log:"
            a href={ "/desk/invoices/" (row.invoice.id) "/certificate.pdf" } { "Certificate as PDF" }
            a href={ "/desk/invoices/" (row.invoice.id) "/certificate.json" } { "Certificate to be checked (JSON)" }
        }
    };
    parts::section("seen", "Who has seen it", "", body)
}

fn again(desk: &Desk, row: &Row, known: &Known) -> Markup {
    html! {
        @if desk.may(Act::Work) && known.published.is_some() {
            form.inline method="post" action={ "/desk/invoices/" (row.invoice.id) "/send" } {
                (csrf_input(&desk.csrf))
                (parts::hidden("contact", &known.contact.id.to_string()))
                (parts::submit(Look::Small, html! { @if known.handed.is_some() { "Send again" } @else { "Send the letter" } span.vh { " to " (known.contact.name) } }))
            }
        }
    }
}

/// The letters about it, with what became of them.
pub fn letters(desk: &Desk, told: &Told) -> Markup {
    let cols =
        [Col::short("Queued").wide(), Col::text("To"), Col::text("Why").wide(), Col::text("State"), Col::text("")];
    let rows: Vec<parts::Row> = told.letters.iter().rev().map(|letter| cells(desk, letter).into()).collect();
    let body = html! {
        @if rows.is_empty() { p.mut { "No letter was written about it." } }
        @else { (parts::scroller("Letters", &cols, &rows, None)) }
    };
    parts::section("letters", "Letters", "", body)
}

fn cells(desk: &Desk, letter: &Letter) -> Vec<Markup> {
    let why = match letter.purpose {
        Purpose::Issued(_) => "It was issued".to_owned(),
        Purpose::Reminder(_, step) => format!("Reminder, {}", step_words(step)),
        Purpose::SignIn | Purpose::SetPassword => "Sign-in".to_owned(),
        Purpose::Quote(_) => "A quote".to_owned(),
        Purpose::QuoteAnswered(_) => "The answer to a quote".to_owned(),
        Purpose::Notice => "A notice".to_owned(),
        Purpose::Posted(_) => "A document was posted".to_owned(),
        Purpose::Statement(_) => "The statement of a month".to_owned(),
    };
    let decides = letter.state.wants_decision();
    vec![
        instant(desk, letter.queued),
        html! {
            (letter.to_name)
            small { (letter.to_address) }
            small.narrow { (why) ", " (instant(desk, letter.queued)) }
        },
        html! { (why) @if letter.with.is_some() || !letter.carries.is_empty() { small { "In one letter with others" } } },
        letter_state(desk, &letter.state),
        html! { a href={ "/desk/letters/" (letter.id) } { @if decides { "Decide" } @else { "Read" } } },
    ]
}

/// A letter's state as a tag, and since when.
fn letter_state(desk: &Desk, state: &LetterState) -> Markup {
    let (tone, at, why) = match state {
        LetterState::Queued => (Tone::Plain, None, ""),
        LetterState::Sending(at) => (Tone::Info, Some(*at), ""),
        LetterState::Accepted(at, _) => (Tone::Ok, Some(*at), ""),
        LetterState::Deferred(at, why) => (Tone::Warn, Some(*at), why.as_str()),
        LetterState::Failed(at, why) | LetterState::Bounced(at, why) => (Tone::Bad, Some(*at), why.as_str()),
        LetterState::Uncertain(at, why) => (Tone::Warn, Some(*at), why.as_str()),
        LetterState::Withdrawn(at, why) => (Tone::Plain, Some(*at), why.as_str()),
    };
    html! {
        (parts::tag(tone, state.words()))
        @if let Some(at) = at { small { (instant(desk, at)) @if !why.is_empty() { ": " (why) } } }
    }
}

/// What happened, newest first, from the entry before `before` on.
pub fn timeline(
    desk: &Desk,
    r: &ReadTx,
    names: &NamesOf<'_, ReadTx>,
    row: &Row,
    told: &Told,
    before: Option<u64>,
) -> Result<Markup, Problem> {
    let id = row.invoice.id;
    let entries = match before {
        Some(_) => r.log_of_invoice(id, before, TIMELINE)?,
        None => told.log.iter().take(TIMELINE).cloned().collect(),
    };
    let mut entries = entries;
    let more = if entries.len() == TIMELINE { entries.last().map(|e| e.sequence) } else { None };
    let (zone, today) = (desk.zone(), desk.today());
    let within = more.unwrap_or(0)..before.unwrap_or(u64::MAX);
    entries.extend(credited(r, row)?.into_iter().filter(|e| within.contains(&e.sequence)));
    entries.sort_by_key(|e| std::cmp::Reverse(e.sequence));
    let moments: Vec<Moment> = entries.iter().map(|e| moment(e, names, desk.locale(), zone, today)).collect();
    let (first, earlier) =
        (format!("/desk/invoices/{id}#timeline"), more.map(|n| format!("/desk/invoices/{id}?before={n}#timeline")));
    let body = html! {
        (parts::timeline(&moments))
        (parts::pager(
            before.is_some().then_some((first.as_str(), "Latest")),
            earlier.as_deref().map(|href| (href, "Earlier")),
        ))
    };
    Ok(parts::section("timeline", "Everything that happened", "", body))
}

/// That credit notes for it were issued, and by whom: those lines stand in the log of the credit notes.
fn credited(r: &ReadTx, row: &Row) -> Result<Vec<LogEntry>, StoreError> {
    let mut out = Vec::new();
    for note in r.credit_notes_for(&row.invoice)? {
        let log = r.log_of_invoice(note.id, None, TIMELINE_OF_NOTE)?;
        out.extend(log.into_iter().filter(|e| matches!(e.event, Event::CreditNoteIssued { .. })));
    }
    Ok(out)
}

/// The reminders: what became of each step, and which comes next.
pub fn reminders(desk: &Desk, r: &ReadTx, row: &Row, told: &Told) -> Result<Markup, Problem> {
    let (locale, today) = (desk.locale(), desk.today());
    let open = row.open().minor > 0;
    let (pause, hold) =
        (r.pause_on(&row.invoice, today)?.filter(|_| open), r.hold_on(&row.invoice, today)?.filter(|_| open));
    let Plan { lines, next } = plan(desk, r, row, hold.as_ref(), (&told.letters, &told.log))?;
    let summary = match next {
        _ if matches!(hold, Some(Hold::Pause(_))) => "Nothing goes while they are paused.".to_owned(),
        _ if matches!(hold, Some(Hold::Dispute(..))) => "Nothing goes while all that is open is disputed.".to_owned(),
        _ if hold.is_some() => "Nothing goes while a payment is promised.".to_owned(),
        Some(_) if r.sending_held()? => "Letters are held back until an owner lets them go.".to_owned(),
        Some(at) => {
            let local = desk.zone().to_datetime(at);
            let (day, time) = (locale.date_weekday(local.date(), today), locale.time(local.time()));
            format!("The next one goes on {day} at {time}.")
        }
        None if !open => "No further reminders: nothing is open.".to_owned(),
        None => "No further reminder goes.".to_owned(),
    };
    let zone = desk.zone().iana_name().map(|zone| format!("Times of {zone}")).unwrap_or_default();
    let of = Paused { client: row.invoice.client, invoice: Some(row.invoice.id) };
    Ok(parts::section(
        "reminders",
        "Reminders",
        zone,
        html! {
            p { (summary) }
            @if open { (pauses::part(desk, pause.as_ref(), of, &links::invoice(row.invoice.id))) }
            @if open && desk.may(Act::Work) { p.gap-y { (parts::link(Look::Small, &calls::address(row.invoice.id), "Note a call")) } }
            (parts::agenda(&lines))
        },
    ))
}
