//! Templates from which documents come again and again: kept, paused and resumed by staff; their documents made by the
//! scheduler, one for each period however late, its key committed together with the document.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::invoices::{self, Draft};
use super::quotes::{self, NewQuote};
use super::{author, found};
use crate::app::{App, Settings};
use crate::domain::access::{Act, StaffScope};
use crate::domain::calendar;
use crate::domain::event::Event;
use crate::domain::firm::Locale;
use crate::domain::ids::{ClientId, ContactId, InvoiceId, ProjectId, QuoteId, RecurringId};
use crate::domain::invoice::References;
use crate::domain::money::Currency;
use crate::domain::recurring::{CHANGES_MAX, Makes, Occurrence, PriceChange, Recurring, Schedule, Trouble, filled};
use crate::domain::refusal::{Faults, Refusal};
use crate::domain::tax::{Content, totals};
use crate::domain::terms::{DUE_DAYS_MAX, Terms};
use crate::store::prelude::*;
use crate::store::recurring::Made;

/// A template, as a form gives it.
#[derive(Clone, Debug)]
pub struct Template {
    /// For whom.
    pub client: ClientId,
    /// Invoices or quotes.
    pub makes: Makes,
    /// Filed under.
    pub project: Option<ProjectId>,
    /// What it is about.
    pub title: String,
    /// Currency of all amounts.
    pub currency: Currency,
    /// When.
    pub schedule: Schedule,
    /// Days to the due date, or of validity.
    pub days: u16,
    /// The buyer's reference.
    pub reference: String,
    /// Order, contract, and whose attention.
    pub references: References,
    /// Below the lines.
    pub note: String,
    /// What is charged.
    pub content: Content,
    /// Changes of prices.
    pub changes: Vec<PriceChange>,
    /// Who gets letters; all with the right when empty.
    pub recipients: Vec<ContactId>,
    /// Issued by themselves, or drafts for approval.
    pub by_itself: bool,
}

/// Saves a template, new or known. What was made stays; a changed schedule counts from today.
///
/// # Errors
/// When the scope does not allow it, or a field is to be mended.
pub fn save(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    settings: &Settings,
    id: Option<RecurringId>,
    template: &Template,
) -> Result<Done<RecurringId>, ActError> {
    let before = id.map(|id| find(w, scope, id)).transpose()?;
    found(w.client(template.client)?)?;
    scope.may_for(Act::Work, template.client)?;
    invoices::check_parts(w, template.client, template.project, &template.recipients)?;
    let today = calendar::today(w.now, &settings.zone);
    let moved = before.as_ref().is_none_or(|x| x.schedule != template.schedule);
    check(template, before.as_ref().is_none().then_some(today))?;
    let id = match id {
        Some(id) => id,
        None => RecurringId(w.next("recurring")?),
    };
    let pending = before.as_ref().filter(|x| x.trouble.is_some()).map(|x| x.since);
    let since = match &before {
        Some(before) if !moved => before.since,
        Some(_) => pending.unwrap_or(today).max(template.schedule.first),
        None => template.schedule.first,
    };
    let Template { client, makes, project, title, currency, schedule, days, .. } = template.clone();
    let Template { reference, references, note, content, mut changes, recipients, by_itself, .. } = template.clone();
    changes.sort_by_key(|x| x.from);
    let mut kept = Recurring {
        id,
        client,
        makes,
        project,
        title,
        currency,
        schedule,
        days,
        reference,
        references,
        note,
        content,
        changes,
        recipients,
        by_itself,
        since,
        paused: before.as_ref().and_then(|x| x.paused),
        trouble: before.and_then(|x| x.trouble),
        wake: None,
        by: author(w),
        changed: w.now,
    };
    kept.wake = wake(w, settings, &kept)?;
    w.put_recurring(&kept)?;
    let event = Event::RecurringSaved { recurring: id, title: kept.title, schedule: kept.schedule.words() };
    Ok(w.record(About::client(client), event)?.done(id))
}

