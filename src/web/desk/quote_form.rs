//! Writing a quote or a new version of one: the form, the preview, and sending it. What is written is kept only once it
//! is sent; until then its form carries it from page to page.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::document_form::{self, Form, Head, Paper};
use super::form::{Id, errors_in};
use super::invoice_adjustments::Adjustments;
use super::invoice_more::{self as more, Circumstances};
use super::links;
use crate::actions::invoices::logo;
use crate::actions::quotes::{self, Following, NewQuote};
use crate::actions::recurring;
use crate::documents::Look as Looks;
use crate::documents::quote::{Offer, quote_sheet};
use crate::domain::ids::{QuoteId, RecurringId};
use crate::domain::quote::{Quote, check, replaceable};
use crate::domain::refusal::{Faults, FieldFault, Refusal};
use crate::domain::tax::{Totals, totals};
use crate::domain::terms::Terms;
use crate::domain::text;
use crate::store::prelude::*;
use crate::web::forms::{Fields, PostedLong, Query};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, CSRF_FIELD, Field, Input, Look, csrf_input, hidden};
use crate::web::problem::Problem;

const ACTION: &str = "/desk/quotes/new";
/// The hidden fields of a quote that waits: its template and period.
const RECURRING: &str = "recurring";
const PERIOD: &str = "period";
/// The hidden field of the version that a new one follows.
const AFTER: &str = "after";

/// `GET /desk/quotes/new?client=`, or `?recurring=&period=` for one that waits to be looked through.
pub async fn new(DeskWork(desk): DeskWork, Query(query): Query) -> Result<Markup, Problem> {
    if let Ok(id) = query.get(RECURRING).parse() {
        return waiting(&desk, id, query.get(PERIOD));
    }
    let mut pairs = document_form::blank(&desk, query.get("client"));
    pairs.push(("terms".to_owned(), desk.firm.quote_terms.clone()));
    desk.read(|r| {
        let mut form = Form::load(&desk, r, Fields::of(pairs), Paper::Quote)?;
        form.follow_terms(&desk);
        Ok(draw(&desk, &form, None))
    })
}

/// The form of a quote that its recurring template wrote.
fn waiting(desk: &Desk, id: RecurringId, key: &str) -> Result<Markup, Problem> {
    desk.read(|r| {
        let new = recurring::waiting(r, &desk.scope, (id, key), desk.today())?.ok_or(Problem::NotFound)?;
        let head = Head {
            client: new.client,
            project: new.project,
            title: new.title,
            currency: new.currency,
            issued: new.issued,
            until: new.valid_until,
            reference: String::new(),
            note: new.note,
            content: new.content,
            options: Vec::new(),
            terms: Terms::default(),
            circumstances: Circumstances::default(),
        };
        let mut fields = Fields::of(document_form::kept(desk, Paper::Quote, &head));
        let mut pairs = Adjustments::pairs_of(&head.content.adjustments, head.currency);
        pairs.extend(more::vat_pairs(&head.content));
        let own = [
            ("terms", desk.firm.quote_terms.clone()),
            (RECURRING, id.to_string()),
            (PERIOD, key.to_owned()),
            ("once", document_form::draw_once(desk)),
        ];
        pairs.extend(own.map(|(name, value)| (name.to_owned(), value)));
        pairs.into_iter().for_each(|(name, value)| fields.set(&name, value));
        let mut form = Form::load(desk, r, fields, Paper::Quote)?;
        form.follow_terms(desk);
        Ok(draw(desk, &form, None))
    })
}

/// Which waiting quote a form is about.
fn fills(fields: &Fields) -> Option<(RecurringId, String)> {
    Some((fields.get(RECURRING).parse().ok()?, fields.get(PERIOD).to_owned()))
}

/// Leaving it out, beside the form of a quote that waits.
fn draw_leave_out(desk: &Desk, form: &Form) -> Markup {
    html! {
        @if let Some((id, key)) = fills(&form.fields) {
            form.gap-y method="post" action={ "/desk/recurring/" (id) "/leave-out" } {
                (csrf_input(&desk.csrf))
                (hidden(PERIOD, &key))
                p.mut { "Its recurring template wrote this quote for " (key) ". It is not sent before you do." }
                (parts::submit(Look::Plain, "Leave it out"))
            }
        }
    }
}

