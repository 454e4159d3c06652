//! How an invoice is to be paid while it is being written: instalments, a discount for paying early, what was paid
//! already.
//!
//! Knows no store and no route. What was typed always comes back, whatever it was.

use jiff::civil::Date;
use maud::{Markup, html};

use super::invoice_typed::{Cell, PERCENT_DIGITS, amount, amount_words, optional_date, rare, rows, whole_fault};
use crate::domain::money::{Currency, Money};
use crate::domain::refusal::{Faults, FieldFault};
use crate::domain::tax::parse_number;
use crate::domain::terms::{EarlyPayment, INSTALMENTS_MAX, Instalment, Terms, equal_instalments};
use crate::web::forms::{self, Fields};
use crate::web::parts::{self, Choice, Field, FieldError, Icon, Input, field_id, icon};

const LETTER: char = 'i';
const PARTS: [&str; 2] = ["due", "amount"];
/// Steps that the amount due can be rounded to, in minor units, with their words for two decimals.
const STEPS: [(&str, u32); 4] = [("", 0), ("5", 5), ("10", 10), ("100", 100)];

/// The instalments of a form, each due date and amount as typed.
#[derive(Clone, Debug)]
pub struct Instalments(Vec<Vec<String>>);

impl Instalments {
    /// What was typed, at most one more than a document may have.
    pub fn typed(fields: &Fields) -> Self {
        Self(rows(fields, LETTER, &PARTS, INSTALMENTS_MAX))
    }

    /// Kept terms, as (name, value) pairs.
    pub fn pairs_of(terms: &Terms, currency: Currency) -> Vec<(String, String)> {
        let texts = |x: &Instalment| [x.due.to_string(), amount_words(x.amount, currency)];
        let one = |(at, x): (usize, &Instalment)| PARTS.iter().map(move |part| name(at, part)).zip(texts(x));
        let mut out: Vec<(String, String)> = terms.instalments.iter().enumerate().flat_map(one).collect();
        if let Some(early) = &terms.early {
            out.push(("early_percent".to_owned(), early.percent.normalize().to_string()));
            out.push(("early_until".to_owned(), early.until.to_string()));
        }
        out
    }

    /// The last due date as typed; `None` without instalments.
    pub fn last_due(&self) -> Option<String> {
        self.0.last().map(|x| x[0].clone())
    }

    /// Does what a button asks for; false when none of these was pressed. `payable` is split from `due` on.
    pub fn edit(&mut self, fields: &Fields, payable: Option<Money>, due: Option<Date>) -> bool {
        if fields.get("add") == "instalment" {
            if self.0.len() < INSTALMENTS_MAX {
                self.0.push(vec![String::new(); PARTS.len()]);
            }
            return true;
        }
        if fields.get("do") == "split" {
            let count = fields.get("split").trim().parse::<u16>().ok();
            let count = count.filter(|x| (1..=INSTALMENTS_MAX).contains(&usize::from(*x)));
            if let (Some(count), Some(payable), Some(due)) = (count, payable, due) {
                let texts = |x: Instalment| vec![x.due.to_string(), amount_words(x.amount, payable.currency)];
                self.0 = equal_instalments(payable, count, due).into_iter().map(texts).collect();
            }
            return true;
        }
        if !fields.has("remove_instalment") {
            return false;
        }
        if let Some(at) = fields.get("remove_instalment").parse::<usize>().ok().filter(|at| *at < self.0.len()) {
            self.0.remove(at);
        }
        true
    }

    /// The terms; what is wrong goes to `faults`. One instalment without an amount is what is left of `payable`.
    pub fn read(&self, fields: &Fields, currency: Currency, payable: Option<Money>, faults: &mut Faults) -> Terms {
        let written = self.0.iter().enumerate().filter(|(_, x)| x.iter().any(|text| !text.trim().is_empty()));
        let mut instalments: Vec<Instalment> = written
            .map(|(at, texts)| {
                let named = |part: &str, f: FieldFault| {
                    FieldFault::new(&name(at, part), format!("Instalment {}: {}", at + 1, f.message))
                };
                let due = forms::date_within_years("", &texts[0]).map_err(|f| named("due", f));
                let amount = amount("", &texts[1], currency).map_err(|f| named("amount", f));
                Instalment { due: faults.take(due), amount: faults.take(amount) }
            })
            .collect();
        let sum = instalments.iter().fold(0_i64, |sum, x| sum.saturating_add(x.amount));
        let mut open = instalments.iter_mut().filter(|x| x.amount == 0);
        if let (Some(rest), None, Some(payable)) = (open.next(), open.next(), payable) {
            rest.amount = payable.minor.saturating_sub(sum).max(0);
        }
        Terms { instalments, early: early(fields, faults) }
    }

