//! Reminders: what the policy says for one invoice, now.
//!
//! A step is settled and its letters queued in one commit; the key (invoice, step, recipient) makes each letter once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{letters, policies};
use crate::app::Settings;
use crate::domain::calendar;
use crate::domain::event::Event;
use crate::domain::hold::ANOTHER_NEXT;
use crate::domain::ids::{ClientId, InvoiceId, LetterId};
use crate::domain::invoice::Invoice;
use crate::domain::letter::{Letter, Purpose, reminder_key};
use crate::domain::person::{Contact, Person};
use crate::domain::policy::{Asked, BEFORE_PUBLICATION, Channel, NOTHING_OPEN, Step};
use crate::domain::reminder::{Planned, Policy, Tone, next_wake, plan, review_if};
use crate::domain::score;
use crate::domain::wording::Voice;
use crate::mutants::Mutant;
use crate::store::invoices::Row;
use crate::store::letters::StepOutcome;
use crate::store::prelude::*;

/// How far one person's morning may be behind another's on the same day.
pub(super) const AROUND_THE_WORLD: SignedDuration = SignedDuration::from_hours(26);

/// What reminders follow: the policy as it is kept now, in the firm's zone. Read once for each commit.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The version of the policy.
    pub version: u32,
    /// The policy.
    pub policy: Arc<Policy>,
    /// The zone whose clocks the steps follow: the firm's, or of an invoice that of those who get its reminders.
    pub zone: TimeZone,
    /// The firm's zone, in whose days pauses and promises are.
    pub firm_zone: TimeZone,
    /// When the policy is none that is kept, but one that is tried out: since when it would hold.
    pub tried: Option<Timestamp>,
    /// Payer scores that were reckoned meanwhile: each takes many records, and a client has many invoices.
    pub(super) scores: Arc<Mutex<Scores>>,
}

/// Scores by client and day; `None` of a client without one.
type Scores = BTreeMap<(ClientId, Date), Option<u8>>;

impl Rules {
    /// Those of now.
    ///
    /// # Errors
    /// When the store fails.
    pub fn now(r: &impl Reader, zone: &TimeZone) -> Result<Self, StoreError> {
        let kept = r.policy_now()?;
        let zone = if Mutant::DatesInUtc.is_on() { &TimeZone::UTC } else { zone };
        let (policy, zone, firm_zone) = (Arc::new(kept.policy), zone.clone(), zone.clone());
        Ok(Self { version: kept.version, policy, zone, firm_zone, tried: None, scores: Arc::default() })
    }

    /// As they are of one invoice: by the clocks of whoever of those that get its reminders has the morning first. For
    /// the others a letter waits until it is morning there too.
    ///
    /// # Errors
    /// When the store fails.
    pub fn of(&self, r: &impl Reader, invoice: &Invoice, due: Date) -> Result<Self, StoreError> {
        Ok(self.by_the_clocks_of(&letters::reachable(r, invoice, &self.policy)?, due))
    }

    /// As [`Rules::of`], of these people.
    pub fn by_the_clocks_of(&self, contacts: &[Contact], due: Date) -> Self {
        let zones = contacts.iter().map(|c| c.zone.as_ref().map_or(&self.firm_zone, |zone| zone.time_zone()));
        let first = zones.min_by_key(|zone| calendar::wall_clock(due, self.policy.at, zone));
        Self { zone: first.unwrap_or(&self.firm_zone).clone(), ..self.clone() }
    }

    /// Why the condition of a step does not hold of an invoice at `now`; `None` when it does.
    ///
    /// # Errors
    /// When the store fails.
    pub fn fails(
        &self,
        r: &impl Reader,
        row: &Row,
        offset: i16,
        now: Timestamp,
    ) -> Result<Option<&'static str>, StoreError> {
        let step = self.policy.step(offset).into_iter();
        Ok(self.failing_of(r, row, step, now)?.first().map(|x| x.1))
    }

    /// The steps of an invoice with the conditions that do not hold at `now`, and why.
    ///
    /// # Errors
    /// When the store fails.
    pub fn failing(&self, r: &impl Reader, row: &Row, now: Timestamp) -> Result<Vec<(i16, &'static str)>, StoreError> {
        self.failing_of(r, row, self.policy.steps.iter(), now)
    }

    /// A client's payer score on a day, if there is one yet.
    fn score_of(&self, r: &impl Reader, client: ClientId, on: Date) -> Result<Option<u8>, StoreError> {
        let known = || self.scores.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(score) = known().get(&(client, on)) {
            return Ok(*score);
        }
        let score = match r.client(client)? {
            Some(client) => score::score(&r.payer_facts(&client, on, &self.firm_zone)?, on).map(|x| x.points),
            None => None,
        };
        known().insert((client, on), score);
        Ok(score)
    }

    fn failing_of<'s>(
        &self,
        r: &impl Reader,
        row: &Row,
        steps: impl Iterator<Item = &'s Step> + Clone,
        now: Timestamp,
    ) -> Result<Vec<(i16, &'static str)>, StoreError> {
        let opened = steps.clone().any(|step| step.only.unopened) && r.was_opened(row.invoice.id)?;
        let score = match steps.clone().any(|step| step.only.score.is_some()) {
            true => self.score_of(r, row.invoice.client, calendar::today(now, &self.firm_zone))?,
            false => None,
        };
        let open = row.invoice.open(r.unasked(row)?);
        let asked = Asked { open, opened, score };
        Ok(steps.filter_map(|step| Some((step.offset, step.only.fails(asked)?))).collect())
    }
}

