//! The lines of an invoice or quote while they are being written: read from a form, added, removed, drawn with their
//! amounts, and made domain lines with the fault of each field.
//!
//! Knows no store and no route. What was typed always comes back, whatever it was.

use maud::{Markup, html};
use rust_decimal::Decimal;

use super::invoice_typed::{
    Bare, Cell, period, portion, portion_words, read_vat, rows, usual_vat, vat_choices, vat_code, whole_fault,
};
use crate::domain::firm::{Firm, Locale};
use crate::domain::money::{Currency, Money};
use crate::domain::refusal::{Faults, FieldFault};
use crate::domain::tax::{Discount, FINE_DIGITS, LINES_MAX, Line, Totals, Unit, VatCategory, parse_number};
use crate::domain::text;
use crate::web::forms::Fields;
use crate::web::parts::{self, FieldError, Icon, Look, field_id, icon};

/// Lines of an empty form.
const FIRST_LINES: usize = 1;
/// The letter that the names of a line's fields begin with.
const LETTER: char = 'l';

/// The parts of a line: name in the form, and its words in messages and for those who hear the page.
const PARTS: [(&str, &str); 12] = [
    ("description", "what was done"),
    ("quantity", "quantity"),
    ("unit", "unit"),
    ("price", "price"),
    ("discount", "discount"),
    ("vat", "VAT"),
    ("from", "first day"),
    ("to", "last day"),
    ("why", "reason for the discount"),
    ("item", "item number"),
    ("order", "line of the client’s order"),
    (OPTIONAL, "whether the client may choose it"),
];

/// The part that says whether a line of a quote is an option: `on` if it is.
const OPTIONAL: &str = "optional";

/// The parts that most lines do without.
const RARE: [&str; 5] = ["from", "to", "why", "item", "order"];

/// A line as it was typed, one text for each of [`PARTS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed(Vec<String>);

impl Typed {
    fn with(parts: &[(&str, String)]) -> Self {
        let value = |name: &str| parts.iter().find(|x| x.0 == name).map_or_else(String::new, |x| x.1.clone());
        Self(PARTS.iter().map(|(name, _)| value(name)).collect())
    }

    /// An empty line with the firm's usual VAT.
    fn new(firm: &Firm) -> Self {
        let unit = Unit::default().code().to_owned();
        Self::with(&[("quantity", "1".to_owned()), ("unit", unit), ("vat", usual_vat(firm))])
    }

    /// A kept line, ready to be changed.
    fn of(line: &Line, option: bool, currency: Currency) -> Self {
        let number = |n: Decimal| n.normalize().to_string();
        let mut parts = vec![
            ("description", line.description.clone()),
            ("quantity", number(line.quantity)),
            ("unit", line.unit.code().to_owned()),
            ("price", number(line.price)),
            ("discount", portion_words(line.discount.portion, currency, Bare::Percent)),
            ("vat", vat_code(line.vat)),
            ("why", line.discount.reason.clone()),
            ("item", line.item.clone()),
            ("order", line.order_line.clone()),
            (OPTIONAL, if option { "on".to_owned() } else { String::new() }),
        ];
        parts.extend(line.period.into_iter().flat_map(|x| [("from", x.from.to_string()), ("to", x.to.to_string())]));
        Self::with(&parts)
    }

    fn get(&self, part: &str) -> &str {
        PARTS.iter().zip(&self.0).find(|x| x.0.0 == part).map_or("", |x| x.1.as_str())
    }

    /// Whether nobody has written anything into it.
    fn is_blank(&self) -> bool {
        let quantity = self.get("quantity").trim();
        let rest = ["description", "price", "discount"].into_iter().chain(RARE);
        (quantity.is_empty() || quantity == "1") && rest.into_iter().all(|part| self.get(part).trim().is_empty())
    }

    /// Whether anything is in the parts that most lines do without.
    fn is_rare(&self) -> bool {
        RARE.iter().any(|part| !self.get(part).trim().is_empty())
    }

