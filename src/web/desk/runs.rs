//! Long work of the desk: how far each run is and what came of it, in memory, for the session that began it. What was
//! done is in the data file and in the log, whatever becomes of this.

use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use maud::Markup;

use crate::secrets::TokenDigest;

/// Most runs that are kept; the oldest gives way.
const KEPT_MAX: usize = 20;
/// How long the report of one is kept.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(1);
/// Seconds after which the page of a run under way asks how far it is.
const AGAIN: &str = "2";

/// One run; `F` says how far it is.
pub struct Run<F> {
    token: String,
    session: TokenDigest,
    begun: Timestamp,
    far: Mutex<F>,
}

impl<F: Clone> Run<F> {
    /// A run that begins now.
    pub fn new(token: &str, session: TokenDigest, far: F, begun: Timestamp) -> Self {
        Self { token: token.to_owned(), session, begun, far: Mutex::new(far) }
    }

    /// How far it is.
    pub fn far(&self) -> F {
        self.far.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes how far it is now.
    pub fn note(&self, change: impl FnOnce(&mut F)) {
        change(&mut self.far.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// The runs that are kept.
pub struct Runs<F>(Mutex<Vec<Arc<Run<F>>>>);

impl<F> Default for Runs<F> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<F> Runs<F> {
    /// Keeps a run; `None` when there is one of its token, as when the button was pressed twice.
    pub fn begin(&self, run: Run<F>, now: Timestamp) -> Option<Arc<Run<F>>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|x| now.duration_since(x.begun) < KEPT_FOR);
        if all.iter().any(|x| x.token == run.token) {
            return None;
        }
        if all.len() >= KEPT_MAX {
            all.remove(0);
        }
        let run = Arc::new(run);
        all.push(Arc::clone(&run));
        Some(run)
    }

    /// The run of a token, if this session began it.
    pub fn get(&self, token: &str, session: TokenDigest) -> Option<Arc<Run<F>>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|x| x.token == token && x.session == session).cloned()
    }

    /// The run of a token, whoever began it.
    pub fn of_any(&self, token: &str) -> Option<Arc<Run<F>>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|x| x.token == token).cloned()
    }

    /// Forgets the runs of a token that are over, whoever began them, so that anybody can begin anew.
    pub fn forget_over(&self, token: &str, over: impl Fn(&F) -> bool)
    where
        F: Clone,
    {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|x| x.token != token || !over(&x.far()));
    }

    /// Forgets a run of this session, so that it can begin anew.
    pub fn forget(&self, token: &str, session: TokenDigest) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|x| x.token != token || x.session != session);
    }
}

/// The page of a run under way, which asks again by itself.
pub fn under_way(page: Markup) -> Response {
    let mut response = page.into_response();
    response.headers_mut().insert(HeaderName::from_static("refresh"), HeaderValue::from_static(AGAIN));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_session_left_over_keeps_no_other_from_beginning_anew() {
        let (orla, tom, now) = (TokenDigest([1; 32]), TokenDigest([2; 32]), Timestamp::UNIX_EPOCH);
        let runs = Runs::default();
        let first = runs.begin(Run::new("7", orla, false, now), now).unwrap();
        assert!(runs.begin(Run::new("7", tom, false, now), now).is_none(), "it is under way");
        assert!(runs.of_any("7").is_some() && runs.get("7", tom).is_none());
        runs.forget_over("7", |over| *over);
        assert!(runs.of_any("7").is_some(), "not over yet");
        first.note(|over| *over = true);
        runs.forget_over("7", |over| *over);
        assert!(runs.begin(Run::new("7", tom, false, now), now).is_some());
    }
}
