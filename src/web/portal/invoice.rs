//! One invoice or credit note: its state, how to pay, the document itself, what counts against it, what has happened.
//!
//! The first look of each hour and every download are logged before the page or the file leaves.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use maud::{Markup, html};

use super::dispute::{self, Disputed};
use super::drawn::Origin;
use super::due::{self, ToPay};
use super::home::{has_title, title};
use super::promise::{self, Asked, Promised};
use super::words::{self, Said};
use super::{Looking, logged, receipt, timeline};
use crate::actions::visits;
use crate::documents::invoice::{Look, invoice_sheet};
use crate::documents::{self, Logo, LogoFormat, Sheet};
use crate::domain::firm::Letterhead;
use crate::domain::format::Format;
use crate::domain::grant::Strength;
use crate::domain::invoice::{Body, Invoice, Issue, Kind, Standing};
use crate::domain::language::Language;
use crate::domain::money::Money;
use crate::domain::number::DocumentNumber;
use crate::domain::payment::Source;
use crate::domain::transfer::{creditor_reference, epc_text, takes_codes};
use crate::store::ReadTx;
use crate::store::events::Visited;
use crate::store::invoices::Row;
use crate::store::prelude::*;
use crate::store::scope::{ClientView, State};
use crate::web::auth::back::number_and_format;
use crate::web::download;
use crate::web::guard::Viewer;
use crate::web::page::PortalNav;
use crate::web::parts::{self, Icon, Moment, Tone};
use crate::web::path::Path;
use crate::web::problem::Problem;

/// Characters of an IBAN between blanks.
const IBAN_GROUP: usize = 4;

/// A document as its page shows it.
struct Shown {
    row: Row,
    standing: Standing,
    bill: Arc<Markup>,
    counted: Vec<Counted>,
    moments: Vec<Moment>,
    visited: bool,
    promised: Promised,
    disputed: Disputed,
    state: State,
}

/// A payment or credit that counts against the invoice.
struct Counted {
    on: Date,
    what: Markup,
    amount: Money,
}

/// `GET /invoices/{number}`, and its files: `.pdf`, `.xml` (UBL), `.cii.xml`, `.csv`, `.html`.
///
/// # Errors
/// [`Problem::NotFound`] for what is not there or not theirs, which are the same.
pub async fn show(viewer: Viewer, looking: Looking, Path(segment): Path<String>) -> Result<Response, Problem> {
    match number_and_format(&segment).ok_or(Problem::NotFound)? {
        (number, Some(format)) => download(&viewer, &looking, &number, format).await,
        (number, None) => open(&viewer, &looking, &number).await,
    }
}

async fn open(viewer: &Viewer, looking: &Looking, number: &DocumentNumber) -> Result<Response, Problem> {
    let what = format!("/invoices/{number}");
    if let Some(page) = viewer.again(&what) {
        return Ok(page);
    }
    let mut shown = viewer.read(|view| Shown::load(viewer, view, number))?;
    if looking.0 && !shown.visited {
        let opened = number.clone();
        let act = viewer.act(move |w, pass| visits::opened(w, pass, &opened));
        logged(act.await)?;
        // Read again, so that the history has this visit too.
        shown = viewer.read(|view| Shown::load(viewer, view, number))?;
    }
    let page = page(viewer, &shown, number, &Asked::default())?;
    // A page whose opening this hour's log does not have yet must come here again.
    Ok(if shown.visited { viewer.kept_page(&what, shown.state, page) } else { page.into_response() })
}

/// The page once more, with what was asked on it and refused.
pub(super) fn asked_again(viewer: &Viewer, number: &DocumentNumber, asked: &Asked) -> Result<Markup, Problem> {
    let shown = viewer.read(|view| Shown::load(viewer, view, number))?;
    page(viewer, &shown, number, asked)
}

fn page(viewer: &Viewer, shown: &Shown, number: &DocumentNumber, asked: &Asked) -> Result<Markup, Problem> {
    let issue = shown.row.invoice.issue.as_ref().ok_or(Problem::NotFound)?;
    let said = shown.said(viewer);
    let title = format!("{} {number}: {}", kind(&shown.row.invoice), words::after_colon(&said.text));
    let title = parts::titled(&title, &asked.errors);
    Ok(viewer.page(PortalNav::Invoices, &title, body(viewer, shown, issue, &said, asked)))
}

