//! Points as a whole: taken, damaged, thinned out, restored, and cut off at any step.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use jiff::{SignedDuration, Timestamp};

use super::super::drill::Drill;
use super::super::identity::BackupIdentity;
use super::super::tests::{at, empty, filled};
use super::super::{BackupError, Depot, FolderDepot, Sealed, check, fill, header};
use super::*;
use crate::domain::backup::{Item, Keep, SealedIdentity};
use crate::domain::client::{Client, Party};
use crate::domain::document::{Document, Version};
use crate::domain::event::{Actor, By, Event};
use crate::domain::ids::{ClientId, Digest, DocumentId, FileRef};
use crate::domain::money::Currency;
use crate::domain::terms::DueRule;
use crate::secrets::{Entropy, sha256};
use crate::store::prelude::*;

/// A piece of content that chance alone would not repeat.
fn content(seed: u64, bytes: usize) -> Vec<u8> {
    let mut out = vec![0; bytes];
    Entropy::seeded(seed).fill(&mut out);
    out
}

/// A store with some files.
fn house(identity: &BackupIdentity) -> Store {
    let store = filled(identity);
    (1..=8).for_each(|seed| keep_file(&store, seed));
    store
}

fn keep_file(store: &Store, seed: u64) {
    let bytes = content(seed, 700_000);
    store
        .write_blocking(By::command_line(), at(), move |w| {
            let (name, media_type) = (format!("{seed}.zip"), "application/zip".to_owned());
            let file = FileRef { digest: w.put_file(&bytes)?, length: bytes.len() as u64, name, media_type };
            let version = Version { file, at: at(), by: Actor::CommandLine, note: String::new() };
            let (id, client) = (DocumentId(w.next("document")?), client(w)?);
            let title = format!("file {seed}");
            w.put_document(&Document { id, client, project: None, title, versions: vec![version], withdrawn: None })?;
            Ok(w.record(About::FIRM, Event::FirmChanged { what: format!("file {seed}") })?.done(()))
        })
        .unwrap();
}

/// The client whose documents they are, added with the first.
fn client(w: &mut WriteTx<'_>) -> Result<ClientId, StoreError> {
    if w.client(ClientId(1))?.is_none() {
        let id = ClientId(w.next("client")?);
        w.put_client(&Client {
            id,
            party: Party { name: "Marlow Ceramics".to_owned(), ..Party::default() },
            reference: String::new(),
            language: None,
            currency: Currency::EUR,
            terms: DueRule::default(),
            manager: None,
            note: String::new(),
            since: at(),
        })?;
    }
    Ok(ClientId(1))
}

fn day(n: i64) -> Timestamp {
    at() + SignedDuration::from_hours(24 * n)
}

fn take_with(store: &Store, depot: &dyn Depot, taken: Timestamp) -> Result<(Taken, BackupIdentity), BackupError> {
    let identity = BackupIdentity::generate();
    let job = Job { taken, config: Some("config".to_owned()), rate: None, identity: &identity, stop: &|| false };
    let done = store.read(|tx| take(tx, &job, depot, |_, _| ()))?;
    Ok((done, identity))
}

fn took(store: &Store, depot: &dyn Depot, n: i64) -> Taken {
    take_with(store, depot, day(n)).unwrap().0
}

fn points_of(depot: &dyn Depot) -> Vec<Timestamp> {
    points(depot).unwrap().iter().map(|point| point.taken).collect()
}

fn restorable(depot: &dyn Depot, taken: Timestamp, identity: &BackupIdentity) -> Result<(), BackupError> {
    check(&PointSource::new(depot, taken), identity, |_, _| ()).map(drop)
}

#[test]
fn a_point_carries_the_identities_that_passphrases_open_and_its_pieces_do_not() {
    let (identity, folder) = (BackupIdentity::generate(), tempfile::tempdir().unwrap());
    let (store, depot) = (filled(&identity), FolderDepot::for_points(folder.path()).unwrap());
    let sealed = SealedIdentity { recipient: BackupIdentity::generate().recipient(), file: vec![7; 300] };
    let added = move |w: &mut WriteTx<'_>| {
        w.put_sealed_identities(vec![sealed.clone()])?;
        Ok::<_, ActError>(w.record(About::FIRM, Event::FirmChanged { what: "recipients".to_owned() })?.done(()))
    };
    store.write_blocking(By::command_line(), at(), added).unwrap();
    let taken = took(&store, &depot, 0);
    let carried = |item| header::Header::read(depot.open(item).unwrap()).unwrap().identities;
    assert_eq!(carried(Item::Point(taken.taken)), [vec![7; 300]]);
    assert!(taken.fresh.iter().all(|piece| carried(Item::Piece(*piece)).is_empty()));
    restorable(&depot, taken.taken, &identity).unwrap();
}

