//! A real IMAP server, Debian's Dovecot on loopback ports, over the mailbox into which Postfix puts what comes back.
//!
//! Dovecot drops its rights by itself and so has to be started by root, as in the containers of CI.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use counterfoil::mail::bounce::{self, Reading};
use counterfoil::mail::imap::{Given, ImapMailbox, ImapSettings};
use counterfoil::mail::{Password, Security};

use crate::chromium::within;
use crate::mta::Postfix;
use crate::program::succeeded;

const CONFIG: &str = "\
base_dir = HERE/run
state_dir = HERE/state
log_path = HERE/log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <HERE/cert.pem
ssl_key = <HERE/key.pem
mail_location = maildir:MAIL
first_valid_uid = 1
passdb {
  driver = static
  args = password=PASSWORD
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=HERE/home
}
service imap-login {
  inet_listener imap {
    port = CLEAR
  }
  inet_listener imaps {
    port = TLS
    ssl = yes
  }
}
";

const PASSWORD: &str = "amber-kettle-ü";

struct Dovecot {
    folder: tempfile::TempDir,
    clear: u16,
    tls: u16,
}

impl Dovecot {
    /// Starts one over this Maildir.
    async fn start(maildir: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path().to_owned();
        // Its parts run as other users.
        fs::set_permissions(&here, fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["run", "state", "home"] {
            fs::create_dir(here.join(name)).unwrap();
        }
        succeeded(Command::new("chown").arg("nobody:nogroup").arg(here.join("home")).output().unwrap());
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(here.join("cert.pem"), made.cert.pem()).unwrap();
        fs::write(here.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        let port = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let dovecot = Self { folder, clear: port(), tls: port() };
        let config = CONFIG.replace("HERE", here.to_str().unwrap()).replace("MAIL", maildir.to_str().unwrap());
        let config = config.replace("PASSWORD", PASSWORD).replace("CLEAR", &dovecot.clear.to_string());
        fs::write(dovecot.config(), config.replace("TLS", &dovecot.tls.to_string())).unwrap();
        // It stays in the background, and would keep a pipe open for as long as it runs.
        let mut start = Command::new("dovecot");
        start.arg("-c").arg(dovecot.config()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(start.status().unwrap().success(), "dovecot does not start with {CONFIG}");
        within("the port", async || TcpStream::connect(("127.0.0.1", dovecot.clear)).ok()).await;
        dovecot
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("dovecot.conf")
    }

    fn mailbox(&self, security: Security, more: impl FnOnce(&mut ImapSettings)) -> ImapMailbox {
        let (connect_timeout, answer_timeout) = ImapSettings::TIMEOUTS;
        let mut settings = ImapSettings {
            host: "localhost".to_owned(),
            port: if security == Security::Tls { self.tls } else { self.clear },
            security,
            username: "bounces".to_owned(),
            password: Password::new(PASSWORD.to_owned()),
            folder: "INBOX".to_owned(),
            ca_file: Some(self.folder.path().join("cert.pem")),
            dns: Vec::new(),
            connect_timeout,
            answer_timeout,
        };
        more(&mut settings);
        ImapMailbox::new(settings).unwrap()
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        let _ = Command::new("dovecot").arg("-c").arg(self.config()).arg("stop").output();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_real_mail_server_sends_back_is_read_from_a_real_imap_server() {
    let Some(postfix) = Postfix::start() else { return };
    let sent = postfix.send_back().await;
    let dovecot = Dovecot::start(&postfix.mail().join("bounces")).await;
    // Over both ways, the same message; the first leaves it unseen.
    for (security, marks) in [(Security::Tls, false), (Security::StartTls, true)] {
        let mut open = dovecot.mailbox(security, |_| {}).open().await.unwrap();
        let numbers = open.unseen().await.unwrap();
        assert_eq!(numbers.len(), 1, "{security:?}");
        let Given::Message(found) = open.message(numbers[0]).await.unwrap() else { panic!("{security:?}") };
        assert_eq!(found.length, found.bytes.len() as u64);
        let Reading::Bounced(bounce) = bounce::read(&found.bytes) else { panic!("{found:?}") };
        assert_eq!(bounce.message_id, sent.message_id);
        assert_eq!(bounce.words, "gone@marlow.example: no such mailbox here");
        if marks {
            open.mark(numbers[0]).await.unwrap().unwrap();
            assert!(open.unseen().await.unwrap().is_empty());
        }
        assert_eq!(open.message(numbers[0] + 1).await.unwrap(), Given::Nothing, "there is no other");
        open.close().await;
    }
    let mut steps = Vec::new();
    assert!(dovecot.mailbox(Security::Tls, |_| {}).walk_through(&mut |step| steps.push(step)).await, "{steps:?}");
    let refused = |mailbox: ImapMailbox| async move { mailbox.open().await.err().unwrap() };
    let wrong = dovecot.mailbox(Security::Tls, |s| s.password = Password::new("guess".to_owned()));
    assert!(refused(wrong).await.contains("the sign-in failed"));
    let missing = dovecot.mailbox(Security::StartTls, |s| s.folder = "Zurückgekommen".to_owned());
    assert!(refused(missing).await.contains("the folder \"Zurückgekommen\" can't be opened"));
    let clear = dovecot.mailbox(Security::StartTls, |s| s.ca_file = None);
    assert!(refused(clear).await.contains("no trusted TLS connection"));
}
