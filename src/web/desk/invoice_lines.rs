//! The lines of an invoice or quote while they are being written: read from a form, added, removed, drawn with their
//! amounts, and made domain lines with the fault of each field.
//!
//! Knows no store and no route. What was typed always comes back, whatever it was.

use std::collections::HashMap;

use maud::{Markup, html};
use rust_decimal::Decimal;

use crate::domain::firm::{Firm, Locale};
use crate::domain::money::{Currency, Money};
use crate::domain::refusal::{Faults, FieldFault};
use crate::domain::tax::{
    Content, Discount, FINE_DIGITS, LINES_MAX, Line, Portion, Totals, Unit, Vat, VatCategory, parse_number, totals,
};
use crate::domain::text;
use crate::web::forms::Fields;
use crate::web::parts::{self, FieldError, Icon, Look, field_id, icon};

/// Most decimals of a discount.
const DISCOUNT_DIGITS: u32 = 2;
/// Lines of an empty form.
const FIRST_LINES: usize = 1;

/// A line as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    description: String,
    quantity: String,
    unit: String,
    price: String,
    discount: String,
    vat: String,
}

/// The parts of a line: name in the form, and its words in messages and for those who hear the page.
const PARTS: [(&str, &str); 6] = [
    ("description", "what was done"),
    ("quantity", "quantity"),
    ("unit", "unit"),
    ("price", "price"),
    ("discount", "discount"),
    ("vat", "VAT"),
];

impl Typed {
    /// An empty line with the firm's usual VAT.
    fn new(firm: &Firm) -> Self {
        let vat = firm.vat_rates.first().map_or(Vat::default(), |rate| Vat { rate: *rate, ..Vat::default() });
        let usual = if vat.rate.is_zero() { "O:0".to_owned() } else { vat_code(vat) };
        Self { quantity: "1".to_owned(), unit: Unit::default().code().to_owned(), vat: usual, ..Self::default() }
    }

    /// A kept line, ready to be changed.
    fn of(line: &Line) -> Self {
        let number = |n: Decimal| n.normalize().to_string();
        Self {
            description: line.description.clone(),
            quantity: number(line.quantity),
            unit: line.unit.code().to_owned(),
            price: number(line.price),
            discount: discount_words(line.discount.portion),
            vat: vat_code(line.vat),
        }
    }

    /// Whether nobody has written anything into it.
    fn is_blank(&self) -> bool {
        let quantity = self.quantity.trim();
        (quantity.is_empty() || quantity == "1")
            && [&self.description, &self.price, &self.discount].iter().all(|text| text.trim().is_empty())
    }

    fn values(&self) -> [&str; 6] {
        [&self.description, &self.quantity, &self.unit, &self.price, &self.discount, &self.vat]
    }

    fn read(&self, at: usize, faults: &mut Faults) -> Line {
        let missing = "Say what was done, or empty the line.";
        let description = text::paragraph("", &self.description)
            .and_then(|t| if t.is_empty() { Err(FieldFault::new("", missing)) } else { Ok(t) });
        let price = parse_number("", &self.price, FINE_DIGITS).and_then(|n| {
            let below = "Enter a price of 0 or more; to take something back, make the quantity negative.";
            if n.is_sign_negative() && !n.is_zero() { Err(FieldFault::new("", below)) } else { Ok(n) }
        });
        let mut take = Naming { at, faults };
        Line {
            description: take.part("description", description),
            quantity: take.part("quantity", parse_number("", &self.quantity, FINE_DIGITS)),
            unit: take.part("unit", Unit::from_code(&self.unit).ok_or_else(|| FieldFault::new("", "Choose a unit."))),
            price: take.part("price", price),
            discount: take.part("discount", read_discount(&self.discount)),
            vat: take.part("vat", read_vat(&self.vat)),
            ..Line::default()
        }
    }
}

/// Gives the faults of a line its number and the names of its parts.
struct Naming<'a> {
    at: usize,
    faults: &'a mut Faults,
}