#[test]
fn points_share_what_did_not_change_and_each_restores_to_its_own_time() {
    let (identity, folder) = (BackupIdentity::generate(), tempfile::tempdir().unwrap());
    let (store, depot) = (house(&identity), FolderDepot::for_points(folder.path()).unwrap());
    let first = took(&store, &depot, 0);
    assert_eq!(first.added, first.bytes + depot.sealed(Item::List(day(0))).unwrap().unwrap().bytes);
    keep_file(&store, 9);
    let second = took(&store, &depot, 1);
    assert!(second.fresh.len() < first.fresh.len() && second.added < first.added, "{first:?} {second:?}");
    for (n, entries) in [(0, 59), (1, 60)] {
        let source = PointSource::new(&depot, day(n));
        let summary = check(&source, &identity, |_, _| ()).unwrap();
        let new = empty();
        fill(&source, &identity, &summary, &new, |_, _| ()).unwrap();
        assert_eq!((new.read(|r| r.anchor()).unwrap().count, summary.manifest.taken), (entries, day(n)));
    }
    let standing = points(&depot).unwrap();
    assert_eq!((standing[1].needs, standing[1].taken), (Some((second.bytes, second.pieces)), day(1)));
    assert!(standing[1].added < second.added && standing[1].added > 600_000);
    let again = take_with(&store, &depot, day(1)).unwrap_err();
    assert!(again.to_string().contains("counterfoil-2026-03-02T090000Z.point"), "{again}");
}

#[test]
fn a_points_pieces_one_after_the_other_are_a_whole_backups_stream() {
    let (identity, folder) = (BackupIdentity::generate(), tempfile::tempdir().unwrap());
    let (store, depot) = (house(&identity), FolderDepot::for_points(folder.path()).unwrap());
    took(&store, &depot, 0);
    // As with `age -d`, and nothing of this program's own reading.
    let opened = |item| age::decrypt(&identity.0, &depot.whole(item, 1 << 30).unwrap()).unwrap();
    let text = String::from_utf8(opened(Item::Point(day(0)))).unwrap();
    let pieces = text.lines().skip(3).filter(|line| !line.starts_with("stream ")).map(|line| &line[..64]);
    let stream: Vec<u8> = pieces.flat_map(|name| opened(Item::Piece(Digest::from_hex(name).unwrap()))).collect();
    let mut whole = Vec::new();
    store.read(|tx| super::super::write(tx, at(), Some("config".to_owned()), &mut whole, |_, _| ())).unwrap();
    assert_eq!(sha256(&stream), sha256(&age::decrypt(&identity.0, &whole).unwrap()));
}

#[test]
fn whatever_is_missing_altered_cut_or_foreign_is_refused() {
    let (identity, folder) = (BackupIdentity::generate(), tempfile::tempdir().unwrap());
    let (store, depot) = (house(&identity), FolderDepot::for_points(folder.path()).unwrap());
    took(&store, &depot, 0);
    let items: Vec<Item> = depot.items().unwrap().into_iter().map(|x| x.0).collect();
    let pieces: Vec<Item> = items.iter().copied().filter(|item| matches!(item, Item::Piece(_))).collect();
    assert!(pieces.len() > 4);
    for item in items.iter().filter(|item| !matches!(item, Item::List(_))) {
        let good = depot.whole(*item, 1 << 30).unwrap();
        let refused = |bytes: &[u8]| {
            depot.put(*item, bytes).unwrap();
            restorable(&depot, day(0), &identity).expect_err("it was damaged").to_string()
        };
        for n in 0..3 {
            let mut flipped = good.clone();
            flipped[good.len() * n / 3] ^= 1;
            refused(&flipped);
            refused(&good[..good.len() * n / 3]);
        }
        refused(&[good.as_slice(), b"x"].concat());
        // Well encrypted by somebody who knows the recipient.
        refused(&age::encrypt(&identity.0.to_public(), b"something else").unwrap());
        if let Some(other) = pieces.iter().find(|other| *other != item) {
            let words = refused(&depot.whole(*other, 1 << 30).unwrap());
            assert!(matches!(item, Item::Point(_)) || words.contains("called after"), "{words}");
        }
        depot.remove(*item).unwrap();
        let words = restorable(&depot, day(0), &identity).unwrap_err().to_string();
        assert!(words.contains(&item.to_string()), "{words}");
        depot.put(*item, &good).unwrap();
    }
    restorable(&depot, day(0), &identity).unwrap();
    let other = restorable(&depot, day(0), &BackupIdentity::generate());
    assert!(matches!(other, Err(BackupError::OtherIdentity)));
    // Another time's point under this one's name.
    keep_file(&store, 9);
    took(&store, &depot, 1);
    depot.put(Item::Point(day(0)), &depot.whole(Item::Point(day(1)), 1 << 20).unwrap()).unwrap();
    assert!(restorable(&depot, day(0), &identity).unwrap_err().to_string().contains("another time"));
}

