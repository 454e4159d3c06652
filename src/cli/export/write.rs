//! Writes the archive from one snapshot, a record at a time: pages, PDFs and registers. The index comes last, so that
//! an archive that broke off has none.

use jiff::civil::Date;
use maud::{Markup, html};

use super::super::Failure;
use super::archive::Archive;
use super::pages::{README, client_folder, invoice_file, page, quote_file, version_file};
use super::registers::{actor, decimal, kind};
use super::settings::SETTINGS;
use crate::actions::invoices::{credited, original, sheet};
use crate::app::Settings;
use crate::documents::quote::{Offer, quote_sheet};
use crate::documents::statement::{Account, statement_sheet};
use crate::documents::{self, Look};
use crate::domain::client::Client;
use crate::domain::document::Document;
use crate::domain::firm::Firm;
use crate::domain::format::Format;
use crate::domain::ids::{FileRef, ProjectId};
use crate::domain::invoice::{Body, Invoice, Issue};
use crate::domain::quote::Quote;
use crate::domain::sentence;
use crate::store::documents::{DocumentCursor, DocumentShelf};
use crate::store::prelude::*;
use crate::store::statement::Books;
use crate::store::walk::WalkReads;
use crate::web::desk::names::NamesOf;

/// Clients read at once.
const CLIENTS: usize = 100;
/// Quotes of a client read at once.
const QUOTES: usize = 500;
/// Entries of the log on a page.
const ENTRIES: u64 = 500;

/// How many there are of what people count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Clients.
    pub clients: u64,
    /// Invoices and credit notes that were issued.
    pub documents: u64,
    /// Quotes.
    pub quotes: u64,
    /// Files: versions of documents.
    pub files: u64,
    /// Lines of the activity log.
    pub entries: u64,
}

/// What is being written and where to.
pub struct Writer<'a, A> {
    pub(super) r: &'a ReadTx,
    pub(super) archive: &'a mut A,
    pub(super) firm: Firm,
    pub(super) settings: &'a Settings,
    today: Date,
    counts: Counts,
    all: u64,
    progress: &'a mut dyn FnMut(u64, u64),
}

