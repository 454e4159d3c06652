//! One letter handed over step by step, each step told as it ends: for `counterfoil mail test`, which is asked when no
//! letter arrives and nobody knows why.
//!
//! Goes the way of every letter, by the same functions, over a connection of its own. What to do about a failure is
//! said here and nowhere else.

use jiff::Timestamp;

use super::dialog::{Dialog, Trouble};
use super::message::{Composed, Outgoing};
use super::settings::Security;
use super::smtp::{SmtpMailer, Unsafe, before_the_dot};

/// The step after the whole letter was sent: where it fails, nobody knows whether the letter was taken.
const ANSWER: &str = "Answer";

/// A step that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was tried, in a word or two.
    pub what: &'static str,
    /// What came of it: what was found or answered, or why it failed.
    pub outcome: Result<String, String>,
    /// What to do about a failure; empty when all is well.
    pub advice: String,
}

impl Step {
    pub(super) fn done(what: &'static str, found: impl Into<String>) -> Self {
        Self { what, outcome: Ok(found.into()), advice: String::new() }
    }

    pub(super) fn failed(what: &'static str, why: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { what, outcome: Err(why.into()), advice: advice.into() }
    }
}

/// What came of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walked {
    /// The server took the letter.
    Taken,
    /// Certainly no letter went.
    NotTaken,
    /// The whole letter was sent and the answer got lost: nobody knows.
    Unknown,
}

/// The letter of a test: `from` is name and address of the sender, `host` the portal's, `id` is unique.
pub fn trial_letter(from: (&str, &str), to: &str, host: &str, id: &str, now: Timestamp) -> Outgoing {
    let domain = from.1.rsplit_once('@').map_or(host, |parts| parts.1);
    Outgoing {
        message_id: format!("test-{id}@{domain}"),
        from_name: from.0.to_owned(),
        from_address: from.1.to_owned(),
        return_path: None,
        reply_to: None,
        to_name: String::new(),
        to_address: to.to_owned(),
        subject: format!("Test letter of the portal at {host}"),
        text: format!(
            "This letter was sent with “counterfoil mail test”. That you read it shows that the portal at {host} can send \
             letters to you.\n\nNothing needs to be done.\n"
        ),
        html: None,
        thread: Vec::new(),
        in_reply_to: None,
        auto_submitted: true,
        list_unsubscribe: None,
        attachments: Vec::new(),
        date: now,
    }
}

impl SmtpMailer {
    /// Hands `letter` over and tells each step as it ends; after a failed step no other follows.
    pub async fn walk_through(&self, letter: &Composed, tell: &mut dyn FnMut(Step)) -> Walked {
        match self.walk(letter, tell).await {
            Ok(()) => Walked::Taken,
            Err(step) => {
                let walked = if step.what == ANSWER { Walked::Unknown } else { Walked::NotTaken };
                tell(step);
                walked
            }
        }
    }

    async fn walk(&self, letter: &Composed, tell: &mut dyn FnMut(Step)) -> Result<(), Step> {
        let (host, port) = (&self.settings.host, self.settings.port);
        let found = self.reach.addresses().await.map_err(|why| {
            let advice = format!("Check host = \"{host}\" in [mail]; dns = [\"…\"] there asks other name servers.");
            Step::failed("Name", why, advice)
        })?;
        let list: Vec<String> = found.iter().map(ToString::to_string).collect();
        tell(Step::done("Name", format!("{host} is {}", list.join(", "))));
        let (tcp, peer) = self.reach.dial_any(found).await.map_err(|why| {
            let advice = format!(
                "A firewall may close port {port} on the way out, as many hosts do, or the port is another: 587 is usual \
                 for \"starttls\", 465 for \"tls\"."
            );
            Step::failed("Connection", why, advice)
        })?;
        tell(Step::done("Connection", format!("{peer} answers")));
        let (mut dialog, how) = self.protected(tcp).await.map_err(|why| self.unprotected(why))?;
        tell(Step::done("Encryption", how));
        tell(Step::done("Offers", offers(&dialog)));
        self.login(&mut dialog).await.map_err(|why| Step::failed("Sign-in", why, login_advice(&dialog)))?;
        tell(Step::done(
            "Sign-in",
            match &self.settings.username {
                Some(user) => format!("accepted as {user}"),
                None => "none: [mail] has no username".to_owned(),
            },
        ));
        let taken = hand_over(&mut dialog, letter, tell).await?;
        tell(Step::done("Letter", format!("taken over: {taken}")));
        dialog.quit().await;
        Ok(())
    }

