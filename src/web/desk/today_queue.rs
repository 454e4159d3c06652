//! The sections of Today: letters, unapplied money, drafts and what else waits; open invoices are `today_invoices`'.

use maud::{Markup, html};

use super::letters::{seen_on, why};
use super::links;
use super::names::NamesOf;
use super::snooze::{self, PutOff};
use super::today::Counts;
use super::today_invoices;
use crate::domain::attention::{Item, Want};
use crate::domain::drop::{Dropped, Fate};
use crate::domain::letter::Letter;
use crate::domain::pause::Stopped;
use crate::domain::payment::Source;
use crate::domain::recurring::Recurring;
use crate::domain::sentence::Names;
use crate::store::invoices::{Filter, Row};
use crate::store::letters::LetterShelf;
use crate::store::prelude::*;
use crate::web::guard::Desk;
use crate::web::parts::{self, Icon, Look, Tone, Waiting, nw};

/// Things that a section shows.
pub(super) const SHOWN: usize = 20;
/// Letters that are looked at; a wrong address fails again and again, and is shown once.
const LETTERS_LOOKED: usize = 99;

pub(super) type Lookup<'a> = NamesOf<'a, ReadTx>;

/// The sections that are not empty, most urgent first.
pub(super) fn sections(
    r: &ReadTx,
    desk: &Desk,
    names: &Lookup<'_>,
    counts: Counts,
    put_off: &PutOff,
) -> Result<Vec<Markup>, StoreError> {
    let all = [
        letters(r, desk, names, (counts.failed, &FAILED), put_off)?,
        letters(r, desk, names, (counts.bounced, &BOUNCED), put_off)?,
        letters(r, desk, names, (counts.uncertain, &UNCERTAIN), put_off)?,
        unwanted(r, desk, names, counts.unwanted)?,
        to_file(r, desk, counts.to_file)?,
        not_made(r, desk, names)?,
        today_invoices::waiting(r, desk, names, (Want::Disputed, counts.disputed), put_off)?,
        today_invoices::waiting(r, desk, names, (Want::Broken, counts.broken), put_off)?,
        today_invoices::waiting(r, desk, names, (Want::Call, counts.calls), put_off)?,
        today_invoices::waiting(r, desk, names, (Want::Silent, counts.silent), put_off)?,
        today_invoices::waiting(r, desk, names, (Want::Unopened, counts.unopened), put_off)?,
        unapplied(r, desk, names, counts.unapplied, put_off)?,
        drafts(r, desk, names, counts.drafts, put_off)?,
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
            Fate::Waits { reason, .. } => reason.as_str(),
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
    let mut items: Vec<Waiting> = r.drops_waiting(SHOWN)?.iter().map(item).collect();
    items.extend(super::today::passed_over(desk).into_iter().take(SHOWN).map(|(name, why)| Waiting {
        tone: Tone::Warn,
        icon: Icon::Alert,
        what: html! { (name) " is not taken" },
        more: html! { (why) },
        amount: String::new(),
        reference: html! { "in the drop folder" },
        actions: html! {},
    }));
    Ok(section("to-file", "To file", "From the drop folder", &items, count, ""))
}

/// A section, or nothing when nothing waits in it. `all` leads to the rest when there is more than is shown.
pub(super) fn section(
    id: &str,
    heading: &str,
    hint: &str,
    items: &[Waiting],
    count: usize,
    all: &str,
) -> Option<Markup> {
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
    (count, about): (usize, &LetterSection),
    put_off: &PutOff,
) -> Result<Option<Markup>, StoreError> {
    let mut groups: Vec<(Letter, usize)> = Vec::new();
    for letter in seen_on(r, &desk.scope, Some(about.shelf), None, LETTERS_LOOKED)?.0 {
        match groups.iter_mut().find(|(newest, _)| newest.to == letter.to) {
            Some((_, more)) => *more += 1,
            None => groups.push((letter, 0)),
        }
    }
    let shown = groups.iter().filter(|x| !put_off.has(Item::Letter(x.0.id))).take(SHOWN);
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
        actions: html! {
            (parts::link(Look::Small, &links::letter(letter.id), about.act))
            (snooze::link(desk, Item::Letter(letter.id)))
        },
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

fn unapplied(
    r: &ReadTx,
    desk: &Desk,
    names: &Lookup<'_>,
    count: usize,
    put_off: &PutOff,
) -> Result<Option<Markup>, StoreError> {
    let mut items = Vec::new();
    for client in links::reach(&desk.scope) {
        for (client, one) in r.unapplied_first(client, SHOWN + put_off.len())? {
            let item = match one.source {
                Source::Receipt(id) => Item::Payment(id),
                Source::Credit(id) => Item::Credit(id),
                // Nothing is ever left of these.
                Source::EarlyPayment(_) | Source::WrittenOff(_) => continue,
            };
            if put_off.has(item) || items.len() == SHOWN {
                continue;
            }
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
                actions: html! {
                    (parts::link(Look::Small, &links::source(one.source), "Apply"))
                    (snooze::link(desk, item))
                },
            });
        }
    }
    Ok(section("unapplied", "Money to apply", "", &items, count, "/desk/payments"))
}

fn drafts(
    r: &ReadTx,
    desk: &Desk,
    names: &Lookup<'_>,
    count: usize,
    put_off: &PutOff,
) -> Result<Option<Markup>, StoreError> {
    let rows = documents(r, desk, Filter::Draft, SHOWN + put_off.len())?;
    let waits = rows.iter().filter(|row| !put_off.has(Item::Draft(row.invoice.id))).take(SHOWN);
    let items: Vec<Waiting> = waits.map(|row| draft_item(desk, names, row)).collect();
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
        more: html! {
            @if let Some(late) = &invoice.late { "A late payment note, until " (desk.locale().date_medium(late.until, desk.today())) ". " }
            "Saved " (saved)
        },
        amount: desk.locale().money(invoice.payable()),
        reference: html! { "a draft" },
        actions: html! {
            (parts::link(Look::Small, &links::draft(invoice.id), "Finish it"))
            (snooze::link(desk, Item::Draft(invoice.id)))
        },
    }
}
