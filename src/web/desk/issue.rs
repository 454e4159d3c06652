//! Before an invoice goes out: the document as it will be, its number, who will see it, which letters go; then issuing
//! it, or throwing the draft away.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use maud::{Markup, html};

use super::credit_terms::{self, OVER};
use super::form::{Id, refusal_in};
use super::invoice_form::{draft, to_page};
use crate::actions::credit_terms::Beyond;
use crate::actions::reminders::Rules;
use crate::actions::{invoices, late_notes, letters};
use crate::documents;
use crate::domain::ids::InvoiceId;
use crate::domain::invoice::Invoice;
use crate::domain::money::Money;
use crate::domain::person::Contact;
use crate::domain::policy::moved_words;
use crate::domain::refusal::{FieldFault, Refusal};
use crate::domain::reminder;
use crate::domain::rules;
use crate::domain::sentence::step_words;
use crate::store::prelude::*;
use crate::web::download;
use crate::web::forms::{Posted, errors_from};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, FieldError, Icon, Look, Tone, csrf_input};
use crate::web::problem::Problem;

/// The field that says which state of the draft was looked at.
pub(super) const SEEN: &str = "seen";

/// `GET /desk/invoices/{id}/preview`
pub async fn preview(DeskWork(desk): DeskWork, Id(id): Id<InvoiceId>) -> Result<Response, Problem> {
    show(&desk, id, None)
}

/// `GET /desk/invoices/{id}/preview.pdf`
pub async fn preview_pdf(DeskWork(desk): DeskWork, Id(id): Id<InvoiceId>) -> Result<Response, Problem> {
    let bytes = desk.read(|r| {
        draft(&desk, r, id)?.ok_or(Problem::NotFound)?;
        Ok(invoices::preview(&desk.app, r, &desk.scope, id)?)
    })?;
    Ok(download::pdf("Draft.pdf", bytes))
}

/// `POST /desk/invoices/{id}/issue`
pub async fn issue(
    DeskWork(desk): DeskWork,
    Id(id): Id<InvoiceId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    // What was previewed is issued, or nothing: the button names an amount.
    let Ok(seen) = fields.get(SEEN).parse::<Timestamp>() else {
        return show(&desk, id, Some(&Refusal::DraftChanged));
    };
    let beyond = if fields.has(OVER) { Beyond::Acknowledged } else { Beyond::Refused };
    let issued = invoices::issue_seen(&desk.app, desk.by(), &desk.scope, id, seen, beyond).await;
    // Its letters are queued; the scheduler looks at once.
    desk.app.wake.notify_one();
    match issued.map_err(refusal_in) {
        // Pressed twice: it went out the first time.
        Ok(_) | Err(Ok(Refusal::NotADraft)) => Ok(to_page(id)),
        Err(refusal) => show(&desk, id, Some(&refusal?)),
    }
}

/// `GET /desk/invoices/{id}/discard`
pub async fn ask_discard(DeskWork(desk): DeskWork, Id(id): Id<InvoiceId>) -> Result<Response, Problem> {
    let Some(draft) = desk.read(|r| draft(&desk, r, id))? else { return Ok(to_page(id)) };
    let edit = format!("/desk/invoices/{id}/edit");
    let amount = desk.locale().money(draft.payable());
    let body = html! {
        (parts::back(&edit, "The draft"))
        (parts::head("Discard this draft?", format!("{} {amount}. It was never issued, so no number is lost.", draft.title), ""))
        form method="post" action={ "/desk/invoices/" (id) "/discard" } {
            (csrf_input(&desk.csrf))
            p.row { (parts::submit(Look::Danger, "Discard the draft")) (parts::link(Look::Plain, &edit, "Keep it")) }
        }
    };
    Ok(desk.page(DeskNav::Invoices, "Discard this draft?", body).into_response())
}

/// `POST /desk/invoices/{id}/discard`
pub async fn discard(DeskWork(desk): DeskWork, Id(id): Id<InvoiceId>, _: Posted) -> Result<Response, Problem> {
    if desk.read(|r| draft(&desk, r, id))?.is_none() {
        return Ok(to_page(id));
    }
    desk.act(move |w, scope| invoices::discard(w, scope, id)).await?;
    Ok(Redirect::to("/desk/invoices?state=draft").into_response())
}

fn show(desk: &Desk, id: InvoiceId, refusal: Option<&Refusal>) -> Result<Response, Problem> {
    desk.read(|r| {
        let Some(draft) = draft(desk, r, id)? else { return Ok(to_page(id)) };
        let (page, fit) = page(desk, r, &draft, refusal)?;
        let status = if fit && refusal.is_none() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        Ok((status, page).into_response())
    })
}

