//! Before a PDF of the accounting system goes out: what the client will see, who will see it, and whether the client
//! would owe more than agreed.

use maud::{Markup, html};

use super::credit_terms;
use super::document_form::Form;
use super::publish_kept::Upload;
use super::publish_read;
use crate::actions::credit_terms::over_by;
use crate::actions::invoices::Publication;
use crate::domain::invoice::Kind;
use crate::store::prelude::*;
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, Look, Tone, csrf_input, hidden};
use crate::web::problem::Problem;

/// The page; `missed` when it was sent without the tick that a credit limit asks for.
///
/// # Errors
/// When the store fails.
pub(super) fn confirmation(
    desk: &Desk,
    r: &ReadTx,
    form: &Form,
    p: &Publication,
    (token, upload): (&str, &Upload),
    missed: bool,
) -> Result<Markup, Problem> {
    let locale = desk.locale();
    let client = form.client.chosen.as_ref().map_or("", |c| c.party.name.as_str());
    let mut facts = vec![
        ("Client", html! { (client) }),
        (
            "What",
            html! { @if p.kind == Kind::Invoice { "Invoice" } @else { "Credit note for " (form.fields.get("of").trim()) } },
        ),
        ("Number", html! { (parts::nw(p.number.as_str())) }),
        ("Issued", html! { (locale.date_long(p.dated)) }),
    ];
    if p.kind == Kind::Invoice {
        facts.push(("Due", html! { (locale.date_long(p.due)) }));
    }
    facts.push(("Amount", html! { b { (locale.money(p.amount)) } }));
    let project = p.project.map(|id| r.project(id)).transpose()?.flatten().map_or(String::new(), |x| x.name);
    for (name, text) in [("About", &p.title), ("Project", &project), ("Reference", &p.reference)] {
        if !text.is_empty() {
            facts.push((name, html! { (text) }));
        }
    }
    let size = locale.bytes(upload.bytes.len() as u64);
    facts.push(("PDF", html! { a href={ "/desk/publish/" (token) "/file" } { (upload.name) } ", " (size) }));
    let people: Vec<_> = form
        .contacts
        .iter()
        .map(|c| {
            let letter = if p.recipients.is_empty() { c.rights.letters } else { p.recipients.contains(&c.id) };
            let end = if letter {
                parts::tag(Tone::Info, "Gets the letter")
            } else {
                html! {}
            };
            (html! { b { (c.name) } }, html! { (c.email) }, end)
        })
        .collect();
    let back = format!("/desk/publish?kept={token}");
    let over = over_by(r, p.client, p.amount, p.kind == Kind::Invoice)?;
    let title = format!("Publish {}?", p.number);
    let body = html! {
        (parts::back(&back, "Change something"))
        (parts::head(&title, "Nothing has been published or sent yet. Once it is, it can only be taken back by a credit note.", ""))
        (credit_terms::warning(desk, over.as_ref(), p.client))
        div.rail {
            div {
                (parts::section("what", "What the client will see", "", parts::facts(&facts)))
                @if let Some(read) = upload.read.as_deref() { (publish_read::section(desk, read)) }
            }
            aside aria-label="Who will see this" { (parts::section("seen-by", "Who will see this", "", parts::rows(&people))) }
        }
        form method="post" action={ "/desk/publish/" (token) } {
            (csrf_input(&desk.csrf))
            @for (name, value) in upload.fields.pairs() { (hidden(name, value)) }
            (credit_terms::acknowledge("Publish", over.as_ref(), missed))
            (parts::dock(html! {
                (parts::submit(Look::Primary, format!("Publish {}", p.number)))
                (parts::link(Look::Plain, &back, "Change something"))
            }))
        }
    };
    Ok(desk.page(DeskNav::Invoices, &title, body))
}
