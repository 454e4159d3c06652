//! The IMAP dialogue over one connection: the eight commands that reading a mailbox takes.
//!
//! Ours rather than a library's because of what must be certain whatever a server says: a counted piece of any claimed
//! length takes no more memory than was asked for, lists within lists no stack, nothing said in clear is read as if it
//! were said under TLS, and a password stays in no buffer. Must not decide what a message means.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::bounce::MESSAGE_MAX;
use super::dialog::Wire;
use super::imap_answer::{Answer, Fetched};
use super::settings::Password;

/// Most bytes of the lines that answer one command: the numbers of 100,000 messages and more.
const LINES_MAX: u64 = 1 << 20;
/// Most bytes of the counted pieces that answer one command: one message, as far as it is read.
const PIECES_MAX: u64 = MESSAGE_MAX as u64;
/// Most bytes of counted pieces that are read and thrown away, where a server gives more of a message than was asked
/// for: as much as most servers take in.
const SPILT_MAX: u64 = 64 << 20;
/// Most answers to one command.
const ANSWERS_MAX: usize = 10_000;

/// Why a step did not succeed.
pub(super) type Trouble = super::reach::Trouble<String>;

/// A connection that has been greeted.
pub(super) struct Conversation {
    wire: BufReader<Box<dyn Wire>>,
    /// The commands so far; each is tagged with its number.
    count: u32,
    /// Longest wait for the whole answer to a command.
    wait: Duration,
    /// Whether more of a message comes just now than was asked for.
    spilling: bool,
    /// Whether the last command was given up for that.
    overlong: bool,
}

impl Conversation {
    /// Reads the greeting.
    pub async fn open(wire: Box<dyn Wire>, wait: Duration) -> Result<Self, Trouble> {
        let mut made = Self::resume(wire, wait);
        let greeting = timeout(wait, made.answer(&mut Room::new())).await.map_err(|_| Trouble::too_long())??;
        match greeting.status() {
            Some((word, _)) if word == "OK" => Ok(made),
            Some((word, _)) if word == "PREAUTH" => {
                Err(Trouble::Wire("the server signs in whoever comes (PREAUTH), so nothing was sent to it".to_owned()))
            }
            Some((_, words)) => Err(Trouble::Said(words)),
            None => Err(Trouble::garbage("a greeting that is not IMAP")),
        }
    }

    /// Goes on over TLS, where the server gives no second greeting.
    pub fn resume(wire: Box<dyn Wire>, wait: Duration) -> Self {
        Self { wire: BufReader::new(wire), count: 0, wait, spilling: false, overlong: false }
    }

    /// Asks for TLS and gives the bare stream back for the handshake. Whatever the server (or someone between) said
    /// after its consent was said in clear, and ends the conversation.
    pub async fn starttls(mut self) -> Result<Box<dyn Wire>, Trouble> {
        self.command("STARTTLS").await?;
        if self.wire.buffer().is_empty() {
            Ok(self.wire.into_inner())
        } else {
            Err(Trouble::Wire("the server went on in clear text after agreeing to TLS".to_owned()))
        }
    }

    /// What the server can do, in capitals.
    pub async fn capabilities(&mut self) -> Result<Vec<String>, Trouble> {
        let (answers, _) = self.command("CAPABILITY").await?;
        Ok(answers.iter().find_map(Answer::capabilities).unwrap_or_default())
    }

    /// Signs in with PLAIN or, where that is not offered, LOGIN. The caller has made sure that nobody listens.
    pub async fn login(&mut self, user: &str, password: &Password) -> Result<(), Trouble> {
        let offers = self.capabilities().await?;
        let has = |what: &str| offers.iter().any(|x| x == what);
        if has("AUTH=PLAIN") {
            let plain = Zeroizing::new(format!("\0{user}\0{}", password.reveal()));
            let secret = Zeroizing::new(STANDARD.encode(plain.as_bytes()));
            let done = self.command_with("AUTHENTICATE PLAIN", Some(&secret)).await;
            return done.map(drop).map_err(|trouble| without(trouble, &[&secret, password.reveal()]));
        }
        if has("LOGINDISABLED") {
            return Err(Trouble::Wire("the server offers no sign-in by password (AUTH=PLAIN or LOGIN)".to_owned()));
        }
        let (Some(user), Some(secret)) = (quoted(user), quoted(password.reveal()).map(Zeroizing::new)) else {
            let why = "the server takes only plain ASCII in user name and password (no AUTH=PLAIN)";
            return Err(Trouble::Wire(why.to_owned()));
        };
        let line = Zeroizing::new(format!("LOGIN {user} {}", *secret));
        self.command(&line).await.map(drop).map_err(|trouble| without(trouble, &[&secret, password.reveal()]))
    }

    /// Whether the last command was given up because more of a message came than was asked for, without an end.
    pub fn is_overlong(&self) -> bool {
        self.overlong
    }

