//! The reminder policy: its steps, whom they go to and when, its versions, and how two of them differ.
//!
//! Knows no invoice and no store. What a policy makes of an invoice is [`reminder`](super::reminder)'s.

use jiff::{
    Span, Timestamp,
    civil::{Date, Time, time},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};

use super::calendar::{today, wall_clock};
use super::event::Actor;
use super::firm::Locale;
use super::ids::StaffId;
use super::money::Money;
use super::promise;
use super::refusal::{Faults, FieldFault};
use super::sentence::step_words;
use super::text::capital;
use super::working_days::{self, WorkingDays};

/// Most steps of a policy.
pub const STEPS_MAX: usize = 12;
/// The offsets that a step may have, in days from the due date.
pub const OFFSETS: std::ops::RangeInclusive<i16> = -60..=365;

/// How a reminder speaks, the mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tone {
    /// Before the due date.
    Upcoming,
    /// On the due date.
    DueToday,
    /// Politely after it.
    Overdue,
    /// Firmly.
    Firm,
    /// The last before a person takes over.
    Final,
}

impl Tone {
    /// The tone that is true on `day`: a letter that goes later than planned never says "due today" on another day.
    pub fn on(self, day: Date, due: Date) -> Self {
        match self {
            Self::Upcoming | Self::DueToday if day > due => Self::Overdue,
            Self::Upcoming if day == due => Self::DueToday,
            tone => tone,
        }
    }

    /// The tone of a step at `offset`, of which `after` is chosen for those after the due date.
    pub fn at(offset: i16, after: Self) -> Self {
        match offset {
            ..0 => Self::Upcoming,
            0 => Self::DueToday,
            _ if matches!(after, Self::Firm | Self::Final) => after,
            _ => Self::Overdue,
        }
    }

    /// As a word.
    pub fn words(self) -> &'static str {
        match self {
            Self::Upcoming => "a notice beforehand",
            Self::DueToday => "due today",
            Self::Overdue => "polite",
            Self::Firm => "firm",
            Self::Final => "final notice",
        }
    }
}

/// Whom a step writes to at the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Reach {
    /// Who gets the invoice's letters.
    #[default]
    Billing,
    /// Who answers for the account there; where nobody is named, who gets the letters.
    Lead,
    /// Both.
    Both,
}

impl Reach {
    /// All of them, in the order in which a form offers them.
    pub const ALL: [Self; 3] = [Self::Billing, Self::Lead, Self::Both];

    /// The word in a form.
    pub fn code(self) -> &'static str {
        match self {
            Self::Billing => "billing",
            Self::Lead => "lead",
            Self::Both => "both",
        }
    }

    /// As words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Billing => "billing contacts",
            Self::Lead => "who answers for the account",
            Self::Both => "billing contacts and who answers for the account",
        }
    }
}

/// By what a step reaches the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Channel {
    /// A letter, which goes by itself.
    #[default]
    Letter,
    /// A telephone call: staff are asked for it on Today.
    Call,
}

/// Payer scores from one to another, both among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreBand {
    /// The lowest, from 0.
    pub from: u8,
    /// The highest, to 100.
    pub to: u8,
}

impl ScoreBand {
    /// The highest score that there is.
    pub const TOP: u8 = 100;

    /// In words: "payer score 0 to 49".
    pub fn words(self) -> String {
        format!("payer score {} to {}", self.from, self.to)
    }
}

/// When a step goes at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Condition {
    /// Only while nobody at the client has opened or downloaded the invoice.
    pub unopened: bool,
    /// Only when more than this is open; invoices in another currency are not held back by it.
    pub over: Option<Money>,
    /// Only to clients with such a score on the day; one without a score yet has none.
    pub score: Option<ScoreBand>,
}

/// What a condition asks of an invoice, at the time at which its step would go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What is open.
    pub open: Money,
    /// Whether anybody at the client opened or downloaded it.
    pub opened: bool,
    /// The client's payer score; `None` while they have none, or where no condition asks for it.
    pub score: Option<u8>,
}

impl Condition {
    /// Why it does not hold; `None` when it does.
    pub fn fails(&self, of: Asked) -> Option<&'static str> {
        let small = self.over.is_some_and(|over| over.currency == of.open.currency && of.open.minor <= over.minor);
        match (self.score, of.score) {
            _ if small => Some(TOO_LITTLE),
            _ if self.unopened && of.opened => Some(OPENED),
            (Some(_), None) => Some(NO_SCORE),
            (Some(band), Some(score)) if !(band.from..=band.to).contains(&score) => Some(OTHER_SCORE),
            _ => None,
        }
    }
}

