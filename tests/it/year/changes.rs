//! What people decide meanwhile: another policy, other clocks, and what becomes of letters that may or may not have
//! gone. Drawn from a chance of its own, so that a life without changes is the same whether or not there could be any.

use std::collections::BTreeMap;

use counterfoil::actions::letters::{self, Decision};
use counterfoil::actions::{people, policies};
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::calendar::Zone;
use counterfoil::domain::ids::{ContactId, InvoiceId};
use counterfoil::domain::letter::Purpose;
use counterfoil::domain::person::Person;
use counterfoil::domain::policy::{Policy, Step};
use counterfoil::secrets::Entropy;
use counterfoil::store::letters::LetterShelf;
use counterfoil::store::prelude::*;
use jiff::civil::{Date, Weekday, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::{Planted, World};
use crate::house::*;

/// Offsets of policies that a firm goes from and to.
const POLICIES: [&[i16]; 4] = [&[-7, 0, 7, 14, 30], &[-5, 0, 10, 21], &[-7, 0, 3, 14, 28, 40], &[0, 7, 30]];
const ZONES: [&str; 4] = ["America/New_York", "Asia/Tokyo", "Pacific/Auckland", "Europe/Dublin"];

/// A policy as the model knows it: the steps’ offsets, and the hour at which they fall.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// When it took effect.
    pub since: Timestamp,
    pub offsets: Vec<i16>,
    pub hour: i8,
}

impl Rules {
    /// The steps with their instants by these clocks, reckoned here once more.
    pub fn steps(&self, due: Date, zone: &TimeZone) -> Vec<(i16, Timestamp)> {
        let at = |step: &i16| {
            let mut day = due + i64::from(*step).days();
            while matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
                day = if *step < 0 { day.yesterday().unwrap() } else { day.tomorrow().unwrap() };
            }
            (*step, zone.to_timestamp(day.at(self.hour, 0, 0, 0)).unwrap())
        };
        self.offsets.iter().map(at).collect()
    }

    /// When a step falls, whatever day of the week that is.
    pub fn nominal(&self, due: Date, step: i16, zone: &TimeZone) -> Timestamp {
        zone.to_timestamp((due + i64::from(step).days()).at(self.hour, 0, 0, 0)).unwrap()
    }

    /// Monday to Friday, until six.
    pub fn sends_at(&self, now: Timestamp, zone: &TimeZone) -> bool {
        let local = zone.to_datetime(now);
        !matches!(local.weekday(), Weekday::Saturday | Weekday::Sunday) && (self.hour..18).contains(&local.hour())
    }
}

/// What the model knows of changes.
pub(super) struct Changes {
    chance: Entropy,
    /// Whether there are any.
    pub on: bool,
    /// The newest last.
    rules: Vec<Rules>,
    /// By whose clocks, and since when.
    zones: BTreeMap<ContactId, (TimeZone, Timestamp)>,
    /// Letters of which staff said that they be sent again: each may arrive once more.
    pub again: Vec<(InvoiceId, Person, i16)>,
}

impl Changes {
    pub fn new(seed: u64, on: bool) -> Self {
        let standard = Rules { since: Timestamp::MIN, offsets: POLICIES[0].to_vec(), hour: 8 };
        let chance = Entropy::seeded(seed ^ 0xc4a9);
        Self { chance, on, rules: vec![standard], zones: BTreeMap::new(), again: Vec::new() }
    }

    /// The policy of an instant.
    pub fn rules_at(&self, at: Timestamp) -> &Rules {
        self.rules.iter().rfind(|x| x.since <= at).unwrap_or(&self.rules[0])
    }

    /// The newest policy.
    pub fn rules(&self) -> &Rules {
        self.rules.last().unwrap()
    }

    /// By whose clocks somebody lives.
    pub fn clocks_of(&self, to: Person) -> TimeZone {
        let own = if let Person::Contact(id) = to { self.zones.get(&id) } else { None };
        own.map_or_else(dublin, |x| x.0.clone())
    }

    /// Whether any clocks or rules changed at an instant or later.
    pub fn since(&self, at: Timestamp) -> bool {
        self.rules().since >= at || self.zones.values().any(|x| x.1 >= at)
    }
}

impl World {
    /// Now and then somebody changes something.
    pub(super) async fn change(&mut self) {
        if !self.changes.on {
            return;
        }
        match self.changes.chance.below(60) {
            0 => self.change_policy().await,
            1 | 2 => self.change_clocks().await,
            3..=14 => self.decide().await,
            _ => {}
        }
    }

