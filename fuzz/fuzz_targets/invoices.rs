//! E-invoices of others, bare or within a PDF: refused with a sentence, or read; what was read is read again as the
//! same from what we write of it.
#![no_main]

use counterfoil::documents::einvoice::read::{Syntax, read};
use counterfoil::documents::einvoice::{cii, ubl};
use counterfoil::documents::embedded_xml;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = embedded_xml(bytes).map_err(|e| e.to_string());
    match read(bytes) {
        Err(fault) => assert!(!fault.to_string().is_empty()),
        Ok((syntax, bill)) => {
            let _ = bill.taken().map_err(|e| e.to_string());
            let written = match syntax {
                Syntax::Ubl => ubl(&bill),
                Syntax::Cii => cii(&bill),
            };
            if let Ok((_, again)) = read(written.as_bytes()) {
                assert_eq!(again.sums, bill.sums, "what was written says something else");
            }
        }
    }
});
