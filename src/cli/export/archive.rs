//! Where the archive's files go: a new folder, or over the control socket to the command that fills one.
//!
//! Knows names and bytes only. Both ends of the socket agree on pieces: a tag byte, `F` with a file's name or `D` with
//! bytes of the file named last.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::super::Failure;
use super::super::protocol::DATA_BYTES;

/// Longest name of a file within the archive, in bytes.
const NAME_MAX: usize = 300;
const FILE: u8 = b'F';
const DATA: u8 = b'D';

/// Takes files one after the other.
pub trait Archive {
    /// Begins a file; the one before is complete.
    ///
    /// # Errors
    /// When it can't be made.
    fn file(&mut self, name: &str) -> Result<(), Failure>;

    /// Adds to the file begun last.
    ///
    /// # Errors
    /// When it can't be written.
    fn add(&mut self, bytes: &[u8]) -> Result<(), Failure>;
}

/// A folder that was empty.
pub struct Folder {
    root: PathBuf,
    open: Option<(PathBuf, BufWriter<File>)>,
    /// Files and bytes so far.
    pub written: (u64, u64),
}

impl Folder {
    /// In a folder that is not there yet or is empty.
    ///
    /// # Errors
    /// When something is in it, or it can't be made.
    pub fn new(root: &Path) -> Result<Self, Failure> {
        let failed = |e: std::io::Error| Failure::file(root, &e);
        match std::fs::read_dir(root) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    return Err(Failure::new(format!("{} is not empty. Name a new folder.", root.display())));
                }
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => folder(root).map_err(failed)?,
            Err(e) => return Err(failed(e)),
        }
        Ok(Self { root: root.to_owned(), open: None, written: (0, 0) })
    }

    /// Takes a piece as [`Pieces`] sends it.
    ///
    /// # Errors
    /// When it is none, or can't be written.
    pub fn take(&mut self, piece: &[u8]) -> Result<(), Failure> {
        let wrong = || Failure::new("What arrived is not an archive.");
        match piece.split_first() {
            Some((&FILE, name)) => self.file(std::str::from_utf8(name).map_err(|_| wrong())?),
            Some((&DATA, bytes)) => self.add(bytes),
            _ => Err(wrong()),
        }
    }

    /// Completes the last file and makes all of it last; files and bytes.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn finish(mut self) -> Result<(u64, u64), Failure> {
        self.close()?;
        let synced = File::open(&self.root).and_then(|root| rustix::fs::syncfs(&root).map_err(Into::into));
        synced.map_err(|e| Failure::file(&self.root, &e))?;
        Ok(self.written)
    }

    fn close(&mut self) -> Result<(), Failure> {
        match self.open.take() {
            Some((path, mut file)) => file.flush().map_err(|e| Failure::file(&path, &e)),
            None => Ok(()),
        }
    }
}

fn folder(path: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().mode(0o700).create(path)
}

/// Whether a name leads nowhere but into the archive: plain parts, none of them hidden.
fn is_safe(name: &str) -> bool {
    let plain = |part: &str| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(fits)
    };
    name.len() <= NAME_MAX && name.split('/').all(plain)
}

impl Archive for Folder {
    fn file(&mut self, name: &str) -> Result<(), Failure> {
        self.close()?;
        if !is_safe(name) {
            return Err(Failure::new("A file of the archive has a name that can't be taken."));
        }
        let path = self.root.join(name);
        let parents: Vec<PathBuf> = path.ancestors().skip(1).take_while(|p| **p != self.root).map(Into::into).collect();
        for parent in parents.iter().rev() {
            match folder(parent) {
                Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => return Err(Failure::file(parent, &e)),
                _ => {}
            }
        }
        let made = File::options().write(true).create_new(true).mode(0o600).open(&path);
        let file = made.map_err(|e| Failure::file(&path, &e))?;
        self.open = Some((path, BufWriter::with_capacity(DATA_BYTES, file)));
        self.written.0 += 1;
        Ok(())
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let Some((path, file)) = &mut self.open else { return Err(Failure::new("What arrived is not an archive.")) };
        self.written.1 += bytes.len() as u64;
        file.write_all(bytes).map_err(|e| Failure::file(path, &e))
    }
}

/// Sends pieces; `send` takes one at a time.
pub struct Pieces<F> {
    send: F,
    gathered: Vec<u8>,
}

impl<F: FnMut(&[u8]) -> Result<(), Failure>> Pieces<F> {
    /// Through `send`.
    pub fn new(send: F) -> Self {
        Self { send, gathered: Vec::with_capacity(DATA_BYTES) }
    }

    /// Sends what is gathered.
    ///
    /// # Errors
    /// When the other end is gone.
    pub fn flush(&mut self) -> Result<(), Failure> {
        if self.gathered.len() > 1 {
            (self.send)(&self.gathered)?;
        }
        self.gathered.clear();
        self.gathered.push(DATA);
        Ok(())
    }
}

impl<F: FnMut(&[u8]) -> Result<(), Failure>> Archive for Pieces<F> {
    fn file(&mut self, name: &str) -> Result<(), Failure> {
        self.flush()?;
        (self.send)(&[&[FILE], name.as_bytes()].concat())
    }

    fn add(&mut self, mut bytes: &[u8]) -> Result<(), Failure> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(DATA_BYTES - self.gathered.len()));
            self.gathered.extend_from_slice(now);
            if self.gathered.len() == DATA_BYTES {
                self.flush()?;
            }
            bytes = later;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_archive() {
        for name in ["index.html", "clients/7-marlow/12-hf-2026.pdf"] {
            assert!(is_safe(name), "{name}");
        }
        let long = "a".repeat(NAME_MAX + 1);
        for name in ["", "/etc/passwd", "a//b", "../a", "a/../b", ".hidden", "a/.b", "a b", "a\\b", "ü", &long] {
            assert!(!is_safe(name), "{name}");
        }
    }

    #[test]
    fn pieces_make_the_same_folder_and_a_full_one_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let mut folder = Folder::new(&place.path().join("new")).unwrap();
        let big = vec![7; 3 * DATA_BYTES + 5];
        let mut pieces = Pieces::new(|piece: &[u8]| folder.take(piece));
        pieces.flush().unwrap();
        pieces.file("a/b.bin").unwrap();
        pieces.add(&big).unwrap();
        pieces.file("empty.txt").unwrap();
        pieces.flush().unwrap();
        assert_eq!(folder.finish().unwrap(), (2, big.len() as u64));
        assert_eq!(std::fs::read(place.path().join("new/a/b.bin")).unwrap(), big);
        assert!(Folder::new(place.path()).is_err());
    }
}