/// Writes all of it; `progress` gets (clients and entries done, in all).
///
/// # Errors
/// When the store can't be read or the archive not be written.
pub fn write<A: Archive>(
    r: &ReadTx,
    settings: &Settings,
    today: Date,
    archive: &mut A,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Counts, Failure> {
    let all = r.log_length()?.saturating_add(r.last_in_series("client")?);
    let (firm, counts) = (r.firm()?, Counts::default());
    let mut writer = Writer { r, archive, firm, settings, today, counts, all, progress };
    writer.text("README.txt", README)?;
    writer.text("style.css", include_str!("style.css"))?;
    writer.registers()?;
    writer.clients()?;
    writer.activity()?;
    writer.settings()?;
    writer.index()?;
    Ok(writer.counts)
}

impl<A: Archive> Writer<'_, A> {
    fn text(&mut self, name: &str, text: &str) -> Result<(), Failure> {
        self.archive.file(name)?;
        self.archive.add(text.as_bytes())
    }

    pub(super) fn page(&mut self, name: &str, title: &str, body: &Markup) -> Result<(), Failure> {
        let up = "../".repeat(name.matches('/').count());
        let text = page(&self.firm.party.name, title, &up, body);
        self.text(name, &text)
    }

    pub(super) fn file(&mut self, name: &str, file: &FileRef) -> Result<(), Failure> {
        self.archive.file(name)?;
        let length = self.r.each_chunk(file.digest, |chunk| self.archive.add(chunk))?;
        let broken = || Failure::new(format!("The file {} is not whole. Run counterfoil verify.", file.digest));
        (length == file.length).then_some(()).ok_or_else(broken)
    }

    fn tick(&mut self) {
        (self.progress)(self.counts.clients.saturating_add(self.counts.entries), self.all);
    }

    /// Every client by name, some at a time.
    pub(super) fn each_client(
        &mut self,
        mut each: impl FnMut(&mut Self, &Client) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut after: Option<Client> = None;
        loop {
            let folded = after.as_ref().map(|c| (crate::store::clients::fold(&c.party.name), c.id));
            let next = self.r.clients_by_name("", folded.as_ref().map(|(name, id)| (name.as_str(), *id)), CLIENTS)?;
            for client in &next {
                each(self, client)?;
            }
            match next.into_iter().next_back() {
                Some(last) => after = Some(last),
                None => return Ok(()),
            }
        }
    }

    fn clients(&mut self) -> Result<(), Failure> {
        self.each_client(|w, client| {
            w.client(client)?;
            w.counts.clients += 1;
            w.tick();
            Ok(())
        })?;
        // The list is written in pieces, since there may be more clients than one page should be made of at once.
        let (start, end) = self.around("Clients", "../", &html! { h1 { "Clients" } });
        self.archive.file("clients/index.html")?;
        self.archive.add(start.as_bytes())?;
        self.archive.add(b"<ul>")?;
        self.each_client(|w, client| {
            let row = html! { li { a href={ (client_folder(client)) "/index.html" } { (client.party.name) } } };
            w.archive.add(row.into_string().as_bytes())
        })?;
        self.archive.add(b"</ul>")?;
        self.archive.add(end.as_bytes())
    }

    /// A page's text before and after what is still to come in its middle.
    fn around(&self, title: &str, up: &str, body: &Markup) -> (String, String) {
        let text = page(&self.firm.party.name, title, up, body);
        let at = text.rfind("</main>").unwrap_or(text.len());
        (text[..at].to_owned(), text[at..].to_owned())
    }

    fn client(&mut self, client: &Client) -> Result<(), Failure> {
        let folder = format!("clients/{}", client_folder(client));
        let documents = self.r.invoices_dated(client.id, Date::MAX)?;
        for invoice in &documents {
            if let Some(issue) = &invoice.issue {
                self.document(&folder, invoice, issue)?;
                self.counts.documents += 1;
            }
        }
        let quotes = self.quotes(&folder, client)?;
        self.statement(&folder, client)?;
        self.files(&folder, client)?;
        let body = self.client_page(client, &documents, &quotes)?;
        self.page(&format!("{folder}/index.html"), &client.party.name, &body)
    }

    fn client_page(&self, client: &Client, documents: &[Invoice], quotes: &[Quote]) -> Result<Markup, Failure> {
        let (party, contacts) = (&client.party, self.r.contacts_of(client.id)?);
        let projects = self.r.projects_of(client.id)?;
        Ok(html! {
            h1 { (party.name) }
            p { @for line in party.lines() { (line) " " } (party.country) " " (party.vat_id) }
            p.list { a href="statement.html" { "Statement of account" } a href="files/index.html" { "Documents" } }
            h2 { "Contacts" }
            ul { @for c in &contacts { li { (c.name) ", " (c.title) " " (c.email) " " (c.phone) @if !c.active { " (revoked)" } } } }
            @if !projects.is_empty() { h2 { "Projects" } ul { @for p in &projects { li { (p.name) } } } }
            h2 { "Invoices and credit notes" }
            div.wide { table {
                thead { tr { th { "Dated" } th { "Number" } th { "About" } th.num { "Amount" } th { "PDF" } } }
                tbody { @for i in documents { @if let Some(issue) = &i.issue {
                    @let file = invoice_file(i.id, issue.number.as_str());
                    tr {
                        td.nw { (i.dated) } td { a href={ (file) ".html" } { (kind(i)) " " (issue.number) } } td { (i.title) }
                        td.num { (decimal(i.payable())) " " (i.currency) } td { a href={ (file) (kept_as(issue)) } { @if issue.is_pdf() { "PDF" } @else { "File" } } }
                    }
                } } }
            } }
            @if !quotes.is_empty() {
                h2 { "Quotes" }
                ul { @for q in quotes {
                    @let file = quote_file(q.id, q.number.as_str());
                    li { (q.current.issued) " " a href={ (file) ".html" } { (q.number) } " " (q.current.title) " " a href={ (file) ".pdf" } { "PDF" } }
                } }
            }
        })
    }

    fn document(&mut self, folder: &str, invoice: &Invoice, issue: &Issue) -> Result<(), Failure> {
        let file = invoice_file(invoice.id, issue.number.as_str());
        let kept = kept_as(issue);
        self.file(&format!("{folder}/{file}{kept}"), &issue.pdf)?;
        let formats = self.formats(&format!("{folder}/{file}"), invoice, issue)?;
        let drawn = match &invoice.body {
            Body::Composed(_) => documents::html(&self.sheet(invoice, issue)?),
            Body::Published(amount) => html! {
                p { (invoice.title) ": " (decimal(*amount)) " " (amount.currency) ", dated " (invoice.dated) ", due " (invoice.due) "." }
                p { "The PDF is the document, as it came from the accounting system." }
            },
        };
        let title = format!("{} {}", kind(invoice), issue.number);
        let body = html! {
            h1 { (title) }
            p.list {
                a href={ (file) (kept) } { "The document as it " @if issue.is_pdf() { "was issued (PDF)" } @else { "was imported" } }
                @for format in &formats { a href={ (file) "." (format.ending()) } { (format.words()) } }
                a href="index.html" { (issue.buyer.name) }
            }
            (drawn)
            p { small { @if issue.is_pdf() { "PDF" } @else { "File" } ": SHA-256 " (issue.pdf.digest) ", issued " (issue.at) } }
        };
        self.page(&format!("{folder}/{file}.html"), &title, &body)
    }

    /// The firm as the document shows it, whatever it is now.
    fn sheet(&self, invoice: &Invoice, issue: &Issue) -> Result<documents::Sheet, Failure> {
        let (firm, parties) = (issue.letterhead.over(&self.firm), (&issue.seller, &issue.buyer));
        Ok(sheet(self.r, &firm, parties, invoice, Some(&issue.number), &issue.totals)?)
    }

    /// Writes the document for programs, beside its PDF and its page.
    fn formats(&mut self, path: &str, invoice: &Invoice, issue: &Issue) -> Result<Vec<Format>, Failure> {
        let written = [Format::Ubl, Format::Cii, Format::Csv];
        let formats: Vec<Format> = documents::offered(invoice).into_iter().filter(|x| written.contains(x)).collect();
        if formats.is_empty() {
            return Ok(formats);
        }
        let (sheet, credits) = (self.sheet(invoice, issue)?, credited(self.r, invoice)?);
        let original = original(self.r, issue)?;
        for &format in &formats {
            let bytes = documents::rendition(format, invoice, credits.as_ref(), &sheet, original.as_deref());
            let bytes = bytes.unwrap_or_default();
            self.archive.file(&format!("{path}.{}", format.ending()))?;
            self.archive.add(&bytes)?;
        }
        Ok(formats)
    }

    fn quotes(&mut self, folder: &str, client: &Client) -> Result<Vec<Quote>, Failure> {
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let some = self.r.quotes_of(client.id, before, QUOTES)?;
            let Some(last) = some.last() else { return Ok(all) };
            before = Some((crate::store::day(last.current.issued), last.id.0));
            for quote in &some {
                self.quote(folder, quote)?;
                self.counts.quotes += 1;
            }
            all.extend(some);
        }
    }

    fn quote(&mut self, folder: &str, quote: &Quote) -> Result<(), Failure> {
        let file = quote_file(quote.id, quote.number.as_str());
        let offer = &quote.current;
        self.file(&format!("{folder}/{file}.pdf"), &offer.pdf)?;
        for (number, older) in (1..).zip(&quote.older) {
            self.file(&format!("{folder}/{file}-v{number}.pdf"), &older.pdf)?;
        }
        let project = quote.project.map(|id| self.project(id)).transpose()?.flatten();
        let firm = offer.letterhead.over(&self.firm);
        let look = Look { firm: &firm, logo: None };
        let (seller, buyer) = (&offer.seller, &offer.buyer);
        let said = Offer::of(&quote.number, quote.latest(), offer, project.as_deref());
        let drawn = quote_sheet(&look, seller, buyer, &said);
        let title = format!("quote {}", quote.number);
        let body = html! {
            h1 { (title) }
            p.list {
                a href={ (file) ".pdf" } { "The quote as it was sent (PDF)" }
                @for (number, _) in (1..).zip(&quote.older) {
                    a href={ (file) "-v" (number) ".pdf" } { "Version " (number) " (PDF)" }
                }
                a href="index.html" { (offer.buyer.name) }
            }
            (documents::html(&drawn))
            p { small { "PDF: SHA-256 " (offer.pdf.digest) ", sent " (offer.at) } }
        };
        self.page(&format!("{folder}/{file}.html"), &title, &body)
    }

    /// The documents of a client, withdrawn ones too, with a page that lists them.
    fn files(&mut self, folder: &str, client: &Client) -> Result<(), Failure> {
        let mut listed = Vec::new();
        for shelf in [DocumentShelf::Posted, DocumentShelf::Withdrawn] {
            let mut before = None;
            loop {
                let some = self.r.documents_of(client.id, shelf, before, QUOTES)?;
                let Some(last) = some.last() else { break };
                before = Some(DocumentCursor::of(last));
                for document in &some {
                    listed.push(self.versions(folder, document)?);
                }
            }
        }
        let body = html! {
            h1 { "Documents" }
            p { a href="../index.html" { (client.party.name) } }
            @for document in &listed { (document) }
            @if listed.is_empty() { p { "None." } }
        };
        self.page(&format!("{folder}/files/index.html"), "Documents", &body)
    }

    fn versions(&mut self, folder: &str, document: &Document) -> Result<Markup, Failure> {
        let project = document.project.map(|id| self.project(id)).transpose()?.flatten();
        let mut rows = Vec::new();
        for (number, version) in (1..).zip(&document.versions) {
            let name = version_file(document, number, version);
            if document.is_kept() {
                self.file(&format!("{folder}/files/{name}"), &version.file)?;
                self.counts.files += 1;
            }
            rows.push(html! { li {
                @if document.is_kept() { a href=(name) { "Version " (number) } } @else { "Version " (number) ", erased" }
                ": " (version.file.name) ", " (version.at) " " (version.note) " "
                small { "SHA-256 " (version.file.digest) }
            } });
        }
        Ok(html! {
            h2 { (document.title) }
            @if let Some(project) = &project { p { (project) } }
            @if let Some(withdrawn) = &document.withdrawn { p { "Withdrawn " (withdrawn.at) ": " (withdrawn.reason) } }
            ul { @for row in &rows { (row) } }
        })
    }

    fn project(&self, id: ProjectId) -> Result<Option<String>, Failure> {
        Ok(self.r.project(id)?.map(|p| p.name))
    }

    fn statement(&mut self, folder: &str, client: &Client) -> Result<(), Failure> {
        let books = Books::of(self.r, client.id, Date::MAX)?;
        let paid = books.receipts.iter().map(|x| x.on).chain(books.refunds.iter().map(|x| x.on));
        let dates = books.invoices.iter().map(|i| i.dated).chain(paid);
        let from = dates.clone().min().unwrap_or(self.today).min(self.today);
        let to = dates.max().unwrap_or(self.today).max(self.today);
        let all = books.reckoned(from, to);
        let accounts: Vec<Account<'_>> = all
            .iter()
            .map(|x| Account { currency: x.currency, statement: &x.statement, ageing: Some(&x.ageing) })
            .collect();
        let firm = self.firm.speaking(client.language);
        let look = Look { firm: &firm, logo: None };
        let drawn = statement_sheet(&look, &client.party, &accounts, from, to);
        let months = self.months(folder, client)?;
        let body = html! {
            h1 { "Statement of account" }
            p { a href="index.html" { (client.party.name) } }
            (documents::html(&drawn))
            (months)
        };
        self.page(&format!("{folder}/statement.html"), "Statement of account", &body)
    }

    fn activity(&mut self) -> Result<(), Failure> {
        self.activity_csv()?;
        let length = self.r.log_length()?;
        let pages = length.div_ceil(ENTRIES);
        let links = html! {
            h1 { "Activity" }
            p { (length) " entries, oldest first. Anchor: " (self.r.anchor()?.code().to_string()) ". " a href="activity.csv" { "As CSV" } }
            ul { @for n in 1..=pages { li { a href=(page_name(n)) { "Entries from " ((n - 1) * ENTRIES + 1) } } } }
        };
        self.page("activity/index.html", "Activity", &links)?;
        for n in 1..=pages {
            let mut entries = Vec::new();
            self.r.log_backwards(Some(n * ENTRIES + 1), |entry| {
                let ours = entry.sequence > (n - 1) * ENTRIES;
                entries.extend(ours.then_some(entry));
                ours
            })?;
            entries.reverse();
            let names = NamesOf::new(self.r);
            let body = html! {
                h1 { "Activity, from entry " ((n - 1) * ENTRIES + 1) }
                p.list {
                    a href="index.html" { "All pages" }
                    @if n > 1 { a href=(page_name(n - 1)) { "Earlier" } }
                    @if n < pages { a href=(page_name(n + 1)) { "Later" } }
                }
                div.wide { table {
                    thead { tr { th { "Entry" } th { "When" } th { "What" } } }
                    tbody { @for entry in &entries {
                        @let told = sentence::for_staff(entry, &names, self.firm.locale);
                        tr {
                            td { (entry.sequence) }
                            td.nw { (self.local(entry.at)) }
                            td { (told.text) @if let Some(note) = &told.detail { small { (note) } } }
                        }
                    } }
                } }
            };
            self.page(&format!("activity/{}", page_name(n)), "Activity", &body)?;
        }
        Ok(())
    }

    fn activity_csv(&mut self) -> Result<(), Failure> {
        self.archive.file("activity/activity.csv")?;
        self.archive.add("\u{feff}".as_bytes())?;
        self.row(&["Entry", "Time", "Who", "What", "Note", "Client", "Document", "From"])?;
        let r = self.r;
        let mut names = NamesOf::new(r);
        r.each_entry(|entry| {
            if entry.sequence.is_multiple_of(ENTRIES) {
                // What was looked up is let go, so that memory stays bounded.
                names = NamesOf::new(r);
            }
            let told = sentence::for_staff(&entry, &names, self.firm.locale);
            self.row(&[
                entry.sequence.to_string(),
                entry.at.to_string(),
                actor(&entry.by.actor).to_owned(),
                told.text,
                told.detail.unwrap_or_default(),
                entry.client.map(|id| id.to_string()).unwrap_or_default(),
                entry.invoice.map(|id| id.to_string()).unwrap_or_default(),
                entry.by.address.map(|a| a.to_string()).unwrap_or_default(),
            ])?;
            self.counts.entries += 1;
            self.tick();
            Ok(())
        })
    }

    pub(super) fn local(&self, at: jiff::Timestamp) -> String {
        self.settings.zone.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    fn index(&mut self) -> Result<(), Failure> {
        let names = [
            "clients",
            "contacts",
            "projects",
            "staff",
            "documents",
            "lines",
            "quotes",
            "quote-lines",
            "receipts",
            "refunds",
            "promises",
            "disputes",
            "statements",
            "allocations",
        ];
        let counts = self.counts;
        let body = html! {
            h1 { (self.firm.party.name) }
            p { "Everything that was kept in Counterfoil, as of " (self.today) "." }
            ul {
                li { a href="clients/index.html" { (counts.clients) " clients" } }
                li { (counts.documents) " invoices and credit notes, " (counts.quotes) " quotes, " (counts.files) " files: in the folders of the clients" }
                li { a href="activity/index.html" { (counts.entries) " entries of the activity log" } }
                li { a href=(SETTINGS) { "Settings" } ": what letters said, the reminder policy, late payment" }
            }
            h2 { "Registers" }
            ul { @for name in names { li { a href={ "registers/" (name) ".csv" } { (name) } } } }
            p { a href="README.txt" { "About this archive" } }
        };
        self.page("index.html", "Archive", &body)
    }
}

fn page_name(n: u64) -> String {
    format!("page-{n:06}.html")
}

/// How the name of a document's own file ends. One that was imported without a PDF has what it was read from.
fn kept_as(issue: &Issue) -> &'static str {
    match issue.pdf.media_type.as_str() {
        documents::XML => ".original.xml",
        documents::CSV => ".original.csv",
        _ => ".pdf",
    }
}
