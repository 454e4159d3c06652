//! Rows of a table as clients, contacts and payments. Invoices, which have several rows each, are `lines`.

use std::sync::Arc;

use super::columns::Field;
use super::intake::{ClientRow, ContactRow, Entry, PaymentRow, Remark, What};
use super::table::{DateOrder, Reading, Table, date, is_unclear, number};
use crate::domain::client::Party;
use crate::domain::country;
use crate::domain::language::Language;
use crate::domain::money::Currency;
use crate::domain::payment::Method;
use crate::domain::refusal::FieldFault;
use crate::domain::terms::DueRule;
use crate::domain::text::{self, LINE_MAX};

/// One row, with what is needed to name its cells.
pub(super) struct Row<'t> {
    /// The table.
    pub table: &'t Table,
    /// Its cells.
    pub cells: &'t [String],
    /// Its number in the file.
    pub at: u32,
    /// The file.
    pub file: Arc<str>,
    /// In which order dates are written.
    pub order: Option<DateOrder>,
    /// What was found in it so far.
    pub remarks: Vec<Remark>,
}

impl<'t> Row<'t> {
    pub(super) fn new(
        table: &'t Table,
        file: &Arc<str>,
        row: &'t (u32, Vec<String>),
        order: Option<DateOrder>,
    ) -> Self {
        Self { table, cells: &row.1, at: row.0, file: Arc::clone(file), order, remarks: Vec::new() }
    }

    /// The text of a field; may be empty.
    pub(super) fn text(&self, field: Field) -> String {
        self.table.cell(self.cells, field)
    }

    /// Notes something about a field.
    pub(super) fn note(&mut self, field: Field, grave: bool, message: impl Into<String>) {
        let column = self.table.heading(field);
        self.remarks.push(Remark {
            file: Arc::clone(&self.file),
            row: self.at,
            column,
            grave,
            message: message.into(),
        });
    }

    /// What was read, or `None` with its fault noted.
    pub(super) fn take<T>(&mut self, field: Field, read: Result<T, FieldFault>) -> Option<T> {
        read.map_err(|fault| self.note(field, true, fault.message)).ok()
    }

    /// One line of text.
    pub(super) fn line(&mut self, field: Field) -> Option<String> {
        let read = text::line("", &self.text(field), LINE_MAX);
        self.take(field, read)
    }

    /// A date; `None` for an empty cell, and with its fault noted for one that is none.
    pub(super) fn date(&mut self, field: Field, needed: bool) -> Option<jiff::civil::Date> {
        let text = self.text(field);
        let read = date(&text, self.order);
        if read.is_none() && (needed || !text.is_empty()) {
            let why = match text.as_str() {
                "" => "The date is missing.".to_owned(),
                _ if self.order.is_none() && is_unclear(&text) => {
                    format!("It can’t be told whether day or month stands first in {text:?}; say which.")
                }
                _ => format!("{text:?} is no date."),
            };
            self.note(field, true, why);
        }
        read
    }

    /// A currency; `None` for an empty cell, or with its fault noted.
    pub(super) fn currency(&mut self, field: Field) -> Result<Option<Currency>, ()> {
        let text = self.text(field);
        if text.is_empty() {
            return Ok(None);
        }
        self.take(field, text.parse::<Currency>()).map(Some).ok_or(())
    }

    /// A language; one that there is not here is told, and leaves the choice to the client or the firm.
    fn language(&mut self) -> Option<Language> {
        let written = self.text(Field::Language);
        Language::parse("", &written).unwrap_or_else(|_| {
            let why = format!("{written:?} is no language of documents here; the usual one is kept.");
            self.note(Field::Language, false, why);
            None
        })
    }

    /// Name, address and identifiers.
    pub(super) fn party(&mut self) -> Option<Party> {
        let name = self.line(Field::Client)?;
        let street = self.text(Field::Street);
        let (mut city, region) = (self.line(Field::City)?, self.line(Field::Region)?);
        let address = street.lines().map(|x| text::line("", x, LINE_MAX)).collect::<Result<Vec<_>, _>>();
        let mut address = self.take(Field::Street, address)?;
        let written = self.text(Field::Country);
        let country = country::parse("", &written).unwrap_or_else(|_| {
            // Some write what nobody lists ("UK", "USA"): it stays on paper and is told.
            let code = match written.to_ascii_uppercase().as_str() {
                "UK" | "ENGLAND" | "SCOTLAND" | "WALES" | "GREAT BRITAIN" => "GB",
                "USA" | "UNITED STATES OF AMERICA" => "US",
                _ => "",
            };
            code.to_owned()
        });
        if country.is_empty() && !written.is_empty() {
            self.note(
                Field::Country,
                false,
                format!("{written:?} is no country that is known here; it becomes part of the address."),
            );
            city = [city.as_str(), written.as_str()]
                .iter()
                .filter(|x| !x.is_empty())
                .copied()
                .collect::<Vec<_>>()
                .join(", ");
        }
        address.retain(|x| !x.is_empty());
        let vat_id = self.line(Field::VatId)?.replace(' ', "").to_ascii_uppercase();
        let postcode = self.line(Field::Postcode)?;
        let legal_id = self.line(Field::LegalId)?;
        Some(Party {
            name,
            address,
            city,
            postcode,
            subdivision: region,
            country,
            vat_id,
            legal_id,
            ..Party::default()
        })
    }

