//! From a configuration to a running house: the data file opened with its key, and the [`App`] put together.
//!
//! Used by every command that touches a data file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::{Failure, terminal};
use crate::app::{App, BackupPlan, BouncePlan, DropPlan, FileLimits, PassedOver, Settings};
use crate::clock::Clock;
use crate::config::{
    self, BackupConfig, BouncesConfig, BouncesPlace, Config, DropConfig, ImapConfig, KeySource, MailConfig,
    MailSecurity, MailTransport, SmtpConfig,
};
use crate::documents::Fonts;
use crate::domain::backup::Keep;
use crate::domain::drop::NamePattern;
use crate::domain::firm::Firm;
use crate::domain::reminder::Policy;
use crate::mail::dkim::Signer;
use crate::mail::imap::{ImapMailbox, ImapSettings};
use crate::mail::returns::{Health, ReturnPlace};
use crate::mail::{FolderMailer, Limits, Mailer, Password, Security, SmtpMailer, SmtpSettings, Timeouts};
use crate::secrets::Entropy;
use crate::store::CACHE_DEFAULT;
use crate::store::crypt::{self, OpenError};
use crate::store::keys::{Secret, key_from_text};
use crate::store::migrate::{self, CURRENT, Schema};
use crate::store::prelude::*;

/// The data file's name in the data folder.
pub const DATA_FILE: &str = "firm.counterfoil";
/// What follows the data folder's name in that of the file with the backup identity.
pub const IDENTITY_ENDING: &str = ".backup-identity.txt";
/// The folder that systemd hands credentials over in.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Why a passphrase can't be asked for.
const BY_HAND: &str = "With prompt = true under [key] somebody types it at every start: run this from a terminal. A \
                       server that starts by itself needs a key file or a credential.";

/// The data file of a data folder.
pub fn data_file(data: &Path) -> PathBuf {
    data.join(DATA_FILE)
}

/// A path beside the data folder: its name with another ending, so that a copied folder does not take it along.
pub fn beside(data: &Path, ending: &str) -> PathBuf {
    let mut name = data.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    data.with_file_name(name)
}

/// Where the data file that `config` names lies.
///
/// # Errors
/// A sentence when it is not there.
pub fn find_data_file(config: &Config) -> Result<PathBuf, Failure> {
    let path = data_file(&config.data);
    match path.symlink_metadata() {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(about(&path, &OpenError::NotFound)),
        _ => Ok(path),
    }
}

/// Refuses a data file that another process has open, or that can't be written, before anything else is asked or
/// started.
///
/// # Errors
/// Names that process, or says what to look at.
pub fn refuse_in_use(path: &Path) -> Result<(), Failure> {
    match crypt::FileDisk::open(path) {
        Err(error @ (OpenError::Locked { .. } | OpenError::ReadOnly)) => Err(about(path, &error)),
        // Whatever else is wrong is said when it is opened.
        _ => Ok(()),
    }
}

/// Opens the data file that `config` names, with the key that it names.
///
/// # Errors
/// A sentence: no key, the wrong key, in use by another process, damaged, of a newer version.
pub fn open_store(config: &Config, entropy: &Entropy) -> Result<Store, Failure> {
    let path = find_data_file(config)?;
    open_with(&path, &secret(&config.key)?, config.limits.cache_bytes(), false, entropy)
}

/// Opens a data file with its key; with `check`, every page is read first.
///
/// # Errors
/// As [`open_store`].
pub fn open_with(path: &Path, secret: &Secret, cache: usize, check: bool, entropy: &Entropy) -> Result<Store, Failure> {
    let opened = crypt::open(path, secret, entropy).map_err(|e| about(path, &e))?;
    if opened.mended {
        tracing::warn!("one of two copies of a header differed and was written again, as after a crash");
    }
    tracing::debug!(sequence = opened.sequence, "the data file is open");
    let check = check || opened.needs_check;
    match Store::open(opened.backend, cache, check) {
        Err(StoreError::OlderSchema { found, .. }) if !CURRENT.steps.is_empty() => {
            bring_up(path, secret, found, entropy)?;
            let opened = crypt::open(path, secret, entropy).map_err(|e| about(path, &e))?;
            Ok(Store::open(opened.backend, cache, check)?)
        }
        opened => Ok(opened?),
    }
}

/// Opens a data file as one of `schema`, for a restore that fills it with a backup of that schema.
///
/// # Errors
/// As [`open_store`].
pub fn open_as(path: &Path, secret: &Secret, schema: &Schema, entropy: &Entropy) -> Result<Store, Failure> {
    let opened = crypt::open(path, secret, entropy).map_err(|e| about(path, &e))?;
    Ok(Store::open_as(opened.backend, CACHE_DEFAULT, false, schema)?)
}

