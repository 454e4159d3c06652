//! The backups that the server takes by itself: when, what is kept, what is told when they fail, and their drill.

use std::path::Path;
use std::sync::Arc;

use axum::http::StatusCode;
use counterfoil::actions::firm;
use counterfoil::app::BackupPlan;
use counterfoil::backup::FolderDepot;
use counterfoil::backup::identity::BackupIdentity;
use counterfoil::backup::points::{self, PointSource};
use counterfoil::config::BackupPlace;
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::backup::{Item, Keep, SealedIdentity};
use counterfoil::domain::backups::Backups;
use counterfoil::domain::event::Event;
use counterfoil::scheduler;
use counterfoil::store::prelude::*;
use jiff::SignedDuration;
use jiff::civil::{date, time};

use crate::desk::desk_of;
use crate::house::*;

/// A house that takes backups at 03:15 into `folder`, and restores them on trial there.
async fn backed_up(folder: &Path) -> (TestHouse, BackupIdentity) {
    backed_up_as(folder, false).await
}

async fn backed_up_as(folder: &Path, incremental: bool) -> (TestHouse, BackupIdentity) {
    let (mut house, identity) = (TestHouse::new().await, BackupIdentity::generate());
    let recipients = vec![identity.recipient()];
    house
        .act(house.who.orla, move |w, _| firm::set_backup_recipients(w, &StaffScope::all(), &recipients))
        .await
        .unwrap();
    let plan = BackupPlan {
        place: BackupPlace::Folder(folder.to_owned()),
        incremental,
        at: time(3, 15, 0, 0),
        keep: Keep { daily: 2, weekly: 0, monthly: 0 },
        rate: 0,
        scratch: Some(folder.to_owned()),
        config: Some("the configuration".to_owned()),
    };
    Arc::make_mut(&mut house.app.settings).backup = Some(plan);
    (house, identity)
}

fn state(house: &TestHouse) -> Backups {
    house.app.store.read(|r| r.backups()).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut all: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    all.sort();
    all
}

async fn night(house: &TestHouse) -> bool {
    scheduler::back_up(&house.app).await.unwrap()
}

#[tokio::test]
async fn each_night_one_backup_is_taken_kept_and_restored_on_trial() {
    let folder = tempfile::tempdir().unwrap();
    let (house, identity) = backed_up(folder.path()).await;
    house.publish(house.who.marlow, "A-1", 100_00, date(2026, 12, 23)).await;
    assert!(night(&house).await, "the first is taken at once");
    assert!(!night(&house).await);
    for day in 24..=27 {
        house.at(date(2026, 11, day), 3);
        assert!(!night(&house).await, "not before its time");
        house.at(date(2026, 11, day), 4);
        assert!(night(&house).await);
    }
    let kept = ["counterfoil-2026-11-26T040000Z.backup", "counterfoil-2026-11-27T040000Z.backup"];
    assert_eq!(names(folder.path()), kept);
    let all = state(&house);
    let last = all.last.as_ref().unwrap();
    let bytes = std::fs::read(folder.path().join(kept[1])).unwrap();
    assert_eq!((last.file.as_str(), last.bytes), (kept[1], bytes.len() as u64));
    assert_eq!(last.digest.0, counterfoil::secrets::sha256(&bytes));
    assert!(all.drills.len() == 5 && all.drills.iter().all(|d| d.fault.is_none() && d.rows > 50), "{all:?}");
    assert_eq!(all.troubles(house.app.now()), []);
    let log = house.log();
    let count = |is: fn(&Event) -> bool| log.iter().filter(|e| is(e)).count();
    assert_eq!(count(|e| matches!(e, Event::BackupMade { .. })), 5);
    assert_eq!(count(|e| matches!(e, Event::DrillPassed { .. })), 5);
    let checked = counterfoil::backup::check(&folder.path().join(kept[1]), &identity, |_, _| ()).unwrap();
    assert_eq!(checked.manifest.config.as_deref(), Some("the configuration"));
    house.tick().await;
    house.claim("ana@marlow.example");
}

