//! The SMTP dialogue over one connection: commands, answers, and the letter itself.
//!
//! Ours rather than a library's because three things must be certain: in which step a connection was lost (before or
//! after the dot that hands a letter over), that nothing said in clear is read as if it were said under TLS, and that
//! an answer of any length cannot fill memory. Must not decide what an answer means for a letter.

use std::fmt;
use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::reply::{Offers, Reply, reply_line};
use super::settings::{Password, Timeouts};

/// Longest line of an answer, in bytes; RFC 5321 allows 512, servers send more.
pub(super) const MAX_REPLY_LINE: u64 = 4096;
/// Most lines of one answer.
pub(super) const MAX_REPLY_LINES: usize = 100;
/// The letter is written in pieces of this many bytes, each with its own wait.
const PIECE_BYTES: usize = 64 << 10;

/// A byte stream in both directions: TCP, or TLS over it.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Why a step did not succeed.
pub(super) type Trouble = super::reach::Trouble<Reply>;

/// A connection that has been greeted.
pub(super) struct Dialog {
    wire: BufReader<Box<dyn Wire>>,
    timeouts: Timeouts,
    pub offers: Offers,
    /// Letters handed over so far.
    pub letters: u32,
}

impl Dialog {
    /// Reads the greeting and says EHLO.
    pub async fn open(wire: Box<dyn Wire>, hello: &str, timeouts: Timeouts) -> Result<Self, Trouble> {
        let mut dialog = Self { wire: BufReader::new(wire), timeouts, offers: Offers::default(), letters: 0 };
        expect(dialog.reply(timeouts.command).await?, 2)?;
        dialog.hello(hello).await?;
        Ok(dialog)
    }

    /// Goes on over TLS, where the server gives no second greeting.
    pub async fn resume(wire: Box<dyn Wire>, hello: &str, timeouts: Timeouts) -> Result<Self, Trouble> {
        let mut dialog = Self { wire: BufReader::new(wire), timeouts, offers: Offers::default(), letters: 0 };
        dialog.hello(hello).await?;
        Ok(dialog)
    }

    /// Asks for TLS and gives the bare stream back for the handshake. Whatever the server (or someone between) said
    /// after its consent was said in clear, and ends the conversation.
    pub async fn starttls(mut self) -> Result<Box<dyn Wire>, Trouble> {
        let reply = self.command("STARTTLS", self.timeouts.command).await?;
        expect(reply, 2)?;
        if self.wire.buffer().is_empty() {
            Ok(self.wire.into_inner())
        } else {
            Err(Trouble::Wire("the server went on in clear text after agreeing to TLS".to_owned()))
        }
    }

    /// Logs in with PLAIN or, where only that is offered, LOGIN. The caller has made sure that nobody listens.
    pub async fn login(&mut self, user: &str, password: &Password) -> Result<(), Trouble> {
        let wait = self.timeouts.command;
        let reply = if self.offers.auth_plain {
            let plain = Zeroizing::new(format!("\0{user}\0{}", password.reveal()));
            let line = Zeroizing::new(format!("AUTH PLAIN {}", STANDARD.encode(plain.as_bytes())));
            self.command(&line, wait).await?
        } else {
            expect(self.command("AUTH LOGIN", wait).await?, 3)?;
            expect(self.command(&STANDARD.encode(user), wait).await?, 3)?;
            let secret = Zeroizing::new(STANDARD.encode(password.reveal()));
            self.command(&secret, wait).await?
        };
        expect(reply, 2).map(drop)
    }

    /// One command whose answer must be of the given class (2 for 2xx, 3 for 3xx).
    pub async fn step(&mut self, line: &str, class: u16) -> Result<Reply, Trouble> {
        expect(self.command(line, self.timeouts.command).await?, class)
    }

    /// Sends all of the letter but the dot that ends it. While this fails the server has no letter.
    pub async fn body(&mut self, mime: &[u8]) -> Result<(), Trouble> {
        for piece in stuffed(mime).chunks(PIECE_BYTES) {
            self.write(piece, self.timeouts.block).await?;
        }
        Ok(())
    }

