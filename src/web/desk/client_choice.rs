//! The field in which staff choose a client: a list while there are few, a name to type when there are many.
//!
//! Offers only clients of the scope; one outside it is as unknown as one that never was.

use maud::{Markup, html};

use crate::domain::access::StaffScope;
use crate::domain::client::Client;
use crate::store::clients::fold;
use crate::store::prelude::*;
use crate::web::parts::{self, Choice, Field, FieldError, field_id};

/// Most clients that are offered as a list; more are found by the start of their name.
const LIST_MAX: usize = 200;
/// Most clients named when several fit what was typed.
const FITTING_MAX: usize = 20;

/// What tells a client from another of the same name.
pub fn mark(client: &Client) -> String {
    if client.reference.is_empty() { format!("number {}", client.id) } else { client.reference.clone() }
}

/// Whether the client at `at` has the name of one beside it, in a list by name.
pub fn shares_name<'a>(at: usize, client: impl Fn(usize) -> Option<&'a Client>) -> bool {
    let name = |at: usize| client(at).map(|c| fold(&c.party.name));
    let beside = [at.checked_sub(1), at.checked_add(1)].into_iter().flatten();
    name(at).is_some_and(|own| beside.filter_map(name).any(|other| other == own))
}

/// What was typed, and whom it means.
#[derive(Debug, Default)]
pub struct ClientChoice {
    /// The client, if one is meant.
    pub chosen: Option<Client>,
    /// Why none is.
    pub fault: Option<String>,
    offered: Vec<Client>,
    listed: bool,
    shared_name: bool,
}

impl ClientChoice {
    /// Finds the client of what was typed or chosen: an identifier, a name, or the start of one.
    ///
    /// # Errors
    /// When the store fails.
    pub fn find(r: &ReadTx, scope: &StaffScope, typed: &str) -> Result<Self, StoreError> {
        let (offered, listed) = offer(r, scope)?;
        let mut choice = Self { offered, listed, ..Self::default() };
        let typed = typed.trim();
        let by_id = typed.parse().ok().map(|id| r.client(id)).transpose()?.flatten();
        if let Some(client) = by_id.filter(|c| scope.sees(c.id)) {
            let same = |c: &Client| fold(&c.party.name) == fold(&client.party.name);
            choice.shared_name = fitting(r, scope, &client.party.name)?.iter().filter(|c| same(c)).count() > 1;
            choice.chosen = Some(client);
        } else if typed.is_empty() {
            choice.fault = Some("Choose a client.".to_owned());
        } else {
            choice.by_name(typed, fitting(r, scope, typed)?);
        }
        Ok(choice)
    }

    fn by_name(&mut self, typed: &str, mut fits: Vec<Client>) {
        let exact = fits.iter().filter(|c| fold(&c.party.name) == fold(typed)).count();
        if exact > 0 {
            fits.retain(|c| fold(&c.party.name) == fold(typed));
        }
        let number = |c: &Client| match c.reference.as_str() {
            "" => c.id.to_string(),
            reference => format!("{} ({reference})", c.id),
        };
        let names = |all: &[Client]| all.iter().map(|c| c.party.name.clone()).collect::<Vec<_>>().join(", ");
        match fits.as_slice() {
            [] => self.fault = Some(format!("No client’s name starts with “{}”.", short(typed))),
            [one] => self.chosen = Some(one.clone()),
            several if exact > 1 => {
                let ids = several.iter().map(number).collect::<Vec<_>>().join(", ");
                self.fault = Some(format!("Several clients have this name. Type a number instead: {ids}."));
            }
            several => {
                self.fault = Some(format!("Type more of the name; these start like it: {}.", names(several)));
            }
        }
        self.offered.extend(fits.into_iter().filter(|_| !self.listed));
    }

    /// The name of an offered client, with what tells it from another of that name.
    fn told(&self, at: usize) -> Option<String> {
        let client = self.offered.get(at)?;
        let name = &client.party.name;
        let shared = shares_name(at, |at| self.offered.get(at));
        Some(if shared { format!("{name} ({})", mark(client)) } else { name.clone() })
    }

    /// The field, named `client`. `typed` comes back as it was, unless it was understood.
    pub fn draw(&self, typed: &str, class: &str, errors: &[FieldError]) -> Markup {
        let field = Field::new("client", "Client").class(class).errors(errors);
        if self.listed {
            let ids: Vec<String> = self.offered.iter().map(|c| c.id.to_string()).collect();
            let told: Vec<String> = (0..self.offered.len()).filter_map(|at| self.told(at)).collect();
            let names = told.iter().zip(&ids).map(|(name, id)| Choice::new(id, name));
            let choices: Vec<Choice<'_>> = std::iter::once(Choice::new("", "Choose a client")).chain(names).collect();
            let chosen = self.chosen.as_ref().map_or_else(|| typed.to_owned(), |c| c.id.to_string());
            return parts::select(&field.value(&chosen), &choices);
        }
        let value = match &self.chosen {
            Some(client) if self.shared_name => client.id.to_string(),
            Some(client) => client.party.name.clone(),
            None => typed.to_owned(),
        };
        let invalid = errors.iter().any(|e| e.key == "client").then_some("true");
        parts::field(
            &field.hint("The start of the name is enough."),
            html! {
                input.wide id=(field_id("client")) name="client" value=(value) list="clients" autocomplete="off"
                    aria-invalid=[invalid] aria-describedby=[invalid.map(|_| "f-client-e")];
                datalist id="clients" { @for c in &self.offered { option value=(c.party.name) {} } }
            },
        )
    }
}

/// What was typed, short enough to be said back.
fn short(typed: &str) -> String {
    const SAID_MAX: usize = 40;
    let said: String = typed.chars().filter(|c| !c.is_control() && !crate::domain::text::is_deceptive(*c)).collect();
    if said.chars().count() > SAID_MAX { said.chars().take(SAID_MAX).chain(['…']).collect() } else { said }
}

/// The clients to offer, by name, and whether these are all.
fn offer(r: &ReadTx, scope: &StaffScope) -> Result<(Vec<Client>, bool), StoreError> {
    let mut all = match scope.only() {
        Some(some) => {
            let found = some.iter().take(LIST_MAX + 1).filter_map(|id| r.client(*id).transpose());
            found.collect::<Result<Vec<_>, _>>()?
        }
        None => r.clients_by_name("", None, LIST_MAX + 1)?,
    };
    all.sort_by_cached_key(|c| (fold(&c.party.name), c.id));
    let listed = all.len() <= LIST_MAX;
    if !listed {
        all.clear();
    }
    Ok((all, listed))
}

/// Clients of the scope whose name starts with `typed`.
fn fitting(r: &ReadTx, scope: &StaffScope, typed: &str) -> Result<Vec<Client>, StoreError> {
    let mut found = match scope.only() {
        None => r.clients_by_name(typed, None, FITTING_MAX)?,
        Some(some) => some.iter().filter_map(|id| r.client(*id).transpose()).collect::<Result<Vec<_>, _>>()?,
    };
    found.retain(|c| fold(&c.party.name).starts_with(&fold(typed)));
    found.truncate(FITTING_MAX);
    Ok(found)
}
