//! Publishing a PDF that the accounting system made: the form with its upload, the confirmation, and doing it.

use std::sync::Arc;

use axum::extract::multipart::{Multipart, MultipartRejection};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::credit_terms::OVER;
use super::document_form::{Form, Head, Paper};
use super::form::{errors_in, on_to};
use super::invoice_form::who;
use super::links;
use super::publish_confirm::confirmation;
use super::publish_kept::Upload;
use super::{publish_read, publish_upload};
use crate::actions::credit_terms::Beyond;
use crate::actions::invoices::{self, Publication};
use crate::documents::einvoice::{is_xml, of_pdf};
use crate::documents::pdf_check::check_pdf;
use crate::domain::format::Format;
use crate::domain::ids::InvoiceId;
use crate::domain::incoming::Incoming;
use crate::domain::invoice::Kind;
use crate::domain::money::{Currency, Money};
use crate::domain::number::DocumentNumber;
use crate::domain::refusal::{Faults, FieldFault, Refusal};
use crate::secrets::{self, Token};
use crate::store::prelude::*;
use crate::web::download;
use crate::web::forms::{Fields, Posted, Query, check_token};
use crate::web::guard::{Desk, DeskWork, form_token};
use crate::web::page::DeskNav;
use crate::web::parts::{self, CSRF_FIELD, Choice, Field, FieldError, Icon, Input, Look, Tone, csrf_input, hidden};
use crate::web::path::Path;
use crate::web::problem::Problem;

const TITLE: &str = "Publish a PDF";
const GONE: &str = "The PDF was kept for half an hour and is gone now. Choose it again.";

/// `GET /desk/publish`: empty, filled in for a credit note (`kind`, `of`, `client`), or as it was (`kept`).
pub async fn ask(DeskWork(desk): DeskWork, Query(query): Query) -> Result<Markup, Problem> {
    let kept = query.get("kept");
    let upload = desk.web.kept.get(kept, desk.session, desk.app.now());
    let fields = match &upload {
        Some(upload) => upload.fields.clone(),
        None => Fields::of([
            ("client", query.get("client")),
            ("kind", query.get("kind")),
            ("of", query.get("of")),
            ("currency", desk.firm.currency.code()),
        ]),
    };
    desk.read(|r| {
        let mut form = Form::load(&desk, r, fields, Paper::Invoice)?;
        if upload.is_none() && !kept.is_empty() {
            form.errors = vec![FieldError::new("file", GONE)];
        }
        Ok(draw(&desk, &form, upload.as_ref().map(|u| (kept, u))))
    })
}

/// `POST /desk/publish`: checks what was typed and the file, and keeps both for the confirmation.
pub async fn check(
    DeskWork(desk): DeskWork,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    let expected = form_token(&headers).ok_or(Problem::StaleForm)?;
    let sent = publish_upload::read(form, desk.app.settings.upload_max).await?;
    check_token(&expected, sent.fields.get(CSRF_FIELD))?;
    // Only what has the form of our own tokens goes into an address again.
    let old = Token::parse(sent.fields.get("kept")).map_or(String::new(), |t| t.reveal());
    let (now, fresh) = (desk.app.now(), sent.file.is_some());
    let before = desk.web.kept.get(&old, desk.session, now);
    let (chosen, wrong) = looked_into(sent.file).await?;
    let mut fields = without_file(&sent.fields);
    let upload = match (chosen, before) {
        (Some((name, bytes, read)), _) => {
            let read = read.map(Arc::new);
            Some(Upload { name, bytes: bytes.into(), read, fields: fields.clone() })
        }
        (None, Some(before)) => Some(Upload { fields: fields.clone(), ..before }),
        (None, None) => None,
    };
    // What the file says itself stands in the form before anybody is asked to confirm it.
    let said = upload.as_ref().filter(|_| fresh).and_then(|x| x.read.clone());
    let filled = match &said {
        Some(read) => desk.read(|r| publish_read::fill(&desk, r, &mut fields, read))?,
        None => false,
    };
    let token = if old.is_empty() { Token::draw(&desk.app.entropy).reveal() } else { old };
    desk.read(|r| {
        let mut form = Form::load(&desk, r, fields, Paper::Invoice)?;
        if let Some(read) = &said {
            publish_read::stated(&mut form.fields, read);
        }
        if let Some(upload) = &upload {
            let kept = Upload { fields: form.fields.clone(), ..upload.clone() };
            desk.web.kept.put(&token, desk.session, now, kept);
        }
        let kept = upload.as_ref().map(|u| (token.as_str(), u));
        if form.edit(&desk) || filled && wrong.is_none() {
            return Ok(draw(&desk, &form, kept).into_response());
        }
        let mut faults = Faults::default();
        match (&wrong, &upload) {
            (Some(fault), _) => faults.add("file", fault),
            (None, None) => faults.add("file", "Choose the PDF."),
            (None, Some(_)) => {}
        }
        let read = upload.as_ref().and_then(|x| x.read.as_deref());
        let _ = publication(&desk, r, &form, read, &mut faults)?;
        if wrong.is_some() {
            // The file that is chosen instead may fill what is empty.
            faults.retain(|x| x.field == "file" || !form.fields.get(&x.field).trim().is_empty());
        }
        if form.refuse(faults) {
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, draw(&desk, &form, kept)).into_response());
        }
        Ok(Redirect::to(&format!("/desk/publish/{token}")).into_response())
    })
}

