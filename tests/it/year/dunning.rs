//! Calls and late payment in the life of a firm: a step by telephone, which waits on Today until somebody notes what
//! came of it; and late payment notes, drafted by hand and by themselves, issued and thrown away. Drawn from a chance
//! of its own, so that a life without them is the same whether or not there could be any.

use std::collections::BTreeSet;

use counterfoil::actions::{calls, invoices, late_notes, late_payment, policies};
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::attention::Want;
use counterfoil::domain::event::{Actor, Event, LogEntry};
use counterfoil::domain::ids::InvoiceId;
use counterfoil::domain::invoice::Invoice;
use counterfoil::domain::late_interest::{RateFrom, Stretch, YearlyRate};
use counterfoil::domain::late_payment::LatePayment;
use counterfoil::domain::letter::Purpose;
use counterfoil::domain::policy::{Channel, Policy};
use counterfoil::domain::score::{How, Owed as Asked};
use counterfoil::secrets::Entropy;
use counterfoil::store::prelude::*;
use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::{Owed, Told, World, claim};
use crate::house::*;

/// The step by telephone.
const CALL: i16 = 14;
/// Days past due before a note is offered.
const AFTER: u16 = 5;
/// Days after that by which it was looked at for certain.
const LONG: i64 = 6;
/// Yearly rates in thousandths of a percent, each from a day.
const RATES: [(Date, i128); 2] = [(date(2026, 7, 1), 10_150), (date(2027, 1, 1), 9_900)];

/// What the model knows of calls and notes.
pub(super) struct Dunning {
    chance: Entropy,
    /// Whether there are any.
    pub on: bool,
    /// Whether notes are drafted by themselves.
    by_itself: bool,
    /// How much of the log was read.
    read: u64,
    /// Invoices about which somebody was asked to call, ever.
    asked: BTreeSet<InvoiceId>,
    /// Those of which nobody noted what came of it, and nothing else settled it.
    waiting: BTreeSet<InvoiceId>,
    /// How many notes were issued.
    issued: usize,
}

impl Dunning {
    pub fn new(seed: u64) -> Self {
        let chance = Entropy::seeded(seed ^ 0xd0_77ed);
        let (asked, waiting) = (BTreeSet::new(), BTreeSet::new());
        Self { chance, on: false, by_itself: false, read: 0, asked, waiting, issued: 0 }
    }

    /// Whether a step is one by telephone, so that no letter goes for it.
    pub fn calls(&self, step: i16) -> bool {
        self.on && step == CALL
    }

    /// Whether somebody was asked to call about an invoice.
    pub fn was_asked(&self, invoice: InvoiceId) -> bool {
        self.asked.contains(&invoice)
    }

    fn one_in(&self, n: u64) -> bool {
        self.chance.below(n) == 0
    }
}

impl World {
    /// From now on the firm calls at one step, and charges what late payment costs; half of the firms by themselves.
    pub(super) async fn begin_dunning(&mut self) {
        self.dunning.on = true;
        let mut policy = Policy::standard();
        policy.steps.iter_mut().filter(|x| x.offset == CALL).for_each(|x| x.by = Channel::Call);
        let act = move |w: &mut WriteTx<'_>, s: &StaffScope| policies::change(w, s, 0, &policy, "we ring");
        self.house.act(self.house.who.orla, act).await.unwrap();
        let rate = |parts: i128| YearlyRate::parse("rate", &format!("{}.{:03}", parts / 1_000, parts % 1_000)).unwrap();
        let rates = RATES.map(|(from, parts)| RateFrom { from, rate: rate(parts) }).to_vec();
        let by_itself = self.dunning.one_in(2);
        self.dunning.by_itself = by_itself;
        let late = LatePayment { on: true, rates, after: AFTER, by_itself, ..LatePayment::standard() };
        let act = move |w: &mut WriteTx<'_>, s: &StaffScope| late_payment::change(w, s, 0, &late, "as the law has it");
        self.house.act(self.house.who.orla, act).await.unwrap();
    }

    /// Now and then somebody calls, or makes, issues or throws away a late payment note.
    pub(super) async fn dun(&mut self) -> Told {
        if !self.dunning.on {
            return Ok(());
        }
        match self.dunning.chance.below(12) {
            0 | 1 => self.call().await?,
            2 | 3 => self.draft_note().await?,
            4 => self.issue_or_discard_note().await?,
            _ => {}
        }
        self.check_dunning()
    }

    fn some(&self, all: &[usize]) -> Option<usize> {
        let n = self.dunning.chance.below((all.len() as u64).max(1));
        all.get(usize::try_from(n).unwrap()).copied()
    }

