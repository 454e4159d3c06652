//! `counterfoil doctor`: looks at a house from outside and says what is well, what could be better, and what would keep
//! it from serving. Changes nothing, and starts nothing.

use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::Access;

use super::control::Line;
use super::key_place::KeyPlace;
use super::{Failure, house, terminal};
use crate::clock::Clock;
use crate::config::{BackupPlace, Config, TlsConfig};
use crate::domain::firm::Locale;
use crate::mail::returns::ReturnPlace;
use crate::secrets::Entropy;
use crate::store::crypt::{self, SlotKind};
use crate::store::prelude::*;
use crate::web::listener::{ListenError, ListenPlan};
use crate::web::tls::Certificates;

/// Free room below which a backup, or tomorrow's letters, may no longer fit, in bytes.
const ROOM_MIN: u64 = 1 << 30;
/// How a copy of the data file compares to it in length: a backup's scratch and the backup itself.
const ROOM_FACTOR: u64 = 2;

/// Options of `counterfoil doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration of the house
    #[arg(long, value_name = "FILE", env = "COUNTERFOIL_CONFIG")]
    config: PathBuf,
}

/// What a look at one thing found.
enum Finding {
    Well(String),
    Better(String),
    Bad(String),
}

use Finding::{Bad, Better, Well};

/// Looks at everything. What is wrong with the configuration itself is all that is said of a house without one.
///
/// # Errors
/// When something would keep the house from serving, or from being read again.
pub fn run(args: Args) -> Result<(), Failure> {
    let config = Config::load(&args.config)?;
    terminal::say(&format!("ok      {}: every setting is known and fits the others.", args.config.display()));
    let mut bad = 0;
    for finding in findings(&config) {
        let (mark, words) = match &finding {
            Well(words) => ("ok    ", words),
            Better(words) => ("better", words),
            Bad(words) => ("BAD   ", words),
        };
        bad += usize::from(matches!(finding, Bad(_)));
        terminal::say(&format!("{mark}  {words}"));
    }
    match bad {
        0 => Ok(()),
        1 => Err(Failure::new("One thing is wrong; see the line marked BAD.")),
        n => Err(Failure::new(format!("{n} things are wrong; see the lines marked BAD."))),
    }
}

fn findings(config: &Config) -> Vec<Finding> {
    let serving = matches!(Line::connect(&config.data), Ok(Some(_)));
    let mut all = vec![data_file(config, serving)];
    all.extend(keys(config));
    all.push(key_place(config));
    all.extend(identity(config));
    all.push(backups(config));
    all.extend(drop_folder(config));
    all.extend(certificate(config));
    all.push(port(config, serving));
    all.push(mail(config));
    all.extend(signature(config));
    all.extend(returns(config));
    all.extend(room(&config.data));
    all.push(memory());
    all
}

/// The row of the threat table.
fn key_place(config: &Config) -> Finding {
    let place = KeyPlace::of(config);
    if place.opens_a_stolen_disk() { Better(place.words()) } else { Well(place.words()) }
}

fn data_file(config: &Config, serving: bool) -> Finding {
    let path = match house::find_data_file(config) {
        Ok(path) => path,
        Err(failure) => return Bad(failure.to_string()),
    };
    let shown = path.display();
    let open_to_others = [path.as_path(), &config.data].into_iter().find(|p| mode(p).is_some_and(|m| m & 0o077 != 0));
    if let Some(open) = open_to_others {
        return Better(format!("{}: other users can read it. Run: chmod go-rwx {0}", open.display()));
    }
    if serving {
        return Well(format!("{shown} is open in a running server."));
    }
    let opened = house::open_store(config, &Entropy::system()).and_then(|store| {
        let firm = store.read(|r| r.firm())?;
        let recipients = store.read(|r| r.backup_recipients())?;
        store.close();
        Ok((firm.party.name, recipients.len()))
    });
    match opened {
        Err(failure) => Bad(failure.to_string()),
        Ok((_, 0)) => Bad(format!("{shown}: it names nobody who could open its backups.")),
        Ok((firm, _)) => Well(format!("{shown} opens with the key that is configured: {firm}.")),
    }
}

