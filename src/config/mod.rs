//! Typed configuration, read from `counterfoil.toml`, passed as an argument and never global.
//!
//! What belongs to the firm itself (name, address, tax numbers, bank account, logo) lives in the data file, not here.
//! Reads no secret: it only names the files that hold one. Every key is in [`reader::KEYS`] and in
//! `config.example.toml`.

mod address;
mod bounces;
mod mail;
mod reader;
mod s3;
mod secret_file;
mod sections;

use std::io::Read;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

pub use address::{IpRange, PublicUrl, is_host};
pub use reader::ConfigError;
pub use s3::{S3Config, SecretSource};
pub use secret_file::{MAX_SECRET_BYTES, SecretFileError, read_credential, read_secret, read_secret_line};

/// The example that `init` writes and the documentation shows: every key, with its meaning and default.
pub const EXAMPLE: &str = include_str!("../../config.example.toml");

/// The file that `init` writes: the example with these three values, a self-signed certificate, and no mail server yet.
pub fn starting_file(url: &PublicUrl, data: &Path, source: &KeySource) -> String {
    let mut text = String::new();
    let mut section = "";
    for line in EXAMPLE.lines() {
        section = line.strip_prefix('[').map_or(section, |name| name.trim_end_matches(']'));
        let key = line.split_once(" = ").map_or("", |(key, _)| key);
        let starts_setting = line.starts_with('[') || (!key.is_empty() && !line.starts_with('#'));
        let written = match (section, key) {
            ("", "url") => format!("url = {}", quoted(&url.origin())),
            ("", "data") => format!("data = {}", quoted(&data.display().to_string())),
            ("key", "file") if matches!(source, KeySource::File(_)) => key_line(source),
            ("key", "file") => format!("# {line}\n{}", key_line(source)),
            ("listen", "tls") => "tls = \"self-signed\"".to_owned(),
            ("mail" | "bounces" | "dkim" | "backup" | "s3" | "drop", _) if starts_setting => format!("# {line}"),
            ("listen", "certificate" | "private_key") if starts_setting => format!("# {line}"),
            _ => line.to_owned(),
        };
        text.push_str(&written);
        text.push('\n');
    }
    text
}

fn key_line(source: &KeySource) -> String {
    match source {
        KeySource::File(path) => format!("file = {}", quoted(&path.display().to_string())),
        KeySource::Credential(name) => format!("credential = {}", quoted(name)),
        KeySource::Prompt => "prompt = true".to_owned(),
    }
}

/// The drop folder that `text`, a configuration, names, as it is written there.
pub fn drop_folder(text: &str) -> Option<String> {
    let doc: toml::Table = text.parse().ok()?;
    Some(doc.get("drop")?.get("folder")?.as_str()?.to_owned())
}

/// `text`, a configuration, for a data folder in another place with another key; everything else stays as it was.
pub fn moved(text: &str, data: &Path, source: &KeySource) -> String {
    let mut out = String::new();
    let mut section = "";
    for line in text.lines() {
        let trimmed = line.trim();
        let header = trimmed.strip_prefix('[').and_then(|rest| rest.split(']').next());
        section = header.map_or(section, str::trim);
        let key = trimmed.split('=').next().map_or("", str::trim);
        match (section, key) {
            ("", "data") => out.push_str(&format!("data = {}", quoted(&data.display().to_string()))),
            ("key", "file" | "credential" | "prompt") => out.push_str(&format!("# {line}")),
            _ => out.push_str(line),
        }
        out.push('\n');
        if header.is_some() && section == "key" {
            out.push_str(&key_line(source));
            out.push('\n');
        }
    }
    out
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Everything that `serve` needs to know before it opens the data file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where people reach the portal.
    pub url: PublicUrl,
    /// The folder of the data file.
    pub data: PathBuf,
    /// Where the key of the data file comes from.
    pub key: KeySource,
    /// Where and how to listen.
    pub listen: ListenConfig,
    /// How letters leave; `None` when they are to wait in the outbox.
    pub mail: Option<MailConfig>,
    /// What signs letters; `None` when they go unsigned.
    pub dkim: Option<DkimConfig>,
    /// Where letters come back to; `None` where nobody looks.
    pub bounces: Option<BouncesConfig>,
    /// When reminders are sent.
    pub reminders: RemindersConfig,
    /// The backups that are taken by themselves; `None` when there are none.
    pub backup: Option<BackupConfig>,
    /// A bucket for backups.
    pub s3: Option<S3Config>,
    /// The folder into which the accounting program prints; `None` when there is none.
    pub drop: Option<DropConfig>,
    /// Sizes and counts.
    pub limits: LimitsConfig,
}

