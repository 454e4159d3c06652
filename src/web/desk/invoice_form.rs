//! Writing an invoice: the draft's form, who gets its letter, what will happen by itself, and saving it.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use maud::{Markup, html};

use super::document_form::{self, Form, Head, Paper};
use super::form::{Id, errors_in};
use super::invoice_adjustments::Adjustments;
use super::invoice_more::{self as more, Circumstances};
use super::invoice_terms::{Instalments, step_code};
use super::invoice_typed::amount_words;
use super::issue::SEEN;
use super::{late_note_form, links};
use crate::actions::invoices::{self, Draft};
use crate::actions::once;
use crate::actions::reminders::Rules;
use crate::domain::ids::{ClientId, ContactId, InvoiceId};
use crate::domain::invoice::{Body, Invoice};
use crate::domain::refusal::{Faults, Refusal};
use crate::domain::reminder;
use crate::domain::sentence::step_words;
use crate::domain::tax::Content;
use crate::store::prelude::*;
use crate::web::forms::{self, Fields, PostedLong, Query};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Icon, Look, Tone};
use crate::web::problem::Problem;

/// `GET /desk/invoices/new?client=`
pub async fn new(DeskWork(desk): DeskWork, Query(query): Query) -> Result<Markup, Problem> {
    let pairs = document_form::blank(&desk, query.get("client"));
    desk.read(|r| {
        let mut form = Form::load(&desk, r, Fields::of(pairs), Paper::Invoice)?;
        form.follow_terms(&desk);
        draw(&desk, r, None, &form)
    })
}

/// `POST /desk/invoices/new`
pub async fn create(DeskWork(desk): DeskWork, PostedLong(fields): PostedLong) -> Result<Response, Problem> {
    submit(&desk, None, fields).await
}

/// `GET /desk/invoices/{id}/edit`
pub async fn edit(DeskWork(desk): DeskWork, Id(id): Id<InvoiceId>) -> Result<Response, Problem> {
    desk.read(|r| {
        let Some(draft) = draft(&desk, r, id)? else { return Ok(to_page(id)) };
        let mut form = Form::load(&desk, r, fields_of(&desk, &draft), Paper::Invoice)?;
        if draft.recipients.is_empty() {
            let usual: Vec<_> = form.contacts.iter().filter(|c| c.rights.letters).map(|c| c.id).collect();
            form.tick(&usual);
        }
        Ok(draw(&desk, r, Some(&draft), &form)?.into_response())
    })
}

/// `POST /desk/invoices/{id}/edit`
pub async fn save(
    DeskWork(desk): DeskWork,
    Id(id): Id<InvoiceId>,
    PostedLong(fields): PostedLong,
) -> Result<Response, Problem> {
    submit(&desk, Some(id), fields).await
}

/// The draft of an invoice within the scope; `None` once it was issued.
///
/// # Errors
/// [`Problem::NotFound`] when there is none, or not for this member of staff.
pub fn draft(desk: &Desk, r: &ReadTx, id: InvoiceId) -> Result<Option<Invoice>, Problem> {
    let found = r.invoice(id)?.filter(|i| desk.scope.sees(i.client)).ok_or(Problem::NotFound)?;
    if found.issue.is_none() && !found.is_invoice() {
        return Err(Problem::NotFound);
    }
    Ok(Some(found).filter(|i| i.issue.is_none()))
}

/// To the page of a document that was issued.
pub fn to_page(id: InvoiceId) -> Response {
    Redirect::to(&format!("/desk/invoices/{id}")).into_response()
}

async fn submit(desk: &Desk, id: Option<InvoiceId>, fields: Fields) -> Result<Response, Problem> {
    let preview = fields.get("do") == "preview";
    let kept = match id {
        Some(id) => desk.read(|r| draft(desk, r, id))?,
        None => None,
    };
    if let Some(id) = id.filter(|_| kept.is_none()) {
        return Ok(to_page(id));
    }
    if let Some(note) = kept.as_ref().filter(|x| x.late.is_some()) {
        return late_note_form::submit(desk, note, &fields).await;
    }
    let mut form = desk.read(|r| Form::load(desk, r, fields, Paper::Invoice))?;
    if form.edit(desk) {
        return again(desk, StatusCode::OK, kept.as_ref(), &form);
    }
    let mut faults = Faults::default();
    let head = form.read(desk, &mut faults);
    let recipients = form.recipients(&mut faults);
    let refused_here = form.refuse(faults);
    let Some(head) = head.filter(|_| !refused_here) else {
        return again(desk, StatusCode::UNPROCESSABLE_ENTITY, kept.as_ref(), &form);
    };
    let draft = draft_of(head, recipients);
    // Without a stamp nothing was looked at, so that nothing matches.
    let seen = form.fields.get(SEEN).parse().unwrap_or(Timestamp::MIN);
    let key = document_form::once(&form.fields).filter(|_| id.is_none());
    let save = move |w: &mut WriteTx<'_>, scope: &_| match &key {
        Some(key) => once::new_draft(w, scope, key, &draft),
        None => match id {
            Some(id) => invoices::save_seen(w, scope, id, seen, &draft),
            None => invoices::save_draft(w, scope, None, &draft),
        },
    };
    match desk.act(save).await {
        Ok(id) if preview => Ok(Redirect::to(&format!("/desk/invoices/{id}/preview")).into_response()),
        Ok(id) => Ok(Redirect::to(&format!("/desk/invoices/{id}/edit")).into_response()),
        Err(error) => {
            form.errors = errors_in(error, "client")?;
            again(desk, StatusCode::UNPROCESSABLE_ENTITY, kept.as_ref(), &form)
        }
    }
}

