//! The `[mail]` section: how letters leave. Refuses a way out on which they could be read.

use std::net::IpAddr;
use std::ops::Range;
use std::path::Path;

use super::reader::Document;
use super::sections::{Read, one_of, parsed, path};
use super::{DkimConfig, MailConfig, MailSecurity, MailTransport, SmtpConfig, is_host};

/// Connections to the mail server at once, and one more than the most.
const CONNECTIONS: u32 = 4;
const CONNECTIONS_END: u64 = 51;
/// Letters over one connection, and one more than the most, a minute too.
const LETTERS_PER_CONNECTION: u32 = 50;
const LETTERS_END: u64 = 100_001;

/// Reads the section; absent is `None`.
pub(super) fn mail(doc: &Document<'_>, folder: &Path) -> Read<Option<MailConfig>> {
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

/// Reads `[dkim]`; absent is `None`.
pub(super) fn dkim(doc: &Document<'_>, folder: &Path) -> Read<Option<DkimConfig>> {
    if !doc.has("dkim") {
        return Ok(None);
    }
    let selector =
        doc.text("dkim", "selector")?.ok_or_else(|| doc.missing("dkim", "selector", "selector = \"counterfoil\""))?;
    let label = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if !selector.value.bytes().all(label) {
        return Err(doc.refuse(&selector.at, "selector is no name of the DNS. Write: selector = \"counterfoil\""));
    }
    let key_file = path(doc, folder, "dkim", "key_file")?
        .ok_or_else(|| doc.missing("dkim", "key_file", "key_file = \"/etc/counterfoil/dkim.pem\""))?;
    let from = doc.text("mail", "from_address")?.map(|found| found.value).unwrap_or_default().to_ascii_lowercase();
    let sender = from.rsplit_once('@').map_or("", |x| x.1).to_owned();
    let domain = match doc.text("dkim", "domain")? {
        None => sender,
        Some(found) => {
            let domain = found.value.to_ascii_lowercase();
            // Only a signature of the sender's own domain, or of one above it, counts for DMARC.
            if sender != domain && !sender.ends_with(&format!(".{domain}")) {
                let message = format!("domain does not fit from_address, which is at {sender}. Leave it out.");
                return Err(doc.refuse(&found.at, message));
            }
            domain
        }
    };
    Ok(Some(DkimConfig { selector: selector.value, domain, key_file }))
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
    let words = "would send letters readable over the network";
    let security = security(doc, ("mail", "security"), &host.value, MailSecurity::StartTls, words)?;
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
        connections: count(doc, "connections", 1..CONNECTIONS_END, CONNECTIONS)?,
        letters_per_connection: count(doc, "letters_per_connection", 1..LETTERS_END, LETTERS_PER_CONNECTION)?,
        letters_per_minute: count(doc, "letters_per_minute", 0..LETTERS_END, 0)?,
    })
}

fn count(doc: &Document<'_>, key: &str, range: Range<u64>, default: u32) -> Read<u32> {
    let found = doc.number("mail", key, range)?;
    Ok(found.map_or(default, |found| u32::try_from(found.value).unwrap_or(u32::MAX)))
}

/// What protects a connection to `host`; without a word `usual` does. Nothing does only on this machine itself.
pub(super) fn security(
    doc: &Document<'_>,
    (section, key): (&str, &str),
    host: &str,
    usual: MailSecurity,
    danger: &str,
) -> Read<MailSecurity> {
    let Some(found) = doc.text(section, key)? else { return Ok(usual) };
    let known = [("starttls", MailSecurity::StartTls), ("tls", MailSecurity::Tls), ("none", MailSecurity::None)];
    let security = one_of(doc, &found, key, &known)?;
    let here =
        host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if security == MailSecurity::None && !here {
        let message = format!("{key} = \"none\" {danger}. Write: {key} = \"starttls\" or \"tls\"");
        return Err(doc.refuse(&found.at, message));
    }
    Ok(security)
}

pub(super) fn dns(doc: &Document<'_>) -> Read<Vec<IpAddr>> {
    let found = doc.texts("mail", "dns")?;
    found.iter().map(|server| parsed(doc, server, "dns", "dns = [\"192.0.2.53\"]")).collect()
}

pub(super) fn looks_like_mail(text: &str) -> bool {
    text.is_ascii()
        && !text.contains([' ', '<', '>', ',', ';', '"'])
        && text.rsplit_once('@').is_some_and(|(local, host)| !local.is_empty() && !local.contains('@') && is_host(host))
}