const TOO_LITTLE: &str = "too little is open for this step";
const OPENED: &str = "the invoice was opened";
const NO_SCORE: &str = "the client has no payer score yet";
const OTHER_SCORE: &str = "the client’s payer score is outside the step’s band";
/// Why a step that fell before the invoice was there is left out.
pub const BEFORE_PUBLICATION: &str = "it would have fallen before the invoice was published";
/// Why a step is left out at which there was nothing to ask for.
pub const NOTHING_OPEN: &str = "nothing was open when it fell";

/// Whether the policy itself has it that a step is left out for this reason: it is the same for everybody, and nobody's
/// exception.
pub fn is_rule(reason: &str) -> bool {
    [TOO_LITTLE, OPENED, NO_SCORE, OTHER_SCORE, BEFORE_PUBLICATION, NOTHING_OPEN].contains(&reason)
}

/// One step of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Names the step through all versions, wherever its offset moves.
    pub id: u16,
    /// Calendar days from the due date; negative before it. Unique within a policy.
    pub offset: i16,
    /// How it speaks, when it is a letter.
    pub tone: Tone,
    /// By letter or by telephone.
    pub by: Channel,
    /// To whom.
    pub to: Reach,
    /// Staff who get a copy.
    pub copies: Vec<StaffId>,
    /// Whether it goes at all.
    pub only: Condition,
}

/// When reminders are sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The steps, the earliest first.
    pub steps: Vec<Step>,
    /// Wall-clock time of every step, where the sending window of a business day opens.
    pub at: Time,
    /// Where it closes.
    pub window_end: Time,
    /// The days on which they are sent.
    pub days: WorkingDays,
    /// How far ahead a payment is promised, and how long it is waited for.
    pub promises: promise::Terms,
}

impl Policy {
    /// A week before, on the day, and 7, 14 and 30 days after it, at 08:00; sending until 18:00, Monday to Friday.
    pub fn standard() -> Self {
        let steps =
            [(-7, Tone::Upcoming), (0, Tone::DueToday), (7, Tone::Overdue), (14, Tone::Firm), (30, Tone::Final)];
        let step = |(id, (offset, tone))| Step {
            id,
            offset,
            tone,
            by: Channel::Letter,
            to: Reach::Billing,
            copies: Vec::new(),
            only: Condition::default(),
        };
        let (at, window_end, days) = (time(8, 0, 0, 0), time(18, 0, 0, 0), WorkingDays::default());
        let promises = promise::Terms::default();
        Self { steps: (1..).zip(steps).map(step).collect(), at, window_end, days, promises }
    }

    /// The step at an offset.
    pub fn step(&self, offset: i16) -> Option<&Step> {
        self.steps.iter().find(|x| x.offset == offset)
    }

    /// Whether letters may go at `now`.
    pub fn sends_at(&self, now: Timestamp, zone: &TimeZone) -> bool {
        let day = today(now, zone);
        self.days.works(day) && (wall_clock(day, self.at, zone)..wall_clock(day, self.window_end, zone)).contains(&now)
    }

    /// The first opening of a sending window after `now`; `None` at the end of time.
    pub fn next_opening(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut day = self.days.next(today(now, zone));
        loop {
            let opening = wall_clock(day, self.at, zone);
            if opening > now {
                return Some(opening);
            }
            day = self.days.next(day.tomorrow().ok()?);
        }
    }

    /// The day on which the step at `offset` of an invoice falls, and the one on which it goes: of those before the due
    /// date the working day before, of the others the next one.
    pub fn days_of(&self, due: Date, offset: i16) -> (Date, Date) {
        let falls = due.saturating_add(Span::new().days(offset));
        (falls, if offset < 0 { self.days.previous(falls) } else { self.days.next(falls) })
    }

    /// The day on which the step at `offset` falls and why it does not go on it; `None` when it does.
    pub fn moved(&self, due: Date, offset: i16) -> Option<(Date, String)> {
        let (falls, goes) = self.days_of(due, offset);
        Some((falls, self.days.why_moved(falls, goes)?))
    }