async fn download(
    viewer: &Viewer,
    looking: &Looking,
    number: &DocumentNumber,
    format: Format,
) -> Result<Response, Problem> {
    let bytes = viewer.read(|view| {
        let row = view.invoice(number)?.ok_or(Problem::NotFound)?;
        let bytes =
            if format == Format::Pdf { pdf(viewer, view, &row)? } else { rendered(viewer, view, &row, format)? };
        bytes.ok_or(Problem::NotFound)
    })?;
    if looking.0 {
        let number = number.clone();
        logged(viewer.act(move |w, pass| visits::downloaded(w, pass, &number, format)).await)?;
    }
    Ok(download::of(format, &number.file_name(format.ending()), bytes))
}

/// The PDF: as it is kept, or of a document that was imported without, a copy drawn of what was read.
pub(super) fn pdf<R: Reader>(viewer: &Viewer, view: &ClientView<'_, R>, row: &Row) -> Result<Option<Vec<u8>>, Problem> {
    let Some(issue) = row.invoice.issue.as_ref().filter(|x| !x.is_pdf()) else { return Ok(view.original(row)?) };
    let (project, credits) = named(view, row)?;
    let origin =
        Origin { firm: viewer.firm(), invoice: &row.invoice, project: project.as_deref(), credits: credits.as_ref() };
    Ok(Some(viewer.render(&sheet(origin, issue, viewer.logo()?))?))
}

/// The document in a format that is made when it is asked for.
fn rendered<R: Reader>(
    viewer: &Viewer,
    view: &ClientView<'_, R>,
    row: &Row,
    format: Format,
) -> Result<Option<Vec<u8>>, Problem> {
    let Some(issue) = &row.invoice.issue else { return Ok(None) };
    let credits = view.credited(row)?;
    let (project, number) = named(view, row)?;
    let (project, taken_back) = (project.as_deref(), number.as_ref());
    let origin = Origin { firm: viewer.firm(), invoice: &row.invoice, project, credits: taken_back };
    let sheet = sheet(origin, issue, viewer.logo()?);
    let original = if issue.elsewhere.is_some() { view.original(row)? } else { None };
    Ok(documents::rendition(format, &row.invoice, credits.as_ref(), &sheet, original.as_deref()))
}

impl Shown {
    fn load(viewer: &Viewer, view: &ClientView<'_, ReadTx>, number: &DocumentNumber) -> Result<Self, Problem> {
        let row = view.invoice(number)?.ok_or(Problem::NotFound)?;
        let issue = row.invoice.issue.as_ref().ok_or(Problem::NotFound)?;
        let visited = view.visit_logged(Visited::Invoice(row.invoice.id), visits::hour_of(viewer.now()))?;
        let bill = bill(viewer, view, &row, issue)?;
        let counted = counted(view, &row)?;
        let promised = Promised::load(view, &row)?;
        let disputed = Disputed::load(view, &row)?;
        let standing = due::standing(&row, disputed.newest(), viewer.today());
        let by = ToPay::of(&row, disputed.newest(), viewer.today()).by;
        let moments = timeline::moments(viewer, view, &row, (standing, by))?;
        Ok(Self { promised, disputed, row, standing, bill, counted, moments, visited, state: view.state() })
    }

    /// Its state; of one of which nothing is asked for now, why not.
    fn said(&self, viewer: &Viewer) -> Said {
        let (locale, today) = (viewer.locale(), viewer.today());
        if let Some(dispute) = self.disputed.of_all(&self.row) {
            return dispute::said(dispute);
        }
        let promised = self.promised.held(today).filter(|_| matches!(self.standing, Standing::Overdue { .. }));
        match promised.and_then(|x| words::promised(x, locale, today)) {
            Some(text) => Said { tone: Tone::Info, icon: Icon::Clock, text },
            None => words::standing(self.standing, self.to_pay(viewer).by, locale, today),
        }
    }

