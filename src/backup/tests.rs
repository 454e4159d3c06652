//! Backups as a whole: written, damaged, restored.

use std::path::Path;

use jiff::Timestamp;
use redb::backends::InMemoryBackend;

use super::identity::BackupIdentity;
use super::*;
use crate::domain::event::{By, Event};
use crate::domain::firm::{Firm, Logo};
use crate::domain::ids::FileRef;
use crate::domain::terms::DueRule;
use crate::secrets::Entropy;
use crate::store::chain::EvidenceKeys;
use crate::store::prelude::*;

pub(super) fn empty() -> Store {
    Store::open(InMemoryBackend::new(), 1 << 20, false).unwrap()
}

pub(super) fn at() -> Timestamp {
    "2026-03-01T09:00:00Z".parse().unwrap()
}

pub(super) fn firm() -> crate::domain::firm::Firm {
    use crate::domain::{client::Party, firm::*, money::Currency, number::Pattern};
    let pattern = |text| Pattern::parse("series", text).unwrap();
    Firm {
        party: Party { name: "Example LLP".to_owned(), ..Party::default() },
        trade: String::new(),
        registration: String::new(),
        email: None,
        phone: String::new(),
        correspondent: String::new(),
        bank: BankDetails::default(),
        colour: "#123456".to_owned(),
        logo: None,
        currency: Currency::EUR,
        terms: DueRule::Days(30),
        vat_rates: Vec::new(),
        series: Series {
            invoice: pattern("I-{0000}"),
            credit_note: pattern("C-{0000}"),
            quote: pattern("Q-{0000}"),
            receipt: pattern("R-{0000}"),
        },
        locale: Locale::default(),
        language: Default::default(),
        paper: Paper::default(),
        quote_terms: String::new(),
    }
}

/// A store with a firm, a file of several chunks, and some log.
pub(super) fn filled(identity: &BackupIdentity) -> Store {
    let store = empty();
    let recipients = vec![identity.recipient()];
    store
        .write_blocking(By::command_line(), at(), move |w| {
            let bytes = vec![7; 300_000];
            let file = FileRef {
                digest: w.put_file(&bytes)?,
                length: bytes.len() as u64,
                name: "logo.png".to_owned(),
                media_type: "image/png".to_owned(),
            };
            w.put_firm(&Firm { logo: Some(Logo { file, width: 1, height: 1 }), ..firm() })?;
            w.put_evidence_keys(&EvidenceKeys::draw(&Entropy::seeded(1)))?;
            w.put_backup_recipients(&recipients)?;
            for n in 0..50 {
                let _ = w.record(About::FIRM, Event::FirmChanged { what: format!("change {n}") })?;
            }
            Ok(w.record(About::FIRM, Event::FirmSetUp { name: "Example LLP".to_owned() })?.done(()))
        })
        .unwrap();
    store
}

fn backup(store: &Store) -> Vec<u8> {
    let mut out = Vec::new();
    let written = store.read(|tx| write(tx, at(), Some("config".to_owned()), &mut out, |_, _| ())).unwrap();
    assert_eq!(written.bytes, out.len() as u64);
    assert_eq!(written.digest, crate::secrets::sha256(&out));
    out
}

