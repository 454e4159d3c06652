//! A ZIP archive written from its beginning to its end, of as many files as come.
//!
//! Each file is whole when it comes, so that its sizes and checksum stand before it. What the directory at the end
//! says of it waits deflated, a few dozen bytes a file; a general library keeps ten times as much. Knows neither what
//! is in a file nor where the bytes go.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};

use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// How a file lies in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// As it is: PDFs are compressed already.
    Stored,
    /// Deflated, unless that would make it larger.
    Deflated,
}

/// The layout's own numbers (PKWARE's APPNOTE 6.3.10).
const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const END_64_PLACE: u32 = 0x0706_4b50;
/// Made on Unix by version 4.5 of the layout, which reads and writes beyond 4 GiB and 65,535 files.
const MADE_BY: u16 = 3 << 8 | 45;
const NEEDS: u16 = 20;
const NEEDS_64: u16 = 45;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
/// 1 January 1980, the first day there is: what is in an archive follows from its files alone.
const DAY: u16 = 1 << 5 | 1;
/// A plain file that its owner writes and everybody reads.
const MODE: u32 = 0o100_644 << 16;

/// An archive that is being written.
pub struct Archive<W> {
    out: W,
    /// Bytes written so far: where the next file begins.
    at: u64,
    files: u64,
    /// The directory, deflated, and how long it is otherwise.
    directory: DeflateEncoder<Vec<u8>>,
    directory_len: u64,
    /// Digests of the names that are taken.
    taken: HashSet<u64>,
    hasher: RandomState,
    packer: DeflateEncoder<Vec<u8>>,
}

impl<W: Write> Archive<W> {
    /// An empty one.
    pub fn new(out: W) -> Self {
        Self::after(out, 0)
    }

    /// One that begins after so many bytes of something else.
    fn after(out: W, at: u64) -> Self {
        let packer = || DeflateEncoder::new(Vec::new(), Compression::default());
        let (taken, hasher) = (HashSet::new(), RandomState::new());
        Self { out, at, files: 0, directory: packer(), directory_len: 0, taken, hasher, packer: packer() }
    }

    /// Adds a file; the name that it got: this one, or with a count where that is taken, as `A/1` and `A-1` make the
    /// same.
    ///
    /// # Errors
    /// When it can't be written, or is 4 GiB or more.
    pub fn add(&mut self, name: &str, bytes: &[u8], packing: Packing) -> io::Result<String> {
        let name = self.free(name);
        let packed = match packing {
            Packing::Stored => None,
            Packing::Deflated => Some(self.packed(bytes)?).filter(|packed| packed.len() < bytes.len()),
        };
        let content = packed.as_deref().unwrap_or(bytes);
        let fits = |n: usize| u32::try_from(n).map_err(|_| io::Error::other("a file is too large for an archive"));
        let mut crc = Crc::new();
        crc.update(bytes);
        // What the header before the file and its line in the directory have in common.
        let mut common = Vec::with_capacity(32);
        for part in [FLAGS, if packed.is_some() { 8 } else { 0 }, 0, DAY] {
            common.extend(part.to_le_bytes());
        }
        for part in [crc.sum(), fits(content.len())?, fits(bytes.len())?] {
            common.extend(part.to_le_bytes());
        }
        let name_len = u16::try_from(name.len()).map_err(|_| io::Error::other("a name is too long for an archive"))?;
        common.extend(name_len.to_le_bytes());
        self.enter(&name, &common)?;
        self.put(&LOCAL.to_le_bytes())?;
        self.put(&NEEDS.to_le_bytes())?;
        self.put(&common)?;
        self.put(&0_u16.to_le_bytes())?;
        self.put(name.as_bytes())?;
        self.put(content)?;
        Ok(name)
    }

    /// Notes a file that begins here for the directory.
    fn enter(&mut self, name: &str, common: &[u8]) -> io::Result<()> {
        let far = self.at >= u64::from(u32::MAX);
        let (needs, place) = (if far { NEEDS_64 } else { NEEDS }, u32::try_from(self.at).unwrap_or(u32::MAX));
        let mut extra = Vec::new();
        if far {
            extra.extend(1_u16.to_le_bytes());
            extra.extend(8_u16.to_le_bytes());
            extra.extend(self.at.to_le_bytes());
        }
        let mut line = Vec::with_capacity(80);
        line.extend(CENTRAL.to_le_bytes());
        line.extend(MADE_BY.to_le_bytes());
        line.extend(needs.to_le_bytes());
        line.extend(common);
        // The extra field’s length, none of a comment, the only disk, nothing said of the content.
        for part in [if far { 12_u16 } else { 0 }, 0, 0, 0] {
            line.extend(part.to_le_bytes());
        }
        line.extend(MODE.to_le_bytes());
        line.extend(place.to_le_bytes());
        line.extend(name.as_bytes());
        line.extend(extra);
        self.directory.write_all(&line)?;
        self.directory_len += line.len() as u64;
        self.files += 1;
        Ok(())
    }

