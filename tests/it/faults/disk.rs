//! A disk in memory that fails as told: at the n-th call of a kind, or wherever it would have to grow.

use std::io::{Error, ErrorKind, Result};
use std::sync::{Arc, Mutex};

use counterfoil::store::crypt::Disk;

/// Where the headers end and the data begins.
const HEADERS: u64 = 16_384;

/// What kind of call is to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Read,
    Write,
    Sync,
    SetLen,
}

/// How it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// This call, and none after it.
    Once(ErrorKind),
    /// This call and all of its kind after it.
    FromThenOn(ErrorKind),
    /// Planted: from then on, no write to the first sectors of the file is done, and nobody is told.
    Silently,
}

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    plan: Option<(Call, usize, Way)>,
    /// Calls of the kind that is to fail.
    calls: usize,
    /// Calls of any kind that change something, after one that failed for good.
    after: usize,
    /// Full: places that were never written take nothing, and neither does a larger length.
    full: Option<usize>,
    room: Option<u64>,
    /// The highest byte written.
    used: usize,
}

#[derive(Clone, Default)]
pub struct FaultDisk(Arc<Mutex<State>>);

impl std::fmt::Debug for FaultDisk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FaultDisk")
    }
}

impl FaultDisk {
    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.0.lock().unwrap())
    }

    /// A sound disk with these bytes.
    pub fn of(bytes: Vec<u8>) -> Self {
        let disk = Self::default();
        disk.with(|s| (s.used, s.bytes) = (bytes.len(), bytes));
        disk
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.with(|s| s.bytes.clone())
    }

    /// Changes what lies on it behind everybody's back.
    pub fn alter(&self, change: impl FnOnce(&mut Vec<u8>)) {
        self.with(|s| change(&mut s.bytes));
    }

    /// Call `n` of this kind from now fails.
    pub fn fail(&self, call: Call, n: usize, way: Way) {
        self.with(|s| (s.plan, s.calls, s.after) = (Some((call, n, way)), 0, 0));
    }

    /// Nothing fails any more.
    pub fn heal(&self) {
        self.with(|s| (s.plan, s.calls, s.after) = (None, 0, 0));
    }

    /// Takes nothing beyond what it has now; or takes everything again.
    pub fn set_full(&self, full: bool) {
        self.with(|s| s.full = full.then_some(s.used));
    }

    /// What it says of its room.
    pub fn set_room(&self, room: Option<u64>) {
        self.with(|s| s.room = room);
    }

    /// Whether the call that was to fail came.
    pub fn has_failed(&self) -> bool {
        self.with(|s| s.plan.is_some_and(|(_, n, _)| s.calls > n))
    }

    /// Changing calls after the one that failed.
    pub fn calls_after(&self) -> usize {
        self.with(|s| s.after)
    }
}

impl State {
    /// False when the call is to be left undone silently.
    fn step(&mut self, call: Call) -> Result<bool> {
        let Some((kind, at, way)) = self.plan else { return Ok(true) };
        if self.calls > at && call != Call::Read {
            self.after += 1;
        }
        if kind != call {
            return Ok(true);
        }
        let n = self.calls;
        self.calls += 1;
        match way {
            Way::Once(error) if n == at => Err(error.into()),
            Way::FromThenOn(error) if n >= at => Err(error.into()),
            Way::Silently if n >= at => Ok(false),
            _ => Ok(true),
        }
    }

    fn takes(&self, end: usize) -> Result<()> {
        if self.full.is_some_and(|full| end > full) { Err(ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl Disk for FaultDisk {
    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        self.with(|s| {
            s.step(Call::Read)?;
            let from = s.bytes.get(offset as usize..).and_then(|rest| rest.get(..out.len()));
            out.copy_from_slice(from.ok_or_else(|| Error::from(ErrorKind::UnexpectedEof))?);
            Ok(())
        })
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> Result<()> {
        self.with(|s| {
            let (start, end) = (offset as usize, offset as usize + data.len());
            let done = s.step(Call::Write);
            s.takes(end)?;
            // A write that fails may have reached the disk in part.
            let part = match done {
                Ok(true) => data.len(),
                Ok(false) if offset < HEADERS => 0,
                Ok(false) => data.len(),
                Err(_) => data.len() / 2,
            };
            if s.bytes.len() < start + part {
                s.bytes.resize(start + part, 0);
            }
            s.bytes[start..start + part].copy_from_slice(&data[..part]);
            s.used = s.used.max(start + part);
            done.map(drop)
        })
    }

    fn length(&self) -> Result<u64> {
        self.with(|s| Ok(s.bytes.len() as u64))
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.with(|s| {
            if s.step(Call::SetLen)? {
                s.bytes.resize(len as usize, 0);
            }
            Ok(())
        })
    }

    fn sync(&self) -> Result<()> {
        self.with(|s| s.step(Call::Sync).map(drop))
    }

    fn room(&self) -> Result<Option<u64>> {
        self.with(|s| Ok(s.room))
    }
}