impl Naming<'_> {
    fn part<T: Default>(&mut self, part: &str, read: Result<T, FieldFault>) -> T {
        let words = PARTS.iter().find(|p| p.0 == part).map_or(part, |p| p.1);
        let named = |f: FieldFault| {
            FieldFault::new(&field_name(self.at, part), format!("Line {}, {words}: {}", self.at + 1, f.message))
        };
        self.faults.take(read.map_err(named))
    }
}

fn discount_words(portion: Portion) -> String {
    match portion {
        Portion::Percent(percent) if !percent.is_zero() => percent.normalize().to_string(),
        _ => String::new(),
    }
}

fn read_discount(typed: &str) -> Result<Discount, FieldFault> {
    if typed.trim().is_empty() {
        return Ok(Discount::default());
    }
    let number = parse_number("", typed.trim().trim_end_matches('%'), DISCOUNT_DIGITS)?;
    let fits = (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(&number);
    if fits {
        Ok(Discount::percent(number))
    } else {
        Err(FieldFault::new("", "Enter a discount from 0 to 100 percent."))
    }
}

/// `S:23`: category and rate, as the choice sends them.
fn vat_code(vat: Vat) -> String {
    format!("{}:{}", vat.category.code(), vat.rate.normalize())
}

fn read_vat(typed: &str) -> Result<Vat, FieldFault> {
    let parts = typed
        .split_once(':')
        .and_then(|(category, rate)| Some((VatCategory::from_code(category)?, rate.parse::<Decimal>().ok()?)));
    let (category, rate) = parts.ok_or_else(|| FieldFault::new("", "Choose a VAT rate."))?;
    Vat::new("", category, rate)
}

fn field_name(at: usize, part: &str) -> String {
    format!("l{at}.{part}")
}

/// The lines of a form.
#[derive(Clone, Debug)]
pub struct Lines(Vec<Typed>);

impl Lines {
    /// What an empty form has.
    pub fn new(firm: &Firm) -> Self {
        Self(vec![Typed::new(firm); FIRST_LINES])
    }

    /// Kept lines; an empty one when there are none.
    pub fn of(lines: &[Line], firm: &Firm) -> Self {
        if lines.is_empty() { Self::new(firm) } else { Self(lines.iter().map(Typed::of).collect()) }
    }

    /// What was typed, at most one line more than a document may have.
    pub fn typed(fields: &Fields) -> Self {
        let all: HashMap<&str, &str> = fields.pairs().collect();
        let sent = |at: &usize| PARTS.iter().any(|(part, _)| all.contains_key(field_name(*at, part).as_str()));
        let line = |at: usize| {
            let [description, quantity, unit, price, discount, vat] = PARTS.map(|(part, _)| {
                all.get(field_name(at, part).as_str()).map_or_else(String::new, |value| (*value).to_owned())
            });
            Typed { description, quantity, unit, price, discount, vat }
        };
        Self((0..=LINES_MAX).take_while(sent).map(line).collect())
    }

    /// Does what a button of the lines asks for: `add`, or `remove` with the line's place. False when none was pressed.
    pub fn edit(&mut self, fields: &Fields, firm: &Firm) -> bool {
        if fields.has("add") {
            if self.0.len() < LINES_MAX {
                self.0.push(Typed::new(firm));
            }
            return true;
        }
        if !fields.has("remove") {
            return false;
        }
        if let Some(at) = fields.get("remove").parse::<usize>().ok().filter(|at| *at < self.0.len()) {
            self.0.remove(at);
        }
        if self.0.is_empty() {
            self.0.push(Typed::new(firm));
        }
        true
    }

    /// The lines as the document will have them, blank ones left out; what is wrong goes to `faults`.
    pub fn read(&self, faults: &mut Faults) -> Vec<Line> {
        if self.0.len() > LINES_MAX {
            faults.add("lines", format!("Use {LINES_MAX} lines or fewer."));
        }
        self.0.iter().enumerate().filter(|x| !x.1.is_blank()).map(|(at, typed)| typed.read(at, faults)).collect()
    }

    /// The totals, if every line can be read and they are within the limits.
    pub fn totals(&self, currency: Currency) -> Option<Totals> {
        let mut faults = Faults::default();
        let lines = self.read(&mut faults);
        if faults.is_empty() { totals(&Content::of(lines), currency) } else { None }
    }

    /// As (name, value) pairs, to carry the lines through a page that does not show them.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let one = |(at, typed): (usize, &Typed)| {
            PARTS
                .iter()
                .zip(typed.values())
                .map(move |((part, _), value)| (field_name(at, part), value.to_owned()))
                .collect::<Vec<_>>()
        };
        self.0.iter().enumerate().flat_map(one).collect()
    }

    /// The table, its buttons and the totals.
    pub fn draw(&self, firm: &Firm, currency: Currency, errors: &[FieldError]) -> Markup {
        let wrong = errors.iter().find(|e| e.key == "lines");
        html! {
            div id=(field_id("lines")) tabindex="-1" {
                @if let Some(error) = wrong { p.err { span.vh { "Error:" } " " (error.message) } }
                (parts::scroll("Lines", &self.table(firm, currency, errors)))
            }
            div.under {
                p.row {
                    button.btn name="add" value="line" { (icon(Icon::Plus)) "Add a line" }
                    button.btn.quiet name="do" value="recalc" { "Recalculate" }
                }
                @match self.totals(currency) {
                    Some(sums) => (parts::totals(&total_lines(&sums, firm.locale))),
                    None => p.mut { "The totals appear once every line can be read and the sum is within the limits." },
                }
            }
        }
    }

    fn table(&self, firm: &Firm, currency: Currency, errors: &[FieldError]) -> Markup {
        html! {
            table.lines {
                thead { tr {
                    th scope="col" { "What was done" }
                    th.num scope="col" { "Quantity" }
                    th scope="col" { "Unit" }
                    th.num scope="col" { "Price" }
                    th.num scope="col" { "Off %" }
                    th scope="col" { "VAT" }
                    th.num scope="col" { "Amount" }
                    td {}
                } }
                tbody { @for (at, typed) in self.0.iter().enumerate() { (row(at, typed, firm, currency, errors)) } }
            }
        }
    }
}