/// Takes a file of an earlier version along, and says so.
fn bring_up(path: &Path, secret: &Secret, found: u32, entropy: &Entropy) -> Result<(), Failure> {
    let bar = terminal::bar("Migrating");
    let copy = migrate::bring_up(path, secret, found, &CURRENT, entropy, |done, all| {
        bar.set_length(u64::from(all - found));
        bar.set_position(u64::from(done - found));
    })?;
    bar.finish_and_clear();
    terminal::complain(&format!(
        "The data file was of an earlier version and has schema {} now. As it was, it is kept as {}; it opens with the \
         same key.",
        CURRENT.version,
        copy.display()
    ));
    Ok(())
}

/// What is wrong with the data file at `path`, in a sentence.
pub fn about(path: &Path, error: &OpenError) -> Failure {
    Failure::new(format!("{}: {error}", path.display()))
}

/// The secret that opens the data file.
///
/// # Errors
/// When it is missing, readable by others, or no key.
pub fn secret(source: &KeySource) -> Result<Secret, Failure> {
    let parse = |bytes: &[u8], place: String| {
        let text = std::str::from_utf8(bytes).map_err(|_| Failure::new(format!("{place} holds no key.")))?;
        if let Some(identity) = Secret::age_identity(text) {
            return Ok(identity);
        }
        let key = key_from_text(text).map_err(|e| Failure::new(format!("{place}: {e}")))?;
        Ok(Secret::KeyFile(key))
    };
    match source {
        KeySource::File(path) => parse(&config::read_secret(path)?, path.display().to_string()),
        KeySource::Credential(name) => {
            let folder = std::env::var_os(CREDENTIALS).map(PathBuf::from);
            let bytes = config::read_credential(name, folder.as_deref())?;
            parse(&bytes, format!("the credential \"{name}\""))
        }
        KeySource::Prompt => Ok(Secret::Passphrase(terminal::ask_secret("Passphrase of the data file", BY_HAND)?)),
    }
}

/// Puts the house together around an open store.
///
/// # Errors
/// When the store was never set up, or the mail settings can't be used.
pub fn build_app(config: &Config, store: Store, clock: Clock, entropy: Entropy) -> Result<App, Failure> {
    let firm = store.read(|r| r.firm())?;
    let settings = settings(config, &firm)?;
    let mailer = Arc::new(mailer(config)?);
    Ok(App {
        store,
        clock,
        entropy,
        mailer,
        fonts: Arc::new(Fonts::embedded()),
        settings: Arc::new(settings),
        wake: Arc::default(),
        points: Arc::default(),
    })
}

/// The firm's time zone.
///
/// # Errors
/// When it is unknown.
pub fn zone(config: &Config) -> Result<TimeZone, Failure> {
    let zone = &config.reminders.zone;
    TimeZone::get(zone).map_err(|_| Failure::new(format!("{zone} is no time zone.")))
}

/// What entrances need to know of the configuration and the firm.
///
/// # Errors
/// When the time zone is unknown.
pub fn settings(config: &Config, firm: &Firm) -> Result<Settings, Failure> {
    Ok(Settings {
        url: config.url.origin(),
        zone: zone(config)?,
        from: sender(config, firm),
        reply_to: config.mail.as_ref().and_then(|mail| mail.reply_to.clone()),
        upload_max: config.limits.upload_bytes(),
        files: file_limits(config),
        backup: config.backup.as_ref().map(backup_plan),
        drop: config.drop.as_ref().map(drop_plan).transpose()?,
        bounces: config.bounces.as_ref().map(bounce_plan).transpose()?,
        demo: false,
    })
}

/// What documents may take.
pub fn file_limits(config: &Config) -> FileLimits {
    let limits = &config.limits;
    FileLimits::of_mib(limits.document_mib, limits.client_documents_mib, limits.documents_mib)
}

fn drop_plan(drop: &DropConfig) -> Result<DropPlan, Failure> {
    let wrong = |why| Failure::new(format!("[drop] pattern: {why}."));
    let pattern = drop.pattern.as_deref().map(NamePattern::parse).transpose().map_err(wrong)?;
    let settle = SignedDuration::from_secs(i64::try_from(drop.settle).unwrap_or(i64::MAX));
    Ok(DropPlan { folder: drop.folder.clone(), pattern, settle, passed: PassedOver::default() })
}

