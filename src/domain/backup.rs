//! Backups in a folder: what they are called, and which of them are kept.
//!
//! Knows no disk: names and instants only. Days, weeks and months are counted in UTC, as the names are written.

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil::DateTime};

use serde::{Deserialize, Serialize};

use super::ids::Digest;

const NAME_START: &str = "counterfoil-";
const NAME_STAMP: &str = "%Y-%m-%dT%H%M%SZ";
const NAME_END: &str = ".backup";
const POINT_END: &str = ".point";
const LIST_END: &str = ".pieces";
const PIECES_START: &str = "pieces/";
const PIECE_END: &str = ".piece";

/// Everything that backups put into a folder. Nothing else in it is ever looked at, and nothing else removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// A backup that is whole by itself, taken at this instant.
    Whole(Timestamp),
    /// A point to which can be restored, with the pieces that it names.
    Point(Timestamp),
    /// Which pieces that point needs, readable without opening it.
    List(Timestamp),
    /// Part of the contents of one or more points.
    Piece(Digest),
}

impl Item {
    /// What is called so; `None` for any name that none of them has.
    pub fn named(name: &str) -> Option<Self> {
        let item = match name.strip_prefix(PIECES_START) {
            Some(piece) => Self::Piece(Digest::from_hex(piece.strip_suffix(PIECE_END)?)?),
            None => {
                let stamp = name.strip_prefix(NAME_START)?;
                let of = |end, make: fn(Timestamp) -> Self| Some(make(stamped(stamp.strip_suffix(end)?)?));
                of(NAME_END, Self::Whole).or_else(|| of(POINT_END, Self::Point)).or_else(|| of(LIST_END, Self::List))?
            }
        };
        // Only the one spelling that is written.
        (item.to_string() == name).then_some(item)
    }
}

impl std::fmt::Display for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (taken, end) = match self {
            Self::Piece(name) => return write!(f, "{PIECES_START}{name}{PIECE_END}"),
            Self::Whole(taken) => (taken, NAME_END),
            Self::Point(taken) => (taken, POINT_END),
            Self::List(taken) => (taken, LIST_END),
        };
        write!(f, "{NAME_START}{}{end}", taken.strftime(NAME_STAMP))
    }
}

/// The instant that the name of a backup taken at `at` tells: names hold whole seconds.
pub fn second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// The instant that a name's stamp means, such as `2026-11-22T031500Z`.
pub fn stamped(stamp: &str) -> Option<Timestamp> {
    Some(DateTime::strptime(NAME_STAMP, stamp).ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// How many backups a folder keeps: the newest of each of so many days, weeks and months that have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keep {
    /// Days.
    pub daily: u32,
    /// Weeks, from Monday.
    pub weekly: u32,
    /// Months.
    pub monthly: u32,
}

impl Keep {
    /// A week of days, a month of weeks, a year of months.
    pub const USUAL: Self = Self { daily: 7, weekly: 5, monthly: 12 };
}

/// Most passphrases that backups are encrypted to: each makes every backup's header longer.
pub const PASSPHRASES_MAX: usize = 4;

/// A recipient of backups whose identity a passphrase opens. The passphrase itself is kept nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedIdentity {
    /// The recipient.
    pub recipient: String,
    /// Its identity's file, encrypted with the passphrase as `age -p` does it.
    pub file: Vec<u8>,
}

/// All of them, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedIdentities(pub Vec<SealedIdentity>);

/// The name of a backup taken at this instant; names sort by time.
pub fn name(taken: Timestamp) -> String {
    Item::Whole(taken).to_string()
}

/// When the backup of this name was taken; `None` for any name that [`name`] does not give.
pub fn taken(file_name: &str) -> Option<Timestamp> {
    match Item::named(file_name)? {
        Item::Whole(taken) => Some(taken),
        _ => None,
    }
}

/// Which of the backups taken at `all` are no longer kept, oldest first. Never the newest, and never the one `made`
/// last, which is not the newest where a clock went back.
pub fn superseded(all: &[Timestamp], made: Timestamp, keep: Keep) -> Vec<Timestamp> {
    let mut newest_first = all.to_vec();
    newest_first.sort_by(|a, b| b.cmp(a));
    let mut kept: Vec<Timestamp> = newest_first.first().copied().into_iter().chain([second(made)]).collect();
    kept.extend(newest_of_each(&newest_first, keep.daily, |day| (day.year(), day.day_of_year())));
    kept.extend(newest_of_each(&newest_first, keep.weekly, |day| {
        let week = day.date().iso_week_date();
        (week.year(), i16::from(week.week()))
    }));
    kept.extend(newest_of_each(&newest_first, keep.monthly, |day| (day.year(), i16::from(day.month()))));
    newest_first.into_iter().rev().filter(|at| !kept.contains(at)).collect()
}

