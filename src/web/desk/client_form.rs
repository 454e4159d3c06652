//! Adding a client, and changing what is kept of one.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::client_choice::mark;
use super::form::{Id, Typed, again, check_seen, errors_in, on_to, seen};
use super::{document_form, links, party_form};
use crate::actions::clients::{self, NewClient};
use crate::actions::{once, unchanged};
use crate::domain::client::Client;
use crate::domain::ids::{ClientId, StaffId};
use crate::domain::language::Language;
use crate::domain::money::Currency;
use crate::domain::person::{Role, Staff};
use crate::domain::refusal::{Faults, FieldFault, Refusal};
use crate::domain::terms::DueRule;
use crate::domain::text::{line, paragraph};
use crate::secrets::Token;
use crate::store::clients::fold;
use crate::store::prelude::*;
use crate::web::forms::{Fields, Posted};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Choice, Input, Look, csrf_input};
use crate::web::problem::Problem;

/// The box to tick for a second client of one name.
const NAMESAKE: &str = "namesake";
/// Clients looked at for one that has the same name.
const NAMESAKES_MAX: usize = 20;
/// Longest reference of a client, in characters.
const REFERENCE_MAX: usize = 60;

/// `GET /desk/clients/new`
pub async fn new(DeskWork(desk): DeskWork) -> Result<Response, Problem> {
    may_add(&desk)?;
    let mut fields = Fields::of([("currency", desk.firm.currency.code())]);
    fields.set("terms", desk.firm.terms.to_string());
    fields.set("manager", desk.staff.id.to_string());
    fields.set("once", Token::draw(&desk.app.entropy).reveal());
    Ok(page(&desk, None, Typed::fresh(&fields))?.into_response())
}

/// `POST /desk/clients/new`
pub async fn add(DeskWork(desk): DeskWork, Posted(fields): Posted) -> Result<Response, Problem> {
    may_add(&desk)?;
    let key = document_form::once(&fields);
    // Pressed twice, added once; the second is no namesake of the first.
    if let Some(key) = &key
        && let Some(id) = desk.read(|r| Ok(once::client_made(r, key)?))?
    {
        return Ok(on_to(&links::client(id)));
    }
    let done = match read(&desk, &fields).and_then(|new| refuse_namesake(&desk, None, new, &fields)) {
        Ok(new) => {
            desk.act(move |w, scope| match &key {
                Some(key) => once::new_client(w, scope, key, &new),
                None => clients::add(w, scope, &new),
            })
            .await
        }
        Err(refusal) => Err(refusal.into()),
    };
    match done {
        Ok(id) => Ok(on_to(&links::client(id))),
        Err(ActError::Refused(Refusal::Repeated(id))) => Ok(on_to(&links::client(ClientId(id)))),
        Err(error) => {
            let errors = errors_in(error, "name")?;
            Ok(again(page(&desk, None, Typed { fields: &fields, errors: &errors })?))
        }
    }
}

/// `GET /desk/clients/{id}/edit`
pub async fn edit(DeskWork(desk): DeskWork, Id(id): Id<ClientId>) -> Result<Response, Problem> {
    let client = client_of(&desk, id)?;
    let fields = fields_of(&client);
    Ok(page(&desk, Some(&client), Typed::fresh(&fields))?.into_response())
}

/// `POST /desk/clients/{id}/edit`
pub async fn change(
    DeskWork(desk): DeskWork,
    Id(id): Id<ClientId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let client = client_of(&desk, id)?;
    let read = check_seen(&fields, &client).and_then(|()| read(&desk, &fields));
    let known = client.clone();
    let done = match read.and_then(|new| refuse_namesake(&desk, Some(&client), new, &fields)) {
        Ok(new) => {
            desk.act(move |w, scope| {
                unchanged(w.client(id)?.as_ref(), &known)?;
                clients::change(w, scope, id, &new)
            })
            .await
        }
        Err(refusal) => Err(refusal.into()),
    };
    match done {
        Ok(()) => Ok(on_to(&format!("/desk/clients/{id}"))),
        Err(error) => {
            let errors = errors_in(error, "name")?;
            Ok(again(page(&desk, Some(&client), Typed { fields: &fields, errors: &errors })?))
        }
    }
}

/// A client of the scope.
///
/// # Errors
/// [`Problem::NotFound`] for an absent one and one outside the scope alike.
pub fn client_of(desk: &Desk, id: ClientId) -> Result<Client, Problem> {
    let found = desk.read(|r| Ok(r.client(id)?))?;
    found.filter(|c| desk.scope.sees(c.id)).ok_or(Problem::NotFound)
}

fn may_add(desk: &Desk) -> Result<(), Problem> {
    if desk.scope.only().is_none() { Ok(()) } else { Err(Problem::NotAllowed) }
}

fn fields_of(client: &Client) -> Fields {
    let mut fields = Fields::default();
    party_form::fill(&mut fields, &client.party);
    fields.set("reference", &client.reference);
    fields.set("language", client.language.map_or("", Language::code));
    fields.set("currency", client.currency.code());
    fields.set("terms", client.terms.to_string());
    fields.set("manager", client.manager.map_or_else(String::new, |x| x.to_string()));
    fields.set("note", &client.note);
    fields
}

