//! Bytes from outside, broken in every way: what reads them refuses or understands them, and never panics.
//!
//! A second for each target; `COUNTERFOIL_FUZZ_SECONDS=900` for longer. `fuzz/` goes deeper, since it sees which code
//! an input reaches; what it has found worth keeping is tried here too.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use counterfoil::backup::{self, identity::BackupIdentity};
use counterfoil::config::Config;
use counterfoil::documents::einvoice::read::read;
use counterfoil::documents::{embedded_xml, only_picture, pdf_check::check_pdf};
use counterfoil::secrets::{Entropy, sha256};
use counterfoil::store::certificate;
use counterfoil::store::crypt::{parse_key_header, parse_superblock};
use counterfoil::store::records::ALL;
use counterfoil::web::forms::Fields;

/// Changes to one input at the most.
const CHANGES: u64 = 8;

/// What the fuzzer keeps for one of its targets.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| std::fs::read(path).unwrap()).collect()
}

/// Gives `seeds` and broken variants of them to `target` until the time is over; how many.
#[expect(clippy::disallowed_methods, reason = "time decides only how long it goes on")]
fn fuzz(seeds: &[Vec<u8>], target: impl Fn(&[u8])) -> u64 {
    let seconds = std::env::var("COUNTERFOIL_FUZZ_SECONDS").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let (begun, entropy) = (Instant::now(), Entropy::seeded(seconds));
    seeds.iter().for_each(|seed| target(seed));
    let mut tried = seeds.len() as u64;
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
    let seeds: Vec<_> = bytes[..16_384].chunks(4096).map(<[u8]>::to_vec).chain(corpus("headers")).collect();
    assert!(fuzz(&seeds, |input| drop((parse_key_header(input), parse_superblock(input)))) > 100);
}

fn bytes_of_hex(line: &str) -> Vec<u8> {
    (0..line.len() / 2).map(|n| u8::from_str_radix(&line[2 * n..2 * n + 2], 16).unwrap()).collect()
}

#[test]
fn no_stored_record_makes_the_decoder_panic() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/records");
    // The first byte says which record the others are.
    let mut seeds: Vec<Vec<u8>> = (0..ALL.len()).map(|kind| [vec![kind as u8], vec![1; 200]].concat()).collect();
    for entry in std::fs::read_dir(golden).unwrap() {
        let path = entry.unwrap().path();
        let text = if path.is_file() { std::fs::read_to_string(path).unwrap() } else { String::new() };
        for stored in text.lines().map(bytes_of_hex) {
            let as_kind = |kind: usize| ALL[kind].1(&stored).map(|_| [&[kind as u8], &*stored].concat());
            seeds.extend((0..ALL.len()).filter_map(as_kind));
        }
    }
    seeds.extend(corpus("records"));
    let read: BTreeSet<u8> = seeds.iter().filter(|seed| decodes(seed)).map(|seed| seed[0]).collect();
    let missing: Vec<&str> =
        (0..ALL.len()).filter(|kind| !read.contains(&(*kind as u8))).map(|kind| ALL[kind].0).collect();
    assert!(missing.is_empty(), "no seed is a stored {missing:?}");
    assert!(fuzz(&seeds, |input| _ = decodes(input)) > 100);
}

/// Whether it is a record of the kind that it says; what is read is stored again as the same.
fn decodes(input: &[u8]) -> bool {
    let Some((kind, bytes)) = input.split_first() else { return false };
    let Some((name, again)) = ALL.get(usize::from(*kind)) else { return false };
    let Some(stored) = again(bytes) else { return false };
    assert_eq!(again(&stored).as_deref(), Some(&*stored), "{name} changes by being stored");
    true
}

#[test]
fn no_configuration_makes_the_reader_panic() {
    let mut seeds = corpus("config");
    seeds.push(std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/config.example.toml")).unwrap());
    let target = |input: &[u8]| drop(Config::parse(&String::from_utf8_lossy(input), Path::new("counterfoil.toml")));
    assert!(fuzz(&seeds, target) > 100);
}

/// Writes what a backup's reader may find within, sealed as a backup is.
fn seal(plain: &[u8], identity: &BackupIdentity, path: &Path) {
    let recipient: age::x25519::Recipient = identity.recipient().parse().unwrap();
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient)).unwrap();
    let mut out = encryptor.wrap_output(std::fs::File::create(path).unwrap()).unwrap();
    out.write_all(plain).unwrap();
    out.finish().unwrap();
}

#[test]
fn no_backup_makes_the_reader_panic() {
    let folder = tempfile::tempdir().unwrap();
    let (path, identity) = (folder.path().join("backup.age"), BackupIdentity::generate());
    let carries = b"age-encryption.org/v1\n-> X25519 x\nZm9v\n-> counterfoil-identity\nYWdlLWVuY3J5cHRpb24\n--- Zm9v\n";
    let seeds = [carries.to_vec(), b"COUNTERFOIL-BKP\n".to_vec(), store()];
    let target = |input: &[u8]| {
        let _ = backup::header::Header::read(input).map_err(|e| e.to_string());
        std::fs::write(&path, input).unwrap();
        assert!(backup::check(&path, &identity, |_, _| {}).is_err());
    };
    assert!(fuzz(&seeds, target) > 10);
    // Sealed by whoever can seal backups, with a digest that fits.
    let target = |input: &[u8]| {
        let body = &input[..input.len().saturating_sub(32)];
        seal(&[body, &sha256(body)].concat(), &identity, &path);
        let _ = backup::check(&path, &identity, |_, _| {}).map_err(|e| e.to_string());
    };
    assert!(fuzz(&corpus("framing"), target) > 10);
}

#[test]
fn no_upload_form_or_certificate_makes_its_reader_panic() {
    let target = |input: &[u8]| drop((check_pdf(input), only_picture(input), certificate::check(input)));
    assert!(fuzz(&corpus("uploads"), target) > 100);
    let target = |input: &[u8]| drop(Fields::parse(&String::from_utf8_lossy(input)));
    assert!(fuzz(&corpus("wire"), target) > 100);
}

/// Planted: believes the length that a backup states.
fn believes_lengths(input: &[u8]) {
    if let Some(length) = input.get(20..24).filter(|_| input.starts_with(b"COUNTERFOIL-BKP\n")) {
        let length = length.iter().fold(0_usize, |sum, byte| (sum << 8) + usize::from(*byte));
        let _ = &input[24..24 + length];
    }
}

#[test]
fn these_tests_catch_a_reader_that_believes_a_length() {
    assert!(std::panic::catch_unwind(|| fuzz(&corpus("framing"), believes_lengths)).is_err());
}

#[test]
fn no_invoice_of_others_makes_its_reader_panic() {
    let tried = fuzz(&corpus("invoices"), |input| {
        let Err(fault) = read(input) else { return drop(read(input).unwrap().1.taken()) };
        assert!(!fault.to_string().is_empty());
        drop(embedded_xml(input));
    });
    assert!(tried > 100);
}