/// `POST /desk/quotes/new`
pub async fn create(DeskWork(desk): DeskWork, PostedLong(fields): PostedLong) -> Result<Response, Problem> {
    submit(&desk, None, fields).await
}

/// `GET /desk/quotes/{id}/new`: a new version.
pub async fn new_version(DeskWork(desk): DeskWork, Id(id): Id<QuoteId>) -> Result<Response, Problem> {
    desk.read(|r| {
        let quote = quote_of(&desk, r, id)?;
        // What can't have a new version says so on its page.
        if replaceable(&quote, quote.latest()).is_err() {
            return Ok(Redirect::to(&links::quote(id)).into_response());
        }
        let mut form = Form::load(&desk, r, fields_of(&desk, &quote), Paper::Quote)?;
        form.follow_terms(&desk);
        Ok(draw(&desk, &form, Some(&quote)).into_response())
    })
}

/// `POST /desk/quotes/{id}/new`
pub async fn create_version(
    DeskWork(desk): DeskWork,
    Id(id): Id<QuoteId>,
    PostedLong(fields): PostedLong,
) -> Result<Response, Problem> {
    let quote = desk.read(|r| quote_of(&desk, r, id))?;
    submit(&desk, Some(&quote), fields).await
}

fn quote_of(desk: &Desk, r: &ReadTx, id: QuoteId) -> Result<Quote, Problem> {
    r.quote(id)?.filter(|q| desk.scope.sees(q.client)).ok_or(Problem::NotFound)
}

/// The form of a new version: as the last one was, dated today.
fn fields_of(desk: &Desk, quote: &Quote) -> Fields {
    let offer = &quote.current;
    let head = Head {
        client: quote.client,
        project: quote.project,
        title: offer.title.clone(),
        currency: offer.currency(),
        issued: desk.today(),
        until: offer.valid_until,
        reference: String::new(),
        note: offer.note.clone(),
        content: offer.content.clone(),
        options: offer.options.clone(),
        terms: Terms::default(),
        circumstances: Circumstances::default(),
    };
    let mut fields = Fields::of(document_form::kept(desk, Paper::Quote, &head));
    if offer.valid_until < desk.today() {
        fields.set("valid_until", "");
    }
    let mut pairs = Adjustments::pairs_of(&offer.content.adjustments, offer.currency());
    pairs.extend(more::vat_pairs(&offer.content));
    pairs.extend(
        [
            ("delivery", offer.delivery.clone()),
            ("terms", offer.terms.clone()),
            (AFTER, quote.latest().to_string()),
            ("once", document_form::draw_once(desk)),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    pairs.into_iter().for_each(|(name, value)| fields.set(&name, value));
    fields
}

/// What a quote says beyond what invoices say.
struct Particulars {
    delivery: String,
    terms: String,
    news: String,
}

impl Particulars {
    fn read(fields: &Fields, version: bool, faults: &mut Faults) -> Self {
        let missing = "Say what is new; the client reads it in the letter.";
        let news = text::paragraph("news", fields.get("news"));
        let news = news.and_then(|x| if x.is_empty() { Err(FieldFault::new("news", missing)) } else { Ok(x) });
        Self {
            delivery: faults.take(text::line("delivery", fields.get("delivery"), text::LINE_MAX)),
            terms: faults.take(text::paragraph("terms", fields.get("terms"))),
            news: if version { faults.take(news) } else { String::new() },
        }
    }
}

async fn submit(desk: &Desk, of: Option<&Quote>, fields: Fields) -> Result<Response, Problem> {
    let send = fields.get("do") == "send";
    let mut form = desk.read(|r| Form::load(desk, r, fields, Paper::Quote))?;
    if form.edit(desk) {
        return Ok(draw(desk, &form, of).into_response());
    }
    let mut faults = Faults::default();
    let head = form.read(desk, &mut faults);
    let particulars = Particulars::read(&form.fields, of.is_some(), &mut faults);
    let sums = head.as_ref().and_then(|head| fit(&form, head, of, &mut faults));
    if form.refuse(faults) {
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, draw(desk, &form, of)).into_response());
    }
    // Without a fault there is a head with totals.
    let (Some(head), Some(sums)) = (head, sums) else { return Err(Problem::Refused(Refusal::TryAgain)) };
    if !send {
        return Ok(desk.read(|r| preview(desk, r, &form, of, (&head, &particulars), &sums))?.into_response());
    }
    match deliver(desk, of, &form.fields, head, particulars).await {
        Ok(id) => {
            desk.app.wake.notify_one();
            Ok(Redirect::to(&links::quote(id)).into_response())
        }
        // Pressed twice, sent once.
        Err(ActError::Refused(Refusal::Repeated(id))) => Ok(Redirect::to(&links::quote(QuoteId(id))).into_response()),
        Err(error) => {
            form.errors = errors_in(error, "client")?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, draw(desk, &form, of)).into_response())
        }
    }
}