/// The newest of each span of time that has one, for the last `count` such spans.
fn newest_of_each(newest_first: &[Timestamp], count: u32, span: impl Fn(DateTime) -> (i16, i16)) -> Vec<Timestamp> {
    let (mut out, mut last) = (Vec::new(), None);
    for at in newest_first {
        let this = Some(span(TimeZone::UTC.to_datetime(*at)));
        if this != last {
            (out, last) = ([out, vec![*at]].concat(), this);
        }
        if out.len() >= count as usize {
            out.truncate(count as usize);
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::{SignedDuration, ToSpan};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn names_sort_by_time_and_only_their_exact_form_is_one() {
        let taken_at = at("2026-11-22T03:15:00Z");
        assert_eq!(name(taken_at), "counterfoil-2026-11-22T031500Z.backup");
        assert_eq!(taken("counterfoil-2026-11-22T031500Z.backup"), Some(taken_at));
        assert!(name(taken_at) < name(taken_at + SignedDuration::from_secs(1)));
        for foreign in [
            "counterfoil-2026-11-22T031500Z.backup.part",
            "counterfoil-2026-11-22T031500.backup",
            "counterfoil-2026-11-22t031500z.backup",
            "Counterfoil-2026-11-22T031500Z.backup",
            "counterfoil-2026-11-2T031500Z.backup",
            "counterfoil-2026-02-30T031500Z.backup",
            "counterfoil-2026-11-22T031500Z (copy).backup",
            "counterfoil-+2026-11-22T031500Z.backup",
            ".counterfoil-2026-11-22T031500Z.backup",
            "firm.age",
            "counterfoil-.backup",
            "",
        ] {
            assert_eq!(taken(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn points_lists_and_pieces_have_one_spelling_each() {
        let (at, piece) = (at("2026-11-22T03:15:00Z"), Digest([0xab; 32]));
        for item in [Item::Whole(at), Item::Point(at), Item::List(at), Item::Piece(piece)] {
            assert_eq!(Item::named(&item.to_string()), Some(item));
        }
        assert_eq!(Item::Piece(piece).to_string(), format!("pieces/{}.piece", "ab".repeat(32)));
        let upper = format!("pieces/{}.piece", "AB".repeat(32));
        let short = format!("pieces/{}.piece", "ab".repeat(31));
        for foreign in [&upper, &short, "pieces/", "pieces/counterfoil-2026-11-22T031500Z.point", "notes.point"] {
            assert_eq!(Item::named(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn two_years_of_nights_leave_seven_days_five_weeks_and_twelve_months() {
        let (mut all, mut night) = (Vec::new(), at("2024-11-22T03:15:00Z").to_zoned(TimeZone::UTC));
        for _ in 0..731 {
            let made = night.timestamp();
            all.push(made);
            let gone = superseded(&all, made, Keep::USUAL);
            all.retain(|x| !gone.contains(x));
            night = night.checked_add(1.day()).unwrap();
        }
        let days: Vec<String> = all.iter().map(|x| x.strftime("%m-%d").to_string()).collect();
        let months = ["12-31", "01-31", "02-28", "03-31", "04-30", "05-31", "06-30", "07-31", "08-31", "09-30"];
        let later = ["10-25", "10-31", "11-01", "11-08", "11-15", "11-16", "11-17", "11-18", "11-19", "11-20", "11-21"];
        assert_eq!(days, [months.as_slice(), &later, &["11-22"]].concat());
    }

    #[test]
    fn the_newest_and_the_one_just_made_are_never_removed() {
        let none = Keep { daily: 0, weekly: 0, monthly: 0 };
        let (old, made, future) = (at("2026-11-20T00:00:00Z"), at("2026-11-22T00:00:00Z"), at("2036-01-01T00:00:00Z"));
        assert_eq!(superseded(&[made], made, none), []);
        assert_eq!(superseded(&[future, old, made], made, none), [old]);
        assert_eq!(superseded(&[old, made], old, none), []);
        assert_eq!(superseded(&[old, made], old + SignedDuration::from_millis(700), none), [], "as the clock said it");
        assert_eq!(superseded(&[], made, Keep::USUAL), []);
    }

    #[test]
    fn of_several_on_one_day_the_last_is_kept() {
        let all: Vec<_> = (0..5).map(|h| at("2026-11-22T03:00:00Z") + SignedDuration::from_hours(h)).collect();
        assert_eq!(superseded(&all, all[4], Keep::USUAL), all[..4]);
    }
}
