//! Today: what needs a person, each with its next action and a link to where it is solved.
//!
//! Every section shows a few and links to the rest; nothing here grows with what the firm keeps.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::links;
use super::names::NamesOf;
use super::snooze::PutOff;
use super::today_queue as queue;
use super::today_side as side;
use crate::domain::access::{Act, StaffScope};
use crate::domain::attention::{Item, Want};
use crate::domain::ids::ClientId;
use crate::domain::letter::Letter;
use crate::domain::payment::Source;
use crate::store::letters::LetterShelf;
use crate::store::prelude::*;
use crate::store::standing::StandingReads;
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, Icon, Tone};
use crate::web::problem::Problem;

/// Most things that are counted; more read as that many.
const COUNT_MAX: usize = 99;

/// Looks at what came back that failed in a row before it is told here: one may fail as the server starts anew.
const LOOKS_MISSED: u32 = 3;

/// What waits, counted up to [`COUNT_MAX`] in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub failed: usize,
    pub bounced: usize,
    pub uncertain: usize,
    pub disputed: usize,
    pub broken: usize,
    pub silent: usize,
    pub unopened: usize,
    pub calls: usize,
    pub unapplied: usize,
    pub drafts: usize,
    pub to_file: usize,
    pub unwanted: usize,
}

impl Counts {
    fn total(self) -> usize {
        let letters = self.failed + self.bounced + self.uncertain + self.unwanted;
        let invoices = self.disputed + self.broken + self.silent + self.unopened + self.calls + self.drafts;
        (letters + invoices + self.unapplied + self.to_file).min(COUNT_MAX)
    }
}

/// How many things wait for a person; at most [`COUNT_MAX`]. Every desk page asks, so this counts index
/// entries, and recipients of the newest letters that failed.
pub fn count(desk: &Desk) -> usize {
    // A page without its count is better than no page.
    desk.read(|r| Ok(counts(r, desk, &PutOff::today(r, desk)?)?)).map_or(0, Counts::total)
}

fn counts(r: &ReadTx, desk: &Desk, put_off: &PutOff) -> Result<Counts, StoreError> {
    let mut out = Counts {
        failed: letters(r, &desk.scope, LetterShelf::Failed, put_off)?,
        bounced: letters(r, &desk.scope, LetterShelf::Bounced, put_off)?,
        uncertain: letters(r, &desk.scope, LetterShelf::Uncertain, put_off)?,
        unwanted: r.stopped_new(COUNT_MAX)?.iter().filter(|s| desk.scope.sees(s.client)).count(),
        to_file: if may_file(desk) { r.drops_waiting(COUNT_MAX)?.len() + passed_over(desk).len() } else { 0 },
        ..Counts::default()
    };
    for client in links::reach(&desk.scope) {
        let left = COUNT_MAX - out.total();
        if left == 0 {
            break;
        }
        add(r, desk, client, left + put_off.len(), &mut out)?;
    }
    less(r, desk, put_off, &mut out)?;
    Ok(out)
}

/// Nobody knows yet whose a dropped file is, so that it is for whoever sees all clients.
pub(super) fn may_file(desk: &Desk) -> bool {
    desk.may(Act::Work) && desk.scope.only().is_none()
}

/// What lies in the drop folder and is not taken.
pub(super) fn passed_over(desk: &Desk) -> Vec<(String, &'static str)> {
    desk.app.settings.drop.as_ref().map(|plan| plan.passed.all()).unwrap_or_default()
}

fn add(r: &ReadTx, desk: &Desk, client: Option<ClientId>, limit: usize, out: &mut Counts) -> Result<(), StoreError> {
    let now = desk.app.now();
    out.silent += r.wanting(client, Want::Silent, now, limit)?.len();
    out.unopened += r.wanting(client, Want::Unopened, now, limit)?.len();
    out.calls += r.wanting(client, Want::Call, now, limit)?.len();
    out.disputed += r.wanting(client, Want::Disputed, now, limit)?.len();
    out.broken += r.wanting(client, Want::Broken, now, limit)?.len();
    out.unapplied += r.count_unapplied(client, limit)?;
    out.drafts += r.count_drafts(client, limit)?;
    Ok(())
}

