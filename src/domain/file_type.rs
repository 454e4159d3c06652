//! Which files are taken as documents: those whose first bytes are what their names say, of a list without anything
//! that a browser would run.

/// First bytes that are looked at.
pub const HEAD: usize = 512;

/// Longest name of a file, in characters.
pub const NAME_MAX: usize = 100;

/// How a kind of file is told by its bytes.
#[derive(Clone, Copy)]
enum Sign {
    /// It starts so.
    Start(&'static [u8]),
    /// It has these bytes at a place.
    At(usize, &'static [u8]),
    /// It is text.
    Text,
}

use Sign::{At, Start, Text};

const ZIP: &[Sign] = &[Start(b"PK\x03\x04"), Start(b"PK\x05\x06")];
const OLE: &[Sign] = &[Start(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")];
const MP4: &[Sign] = &[At(4, b"ftyp")];
const TIFF: &[Sign] = &[Start(b"II*\0"), Start(b"MM\0*")];
const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const SHEET: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const SLIDES: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";

/// Ending, signs of which one must be there, our media type, and the word for people.
const KINDS: &[(&str, &[Sign], &str, &str)] = &[
    ("pdf", &[Start(b"%PDF-")], "application/pdf", "PDF"),
    ("png", &[Start(b"\x89PNG\r\n\x1a\n")], "image/png", "PNG"),
    ("jpg", &[Start(b"\xff\xd8\xff")], "image/jpeg", "JPEG"),
    ("jpeg", &[Start(b"\xff\xd8\xff")], "image/jpeg", "JPEG"),
    ("gif", &[Start(b"GIF87a"), Start(b"GIF89a")], "image/gif", "GIF"),
    ("webp", &[At(8, b"WEBP")], "image/webp", "WebP"),
    ("tif", TIFF, "image/tiff", "TIFF"),
    ("tiff", TIFF, "image/tiff", "TIFF"),
    ("heic", &[At(4, b"ftypheic"), At(4, b"ftypmif1"), At(4, b"ftypheix")], "image/heic", "HEIC"),
    ("docx", ZIP, WORD, "Word"),
    ("xlsx", ZIP, SHEET, "Excel"),
    ("pptx", ZIP, SLIDES, "PowerPoint"),
    ("odt", ZIP, "application/vnd.oasis.opendocument.text", "OpenDocument"),
    ("ods", ZIP, "application/vnd.oasis.opendocument.spreadsheet", "OpenDocument"),
    ("odp", ZIP, "application/vnd.oasis.opendocument.presentation", "OpenDocument"),
    ("zip", ZIP, "application/zip", "ZIP"),
    ("7z", &[Start(b"7z\xbc\xaf\x27\x1c")], "application/x-7z-compressed", "7z"),
    ("doc", OLE, "application/msword", "Word"),
    ("xls", OLE, "application/vnd.ms-excel", "Excel"),
    ("ppt", OLE, "application/vnd.ms-powerpoint", "PowerPoint"),
    ("msg", OLE, "application/vnd.ms-outlook", "Outlook"),
    ("rtf", &[Start(b"{\\rtf")], "application/rtf", "RTF"),
    ("txt", &[Text], "text/plain; charset=utf-8", "Text"),
    ("csv", &[Text], "text/csv; charset=utf-8", "CSV"),
    ("eml", &[Text], "message/rfc822", "E-mail"),
    ("dwg", &[Start(b"AC10")], "image/vnd.dwg", "DWG"),
    ("dxf", &[Text, Start(b"AutoCAD Binary DXF")], "image/vnd.dxf", "DXF"),
    ("ifc", &[Start(b"ISO-10303-21")], "application/x-step", "IFC"),
    ("mp4", MP4, "video/mp4", "Video"),
    ("mov", &[At(4, b"ftyp"), At(4, b"moov"), At(4, b"wide")], "video/quicktime", "Video"),
    ("m4a", MP4, "audio/mp4", "Audio"),
    ("mp3", &[Start(b"ID3"), Start(b"\xff\xfb"), Start(b"\xff\xf3"), Start(b"\xff\xf2")], "audio/mpeg", "Audio"),
    ("wav", &[At(8, b"WAVE")], "audio/wav", "Audio"),
];

/// A kind of file that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileType {
    /// The media type under which it is served.
    pub media_type: &'static str,
    /// What it is called in lists.
    pub word: &'static str,
}

/// What the ending of a file's name promises.
///
/// # Errors
/// A sentence that says which endings are taken.
pub fn promised(name: &str) -> Result<FileType, String> {
    let found = ending(name).and_then(|ending| KINDS.iter().find(|kind| kind.0 == ending));
    match found {
        Some((_, _, media_type, word)) => Ok(FileType { media_type, word }),
        None => {
            let all: Vec<&str> = KINDS.iter().map(|kind| kind.0).collect();
            Err(format!(
                "Files of this kind are not taken; put it into a ZIP. Taken are names that end in {}.",
                all.join(", ")
            ))
        }
    }
}

/// Whether the first bytes of a file, [`HEAD`] of them or all, are what its name promises.
///
/// # Errors
/// A sentence that says that they are not.
pub fn judge(name: &str, head: &[u8]) -> Result<FileType, String> {
    let promised = promised(name)?;
    let signs = ending(name).and_then(|ending| KINDS.iter().find(|kind| kind.0 == ending)).map_or(&[][..], |k| k.1);
    let shows = |sign: &Sign| match sign {
        Start(bytes) => head.starts_with(bytes),
        At(place, bytes) => head.get(*place..).is_some_and(|rest| rest.starts_with(bytes)),
        Text => is_text(head),
    };
    match (head.is_empty(), signs.iter().any(shows)) {
        (true, _) => Err("The file is empty. Choose another one.".to_owned()),
        (false, true) => Ok(promised),
        (false, false) => Err(format!(
            "The file is named as {}, and its content is something else. Save it in the program that made it, or choose \
             another one.",
            promised.word
        )),
    }
}

/// The word for a media type of ours.
pub fn word(media_type: &str) -> &'static str {
    KINDS.iter().find(|kind| kind.2 == media_type).map_or("File", |kind| kind.3)
}

fn ending(name: &str) -> Option<String> {
    name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase())
}

/// Text of any single-byte or UTF encoding but for control characters, and not the beginning of a page or drawing that
/// a browser would run.
fn is_text(head: &[u8]) -> bool {
    let utf16 = head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff");
    let plain = |b: &u8| *b >= 32 || matches!(b, b'\t' | b'\n' | b'\r' | 12);
    let start = String::from_utf8_lossy(head).trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    let runs = ["<!doctype", "<html", "<svg", "<?xml", "<script"].iter().any(|tag| start.starts_with(tag));
    !runs && (utf16 || head.iter().all(plain))
}

/// The last part of a path, without what could deceive, short enough to be shown and with its ending.
pub fn plain_name(sent: &str) -> String {
    let last = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|c| !c.is_control() && !super::text::is_deceptive(*c)).collect();
    let plain = plain.trim();
    let over = plain.chars().count().saturating_sub(NAME_MAX);
    if over == 0 {
        return plain.to_owned();
    }
    let (stem, end) = plain.rsplit_once('.').filter(|(_, end)| end.len() < 8).unwrap_or((plain, ""));
    let keep = stem.chars().count().saturating_sub(over);
    let stem: String = stem.chars().take(keep).collect();
    if end.is_empty() { stem } else { format!("{}.{end}", stem.trim_end()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_name_says_or_is_refused() {
        for (name, head) in [
            ("Lease.PDF", &b"%PDF-1.7\n"[..]),
            ("a.docx", b"PK\x03\x04rest"),
            ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
            ("notes.txt", "Grüße\r\n".as_bytes()),
            ("film.mp4", b"\0\0\0\x18ftypisom"),
            ("x.heic", b"\0\0\0\x18ftypheic"),
        ] {
            assert!(judge(name, head).is_ok(), "{name}");
        }
        for (name, head) in [
            ("Lease.pdf", &b"PK\x03\x04"[..]),
            ("page.html", b"<html>"),
            ("drawing.svg", b"<svg onload=alert(1)>"),
            ("page.txt", b"\xef\xbb\xbf <!DOCTYPE html>"),
            ("drawing.csv", b"\n<SVG xmlns"),
            ("program.exe", b"MZ\x90"),
            ("program.txt", b"MZ\x90\0\x03"),
            ("none", b"%PDF-1.7"),
            ("", b"%PDF-1.7"),
            ("empty.pdf", b""),
        ] {
            assert!(judge(name, head).is_err(), "{name}");
        }
    }

    #[test]
    fn no_ending_stands_for_two_kinds_and_none_is_a_page() {
        for (at, kind) in KINDS.iter().enumerate() {
            assert!(KINDS.iter().skip(at + 1).all(|other| other.0 != kind.0), "{}", kind.0);
            assert!(!["html", "svg", "xml", "htm", "js"].contains(&kind.0));
            assert!(!kind.2.contains("html") && !kind.2.contains("svg") && !kind.2.contains("xml;"));
        }
    }

    #[test]
    fn a_name_is_shown_without_its_path_and_its_tricks_and_keeps_its_ending() {
        for (sent, shown) in [
            ("C:\\Users\\Orla\\Lease 7.pdf", "Lease 7.pdf"),
            ("../../etc/passwd", "passwd"),
            ("a\u{202e}fdp.exe\r\n", "afdp.exe"),
            ("", ""),
        ] {
            assert_eq!(plain_name(sent), shown);
        }
        let long = plain_name(&format!("{}.docx", "ü".repeat(300)));
        assert!(long.chars().count() == NAME_MAX && long.ends_with("ü.docx"), "{long}");
        assert_eq!(plain_name(&"x".repeat(300)).len(), NAME_MAX);
    }
}
