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
