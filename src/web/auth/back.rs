//! Where to go after signing in: one of our own pages, and never an address as somebody else wrote it.
//!
//! What comes in is read into a closed list of places and written out again from it, so that no other site can be
//! reached and nothing odd is echoed.

use percent_encoding::percent_decode_str;

use crate::domain::format::Format;
use crate::domain::ids::{DocumentId, StatementId};
use crate::domain::number::DocumentNumber;
use crate::web::month_file::id_and_format;

/// Longest address that is read, in bytes.
const PATH_MAX: usize = 300;
/// Most segments of a desk address after `/desk`.
const SEGMENTS_MAX: usize = 6;

/// A page to come back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Back {
    /// What is owed.
    Home,
    /// All invoices.
    Invoices,
    /// One invoice, or its file in a format.
    Invoice(DocumentNumber, Option<Format>),
    /// All quotes.
    Quotes,
    /// One quote, or its file in a format.
    Quote(DocumentNumber, Option<Format>),
    /// The receipt of a payment, or its file in a format.
    Receipt(DocumentNumber, Option<Format>),
    /// The statement.
    Statement,
    /// All month-end statements.
    Months,
    /// One month-end statement, or its file in a format.
    Month(StatementId, Option<Format>),
    /// All documents.
    Documents,
    /// A version of a document.
    Document(DocumentId, u32),
    /// The person's own account.
    Account,
    /// A page of the desk: plain words and figures between slashes.
    Desk(String),
}

impl Back {
    /// The page of a local path; `None` for anything else.
    pub fn parse(path: &str) -> Option<Self> {
        if path.len() > PATH_MAX {
            return None;
        }
        Some(match path {
            "/" => Self::Home,
            "/invoices" | "/invoices.zip" => Self::Invoices,
            "/quotes" => Self::Quotes,
            "/statement" | "/statement.pdf" | "/statement.csv" | "/statement.html" => Self::Statement,
            "/statements" => Self::Months,
            "/documents" => Self::Documents,
            "/account" => Self::Account,
            _ => return one_document(path).or_else(|| one_file(path)).or_else(|| desk(path)),
        })
    }

    /// The path, written anew.
    pub fn path(&self) -> String {
        let numbered = |list: &str, n: &DocumentNumber, format: Option<Format>| {
            format!("/{list}/{}{}", n.in_url(), format.map_or_else(String::new, |x| format!(".{}", x.ending())))
        };
        match self {
            Self::Home => "/".to_owned(),
            Self::Invoices => "/invoices".to_owned(),
            Self::Invoice(number, format) => numbered("invoices", number, *format),
            Self::Quotes => "/quotes".to_owned(),
            Self::Quote(number, format) => numbered("quotes", number, *format),
            Self::Receipt(number, format) => numbered("receipts", number, *format),
            Self::Statement => "/statement".to_owned(),
            Self::Months => "/statements".to_owned(),
            Self::Month(id, format) => {
                format!("/statements/{id}{}", format.map_or_else(String::new, |x| format!(".{}", x.ending())))
            }
            Self::Documents => "/documents".to_owned(),
            Self::Document(id, version) => format!("/documents/{id}/v/{version}"),
            Self::Account => "/account".to_owned(),
            Self::Desk(path) => path.clone(),
        }
    }

    /// Whether it is a page of the desk.
    pub fn is_desk(&self) -> bool {
        matches!(self, Self::Desk(_))
    }
}

/// The path as a value in a query: its own percent signs must survive being decoded once.
pub fn in_query(back: &Back) -> String {
    back.path().replace('%', "%25")
}

