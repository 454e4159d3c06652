//! Answers of an IMAP server (RFC 3501): their form, and the few that are asked for; whatever else it says is passed
//! over. Knows nothing of the wire.

/// How much of the server's words is kept for people to read, in characters.
const WORDS_MAX: usize = 300;
/// Counted pieces that one answer may have; those that are asked for have one.
const PIECES_MAX: usize = 64;
/// The answers whose end is text for people, in which braces mean nothing.
const STATUSES: [&str; 5] = ["OK", "NO", "BAD", "BYE", "PREAUTH"];
/// Bytes of the longest of them, and what follows.
const STATUS_MAX: usize = 8;

/// One answer: its lines without their ends, and what came as a counted piece after a line that ends in `{n}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub text: Vec<u8>,
    pub pieces: Vec<Vec<u8>>,
}

/// What a server says of one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fetched {
    pub uid: Option<u32>,
    /// Its length in bytes.
    pub size: Option<u64>,
    /// Its beginning.
    pub body: Option<Vec<u8>>,
}

impl Answer {
    /// How many bytes follow as a counted piece, when the answer so far ends in a count.
    pub fn piece_follows(&self) -> Option<u64> {
        let rest = self.text.strip_prefix(b"* ")?;
        // No more than the word that is looked for: this is asked again after each piece.
        let word = rest[..rest.len().min(STATUS_MAX)].split(|b| *b == b' ').next()?;
        let is_status = STATUSES.iter().any(|status| word.eq_ignore_ascii_case(status.as_bytes()));
        if is_status || self.pieces.len() >= PIECES_MAX {
            return None;
        }
        let open = self.text.iter().rposition(|b| *b == b'{')?;
        let digits = self.text[open + 1..].strip_suffix(b"}")?;
        std::str::from_utf8(digits).ok().filter(|x| x.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
    }

    /// Whether the server waits for more of the command.
    pub fn goes_on(&self) -> bool {
        self.text.first() == Some(&b'+')
    }

    /// How the command of this tag ended, and the server's words: `OK`, `NO` or `BAD`.
    pub fn ends(&self, tag: &str) -> Option<(String, String)> {
        status(self.text.strip_prefix(tag.as_bytes())?.strip_prefix(b" ")?)
    }

    /// What a status says that belongs to no command: the greeting, or a good-bye.
    pub fn status(&self) -> Option<(String, String)> {
        status(self.text.strip_prefix(b"* ")?).filter(|x| STATUSES.contains(&x.0.as_str()))
    }

    /// What the server can do.
    pub fn capabilities(&self) -> Option<Vec<String>> {
        self.words("CAPABILITY")
    }

    /// The messages that were found.
    pub fn search(&self) -> Option<Vec<u32>> {
        self.words("SEARCH").map(|words| words.iter().filter_map(|word| word.parse().ok()).collect())
    }

    /// Under which the numbers of a folder's messages hold, where the server tells it.
    pub fn validity(&self) -> Option<u32> {
        let (_, words) = self.status().filter(|x| x.0 == "OK")?;
        words.to_ascii_uppercase().strip_prefix("[UIDVALIDITY ")?.split(']').next()?.trim().parse().ok()
    }

    /// The flags that stay when they are set, where the server tells them.
    pub fn lasting_flags(&self) -> Option<Vec<String>> {
        // Of the whole line: there may be more flags than people read.
        let upper = String::from_utf8_lossy(self.text.strip_prefix(b"* ")?).to_ascii_uppercase();
        let list = upper.strip_prefix("OK [PERMANENTFLAGS (")?.split(')').next()?;
        Some(list.split(' ').map(str::to_owned).collect())
    }

    /// The words of an answer of this name, as capitals.
    fn words(&self, name: &str) -> Option<Vec<String>> {
        let text = String::from_utf8_lossy(self.text.strip_prefix(b"* ")?).to_ascii_uppercase();
        let mut words = text.split_ascii_whitespace();
        (words.next() == Some(name)).then(|| words.map(str::to_owned).collect())
    }

    /// What it says of a message.
    pub fn fetched(&self) -> Option<Fetched> {
        let mut tokens = Tokens { rest: self.text.strip_prefix(b"* ")?, pieces: self.pieces.iter() };
        let number = tokens.next()?.word()?;
        let is_of_message = number.bytes().all(|b| b.is_ascii_digit()) && tokens.next()?.word()? == "FETCH";
        if !is_of_message || tokens.next()? != Token::Open {
            return None;
        }
        let mut out = Fetched::default();
        loop {
            let name = match tokens.next()? {
                Token::Close => return Some(out),
                token => token.word()?,
            };
            match (name.as_str(), tokens.next()?) {
                (_, Token::Open) => tokens.leave_list()?,
                ("UID", value) => out.uid = value.word().and_then(|x| x.parse().ok()),
                ("RFC822.SIZE", value) => out.size = value.word().and_then(|x| x.parse().ok()),
                (name, Token::Text(bytes)) if name.starts_with("BODY[]") => out.body = Some(bytes),
                _ => {}
            }
        }
    }
}

/// A status word in capitals, and what follows in readable form.
fn status(text: &[u8]) -> Option<(String, String)> {
    let text = String::from_utf8_lossy(text);
    let (word, words) = text.split_once(' ').unwrap_or((&text, ""));
    let words = words.chars().map(|c| if c.is_control() { ' ' } else { c });
    let words: String = words.filter(|c| !crate::domain::text::is_deceptive(*c)).take(WORDS_MAX).collect();
    Some((word.to_ascii_uppercase(), words.trim().to_owned()))
}

/// A part of an answer that lists attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    /// In capitals.
    Word(String),
    /// In quotes, or counted.
    Text(Vec<u8>),
}

