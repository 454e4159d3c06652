//! Requests to an S3-compatible service: signed for a few minutes, repeated with growing pauses while that may help,
//! and read in constant memory. Names are resolved and certificates checked as for mail; no proxy and no redirect is
//! followed. Credentials and signed addresses are never logged and in no error.

use std::io::{self, Read};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::blocking::{Client as Http, Response};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rusty_s3::{Bucket, Credentials, Method, S3Action, UrlStyle};

use super::super::BackupError;
use super::trouble::{ANSWER_MAX, Trouble};
use crate::clock::Clock;
use crate::config::S3Config;
use crate::mail::{resolve, trust};

/// How long a signed request is good for.
const SIGNED_FOR: Duration = Duration::from_secs(900);
/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest wait for an answer, and for each piece of a body.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(600);

/// The namespace of S3's answers.
const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// How often a request is made, and how long the pauses between are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Times in all.
    pub tries: u32,
    /// The first pause; each is twice the one before.
    pub first: Duration,
}

impl Patience {
    /// About a minute and a half.
    pub const USUAL: Self = Self { tries: 9, first: Duration::from_millis(400) };
}

/// What is sent.
pub(super) struct Body<'a>(pub &'a [u8]);

/// What a request is made and signed with.
pub(super) struct Signer<'a> {
    pub bucket: &'a Bucket,
    pub credentials: Option<&'a Credentials>,
    now: jiff::Timestamp,
}

/// A request, signed.
pub(super) struct Signed {
    method: reqwest::Method,
    address: String,
}

/// Makes a request, anew for every try.
pub(super) type Make<'m> = dyn Fn(&Signer<'_>) -> Signed + 'm;

impl Signer<'_> {
    /// Signs what an action asks.
    pub fn sign<'a, A: S3Action<'a>>(&self, action: &A) -> Signed {
        let method = match A::METHOD {
            Method::Head => reqwest::Method::HEAD,
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        Signed { method, address: action.sign_with_time(SIGNED_FOR, &self.now).into() }
    }
}

/// A service, with a bucket and credentials.
#[derive(Clone)]
pub(super) struct Client {
    http: Http,
    bucket: Arc<Bucket>,
    credentials: Arc<Credentials>,
    clock: Clock,
    patience: Patience,
    place: String,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({})", self.place)
    }
}

impl Client {
    pub fn new(config: &S3Config, clock: Clock, patience: Patience) -> Result<Self, BackupError> {
        let place = config.place();
        let wrong = |why: String| BackupError::Far(place.clone(), why);
        let endpoint =
            config.endpoint.origin().parse().map_err(|e| wrong(format!("the endpoint is no address: {e}.")))?;
        let style = if config.path_style { UrlStyle::Path } else { UrlStyle::VirtualHost };
        let bucket = Bucket::new(endpoint, style, config.bucket.clone(), config.region.clone());
        let bucket = bucket.map_err(|e| wrong(format!("endpoint and bucket give no address: {e}. Try path_style.")))?;
        let credentials = credentials(config).map_err(wrong)?;
        let tls = trust::client_config(config.ca_file.as_deref()).map_err(|e| wrong(format!("{e}.")))?;
        let http = Http::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(Names))
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .http1_only()
            .build()
            .map_err(|e| wrong(format!("{}.", e.without_url())))?;
        let (bucket, credentials) = (Arc::new(bucket), Arc::new(credentials));
        Ok(Self { http, bucket, credentials, clock, patience, place })
    }

    fn signer(&self) -> Signer<'_> {
        Signer { bucket: &self.bucket, credentials: Some(&self.credentials), now: self.clock.now() }
    }

    /// The text that names all parts of an object.
    pub fn parts_body<'e>(&'e self, key: &'e str, id: &'e str, etags: impl Iterator<Item = &'e str>) -> String {
        self.bucket.complete_multipart_upload(None, key, id, etags).body()
    }

    /// Where it is, for sentences.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// A trouble in words.
    pub fn about(&self, trouble: Trouble) -> BackupError {
        BackupError::Far(self.place.clone(), trouble.words(self.bucket.name()))
    }

    /// Asks until it is answered or patience ends. `from` is the first byte that is wanted.
    pub fn ask(&self, body: Body<'_>, from: Option<u64>, make: &Make<'_>) -> Result<Response, Trouble> {
        let (mut pause, mut left) = (self.patience.first, self.patience.tries);
        loop {
            left = left.saturating_sub(1);
            match self.ask_once(&body, from, make) {
                Err(trouble) if trouble.may_pass() && left > 0 => {
                    tracing::debug!(?trouble, "a request is made again");
                    std::thread::sleep(pause);
                    pause = pause.saturating_mul(2);
                }
                answered => return answered,
            }
        }
    }

    /// As [`Client::ask`], for a short text.
    pub fn text(&self, max: u64, make: &Make<'_>) -> Result<String, Trouble> {
        let mut left = self.patience.tries;
        loop {
            left = left.saturating_sub(1);
            let text = self.ask(Body(&[]), None, make).and_then(|answer| text(answer, max));
            match text {
                Err(Trouble::Line(_)) if left > 0 => {}
                answered => return answered.map(|text| in_namespace(&text)),
            }
        }
    }

    fn ask_once(&self, body: &Body<'_>, from: Option<u64>, make: &Make<'_>) -> Result<Response, Trouble> {
        let Signed { method, address } = make(&self.signer());
        let has_body = method == reqwest::Method::PUT || method == reqwest::Method::POST;
        let mut request = self.http.request(method, address);
        if has_body {
            request = request.body(body.0.to_vec());
        }
        if let Some(from) = from {
            request = request.header(reqwest::header::RANGE, format!("bytes={from}-"));
        }
        let answer = request.send().map_err(line)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        Err(Trouble::of(status.as_u16(), &text(answer, ANSWER_MAX).unwrap_or_default()))
    }
}

