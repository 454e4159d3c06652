//! Backups in the bucket of an S3-compatible service that others wrote: whole and incremental, listed, thinned out,
//! restored; and what becomes of them when the service or the line to it fails.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use counterfoil::backup::s3::{Patience, S3Depot};
use counterfoil::backup::{BackupError, Begun, Depot, Sealed};
use counterfoil::clock::Clock;
use counterfoil::config::{S3Config, SecretSource};
use counterfoil::domain::backup::Item;
use counterfoil::domain::ids::Digest;
use counterfoil::secrets::{Entropy, sha256};

use crate::chromium::within;
use crate::program::{Running, command, peers, said, succeeded};

/// Two parts and something.
const LARGE: usize = (16 << 20) + 300_000;
/// Enough for a fault or two, and no longer.
const BRISK: Patience = Patience { tries: 4, first: Duration::from_millis(5) };

/// The service, in a folder of its own. It ends with its standard input.
struct Service {
    _running: Running,
    folder: tempfile::TempDir,
    port: u16,
}

impl Service {
    fn start(tls: Option<(&Path, &Path)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node =
            std::env::var_os("COUNTERFOIL_PEERS_NODE").expect("COUNTERFOIL_PEERS_NODE names node; tests/run sets it");
        let mut server = Command::new(node);
        server
            .env("NODE_PATH", peers().join("node_modules"))
            // Its tokens for the next page of a listing are made with a cipher of yesterday.
            .args(["--openssl-legacy-provider", "tests/peers/s3_server.js"])
            .arg(folder.path());
        if let Some((certificate, key)) = tls {
            server.args([certificate, key]);
        }
        let mut child = server.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Self { port: line.trim().parse().unwrap(), _running: Running(child), folder }
    }
}

/// The access key that the service knows, S3RVER, or another. It knows keys by their identifiers alone, and does not
/// reckon the signature again.
fn key_file(folder: &Path, identifier: &str) -> PathBuf {
    use std::os::unix::fs::OpenOptionsExt;
    let path = folder.join("s3.txt");
    let _ = std::fs::remove_file(&path);
    let mut file = std::fs::File::options().write(true).create_new(true).mode(0o600).open(&path).unwrap();
    write!(file, "# access key\n{identifier}\nS3RVER\n").unwrap();
    path
}

fn config(port: u16, folder: &Path, identifier: &str) -> S3Config {
    S3Config {
        endpoint: format!("http://127.0.0.1:{port}").parse().unwrap(),
        bucket: "backups".to_owned(),
        region: "us-east-1".to_owned(),
        prefix: "house/".to_owned(),
        path_style: true,
        ca_file: None,
        credentials: SecretSource::File(key_file(folder, identifier)),
    }
}

fn depot(config: &S3Config) -> S3Depot {
    S3Depot::patient(config, Clock::system(), BRISK).unwrap()
}

fn item(n: u8) -> Item {
    Item::Piece(Digest([n; 32]))
}

fn large() -> Vec<u8> {
    let mut bytes = vec![0; LARGE];
    Entropy::seeded(1).fill(&mut bytes);
    bytes
}

fn upload(depot: &dyn Depot, item: Item, bytes: &[u8]) -> Result<(), BackupError> {
    let mut begun = depot.begin(item)?;
    for part in bytes.chunks(100_000) {
        begun.write_all(part).map_err(BackupError::from)?;
    }
    begun.keep()
}

#[test]
fn a_bucket_keeps_what_is_put_small_and_large() {
    let (service, own) = (Service::start(None), tempfile::tempdir().unwrap());
    let depot = depot(&config(service.port, own.path(), "S3RVER"));
    assert_eq!(depot.items().unwrap(), []);
    let (large, whole) = (large(), Item::Whole("2026-11-22T03:15:00Z".parse().unwrap()));
    upload(&depot, whole, &large).unwrap();
    upload(&depot, item(1), b"short").unwrap();
    depot.put(item(2), b"put").unwrap();
    assert_eq!(depot.items().unwrap(), [(whole, LARGE as u64), (item(1), 5), (item(2), 3)]);
    assert_eq!(depot.sealed(whole).unwrap(), Some(Sealed::of(&large)));
    assert_eq!(depot.sealed(item(3)).unwrap(), None);
    depot.put(item(2), b"anew").unwrap();
    assert_eq!(depot.whole(item(2), 10).unwrap(), b"anew");
    drop(depot.begin(item(4)).unwrap());
    depot.remove(item(1)).unwrap();
    depot.remove(item(1)).unwrap();
    assert_eq!(depot.items().unwrap(), [(whole, LARGE as u64), (item(2), 4)]);
}