/// The sums under the lines, as (name, figure); the last is the total.
pub fn total_lines(sums: &Totals, locale: Locale) -> Vec<(String, String)> {
    let money = |minor| Money::new(minor, sums.currency);
    let mut out = vec![("Without VAT".to_owned(), locale.amount(money(sums.net)))];
    for group in &sums.groups {
        let base = locale.amount(money(group.base));
        let name = match group.vat.category {
            VatCategory::Standard => format!("VAT, {} of {base}", locale.percent(group.vat.rate)),
            other => format!("{}, of {base}", other.words()),
        };
        out.push((name, locale.amount(money(group.tax))));
    }
    out.push(("Total".to_owned(), locale.money(sums.payable())));
    out
}

fn row(at: usize, typed: &Typed, firm: &Firm, currency: Currency, errors: &[FieldError]) -> Markup {
    let cell = |part: &'static str| Cell::new(at, part, errors);
    let units: Vec<(String, String)> = Unit::ALL.iter().map(|u| (u.code().to_owned(), u.words().to_owned())).collect();
    let net = {
        let mut faults = Faults::default();
        let line = typed.read(at, &mut faults);
        (faults.is_empty()).then(|| line.amount(currency)).flatten()
    };
    let amount = net.filter(|_| !typed.is_blank()).map_or(String::new(), |m| firm.locale.amount(m));
    html! {
        tr {
            td { (cell("description").area(&typed.description)) }
            td { (cell("quantity").number(&typed.quantity, "num")) }
            td { (cell("unit").select(&typed.unit, &units)) }
            td { (cell("price").number(&typed.price, "num rate")) }
            td { (cell("discount").number(&typed.discount, "num disc")) }
            td.vatc { (cell("vat").select(&typed.vat, &vat_choices(firm, &typed.vat))) }
            td.num.sumc { (amount) }
            td {
                button.btn.quiet.sm.ico name="remove" value=(at) { (icon(Icon::Cross)) span.vh { "Remove line " (at + 1) } }
            }
        }
    }
}

