//! Open invoices on Today: disputed, promised in vain, to call about, overdue without a reaction since the last
//! reminder, and never opened, each with what to do.

use jiff::Timestamp;
use maud::{Markup, html};

use super::snooze::{self, PutOff};
use super::today_queue::{Lookup, SHOWN, section};
use super::{calls, links};
use crate::domain::access::Act;
use crate::domain::attention::{ANSWER_DAYS, Item, UNOPENED_DAYS, Want};
use crate::domain::calendar::today;
use crate::domain::event::{Actor, Event, LogEntry};
use crate::domain::ids::{ContactId, InvoiceId};
use crate::domain::invoice::days_between;
use crate::domain::person::{Contact, Person};
use crate::domain::sentence::Names;
use crate::store::invoices::Row;
use crate::store::letters::StepOutcome;
use crate::store::prelude::*;
use crate::web::guard::Desk;
use crate::web::parts::{self, Icon, Look, Tone, Waiting, nw};

/// Entries of an invoice's log that are looked at, newest first.
const HISTORY: usize = 60;

/// The open invoices that want somebody for this reason, as a section; nothing when none does.
///
/// # Errors
/// When the store fails.
pub(super) fn waiting(
    r: &ReadTx,
    desk: &Desk,
    names: &Lookup<'_>,
    (want, count): (Want, usize),
    put_off: &PutOff,
) -> Result<Option<Markup>, StoreError> {
    let rows = wanting(r, desk, want, |id| put_off.has(item_of(want, id)), put_off.len())?;
    let draw = |row| match want {
        Want::Disputed => disputed_item(r, desk, names, row),
        Want::Broken => broken_item(r, desk, names, row),
        Want::Unopened => unopened_item(r, desk, names, row),
        Want::Silent | Want::Call => late_item(r, desk, names, row, item_of(want, row.invoice.id)),
    };
    let items: Vec<Waiting> = rows.iter().map(draw).collect::<Result<_, _>>()?;
    let (id, heading, hint, all) = match want {
        Want::Disputed => {
            ("disputed", "Disputed", "Answer, or credit what you agreed on".to_owned(), "/desk/reminders#disputed")
        }
        Want::Broken => {
            ("broken", "Promises broken", "Ask why, and record what they promise now".to_owned(), links::OVERDUE)
        }
        Want::Call => ("calls", "Calls to make", "As the reminder policy has it".to_owned(), ""),
        Want::Silent => ("overdue", "Overdue", format!("No reaction for {ANSWER_DAYS} days or more"), links::OVERDUE),
        Want::Unopened => {
            let hint = format!("{UNOPENED_DAYS} days or more after sending, the longest first");
            ("unopened", "Sent, never opened", hint, "/desk/invoices?state=open")
        }
    };
    Ok(section(id, heading, &hint, &items, count, all))
}

/// What is put off when an invoice that wants somebody for this reason is.
pub(super) fn item_of(want: Want, id: InvoiceId) -> Item {
    match want {
        Want::Unopened => Item::Unopened(id),
        Want::Silent => Item::Silent(id),
        Want::Call => Item::Call(id),
        Want::Broken => Item::Broken(id),
        Want::Disputed => Item::Disputed(id),
    }
}

/// The first open invoices that want somebody for this reason and are not put off.
fn wanting(
    r: &ReadTx,
    desk: &Desk,
    want: Want,
    put_off: impl Fn(InvoiceId) -> bool,
    more: usize,
) -> Result<Vec<Row>, StoreError> {
    let mut out = Vec::new();
    for client in links::reach(&desk.scope) {
        let ids = r.wanting(client, want, desk.app.now(), SHOWN + more)?;
        for id in ids.into_iter().filter(|id| !put_off(*id)) {
            if out.len() < SHOWN {
                out.extend(r.invoice_row(id)?);
            }
        }
    }
    out.sort_by_key(|row: &Row| (row.due(), row.invoice.id));
    Ok(out)
}

/// An invoice that wants a call or a payment, as `item` says.
fn late_item(r: &ReadTx, desk: &Desk, names: &Lookup<'_>, row: &Row, item: Item) -> Result<Waiting, StoreError> {
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
    Ok(Waiting {
        tone: if days > 30 { Tone::Bad } else { Tone::Warn },
        icon: if matches!(item, Item::Call(_)) { Icon::Phone } else { Icon::Clock },
        what: html! {
            a href=(links::client(client)) { b { (names.client(client)) } }
            @match days {
                1 => { ", 1 day" }
                2.. => { ", " (days) " days" }
                _ => { ", not due yet" }
            }
        },
        more: html! { (reminders) ", " (opened) @if row.settled.total() > 0 { ". Part paid" } },
        amount: desk.locale().money(row.open()),
        reference: html! { a href=(links::invoice(id)) { (nw(names.document(id))) } },
        actions: html! {
            (call(r, row)?)
            // Letters went unanswered: a voice is next.
            @if desk.may(Act::Work) {
                (parts::link(Look::Small, &calls::address(id), if matches!(item, Item::Call(_)) { "Note the call" } else { "Note call" }))
                a.small href=(links::with_query("/desk/payments/new", &[("invoice", &id.to_string())])) { "Record payment" }
            }
            (snooze::link(desk, item))
        },
    })
}

