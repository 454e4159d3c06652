//! Schedules by hand, and properties of any schedule.

use jiff::civil::{date, time};
use proptest::prelude::*;

use super::*;
use crate::domain::tax::Line;

fn schedule(first: Date, unit: Unit, every: u16) -> Schedule {
    let (end, covers) = (End::Never, Covers::This);
    Schedule { first, anchor: first.day(), every, unit, end, covers }
}

fn dates(schedule: &Schedule, count: usize) -> Vec<String> {
    schedule.occurrences().take(count).map(|x| x.date.to_string()).collect()
}

fn keys(schedule: &Schedule, count: usize) -> Vec<String> {
    schedule.occurrences().take(count).map(|x| x.key).collect()
}

#[test]
fn the_anchor_is_kept_and_clamps_to_the_month_s_end() {
    let month = schedule(date(2026, 1, 31), Unit::Month, 1);
    assert_eq!(dates(&month, 4), ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]);
    assert_eq!(keys(&month, 2), ["2026-01", "2026-02"]);
    let leap = schedule(date(2024, 2, 29), Unit::Year, 1);
    assert_eq!(dates(&leap, 5), ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]);
    let later = Schedule { anchor: 31, ..schedule(date(2026, 2, 10), Unit::Month, 1) };
    assert_eq!(dates(&later, 2), ["2026-02-28", "2026-03-31"]);
    let early = Schedule { anchor: 1, ..schedule(date(2026, 2, 10), Unit::Month, 1) };
    assert_eq!(dates(&early, 2), ["2026-03-01", "2026-04-01"], "none before the first day");
}

#[test]
fn every_interval_has_its_keys_and_periods() {
    let quarter = schedule(date(2026, 11, 15), Unit::Quarter, 1);
    assert_eq!(keys(&quarter, 3), ["2026-Q4", "2027-Q1", "2027-Q2"]);
    let week = schedule(date(2026, 12, 21), Unit::Week, 2);
    assert_eq!(dates(&week, 2), ["2026-12-21", "2027-01-04"]);
    assert_eq!(keys(&week, 2), ["2026-W52", "2027-W01"]);
    let period = |x: &Schedule| x.occurrences().next().unwrap().period.map(|x| format!("{} {}", x.from, x.to));
    assert_eq!(period(&week).unwrap(), "2026-12-21 2027-01-03");
    assert_eq!(period(&quarter).unwrap(), "2026-11-01 2027-01-31");
    let last = Schedule { covers: Covers::Last, ..schedule(date(2026, 3, 31), Unit::Month, 1) };
    assert_eq!(period(&last).unwrap(), "2026-02-01 2026-02-28");
    assert_eq!(period(&Schedule { covers: Covers::Nothing, ..last }), None);
    let year = schedule(date(2026, 11, 1), Unit::Year, 1);
    assert_eq!((keys(&year, 1)[0].as_str(), period(&year).unwrap()), ("2026", "2026-11-01 2027-10-31".to_owned()));
}

#[test]
fn it_ends_on_a_day_or_after_a_count() {
    let on = Schedule { end: End::On(date(2026, 3, 31)), ..schedule(date(2026, 1, 31), Unit::Month, 1) };
    assert_eq!(dates(&on, 9).len(), 3);
    let after = Schedule { end: End::After(2), ..on };
    assert_eq!(dates(&after, 9), ["2026-01-31", "2026-02-28"]);
    let mut faults = Faults::default();
    let wrong = Schedule { anchor: 32, every: 0, end: End::On(date(2025, 1, 1)), ..on };
    wrong.check(&mut faults);
    assert!(faults.check().is_err_and(|x| x.to_string().contains("from 1 to 31")));
}

