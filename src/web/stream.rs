//! Files as downloads, chunk by chunk out of the store.
//!
//! Each chunk is read from the latest state, so that a download that takes an hour holds no old state fast; content
//! never changes under its number, and a file that goes meanwhile ends the download early, which its length tells. One
//! range may be asked for, so that a broken download can go on.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::header::{ACCEPT_RANGES, CONTENT_RANGE, ETAG, IF_RANGE, RANGE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::body::{Frame, SizeHint};
use tokio::task::JoinHandle;

use super::download;
use crate::domain::ids::FileRef;
use crate::store::files::{CHUNK, Content, FileReads};
use crate::store::{Store, StoreError};

/// The file as an attachment under its own name, whole or the part that `asked` for.
pub fn attachment(store: &Store, content: Content, file: &FileRef, asked: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", file.digest);
    let range = asked.get(RANGE).and_then(|range| range.to_str().ok());
    let same = asked.get(IF_RANGE).is_none_or(|known| known.as_bytes() == tag.as_bytes());
    let part = range.filter(|_| same).map_or(Asked::Whole, |range| part_of(range, content.length));
    let (status, from, length) = match part {
        Asked::Whole => (StatusCode::OK, 0, content.length),
        Asked::Part(from, length) => (StatusCode::PARTIAL_CONTENT, from, length),
        Asked::Nothing => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0),
    };
    let body = Chunks { store: store.clone(), content, at: from, left: length, reading: None };
    let mut response = download::headers(&file.media_type, &file.name, Body::new(body)).into_response();
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let told = match part {
        Asked::Whole => None,
        Asked::Part(..) => Some(format!("bytes {from}-{}/{}", from + length - 1, content.length)),
        Asked::Nothing => Some(format!("bytes */{}", content.length)),
    };
    let values = [(ETAG, Some(tag)), (CONTENT_RANGE, told)];
    for (name, value) in values.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Whole,
    /// From where, and how many bytes; never none.
    Part(u64, u64),
    Nothing,
}

/// RFC 9110 §14.2. Several ranges at once, other units and nonsense get the whole.
fn part_of(range: &str, length: u64) -> Asked {
    let Some((from, to)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Asked::Whole;
    };
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    let (from, end) = match (number(from), number(to), from.is_empty(), to.is_empty()) {
        (Some(from), None, _, true) => (from, length),
        (Some(from), Some(to), ..) if from <= to => (from, length.min(to.saturating_add(1))),
        (None, Some(last), true, _) => (length.saturating_sub(last), length),
        _ => return Asked::Whole,
    };
    if from < end { Asked::Part(from, end - from) } else { Asked::Nothing }
}

type Reading = JoinHandle<Result<Option<Vec<u8>>, StoreError>>;

/// A body that reads one chunk ahead of nobody.
struct Chunks {
    store: Store,
    content: Content,
    at: u64,
    left: u64,
    reading: Option<Reading>,
}

impl Chunks {
    fn place(&self) -> (u32, usize) {
        let (number, within) = (self.at / CHUNK as u64, self.at % CHUNK as u64);
        (u32::try_from(number).unwrap_or(u32::MAX), usize::try_from(within).unwrap_or(usize::MAX))
    }

    fn begin(&self) -> Reading {
        let (store, content, number) = (self.store.clone(), self.content, self.place().0);
        tokio::task::spawn_blocking(move || store.read(|r| r.chunk(content, number)))
    }

    /// The part of a chunk that is wanted.
    fn take(&mut self, chunk: Vec<u8>) -> io::Result<Bytes> {
        let within = self.place().1;
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(chunk.len().saturating_sub(within));
        let part = Bytes::from(chunk).slice(within.min(within + wanted)..within + wanted);
        if part.is_empty() {
            return Err(gone());
        }
        self.at += part.len() as u64;
        self.left -= part.len() as u64;
        Ok(part)
    }
}

impl hyper::body::Body for Chunks {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let mut reading = match self.reading.take() {
            Some(reading) => reading,
            None => self.begin(),
        };
        let Poll::Ready(read) = Pin::new(&mut reading).poll(cx) else {
            self.reading = Some(reading);
            return Poll::Pending;
        };
        let chunk = match read {
            Ok(Ok(Some(chunk))) => self.take(chunk),
            Ok(Ok(None)) => Err(gone()),
            Ok(Err(error)) => Err(io::Error::other(error)),
            Err(error) => Err(io::Error::other(error)),
        };
        if let Err(error) = &chunk {
            tracing::warn!("a download ended early: {error}");
        }
        Poll::Ready(Some(chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

fn gone() -> io::Error {
    io::Error::other("the file is not there any more")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_understood_and_anything_else_gets_the_whole() {
        for (range, part) in [
            ("bytes=0-", Asked::Part(0, 100)),
            ("bytes=10-19", Asked::Part(10, 10)),
            ("bytes=90-500", Asked::Part(90, 10)),
            ("bytes=-5", Asked::Part(95, 5)),
            ("bytes=-500", Asked::Part(0, 100)),
            ("bytes=99-99", Asked::Part(99, 1)),
            ("bytes=100-", Asked::Nothing),
            ("bytes=-0", Asked::Nothing),
            ("bytes=0-1,4-5", Asked::Whole),
            ("bytes=5-4", Asked::Whole),
            ("bytes=+5-9", Asked::Whole),
            ("bytes=", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("lines=1-2", Asked::Whole),
            ("bytes=99999999999999999999-", Asked::Whole),
        ] {
            assert_eq!(part_of(range, 100), part, "{range}");
        }
    }
}
