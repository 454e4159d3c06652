//! The state of an invoice as a tag at the desk.

use maud::Markup;

use crate::domain::invoice::Standing;
use crate::web::parts::{Tone, tag};

/// From how many days before the due date on an invoice counts as due soon.
const SOON_DAYS: i32 = 7;

/// The tag of a state: `Overdue 12 days`.
pub fn standing_tag(standing: Standing) -> Markup {
    let (tone, text) = words(standing);
    tag(tone, text)
}

/// A state's words and their tone.
pub fn words(standing: Standing) -> (Tone, String) {
    let partly = |part_paid: bool| if part_paid { ", part paid" } else { "" };
    match standing {
        Standing::Draft => (Tone::Plain, "Draft".to_owned()),
        Standing::Due { days, part_paid } => {
            let tone = if days <= SOON_DAYS { Tone::Warn } else { Tone::Plain };
            let when = match days {
                ..=0 => "today".to_owned(),
                1 => "tomorrow".to_owned(),
                2.. => format!("in {days} days"),
            };
            (tone, format!("Due {when}{}", partly(part_paid)))
        }
        Standing::Overdue { days, part_paid } => {
            let unit = if days == 1 { "day" } else { "days" };
            (Tone::Bad, format!("Overdue {days} {unit}{}", partly(part_paid)))
        }
        Standing::Paid => (Tone::Ok, "Paid".to_owned()),
        Standing::Credited => (Tone::Plain, "Credited".to_owned()),
        Standing::WrittenOff => (Tone::Plain, "Written off".to_owned()),
        Standing::CreditNote => (Tone::Info, "Credit note".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_said_in_words_and_not_by_colour_alone() {
        let table = [
            (Standing::Due { days: 0, part_paid: false }, Tone::Warn, "Due today"),
            (Standing::Due { days: 1, part_paid: true }, Tone::Warn, "Due tomorrow, part paid"),
            (Standing::Due { days: 8, part_paid: false }, Tone::Plain, "Due in 8 days"),
            (Standing::Overdue { days: 1, part_paid: false }, Tone::Bad, "Overdue 1 day"),
            (Standing::Overdue { days: 12, part_paid: true }, Tone::Bad, "Overdue 12 days, part paid"),
            (Standing::Paid, Tone::Ok, "Paid"),
        ];
        for (standing, tone, text) in table {
            assert_eq!(words(standing), (tone, text.to_owned()));
        }
    }
}