    async fn change_policy(&mut self) {
        let pick = |n: u64| usize::try_from(self.changes.chance.below(n)).unwrap();
        let (offsets, hour) = (POLICIES[pick(4)], if pick(2) == 0 { 8 } else { 9 });
        let known = self.house.app.store.read(|r| r.policy_now()).unwrap();
        if (&*self.changes.rules().offsets, self.changes.rules().hour) == (offsets, hour) {
            return;
        }
        // The steps stay the same ones, at other places; or they are others.
        let base = if pick(2) == 0 { 1 } else { 1 + 20 * u16::try_from(known.version + 1).unwrap() };
        let mut policy = Policy { at: time(hour, 0, 0, 0), ..Policy::standard() };
        let like = policy.steps[4].clone();
        policy.steps = (base..).zip(offsets).map(|(id, offset)| Step { id, offset: *offset, ..like.clone() }).collect();
        let act =
            move |w: &mut WriteTx<'_>, s: &StaffScope| policies::change(w, s, known.version, &policy, "another mind");
        if self.planted != Planted::SilentPolicy {
            self.house.act(self.house.who.orla, act).await.unwrap();
        }
        let since = self.house.app.now();
        self.changes.rules.push(Rules { since, offsets: offsets.to_vec(), hour });
    }

    async fn change_clocks(&mut self) {
        let pick = |n: usize| usize::try_from(self.changes.chance.below(n as u64)).unwrap();
        let customer = &self.customers[pick(self.customers.len())];
        let all: Vec<ContactId> = customer.passing.iter().copied().chain([customer.steady]).collect();
        let (contact, zone) = (all[pick(all.len())], ZONES[pick(ZONES.len())]);
        let old = self.house.app.store.read(|r| r.contact(contact)).unwrap().unwrap();
        let new = people::NewContact {
            zone: Some(Zone::parse("zone", zone).unwrap()),
            ..new_contact(&old.name, old.email.as_str(), old.rights)
        };
        let act = move |w: &mut WriteTx<'_>, s: &StaffScope| people::change_contact(w, s, &dublin(), contact, &new);
        let same = old.zone.as_ref().is_some_and(|own| own.to_string() == zone);
        if !same && self.planted != Planted::SilentClocks {
            self.house.act(self.house.who.tom, act).await.unwrap();
        }
        self.changes.zones.insert(contact, (TimeZone::get(zone).unwrap(), self.house.app.now()));
    }

    /// Somebody looks at a letter that may or may not have gone, or that failed.
    async fn decide(&mut self) {
        let shelf = if self.changes.chance.below(3) == 0 { LetterShelf::Failed } else { LetterShelf::Uncertain };
        let waiting = |shelf| self.house.app.store.read(|r| r.letters_on(shelf, None, 20)).unwrap();
        let all = waiting(shelf);
        if all.is_empty() {
            return;
        }
        let id = all[usize::try_from(self.changes.chance.below(all.len() as u64)).unwrap()].id;
        let again = self.changes.chance.below(2) == 0;
        let decision = if again { Decision::SendAgain } else { Decision::Leave };
        let undecided = [waiting(LetterShelf::Uncertain), waiting(LetterShelf::Failed)].concat();
        let act = move |w: &mut WriteTx<'_>, s: &StaffScope| letters::decide(w, s, id, decision);
        self.house.act(self.house.who.tom, act).await.unwrap();
        if !again || self.planted == Planted::SilentDecision {
            return;
        }
        // What went as one letter is decided as one.
        for before in undecided {
            let now = self.house.app.store.read(|r| r.letter(before.id)).unwrap().unwrap();
            if let (true, Purpose::Reminder(invoice, step)) = (now.state.waits(), now.purpose) {
                self.changes.again.push((invoice, now.to, step));
            }
        }
    }

    /// Takes what was said of a letter that arrives again; whether anything was.
    pub(super) fn was_sent_again(&mut self, what: (InvoiceId, Person, i16)) -> bool {
        let at = self.changes.again.iter().position(|x| *x == what);
        at.map(|at| self.changes.again.swap_remove(at)).is_some()
    }
}

/// Longest that one person’s morning is behind another’s.
pub(super) const AROUND_THE_WORLD: SignedDuration = SignedDuration::from_hours(26);
