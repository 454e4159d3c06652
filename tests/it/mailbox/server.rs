//! A mailbox on a mail server that speaks IMAP, follows a script where a test gives it one, and remembers what it
//! heard.

use std::sync::{Arc, Mutex};

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub const USER: &str = "bounces";
pub const PASSWORD: &str = "hunter2 \"secret\" ü";
/// The same as SASL PLAIN carries it.
const PLAIN: &str = "AGJvdW5jZXMAaHVudGVyMiAic2VjcmV0IiDDvA==";

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// What the server does otherwise than a good one.
#[derive(Clone)]
pub struct Script {
    pub greeting: &'static str,
    pub offers: &'static str,
    pub tls: Option<TlsAcceptor>,
    /// TLS from the first byte.
    pub tls_first: bool,
    /// Said in clear in the same breath as the consent to STARTTLS.
    pub injected: &'static str,
    /// The only folder there is.
    pub folder: &'static str,
    /// What a command that begins so is answered with, `TAG` standing for its tag.
    pub says: Vec<(&'static str, String)>,
    /// At a command that begins so nothing is answered any more.
    pub hangs: Option<&'static str>,
    /// At a command that begins so the connection ends.
    pub drops: Option<&'static str>,
    /// So it does after the answer to one that begins so.
    pub cuts: Option<&'static str>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            greeting: "* OK ready",
            offers: "IMAP4rev1 AUTH=PLAIN",
            tls: None,
            tls_first: false,
            injected: "",
            folder: "INBOX",
            says: Vec::new(),
            hangs: None,
            drops: None,
            cuts: None,
        }
    }
}

pub struct Message {
    pub uid: u32,
    pub text: Vec<u8>,
    pub seen: bool,
}

/// A running server.
#[derive(Clone)]
pub struct Server {
    pub port: u16,
    script: Arc<Mutex<Script>>,
    heard: Arc<Mutex<Vec<String>>>,
    messages: Arc<Mutex<Vec<Message>>>,
}