    async fn call(&mut self) -> Told {
        let open = |x: &Owed| x.open() > 0;
        let wanted = |x: &Owed| open(x) && self.dunning.waiting.contains(&x.id);
        let mut all: Vec<usize> = (0..self.owed.len()).filter(|&i| wanted(&self.owed[i])).collect();
        if all.is_empty() || self.dunning.one_in(4) {
            all = (0..self.owed.len()).filter(|&i| open(&self.owed[i])).collect();
        }
        let Some(i) = self.some(&all) else { return Ok(()) };
        let (id, reached) = (self.owed[i].id, self.dunning.one_in(2));
        let act = move |w: &mut WriteTx<'_>, s: &StaffScope| calls::note(w, s, id, None, (reached, "they will look"));
        self.house.act(self.house.who.tom, act).await.unwrap();
        let wants = self.wants(id);
        claim(wants != Some(Want::Call), || format!("somebody called about {id}, and it wants a call still"))
    }

    fn wants(&self, id: InvoiceId) -> Option<Want> {
        self.house.app.store.read(|r| r.wants(id, self.house.app.now())).unwrap()
    }

    fn notes_of(&self, id: InvoiceId) -> Vec<Invoice> {
        self.house.app.store.read(|r| r.late_notes_of(id)).unwrap()
    }

    /// A note is drafted where one is offered by the rule as it is reckoned here, and nowhere else.
    async fn draft_note(&mut self) -> Told {
        let today = self.house.app.today();
        let late: Vec<usize> = (0..self.owed.len()).filter(|&i| self.owed[i].due < today).collect();
        let Some(i) = self.some(&late) else { return Ok(()) };
        let (id, offered) = (self.owed[i].id, self.offers(self.owed[i].id, today));
        let act = move |w: &mut WriteTx<'_>, s: &StaffScope| late_notes::draft(w, s, id, today);
        match self.house.act(self.house.who.tom, act).await {
            Ok(note) => {
                claim(offered, || format!("a late payment note for {id}, for which none is offered"))?;
                self.is_right(&self.notes_of(id).into_iter().find(|x| x.id == note).unwrap())
            }
            Err(ActError::Refused(why)) => claim(!offered, || format!("no late payment note for {id}: {why}")),
            Err(error) => panic!("{error}"),
        }
    }

    /// Whether a note is offered: late long enough in a row, something to charge, and no other draft waits.
    fn offers(&self, id: InvoiceId, today: Date) -> bool {
        let notes = self.notes_of(id);
        let is_note = self.house.app.store.read(|r| r.invoice(id)).unwrap().unwrap().late.is_some();
        let Some(asked) = self.asked_of(id).filter(|_| !is_note) else { return false };
        let charges: Vec<_> = notes.iter().filter_map(|x| x.late.as_ref()).collect();
        let charged: Vec<Stretch> = charges.iter().flat_map(|x| x.stretches.iter().copied()).collect();
        let interest: i64 = reckoned(&asked, &charged, today).iter().map(|x| x.3).sum();
        let fixed = charges.iter().all(|x| x.fixed.is_none());
        let waits = notes.iter().any(|x| x.issue.is_none());
        !waits && longest_run(&asked, today) >= usize::from(AFTER) && (interest > 0 || fixed)
    }

    /// Where notes are drafted by themselves, each invoice that is late for long has or had one.
    pub(super) fn check_late_notes(&self) -> Told {
        let today = self.house.app.today() - LONG.days();
        for owed in self.owed.iter().filter(|x| self.dunning.by_itself && x.open() > 0) {
            // What came late, stood still or was paid for a while is looked at on other days.
            let plain = owed.held.why.is_empty() && owed.reopened.is_none();
            if plain && self.offers(owed.id, today) {
                let had = self.house.app.store.read(|r| r.late_drafted_for(owed.id)).unwrap().is_some();
                claim(had || !self.notes_of(owed.id).is_empty(), || format!("{} has no late payment note", owed.id))?;
            }
        }
        Ok(())
    }

