//! A contact's dispute of an invoice: the form on the invoice's page, how it stands, withdrawing it, and the answer.
//!
//! Works without scripts. A refused form comes back on the invoice's page with what was typed.

use axum::response::Response;
use maud::{Markup, html};

use super::promise::{About, Asked, done, invoice_of, number_of, refused, unsent};
use super::words::Said;
use crate::actions::disputes;
use crate::domain::dispute::{Dispute, Outcome, Part};
use crate::domain::money::Money;
use crate::domain::number::DocumentNumber;
use crate::domain::refusal::Refusal;
use crate::store::invoices::Row;
use crate::store::prelude::*;
use crate::store::scope::ClientView;
use crate::web::dispute_form::{self, Drawn};
use crate::web::forms::Posted;
use crate::web::guard::Viewer;
use crate::web::parts::{self, Icon, Look, Tone};
use crate::web::path::Path;
use crate::web::problem::Problem;

/// What a page knows of the disputes of an invoice.
pub struct Disputed {
    newest: Option<Dispute>,
    /// Who of the firm looks into it, by name.
    with: String,
    /// Who of the firm answered it, by name.
    answered: String,
    /// Those before it, the newest first.
    past: Vec<Dispute>,
}

impl Disputed {
    /// Reads it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn load<R: Reader>(view: &ClientView<'_, R>, row: &Row) -> Result<Self, StoreError> {
        let mut past = view.disputes(row)?;
        let newest = past.pop();
        past.reverse();
        let name = |id| view.staff_name(id).map(Option::unwrap_or_default);
        let with = newest.as_ref().map_or_else(|| Ok(String::new()), |x| name(x.with))?;
        let by = newest.as_ref().and_then(|x| x.answer.as_ref()).map(|x| x.by);
        let answered = by.map_or_else(|| Ok(String::new()), name)?;
        Ok(Self { newest, with, answered, past })
    }

    /// The one that stands, if all that is open is disputed by it: then nothing is asked for.
    pub fn of_all(&self, row: &Row) -> Option<&Dispute> {
        self.newest.as_ref().filter(|x| x.holds(row.open()))
    }

    /// The newest, whatever became of it.
    pub fn newest(&self) -> Option<&Dispute> {
        self.newest.as_ref()
    }

    fn open(&self) -> Option<&Dispute> {
        self.newest.as_ref().filter(|x| x.is_open())
    }

    /// How much of what is open is not disputed, where a part is; `None` where nothing or all is.
    fn left_beside(&self, row: &Row) -> Option<i64> {
        let (open, dispute) = (row.open(), self.newest.as_ref()?);
        let disputed = dispute.disputed(open).minor;
        (1..open.minor).contains(&disputed).then_some(open.minor - disputed)
    }
}

/// `POST /invoices/{number}/dispute`: raises one, or changes the open one.
///
/// # Errors
/// [`Problem::NotFound`] for what is not there or not theirs.
pub async fn raise(viewer: Viewer, Path(segment): Path<String>, Posted(typed): Posted) -> Result<Response, Problem> {
    let number = number_of(&segment)?;
    let row = invoice_of(&viewer, &number)?;
    let refusal = match dispute_form::read(&typed, &row.invoice) {
        _ if !viewer.contact().rights.answer => Refusal::NotAllowed,
        _ if row.open().minor <= 0 => Refusal::NothingOpen,
        Err(refusal) => refusal,
        Ok(wish) => {
            let (zone, of, seen) = (viewer.zone().clone(), number.clone(), dispute_form::seen(&typed));
            let act = move |w: &mut WriteTx<'_>, pass| match seen {
                Some(seen) => disputes::change(w, pass, &of, seen, &wish, &zone),
                None => disputes::raise(w, pass, &of, &wish, &zone),
            };
            match viewer.act(act).await {
                // Sent twice, disputed once.
                Ok(_) | Err(ActError::Refused(Refusal::Repeated(_))) => return Ok(done(&viewer, &number)),
                Err(ActError::Refused(refusal)) => refusal,
                Err(error) => return Err(error.into()),
            }
        }
    };
    refused(&viewer, &number, refusal, About::Dispute, Some(typed))
}

