//! What each section of the configuration means: from keys to types, with defaults and the rules between keys.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::reader::{ConfigError, Document, Found};
use super::{
    BackupConfig, BackupPlace, Config, DropConfig, ForwardedHeader, IpRange, KeySource, LimitsConfig, ListenConfig,
    PublicUrl, RemindersConfig, TlsConfig, is_host,
};

const DEFAULT_CACHE_MIB: u64 = 64;
const DEFAULT_UPLOAD_MIB: u64 = 25;
const DEFAULT_DOCUMENT_MIB: u64 = 2_048;
const DEFAULT_CLIENT_DOCUMENTS_MIB: u64 = 10_240;
const DEFAULT_DOCUMENTS_MIB: u64 = 51_200;
/// One more than the largest limit on documents, in MiB: a pebibyte.
const QUOTA_END_MIB: u64 = (1 << 30) + 1;
const DEFAULT_CONNECTIONS: u64 = 2_000;
const DEFAULT_CONNECTIONS_PER_ADDRESS: u64 = 128;
const DEFAULT_REMINDER_TIME: jiff::civil::Time = jiff::civil::time(8, 0, 0, 0);

const DEFAULT_BACKUP_TIME: jiff::civil::Time = jiff::civil::time(3, 15, 0, 0);
/// Days, weeks and months of which a backup stays.
const DEFAULT_KEEP: (u32, u32, u32) = (7, 5, 12);
/// One more than can be kept of each.
const KEEP_END: u64 = 10_001;
/// Seconds for which a dropped file must have stood still, and one more than the most.
const DEFAULT_SETTLE: u64 = 5;
const SETTLE_END: u64 = 3_601;
/// One more than the highest rate, in megabytes a second.
const RATE_END: u64 = 100_001;

pub(super) type Read<T> = Result<T, ConfigError>;

/// Reads every section; relative paths count from `folder`.
pub(super) fn read(doc: &Document<'_>, folder: &Path) -> Read<Config> {
    let url = public_url(doc)?;
    let listen = listen(doc, folder, &url)?;
    Ok(Config {
        data: path(doc, folder, "", "data")?
            .ok_or_else(|| doc.missing("", "data", "data = \"/var/lib/counterfoil\""))?,
        key: key(doc, folder)?,
        mail: super::mail::mail(doc, folder)?,
        bounces: super::bounces::bounces(doc, folder)?,
        dkim: super::mail::dkim(doc, folder)?,
        reminders: reminders(doc)?,
        backup: backup(doc, folder)?,
        s3: super::s3::s3(doc, folder)?,
        drop: drop(doc, folder)?,
        limits: limits(doc)?,
        listen,
        url,
    })
}

fn public_url(doc: &Document<'_>) -> Read<PublicUrl> {
    const EXAMPLE: &str = "url = \"https://portal.example.com\"";
    let found = doc.text("", "url")?.ok_or_else(|| doc.missing("", "url", EXAMPLE))?;
    let url: PublicUrl = parsed(doc, &found, "url", EXAMPLE)?;
    if !url.is_https() && !url.is_loopback() {
        let message =
            format!("url must start with https://, since {} is not this machine itself. Write: {EXAMPLE}", url.host());
        return Err(doc.refuse(&found.at, message));
    }
    Ok(url)
}

fn key(doc: &Document<'_>, folder: &Path) -> Read<KeySource> {
    const EXAMPLE: &str = "file = \"/etc/counterfoil/counterfoil.key\"";
    let file = path(doc, folder, "key", "file")?;
    let credential = doc.text("key", "credential")?;
    let prompt = doc.truth("key", "prompt")?.filter(|prompt| prompt.value);
    match (file, credential, prompt) {
        (Some(file), None, None) => Ok(KeySource::File(file)),
        (None, Some(name), None) => {
            if name.value.contains('/') || name.value.starts_with('.') {
                return Err(
                    doc.refuse(&name.at, "credential is a name, not a path. Write: credential = \"counterfoil.key\"")
                );
            }
            Ok(KeySource::Credential(name.value))
        }
        (None, None, Some(_)) => Ok(KeySource::Prompt),
        (None, None, None) => Err(doc.missing("key", "file, credential or prompt", EXAMPLE)),
        (_, credential, prompt) => {
            let at = prompt.map(|found| found.at).or(credential.map(|found| found.at)).unwrap_or_default();
            Err(doc.refuse(&at, "the key can come from one place only. Keep one of file, credential and prompt."))
        }
    }
}

