//! The working days of the reminder policy: the days of the week, the public holidays that are known, and bringing
//! holidays in, a country's or from a calendar file, which fills the policy's form and keeps nothing.

use std::collections::BTreeMap;

use axum::extract::multipart::{Multipart, MultipartRejection};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Span;
use jiff::civil::Date;
use maud::{Markup, html};

use super::policy::{self, HOLIDAYS_ID};
use super::policy_form::{self, Form};
use super::publish_upload;
use crate::documents::ics::{self, Found};
use crate::domain::policy::Policy;
use crate::domain::refusal::Faults;
use crate::domain::working_days::{self, HOLIDAYS_MAX, WEEKDAYS, WorkingDays};
use crate::domain::{country, holidays};
use crate::store::prelude::*;
use crate::web::forms::{Fields, Posted, check_token};
use crate::web::guard::{Desk, DeskGovern, form_token};
use crate::web::page::DeskNav;
use crate::web::parts::{self, CSRF_FIELD, Choice, Col, Field, FieldError, Icon, Look, Row, Tone, csrf_input, time};
use crate::web::problem::Problem;

/// The page that takes a country or a calendar file.
pub(super) const PAGE: &str = "/desk/reminders/policy/holidays";
const TITLE: &str = "Bring public holidays in";
const REPLACE: &str = "In place of the holidays that are known";
/// Where the country goes.
const COUNTRY: &str = "/desk/reminders/policy/holidays/country";
/// Years after this one of which holidays are read.
const YEARS_AHEAD: i16 = 10;
/// What is said of holidays that were brought in.
const LOOK_THROUGH: &str = "Nothing is kept yet: look through them below, then keep the policy.";
/// Events left out of a file that are named.
const LEFT_OUT_NAMED: usize = 10;

/// `GET /desk/reminders/policy/holidays`
pub async fn ask(DeskGovern(desk): DeskGovern) -> Result<Markup, Problem> {
    asking(&desk, &Fields::default(), &[])
}

