//! What has happened to an invoice, as its client reads it: the same list as the firm's, without network addresses.

use std::cell::RefCell;
use std::collections::HashMap;

use jiff::civil::Date;
use maud::{Markup, html};

use crate::domain::document::Document;
use crate::domain::event::LogEntry;
use crate::domain::ids::{ContactId, InvoiceId, QuoteId, StaffId};
use crate::domain::invoice::Standing;
use crate::domain::sentence::{self, Mark, Names};
use crate::store::invoices::Row;
use crate::store::prelude::*;
use crate::store::scope::ClientView;
use crate::web::guard::Viewer;
use crate::web::parts::{self, Icon, Moment, Tone};
use crate::web::problem::Problem;

/// Most entries that are looked at; a document rarely has fifty.
const LOOKED_AT: usize = 200;

/// Names as one client may read them, each looked up once.
struct Known<'a, 'r, R: Reader> {
    view: &'a ClientView<'r, R>,
    /// The invoice whose history is read, if it is one's.
    row: Option<&'a Row>,
    staff: RefCell<HashMap<StaffId, String>>,
    contacts: RefCell<HashMap<ContactId, String>>,
}

impl<R: Reader> Names for Known<'_, '_, R> {
    fn staff(&self, id: StaffId) -> String {
        let look = || self.view.staff_name(id).ok().flatten().unwrap_or_else(|| "We".to_owned());
        self.staff.borrow_mut().entry(id).or_insert_with(look).clone()
    }

    fn contact(&self, id: ContactId) -> String {
        let look = || self.view.colleague(id).ok().flatten().unwrap_or_else(|| "Somebody".to_owned());
        self.contacts.borrow_mut().entry(id).or_insert_with(look).clone()
    }

    fn document(&self, id: InvoiceId) -> String {
        self.view.number_of(id).ok().flatten().map_or_else(|| "a document".to_owned(), |n| n.to_string())
    }

    fn quote(&self, _: QuoteId) -> String {
        "this".to_owned()
    }

    fn is_credit_note(&self, id: InvoiceId) -> bool {
        if let Some(row) = self.row.filter(|row| row.invoice.id == id) {
            return !row.invoice.is_invoice();
        }
        self.view.invoice_by_id(id).ok().flatten().is_some_and(|row| !row.invoice.is_invoice())
    }
}

/// The moments of a document that stands so, asked for by a day: newest first, what comes next on top.
///
/// # Errors
/// When the store fails.
pub fn moments<R: Reader>(
    viewer: &Viewer,
    view: &ClientView<'_, R>,
    row: &Row,
    asked: (Standing, Date),
) -> Result<Vec<Moment>, Problem> {
    let names = Known { view, row: Some(row), staff: RefCell::default(), contacts: RefCell::default() };
    let log = view.log_of(row, LOOKED_AT)?;
    let mut all: Vec<Moment> = next(viewer, asked).into_iter().collect();
    all.extend(log.iter().filter_map(|entry| moment(viewer, entry, &names)));
    Ok(all)
}

/// The moments of a document that was posted, newest first.
///
/// # Errors
/// When the store fails.
pub fn of_document<R: Reader>(
    viewer: &Viewer,
    view: &ClientView<'_, R>,
    document: &Document,
) -> Result<Vec<Moment>, Problem> {
    let names = Known { view, row: None, staff: RefCell::default(), contacts: RefCell::default() };
    let log = view.log_of_document(document, LOOKED_AT)?;
    Ok(log.iter().filter_map(|entry| moment(viewer, entry, &names)).collect())
}

fn moment(viewer: &Viewer, entry: &LogEntry, names: &dyn Names) -> Option<Moment> {
    let said = sentence::for_client(entry, names, viewer.locale(), viewer.contact().id)?;
    let tone = match said.mark {
        Mark::Plain => Tone::Plain,
        Mark::Good => Tone::Ok,
        Mark::Warn => Tone::Warn,
        Mark::Bad => Tone::Bad,
    };
    Some(Moment {
        iso: entry.at.to_string(),
        when: viewer.locale().instant_short(entry.at, viewer.zone(), viewer.today()),
        tone,
        icon: icon(said.icon),
        what: html! { (said.text) },
        more: String::new(),
        next: false,
    })
}

fn icon(name: &str) -> Option<Icon> {
    Icon::ALL.iter().copied().find(|icon| icon.id().strip_prefix("i-") == Some(name))
}

/// What the client can expect to come.
fn next(viewer: &Viewer, (standing, due): (Standing, Date)) -> Option<Moment> {
    let Standing::Due { .. } = standing else { return None };
    Some(Moment {
        iso: due.to_string(),
        when: viewer.locale().date_short(due, viewer.today()),
        tone: Tone::Plain,
        icon: None,
        what: html! { "Due." },
        more: String::new(),
        next: true,
    })
}

/// The section with its moments.
pub fn section(viewer: &Viewer, moments: &[Moment]) -> Markup {
    let firm = &viewer.firm().party.name;
    let list = html! {
        (parts::timeline(moments))
        p.small.mut.gap-y { (firm) " sees the same list, with the network address each visit came from." }
    };
    html! { div.no-print { (parts::section("hist", "What has happened", html! {}, list)) } }
}
