//! Where a backup's stream is cut, and what the pieces are called.

use std::io::{self, Write};

use zeroize::Zeroizing;

use super::super::BackupError;
use super::super::write::{Part, Sink};
use crate::domain::ids::Digest;
use crate::secrets::{hmac_sha256, same_secret, sha256};
use crate::store::prelude::*;

/// Bytes of a usual piece: what one changed row costs.
const USUAL: u64 = 512 * 1024;
/// Bytes after which a piece ends in any case.
const LONGEST: usize = 4 << 20;

/// The keys of one data file's pieces.
pub struct Naming {
    root: Zeroizing<[u8; 32]>,
    pieces: Zeroizing<[u8; 32]>,
}

impl Naming {
    /// For the data file of this snapshot and the recipients that it names.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn of(tx: &ReadTx) -> Result<Self, StoreError> {
        let mut recipients = tx.backup_recipients()?;
        recipients.sort();
        Ok(Self::new(tx.chain_key()?.of_backups(), &recipients))
    }

    fn new(root: [u8; 32], recipients: &[String]) -> Self {
        let set = [b"pieces".as_slice(), &sha256(recipients.join("\n").as_bytes())].concat();
        Self { pieces: Zeroizing::new(hmac_sha256(&root, &set)), root: Zeroizing::new(root) }
    }

    /// The key by which pieces are named: what a restore checks them with.
    pub fn key(&self) -> &[u8; 32] {
        &self.pieces
    }

    /// What a piece is called.
    pub fn name(&self, piece: &[u8]) -> Digest {
        named(&self.pieces, piece)
    }

    /// The seal of a list.
    pub fn seal(&self, list: &[u8]) -> Digest {
        Digest(hmac_sha256(&self.root[..], &[b"list".as_slice(), list].concat()))
    }

    /// Whether a list is this data file's, and as it was written.
    pub fn is_sealed(&self, list: &[u8], seal: Digest) -> bool {
        same_secret(&self.seal(list).0, &seal.0)
    }

    /// Whether a piece ends after this row: by its key alone, so that a changed value moves no end; and the more likely
    /// the longer it is.
    fn ends_after(&self, table: &str, key: &[u8], bytes: u64) -> bool {
        let drawn = hmac_sha256(&self.root[..], &[b"cut".as_slice(), table.as_bytes(), &[0], key].concat());
        let drawn = drawn.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        u128::from(drawn) < (u128::from(bytes) << 64) / u128::from(USUAL)
    }
}

/// What a piece is called under a key.
pub fn named(key: &[u8; 32], piece: &[u8]) -> Digest {
    Digest(hmac_sha256(key, piece))
}

/// Takes a piece, with its name.
type Each<'a> = dyn FnMut(Digest, &[u8]) -> Result<(), BackupError> + 'a;

/// Cuts the stream that is written to it. In memory is one piece.
pub struct Cutter<'a> {
    naming: &'a Naming,
    piece: Vec<u8>,
    each: &'a mut Each<'a>,
}

impl<'a> Cutter<'a> {
    /// Gives each piece to `each`.
    pub fn new(naming: &'a Naming, each: &'a mut Each<'a>) -> Self {
        Self { naming, piece: Vec::new(), each }
    }

    fn end_piece(&mut self) -> Result<(), BackupError> {
        if !self.piece.is_empty() {
            (self.each)(self.naming.name(&self.piece), &self.piece)?;
            self.piece.clear();
        }
        Ok(())
    }
}

impl Write for Cutter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Cutter<'_> {
    fn ended(&mut self, part: Part<'_>) -> Result<(), BackupError> {
        let ends = match part {
            // What differs every time lies in pieces of its own.
            Part::Manifest | Part::Rows | Part::Stream => true,
            Part::Row { table, key, bytes } => self.piece.len() >= LONGEST || self.naming.ends_after(table, key, bytes),
        };
        if ends { self.end_piece() } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naming(recipients: &[&str]) -> Naming {
        Naming::new([1; 32], &recipients.iter().map(|r| (*r).to_owned()).collect::<Vec<_>>())
    }

    type Rows = Vec<(u64, Vec<u8>)>;

    /// The pieces of a table of these rows.
    fn pieces(rows: &[(u64, Vec<u8>)]) -> Vec<Digest> {
        let (mut out, naming) = (Vec::new(), naming(&["a"]));
        let mut each = |name, _: &[u8]| {
            out.push(name);
            Ok(())
        };
        let mut cutter = Cutter::new(&naming, &mut each);
        for (key, value) in rows {
            cutter.write_all(value).unwrap();
            let (key, bytes) = (&key.to_be_bytes(), value.len() as u64);
            cutter.ended(Part::Row { table: "rows", key, bytes }).unwrap();
        }
        cutter.ended(Part::Stream).unwrap();
        out
    }

    #[test]
    fn a_changed_row_changes_its_own_piece_only() {
        let rows: Rows = (0..400).map(|n: u64| (n, vec![n as u8; 50_000])).collect();
        let before = pieces(&rows);
        assert!((20..80).contains(&before.len()), "{} pieces of {USUAL} bytes each", before.len());
        let changes: [fn(&mut Rows); 3] =
            [|rows| rows[200].1[7] ^= 1, |rows| rows.insert(200, (1_000, vec![1; 90])), |rows| drop(rows.remove(200))];
        for change in changes {
            let mut changed = rows.clone();
            change(&mut changed);
            let after = pieces(&changed);
            let new = after.iter().filter(|name| !before.contains(name)).count();
            assert!((1..=2).contains(&new), "{new} of {} pieces are new", after.len());
        }
    }

    #[test]
    fn no_piece_grows_without_end() {
        // Rows of no length never end a piece by their keys.
        let rows: Rows = (0..3).map(|n| (n, vec![0; LONGEST])).collect();
        assert_eq!(pieces(&rows).len(), 3);
    }

    #[test]
    fn names_depend_on_the_data_file_and_on_who_may_open_them() {
        let name = |naming: &Naming| naming.name(b"the same content");
        let one = name(&naming(&["a"]));
        assert_eq!(one, name(&naming(&["a"])));
        assert_ne!(one, name(&naming(&["a", "b"])));
        assert_ne!(one, name(&Naming::new([2; 32], &["a".to_owned()])));
        assert_ne!(one, Digest(sha256(b"the same content")));
        assert!(naming(&["a"]).is_sealed(b"list", naming(&["b"]).seal(b"list")), "a list outlives its recipients");
    }
}
