//! An OASIS UBL 2.1 invoice or credit note as a [`Bill`].

use jiff::civil::Date;

use super::super::ubl::PEPPOL;
use super::super::{Bill, Change, Group, Item, Sums, Tax, Trader, Transfer};
use super::Fault;
use super::parts::{amount, day, figure, is_true, lines, must};
use super::tree::Element;

/// Reads the root.
pub(super) fn read(root: &Element) -> Result<Bill, Fault> {
    let credit = root.name == "CreditNote";
    let currency = must(root, "DocumentCurrencyCode", "BR-05", "The currency")?;
    let (totals, accounting) = tax_totals(root, &currency)?;
    let means = root.child("PaymentMeans");
    let due = day(root.child("DueDate").or_else(|| means?.child("PaymentDueDate")))?;
    let no_date = || Fault::of(root, "BR-03: The date of issue is missing (IssueDate).");
    let code = if credit { "CreditNoteTypeCode" } else { "InvoiceTypeCode" };
    Ok(Bill {
        credit,
        code: must(root, code, "BR-04", "The kind of document")?,
        peppol: root.text_at("CustomizationID") == PEPPOL,
        exact: true,
        number: must(root, "ID", "BR-02", "The number")?,
        dated: day(root.child("IssueDate"))?.ok_or_else(no_date)?,
        due,
        accounting,
        note: lines(root.all("Note")),
        reference: root.text_at("BuyerReference").to_owned(),
        order: root.text_at("OrderReference/ID").to_owned(),
        contract: root.text_at("ContractDocumentReference/ID").to_owned(),
        project: project(root),
        preceding: preceding(root)?,
        period: period(root.child("InvoicePeriod"))?,
        delivered: day(root.at("Delivery/ActualDeliveryDate"))?,
        deliver_to: root.text_at("Delivery/DeliveryLocation/Address/Country/IdentificationCode").to_owned(),
        seller: party(root, "AccountingSupplierParty", "BR-06", "The seller’s name")?,
        buyer: party(root, "AccountingCustomerParty", "BR-07", "The buyer’s name")?,
        transfer: means.and_then(transfer),
        terms: lines(root.all("PaymentTerms").filter_map(|x| x.child("Note"))),
        adjustments: changes(root, &currency)?,
        groups: totals.map_or_else(|| Ok(Vec::new()), |x| groups(x, &currency))?,
        sums: sums(root, totals, &currency)?,
        lines: items(root, credit, &currency)?,
        currency,
    })
}

/// The total in the document’s currency, and code and VAT of the accounting currency.
type Taxes<'a> = (Option<&'a Element>, Option<(String, String)>);

/// The VAT in the document's currency, and in the accounting currency where there is one.
fn tax_totals<'a>(root: &'a Element, currency: &str) -> Result<Taxes<'a>, Fault> {
    let other = root.text_at("TaxCurrencyCode");
    let in_currency = |code: &str, x: &Element| x.child("TaxAmount").is_some_and(|a| a.attribute("currencyID") == code);
    let own = root.all("TaxTotal").find(|x| in_currency(currency, x));
    let own = own.or_else(|| root.all("TaxTotal").next());
    if other.is_empty() || other == currency {
        return Ok((own, None));
    }
    let accounted = root.all("TaxTotal").find(|x| in_currency(other, x));
    let accounted = accounted.map(|x| figure(x.child("TaxAmount"))).transpose()?;
    Ok((own, accounted.map(|vat| (other.to_owned(), vat))))
}

fn project(root: &Element) -> String {
    let own = root.text_at("ProjectReference/ID");
    let stated = |x: &&Element| x.text_at("DocumentTypeCode") == "50";
    let instead = root.all("AdditionalDocumentReference").find(stated).map_or("", |x| x.text_at("ID"));
    if own.is_empty() { instead } else { own }.to_owned()
}

fn preceding(root: &Element) -> Result<Option<(String, Option<Date>)>, Fault> {
    let Some(reference) = root.at("BillingReference/InvoiceDocumentReference") else { return Ok(None) };
    let dated = day(reference.child("IssueDate"))?;
    Ok(Some((reference.text_at("ID").to_owned(), dated)).filter(|x| !x.0.is_empty()))
}

fn period(element: Option<&Element>) -> Result<Option<(Date, Date)>, Fault> {
    let Some(element) = element else { return Ok(None) };
    Ok(day(element.child("StartDate"))?.zip(day(element.child("EndDate"))?))
}

