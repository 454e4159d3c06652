//! A [`Bill`] as OASIS UBL 2.1, in the order of its schema.

use jiff::civil::Date;

use super::xml::Xml;
use super::{Bill, Change, Group, Item, Tax, Trader, Transfer};

const INVOICE: &str = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2";
const CREDIT_NOTE: &str = "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2";
const CAC: &str = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2";
const CBC: &str = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2";
/// The standard alone (BT-24).
pub(super) const EN_16931: &str = "urn:cen.eu:en16931:2017";
pub(super) const PEPPOL: &str = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0";
const PEPPOL_PROCESS: &str = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0";

/// The document as UBL.
pub fn ubl(bill: &Bill) -> String {
    let (root, namespace) = if bill.credit { ("CreditNote", CREDIT_NOTE) } else { ("Invoice", INVOICE) };
    let namespaces = [("xmlns", namespace), ("xmlns:cac", CAC), ("xmlns:cbc", CBC)];
    Xml::document(root, &namespaces, |x| {
        head(x, bill);
        references(x, bill);
        x.group("cac:AccountingSupplierParty", |x| party(x, &bill.seller));
        x.group("cac:AccountingCustomerParty", |x| party(x, &bill.buyer));
        delivery(x, bill);
        if let Some(transfer) = &bill.transfer {
            means(x, bill, transfer);
        }
        x.group("cac:PaymentTerms", |x| x.text("cbc:Note", &bill.terms));
        bill.adjustments.iter().for_each(|change| allowance_charge(x, change, &bill.currency));
        tax_totals(x, bill);
        sums(x, bill);
        bill.lines.iter().for_each(|item| line(x, bill, item));
    })
}

fn date(x: &mut Xml, name: &str, day: Option<Date>) {
    x.text(name, &day.map_or_else(String::new, |day| day.to_string()));
}

fn amount(x: &mut Xml, name: &str, figure: &str, currency: &str) {
    x.text_with(name, &[("currencyID", currency)], figure);
}

fn head(x: &mut Xml, bill: &Bill) {
    x.text("cbc:CustomizationID", if bill.peppol { PEPPOL } else { EN_16931 });
    x.text("cbc:ProfileID", if bill.peppol { PEPPOL_PROCESS } else { "" });
    x.text("cbc:ID", &bill.number);
    date(x, "cbc:IssueDate", Some(bill.dated));
    if bill.credit {
        x.text("cbc:CreditNoteTypeCode", &bill.code);
    } else {
        date(x, "cbc:DueDate", bill.due);
        x.text("cbc:InvoiceTypeCode", &bill.code);
    }
    x.text("cbc:Note", &bill.note);
    x.text("cbc:DocumentCurrencyCode", &bill.currency);
    x.text("cbc:TaxCurrencyCode", bill.accounting.as_ref().map_or("", |a| &a.0));
    x.text("cbc:BuyerReference", &bill.reference);
    period(x, bill.period);
}

fn period(x: &mut Xml, period: Option<(Date, Date)>) {
    x.group("cac:InvoicePeriod", |x| {
        date(x, "cbc:StartDate", period.map(|p| p.0));
        date(x, "cbc:EndDate", period.map(|p| p.1));
    });
}

fn references(x: &mut Xml, bill: &Bill) {
    x.group("cac:OrderReference", |x| x.text("cbc:ID", &bill.order));
    if let Some((number, dated)) = &bill.preceding {
        x.group("cac:BillingReference", |x| {
            x.group("cac:InvoiceDocumentReference", |x| {
                x.text("cbc:ID", number);
                date(x, "cbc:IssueDate", *dated);
            });
        });
    }
    x.group("cac:ContractDocumentReference", |x| x.text("cbc:ID", &bill.contract));
    if bill.project.is_empty() {
        return;
    }
    if bill.credit {
        // UBL's credit note has no project reference; EN 16931 puts it here, with type 50.
        x.group("cac:AdditionalDocumentReference", |x| {
            x.text("cbc:ID", &bill.project);
            x.text("cbc:DocumentTypeCode", "50");
        });
    } else {
        x.group("cac:ProjectReference", |x| x.text("cbc:ID", &bill.project));
    }
}

fn party(x: &mut Xml, party: &Trader) {
    x.group("cac:Party", |x| {
        if let Some((scheme, id)) = &party.endpoint {
            x.text_with("cbc:EndpointID", &[("schemeID", scheme)], id);
        }
        x.group("cac:PartyIdentification", |x| x.text("cbc:ID", &party.id));
        x.group("cac:PostalAddress", |x| {
            let [street, more, line] = &party.address;
            x.text("cbc:StreetName", street);
            x.text("cbc:AdditionalStreetName", more);
            x.text("cbc:CityName", &party.city);
            x.text("cbc:PostalZone", &party.postcode);
            x.text("cbc:CountrySubentity", &party.subdivision);
            x.group("cac:AddressLine", |x| x.text("cbc:Line", line));
            x.group("cac:Country", |x| x.text("cbc:IdentificationCode", &party.country));
        });
        for (id, scheme) in [(&party.vat_id, "VAT"), (&party.tax_id, "TAX")] {
            if !id.is_empty() {
                x.group("cac:PartyTaxScheme", |x| {
                    x.text("cbc:CompanyID", id);
                    x.group("cac:TaxScheme", |x| x.text("cbc:ID", scheme));
                });
            }
        }
        x.group("cac:PartyLegalEntity", |x| {
            x.text("cbc:RegistrationName", &party.name);
            x.text("cbc:CompanyID", &party.legal_id);
            x.text("cbc:CompanyLegalForm", &party.legal_form);
        });
        x.group("cac:Contact", |x| {
            let [name, phone, email] = &party.contact;
            x.text("cbc:Name", name);
            x.text("cbc:Telephone", phone);
            x.text("cbc:ElectronicMail", email);
        });
    });
}