    /// Sorted by offset, and each tone one that its place allows.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        for step in &mut self.steps {
            step.tone = Tone::at(step.offset, step.tone);
            if step.by == Channel::Call {
                step.copies.clear();
            }
            step.copies.sort_unstable();
            step.copies.dedup();
        }
        self.steps.sort_by_key(|x| x.offset);
        self
    }

    /// Whether it can be kept. The fields of the step in row *n* of a form end in `_n`.
    ///
    /// # Errors
    /// Every field to mend.
    pub fn check(&self, faults: &mut Faults) {
        if self.steps.len() > STEPS_MAX {
            faults.add("offset_0", format!("A policy has at most {STEPS_MAX} steps."));
        }
        for (row, step) in self.steps.iter().enumerate() {
            let field = format!("offset_{row}");
            if !OFFSETS.contains(&step.offset) {
                faults.add(
                    &field,
                    format!(
                        "Enter a whole number of days, at most {} before the due date and {} after it.",
                        -OFFSETS.start(),
                        OFFSETS.end()
                    ),
                );
            } else if self.steps.iter().take(row).any(|x| x.offset == step.offset) {
                faults.add(&field, "Two steps can’t fall on the same day. Change one of them, or remove it.");
            }
            if step.only.score.is_some_and(|band| band.to > ScoreBand::TOP || band.from > band.to) {
                faults.add(&format!("score_from_{row}"), "Scores go from 0 to 100, the lower one first.");
            }
        }
        if self.window_end <= self.at {
            faults.add("window_end", "The window closes before it opens. Enter a later time.");
        }
        self.days.check(faults);
        self.promises.check(faults);
    }
}

/// A policy as it was from an instant on. Never altered once it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyVersion {
    /// Counts from 1; 0 is the standard policy, before any was kept.
    pub version: u32,
    /// What it says.
    pub policy: Policy,
    /// Who made it.
    pub by: Actor,
    /// Since when.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

impl PolicyVersion {
    /// What holds before any version was kept.
    pub fn standard() -> Self {
        let (at, by) = (Timestamp::UNIX_EPOCH, Actor::Counterfoil("setup".to_owned()));
        Self { version: 0, policy: Policy::standard(), by, at, reason: "The standard policy".to_owned() }
    }
}

/// A step in a line: "7 days after it was due: polite, to billing contacts".
pub fn step_line(step: &Step, locale: Locale, staff: impl Fn(StaffId) -> String) -> String {
    let mut line = match step.by {
        Channel::Letter => {
            format!("{}: {}, to {}", capital(&step_words(step.offset)), step.tone.words(), step.to.words())
        }
        Channel::Call => format!("{}: staff call {}", capital(&step_words(step.offset)), step.to.words()),
    };
    if !step.copies.is_empty() {
        let names: Vec<String> = step.copies.iter().map(|id| staff(*id)).collect();
        line.push_str(&format!(", a copy to {}", names.join(" and ")));
    }
    if let Some(over) = step.only.over {
        line.push_str(&format!(", only if more than {} is open", locale.money(over)));
    }
    if step.only.unopened {
        line.push_str(", only while the invoice was never opened");
    }
    if let Some(band) = step.only.score {
        line.push_str(&format!(", only to clients with a {}", band.words()));
    }
    line
}

/// What moves a step, in words: "moved from Monday 25 May: Whit Monday".
pub fn moved_words(locale: Locale, today: Date, moved: &(Date, String)) -> String {
    format!("moved from {}: {}", locale.date_weekday(moved.0, today), moved.1)
}

/// What `new` does otherwise than `old`, a sentence for each difference.
pub fn differences(old: &Policy, new: &Policy, locale: Locale, staff: impl Fn(StaffId) -> String) -> Vec<String> {
    let line = |step: &Step| step_line(step, locale, &staff);
    let mut out = Vec::new();
    for step in &new.steps {
        match old.steps.iter().find(|x| x.id == step.id) {
            None => out.push(format!("Added: {}.", line(step))),
            Some(before) if before != step => out.push(format!("Changed: {}; before: {}.", line(step), line(before))),
            Some(_) => {}
        }
    }
    let gone = old.steps.iter().filter(|x| !new.steps.iter().any(|y| y.id == x.id));
    out.extend(gone.map(|step| format!("Removed: {}.", line(step))));
    if (old.at, old.window_end) != (new.at, new.window_end) {
        let window = |x: &Policy| format!("{} to {}", locale.time(x.at), locale.time(x.window_end));
        out.push(format!("Letters go from {}; before: {}.", window(new), window(old)));
    }
    if old.promises != new.promises {
        out.push(format!("Payments are promised {}; before: {}.", new.promises.words(), old.promises.words()));
    }
    out.extend(working_days::differences(&old.days, &new.days, |day| locale.date_medium(day, Date::MIN)));
    out
}

/// The identifier of a step that no version up to now has had.
pub fn fresh_id<'p>(policies: impl IntoIterator<Item = &'p Policy>) -> u16 {
    let used = policies.into_iter().flat_map(|policy| policy.steps.iter().map(|x| x.id));
    used.max().unwrap_or(0).saturating_add(1)
}