    /// A note that waits becomes a document, or is thrown away where it is not so any more.
    async fn issue_or_discard_note(&mut self) -> Told {
        let waiting: Vec<Invoice> =
            self.owed.iter().flat_map(|x| self.notes_of(x.id)).filter(|x| x.issue.is_none()).collect();
        let all: Vec<usize> = (0..waiting.len()).collect();
        let Some(note) = self.some(&all).and_then(|at| waiting.get(at)) else { return Ok(()) };
        let (house, id) = (&self.house, note.id);
        let (by, scope) = (house.by(house.who.tom), house.scope(house.who.tom));
        match invoices::issue(&house.app, by, &scope, id).await {
            Ok(_) => {}
            Err(ActError::Refused(why)) => {
                let right = self.is_right(note);
                claim(right.is_err(), || format!("{id} was refused, and charges what is so: {why}"))?;
                let act = move |w: &mut WriteTx<'_>, s: &StaffScope| invoices::discard(w, s, id);
                self.house.act(self.house.who.tom, act).await.unwrap();
                return Ok(());
            }
            Err(error) => panic!("{error}"),
        }
        let issued = self.house.app.store.read(|r| r.invoice(id)).unwrap().unwrap();
        self.is_right(&issued)?;
        let of = issued.late.as_ref().unwrap().of;
        self.dunning.issued += 1;
        let client = self.owed.iter().find(|x| x.id == of).unwrap().client;
        let amount = issued.payable().minor;
        self.customers[client].entries.push((issued.dated, amount));
        let published = self.house.app.now();
        // It is charged without VAT, which the model's credit notes don't know.
        self.owed.push(Owed::new((id, client), (issued.due, published), amount));
        Ok(())
    }

    /// What an invoice asked for and what settled it, as the score and the interest are reckoned from.
    fn asked_of(&self, id: InvoiceId) -> Option<Asked> {
        let read = |r: &ReadTx| Ok::<_, StoreError>(r.invoice(id)?.map(|x| r.owed_of(&x)).transpose()?.flatten());
        self.house.app.store.read(read).unwrap()
    }

    /// Whether a note charges what late payment costs, reckoned here day by day.
    fn is_right(&self, note: &Invoice) -> Told {
        let charge = note.late.as_ref().unwrap();
        let others: Vec<_> =
            self.notes_of(charge.of).into_iter().filter(|x| x.id != note.id).filter_map(|x| x.late).collect();
        let charged: Vec<Stretch> = others.iter().flat_map(|x| x.stretches.iter().copied()).collect();
        let asked = self.asked_of(charge.of).unwrap();
        let stands = asked.settled.iter().filter(|x| x.until.is_none());
        let (mut credited, mut paid) = (0, 0);
        for x in stands {
            *if x.how == How::Credited { &mut credited } else { &mut paid } += x.amount;
        }
        let owed = self.owed.iter().find(|x| x.id == charge.of).unwrap();
        // Of credit notes some settle it; what they leave does not.
        claim(credited == owed.credited && paid <= owed.settled && owed.settled <= paid + credited, || {
            format!("{} of {} is settled, not {paid} and {credited} by credit notes", owed.settled, charge.of)
        })?;
        let expected = reckoned(&asked, &charged, charge.until);
        let found: Vec<_> = charge.stretches.iter().map(|x| (x.from, x.to, x.open, x.interest)).collect();
        claim(found == expected, || format!("{} charges {found:?} and not {expected:?}", note.id))?;
        let fixed = others.iter().filter(|x| x.fixed.is_some()).count();
        claim(charge.fixed == (fixed == 0).then_some(40_00), || {
            format!("{} charges the fixed sum {:?}, and so do {fixed} others", note.id, charge.fixed)
        })?;
        let sum = expected.iter().map(|x| x.3).sum::<i64>() + charge.fixed.unwrap_or(0);
        claim(note.payable().minor == sum, || format!("{} comes to {} and not {sum}", note.id, note.payable()))
    }

    /// Reads what the log tells since the last look, and compares it with Today.
    pub(super) fn check_dunning(&mut self) -> Told {
        if !self.dunning.on {
            return Ok(());
        }
        let mut new: Vec<LogEntry> = Vec::new();
        let from = self.dunning.read;
        let read = |r: &ReadTx| {
            r.log_backwards(None, |entry| {
                let is_new = entry.sequence > from;
                new.extend(is_new.then_some(entry));
                is_new
            })
        };
        self.house.app.store.read(read).unwrap();
        for entry in new.into_iter().rev() {
            self.dunning.read = entry.sequence;
            self.hear(&entry)?;
        }
        // What is disputed wants an answer in place of a call.
        let calls = |x: &&Owed| x.open() > 0 && x.disputed.is_none();
        let open: BTreeSet<InvoiceId> = self.owed.iter().filter(calls).map(|x| x.id).collect();
        self.dunning.waiting.retain(|id| open.contains(id));
        for &id in &self.dunning.waiting {
            let wants = self.wants(id);
            // A clock that was set back has not come to it again.
            let is_back = self.latest > self.house.app.now();
            claim(is_back || wants == Some(Want::Call), || format!("a call about {id} is not on Today: {wants:?}"))?;
        }
        for owed in &self.owed {
            let drafts = self.notes_of(owed.id).iter().filter(|x| x.issue.is_none()).count();
            claim(drafts <= 1, || format!("{drafts} drafts of late payment notes for {}", owed.id))?;
        }
        Ok(())
    }

