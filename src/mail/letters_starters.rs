//! The words that a firm's own begin from: what ours say, with variables, in each language.
//!
//! Only what is put into an empty form; the letters themselves stand in [`super::letters`].

use crate::domain::language::Language;
use crate::domain::reminder::Tone;
use crate::domain::wording::{LetterKind, Words};

/// Words close to ours for a letter in a language.
pub fn starter(kind: LetterKind, language: Language) -> Words {
    let (subject, opening, closing) = match language {
        Language::English => english(kind),
        Language::German => german(kind),
    };
    Words { subject: subject.to_owned(), opening: opening.to_owned(), closing: closing.to_owned() }
}

type Three = (&'static str, &'static str, &'static str);

fn english(kind: LetterKind) -> Three {
    const UNCLEAR: &str = "If anything about it is unclear or wrong, reply to this e-mail.";
    const DAYS: &str = "Need a few more days? Reply with the day you’ll pay.\n\nIf anything about it is unclear or wrong, \
                        reply to this e-mail.";
    const PAID: &str = "If you’ve paid in the last few days, thank you; there’s nothing more to do.";
    const LEFT: &str = "If your payment is on its way, tell us when it left and we’ll look for it.";
    const TALK: &str =
        "If you can’t pay it all now, or something’s wrong, talk to us before then: reply to this e-mail.";
    match kind {
        LetterKind::Step(_, tone) => english(LetterKind::Reminder(tone)),
        LetterKind::Issued => ("Invoice {number}: {amount}, due {due date}", "Here is our invoice {number}.", UNCLEAR),
        LetterKind::Reminder(Tone::Upcoming) => (
            "Due {due date}: {amount}",
            "Invoice {number} is due on {due date}. If it’s already planned, there’s nothing to do.",
            UNCLEAR,
        ),
        LetterKind::Reminder(Tone::DueToday) => {
            ("Due today: {amount}", "Invoice {number} is due today. If it’s on its way, thank you.", DAYS)
        }
        LetterKind::Reminder(Tone::Overdue) => (
            "{days overdue} late: {amount}",
            "We haven’t received {amount}, due {due date}, for invoice {number}.\n\nPlease pay now, or reply with the day \
             you’ll pay. If something’s wrong with it, reply to this e-mail.",
            PAID,
        ),
        LetterKind::Reminder(Tone::Firm) => (
            "{days overdue} late: {amount} still open",
            "Invoice {number} was due on {due date}, and {amount} is still open. We would like to settle this with \
             you.\n\nPlease pay this week, or reply with a day we can count on. If something’s wrong, reply to this e-mail.",
            LEFT,
        ),
        LetterKind::Reminder(Tone::Final) => (
            "Final notice: {amount}, {days overdue} late",
            "Invoice {number} was due on {due date}. {amount} is still open, and this is our final notice.\n\nPlease pay \
             by {pay by}. After that we may add the interest and costs that the law allows.",
            TALK,
        ),
        LetterKind::Several(Tone::Upcoming) => (
            "Due soon: {count} invoices, {amount}",
            "These {count} invoices are due soon, {amount} in all. If they’re already planned, there’s nothing to do.",
            UNCLEAR,
        ),
        LetterKind::Several(Tone::DueToday) => (
            "Due today or soon: {count} invoices, {amount}",
            "These {count} invoices are due today or soon, {amount} in all. If it’s on its way, thank you.",
            DAYS,
        ),
        LetterKind::Several(Tone::Overdue) => (
            "{count} invoices open: {amount}",
            "These {count} invoices are open, {amount} in all, of which {amount overdue} is overdue. Please pay what is \
             overdue now, or reply with the day you’ll pay.",
            PAID,
        ),
        LetterKind::Several(Tone::Firm) => (
            "{count} invoices open: {amount}",
            "These {count} invoices are open, {amount} in all, of which {amount overdue} is overdue. We would like to \
             settle this with you.\n\nPlease pay what is overdue this week, or reply with a day we can count on.",
            LEFT,
        ),
        LetterKind::Several(Tone::Final) => (
            "Final notice: {count} invoices open, {amount}",
            "These {count} invoices are open, {amount} in all, of which {amount overdue} is overdue. For those marked so \
             below, this is our final notice.\n\nPlease pay these by {pay by}. After that we may add the interest and \
             costs that the law allows.",
            TALK,
        ),
    }
}

fn german(kind: LetterKind) -> Three {
    const UNCLEAR: &str = "Falls daran etwas unklar oder nicht richtig ist, antworten Sie bitte auf diese E-Mail.";
    const DAYS: &str = "Brauchen Sie ein paar Tage mehr? Antworten Sie bitte mit dem Tag, an dem Sie zahlen \
                        werden.\n\nFalls etwas unklar oder nicht richtig ist, antworten Sie bitte auf diese E-Mail.";
    const PAID: &str = "Falls Sie in den letzten Tagen gezahlt haben: vielen Dank, dann ist nichts weiter zu tun.";
    const LEFT: &str =
        "Falls Ihre Zahlung unterwegs ist, sagen Sie uns bitte, wann sie abging; dann suchen wir danach.";
    const TALK: &str = "Falls Sie nicht alles auf einmal zahlen können oder etwas nicht stimmt, sprechen Sie bitte \
                        vorher mit uns: Antworten Sie auf diese E-Mail.";
    match kind {
        LetterKind::Step(_, tone) => german(LetterKind::Reminder(tone)),
        LetterKind::Issued => (
            "Rechnung {number}: {amount}, fällig am {due date}",
            "unsere Rechnung {number} liegt für Sie bereit.",
            UNCLEAR,
        ),
        LetterKind::Reminder(Tone::Upcoming) => (
            "Fällig am {due date}: {amount}",
            "unsere Rechnung {number} ist am {due date} fällig. Falls die Zahlung schon veranlasst ist, brauchen Sie \
             nichts weiter zu tun.",
            UNCLEAR,
        ),
        LetterKind::Reminder(Tone::DueToday) => (
            "Heute fällig: {amount}",
            "unsere Rechnung {number} ist heute fällig. Falls Ihre Zahlung schon unterwegs ist: vielen Dank.",
            DAYS,
        ),
        LetterKind::Reminder(Tone::Overdue) => (
            "{days overdue} überfällig: {amount}",
            "zu unserer Rechnung {number}, fällig am {due date}, fehlt uns noch Ihre Zahlung: {amount}.\n\nBitte zahlen \
             Sie jetzt, oder antworten Sie mit dem Tag, an dem Sie zahlen werden.",
            PAID,
        ),
        LetterKind::Reminder(Tone::Firm) => (
            "{days overdue} überfällig: {amount} noch offen",
            "unsere Rechnung {number} war am {due date} fällig, und offen ist noch: {amount}. Wir möchten das gern mit \
             Ihnen zum Abschluss bringen.\n\nBitte zahlen Sie noch in dieser Woche, oder nennen Sie uns einen Tag, auf \
             den wir uns verlassen können.",
            LEFT,
        ),
        LetterKind::Reminder(Tone::Final) => (
            "Letzte Mahnung: {amount}, {days overdue} überfällig",
            "unsere Rechnung {number} war am {due date} fällig. Offen ist noch: {amount}. Dies ist unsere letzte \
             Mahnung.\n\nBitte zahlen Sie bis {pay by}. Danach können wir Verzugszinsen und Kosten berechnen, soweit \
             das Gesetz es zulässt.",
            TALK,
        ),
        LetterKind::Several(Tone::Upcoming) => (
            "Demnächst fällig: {count} Rechnungen, {amount}",
            "diese {count} Rechnungen sind demnächst fällig, zusammen {amount}. Falls die Zahlungen schon veranlasst \
             sind, brauchen Sie nichts weiter zu tun.",
            UNCLEAR,
        ),
        LetterKind::Several(Tone::DueToday) => (
            "Heute oder demnächst fällig: {count} Rechnungen, {amount}",
            "diese {count} Rechnungen sind heute oder demnächst fällig, zusammen {amount}. Falls Ihre Zahlung schon \
             unterwegs ist: vielen Dank.",
            DAYS,
        ),
        LetterKind::Several(Tone::Overdue) => (
            "{count} Rechnungen offen: {amount}",
            "diese {count} Rechnungen sind offen, zusammen {amount}; davon sind {amount overdue} überfällig. Bitte \
             zahlen Sie jetzt, was überfällig ist, oder antworten Sie mit dem Tag, an dem Sie zahlen werden.",
            PAID,
        ),
        LetterKind::Several(Tone::Firm) => (
            "{count} Rechnungen offen: {amount}",
            "diese {count} Rechnungen sind offen, zusammen {amount}; davon sind {amount overdue} überfällig. Wir möchten \
             das gern mit Ihnen zum Abschluss bringen.\n\nBitte zahlen Sie noch in dieser Woche, was überfällig ist.",
            LEFT,
        ),
        LetterKind::Several(Tone::Final) => (
            "Letzte Mahnung: {count} Rechnungen offen, {amount}",
            "diese {count} Rechnungen sind offen, zusammen {amount}; davon sind {amount overdue} überfällig. Für die \
             unten so bezeichneten ist dies unsere letzte Mahnung.\n\nBitte zahlen Sie diese bis {pay by}. Danach \
             können die gesetzlichen Zinsen und Kosten hinzukommen.",
            TALK,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_form_begins_with_can_be_kept_as_it_is() {
        for kind in LetterKind::ALL {
            for language in Language::ALL {
                let words = starter(kind, language);
                let read = Words::read(kind, &words.subject, &words.opening, &words.closing);
                assert_eq!(read.as_ref(), Ok(&words), "{kind:?} in {language:?}");
            }
        }
    }
}
