//! The sections of Today: letters, overdue, never opened, unapplied money, drafts.

use jiff::{Span, Timestamp};
use maud::{Markup, html};

use super::letters::{seen_on, why};
use super::links;
use super::names::NamesOf;
use super::today::Counts;
use crate::domain::access::Act;
use crate::domain::drop::{Dropped, Fate};
use crate::domain::event::{Actor, Event, LogEntry};
use crate::domain::ids::{ContactId, InvoiceId};
use crate::domain::invoice::days_between;
use crate::domain::letter::Letter;
use crate::domain::pause::Stopped;
use crate::domain::payment::Source;
use crate::domain::recurring::Recurring;
use crate::domain::sentence::Names;
use crate::store::invoices::{Filter, Row};
use crate::store::letters::{LetterShelf, StepOutcome};
use crate::store::prelude::*;
use crate::web::guard::Desk;
use crate::web::parts::{self, Icon, Look, Tone, Waiting, nw};

/// Things that a section shows.
const SHOWN: usize = 20;
/// Letters that are looked at; a wrong address fails again and again, and is shown once.
const LETTERS_LOOKED: usize = 99;
/// Open invoices that are looked at for *never opened*, the earliest due first.
const LOOKED: usize = 60;
/// Entries of an invoice's log that are looked at, newest first.
const HISTORY: usize = 60;
/// Days after which an unopened invoice is named.
const UNOPENED_DAYS: i32 = 7;

type Lookup<'a> = NamesOf<'a, ReadTx>;

/// The sections that are not empty, most urgent first.
pub(super) fn sections(r: &ReadTx, desk: &Desk, names: &Lookup<'_>, counts: Counts) -> Result<Vec<Markup>, StoreError> {
    let all = [
        letters(r, desk, names, counts.failed, &FAILED)?,
        letters(r, desk, names, counts.bounced, &BOUNCED)?,
        letters(r, desk, names, counts.uncertain, &UNCERTAIN)?,
        unwanted(r, desk, names, counts.unwanted)?,
        to_file(r, desk, counts.to_file)?,
        not_made(r, desk, names)?,
        overdue(r, desk, names, counts.overdue)?,
        unopened(r, desk, names)?,
        unapplied(r, desk, names, counts.unapplied)?,
        drafts(r, desk, names, counts.drafts)?,
        quotes_waiting(r, desk, names)?,
    ];
    Ok(all.into_iter().flatten().collect())
}

/// Contacts who asked for no reminders, which nobody has noted yet.
fn unwanted(r: &ReadTx, desk: &Desk, names: &Lookup<'_>, count: usize) -> Result<Option<Markup>, StoreError> {
    let mine = r.stopped_new(LETTERS_LOOKED)?.into_iter().filter(|s| desk.scope.sees(s.client)).take(SHOWN);
    let item = |stopped: Stopped| {
        let when = desk.locale().instant_short(stopped.since, desk.zone(), desk.today());
        Waiting {
            tone: Tone::Warn,
            icon: Icon::Bell,
            what: html! {
                a href=(links::client(stopped.client)) { b { (names.client(stopped.client)) } }
                ": " (names.contact(stopped.contact)) " asked for no reminders"
            },
            more: html! { (when) ". If nobody else there gets them, somebody has to ask in person" },
            amount: String::new(),
            reference: html! {},
            actions: parts::link(Look::Small, &super::contact_reminders::address(stopped.contact), "Look and decide"),
        }
    };
    let items: Vec<Waiting> = mine.map(item).collect();
    Ok(section("unwanted", "No more reminders", "Note it, or talk to them", &items, count, ""))
}

/// Files from the drop folder that nobody could tell.
fn to_file(r: &ReadTx, desk: &Desk, count: usize) -> Result<Option<Markup>, StoreError> {
    if !super::today::may_file(desk) {
        return Ok(None);
    }
    let item = |drop: &Dropped| {
        let why = match &drop.fate {
            Fate::Waits(why) => why.as_str(),
            _ => "",
        };
        let when = desk.locale().instant_short(drop.at, desk.zone(), desk.today());
        Waiting {
            tone: Tone::Info,
            icon: Icon::File,
            what: html! { a href={ "/desk/drops/" (drop.id) } { (drop.file.name) } },
            more: html! { (why) " " (when) },
            amount: String::new(),
            reference: html! {},
            actions: parts::link(Look::Plain, &format!("/desk/drops/{}", drop.id), "File or refuse"),
        }
    };
    let items: Vec<Waiting> = r.drops_waiting(SHOWN)?.iter().map(item).collect();
    Ok(section("to-file", "To file", "From the drop folder", &items, count, ""))
}