    /// The section, closed while nothing is in it.
    pub fn draw(&self, fields: &Fields, currency: Currency, errors: &[FieldError]) -> Markup {
        let field = |name: &'static str, label: &'static str| {
            Field::new(name, label).value(fields.get(name)).errors(errors).optional()
        };
        let used = ["early_percent", "early_until", "prepaid", "round_to"];
        let open = !self.0.is_empty() || used.iter().any(|name| !fields.get(name).trim().is_empty());
        let steps = STEPS.map(|(code, step)| (code, step_words(step, currency)));
        let steps: Vec<Choice<'_>> = steps.iter().map(|(code, words)| Choice::new(code, words)).collect();
        let body = html! {
            div.grid4 {
                (parts::input(&field("early_percent", "Less for paying early, %"), Input::Text))
                (parts::date(&field("early_until", "If paid by"), None, None))
                (parts::money(&field("prepaid", "Paid already"), currency.code()))
                (parts::select(&Field::new("round_to", "Round what is due").value(fields.get("round_to")).errors(errors), &steps))
            }
            h3.gap-y { "Instalments" }
            div id=(field_id("instalments")) tabindex="-1" { (whole_fault("instalments", errors)) }
            @if self.0.is_empty() { p.small.mut { "All is due on the due date." } }
            @else { p.small.mut { "The last one’s date is the due date. One amount may stay empty: it is what is left." } }
            @for (at, texts) in self.0.iter().enumerate() { (row(at, texts, errors)) }
            div.rares {
                button.btn name="add" value="instalment" { (icon(Icon::Plus)) "Add an instalment" }
                div.rare { span aria-hidden="true" { "Equal monthly parts" } (Cell::new("split".to_owned(), "How many equal monthly parts".to_owned(), errors).number(fields.get("split"), "num")) }
                button.btn.quiet name="do" value="split" { "Split, from the due date on" }
            }
        };
        rare(Icon::Clock, "Instalments, early payment, paid already", open, body)
    }
}

fn name(at: usize, part: &str) -> String {
    format!("{LETTER}{at}.{part}")
}

fn step_words(step: u32, currency: Currency) -> String {
    if step == 0 { "Not at all".to_owned() } else { format!("To {}", Money::new(i64::from(step), currency).decimal()) }
}

/// Reads what the amount due is rounded to.
pub fn read_step(fields: &Fields, faults: &mut Faults) -> u32 {
    let typed = fields.get("round_to");
    let found = STEPS.iter().find(|x| x.0 == typed).map(|x| x.1);
    faults.take(found.ok_or_else(|| FieldFault::new("round_to", "Choose one of these.")))
}

/// What the amount due is rounded to, as the choice sends it.
pub fn step_code(step: u32) -> &'static str {
    STEPS.iter().find(|x| x.1 == step).map_or("", |x| x.0)
}

fn early(fields: &Fields, faults: &mut Faults) -> Option<EarlyPayment> {
    let (percent, until) = (fields.get("early_percent").trim(), fields.get("early_until"));
    let until = faults.take(optional_date("early_until", until));
    match (percent.is_empty(), until) {
        (true, None) => None,
        (true, Some(_)) => {
            faults.add("early_percent", "Enter the percentage, or empty the day.");
            None
        }
        (false, None) => {
            faults.add("early_until", "Enter the last day on which it can be taken.");
            None
        }
        (false, Some(until)) => {
            let read = parse_number("early_percent", percent.trim_end_matches('%'), PERCENT_DIGITS);
            Some(EarlyPayment { percent: faults.take(read), until })
        }
    }
}

fn row(at: usize, texts: &[String], errors: &[FieldError]) -> Markup {
    let cell = |part: &str, words: &str| Cell::new(name(at, part), format!("Instalment {}, {words}", at + 1), errors);
    let [due, amount] = texts else { return html! {} };
    html! {
        div.rares {
            div.rare { span aria-hidden="true" { "Due" } (cell("due", "due date").date(due)) }
            div.rare { span aria-hidden="true" { "Amount" } (cell("amount", "amount").number(amount, "num")) }
            button.btn.quiet.sm.ico name="remove_instalment" value=(at) {
                (icon(Icon::Cross)) span.vh { "Remove instalment " (at + 1) }
            }
        }
    }
}