fn one_document(path: &str) -> Option<Back> {
    let make: fn(DocumentNumber, Option<Format>) -> Back;
    let rest;
    if let Some(number) = path.strip_prefix("/invoices/") {
        (make, rest) = (Back::Invoice, number);
    } else if let Some(number) = path.strip_prefix("/receipts/") {
        (make, rest) = (Back::Receipt, number);
    } else {
        // Whoever answered a quote after their session ended comes back to its page.
        let quote = path.strip_prefix("/quotes/")?;
        let answered = quote.strip_suffix("/acceptance").or_else(|| quote.strip_suffix("/decline"));
        // And whoever was reading an older version, to the one that counts.
        let older = quote.split_once("/v/").filter(|x| !x.1.contains('/')).map(|x| x.0);
        (make, rest) = (Back::Quote, answered.or(older).unwrap_or(quote));
    }
    if rest.contains('/') {
        return None;
    }
    let (number, format) = number_and_format(&percent_decode_str(rest).decode_utf8().ok()?)?;
    Some(make(number, format))
}

/// A month-end statement, or a version of a document: each identifier has one spelling.
fn one_file(path: &str) -> Option<Back> {
    if let Some(segment) = path.strip_prefix("/statements/") {
        return id_and_format(segment).map(|(id, format)| Back::Month(id, format));
    }
    let (id, version) = path.strip_prefix("/documents/")?.split_once("/v/")?;
    let version = version.strip_suffix("/file").unwrap_or(version);
    let page = Back::Document(id.parse().ok()?, version.parse().ok()?);
    (page.path() == format!("/documents/{id}/v/{version}")).then_some(page)
}

/// Takes the last segment of a document's address apart, already decoded: its number, and the format of the file that
/// is meant, if one is.
pub fn number_and_format(segment: &str) -> Option<(DocumentNumber, Option<Format>)> {
    let (number, format) = Format::split(segment);
    let parsed: DocumentNumber = number.parse().ok()?;
    // A number has one spelling, so that a page has one address.
    (parsed.as_str() == number).then_some((parsed, format))
}

fn desk(path: &str) -> Option<Back> {
    let rest = path.strip_prefix("/desk")?;
    let plain = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let fine = rest.is_empty() || {
        let segments = rest.strip_prefix('/')?;
        segments.split('/').count() <= SEGMENTS_MAX && segments.split('/').all(plain)
    };
    fine.then(|| Back::Desk(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_pages_come_back_as_they_were() {
        for path in [
            "/",
            "/invoices",
            "/invoices/HF-2025-0412",
            "/invoices/HF-2025-0412.pdf",
            "/invoices/HF-2025-0412.cii.xml",
            "/invoices/2025%2F0412",
            "/quotes",
            "/quotes/Q-7",
            "/statement",
            "/statements",
            "/statements/7",
            "/statements/7.csv",
            "/receipts/HF-R-0007",
            "/receipts/HF-R-0007.pdf",
            "/documents",
            "/documents/3/v/2",
            "/account",
            "/desk",
            "/desk/clients/12",
            "/desk/invoices/7/edit",
        ] {
            assert_eq!(Back::parse(path).map(|b| b.path()).as_deref(), Some(path), "{path}");
        }
    }

    #[test]
    fn whoever_was_answering_a_quote_comes_back_to_it() {
        for path in ["/quotes/Q-7/acceptance", "/quotes/Q-7/decline", "/quotes/Q-7/v/1", "/quotes/Q-7/v/1.pdf"] {
            assert_eq!(Back::parse(path).map(|b| b.path()).as_deref(), Some("/quotes/Q-7"));
        }
    }

    #[test]
    fn no_other_place_is_reached() {
        let long = format!("/invoices/{}", "9".repeat(PATH_MAX));
        for path in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/invoices/../desk",
            "/invoices/%2e%2e%2fdesk",
            "/invoices/a/b",
            "/invoices/%0d%0aSet-Cookie:x",
            "/invoices/%FF",
            "/statements/07",
            "/statements/7/8",
            "/statements/7.exe",
            "/documents/3/v/+2",
            "/documents/3/v/2/../../x",
            "/receipts/a/b",
            "/desk//evil.example",
            "/desk/../x",
            "/desk?x=1",
            "/desk/%2f",
            "/deskx",
            "/sign-in",
            "/sign-out",
            "javascript:alert(1)",
            "\t//evil.example",
            long.as_str(),
        ] {
            assert_eq!(Back::parse(path), None, "{path}");
        }
    }
}