    /// Opens a folder to read it and to mark its messages; under what its numbers hold, where the server tells it.
    pub async fn select(&mut self, folder: &str) -> Result<Option<u32>, Trouble> {
        let name = quoted(&in_utf7(folder)).unwrap_or_default();
        let (answers, words) = self.command(&format!("SELECT {name}")).await?;
        let lasting = answers.iter().find_map(Answer::lasting_flags);
        let keeps_seen = lasting.is_none_or(|flags| flags.iter().any(|flag| flag == "\\SEEN"));
        if words.to_ascii_uppercase().starts_with("[READ-ONLY]") || !keeps_seen {
            return Err(Trouble::Wire("it can only be read, and no message marked as seen".to_owned()));
        }
        Ok(answers.iter().find_map(Answer::validity))
    }

    /// The messages that nobody has seen, the oldest first.
    pub async fn unseen(&mut self) -> Result<Vec<u32>, Trouble> {
        let (answers, _) = self.command("UID SEARCH UNSEEN UNDELETED").await?;
        let mut found: Vec<u32> = answers.iter().filter_map(Answer::search).flatten().collect();
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// A message's length and beginning, leaving it unseen.
    pub async fn fetch(&mut self, uid: u32) -> Result<Fetched, Trouble> {
        let line = format!("UID FETCH {uid} (UID RFC822.SIZE BODY.PEEK[]<0.{MESSAGE_MAX}>)");
        let (answers, _) = self.command(&line).await?;
        let mut parts = answers.iter().filter_map(Answer::fetched).filter(|part| part.uid == Some(uid));
        Ok(parts.find(|part| part.body.is_some()).unwrap_or_default())
    }

    /// Marks a message as seen.
    pub async fn mark(&mut self, uid: u32) -> Result<(), Trouble> {
        self.command(&format!("UID STORE {uid} +FLAGS.SILENT (\\Seen)")).await.map(drop)
    }

    /// Says good-bye; how it is taken does not matter.
    pub async fn logout(mut self) {
        drop(self.command("LOGOUT").await);
    }

    async fn command(&mut self, line: &str) -> Result<(Vec<Answer>, String), Trouble> {
        self.command_with(line, None).await
    }

    /// One command, with what the server asks for in between; what it answered, and its last words.
    async fn command_with(&mut self, line: &str, more: Option<&str>) -> Result<(Vec<Answer>, String), Trouble> {
        if line.contains(['\r', '\n', '\0']) {
            return Err(Trouble::Wire("a command with a line break was not sent".to_owned()));
        }
        self.count = self.count.wrapping_add(1);
        (self.spilling, self.overlong) = (false, false);
        let tag = format!("a{}", self.count);
        let line = Zeroizing::new(format!("{tag} {line}\r\n"));
        let wait = self.wait;
        let spoken = async {
            self.write(line.as_bytes()).await?;
            self.answers(&tag, more).await
        };
        let Ok(spoken) = timeout(wait, spoken).await else {
            self.overlong = self.spilling;
            return Err(Trouble::too_long());
        };
        spoken
    }

    async fn answers(&mut self, tag: &str, mut more: Option<&str>) -> Result<(Vec<Answer>, String), Trouble> {
        let (mut room, mut all, mut bye) = (Room::new(), Vec::new(), None);
        for _ in 0..ANSWERS_MAX {
            let answer = match (self.answer(&mut room).await, bye.take()) {
                // Its reason says more than that the line is cut.
                (Err(_), Some(words)) => return Err(Trouble::Said(words)),
                (read, said) => {
                    bye = said;
                    read?
                }
            };
            if let Some((word, words)) = answer.ends(tag) {
                return if word == "OK" { Ok((all, words)) } else { Err(Trouble::Said(words)) };
            }
            if answer.goes_on() {
                let more = more.take().ok_or_else(|| Trouble::garbage("an answer that waits for more"))?;
                let more = Zeroizing::new(format!("{more}\r\n"));
                self.write(more.as_bytes()).await?;
                continue;
            }
            bye = answer.status().filter(|x| x.0 == "BYE").map(|x| x.1).or(bye);
            all.push(answer);
        }
        Err(Trouble::garbage("too many answers"))
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        let wire = self.wire.get_mut();
        wire.write_all(bytes).await.map_err(|e| Trouble::lost(&e))?;
        wire.flush().await.map_err(|e| Trouble::lost(&e))
    }

    /// One answer: a line, and as long as one ends in a count, that many bytes and another.
    async fn answer(&mut self, room: &mut Room) -> Result<Answer, Trouble> {
        let mut answer = Answer::default();
        loop {
            let before = answer.text.len();
            self.line(&mut answer.text, room).await?;
            // Nothing after a piece: the count before it must not be read once more.
            if !answer.pieces.is_empty() && answer.text.len() == before {
                return Ok(answer);
            }
            let Some(count) = answer.piece_follows() else { return Ok(answer) };
            answer.pieces.push(self.piece(count, room).await?);
        }
    }

    /// A counted piece, as much of it as was asked for: a server may take no notice of how much that is.
    async fn piece(&mut self, count: u64, room: &mut Room) -> Result<Vec<u8>, Trouble> {
        let kept = count.min(room.pieces);
        let spilt = count - kept;
        let Some(left) = room.spilt.checked_sub(spilt) else {
            self.overlong = true;
            return Err(Trouble::garbage("more of a message than was asked for"));
        };
        (room.pieces, room.spilt) = (room.pieces - kept, left);
        self.spilling = spilt > 0;
        let mut piece = vec![0; usize::try_from(kept).map_err(|_| Trouble::closed())?];
        self.wire.read_exact(&mut piece).await.map_err(|e| Trouble::lost(&e))?;
        let gone = tokio::io::copy(&mut (&mut self.wire).take(spilt), &mut tokio::io::sink()).await;
        if gone.map_err(|e| Trouble::lost(&e))? < spilt {
            return Err(Trouble::closed());
        }
        self.spilling = false;
        Ok(piece)
    }

    /// Adds a line, without its end.
    async fn line(&mut self, out: &mut Vec<u8>, room: &mut Room) -> Result<(), Trouble> {
        let read = (&mut self.wire).take(room.lines).read_until(b'\n', out).await.map_err(|e| Trouble::lost(&e))?;
        room.lines = room.lines.saturating_sub(read as u64);
        match out.last() {
            Some(b'\n') if read > 0 => {
                out.pop();
                if out.last() == Some(&b'\r') {
                    out.pop();
                }
                Ok(())
            }
            _ if room.lines == 0 => Err(Trouble::garbage("an overlong answer")),
            _ => Err(Trouble::closed()),
        }
    }
}

/// What may still come in answer to a command, in bytes.
struct Room {
    lines: u64,
    pieces: u64,
    /// Of pieces, what is thrown away.
    spilt: u64,
}

impl Room {
    fn new() -> Self {
        Self { lines: LINES_MAX, pieces: PIECES_MAX, spilt: SPILT_MAX }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(words) if words.is_empty() => f.write_str("the server declined, without a word"),
            Self::Said(words) => write!(f, "the server answered \"{words}\""),
            Self::Wire(why) => f.write_str(why),
        }
    }
}