fn again(desk: &Desk, status: StatusCode, kept: Option<&Invoice>, form: &Form) -> Result<Response, Problem> {
    let page = desk.read(|r| draw(desk, r, kept, form))?;
    Ok((status, page).into_response())
}

fn draft_of(head: Head, recipients: Vec<ContactId>) -> Draft {
    Draft {
        client: head.client,
        project: head.project,
        title: head.title,
        currency: head.currency,
        dated: head.issued,
        due: head.until,
        terms: head.terms,
        reference: head.reference,
        references: head.circumstances.references,
        delivered: head.circumstances.delivered,
        period: head.circumstances.period,
        note: head.note,
        content: head.content,
        recipients,
    }
}

pub(super) fn fields_of(desk: &Desk, draft: &Invoice) -> Fields {
    let content = match &draft.body {
        Body::Composed(content) => content.clone(),
        Body::Published(_) => Content::default(),
    };
    let currency = draft.currency;
    let mut more = more::pairs_of(draft, &content);
    more.extend(Adjustments::pairs_of(&content.adjustments, currency));
    more.extend(Instalments::pairs_of(&draft.terms, currency));
    more.push(("prepaid".to_owned(), amount_words(content.prepaid, currency)));
    more.push(("round_to".to_owned(), step_code(content.round_to).to_owned()));
    let head = Head {
        client: draft.client,
        project: draft.project,
        title: draft.title.clone(),
        currency,
        issued: draft.dated,
        until: draft.due,
        reference: draft.reference.clone(),
        note: draft.note.clone(),
        content,
        options: Vec::new(),
        terms: draft.terms.clone(),
        circumstances: Circumstances::default(),
    };
    let mut pairs = document_form::kept(desk, Paper::Invoice, &head);
    pairs.extend(more);
    pairs.extend(draft.recipients.iter().map(|id| ("to".to_owned(), id.to_string())));
    Fields::of(pairs)
}

/// Which state of the draft the form was made from; after a refusal for that reason, the present one, so that saving
/// again means it.
pub(super) fn stamp(form: &Form, draft: &Invoice) -> String {
    let changed = Refusal::DraftChanged.to_string();
    let told = form.errors.iter().any(|error| error.message == changed);
    match form.fields.get(SEEN) {
        seen if !seen.is_empty() && !told => seen.to_owned(),
        _ => draft.changed.to_string(),
    }
}

fn draw(desk: &Desk, r: &ReadTx, kept: Option<&Invoice>, form: &Form) -> Result<Markup, Problem> {
    if let Some(note) = kept.filter(|x| x.late.is_some()) {
        return late_note_form::page(desk, r, note, form);
    }
    let title = if kept.is_some() { "Draft invoice" } else { "New invoice" };
    let action = kept.map_or("/desk/invoices/new".to_owned(), |i| format!("/desk/invoices/{}/edit", i.id));
    let (zone, today) = (desk.zone(), desk.today());
    let about = match kept {
        Some(draft) => format!(
            "Saved {}. It gets its number when you issue it.",
            desk.locale().instant_short(draft.changed, zone, today)
        ),
        None => "It gets its number when you issue it. Nothing is sent until then.".to_owned(),
    };
    let body = html! {
        (parts::back("/desk/invoices", "Invoices"))
        (parts::head(title, about, ""))
        (parts::error_summary(&form.errors))
        @if let Some(from) = kept.and_then(|i| i.quote.as_ref()) {
            p.sec-m { "A part of the accepted quote " a href=(links::quote(from.quote)) { (parts::nw(from.number.as_str())) } "." }
        }
        form.desk-edit action=(action) method="post" {
            // Enter in a field presses the first button of a form: this one, which changes nothing.
            button.vh name="do" value="recalc" tabindex="-1" aria-hidden="true" { "Recalculate" }
            (parts::csrf_input(&desk.csrf))
            @if let Some(draft) = kept { input type="hidden" name=(SEEN) value=(stamp(form, draft)); }
            div.rail {
                div { (form.draw_head()) (form.draw_lines(desk)) (form.draw_more(desk)) }
                aside aria-label="Sending" { (who(form)) (then(desk, r, form)?) (overdue(desk, r, form)?) }
            }
            (parts::dock(html! {
                (parts::submit_as(Look::Primary, "do", "preview", "Preview and issue"))
                (parts::submit_as(Look::Plain, "do", "save", "Save draft"))
                @if let Some(draft) = kept {
                    (parts::link(Look::Danger, &format!("/desk/invoices/{}/discard", draft.id), "Discard draft"))
                }
            }))
        }
    };
    Ok(desk.page(DeskNav::Invoices, &parts::titled(title, &form.errors), body))
}

