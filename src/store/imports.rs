//! Imports, and taking away again what one of them brought.
//!
//! Only what nothing was built on is taken away; `actions::imports` sees to that.

use redb::ReadableTable;

use super::error::StoreError;
use super::files::FileUse;
use super::payments::PaymentReads;
use super::tables::{
    CLIENTS, CLIENTS_BY_NAME, CONTACTS, CONTACTS_OF_CLIENT, CREDIT_HOLDS, CREDIT_TERMS, IMPORTS, INVOICE_NUMBERS,
    INVOICES, INVOICES_BY_DATE, INVOICES_OF_CLIENT, LATE_EXCEPTIONS, RECEIPT_NUMBERS, RECEIPTS, RECEIPTS_BY_DATE,
    RECEIPTS_OF_CLIENT, UNAPPLIED,
};
use super::tx::{Reader, WriteTx};
use super::{clients, day};
use crate::domain::client::Client;
use crate::domain::ids::ImportId;
use crate::domain::import::Import;
use crate::domain::invoice::Invoice;
use crate::domain::payment::{Receipt, Source};
use crate::domain::person::Contact;

/// Reading imports.
pub trait ImportReads: Reader {
    /// An import.
    fn import(&self, id: ImportId) -> Result<Option<Import>, StoreError> {
        self.record_at(IMPORTS, id.0)
    }

    /// The newest imports, at most `limit`.
    fn imports(&self, limit: usize) -> Result<Vec<Import>, StoreError> {
        let ids: Vec<u64> = {
            let table = self.table(IMPORTS)?;
            let rows = table.iter()?.rev().take(limit);
            rows.map(|row| row.map(|x| x.0.value())).collect::<Result<_, _>>()?
        };
        ids.into_iter().filter_map(|id| self.import(ImportId(id)).transpose()).collect()
    }
}

impl<T: Reader + ?Sized> ImportReads for T {}

impl WriteTx<'_> {
    /// Keeps an import.
    pub fn put_import(&mut self, import: &Import) -> Result<(), StoreError> {
        self.put(IMPORTS, import.id.0, import)
    }

    /// Takes an issued document away, with its number, its places and its file; what settles it went before.
    pub fn remove_document(&mut self, invoice: &Invoice) -> Result<(), StoreError> {
        if let Some(issue) = &invoice.issue {
            let dated = day(invoice.dated);
            self.change(INVOICE_NUMBERS)?.remove(issue.number.folded().as_str())?;
            self.change(INVOICES_BY_DATE)?.remove((dated, invoice.id.0))?;
            self.change(INVOICES_OF_CLIENT)?.remove((invoice.client.0, dated, invoice.id.0))?;
            self.release_file(issue.pdf.digest, FileUse::Invoice(invoice.id))?;
            self.forget_month(invoice)?;
        }
        self.change(UNAPPLIED)?.remove((invoice.client.0, 1, invoice.id.0))?;
        self.set_reminder(invoice.id, None)?;
        self.forget_policy(invoice.id)?;
        self.unshelve(invoice)?;
        self.review_habit(invoice.client)?;
        self.end_attention(invoice.id)?;
        self.change(INVOICES)?.remove(invoice.id.0)?;
        Ok(())
    }

    /// Takes money received away; what it settled was taken back before.
    pub fn remove_receipt(&mut self, receipt: &Receipt) -> Result<(), StoreError> {
        let (on, client, id) = (day(receipt.on), receipt.client.0, receipt.id.0);
        if !self.allocations_from(Source::Receipt(receipt.id))?.is_empty() {
            return Err(StoreError::Broken(format!("payment {id} still settles something")));
        }
        self.add_reversed(receipt, -1)?;
        self.change(RECEIPTS_BY_DATE)?.remove((on, id))?;
        self.change(RECEIPT_NUMBERS)?.remove(receipt.number.as_str())?;
        self.change(RECEIPTS_OF_CLIENT)?.remove((client, on, id))?;
        self.change(UNAPPLIED)?.remove((client, 0, id))?;
        self.change(RECEIPTS)?.remove(id)?;
        Ok(())
    }

    /// Takes a contact away; what signs them in went before.
    pub fn remove_contact(&mut self, contact: &Contact) -> Result<(), StoreError> {
        self.change(CONTACTS_OF_CLIENT)?.remove((contact.client.0, contact.id.0))?;
        self.change(CONTACTS)?.remove(contact.id.0)?;
        Ok(())
    }

    /// Takes a client away of whom nothing is left.
    pub fn remove_client(&mut self, client: &Client) -> Result<(), StoreError> {
        self.change(CLIENTS_BY_NAME)?.remove((clients::fold(&client.party.name).as_str(), client.id.0))?;
        self.change(CREDIT_TERMS)?.remove(client.id.0)?;
        self.change(CREDIT_HOLDS)?.remove(client.id.0)?;
        self.change(LATE_EXCEPTIONS)?.remove(client.id.0)?;
        self.change(CLIENTS)?.remove(client.id.0)?;
        Ok(())
    }
}