fn kept(bytes: &[u8], folder: &Path) -> std::path::PathBuf {
    let path = folder.join("backup.age");
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_backup_restores_to_the_same_contents() {
    let (identity, folder) = (BackupIdentity::generate(), tempfile::tempdir().unwrap());
    let store = filled(&identity);
    let path = kept(&backup(&store), folder.path());
    let summary = check(&path, &identity, |_, _| ()).unwrap();
    assert_eq!((summary.manifest.taken, summary.manifest.config.as_deref()), (at(), Some("config")));
    let anchor = store.read(|r| r.anchor()).unwrap();
    assert_eq!((summary.manifest.anchor(), anchor.count), (Some(anchor), 51));
    let new = empty();
    fill(&path, &identity, &summary, &new, |_, _| ()).unwrap();
    new.read(|r| {
        assert_eq!(r.firm()?, store.read(|old| old.firm())?);
        r.check_chain(|_, _| ())
    })
    .unwrap();
}

/// A backup of the schema before, to a program that knows two more steps.
#[test]
fn an_older_backup_is_filled_as_it_was_and_then_brought_up() {
    use crate::store::crypt::{self, Cipher};
    use crate::store::keys::Secret;
    use crate::store::migrate::{Schema, Step, bring_up_new};
    const LATER: Schema = Schema { version: 3, steps: &[Step { from: 1, run: mark }, Step { from: 2, run: mark }] };
    fn mark(tx: &redb::WriteTransaction) -> Result<(), StoreError> {
        const MARKS: redb::TableDefinition<'static, u64, u64> = redb::TableDefinition::new("marks");
        let mut marks = tx.open_table(MARKS)?;
        let count = redb::ReadableTable::get(&marks, 0)?.map_or(0, |x| x.value());
        marks.insert(0, count + 1)?;
        Ok(())
    }
    let (identity, folder) = (BackupIdentity::generate(), tempfile::tempdir().unwrap());
    let path = kept(&backup(&filled(&identity)), folder.path());
    let summary = check(&path, &identity, |_, _| ()).unwrap();
    let (file, secret) = (folder.path().join("firm.counterfoil"), Secret::KeyFile([7; 32].into()));
    let entropy = Entropy::seeded(3);
    crypt::create(&file, std::slice::from_ref(&secret), Cipher::for_this_machine(), &entropy).unwrap();
    let open = |schema: &Schema| {
        Store::open_as(crypt::open(&file, &secret, &entropy).unwrap().backend, 1 << 20, false, schema)
    };
    let store = open(&schema_of(&summary)).unwrap();
    fill(&path, &identity, &summary, &store, |_, _| ()).unwrap();
    store.close();
    drop(store);
    assert!(matches!(open(&LATER), Err(StoreError::OlderSchema { found: 1, known: 3 })));
    let mut steps = Vec::new();
    bring_up_new(&file, &secret, &LATER, &entropy, |done, all| steps.push((done, all))).unwrap();
    assert_eq!(steps, [(2, 3), (3, 3)]);
    let firm = open(&LATER).unwrap().read(|r| r.firm()).unwrap();
    assert_eq!(firm.party.name, "Example LLP");
    bring_up_new(&file, &secret, &LATER, &entropy, |_, _| panic!("there is nothing left to do")).unwrap();
}

/// What a later program writes of itself is kept in the comparison as it stands there.
#[test]
fn a_manifest_with_more_in_it_than_is_known_restores_all_the_same() {
    let (identity, folder) = (BackupIdentity::generate(), tempfile::tempdir().unwrap());
    let store = filled(&identity);
    let mut plain = Vec::new();
    store.read(|tx| write_clear(tx, at(), None, &mut plain, |_, _| ())).unwrap();
    let length = u32::from_be_bytes(plain[20..24].try_into().unwrap()) as usize;
    let text = String::from_utf8(plain[24..24 + length].to_vec()).unwrap();
    let text = text.replacen('{', "{ \"told\": [1, 2],", 1);
    let mut stream = [&plain[..20], &(text.len() as u32).to_be_bytes(), text.as_bytes()].concat();
    stream.extend(&plain[24 + length..plain.len() - 32]);
    stream.extend(crate::secrets::sha256(&stream));
    let path = kept(&forged(&identity, &stream), folder.path());
    let summary = check(&path, &identity, |_, _| ()).unwrap();
    fill(&path, &identity, &summary, &empty(), |_, _| ()).unwrap();
}

#[test]
fn another_identity_opens_nothing() {
    let (identity, folder) = (BackupIdentity::generate(), tempfile::tempdir().unwrap());
    let path = kept(&backup(&filled(&identity)), folder.path());
    assert!(matches!(check(&path, &BackupIdentity::generate(), |_, _| ()), Err(BackupError::OtherIdentity)));
}

#[test]
fn a_damaged_or_cut_backup_is_refused_wherever_it_was_hit() {
    let (identity, folder) = (BackupIdentity::generate(), tempfile::tempdir().unwrap());
    let whole = backup(&filled(&identity));
    for n in 0..12 {
        let at = whole.len() * n / 12;
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        assert!(check(&kept(&flipped, folder.path()), &identity, |_, _| ()).is_err(), "flipped at {at}");
        assert!(check(&kept(&whole[..at], folder.path()), &identity, |_, _| ()).is_err(), "cut at {at}");
    }
    let longer = [whole.as_slice(), b"x"].concat();
    assert!(check(&kept(&longer, folder.path()), &identity, |_, _| ()).is_err());
}

#[test]
fn a_header_with_thousands_of_recipients_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let stanza = "-> X25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";
    let header = format!("age-encryption.org/v1\n{}--- AAAA\n", stanza.repeat(5_000));
    let refused = check(&kept(header.as_bytes(), folder.path()), &BackupIdentity::generate(), |_, _| ());
    assert!(matches!(refused, Err(BackupError::NotABackup)));
}

