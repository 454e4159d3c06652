//! A client's account, currency by currency, from what the contact's view gives.
//!
//! Gathers; the domain reckons.

use std::collections::BTreeMap;

use super::period::Period;
use crate::domain::ids::InvoiceId;
use crate::domain::invoice::Invoice;
use crate::domain::money::Currency;
use crate::domain::number::DocumentNumber;
use crate::domain::payment::{Allocation, Receipt, Source};
use crate::domain::statement::{Account, Ageing, Charge, Credit, Entry, EntryKind, Statement, balance_forward};
use crate::store::prelude::*;
use crate::store::scope::ClientView;
use crate::web::problem::Problem;

/// The account in one currency.
pub struct AccountOf {
    /// Of all amounts.
    pub currency: Currency,
    /// The movements.
    pub statement: Statement,
    /// How old the closing balance is.
    pub ageing: Ageing,
    numbers: BTreeMap<InvoiceId, DocumentNumber>,
}

#[derive(Default)]
struct Gathered {
    entries: Vec<Entry>,
    account: Account,
    numbers: BTreeMap<InvoiceId, DocumentNumber>,
}

impl AccountOf {
    /// Every currency that anything was charged or paid in up to the period's end; the client's own when there is none.
    ///
    /// # Errors
    /// When the store fails.
    pub fn all<R: Reader>(view: &ClientView<'_, R>, period: &Period) -> Result<Vec<Self>, Problem> {
        let documents = view.statement_documents(period.to)?;
        let allocations = view.statement_allocations(&documents)?;
        let mut by_currency = BTreeMap::<Currency, Gathered>::new();
        for document in &documents {
            by_currency.entry(document.currency).or_default().add_document(document);
        }
        for receipt in view.statement_receipts(period.to)? {
            by_currency.entry(receipt.amount.currency).or_default().add_receipt(&receipt);
        }
        if by_currency.is_empty() {
            by_currency.insert(view.client().currency, Gathered::default());
        }
        Ok(by_currency.into_iter().map(|(currency, all)| all.reckon(currency, &allocations, period)).collect())
    }

    /// The address of an entry's document; `None` for a receipt.
    pub fn address(&self, entry: &Entry) -> Option<String> {
        let number = self.numbers.get(&entry.invoice?)?;
        Some(format!("/invoices/{}", number.in_url()))
    }
}

impl Gathered {
    fn add_document(&mut self, document: &Invoice) {
        let Some(issue) = &document.issue else { return };
        let (amount, dated) = (issue.totals.payable, document.dated);
        let charge = document.is_invoice();
        if charge {
            self.account.charges.push(Charge { invoice: document.id, dated, due: document.due, amount });
        } else {
            self.account.credits.push(Credit { source: Source::Credit(document.id), dated, amount });
        }
        self.entries.push(Entry {
            date: dated,
            kind: if charge { EntryKind::Invoice } else { EntryKind::CreditNote },
            invoice: Some(document.id),
            number: issue.number.to_string(),
            title: document.title.clone(),
            amount: if charge { amount } else { amount.saturating_neg() },
            recorded_at: issue.at,
        });
        self.numbers.insert(document.id, issue.number.clone());
    }

    fn add_receipt(&mut self, receipt: &Receipt) {
        let (amount, dated) = (receipt.amount.minor, receipt.on);
        self.account.credits.push(Credit { source: Source::Receipt(receipt.id), dated, amount });
        let by = receipt.method.words();
        let title =
            if receipt.reference.is_empty() { format!("By {by}") } else { format!("By {by}, {}", receipt.reference) };
        self.entries.push(Entry {
            date: dated,
            kind: EntryKind::Receipt,
            invoice: None,
            number: receipt.reference.clone(),
            title,
            amount: amount.saturating_neg(),
            recorded_at: receipt.at,
        });
    }

    fn reckon(mut self, currency: Currency, allocations: &[Allocation], period: &Period) -> AccountOf {
        self.account.allocations = allocations.iter().filter(|a| a.amount.currency == currency).cloned().collect();
        AccountOf {
            currency,
            ageing: self.account.ageing(period.to),
            statement: balance_forward(self.entries, period.from, period.to),
            numbers: self.numbers,
        }
    }
}
