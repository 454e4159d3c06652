//! Two years of a firm, told through the same acts that its people would use, in the order of time: every act stands at
//! its historical instant, and the whole is one transaction, so that a demo is complete or absent.
//!
//! An agenda holds what is to happen; what happens puts more on it (a letter is opened, a bill is paid). What would
//! happen after the demo's own beginning never does: that is what is open on the desk. Touches the data file through
//! actions alone.

mod disputes;
mod filing;
mod letters;
mod money;
mod months;
mod people;
mod promises;
mod recurring;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use jiff::civil::{Date, Time, time};
use jiff::{SignedDuration, Timestamp};

use super::plan::{self, Bill, days};
use super::work::Dice;
use crate::actions::quotes::NewQuote;
use crate::app::App;
use crate::clock::Clock;
use crate::domain::access::StaffScope;
use crate::domain::calendar::{is_business_day, next_business_day, today, wall_clock};
use crate::domain::event::{Actor, By};
use crate::domain::ids::{ClientId, ContactId, DocumentId, InvoiceId, ProjectId, StaffId};
use crate::domain::money::Money;
use crate::domain::number::DocumentNumber;
use crate::domain::person::Person;
use crate::domain::refusal::{FieldFault, Refusal};
use crate::mail::MemoryMailer;
use crate::secrets::{Token, TokenDigest};
use crate::store::{ActError, Done, Store, StoreError, WriteTx};

/// Told how many days of how many are written; answers whether to go on.
pub type Progress = Arc<dyn Fn(u64, u64) -> bool + Send + Sync>;

/// What the story is made from.
#[derive(Clone)]
pub struct Setting {
    /// Where the demo's clock starts; nothing of the story is later.
    pub end: Timestamp,
    /// How many months before that the firm begins.
    pub months: i64,
    /// What chooses.
    pub seed: u64,
    /// The hash of everybody's password.
    pub password_hash: String,
}

/// Tells the story into an empty store. `app` lends its settings, fonts and randomness; the letters of the last weeks
/// end in `mailbox`.
///
/// # Errors
/// When the store fails or `progress` says to stop; then nothing was written.
pub fn tell(
    store: &Store,
    app: &App,
    mailbox: &MemoryMailer,
    setting: Setting,
    progress: Progress,
) -> Result<(), ActError> {
    let clock = Clock::fixed(setting.end);
    let app = App { clock, ..app.clone() };
    let start = days(today(setting.end, &app.settings.zone), -setting.months * 61 / 2);
    let first = next_business_day(start);
    let mut story = Some(Story::new(app, mailbox.clone(), setting, first, progress));
    let begin = story.as_ref().map_or(Timestamp::UNIX_EPOCH, |s| s.now);
    // Taken out, so that the application is let go before the writer answers.
    store.write_blocking(By::command_line(), begin, move |w| match story.take() {
        Some(story) => story.run(w),
        None => Err(Refusal::TryAgain.into()),
    })
}

/// A client with what belongs to them, by the places of the plan.
#[derive(Default)]
struct Known {
    id: Option<ClientId>,
    projects: Vec<ProjectId>,
    contacts: Vec<ContactId>,
}

/// What is to happen.
enum Act {
    /// A client comes to the firm.
    Join(usize),
    /// The scheduler's morning.
    Morning,
    /// The outbox is looked at.
    Post,
    /// A document is posted, or a new version.
    File(usize),
    /// A paid bill is credited in part, and the credit is held.
    Hold,
    /// Money on account is paid back.
    PayBack,
    /// The firm chooses to publish month-end statements.
    ChooseMonths,
    /// The statements of a month that has ended.
    Months(Date),
    /// Somebody sets the password that they were invited to.
    SetPassword(TokenDigest, Person),
    /// A bill is written and issued, or published, or left a draft.
    Bill(Box<Bill>),
    /// A reader follows the link of a letter.
    Follow(TokenDigest, ContactId, InvoiceId),
    /// They fetch the PDF.
    Download(ContactId, InvoiceId),
    /// Staff look at what they sent.
    Preview(StaffId, InvoiceId),
    /// Money comes.
    Pay(usize, Vec<InvoiceId>, Money),
    /// The bank returns what was paid of a bill.
    Bounce(usize, InvoiceId),
    /// A bill is taken back, or a part of it.
    Credit(usize, InvoiceId, bool),
    /// A quote is sent.
    Quote(usize),
    /// A second version takes its place.
    Requote(usize),
    /// It is answered.
    Answer(usize, DocumentNumber),
    /// A contact visits with their password, for a quarter of an hour.
    Visit(usize, usize),
    /// A client promises to pay by this day.
    Promise(Date),
    /// A client disputes an invoice, all of it or a line.
    Dispute(bool),
    /// The firm rejects that.
    Reject(InvoiceId),
    /// Staff sign in.
    Desk(usize),
    SignOut(TokenDigest, Person),
    /// A mistyped password.
    Mistake(usize),
    /// A contact asks for a link to set a new password.
    Forgot(usize),
    /// Somebody's access ends.
    Revoke(usize, usize),
}