fn page(desk: &Desk, r: &ReadTx, draft: &Invoice, refusal: Option<&Refusal>) -> Result<(Markup, bool), Problem> {
    // Beyond the credit limit it can be issued all the same, by whoever says so.
    let missed = matches!(refusal, Some(Refusal::OverLimit(..)));
    let (over, held) = credit_terms::before_issue(r, draft)?;
    let mut errors = faults(desk, r, draft, refusal.filter(|_| !missed))?;
    errors.extend(held.into_iter().filter(|_| !matches!(refusal, Some(Refusal::CreditHeld(_)))));
    let edit = format!("/desk/invoices/{}/edit", draft.id);
    let fit = errors.is_empty();
    let number = invoices::next_number(r, &desk.firm, draft).map_err(Problem::from);
    let number = if fit { Some(number?) } else { None };
    let (audience, recipients) = (letters::audience(r, draft)?, letters::recipients(r, draft)?);
    let about = match &number {
        Some(number) => {
            html! { "It will get the number " (parts::nw(number.as_str())) " or later. Nothing has been sent yet." }
        }
        None => html! { "It can’t be issued yet. Nothing has been sent." },
    };
    let lacking = html! { (lacking(desk)) (without_xml(draft)) };
    let body = html! {
        (parts::back(&edit, "Back to edit"))
        (parts::head("Preview", about, html! {
            @if fit { (parts::link_icon(Look::Plain, Icon::Down, &format!("/desk/invoices/{}/preview.pdf", draft.id), "Draft as PDF")) }
        }))
        (problems(&errors, draft))
        (lacking)
        (credit_terms::warning(desk, over.as_ref(), draft.client))
        div.rail.gap-y[!lacking.0.is_empty()] {
            div { div.panel { (document(desk, r, draft)?) } }
            aside aria-label="Sending" {
                (seen_by(&audience, &recipients, draft, r.pdfs_along()?))
                (then(desk, r, draft, &recipients)?)
            }
        }
        (act(desk, draft, fit, &edit, &credit_terms::acknowledge("Issue", over.as_ref(), missed)))
    };
    Ok((desk.page(DeskNav::Invoices, &parts::titled("Preview", &errors), body), fit))
}

/// What stands in the way of issuing.
fn faults(desk: &Desk, r: &ReadTx, draft: &Invoice, refusal: Option<&Refusal>) -> Result<Vec<FieldError>, Problem> {
    let at = if matches!(refusal, Some(Refusal::CreditHeld(_))) { "client.credit" } else { "client" };
    let mut errors = refusal.map_or_else(Vec::new, |x| errors_from(x, at));
    if errors.is_empty() {
        let client = r.client(draft.client)?.ok_or(Problem::NotFound)?;
        let rules = rules::check(draft, draft.totals().as_ref(), &desk.firm.party, &client.party);
        for refusal in [draft.ready().err(), rules.err()] {
            errors.extend(refusal.iter().flat_map(|refusal| errors_from(refusal, "client")));
        }
        match late_notes::check(r, draft) {
            Ok(()) => {}
            Err(error) => errors.extend(errors_from(&refusal_in(error)?, "lines")),
        }
        if letters::audience(r, draft)?.is_empty() {
            let fault = FieldFault::new("client", Refusal::NobodyToSee.to_string());
            errors.push(FieldError::new(&fault.field, &fault.message));
        }
    }
    Ok(errors)
}

/// As `parts::error_summary`, with links to the fields of the pages where each is mended.
fn problems(errors: &[FieldError], draft: &Invoice) -> Markup {
    html! {
        @if !errors.is_empty() {
            div.errs role="alert" tabindex="-1" id="errs" {
                h2 { "Before this can be issued" }
                ul { @for error in errors { li { a href=(mended_at(&error.key, draft)) { (error.message) } } } }
            }
        }
    }
}

/// Where a field stands: on the firm's settings, the client's form, or the draft's own.
fn mended_at(key: &str, draft: &Invoice) -> String {
    let (page, field) = match key.split_once('.') {
        Some(("settings", field)) => ("/desk/settings".to_owned(), field),
        Some(("client", "credit")) => return format!("/desk/clients/{}/credit", draft.client),
        Some(("client", field)) => (format!("/desk/clients/{}/edit", draft.client), field),
        _ => (format!("/desk/invoices/{}/edit", draft.id), key),
    };
    format!("{page}#{}", parts::field_id(field))
}

/// What the firm's settings lack of what a document shows: once issued, it keeps what it was issued with.
fn lacking(desk: &Desk) -> Markup {
    let firm = &desk.firm;
    let all = [(firm.party.lines().is_empty(), "postal address"), (firm.bank.iban.is_empty(), "bank details")];
    let lacks: Vec<&str> = all.iter().filter(|x| x.0).map(|x| x.1).collect();
    let what = format!("{}. Once issued, a document can’t be changed. ", lacks.join(", "));
    let settings = html! { (what) a href="/desk/settings" { "Settings" } };
    html! { @if !lacks.is_empty() { (parts::note(Tone::Warn, Icon::Alert, "The firm’s settings still lack:", settings)) } }
}

