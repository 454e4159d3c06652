//! Documents that other systems made, the whole way through a real server and a real mail server: published from the
//! command line, mailed, followed, downloaded byte for byte; and what the desk says where the mail server does not play
//! along.

use counterfoil::documents::einvoice::of_pdf;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use ring::digest::{SHA256, digest};
use serde_json::Value;

use crate::chromium::within;
use crate::program::{Running, command, python, said};
use crate::visitor::{Visitor, links};

const OWNER: &str = "mary.byrne@example.com";
const PASSWORD: &str = "amber kettle under nine bridges";
/// By its local part the mail server knows what to do with a letter.
const CONTACTS: [(&str, &str); 4] = [
    ("Olive Accepted", "ok@marlow.example"),
    ("Dora Later", "defer@marlow.example"),
    ("Rufus Refused", "refuse@marlow.example"),
    ("Dick Dropped", "drop@marlow.example"),
];
/// How often a scanner fetches a link.
const SCANS: usize = 50;

/// A mail server in Python, its letters in a folder. It ends with its standard input.
struct MailServer {
    _running: Running,
    port: u64,
    folder: PathBuf,
}

impl MailServer {
    fn start(folder: PathBuf) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/aiosmtpd_server.py");
        let mut child = python().arg(script).arg(&folder).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        Self { _running: Running(child), port: ready["port"].as_u64().unwrap(), folder }
    }

    /// The letters that were written so far.
    fn letters(&self) -> Vec<Value> {
        let names = (1..).map(|number| self.folder.join(format!("{number}.json")));
        let texts = names.map_while(|path| std::fs::read(path).ok());
        texts.map(|text| serde_json::from_slice(&text).unwrap()).collect()
    }

    fn letter_to(&self, address: &str, about: &str) -> Option<Value> {
        let fits = |l: &Value| l["to"][0] == address && subject(l).contains(about);
        self.letters().into_iter().find(fits)
    }
}

/// A letter's plain text.
fn plain(letter: &Value) -> &str {
    letter["texts"]["text/plain"].as_str().unwrap()
}

fn subject(letter: &Value) -> &str {
    let headers = letter["headers"].as_array().unwrap();
    headers.iter().find(|header| header[0] == "Subject").unwrap()[1].as_str().unwrap()
}

/// A house that serves, with one client.
struct House {
    _running: Running,
    _folder: tempfile::TempDir,
    config: String,
    url: String,
    path: PathBuf,
    mail: MailServer,
    desk: Visitor,
}

impl House {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mail = MailServer::start(folder.path().join("mail"));
        let data = folder.path().join("house").display().to_string();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("https://127.0.0.1:{port}");
        let owner = ["--owner", OWNER, "--url", &url, "--zone", "Europe/Dublin"];
        let init = said(&[&["init", "--data", &data, "--firm", "Example LLP"], owner.as_slice()].concat());
        let config = format!("{data}/counterfoil.toml");
        let section = format!(
            "\n[mail]\ntransport = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom_address = \"billing@example.com\"\n",
            mail.port
        );
        std::fs::OpenOptions::new().append(true).open(&config).unwrap().write_all(section.as_bytes()).unwrap();
        let (running, line) = Running::with_first_line(&mut command(&["serve", "--config", &config]));
        assert!(line.starts_with("Serving https://127.0.0.1:"), "{line}");
        let desk = Visitor::to(&url);
        let path = folder.path().to_owned();
        let house = Self { _running: running, _folder: folder, config, url, path, mail, desk };
        house.move_in(init.split_whitespace().find(|word| word.contains("/password/")).unwrap()).await;
        house
    }

    /// The owner sets a password, signs in, and adds the client with everybody who gets letters.
    async fn move_in(&self, link: &str) {
        let set = self.desk.post(link, &[("password", PASSWORD)]).await;
        assert!(set.status().is_success(), "{}", set.status());
        self.desk.sign_in(&(OWNER.to_owned(), PASSWORD.to_owned())).await;
        self.form(
            "/desk/clients/new",
            &[("name", "Marlow Ceramics"), ("country", "IE"), ("currency", "EUR"), ("terms", "30")],
        )
        .await;
        for (name, address) in CONTACTS {
            let rights = [("rights", "billing"), ("rights", "letters"), ("projects", "all")];
            let fields = [[("name", name), ("email", address)].as_slice(), &rights].concat();
            self.form("/desk/clients/1/contacts/new", &fields).await;
        }
    }

    /// Sends a form of the desk, with the token of its page and what the page has in it already.
    async fn form(&self, path: &str, fields: &[(&str, &str)]) {
        let page = self.desk.page(path).await;
        let token = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let answer = self.desk.post(path, &[fields, &[("csrf", token)]].concat()).await;
        let (status, page) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status}: {}", errors(&page));
    }

    /// Publishes a PDF that says itself what it is.
    fn publish_as_it_says(&self, file: &Path) {
        let what = ["publish", file.to_str().unwrap(), "--client", "Marlow Ceramics", "--config", &self.config];
        let out = said(&what);
        assert!(out.contains("4 letters"), "{out}");
    }

    fn publish(&self, file: &Path, number: &str) {
        let what = ["publish", file.to_str().unwrap(), "--client", "Marlow Ceramics", "--number", number];
        let money = ["--issued", "2026-03-02", "--due", "2126-04-01", "--amount", "1234.56", "--currency", "EUR"];
        let out = said(&[what.as_slice(), &money, &["--config", &self.config]].concat());
        assert!(out.contains("4 letters"), "{out}");
    }
}

