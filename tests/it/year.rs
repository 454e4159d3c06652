//! A year in the life of a firm, from a seed: random acts and faults against a small model that knows none of the
//! code's ways, and the promises about letters and money checked after every round.
//!
//! `COUNTERFOIL_YEARS=200 cargo test year` lives so many whole years in place of the short ones; with
//! `COUNTERFOIL_DAYS=40` as many shorter lives.

mod changes;
mod checks;
mod disputes;
mod dunning;
mod faults;
mod liveness;
mod meanwhile;
#[cfg(feature = "mutants")]
mod mutants;
mod promises;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use counterfoil::actions::digest::{self, Company};
use counterfoil::actions::invoices::Crediting;
use counterfoil::actions::refunds::{self, NewRefund};
use counterfoil::actions::{clients, invoices, letters, pauses, payments, people, policies, waivers};
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::credit::Take;
use counterfoil::domain::event::By;
use counterfoil::domain::firm::Locale;
use counterfoil::domain::ids::{AllocationId, ClientId, ContactId, InvoiceId, LetterId, ReceiptId, RefundId};
use counterfoil::domain::letter::{Letter, LetterState, Purpose};
use counterfoil::domain::pause::Paused;
use counterfoil::domain::payment::{Cause, Method, Source};
use counterfoil::domain::person::Person;
use counterfoil::domain::policy::Policy;
use counterfoil::mail::{Kept, Verdict};
use counterfoil::scheduler;
use counterfoil::secrets::Entropy;
use counterfoil::store::prelude::*;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};

use self::changes::Changes;
use self::dunning::Dunning;
use self::liveness::Held;
use crate::faults::disk::FaultDisk;
use crate::house::*;

/// Faults that the simulation must notice: each is planted beside the code, not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Planted {
    Nothing,
    /// A letter left in mid-send is blindly sent again.
    BlindResend,
    /// A payment that the firm believes in never reaches the data file.
    LostPayment,
    /// The sending window opens at five in the morning.
    EarlyWindow,
    /// An allocation is taken back behind the books' back.
    SilentUndo,
    /// A whole payment is.
    SilentReversal,
    /// Money is paid back behind the books' back.
    SilentRefund,
    /// Reminders are paused, and nobody tells the firm's program.
    SilentPause,
    /// A payment is promised, and nobody tells it.
    SilentPromise,
    /// An invoice is disputed, and nobody tells it.
    SilentDispute,
    /// The policy changes, and nobody tells the program.
    SilentPolicy,
    /// Somebody lives by other clocks, and nobody tells the program.
    SilentClocks,
    /// A letter is sent again behind the books' back.
    SilentDecision,
    /// Letters that wait are withdrawn, for no reason that anybody knows.
    LostLetters,
    /// Nobody looks at an invoice's reminders any more.
    ForgottenLooks,
}

impl Planted {
    /// What lives are like in which it must be noticed.
    fn kind(self) -> Kind {
        match self {
            Self::SilentPolicy | Self::SilentClocks | Self::SilentDecision => Kind::Changing,
            _ => Kind::Plain,
        }
    }
}

/// What happens in a life beside what happens in all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Plain,
    /// The firm calls, and charges what late payment costs.
    Dunning,
    /// Policy, clocks and minds change, which hides what a steady life shows.
    Changing,
}

/// An invoice as the model knows it.
struct Owed {
    id: InvoiceId,
    client: usize,
    due: Date,
    published: Timestamp,
    amount: i64,
    settled: i64,
    composed: bool,
    credited: i64,
    /// When it was open again last, after nothing was.
    reopened: Option<Timestamp>,
    held: Held,
    /// The last day of a pause of its reminders.
    paused: Option<Date>,
    /// What was promised of it last and not withdrawn.
    promised: Option<promises::Promised>,
    /// What is disputed of it, until somebody ends that.
    disputed: Option<disputes::Disputed>,
    /// Whether that was upheld.
    upheld: bool,
}

