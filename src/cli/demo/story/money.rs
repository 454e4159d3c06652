//! Bills, quotes, payments and credit notes.

use jiff::civil::{Date, time};

use rust_decimal::Decimal;

use super::super::accounting;
use super::super::firm::{self, CLIENTS};
use super::super::plan::{Bill, Fate, days};
use super::super::work;
use super::{Act, Story, fault};
use crate::actions::invoices::{self, Crediting, Draft, Publication};
use crate::actions::payments::{self, Apply, NewReceipt, TakingBack};
use crate::actions::quotes::{self, Following, NewQuote, Reply};
use crate::domain::calendar::next_business_day;
use crate::domain::credit::Take;
use crate::domain::ids::{ClientId, InvoiceId, ProjectId};
use crate::domain::invoice::{Body, Kind, References};
use crate::domain::money::{Currency, Money};
use crate::domain::number::DocumentNumber;
use crate::domain::payment::{Cause, Method, Source};
use crate::domain::quote_billing::Part;
use crate::domain::tax::{Content, Discount, FINE_DIGITS, totals};
use crate::domain::terms::{DueRule, Terms};
use crate::store::prelude::*;
use crate::store::scope::Pass;

/// How many bills of a client a visitor may look at.
const LATELY: usize = 4;

/// What a client says to a quote.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    Yes,
    No(&'static str),
    Nothing,
}

/// What is particular about a quote.
#[derive(Clone, Copy, PartialEq, Eq)]
enum More {
    Nothing,
    /// The client may choose some of its lines.
    Options,
    /// So many days before today a second version takes its place.
    Second(i64),
    /// Both; what is said is said to the second version, with an option.
    OptionsSecond(i64),
}

/// Quotes: client, project, days before today, days of validity, what is said, and what is particular.
const QUOTES: [(usize, Option<usize>, i64, i64, Said, More); 10] = [
    (0, Some(0), 520, 30, Said::Yes, More::Nothing),
    (3, Some(0), 410, 30, Said::No("The board prefers to wait for the new regulations."), More::Nothing),
    (4, Some(1), 300, 21, Said::Yes, More::Nothing),
    (1, Some(1), 210, 30, Said::Yes, More::Nothing),
    (2, Some(1), 150, 30, Said::Nothing, More::Nothing),
    (5, Some(0), 95, 30, Said::Yes, More::OptionsSecond(90)),
    (6, Some(1), 58, 28, Said::Nothing, More::Nothing),
    (3, Some(2), 33, 21, Said::No("We will do this ourselves."), More::Nothing),
    (0, Some(2), 19, 30, Said::Nothing, More::Second(7)),
    (0, Some(1), 6, 20, Said::Nothing, More::Options),
];

/// The quote of which half is invoiced once it is accepted.
const HALF_INVOICED: usize = 5;

impl Story {
    pub(super) fn bill(&mut self, w: &mut WriteTx<'_>, bill: &Bill) -> Result<(), ActError> {
        let scope = self.as_staff(w, CLIENTS[bill.client].manager);
        let client = self.client(bill.client)?;
        let project = bill.project.and_then(|p| self.clients[bill.client].projects.get(p)).copied();
        if bill.published {
            return self.publish(w, bill, client, project);
        }
        let draft = self.draft(bill, client, project)?;
        let id = invoices::save_draft(w, &scope, None, &draft)?.value();
        if bill.fate == Fate::Draft {
            return Ok(());
        }
        let seconds = i64::from(self.dice.between(70, 420));
        self.turn_to(w, self.now.saturating_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(self.now));
        invoices::issue_in(w, &self.app, &scope, id)?.value();
        self.issued(w, bill, id)
    }

    fn draft(&self, bill: &Bill, client: ClientId, project: Option<ProjectId>) -> Result<Draft, ActError> {
        let plan = &CLIENTS[bill.client];
        Ok(Draft {
            client,
            project,
            title: bill.title.clone(),
            currency: plan.currency.parse().map_err(fault)?,
            dated: bill.dated,
            due: bill.due.unwrap_or_else(|| DueRule::Days(plan.terms).due(bill.dated)),
            terms: Terms::default(),
            reference: bill.reference.clone(),
            references: References::default(),
            delivered: None,
            period: None,
            note: String::new(),
            content: Content::of(bill.lines.clone()),
            recipients: Vec::new(),
        })
    }

