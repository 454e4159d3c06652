//! The notices of disputes: to whoever of the firm looks into one, in the desk's language; and the answer to the
//! client, in English and German.

use super::letter_words::{Text, flat, tell_us};
use super::notices::{Happened, notice, told};
use crate::domain::dispute::{Dispute, Outcome, Part};
use crate::domain::firm::Firm;
use crate::domain::language::Language;
use crate::domain::person::Person;

/// A dispute, as a letter says it.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// The client, by name; of no matter in a letter to themselves.
    pub client: &'a str,
    /// The number of the invoice.
    pub invoice: &'a str,
    /// The lines that it is about, by their names; empty unless it is of lines.
    pub lines: &'a str,
    /// The dispute.
    pub dispute: &'a Dispute,
    /// Whether it is of all that is open, so that no reminder goes.
    pub whole: bool,
}

impl Said<'_> {
    /// "the invoice HF-1", "€20.00 of the invoice HF-1".
    fn of(&self, firm: &Firm) -> String {
        let invoice = format!("the invoice {}", flat(self.invoice));
        match self.dispute.part {
            Part::Whole => invoice,
            Part::Lines(_) | Part::Amount(_) => format!("{} of {invoice}", firm.locale.money(self.dispute.amount)),
        }
    }

    /// "Price or quantity is wrong. They wrote: Two, not three."
    fn why(&self) -> String {
        let lines = if self.lines.is_empty() { String::new() } else { format!(" The lines: {}.", flat(self.lines)) };
        format!("{}.{lines} They wrote: {}", self.dispute.ground.words(), flat(&self.dispute.words))
    }

    /// What happens to reminders meanwhile.
    fn meanwhile(&self) -> &'static str {
        match self.whole {
            true => "No reminder of it goes until you answer",
            false => "Until you answer, reminders ask for the rest alone",
        }
    }
}

/// An invoice was disputed; to whoever looks into it.
pub fn raised(firm: &Firm, to_name: &str, happened: &Happened, said: Said<'_>) -> Text {
    let (who, client, when) = (flat(happened.who), flat(said.client), told(firm, happened.at, happened.zone));
    let did = match said.dispute.by {
        Person::Contact(_) => format!("{who} of {client} disputed"),
        Person::Staff(_) => format!("{who} recorded for {client} a dispute of"),
    };
    let says = [
        format!("{did} {}, on {when}.", said.of(firm)),
        said.why(),
        format!(
            "{}: agree with it, or say why not, on the invoice’s page. You can pass it on there too.",
            said.meanwhile()
        ),
    ];
    notice(firm, to_name, format!("{client} disputes {}", flat(said.invoice)), says)
}

/// What is disputed was changed; to whoever looks into it.
pub fn changed(firm: &Firm, to_name: &str, happened: &Happened, said: Said<'_>) -> Text {
    let (who, client, when) = (flat(happened.who), flat(said.client), told(firm, happened.at, happened.zone));
    let says = [
        format!("{who} changed what {client} disputes, on {when}: it is {} now.", said.of(firm)),
        said.why(),
        format!("{}. The invoice’s page has what it said before.", said.meanwhile()),
    ];
    notice(firm, to_name, format!("{client} changed the dispute of {}", flat(said.invoice)), says)
}

/// A dispute was withdrawn; to whoever looked into it.
pub fn withdrawn(firm: &Firm, to_name: &str, happened: &Happened, said: Said<'_>) -> Text {
    let (who, client, when) = (flat(happened.who), flat(said.client), told(firm, happened.at, happened.zone));
    let then = match said.whole {
        true => "Its reminders go on by themselves: the latest one that was missed goes, once.",
        false => "Its reminders were not held for it: they ask for all that is open again.",
    };
    let says = [
        format!("{who} withdrew the dispute of {}, {client}, on {when}.", said.of(firm)),
        then.to_owned(),
        "There is nothing for you to do.".to_owned(),
    ];
    notice(firm, to_name, format!("{client} withdrew the dispute of {}", flat(said.invoice)), says)
}

