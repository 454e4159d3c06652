//! The texts of letters, in English: one pure function each, which hands over to its counterpart in the reader's
//! language (`letters_german`).
//!
//! Knows what is said and to whom; must not know when, how often or by which server a letter goes. Link and code stay
//! slots ([`LINK_SLOT`](crate::domain::letter::LINK_SLOT), [`CODE_SLOT`](crate::domain::letter::CODE_SLOT)) until the
//! letter is sent. The voice: first name, fact, one action, a way to disagree, a person's name.

use jiff::{Span, civil::Date};

use super::letter_html::Part;
pub use super::letter_words::{Text, copy, noting_files, offering_stop};
use super::letter_words::{about, compose, days_late, flat};
use super::letters_digest::{Also, also_open};
use super::letters_german as german;
use crate::domain::firm::Firm;
use crate::domain::invoice::{Invoice, days_between};
use crate::domain::language::Language;
use crate::domain::money::Money;
use crate::domain::quote::{Answer, Quote};
use crate::domain::reminder::Tone;
use crate::domain::sentence::balances;
use crate::domain::text::capital;

/// Days that a final notice leaves.
pub(super) const FINAL_DAYS: i64 = 7;

/// Leaves for the same letter in the language that the firm is speaking, where that is not English. A new language does
/// not compile before it has every letter.
macro_rules! elsewhere {
    ($firm:expr, $letter:ident($($what:expr),*)) => {
        match $firm.locale.language() {
            Language::English => {}
            Language::German => return german::$letter($($what),*),
        }
    };
}

/// The part of an invoice that is disputed, and not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disputed {
    /// How much.
    pub amount: Money,
    /// Since which civil day.
    pub since: Date,
}

/// What a letter about an invoice or credit note is about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Who writes.
    pub firm: &'a Firm,
    /// Full name of the reader, who is greeted by the first.
    pub to_name: &'a str,
    /// The document, issued.
    pub invoice: &'a Invoice,
    /// What of it is open today and not disputed.
    pub open: Money,
    /// What of it is disputed beside that.
    pub disputed: Option<Disputed>,
    /// What of that is asked for now: of instalments those that are due, or else the next one.
    pub asked: Money,
    /// By when that is due.
    pub due: Date,
    /// The civil day on which the letter goes.
    pub today: Date,
    /// Who signs: the firm's correspondent, or the firm.
    pub from_person: &'a str,
    /// What else is open, of which a reminder tells.
    pub also: Option<&'a Also>,
}

/// A document was issued, or a PDF published. One link.
pub fn issued(s: &Subject) -> Text {
    elsewhere!(s.firm, issued(s));
    let (amount, number) = (s.money(s.invoice.payable()), s.number());
    if s.open.minor <= 0 {
        let says = [format!("Here is our {number}{}. There is nothing to pay.", s.about())];
        return s.letter(format!("{}: nothing to pay", capital(&number)), says, s.see(), [s.unclear()]);
    }
    if s.asked != s.open {
        let first = format!("The next instalment is {}, due {}.", s.money(s.asked), s.due());
        let says = [format!("Here is our {number}{}: {amount}, payable in instalments. {first}", s.about())];
        let subject = format!("{}: {}, due {}", capital(&number), s.money(s.asked), s.due());
        return s.letter(subject, says, s.pay(), [s.unclear()]);
    }
    let mut says = vec![format!("Here is our {number}{}: {amount}, due {}.", s.about(), s.due())];
    says.extend(s.part_paid());
    s.letter(format!("{}: {amount}, due {}", capital(&number), s.due()), says, s.pay(), [s.unclear()])
}

/// What a credit note takes back.
#[derive(Clone, Copy, Debug)]
pub struct Credits<'a> {
    /// Its number; may be empty.
    pub number: &'a str,
    /// Whether it charges late payment.
    pub is_late_note: bool,
}

/// A credit note was issued. One link.
pub fn credit_note(s: &Subject, of: Credits<'_>) -> Text {
    elsewhere!(s.firm, credit_note(s, of));
    let amount = s.money(s.invoice.payable());
    let number = s.number().replacen("invoice", "credit note", 1);
    let what = if of.is_late_note { "late payment note" } else { "invoice" };
    let of = if flat(of.number).is_empty() { String::new() } else { format!(" on {what} {}", flat(of.number)) };
    let says = [
        format!("Here is our {number}{}: {amount}{of}.", s.about()),
        "There is nothing to pay: the amount counts against what you owe.".to_owned(),
    ];
    s.letter(format!("{}: {amount} credited", capital(&number)), says, "See the credit note", [s.unclear()])
}

