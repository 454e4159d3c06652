//! Month-end statements: published by the scheduler when a month has ended, once for each client and month however
//! late, or by staff; and the choice of who gets them.
//!
//! The PDF is drawn before the transaction, which checks that account, firm and client are still as drawn.

use jiff::civil::{Date, Time};

use super::invoices::{issued_by, keep_pdf, logo, render};
use super::{found, letters};
use crate::app::{App, Settings};
use crate::documents::Look;
use crate::documents::statement::reckoned_sheet;
use crate::domain::access::{Act, StaffScope};
use crate::domain::calendar;
use crate::domain::client::{Client, Party};
use crate::domain::event::{By, Event};
use crate::domain::firm::{Firm, Letterhead};
use crate::domain::ids::{ClientId, StatementId};
use crate::domain::monthly::{self, MonthStatement, When};
use crate::domain::refusal::{FieldFault, Refusal};
use crate::domain::statement::Reckoned;
use crate::store::prelude::*;

/// Where it is kept which month is done, as a count of months.
pub const THROUGH: &str = "statements/through";
/// How often a statement is drawn again beside the writer when something moved in between; after that it is drawn while
/// it holds the writer.
const TRIES: u32 = 4;

/// Who wants a statement, and what they are told when there is one already.
#[derive(Clone, Debug)]
pub enum Asked {
    /// The scheduler: refused with [`Refusal::TryAgain`] when there is one. Its letters wait for this time of the day.
    ByItself(Time),
    /// The scheduler, for a month before the last one: without letters, since those about the last month follow.
    Late,
    /// Staff: one takes the place of the one before, if that says something else by now.
    ByHand(StaffScope),
}

impl Asked {
    fn check(&self, client: ClientId) -> Result<(), Refusal> {
        match self {
            Self::ByHand(scope) if !scope.sees(client) => Err(Refusal::NotFound),
            Self::ByHand(scope) => scope.may_for(Act::Work, client),
            Self::ByItself(_) | Self::Late => Ok(()),
        }
    }
}

/// Chooses when statements are published by themselves: for a client, where `None` is as for all others, or for all
/// that have no choice of their own.
///
/// # Errors
/// When the scope does not allow it.
pub fn choose(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    client: Option<ClientId>,
    when: Option<When>,
) -> Result<Done<()>, ActError> {
    let (about, event) = match client {
        Some(id) => {
            found(w.client(id)?.filter(|x| scope.sees(x.id)))?;
            scope.may_for(Act::Work, id)?;
            let what = format!("month-end statements: {}", when.map_or("as for all", When::words));
            (About::client(id), Event::ClientChanged { client: id, what })
        }
        None => {
            scope.may(Act::Govern)?;
            let what = format!("month-end statements: {}", when.unwrap_or_default().words());
            (About::FIRM, Event::FirmChanged { what })
        }
    };
    w.put_statement_choice(client, when)?;
    Ok(w.record(about, event)?.done(()))
}

/// Whether the statement of a month is to be published by itself and was not yet: not for a month that ended before
/// the client came.
///
/// # Errors
/// When the store fails.
pub fn is_wanted(r: &impl Reader, settings: &Settings, client: &Client, month: Date) -> Result<bool, StoreError> {
    let when = r.statements_wanted(client.id)?;
    let came = calendar::today(client.since, &settings.zone);
    if when == When::Never || came > month.last_of_month() || r.statement_month(client.id, month)?.is_some() {
        return Ok(false);
    }
    Ok(when.wants(&r.month_accounts(client, month)?))
}

/// Publishes the statement of a month: frozen with its PDF, in the client's area, with a letter to each contact who may
/// see the account and wants letters.
///
/// # Errors
/// Names `month` when it has not ended or its statement stands as it is; when the scope does not allow it; when it is
/// too long for a PDF.
pub async fn publish(app: &App, by: By, asked: Asked, client: ClientId, month: Date) -> Result<StatementId, ActError> {
    for _ in 0..TRIES {
        let prepared = app.store.read(|r| prepare(app, r, &asked, client, month))?;
        let (wish, settings) = (asked.clone(), app.settings.clone());
        let act = move |w: &mut WriteTx<'_>| seal(w, &settings, &wish, prepared.clone());
        match app.store.write(by.clone(), app.now(), act).await {
            Err(ActError::Refused(Refusal::TryAgain)) if is_open(app, &asked, client, month)? => {}
            other => return other,
        }
    }
    let inside = app.clone();
    let act = move |w: &mut WriteTx<'_>| publish_in(w, &inside, &asked, client, month);
    app.store.write(by, app.now(), act).await
}

/// As [`publish`], inside a transaction and at its instant: for a history that is written down as a whole.
///
/// # Errors
/// As [`publish`].
pub fn publish_in(
    w: &mut WriteTx<'_>,
    app: &App,
    asked: &Asked,
    client: ClientId,
    month: Date,
) -> Result<Done<StatementId>, ActError> {
    let prepared = prepare(app, w, asked, client, month)?;
    seal(w, &app.settings, asked, prepared)
}

