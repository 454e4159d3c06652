//! Delivery to a mail server: connect, protect, log in, hand the letter over, and judge the answer.
//!
//! Keeps idle connections for a burst of letters; one that ended meanwhile shows that at a letter's first command, and
//! a new one takes its place. Must not try a letter again: the caller decides, by the [`Verdict`].

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::net::TcpStream;

use super::dialog::{Dialog, Trouble};
use super::dkim::Signer;
use super::message::Composed;
use super::pace::Pace;
use super::reach::Reach;
use super::reply::Reply;
use super::settings::{Security, SettingsError, SmtpSettings};
use super::transport::{Still, Verdict};

/// Hands letters to one mail server.
pub struct SmtpMailer {
    pub(super) settings: SmtpSettings,
    pub(super) reach: Reach,
    idle: Mutex<Vec<Connection>>,
    pace: Mutex<Pace>,
    /// Whether the last try to connect failed.
    down: AtomicBool,
}

/// Why a connection is not one on which letters can be spoken of, and at which step.
pub(super) struct Unsafe {
    /// *Greeting* or *Encryption*.
    pub what: &'static str,
    /// In words.
    pub why: String,
}

impl Unsafe {
    fn greeting(why: impl std::fmt::Display) -> Self {
        Self { what: "Greeting", why: why.to_string() }
    }

    fn encryption(why: impl Into<String>) -> Self {
        Self { what: "Encryption", why: why.into() }
    }
}

/// A connection that has signed in and is used by nobody else.
pub(super) struct Connection {
    dialog: Dialog,
    peer: SocketAddr,
    used: Used,
}

/// What a connection was used for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Used {
    /// For no letter yet.
    Fresh,
    /// For letters that were answered to their end: the next one may begin.
    Whole,
    /// For a letter of which the server has only heard a part.
    Broken,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Connection({})", self.peer)
    }
}

impl std::fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SmtpMailer({}:{})", self.settings.host, self.settings.port)
    }
}

impl SmtpMailer {
    /// Checks the settings and reads the file of authorities; connects to nothing.
    pub fn new(settings: SmtpSettings) -> Result<Self, SettingsError> {
        check(&settings)?;
        let at = (settings.host.as_str(), settings.port);
        let reach = Reach::new(at, &settings.dns, settings.ca_file.as_deref(), settings.timeouts.connect)?;
        let pace = Mutex::new(Pace::new(settings.limits.per_minute, settings.limits.connections));
        Ok(Self { settings, reach, idle: Mutex::default(), pace, down: AtomicBool::new(false) })
    }

    /// Connects, logs in and says good-bye: whether letters could leave now, or why not.
    pub async fn probe(&self) -> Result<String, String> {
        let connection = self.connect().await?;
        let server = self.reach.at(connection.peer);
        connection.dialog.quit().await;
        Ok(server)
    }

    /// The letter as it leaves: signed, where there is a key.
    pub fn signed(&self, mut letter: Composed, at: jiff::Timestamp) -> Composed {
        if let Some(signer) = &self.settings.dkim {
            letter.mime = signer.sign(&letter.mime, at);
        }
        letter
    }

    /// What signs letters, if anything does.
    pub fn signer(&self) -> Option<&Signer> {
        self.settings.dkim.as_ref()
    }

    /// Hands one letter over on a connection, as long as it is `still` true.
    pub(super) async fn deliver(&self, connection: Connection, letter: &Composed, still: Still<'_>) -> Verdict {
        let limit = connection.dialog.offers.size;
        if let Some(limit) = limit.filter(|limit| letter.mime.len() as u64 > *limit) {
            let server = self.reach.at(connection.peer);
            self.keep(connection);
            let reason = format!("{server}: the letter is larger than the {limit} bytes that the server takes");
            return Verdict::Refused { reason };
        }
        let (mut connection, sender) = match self.name_sender(connection, letter).await {
            Ok(begun) => begun,
            Err(reason) => return Verdict::Deferred { reason },
        };
        let server = self.reach.at(connection.peer);
        let (verdict, after) = hand_over(&mut connection.dialog, letter, sender, &server, still).await;
        connection.used = after.unwrap_or(Used::Broken);
        if after.is_some() && connection.dialog.letters < self.settings.limits.per_connection {
            self.keep(connection);
        }
        verdict
    }