impl Token {
    fn word(self) -> Option<String> {
        match self {
            Self::Word(word) => Some(word),
            _ => None,
        }
    }
}

struct Tokens<'a> {
    rest: &'a [u8],
    pieces: std::slice::Iter<'a, Vec<u8>>,
}

impl Tokens<'_> {
    /// Passes over the rest of a list that was just opened.
    fn leave_list(&mut self) -> Option<()> {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.next()? {
                Token::Open => depth += 1,
                Token::Close => depth -= 1,
                Token::Word(_) | Token::Text(_) => {}
            }
        }
        Some(())
    }

    fn quoted(&mut self) -> Option<Vec<u8>> {
        let (mut out, mut escaped) = (Vec::new(), false);
        for (at, byte) in self.rest.iter().enumerate() {
            match byte {
                b'"' if !escaped => {
                    self.rest = &self.rest[at + 1..];
                    return Some(out);
                }
                b'\\' if !escaped => escaped = true,
                _ => {
                    escaped = false;
                    out.push(*byte);
                }
            }
        }
        None
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let start = self.rest.iter().position(|b| *b != b' ')?;
        let first = self.rest[start];
        let from = self.rest;
        self.rest = &from[start + 1..];
        match first {
            b'(' => Some(Token::Open),
            b')' => Some(Token::Close),
            b'"' => self.quoted().map(Token::Text),
            b'{' => {
                let end = self.rest.iter().position(|b| *b == b'}')?;
                self.rest = &self.rest[end + 1..];
                self.pieces.next().cloned().map(Token::Text)
            }
            _ => {
                let word = &from[start..];
                let end = word.iter().position(|b| b" ()".contains(b)).unwrap_or(word.len());
                self.rest = &word[end..];
                Some(Token::Word(String::from_utf8_lossy(&word[..end]).to_ascii_uppercase()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(text: &str) -> Answer {
        Answer { text: text.as_bytes().to_vec(), pieces: Vec::new() }
    }

    #[test]
    fn what_was_asked_for_is_read_whatever_stands_beside_it() {
        let mut answer = line("* 12 FETCH (FLAGS (\\Recent (a) \"x)\") UID 77 RFC822.SIZE 1234 BODY[]<0> {5}");
        assert_eq!(answer.piece_follows(), Some(5));
        answer.pieces.push(b"a)\r\n(".to_vec());
        answer.text.extend_from_slice(b" MODSEQ (9))");
        assert_eq!(answer.piece_follows(), None);
        let body = Some(b"a)\r\n(".to_vec());
        assert_eq!(answer.fetched(), Some(Fetched { uid: Some(77), size: Some(1234), body }));
        let quoted = line("* 1 fetch (body[] \"say \\\"hi\\\"\" uid 3)").fetched().unwrap();
        assert_eq!((quoted.body.as_deref(), quoted.uid), (Some(&b"say \"hi\""[..]), Some(3)));
        assert_eq!(line("* 1 FETCH (UID 3 BODY[]<0> NIL)").fetched().unwrap().body, None);
        for other in ["* 1 EXISTS", "* 1 FETCH (UID 3", "* x FETCH (UID 3)", "* 1 FETCH UID", "a1 OK done", "* "] {
            assert_eq!(line(other).fetched(), None, "{other}");
        }
        assert_eq!(line("* SEARCH 4 2 99999999999 x").search(), Some(vec![4, 2]));
        assert_eq!(line("* SEARCH").search(), Some(vec![]));
        assert_eq!(line("* Capability IMAP4rev1 auth=PLAIN").capabilities().unwrap(), ["IMAP4REV1", "AUTH=PLAIN"]);
        let flags = line("* OK [PERMANENTFLAGS (\\Answered \\Seen \\*)] Limited").lasting_flags().unwrap();
        assert!(flags.contains(&"\\SEEN".to_owned()));
        assert_eq!(line("* OK [UIDVALIDITY 3857529045] UIDs valid").validity(), Some(3_857_529_045));
        for none in ["* OK [UIDNEXT 4]", "* OK [UIDVALIDITY x]", "* NO [UIDVALIDITY 7]", "a1 OK [UIDVALIDITY 7]"] {
            assert_eq!(line(none).validity(), None, "{none}");
        }
    }

    #[test]
    fn a_status_is_told_from_data_and_its_braces_count_nothing() {
        assert_eq!(line("* OK take {999999999}").piece_follows(), None);
        assert_eq!(line("* LIST () \"/\" {3}").piece_follows(), Some(3));
        for none in ["* 1 FETCH {}", "* 1 FETCH {-1}", "* 1 FETCH {+3}", "* 1 FETCH {99999999999999999999}", "a1 {3}"] {
            assert_eq!(line(none).piece_follows(), None, "{none}");
        }
        assert_eq!(
            line("a7 NO [AUTH] wrong\u{202e}\u{7} word").ends("a7"),
            Some(("NO".into(), "[AUTH] wrong  word".into()))
        );
        assert_eq!(line("a70 OK").ends("a7"), None);
        assert_eq!(line("* BYE soon").status(), Some(("BYE".into(), "soon".into())));
        assert_eq!(line("* 3 EXISTS").status(), None);
        assert!(line("+ go").goes_on() && line("+").goes_on());
    }

    proptest! {
        #[test]
        fn nothing_a_server_says_breaks_the_reader(
            text in proptest::collection::vec(any::<u8>(), 0..200), fetch in any::<bool>()
        ) {
            let text = if fetch { [&b"* 1 FETCH ("[..], &text].concat() } else { text };
            let answer = Answer { text, pieces: vec![b"x".to_vec()] };
            let _ = (answer.piece_follows(), answer.fetched(), answer.search(), answer.lasting_flags());
            let _ = (answer.status(), answer.ends("a1"), answer.capabilities(), answer.goes_on());
        }
    }
}