    /// Some bills come as the PDF of the accounting system, with its own numbers.
    fn publish(
        &mut self,
        w: &mut WriteTx<'_>,
        bill: &Bill,
        client: ClientId,
        project: Option<ProjectId>,
    ) -> Result<(), ActError> {
        let scope = self.as_staff(w, 0);
        let draft = self.draft(bill, client, project)?;
        self.published += 1;
        let number = format!("ML-{:02}-{:05}", bill.dated.year() % 100, self.published);
        let number: DocumentNumber = number.parse().map_err(fault)?;
        let pdf = accounting::pdf_of(&self.app.fonts, &CLIENTS[bill.client], &draft, &number, w.now)?;
        let total = totals(&draft.content, draft.currency).map_or(Money::zero(draft.currency), |t| t.payable());
        let publication = Publication {
            client,
            project,
            kind: Kind::Invoice,
            number: number.clone(),
            title: draft.title,
            dated: draft.dated,
            due: draft.due,
            amount: total,
            reference: draft.reference,
            recipients: Vec::new(),
            read: None,
            drop: None,
            pdf,
        };
        invoices::publish_in(w, &scope, &publication, &self.app.settings.clone())?.value();
        match w.invoice_numbered(&number)? {
            Some(id) => self.issued(w, bill, id),
            None => Ok(()),
        }
    }

    /// What follows an issued bill: its letters, a look by whoever sent it, and its fate.
    fn issued(&mut self, w: &mut WriteTx<'_>, bill: &Bill, id: InvoiceId) -> Result<(), ActError> {
        let Some(invoice) = w.invoice(id)? else { return Ok(()) };
        let all = self.lately.entry(bill.client).or_default();
        all.push(id);
        let extra = all.len().saturating_sub(LATELY);
        all.drain(..extra);
        self.later(2, Act::Post);
        if let (true, Some(staff)) = (self.dice.chance(20), self.staff.get(CLIENTS[bill.client].manager).copied()) {
            self.later(95, Act::Preview(staff, id));
        }
        self.foretell(bill, id, invoice.payable(), invoice.due);
        Ok(())
    }

    fn foretell(&mut self, bill: &Bill, id: InvoiceId, owed: Money, due: Date) {
        let habit = CLIENTS[bill.client].habit;
        let (day, amount) = match bill.fate {
            Fate::Unpaid | Fate::Draft => return,
            Fate::Credited(after) | Fate::CreditedPart(after) => {
                let part = matches!(bill.fate, Fate::CreditedPart(_));
                let day = next_business_day(days(bill.dated, i64::from(after)));
                let minute = self.minute();
                return self.at(day, time(15, minute, 20, 0), Act::Credit(bill.client, id, part));
            }
            Fate::Paid(after) => (days(bill.dated, i64::from(after)), owed),
            Fate::Over(much, after) => {
                (days(bill.dated, i64::from(after)), Money::new(owed.minor + much, owed.currency))
            }
            Fate::Part(percent, after) => {
                // Whole hundreds, as people pay on account.
                let part = (owed.minor * percent / 100 / 10_000 * 10_000).max(owed.minor.min(100));
                (days(bill.dated, i64::from(after)), Money::new(part, owed.currency))
            }
            Fate::Bounced(after, back) => {
                let day = next_business_day(days(bill.dated, i64::from(back)));
                let minute = self.minute();
                self.at(day, time(16, minute, 10, 0), Act::Bounce(bill.client, id));
                (days(bill.dated, i64::from(after)), owed)
            }
            Fate::Habit => return self.pay_by_habit(bill, id, owed, due, habit),
        };
        self.pay_on(day, bill.client, id, amount);
    }

    fn pay_by_habit(&mut self, bill: &Bill, id: InvoiceId, owed: Money, due: Date, habit: super::super::firm::Habit) {
        let late = if self.dice.chance(habit.silent) { self.dice.between(60, 110) } else { 0 };
        let moved = habit.days + late + self.dice.between(-habit.spread, habit.spread);
        let day = days(due, i64::from(moved)).max(days(bill.dated, 1));
        // Now and then in two parts, some weeks apart.
        if self.dice.chance(9) && owed.minor > 1_000 {
            let first = Money::new(owed.minor / 2, owed.currency);
            self.pay_on(day, bill.client, id, first);
            let rest = Money::new(owed.minor - first.minor, owed.currency);
            let again = i64::from(self.dice.between(14, 35));
            return self.pay_on(days(day, again), bill.client, id, rest);
        }
        self.pay_on(day, bill.client, id, owed);
    }

    fn pay_on(&mut self, day: Date, client: usize, id: InvoiceId, amount: Money) {
        let (hour, minute) = (self.hour(10, 16), self.minute());
        self.at(next_business_day(day), time(hour, minute, 31, 0), Act::Pay(client, vec![id], amount));
    }

