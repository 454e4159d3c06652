//! The dispute of an invoice at the desk: recording one that a client raised with staff, changing it, passing it on,
//! answering it; and how desk pages show disputes.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::form::{Id, again, errors_in, on_to};
use super::invoices::called;
use super::links;
use super::names::NamesOf;
use super::undo::issued;
use crate::actions::disputes;
use crate::domain::access::Act;
use crate::domain::dispute::{Dispute, Outcome, Part, WORDS_MAX, any_words};
use crate::domain::ids::InvoiceId;
use crate::domain::money::Money;
use crate::domain::person::Person;
use crate::domain::refusal::Refusal;
use crate::domain::sentence::Names;
use crate::store::invoices::Row;
use crate::store::prelude::*;
use crate::web::dispute_form::{self, Drawn};
use crate::web::forms::{Fields, Posted, errors_from};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Choice, Field, FieldError, Icon, Look, Tone, csrf_input};
use crate::web::problem::Problem;

/// Disputes that the list of all of them shows.
const SHOWN: usize = 200;
/// Open disputes that are read for it, of the firm or of each client that a member sees.
const LOOKED_MAX: usize = 2_000;

/// Which form of the page was sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sent {
    Nothing,
    Dispute,
    Answer,
    Person,
}

/// What was sent, and what is to be put right.
struct Asked<'a> {
    sent: Sent,
    fields: &'a Fields,
    errors: &'a [FieldError],
}

impl<'a> Asked<'a> {
    /// Fields and errors of a form, if it was this one.
    fn of(&self, form: Sent) -> (Option<&'a Fields>, &'a [FieldError]) {
        if self.sent == form { (Some(self.fields), self.errors) } else { (None, &[]) }
    }
}

/// `GET /desk/invoices/{id}/dispute`
pub async fn show(DeskWork(desk): DeskWork, Id(id): Id<InvoiceId>) -> Result<Response, Problem> {
    let row = invoice(&desk, id)?;
    // What was agreed on is credited from the invoice's page.
    if desk.read(|r| Ok(r.agreed_dispute(id)?))?.is_some() {
        return Ok(on_to(&format!("{}#dispute", links::invoice(id))));
    }
    let asked = Asked { sent: Sent::Nothing, fields: &Fields::default(), errors: &[] };
    Ok(page(&desk, &row, &asked)?.into_response())
}

/// `POST /desk/invoices/{id}/dispute`: records one, or changes the open one.
pub async fn record(
    DeskWork(desk): DeskWork,
    Id(id): Id<InvoiceId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let row = invoice(&desk, id)?;
    let (zone, seen) = (desk.zone().clone(), dispute_form::seen(&fields));
    let errors = match dispute_form::read(&fields, &row.invoice) {
        Err(refusal) => errors_from(&refusal, "words"),
        Ok(wish) => {
            let act = move |w: &mut WriteTx<'_>, scope: &_| match seen {
                Some(seen) => disputes::change_recorded(w, scope, id, seen, &wish, &zone),
                None => disputes::record(w, scope, id, &wish, &zone),
            };
            match desk.act(act).await {
                // Sent twice, recorded once.
                Ok(_) | Err(ActError::Refused(Refusal::Repeated(_))) => {
                    return Ok(on_to(&links::invoice(id)));
                }
                Err(error) => errors_in(error, "words")?,
            }
        }
    };
    Ok(again(page(&desk, &row, &Asked { sent: Sent::Dispute, fields: &fields, errors: &errors })?))
}

/// `POST /desk/invoices/{id}/dispute/withdrawal`
pub async fn withdraw(DeskWork(desk): DeskWork, Id(id): Id<InvoiceId>, Posted(_): Posted) -> Result<Response, Problem> {
    invoice(&desk, id)?;
    let zone = desk.zone().clone();
    // Pressed twice, or answered in between: the page shows how it stands.
    if desk.read(|r| Ok(r.open_dispute(id)?))?.is_some() {
        or_over(desk.act(move |w, scope| disputes::withdraw_recorded(w, scope, id, &zone)).await)?;
    }
    Ok(on_to(&links::invoice(id)))
}

