//! The configuration: any text is refused with a sentence, or read, and can then be asked for what `serve` asks.
#![no_main]

use std::path::Path;

use counterfoil::config::Config;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Config::parse(text, Path::new("counterfoil.toml")) {
        Ok(config) => drop((config.hosts(), config.certificate_names())),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
