//! The working days of the reminder policy: the days of the week, the public holidays that are known, and bringing
//! holidays in from a calendar file, which fills the policy's form and keeps nothing.

use axum::extract::multipart::{Multipart, MultipartRejection};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Span;
use maud::{Markup, html};

use super::policy::{self, HOLIDAYS_ID};
use super::policy_form::{self, Form};
use super::publish_upload;
use crate::documents::ics::{self, Found};
use crate::domain::policy::Policy;
use crate::domain::refusal::Faults;
use crate::domain::working_days::{self, HOLIDAYS_MAX, WEEKDAYS, WorkingDays};
use crate::store::prelude::*;
use crate::web::forms::{Fields, check_token};
use crate::web::guard::{Desk, DeskGovern, form_token};
use crate::web::page::DeskNav;
use crate::web::parts::{self, CSRF_FIELD, Choice, Col, Field, FieldError, Icon, Look, Row, Tone, csrf_input, time};
use crate::web::problem::Problem;

/// The page that takes a calendar file.
pub(super) const PAGE: &str = "/desk/reminders/policy/holidays";
/// Years after this one of which holidays are read.
const YEARS_AHEAD: i16 = 10;
/// Events left out of a file that are named.
const LEFT_OUT_NAMED: usize = 10;

/// `GET /desk/reminders/policy/holidays`
pub async fn ask(DeskGovern(desk): DeskGovern) -> Result<Markup, Problem> {
    Ok(asking(&desk, &[]))
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
        let page = asking(&desk, &[FieldError::new("file", message)]);
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
    let page = desk.read(|r| {
        let kept = r.policy_now()?;
        let mut policy = kept.policy;
        if sent.fields.has("replace") {
            policy.days.holidays.clear();
        }
        let fresh = found.holidays.iter().filter(|x| !policy.days.holidays.contains_key(x.0)).count();
        for (day, name) in &found.holidays {
            working_days::add(&mut policy.days.holidays, *day, name);
        }
        // Past years make way where there are too many.
        while policy.days.holidays.len() > HOLIDAYS_MAX {
            policy.days.holidays.pop_first();
        }
        let fields = policy_form::fields_of(&desk, &policy, kept.version);
        let effect = Some(policy).filter(|_| fresh > 0 || sent.fields.has("replace"));
        let form = Form { fields, errors: Vec::new(), effect, told: Some(told(&found, fresh)) };
        form.draw(&desk, r)
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
        (parts::note(Tone::Info, Icon::Clock, format!("The file has {count} {noun}, {fresh} of them new."), "Nothing is kept yet: look through them below, then keep the policy."))
        @if !found.left_out.is_empty() {
            (parts::more(format!("{} events were left out", found.left_out.len()), html! {
                ul { @for one in found.left_out.iter().take(LEFT_OUT_NAMED) { li { (one) } } }
                @if found.left_out.len() > LEFT_OUT_NAMED { p.mut.small { "The first " (LEFT_OUT_NAMED) "." } }
            }))
        }
    }
}

fn asking(desk: &Desk, errors: &[FieldError]) -> Markup {
    let file =
        Field::new("file", "Calendar file").hint("ICS, at most 1 MB: many public offices hand one out.").errors(errors);
    let body = html! {
        (parts::back(policy::PAGE, "Reminder policy"))
        (parts::head("Public holidays from a file", "All-day events come in, once or every year, of the coming ten years.", ""))
        (parts::error_summary(errors))
        form method="post" action=(PAGE) enctype="multipart/form-data" {
            (csrf_input(&desk.csrf))
            (parts::file(&file, ".ics,text/calendar"))
            (parts::checkbox(&Field::new("replace", "In place of the holidays that are known").hint("Otherwise they are added to them.")))
            (parts::dock(html! {
                (parts::submit(Look::Primary, "See what is in it"))
                (parts::link(Look::Plain, policy::PAGE, "Leave it"))
            }))
        }
    };
    desk.page(DeskNav::Letters, &parts::titled("Public holidays from a file", errors), body)
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
        p.small { a href=(PAGE) { "Bring them in from a calendar file" } ". Bring them in first: what you changed here is not kept by it." }
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
        @if may { p { a href=(PAGE) { "Bring holidays in from a calendar file" } } }
    };
    parts::section(HOLIDAYS_ID, "Public holidays", "Of the coming year", body)
}
