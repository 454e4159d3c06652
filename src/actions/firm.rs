//! Setting up the firm and changing its particulars.

use jiff::tz::TimeZone;

use super::people::{self, NewStaff};
use super::{notices, unchanged};
use crate::domain::access::{Act, StaffScope};
use crate::domain::backup::{PASSPHRASES_MAX, SealedIdentity};
use crate::domain::event::Event;
use crate::domain::firm::{Firm, Logo};
use crate::domain::ids::{Digest, FileRef, StaffId};
use crate::domain::refusal::Refusal;
use crate::store::chain::EvidenceKeys;
use crate::store::prelude::*;

/// Makes the firm of an empty data file, with its first owner and the keys of its evidence.
///
/// # Errors
/// When the file is set up already, or can't be written.
pub fn set_up(
    w: &mut WriteTx<'_>,
    firm: &Firm,
    owner: &NewStaff,
    keys: &EvidenceKeys,
) -> Result<Done<StaffId>, ActError> {
    if w.is_set_up()? {
        return Err(StoreError::Broken("it is set up already".to_owned()).into());
    }
    w.put_firm(firm)?;
    w.put_evidence_keys(keys)?;
    let recorded = w.record(About::FIRM, Event::FirmSetUp { name: firm.party.name.clone() })?;
    let owner = people::found_staff(w, &StaffScope::all(), owner)?.value();
    Ok(recorded.done(owner))
}

/// What of the firm the settings' form holds: all but the logo, which has a form of its own.
pub fn typed(firm: &Firm) -> Firm {
    Firm { logo: None, ..firm.clone() }
}

/// Whether letters to clients would name another way to reach the firm: address, telephone, or who answers.
pub fn reached_otherwise(old: &Firm, new: &Firm) -> bool {
    old.email != new.email || old.phone != new.phone || old.correspondent != new.correspondent
}

/// Changes the firm's particulars. Issued documents keep what they were issued with. The logo is kept as it is; see
/// [`change_logo`]. Other bank details, and another way to reach the firm, are told to every owner.
///
/// # Errors
/// When the role does not allow it, or the particulars are no longer the `known` ones, which whoever changes them
/// confirmed to replace.
pub fn change(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    zone: &TimeZone,
    (firm, known): (&Firm, &Firm),
    what: &str,
) -> Result<Done<()>, ActError> {
    scope.may(Act::Govern)?;
    let old = w.firm()?;
    unchanged(Some(&typed(&old)), &typed(known))?;
    w.put_firm(&Firm { logo: old.logo.clone(), ..firm.clone() })?;
    if firm.bank != old.bank {
        notices::bank_changed(w, zone)?;
    }
    if reached_otherwise(&old, firm) {
        notices::reached_otherwise(w, zone)?;
    }
    Ok(w.record(About::FIRM, Event::FirmChanged { what: what.to_owned() })?.done(()))
}

/// Sets the age recipients that backups are encrypted to. The caller checked that they are some.
///
/// # Errors
/// When the role does not allow it.
pub fn set_backup_recipients(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    recipients: &[String],
) -> Result<Done<()>, ActError> {
    scope.may(Act::Govern)?;
    w.put_backup_recipients(recipients)?;
    Ok(w.record(About::FIRM, Event::FirmChanged { what: "backup recipients".to_owned() })?.done(()))
}

/// Encrypts the backups from now on to another recipient as well. The caller checked that it is one.
///
/// # Errors
/// When it is one already, or the store fails.
pub fn add_backup_recipient(w: &mut WriteTx<'_>, recipient: &str) -> Result<Done<()>, ActError> {
    add_recipient(w, recipient, None)
}

/// As [`add_backup_recipient`]; from now on every backup carries the identity, which a passphrase opens.
///
/// # Errors
/// As [`add_backup_recipient`], or when there are too many of them.
pub fn add_backup_passphrase(w: &mut WriteTx<'_>, identity: &SealedIdentity) -> Result<Done<()>, ActError> {
    add_recipient(w, &identity.recipient, Some(identity))
}