fn broken_item(r: &ReadTx, desk: &Desk, names: &Lookup<'_>, row: &Row) -> Result<Waiting, StoreError> {
    let (id, client, locale) = (row.invoice.id, row.invoice.client, desk.locale());
    let promised = r.newest_promise(id)?.map(|x| {
        let by = match x.by {
            Person::Contact(id) => names.contact(id),
            Person::Staff(id) => format!("recorded by {}", names.staff(id)),
        };
        format!("{} was promised by {}, {by}", locale.money(x.amount), locale.date_medium(x.day, desk.today()))
    });
    Ok(Waiting {
        tone: Tone::Bad,
        icon: Icon::Alert,
        what: html! { a href=(links::client(client)) { b { (names.client(client)) } } },
        more: html! { (promised.unwrap_or_default()) @if row.settled.total() > 0 { ". Part paid" } },
        amount: locale.money(row.open()),
        reference: html! { a href=(links::invoice(id)) { (nw(names.document(id))) } },
        actions: html! {
            (call(r, row)?)
            @if desk.may(Act::Work) {
                (parts::link(Look::Small, &format!("{}/promise", links::invoice(id)), "New promise"))
                a.small href=(links::with_query("/desk/payments/new", &[("invoice", &id.to_string())])) { "Record payment" }
            }
            (snooze::link(desk, Item::Broken(id)))
        },
    })
}

fn disputed_item(r: &ReadTx, desk: &Desk, names: &Lookup<'_>, row: &Row) -> Result<Waiting, StoreError> {
    let (id, client, locale) = (row.invoice.id, row.invoice.client, desk.locale());
    let dispute = r.standing_dispute(id)?;
    let waits = dispute.as_ref().is_some_and(|x| x.waits);
    let said = dispute.as_ref().map_or_else(String::new, |x| {
        let since = locale.date_medium(x.made, desk.today());
        format!("{}, since {since}, with {}", x.ground.words(), names.staff(x.with))
    });
    let amount = dispute.as_ref().map_or(row.open(), |x| x.disputed(row.open()));
    Ok(Waiting {
        tone: Tone::Warn,
        icon: Icon::Flag,
        what: html! { a href=(links::client(client)) { b { (names.client(client)) } } },
        more: html! { (said) @if waits { ". Agreed, to be credited" } @if amount != row.open() { ". A part of " (locale.money(row.open())) } },
        amount: locale.money(amount),
        reference: html! { a href=(links::invoice(id)) { (nw(names.document(id))) } },
        actions: html! {
            (call(r, row)?)
            @if desk.may(Act::Work) {
                @let (to, next) = if waits { ("credit", "Credit it") } else { ("dispute", "Answer") };
                (parts::link(Look::Small, &format!("{}/{to}", links::invoice(id)), next))
            }
            (snooze::link(desk, Item::Disputed(id)))
        },
    })
}

/// A button that calls whoever gets the bills, if their number is known.
fn call(r: &ReadTx, row: &Row) -> Result<Markup, StoreError> {
    let reached = |c: &Contact| c.active && c.rights.billing && !c.phone.is_empty();
    let contact = r.contacts_of(row.invoice.client)?.into_iter().find(reached);
    Ok(html! {
        @if let Some(contact) = contact {
            (parts::link_icon(Look::Small, Icon::Phone, &format!("tel:{}", dialled(&contact.phone)), "Call"))
        }
    })
}

/// A telephone number as a link dials it.
pub(super) fn dialled(phone: &str) -> String {
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

fn unopened_item(r: &ReadTx, desk: &Desk, names: &Lookup<'_>, row: &Row) -> Result<Waiting, StoreError> {
    let (id, client) = (row.invoice.id, row.invoice.client);
    let sent = row.invoice.issue.as_ref().map_or(desk.today(), |issue| today(issue.at, desk.zone()));
    let (days, late) = (days_between(sent, desk.today()), days_between(row.due(), desk.today()));
    let due = desk.locale().date_medium(row.due(), desk.today());
    Ok(Waiting {
        tone: if late > 0 { Tone::Warn } else { Tone::Plain },
        icon: Icon::Unread,
        what: html! { a href=(links::client(client)) { b { (names.client(client)) } } ", " (days) " days" },
        more: html! {
            "Due " (due) @if late > 0 { ", overdue" } ". Send it again, or ask whether the address is right"
        },
        amount: desk.locale().money(row.open()),
        reference: html! { a href=(links::invoice(id)) { (nw(names.document(id))) } },
        actions: html! {
            (call(r, row)?)
            (parts::link_icon(Look::Small, Icon::Redo, &links::invoice(id), "Open the invoice"))
            (snooze::link(desk, Item::Unopened(id)))
        },
    })
}
