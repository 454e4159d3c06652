//! Stored records: any bytes are refused, or are a record that is stored and read again as the same one.
#![no_main]

use counterfoil::domain::backup::SealedIdentities;
use counterfoil::domain::backups::Backups;
use counterfoil::domain::client::Client;
use counterfoil::domain::dispute::Dispute;
use counterfoil::domain::document::Document;
use counterfoil::domain::drop::Dropped;
use counterfoil::domain::event::LogEntry;
use counterfoil::domain::firm::Firm;
use counterfoil::domain::grant::{CodeRequest, Grant, Session};
use counterfoil::domain::import::Import;
use counterfoil::domain::invoice::Invoice;
use counterfoil::domain::letter::Letter;
use counterfoil::domain::pause::Pause;
use counterfoil::domain::payment::{Allocation, Receipt, Refund};
use counterfoil::domain::person::{Contact, Staff};
use counterfoil::domain::project::Project;
use counterfoil::domain::promise::Promise;
use counterfoil::domain::quote::Quote;
use counterfoil::domain::recurring::Recurring;
use counterfoil::store::records::Record;
use libfuzzer_sys::fuzz_target;

fn read<R: Record>(bytes: &[u8]) {
    if let Ok(record) = R::decode(bytes) {
        let stored = record.encode().expect("what was read can be stored");
        let again = R::decode(&stored).expect("what was stored can be read");
        assert_eq!(again.encode().expect("and stored again"), stored, "{} changes by being stored", R::NAME);
    }
}

// The first byte says which record the others are.
fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind % 24 {
        0 => read::<Firm>(bytes),
        1 => read::<Staff>(bytes),
        2 => read::<Client>(bytes),
        3 => read::<Contact>(bytes),
        4 => read::<Project>(bytes),
        5 => read::<Invoice>(bytes),
        6 => read::<Quote>(bytes),
        7 => read::<Receipt>(bytes),
        8 => read::<Allocation>(bytes),
        9 => read::<Letter>(bytes),
        10 => read::<LogEntry>(bytes),
        11 => read::<Grant>(bytes),
        12 => read::<CodeRequest>(bytes),
        13 => read::<Session>(bytes),
        14 => read::<Backups>(bytes),
        15 => read::<Document>(bytes),
        16 => read::<SealedIdentities>(bytes),
        17 => read::<Refund>(bytes),
        18 => read::<Recurring>(bytes),
        19 => read::<Import>(bytes),
        20 => read::<Dropped>(bytes),
        21 => read::<Pause>(bytes),
        22 => read::<Promise>(bytes),
        _ => read::<Dispute>(bytes),
    }
});
