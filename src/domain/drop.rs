//! The drop folder: what became of each file that the accounting program put there, and what a file's name says.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::ids::{DropId, FileRef, InvoiceId, StaffId};

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// Nobody could tell what it is or whose; it waits for a person.
    Waits {
        /// Why.
        reason: String,
        /// Whether it may go by itself once a client or contact is known, so that it is judged again then.
        stranger: bool,
    },
    /// It became this document.
    Published(InvoiceId),
    /// It was refused, for this reason; by a person, or at once.
    Refused {
        /// Why.
        reason: String,
        /// By whom; 0 for nobody in particular.
        by: StaffId,
        /// When.
        at: Timestamp,
    },
}

/// A file that was taken from the drop folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// Identifier.
    pub id: DropId,
    /// The file; its bytes are kept while it waits.
    pub file: FileRef,
    /// When it was taken.
    pub at: Timestamp,
    /// What became of it.
    pub fate: Fate,
}

impl Dropped {
    /// Whether a person is to say what it is.
    pub fn waits(&self) -> bool {
        matches!(self.fate, Fate::Waits { .. })
    }

    /// Whether it may go by itself once a client or contact is known.
    pub fn is_of_strangers(&self) -> bool {
        matches!(self.fate, Fate::Waits { stranger: true, .. })
    }

    /// Whether what became of it stands when the same bytes are dropped as `name`: a document is a document, and what a
    /// person refused stays refused under the name that they saw. All else is judged anew.
    pub fn stands_as(&self, name: &str) -> bool {
        match &self.fate {
            Fate::Published(_) => true,
            Fate::Refused { by, .. } => by.0 != 0 && self.file.name == name,
            Fate::Waits { .. } => false,
        }
    }
}

/// Longest pattern, in characters.
const PATTERN_MAX: usize = 200;
/// Words that a pattern can have in braces.
const PARTS: [&str; 8] = ["client", "number", "issued", "due", "amount", "currency", "reference", "*"];

/// How the names of dropped files are written: `{client}_{number}_{due}.pdf`. A part reaches to the text behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePattern(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Part(&'static str),
}

/// What a name says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// The client: name, reference or VAT number.
    pub client: String,
    /// The document's number.
    pub number: String,
    /// Date of issue.
    pub issued: Option<Date>,
    /// Due date.
    pub due: Option<Date>,
    /// Amount due.
    pub amount: String,
    /// Currency.
    pub currency: String,
    /// The buyer's reference.
    pub reference: String,
}

impl NamePattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.chars().count() > PATTERN_MAX {
            return Err(format!("it must have 1 to {PATTERN_MAX} characters"));
        }
        let (mut pieces, mut rest) = (Vec::new(), text);
        while !rest.is_empty() {
            let open = rest.find('{').unwrap_or(rest.len());
            let (before, from) = rest.split_at(open);
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            let Some(inner) = from.strip_prefix('{') else { break };
            let (word, after) = inner.split_once('}').ok_or("a brace is not closed")?;
            let known = PARTS.iter().find(|x| **x == word);
            let part = known.ok_or_else(|| format!("{{{word}}} is none of {{{}}}", PARTS.join("}, {")))?;
            if let Some(Piece::Part(_)) = pieces.last() {
                return Err("two parts need some text between them".to_owned());
            }
            let twice = *part != "*" && pieces.contains(&Piece::Part(part));
            if twice {
                return Err(format!("{{{part}}} stands in it twice"));
            }
            pieces.push(Piece::Part(part));
            rest = after;
        }
        Ok(Self(pieces))
    }

    /// What a name says; `None` when it is not written so. Capitals of the text between parts don't matter.
    pub fn read(&self, name: &str) -> Option<Named> {
        let mut named = Named::default();
        self.walk(name, &mut named, true).map(|()| named)
    }

    /// What a name that may not be written so says all the same: its parts up to where it is written otherwise, without
    /// dates that are none. For a person to look at, never for taking a document by it.
    pub fn read_some(&self, name: &str) -> Named {
        let mut named = Named::default();
        let _ = self.walk(name, &mut named, false);
        named
    }

    fn walk(&self, name: &str, named: &mut Named, strict: bool) -> Option<()> {
        let mut rest = name;
        let mut pieces = self.0.iter().peekable();
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Text(text) => rest = strip(rest, text)?,
                Piece::Part(part) => {
                    let end = match pieces.peek() {
                        Some(Piece::Text(text)) => find(rest, text)?,
                        _ => rest.len(),
                    };
                    let (value, after) = rest.split_at(end);
                    let put = put(named, part, value.trim());
                    if strict {
                        put?;
                    }
                    rest = after;
                }
            }
        }
        rest.is_empty().then_some(())
    }
}