/// `GET /desk/publish/{kept}`: what will be published, and who will see it.
pub async fn confirm(DeskWork(desk): DeskWork, Path(kept): Path<String>) -> Result<Response, Problem> {
    let again =
        || Redirect::to(&format!("/desk/publish?kept={}", Token::parse(&kept).map_or(String::new(), |t| t.reveal())));
    let Some(upload) = desk.web.kept.get(&kept, desk.session, desk.app.now()) else {
        return Ok(again().into_response());
    };
    desk.read(|r| {
        let form = Form::load(&desk, r, upload.fields.clone(), Paper::Invoice)?;
        let mut faults = Faults::default();
        match publication(&desk, r, &form, upload.read.as_deref(), &mut faults)? {
            Some(p) if faults.is_empty() => {
                Ok(confirmation(&desk, r, &form, &p, (&kept, &upload), false)?.into_response())
            }
            _ => Ok(again().into_response()),
        }
    })
}

/// `GET /desk/publish/{kept}/file`: the file as it was sent, to look at it once more.
pub async fn file(DeskWork(desk): DeskWork, Path(kept): Path<String>) -> Result<Response, Problem> {
    let upload = desk.web.kept.get(&kept, desk.session, desk.app.now()).ok_or(Problem::NotFound)?;
    let format = if is_xml(&upload.bytes) { Format::Ubl } else { Format::Pdf };
    Ok(download::of(format, &upload.name, upload.bytes.to_vec()))
}