/// `POST /desk/invoices/{id}/dispute/person`: passes it on.
pub async fn pass_on(
    DeskWork(desk): DeskWork,
    Id(id): Id<InvoiceId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let row = invoice(&desk, id)?;
    let open = desk.read(|r| Ok(r.open_dispute(id)?))?;
    let errors = match fields.get("with").parse() {
        // Theirs already, or answered in between: the page shows how it stands.
        Ok(to) if open.is_none_or(|x| x.with == to) => return Ok(on_to(&links::invoice(id))),
        Ok(to) => {
            let zone = desk.zone().clone();
            match or_over(desk.act(move |w, scope| disputes::pass_on(w, scope, id, to, &zone)).await) {
                Ok(()) => return Ok(on_to(&links::invoice(id))),
                Err(error) => errors_in(error, "with")?,
            }
        }
        Err(_) => vec![FieldError::new("with", "Choose somebody who works here and sees this client.")],
    };
    Ok(again(page(&desk, &row, &Asked { sent: Sent::Person, fields: &fields, errors: &errors })?))
}

/// `POST /desk/invoices/{id}/dispute/answer`: upholds or rejects it.
pub async fn answer(
    DeskWork(desk): DeskWork,
    Id(id): Id<InvoiceId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let row = invoice(&desk, id)?;
    let open = desk.read(|r| Ok(r.open_dispute(id)?))?.is_some();
    let (zone, words) = (desk.zone().clone(), fields.get("answer").to_owned());
    let of = (id, dispute_form::seen(&fields));
    let acted = match fields.get("verdict") {
        "uphold" | "reject" if !open => return over(&desk, &row, &fields),
        _ if !open && !fields.get("answer").trim().is_empty() => return over(&desk, &row, &fields),
        "uphold" => Some(desk.act(move |w, scope| disputes::uphold(w, scope, of, &words, &zone)).await),
        "reject" => Some(desk.act(move |w, scope| disputes::reject(w, scope, of, &words, &zone)).await),
        _ => None,
    };
    let errors = match acted {
        Some(Ok(())) => return Ok(on_to(&format!("{}#dispute", links::invoice(id)))),
        Some(Err(ActError::Refused(Refusal::NotFound))) => return over(&desk, &row, &fields),
        Some(Err(error)) => at_answer(errors_in(error, "words")?),
        None => vec![FieldError::new("verdict", "Choose whether you agree.")],
    };
    Ok(again(page(&desk, &row, &Asked { sent: Sent::Answer, fields: &fields, errors: &errors })?))
}

/// After an answer to a dispute that is over. Pressed twice, or without words, the invoice’s page shows how it stands;
/// words that were typed while it ended otherwise stay in sight, since nobody got them.
fn over(desk: &Desk, row: &Row, fields: &Fields) -> Result<Response, Problem> {
    let typed = fields.get("answer");
    let newest = desk.read(|r| Ok(r.newest_dispute(row.invoice.id)?))?;
    let sent = |x: &Dispute| matches!((&x.answer, any_words(typed)), (Some(a), Ok(words)) if a.words == words);
    match newest.filter(|x| !typed.trim().is_empty() && !sent(x)) {
        Some(dispute) => Ok(again(unsent(desk, row, &dispute, fields)?)),
        None => Ok(on_to(&links::invoice(row.invoice.id))),
    }
}

/// An answer that was not sent, and how its dispute ended.
fn unsent(desk: &Desk, row: &Row, dispute: &Dispute, fields: &Fields) -> Result<Markup, Problem> {
    let (what, invoice) = (called(&row.invoice), links::invoice(row.invoice.id));
    let (note, facts) = desk.read(|r| {
        let names = NamesOf::among(r, &desk.scope);
        Ok((standing(desk, &names, row, dispute), facts(desk, &names, row, dispute)))
    })?;
    let title = format!("Your answer to the dispute of {what} was not sent");
    let about = "The dispute was over before it arrived. What you typed is below, for you to say some other way.";
    let verdict = match fields.get("verdict") {
        "uphold" => "You agree",
        "reject" => "You do not agree",
        _ => "Not chosen",
    };
    let typed = [("Are they right?", html! { (verdict) }), ("Your answer", dispute_form::typed(fields.get("answer")))];
    let body = html! {
        (parts::back(&invoice, &what))
        (parts::head(&title, about, ""))
        (note)
        (facts)
        (parts::section("typed", "What you typed", "", parts::facts(&typed)))
    };
    Ok(desk.page(DeskNav::Invoices, &title, body))
}