    pub(super) fn pay(
        &mut self,
        w: &mut WriteTx<'_>,
        client: usize,
        invoices: &[InvoiceId],
        amount: Money,
    ) -> Result<(), ActError> {
        let scope = self.as_staff(w, 0);
        let number = match invoices.first() {
            Some(&id) => w.invoice(id)?.and_then(|i| i.number().map(ToString::to_string)).unwrap_or_default(),
            None => String::new(),
        };
        // What is owed for these alone: an older bill is not settled behind the payer's back.
        let mut parts = Vec::new();
        let mut left = amount.minor;
        for &id in invoices {
            let open = w.invoice_row(id)?.map_or(0, |r| r.open().minor);
            let part = open.min(left);
            left -= part;
            parts.push((id, Money::new(part, amount.currency)));
        }
        let methods = [Method::Transfer, Method::Transfer, Method::Transfer, Method::Card, Method::Cheque];
        let method = self.dice.pick(&methods).copied().unwrap_or_default();
        let (on, reference, apply) = (self.date(), number, Apply::Exactly(parts));
        let new = NewReceipt { client: self.client(client)?, amount, on, method, reference, apply, once: None };
        payments::record(w, &scope, &new)?.value();
        Ok(())
    }

    /// The bank returns what had settled an invoice.
    pub(super) fn bounce(&mut self, w: &mut WriteTx<'_>, client: usize, id: InvoiceId) -> Result<(), ActError> {
        let scope = self.as_staff(w, CLIENTS[client].manager);
        let on = self.date();
        for part in w.allocations_of(id)? {
            let Source::Receipt(receipt) = part.source else { continue };
            let back = TakingBack { on, cause: Cause::Returned, reason: "Refer to drawer".to_owned() };
            payments::reverse(w, &scope, &self.app.settings.clone(), receipt, &back)?.value();
        }
        Ok(())
    }

    /// Takes a bill back, or half of its first line.
    pub(super) fn credit(
        &mut self,
        w: &mut WriteTx<'_>,
        client: usize,
        id: InvoiceId,
        part: bool,
    ) -> Result<(), ActError> {
        let scope = self.as_staff(w, CLIENTS[client].manager);
        let reasons = ["Charged to the wrong project; a new invoice follows.", "Agreed with you on the telephone."];
        let reason = self.dice.pick(&reasons).copied().unwrap_or_default();
        let mut crediting = Crediting::rest(id, reason.to_owned());
        if let Some(Body::Composed(content)) = w.invoice(id)?.filter(|_| part).map(|x| x.body) {
            let half = content.lines.first().and_then(|x| x.quantity.checked_div(Decimal::TWO));
            crediting.take = Take::Lines(vec![(0, half.unwrap_or_default().round_dp(FINE_DIGITS))]);
            crediting.reason = "Half of it was not needed, as agreed with you.".to_owned();
        }
        invoices::credit_in(w, &self.app, &scope, crediting)?.value();
        self.later(2, Act::Post);
        Ok(())
    }

    pub(super) fn plan_quotes(&mut self) {
        for (n, (client, _, ago, _, _, more)) in QUOTES.iter().enumerate() {
            let day = next_business_day(days(self.today, -ago));
            if day > days(self.first, super::plan::JOINS[*client] + 3) {
                let minute = self.minute();
                self.at(day, time(14, minute, 5, 0), Act::Quote(n));
            }
            if let More::Second(ago) | More::OptionsSecond(ago) = more {
                let day = next_business_day(days(self.today, -ago));
                self.at(day, time(11, 20, 15, 0), Act::Requote(n));
            }
        }
        let on_account = next_business_day(days(self.today, -16));
        let amount = Money::new(150_000, Currency::EUR);
        self.at(on_account, time(10, 15, 0, 0), Act::Pay(1, Vec::new(), amount));
    }

