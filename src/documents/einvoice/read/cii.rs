//! A UN/CEFACT Cross Industry Invoice as a [`Bill`].

use jiff::civil::Date;

use super::super::{Bill, Change, Group, Item, Sums, Tax, Trader, Transfer};
use super::Fault;
use super::parts::{amount, compact_day, figure, is_true, lines, must};
use super::tree::Element;

/// Codes of documents that give back (UNTDID 1001, the credit notes of EN 16931).
const CREDITS: [&str; 5] = ["381", "396", "532", "83", "261"];

/// Reads the root.
pub(super) fn read(root: &Element) -> Result<Bill, Fault> {
    let part =
        |path: &str, what: &str| root.at(path).ok_or_else(|| Fault::of(root, format!("{what} is missing ({path}).")));
    let head = part("ExchangedDocument", "The document’s head")?;
    let body = part("SupplyChainTradeTransaction", "What was traded")?;
    let agreement = part("SupplyChainTradeTransaction/ApplicableHeaderTradeAgreement", "Who trades")?;
    let settlement = part("SupplyChainTradeTransaction/ApplicableHeaderTradeSettlement", "What is to be paid")?;
    let delivery = body.child("ApplicableHeaderTradeDelivery");
    let currency = must(settlement, "InvoiceCurrencyCode", "BR-05", "The currency")?;
    let code = must(head, "TypeCode", "BR-04", "The kind of document")?;
    let no_date = || Fault::of(head, "BR-03: The date of issue is missing (IssueDateTime).");
    let delivered = delivery.and_then(|x| x.at("ActualDeliverySupplyChainEvent/OccurrenceDateTime"));
    Ok(Bill {
        credit: CREDITS.contains(&code.as_str()),
        code,
        peppol: false,
        exact: true,
        number: must(head, "ID", "BR-02", "The number")?,
        dated: compact_day(head.child("IssueDateTime"))?.ok_or_else(no_date)?,
        due: due(settlement)?,
        accounting: accounting(settlement, &currency)?,
        note: lines(head.all("IncludedNote").flat_map(|x| x.all("Content"))),
        reference: agreement.text_at("BuyerReference").to_owned(),
        order: agreement.text_at("BuyerOrderReferencedDocument/IssuerAssignedID").to_owned(),
        contract: agreement.text_at("ContractReferencedDocument/IssuerAssignedID").to_owned(),
        project: agreement.text_at("SpecifiedProcuringProject/ID").to_owned(),
        preceding: preceding(settlement)?,
        period: period(settlement)?,
        delivered: compact_day(delivered)?,
        deliver_to: delivery.map_or("", |x| x.text_at("ShipToTradeParty/PostalTradeAddress/CountryID")).to_owned(),
        seller: party(agreement, "SellerTradeParty", "BR-06", "The seller’s name")?,
        buyer: party(agreement, "BuyerTradeParty", "BR-07", "The buyer’s name")?,
        transfer: transfer(settlement),
        terms: lines(settlement.all("SpecifiedTradePaymentTerms").filter_map(|x| x.child("Description"))),
        adjustments: changes(settlement, &currency)?,
        groups: groups(settlement, &currency)?,
        sums: sums(settlement, &currency)?,
        lines: body.all("IncludedSupplyChainTradeLineItem").map(|x| item(x, &currency)).collect::<Result<_, _>>()?,
        currency,
    })
}

/// The latest of the due dates, of which instalments have several.
fn due(settlement: &Element) -> Result<Option<Date>, Fault> {
    let mut last = None;
    for terms in settlement.all("SpecifiedTradePaymentTerms") {
        last = last.max(compact_day(terms.child("DueDateDateTime"))?);
    }
    Ok(last)
}

fn monetary(settlement: &Element) -> Option<&Element> {
    settlement.child("SpecifiedTradeSettlementHeaderMonetarySummation")
}

fn accounting(settlement: &Element, currency: &str) -> Result<Option<(String, String)>, Fault> {
    let other = settlement.text_at("TaxCurrencyCode");
    if other.is_empty() || other == currency {
        return Ok(None);
    }
    let total = monetary(settlement).and_then(|x| x.all("TaxTotalAmount").find(|x| x.attribute("currencyID") == other));
    Ok(total.map(|x| figure(Some(x))).transpose()?.map(|vat| (other.to_owned(), vat)))
}

fn preceding(settlement: &Element) -> Result<Option<(String, Option<Date>)>, Fault> {
    let Some(reference) = settlement.child("InvoiceReferencedDocument") else { return Ok(None) };
    let dated = compact_day(reference.child("FormattedIssueDateTime"))?;
    Ok(Some((reference.text_at("IssuerAssignedID").to_owned(), dated)).filter(|x| !x.0.is_empty()))
}

fn period(parent: &Element) -> Result<Option<(Date, Date)>, Fault> {
    let Some(element) = parent.child("BillingSpecifiedPeriod") else { return Ok(None) };
    Ok(compact_day(element.child("StartDateTime"))?.zip(compact_day(element.child("EndDateTime"))?))
}

