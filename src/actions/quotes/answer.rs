//! The client's answer to a quote: who gave it, when, from where, to which PDF, on which terms and with which options,
//! kept with the quote and in the log, and told to the firm's people in the same commit.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::super::{found, letters};
use crate::domain::calendar;
use crate::domain::event::Event;
use crate::domain::ids::Digest;
use crate::domain::number::DocumentNumber;
use crate::domain::person::Contact;
use crate::domain::quote::{self, Answer, Choice, Given, Quote, Version};
use crate::domain::refusal::Refusal;
use crate::secrets;
use crate::store::prelude::*;
use crate::store::scope::{ClientView, Pass};

/// What a contact says to a quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Yes, with these options, counted from 1.
    Accept(Vec<u32>),
    /// No, and why.
    Decline(String),
}

/// A contact with the right to answer accepts a quote in their own name, or declines it with a reason. `version` is the
/// one that they read.
///
/// # Errors
/// [`Refusal::NotFound`] when it is not theirs to see, [`Refusal::NotAllowed`] without the right,
/// [`Refusal::QuoteAnswered`] when somebody did, [`Refusal::QuoteReplaced`] when another version counts,
/// [`Refusal::QuoteExpired`] after the end of its last day in `zone`, and faults of the fields `option` and `reason`.
pub fn answer(
    w: &mut WriteTx<'_>,
    pass: Pass,
    (number, version): (&DocumentNumber, u32),
    reply: &Reply,
    zone: &TimeZone,
) -> Result<Done<()>, ActError> {
    let today = calendar::today(w.now, zone);
    let (quote, contact) = open_to(w, pass, number)?;
    answerable(&quote, version, today)?;
    let (pdf, address) = (quote.current.pdf.digest, w.by.address);
    let given = Given { at: w.now, contact: contact.id, name: contact.name.clone(), address, pdf };
    let (answer, event) = said(&quote, given, reply)?;
    let current = Version { answer, ..quote.current };
    let answered = Quote { current, ..quote };
    w.put_quote(&answered)?;
    let recorded = w.record(About::client(answered.client), event)?;
    letters::queue_answered(w, &answered, &contact)?;
    Ok(recorded.done(()))
}

/// The digest of a version's terms, which an acceptance keeps.
pub fn terms_digest(version: &Version) -> Digest {
    Digest(secrets::sha256(version.terms.as_bytes()))
}

/// The quote and the contact, if this contact may answer it.
fn open_to(w: &WriteTx<'_>, pass: Pass, number: &DocumentNumber) -> Result<(Quote, Contact), ActError> {
    let view = found(ClientView::open(w, pass)?)?;
    let (quote, contact) = (found(view.quote(number)?)?, view.contact().clone());
    if contact.rights.answer { Ok((quote, contact)) } else { Err(Refusal::NotAllowed.into()) }
}

/// Whether `version` of a quote can be answered on `today`.
///
/// # Errors
/// [`Refusal::QuoteAnswered`], [`Refusal::QuoteReplaced`] or [`Refusal::QuoteExpired`].
pub fn answerable(quote: &Quote, version: u32, today: Date) -> Result<(), Refusal> {
    match &quote.current {
        current if current.answer != Answer::Open => Err(Refusal::QuoteAnswered),
        _ if version != quote.latest() => Err(Refusal::QuoteReplaced),
        current if current.expired(today) => Err(Refusal::QuoteExpired(current.valid_until)),
        _ => Ok(()),
    }
}

fn said(of: &Quote, given: Given, reply: &Reply) -> Result<(Answer, Event), Refusal> {
    let (quote, version, digest) = (of.id, of.latest(), given.pdf);
    Ok(match reply {
        Reply::Accept(options) => {
            let (options, sums) = of.current.choose(options).map_err(Refusal::from)?;
            let (terms, total) = (terms_digest(&of.current), sums.payable());
            let event = Event::QuoteAccepted { quote, version, digest, terms, options: options.clone(), total };
            (Answer::Accepted(given, Choice { options, terms, total }), event)
        }
        Reply::Decline(reason) => {
            let reason = quote::reason(reason)?;
            (Answer::Declined(given, reason.clone()), Event::QuoteDeclined { quote, version, digest, reason })
        }
    })
}
