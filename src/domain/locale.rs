//! How amounts, numbers, dates and spans of days are written for a reader.
//!
//! Another language is another arm here and a table of texts. Figures are never parsed back from this form.

use jiff::{
    Timestamp,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};
use rust_decimal::Decimal;

use super::firm::Locale;
use super::invoice::days_between;
use super::language::Language;
use super::money::{Currency, Money};

/// The minus sign, as wide as a figure.
const MINUS: char = '\u{2212}';
/// Keeps a figure and its unit on one line.
const NBSP: char = '\u{a0}';
/// Spans of more days than this are given as a date.
const DAYS_IN_WORDS_MAX: i32 = 60;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const MONATE: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];

impl Locale {
    /// Those of the desk, in the order in which forms offer them.
    pub const ALL: [Self; 4] = [Self::EnglishIreland, Self::EnglishUk, Self::EnglishUs, Self::EnglishContinental];

    /// The language tag (BCP 47) of pages.
    pub fn tag(self) -> &'static str {
        match self {
            Self::EnglishIreland => "en-IE",
            Self::EnglishUk => "en-GB",
            Self::EnglishUs => "en-US",
            Self::EnglishContinental => "en-150",
            Self::German => "de",
        }
    }

    /// The language whose words go with it.
    pub fn language(self) -> Language {
        match self {
            Self::EnglishIreland | Self::EnglishUk | Self::EnglishUs | Self::EnglishContinental => Language::English,
            Self::German => Language::German,
        }
    }

    /// Whether figures have a decimal comma and their unit behind them.
    fn continental(self) -> bool {
        matches!(self, Self::EnglishContinental | Self::German)
    }

    /// The locale of the desk that has a language tag.
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|x| x.tag() == tag)
    }

    /// An amount with its currency: `€4,136.30`.
    pub fn money(self, money: Money) -> String {
        let figure = self.minor(money);
        let sign = if money.minor < 0 { "\u{2212}" } else { "" };
        let symbol = self.symbol(money.currency);
        match (self.continental(), symbol) {
            (true, Some(symbol)) => format!("{sign}{figure}{NBSP}{symbol}"),
            (true, None) => format!("{sign}{figure}{NBSP}{}", money.currency),
            (_, Some(symbol)) => format!("{sign}{symbol}{figure}"),
            (_, None) => format!("{sign}{}{NBSP}{figure}", money.currency),
        }
    }

    /// The figure alone, for columns: `4,136.30`.
    pub fn amount(self, money: Money) -> String {
        let figure = self.minor(money);
        if money.minor < 0 { format!("{MINUS}{figure}") } else { figure }
    }

    /// A quantity without trailing zeros: `11.5`.
    pub fn number(self, number: Decimal) -> String {
        self.signed(number.normalize())
    }

    /// How many there are: `12,345`.
    pub fn count(self, n: u64) -> String {
        self.number(Decimal::from(n))
    }

    /// A rate: `13.5%`.
    pub fn percent(self, rate: Decimal) -> String {
        let number = self.number(rate);
        if self.continental() { format!("{number}{NBSP}%") } else { format!("{number}%") }
    }

    /// The size of a file: `86 kB`.
    pub fn bytes(self, bytes: u64) -> String {
        let (unit, scale) = match bytes {
            0..1_000 if self == Self::German => return format!("{bytes}{NBSP}Byte"),
            0..1_000 => return format!("{bytes}{NBSP}bytes"),
            1_000..1_000_000 => ("kB", 1_000),
            1_000_000..1_000_000_000 => ("MB", 1_000_000),
            _ => ("GB", 1_000_000_000),
        };
        let digits = u32::from(scale > 1_000);
        let size = (Decimal::from(bytes) / Decimal::from(scale)).round_dp(digits);
        format!("{}{NBSP}{unit}", self.number(size))
    }

    /// `27 November 2026`.
    pub fn date_long(self, date: Date) -> String {
        let (day, month, year) = (date.day(), self.month(date), date.year());
        match self {
            Self::EnglishUs => format!("{month} {day}, {year}"),
            Self::German => format!("{day}. {month} {year}"),
            _ => format!("{day} {month} {year}"),
        }
    }

    /// `Thursday 27 November`, with the year when it is not that of `today`.
    pub fn date_weekday(self, date: Date, today: Date) -> String {
        let (weekday, day, month) = (self.weekday(date), date.day(), self.month(date));
        let written = match self {
            Self::EnglishUs => format!("{weekday}, {month} {day}"),
            Self::German => format!("{weekday}, {day}. {month}"),
            _ => format!("{weekday} {day} {month}"),
        };
        self.with_year(written, date, today)
    }

    /// `27 November`, with the year when it is not that of `today`: for sentences.
    pub fn date_medium(self, date: Date, today: Date) -> String {
        let (day, month) = (date.day(), self.month(date));
        let written = match self {
            Self::EnglishUs => format!("{month} {day}"),
            Self::German => format!("{day}. {month}"),
            _ => format!("{day} {month}"),
        };
        self.with_year(written, date, today)
    }

    /// `27 Nov`, `27.11.`, with the year when it is not that of `today`: for columns.
    pub fn date_short(self, date: Date, today: Date) -> String {
        let month = self.month(date).get(..3).unwrap_or_default();
        let written = match self {
            // Columns of dates are figures in German; the year follows without a blank.
            Self::German if date.year() == today.year() => return format!("{:02}.{:02}.", date.day(), date.month()),
            Self::German => return format!("{:02}.{:02}.{}", date.day(), date.month(), date.year()),
            Self::EnglishUs => format!("{month} {}", date.day()),
            _ => format!("{} {month}", date.day()),
        };
        self.with_year(written, date, today)
    }

    /// `14 Nov 09:12` on the wall clocks of `zone`, with the year when it is not that of `today`.
    pub fn instant_short(self, at: Timestamp, zone: &TimeZone, today: Date) -> String {
        let local = zone.to_datetime(at);
        let mut written = self.date_short(local.date(), today);
        written.push(' ');
        written.push_str(&self.time(local.time()));
        written
    }

    /// `09:12`.
    pub fn time(self, time: Time) -> String {
        let (hour, minute) = (time.hour(), time.minute());
        match self {
            Self::EnglishUs => {
                let half = if hour < 12 { "AM" } else { "PM" };
                format!("{}:{minute:02}{NBSP}{half}", (hour + 11) % 12 + 1)
            }
            _ => format!("{hour:02}:{minute:02}"),
        }
    }

    /// How far a due date is from `today`: `in 6 days`, `tomorrow`, `today`, `12 days late`; the date beyond
    /// [`DAYS_IN_WORDS_MAX`] days.
    pub fn days_words(self, due: Date, today: Date) -> String {
        if self == Self::German {
            return self.days_words_german(due, today);
        }
        match days_between(due, today) {
            0 => "today".to_owned(),
            -1 => "tomorrow".to_owned(),
            1 => "1 day late".to_owned(),
            late @ 2..=DAYS_IN_WORDS_MAX => format!("{late} days late"),
            early if (-DAYS_IN_WORDS_MAX..0).contains(&early) => format!("in {} days", -early),
            _ => self.date_short(due, today),
        }
    }

    fn days_words_german(self, due: Date, today: Date) -> String {
        match days_between(due, today) {
            0 => "heute".to_owned(),
            -1 => "morgen".to_owned(),
            1 => "1 Tag überfällig".to_owned(),
            late @ 2..=DAYS_IN_WORDS_MAX => format!("{late} Tage überfällig"),
            early if (-DAYS_IN_WORDS_MAX..0).contains(&early) => format!("in {} Tagen", -early),
            _ => self.date_short(due, today),
        }
    }

    fn with_year(self, mut written: String, date: Date, today: Date) -> String {
        if date.year() != today.year() {
            written.push_str(if self == Self::EnglishUs { ", " } else { " " });
            written.push_str(&date.year().to_string());
        }
        written
    }

    /// What stands for a currency: the local sign where it is unmistakable to this reader, else `None` for its code.
    fn symbol(self, currency: Currency) -> Option<&'static str> {
        Some(match currency.code() {
            "EUR" => "€",
            "GBP" => "£",
            "USD" if self == Self::EnglishUs => "$",
            "USD" => "US$",
            "CAD" => "CA$",
            "AUD" => "A$",
            "NZD" => "NZ$",
            "JPY" => "¥",
            "CNY" => "CN¥",
            "INR" => "₹",
            "KRW" => "₩",
            "ILS" => "₪",
            _ => return None,
        })
    }

    fn signed(self, number: Decimal) -> String {
        let figure = self.figure(&number.abs());
        if number.is_sign_negative() && !number.is_zero() { format!("{MINUS}{figure}") } else { figure }
    }

    /// Groups of three and a decimal mark, of a number that is not negative.
    fn figure(self, number: &Decimal) -> String {
        let plain = number.to_string();
        let (whole, part) = plain.split_once('.').unwrap_or((&plain, ""));
        self.marked(whole, part)
    }

    /// The figure of an amount without its sign.
    fn minor(self, money: Money) -> String {
        let digits = money.currency.digits();
        let scale = 10_u64.pow(digits);
        let minor = money.minor.unsigned_abs();
        let whole = (minor / scale).to_string();
        // Counted from the scale, so that leading zeros stay: 5 of 100 is 105, without its first digit.
        let part = (scale + minor % scale).to_string();
        self.marked(&whole, &part[1..])
    }

    /// Groups of three before the decimal mark, and what follows it.
    fn marked(self, whole: &str, part: &str) -> String {
        let (group, mark) = if self.continental() { ('.', ',') } else { (',', '.') };
        let mut out = String::with_capacity(whole.len() + whole.len() / 3 + 1 + part.len());
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at).is_multiple_of(3) {
                out.push(group);
            }
            out.push(digit);
        }
        if !part.is_empty() {
            out.push(mark);
            out.push_str(part);
        }
        out
    }

    /// A month by name, with its year: October 2026.
    pub fn month_and_year(self, date: Date) -> String {
        format!("{} {}", self.month(date), date.year())
    }

    /// A month by name.
    pub fn month(self, date: Date) -> &'static str {
        let at = usize::try_from(date.month() - 1).unwrap_or_default();
        let names = if self == Self::German { MONATE } else { MONTHS };
        names.get(at).copied().unwrap_or_default()
    }

    /// A day of the week by name.
    pub fn weekday(self, date: Date) -> &'static str {
        let german = self == Self::German;
        match date.weekday() {
            Weekday::Monday if german => "Montag",
            Weekday::Tuesday if german => "Dienstag",
            Weekday::Wednesday if german => "Mittwoch",
            Weekday::Thursday if german => "Donnerstag",
            Weekday::Friday if german => "Freitag",
            Weekday::Saturday if german => "Samstag",
            Weekday::Sunday if german => "Sonntag",
            Weekday::Monday => "Monday",
            Weekday::Tuesday => "Tuesday",
            Weekday::Wednesday => "Wednesday",
            Weekday::Thursday => "Thursday",
            Weekday::Friday => "Friday",
            Weekday::Saturday => "Saturday",
            Weekday::Sunday => "Sunday",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::Zone;
    use Locale::{EnglishContinental as Co, EnglishIreland as Ie, EnglishUk as Uk, EnglishUs as Us, German as De};
    use jiff::civil::date;

    #[test]
    fn amounts_are_written_as_the_reader_expects() {
        let table = [
            (Ie, 413_630, "EUR", "€4,136.30", "4,136.30"),
            (Uk, 413_630, "GBP", "£4,136.30", "4,136.30"),
            (Us, 413_630, "USD", "$4,136.30", "4,136.30"),
            (Ie, 413_630, "USD", "US$4,136.30", "4,136.30"),
            (Co, 413_630, "EUR", "4.136,30\u{a0}€", "4.136,30"),
            (De, 413_630, "EUR", "4.136,30\u{a0}€", "4.136,30"),
            (De, -5, "CHF", "\u{2212}0,05\u{a0}CHF", "\u{2212}0,05"),
            (Ie, -413_630, "EUR", "\u{2212}€4,136.30", "\u{2212}4,136.30"),
            (Co, -5, "CHF", "\u{2212}0,05\u{a0}CHF", "\u{2212}0,05"),
            (Ie, 0, "EUR", "€0.00", "0.00"),
            (Ie, 100_000, "JPY", "¥100,000", "100,000"),
            (Ie, 1_234, "KWD", "KWD\u{a0}1.234", "1.234"),
            (Ie, 99, "EUR", "€0.99", "0.99"),
            (Ie, 100_000_000_000_000, "EUR", "€1,000,000,000,000.00", "1,000,000,000,000.00"),
            (Ie, i64::MIN, "EUR", "\u{2212}€92,233,720,368,547,758.08", "\u{2212}92,233,720,368,547,758.08"),
        ];
        for (locale, minor, code, money, amount) in table {
            let m = Money::new(minor, code.parse().unwrap());
            assert_eq!((locale.money(m).as_str(), locale.amount(m).as_str()), (money, amount));
        }
    }

    #[test]
    fn quantities_rates_and_sizes_are_trimmed() {
        let table =
            [("11.50", "11.5"), ("1", "1"), ("1.000", "1"), ("1234.5", "1,234.5"), ("-2", "\u{2212}2"), ("0.00", "0")];
        for (number, written) in table {
            assert_eq!(Ie.number(number.parse().unwrap()), written);
        }
        assert_eq!(Co.number("1234.5".parse().unwrap()), "1.234,5");
        assert_eq!(Ie.percent("23.00".parse().unwrap()), "23%");
        assert_eq!(Co.percent("13.5".parse().unwrap()), "13,5\u{a0}%");
        assert_eq!(
            (De.percent("13.5".parse().unwrap()), De.bytes(512)),
            ("13,5\u{a0}%".into(), "512\u{a0}Byte".into())
        );
        let sizes = [(512, "512 bytes"), (86_400, "86 kB"), (1_250_000, "1.2 MB"), (3_000_000_000, "3 GB")];
        for (bytes, written) in sizes {
            assert_eq!(Ie.bytes(bytes).replace(NBSP, " "), written);
        }
    }

    #[test]
    fn dates_drop_the_current_year_but_not_on_documents() {
        let (day, today, last) = (date(2026, 11, 27), date(2026, 3, 1), date(2025, 9, 3));
        assert_eq!(Ie.date_long(day), "27 November 2026");
        assert_eq!(Us.date_long(day), "November 27, 2026");
        assert_eq!(De.date_long(day), "27. November 2026");
        assert_eq!(
            (De.date_medium(date(2026, 3, 1), today), De.date_medium(last, today)),
            ("1. März".into(), "3. September 2025".into())
        );
        assert_eq!(De.date_weekday(day, today), "Freitag, 27. November");
        assert_eq!((De.date_short(day, today), De.date_short(last, today)), ("27.11.".into(), "03.09.2025".into()));
        assert_eq!(Ie.date_weekday(day, today), "Friday 27 November");
        assert_eq!(Us.date_weekday(day, today), "Friday, November 27");
        assert_eq!(Ie.date_weekday(last, today), "Wednesday 3 September 2025");
        assert_eq!(Ie.date_medium(day, today), "27 November");
        assert_eq!(Us.date_medium(last, today), "September 3, 2025");
        assert_eq!((Ie.date_short(day, today), Ie.date_short(last, today)), ("27 Nov".into(), "3 Sep 2025".into()));
        assert_eq!((Us.date_short(day, today), Us.date_short(last, today)), ("Nov 27".into(), "Sep 3, 2025".into()));
    }

    #[test]
    fn instants_are_those_of_the_zone_s_wall_clocks() {
        let zone = Zone::parse("zone", "Europe/Dublin").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let today = date(2026, 11, 20);
        assert_eq!(Ie.instant_short(at("2026-11-14T09:12:33Z"), &zone, today), "14 Nov 09:12");
        assert_eq!(Ie.instant_short(at("2026-07-01T23:30:00Z"), &zone, today), "2 Jul 00:30");
        assert_eq!(Ie.instant_short(at("2025-11-14T09:12:33Z"), &zone, today), "14 Nov 2025 09:12");
        assert_eq!(Us.instant_short(at("2026-11-14T00:12:00Z"), &zone, today), "Nov 14 12:12\u{a0}AM");
        assert_eq!(Us.instant_short(at("2026-11-14T13:05:00Z"), &zone, today), "Nov 14 1:05\u{a0}PM");
    }

    #[test]
    fn days_are_counted_in_words_up_to_sixty() {
        let due = date(2026, 11, 27);
        let table = [
            (date(2026, 9, 27), "27 Nov"),
            (date(2026, 9, 28), "in 60 days"),
            (date(2026, 11, 21), "in 6 days"),
            (date(2026, 11, 26), "tomorrow"),
            (date(2026, 11, 27), "today"),
            (date(2026, 11, 28), "1 day late"),
            (date(2026, 12, 9), "12 days late"),
            (date(2027, 1, 26), "60 days late"),
            (date(2027, 1, 27), "27 Nov 2026"),
        ];
        for (today, written) in table {
            assert_eq!(Ie.days_words(due, today), written, "{today}");
        }
        let german: Vec<String> = [21, 26, 27, 28, 29].map(|day| De.days_words(due, date(2026, 11, day))).into();
        assert_eq!(german, ["in 6 Tagen", "morgen", "heute", "1 Tag überfällig", "2 Tage überfällig"]);
    }
}