    fn to_pay(&self, viewer: &Viewer) -> ToPay {
        ToPay::of(&self.row, self.disputed.newest(), viewer.today())
    }
}

/// The document as HTML; of one that another system made, what it is and where the PDF is.
fn bill<R: Reader>(
    viewer: &Viewer,
    view: &ClientView<'_, R>,
    row: &Row,
    issue: &Issue,
) -> Result<Arc<Markup>, Problem> {
    let (project, credits) = named(view, row)?;
    let (project, credits) = (project.as_deref(), credits.as_ref());
    let origin = Origin { firm: viewer.firm(), invoice: &row.invoice, project, credits };
    // The page draws the logo by its style; the sheet only needs to know that there is one.
    let logo = || viewer.firm().logo.is_some().then(|| Logo { format: LogoFormat::Png, bytes: [].into() });
    Ok(viewer.drawn().get(origin, || match row.invoice.body {
        Body::Published(_) => published(viewer, row, issue, project),
        Body::Composed(_) => html! {
            (documents::html(&sheet(origin, issue, logo())))
            @if issue.elsewhere.is_some() && issue.is_pdf() {
                p.gap-y { strong { "The document is the PDF." } " This page shows what it says of itself." }
            }
        },
    }))
}

/// What a document names beside itself: its project, if the reader may know it, and the invoice that it takes back.
fn named<R: Reader>(
    view: &ClientView<'_, R>,
    row: &Row,
) -> Result<(Option<String>, Option<DocumentNumber>), StoreError> {
    let project = match row.invoice.project {
        Some(id) => view.project_name(id)?,
        None => None,
    };
    let credits = match row.invoice.kind {
        Kind::CreditNote(of) => view.number_of(of)?,
        Kind::Invoice => None,
    };
    Ok((project, credits))
}

fn sheet(origin: Origin<'_>, issue: &Issue, logo: Option<Logo>) -> Sheet {
    let Origin { firm, invoice, project, credits } = origin;
    let firm = issue.letterhead.over(firm);
    let look = Look { firm: &firm, logo };
    let Issue { seller, buyer, number, totals, .. } = issue;
    invoice_sheet(&look, seller, buyer, invoice, Some(number), totals, project, credits)
}

fn published(viewer: &Viewer, row: &Row, issue: &Issue, project: Option<&str>) -> Markup {
    let (locale, invoice) = (viewer.locale(), &row.invoice);
    let kind = kind(invoice);
    let mut facts =
        vec![("Number", parts::nw(issue.number.as_str())), ("Issued", html! { (locale.date_long(invoice.dated)) })];
    if invoice.is_invoice() {
        facts.push(("Due", html! { (locale.date_long(invoice.due)) }));
    }
    if !invoice.reference.is_empty() {
        facts.push(("Your reference", html! { (invoice.reference) }));
    }
    facts.extend(project.map(|name| ("Project", html! { (name) })));
    html! {
        article.bill aria-label={ (kind) " " (issue.number) } {
            header.bill-h {
                div.row {
                    @if viewer.firm().logo.is_some() { span.logo {} }
                    div { p.serif.firm-n { (issue.seller.name) } }
                }
                p.bill-t { (kind) }
            }
            div.cols.two.bill-m {
                div {
                    p.lbl { "For" }
                    p { b { (issue.buyer.name) } @for line in issue.buyer.lines() { br; (line) } }
                }
                (parts::facts(&facts))
            }
            (parts::totals(&[("Total".to_owned(), locale.money(invoice.payable()))]))
            p.gap-y { strong { "The document is the PDF." } " Its lines and tax are in there, as " (issue.seller.name) " made it." }
            p.gap-y.no-print {
                (parts::link_icon(parts::Look::Plain, Icon::Down, &address(&issue.number, Format::Pdf), html! {
                    "Download the PDF, " (locale.bytes(issue.pdf.length))
                }))
            }
        }
    }
}

fn address(number: &DocumentNumber, format: Format) -> String {
    format!("/invoices/{}.{}", number.in_url(), format.ending())
}

