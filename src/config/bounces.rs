//! The `[bounces]` section: where letters come back to that can't be delivered, a Maildir or a mailbox read by IMAP.

use std::net::IpAddr;
use std::path::Path;

use super::mail::{dns, looks_like_mail, security};
use super::reader::{Document, Found};
use super::sections::{Read, path};
use super::{BouncesConfig, BouncesPlace, ImapConfig, MailSecurity, is_host};

/// What only a mailbox that is read by IMAP has.
const IMAP_KEYS: [&str; 6] =
    ["imap_port", "imap_security", "imap_username", "imap_password_file", "imap_folder", "ca_file"];
/// Longest name of a folder, in bytes.
const FOLDER_MAX: usize = 250;

/// Reads `[bounces]`; absent is `None`.
pub(super) fn bounces(doc: &Document<'_>, folder: &Path) -> Read<Option<BouncesConfig>> {
    if !doc.has("bounces") {
        return Ok(None);
    }
    let maildir = path(doc, folder, "bounces", "maildir")?;
    let place = match (maildir, doc.text("bounces", "imap_host")?) {
        (Some(_), Some(host)) => {
            return Err(doc.refuse(
                &host.at,
                "maildir and imap_host are both given, and only one of them is read. Remove the line of the other.",
            ));
        }
        (None, None) => {
            return Err(doc.missing(
                "bounces",
                "maildir or imap_host",
                "maildir = \"/var/mail/counterfoil-bounces\", or imap_host = \"imap.example.com\"",
            ));
        }
        (Some(maildir), None) => {
            refuse_imap_keys(doc)?;
            BouncesPlace::Maildir(maildir)
        }
        (None, Some(host)) => BouncesPlace::Imap(imap(doc, folder, host)?),
    };
    let return_path = doc.text("bounces", "return_path")?;
    if let Some(found) = return_path.as_ref().filter(|found| !looks_like_mail(&found.value)) {
        return Err(
            doc.refuse(&found.at, "return_path is not an e-mail address. Write: return_path = \"bounces@example.com\"")
        );
    }
    Ok(Some(BouncesConfig { place, return_path: return_path.map(|found| found.value) }))
}

/// A setting that would be read by nobody is a slip of the hand.
fn refuse_imap_keys(doc: &Document<'_>) -> Read<()> {
    for key in IMAP_KEYS {
        if let Some(at) = doc.place("bounces", key) {
            return Err(doc.refuse(&at, format!("{key} goes with imap_host, not with maildir. Remove this line.")));
        }
    }
    Ok(())
}

fn imap(doc: &Document<'_>, folder: &Path, host: Found<String>) -> Read<ImapConfig> {
    if !is_host(&host.value.to_ascii_lowercase()) && host.value.parse::<IpAddr>().is_err() {
        return Err(doc.refuse(&host.at, "imap_host is not a host name. Write: imap_host = \"imap.example.com\""));
    }
    let words = "would send the password readable over the network";
    let security = security(doc, ("bounces", "imap_security"), &host.value, MailSecurity::Tls, words)?;
    let port = match (doc.number("bounces", "imap_port", 1..65_536)?, security) {
        (Some(port), _) => u16::try_from(port.value).unwrap_or(u16::MAX),
        (None, MailSecurity::Tls) => 993,
        (None, MailSecurity::StartTls | MailSecurity::None) => 143,
    };
    let username = doc
        .text("bounces", "imap_username")?
        .ok_or_else(|| doc.missing("bounces", "imap_username", "imap_username = \"bounces@example.com\""))?;
    let password_file = path(doc, folder, "bounces", "imap_password_file")?.ok_or_else(|| {
        doc.missing("bounces", "imap_password_file", "imap_password_file = \"/etc/counterfoil/imap-password\"")
    })?;
    let name = doc.text("bounces", "imap_folder")?;
    if let Some(found) = name.as_ref().filter(|found| found.value.len() > FOLDER_MAX) {
        return Err(doc.refuse(&found.at, "imap_folder is too long for a folder. Write: imap_folder = \"INBOX\""));
    }
    Ok(ImapConfig {
        host: host.value,
        port,
        security,
        username: username.value,
        password_file,
        folder: name.map_or_else(|| "INBOX".to_owned(), |found| found.value),
        ca_file: path(doc, folder, "bounces", "ca_file")?,
        dns: dns(doc)?,
    })
}
