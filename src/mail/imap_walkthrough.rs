//! A mailbox opened step by step, each step told as it ends: for `counterfoil mail test`. What to do about a failure is
//! said here and nowhere else.

use super::imap::ImapMailbox;
use super::settings::Security;
use super::walkthrough::Step;

impl ImapMailbox {
    /// Opens the mailbox, counts what nobody has seen and marks nothing; tells each step as it ends. `true` when it can
    /// be read; after a failed step no other follows.
    pub async fn walk_through(&self, tell: &mut dyn FnMut(Step)) -> bool {
        match self.walk(tell).await {
            Ok(()) => true,
            Err(step) => {
                tell(step);
                false
            }
        }
    }

    async fn walk(&self, tell: &mut dyn FnMut(Step)) -> Result<(), Step> {
        let (host, port) = (&self.settings.host, self.settings.port);
        let found = self.reach.addresses().await.map_err(|why| {
            let advice =
                format!("Check imap_host = \"{host}\" in [bounces]; dns = [\"…\"] in [mail] asks other name servers.");
            Step::failed("Name", why, advice)
        })?;
        let list: Vec<String> = found.iter().map(ToString::to_string).collect();
        tell(Step::done("Name", format!("{host} is {}", list.join(", "))));
        let (tcp, peer) = self.reach.dial_any(found).await.map_err(|why| {
            let advice = format!(
                "A firewall may close port {port} on the way out, or the port is another: 993 is usual for \"tls\", 143 for \
                 \"starttls\"."
            );
            Step::failed("Connection", why, advice)
        })?;
        tell(Step::done("Connection", format!("{peer} answers")));
        let (mut talk, how) = self.protected(tcp).await.map_err(|why| self.unprotected(why))?;
        tell(Step::done("Encryption", how));
        self.login(&mut talk).await.map_err(|why| Step::failed("Sign-in", why, LOGIN_ADVICE))?;
        tell(Step::done("Sign-in", format!("accepted as {}", self.settings.username)));
        self.select(&mut talk).await.map_err(|why| Step::failed("Folder", why, FOLDER_ADVICE))?;
        let unseen =
            talk.unseen().await.map_err(|trouble| Step::failed("Folder", trouble.to_string(), FOLDER_ADVICE))?;
        let count = match unseen.len() {
            1 => "one message".to_owned(),
            n => format!("{n} messages"),
        };
        tell(Step::done("Folder", format!("{} can be read; {count} in it not seen yet", self.settings.folder)));
        talk.logout().await;
        Ok(())
    }

    fn unprotected(&self, why: String) -> Step {
        let advice = if why.contains("STARTTLS") || why.contains("PREAUTH") {
            "Where the server speaks TLS from the first byte, write imap_security = \"tls\" and imap_port = 993. Clear text \
             is only for a server on this machine."
                .to_owned()
        } else if why.contains("TLS") {
            format!(
                "The certificate must bear the name \"{}\" and come from a public authority, or from one in ca_file. If \
                 the server begins in clear text (port 143), write imap_security = \"starttls\".",
                self.settings.host
            )
        } else if self.settings.security == Security::Tls {
            "Is this the port of an IMAP server? 993 is usual.".to_owned()
        } else {
            "If nothing was answered, the server may speak TLS from the first byte: imap_security = \"tls\", imap_port = 993."
                .to_owned()
        };
        Step::failed("Encryption", why, advice)
    }
}

const LOGIN_ADVICE: &str = "Check imap_username (often the whole address) and the only line of imap_password_file. With \
                            two factors the provider gives an “app password” for programs; one that takes only OAuth \
                            can forward to a mailbox elsewhere.";

const FOLDER_ADVICE: &str = "Check imap_folder, by the name that the server uses (\"INBOX\", \"INBOX.Bounces\", \
                             \"Bounces\"), and that the account may change messages there.";
