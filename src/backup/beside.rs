//! Bytes that pass to another thread in pieces, so that a snapshot is read and deciphered, the backup sealed, and what
//! was sealed written at the same time. Memory stays bounded: pieces go round.
//!
//! Knows nothing of backups.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

/// Bytes of a piece.
const PIECE: usize = 256 * 1024;
/// Pieces that are under way.
const PIECES: usize = 4;

/// Runs `make`, which writes, on this thread, and `take`, which gets what was written piece by piece, on another. When
/// one of them fails, the other is broken off; `take`'s error is the cause then.
pub(super) fn beside<T, E: From<io::Error> + Send>(
    make: impl FnOnce(&mut Pieces) -> Result<T, E>,
    mut take: impl FnMut(&[u8]) -> Result<(), E> + Send,
) -> Result<T, E> {
    let ((full, filled), (empty, emptied)) = (sync_channel(PIECES), channel());
    std::thread::scope(|scope| {
        let taking = scope.spawn(move || each(&filled, &empty, &mut take));
        let mut pieces = Pieces { piece: Vec::with_capacity(PIECE), full, emptied, made: 1 };
        let made = make(&mut pieces).and_then(|made| Ok(pieces.flush().map(|()| made)?));
        // The other side ends when it has taken what is under way.
        drop(pieces);
        let taken = taking.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        taken.and(made)
    })
}

fn each<E>(
    filled: &Receiver<Vec<u8>>,
    empty: &Sender<Vec<u8>>,
    take: &mut impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    for mut piece in filled {
        take(&piece)?;
        piece.clear();
        // Nobody needs it any more once all was written.
        let _ = empty.send(piece);
    }
    Ok(())
}

/// A writer whose bytes go to the other thread.
pub(super) struct Pieces {
    piece: Vec<u8>,
    full: SyncSender<Vec<u8>>,
    emptied: Receiver<Vec<u8>>,
    made: usize,
}

impl Pieces {
    fn pass_on(&mut self) -> io::Result<()> {
        let gone = || io::Error::new(io::ErrorKind::BrokenPipe, "the other side has ended");
        self.full.send(std::mem::take(&mut self.piece)).map_err(|_| gone())?;
        self.piece = if self.made < PIECES {
            self.made += 1;
            Vec::with_capacity(PIECE)
        } else {
            self.emptied.recv().map_err(|_| gone())?
        };
        Ok(())
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        if self.piece.len() == PIECE {
            self.pass_on()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() { Ok(()) } else { self.pass_on() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(bytes: usize) -> Vec<u8> {
        (0..bytes).map(|n| (n / 7) as u8).collect()
    }

    #[test]
    fn everything_arrives_in_order_whatever_its_length() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 9 * PIECE + 77] {
            let mut out = Vec::new();
            let put = |pieces: &mut Pieces| {
                written(length).chunks(1_001).try_for_each(|part| pieces.write_all(part)).map(|()| length)
            };
            let made: io::Result<usize> = beside(put, |piece| {
                out.extend_from_slice(piece);
                Ok(())
            });
            assert_eq!(made.unwrap(), length);
            assert_eq!(out, written(length));
        }
    }

    #[test]
    fn a_failure_on_either_side_ends_both_and_is_told() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let endless = |pieces: &mut Pieces| -> io::Result<()> {
            loop {
                pieces.write_all(&written(PIECE))?;
            }
        };
        let mut left = 3;
        let told = beside(endless, |_| {
            left -= 1;
            if left == 0 { Err(full()) } else { Ok(()) }
        });
        assert_eq!(told.unwrap_err().kind(), io::ErrorKind::StorageFull);
        let told = beside(|_| Err::<(), _>(full()), |_| Ok(()));
        assert_eq!(told.unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