impl Owed {
    /// Of which nothing is settled, held or said.
    fn new((id, client): (InvoiceId, usize), (due, published): (Date, Timestamp), amount: i64) -> Self {
        Self {
            id,
            client,
            due,
            published,
            amount,
            settled: 0,
            composed: false,
            credited: 0,
            reopened: None,
            held: Held::default(),
            paused: None,
            promised: None,
            disputed: None,
            upheld: false,
        }
    }

    fn open(&self) -> i64 {
        self.amount - self.settled
    }
}

struct Customer {
    id: ClientId,
    /// Never revoked.
    steady: ContactId,
    passing: Vec<ContactId>,
    /// Every entry of the account: date and signed amount.
    entries: Vec<(Date, i64)>,
    /// What is left of each receipt.
    cash: BTreeMap<ReceiptId, i64>,
    /// What was paid back, out of which receipt, on which day.
    refunds: Vec<(RefundId, ReceiptId, Date, i64)>,
}

struct World {
    house: TestHouse,
    disk: FaultDisk,
    /// Whether letters go one by one.
    in_order: bool,
    chance: Entropy,
    planted: Planted,
    customers: Vec<Customer>,
    owed: Vec<Owed>,
    /// Model allocations: which receipt settles which invoice with how much.
    parts: Vec<(AllocationId, ReceiptId, usize, i64)>,
    /// Reminders that may have arrived, in order: invoice, recipient, step.
    arrived: BTreeMap<(InvoiceId, Person), Vec<i16>>,
    /// When a letter of reminders went last, by client and reader.
    reminded: BTreeMap<(usize, Person), Timestamp>,
    changes: Changes,
    dunning: Dunning,
    seen: u64,
    /// Letters that arrived from a process that is no more, and that nobody has looked at yet.
    unseen: Vec<Kept>,
    /// How many letters of reminders arrived.
    reminders: u64,
    numbers: u64,
    locale: Locale,
    /// The latest that a clock showed which was not wrong.
    latest: Timestamp,
    /// Since when somebody gets letters.
    joined: BTreeMap<ContactId, Timestamp>,
    /// To whom the mail server takes no letters.
    refused: Option<(String, Verdict)>,
}

type Told = Result<(), String>;

fn claim(holds: bool, sentence: impl FnOnce() -> String) -> Told {
    if holds { Ok(()) } else { Err(sentence()) }
}

