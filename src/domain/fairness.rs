//! Fair treatment: which lines of the log say that a client was treated otherwise than the reminder policy has it, and
//! how often that happened to whom and by whom.
//!
//! What the policy itself leaves out (a later step was due too, the due date had passed, a condition did not hold, the
//! invoice was not there yet) is no exception. Knows no store.

use std::collections::BTreeMap;

use super::dispute::Turn;
use super::event::{Actor, Event, LogEntry};
use super::ids::{ClientId, StaffId};
use super::policy::is_rule;

/// What was done otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A reminder was left out.
    Skipped,
    /// Reminders were paused.
    Paused,
    /// A pause was ended before its day.
    Resumed,
    /// Reminders to a contact were stopped, by themselves or by staff, or go again.
    Stopped,
    /// Reminders were held because a payment was promised.
    Promised,
    /// An invoice, or a part of it, was disputed and not asked for.
    Disputed,
    /// A letter was sent by hand.
    ByHand,
    /// A letter that did not arrive was left.
    Left,
    /// Something on Today was put off.
    PutOff,
    /// A credit limit was set or exceeded, or a hold begun or lifted.
    Credit,
    /// The policy itself was changed.
    Policy,
    /// A client was left out of charges for late payment, or no more.
    Late,
}

impl Kind {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 12] = [
        Self::Skipped,
        Self::Paused,
        Self::Resumed,
        Self::Stopped,
        Self::Promised,
        Self::Disputed,
        Self::ByHand,
        Self::Left,
        Self::PutOff,
        Self::Credit,
        Self::Policy,
        Self::Late,
    ];

    /// In a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Skipped => "Reminders left out",
            Self::Paused => "Pauses",
            Self::Resumed => "Pauses ended early",
            Self::Stopped => "Contacts stopped or resumed",
            Self::Promised => "Held by a promise",
            Self::Disputed => "Held by a dispute",
            Self::ByHand => "Sent by hand",
            Self::Left => "Left unsent",
            Self::PutOff => "Put off",
            Self::Credit => "Credit terms",
            Self::Policy => "Policy changed",
            Self::Late => "Late payment",
        }
    }
}

/// What an event does otherwise than the policy has it, if anything.
pub fn kind(event: &Event) -> Option<Kind> {
    Some(match event {
        Event::ReminderSkipped { reason, .. } if is_rule(reason) => return None,
        Event::ReminderSkipped { .. } => Kind::Skipped,
        Event::ContactStopped { .. } | Event::ContactResumed { .. } => Kind::Stopped,
        Event::RemindersPaused { .. } => Kind::Paused,
        Event::RemindersGoOn { .. } => Kind::Resumed,
        Event::PaymentPromised { .. } => Kind::Promised,
        Event::Dispute { turn: Turn::Raised { .. }, .. } => Kind::Disputed,
        Event::LetterDecided { decision, .. } if decision == "leave it" => Kind::Left,
        Event::LetterDecided { .. } => Kind::ByHand,
        Event::PutOff { .. } => Kind::PutOff,
        Event::CreditLimitSet { .. }
        | Event::CreditHeld { .. }
        | Event::CreditHoldLifted { .. }
        | Event::CreditLimitExceeded { .. } => Kind::Credit,
        Event::PolicyChanged { .. } | Event::LatePaymentChanged { .. } => Kind::Policy,
        Event::LateExcepted { .. } | Event::LateExceptionEnded { .. } => Kind::Late,
        _ => return None,
    })
}

