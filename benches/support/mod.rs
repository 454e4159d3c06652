//! What the page benchmark is made of: the real binary as a demo, a load, a bare server to compare with.

pub mod bare;
pub mod latency;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's time")]
pub fn now() -> Instant {
    Instant::now()
}

/// Prints what the figures were measured on.
pub fn describe_machine() {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|l| l.strip_prefix("model name"))
        .map_or("unknown", |l| l.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("{cores} cores of {model}; the load shares them with the server");
}

/// A running demo, signed in as staff and as a client's contact.
pub struct Demo {
    pub name: String,
    pub address: SocketAddr,
    pub certificate: PathBuf,
    pub ready: Duration,
    child: Child,
    staff: String,
    contact: String,
    data: tempfile::TempDir,
}

impl Demo {
    /// Makes the data, stops, starts again on it (which is what is timed), and signs in.
    pub async fn start(invoices: Option<u64>) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let folder = data.path().join("demo");
        let mut args = vec!["--data".to_owned(), folder.display().to_string()];
        if let Some(n) = invoices {
            let clients = (n / 100).clamp(8, 10_000);
            args.extend(["--invoices".to_owned(), n.to_string(), "--clients".to_owned(), clients.to_string()]);
        }
        let (mut first, _, _) = spawn(&args);
        stop(&mut first);
        let (child, line, ready) = spawn(&args[..2]);
        let json: serde_json::Value = serde_json::from_str(&line).expect("the demo speaks JSON");
        let url = json["url"].as_str().expect("a url");
        let address = url.trim_start_matches("https://").parse().expect("an address");
        let certificate = PathBuf::from(json["certificate"].as_str().expect("a certificate"));
        let people = json["people"].as_array().expect("people");
        let who = |staff: bool| {
            let person = people
                .iter()
                .find(|p| p["client"].is_null() == staff && p["role"] != "sees no bills")
                .expect("somebody");
            (
                person["email"].as_str().unwrap_or_default().to_owned(),
                person["password"].as_str().unwrap_or_default().to_owned(),
            )
        };
        let staff = sign_in(url, who(true)).await;
        let contact = sign_in(url, who(false)).await;
        let name = invoices.map_or("the demo firm".to_owned(), |n| format!("{n} invoices"));
        Self { name, address, certificate, ready, child, staff, contact, data }
    }

    /// The pages that are measured: the client's invoice first.
    pub async fn pages(&self) -> Vec<(&'static str, String)> {
        let list = self.fetch("/invoices", &self.contact).await;
        let invoice = first_link(&list, "/invoices/").unwrap_or_else(|| "/invoices".to_owned());
        let clients = self.fetch("/desk/clients", &self.staff).await;
        let client = first_link(&clients, "/desk/clients/").unwrap_or_else(|| "/desk/clients".to_owned());
        vec![
            ("client: invoice", invoice),
            ("client: invoices", "/invoices".to_owned()),
            ("client: home", "/".to_owned()),
            ("desk: invoices", "/desk/invoices".to_owned()),
            ("desk: overdue", "/desk/invoices?state=overdue".to_owned()),
            ("desk: a client", client),
            ("desk: today", "/desk".to_owned()),
            ("desk: receivables", "/desk/receivables".to_owned()),
        ]
    }

    pub fn cookie_for(&self, page: &str) -> String {
        if page.starts_with("client") { self.contact.clone() } else { self.staff.clone() }
    }

    /// A file of the demo's folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.data.path().join("demo").join(name)
    }

    /// The load of one of [`Demo::pages`].
    pub fn load(&self, (name, path): &(&str, String)) -> Load {
        let (address, certificate) = (self.address, self.certificate.clone());
        Load { address, certificate, cookie: self.cookie_for(name), path: path.clone() }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn memory_mb(&self) -> u64 {
        self.of_status_mb("VmRSS:")
    }

    /// The most that was resident since the peak was last reset.
    pub fn peak_mb(&self) -> u64 {
        self.of_status_mb("VmHWM:")
    }

    fn of_status_mb(&self, name: &str) -> u64 {
        status_mb(self.pid(), name)
    }

    /// A page or file of the desk, whose body is still to be read.
    pub async fn get(&self, path: &str) -> reqwest::Response {
        let answer = browser().get(format!("https://{}{path}", self.address)).header("cookie", &self.staff);
        answer.send().await.and_then(reqwest::Response::error_for_status).expect("an answer")
    }

    /// Sends a form of the desk; the status.
    pub async fn post(&self, path: &str, fields: &[(String, String)]) -> u16 {
        let request = browser().post(format!("https://{}{path}", self.address)).header("cookie", &self.staff);
        let answer = request.header("sec-fetch-site", "same-origin").form(fields).send().await.expect("an answer");
        answer.status().as_u16()
    }

    async fn fetch(&self, path: &str, cookie: &str) -> String {
        let load = Load {
            address: self.address,
            certificate: self.certificate.clone(),
            cookie: cookie.to_owned(),
            path: path.to_owned(),
        };
        let mut stream = load.connect().await;
        String::from_utf8_lossy(&load.ask(&mut stream).await).into_owned()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

fn first_link(html: &str, start: &str) -> Option<String> {
    let links = html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    links
        .filter(|l| l.starts_with(start))
        .find(|l| l[start.len()..].starts_with(|c: char| c.is_alphanumeric()) && !l.ends_with("/new"))
        .map(str::to_owned)
}

fn spawn(args: &[String]) -> (Child, String, Duration) {
    let started = now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_counterfoil"))
        .args(["demo", "--listen", "127.0.0.1:0", "--json"])
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the demo starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    (child, line, started.elapsed())
}

/// Asks the process to stop and waits for it.
fn stop(child: &mut Child) {
    let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    let _ = child.wait();
}

/// One that takes the demo's certificate and stays where it was sent.
fn browser() -> reqwest::Client {
    static BROWSER: std::sync::OnceLock<reqwest::Client> = std::sync::OnceLock::new();
    let make = || {
        reqwest::Client::builder()
            .danger_accept_invalid_certs(true)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client")
    };
    BROWSER.get_or_init(make).clone()
}

/// Signs in and gives the session's cookie.
async fn sign_in(url: &str, (email, password): (String, String)) -> String {
    let answer = browser()
        .post(format!("{url}/sign-in/password"))
        .header("sec-fetch-site", "same-origin")
        .form(&[("email", email), ("password", password)])
        .send()
        .await
        .expect("an answer");
    let cookies = answer.headers().get_all("set-cookie").iter().filter_map(|c| c.to_str().ok());
    cookies
        .filter_map(|c| c.split(';').next())
        .find(|c| c.starts_with("__Host-session="))
        .expect("a session")
        .to_owned()
}

/// One page asked for again and again.
#[derive(Clone)]
pub struct Load {
    pub address: SocketAddr,
    pub certificate: PathBuf,
    pub cookie: String,
    pub path: String,
}

/// What a load came to.
pub struct Measured {
    pub per_second: f64,
    pub latency_us: f64,
    pub server_us: f64,
    pub bytes: usize,
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { per_second, latency_us, server_us, bytes } = self;
        write!(
            f,
            "{per_second:>7.0} requests/s, {latency_us:>7.0} µs each, {server_us:>6.0} µs of the server's processor, {bytes} bytes"
        )
    }
}

impl Load {
    pub async fn run(self, connections: usize, span: Duration, server: u32) -> Measured {
        let load = Arc::new(self);
        let mut stream = load.connect().await;
        let bytes = load.ask(&mut stream).await.len();
        let (count, end) = (Arc::new(AtomicU64::new(0)), now() + span);
        let (before, started) = (processor_ticks(server), now());
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..connections {
            let (load, count) = (Arc::clone(&load), Arc::clone(&count));
            tasks.spawn(async move {
                let mut stream = load.connect().await;
                while now() < end {
                    load.ask(&mut stream).await;
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        while tasks.join_next().await.is_some() {}
        let (ticks, took) = (processor_ticks(server) - before, started.elapsed().as_secs_f64());
        let done = count.load(Ordering::Relaxed) as f64;
        Measured {
            per_second: done / took,
            latency_us: took * 1e6 * connections as f64 / done,
            server_us: ticks as f64 * 10_000.0 / done,
            bytes,
        }
    }

    pub async fn connect(&self) -> TlsStream<TcpStream> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&self.certificate).expect("a certificate")).expect("a root");
        let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let tcp = TcpStream::connect(self.address).await.expect("a connection");
        tcp.set_nodelay(true).expect("no delay");
        let name = ServerName::from(self.address.ip());
        TlsConnector::from(Arc::new(config)).connect(name, tcp).await.expect("TLS")
    }

    /// Asks once and reads the whole answer, which must be a page.
    pub async fn ask(&self, stream: &mut TlsStream<TcpStream>) -> Vec<u8> {
        let request =
            format!("GET {} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\r\n", self.path, self.address, self.cookie);
        stream.write_all(request.as_bytes()).await.expect("a request goes out");
        let mut read = Vec::with_capacity(64 * 1024);
        let (head, length) = loop {
            stream.read_buf(&mut read).await.expect("an answer");
            if let Some(at) = read.windows(4).position(|w| w == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&read[..at]).to_ascii_lowercase();
                assert!(head.starts_with("http/1.1 200"), "{}: {}", self.path, head.lines().next().unwrap_or_default());
                let length =
                    head.lines().find_map(|l| l.strip_prefix("content-length: ")).and_then(|l| l.parse::<usize>().ok());
                break (at + 4, length.expect("a length"));
            }
        };
        while read.len() < head + length {
            stream.read_buf(&mut read).await.expect("the rest");
        }
        read.split_off(head)
    }
}

/// Megabytes that the system says a process has, by the name in its status.
pub fn status_mb(pid: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix(name));
    line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// User and system time of a process, in hundredths of a second.
pub fn processor_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after = stat.rsplit_once(')').map_or("", |x| x.1);
    after.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum()
}