/// Where the key of the data file comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// A key file.
    File(PathBuf),
    /// A credential of that name, handed over by systemd.
    Credential(String),
    /// A passphrase, asked for at the terminal at every start.
    Prompt,
}

/// Where and how to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenConfig {
    /// Address and port of the portal.
    pub address: SocketAddr,
    /// What protects the connection.
    pub tls: TlsConfig,
    /// Address and port that send plain HTTP visitors on to the portal.
    pub redirect_http: Option<SocketAddr>,
    /// The proxies whose word on the visitor's address is taken.
    pub trusted_proxies: Vec<IpRange>,
    /// The header in which they give it.
    pub forwarded_header: ForwardedHeader,
    /// Host names that are answered besides the one in `url`.
    pub extra_hosts: Vec<String>,
}

/// What protects the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsConfig {
    /// The firm's own certificate chain and key, as PEM files, read again when they change.
    Files {
        /// The chain, leaf first.
        certificate: PathBuf,
        /// Its key.
        private_key: PathBuf,
    },
    /// A certificate made here, for a private network.
    SelfSigned,
    /// None here: a proxy on this machine does it, and the address is loopback.
    Proxy,
}

/// The header in which a proxy gives the visitor's address. Only one is read: a proxy passes the other one through as
/// the visitor wrote it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239)
    Forwarded,
}

/// How letters leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailConfig {
    /// The way out.
    pub transport: MailTransport,
    /// The sender's address.
    pub from_address: String,
    /// The sender's name; the firm's when absent.
    pub from_name: Option<String>,
    /// Where answers go where nobody looks after the client; when absent the firm's e-mail address, and without one the
    /// sender's.
    pub reply_to: Option<String>,
}

/// The way out for letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailTransport {
    /// To a mail server.
    Smtp(SmtpConfig),
    /// As files into a folder: for trying things out, since they are readable there.
    Folder(PathBuf),
}

/// What signs letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DkimConfig {
    /// The name under which the public key stands in the DNS.
    pub selector: String,
    /// The domain that signs: that of the sender's address, or one above it.
    pub domain: String,
    /// The file with the private key, as PEM.
    pub key_file: PathBuf,
}

/// Where letters come back to that can't be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BouncesConfig {
    /// The place.
    pub place: BouncesPlace,
    /// The address that ends there; the sender's own when absent.
    pub return_path: Option<String>,
}

/// Where they are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BouncesPlace {
    /// A Maildir, for this and nothing else.
    Maildir(PathBuf),
    /// A mailbox on a mail server, for this and nothing else.
    Imap(ImapConfig),
}

/// A mailbox that is read by IMAP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImapConfig {
    /// The server's name, which its certificate must carry, or its address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What protects the connection.
    pub security: MailSecurity,
    /// The name to sign in with.
    pub username: String,
    /// The file with the password, readable by nobody else.
    pub password_file: PathBuf,
    /// The folder that is read.
    pub folder: String,
    /// A PEM file with further certificate authorities to trust.
    pub ca_file: Option<PathBuf>,
    /// DNS servers to ask; the system's when empty.
    pub dns: Vec<IpAddr>,
}

/// A mail server to hand letters to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpConfig {
    /// Its name, which its certificate must carry, or its address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What protects the connection.
    pub security: MailSecurity,
    /// The name to sign in with; the password is in `password_file`.
    pub username: Option<String>,
    /// The file with the password, readable by nobody else.
    pub password_file: Option<PathBuf>,
    /// A PEM file with further certificate authorities to trust.
    pub ca_file: Option<PathBuf>,
    /// What to greet the server as; the portal's host when absent.
    pub hello_name: Option<String>,
    /// DNS servers to ask; the system's when empty.
    pub dns: Vec<IpAddr>,
    /// Connections to it at once.
    pub connections: u32,
    /// Letters over one connection.
    pub letters_per_connection: u32,
    /// Letters a minute; 0 for as many as there are.
    pub letters_per_minute: u32,
}

/// What protects the connection to the mail server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailSecurity {
    /// Plain at first, then TLS or nothing.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// Nothing: only to this machine itself.
    None,
}

