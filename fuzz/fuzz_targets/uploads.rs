//! Files that strangers and customers hand in: invoices as PDF, logos, certificates of delivery.
#![no_main]

use counterfoil::documents::pdf_check::check_pdf;
use counterfoil::documents::{check_logo, only_picture};
use counterfoil::store::certificate::check;
use libfuzzer_sys::fuzz_target;

/// Pictures beyond this many bytes are drawn too slowly to fuzz.
const PICTURE: usize = 4_096;

fuzz_target!(|bytes: &[u8]| {
    let _ = check_pdf(bytes).map_err(|e| e.to_string());
    let _ = check(bytes).map_err(|e| e.to_string());
    if let Some(picture) = only_picture(bytes) {
        assert!(picture.len() <= bytes.len());
        assert_eq!(only_picture(picture), Some(picture), "a picture without its tail has the same end");
    }
    if bytes.len() <= PICTURE {
        let _ = check_logo(bytes).map_err(|e| e.to_string());
    }
});
