//! Reads the dates between which a certificate is valid, and nothing else of it.
//!
//! The libraries at hand check a certificate against a trust anchor but do not tell its dates. Total over any bytes.

use jiff::{Timestamp, civil, tz::TimeZone};

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The first and last instant of a DER certificate's validity; `None` when it cannot be read.
pub(super) fn validity(der: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let (SEQUENCE, certificate, _) = element(der)? else { return None };
    let (SEQUENCE, mut rest, _) = element(certificate)? else { return None };
    // version (optional), serial number, signature algorithm, issuer; then the validity.
    if rest.first() == Some(&VERSION) {
        rest = element(rest)?.2;
    }
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (SEQUENCE, dates, _) = element(rest)? else { return None };
    let (tag, from, dates) = element(dates)?;
    let (until_tag, until, _) = element(dates)?;
    Some((instant(tag, from)?, instant(until_tag, until)?))
}

/// One DER element: its tag, its content, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, der) = der.split_first()?;
    let (&first, mut der) = der.split_first()?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        let (bytes, rest) = der.split_at_checked(usize::from(first & 0x7f)).filter(|(bytes, _)| bytes.len() <= 4)?;
        length = bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        der = rest;
    }
    let (content, rest) = der.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ`.
fn instant(tag: u8, text: &[u8]) -> Option<Timestamp> {
    let digits = text.strip_suffix(b"Z")?;
    let number = |at: std::ops::Range<usize>| std::str::from_utf8(digits.get(at)?).ok()?.parse::<i16>().ok();
    let (year, at) = match tag {
        UTC_TIME => (number(0..2).map(|year| if year < 50 { 2000 + year } else { 1900 + year })?, 2),
        GENERALIZED_TIME => (number(0..4)?, 4),
        _ => return None,
    };
    let part = |n: usize| number(at + 2 * n..at + 2 * n + 2).and_then(|part| i8::try_from(part).ok());
    civil::DateTime::new(year, part(0)?, part(1)?, part(2)?, part(3)?, part(4)?, 0)
        .ok()?
        .to_zoned(TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn certificate(until: i32) -> Vec<u8> {
        let mut params = rcgen::CertificateParams::new(vec!["portal.example.com".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2024, 2, 29);
        params.not_after = rcgen::date_time_ymd(until, 12, 31);
        params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn both_ways_of_writing_a_date_are_read() {
        for until in [2049, 2050, 4096] {
            let (from, last) = validity(&certificate(until)).unwrap();
            assert_eq!(from.to_string(), "2024-02-29T00:00:00Z");
            assert_eq!(last.to_string(), format!("{until}-12-31T00:00:00Z"));
        }
    }

    #[test]
    fn a_cut_certificate_is_nothing_and_no_panic() {
        let whole = certificate(2049);
        assert!((0..60).all(|length| validity(&whole[..length]).is_none()));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            validity(&bytes);
        }
    }
}