/// Amounts in thousandths, which EN 16931 does not know.
fn without_xml(draft: &Invoice) -> Markup {
    let fits = draft.totals().is_none_or(|totals| rules::fits_xml(&totals));
    let why = "EN 16931 knows two decimals (BR-DEC-23); make the last digit of each amount a zero to have XML too.";
    html! { @if !fits { (parts::note(Tone::Warn, Icon::Alert, "This goes out as PDF, HTML and CSV only.", why)) } }
}

fn document(desk: &Desk, r: &ReadTx, draft: &Invoice) -> Result<Markup, Problem> {
    let Some(client) = r.client(draft.client)? else { return Err(Problem::NotFound) };
    Ok(match draft.totals() {
        Some(totals) => {
            let parties = (&desk.firm.party, &client.party);
            let firm = desk.firm.speaking(client.language);
            documents::html(&invoices::sheet(r, &firm, parties, draft, None, &totals)?)
        }
        None => html! { p.mut { "The document can be shown once its amounts are within the limits." } },
    })
}

/// Everybody who will see the document, and who of them gets its letter.
fn seen_by(audience: &[Contact], recipients: &[Contact], draft: &Invoice, along: bool) -> Markup {
    let row = |c: &Contact| {
        let letter = recipients.iter().any(|x| x.id == c.id);
        let end = if letter {
            parts::tag(Tone::Info, "Gets the letter")
        } else {
            html! {}
        };
        (html! { b { (c.name) } }, html! { (c.email) }, end)
    };
    let rows: Vec<_> = audience.iter().map(row).collect();
    let body = html! {
        @if rows.is_empty() {
            p { "Nobody. " a href={ "/desk/clients/" (draft.client) } { "Add a contact who may see billing documents" } "." }
        } @else { (parts::rows(&rows)) }
        @if !rows.is_empty() && recipients.is_empty() {
            p.small { "Nobody gets a letter; they will find the invoice when they sign in." }
        }
        @if along && !recipients.is_empty() { p.small { "The PDF goes along with the letter." } }
    };
    parts::section("seen-by", "Who will see this", "", body)
}

/// The letters that will go, and when: by the rules that the scheduler follows, told in the firm's days.
fn then(desk: &Desk, r: &ReadTx, draft: &Invoice, recipients: &[Contact]) -> Result<Markup, StoreError> {
    let (locale, zone, today, now) = (desk.locale(), desk.zone(), desk.today(), desk.app.now());
    let to = recipients.iter().map(|c| c.first_name().to_owned()).collect::<Vec<_>>().join(" and ");
    // Of instalments the first is what letters speak of, until it is settled.
    let first = draft.terms.parts(draft.payable().minor, draft.due).into_iter().next();
    let (due, asked) = first.map_or((draft.due, draft.payable().minor), |x| (x.due, x.amount));
    let asked = Money::new(asked, draft.currency);
    let mut items = Vec::new();
    if !to.is_empty() {
        items.push(("Now".to_owned(), html! { "“Invoice …: " (locale.money(asked)) "”" }, html! { "To " (to) }));
        let Rules { policy, zone: theirs, .. } = Rules::now(r, zone)?.of(r, draft, due)?;
        for step in reminder::plan(due, &policy, &theirs) {
            let day = locale.date_short(zone.to_datetime(step.at).date(), today);
            let past = step.nominal.min(step.at) < now;
            let moved = policy.moved(due, step.step).map(|moved| moved_words(locale, today, &moved));
            let about = html! {
                (step_words(step.step))
                @if past { ": not sent, it would fall before the invoice is out" }
                @else if let Some(moved) = moved { ", " (moved) }
            };
            items.push((day, html! { "Reminder" }, about));
        }
    }
    let body = html! {
        @if items.is_empty() { p.mut { "No letters go, because nobody gets them." } } @else { (parts::agenda(&items)) }
        p.small.mut { "Reminders stop by themselves once nothing is open." }
    };
    Ok(parts::section("then", "Letters", "", body))
}

fn act(desk: &Desk, draft: &Invoice, fit: bool, edit: &str, acknowledge: &Markup) -> Markup {
    html! {
        form method="post" action={ "/desk/invoices/" (draft.id) "/issue" } {
            (csrf_input(&desk.csrf))
            input type="hidden" name=(SEEN) value=(draft.changed);
            @if fit { (acknowledge) }
            (parts::dock(html! {
                @if fit {
                    (parts::submit(Look::Primary, format!("Issue and send {}", desk.locale().money(draft.payable()))))
                }
                (parts::link(Look::Plain, edit, "Back to edit"))
                (parts::link(Look::Danger, &format!("/desk/invoices/{}/discard", draft.id), "Discard draft"))
            }))
        }
    }
}
