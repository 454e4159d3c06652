//! Who comes, signs in and looks: staff, clients and their contacts.

use jiff::civil::{Date, time};

use super::super::firm::{self, CLIENTS, Part, STAFF};
use super::{Act, Story, fault};
use crate::actions::clients::{self, NewClient};
use crate::actions::people::{self, NewContact, NewStaff};
use crate::actions::{firm as firm_act, policies, sessions, visits};
use crate::domain::access::StaffScope;
use crate::domain::calendar::is_business_day;
use crate::domain::event::{Actor, By};
use crate::domain::format::Format;
use crate::domain::holidays;
use crate::domain::ids::{ClientId, ContactId, InvoiceId, ProjectId, StaffId};
use crate::domain::person::{Person, ProjectAccess, Rights, Role};
use crate::domain::terms::DueRule;
use crate::secrets::TokenDigest;
use crate::store::chain::EvidenceKeys;
use crate::store::events::Visited;
use crate::store::prelude::*;
use crate::store::scope::Pass;

impl Story {
    /// The firm with its owner, then the other three.
    pub(super) fn found_firm(&mut self, w: &mut WriteTx<'_>) -> Result<Done<()>, ActError> {
        self.turn_to(w, self.now);
        let owner = staff(0, None)?;
        let keys = EvidenceKeys::draw(&self.app.entropy);
        let founded = firm_act::set_up(w, &firm::firm().map_err(fault)?, &owner, &keys)?;
        self.staff.push(StaffId(1));
        self.keep_holidays(w)?;
        for (place, plan) in STAFF.iter().enumerate().skip(1) {
            let scope = self.as_staff(w, 0);
            // The member's clients come later; until then the list is empty.
            let only = (plan.role == Role::Member).then(Vec::new);
            let id = people::found_staff(w, &scope, &staff(place, only)?)?.value();
            self.staff.push(id);
        }
        self.later(3, Act::Post);
        founded.map_done(())
    }

    /// No reminder goes on a public holiday.
    fn keep_holidays(&self, w: &mut WriteTx<'_>) -> Result<(), ActError> {
        let (now, years) = (w.policy_now()?, self.first.year()..=self.today.year().saturating_add(2));
        let mut policy = now.policy;
        policy.days.holidays = holidays::of("Ireland", years).unwrap_or_default();
        let scope = self.as_staff(w, 0);
        let _ = policies::change(w, &scope, now.version, &policy, "The public holidays of Ireland")?;
        Ok(())
    }

    pub(super) fn join(&mut self, w: &mut WriteTx<'_>, place: usize) -> Result<(), ActError> {
        let plan = &CLIENTS[place];
        let scope = self.as_staff(w, 0);
        let new = NewClient {
            party: plan.party(),
            reference: plan.reference.to_owned(),
            language: plan.language,
            currency: plan.currency.parse().map_err(fault)?,
            terms: DueRule::Days(plan.terms),
            manager: self.staff.get(plan.manager).copied(),
            note: plan.note.to_owned(),
        };
        let id = clients::add(w, &scope, &new)?.value();
        self.clients[place].id = Some(id);
        for name in plan.projects {
            let project = clients::add_project(w, &scope, id, name)?.value();
            self.clients[place].projects.push(project);
        }
        for contact in plan.contacts {
            let new = contact_form(contact, &self.clients[place].projects)?;
            let contact = people::add_contact(w, &scope, id, &new)?.value();
            self.clients[place].contacts.push(contact);
        }
        self.widen_member(w, &scope, place)?;
        self.later(4, Act::Post);
        Ok(())
    }

    /// A client of the member's is in their scope from the day on which it comes.
    fn widen_member(&mut self, w: &mut WriteTx<'_>, scope: &StaffScope, joined: usize) -> Result<(), ActError> {
        for (place, plan) in STAFF.iter().enumerate().filter(|(_, s)| s.only.contains(&joined)) {
            let known: Vec<ClientId> = plan.only.iter().filter_map(|&c| self.clients[c].id).collect();
            let form = NewStaff { invite: false, ..staff(place, Some(known))? };
            if let Some(&id) = self.staff.get(place) {
                // A change of scope ends sessions and links; an invitation still open is sent again.
                let invite = w.password_hash(Person::Staff(id))?.is_none();
                people::change_staff(w, scope, &self.app.settings.zone, id, &form)?.value();
                if invite {
                    sessions::ask_password(w, &form.email)?.value();
                }
            }
        }
        Ok(())
    }