/// Encrypts a stream of somebody who knows the recipient, which is no secret.
fn forged(identity: &BackupIdentity, stream: &[u8]) -> Vec<u8> {
    age::encrypt(&identity.0.to_public(), stream).unwrap()
}

#[test]
fn what_only_looks_like_a_backup_is_refused() {
    let (identity, folder) = (BackupIdentity::generate(), tempfile::tempdir().unwrap());
    let refused = |stream: &[u8]| check(&kept(&forged(&identity, stream), folder.path()), &identity, |_, _| ());
    assert!(matches!(refused(b"some other file entirely, encrypted to the same key"), Err(BackupError::Foreign)));
    let newer = [b"COUNTERFOIL-BKP\n".as_slice(), &9_u32.to_be_bytes()].concat();
    assert!(matches!(refused(&newer), Err(BackupError::Newer(_))));
    let huge = [b"COUNTERFOIL-BKP\n".as_slice(), &1_u32.to_be_bytes(), &u32::MAX.to_be_bytes()].concat();
    assert!(matches!(refused(&huge), Err(BackupError::Damaged(_))));
}

#[test]
fn rows_that_do_not_fit_their_table_are_refused() {
    let (identity, folder) = (BackupIdentity::generate(), tempfile::tempdir().unwrap());
    for rows in [vec![(vec![1, 2], vec![3])], vec![(vec![0; 8], vec![1]), (vec![0; 8], vec![1])]] {
        let manifest = Manifest {
            schema: crate::store::SCHEMA_VERSION,
            program: "0".to_owned(),
            firm: String::new(),
            taken: at(),
            config: None,
            log_entries: 0,
            log_head: String::new(),
            tables: vec![Table { name: "staff".to_owned(), rows: rows.len() as u64 }],
        };
        let text = serde_json::to_vec(&manifest).unwrap();
        let mut stream =
            [manifest::MAGIC.as_slice(), &1_u32.to_be_bytes(), &(text.len() as u32).to_be_bytes()].concat();
        stream.extend(text);
        for (key, value) in &rows {
            stream.extend((key.len() as u32).to_be_bytes());
            stream.extend((value.len() as u32).to_be_bytes());
            stream.extend(key);
            stream.extend(value);
        }
        stream.extend(manifest::END);
        stream.extend((rows.len() as u64).to_be_bytes());
        let digest = crate::secrets::sha256(&stream);
        stream.extend(digest);
        let path = kept(&forged(&identity, &stream), folder.path());
        let summary = check(&path, &identity, |_, _| ()).unwrap();
        assert!(matches!(fill(&path, &identity, &summary, &empty(), |_, _| ()), Err(BackupError::Damaged(_))));
    }
}

