//! `counterfoil init`: a new house, or nothing at all.
//!
//! All is made under temporary names and moved into place at the end, the data file last: with it the house is
//! complete.

mod files;
mod guess;

use std::path::{Path, PathBuf};

use self::files::Staged;
use super::new_key::{KeyArgs, NewKey};
use super::{Failure, house, terminal};
use crate::actions::people::NewStaff;
use crate::actions::{firm as firm_actions, sessions};
use crate::backup::identity::BackupIdentity;
use crate::clock::Clock;
use crate::config::{self, PublicUrl};
use crate::domain::access::StaffScope;
use crate::domain::event::By;
use crate::domain::firm::Firm;
use crate::domain::grant::SET_PASSWORD_HOURS;
use crate::domain::ids::StaffId;
use crate::domain::person::Role;
use crate::domain::text::{self, EmailAddress};
use crate::secrets::{Entropy, Token};
use crate::store::chain::EvidenceKeys;
use crate::store::crypt::{self, Cipher};
use crate::store::keys::Secret;

/// The configuration's name in the data folder.
pub const CONFIG_FILE: &str = "counterfoil.toml";
/// The new data file's name before it is complete.
const UNFINISHED: &str = "unfinished";

/// Options of `counterfoil init`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder for the encrypted data file and the configuration; made if it is not there
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Legal name of the firm
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    firm: String,
    /// E-mail address of the first owner, who signs in with it
    #[arg(long, value_name = "EMAIL")]
    owner: String,
    /// Where people will reach the portal: https://portal.example.com
    #[arg(long, value_name = "URL")]
    url: String,
    /// Full name of the first owner [default: from the address]
    #[arg(long, value_name = "NAME")]
    owner_name: Option<String>,
    /// The firm's time zone by its IANA name [default: this machine's, else UTC]
    #[arg(long, value_name = "ZONE", env = "TZ")]
    zone: Option<String>,
    #[command(flatten)]
    key: KeyArgs,
    /// Where to put the identity that opens backups [default: beside the folder, DIR.backup-identity.txt]
    #[arg(long, value_name = "PATH")]
    identity_file: Option<PathBuf>,
}

/// What the arguments come to, checked.
struct Plan {
    data: PathBuf,
    /// `None` when a passphrase is the key.
    key_file: Option<PathBuf>,
    identity_file: PathBuf,
    url: PublicUrl,
    zone: String,
    firm: Firm,
    owner: NewStaff,
}

/// Creates the house.
///
/// # Errors
/// When an argument is refused or anything is there already; then nothing was made.
pub fn run(args: Args) -> Result<(), Failure> {
    let plan = plan(&args)?;
    refuse_what_is_there(&plan)?;
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let key = args.key.make(plan.key_file.as_deref(), &entropy)?;
    let identity = BackupIdentity::generate();
    let token = Token::draw(&entropy);
    make(&plan, &key, &identity, &token, &clock, &entropy)?;
    explain(&plan, &key, &identity, &token);
    Ok(())
}

fn plan(args: &Args) -> Result<Plan, Failure> {
    let data = std::path::absolute(&args.data).map_err(|e| Failure::file(&args.data, &e))?;
    let url: PublicUrl = args.url.parse().map_err(|why| Failure::new(format!("--url {}: {why}.", args.url)))?;
    if !url.is_https() {
        return Err(Failure::new("--url must start with https://: init sets up a server that speaks HTTPS."));
    }
    let zone = guess::zone(args.zone.as_deref())?;
    let name = text::required("firm", &args.firm, text::LINE_MAX, "Enter the firm's name.")?;
    let email = EmailAddress::parse("owner", &args.owner)?;
    let owner_name = args.owner_name.clone().unwrap_or_else(|| guess::name(email.as_str()));
    let owner = NewStaff {
        name: text::required("owner-name", &owner_name, text::LINE_MAX, "Enter the owner's name.")?,
        email: email.clone(),
        role: Role::Owner,
        only_clients: None,
        active: true,
        invite: false,
    };
    let identity_file = match &args.identity_file {
        Some(path) => std::path::absolute(path).map_err(|e| Failure::file(path, &e))?,
        None => house::beside(&data, house::IDENTITY_ENDING),
    };
    Ok(Plan {
        key_file: args.key.place(&data)?,
        identity_file,
        firm: guess::firm(&name, email, &zone, url.host())?,
        data,
        url,
        zone,
        owner,
    })
}

fn refuse_what_is_there(plan: &Plan) -> Result<(), Failure> {
    let own = [house::data_file(&plan.data), plan.data.join(CONFIG_FILE), plan.identity_file.clone()];
    match own.iter().chain(&plan.key_file).find(|path| path.symlink_metadata().is_ok()) {
        Some(path) => Err(Failure::new(format!(
            "{} is there already, and nothing was touched. Choose another place, or move it away.",
            path.display()
        ))),
        None => Ok(()),
    }
}