#[test]
fn a_point_of_a_newer_version_is_told_as_such() {
    let (identity, folder) = (BackupIdentity::generate(), tempfile::tempdir().unwrap());
    let depot = FolderDepot::for_points(folder.path()).unwrap();
    for (text, newer) in [("COUNTERFOIL-POINT 2\n", true), ("COUNTERFOIL-BKP\n", false), ("\u{1}\n", false)] {
        let sealed = age::encrypt(&identity.0.to_public(), text.as_bytes()).unwrap();
        depot.put(Item::Point(at()), &sealed).unwrap();
        let refused = restorable(&depot, at(), &identity).unwrap_err();
        assert!(matches!(refused, BackupError::Newer(_)) == newer, "{refused}");
        assert!(matches!(refused, BackupError::Foreign) != newer, "{refused}");
    }
}

#[test]
fn what_no_kept_point_needs_goes_and_nothing_else() {
    let (identity, folder) = (BackupIdentity::generate(), tempfile::tempdir().unwrap());
    let (store, depot) = (house(&identity), FolderDepot::for_points(folder.path()).unwrap());
    let keep = Some(Keep { daily: 2, weekly: 0, monthly: 0 });
    for n in 0..4 {
        keep_file(&store, 20 + n as u64);
        took(&store, &depot, n);
        let thinned = store.read(|tx| thin_out(&depot, tx, day(n), keep)).unwrap();
        assert_eq!(thinned.points, if n < 2 { vec![] } else { vec![day(n - 2)] });
        assert_eq!(thinned.pieces > 0, n >= 2);
        for taken in points_of(&depot) {
            restorable(&depot, taken, &identity).unwrap();
        }
    }
    assert_eq!(points_of(&depot), [day(2), day(3)]);
    let needed = needed(&depot, &[day(2), day(3)]);
    let there = depot.items().unwrap();
    assert_eq!(there.len(), needed.len() + 4);
    assert!(there.iter().all(|(item, _)| match item {
        Item::Piece(name) => needed.contains(name),
        _ => true,
    }));
}

fn list(depot: &dyn Depot, taken: Timestamp) -> super::lists::List {
    super::lists::List::unproved(&depot.whole(Item::List(taken), 1 << 20).unwrap()).unwrap()
}

#[test]
fn while_a_list_cannot_be_relied_on_no_piece_goes() {
    let (identity, folder) = (BackupIdentity::generate(), tempfile::tempdir().unwrap());
    let (store, depot) = (house(&identity), FolderDepot::for_points(folder.path()).unwrap());
    let keep = Some(Keep { daily: 1, weekly: 0, monthly: 0 });
    took(&store, &depot, 0);
    let good = depot.whole(Item::List(day(0)), 1 << 20).unwrap();
    let mut altered = good.clone();
    altered[100] ^= 1;
    for damage in [Some(altered), Some(good[..good.len() - 1].to_vec()), None] {
        match damage {
            Some(bytes) => depot.put(Item::List(day(0)), &bytes).unwrap(),
            None => depot.remove(Item::List(day(0))).unwrap(),
        }
        keep_file(&store, 30);
        let made = points_of(&depot).last().unwrap().duration_since(at()).as_hours() / 24 + 1;
        took(&store, &depot, made);
        let refused = store.read(|tx| thin_out(&depot, tx, day(made), keep)).unwrap_err();
        assert!(matches!(refused, BackupError::Unlisted(taken) if taken == day(0)), "{refused}");
        let inspected = store.read(|tx| inspect(&depot, tx, &mut |_, _| Ok(())));
        assert!(matches!(inspected, Err(BackupError::Unlisted(_))));
        restorable(&depot, day(0), &identity).unwrap();
    }
    // Another data file's list is as good as none: its points are neither counted nor removed.
    let other = house(&identity);
    other
        .write_blocking(By::command_line(), at(), |w| {
            w.put_evidence_keys(&crate::store::chain::EvidenceKeys::draw(&Entropy::seeded(99)))?;
            Ok(w.record(About::FIRM, Event::FirmChanged { what: "keys".to_owned() })?.done(()))
        })
        .unwrap();
    let refused = other.read(|tx| thin_out(&depot, tx, day(9), keep));
    assert!(matches!(refused, Err(BackupError::Unlisted(_))));
    depot.put(Item::List(day(0)), &good).unwrap();
    store.read(|tx| thin_out(&depot, tx, day(9), keep)).unwrap();
    assert_eq!(points_of(&depot), [day(3)]);
}