/// Looks at an invoice's reminders: queues the step that is due, notes those that are not sent, and says when to look
/// again. How many letters were queued.
///
/// # Errors
/// When the store fails.
pub fn look(w: &mut WriteTx<'_>, id: InvoiceId, rules: &Rules) -> Result<usize, ActError> {
    let Some(row) = w.invoice_row(id)?.filter(|r| r.open().minor > 0) else {
        w.set_reminder(id, None)?;
        return Ok(0);
    };
    let due = w.asked_due(&row)?;
    let rules = &rules.of(w, &row.invoice, due)?;
    let (policy, zone) = (&rules.policy, &rules.zone);
    let Some(published) = row.invoice.issue.as_ref().map(|i| i.at) else { return Ok(0) };
    if !row.invoice.reminds() {
        w.set_reminder(id, None)?;
        return Ok(0);
    }
    policies::carry(w, &row, rules)?;
    if let Some(hold) = w.hold_on(&row.invoice, calendar::today(w.now, &rules.firm_zone))? {
        // Nothing is settled meanwhile: what was missed is sorted out when the hold is over.
        w.set_reminder(id, hold.ends(policy, &rules.firm_zone))?;
        return Ok(0);
    }
    let now = w.now;
    let settled: BTreeSet<i16> = match Mutant::NoKeys.is_on() {
        true => BTreeSet::new(),
        false => w.reminder_steps(id)?.into_iter().map(|x| x.0).collect(),
    };
    let plan = plan(due, policy, zone);
    // Of what fell and is not settled alone: a score is reckoned from many records.
    let fallen = |step: &&Step| plan.iter().any(|x| x.step == step.offset && x.at <= now && !settled.contains(&x.step));
    let failing = rules.failing_of(w, &row, policy.steps.iter().filter(fallen), now)?;
    let holds = |step| failing.iter().all(|x| x.0 != step);
    let found = review_if(&plan, published, due, &settled, w.now, zone, policy, holds);
    for &step in &found.skipped {
        skip(w, &row.invoice, step, BEFORE_PUBLICATION)?;
    }
    for &step in &found.superseded {
        note(w, &row.invoice, step, StepOutcome::Superseded, Event::ReminderSuperseded { invoice: id, step })?;
    }
    for &step in &found.expired {
        note(w, &row.invoice, step, StepOutcome::Expired, Event::ReminderExpired { invoice: id, step })?;
    }
    for &step in &found.unmet {
        let why = failing.iter().find(|x| x.0 == step).map_or("its condition does not hold", |x| x.1);
        skip(w, &row.invoice, step, why)?;
    }
    let queued = found.send.map_or(Ok(0), |step| send(w, &row, &step, rules))?;
    let wake = if Mutant::NoKeys.is_on() && queued > 0 { Some(w.now) } else { found.wake };
    w.set_reminder(id, wake)?;
    Ok(queued)
}

/// Queues the letters of steps that were settled in a commit before: a planted defect.
///
/// # Errors
/// When the store fails.
pub fn queue_outside(w: &mut WriteTx<'_>, id: InvoiceId, rules: &Rules) -> Result<usize, ActError> {
    let Some(row) = w.invoice_row(id)?.filter(|r| r.open().minor > 0) else { return Ok(0) };
    let due = w.asked_due(&row)?;
    let rules = &rules.of(w, &row.invoice, due)?;
    let steps = w.reminder_steps(id)?;
    let last = steps.iter().filter(|x| x.1 == StepOutcome::Sent).map(|x| x.0).max();
    let planned = plan(due, &rules.policy, &rules.zone).into_iter().find(|x| Some(x.step) == last);
    let Some((planned, step)) = planned.and_then(|x| Some((x, rules.policy.step(x.step)?))) else { return Ok(0) };
    let to = letters::reached(w, &row.invoice, step)?;
    letters::queue_reminder(w, &row, (&planned, &rules.policy), &to, calendar::today(w.now, &rules.zone))
}

