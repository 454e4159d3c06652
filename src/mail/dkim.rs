//! DKIM (RFC 6376, 8463): signs a finished letter, and says what has to stand in the DNS for others to check it.
//!
//! Both canonicalizations are *relaxed*. Ours rather than lettre's, which signs by a crate whose RSA is known to leak
//! by its timing (RUSTSEC-2023-0071). The time comes in; must not know how letters travel.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use rustls::pki_types::PrivateKeyDer;

use crate::secrets::{SigningKey, sha256};

/// The headers that are signed where they stand. RFC 8058 wants the two of unsubscribing among them.
const SIGNED: [&str; 14] = [
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "auto-submitted",
    "list-unsubscribe",
    "list-unsubscribe-post",
];
/// Signed once more than they stand, so that nobody can add another.
const SEALED: [&str; 4] = ["from", "to", "subject", "reply-to"];
/// Characters of the signature in a line.
const LINE: usize = 64;
/// Longest file with a key, in bytes.
const KEY_MAX: u64 = 64 << 10;
/// Characters of one text within a record of the DNS.
const TXT_MAX: usize = 255;

/// Signs letters of one domain.
#[derive(Clone)]
pub struct Signer {
    domain: String,
    selector: String,
    key: Arc<SigningKey>,
}

/// Why a key can't sign.
#[derive(Debug)]
pub struct KeyFault {
    file: PathBuf,
    why: String,
}

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the DKIM key in {} can't be used: {}", self.file.display(), self.why)
    }
}

impl std::error::Error for KeyFault {}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({}._domainkey.{})", self.selector, self.domain)
    }
}

impl Signer {
    /// Signs for `domain`, under the name `selector`, with the private key in a PEM file: RSA of 2048 bits or more, or
    /// Ed25519.
    ///
    /// # Errors
    /// When the file can't be read or holds no such key.
    pub fn from_file(domain: &str, selector: &str, file: &Path) -> Result<Self, KeyFault> {
        let fault = |why: &str| KeyFault { file: file.to_owned(), why: why.to_owned() };
        let length = std::fs::metadata(file).map_err(|e| fault(&e.to_string()))?.len();
        if length > KEY_MAX {
            return Err(fault("it is too long for a key"));
        }
        let pem = zeroize::Zeroizing::new(std::fs::read(file).map_err(|e| fault(&e.to_string()))?);
        Self::from_pem(domain, selector, &pem).map_err(|why| fault(&why))
    }

    /// The same with the PEM itself.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_pem(domain: &str, selector: &str, mut pem: &[u8]) -> Result<Self, String> {
        let key = match rustls_pemfile::private_key(&mut pem) {
            Ok(Some(PrivateKeyDer::Pkcs8(der))) => SigningKey::from_pkcs8(der.secret_pkcs8_der()),
            Ok(Some(PrivateKeyDer::Pkcs1(der))) => SigningKey::from_pkcs1(der.secret_pkcs1_der()),
            _ => return Err("it holds no private key as PEM".to_owned()),
        };
        let key = key.ok_or("it is neither an RSA key of 2048 bits or more nor an Ed25519 key")?;
        Ok(Self { domain: domain.to_ascii_lowercase(), selector: selector.to_owned(), key: Arc::new(key) })
    }

    /// The letter with its signature before it, made `at`.
    pub fn sign(&self, mime: &[u8], at: Timestamp) -> Vec<u8> {
        let (headers, body) = split(mime);
        let hash = STANDARD.encode(sha256(&relaxed_body(body)));
        let chosen = chosen(&headers);
        let names: Vec<&str> = chosen.iter().map(|x| x.0).collect();
        let unsigned = format!(
            "DKIM-Signature: v=1; a={}; c=relaxed/relaxed; d={}; s={};\r\n\tt={}; h={};\r\n\tbh={hash};\r\n\tb=",
            self.key.algorithm(),
            self.domain,
            self.selector,
            at.as_second().max(0),
            names.join(":\r\n\t "),
        );
        let mut text: Vec<u8> = chosen.iter().filter_map(|x| x.1).flat_map(relaxed_header).collect();
        let own = relaxed_header(unsigned.as_bytes());
        text.extend_from_slice(own.strip_suffix(b"\r\n").unwrap_or(&own));
        // Both algorithms sign the hash: RSA as its scheme has it, Ed25519 as RFC 8463 has it.
        let signature = STANDARD.encode(self.key.sign_hashed(&text));
        let mut out = unsigned.into_bytes();
        for piece in signature.as_bytes().chunks(LINE) {
            out.extend_from_slice(b"\r\n\t");
            out.extend_from_slice(piece);
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(mime);
        out
    }

    /// Where in the DNS the public key has to stand.
    pub fn record_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }

    /// What has to stand there.
    pub fn record(&self) -> String {
        format!("v=DKIM1; k={}; p={}", self.key.kind(), STANDARD.encode(self.key.published()))
    }

    /// The record as a line of a zone file; a long one in several texts.
    pub fn zone_line(&self) -> String {
        let record = self.record();
        let texts: Vec<String> =
            record.as_bytes().chunks(TXT_MAX).map(|text| format!("\"{}\"", String::from_utf8_lossy(text))).collect();
        format!("{}. IN TXT {}", self.record_name(), texts.join(" "))
    }
}

