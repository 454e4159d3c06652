//! What each section of the configuration means: from keys to types, with defaults and the rules between keys.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::reader::{ConfigError, Document, Found};
use super::{
    Config, ForwardedHeader, IpRange, KeySource, LimitsConfig, ListenConfig, MailConfig, MailSecurity, MailTransport,
    PublicUrl, RemindersConfig, SmtpConfig, TlsConfig, is_host,
};

const DEFAULT_CACHE_MIB: u64 = 64;
const DEFAULT_UPLOAD_MIB: u64 = 25;
const DEFAULT_CONNECTIONS: u64 = 2_000;
const DEFAULT_CONNECTIONS_PER_ADDRESS: u64 = 128;
const DEFAULT_REMINDER_TIME: jiff::civil::Time = jiff::civil::time(8, 0, 0, 0);
const DNS_PORT: u16 = 53;

type Read<T> = Result<T, ConfigError>;

/// Reads every section; relative paths count from `folder`.
pub(super) fn read(doc: &Document<'_>, folder: &Path) -> Read<Config> {
    let url = public_url(doc)?;
    let listen = listen(doc, folder, &url)?;
    Ok(Config {
        data: path(doc, folder, "", "data")?
            .ok_or_else(|| doc.missing("", "data", "data = \"/var/lib/counterfoil\""))?,
        key: key(doc, folder)?,
        mail: mail(doc, folder)?,
        reminders: reminders(doc)?,
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

fn mail(doc: &Document<'_>, folder: &Path) -> Read<Option<MailConfig>> {
    if !doc.has("mail") {
        return Ok(None);
    }
    const EXAMPLE: &str = "from_address = \"billing@example.com\"";
    let from = doc.text("mail", "from_address")?.ok_or_else(|| doc.missing("mail", "from_address", EXAMPLE))?;
    let reply_to = doc.text("mail", "reply_to")?;
    for (found, key) in [(Some(&from), "from_address"), (reply_to.as_ref(), "reply_to")] {
        if let Some(found) = found.filter(|found| !looks_like_mail(&found.value)) {
            let message =
                format!("{key} is not an e-mail address. Write the address alone: {key} = \"billing@example.com\"");
            return Err(doc.refuse(&found.at, message));
        }
    }
    Ok(Some(MailConfig {
        transport: mail_transport(doc, folder)?,
        from_address: from.value,
        from_name: doc.text("mail", "from_name")?.map(|found| found.value),
        reply_to: reply_to.map(|found| found.value),
    }))
}

fn mail_transport(doc: &Document<'_>, folder: &Path) -> Read<MailTransport> {
    let found = doc.text("mail", "transport")?.ok_or_else(|| {
        doc.missing("mail", "transport", "transport = \"smtp\" (or \"folder\", for trying things out)")
    })?;
    if one_of(doc, &found, "transport", &[("smtp", true), ("folder", false)])? {
        return Ok(MailTransport::Smtp(smtp(doc, folder)?));
    }
    path(doc, folder, "mail", "folder")?
        .map(MailTransport::Folder)
        .ok_or_else(|| doc.missing("mail", "folder", "folder = \"letters\""))
}

fn smtp(doc: &Document<'_>, folder: &Path) -> Read<SmtpConfig> {
    let host = doc.text("mail", "host")?.ok_or_else(|| doc.missing("mail", "host", "host = \"smtp.example.com\""))?;
    if !is_host(&host.value.to_ascii_lowercase()) && host.value.parse::<IpAddr>().is_err() {
        return Err(doc.refuse(&host.at, "host is not a host name. Write: host = \"smtp.example.com\""));
    }
    let security = smtp_security(doc, &host.value)?;
    let port = match (doc.number("mail", "port", 1..65_536)?, security) {
        (Some(port), _) => u16::try_from(port.value).unwrap_or(u16::MAX),
        (None, MailSecurity::StartTls) => 587,
        (None, MailSecurity::Tls) => 465,
        (None, MailSecurity::None) => 25,
    };
    let username = doc.text("mail", "username")?;
    let password_file = path(doc, folder, "mail", "password_file")?;
    match (&username, &password_file) {
        (Some(_), None) => {
            return Err(doc.missing("mail", "password_file", "password_file = \"/etc/counterfoil/smtp-password\""));
        }
        (None, Some(_)) => return Err(doc.missing("mail", "username", "username = \"billing@example.com\"")),
        _ => {}
    }
    Ok(SmtpConfig {
        host: host.value,
        port,
        security,
        username: username.map(|found| found.value),
        password_file,
        ca_file: path(doc, folder, "mail", "ca_file")?,
        hello_name: doc.text("mail", "hello_name")?.map(|found| found.value),
        dns: dns(doc)?,
    })
}

fn smtp_security(doc: &Document<'_>, host: &str) -> Read<MailSecurity> {
    let Some(found) = doc.text("mail", "security")? else { return Ok(MailSecurity::StartTls) };
    let known = [("starttls", MailSecurity::StartTls), ("tls", MailSecurity::Tls), ("none", MailSecurity::None)];
    let security = one_of(doc, &found, "security", &known)?;
    let here =
        host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if security == MailSecurity::None && !here {
        let message = "security = \"none\" would send letters readable over the network. Write: security = \"starttls\" or \"tls\"";
        return Err(doc.refuse(&found.at, message));
    }
    Ok(security)
}

fn dns(doc: &Document<'_>) -> Read<Vec<SocketAddr>> {
    doc.texts("mail", "dns")?
        .iter()
        .map(|found| match found.value.parse::<IpAddr>() {
            Ok(address) => Ok(SocketAddr::new(address, DNS_PORT)),
            Err(_) => parsed(doc, found, "dns", "dns = [\"192.0.2.53\"]"),
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

fn limits(doc: &Document<'_>) -> Read<LimitsConfig> {
    let number = |key, range, default| Ok(doc.number("limits", key, range)?.map_or(default, |found| found.value));
    let count = |key, range, default| Ok(usize::try_from(number(key, range, default)?).unwrap_or(usize::MAX));
    Ok(LimitsConfig {
        cache_mib: number("cache_mib", 1..65_537, DEFAULT_CACHE_MIB)?,
        upload_mib: number("upload_mib", 1..1_025, DEFAULT_UPLOAD_MIB)?,
        connections: count("connections", 8..100_001, DEFAULT_CONNECTIONS)?,
        connections_per_address: count("connections_per_address", 4..100_001, DEFAULT_CONNECTIONS_PER_ADDRESS)?,
    })
}

fn time_of_day(text: &str) -> Option<jiff::civil::Time> {
    let (hours, minutes) = text.split_once(':')?;
    let two_digits = |part: &str| (part.len() == 2).then(|| part.parse::<i8>().ok()).flatten();
    jiff::civil::Time::new(two_digits(hours)?, two_digits(minutes)?, 0, 0).ok()
}

fn looks_like_mail(text: &str) -> bool {
    text.is_ascii()
        && !text.contains([' ', '<', '>', ',', ';', '"'])
        && text.rsplit_once('@').is_some_and(|(local, host)| !local.is_empty() && !local.contains('@') && is_host(host))
}

fn path(doc: &Document<'_>, folder: &Path, section: &str, key: &str) -> Read<Option<PathBuf>> {
    Ok(doc.text(section, key)?.map(|found| folder.join(found.value)))
}

fn parsed<T: FromStr>(doc: &Document<'_>, found: &Found<String>, key: &str, example: &str) -> Read<T>
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

fn one_of<T: Copy>(doc: &Document<'_>, found: &Found<String>, key: &str, known: &[(&str, T)]) -> Read<T> {
    known.iter().find(|(word, _)| *word == found.value).map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<String> = known.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let message =
            format!("{key} = \"{}\" is not known. Write one of: {}.", found.value.escape_debug(), words.join(", "));
        doc.refuse(&found.at, message)
    })
}