impl World {
    async fn new(seed: u64, planted: Planted) -> Self {
        let disk = FaultDisk::default();
        faults::format(&disk, seed);
        let house = TestHouse::seeded_on_store(faults::open(&disk), seed).await.heedless_of_mail().heedless_of_store();
        if planted == Planted::EarlyWindow {
            let early = |w: &mut WriteTx<'_>| {
                let policy = Policy { at: jiff::civil::time(5, 0, 0, 0), ..Policy::standard() };
                policies::change(w, &StaffScope::all(), 0, &policy, "early birds")
            };
            house.app.store.write(By::command_line(), house.app.now(), early).await.unwrap();
        }
        let chance = Entropy::seeded(seed ^ 0x5eed);
        let (customers, owed, parts, arrived) = (Vec::new(), Vec::new(), Vec::new(), BTreeMap::new());
        let reminded = BTreeMap::new();
        let locale = house.app.store.read(|r| r.firm()).unwrap().locale;
        let (changes, dunning) = (Changes::new(seed, planted.kind() == Kind::Changing), Dunning::new(seed));
        let (seen, reminders, numbers, latest) = (0, 0, 0, house.app.now());
        let (unseen, joined, refused) = (Vec::new(), BTreeMap::new(), None);
        let in_order = seed % 4 != 3;
        let world = Self {
            house,
            disk,
            in_order,
            chance,
            planted,
            customers,
            owed,
            parts,
            arrived,
            reminded,
            changes,
            dunning,
            seen,
            unseen,
            reminders,
            numbers,
            locale,
            latest,
            joined,
            refused,
        };
        world.send_in_order();
        world
    }

    fn one_in(&self, n: u64) -> bool {
        self.chance.below(n) == 0
    }

    fn amount(&self) -> i64 {
        1 + i64::try_from(self.chance.below(500_000)).unwrap()
    }

    /// Lives until `days` have passed, then stops all faults and checks what must be true at the end.
    async fn live(&mut self, days: i64) -> Told {
        let end = self.house.app.now() + SignedDuration::from_hours(24 * days);
        self.add_client().await;
        while self.house.app.now() < end {
            self.pass_time();
            // By a clock that shows a day long past nobody keeps books.
            if self.house.app.today() >= dublin().to_datetime(self.latest).date() {
                for _ in 0..self.chance.below(3) {
                    self.act().await?;
                }
                self.change().await;
                self.dun().await?;
            }
            self.note_holds();
            self.plan_faults();
            if self.one_in(40) {
                self.refuse_or_take().await;
            }
            if self.one_in(12) {
                self.crash().await?;
            }
            self.plant().await;
            match self.chance.below(7) {
                0 => self.round_on_a_failing_disk().await?,
                1 => self.round_with_acts().await?,
                _ if self.one_in(100) => self.leap_and_come_back().await?,
                _ => self.round().await?,
            }
            self.check_money()?;
        }
        self.end().await
    }

    /// Time passes; now and then somebody sets the clock back, so far that it is a leap.
    fn pass_time(&mut self) {
        self.latest = self.latest.max(self.house.app.now());
        if self.one_in(120) {
            let hours = 2 + i64::try_from(self.chance.below(40)).unwrap();
            return self.house.later(-SignedDuration::from_hours(hours));
        }
        let hours = match self.chance.below(60) {
            0 => 24 * (2 + self.chance.below(18)), // nobody was there
            n => 1 + n % 14,
        };
        self.house.later(SignedDuration::from_mins(i64::try_from(hours * 60 + self.chance.below(60)).unwrap()));
    }

    /// A round of the scheduler; while letters are held back since a leap of the clock, an owner looks now and then.
    async fn round(&mut self) -> Told {
        self.house.tick().await;
        if self.house.app.store.read(|r| r.sending_held()).unwrap() {
            let before = self.reminders;
            self.check_letters()?;
            claim(self.reminders == before, || "a reminder went while letters were held back".to_owned())?;
            if self.one_in(2) {
                self.release().await;
                self.house.tick().await;
            }
        }
        self.check_letters()
    }

    async fn act(&mut self) -> Told {
        match self.chance.below(24) {
            0 if self.customers.len() < 5 => self.add_client().await,
            0..=5 => self.bill().await,
            6 => self.write_off().await,
            7..=10 => self.receive().await,
            11 if self.one_in(3) => return self.receive_on_a_failing_disk().await,
            11 => self.receive().await,
            12 if self.one_in(3) => self.refund_returned().await,
            12 => self.refund().await,
            13 => self.credit().await,
            14 => self.revoke().await,
            15 | 16 => self.undo().await,
            17 if self.one_in(2) => self.pause_or_go_on().await,
            17 => self.apply_more().await,
            18 => self.take_back().await,
            20 | 21 => self.promise_or_withdraw().await,
            22 | 23 => self.dispute_or_end().await,
            _ => self.add_contact().await,
        }
        Ok(())
    }

    async fn add_client(&mut self) {
        let n = self.customers.len();
        let name = format!("Client {n}");
        let id = self.house.act(self.house.who.tom, move |w, s| clients::add(w, s, &new_client(&name))).await.unwrap();
        let (passing, entries, cash, refunds) = (Vec::new(), Vec::new(), BTreeMap::new(), Vec::new());
        let steady = self.contact(id).await;
        self.customers.push(Customer { id, steady, passing, entries, cash, refunds });
    }

    async fn contact(&mut self, client: ClientId) -> ContactId {
        self.numbers += 1;
        let new = new_contact("Some Body", &format!("c{}@client.example", self.numbers), rights(true, true, true));
        let add = move |w: &mut WriteTx<'_>, s: &StaffScope| people::add_contact(w, s, client, &new);
        let contact = self.house.act(self.house.who.tom, add).await.unwrap();
        self.joined.insert(contact, self.house.app.now());
        contact
    }

    fn some_customer(&self) -> usize {
        usize::try_from(self.chance.below(self.customers.len() as u64)).unwrap()
    }

    async fn add_contact(&mut self) {
        let at = self.some_customer();
        let contact = self.contact(self.customers[at].id).await;
        self.customers[at].passing.push(contact);
    }

    async fn revoke(&mut self) {
        let at = self.some_customer();
        if let Some(contact) = self.customers[at].passing.pop() {
            self.house.act(self.house.who.tom, move |w, s| people::revoke_contact(w, s, contact)).await.unwrap();
        }
    }

    async fn bill(&mut self) {
        let (at, amount, today) = (self.some_customer(), self.amount(), self.house.app.today());
        // Some are published long after their due date.
        let due = today + (i64::try_from(self.chance.below(45)).unwrap() - 12).days();
        let (client, composed) = (self.customers[at].id, self.one_in(4));
        let id = if composed {
            self.house.issue(client, amount, due).await.0
        } else {
            self.numbers += 1;
            self.house.publish(client, &format!("P-{}", self.numbers), amount, due).await
        };
        self.customers[at].entries.push((today.min(due), amount));
        let published = self.house.app.now();
        let owed = Owed { composed, ..Owed::new((id, at), (due, published), amount) };
        self.owed.push(owed);
    }

    /// The reminders of an invoice pause for some days, or go on before their day.
    async fn pause_or_go_on(&mut self) {
        let today = self.house.app.today();
        let holds = |x: &Owed| x.open() > 0 && x.paused.is_some_and(|until| until >= today);
        if let Some(i) = (0..self.owed.len()).rfind(|&i| holds(&self.owed[i])).filter(|_| self.one_in(2)) {
            let of = Paused { client: self.customers[self.owed[i].client].id, invoice: Some(self.owed[i].id) };
            if self.planted != Planted::SilentPause {
                let act = move |w: &mut WriteTx<'_>, s: &StaffScope| pauses::go_on(w, s, of);
                self.house.act(self.house.who.tom, act).await.unwrap();
            }
            self.owed[i].paused = None;
            return;
        }
        let Some(i) = (0..self.owed.len()).rfind(|&i| self.owed[i].open() > 0) else { return };
        let until = self.house.app.today() + i64::try_from(self.chance.below(20)).unwrap().days();
        let of = Paused { client: self.customers[self.owed[i].client].id, invoice: Some(self.owed[i].id) };
        self.owed[i].paused = Some(until);
        if self.planted == Planted::SilentPause {
            return;
        }
        let settings = self.house.app.settings.clone();
        let act = move |w: &mut WriteTx<'_>, s: &StaffScope| pauses::pause(w, s, &settings, of, until, "they rang");
        self.house.act(self.house.who.tom, act).await.unwrap();
    }

    /// Money that arrives, for an invoice, or for the oldest; too little, exactly, or too much: from whom, how much,
    /// for what, and the invoices in the order in which it settles them.
    fn money_comes(&self) -> (usize, i64, Option<usize>, Vec<usize>) {
        let at = self.some_customer();
        let mut order: Vec<usize> =
            (0..self.owed.len()).filter(|&i| self.owed[i].client == at && self.owed[i].open() > 0).collect();
        order.sort_by_key(|&i| (self.owed[i].due, self.owed[i].id));
        let all: i64 = order.iter().map(|&i| self.owed[i].open()).sum();
        let amount = match (self.chance.below(4), order.first()) {
            (0, Some(_)) => all + self.amount(),
            (1, Some(&first)) => self.owed[first].open(),
            _ => self.amount(),
        };
        let named = if self.one_in(2) { order.last().copied() } else { None };
        if let Some(named) = named {
            order.retain(|&i| i != named);
            order.insert(0, named);
        }
        (at, amount, named, order)
    }

    async fn receive(&mut self) {
        let (at, amount, named, order) = self.money_comes();
        if self.planted == Planted::LostPayment {
            return self.believe(at, None, amount, &order);
        }
        let named = named.map(|i| self.owed[i].id).into_iter().collect();
        let receipt = self.house.pay(self.customers[at].id, amount, named).await;
        self.believe(at, Some(receipt), amount, &order);
    }

    /// Money arrives, and the disk fails while it is recorded: what was acknowledged is there after a start; what was
    /// not may be there as well.
    async fn receive_on_a_failing_disk(&mut self) -> Told {
        let (at, amount, named, order) = self.money_comes();
        let client = self.customers[at].id;
        let named = named.map(|i| self.owed[i].id).into_iter().collect();
        let before = self.receipts_of(client);
        self.fail_somehow();
        let new = self.house.receipt(client, amount, payments::Apply::Default(named));
        let act = move |w: &mut WriteTx<'_>| payments::record(w, &StaffScope::all(), &new);
        let told = self.house.app.store.write(self.house.by(self.house.who.orla), self.house.app.now(), act).await;
        self.heal().await?;
        let found = self.receipts_of(client).into_iter().find(|x| !before.contains(x));
        claim(told.as_ref().is_err() || told.as_ref().ok() == found.as_ref(), || {
            format!("{told:?} was acknowledged, and {found:?} is there")
        })?;
        if let Some(receipt) = found {
            self.believe(at, Some(receipt), amount, &order);
        }
        Ok(())
    }

    fn receipts_of(&self, client: ClientId) -> Vec<ReceiptId> {
        self.house.app.store.read(|r| r.receipts_of(client, i32::MAX)).unwrap().into_iter().map(|x| x.id).collect()
    }

    /// What the model makes of a payment: the invoices in `order`, as far as it goes.
    fn believe(&mut self, at: usize, receipt: Option<ReceiptId>, amount: i64, order: &[usize]) {
        let today = self.house.app.today();
        self.customers[at].entries.push((today, -amount));
        let mut left = amount;
        for &i in order {
            let part = left.min(self.owed[i].open());
            if part == 0 {
                continue;
            }
            left -= part;
            let id = receipt.map(|receipt| (self.allocation(i, receipt), receipt));
            self.settle(i, part, id.map(|x| x.0));
            self.parts.extend(id.map(|(id, receipt)| (id, receipt, i, part)));
        }
        if let Some(receipt) = receipt {
            self.customers[at].cash.insert(receipt, left);
        }
    }

    fn allocation(&self, owed: usize, receipt: ReceiptId) -> AllocationId {
        let all = self.house.app.store.read(|r| r.allocations_of(self.owed[owed].id)).unwrap();
        all.iter().rev().find(|a| a.source == Source::Receipt(receipt)).map_or(AllocationId(0), |a| a.id)
    }

    async fn apply_more(&mut self) {
        let at = self.some_customer();
        let cash = self.customers[at].cash.iter().find(|x| *x.1 > 0).map(|x| (*x.0, *x.1));
        let open = (0..self.owed.len()).find(|&i| self.owed[i].client == at && self.owed[i].open() > 0);
        let (Some((receipt, left)), Some(i)) = (cash, open) else { return };
        let (part, id, on) = (left.min(self.owed[i].open()), self.owed[i].id, self.house.app.today());
        let source = Source::Receipt(receipt);
        let act = move |w: &mut WriteTx<'_>, s: &StaffScope| payments::apply_more(w, s, source, id, eur(part), on);
        self.house.act(self.house.who.tom, act).await.unwrap();
        self.customers[at].cash.insert(receipt, left - part);
        let allocation = self.allocation(i, receipt);
        self.settle(i, part, Some(allocation));
        self.parts.push((allocation, receipt, i, part));
    }

    async fn undo(&mut self) {
        let Some(at) = self.parts.len().checked_sub(1) else { return };
        let (allocation, receipt, i, part) =
            self.parts.swap_remove(usize::try_from(self.chance.below(at as u64 + 1)).unwrap());
        let id = self.owed[i].id;
        let settings = self.house.app.settings.clone();
        let undo =
            move |w: &mut WriteTx<'_>, s: &StaffScope| payments::undo(w, s, &settings, (id, allocation), "wrong");
        self.house.act(self.house.who.tom, undo).await.unwrap();
        if self.planted == Planted::SilentUndo {
            return;
        }
        self.unsettle(i, part, allocation);
        *self.customers[self.owed[i].client].cash.entry(receipt).or_default() += part;
    }

    /// A receipt is taken back, as of today or of a day since it came.
    async fn take_back(&mut self) {
        let at = self.some_customer();
        let customer = &self.customers[at];
        let whole = |x: &&ReceiptId| customer.refunds.iter().all(|refund| refund.1 != **x);
        let Some(receipt) = customer.cash.keys().filter(whole).nth(self.chance.below(4) as usize).copied() else {
            return;
        };
        let kept = self.house.app.store.read(|r| r.receipt(receipt)).unwrap().unwrap();
        let days = self.chance.below(5) as i64 - 1;
        let on = (self.house.app.today() - days.max(0).days()).max(kept.on);
        let back = payments::TakingBack { on, cause: Cause::Returned, reason: "bounced".to_owned() };
        let settings = self.house.app.settings.clone();
        let act = move |w: &mut WriteTx<'_>, s: &StaffScope| payments::reverse(w, s, &settings, receipt, &back);
        self.house.act(self.house.who.tom, act).await.unwrap();
        if self.planted == Planted::SilentReversal {
            return;
        }
        self.customers[at].cash.remove(&receipt);
        self.customers[at].entries.push((on, kept.amount.minor));
        let gone: Vec<_> = self.parts.extract_if(.., |x| x.1 == receipt).collect();
        for (allocation, _, i, part) in gone {
            self.unsettle(i, part, allocation);
        }
    }

    /// All of an invoice that is left, or an amount; settling it, or left as credit.
    async fn credit(&mut self) {
        let left = |x: &Owed| x.amount - x.credited;
        let Some(i) = (0..self.owed.len()).find(|&i| self.owed[i].composed && left(&self.owed[i]) > 0) else { return };
        let (house, of, all) = (&self.house, self.owed[i].id, left(&self.owed[i]));
        let part = if self.one_in(2) { all } else { 1 + self.chance.below(all as u64) as i64 };
        let take = if part == all { Take::Rest } else { Take::Amounts(vec![(line(1).vat, part)]) };
        let hold = self.one_in(4);
        let crediting = Crediting { take, hold, ..Crediting::rest(of, String::new()) };
        let (by, scope) = (house.by(house.who.tom), house.scope(house.who.tom));
        invoices::credit_part(&house.app, by, &scope, crediting).await.unwrap();
        let on = house.app.today().max(house.app.store.read(|r| r.invoice(of)).unwrap().unwrap().dated);
        let owed = &mut self.owed[i];
        owed.credited += part;
        self.customers[owed.client].entries.push((on, -part));
        let taken = if hold { 0 } else { part.min(owed.open()) };
        self.settle(i, taken, None);
        if !hold || self.owed[i].open() == 0 {
            self.owed[i].no_more_dispute();
        }
    }

    async fn write_off(&mut self) {
        let at = self.some_customer();
        let open = |x: &Owed| x.client == at && x.open() > 0;
        let Some(i) = (0..self.owed.len()).find(|&i| open(&self.owed[i])) else { return };
        let (id, on) = (self.owed[i].id, self.house.app.today());
        let part = 1 + self.chance.below(self.owed[i].open() as u64) as i64;
        let act = move |w: &mut WriteTx<'_>, s: &StaffScope| waivers::write_off(w, s, id, eur(part), on, "small");
        self.house.act(self.house.who.tom, act).await.unwrap();
        self.settle(i, part, None);
        self.customers[at].entries.push((on, -part));
    }

    /// Some of what is left of a receipt is paid back, as of today or of a day since it came.
    async fn refund(&mut self) {
        let at = self.some_customer();
        let cash = self.customers[at].cash.iter().find(|x| *x.1 > 0).map(|x| (*x.0, *x.1));
        let Some((receipt, left)) = cash else { return };
        let kept = self.house.app.store.read(|r| r.receipt(receipt)).unwrap().unwrap();
        let on = (self.house.app.today() - (self.chance.below(5) as i64).days()).max(kept.on);
        let part = if self.one_in(2) { left } else { 1 + self.chance.below(left as u64) as i64 };
        let (source, method, reference) = (Source::Receipt(receipt), Method::Transfer, String::new());
        let new = NewRefund { source, amount: eur(part), on, method, reference, once: None };
        let act = move |w: &mut WriteTx<'_>, s: &StaffScope| refunds::record(w, s, &new);
        let id = self.house.act(self.house.who.tom, act).await.unwrap();
        if self.planted == Planted::SilentRefund {
            return;
        }
        let customer = &mut self.customers[at];
        customer.cash.insert(receipt, left - part);
        customer.entries.push((on, part));
        customer.refunds.push((id, receipt, on, part));
    }

    async fn refund_returned(&mut self) {
        let at = self.some_customer();
        let Some((id, receipt, gone, part)) = self.customers[at].refunds.pop() else { return };
        let on = self.house.app.today().max(gone);
        let act = move |w: &mut WriteTx<'_>, s: &StaffScope| refunds::give_back(w, s, id, on, "wrong account");
        self.house.act(self.house.who.tom, act).await.unwrap();
        let customer = &mut self.customers[at];
        *customer.cash.entry(receipt).or_default() += part;
        customer.entries.push((on, -part));
    }

    /// What the mail server is about to say: no for good, no for now, as when the line is lost before the last dot; or
    /// nothing, when it is lost behind it, whether or not the letter was taken.
    fn plan_faults(&self) {
        let reason = || "planted".to_owned();
        if self.one_in(4) {
            for _ in 0..self.chance.below(6) {
                self.house.mail.answer_next(match self.chance.below(6) {
                    0 => Verdict::Refused { reason: reason() },
                    1 => Verdict::Uncertain { reason: reason() },
                    2 => {
                        self.house.mail.lose_next("planted");
                        continue;
                    }
                    _ => Verdict::Deferred { reason: reason() },
                });
            }
        }
    }

    /// What is planted that happens by itself.
    async fn plant(&mut self) {
        let planted = self.planted;
        if !matches!(planted, Planted::LostLetters | Planted::ForgottenLooks) || !self.one_in(6) {
            return;
        }
        let Some(owed) = self.owed.iter().rfind(|x| x.open() > 0) else { return };
        let id = owed.id;
        let act = move |w: &mut WriteTx<'_>| {
            if planted == Planted::ForgottenLooks {
                w.set_reminder(id, None)?;
                return Ok(());
            }
            for letter in w.letters_about(id)?.into_iter().filter(|x| x.state.waits() && x.purpose.reminds()) {
                let lost = Letter { state: LetterState::Withdrawn(w.now, "lost".to_owned()), ..letter.clone() };
                w.move_letter(&lost, &letter.state, None)?;
            }
            Ok(())
        };
        self.house.app.store.housekeep(self.house.app.now(), act).await.unwrap();
    }

    /// The process dies while a letter is being handed over, before or after the mail server took it.
    async fn crash(&mut self) -> Told {
        let (app, now) = (self.house.app.clone(), self.house.app.now());
        let due = app.store.read(|r| r.letters_due(now, 100)).unwrap();
        let reminder = |id: &&LetterId| {
            let letter = app.store.read(|r| r.letter(**id)).unwrap().unwrap();
            matches!(letter.purpose, Purpose::Reminder(..))
        };
        let Some(id) = due.iter().find(reminder).or(due.first()).copied() else { return Ok(()) };
        let (entropy, settings) = (app.entropy.clone(), app.settings.clone());
        let sender = letters::Sender::of(&settings);
        let begin = move |w: &mut WriteTx<'_>| digest::begin(w, id, Company::Others, &settings.zone, &entropy, &sender);
        if let Some(parcel) = app.store.housekeep(now, begin).await.unwrap()
            && self.one_in(2)
        {
            app.mailer.send(&parcel.outgoing).await;
        }
        match self.one_in(2) {
            true => self.start_again().await,
            false => drop(scheduler::recover(&app).await.unwrap()),
        }
        let app = self.house.app.clone();
        if self.planted == Planted::BlindResend {
            let again =
                move |w: &mut WriteTx<'_>| letters::decide(w, &StaffScope::all(), id, letters::Decision::SendAgain);
            let _ = app.store.write(By::command_line(), now, again).await;
        }
        self.check_letters()
    }
}

