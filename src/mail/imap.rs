//! A mailbox that is read by IMAP: connect, protect, sign in, open the folder, and read what nobody has seen.
//!
//! Nothing is remembered of a message but what the caller keeps: numbers (UIDs) count within one look only, so that it
//! does not matter when a server gives others. Must not know what messages say, nor mark one before it is told to.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::net::TcpStream;

use super::imap_dialog::{Conversation, Trouble};
use super::reach::Reach;
use super::settings::{CONNECT_TIMEOUT, Password, Security, SettingsError, is_loopback};

/// Longest wait for the whole answer to one command.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// A mailbox and how to reach it.
#[derive(Clone, Debug)]
pub struct ImapSettings {
    /// Host name or IP address; the server's certificate must bear it.
    pub host: String,
    /// 993 for TLS and 143 for STARTTLS, usually.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// The account.
    pub username: String,
    /// Its password.
    pub password: Password,
    /// The folder that is read.
    pub folder: String,
    /// A PEM file with authorities to trust besides the public ones.
    pub ca_file: Option<PathBuf>,
    /// Name servers to ask instead of the system's.
    pub dns: Vec<IpAddr>,
    /// Longest wait for a TCP connection and, again, for the TLS handshake; [`CONNECT_TIMEOUT`] outside tests.
    pub connect_timeout: Duration,
    /// Longest wait for the answer to one command; [`ANSWER_TIMEOUT`] outside tests.
    pub answer_timeout: Duration,
}

impl ImapSettings {
    /// The waits that are usual.
    pub const TIMEOUTS: (Duration, Duration) = (CONNECT_TIMEOUT, ANSWER_TIMEOUT);
}

/// A mailbox that can be opened.
pub struct ImapMailbox {
    pub(super) settings: ImapSettings,
    pub(super) reach: Reach,
}

impl std::fmt::Debug for ImapMailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ImapMailbox({}:{})", self.settings.host, self.settings.port)
    }
}

/// A message as far as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its whole length in bytes.
    pub length: u64,
    /// Its first bytes, at most [`super::bounce::MESSAGE_MAX`].
    pub bytes: Vec<u8>,
}

/// What a mailbox gives of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// Its beginning.
    Message(Found),
    /// Nothing: it is not there any more, or the server does not give it.
    Nothing,
    /// More than was asked for, without an end in sight: the connection is of no more use.
    Overlong,
}

impl ImapMailbox {
    /// Checks the settings and reads the file of authorities; connects to nothing.
    ///
    /// # Errors
    /// When they can't be used.
    pub fn new(settings: ImapSettings) -> Result<Self, SettingsError> {
        if settings.security == Security::PlainLoopback && !is_loopback(&settings.host) {
            return Err(SettingsError::PlainToOutside(settings.host));
        }
        if settings.username.contains('\0') || settings.password.reveal().contains('\0') {
            return Err(SettingsError::Login);
        }
        let (at, ca_file) = ((settings.host.as_str(), settings.port), settings.ca_file.as_deref());
        let reach = Reach::new(at, &settings.dns, ca_file, settings.connect_timeout)?;
        Ok(Self { settings, reach })
    }

    /// Where it is, in words.
    pub fn place(&self) -> String {
        format!("{} at {}", self.settings.folder, self.settings.host)
    }

    /// Connects, signs in and opens the folder.
    ///
    /// # Errors
    /// Why it can't be read now, in words.
    pub async fn open(&self) -> Result<OpenMailbox, String> {
        let (tcp, peer) = self.reach.dial_any(self.reach.addresses().await?).await?;
        let server = self.reach.at(peer);
        let opened = async {
            let (mut talk, _) = self.protected(tcp).await?;
            self.login(&mut talk).await.map_err(|why| format!("the sign-in failed: {why}"))?;
            let validity = self.select(&mut talk).await?;
            Ok::<_, String>(OpenMailbox { talk, validity })
        };
        opened.await.map_err(|why| format!("{server}: {why}"))
    }

