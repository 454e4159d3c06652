//! The form in which invoices and quotes are written: for whom, when, the lines. Both use it; what only one of them has
//! stands in its own file.
//!
//! The typed fields are the form's only state: a press of any button draws the page again from them, without script.

use jiff::civil::Date;
use maud::{Markup, html};

use super::client_choice::ClientChoice;
use super::invoice_adjustments::Adjustments;
use super::invoice_lines::Lines;
use super::invoice_more::{self as more, Circumstances};
use super::invoice_terms::{Instalments, read_step};
use super::invoice_typed::amount;
use crate::domain::ids::{ClientId, ContactId, ProjectId};
use crate::domain::invoice::check_dates;
use crate::domain::money::{Currency, Money};
use crate::domain::person::Contact;
use crate::domain::project::Project;
use crate::domain::quote::fixed;
use crate::domain::refusal::Faults;
use crate::domain::tax::{Content, Prices, Totals, VatCategory, totals};
use crate::domain::terms::{DueRule, Terms};
use crate::domain::text;
use crate::secrets::Token;
use crate::store::prelude::*;
use crate::web::forms::{self, Fields};
use crate::web::guard::Desk;
use crate::web::parts::{self, Choice, Field, FieldError, Input};
use crate::web::problem::Problem;

/// Days for which a quote is offered unless another date is typed.
const QUOTE_DAYS: u16 = 30;

/// What is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    /// An invoice, due on a date.
    Invoice,
    /// A quote, valid until a date.
    Quote,
}

impl Paper {
    /// The name of the field of its second date.
    pub const fn until(self) -> &'static str {
        match self {
            Self::Invoice => "due",
            Self::Quote => "valid_until",
        }
    }
}

/// What a form says once it can be read.
#[derive(Clone, Debug)]
pub struct Head {
    /// For whom.
    pub client: ClientId,
    /// Filed under.
    pub project: Option<ProjectId>,
    /// What it is about.
    pub title: String,
    /// Of all amounts.
    pub currency: Currency,
    /// Date of issue.
    pub issued: Date,
    /// Due date, or last day of validity.
    pub until: Date,
    /// The buyer's reference.
    pub reference: String,
    /// Below the lines.
    pub note: String,
    /// The lines and all that is charged.
    pub content: Content,
    /// Lines that the client may choose, by number; of a quote.
    pub options: Vec<u32>,
    /// Instalments and early payment; of an invoice.
    pub terms: Terms,
    /// Order, delivery, period; of an invoice.
    pub circumstances: Circumstances,
}

/// A form with what it needs to be drawn.
pub struct Form {
    /// What was typed.
    pub fields: Fields,
    /// The lines as typed.
    pub lines: Lines,
    adjustments: Adjustments,
    instalments: Instalments,
    /// The client.
    pub client: ClientChoice,
    /// The client's contacts who may see the document.
    pub contacts: Vec<Contact>,
    /// What was wrong.
    pub errors: Vec<FieldError>,
    paper: Paper,
    projects: Vec<Project>,
    client_changed: bool,
}

impl Form {
    /// The form of typed `fields`; what follows from the client (currency, due date, people) is filled in where a new
    /// client was chosen.
    ///
    /// # Errors
    /// When the store fails.
    pub fn load(desk: &Desk, r: &ReadTx, fields: Fields, paper: Paper) -> Result<Self, Problem> {
        let client = ClientChoice::find(r, &desk.scope, fields.get("client"))?;
        let (mut projects, mut contacts) = (Vec::new(), Vec::new());
        if let Some(client) = &client.chosen {
            projects = r.projects_of(client.id)?;
            contacts = r.contacts_of(client.id)?;
        }
        let chosen = client.chosen.as_ref().map_or(String::new(), |c| c.id.to_string());
        let other = fields.get("was") != chosen;
        // Where nobody was chosen before, there was nothing of theirs to choose.
        let client_changed = other && !fields.get("was").is_empty() && !chosen.is_empty();
        let lines = Lines::typed(&fields);
        let (adjustments, instalments) = (Adjustments::typed(&fields), Instalments::typed(&fields));
        let errors = Vec::new();
        let mut form =
            Self { fields, lines, adjustments, instalments, client, contacts, errors, paper, projects, client_changed };
        form.projects.retain(|p| p.open || form.fields.get("project") == p.id.to_string());
        if other {
            form.fields.set("project", "");
        }
        let project = form.project();
        form.contacts.retain(|c| c.sees_billing(c.client, project));
        if other {
            form.follow_client(desk, &chosen);
        }
        Ok(form)
    }

