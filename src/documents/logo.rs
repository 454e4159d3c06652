//! Whether an upload can be the firm's logo: it is drawn once into a PDF that is thrown away, just as documents will
//! draw it, so that no later document can fail because of it.

use super::pdf::draw_alone;
use super::{DocumentError, LogoFormat, MAX_LOGO_SIDE};

const PNG_MAGIC: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG_MAGIC: &[u8] = b"\xFF\xD8\xFF";

/// The format, by the first bytes, and the size in pixels of a picture that documents can carry.
///
/// # Errors
/// [`DocumentError::Logo`] for another kind of file, a broken or cut one, and one of more than [`MAX_LOGO_SIDE`] a
/// side.
pub fn check_logo(bytes: &[u8]) -> Result<(LogoFormat, (u32, u32)), DocumentError> {
    let format = if bytes.starts_with(PNG_MAGIC) {
        LogoFormat::Png
    } else if bytes.starts_with(JPEG_MAGIC) {
        LogoFormat::Jpeg
    } else {
        return Err(DocumentError::Logo("it is neither PNG nor JPEG".to_owned()));
    };
    if format == LogoFormat::Png && png_side(bytes).is_none_or(|side| side > MAX_LOGO_SIDE) {
        return Err(DocumentError::Logo("it is too large, or cut off".to_owned()));
    }
    let size = draw_alone(format, bytes)?;
    if size.0 == 0 || size.1 == 0 {
        return Err(DocumentError::Logo("it has no pixels".to_owned()));
    }
    Ok((format, size))
}

/// The picture alone, without what may stand after its end and could be a file of another kind; `None` where no end is
/// found.
pub fn only_picture(bytes: &[u8]) -> Option<&[u8]> {
    let end = if bytes.starts_with(PNG_MAGIC) { png_end(bytes) } else { jpeg_end(bytes) };
    bytes.get(..end?)
}

/// After the chunk IEND: each chunk is a length, a type, that many bytes and a checksum.
fn png_end(bytes: &[u8]) -> Option<usize> {
    let mut at = PNG_MAGIC.len();
    loop {
        let length = u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?);
        let kind = bytes.get(at + 4..at.checked_add(8)?)?;
        at = at.checked_add(12)?.checked_add(usize::try_from(length).ok()?)?;
        if kind == b"IEND" {
            return Some(at);
        }
    }
}

/// After the marker FFD9 that ends the picture, and not one within a segment, such as of a thumbnail.
fn jpeg_end(bytes: &[u8]) -> Option<usize> {
    const END: u8 = 0xD9;
    const SCAN: u8 = 0xDA;
    let mut at = 2;
    loop {
        let (0xFF, marker) = (*bytes.get(at)?, *bytes.get(at + 1)?) else { return None };
        at += 2;
        match marker {
            END => return Some(at),
            // Filling, and the markers that stand alone.
            0xFF => at -= 1,
            0x01 | 0xD0..=0xD8 => {}
            _ => {
                let length = u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?);
                at += usize::from(length.max(2));
                if marker == SCAN {
                    at += scan_length(bytes.get(at..)?)?;
                }
            }
        }
    }
}

/// How long the coded data of a scan are: up to the next marker that is none of theirs.
fn scan_length(bytes: &[u8]) -> Option<usize> {
    bytes.windows(2).position(|pair| pair[0] == 0xFF && !matches!(pair[1], 0x00 | 0xD0..=0xD7))
}

/// The longer side that the header of a PNG states (IHDR stands first), read before any decoder sees the file.
fn png_side(bytes: &[u8]) -> Option<u32> {
    let side = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    Some(side(16)?.max(side(20)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One grey pixel.
    const PIXEL: &[u8] = &[
        137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0, 58, 126,
        155, 85, 0, 0, 0, 10, 73, 68, 65, 84, 120, 156, 99, 104, 0, 0, 0, 130, 0, 129, 119, 205, 114, 182, 0, 0, 0, 0,
        73, 69, 78, 68, 174, 66, 96, 130,
    ];

    #[test]
    fn what_stands_after_a_picture_is_cut() {
        let with = |picture: &[u8]| [picture, b"<script>alert(1)</script>%PDF-1.7"].concat();
        assert_eq!(only_picture(&with(PIXEL)), Some(PIXEL));
        assert_eq!(only_picture(PIXEL), Some(PIXEL));
        assert_eq!(only_picture(&PIXEL[..PIXEL.len() - 5]), None, "cut before its end");
        // A segment that holds an end marker, as a thumbnail does, then a scan with stuffed and restart bytes.
        let jpeg = b"\xFF\xD8\xFF\xE1\x00\x06\xFF\xD9ab\xFF\xDA\x00\x03x12\xFF\x003\xFF\xD04\xFF\xD9".as_slice();
        assert_eq!(only_picture(&with(jpeg)), Some(jpeg));
        assert_eq!(only_picture(&jpeg[..jpeg.len() - 1]), None);
        assert_eq!(only_picture(b"\xFF\xD8\xFF\xE1\xFF\xFF"), None);
    }

    #[test]
    fn only_whole_pictures_of_the_two_kinds_are_taken() {
        assert_eq!(check_logo(PIXEL).unwrap(), (LogoFormat::Png, (1, 1)));
        let mut huge = PIXEL.to_vec();
        huge[18] = 0x40;
        let html = b"<svg xmlns='http://www.w3.org/2000/svg'/>".as_slice();
        let jpeg = b"\xFF\xD8\xFF\xE0 and then nothing of the kind".as_slice();
        for wrong in [b"".as_slice(), html, jpeg, &PIXEL[..40], &PIXEL[..20], PNG_MAGIC, &huge] {
            assert!(check_logo(wrong).is_err(), "{wrong:?}");
        }
    }
}