/// Makes nothing more of a template until it is resumed.
///
/// # Errors
/// When the scope does not allow it; [`Refusal::Repeated`] when it is paused already.
pub fn pause(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    settings: &Settings,
    id: RecurringId,
) -> Result<Done<()>, ActError> {
    let kept = find(w, scope, id)?;
    if kept.paused.is_some() {
        return Err(Refusal::Repeated(id.0).into());
    }
    let (client, title) = (kept.client, kept.title.clone());
    let paused = Some(calendar::today(w.now, &settings.zone));
    w.put_recurring(&Recurring { paused, trouble: None, wake: None, ..kept })?;
    Ok(w.record(About::client(client), Event::RecurringPaused { recurring: id, title })?.done(()))
}

/// Goes on with a template: what fell into the pause is never made.
///
/// # Errors
/// When the scope does not allow it; [`Refusal::Repeated`] when it is not paused.
pub fn resume(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    settings: &Settings,
    id: RecurringId,
) -> Result<Done<()>, ActError> {
    let kept = find(w, scope, id)?;
    if kept.paused.is_none() {
        return Err(Refusal::Repeated(id.0).into());
    }
    let (today, made) = (calendar::today(w.now, &settings.zone), w.keys_of(id)?);
    let missed: Vec<Occurrence> = kept.ahead(&made).take_while(|x| x.date < today).collect();
    for occurrence in &missed {
        w.put_made(id, &occurrence.key, Made::Skipped)?;
    }
    let mut kept = Recurring { paused: None, ..kept };
    kept.wake = wake(w, settings, &kept)?;
    w.put_recurring(&kept)?;
    let skipped = u32::try_from(missed.len()).unwrap_or(u32::MAX);
    let event = Event::RecurringResumed { recurring: id, title: kept.title, skipped };
    Ok(w.record(About::client(kept.client), event)?.done(()))
}

/// Makes the earliest document of a template that is due: a draft, or an issued document. Whether one was made; when
/// none is due, only when to look again is noted.
///
/// # Errors
/// Whatever keeps it from being made; then nothing is changed, and [`note_trouble`] says so.
pub fn make(w: &mut WriteTx<'_>, app: &App, id: RecurringId) -> Result<bool, ActError> {
    let (settings, today) = (&app.settings, calendar::today(w.now, &app.settings.zone));
    let kept = found(w.recurring(id)?)?;
    let made = w.keys_of(id)?;
    let opens = w.policy()?.at;
    let at = |x: &Occurrence| calendar::wall_clock(x.date, opens, &settings.zone);
    let due = kept.ahead(&made).next().filter(|x| kept.paused.is_none() && at(x) <= w.now);
    let Some(due) = due else {
        let wake = wake(w, settings, &kept)?;
        w.put_recurring(&Recurring { wake, ..kept })?;
        return Ok(false);
    };
    let firm = w.firm()?;
    let locale = firm.speaking(w.client(kept.client)?.and_then(|x| x.language)).locale;
    let content = kept.content_of(&due, locale);
    let total = totals(&content, kept.currency).ok_or(Refusal::TryAgain)?.payable();
    let document = match kept.makes {
        Makes::Invoice => Made::Invoice(invoice(w, app, &kept, (&due, locale), content, today)?),
        Makes::Quote if !kept.by_itself => Made::Waits,
        Makes::Quote => Made::Quote(quote(w, app, &kept, (&due, locale), content, today)?),
    };
    w.put_made(id, &due.key, document)?;
    let mut kept = Recurring { trouble: None, ..kept };
    kept.wake = wake(w, settings, &kept)?;
    w.put_recurring(&kept)?;
    let about = match document {
        Made::Invoice(id) => About::invoice(kept.client, id),
        Made::Quote(_) | Made::Skipped | Made::Waits => About::client(kept.client),
    };
    let (title, issued) = (kept.title, kept.by_itself);
    let event = Event::RecurringMade { recurring: id, title, key: due.key, total, issued };
    let _ = w.record(about, event)?;
    Ok(true)
}

