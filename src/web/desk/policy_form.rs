//! Changing the reminder policy: its steps in rows, and what the change does to real invoices, shown before it is kept.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::civil::Time;
use maud::{Markup, html};

use super::form::{errors_in, on_to};
use super::links;
use super::names::NamesOf;
use super::{policy, policy_days, policy_past};
use crate::actions::policies;
use crate::actions::policy_effect::{Changed, Effect, Going, effect};
use crate::domain::forecast::horizon;
use crate::domain::ids::StaffId;
use crate::domain::money::{Currency, Money};
use crate::domain::person::Staff;
use crate::domain::policy::{
    Channel, Condition, Policy, Reach, STEPS_MAX, ScoreBand, Step, differences, fresh_id, offset,
};
use crate::domain::promise;
use crate::domain::refusal::{Faults, FieldFault};
use crate::domain::reminder::Tone;
use crate::domain::sentence::{Names, step_words};
use crate::domain::text::capital;
use crate::secrets;
use crate::store::prelude::*;
use crate::web::forms::{Fields, PostedLong, errors_from};
use crate::web::guard::{Desk, DeskGovern};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Choice, Col, Field, FieldError, Input, Look, Row, csrf_input, hidden, nw};
use crate::web::problem::Problem;

/// The form.
pub(super) const PAGE: &str = "/desk/reminders/policy/edit";
/// Days over which the effect is shown.
const DAYS: u16 = 60;
/// Invoices of the effect that are listed.
const LINES: usize = 40;
/// Bytes of a digest that the form carries.
const CHECKED_BYTES: usize = 16;

/// `GET /desk/reminders/policy/edit`
pub async fn edit(DeskGovern(desk): DeskGovern) -> Result<Markup, Problem> {
    desk.read(|r| {
        let now = r.policy_now()?;
        let form =
            Form { fields: fields_of(&desk, &now.policy, now.version), errors: Vec::new(), effect: None, told: None };
        form.draw(&desk, r)
    })
}

/// `POST /desk/reminders/policy/edit`: `do` adds or removes a row, shows the effect, or keeps the policy.
pub async fn save(DeskGovern(desk): DeskGovern, PostedLong(fields): PostedLong) -> Result<Response, Problem> {
    let mut form = Form { fields, errors: Vec::new(), effect: None, told: None };
    let pressed = form.fields.get("do").to_owned();
    if pressed == "add" || pressed.starts_with("remove-") {
        form.rearrange(&pressed);
        return Ok(desk.read(|r| form.draw(&desk, r))?.into_response());
    }
    let policy = match desk.read(|r| Ok(form.read(r)?))? {
        Ok(policy) => policy,
        Err(faults) => return form.refused(&desk, faults),
    };
    if pressed == "save" && form.fields.get("checked") == digest(&policy) {
        let known = form.fields.get("version").parse().unwrap_or(u32::MAX);
        let (kept, reason) = (policy.clone(), form.fields.get("reason").to_owned());
        match desk.act(move |w, scope| policies::change(w, scope, known, &kept, &reason)).await {
            Ok(_) => {
                desk.app.wake.notify_one();
                return Ok(on_to(policy::PAGE));
            }
            Err(error) => form.errors = errors_in(error, "offset_0")?,
        }
    }
    form.effect = Some(policy);
    let status = if form.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok((status, desk.read(|r| form.draw(&desk, r))?).into_response())
}

/// What the form says of a policy as kept.
pub(super) fn fields_of(desk: &Desk, policy: &Policy, version: u32) -> Fields {
    let mut pairs = vec![
        ("version".to_owned(), version.to_string()),
        ("at".to_owned(), clock(policy.at)),
        ("window_end".to_owned(), clock(policy.window_end)),
    ];
    pairs.push(("promise_days".to_owned(), policy.promises.days.to_string()));
    pairs.push(("promise_grace".to_owned(), policy.promises.grace.to_string()));
    pairs.extend(policy_days::pairs(&policy.days));
    for (n, step) in policy.steps.iter().enumerate() {
        let mut add = |name: &str, value: String| pairs.push((format!("{name}_{n}"), value));
        add("id", step.id.to_string());
        add("offset", step.offset.unsigned_abs().to_string());
        add("side", if step.offset < 0 { "before" } else { "after" }.to_owned());
        add("tone", tone_code(step.tone).to_owned());
        add("to", step.to.code().to_owned());
        add("by", by_code(step.by).to_owned());
        if let Some(over) = step.only.over {
            add("over", desk.locale().amount(over));
        }
        if step.only.unopened {
            add("unopened", "on".to_owned());
        }
        if let Some(band) = step.only.score {
            add("score_from", band.from.to_string());
            add("score_to", band.to.to_string());
        }
        for id in &step.copies {
            add("copies", id.to_string());
        }
    }
    Fields::of(pairs)
}

