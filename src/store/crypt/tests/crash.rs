//! Power cuts, kills, full disks and failing fsyncs: what was acknowledged is there, and nothing half done.

use super::{sim::Survival, *};

pub(in crate::store) const MODES: [Survival; 9] = [
    Survival::None,
    Survival::All,
    Survival::Prefix,
    Survival::Subset,
    Survival::Sectors(512),
    Survival::Sectors(4096),
    Survival::Noise,
    Survival::OnlyHeaders,
    Survival::OnlyData,
];

/// Commits until the disk fails; what was acknowledged, and what was under way.
fn work(disk: &SimDisk, contents: Contents, seed: u64, commits: u64) -> (Contents, Contents) {
    let entropy = Entropy::seeded(seed);
    let Ok(opened) = open::unlock_disk(disk.clone(), &key(1), &entropy) else { return (contents.clone(), contents) };
    let Ok(database) = start(opened, false) else { return (contents.clone(), contents) };
    let mut acknowledged = contents;
    for n in 0..commits {
        let mut next = change(&acknowledged, seed * 100 + n);
        if n % 4 == 3 && seed.is_multiple_of(4) {
            // Grows the file, so that later ones shrink it again.
            next.insert(100, vec![n as u8; 1_500_000]);
        } else {
            next.remove(&100);
        }
        if commit(&database, &next).is_err() {
            return (acknowledged, next);
        }
        acknowledged = next;
    }
    (acknowledged.clone(), acknowledged)
}

/// Opens what a crash left, with further crashes while it recovers; then compares. With `check`, every page is read on
/// opening: without it, what a disk that lied left behind is found only when it is read.
fn recovers(
    crashed: &SimDisk,
    allowed: [&Contents; 2],
    again: usize,
    entropy: &Entropy,
    check: bool,
) -> Result<(), String> {
    let mut disk = crashed.copy();
    for _ in 0..again {
        disk.cut_at(entropy.below(14) as usize);
        let _ = reopen(&disk, check);
        let mode = MODES[entropy.below(MODES.len() as u64) as usize];
        // A kill leaves what was written in the page cache, for a power cut to lose later.
        disk = if entropy.below(4) == 0 { disk.killed() } else { disk.after_power_cut(mode, entropy) };
    }
    let disk = disk.killed();
    let found = reopen(&disk, check)?;
    if allowed.contains(&&found) { Ok(()) } else { Err("contents of no commit".to_owned()) }
}

/// How many of `seeds` leave something that does not recover, and how many images were tried.
fn failures(seeds: std::ops::Range<u64>, cipher: Cipher, lies: bool) -> (Vec<String>, usize) {
    let (base, contents) = new_disk(cipher, 5);
    let mut failed = Vec::new();
    let mut images = 0;
    for seed in seeds {
        let entropy = Entropy::seeded(seed + 1_000);
        let disk = base.copy();
        if lies {
            disk.lie_about_data();
        }
        if seed.is_multiple_of(3) {
            disk.cut_at_superblock(entropy.below(12) as usize);
        } else {
            disk.cut_at(entropy.below(150) as usize);
        }
        let (acknowledged, under_way) = work(&disk, contents.clone(), seed, 9);
        for (n, mode) in (seed..).zip(MODES) {
            for again in [0, n % 4].into_iter().take(if n % 2 == 0 { 1 } else { 2 }) {
                images += 1;
                let crashed = disk.after_power_cut(mode, &entropy);
                if let Err(why) = recovers(&crashed, [&acknowledged, &under_way], again as usize, &entropy, lies) {
                    failed.push(format!("seed {seed}, {mode:?}, {again} more crashes: {why}"));
                }
            }
        }
        images += 1;
        if let Err(why) = recovers(&disk.killed(), [&acknowledged, &under_way], 2, &entropy, lies) {
            failed.push(format!("seed {seed}, killed: {why}"));
        }
    }
    (failed, images)
}