/// What counts against the invoice, or what a credit note was set against.
fn counted<R: Reader>(view: &ClientView<'_, R>, row: &Row) -> Result<Vec<Counted>, Problem> {
    let mut all = Vec::new();
    for allocation in view.allocations_of(row)? {
        let what = match allocation.source {
            Source::Receipt(id) => {
                let receipt = view.receipt(id)?;
                let method = receipt.as_ref().map_or("payment", |r| r.method.words());
                // A receipt names all that the payment settles, so only whoever sees all of it gets there.
                let link = receipt.filter(|_| view.sees_account()).map(|r| (receipt::address(&r.number), r.number));
                html! {
                    "Payment, thank you"
                    small {
                        "By " (method)
                        @if let Some((href, number)) = link { ". " a href=(href) { "Receipt " (parts::nw(number.as_str())) } }
                    }
                }
            }
            Source::Credit(id) => {
                html! { "Credit note" @if let Some(n) = view.number_of(id)? { " " (parts::nw(n.as_str())) } }
            }
            Source::EarlyPayment(_) => html! { "Discount for early payment, thank you" },
            Source::WrittenOff(_) => html! { "Written off" },
        };
        all.push(Counted { on: allocation.on, what, amount: allocation.amount });
    }
    Ok(all)
}

/// What a document is called.
pub(super) fn kind(invoice: &Invoice) -> &'static str {
    match invoice {
        invoice if !invoice.is_invoice() => "Credit note",
        invoice if invoice.late.is_some() => "Late payment note",
        _ => "Invoice",
    }
}

fn body(viewer: &Viewer, shown: &Shown, issue: &Issue, said: &Said, asked: &Asked) -> Markup {
    let whole = !matches!(viewer.strength(), Strength::Document(_));
    html! {
        @if whole { (parts::back("/invoices", "All invoices")) }
        h1 { (title(&shown.row.invoice)) }
        @if has_title(&shown.row.invoice) { p.mut { (kind(&shown.row.invoice)) " " (parts::nw(issue.number.as_str())) } }
        @if !asked.errors.is_empty() { div.gap-y { (parts::error_summary(&asked.errors)) } }
        @if let Some(told) = &asked.told { (parts::note(Tone::Warn, Icon::Alert, told, "")) }
        (banner(viewer, shown, said))
        (parts::document("How to pay, and the document as a file", stub(viewer, shown, issue, asked), &shown.bill))
        @if !shown.counted.is_empty() { (counted_section(viewer, shown)) }
        (dispute::section(viewer, &shown.row, &shown.disputed))
        (timeline::section(viewer, &shown.moments))
    }
}

fn banner(viewer: &Viewer, shown: &Shown, said: &Said) -> Markup {
    let (locale, row) = (viewer.locale(), &shown.row);
    // Far from any year of today's, so that the year is written: documents always have it.
    let ToPay { amount, by, .. } = shown.to_pay(viewer);
    let (open, due) = (locale.money(amount), locale.date_weekday(by, Date::MIN));
    let rest = match shown.standing {
        Standing::Due { .. } | Standing::Overdue { .. } if shown.disputed.of_all(row).is_some() => String::new(),
        Standing::Due { .. } => format!("Please pay {open} by {due}."),
        // Who has promised it need not be told that it may be on its way.
        Standing::Overdue { .. } if shown.promised.held(viewer.today()).is_some() => {
            format!("{open} was due on {due}.")
        }
        Standing::Overdue { .. } => format!("{open} was due on {due}. If it’s on its way, thank you."),
        Standing::Paid => "Thank you. There is nothing left to pay.".to_owned(),
        Standing::WrittenOff => "There is nothing left to pay.".to_owned(),
        Standing::Credited => "A credit note covers all of it; there is nothing to pay.".to_owned(),
        Standing::CreditNote => "This counts against what you owe.".to_owned(),
        Standing::Draft => String::new(),
    };
    let is_open = row.open().minor > 0;
    let promised = promise::sentence(viewer, &shown.promised).filter(|_| is_open);
    let disputed = dispute::sentence(viewer, row, &shown.disputed).filter(|_| is_open);
    let all = [Some(rest), promised, disputed].into_iter().flatten().filter(|x| !x.is_empty());
    let rest = all.collect::<Vec<_>>().join(" ");
    parts::status(said.tone, said.icon, format_args!("{}.", said.text), rest)
}