fn clock(time: Time) -> String {
    time.strftime("%H:%M").to_string()
}

fn by_code(by: Channel) -> &'static str {
    match by {
        Channel::Letter => "letter",
        Channel::Call => "call",
    }
}

fn tone_code(tone: Tone) -> &'static str {
    match tone {
        Tone::Firm => "firm",
        Tone::Final => "final",
        Tone::Upcoming | Tone::DueToday | Tone::Overdue => "polite",
    }
}

fn digest(policy: &Policy) -> String {
    let digest = secrets::sha256(format!("{policy:?}").as_bytes());
    digest[..CHECKED_BYTES].iter().map(|b| format!("{b:02x}")).collect()
}

/// The form as it is drawn.
pub(super) struct Form {
    pub(super) fields: Fields,
    pub(super) errors: Vec<FieldError>,
    /// The policy as typed, when its effect is to be shown.
    pub(super) effect: Option<Policy>,
    /// What is said on top.
    pub(super) told: Option<Markup>,
}

impl Form {
    fn rows(&self) -> usize {
        (0..STEPS_MAX).take_while(|n| self.fields.has(&format!("offset_{n}"))).count()
    }

    fn get(&self, name: &str, row: usize) -> &str {
        self.fields.get(&format!("{name}_{row}"))
    }

    /// Adds an empty row at the end, or takes one away and moves those behind it up.
    fn rearrange(&mut self, pressed: &str) {
        let rows = self.rows();
        if pressed == "add" {
            if rows < STEPS_MAX {
                for (name, value) in [
                    ("id", ""),
                    ("offset", ""),
                    ("side", "after"),
                    ("tone", "polite"),
                    ("to", "billing"),
                    ("by", "letter"),
                ] {
                    self.fields.set(&format!("{name}_{rows}"), value);
                }
            }
            return;
        }
        let Some(gone) = pressed.strip_prefix("remove-").and_then(|n| n.parse::<usize>().ok()) else { return };
        let moved = self.fields.pairs().filter_map(|(name, value)| {
            let Some((part, row)) = name.rsplit_once('_').and_then(|(part, n)| Some((part, n.parse::<usize>().ok()?)))
            else {
                return Some((name.to_owned(), value.to_owned()));
            };
            let row = if row > gone { row - 1 } else { row };
            (name != format!("{part}_{gone}")).then(|| (format!("{part}_{row}"), value.to_owned()))
        });
        self.fields = Fields::of(moved.collect::<Vec<_>>());
    }

    /// The policy as typed.
    fn read(&self, r: &ReadTx) -> Result<Result<Policy, Faults>, StoreError> {
        let mut faults = Faults::default();
        let versions = r.policy_versions()?;
        let standard = Policy::standard();
        let mut next = fresh_id(versions.iter().map(|x| &x.policy).chain([&standard]));
        let mut steps = Vec::new();
        let firm = r.firm()?;
        for row in 0..self.rows() {
            let id = match self.get("id", row).parse() {
                Ok(id) if id < next => id,
                _ => {
                    next = next.saturating_add(1);
                    next - 1
                }
            };
            let field = format!("offset_{row}");
            let offset = faults.take(offset(&field, self.get("offset", row), self.get("side", row) == "before"));
            let tone = match self.get("tone", row) {
                "firm" => Tone::Firm,
                "final" => Tone::Final,
                _ => Tone::Overdue,
            };
            let to = Reach::ALL.into_iter().find(|x| x.code() == self.get("to", row)).unwrap_or_default();
            let by = if self.get("by", row) == "call" { Channel::Call } else { Channel::Letter };
            let field = format!("over_{row}");
            let over = faults.take(amount(&field, self.fields.get(&field), firm.currency));
            let copies = self.copies(row);
            let score = faults.take(self.band(row));
            let only = Condition { unopened: self.fields.has(&format!("unopened_{row}")), over, score };
            steps.push(Step { id, offset, tone: Tone::at(offset, tone), by, to, copies, only });
        }
        let at = faults.take_opt(time_of_day("at", self.fields.get("at"))).unwrap_or(standard.at);
        let end = faults.take_opt(time_of_day("window_end", self.fields.get("window_end")));
        let days = policy_days::read(&self.fields, &mut faults);
        let count = |name: &str| whole_days(name, self.fields.get(name));
        let (ahead, grace) = (faults.take(count("promise_days")), faults.take(count("promise_grace")));
        let promises = promise::Terms { days: ahead, grace };
        let policy = Policy { steps, at, window_end: end.unwrap_or(Time::MAX), days, promises };
        if faults.is_empty() {
            policy.check(&mut faults);
        }
        Ok(if faults.is_empty() { Ok(policy.in_order()) } else { Err(faults) })
    }

