//! The outbox, and where each invoice's reminders stand.

use jiff::Timestamp;
use redb::ReadableTable;

use super::accounts::person_key;
use super::error::StoreError;
use super::tables::{
    LETTER_KEYS, LETTERS, LETTERS_BY_STATE, LETTERS_OF_INVOICE, MESSAGE_IDS, OUTBOX, OUTBOX_OF, REMINDER_OF_INVOICE,
    REMINDER_STEPS, REMINDERS_DUE, REMINDERS_WAITING,
};
use super::tx::{Reader, WriteTx};
use crate::domain::attention::ANSWER_DAYS;
use crate::domain::ids::{InvoiceId, LetterId};
use crate::domain::letter::{Letter, LetterState, Purpose, Urgency};
use crate::domain::person::Person;
use crate::mutants::Mutant;

/// How a reminder step was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    /// Queued to whoever gets reminders.
    Sent,
    /// A later step was due too.
    Superseded,
    /// A step before the due date, found after it.
    Expired,
    /// Not sent, for a reason that the log tells.
    Skipped,
    /// Staff were asked to call.
    Call,
}

/// The states that the desk lists letters by; the tag is the stored form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum LetterShelf {
    /// Queued or deferred.
    Waiting = 0,
    /// Being handed over.
    Sending = 1,
    /// Taken by the mail server.
    Accepted = 2,
    /// Refused or given up.
    Failed = 3,
    /// Nobody knows.
    Uncertain = 4,
    /// Withdrawn before sending.
    Withdrawn = 5,
    /// Came back.
    Bounced = 6,
}

pub(super) fn shelf(state: &LetterState) -> LetterShelf {
    match state {
        LetterState::Queued | LetterState::Deferred(..) => LetterShelf::Waiting,
        LetterState::Sending(_) => LetterShelf::Sending,
        LetterState::Accepted(..) => LetterShelf::Accepted,
        LetterState::Failed(..) => LetterShelf::Failed,
        LetterState::Uncertain(..) => LetterShelf::Uncertain,
        LetterState::Withdrawn(..) => LetterShelf::Withdrawn,
        LetterState::Bounced(..) => LetterShelf::Bounced,
    }
}

/// Whether a letter is a reminder that waits.
pub(super) fn waits_as_reminder(letter: &Letter) -> bool {
    letter.state.waits() && matches!(letter.purpose, Purpose::Reminder(..))
}

/// Reading letters.
pub trait LetterReads: Reader {
    /// A letter.
    fn letter(&self, id: LetterId) -> Result<Option<Letter>, StoreError> {
        self.record_at(LETTERS, id.0)
    }

    /// Whether a letter waits to be handed over.
    fn letter_waits(&self, id: LetterId) -> Result<bool, StoreError> {
        Ok(self.table(OUTBOX_OF)?.get(id.0)?.is_some())
    }

    /// The letter of a key.
    fn letter_keyed(&self, key: &str) -> Result<Option<LetterId>, StoreError> {
        Ok(self.table(LETTER_KEYS)?.get(key)?.map(|x| LetterId(x.value())))
    }

    /// The letter whose Message-ID has this local part.
    fn letter_of_message(&self, local: &str) -> Result<Option<LetterId>, StoreError> {
        Ok(self.table(MESSAGE_IDS)?.get(local)?.map(|x| LetterId(x.value())))
    }

    /// Letters whose next attempt is due by `now`, the most urgent first and of those the oldest, at most `limit`.
    fn letters_due(&self, now: Timestamp, limit: usize) -> Result<Vec<LetterId>, StoreError> {
        let mut out = Vec::new();
        for urgency in Urgency::ALL {
            out.extend(self.letters_due_of(urgency, now, limit - out.len())?);
        }
        Ok(out)
    }

    /// Those of [`letters_due`](Self::letters_due) of one urgency, oldest first, at most `limit`.
    fn letters_due_of(&self, urgency: Urgency, now: Timestamp, limit: usize) -> Result<Vec<LetterId>, StoreError> {
        let (table, tag) = (self.table(OUTBOX)?, urgency as u8);
        let rows = table.range((tag, i64::MIN, 0)..=(tag, now.as_millisecond(), u64::MAX))?.take(limit);
        rows.map(|row| Ok(LetterId(row?.0.value().2))).collect()
    }

