//! What arrives is kept whole and once, or leaves nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::{Method, StatusCode};
use counterfoil::actions::documents::{self, Place};
use counterfoil::actions::uploads::{self, ARRIVING_MAX, BATCH, Upload};
use counterfoil::actions::{clients, firm};
use counterfoil::app::FileLimits;
use counterfoil::domain::ids::{ClientId, Digest, DocumentId};
use counterfoil::domain::refusal::Refusal;
use counterfoil::secrets::sha256;
use counterfoil::store::files::CHUNK;
use counterfoil::store::prelude::*;
use counterfoil::store::stats;

use crate::desk::desk_of;
use crate::house::{TestHouse, new_client};

/// Text that no two places of it have in common.
pub fn text(length: usize) -> Vec<u8> {
    let lines = (0_u64..).flat_map(|n| format!("{n:015}\n").into_bytes());
    lines.take(length).collect()
}

fn rows(house: &TestHouse, table: &str) -> u64 {
    let sizes = house.app.store.read(|r| stats::measure(r, 0, |_, _| {})).unwrap();
    sizes.tables.into_iter().find(|t| t.name == table).unwrap().rows
}

/// Rows of every table that an upload touches, and the log's length.
fn traces(house: &TestHouse) -> BTreeMap<String, u64> {
    let tables = ["files", "chunks", "file_uses", "arriving", "left_over", "documents", "document_sizes", "events"];
    tables.into_iter().map(|t| (t.to_owned(), rows(house, t))).collect()
}

async fn begin(house: &TestHouse, client: ClientId) -> Result<Upload, ActError> {
    Upload::begin(&house.app, &house.scope(house.who.orla), client, "plan.txt", None).await
}

async fn post(house: &TestHouse, client: ClientId, bytes: &[u8]) -> DocumentId {
    let arrived = house.arrive(client, "plan.txt", bytes).await.unwrap();
    let place = Place::New { client, project: None, title: String::new() };
    let (by, scope) = (house.by(house.who.orla), house.scope(house.who.orla));
    documents::post(&house.app, by, &scope, place, String::new(), arrived).await.unwrap().0
}

fn limited(house: &mut TestHouse, limits: FileLimits) {
    Arc::make_mut(&mut house.app.settings).files = limits;
}

fn refusal<T>(outcome: Result<T, ActError>) -> Refusal {
    match outcome {
        Err(ActError::Refused(refusal)) => refusal,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("taken"),
    }
}

#[tokio::test]
async fn what_comes_in_pieces_of_any_size_is_kept_as_it_was() {
    let house = TestHouse::new().await.heedless_of_mail();
    let bytes = text(BATCH + 2 * CHUNK + 17);
    for piece in [1_000, CHUNK - 1, CHUNK, BATCH + 1, bytes.len()] {
        let bytes = &bytes[..bytes.len() - piece % 7];
        let mut upload = begin(&house, house.who.marlow).await.unwrap();
        for part in bytes.chunks(piece) {
            upload.push(part).await.unwrap();
        }
        let arrived = upload.finish().await.unwrap();
        assert_eq!((arrived.file.length, arrived.file.digest), (bytes.len() as u64, Digest(sha256(bytes))));
        let place = Place::New { client: house.who.marlow, project: None, title: String::new() };
        let (by, scope) = (house.by(house.who.orla), house.scope(house.who.orla));
        documents::post(&house.app, by, &scope, place, String::new(), arrived).await.unwrap();
        let kept = house.app.store.read(|r| r.file(Digest(sha256(bytes)))).unwrap().unwrap();
        assert!(kept == bytes, "in pieces of {piece}");
    }
}

