//! Stored records: any bytes are refused, or are a record that is stored and read again as the same one.
#![no_main]

use counterfoil::store::records::ALL;
use libfuzzer_sys::fuzz_target;

// The first byte says which record the others are.
fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let Some((name, again)) = ALL.get(usize::from(*kind)) else { return };
    if let Some(stored) = again(bytes) {
        assert_eq!(again(&stored).as_deref(), Some(&*stored), "{name} changes by being stored");
    }
});
