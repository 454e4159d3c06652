//! The letter that reminds of several invoices at once, in English and German: each with its state and a link of its
//! own, and one for all of them. The tone is that of the most pressing.
//!
//! Knows no more of how it goes than [`super::letters`] does.

use jiff::Span;
use jiff::civil::Date;

use super::letter_html::Part;
use super::letter_words::{Text, compose, days_late, flat, tell_us};
use super::letters::{FINAL_DAYS, Subject};
use super::letters_own::{common, own_words};
use crate::domain::invoice::days_between;
use crate::domain::language::Language;
use crate::domain::letter::link_slot;
use crate::domain::money::Money;
use crate::domain::reminder::Tone;
use crate::domain::text::capital;
use crate::domain::wording::{LetterKind, Variable, Words};

/// An invoice of the letter.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// The invoice, its reader and its firm.
    pub about: Subject<'a>,
    /// How its own reminder would speak.
    pub tone: Tone,
    /// What was promised of it last, and did not come.
    pub broken: Option<Promised>,
}

/// A promise to pay that the letter names.
#[derive(Clone, Debug)]
pub struct Promised {
    /// The number of the invoice.
    pub number: String,
    /// Whether that is a late payment note.
    pub is_late_note: bool,
    /// How much.
    pub amount: Money,
    /// By which day.
    pub day: Date,
}

/// Another invoice of the client that is disputed whole, and not asked for.
#[derive(Clone, Debug)]
pub struct InDispute {
    /// Its number.
    pub number: String,
    /// Since which day.
    pub since: Date,
}

impl Entry<'_> {
    fn late(&self) -> i32 {
        days_between(self.about.due, self.about.today)
    }
}

/// What a language says about all of them.
struct Whole {
    /// Of how many invoices.
    count: usize,
    /// What is asked for in all, one amount a currency.
    sum: String,
    /// The part of it that is overdue.
    late: String,
    /// The tone of the most pressing.
    tone: Tone,
    /// Whether all of them are overdue.
    all_late: bool,
    /// How many are overdue.
    late_count: usize,
}