    fn follow_client(&mut self, desk: &Desk, chosen: &str) {
        let typed = self.fields.get("currency").trim();
        let untouched = typed.is_empty() || typed == desk.firm.currency.code() || self.client_changed;
        if let Some(client) = self.client.chosen.as_ref().filter(|_| untouched) {
            self.fields.set("currency", client.currency.code());
        }
        self.fields.set("was", chosen);
        let usual: Vec<ContactId> = self.contacts.iter().filter(|c| c.rights.letters).map(|c| c.id).collect();
        self.tick(&usual);
    }

    /// Ticks exactly these recipients.
    pub fn tick(&mut self, contacts: &[ContactId]) {
        let kept = self.fields.pairs().filter(|x| x.0 != "to").map(|(n, v)| (n.to_owned(), v.to_owned()));
        let ticked = contacts.iter().map(|id| ("to".to_owned(), id.to_string()));
        self.fields = Fields::of(kept.chain(ticked).collect::<Vec<_>>());
    }

    /// Does what a button that only changes the page asks for; false when the form is to be read.
    pub fn edit(&mut self, desk: &Desk) -> bool {
        let (payable, due) = (self.payable(desk), forms::date("", self.fields.get(self.paper.until())).ok());
        let rows = self.lines.edit(&self.fields, &desk.firm)
            || self.adjustments.edit(&self.fields, &desk.firm)
            || self.instalments.edit(&self.fields, payable, due);
        let redraw = rows || matches!(self.fields.get("do"), "recalc" | "client" | "edit");
        if redraw {
            self.follow_terms(desk);
        }
        redraw
    }

    /// Fills in the second date until somebody types another one.
    pub fn follow_terms(&mut self, desk: &Desk) {
        let (until, was) = (self.fields.get(self.paper.until()).to_owned(), self.fields.get("until_was").to_owned());
        if let Some(last) = self.instalments.last_due() {
            return self.fields.set(self.paper.until(), last);
        }
        let Ok(issued) = forms::date("", self.fields.get("issued")) else { return };
        if until.trim().is_empty() || until == was {
            let date = self.rule(desk).due(issued).to_string();
            self.fields.set(self.paper.until(), date.clone());
            self.fields.set("until_was", date);
        }
    }

    fn rule(&self, desk: &Desk) -> DueRule {
        match self.paper {
            Paper::Quote => DueRule::Days(QUOTE_DAYS),
            Paper::Invoice => self.client.chosen.as_ref().map_or(desk.firm.terms, |c| c.terms),
        }
    }

    /// The project that is chosen, if it is the client's.
    pub fn project(&self) -> Option<ProjectId> {
        let chosen = self.fields.get("project");
        self.projects.iter().map(|p| p.id).find(|id| id.to_string() == chosen)
    }

    /// The currency of the amounts; the firm's while none can be read.
    pub fn currency(&self, desk: &Desk) -> Currency {
        self.fields.get("currency").parse().unwrap_or(desk.firm.currency)
    }

    /// Reads the form; what is wrong goes to `faults`.
    pub fn read(&self, desk: &Desk, faults: &mut Faults) -> Option<Head> {
        let typed = &self.fields;
        let client = self.client.chosen.as_ref().map(|c| c.id);
        if let Some(fault) = &self.client.fault {
            faults.add("client", fault.clone());
        } else if self.client_changed {
            faults.add("client", "The client is another one now: check project, dates and people, then save again.");
        }
        let title = faults.take(text::line("title", typed.get("title"), text::LINE_MAX));
        let currency = faults.take_opt(typed.get("currency").parse::<Currency>());
        let issued = faults.take_opt(forms::date("issued", typed.get("issued")));
        let until = self.read_until(desk, issued, faults);
        if let (Some(issued), Some(until)) = (issued, until) {
            self.check_dates(issued, until, faults);
        }
        let reference = faults.take(text::line("reference", typed.get("reference"), text::LINE_MAX));
        let note = faults.take(text::paragraph("note", typed.get("note")));
        let (content, options) = (self.content(desk, faults), self.options());
        let payable = self.payable(desk);
        let terms = self.instalments.read(typed, self.currency(desk), payable, faults);
        let circumstances = more::circumstances(typed, faults);
        let (client, currency, issued, until) = (client?, currency?, issued?, until?);
        let project = self.project();
        Some(Head {
            client,
            project,
            title,
            currency,
            issued,
            until,
            reference,
            note,
            content,
            options,
            terms,
            circumstances,
        })
    }

