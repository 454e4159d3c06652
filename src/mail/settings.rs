//! What a mail server needs to be reached: filled in by the configuration, checked by the mailer.
//!
//! Knows neither files of configuration nor the wire.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use zeroize::ZeroizeOnDrop;

use super::dkim::Signer;

/// Longest wait for a TCP connection and, again, for the TLS handshake.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest wait for an answer to the greeting or a command (RFC 5321, 4.5.3.2).
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(5 * 60);
/// Longest wait while a piece of the letter is taken (RFC 5321).
pub const BLOCK_TIMEOUT: Duration = Duration::from_secs(3 * 60);
/// Longest wait for the answer to a whole letter (RFC 5321): giving up early is what makes duplicates.
pub const FINAL_TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// Longest wait when an idle connection is tried again, or closed.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections to one mail server at once: what a small one takes from one client without complaint.
pub const CONNECTIONS: u32 = 4;
/// Letters over one connection before a new one is made.
pub const LETTERS_PER_CONNECTION: u32 = 50;

/// A mail server and how to speak to it.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// Host name or IP address; the server's certificate must bear it.
    pub host: String,
    /// 587 for STARTTLS and 465 for TLS, usually.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// The account; with `None` no login is tried.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<Password>,
    /// A PEM file with authorities to trust besides the public ones.
    pub ca_file: Option<PathBuf>,
    /// The name this program greets with: the host name of the portal.
    pub hello_name: String,
    /// Name servers to ask instead of the system's.
    pub dns: Vec<IpAddr>,
    /// What signs letters; `None` when they go unsigned.
    pub dkim: Option<Signer>,
    /// How much it gets at once.
    pub limits: Limits,
    /// How long to wait; [`Timeouts::default`] outside tests.
    pub timeouts: Timeouts,
}

/// How a connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Security {
    /// Begins in clear and must change to TLS before anything is said.
    #[serde(rename = "starttls")]
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// No TLS; only towards this very machine.
    PlainLoopback,
}

/// How much one mail server gets at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections, each with one letter at a time; those that are idle in a burst are kept for the next letter.
    pub connections: u32,
    /// Letters over one connection.
    pub per_connection: u32,
    /// Letters a minute over all of them; 0 for as many as there are.
    pub per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: CONNECTIONS, per_connection: LETTERS_PER_CONNECTION, per_minute: 0 }
    }
}

/// Waiting times; each falls back to the constant of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For the TCP connection and for the TLS handshake.
    pub connect: Duration,
    /// For an answer to a command.
    pub command: Duration,
    /// For a piece of the letter to be taken.
    pub block: Duration,
    /// For the answer after the letter.
    pub last: Duration,
    /// For an idle connection to show that it still lives.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: CONNECT_TIMEOUT,
            command: COMMAND_TIMEOUT,
            block: BLOCK_TIMEOUT,
            last: FINAL_TIMEOUT,
            idle: IDLE_TIMEOUT,
        }
    }
}

/// A password that is never printed and is wiped from memory.
#[derive(Clone, PartialEq, Eq, ZeroizeOnDrop)]
pub struct Password(String);

impl Password {
    /// Keeps `password`.
    pub fn new(password: String) -> Self {
        Self(password)
    }

    /// The password itself, for the login only.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl SmtpSettings {
    /// Whether the server is this very machine, judged by the name as written.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }
}

/// Whether a host is this very machine, judged by the name as written.
pub(super) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Why these settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingsError {
    /// Neither a host name nor an IP address.
    Host(String),
    /// Clear text towards another machine.
    PlainToOutside(String),
    /// The greeting name is not a host name.
    HelloName(String),
    /// A user name without password, the reverse, or a NUL in one of them.
    Login,
    /// The file with authorities cannot be read or holds no certificate.
    CaFile(PathBuf, String),
    /// TLS could not be set up.
    Tls(String),
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => write!(f, "the mail server's host {host:?} is neither a host name nor an IP address"),
            Self::PlainToOutside(host) => {
                write!(f, "mail to {host} must be encrypted; use STARTTLS or TLS (clear text is only for localhost)")
            }
            Self::HelloName(name) => write!(f, "the greeting name {name:?} for the mail server is not a host name"),
            Self::Login => f.write_str("the mail login needs both a user name and a password, without NUL characters"),
            Self::CaFile(path, why) => {
                write!(f, "the mail server's certificate authorities in {} cannot be used: {why}", path.display())
            }
            Self::Tls(why) => write!(f, "TLS towards the mail server cannot be set up: {why}"),
        }
    }
}

impl std::error::Error for SettingsError {}
