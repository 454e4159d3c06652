//! Sending a quote, or a new version of one: drawn with the number that it is about to get, then numbered, kept and
//! published in one commit.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::super::invoices::{keep_pdf, logo, render, series};
use super::super::{author, found, letters, once, restored};
use crate::app::App;
use crate::documents::Look;
use crate::documents::quote::{Offer, quote_sheet};
use crate::domain::access::{Act, StaffScope};
use crate::domain::calendar;
use crate::domain::event::{By, Event};
use crate::domain::firm::{Firm, Letterhead};
use crate::domain::ids::{ClientId, Digest, FileRef, ProjectId, QuoteId, RecurringId, StaffId};
use crate::domain::money::Currency;
use crate::domain::number::DocumentNumber;
use crate::domain::quote::{self, Answer, Quote, Version};
use crate::domain::refusal::{Faults, FieldFault, Refusal};
use crate::domain::tax::{Content, Line, Totals};
use crate::domain::text;
use crate::store::prelude::*;
use crate::store::recurring::Made;

/// How often a quote is drawn again beside the writer when somebody else took its number in between; after that it is
/// drawn while it holds the writer, so that however many are sent at once, each goes.
const SEND_TRIES: u32 = 4;

/// A quote as a form gives it.
#[derive(Clone, Debug)]
pub struct NewQuote {
    /// For whom.
    pub client: ClientId,
    /// Filed under.
    pub project: Option<ProjectId>,
    /// What it is about.
    pub title: String,
    /// Currency of all amounts.
    pub currency: Currency,
    /// Date of issue.
    pub issued: Date,
    /// Last day on which it can be accepted.
    pub valid_until: Date,
    /// What is offered, options too.
    pub content: Content,
    /// The lines that are options, by number, counted from 1.
    pub options: Vec<u32>,
    /// When it would be delivered; may be empty.
    pub delivery: String,
    /// Below the lines.
    pub note: String,
    /// What whoever accepts agrees to; may be empty.
    pub terms: String,
    /// What the form drew for itself, so that sent twice it sends one quote.
    pub once: Option<String>,
    /// The period of a recurring template whose waiting quote this is.
    pub fills: Option<(RecurringId, String)>,
}

impl NewQuote {
    /// A quote of lines without options, filed under nothing and with nothing said beside them.
    pub fn plain(client: ClientId, title: &str, currency: Currency, days: (Date, Date), lines: Vec<Line>) -> Self {
        let (issued, valid_until) = days;
        let (delivery, note, terms) = (String::new(), String::new(), String::new());
        Self {
            client,
            project: None,
            title: title.to_owned(),
            currency,
            issued,
            valid_until,
            content: Content::of(lines),
            options: Vec::new(),
            delivery,
            note,
            terms,
            once: None,
            fills: None,
        }
    }
}

/// Which quote a new version is of.
#[derive(Clone, Debug)]
pub struct Following {
    /// The quote.
    pub quote: QuoteId,
    /// Its last version when the new one was written.
    pub after: u32,
    /// What is new, for the client to read.
    pub news: String,
}

/// Sends a quote: gives the number, freezes the document and publishes it in the client's area.
///
/// # Errors
/// When the scope does not allow it, the quote is not fit to send, or the same form sent one before
/// ([`Refusal::Repeated`] with that quote).
pub async fn send(app: &App, by: By, scope: &StaffScope, new: NewQuote) -> Result<DocumentNumber, ActError> {
    send_any(app, by, scope, new, None).await
}

/// Sends a new version of a quote that is open or was declined: the one before stays readable, and can't be accepted
/// any more.
///
/// # Errors
/// As [`send`]; [`Refusal::QuoteAnswered`] once it was accepted, [`Refusal::ChangedMeanwhile`] when somebody sent a
/// newer version meanwhile, and faults of the fields `client` and `news`.
pub async fn send_version(
    app: &App,
    by: By,
    scope: &StaffScope,
    new: NewQuote,
    following: Following,
) -> Result<DocumentNumber, ActError> {
    send_any(app, by, scope, new, Some(following)).await
}