#[tokio::test]
async fn each_night_a_point_is_taken_that_shares_what_did_not_change() {
    let (folder, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (mut house, identity) = backed_up_as(folder.path(), true).await;
    Arc::make_mut(&mut house.app.settings).backup.as_mut().unwrap().scratch = Some(scratch.path().to_owned());
    for day in 23..=26 {
        house.publish(house.who.marlow, &format!("A-{day}"), 100_00, date(2026, 12, 23)).await;
        house.at(date(2026, 11, day), 4);
        assert!(night(&house).await);
        assert!(!night(&house).await);
    }
    let all = state(&house);
    assert_eq!((all.troubles(house.app.now()), names(scratch.path())), (vec![], Vec::<String>::new()));
    assert!(all.drills.len() == 4 && all.drills.iter().all(|d| d.fault.is_none() && d.rows > 50), "{all:?}");
    let last = all.last.unwrap();
    assert!(last.added < last.bytes + 2_000, "{last:?}");
    let depot = FolderDepot::at(folder.path());
    let kept: Vec<_> = points::points(&depot).unwrap().iter().map(|p| Item::Point(p.taken).to_string()).collect();
    assert_eq!(kept, ["counterfoil-2026-11-25T040000Z.point", "counterfoil-2026-11-26T040000Z.point"]);
    assert_eq!(last.file, kept[1]);
    for (point, numbers) in points::points(&depot).unwrap().iter().zip(3..) {
        let source = PointSource::new(&depot, point.taken);
        let checked = counterfoil::backup::check(&source, &identity, |_, _| ()).unwrap();
        assert_eq!(checked.manifest.config.as_deref(), Some("the configuration"));
        let invoices = checked.manifest.tables.iter().find(|t| t.name == "invoice_numbers").unwrap();
        assert_eq!(invoices.rows, numbers);
    }
    let mut orla = desk_of(&house, house.who.orla).await;
    let text = orla.get("/desk/backups").await.text();
    assert!(text.contains("Incremental") && text.contains("of it written") && text.contains(&kept[1]), "{text}");
    // An earlier point that went bad fails the drill, until it is no longer kept.
    std::fs::write(folder.path().join(&kept[1]), b"bad").unwrap();
    house.at(date(2026, 11, 27), 4);
    assert!(night(&house).await);
    house.tick().await;
    let letter = house.claim("orla@hartmann.example");
    assert!(letter.subject.contains("could not be restored") && letter.text.contains(&kept[1]), "{}", letter.text);
    house.at(date(2026, 11, 28), 4);
    assert!(night(&house).await);
    assert_eq!(state(&house).troubles(house.app.now()), []);
    house.claim_all();
}

#[tokio::test]
async fn one_missed_while_the_server_was_down_is_taken_once_when_it_starts() {
    let folder = tempfile::tempdir().unwrap();
    let (house, _) = backed_up(folder.path()).await;
    night(&house).await;
    house.later(SignedDuration::from_hours(24 * 20));
    assert!(night(&house).await);
    assert!(!night(&house).await);
    assert_eq!(names(folder.path()).len(), 2);
}

#[tokio::test]
async fn one_that_fails_is_told_once_shown_in_red_and_tried_again() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("disk");
    let (house, _) = backed_up(&folder).await;
    for _ in 0..3 {
        assert!(night(&house).await);
        assert!(!night(&house).await, "it is tried again after an hour");
        house.later(SignedDuration::from_hours(1));
        house.tick().await;
    }
    let letter = house.claim("orla@hartmann.example");
    assert!(letter.subject.contains("could not be made") && letter.text.contains("disk"), "{}", letter.text);
    assert!(house.unclaimed().is_empty(), "once, and to owners only");
    let failure = state(&house).failure.unwrap();
    assert!(failure.attempts == 3 && failure.reason.contains("disk"), "{failure:?}");
    let mut orla = desk_of(&house, house.who.orla).await;
    for page in ["/desk", "/desk/backups"] {
        let text = orla.get(page).await.text();
        assert!(text.contains("note bad") && text.contains("The last backup failed."), "{page}: {text}");
    }
    let mut tom = desk_of(&house, house.who.tom).await;
    assert!(!tom.get("/desk").await.text().contains("backup"));
    std::fs::create_dir(&folder).unwrap();
    assert!(night(&house).await);
    assert_eq!(state(&house).troubles(house.app.now()), []);
    assert!(!orla.get("/desk").await.text().contains("note bad"));
    std::fs::remove_dir_all(&folder).unwrap();
    house.later(SignedDuration::from_hours(24));
    night(&house).await;
    house.tick().await;
    house.claim("orla@hartmann.example");
}

#[tokio::test]
async fn one_that_is_too_old_is_told_once_even_when_nothing_failed() {
    let folder = tempfile::tempdir().unwrap();
    let (house, _) = backed_up(folder.path()).await;
    night(&house).await;
    // As when writing hangs: the look for backups never comes to an end.
    house.later(SignedDuration::from_hours(27));
    house.tick().await;
    assert!(house.unclaimed().is_empty());
    house.later(SignedDuration::from_hours(1));
    house.tick().await;
    house.tick().await;
    let letter = house.claim("orla@hartmann.example");
    assert!(letter.subject.contains("too old") && letter.text.contains("23 November 2026"), "{}", letter.text);
    let mut orla = desk_of(&house, house.who.orla).await;
    assert!(orla.get("/desk").await.text().contains("The newest backup is too old."));
    assert!(house.log().iter().any(|e| matches!(e, Event::BackupLate { .. })));
}

