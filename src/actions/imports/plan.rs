//! What an import would do: everything that was read, compared with what is here. Reads only, so that the same plan is
//! the dry run's report and the act's order of work.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::book::{Book, Match, called, of_email};
use super::intake::{ClientRow, ContactRow, DocumentRow, Entry, Intake, PaymentRow, Remark, What};
use crate::actions::clients::NewClient;
use crate::actions::people::NewContact;
use crate::domain::access::{Act, StaffScope};
use crate::domain::client::Party;
use crate::domain::firm::Firm;
use crate::domain::ids::{ClientId, InvoiceId};
use crate::domain::money::{Currency, Money};
use crate::domain::person::{ProjectAccess, Rights};
use crate::domain::refusal::Refusal;
use crate::domain::text::EmailAddress;
use crate::store::prelude::*;

/// What whoever imports decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choices {
    /// Clients that are not here yet are added.
    pub add_clients: bool,
    /// Reminders are sent of what is open.
    pub remind: bool,
    /// What can't be brought in is left out, and the rest comes in.
    pub leave_out: bool,
    /// Documents that name another seller than the firm come in too.
    pub any_seller: bool,
}

impl Default for Choices {
    fn default() -> Self {
        Self { add_clients: true, remind: false, leave_out: false, any_seller: false }
    }
}

/// A client that is here, or one that comes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Here.
    Known(ClientId),
    /// The n-th of the new ones.
    New(usize),
}

/// An invoice that is here, or one that comes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Here.
    Known(InvoiceId),
    /// The n-th of the documents.
    New(usize),
}

/// A document to be kept.
#[derive(Clone, Debug)]
pub struct PlannedDocument<'i> {
    /// Whose.
    pub whose: Whose,
    /// What a credit note takes back.
    pub credits: Option<Which>,
    /// What was read.
    pub row: &'i DocumentRow,
}

/// A payment to be recorded.
#[derive(Clone, Debug)]
pub struct PlannedPayment<'i> {
    /// Whose.
    pub whose: Whose,
    /// What it settles, if it says so.
    pub of: Option<Which>,
    /// How much.
    pub amount: Money,
    /// What was read.
    pub row: &'i PaymentRow,
}

/// What an import would do.
#[derive(Debug, Default)]
pub struct Plan<'i> {
    /// Clients to add.
    pub clients: Vec<NewClient>,
    /// Contacts to add.
    pub contacts: Vec<(Whose, NewContact)>,
    /// Documents to keep: invoices first, then credit notes.
    pub documents: Vec<PlannedDocument<'i>>,
    /// Payments to record, by date.
    pub payments: Vec<PlannedPayment<'i>>,
    /// What was noticed, after what was noticed while reading.
    pub remarks: Vec<Remark>,
}

/// Compares what was read with what is here.
///
/// # Errors
/// When the role does not allow it or the store fails.
pub fn plan<'i>(
    reader: &impl Reader,
    scope: &StaffScope,
    intake: &'i Intake,
    choices: Choices,
) -> Result<Plan<'i>, ActError> {
    scope.may(Act::Work)?;
    if scope.only().is_some() {
        return Err(Refusal::NotAllowed.into());
    }
    let firm = reader.firm()?;
    let mut planner = Planner {
        reader,
        firm,
        choices,
        book: Book::gather(reader, scope)?,
        new_by_name: HashMap::new(),
        new_by_vat: HashMap::new(),
        emails: HashMap::new(),
        numbers: HashMap::new(),
        left: BTreeMap::new(),
        plan: Plan::default(),
    };
    planner.again(intake)?;
    let entries = || intake.entries.iter();
    for entry in entries() {
        if let What::Client(row) = &entry.what {
            planner.client(entry, row)?;
        }
    }
    for entry in entries() {
        if let What::Contact(row) = &entry.what {
            planner.contact_of(entry, row)?;
        }
    }
    for credit in [false, true] {
        for entry in entries() {
            match &entry.what {
                What::Document(row) if row.incoming.credit == credit => planner.document(entry, row)?,
                _ => {}
            }
        }
    }
    let mut payments: Vec<(&Entry, &PaymentRow)> = Vec::new();
    for entry in entries() {
        if let What::Payment(row) = &entry.what {
            payments.push((entry, row));
        }
    }
    payments.sort_by_key(|x| x.1.on);
    for (entry, row) in payments {
        planner.payment(entry, row)?;
    }
    Ok(planner.plan)
}