/// An open invoice, before, on or after its due date. One link. The words are true on `today`, whatever `tone` was
/// planned.
pub fn reminder(s: &Subject, tone: Tone) -> Text {
    elsewhere!(s.firm, reminder(s, tone));
    match (days_between(s.due, s.today), tone) {
        (..=-1, _) => upcoming(s),
        (0, _) => due_today(s),
        (late, Tone::Firm) => firm_reminder(s, late),
        (late, Tone::Final) => final_notice(s, late),
        (late, _) => overdue(s, late),
    }
}

fn upcoming(s: &Subject) -> Text {
    let mut says = vec![format!("{}{} is due on {}.", capital(&s.number()), s.about(), s.due()), s.amount_sentence()];
    says.push("If it’s already planned, there’s nothing to do.".to_owned());
    let says = [says.join(" ")];
    s.letter(format!("Due {}: {}", s.due_in_words(), s.sum()), says, s.pay(), [s.unclear()])
}

fn due_today(s: &Subject) -> Text {
    let says = [
        format!("{}{} is due today. {}", capital(&s.number()), s.about(), s.amount_sentence()),
        "If it’s on its way, thank you.".to_owned(),
    ];
    let more = ["Need a few more days? Reply with the day you’ll pay.".to_owned(), s.unclear()];
    let title = flat(&s.invoice.title);
    let dot = if title.is_empty() { String::new() } else { format!(", {title}") };
    s.letter(format!("Due today: {}{dot}", s.sum()), says, s.pay(), more)
}

fn overdue(s: &Subject, late: i32) -> Text {
    let says = [
        format!("We haven’t received {}, due {}, for {}{}.", s.rest(), s.due(), s.number(), s.about()),
        format!("Please pay now, or reply with the day you’ll pay. If something’s wrong with it, {}.", s.tell_us()),
    ];
    let paid = "If you’ve paid in the last few days, thank you; there’s nothing more to do.".to_owned();
    s.letter(format!("{}: {}", days_late(s.firm, late), s.sum()), says, s.pay(), [paid])
}

fn firm_reminder(s: &Subject, late: i32) -> Text {
    let (number, about, due, rest) = (capital(&s.number()), s.about(), s.due(), s.rest());
    let says = [
        format!("{number}{about} was due on {due}, and {rest} is still open. We would like to settle this with you."),
        format!("Please pay this week, or reply with a day we can count on. If something’s wrong, {}.", s.tell_us()),
    ];
    let paid = "If your payment is on its way, tell us when it left and we’ll look for it.".to_owned();
    s.letter(format!("{}: {} still open", days_late(s.firm, late), s.sum()), says, s.pay(), [paid])
}

fn final_notice(s: &Subject, late: i32) -> Text {
    let (number, about, due, rest) = (capital(&s.number()), s.about(), s.due(), capital(&s.rest()));
    let by = s.firm.locale.date_weekday(s.today.saturating_add(Span::new().days(FINAL_DAYS)), s.today);
    let says = [
        format!("{number}{about} was due on {due}. {rest} is still open, and this is our final notice."),
        format!("Please pay by {by}. After that we may add the interest and costs that the law allows."),
    ];
    let way = format!("If you can’t pay it all now, or something’s wrong, talk to us before then: {}.", s.tell_us());
    s.letter(format!("Final notice: {}, {}", s.sum(), days_late(s.firm, late)), says, s.pay(), [way])
}

/// Somebody asked to sign in: one link and one six-digit code, good for 15 minutes.
pub fn sign_in(firm: &Firm, to_name: &str) -> Text {
    elsewhere!(firm, sign_in(firm, to_name));
    let name = flat(&firm.party.name);
    let parts = vec![
        Part::Says(format!("Here is your link to sign in to {name}. It works once, for 15 minutes.")),
        Part::Button("Sign in"),
        Part::Says("Or type this code where you asked for it:".to_owned()),
        Part::Code,
        Part::Says("If you didn’t ask for this, ignore it.".to_owned()),
    ];
    compose(firm, to_name, &firm.correspondent, format!("Sign in to {name}"), parts)
}

