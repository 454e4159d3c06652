//! A [`Bill`] as UN/CEFACT Cross Industry Invoice D16B, in the order of its schema: also what Factur-X carries.

use jiff::civil::Date;

use super::ubl::EN_16931;
use super::xml::Xml;
use super::{Bill, Change, Group, Item, Tax, Trader};

const NAMESPACES: [(&str, &str); 4] = [
    ("xmlns:rsm", "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"),
    ("xmlns:qdt", "urn:un:unece:uncefact:data:standard:QualifiedDataType:100"),
    ("xmlns:ram", "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"),
    ("xmlns:udt", "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"),
];

/// The document as CII.
pub fn cii(bill: &Bill) -> String {
    Xml::document("rsm:CrossIndustryInvoice", &NAMESPACES, |x| {
        x.group("rsm:ExchangedDocumentContext", |x| {
            x.group("ram:GuidelineSpecifiedDocumentContextParameter", |x| x.text("ram:ID", EN_16931));
        });
        x.group("rsm:ExchangedDocument", |x| {
            x.text("ram:ID", &bill.number);
            x.text("ram:TypeCode", &bill.code);
            date(x, "ram:IssueDateTime", Some(bill.dated));
            x.group("ram:IncludedNote", |x| x.text("ram:Content", &bill.note));
        });
        x.group("rsm:SupplyChainTradeTransaction", |x| {
            bill.lines.iter().for_each(|item| line(x, item));
            x.group("ram:ApplicableHeaderTradeAgreement", |x| agreement(x, bill));
            delivery(x, bill);
            x.group("ram:ApplicableHeaderTradeSettlement", |x| settlement(x, bill));
        });
    })
}

/// A day within `name`, as format 102 writes it.
fn date(x: &mut Xml, name: &str, day: Option<Date>) {
    dated(x, name, "udt:DateTimeString", day);
}

fn dated(x: &mut Xml, name: &str, inner: &str, day: Option<Date>) {
    let text = day.map_or_else(String::new, |day| day.strftime("%Y%m%d").to_string());
    x.group(name, |x| x.text_with(inner, &[("format", "102")], &text));
}

fn period(x: &mut Xml, period: Option<(Date, Date)>) {
    x.group("ram:BillingSpecifiedPeriod", |x| {
        date(x, "ram:StartDateTime", period.map(|p| p.0));
        date(x, "ram:EndDateTime", period.map(|p| p.1));
    });
}

fn line(x: &mut Xml, item: &Item) {
    x.group("ram:IncludedSupplyChainTradeLineItem", |x| {
        x.group("ram:AssociatedDocumentLineDocument", |x| x.text("ram:LineID", &item.id));
        x.group("ram:SpecifiedTradeProduct", |x| {
            x.text("ram:SellerAssignedID", &item.seller_item);
            x.text("ram:Name", &item.name);
            x.text("ram:Description", &item.detail);
        });
        x.group("ram:SpecifiedLineTradeAgreement", |x| {
            x.group("ram:BuyerOrderReferencedDocument", |x| x.text("ram:LineID", &item.order_line));
            x.group("ram:NetPriceProductTradePrice", |x| {
                x.text("ram:ChargeAmount", &item.price);
                x.text_with("ram:BasisQuantity", &[("unitCode", &item.unit)], &item.per);
            });
        });
        x.group("ram:SpecifiedLineTradeDelivery", |x| {
            x.text_with("ram:BilledQuantity", &[("unitCode", &item.unit)], &item.quantity);
        });
        x.group("ram:SpecifiedLineTradeSettlement", |x| {
            x.group("ram:ApplicableTradeTax", |x| tax(x, &item.tax));
            period(x, item.period);
            item.changes.iter().for_each(|change| allowance_charge(x, change));
            x.group("ram:SpecifiedTradeSettlementLineMonetarySummation", |x| x.text("ram:LineTotalAmount", &item.net));
        });
    });
}

fn agreement(x: &mut Xml, bill: &Bill) {
    x.text("ram:BuyerReference", &bill.reference);
    x.group("ram:SellerTradeParty", |x| party(x, &bill.seller));
    x.group("ram:BuyerTradeParty", |x| party(x, &bill.buyer));
    x.group("ram:BuyerOrderReferencedDocument", |x| x.text("ram:IssuerAssignedID", &bill.order));
    x.group("ram:ContractReferencedDocument", |x| x.text("ram:IssuerAssignedID", &bill.contract));
    if !bill.project.is_empty() {
        x.group("ram:SpecifiedProcuringProject", |x| {
            x.text("ram:ID", &bill.project);
            // The schema wants a name; EN 16931 knows the identifier only.
            x.text("ram:Name", "Project reference");
        });
    }
}

