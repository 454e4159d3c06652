//! Reads the whole data file and names everything in it that contradicts something else.
//!
//! Every record is decoded, every index is compared with what the records give, the activity chain and every file's
//! bytes are followed. Changes nothing. Reads each table once and looks the rest up, so that a large file takes time in
//! proportion to its size and little memory.

mod disputes;
mod documents;
mod files;
mod ledger;
mod log;
mod mail;
mod monthly;
mod people;
mod promises;
mod recurring;
mod sums;
mod worklist;

use redb::{ReadableTable, ReadableTableMetadata, TableDefinition};

use super::error::StoreError;
use super::firm::FirmReads;
use super::records::Record;
use super::snapshot::ReadTx;
use super::tables::SEQUENCES;
use super::tx::{Keyed, Reader, Valued};

/// Most faults that are told; the others are counted.
pub const FAULTS_MAX: usize = 100;
/// Progress is told once in so many records.
const PROGRESS_EVERY: u64 = 512;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Records read, of all tables.
    pub records: u64,
    /// One sentence for each fault, at most [`FAULTS_MAX`].
    pub faults: Vec<String>,
    /// Faults beyond those.
    pub untold: u64,
}

impl Report {
    /// Whether nothing contradicts anything.
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    fn fault(&mut self, sentence: String) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(sentence);
        } else {
            self.untold += 1;
        }
    }
}

/// Reads everything. `progress` gets what is being read, how many records of it were, and how many there are.
///
/// # Errors
/// When the file itself can't be read; what it holds is reported, not an error.
pub fn whole(reader: &ReadTx, progress: impl FnMut(&str, u64, u64)) -> Result<Report, StoreError> {
    let mut check = Check { r: reader, report: Report::default(), progress: Box::new(progress) };
    if let Err(error) = reader.firm() {
        check.fault(format!("The firm's particulars can't be read: {error}."));
    }
    people::check(&mut check)?;
    documents::check(&mut check)?;
    ledger::check(&mut check)?;
    recurring::check(&mut check)?;
    monthly::check(&mut check)?;
    mail::check(&mut check)?;
    sums::check(&mut check)?;
    worklist::check(&mut check)?;
    promises::check(&mut check)?;
    disputes::check(&mut check)?;
    log::check(&mut check)?;
    files::check(&mut check)?;
    Ok(check.report)
}

/// What is told while reading: of what, how many were read, how many there are.
type Progress<'a> = dyn FnMut(&str, u64, u64) + 'a;

/// The state of a run.
struct Check<'a> {
    r: &'a ReadTx,
    report: Report,
    progress: Box<Progress<'a>>,
}

impl Check<'_> {
    fn fault(&mut self, sentence: String) {
        self.report.fault(sentence);
    }

    /// Notes a fault unless `holds`.
    fn claim(&mut self, holds: bool, sentence: impl FnOnce() -> String) {
        if !holds {
            self.report.fault(sentence());
        }
    }

    /// Whether a table has this key.
    fn has<K: Keyed, V: Valued>(
        &self,
        table: TableDefinition<'static, K, V>,
        key: K::SelfType<'_>,
    ) -> Result<bool, StoreError> {
        Ok(self.r.table(table)?.get(key)?.is_some())
    }

    /// Calls `each` with every record of a table, after its decoding; how many rows there are.
    fn every<K: Keyed, R: Record>(
        &mut self,
        word: &str,
        table: TableDefinition<'static, K, &'static [u8]>,
        mut each: impl FnMut(&mut Self, K::SelfType<'_>, R) -> Result<(), StoreError>,
    ) -> Result<u64, StoreError> {
        let table = self.r.table(table)?;
        let (all, mut read) = (table.len()?, 0);
        for row in table.iter()? {
            let (key, value) = row?;
            match R::decode(value.value()) {
                Ok(record) => each(self, key.value(), record)?,
                Err(_) => self.fault(format!("A stored {} can't be read, at {:?}.", R::NAME, key.value())),
            }
            read += 1;
            self.tell(word, read, all);
        }
        self.report.records += read;
        Ok(read)
    }

    /// Calls `each` with every row of a table that holds no records.
    fn rows<K: Keyed, V: Valued>(
        &mut self,
        table: TableDefinition<'static, K, V>,
        mut each: impl FnMut(&mut Self, K::SelfType<'_>, V::SelfType<'_>) -> Result<(), StoreError>,
    ) -> Result<u64, StoreError> {
        let table = self.r.table(table)?;
        let mut read = 0;
        for row in table.iter()? {
            let (key, value) = row?;
            each(self, key.value(), value.value())?;
            read += 1;
        }
        Ok(read)
    }

    fn tell(&mut self, word: &str, read: u64, all: u64) {
        if read.is_multiple_of(PROGRESS_EVERY) || read == all {
            (self.progress)(word, read, all);
        }
    }

    /// An index whose expected rows were all found has no others when it has as many.
    fn sized<K: Keyed, V: Valued>(
        &mut self,
        table: TableDefinition<'static, K, V>,
        expected: u64,
    ) -> Result<(), StoreError> {
        use redb::TableHandle;
        let found = self.r.table(table)?.len()?;
        self.claim(found == expected, || {
            format!("The table {} has {found} rows where {expected} belong.", table.name())
        });
        Ok(())
    }

    /// No identifier in use was yet to be given.
    fn given(&mut self, noun: &str, highest: u64) -> Result<(), StoreError> {
        let last = self.r.table(SEQUENCES)?.get(noun)?.map_or(0, |x| x.value());
        self.claim(highest <= last, || format!("The {noun} {highest} exists, and {last} is the last that was given."));
        Ok(())
    }
}
