//! Pages of the portal as a session got them last, for when it asks for the same again: no page may be kept by the
//! browser (`no-store`), so that every *Back* is a request.
//!
//! A page holds only for the session that got it, for the state of the data file that it was drawn from, and for its
//! day and hour: whatever is committed, whoever it concerns, makes an end to all of them. The guard has found session
//! and person again, in that very state, before anything is asked for here.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use jiff::civil::Date;

use crate::secrets::TokenDigest;
use crate::store::scope::State;

/// Most pages that are kept; when there are more, all go.
const KEPT_MAX: usize = 256;
/// The longest that is kept, in bytes: all of them together stay below 8 MiB.
const LENGTH_MAX: usize = 32 * 1024;

/// Who asks for what, when.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The state of the data file in which the guard found them.
    pub state: State,
    /// Their session: the page carries its form token.
    pub session: TokenDigest,
    /// The civil date in the firm's zone.
    pub today: Date,
    /// The hour by which visits are told apart: in a new one, opening is logged anew.
    pub hour: i64,
    /// Path and query.
    pub what: &'a str,
}

struct One {
    today: Date,
    hour: i64,
    page: Bytes,
}

#[derive(Default)]
struct Kept {
    state: Option<State>,
    pages: HashMap<(TokenDigest, String), One>,
}

/// The pages that are kept.
#[derive(Default)]
pub struct Pages(Mutex<Kept>);

impl Pages {
    /// The page as it was drawn before from the same.
    pub fn get(&self, asked: Asked<'_>) -> Option<Bytes> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.state != Some(asked.state) {
            return None;
        }
        let one = kept.pages.get(&(asked.session, asked.what.to_owned()))?;
        (one.today == asked.today && one.hour == asked.hour).then(|| one.page.clone())
    }

    /// Keeps a page that was drawn from `asked`.
    pub fn put(&self, asked: Asked<'_>, page: Bytes) {
        if page.len() > LENGTH_MAX {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.state != Some(asked.state) || kept.pages.len() >= KEPT_MAX {
            kept.pages.clear();
            kept.state = Some(asked.state);
        }
        let Asked { today, hour, .. } = asked;
        kept.pages.insert((asked.session, asked.what.to_owned()), One { today, hour, page });
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const ANA: TokenDigest = TokenDigest([1; 32]);
    const PETER: TokenDigest = TokenDigest([2; 32]);

    #[test]
    fn a_page_is_given_again_to_the_same_asked_for_the_same_in_the_same_state_day_and_hour() {
        let (now, later) = (State::of_test(1), State::of_test(2));
        let asked = Asked { state: now, session: ANA, today: date(2026, 11, 23), hour: 8, what: "/" };
        let (pages, page) = (Pages::default(), Bytes::from_static(b"page"));
        assert_eq!(pages.get(asked), None);
        pages.put(asked, page.clone());
        assert_eq!(pages.get(asked), Some(page.clone()));
        for other in [
            Asked { session: PETER, ..asked },
            Asked { what: "/invoices", ..asked },
            Asked { today: date(2026, 11, 24), ..asked },
            Asked { hour: 9, ..asked },
            Asked { state: later, ..asked },
        ] {
            assert_eq!(pages.get(other), None);
        }
        pages.put(Asked { state: later, session: PETER, ..asked }, page.clone());
        assert_eq!(pages.get(Asked { state: later, ..asked }), None, "what a commit made an end to stays away");
        assert_eq!(pages.get(asked), None);
    }

    #[test]
    fn what_is_kept_stays_within_its_limits() {
        let asked = Asked { state: State::of_test(1), session: ANA, today: date(2026, 11, 23), hour: 8, what: "/" };
        let pages = Pages::default();
        pages.put(asked, Bytes::from(vec![b'x'; LENGTH_MAX + 1]));
        assert_eq!(pages.get(asked), None, "too long");
        for n in 0..=KEPT_MAX {
            pages.put(Asked { what: &n.to_string(), ..asked }, Bytes::from_static(b"page"));
        }
        assert_eq!(pages.0.lock().unwrap().pages.len(), 1, "one more than may be kept takes the others' place");
    }
}