fn mode(path: &Path) -> Option<u32> {
    std::fs::metadata(path).ok().map(|m| m.mode())
}

fn keys(config: &Config) -> Vec<Finding> {
    let Ok(slots) = crypt::list_slots(&house::data_file(&config.data)) else { return Vec::new() };
    let count = slots.len();
    let weak = slots.iter().any(|slot| matches!(slot.kind, SlotKind::Passphrase(cost) if cost.is_weak()));
    let mut all = vec![match count {
        1 => Better(
            "One key opens the data file. Add a second one that is kept elsewhere, so that losing the first is no \
             disaster: counterfoil keys add --age …"
                .to_owned(),
        ),
        n => Well(format!("{n} keys open the data file; `counterfoil keys list` tells which.")),
    }];
    if let Some(left) = crypt::rotation_left(&house::data_file(&config.data)) {
        all.push(Better(format!(
            "{} was left by a rotation of the data key that was cut off; the data file is whole under its old key. Run \
             `counterfoil keys rotate` again: it goes on from there. Or remove that file.",
            left.display()
        )));
    }
    if weak {
        all.push(Better("A passphrase is cheap to try by today's measure: remove it and add it again.".to_owned()));
    }
    all
}

/// The identity that opens backups, left where `init` put it.
fn identity(config: &Config) -> Option<Finding> {
    let path = house::beside(&config.data, house::IDENTITY_ENDING);
    path.exists().then(|| {
        Better(format!(
            "{} opens every backup and still lies on this machine. Move it to two places away from here.",
            path.display()
        ))
    })
}

/// Whether there are backups without anybody's doing, and whether they would outlive the disk.
fn backups(config: &Config) -> Finding {
    let Some(backup) = &config.backup else {
        return Better(
            "The server takes no backups by itself. A section [backup] has it take one every night and restore it on \
             trial; else have `counterfoil backup` run regularly."
                .to_owned(),
        );
    };
    let folder = match &backup.place {
        BackupPlace::Folder(folder) => folder,
        BackupPlace::Bucket(bucket) => return Well(format!("Backups go to {} every night.", bucket.place())),
    };
    let device = |path: &Path| std::fs::metadata(path).map(|facts| facts.dev());
    match (device(folder), device(&config.data)) {
        (Err(error), _) => Bad(Failure::file(folder, &error).to_string()),
        (Ok(there), Ok(here)) if there == here => Better(format!(
            "Backups go to {}, on the same file system as the data: a disk that fails takes both. Name a folder on \
             another disk, or a bucket, or copy them away.",
            folder.display()
        )),
        _ => Well(format!("Backups go to {} every night.", folder.display())),
    }
}

/// Whether what is dropped can be taken and moved away.
fn drop_folder(config: &Config) -> Option<Finding> {
    let folder = &config.drop.as_ref()?.folder;
    let shown = folder.display();
    let about = match std::fs::metadata(folder) {
        Err(error) => return Some(Bad(Failure::file(folder, &error).to_string())),
        Ok(about) if !about.is_dir() => return Some(Bad(format!("{shown}, the drop folder, is not a folder."))),
        Ok(about) => about,
    };
    let rights = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
    for part in ["", "done", "refused", "to-file"] {
        let place = if part.is_empty() { folder.clone() } else { folder.join(part) };
        // The server makes those below when it first needs them.
        let Ok(own) = std::fs::metadata(&place) else { continue };
        if own.dev() != about.dev() {
            return Some(Bad(format!(
                "{} is on another file system than {shown}, so that files can’t be moved there. Make it a plain folder, \
                 or let [drop] name a folder of that file system.",
                place.display()
            )));
        }
        if rustix::fs::access(&place, rights).is_err() {
            return Some(Bad(format!(
                "{}: files can’t be taken from it or moved into it. The server’s user needs to read and write it.",
                place.display()
            )));
        }
    }
    if about.mode() & 0o002 != 0 {
        return Some(Better(format!(
            "{shown}: whoever has an account here can drop invoices into it. Run: chmod o-w {shown}"
        )));
    }
    Some(Well(format!("What is dropped into {shown} is taken.")))
}