/// Where letters come back to.
///
/// # Errors
/// When the settings of the mailbox can't be used.
pub fn bounce_plan(bounces: &BouncesConfig) -> Result<BouncePlan, Failure> {
    let place = match &bounces.place {
        BouncesPlace::Maildir(path) => ReturnPlace::Maildir(path.clone()),
        BouncesPlace::Imap(imap) => {
            let made = ImapMailbox::new(imap_settings(imap)?);
            ReturnPlace::Imap(Arc::new(made.map_err(|e| Failure::new(format!("[bounces]: {e}.")))?))
        }
    };
    Ok(BouncePlan { place, return_path: bounces.return_path.clone(), health: Health::default() })
}

fn imap_settings(imap: &ImapConfig) -> Result<ImapSettings, Failure> {
    let (connect_timeout, answer_timeout) = ImapSettings::TIMEOUTS;
    Ok(ImapSettings {
        host: imap.host.clone(),
        port: imap.port,
        security: protection(imap.security),
        username: imap.username.clone(),
        password: Password::new(config::read_secret_line(&imap.password_file)?.to_string()),
        folder: imap.folder.clone(),
        ca_file: imap.ca_file.clone(),
        dns: imap.dns.clone(),
        connect_timeout,
        answer_timeout,
    })
}

fn protection(security: MailSecurity) -> Security {
    match security {
        MailSecurity::StartTls => Security::StartTls,
        MailSecurity::Tls => Security::Tls,
        MailSecurity::None => Security::PlainLoopback,
    }
}

fn backup_plan(backup: &BackupConfig) -> BackupPlan {
    BackupPlan {
        place: backup.place.clone(),
        incremental: backup.incremental,
        at: backup.at,
        keep: Keep { daily: backup.keep_daily, weekly: backup.keep_weekly, monthly: backup.keep_monthly },
        rate: backup.rate,
        scratch: backup.drill.then(|| backup.scratch.clone()),
        config: None,
    }
}

/// The policy that a data file begins with: the standard one, with what an older configuration says.
pub fn first_policy(config: &Config) -> Policy {
    let mut policy = Policy::standard();
    if !config.reminders.enabled {
        policy.steps.clear();
    }
    policy.at = config.reminders.time;
    if policy.window_end <= policy.at {
        policy.window_end = jiff::civil::time(23, 59, 59, 0);
    }
    policy
}

fn sender(config: &Config, firm: &Firm) -> (String, String) {
    match &config.mail {
        Some(MailConfig { from_name, from_address, .. }) => {
            (from_name.clone().unwrap_or_else(|| firm.party.name.clone()), from_address.clone())
        }
        None => (firm.party.name.clone(), format!("portal@{}", config.url.host())),
    }
}

/// The way out that the configuration names.
///
/// # Errors
/// When its settings can't be used.
pub fn mailer(config: &Config) -> Result<Mailer, Failure> {
    match config.mail.as_ref().map(|mail| &mail.transport) {
        None => Ok(Mailer::Nowhere),
        Some(MailTransport::Folder(folder)) => Ok(Mailer::Folder(FolderMailer::new(folder.clone()))),
        Some(MailTransport::Smtp(smtp)) => {
            let mut settings = smtp_settings(smtp, config.url.host())?;
            settings.dkim = signer(config)?;
            let made = SmtpMailer::new(settings).map_err(|e| Failure::new(format!("[mail]: {e}.")))?;
            Ok(Mailer::Smtp(Box::new(made)))
        }
    }
}

/// What signs letters, as `[dkim]` names it.
///
/// # Errors
/// When the key can't be used.
pub fn signer(config: &Config) -> Result<Option<Signer>, Failure> {
    let Some(dkim) = &config.dkim else { return Ok(None) };
    let made = Signer::from_file(&dkim.domain, &dkim.selector, &dkim.key_file);
    Ok(Some(made.map_err(|fault| Failure::new(format!("[dkim]: {fault}.")))?))
}

fn smtp_settings(smtp: &SmtpConfig, host: &str) -> Result<SmtpSettings, Failure> {
    let password = match &smtp.password_file {
        Some(path) => Some(Password::new(config::read_secret_line(path)?.to_string())),
        None => None,
    };
    Ok(SmtpSettings {
        host: smtp.host.clone(),
        port: smtp.port,
        security: protection(smtp.security),
        username: smtp.username.clone(),
        password,
        ca_file: smtp.ca_file.clone(),
        hello_name: smtp.hello_name.clone().unwrap_or_else(|| host.to_owned()),
        dns: smtp.dns.clone(),
        dkim: None,
        limits: Limits {
            connections: smtp.connections,
            per_connection: smtp.letters_per_connection,
            per_minute: smtp.letters_per_minute,
        },
        timeouts: Timeouts::default(),
    })
}