impl Server {
    pub async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let script = Arc::new(Mutex::new(script));
        let server = Self { port, script, heard: Arc::default(), messages: Arc::default() };
        let own = server.clone();
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let server = own.clone();
                tokio::spawn(async move {
                    let script = server.script.lock().unwrap().clone();
                    let wire: Box<dyn Wire> = match &script.tls {
                        Some(tls) if script.tls_first => Box::new(tls.accept(tcp).await.ok()?),
                        _ => Box::new(tcp),
                    };
                    server.serve(wire, script).await
                });
            }
        });
        server
    }

    /// Puts a message there.
    pub fn deliver(&self, text: &str) -> u32 {
        let mut messages = self.messages.lock().unwrap();
        let uid = 100 + messages.len() as u32;
        messages.push(Message { uid, text: text.replace('\n', "\r\n").into_bytes(), seen: false });
        uid
    }

    /// From the next connection on it behaves so.
    pub fn behave(&self, script: Script) {
        *self.script.lock().unwrap() = script;
    }

    /// The commands so far, without their tags.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    pub fn unseen(&self) -> usize {
        self.messages.lock().unwrap().iter().filter(|m| !m.seen).count()
    }

    /// How many messages there are, seen or not.
    pub fn count(&self) -> usize {
        self.messages.lock().unwrap().len()
    }

    async fn serve(&self, wire: Box<dyn Wire>, script: Script) -> Option<()> {
        let mut wire = BufReader::new(wire);
        say(&mut wire, &format!("{}\r\n", script.greeting)).await?;
        loop {
            let line = read(&mut wire).await?;
            let (tag, command) = line.split_once(' ')?;
            self.heard.lock().unwrap().push(command.to_owned());
            if script.drops.is_some_and(|x| command.starts_with(x)) {
                return None;
            }
            if script.hangs.is_some_and(|x| command.starts_with(x)) {
                std::future::pending::<()>().await;
            }
            if let Some((_, answer)) = script.says.iter().find(|x| command.starts_with(x.0)) {
                say(&mut wire, &answer.replace("TAG", tag)).await?;
                if script.cuts.is_some_and(|x| command.starts_with(x)) {
                    return None;
                }
                continue;
            }
            match command {
                "STARTTLS" => {
                    say(&mut wire, &format!("{tag} OK go\r\n{}", script.injected)).await?;
                    let tls = script.tls.as_ref()?.accept(wire.into_inner()).await.ok()?;
                    wire = BufReader::new(Box::new(tls));
                }
                "AUTHENTICATE PLAIN" => {
                    say(&mut wire, "+ \r\n").await?;
                    let right = read(&mut wire).await? == PLAIN;
                    let answer =
                        if right { "OK welcome" } else { "NO [AUTHENTICATIONFAILED] wrong user name or password" };
                    say(&mut wire, &format!("{tag} {answer}\r\n")).await?;
                }
                _ => {
                    let answer = self.answer(&script, command);
                    wire.get_mut().write_all(&answer).await.ok()?;
                    say(&mut wire, &format!("{tag} {}\r\n", self.end(&script, command))).await?;
                }
            }
        }
    }

    /// What comes before the end of a command.
    fn answer(&self, script: &Script, command: &str) -> Vec<u8> {
        let mut messages = self.messages.lock().unwrap();
        let words: Vec<&str> = command.split(' ').collect();
        match words[..] {
            ["CAPABILITY"] => format!("* CAPABILITY {}\r\n", script.offers).into_bytes(),
            ["SELECT", _] => b"* 3 EXISTS\r\n* OK [UidValidity 7] fine\r\n".to_vec(),
            ["UID", "SEARCH", ..] => {
                let unseen = messages.iter().filter(|m| !m.seen).map(|m| format!(" {}", m.uid)).collect::<String>();
                format!("* SEARCH{unseen}\r\n").into_bytes()
            }
            ["UID", "FETCH", uid, ..] => {
                let Some(message) = messages.iter().find(|m| m.uid.to_string() == uid) else { return Vec::new() };
                let limit: usize = command.split_once("<0.").unwrap().1.split_once('>').unwrap().0.parse().unwrap();
                let part = &message.text[..message.text.len().min(limit)];
                let head = format!(
                    "* 9 EXISTS\r\n* 1 FETCH (FLAGS () UID {uid} RFC822.SIZE {} BODY[]<0> {{{}}}\r\n",
                    message.text.len(),
                    part.len()
                );
                [head.as_bytes(), part, b")\r\n"].concat()
            }
            ["UID", "STORE", uid, "+FLAGS.SILENT", "(\\Seen)"] => {
                messages.iter_mut().filter(|m| m.uid.to_string() == uid).for_each(|m| m.seen = true);
                Vec::new()
            }
            ["LOGOUT"] => b"* BYE\r\n".to_vec(),
            _ => Vec::new(),
        }
    }

    fn end(&self, script: &Script, command: &str) -> &'static str {
        let missing = command.strip_prefix("SELECT ").is_some_and(|name| name.trim_matches('"') != script.folder);
        let known = ["CAPABILITY", "SELECT", "UID SEARCH UNSEEN", "UID FETCH", "UID STORE", "LOGOUT", "LOGIN"];
        match missing {
            true => "NO [NONEXISTENT] no such mailbox",
            false if known.iter().any(|x| command.starts_with(x)) => "OK done",
            false => "BAD what?",
        }
    }
}

async fn say(wire: &mut BufReader<Box<dyn Wire>>, text: &str) -> Option<()> {
    wire.get_mut().write_all(text.as_bytes()).await.ok()?;
    wire.get_mut().flush().await.ok()
}

async fn read(wire: &mut BufReader<Box<dyn Wire>>) -> Option<String> {
    let mut line = String::new();
    (wire.read_line(&mut line).await.ok()? > 0).then(|| line.trim_end().to_owned())
}

/// A certificate for 127.0.0.1 signed by itself: the acceptor, and a file that trusts it.
pub fn certificate() -> (TlsAcceptor, tempfile::NamedTempFile) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), made.cert.pem()).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = rustls::ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    (TlsAcceptor::from(Arc::new(config)), file)
}
