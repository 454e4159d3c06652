//! The stream inside a backup, as age gives it out, and the rows that a restore would take from it.
#![no_main]

use std::cell::LazyCell;

use counterfoil::backup::{BackupError, check_stream};
use counterfoil::secrets::sha256;
use counterfoil::store::Store;
use counterfoil::store::dump::Loader;
use libfuzzer_sys::fuzz_target;

const DIGEST: usize = 32;

thread_local! {
    /// A store that was created and nothing more: what is loaded is never committed.
    static STORE: LazyCell<Store> = LazyCell::new(|| {
        Store::open(redb::backends::InMemoryBackend::new(), 16 << 20, false).expect("a store in memory")
    });
}

fuzz_target!(|bytes: &[u8]| {
    let refused = |_: &BackupError| ();
    let _ = check_stream(bytes, &mut |_, _| Ok(())).map_err(|e| refused(&e));
    // The same with a digest that fits, as somebody would make it who can write backups.
    let Some(body) = bytes.len().checked_sub(DIGEST).map(|end| &bytes[..end]) else { return };
    let sealed = [body, &sha256(body)].concat();
    STORE.with(|store| {
        let mut loader = Loader::new(store);
        let read = check_stream(&sealed[..], &mut |table, rows| match loader.fill(table, rows)? {
            true => Ok(()),
            false => Err(BackupError::Damaged("shape".to_owned())),
        });
        let _ = read.map_err(|e| e.to_string());
    });
});