    /// The payer scores of a step; one end left empty is that of all scores.
    fn band(&self, row: usize) -> Result<Option<ScoreBand>, FieldFault> {
        let (from, to) = (self.get("score_from", row).trim(), self.get("score_to", row).trim());
        if from.is_empty() && to.is_empty() {
            return Ok(None);
        }
        let end = |name: &str, typed: &str, all: u8| match typed {
            "" => Ok(all),
            typed => typed.parse::<u8>().ok().filter(|x| *x <= ScoreBand::TOP).ok_or_else(|| {
                FieldFault::new(&format!("{name}_{row}"), "Enter a whole number from 0 to 100, or leave it empty.")
            }),
        };
        Ok(Some(ScoreBand { from: end("score_from", from, 0)?, to: end("score_to", to, ScoreBand::TOP)? }))
    }

    fn copies(&self, row: usize) -> Vec<StaffId> {
        self.fields.all(&format!("copies_{row}")).filter_map(|id| id.parse().ok()).collect()
    }

    fn refused(mut self, desk: &Desk, faults: Faults) -> Result<Response, Problem> {
        if let Err(refusal) = faults.check() {
            self.errors = errors_from(&refusal, "offset_0");
        }
        Ok((StatusCode::UNPROCESSABLE_ENTITY, desk.read(|r| self.draw(desk, r))?).into_response())
    }

    pub(super) fn draw(&self, desk: &Desk, r: &ReadTx) -> Result<Markup, Problem> {
        let (staff, firm) = (r.all_staff()?, r.firm()?);
        let staff: Vec<Staff> = staff.into_iter().filter(|s| s.active).collect();
        let rows = self.rows();
        let body = html! {
            (parts::back(policy::PAGE, "Reminder policy"))
            (parts::head("Change the policy", "What was sent stays sent. Steps that fell before the change are not sent late.", ""))
            (parts::error_summary(&self.errors))
            @if let Some(told) = &self.told { (told) }
            form method="post" action=(PAGE) {
                // Enter in a field presses the first button of a form: this one, which keeps nothing.
                button.vh name="do" value="check" tabindex="-1" aria-hidden="true" { "See what it does" }
                (csrf_input(&desk.csrf))
                (hidden("version", self.fields.get("version")))
                @for row in 0..rows { (self.step(row, &staff, firm.currency.code())) }
                @if rows == 0 { p.mut { "Without steps no reminders are sent." } }
                @if rows < STEPS_MAX { p.gap-y { (parts::submit_as(Look::Small, "do", "add", "Add a step")) } }
                (parts::section("window", "At what time of day", "On working days, in the firm’s zone", html! {
                    div.grid4 {
                        (parts::input(&self.field("at", "From"), Input::Time))
                        (parts::input(&self.field("window_end", "Until"), Input::Time))
                    }
                }))
                (parts::section("days", "On which days", "", policy_days::inputs(self)))
                (parts::section("promises", "Promises to pay", "While one of at least half of what is asked for by then runs, no reminder of its invoice goes", html! {
                    div.grid4 {
                        (parts::input(&self.field("promise_days", "Days ahead that clients promise by themselves"), Input::Number))
                        (parts::input(&self.field("promise_grace", "Days of grace").hint("After the promised day, for the transfer"), Input::Number))
                    }
                    p.hint { "A promise of less than half of what is asked for by then is kept and shown, and holds no reminders." }
                }))
                @match &self.effect {
                    Some(policy) => { (self.effect(desk, r, policy)?) }
                    None => { (parts::dock(html! {
                        (parts::submit_as(Look::Primary, "do", "check", "See what it does"))
                        (parts::link(Look::Plain, policy::PAGE, "Leave it"))
                    })) }
                }
            }
        };
        Ok(desk.page(DeskNav::Letters, &parts::titled("Change the policy", &self.errors), body))
    }