/// An invoice of an occurrence: a draft, issued at once where the template says so.
fn invoice(
    w: &mut WriteTx<'_>,
    app: &App,
    kept: &Recurring,
    (due, locale): (&Occurrence, Locale),
    content: Content,
    today: Date,
) -> Result<InvoiceId, ActError> {
    // Late after downtime, it is dated when it is made: nobody can pay by a day that is past.
    let dated = due.date.max(today);
    let draft = Draft {
        client: kept.client,
        project: kept.project,
        title: filled(&kept.title, due, locale),
        currency: kept.currency,
        dated,
        due: dated.saturating_add(jiff::Span::new().days(i64::from(kept.days))),
        terms: Terms::default(),
        reference: kept.reference.clone(),
        references: kept.references.clone(),
        delivered: None,
        period: due.period,
        note: filled(&kept.note, due, locale),
        content,
        recipients: kept.recipients.clone(),
    };
    let id = invoices::save_draft(w, &StaffScope::all(), None, &draft)?.value();
    if kept.by_itself {
        invoices::issue_in(w, app, &StaffScope::all(), id)?.value();
    }
    Ok(id)
}

/// A quote of an occurrence, sent at once.
fn quote(
    w: &mut WriteTx<'_>,
    app: &App,
    kept: &Recurring,
    (due, locale): (&Occurrence, Locale),
    content: Content,
    today: Date,
) -> Result<QuoteId, ActError> {
    let new = offer(kept, (due, locale), content, today);
    let number = quotes::send_in(w, app, &StaffScope::all(), &new)?.value();
    Ok(found(w.quote_numbered(&number)?)?.id)
}

/// Late after downtime, it is dated when it is made.
fn offer(kept: &Recurring, (due, locale): (&Occurrence, Locale), content: Content, today: Date) -> NewQuote {
    let issued = due.date.max(today);
    let until = issued.saturating_add(jiff::Span::new().days(i64::from(kept.days)));
    let title = filled(&kept.title, due, locale);
    let plain = NewQuote::plain(kept.client, &title, kept.currency, (issued, until), Vec::new());
    NewQuote { project: kept.project, note: filled(&kept.note, due, locale), content, ..plain }
}

/// The quote of a period that waits to be looked through, as its template says it now and dated today; `None` when it
/// waits no longer. It is not kept: sending it says that it was sent, and [`leave_out`] that it never will be.
///
/// # Errors
/// When the store fails.
pub fn waiting(
    r: &impl Reader,
    scope: &StaffScope,
    (id, key): (RecurringId, &str),
    today: Date,
) -> Result<Option<NewQuote>, StoreError> {
    let Some(kept) = r.recurring(id)?.filter(|x| scope.sees(x.client)) else { return Ok(None) };
    let Some(due) = kept.occurrence(key) else { return Ok(None) };
    if r.made_for(id, key)? != Some(Made::Waits) {
        return Ok(None);
    }
    let firm = r.firm()?;
    let locale = firm.speaking(r.client(kept.client)?.and_then(|x| x.language)).locale;
    let content = kept.content_of(&due, locale);
    let fills = Some((id, key.to_owned()));
    Ok(Some(NewQuote { fills, ..offer(&kept, (&due, locale), content, today) }))
}

/// Those that wait, of every template that the scope sees: template and period key, the oldest period first.
///
/// # Errors
/// When the store fails.
pub fn all_waiting(r: &impl Reader, scope: &StaffScope) -> Result<Vec<(Recurring, String)>, StoreError> {
    let mut all = Vec::new();
    for kept in r.recurring_of(None)?.into_iter().filter(|x| x.makes == Makes::Quote && scope.sees(x.client)) {
        let keys = r.made_of(kept.id)?.into_iter().filter(|x| x.1 == Made::Waits).map(|x| x.0);
        all.extend(keys.rev().map(|key| (kept.clone(), key)).collect::<Vec<_>>());
    }
    Ok(all)
}