#[tokio::test]
async fn the_same_bytes_are_kept_once_whoever_brings_them() {
    let house = TestHouse::new().await.heedless_of_mail();
    let bytes = text(3 * CHUNK);
    let first = post(&house, house.who.marlow, &bytes).await;
    let before = (rows(&house, "files"), rows(&house, "chunks"));
    let second = post(&house, house.who.kestrel, &bytes).await;
    uploads::clear(&house.app).await.unwrap();
    assert_eq!((rows(&house, "files"), rows(&house, "chunks")), before);
    // Each of them counts it, so that nobody learns from a limit what others have.
    for client in [house.who.marlow, house.who.kestrel] {
        let sizes = house.app.store.read(|r| r.document_sizes(Some(client))).unwrap();
        assert_eq!((sizes.bytes, sizes.versions), (bytes.len() as u64, 1));
    }
    // The bytes go with the last who has them.
    for (document, there) in [(first, true), (second, false)] {
        house.act(house.who.orla, move |w, s| documents::withdraw(w, s, document, "Done")).await.unwrap();
        house.act(house.who.orla, move |w, s| documents::erase(w, s, document)).await.unwrap();
        uploads::clear(&house.app).await.unwrap();
        assert_eq!(house.app.store.read(|r| r.file(Digest(sha256(&bytes)))).unwrap().is_some(), there);
    }
    assert_eq!((rows(&house, "chunks"), rows(&house, "left_over")), (0, 0));
    assert_eq!(house.app.store.read(|r| r.document_sizes(None)).unwrap().bytes, 0);
}

/// How an upload ends that is not kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// It is dropped, and what it left is cleared away.
    Dropped,
    /// Planted: its end is not heard of.
    Forgotten,
    /// Planted: nobody clears away.
    Left,
}

fn differs(what: String, house: &TestHouse, before: &BTreeMap<String, u64>) -> Option<String> {
    let now = traces(house);
    (now != *before).then(|| format!("{what}: {before:?} became {now:?}"))
}

/// What uploads leave that end after every number of chunks, before or after they are finished.
async fn left_by_uploads(house: &TestHouse, end: End) -> Vec<String> {
    let (before, bytes, mut out) = (traces(house), text(BATCH + 3 * CHUNK), Vec::new());
    for chunks in 0..=bytes.len() / CHUNK {
        let mut upload = begin(house, house.who.marlow).await.unwrap();
        upload.push(&bytes[..chunks * CHUNK]).await.unwrap();
        match (end, chunks % 2) {
            (End::Forgotten, _) => std::mem::forget(upload),
            (_, 0) => drop(upload),
            _ => drop(upload.finish().await.unwrap()),
        }
        if end != End::Left {
            uploads::clear(&house.app).await.unwrap();
        }
        house.app.store.housekeep(house.app.now(), |_| Ok(())).await.unwrap();
        if end != End::Left {
            uploads::clear(&house.app).await.unwrap();
        }
        out.extend(differs(format!("after {chunks} chunks"), house, &before));
    }
    out
}

#[tokio::test]
async fn an_upload_that_is_dropped_after_any_chunk_leaves_nothing() {
    let house = TestHouse::new().await;
    let left = left_by_uploads(&house, End::Dropped).await;
    assert!(left.is_empty(), "{left:#?}");
}

#[tokio::test]
async fn the_test_of_dropped_uploads_catches_an_end_that_nobody_hears_of_and_chunks_that_nobody_clears() {
    for end in [End::Forgotten, End::Left] {
        assert!(!left_by_uploads(&TestHouse::new().await, end).await.is_empty());
    }
}

/// What forms leave that are cut off at every chunk and at their end; the last, which is whole, is kept.
async fn left_by_forms(house: &TestHouse, end: End) -> Vec<String> {
    let mut orla = desk_of(house, house.who.orla).await;
    let path = format!("/desk/clients/{}/documents/new", house.who.marlow);
    orla.get(&path).await;
    let (kind, whole) = form(orla.token(), &text(BATCH + 2 * CHUNK));
    let (before, mut out) = (traces(house), Vec::new());
    let cuts = (0..whole.len()).step_by(CHUNK).chain([whole.len() - 5, whole.len() - 60]);
    for cut in cuts {
        let answer = orla.send(Method::POST, &path, Some(&kind), whole[..cut].to_vec()).await;
        assert!(answer.status.is_client_error(), "cut at {cut}: {}", answer.status);
        if end == End::Dropped {
            house.tick().await;
            house.tick().await;
        }
        out.extend(differs(format!("cut at {cut}"), house, &before));
    }
    let answer = orla.send(Method::POST, &path, Some(&kind), whole).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    assert_eq!(rows(house, "documents"), 1);
    out
}