#[test]
fn a_foreign_age_file_is_not_called_a_cut_backup() {
    use std::io::Write;
    let identity = BackupIdentity::generate();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("foreign.age");
    let sealed = |content: &[u8], recipient: &str| {
        let recipient: age::x25519::Recipient = recipient.parse().unwrap();
        let to = std::iter::once(&recipient as &dyn age::Recipient);
        let mut out = age::Encryptor::with_recipients(to).unwrap().wrap_output(Vec::new()).unwrap();
        out.write_all(content).unwrap();
        std::fs::write(&path, out.finish().unwrap()).unwrap();
        check(&path, &identity, |_, _| {}).unwrap_err().to_string()
    };
    for content in [b"".as_slice(), b"note", b"COUNTERFOIL", b"a letter that is longer than that"] {
        assert!(sealed(content, &identity.recipient()).contains("not a Counterfoil backup"), "{content:?}");
    }
    let other = BackupIdentity::generate().recipient();
    assert!(sealed(b"COUNTERFOIL-BKP\n", &other).contains("encrypted for another one"));
}

/// A filled store backed up to a file that `identity` opens besides the owner's.
fn drilled(folder: &Path, identity: &BackupIdentity) -> (std::path::PathBuf, Written) {
    let store = filled(&BackupIdentity::generate());
    let (path, also) = (folder.join("backup"), identity.recipient());
    let mut file = std::fs::File::create(&path).unwrap();
    let written = store.read(|tx| write_also(tx, at(), None, Some(&also), &mut file, |_, _| ())).unwrap();
    (path, written)
}

fn drill(
    path: &Path,
    identity: &BackupIdentity,
    written: &Written,
    stop: &dyn Fn() -> bool,
) -> Result<u64, BackupError> {
    let entropy = crate::secrets::Entropy::seeded(1);
    let scratch = path.parent().unwrap();
    let backup = drill::FileTrial { path, bytes: written.bytes, digest: written.digest };
    let facts = &written.facts;
    let out = drill::Drill { identity, facts, scratch, entropy: &entropy, stop }.run(&backup, &mut |_, _, _| ());
    assert_eq!(std::fs::read_dir(scratch).unwrap().count(), 1, "the scratch folder goes whatever happens");
    out
}

#[test]
fn a_drill_restores_what_is_on_the_disk_and_leaves_nothing() {
    let (identity, folder) = (BackupIdentity::generate(), tempfile::tempdir().unwrap());
    let (path, written) = drilled(folder.path(), &identity);
    assert_eq!(drill(&path, &identity, &written, &|| false).unwrap(), written.rows);
    assert!(matches!(drill(&path, &identity, &written, &|| true), Err(BackupError::Stopped)));
    let other = BackupIdentity::generate();
    assert!(matches!(drill(&path, &other, &written, &|| false), Err(BackupError::OtherIdentity)));
}

#[test]
fn a_drill_finds_what_a_restore_would_trip_over() {
    let (identity, folder) = (BackupIdentity::generate(), tempfile::tempdir().unwrap());
    let (path, written) = drilled(folder.path(), &identity);
    let whole = std::fs::read(&path).unwrap();
    for n in 0..6 {
        let mut flipped = whole.clone();
        flipped[whole.len() * n / 6] ^= 1;
        std::fs::write(&path, &flipped).unwrap();
        assert!(drill(&path, &identity, &written, &|| false).unwrap_err().to_string().contains("on the disk"));
        // Were the digest blind, the file itself would tell.
        let blind = Written { digest: crate::secrets::sha256(&flipped), ..written.clone() };
        assert!(drill(&path, &identity, &blind, &|| false).is_err(), "{n}");
    }
    std::fs::write(&path, &whole).unwrap();
    let planted = |change: fn(&mut drill::Facts)| {
        let mut other = written.clone();
        change(&mut other.facts);
        drill(&path, &identity, &other, &|| false).unwrap_err().to_string()
    };
    assert!(planted(|facts| facts.sequence += 1).contains("activity log ends elsewhere"));
    assert!(planted(|facts| facts.head[0] ^= 1).contains("activity log ends elsewhere"));
    assert!(planted(|facts| facts.open.push(("EUR".to_owned(), 1, 1))).contains("what is owed"));
}
