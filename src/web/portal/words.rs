//! The states of invoices and quotes in words, with the tone and icon that go with them.
//!
//! Must not know where a state comes from.

use jiff::civil::Date;
use maud::Markup;

use crate::domain::dispute::Dispute;
use crate::domain::firm::Locale;
use crate::domain::invoice::Standing;
use crate::domain::money::{Currency, Money};
use crate::domain::promise::Promise;
use crate::domain::quote::{Answer, Version};
use crate::store::invoices::Row;
use crate::web::parts::{self, Icon, Tone};

/// Due within so many days is worth a colour.
const SOON_DAYS: i32 = 7;
/// Beyond so many days a date says more than a count.
const COUNTED_DAYS: i32 = 60;

/// A state: its tone, its icon, its words.
pub struct Said {
    /// Its colour.
    pub tone: Tone,
    /// Its picture.
    pub icon: Icon,
    /// Without a full stop: `Due in 6 days`.
    pub text: String,
}

impl Said {
    fn new(tone: Tone, icon: Icon, text: impl Into<String>) -> Self {
        Self { tone, icon, text: text.into() }
    }

    /// Without alarm: late or not, nothing is asked for now, since it was promised or is disputed.
    pub fn calm(self) -> Self {
        if self.tone == Tone::Bad { Self { tone: Tone::Plain, icon: Icon::Clock, ..self } } else { self }
    }

    /// As a tag.
    pub fn tag(&self) -> Markup {
        parts::tag_icon(self.tone, self.icon, &self.text)
    }
}

/// The state of an issued document, by the day on which what is asked for is due.
pub fn standing(standing: Standing, due: Date, locale: Locale, today: Date) -> Said {
    match standing {
        Standing::Draft => Said::new(Tone::Plain, Icon::File, "Draft"),
        Standing::Due { days, part_paid } => {
            let tone = if days <= SOON_DAYS { Tone::Warn } else { Tone::Plain };
            Said::new(tone, Icon::Clock, format!("{}Due {}", part(part_paid), locale.days_words(due, today)))
        }
        Standing::Overdue { days, part_paid } => {
            let late = match days {
                1 => "1 day".to_owned(),
                _ if days <= COUNTED_DAYS => format!("{days} days"),
                _ => format!("since {}", locale.date_medium(due, today)),
            };
            Said::new(Tone::Bad, Icon::Alert, format!("{}Overdue {late}", part(part_paid)))
        }
        Standing::Paid => Said::new(Tone::Ok, Icon::Check, "Paid"),
        Standing::WrittenOff => Said::new(Tone::Plain, Icon::Check, "Closed"),
        Standing::Credited => Said::new(Tone::Plain, Icon::Check, "Credited"),
        Standing::CreditNote => Said::new(Tone::Plain, Icon::Invoice, "Credit note"),
    }
}

/// What is promised of an open invoice, in short: "Promised for 28 November"; nothing once that is over.
pub fn promised(promise: &Promise, locale: Locale, today: Date) -> Option<String> {
    promise.runs_on(today).then(|| format!("Promised for {}", locale.date_medium(promise.day, today)))
}

/// That what was promised has not come; nothing while it may.
pub fn missed(promise: &Promise, locale: Locale, today: Date) -> Option<String> {
    let (amount, day) = (locale.money(promise.amount), locale.date_weekday(promise.day, today));
    let words = format!(
        "You said you would pay {amount} by {day}. We haven’t seen the payment yet. If it’s on its way, thank you."
    );
    (!promise.runs_on(today)).then_some(words)
}

/// Whether nothing is asked for now of what is open: it is promised, half of it or more, or all of it is disputed.
pub fn is_held(row: &Row, promise: Option<&Promise>, dispute: Option<&Dispute>, today: Date) -> bool {
    promise.is_some_and(|x| x.holds_on(today)) || dispute.is_some_and(|x| x.holds(row.open()))
}

fn part(paid: bool) -> &'static str {
    if paid { "Part paid. " } else { "" }
}

/// A state after a colon, in one phrase: `part paid, overdue 12 days`.
pub fn after_colon(text: &str) -> String {
    text.split(". ").map(small).collect::<Vec<_>>().join(", ")
}

/// With its first letter small; the names of months keep theirs.
fn small(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// The state of a version of a quote, and whether it is the one that counts.
pub fn quote(version: &Version, current: bool, locale: Locale, today: Date) -> Said {
    match &version.answer {
        _ if !current => Said::new(Tone::Plain, Icon::Clock, "Replaced by a newer version"),
        Answer::Accepted(..) => Said::new(Tone::Ok, Icon::Check, "Accepted"),
        Answer::Declined(..) => Said::new(Tone::Plain, Icon::Cross, "Declined"),
        Answer::Open if version.expired(today) => Said::new(Tone::Plain, Icon::Clock, "Expired"),
        Answer::Open => {
            let until = locale.date_medium(version.valid_until, today);
            Said::new(Tone::Info, Icon::Clock, format!("Open until {until}"))
        }
    }
}

/// Sums per currency, by its code; those of nothing are left out.
pub fn sums(amounts: impl IntoIterator<Item = (Currency, i64)>) -> Vec<Money> {
    let mut sums = std::collections::BTreeMap::<Currency, i64>::new();
    for (currency, minor) in amounts {
        let sum = sums.entry(currency).or_default();
        *sum = sum.saturating_add(minor);
    }
    sums.into_iter().filter(|(_, minor)| *minor != 0).map(|(currency, minor)| Money::new(minor, currency)).collect()
}

/// Amounts as part of a sentence: `€7,272.80 and $10.00`.
pub fn amounts(sums: &[Money], locale: Locale) -> String {
    let written: Vec<String> = sums.iter().map(|m| locale.money(*m)).collect();
    match written.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// A count at the start of a sentence: `Three`, `12`.
pub fn counted(n: usize) -> String {
    const WORDS: [&str; 10] = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"];
    WORDS.get(n).map_or_else(|| n.to_string(), |w| (*w).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_after_a_colon_is_one_phrase_and_keeps_the_names_of_months() {
        assert_eq!(after_colon("Part paid. Overdue 13 days"), "part paid, overdue 13 days");
        assert_eq!(after_colon("Due 4 December"), "due 4 December");
    }

    #[test]
    fn amounts_of_several_currencies_are_never_added() {
        let gbp: Currency = "GBP".parse().unwrap();
        let all = sums([(Currency::EUR, 100), (gbp, 5), (Currency::EUR, 20), (gbp, -5)]);
        assert_eq!(all, [Money::new(120, Currency::EUR)]);
        let two = [Money::new(120, Currency::EUR), Money::new(5, gbp)];
        assert_eq!(amounts(&two, Locale::EnglishIreland), "€1.20 and £0.05");
        assert_eq!((counted(3), counted(12)), ("Three".to_owned(), "12".to_owned()));
    }
}
