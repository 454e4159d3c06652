//! The plan as its readers get it: each by their own clocks, and one letter for what goes to somebody about a client at
//! one time. Letters that wait in the outbox are in it. Changes nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::letters::{Reached, is_copy, is_of_what_went, same_step};
use super::outlook::Coming;
use super::reminders::{AROUND_THE_WORLD, Rules, clocks_of, is_of_another_instalment};
use crate::domain::calendar::{today, wall_clock};
use crate::domain::firm::Locale;
use crate::domain::forecast::Fate;
use crate::domain::hold::ANOTHER_NEXT;
use crate::domain::ids::{ClientId, InvoiceId};
use crate::domain::letter::{Letter, Purpose};
use crate::domain::person::{Contact, Person, Staff};
use crate::domain::policy::{Channel, Policy};
use crate::domain::reminder::{Planned, plan};
use crate::store::invoices::Row;
use crate::store::prelude::*;

/// Turns of looking for the time at which a letter may go; a night and a morning are two.
const TURNS_MAX: usize = 8;

/// Somebody whom a letter goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct To {
    /// Who.
    pub person: Person,
    /// Their name; when they go by clocks of their own, with the time that these show.
    pub words: String,
}

impl To {
    fn contact(contact: &Contact, at: Timestamp, locale: Locale, day: Date) -> Self {
        let words = match &contact.zone {
            Some(zone) => {
                let local = locale.instant_short(at, zone, day);
                format!("{} ({local} by the clocks of {zone})", contact.name)
            }
            None => contact.name.clone(),
        };
        Self { person: Person::Contact(contact.id), words }
    }

    fn copy(staff: &Staff) -> Self {
        Self { person: Person::Staff(staff.id), words: staff.name.clone() }
    }
}

/// To whom, in words: "Ana Ruiz, Ken Sato (16 Dec 08:00 by the clocks of Asia/Tokyo); a copy to Orla Byrne".
pub fn to_words(to: &[&To]) -> String {
    let those = |staff: bool| {
        let all = to.iter().filter(|x| matches!(x.person, Person::Staff(_)) == staff);
        all.map(|x| x.words.as_str()).collect::<Vec<_>>().join(", ")
    };
    match (those(false), those(true)) {
        (clients, copies) if copies.is_empty() => format!("Goes to {clients}"),
        (clients, copies) if clients.is_empty() => format!("A copy goes to {copies}"),
        (clients, copies) => format!("Goes to {clients}; a copy to {copies}"),
    }
}

/// What goes as one letter to each of these people, or one step that does not go.
#[derive(Clone, Debug)]
pub struct OneLetter<'c> {
    /// When.
    pub at: Timestamp,
    /// Whether it goes.
    pub goes: bool,
    /// To whom; nobody when it does not go.
    pub to: Vec<&'c To>,
    /// To whom, or why not.
    pub words: String,
    /// The steps that it is about, at least one.
    pub about: Vec<&'c Coming>,
}

/// What a letter says: when, to which client, about which steps of which invoices.
type Said = (Timestamp, ClientId, Vec<(InvoiceId, i16)>);

/// Puts together what goes as one letter, as the outbox does it: whatever waits for one person about one client when
/// a letter to them begins. Letters to several people about the same steps stand in one line; what does not go stands
/// alone. Soonest first.
pub fn as_letters(coming: &[Coming]) -> Vec<OneLetter<'_>> {
    let mut of_person: BTreeMap<(ClientId, Person), Vec<(&Coming, &To)>> = BTreeMap::new();
    let mut out = Vec::new();
    for x in coming {
        if !x.goes {
            out.push(OneLetter { at: x.at, goes: false, to: Vec::new(), words: x.words.clone(), about: vec![x] });
        }
        for to in x.to.iter().filter(|_| x.goes) {
            of_person.entry((x.row.invoice.client, to.person)).or_default().push((x, to));
        }
    }
    let mut lines: BTreeMap<Said, OneLetter<'_>> = BTreeMap::new();
    for ((client, _), mut all) in of_person {
        all.sort_by_key(|(x, _)| (x.at, x.row.due(), x.row.invoice.id, x.step));
        while let Some((at, to)) = all.first().map(|x| (x.0.at, x.1)) {
            let (along, later): (Vec<_>, Vec<_>) = all.into_iter().partition(|x| x.0.from <= at);
            let about: Vec<&Coming> = along.iter().map(|x| x.0).collect();
            let key = (at, client, about.iter().map(|x| (x.row.invoice.id, x.step)).collect());
            let line = || OneLetter { at, goes: true, to: Vec::new(), words: String::new(), about };
            lines.entry(key).or_insert_with(line).to.push(to);
            all = later;
        }
    }
    out.extend(lines.into_values().map(|line| OneLetter { words: to_words(&line.to), ..line }));
    let first = |x: &OneLetter<'_>| x.about.first().map(|x| (x.row.invoice.client, x.row.invoice.id, x.step));
    out.sort_by_key(|x| (x.at, first(x)));
    out
}