#[tokio::test]
async fn a_form_that_is_cut_off_anywhere_leaves_nothing() {
    let left = left_by_forms(&TestHouse::new().await.heedless_of_mail(), End::Dropped).await;
    assert!(left.is_empty(), "{left:#?}");
}

#[tokio::test]
async fn the_test_of_cut_forms_catches_chunks_that_nobody_clears() {
    assert!(!left_by_forms(&TestHouse::new().await.heedless_of_mail(), End::Left).await.is_empty());
}

/// A form with a file, as a browser sends it, and its type.
fn form(token: &str, file: &[u8]) -> (String, Vec<u8>) {
    let line = "a-line-that-stands-in-no-file";
    let mut body = Vec::new();
    for (name, value) in [("csrf", token), ("title", "Plan"), ("note", "")] {
        let part = format!("--{line}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.into_bytes());
    }
    let head = "Content-Disposition: form-data; name=\"file\"; filename=\"plan.txt\"\r\nContent-Type: text/html";
    body.extend(format!("--{line}\r\n{head}\r\n\r\n").into_bytes());
    body.extend(file);
    body.extend(format!("\r\n--{line}--\r\n").into_bytes());
    (format!("multipart/form-data; boundary={line}"), body)
}

#[tokio::test]
async fn two_uploads_at_once_never_both_pass_a_limit() {
    let mut house = TestHouse::new().await.heedless_of_mail();
    let (room, size) = (6 * BATCH as u64, 4 * BATCH);
    for (client, all, other) in [(room, u64::MAX, false), (u64::MAX, room, true)] {
        limited(&mut house, FileLimits { file: u64::MAX, client, all });
        let used = house.app.store.read(|r| r.document_sizes(None)).unwrap().bytes;
        let second = if other { house.who.kestrel } else { house.who.marlow };
        let first = begin(&house, house.who.marlow).await.unwrap();
        let mut uploads = vec![first, begin(&house, second).await.unwrap()];
        let (bytes, mut told) = (text(size), Vec::new());
        for part in bytes.chunks(BATCH / 2) {
            let mut go_on = Vec::new();
            for mut upload in uploads {
                match upload.push(part).await {
                    Ok(()) => go_on.push(upload),
                    // Let go, so that what it took is free for the other.
                    Err(refusal) => told.push(refusal.to_string()),
                }
            }
            uploads = go_on;
        }
        assert_eq!(told.len(), 1, "{told:?}");
        let named = if other { "documents_mib" } else { "client_documents_mib" };
        assert!(told[0].contains(named) && told[0].contains("[limits]"), "{told:?}");
        let arrived = uploads.pop().unwrap().finish().await.unwrap();
        let after = house.app.store.read(|r| r.document_sizes(None)).unwrap().bytes;
        assert_eq!(used, after, "nothing counts as kept before it is");
        drop(arrived);
    }
}

#[tokio::test]
async fn what_is_announced_too_large_is_refused_before_a_byte_of_it_comes() {
    let mut house = TestHouse::new().await;
    limited(&mut house, FileLimits { file: 100, client: 60, all: 50 });
    let scope = house.scope(house.who.orla);
    let ask = |name: &'static str, n| Upload::begin(&house.app, &scope, house.who.marlow, name, Some(n));
    assert_eq!(refusal(ask("a.txt", 101).await), Refusal::FileTooLarge(100));
    assert_eq!(refusal(ask("a.txt", 61).await), Refusal::ClientFull(60));
    assert_eq!(refusal(ask("a.txt", 51).await), Refusal::DocumentsFull(50));
    assert!(matches!(refusal(ask("a.svg", 5).await), Refusal::Fields(_)));
    let mut upload = ask("a.txt", 5).await.unwrap();
    assert_eq!(refusal(upload.push(&text(101)).await), Refusal::FileTooLarge(100), "what it said counts for nothing");
    let mut upload = ask("a.pdf", 5).await.unwrap();
    upload.push(b"MZ, no PDF").await.unwrap();
    assert!(matches!(refusal(upload.finish().await), Refusal::Fields(_)));
    let auditor = house.scope(house.who.jonas);
    let refused = Upload::begin(&house.app, &auditor, house.who.marlow, "a.txt", None).await;
    assert_eq!(refusal(refused), Refusal::NotAllowed);
    let member = house.scope(house.who.maeve);
    let refused = Upload::begin(&house.app, &member, house.who.kestrel, "a.txt", None).await;
    assert_eq!(refusal(refused), Refusal::NotFound);
}

#[tokio::test]
async fn only_so_many_files_arrive_at_once_and_everything_else_goes_on() {
    let house = TestHouse::new().await;
    let mut all = Vec::new();
    for _ in 0..ARRIVING_MAX {
        let mut upload = begin(&house, house.who.marlow).await.unwrap();
        upload.push(&text(BATCH)).await.unwrap();
        all.push(upload);
    }
    assert_eq!(refusal(begin(&house, house.who.marlow).await), Refusal::ManyArriving);
    let new = new_client("Somebody else");
    house.act(house.who.orla, move |w, s| clients::add(w, s, &new)).await.unwrap();
    all.pop();
    house.tick().await;
    all.push(begin(&house, house.who.marlow).await.unwrap());
    // As after a kill: what a process left is given up at the next start.
    all.into_iter().for_each(std::mem::forget);
    let left = house.app.store.housekeep(house.app.now(), uploads::sweep).await.unwrap();
    assert_eq!(left, ARRIVING_MAX);
    house.tick().await;
    assert_eq!((rows(&house, "arriving"), rows(&house, "left_over"), rows(&house, "chunks")), (0, 0, 0));
}

#[tokio::test]
async fn what_was_erased_makes_room_for_what_comes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("firm.counterfoil");
    let house = TestHouse::in_file(&path).await.heedless_of_mail();
    // The engine gives room back in large pieces and now and then, so that the length goes up and down.
    let mut lengths = Vec::new();
    for round in 0_u8..12 {
        let mut bytes = text(4 * BATCH);
        bytes[0] = b'a' + round;
        let document = post(&house, house.who.marlow, &bytes).await;
        house.act(house.who.orla, move |w, s| documents::withdraw(w, s, document, "Done")).await.unwrap();
        house.act(house.who.orla, move |w, s| documents::erase(w, s, document)).await.unwrap();
        house.tick().await;
        lengths.push(path.metadata().unwrap().len());
    }
    let (early, late) = (lengths[..6].iter().max().unwrap(), lengths[6..].iter().max().unwrap());
    assert!(*late <= early + early / 2, "as many rounds again need no more room: {lengths:?}");
}

#[tokio::test]
async fn a_logo_that_is_replaced_takes_no_room() {
    let house = TestHouse::new().await;
    let pixel = crate::desk::firm::PIXEL;
    let logo = |mark: u8| {
        let bytes = [pixel, &[mark]].concat();
        firm::NewLogo { bytes, media_type: "image/png".to_owned(), size: (1, 1) }
    };
    for mark in 0..3 {
        let logo = logo(mark);
        house.act(house.who.orla, move |w, s| firm::change_logo(w, s, Some(&logo))).await.unwrap();
        house.tick().await;
        assert_eq!((rows(&house, "files"), rows(&house, "chunks")), (1, 1));
    }
    house.act(house.who.orla, |w, s| firm::change_logo(w, s, None)).await.unwrap();
    house.tick().await;
    assert_eq!((rows(&house, "files"), rows(&house, "chunks")), (0, 0));
}