/// The firm's rates, the categories without one, and the one that is chosen if it is none of these.
fn vat_choices(firm: &Firm, chosen: &str) -> Vec<(String, String)> {
    let standard = |rate: Decimal| Vat { category: VatCategory::Standard, rate };
    let words = |vat: Vat| match vat.category {
        VatCategory::Standard => firm.locale.percent(vat.rate),
        other => other.words().to_owned(),
    };
    let none = VatCategory::ALL.into_iter().filter(|c| *c != VatCategory::Standard);
    let rates = firm.vat_rates.iter().filter(|rate| !rate.is_zero()).map(|rate| standard(*rate));
    let all = rates.chain(none.map(|category| Vat { category, rate: Decimal::ZERO }));
    let mut out: Vec<(String, String)> = all.map(|vat| (vat_code(vat), words(vat))).collect();
    if !out.iter().any(|x| x.0 == chosen) {
        match read_vat(chosen) {
            Ok(vat) => out.push((chosen.to_owned(), words(vat))),
            Err(_) => out.insert(0, (String::new(), "Choose".to_owned())),
        }
    }
    out
}

/// A control of a line, with its error.
struct Cell<'a> {
    name: String,
    label: String,
    error: Option<&'a str>,
}

impl<'a> Cell<'a> {
    fn new(at: usize, part: &str, errors: &'a [FieldError]) -> Self {
        let name = field_name(at, part);
        let words = PARTS.iter().find(|p| p.0 == part).map_or(part, |p| p.1);
        let error = errors.iter().find(|e| e.key == name).map(|e| e.message.as_str());
        Self { label: format!("Line {}, {words}", at + 1), error, name }
    }

    fn around(&self, control: Markup) -> Markup {
        html! {
            @if let Some(error) = self.error { p.err.small id={ (field_id(&self.name)) "-e" } { (error) } }
            (control)
        }
    }

    fn described_by(&self) -> Option<String> {
        self.error.map(|_| format!("{}-e", field_id(&self.name)))
    }

    fn invalid(&self) -> Option<&'static str> {
        self.error.map(|_| "true")
    }

    fn area(&self, value: &str) -> Markup {
        self.around(html! {
            textarea id=(field_id(&self.name)) name=(self.name) aria-label=(self.label) rows="1"
                aria-invalid=[self.invalid()] aria-describedby=[self.described_by()] { (value) }
        })
    }

    fn number(&self, value: &str, class: &str) -> Markup {
        self.around(html! {
            input.(class) id=(field_id(&self.name)) name=(self.name) aria-label=(self.label) inputmode="decimal"
                autocomplete="off" value=(value) aria-invalid=[self.invalid()] aria-describedby=[self.described_by()];
        })
    }

    fn select(&self, value: &str, choices: &[(String, String)]) -> Markup {
        self.around(html! {
            select id=(field_id(&self.name)) name=(self.name) aria-label=(self.label)
                aria-invalid=[self.invalid()] aria-describedby=[self.described_by()] {
                @for (code, words) in choices { option value=(code) selected[code == value] { (words) } }
            }
        })
    }
}

/// The buttons at the end of a form, as (value, words); the first is the one that most people want.
pub fn buttons(acts: &[(&str, &str)]) -> Markup {
    parts::dock(html! {
        @for (at, (value, words)) in acts.iter().enumerate() {
            (parts::submit_as(if at == 0 { Look::Primary } else { Look::Plain }, "do", value, words))
        }
    })
}