/// The words of an answer are typed into a field of their own: the page has those of the dispute as well.
fn at_answer(errors: Vec<FieldError>) -> Vec<FieldError> {
    let own = |x: FieldError| if x.key == "words" { FieldError::new("answer", x.message) } else { x };
    errors.into_iter().map(own).collect()
}

/// `POST /desk/invoices/{id}/dispute/end`: nothing has to be credited of what was agreed on.
pub async fn close(DeskWork(desk): DeskWork, Id(id): Id<InvoiceId>, Posted(_): Posted) -> Result<Response, Problem> {
    invoice(&desk, id)?;
    // Pressed twice, or credited in between: the page shows how it stands.
    if desk.read(|r| Ok(r.agreed_dispute(id)?))?.is_some() {
        or_over(desk.act(move |w, scope| disputes::close(w, scope, id)).await)?;
    }
    Ok(on_to(&links::invoice(id)))
}

/// As done, where what was acted on is over since it was looked for: the page shows how it stands.
fn or_over(acted: Result<(), ActError>) -> Result<(), ActError> {
    if let Err(ActError::Refused(Refusal::NotFound)) = acted { Ok(()) } else { acted }
}

fn invoice(desk: &Desk, id: InvoiceId) -> Result<Row, Problem> {
    Some(issued(desk, id)?).filter(|row| row.invoice.is_invoice()).ok_or(Problem::NotFound)
}

fn page(desk: &Desk, row: &Row, asked: &Asked<'_>) -> Result<Markup, Problem> {
    let id = row.invoice.id;
    let (open, people, said) = desk.read(|r| {
        let names = NamesOf::among(r, &desk.scope);
        let open = r.open_dispute(id)?;
        let people: Vec<(String, String)> = r
            .all_staff()?
            .iter()
            .filter(|s| disputes::resolves(s, row.invoice.client))
            .map(|s| (s.id.to_string(), s.name.clone()))
            .collect();
        let said = open.as_ref().map(|x| (standing(desk, &names, row, x), facts(desk, &names, row, x)));
        Ok((open, people, said))
    })?;
    let what = called(&row.invoice);
    let title = match open {
        Some(_) => format!("Dispute of {what}"),
        None => format!("Record a dispute of {what}"),
    };
    let about = match open {
        Some(_) => "The client reads your answer here and gets it by e-mail.",
        None => "What the client told you, by telephone or otherwise. They are not reminded of what is disputed.",
    };
    let body = html! {
        (parts::back(&links::invoice(id), &what))
        (parts::head(&title, about, ""))
        (parts::error_summary(asked.errors))
        @if let Some((note, facts)) = said { (note) (facts) }
        @if let Some(open) = &open {
            (parts::section("answer", "Answer it", "", answer_form(desk, open, asked)))
            (parts::section("person", "Pass it on", "", person_form(desk, open, &people, asked)))
        }
        @let form = dispute(desk, row, open.as_ref(), asked);
        @if open.is_some() { (parts::section("change", "Change it for the client", "", form)) } @else { (form) }
    };
    Ok(desk.page(DeskNav::Invoices, &parts::titled(&title, asked.errors), body))
}

fn dispute(desk: &Desk, row: &Row, open: Option<&Dispute>, asked: &Asked<'_>) -> Markup {
    let (typed, errors) = asked.of(Sent::Dispute);
    let proposed = dispute_form::proposed(open, desk.locale());
    let action = format!("{}/dispute", links::invoice(row.invoice.id));
    let button = if open.is_some() { "Change the dispute" } else { "Record the dispute" };
    let drawn = Drawn { action: &action, csrf: &desk.csrf, button, words: "What they say is wrong", open };
    html! {
        (dispute_form::form(drawn, &row.invoice, desk.locale(), typed.unwrap_or(&proposed), errors))
        @if open.is_some() {
            div.gap-y { (parts::post_button(Look::Small, &format!("{action}/withdrawal"), &desk.csrf, "Withdraw it for the client")) }
        }
    }
}