async fn send_any(
    app: &App,
    by: By,
    scope: &StaffScope,
    new: NewQuote,
    following: Option<Following>,
) -> Result<DocumentNumber, ActError> {
    let series = new.once.as_ref().map(|key| once::series("quote", key));
    for _ in 0..SEND_TRIES {
        let before = app.store.read(|r| before(r, scope, new.client, series.as_deref()))?;
        if let Some(sent) = before {
            return Err(Refusal::Repeated(sent).into());
        }
        let (quote, pdf) = app.store.read(|r| prepare(app, r, scope, &new, following.as_ref()))?;
        let (scope, zone, series) = (scope.clone(), app.settings.zone.clone(), series.clone());
        let fills = new.fills.clone();
        let act =
            move |w: &mut WriteTx<'_>| send_once(w, &scope, (series.as_deref(), fills.as_ref()), (&quote, &pdf), &zone);
        match app.store.write(by.clone(), app.now(), act).await {
            Err(ActError::Refused(Refusal::TryAgain)) => {}
            other => return other,
        }
    }
    let (inside, scope) = (app.clone(), scope.clone());
    let act = move |w: &mut WriteTx<'_>| {
        if let Some(sent) = before(w, &scope, new.client, series.as_deref())? {
            return Err(Refusal::Repeated(sent).into());
        }
        let (quote, pdf) = prepare(&inside, w, &scope, &new, following.as_ref())?;
        let once = (series.as_deref(), new.fills.as_ref());
        send_once(w, &scope, once, (&quote, &pdf), &inside.settings.zone)
    };
    app.store.write(by, app.now(), act).await
}

/// What the same form sent before, if it may be known.
fn before(
    r: &impl Reader,
    scope: &StaffScope,
    client: ClientId,
    series: Option<&str>,
) -> Result<Option<u64>, StoreError> {
    match series {
        Some(series) if scope.sees(client) => once::made(r, series),
        _ => Ok(None),
    }
}

/// As [`send`], inside a transaction and at its instant: for a history that is written down as a whole.
///
/// # Errors
/// As [`send`].
pub fn send_in(
    w: &mut WriteTx<'_>,
    app: &App,
    scope: &StaffScope,
    new: &NewQuote,
) -> Result<Done<DocumentNumber>, ActError> {
    let (quote, pdf) = prepare(app, w, scope, new, None)?;
    seal(w, scope, &quote, &pdf, &app.settings.zone)
}

/// As [`send_version`], inside a transaction and at its instant.
///
/// # Errors
/// As [`send_version`].
pub fn send_version_in(
    w: &mut WriteTx<'_>,
    app: &App,
    scope: &StaffScope,
    new: &NewQuote,
    following: &Following,
) -> Result<Done<DocumentNumber>, ActError> {
    let (quote, pdf) = prepare(app, w, scope, new, Some(following))?;
    seal(w, scope, &quote, &pdf, &app.settings.zone)
}

/// The quote as it would be kept, with the PDF of its newest version.
fn prepare(
    app: &App,
    r: &impl Reader,
    scope: &StaffScope,
    new: &NewQuote,
    following: Option<&Following>,
) -> Result<(Quote, Vec<u8>), ActError> {
    let client = found(r.client(new.client)?.filter(|c| scope.sees(c.id)))?;
    scope.may(Act::Work)?;
    restored::refuse_held(r)?;
    let known = following.map(|x| known(r, scope, new, x)).transpose()?;
    let totals = check(new, following)?;
    let firm = r.firm()?;
    let speaking = firm.speaking(client.language);
    let current = Version {
        title: new.title.clone(),
        issued: new.issued,
        valid_until: new.valid_until,
        content: new.content.clone(),
        options: new.options.clone(),
        totals,
        delivery: new.delivery.clone(),
        note: new.note.clone(),
        terms: new.terms.clone(),
        news: following.map_or_else(String::new, |x| x.news.clone()),
        seller: firm.party.clone(),
        buyer: client.party,
        letterhead: Letterhead::of(&speaking),
        pdf: FileRef { digest: Digest([0; 32]), length: 0, name: String::new(), media_type: String::new() },
        at: app.now(),
        by: StaffId(0),
        answer: Answer::Open,
    };
    let quote = match known {
        Some(mut quote) => {
            quote.older.push(std::mem::replace(&mut quote.current, current));
            Quote { project: new.project, ..quote }
        }
        None => {
            let number = next_number(r, &firm, new.issued)?;
            Quote { id: QuoteId(0), client: client.id, project: new.project, number, current, older: Vec::new() }
        }
    };
    let pdf = draw(app, r, &speaking, &quote)?;
    Ok((quote, pdf))
}

/// The quote that gets a new version.
fn known(r: &impl Reader, scope: &StaffScope, new: &NewQuote, following: &Following) -> Result<Quote, ActError> {
    let quote = found(r.quote(following.quote)?.filter(|q| scope.sees(q.client)))?;
    quote::replaceable(&quote, following.after)?;
    if quote.client != new.client {
        let message = "A new version is for the same client. Write a new quote for another one.";
        return Err(Refusal::from(FieldFault::new("client", message)).into());
    }
    Ok(quote)
}