    /// Ends the archive with its directory; what it was written to.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn finish(mut self) -> io::Result<W> {
        let (place, len, files) = (self.at, self.directory_len, self.files);
        let directory = std::mem::replace(&mut self.directory, DeflateEncoder::new(Vec::new(), Compression::none()));
        io::copy(&mut DeflateDecoder::new(directory.finish()?.as_slice()), &mut self.out)?;
        if files >= u64::from(u16::MAX) || place.max(len) >= u64::from(u32::MAX) {
            self.out.write_all(&end_64(place, len, files))?;
        }
        let count = u16::try_from(files).unwrap_or(u16::MAX);
        let mut end = Vec::with_capacity(22);
        end.extend(END.to_le_bytes());
        for part in [0, 0, count, count] {
            end.extend(part.to_le_bytes());
        }
        for part in [len, place] {
            end.extend(u32::try_from(part).unwrap_or(u32::MAX).to_le_bytes());
        }
        end.extend(0_u16.to_le_bytes());
        self.out.write_all(&end)?;
        Ok(self.out)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    fn packed(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        self.packer.write_all(bytes)?;
        self.packer.reset(Vec::new())
    }

    fn free(&mut self, name: &str) -> String {
        if self.taken.insert(self.hasher.hash_one(name)) {
            return name.to_owned();
        }
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        let counted = (2_u64..).map(|n| format!("{stem}-{n}.{ending}"));
        let mut free = counted.filter(|name| self.taken.insert(self.hasher.hash_one(name)));
        free.next().unwrap_or_else(|| name.to_owned())
    }
}

/// The end as archives beyond 65,534 files or 4 GiB have it too, and where it stands.
fn end_64(place: u64, len: u64, files: u64) -> Vec<u8> {
    let mut end = Vec::with_capacity(76);
    end.extend(END_64.to_le_bytes());
    end.extend(44_u64.to_le_bytes());
    end.extend(MADE_BY.to_le_bytes());
    end.extend(NEEDS_64.to_le_bytes());
    end.extend(0_u64.to_le_bytes());
    for part in [files, files, len, place] {
        end.extend(part.to_le_bytes());
    }
    end.extend(END_64_PLACE.to_le_bytes());
    end.extend(0_u32.to_le_bytes());
    end.extend((place + len).to_le_bytes());
    end.extend(1_u32.to_le_bytes());
    end
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read, Seek, SeekFrom};

    use super::*;

    fn read<R: Read + Seek>(archive: &mut zip::ZipArchive<R>, name: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        archive.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn another_library_reads_what_went_in() {
        let mut archive = Archive::new(Vec::new());
        let text = "three parts of the same ".repeat(400);
        assert_eq!(archive.add("a.csv", text.as_bytes(), Packing::Deflated).unwrap(), "a.csv");
        archive.add("tiny.csv", b"x", Packing::Deflated).unwrap();
        archive.add("a.pdf", text.as_bytes(), Packing::Stored).unwrap();
        archive.add("none", b"", Packing::Stored).unwrap();
        let bytes = archive.finish().unwrap();
        assert!(bytes.len() < text.len() + 1_000, "{}", bytes.len());
        let mut back = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        for (name, content) in
            [("a.csv", text.as_bytes()), ("tiny.csv", b"x"), ("a.pdf", text.as_bytes()), ("none", b"")]
        {
            assert!(read(&mut back, name) == content, "{name}");
        }
        assert_eq!(back.by_name("tiny.csv").unwrap().unix_mode(), Some(0o100_644));
    }

    #[test]
    fn no_file_hides_another_of_the_same_name() {
        let mut archive = Archive::new(Vec::new());
        let names: Vec<String> = ["A-1.pdf", "A-1.pdf", "A-1-2.pdf", "A-1.pdf"]
            .map(|x| archive.add(x, b"", Packing::Stored).unwrap())
            .into();
        assert_eq!(names, ["A-1.pdf", "A-1-2.pdf", "A-1-2-2.pdf", "A-1-3.pdf"]);
        assert_eq!(zip::ZipArchive::new(Cursor::new(archive.finish().unwrap())).unwrap().len(), 4);
    }

    #[test]
    fn more_files_than_the_old_layout_counts_are_all_there_and_cost_little_memory() {
        let mut archive = Archive::new(Vec::new());
        let content =
            |n: u64| n.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes().repeat(1 + usize::from(n.is_multiple_of(7)));
        for n in 0..70_000_u64 {
            archive.add(&format!("HF-2026-{n:06}.xml"), &content(n), Packing::Stored).unwrap();
        }
        archive.directory.flush().unwrap();
        let kept = archive.directory.get_ref().len();
        assert!(kept < 70_000 * 20, "the directory waits in {kept} bytes");
        let mut back = zip::ZipArchive::new(Cursor::new(archive.finish().unwrap())).unwrap();
        assert_eq!(back.len(), 70_000);
        for n in [0, 7, 65_534, 65_535, 65_536, 69_999] {
            assert_eq!(read(&mut back, &format!("HF-2026-{n:06}.xml")), content(n));
        }
    }

    #[test]
    fn a_file_beyond_four_gibibytes_is_found() {
        let mut file = tempfile::tempfile().unwrap();
        let far = 5 << 30;
        // Never written, so it takes no room.
        file.seek(SeekFrom::Start(far)).unwrap();
        let mut archive = Archive::after(file, far);
        archive.add("far.csv", b"here", Packing::Stored).unwrap();
        archive.add("further.csv", b"there", Packing::Stored).unwrap();
        let mut back = zip::ZipArchive::new(archive.finish().unwrap()).unwrap();
        assert_eq!((read(&mut back, "far.csv"), read(&mut back, "further.csv")), (b"here".to_vec(), b"there".to_vec()));
    }
}