/// Takes what is put off out of the counts, where it would wait otherwise.
fn less(r: &ReadTx, desk: &Desk, put_off: &PutOff, out: &mut Counts) -> Result<(), StoreError> {
    let now = desk.app.now();
    let mine = |client| desk.scope.sees(client);
    for item in put_off.items() {
        let (count, waits) = match item {
            Item::Silent(id) | Item::Unopened(id) | Item::Call(id) | Item::Broken(id) | Item::Disputed(id) => {
                let wants = if r.invoice(id)?.is_some_and(|x| mine(x.client)) { r.wants(id, now)? } else { None };
                match item {
                    Item::Silent(_) => (&mut out.silent, wants == Some(Want::Silent)),
                    Item::Call(_) => (&mut out.calls, wants == Some(Want::Call)),
                    Item::Broken(_) => (&mut out.broken, wants == Some(Want::Broken)),
                    Item::Disputed(_) => (&mut out.disputed, wants == Some(Want::Disputed)),
                    _ => (&mut out.unopened, wants == Some(Want::Unopened)),
                }
            }
            Item::Payment(id) => {
                let client = r.receipt(id)?.map(|x| x.client).filter(|x| mine(*x));
                let left = client.map_or(Ok(0), |x| r.unapplied_left(x, Source::Receipt(id)))?;
                (&mut out.unapplied, left > 0)
            }
            Item::Credit(id) => {
                let client = r.invoice(id)?.map(|x| x.client).filter(|x| mine(*x));
                let left = client.map_or(Ok(0), |x| r.unapplied_left(x, Source::Credit(id)))?;
                (&mut out.unapplied, left > 0)
            }
            Item::Draft(id) => (&mut out.drafts, r.invoice(id)?.is_some_and(|x| mine(x.client) && x.issue.is_none())),
            // Left out where the letters were read.
            Item::Letter(_) => continue,
        };
        *count = count.saturating_sub(usize::from(waits));
    }
    Ok(())
}

/// Recipients of the newest letters on a shelf: a wrong address fails again and again, and is one thing to do.
fn letters(r: &ReadTx, scope: &StaffScope, shelf: LetterShelf, put_off: &PutOff) -> Result<usize, StoreError> {
    let newest = r.letters_on(shelf, None, COUNT_MAX)?;
    let mut to = BTreeSet::new();
    // The newest to each stands for all of them, and is what was put off.
    let first = |l: &&Letter| super::letters::sees(scope, l) && to.insert(l.to);
    Ok(newest.iter().filter(first).filter(|l| !put_off.has(Item::Letter(l.id))).count())
}

/// `GET /desk`
pub async fn show(desk: Desk) -> Result<Markup, Problem> {
    desk.read(|r| {
        let put_off = PutOff::today(r, &desk)?;
        let counts = counts(r, &desk, &put_off)?;
        let names = NamesOf::among(r, &desk.scope);
        let sections = queue::sections(r, &desk, &names, counts, &put_off)?;
        let later = super::snooze::section(r, &desk, &names, &put_off)?;
        let aside = side::aside(r, &desk, &names)?;
        let held = r.sending_held()?;
        let backups = super::backups::banner(r, &desk)?;
        let numbers = r.numbers_held_since()?.map(|_| super::restored::numbers_held(&desk));
        let backups = html! {
            (backups)
            @if let Some(numbers) = &numbers { (numbers) }
            @if held { (super::letters::held_back(&desk, r.clock_leapt()?)) }
            @if desk.may(Act::Govern) { (super::letters::returns_unread(&desk, LOOKS_MISSED)) }
        };
        let begins = desk.may(Act::Govern) && r.clients_by_name("", None, 1)?.is_empty();
        let title = match counts.total() {
            0 => "Today".to_owned(),
            n => format!("Today: {n} waiting"),
        };
        Ok(desk.page(
            DeskNav::Today,
            &title,
            body(&desk, counts, (held, begins), &backups, (&sections, later.as_ref()), &aside),
        ))
    })
}

fn body(
    desk: &Desk,
    counts: Counts,
    (held, begins): (bool, bool),
    backups: &Markup,
    (sections, later): (&[Markup], Option<&Markup>),
    aside: &Markup,
) -> Markup {
    let today = desk.today();
    let about = match begins {
        true => "Nothing is set up yet but the firm and you.".to_owned(),
        false => about(counts.total(), held),
    };
    html! {
        (parts::head(desk.locale().date_weekday(today, today), about, html! {}))
        (backups)
        div.rail {
            div {
                @if begins { (first_steps()) }
                @else if sections.is_empty() {
                    // Zero, which is worth a word.
                    (parts::status(Tone::Ok, Icon::Check, "All done. Nothing waiting.",
                        "Reminders go out by themselves, and what needs a person appears here."))
                }
                @for section in sections { (section) }
                @if let Some(later) = later { (later) }
            }
            aside aria-label="The day at a glance" { (aside) }
        }
    }
}

/// What an owner does first, while there is no client.
fn first_steps() -> Markup {
    let steps = html! {
        ol.stack {
            li { a href="/desk/settings" { "Settings" } ": the address, VAT number and bank details that documents show." }
            li { a href="/desk/clients/new" { "Add a client" } ", then its people: they get the letters and see the invoices." }
            li { a href="/desk/invoices/new" { "Write an invoice" } ", or publish a PDF that your accounting system made." }
        }
    };
    parts::section("begin", "To begin", "", steps)
}

fn about(waiting: usize, held: bool) -> String {
    match waiting {
        0 if held => "The letters wait for an owner.".to_owned(),
        1 if held => "One thing needs a person, and the letters wait for an owner.".to_owned(),
        n if held => format!("{n} things need a person, and the letters wait for an owner."),
        0 => "Nothing has to be done. Everything is going out by itself.".to_owned(),
        1 => "One thing needs a person. Everything else is going out by itself.".to_owned(),
        COUNT_MAX => format!("{COUNT_MAX} things or more need a person."),
        n => format!("{n} things need a person. Everything else is going out by itself."),
    }
}