fn check(new: &NewQuote, following: Option<&Following>) -> Result<Totals, Refusal> {
    let mut faults = Faults::default();
    let dates = (new.issued, new.valid_until);
    let sums = quote::check(&mut faults, &new.content, &new.options, new.currency, dates);
    if let Some(following) = following {
        let missing = "Say what is new; the client reads it in the letter.";
        let read = text::paragraph("news", &following.news)
            .and_then(|x| if x.is_empty() { Err(FieldFault::new("news", missing)) } else { Ok(x) });
        faults.take(read);
    }
    faults.check()?;
    sums.ok_or(Refusal::TryAgain)
}

fn next_number(r: &impl Reader, firm: &Firm, issued: Date) -> Result<DocumentNumber, ActError> {
    let pattern = &firm.series.quote;
    let sequence = r.last_in_series(&series("quote", pattern, issued))? + 1;
    Ok(pattern.write(issued.year(), sequence).map_err(Refusal::from)?)
}

fn draw(app: &App, r: &impl Reader, firm: &Firm, quote: &Quote) -> Result<Vec<u8>, ActError> {
    let look = Look { firm, logo: logo(r, firm)? };
    let project = match quote.project {
        Some(id) => r.project(id)?.map(|p| p.name),
        None => None,
    };
    let Version { seller, buyer, .. } = &quote.current;
    let offer = Offer::of(&quote.number, quote.latest(), &quote.current, project.as_deref());
    render(app, &quote_sheet(&look, seller, buyer, &offer), firm)
}

fn send_once(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    (series, fills): (Option<&str>, Option<&(RecurringId, String)>),
    (quote, pdf): (&Quote, &[u8]),
    zone: &TimeZone,
) -> Result<Done<DocumentNumber>, ActError> {
    scope.may_for(Act::Work, quote.client)?;
    if let Some(before) = series.map(|series| once::made(w, series)).transpose()?.flatten() {
        return Err(Refusal::Repeated(before).into());
    }
    if let Some((id, key)) = fills
        && w.made_for(*id, key)? != Some(Made::Waits)
    {
        // Somebody else sent it, or left it out.
        return Err(Refusal::ChangedMeanwhile.into());
    }
    let done = seal(w, scope, quote, pdf, zone)?;
    if let (Some((id, key)), Some(sent)) = (fills, w.quote_numbered(done.get())?) {
        w.put_made(*id, key, Made::Quote(sent.id))?;
    }
    if let (Some(series), Some(sent)) = (series, w.quote_numbered(done.get())?) {
        w.remember(series, sent.id.0)?;
    }
    Ok(done)
}

fn seal(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    prepared: &Quote,
    pdf: &[u8],
    zone: &TimeZone,
) -> Result<Done<DocumentNumber>, ActError> {
    scope.may_for(Act::Work, prepared.client)?;
    restored::refuse_held(w)?;
    let id = if prepared.older.is_empty() { number(w, prepared)? } else { unmoved(w, prepared)? };
    let file = prepared.file_name(prepared.latest(), "pdf");
    let (by, at, pdf) = (author(w), w.now, keep_pdf(w, pdf, file)?);
    let digest = pdf.digest;
    let current = Version { pdf, at, by, ..prepared.current.clone() };
    let quote = Quote { id, current, ..prepared.clone() };
    w.put_quote(&quote)?;
    let (version, number, total) = (quote.latest(), quote.number.clone(), quote.current.totals.payable());
    let event = Event::QuoteSent { quote: id, version, number: number.clone(), total, digest };
    let recorded = w.record(About::client(quote.client), event)?;
    letters::queue_quote(w, &quote, calendar::today(w.now, zone))?;
    Ok(recorded.done(number))
}

/// Gives a new quote its number, if that is still next, and its identifier.
fn number(w: &mut WriteTx<'_>, prepared: &Quote) -> Result<QuoteId, ActError> {
    let (firm, issued) = (w.firm()?, prepared.current.issued);
    let number = next_number(w, &firm, issued)?;
    if number != prepared.number || w.quote_numbered(&number)?.is_some() {
        return Err(Refusal::TryAgain.into());
    }
    w.next_in_series(&series("quote", &firm.series.quote, issued))?;
    Ok(QuoteId(w.next("quote")?))
}

/// The quote of a new version, if nothing happened to it since the version was drawn.
fn unmoved(w: &WriteTx<'_>, prepared: &Quote) -> Result<QuoteId, ActError> {
    let kept = found(w.quote(prepared.id)?)?;
    let same = kept.older.len() + 1 == prepared.older.len() && prepared.older.last() == Some(&kept.current);
    if same { Ok(kept.id) } else { Err(Refusal::TryAgain.into()) }
}