#[test]
fn many_objects_are_listed_page_by_page() {
    let (service, own) = (Service::start(None), tempfile::tempdir().unwrap());
    let depot = depot(&config(service.port, own.path(), "S3RVER"));
    let name = |n: u16| Item::Piece(Digest(sha256(&n.to_be_bytes())));
    (0..1_010).for_each(|n| depot.put(name(n), b"x").unwrap());
    assert_eq!(depot.items().unwrap().len(), 1_010);
}

#[test]
fn what_a_service_refuses_is_told_in_a_sentence() {
    let (service, own) = (Service::start(None), tempfile::tempdir().unwrap());
    let right = config(service.port, own.path(), "S3RVER");
    let missing = S3Config { bucket: "nowhere".to_owned(), ..right.clone() };
    let says = |config: &S3Config| depot(config).items().unwrap_err().to_string();
    let words = says(&missing);
    assert!(words.contains("the bucket \"nowhere\" is not there") && words.contains("127.0.0.1"), "{words}");
    assert!(upload(&depot(&missing), item(1), &large()).unwrap_err().to_string().contains("nowhere"));
    let wrong = config(service.port, own.path(), "another");
    let words = says(&wrong);
    assert!(words.contains("does not accept these credentials"), "{words}");
    assert!(!words.contains("another") && !words.contains("Signature="), "{words}");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert!(says(&config(closed, own.path(), "S3RVER")).contains("can't be reached"));
    let one_line = own.path().join("s3.txt");
    std::fs::write(&one_line, "S3RVER\n").unwrap();
    let refused = S3Depot::new(&right, Clock::system()).unwrap_err().to_string();
    assert!(refused.contains("two lines"), "{refused}");
}

#[test]
fn certificates_are_checked_against_the_file_of_authorities() {
    let own = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (own.path().join("cert.pem"), own.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let service = Service::start(Some((&certificate, &key)));
    let mut config = config(service.port, own.path(), "S3RVER");
    config.endpoint = format!("https://127.0.0.1:{}", service.port).parse().unwrap();
    let refused = depot(&config).items().unwrap_err().to_string();
    assert!(refused.contains("certificate"), "{refused}");
    config.ca_file = Some(certificate);
    assert_eq!(depot(&config).items().unwrap(), []);
}

/// What becomes of a connection.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// This answer, and nothing of it reaches the service.
    Answers(u16, &'static str),
    /// It is cut after so many bytes from the client.
    CutAfter(usize),
    /// It is cut after so many bytes from the service.
    AnswerCutAfter(usize),
    /// None.
    Passes,
}

/// A line to a service, with a fault for each connection whose first line begins with a method; one connection for each
/// request.
struct Line {
    port: u16,
    met: Arc<AtomicUsize>,
}

impl Line {
    fn to(service: u16, method: &'static str, faults: Vec<Fault>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, met) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let (faults, count) = (Arc::new(Mutex::new(faults.into_iter())), Arc::clone(&met));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (faults, count) = (Arc::clone(&faults), Arc::clone(&count));
                std::thread::spawn(move || {
                    let mut client = client.unwrap();
                    let Some(head) = head(&mut client) else { return };
                    let meets = head.starts_with(method.as_bytes());
                    let fault = meets.then(|| faults.lock().unwrap().next()).flatten().unwrap_or(Fault::Passes);
                    count.fetch_add(usize::from(!matches!(fault, Fault::Passes)), Ordering::SeqCst);
                    let _ = pass(client, &head, service, fault);
                });
            }
        });
        Self { port, met }
    }
}

/// The head of a request, told to be the last of its connection.
fn head(client: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    head.truncate(head.len() - 2);
    head.extend(b"connection: close\r\n\r\n");
    Some(head)
}