/// An offset as a form has it: whole days, and the side of the due date.
///
/// # Errors
/// Names `field` when it is no number of days.
pub fn offset(field: &str, days: &str, before: bool) -> Result<i16, FieldFault> {
    let days: i16 = days
        .trim()
        .parse()
        .ok()
        .filter(|x| (0..=*OFFSETS.end()).contains(x))
        .ok_or_else(|| FieldFault::new(field, format!("Enter whole days, from 0 to {}.", OFFSETS.end())))?;
    Ok(if before { -days } else { days })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Currency;

    fn euro(minor: i64) -> Money {
        Money::new(minor, "EUR".parse::<Currency>().unwrap())
    }

    #[test]
    fn a_condition_is_of_what_is_open_in_its_currency_of_visits_and_of_the_score() {
        let asked = |open, opened, score| Asked { open, opened, score };
        let over = Condition { over: Some(euro(50_000)), ..Condition::default() };
        assert!(over.fails(asked(euro(50_000), false, None)).is_some(), "not over it");
        assert!(over.fails(asked(euro(50_001), true, None)).is_none());
        let yen = Money::new(1, "JPY".parse().unwrap());
        assert!(over.fails(asked(yen, true, None)).is_none(), "another currency is never held back");
        let unopened = Condition { unopened: true, ..Condition::default() };
        assert!(unopened.fails(asked(euro(1), true, None)).is_some());
        assert!(unopened.fails(asked(euro(1), false, None)).is_none());
        let slow = Condition { score: Some(ScoreBand { from: 0, to: 49 }), ..Condition::default() };
        let fails = |score| slow.fails(asked(euro(1), true, score));
        assert!(fails(Some(0)).is_none() && fails(Some(49)).is_none() && fails(Some(50)).is_some());
        assert_eq!(fails(None), Some("the client has no payer score yet"));
    }

    #[test]
    fn each_fault_of_a_policy_is_named_at_its_row() {
        let mut policy = Policy::standard();
        policy.steps[1].offset = 500;
        policy.steps[3].offset = 7;
        policy.steps[4].only.score = Some(ScoreBand { from: 50, to: 49 });
        policy.window_end = policy.at;
        let mut faults = Faults::default();
        policy.check(&mut faults);
        let Err(crate::domain::refusal::Refusal::Fields(all)) = faults.check() else { panic!("taken") };
        let fields: Vec<&str> = all.iter().map(|x| x.field.as_str()).collect();
        assert_eq!(fields, ["offset_1", "offset_3", "score_from_4", "window_end"]);
        let mut fine = Faults::default();
        Policy::standard().check(&mut fine);
        assert!(fine.check().is_ok());
    }

    #[test]
    fn differences_name_what_was_added_moved_and_removed() {
        let old = Policy::standard();
        let mut new = old.clone();
        new.steps.remove(0);
        new.steps[1].offset = 10;
        let (tone, to, only) =
            (Tone::Final, Reach::Both, Condition { unopened: true, over: Some(euro(100_000)), score: None });
        new.steps.push(Step {
            id: fresh_id([&old, &new]),
            offset: 60,
            tone,
            by: Channel::Letter,
            to,
            copies: vec![StaffId(3)],
            only,
        });
        let told = differences(&old, &new.in_order(), Locale::EnglishIreland, |id| format!("S{id}"));
        assert_eq!(
            told,
            [
                "Changed: 10 days after it was due: polite, to billing contacts; before: 7 days after it was due: polite, to \
                 billing contacts.",
                "Added: 60 days after it was due: final notice, to billing contacts and who answers for the account, a \
                 copy to S3, only if more than €1,000.00 is open, only while the invoice was never opened.",
                "Removed: A week before it’s due: a notice beforehand, to billing contacts.",
            ]
        );
        assert!(differences(&old, &old, Locale::EnglishIreland, |_| String::new()).is_empty());
    }

    #[test]
    fn an_offset_is_read_as_days_and_a_side() {
        assert_eq!(offset("offset_0", " 7 ", true).unwrap(), -7);
        assert_eq!(offset("offset_0", "30", false).unwrap(), 30);
        for bad in ["", "-7", "7.5", "366", "x"] {
            assert_eq!(offset("offset_2", bad, false).unwrap_err().field, "offset_2", "{bad}");
        }
        assert_eq!(Tone::at(0, Tone::Firm), Tone::DueToday);
        assert_eq!(Tone::at(3, Tone::Upcoming), Tone::Overdue);
    }
}