fn delivery(x: &mut Xml, bill: &Bill) {
    x.group("cac:Delivery", |x| {
        date(x, "cbc:ActualDeliveryDate", bill.delivered);
        x.group("cac:DeliveryLocation", |x| {
            x.group("cac:Address", |x| {
                x.group("cac:Country", |x| x.text("cbc:IdentificationCode", &bill.deliver_to));
            });
        });
    });
}

fn means(x: &mut Xml, bill: &Bill, transfer: &Transfer) {
    x.group("cac:PaymentMeans", |x| {
        x.text("cbc:PaymentMeansCode", &transfer.code);
        if bill.credit {
            date(x, "cbc:PaymentDueDate", bill.due);
        }
        x.text("cbc:PaymentID", &transfer.reference);
        x.group("cac:PayeeFinancialAccount", |x| {
            x.text("cbc:ID", &transfer.iban);
            x.text("cbc:Name", &transfer.name);
            x.group("cac:FinancialInstitutionBranch", |x| x.text("cbc:ID", &transfer.bic));
        });
    });
}

fn allowance_charge(x: &mut Xml, change: &Change, currency: &str) {
    x.group("cac:AllowanceCharge", |x| {
        x.text("cbc:ChargeIndicator", if change.charge { "true" } else { "false" });
        x.text("cbc:AllowanceChargeReason", &change.reason);
        let (base, percent) = change.of.as_ref().map_or(("", ""), |of| (&of.0, &of.1));
        x.text("cbc:MultiplierFactorNumeric", percent);
        amount(x, "cbc:Amount", &change.amount, currency);
        amount(x, "cbc:BaseAmount", base, currency);
        if let Some(of) = &change.tax {
            x.group("cac:TaxCategory", |x| tax(x, of, None));
        }
    });
}

fn tax(x: &mut Xml, tax: &Tax, group: Option<&Group>) {
    x.text("cbc:ID", &tax.category);
    x.text("cbc:Percent", &tax.rate);
    if let Some(group) = group {
        x.text("cbc:TaxExemptionReasonCode", &group.reason_code);
        x.text("cbc:TaxExemptionReason", &group.reason);
    }
    x.group("cac:TaxScheme", |x| x.text("cbc:ID", "VAT"));
}

fn tax_totals(x: &mut Xml, bill: &Bill) {
    x.group("cac:TaxTotal", |x| {
        amount(x, "cbc:TaxAmount", &bill.sums.vat, &bill.currency);
        for group in &bill.groups {
            x.group("cac:TaxSubtotal", |x| {
                amount(x, "cbc:TaxableAmount", &group.base, &bill.currency);
                amount(x, "cbc:TaxAmount", &group.amount, &bill.currency);
                x.group("cac:TaxCategory", |x| tax(x, &group.tax, Some(group)));
            });
        }
    });
    if let Some((currency, vat)) = &bill.accounting {
        x.group("cac:TaxTotal", |x| amount(x, "cbc:TaxAmount", vat, currency));
    }
}

fn sums(x: &mut Xml, bill: &Bill) {
    let sums = &bill.sums;
    x.group("cac:LegalMonetaryTotal", |x| {
        for (name, figure) in [
            ("cbc:LineExtensionAmount", &sums.lines),
            ("cbc:TaxExclusiveAmount", &sums.net),
            ("cbc:TaxInclusiveAmount", &sums.gross),
            ("cbc:AllowanceTotalAmount", &sums.allowances),
            ("cbc:ChargeTotalAmount", &sums.charges),
            ("cbc:PrepaidAmount", &sums.prepaid),
            ("cbc:PayableRoundingAmount", &sums.rounding),
            ("cbc:PayableAmount", &sums.payable),
        ] {
            amount(x, name, figure, &bill.currency);
        }
    });
}

fn line(x: &mut Xml, bill: &Bill, item: &Item) {
    let (group, quantity) = if bill.credit {
        ("cac:CreditNoteLine", "cbc:CreditedQuantity")
    } else {
        ("cac:InvoiceLine", "cbc:InvoicedQuantity")
    };
    x.group(group, |x| {
        x.text("cbc:ID", &item.id);
        x.text_with(quantity, &[("unitCode", &item.unit)], &item.quantity);
        amount(x, "cbc:LineExtensionAmount", &item.net, &bill.currency);
        period(x, item.period);
        x.group("cac:OrderLineReference", |x| x.text("cbc:LineID", &item.order_line));
        item.changes.iter().for_each(|change| allowance_charge(x, change, &bill.currency));
        x.group("cac:Item", |x| {
            x.text("cbc:Description", &item.detail);
            x.text("cbc:Name", &item.name);
            x.group("cac:SellersItemIdentification", |x| x.text("cbc:ID", &item.seller_item));
            x.group("cac:ClassifiedTaxCategory", |x| tax(x, &item.tax, None));
        });
        x.group("cac:Price", |x| {
            amount(x, "cbc:PriceAmount", &item.price, &bill.currency);
            x.text_with("cbc:BaseQuantity", &[("unitCode", &item.unit)], &item.per);
        });
    });
}