    /// Says from whom a letter is, which begins it. A connection that was kept may have ended, or end with this answer
    /// (RFC 5321, section 3.8): then a new one is asked, as the server has nothing of this letter.
    async fn name_sender(
        &self,
        mut connection: Connection,
        letter: &Composed,
    ) -> Result<(Connection, Result<Reply, Trouble>), String> {
        let line = format!("MAIL FROM:<{}>", letter.from);
        let mut said = connection.dialog.step(&line, 2).await;
        if connection.used != Used::Fresh && said.as_ref().is_err_and(has_ended) {
            connection = self.connect_anew().await?;
            said = connection.dialog.step(&line, 2).await;
        }
        Ok((connection, said))
    }

    /// Closes the idle connections: call it when a burst is over.
    pub async fn close_idle(&self) {
        while let Some(connection) = self.take() {
            connection.dialog.quit().await;
        }
    }

    /// How fast letters may follow one another.
    pub(super) fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the last try to connect failed.
    pub(super) fn is_down(&self) -> bool {
        self.down.load(Ordering::Relaxed)
    }

    /// A connection on which the next letter can go: an idle one, or a new one.
    pub(super) async fn open(&self) -> Result<Connection, String> {
        while let Some(mut idle) = self.take() {
            if idle.dialog.is_quiet() && (idle.used != Used::Broken || idle.dialog.reset().await) {
                return Ok(idle);
            }
        }
        self.connect_anew().await
    }

    async fn connect_anew(&self) -> Result<Connection, String> {
        let connected = self.connect().await;
        self.down.store(connected.is_err(), Ordering::Relaxed);
        if connected.is_ok() {
            self.pace().reached();
        }
        connected
    }

    async fn connect(&self) -> Result<Connection, String> {
        let (tcp, peer) = self.reach.dial_any(self.reach.addresses().await?).await?;
        let server = self.reach.at(peer);
        let (mut dialog, _) = self.protected(tcp).await.map_err(|x| format!("{server}: {}", x.why))?;
        self.login(&mut dialog).await.map_err(|why| format!("{server}: {why}"))?;
        Ok(Connection { dialog, peer, used: Used::Fresh })
    }

    /// Greets the server, under TLS unless it is this machine and the settings say so; also says how it is protected.
    pub(super) async fn protected(&self, tcp: TcpStream) -> Result<(Dialog, String), Unsafe> {
        let (hello, times) = (self.settings.hello_name.as_str(), self.settings.timeouts);
        let (opened, how) = match self.settings.security {
            Security::PlainLoopback => {
                (Dialog::open(Box::new(tcp), hello, times).await, "none, as it does not leave this machine".to_owned())
            }
            Security::Tls => {
                let (wire, how) = self.reach.handshake(Box::new(tcp)).await.map_err(Unsafe::encryption)?;
                (Dialog::open(wire, hello, times).await, how)
            }
            Security::StartTls => {
                let clear = Dialog::open(Box::new(tcp), hello, times).await.map_err(Unsafe::greeting)?;
                if !clear.offers.starttls {
                    return Err(Unsafe::encryption("the server does not offer STARTTLS, so nothing was sent to it"));
                }
                let wire = clear.starttls().await;
                let wire = wire.map_err(|t| Unsafe::encryption(format!("STARTTLS failed: {t}")))?;
                let (wire, how) = self.reach.handshake(wire).await.map_err(Unsafe::encryption)?;
                (Dialog::resume(wire, hello, times).await, how)
            }
        };
        Ok((opened.map_err(Unsafe::greeting)?, how))
    }

    pub(super) async fn login(&self, dialog: &mut Dialog) -> Result<(), String> {
        let (Some(user), Some(password)) = (&self.settings.username, &self.settings.password) else {
            return Ok(());
        };
        if !dialog.offers.auth_plain && !dialog.offers.auth_login {
            return Err("the server offers no login by password (AUTH PLAIN or LOGIN)".to_owned());
        }
        let tried = dialog.login(user, password).await;
        tried.map_err(|t| format!("the login failed: {t}; check user name and password in the mail settings"))
    }

    fn take(&self) -> Option<Connection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Keeps a connection for the next letter.
    pub(super) fn keep(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.settings.limits.connections as usize {
            idle.push(connection);
        }
    }
}