/// When a letter that is ready at `from` goes to somebody whose step falls at `own` by their clocks: as the outbox
/// looks at it, inside their sending window and not in the evening before. `None` at the end of time.
pub(super) fn goes_at(from: Timestamp, own: Option<Timestamp>, zone: &TimeZone, policy: &Policy) -> Option<Timestamp> {
    let mut at = from;
    for _ in 0..TURNS_MAX {
        if !policy.sends_at(at, zone) {
            at = policy.next_opening(at, zone)?;
        } else if let Some(own) = own.filter(|own| *own > at && own.duration_since(at) <= AROUND_THE_WORLD) {
            at = own;
        } else {
            return Some(at);
        }
    }
    Some(at)
}

/// A step that goes, apart for those whom it reaches at different times by their own clocks; `due` is the day by which
/// it is reminded of.
pub(super) fn by_clocks(
    rules: &Rules,
    (coming, due): (&Coming, Date),
    to: &Reached,
    locale: Locale,
    day: Date,
) -> Vec<Coming> {
    let (policy, firm_zone) = (&rules.policy, &rules.firm_zone);
    let falls = policy.days_of(due, coming.step).1;
    let when = |zone: &TimeZone| {
        let own = wall_clock(falls, policy.at, zone);
        let at = goes_at(coming.at, Some(own), zone, policy)?;
        Some((at, coming.step < 0 && today(at, zone) > due, today(at, zone) == falls))
    };
    let mut apart: BTreeMap<(Timestamp, bool, bool), Vec<To>> = BTreeMap::new();
    for contact in &to.contacts {
        let Some(at) = when(contact.zone.as_ref().map_or(firm_zone, |zone| zone.time_zone())) else { continue };
        apart.entry(at).or_default().push(To::contact(contact, at.0, locale, day));
    }
    // A copy goes in the round in which the first of the letters went, by whosever clocks.
    let first = apart.keys().find(|at| !at.1).or_else(|| apart.keys().next()).copied();
    if let Some(all) = first.and_then(|first| apart.get_mut(&first)) {
        all.extend(to.copies.iter().map(To::copy));
    }
    let one = |((at, late, on_its_day), to): ((Timestamp, bool, bool), Vec<To>)| {
        let words = to_words(&to.iter().collect::<Vec<_>>());
        let (goes, words) = if late { (false, DUE_PASSED.to_owned()) } else { (true, words) };
        let (to, moved) = (if late { Vec::new() } else { to }, coming.moved.clone().filter(|_| on_its_day && !late));
        let fate = if late { Fate::Expired } else { Fate::Goes };
        Coming { at, from: at, goes, to, words, moved, fate, ..coming.clone() }
    };
    apart.into_iter().map(one).collect()
}

/// How often so many letters are read, where most of those that wait are of clients that one does not see.
const PAGES_MAX: usize = 20;

/// Why a step before the due date does not go after it.
pub(super) const DUE_PASSED: &str = "Not sent: the due date has passed";

/// The letters of reminders that wait, between `now` and `until`, soonest first as far as `limit` letters are read;
/// whether more wait.
///
/// # Errors
/// When the store fails.
pub(super) fn waiting(
    r: &impl Reader,
    rules: &Rules,
    (now, until): (Timestamp, Timestamp),
    limit: usize,
    sees: &impl Fn(ClientId) -> bool,
) -> Result<(Vec<Coming>, bool), StoreError> {
    let all = r.reminders_waiting(limit + 1)?;
    let more = all.len() > limit;
    let mut out = Vec::new();
    for letter in all.iter().take(limit).filter(|x| x.client.is_some_and(sees)) {
        out.extend(of_letter(r, rules, letter, now)?.filter(|x| x.at <= until));
    }
    out.sort_by_key(|x| x.at);
    Ok((out, more))
}

/// The letters of reminders that wait and go soonest, between `now` and `until`, as far as `limit` of those that `sees`
/// lets through are read; and from when on there may be more.
///
/// # Errors
/// When the store fails.
pub(super) fn soonest(
    r: &impl Reader,
    rules: &Rules,
    (now, until): (Timestamp, Timestamp),
    limit: usize,
    sees: &impl Fn(ClientId) -> bool,
) -> Result<(Vec<Coming>, Option<Timestamp>), StoreError> {
    let (mut out, mut found, mut after) = (Vec::new(), 0, None);
    for _ in 0..PAGES_MAX {
        let page = r.bulk_waiting(after, limit)?;
        for &(due, id) in page.iter().take_while(|x| x.0 <= until) {
            if found == limit {
                return Ok((out, Some(due.max(now))));
            }
            let Some(letter) = r.letter(id)?.filter(|x| x.purpose.reminds() && x.client.is_some_and(sees)) else {
                continue;
            };
            found += 1;
            out.extend(of_letter(r, rules, &letter, now)?.filter(|x| x.at <= until));
        }
        after = page.last().copied().filter(|last| page.len() == limit && last.0 <= until);
        if after.is_none() {
            return Ok((out, None));
        }
    }
    Ok((out, after.map(|x| x.0.max(now))))
}