/// Queues the letters of a step, to whom it reaches, or asks staff to call; how many letters.
fn send(w: &mut WriteTx<'_>, row: &Row, planned: &Planned, rules: &Rules) -> Result<usize, ActError> {
    let to = match rules.policy.step(planned.step) {
        Some(step) if step.by == Channel::Call => {
            letters::withdraw_reminders(w, row.invoice.id, "a call took its place")?;
            ask_for_call(w, row, planned.step)?;
            return Ok(0);
        }
        Some(step) => letters::reached(w, &row.invoice, step)?,
        None => letters::Reached::default(),
    };
    let queued = match Mutant::EnqueuesOutside.is_on() {
        true => 0,
        false => letters::queue_reminder(w, row, (planned, &rules.policy), &to, calendar::today(w.now, &rules.zone))?,
    };
    if to.contacts.is_empty() {
        skip(w, &row.invoice, planned.step, "nobody at the client gets reminders")?;
    } else {
        w.settle_step(row.invoice.id, planned.step, StepOutcome::Sent)?;
    }
    Ok(queued)
}

/// Asks staff to call, by a step of the policy.
fn ask_for_call(w: &mut WriteTx<'_>, row: &Row, step: i16) -> Result<(), ActError> {
    let (client, invoice) = (row.invoice.client, row.invoice.id);
    w.ask_for_call(client, invoice)?;
    note(w, &row.invoice, step, StepOutcome::Call, Event::CallAskedFor { invoice, step })
}

/// Goes on with an invoice that is open again. Steps that fell while nothing was open of it are not caught up: whoever
/// had paid, or seemed to, is not reminded in arrears of it.
///
/// # Errors
/// When the store fails.
pub fn resume(w: &mut WriteTx<'_>, invoice: &Invoice, settings: &Settings) -> Result<(), ActError> {
    let Some(published) = invoice.issue.as_ref().filter(|_| invoice.reminds()).map(|i| i.at) else { return Ok(()) };
    let Some(row) = w.invoice_row(invoice.id)? else { return Ok(()) };
    let due = w.asked_due(&row)?;
    let rules = Rules::now(w, &settings.zone)?.of(w, invoice, due)?;
    policies::carry(w, &row, &rules)?;
    let mut settled: BTreeSet<i16> = w.reminder_steps(invoice.id)?.into_iter().map(|x| x.0).collect();
    let plan = plan(due, &rules.policy, &rules.zone);
    let now = w.now;
    for missed in plan.iter().filter(|x| x.at <= now) {
        if settled.insert(missed.step) {
            skip(w, invoice, missed.step, NOTHING_OPEN)?;
        }
    }
    let next = next_wake(&plan, published, &settled, w.now);
    w.set_reminder(invoice.id, next)?;
    Ok(())
}

/// Has the reminders of a client's open invoices looked at at once, because somebody there goes by other clocks now.
///
/// # Errors
/// When the store fails.
pub(super) fn look_again(w: &mut WriteTx<'_>, client: ClientId) -> Result<(), StoreError> {
    let now = w.now;
    for (open, _) in w.open_of(client)? {
        // What nobody looks at any more stays so: its steps are over, or it does not remind.
        if w.looked_at(open.invoice)?.is_some() {
            w.set_reminder(open.invoice, Some(now))?;
        }
    }
    Ok(())
}

/// The zone by whose clocks letters reach somebody.
pub(super) fn clocks_of(r: &impl Reader, to: Person, firm: &TimeZone) -> Result<TimeZone, StoreError> {
    let own = match to {
        Person::Contact(id) => r.contact(id)?.and_then(|contact| contact.zone),
        Person::Staff(_) => None,
    };
    let firm = if Mutant::DatesInUtc.is_on() { &TimeZone::UTC } else { firm };
    Ok(own.map_or_else(|| firm.clone(), |zone| zone.time_zone().clone()))
}

