//! Altered, cut and rearranged files: an error or no effect, never other data.

use super::*;
use crate::store::crypt::{
    OpenError,
    layout::{DATA_START, STRIDE},
    parse_key_header, parse_superblock,
};

fn closed() -> (Vec<u8>, Contents) {
    let (disk, contents) = new_disk(Cipher::QuickForTests, 8);
    (disk.bytes(), contents)
}

/// Opens altered bytes with the check; whether the data was there. Other data is a failure of the test.
fn intact(bytes: Vec<u8>, contents: &Contents, what: &str) -> bool {
    match reopen(&SimDisk::with_bytes(bytes), true) {
        Ok(found) => {
            assert_eq!(&found, contents, "{what}: wrong data");
            true
        }
        Err(_) => false,
    }
}

/// The blocks that were ever written.
fn written(bytes: &[u8]) -> Vec<usize> {
    let count = (bytes.len() - DATA_START as usize) / STRIDE;
    (1..count).filter(|n| bytes[at(*n)..][..STRIDE].iter().any(|byte| *byte != 0)).collect()
}

fn at(block: usize) -> usize {
    DATA_START as usize + block * STRIDE
}

#[test]
fn a_flipped_bit_in_any_block_is_refused_or_without_effect() {
    let (bytes, contents) = closed();
    let blocks = written(&bytes);
    let mut refused = 0;
    for block in &blocks {
        for place in [0, 11, 12, 27, 28, 2000, 4123, 4200, 4607] {
            let mut altered = bytes.clone();
            altered[at(*block) + place] ^= 1 << (place % 8);
            let intact = intact(altered, &contents, &format!("block {block} at {place}"));
            assert!(intact || place < 4124, "padding of block {block} counts for something");
            refused += usize::from(!intact);
        }
    }
    assert!(blocks.len() > 5 && refused > 20, "{} blocks, {refused} refused", blocks.len());
}

#[test]
fn a_flipped_bit_in_one_copy_of_a_header_is_mended() {
    let (bytes, contents) = closed();
    for copy in 0..4 {
        for place in [0, 7, 8, 9, 12, 20, 30, 40, 41, 44, 50, 57, 64, 70, 90, 130, 150, 1000, 1083, 4070] {
            let mut altered = bytes.clone();
            altered[copy * 4096 + place] ^= 0x10;
            let disk = SimDisk::with_bytes(altered);
            assert_eq!(reopen(&disk, false).unwrap(), contents, "copy {copy} at {place}");
            if copy < 2 || place < 1084 {
                let opened = open::unlock_disk(disk.copy(), &key(1), &Entropy::seeded(1)).unwrap();
                assert!(!opened.mended, "copy {copy} at {place}");
            }
        }
    }
}

#[test]
fn two_damaged_copies_are_refused_and_a_wrong_key_is_told_first() {
    let (bytes, _) = closed();
    for (first, place) in [(0, 20), (0, 4070), (0, 200), (8192, 8), (8192, 60)] {
        let mut altered = bytes.clone();
        altered[first + place] ^= 1;
        altered[first + 4096 + place] ^= 1;
        let result = open::unlock_disk(SimDisk::with_bytes(altered.clone()), &key(1), &Entropy::seeded(1));
        let error = result.unwrap_err();
        // A slot that was altered can not be told from one of another key.
        let expected =
            matches!(error, OpenError::Damaged(_)) || (place == 200 && matches!(error, OpenError::WrongSecret));
        assert!(expected || place == 200, "{first}+{place}: {error:?}");
        let result = open::unlock_disk(SimDisk::with_bytes(altered), &key(9), &Entropy::seeded(1));
        assert!(matches!(result.unwrap_err(), OpenError::WrongSecret), "{first}+{place}");
    }
}