    fn unprotected(&self, failed: Unsafe) -> Step {
        let Unsafe { what, why } = failed;
        let advice = if what == "Greeting" {
            self.greeting_advice()
        } else if why.contains("STARTTLS") {
            "Where the server speaks TLS from the first byte, write security = \"tls\" and port = 465. Clear text is only \
             for a server on this machine."
                .to_owned()
        } else {
            format!(
                "The certificate must bear the name \"{}\" and come from a public authority, or from one in ca_file. If \
                 the server begins in clear text (port 587), write security = \"starttls\".",
                self.settings.host
            )
        };
        Step::failed(what, why, advice)
    }

    fn greeting_advice(&self) -> String {
        let refused = "A refusal here often means that the server does not know this machine’s address or its greeting (hello_name).";
        match self.settings.security {
            Security::StartTls => format!(
                "If nothing was answered, the server may speak TLS from the first byte: security = \"tls\", port = 465. {refused}"
            ),
            Security::PlainLoopback => format!(
                "If nothing was answered, the server may speak TLS from the first byte, or be no mail server. {refused}"
            ),
            Security::Tls => refused.to_owned(),
        }
    }
}

async fn hand_over(dialog: &mut Dialog, letter: &Composed, tell: &mut dyn FnMut(Step)) -> Result<String, Step> {
    if let Some(limit) = dialog.offers.size.filter(|limit| (letter.mime.len() as u64) > *limit) {
        let why = format!("the server takes {limit} bytes at most");
        return Err(Step::failed("Letter", why, "Its administrator can raise that; PDFs need some 100 kB."));
    }
    before_the_dot(dialog, letter).await.map_err(|(step, trouble)| {
        let what = match step {
            "sender" => "Sender",
            "recipient" => "Recipient",
            _ => "Letter",
        };
        Step::failed(what, trouble.to_string(), letter_advice(what, &trouble, letter))
    })?;
    tell(Step::done("Sender", format!("{} may send", letter.from)));
    tell(Step::done("Recipient", format!("{} is taken", letter.to)));
    dialog
        .hand_over()
        .await
        .map(|reply| reply.to_string())
        .map_err(|trouble| match &trouble {
            Trouble::Said(reply) if matches!(reply.class(), 4 | 5) => {
                Step::failed("Letter", trouble.to_string(), letter_advice("Letter", &trouble, letter))
            }
            _ => Step::failed(
                ANSWER,
                format!("the whole letter was sent, but {trouble}"),
                "The letter may have been taken all the same: see whether it arrives before you try again. Letters of which \
                 nobody knows are called uncertain on the desk, and reminders among them wait for your decision.",
            ),
        })
}

fn offers(dialog: &Dialog) -> String {
    let offers = &dialog.offers;
    let login = match (offers.auth_plain, offers.auth_login) {
        (false, false) => "no sign-in by password",
        _ => "sign-in by password",
    };
    match offers.size {
        Some(size) => format!("{login}, letters up to {} MB", size / 1_000_000),
        None => format!("{login}, letters of any size"),
    }
}

fn login_advice(dialog: &Dialog) -> &'static str {
    if !dialog.offers.auth_plain && !dialog.offers.auth_login {
        return "A server that knows this machine by its address needs no sign-in: leave username and password_file out. \
                Servers that take only OAuth often have “app passwords” for programs.";
    }
    "Check username (often the whole address) and the only line of password_file. With two factors the provider gives an \
     “app password” for programs; the one you sign in with by hand won’t do."
}

fn letter_advice(what: &str, trouble: &Trouble, letter: &Composed) -> String {
    let Trouble::Said(reply) = trouble else {
        return "The connection broke in the middle. Try again; if it stays so, something on the way (a firewall, a mail \
                filter) ends it."
            .to_owned();
    };
    match (what, reply.class(), reply.code) {
        (_, _, 530 | 534 | 535 | 538) => {
            "The server wants a sign-in first: username and password_file in [mail].".to_owned()
        }
        (_, 4, _) => "For now only: the server asks to come back, as with greylisting. Letters are tried again by \
                      themselves; run this once more in ten minutes."
            .to_owned(),
        ("Sender", ..) => {
            format!("This account may not send as {}: from_address in [mail], or its rights.", letter.from)
        }
        ("Recipient", ..) => format!(
            "Check the address {}. If it is right, the server does not relay for this machine: it wants a sign-in, or a \
             sender of its own.",
            letter.to
        ),
        _ => "The server read the letter and refused it, often as spam: its words above say why. SPF and DKIM of the \
              sender’s domain must allow this server."
            .to_owned(),
    }
}
