//! A contact as a form: its fields, and reading them.

use maud::{Markup, html};

use super::client_form::language_input;
use super::form::Typed;
use crate::actions::people::NewContact;
use crate::domain::calendar::Zone;
use crate::domain::ids::ProjectId;
use crate::domain::language::Language;
use crate::domain::person::{Contact, ProjectAccess, Rights};
use crate::domain::project::Project;
use crate::domain::refusal::{Faults, FieldFault, Refusal};
use crate::domain::text::{EmailAddress, LINE_MAX, line, required};
use crate::web::forms::Fields;
use crate::web::parts::{self, Choice, Input};

/// Longest telephone number as people write it, in characters.
pub const PHONE_MAX: usize = 40;

/// The rights that are ticked one by one: (word, label, hint).
const RIGHTS: [(&str, &str, &str); 4] = [
    ("billing", "Sees billing documents", "Invoices, quotes, credit notes and the statement of account."),
    ("answer", "Pays and answers", "Accepts quotes, and answers for the client."),
    ("letters", "Gets the letters", "New invoices, reminders and documents, by e-mail."),
    ("documents", "Sees project documents", "Files that you post for the client, of the projects below."),
];

const LEADS: &str = "The policy may write to them when an invoice stays unpaid. They need to see billing documents.";

const ZONE: &str = "Like America/New_York: reminders come when it is morning there. Empty for the firm’s.";

/// The fields of a new contact: somebody who gets and sees the bills, and no documents until that is ticked.
pub fn blank() -> Fields {
    let usual = RIGHTS.iter().filter(|right| right.0 != "documents");
    let mut fields = Fields::of(usual.map(|(word, ..)| ("rights", *word)));
    fields.set("projects", "all");
    fields.set("invite", "on");
    fields
}

/// The fields of a contact as kept.
pub fn kept(contact: &Contact) -> Fields {
    let rights = &contact.rights;
    let held = [rights.billing, rights.answer, rights.letters, rights.documents];
    let mut pairs: Vec<(&str, String)> = vec![
        ("name", contact.name.clone()),
        ("title", contact.title.clone()),
        ("email", contact.email.to_string()),
        ("phone", contact.phone.clone()),
        ("language", contact.language.map_or("", Language::code).to_owned()),
        ("zone", contact.zone.as_ref().map_or_else(String::new, ToString::to_string)),
    ];
    pairs.extend(RIGHTS.iter().zip(held).filter(|x| x.1).map(|((word, ..), _)| ("rights", (*word).to_owned())));
    if contact.leads {
        pairs.push(("leads", "on".to_owned()));
    }
    match &rights.projects {
        ProjectAccess::All => pairs.push(("projects", "all".to_owned())),
        ProjectAccess::Only(some) => {
            pairs.push(("projects", "only".to_owned()));
            pairs.extend(some.iter().map(|id| ("project", id.to_string())));
        }
    }
    Fields::of(pairs)
}

/// Reads the form; `projects` are the client's.
///
/// # Errors
/// Every field to mend.
pub fn read(fields: &Fields, projects: &[Project]) -> Result<NewContact, Refusal> {
    let mut faults = Faults::default();
    let name = faults.take(required("name", fields.get("name"), LINE_MAX, "Enter their full name."));
    let title = faults.take(line("title", fields.get("title"), LINE_MAX));
    let email = faults.take_opt(EmailAddress::parse("email", fields.get("email")));
    let phone = faults.take(line("phone", fields.get("phone"), PHONE_MAX));
    let language = faults.take(Language::parse("language", fields.get("language")));
    let zone = fields.get("zone").trim();
    let zone = if zone.is_empty() { None } else { faults.take_opt(Zone::parse("zone", zone)) };
    let ticked = |word: &str| fields.all("rights").any(|x| x == word);
    let (billing, answer, letters) = (ticked("billing"), ticked("answer"), ticked("letters"));
    let documents = ticked("documents");
    if !billing && answer {
        faults.add("rights", "Tick “Sees billing documents” too: who answers has to see them.");
    } else if letters && !billing && !documents {
        faults.add("rights", "Tick what they see too: letters tell of what somebody may see.");
    }
    let projects = faults.take(project_access(fields, projects));
    faults.check()?;
    let email = email.ok_or(Refusal::TryAgain)?;
    let rights = Rights { billing, answer, letters, documents, projects };
    let (leads, invite) = (fields.has("leads"), fields.has("invite"));
    Ok(NewContact { name, title, email, phone, language, zone, rights, leads, invite })
}