#[test]
fn a_damaged_piece_is_written_anew_and_heals_every_point() {
    let (identity, folder) = (BackupIdentity::generate(), tempfile::tempdir().unwrap());
    let (store, depot) = (house(&identity), FolderDepot::for_points(folder.path()).unwrap());
    took(&store, &depot, 0);
    took(&store, &depot, 1);
    let (largest, _) =
        depot.items().unwrap().into_iter().filter(|(i, _)| matches!(i, Item::Piece(_))).max_by_key(|x| x.1).unwrap();
    let mut bytes = depot.whole(largest, 1 << 30).unwrap();
    bytes[1_000] ^= 1;
    depot.put(largest, &bytes).unwrap();
    let find = || store.read(|tx| inspect(&depot, tx, &mut |_, _| Ok(())));
    assert!(find().unwrap_err().to_string().contains(&largest.to_string()));
    took(&store, &depot, 2);
    find().unwrap();
    for n in 0..3 {
        restorable(&depot, day(n), &identity).unwrap();
    }
}

#[test]
fn another_recipient_can_open_everything_from_then_on() {
    let (identity, folder) = (BackupIdentity::generate(), tempfile::tempdir().unwrap());
    let (store, depot) = (house(&identity), FolderDepot::for_points(folder.path()).unwrap());
    let first = took(&store, &depot, 0);
    let (joined, both) = (BackupIdentity::generate(), vec![identity.recipient()]);
    let both = [both, vec![joined.recipient()]].concat();
    store
        .write_blocking(By::command_line(), at(), move |w| {
            w.put_backup_recipients(&both)?;
            Ok(w.record(About::FIRM, Event::FirmChanged { what: "recipients".to_owned() })?.done(()))
        })
        .unwrap();
    let second = took(&store, &depot, 1);
    assert!(second.fresh.len() >= first.fresh.len());
    restorable(&depot, day(1), &joined).unwrap();
    restorable(&depot, day(1), &identity).unwrap();
    assert!(matches!(restorable(&depot, day(0), &joined), Err(BackupError::OtherIdentity)));
    restorable(&depot, day(0), &identity).unwrap();
}

fn drilled(
    store: &Store,
    depot: &dyn Depot,
    n: i64,
    scratch: &Path,
    damage: impl FnOnce(&Taken),
) -> Result<u64, BackupError> {
    let snapshot = store.snapshot().unwrap();
    let (taken, identity) = take_with(store, depot, day(n)).unwrap();
    damage(&taken);
    let (entropy, config) = (Entropy::seeded(1), Some("config".to_owned()));
    let drill = Drill { identity: &identity, facts: &taken.facts, scratch, entropy: &entropy, stop: &|| false };
    let out = drill.run(&PointTrial { depot, snapshot: &snapshot, config, taken: &taken }, &mut |_, _, _| ());
    assert_eq!(std::fs::read_dir(scratch).unwrap().count(), 0, "the scratch folder goes whatever happens");
    out
}

#[test]
fn a_drill_restores_a_point_and_finds_what_a_restore_would_trip_over() {
    let (identity, folder) = (BackupIdentity::generate(), tempfile::tempdir().unwrap());
    let (store, depot) = (house(&identity), FolderDepot::for_points(folder.path()).unwrap());
    let scratch = tempfile::tempdir().unwrap();
    assert!(drilled(&store, &depot, 0, scratch.path(), |_| ()).unwrap() > 50);
    keep_file(&store, 40);
    let flip = |item: Item| {
        let mut bytes = depot.whole(item, 1 << 30).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        depot.put(item, &bytes).unwrap();
    };
    // Of this night, of an earlier one, and of an earlier point alone.
    for (n, pick) in [(1, 0), (2, 1), (3, 2)] {
        keep_file(&store, 40 + n as u64);
        let found = drilled(&store, &depot, n, scratch.path(), |taken| {
            let now = list(&depot, taken.taken);
            let item = match pick {
                0 => Item::Piece(*taken.fresh.iter().next().unwrap()),
                1 => Item::Piece(now.pieces.iter().find(|x| !taken.fresh.contains(&x.0)).unwrap().0),
                _ => Item::Point(day(0)),
            };
            flip(item);
        });
        assert!(found.unwrap_err().to_string().contains("not what was written"), "{pick}");
    }
}

