//! The firm's people: who they are and what they may do.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::confirm::own_password;
use super::form::{Id, Typed, again, check_seen, errors_in, on_to, seen, sent_or_lately};
use super::{settings, staff_form as form};
use crate::actions::{people, unchanged};
use crate::domain::ids::StaffId;
use crate::domain::person::{Person, Role, Staff};
use crate::domain::refusal::Refusal;
use crate::store::prelude::*;
use crate::web::forms::{Fields, Posted, Query};
use crate::web::guard::{Desk, DeskGovern};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Col, FieldError, Icon, Look, Tone, csrf_input};
use crate::web::problem::Problem;

/// The address of the list.
pub const LIST: &str = "/desk/settings/staff";

/// `GET /desk/settings/staff`
pub async fn list(DeskGovern(desk): DeskGovern) -> Result<Markup, Problem> {
    let people = desk.read(|r| {
        let mut out = Vec::new();
        for staff in r.all_staff()? {
            let set = r.password_hash(Person::Staff(staff.id))?.is_some();
            out.push((staff, set));
        }
        Ok(out)
    })?;
    let add = parts::link_icon(Look::Primary, Icon::Plus, "/desk/settings/staff/new", "Add someone");
    let body = html! {
        (parts::head("Staff", "Who works at this desk, and what each may do.", add))
        (settings::tabs("staff"))
        div.sec-m { (table(&people)) }
    };
    Ok(desk.page(DeskNav::Settings, "Staff", body))
}

fn table(people: &[(Staff, bool)]) -> Markup {
    let cols = [Col::name("Name"), Col::text("Role"), Col::text("Clients"), Col::text("Sign-in")];
    let rows: Vec<parts::Row> = people
        .iter()
        .map(|(staff, set)| parts::Row {
            void: !staff.active,
            cells: vec![
                html! { a href={ (LIST) "/" (staff.id) } { b { (staff.name) } } small { (staff.email) } },
                html! { (staff.role.words()) },
                match staff.only_clients.as_ref().filter(|_| staff.role == Role::Member) {
                    Some(some) => html! { "Only " (some.len()) },
                    None => html! { "All" },
                },
                match (staff.active, set) {
                    (false, _) => parts::tag(Tone::Plain, "Left"),
                    (true, true) => html! { "Password set" },
                    (true, false) => html! { span.mut { "Invited" } },
                },
            ],
            ..parts::Row::default()
        })
        .collect();
    parts::scroller("Staff", &cols, &rows, None)
}

/// `GET /desk/settings/staff/new`
pub async fn new(DeskGovern(desk): DeskGovern) -> Markup {
    let fields = Fields::of([("role", "member"), ("clients", "all"), ("invite", "on")]);
    page(&desk, None, Typed::fresh(&fields), false)
}

/// `POST /desk/settings/staff/new`
pub async fn add(DeskGovern(desk): DeskGovern, Posted(fields): Posted) -> Result<Response, Problem> {
    match join(&desk, &fields).await? {
        Ok(()) => Ok(on_to(LIST)),
        Err(error) => {
            let errors = errors_in(error, "email")?;
            Ok(again(page(&desk, None, Typed { fields: &fields, errors: &errors }, false)))
        }
    }
}

/// Adds whom the form names, once the password was right.
async fn join(desk: &Desk, fields: &Fields) -> Result<Result<(), ActError>, Problem> {
    let new = match desk.read(|r| Ok(form::read(fields, r)))? {
        Ok(new) => people::NewStaff { active: true, ..new },
        Err(error) => return Ok(Err(error)),
    };
    if let Err(fault) = own_password(desk, "password", fields.get("password")).await? {
        return Ok(Err(Refusal::from(fault).into()));
    }
    let zone = desk.zone().clone();
    Ok(desk.act(move |w, scope| people::add_staff(w, scope, &zone, &new)).await.map(drop))
}

/// `GET /desk/settings/staff/{id}?invited=`
pub async fn edit(DeskGovern(desk): DeskGovern, Id(id): Id<StaffId>, Query(query): Query) -> Result<Response, Problem> {
    let staff = staff_of(&desk, id)?;
    let fields = desk.read(|r| Ok(form::kept(&staff, r)?))?;
    Ok(page(&desk, Some(&staff), Typed::fresh(&fields), query.has("invited")).into_response())
}

