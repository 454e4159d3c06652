//! A disk that keeps un-synced writes apart, so that a power cut can lose, tear and reorder them.

use std::{
    collections::BTreeMap,
    fmt, io,
    sync::{Arc, Mutex},
};

use crate::{secrets::Entropy, store::crypt::disk::Disk};

/// What a power cut does to the writes that no fsync has covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Survival {
    None,
    All,
    /// The first few writes, and a part of the next.
    Prefix,
    /// Each write or not.
    Subset,
    /// Each sector of this many bytes at any version it had.
    Sectors(usize),
    /// As `Sectors(512)`, with some of the sectors being written turned to noise.
    Noise,
    /// Only writes to the headers.
    OnlyHeaders,
    /// Only writes to the data.
    OnlyData,
}

#[derive(Clone)]
enum Op {
    Write(u64, Vec<u8>),
    SetLen(u64),
}

#[derive(Clone, Default)]
struct State {
    durable: Vec<u8>,
    now: Vec<u8>,
    unsynced: Vec<Op>,
    ops: usize,
    /// The operation that fails, counted from the last call of `fail_at`.
    fail_at: Option<usize>,
    /// Whether all later operations fail too: the power is gone.
    and_after: bool,
    only_syncs_fail: bool,
    lies: bool,
    /// Planted: how long the file is said to be.
    claims: Option<u64>,
    /// Superblocks written until the power goes, before the last of them is synced.
    cut_at_superblock: Option<usize>,
}

#[derive(Clone, Default)]
pub(in crate::store) struct SimDisk(Arc<Mutex<State>>);

impl fmt::Debug for SimDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimDisk")
    }
}

const DATA: u64 = 16_384;
const SUPERBLOCK_COPY_0: u64 = 8192;

impl SimDisk {
    fn of(bytes: Vec<u8>) -> Self {
        let disk = Self::default();
        disk.with(|state| (state.now, state.durable) = (bytes.clone(), bytes));
        disk
    }

    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.0.lock().unwrap())
    }

    /// All that was written lasts, and no failure is due.
    pub(in crate::store) fn settle(&self) {
        self.with(|state| {
            *state = State { durable: state.now.clone(), now: std::mem::take(&mut state.now), ..State::default() };
        });
    }

    pub(in crate::store) fn bytes(&self) -> Vec<u8> {
        self.with(|state| state.now.clone())
    }

    /// A disk with these contents at rest.
    pub(in crate::store) fn with_bytes(bytes: Vec<u8>) -> Self {
        Self::of(bytes)
    }

    /// A second disk with the same history.
    pub(in crate::store) fn copy(&self) -> Self {
        Self(Arc::new(Mutex::new(self.with(|state| state.clone()))))
    }

    /// The power goes at operation `n` from now.
    pub(in crate::store) fn cut_at(&self, n: usize) {
        self.with(|state| {
            (state.ops, state.fail_at, state.and_after, state.only_syncs_fail) = (0, Some(n), true, false)
        });
    }

    /// The power goes while superblock `n` from now is on its way.
    pub(in crate::store) fn cut_at_superblock(&self, n: usize) {
        self.with(|state| {
            (state.ops, state.fail_at, state.and_after, state.cut_at_superblock) = (0, None, true, Some(n));
        });
    }

    /// Operation `n` from now fails, and no other.
    pub(in crate::store) fn fail_at(&self, n: usize, only_syncs: bool) {
        self.with(|state| {
            (state.ops, state.fail_at, state.and_after, state.only_syncs_fail) = (0, Some(n), false, only_syncs);
        });
    }

    /// Makes fsync do nothing but where the last write was of a superblock.
    pub(in crate::store) fn lie_about_data(&self) {
        self.with(|state| state.lies = true);
    }

    /// Says that the file is so long, whatever it is.
    pub(in crate::store) fn claim_length(&self, len: u64) {
        self.with(|state| state.claims = Some(len));
    }

    /// Operations since the last call of `cut_at` or `fail_at`.
    pub(in crate::store) fn ops(&self) -> usize {
        self.with(|state| state.ops)
    }

    /// The process is gone, and what it wrote is still in the page cache.
    pub(in crate::store) fn killed(&self) -> Self {
        let copy = self.copy();
        copy.with(|state| {
            (state.fail_at, state.and_after, state.cut_at_superblock, state.ops) = (None, false, None, 0);
        });
        copy
    }

    /// What the disk holds after the power is back.
    pub(in crate::store) fn after_power_cut(&self, survival: Survival, entropy: &Entropy) -> Self {
        let (durable, unsynced, lies) = self.with(|state| (state.durable.clone(), state.unsynced.clone(), state.lies));
        let survivor = Self::of(survive(durable, &unsynced, survival, entropy));
        survivor.with(|state| state.lies = lies);
        survivor
    }
}

impl State {
    /// Counts an operation; whether it fails.
    fn step(&mut self, is_sync: bool) -> io::Result<()> {
        if self.only_syncs_fail && !is_sync {
            return Ok(());
        }
        let n = self.ops;
        self.ops += 1;
        let fails = self.fail_at.is_some_and(|at| n == at || (self.and_after && n > at));
        if fails { Err(io::Error::new(io::ErrorKind::StorageFull, "simulated failure")) } else { Ok(()) }
    }

    fn dead(&self) -> bool {
        self.and_after && self.fail_at.is_some_and(|at| self.ops > at)
    }
}

