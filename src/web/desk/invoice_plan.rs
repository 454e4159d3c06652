//! The reminders of one invoice on its page: what became of the steps that were, and the plan of those ahead, which is
//! that of the calendar and the preview.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use crate::actions::outlook::{Coming, of_invoice, of_letter};
use crate::actions::reminders::Rules;
use crate::domain::event::{Event, LogEntry};
use crate::domain::forecast::Fate;
use crate::domain::hold::Hold;
use crate::domain::letter::{Letter, LetterState, Purpose, reminder_key};
use crate::domain::person::Person;
use crate::domain::policy::moved_words;
use crate::domain::reminder;
use crate::domain::sentence::step_words;
use crate::store::invoices::Row;
use crate::store::letters::StepOutcome;
use crate::store::prelude::*;
use crate::web::guard::Desk;

/// How far ahead its steps are looked for: longer than any policy reaches beyond a due date.
const DAYS_AHEAD: i64 = 3_660;

/// A line: when, what becomes of the step, and which it is.
type Line = (String, Markup, Markup);

/// The reminders of an invoice.
pub(super) struct Plan {
    /// Step by step, in the order in which it happens.
    pub lines: Vec<Line>,
    /// When the next letter goes.
    pub next: Option<Timestamp>,
}

/// Of an invoice, with its letters and its log, the newest first.
pub(super) fn plan(
    desk: &Desk,
    r: &ReadTx,
    row: &Row,
    hold: Option<&Hold>,
    (letters, log): (&[Letter], &[LogEntry]),
) -> Result<Plan, StoreError> {
    let (now, locale, today) = (desk.app.now(), desk.locale(), desk.today());
    let rules = Rules::now(r, desk.zone())?;
    let policy = &rules.policy;
    let due = r.asked_due(row)?;
    let planned = reminder::plan(due, policy, &rules.of(r, &row.invoice, due)?.zone);
    let at_of = |step: i16| planned.iter().find(|x| x.step == step).map(|x| x.at);
    let (mut all, mut next): (Vec<(Timestamp, Line)>, Vec<Timestamp>) = (Vec::new(), Vec::new());
    let when = |at: Timestamp| locale.instant_short(at, desk.zone(), today);
    let steps = steps(r, row, (due, letters))?;
    for (step, outcome) in steps.iter().copied() {
        let of_step: Vec<&Letter> = letters.iter().filter(|x| is_of(x, row, (due, step))).collect();
        let out = of_step.iter().any(|x| x.state.is_out());
        let first = of_step.iter().map(|x| x.queued).min();
        let at = at_of(step).or(first).or_else(|| told_at(log, step)).unwrap_or(now);
        let mut words = Vec::new();
        for letter in of_step {
            let waiting = of_letter(r, &rules, letter, now)?;
            next.extend(waiting.as_ref().filter(|x| x.goes).map(|x| x.at));
            words.push(became(letter, waiting.as_ref(), &when));
        }
        if words.is_empty() || outcome != StepOutcome::Sent && !out {
            words.insert(0, outcome_words(outcome, reason(log, step)));
        }
        let moved = policy.step(step).and_then(|_| policy.moved(due, step));
        let moved = moved.map(|moved| moved_words(locale, today, &moved));
        let what = html! { @for one in &words { div { (one) } } };
        all.push((at, (when(at), what, about(step, moved))));
    }
    let far = now.saturating_add(SignedDuration::from_hours(24 * DAYS_AHEAD)).unwrap_or(Timestamp::MAX);
    let ahead = of_invoice(r, &rules, row, now, far)?;
    next.extend(ahead.iter().filter(|x| x.goes).map(|x| x.at));
    for x in &ahead {
        let words = match hold {
            Some(hold) if x.fate == Fate::Held => hold.of_step(locale, today),
            _ => x.words.clone(),
        };
        let moved = policy.moved(due, x.step).map(|moved| moved_words(locale, today, &moved));
        // What is held goes, if at all, whenever that ends; of what falls on its day, why that is another one.
        let moved = moved.filter(|_| x.moved.is_some() || !x.goes);
        all.push((x.at, (when(x.at), html! { (words) }, about(x.step, moved))));
    }
    if row.open().minor <= 0 {
        for x in planned.iter().filter(|x| steps.iter().all(|y| y.0 != x.step)) {
            let what = html! { "Will not go: nothing is open" };
            all.push((x.at, (when(x.at), what, about(x.step, None))));
        }
    }
    all.sort_by_key(|x| x.0);
    Ok(Plan { lines: all.into_iter().map(|x| x.1).collect(), next: next.into_iter().min() })
}

