//! Bytes from outside, broken in every way: what reads them refuses or understands them, and never panics.
//!
//! A second for each target; `COUNTERFOIL_FUZZ_SECONDS=900` for longer.

use std::path::Path;
use std::time::{Duration, Instant};

use counterfoil::config::Config;
use counterfoil::domain::event::LogEntry;
use counterfoil::domain::invoice::Invoice;
use counterfoil::domain::letter::Letter;
use counterfoil::secrets::Entropy;
use counterfoil::store::crypt::{parse_key_header, parse_superblock};
use counterfoil::store::records::Record;

/// Changes to one input at the most.
const CHANGES: u64 = 8;

/// Gives broken variants of `seeds` to `target` until the time is over; how many.
#[expect(clippy::disallowed_methods, reason = "time decides only how long it goes on")]
fn fuzz(seeds: &[Vec<u8>], target: impl Fn(&[u8])) -> u64 {
    let seconds = std::env::var("COUNTERFOIL_FUZZ_SECONDS").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let (begun, entropy) = (Instant::now(), Entropy::seeded(seconds));
    let mut tried = 0;
    while begun.elapsed() < Duration::from_secs(seconds) {
        let mut input = seeds[entropy.below(seeds.len() as u64) as usize].clone();
        for _ in 0..=entropy.below(CHANGES) {
            change(&mut input, &entropy);
        }
        target(&input);
        tried += 1;
    }
    tried
}

fn change(input: &mut Vec<u8>, entropy: &Entropy) {
    let place = entropy.below(input.len() as u64 + 1) as usize;
    match (entropy.below(6), input.get_mut(place)) {
        (0, _) => input.truncate(place),
        (1, _) => input.insert(place, entropy.below(256) as u8),
        (2, Some(byte)) => *byte = [0, 1, 0x7f, 0x80, 0xff][entropy.below(5) as usize],
        (3, Some(byte)) => *byte ^= 1 << entropy.below(8),
        (4, Some(_)) => drop(input.remove(place)),
        (_, Some(byte)) => *byte = entropy.below(256) as u8,
        (_, None) => input.extend(entropy.bytes::<9>()),
    }
}

fn store() -> Vec<u8> {
    std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stores/v1.counterfoil")).unwrap()
}

#[test]
fn no_key_header_or_superblock_makes_the_parsers_panic() {
    let bytes = store();
    let seeds: Vec<_> = bytes[..16_384].chunks(4096).map(<[u8]>::to_vec).collect();
    assert!(fuzz(&seeds, |input| drop((parse_key_header(input), parse_superblock(input)))) > 100);
}

fn bytes_of_hex(line: &str) -> Vec<u8> {
    (0..line.len() / 2).map(|n| u8::from_str_radix(&line[2 * n..2 * n + 2], 16).unwrap()).collect()
}

#[test]
fn no_stored_record_makes_the_decoder_panic() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/records");
    let mut seeds = vec![vec![1; 200]];
    for entry in std::fs::read_dir(golden).unwrap() {
        let path = entry.unwrap().path();
        let text = if path.is_file() { std::fs::read_to_string(path).unwrap() } else { String::new() };
        seeds.extend(text.lines().map(bytes_of_hex));
    }
    let target = |input: &[u8]| drop((Invoice::decode(input), Letter::decode(input), LogEntry::decode(input)));
    assert!(fuzz(&seeds, target) > 100);
}

#[test]
fn no_configuration_makes_the_reader_panic() {
    let example = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/config.example.toml")).unwrap();
    let target = |input: &[u8]| drop(Config::parse(&String::from_utf8_lossy(input), Path::new("counterfoil.toml")));
    assert!(fuzz(&[example], target) > 100);
}

#[test]
fn no_backup_makes_the_reader_panic() {
    let folder = tempfile::tempdir().unwrap();
    let (path, identity) =
        (folder.path().join("backup.age"), counterfoil::backup::identity::BackupIdentity::generate());
    let seeds = [b"age-encryption.org/v1\n-> X25519 x\n".to_vec(), b"COUNTERFOIL-BKP\n".to_vec(), store()];
    let target = |input: &[u8]| {
        std::fs::write(&path, input).unwrap();
        assert!(counterfoil::backup::check(&path, &identity, |_, _| {}).is_err());
    };
    assert!(fuzz(&seeds, target) > 10);
}
