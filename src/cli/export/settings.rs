//! How the firm had set things, in the archive: what its letters said and what went along with them, the reminder
//! policy and what is charged for late payment, each in every version.

use maud::{Markup, html};

use super::super::Failure;
use super::archive::Archive;
use super::write::Writer;
use crate::domain::event::Actor;
use crate::domain::late_payment::LatePaymentVersion;
use crate::domain::policy::{Policy, PolicyVersion, step_line};
use crate::domain::sentence::Names;
use crate::domain::text::capital;
use crate::domain::wording::Wording;
use crate::store::prelude::*;
use crate::web::desk::names::NamesOf;

/// The page's name within the archive.
pub(super) const SETTINGS: &str = "settings/index.html";

impl<A: Archive> Writer<'_, A> {
    /// Writes the page.
    pub(super) fn settings(&mut self) -> Result<(), Failure> {
        let r = self.r;
        let mut policies = r.policy_versions()?;
        policies.push(PolicyVersion::standard());
        let mut charged = r.late_payment_versions()?;
        charged.push(LatePaymentVersion::standard());
        let names = NamesOf::new(r);
        let body = html! {
            h1 { "Settings" }
            p { "Each version is as it was kept, the newest first." }
            h2 { "What letters say" }
            p {
                @if r.pdfs_along()? { "The PDFs of invoices go along with letters." }
                @else { "The PDFs of invoices are linked in letters." }
            }
            (self.letters(&names)?)
            h2 { "Reminder policy" }
            @for one in &policies { (self.policy(&names, one)) }
            h2 { "Late payment" }
            @for one in &charged { (self.late(&names, one)) }
            @let excepted = r.late_exceptions(usize::MAX)?;
            @if !excepted.is_empty() {
                h3 { "Clients who are charged nothing" }
                ul { @for x in &excepted {
                    li { (names.client(x.client)) ": " (x.reason) small { (names.staff(x.by)) ", " (self.local(x.since)) } }
                } }
            }
        };
        self.page(SETTINGS, "Settings", &body)
    }

    fn letters(&self, names: &NamesOf<'_, ReadTx>) -> Result<Markup, Failure> {
        let mut versions = Vec::new();
        for (kind, language) in self.r.worded()? {
            versions.push((kind, language, self.r.wordings(kind, language, usize::MAX)?));
        }
        let policy = self.r.policy()?;
        Ok(html! {
            @if versions.is_empty() { p { "Every letter says what Counterfoil wrote." } }
            @else { p { "Letters that are not listed say what Counterfoil wrote, and single steps what every letter of their tone does." } }
            @for (kind, language, versions) in &versions {
                h3 { (capital(&kind.words_in(&policy))) ", in " (language.name()) }
                @for one in versions { (self.wording(names, one)) }
            }
        })
    }

    fn wording(&self, names: &NamesOf<'_, ReadTx>, one: &Wording) -> Markup {
        html! {
            p {
                b {
                    "Version " (one.version)
                    @match (&one.words, one.kind.instead()) {
                        (Some(_), _) => {}
                        (None, Some(_)) => { ": back to the words of its tone" }
                        (None, None) => { ": back to what Counterfoil wrote" }
                    }
                }
                small { (by(names, &one.by)) ", " (self.local(one.at)) }
            }
            @if let Some(words) = &one.words {
                dl {
                    dt { "Subject" } dd { (words.subject) }
                    dt { "Opening" } dd.pre { (words.opening) }
                    @if !words.closing.is_empty() { dt { "Closing" } dd.pre { (words.closing) } }
                }
            }
        }
    }

    fn policy(&self, names: &NamesOf<'_, ReadTx>, one: &PolicyVersion) -> Markup {
        html! {
            @if one.version == 0 { h3 { (one.reason) ", before any other" } } @else {
                h3 { "Version " (one.version) ": " (one.reason) }
                p { small { (by(names, &one.by)) ", " (self.local(one.at)) } }
            }
            (self.rules(names, &one.policy))
        }
    }

    fn rules(&self, names: &NamesOf<'_, ReadTx>, policy: &Policy) -> Markup {
        let (locale, days) = (self.firm.locale, &policy.days);
        html! {
            @if policy.steps.is_empty() { p { "No reminders are sent." } }
            ul { @for step in &policy.steps { li { (step_line(step, locale, |id| names.staff(id))) } } }
            p {
                "Letters go on working days, " (days.weekday_words()) ", from " (locale.time(policy.at)) " to "
                (locale.time(policy.window_end)) ". Payments are promised " (policy.promises.words()) "."
            }
            @if !days.holidays.is_empty() {
                p { "Public holidays:" }
                ul { @for (day, name) in &days.holidays { li { (day) " " (name) } } }
            }
        }
    }

    fn late(&self, names: &NamesOf<'_, ReadTx>, one: &LatePaymentVersion) -> Markup {
        html! {
            @if one.version == 0 { h3 { (one.reason) } } @else {
                h3 { "Version " (one.version) ": " (one.reason) }
                p { small { (by(names, &one.by)) ", " (self.local(one.at)) } }
            }
            ul { @for line in one.policy.told(self.firm.locale) { li { (line) } } }
        }
    }
}

fn by(names: &NamesOf<'_, ReadTx>, actor: &Actor) -> String {
    match actor {
        Actor::Staff(id) => names.staff(*id),
        _ => "Counterfoil".to_owned(),
    }
}
