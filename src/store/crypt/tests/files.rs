//! Real files: creating, opening, locking, and the keys of a file in its life.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use super::*;
use crate::store::{
    crypt::{
        Disk, FileDisk, OpenError, SlotKind, add_secret, create, list_slots, open, open_on, remove_slot, replace_secret,
    },
    keys::Argon2Cost,
};

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.counterfoil");
    (folder, path)
}

fn words(text: &str) -> Secret {
    Secret::Passphrase(Zeroizing::new(text.to_owned()))
}

fn system() -> Entropy {
    Entropy::seeded(90)
}

#[test]
fn a_file_sealed_with_a_later_cipher_is_of_a_newer_version_and_not_damaged() {
    let (_folder, path) = place();
    create(&path, &[key(1)], Cipher::default(), &system()).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    (bytes[40], bytes[4096 + 40]) = (200, 200);
    fs::write(&path, &bytes).unwrap();
    let refused = open(&path, &key(1), &system()).unwrap_err();
    assert!(matches!(refused, OpenError::NewerCipher(200)), "{refused}");
    assert!(refused.to_string().contains("Install the newer version"), "{refused}");
    assert_eq!(fs::read(&path).unwrap(), bytes, "it was touched");
}

#[test]
fn a_file_keeps_its_contents_and_shows_nothing_of_them() {
    for cipher in Cipher::ALL {
        let (folder, path) = place();
        create(&path, &[key(1)], cipher, &system()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let contents = Contents::from([(1, b"Hartmann and Daughters, invoice 2031".repeat(200)), (2, vec![])]);
        let opened = open(&path, &key(1), &system()).unwrap();
        assert!(!opened.needs_check && !opened.mended);
        let first = opened.sequence;
        let database = start(opened, false).unwrap();
        commit(&database, &contents).unwrap();
        drop(database);
        let bytes = fs::read(&path).unwrap();
        for plain in [&b"Hartmann and Daughters"[..], b"things", b"redb\x1a\x0a\xa9"] {
            assert!(!bytes.windows(plain.len()).any(|window| window == plain));
        }
        let opened = open(&path, &key(1), &system()).unwrap();
        assert!(opened.sequence > first && !opened.needs_check);
        assert_eq!(read_all(&start(opened, true).unwrap()).unwrap(), contents);
    }
}

#[test]
fn a_wrong_key_changes_nothing_and_never_makes_an_empty_database() {
    let (_folder, path) = place();
    create(&path, &[key(1)], Cipher::default(), &system()).unwrap();
    let before = fs::read(&path).unwrap();
    for wrong in [key(2), words("")] {
        assert!(matches!(open(&path, &wrong, &system()).unwrap_err(), OpenError::WrongSecret));
    }
    assert!(matches!(create(&path, &[key(2)], Cipher::default(), &system()), Err(OpenError::AlreadyExists)));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn what_is_no_data_file_is_told_apart() {
    let (folder, path) = place();
    let refused = |path: &PathBuf| open(path, &key(1), &system()).unwrap_err();
    assert!(matches!(refused(&path), OpenError::NotFound));
    assert!(matches!(refused(&folder.path().to_owned()), OpenError::NotOurs));
    for text in ["", "a letter", &"SQLite format 3\0".repeat(4000)] {
        fs::write(&path, text).unwrap();
        assert!(matches!(refused(&path), OpenError::NotOurs), "{text:.20}");
        assert!(matches!(list_slots(&path), Err(OpenError::NotOurs)));
    }
    fs::remove_file(&path).unwrap();
    create(&path, &[key(1)], Cipher::default(), &system()).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    (bytes[8], bytes[4096 + 8]) = (7, 7);
    fs::write(&path, bytes).unwrap();
    assert!(matches!(refused(&path), OpenError::NewerFormat { found: 7, known: 1 }));
    let nowhere = create(&folder.path().join("none/x"), &[key(1)], Cipher::default(), &system()).unwrap_err();
    assert!(matches!(nowhere, OpenError::Io(_)), "{nowhere:?}");
    assert!(matches!(create(&path.join("x"), &[key(1)], Cipher::default(), &system()), Err(OpenError::Io(_))));
}

#[test]
fn a_second_opening_is_refused_until_the_first_is_closed() {
    let (_folder, path) = place();
    create(&path, &[key(1)], Cipher::for_this_machine(), &system()).unwrap();
    let database = start(open(&path, &key(1), &system()).unwrap(), false).unwrap();
    let refused = open(&path, &key(1), &system()).unwrap_err();
    assert!(
        matches!(&refused, OpenError::Locked { holder } if holder.is_none() || holder.as_deref() == Some("this very process")),
        "{refused:?}"
    );
    assert!(matches!(add_secret(&path, &key(1), &key(2), &system()), Err(OpenError::Locked { .. })));
    assert_eq!(list_slots(&path).unwrap().len(), 1);
    drop(database);
    drop(open(&path, &key(1), &system()).unwrap());
    drop(open(&path, &key(1), &system()).unwrap());
}

/// Whether a second opening is refused while a first one has the file. The planted one gives its lock back at once.
fn is_refused_twice(gives_back: bool) -> bool {
    let (_folder, path) = place();
    create(&path, &[key(1)], Cipher::for_this_machine(), &system()).unwrap();
    let disk = FileDisk::open(&path).unwrap();
    if gives_back {
        disk.release().unwrap();
    }
    let _first = open_on(disk, &key(1), &system()).unwrap();
    matches!(open(&path, &key(1), &system()), Err(OpenError::Locked { .. }))
}

#[test]
fn the_test_of_second_openings_catches_a_lock_that_is_given_back_too_early() {
    assert!(is_refused_twice(false));
    assert!(!is_refused_twice(true));
}

#[test]
fn another_process_that_holds_the_file_is_named() {
    let (_folder, path) = place();
    create(&path, &[key(1)], Cipher::default(), &system()).unwrap();
    let started = std::process::Command::new("flock").arg("--no-fork").arg(&path).args(["sleep", "20"]).spawn();
    // Without the tool there is no second process to try with; the test above holds the lock itself.
    let Ok(mut other) = started else { return };
    let mut holder = None;
    for _ in 0..100 {
        match open(&path, &key(1), &system()) {
            Err(OpenError::Locked { holder: found }) => {
                holder = found;
                break;
            }
            Ok(_) => std::thread::sleep(std::time::Duration::from_millis(20)),
            Err(error) => panic!("{error:?}"),
        }
    }
    other.kill().unwrap();
    other.wait().unwrap();
    assert!(holder.as_ref().is_some_and(|holder| holder.contains("process ")), "{holder:?}");
}

#[test]
fn keys_are_added_replaced_and_removed_and_the_last_one_stays() {
    let (_folder, path) = place();
    let entropy = system();
    create(&path, &[words("four plain words here")], Cipher::default(), &entropy).unwrap();
    assert_eq!(add_secret(&path, &words("four plain words here"), &key(2), &entropy).unwrap(), 1);
    let kinds: Vec<SlotKind> = list_slots(&path).unwrap().iter().map(|slot| slot.kind).collect();
    assert_eq!(kinds, [SlotKind::Passphrase(Argon2Cost::DEFAULT), SlotKind::KeyFile]);
    assert!(matches!(add_secret(&path, &key(9), &key(3), &entropy), Err(OpenError::WrongSecret)));
    remove_slot(&path, &key(2), 0).unwrap();
    assert!(matches!(open(&path, &words("four plain words here"), &entropy), Err(OpenError::WrongSecret)));
    assert!(matches!(remove_slot(&path, &key(2), 1), Err(OpenError::LastSlot)));
    assert!(matches!(remove_slot(&path, &key(2), 0), Err(OpenError::NoSuchSlot)));
    assert!(matches!(remove_slot(&path, &key(2), 99), Err(OpenError::NoSuchSlot)));
    replace_secret(&path, &key(2), &key(3), &entropy).unwrap();
    assert!(matches!(open(&path, &key(2), &entropy), Err(OpenError::WrongSecret)));
    for n in 4..10 {
        add_secret(&path, &key(3), &key(n), &entropy).unwrap();
    }
    assert!(matches!(add_secret(&path, &key(3), &key(11), &entropy), Err(OpenError::NoFreeSlot)));
    drop(start(open(&path, &key(9), &entropy).unwrap(), true).unwrap());
}

#[test]
fn a_header_that_asks_for_too_much_memory_is_refused_before_any_work() {
    let (_folder, path) = place();
    create(&path, &[key(1)], Cipher::default(), &system()).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    for copy in [0, 4096] {
        bytes[copy + 64] = 1;
        bytes[copy + 68..copy + 72].copy_from_slice(&u32::MAX.to_le_bytes());
    }
    fs::write(&path, bytes).unwrap();
    assert!(matches!(open(&path, &words("a"), &system()), Err(OpenError::Damaged(_))));
}

#[test]
fn an_age_identity_opens_a_file_that_was_given_its_recipient() {
    let (_folder, path) = place();
    create(&path, &[key(1)], Cipher::default(), &system()).unwrap();
    for _ in 0..5 {
        let identity = age::x25519::Identity::generate();
        let recipient = Secret::age_recipient(&identity.to_public().to_string()).unwrap();
        let slot = add_secret(&path, &key(1), &recipient, &system()).unwrap();
        assert_eq!(list_slots(&path).unwrap()[slot].kind, SlotKind::Age);
        assert!(matches!(open(&path, &recipient, &system()), Err(OpenError::WrongSecret)));
        assert!(open(&path, &Secret::AgeIdentity(identity), &system()).is_ok());
        let other = Secret::AgeIdentity(age::x25519::Identity::generate());
        assert!(matches!(open(&path, &other, &system()), Err(OpenError::WrongSecret)));
    }
    assert!(Secret::age_recipient("age1nonsense").is_none() && Secret::age_identity("# only a comment").is_none());
}
