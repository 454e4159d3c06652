//! The demo's data folder: a temporary one, or one that is kept; its key, its configuration, and the data file, which
//! is complete or absent.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::firm::ZONE;
use crate::backup::identity::BackupIdentity;
use crate::cli::{Failure, house};
use crate::config::Config;
use crate::secrets::Entropy;
use crate::store::Store;
use crate::store::crypt::{self, Cipher};
use crate::store::keys::{Secret, generate_key_file, key_from_text, key_to_text};

/// The key, beside the data that it opens: a demo keeps no secret. It also tells a demo's folder from a firm's.
const KEY_FILE: &str = "demo.key";
/// What opens the demo's backups.
pub const IDENTITY_FILE: &str = "demo.backup-identity.txt";
pub const CONFIG_FILE: &str = "counterfoil.toml";
/// The data file's name before it is complete.
const UNFINISHED: &str = "unfinished";

/// A folder ready for a demo. A temporary one is removed when this goes.
pub struct Folder {
    path: PathBuf,
    /// Holds the temporary folder.
    _temporary: Option<TempDir>,
}

impl Folder {
    /// A temporary folder, or `wanted`, which must be new, empty, or an earlier demo's.
    ///
    /// # Errors
    /// When it can't be made, or holds something else.
    pub fn prepare(wanted: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = wanted else {
            let made = tempfile::Builder::new().prefix("counterfoil-demo-").tempdir();
            let made = made.map_err(|e| {
                let place = std::env::temp_dir();
                Failure::new(format!(
                    "{} No temporary folder can be made there. Name a folder for the demo with --data DIR, or another \
                     place for temporary files with TMPDIR=DIR.",
                    Failure::file(&place, &e)
                ))
            })?;
            return Ok(Self { path: made.path().to_owned(), _temporary: Some(made) });
        };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| Failure::file(path, &e))?;
        let path = path.canonicalize().map_err(|e| Failure::file(path, &e))?;
        let empty = fs::read_dir(&path).map_err(|e| Failure::file(&path, &e))?.next().is_none();
        if !empty && !path.join(KEY_FILE).exists() {
            let path = path.display();
            return Err(Failure::new(format!(
                "{path} is not empty and holds no demo; nothing was touched. Name a new folder with --data."
            )));
        }
        Ok(Self { path, _temporary: None })
    }

    /// The folder that another process of this demo has prepared, and keeps.
    pub fn prepared(path: &Path) -> Self {
        Self { path: path.to_owned(), _temporary: None }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it goes when the demo ends.
    pub fn is_temporary(&self) -> bool {
        self._temporary.is_some()
    }

    /// Whether an earlier demo is complete here.
    pub fn holds_demo(&self) -> bool {
        house::data_file(&self.path).exists()
    }

    /// The configuration of a demo that listens on `listen`.
    ///
    /// # Errors
    /// When the configuration can't be read back; not for an address that was parsed.
    pub fn config(&self, listen: SocketAddr) -> Result<Config, Failure> {
        let quoted = |path: &Path| toml::Value::String(path.display().to_string()).to_string();
        let host = match listen.ip() {
            ip if ip.is_unspecified() => "localhost".to_owned(),
            std::net::IpAddr::V6(ip) => format!("[{ip}]"),
            std::net::IpAddr::V4(ip) => ip.to_string(),
        };
        let port = if listen.port() == 0 { String::new() } else { format!(":{}", listen.port()) };
        let text = format!(
            "# Written by `counterfoil demo`.\nurl = \"https://{host}{port}\"\ndata = {}\n\n[key]\nfile = {}\n\n[listen]\n\
             address = \"{listen}\"\ntls = \"self-signed\"\nextra_hosts = [\"localhost\", \"127.0.0.1\"]\n\n[reminders]\n\
             zone = \"{ZONE}\"\n",
            quoted(&self.path),
            quoted(&self.path.join(KEY_FILE)),
        );
        let path = self.path.join(CONFIG_FILE);
        fs::write(&path, &text).map_err(|e| Failure::file(&path, &e))?;
        Ok(Config::parse(&text, &path)?)
    }

    /// The configuration as it was written.
    ///
    /// # Errors
    /// When it is not there.
    pub fn kept_config(&self) -> Result<Config, Failure> {
        Ok(Config::load(&self.path.join(CONFIG_FILE))?)
    }

    /// The recipient of the demo's backups; what opens them lies beside the data, as its key does.
    ///
    /// # Errors
    /// When the identity's file can't be written or read.
    pub fn identity(&self) -> Result<String, Failure> {
        let path = self.path.join(IDENTITY_FILE);
        if path.exists() {
            let text = fs::read_to_string(&path).map_err(|e| Failure::file(&path, &e))?;
            return Ok(BackupIdentity::parse(&text)?.recipient());
        }
        let identity = BackupIdentity::generate();
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        made.and_then(|mut file| writeln!(file, "{}", identity.reveal().as_str()))
            .map_err(|e| Failure::file(&path, &e))?;
        Ok(identity.recipient())
    }

    /// Opens the earlier demo.
    ///
    /// # Errors
    /// As [`house::open_with`].
    pub fn open(&self, cache: usize, entropy: &Entropy) -> Result<Store, Failure> {
        house::open_with(&house::data_file(&self.path), &self.key()?, cache, false, entropy)
    }

    /// A new data file under a name that is not the final one; [`Folder::complete`] gives it that.
    ///
    /// # Errors
    /// When the key or the file can't be written.
    pub fn begin(&self, cache: usize, entropy: &Entropy) -> Result<Store, Failure> {
        let unfinished = self.path.join(UNFINISHED);
        let _ = fs::remove_file(&unfinished);
        let secret = if self.path.join(KEY_FILE).exists() { self.key()? } else { self.new_key(entropy)? };
        crypt::create(&unfinished, std::slice::from_ref(&secret), Cipher::for_this_machine(), entropy)?;
        house::open_with(&unfinished, &secret, cache, false, entropy)
    }

    /// Puts the finished data file, closed again, in its place.
    ///
    /// # Errors
    /// When it can't be renamed.
    pub fn complete(&self) -> Result<(), Failure> {
        let path = house::data_file(&self.path);
        fs::rename(self.path.join(UNFINISHED), &path).map_err(|e| Failure::file(&path, &e))
    }

    fn new_key(&self, entropy: &Entropy) -> Result<Secret, Failure> {
        let (path, key) = (self.path.join(KEY_FILE), generate_key_file(entropy));
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        made.and_then(|mut file| writeln!(file, "{}", key_to_text(&key).as_str()))
            .map_err(|e| Failure::file(&path, &e))?;
        Ok(Secret::KeyFile(key))
    }

    fn key(&self) -> Result<Secret, Failure> {
        let path = self.path.join(KEY_FILE);
        let text = fs::read_to_string(&path).map_err(|e| Failure::file(&path, &e))?;
        let key = key_from_text(&text).map_err(|e| Failure::new(format!("{}: {e}", path.display())))?;
        Ok(Secret::KeyFile(key))
    }
}