/// More seeds for a long run.
fn seeds(usual: u64) -> u64 {
    std::env::var("COUNTERFOIL_CRASH_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(usual)
}

#[test]
fn every_acknowledged_commit_survives_a_power_cut() {
    let (failed, images) = failures(0..seeds(20), Cipher::QuickForTests, false);
    assert!(failed.is_empty(), "{} of {images}: {:#?}", failed.len(), &failed[..failed.len().min(5)]);
    assert!(images > 200, "{images}");
}

#[test]
fn every_acknowledged_commit_survives_a_power_cut_under_the_real_cipher() {
    let (failed, images) = failures(1_000..1_000 + seeds(20), Cipher::for_this_machine(), false);
    assert!(failed.is_empty(), "{} of {images}: {:#?}", failed.len(), &failed[..failed.len().min(5)]);
    assert!(images > 200, "{images}");
}

#[test]
fn the_crash_test_catches_a_missing_fsync_between_data_and_superblock() {
    let (failed, images) = failures(0..18, Cipher::QuickForTests, true);
    assert!(failed.len() > 9, "{} of {images}", failed.len());
}

#[test]
fn a_failing_write_or_fsync_gives_an_error_and_keeps_what_was_acknowledged() {
    let (base, contents) = new_disk(Cipher::QuickForTests, 6);
    for only_syncs in [true, false] {
        let mut n = 0;
        loop {
            let disk = base.copy();
            disk.fail_at(n, only_syncs);
            let (acknowledged, under_way) = work(&disk, contents.clone(), 3, 4);
            if disk.ops() <= n {
                break;
            }
            let found = reopen(&disk.killed(), false).unwrap_or_else(|why| panic!("operation {n}: {why}"));
            assert!(found == acknowledged || found == under_way, "operation {n}, only syncs: {only_syncs}");
            n += if only_syncs { 1 } else { 3 };
        }
        assert!(n > 8, "{n}");
    }
}

/// Cuts a compaction off at many of its operations; what did not recover, and how many images were tried.
fn compactions(lies: bool) -> (Vec<String>, usize) {
    let (base, mut contents) = new_disk(Cipher::QuickForTests, 8);
    let database = start(open::unlock_disk(base.clone(), &key(1), &Entropy::seeded(3)).unwrap(), false).unwrap();
    // Something to move: a file that was larger.
    for n in 200..260 {
        contents.insert(n, vec![n as u8; 20_000]);
    }
    commit(&database, &contents).unwrap();
    contents.retain(|n, _| n % 7 == 0);
    commit(&database, &contents).unwrap();
    drop(database);
    base.settle();
    let compact = |disk: &SimDisk| {
        let opened = open::unlock_disk(disk.clone(), &key(1), &Entropy::seeded(4)).map_err(|e| e.to_string())?;
        let mut database = start(opened, false).map_err(|e| e.to_string())?;
        database.compact().map_err(|e| e.to_string())
    };
    let whole = base.copy();
    whole.cut_at(usize::MAX);
    assert!(compact(&whole).unwrap());
    assert!(whole.bytes().len() < base.bytes().len());
    let (ops, entropy) = (whole.ops(), Entropy::seeded(80));
    let step = (ops as u64 / seeds(40)).max(1) as usize;
    let (mut failed, mut images) = (Vec::new(), 0);
    for cut in (0..ops).step_by(step) {
        let disk = base.copy();
        if lies {
            disk.lie_about_data();
        }
        disk.cut_at(cut);
        let _ = compact(&disk);
        let mode = MODES[entropy.below(MODES.len() as u64) as usize];
        for crashed in [disk.after_power_cut(mode, &entropy), disk.killed()] {
            images += 1;
            let again = entropy.below(3) as usize;
            if let Err(why) = recovers(&crashed, [&contents, &contents], again, &entropy, lies) {
                failed.push(format!("cut {cut} of {ops}, {mode:?}: {why}"));
            }
        }
    }
    (failed, images)
}

#[test]
fn a_compaction_that_is_cut_off_anywhere_leaves_what_was_there() {
    let (failed, images) = compactions(false);
    assert!(failed.is_empty() && images > 60, "{} of {images}: {failed:#?}", failed.len());
}

#[test]
fn the_test_of_compactions_catches_a_missing_fsync() {
    let (failed, images) = compactions(true);
    assert!(failed.len() > 5, "{} of {images}", failed.len());
}

/// Cuts a change of keys off at each of its operations; after what neither exactly the old key nor the new one opens.
fn changes_of_keys(lies: bool) -> Vec<String> {
    let (base, contents) = new_disk(Cipher::QuickForTests, 7);
    let entropy = Entropy::seeded(70);
    let mut failed = Vec::new();
    for cut in 0..5 {
        for mode in MODES.repeat(4) {
            let disk = base.copy();
            if lies {
                disk.lie_about_data();
            }
            disk.cut_at(cut);
            let done = super::super::slots::replace_on(&disk, &key(1), &key(2), &entropy).is_ok();
            let disk = disk.after_power_cut(mode, &entropy);
            let old = open::unlock_disk(disk.copy(), &key(1), &entropy);
            let new = open::unlock_disk(disk.copy(), &key(2), &entropy);
            let plain = [&old, &new].into_iter().filter_map(|opened| opened.as_ref().err());
            let told = plain.into_iter().all(|error| matches!(error, super::super::OpenError::WrongSecret));
            if !told || old.is_ok() == new.is_ok() || (done && new.is_err()) {
                failed.push(format!("cut {cut}, {mode:?}: {} {}, done: {done}", old.is_ok(), new.is_ok()));
                continue;
            }
            let database = start(old.or(new).unwrap(), true).unwrap();
            assert_eq!(read_all(&database).unwrap(), contents);
        }
    }
    failed
}

#[test]
fn a_change_of_keys_that_is_cut_off_leaves_the_old_key_or_the_new() {
    assert_eq!(changes_of_keys(false), [""; 0]);
}

#[test]
fn the_test_of_changes_of_keys_catches_a_missing_fsync() {
    let failed = changes_of_keys(true);
    assert!(failed.len() > 5, "{failed:#?}");
}