    pub(super) fn set_password(
        &mut self,
        w: &mut WriteTx<'_>,
        link: TokenDigest,
        person: Person,
    ) -> Result<(), ActError> {
        self.step_in(w, person);
        if w.password_hash(person)?.is_none() {
            sessions::set_password(w, &self.app.settings.zone, link, &self.setting.password_hash)?.value();
        }
        Ok(())
    }

    pub(super) fn revoke(&mut self, w: &mut WriteTx<'_>, client: usize, contact: usize) -> Result<(), ActError> {
        let scope = self.as_staff(w, 0);
        if let Some(&id) = self.clients[client].contacts.get(contact) {
            people::revoke_contact(w, &scope, id)?.value();
        }
        Ok(())
    }

    /// Sign-ins with a password: staff on their days, contacts now and then, more of both lately.
    pub(super) fn plan_visits(&mut self, day: Date) {
        let recent = (self.today - day).get_days() < 12;
        for place in 0..STAFF.len() {
            let often = [35, 25, 15, 3][place.min(3)] * if recent { 2 } else { 1 };
            if self.dice.chance(often) {
                let (hour, minute) = (self.hour(8, 15), self.minute());
                self.at(day, time(hour, minute, 40, 0), Act::Desk(place));
            }
        }
        for (client, plan) in CLIENTS.iter().enumerate() {
            for (contact, who) in plan.contacts.iter().enumerate() {
                if who.password && self.dice.chance(if recent { 14 } else { 4 }) && is_business_day(day) {
                    let (hour, minute) = (self.hour(8, 19), self.minute());
                    self.at(day, time(hour, minute, 8, 0), Act::Visit(client, contact));
                }
            }
            if self.dice.chance(1) {
                let minute = self.minute();
                self.at(day, time(7, minute, 55, 0), Act::Mistake(client));
            }
        }
    }

    pub(super) fn desk(&mut self, w: &mut WriteTx<'_>, place: usize) -> Result<(), ActError> {
        let Some(&id) = self.staff.get(place) else { return Ok(()) };
        let person = Person::Staff(id);
        if self.sign_in(w, person)? && place == 3 {
            // The auditor looks at what was issued.
            let seen: Vec<InvoiceId> = self.lately.values().filter_map(|all| all.last().copied()).collect();
            if let Some(&invoice) = self.dice.pick(&seen) {
                self.later(200, Act::Preview(id, invoice));
            }
        }
        Ok(())
    }

    /// A contact signs in with their password, opens the statement and a bill or two, and signs out.
    pub(super) fn visit(&mut self, w: &mut WriteTx<'_>, client: usize, place: usize) -> Result<(), ActError> {
        let Some(&id) = self.clients[client].contacts.get(place) else { return Ok(()) };
        if !self.sign_in(w, Person::Contact(id))? {
            return Ok(());
        }
        let pass = Pass { contact: id, only: None };
        let hour = visits::hour_of(w.now);
        let whole = w.contact(id)?.is_some_and(|c| c.rights.billing && c.rights.projects == ProjectAccess::All);
        let client_id = self.client(client)?;
        if whole && !w.visit_logged(id, Visited::Statement(client_id), hour)? {
            visits::statement_opened(w, pass)?.value();
        }
        if whole {
            self.read_month(w, client, pass)?;
        }
        let recent = self.lately.get(&client).cloned().unwrap_or_default();
        for invoice in recent.into_iter().rev().take(2) {
            self.open(w, pass, invoice)?;
        }
        Ok(())
    }

    /// Opens a bill's page, once an hour; what is not theirs they never see.
    pub(super) fn open(&mut self, w: &mut WriteTx<'_>, pass: Pass, id: InvoiceId) -> Result<bool, ActError> {
        let logged = w.visit_logged(pass.contact, Visited::Invoice(id), visits::hour_of(w.now))?;
        let (Some(invoice), Some(contact)) = (w.invoice(id)?, w.contact(pass.contact)?) else { return Ok(false) };
        let Some(number) = invoice.number().cloned() else { return Ok(false) };
        if logged || !contact.sees_billing(invoice.client, invoice.project) {
            return Ok(false);
        }
        visits::opened(w, pass, &number)?.value();
        Ok(true)
    }

    pub(super) fn follow(
        &mut self,
        w: &mut WriteTx<'_>,
        link: TokenDigest,
        contact: ContactId,
        invoice: InvoiceId,
    ) -> Result<(), ActError> {
        self.as_contact(w, contact);
        let session = self.token();
        sessions::with_link(w, link, session)?.value();
        let pass = Pass { contact, only: Some(invoice) };
        if self.open(w, pass, invoice)? && self.dice.chance(45) {
            let seconds = i64::from(self.dice.between(25, 400));
            self.later(seconds, Act::Download(contact, invoice));
        }
        Ok(())
    }