/// A place of which anything that was not settled may be lost when the power goes, and that fails at its n-th step.
struct Fragile<'a> {
    inner: &'a dyn Depot,
    state: Mutex<State>,
    /// A planted defect: settling does nothing.
    deaf: bool,
}

#[derive(Default)]
struct State {
    steps: usize,
    fails_at: Option<usize>,
    /// What is not settled: the bytes, or that it was taken away.
    pending: BTreeMap<Item, Option<Vec<u8>>>,
}

impl<'a> Fragile<'a> {
    fn new(inner: &'a dyn Depot, fails_at: Option<usize>, deaf: bool) -> Self {
        Self { inner, state: Mutex::new(State { fails_at, ..State::default() }), deaf }
    }

    fn step(&self) -> Result<MutexGuard<'_, State>, BackupError> {
        let mut state = self.state.lock().unwrap();
        state.steps += 1;
        match state.fails_at {
            Some(n) if state.steps > n => Err(BackupError::Io(io::Error::other("the power is gone"))),
            _ => Ok(state),
        }
    }

    fn change(&self, item: Item, to: Option<&[u8]>) -> Result<(), BackupError> {
        self.step()?.pending.insert(item, to.map(<[u8]>::to_vec));
        Ok(())
    }

    fn apply(&self, item: Item, to: Option<Vec<u8>>) {
        to.map_or_else(|| self.inner.remove(item), |bytes| self.inner.put(item, &bytes)).unwrap();
    }

    /// The power goes: of what was not settled, some is there and some is not.
    fn cut(self, seed: u64) -> usize {
        let (state, chance) = (self.state.lock().unwrap(), Entropy::seeded(seed));
        let pending = state.pending.clone();
        pending.into_iter().filter(|_| chance.below(2) == 0).for_each(|(item, to)| self.apply(item, to));
        state.steps
    }
}

impl Depot for Fragile<'_> {
    fn about(&self, item: Item, error: io::Error) -> BackupError {
        self.inner.about(item, error)
    }

    fn items(&self) -> Result<Vec<(Item, u64)>, BackupError> {
        let (state, mut all) = (self.step()?, BTreeMap::from_iter(self.inner.items()?));
        for (item, to) in &state.pending {
            match to {
                Some(bytes) => all.insert(*item, bytes.len() as u64),
                None => all.remove(item),
            };
        }
        Ok(all.into_iter().collect())
    }

    fn put(&self, item: Item, bytes: &[u8]) -> Result<(), BackupError> {
        self.change(item, Some(bytes))
    }

    fn begin(&self, item: Item) -> Result<Box<dyn super::super::Begun>, BackupError> {
        self.inner.begin(item)
    }

    fn settle(&self) -> Result<(), BackupError> {
        let mut state = self.step()?;
        if !self.deaf {
            std::mem::take(&mut state.pending).into_iter().for_each(|(item, to)| self.apply(item, to));
        }
        Ok(())
    }

    fn open(&self, item: Item) -> io::Result<Box<dyn Read + Send + '_>> {
        match self.state.lock().unwrap().pending.get(&item) {
            Some(Some(bytes)) => Ok(Box::new(Cursor::new(bytes.clone()))),
            Some(None) => Err(io::ErrorKind::NotFound.into()),
            None => self.inner.open(item),
        }
    }

    fn remove(&self, item: Item) -> Result<(), BackupError> {
        self.change(item, None)
    }
}

/// A house of two nights, with something new for a third.
struct TwoNights {
    identity: BackupIdentity,
    store: Store,
    folder: tempfile::TempDir,
}

impl TwoNights {
    fn new() -> Self {
        let (identity, folder) = (BackupIdentity::generate(), tempfile::tempdir().unwrap());
        let (store, depot) = (filled(&identity), FolderDepot::for_points(folder.path()).unwrap());
        for n in 0..2 {
            keep_file(&store, 50 + n as u64);
            took(&store, &depot, n);
        }
        keep_file(&store, 52);
        Self { identity, store, folder }
    }

