//! The reminder policy in its versions, and which of them an invoice's steps follow.

use jiff::Timestamp;
use redb::ReadableTable;

use super::error::StoreError;
use super::invoices::{OPEN, PART_PAID};
use super::records::Record;
use super::tables::{EVENTS, EVENTS_OF_INVOICE, META, POLICIES, POLICY_OF_INVOICE, SHELF_OF};
use super::tx::{Reader, WriteTx};
use crate::domain::event::{Actor, Event, LogEntry};
use crate::domain::ids::InvoiceId;
use crate::domain::policy::{Policy, PolicyVersion};

/// The last invoice of which a change of the policy was carried out; absent when none is under way.
const REPLANNED: &str = "policy_replanned";

/// Reading policies.
pub trait PolicyReads: Reader {
    /// The newest version; the standard policy before any was kept.
    fn policy_now(&self) -> Result<PolicyVersion, StoreError> {
        let table = self.table(POLICIES)?;
        let last = table.last()?.map(|row| PolicyVersion::decode(row.1.value())).transpose()?;
        Ok(last.unwrap_or_else(PolicyVersion::standard))
    }

    /// What reminders follow now.
    fn policy(&self) -> Result<Policy, StoreError> {
        Ok(self.policy_now()?.policy)
    }

    /// A version; 0 is the standard policy, which holds before any was kept.
    fn policy_version(&self, version: u32) -> Result<Option<PolicyVersion>, StoreError> {
        if version == 0 {
            return Ok(Some(PolicyVersion::standard()));
        }
        self.record_at(POLICIES, u64::from(version))
    }

    /// Every version that was kept, the newest first.
    fn policy_versions(&self) -> Result<Vec<PolicyVersion>, StoreError> {
        let table = self.table(POLICIES)?;
        table.iter()?.rev().map(|row| PolicyVersion::decode(row?.1.value())).collect()
    }

    /// The version that an invoice's steps follow: that which was last carried out, or that of its publication.
    fn policy_of(&self, invoice: InvoiceId, published: Timestamp) -> Result<u32, StoreError> {
        if let Some(version) = self.table(POLICY_OF_INVOICE)?.get(invoice.0)? {
            return Ok(u32::try_from(version.value()).unwrap_or(u32::MAX));
        }
        for row in self.table(POLICIES)?.iter()?.rev() {
            let version = PolicyVersion::decode(row?.1.value())?;
            if version.at <= published {
                return Ok(version.version);
            }
        }
        Ok(0)
    }

    /// Open and part-paid invoices after one, in the order in which they were made, at most `limit`.
    fn open_after(&self, after: Option<InvoiceId>, limit: usize) -> Result<Vec<InvoiceId>, StoreError> {
        let table = self.table(SHELF_OF)?;
        let mut out = Vec::new();
        for row in table.range(after.map_or(0, |id| id.0.saturating_add(1))..)? {
            let (id, place) = row?;
            if out.len() == limit {
                break;
            }
            out.extend(matches!(place.value().1, OPEN | PART_PAID).then_some(InvoiceId(id.value())));
        }
        Ok(out)
    }

    /// How far a change of the policy has got: the invoice after which it goes on. `None` when none is under way.
    fn replanning(&self) -> Result<Option<InvoiceId>, StoreError> {
        let kept = self.table(META)?.get(REPLANNED)?.map(|x| <[u8; 8]>::try_from(x.value()));
        let kept = kept.transpose().map_err(|_| StoreError::Record("progress of the reminder policy"))?;
        Ok(kept.map(|bytes| InvoiceId(u64::from_be_bytes(bytes))))
    }

    /// Whether anybody at the client has opened or downloaded an invoice.
    fn was_opened(&self, invoice: InvoiceId) -> Result<bool, StoreError> {
        Ok(self.first_opened(invoice)?.is_some())
    }

    /// When somebody at the client opened or downloaded an invoice for the first time.
    fn first_opened(&self, invoice: InvoiceId) -> Result<Option<Timestamp>, StoreError> {
        let (lines, log) = (self.table(EVENTS_OF_INVOICE)?, self.table(EVENTS)?);
        for row in lines.range((invoice.0, 0)..=(invoice.0, u64::MAX))? {
            let Some(bytes) = log.get(row?.0.value().1)? else { continue };
            let entry = LogEntry::decode(bytes.value())?;
            let visit = matches!(entry.event, Event::Opened { .. } | Event::Downloaded { .. });
            if visit && matches!(entry.by.actor, Actor::Contact(_)) {
                return Ok(Some(entry.at));
            }
        }
        Ok(None)
    }
}

impl<T: Reader + ?Sized> PolicyReads for T {}

impl WriteTx<'_> {
    /// Keeps a new version, which follows the newest one.
    ///
    /// # Errors
    /// When it does not follow, or the file can't be written.
    pub fn put_policy(&mut self, version: &PolicyVersion) -> Result<(), StoreError> {
        if version.version != self.policy_now()?.version.saturating_add(1) {
            return Err(StoreError::Broken("a version of the reminder policy does not follow the last".to_owned()));
        }
        self.put(POLICIES, u64::from(version.version), version)
    }

    /// Notes which version an invoice's steps follow.
    pub fn set_policy_of(&mut self, invoice: InvoiceId, version: u32) -> Result<(), StoreError> {
        self.change(POLICY_OF_INVOICE)?.insert(invoice.0, u64::from(version))?;
        Ok(())
    }

    /// Forgets it, because the invoice goes.
    pub(super) fn forget_policy(&mut self, invoice: InvoiceId) -> Result<(), StoreError> {
        self.change(POLICY_OF_INVOICE)?.remove(invoice.0)?;
        Ok(())
    }

    /// Notes how far a change of the policy has got; `None` when it was carried out everywhere.
    pub fn set_replanning(&mut self, after: Option<InvoiceId>) -> Result<(), StoreError> {
        let mut table = self.change(META)?;
        match after {
            Some(id) => table.insert(REPLANNED, id.0.to_be_bytes().as_slice())?,
            None => table.remove(REPLANNED)?,
        };
        Ok(())
    }
}
