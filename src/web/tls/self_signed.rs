//! Makes and keeps a self-signed certificate, for a private network and for the demo.
//!
//! Its key protects a connection, not the data file: it is no client's data, and losing it costs a browser warning.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

use super::{Pair, TlsError};

/// How long a new certificate is valid. Browsers refuse more than 398 days.
const VALID_DAYS: i64 = 397;
/// A certificate that ends sooner than this is replaced.
const RENEW_WITHIN: SignedDuration = SignedDuration::from_hours(30 * 24);
const NAME: &str = "Counterfoil (self-signed)";

/// Where the pair is kept within `folder`: certificate, key.
pub(super) fn paths(folder: &Path) -> (PathBuf, PathBuf) {
    (folder.join("self-signed.pem"), folder.join("self-signed.key"))
}

/// Whether `pair` should be replaced: it ends soon, or it is for other names.
pub(super) fn is_stale(pair: &Pair, names: &[String], now: Timestamp) -> bool {
    let soon = now.saturating_add(RENEW_WITHIN).unwrap_or(Timestamp::MAX);
    pair.until.is_none_or(|until| until < soon) || names.iter().any(|name| !pair.covers(name))
}

/// Makes sure that `folder` has a pair for `names` that lasts; makes a new one if not.
pub(super) fn ensure(folder: &Path, names: &[String], now: Timestamp) -> Result<(), TlsError> {
    let (certificate, key) = paths(folder);
    if Pair::read(&certificate, &key).is_ok_and(|pair| !is_stale(&pair, names, now)) {
        return Ok(());
    }
    let (certificate_pem, key_pem) = make(names, now).map_err(|error| {
        TlsError::new(&certificate, format!("no certificate could be made for {}: {error}.", names.join(", ")))
    })?;
    let save = || -> std::io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        // The key first: a stop between the two leaves a pair that does not match, which is made anew.
        write_whole(folder, &key, key_pem.as_bytes(), 0o600)?;
        write_whole(folder, &certificate, certificate_pem.as_bytes(), 0o644)
    };
    save().map_err(|error| {
        TlsError::new(
            folder,
            format!("the self-signed certificate cannot be kept there: {error}. Let the service write to this folder."),
        )
    })
}

fn make(names: &[String], now: Timestamp) -> Result<(String, zeroize::Zeroizing<String>), rcgen::Error> {
    let mut params = rcgen::CertificateParams::new(names.to_vec())?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, NAME);
    params.is_ca = rcgen::IsCa::ExplicitNoCa;
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    // From the day before, for clients whose clocks are behind.
    let today = now.to_zoned(TimeZone::UTC).date();
    let last = today.saturating_add(SignedDuration::from_hours(VALID_DAYS * 24 - 24));
    let midnight = |date: Date| {
        rcgen::date_time_ymd(i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    params.not_before = midnight(today.yesterday().unwrap_or(today));
    params.not_after = midnight(last);
    let key = rcgen::KeyPair::generate()?;
    Ok((params.self_signed(&key)?.pem(), zeroize::Zeroizing::new(key.serialize_pem())))
}

fn write_whole(folder: &Path, path: &Path, content: &[u8], mode: u32) -> std::io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.as_file().set_permissions(Permissions::from_mode(mode))?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
