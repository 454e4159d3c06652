//! A real mail server, Debian's Postfix on a loopback port, between our letters and readers that others wrote: Python's
//! own parser, and dkimpy. What it sends back is read as a bounce.
//!
//! Postfix drops its rights by itself and so has to be started by root, as in the containers of CI.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use counterfoil::mail::bounce::{self, Reading};
use counterfoil::mail::dkim::Signer;
use counterfoil::mail::{Attachment, Limits, Mailer, Outgoing, Security, SmtpMailer, SmtpSettings, Timeouts, Verdict};
use serde_json::Value;

use crate::chromium::within;
use crate::program::{python, succeeded};

/// Every service that taking, delivering and returning a letter takes; `bouncing` fails after the letter was taken.
const MASTER: &str = "\
127.0.0.1:PORT inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
bouncing unix - n n - - pipe
  user=nobody argv=/bin/sh -c {echo 5.1.1 no such mailbox here; exit 67}
";

const MAIN: &str = "\
compatibility_level = 3.6
queue_directory = HERE/spool
data_directory = HERE/data
maillog_file = HERE/maillog
maillog_file_prefixes = HERE
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.test.example
mydestination =
alias_maps =
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = marlow.example example.com
virtual_mailbox_base = HERE/mail
virtual_mailbox_maps = inline:{{ok@marlow.example = ok/},{gone@marlow.example = gone/},{bounces@example.com = bounces/}}
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_minimum_uid = 100
transport_maps = inline:{{gone@marlow.example = bouncing:}}
";

pub struct Postfix {
    folder: tempfile::TempDir,
    port: u16,
}

