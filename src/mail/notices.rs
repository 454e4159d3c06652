//! The texts of notices: letters that say that something happened to an account or to the firm, to whom it concerns.
//! In English; those that clients get, also in theirs (`notices_german`).
//!
//! Each says what, when, from where, and what to do about it if it was not meant. None holds a link or a secret, so
//! that a forged one has nothing to copy.

use std::net::IpAddr;

use jiff::{Timestamp, tz::TimeZone};

use super::letter_html::Part;
use super::letter_words::{Text, compose, flat, tell_us};
use super::notices_german as german;
use crate::domain::backups::Trouble;
use crate::domain::firm::Firm;
use crate::domain::language::Language;
use crate::domain::promise::Promise;

/// When something happened, who did it and from where.
#[derive(Clone, Copy, Debug)]
pub struct Happened<'a> {
    /// When.
    pub at: Timestamp,
    /// On whose wall clocks it is told.
    pub zone: &'a TimeZone,
    /// Who, by name.
    pub who: &'a str,
    /// From which network address, if it came over a network.
    pub from: Option<IpAddr>,
}

impl Happened<'_> {
    /// "on 23 November 2026 at 09:00 (Europe/Dublin)": the zone is named, since the reader may be anywhere.
    fn when(&self, firm: &Firm) -> String {
        format!("on {}", told(firm, self.at, self.zone))
    }

    /// The same, and ", from the network address 192.0.2.7".
    fn when_and_where(&self, firm: &Firm) -> String {
        let from = self.from.map_or_else(String::new, |from| format!(", from the network address {from}"));
        format!("{}{from}", self.when(firm))
    }
}

/// Somebody's password was set or changed.
pub fn password_set(firm: &Firm, to_name: &str, happened: &Happened) -> Text {
    match firm.locale.language() {
        Language::English => {}
        Language::German => return german::password_set(firm, to_name, happened),
    }
    let name = flat(&firm.party.name);
    let says = [
        format!("Your password for {name} was set {}.", happened.when_and_where(firm)),
        "Wherever else you were signed in, you are signed out. If this was you, there is nothing to do.".to_owned(),
        format!("If it was not you, {} at once, and find out who else can read your e-mail.", tell_us(firm)),
    ];
    notice(firm, to_name, format!("Your password for {name} was set"), says)
}

/// Somebody signs in with another address from now on; this goes to the new one.
pub fn address_is_now_this(firm: &Firm, to_name: &str, happened: &Happened) -> Text {
    match firm.locale.language() {
        Language::English => {}
        Language::German => return german::address_is_now_this(firm, to_name, happened),
    }
    let (name, who) = (flat(&firm.party.name), flat(happened.who));
    let says = [
        format!("{who} changed the e-mail address that you sign in to {name} with {}.", happened.when(firm)),
        "It is this one now, and our letters to you come here. Links that you had before no longer work.".to_owned(),
        format!("If you didn’t ask for this, {}.", tell_us(firm)),
    ];
    notice(firm, to_name, format!("You sign in to {name} with this address now"), says)
}

/// Somebody signs in with another address from now on; this goes to the old one.
pub fn address_was_this(firm: &Firm, to_name: &str, happened: &Happened) -> Text {
    match firm.locale.language() {
        Language::English => {}
        Language::German => return german::address_was_this(firm, to_name, happened),
    }
    let (name, who) = (flat(&firm.party.name), flat(happened.who));
    let says = [
        format!("{who} changed the e-mail address that you sign in to {name} with {}.", happened.when(firm)),
        "This one no longer signs you in, and our letters to you go to the new one.".to_owned(),
        format!("If you didn’t ask for this, {} at once.", tell_us(firm)),
    ];
    notice(firm, to_name, format!("You no longer sign in to {name} with this address"), says)
}

/// The bank details on documents changed; to every owner.
pub fn bank_changed(firm: &Firm, to_name: &str, happened: &Happened) -> Text {
    let (name, who) = (flat(&firm.party.name), flat(happened.who));
    let says = [
        format!("{who} changed the bank details of {name} {}.", happened.when_and_where(firm)),
        "Documents issued from then on ask to pay to the new account; look at the settings to see which.".to_owned(),
        format!("If you don’t know of this, ask {who} in person before anything else is issued."),
    ];
    notice(firm, to_name, format!("The bank details of {name} were changed"), says)
}