/// A section, or nothing when nothing waits in it. `all` leads to the rest when there is more than is shown.
fn section(id: &str, heading: &str, hint: &str, items: &[Waiting], count: usize, all: &str) -> Option<Markup> {
    let aside = html! {
        @if count > items.len() && !all.is_empty() { a href=(all) { "All " (count) } " " }
        (hint)
    };
    let heading = html! { (heading) (parts::count(count.max(items.len()))) };
    (!items.is_empty()).then(|| parts::section(id, heading, aside, parts::queue(items)))
}

struct LetterSection {
    id: &'static str,
    shelf: LetterShelf,
    heading: &'static str,
    hint: &'static str,
    tone: Tone,
    icon: Icon,
    says: &'static str,
    act: &'static str,
    all: &'static str,
}

const FAILED: LetterSection = LetterSection {
    id: "failed",
    shelf: LetterShelf::Failed,
    heading: "Mail that was refused",
    hint: "Nothing arrived; check the address",
    tone: Tone::Bad,
    icon: Icon::Bounce,
    says: ": the letter was not delivered",
    act: "Look and decide",
    all: "/desk/letters?state=failed",
};
const BOUNCED: LetterSection = LetterSection {
    id: "bounced",
    shelf: LetterShelf::Bounced,
    heading: "Mail that came back",
    hint: "It was taken and could not be delivered; check the address",
    tone: Tone::Bad,
    icon: Icon::Bounce,
    says: ": the letter came back",
    act: "Look and decide",
    all: "/desk/letters?state=bounced",
};
const UNCERTAIN: LetterSection = LetterSection {
    id: "uncertain",
    shelf: LetterShelf::Uncertain,
    heading: "Mail that may or may not have gone",
    hint: "Send again, or leave it",
    tone: Tone::Warn,
    icon: Icon::Alert,
    says: ": nobody knows whether the letter went",
    act: "Decide",
    all: "/desk/letters?state=uncertain",
};

fn letters(
    r: &ReadTx,
    desk: &Desk,
    names: &Lookup<'_>,
    count: usize,
    about: &LetterSection,
) -> Result<Option<Markup>, StoreError> {
    let mut groups: Vec<(Letter, usize)> = Vec::new();
    for letter in seen_on(r, &desk.scope, Some(about.shelf), None, LETTERS_LOOKED)?.0 {
        match groups.iter_mut().find(|(newest, _)| newest.to == letter.to) {
            Some((_, more)) => *more += 1,
            None => groups.push((letter, 0)),
        }
    }
    let shown = groups.iter().take(SHOWN);
    let items: Vec<Waiting> = shown.map(|(letter, more)| letter_item(desk, names, letter, *more, about)).collect();
    Ok(section(about.id, about.heading, about.hint, &items, count, about.all))
}

fn letter_item(desk: &Desk, names: &Lookup<'_>, letter: &Letter, more: usize, about: &LetterSection) -> Waiting {
    let (_, _, at, said) = super::letters::told(&letter.state);
    let when = desk.locale().instant_short(at.unwrap_or(letter.queued), desk.zone(), desk.today());
    Waiting {
        tone: about.tone,
        icon: about.icon,
        what: html! {
            @match letter.client {
                Some(client) => { a href=(links::client(client)) { b { (names.client(client)) } } },
                None => { b { (letter.to_name) } },
            }
            (about.says)
        },
        more: html! {
            (letter.to_address) ", " (when) ". " (why(letter.purpose)) ". " span.mono { (said) }
            @if more > 0 { " And " (more) " more to the same address." }
        },
        amount: String::new(),
        reference: html! {
            @if let Some(id) = letter.purpose.invoice() { a href=(links::invoice(id)) { (nw(names.document(id))) } }
        },
        actions: parts::link(Look::Small, &links::letter(letter.id), about.act),
    }
}

/// A page of documents for whoever asks, sorted by due date, at most `limit`.
fn documents(r: &ReadTx, desk: &Desk, filter: Filter, limit: usize) -> Result<Vec<Row>, StoreError> {
    let mut all = Vec::new();
    for client in links::reach(&desk.scope) {
        all.extend(r.invoice_page(client, filter, desk.today(), None, limit)?.rows);
    }
    all.sort_by_key(|row| (row.due(), row.invoice.id));
    all.truncate(limit);
    Ok(all)
}

