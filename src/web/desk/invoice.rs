//! The page of an issued invoice or credit note: its state, its money, who has seen it, what was sent and what is next.

use axum::response::{IntoResponse, Redirect, Response};
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use super::disputes;
use super::form::{Id, id_of, sent_or_lately};
use super::invoice_evidence::{self as evidence, Told};
use super::invoices::{called, state_words};
use super::late_note;
use super::links;
use super::names::NamesOf;
use super::promises;
use crate::actions::{invoices, letters, visits};
use crate::documents;
use crate::domain::access::Act;
use crate::domain::credit::Credited;
use crate::domain::event::{Actor, Event, LogEntry};
use crate::domain::format::Format;
use crate::domain::ids::{ContactId, InvoiceId};
use crate::domain::invoice::{Body, Invoice, Issue, Kind};
use crate::domain::money::Money;
use crate::domain::payment::{Allocation, Source};
use crate::store::invoices::Row;
use crate::store::prelude::*;
use crate::web::download;
use crate::web::forms::{Posted, Query};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Col, Fig, Icon, Look, Tone};
use crate::web::path::Path;
use crate::web::problem::{Problem, even_if_full};

/// Log entries that the evidence is gathered from.
const LOG_MAX: usize = 500;
/// Within this time another look by the same person is the same look.
const SAME_LOOK: SignedDuration = SignedDuration::from_hours(1);

/// `GET /desk/invoices/{id}`, and its files: `.pdf`, `.xml` (UBL), `.cii.xml`, `.csv`, `.html`
pub async fn page(desk: Desk, Path(id): Path<String>, Query(query): Query) -> Result<Response, Problem> {
    if let (id, Some(format)) = Format::split(&id) {
        return file(&desk, id_of(id)?, format).await;
    }
    let id = id_of::<InvoiceId>(&id)?;
    let (row, log) = desk.read(|r| {
        let row = r.invoice_row(id)?.filter(|row| desk.scope.sees(row.invoice.client)).ok_or(Problem::NotFound)?;
        Ok((row, r.log_of_invoice(id, None, LOG_MAX)?))
    })?;
    let Some(issue) = row.invoice.issue.clone() else { return draft(&desk, &row) };
    if !looked_lately(&desk, &log) {
        even_if_full(desk.act(move |w, scope| visits::staff_previewed(w, scope, id)).await)?;
    }
    let before = query.get("before").parse().ok();
    desk.read(|r| {
        let told = Told::gather(r, &row, &issue, log)?;
        Ok(draw(&desk, r, &row, &issue, &told, before)?.into_response())
    })
}

/// A draft has no page but its form. A credit note's draft lives for a moment only, while it is issued.
fn draft(desk: &Desk, row: &Row) -> Result<Response, Problem> {
    if !row.invoice.is_invoice() || !desk.may(Act::Work) {
        return Err(Problem::NotFound);
    }
    Ok(Redirect::to(&format!("/desk/invoices/{}/edit", row.invoice.id)).into_response())
}

fn looked_lately(desk: &Desk, log: &[LogEntry]) -> bool {
    let since = desk.app.now().saturating_sub(SAME_LOOK).unwrap_or(Timestamp::MIN);
    let mine = |e: &&LogEntry| e.by.actor == Actor::Staff(desk.staff.id);
    let look = |e: &LogEntry| matches!(e.event, Event::StaffPreviewed { .. });
    log.iter().take_while(|e| e.at > since).filter(mine).any(look)
}

async fn file(desk: &Desk, id: InvoiceId, format: Format) -> Result<Response, Problem> {
    let (name, bytes) = desk.read(|r| {
        let invoice = r.invoice(id)?.filter(|i| desk.scope.sees(i.client)).ok_or(Problem::NotFound)?;
        let issue = invoice.issue.as_ref().ok_or(Problem::NotFound)?;
        let bytes = match format {
            Format::Pdf => invoices::pdf_of(&desk.app, r, &invoice)?,
            _ => rendered(desk, r, &invoice, issue, format)?,
        };
        let name = if format == Format::Pdf && issue.is_pdf() {
            issue.pdf.name.clone()
        } else {
            issue.number.file_name(format.ending())
        };
        Ok((name, bytes.ok_or(Problem::NotFound)?))
    })?;
    even_if_full(desk.act(move |w, scope| visits::staff_downloaded(w, scope, id, format)).await)?;
    Ok(download::of(format, &name, bytes))
}