fn party(x: &mut Xml, party: &Trader) {
    x.text("ram:ID", &party.id);
    x.text("ram:Name", &party.name);
    x.text("ram:Description", &party.legal_form);
    x.group("ram:SpecifiedLegalOrganization", |x| x.text("ram:ID", &party.legal_id));
    x.group("ram:DefinedTradeContact", |x| {
        let [name, phone, email] = &party.contact;
        x.text("ram:PersonName", name);
        x.group("ram:TelephoneUniversalCommunication", |x| x.text("ram:CompleteNumber", phone));
        x.group("ram:EmailURIUniversalCommunication", |x| x.text("ram:URIID", email));
    });
    x.group("ram:PostalTradeAddress", |x| {
        let [one, two, three] = &party.address;
        x.text("ram:PostcodeCode", &party.postcode);
        x.text("ram:LineOne", one);
        x.text("ram:LineTwo", two);
        x.text("ram:LineThree", three);
        x.text("ram:CityName", &party.city);
        x.text("ram:CountryID", &party.country);
        x.text("ram:CountrySubDivisionName", &party.subdivision);
    });
    if let Some((scheme, id)) = &party.endpoint {
        x.group("ram:URIUniversalCommunication", |x| x.text_with("ram:URIID", &[("schemeID", scheme)], id));
    }
    for (id, scheme) in [(&party.vat_id, "VA"), (&party.tax_id, "FC")] {
        x.group("ram:SpecifiedTaxRegistration", |x| x.text_with("ram:ID", &[("schemeID", scheme)], id));
    }
}

/// The schema wants this element even where nothing is in it.
fn delivery(x: &mut Xml, bill: &Bill) {
    x.always("ram:ApplicableHeaderTradeDelivery", |x| {
        x.group("ram:ShipToTradeParty", |x| {
            x.group("ram:PostalTradeAddress", |x| x.text("ram:CountryID", &bill.deliver_to));
        });
        x.group("ram:ActualDeliverySupplyChainEvent", |x| date(x, "ram:OccurrenceDateTime", bill.delivered));
    });
}

fn settlement(x: &mut Xml, bill: &Bill) {
    x.text("ram:PaymentReference", bill.transfer.as_ref().map_or("", |t| &t.reference));
    x.text("ram:TaxCurrencyCode", bill.accounting.as_ref().map_or("", |a| &a.0));
    x.text("ram:InvoiceCurrencyCode", &bill.currency);
    means(x, bill);
    bill.groups.iter().for_each(|of| group(x, of));
    period(x, bill.period);
    bill.adjustments.iter().for_each(|change| allowance_charge(x, change));
    x.group("ram:SpecifiedTradePaymentTerms", |x| {
        x.text("ram:Description", &bill.terms);
        date(x, "ram:DueDateDateTime", bill.due);
    });
    sums(x, bill);
    if let Some((number, day)) = &bill.preceding {
        x.group("ram:InvoiceReferencedDocument", |x| {
            x.text("ram:IssuerAssignedID", number);
            dated(x, "ram:FormattedIssueDateTime", "qdt:DateTimeString", *day);
        });
    }
}

fn means(x: &mut Xml, bill: &Bill) {
    let Some(transfer) = &bill.transfer else { return };
    x.group("ram:SpecifiedTradeSettlementPaymentMeans", |x| {
        x.text("ram:TypeCode", &transfer.code);
        x.group("ram:PayeePartyCreditorFinancialAccount", |x| {
            x.text("ram:IBANID", &transfer.iban);
            x.text("ram:AccountName", &transfer.name);
        });
        x.group("ram:PayeeSpecifiedCreditorFinancialInstitution", |x| x.text("ram:BICID", &transfer.bic));
    });
}

fn tax(x: &mut Xml, tax: &Tax) {
    x.text("ram:TypeCode", "VAT");
    x.text("ram:CategoryCode", &tax.category);
    x.text("ram:RateApplicablePercent", &tax.rate);
}

fn group(x: &mut Xml, group: &Group) {
    x.group("ram:ApplicableTradeTax", |x| {
        x.text("ram:CalculatedAmount", &group.amount);
        x.text("ram:TypeCode", "VAT");
        x.text("ram:ExemptionReason", &group.reason);
        x.text("ram:BasisAmount", &group.base);
        x.text("ram:CategoryCode", &group.tax.category);
        x.text("ram:ExemptionReasonCode", &group.reason_code);
        x.text("ram:RateApplicablePercent", &group.tax.rate);
    });
}

fn allowance_charge(x: &mut Xml, change: &Change) {
    x.group("ram:SpecifiedTradeAllowanceCharge", |x| {
        x.group("ram:ChargeIndicator", |x| x.text("udt:Indicator", if change.charge { "true" } else { "false" }));
        let (base, percent) = change.of.as_ref().map_or(("", ""), |of| (&of.0, &of.1));
        x.text("ram:CalculationPercent", percent);
        x.text("ram:BasisAmount", base);
        x.text("ram:ActualAmount", &change.amount);
        x.text("ram:Reason", &change.reason);
        if let Some(of) = &change.tax {
            x.group("ram:CategoryTradeTax", |x| tax(x, of));
        }
    });
}

fn sums(x: &mut Xml, bill: &Bill) {
    let sums = &bill.sums;
    x.group("ram:SpecifiedTradeSettlementHeaderMonetarySummation", |x| {
        x.text("ram:LineTotalAmount", &sums.lines);
        x.text("ram:ChargeTotalAmount", &sums.charges);
        x.text("ram:AllowanceTotalAmount", &sums.allowances);
        x.text("ram:TaxBasisTotalAmount", &sums.net);
        x.text_with("ram:TaxTotalAmount", &[("currencyID", &bill.currency)], &sums.vat);
        if let Some((currency, vat)) = &bill.accounting {
            x.text_with("ram:TaxTotalAmount", &[("currencyID", currency)], vat);
        }
        x.text("ram:RoundingAmount", &sums.rounding);
        x.text("ram:GrandTotalAmount", &sums.gross);
        x.text("ram:TotalPrepaidAmount", &sums.prepaid);
        x.text("ram:DuePayableAmount", &sums.payable);
    });
}
