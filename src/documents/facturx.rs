//! Factur-X: what a PDF must say about the XML inside it (Factur-X 1.0, EN 16931 profile), put into the metadata that
//! the PDF writer made, which knows no properties but its own.
//!
//! Relies on two habits of the writer that a test holds: its metadata stream is not compressed, and its table of
//! objects is the classic one. Must not know what the XML says.

use super::DocumentError;

/// The name that Factur-X prescribes for the XML.
pub(super) const FILE_NAME: &str = "factur-x.xml";
/// The properties.
const PROPERTIES: &str = "<rdf:Description rdf:about=\"\" \
    xmlns:fx=\"urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#\"><fx:DocumentType>INVOICE</fx:DocumentType>\
    <fx:DocumentFileName>factur-x.xml</fx:DocumentFileName><fx:Version>1.0</fx:Version>\
    <fx:ConformanceLevel>EN 16931</fx:ConformanceLevel></rdf:Description>";
/// Name and meaning of each, which PDF/A wants described.
const DESCRIBED: [(&str, &str); 4] = [
    ("DocumentFileName", "The name of the embedded XML document"),
    ("DocumentType", "The type of the hybrid document in capital letters, e.g. INVOICE or ORDER"),
    ("Version", "The actual version of the standard applying to the embedded XML document"),
    ("ConformanceLevel", "The conformance level of the embedded XML document"),
];

/// Adds what Factur-X wants said to a PDF of our writer.
///
/// # Errors
/// [`DocumentError::Writer`] when the file is not of the shape that the writer gives it.
pub(super) fn declare(pdf: Vec<u8>) -> Result<Vec<u8>, DocumentError> {
    spliced(&pdf).ok_or_else(|| DocumentError::Writer("its metadata can’t be extended".to_owned()))
}

fn schema() -> String {
    let mut out = "<rdf:li rdf:parseType=\"Resource\"><pdfaSchema:schema>Factur-X PDFA Extension Schema\
        </pdfaSchema:schema><pdfaSchema:namespaceURI>urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#\
        </pdfaSchema:namespaceURI><pdfaSchema:prefix>fx</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq>"
        .to_owned();
    for (name, meaning) in DESCRIBED {
        out.push_str(&format!(
            "<rdf:li rdf:parseType=\"Resource\"><pdfaProperty:name>{name}</pdfaProperty:name>\
             <pdfaProperty:valueType>Text</pdfaProperty:valueType><pdfaProperty:category>external\
             </pdfaProperty:category><pdfaProperty:description>{meaning}</pdfaProperty:description></rdf:li>"
        ));
    }
    out.push_str("</rdf:Seq></pdfaSchema:property></rdf:li>");
    out
}

/// Puts `new` in place of `old` bytes at `at`.
struct Edit {
    at: usize,
    old: usize,
    new: Vec<u8>,
}

fn spliced(pdf: &[u8]) -> Option<Vec<u8>> {
    let begin = find(pdf, b"<?xpacket begin", 0)?;
    let end = find(pdf, b"<?xpacket end", begin)?;
    let bag = find(pdf, b"</rdf:Bag></pdfaExtension:schemas>", begin).filter(|at| *at < end)?;
    let close = find(pdf, b"</rdf:RDF>", bag).filter(|at| *at < end)?;
    let (schema, properties) = (schema().into_bytes(), PROPERTIES.as_bytes().to_vec());
    let length = rfind(pdf.get(..begin)?, b"/Length ")? + b"/Length ".len();
    let (old, digits) = number(pdf, length)?;
    let longer = (old + schema.len() + properties.len()).to_string().into_bytes();
    let edits = [
        Edit { at: length, old: digits, new: longer },
        Edit { at: bag, old: 0, new: schema },
        Edit { at: close, old: 0, new: properties },
    ];
    let mut out = Vec::with_capacity(pdf.len() + 3_000);
    let mut from = 0;
    for edit in &edits {
        out.extend_from_slice(pdf.get(from..edit.at)?);
        out.extend_from_slice(&edit.new);
        from = edit.at + edit.old;
    }
    out.extend_from_slice(pdf.get(from..)?);
    move_objects(pdf, &mut out, &edits)?;
    Some(out)
}

/// Corrects the table of objects and where it begins.
fn move_objects(pdf: &[u8], out: &mut Vec<u8>, edits: &[Edit]) -> Option<()> {
    const ENTRY: usize = 20;
    const DIGITS: usize = 10;
    let moved = |at: usize| {
        let before = edits.iter().filter(|edit| edit.at < at);
        before.fold(at, |at, edit| at + edit.new.len() - edit.old)
    };
    let start = rfind(pdf, b"startxref\n")? + b"startxref\n".len();
    let (table, digits) = number(pdf, start)?;
    let head = find(pdf, b"xref\n0 ", table).filter(|at| *at == table)? + b"xref\n0 ".len();
    let (entries, width) = number(pdf, head)?;
    let first = head + width + 1;
    for entry in (0..entries).map(|n| first + n * ENTRY) {
        if pdf.get(entry + 17) != Some(&b'n') {
            continue;
        }
        let (at, _) = number(pdf.get(..entry + DIGITS)?, entry)?;
        let place = moved(entry);
        out.get_mut(place..place + DIGITS)?.copy_from_slice(format!("{:010}", moved(at)).as_bytes());
    }
    let place = moved(start);
    out.splice(place..place + digits, moved(table).to_string().into_bytes());
    Some(())
}

/// The number at `at` and how many digits it has.
fn number(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let digits: Vec<u8> = bytes.get(at..)?.iter().copied().take_while(u8::is_ascii_digit).collect();
    Some((std::str::from_utf8(&digits).ok()?.parse().ok()?, digits.len()))
}

fn find(bytes: &[u8], mark: &[u8], from: usize) -> Option<usize> {
    Some(bytes.get(from..)?.windows(mark.len()).position(|x| x == mark)? + from)
}

fn rfind(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).rposition(|x| x == mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_shape_is_refused() {
        for pdf in [b"".as_slice(), b"%PDF-1.7 <?xpacket begin <?xpacket end", b"startxref\n9\n%%EOF"] {
            assert!(declare(pdf.to_vec()).is_err());
        }
    }
}