fn listen(doc: &Document<'_>, folder: &Path, url: &PublicUrl) -> Read<ListenConfig> {
    const EXAMPLE: &str = "address = \"0.0.0.0:443\"";
    let address = doc.text("listen", "address")?.ok_or_else(|| doc.missing("listen", "address", EXAMPLE))?;
    let bound: SocketAddr = parsed(doc, &address, "address", EXAMPLE)?;
    let trusted_proxies = doc
        .texts("listen", "trusted_proxies")?
        .iter()
        .map(|item| parsed(doc, item, "trusted_proxies", "trusted_proxies = [\"127.0.0.1\"]"))
        .collect::<Read<Vec<IpRange>>>()?;
    let redirect_http = doc
        .text("listen", "redirect_http")?
        .map(|found| parsed(doc, &found, "redirect_http", "redirect_http = \"0.0.0.0:80\""))
        .transpose()?;
    let tls = tls(doc, folder, url, &address, bound, &trusted_proxies)?;
    Ok(ListenConfig {
        address: bound,
        tls,
        redirect_http,
        trusted_proxies,
        forwarded_header: forwarded_header(doc)?,
        extra_hosts: extra_hosts(doc)?,
    })
}

fn tls(
    doc: &Document<'_>,
    folder: &Path,
    url: &PublicUrl,
    address: &Found<String>,
    bound: SocketAddr,
    proxies: &[IpRange],
) -> Read<TlsConfig> {
    const EXAMPLE: &str = "tls = \"files\" (own certificate), \"self-signed\" or \"proxy\"";
    let mode = doc.text("listen", "tls")?.ok_or_else(|| doc.missing("listen", "tls", EXAMPLE))?;
    let certificate = path(doc, folder, "listen", "certificate")?;
    let private_key = path(doc, folder, "listen", "private_key")?;
    if mode.value != "files" && (certificate.is_some() || private_key.is_some()) {
        let message = "certificate and private_key belong to tls = \"files\". Write that, or remove the two lines.";
        return Err(doc.refuse(&mode.at, message));
    }
    if mode.value != "proxy" && !url.is_https() {
        return Err(doc.refuse(
            &mode.at,
            format!("url starts with http://, but tls = \"{}\" serves https. Write url = \"https://…\".", mode.value),
        ));
    }
    match mode.value.as_str() {
        "files" => Ok(TlsConfig::Files {
            certificate: certificate.ok_or_else(|| {
                doc.missing("listen", "certificate", "certificate = \"/etc/counterfoil/fullchain.pem\"")
            })?,
            private_key: private_key.ok_or_else(|| {
                doc.missing("listen", "private_key", "private_key = \"/etc/counterfoil/privkey.pem\"")
            })?,
        }),
        "self-signed" => Ok(TlsConfig::SelfSigned),
        "proxy" if !bound.ip().to_canonical().is_loopback() => {
            let message = format!(
                "with tls = \"proxy\" the portal speaks plain HTTP, so it listens on this machine only. Write: address = \"127.0.0.1:{}\"",
                bound.port()
            );
            Err(doc.refuse(&address.at, message))
        }
        "proxy" if proxies.is_empty() => Err(doc.missing(
            "listen",
            "trusted_proxies",
            "trusted_proxies = [\"127.0.0.1\"], the address the proxy connects from",
        )),
        "proxy" => Ok(TlsConfig::Proxy),
        other => {
            Err(doc.refuse(&mode.at, format!("tls = \"{}\" is not known. Write {EXAMPLE}.", other.escape_debug())))
        }
    }
}