    /// Another folder that holds the same.
    fn copy(&self) -> tempfile::TempDir {
        let copy = tempfile::tempdir().unwrap();
        let (from, to) = (FolderDepot::at(self.folder.path()), FolderDepot::for_points(copy.path()).unwrap());
        for (item, _) in from.items().unwrap() {
            std::fs::copy(self.folder.path().join(item.to_string()), copy.path().join(item.to_string())).unwrap();
        }
        to.settle().unwrap();
        copy
    }

    /// A third point is taken and the first is thinned out, and the power goes at step `n`; whether it came to its end,
    /// and the first point that can't be restored afterwards.
    fn cut_off(&self, n: usize, seed: u64, deaf: bool) -> (bool, Option<Timestamp>) {
        let copy = self.copy();
        let depot = FolderDepot::for_points(copy.path()).unwrap();
        let keep = Some(Keep { daily: 2, weekly: 0, monthly: 0 });
        let fragile = Fragile::new(&depot, Some(n), deaf);
        let done = take_with(&self.store, &fragile, day(2))
            .and_then(|_| self.store.read(|tx| thin_out(&fragile, tx, day(2), keep)));
        fragile.cut(seed);
        let points = points_of(&depot);
        assert!(points.contains(&day(1)) || deaf, "one that is kept is gone after step {n}");
        let broken = points.into_iter().find(|taken| restorable(&depot, *taken, &self.identity).is_err());
        if !deaf {
            self.goes_on(&depot, n);
        }
        (done.is_ok(), broken)
    }

    /// The next night works, and leaves nothing that nobody needs.
    fn goes_on(&self, depot: &dyn Depot, n: usize) {
        let keep = Some(Keep { daily: 2, weekly: 0, monthly: 0 });
        took(&self.store, depot, 3);
        self.store.read(|tx| thin_out(depot, tx, day(3), keep)).unwrap();
        self.store.read(|tx| inspect(depot, tx, &mut |_, _| Ok(()))).unwrap();
        let (points, items) = (points_of(depot), depot.items().unwrap());
        assert_eq!((points.len(), items.len()), (2, needed(depot, &points).len() + 4), "after step {n}");
    }
}

fn needed(depot: &dyn Depot, points: &[Timestamp]) -> std::collections::HashSet<Digest> {
    points.iter().flat_map(|taken| list(depot, *taken).pieces).map(|x| x.0).collect()
}

#[test]
fn cut_off_at_any_step_every_point_that_is_there_can_be_restored() {
    let nights = TwoNights::new();
    for n in 0.. {
        let (ended, broken) = nights.cut_off(n, n as u64, false);
        assert_eq!(broken, None, "after step {n}");
        if ended {
            assert!(n > 12, "only {n} steps");
            break;
        }
    }
}

#[test]
fn the_cut_off_test_catches_a_place_that_does_not_settle() {
    let nights = TwoNights::new();
    assert!((0..200).any(|n| nights.cut_off(n, n as u64, true).1.is_some()), "without settling nothing broke");
}

#[test]
fn what_does_not_arrive_is_noticed_before_the_point_counts() {
    /// Takes every piece and keeps another.
    struct Lossy(FolderDepot);
    impl Depot for Lossy {
        fn about(&self, item: Item, error: io::Error) -> BackupError {
            self.0.about(item, error)
        }
        fn items(&self) -> Result<Vec<(Item, u64)>, BackupError> {
            self.0.items()
        }
        fn put(&self, item: Item, bytes: &[u8]) -> Result<(), BackupError> {
            self.0.put(item, &bytes[..bytes.len() - 1])
        }
        fn begin(&self, item: Item) -> Result<Box<dyn super::super::Begun>, BackupError> {
            self.0.begin(item)
        }
        fn settle(&self) -> Result<(), BackupError> {
            self.0.settle()
        }
        fn open(&self, item: Item) -> io::Result<Box<dyn Read + Send + '_>> {
            self.0.open(item)
        }
        fn remove(&self, item: Item) -> Result<(), BackupError> {
            self.0.remove(item)
        }
    }
    let (identity, folder) = (BackupIdentity::generate(), tempfile::tempdir().unwrap());
    let lossy = Lossy(FolderDepot::for_points(folder.path()).unwrap());
    assert!(take_with(&filled(&identity), &lossy, at()).is_err());
    assert_eq!(points(&lossy).unwrap(), []);
    assert_ne!(Sealed::of(b"a"), Sealed::of(b"b"));
}