/// `POST /desk/settings/staff/{id}`
pub async fn change(
    DeskGovern(desk): DeskGovern,
    Id(id): Id<StaffId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let staff = staff_of(&desk, id)?;
    match save(&desk, &staff, &fields).await? {
        Ok(()) => Ok(on_to(LIST)),
        Err(error) => {
            let errors = errors_of(error)?;
            Ok(again(page(&desk, Some(&staff), Typed { fields: &fields, errors: &errors }, false)))
        }
    }
}

/// Saves what was typed about somebody; all but another name takes the password.
async fn save(desk: &Desk, old: &Staff, fields: &Fields) -> Result<Result<(), ActError>, Problem> {
    if let Err(refusal) = check_seen(fields, old) {
        return Ok(Err(refusal.into()));
    }
    let new = match desk.read(|r| Ok(form::read(fields, r)))? {
        Ok(new) => new,
        Err(error) => return Ok(Err(error)),
    };
    let same = new.role == old.role && new.email == old.email && new.active == old.active;
    if !(same && new.only_clients == old.only_clients)
        && let Err(fault) = own_password(desk, "password", fields.get("password")).await?
    {
        return Ok(Err(Refusal::from(fault).into()));
    }
    let (known, zone) = (old.clone(), desk.zone().clone());
    Ok(desk
        .act(move |w, scope| {
            unchanged(w.staff(known.id)?.as_ref(), &known)?;
            people::change_staff(w, scope, &zone, known.id, &new)
        })
        .await)
}

/// `POST /desk/settings/staff/{id}/invite`
pub async fn invite(
    DeskGovern(desk): DeskGovern,
    Id(id): Id<StaffId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let staff = staff_of(&desk, id)?;
    if let Err(fault) = own_password(&desk, "password", fields.get("password")).await? {
        let errors = errors_of(Refusal::from(fault).into())?;
        let fields = if fields.has("name") { fields } else { desk.read(|r| Ok(form::kept(&staff, r)?))? };
        return Ok(again(page(&desk, Some(&staff), Typed { fields: &fields, errors: &errors }, false)));
    }
    sent_or_lately(desk.act(move |w, scope| people::invite_staff(w, scope, id)).await)?;
    Ok(on_to(&format!("{LIST}/{id}?invited=1")))
}

/// As [`errors_in`]; the last owner stands at the role.
fn errors_of(error: ActError) -> Result<Vec<FieldError>, Problem> {
    let field = if matches!(error, ActError::Refused(Refusal::LastOwner)) { "role" } else { "email" };
    errors_in(error, field)
}

fn staff_of(desk: &Desk, id: StaffId) -> Result<Staff, Problem> {
    desk.read(|r| Ok(r.staff(id)?))?.ok_or(Problem::NotFound)
}

fn page(desk: &Desk, staff: Option<&Staff>, typed: Typed<'_>, invited: bool) -> Markup {
    let title = staff.map_or("New member of staff", |s| s.name.as_str());
    let action = staff.map_or_else(|| format!("{LIST}/new"), |s| format!("{LIST}/{}", s.id));
    let invite = staff.filter(|s| s.active).map(|s| format!("{LIST}/{}/invite", s.id));
    let body = html! {
        (parts::back(LIST, "Staff"))
        (parts::head(title, "", html! {}))
        @if invited {
            (parts::status(Tone::Ok, Icon::Mail, "Invitation queued.", "The letter carries a link to set a password."))
        }
        (parts::error_summary(typed.errors))
        form.panel.fill method="post" action=(action) {
            (csrf_input(&desk.csrf))
            @if let Some(staff) = staff { (seen(staff)) }
            (form::inputs(typed, staff.is_none()))
            @if staff.is_some() { p.hint { "Another role, address or choice of clients signs them out." } }
            div.row {
                (parts::submit(Look::Primary, if staff.is_some() { "Save" } else { "Add" }))
                @if let Some(invite) = &invite {
                    (parts::submit_to(Look::Plain, invite, "Mail a link to set a password"))
                }
                a href=(LIST) { "Cancel" }
            }
        }
    };
    desk.page(DeskNav::Settings, &parts::titled(title, typed.errors), body)
}
