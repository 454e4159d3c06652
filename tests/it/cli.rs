//! The real binary: a house is made, served, backed up while it serves, lost, and restored.

mod export;
mod files;
mod import;

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use counterfoil::actions::{clients, credit_terms, people};
use counterfoil::cli::house as cli_house;
use counterfoil::clock::Clock;
use counterfoil::config::Config;
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::event::{Actor, By, Event};
use counterfoil::domain::ids::{ClientId, StaffId};
use counterfoil::domain::letter::LetterState;
use counterfoil::domain::money::{Currency, Money};
use counterfoil::secrets::Entropy;
use counterfoil::store::prelude::*;

use crate::house;

mod demo;
mod faults;
mod kills;
mod mail;
mod passphrases;
mod points;
mod reminders;

const OWNER: &str = "mary.byrne@example.com";

/// A folder with a house made by `init`.
struct Made {
    folder: tempfile::TempDir,
    port: u16,
}

impl Made {
    fn new() -> Self {
        let made = Self { folder: tempfile::tempdir().unwrap(), port: free_port() };
        said(&made.init("house"));
        made
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn init(&self, name: &str) -> Output {
        let (data, url) = (self.text(name), format!("https://127.0.0.1:{}", self.port));
        let owner = ["--owner", OWNER, "--url", &url, "--zone", "Europe/Dublin"];
        run(&[&["init", "--data", &data, "--firm", "Example LLP"], owner.as_slice()].concat())
    }

    fn config(&self, name: &str) -> String {
        self.text(&format!("{name}/counterfoil.toml"))
    }

    fn on(&self, house: &str, args: &[&str]) -> Output {
        run(&[args, &["--config", &self.config(house)]].concat())
    }

    fn backup(&self, name: &str) -> PathBuf {
        said(&self.on("house", &["backup", "--to", &self.text(name)]));
        self.path(name)
    }

    fn restore(&self, from: &str, to: &str) -> Output {
        let identity = self.text("house.backup-identity.txt");
        run(&["restore", "--from", &self.text(from), "--data", &self.text(to), "--identity", &identity])
    }

    /// The store of a house that nobody serves.
    fn store(&self, house: &str) -> Store {
        let config = Config::load(Path::new(&self.config(house))).unwrap();
        cli_house::open_store(&config, &Entropy::system()).unwrap()
    }

    /// A client with a contact who gets letters.
    fn add_client(&self, name: &str) {
        self.add_client_to("house", name);
    }

    fn add_client_to(&self, of: &str, name: &str) {
        let store = self.store(of);
        let name = name.to_owned();
        let address = format!("{}@client.example", name.to_lowercase().replace(' ', "."));
        store
            .write_blocking(By::command_line(), Clock::system().now(), move |w| {
                let scope = StaffScope::all();
                let id = clients::add(w, &scope, &house::new_client(&name))?.value();
                people::add_contact(
                    w,
                    &scope,
                    id,
                    &house::new_contact("Ana", &address, house::rights(true, true, true)),
                )
            })
            .unwrap();
        store.close();
    }

    fn publish(&self, client: &str, number: &str) -> Output {
        let pdf = self.path("document.pdf");
        std::fs::write(&pdf, house::pdf(number)).unwrap();
        let dates = ["--issued", "2026-03-02", "--due", "2026-04-01", "--amount", "1234.56"];
        let what = ["publish", pdf.to_str().unwrap(), "--client", client, "--number", number];
        self.on("house", &[what.as_slice(), &dates].concat())
    }
}

/// A server that ends with the test.
struct Serving(Child);

impl Serving {
    fn of(made: &Made, house: &str) -> Self {
        Self::started(command(&["serve", "--config", &made.config(house)]).stderr(Stdio::null()))
    }

    fn started(serve: &mut Command) -> Self {
        let mut child = serve.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("Serving https://127.0.0.1:"), "{line:?}");
        Self(child)
    }

    /// Waits until it has ended by itself; how, and what it logged.
    fn ended(mut self) -> (std::process::ExitStatus, String) {
        let mut log = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.0.wait().unwrap(), log)
    }

    fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_counterfoil"));
    command.args(args).env_remove("COUNTERFOIL_CONFIG").env_remove("TZ").stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Output {
    command(args).output().unwrap()
}

