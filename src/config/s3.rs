//! The `[s3]` section: a bucket for backups. Names the file or credential that holds its key, and holds no secret.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::reader::Document;
use super::sections::{Read, parsed, path};
use super::{PublicUrl, SecretFileError, read_credential, read_secret};

/// The variable in which the service manager names the folder of its credentials.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
/// Longest prefix, in characters.
const PREFIX_MAX: usize = 200;

/// A bucket of an S3-compatible service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Config {
    /// The service's address.
    pub endpoint: PublicUrl,
    /// The bucket's name.
    pub bucket: String,
    /// Its region.
    pub region: String,
    /// What the names in it begin with; empty, or with a slash at its end.
    pub prefix: String,
    /// Whether the bucket is named in the path and not in the host.
    pub path_style: bool,
    /// A PEM file with further certificate authorities to trust.
    pub ca_file: Option<PathBuf>,
    /// Where the access key is: two lines, its identifier and its secret.
    pub credentials: SecretSource,
}

impl S3Config {
    /// Where it is, for sentences.
    pub fn place(&self) -> String {
        format!("{}/{}/{}", self.endpoint.origin(), self.bucket, self.prefix)
    }
}

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// A file, readable by nobody else.
    File(PathBuf),
    /// A credential of that name, handed over by systemd.
    Credential(String),
}

impl SecretSource {
    /// Reads it.
    ///
    /// # Errors
    /// As [`read_secret`] and [`read_credential`].
    pub fn read(&self) -> Result<Zeroizing<Vec<u8>>, SecretFileError> {
        match self {
            Self::File(path) => read_secret(path),
            Self::Credential(name) => {
                read_credential(name, std::env::var_os(CREDENTIALS).map(PathBuf::from).as_deref())
            }
        }
    }
}

/// Reads the section; absent is `None`.
pub(super) fn s3(doc: &Document<'_>, folder: &Path) -> Read<Option<S3Config>> {
    if !doc.has("s3") {
        return Ok(None);
    }
    let word = |key, example: &str| doc.text("s3", key)?.ok_or_else(|| doc.missing("s3", key, example));
    let endpoint = word("endpoint", "endpoint = \"https://s3.example.com\"")?;
    let address: PublicUrl = parsed(doc, &endpoint, "endpoint", "endpoint = \"https://s3.example.com\"")?;
    if !address.is_https() && !address.is_loopback() {
        return Err(doc.refuse(&endpoint.at, "endpoint must start with https://, since it is not this machine itself."));
    }
    let bucket = word("bucket", "bucket = \"example-llp-backups\"")?;
    let is_plain = |text: &str, more: &[char]| {
        text.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.') || more.contains(&c))
    };
    if !is_plain(&bucket.value, &['_']) {
        return Err(
            doc.refuse(&bucket.at, "bucket is the bucket's name alone: small letters, digits, hyphens and dots.")
        );
    }
    let prefix = doc.text("s3", "prefix")?;
    if let Some(found) = &prefix
        && (!is_plain(&found.value, &['_', '/']) || found.value.starts_with('/') || found.value.len() > PREFIX_MAX)
    {
        return Err(
            doc.refuse(&found.at, "prefix is like a folder's name. Write for example: prefix = \"counterfoil/\"")
        );
    }
    let mut prefix = prefix.map(|found| found.value).unwrap_or_default();
    if !prefix.is_empty() && !prefix.ends_with('/') {
        prefix.push('/');
    }
    Ok(Some(S3Config {
        endpoint: address,
        bucket: bucket.value,
        region: doc.text("s3", "region")?.map_or_else(|| "us-east-1".to_owned(), |found| found.value),
        prefix,
        path_style: doc.truth("s3", "path_style")?.is_some_and(|found| found.value),
        ca_file: path(doc, folder, "s3", "ca_file")?,
        credentials: credentials(doc, folder)?,
    }))
}

fn credentials(doc: &Document<'_>, folder: &Path) -> Read<SecretSource> {
    const EXAMPLE: &str = "credentials_file = \"/etc/counterfoil/s3.txt\"";
    match (path(doc, folder, "s3", "credentials_file")?, doc.text("s3", "credential")?) {
        (Some(file), None) => Ok(SecretSource::File(file)),
        (None, Some(name)) if name.value.contains('/') || name.value.starts_with('.') => {
            Err(doc.refuse(&name.at, "credential is a name, not a path. Write: credential = \"s3.txt\""))
        }
        (None, Some(name)) => Ok(SecretSource::Credential(name.value)),
        (None, None) => Err(doc.missing("s3", "credentials_file", EXAMPLE)),
        (Some(_), Some(name)) => Err(doc.refuse(&name.at, "credentials_file and credential exclude each other.")),
    }
}