/// One link to set a password, for somebody who was `invited` or who asked for a new one.
pub fn set_password(firm: &Firm, to_name: &str, invited: bool) -> Text {
    elsewhere!(firm, set_password(firm, to_name, invited));
    let name = flat(&firm.party.name);
    let (subject, says, ignore) = if invited {
        (
            format!("{name} has set up your access"),
            format!(
                "{name} keeps your documents in one place: what was sent, what is open and what was paid. \
                     Choose a password, and you can look whenever you like."
            ),
            "If you don’t expect this, ignore it, or reply and ask.",
        )
    } else {
        (
            format!("Choose a new password for {name}"),
            format!("Here is your link to choose a new password for {name}. It works once."),
            "If you didn’t ask for this, ignore it: your password stays as it is.",
        )
    };
    let parts = vec![Part::Says(says), Part::Button("Choose a password"), Part::Says(ignore.to_owned())];
    compose(firm, to_name, &firm.correspondent, subject, parts)
}

/// A quote was sent, or a new version of one. One link.
pub fn quote_sent(firm: &Firm, to_name: &str, quote: &Quote, today: Date) -> Text {
    elsewhere!(firm, quote_sent(firm, to_name, quote, today));
    let (locale, offer) = (firm.locale, &quote.current);
    let (amount, until) = (locale.money(offer.totals.payable()), locale.date_medium(offer.valid_until, today));
    let (number, title) = (flat(quote.number.as_str()), about(firm, &offer.title));
    let (mut parts, subject) = match quote.latest() {
        1 => {
            let says = format!("Here is our quote {number}{title}: {amount}. It stands until the end of {until}.");
            (vec![Part::Says(says)], format!("Quote {number}: {amount}, valid until {until}"))
        }
        version => {
            let before = version.saturating_sub(1);
            let says = format!(
                "Here is version {version} of our quote {number}{title}: {amount}. It stands until the end of {until} \
                 and takes the place of version {before}."
            );
            let parts = vec![Part::Says(says), Part::Says(format!("What is new: {}", flat(&offer.news)))];
            (parts, format!("Quote {number}, version {version}: {amount}, valid until {until}"))
        }
    };
    let all = offer.totals_with_all().map(|x| locale.money(x.payable()));
    parts.extend(all.map(|all| match offer.options.len() {
        1 => Part::Says(format!("It has an option that you can add there; with it the total is {all}.")),
        some => Part::Says(format!("You can choose among {some} options there; with all of them the total is {all}.")),
    }));
    parts.push(Part::Button("See the quote"));
    parts.push(Part::Says(
        "You can accept or decline it there. To change something first, reply to this e-mail.".to_owned(),
    ));
    compose(firm, to_name, &firm.correspondent, subject, parts)
}

/// The statement of a month was published; `replaced` when there was another before. One link.
pub fn statement(firm: &Firm, to_name: &str, month: Date, closing: &[Money], replaced: bool) -> Text {
    elsewhere!(firm, statement(firm, to_name, month, closing, replaced));
    let (words, owed) = (firm.locale.month_and_year(month), balances(closing, firm.locale));
    let last = firm.locale.date_medium(month.last_of_month(), month);
    let mut parts = vec![Part::Says(format!("Here is your statement of {words}. On {last}: {owed}."))];
    if replaced {
        let before = "It takes the place of the one that we published before: more was recorded for that month since.";
        parts.push(Part::Says(before.to_owned()));
    }
    parts.push(Part::Button("See the statement"));
    parts.push(Part::Says(format!("If anything on it is unclear or wrong, {}.", super::letter_words::tell_us(firm))));
    let from = if firm.correspondent.is_empty() { &firm.party.name } else { &firm.correspondent };
    compose(firm, to_name, from, format!("Statement of {words}: {owed}"), parts)
}