fn party(agreement: &Element, which: &str, rule: &str, what: &str) -> Result<Trader, Fault> {
    let Some(party) = agreement.child(which) else {
        return Err(Fault::of(agreement, format!("{rule}: {what} is missing ({which}).")));
    };
    let at = |path: &str| party.text_at(path).to_owned();
    let registered = |scheme: &str| {
        let mut all = party.all("SpecifiedTaxRegistration").filter_map(|x| x.child("ID"));
        all.find(|x| x.attribute("schemeID") == scheme).map_or_else(String::new, |x| x.text.clone())
    };
    let address = party.child("PostalTradeAddress");
    let place = |path: &str| address.map_or("", |x| x.text_at(path)).to_owned();
    let endpoint = party.at("URIUniversalCommunication/URIID").filter(|x| !x.text.is_empty());
    let id = at("ID");
    Ok(Trader {
        id: if id.is_empty() { at("GlobalID") } else { id },
        name: must(party, "Name", rule, what)?,
        vat_id: registered("VA"),
        tax_id: registered("FC"),
        legal_id: at("SpecifiedLegalOrganization/ID"),
        legal_form: at("Description"),
        endpoint: endpoint.map(|x| (x.attribute("schemeID").to_owned(), x.text.clone())),
        address: ["LineOne", "LineTwo", "LineThree"].map(place),
        city: place("CityName"),
        postcode: place("PostcodeCode"),
        subdivision: place("CountrySubDivisionName"),
        country: place("CountryID"),
        contact: [
            at("DefinedTradeContact/PersonName"),
            at("DefinedTradeContact/TelephoneUniversalCommunication/CompleteNumber"),
            at("DefinedTradeContact/EmailURIUniversalCommunication/URIID"),
        ],
    })
}

fn transfer(settlement: &Element) -> Option<Transfer> {
    let account = "PayeePartyCreditorFinancialAccount";
    let means = settlement.all("SpecifiedTradeSettlementPaymentMeans").find(|x| x.child(account).is_some())?;
    let at = |path: &str| means.text_at(path).to_owned();
    let [iban, other, name] = ["IBANID", "ProprietaryID", "AccountName"].map(|x| at(&format!("{account}/{x}")));
    Some(Transfer {
        code: at("TypeCode"),
        reference: settlement.text_at("PaymentReference").to_owned(),
        iban: if iban.is_empty() { other } else { iban },
        name,
        bic: at("PayeeSpecifiedCreditorFinancialInstitution/BICID"),
    })
}

fn changes(parent: &Element, currency: &str) -> Result<Vec<Change>, Fault> {
    let one = |x: &Element| {
        let of = (amount(x.child("BasisAmount"), currency)?, figure(x.child("CalculationPercent"))?);
        Ok(Change {
            charge: is_true(x.at("ChargeIndicator/Indicator"))?,
            amount: amount(x.child("ActualAmount"), currency)?,
            of: Some(of).filter(|of| !of.0.is_empty() && !of.1.is_empty()),
            reason: x.text_at("Reason").to_owned(),
            tax: x.child("CategoryTradeTax").map(tax).transpose()?,
        })
    };
    parent.all("SpecifiedTradeAllowanceCharge").map(one).collect()
}

fn tax(element: &Element) -> Result<Tax, Fault> {
    Ok(Tax {
        category: element.text_at("CategoryCode").to_owned(),
        rate: figure(element.child("RateApplicablePercent"))?,
    })
}

fn groups(settlement: &Element, currency: &str) -> Result<Vec<Group>, Fault> {
    let one = |x: &Element| {
        Ok(Group {
            tax: tax(x)?,
            base: amount(x.child("BasisAmount"), currency)?,
            amount: amount(x.child("CalculatedAmount"), currency)?,
            reason: lines(x.all("ExemptionReason")),
            reason_code: x.text_at("ExemptionReasonCode").to_owned(),
        })
    };
    settlement.all("ApplicableTradeTax").map(one).collect()
}

fn sums(settlement: &Element, currency: &str) -> Result<Sums, Fault> {
    let Some(total) = monetary(settlement) else {
        return Err(Fault::of(settlement, "BR-15: The totals are missing."));
    };
    let at = |name: &str| amount(total.child(name), currency);
    let own = |x: &&Element| x.attribute("currencyID") == currency;
    let vat = total.all("TaxTotalAmount").find(own).or_else(|| total.child("TaxTotalAmount"));
    Ok(Sums {
        lines: at("LineTotalAmount")?,
        allowances: at("AllowanceTotalAmount")?,
        charges: at("ChargeTotalAmount")?,
        net: at("TaxBasisTotalAmount")?,
        vat: amount(vat, currency)?,
        gross: at("GrandTotalAmount")?,
        prepaid: at("TotalPrepaidAmount")?,
        rounding: at("RoundingAmount")?,
        payable: at("DuePayableAmount")?,
    })
}

fn item(x: &Element, currency: &str) -> Result<Item, Fault> {
    let quantity = x.at("SpecifiedLineTradeDelivery/BilledQuantity");
    let Some(settlement) = x.child("SpecifiedLineTradeSettlement") else {
        return Err(Fault::of(x, "BR-24: The line’s amount is missing (SpecifiedLineTradeSettlement)."));
    };
    let price = x.at("SpecifiedLineTradeAgreement/NetPriceProductTradePrice");
    Ok(Item {
        id: x.text_at("AssociatedDocumentLineDocument/LineID").to_owned(),
        quantity: figure(quantity)?,
        unit: quantity.map_or("", |x| x.attribute("unitCode")).to_owned(),
        net: amount(settlement.at("SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount"), currency)?,
        price: amount(price.and_then(|x| x.child("ChargeAmount")), currency)?,
        per: figure(price.and_then(|x| x.child("BasisQuantity")))?,
        name: x.text_at("SpecifiedTradeProduct/Name").to_owned(),
        detail: lines(x.at("SpecifiedTradeProduct").into_iter().flat_map(|x| x.all("Description"))),
        seller_item: x.text_at("SpecifiedTradeProduct/SellerAssignedID").to_owned(),
        order_line: x.text_at("SpecifiedLineTradeAgreement/BuyerOrderReferencedDocument/LineID").to_owned(),
        period: period(settlement)?,
        changes: changes(settlement, currency)?,
        optional: false,
        tax: settlement.child("ApplicableTradeTax").map_or_else(|| Ok(Tax::default()), tax)?,
    })
}