async fn deliver(
    desk: &Desk,
    of: Option<&Quote>,
    fields: &Fields,
    head: Head,
    particulars: Particulars,
) -> Result<QuoteId, ActError> {
    let Head { client, project, title, currency, issued, until: valid_until, note, content, options, .. } = head;
    let Particulars { delivery, terms, news } = particulars;
    let once = document_form::once(fields);
    let new = NewQuote {
        client,
        project,
        title,
        currency,
        issued,
        valid_until,
        content,
        options,
        delivery,
        note,
        terms,
        once,
        fills: fills(fields).filter(|_| of.is_none()),
    };
    let (app, by, scope) = (&desk.app, desk.by(), &desk.scope);
    let number = match of {
        None => quotes::send(app, by, scope, new).await?,
        Some(quote) => {
            let after = fields.get(AFTER).parse().unwrap_or(0);
            quotes::send_version(app, by, scope, new, Following { quote: quote.id, after, news }).await?
        }
    };
    let sent = app.store.read(|r| r.quote_numbered(&number))?;
    sent.map(|x| x.id).ok_or_else(|| Refusal::NotFound.into())
}

/// What a quote needs beyond what can be read: lines, a sum within the limits, somebody who sees it.
fn fit(form: &Form, head: &Head, of: Option<&Quote>, faults: &mut Faults) -> Option<Totals> {
    if form.contacts.is_empty() {
        faults.add("client", Refusal::NobodyToSee.to_string());
    }
    if of.is_some_and(|quote| quote.client != head.client) {
        faults.add("client", "A new version is for the same client. Write a new quote for another one.");
    }
    check(faults, &head.content, &head.options, head.currency, (head.issued, head.until))
}

/// Where the form goes, where it comes from, and its title.
fn place(of: Option<&Quote>) -> (String, String, String) {
    match of {
        None => (ACTION.to_owned(), "/desk/quotes".to_owned(), "New quote".to_owned()),
        Some(quote) => {
            let page = links::quote(quote.id);
            let title = format!("Version {} of quote {}", quote.latest().saturating_add(1), quote.number);
            (format!("{page}/new"), page, title)
        }
    }
}

fn draw(desk: &Desk, form: &Form, of: Option<&Quote>) -> Markup {
    let (action, back, title) = place(of);
    let about = match of {
        None => "It gets its number when you send it. Until then it is not kept: preview and send it in one go.",
        Some(_) => {
            "It takes the place of the version before, which stays readable and can’t be accepted any more. It is kept \
             once you send it."
        }
    };
    let body = html! {
        (parts::back(&back, if of.is_some() { "The quote" } else { "Quotes" }))
        (parts::head(&title, about, ""))
        (parts::error_summary(&form.errors))
        form.desk-edit action=(action) method="post" {
            // Enter in a field presses the first button of a form: this one, which changes nothing.
            button.vh name="do" value="recalc" tabindex="-1" aria-hidden="true" { "Recalculate" }
            (csrf_input(&desk.csrf))
            (form.draw_head())
            @if let Some((id, key)) = fills(&form.fields) {
                (hidden(RECURRING, &id.to_string()))
                (hidden(PERIOD, &key))
            }
            @if of.is_some() { (hidden(AFTER, form.fields.get(AFTER))) (draw_news(form)) }
            (form.draw_lines(desk))
            (draw_agreed(form))
            (form.draw_more(desk))
            (super::invoice_lines::buttons(&[("preview", "Preview and send"), ("recalc", "Recalculate")]))
        }
        (draw_leave_out(desk, form))
    };
    desk.page(DeskNav::Quotes, &parts::titled(&title, &form.errors), body)
}