/// The document in a format that is made when it is asked for.
fn rendered(
    desk: &Desk,
    r: &ReadTx,
    invoice: &Invoice,
    issue: &Issue,
    format: Format,
) -> Result<Option<Vec<u8>>, Problem> {
    let firm = issue.letterhead.over(&desk.firm);
    let parties = (&issue.seller, &issue.buyer);
    let sheet = invoices::sheet(r, &firm, parties, invoice, Some(&issue.number), &issue.totals)?;
    let credits = invoices::credited(r, invoice)?;
    let original = invoices::original(r, issue)?;
    Ok(documents::rendition(format, invoice, credits.as_ref(), &sheet, original.as_deref()))
}

/// `POST /desk/invoices/{id}/send`: the issue letter once more, to one contact.
pub async fn send_again(
    DeskWork(desk): DeskWork,
    Id(id): Id<InvoiceId>,
    Posted(fields): Posted,
) -> Result<Redirect, Problem> {
    let contact = id_of::<ContactId>(fields.get("contact"))?;
    let today = desk.today();
    sent_or_lately(desk.act(move |w, scope| letters::send_again(w, scope, id, contact, today)).await)?;
    Ok(Redirect::to(&format!("/desk/invoices/{id}#letters")))
}

fn draw(
    desk: &Desk,
    r: &ReadTx,
    row: &Row,
    issue: &Issue,
    told: &Told,
    before: Option<u64>,
) -> Result<Markup, Problem> {
    let names = NamesOf::among(r, &desk.scope);
    let invoice = &row.invoice;
    let what = match invoice.late {
        _ if !invoice.is_invoice() => "Credit note",
        Some(_) => "Late payment note",
        None => "Invoice",
    };
    let title = format!("{what} {}", called(invoice));
    let about = html! {
        a href={ "/desk/clients/" (invoice.client) } { (names.client(invoice.client)) }
        @if !invoice.title.is_empty() { ". " (invoice.title) }
    };
    let body = html! {
        (parts::back("/desk/invoices", "Invoices"))
        (parts::head(html! { (what) " " (parts::nw(called(invoice))) }, about, actions(desk, r, row)?))
        (banner(desk, row))
        (late_note::today(desk, r, row)?)
        @if invoice.is_invoice() { (parts::figs(&figures(desk, row))) }
        div.rail.sec-m {
            div {
                (evidence::seen(desk, row, told))
                (settled(desk, r, row)?)
                @if let Some(disputes) = disputes::section(desk, r, &names, row)? { (disputes) }
                @if let Some(promises) = promises::section(desk, r, &names, row)? { (promises) }
                (late_note::section(desk, r, row)?)
                (evidence::letters(desk, told))
                (evidence::timeline(desk, r, &names, row, told, before)?)
            }
            aside aria-label="Facts" {
                (facts(desk, r, row, issue)?)
                @if invoice.is_invoice() { (evidence::reminders(desk, r, row, told)?) }
            }
        }
        (document(desk, r, row, issue)?)
    };
    Ok(desk.page(DeskNav::Invoices, &title, body))
}

fn actions(desk: &Desk, r: &ReadTx, row: &Row) -> Result<Markup, Problem> {
    let invoice = &row.invoice;
    let open = row.open().minor > 0;
    let work = desk.may(Act::Work) && invoice.is_invoice();
    let notes = r.credit_notes_for(invoice)?;
    // What was published is credited where it was made; the page says so, once.
    let left = Credited::of(invoice, &notes).map_or(notes.is_empty(), |x| x.is_left());
    let creditable = work && left;
    Ok(html! {
        @if work && open {
            (parts::link_icon(Look::Primary, Icon::Bank,
                &format!("/desk/payments/new?client={}&invoice={}", invoice.client, invoice.id), "Record a payment"))
        }
        (parts::link_icon(Look::Plain, Icon::Down, &format!("/desk/invoices/{}.pdf", invoice.id), "Download PDF"))
        @if work && open { (parts::link(Look::Plain, &format!("/desk/invoices/{}/write-off", invoice.id), "Write off")) }
        @if creditable { (parts::link(Look::Plain, &format!("/desk/invoices/{}/credit", invoice.id), "Credit")) }
    })
}

