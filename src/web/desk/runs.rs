//! Runs in which many drafts are issued: how far each is and what came of each draft, in memory, for the session that
//! began it. What was issued is in the data file and in the log, whatever becomes of this.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::actions::invoices::Outcome;
use crate::domain::ids::InvoiceId;
use crate::secrets::TokenDigest;

/// Most runs that are kept; the oldest gives way.
const KEPT_MAX: usize = 20;
/// How long the report of one is kept.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(1);

/// How far a run is.
#[derive(Clone, Debug, Default)]
pub struct Far {
    /// What came of each draft so far.
    pub outcomes: Vec<Outcome>,
    /// How many drafts there are in all.
    pub all: usize,
    /// Whether nothing more comes.
    pub ended: bool,
    /// Why it broke off, if it did.
    pub broken: Option<String>,
}

/// One run.
pub struct Run {
    token: String,
    session: TokenDigest,
    drafts: Vec<InvoiceId>,
    begun: Timestamp,
    far: Mutex<Far>,
}

impl Run {
    /// A run of these drafts that begins now.
    pub fn new(token: &str, session: TokenDigest, drafts: Vec<InvoiceId>, begun: Timestamp) -> Self {
        let far = Far { all: drafts.len(), ..Far::default() };
        Self { token: token.to_owned(), session, drafts, begun, far: Mutex::new(far) }
    }

    /// The drafts.
    pub fn drafts(&self) -> &[InvoiceId] {
        &self.drafts
    }

    /// How far it is.
    pub fn far(&self) -> Far {
        self.far.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes what came of some drafts.
    pub fn note(&self, outcomes: Vec<Outcome>) {
        self.far.lock().unwrap_or_else(PoisonError::into_inner).outcomes.extend(outcomes);
    }

    /// Notes that it has ended, and why if it broke off.
    pub fn end(&self, broken: Option<String>) {
        let mut far = self.far.lock().unwrap_or_else(PoisonError::into_inner);
        (far.ended, far.broken) = (true, broken);
    }
}

/// The runs that are kept.
#[derive(Default)]
pub struct Runs(Mutex<Vec<Arc<Run>>>);

impl Runs {
    /// Keeps a run; `None` when there is one of its token, as when the button was pressed twice.
    pub fn begin(&self, run: Run, now: Timestamp) -> Option<Arc<Run>> {
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
    pub fn get(&self, token: &str, session: TokenDigest) -> Option<Arc<Run>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|x| x.token == token && x.session == session).cloned()
    }
}