/// The reason that was given, where one is.
pub fn reason(event: &Event) -> &str {
    match event {
        Event::ReminderSkipped { reason, .. }
        | Event::RemindersPaused { reason, .. }
        | Event::PaymentPromised { note: reason, .. }
        | Event::Dispute { turn: Turn::Raised { words: reason, .. }, .. }
        | Event::PutOff { reason, .. }
        | Event::LetterDecided { reason, .. }
        | Event::ContactStopped { reason, .. }
        | Event::ContactResumed { reason, .. }
        | Event::CreditLimitSet { reason, .. }
        | Event::CreditHeld { reason, .. }
        | Event::PolicyChanged { reason, .. }
        | Event::LatePaymentChanged { reason, .. }
        | Event::LateExcepted { reason, .. } => reason,
        _ => "",
    }
}

/// How often, by kind.
pub type Counts = BTreeMap<Kind, u64>;

/// Exceptions counted.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Tally {
    /// In all.
    pub all: Counts,
    /// By client; those of no client are the firm's.
    pub clients: BTreeMap<Option<ClientId>, Counts>,
    /// By member of staff; `None` for what happened by itself or by the command line. What contacts did is not in it.
    pub staff: BTreeMap<Option<StaffId>, Counts>,
}

impl Tally {
    /// Counts a line of the log, if it is an exception.
    pub fn add(&mut self, entry: &LogEntry) {
        let Some(kind) = kind(&entry.event) else { return };
        let mut counts = vec![&mut self.all, self.clients.entry(entry.client).or_default()];
        match entry.by.actor {
            Actor::Staff(id) => counts.push(self.staff.entry(Some(id)).or_default()),
            Actor::Contact(_) => {}
            _ => counts.push(self.staff.entry(None).or_default()),
        }
        for counts in counts {
            *counts.entry(kind).or_default() += 1;
        }
    }
}

/// All kinds together.
pub fn sum(counts: &Counts) -> u64 {
    counts.values().sum()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::event::By;
    use crate::domain::ids::{InvoiceId, LetterId};

    fn entry(actor: Actor, client: Option<u64>, event: Event) -> LogEntry {
        let by = By { actor, address: None };
        let client = client.map(ClientId);
        LogEntry { sequence: 1, at: Timestamp::UNIX_EPOCH, by, client, invoice: None, event, previous: [0; 32] }
    }

    #[test]
    fn exceptions_are_counted_by_kind_client_and_staff_and_the_policy_s_own_rules_are_none() {
        let decided = |decision: &str| Event::LetterDecided {
            letter: LetterId(0),
            to: "a@b.example".into(),
            decision: decision.into(),
            reason: String::new(),
        };
        let skipped = Event::ReminderSkipped { invoice: InvoiceId(1), step: 7, reason: "nobody to write to".into() };
        let mut tally = Tally::default();
        for one in [
            entry(Actor::Staff(StaffId(1)), Some(1), decided("send again")),
            entry(Actor::Staff(StaffId(1)), Some(2), decided("leave it")),
            entry(Actor::Counterfoil("reminders".into()), Some(1), skipped),
            entry(
                Actor::Counterfoil("reminders".into()),
                Some(1),
                Event::ReminderExpired { invoice: InvoiceId(1), step: -7 },
            ),
            entry(
                Actor::Counterfoil("reminders".into()),
                Some(1),
                Event::ReminderSkipped {
                    invoice: InvoiceId(1),
                    step: -7,
                    reason: crate::domain::policy::BEFORE_PUBLICATION.into(),
                },
            ),
            entry(Actor::Staff(StaffId(2)), None, Event::PolicyChanged { version: 2, reason: "later".into() }),
        ] {
            tally.add(&one);
        }
        assert_eq!(
            sum(&tally.all),
            4,
            "an expired step, and one before the invoice was there, are the policy's own rules"
        );
        assert_eq!(tally.clients[&Some(ClientId(1))], Counts::from([(Kind::Skipped, 1), (Kind::ByHand, 1)]));
        assert_eq!(tally.staff[&Some(StaffId(1))], Counts::from([(Kind::ByHand, 1), (Kind::Left, 1)]));
        assert_eq!((sum(&tally.staff[&None]), sum(&tally.clients[&None])), (1, 1));
    }
}