/// Who gets the letter, and whoever only sees the document.
pub(super) fn who(form: &Form) -> Markup {
    let wrong = form.errors.iter().find(|e| e.key == "to");
    let body = html! {
        @if let Some(error) = wrong { p.err { span.vh { "Error:" } " " (error.message) } }
        @match &form.client.chosen {
            None => p.mut { "Choose a client first." },
            Some(client) if form.contacts.is_empty() => p {
                "Nobody at this client may see billing documents yet. "
                a href={ "/desk/clients/" (client.id) } { "Add a contact with that right" } " before you issue."
            },
            Some(_) => {
                fieldset id="f-to" tabindex="-1" {
                    legend.vh { "Who gets the letter" }
                    @for contact in &form.contacts {
                        label.pick {
                            input type="checkbox" name="to" value=(contact.id) checked[form.ticked(contact.id)];
                            span { (contact.name) small { (contact.email) } }
                        }
                    }
                }
                p.small.mut { "Everybody named here can see the invoice once it is issued; those ticked also get letters." }
            },
        }
    };
    parts::section("who", "Who gets the letter", "", body)
}

/// What will happen by itself once the invoice is issued.
pub(super) fn then(desk: &Desk, r: &ReadTx, form: &Form) -> Result<Markup, StoreError> {
    let (locale, zone, today) = (desk.locale(), desk.zone(), desk.today());
    let mut items = vec![("Issue".to_owned(), html! { "E-mail with a link to the invoice" }, html! {})];
    // A date outside the calendar that documents may use plans nothing.
    let due = forms::date("due", form.fields.get("due")).ok();
    if let Some(due) = due.filter(|d| crate::domain::invoice::YEARS.contains(&d.year())) {
        let to: Vec<_> = form.contacts.iter().filter(|c| form.ticked(c.id)).cloned().collect();
        let Rules { policy, zone: theirs, .. } = Rules::now(r, zone)?.by_the_clocks_of(&to, due);
        for step in reminder::plan(due, &policy, &theirs).iter().filter(|p| p.at > desk.app.now()) {
            let day = zone.to_datetime(step.at).date();
            items.push((locale.date_short(day, today), html! { "Reminder" }, html! { (step_words(step.step)) }));
        }
    }
    let body = html! { (parts::agenda(&items)) p.small.mut { "Reminders stop by themselves once nothing is open." } };
    Ok(parts::section("then", "Then, by itself", "", body))
}

/// A word of caution where the client owes something that is late already.
fn overdue(desk: &Desk, r: &ReadTx, form: &Form) -> Result<Markup, Problem> {
    let Some(client) = &form.client.chosen else { return Ok(html! {}) };
    let late = overdue_of(r, client.id, desk)?;
    Ok(html! {
        @if !late.is_empty() {
            div.gap-y {
                (parts::note(Tone::Warn, Icon::Alert, format!("{} is overdue.", late.join(" and ")), html! {
                    "Consider a call first. " a href={ "/desk/clients/" (client.id) } { "See " (client.party.name) }
                }))
            }
        }
    })
}

/// What is past due of a client, one amount for each currency.
fn overdue_of(r: &ReadTx, client: ClientId, desk: &Desk) -> Result<Vec<String>, Problem> {
    use crate::domain::money::Money;
    let mut sums: Vec<Money> = Vec::new();
    for (open, currency) in r.open_parts_of(client)?.into_iter().filter(|x| x.0.due < desk.today()) {
        match sums.iter_mut().find(|s| s.currency == currency) {
            Some(sum) => sum.minor = sum.minor.saturating_add(open.open),
            None => sums.push(Money::new(open.open, currency)),
        }
    }
    Ok(sums.into_iter().map(|m| desk.locale().money(m)).collect())
}