    /// All that is charged; what is wrong goes to `faults`.
    fn content(&self, desk: &Desk, faults: &mut Faults) -> Content {
        let (typed, currency) = (&self.fields, self.currency(desk));
        let lines = self.lines.read(currency, faults);
        let offered = Content {
            lines,
            adjustments: self.adjustments.read(currency, faults),
            prices: faults.take(more::prices(typed)),
            exemptions: more::exemptions(typed, faults),
            ..Content::default()
        };
        if self.paper == Paper::Quote {
            return offered;
        }
        Content {
            prepaid: faults.take(amount("prepaid", typed.get("prepaid"), currency)),
            round_to: read_step(typed, faults),
            accounting: more::accounting(typed, currency, faults),
            ..offered
        }
    }

    /// The lines that are options, by number; an invoice has none.
    fn options(&self) -> Vec<u32> {
        if self.paper == Paper::Quote { self.lines.options() } else { Vec::new() }
    }

    /// The totals, if everything that is charged can be read and they are within the limits.
    fn totals(&self, desk: &Desk) -> Option<Totals> {
        let mut faults = Faults::default();
        let content = fixed(&self.content(desk, &mut faults), &self.options());
        if faults.is_empty() { totals(&content, self.currency(desk)) } else { None }
    }

    fn payable(&self, desk: &Desk) -> Option<Money> {
        self.totals(desk).map(|x| x.payable())
    }

    fn read_until(&self, desk: &Desk, issued: Option<Date>, faults: &mut Faults) -> Option<Date> {
        let (name, typed) = (self.paper.until(), self.fields.get(self.paper.until()));
        // Of instalments the last one says it, and names its own fault.
        if let Some(last) = self.instalments.last_due() {
            return forms::date(name, &last).ok().or(issued);
        }
        match issued {
            Some(issued) if typed.trim().is_empty() => Some(self.rule(desk).due(issued)),
            _ => faults.take_opt(forms::date(name, typed)),
        }
    }

    fn check_dates(&self, issued: Date, until: Date, faults: &mut Faults) {
        // Those of a quote are checked with what it offers.
        if self.paper == Paper::Invoice {
            check_dates(faults, issued, until);
        }
    }

    /// Whom the letters go to: nobody named when it is whoever usually gets them.
    pub fn recipients(&self, faults: &mut Faults) -> Vec<ContactId> {
        let ticked: Vec<ContactId> = self.contacts.iter().map(|c| c.id).filter(|id| self.ticked(*id)).collect();
        let usual: Vec<ContactId> = self.contacts.iter().filter(|c| c.rights.letters).map(|c| c.id).collect();
        if ticked == usual {
            return Vec::new();
        }
        if ticked.is_empty() {
            faults.add("to", "Choose at least one person who gets the letter.");
        }
        ticked
    }

    /// Whether a contact's box is ticked.
    pub fn ticked(&self, id: ContactId) -> bool {
        self.fields.all("to").any(|x| x == id.to_string())
    }

    /// Takes the faults as the form's errors; true when there are any.
    pub fn refuse(&mut self, faults: Faults) -> bool {
        if let Err(refusal) = faults.check() {
            self.errors = forms::errors_from(&refusal, "client");
        }
        !self.errors.is_empty()
    }