    /// Sends the final dot and reads the answer. `Trouble::Wire` from here means that nobody knows.
    pub async fn hand_over(&mut self) -> Result<Reply, Trouble> {
        self.letters += 1;
        self.write(b".\r\n", self.timeouts.last).await?;
        expect(self.reply(self.timeouts.last).await?, 2)
    }

    /// Whether nothing is left over from before, as far as was read.
    pub fn is_quiet(&self) -> bool {
        self.wire.buffer().is_empty()
    }

    /// Has the server forget what it heard of a letter; whether it did.
    pub async fn reset(&mut self) -> bool {
        self.command("RSET", self.timeouts.idle).await.is_ok_and(|r| r.class() == 2)
    }

    /// Says good-bye; how it is taken does not matter.
    pub async fn quit(mut self) {
        drop(self.command("QUIT", self.timeouts.idle).await);
    }

    async fn hello(&mut self, hello: &str) -> Result<(), Trouble> {
        let reply = self.step(&format!("EHLO {hello}"), 2).await?;
        self.offers = Offers::read(&reply);
        Ok(())
    }

    async fn command(&mut self, line: &str, wait: Duration) -> Result<Reply, Trouble> {
        if line.contains(['\r', '\n', '\0']) {
            return Err(Trouble::Wire("a command with a line break was not sent".to_owned()));
        }
        let line = Zeroizing::new(format!("{line}\r\n"));
        self.write(line.as_bytes(), wait).await?;
        self.reply(wait).await
    }

    async fn write(&mut self, bytes: &[u8], wait: Duration) -> Result<(), Trouble> {
        let wire = self.wire.get_mut();
        let write = async {
            wire.write_all(bytes).await?;
            wire.flush().await
        };
        timeout(wait, write).await.map_err(|_| Trouble::too_long())?.map_err(|e| Trouble::lost(&e))
    }

    async fn reply(&mut self, wait: Duration) -> Result<Reply, Trouble> {
        timeout(wait, self.read_reply()).await.map_err(|_| Trouble::too_long())?
    }

    async fn read_reply(&mut self) -> Result<Reply, Trouble> {
        let mut reply = Reply { code: 0, lines: Vec::new() };
        while reply.lines.len() < MAX_REPLY_LINES {
            let line = self.read_line().await?;
            let (code, last, text) = reply_line(&line).ok_or_else(|| Trouble::garbage("an answer that is not SMTP"))?;
            if !reply.lines.is_empty() && code != reply.code {
                return Err(Trouble::garbage("an answer with two codes"));
            }
            reply.code = code;
            reply.lines.push(text);
            if last {
                return Ok(reply);
            }
        }
        Err(Trouble::garbage("an answer of too many lines"))
    }

    async fn read_line(&mut self) -> Result<Vec<u8>, Trouble> {
        let mut line = Vec::new();
        let mut bounded = (&mut self.wire).take(MAX_REPLY_LINE);
        bounded.read_until(b'\n', &mut line).await.map_err(|e| Trouble::lost(&e))?;
        match line.last() {
            Some(b'\n') => Ok(line),
            _ if line.len() as u64 >= MAX_REPLY_LINE => Err(Trouble::garbage("an answer with an overlong line")),
            _ => Err(Trouble::closed()),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(reply) => write!(f, "the server answered \"{reply}\""),
            Self::Wire(why) => f.write_str(why),
        }
    }
}

fn expect(reply: Reply, class: u16) -> Result<Reply, Trouble> {
    if reply.class() == class { Ok(reply) } else { Err(Trouble::Said(reply)) }
}

/// Doubles the dot at the start of a line, and ends the last line.
fn stuffed(mime: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(mime.len() + 64);
    for line in mime.split_inclusive(|b| *b == b'\n') {
        if line.first() == Some(&b'.') {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_begins_with_a_dot_keeps_it() {
        assert_eq!(stuffed(b"a\r\n.\r\n..b"), b"a\r\n..\r\n...b\r\n");
        assert_eq!(stuffed(b"a\r\n"), b"a\r\n");
    }
}