struct Story {
    app: App,
    mailbox: MemoryMailer,
    setting: Setting,
    progress: Progress,
    dice: Dice,
    first: Date,
    today: Date,
    now: Timestamp,
    agenda: BTreeMap<(Timestamp, u64), Act>,
    planned: u64,
    staff: Vec<StaffId>,
    clients: Vec<Known>,
    /// Letters of the accounting system's series so far.
    published: u32,
    /// Whose letters have been refused or held up, once each.
    accidents: letters::Accidents,
    /// What was issued to whom lately: what a visitor looks at.
    lately: BTreeMap<usize, Vec<InvoiceId>>,
    /// The quotes of the plan that were sent.
    quoted: BTreeMap<usize, (DocumentNumber, NewQuote)>,
    /// The documents that were posted, by client and title.
    filed: BTreeMap<(usize, &'static str), DocumentId>,
}

impl Story {
    fn new(app: App, mailbox: MemoryMailer, setting: Setting, first: Date, progress: Progress) -> Self {
        let zone = app.settings.zone.clone();
        let now = wall_clock(first, time(8, 55, 0, 0), &zone);
        Self {
            dice: Dice::new(setting.seed),
            today: today(setting.end, &zone),
            now,
            app,
            mailbox,
            setting,
            progress,
            first,
            agenda: BTreeMap::new(),
            planned: 0,
            staff: Vec::new(),
            clients: Vec::new(),
            published: 310,
            accidents: letters::Accidents::default(),
            lately: BTreeMap::new(),
            quoted: BTreeMap::new(),
            filed: BTreeMap::new(),
        }
    }

    fn run(mut self, w: &mut WriteTx<'_>) -> Result<Done<()>, ActError> {
        self.clients.resize_with(super::firm::CLIENTS.len(), Known::default);
        self.plan_ahead();
        let founded = self.found_firm(w)?;
        let span = u64::try_from((self.today - self.first).get_days()).unwrap_or(1).max(1);
        let mut shown = u64::MAX;
        while let Some(((at, _), act)) = self.agenda.pop_first() {
            if at >= self.setting.end {
                break;
            }
            self.turn_to(w, at);
            let done = u64::try_from((self.date() - self.first).get_days()).unwrap_or(0);
            if done != shown && !(self.progress)(done, span) {
                return Err(StoreError::Closed.into());
            }
            shown = done;
            match self.perform(w, act) {
                // What a person may not do any more they leave undone, as anybody would.
                Ok(())
                | Err(ActError::Refused(Refusal::LinkExpired | Refusal::QuoteAnswered | Refusal::QuoteExpired(_))) => {}
                Err(error) => return Err(error),
            }
        }
        self.turn_to(w, self.setting.end);
        self.recur(w)?;
        while w.sweep_accounts(w.now)? > 0 {}
        (self.progress)(span, span);
        founded.map_done(())
    }

    /// What is known from the start: mornings, bills, quotes, visits.
    fn plan_ahead(&mut self) {
        for (client, join) in plan::JOINS.into_iter().enumerate() {
            let day = next_business_day(days(self.first, join));
            self.at(day, time(9, 20, 0, 0), Act::Join(client));
        }
        for bill in plan::bills(&self.dice, self.first, self.today) {
            self.plan_bill(bill);
        }
        let mut day = self.first;
        while day <= self.today {
            if is_business_day(day) {
                self.at(day, time(8, 0, 0, 0), Act::Morning);
                self.plan_visits(day);
            }
            day = days(day, 1);
        }
        self.plan_quotes();
        self.plan_months();
        self.plan_filing();
        self.plan_promises();
        self.plan_disputes();
        self.at(next_business_day(days(self.today, -200)), time(11, 5, 0, 0), Act::Revoke(0, 3));
        self.at(self.today, time(7, 42, 0, 0), Act::Forgot(4));
    }

