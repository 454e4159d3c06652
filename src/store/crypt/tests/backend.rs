//! The backend by itself: what it refuses, what it leaves in a buffer, and how often it waits for the disk.

use redb::StorageBackend;

use super::*;
use crate::store::crypt::{
    EncryptedFile,
    layout::{BLOCK_LEN, DATA_START, STRIDE},
};

const BLOCK: u64 = BLOCK_LEN as u64;

fn backend() -> (SimDisk, EncryptedFile<SimDisk>) {
    let disk = SimDisk::default();
    let file = open::format(disk.clone(), &[key(1)], Cipher::XChaCha20Poly1305, &Entropy::seeded(2)).unwrap();
    file.set_len(8 * BLOCK).unwrap();
    (disk, file)
}

#[test]
fn whole_blocks_are_read_back_in_any_portion() {
    let (_disk, file) = backend();
    let data: Vec<u8> = (0..3 * BLOCK_LEN).map(|n| (n / 7) as u8).collect();
    file.write(2 * BLOCK, &data).unwrap();
    file.write(0, &[9; 320]).unwrap();
    for (from, len) in [(0, BLOCK_LEN), (0, 3 * BLOCK_LEN), (5, 100), (4000, 5000), (4095, 2), (BLOCK_LEN, 1)] {
        let mut out = vec![1; len];
        file.read(2 * BLOCK + from as u64, &mut out).unwrap();
        assert_eq!(out, data[from..from + len], "{from}+{len}");
    }
    let mut head = [1; 400];
    file.read(0, &mut head).unwrap();
    assert!(head[..320] == [9; 320] && head[320..] == [0; 80]);
}

#[test]
fn many_blocks_are_read_in_several_windows_and_damage_in_any_leaves_nothing() {
    let (disk, file) = backend();
    file.set_len(50 * BLOCK).unwrap();
    let data: Vec<u8> = (0..40 * BLOCK_LEN).map(|n| (n / 9) as u8).collect();
    file.write(3 * BLOCK, &data).unwrap();
    for blocks in [1, 15, 16, 17, 32, 33, 40] {
        let mut out = vec![1; blocks * BLOCK_LEN];
        file.read(3 * BLOCK, &mut out).unwrap();
        assert!(out == data[..blocks * BLOCK_LEN], "{blocks}");
    }
    disk.write_at(DATA_START + 42 * STRIDE as u64 + 99, &[0]).unwrap();
    let mut out = vec![7; 40 * BLOCK_LEN];
    assert!(file.read(3 * BLOCK, &mut out).unwrap_err().to_string().contains("block 42 "));
    assert!(out.iter().all(|byte| *byte == 0));
}

#[test]
fn what_redb_never_asks_for_is_refused() {
    let (_disk, file) = backend();
    assert!(file.write(BLOCK + 1, &[0; BLOCK_LEN]).is_err());
    assert!(file.write(BLOCK, &[0; 100]).is_err());
    assert!(file.write(0, &[0; 1025]).is_err());
    assert!(file.write(1000, &[0; 25]).is_err());
    assert!(file.write(8 * BLOCK, &[0; BLOCK_LEN]).is_err());
    assert!(file.write(u64::MAX, &[0; BLOCK_LEN]).is_err());
    assert!(file.set_len(BLOCK + 1).is_err());
    assert!(file.set_len(u64::MAX - u64::MAX % BLOCK).is_err());
    assert_eq!(file.len().unwrap(), 8 * BLOCK);
    let mut out = [7; BLOCK_LEN];
    assert!(file.read(8 * BLOCK, &mut out).is_err());
    assert_eq!(out, [0; BLOCK_LEN]);
}

#[test]
fn a_damaged_block_is_named_and_leaves_nothing_in_the_buffer() {
    let (disk, file) = backend();
    file.write(3 * BLOCK, &[5; 2 * BLOCK_LEN]).unwrap();
    disk.write_at(DATA_START + 4 * STRIDE as u64 + 99, &[0]).unwrap();
    let mut out = [7; 2 * BLOCK_LEN];
    let error = file.read(3 * BLOCK, &mut out).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    assert!(error.to_string().contains("block 4 "), "{error}");
    assert_eq!(out, [0; 2 * BLOCK_LEN]);
    file.read(3 * BLOCK, &mut out[..BLOCK_LEN]).unwrap();
    assert_eq!(out[..BLOCK_LEN], [5; BLOCK_LEN]);
}

#[test]
fn after_a_failed_fsync_nothing_is_written_or_promised_again() {
    let (disk, file) = backend();
    file.sync_data().unwrap();
    file.write(BLOCK, &[5; BLOCK_LEN]).unwrap();
    disk.fail_at(0, true);
    assert!(file.sync_data().is_err());
    let before = disk.bytes();
    assert!(file.sync_data().is_err());
    assert!(file.write(BLOCK, &[6; BLOCK_LEN]).is_err());
    assert!(file.set_len(9 * BLOCK).is_err());
    file.close().unwrap();
    assert_eq!(disk.bytes(), before);
    assert_eq!(disk.ops(), 1);
}

#[test]
fn a_two_phase_commit_waits_for_the_disk_twice() {
    let (disk, mut contents) = new_disk(Cipher::QuickForTests, 40);
    let opened = open::unlock_disk(disk.clone(), &key(1), &Entropy::seeded(2)).unwrap();
    let database = start(opened, false).unwrap();
    // A file this small would grow and shrink with every commit.
    for n in 50..400 {
        contents.insert(n, vec![1; 700]);
    }
    commit(&database, &contents).unwrap();
    for n in 0..5 {
        contents.insert(1, vec![n; 100]);
        disk.fail_at(usize::MAX, true);
        commit(&database, &contents).unwrap();
        assert_eq!(disk.ops(), 2);
    }
}
