//! One client: what they owe, who they are, and everything that happened.

use std::collections::BTreeMap;

use jiff::Span;
use maud::{Markup, html};

use super::client_form::client_of;
use super::client_timeline::{self, History};
use super::form::Id;
use super::{client_money, client_people, credit_terms, disputes, links, pauses, payer, promises};
use crate::domain::access::Act;
use crate::domain::client::Client;
use crate::domain::credit_terms::CreditTerms;
use crate::domain::ids::{ClientId, ContactId};
use crate::domain::money::Currency;
use crate::domain::pause::{Pause, Paused};
use crate::domain::person::{Contact, Person};
use crate::domain::project::Project;
use crate::domain::promise::Promise;
use crate::domain::statement::Ageing;
use crate::domain::terms::DueRule;
use crate::store::ReadTx;
use crate::store::invoices::Row;
use crate::store::prelude::*;
use crate::store::statement::ageing_now;
use crate::web::forms::Query;
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, Icon, Look, Tab};
use crate::web::problem::Problem;

/// Open invoices shown on the page; all of them are a link away.
pub const OPEN_SHOWN: usize = 20;

/// What the page shows of a client.
pub struct Overview {
    /// The client.
    pub client: Client,
    /// Who looks after them; empty for nobody.
    pub manager: String,
    /// What is owed by age, per currency.
    pub ageing: BTreeMap<Currency, Ageing>,
    /// Receipts of the last twelve months, in minor units per currency.
    pub paid: BTreeMap<Currency, i64>,
    /// The first open invoices, the earliest due first, each with who saw it last, what was promised of it last
    /// and whether it is disputed.
    pub open: Vec<(Row, Option<client_money::Seen>, Option<Promise>, Markup)>,
    /// How many are open in all.
    pub open_count: usize,
    /// Their people, each with whether they set a password.
    pub people: Vec<(Contact, bool)>,
    /// Those of them who asked for no reminders.
    pub stopped: Vec<ContactId>,
    /// Their projects.
    pub projects: Vec<Project>,
    /// The pause of all their reminders that holds today.
    pub pause: Option<Pause>,
    /// How they pay.
    pub(super) payer: payer::Payer,
    /// What they may owe, and whether anything is issued to them.
    pub(super) credit: CreditTerms,
}

/// `GET /desk/clients/{id}?topic=&before=`
pub async fn show(desk: Desk, Id(id): Id<ClientId>, Query(fields): Query) -> Result<Markup, Problem> {
    let client = client_of(&desk, id)?;
    let asked = client_timeline::Asked::of(&fields);
    let (overview, history) =
        desk.read(|r| Ok((read(&desk, r, client)?, client_timeline::read(&desk, r, id, &asked)?)))?;
    let title = overview.client.party.name.clone();
    Ok(desk.page(DeskNav::Clients, &title, body(&desk, &overview, &history)))
}

fn read(desk: &Desk, r: &ReadTx, client: Client) -> Result<Overview, StoreError> {
    let (id, today) = (client.id, desk.today());
    let (open, owed, unapplied) = (r.open_of(id)?, r.open_parts_of(id)?, r.unapplied_of(id)?);
    let year_ago = today.saturating_sub(Span::new().years(1));
    let mut paid: BTreeMap<Currency, i64> = BTreeMap::new();
    for receipt in r.receipts_within(id, year_ago, today)?.iter().filter(|x| x.reversed.is_none()) {
        let sum = paid.entry(receipt.amount.currency).or_default();
        *sum = sum.saturating_add(receipt.amount.minor);
    }
    let mut rows = Vec::new();
    for (item, _) in open.iter().take(OPEN_SHOWN) {
        if let Some(row) = r.invoice_row(item.invoice)? {
            let seen = client_money::seen(r, &row.invoice)?;
            let promised = r.newest_promise(row.invoice.id)?;
            let disputed = disputes::tag(r, &row)?;
            rows.push((row, seen, promised, disputed));
        }
    }
    let (mut people, mut stopped) = (Vec::new(), Vec::new());
    for contact in r.contacts_of(id)? {
        let set = r.password_hash(Person::Contact(contact.id))?.is_some();
        stopped.extend(r.stopped(contact.id)?.map(|s| s.contact));
        people.push((contact, set));
    }
    Ok(Overview {
        manager: client.manager.map_or(Ok(None), |x| r.staff(x))?.map_or_else(String::new, |s| s.name),
        ageing: ageing_now(&owed, &unapplied, today),
        paid,
        open: rows,
        open_count: open.len(),
        people,
        stopped,
        projects: r.projects_of(id)?,
        pause: r.pause(Paused { client: id, invoice: None })?.filter(|pause| pause.holds_on(today)),
        payer: payer::read(r, desk, &client, today)?,
        credit: r.credit_terms(id)?,
        client,
    })
}