fn answer_form(desk: &Desk, open: &Dispute, asked: &Asked<'_>) -> Markup {
    let (typed, errors) = asked.of(Sent::Answer);
    let value = |name| typed.map_or("", |x| x.get(name));
    let verdicts = [
        Choice {
            value: "uphold",
            label: "You agree",
            hint: "The next step is a credit note, which the invoice’s page offers.",
        },
        Choice {
            value: "reject",
            label: "You do not agree",
            hint: "Say why. What was disputed is to be paid, and reminders go on.",
        },
    ];
    let hint = format!("The client reads it. Needed where you do not agree; at most {WORDS_MAX} characters.");
    html! {
        form method="post" action={ (links::invoice(open.invoice)) "/dispute/answer" } {
            (csrf_input(&desk.csrf))
            (dispute_form::seen_input(open))
            (parts::radios(&Field::new("verdict", "Are they right?").value(value("verdict")).errors(errors), &verdicts))
            (parts::textarea(&Field::new("answer", "Your answer").value(value("answer")).hint(&hint).errors(errors), 5))
            p.row { (parts::submit(Look::Primary, "Send the answer")) }
        }
    }
}

fn person_form(desk: &Desk, open: &Dispute, people: &[(String, String)], asked: &Asked<'_>) -> Markup {
    let (typed, errors) = asked.of(Sent::Person);
    let with = open.with.to_string();
    // Whoever has it may have left: then nobody stands there as if they had it.
    let left = people.iter().all(|x| x.0 != with).then(|| Choice::new("", "Choose somebody"));
    let choices: Vec<Choice<'_>> =
        left.into_iter().chain(people.iter().map(|(id, name)| Choice::new(id, name))).collect();
    let field = Field::new("with", "Who looks into it").value(typed.map_or(&with, |x| x.get("with"))).errors(errors);
    html! {
        form method="post" action={ (links::invoice(open.invoice)) "/dispute/person" } {
            (csrf_input(&desk.csrf))
            (parts::select(&field.hint("They get a letter about it."), &choices))
            p.row { (parts::submit(Look::Plain, "Pass it on")) }
        }
    }
}

/// The disputes of an invoice on its page: the open one with what can be done about it, and those before it. Nothing
/// where none was raised and none can be.
///
/// # Errors
/// When the store fails.
pub(super) fn section(
    desk: &Desk,
    r: &ReadTx,
    names: &NamesOf<'_, ReadTx>,
    row: &Row,
) -> Result<Option<Markup>, StoreError> {
    let all = r.disputes_of_invoice(row.invoice.id)?;
    let waits = all.last().is_some_and(|x| x.waits);
    // What was agreed on is to be credited although it was paid: it is owed to the client.
    let can = row.invoice.is_invoice() && (waits || row.open().minor > 0) && desk.may(Act::Work);
    if all.is_empty() && !can {
        return Ok(None);
    }
    let (newest, past) = all.split_last().map_or((None, all.as_slice()), |(newest, past)| (Some(newest), past));
    let lines: Vec<_> = past.iter().rev().map(|x| line(desk, names, row, x)).collect();
    let (page, open) = (links::invoice(row.invoice.id), newest.is_some_and(Dispute::is_open));
    let body = html! {
        @if let Some(newest) = newest {
            (standing(desk, names, row, newest))
            (facts(desk, names, row, newest))
        }
        @if can {
            div.row.gap-y {
                @if waits {
                    (parts::link(Look::Primary, &format!("{page}/credit"), "Credit it"))
                    (parts::post_button(Look::Small, &format!("{page}/dispute/end"), &desk.csrf, "No credit note is needed"))
                } @else {
                    (parts::link(
                        if open { Look::Primary } else { Look::Small },
                        &format!("{page}/dispute"),
                        if open { "Answer, or pass it on" } else { "Record a dispute" },
                    ))
                }
            }
        }
        @if !lines.is_empty() { (parts::rows(&lines)) }
    };
    Ok(Some(parts::section("dispute", "Disputes", "", body)))
}

