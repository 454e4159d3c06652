//! Credit limits and holds, by client.

use redb::ReadableTable;

use super::error::StoreError;
use super::invoices::InvoiceReads;
use super::payments::PaymentReads;
use super::tables::{CREDIT_HOLDS, CREDIT_TERMS};
use super::tx::{Reader, WriteTx};
use crate::domain::credit_terms::CreditTerms;
use crate::domain::ids::ClientId;
use crate::domain::money::Currency;

/// Reading credit terms.
pub trait CreditTermsReads: Reader {
    /// A client's credit terms.
    fn credit_terms(&self, client: ClientId) -> Result<CreditTerms, StoreError> {
        Ok(self.record_at(CREDIT_TERMS, client.0)?.unwrap_or_else(|| CreditTerms::none(client)))
    }

    /// The credit terms of clients on hold, at most `limit`.
    fn credit_holds(&self, limit: usize) -> Result<Vec<CreditTerms>, StoreError> {
        let ids: Vec<u64> = {
            let table = self.table(CREDIT_HOLDS)?;
            table.iter()?.take(limit).map(|row| Ok(row?.0.value())).collect::<Result<_, StoreError>>()?
        };
        ids.into_iter().map(|id| self.credit_terms(ClientId(id))).collect()
    }

    /// What a client owes in a currency: what is open less what is not applied, in minor units. Costs what is open.
    fn owed_by(&self, client: ClientId, currency: Currency) -> Result<i64, StoreError> {
        let open = self.open_of(client)?;
        let owed = open.iter().filter(|x| x.1 == currency).fold(0_i64, |sum, x| sum.saturating_add(x.0.open));
        let unapplied = self.unapplied_of(client)?;
        let unapplied = unapplied.iter().filter(|x| x.left.currency == currency);
        Ok(unapplied.fold(owed, |sum, x| sum.saturating_sub(x.left.minor)))
    }
}

impl<T: Reader + ?Sized> CreditTermsReads for T {}

impl WriteTx<'_> {
    /// Keeps a client's credit terms, or nothing where they say nothing.
    pub fn put_credit_terms(&mut self, terms: &CreditTerms) -> Result<(), StoreError> {
        let client = terms.client.0;
        if terms.hold.is_some() {
            self.change(CREDIT_HOLDS)?.insert(client, ())?;
        } else {
            self.change(CREDIT_HOLDS)?.remove(client)?;
        }
        if terms.is_none() {
            self.change(CREDIT_TERMS)?.remove(client)?;
            return Ok(());
        }
        self.put(CREDIT_TERMS, client, terms)
    }
}