    /// The first section: for whom, and when.
    pub fn draw_head(&self) -> Markup {
        let (typed, errors) = (&self.fields, self.errors.as_slice());
        let field =
            |name: &'static str, label: &'static str| Field::new(name, label).value(typed.get(name)).errors(errors);
        let until = if self.paper == Paper::Invoice { "Due date" } else { "Valid until" };
        let body = html! {
            (parts::hidden("once", typed.get("once")))
            div.grid4 {
                (self.client.draw(typed.get("client"), "g2", errors))
                (self.draw_project())
                (parts::input(&field("title", "What it is about").optional().class("g2"), Input::Text))
                (parts::date(&field("issued", "Issue date"), None, None))
                (parts::date(&field(self.paper.until(), until), None, None))
                (parts::input(&field("currency", "Currency"), Input::Text))
                @if self.paper == Paper::Invoice {
                    (parts::input(&field("reference", "Client’s reference").optional(), Input::Text))
                }
            }
            (parts::hidden("was", typed.get("was")))
            (parts::hidden("until_was", typed.get("until_was")))
            p { (parts::submit_as(parts::Look::Quiet, "do", "client", "Show this client’s projects, terms and people")) }
        };
        parts::section("for-whom", "For whom, and when", "", body)
    }

    fn draw_project(&self) -> Markup {
        let ids: Vec<String> = self.projects.iter().map(|p| p.id.to_string()).collect();
        let names = self.projects.iter().zip(&ids).map(|(p, id)| Choice::new(id, &p.name));
        let choices: Vec<Choice<'_>> = std::iter::once(Choice::new("", "None")).chain(names).collect();
        let field = Field::new("project", "Project").class("g2").value(self.fields.get("project")).errors(&self.errors);
        parts::select(&field, &choices)
    }

    /// The second section: the lines and the note under them.
    pub fn draw_lines(&self, desk: &Desk) -> Markup {
        let currency = self.currency(desk);
        let note = Field::new("note", "Note to the client").value(self.fields.get("note")).errors(&self.errors);
        let note = note.optional().hint("Printed under the lines.");
        let totals = self.totals(desk);
        let lines = self.lines.draw(&desk.firm, currency, totals.as_ref(), self.paper == Paper::Quote, &self.errors);
        let body = html! { (lines) (parts::textarea(&note, 2)) };
        let with = if more::prices(&self.fields) == Ok(Prices::Gross) { "include" } else { "are without" };
        parts::section("lines", "Lines", html! { "Prices " (with) " VAT, in " (currency.code()) }, body)
    }

    /// What most documents do without, each part closed while nothing is in it.
    pub fn draw_more(&self, desk: &Desk) -> Markup {
        let (typed, errors, currency) = (&self.fields, self.errors.as_slice(), self.currency(desk));
        let content = self.content(desk, &mut Faults::default());
        let used: Vec<VatCategory> = content.vats().map(|x| x.category).collect();
        let invoice = self.paper == Paper::Invoice;
        let body = html! {
            (self.adjustments.draw(&desk.firm, errors))
            @if invoice { (self.instalments.draw(typed, currency, errors)) (more::draw_circumstances(typed, errors)) }
            (more::draw_vat(typed, &used, invoice, errors))
        };
        parts::section("more", "If you need it", "", body)
    }
}

/// What a form has in common with no client chosen yet.
pub fn blank(desk: &Desk, client: &str) -> Vec<(String, String)> {
    let pair = |name: &str, value: String| (name.to_owned(), value);
    let mut pairs = vec![
        pair("client", client.to_owned()),
        pair("issued", desk.today().to_string()),
        pair("currency", desk.firm.currency.code().to_owned()),
        // So that the form sent twice makes one document.
        pair("once", draw_once(desk)),
    ];
    pairs.extend(Lines::new(&desk.firm).pairs());
    pairs
}

/// Draws a key for a form, for what it makes.
pub fn draw_once(desk: &Desk) -> String {
    Token::draw(&desk.app.entropy).reveal()
}

/// The key that a form drew for itself, for what it makes.
pub fn once(fields: &Fields) -> Option<String> {
    Token::parse(fields.get("once")).map(|token| token.reveal())
}

/// The pairs of a kept document's head and lines.
pub fn kept(desk: &Desk, paper: Paper, head: &Head) -> Vec<(String, String)> {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let client = head.client.to_string();
    let mut pairs = vec![
        pair("client", &client),
        pair("was", &client),
        pair("project", &head.project.map_or(String::new(), |p| p.to_string())),
        pair("title", &head.title),
        pair("currency", head.currency.code()),
        pair("issued", &head.issued.to_string()),
        pair(paper.until(), &head.until.to_string()),
        pair("reference", &head.reference),
        pair("note", &head.note),
    ];
    pairs.extend(Lines::of(&head.content.lines, &head.options, head.currency, &desk.firm).pairs());
    pairs
}