fn banner(desk: &Desk, row: &Row) -> Markup {
    let (tone, words) = state_words(desk, row);
    let open = row.open();
    let picture = match tone {
        Tone::Ok => Icon::Check,
        Tone::Bad => Icon::Alert,
        Tone::Plain | Tone::Warn | Tone::Info => Icon::Clock,
    };
    let rest = if open.minor > 0 {
        let day = desk.locale().date_weekday(row.due(), desk.today());
        format!("{} is open, due {day}.", desk.locale().money(open))
    } else if row.invoice.is_invoice() {
        "Nothing is open; no further reminders go.".to_owned()
    } else {
        format!("It takes back {}.", desk.locale().money(row.invoice.payable()))
    };
    parts::note(tone, picture, format!("{words}."), rest)
}

fn figures(desk: &Desk, row: &Row) -> Vec<Fig> {
    let money = |minor| desk.locale().money(Money::new(minor, row.invoice.currency));
    let tone = state_words(desk, row).0;
    let mut all = vec![
        Fig::new("Total", money(row.invoice.payable().minor)),
        Fig::new("Received", money(row.settled.received)),
        Fig::new("Credited", money(row.settled.credited)),
    ];
    let mut more = |name: &str, minor: i64| {
        if minor != 0 {
            all.push(Fig::new(name, money(minor)));
        }
    };
    more("Discount taken", row.settled.discounted);
    more("Written off", row.settled.written_off);
    all.push(Fig::new("Open", money(row.open().minor)).tone(if row.open().minor > 0 { tone } else { Tone::Plain }));
    all
}

/// What settles an invoice, or what a credit note settles.
fn settled(desk: &Desk, r: &ReadTx, row: &Row) -> Result<Markup, Problem> {
    let invoice = &row.invoice;
    let (heading, all) = match invoice.kind {
        Kind::Invoice => ("What has settled it", r.allocations_of(invoice.id)?),
        Kind::CreditNote(_) => ("What it has settled", r.allocations_from(Source::Credit(invoice.id))?),
    };
    let rows: Vec<parts::Row> =
        all.iter().map(|a| Ok(allocation(desk, r, row, a)?.into())).collect::<Result<_, Problem>>()?;
    let cols = [Col::short("Date"), Col::text("What"), Col::num("Amount"), Col::text("")];
    let body = html! {
        @if rows.is_empty() { p.mut { "Nothing yet." } } @else { (parts::scroller(heading, &cols, &rows, None)) }
    };
    Ok(parts::section("settled", heading, "", body))
}

fn allocation(desk: &Desk, r: &ReadTx, row: &Row, a: &Allocation) -> Result<Vec<Markup>, Problem> {
    let what = if row.invoice.is_invoice() {
        html! { (source(r, a.source)?) @if !a.reason.is_empty() { small { (a.reason) } } }
    } else {
        let number = r.invoice(a.invoice)?.map_or_else(String::new, |i| called(&i));
        html! { "Invoice " a href={ "/desk/invoices/" (a.invoice) } { (parts::nw(number)) } }
    };
    Ok(vec![
        parts::time(a.on, desk.locale().date_short(a.on, desk.today())),
        what,
        html! { (desk.locale().money(a.amount)) },
        html! {
            @if desk.may(Act::Work) {
                a href={ "/desk/invoices/" (a.invoice) "/allocations/" (a.id) "/undo" } {
                    "Undo" span.vh { " the allocation of " (desk.locale().money(a.amount)) }
                }
            }
        },
    ])
}

/// Where an allocation comes from, with a link.
pub(super) fn source(r: &ReadTx, source: Source) -> Result<Markup, Problem> {
    Ok(match source {
        Source::Receipt(id) => {
            let receipt = r.receipt(id)?;
            let about = receipt.map_or_else(String::new, |x| format!(", {} {}", x.method.words(), x.reference));
            html! { a href={ "/desk/payments/" (id) } { "Payment" } (about.trim_end()) }
        }
        Source::Credit(id) => {
            let number = r.invoice(id)?.map_or_else(String::new, |i| called(&i));
            html! { "Credit note " a href={ "/desk/invoices/" (id) } { (parts::nw(number)) } }
        }
        Source::EarlyPayment(_) => html! { "Discount for early payment" },
        Source::WrittenOff(_) => html! { "Written off" },
    })
}