/// A client's contact answered a quote: for the firm's own people. One link, to the desk.
pub fn quote_answered(firm: &Firm, to_name: &str, quote: &Quote, by: &str, client: &str) -> Text {
    let (offer, mut number) = (&quote.current, flat(quote.number.as_str()));
    let mut total = offer.totals.payable();
    let (did, more) = match &offer.answer {
        Answer::Open => return quote_sent(firm, to_name, quote, offer.issued),
        Answer::Accepted(_, choice) => {
            total = choice.total;
            let chosen: Vec<String> = choice.options.iter().map(|x| flat(offer.option_name(*x))).collect();
            let chose = format!("With the options chosen: {}.", chosen.join("; "));
            ("accepted", (!chosen.is_empty()).then_some(chose))
        }
        Answer::Declined(_, reason) => ("declined", Some(format!("The reason: “{}”", flat(reason)))),
    };
    if quote.latest() > 1 {
        number.push_str(&format!(", version {}", quote.latest()));
    }
    let (by, title, amount) = (flat(by), about(firm, &offer.title), firm.locale.money(total));
    let mut parts = vec![Part::Says(format!("{by} of {} {did} our quote {number}{title}: {amount}.", flat(client)))];
    parts.extend(more.map(Part::Says));
    parts.push(Part::Button("See the quote"));
    parts.push(Part::Says("Who answered, when, from where and to which PDF stands there too.".to_owned()));
    compose(firm, to_name, &firm.party.name, format!("Quote {number} {did} by {by}: {amount}"), parts)
}

/// A document as the letter about it names it.
#[derive(Clone, Debug)]
pub struct Posted<'a> {
    /// What it is.
    pub title: &'a str,
    /// The project that it is filed under.
    pub project: Option<String>,
    /// Its current version.
    pub version: u32,
}

/// Most documents that one letter names; the others are counted.
pub(super) const NAMED_MAX: usize = 10;

/// Documents were posted, newest first; at least one. One link.
pub fn posted(firm: &Firm, to_name: &str, documents: &[Posted<'_>]) -> Text {
    elsewhere!(firm, posted(firm, to_name, documents));
    let name = |d: &Posted<'_>| {
        let version = if d.version > 1 { format!(", version {}", d.version) } else { String::new() };
        let project = d.project.as_deref().map_or_else(String::new, |p| format!(", for {}", flat(p)));
        format!("“{}”{version}{project}", flat(d.title))
    };
    let (subject, mut says, action) = match documents {
        [one] => {
            let what = if one.version > 1 { "a new version of a document" } else { "a document" };
            (
                format!("New: {}", flat(one.title)),
                vec![format!("We posted {what} for you: {}.", name(one))],
                "See the document",
            )
        }
        many => {
            let count = many.len();
            let mut says = vec![format!("We posted {count} documents for you:")];
            says.extend(many.iter().take(NAMED_MAX).map(name));
            (format!("New: {count} documents"), says, "See the documents")
        }
    };
    if documents.len() > NAMED_MAX {
        says.push(format!("and {} more.", documents.len() - NAMED_MAX));
    }
    let mut parts: Vec<Part> = says.into_iter().map(Part::Says).collect();
    parts.push(Part::Button(action));
    parts.push(Part::Says("If anything in there is unclear, reply to this e-mail.".to_owned()));
    let from = if firm.correspondent.is_empty() { &firm.party.name } else { &firm.correspondent };
    compose(firm, to_name, from, subject, parts)
}