fn make(
    plan: &Plan,
    key: &NewKey,
    identity: &BackupIdentity,
    token: &Token,
    clock: &Clock,
    entropy: &Entropy,
) -> Result<(), Failure> {
    let data_file = house::data_file(&plan.data);
    let config_file = plan.data.join(CONFIG_FILE);
    let mut staged = Staged::in_folder(&plan.data)?;
    let unfinished = staged.path(UNFINISHED);
    let secret = key.secret();
    crypt::create(&unfinished, std::slice::from_ref(&secret), Cipher::for_this_machine(), entropy)?;
    set_up(&unfinished, &secret, plan, &identity.recipient(), token, clock, entropy)?;
    if let Some((path, text)) = key.file() {
        staged.write(path, &text)?;
    }
    staged.write(&plan.identity_file, &identity_text(identity, &plan.firm.party.name))?;
    staged.write(&config_file, &config_text(plan, key))?;
    staged.finish(&unfinished, &data_file)
}

fn set_up(
    path: &Path,
    secret: &Secret,
    plan: &Plan,
    recipient: &str,
    token: &Token,
    clock: &Clock,
    entropy: &Entropy,
) -> Result<(), Failure> {
    let store = house::open_with(path, secret, crate::store::CACHE_DEFAULT, false, entropy)?;
    let (firm, owner, recipients) = (plan.firm.clone(), plan.owner.clone(), vec![recipient.to_owned()]);
    let (digest, keys) = (token.digest(), EvidenceKeys::draw(entropy));
    store.write_blocking(By::command_line(), clock.now(), move |w| {
        let id: StaffId = firm_actions::set_up(w, &firm, &owner, &keys)?.value();
        firm_actions::set_backup_recipients(w, &StaffScope::all(), &recipients)?.value();
        sessions::grant_password_link(w, id, digest)
    })?;
    store.close();
    Ok(())
}

fn config_text(plan: &Plan, key: &NewKey) -> String {
    let text = config::starting_file(&plan.url, &plan.data, &key.source());
    let host = if plan.url.is_loopback() { "127.0.0.1" } else { "0.0.0.0" };
    text.replace("zone = \"Europe/London\"", &format!("zone = \"{}\"", plan.zone))
        .replace("address = \"0.0.0.0:443\"", &format!("address = \"{host}:{}\"", plan.url.port()))
}

fn identity_text(identity: &BackupIdentity, firm: &str) -> String {
    format!(
        "# Opens the backups of {firm}'s Counterfoil. Keep it away from the server, in two places.\n# public key: {}\n{}\n",
        identity.recipient(),
        identity.reveal().as_str()
    )
}

fn explain(plan: &Plan, key: &NewKey, identity: &BackupIdentity, token: &Token) {
    let hours = SET_PASSWORD_HOURS;
    let link = plan.url.join(&format!("/password/{}", token.reveal()));
    let (data, config) = (house::data_file(&plan.data), plan.data.join(CONFIG_FILE));
    let (data, config) = (data.display(), config.display());
    let (key, identity_file) = (key_words(key), plan.identity_file.display());
    let (firm, owner, recipient) = (&plan.firm.party.name, &plan.owner.email, identity.recipient());
    terminal::say(&format!(
        "{firm} is set up.

Data file        {data}
                 All that the firm keeps, encrypted. Lost: gone, but for your backups.
{key}
Backup identity  {identity_file}
                 Opens backups; the server does not need it. Move it off this machine now, to two places. Lost: no
                 backup can be restored. Backups are encrypted to its public half:
                 {recipient}
Configuration    {config}
                 No secrets in it. Look through it: address, certificate, mail server.

1. Start:        counterfoil serve --config {config}
                 Browsers warn of its self-signed certificate until your own stands in the configuration.
2. Set your password, {owner}, within {hours} hours, with this link; it works once:
                 {link}
3. Back up:      counterfoil backup --config {config} --to FILE"
    ));
}

fn key_words(key: &NewKey) -> String {
    match key.file() {
        Some((path, _)) => format!(
            "Key              {}
                 Opens the data file; it is not kept inside. Lost: the data file is unreadable for everybody, you
                 included. Stolen together with the data file: everything can be read. Copy it to a place away from
                 this machine, and keep it off the disk that holds the data where you can.",
            path.display()
        ),
        None => "Passphrase       The one that you chose, asked for at every start.
                 Opens the data file; it is kept nowhere. Forgotten: the data file is unreadable for everybody, you
                 included. Write it down and keep it away from this machine. The server can't start by itself."
            .to_owned(),
    }
}