/// The steps that are settled, and those whose letters a hold took back, which are due again.
fn steps(r: &ReadTx, row: &Row, (due, letters): (Date, &[Letter])) -> Result<Vec<(i16, StepOutcome)>, StoreError> {
    let mut steps = r.reminder_steps(row.invoice.id)?;
    for letter in letters {
        if let Purpose::Reminder(_, step) = letter.purpose
            && is_of(letter, row, (due, step))
            && steps.iter().all(|x| x.0 != step)
        {
            steps.push((step, StepOutcome::Sent));
        }
    }
    Ok(steps)
}

fn about(step: i16, moved: Option<String>) -> Markup {
    html! { (step_words(step)) @if let Some(moved) = moved { ", " (moved) } }
}

/// Whether a letter is of a step, of the instalment that is the next to be asked for, due on `due`.
fn is_of(letter: &Letter, row: &Row, (due, step): (Date, i16)) -> bool {
    let id = row.invoice.id;
    let instalment = Some(due).filter(|_| !row.invoice.terms.instalments.is_empty());
    letter.purpose == Purpose::Reminder(id, step) && letter.key == reminder_key(id, instalment, step, letter.to)
}

/// What became of a letter, or what will.
fn became(letter: &Letter, waiting: Option<&Coming>, when: &impl Fn(Timestamp) -> String) -> String {
    let who = match letter.to {
        Person::Contact(_) => letter.to_name.clone(),
        Person::Staff(_) => format!("{} (a copy)", letter.to_name),
    };
    match &letter.state {
        LetterState::Accepted(at, _) => format!("Went to {who}, {}", when(*at)),
        LetterState::Sending(_) => format!("Is being handed over, to {who}"),
        LetterState::Failed(_, why) => format!("Not delivered to {who}: {why}"),
        LetterState::Bounced(_, why) => format!("Came back from {who}: {why}"),
        LetterState::Uncertain(..) => format!("Nobody knows whether it went to {who}"),
        LetterState::Withdrawn(_, why) => format!("Withdrawn, to {who}: {why}"),
        LetterState::Queued | LetterState::Deferred(..) => match waiting {
            Some(x) if x.goes => format!("{}, {}", x.words, when(x.at)),
            Some(x) => x.words.clone(),
            None => format!("Waits, to {who}"),
        },
    }
}

/// Why a step was skipped, as the log has it.
fn reason(log: &[LogEntry], of: i16) -> Option<&str> {
    log.iter().find_map(|x| match &x.event {
        Event::ReminderSkipped { step, reason, .. } if *step == of => Some(reason.as_str()),
        _ => None,
    })
}

/// When the log tells that a step was settled.
fn told_at(log: &[LogEntry], of: i16) -> Option<Timestamp> {
    let is = |x: &&LogEntry| {
        matches!(&x.event, Event::ReminderSkipped { step, .. } | Event::ReminderSuperseded { step, .. }
            | Event::ReminderExpired { step, .. } | Event::CallAskedFor { step, .. } if *step == of)
    };
    log.iter().find(is).map(|x| x.at)
}

fn outcome_words(outcome: StepOutcome, reason: Option<&str>) -> String {
    match (outcome, reason) {
        (StepOutcome::Sent, _) => "Written; see the letters".to_owned(),
        (StepOutcome::Superseded, _) => "Not sent: a later one was due too".to_owned(),
        (StepOutcome::Expired, _) => "Not sent: the due date had passed".to_owned(),
        (StepOutcome::Skipped, Some(reason)) => format!("Not sent: {reason}"),
        (StepOutcome::Skipped, None) => "Not sent: see what happened".to_owned(),
        (StepOutcome::Call, _) => "Staff were asked to call".to_owned(),
    }
}