/// Recurring documents that could not be made, each with its reason.
fn not_made(r: &ReadTx, desk: &Desk, names: &Lookup<'_>) -> Result<Option<Markup>, StoreError> {
    let mut items = Vec::new();
    for one in r.recurring_of(None)?.into_iter().filter(|x| desk.scope.sees(x.client)) {
        let Some(trouble) = &one.trouble else { continue };
        let since = desk.locale().instant_short(trouble.since, desk.zone(), desk.today());
        items.push(Waiting {
            tone: Tone::Bad,
            icon: Icon::Alert,
            what: html! { a href=(links::client(one.client)) { b { (names.client(one.client)) } } ": " (one.title) ", " (trouble.key) },
            more: html! { (trouble.reason) " Since " (since) },
            amount: String::new(),
            reference: html! {},
            actions: parts::link(Look::Small, &super::recurring::address(one.id), "Look"),
        });
    }
    let hint = "Mend the cause; they are tried again every hour";
    Ok(section("recurring", "Recurring documents that could not be made", hint, &items, items.len(), ""))
}

fn overdue(r: &ReadTx, desk: &Desk, names: &Lookup<'_>, count: usize) -> Result<Option<Markup>, StoreError> {
    let rows = documents(r, desk, Filter::Overdue, SHOWN)?;
    // The sums per due date know how many there are in all, where one may see all.
    let late = |t: &&crate::store::invoices::OpenTotal| t.due < desk.today();
    let count = match (desk.scope.only(), rows.len() < SHOWN) {
        (None, false) => r.open_totals()?.iter().filter(late).map(|t| t.count).sum::<u64>().try_into().unwrap_or(count),
        _ => count,
    };
    let items: Vec<Waiting> = rows.iter().map(|row| late_item(r, desk, names, row)).collect::<Result<_, _>>()?;
    Ok(section("overdue", "Overdue", "Oldest first", &items, count, links::OVERDUE))
}

fn late_item(r: &ReadTx, desk: &Desk, names: &Lookup<'_>, row: &Row) -> Result<Waiting, StoreError> {
    let (id, client) = (row.invoice.id, row.invoice.client);
    let days = days_between(row.due(), desk.today());
    let sent = r.reminder_steps(id)?.iter().filter(|step| step.1 == StepOutcome::Sent).count();
    let reminders = match sent {
        0 => "No reminders yet".to_owned(),
        1 => "1 reminder".to_owned(),
        n => format!("{n} reminders"),
    };
    let opened = match last_opened(r, id)? {
        None => "never opened".to_owned(),
        Some((at, who)) => {
            let day = crate::domain::calendar::today(at, desk.zone());
            format!("{} opened it last, on {}", names.contact(who), desk.locale().date_short(day, desk.today()))
        }
    };
    let phone = r.contacts_of(client)?.into_iter().find(|c| c.active && c.rights.billing && !c.phone.is_empty());
    Ok(Waiting {
        tone: if days > 30 { Tone::Bad } else { Tone::Warn },
        icon: Icon::Clock,
        what: html! { a href=(links::client(client)) { b { (names.client(client)) } } ", " (days) @if days == 1 { " day" } @else { " days" } },
        more: html! { (reminders) ", " (opened) @if row.settled.total() > 0 { ". Part paid" } },
        amount: desk.locale().money(row.open()),
        reference: html! { a href=(links::invoice(id)) { (nw(names.document(id))) } },
        actions: html! {
            @if let Some(contact) = phone {
                (parts::link_icon(Look::Small, Icon::Phone, &format!("tel:{}", dialled(&contact.phone)), "Call"))
            }
            @if desk.may(Act::Work) {
                (parts::link(Look::Small, &links::with_query("/desk/payments/new", &[("invoice", &id.to_string())]), "Record payment"))
            }
        },
    })
}

fn dialled(phone: &str) -> String {
    phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
}

/// When and by whom at the client a document was last opened or downloaded.
fn last_opened(r: &ReadTx, id: InvoiceId) -> Result<Option<(Timestamp, ContactId)>, StoreError> {
    let entries = r.log_of_invoice(id, None, HISTORY)?;
    Ok(entries.iter().find_map(|entry| opened_by(entry, id)))
}

fn opened_by(entry: &LogEntry, id: InvoiceId) -> Option<(Timestamp, ContactId)> {
    match (&entry.event, &entry.by.actor) {
        (Event::Opened { invoice, .. } | Event::Downloaded { invoice, .. }, Actor::Contact(who)) if *invoice == id => {
            Some((entry.at, *who))
        }
        _ => None,
    }
}

fn unopened(r: &ReadTx, desk: &Desk, names: &Lookup<'_>) -> Result<Option<Markup>, StoreError> {
    let since = desk.today().saturating_sub(Span::new().days(UNOPENED_DAYS));
    let mut items = Vec::new();
    for row in documents(r, desk, Filter::Due, LOOKED)? {
        let Some(at) = row.invoice.issue.as_ref().map(|i| i.at) else { continue };
        let sent = crate::domain::calendar::today(at, desk.zone());
        if sent > since || items.len() == SHOWN || last_opened(r, row.invoice.id)?.is_some() {
            continue;
        }
        items.push(unopened_item(desk, names, &row, days_between(sent, desk.today())));
    }
    let hint = format!("{UNOPENED_DAYS} days or more after sending, the next due first");
    Ok(section("unopened", "Sent, never opened", &hint, &items, items.len(), ""))
}