    fn read(&self, at: usize, currency: Currency, faults: &mut Faults) -> Line {
        let missing = "Say what was done, or empty the line.";
        let description = text::paragraph("", self.get("description"))
            .and_then(|t| if t.is_empty() { Err(FieldFault::new("", missing)) } else { Ok(t) });
        let price = parse_number("", self.get("price"), FINE_DIGITS).and_then(|n| {
            let below = "Enter a price of 0 or more; to take something back, make the quantity negative.";
            if n.is_sign_negative() && !n.is_zero() { Err(FieldFault::new("", below)) } else { Ok(n) }
        });
        let unit = Unit::from_code(self.get("unit")).ok_or_else(|| FieldFault::new("", "Choose a unit."));
        let mut take = Naming { at, faults };
        let words = |part: &str| text::line("", self.get(part), text::LINE_MAX);
        Line {
            description: take.part("description", description),
            quantity: take.part("quantity", parse_number("", self.get("quantity"), FINE_DIGITS)),
            unit: take.part("unit", unit),
            price: take.part("price", price),
            discount: Discount {
                portion: take.part("discount", portion("", self.get("discount"), currency, Bare::Percent)),
                reason: take.part("why", words("why")),
            },
            vat: take.part("vat", read_vat(self.get("vat"))),
            period: take.part("to", period("", self.get("from"), self.get("to"))),
            item: take.part("item", words("item")),
            order_line: take.part("order", words("order")),
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
        let named = |f: FieldFault| {
            FieldFault::new(&field_name(self.at, part), format!("Line {}, {}: {}", self.at + 1, words(part), f.message))
        };
        self.faults.take(read.map_err(named))
    }
}

fn words(part: &str) -> &str {
    PARTS.iter().find(|p| p.0 == part).map_or(part, |p| p.1)
}

fn field_name(at: usize, part: &str) -> String {
    format!("{LETTER}{at}.{part}")
}

/// The lines of a form.
#[derive(Clone, Debug)]
pub struct Lines(Vec<Typed>);

impl Lines {
    /// What an empty form has.
    pub fn new(firm: &Firm) -> Self {
        Self(vec![Typed::new(firm); FIRST_LINES])
    }

    /// Kept lines, those of `options` as options; an empty one when there are none.
    pub fn of(lines: &[Line], options: &[u32], currency: Currency, firm: &Firm) -> Self {
        if lines.is_empty() {
            return Self::new(firm);
        }
        Self((1..).zip(lines).map(|(number, line)| Typed::of(line, options.contains(&number), currency)).collect())
    }

    /// The lines that are options, by their number among those that are not blank.
    pub fn options(&self) -> Vec<u32> {
        let written = (1..).zip(self.0.iter().filter(|x| !x.is_blank()));
        written.filter(|x| x.1.get(OPTIONAL) == "on").map(|x| x.0).collect()
    }

    /// What was typed, at most one line more than a document may have.
    pub fn typed(fields: &Fields) -> Self {
        Self(rows(fields, LETTER, &PARTS.map(|x| x.0), LINES_MAX).into_iter().map(Typed).collect())
    }

    /// Does what a button of the lines asks for: `add`, or `remove` with the line's place. False when none was pressed.
    pub fn edit(&mut self, fields: &Fields, firm: &Firm) -> bool {
        if fields.get("add") == "line" {
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
    pub fn read(&self, currency: Currency, faults: &mut Faults) -> Vec<Line> {
        if self.0.len() > LINES_MAX {
            faults.add("lines", format!("Use {LINES_MAX} lines or fewer."));
        }
        let written = self.0.iter().enumerate().filter(|x| !x.1.is_blank());
        written.map(|(at, typed)| typed.read(at, currency, faults)).collect()
    }

    /// As (name, value) pairs, to carry the lines through a page that does not show them.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let one = |(at, typed): (usize, &Typed)| {
            let named = PARTS.iter().zip(typed.0.clone()).map(move |((part, _), value)| (field_name(at, part), value));
            named.collect::<Vec<_>>()
        };
        self.0.iter().enumerate().flat_map(one).collect()
    }

    /// The table, its buttons and, below it, `totals`; of a quote with what makes a line an option.
    pub fn draw(
        &self,
        firm: &Firm,
        currency: Currency,
        totals: Option<&Totals>,
        quote: bool,
        errors: &[FieldError],
    ) -> Markup {
        html! {
            div id=(field_id("lines")) tabindex="-1" {
                (whole_fault("lines", errors))
                (parts::scroll("Lines", &self.table(firm, currency, quote, errors)))
            }
            div.under {
                p.row {
                    button.btn name="add" value="line" { (icon(Icon::Plus)) "Add a line" }
                    button.btn.quiet name="do" value="recalc" { "Recalculate" }
                }
                @match totals {
                    Some(sums) => {
                        (parts::totals(&total_lines(sums, firm.locale)))
                        @if quote && !self.options().is_empty() { p.small.mut { "Without the options." } }
                    }
                    None => p.mut { "The totals appear once every line can be read and the sum is within the limits." },
                }
            }
        }
    }

