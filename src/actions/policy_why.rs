//! Why something else went of an invoice than a policy would have sent, as the log and the outbox know it: who decided
//! it, what stood still, what was promised, paused or disputed. Changes nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::policy_effect::{Changed, Going};
use super::reminders::clocks_of;
use crate::domain::calendar::today;
use crate::domain::dispute::{Part, Turn};
use crate::domain::event::{Event, LogEntry};
use crate::domain::hold::DISPUTED;
use crate::domain::ids::LetterId;
use crate::domain::letter::{Letter, LetterState, Purpose};
use crate::domain::person::Person;
use crate::domain::policy::{Policy, PolicyVersion};
use crate::domain::promise::Promise;
use crate::domain::sentence::step_words;
use crate::domain::text::capital;
use crate::store::prelude::*;

/// Entries of the log that are read of an invoice, and of its client.
const LOG_MAX: usize = 500;

/// What is known of one invoice.
struct Known {
    log: Vec<LogEntry>,
    letters: Vec<Letter>,
    /// The newest first.
    versions: Vec<PolicyVersion>,
    /// Days of promises, pauses and disputes, from one to another, in words.
    holds: Vec<(Date, Date, String)>,
    /// To whom reminders of the client’s other invoices went, and on which of their days.
    others: BTreeSet<(Person, Date)>,
}

/// The reasons of an invoice, a sentence for each step of which something else went than would have gone by `policy`.
///
/// # Errors
/// When the store fails.
pub fn why(r: &impl Reader, zone: &TimeZone, policy: &Policy, of: &Changed) -> Result<Vec<String>, StoreError> {
    let (did, would) = (&of.before, &of.after);
    let known = known(r, zone, of)?;
    let mut out: Vec<(i16, String)> = Vec::new();
    let mut say = |step: i16, reason: String| {
        if out.iter().all(|x| x.0 != step) {
            out.push((step, format!("{}: {reason}.", capital(&step_words(step)))));
        }
    };
    for &(step, day) in would.iter().filter(|x| !did.contains(x)) {
        let went = did.iter().filter(|x| x.0 == step && !would.contains(x)).map(|x| x.1).min();
        say(step, known.missing(zone, policy, (step, day), went));
    }
    for &(step, day) in did.iter().filter(|x| !would.contains(x)) {
        say(step, known.beside(zone, policy, (step, day)));
    }
    Ok(out.into_iter().map(|x| x.1).collect())
}

fn known(r: &impl Reader, zone: &TimeZone, of: &Changed) -> Result<Known, StoreError> {
    let invoice = &of.row.invoice;
    let log = r.log_of_invoice(invoice.id, None, LOG_MAX)?;
    let mut holds = disputed(&log, zone);
    for promise in r.promises_of_invoice(invoice.id)?.into_iter().filter(Promise::is_enough) {
        let until = promise.outcome.since().map_or(promise.last(), |on| on.min(promise.last()));
        holds.push((promise.made, until, "a payment was promised".to_owned()));
    }
    // The newest first: what ended a pause is met before it.
    let (mut ended, mut others) = ([Date::MAX; 2], BTreeSet::new());
    for entry in r.log_of_client(invoice.client, None, LOG_MAX)? {
        let day = today(entry.at, zone);
        match &entry.event {
            Event::RemindersGoOn { invoice: only, .. } if only.is_none_or(|id| id == invoice.id) => {
                ended[usize::from(only.is_some())] = day;
            }
            Event::RemindersPaused { invoice: only, until, reason, .. } if only.is_none_or(|id| id == invoice.id) => {
                let ended = std::mem::replace(&mut ended[usize::from(only.is_some())], Date::MAX);
                holds.push((day, ended.min(*until), format!("paused, {reason}")));
            }
            Event::LetterAccepted { letter, purpose: Purpose::Reminder(about, _), .. } if *about != invoice.id => {
                if let Some(letter) = r.letter(*letter)? {
                    others.insert((letter.to, today(entry.at, &clocks_of(r, letter.to, zone)?)));
                }
            }
            _ => {}
        }
    }
    Ok(Known { log, letters: r.letters_about(invoice.id)?, versions: r.policy_versions()?, holds, others })
}