    pub(super) fn download(&mut self, w: &mut WriteTx<'_>, contact: ContactId, id: InvoiceId) -> Result<(), ActError> {
        self.as_contact(w, contact);
        let pass = Pass { contact, only: Some(id) };
        let number = w.invoice(id)?.and_then(|i| i.number().cloned());
        let active = w.contact(contact)?.is_some_and(|c| c.active);
        if let (Some(number), true) = (number, active) {
            visits::downloaded(w, pass, &number, Format::Pdf)?.value();
        }
        Ok(())
    }

    pub(super) fn preview(&mut self, w: &mut WriteTx<'_>, staff: StaffId, id: InvoiceId) -> Result<(), ActError> {
        let place = self.staff.iter().position(|s| *s == staff).unwrap_or(0);
        let scope = self.as_staff(w, place);
        visits::staff_previewed(w, &scope, id)?.value();
        Ok(())
    }

    /// Begins a session, if they have set a password by now; it ends by itself or by signing out.
    fn sign_in(&mut self, w: &mut WriteTx<'_>, person: Person) -> Result<bool, ActError> {
        self.step_in(w, person);
        let Some(hash) = w.password_hash(person)? else { return Ok(false) };
        let digest = self.token();
        sessions::with_password(w, person, &hash, digest)?.value();
        if self.dice.chance(70) {
            let seconds = i64::from(self.dice.between(240, 2_400));
            self.later(seconds, Act::SignOut(digest, person));
        }
        Ok(true)
    }

    pub(super) fn sign_out(
        &mut self,
        w: &mut WriteTx<'_>,
        digest: TokenDigest,
        person: Person,
    ) -> Result<(), ActError> {
        self.step_in(w, person);
        if w.session(digest)?.is_some() {
            sessions::sign_out(w, digest)?.value();
        }
        Ok(())
    }

    pub(super) fn mistake(&mut self, w: &mut WriteTx<'_>, client: usize) -> Result<(), ActError> {
        let known = &self.clients[client];
        if let (Some(plan), Some(&id)) = (CLIENTS[client].contacts.first(), known.contacts.first()) {
            self.as_contact(w, id);
            w.by = By { actor: Actor::Visitor, ..w.by.clone() };
            sessions::refused(w, plan.email, "wrong password")?.value();
        }
        Ok(())
    }

    pub(super) fn forgot(&mut self, w: &mut WriteTx<'_>, client: usize) -> Result<(), ActError> {
        let known = &self.clients[client];
        if let (Some(plan), Some(&id)) = (CLIENTS[client].contacts.first(), known.contacts.first()) {
            self.as_contact(w, id);
            w.by = By { actor: Actor::Visitor, ..w.by.clone() };
            sessions::ask_password(w, &firm::email(plan.email).map_err(fault)?)?.value();
            self.later(2, Act::Post);
        }
        Ok(())
    }

    fn step_in(&self, w: &mut WriteTx<'_>, person: Person) {
        match person {
            Person::Contact(id) => self.as_contact(w, id),
            Person::Staff(id) => {
                self.as_staff(w, self.staff.iter().position(|s| *s == id).unwrap_or(0));
            }
        }
    }
}

fn staff(place: usize, only: Option<Vec<ClientId>>) -> Result<NewStaff, ActError> {
    let plan = &STAFF[place];
    Ok(NewStaff {
        name: plan.name.to_owned(),
        email: firm::email(plan.email).map_err(fault)?,
        role: plan.role,
        only_clients: only,
        active: true,
        invite: true,
    })
}

fn contact_form(plan: &firm::ContactPlan, projects: &[ProjectId]) -> Result<NewContact, ActError> {
    let all =
        |billing, answer, letters| Rights { billing, answer, letters, documents: true, projects: ProjectAccess::All };
    let rights = match plan.part {
        Part::Payer | Part::Revoked => all(true, true, true),
        Part::Reader => all(true, false, false),
        Part::Documents => all(false, false, false),
        Part::Accountant => all(true, false, true),
        Part::Project(at) => {
            let only = projects.get(at).copied().into_iter().collect();
            Rights { projects: ProjectAccess::Only(only), ..all(true, true, true) }
        }
    };
    Ok(NewContact {
        name: plan.name.to_owned(),
        title: plan.title.to_owned(),
        email: firm::email(plan.email).map_err(fault)?,
        phone: plan.phone.to_owned(),
        language: None,
        zone: None,
        rights,
        leads: false,
        invite: plan.password,
    })
}