fn unopened_item(desk: &Desk, names: &Lookup<'_>, row: &Row, days: i32) -> Waiting {
    let (id, client) = (row.invoice.id, row.invoice.client);
    let due = desk.locale().date_medium(row.due(), desk.today());
    Waiting {
        tone: Tone::Plain,
        icon: Icon::Unread,
        what: html! { a href=(links::client(client)) { b { (names.client(client)) } } ", " (days) " days" },
        more: html! { "Due " (due) ". Send it again from the invoice, or ask whether the address is right" },
        amount: desk.locale().money(row.open()),
        reference: html! { a href=(links::invoice(id)) { (nw(names.document(id))) } },
        actions: parts::link_icon(Look::Small, Icon::Redo, &links::invoice(id), "Open the invoice"),
    }
}

fn unapplied(r: &ReadTx, desk: &Desk, names: &Lookup<'_>, count: usize) -> Result<Option<Markup>, StoreError> {
    let mut items = Vec::new();
    for client in links::reach(&desk.scope) {
        for (client, one) in r.unapplied_first(client, SHOWN - items.len())? {
            let what = match one.source {
                Source::Receipt(_) => "has paid more than was applied".to_owned(),
                Source::Credit(id) => format!("has {} left to apply", names.document(id)),
                // Nothing is ever left of these.
                Source::EarlyPayment(_) | Source::WrittenOff(_) => continue,
            };
            items.push(Waiting {
                tone: Tone::Info,
                icon: Icon::Bank,
                what: html! { a href=(links::client(client)) { b { (names.client(client)) } } " " (what) },
                more: html! { "It stays on the client’s account until it is applied" },
                amount: desk.locale().money(one.left),
                reference: html! {},
                actions: parts::link(Look::Small, &links::source(one.source), "Apply"),
            });
        }
    }
    Ok(section("unapplied", "Money to apply", "", &items, count, "/desk/payments"))
}

fn drafts(r: &ReadTx, desk: &Desk, names: &Lookup<'_>, count: usize) -> Result<Option<Markup>, StoreError> {
    let rows = documents(r, desk, Filter::Draft, SHOWN)?;
    let items: Vec<Waiting> = rows.iter().map(|row| draft_item(desk, names, row)).collect();
    Ok(section("drafts", "Drafts waiting to be issued", "", &items, count, links::DRAFTS))
}

/// Quotes of recurring templates that somebody has to look through.
fn quotes_waiting(r: &ReadTx, desk: &Desk, names: &Lookup<'_>) -> Result<Option<Markup>, StoreError> {
    let all = crate::actions::recurring::all_waiting(r, &desk.scope)?;
    let item = |(kept, key): &(Recurring, String)| {
        let due = kept.occurrence(key);
        Waiting {
            tone: Tone::Plain,
            icon: Icon::Invoice,
            what: html! { a href=(links::client(kept.client)) { b { (names.client(kept.client)) } } ": " (kept.title) ", " (key) },
            more: html! { "Made by itself; it is sent once you have looked through it" },
            amount: due.and_then(|x| kept.amount_of(&x)).map_or_else(String::new, |x| desk.locale().money(x)),
            reference: html! { "a quote" },
            actions: parts::link(Look::Small, &super::recurring::waiting_address(kept.id, key), "Look through"),
        }
    };
    let items: Vec<Waiting> = all.iter().take(SHOWN).map(item).collect();
    Ok(section("quotes", "Quotes waiting to be sent", "From recurring ones", &items, all.len(), "/desk/quotes"))
}

fn draft_item(desk: &Desk, names: &Lookup<'_>, row: &Row) -> Waiting {
    let (invoice, client) = (&row.invoice, row.invoice.client);
    let saved = desk.locale().instant_short(invoice.changed, desk.zone(), desk.today());
    Waiting {
        tone: Tone::Plain,
        icon: Icon::Invoice,
        what: html! { a href=(links::client(client)) { b { (names.client(client)) } } @if !invoice.title.is_empty() { ": " (invoice.title) } },
        more: html! { "Saved " (saved) },
        amount: desk.locale().money(invoice.payable()),
        reference: html! { "a draft" },
        actions: parts::link(Look::Small, &links::draft(invoice.id), "Finish it"),
    }
}