fn facts(desk: &Desk, r: &ReadTx, row: &Row, issue: &Issue) -> Result<Markup, Problem> {
    let (locale, invoice) = (desk.locale(), &row.invoice);
    let mut facts = vec![("Issued", html! { (locale.date_long(invoice.dated)) })];
    if invoice.is_invoice() {
        facts.push(("Due", html! { (locale.date_long(invoice.due)) }));
    }
    for part in &invoice.terms.instalments {
        let amount = locale.money(Money::new(part.amount, invoice.currency));
        facts.push(("Instalment", html! { (amount) " on " (locale.date_long(part.due)) }));
    }
    if let Some(early) = &invoice.terms.early {
        facts.push((
            "Early payment",
            html! { (locale.percent(early.percent)) " less until " (locale.date_long(early.until)) },
        ));
    }
    if let Kind::CreditNote(of) = invoice.kind {
        let number = r.invoice(of)?.map_or_else(String::new, |i| called(&i));
        facts.push(("Credits", html! { a href={ "/desk/invoices/" (of) } { (parts::nw(number)) } }));
    }
    if let Some(late) = &invoice.late {
        facts.push((
            "For late payment of",
            html! { a href=(links::invoice(late.of)) { (parts::nw(late.number.as_str())) } },
        ));
        facts.push(("Until", html! { (locale.date_long(late.until)) }));
    }
    if let Some(from) = &invoice.quote {
        facts.push(("Quote", html! { a href=(links::quote(from.quote)) { (parts::nw(from.number.as_str())) } }));
    }
    if let Some(project) = invoice.project.map(|id| r.project(id)).transpose()?.flatten() {
        facts.push(("Project", html! { (project.name) }));
    }
    if !invoice.reference.is_empty() {
        facts.push(("Reference", html! { (invoice.reference) }));
    }
    let by = match issue.by {
        Some(id) => r.staff(id)?.map_or_else(|| "Somebody of the firm".to_owned(), |s| s.name),
        None => "The command line".to_owned(),
    };
    facts.push(("By", html! { (by) }));
    facts.push(("PDF", html! { (locale.bytes(issue.pdf.length)) }));
    let others: Vec<Format> = documents::offered(invoice).into_iter().filter(|x| *x != Format::Pdf).collect();
    if !others.is_empty() {
        let links = html! { span.row.small { @for x in &others {
            a href={ "/desk/invoices/" (invoice.id) "." (x.ending()) } { (x.words()) }
        } } };
        facts.push(("Also as", links));
    }
    Ok(parts::section("facts", "Facts", "", parts::facts(&facts)))
}

/// That the bytes that came are the document, whatever a page shows of it.
fn as_it_came(desk: &Desk, row: &Row, issue: &Issue) -> Markup {
    let size = desk.locale().bytes(issue.pdf.length);
    html! {
        @if issue.is_pdf() {
            p {
                "The PDF is the document, byte for byte as it came from the accounting system: "
                a href={ "/desk/invoices/" (row.invoice.id) ".pdf" } { (issue.pdf.name) } ", " (size) "."
            }
        } @else {
            p { "It was imported, from what is kept as " (issue.pdf.name) ", " (size) "; the PDF is a copy made of that." }
        }
        p.small.mut { "SHA-256 " span.mono { (issue.pdf.digest) } }
    }
}

/// The document itself: composed here as the page that the client sees, published as what its PDF is.
fn document(desk: &Desk, r: &ReadTx, row: &Row, issue: &Issue) -> Result<Markup, Problem> {
    let body = match &row.invoice.body {
        Body::Composed(_) => {
            let parties = (&issue.seller, &issue.buyer);
            let number = Some(&issue.number);
            let firm = issue.letterhead.over(&desk.firm);
            let sheet = invoices::sheet(r, &firm, parties, &row.invoice, number, &issue.totals)?;
            html! {
                div.panel { (documents::html(&sheet)) }
                @if issue.elsewhere.is_some() { (as_it_came(desk, row, issue)) }
            }
        }
        Body::Published(amount) => html! {
            (as_it_came(desk, row, issue))
            p.small.mut { "For " (desk.locale().money(*amount)) "." }
        },
    };
    Ok(parts::section("document", "The document", "As the client sees it", body))
}