/// The headers of a message, each with its name in lower case and its bytes, line break included; and the body.
fn split(mime: &[u8]) -> (Vec<(String, &[u8])>, &[u8]) {
    let end = mime.windows(4).position(|w| w == b"\r\n\r\n").map_or(mime.len(), |at| at + 2);
    let (head, rest) = mime.split_at(end);
    let (mut headers, mut start): (Vec<(String, &[u8])>, usize) = (Vec::new(), 0);
    let mut at = 0;
    for line in head.split_inclusive(|b| *b == b'\n') {
        if at > start && !matches!(line.first(), Some(b' ' | b'\t')) {
            headers.extend(named(&head[start..at]));
            start = at;
        }
        at += line.len();
    }
    headers.extend(named(&head[start..]));
    (headers, rest.strip_prefix(b"\r\n").unwrap_or(rest))
}

fn named(header: &[u8]) -> Option<(String, &[u8])> {
    let colon = header.iter().position(|b| *b == b':')?;
    Some((String::from_utf8_lossy(&header[..colon]).trim().to_ascii_lowercase(), header))
}

/// The headers to be signed: the last of a name first, as the rule has it, and then names that stand no more.
fn chosen<'h>(headers: &[(String, &'h [u8])]) -> Vec<(&'static str, Option<&'h [u8]>)> {
    let mut out = Vec::new();
    for name in SIGNED {
        let found = headers.iter().rev().filter(|x| x.0 == name).map(|x| (name, Some(x.1)));
        out.extend(found);
    }
    out.extend(SEALED.map(|name| (name, None)));
    out
}

/// `name:value`, the value unfolded, blanks in a row as one, none at its ends.
fn relaxed_header(header: &[u8]) -> Vec<u8> {
    let colon = header.iter().position(|b| *b == b':').unwrap_or(header.len());
    let (name, value) = header.split_at(colon);
    let mut out = name.trim_ascii().to_ascii_lowercase();
    out.push(b':');
    let words = value.strip_prefix(b":").unwrap_or(value).split(|b| b" \t\r\n".contains(b)).filter(|w| !w.is_empty());
    out.extend_from_slice(&words.collect::<Vec<_>>().join(&b' '));
    out.extend_from_slice(b"\r\n");
    out
}

/// Blanks in a row as one, none at the end of a line, no empty lines at the end.
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut kept = 0;
    for line in body.split_inclusive(|b| *b == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (start, mut blank) = (out.len(), false);
        for &byte in line {
            if matches!(byte, b' ' | b'\t') {
                blank = true;
                continue;
            }
            if blank {
                out.push(b' ');
                blank = false;
            }
            out.push(byte);
        }
        let empty = out.len() == start;
        out.extend_from_slice(b"\r\n");
        if !empty {
            kept = out.len();
        }
    }
    out.truncate(kept);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_examples_of_the_rule_come_out_as_it_says() {
        // RFC 6376, 3.4.5.
        assert_eq!(relaxed_header(b"A: X\r\n"), b"a:X\r\n");
        assert_eq!(relaxed_header(b"B : Y\t\r\n\tZ  \r\n"), b"b:Y Z\r\n");
        assert_eq!(relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
        assert_eq!(relaxed_body(b""), b"");
        assert_eq!(relaxed_body(b"\r\n\r\n"), b"");
        assert_eq!(relaxed_body(b"a\r\n\r\nb"), b"a\r\n\r\nb\r\n");
    }

    #[test]
    fn headers_are_taken_from_below_and_sealed_against_more() {
        let mime = b"From: a\r\nTo: b\r\nFrom: c\r\n d\r\nX-Own: e\r\n\r\nbody\r\n";
        let (headers, body) = split(mime);
        assert_eq!(body, b"body\r\n");
        let taken: Vec<_> = chosen(&headers).into_iter().map(|(n, v)| (n, v.map(<[u8]>::to_vec))).collect();
        assert_eq!(taken[0], ("from", Some(b"From: c\r\n d\r\n".to_vec())));
        assert_eq!(taken[1], ("from", Some(b"From: a\r\n".to_vec())));
        assert_eq!(taken[2], ("to", Some(b"To: b\r\n".to_vec())));
        assert!(taken[3..].iter().all(|x| x.1.is_none()) && taken.len() == 3 + SEALED.len());
    }

    proptest! {
        #[test]
        fn what_mail_servers_do_to_blanks_changes_no_hash(lines in prop::collection::vec("[ a-z\t]{0,12}", 0..8)) {
            let plain = lines.join("\r\n");
            let meddled: Vec<String> = lines.iter().map(|l| format!("{} \t", l.replace(' ', "  "))).collect();
            let meddled = format!("{}\r\n\r\n", meddled.join("\r\n"));
            let (a, b) = (relaxed_body(plain.as_bytes()), relaxed_body(meddled.as_bytes()));
            prop_assert_eq!(&a, &b);
            prop_assert_eq!(relaxed_body(&a), a);
        }
    }
}