    pub(super) fn quote(&mut self, w: &mut WriteTx<'_>, n: usize) -> Result<(), ActError> {
        let Some(&(client, project, _, valid, said, more)) = QUOTES.get(n) else { return Ok(()) };
        let plan = &CLIENTS[client];
        let scope = self.as_staff(w, plan.manager);
        let (issued, currency) = (self.date(), plan.currency.parse().map_err(fault)?);
        let month = work::month(plan, issued);
        let (title, mut lines) = work::bill(&self.dice, plan, currency, &month);
        lines.iter_mut().for_each(|line| line.discount = Discount::default());
        let project = project.and_then(|p| self.clients[client].projects.get(p)).copied();
        let (title, client) = (title.trim_end_matches(&format!(", {month}")).to_owned(), self.client(client)?);
        let note = "Outlays are charged at cost.".to_owned();
        let new = NewQuote::plain(client, &title, currency, (issued, days(issued, valid)), lines);
        let mut new = NewQuote { project, note, terms: firm::QUOTE_TERMS.to_owned(), ..new };
        if matches!(more, More::Options | More::OptionsSecond(_)) {
            new.content.lines.truncate(1);
            new.content.lines.extend(work::options(&self.dice, plan, currency));
            new.options = (2..).take(new.content.lines.len().saturating_sub(1)).collect();
            new.delivery = "Within three weeks of your acceptance".to_owned();
        }
        let number = quotes::send_in(w, &self.app, &scope, &new)?.value();
        self.quoted.insert(n, (number.clone(), new));
        if said != Said::Nothing && !matches!(more, More::OptionsSecond(_)) {
            let day = next_business_day(days(issued, i64::from(self.dice.between(3, 12))));
            let minute = self.minute();
            self.at(day, time(17, minute, 44, 0), Act::Answer(n, number));
        }
        Ok(())
    }

    /// A second version: the first line for a tenth less, and a later last day.
    pub(super) fn requote(&mut self, w: &mut WriteTx<'_>, n: usize) -> Result<(), ActError> {
        let Some((number, new)) = self.quoted.get(&n).cloned() else { return Ok(()) };
        let Some(&(client, _, _, valid, said, _)) = QUOTES.get(n) else { return Ok(()) };
        let scope = self.as_staff(w, CLIENTS[client].manager);
        let Some(quote) = w.quote_numbered(&number)? else { return Ok(()) };
        let issued = self.date();
        let mut again = NewQuote { issued, valid_until: days(issued, valid), ..new };
        for line in again.content.lines.iter_mut().take(1) {
            line.discount = Discount::percent(rust_decimal::Decimal::TEN);
        }
        let news = "As agreed on the telephone: ten percent less on the first line, and two weeks more to decide.";
        let following = Following { quote: quote.id, after: quote.latest(), news: news.to_owned() };
        quotes::send_version_in(w, &self.app, &scope, &again, &following)?.value();
        if said != Said::Nothing {
            let day = next_business_day(days(issued, i64::from(self.dice.between(3, 9))));
            let minute = self.minute();
            self.at(day, time(17, minute, 44, 0), Act::Answer(n, number));
        }
        self.later(2, Act::Post);
        Ok(())
    }

    /// Half of an accepted quote is invoiced at once, and paid a month later.
    fn bill_half(&mut self, w: &mut WriteTx<'_>, client: usize, number: &DocumentNumber) -> Result<(), ActError> {
        let scope = self.as_staff(w, CLIENTS[client].manager);
        let Some(quote) = w.quote_numbered(number)? else { return Ok(()) };
        let (part, today) = (Part::Percent(rust_decimal::Decimal::from(50)), self.date());
        let id = invoices::draft_from_quote(w, &scope, None, (quote.id, &part), today)?.value();
        invoices::issue_in(w, &self.app, &scope, id)?.value();
        let owed = w.invoice(id)?.map_or(Money::zero(Currency::EUR), |x| x.payable());
        self.pay_on(days(today, 30), client, id, owed);
        self.later(2, Act::Post);
        Ok(())
    }

    pub(super) fn answer(&mut self, w: &mut WriteTx<'_>, n: usize, number: &DocumentNumber) -> Result<(), ActError> {
        let Some(&(client, _, _, _, said, _)) = QUOTES.get(n) else { return Ok(()) };
        let Some(&contact) = self.clients[client].contacts.first() else { return Ok(()) };
        let Some(quote) = w.quote_numbered(number)? else { return Ok(()) };
        let version = quote.latest();
        let reply = match said {
            Said::Yes if quote.current.options.is_empty() => Reply::Accept(Vec::new()),
            Said::Yes => Reply::Accept(vec![1]),
            Said::No(why) => Reply::Decline(why.to_owned()),
            Said::Nothing => return Ok(()),
        };
        self.as_contact(w, contact);
        let pass = Pass { contact, only: None };
        crate::actions::visits::quote_opened(w, pass, number, version)?.value();
        self.turn_to(w, self.now.saturating_add(jiff::SignedDuration::from_secs(140)).unwrap_or(self.now));
        quotes::answer(w, pass, (number, version), &reply, &self.app.settings.zone.clone())?.value();
        if n == HALF_INVOICED {
            self.bill_half(w, client, number)?;
        }
        Ok(())
    }
}