struct Planner<'i, 'r, R> {
    reader: &'r R,
    firm: Firm,
    choices: Choices,
    book: Book,
    new_by_name: HashMap<String, usize>,
    new_by_vat: HashMap<String, usize>,
    /// Addresses of contacts that come along, and whose they are.
    emails: HashMap<String, Whose>,
    /// Numbers of documents that come along.
    numbers: HashMap<String, usize>,
    /// What stays open of an invoice after everything planned so far, in minor units.
    left: BTreeMap<(bool, u64), i64>,
    plan: Plan<'i>,
}

impl<'i, R: Reader> Planner<'i, '_, R> {
    fn note(&mut self, entry: &Entry, column: &str, grave: bool, message: impl Into<String>) {
        let (file, row, column) = (Arc::clone(&entry.file), entry.row, column.to_owned());
        self.plan.remarks.push(Remark { file, row, column, grave, message: message.into() });
    }

    /// The same files again are refused as a whole.
    fn again(&mut self, intake: &Intake) -> Result<(), StoreError> {
        let before = self.reader.imports(super::IMPORTS_SHOWN)?;
        if let Some(same) = before.iter().find(|x| x.digest == intake.digest && x.undone.is_none()) {
            let message = format!("These files were imported already (import {}). Undo that first.", same.id);
            let file: Arc<str> = intake.files.as_str().into();
            self.plan.remarks.push(Remark { file, row: 0, column: String::new(), grave: true, message });
        }
        Ok(())
    }

    /// Who is called so, here or among those that come along.
    fn called(&self, word: &str) -> Result<Option<Whose>, ()> {
        match self.book.called(word) {
            Match::One(id) => Ok(Some(Whose::Known(id))),
            Match::Several => Err(()),
            Match::None => {
                Ok(self.new_by_name.get(&called(word)).or_else(|| self.new_by_vat.get(word)).map(|x| Whose::New(*x)))
            }
        }
    }

    fn client(&mut self, entry: &Entry, row: &ClientRow) -> Result<(), StoreError> {
        let word = if row.party.vat_id.is_empty() { &row.party.name } else { &row.party.vat_id };
        let found = self.called(word).and_then(|x| if x.is_none() { self.called(&row.party.name) } else { Ok(x) });
        let whose = match found {
            Err(()) => {
                self.note(entry, "client", true, format!("Several clients here are called {:?}.", row.party.name));
                return Ok(());
            }
            Ok(Some(whose)) => {
                if let Whose::Known(_) = whose {
                    self.note(
                        entry,
                        "client",
                        false,
                        format!("{} is here already and stays as it is.", row.party.name),
                    );
                }
                whose
            }
            Ok(None) => self.add(NewClient {
                party: row.party.clone(),
                reference: row.reference.clone(),
                language: row.language,
                currency: row.currency.unwrap_or(self.firm.currency),
                terms: row.terms.unwrap_or(self.firm.terms),
                manager: None,
                note: row.note.clone(),
            }),
        };
        match &row.contact {
            Some(contact) => self.contact(entry, whose, contact),
            None => Ok(()),
        }
    }

    fn add(&mut self, client: NewClient) -> Whose {
        let at = self.plan.clients.len();
        self.new_by_name.insert(called(&client.party.name), at);
        if !client.party.vat_id.is_empty() {
            self.new_by_vat.insert(client.party.vat_id.clone(), at);
        }
        self.plan.clients.push(client);
        Whose::New(at)
    }

    fn contact_of(&mut self, entry: &Entry, row: &ContactRow) -> Result<(), StoreError> {
        match self.called(&row.client) {
            Ok(Some(whose)) => self.contact(entry, whose, row),
            Ok(None) => {
                self.note(entry, "client", true, format!("No client is called {:?}.", row.client));
                Ok(())
            }
            Err(()) => {
                self.note(entry, "client", true, format!("Several clients are called {:?}.", row.client));
                Ok(())
            }
        }
    }

    fn contact(&mut self, entry: &Entry, whose: Whose, row: &ContactRow) -> Result<(), StoreError> {
        let email = match EmailAddress::parse("email", &row.email) {
            Ok(email) => email,
            Err(fault) => {
                self.note(entry, "email", true, format!("{:?}: {}", row.email, fault.message));
                return Ok(());
            }
        };
        if self.reader.login(&email)?.is_some() || self.emails.contains_key(&email.folded()) {
            self.note(entry, "email", false, format!("{email} signs somebody in already; this contact is left out."));
            return Ok(());
        }
        self.emails.insert(email.folded(), whose);
        let name = if row.name.is_empty() { email.as_str().to_owned() } else { row.name.clone() };
        let rights =
            Rights { billing: true, answer: true, letters: true, documents: true, projects: ProjectAccess::All };
        let (title, phone) = (row.title.clone(), row.phone.clone());
        let (language, zone) = (row.language, None);
        let contact = NewContact { name, title, email, phone, language, zone, rights, leads: false, invite: false };
        self.plan.contacts.push((whose, contact));
        Ok(())
    }

    fn document(&mut self, entry: &Entry, row: &'i DocumentRow) -> Result<(), StoreError> {
        let number = &row.incoming.number;
        let key = number.folded();
        if self.reader.invoice_numbered(number)?.is_some() {
            self.note(entry, "number", true, format!("A document with the number {number} is here already."));
            return Ok(());
        }
        if self.numbers.contains_key(&key) {
            self.note(entry, "number", true, format!("The number {number} stands in what is imported more than once."));
            return Ok(());
        }
        if !self.is_ours(entry, row) {
            return Ok(());
        }
        let Some(whose) = self.buyer(entry, row)? else { return Ok(()) };
        let credits = match row.incoming.credit {
            true => match self.credited(entry, row, whose)? {
                Some(of) => Some(of),
                None => return Ok(()),
            },
            false => None,
        };
        let at = self.plan.documents.len();
        self.numbers.insert(key, at);
        if let Some(of) = credits {
            let payable = row.incoming.totals.payable;
            let left = self.left(of)?;
            self.settle(of, payable.min(left));
        } else {
            self.left.insert((true, at as u64), row.incoming.totals.payable);
        }
        self.plan.documents.push(PlannedDocument { whose, credits, row });
        Ok(())
    }

    /// Whether the firm itself charges. What another firm sent is no business of this one's clients.
    fn is_ours(&mut self, entry: &Entry, row: &DocumentRow) -> bool {
        let Some(seller) = row.incoming.seller.as_ref().filter(|_| !self.choices.any_seller) else { return true };
        if is_firm(&self.firm.party, seller) {
            return true;
        }
        let message = format!("It was issued by {}, not by {}.", seller.name, self.firm.party.name);
        self.note(entry, "seller", true, message);
        false
    }

    fn buyer(&mut self, entry: &Entry, row: &DocumentRow) -> Result<Option<Whose>, StoreError> {
        let buyer = &row.incoming.buyer;
        let mut found = self.book.buyer(buyer);
        if found == Match::None && !row.client.is_empty() {
            found = self.book.called(&row.client);
        }
        match found {
            Match::One(id) => return Ok(Some(Whose::Known(id))),
            Match::Several => {
                self.note(entry, "client", true, format!("Several clients here are called {:?}.", buyer.name));
                return Ok(None);
            }
            Match::None => {}
        }
        let vat = self.new_by_vat.get(&buyer.vat_id).filter(|_| !buyer.vat_id.is_empty());
        if let Some(at) = vat.or_else(|| self.new_by_name.get(&called(&buyer.name))) {
            return Ok(Some(Whose::New(*at)));
        }
        if let Some(id) = of_email(self.reader, &row.email)? {
            self.note(entry, "client", false, format!("{:?} is known by the address {}.", buyer.name, row.email));
            return Ok(Some(Whose::Known(id)));
        }
        if !self.choices.add_clients {
            self.note(entry, "client", true, format!("No client is called {:?}.", buyer.name));
            return Ok(None);
        }
        let new = NewClient {
            party: buyer.clone(),
            reference: String::new(),
            language: None,
            currency: row.incoming.currency,
            terms: self.firm.terms,
            manager: None,
            note: String::new(),
        };
        Ok(Some(self.add(new)))
    }

    fn credited(&mut self, entry: &Entry, row: &DocumentRow, whose: Whose) -> Result<Option<Which>, StoreError> {
        let of = &row.incoming.credits;
        if of.is_empty() {
            self.note(entry, "of", true, "It does not say which invoice it takes back (BT-25).");
            return Ok(None);
        }
        let Some((which, owner, currency, is_invoice)) = self.numbered(of)? else {
            self.note(
                entry,
                "of",
                true,
                format!("The invoice {of} that it takes back is neither here nor comes along."),
            );
            return Ok(None);
        };
        if owner != whose || currency != row.incoming.currency || !is_invoice {
            self.note(entry, "of", true, format!("{of} is no invoice of the same client in the same currency."));
            return Ok(None);
        }
        Ok(Some(which))
    }

    /// A document by its number: which, whose, in which currency, and whether it is an invoice.
    fn numbered(&self, text: &str) -> Result<Option<(Which, Whose, Currency, bool)>, StoreError> {
        let Ok(number) = text.parse::<crate::domain::number::DocumentNumber>() else { return Ok(None) };
        if let Some((at, document)) =
            self.numbers.get(&number.folded()).and_then(|at| Some((*at, self.plan.documents.get(*at)?)))
        {
            let row = &document.row.incoming;
            return Ok(Some((Which::New(at), document.whose, row.currency, !row.credit)));
        }
        let found = self.reader.invoice_numbered(&number)?.map(|id| self.reader.invoice(id)).transpose()?.flatten();
        Ok(found.map(|x| (Which::Known(x.id), Whose::Known(x.client), x.currency, x.is_invoice())))
    }

    fn left(&mut self, of: Which) -> Result<i64, StoreError> {
        let key = key_of(of);
        if let Some(left) = self.left.get(&key) {
            return Ok(*left);
        }
        let open = match of {
            Which::Known(id) => self.reader.invoice_row(id)?.map_or(0, |x| x.open().minor),
            Which::New(_) => 0,
        };
        self.left.insert(key, open);
        Ok(open)
    }

    fn settle(&mut self, of: Which, minor: i64) {
        if let Some(left) = self.left.get_mut(&key_of(of)) {
            *left = left.saturating_sub(minor);
        }
    }

    fn payment(&mut self, entry: &Entry, row: &'i PaymentRow) -> Result<(), StoreError> {
        let mut of = None;
        if !row.number.is_empty() {
            of = self.numbered(&row.number)?.filter(|x| x.3);
            if of.is_none() {
                self.note(entry, "number", true, format!("No invoice {} is here or comes along.", row.number));
                return Ok(());
            }
        }
        let named = match self.called(&row.client) {
            Err(()) if of.is_none() => {
                self.note(entry, "client", true, format!("Several clients are called {:?}.", row.client));
                return Ok(());
            }
            named => named.ok().flatten(),
        };
        let whose = match (named, of) {
            (Some(named), Some((_, owner, ..))) if named != owner => {
                let message = format!("The invoice {} is not one of {}.", row.number, row.client);
                self.note(entry, "number", true, message);
                return Ok(());
            }
            (_, Some((_, owner, ..))) => owner,
            (Some(named), None) => named,
            (None, None) => {
                self.note(entry, "client", true, format!("No client is called {:?}.", row.client));
                return Ok(());
            }
        };
        let Some(amount) = self.amount(entry, row, whose, of.map(|x| x.2))? else { return Ok(()) };
        if let Some((which, ..)) = of {
            let left = self.left(which)?;
            if amount.minor > left {
                let more = Money::new(amount.minor.saturating_sub(left), amount.currency);
                let message = format!("{more} of it is more than is open of {}; it stays on account.", row.number);
                self.note(entry, "amount", false, message);
            }
            self.settle(which, amount.minor.min(left));
        }
        self.plan.payments.push(PlannedPayment { whose, of: of.map(|x| x.0), amount, row });
        Ok(())
    }

    fn amount(
        &mut self,
        entry: &Entry,
        row: &PaymentRow,
        whose: Whose,
        of: Option<Currency>,
    ) -> Result<Option<Money>, StoreError> {
        let clients = match whose {
            Whose::Known(id) => self.reader.client(id)?.map(|x| x.currency),
            Whose::New(at) => self.plan.clients.get(at).map(|x| x.currency),
        };
        let currency = row.currency.or(of).or(clients).unwrap_or(self.firm.currency);
        if of.is_some_and(|x| x != currency) {
            self.note(entry, "currency", true, Refusal::OtherCurrency.to_string());
            return Ok(None);
        }
        let amount = Money::round(row.amount, currency).filter(|x| x.decimal() == row.amount && x.minor > 0);
        if amount.is_none() {
            self.note(entry, "amount", true, format!("{} is no amount of money in {currency}.", row.amount));
        }
        Ok(amount)
    }
}

