//! Letters that came back: each message is taken once, in one commit with what follows from it.

use super::{found, letters};
use crate::domain::event::Event;
use crate::domain::letter::{Letter, LetterState};
use crate::mail::bounce::{Bounce, Reading};
use crate::store::prelude::*;
use crate::store::returned::Returned;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was taken, now or before.
    As(Returned),
    /// It was taken before.
    Before,
    /// The letter it tells of is being handed over at this moment: it is to be brought again.
    Later,
}

/// Takes a message of this digest: a letter that it says was not delivered is *bounced* from now on.
///
/// # Errors
/// When the store fails.
pub fn take(w: &mut WriteTx<'_>, digest: [u8; 32], reading: &Reading) -> Result<Taken, ActError> {
    if w.was_returned(digest)? {
        return Ok(Taken::Before);
    }
    let what = match reading {
        Reading::Bounced(bounce) => match bounced(w, bounce)? {
            Some(what) => what,
            None => return Ok(Taken::Later),
        },
        Reading::Other => Returned::Other,
        Reading::Refused => Returned::Refused,
    };
    w.put_returned(digest, what)?;
    Ok(Taken::As(what))
}

/// `None` while the letter is on its way.
fn bounced(w: &mut WriteTx<'_>, bounce: &Bounce) -> Result<Option<Returned>, ActError> {
    let local = bounce.message_id.split('@').next().unwrap_or_default();
    let Some(id) = w.letter_of_message(local)? else { return Ok(Some(Returned::Unknown)) };
    let letter = found(w.letter(id)?)?;
    match letter.state {
        LetterState::Accepted(..) | LetterState::Uncertain(..) => {}
        LetterState::Sending(_) => return Ok(None),
        _ => return Ok(Some(Returned::Unknown)),
    }
    // Those that went as one come back as one.
    for other in letter.carries.clone() {
        let along = w.letter(other)?.filter(|x| x.with == Some(id));
        if let Some(along) = along.filter(|x| matches!(x.state, LetterState::Accepted(..) | LetterState::Uncertain(..)))
        {
            came_back(w, along, bounce)?;
        }
    }
    came_back(w, letter, bounce)?;
    Ok(Some(Returned::Bounce))
}

fn came_back(w: &mut WriteTx<'_>, mut letter: Letter, bounce: &Bounce) -> Result<(), ActError> {
    let reason = bounce.words.clone();
    let old = std::mem::replace(&mut letter.state, LetterState::Bounced(w.now, reason.clone()));
    w.move_letter(&letter, &old, None)?;
    let event = Event::LetterBounced { letter: letter.id, to: letter.to_address.to_string(), reason };
    let _ = w.record(letters::about(&letter), event)?;
    Ok(())
}