/// Hands over a letter whose sender was named. The verdict, and how the connection was used, if it can serve another
/// letter.
async fn hand_over(
    dialog: &mut Dialog,
    letter: &Composed,
    sender: Result<Reply, Trouble>,
    server: &str,
    still: Still<'_>,
) -> (Verdict, Option<Used>) {
    let untrue = || Verdict::Deferred {
        reason: format!("{server} took its time, and what the letter says changed meanwhile: it was not handed over"),
    };
    let lost = |(step, trouble): (&str, Trouble)| {
        let usable = can_go_on(&trouble) && step != "letter";
        (still_ours(&trouble, &format!("{server}, {step}")), usable.then_some(Used::Broken))
    };
    if let Err(trouble) = sender {
        return lost(("sender", trouble));
    }
    if let Err(failed) = recipient(dialog, letter).await {
        return lost(failed);
    }
    if !still() {
        return (untrue(), Some(Used::Broken));
    }
    if let Err(failed) = content(dialog, letter).await {
        return lost(failed);
    }
    if !still() {
        // Without its last dot a letter is none; the connection ends with it.
        return (untrue(), None);
    }
    match dialog.hand_over().await {
        Ok(reply) => (Verdict::Accepted { response: reply.to_string(), server: server.to_owned() }, Some(Used::Whole)),
        Err(Trouble::Said(reply)) if matches!(reply.class(), 4 | 5) => {
            let trouble = Trouble::Said(reply);
            let used = can_go_on(&trouble).then_some(Used::Whole);
            (still_ours(&trouble, &format!("{server}, after the letter")), used)
        }
        Err(trouble) => {
            let reason = format!("{server}: the whole letter was sent, but whether it was taken is unknown: {trouble}");
            (Verdict::Uncertain { reason }, None)
        }
    }
}

pub(super) async fn before_the_dot(dialog: &mut Dialog, letter: &Composed) -> Result<(), (&'static str, Trouble)> {
    dialog.step(&format!("MAIL FROM:<{}>", letter.from), 2).await.map_err(|t| ("sender", t))?;
    recipient(dialog, letter).await?;
    content(dialog, letter).await
}

async fn recipient(dialog: &mut Dialog, letter: &Composed) -> Result<(), (&'static str, Trouble)> {
    dialog.step(&format!("RCPT TO:<{}>", letter.to), 2).await.map_err(|t| ("recipient", t))?;
    Ok(())
}

/// The whole letter but for the dot that ends it.
async fn content(dialog: &mut Dialog, letter: &Composed) -> Result<(), (&'static str, Trouble)> {
    dialog.step("DATA", 3).await.map_err(|t| ("data", t))?;
    dialog.body(&letter.mime).await.map_err(|t| ("letter", t))
}

/// The server has not taken the letter: refused for good, or to be tried again.
fn still_ours(trouble: &Trouble, place: &str) -> Verdict {
    let reason = format!("{place}: {trouble}");
    match trouble {
        Trouble::Said(reply) if reply.class() == 5 && !wants_login(reply) => Verdict::Refused { reason },
        _ => Verdict::Deferred { reason },
    }
}

/// These answers speak of our account, not of the letter: it goes out once the settings are right.
fn wants_login(reply: &Reply) -> bool {
    matches!(reply.code, 530 | 534 | 535 | 538)
}

/// Whether a connection ended with this, or before it.
fn has_ended(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Said(reply) => reply.code == 421,
        Trouble::Wire(_) => true,
    }
}

fn can_go_on(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Said(reply) if matches!(reply.class(), 4 | 5) && reply.code != 421)
}

fn check(s: &SmtpSettings) -> Result<(), SettingsError> {
    if s.security == Security::PlainLoopback && !s.is_loopback() {
        return Err(SettingsError::PlainToOutside(s.host.clone()));
    }
    let host_like = |b: u8| b.is_ascii_alphanumeric() || b".-[]:".contains(&b);
    if s.hello_name.is_empty() || !s.hello_name.bytes().all(host_like) {
        return Err(SettingsError::HelloName(s.hello_name.clone()));
    }
    match (&s.username, &s.password) {
        (None, None) => Ok(()),
        (Some(user), Some(password)) if !user.contains('\0') && !password.reveal().contains('\0') => Ok(()),
        _ => Err(SettingsError::Login),
    }
}
