//! The XML within a PDF: what Factur-X, ZUGFeRD and XRechnung attach to the picture of an invoice.
//!
//! Looks at the catalogue's attachments only and draws nothing. Files of others may be anything: what they unpack to is
//! bounded, and whatever the reader makes of a broken one stays within it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use lopdf::{Dictionary, Document, LoadOptions, Object};

use super::einvoice::read::tree::BYTES_MAX;

/// Largest PDF that is looked into, in bytes.
const PDF_MAX: usize = 256 << 20;
/// Largest that any one part of a PDF may unpack to while it is opened, in bytes.
const UNPACKED_MAX: usize = 64 << 20;
/// Most attachments that are looked at.
const ATTACHMENTS_MAX: usize = 64;
/// Deepest nesting of the list of attachments.
const DEPTH_MAX: usize = 16;

/// Names under which an invoice is attached, the better ones first.
const NAMES: [&str; 4] = ["factur-x.xml", "xrechnung.xml", "zugferd-invoice.xml", "cii.xml"];

/// Why the XML of a PDF can't be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    /// It asks for a password.
    Locked,
    /// It or its attachment unpacks to more than is allowed.
    Bomb,
    /// Its structure can't be followed.
    Broken,
}

impl std::fmt::Display for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Locked => "The PDF asks for a password. Save it without one.",
            Self::Bomb => "The PDF unpacks to far more than a document needs, and was not read.",
            Self::Broken => "The PDF’s structure is damaged. Save it again with the program that made it.",
        })
    }
}

impl std::error::Error for Hidden {}

/// The invoice that is attached to a PDF, as it is; `None` when none is.
///
/// # Errors
/// When the PDF is locked, broken, or unpacks to too much.
pub fn embedded_xml(pdf: &[u8]) -> Result<Option<Vec<u8>>, Hidden> {
    if pdf.len() > PDF_MAX {
        return Err(Hidden::Bomb);
    }
    // Without this name there can be no attachments, unless it is packed away in an object stream.
    let mentions = |name: &[u8]| pdf.windows(name.len()).any(|x| x == name);
    if !mentions(b"EmbeddedFile") && !mentions(b"/ObjStm") {
        return Ok(None);
    }
    // A reader of hostile files should not panic; should it, it is that file that is refused.
    catch_unwind(AssertUnwindSafe(|| attached(pdf))).unwrap_or(Err(Hidden::Broken))
}

fn attached(pdf: &[u8]) -> Result<Option<Vec<u8>>, Hidden> {
    let options = LoadOptions { max_decompressed_size: Some(UNPACKED_MAX), ..LoadOptions::default() };
    let document = Document::load_mem_with_options(pdf, options).map_err(|error| why(&error))?;
    if document.is_encrypted() {
        return Err(Hidden::Locked);
    }
    let catalogue = document.catalog().map_err(|_| Hidden::Broken)?;
    let mut found = Vec::new();
    if let Some(tree) =
        dictionary(&document, catalogue.get(b"Names")).and_then(|x| dictionary(&document, x.get(b"EmbeddedFiles")))
    {
        names(&document, tree, 0, &mut found);
    }
    // PDF/A-3 lists them here as well; some files have this list alone.
    let associated = catalogue.get(b"AF").ok().and_then(|x| document.dereference(x).ok()).map(|x| x.1);
    for file in associated.and_then(|x| x.as_array().ok()).into_iter().flatten().take(ATTACHMENTS_MAX) {
        found.extend(dictionary(&document, Ok(file)));
    }
    let named: Vec<(String, &Dictionary)> = found.into_iter().map(|x| (name(&document, x), x)).collect();
    let best = NAMES.iter().find_map(|wanted| named.iter().find(|x| x.0.eq_ignore_ascii_case(wanted)));
    best.map(|(_, file)| content(&document, file)).transpose()
}

fn why(error: &lopdf::Error) -> Hidden {
    match error {
        lopdf::Error::Decryption(_) | lopdf::Error::InvalidPassword => Hidden::Locked,
        lopdf::Error::Decompress(lopdf::DecompressError::MemoryLimitExceeded { .. }) => Hidden::Bomb,
        _ => Hidden::Broken,
    }
}

fn dictionary<'d>(document: &'d Document, object: lopdf::Result<&'d Object>) -> Option<&'d Dictionary> {
    document.dereference(object.ok()?).ok()?.1.as_dict().ok()
}

/// The file specifications of a name tree.
fn names<'d>(document: &'d Document, tree: &'d Dictionary, depth: usize, found: &mut Vec<&'d Dictionary>) {
    let array = |key: &[u8]| document.dereference(tree.get(key).ok()?).ok()?.1.as_array().ok();
    for file in array(b"Names").into_iter().flatten().skip(1).step_by(2) {
        if found.len() < ATTACHMENTS_MAX {
            found.extend(dictionary(document, Ok(file)));
        }
    }
    for kid in array(b"Kids").into_iter().flatten().take(ATTACHMENTS_MAX) {
        if let Some(kid) = dictionary(document, Ok(kid)).filter(|_| depth < DEPTH_MAX && found.len() < ATTACHMENTS_MAX)
        {
            names(document, kid, depth + 1, found);
        }
    }
}

