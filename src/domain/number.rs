//! Numbers of billing documents, and the series that give them.
//!
//! A number is given at issue, inside the issuing transaction, in sequence and once (VAT Directive 2006/112/EC
//! Art. 226(2)); drafts have none.

use std::fmt;
use std::str::FromStr;

use super::refusal::FieldFault;

/// Longest number, in characters; others' systems stay well below.
pub const NUMBER_MAX: usize = 60;

/// Years around the present one in which the numbers of two patterns are compared.
const YEARS_AHEAD: i16 = 20;
const YEARS_BEHIND: i16 = 5;
/// More documents than one series will ever number.
const SEQUENCE_MAX: u64 = 9_999_999;
/// The places at which two patterns are compared: where they start, and where a number gets one digit more. Whether
/// they meet depends on how many digits each writes, not on which.
const PROBES: [u64; 8] = [1, 2, 10, 100, 1_000, 10_000, 100_000, 1_000_000];

/// The number of an issued billing document (BT-1), as printed on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct DocumentNumber(String);

impl DocumentNumber {
    /// As printed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number under which a document is found: two that differ only in capitals are one.
    pub fn folded(&self) -> String {
        self.0.to_ascii_uppercase()
    }

    /// The number as one segment of a URL path, percent-encoded.
    pub fn in_url(&self) -> String {
        let mut out = String::with_capacity(self.0.len());
        for byte in self.0.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
                out.push(char::from(byte));
            } else {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
        out
    }

    /// A file name for the document with `extension`: characters that file systems dislike become `-`.
    pub fn file_name(&self, extension: &str) -> String {
        let safe: String =
            self.0.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
        format!("{}.{extension}", safe.trim_start_matches('.'))
    }
}

impl FromStr for DocumentNumber {
    type Err = FieldFault;

    /// The only parser: ASCII letters, digits, single spaces and `-/._#` within, as firms print them. Other letters are
    /// refused, since some can't be told apart on paper: the Cyrillic `Е` of a copied number is not `E`.
    fn from_str(text: &str) -> Result<Self, FieldFault> {
        let text = text.trim();
        let fine = !text.is_empty()
            && text.chars().count() <= NUMBER_MAX
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "-/._# ".contains(c))
            && text.chars().any(|c| c.is_ascii_alphanumeric())
            && !text.contains("  ")
            && !text.contains("..")
            && !text.starts_with('.');
        let message = format!("Use the letters A to Z, digits and - / . _ only, at most {NUMBER_MAX} characters.");
        if fine { Ok(Self(text.to_owned())) } else { Err(FieldFault::new("number", message)) }
    }
}

impl fmt::Display for DocumentNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a series writes its numbers: `{YYYY}` is the year of issue, `{0000}` the sequence with that many digits.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Pattern(String);

impl Pattern {
    /// Reads a pattern such as `HF-{YYYY}-{0000}`.
    ///
    /// # Errors
    /// Names `field` when the sequence is missing or the result would not be a number.
    pub fn parse(field: &str, input: &str) -> Result<Self, FieldFault> {
        let pattern = Self(input.trim().to_owned());
        let ok = pattern.width().is_some() && pattern.write(2026, 1).is_ok();
        let message = "Include the sequence, for example INV-{YYYY}-{0000}.";
        if ok { Ok(pattern) } else { Err(FieldFault::new(field, message)) }
    }

    /// The pattern as typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the sequence starts again each year.
    pub fn yearly(&self) -> bool {
        self.0.contains("{YYYY}")
    }

    /// The number at `sequence` in `year`.
    ///
    /// # Errors
    /// When the pattern can't give a number; not for a pattern that [`Pattern::parse`] took.
    pub fn write(&self, year: i16, sequence: u64) -> Result<DocumentNumber, FieldFault> {
        let width = self.width().ok_or_else(|| FieldFault::new("pattern", "The pattern has no sequence."))?;
        let zeros = "0".repeat(width);
        let text = self.0.replace("{YYYY}", &format!("{year:04}")).replacen(
            &format!("{{{zeros}}}"),
            &format!("{sequence:0width$}"),
            1,
        );
        text.parse()
    }

