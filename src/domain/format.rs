//! The formats in which a document can be had.

use serde::{Deserialize, Serialize};

/// A format. New ones are added at the end: the stored form counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Format {
    /// The document itself; of what was composed here, with the CII inside (Factur-X).
    #[default]
    Pdf,
    /// EN 16931 as UBL 2.1.
    Ubl,
    /// EN 16931 as UN/CEFACT CII D16B.
    Cii,
    /// A row for each line.
    Csv,
    /// One page that needs nothing else.
    Html,
    /// As PDF, among others in an archive.
    Zip,
}

impl Format {
    /// Those of one document, in the order in which pages offer them.
    pub const OF_ONE: [Self; 5] = [Self::Pdf, Self::Ubl, Self::Cii, Self::Csv, Self::Html];

    /// What follows the number in an address, and a file's name ends with.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Ubl => "xml",
            Self::Cii => "cii.xml",
            Self::Csv => "csv",
            Self::Html => "html",
            Self::Zip => "zip",
        }
    }

    /// What it is called.
    pub fn words(self) -> &'static str {
        match self {
            Self::Pdf => "PDF",
            Self::Ubl => "XML (UBL)",
            Self::Cii => "XML (CII)",
            Self::Csv => "CSV",
            Self::Html => "HTML",
            Self::Zip => "ZIP",
        }
    }

    /// The media type of such a file.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Ubl | Self::Cii => "application/xml",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
            Self::Zip => "application/zip",
        }
    }

    /// Takes a document's format off what stands in an address: `A-1.cii.xml` is A-1 as CII. Without an ending of ours,
    /// all of it is the name.
    pub fn split(segment: &str) -> (&str, Option<Self>) {
        let mut formats = Self::OF_ONE;
        // The longest ending first: every CII file also ends as a UBL file does.
        formats.sort_by_key(|x| std::cmp::Reverse(x.ending().len()));
        let found = formats.into_iter().find_map(|format| {
            let name = segment.strip_suffix(format.ending())?.strip_suffix('.')?;
            Some((name, Some(format)))
        });
        found.unwrap_or((segment, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_document_and_format() {
        for (segment, name, format) in [
            ("A-1", "A-1", None),
            ("A-1.pdf", "A-1", Some(Format::Pdf)),
            ("A-1.xml", "A-1", Some(Format::Ubl)),
            ("A-1.cii.xml", "A-1", Some(Format::Cii)),
            ("A-1.csv", "A-1", Some(Format::Csv)),
            ("A-1.html", "A-1", Some(Format::Html)),
            ("A-1.zip", "A-1.zip", None),
            ("A.1", "A.1", None),
            ("A-1xml", "A-1xml", None),
        ] {
            assert_eq!(Format::split(segment), (name, format), "{segment}");
        }
    }
}
