//! Addresses of the desk's pages, and queries that can be bookmarked.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::access::StaffScope;
use crate::domain::ids::{ClientId, InvoiceId, LetterId, QuoteId};
use crate::domain::payment::Source;

/// The list of what is overdue.
pub const OVERDUE: &str = "/desk/invoices?state=overdue";
/// The list of drafts.
pub const DRAFTS: &str = "/desk/invoices?state=draft";

/// A client's page.
pub fn client(id: ClientId) -> String {
    format!("/desk/clients/{id}")
}

/// An issued document's page.
pub fn invoice(id: InvoiceId) -> String {
    format!("/desk/invoices/{id}")
}

/// A draft's page.
pub fn draft(id: InvoiceId) -> String {
    format!("/desk/invoices/{id}/edit")
}

/// A quote's page.
pub fn quote(id: QuoteId) -> String {
    format!("/desk/quotes/{id}")
}

/// A letter's page.
pub fn letter(id: LetterId) -> String {
    format!("/desk/letters/{id}")
}

/// The page of a payment, or of a credit note as something to apply.
pub fn source(source: Source) -> String {
    match source {
        Source::Receipt(id) => format!("/desk/payments/{id}"),
        Source::Credit(id) => format!("/desk/payments/credit-{id}"),
        Source::EarlyPayment(id) | Source::WrittenOff(id) => client(id),
    }
}

/// `path` with a query of those pairs that have a value.
pub fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut out = path.to_owned();
    let mut mark = '?';
    for (name, value) in pairs.iter().filter(|pair| !pair.1.is_empty()) {
        out.push(mark);
        out.push_str(name);
        out.push('=');
        out.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
        mark = '&';
    }
    out
}

/// What a member of staff reaches: everything as `[None]`, or each client alone. For reads that are narrowed to one
/// client by an option.
pub fn reach(scope: &StaffScope) -> Vec<Option<ClientId>> {
    scope.only().map_or_else(|| vec![None], |some| some.iter().copied().map(Some).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_holds_what_has_a_value_and_nothing_breaks_out() {
        assert_eq!(with_query("/a", &[("q", ""), ("w", "x&y=é")]), "/a?w=x%26y%3D%C3%A9");
        assert_eq!(with_query("/a", &[("q", "")]), "/a");
    }
}