    fn contact(&mut self, client: String) -> Option<ContactRow> {
        let whole = self.line(Field::Person)?;
        let parts = [self.line(Field::FirstName)?, self.line(Field::LastName)?];
        let joined = parts.iter().map(|x| x.trim()).filter(|x| !x.is_empty()).collect::<Vec<_>>().join(" ");
        let (title, email) = (self.line(Field::Title)?, self.line(Field::Email)?);
        let phone = self.line(Field::Phone)?;
        let name = [whole, joined].into_iter().find(|x| !x.is_empty()).unwrap_or_default();
        // In a client's own row it is the client's.
        let language = if client.is_empty() { None } else { self.language() };
        Some(ContactRow { client, name, title, email, phone, language })
    }
}

/// A client, with the contact of its row.
pub(super) fn client(row: &mut Row<'_>) -> Option<ClientRow> {
    let party = row.party()?;
    if party.name.is_empty() {
        row.note(Field::Client, true, "The client’s name is missing.");
        return None;
    }
    let (language, currency) = (row.language(), row.currency(Field::Currency).ok()?);
    let terms = terms(&row.text(Field::Terms));
    let note = text::paragraph("", &row.text(Field::Note));
    let contact = row.contact(String::new())?;
    Some(ClientRow {
        reference: row.line(Field::Reference)?,
        language,
        currency,
        terms,
        note: row.take(Field::Note, note)?,
        contact: Some(contact).filter(|x| !x.email.is_empty()),
        party,
    })
}

/// A contact of a client that is named.
pub(super) fn contact(row: &mut Row<'_>) -> Option<ContactRow> {
    let client = row.line(Field::Client)?;
    let contact = row.contact(client)?;
    if contact.client.is_empty() {
        row.note(Field::Client, true, "Whose contact it is is missing.");
    }
    if contact.email.is_empty() {
        row.note(Field::Email, true, "The e-mail address is missing.");
    }
    Some(contact).filter(|x| !x.client.is_empty() && !x.email.is_empty())
}

/// Money received.
pub(super) fn payment(row: &mut Row<'_>, reading: &Reading) -> Option<PaymentRow> {
    let (client, of) = (row.line(Field::Client)?, row.line(Field::Number)?);
    let on = row.date(Field::Dated, true);
    let written = row.text(Field::Amount);
    let amount = number(&written).filter(|x| !x.is_zero());
    match amount {
        None => row.note(Field::Amount, true, format!("{written:?} is no amount above zero.")),
        Some(x) if x.is_sign_negative() => {
            row.note(Field::Amount, true, "A payment below zero is money given back; record that by hand.");
        }
        Some(_) => {}
    }
    if client.is_empty() && of.is_empty() {
        row.note(Field::Client, true, "Neither client nor invoice is named.");
        return None;
    }
    let currency = row.currency(Field::Currency).ok()?.or(reading.currency);
    let reference = row.line(Field::Reference)?;
    Some(PaymentRow {
        client,
        number: of,
        amount: amount.filter(|x| !x.is_sign_negative())?,
        currency,
        on: on?,
        method: method(&row.text(Field::Method)),
        reference,
    })
}

/// "Net 30", "30 days", "30", "due on receipt".
pub(super) fn terms(text: &str) -> Option<DueRule> {
    if text.to_lowercase().contains("receipt") {
        return Some(DueRule::Days(0));
    }
    let digits: String = text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    DueRule::parse("", &digits).ok()
}

fn method(text: &str) -> Method {
    let text = text.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|x| text.contains(x));
    match () {
        () if has(&["cash"]) => Method::Cash,
        () if has(&["cheque", "check"]) => Method::Cheque,
        () if has(&["debit", "sepa", "ach"]) => Method::DirectDebit,
        () if has(&["card", "visa", "master", "amex", "stripe", "paypal"]) => Method::Card,
        () => Method::Transfer,
    }
}

/// An entry of a row.
pub(super) fn entry(row: &Row<'_>, what: What) -> Entry {
    Entry { file: Arc::clone(&row.file), row: row.at, what }
}
