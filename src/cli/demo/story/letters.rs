//! The scheduler's mornings and the outbox, as they would have been; and what people do with the letters they get.

use jiff::SignedDuration;

use super::super::firm::CLIENTS;
use super::super::plan::days;
use super::{Act, Story};
use crate::actions::{digest, letters, reminders};
use crate::domain::event::By;
use crate::domain::ids::{ContactId, LetterId};
use crate::domain::letter::{Letter, Purpose};
use crate::domain::person::Person;
use crate::mail::Verdict;
use crate::secrets::{Token, TokenDigest};
use crate::store::prelude::*;

/// Invoices looked at, or letters handed over, in one go.
const BATCH: usize = 10_000;
/// Characters of a token in a link.
const TOKEN_CHARS: usize = 43;
/// Letters of this many days before the demo's beginning can be read in its mailbox.
const MAILBOX_DAYS: i64 = 21;

/// What goes wrong with the mail in the last days, each once.
#[derive(Default)]
pub(super) struct Accidents {
    uncertain: bool,
}

impl Story {
    /// Every business day at eight: whose reminders want a look gets one.
    pub(super) fn morning(&mut self, w: &mut WriteTx<'_>) -> Result<(), ActError> {
        self.pass_promises(w)?;
        w.by = By::job("reminders");
        let rules = reminders::Rules::now(w, &self.app.settings.zone)?;
        for id in w.reminders_due(w.now, BATCH)? {
            reminders::look(w, id, &rules)?;
        }
        self.post(w)
    }

    /// Hands over what waits, and comes back when a letter that was deferred is due.
    pub(super) fn post(&mut self, w: &mut WriteTx<'_>) -> Result<(), ActError> {
        for id in w.letters_due(w.now, BATCH)? {
            w.by = By::job("outbox");
            self.hand_over(w, id)?;
        }
        if let Some(next) = w.next_letter_due()? {
            self.on(next.max(self.now), Act::Post);
        }
        Ok(())
    }

    fn hand_over(&mut self, w: &mut WriteTx<'_>, id: LetterId) -> Result<(), ActError> {
        let settings = self.app.settings.clone();
        let sender = letters::Sender::of(&settings);
        let begun = digest::begin(w, id, digest::Company::Others, &settings.zone, &self.app.entropy, &sender)?;
        let Some(parcel) = begun else { return Ok(()) };
        let id = parcel.id;
        let Some(letter) = w.letter(id)? else { return Ok(()) };
        let took = SignedDuration::from_millis(i64::from(self.dice.between(90, 900)));
        self.turn_to(w, self.now.saturating_add(took).unwrap_or(self.now));
        let verdict = self.verdict(&letter);
        letters::finish(w, id, &verdict, u64::MAX)?.value();
        if matches!(verdict, Verdict::Accepted { .. }) {
            if self.date() >= days(self.today, -MAILBOX_DAYS) {
                self.mailbox.keep(&parcel.outgoing);
            }
            self.answer_letter(&letter, &parcel.outgoing.text);
        }
        Ok(())
    }

    /// What the mail server said: it takes nearly everything. One address stopped working a while ago, one server holds
    /// a letter up on the last morning, and one connection broke at the wrong moment.
    fn verdict(&mut self, letter: &Letter) -> Verdict {
        let address = letter.to_address.as_str();
        let date = self.date();
        if address.starts_with("luca.ferri") && date >= days(self.today, -60) {
            let reason = "mx.wrenandsparrow.example: 550 5.1.1 no such mailbox here".to_owned();
            return Verdict::Refused { reason };
        }
        if address.starts_with("aisha.khan") && letter.purpose == Purpose::SetPassword && date == self.today {
            let reason = "mx.lumendental.example: 451 4.7.1 please try again later".to_owned();
            return Verdict::Deferred { reason };
        }
        let reminder = matches!(letter.purpose, Purpose::Reminder(..));
        if reminder && !self.accidents.uncertain && address.starts_with("fergus") && date >= days(self.today, -9) {
            self.accidents.uncertain = true;
            let reason =
                "the connection to mx.brightwatermarine.example broke after the whole letter was sent".to_owned();
            return Verdict::Uncertain { reason };
        }
        let server = "mail.harbourfinch.example".to_owned();
        Verdict::Accepted { response: format!("250 2.0.0 Ok: queued as {:07X}", letter.id.0 * 2_654_435), server }
    }

    /// A letter with a link is followed, sooner or later, by those who do.
    fn answer_letter(&mut self, letter: &Letter, text: &str) {
        match (letter.purpose, letter.to) {
            (Purpose::SetPassword, person) => {
                let Some(link) = link_in(text, "/password/") else { return };
                let seconds = i64::from(self.dice.between(120, 1_500));
                self.later(seconds, Act::SetPassword(link, person));
            }
            (Purpose::Issued(invoice) | Purpose::Reminder(invoice, _), Person::Contact(contact)) => {
                let Some(link) = link_in(text, "/sign-in/link/") else { return };
                let issued = matches!(letter.purpose, Purpose::Issued(_));
                let opens = self.opens_of(contact) / if issued { 1 } else { 2 };
                if self.dice.chance(opens) {
                    let minutes = self.dice.pick(&[7, 24, 55, 170, 395, 1_500, 4_400]).copied().unwrap_or(60);
                    let seconds = i64::from(minutes * 60 + self.dice.between(0, 900));
                    self.later(seconds, Act::Follow(link, contact, invoice));
                }
            }
            (
                Purpose::SignIn
                | Purpose::Quote(_)
                | Purpose::QuoteAnswered(_)
                | Purpose::Notice
                | Purpose::Posted(_)
                | Purpose::Statement(_),
                _,
            )
            | (_, Person::Staff(_)) => {}
        }
    }

    fn opens_of(&self, contact: ContactId) -> u64 {
        let client = self.clients.iter().position(|c| c.contacts.contains(&contact));
        client.map_or(0, |at| CLIENTS[at].habit.opens)
    }
}

/// The digest of the token behind `path` in a letter's text.
fn link_in(text: &str, path: &str) -> Option<TokenDigest> {
    let rest = &text[text.find(path)? + path.len()..];
    Token::parse(rest.get(..TOKEN_CHARS)?).map(|token| token.digest())
}