/// A self-signed pair is made by the server itself, so only files are looked at.
fn certificate(config: &Config) -> Option<Finding> {
    let clock = Clock::system();
    let TlsConfig::Files { .. } = config.listen.tls else { return None };
    Some(match Certificates::open(ListenPlan::from_config(config, clock.clone()).tls, clock.now()) {
        Err(error) => Bad(error.to_string()),
        Ok(pair) => match pair.map(|pair| pair.warnings(clock.now())).unwrap_or_default().join(" ") {
            none if none.is_empty() => Well("Certificate and key belong together and are for this host.".to_owned()),
            words => Bad(words),
        },
    })
}

fn port(config: &Config, serving: bool) -> Finding {
    let address = config.listen.address;
    match TcpListener::bind(address) {
        _ if serving => Well(format!("A server answers for this house; it should be listening on {address}.")),
        Ok(_) => Well(format!("{address} is free for the server.")),
        Err(error) => Bad(ListenError::Address(address, error).to_string()),
    }
}

fn signature(config: &Config) -> Option<Finding> {
    config.mail.as_ref()?;
    Some(match super::house::signer(config) {
        Ok(Some(signer)) => {
            Well(format!("Letters are signed (DKIM); this has to stand in the DNS: {}", signer.zone_line()))
        }
        Ok(None) => Well("Letters leave unsigned (no [dkim]); many mail servers sign by themselves.".to_owned()),
        Err(failure) => Bad(failure.to_string()),
    })
}

fn mail(config: &Config) -> Finding {
    match &config.mail {
        None => Better("No mail server is configured, so letters wait in the outbox. See [mail].".to_owned()),
        Some(mail) => Well(format!("Letters leave as {}.", mail.from_address)),
    }
}

/// Whether what comes back can be read.
fn returns(config: &Config) -> Option<Finding> {
    Some(match super::house::bounce_plan(config.bounces.as_ref()?).map(|plan| plan.place) {
        Err(failure) => Bad(failure.to_string()),
        Ok(ReturnPlace::Maildir(maildir)) => match super::mail::usable(&maildir) {
            Err(failure) => Bad(failure.to_string()),
            Ok(()) => Well(format!("What comes back is read from {}.", maildir.display())),
        },
        Ok(ReturnPlace::Imap(mailbox)) => Well(format!(
            "What comes back is read from {}; `counterfoil mail test --bounces` tries it.",
            mailbox.place()
        )),
    })
}

/// Free room where the data lies.
fn room(data: &Path) -> Option<Finding> {
    let found = rustix::fs::statvfs(data).ok()?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let wanted = std::fs::metadata(house::data_file(data)).map_or(0, |m| m.len()).saturating_mul(ROOM_FACTOR);
    let words = Locale::default().bytes(free);
    Some(if free < wanted.max(ROOM_MIN) {
        Better(format!("{words} are free where the data lies. Make room: on a full disk nothing more can be saved."))
    } else {
        Well(format!("{words} are free where the data lies."))
    })
}

/// What could put memory, in which keys and clients' data lie, onto a disk.
fn memory() -> Finding {
    let swaps = std::fs::read_to_string("/proc/swaps").unwrap_or_default();
    if swaps.lines().nth(1).is_some() {
        return Better(
            "This machine swaps: what is in memory, keys included, may be written to a disk. Encrypt the swap, or turn it \
             off; under systemd, MemorySwapMax=0 keeps this service out of it."
                .to_owned(),
        );
    }
    Well("Memory is not swapped to a disk, and this program never leaves a core dump.".to_owned())
}