/// The name of a file specification; of one in UTF-16 its ASCII letters, which are all that a name here has.
fn name(document: &Document, file: &Dictionary) -> String {
    let text = [&b"UF"[..], b"F"].into_iter().find_map(|key| {
        let object = document.dereference(file.get(key).ok()?).ok()?.1;
        object.as_str().ok().filter(|x| !x.is_empty())
    });
    let plain = text.unwrap_or_default().iter().filter(|b| b.is_ascii_graphic());
    plain.map(|b| char::from(*b)).collect()
}

fn content(document: &Document, file: &Dictionary) -> Result<Vec<u8>, Hidden> {
    let parts = dictionary(document, file.get(b"EF")).ok_or(Hidden::Broken)?;
    let part = parts.get(b"UF").or_else(|_| parts.get(b"F")).map_err(|_| Hidden::Broken)?;
    let stream = document.dereference(part).ok().and_then(|x| x.1.as_stream().ok()).ok_or(Hidden::Broken)?;
    if stream.filters().is_ok_and(|x| !x.is_empty()) {
        stream.decompressed_content_with_limit(BYTES_MAX).map_err(|error| why(&error))
    } else if stream.content.len() > BYTES_MAX {
        Err(Hidden::Bomb)
    } else {
        Ok(stream.content.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::{Fonts, Meta, Sheet, factur_x, pdf};
    use lopdf::{Stream, dictionary};

    fn meta() -> Meta {
        let text = |x: &str| x.to_owned();
        Meta { title: text("A"), author: text("B"), created: jiff::Timestamp::UNIX_EPOCH, document_id: text("A") }
    }

    /// A PDF with an attachment of that name, in a name tree below `depth` others.
    fn with(name: &str, content: &[u8], packed: bool, depth: usize) -> Document {
        let mut document = Document::with_version("1.7");
        let mut stream = Stream::new(dictionary! {"Type" => "EmbeddedFile"}, content.to_vec());
        if packed {
            stream.compress().unwrap();
        }
        let stream = document.add_object(stream);
        let file = dictionary! {
            "Type" => "Filespec", "F" => Object::string_literal(name), "EF" => dictionary! {"F" => stream},
        };
        let file = document.add_object(file);
        let mut tree = dictionary! {"Names" => vec![Object::string_literal(name), file.into()]};
        for _ in 0..depth {
            let kid = document.add_object(tree);
            tree = dictionary! {"Kids" => vec![kid.into()]};
        }
        let pages = document.add_object(dictionary! {"Type" => "Pages", "Kids" => Vec::<Object>::new(), "Count" => 0});
        let catalogue = document.add_object(dictionary! {
            "Type" => "Catalog", "Pages" => pages, "Names" => dictionary! {"EmbeddedFiles" => tree},
        });
        document.trailer.set("Root", catalogue);
        document
    }

    fn saved(mut document: Document) -> Vec<u8> {
        let mut out = Vec::new();
        document.save_to(&mut out).unwrap();
        out
    }

    #[test]
    fn the_xml_of_our_own_files_comes_out_as_it_went_in() {
        let xml = "<a>é</a>".to_owned();
        let file = factur_x(&Sheet::default(), &Fonts::embedded(), &meta(), xml.clone()).unwrap();
        assert_eq!(embedded_xml(&file), Ok(Some(xml.into_bytes())));
        let plain = pdf(&Sheet::default(), &Fonts::embedded(), &meta()).unwrap();
        assert_eq!(embedded_xml(&plain), Ok(None));
    }

    #[test]
    fn names_packing_and_nesting_of_others_are_followed() {
        for (name, packed, depth) in
            [("factur-x.xml", true, 0), ("ZUGFeRD-invoice.xml", false, 3), ("xrechnung.xml", true, 15)]
        {
            assert_eq!(embedded_xml(&saved(with(name, b"<x/>", packed, depth))), Ok(Some(b"<x/>".to_vec())), "{name}");
        }
        assert_eq!(embedded_xml(&saved(with("notes.xml", b"<x/>", true, 0))), Ok(None));
        assert_eq!(embedded_xml(&saved(with("factur-x.xml", b"<x/>", true, 40))), Ok(None));
        let mut modern = Vec::new();
        let options = lopdf::SaveOptions::builder().use_object_streams(true).use_xref_streams(true).build();
        with("factur-x.xml", b"<x/>", true, 0).save_with_options(&mut modern, options).unwrap();
        assert_eq!(embedded_xml(&modern), Ok(Some(b"<x/>".to_vec())), "objects in streams");
    }

    #[test]
    fn bombs_and_broken_files_are_refused() {
        let bomb = saved(with("factur-x.xml", &vec![b' '; BYTES_MAX + 1], true, 0));
        assert!(bomb.len() < 200_000);
        assert_eq!(embedded_xml(&bomb), Err(Hidden::Bomb));
        let whole = saved(with("factur-x.xml", b"<x/>", true, 0));
        for at in (0..whole.len()).step_by(7) {
            let _ = embedded_xml(&whole[..at]);
            let mut flipped = whole.clone();
            flipped[at] ^= 0x15;
            let _ = embedded_xml(&flipped);
        }
        assert_eq!(embedded_xml(b"%PDF-1.7 /EmbeddedFile nonsense"), Err(Hidden::Broken));
        assert_eq!(embedded_xml(b""), Ok(None));
    }
}