#[test]
fn a_file_cut_short_anywhere_is_refused_and_one_with_more_at_its_end_is_trimmed() {
    let (bytes, contents) = closed();
    let whole = bytes.len();
    let lengths = [0, 1, 63, 4095, 4096, 8191, 8192, 12_287, 12_288, 16_383, 16_384, 16_385, at(1), at(1) + 1, at(9)];
    for len in lengths.into_iter().chain([whole - STRIDE, whole - 4096, whole - 512, whole - 1]) {
        let disk = SimDisk::with_bytes(bytes[..len].to_vec());
        let error = open::unlock_disk(disk.clone(), &key(1), &Entropy::seeded(1)).unwrap_err();
        let expected = matches!(error, OpenError::Damaged(_)) || (len < 8 && matches!(error, OpenError::NotOurs));
        assert!(expected, "{len}: {error:?}");
        assert_eq!(disk.bytes().len(), len);
    }
    for more in [1, 4095, STRIDE, 3 * STRIDE + 7] {
        let disk = SimDisk::with_bytes([bytes.as_slice(), &vec![7; more]].concat());
        let opened = open::unlock_disk(disk.clone(), &key(1), &Entropy::seeded(1)).unwrap();
        assert_eq!(disk.bytes().len(), whole);
        assert_eq!(read_all(&start(opened, true).unwrap()).unwrap(), contents);
    }
}

#[test]
fn blocks_that_changed_places_or_came_back_from_the_past_are_refused_or_without_effect() {
    let (disk, contents) = new_disk(Cipher::QuickForTests, 8);
    let old = disk.bytes();
    let database = start(open::unlock_disk(disk.clone(), &key(1), &Entropy::seeded(4)).unwrap(), false).unwrap();
    let newer = change(&contents, 4_000);
    commit(&database, &newer).unwrap();
    drop(database);
    let bytes = disk.bytes();
    let mut refused = [0; 3];
    let blocks = written(&bytes);
    for pair in blocks.windows(2) {
        let mut swapped = bytes.clone();
        swapped[at(pair[0])..][..STRIDE].copy_from_slice(&bytes[at(pair[1])..][..STRIDE]);
        swapped[at(pair[1])..][..STRIDE].copy_from_slice(&bytes[at(pair[0])..][..STRIDE]);
        refused[0] += usize::from(!intact(swapped, &newer, &format!("swap {pair:?}")));
        let mut zeroed = bytes.clone();
        zeroed[at(pair[0])..][..STRIDE].fill(0);
        refused[1] += usize::from(!intact(zeroed, &newer, &format!("zero {pair:?}")));
        let mut replayed = bytes.clone();
        if at(pair[0]) + STRIDE <= old.len() {
            replayed[at(pair[0])..][..STRIDE].copy_from_slice(&old[at(pair[0])..][..STRIDE]);
        }
        refused[2] += usize::from(!intact(replayed, &newer, &format!("replay {pair:?}")));
    }
    assert!(refused.iter().all(|count| *count > 1), "{refused:?} of {}", blocks.len());
}

#[test]
fn a_superblock_from_before_redb_wrote_its_header_is_not_an_empty_database() {
    let (disk, entropy) = (SimDisk::default(), Entropy::seeded(3));
    drop(open::format(disk.clone(), &[key(1)], Cipher::Aes256GcmSiv, &entropy).unwrap());
    let error = open::unlock_disk(disk, &key(1), &entropy).unwrap_err();
    assert!(matches!(error, OpenError::Damaged(_)), "{error:?}");
}

#[test]
fn no_bytes_make_the_parsers_panic() {
    let (bytes, _) = closed();
    let entropy = Entropy::seeded(12);
    for n in 0..3_000 {
        let mut input = bytes[4096 * (n % 4)..][..4096].to_vec();
        for _ in 0..=entropy.below(6) {
            let place = entropy.below(if n % 2 == 0 { 200 } else { 4096 }) as usize;
            input[place] = entropy.below(256) as u8;
        }
        if n % 5 == 0 {
            input.truncate(entropy.below(4097) as usize);
        }
        let _ = (parse_key_header(&input), parse_superblock(&input));
    }
}