impl Subject<'_> {
    pub(super) fn letter(
        &self,
        subject: String,
        says: impl IntoIterator<Item = String>,
        action: &'static str,
        more: impl IntoIterator<Item = String>,
    ) -> Text {
        let says = says.into_iter().chain(self.in_dispute());
        let mut parts: Vec<Part> = says.map(Part::Says).collect();
        parts.push(Part::Button(action));
        parts.extend(more.into_iter().map(Part::Says));
        parts.extend(self.also_open());
        compose(self.firm, self.to_name, self.from_person, subject, parts)
    }

    /// What else is open, at the end of a letter about one invoice, and the way to all of it.
    pub(super) fn also_open(&self) -> Vec<Part> {
        let Some(also) = self.also.filter(|x| !x.lines.is_empty()) else { return Vec::new() };
        let all = match self.firm.locale.language() {
            Language::English => "See all open invoices and pay",
            Language::German => "Alle offenen Rechnungen ansehen und bezahlen",
        };
        let mut parts = also_open(self.firm, also, 0);
        parts.push(Part::All(all));
        parts
    }

    pub(super) fn money(&self, money: Money) -> String {
        self.firm.locale.money(money)
    }

    pub(super) fn has_part_paid(&self) -> bool {
        self.whole_open().minor < self.invoice.payable().minor
    }

    /// What is open, disputed or not.
    pub(super) fn whole_open(&self) -> Money {
        let disputed = self.disputed.map_or(0, |x| x.amount.minor);
        Money::new(self.open.minor.saturating_add(disputed), self.open.currency)
    }

    /// "€20.00 of it has been disputed since 12 November 2026; we do not ask for that part here."
    pub(super) fn in_dispute(&self) -> Option<String> {
        let disputed = self.disputed?;
        let (amount, since) = (self.money(disputed.amount), self.firm.locale.date_long(disputed.since));
        Some(match self.firm.locale.language() {
            Language::English => {
                format!("{amount} of it has been disputed since {since}; we do not ask for that part here.")
            }
            Language::German => {
                format!("{amount} davon haben Sie am {since} beanstandet; diesen Teil mahnen wir hier nicht an.")
            }
        })
    }

    /// What is asked for: "€4,136.30", "the remaining €2,029.50", "the undisputed €80.00", or "the instalment of
    /// €1,000.00".
    fn sum(&self) -> String {
        let open = self.money(self.open);
        if self.asked != self.open {
            return format!("the instalment of {}", self.money(self.asked));
        }
        match self.disputed {
            Some(_) => format!("the undisputed {open}"),
            None if self.has_part_paid() => format!("the remaining {open}"),
            None => open,
        }
    }

    /// As [`Subject::sum`], and of how much: for the late letters' one sentence.
    fn rest(&self) -> String {
        if self.has_part_paid() && self.asked == self.open && self.disputed.is_none() {
            format!("{} of {}", self.sum(), self.money(self.invoice.payable()))
        } else {
            self.sum()
        }
    }

    fn amount_sentence(&self) -> String {
        if self.asked != self.open {
            let (asked, open) = (self.money(self.asked), self.money(self.whole_open()));
            return format!("The instalment is {asked}; {open} is open in all.");
        }
        if self.disputed.is_some() {
            let (open, whole) = (self.money(self.open), self.money(self.whole_open()));
            return format!("Of the {whole} that are open, {open} is not disputed.");
        }
        self.part_paid().unwrap_or_else(|| format!("The amount is {}.", self.money(self.open)))
    }

    /// What is left of a part-paid invoice.
    fn part_paid(&self) -> Option<String> {
        let (open, whole) = (self.money(self.open), self.money(self.invoice.payable()));
        self.has_part_paid().then(|| format!("Of {whole}, {open} is left to pay."))
    }

    /// "invoice HF-2025-0412", "late payment note HF-2025-0413".
    pub(super) fn number(&self) -> String {
        let number = self.invoice.number().map(|x| flat(x.as_str())).unwrap_or_default();
        let what = if self.is_late_note() { "late payment note" } else { "invoice" };
        format!("{what} {number}").trim().to_owned()
    }

    /// Whether it charges late payment of another document.
    pub(super) fn is_late_note(&self) -> bool {
        self.invoice.late.is_some()
    }

    fn see(&self) -> &'static str {
        if self.is_late_note() { "See the late payment note" } else { "See the invoice" }
    }

    pub(super) fn pay(&self) -> &'static str {
        if self.is_late_note() { "See the late payment note and pay" } else { "See the invoice and pay" }
    }

    pub(super) fn about(&self) -> String {
        about(self.firm, &self.invoice.title)
    }

    pub(super) fn due(&self) -> String {
        self.firm.locale.date_medium(self.due, self.today)
    }

    /// "tomorrow", "on Thursday", "next Thursday", "in 12 days".
    fn due_in_words(&self) -> String {
        let written = self.firm.locale.date_weekday(self.due, self.today);
        let weekday: String = written.chars().take_while(|c| c.is_alphabetic()).collect();
        match days_between(self.today, self.due) {
            1 => "tomorrow".to_owned(),
            2..=6 => format!("on {weekday}"),
            7 => format!("next {weekday}"),
            _ => self.due(),
        }
    }

    fn unclear(&self) -> String {
        format!("If anything on it is unclear or wrong, {}.", self.tell_us())
    }

    fn tell_us(&self) -> String {
        super::letter_words::tell_us(self.firm)
    }
}

#[cfg(test)]
#[path = "letters_tests.rs"]
mod tests;
