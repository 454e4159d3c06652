//! The letter that reminds of several invoices at once, in English and German: each with its state and a link of its
//! own, and one for all of them. The tone is that of the most pressing.
//!
//! Knows no more of how it goes than [`super::letters`] does.

use jiff::Span;
use jiff::civil::Date;

use super::letter_html::Part;
use super::letter_words::{Text, compose, days_late, tell_us};
use super::letters::{FINAL_DAYS, Subject};
use super::letters_own::{common, own_words};
use crate::domain::firm::Firm;
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

/// What else of the client is open: named beside what the letter asks for, and asked for on another day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Also {
    /// One line of each, the oldest due first; see [`other`].
    pub lines: Vec<String>,
    /// How many more there are.
    pub more: usize,
    /// What is open of those, one amount a currency.
    pub open: Vec<Money>,
    /// Whether there are too many to look at all of them, so that it may be more than that.
    pub unlooked: bool,
}

/// A promise to pay that the letter names.
#[derive(Clone, Debug)]
pub struct Promised {
    /// How much.
    pub amount: Money,
    /// By which day.
    pub day: Date,
}

/// Why another open invoice is not asked for.
#[derive(Clone, Debug)]
pub enum Aside {
    /// A payment of it is promised.
    Promised(Promised),
    /// All that is open of it has been disputed since this day.
    Disputed(Date),
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
    /// Whether all of them are due on this very day.
    all_today: bool,
}

