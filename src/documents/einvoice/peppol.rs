//! Whether a [`Bill`] keeps the rules that Peppol BIS Billing 3.0 adds to EN 16931.
//!
//! Where it can't be told here, as for countries with rules of their own for identifiers, the answer is no: the
//! document then says EN 16931 alone, which is true.

use super::{Bill, Trader};
use crate::domain::party::EMAIL_SCHEME;

/// Sellers of these countries have rules of their own about identifiers and schemes (DK-R, GR-R, IS-R, IT-R, NL-R,
/// NO-R, SE-R).
const OWN_RULES: [&str; 8] = ["DK", "EL", "GR", "IS", "IT", "NL", "NO", "SE"];

/// Whether the extra rules are kept.
pub(super) fn is_met(bill: &Bill) -> bool {
    let delivered = |party: &Trader| party.endpoint.as_ref().is_some_and(|(scheme, _)| scheme != EMAIL_SCHEME);
    // R010 and R020: both can be reached. R003: the buyer can place it.
    let reached = delivered(&bill.seller) && delivered(&bill.buyer);
    let placed = !bill.reference.is_empty() || !bill.order.is_empty();
    reached && placed && periods_within(bill) && is_national(bill)
}

/// R110 and R111: no line's period reaches beyond the document's.
fn periods_within(bill: &Bill) -> bool {
    let Some((from, to)) = bill.period else { return true };
    bill.lines.iter().filter_map(|x| x.period).all(|p| from <= p.0 && p.1 <= to)
}

/// What the seller's country adds: DE-R-001 to DE-R-015, and what can't be told here.
fn is_national(bill: &Bill) -> bool {
    let country = bill.seller.vat_id.get(..2).unwrap_or(&bill.seller.country);
    if OWN_RULES.contains(&country) {
        return false;
    }
    let placed = |party: &Trader| !party.city.is_empty() && !party.postcode.is_empty();
    let contact = bill.seller.contact.iter().all(|x| !x.is_empty());
    country != "DE"
        || (bill.transfer.is_some()
            && contact
            && placed(&bill.seller)
            && placed(&bill.buyer)
            && !bill.reference.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::Transfer;
    use super::*;

    fn bill() -> Bill {
        let at = |country: &str| Trader {
            country: country.into(),
            endpoint: Some(("9935".into(), "IE1".into())),
            ..Trader::default()
        };
        Bill { reference: "PO 7".into(), seller: at("IE"), buyer: at("DE"), ..Bill::default() }
    }

    #[test]
    fn peppol_is_claimed_only_where_its_rules_are_known_to_be_kept() {
        assert!(is_met(&bill()));
        let mail = Some((EMAIL_SCHEME.to_owned(), "a@b.example".to_owned()));
        let mut wrong = vec![Bill { reference: String::new(), ..bill() }];
        wrong.extend([None, mail].map(|endpoint| Bill { buyer: Trader { endpoint, ..bill().buyer }, ..bill() }));
        wrong.push(Bill { seller: Trader { country: "NL".into(), ..bill().seller }, ..bill() });
        for bill in wrong {
            assert!(!is_met(&bill), "{bill:?}");
        }
    }

    #[test]
    fn german_sellers_say_more() {
        let mut bill = bill();
        bill.seller.country = "DE".into();
        assert!(!is_met(&bill));
        bill.transfer = Some(Transfer::default());
        for party in [&mut bill.seller, &mut bill.buyer] {
            (party.city, party.postcode) = ("Köln".into(), "50667".into());
        }
        bill.seller.contact = ["A", "0221 1", "a@b.example"].map(str::to_owned);
        assert!(is_met(&bill));
    }
}