fn stub(viewer: &Viewer, shown: &Shown, issue: &Issue, asked: &Asked) -> Markup {
    let (locale, invoice) = (viewer.locale(), &shown.row.invoice);
    let first = first_format(viewer, &shown.row.invoice);
    html! {
        @match shown.standing {
            Standing::Due { .. } | Standing::Overdue { .. } => (to_pay(viewer, shown, issue, asked)),
            Standing::CreditNote => (parts::amount_big("Credited", &locale.money(invoice.payable()))),
            Standing::Paid => { (parts::amount_big("Total", &locale.money(invoice.payable()))) (parts::stamp("Paid")) }
            Standing::Credited | Standing::WrittenOff | Standing::Draft => {
                (parts::amount_big("Total", &locale.money(invoice.payable())))
                (parts::stamp(if shown.standing == Standing::WrittenOff { "Closed" } else { "Credited" }))
            }
        }
        // Of what was paid meanwhile, only what was typed before that.
        @if shown.row.open().minor <= 0 {
            (promise::part(viewer, &shown.row, &shown.promised, asked))
            (dispute::part(viewer, &shown.row, &shown.disputed, asked))
        }
        p.pay { (parts::link_icon(parts::Look::Wide, Icon::Down, &address(&issue.number, first), html! {
            "Download " (first.words())
            @if first == Format::Pdf { (parts::heard(format_args!(", {}", locale.bytes(issue.pdf.length)))) }
        })) }
        (other_formats(shown, issue, first))
    }
}

/// What is to be paid and how, and what can be said to it; of what is all disputed only that.
fn to_pay(viewer: &Viewer, shown: &Shown, issue: &Issue, asked: &Asked) -> Markup {
    let (locale, open) = (viewer.locale(), shown.row.open());
    if let Some(dispute) = shown.disputed.of_all(&shown.row) {
        return html! {
            (parts::amount_big(dispute::label(dispute), &locale.money(open)))
            (promise::part_beside(viewer, &shown.row, &shown.promised, asked))
            (dispute::part(viewer, &shown.row, &shown.disputed, asked))
        };
    }
    let next = shown.to_pay(viewer);
    let due = locale.date_weekday(next.by, viewer.today());
    html! {
        (parts::amount_big(next.label(), &locale.money(next.amount)))
        p.mut { (if next.by >= viewer.today() { "By " } else { "Was due " }) (due) }
        @if let Some(in_all) = next.in_all(locale) { p.small.mut { (in_all) } }
        @if let Some((pay, until)) = early(viewer, &shown.row) {
            p.small { "Pay " b { (locale.money(pay)) } " by " (until) " and it is settled." }
        }
        (transfer(viewer, issue, next.amount))
        (promise::part(viewer, &shown.row, &shown.promised, asked))
        (dispute::part(viewer, &shown.row, &shown.disputed, asked))
    }
}

/// The format that the reader takes first, where the document can be had in it.
fn first_format(viewer: &Viewer, invoice: &Invoice) -> Format {
    viewer.contact().format.filter(|x| documents::offered(invoice).contains(x)).unwrap_or_default()
}

/// The document in the formats beside the first.
fn other_formats(shown: &Shown, issue: &Issue, first: Format) -> Markup {
    let number = &issue.number;
    let links: Vec<(String, &str)> = documents::offered(&shown.row.invoice)
        .into_iter()
        .filter(|format| *format != first)
        .map(|x| (address(number, x), x.words()))
        .collect();
    let of = format!("of {number}");
    let links: Vec<(&str, &str, &str)> =
        links.iter().map(|(href, words)| (href.as_str(), *words, of.as_str())).collect();
    html! { @if !links.is_empty() { (parts::downloads("Download as", &links)) } }
}

