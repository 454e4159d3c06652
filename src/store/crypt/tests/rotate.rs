//! Another data key: cut off at every step, gone on with, and with a file that is not whole.

use std::fs;

use super::crash::MODES;
use super::*;
use crate::store::crypt::{
    OpenError, Rotated, add_secret, create, open as open_file, rotate as rotate_file, rotate::copy,
};

/// A note after so few blocks that a small file has many.
const PER_SYNC: u64 = 5;

fn rotated(old: &SimDisk, new: &SimDisk, entropy: &Entropy) -> Result<Rotated, OpenError> {
    copy(old, new, &key(1), entropy, PER_SYNC, &mut |_, _| {})
}

/// Cuts a rotation off at each of its operations and goes on; what then holds something else, and how often it went on
/// from where it was.
fn rotations(lies: bool) -> (Vec<String>, usize, usize) {
    let (old, contents) = new_disk(Cipher::QuickForTests, 31);
    let (before, entropy) = (old.bytes(), Entropy::seeded(310));
    let whole = SimDisk::default();
    rotated(&old, &whole, &entropy).unwrap();
    let (all, mut went_on, mut failed) = (whole.ops(), 0, Vec::new());
    for cut in 0..all {
        for mode in MODES {
            let new = SimDisk::default();
            if lies {
                new.lie_about_data();
            }
            new.cut_at(cut);
            assert!(rotated(&old, &new, &entropy).is_err(), "cut {cut} of {all}");
            let new = new.after_power_cut(mode, &entropy);
            let done = rotated(&old, &new, &entropy).unwrap_or_else(|why| panic!("cut {cut}, {mode:?}: {why}"));
            went_on += usize::from(done.resumed_at > 1);
            if reopen(&new, true).as_ref() != Ok(&contents) {
                failed.push(format!("cut {cut}, {mode:?}"));
            }
        }
    }
    assert_eq!(old.bytes(), before);
    (failed, went_on, all)
}

#[test]
fn a_rotation_that_is_cut_off_at_any_step_goes_on_and_holds_the_same() {
    let (failed, went_on, all) = rotations(false);
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(went_on > all, "{went_on} of {all} cuts went on");
}

#[test]
fn the_test_of_rotations_catches_a_missing_fsync() {
    let (failed, ..) = rotations(true);
    assert!(failed.len() > 5, "{failed:#?}");
}

#[test]
fn an_unfinished_copy_of_another_state_is_made_again() {
    let (old, _) = new_disk(Cipher::QuickForTests, 32);
    let (entropy, new) = (Entropy::seeded(320), SimDisk::default());
    new.cut_at(20);
    rotated(&old, &new, &entropy).unwrap_err();
    let (newer, contents) = new_disk(Cipher::QuickForTests, 33);
    let new = new.killed();
    assert_eq!(rotated(&newer, &new, &entropy).unwrap().resumed_at, 1);
    assert_eq!(reopen(&new, true).unwrap(), contents);
}

#[test]
fn a_rotated_file_opens_with_its_key_alone_and_one_that_is_damaged_stays_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (path, entropy) = (folder.path().join("firm"), Entropy::seeded(330));
    create(&path, &[key(1)], Cipher::default(), &entropy).unwrap();
    add_secret(&path, &key(1), &key(2), &entropy).unwrap();
    let contents = Contents::from([(1, b"Hartmann and Daughters".repeat(4_000)), (2, vec![7; 90_000])]);
    let opened = open_file(&path, &key(1), &entropy).unwrap();
    let first = opened.sequence;
    commit(&start(opened, false).unwrap(), &contents).unwrap();
    let before = fs::read(&path).unwrap();
    assert!(matches!(rotate_file(&path, &key(9), &entropy, &mut |_, _| {}), Err(OpenError::WrongSecret)));
    let mut told = Vec::new();
    let done = rotate_file(&path, &key(1), &entropy, &mut |done, all| told.push((done, all))).unwrap();
    assert_eq!((done.lost, done.resumed_at), (1, 1));
    assert!(told.last().is_some_and(|(done, all)| done == all));
    assert!(matches!(open_file(&path, &key(2), &entropy), Err(OpenError::WrongSecret)));
    let opened = open_file(&path, &key(1), &entropy).unwrap();
    assert!(opened.sequence > first, "the witness of old copies goes on counting");
    assert_eq!(read_all(&start(opened, true).unwrap()).unwrap(), contents);
    let after = fs::read(&path).unwrap();
    assert!(
        before.chunks(4_608).skip(4).zip(after.chunks(4_608).skip(4)).all(|(a, b)| a != b || a.iter().all(|x| *x == 0))
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    // A live block that was altered is told, and the file with it stays where it is.
    let mut damaged = after.clone();
    let at = 16_384 + 4_608 * 6 + 100;
    damaged[at..at + 4_608 * 30].iter_mut().for_each(|x| *x ^= 0x55);
    fs::write(&path, &damaged).unwrap();
    assert!(matches!(rotate_file(&path, &key(1), &entropy, &mut |_, _| {}), Err(OpenError::Damaged(_))));
    assert_eq!(fs::read(&path).unwrap(), damaged);
}
