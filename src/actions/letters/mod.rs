//! The outbox: queueing letters with what causes them, handing them over one at a time, and deciding about those of
//! which nobody knows.

mod along;
mod also;
mod copies;
mod daily;
mod decide;
mod digest;
mod hand_over;
mod people;
mod posted;
mod queue;
mod statements;
mod still;
mod stop;
mod thread;

use crate::domain::letter::Letter;
use crate::store::prelude::*;

pub use along::{ATTACHED_MAX, Along, along, attach};
pub use copies::{begin_copy, is_copy};
pub(super) use copies::{is_of_what_went, same_step};
pub(super) use daily::waits_for_another_day;
pub use daily::waits_until;
pub(super) use decide::release_sending;
pub use decide::{Decision, decide, leave_all, send_again};
pub use digest::{CARRIED_MAX, begin_together};
pub(super) use hand_over::code_digest;
pub use hand_over::{Parcel, Sender, begin, finish, quarantine, recover};
pub use people::{Reached, audience, reachable, reached, recipients};
pub(super) use people::{responsible, writing};
pub use posted::{POSTED_WAIT, posted_to};
pub(super) use posted::{queue_posted, reword_posted};
pub(super) use queue::{
    Written, not_lately, queue_answered, queue_issued, queue_notice, queue_quote, queue_reminder, queue_set_password,
    queue_sign_in, reword, steps_out, written, yet_to_get,
};
pub(super) use statements::queue_statement;
pub use still::{Spoken, spoken, still};
pub(super) use stop::{withdraw, withdraw_reminders, withdraw_reminders_to};

/// Where a letter's lines stand in the log.
pub(super) fn about(letter: &Letter) -> About {
    About { client: letter.client, invoice: letter.purpose.invoice() }
}