fn draw_news(form: &Form) -> Markup {
    let news = Field::new("news", "What is new").value(form.fields.get("news")).errors(&form.errors);
    let news = news.hint("The client reads it in the letter and beside the quote.");
    parts::section("new", "What is new", "", parts::textarea(&news, 2))
}

/// Delivery, and what whoever accepts agrees to.
fn draw_agreed(form: &Form) -> Markup {
    let field = |name: &'static str, label: &'static str| {
        Field::new(name, label).value(form.fields.get(name)).errors(&form.errors)
    };
    let delivery = field("delivery", "Delivery").optional().hint("Like: three weeks after you accept.");
    let terms = field("terms", "Terms").optional();
    let terms =
        terms.hint("Printed at the end, and shown to the client before they accept. Settings hold the usual ones.");
    let body = html! { (parts::input(&delivery, Input::Text)) (parts::textarea(&terms, 5)) };
    parts::section("agreed", "Delivery and terms", "", body)
}

fn preview(
    desk: &Desk,
    r: &ReadTx,
    form: &Form,
    of: Option<&Quote>,
    (head, particulars): (&Head, &Particulars),
    sums: &Totals,
) -> Result<Markup, Problem> {
    let Some(client) = &form.client.chosen else { return Err(Problem::NotFound) };
    let project = head.project.map(|id| r.project(id)).transpose()?.flatten().map(|p| p.name);
    let firm = desk.firm.speaking(client.language);
    let looks = Looks { firm: &firm, logo: logo(r, &desk.firm)? };
    let with_all = if head.options.is_empty() { None } else { totals(&head.content, head.currency) };
    let offer = Offer {
        number: None,
        version: of.map_or(1, |quote| quote.latest().saturating_add(1)),
        title: &head.title,
        issued: head.issued,
        valid_until: head.until,
        content: &head.content,
        options: &head.options,
        totals: sums,
        with_all,
        delivery: &particulars.delivery,
        note: &head.note,
        terms: &particulars.terms,
        project: project.as_deref(),
    };
    let sheet = quote_sheet(&looks, &desk.firm.party, &client.party, &offer);
    let people: Vec<_> =
        form.contacts.iter().map(|c| (html! { b { (c.name) } }, html! { (c.email) }, html! {})).collect();
    let amount = desk.locale().money(sums.payable());
    let seen_by = html! {
        (parts::rows(&people))
        p.small.mut { "They get a letter with its number, and find it when they sign in." }
        @if !particulars.news.is_empty() { p.small { b { "What is new, in the letter: " } (particulars.news) } }
    };
    let (action, _, title) = place(of);
    let body = html! {
        (parts::head("Preview", format!("{title}. Nothing has been sent yet."), ""))
        form method="post" action=(action) {
            (csrf_input(&desk.csrf))
            @for (name, value) in form.fields.pairs().filter(|x| x.0 != CSRF_FIELD && x.0 != "do") { (hidden(name, value)) }
            div.rail {
                div { div.panel { (crate::documents::html(&sheet)) } }
                aside aria-label="Who will see this" { (parts::section("seen-by", "Who will see this", "", seen_by)) }
            }
            (parts::dock(html! {
                (parts::submit_as(Look::Primary, "do", "send", format!("Send the quote for {amount}")))
                (parts::submit_as(Look::Plain, "do", "edit", "Back to edit"))
            }))
        }
    };
    Ok(desk.page(DeskNav::Quotes, "Preview of the quote", body))
}