    /// What goes to everybody on one morning and waits, with when each is due, soonest first, behind a place in that
    /// order, at most `limit`.
    fn bulk_waiting(
        &self,
        after: Option<(Timestamp, LetterId)>,
        limit: usize,
    ) -> Result<Vec<(Timestamp, LetterId)>, StoreError> {
        let (table, tag) = (self.table(OUTBOX)?, Urgency::Bulk as u8);
        let from = after.map_or((tag, i64::MIN, 0), |(at, id)| (tag, at.as_millisecond(), id.0.saturating_add(1)));
        let rows = table.range(from..=(tag, i64::MAX, u64::MAX))?.take(limit);
        rows.map(|row| {
            let (_, due, id) = row?.0.value();
            Ok((Timestamp::from_millisecond(due).unwrap_or(Timestamp::MAX), LetterId(id)))
        })
        .collect()
    }

    /// While letters are held back since a restore: those that go all the same, with when each is due, soonest
    /// first, at most `limit`. What was due before the restore is not looked at.
    fn letters_due_while_held(&self, since: Timestamp, limit: usize) -> Result<Vec<(Timestamp, LetterId)>, StoreError> {
        let (mut out, tag) = (Vec::new(), Urgency::Awaited as u8);
        for row in self.table(OUTBOX)?.range((tag, since.as_millisecond(), 0)..=(tag, i64::MAX, u64::MAX))? {
            let (_, due, id) = row?.0.value();
            if self.letter(LetterId(id))?.is_some_and(|letter| letter.goes_while_held(since)) {
                out.push((Timestamp::from_millisecond(due).unwrap_or(Timestamp::MAX), LetterId(id)));
            }
            if out.len() == limit {
                break;
            }
        }
        Ok(out)
    }

    /// The letters held back since a restore or a leap of the clock, newest first: all that wait but for those that go
    /// all the same.
    fn letters_held(&self, since: Timestamp) -> Result<Vec<LetterId>, StoreError> {
        let mut out = Vec::new();
        for row in self.table(OUTBOX)?.iter()? {
            let (tag, _, id) = row?.0.value();
            let goes = tag == Urgency::Awaited as u8
                && self.letter(LetterId(id))?.is_some_and(|letter| letter.goes_while_held(since));
            if !goes {
                out.push(LetterId(id));
            }
        }
        out.sort_unstable_by(|a, b| b.cmp(a));
        Ok(out)
    }