fn forwarded_header(doc: &Document<'_>) -> Read<ForwardedHeader> {
    let Some(found) = doc.text("listen", "forwarded_header")? else { return Ok(ForwardedHeader::default()) };
    one_of(
        doc,
        &found,
        "forwarded_header",
        &[("x-forwarded-for", ForwardedHeader::XForwardedFor), ("forwarded", ForwardedHeader::Forwarded)],
    )
}

fn extra_hosts(doc: &Document<'_>) -> Read<Vec<String>> {
    doc.texts("listen", "extra_hosts")?
        .into_iter()
        .map(|found| {
            let host = found.value.to_ascii_lowercase();
            if is_host(&host) {
                return Ok(host);
            }
            Err(doc.refuse(
                &found.at,
                "extra_hosts are host names without scheme and port. Write: extra_hosts = [\"portal.lan\"]",
            ))
        })
        .collect()
}

fn reminders(doc: &Document<'_>) -> Read<RemindersConfig> {
    const EXAMPLE: &str = "zone = \"Europe/London\"";
    let zone = match doc.text("reminders", "zone")? {
        Some(found) if jiff::tz::TimeZone::get(&found.value).is_err() => {
            let message = format!(
                "zone \"{}\" is not a time zone. Write its IANA name, for example: {EXAMPLE}",
                found.value.escape_debug()
            );
            return Err(doc.refuse(&found.at, message));
        }
        Some(found) => found.value,
        None => "UTC".to_owned(),
    };
    let time = match doc.text("reminders", "time")? {
        Some(found) => time_of_day(&found.value).ok_or_else(|| {
            doc.refuse(&found.at, "time is not a time of day. Write hours and minutes: time = \"08:00\"")
        })?,
        None => DEFAULT_REMINDER_TIME,
    };
    Ok(RemindersConfig { enabled: doc.truth("reminders", "enabled")?.is_none_or(|found| found.value), zone, time })
}

fn backup(doc: &Document<'_>, folder: &Path) -> Read<Option<BackupConfig>> {
    if !doc.has("backup") {
        return Ok(None);
    }
    let place = backup_place(doc, folder)?;
    let drill = doc.truth("backup", "drill")?.is_none_or(|found| found.value);
    let scratch = match (path(doc, folder, "backup", "scratch")?, &place) {
        (Some(scratch), _) => scratch,
        (None, BackupPlace::Folder(folder)) => folder.clone(),
        (None, BackupPlace::Bucket(_)) if drill => {
            return Err(doc.missing("backup", "scratch", "scratch = \"/var/tmp\", where each is restored on trial"));
        }
        (None, BackupPlace::Bucket(_)) => PathBuf::new(),
    };
    let at = match doc.text("backup", "at")? {
        Some(found) => time_of_day(&found.value)
            .ok_or_else(|| doc.refuse(&found.at, "at is not a time of day. Write hours and minutes: at = \"03:15\""))?,
        None => DEFAULT_BACKUP_TIME,
    };
    let number = |key, max, default| -> Read<u32> {
        let found = doc.number("backup", key, 0..max)?;
        Ok(found.map_or(default, |found| u32::try_from(found.value).unwrap_or(default)))
    };
    Ok(Some(BackupConfig {
        at,
        keep_daily: number("keep_daily", KEEP_END, DEFAULT_KEEP.0)?,
        keep_weekly: number("keep_weekly", KEEP_END, DEFAULT_KEEP.1)?,
        keep_monthly: number("keep_monthly", KEEP_END, DEFAULT_KEEP.2)?,
        incremental: doc.truth("backup", "incremental")?.is_some_and(|found| found.value),
        rate: number("rate", RATE_END, 0)?,
        drill,
        scratch,
        place,
    }))
}

