//! A member of staff as a form: its fields, and reading them.
//!
//! The clients that a member sees are written down by name, one a line: a firm may have thousands.

use maud::{Markup, html};

use super::form::Typed;
use crate::actions::people::NewStaff;
use crate::domain::client::Client;
use crate::domain::ids::ClientId;
use crate::domain::person::{Role, Staff};
use crate::domain::refusal::{Faults, FieldFault, Refusal};
use crate::domain::text::{EmailAddress, LINE_MAX, required};
use crate::store::clients::fold;
use crate::store::prelude::*;
use crate::web::forms::Fields;
use crate::web::parts::{self, Choice, Input};

/// Most clients that one member is limited to.
const CLIENTS_MAX: usize = 500;

const FOR_NEW: &str = "Who may work at this desk takes your own password. Every owner is told by e-mail.";
const FOR_CHANGES: &str = "Needed for another role, address or choice of clients, for letting somebody in or out, and for \
    a link to set a password. Every owner is told of new owners and addresses by e-mail.";

const ROLES: [Choice<'static>; 4] = [
    Choice { value: "owner", label: "Owner", hint: "Everything, staff and settings included." },
    Choice { value: "manager", label: "Manager", hint: "Everything but staff and settings." },
    Choice { value: "member", label: "Member", hint: "Day-to-day work, for all clients or only some." },
    Choice { value: "auditor", label: "Auditor", hint: "Sees everything, changes nothing." },
];

/// The fields of somebody as kept.
///
/// # Errors
/// When the store fails.
pub fn kept(staff: &Staff, r: &impl Reader) -> Result<Fields, StoreError> {
    let mut fields = Fields::of([("name", staff.name.as_str()), ("email", staff.email.as_str())]);
    fields.set("role", staff.role.words());
    fields.set("clients", if staff.only_clients.is_some() { "only" } else { "all" });
    let mut lines = Vec::new();
    for id in staff.only_clients.iter().flatten() {
        if let Some(client) = r.client(*id)? {
            let alone = named(r, &client.party.name)?.len() == 1;
            lines.push(if alone { client.party.name } else { format!("#{id}") });
        }
    }
    fields.set("only", lines.join("\n"));
    if staff.active {
        fields.set("active", "on");
    }
    Ok(fields)
}

/// Reads the form.
///
/// # Errors
/// Every field to mend; the store's failure.
pub fn read(fields: &Fields, r: &impl Reader) -> Result<NewStaff, ActError> {
    let mut faults = Faults::default();
    let name = faults.take(required("name", fields.get("name"), LINE_MAX, "Enter their full name."));
    let email = faults.take_opt(EmailAddress::parse("email", fields.get("email")));
    let role = Role::from_words(fields.get("role"));
    let role = faults.take_opt(role.ok_or_else(|| FieldFault::new("role", "Choose what they may do.")));
    let limited = role == Some(Role::Member) && fields.get("clients") == "only";
    let only_clients = if limited { Some(clients(&mut faults, fields.get("only"), r)?) } else { None };
    faults.check()?;
    let (email, role) = (email.ok_or(Refusal::TryAgain)?, role.ok_or(Refusal::TryAgain)?);
    let (active, invite) = (fields.has("active"), fields.has("invite"));
    Ok(NewStaff { name, email, role, only_clients, active, invite })
}

fn clients(faults: &mut Faults, text: &str, r: &impl Reader) -> Result<Vec<ClientId>, StoreError> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|x| !x.is_empty()).collect();
    if lines.is_empty() || lines.len() > CLIENTS_MAX {
        faults.add("only", format!("Write the names of 1 to {CLIENTS_MAX} clients, one a line."));
        return Ok(Vec::new());
    }
    let mut out = Vec::new();
    for line in lines {
        match &numbered_or_named(r, line)?[..] {
            [one] => out.push(one.id),
            [] => {
                let shown: String = line.chars().filter(|c| !c.is_control()).take(LINE_MAX).collect();
                faults.add("only", format!("There is no client called “{shown}”. Write the whole name."));
            }
            [first, ..] => {
                let id = first.id;
                faults.add(
                    "only",
                    format!("Several clients are called {}. Write #{id} or another’s number.", first.party.name),
                );
            }
        }
    }
    out.sort();
    out.dedup();
    Ok(out)
}

fn numbered_or_named(r: &impl Reader, line: &str) -> Result<Vec<Client>, StoreError> {
    match line.strip_prefix('#').and_then(|id| id.trim().parse().ok()) {
        Some(id) => Ok(r.client(id)?.into_iter().collect()),
        None => named(r, line),
    }
}

/// The clients of exactly this name, at most two.
fn named(r: &impl Reader, name: &str) -> Result<Vec<Client>, StoreError> {
    if name.chars().count() > LINE_MAX {
        return Ok(Vec::new());
    }
    let mut found = r.clients_by_name(name, None, 2)?;
    found.retain(|c| fold(&c.party.name) == fold(name));
    Ok(found)
}

/// The fields.
pub fn inputs(typed: Typed<'_>, new: bool) -> Markup {
    let which = [Choice::new("all", "All clients"), Choice::new("only", "Only these")];
    let clients = typed.field("clients", "Which clients").hint("Only counts for a member.");
    let only = typed.field("only", "These clients").hint("One client’s whole name a line.").optional();
    let active = typed.field("active", "May sign in").hint(
        "Untick it when somebody leaves: they are signed out at once, and their password is forgotten. Whoever comes \
         back sets a new one.",
    );
    let invite = typed.field("invite", "Invite them by e-mail").hint("With a link to set a password.");
    let password = typed.field("password", "Your password").autocomplete("current-password");
    let password = if new { password.hint(FOR_NEW) } else { password.hint(FOR_CHANGES).optional() };
    html! {
        (parts::input(&typed.field("name", "Full name").autocomplete("off"), Input::Text))
        (parts::input(&typed.field("email", "E-mail").hint("They sign in with it.").autocomplete("off"), Input::Email))
        (parts::radios(&typed.field("role", "Role"), &ROLES))
        (parts::radios(&clients, &which))
        (parts::textarea(&only, 3))
        @if new { (parts::checkbox(&invite)) } @else { (parts::checkbox(&active)) }
        (parts::input(&password, Input::Password))
    }
}