    pub(super) fn field<'f>(&'f self, name: &'f str, label: &'f str) -> Field<'f> {
        Field::new(name, label).value(self.fields.get(name)).errors(&self.errors)
    }

    fn step(&self, row: usize, staff: &[Staff], currency: &str) -> Markup {
        let name = |part: &str| format!("{part}_{row}");
        let [offset, side, tone, to, over, unopened, copies] =
            ["offset", "side", "tone", "to", "over", "unopened", "copies"].map(name);
        let by = name("by");
        let ways = [
            Choice::new("letter", "By letter, by itself"),
            Choice::new("call", "By telephone: staff are asked on Today"),
        ];
        let scores = ["score_from", "score_to"].map(name);
        let sides = [Choice::new("before", "before it is due"), Choice::new("after", "after it was due")];
        let tones =
            [Choice::new("polite", "Polite"), Choice::new("firm", "Firm"), Choice::new("final", "Final notice")];
        let words = Reach::ALL.map(|x| capital(x.words()));
        let reaches: Vec<Choice<'_>> =
            Reach::ALL.iter().zip(&words).map(|(x, words)| Choice::new(x.code(), words)).collect();
        let people: Vec<(String, &str)> = staff.iter().map(|s| (s.id.to_string(), s.name.as_str())).collect();
        let people: Vec<Choice<'_>> = people.iter().map(|(id, name)| Choice::new(id, name)).collect();
        let ticked: Vec<&str> = self.fields.all(&copies).collect();
        let typed = |name: &String| !self.fields.get(name).trim().is_empty();
        let more = self.fields.has(&unopened) || !ticked.is_empty() || typed(&over) || scores.iter().any(typed);
        let open = more || self.errors.iter().any(|e| e.key == over || scores.contains(&e.key));
        let title = format!("Step {}", row + 1);
        let body = html! {
            (hidden(&name("id"), self.get("id", row)))
            div.grid4 {
                (parts::input(&self.field(&offset, "Days").hint("0 is the due date itself"), Input::Number))
                (parts::select(&self.field(&side, "Side"), &sides))
                (parts::select(&self.field(&tone, "Tone").hint("Counts after the due date"), &tones))
                (parts::select(&self.field(&to, "To"), &reaches))
            }
            div.gap-y { (parts::radios(&self.field(&by, "How"), &ways)) }
            details.more.gap-y open[open] {
                summary { "Conditions and copies" }
                (parts::money(&self.field(&over, "Only if more than this is open").optional().hint("Invoices in other currencies are not held back by it."), currency))
                (parts::checkbox(&Field::new(&unopened, "Only while nobody at the client has opened the invoice").value(if self.fields.has(&unopened) { "on" } else { "" })))
                div.grid4.gap-y {
                    (parts::input(&self.field(&scores[0], "Payer score from").optional().hint("Only to clients with such a score"), Input::Number))
                    (parts::input(&self.field(&scores[1], "Payer score to").optional().hint("From 0 to 100, on the day"), Input::Number))
                }
                div.gap-y { (parts::checks(&self.field(&copies, "Copies of the letter to").optional(), &people, &ticked)) }
            }
            p.gap-y { (parts::submit_as(Look::Small, "do", &format!("remove-{row}"), format!("Remove step {}", row + 1))) }
        };
        parts::section(&name("step"), &title, "", body)
    }

    /// What the policy as typed would do, and the button that keeps it.
    fn effect(&self, desk: &Desk, r: &ReadTx, policy: &Policy) -> Result<Markup, Problem> {
        let (now, names) = (desk.app.now(), NamesOf::among(r, &desk.scope));
        let until = horizon(now, DAYS, desk.zone());
        let found = effect(r, &desk.app.settings, policy, now, until, |client| desk.scope.sees(client))?;
        let kept = r.policy()?;
        let told = differences(&kept, policy, desk.locale(), |id| names.staff(id));
        let body = html! {
            @if told.is_empty() { p { "Nothing changes: this is the policy as it is." } }
            ul { @for line in &told { li { (line) } } }
            (summary(&found))
            (changes(desk, &names, &found))
        };
        let save = html! {
            (hidden("checked", &digest(policy)))
            (parts::input(&self.field("reason", "Why is it changed?").hint("Stands with the version, for everybody who works here."), Input::Text))
            (parts::dock(html! {
                @if !told.is_empty() { (parts::submit_as(Look::Primary, "do", "save", "Keep this policy")) }
                (parts::submit_as(Look::Plain, "do", "check", "See what it does"))
                (parts::link(Look::Plain, policy::PAGE, "Leave it"))
            }))
        };
        Ok(html! {
            (parts::section("effect", "What it does", format!("In the next {DAYS} days, if nothing else changes"), body))
            (policy_past::drawn(desk, r, &names, policy)?)
            (save)
        })
    }
}