    /// When the next letter is due, if any waits.
    fn next_letter_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let table = self.table(OUTBOX)?;
        let mut next = None;
        for tag in Urgency::ALL.map(|x| x as u8) {
            let first = table.range((tag, i64::MIN, 0)..=(tag, i64::MAX, u64::MAX))?.next().transpose()?;
            next = first.map(|row| row.0.value().1).into_iter().chain(next).min();
        }
        Ok(next.and_then(|ms| Timestamp::from_millisecond(ms).ok()))
    }

    /// Letters of a shelf, newest first, before a letter, at most `limit`.
    fn letters_on(
        &self,
        shelf: LetterShelf,
        before: Option<LetterId>,
        limit: usize,
    ) -> Result<Vec<Letter>, StoreError> {
        let table = self.table(LETTERS_BY_STATE)?;
        let tag = shelf as u8;
        let rows = table.range((tag, 0)..(tag, before.map_or(u64::MAX, |x| x.0)))?.rev().take(limit);
        rows.filter_map(|row| row.map_err(Into::into).and_then(|r| self.letter(LetterId(r.0.value().1))).transpose())
            .collect()
    }

    /// All letters, newest first, before a letter, at most `limit`.
    fn letters(&self, before: Option<LetterId>, limit: usize) -> Result<Vec<Letter>, StoreError> {
        let table = self.table(LETTERS)?;
        let rows = table.range(..before.map_or(u64::MAX, |x| x.0))?.rev().take(limit);
        rows.map(|row| super::records::Record::decode(row?.1.value())).collect()
    }

    /// An invoice's letters, oldest first.
    fn letters_about(&self, invoice: InvoiceId) -> Result<Vec<Letter>, StoreError> {
        let table = self.table(LETTERS_OF_INVOICE)?;
        let rows = table.range((invoice.0, 0)..=(invoice.0, u64::MAX))?;
        rows.filter_map(|row| row.map_err(Into::into).and_then(|r| self.letter(LetterId(r.0.value().1))).transpose())
            .collect()
    }

    /// The reminders that wait for a person, oldest first.
    fn reminders_waiting_for(&self, to: Person) -> Result<Vec<Letter>, StoreError> {
        let ((tag, id), table) = (person_key(to), self.table(REMINDERS_WAITING)?);
        let rows = table.range((tag, id, 0)..=(tag, id, u64::MAX))?;
        rows.filter_map(|row| row.map_err(Into::into).and_then(|r| self.letter(LetterId(r.0.value().2))).transpose())
            .collect()
    }

    /// The reminders that wait, person by person, at most `limit`.
    fn reminders_waiting(&self, limit: usize) -> Result<Vec<Letter>, StoreError> {
        let table = self.table(REMINDERS_WAITING)?;
        let rows = table.iter()?.take(limit);
        rows.filter_map(|row| row.map_err(Into::into).and_then(|r| self.letter(LetterId(r.0.value().2))).transpose())
            .collect()
    }

    /// When a letter that waits is tried next; `None` when it does not wait.
    fn letter_due(&self, id: LetterId) -> Result<Option<Timestamp>, StoreError> {
        let kept = self.table(OUTBOX_OF)?.get(id.0)?.map(|x| x.value());
        Ok(kept.and_then(|ms| Timestamp::from_millisecond(ms).ok()))
    }

    /// Invoices whose reminders want a look by `now`, at most `limit`.
    fn reminders_due(&self, now: Timestamp, limit: usize) -> Result<Vec<InvoiceId>, StoreError> {
        let table = self.table(REMINDERS_DUE)?;
        let rows = table.range(..=(now.as_millisecond(), u64::MAX))?.take(limit);
        rows.map(|row| Ok(InvoiceId(row?.0.value().1))).collect()
    }

    /// The next looks at reminders from now on: (when, invoice), at most `limit`.
    fn reminders_ahead(&self, limit: usize) -> Result<Vec<(Timestamp, InvoiceId)>, StoreError> {
        let table = self.table(REMINDERS_DUE)?;
        let rows = table.iter()?.take(limit);
        rows.map(|row| {
            let (ms, id) = row?.0.value();
            Ok((Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX), InvoiceId(id)))
        })
        .collect()
    }

    /// When an invoice's reminders are looked at next; `None` for never.
    fn looked_at(&self, invoice: InvoiceId) -> Result<Option<Timestamp>, StoreError> {
        let kept = self.table(REMINDER_OF_INVOICE)?.get(invoice.0)?.map(|x| x.value());
        Ok(kept.and_then(|ms| Timestamp::from_millisecond(ms).ok()))
    }

    /// The steps of an invoice that are settled, with how.
    fn reminder_steps(&self, invoice: InvoiceId) -> Result<Vec<(i16, StepOutcome)>, StoreError> {
        let table = self.table(REMINDER_STEPS)?;
        let rows = table.range((invoice.0, i16::MIN)..=(invoice.0, i16::MAX))?;
        rows.map(|row| {
            let (key, value) = row?;
            Ok((key.value().1, outcome_of(value.value())))
        })
        .collect()
    }
}

impl<T: Reader + ?Sized> LetterReads for T {}

fn outcome_of(tag: u8) -> StepOutcome {
    match tag {
        0 => StepOutcome::Sent,
        1 => StepOutcome::Superseded,
        2 => StepOutcome::Expired,
        4 => StepOutcome::Call,
        _ => StepOutcome::Skipped,
    }
}