/// `POST /desk/publish/{kept}`
pub async fn publish(
    DeskWork(desk): DeskWork,
    Path(kept): Path<String>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let upload = desk.web.kept.get(&kept, desk.session, desk.app.now());
    let beyond = if fields.has(OVER) { Beyond::Acknowledged } else { Beyond::Refused };
    if let Some(id) = published_before(&desk, upload.as_ref())? {
        return Ok(on_to(&links::invoice(id)));
    }
    let mut faults = Faults::default();
    let (mut form, read) = desk.read(|r| {
        let fields = upload.as_ref().map_or_else(|| without_file(&fields), |u| u.fields.clone());
        let form = Form::load(&desk, r, fields, Paper::Invoice)?;
        let said = upload.as_ref().and_then(|x| x.read.as_deref());
        let read = publication(&desk, r, &form, said, &mut faults)?;
        Ok((form, read))
    })?;
    if upload.is_none() {
        faults.add("file", GONE);
    }
    let refused_here = form.refuse(faults);
    if let (Some(publication), Some(upload), false) = (read, &upload, refused_here) {
        let asked = publication.clone();
        let publication = Publication { pdf: upload.bytes.to_vec(), ..publication };
        let done = invoices::publish_seen(&desk.app, desk.by(), &desk.scope, publication, beyond).await;
        desk.app.wake.notify_one();
        match done {
            // The upload is kept for its half hour: pressed twice, the second press leads here too.
            Ok(number) => {
                let id = desk.read(|r| r.invoice_numbered(&number)?.ok_or(Problem::NotFound))?;
                return Ok(on_to(&links::invoice(id)));
            }
            // Beyond the credit limit it goes out all the same, by whoever says so.
            Err(ActError::Refused(Refusal::OverLimit(..))) => {
                let page = desk.read(|r| confirmation(&desk, r, &form, &asked, (&kept, upload), true))?;
                return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
            }
            Err(error) => {
                let errors = errors_in(error, "file")?;
                if let Some(id) = published_before(&desk, Some(upload))? {
                    return Ok(on_to(&links::invoice(id)));
                }
                form.errors = errors;
            }
        }
    }
    let page = draw(&desk, &form, upload.as_ref().map(|u| (kept.as_str(), u)));
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// The document that this very upload became before: its number, its client and its bytes.
fn published_before(desk: &Desk, upload: Option<&Upload>) -> Result<Option<InvoiceId>, Problem> {
    let Some(upload) = upload else { return Ok(None) };
    let Ok(number) = upload.fields.get("number").parse::<DocumentNumber>() else { return Ok(None) };
    let Some(holder) =
        desk.read(|r| Ok(r.invoice_numbered(&number)?.map(|id| r.invoice(id)).transpose()?.flatten()))?
    else {
        return Ok(None);
    };
    let client = desk.read(|r| Ok(Form::load(desk, r, upload.fields.clone(), Paper::Invoice)?.client.chosen))?;
    let same = desk.scope.sees(holder.client)
        && client.is_some_and(|c| c.id == holder.client)
        && holder.issue.is_some_and(|issue| issue.pdf.digest.0 == secrets::sha256(&upload.bytes));
    Ok(same.then_some(holder.id))
}

/// The typed fields, without what only carries the upload.
fn without_file(fields: &Fields) -> Fields {
    let own = |name: &str| name == CSRF_FIELD || name == "kept" || name == "file";
    Fields::of(fields.pairs().filter(|x| !own(x.0)).map(|(n, v)| (n.to_owned(), v.to_owned())).collect::<Vec<_>>())
}

/// Reads the form; the bytes are put in when it is published.
fn publication(
    desk: &Desk,
    r: &ReadTx,
    form: &Form,
    read: Option<&Incoming>,
    faults: &mut Faults,
) -> Result<Option<Publication>, Problem> {
    let typed = &form.fields;
    let head = form.read(desk, faults);
    let recipients = form.recipients(faults);
    let currency = form.currency(desk);
    let number = faults.take_opt(typed.get("number").parse::<DocumentNumber>());
    if let Some(number) = &number
        && r.invoice_numbered(number)?.is_some()
    {
        faults.add("number", Refusal::NumberTaken(number.to_string()).to_string());
    }
    let amount = faults.take_opt(amount(typed.get("amount"), currency));
    let kind = faults.take_opt(kind(desk, r, form, currency)?);
    if form.client.chosen.is_some() && form.contacts.is_empty() {
        faults.add("client", Refusal::NobodyToSee.to_string());
    }
    let (Some(head), Some(number), Some(amount), Some(kind)) = (head, number, amount, kind) else { return Ok(None) };
    let Head { client, project, title, issued: dated, until: due, reference, .. } = head;
    let (pdf, read) = (Vec::new(), read.cloned().map(Box::new));
    let drop = typed.get("drop").parse().ok();
    let publication = Publication {
        client,
        project,
        kind,
        number,
        title,
        dated,
        due,
        amount,
        reference,
        recipients,
        read,
        drop,
        pdf,
    };
    faults.extend(publication.contradictions());
    Ok(Some(publication))
}

/// A PDF as it was sent, with what an e-invoice inside it says.
type Chosen = (String, Vec<u8>, Option<Incoming>);

/// What was chosen, if it can be taken, or why it can't.
async fn looked_into(file: Option<(String, Vec<u8>)>) -> Result<(Option<Chosen>, Option<String>), Problem> {
    let Some((name, bytes)) = file else { return Ok((None, None)) };
    if let Err(fault) = check_pdf(&bytes) {
        return Ok((None, Some(fault.to_string())));
    }
    // Unpacking takes its time and may be a stranger's work.
    let looked = tokio::task::spawn_blocking(move || (of_pdf(&bytes), bytes)).await;
    let (read, bytes) = looked.map_err(|_| Problem::Bad("This PDF can’t be looked into. Choose another."))?;
    Ok(match read {
        Ok(read) => (Some((name, bytes, read)), None),
        Err(sentence) => (None, Some(sentence)),
    })
}

fn amount(typed: &str, currency: Currency) -> Result<Money, FieldFault> {
    let amount = Money::parse("amount", typed, currency)?;
    if amount.minor > 0 { Ok(amount) } else { Err(FieldFault::new("amount", "Enter an amount above zero.")) }
}

fn kind(desk: &Desk, r: &ReadTx, form: &Form, currency: Currency) -> Result<Result<Kind, FieldFault>, Problem> {
    if form.fields.get("kind") != "credit" {
        return Ok(Ok(Kind::Invoice));
    }
    let unknown = || FieldFault::new("of", "There is no invoice of this client with that number.");
    let Ok(number) = form.fields.get("of").parse::<DocumentNumber>() else { return Ok(Err(unknown())) };
    let found = r.invoice_numbered(&number)?.map(|id| r.invoice(id)).transpose()?.flatten();
    let client = form.client.chosen.as_ref().map(|c| c.id);
    let found = found.filter(|i| i.is_invoice() && desk.scope.sees(i.client) && Some(i.client) == client);
    Ok(match found {
        None => Err(unknown()),
        Some(i) if i.currency != currency => Err(FieldFault::new("currency", Refusal::OtherCurrency.to_string())),
        Some(i) => Ok(Kind::CreditNote(i.id)),
    })
}

fn draw(desk: &Desk, form: &Form, kept: Option<(&str, &Upload)>) -> Markup {
    let about = "For documents that your accounting system made: the PDF is published as it is, byte for byte.";
    let body = html! {
        (parts::back("/desk/invoices", "Invoices"))
        (parts::head(TITLE, about, ""))
        (parts::error_summary(&form.errors))
        form.desk-edit action="/desk/publish" method="post" enctype="multipart/form-data" {
            // Enter in a field presses the first button of a form: this one, which changes nothing.
            button.vh name="do" value="recalc" tabindex="-1" aria-hidden="true" { "Check again" }
            (csrf_input(&desk.csrf))
            div.rail {
                div { (the_file(desk, form, kept)) (form.draw_head()) }
                aside aria-label="Sending" { (who(form)) }
            }
            (parts::dock(parts::submit_as(Look::Primary, "do", "check", "Check before publishing")))
        }
    };
    desk.page(DeskNav::Invoices, &parts::titled(TITLE, &form.errors), body)
}

fn the_file(desk: &Desk, form: &Form, kept: Option<(&str, &Upload)>) -> Markup {
    let (typed, errors) = (&form.fields, form.errors.as_slice());
    let field = |name: &'static str, label: &'static str| Field::new(name, label).value(typed.get(name)).errors(errors);
    let kinds = [Choice::new("invoice", "Invoice"), Choice::new("credit", "Credit note")];
    let limit = format!("At most {} MiB.", desk.app.settings.upload_max >> 20);
    let body = html! {
        @if let Some((token, upload)) = kept {
            (hidden("kept", token))
            @if !typed.get("drop").is_empty() { (hidden("drop", typed.get("drop"))) }
            (parts::note(Tone::Ok, Icon::File, format!("{} is kept", upload.name),
                format!("({}); choose another only to replace it.", desk.locale().bytes(upload.bytes.len() as u64))))
        }
        @if let Some(read) = kept.and_then(|x| x.1.read.as_deref()) {
            (publish_read::note(desk, read))
        }
        (parts::file(&Field::new("file", "PDF").hint(&limit).errors(errors), ".pdf,application/pdf"))
        div.grid4 {
            (parts::select(&field("kind", "What it is"), &kinds))
            (parts::input(&field("of", "Invoice that it credits").hint("For a credit note."), Input::Text))
            (parts::input(&field("number", "Number").hint("As printed on it."), Input::Text))
            (parts::money(&field("amount", "Amount due").hint("With VAT, as printed on it."), form.currency(desk).code()))
        }
    };
    let what = kept.and_then(|x| x.1.read.as_deref()).map(|read| publish_read::section(desk, read));
    html! { (parts::section("the-file", "The document", "", body)) @if let Some(what) = what { (what) } }
}