/// What settles an invoice today with its discount for early payment, and until when; `None` without one.
fn early(viewer: &Viewer, row: &Row) -> Option<(Money, String)> {
    let invoice = &row.invoice;
    let owed = invoice.payable().minus(Money::new(row.settled.credited, invoice.currency))?;
    let off = invoice.terms.early_off(owed, viewer.today())?;
    let pay = row.open().minus(off).filter(|x| x.minor > 0)?;
    Some((pay, viewer.locale().date_weekday(invoice.terms.early?.until, viewer.today())))
}

/// How to pay, open at once while it is the only way.
fn transfer(viewer: &Viewer, issue: &Issue, asked: Money) -> Markup {
    let (firm, letterhead) = (viewer.firm(), &issue.letterhead);
    let bank = &letterhead.bank;
    if bank.iban != firm.bank.iban && !firm.bank.iban.is_empty() {
        let words = "Our bank account has changed since this was sent.";
        return html! { div.gap-y { (parts::note(Tone::Warn, Icon::Alert, words, moved(letterhead))) } };
    }
    if bank.iban.is_empty() {
        return html! { p.small.mut.gap-y { "How to pay stands on the document; if it does not, please ask us." } };
    }
    let account = if bank.account_name.is_empty() { &issue.seller.name } else { &bank.account_name };
    let structured = Some(asked.currency).filter(|x| takes_codes(bank, *x));
    let structured = structured.and_then(|_| creditor_reference(issue.number.as_str()));
    let code = structured.as_ref().and_then(|reference| {
        let text = epc_text(bank, account, asked, reference)?;
        let draw = || {
            documents::transfer_code(bank, account, asked, reference, Language::English).as_ref().map(documents::svg)
        };
        viewer.drawn().code(text, draw)
    });
    let details = html! {
        dl.stack.small {
            (parts::detail("Account name", account, false))
            (parts::detail("IBAN", &grouped(&bank.iban), true))
            @if !bank.bic.is_empty() { (parts::detail("BIC", &bank.bic, false)) }
            (parts::detail("Reference (please use exactly this)", issue.number.as_str(), true))
            @if let Some(reference) = &structured {
                (parts::detail("or as a structured reference", &grouped(reference), true))
            }
        }
        @if let Some(code) = &code {
            (code)
            p.small.mut { "Most banking apps fill all of this in from the code." }
        }
    };
    parts::act(Icon::Bank, "Pay by bank transfer", true, details)
}

/// Whom to ask about an account that changed: as the document named them, since whoever changes the one may have
/// changed the other.
fn moved(letterhead: &Letterhead) -> Markup {
    let ways = [letterhead.phone.as_str(), letterhead.email.as_ref().map_or("", |e| e.as_str())];
    let ways: Vec<&str> = ways.into_iter().filter(|way| !way.is_empty()).collect();
    html! {
        "The PDF still shows the earlier one. Before you pay, please ask us which to use"
        @if !ways.is_empty() { ": " (ways.join(", ")) }
        "."
    }
}

/// An IBAN in groups of four, as it is printed.
fn grouped(iban: &str) -> String {
    let bare: Vec<char> = iban.chars().filter(|c| !c.is_whitespace()).collect();
    bare.chunks(IBAN_GROUP).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

fn counted_section(viewer: &Viewer, shown: &Shown) -> Markup {
    let (locale, today) = (viewer.locale(), viewer.today());
    let rows: Vec<_> = shown
        .counted
        .iter()
        .map(|c| {
            let when = parts::time(c.on, locale.date_medium(c.on, today));
            (c.what.clone(), html! { (when) }, html! { span.num { (locale.money(c.amount)) } })
        })
        .collect();
    let left = html! { @if shown.row.open().minor > 0 { "Left to pay: " (locale.money(shown.row.open())) } };
    parts::section("counted", "Paid or credited so far", left, parts::rows(&rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iban_is_read_in_groups_of_four() {
        assert_eq!(grouped("IE29AIBK93115212345678"), "IE29 AIBK 9311 5212 3456 78");
        assert_eq!(grouped("IE29 AIBK"), "IE29 AIBK");
    }
}