    fn plan_bill(&mut self, bill: Bill) {
        let late = bill.dated >= days(self.today, -1);
        // On the demo's own morning the desk has been busy since before nine.
        let hour = if bill.dated >= self.today {
            8
        } else if late {
            16
        } else {
            self.hour(9, 16)
        };
        let minute = self.minute() / 2;
        self.at(bill.dated, time(hour, minute, 12, 0), Act::Bill(Box::new(bill)));
    }

    fn perform(&mut self, w: &mut WriteTx<'_>, act: Act) -> Result<(), ActError> {
        match act {
            Act::Join(client) => self.join(w, client),
            Act::Morning => self.morning(w),
            Act::Post => self.post(w),
            Act::File(n) => self.file(w, n),
            Act::Hold => self.hold(w),
            Act::PayBack => self.pay_back(w),
            Act::ChooseMonths => self.choose_months(w),
            Act::Months(month) => self.months(w, month),
            Act::SetPassword(link, person) => self.set_password(w, link, person),
            Act::Bill(bill) => self.bill(w, &bill),
            Act::Follow(link, contact, invoice) => self.follow(w, link, contact, invoice),
            Act::Download(contact, invoice) => self.download(w, contact, invoice),
            Act::Preview(staff, invoice) => self.preview(w, staff, invoice),
            Act::Pay(client, invoices, amount) => self.pay(w, client, &invoices, amount),
            Act::Bounce(client, invoice) => self.bounce(w, client, invoice),
            Act::Credit(client, invoice, part) => self.credit(w, client, invoice, part),
            Act::Quote(n) => self.quote(w, n),
            Act::Requote(n) => self.requote(w, n),
            Act::Answer(n, number) => self.answer(w, n, &number),
            Act::Visit(client, contact) => self.visit(w, client, contact),
            Act::Promise(day) => self.promise(w, day),
            Act::Dispute(whole) => self.dispute(w, whole),
            Act::Reject(invoice) => self.reject_dispute(w, invoice),
            Act::Desk(staff) => self.desk(w, staff),
            Act::SignOut(digest, person) => self.sign_out(w, digest, person),
            Act::Mistake(client) => self.mistake(w, client),
            Act::Forgot(client) => self.forgot(w, client),
            Act::Revoke(client, contact) => self.revoke(w, client, contact),
        }
    }

    /// The agenda's clock and the transaction's; it never goes back.
    fn turn_to(&mut self, w: &mut WriteTx<'_>, at: Timestamp) {
        self.now = self.now.max(at);
        w.now = self.now;
        self.app.clock.set(self.now);
    }

    fn date(&self) -> Date {
        today(self.now, &self.app.settings.zone)
    }

    /// Puts an act on the agenda at a wall-clock time.
    fn at(&mut self, day: Date, clock: Time, act: Act) {
        let at = wall_clock(day, clock, &self.app.settings.zone);
        self.on(at, act);
    }

    fn on(&mut self, at: Timestamp, act: Act) {
        self.planned += 1;
        self.agenda.insert((at, self.planned), act);
    }

    /// Puts an act on the agenda so many seconds from now.
    fn later(&mut self, seconds: i64, act: Act) {
        let at = self.now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(self.now);
        self.on(at, act);
    }

    fn hour(&self, from: i32, to: i32) -> i8 {
        i8::try_from(self.dice.between(from, to)).unwrap_or(9)
    }

    fn minute(&self) -> i8 {
        i8::try_from(self.dice.between(0, 59)).unwrap_or(0)
    }

    fn as_staff(&self, w: &mut WriteTx<'_>, place: usize) -> StaffScope {
        let id = self.staff.get(place).copied().unwrap_or(StaffId(0));
        let host = u8::try_from(place).unwrap_or(0) + 21;
        w.by = By { actor: Actor::Staff(id), address: Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, host))) };
        StaffScope::all()
    }

    fn as_contact(&self, w: &mut WriteTx<'_>, contact: ContactId) {
        let host = u8::try_from(contact.0 % 200).unwrap_or(0) + 10;
        w.by = By { actor: Actor::Contact(contact), address: Some(IpAddr::V4(Ipv4Addr::new(198, 51, 100, host))) };
    }

    fn client(&self, place: usize) -> Result<ClientId, ActError> {
        self.clients.get(place).and_then(|c| c.id).ok_or_else(|| Refusal::NotFound.into())
    }

    fn token(&self) -> TokenDigest {
        Token::draw(&self.app.entropy).digest()
    }
}

/// A fault in the demo's own constants, told as a refusal.
fn fault(fault: FieldFault) -> ActError {
    Refusal::from(fault).into()
}