fn pass(mut client: TcpStream, head: &[u8], service: u16, fault: Fault) -> std::io::Result<()> {
    if let Fault::Answers(status, code) = fault {
        let text = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>");
        let length = text.len();
        write!(client, "HTTP/1.1 {status} No\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}")?;
        // The body is taken, so that the answer is not lost in a reset.
        client.shutdown(std::net::Shutdown::Write)?;
        return std::io::copy(&mut client, &mut std::io::sink()).map(drop);
    }
    let mut server = TcpStream::connect(("127.0.0.1", service))?;
    server.write_all(head)?;
    let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
    let forward = std::thread::spawn(move || match fault {
        Fault::CutAfter(bytes) => {
            let _ = std::io::copy(&mut Read::by_ref(&mut from).take(bytes as u64), &mut to);
            let _ = to.shutdown(std::net::Shutdown::Both);
            let _ = from.shutdown(std::net::Shutdown::Both);
        }
        _ => drop(std::io::copy(&mut from, &mut to)),
    });
    match fault {
        Fault::AnswerCutAfter(bytes) => drop(std::io::copy(&mut server.take(bytes as u64), &mut client)?),
        _ => drop(std::io::copy(&mut server, &mut client)?),
    }
    client.shutdown(std::net::Shutdown::Both)?;
    let _ = forward.join();
    Ok(())
}

/// What becomes of items over a line that fails for a while, or a service that is busy, and is then well again.
fn lost_over_faults(depot_at: &dyn Fn(&S3Config) -> Box<dyn Depot>) -> Vec<String> {
    let (service, own, large) = (Service::start(None), tempfile::tempdir().unwrap(), large());
    let (busy, mut out) = (Fault::Answers(503, "SlowDown"), Vec::new());
    for (n, method, faults) in [
        (1, "PUT", vec![busy, busy, Fault::Passes, Fault::CutAfter(3 << 20), Fault::Passes, busy]),
        (2, "POST", vec![busy, Fault::AnswerCutAfter(40), Fault::Passes, busy]),
        (
            3,
            "GET",
            vec![busy, Fault::AnswerCutAfter(5 << 20), Fault::AnswerCutAfter(400_000), Fault::AnswerCutAfter(10)],
        ),
    ] {
        let count = faults.iter().filter(|fault| !matches!(fault, Fault::Passes)).count();
        let line = Line::to(service.port, method, faults);
        let depot = depot_at(&config(line.port, own.path(), "S3RVER"));
        let came = upload(&*depot, item(n), &large).and_then(|()| depot.sealed(item(n)).map_err(BackupError::from));
        let met = line.met.load(Ordering::SeqCst);
        match came {
            Ok(found) if found == Some(Sealed::of(&large)) && met == count => {}
            Ok(found) => out.push(format!("{method}: {found:?}, {met} of {count} faults were met")),
            Err(error) => out.push(format!("{method}: {error}")),
        }
    }
    out
}

fn boxed(depot: S3Depot) -> Box<dyn Depot> {
    Box::new(depot)
}

#[test]
fn a_line_that_fails_and_a_service_that_is_busy_are_outlasted() {
    let lost = lost_over_faults(&|config| boxed(depot(config)));
    assert!(lost.is_empty(), "{lost:#?}");
}

/// What counts although it did not arrive whole, or is told otherwise than it was.
fn counted_in_vain(depot_at: &dyn Fn(&S3Config) -> Box<dyn Depot>) -> Vec<String> {
    let (service, own, large) = (Service::start(None), tempfile::tempdir().unwrap(), large());
    let (full, mut out) = (Fault::Answers(507, "XMinioStorageFull"), Vec::new());
    for (fault, says, times) in [
        (Fault::Answers(503, "SlowDown"), "SlowDown", BRISK.tries as usize),
        (Fault::CutAfter(1 << 20), "can't be reached", BRISK.tries as usize),
        (full, "no room left (XMinioStorageFull)", 1),
        (Fault::Answers(403, "AccessDenied"), "does not allow it", 1),
    ] {
        // The first part goes well.
        let line = Line::to(service.port, "PUT", [vec![Fault::Passes], vec![fault; 20]].concat());
        let depot = depot_at(&config(line.port, own.path(), "S3RVER"));
        let told = upload(&*depot, item(9), &large).map_or_else(|error| error.to_string(), |()| "kept".to_owned());
        if !told.contains(says) || told.contains("Signature") {
            out.push(format!("{fault:?}: {told}"));
        }
        let (met, there) = (line.met.load(Ordering::SeqCst), depot.items().unwrap());
        if met != times || !there.is_empty() {
            out.push(format!("{fault:?} met {met} times of {times}: {there:?} is there"));
        }
    }
    out
}

