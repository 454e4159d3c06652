//! Discounts and surcharges on a whole invoice while it is being written.
//!
//! Knows no store and no route. What was typed always comes back, whatever it was.

use maud::{Markup, html};

use super::invoice_typed::{
    Bare, Cell, portion, portion_words, rare, read_vat, rows, usual_vat, vat_choices, vat_code, whole_fault,
};
use crate::domain::firm::Firm;
use crate::domain::money::Currency;
use crate::domain::refusal::{Faults, FieldFault};
use crate::domain::tax::{ADJUSTMENTS_MAX, Adjustment, Direction};
use crate::domain::text;
use crate::web::forms::Fields;
use crate::web::parts::{FieldError, Icon, field_id, icon};

const LETTER: char = 'a';
const PARTS: [&str; 4] = ["direction", "reason", "portion", "vat"];
const LESS: &str = "less";
const MORE: &str = "more";

/// The adjustments of a form, each one text for each of [`PARTS`].
#[derive(Clone, Debug)]
pub struct Adjustments(Vec<Vec<String>>);

impl Adjustments {
    /// What was typed, at most one more than a document may have.
    pub fn typed(fields: &Fields) -> Self {
        Self(rows(fields, LETTER, &PARTS, ADJUSTMENTS_MAX))
    }

    /// Kept ones, as (name, value) pairs.
    pub fn pairs_of(all: &[Adjustment], currency: Currency) -> Vec<(String, String)> {
        let texts = |x: &Adjustment| {
            let direction = if x.direction == Direction::Allowance { LESS } else { MORE };
            let portion = portion_words(x.portion, currency, Bare::Amount);
            [direction.to_owned(), x.reason.clone(), portion, vat_code(x.vat)]
        };
        let one = |(at, x): (usize, &Adjustment)| PARTS.iter().map(move |part| name(at, part)).zip(texts(x));
        all.iter().enumerate().flat_map(one).collect()
    }

    /// Does what a button asks for; false when none of these was pressed.
    pub fn edit(&mut self, fields: &Fields, firm: &Firm) -> bool {
        if fields.get("add") == "adjustment" {
            if self.0.len() < ADJUSTMENTS_MAX {
                self.0.push(vec![LESS.to_owned(), String::new(), String::new(), usual_vat(firm)]);
            }
            return true;
        }
        if !fields.has("remove_adjustment") {
            return false;
        }
        if let Some(at) = fields.get("remove_adjustment").parse::<usize>().ok().filter(|at| *at < self.0.len()) {
            self.0.remove(at);
        }
        true
    }

    /// The adjustments, blank ones left out; what is wrong goes to `faults`.
    pub fn read(&self, currency: Currency, faults: &mut Faults) -> Vec<Adjustment> {
        let written = self.0.iter().enumerate().filter(|(_, x)| !x[1].trim().is_empty() || !x[2].trim().is_empty());
        written.map(|(at, texts)| read(at, texts, currency, faults)).collect()
    }

    /// The rows and their button, closed while there is none.
    pub fn draw(&self, firm: &Firm, errors: &[FieldError]) -> Markup {
        let body = html! {
            div id=(field_id("adjustments")) tabindex="-1" { (whole_fault("adjustments", errors)) }
            p.small.mut {
                "An amount, or a percentage like 10% of the lines with the same VAT. It is printed with its reason."
            }
            @for (at, texts) in self.0.iter().enumerate() { (row(at, texts, firm, errors)) }
            p { button.btn name="add" value="adjustment" { (icon(Icon::Plus)) "Add a discount or surcharge" } }
        };
        rare(Icon::Plus, "Discount or surcharge on the whole", !self.0.is_empty(), body)
    }
}

fn name(at: usize, part: &str) -> String {
    format!("{LETTER}{at}.{part}")
}

fn read(at: usize, texts: &[String], currency: Currency, faults: &mut Faults) -> Adjustment {
    let named = |part: &str, f: FieldFault| FieldFault::new(&name(at, part), format!("Row {}: {}", at + 1, f.message));
    let missing = "Say what it is for; the document prints it.";
    let [direction, reason, typed, vat] = texts else { return Adjustment::default() };
    let reason = text::required("", reason, text::LINE_MAX, missing);
    Adjustment {
        direction: faults.take(read_direction(direction).map_err(|f| named("direction", f))),
        reason: faults.take(reason.map_err(|f| named("reason", f))),
        portion: faults.take(portion("", typed, currency, Bare::Amount).map_err(|f| named("portion", f))),
        vat: faults.take(read_vat(vat).map_err(|f| named("vat", f))),
    }
}

/// Reads whether it is taken off or added; what is neither never becomes one of them.
fn read_direction(typed: &str) -> Result<Direction, FieldFault> {
    match typed {
        LESS => Ok(Direction::Allowance),
        MORE => Ok(Direction::Charge),
        _ => Err(FieldFault::new("", "Choose whether it is less or plus.")),
    }
}

fn row(at: usize, texts: &[String], firm: &Firm, errors: &[FieldError]) -> Markup {
    let cell = |part: &str, words: &str| Cell::new(name(at, part), format!("Row {}, {words}", at + 1), errors);
    let [direction, reason, portion, vat] = texts else { return html! {} };
    let mut directions = vec![(LESS.to_owned(), "Less".to_owned()), (MORE.to_owned(), "Plus".to_owned())];
    if !directions.iter().any(|x| x.0 == *direction) {
        directions.insert(0, (String::new(), "Choose".to_owned()));
    }
    html! {
        div.rares {
            div.rare { (cell("direction", "less or plus").select(direction, &directions)) }
            div.rare.grow { span aria-hidden="true" { "What for" } (cell("reason", "what for").text(reason)) }
            div.rare { span aria-hidden="true" { "Amount or %" } (cell("portion", "amount or percent").number(portion, "num")) }
            div.rare { span aria-hidden="true" { "VAT" } (cell("vat", "VAT").select(vat, &vat_choices(firm, vat))) }
            button.btn.quiet.sm.ico name="remove_adjustment" value=(at) {
                (icon(Icon::Cross)) span.vh { "Remove row " (at + 1) }
            }
        }
    }
}