fn template(schedule: Schedule) -> Recurring {
    let line = |price: i64| Line {
        description: "Retainer, {month} {year}\n{from} to {to}, {quarter}, {week}".to_owned(),
        quantity: Decimal::ONE,
        price: Decimal::new(price, 2),
        ..Line::default()
    };
    Recurring {
        id: RecurringId(1),
        client: ClientId(1),
        makes: Makes::Invoice,
        project: None,
        title: String::new(),
        currency: Currency::EUR,
        since: schedule.first,
        schedule,
        days: 30,
        reference: String::new(),
        references: References::default(),
        note: String::new(),
        content: Content::of(vec![line(10_000), line(5_000)]),
        changes: vec![],
        recipients: vec![],
        by_itself: true,
        paused: None,
        trouble: None,
        wake: None,
        by: StaffId(1),
        changed: Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn prices_change_from_their_day_on_and_placeholders_are_filled() {
    let mut all = template(schedule(date(2026, 11, 30), Unit::Month, 1));
    all.changes = vec![
        PriceChange { from: date(2026, 12, 1), line: None, to: NewPrice::Percent(Decimal::new(35, 1)) },
        PriceChange { from: date(2027, 1, 1), line: Some(2), to: NewPrice::Price(Decimal::new(60, 0)) },
    ];
    let each: Vec<Occurrence> = all.schedule.occurrences().take(3).collect();
    let prices = |n: usize| {
        all.content_of(&each[n], Locale::default()).lines.iter().map(|x| x.price.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(
        (prices(0), prices(1), prices(2)),
        (
            vec!["100.00".to_owned(), "50.00".to_owned()],
            vec!["103.5".to_owned(), "51.75".to_owned()],
            vec!["103.5".to_owned(), "60".to_owned()],
        )
    );
    assert_eq!(all.amount_of(&each[1]), Some(Money::new(15_525, Currency::EUR)));
    let text = &all.content_of(&each[0], Locale::default()).lines[0].description;
    assert_eq!(text, "Retainer, November 2026\n1 November 2026 to 30 November 2026, Q4, W44");
    let period = all.schedule.occurrences().nth(4).unwrap();
    assert_eq!(filled("{month}, {from} bis {to}", &period, Locale::German), "März, 1. März 2027 bis 31. März 2027");
    assert_eq!(all.occurrence(&period.key), Some(period));
}

#[test]
fn it_wakes_at_the_wall_clock_also_where_summer_time_skips_it() {
    let zone = TimeZone::get("Europe/Dublin").unwrap();
    // On 28 March 2027 clocks go from 1:00 to 2:00.
    let all = template(schedule(date(2027, 3, 28), Unit::Week, 1));
    let (none, at) = (BTreeSet::new(), time(1, 30, 0, 0));
    assert_eq!(all.next_wake(&none, at, &zone).unwrap().to_string(), "2027-03-28T01:00:00Z");
    let made = BTreeSet::from(["2027-W12".to_owned()]);
    assert_eq!(all.next_wake(&made, at, &zone).unwrap().to_string(), "2027-04-04T00:30:00Z");
    let paused = Recurring { paused: Some(date(2027, 3, 1)), ..all };
    assert_eq!(paused.next_wake(&none, at, &zone), None);
}

proptest! {
    #[test]
    fn dates_ascend_keys_are_one_each_and_days_are_the_anchor_or_the_month_s_last(
        day in 0_i32..2_000,
        unit in prop::sample::select(Unit::ALL.to_vec()),
        every in 1_u16..8,
        anchor in 1_i8..=31,
    ) {
        let first = date(2024, 1, 1) + Span::new().days(day);
        let schedule = Schedule { anchor, ..schedule(first, unit, every) };
        let all: Vec<Occurrence> = schedule.occurrences().take(60).collect();
        prop_assert!(all.is_sorted_by(|a, b| a.date < b.date) && all[0].date >= first);
        prop_assert_eq!(all.iter().map(|x| &x.key).collect::<BTreeSet<_>>().len(), all.len());
        for (this, next) in all.iter().zip(all.iter().skip(1)) {
            let (this, next) = (this.period.unwrap(), next.period.unwrap());
            prop_assert_eq!(this.to.tomorrow().unwrap(), next.from, "periods follow one another");
        }
        if unit != Unit::Week {
            prop_assert!(all.iter().all(|x| x.date.day() == anchor.min(x.date.days_in_month())));
        }
    }
}
