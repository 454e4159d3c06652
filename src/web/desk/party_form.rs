//! Name, address, country and VAT identifier in a form: of a client, and of the firm itself.

use maud::{Markup, html};

use super::form::Typed;
use crate::domain::client::Party;
use crate::domain::particulars;
use crate::domain::refusal::Faults;
use crate::domain::text::{LINE_MAX, required};
use crate::web::forms::Fields;
use crate::web::parts::{self, Input};

/// Puts a party into the form's fields.
pub fn fill(fields: &mut Fields, party: &Party) {
    fields.set("name", &party.name);
    fields.set("address", party.address.join("\n"));
    fields.set("country", &party.country);
    fields.set("vat_id", &party.vat_id);
}

/// The fields; `name_label` says whose name it is.
pub fn inputs(typed: Typed<'_>, name_label: &str) -> Markup {
    let name = typed.field("name", name_label).hint("As it’s printed on invoices.").autocomplete("organization");
    let address = typed.field("address", "Postal address").hint("One printed line each, without the country.");
    let country = typed.field("country", "Country").hint("Two letters, like IE or DE.").short().optional();
    let vat = typed.field("vat_id", "VAT number").hint("With its country’s letters, like IE6388047V.").optional();
    html! {
        (parts::input(&name, Input::Text))
        (parts::textarea(&address.optional(), 4))
        (parts::input(&country, Input::Text))
        (parts::input(&vat, Input::Text))
    }
}

/// Reads the fields; what is wrong goes to `faults`.
pub fn read(faults: &mut Faults, fields: &Fields) -> Party {
    Party {
        name: faults.take(required("name", fields.get("name"), LINE_MAX, "Enter the name.")),
        address: faults.take(particulars::address("address", fields.get("address"))),
        country: faults.take(particulars::country("country", fields.get("country"))),
        vat_id: faults.take(particulars::vat_id("vat_id", fields.get("vat_id"))),
    }
}