/// Lives a while from the end of November; how many reminders arrived.
async fn life(seed: u64, days: i64, planted: Planted, kind: Kind) -> Result<usize, String> {
    life_from(None, seed, days, planted, kind).await
}

async fn life_from(start: Option<Date>, seed: u64, days: i64, planted: Planted, kind: Kind) -> Result<usize, String> {
    let mut world = World::new(seed, planted).await;
    world.changes.on |= kind == Kind::Changing;
    if let Some(start) = start {
        world.house.at(start, 9);
        world.latest = world.house.app.now();
    }
    if kind == Kind::Dunning {
        world.begin_dunning().await;
    }
    world.live(days).await?;
    Ok(world.arrived.values().map(Vec::len).sum())
}

/// Lives every fourth seed from `first`.
async fn lives(first: u64) {
    let asked = |name: &str| std::env::var(name).ok().and_then(|x| x.parse::<u32>().ok());
    let days = asked("COUNTERFOIL_DAYS").map_or(365, i64::from);
    let (seeds, days) = asked("COUNTERFOIL_YEARS").map_or((40, 40), |n| (u64::from(n), days));
    let from = asked("COUNTERFOIL_FIRST").map_or(0, u64::from);
    let (mut reminders, mut faults) = (0, Vec::new());
    for seed in (from + first..from + seeds).step_by(4) {
        let kind = if seed / 4 % 2 == 1 { Kind::Changing } else { Kind::Dunning };
        match life(seed, days, Planted::Nothing, kind).await {
            Ok(arrived) => reminders += arrived,
            Err(what) => faults.push(format!("seed {seed}, {days} days: {what}")),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(reminders > 60, "only {reminders} reminders arrived: these lives prove nothing");
}

#[tokio::test]
async fn years_pass_without_a_broken_promise_1() {
    lives(0).await;
}

#[tokio::test]
async fn years_pass_without_a_broken_promise_2() {
    lives(1).await;
}

#[tokio::test]
async fn years_pass_without_a_broken_promise_3() {
    lives(2).await;
}

#[tokio::test]
async fn years_pass_without_a_broken_promise_4() {
    lives(3).await;
}

/// Each in lives that are sound without it.
#[tokio::test]
async fn planted_faults_are_noticed() {
    let all = [
        Planted::BlindResend,
        Planted::LostPayment,
        Planted::EarlyWindow,
        Planted::SilentUndo,
        Planted::SilentReversal,
        Planted::SilentRefund,
        Planted::SilentPause,
        Planted::SilentPromise,
        Planted::SilentDispute,
        Planted::SilentPolicy,
        Planted::SilentClocks,
        Planted::SilentDecision,
        Planted::LostLetters,
        Planted::ForgottenLooks,
    ];
    let mut sound = BTreeSet::new();
    for planted in all {
        let mut noticed = None;
        for seed in 0..200 {
            if let Err(what) = life(seed, 50, planted, planted.kind()).await {
                noticed = Some((seed, what));
                break;
            }
        }
        let (seed, what) = noticed.unwrap_or_else(|| panic!("{planted:?} went unnoticed"));
        if sound.insert((seed, planted.kind())) {
            let without = life(seed, 50, Planted::Nothing, planted.kind()).await;
            assert!(without.is_ok(), "seed {seed} ({what}) fails without {planted:?} as well: {without:?}");
        }
    }
}

#[tokio::test]
async fn one_seed_replays_a_life() {
    let mut lives = Vec::new();
    for _ in 0..2 {
        let mut world = World::new(5, Planted::Nothing).await;
        world.changes.on = true;
        world.live(20).await.unwrap();
        lives.push(world.house.log());
    }
    let differ = lives[0].iter().zip(&lives[1]).find(|(one, other)| one != other);
    assert!(differ.is_none() && lives[0].len() == lives[1].len(), "{differ:#?}");
}