fn party(root: &Element, which: &str, rule: &str, what: &str) -> Result<Trader, Fault> {
    let Some(party) = root.child(which).and_then(|x| x.child("Party")) else {
        return Err(Fault::of(root, format!("{rule}: {what} is missing ({which}).")));
    };
    let at = |path: &str| party.text_at(path).to_owned();
    let mut name = at("PartyLegalEntity/RegistrationName");
    if name.is_empty() {
        name = must(party, "PartyName/Name", rule, what)?;
    }
    let scheme = |vat: bool| move |x: &&Element| (x.text_at("TaxScheme/ID") == "VAT") == vat;
    let taxed = |vat| party.all("PartyTaxScheme").find(scheme(vat)).map_or("", |x| x.text_at("CompanyID")).to_owned();
    let address = party.child("PostalAddress");
    let place = |path: &str| address.map_or("", |x| x.text_at(path)).to_owned();
    let endpoint = party.child("EndpointID").filter(|x| !x.text.is_empty());
    let identified = party.all("PartyIdentification").filter_map(|x| x.child("ID"));
    Ok(Trader {
        id: identified.filter(|x| x.attribute("schemeID") != "SEPA").map(|x| x.text.clone()).next().unwrap_or_default(),
        name,
        vat_id: taxed(true),
        tax_id: taxed(false),
        legal_id: at("PartyLegalEntity/CompanyID"),
        legal_form: at("PartyLegalEntity/CompanyLegalForm"),
        endpoint: endpoint.map(|x| (x.attribute("schemeID").to_owned(), x.text.clone())),
        address: ["StreetName", "AdditionalStreetName", "AddressLine/Line"].map(place),
        city: place("CityName"),
        postcode: place("PostalZone"),
        subdivision: place("CountrySubentity"),
        country: place("Country/IdentificationCode"),
        contact: ["Contact/Name", "Contact/Telephone", "Contact/ElectronicMail"].map(at),
    })
}

fn transfer(means: &Element) -> Option<Transfer> {
    let at = |path: &str| means.text_at(path).to_owned();
    let iban = at("PayeeFinancialAccount/ID");
    (!iban.is_empty()).then(|| Transfer {
        code: at("PaymentMeansCode"),
        reference: at("PaymentID"),
        iban,
        name: at("PayeeFinancialAccount/Name"),
        bic: at("PayeeFinancialAccount/FinancialInstitutionBranch/ID"),
    })
}

fn changes(parent: &Element, currency: &str) -> Result<Vec<Change>, Fault> {
    let one = |x: &Element| {
        let of = (amount(x.child("BaseAmount"), currency)?, figure(x.child("MultiplierFactorNumeric"))?);
        Ok(Change {
            charge: is_true(x.child("ChargeIndicator"))?,
            amount: amount(x.child("Amount"), currency)?,
            of: Some(of).filter(|of| !of.0.is_empty() && !of.1.is_empty()),
            reason: x.text_at("AllowanceChargeReason").to_owned(),
            tax: x.child("TaxCategory").map(tax).transpose()?,
        })
    };
    parent.all("AllowanceCharge").map(one).collect()
}

fn tax(element: &Element) -> Result<Tax, Fault> {
    Ok(Tax { category: element.text_at("ID").to_owned(), rate: figure(element.child("Percent"))? })
}

fn groups(total: &Element, currency: &str) -> Result<Vec<Group>, Fault> {
    let one = |x: &Element| {
        let Some(category) = x.child("TaxCategory") else {
            return Err(Fault::of(x, "BR-47: Its VAT category is missing (TaxCategory)."));
        };
        Ok(Group {
            tax: tax(category)?,
            base: amount(x.child("TaxableAmount"), currency)?,
            amount: amount(x.child("TaxAmount"), currency)?,
            reason: lines(category.all("TaxExemptionReason")),
            reason_code: category.text_at("TaxExemptionReasonCode").to_owned(),
        })
    };
    total.all("TaxSubtotal").map(one).collect()
}

fn sums(root: &Element, tax: Option<&Element>, currency: &str) -> Result<Sums, Fault> {
    let Some(total) = root.child("LegalMonetaryTotal") else {
        return Err(Fault::of(root, "BR-15: The totals are missing (LegalMonetaryTotal)."));
    };
    let at = |name: &str| amount(total.child(name), currency);
    Ok(Sums {
        lines: at("LineExtensionAmount")?,
        allowances: at("AllowanceTotalAmount")?,
        charges: at("ChargeTotalAmount")?,
        net: at("TaxExclusiveAmount")?,
        vat: amount(tax.and_then(|x| x.child("TaxAmount")), currency)?,
        gross: at("TaxInclusiveAmount")?,
        prepaid: at("PrepaidAmount")?,
        rounding: at("PayableRoundingAmount")?,
        payable: at("PayableAmount")?,
    })
}

fn items(root: &Element, credit: bool, currency: &str) -> Result<Vec<Item>, Fault> {
    let (line, count) =
        if credit { ("CreditNoteLine", "CreditedQuantity") } else { ("InvoiceLine", "InvoicedQuantity") };
    let one = |x: &Element| {
        let Some(item) = x.child("Item") else {
            return Err(Fault::of(x, "BR-25: What it is about is missing (Item)."));
        };
        let quantity = x.child(count);
        Ok(Item {
            id: x.text_at("ID").to_owned(),
            quantity: figure(quantity)?,
            unit: quantity.map_or("", |x| x.attribute("unitCode")).to_owned(),
            net: amount(x.child("LineExtensionAmount"), currency)?,
            price: amount(x.at("Price/PriceAmount"), currency)?,
            per: figure(x.at("Price/BaseQuantity"))?,
            name: item.text_at("Name").to_owned(),
            detail: lines(item.all("Description")),
            seller_item: item.text_at("SellersItemIdentification/ID").to_owned(),
            order_line: x.text_at("OrderLineReference/LineID").to_owned(),
            period: period(x.child("InvoicePeriod"))?,
            changes: changes(x, currency)?,
            optional: false,
            tax: item.child("ClassifiedTaxCategory").map_or_else(|| Ok(Tax::default()), tax)?,
        })
    };
    root.all(line).map(one).collect()
}