/// `POST /invoices/{number}/dispute/withdrawal`.
///
/// # Errors
/// [`Problem::NotFound`] for what is not there or not theirs.
pub async fn withdraw(viewer: Viewer, Path(segment): Path<String>, Posted(_): Posted) -> Result<Response, Problem> {
    let number = number_of(&segment)?;
    invoice_of(&viewer, &number)?;
    let (zone, of) = (viewer.zone().clone(), number.clone());
    match viewer.act(move |w, pass| disputes::withdraw(w, pass, &of, &zone)).await {
        Ok(()) => Ok(done(&viewer, &number)),
        // Pressed twice, or answered in between: the page shows how it stands.
        Err(ActError::Refused(Refusal::NotFound)) => Ok(done(&viewer, &number)),
        Err(ActError::Refused(refusal)) => refused(&viewer, &number, refusal, About::Dispute, None),
        Err(error) => Err(error.into()),
    }
}

/// What an amount is of which all is disputed.
pub(super) fn label(dispute: &Dispute) -> &'static str {
    if dispute.waits { "Open, to be credited" } else { "Open, and disputed" }
}

/// The state of an invoice of which all is disputed.
pub(super) fn said(dispute: &Dispute) -> Said {
    let text = if dispute.waits { "To be credited" } else { "Disputed" };
    Said { tone: tone(dispute), icon: Icon::Flag, text: text.to_owned() }
}

/// The tag of it in a list.
pub(super) fn tag(dispute: &Dispute, row: &Row) -> Markup {
    parts::tag_icon(tone(dispute), Icon::Flag, dispute.in_short(row.open()))
}

fn tone(dispute: &Dispute) -> Tone {
    if dispute.waits { Tone::Info } else { Tone::Warn }
}

/// What is disputed, in a sentence for the top of the page; nothing where no dispute is open.
pub(super) fn sentence(viewer: &Viewer, row: &Row, disputed: &Disputed) -> Option<String> {
    let locale = viewer.locale();
    let dispute = disputed.newest.as_ref().filter(|x| x.stands())?;
    if dispute.waits {
        let amount = locale.money(dispute.disputed(row.open()));
        return Some(format!(
            "We agreed with your dispute of {amount}, and do not ask for that. A credit note follows."
        ));
    }
    let (since, with) = (locale.date_medium(dispute.made, viewer.today()), &disputed.with);
    Some(match disputed.left_beside(row) {
        None => {
            format!(
                "You have disputed it since {since}, and {with} is looking into it. We send no reminder of it meanwhile."
            )
        }
        Some(left) => {
            let rest = locale.money(Money::new(left, row.invoice.currency));
            let amount = locale.money(dispute.disputed(row.open()));
            format!(
                "You have disputed {amount} of it since {since}, and {with} is looking into it. We ask for the other {rest}."
            )
        }
    })
}

/// The form in the part about paying, with the open dispute to change or withdraw.
pub(super) fn part(viewer: &Viewer, row: &Row, disputed: &Disputed, asked: &Asked) -> Markup {
    let refused = asked.typed.as_ref().filter(|_| asked.about == About::Dispute);
    let offered = viewer.contact().rights.answer && row.invoice.is_invoice() && row.open().minor > 0;
    // What was typed stays in sight, also where it can’t be sent any more.
    if !offered {
        let facts = refused.map(|typed| dispute_form::facts(typed, &row.invoice));
        return facts.map_or_else(|| html! {}, |facts| unsent(Icon::Flag, facts));
    }
    if refused.is_none() && disputed.newest.as_ref().is_some_and(|x| x.waits) {
        return html! {};
    }
    let (open, at) = (disputed.open(), address(row));
    let summary = if open.is_some() { "Change the dispute" } else { "Dispute this invoice" };
    let proposed = dispute_form::proposed(open, viewer.locale());
    let errors: &[parts::FieldError] = if refused.is_some() { &asked.errors } else { &[] };
    let button = if open.is_some() { "Change the dispute" } else { "Send the dispute" };
    let drawn = Drawn { action: &at, csrf: viewer.csrf(), button, words: "Tell us what is wrong", open };
    let body = html! {
        p.small.mut { "We look into it and answer you here and by e-mail. We do not remind you of what is disputed meanwhile." }
        (dispute_form::form(drawn, &row.invoice, viewer.locale(), refused.unwrap_or(&proposed), errors))
    };
    html! {
        (parts::act(Icon::Flag, summary, refused.is_some(), body))
        @if open.is_some() {
            div.gap-y { (parts::post_button(Look::Small, &format!("{at}/withdrawal"), viewer.csrf(), "Withdraw the dispute")) }
        }
    }
}

