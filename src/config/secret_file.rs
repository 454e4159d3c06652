//! Reads a small secret from a file, and refuses one that others on the machine can read.
//!
//! Knows nothing of what the secret is for.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// The longest secret file that is read, in bytes.
pub const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// The bits of a mode that let the group or everyone in.
const OTHERS: u32 = 0o077;
/// The same without the group's right to read: what a systemd credential folder may have.
const OTHERS_BUT_GROUP_READ: u32 = 0o037;

/// Why a secret was not read. Its text says what to do.
#[derive(Debug)]
pub enum SecretFileError {
    /// The file could not be opened or read.
    Unreadable(PathBuf, std::io::Error),
    /// Others on this machine may read or change the file; its mode.
    Exposed(PathBuf, u32),
    /// The file is longer than [`MAX_SECRET_BYTES`], empty, or not a file.
    NotASecret(PathBuf),
    /// The file should be text and is not.
    NotText(PathBuf),
    /// A credential was named but the service manager handed none over.
    NoCredentials(String),
}

impl std::fmt::Display for SecretFileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(path, error) => {
                let why = match error.kind() {
                    std::io::ErrorKind::NotFound => "it is not there".to_owned(),
                    std::io::ErrorKind::PermissionDenied => "this user may not read it".to_owned(),
                    _ => error.to_string(),
                };
                write!(f, "{} cannot be read: {why}.", path.display())
            }
            Self::Exposed(path, mode) => write!(
                f,
                "{0} can be read or changed by other users of this machine (mode {1:04o}). Run: chmod 600 {0}",
                path.display(),
                mode & 0o7777
            ),
            Self::NotASecret(path) => write!(
                f,
                "{} is empty, longer than {} KiB, or not a plain file, so it holds no secret.",
                path.display(),
                MAX_SECRET_BYTES / 1024
            ),
            Self::NotText(path) => write!(f, "{} should hold one line of UTF-8 text.", path.display()),
            Self::NoCredentials(name) => write!(
                f,
                "the credential \"{name}\" was not handed over. Start the service through systemd with \
                 LoadCredential={name}:/path/to/file, or name a file in the configuration."
            ),
        }
    }
}

impl std::error::Error for SecretFileError {}

/// The bytes of the secret at `path`.
///
/// # Errors
/// When the file is missing, is open to group or others (0600 is expected), is empty, or is too long.
pub fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretFileError> {
    read_guarded(path, OTHERS)
}

/// The secret at `path` as text, without the line end: a password.
///
/// # Errors
/// As [`read_secret`], and when it is not UTF-8.
pub fn read_secret_line(path: &Path) -> Result<Zeroizing<String>, SecretFileError> {
    let bytes = read_secret(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| SecretFileError::NotText(path.to_owned()))?;
    let line = text.trim_end_matches(['\r', '\n']);
    if line.is_empty() {
        return Err(SecretFileError::NotASecret(path.to_owned()));
    }
    Ok(Zeroizing::new(line.to_owned()))
}

/// The credential `name` from the service manager's folder, which the caller reads from `CREDENTIALS_DIRECTORY`.
///
/// # Errors
/// When there is no such folder, or as [`read_secret`].
pub fn read_credential(name: &str, folder: Option<&Path>) -> Result<Zeroizing<Vec<u8>>, SecretFileError> {
    let folder = folder.ok_or_else(|| SecretFileError::NoCredentials(name.to_owned()))?;
    read_guarded(&folder.join(name), OTHERS_BUT_GROUP_READ)
}

fn read_guarded(path: &Path, forbidden: u32) -> Result<Zeroizing<Vec<u8>>, SecretFileError> {
    let unreadable = |error| SecretFileError::Unreadable(path.to_owned(), error);
    let file = File::open(path).map_err(unreadable)?;
    // From the open file, so that what is checked is what is read.
    let facts = file.metadata().map_err(unreadable)?;
    if !facts.is_file() || facts.len() > MAX_SECRET_BYTES {
        return Err(SecretFileError::NotASecret(path.to_owned()));
    }
    if facts.permissions().mode() & forbidden != 0 {
        return Err(SecretFileError::Exposed(path.to_owned(), facts.permissions().mode()));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_SECRET_BYTES as usize + 1));
    file.take(MAX_SECRET_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.is_empty() || bytes.len() as u64 > MAX_SECRET_BYTES {
        return Err(SecretFileError::NotASecret(path.to_owned()));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_with(mode: u32, content: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn a_password_is_read_without_its_line_end() {
        assert_eq!(read_secret_line(file_with(0o600, b"correct horse\r\n").path()).unwrap().as_str(), "correct horse");
    }

    #[test]
    fn a_secret_that_others_can_read_is_refused_with_the_command_that_helps() {
        for mode in [0o640, 0o604, 0o620, 0o666] {
            let file = file_with(mode, b"x");
            let message = read_secret(file.path()).unwrap_err().to_string();
            assert!(message.contains("chmod 600"), "{message}");
        }
        assert!(read_secret(file_with(0o400, b"x").path()).is_ok());
    }

    #[test]
    fn empty_overlong_and_absent_secrets_are_refused() {
        assert!(read_secret(file_with(0o600, b"").path()).is_err());
        assert!(read_secret_line(file_with(0o600, b"\n").path()).is_err());
        assert!(read_secret(file_with(0o600, &vec![1; MAX_SECRET_BYTES as usize + 1]).path()).is_err());
        assert!(read_secret(Path::new("/nonexistent/key")).is_err());
        assert!(read_credential("key", None).unwrap_err().to_string().contains("LoadCredential"));
    }
}