/// Something is wrong with the backups; to every owner.
pub fn backup_trouble(firm: &Firm, to_name: &str, (at, zone): (Timestamp, &TimeZone), trouble: &Trouble) -> Text {
    let name = flat(&firm.party.name);
    let when = Happened { at, zone, who: "", from: None }.when(firm);
    let (subject, what) = match trouble {
        Trouble::Failed(reason) => (
            format!("A backup of {name} could not be made"),
            format!("The backup that was due {when} could not be made: {}", flat(reason)),
        ),
        Trouble::Late(since) => (
            format!("The last backup of {name} is too old"),
            format!("There is no newer backup than one from {}; this was seen {when}.", told(firm, *since, zone)),
        ),
        Trouble::Drill(reason) => (
            format!("A backup of {name} could not be restored"),
            format!("A backup was restored on trial {when}, and it failed: {}", flat(reason)),
        ),
    };
    let says = [
        what,
        "The desk’s page Backups says how it stands. Making a backup is tried again within the hour, a trial restore after \
         each backup; you get no second letter about the same."
            .to_owned(),
        "Until it works, make one by hand with “counterfoil backup” to another disk, and keep it. Whoever runs the \
         server can help; if that is somebody else, forward this to them."
            .to_owned(),
    ];
    notice(firm, to_name, subject, says)
}

/// "22 November 2026 at 03:15 (Europe/Dublin)".
pub(super) fn told(firm: &Firm, at: Timestamp, zone: &TimeZone) -> String {
    let local = zone.to_datetime(at);
    let (day, time) = (firm.locale.date_long(local.date()), firm.locale.time(local.time()));
    let zone = zone.iana_name().unwrap_or("UTC");
    match firm.locale.language() {
        Language::English => format!("{day} at {time} ({zone})"),
        Language::German => format!("{day} um {time} Uhr ({zone})"),
    }
}

/// Letters name another address, telephone or person to answer to; to every owner.
pub fn reached_otherwise(firm: &Firm, to_name: &str, happened: &Happened) -> Text {
    let (name, who) = (flat(&firm.party.name), flat(happened.who));
    let says = [
        format!("{who} changed how clients reach {name} {}.", happened.when_and_where(firm)),
        "Letters and pages name another e-mail address, telephone number or person from then on; look at the settings \
         to see which."
            .to_owned(),
        format!("If you don’t know of this, ask {who} in person: answers of clients may go to somebody else."),
    ];
    notice(firm, to_name, format!("How clients reach {name} was changed"), says)
}

/// How the people of the firm changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// Somebody was added.
    Added,
    /// Somebody who had left may sign in again.
    Back,
    /// Somebody became an owner.
    Owner,
    /// Somebody signs in with another address.
    Address,
}

/// Somebody of the firm, called `whom`, may do more than before or signs in with another address; to every owner.
pub fn staff_changed(firm: &Firm, to_name: &str, happened: &Happened, what: Joined, whom: &str) -> Text {
    let (name, who, whom) = (flat(&firm.party.name), flat(happened.who), flat(whom));
    let (did, subject) = match what {
        Joined::Added => (format!("added {whom} to the staff"), format!("{whom} was added to the staff")),
        Joined::Back => (format!("let {whom} sign in again"), format!("{whom} may sign in again")),
        Joined::Owner => (format!("made {whom} an owner"), format!("{whom} is an owner now")),
        Joined::Address => {
            (format!("changed the e-mail address that {whom} signs in with"), format!("{whom} signs in otherwise"))
        }
    };
    let says = [
        format!("{who} {did} {}.", happened.when_and_where(firm)),
        "The settings show everybody who works at the desk, and what each may do.".to_owned(),
        format!("If you don’t know of this, ask {who} in person, and end that access in the settings."),
    ];
    notice(firm, to_name, format!("{subject}, {name}"), says)
}

/// A client's contact wants no reminders any more, and said so with the link in one; to whoever looks after the client.
pub fn reminders_stopped(firm: &Firm, to_name: &str, happened: &Happened, contact: &str, client: &str) -> Text {
    let (contact, client, when) = (flat(contact), flat(client), happened.when(firm));
    let says = [
        format!("{contact} of {client} asked for no more reminders {when}, with the link at the end of one."),
        "Reminders no longer go to them; documents that you issue, and what they ask for, still do. If nobody else there \
         gets reminders, somebody has to ask in person."
            .to_owned(),
        "It stands on their page at the desk, where you can note it, or let reminders go again if they agree.".to_owned(),
    ];
    notice(firm, to_name, format!("{contact} of {client} wants no more reminders"), says)
}