/// An amount in the firm's currency; nothing when the field is empty.
fn amount(field: &str, typed: &str, currency: Currency) -> Result<Option<Money>, FieldFault> {
    if typed.trim().is_empty() {
        return Ok(None);
    }
    match Money::parse(field, typed, currency)? {
        over if over.minor < 0 => Err(FieldFault::new(field, "Enter an amount of 0 or more.")),
        over => Ok(Some(over)),
    }
}

fn whole_days(field: &str, typed: &str) -> Result<u16, FieldFault> {
    typed.trim().parse().map_err(|_| FieldFault::new(field, "Enter a whole number of days."))
}

fn time_of_day(field: &str, typed: &str) -> Result<Time, FieldFault> {
    let read = Time::strptime("%H:%M", typed.trim()).or_else(|_| Time::strptime("%H:%M:%S", typed.trim()));
    read.map_err(|_| FieldFault::new(field, "Enter a time of day, like 08:00."))
}

fn summary(found: &Effect) -> Markup {
    let Effect { invoices, before, after, changed, more } = found;
    html! {
        p {
            @if *invoices == 0 { "No invoice is open now." } @else {
                "Of " (invoices) " open " (if *invoices == 1 { "invoice" } else { "invoices" }) ", something changes for "
                b { (changed.len()) } ": " (before) (if *before == 1 { " reminder goes" } else { " reminders go" })
                " by the policy as it is, " b { (after) } " by this one."
            }
        }
        @if *more { p.mut.small { "More invoices are open than the " (invoices) " that were looked at." } }
    }
}

fn changes(desk: &Desk, names: &NamesOf<'_, ReadTx>, found: &Effect) -> Markup {
    let cols = [Col::text("Invoice"), Col::text("Client"), Col::text("As it is"), Col::text("By this one")];
    let rows: Vec<Row> = found.changed.iter().take(LINES).map(|x| row(desk, names, x)).collect();
    html! {
        @if !rows.is_empty() { (parts::scroller("Invoices for which something changes", &cols, &rows, None)) }
        @if found.changed.len() > LINES { p.mut.small { "The first " (LINES) " of " (found.changed.len()) "." } }
    }
}

/// One invoice, with the days of both sides; those of one side only stand out.
pub(super) fn row(desk: &Desk, names: &NamesOf<'_, ReadTx>, x: &Changed) -> Row {
    let invoice = &x.row.invoice;
    let days = |all: &[Going], others: &[Going]| {
        html! {
            @if all.is_empty() { span.mut { "Nothing" } }
            @for going in all {
                div title=(step_words(going.0)) {
                    @let day = desk.locale().date_short(going.1, desk.today());
                    @if others.contains(going) { (day) } @else { b { (day) } }
                }
            }
        }
    };
    vec![
        html! {
            a href=(links::invoice(invoice.id)) { (nw(names.document(invoice.id))) }
            small { (desk.locale().money(x.row.open())) }
        },
        html! { (names.client(invoice.client)) },
        days(&x.before, &x.after),
        days(&x.after, &x.before),
    ]
    .into()
}