fn put(named: &mut Named, part: &str, value: &str) -> Option<()> {
    // File names can't have some signs that dates and numbers have.
    let day = || {
        let digits: String = value.chars().filter(char::is_ascii_digit).collect();
        let iso = format!("{}-{}-{}", digits.get(..4)?, digits.get(4..6)?, digits.get(6..8)?);
        iso.parse::<Date>().ok().filter(|_| digits.len() == 8)
    };
    match part {
        "client" => named.client = value.to_owned(),
        "number" => named.number = value.to_owned(),
        "issued" => named.issued = Some(day()?),
        "due" => named.due = Some(day()?),
        "amount" => named.amount = value.to_owned(),
        "currency" => named.currency = value.to_owned(),
        "reference" => named.reference = value.to_owned(),
        _ => {}
    }
    Some(())
}

fn strip<'n>(name: &'n str, text: &str) -> Option<&'n str> {
    let head = name.get(..text.len())?;
    head.eq_ignore_ascii_case(text).then(|| &name[text.len()..])
}

/// Where a text stands in a name first, capitals aside.
fn find(name: &str, text: &str) -> Option<usize> {
    name.char_indices().map(|x| x.0).find(|at| name.get(*at..).is_some_and(|rest| strip(rest, text).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Digest;
    use jiff::civil::date;

    #[test]
    fn a_name_is_read_by_its_pattern() {
        let pattern = NamePattern::parse("{client}_{number}_{issued}_{due}_{amount}.pdf").unwrap();
        let named = pattern.read("Marlow Ceramics_RE-7_2026-11-01_20261201_1234.50.PDF").unwrap();
        assert_eq!((named.client.as_str(), named.number.as_str()), ("Marlow Ceramics", "RE-7"));
        assert_eq!((named.issued, named.due), (Some(date(2026, 11, 1)), Some(date(2026, 12, 1))));
        assert_eq!(named.amount, "1234.50");
        let loose = NamePattern::parse("Rechnung {number} {*}.pdf").unwrap();
        assert_eq!(loose.read("RECHNUNG Ä-1 für Müller.pdf").unwrap().number, "Ä-1");
        for wrong in ["x.pdf", "a_b_soon_20261201_1.pdf", "a_b_20261101_20261201_1.pdf.exe", "", "ä"] {
            assert_eq!(pattern.read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_name_that_is_not_quite_written_so_says_what_it_can() {
        let pattern = NamePattern::parse("{client}_{number}_{issued}_{amount}.pdf").unwrap();
        let (marlow, number) = ("Marlow Ceramics".to_owned(), "RE-7".to_owned());
        let some = Named { client: marlow, number, ..Named::default() };
        for (name, said) in [
            ("Marlow Ceramics_RE-7_soon_12.50.pdf", Named { amount: "12.50".to_owned(), ..some.clone() }),
            ("Marlow Ceramics_RE-7_2026-11-01.pdf", some.clone()),
            ("Marlow Ceramics_RE-7_.pdf", some.clone()),
            ("scan0001.pdf", Named::default()),
            ("", Named::default()),
        ] {
            assert_eq!((pattern.read(name), pattern.read_some(name)), (None, said), "{name}");
        }
        let whole = "Marlow Ceramics_RE-7_20261101_1.PDF";
        assert_eq!(pattern.read(whole), Some(pattern.read_some(whole)));
    }

    #[test]
    fn what_was_filed_stays_and_what_a_person_refused_stays_under_its_name() {
        let file = FileRef { digest: Digest([1; 32]), length: 1, name: "a.pdf".into(), media_type: String::new() };
        let stands = |fate: Fate, name: &str| {
            Dropped { id: DropId(1), file: file.clone(), at: Timestamp::UNIX_EPOCH, fate }.stands_as(name)
        };
        let refused = |by| Fate::Refused { reason: "x".into(), by: StaffId(by), at: Timestamp::UNIX_EPOCH };
        let waits = Fate::Waits { reason: "x".into(), stranger: false };
        for (fate, same, other) in [
            (Fate::Published(InvoiceId(1)), true, true),
            (refused(7), true, false),
            (refused(0), false, false),
            (waits, false, false),
        ] {
            assert_eq!((stands(fate.clone(), "a.pdf"), stands(fate.clone(), "b.pdf")), (same, other), "{fate:?}");
        }
    }

    #[test]
    fn a_pattern_that_says_nothing_clear_is_refused() {
        for (wrong, why) in [
            ("", "1 to 200"),
            ("{client", "not closed"),
            ("{kunde}.pdf", "{kunde} is none of {client}"),
            ("{client}{number}", "text between"),
            ("{number}-{number}", "twice"),
        ] {
            assert!(NamePattern::parse(wrong).unwrap_err().contains(why), "{wrong}");
        }
    }
}