/// What was promised, as a letter to staff says it.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// The contact, by name.
    pub contact: &'a str,
    /// The client, by name.
    pub client: &'a str,
    /// The number of the invoice.
    pub invoice: &'a str,
    /// The promise.
    pub promise: &'a Promise,
}

impl Said<'_> {
    /// "Ana Ruiz of Marlow & Finch promised €80.00 of the invoice HF-2026-0007 by 28 November 2026, on 24 November…".
    fn line(self, firm: &Firm, happened: &Happened, did: &str) -> String {
        let Said { contact, client, invoice, promise } = self;
        let (amount, day) = (firm.locale.money(promise.amount), firm.locale.date_long(promise.day));
        let (contact, client, when) = (flat(contact), flat(client), happened.when(firm));
        format!("{contact} of {client} {did} {amount} of the invoice {invoice} by {day}, {when}.")
    }
}

/// A client's contact promised to pay an invoice; to whoever looks after the client.
pub fn promised(firm: &Firm, to_name: &str, happened: &Happened, said: Said<'_>) -> Text {
    let Said { client, invoice, promise, .. } = said;
    let (amount, day) = (firm.locale.money(promise.amount), firm.locale.date_long(promise.day));
    let last = firm.locale.date_long(promise.last());
    let note = match flat(&promise.note) {
        note if note.is_empty() => "They left no note.".to_owned(),
        note => format!("They wrote: {note}"),
    };
    let then = match promise.is_enough() {
        true => format!(
            "No reminder of it goes until the end of {last}. If the money has not come by then, Today tells you, and \
             reminders go on by themselves."
        ),
        false => format!(
            "It is less than half of what is asked for by then, so reminders of the invoice go on. If the money has \
             not come by the end of {last}, Today tells you."
        ),
    };
    let says = [said.line(firm, happened, "promised"), note, then];
    notice(firm, to_name, format!("{} promised {amount} of {invoice} by {day}", flat(client)), says)
}

/// A client's contact withdrew a promise; to whoever looks after the client.
pub fn promise_withdrawn(firm: &Firm, to_name: &str, happened: &Happened, said: Said<'_>) -> Text {
    let Said { client, invoice, promise, .. } = said;
    let then = match promise.is_enough() {
        true => "Its reminders go on by themselves: the latest one that was missed goes, once.",
        false => "Its reminders were not held for it, and go on.",
    };
    let says = [
        said.line(firm, happened, "withdrew the promise of"),
        then.to_owned(),
        "A call may tell why. What they promise you then can be recorded on the invoice’s page.".to_owned(),
    ];
    notice(firm, to_name, format!("{} withdrew a promise of {invoice}", flat(client)), says)
}

pub(super) fn notice(firm: &Firm, to_name: &str, subject: String, says: [String; 3]) -> Text {
    compose(firm, to_name, &firm.correspondent, subject, says.into_iter().map(Part::Says).collect())
}

#[cfg(test)]
pub(super) fn all(firm: &Firm, typed: &str) -> [Text; 18] {
    let zone = &TimeZone::UTC;
    let happened = Happened { at: Timestamp::UNIX_EPOCH, zone, who: typed, from: Some(IpAddr::from([192, 0, 2, 7])) };
    let (at, why) = (happened.at, format!("The disk is full, {typed}."));
    let backup = |trouble| backup_trouble(firm, typed, (at, zone), &trouble);
    let [password, now, was, reached, bank] =
        [password_set, address_is_now_this, address_was_this, reached_otherwise, bank_changed]
            .map(|write| write(firm, typed, &happened));
    let joined = staff_changed(firm, typed, &happened, Joined::Owner, typed);
    let late = backup(Trouble::Late(at));
    let stopped = reminders_stopped(firm, typed, &happened, typed, typed);
    let (failed, drill) = (backup(Trouble::Failed(why.clone())), backup(Trouble::Drill(why)));
    let promise = Promise { note: typed.to_owned(), ..Promise::of_test() };
    let said = Said { contact: typed, client: typed, invoice: "A-1", promise: &promise };
    let [promised, back] = [promised, promise_withdrawn].map(|write| write(firm, typed, &happened, said));
    let [raised, changed, over, passed, upheld, rejected] = super::notices_disputes::all(firm, typed, &happened);
    [
        password, now, was, joined, reached, failed, late, drill, stopped, promised, back, raised, changed, over,
        passed, upheld, rejected, bank,
    ]
}
