//! Files from the drop folder that wait for a person: what each is, filing it as a document, or refusing it.

use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use maud::{Markup, html};

use super::form::{Id, Typed, again, errors_in, on_to};
use super::links;
use super::publish_kept::Upload;
use crate::actions::drops;
use crate::actions::imports::book::{Book, Match};
use crate::documents::XML;
use crate::documents::einvoice::{is_xml, of_pdf, of_xml};
use crate::domain::drop::{Dropped, Fate, Named};
use crate::domain::format::Format;
use crate::domain::ids::DropId;
use crate::domain::money::Currency;
use crate::domain::text;
use crate::secrets::Token;
use crate::store::prelude::*;
use crate::web::download;
use crate::web::forms::{Fields, Posted, errors_of};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, FieldError, Input, Look, csrf_input};
use crate::web::problem::Problem;

const WHY: &str = "Say why, in a few words; it is written beside the file.";

/// A file, for whoever may see all clients: nobody knows yet whose it is.
fn dropped(desk: &Desk, id: DropId) -> Result<Dropped, Problem> {
    let found = desk.read(|r| Ok(r.dropped(id)?))?;
    found.filter(|_| desk.scope.only().is_none()).ok_or(Problem::NotFound)
}

/// `GET /desk/drops/{id}`
pub async fn show(DeskWork(desk): DeskWork, Id(id): Id<DropId>) -> Result<Response, Problem> {
    let drop = dropped(&desk, id)?;
    match drop.fate {
        Fate::Published(invoice) => Ok(on_to(&links::invoice(invoice))),
        _ => Ok(draw(&desk, &drop, &Fields::default(), &[]).into_response()),
    }
}

/// `GET /desk/drops/{id}/file`: the file, to look at.
pub async fn file(DeskWork(desk): DeskWork, Id(id): Id<DropId>) -> Result<Response, Problem> {
    let drop = dropped(&desk, id)?;
    let bytes = desk.read(|r| r.file(drop.file.digest)?.ok_or(Problem::NotFound))?;
    let format = if drop.file.media_type == XML { Format::Ubl } else { Format::Pdf };
    Ok(download::of(format, &drop.file.name, bytes))
}

/// `POST /desk/drops/{id}/file`: on to the form of its publication, filled with what it says itself and what its name
/// says beside.
pub async fn file_it(DeskWork(desk): DeskWork, Id(id): Id<DropId>, Posted(_): Posted) -> Result<Response, Problem> {
    let drop = dropped(&desk, id)?;
    if !drop.waits() {
        return Ok(on_to(&format!("/desk/drops/{id}")));
    }
    let bytes = desk.read(|r| r.file(drop.file.digest)?.ok_or(Problem::NotFound))?;
    let look = move || (if is_xml(&bytes) { of_xml(&bytes).map(Some) } else { of_pdf(&bytes) }, bytes);
    let looked = tokio::task::spawn_blocking(look).await;
    let (read, bytes) = looked.map_err(|_| Problem::Bad("This file can’t be looked into."))?;
    let read = read.unwrap_or_default();
    let mut fields = Fields::of([("drop", id.to_string()), ("currency", desk.firm.currency.to_string())]);
    if let Some(read) = &read {
        desk.read(|r| super::publish_read::fill(&desk, r, &mut fields, read))?;
    }
    let named = named(&desk, &drop);
    desk.read(|r| Ok(fill(&desk, r, &mut fields, &named, read.is_some())?))?;
    let token = Token::draw(&desk.app.entropy).reveal();
    let upload = Upload { name: drop.file.name, bytes: bytes.into(), read: read.map(Into::into), fields };
    desk.web.kept.put(&token, desk.session, desk.app.now(), upload);
    Ok(on_to(&format!("/desk/publish?kept={token}")))
}

/// `POST /desk/drops/{id}/refuse`
pub async fn refuse(DeskWork(desk): DeskWork, Id(id): Id<DropId>, Posted(fields): Posted) -> Result<Response, Problem> {
    let drop = dropped(&desk, id)?;
    let errors = match text::required("reason", fields.get("reason"), text::LINE_MAX, WHY) {
        // Pressed twice, refused once.
        _ if !drop.waits() => return Ok(on_to(&format!("/desk/drops/{id}"))),
        Err(fault) => errors_of(&[fault]),
        Ok(reason) => match desk.act(move |w, scope| drops::refuse(w, scope, id, &reason)).await {
            Ok(()) => return Ok(on_to("/desk")),
            Err(error) => errors_in(error, "reason")?,
        },
    };
    Ok(again(draw(&desk, &drop, &fields, &errors)))
}