/// The errors that a page names.
fn errors(page: &str) -> &str {
    page.split("class=\"errs\"").nth(1).map_or(page, |rest| &rest[..rest.len().min(600)])
}

/// PDFs that others' systems made; a small one of our own where those are not at hand.
fn samples(own: &Path) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples/pdf");
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(&folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|end| end.eq_ignore_ascii_case("pdf")));
    found.sort();
    if found.is_empty() {
        let mut err = std::io::stderr();
        writeln!(err, "The sample PDFs are not at {}; a small one of our own stands in.", folder.display()).unwrap();
        let path = own.join("own.pdf");
        std::fs::write(&path, format!("%PDF-1.7\n{}startxref\n9\n%%EOF\n", " ".repeat(300))).unwrap();
        found.push(path);
    }
    found
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_of_other_systems_arrive_byte_for_byte() {
    let house = House::open().await;
    let (mut published, mut numbers) = (0, Vec::new());
    for file in &samples(&house.path) {
        let number = match of_pdf(&std::fs::read(file).unwrap()).unwrap() {
            None => {
                let number = format!("RE-2026-{:04}", published + 1);
                house.publish(file, &number);
                number
            }
            // Several samples have one number, and a correction gives back what was never charged here.
            Some(read) if numbers.contains(&read.number) || read.credit || read.totals.payable <= 0 => continue,
            Some(read) => {
                house.publish_as_it_says(file);
                numbers.push(read.number.clone());
                read.number.to_string()
            }
        };
        published += 1;
        let invoice = format!("/desk/invoices/{published}");
        // What staff look at counts as nobody's visit.
        assert_eq!(sha256(&house.desk.file(&format!("{invoice}.pdf")).await), sha256(&std::fs::read(file).unwrap()));
        let letter = within("the letter", async || house.mail.letter_to("ok@marlow.example", &number)).await;
        assert_eq!(letter["defects"], serde_json::json!([]), "{letter}");
        assert_eq!(letter["attachments"], serde_json::json!([]), "the document itself never travels by mail");
        assert!(letter["texts"]["text/html"].as_str().unwrap().contains(&number));
        read_by_the_contact(&house, &letter, &number, file).await;
        the_desk_knows(&house, &invoice).await;
    }
    let ok = house.mail.letters().iter().filter(|l| l["to"][0] == "ok@marlow.example").count();
    assert!(published > 0);
    assert_eq!(ok, published, "a letter that was accepted went twice");
}

/// A scanner fetches the link and spends nothing; then the contact follows it, once.
async fn read_by_the_contact(house: &House, letter: &Value, number: &str, file: &Path) {
    let link = plain(letter).split_whitespace().find(|word| word.contains("/sign-in/link/")).unwrap();
    let scanner = Visitor::to(&house.url);
    for _ in 0..SCANS {
        assert!(!scanner.page(link).await.contains(number));
    }
    let contact = Visitor::to(&house.url);
    let opened = contact.post(link, &[]).await;
    let page = format!("/invoices/{}", number.replace('/', "%2F"));
    assert_eq!((opened.status().as_u16(), opened.url().path()), (200, page.as_str()));
    assert!(opened.text().await.unwrap().contains("The document is the PDF."));
    let pdf = contact.file(&format!("{page}.pdf")).await;
    assert_eq!(sha256(&pdf), sha256(&std::fs::read(file).unwrap()), "{} came back changed", file.display());
}

/// The desk tells of each contact what is known, and no more.
async fn the_desk_knows(house: &House, invoice: &str) {
    let settled = async || {
        let page = house.desk.page(invoice).await;
        (!row(&page, "letters", "drop@").contains("queued")).then_some(page)
    };
    let page = within("the last answer of the mail server", settled).await;
    for (who, words) in [
        ("ok@", vec!["accepted"]),
        ("defer@", vec!["deferred", "451", "Greylisted"]),
        ("refuse@", vec!["failed", "550", "No such mailbox"]),
        // What somebody waits for is tried again; what is not known is said.
        ("drop@", vec!["deferred", "whether it was taken is unknown"]),
    ] {
        let row = row(&page, "letters", who);
        assert!(words.iter().all(|word| row.contains(word)), "{who}: {words:?} in {row}");
    }
    assert_eq!(row(&page, "seen", "ok@").matches("Not yet").count(), 0);
    for (never_handed, missing) in [("defer@", 3), ("refuse@", 3), ("drop@", 3)] {
        assert_eq!(row(&page, "seen", never_handed).matches("Not yet").count(), missing, "{never_handed}");
    }
    let failed = house.desk.page("/desk/letters?state=failed").await;
    assert!(failed.contains("refuse@marlow.example") && !failed.contains("ok@marlow.example"));
    assert!(!links(&failed, "/desk/letters/").is_empty());
}

/// The row of a section's table that names an address.
fn row(page: &str, section: &str, address: &str) -> String {
    let section =
        page.split(&format!("aria-labelledby=\"{section}\"")).nth(1).unwrap().split("</section>").next().unwrap();
    let row = section.split("<tr").find(|row| row.contains(address));
    row.unwrap_or_else(|| panic!("{address} is not in {section}")).to_owned()
}