fn body(desk: &Desk, overview: &Overview, history: &History) -> Markup {
    let Client { id, party, note, .. } = &overview.client;
    html! {
        (parts::back("/desk/clients", "Clients"))
        (parts::head(&party.name, about(desk, overview), actions(desk, *id)))
        (tabs(&overview.client, ""))
        (credit_terms::banner(desk, &overview.credit, owed(overview)))
        @for (row, _, promised, _) in &overview.open { (promises::broken(desk, row, promised.as_ref())) }
        div.rail.sec-m {
            div {
                (client_money::figures(desk, overview))
                (client_money::open_invoices(desk, overview))
                (client_people::people(desk, overview))
                (client_people::projects(desk, overview))
                (client_timeline::section(*id, history))
            }
            aside aria-label="In short" {
                (client_money::ageing(desk, overview))
                (payer::short(*id, &overview.payer))
                (parts::section("rem", "Reminders", "", html! {
                    @let of = Paused { client: *id, invoice: None };
                    @if overview.pause.is_none() { p.mut { "As for everybody." } }
                    (pauses::part(desk, overview.pause.as_ref(), of, &links::client(*id)))
                }))
                section.sec aria-labelledby="nt" {
                    div.sh {
                        h2 id="nt" { "Keep in mind" }
                        @if desk.may(Act::Work) { a.small href={ "/desk/clients/" (id) "/edit#f-note" } { "Edit" } }
                    }
                    @if note.is_empty() { p.mut { "Nothing noted." } }
                    @for line in note.lines() { p { (line) } }
                }
                (particulars(&overview.client, desk.may(Act::Work)))
            }
        }
    }
}

/// What they owe in the currency of their credit limit, less what is not applied.
fn owed(overview: &Overview) -> Option<i64> {
    let limit = overview.credit.limit.as_ref()?;
    Some(overview.ageing.get(&limit.amount.currency).map_or(0, Ageing::total))
}

fn about(desk: &Desk, overview: &Overview) -> String {
    let client = &overview.client;
    let since = desk.zone().to_datetime(client.since).year();
    let mut out = format!("Client since {since}.");
    if !client.party.vat_id.is_empty() {
        out.push_str(&format!(" VAT {}.", client.party.vat_id));
    }
    if !overview.manager.is_empty() {
        out.push_str(&format!(" Looked after by {}.", overview.manager));
    }
    match client.terms {
        DueRule::Days(0) => out.push_str(" Pays at once."),
        DueRule::Days(1) => out.push_str(" Pays in 1 day."),
        DueRule::Days(days) => out.push_str(&format!(" Pays in {days} days.")),
        DueRule::MonthEnd(0) => out.push_str(" Pays by the end of the month."),
        DueRule::MonthEnd(days) => out.push_str(&format!(" Pays {days} days after the end of the month.")),
    }
    out
}

fn actions(desk: &Desk, id: ClientId) -> Markup {
    let with = |path: &str| format!("{path}?client={id}");
    html! {
        @if desk.may(Act::Work) {
            (parts::link_icon(Look::Primary, Icon::Plus, &with("/desk/invoices/new"), "New invoice"))
            (parts::link(Look::Plain, &with("/desk/publish"), "Publish a PDF"))
            (parts::link(Look::Plain, &with("/desk/payments/new"), "Record a payment"))
        }
        (parts::link(Look::Plain, &format!("/desk/clients/{id}/statement"), "Statement"))
    }
}

/// The pages about one client; `current` is the path behind the client's own, empty for the overview.
pub fn tabs(client: &Client, current: &str) -> Markup {
    let own = format!("/desk/clients/{}", client.id);
    let all = [
        (own.clone(), "Overview", ""),
        (format!("/desk/invoices?client={}", client.id), "Invoices", "invoices"),
        (format!("/desk/quotes?client={}", client.id), "Quotes", "quotes"),
        (format!("{own}/statement"), "Statement", "statement"),
        (format!("{own}/documents"), "Documents", "documents"),
        (format!("{own}/credit"), "Credit", "credit"),
        (format!("/desk/activity?client={}", client.id), "Activity", "activity"),
    ];
    let tabs: Vec<Tab<'_>> =
        all.iter().map(|(href, text, path)| Tab { href, text, current: *path == current }).collect();
    parts::tabs(&client.party.name, &tabs)
}

fn particulars(client: &Client, may_change: bool) -> Markup {
    let Client { id, party, reference, currency, .. } = client;
    html! {
        section.sec aria-labelledby="pt" {
            div.sh {
                h2 id="pt" { "Particulars" }
                @if may_change { a.small href={ "/desk/clients/" (id) "/edit" } { "Change" } }
            }
            p {
                (party.name)
                @for line in party.lines() { br; (line) }
                @if !party.country.is_empty() { br; (party.country) }
            }
            p.small.mut {
                @if !reference.is_empty() { "Your reference " (reference) ". " }
                "New documents in " (currency) "."
            }
        }
    }
}
