//! The sentences of disputes, for staff and for the client.

use super::{Mark, Names};
use crate::domain::dispute::{Part, Turn};
use crate::domain::event::Actor;

/// Icon and mark of a line.
pub(super) fn margin(turn: &Turn) -> (&'static str, Mark) {
    match turn {
        Turn::Raised { .. } | Turn::Reopened => ("flag", Mark::Warn),
        Turn::Changed { .. } | Turn::Passed { .. } | Turn::Withdrawn => ("flag", Mark::Plain),
        Turn::Upheld { .. } | Turn::Settled | Turn::Done { .. } => ("check", Mark::Good),
        Turn::Rejected { .. } => ("x", Mark::Warn),
    }
}

/// "HF-2026-0001", or "€20.00 of HF-2026-0001".
fn of(part: &Part, amount: &str, document: &str) -> String {
    match part {
        Part::Whole => document.to_owned(),
        Part::Lines(_) | Part::Amount(_) => format!("{amount} of {document}"),
    }
}

/// What staff read, and the small print.
pub(super) fn for_staff(
    (who, actor): (&str, &Actor),
    document: &str,
    amount: String,
    turn: &Turn,
    names: &dyn Names,
) -> (String, Option<String>) {
    let staff = matches!(actor, Actor::Staff(_));
    match turn {
        Turn::Raised { part, ground, words, with } => {
            let (did, of) = (if staff { "recorded a dispute of" } else { "disputed" }, of(part, &amount, document));
            let note = format!("{}: {words} · With {}", ground.words(), names.staff(*with));
            (format!("{who} {did} {of}"), Some(note))
        }
        Turn::Changed { part, ground, words } => {
            let note = format!("{}: {words}", ground.words());
            (format!("{who} changed the dispute: it is of {}", of(part, &amount, document)), Some(note))
        }
        Turn::Passed { to } => (format!("{who} passed the dispute of {document} on to {}", names.staff(*to)), None),
        Turn::Upheld { words } => (format!("{who} upheld the dispute of {document}, {amount}"), Some(words.clone())),
        Turn::Rejected { words } => {
            (format!("{who} rejected the dispute of {document}, {amount}"), Some(words.clone()))
        }
        Turn::Withdrawn if staff => (format!("{who} withdrew the dispute of {document} for the client"), None),
        Turn::Withdrawn => (format!("{who} withdrew the dispute of {document}"), None),
        Turn::Settled => (format!("Dispute of {document} over: nothing is open any more"), None),
        Turn::Reopened => (format!("Dispute of {document} stands again"), None),
        Turn::Done { credited: true } => (format!("What was agreed on {document} is credited"), None),
        Turn::Done { credited: false } => (format!("{who} noted that nothing of {document} has to be credited"), None),
    }
}

/// What the client's contacts read: a whole sentence.
pub(super) fn for_client((who, actor): (&str, &Actor), amount: &str, turn: &Turn, names: &dyn Names) -> String {
    let staff = matches!(actor, Actor::Staff(_));
    let part = |part: &Part| match part {
        Part::Whole => "this invoice".to_owned(),
        Part::Lines(_) | Part::Amount(_) => format!("{amount} of this invoice"),
    };
    match turn {
        Turn::Raised { part: of, with, .. } => {
            let did = if staff { "noted that you dispute" } else { "disputed" };
            format!("{who} {did} {}. {} looks into it.", part(of), names.staff(*with))
        }
        Turn::Changed { part: of, .. } => format!("{who} changed the dispute: it is of {}.", part(of)),
        Turn::Passed { to } => format!("{} looks into the dispute now.", names.staff(*to)),
        Turn::Upheld { .. } => format!("{who} agreed with the dispute."),
        Turn::Rejected { .. } => format!("{who} answered the dispute, and did not agree."),
        Turn::Withdrawn if staff => format!("{who} noted that you withdrew the dispute."),
        Turn::Withdrawn => format!("{who} withdrew the dispute."),
        Turn::Settled => "The dispute is over: nothing of this invoice is open any more.".to_owned(),
        Turn::Reopened => "The dispute stands again.".to_owned(),
        Turn::Done { credited: true } => "What we agreed on is credited.".to_owned(),
        Turn::Done { credited: false } => "The dispute is over.".to_owned(),
    }
}
