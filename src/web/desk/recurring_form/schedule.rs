//! The part of the form that says when: interval, anchor, end, approval, and changes of prices.

use jiff::civil::Date;
use maud::{Markup, html};
use rust_decimal::Decimal;

use crate::domain::recurring::{Covers, End, Makes, NewPrice, PLACEHOLDERS, PriceChange, Recurring, Schedule, Unit};
use crate::domain::refusal::{Faults, FieldFault};
use crate::domain::tax::{FINE_DIGITS, parse_number};
use crate::web::forms::{Fields, date};
use crate::web::parts::{self, Choice, Field, FieldError, Input};

/// Rows for changes of prices; more can be added once these are used.
const ROWS: usize = 3;
/// Decimals of a percentage.
const PERCENT_DIGITS: u32 = 2;

/// What this part says.
pub struct Plan {
    /// Invoices or quotes.
    pub makes: Makes,
    /// When.
    pub schedule: Schedule,
    /// Changes of prices.
    pub changes: Vec<PriceChange>,
    /// Whether documents are issued by themselves.
    pub by_itself: bool,
}

type Pairs = Vec<(String, String)>;

/// A new form's fields.
pub fn blank() -> Pairs {
    let pairs = [("every", "1"), ("unit", "month"), ("covers", "this"), ("end", "never"), ("approval", "draft")];
    pairs.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
}

/// The fields of a kept template.
pub fn pairs_of(kept: &Recurring) -> Pairs {
    let schedule = &kept.schedule;
    let (end, on, after) = match schedule.end {
        End::Never => ("never", String::new(), String::new()),
        End::On(last) => ("on", last.to_string(), String::new()),
        End::After(count) => ("after", String::new(), count.to_string()),
    };
    let mut pairs: Pairs = [
        ("every", schedule.every.to_string()),
        ("unit", schedule.unit.code().to_owned()),
        ("anchor", schedule.anchor.to_string()),
        ("covers", schedule.covers.code().to_owned()),
        ("end", end.to_owned()),
        ("end_on", on),
        ("end_after", after),
        ("approval", approval(kept).to_owned()),
    ]
    .map(|(n, v)| (n.to_owned(), v))
    .into();
    for (n, change) in kept.changes.iter().enumerate() {
        let to = match change.to {
            NewPrice::Percent(percent) => format!("{percent}%"),
            NewPrice::Price(price) => price.to_string(),
        };
        pairs.push((format!("c{n}.from"), change.from.to_string()));
        pairs.push((format!("c{n}.line"), change.line.map_or(String::new(), |x| x.to_string())));
        pairs.push((format!("c{n}.to"), to));
    }
    pairs
}

fn approval(kept: &Recurring) -> &'static str {
    match (kept.makes, kept.by_itself) {
        (Makes::Quote, true) => "quote",
        (Makes::Quote, false) => "quote-draft",
        (Makes::Invoice, true) => "itself",
        (Makes::Invoice, false) => "draft",
    }
}

/// Reads the fields; what is wrong goes to `faults`.
pub fn read(typed: &Fields, first: Option<Date>, faults: &mut Faults) -> Option<Plan> {
    let unit = Unit::from_code(typed.get("unit")).unwrap_or_default();
    let covers = Covers::from_code(typed.get("covers")).unwrap_or_default();
    let every = faults.take_opt(whole::<u16>("every", typed.get("every")));
    let anchor = match (typed.get("anchor").trim(), first) {
        ("", first) => Some(first.map_or(1, Date::day)),
        (text, _) => faults.take_opt(whole::<i8>("anchor", text)),
    };
    let end = match typed.get("end") {
        "on" => faults.take_opt(date("end_on", typed.get("end_on"))).map(End::On),
        "after" => faults.take_opt(whole("end_after", typed.get("end_after"))).map(End::After),
        _ => Some(End::Never),
    };
    let changes = changes(typed, faults);
    let (first, every, anchor, end) = (first?, every?, anchor?, end?);
    let schedule = Schedule { first, anchor, every, unit, end, covers };
    schedule.check(faults);
    let (makes, by_itself) = match typed.get("approval") {
        "quote" => (Makes::Quote, true),
        "quote-draft" => (Makes::Quote, false),
        text => (Makes::Invoice, text == "itself"),
    };
    Some(Plan { makes, schedule, changes, by_itself })
}

fn whole<T: std::str::FromStr>(field: &str, typed: &str) -> Result<T, FieldFault> {
    typed.trim().parse().map_err(|_| FieldFault::new(field, "Enter a whole number."))
}

fn changes(typed: &Fields, faults: &mut Faults) -> Vec<PriceChange> {
    let mut all = Vec::new();
    for n in 0..rows(typed) {
        let [from_name, line_name, to_name] = ["from", "line", "to"].map(|part| format!("c{n}.{part}"));
        let [from, line, to] = [&from_name, &line_name, &to_name].map(|name| typed.get(name).trim());
        if from.is_empty() && line.is_empty() && to.is_empty() {
            continue;
        }
        let from = faults.take_opt(date(&from_name, from));
        let line = if line.is_empty() { Some(None) } else { faults.take_opt(whole(&line_name, line)).map(Some) };
        let to = faults.take_opt(new_price(&to_name, to));
        if let (Some(from), Some(line), Some(to)) = (from, line, to) {
            all.push(PriceChange { from, line, to });
        }
    }
    all
}

