//! The key header, the superblock, and a whole small data file: any bytes are refused or open.
#![no_main]

use std::fmt;
use std::io::{Error, ErrorKind, Result};
use std::sync::{Arc, LazyLock, Mutex};

use counterfoil::secrets::Entropy;
use counterfoil::store::crypt::{Cipher, Disk, create_on, open_on, parse_key_header, parse_superblock};
use counterfoil::store::keys::Secret;
use libfuzzer_sys::fuzz_target;

/// Longest file that is grown, in bytes.
const LONGEST: u64 = 16 << 20;

/// A disk in memory.
#[derive(Clone)]
struct Bytes(Arc<Mutex<Vec<u8>>>);

impl Bytes {
    fn of(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(bytes)))
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bytes")
    }
}

impl Disk for Bytes {
    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let bytes = self.0.lock().unwrap();
        let found = usize::try_from(offset).ok().and_then(|at| bytes.get(at..)).and_then(|rest| rest.get(..out.len()));
        out.copy_from_slice(found.ok_or(ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> Result<()> {
        let mut bytes = self.0.lock().unwrap();
        let end = offset.checked_add(data.len() as u64).filter(|end| *end <= LONGEST);
        let end = end.ok_or_else(|| Error::from(ErrorKind::StorageFull))? as usize;
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes[offset as usize..end].copy_from_slice(data);
        Ok(())
    }

    fn length(&self) -> Result<u64> {
        Ok(self.0.lock().unwrap().len() as u64)
    }

    fn set_len(&self, len: u64) -> Result<()> {
        if len > LONGEST {
            return Err(ErrorKind::StorageFull.into());
        }
        self.0.lock().unwrap().resize(len as usize, 0);
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        Ok(())
    }
}

/// A new data file.
fn base() -> Vec<u8> {
    let disk = Bytes::of(Vec::new());
    create_on(disk.clone(), &[key()], Cipher::default(), &Entropy::seeded(1)).expect("a new file");
    disk.bytes()
}

fn key() -> Secret {
    Secret::KeyFile([7; 32].into())
}

/// The base with pieces written over it: place (two bytes), length (one), and so many bytes. A length of 255 cuts it.
fn patched(mut patches: &[u8]) -> Vec<u8> {
    static BASE: LazyLock<Vec<u8>> = LazyLock::new(base);
    let mut bytes = BASE.clone();
    while let [low, high, length, rest @ ..] = patches {
        let at = usize::from(u16::from_le_bytes([*low, *high])) % bytes.len().max(1);
        let (piece, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        match *length {
            u8::MAX => bytes.truncate(at),
            _ => bytes.iter_mut().skip(at).zip(piece).for_each(|(byte, new)| *byte = *new),
        }
        patches = rest;
    }
    bytes
}

fuzz_target!(|bytes: &[u8]| {
    let _ = parse_key_header(bytes);
    let _ = parse_superblock(bytes);
    let disk = Bytes::of(patched(bytes));
    if let Ok(opened) = open_on(disk, &key(), &Entropy::seeded(2)) {
        let mut builder = redb::Builder::new();
        builder.set_cache_size(1 << 20).set_check_integrity_on_open(true);
        drop(builder.create_with_backend(opened.backend));
    }
});