/// What a file's name says by the pattern of the configuration, as far as it is written so.
fn named(desk: &Desk, drop: &Dropped) -> Named {
    let plan = desk.app.settings.drop.as_ref().and_then(|x| x.pattern.as_ref());
    plan.map_or_else(Named::default, |pattern| pattern.read_some(&drop.file.name))
}

/// Fills what is still empty from the file's name; an e-invoice in it has stated its currency.
fn fill(desk: &Desk, r: &ReadTx, fields: &mut Fields, named: &Named, stated: bool) -> Result<(), StoreError> {
    if fields.get("client").is_empty()
        && let Match::One(id) = Book::gather(r, &desk.scope)?.called(&named.client)
    {
        fields.set("client", id.to_string());
    }
    if !stated && named.currency.parse::<Currency>().is_ok() {
        fields.set("currency", named.currency.clone());
    }
    let day = |day: Option<Date>| day.map_or_else(String::new, |x| x.to_string());
    for (name, said) in [
        ("number", named.number.clone()),
        ("amount", named.amount.clone()),
        ("reference", named.reference.clone()),
        ("issued", day(named.issued)),
        ("due", day(named.due)),
    ] {
        if fields.get(name).is_empty() && !said.is_empty() {
            fields.set(name, said);
        }
    }
    Ok(())
}

/// What the name says, to look at before it is filed.
fn said(desk: &Desk, named: &Named) -> Vec<(&'static str, Markup)> {
    let day = |day: Option<Date>| day.map_or_else(String::new, |x| desk.locale().date_long(x));
    let all = [
        ("Client", named.client.clone()),
        ("Number", named.number.clone()),
        ("Issued", day(named.issued)),
        ("Due", day(named.due)),
        ("Amount", format!("{} {}", named.currency, named.amount).trim().to_owned()),
        ("Reference", named.reference.clone()),
    ];
    all.into_iter().filter(|x| !x.1.is_empty()).map(|(name, text)| (name, html! { (text) })).collect()
}

fn draw(desk: &Desk, drop: &Dropped, fields: &Fields, errors: &[FieldError]) -> Markup {
    let typed = Typed { fields, errors };
    let locale = desk.locale();
    let at = locale.instant_short(drop.at, desk.zone(), desk.today());
    let about = format!("From the drop folder, {at}.");
    let (state, waits) = match &drop.fate {
        Fate::Waits { reason, stranger: false } => (reason.clone(), true),
        Fate::Waits { reason, stranger: true } => {
            (format!("{reason} It goes by itself once a client or contact is here that it is of."), true)
        }
        Fate::Refused { reason, .. } => (format!("It was refused: {reason}"), false),
        Fate::Published(_) => ("It was published.".to_owned(), false),
    };
    let place = format!("/desk/drops/{}", drop.id);
    let by_name = said(desk, &named(desk, drop));
    let size = locale.bytes(drop.file.length);
    let body = html! {
        (parts::back("/desk", "Today"))
        (parts::head(&drop.file.name, about, ""))
        (parts::error_summary(errors))
        p { (state) }
        @if waits {
            p { a href={ (place) "/file" } { "Look at the file" } ", " (size) }
            @if !by_name.is_empty() { (parts::section("name", "What its name says", "", parts::facts(&by_name))) }
            (parts::section("file", "File it", "", html! {
                p {
                    "The form of its publication follows, with what it and its name say; nothing is sent before you "
                    "confirm it."
                }
                div { (parts::post_button(Look::Primary, &format!("{place}/file"), &desk.csrf, "File it")) }
            }))
            (parts::section("refuse", "Or refuse it", "", html! {
                form method="post" action={ (place) "/refuse" } {
                    (csrf_input(&desk.csrf))
                    (parts::input(&typed.field("reason", "Why").hint(WHY), Input::Text))
                    p { (parts::submit(Look::Plain, "Refuse it")) }
                }
            }))
        }
    };
    desk.page(DeskNav::Today, &parts::titled(&drop.file.name, errors), body)
}
