//! What a PDF says of itself, in the form of its publication: filled in, and shown for confirmation.

use maud::{Markup, html};

use crate::actions::imports::book::{Book, Match, of_email};
use crate::actions::imports::is_firm;
use crate::domain::incoming::Incoming;
use crate::domain::money::Money;
use crate::domain::tax::VatCategory;
use crate::store::prelude::*;
use crate::web::forms::Fields;
use crate::web::guard::Desk;
use crate::web::parts::{self, Col, Icon, Row, Tone};
use crate::web::problem::Problem;

/// Lines that are shown; the document has the others.
const LINES_SHOWN: usize = 50;

/// Fills the form from what was read; whether anything stands in it now that was not typed.
pub(super) fn fill(desk: &Desk, r: &ReadTx, fields: &mut Fields, read: &Incoming) -> Result<bool, Problem> {
    let before = fields.clone();
    if fields.get("client").trim().is_empty()
        && let Some(id) = client(desk, r, read)?
    {
        fields.set("client", id);
    }
    for (name, value) in [("of", &read.credits), ("reference", &read.reference)] {
        if fields.get(name).trim().is_empty() {
            fields.set(name, value.clone());
        }
    }
    stated(fields, read);
    let same = |name: &str| before.get(name).trim() == fields.get(name).trim();
    Ok(!["client", "of", "reference", "kind", "number", "amount", "currency", "issued", "due"].into_iter().all(same))
}

/// What the document states itself, and nothing typed may contradict.
pub(super) fn stated(fields: &mut Fields, read: &Incoming) {
    let payable = read.totals.payable();
    let same = |fields: &Fields| Money::parse("", fields.get("amount"), read.currency) == Ok(payable);
    fields.set("kind", if read.credit { "credit" } else { "invoice" });
    fields.set("number", read.number.to_string());
    if !same(fields) {
        fields.set("amount", payable.decimal().to_string());
    }
    fields.set("currency", read.currency.code());
    fields.set("issued", read.dated.to_string());
    if let Some(due) = read.due {
        fields.set("due", due.to_string());
    }
}

fn client(desk: &Desk, r: &ReadTx, read: &Incoming) -> Result<Option<String>, StoreError> {
    let found = match Book::gather(r, &desk.scope)?.buyer(&read.buyer) {
        Match::One(id) => Some(id),
        Match::Several => None,
        Match::None => of_email(r, &read.buyer.contact.email)?.filter(|id| desk.scope.sees(*id)),
    };
    Ok(found.map(|id| id.to_string()))
}

/// That the form was filled, above it.
pub(super) fn note(desk: &Desk, read: &Incoming) -> Markup {
    let seller = read.seller.as_ref();
    let other = seller.filter(|x| !is_firm(&desk.firm.party, x));
    html! {
        div.stack {
            (parts::note(Tone::Info, Icon::File, "Read from the document",
                format!("An e-invoice is inside this PDF. It is addressed to {}; its number, dates and amounts stand below.",
                    read.buyer.name)))
            @if let Some(other) = other {
                (parts::note(Tone::Warn, Icon::Alert, format!("It names {} as seller", other.name),
                    format!("and not {}. Publish it only if that is you.", desk.firm.party.name)))
            }
        }
    }
}

/// Its lines and sums.
pub(super) fn section(desk: &Desk, read: &Incoming) -> Markup {
    let locale = desk.locale();
    let money = |minor: i64| locale.amount(Money::new(minor, read.currency));
    let nets = &read.totals.line_nets;
    let rows: Vec<Row> = read
        .content
        .lines
        .iter()
        .zip(nets)
        .take(LINES_SHOWN)
        .map(|(line, net)| {
            let suffix = line.unit.suffix();
            let quantity = format!("{} {suffix}", locale.number(line.quantity));
            Row::from(vec![html! { (line.name()) }, html! { (quantity.trim()) }, html! { (money(*net)) }])
        })
        .collect();
    let mut sums = vec![("Without VAT".to_owned(), money(read.totals.net))];
    sums.extend(read.totals.groups.iter().map(|group| {
        let name = match group.vat.category {
            VatCategory::Standard => format!("VAT {}", locale.percent(group.vat.rate)),
            other if other.has_rates() => format!("{} {}", other.words(), locale.percent(group.vat.rate)),
            other => other.words().to_owned(),
        };
        (name, money(group.tax))
    }));
    sums.push(("With VAT".to_owned(), money(read.totals.gross)));
    if read.totals.prepaid != 0 {
        sums.push(("Paid already".to_owned(), money(read.totals.prepaid.saturating_neg())));
    }
    if read.totals.rounding != 0 {
        sums.push(("Rounding".to_owned(), money(read.totals.rounding)));
    }
    sums.push(("To pay".to_owned(), locale.money(read.totals.payable())));
    let more = read.content.lines.len().saturating_sub(LINES_SHOWN);
    let cols = [Col::name("What"), Col::num("Quantity"), Col::num("Without VAT")];
    let body = html! {
        @if rows.is_empty() { p.mut { "It states its sums and no lines." } }
        @else { (parts::table("Lines read from the document", &cols, &rows, None)) }
        @if more > 0 { p.small.mut { "And " (more) " more lines." } }
        (parts::totals(&sums))
    };
    parts::section("read", "Read from the document", "Its sums add up", body)
}
