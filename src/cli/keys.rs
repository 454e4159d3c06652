//! `counterfoil keys`: which keys open the data file; giving it another one, taking one away, and drawing the data key
//! anew. The server must not be running: the file is locked meanwhile.

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::key_place::KeyPlace;
use super::new_key::{KeyArgs, NewKey};
use super::{Failure, house, terminal};
use crate::config::Config;
use crate::secrets::Entropy;
use crate::store::crypt::{self, SlotInfo, SlotKind};
use crate::store::keys::Secret;

/// Options of `counterfoil keys`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the keys that open the data file, and what protects it
    List(House),
    /// Let another key open the data file as well
    Add(Add),
    /// Take a key away, by its number in the list; never the last one
    Remove(Remove),
    /// Draw the data key anew and seal every block again; then only the configured key opens the file
    Rotate(Rotate),
}

#[derive(Debug, clap::Args)]
struct Rotate {
    #[command(flatten)]
    house: House,
    /// Go on although other keys open the file too: each has to be added again afterwards, by whoever knows it
    #[arg(long)]
    drop_other_keys: bool,
}

#[derive(Debug, clap::Args)]
struct House {
    /// The configuration of the house, which names a key that opens the file now
    #[arg(long, value_name = "FILE", env = "COUNTERFOIL_CONFIG")]
    config: PathBuf,
}

#[derive(Debug, clap::Args)]
struct Add {
    #[command(flatten)]
    house: House,
    /// An age recipient (age1…); its identity opens the file, and need never be on this machine until it is needed
    #[arg(long, value_name = "RECIPIENT", conflicts_with_all = ["key_file", "passphrase", "passphrase_file"])]
    age: Option<String>,
    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Debug, clap::Args)]
struct Remove {
    #[command(flatten)]
    house: House,
    /// The key's number
    #[arg(long, value_name = "N")]
    slot: usize,
}

/// Runs the verb.
///
/// # Errors
/// A sentence; the data file is then as it was.
pub fn run(args: Args) -> Result<(), Failure> {
    match args.verb {
        Verb::List(house) => list(&house),
        Verb::Add(add) => self::add(&add),
        Verb::Remove(remove) => self::remove(&remove),
        Verb::Rotate(args) => rotate(&args),
    }
}

fn list(house: &House) -> Result<(), Failure> {
    let (config, path) = open(house)?;
    for slot in crypt::list_slots(&path).map_err(|e| house::about(&path, &e))? {
        terminal::say(&line(slot));
    }
    terminal::say("");
    terminal::say(&KeyPlace::of(&config).words());
    Ok(())
}

fn line(slot: SlotInfo) -> String {
    let words = match slot.kind {
        SlotKind::Empty => "nothing".to_owned(),
        SlotKind::Passphrase(cost) => {
            format!("a passphrase (Argon2id, {} MiB, {} passes)", cost.memory_kib / 1024, cost.passes)
        }
        SlotKind::Age => "an age recipient".to_owned(),
        SlotKind::KeyFile => "a key file or credential".to_owned(),
    };
    format!("{}  {words}", slot.index)
}

fn add(args: &Add) -> Result<(), Failure> {
    let (config, path) = open(&args.house)?;
    let entropy = Entropy::system();
    let (new, said) = match &args.age {
        Some(text) => {
            let none = || Failure::new(format!("--age {text}: this is no age recipient; one begins with age1."));
            (Secret::age_recipient(text).ok_or_else(none)?, "The identity of that recipient".to_owned())
        }
        None => new_key(&args.key, &config, &entropy)?,
    };
    let known = house::secret(&config.key)?;
    let added = crypt::add_secret(&path, &known, &new, &entropy);
    let slot = added.map_err(|e| house::about(&path, &e))?;
    terminal::say(&format!("{said} opens the data file now, as key {slot}."));
    terminal::say("To start the server with it, name it under [key] in the configuration.");
    Ok(())
}

/// Draws or asks for the key. A key file is written first: a key that opens the file must not be lost in between.
fn new_key(args: &KeyArgs, config: &Config, entropy: &Entropy) -> Result<(Secret, String), Failure> {
    let place = args.place_or(&config.data, ".second.key")?;
    let key = args.make(place.as_deref(), entropy)?;
    if let Some((path, text)) = key.file() {
        write_new(path, &text)?;
    }
    let said = match &key {
        NewKey::File(path, _) => format!("{}", path.display()),
        NewKey::Passphrase(_) => "The passphrase".to_owned(),
    };
    Ok((key.secret(), said))
}

fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written = made.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.map_err(|e| Failure::file(path, &e))
}

fn remove(args: &Remove) -> Result<(), Failure> {
    let (config, path) = open(&args.house)?;
    let known = house::secret(&config.key)?;
    crypt::remove_slot(&path, &known, args.slot).map_err(|e| house::about(&path, &e))?;
    terminal::say(&format!("Key {} no longer opens the data file.", args.slot));
    terminal::say(
        "Whoever holds an older copy of the file and that key can still read that copy. If the key may be in wrong \
         hands, run `counterfoil keys rotate` as well, and make new backups.",
    );
    if crypt::open(&path, &known, &Entropy::system()).is_err() {
        terminal::say(
            "It was the key that the configuration names: name another one under [key] before the next start.",
        );
    }
    Ok(())
}

fn rotate(args: &Rotate) -> Result<(), Failure> {
    let (config, path) = open(&args.house)?;
    let slots = crypt::list_slots(&path).map_err(|e| house::about(&path, &e))?;
    if slots.len() > 1 && !args.drop_other_keys {
        return Err(Failure::new(format!(
            "{} keys open this file (`counterfoil keys list`). After a rotation only the configured one does, and each of \
             the others has to be added again by whoever knows it. If that is wanted, add --drop-other-keys.",
            slots.len()
        )));
    }
    let secret = house::secret(&config.key)?;
    let bar = terminal::bar("Sealing again");
    let mut tick = |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let rotated = crypt::rotate(&path, &secret, &Entropy::system(), &mut tick);
    bar.finish_and_clear();
    let rotated = rotated.map_err(|e| house::about(&path, &e))?;
    terminal::say("Every block is sealed under a new data key. The key that the configuration names opens the file.");
    match rotated.lost {
        0 => {}
        1 => terminal::say("One other key does not open it any more; add it again with `counterfoil keys add`."),
        n => terminal::say(&format!(
            "{n} other keys do not open it any more; add them again with `counterfoil keys add`."
        )),
    }
    terminal::say("Older copies of the data file stay readable with the old keys: remove them, and make a new backup.");
    Ok(())
}

fn open(house: &House) -> Result<(Config, PathBuf), Failure> {
    let config = Config::load(&house.config)?;
    let path = house::find_data_file(&config)?;
    Ok((config, path))
}