    fn table(&self, firm: &Firm, currency: Currency, quote: bool, errors: &[FieldError]) -> Markup {
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
                tbody { @for (at, typed) in self.0.iter().enumerate() {
                    (row(at, typed, firm, currency, quote, errors))
                } }
            }
        }
    }
}

/// The sums under the lines, as (name, figure); the last is the total.
pub fn total_lines(sums: &Totals, locale: Locale) -> Vec<(String, String)> {
    let figure = |minor| locale.amount(Money::new(minor, sums.currency));
    let mut out = Vec::new();
    let mut add = |name: &str, minor: i64, shown: bool| {
        if shown {
            out.push((name.to_owned(), figure(minor)));
        }
    };
    let adjusted = sums.allowances != 0 || sums.charges != 0;
    add("Lines", sums.lines, adjusted);
    add("Discounts", sums.allowances.saturating_neg(), sums.allowances != 0);
    add("Surcharges", sums.charges, sums.charges != 0);
    add("Without VAT", sums.net, true);
    for group in &sums.groups {
        let base = figure(group.base);
        let name = match group.vat.category {
            VatCategory::Standard => format!("VAT, {} of {base}", locale.percent(group.vat.rate)),
            other if other.has_rates() => {
                format!("{}, {} of {base}", other.words(), locale.percent(group.vat.rate))
            }
            other => format!("{}, of {base}", other.words()),
        };
        add(&name, group.tax, true);
    }
    add("With VAT", sums.gross, sums.prepaid != 0 || sums.rounding != 0);
    add("Paid already", sums.prepaid.saturating_neg(), sums.prepaid != 0);
    add("Rounding", sums.rounding, sums.rounding != 0);
    out.push(("Total".to_owned(), locale.money(sums.payable())));
    out
}

fn row(at: usize, typed: &Typed, firm: &Firm, currency: Currency, quote: bool, errors: &[FieldError]) -> Markup {
    let cell = |part: &str| Cell::new(field_name(at, part), format!("Line {}, {}", at + 1, words(part)), errors);
    let units: Vec<(String, String)> = Unit::ALL.iter().map(|u| (u.code().to_owned(), u.words().to_owned())).collect();
    let amount = {
        let mut faults = Faults::default();
        let line = typed.read(at, currency, &mut faults);
        (faults.is_empty()).then(|| line.amount(currency)).flatten()
    };
    let amount = amount.filter(|_| !typed.is_blank()).map_or(String::new(), |m| firm.locale.amount(m));
    html! {
        tr {
            td {
                (cell("description").area(typed.get("description")))
                @if quote { (option(at, typed)) }
                (rare(at, typed, &cell, errors))
            }
            td { (cell("quantity").number(typed.get("quantity"), "num")) }
            td { (cell("unit").select(typed.get("unit"), &units)) }
            td { (cell("price").number(typed.get("price"), "num rate")) }
            td { (cell("discount").number(typed.get("discount"), "num disc")) }
            td.vatc { (cell("vat").select(typed.get("vat"), &vat_choices(firm, typed.get("vat")))) }
            td.num.sumc { (amount) }
            td {
                button.btn.quiet.sm.ico name="remove" value=(at) { (icon(Icon::Cross)) span.vh { "Remove line " (at + 1) } }
            }
        }
    }
}

/// Whether the client may choose the line.
fn option(at: usize, typed: &Typed) -> Markup {
    let name = field_name(at, OPTIONAL);
    html! {
        label.pick.small {
            input type="checkbox" id=(field_id(&name)) name=(name) value="on" checked[typed.get(OPTIONAL) == "on"];
            span { "Optional" span.vh { ": line " (at + 1) } }
        }
    }
}

/// What most lines do without, closed while it is empty.
fn rare<'a>(at: usize, typed: &Typed, cell: &impl Fn(&str) -> Cell<'a>, errors: &[FieldError]) -> Markup {
    let wrong = RARE.iter().any(|part| errors.iter().any(|e| e.key == field_name(at, part)));
    let labelled = |label: &str, control: Markup| html! { div.rare { span aria-hidden="true" { (label) } (control) } };
    html! {
        details.more.small open[typed.is_rare() || wrong] {
            summary { "Period, item, reason" span.vh { " of line " (at + 1) } }
            div.rares {
                (labelled("From", cell("from").date(typed.get("from"))))
                (labelled("To", cell("to").date(typed.get("to"))))
                (labelled("Item number", cell("item").text(typed.get("item"))))
                (labelled("Client’s order line", cell("order").text(typed.get("order"))))
                (labelled("Reason for the discount", cell("why").text(typed.get("why"))))
            }
        }
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