/// How a dispute stands, and the answer.
fn standing(desk: &Desk, names: &NamesOf<'_, ReadTx>, row: &Row, dispute: &Dispute) -> Markup {
    let (tone, icon, _) = look(dispute.outcome);
    let day = |on| desk.locale().date_medium(on, desk.today());
    let answered = dispute.answer.as_ref().map_or_else(String::new, |x| names.staff(x.by));
    let words = match dispute.outcome {
        Outcome::Open => {
            let with = names.staff(dispute.with);
            format!("{} since {}, with {with}.", in_short(dispute, row), day(dispute.made))
        }
        Outcome::Upheld(on) if dispute.waits => {
            format!("{answered} agreed on {}. {}", day(on), until(desk, row, dispute))
        }
        Outcome::Upheld(on) => format!("{answered} agreed on {}.", day(on)),
        Outcome::Rejected(on) => format!("{answered} did not agree, on {}.", day(on)),
        Outcome::Withdrawn(on) => format!("Withdrawn on {}.", day(on)),
        Outcome::Settled(on) => format!("Over since {}: nothing is open.", day(on)),
    };
    parts::note(tone, icon, words, dispute_form::typed(dispute.answer.as_ref().map_or("", |x| &x.words)))
}

/// What holds of what was agreed on until it is credited.
fn until(desk: &Desk, row: &Row, dispute: &Dispute) -> String {
    let owed = dispute.overpaid(row.open(), row.settled);
    if row.open().minor > 0 {
        "It is not asked for until it is credited.".to_owned()
    } else if owed.minor > 0 {
        format!("The invoice is paid, so the client is owed {} until it is credited.", desk.locale().money(owed))
    } else {
        "Nothing is open any more, and it is not credited yet.".to_owned()
    }
}

fn facts(desk: &Desk, names: &NamesOf<'_, ReadTx>, row: &Row, dispute: &Dispute) -> Markup {
    let now = dispute.disputed(row.open());
    let amount = if now.minor > 0 { now } else { dispute.amount };
    let of = match dispute.part {
        Part::Whole => "The whole invoice".to_owned(),
        Part::Lines(_) => format!("{}: {}", desk.locale().money(amount), dispute.lines(&row.invoice)),
        Part::Amount(_) => format!("{} of it", desk.locale().money(amount)),
    };
    parts::facts(&[
        ("What", html! { (of) }),
        ("Why", html! { (dispute.ground.words()) }),
        ("In their words", dispute_form::typed(&dispute.words)),
        ("By", html! { (made(desk, names, dispute)) }),
    ])
}

fn look(outcome: Outcome) -> (Tone, Icon, &'static str) {
    match outcome {
        Outcome::Open => (Tone::Warn, Icon::Flag, "Open"),
        Outcome::Upheld(_) => (Tone::Ok, Icon::Check, "Upheld"),
        Outcome::Rejected(_) => (Tone::Plain, Icon::Cross, "Rejected"),
        Outcome::Withdrawn(_) => (Tone::Plain, Icon::Cross, "Withdrawn"),
        Outcome::Settled(_) => (Tone::Plain, Icon::Check, "Settled"),
    }
}

fn line(desk: &Desk, names: &NamesOf<'_, ReadTx>, row: &Row, dispute: &Dispute) -> (Markup, Markup, Markup) {
    let answer = dispute.answer.as_ref().map_or("", |x| x.words.as_str());
    let what = html! {
        (dispute.ground.words())
        @let lines = dispute.lines(&row.invoice);
        @if !lines.is_empty() { ": " (lines) }
        small { (made(desk, names, dispute)) ". " (dispute.words) @if !answer.is_empty() { " Answer: " (answer) } }
    };
    let (tone, _, word) = look(dispute.outcome);
    let since = dispute.outcome.since().map(|on| desk.locale().date_medium(on, desk.today()));
    (what, html! { @if let Some(since) = since { (word) " on " (since) } }, parts::tag(tone, word))
}