#[test]
fn a_service_that_stays_away_or_is_full_ends_it_and_nothing_counts() {
    let counted = counted_in_vain(&|config| boxed(depot(config)));
    assert!(counted.is_empty(), "{counted:#?}");
}

/// What is wrong with a place that is planted.
#[derive(Clone, Copy, Debug)]
enum Defect {
    /// It takes what came before the line was cut for all of it.
    CutIsEnd,
    /// It shows an item before it is whole.
    HalfIsThere,
    /// It takes a refusal for a success.
    RefusalIsKept,
}

/// A place with a defect.
struct Planted(S3Depot, Defect);

impl Depot for Planted {
    fn about(&self, item: Item, error: std::io::Error) -> BackupError {
        self.0.about(item, error)
    }

    fn items(&self) -> Result<Vec<(Item, u64)>, BackupError> {
        self.0.items()
    }

    fn put(&self, item: Item, bytes: &[u8]) -> Result<(), BackupError> {
        self.0.put(item, bytes)
    }

    fn settle(&self) -> Result<(), BackupError> {
        self.0.settle()
    }

    fn open(&self, item: Item) -> std::io::Result<Box<dyn Read + Send + '_>> {
        let file = self.0.open(item)?;
        Ok(if matches!(self.1, Defect::CutIsEnd) { Box::new(file.take(5 << 20)) } else { file })
    }

    fn remove(&self, item: Item) -> Result<(), BackupError> {
        self.0.remove(item)
    }

    fn begin(&self, item: Item) -> Result<Box<dyn Begun>, BackupError> {
        if matches!(self.1, Defect::HalfIsThere) {
            self.0.put(item, b"half")?;
        }
        let begun = self.0.begin(item)?;
        Ok(if matches!(self.1, Defect::RefusalIsKept) { Box::new(Deaf(Some(begun))) } else { begun })
    }
}

/// Hears no refusal.
struct Deaf(Option<Box<dyn Begun>>);