impl Disk for SimDisk {
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.with(|state| {
            if state.dead() {
                return Err(io::Error::other("the power is gone"));
            }
            let from = state.now.get(offset as usize..).and_then(|rest| rest.get(..out.len()));
            out.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        })
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.with(|state| {
            let was_dead = state.dead();
            let result = state.step(false);
            if !was_dead {
                // A write that fails may have reached the disk in part.
                let done = if result.is_ok() { data } else { &data[..data.len() / 2] };
                let op = Op::Write(offset, done.to_vec());
                apply(&mut state.now, &op);
                let tried = if state.and_after { Op::Write(offset, data.to_vec()) } else { op };
                state.unsynced.push(tried);
            }
            result
        })
    }

    fn length(&self) -> io::Result<u64> {
        self.with(|state| Ok(state.claims.unwrap_or(state.now.len() as u64)))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.with(|state| {
            let was_dead = state.dead();
            let result = state.step(false);
            if !was_dead && (result.is_ok() || state.and_after) {
                apply(&mut state.now, &Op::SetLen(len));
                state.unsynced.push(Op::SetLen(len));
            }
            result
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.with(|state| {
            let superblock = matches!(state.unsynced.last(), Some(Op::Write(SUPERBLOCK_COPY_0, _)));
            if superblock && !state.dead() {
                match state.cut_at_superblock {
                    Some(0) => state.fail_at = Some(state.ops),
                    left => state.cut_at_superblock = left.map(|left| left - 1),
                }
            }
            state.step(true)?;
            if state.lies && !superblock {
                return Ok(());
            }
            state.durable.clone_from(&state.now);
            state.unsynced.clear();
            Ok(())
        })
    }
}

fn apply(bytes: &mut Vec<u8>, op: &Op) {
    match op {
        Op::SetLen(len) => bytes.resize(*len as usize, 0),
        Op::Write(offset, data) => {
            let (start, end) = (*offset as usize, *offset as usize + data.len());
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[start..end].copy_from_slice(data);
        }
    }
}

/// Applies a write without growing beyond what has survived of the length.
fn apply_within(bytes: &mut [u8], offset: u64, data: &[u8]) {
    let start = offset as usize;
    if start < bytes.len() {
        let end = bytes.len().min(start + data.len());
        bytes[start..end].copy_from_slice(&data[..end - start]);
    }
}

fn survive(mut bytes: Vec<u8>, ops: &[Op], survival: Survival, entropy: &Entropy) -> Vec<u8> {
    let count = ops.len() as u64;
    match survival {
        Survival::None => {}
        Survival::All => ops.iter().for_each(|op| apply(&mut bytes, op)),
        Survival::Prefix => {
            let kept = entropy.below(count + 1) as usize;
            ops[..kept].iter().for_each(|op| apply(&mut bytes, op));
            if let Some(Op::Write(offset, data)) = ops.get(kept) {
                let part = entropy.below(data.len() as u64 + 1) as usize;
                apply_within(&mut bytes, *offset, &data[..part]);
            }
        }
        Survival::Subset => keep(&mut bytes, ops, |_| entropy.below(2) == 0),
        Survival::OnlyHeaders => keep(&mut bytes, ops, |op| matches!(op, Op::Write(offset, _) if *offset < DATA)),
        Survival::OnlyData => keep(&mut bytes, ops, |op| !matches!(op, Op::Write(offset, _) if *offset < DATA)),
        Survival::Sectors(size) => sectors(&mut bytes, ops, size, false, entropy),
        Survival::Noise => sectors(&mut bytes, ops, 512, true, entropy),
    }
    bytes
}

fn keep(bytes: &mut Vec<u8>, ops: &[Op], mut survives: impl FnMut(&Op) -> bool) {
    let kept: Vec<&Op> = ops.iter().filter(|op| survives(op)).collect();
    for op in kept {
        match op {
            Op::SetLen(_) => apply(bytes, op),
            Op::Write(offset, data) => apply_within(bytes, *offset, data),
        }
    }
}

/// Each sector at any of its versions, possibly torn within; the length at any of its own.
fn sectors(bytes: &mut Vec<u8>, ops: &[Op], size: usize, noise: bool, entropy: &Entropy) {
    let lengths: Vec<u64> =
        ops.iter().filter_map(|op| if let Op::SetLen(len) = op { Some(*len) } else { None }).collect();
    let kept = entropy.below(lengths.len() as u64 + 1) as usize;
    if let Some(len) = kept.checked_sub(1).map(|n| lengths[n]) {
        bytes.resize(len as usize, 0);
    }
    let mut touched: BTreeMap<usize, Vec<(usize, &[u8])>> = BTreeMap::new();
    for op in ops {
        let Op::Write(offset, data) = op else { continue };
        let (start, end) = (*offset as usize, *offset as usize + data.len());
        for sector in start / size..end.div_ceil(size) {
            let (from, to) = ((sector * size).max(start), ((sector + 1) * size).min(end));
            touched.entry(sector).or_default().push((from, &data[from - start..to - start]));
        }
    }
    for (sector, writes) in touched {
        let versions = entropy.below(writes.len() as u64 + 1) as usize;
        for (at, data) in &writes[..versions] {
            apply_within(bytes, *at as u64, data);
        }
        if let Some((at, data)) = writes.get(versions).filter(|_| entropy.below(8) == 0) {
            let part = entropy.below(data.len() as u64) as usize;
            apply_within(bytes, *at as u64, &data[..part]);
        }
        if noise && entropy.below(4) == 0 {
            let mut garbage = vec![0; size];
            entropy.fill(&mut garbage);
            apply_within(bytes, (sector * size) as u64, &garbage);
        }
    }
}