fn add_recipient(w: &mut WriteTx<'_>, recipient: &str, with: Option<&SealedIdentity>) -> Result<Done<()>, ActError> {
    let (mut all, mut sealed) = (w.backup_recipients()?, w.sealed_identities()?);
    if all.iter().any(|known| known == recipient) {
        return Err(Refusal::RecipientKnown.into());
    }
    if with.is_some() && sealed.len() >= PASSPHRASES_MAX {
        return Err(Refusal::PassphrasesFull(PASSPHRASES_MAX).into());
    }
    all.push(recipient.to_owned());
    w.put_backup_recipients(&all)?;
    if let Some(identity) = with {
        sealed.push(identity.clone());
        w.put_sealed_identities(sealed)?;
    }
    let by = if with.is_some() { ", whose identity a passphrase opens" } else { "" };
    let what = format!("backups are encrypted to {recipient} as well{by}");
    Ok(w.record(About::FIRM, Event::FirmChanged { what })?.done(()))
}

/// The identity of a recipient of backups as its passphrase seals it, for an owner to keep.
///
/// # Errors
/// When the role does not allow it, no passphrase opens the identity of this recipient, or the store fails.
pub fn take_sealed_identity(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    recipient: &str,
) -> Result<Done<Vec<u8>>, ActError> {
    scope.may(Act::Govern)?;
    let sealed = w.sealed_identities()?.into_iter().find(|identity| identity.recipient == recipient);
    let file = sealed.ok_or(Refusal::IdentityUnknown)?.file;
    let what = Event::IdentityDownloaded { recipient: recipient.to_owned() };
    Ok(w.record(About::FIRM, what)?.done(file))
}

/// Encrypts the backups from now on no longer to this recipient.
///
/// # Errors
/// When it is none, or the last one, without whom nobody could read a backup; or the store fails.
pub fn remove_backup_recipient(w: &mut WriteTx<'_>, recipient: &str) -> Result<Done<()>, ActError> {
    let mut all = w.backup_recipients()?;
    let known = all.len();
    all.retain(|other| other != recipient);
    match all.len() {
        same if same == known => return Err(Refusal::RecipientUnknown.into()),
        0 => return Err(Refusal::LastRecipient.into()),
        _ => {}
    }
    w.put_backup_recipients(&all)?;
    let mut sealed = w.sealed_identities()?;
    let known = sealed.len();
    sealed.retain(|identity| identity.recipient != recipient);
    if sealed.len() < known {
        w.put_sealed_identities(sealed)?;
    }
    let what = format!("backups are no longer encrypted to {recipient}");
    Ok(w.record(About::FIRM, Event::FirmChanged { what })?.done(()))
}

/// Notes that a backup was made and handed over.
///
/// # Errors
/// When the store fails.
pub fn note_backup(w: &mut WriteTx<'_>, bytes: u64, digest: Digest) -> Result<Done<()>, ActError> {
    Ok(w.record(About::FIRM, Event::BackupMade { bytes, digest })?.done(()))
}

/// Notes that everything was written out as an archive.
///
/// # Errors
/// When the store fails.
pub fn note_export(w: &mut WriteTx<'_>, documents: u64) -> Result<Done<()>, ActError> {
    Ok(w.record(About::FIRM, Event::Exported { documents })?.done(()))
}

/// A picture that was checked to be one.
#[derive(Clone, Debug)]
pub struct NewLogo {
    /// PNG or JPEG.
    pub bytes: Vec<u8>,
    /// `image/png` or `image/jpeg`, by the bytes.
    pub media_type: String,
    /// Width and height in pixels.
    pub size: (u32, u32),
}

/// Sets or removes the logo.
///
/// # Errors
/// When the role does not allow it.
pub fn change_logo(w: &mut WriteTx<'_>, scope: &StaffScope, logo: Option<&NewLogo>) -> Result<Done<()>, ActError> {
    scope.may(Act::Govern)?;
    let mut firm = w.firm()?;
    firm.logo = match logo {
        None => None,
        Some(new) => {
            let (length, name) = (new.bytes.len() as u64, "logo".to_owned());
            let file = FileRef { digest: w.put_file(&new.bytes)?, length, name, media_type: new.media_type.clone() };
            Some(Logo { file, width: new.size.0, height: new.size.1 })
        }
    };
    w.put_firm(&firm)?;
    Ok(w.record(About::FIRM, Event::FirmChanged { what: "logo".to_owned() })?.done(()))
}