fn new_price(field: &str, typed: &str) -> Result<NewPrice, FieldFault> {
    if let Some(percent) = typed.strip_suffix('%') {
        let percent = parse_number(field, percent.trim_start_matches('+'), PERCENT_DIGITS)?;
        let lowest = -Decimal::ONE_HUNDRED;
        let below = || FieldFault::new(field, "Enter −100 % or more.");
        return if percent < lowest { Err(below()) } else { Ok(NewPrice::Percent(percent)) };
    }
    let price = parse_number(field, typed, FINE_DIGITS)?;
    let below = || FieldFault::new(field, "Enter a price of 0 or more, or a change in percent such as 3.5%.");
    if price.is_sign_negative() && !price.is_zero() { Err(below()) } else { Ok(NewPrice::Price(price)) }
}

/// Rows that the form shows: those that were sent, and at least [`ROWS`] with one to spare.
fn rows(typed: &Fields) -> usize {
    let sent = (0..).take_while(|n| typed.has(&format!("c{n}.from"))).count();
    let spare = sent > 0 && !typed.get(&format!("c{}.from", sent - 1)).trim().is_empty();
    (sent + usize::from(spare)).clamp(ROWS, crate::domain::recurring::CHANGES_MAX + 1)
}

/// The section that says when.
pub fn draw(typed: &Fields, errors: &[FieldError]) -> Markup {
    let field = |name: &'static str, label: &'static str| Field::new(name, label).value(typed.get(name)).errors(errors);
    let units = Unit::ALL.map(|x| Choice::new(x.code(), words(x)));
    let covers = [
        Choice {
            value: Covers::This.code(),
            label: "The period that begins then",
            hint: "The month of its date, or the week from its day.",
        },
        Choice::new(Covers::Last.code(), "The one before"),
        Choice::new(Covers::Nothing.code(), "None"),
    ];
    let ends = [
        Choice::new("never", "When somebody ends it"),
        Choice::new("on", "On a day"),
        Choice::new("after", "After so many"),
    ];
    let approvals = [
        Choice {
            value: "draft",
            label: "An invoice, as a draft for approval",
            hint: "It waits on Today until somebody issues it.",
        },
        Choice {
            value: "itself",
            label: "An invoice, issued by itself",
            hint: "With its number, its letters and its reminders.",
        },
        Choice {
            value: "quote-draft",
            label: "A quote, to look through before it is sent",
            hint: "It waits on Today until somebody sends it or leaves it out.",
        },
        Choice { value: "quote", label: "A quote, sent by itself", hint: "Valid until the due date." },
    ];
    let anchor = field("anchor", "On which day of the month").optional();
    let anchor = anchor.hint("Empty for that of the issue date; a shorter month takes its last day.");
    let body = html! {
        p.mut { "The first comes on the issue date above, each of them due as many days later as this one is." }
        div.grid4 {
            (parts::input(&field("every", "Every"), Input::Number))
            (parts::select(&field("unit", "What"), &units))
            (parts::input(&anchor.class("g2"), Input::Number))
        }
        (parts::radios(&field("covers", "Which period does each bill?"), &covers))
        (parts::radios(&field("end", "Until when?"), &ends))
        div.grid4 {
            (parts::date(&field("end_on", "The last day").optional(), None, None))
            (parts::input(&field("end_after", "How many").optional(), Input::Number))
        }
        (parts::radios(&field("approval", "What is made?"), &approvals))
    };
    parts::section("when", "When, and until when", "", body)
}

fn words(unit: Unit) -> &'static str {
    match unit {
        Unit::Week => "weeks",
        Unit::Month => "months",
        Unit::Quarter => "quarters",
        Unit::Year => "years",
    }
}

/// The section that says what prices become.
pub fn draw_changes(typed: &Fields, errors: &[FieldError]) -> Markup {
    let names: Vec<[String; 3]> =
        (0..rows(typed)).map(|n| ["from", "line", "to"].map(|x| format!("c{n}.{x}"))).collect();
    let body = html! {
        p.mut { "A new price, or a change such as 3.5%. Documents of that day and later have it." }
        @for [from, line, to] in &names {
            @let field = |name, label| Field::new(name, label).value(typed.get(name)).errors(errors);
            div.grid4 {
                (parts::date(&field(from, "From"), None, None))
                (parts::input(&field(line, "Line").optional().hint("Empty for all"), Input::Number))
                (parts::input(&field(to, "New price or percent"), Input::Text))
            }
        }
    };
    parts::section("changes", "Prices from a day on", "", body)
}

/// What may stand in texts.
pub fn placeholders() -> Markup {
    let body = html! {
        p.small { "In the lines, the title and the note:" }
        dl.facts { @for (name, becomes) in PLACEHOLDERS { div { dt { code { (name) } } dd { (becomes) } } } }
    };
    parts::section("placeholders", "Placeholders", "", body)
}