    fn hear(&mut self, entry: &LogEntry) -> Told {
        match &entry.event {
            Event::CallAskedFor { invoice, step } => {
                let id = *invoice;
                claim(*step == CALL, || format!("a call about {id} by step {step}"))?;
                claim(self.dunning.asked.insert(id), || format!("a second call about {id} is asked for"))?;
                let owed = self.owed.iter().find(|x| x.id == id).unwrap();
                let falls = self.changes.rules().steps(owed.due, &dublin()).into_iter().find(|x| x.0 == CALL);
                claim(falls.is_some_and(|x| x.1 <= entry.at), || format!("a call about {id} before its day"))?;
                // Where a promise was broken, that is what somebody sees to.
                let promise = self.house.app.store.read(|r| r.newest_promise(id)).unwrap();
                if promise.is_none() {
                    self.dunning.waiting.insert(id);
                }
            }
            Event::Called { invoice, .. } | Event::PaymentPromised { invoice, .. } => {
                self.dunning.waiting.remove(invoice);
            }
            Event::LetterQueued { purpose: Purpose::Reminder(invoice, CALL), .. } => {
                return Err(format!("a letter about {invoice} at the step by telephone"));
            }
            Event::LateNoteDrafted { of, .. } => {
                let (known, notes) = (self.owed.iter().any(|x| x.id == *of), self.notes_of(*of).len());
                claim(known, || format!("a late payment note for {of}, which nobody knows"))?;
                let by_itself = matches!(entry.by.actor, Actor::Counterfoil(_));
                claim(!by_itself || notes <= 1, || format!("{of} has {notes} notes, and one was made by itself"))?;
            }
            _ => {}
        }
        // Settled, and open again perhaps by something else, it wants what it begins with.
        if let Some(id) = entry.invoice.filter(|_| settles(&entry.event)) {
            self.dunning.waiting.remove(&id);
        }
        Ok(())
    }
}

/// Whether nothing is open of an invoice after an event.
fn settles(event: &Event) -> bool {
    match event {
        Event::Allocated { left_open, .. }
        | Event::WrittenOff { left_open, .. }
        | Event::EarlyPaymentTaken { left_open, .. } => left_open.minor == 0,
        _ => false,
    }
}

/// The most days in a row, until a day, on which anything was late.
fn longest_run(owed: &Asked, until: Date) -> usize {
    let (mut day, mut run, mut longest) = (owed.due.tomorrow().unwrap(), 0, 0);
    while day <= until {
        run = if open_before(owed, day) > 0 { run + 1 } else { 0 };
        longest = longest.max(run);
        day = day.tomorrow().unwrap();
    }
    longest
}

/// What was open as a day began. What was credited was never owed.
fn open_before(owed: &Asked, day: Date) -> i64 {
    let stands = owed.settled.iter().filter(|x| x.until.is_none());
    let gone: i64 = stands.filter(|x| x.how == How::Credited || x.on < day).map(|x| x.amount).sum();
    (owed.payable - gone).max(0)
}

/// What late payment cost until a day, day by day: from, to, open, interest.
fn reckoned(owed: &Asked, charged: &[Stretch], until: Date) -> Vec<(Date, Date, i64, i64)> {
    let mut all: Vec<(Date, Date, i64, i128)> = Vec::new();
    let mut day = owed.due.tomorrow().unwrap();
    while day <= until {
        let before: i64 = charged.iter().filter(|x| x.from <= day && day <= x.to).map(|x| x.open).sum();
        let open = open_before(owed, day) - before;
        let rate = RATES.iter().rfind(|x| x.0 <= day).map(|x| x.1);
        if let (true, Some(rate)) = (open > 0, rate) {
            match all.last_mut() {
                Some(last) if last.1.tomorrow().unwrap() == day && (last.2, last.3) == (open, rate) => last.1 = day,
                _ => all.push((day, day, open, rate)),
            }
        }
        day = day.tomorrow().unwrap();
    }
    let interest = |(from, to, open, rate): (Date, Date, i64, i128)| {
        let days = i128::from((to - from).get_days() + 1);
        let whole = 365 * 100 * 1_000;
        let exact = i128::from(open) * rate * days;
        (from, to, open, i64::try_from((exact + whole / 2) / whole).unwrap())
    };
    all.into_iter().map(interest).filter(|x| x.3 > 0).collect()
}

#[tokio::test]
async fn lives_have_calls_and_notes() {
    let (mut asked, mut issued) = (0, 0);
    for seed in 0..6 {
        let mut world = World::new(seed, super::Planted::Nothing).await;
        world.begin_dunning().await;
        world.live(40).await.unwrap();
        asked += world.dunning.asked.len();
        issued += world.dunning.issued;
    }
    assert!(asked > 5 && issued > 5, "{asked} calls and {issued} notes: these lives prove nothing");
}
