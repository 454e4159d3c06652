//! Whether an upload is a whole PDF: its first and last bytes say so.
//!
//! Guards against the wrong file and the half-sent one; must not parse the document.

use std::fmt;

/// The smallest file that can be a PDF, in bytes.
const SIZE_MIN: usize = 200;
/// Where the header may stand at the latest (Annex H of PDF 1.7: readers accept it within the first kilobyte).
const HEAD: usize = 1_024;
/// How much of the end is searched for the end mark.
const TAIL: usize = 2_048;

/// Why a file was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PdfFault {
    /// Nothing arrived.
    Empty,
    /// Some other kind of file, which is named ("a Word file").
    Other(&'static str),
    /// No PDF header, and nothing known either.
    Unknown,
    /// The header is there, the end is not.
    CutOff,
}

impl fmt::Display for PdfFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("This file is empty. Choose the PDF of the invoice."),
            Self::Other(what) => write!(f, "This is {what}, not a PDF. Save it as PDF and choose that file."),
            Self::Unknown => f.write_str("This is not a PDF. Choose the PDF that your accounting system made."),
            Self::CutOff => f.write_str("The PDF is cut off at its end. Save it again and choose the new file."),
        }
    }
}

impl std::error::Error for PdfFault {}

/// Accepts a whole PDF: `%PDF-1.x` or `2.x` near its start, `startxref` and `%%EOF` at its end.
///
/// # Errors
/// Says what the file is instead, or that it is cut off.
pub fn check_pdf(bytes: &[u8]) -> Result<(), PdfFault> {
    if bytes.is_empty() {
        return Err(PdfFault::Empty);
    }
    if !has_header(&bytes[..bytes.len().min(HEAD)]) {
        return Err(kind(bytes).map_or(PdfFault::Unknown, PdfFault::Other));
    }
    let tail = &bytes[bytes.len().saturating_sub(TAIL)..];
    let whole = bytes.len() >= SIZE_MIN && find(tail, b"startxref").is_some() && find(tail, b"%%EOF").is_some();
    if whole { Ok(()) } else { Err(PdfFault::CutOff) }
}

fn has_header(head: &[u8]) -> bool {
    let Some(at) = find(head, b"%PDF-") else { return false };
    let version = &head[at + 5..];
    // A page of HTML or a mail may quote the mark; before a real header stands at most rubbish that is no other format.
    let plain = at == 0 || kind(head).is_none();
    plain && matches!(version, [b'1' | b'2', b'.', digit, ..] if digit.is_ascii_digit())
}

/// The kind of file that these bytes begin, where it is one that people choose by mistake.
fn kind(bytes: &[u8]) -> Option<&'static str> {
    const WORD: &[u8] = b"word/";
    let starts = |mark: &[u8]| bytes.starts_with(mark);
    if starts(b"PK\x03\x04") {
        let has = |mark: &[u8]| find(bytes, mark).is_some();
        return Some(match () {
            () if has(WORD) => "a Word file",
            () if has(b"xl/") => "an Excel file",
            () if has(b"opendocument.text") => "an OpenDocument text",
            () if has(b"opendocument.spreadsheet") => "an OpenDocument spreadsheet",
            () => "a ZIP file",
        });
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let begins = |mark: &[u8]| text.get(..mark.len()).is_some_and(|x| x.eq_ignore_ascii_case(mark));
    match () {
        () if starts(b"\xd0\xcf\x11\xe0") => Some("a file of an old Office program"),
        () if starts(b"\x89PNG") => Some("a PNG picture"),
        () if starts(b"\xff\xd8\xff") => Some("a JPEG picture"),
        () if starts(b"GIF8") => Some("a GIF picture"),
        () if starts(b"II*\0") || starts(b"MM\0*") => Some("a TIFF picture"),
        () if starts(b"{\\rtf") => Some("an RTF file"),
        () if starts(b"%!PS") => Some("a PostScript file"),
        () if begins(b"<!doctype html") || begins(b"<html") => Some("a web page"),
        () if begins(b"<?xml") => Some("an XML file"),
        () => None,
    }
}

fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|x| x == mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Vec<u8> {
        let mut bytes = b"%PDF-1.7\n".to_vec();
        bytes.extend([b' '; 300]);
        bytes.extend(b"startxref\n9\n%%EOF\n");
        bytes
    }

    #[test]
    fn a_whole_pdf_passes_also_with_rubbish_around_it() {
        assert_eq!(check_pdf(&small()), Ok(()));
        assert_eq!(check_pdf(&[b"\xef\xbb\xbf\r\n".to_vec(), small()].concat()), Ok(()));
        assert_eq!(check_pdf(&[small(), vec![0; 1_000]].concat()), Ok(()));
        assert_eq!(check_pdf(&[b"%PDF-2.0".to_vec(), small()].concat()), Ok(()));
    }

    #[test]
    fn another_kind_of_file_is_named() {
        let table: [(&[u8], &str); 8] = [
            (b"PK\x03\x04....word/document.xml", "a Word file"),
            (b"PK\x03\x04....xl/workbook.xml", "an Excel file"),
            (b"PK\x03\x04....", "a ZIP file"),
            (b"\x89PNG\r\n", "a PNG picture"),
            (b" <!DOCTYPE html> %PDF-1.4", "a web page"),
            (b"<?xml version='1.0'?>", "an XML file"),
            (b"\xd0\xcf\x11\xe0", "a file of an old Office program"),
            (b"{\\rtf1", "an RTF file"),
        ];
        for (bytes, what) in table {
            let fault = check_pdf(bytes).unwrap_err();
            assert_eq!(fault, PdfFault::Other(what));
            assert!(fault.to_string().starts_with(&format!("This is {what}, not a PDF.")));
        }
    }

    #[test]
    fn nothing_text_and_halves_are_refused() {
        assert_eq!(check_pdf(b""), Err(PdfFault::Empty));
        assert_eq!(check_pdf(b"Dear Ana"), Err(PdfFault::Unknown));
        assert_eq!(check_pdf(b"%PDF-9.9 startxref %%EOF"), Err(PdfFault::Unknown));
        assert_eq!(check_pdf(b"%PDF-1.4 startxref %%EOF"), Err(PdfFault::CutOff), "too small to be one");
        let whole = small();
        for length in 9..whole.len() - 6 {
            assert_eq!(check_pdf(&whole[..length]), Err(PdfFault::CutOff), "{length} bytes");
        }
        assert_eq!(check_pdf(&[small(), vec![b'x'; TAIL]].concat()), Err(PdfFault::CutOff));
        assert_eq!(check_pdf(&[vec![b' '; HEAD], small()].concat()), Err(PdfFault::Unknown));
    }

    #[test]
    fn pdfs_of_this_house_pass() {
        let meta = crate::documents::Meta {
            title: "A".into(),
            author: "B".into(),
            created: jiff::Timestamp::UNIX_EPOCH,
            document_id: "A".into(),
        };
        let fonts = crate::documents::Fonts::embedded();
        let bytes = crate::documents::pdf(&crate::documents::Sheet::default(), &fonts, &meta).unwrap();
        assert_eq!(check_pdf(&bytes), Ok(()));
    }
}