/// Leaves out the quote of a period that waits: none is made for it.
///
/// # Errors
/// When the scope does not allow it; [`Refusal::Repeated`] when it waits no longer.
pub fn leave_out(w: &mut WriteTx<'_>, scope: &StaffScope, id: RecurringId, key: &str) -> Result<Done<()>, ActError> {
    let kept = find(w, scope, id)?;
    if w.made_for(id, key)? != Some(Made::Waits) {
        return Err(Refusal::Repeated(id.0).into());
    }
    w.put_made(id, key, Made::Skipped)?;
    let event = Event::RecurringSkipped { recurring: id, title: kept.title, key: key.to_owned() };
    Ok(w.record(About::client(kept.client), event)?.done(()))
}

/// Notes why the next document of a template could not be made, and when it is tried again. Told once in the log for
/// each period and reason.
///
/// # Errors
/// When the store fails.
pub fn note_trouble(
    w: &mut WriteTx<'_>,
    id: RecurringId,
    reason: &str,
    again: jiff::Timestamp,
) -> Result<(), ActError> {
    let kept = found(w.recurring(id)?)?;
    let made = w.keys_of(id)?;
    let Some(due) = kept.ahead(&made).next() else { return Ok(()) };
    let (client, title, key) = (kept.client, kept.title.clone(), due.key);
    let known = kept.trouble.as_ref().filter(|x| x.key == key && x.reason == reason).cloned();
    let told = known.is_some();
    let trouble = known.unwrap_or_else(|| Trouble { key: key.clone(), reason: reason.to_owned(), since: w.now });
    w.put_recurring(&Recurring { trouble: Some(trouble), wake: Some(again), ..kept })?;
    if !told {
        let event = Event::RecurringFailed { recurring: id, title, key, reason: reason.to_owned() };
        let _ = w.record(About::client(client), event)?;
    }
    Ok(())
}

/// A template within the scope, for whoever may change it.
fn find(w: &WriteTx<'_>, scope: &StaffScope, id: RecurringId) -> Result<Recurring, ActError> {
    let kept = found(w.recurring(id)?.filter(|x| scope.sees(x.client)))?;
    scope.may(Act::Work)?;
    Ok(kept)
}

fn wake(w: &WriteTx<'_>, settings: &Settings, kept: &Recurring) -> Result<Option<jiff::Timestamp>, StoreError> {
    let made: BTreeSet<String> = w.keys_of(kept.id)?;
    Ok(kept.next_wake(&made, w.policy()?.at, &settings.zone))
}

fn check(template: &Template, from: Option<Date>) -> Result<(), Refusal> {
    let mut faults = Faults::default();
    template.schedule.check(&mut faults);
    if let Some(today) = from.filter(|today| template.schedule.first < *today) {
        faults.add("issued", format!("The first can’t lie in the past; enter {today} or a later day."));
    }
    if template.title.trim().is_empty() {
        faults.add("title", "Say what it is about; lists and the log name it by that.");
    }
    if template.content.lines.is_empty() {
        faults.add("lines", "Add at least one line.");
    }
    if totals(&template.content, template.currency).is_none() {
        faults.add("lines", "The total is too large; check quantities and prices.");
    }
    if template.days > DUE_DAYS_MAX {
        faults.add("due", format!("Use at most {DUE_DAYS_MAX} days."));
    }
    if template.changes.len() > CHANGES_MAX {
        faults.add("c0.from", format!("Use {CHANGES_MAX} changes or fewer."));
    }
    let lines = u32::try_from(template.content.lines.len()).unwrap_or(u32::MAX);
    for (n, change) in template.changes.iter().enumerate() {
        if change.line.is_some_and(|line| line == 0 || line > lines) {
            faults.add(&format!("c{n}.line"), format!("There are {lines} lines; leave it empty for all of them."));
        }
    }
    faults.check()
}
