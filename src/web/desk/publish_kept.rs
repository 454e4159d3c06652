//! Uploaded PDFs between the form and its confirmation: in memory, few, for half an hour, each for the session that
//! sent it. A browser can't fill in a file again, so that a typing error must not cost the upload.
//!
//! Nothing of it is written anywhere; after a restart the file is chosen again.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::domain::incoming::Incoming;
use crate::secrets::TokenDigest;
use crate::web::forms::Fields;

/// Most uploads kept at a time; the oldest gives way.
const KEPT_MAX: usize = 20;
/// Most bytes kept at a time.
const KEPT_BYTES_MAX: usize = 128 << 20;
/// How long one is kept after its last use.
const KEPT_FOR: SignedDuration = SignedDuration::from_mins(30);

/// A file as it was sent, with what was typed beside it.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The file's own name, for showing it.
    pub name: String,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    /// What an e-invoice inside it says.
    pub read: Option<Arc<Incoming>>,
    /// The form's fields.
    pub fields: Fields,
}

struct Entry {
    token: String,
    session: TokenDigest,
    used: Timestamp,
    upload: Upload,
}

/// The uploads that wait.
#[derive(Default)]
pub struct Kept(Mutex<Vec<Entry>>);

impl Kept {
    /// Keeps an upload under `token`, in place of what was there.
    pub fn put(&self, token: &str, session: TokenDigest, now: Timestamp, upload: Upload) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|e| alive(e, now) && e.token != token);
        all.push(Entry { token: token.to_owned(), session, used: now, upload });
        let size = |all: &[Entry]| all.iter().map(|e| e.upload.bytes.len()).sum::<usize>();
        while all.len() > KEPT_MAX || (all.len() > 1 && size(&all) > KEPT_BYTES_MAX) {
            all.remove(0);
        }
    }

    /// The upload of a token, if this session sent it.
    pub fn get(&self, token: &str, session: TokenDigest, now: Timestamp) -> Option<Upload> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|e| alive(e, now));
        let entry = all.iter_mut().find(|e| e.token == token && e.session == session)?;
        entry.used = now;
        Some(entry.upload.clone())
    }
}

fn alive(entry: &Entry, now: Timestamp) -> bool {
    now.duration_since(entry.used) < KEPT_FOR
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload(size: usize) -> Upload {
        Upload { name: "a.pdf".into(), bytes: vec![0; size].into(), read: None, fields: Fields::default() }
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(minutes * 60).unwrap()
    }

    #[test]
    fn an_upload_is_kept_for_its_session_and_for_half_an_hour() {
        let (kept, mine, other) = (Kept::default(), TokenDigest([1; 32]), TokenDigest([2; 32]));
        kept.put("t", mine, at(0), upload(1));
        assert!(kept.get("t", other, at(1)).is_none() && kept.get("x", mine, at(1)).is_none());
        assert!(kept.get("t", mine, at(20)).is_some());
        assert!(kept.get("t", mine, at(49)).is_some(), "each use counts");
        assert!(kept.get("t", mine, at(80)).is_none());
    }

    #[test]
    fn few_are_kept_and_not_too_large() {
        let (kept, mine) = (Kept::default(), TokenDigest([1; 32]));
        for n in 0..=KEPT_MAX {
            kept.put(&n.to_string(), mine, at(0), upload(1));
        }
        assert!(kept.get("0", mine, at(0)).is_none() && kept.get("1", mine, at(0)).is_some());
        kept.put("large", mine, at(0), upload(KEPT_BYTES_MAX));
        assert!(kept.get("1", mine, at(0)).is_none() && kept.get("large", mine, at(0)).is_some());
    }
}