impl WriteTx<'_> {
    /// Keeps a new letter under its key, due at once; false, and nothing kept, when the key was used before.
    pub fn put_new_letter(&mut self, letter: &Letter) -> Result<bool, StoreError> {
        if self.letter_keyed(&letter.key)?.is_some() && !Mutant::NoKeys.is_on() {
            return Ok(false);
        }
        self.change(LETTER_KEYS)?.insert(letter.key.as_str(), letter.id.0)?;
        self.change(MESSAGE_IDS)?.insert(letter.message_id.as_str(), letter.id.0)?;
        if let Some(invoice) = letter.purpose.invoice() {
            self.change(LETTERS_OF_INVOICE)?.insert((invoice.0, letter.id.0), ())?;
        }
        self.change(LETTERS_BY_STATE)?.insert((shelf(&letter.state) as u8, letter.id.0), ())?;
        if letter.state.waits() {
            self.set_due(letter, Some(letter.queued))?;
        }
        self.note_waiting(letter)?;
        self.put(LETTERS, letter.id.0, letter)?;
        Ok(true)
    }

    /// Keeps a letter's new state; `old` is the one before, `due` when it is tried next, if it still waits.
    pub fn move_letter(
        &mut self,
        letter: &Letter,
        old: &LetterState,
        due: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.change(LETTERS_BY_STATE)?.remove((shelf(old) as u8, letter.id.0))?;
        self.change(LETTERS_BY_STATE)?.insert((shelf(&letter.state) as u8, letter.id.0), ())?;
        // Of those that go as one, the one that carries the others answers to what comes back.
        if letter.with.is_none() {
            self.change(MESSAGE_IDS)?.insert(letter.message_id.as_str(), letter.id.0)?;
        }
        self.set_due(letter, due)?;
        self.note_waiting(letter)?;
        self.put(LETTERS, letter.id.0, letter)
    }

    fn note_waiting(&mut self, letter: &Letter) -> Result<(), StoreError> {
        let ((tag, id), mut table) = (person_key(letter.to), self.change(REMINDERS_WAITING)?);
        if waits_as_reminder(letter) {
            table.insert((tag, id, letter.id.0), ())?;
        } else {
            table.remove((tag, id, letter.id.0))?;
        }
        Ok(())
    }

    fn set_due(&mut self, letter: &Letter, due: Option<Timestamp>) -> Result<(), StoreError> {
        let (id, tag) = (letter.id.0, letter.purpose.urgency() as u8);
        let old = self.change(OUTBOX_OF)?.remove(id)?.map(|x| x.value());
        if let Some(old) = old {
            self.change(OUTBOX)?.remove((tag, old, id))?;
        }
        if let Some(due) = due {
            self.change(OUTBOX)?.insert((tag, due.as_millisecond(), id), ())?;
            self.change(OUTBOX_OF)?.insert(id, due.as_millisecond())?;
        }
        Ok(())
    }

    /// Takes a letter out of the queue whose own record can't be read.
    pub fn drop_from_outbox(&mut self, id: LetterId) -> Result<(), StoreError> {
        let Some(due) = self.change(OUTBOX_OF)?.remove(id.0)?.map(|x| x.value()) else { return Ok(()) };
        for urgency in Urgency::ALL {
            self.change(OUTBOX)?.remove((urgency as u8, due, id.0))?;
        }
        Ok(())
    }

    /// Sets when the scheduler looks at an invoice's reminders again; `None` for never.
    pub fn set_reminder(&mut self, invoice: InvoiceId, at: Option<Timestamp>) -> Result<(), StoreError> {
        let old = self.change(REMINDER_OF_INVOICE)?.remove(invoice.0)?.map(|x| x.value());
        let mut due = self.change(REMINDERS_DUE)?;
        if let Some(old) = old {
            due.remove((old, invoice.0))?;
        }
        if let Some(at) = at {
            due.insert((at.as_millisecond(), invoice.0), ())?;
            drop(due);
            self.change(REMINDER_OF_INVOICE)?.insert(invoice.0, at.as_millisecond())?;
        }
        Ok(())
    }

    /// Begins the steps of an invoice anew, because another of its instalments is the next to be paid.
    pub fn forget_steps(&mut self, invoice: InvoiceId) -> Result<(), StoreError> {
        let mut table = self.change(REMINDER_STEPS)?;
        table.retain_in((invoice.0, i16::MIN)..=(invoice.0, i16::MAX), |_, _| false)?;
        Ok(())
    }

    /// Lets a step be due once more: what was settled of it was taken back.
    pub fn forget_step(&mut self, invoice: InvoiceId, step: i16) -> Result<(), StoreError> {
        self.change(REMINDER_STEPS)?.remove((invoice.0, step))?;
        Ok(())
    }

    /// Notes again how a step was settled that was forgotten since: nothing happens now.
    pub fn settle_again(&mut self, invoice: InvoiceId, step: i16, outcome: StepOutcome) -> Result<(), StoreError> {
        self.change(REMINDER_STEPS)?.insert((invoice.0, step), outcome as u8)?;
        Ok(())
    }

    /// Notes how a reminder step was settled.
    pub fn settle_step(&mut self, invoice: InvoiceId, step: i16, outcome: StepOutcome) -> Result<(), StoreError> {
        self.change(REMINDER_STEPS)?.insert((invoice.0, step), outcome as u8)?;
        if step > 0 && outcome == StepOutcome::Sent {
            self.touch(invoice, self.now, (ANSWER_DAYS, false))?;
        }
        Ok(())
    }
}

/// When a letter deferred at `at` after `attempts` tries is tried again; `chance` spreads letters.
pub fn retry_at(at: Timestamp, attempts: u32, chance: u64) -> Timestamp {
    at.saturating_add(crate::domain::letter::retry_after(attempts, chance)).unwrap_or(Timestamp::MAX)
}
