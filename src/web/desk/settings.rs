//! The firm's settings.

use axum::response::Response;
use maud::{Markup, html};

use super::confirm::own_password;
use super::form::{Typed, again, check_seen, errors_in, on_to, seen};
use super::settings_form as form;
use super::{backups, late_payment, logo, months, numbers, staff, wordings};
use crate::actions::firm;
use crate::domain::firm::Firm;
use crate::domain::refusal::Refusal;
use crate::store::prelude::*;
use crate::web::forms::{Fields, Posted, Query};
use crate::web::guard::{Desk, DeskGovern};
use crate::web::page::DeskNav;
use crate::web::parts::{self, FieldError, Icon, Look, Tab, Tone, csrf_input};
use crate::web::problem::Problem;

/// `GET /desk/settings?saved=`
pub async fn show(DeskGovern(desk): DeskGovern, Query(query): Query) -> Result<Markup, Problem> {
    page(&desk, Typed::fresh(&form::kept(&desk.firm)), &[], query.get("saved"))
}

/// The settings page after the choice about statements was refused.
///
/// # Errors
/// When the store fails.
pub fn page_of_statements(desk: &Desk, errors: &[FieldError]) -> Result<Markup, Problem> {
    page(desk, Typed::fresh(&form::kept(&desk.firm)), errors, "")
}

/// `POST /desk/settings/firm`
pub async fn change(DeskGovern(desk): DeskGovern, Posted(fields): Posted) -> Result<Response, Problem> {
    match save(&desk, &fields).await? {
        Ok(true) => Ok(on_to("/desk/settings?saved=bank")),
        Ok(false) => Ok(on_to("/desk/settings?saved=firm")),
        Err(error) => {
            let errors = errors_in(error, "name")?;
            Ok(again(page(&desk, Typed { fields: &fields, errors: &errors }, &[], "")?))
        }
    }
}

/// Saves what was typed; whether the bank details are others now. Those, and how the firm is reached, need the password
/// once more.
async fn save(desk: &Desk, fields: &Fields) -> Result<Result<bool, ActError>, Problem> {
    if let Err(refusal) = check_seen(fields, &firm::typed(&desk.firm)) {
        return Ok(Err(refusal.into()));
    }
    let new: Firm = match form::read(fields, &desk.firm, desk.today().year()) {
        Ok(new) => new,
        Err(refusal) => return Ok(Err(refusal.into())),
    };
    let what = form::changes(&desk.firm, &new);
    let bank = new.bank != desk.firm.bank;
    if (bank || firm::reached_otherwise(&desk.firm, &new))
        && let Err(fault) = own_password(desk, "password", fields.get("password")).await?
    {
        return Ok(Err(Refusal::from(fault).into()));
    }
    if what.is_empty() {
        return Ok(Ok(false));
    }
    let (known, zone) = (desk.firm.clone(), desk.zone().clone());
    let done = desk.act(move |w, scope| firm::change(w, scope, &zone, (&new, &known), &what)).await;
    Ok(done.map(|()| bank))
}

/// The settings page; `small_errors` are of the logo's own form, or of that about statements.
///
/// # Errors
/// When the store fails.
pub fn page(desk: &Desk, typed: Typed<'_>, small_errors: &[FieldError], saved: &str) -> Result<Markup, Problem> {
    let title = "Settings";
    let all: Vec<FieldError> = typed.errors.iter().chain(small_errors).cloned().collect();
    let body = html! {
        (parts::head(title, "What documents, letters and pages say about the firm.", html! {}))
        (tabs("firm"))
        div.sec-m { (told(saved)) (parts::error_summary(&all)) }
        (logo::section(desk, small_errors))
        section.sec aria-label="Particulars" {
            form.panel.fill method="post" action="/desk/settings/firm" {
                (csrf_input(&desk.csrf))
                (seen(&firm::typed(&desk.firm)))
                (form::inputs(typed))
                p.hint { "Issued documents keep what they were issued with." }
                div.row { (parts::submit(Look::Primary, "Save")) a href="/desk/settings" { "Cancel" } }
            }
        }
        (months::for_all(desk, small_errors)?)
    };
    Ok(desk.page(DeskNav::Settings, &parts::titled(title, &all), body))
}

fn told(saved: &str) -> Markup {
    match saved {
        "bank" => parts::status(
            Tone::Warn,
            Icon::Bank,
            "Saved, with new bank details.",
            "New documents ask for money to the new account. The change is in the activity log.",
        ),
        "firm" => parts::status(Tone::Ok, Icon::Check, "Saved.", "New documents and letters use it from now on."),
        "statements" => parts::status(Tone::Ok, Icon::Check, "Saved.", "It holds from the present month on."),
        "logo" => parts::status(Tone::Ok, Icon::Check, "Logo saved.", "Pages and new documents show it from now on."),
        "no-logo" => parts::status(Tone::Ok, Icon::Check, "Logo removed.", "Issued documents keep it."),
        _ => html! {},
    }
}

/// The pages of the settings.
pub fn tabs(current: &str) -> Markup {
    parts::tabs(
        "Settings",
        &[
            Tab { href: "/desk/settings", text: "The firm", current: current == "firm" },
            Tab { href: staff::LIST, text: "Staff", current: current == "staff" },
            Tab { href: wordings::PAGE, text: "Letters", current: current == "letters" },
            Tab { href: late_payment::PAGE, text: "Late payment", current: current == "late" },
            Tab { href: numbers::PAGE, text: "Numbers", current: current == "numbers" },
            Tab { href: backups::PAGE, text: "Backups", current: current == "backups" },
        ],
    )
}