/// Before a letter is handed over: whether it may go now. A reminder goes inside a sending window only, never speaks of
/// a coming due date once it has passed, and says what is open now, not what was when it was queued.
///
/// # Errors
/// When the store fails.
pub fn renew(w: &mut WriteTx<'_>, id: LetterId, zone: &TimeZone, rules: &Rules) -> Result<bool, ActError> {
    let waits =
        |w: &WriteTx<'_>| -> Result<Option<Letter>, StoreError> { Ok(w.letter(id)?.filter(|l| l.state.waits())) };
    let Some(letter) = waits(w)? else { return Ok(false) };
    let Purpose::Reminder(invoice, step) = letter.purpose else { return Ok(true) };
    // What is settled or gone is withdrawn where the hand-over begins.
    let Some(row) = w.invoice_row(invoice)?.filter(|r| r.open().minor > 0) else { return Ok(true) };
    if is_of_another_instalment(w, &row, &letter)? {
        letters::withdraw(w, letter, ANOTHER_NEXT)?;
        return Ok(false);
    }
    let due = w.asked_due(&row)?;
    let rules = rules.of(w, &row.invoice, due)?;
    policies::carry(w, &row, &rules)?;
    // A change of the policy may have withdrawn it.
    let Some(letter) = waits(w)? else { return Ok(false) };
    let own = clocks_of(w, letter.to, zone)?;
    let (today, policy) = (calendar::today(w.now, &own), &rules.policy);
    if step < 0 && today > due {
        letters::withdraw(w, letter, "the due date has passed")?;
        return Ok(false);
    }
    if let Some(hold) = w.hold_on(&row.invoice, calendar::today(w.now, zone))? {
        letters::withdraw(w, letter, hold.withdraws())?;
        return Ok(false);
    }
    if !policy.sends_at(w.now, &own) {
        let opening = policy.next_opening(w.now, &own);
        w.move_letter(&letter, &letter.state, opening)?;
        return Ok(false);
    }
    if policy.step(step).is_some_and(|x| x.by == Channel::Call) {
        letters::withdraw_reminders(w, invoice, "the policy asks for a call in its place")?;
        ask_for_call(w, &row, step)?;
        return Ok(false);
    }
    if let Some(why) = rules.fails(w, &row, step, w.now)? {
        letters::withdraw(w, letter, why)?;
        return Ok(false);
    }
    if let Some(look) = overtaken_at(w, &row, step, &rules)? {
        w.move_letter(&letter, &letter.state, Some(look))?;
        return Ok(false);
    }
    // A step that moved since it was queued is in no plan; its letter is true all the same.
    let planned = plan(due, policy, &own).into_iter().find(|x| x.step == step);
    // It was queued in the morning of whoever has it first, which may be the day before here.
    let early = planned.map(|x| x.at).filter(|at| *at > w.now && at.duration_since(w.now) <= AROUND_THE_WORLD);
    if early.is_some() {
        w.move_letter(&letter, &letter.state, early)?;
        return Ok(false);
    }
    let tone = planned.map_or(Tone::at(step, Tone::Overdue), |x| x.tone);
    letters::reword(w, letter, &row, Voice::of(policy, step, tone.on(today, due)), today)?;
    Ok(true)
}

/// Whether a reminder asks for another instalment than the one that is the next to be asked for: somebody paid, or
/// disputed it, while the letter was with the mail server.
pub(super) fn is_of_another_instalment(r: &impl Reader, row: &Row, letter: &Letter) -> Result<bool, StoreError> {
    let Purpose::Reminder(id, step) = letter.purpose else { return Ok(false) };
    Ok(letter.key != reminder_key(id, r.asked_instalment(row)?, step, letter.to))
}

/// When the next look settles that a later step fell meanwhile, which takes this one's place; `None` when none did.
/// That look may wait for a window of whoever has the morning first.
fn overtaken_at(w: &WriteTx<'_>, row: &Row, step: i16, rules: &Rules) -> Result<Option<Timestamp>, StoreError> {
    let Some(next) = w.looked_at(row.invoice.id)? else { return Ok(None) };
    let settled: BTreeSet<i16> = w.reminder_steps(row.invoice.id)?.into_iter().map(|x| x.0).collect();
    let plan = plan(w.asked_due(row)?, &rules.policy, &rules.zone);
    let fell = plan.iter().any(|x| x.step > step && x.at <= w.now && !settled.contains(&x.step));
    Ok(fell.then_some(next))
}

/// Settles a step that is not sent, for this reason.
pub(super) fn skip(w: &mut WriteTx<'_>, invoice: &Invoice, step: i16, reason: &str) -> Result<(), ActError> {
    let event = Event::ReminderSkipped { invoice: invoice.id, step, reason: reason.to_owned() };
    note(w, invoice, step, StepOutcome::Skipped, event)
}

fn note(w: &mut WriteTx<'_>, invoice: &Invoice, step: i16, outcome: StepOutcome, event: Event) -> Result<(), ActError> {
    w.settle_step(invoice.id, step, outcome)?;
    let _ = w.record(About::invoice(invoice.client, invoice.id), event)?;
    Ok(())
}