fn project_access(fields: &Fields, projects: &[Project]) -> Result<ProjectAccess, FieldFault> {
    if fields.get("projects") != "only" {
        return Ok(ProjectAccess::All);
    }
    let named: Option<Vec<ProjectId>> = fields.all("project").map(|x| x.parse().ok()).collect();
    let mut named = named.filter(|some| some.iter().all(|id| projects.iter().any(|p| p.id == *id))).unwrap_or_default();
    named.sort();
    named.dedup();
    let message = "Choose at least one project of this client, or all of them.";
    if named.is_empty() { Err(FieldFault::new("project", message)) } else { Ok(ProjectAccess::Only(named)) }
}

/// The fields.
pub fn inputs(typed: Typed<'_>, projects: &[Project]) -> Markup {
    let name = typed.field("name", "Full name").autocomplete("off");
    let title = typed.field("title", "Their part").hint("For example Finance, or Director.").optional();
    let email = typed.field("email", "E-mail").hint("Letters go there, and they sign in with it.").autocomplete("off");
    let phone = typed.field("phone", "Telephone").autocomplete("off").optional();
    let choices = RIGHTS.map(|(value, label, hint)| Choice { value, label, hint });
    let ticked: Vec<&str> = typed.fields.all("rights").collect();
    html! {
        (parts::input(&name, Input::Text))
        (parts::input(&title, Input::Text))
        (parts::input(&email, Input::Email))
        (parts::input(&phone, Input::Tel))
        (language_input(typed, "The client’s", "Of letters to them, and of what they see on the portal."))
        (parts::input(&typed.field("zone", "Their time zone").hint(ZONE).optional(), Input::Text))
        (parts::checks(&typed.field("rights", "What they may do"), &choices, &ticked))
        (parts::checkbox(&typed.field("leads", "Answers for the account").hint(LEADS)))
        @if !projects.is_empty() { (project_inputs(typed, projects)) }
    }
}

fn project_inputs(typed: Typed<'_>, projects: &[Project]) -> Markup {
    let which = [
        Choice { value: "all", label: "All projects", hint: "Also those to come, and documents without a project." },
        Choice {
            value: "only",
            label: "Only these",
            hint: "Documents without a project and the statement stay hidden.",
        },
    ];
    let ids: Vec<(String, &str)> = projects.iter().map(|p| (p.id.to_string(), p.name.as_str())).collect();
    let choices: Vec<Choice<'_>> = ids.iter().map(|(id, name)| Choice::new(id, name)).collect();
    let ticked: Vec<&str> = typed.fields.all("project").collect();
    html! {
        (parts::radios(&typed.field("projects", "Which projects"), &which))
        (parts::checks(&typed.field("project", "These projects").hint("Counts with “Only these”."), &choices, &ticked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ClientId;

    fn project(id: u64) -> Project {
        Project { id: ProjectId(id), client: ClientId(1), name: "Alder Wharf".into(), open: true }
    }

    fn faulty(fields: &Fields) -> Vec<String> {
        let Err(Refusal::Fields(all)) = read(fields, &[project(1)]) else { panic!("taken: {fields:?}") };
        all.into_iter().map(|f| f.field).collect()
    }

    #[test]
    fn every_fault_of_a_contact_is_named_at_once() {
        let fields = Fields::of([
            ("name", "Ana\r\nBcc: x@y.example"),
            ("email", "ana@marlow.example, peter@marlow.example"),
            ("phone", &"1".repeat(41)),
            ("zone", "Gotham"),
            ("rights", "letters"),
            ("projects", "only"),
            ("project", "2"),
        ]);
        assert_eq!(faulty(&fields), ["name", "email", "phone", "zone", "rights", "project"]);
    }

    #[test]
    fn what_is_kept_fills_the_form_and_reads_back_the_same() {
        let pairs = [("name", "Ana Ruiz"), ("email", "ana@marlow.example"), ("rights", "billing")];
        let mut fields = Fields::of(pairs);
        fields.set("projects", "only");
        fields.set("project", "1");
        fields.set("leads", "on");
        fields.set("zone", "America/New_York");
        let new = read(&fields, &[project(1)]).unwrap();
        assert!(new.rights.billing && !new.rights.letters && !new.invite);
        assert_eq!(new.rights.projects, ProjectAccess::Only(vec![ProjectId(1)]));
        let NewContact { name, title, email, phone, language, zone, rights, leads, .. } = new.clone();
        let (id, client, since) = (crate::domain::ids::ContactId(1), ClientId(1), jiff::Timestamp::UNIX_EPOCH);
        let contact = Contact {
            id,
            client,
            name,
            title,
            email,
            phone,
            language,
            zone,
            format: None,
            rights,
            leads,
            active: true,
            since,
        };
        let again = read(&kept(&contact), &[project(1)]).unwrap();
        assert_eq!((again.rights, again.leads, again.zone), (new.rights, true, new.zone));
    }
}