fn backup_place(doc: &Document<'_>, folder: &Path) -> Read<BackupPlace> {
    let bucket = doc.truth("backup", "s3")?.filter(|found| found.value);
    match (path(doc, folder, "backup", "folder")?, bucket) {
        (Some(folder), None) => Ok(BackupPlace::Folder(folder)),
        (Some(_), Some(found)) => {
            Err(doc.refuse(&found.at, "folder and s3 exclude each other. Leave one of them out."))
        }
        (None, Some(found)) => super::s3::s3(doc, folder)?.map(BackupPlace::Bucket).ok_or_else(|| {
            doc.refuse(&found.at, "s3 = true needs a section [s3] that names the bucket; see config.example.toml.")
        }),
        (None, None) => Err(doc.missing("backup", "folder", "folder = \"/var/backups/counterfoil\"")),
    }
}

fn drop(doc: &Document<'_>, folder: &Path) -> Read<Option<DropConfig>> {
    const EXAMPLE: &str = "folder = \"/var/spool/counterfoil\"";
    if !doc.has("drop") {
        return Ok(None);
    }
    let settle = doc.number("drop", "settle_seconds", 1..SETTLE_END)?.map_or(DEFAULT_SETTLE, |found| found.value);
    Ok(Some(DropConfig {
        folder: path(doc, folder, "drop", "folder")?.ok_or_else(|| doc.missing("drop", "folder", EXAMPLE))?,
        pattern: doc.text("drop", "pattern")?.map(|found| found.value),
        settle,
    }))
}

fn limits(doc: &Document<'_>) -> Read<LimitsConfig> {
    let number = |key, range, default| Ok(doc.number("limits", key, range)?.map_or(default, |found| found.value));
    let count = |key, range, default| Ok(usize::try_from(number(key, range, default)?).unwrap_or(usize::MAX));
    Ok(LimitsConfig {
        cache_mib: number("cache_mib", 1..65_537, DEFAULT_CACHE_MIB)?,
        upload_mib: number("upload_mib", 1..1_025, DEFAULT_UPLOAD_MIB)?,
        document_mib: number("document_mib", 1..2_049, DEFAULT_DOCUMENT_MIB)?,
        client_documents_mib: number("client_documents_mib", 1..QUOTA_END_MIB, DEFAULT_CLIENT_DOCUMENTS_MIB)?,
        documents_mib: number("documents_mib", 1..QUOTA_END_MIB, DEFAULT_DOCUMENTS_MIB)?,
        connections: count("connections", 8..100_001, DEFAULT_CONNECTIONS)?,
        connections_per_address: count("connections_per_address", 4..100_001, DEFAULT_CONNECTIONS_PER_ADDRESS)?,
    })
}

fn time_of_day(text: &str) -> Option<jiff::civil::Time> {
    let (hours, minutes) = text.split_once(':')?;
    let two_digits = |part: &str| (part.len() == 2).then(|| part.parse::<i8>().ok()).flatten();
    jiff::civil::Time::new(two_digits(hours)?, two_digits(minutes)?, 0, 0).ok()
}

pub(super) fn path(doc: &Document<'_>, folder: &Path, section: &str, key: &str) -> Read<Option<PathBuf>> {
    Ok(doc.text(section, key)?.map(|found| folder.join(found.value)))
}

pub(super) fn parsed<T: FromStr>(doc: &Document<'_>, found: &Found<String>, key: &str, example: &str) -> Read<T>
where
    T::Err: std::fmt::Display,
{
    found.value.parse().map_err(|why| {
        doc.refuse(
            &found.at,
            format!("{key} \"{}\" is refused: {why}. Write for example: {example}", found.value.escape_debug()),
        )
    })
}

pub(super) fn one_of<T: Copy>(doc: &Document<'_>, found: &Found<String>, key: &str, known: &[(&str, T)]) -> Read<T> {
    known.iter().find(|(word, _)| *word == found.value).map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<String> = known.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let message =
            format!("{key} = \"{}\" is not known. Write one of: {}.", found.value.escape_debug(), words.join(", "));
        doc.refuse(&found.at, message)
    })
}