fn address(row: &Row) -> String {
    format!("/invoices/{}/dispute", row.invoice.number().map_or_else(String::new, DocumentNumber::in_url))
}

/// The newest dispute: what was said, how it stands, and the answer; and those before it. Nothing where none was
/// raised.
pub(super) fn section(viewer: &Viewer, row: &Row, disputed: &Disputed) -> Markup {
    let Some(dispute) = &disputed.newest else { return html! {} };
    let (locale, today) = (viewer.locale(), viewer.today());
    let made = locale.date_medium(dispute.made, today);
    let since = |on| locale.date_medium(on, today);
    let (tone, icon, state) = match dispute.outcome {
        Outcome::Open => (Tone::Warn, Icon::Flag, format!("{} looks into it.", disputed.with)),
        Outcome::Upheld(on) => (Tone::Ok, Icon::Check, format!("{} agreed on {}.", disputed.answered, since(on))),
        Outcome::Rejected(on) => {
            (Tone::Warn, Icon::Cross, format!("{} did not agree, on {}.", disputed.answered, since(on)))
        }
        Outcome::Withdrawn(on) => (Tone::Plain, Icon::Cross, format!("It was withdrawn on {}.", since(on))),
        Outcome::Settled(_) => (Tone::Plain, Icon::Check, "It is over: nothing of the invoice is open.".to_owned()),
    };
    let past: Vec<_> = disputed.past.iter().map(|x| before(viewer, row, x)).collect();
    let body = html! {
        (parts::note(tone, icon, state, answer(dispute)))
        (parts::facts(&[
            ("What", html! { (what(viewer, row, dispute)) }),
            ("Why", html! { (dispute.ground.words()) }),
            ("In your words", dispute_form::typed(&dispute.words)),
        ]))
        @if !past.is_empty() { (parts::rows(&past)) }
    };
    parts::section("dispute", "Dispute", html! { "Since " (made) }, body)
}

/// What of the invoice is disputed.
fn what(viewer: &Viewer, row: &Row, dispute: &Dispute) -> String {
    let amount = viewer.locale().money(dispute.amount);
    match dispute.part {
        Part::Whole => "The whole invoice".to_owned(),
        Part::Lines(_) => format!("{amount}: {}", dispute.lines(&row.invoice)),
        Part::Amount(_) => format!("{amount} of it"),
    }
}

fn answer(dispute: &Dispute) -> Markup {
    dispute_form::typed(dispute.answer.as_ref().map_or("", |x| &x.words))
}

/// A dispute before the newest, in a line.
fn before(viewer: &Viewer, row: &Row, dispute: &Dispute) -> (Markup, Markup, Markup) {
    let date = |on| viewer.locale().date_medium(on, viewer.today());
    let said = html! {
        (dispute_form::typed(&dispute.words))
        @if dispute.answer.as_ref().is_some_and(|x| !x.words.is_empty()) { " Our answer: " (answer(dispute)) }
    };
    let name = html! { (what(viewer, row, dispute)) ". " (dispute.ground.words()) ", since " (date(dispute.made)) };
    let (tone, word) = match dispute.outcome {
        Outcome::Upheld(_) => (Tone::Ok, "Agreed"),
        Outcome::Rejected(_) => (Tone::Plain, "Not agreed"),
        Outcome::Withdrawn(_) => (Tone::Plain, "Withdrawn"),
        Outcome::Open | Outcome::Settled(_) => (Tone::Plain, "Over"),
    };
    let word = dispute.outcome.since().map_or_else(|| word.to_owned(), |on| format!("{word} on {}", date(on)));
    (name, said, parts::tag(tone, word))
}