/// What becomes of a reminder that waits in the outbox; `None` of what is no such letter, or of which nothing is open.
///
/// # Errors
/// When the store fails.
pub fn of_letter(
    r: &impl Reader,
    rules: &Rules,
    letter: &Letter,
    now: Timestamp,
) -> Result<Option<Coming>, StoreError> {
    let Purpose::Reminder(invoice, step) = letter.purpose else { return Ok(None) };
    let Some(row) = r.invoice_row(invoice)?.filter(|row| letter.state.waits() && row.open().minor > 0) else {
        return Ok(None);
    };
    let zone = clocks_of(r, letter.to, &rules.firm_zone)?;
    let Some((from, at)) = when(r, rules, letter, (&row, step), now)? else { return Ok(None) };
    let (locale, day) = (r.firm()?.locale, today(now, &rules.firm_zone));
    let to = match letter.to {
        Person::Contact(id) => r.contact(id)?.filter(|x| x.active).map(|x| To::contact(&x, at, locale, day)),
        Person::Staff(id) => r.staff(id)?.filter(|x| x.active).map(|x| To::copy(&x)),
    };
    let kept_back = match &to {
        Some(_) => kept_back(r, rules, letter, (&row, step), (at, &zone))?,
        None => Some((Fate::Unmet, format!("Not sent: {} was revoked", letter.to_name))),
    };
    let goes = kept_back.is_none();
    let (fate, words) = kept_back.unwrap_or_else(|| (Fate::Goes, to_words(&to.iter().collect::<Vec<_>>())));
    let to = to.into_iter().filter(|_| goes).collect();
    Ok(Some(Coming { at, from, row, step, goes, to, words, moved: None, fate, waits: true }))
}

/// From when a reminder that waits could go along with another one, and when it goes; `None` at the end of time. A copy
/// goes with the first of the letters that it is of, and at once where that went.
fn when(
    r: &impl Reader,
    rules: &Rules,
    letter: &Letter,
    (row, step): (&Row, i16),
    now: Timestamp,
) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
    let (policy, due) = (&rules.policy, r.asked_due(row)?);
    let by_clocks = |letter: &Letter| {
        let zone = clocks_of(r, letter.to, &rules.firm_zone)?;
        let own = policy.step(step).map(|_| wall_clock(policy.days_of(due, step).1, policy.at, &zone));
        let next = r.letter_due(letter.id)?.unwrap_or(now).max(now);
        Ok(goes_at(now, own, &zone, policy).zip(goes_at(next, own, &zone, policy)))
    };
    if !is_copy(letter) {
        return by_clocks(letter);
    }
    if is_of_what_went(r, letter)? {
        let at = r.letter_due(letter.id)?.unwrap_or(now).max(now);
        return Ok(Some((at, at)));
    }
    let mut all = Vec::new();
    for original in r.letters_about(row.invoice.id)?.iter().filter(|x| x.state.waits() && !is_copy(x)) {
        if same_step(original, letter) {
            all.extend(by_clocks(original)?);
        }
    }
    Ok(Some(all.into_iter().min_by_key(|x| x.1).unwrap_or((now, now))))
}

/// Why a letter that waits will be withdrawn when its time comes, as far as is known; the checks of the outbox.
fn kept_back(
    r: &impl Reader,
    rules: &Rules,
    letter: &Letter,
    (row, step): (&Row, i16),
    (at, zone): (Timestamp, &TimeZone),
) -> Result<Option<(Fate, String)>, StoreError> {
    let (policy, invoice, due) = (&rules.policy, &row.invoice, r.asked_due(row)?);
    if let Person::Contact(id) = letter.to
        && r.stopped(id)?.is_some()
    {
        return Ok(Some((Fate::Unmet, format!("Not sent: {} asked for no reminders", letter.to_name))));
    }
    if is_of_what_went(r, letter)? {
        return Ok(None);
    }
    if is_of_another_instalment(r, row, letter)? {
        return Ok(Some((Fate::Unmet, format!("Not sent: {ANOTHER_NEXT}"))));
    }
    if step < 0 && today(at, zone) > due {
        return Ok(Some((Fate::Expired, DUE_PASSED.to_owned())));
    }
    if let Some(hold) = r.hold_on(invoice, today(at, &rules.firm_zone))? {
        return Ok(Some((Fate::Held, hold.words(r.firm()?.locale))));
    }
    if policy.step(step).is_some_and(|x| x.by == Channel::Call) {
        return Ok(Some((Fate::Goes, "Staff are asked to call".to_owned())));
    }
    if let Some(why) = rules.fails(r, row, step, at)? {
        return Ok(Some((Fate::Unmet, format!("Not sent, as things stand: {why}"))));
    }
    if r.looked_at(invoice.id)?.is_some_and(|next| next <= at) {
        let rules = rules.of(r, invoice, due)?;
        let settled = r.reminder_steps(invoice.id)?;
        let later = |x: &Planned| x.step > step && x.at <= at && settled.iter().all(|y| y.0 != x.step);
        if plan(due, policy, &rules.zone).iter().any(later) {
            return Ok(Some((Fate::Superseded, "Not sent: a later one is due too".to_owned())));
        }
    }
    Ok(None)
}