/// A string in quotes; `None` of what only a counted piece could carry.
fn quoted(text: &str) -> Option<String> {
    let plain = text.bytes().all(|b| b.is_ascii() && !b.is_ascii_control());
    plain.then(|| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// A folder's name as it travels (RFC 3501, 5.1.3): what is not ASCII in a UTF-7 of its own.
fn in_utf7(name: &str) -> String {
    let engine = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);
    let (mut out, mut wide) = (String::new(), Vec::new());
    let flush = |out: &mut String, wide: &mut Vec<u8>| {
        if !wide.is_empty() {
            out.push_str(&format!("&{}-", engine.encode(&*wide)));
            wide.clear();
        }
    };
    for c in name.chars() {
        if (' '..='~').contains(&c) {
            flush(&mut out, &mut wide);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            wide.extend(c.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    flush(&mut out, &mut wide);
    out
}

/// A server that repeats what it was sent must not bring a password before people, nor into a log.
fn without(trouble: Trouble, secrets: &[&str]) -> Trouble {
    match trouble {
        Trouble::Said(words) if secrets.iter().any(|secret| !secret.is_empty() && words.contains(secret)) => {
            Trouble::Said("the sign-in was refused, in words that repeat the password".to_owned())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_folders_travel_as_the_standard_says() {
        assert_eq!(in_utf7("INBOX"), "INBOX");
        assert_eq!(in_utf7("~peter/mail/台北/日本語"), "~peter/mail/&U,BTFw-/&ZeVnLIqe-", "the example of RFC 3501");
        assert_eq!(in_utf7("Mail & more"), "Mail &- more");
        assert_eq!(in_utf7("Zurückgekommen 📬"), "Zur&APw-ckgekommen &2D3c7A-");
        assert_eq!(quoted("a \"b\" \\c").as_deref(), Some("\"a \\\"b\\\" \\\\c\""));
        assert_eq!((quoted("ü"), quoted("a\r\nb")), (None, None));
    }

    #[test]
    fn an_answer_that_repeats_the_password_is_not_passed_on() {
        let said = |words: &str| Trouble::Said(words.to_owned());
        assert_eq!(without(said("no such user"), &["secret"]), said("no such user"));
        let Trouble::Said(told) = without(said("BAD a2 LOGIN ana secret"), &["c2VjcmV0", "secret"]) else { panic!() };
        assert!(!told.contains("secret"), "{told}");
    }
}
