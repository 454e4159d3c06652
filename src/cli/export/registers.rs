//! The registers: every record of a kind as one CSV file.

use super::super::Failure;
use super::archive::Archive;
use super::write::Writer;
use crate::documents::csv_line as line;
use crate::domain::dispute::Part;
use crate::domain::event::Actor;
use crate::domain::invoice::{Body, Invoice, Kind};
use crate::domain::money::{Currency, Money};
use crate::domain::payment::Source;
use crate::domain::person::Person;
use crate::domain::quote::Answer;
use crate::domain::tax::{Line, Portion};
use crate::store::prelude::*;
use crate::store::walk::WalkReads;

/// Headings of the register of lines, of invoices and quotes.
const LINES: [&str; 9] =
    ["Document", "Line", "Description", "Quantity", "Unit", "Price", "Discount %", "VAT category", "VAT rate %"];

/// Headings of the register of month-end statements, a row for each account.
const STATEMENTS: [&str; 12] = [
    "Statement",
    "Client",
    "From",
    "To",
    "Currency",
    "Opening",
    "Charged",
    "Settled",
    "Closing",
    "Published at",
    "PDF SHA-256",
    "Replaces",
];

/// Headings of the register of refunds.
const REFUNDS: [&str; 12] = [
    "Refund",
    "Client",
    "From",
    "Receipt or credit note",
    "Paid back on",
    "Currency",
    "Amount",
    "Method",
    "Reference",
    "Recorded at",
    "Returned on",
    "Reason",
];

/// Headings of the register of promises to pay.
const PROMISES: [&str; 14] = [
    "Promise",
    "Client",
    "Invoice",
    "Made by",
    "Person",
    "Made on",
    "Made at",
    "By",
    "Days of grace",
    "Currency",
    "Amount",
    "Note",
    "Became",
    "Since",
];

/// Headings of the register of disputes.
const DISPUTES: [&str; 19] = [
    "Dispute",
    "Client",
    "Invoice",
    "Raised by",
    "Person",
    "Raised on",
    "Raised at",
    "Part",
    "Lines",
    "Currency",
    "Amount",
    "Ground",
    "Words",
    "With",
    "Became",
    "Since",
    "To be credited",
    "Answered by",
    "Answer",
];