    /// Reads the greeting, under TLS unless it is this machine and the settings say so; also says how it is protected.
    pub(super) async fn protected(&self, tcp: TcpStream) -> Result<(Conversation, String), String> {
        let wait = self.settings.answer_timeout;
        let words = |trouble: Trouble| trouble.to_string();
        match self.settings.security {
            Security::PlainLoopback => {
                let talk = Conversation::open(Box::new(tcp), wait).await.map_err(words)?;
                Ok((talk, "none, as it does not leave this machine".to_owned()))
            }
            Security::Tls => {
                let (wire, how) = self.reach.handshake(Box::new(tcp)).await?;
                Ok((Conversation::open(wire, wait).await.map_err(words)?, how))
            }
            Security::StartTls => {
                let mut clear = Conversation::open(Box::new(tcp), wait).await.map_err(words)?;
                let offers = clear.capabilities().await.map_err(words)?;
                if !offers.iter().any(|offer| offer == "STARTTLS") {
                    return Err("the server does not offer STARTTLS, so nothing was sent to it".to_owned());
                }
                let wire = clear.starttls().await.map_err(|trouble| format!("STARTTLS failed: {trouble}"))?;
                let (wire, how) = self.reach.handshake(wire).await?;
                Ok((Conversation::resume(wire, wait), how))
            }
        }
    }

    pub(super) async fn login(&self, talk: &mut Conversation) -> Result<(), String> {
        talk.login(&self.settings.username, &self.settings.password).await.map_err(|trouble| trouble.to_string())
    }

    pub(super) async fn select(&self, talk: &mut Conversation) -> Result<Option<u32>, String> {
        let folder = &self.settings.folder;
        let refused = |trouble| format!("the folder \"{folder}\" can't be opened: {trouble}");
        talk.select(folder).await.map_err(refused)
    }
}

/// A mailbox whose folder is open.
pub struct OpenMailbox {
    talk: Conversation,
    validity: Option<u32>,
}

impl OpenMailbox {
    /// Whether the numbers of messages mean the same in both.
    pub fn is_as(&self, other: &Self) -> bool {
        self.validity.is_some() && self.validity == other.validity
    }

    /// The numbers of the messages that nobody has seen, the oldest first.
    ///
    /// # Errors
    /// Why the server gave none, in words.
    pub async fn unseen(&mut self) -> Result<Vec<u32>, String> {
        self.talk.unseen().await.map_err(|trouble| trouble.to_string())
    }

    /// A message, which stays unseen.
    ///
    /// # Errors
    /// When the connection is of no more use, in words.
    pub async fn message(&mut self, number: u32) -> Result<Given, String> {
        let fetched = match self.talk.fetch(number).await {
            Ok(fetched) => fetched,
            // One message that the server can't give must not keep the others.
            Err(Trouble::Said(_)) => return Ok(Given::Nothing),
            Err(Trouble::Wire(_)) if self.talk.is_overlong() => return Ok(Given::Overlong),
            Err(trouble) => return Err(trouble.to_string()),
        };
        let Some(bytes) = fetched.body else { return Ok(Given::Nothing) };
        let read = bytes.len() as u64;
        // Of a message that was read to its end the count is sure, whatever the server says.
        let whole = bytes.len() < super::bounce::MESSAGE_MAX;
        let length = if whole { read } else { fetched.size.unwrap_or(read).max(read) };
        Ok(Given::Message(Found { length, bytes }))
    }

    /// Marks a message as seen, after what it says was kept. Within, why the server would not.
    ///
    /// # Errors
    /// When the connection is of no more use, in words.
    pub async fn mark(&mut self, number: u32) -> Result<Result<(), String>, String> {
        match self.talk.mark(number).await {
            Ok(()) => Ok(Ok(())),
            Err(trouble @ Trouble::Said(_)) => Ok(Err(format!("a message could not be marked as seen: {trouble}"))),
            Err(trouble) => Err(trouble.to_string()),
        }
    }

    /// Says good-bye.
    pub async fn close(self) {
        self.talk.logout().await;
    }
}