fn key_of(of: Which) -> (bool, u64) {
    match of {
        Which::Known(id) => (false, id.0),
        Which::New(at) => (true, at as u64),
    }
}

/// Whether a document's seller is the firm: by VAT number where both have one, or else by name.
pub fn is_firm(firm: &Party, seller: &Party) -> bool {
    let bare = |x: &str| x.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    if firm.vat_id.is_empty() || seller.vat_id.is_empty() {
        return called(&firm.name) == called(&seller.name);
    }
    bare(&firm.vat_id) == bare(&seller.vat_id)
}

/// How many and how much, for the report.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Count {
    /// Clients to add.
    pub clients: usize,
    /// Contacts to add.
    pub contacts: usize,
    /// Invoices, and what they ask for by currency.
    pub invoices: usize,
    /// Credit notes.
    pub credits: usize,
    /// Payments.
    pub payments: usize,
    /// By currency: invoiced, credited, paid, in minor units.
    pub sums: BTreeMap<String, [i64; 3]>,
}

impl Plan<'_> {
    /// How many and how much.
    pub fn count(&self) -> Count {
        let mut count = Count {
            clients: self.clients.len(),
            contacts: self.contacts.len(),
            payments: self.payments.len(),
            ..Count::default()
        };
        let mut add = |currency: Currency, at: usize, minor: i64| {
            if let Some(sum) = count.sums.entry(currency.to_string()).or_default().get_mut(at) {
                *sum = sum.saturating_add(minor);
            }
        };
        let (mut invoices, mut credits) = (0, 0);
        for document in &self.documents {
            let row = &document.row.incoming;
            add(row.currency, usize::from(row.credit), row.totals.payable);
            *(if row.credit { &mut credits } else { &mut invoices }) += 1;
        }
        self.payments.iter().for_each(|x| add(x.amount.currency, 2, x.amount.minor));
        (count.invoices, count.credits) = (invoices, credits);
        count
    }

    /// Whether anything would come in.
    pub fn is_empty(&self) -> bool {
        let Self { clients, contacts, documents, payments, .. } = self;
        clients.is_empty() && contacts.is_empty() && documents.is_empty() && payments.is_empty()
    }

    /// Different numbers among which a report is told apart.
    pub fn files(&self) -> usize {
        self.remarks.iter().map(|x| &x.file).collect::<HashSet<_>>().len()
    }
}