fn read(desk: &Desk, fields: &Fields) -> Result<NewClient, Refusal> {
    let mut faults = Faults::default();
    let party = party_form::read(&mut faults, fields);
    let reference = faults.take(line("reference", fields.get("reference"), REFERENCE_MAX));
    let language = faults.take(Language::parse("language", fields.get("language")));
    let currency: Option<Currency> = faults.take_opt(fields.get("currency").parse());
    let terms = faults.take(DueRule::parse("terms", fields.get("terms")));
    let manager = faults.take(manager(desk, fields.get("manager")));
    let note = faults.take(paragraph("note", fields.get("note")));
    faults.check()?;
    let currency = currency.unwrap_or(desk.firm.currency);
    Ok(NewClient { party, reference, language, currency, terms, manager, note })
}

/// Two clients may have one name, if whoever keeps the second says that it is another one.
fn refuse_namesake(desk: &Desk, own: Option<&Client>, new: NewClient, fields: &Fields) -> Result<NewClient, Refusal> {
    let name = fold(&new.party.name);
    let kept = own.is_some_and(|client| fold(&client.party.name) == name);
    if kept || fields.has(NAMESAKE) {
        return Ok(new);
    }
    // Those of exactly this name come first. A store that can't be read says so when the client is kept.
    let near = desk.read(|r| Ok(r.clients_by_name(&name, None, NAMESAKES_MAX)?)).unwrap_or_default();
    let is_other = |c: &&Client| fold(&c.party.name) == name && desk.scope.sees(c.id);
    match near.iter().find(is_other) {
        Some(other) => {
            let message = format!(
                "There is a client called {} already ({}). If this is another one, tick the box and save again.",
                other.party.name,
                mark(other)
            );
            Err(FieldFault::new(NAMESAKE, message).into())
        }
        None => Ok(new),
    }
}

fn manager(desk: &Desk, text: &str) -> Result<Option<StaffId>, FieldFault> {
    if text.is_empty() {
        return Ok(None);
    }
    let known = text.parse::<StaffId>().ok().filter(|id| desk.read(|r| Ok(r.staff(*id)?.is_some())).unwrap_or(false));
    known.map(Some).ok_or_else(|| FieldFault::new("manager", "Choose somebody of the firm, or nobody."))
}

fn page(desk: &Desk, client: Option<&Client>, typed: Typed<'_>) -> Result<Markup, Problem> {
    let staff = desk.read(|r| Ok(r.all_staff()?))?;
    let (title, href, save) = match client {
        None => ("New client".to_owned(), "/desk/clients".to_owned(), "Add client"),
        Some(c) => (format!("Change {}", c.party.name), format!("/desk/clients/{}", c.id), "Save"),
    };
    let action = if client.is_none() { "/desk/clients/new".to_owned() } else { format!("{href}/edit") };
    let body = html! {
        (parts::back(&href, client.map_or("Clients", |c| &c.party.name)))
        (parts::head(&title, client.map_or("", |_| "Issued documents keep what they were issued with."), html! {}))
        (parts::error_summary(typed.errors))
        form.panel.fill method="post" action=(action) {
            (csrf_input(&desk.csrf))
            @if let Some(client) = client { (seen(client)) } @else { (parts::hidden("once", typed.fields.get("once"))) }
            (party_form::inputs(typed, "Client’s name"))
            (party_form::attention_inputs(typed))
            (standing_choices(typed, &staff, desk.firm.language))
            @if typed.errors.iter().any(|e| e.key == NAMESAKE) || typed.fields.has(NAMESAKE) {
                (parts::checkbox(&typed.field(NAMESAKE, "This is another client of the same name")))
            }
            div.row { (parts::submit(Look::Primary, save)) a href=(href) { "Cancel" } }
        }
    };
    Ok(desk.page(DeskNav::Clients, &parts::titled(&title, typed.errors), body))
}

fn standing_choices(typed: Typed<'_>, staff: &[Staff], usual: Language) -> Markup {
    let kept = typed.fields.get("manager");
    let reference = typed.field("reference", "Your reference").hint("Their number in your accounting system.");
    let currency = typed.field("currency", "Currency").hint("Of new documents, like EUR.").short();
    let terms = typed
        .field("terms", "Days to pay")
        .hint("From the date of an invoice; EOM 30 counts 30 days from the end of its month.");
    let manager = typed.field("manager", "Looked after by");
    let note = typed.field("note", "Keep in mind").hint("For staff only; clients never see it.").optional();
    let ids: Vec<(String, &str)> = staff
        .iter()
        .filter(|s| (s.active && s.role != Role::Auditor) || s.id.to_string() == kept)
        .map(|s| (s.id.to_string(), s.name.as_str()))
        .collect();
    let nobody = std::iter::once(Choice::new("", "Nobody in particular"));
    let choices: Vec<Choice<'_>> = nobody.chain(ids.iter().map(|(id, name)| Choice::new(id, name))).collect();
    html! {
        (parts::input(&reference.optional(), Input::Text))
        (language_input(typed, &format!("The firm’s ({})", usual.name()), "Of documents and letters; issued ones stay as they are."))
        (parts::input(&currency, Input::Text))
        (parts::input(&terms, Input::Number))
        (parts::select(&manager, &choices))
        (parts::textarea(&note, 3))
    }
}

/// The choice of a language; `usual` is what an empty one means.
pub fn language_input(typed: Typed<'_>, usual: &str, hint: &str) -> Markup {
    let mut choices = vec![Choice::new("", usual)];
    choices.extend(Language::ALL.iter().map(|x| Choice::new(x.code(), x.name())));
    parts::select(&typed.field("language", "Language").hint(hint), &choices)
}