/// `POST /desk/reminders/policy/holidays/country`: shows the policy’s form with the holidays of a country in it.
pub async fn take_country(DeskGovern(desk): DeskGovern, Posted(fields): Posted) -> Result<Response, Problem> {
    let (year, chosen) = (desk.today().year(), fields.get("country"));
    let Some(found) = holidays::of(chosen, year..=year.saturating_add(YEARS_AHEAD)) else {
        let page = asking(&desk, &fields, &[FieldError::new("country", "Choose a country from the list.")])?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    filled(&desk, &found, fields.has("replace"), |fresh| {
        let head =
            format!("{} public holidays of {chosen} until {}, {fresh} of them new.", found.len(), year + YEARS_AHEAD);
        parts::note(Tone::Info, Icon::Clock, head, LOOK_THROUGH)
    })
}

/// `POST /desk/reminders/policy/holidays`: reads the file, and shows the policy’s form with its holidays in it.
pub async fn take(
    DeskGovern(desk): DeskGovern,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    let expected = form_token(&headers).ok_or(Problem::StaleForm)?;
    let sent = publish_upload::read(form, ics::BYTES_MAX).await?;
    check_token(&expected, sent.fields.get(CSRF_FIELD))?;
    let refused = |message: &str| {
        let page = asking(&desk, &Fields::default(), &[FieldError::new("file", message)])?;
        Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
    };
    let Some((_, bytes)) = sent.file.filter(|x| !x.1.is_empty()) else { return refused("Choose a calendar file.") };
    let year = desk.today().year();
    let read = tokio::task::spawn_blocking(move || ics::holidays(&bytes, year..=year.saturating_add(YEARS_AHEAD)));
    let found = match read.await.map_err(|_| Problem::Bad("The file can’t be read. Choose another."))? {
        Ok(found) if found.holidays.is_empty() => return refused(&nothing(&found)),
        Ok(found) => found,
        Err(message) => return refused(&message),
    };
    filled(&desk, &found.holidays, sent.fields.has("replace"), |fresh| told(&found, fresh))
}

/// The policy’s form with these holidays added, or in place of those that are known; `told` gets how many are new.
fn filled(
    desk: &Desk,
    holidays: &BTreeMap<Date, String>,
    replace: bool,
    told: impl Fn(usize) -> Markup,
) -> Result<Response, Problem> {
    let page = desk.read(|r| {
        let kept = r.policy_now()?;
        let mut policy = kept.policy;
        if replace {
            policy.days.holidays.clear();
        }
        let fresh = holidays.keys().filter(|day| !policy.days.holidays.contains_key(*day)).count();
        for (day, name) in holidays {
            working_days::add(&mut policy.days.holidays, *day, name);
        }
        // What has passed makes way where there are too many, then what is farthest ahead.
        let known = &mut policy.days.holidays;
        while known.len() > HOLIDAYS_MAX {
            let passed = known.first_key_value().is_some_and(|first| *first.0 < desk.today());
            if passed {
                known.pop_first()
            } else {
                known.pop_last()
            };
        }
        let fields = policy_form::fields_of(desk, &policy, kept.version);
        let effect = Some(policy).filter(|_| fresh > 0 || replace);
        Form { fields, errors: Vec::new(), effect, told: Some(told(fresh)) }.draw(desk, r)
    })?;
    Ok(page.into_response())
}

fn nothing(found: &Found) -> String {
    match found.left_out.first() {
        Some(first) => format!("No holiday of the coming years was found. Left out: {first}."),
        None => "No holiday of this year or the coming ones was found. Choose another file.".to_owned(),
    }
}

fn told(found: &Found, fresh: usize) -> Markup {
    let count = found.holidays.len();
    let noun = if count == 1 { "holiday" } else { "holidays" };
    html! {
        (parts::note(Tone::Info, Icon::Clock, format!("The file has {count} {noun}, {fresh} of them new."), LOOK_THROUGH))
        @if !found.left_out.is_empty() {
            @let were = if found.left_out.len() == 1 { "event was" } else { "events were" };
            (parts::more(format!("{} {were} left out", found.left_out.len()), html! {
                ul { @for one in found.left_out.iter().take(LEFT_OUT_NAMED) { li { (one) } } }
                @if found.left_out.len() > LEFT_OUT_NAMED { p.mut.small { "The first " (LEFT_OUT_NAMED) "." } }
            }))
        }
    }
}

fn asking(desk: &Desk, fields: &Fields, errors: &[FieldError]) -> Result<Markup, Problem> {
    let home = desk.read(|r| Ok(country::name(&r.firm()?.party.country)))?;
    let chosen = if fields.has("country") { fields.get("country") } else { home.unwrap_or_default() };
    let names = holidays::countries();
    let choices: Vec<Choice<'_>> = std::iter::once(Choice::new("", "Choose a country"))
        .chain(names.iter().map(|name| Choice::new(name, name)))
        .collect();
    let of = Field::new("country", "Country").value(chosen).errors(errors);
    let of = of.hint("Those of the whole country; what a state, canton or town keeps beside them comes from a file.");
    let file =
        Field::new("file", "Calendar file").hint("ICS, at most 1 MB: many public offices hand one out.").errors(errors);
    let replace = || parts::checkbox(&Field::new("replace", REPLACE).hint("Otherwise they are added to them."));
    let body = html! {
        (parts::back(policy::PAGE, "Reminder policy"))
        (parts::head(TITLE, "Of this year and the coming ten.", ""))
        (parts::error_summary(errors))
        (parts::section("country-holidays", "Of a country", "", html! {
            form method="post" action=(COUNTRY) {
                (csrf_input(&desk.csrf))
                (parts::select(&of, &choices))
                (replace())
                p { (parts::submit(Look::Primary, "See which they are")) }
            }
        }))
        (parts::section("file-holidays", "From a calendar file", "All-day events, once or every year", html! {
            form method="post" action=(PAGE) enctype="multipart/form-data" {
                (csrf_input(&desk.csrf))
                (parts::file(&file, ".ics,text/calendar"))
                (replace())
                p.row {
                    (parts::submit(Look::Plain, "See what is in it"))
                    (parts::link(Look::Plain, policy::PAGE, "Leave it"))
                }
            }
        }))
    };
    Ok(desk.page(DeskNav::Letters, &parts::titled(TITLE, errors), body))
}

/// What a form says of the working days as kept.
pub(super) fn pairs(days: &WorkingDays) -> Vec<(String, String)> {
    let held = WEEKDAYS.iter().filter(|x| days.has(x.0)).map(|x| ("weekdays".to_owned(), x.1.to_owned()));
    held.chain([("holidays".to_owned(), days.lines())]).collect()
}

/// The working days as typed.
pub(super) fn read(fields: &Fields, faults: &mut Faults) -> WorkingDays {
    let ticked: Vec<&str> = fields.all("weekdays").collect();
    let held = WEEKDAYS.iter().filter(|x| ticked.contains(&x.1)).map(|x| x.0);
    WorkingDays::new(held, faults.take(working_days::read("holidays", fields.get("holidays"))))
}

/// The fields.
pub(super) fn inputs(form: &Form) -> Markup {
    let ticked: Vec<&str> = form.fields.all("weekdays").collect();
    let choices = WEEKDAYS.map(|(_, word, name)| Choice::new(word, name));
    let field = form.field("holidays", "Public holidays").optional();
    let field = field.hint("One a line: the date and its name, like 2026-12-25 Christmas Day. No letter goes on them.");
    html! {
        (parts::checks(&form.field("weekdays", "Letters go on"), &choices, &ticked))
        (parts::textarea(&field, 6))
        p.small { a href=(PAGE) { "Bring in those of a country, or from a calendar file" } ". Bring them in first: what you changed here is not kept by it." }
    }
}

/// The holidays of the coming year, and up to when they are known.
pub(super) fn known(desk: &Desk, policy: &Policy, may: bool) -> Markup {
    let (locale, today) = (desk.locale(), desk.today());
    let year = today.saturating_add(Span::new().years(1));
    let cols = [Col::text("Day"), Col::text("Holiday")];
    let holidays = &policy.days.holidays;
    let rows: Vec<Row> = holidays
        .range(today..year)
        .map(|(day, name)| vec![time(day, locale.date_weekday(*day, today)), html! { (name) }].into())
        .collect();
    let last = holidays.last_key_value().map(|x| locale.date_medium(*x.0, today));
    let body = html! {
        @if rows.is_empty() {
            (parts::empty("No public holiday is known for the coming year.", "Letters go on every working day of the week."))
        } @else {
            (parts::table("Public holidays of the coming year", &cols, &rows, None))
        }
        @if let Some(last) = last { p.mut.small { "The last one that is known is on " (last) "." } }
        @if may { p { a href=(PAGE) { "Bring in those of a country, or from a calendar file" } } }
    };
    parts::section(HOLIDAYS_ID, "Public holidays", "Of the coming year", body)
}