    /// The first number found that this pattern and another both give, in `year` or in those around it; each may be of
    /// another year. Numbers that differ only in capitals are the same.
    pub fn meets(&self, other: &Self, year: i16) -> Option<DocumentNumber> {
        let years = |p: &Self| match p.yearly() {
            true => (year..=year.saturating_add(YEARS_AHEAD)).chain(year.saturating_sub(YEARS_BEHIND)..year).collect(),
            false => vec![year],
        };
        let (mine, theirs): (Vec<i16>, Vec<i16>) = (years(self), years(other));
        let gives = |p: &Self, number: &DocumentNumber, years: &[i16]| {
            years.iter().any(|year| p.sequence_of(*year, number).is_some_and(|n| (1..=SEQUENCE_MAX).contains(&n)))
        };
        let met = |one: &Self, its: &[i16], with: &Self, others: &[i16]| {
            let written = its.iter().flat_map(|year| PROBES.map(|n| one.write(*year, n)));
            written.flatten().find(|number| gives(with, number, others))
        };
        met(self, &mine, other, &theirs).or_else(|| met(other, &theirs, self, &mine))
    }

    /// What its numbers of `year` begin with.
    pub fn begins(&self, year: i16) -> String {
        let text = self.0.replace("{YYYY}", &format!("{year:04}"));
        text.split_once("{0").map_or(text.clone(), |x| x.0.to_owned())
    }

    /// Which of this pattern's numbers in `year` it is.
    pub fn sequence_of(&self, year: i16, number: &DocumentNumber) -> Option<u64> {
        let (width, number) = (self.width()?, number.folded());
        let text = self.0.replace("{YYYY}", &format!("{year:04}")).to_ascii_uppercase();
        let (before, after) = text.split_once(&format!("{{{}}}", "0".repeat(width)))?;
        let digits = number.strip_prefix(before)?.strip_suffix(after)?;
        let sequence = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()?;
        (format!("{sequence:0width$}") == digits).then_some(sequence)
    }

    fn width(&self) -> Option<usize> {
        let (start, _) = self.0.match_indices("{0").next()?;
        let inside = &self.0[start + 1..start + self.0[start..].find('}')?];
        (inside.len() <= 10 && inside.chars().all(|c| c == '0')).then_some(inside.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_other_systems_are_taken_and_tricks_are_not() {
        for good in ["HF-2025-0412", "2025/0412", "RE-20201121/508", "471102", "Nr. 7", "#12"] {
            let number: DocumentNumber = good.parse().unwrap();
            assert_eq!(number.to_string(), good);
        }
        for bad in [
            "",
            "   ",
            "../etc",
            "a\nb",
            "<b>",
            "a\u{202E}b",
            "\u{415}XT-1",
            "Ä-1",
            "ﬁ-1",
            "٣",
            "....",
            &"9".repeat(61),
            "a  b",
        ] {
            assert!(bad.parse::<DocumentNumber>().is_err(), "{bad}");
        }
        let number: DocumentNumber = "2025/04 12".parse().unwrap();
        assert_eq!(number.in_url(), "2025%2F04%2012");
        assert_eq!(number.file_name("pdf"), "2025-04-12.pdf");
        assert_eq!("ext-1".parse::<DocumentNumber>().unwrap().folded(), "EXT-1");
    }

    #[test]
    fn a_pattern_writes_numbers() {
        let pattern = Pattern::parse("pattern", "HF-{YYYY}-{0000}").unwrap();
        assert_eq!(pattern.write(2026, 7).unwrap().as_str(), "HF-2026-0007");
        assert_eq!(pattern.write(2026, 12_345).unwrap().as_str(), "HF-2026-12345");
        assert!(Pattern::parse("pattern", "HF-{YYYY}").is_err());
    }
}