impl Postfix {
    /// Starts one with a queue and mailboxes of its own; `None`, and said so, where this user can't.
    pub fn start() -> Option<Self> {
        if !is_root() {
            say("Postfix can be started by root only; its tests were left out.");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path().to_owned();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        // Its parts run as other users.
        fs::set_permissions(&here, fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["etc", "spool", "data", "mail"] {
            fs::create_dir(here.join(name)).unwrap();
        }
        for (owner, name) in [("postfix", "data"), ("nobody", "mail")] {
            succeeded(Command::new("chown").arg(owner).arg(here.join(name)).output().unwrap());
        }
        fs::write(here.join("etc/master.cf"), MASTER.replace("PORT", &port.to_string())).unwrap();
        fs::write(here.join("etc/main.cf"), MAIN.replace("HERE", here.to_str().unwrap())).unwrap();
        let postfix = Self { folder, port };
        postfix.tell("start");
        Some(postfix)
    }

    fn tell(&self, what: &str) {
        let done = Command::new("postfix").arg("-c").arg(self.folder.path().join("etc")).arg(what).output().unwrap();
        assert!(done.status.success(), "postfix {what}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// Where the mailboxes lie, as Maildirs.
    pub fn mail(&self) -> PathBuf {
        self.folder.path().join("mail")
    }

    /// Has a letter sent that comes back, and waits until it did; the letter.
    pub async fn send_back(&self) -> Outgoing {
        within("the port", async || TcpStream::connect(("127.0.0.1", self.port)).ok()).await;
        let (mailer, sent) = (mailer(self.port, None), letter("gone@marlow.example"));
        accepted(&mailer, &sent).await;
        mailer.close_idle().await;
        self.mailbox("bounces", 1).await;
        sent
    }

    /// The messages in a mailbox, once there are `count` of them.
    async fn mailbox(&self, name: &str, count: usize) -> Vec<PathBuf> {
        let new = self.folder.path().join("mail").join(name).join("new");
        within(name, async || {
            let mut found: Vec<PathBuf> = fs::read_dir(&new).into_iter().flatten().map(|e| e.unwrap().path()).collect();
            found.sort();
            (found.len() >= count).then_some(found)
        })
        .await
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let _ = Command::new("postfix").arg("-c").arg(self.folder.path().join("etc")).arg("stop").output();
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    String::from_utf8_lossy(&id.stdout).trim() == "0"
}

fn say(words: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{words}");
}

/// A fresh private key as PEM, made by OpenSSL.
fn key(kind: &[&str]) -> Vec<u8> {
    let made = Command::new("openssl").arg("genpkey").args(kind).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    made.stdout
}

fn letter(to: &str) -> Outgoing {
    Outgoing {
        message_id: "0123456789abcdef0123456789abcdef@example.com".to_owned(),
        from_name: "Müller & Söhne, Kanzlei".to_owned(),
        from_address: "billing@example.com".to_owned(),
        return_path: Some("bounces@example.com".to_owned()),
        reply_to: Some(("Tom Hartmann".to_owned(), "tom@example.com".to_owned())),
        to_name: "Zoë O’Neill".to_owned(),
        to_address: to.to_owned(),
        subject: "Heute fällig: 1.234,56 € für „Pacht der Halle 4“ und noch einiges mehr, das umbrochen werden muss"
            .to_owned(),
        text: format!("Guten Tag,\n\n.\n..punkt\nFrom hier: 1.234,56 €\n\n{}\n", "lang ".repeat(300)),
        html: Some("<!DOCTYPE html><p>Guten Tag, 1.234,56 €</p>".to_owned()),
        thread: Vec::new(),
        in_reply_to: Some("fedcba9876543210fedcba9876543210@example.com".to_owned()),
        auto_submitted: true,
        list_unsubscribe: Some("https://portal.example.com/reminders/stop/AbC-_123".to_owned()),
        attachments: vec![Attachment {
            name: "Rechnung für März.pdf".to_owned(),
            content_type: "application/pdf".to_owned(),
            bytes: (0..=255).cycle().take(5_000).collect(),
        }],
        date: "2026-03-01T09:30:00Z".parse().unwrap(),
    }
}

fn mailer(port: u16, signer: Option<Signer>) -> Mailer {
    let settings = SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        security: Security::PlainLoopback,
        username: None,
        password: None,
        ca_file: None,
        hello_name: "portal.example.com".to_owned(),
        dns: Vec::new(),
        dkim: signer,
        limits: Limits::default(),
        timeouts: Timeouts::default(),
    };
    Mailer::Smtp(Box::new(SmtpMailer::new(settings).unwrap()))
}

async fn accepted(mailer: &Mailer, letter: &Outgoing) {
    let verdict = mailer.send(letter).await;
    assert!(matches!(verdict, Verdict::Accepted { .. }), "{verdict:?}");
}

/// What Python's own parser makes of a message.
fn parsed(file: &Path) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/read_letter.py");
    serde_json::from_str(&succeeded(python().arg(script).arg(file).output().unwrap())).unwrap()
}

fn header<'a>(letter: &'a Value, name: &str) -> &'a str {
    let all = letter["headers"].as_array().unwrap();
    all.iter().find(|h| h[0] == name).unwrap_or_else(|| panic!("no {name} in {letter}"))[1].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_mail_server_takes_our_letters_and_others_read_and_verify_them() {
    let Some(postfix) = Postfix::start() else { return };
    within("the port", async || TcpStream::connect(("127.0.0.1", postfix.port)).ok()).await;
    let kinds: [&[&str]; 2] = [&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], &["-algorithm", "ed25519"]];
    for (n, kind) in kinds.into_iter().enumerate() {
        let signer = Signer::from_pem("example.com", "counterfoil", &key(kind)).unwrap();
        let mailer = mailer(postfix.port, Some(signer.clone()));
        let sent = letter("ok@marlow.example");
        accepted(&mailer, &sent).await;
        mailer.close_idle().await;
        let file = postfix.mailbox("ok", n + 1).await.pop().unwrap();
        let read = parsed(&file);
        assert_eq!(read["defects"], serde_json::json!([]), "{read}");
        assert_eq!(header(&read, "Subject"), sent.subject);
        assert_eq!(header(&read, "Message-ID"), format!("<{}>", sent.message_id));
        let follows = format!("<{}>", sent.in_reply_to.as_ref().unwrap());
        assert_eq!((header(&read, "In-Reply-To"), header(&read, "References")), (&*follows, &*follows));
        assert_eq!(header(&read, "Return-Path"), "<bounces@example.com>");
        assert_eq!(header(&read, "Auto-Submitted"), "auto-generated");
        assert_eq!(header(&read, "List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
        assert_eq!(read["addresses"]["From"], serde_json::json!([[sent.from_name, sent.from_address]]));
        assert_eq!(read["addresses"]["To"], serde_json::json!([[sent.to_name, sent.to_address]]));
        assert_eq!(read["addresses"]["Reply-To"], serde_json::json!([["Tom Hartmann", "tom@example.com"]]));
        let text = read["texts"]["text/plain"].as_str().unwrap().replace("\r\n", "\n");
        assert_eq!(text.trim_end(), sent.text.trim_end(), "dots, long lines and accents");
        assert_eq!(read["texts"]["text/html"].as_str().unwrap().trim_end(), sent.html.as_ref().unwrap());
        assert_eq!(read["attachments"][0]["name"], sent.attachments[0].name);
        verified(&file, &signer);
    }
}

/// That dkimpy finds the signature right, and wrong once a signed header or the body is another.
fn verified(file: &Path, signer: &Signer) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/verify_dkim.py");
    let verdict = |file: &Path| {
        let args = [signer.record_name(), signer.record()];
        succeeded(python().arg(&script).arg(file).args(args).output().unwrap()).trim().to_owned()
    };
    assert_eq!(verdict(file), "right");
    let bytes = fs::read_to_string(file).unwrap();
    for (from, to) in [("One-Click", "Two-Click"), ("application/pdf", "application/odf"), ("punkt", "pumkt")] {
        assert!(bytes.contains(from));
        let other = file.with_extension("other");
        fs::write(&other, bytes.replacen(from, to, 1)).unwrap();
        assert_eq!(verdict(&other), "wrong", "{from}");
        fs::remove_file(other).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_real_mail_server_sends_back_is_read_as_a_bounce() {
    let Some(postfix) = Postfix::start() else { return };
    let sent = postfix.send_back().await;
    let file = postfix.mailbox("bounces", 1).await.pop().unwrap();
    let Reading::Bounced(bounce) = bounce::read(&fs::read(&file).unwrap()) else { panic!("{}", file.display()) };
    assert_eq!(bounce.message_id, sent.message_id);
    assert_eq!(bounce.words, "gone@marlow.example: no such mailbox here");
    // Once more, by what holds them: nothing else came back.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(postfix.mailbox("bounces", 1).await.len(), 1);
}