/// "Ana Ruiz raised it on 24 November", "Tom Keane recorded it on 24 November".
fn made(desk: &Desk, names: &NamesOf<'_, ReadTx>, dispute: &Dispute) -> String {
    let on = desk.locale().date_medium(dispute.made, desk.today());
    match dispute.by {
        Person::Contact(id) => format!("{} raised it on {on}", names.contact(id)),
        Person::Staff(id) => format!("{} recorded it on {on}", names.staff(id)),
    }
}

/// "Disputed", "Part disputed", "To be credited", "Part to be credited".
pub(super) fn in_short(dispute: &Dispute, row: &Row) -> &'static str {
    dispute.in_short(row.open())
}

/// The tag of a dispute that stands in a list of invoices; nothing without one.
///
/// # Errors
/// When the store fails.
pub(super) fn tag(r: &ReadTx, row: &Row) -> Result<Markup, StoreError> {
    let dispute = if row.open().minor > 0 { r.standing_dispute(row.invoice.id)? } else { None };
    Ok(html! {
        @if let Some(dispute) = dispute {
            @let tone = if dispute.waits { Tone::Info } else { Tone::Warn };
            (parts::tag_icon(tone, Icon::Flag, in_short(&dispute, row)))
        }
    })
}

/// All that is disputed now, or agreed on and not credited yet, and that they may see.
///
/// # Errors
/// When the store fails.
pub(super) fn all(r: &ReadTx, desk: &Desk, names: &NamesOf<'_, ReadTx>) -> Result<Markup, StoreError> {
    let (mut open, mut more) = (Vec::new(), false);
    for client in links::reach(&desk.scope) {
        let some = r.standing_disputes(client, LOOKED_MAX)?;
        more |= some.len() == LOOKED_MAX;
        open.extend(some);
    }
    let paid = r.agreed_and_settled(LOOKED_MAX)?;
    more |= paid.len() == LOOKED_MAX;
    open.extend(paid.into_iter().filter(|x| desk.scope.sees(x.client)));
    open.sort_by_key(|x| x.id);
    more |= open.len() > SHOWN;
    let mut rows: Vec<parts::Row> = Vec::new();
    for dispute in open.iter().take(SHOWN) {
        if let Some(row) = r.invoice_row(dispute.invoice)? {
            rows.push(of_all(desk, names, &row, dispute));
        }
    }
    let cols = [
        parts::Col::name("Invoice"),
        parts::Col::text("Why"),
        parts::Col::num("Disputed"),
        parts::Col::text("With").wide(),
    ];
    Ok(html! {
        @if rows.is_empty() { p.mut { "Nothing is disputed." } }
        @else { (parts::scroller("Disputed invoices", &cols, &rows, None)) }
        @if more { p.small.mut { "There may be more; those that are open longest are shown." } }
    })
}

fn of_all(desk: &Desk, names: &NamesOf<'_, ReadTx>, row: &Row, dispute: &Dispute) -> parts::Row {
    let locale = desk.locale();
    let what = html! {
        a href=(links::invoice(dispute.invoice)) { (parts::nw(names.document(dispute.invoice))) }
        small { (names.client(dispute.client)) }
    };
    let why = html! {
        (dispute.ground.words())
        small {
            @if dispute.waits && row.open().minor <= 0 { "Agreed, and not credited yet" }
            @else if dispute.waits { "Agreed, to be credited" }
            @else { "Since " (locale.date_medium(dispute.made, desk.today())) }
        }
    };
    let (amount, how) = of_amount(dispute, row);
    let amount = html! { (locale.money(amount)) small { (how) } };
    vec![what, why, amount, html! { (names.staff(dispute.with)) }].into()
}

/// How much is disputed and how; of what was agreed on and paid, what is owed to the client.
fn of_amount(dispute: &Dispute, row: &Row) -> (Money, &'static str) {
    let (open, owed) = (row.open(), dispute.overpaid(row.open(), row.settled));
    if open.minor > 0 {
        (dispute.disputed(open), in_short(dispute, row))
    } else if owed.minor > 0 {
        (owed, "Paid, so owed to the client")
    } else {
        (dispute.amount, "Nothing is open")
    }
}