/// The text of an answer.
pub(super) fn text(answer: Response, max: u64) -> Result<String, Trouble> {
    let mut bytes = Vec::new();
    answer.take(max).read_to_end(&mut bytes).map_err(|e| Trouble::Line(e.to_string()))?;
    String::from_utf8(bytes).map_err(|_| Trouble::Strange("it is no text".to_owned()))
}

/// The text with its root element in the namespace of S3's answers: some services give none or an older one, and
/// rusty-s3 reads no other.
pub(super) fn in_namespace(text: &str) -> String {
    let start = text.find("?>").map_or(0, |at| at + 2);
    let Some(tag) = text[start..].find('<').map(|at| start + at) else { return text.to_owned() };
    let Some(end) = text[tag..].find('>').map(|at| tag + at) else { return text.to_owned() };
    let root = &text[tag..end];
    let name = root.split([' ', '/', '\n']).next().unwrap_or(root);
    let closed = if root.ends_with('/') { "/" } else { "" };
    format!("{}{name} xmlns=\"{NAMESPACE}\"{closed}{}", &text[..tag], &text[end..])
}

/// What broke, without the address, which is signed.
fn line(error: reqwest::Error) -> Trouble {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(next) = cause {
        words = next.to_string();
        cause = next.source();
    }
    Trouble::Line(words)
}

/// Key and secret, from the lines of their file or credential.
fn credentials(config: &S3Config) -> Result<Credentials, String> {
    let bytes = config.credentials.read().map_err(|e| e.to_string())?;
    let text = std::str::from_utf8(&bytes).map_err(|_| "the credentials are no text.".to_owned())?;
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    match (lines.next(), lines.next(), lines.next()) {
        (Some(key), Some(secret), None) => Ok(Credentials::new(key, secret)),
        _ => Err("the credentials should be two lines: the access key's identifier, and its secret.".to_owned()),
    }
}

/// An object, read on where it broke off.
pub(super) struct Reading {
    client: Client,
    key: String,
    answer: Response,
    /// Bytes read.
    at: u64,
    /// Bytes in all.
    all: Option<u64>,
}

impl Reading {
    pub fn begin(client: &Client, key: String) -> Result<Self, Trouble> {
        let answer = Self::get(client, &key, None)?;
        let all = answer.content_length();
        Ok(Self { client: client.clone(), key, answer, at: 0, all })
    }

    fn get(client: &Client, key: &str, from: Option<u64>) -> Result<Response, Trouble> {
        client.ask(Body(&[]), from, &|x| x.sign(&x.bucket.get_object(x.credentials, key)))
    }

    fn again(&mut self) -> io::Result<()> {
        let answer = Self::get(&self.client, &self.key, Some(self.at));
        let answer = answer.map_err(|trouble| io::Error::other(self.client.about(trouble)))?;
        if answer.status() != reqwest::StatusCode::PARTIAL_CONTENT {
            return Err(io::Error::other(self.client.about(Trouble::Strange("it begins anew".to_owned()))));
        }
        self.answer = answer;
        Ok(())
    }
}

impl Read for Reading {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut left = self.client.patience.tries;
        loop {
            let got = match self.answer.read(out) {
                Ok(0) if !out.is_empty() && self.all.is_some_and(|all| self.at < all) => None,
                Ok(got) => Some(got),
                Err(_) => None,
            };
            if let Some(got) = got {
                self.at += got as u64;
                return Ok(got);
            }
            left = left.saturating_sub(1);
            if left == 0 {
                let broke = Trouble::Line("the connection broke off again and again".to_owned());
                return Err(io::Error::other(self.client.about(broke)));
            }
            self.again()?;
        }
    }
}

/// Names to addresses, without the C library.
struct Names;

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = resolve::resolve(name.as_str(), &[]).await?;
            let addresses: Vec<SocketAddr> = found.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_into_the_namespace_of_s3() {
        let wanted = format!("<?xml?>\n<A xmlns=\"{NAMESPACE}\"><B/></A>");
        for text in ["<A>", "<A xmlns=\"http://doc.s3.amazonaws.com/2006-03-01/\">", "<A xmlns:x='y'>"] {
            assert_eq!(in_namespace(&format!("<?xml?>\n{text}<B/></A>")), wanted);
        }
        assert_eq!(in_namespace(&wanted), wanted);
        assert_eq!(in_namespace("<A/>"), format!("<A xmlns=\"{NAMESPACE}\"/>"));
        for broken in ["", "no text", "<A", "?>"] {
            assert_eq!(in_namespace(broken), broken);
        }
    }
}