/// Which letter it is: that of the most pressing. `None` without any.
pub fn kind(entries: &[Entry<'_>]) -> Option<LetterKind> {
    entries.iter().map(|x| x.tone.on(x.about.today, x.about.due)).max().map(LetterKind::Several)
}

/// Reminds of several invoices, two at least: in the order given; in the firm's `own` words where it has any. What is
/// `also` open is named, and not asked for.
pub fn digest(entries: &[Entry<'_>], also: &Also, own: Option<&Words>) -> Option<Text> {
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
        all_today: entries.iter().all(|x| x.late() == 0),
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
    let mut parts: Vec<Part> = says.into_iter().map(Part::Says).collect();
    for (n, entry) in entries.iter().enumerate() {
        parts.push(Part::Item { says: line(entry), words: see, slot: link_slot(n) });
    }
    parts.extend(also_open(firm, also, entries.len()));
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
    let or_soon = if x.all_today { "" } else { " or soon" };
    match x.tone {
        Tone::Upcoming => (
            format!("Due soon: {count} invoices, {sum}"),
            vec![format!(
                "These {count} invoices are due soon, {sum} in all. If they’re already planned, there’s nothing to do."
            )],
            vec![unclear],
        ),
        Tone::DueToday => (
            format!("Due today{or_soon}: {count} invoices, {sum}"),
            vec![format!(
                "These {count} invoices are due today{or_soon}, {sum} in all. If it’s on its way, thank you."
            )],
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
        Language::English => english_line(entry, None),
        Language::German => german_line(entry, None),
    }
}

/// What a letter says of an invoice that is also open, of which a payment may be promised or which may be disputed.
pub fn other(entry: &Entry<'_>, aside: Option<&Aside>) -> String {
    match entry.about.firm.locale.language() {
        Language::English => english_line(entry, aside),
        Language::German => german_line(entry, aside),
    }
}

/// What is also open, each with its way; the first link has the place `first`.
pub(super) fn also_open(firm: &Firm, also: &Also, first: usize) -> Vec<Part> {
    if also.lines.is_empty() {
        return Vec::new();
    }
    let (head, words) = match firm.locale.language() {
        Language::English => ("Also open:", "See it"),
        Language::German => ("Außerdem offen:", "Ansehen"),
    };
    let mut parts = vec![Part::Says(head.to_owned())];
    let item = |(n, says): (usize, &String)| Part::Item { says: says.clone(), words, slot: link_slot(first + n) };
    parts.extend(also.lines.iter().enumerate().map(item));
    parts.extend(and_more(firm, also).map(Part::Says));
    parts
}

/// What is open beside the lines, in a sentence.
fn and_more(firm: &Firm, also: &Also) -> Option<String> {
    let sum = also.open.iter().map(|x| firm.locale.money(*x)).collect::<Vec<_>>().join(" + ");
    Some(match (firm.locale.language(), also.more, also.unlooked) {
        (_, 0, false) => return None,
        (Language::English, 0, true) => "There may be more.".to_owned(),
        (Language::English, more, true) => format!("and at least {more} more."),
        (Language::English, more, false) => format!("and {more} more, {sum} in all."),
        (Language::German, 0, true) => "Es können weitere offen sein.".to_owned(),
        (Language::German, more, true) => format!("und mindestens {more} weitere."),
        (Language::German, more, false) => format!("und {more} weitere, zusammen {sum}."),
    })
}

fn english_line(x: &Entry<'_>, aside: Option<&Aside>) -> String {
    let s = &x.about;
    let amount = match (s.money(s.open), s.money(s.asked)) {
        (_, asked) if s.asked != s.open => format!("instalment of {asked}, {} open in all", s.money(s.whole_open())),
        (open, _) if s.disputed.is_some() => format!("{open} to pay of {}", s.money(s.whole_open())),
        (open, _) if s.has_part_paid() => format!("{open} open of {}", s.money(s.invoice.payable())),
        (open, _) => open,
    };
    let day = |x: &Promised| s.firm.locale.date_medium(x.day, s.today);
    let state = match (aside, x.late()) {
        (Some(Aside::Promised(x)), _) if x.amount.minor >= s.open.minor => format!("promised by {}", day(x)),
        (Some(Aside::Promised(x)), _) => format!("of which {} is promised by {}", s.money(x.amount), day(x)),
        (Some(Aside::Disputed(since)), _) => {
            format!("disputed since {}, and not asked for", s.firm.locale.date_medium(*since, s.today))
        }
        (_, ..=-1) => format!("due on {}", s.due()),
        (_, 0) => "due today".to_owned(),
        (_, late) => format!("due on {}, {}", s.due(), days_late(s.firm, late)),
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
    let or_soon = if x.all_today { "" } else { " oder demnächst" };
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
            format!("Heute{or_soon} fällig: {count} Rechnungen, {sum}"),
            vec![format!(
                "diese {count} Rechnungen sind heute{or_soon} fällig, zusammen {sum}. Falls Ihre Zahlung schon \
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

fn german_line(x: &Entry<'_>, aside: Option<&Aside>) -> String {
    let s = &x.about;
    let amount = match (s.money(s.open), s.money(s.asked)) {
        (_, asked) if s.asked != s.open => format!("Rate von {asked}, insgesamt {} offen", s.money(s.whole_open())),
        (open, _) if s.disputed.is_some() => format!("{open} zu zahlen von {}", s.money(s.whole_open())),
        (open, _) if s.has_part_paid() => format!("{open} offen von {}", s.money(s.invoice.payable())),
        (open, _) => open,
    };
    let day = |x: &Promised| s.firm.locale.date_medium(x.day, s.today);
    let state = match (aside, x.late()) {
        (Some(Aside::Promised(x)), _) if x.amount.minor >= s.open.minor => format!("zugesagt bis zum {}", day(x)),
        (Some(Aside::Promised(x)), _) => format!("davon {} zugesagt bis zum {}", s.money(x.amount), day(x)),
        (Some(Aside::Disputed(since)), _) => {
            format!("am {} von Ihnen beanstandet, hier nicht angemahnt", s.firm.locale.date_medium(*since, s.today))
        }
        (_, ..=-1) => format!("fällig am {}", s.due()),
        (_, 0) => "heute fällig".to_owned(),
        (_, late) => format!("fällig am {}, {}", s.due(), days_late(s.firm, late)),
    };
    let last = if x.late() > 0 && x.tone == Tone::Final { ": letzte Mahnung" } else { "" };
    let number = super::letters_german::number(s);
    format!("{number}{}: {amount}, {state}{last}.{}{}", s.about(), in_dispute(x), broken(x))
}

pub(super) fn by_in_german(s: &Subject<'_>) -> String {
    let (locale, last) = (s.firm.locale, s.today.saturating_add(Span::new().days(FINAL_DAYS)));
    format!("{}, den {}", locale.weekday(last), locale.date_medium(last, s.today))
}