/// Days on which all of an invoice was disputed, or was to be credited, as its log has it.
fn disputed(log: &[LogEntry], zone: &TimeZone) -> Vec<(Date, Date, String)> {
    let (mut out, mut since, mut whole) = (Vec::new(), None, false);
    for entry in log.iter().rev() {
        let Event::Dispute { turn, .. } = &entry.event else { continue };
        let stands = match turn {
            Turn::Raised { part, .. } | Turn::Changed { part, .. } => {
                whole = *part == Part::Whole;
                whole
            }
            Turn::Reopened => whole,
            Turn::Passed { .. } | Turn::Upheld { .. } => continue,
            _ => false,
        };
        let day = today(entry.at, zone);
        match since {
            None if stands => since = Some(day),
            Some(from) if !stands => {
                out.push((from, day, DISPUTED.to_owned()));
                since = None;
            }
            _ => {}
        }
    }
    out.extend(since.map(|from| (from, Date::MAX, DISPUTED.to_owned())));
    out
}

impl Known {
    /// Why a step did not go on its day: not at all, or on another one.
    fn missing(&self, zone: &TimeZone, policy: &Policy, (step, day): Going, went: Option<Date>) -> String {
        if let Some(words) = self.decided(step).filter(|_| went.is_none()) {
            return words;
        }
        if self.had_another(zone, policy, (step, day)) {
            return "another policy held then".to_owned();
        }
        if let Some(hold) = self.holds.iter().find(|x| x.0 <= day && day <= x.1) {
            return hold.2.clone();
        }
        let letters = self.letters.iter().filter(|x| matches!(x.purpose, Purpose::Reminder(_, of) if of == step));
        let mut of_letter = letters.filter_map(|x| match &x.state {
            LetterState::Failed(_, why) => Some(format!("not delivered, {why}")),
            LetterState::Withdrawn(_, why) => Some(format!("withdrawn, {why}")),
            LetterState::Queued | LetterState::Deferred(..) | LetterState::Sending(_) => {
                Some("its letter waits".to_owned())
            }
            LetterState::Accepted(..) | LetterState::Bounced(..) | LetterState::Uncertain(..) => None,
        });
        match (went, of_letter.next_back()) {
            (None, Some(words)) => words,
            (Some(on), _) if on > day && self.had_a_letter(step, day) => {
                "a letter had gone to them that day, and it went later".to_owned()
            }
            (Some(on), _) if on > day => "letters stood still on its day, and it went later".to_owned(),
            (Some(_), _) => "it went earlier".to_owned(),
            (None, None) => match self.outcome(step) {
                Some(words) => words.to_owned(),
                None => "nothing was looked at on its day".to_owned(),
            },
        }
    }

    /// Whether a reminder of another invoice went on a day to somebody who got the step later.
    fn had_a_letter(&self, step: i16, day: Date) -> bool {
        let of_step = |x: &&Letter| matches!(x.purpose, Purpose::Reminder(_, of) if of == step);
        self.letters.iter().filter(of_step).any(|x| self.others.contains(&(x.to, day)))
    }

    /// Why a step went that would not have gone.
    fn beside(&self, zone: &TimeZone, policy: &Policy, (step, day): Going) -> String {
        let of_step = |x: &Letter| matches!(x.purpose, Purpose::Reminder(_, of) if of == step);
        let ours = |id: &LetterId| self.letters.iter().any(|x| x.id == *id && of_step(x));
        let again = self.log.iter().any(|x| match &x.event {
            Event::LetterDecided { letter, decision, .. } => decision == "send again" && ours(letter),
            _ => false,
        });
        match self.had_another(zone, policy, (step, day)) {
            _ if again => "somebody sent it again".to_owned(),
            true => "another policy held then".to_owned(),
            false => "it went after a standstill, or before the payment was recorded".to_owned(),
        }
    }

    /// What was decided of a step, by a reason that the log has.
    fn decided(&self, of: i16) -> Option<String> {
        self.log.iter().find_map(|x| match &x.event {
            Event::ReminderSkipped { step, reason, .. } if *step == of => Some(reason.clone()),
            Event::CallAskedFor { step, .. } if *step == of => Some("staff were asked to call".to_owned()),
            _ => None,
        })
    }

    /// What became of a step that gave way.
    fn outcome(&self, of: i16) -> Option<&'static str> {
        self.log.iter().find_map(|x| match &x.event {
            Event::ReminderSuperseded { step, .. } if *step == of => {
                Some("letters stood still, and a later one was due too")
            }
            Event::ReminderExpired { step, .. } if *step == of => {
                Some("letters stood still until the due date had passed")
            }
            _ => None,
        })
    }

    /// Whether another policy held on the day, by which the step was otherwise or not there.
    fn had_another(&self, zone: &TimeZone, policy: &Policy, (step, day): Going) -> bool {
        let since = |at: Timestamp| today(at, zone);
        let then = self.versions.iter().find(|x| since(x.at) <= day);
        let standard = PolicyVersion::standard();
        let then = &then.unwrap_or(&standard).policy;
        then.step(step) != policy.step(step) || then.days != policy.days
    }
}