/// When reminders are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemindersConfig {
    /// Whether reminders are sent at all.
    pub enabled: bool,
    /// The firm's time zone, by its IANA name.
    pub zone: String,
    /// The time of day in that zone.
    pub time: jiff::civil::Time,
}

/// Backups that the server takes every day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupConfig {
    /// Where they lie.
    pub place: BackupPlace,
    /// Whether only what changed is written.
    pub incremental: bool,
    /// The time of day, in the zone of the reminders.
    pub at: jiff::civil::Time,
    /// Of how many days the newest stays.
    pub keep_daily: u32,
    /// Of how many weeks.
    pub keep_weekly: u32,
    /// Of how many months.
    pub keep_monthly: u32,
    /// Megabytes in a second at most; 0 for as fast as it goes.
    pub rate: u32,
    /// Whether each is restored on trial.
    pub drill: bool,
    /// Where.
    pub scratch: PathBuf,
}

/// Where backups lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackupPlace {
    /// In a folder.
    Folder(PathBuf),
    /// In a bucket.
    Bucket(S3Config),
}

/// A folder that is watched for PDFs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DropConfig {
    /// The folder.
    pub folder: PathBuf,
    /// How its files are named, for those that don't say themselves what they are.
    pub pattern: Option<String>,
    /// For how many seconds a file must have stood still.
    pub settle: u64,
}

/// Sizes and counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitsConfig {
    /// The data file's cache, in MiB.
    pub cache_mib: u64,
    /// The largest upload other than a document’s, in MiB.
    pub upload_mib: u64,
    /// The largest file of a document, in MiB.
    pub document_mib: u64,
    /// What all documents of one client may take, in MiB.
    pub client_documents_mib: u64,
    /// What all documents of all clients may take, in MiB.
    pub documents_mib: u64,
    /// Connections open at once.
    pub connections: usize,
    /// Connections open at once from one address.
    pub connections_per_address: usize,
}

impl LimitsConfig {
    /// The cache in bytes.
    pub fn cache_bytes(&self) -> usize {
        usize::try_from(self.cache_mib * 1024 * 1024).unwrap_or(usize::MAX)
    }

    /// The largest upload in bytes.
    pub fn upload_bytes(&self) -> usize {
        usize::try_from(self.upload_mib * 1024 * 1024).unwrap_or(usize::MAX)
    }
}

impl Config {
    /// Reads and checks the file at `path`. Relative paths in it count from its own folder.
    ///
    /// # Errors
    /// A sentence with file, line and what to write instead.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let refuse = |message| ConfigError { path: path.to_owned(), line: None, message };
        let file = std::fs::File::open(path).map_err(|error| {
            let why = match error.kind() {
                std::io::ErrorKind::NotFound => "there is no configuration at this place".to_owned(),
                std::io::ErrorKind::PermissionDenied => "this user may not read the configuration".to_owned(),
                _ => format!("the configuration cannot be read: {error}"),
            };
            refuse(format!("{why}. Name it with --config, or make one with: counterfoil init"))
        })?;
        let mut bytes = Vec::new();
        file.take(reader::MAX_FILE_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| refuse(format!("the configuration cannot be read: {error}.")))?;
        if bytes.len() as u64 > reader::MAX_FILE_BYTES {
            return Err(refuse(format!(
                "longer than {} KiB; this is not a configuration.",
                reader::MAX_FILE_BYTES / 1024
            )));
        }
        let text = String::from_utf8(bytes).map_err(|_| refuse("not UTF-8 text. Save it as UTF-8.".into()))?;
        Self::parse(&text, path)
    }

    /// Reads and checks `text`, which came from `path`.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        sections::read(&reader::Document::parse(text, path)?, path.parent().unwrap_or(Path::new("")))
    }

    /// The addresses to answer for: the public host, then the extra ones, lower case, without ports.
    pub fn hosts(&self) -> Vec<String> {
        std::iter::once(self.url.host().to_owned()).chain(self.listen.extra_hosts.iter().cloned()).collect()
    }

    /// The names that a self-signed certificate carries: the hosts, this machine, and the address listened on unless
    /// that is all of them.
    pub fn certificate_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.hosts().iter().map(|host| host.trim_matches(['[', ']']).to_owned()).collect();
        let listen: IpAddr = self.listen.address.ip();
        names.extend(["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()]);
        if !listen.is_unspecified() {
            names.push(listen.to_string());
        }
        let mut seen = std::collections::HashSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }
}

#[cfg(test)]
mod tests;