/// What a command that must succeed said.
fn said(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The sentence of a command that must refuse.
fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_house_is_made_whole_and_private() {
    use std::os::unix::fs::PermissionsExt;
    let made = Made::new();
    let mode = |name: &str| made.path(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("house"), 0o700);
    assert_eq!(names(&made.path("house")), ["counterfoil.toml", "firm.counterfoil"]);
    for secret in ["house.key", "house.backup-identity.txt", "house/firm.counterfoil", "house/counterfoil.toml"] {
        assert_eq!(mode(secret), 0o600, "{secret}");
    }
    let mut bytes = Vec::new();
    std::fs::File::open(made.path("house/firm.counterfoil")).unwrap().read_to_end(&mut bytes).unwrap();
    for plain in ["Example LLP", OWNER] {
        assert!(bytes.windows(plain.len()).all(|w| w != plain.as_bytes()), "{plain} is readable in the data file");
    }
}

#[test]
fn init_touches_nothing_that_is_there() {
    let made = Made::new();
    let before = std::fs::read(made.path("house/firm.counterfoil")).unwrap();
    assert!(refused(&made.init("house")).contains("is there already, and nothing was touched"));
    assert_eq!(std::fs::read(made.path("house/firm.counterfoil")).unwrap(), before);
    std::fs::write(made.path("other.key"), "mine").unwrap();
    refused(&made.init("other"));
    assert!(!made.path("other").exists());
    assert_eq!(std::fs::read(made.path("other.key")).unwrap(), b"mine");
}

#[test]
fn init_says_what_to_keep_and_gives_one_link_for_the_owner() {
    let made = Made { folder: tempfile::tempdir().unwrap(), port: 8443 };
    let said = said(&made.init("house"));
    for part in ["house.key", "house.backup-identity.txt", "Lost:", "serve --config"] {
        assert!(said.contains(part), "{part}");
    }
    let link = said.split_whitespace().find(|word| word.contains("/password/")).unwrap();
    let token = counterfoil::secrets::Token::parse(link.rsplit('/').next().unwrap()).unwrap();
    let store = made.store("house");
    store
        .read(|r| {
            assert!(r.grant(token.digest())?.is_some());
            assert_eq!(r.firm()?.party.country, "IE");
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

#[test]
fn a_house_survives_a_kill_and_a_restore_elsewhere() {
    let made = Made::new();
    made.add_client("Marlow Ltd");
    let serving = Serving::of(&made, "house");
    assert!(said(&made.publish("marlow ltd", "2026-0117")).contains("1 letter waits"));
    made.backup("first.age");
    assert!(said(&made.publish("Marlow Ltd", "2026-0118")).contains("2026-0118 is published for Marlow Ltd"));
    drop(serving); // kill -9
    assert!(said(&made.on("house", &["verify"])).contains("The data file is whole"));
    let store = made.store("house");
    let after = "2026-0118".parse().unwrap();
    assert!(store.read(|r| r.invoice_numbered(&after)).unwrap().is_some(), "an acknowledged change is gone");
    assert!(log(&store).iter().any(|e| matches!(e, Event::BackupMade { bytes, .. } if *bytes > 0)));
    drop(store);

    said(&made.restore("first.age", "new"));
    assert!(said(&made.on("new", &["verify"])).contains("The data file is whole"));
    let store = made.store("new");
    store
        .read(|r| {
            let id = r.invoice_numbered(&"2026-0117".parse().unwrap())?.unwrap();
            let invoice = r.invoice(id)?.unwrap();
            assert_eq!(r.file(invoice.issue.unwrap().pdf.digest)?.unwrap(), house::pdf("2026-0117"));
            assert!(r.invoice_numbered(&after)?.is_none());
            assert!(r.sending_held()?);
            assert!(r.letters(None, 10)?.iter().all(|l| l.state == LetterState::Queued));
            Ok::<_, StoreError>(())
        })
        .unwrap();
    assert!(log(&store).iter().any(|e| matches!(e, Event::Restored { .. })));
    drop(store);
    Serving::of(&made, "new").stop();
    assert_eq!(names(&made.path("new")), ["counterfoil.toml", "firm.counterfoil", "tls"]);
}

fn log(store: &Store) -> Vec<Event> {
    let mut all = Vec::new();
    let take = |r: &ReadTx| {
        r.log_backwards(None, |entry| {
            all.push(entry.event);
            true
        })
    };
    store.read(take).unwrap();
    all
}

#[test]
fn the_log_is_held_against_anchors_with_and_without_a_server() {
    let made = Made::new();
    made.add_client("Marlow Ltd");
    let anchor = |said: &str| said.trim().rsplit(' ').next().unwrap().to_owned();
    let first = anchor(&said(&made.on("house", &["audit", "verify"])));
    made.backup("first.age");
    let serving = Serving::of(&made, "house");
    said(&made.publish("Marlow Ltd", "2026-0117"));
    let second = anchor(&said(&made.on("house", &["audit", "verify", "--anchor", &first])));
    assert_ne!(first, second);
    serving.stop();
    let both = ["audit", "verify", "--anchor", &first, "--anchor", &second];
    assert_eq!(said(&made.on("house", &both)).matches("holds").count(), 2);
    said(&made.restore("first.age", "new"));
    let short = made.on("new", &both);
    assert!(refused(&short).contains("not the one that was anchored"));
    let told = String::from_utf8_lossy(&short.stdout).into_owned();
    assert!(told.contains(&format!("{first}: holds")) && !told.contains(&format!("{second}: holds")), "{told}");
    let miscopied = made.on("house", &["audit", "verify", "--anchor", "A-7-0000-0000-0000-0001"]);
    assert_eq!(miscopied.status.code(), Some(2), "{miscopied:?}");
}

#[test]
fn a_backup_is_the_same_house_with_and_without_a_server() {
    let made = Made::new();
    made.backup("without.age");
    let serving = Serving::of(&made, "house");
    made.backup("with.age");
    assert!(refused(&made.on("house", &["backup", "--to", &made.text("with.age")])).contains("--replace"));
    serving.stop();
    for (backup, to) in [("without.age", "a"), ("with.age", "b")] {
        assert!(said(&made.restore(backup, to)).contains("Example LLP is restored"));
    }
    assert!(!names(made.folder.path()).iter().any(|name| name.contains("unfinished")));
}

#[test]
fn a_backup_goes_to_standard_output_and_nothing_else_does() {
    let made = Made::new();
    let serving = Serving::of(&made, "house");
    let out = made.on("house", &["backup", "--to", "-", "--rate", "50"]);
    assert!(out.status.success() && out.stdout.starts_with(b"age-encryption.org/v1\n"));
    let sha = counterfoil::domain::ids::Digest(counterfoil::secrets::sha256(&out.stdout)).to_string();
    assert!(String::from_utf8_lossy(&out.stderr).contains(&sha), "{out:?}");
    serving.stop();
    std::fs::write(made.path("streamed.age"), &out.stdout).unwrap();
    said(&made.restore("streamed.age", "new"));
    let mut closed = command(&["backup", "--to", "-", "--config", &made.config("house")]);
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    assert!(refused(&closed.stdout(full).output().unwrap()).contains("disk is full"));
}

#[test]
fn a_folder_keeps_the_newest_of_each_day_and_only_backups_go_from_it() {
    let made = Made::new();
    let folder = made.path("backups");
    std::fs::create_dir(&folder).unwrap();
    let old: Vec<String> = (1..=9).map(|day| format!("counterfoil-2020-01-0{day}T031500Z.backup")).collect();
    let others = [".unfinished-backup-dead", "counterfoil-2020-01-01.backup", "firm.age"];
    for name in old.iter().map(String::as_str).chain(others) {
        std::fs::write(folder.join(name), "x").unwrap();
    }
    let args = ["backup", "--folder", &made.text("backups"), "--keep-daily", "3"];
    let told = said(&made.on("house", &args));
    assert!(
        told.contains("was interrupted, and is removed") && told.contains("2020-01-07T031500Z.backup is no longer")
    );
    let left = names(&folder);
    let new = left.iter().find(|name| name.starts_with("counterfoil-202") && !name.contains("2020")).unwrap();
    let mut expected = vec![old[7].clone(), old[8].clone(), others[1].to_owned(), others[2].to_owned(), new.clone()];
    expected.sort();
    assert_eq!(left, expected);
    said(&made.restore(&format!("backups/{new}"), "new"));
    // Without a word about keeping, nothing is removed.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    said(&made.on("house", &["backup", "--folder", &made.text("backups")]));
    assert_eq!(names(&folder).len(), left.len() + 1);
    let missing = ["backup", "--folder", &made.text("nowhere")];
    assert!(refused(&made.on("house", &missing)).contains("is not there"));
    assert_eq!(made.on("house", &["backup", "--to", "a", "--keep-daily", "3"]).status.code(), Some(2));
    assert_eq!(made.on("house", &["backup"]).status.code(), Some(2));
}

#[test]
fn a_backup_is_restored_on_trial_when_asked() {
    let made = Made::new();
    let drill = |name: &str| said(&made.on("house", &["backup", "--to", &made.text(name), "--drill"]));
    assert!(drill("without").contains("Restored on trial: "));
    let serving = Serving::of(&made, "house");
    assert!(drill("with").contains("all as they were"));
    let nowhere = made.text("nowhere");
    let failing = ["backup", "--to", &made.text("third"), "--drill", "--scratch", &nowhere];
    assert!(refused(&made.on("house", &failing)).contains("could not be restored on trial"));
    assert!(refused(&made.on("house", &["backup", "--to", "-", "--drill"])).contains("can't be read back"));
    serving.stop();
    said(&made.restore("with", "new"));
    assert!(!names(made.folder.path()).iter().any(|name| name.contains("unfinished")));
    let log = log(&made.store("house"));
    assert_eq!(log.iter().filter(|e| matches!(e, Event::DrillPassed { .. })).count(), 2);
    assert_eq!(log.iter().filter(|e| matches!(e, Event::DrillFailed { .. })).count(), 1);
}

#[test]
fn a_server_takes_the_backup_that_its_configuration_asks_for() {
    let made = Made::new();
    let folder = made.path("backups");
    std::fs::create_dir(&folder).unwrap();
    let text = std::fs::read_to_string(made.config("house")).unwrap();
    std::fs::write(made.config("house"), format!("{text}\n[backup]\nfolder = \"{}\"\n", folder.display())).unwrap();
    let serving = Serving::of(&made, "house");
    let whole = || names(&folder).iter().any(|name| name.starts_with("counterfoil-"));
    for _ in 0..200 {
        std::thread::sleep(std::time::Duration::from_millis(50));
        // Whole, and the drill’s scratch folder gone; a drill that has yet to begin is seen out by the stop.
        if whole() && names(&folder).len() == 1 {
            break;
        }
    }
    serving.stop();
    let file = names(&folder).into_iter().find(|name| name.starts_with("counterfoil-")).unwrap();
    assert_eq!(names(&folder).len(), 1, "no scratch folder stays");
    said(&made.restore(&format!("backups/{file}"), "new"));
    assert!(std::fs::read_to_string(made.config("new")).unwrap().contains("[backup]"));
}

#[test]
fn a_server_takes_points_and_any_of_them_is_restored() {
    let made = Made::new();
    let folder = made.path("backups");
    std::fs::create_dir(&folder).unwrap();
    let text = std::fs::read_to_string(made.config("house")).unwrap();
    let section = format!("[backup]\nfolder = \"{}\"\nincremental = true\n", folder.display());
    std::fs::write(made.config("house"), format!("{text}\n{section}")).unwrap();
    let serving = Serving::of(&made, "house");
    let done = || names(&folder).iter().any(|name| name.ends_with(".point")) && names(&folder).len() == 3;
    for _ in 0..200 {
        if done() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    serving.stop();
    let listed = said(&run(&["backup", "list", &made.text("backups")]));
    let point = listed.split_whitespace().next().unwrap().to_owned();
    assert!(listed.contains("pieces") && names(&folder).contains(&format!("counterfoil-{point}.point")), "{listed}");
    said(&made.restore("backups", "newest"));
    let (from, to, identity) = (made.text("backups"), made.text("named"), made.text("house.backup-identity.txt"));
    let restore =
        |point: &str| run(&["restore", "--from", &from, "--point", point, "--data", &to, "--identity", &identity]);
    assert!(refused(&restore("2020-01-01T000000Z")).contains("backup list"));
    let piece = std::fs::read_dir(folder.join("pieces")).unwrap().next().unwrap().unwrap().path();
    let good = std::fs::read(&piece).unwrap();
    std::fs::remove_file(&piece).unwrap();
    assert!(refused(&restore(&point)).contains("missing") && !made.path("named").exists());
    std::fs::write(&piece, good).unwrap();
    said(&restore(&point));
    let none = refused(&made.restore("house", "other"));
    assert!(none.contains("no backup"), "{none}");
}

#[test]
fn recipients_of_backups_are_added_and_removed_but_never_the_last() {
    let made = Made::new();
    let other = age_key();
    let serving = Serving::of(&made, "house");
    let first = said(&made.on("house", &["backup", "recipients", "list"])).trim().to_owned();
    assert!(first.starts_with("age1"));
    let last = refused(&made.on("house", &["backup", "recipients", "remove", &first]));
    assert!(last.contains("Add another one first"), "{last}");
    assert!(refused(&made.on("house", &["backup", "recipients", "add", "age1no"])).contains("begins with age1"));
    let now = said(&made.on("house", &["backup", "recipients", "add", &other.0]));
    assert_eq!(now, format!("{first}\n{}\n", other.0));
    assert!(refused(&made.on("house", &["backup", "recipients", "add", &other.0])).contains("already"));
    made.backup("both.age");
    said(&made.on("house", &["backup", "recipients", "remove", &first]));
    made.backup("other.age");
    serving.stop();
    assert!(refused(&made.on("house", &["backup", "recipients", "remove", &first])).contains("are not encrypted to"));
    said(&made.restore("both.age", "a"));
    assert!(refused(&made.restore("other.age", "b")).contains("does not open this file"));
    let changes = |event: &Event| matches!(event, Event::FirmChanged { what } if what.contains("backups are"));
    assert_eq!(log(&made.store("house")).iter().filter(|event| changes(event)).count(), 2);
}

#[test]
fn a_restore_that_is_stopped_or_killed_leaves_nothing_for_long() {
    use rustix::process::{Pid, Signal, kill_process};
    let made = Made::new();
    made.backup("backup.age");
    let before = names(made.folder.path());
    let unfinished = || names(made.folder.path()).iter().any(|name| name.starts_with(".unfinished-"));
    let stop = |signal| {
        let (from, to, identity) = (made.text("backup.age"), made.text("new"), made.text("house.backup-identity.txt"));
        let mut child = command(&["restore", "--from", &from, "--data", &to, "--identity", &identity])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        while !unfinished() && child.try_wait().unwrap().is_none() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        // The signal is listened for right after the folder is made.
        std::thread::sleep(std::time::Duration::from_millis(20));
        kill_process(Pid::from_child(&child), signal).unwrap();
        child.wait_with_output().unwrap()
    };
    for signal in [Signal::INT, Signal::TERM] {
        let sentence = refused(&stop(signal));
        assert!(sentence.contains("Nothing was put in place"), "{sentence}");
        assert_eq!(names(made.folder.path()), before);
    }
    stop(Signal::KILL);
    assert!(unfinished());
    assert!(said(&made.restore("backup.age", "new")).contains("was interrupted, and is removed"));
    assert!(!unfinished());
}

#[test]
fn a_damaged_backup_makes_nothing() {
    let made = Made::new();
    let whole = std::fs::read(made.backup("backup.age")).unwrap();
    let before = names(made.folder.path()).len();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    std::fs::write(made.path("backup.age"), flipped).unwrap();
    assert!(refused(&made.restore("backup.age", "new")).contains("damaged"));
    std::fs::write(made.path("backup.age"), &whole[..whole.len() - 10]).unwrap();
    refused(&made.restore("backup.age", "new"));
    std::fs::write(made.path("backup.age"), b"PDF or whatever").unwrap();
    assert!(refused(&made.restore("backup.age", "new")).contains("not a Counterfoil backup"));
    std::fs::write(made.path("backup.age"), &whole).unwrap();
    assert!(refused(&made.restore("backup.age", "house")).contains("nothing was touched"));
    let key = made.text("house.key");
    let other = run(&["restore", "--from", &made.text("backup.age"), "--data", &made.text("new"), "--identity", &key]);
    assert!(refused(&other).contains("no backup identity"));
    assert_eq!(names(made.folder.path()).len(), before);
}

#[test]
fn a_passphrase_can_be_the_key_of_a_house() {
    use std::os::unix::fs::PermissionsExt;
    let made = Made { folder: tempfile::tempdir().unwrap(), port: free_port() };
    let file = made.text("words.txt");
    std::fs::write(&file, "short\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let (data, url) = (made.text("house"), format!("https://127.0.0.1:{}", made.port));
    let init = ["init", "--data", &data, "--firm", "Example LLP", "--owner", OWNER, "--url", &url];
    let init = [init.as_slice(), &["--passphrase-file", &file]].concat();
    assert!(refused(&run(&init)).contains("The passphrase: Use at least"));
    assert!(!made.path("house").exists());
    std::fs::write(&file, "teal lantern over quiet harbour\n").unwrap();
    assert!(said(&run(&init)).contains("asked for at every start"));
    assert!(!made.path("house.key").exists());
    assert!(std::fs::read_to_string(made.config("house")).unwrap().contains("\nprompt = true\n"));
    // Without a terminal nobody can be asked.
    let mut serve = Command::new("setsid");
    serve.args(["-w", env!("CARGO_BIN_EXE_counterfoil"), "serve", "--config", &made.config("house")]);
    let sentence = refused(&serve.stdin(Stdio::null()).output().unwrap());
    assert!(sentence.contains("there is no terminal to ask at"), "{sentence}");
    let secret = counterfoil::store::keys::Secret::Passphrase("teal lantern over quiet harbour".to_owned().into());
    let path = made.path("house/firm.counterfoil");
    cli_house::open_with(&path, &secret, 1 << 20, false, &Entropy::system()).unwrap().close();
}

#[test]
fn a_backup_is_restored_under_a_passphrase() {
    use std::os::unix::fs::PermissionsExt;
    let made = Made::new();
    made.backup("backup.age");
    let (from, to, identity) = (made.text("backup.age"), made.text("new"), made.text("house.backup-identity.txt"));
    let file = made.text("words.txt");
    std::fs::write(&file, "teal lantern over quiet harbour").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let restore = ["restore", "--from", &from, "--data", &to, "--identity", &identity, "--passphrase-file", &file];
    assert!(said(&run(&restore)).contains("The one that you chose"));
    assert!(!made.path("new.key").exists());
    assert_eq!(Config::load(Path::new(&made.config("new"))).unwrap().key, counterfoil::config::KeySource::Prompt);
}

#[test]
fn the_age_program_opens_a_backup() {
    let made = Made::new();
    made.backup("backup.age");
    let identity = made.text("house.backup-identity.txt");
    match Command::new("age").args(["-d", "-i", &identity, &made.text("backup.age")]).output() {
        Ok(opened) => assert!(opened.stdout.starts_with(b"COUNTERFOIL-BKP\n"), "{opened:?}"),
        Err(_) if !cfg!(feature = "peers") => {}
        Err(error) => panic!("age is missing; tests/run installs it: {error}"),
    }
}

#[test]
fn a_second_server_names_the_first() {
    let made = Made::new();
    let serving = Serving::of(&made, "house");
    let first = format!("(process {})", serving.0.id());
    assert!(refused(&made.on("house", &["serve"])).contains(&first));
    let other = std::fs::read_to_string(made.config("house")).unwrap();
    std::fs::write(made.path("house/other.toml"), other.replace(&made.port.to_string(), &free_port().to_string()))
        .unwrap();
    let sentence = refused(&run(&["serve", "--config", &made.text("house/other.toml")]));
    assert!(sentence.contains(&first), "{sentence}");
}

#[test]
fn a_wrong_or_missing_key_is_told_and_harms_nothing() {
    let made = Made::new();
    said(&made.init("other"));
    let key = std::fs::read(made.path("house.key")).unwrap();
    std::fs::copy(made.path("other.key"), made.path("house.key")).unwrap();
    assert!(refused(&made.on("house", &["serve"])).contains("does not open the data file"));
    std::fs::remove_file(made.path("house.key")).unwrap();
    assert!(refused(&made.on("house", &["serve"])).contains("house.key cannot be read"));
    std::fs::write(made.path("house.key"), &key).unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(made.path("house.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(refused(&made.on("house", &["serve"])).contains("chmod 600"));
    std::fs::set_permissions(made.path("house.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
    said(&made.on("house", &["verify"]));
}

#[test]
fn an_unknown_setting_is_named_with_its_line() {
    let made = Made::new();
    let text = std::fs::read_to_string(made.config("house")).unwrap();
    std::fs::write(made.config("house"), format!("dta = \"x\"\n{text}")).unwrap();
    let sentence = refused(&made.on("house", &["serve"]));
    assert!(sentence.contains("counterfoil.toml, line 1: unknown key \"dta\". Did you mean \"data\"?"), "{sentence}");
}

#[test]
fn publishing_beyond_a_credit_limit_says_so() {
    let made = Made::new();
    made.add_client("Marlow Ltd");
    let limit = Some(Money::new(2_000_00, Currency::EUR));
    made.store("house")
        .write_blocking(By { actor: Actor::Staff(StaffId(1)), address: None }, Clock::system().now(), move |w| {
            credit_terms::set_limit(w, &StaffScope::all(), ClientId(1), limit, "as agreed")
        })
        .unwrap();
    assert!(!said(&made.publish("Marlow Ltd", "A-1")).contains("limit"));
    let over = said(&made.publish("Marlow Ltd", "A-2"));
    assert!(over.contains("owes €2,469.12 now, more than the credit limit of €2,000.00"), "{over}");
}

#[test]
fn publishing_for_a_client_that_is_not_exactly_named_lists_candidates() {
    let made = Made::new();
    made.add_client("Marlow Ltd");
    made.add_client("Marlow Holdings");
    let sentence = refused(&made.publish("marlow", "A-1"));
    assert!(sentence.contains("Marlow Ltd (number 1)") && sentence.contains("Marlow Holdings (number 2)"));
    assert!(refused(&made.publish("Nobody", "A-1")).contains("No client is called"));
    said(&made.publish("2", "A-1"));
    assert!(refused(&made.publish("2", "A-1")).contains("already used"));
    std::fs::write(made.path("text.pdf"), "not a PDF").unwrap();
    let text = made.text("text.pdf");
    let rest = ["--number", "A-2", "--issued", "2026-03-02", "--due", "2026-04-01", "--amount", "1.00"];
    refused(&made.on("house", &[&["publish", &text, "--client", "2"], rest.as_slice()].concat()));
}

#[test]
fn a_lost_password_is_helped_from_the_command_line() {
    let made = Made::new();
    let serving = Serving::of(&made, "house");
    let said = said(&made.on("house", &["user", "link", OWNER]));
    assert!(said.contains(&format!("https://127.0.0.1:{}/password/", made.port)));
    assert!(refused(&made.on("house", &["user", "link", "x@example.com"])).contains("Nobody of the firm"));
    serving.stop();
}

#[test]
fn wrong_usage_is_told_from_failure() {
    assert_eq!(run(&["backup"]).status.code(), Some(2));
    assert_eq!(run(&["serve", "--config", "/nonexistent.toml"]).status.code(), Some(1));
    assert!(said(&run(&["--help"])).contains("restore"));
}

#[test]
fn keys_are_listed_added_removed_and_the_data_key_drawn_anew() {
    let made = Made::new();
    let other = age_key();
    let listed = said(&made.on("house", &["keys", "list"]));
    assert!(listed.starts_with("0  a key file or credential\n") && listed.contains("same file system"), "{listed}");
    assert!(refused(&made.on("house", &["keys", "remove", "--slot", "0"])).contains("at least one key"));
    assert!(refused(&made.on("house", &["keys", "add", "--age", "age1no"])).contains("begins with age1"));
    let added = said(&made.on("house", &["keys", "add", "--age", &other.0]));
    assert!(added.contains("as key 1"), "{added}");
    assert!(said(&made.on("house", &["keys", "add"])).contains("house.second.key opens the data file now, as key 2"));
    std::fs::write(made.path("words"), "copper lantern over quiet harbour\n").unwrap();
    std::fs::set_permissions(made.path("words"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let words = made.text("words");
    said(&made.on("house", &["keys", "add", "--passphrase-file", &words]));
    assert_eq!(said(&made.on("house", &["keys", "list"])).lines().take_while(|l| !l.is_empty()).count(), 4);
    // The identity, kept elsewhere until now, opens the house.
    let (config, own) = (made.path("house/counterfoil.toml"), made.text("house.key"));
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(made.path("other.txt"), format!("# kept in a safe\n{}\n", other.1)).unwrap();
    std::fs::set_permissions(made.path("other.txt"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::write(&config, text.replace(&own, &made.text("other.txt"))).unwrap();
    said(&made.on("house", &["keys", "remove", "--slot", "0"]));
    said(&made.on("house", &["verify"]));
    assert!(refused(&made.on("house", &["keys", "rotate"])).contains("3 keys open this file"));
    assert_eq!(said(&made.on("house", &["keys", "list"])).lines().take_while(|l| !l.is_empty()).count(), 3);
    std::fs::write(made.path("house/firm.counterfoil.rotating"), "left by a kill").unwrap();
    assert!(said(&made.on("house", &["doctor"])).contains("firm.counterfoil.rotating was left by a rotation"));
    std::fs::remove_file(made.path("house/firm.counterfoil.rotating")).unwrap();
    let rotated = said(&made.on("house", &["keys", "rotate", "--drop-other-keys"]));
    assert!(rotated.contains("2 other keys do not open it any more"), "{rotated}");
    assert!(said(&made.on("house", &["keys", "list"])).starts_with("0  an age recipient\n\n"));
    said(&made.on("house", &["verify"]));
    std::fs::write(&config, text).unwrap();
    assert!(refused(&made.on("house", &["verify"])).contains("does not open the data file"));
}

/// A recipient of age and its identity.
fn age_key() -> (String, String) {
    let identity = counterfoil::backup::identity::BackupIdentity::generate();
    (identity.recipient(), identity.reveal().to_string())
}

#[test]
fn the_doctor_says_what_is_well_what_could_be_better_and_what_is_wrong() {
    let made = Made::new();
    let found = said(&made.on("house", &["doctor"]));
    assert!(found.contains("opens with the key that is configured: Example LLP"), "{found}");
    assert!(found.contains("better  One key opens") && found.contains("whoever takes the whole disk can read it"));
    assert!(found.contains("still lies on this machine") && !found.contains("BAD"), "{found}");
    said(&made.on("house", &["keys", "add", "--age", &age_key().0]));
    assert!(said(&made.on("house", &["doctor"])).contains("ok      2 keys open the data file"));
    assert!(found.contains("better  The server takes no backups by itself"), "{found}");
    let text = std::fs::read_to_string(made.config("house")).unwrap();
    std::fs::write(made.config("house"), format!("{text}\n[backup]\nfolder = \"{}\"\n", made.text("kept"))).unwrap();
    let output = made.on("house", &["doctor"]);
    let found = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(found.contains("BAD     ") && found.contains("kept is not there"), "{found}");
    std::fs::create_dir(made.path("kept")).unwrap();
    assert!(said(&made.on("house", &["doctor"])).contains("on the same file system as the data: a disk that fails"));
    let text = std::fs::read_to_string(made.config("house")).unwrap();
    std::fs::write(made.config("house"), format!("{text}\n[drop]\nfolder = \"{}\"\n", made.text("spool"))).unwrap();
    let output = made.on("house", &["doctor"]);
    let found = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(found.contains("BAD     ") && found.contains("spool is not there"), "{found}");
    std::fs::create_dir(made.path("spool")).unwrap();
    assert!(said(&made.on("house", &["doctor"])).contains("spool is taken."));
    std::fs::set_permissions(made.path("spool"), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    assert!(said(&made.on("house", &["doctor"])).contains("can drop invoices into it. Run: chmod o-w"));
    std::fs::create_dir_all("/dev/shm/counterfoil-doctor").unwrap();
    std::os::unix::fs::symlink("/dev/shm/counterfoil-doctor", made.path("spool").join("done")).unwrap();
    let output = made.on("house", &["doctor"]);
    let found = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(found.contains("done is on another file system than"), "{found}");
    std::fs::remove_dir_all(made.path("spool")).unwrap();
    std::fs::create_dir(made.path("spool")).unwrap();
    std::fs::set_permissions(made.path("house"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    assert!(said(&made.on("house", &["doctor"])).contains("chmod go-rwx"));
    let taken = TcpListener::bind(("127.0.0.1", made.port));
    std::fs::remove_file(made.path("house.key")).unwrap();
    std::fs::set_permissions(made.path("house"), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let output = made.on("house", &["doctor"]);
    let found = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(found.contains("BAD") && found.contains("house.key cannot be read: it is not there"), "{found}");
    assert!(refused(&output).contains("wrong; see the line"));
    drop(taken);
}
