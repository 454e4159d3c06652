//! Name, address, identifiers and electronic address in a form: of a client, and of the firm itself.

use maud::{Markup, html};

use super::contact_form::PHONE_MAX;
use super::form::Typed;
use crate::domain::client::Party;
use crate::domain::party::{self, Endpoint, LEGAL_ID_MAX, PartyContact};
use crate::domain::refusal::{Faults, FieldFault};
use crate::domain::text::{EmailAddress, LINE_MAX, line, required};
use crate::domain::{country, particulars};
use crate::web::forms::Fields;
use crate::web::parts::{self, Choice, Input};

/// Longest town, postcode, county.
const PLACE_MAX: usize = 80;

/// Puts a party into the form's fields.
pub fn fill(fields: &mut Fields, party: &Party) {
    fields.set("address", party.address.join("\n"));
    let all = [
        ("name", &party.name),
        ("city", &party.city),
        ("postcode", &party.postcode),
        ("subdivision", &party.subdivision),
        ("country", &party.country),
        ("vat_id", &party.vat_id),
        ("legal_id", &party.legal_id),
        ("endpoint_scheme", &party.endpoint.scheme),
        ("endpoint", &party.endpoint.id),
        ("attention", &party.contact.name),
        ("attention_phone", &party.contact.phone),
        ("attention_email", &party.contact.email),
    ];
    all.into_iter().for_each(|(name, value)| fields.set(name, value));
}

/// The fields; `name_label` says whose name it is.
pub fn inputs(typed: Typed<'_>, name_label: &str) -> Markup {
    let name = typed.field("name", name_label).hint("As it’s printed on invoices.").autocomplete("organization");
    let address = typed.field("address", "Street address").hint("One printed line each, before the town.");
    let place = |name, label| parts::input(&typed.field(name, label).optional(), Input::Text);
    let countries: Vec<Choice<'_>> =
        [Choice::new("", "Not known")].into_iter().chain(country::all().map(|(c, n)| Choice::new(c, n))).collect();
    let vat = typed.field("vat_id", "VAT number").hint("With its country’s letters, like IE6388047V.").optional();
    let legal = typed.field("legal_id", "Register number").hint("In the register of companies or of taxpayers.");
    html! {
        (parts::input(&name, Input::Text))
        (parts::textarea(&address.optional(), 3))
        (place("city", "Town"))
        (place("postcode", "Postcode"))
        (place("subdivision", "County or state"))
        (parts::select(&typed.field("country", "Country"), &countries))
        (parts::input(&vat, Input::Text))
        (parts::input(&legal.optional(), Input::Text))
        (electronic(typed))
    }
}

fn electronic(typed: Typed<'_>) -> Markup {
    let kinds: Vec<Choice<'_>> =
        [Choice::new("", "None")].into_iter().chain(party::schemes().map(|(c, w)| Choice::new(c, w))).collect();
    let kind = typed.field("endpoint_scheme", "Kind of electronic address");
    let kind = kind.hint("Where electronic invoices are delivered, as in Peppol.");
    html! {
        (parts::select(&kind, &kinds))
        (parts::input(&typed.field("endpoint", "Electronic address").optional(), Input::Text))
    }
}

/// The fields of whom to turn to at a client; of the firm the letterhead says it.
pub fn attention_inputs(typed: Typed<'_>) -> Markup {
    let who = typed.field("attention", "For the attention of").hint("Named on invoices, a person or department.");
    html! {
        (parts::input(&who.optional(), Input::Text))
        (parts::input(&typed.field("attention_phone", "Their telephone").optional(), Input::Tel))
        (parts::input(&typed.field("attention_email", "Their e-mail").optional(), Input::Email))
    }
}

/// Reads the fields; what is wrong goes to `faults`.
pub fn read(faults: &mut Faults, fields: &Fields) -> Party {
    let mut text = |name: &str, max| faults.take(line(name, fields.get(name), max));
    let [city, postcode, subdivision] = ["city", "postcode", "subdivision"].map(|name| text(name, PLACE_MAX));
    let legal_id = text("legal_id", LEGAL_ID_MAX);
    let contact = PartyContact {
        name: text("attention", LINE_MAX),
        phone: text("attention_phone", PHONE_MAX),
        email: faults.take(optional_email("attention_email", fields.get("attention_email"))),
    };
    Party {
        name: faults.take(required("name", fields.get("name"), LINE_MAX, "Enter the name.")),
        address: faults.take(particulars::address("address", fields.get("address"))),
        city,
        postcode,
        subdivision,
        country: faults.take(country::parse("country", fields.get("country"))),
        vat_id: faults.take(particulars::vat_id("vat_id", fields.get("vat_id"))),
        legal_id,
        endpoint: faults.take(Endpoint::parse(fields.get("endpoint_scheme"), fields.get("endpoint"))),
        contact,
    }
}

fn optional_email(field: &str, text: &str) -> Result<String, FieldFault> {
    if text.trim().is_empty() { Ok(String::new()) } else { EmailAddress::parse(field, text).map(|x| x.to_string()) }
}