/// A dispute was passed on; to whoever looks into it now.
pub fn passed(firm: &Firm, to_name: &str, happened: &Happened, said: Said<'_>) -> Text {
    let (who, client, when) = (flat(happened.who), flat(said.client), told(firm, happened.at, happened.zone));
    let since = firm.locale.date_long(said.dispute.made);
    let says = [
        format!("{who} passed a dispute on to you, on {when}: {client} disputes {}, since {since}.", said.of(firm)),
        said.why(),
        format!("{}: agree with it, or say why not, on the invoice’s page.", said.meanwhile()),
    ];
    notice(firm, to_name, format!("For you: the dispute of {}, {client}", flat(said.invoice)), says)
}

/// The firm answered a dispute; to the client's contact.
pub fn answered(firm: &Firm, to_name: &str, happened: &Happened, said: Said<'_>) -> Text {
    match firm.locale.language() {
        Language::English => {}
        Language::German => return answered_in_german(firm, to_name, happened, said),
    }
    let (who, invoice, of) = (flat(happened.who), flat(said.invoice), said.of(firm));
    let when = told(firm, happened.at, happened.zone);
    let agreed = matches!(said.dispute.outcome, Outcome::Upheld(_));
    let did = if agreed { "agrees with" } else { "does not agree with" };
    let next = match agreed {
        true => "We put it right, and tell you what is left to pay, if anything.".to_owned(),
        false => format!("What was disputed is to be paid, then. If you see it otherwise, {}.", tell_us(firm)),
    };
    let says = [
        format!("You disputed {of}. {who} answered that on {when} and {did} you."),
        written(said.dispute).map_or_else(|| "Thank you for telling us.".to_owned(), |x| format!("The answer: {x}")),
        next,
    ];
    let subject = if agreed { "We agree" } else { "Our answer" };
    notice(firm, to_name, format!("{subject}: your dispute of {invoice}"), says)
}

fn answered_in_german(firm: &Firm, to_name: &str, happened: &Happened, said: Said<'_>) -> Text {
    let (who, invoice) = (flat(happened.who), flat(said.invoice));
    let when = told(firm, happened.at, happened.zone);
    let of = match said.dispute.part {
        Part::Whole => format!("die Rechnung {invoice}"),
        Part::Lines(_) | Part::Amount(_) => {
            format!("{} der Rechnung {invoice}", firm.locale.money(said.dispute.amount))
        }
    };
    let agreed = matches!(said.dispute.outcome, Outcome::Upheld(_));
    let did = if agreed { "gibt Ihnen recht" } else { "sieht es anders" };
    let next = match agreed {
        true => "Wir bringen es in Ordnung und sagen Ihnen, was gegebenenfalls noch zu zahlen ist.".to_owned(),
        false => {
            format!("Der beanstandete Betrag bleibt damit zu zahlen. Falls Sie es anders sehen, {}.", tell_us(firm))
        }
    };
    let says = [
        format!("Sie haben {of} beanstandet. {who} hat das am {when} beantwortet und {did}."),
        written(said.dispute).map_or_else(|| "Danke für Ihren Hinweis.".to_owned(), |x| format!("Die Antwort: {x}")),
        next,
    ];
    let subject = if agreed { "Sie haben recht" } else { "Unsere Antwort" };
    notice(firm, to_name, format!("{subject}: Ihre Beanstandung der Rechnung {invoice}"), says)
}

/// What the firm wrote, if anything.
fn written(dispute: &Dispute) -> Option<String> {
    dispute.answer.as_ref().map(|x| flat(&x.words)).filter(|x| !x.is_empty())
}

#[cfg(test)]
pub(super) fn all(firm: &Firm, typed: &str, happened: &Happened) -> [Text; 6] {
    use crate::domain::dispute::Answer;
    use crate::domain::ids::StaffId;
    let words = typed.to_owned();
    let open = Dispute { words: words.clone(), ..Dispute::of_test() };
    let said = Said { client: typed, invoice: "A-1", lines: typed, dispute: &open, whole: false };
    let [raised, changed, withdrawn, passed] =
        [raised, changed, withdrawn, passed].map(|write| write(firm, typed, happened, said));
    let day = open.made;
    let [upheld, rejected] = [Outcome::Upheld(day), Outcome::Rejected(day)].map(|outcome| {
        let answer = Some(Answer { by: StaffId(1), words: words.clone() });
        let dispute = Dispute { outcome, answer, ..open.clone() };
        answered(firm, typed, happened, Said { dispute: &dispute, ..said })
    });
    [raised, changed, withdrawn, passed, upheld, rejected]
}
