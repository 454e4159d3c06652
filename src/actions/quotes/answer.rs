//! The client's answer to a quote: who gave it, when, from where and to which PDF, kept with the quote and in the log,
//! and told to the firm's people in the same commit.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::super::{found, letters};
use crate::domain::calendar;
use crate::domain::event::Event;
use crate::domain::number::DocumentNumber;
use crate::domain::person::Contact;
use crate::domain::quote::{Answer, Given, Quote};
use crate::domain::refusal::{FieldFault, Refusal};
use crate::domain::text;
use crate::store::prelude::*;
use crate::store::scope::{ClientView, Pass};

/// Longest reason for declining, in characters.
pub const REASON_MAX: usize = 1_000;

/// What a contact says to a quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Yes.
    Accept,
    /// No, and why; may be empty.
    Decline(String),
}

/// A contact with the right to answer accepts a quote in their own name, or declines it with a reason.
///
/// # Errors
/// [`Refusal::NotFound`] when it is not theirs to see, [`Refusal::NotAllowed`] without the right,
/// [`Refusal::QuoteAnswered`] when somebody did, [`Refusal::QuoteExpired`] after the end of its last day in `zone`, and
/// a fault of the field `reason`.
pub fn answer(
    w: &mut WriteTx<'_>,
    pass: Pass,
    number: &DocumentNumber,
    reply: &Reply,
    zone: &TimeZone,
) -> Result<Done<()>, ActError> {
    let today = calendar::today(w.now, zone);
    let (quote, contact) = open_to(w, pass, number, today)?;
    let given = Given {
        at: w.now,
        contact: contact.id,
        name: contact.name.clone(),
        address: w.by.address,
        pdf: quote.pdf.digest,
    };
    let (id, digest) = (quote.id, quote.pdf.digest);
    let (answer, event) = match reply {
        Reply::Accept => (Answer::Accepted(given), Event::QuoteAccepted { quote: id, digest }),
        Reply::Decline(reason) => {
            let reason = checked(reason)?;
            (Answer::Declined(given, reason.clone()), Event::QuoteDeclined { quote: id, digest, reason })
        }
    };
    let answered = Quote { answer, ..quote };
    w.put_quote(&answered)?;
    let recorded = w.record(About::client(answered.client), event)?;
    letters::queue_answered(w, &answered, &contact)?;
    Ok(recorded.done(()))
}

/// The quote and the contact, if this contact may answer it now.
fn open_to(w: &WriteTx<'_>, pass: Pass, number: &DocumentNumber, today: Date) -> Result<(Quote, Contact), ActError> {
    let view = found(ClientView::open(w, pass)?)?;
    let (quote, contact) = (found(view.quote(number)?)?, view.contact().clone());
    if !contact.rights.answer {
        return Err(Refusal::NotAllowed.into());
    }
    if quote.answer != Answer::Open {
        return Err(Refusal::QuoteAnswered.into());
    }
    if quote.expired(today) {
        return Err(Refusal::QuoteExpired(quote.valid_until).into());
    }
    Ok((quote, contact))
}

fn checked(reason: &str) -> Result<String, Refusal> {
    let reason = text::paragraph("reason", reason).map_err(Refusal::from)?;
    if reason.chars().count() > REASON_MAX {
        return Err(FieldFault::new("reason", format!("Use {REASON_MAX} characters or fewer.")).into());
    }
    Ok(reason)
}