#[tokio::test]
async fn a_drill_that_fails_is_told_once_and_shown_until_one_passes() {
    let folder = tempfile::tempdir().unwrap();
    let (mut house, _) = backed_up(folder.path()).await;
    let gone = folder.path().join("gone");
    let plan = |house: &mut TestHouse, scratch: &Path| {
        Arc::make_mut(&mut house.app.settings).backup.as_mut().unwrap().scratch = Some(scratch.to_owned());
    };
    plan(&mut house, &gone);
    for _ in 0..2 {
        assert!(night(&house).await);
        house.later(SignedDuration::from_hours(24));
        house.tick().await;
    }
    let letter = house.claim("orla@hartmann.example");
    assert!(letter.subject.contains("could not be restored") && letter.text.contains("gone"), "{}", letter.text);
    let mut orla = desk_of(&house, house.who.orla).await;
    assert!(orla.get("/desk").await.text().contains("could not be restored on trial"));
    assert!(house.log().iter().any(|e| matches!(e, Event::DrillFailed { .. })));
    plan(&mut house, folder.path());
    assert!(night(&house).await);
    let text = orla.get("/desk/backups").await.text();
    assert!(text.contains("Restored") && text.contains("Failed") && !text.contains("note bad"), "{text}");
    assert!(!orla.get("/desk").await.text().contains("note bad"));
}

#[tokio::test]
async fn the_page_says_how_to_begin_and_how_it_stands() {
    let house = TestHouse::new().await;
    let mut orla = desk_of(&house, house.who.orla).await;
    let empty = orla.get("/desk/backups").await.text();
    assert!(empty.contains("takes no backups by itself") && empty.contains("[backup]"), "{empty}");
    let folder = tempfile::tempdir().unwrap();
    let (house, identity) = backed_up(folder.path()).await;
    let mut orla = desk_of(&house, house.who.orla).await;
    assert!(orla.get("/desk/backups").await.text().contains("None yet"));
    night(&house).await;
    house.later(SignedDuration::from_hours(5));
    let mut orla = desk_of(&house, house.who.orla).await;
    let text = orla.get("/desk/backups").await.text();
    for part in ["23 Nov 09:00", "5 hours old", "24 Nov 03:15", "counterfoil-2026-11-23T090000Z", &identity.recipient()]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// As the command line would have added it; nothing here opens it.
fn sealed(recipient: &str) -> SealedIdentity {
    let file = format!("age-encryption.org/v1\n-> scrypt c2FsdA 18\nZm9v\n--- of {recipient}\n");
    SealedIdentity { recipient: recipient.to_owned(), file: file.into_bytes() }
}

#[tokio::test]
async fn an_owner_downloads_a_sealed_identity_with_the_own_password_and_it_is_in_the_log() {
    const TO: &str = "/desk/backups/identity";
    let folder = tempfile::tempdir().unwrap();
    let (house, _) = backed_up(folder.path()).await;
    let mut orla = desk_of(&house, house.who.orla).await;
    assert!(!orla.get("/desk/backups").await.text().contains(TO));
    let one = sealed("age1first0000");
    let add = one.clone();
    house.act(house.who.orla, move |w, _| firm::add_backup_passphrase(w, &add)).await.unwrap();
    let page = orla.get("/desk/backups").await.text();
    assert!(page.contains(TO) && !page.contains("Which one"), "{page}");

    let taken = |events: &[Event]| events.iter().filter(|e| matches!(e, Event::IdentityDownloaded { .. })).count();
    let wrong = orla.post(TO, &[("recipient", &one.recipient), ("password", "amber kettle")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("That is not your password."), "{}", wrong.text());
    let other = orla.post(TO, &[("recipient", "age1other0000"), ("password", PASSWORD)]).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(other.text().contains("No passphrase opens backups by this identity"), "{}", other.text());
    let mut tom = desk_of(&house, house.who.tom).await;
    tom.get("/desk").await;
    let refused = tom.post(TO, &[("recipient", &one.recipient), ("password", PASSWORD)]).await;
    assert_eq!((refused.status, taken(&house.log())), (StatusCode::FORBIDDEN, 0));

    let got = orla.post(TO, &[("recipient", &one.recipient), ("password", PASSWORD)]).await;
    assert_eq!((got.status, &got.body), (StatusCode::OK, &one.file));
    let name = got.header("content-disposition");
    assert!(name.starts_with("attachment; filename=\"counterfoil-backup-identity-age1first000.age\""), "{name}");
    assert_eq!(got.header("cache-control"), "no-store");
    assert_eq!(taken(&house.log()), 1);

    house.act(house.who.orla, move |w, _| firm::add_backup_passphrase(w, &sealed("age1second000"))).await.unwrap();
    let page = orla.get("/desk/backups").await.text();
    assert!(page.contains("Which one") && page.contains("age1second000"), "{page}");
}