/// Whether it is still to be made: what comes by itself may have been made by somebody else meanwhile.
fn is_open(app: &App, asked: &Asked, client: ClientId, month: Date) -> Result<bool, StoreError> {
    let by_hand = matches!(asked, Asked::ByHand(_));
    app.store.read(|r| Ok(by_hand || r.statement_month(client, month)?.is_none()))
}

/// Notes that a statement could not be made by itself, so that it is not tried again.
///
/// # Errors
/// When the store fails.
pub fn note_failure(w: &mut WriteTx<'_>, client: ClientId, month: Date, reason: &str) -> Result<Done<()>, ActError> {
    w.put_month_without(client, month)?;
    let event = Event::MonthFailed { month, reason: reason.to_owned() };
    Ok(w.record(About::client(client), event)?.done(()))
}

/// What was drawn, and from what.
#[derive(Clone)]
struct Prepared {
    client: ClientId,
    month: Date,
    seller: Party,
    buyer: Party,
    letterhead: Letterhead,
    anchor: String,
    accounts: Vec<Reckoned>,
    replaces: Option<StatementId>,
    pdf: Vec<u8>,
}

fn prepare(app: &App, r: &impl Reader, asked: &Asked, client: ClientId, month: Date) -> Result<Prepared, ActError> {
    asked.check(client)?;
    let client = found(r.client(client)?)?;
    let firm = r.firm()?.speaking(client.language).into_owned();
    let (accounts, replaces) = reckoned(r, asked, &client, month, calendar::today(app.now(), &app.settings.zone))?;
    let anchor = r.anchor()?.code().to_string();
    let look = Look { firm: &firm, logo: logo(r, &firm)? };
    let sheet = reckoned_sheet(&look, &client.party, &accounts, (month, month.last_of_month()), &anchor);
    let pdf = render(app, &sheet, &firm)?;
    let letterhead = Letterhead::of(&firm);
    let Firm { party: seller, .. } = firm;
    Ok(Prepared { client: client.id, month, seller, buyer: client.party, letterhead, anchor, accounts, replaces, pdf })
}

/// The accounts of the month, and the statement that theirs takes the place of.
fn reckoned(
    r: &impl Reader,
    asked: &Asked,
    client: &Client,
    month: Date,
    today: Date,
) -> Result<(Vec<Reckoned>, Option<StatementId>), ActError> {
    let fault = |sentence: String| Refusal::from(FieldFault::new("month", sentence));
    let words = monthly::words(month);
    if month > monthly::last_ended(today) {
        return Err(fault(format!("{words} has not ended yet; choose a month that has.")).into());
    }
    let accounts = r.month_accounts(client, month)?;
    match (asked, r.statement_of_month(client.id, month)?) {
        (Asked::ByItself(_) | Asked::Late, _) if r.statement_month(client.id, month)?.is_some() => {
            Err(Refusal::TryAgain.into())
        }
        (_, Some(before)) if !before.differs_from(&accounts) => {
            let stands = "is published, and nothing was recorded since that changes it.";
            Err(fault(format!("The statement of {words} {stands}")).into())
        }
        (_, before) => Ok((accounts, before.map(|x| x.id))),
    }
}

/// Commits what [`prepare`] drew; [`Refusal::TryAgain`] when account, firm or client moved since.
fn seal(
    w: &mut WriteTx<'_>,
    settings: &Settings,
    asked: &Asked,
    prepared: Prepared,
) -> Result<Done<StatementId>, ActError> {
    asked.check(prepared.client)?;
    let (client, firm, today) = (found(w.client(prepared.client)?)?, w.firm()?, calendar::today(w.now, &settings.zone));
    let (accounts, replaces) = reckoned(w, asked, &client, prepared.month, today)?;
    let Prepared { month, seller, buyer, letterhead, anchor, accounts: drawn, pdf, .. } = prepared;
    let same_firm = firm.party == seller && Letterhead::of(&firm.speaking(client.language)) == letterhead;
    if accounts != drawn || replaces != prepared.replaces || client.party != buyer || !same_firm {
        return Err(Refusal::TryAgain.into());
    }
    let id = StatementId(w.next("statement")?);
    let pdf = keep_pdf(w, &pdf, format!("statement-{}.pdf", monthly::code(month)))?;
    let (at, by, digest) = (w.now, issued_by(&w.by), pdf.digest);
    let statement = MonthStatement {
        id,
        client: client.id,
        month,
        at,
        by,
        seller,
        buyer,
        letterhead,
        anchor,
        accounts,
        pdf,
        replaces,
    };
    w.put_month_statement(&statement)?;
    let event = Event::MonthPublished { statement: id, month, digest, closing: statement.closing() };
    let recorded = w.record(About::client(client.id), event)?;
    let at = match asked {
        Asked::Late => return Ok(recorded.done(id)),
        Asked::ByHand(_) => w.now,
        Asked::ByItself(time) => calendar::wall_clock(today, *time, &settings.zone).max(w.now),
    };
    letters::queue_statement(w, &statement, at)?;
    Ok(recorded.done(id))
}