/// Which letter it is: that of the most pressing. `None` without any.
pub fn kind(entries: &[Entry<'_>]) -> Option<LetterKind> {
    entries.iter().map(|x| x.tone.on(x.about.today, x.about.due)).max().map(LetterKind::Several)
}

/// Reminds of several invoices, two at least: in the order given; in the firm's `own` words where it has any. Open ones
/// that are `promised` or `disputed` are named, and not asked for.
pub fn digest(
    entries: &[Entry<'_>],
    promised: &[Promised],
    disputed: &[InDispute],
    own: Option<&Words>,
) -> Option<Text> {
    let first = &entries.first()?.about;
    let firm = first.firm;
    let late: Vec<&Entry<'_>> = entries.iter().filter(|x| x.late() > 0).collect();
    let whole = Whole {
        count: entries.len(),
        sum: amounts(first, entries.iter()),
        late: amounts(first, late.iter().copied()),
        tone: entries.iter().map(|x| x.tone.on(x.about.today, x.about.due)).max()?,
        all_late: late.len() == entries.len(),
        late_count: late.len(),
    };
    let german = match firm.locale.language() {
        Language::English => false,
        Language::German => true,
    };
    let (subject, says, more) = match own.and_then(|own| in_own_words(first, &whole, own)) {
        Some(own) => own,
        None if german => in_german(first, &whole),
        None => in_english(first, &whole),
    };
    let (see, all) =
        if german { ("Ansehen", "Alle ansehen und bezahlen") } else { ("See it", "See all of them and pay") };
    let mut parts: Vec<Part> = copied(first, german).into_iter().chain(says).map(Part::Says).collect();
    for (n, entry) in entries.iter().enumerate() {
        parts.push(Part::Item { says: line(entry), words: see, slot: link_slot(n) });
    }
    parts.extend(promised.iter().map(|x| Part::Says(promised_line(first, x, german))));
    parts.extend(disputed.iter().map(|x| Part::Says(disputed_line(first, x, german))));
    parts.push(Part::Button(all));
    parts.extend(more.into_iter().map(Part::Says));
    Some(compose(firm, first.to_name, first.from_person, subject, parts))
}

/// What is asked for, summed by currency: "€1,200.00 and £80.00".
fn amounts<'e, 's: 'e>(of: &Subject<'_>, entries: impl Iterator<Item = &'e Entry<'s>>) -> String {
    let mut sums: Vec<Money> = Vec::new();
    for asked in entries.map(|x| x.about.asked) {
        match sums.iter_mut().find(|sum| sum.currency == asked.currency) {
            Some(sum) => sum.minor = sum.minor.saturating_add(asked.minor),
            None => sums.push(asked),
        }
    }
    sums.into_iter().map(|sum| of.money(sum)).collect::<Vec<_>>().join(" + ")
}

/// "HF-2026-0007 is not asked for here: you promised €2,010.43 by 28 November 2026."
fn promised_line(s: &Subject<'_>, x: &Promised, german: bool) -> String {
    let (number, amount, day) = (flat(&x.number), s.money(x.amount), s.firm.locale.date_long(x.day));
    if german {
        let what = if x.is_late_note { "Verzugsrechnung" } else { "Rechnung" };
        format!("An die {what} {number} erinnern wir hier nicht: Sie haben {amount} bis zum {day} zugesagt.")
    } else {
        let what = if x.is_late_note { "Late payment note" } else { "Invoice" };
        format!("{what} {number} is not part of this reminder: you promised {amount} by {day}.")
    }
}

/// "Invoice HF-2026-0007 is not part of this reminder: it has been disputed since 12 November 2026."
fn disputed_line(s: &Subject<'_>, x: &InDispute, german: bool) -> String {
    let (number, since) = (flat(&x.number), s.firm.locale.date_long(x.since));
    if german {
        format!("An die Rechnung {number} erinnern wir hier nicht: Sie haben sie am {since} beanstandet.")
    } else {
        format!("Invoice {number} is not part of this reminder: it has been disputed since {since}.")
    }
}

/// " €20.00 of it has been disputed since 12 November 2026; we do not ask for that part here."; nothing where nothing is.
fn in_dispute(x: &Entry<'_>) -> String {
    x.about.in_dispute().map_or_else(String::new, |words| format!(" {words}"))
}

/// " You promised €80.00 by 27 November 2026."; nothing where no promise was broken.
fn broken(x: &Entry<'_>) -> String {
    let Some(promised) = &x.broken else { return String::new() };
    let (amount, day) = (x.about.money(promised.amount), x.about.firm.locale.date_long(promised.day));
    match x.about.firm.locale.language() {
        Language::English => format!(" You promised {amount} by {day}."),
        Language::German => format!(" Sie hatten {amount} bis zum {day} zugesagt."),
    }
}

fn copied(s: &Subject<'_>, german: bool) -> Option<String> {
    let client = flat(s.copy_of?);
    Some(if german {
        format!("Das ist Ihre Kopie einer E-Mail an {client}. Die Verweise führen zu den Rechnungen in Counterfoil.")
    } else {
        format!("This is your copy of a letter to {client}. The links lead to the invoices on the desk.")
    })
}

fn in_english(s: &Subject<'_>, x: &Whole) -> (String, Vec<String>, Vec<String>) {
    let Whole { count, sum, late, late_count, .. } = x;
    let open = format!("These {count} invoices are open, {sum} in all");
    let of_which =
        if x.all_late { ", and all of them are overdue".to_owned() } else { format!(", of which {late} is overdue") };
    let overdue = match late_count {
        _ if x.all_late => format!("{count} invoices overdue: {sum}"),
        n => format!("{count} invoices open, {n} of them overdue: {sum}"),
    };
    let unclear = format!("If anything about them is unclear or wrong, {}.", tell_us(s.firm));
    match x.tone {
        Tone::Upcoming => (
            format!("Due soon: {count} invoices, {sum}"),
            vec![format!(
                "These {count} invoices are due soon, {sum} in all. If they’re already planned, there’s nothing to do."
            )],
            vec![unclear],
        ),
        Tone::DueToday => (
            format!("Due today or soon: {count} invoices, {sum}"),
            vec![format!("These {count} invoices are due today or soon, {sum} in all. If it’s on its way, thank you.")],
            vec!["Need a few more days? Reply with the day you’ll pay.".to_owned(), unclear],
        ),
        Tone::Overdue => (
            overdue,
            vec![format!("{open}{of_which}. Please pay what is overdue now, or reply with the day you’ll pay.")],
            vec!["If you’ve paid in the last few days, thank you; there’s nothing more to do.".to_owned(), unclear],
        ),
        Tone::Firm => (
            overdue,
            vec![
                format!("{open}{of_which}. We would like to settle this with you."),
                "Please pay what is overdue this week, or reply with a day we can count on.".to_owned(),
            ],
            vec!["If your payment is on its way, tell us when it left and we’ll look for it.".to_owned(), unclear],
        ),
        Tone::Final => (
            format!("Final notice: {overdue}"),
            vec![
                format!("{open}{of_which}. For those marked so below, this is our final notice."),
                format!(
                    "Please pay these by {}. After that we may add the interest and costs that the law allows.",
                    by(s)
                ),
            ],
            vec![format!(
                "If you can’t pay it all now, or something’s wrong, talk to us before then: {}.",
                tell_us(s.firm)
            )],
        ),
    }
}

/// In the firm's own words; `None` where these can't be true: they speak of what is overdue, and nothing is.
fn in_own_words(s: &Subject<'_>, x: &Whole, own: &Words) -> Option<(String, Vec<String>, Vec<String>)> {
    if x.tone >= Tone::Overdue && x.late_count == 0 {
        return None;
    }
    let value = |variable| match variable {
        Variable::Count => x.count.to_string(),
        Variable::Amount => x.sum.clone(),
        Variable::AmountOverdue => x.late.clone(),
        other => common(s, other),
    };
    own_words(LetterKind::Several(x.tone), own, value)
}

/// What a letter says of one invoice by itself, whatever the firm's words are.
pub(super) fn line(entry: &Entry<'_>) -> String {
    match entry.about.firm.locale.language() {
        Language::English => english_line(entry),
        Language::German => german_line(entry),
    }
}

fn english_line(x: &Entry<'_>) -> String {
    let s = &x.about;
    let amount = match (s.money(s.open), s.money(s.asked)) {
        (_, asked) if s.asked != s.open => format!("instalment of {asked}, {} open in all", s.money(s.whole_open())),
        (open, _) if s.disputed.is_some() => format!("{open} to pay of {}", s.money(s.whole_open())),
        (open, _) if s.has_part_paid() => format!("{open} open of {}", s.money(s.invoice.payable())),
        (open, _) => open,
    };
    let state = match x.late() {
        ..=-1 => format!("due on {}", s.due()),
        0 => "due today".to_owned(),
        late => format!("due on {}, {}", s.due(), days_late(s.firm, late)),
    };
    let last = if x.late() > 0 && x.tone == Tone::Final { ": final notice" } else { "" };
    format!("{}{}: {amount}, {state}{last}.{}{}", capital(&s.number()), s.about(), in_dispute(x), broken(x))
}

/// The last day that a final notice leaves.
pub(super) fn by(s: &Subject<'_>) -> String {
    s.firm.locale.date_weekday(s.today.saturating_add(Span::new().days(FINAL_DAYS)), s.today)
}

fn in_german(s: &Subject<'_>, x: &Whole) -> (String, Vec<String>, Vec<String>) {
    let Whole { count, sum, late, late_count, .. } = x;
    let open = format!("diese {count} Rechnungen sind offen, zusammen {sum}");
    let of_which =
        if x.all_late { "; alle sind überfällig".to_owned() } else { format!("; davon sind {late} überfällig") };
    let overdue = match late_count {
        _ if x.all_late => format!("{count} Rechnungen überfällig: {sum}"),
        n => format!("{count} Rechnungen offen, davon {n} überfällig: {sum}"),
    };
    let unclear = format!("Falls daran etwas unklar oder nicht richtig ist, {}.", tell_us(s.firm));
    match x.tone {
        Tone::Upcoming => (
            format!("Demnächst fällig: {count} Rechnungen, {sum}"),
            vec![format!(
                "diese {count} Rechnungen sind demnächst fällig, zusammen {sum}. Falls die Zahlungen schon veranlasst \
                 sind, brauchen Sie nichts weiter zu tun."
            )],
            vec![unclear],
        ),
        Tone::DueToday => (
            format!("Heute oder demnächst fällig: {count} Rechnungen, {sum}"),
            vec![format!(
                "diese {count} Rechnungen sind heute oder demnächst fällig, zusammen {sum}. Falls Ihre Zahlung schon \
                 unterwegs ist: vielen Dank."
            )],
            vec![
                "Brauchen Sie ein paar Tage mehr? Antworten Sie bitte mit dem Tag, an dem Sie zahlen werden.".to_owned(),
                unclear,
            ],
        ),
        Tone::Overdue => (
            overdue,
            vec![format!(
                "{open}{of_which}. Bitte zahlen Sie jetzt, was überfällig ist, oder antworten Sie mit dem Tag, an dem Sie \
                 zahlen werden."
            )],
            vec![
                "Falls Sie in den letzten Tagen gezahlt haben: vielen Dank, dann ist nichts weiter zu tun.".to_owned(),
                unclear,
            ],
        ),
        Tone::Firm => (
            overdue,
            vec![
                format!("{open}{of_which}. Wir möchten das gern mit Ihnen zum Abschluss bringen."),
                "Bitte zahlen Sie noch in dieser Woche, was überfällig ist, oder nennen Sie uns einen Tag, auf den wir uns \
                 verlassen können."
                    .to_owned(),
            ],
            vec![
                "Falls Ihre Zahlung unterwegs ist, sagen Sie uns bitte, wann sie abging; dann suchen wir danach.".to_owned(),
                unclear,
            ],
        ),
        Tone::Final => (
            format!("Letzte Mahnung: {overdue}"),
            vec![
                format!("{open}{of_which}. Für die unten so bezeichneten ist dies unsere letzte Mahnung."),
                format!(
                    "Bitte zahlen Sie diese bis {}. Danach können die gesetzlichen Zinsen und Kosten hinzukommen.",
                    by_in_german(s)
                ),
            ],
            vec![format!(
                "Falls Sie nicht alles zahlen können oder etwas nicht stimmt, sprechen Sie bitte vorher mit uns: {}.",
                tell_us(s.firm)
            )],
        ),
    }
}

fn german_line(x: &Entry<'_>) -> String {
    let s = &x.about;
    let amount = match (s.money(s.open), s.money(s.asked)) {
        (_, asked) if s.asked != s.open => format!("Rate von {asked}, insgesamt {} offen", s.money(s.whole_open())),
        (open, _) if s.disputed.is_some() => format!("{open} zu zahlen von {}", s.money(s.whole_open())),
        (open, _) if s.has_part_paid() => format!("{open} offen von {}", s.money(s.invoice.payable())),
        (open, _) => open,
    };
    let state = match x.late() {
        ..=-1 => format!("fällig am {}", s.due()),
        0 => "heute fällig".to_owned(),
        late => format!("fällig am {}, {}", s.due(), days_late(s.firm, late)),
    };
    let last = if x.late() > 0 && x.tone == Tone::Final { ": letzte Mahnung" } else { "" };
    let number = super::letters_german::number(s);
    format!("{number}{}: {amount}, {state}{last}.{}{}", s.about(), in_dispute(x), broken(x))
}

pub(super) fn by_in_german(s: &Subject<'_>) -> String {
    let (locale, last) = (s.firm.locale, s.today.saturating_add(Span::new().days(FINAL_DAYS)));
    format!("{}, den {}", locale.weekday(last), locale.date_medium(last, s.today))
}
