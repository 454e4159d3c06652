//! A mail server for tests that follows a script and remembers what it heard.

use std::sync::{Arc, Mutex};

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::dialog::Wire;

pub(super) const USER: &str = "office";
pub(super) const PASSWORD: &str = "hunter2-secret";
const LOGIN_USER: &str = "b2ZmaWNl";
const LOGIN_PASSWORD: &str = "aHVudGVyMi1zZWNyZXQ=";

/// What the server does at a point of the dialogue.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Say(String),
    Drop,
    Hang,
}

pub(super) fn say(text: &str) -> Act {
    Act::Say(format!("{text}\r\n"))
}

#[derive(Clone)]
pub(super) struct Script {
    pub greeting: Act,
    pub ehlo: Act,
    pub auth: Act,
    pub mail: Act,
    /// In place of `mail`, once a connection has taken a letter.
    pub again: Option<Act>,
    pub rcpt: Act,
    pub data: Act,
    pub letter: Act,
    pub rset: Act,
    /// Said in clear in the same breath as the consent to STARTTLS.
    pub injected: &'static str,
    pub tls: Option<TlsAcceptor>,
    pub tls_first: bool,
    /// Closes in the middle of the letter.
    pub drop_in_letter: bool,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            greeting: say("220 scripted.example ESMTP"),
            ehlo: say("250-scripted.example\r\n250-AUTH PLAIN LOGIN\r\n250 SIZE 1000000"),
            auth: say("235 welcome"),
            mail: say("250 ok"),
            again: None,
            rcpt: say("250 ok"),
            data: say("354 go on"),
            letter: say("250 taken as 42"),
            rset: say("250 ok"),
            injected: "",
            tls: None,
            tls_first: false,
            drop_in_letter: false,
        }
    }
}

/// A running server: its port and everything it heard, line by line.
pub(super) struct Server {
    pub port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = heard.clone();
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let (script, heard) = (script.clone(), kept.clone());
                heard.lock().unwrap().push("<connect>".to_owned());
                tokio::spawn(async move {
                    let wire: Box<dyn Wire> = match &script.tls {
                        Some(tls) if script.tls_first => match tls.accept(tcp).await {
                            Ok(tls) => Box::new(tls),
                            Err(_) => return,
                        },
                        _ => Box::new(tcp),
                    };
                    serve(wire, script, heard).await;
                });
            }
        });
        Self { port, heard }
    }

    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    pub fn count(&self, start: &str) -> usize {
        self.heard().iter().filter(|l| l.starts_with(start)).count()
    }
}

async fn act(wire: &mut BufReader<Box<dyn Wire>>, act: &Act) -> Option<()> {
    match act {
        Act::Say(text) => wire.write_all(text.as_bytes()).await.ok()?,
        Act::Drop => return None,
        Act::Hang => std::future::pending::<()>().await,
    }
    wire.flush().await.ok()
}

async fn serve(wire: Box<dyn Wire>, script: Script, heard: Arc<Mutex<Vec<String>>>) -> Option<()> {
    let mut wire = BufReader::new(wire);
    let (mut line, mut taken) = (String::new(), false);
    act(&mut wire, &script.greeting).await?;
    loop {
        line.clear();
        if wire.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        heard.lock().unwrap().push(line.trim_end().to_owned());
        let verb = line.split([' ', '\r']).next().unwrap().to_owned();
        match verb.as_str() {
            "EHLO" => act(&mut wire, &script.ehlo).await?,
            "STARTTLS" => {
                act(&mut wire, &Act::Say(format!("220 go\r\n{}", script.injected))).await?;
                wire = BufReader::new(Box::new(script.tls.as_ref()?.accept(wire.into_inner()).await.ok()?));
            }
            // A login by LOGIN: user name and password come as lines of their own.
            LOGIN_USER => act(&mut wire, &say("334 UGFzc3dvcmQ6")).await?,
            LOGIN_PASSWORD => act(&mut wire, &say("235 welcome")).await?,
            "AUTH" => act(&mut wire, &script.auth).await?,
            "MAIL" => act(&mut wire, script.again.as_ref().filter(|_| taken).unwrap_or(&script.mail)).await?,
            "RCPT" => act(&mut wire, &script.rcpt).await?,
            "DATA" => {
                act(&mut wire, &script.data).await?;
                if script.data_goes_on() {
                    read_letter(&mut wire, &script, &heard).await?;
                    act(&mut wire, &script.letter).await?;
                    taken = true;
                }
            }
            "RSET" => act(&mut wire, &script.rset).await?,
            "QUIT" => return act(&mut wire, &say("221 bye")).await,
            _ => act(&mut wire, &say("500 what?")).await?,
        }
    }
}

async fn read_letter(wire: &mut BufReader<Box<dyn Wire>>, script: &Script, heard: &Mutex<Vec<String>>) -> Option<()> {
    let mut line = String::new();
    while line != ".\r\n" {
        line.clear();
        if wire.read_line(&mut line).await.ok()? == 0 {
            heard.lock().unwrap().push("<lost in letter>".to_owned());
            return None;
        }
        if script.drop_in_letter {
            return None;
        }
    }
    heard.lock().unwrap().push("<letter>".to_owned());
    Some(())
}

impl Script {
    fn data_goes_on(&self) -> bool {
        matches!(&self.data, Act::Say(text) if text.starts_with("354"))
    }
}

/// A certificate for `name` signed by itself: the acceptor, and a file that trusts it.
pub(super) fn certificate(name: &str) -> (TlsAcceptor, tempfile::NamedTempFile) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), made.cert.pem()).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = rustls::ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    (TlsAcceptor::from(Arc::new(config)), file)
}