impl Write for Deaf {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.as_mut().is_some_and(|begun| begun.write_all(bytes).is_err()) {
            self.0 = None;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Begun for Deaf {
    fn keep(self: Box<Self>) -> Result<(), BackupError> {
        let _ = self.0.map(Begun::keep);
        Ok(())
    }
}

#[test]
fn the_tests_of_a_failing_service_catch_haste_half_items_and_refusals_that_are_not_heard() {
    let hasty = Patience { tries: 1, ..BRISK };
    assert!(!lost_over_faults(&|x| boxed(S3Depot::patient(x, Clock::system(), hasty).unwrap())).is_empty());
    assert!(!lost_over_faults(&|x| Box::new(Planted(depot(x), Defect::CutIsEnd))).is_empty());
    for defect in [Defect::HalfIsThere, Defect::RefusalIsKept] {
        assert!(!counted_in_vain(&|x| Box::new(Planted(depot(x), defect))).is_empty(), "{defect:?}");
    }
}

/// A house made by `init` whose backups go to the service.
struct House {
    folder: tempfile::TempDir,
    service: Service,
}

impl House {
    fn new(backup: &str) -> Self {
        let house = Self { folder: tempfile::tempdir().unwrap(), service: Service::start(None) };
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("https://127.0.0.1:{port}");
        let who = ["--owner", "mary.byrne@example.com", "--url", &url];
        said(&[&["init", "--data", &house.path("house"), "--firm", "Example LLP"], who.as_slice()].concat());
        let text = std::fs::read_to_string(house.config()).unwrap();
        let bucket = format!(
            "[s3]\nendpoint = \"http://127.0.0.1:{}\"\nbucket = \"backups\"\nprefix = \"house\"\npath_style = true\n\
             credentials_file = \"{}\"\n",
            house.service.port,
            key_file(house.folder.path(), "S3RVER").display()
        );
        std::fs::write(house.config(), format!("{text}\n{bucket}\n{backup}\n")).unwrap();
        house
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn config(&self) -> String {
        self.path("house/counterfoil.toml")
    }

    fn restored(&self, to: &str, more: &[&str]) -> String {
        let identity = self.path("house.backup-identity.txt");
        let (config, data) = (self.config(), self.path(to));
        said(&[&["restore", "--s3", &config, "--data", &data, "--identity", &identity], more].concat())
    }

    fn listed(&self) -> Vec<String> {
        let listed = command(&["backup", "list", "--s3", &self.config()]).output().unwrap();
        String::from_utf8(listed.stdout).unwrap().lines().map(str::to_owned).collect()
    }
}

#[test]
fn a_whole_backup_goes_to_a_bucket_and_comes_back() {
    let house = House::new("");
    let (config, scratch) = (house.config(), house.folder.path().display().to_string());
    let backup = ["backup", "--s3", "--keep-daily", "1", "--config", &config];
    let drill = [&backup, ["--drill", "--scratch", &scratch].as_slice()].concat();
    let mut first = command(&drill);
    let output = first.env("COUNTERFOIL_LOG", "trace").env("RUST_LOG", "trace").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!told.contains("X-Amz-Signature") && !told.contains("S3RVER"), "{told}");
    let said_first = succeeded(output);
    assert!(said_first.contains("Restored on trial") && said_first.contains("counterfoil-"), "{said_first}");
    assert_eq!(house.listed().len(), 1);
    assert!(house.restored("new", &[]).contains("Example LLP is restored"));
    // With a server, whose snapshot the command carries there; the older one of that day goes.
    std::thread::sleep(Duration::from_millis(1_100));
    let (_serving, _) = Running::with_first_line(&mut command(&["serve", "--config", &config]));
    let told = said(&backup);
    assert!(told.contains("no longer kept"), "{told}");
    assert_eq!(house.listed().len(), 1);
    house.restored("newer", &[]);
    // A point beside it, by the command's own hands, and one more that shares its pieces.
    let point = ["backup", "--s3", "--incremental", "--keep-daily", "1", "--config", &config];
    let first = said(&[&point, ["--drill", "--scratch", &scratch].as_slice()].concat());
    assert!(first.contains(".point: ") && first.contains("Restored on trial"), "{first}");
    std::thread::sleep(Duration::from_millis(1_100));
    let told = said(&point);
    assert!(told.contains("no longer kept") && told.contains("pieces that no point needs are removed"), "{told}");
    house.restored("from-point", &[]);
    std::fs::write(house.path("s3.txt"), "WRONG\nS3RVER\n").unwrap();
    let refused = command(&backup).output().unwrap();
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("does not accept these credentials"));
}

#[tokio::test]
async fn a_server_takes_points_in_a_bucket_and_they_are_restored_from_it() {
    let scratch = tempfile::tempdir().unwrap();
    let section = format!("[backup]\ns3 = true\nincremental = true\nscratch = \"{}\"", scratch.path().display());
    let house = House::new(&section);
    let (serving, _) = Running::with_first_line(&mut command(&["serve", "--config", &house.config()]));
    within("a point in the bucket", async || (house.listed().len() == 1).then_some(())).await;
    drop(serving);
    let listed = house.listed();
    let point = listed[0].split_whitespace().next().unwrap();
    assert!(listed[0].ends_with("a point"), "{listed:?}");
    house.restored("newest", &[]);
    house.restored("named", &["--point", point]);
    let pieces = house.service.folder.path().join("backups/house/pieces");
    let piece = std::fs::read_dir(&pieces).unwrap().map(|e| e.unwrap().path());
    let piece = piece.filter(|path| path.to_string_lossy().ends_with("_object")).max().unwrap();
    let mut bytes = std::fs::read(&piece).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&piece, bytes).unwrap();
    let (config, data, identity) = (house.config(), house.path("other"), house.path("house.backup-identity.txt"));
    let refused = command(&["restore", "--s3", &config, "--data", &data, "--identity", &identity]).output().unwrap();
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && words.contains("damaged") && !Path::new(&data).exists(), "{words}");
}