impl<A: Archive> Writer<'_, A> {
    /// Writes all of them but the activity log.
    pub(super) fn registers(&mut self) -> Result<(), Failure> {
        self.people()?;
        self.documents()?;
        self.lines()?;
        self.money()?;
        self.promises()?;
        self.disputes()
    }

    fn disputes(&mut self) -> Result<(), Failure> {
        self.register("disputes", &DISPUTES)?;
        let r = self.r;
        r.each_dispute(|x| {
            let (by, person) = match x.by {
                Person::Contact(id) => ("contact", id.to_string()),
                Person::Staff(id) => ("staff", id.to_string()),
            };
            let (part, lines) = match &x.part {
                Part::Whole => ("whole", String::new()),
                Part::Lines(lines) => {
                    ("lines", lines.iter().map(|at| (at + 1).to_string()).collect::<Vec<_>>().join(" "))
                }
                Part::Amount(_) => ("amount", String::new()),
            };
            let (answered, answer) = match &x.answer {
                Some(answer) => (answer.by.to_string(), answer.words.clone()),
                None => Default::default(),
            };
            self.row(&[
                x.id.to_string(),
                x.client.to_string(),
                x.invoice.to_string(),
                by.to_owned(),
                person,
                x.made.to_string(),
                x.at.to_string(),
                part.to_owned(),
                lines,
                x.amount.currency.to_string(),
                decimal(x.amount),
                x.ground.code().to_owned(),
                x.words.clone(),
                x.with.to_string(),
                x.outcome.words().to_owned(),
                x.outcome.since().map_or_else(String::new, |on| on.to_string()),
                yes(x.waits).to_owned(),
                answered,
                answer,
            ])
        })
    }

    fn promises(&mut self) -> Result<(), Failure> {
        self.register("promises", &PROMISES)?;
        let r = self.r;
        r.each_promise(|x| {
            let (by, person) = match x.by {
                Person::Contact(id) => ("contact", id.to_string()),
                Person::Staff(id) => ("staff", id.to_string()),
            };
            self.row(&[
                x.id.to_string(),
                x.client.to_string(),
                x.invoice.to_string(),
                by.to_owned(),
                person,
                x.made.to_string(),
                x.at.to_string(),
                x.day.to_string(),
                x.grace.to_string(),
                x.amount.currency.to_string(),
                decimal(x.amount),
                x.note.clone(),
                x.outcome.words().to_owned(),
                x.outcome.since().map_or_else(String::new, |on| on.to_string()),
            ])
        })
    }

    pub(super) fn register(&mut self, name: &str, headings: &[&str]) -> Result<(), Failure> {
        self.archive.file(&format!("registers/{name}.csv"))?;
        self.archive.add("\u{feff}".as_bytes())?;
        self.row(headings)
    }

    pub(super) fn row<T: AsRef<str>>(&mut self, cells: &[T]) -> Result<(), Failure> {
        self.archive.add(line(cells).as_bytes())
    }

    fn people(&mut self) -> Result<(), Failure> {
        self.register("clients", &["Client", "Name", "Address", "Country", "VAT", "Reference", "Currency", "Note"])?;
        self.each_client(|w, c| {
            let (party, id, address) = (&c.party, c.id.to_string(), c.party.lines().join(", "));
            let (country, vat, currency) = (&party.country, &party.vat_id, c.currency.code());
            w.row(&[id.as_str(), &party.name, &address, country, vat, &c.reference, currency, &c.note])
        })?;
        self.register("contacts", &["Contact", "Client", "Name", "Title", "E-mail", "Telephone", "Active"])?;
        let r = self.r;
        r.each_contact(|c| {
            let (id, client, email) = (c.id.to_string(), c.client.to_string(), c.email.to_string());
            self.row(&[id.as_str(), &client, &c.name, &c.title, &email, &c.phone, yes(c.active)])
        })?;
        self.register("projects", &["Project", "Client", "Name", "Open"])?;
        r.each_project(|p| self.row(&[p.id.to_string(), p.client.to_string(), p.name, yes(p.open).to_owned()]))?;
        self.register("staff", &["Staff", "Name", "E-mail", "Role", "Active"])?;
        for s in r.all_staff()? {
            self.row(&[s.id.to_string().as_str(), &s.name, s.email.as_str(), s.role.words(), yes(s.active)])?;
        }
        Ok(())
    }

    fn documents(&mut self) -> Result<(), Failure> {
        let headings = [
            "Document",
            "Kind",
            "Number",
            "Client",
            "Project",
            "Title",
            "Dated",
            "Due",
            "Currency",
            "Total",
            "Open",
            "Credits",
            "Reference",
            "Note",
            "Issued at",
            "PDF SHA-256",
            "Quote",
            "Late payment of",
            "Late payment until",
        ];
        self.register("documents", &headings)?;
        let r = self.r;
        r.each_invoice(|i| {
            let open = i.open(r.settled(i.id)?);
            let (number, at, digest) = i.issue.as_ref().map_or_else(Default::default, |issue| {
                (issue.number.to_string(), issue.at.to_string(), issue.pdf.digest.to_string())
            });
            let credits = match i.kind {
                Kind::CreditNote(of) => of.to_string(),
                Kind::Invoice => String::new(),
            };
            let project = i.project.map(|p| p.to_string()).unwrap_or_default();
            let (late_of, until) =
                i.late.as_ref().map_or_else(Default::default, |x| (x.of.to_string(), x.until.to_string()));
            self.row(&[
                i.id.to_string(),
                kind(&i).to_owned(),
                number,
                i.client.to_string(),
                project,
                i.title.clone(),
                i.dated.to_string(),
                i.due.to_string(),
                i.currency.to_string(),
                decimal(i.payable()),
                decimal(open),
                credits,
                i.reference.clone(),
                i.note.clone(),
                at,
                digest,
                i.quote.as_ref().map_or_else(String::new, |x| x.number.to_string()),
                late_of,
                until,
            ])
        })?;
        let headings = [
            "Quote",
            "Number",
            "Client",
            "Title",
            "Issued",
            "Valid until",
            "Currency",
            "Total",
            "Answer",
            "Answered by",
            "Answered at",
            "PDF SHA-256",
            "Version",
            "Options chosen",
            "Accepted total",
            "Terms SHA-256",
        ];
        self.register("quotes", &headings)?;
        r.each_quote(|q| {
            let offer = &q.current;
            let (answer, given) = match &offer.answer {
                Answer::Open => ("open", None),
                Answer::Accepted(given, _) => ("accepted", Some(given)),
                Answer::Declined(given, _) => ("declined", Some(given)),
            };
            let (by, at) = given.map_or_else(Default::default, |g| (g.name.clone(), g.at.to_string()));
            let (options, accepted, terms) = q.accepted().map_or_else(Default::default, |(_, choice)| {
                let options: Vec<String> = choice.options.iter().map(ToString::to_string).collect();
                (options.join(" "), decimal(choice.total), choice.terms.to_string())
            });
            let total = offer.totals.payable();
            self.row(&[
                q.id.to_string(),
                q.number.to_string(),
                q.client.to_string(),
                offer.title.clone(),
                offer.issued.to_string(),
                offer.valid_until.to_string(),
                total.currency.to_string(),
                decimal(total),
                answer.to_owned(),
                by,
                at,
                offer.pdf.digest.to_string(),
                q.latest().to_string(),
                options,
                accepted,
                terms,
            ])
        })
    }

    fn lines(&mut self) -> Result<(), Failure> {
        self.register("lines", &LINES)?;
        let r = self.r;
        r.each_invoice(|i| match &i.body {
            Body::Composed(content) => self.lines_of(&i.id.to_string(), &content.lines, i.currency),
            Body::Published(_) => Ok(()),
        })?;
        self.register("quote-lines", &LINES)?;
        r.each_quote(|q| self.lines_of(&q.id.to_string(), &q.current.content.lines, q.current.currency()))
    }

    fn lines_of(&mut self, document: &str, lines: &[Line], currency: Currency) -> Result<(), Failure> {
        for (n, l) in (1_u32..).zip(lines) {
            self.row(&[
                document.to_owned(),
                n.to_string(),
                l.description.clone(),
                l.quantity.to_string(),
                l.unit.suffix().to_owned(),
                l.price.to_string(),
                match l.discount.portion {
                    Portion::Percent(percent) => percent.to_string(),
                    Portion::Amount(minor) => decimal(Money::new(minor, currency)),
                },
                format!("{:?}", l.vat.category),
                l.vat.rate.to_string(),
            ])?;
        }
        Ok(())
    }

    fn money(&mut self) -> Result<(), Failure> {
        let headings = [
            "Receipt",
            "Client",
            "Received",
            "Currency",
            "Amount",
            "Method",
            "Reference",
            "Recorded at",
            "Taken back on",
            "Why",
            "Reason",
            "Number",
        ];
        self.register("receipts", &headings)?;
        let r = self.r;
        r.each_receipt(|x| {
            let back = x.reversed.as_ref();
            self.row(&[
                x.id.to_string(),
                x.client.to_string(),
                x.on.to_string(),
                x.amount.currency.to_string(),
                decimal(x.amount),
                x.method.words().to_owned(),
                x.reference.clone(),
                x.at.to_string(),
                back.map_or_else(String::new, |b| b.on.to_string()),
                back.map_or_else(String::new, |b| b.cause.words().to_owned()),
                back.map_or_else(String::new, |b| b.reason.clone()),
                x.number.to_string(),
            ])
        })?;
        self.register("refunds", &REFUNDS)?;
        r.each_refund(|x| {
            let (from, id) = origin(x.source);
            let back = x.returned.as_ref();
            self.row(&[
                x.id.to_string(),
                x.client.to_string(),
                from.to_owned(),
                id,
                x.on.to_string(),
                x.amount.currency.to_string(),
                decimal(x.amount),
                x.method.words().to_owned(),
                x.reference.clone(),
                x.at.to_string(),
                back.map_or_else(String::new, |b| b.on.to_string()),
                back.map_or_else(String::new, |b| b.reason.clone()),
            ])
        })?;
        self.register("statements", &STATEMENTS)?;
        r.each_statement(|x| {
            for account in &x.accounts {
                let (currency, s) = (account.currency, &account.statement);
                let figure = |minor| decimal(Money::new(minor, currency));
                self.row(&[
                    x.id.to_string(),
                    x.client.to_string(),
                    x.month.to_string(),
                    x.period().1.to_string(),
                    currency.to_string(),
                    figure(s.opening),
                    figure(s.charged),
                    figure(s.settled),
                    figure(s.closing),
                    x.at.to_string(),
                    x.pdf.digest.to_string(),
                    x.replaces.map_or_else(String::new, |id| id.to_string()),
                ])?;
            }
            Ok::<_, Failure>(())
        })?;
        self.register("allocations", &["Invoice", "From", "Receipt or credit note", "On", "Currency", "Amount"])?;
        r.each_allocation(|a| {
            let (from, id) = origin(a.source);
            let amount = (a.amount.currency.to_string(), decimal(a.amount));
            self.row(&[a.invoice.to_string(), from.to_owned(), id, a.on.to_string(), amount.0, amount.1])
        })
    }
}

/// What something came from, and its identifier.
fn origin(source: Source) -> (&'static str, String) {
    match source {
        Source::Receipt(id) => ("receipt", id.to_string()),
        Source::Credit(id) => ("credit note", id.to_string()),
        Source::EarlyPayment(_) => ("discount for early payment", String::new()),
        Source::WrittenOff(_) => ("written off", String::new()),
    }
}

fn yes(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

/// What a document is.
pub(super) fn kind(invoice: &Invoice) -> &'static str {
    match (invoice.is_invoice(), invoice.issue.is_some()) {
        (true, true) => "invoice",
        (false, true) => "credit note",
        (_, false) => "draft",
    }
}

pub(super) fn decimal(money: Money) -> String {
    money.decimal().to_string()
}

/// Which kind of actor did something.
pub(super) fn actor(actor: &Actor) -> &'static str {
    match actor {
        Actor::Staff(_) => "staff",
        Actor::Contact(_) => "client",
        Actor::Visitor => "visitor",
        Actor::Counterfoil(_) => "Counterfoil itself",
        Actor::CommandLine => "command line",
    }
}
