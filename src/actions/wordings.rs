//! The words of letters that the firm chooses: keeping them, going back to ours, and a letter to look at before.
//!
//! A letter in the outbox keeps the words that held when it was queued; what it says of amounts is true when it goes.

use jiff::civil::Date;
use jiff::{Span, Timestamp};

use super::letters::{self, ATTACHED_MAX};
use crate::domain::access::{Act, StaffScope};
use crate::domain::client::Party;
use crate::domain::event::Event;
use crate::domain::firm::{Firm, Letterhead};
use crate::domain::ids::{ClientId, Digest, FileRef, InvoiceId};
use crate::domain::invoice::{Body, Invoice, Issue, Kind, References};
use crate::domain::language::Language;
use crate::domain::letter::{ANCHOR_SLOT, LINK_SLOT, link_slot};
use crate::domain::money::Money;
use crate::domain::payment::Settled;
use crate::domain::refusal::{FieldFault, Refusal};
use crate::domain::reminder::{Policy, Tone};
use crate::domain::tax::Totals;
use crate::domain::terms::Terms;
use crate::domain::wording::{LetterKind, Wording, Words};
use crate::mail::letters::{Subject, Text, noting_files, offering_stop};
use crate::mail::letters_digest::{Also, Entry, digest};
use crate::mail::letters_own;
use crate::store::invoices::{Filter, Row};
use crate::store::prelude::*;

/// Invoices of a letter about several, to look at.
const SEVERAL: usize = 3;

/// Keeps the firm's words of a letter in a language, in the place of version `known` (0 for ours); `None` goes back to
/// ours.
///
/// # Errors
/// When the role does not allow it, somebody changed them meanwhile, they are as they were, or a field is to be mended.
pub fn change(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    (kind, language): (LetterKind, Language),
    known: u32,
    words: Option<&Words>,
) -> Result<Done<()>, ActError> {
    scope.may(Act::Govern)?;
    if !is_known(w, kind)? {
        return Err(Refusal::NotFound.into());
    }
    let now = w.wording_now(kind, language)?;
    let (version, kept) = now.map_or((0, None), |x| (x.version, x.words));
    if version != known {
        return Err(Refusal::ChangedMeanwhile.into());
    }
    let words = words.map(|x| Words::read(kind, &x.subject, &x.opening, &x.closing)).transpose()?;
    if words == kept {
        return Err(Refusal::from(FieldFault::new("subject", "The letter says this already. Change something.")).into());
    }
    let (own, by, at) = (words.is_some(), w.by.actor.clone(), w.now);
    let version = version.checked_add(1).ok_or(Refusal::TryAgain)?;
    w.put_wording(&Wording { kind, language, version, words, by, at })?;
    Ok(w.record(About::FIRM, Event::LetterWorded { letter: kind, language, own })?.done(()))
}

/// Whether there is such a letter: those of single steps are of the policy as it is now, or have had words.
///
/// # Errors
/// When the store fails.
pub fn is_known(r: &impl Reader, kind: LetterKind) -> Result<bool, StoreError> {
    if kind.instead().is_none() || kind.step_in(&r.policy()?).is_some() {
        return Ok(true);
    }
    let worded = |language| Ok::<_, StoreError>(r.wording_now(kind, language)?.is_some());
    Language::ALL.into_iter().try_fold(false, |any, language| Ok(any || worded(language)?))
}

/// Chooses whether the PDFs of invoices go along with the letters about them, or are linked.
///
/// # Errors
/// When the role does not allow it.
pub fn send_pdfs_along(w: &mut WriteTx<'_>, scope: &StaffScope, along: bool) -> Result<Done<()>, ActError> {
    scope.may(Act::Govern)?;
    w.set_pdfs_along(along)?;
    let what = if along { "PDFs go along with letters" } else { "letters link to PDFs" };
    Ok(w.record(About::FIRM, Event::FirmChanged { what: what.to_owned() })?.done(()))
}

/// A letter to look at.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Its words, with addresses that lead nowhere in particular.
    pub text: Text,
    /// What it was written about: "HF-2026-0012, as if it were due in 7 days".
    pub about: String,
}

/// Writes a letter to look at, in the firm's `words` or ours: about the invoice numbered `number`, else about what is
/// open, else about an example; as if it were `today` the day on which such a letter goes.
///
/// # Errors
/// Names the field `about` when no issued invoice has the number; or when the store fails.
pub fn sample(
    r: &impl Reader,
    (kind, language): (LetterKind, Language),
    words: Option<&Words>,
    number: &str,
    (today, url): (Date, &str),
) -> Result<Sample, ActError> {
    let firm = r.firm()?;
    let firm = firm.speaking(Some(language));
    let rows = rows(r, &firm, number.trim(), today)?;
    let to_name = match rows.first() {
        Some(row) => letters::recipients(r, &row.invoice)?.into_iter().next().map(|x| x.name),
        None => None,
    };
    let to_name = to_name.unwrap_or_else(|| "Ana Ruiz".to_owned());
    let days = days(kind, &r.policy()?);
    let entries: Vec<Entry<'_>> = days
        .iter()
        .zip(&rows)
        .map(|(day, row)| {
            let due = today.saturating_add(Span::new().days(*day));
            Entry { about: subject(&firm, &to_name, row, (due, today)), tone: kind.tone().on(today, due), broken: None }
        })
        .collect();
    let broken = || StoreError::Broken("a letter to look at has no invoice".to_owned());
    let first = entries.first().ok_or_else(broken)?;
    let text = match kind {
        LetterKind::Issued => letters_own::issued(&first.about, words),
        LetterKind::Reminder(tone) | LetterKind::Step(_, tone) => letters_own::reminder(&first.about, tone, words),
        LetterKind::Several(_) => digest(&entries, &Also::default(), words).ok_or_else(broken)?,
    };
    let text = dressed(r, text, kind, &entries, (&firm, url))?;
    let names: Vec<String> = entries.iter().map(|x| numbered(x.about.invoice)).collect();
    Ok(Sample { text, about: format!("{}, {}", names.join(", "), as_if(kind, &days)) })
}

/// The letter with what is added while it is handed over.
fn dressed(
    r: &impl Reader,
    Text { subject, mut text, mut html }: Text,
    kind: LetterKind,
    entries: &[Entry<'_>],
    (firm, url): (&Firm, &str),
) -> Result<Text, StoreError> {
    if r.pdfs_along()? {
        let file = |x: &Entry<'_>| x.about.invoice.number().map(|x| x.file_name("pdf"));
        let names: Vec<String> = entries.iter().filter_map(file).collect();
        (text, html) = noting_files(firm, (&text, &html), &names, &[], ATTACHED_MAX);
    }
    if kind != LetterKind::Issued {
        (text, html) = offering_stop(firm, (&text, &html), &format!("{url}/reminders/stop/…"));
    }
    let links = (0..entries.len()).map(link_slot).chain([LINK_SLOT.to_owned()]);
    for slot in links {
        (text, html) = (text.replace(&slot, url), html.replace(&slot, url));
    }
    Ok(Text { subject, text: text.replace(ANCHOR_SLOT, "…"), html: html.replace(ANCHOR_SLOT, "…") })
}

fn rows(r: &impl Reader, firm: &Firm, number: &str, today: Date) -> Result<Vec<Row>, ActError> {
    let mut rows = Vec::new();
    if !number.is_empty() {
        let fault = || FieldFault::new("about", "There is no issued invoice of that number.");
        let id = r.invoice_numbered(&number.parse().map_err(|_| Refusal::from(fault()))?)?;
        let row = id.map(|id| r.invoice_row(id)).transpose()?.flatten();
        rows.push(row.filter(|x| x.invoice.is_invoice()).ok_or_else(|| Refusal::from(fault()))?);
    }
    let open = r.invoice_page(None, Filter::Open, today, None, SEVERAL)?.rows;
    rows.extend(open.into_iter().filter(|x| x.invoice.number().is_some_and(|n| n.as_str() != number)));
    while rows.len() < SEVERAL {
        rows.push(example(firm, rows.len(), today)?);
    }
    Ok(rows)
}

fn subject<'a>(firm: &'a Firm, to_name: &'a str, row: &'a Row, (due, today): (Date, Date)) -> Subject<'a> {
    let from_person = if firm.correspondent.is_empty() { &firm.party.name } else { &firm.correspondent };
    // Of an invoice that was paid, as it was before.
    let open = if row.open().minor > 0 { row.open() } else { row.invoice.payable() };
    let asked = if row.open().minor > 0 { row.invoice.asked(row.settled, today) } else { open };
    let (invoice, disputed, also) = (&row.invoice, None, None);
    Subject { firm, to_name, invoice, open, disputed, asked, due, today, from_person, also }
}

fn numbered(invoice: &Invoice) -> String {
    invoice.number().map(|x| x.to_string()).unwrap_or_default()
}

/// By how many days from today the invoices of a letter are due: the first as the letter has it, others later.
fn days(kind: LetterKind, policy: &Policy) -> Vec<i64> {
    if let Some(step) = kind.step_in(policy) {
        return vec![-i64::from(step.offset)];
    }
    let first = match (kind, kind.tone()) {
        (LetterKind::Issued, _) => 30,
        (_, Tone::Upcoming) => 7,
        (_, Tone::DueToday) => 0,
        (_, Tone::Overdue) => -7,
        (_, Tone::Firm) => -14,
        (_, Tone::Final) => -30,
    };
    if matches!(kind, LetterKind::Several(_)) { vec![first, 2, 6] } else { vec![first] }
}

fn as_if(kind: LetterKind, days: &[i64]) -> String {
    let first = days.first().copied().unwrap_or_default();
    let words = match first {
        0 => "as if it were due today".to_owned(),
        1.. => format!("as if it were due in {}", in_days(first)),
        _ => format!("as if it were {} late", in_days(-first)),
    };
    if matches!(kind, LetterKind::Several(_)) { words.replacen("it were", "the first were", 1) } else { words }
}

fn in_days(n: i64) -> String {
    if n == 1 { "1 day".to_owned() } else { format!("{n} days") }
}

/// An invoice of a firm that has none yet.
fn example(firm: &Firm, n: usize, today: Date) -> Result<Row, ActError> {
    let minor = [123_450_i64, 41_300, 9_900].get(n).copied().unwrap_or(5_000);
    let payable = Money::new(minor, firm.currency);
    let number = format!("EXAMPLE-{}", n + 1).parse().map_err(Refusal::from)?;
    let (name, media_type) = ("example.pdf".to_owned(), "application/pdf".to_owned());
    let issue = Issue {
        number,
        at: Timestamp::UNIX_EPOCH,
        by: None,
        pdf: FileRef { digest: Digest([0; 32]), length: 0, name, media_type },
        seller: firm.party.clone(),
        buyer: Party { name: "Marlow Ceramics".to_owned(), ..Party::default() },
        letterhead: Letterhead::of(firm),
        totals: Totals::only(payable),
        elsewhere: None,
    };
    let invoice = Invoice {
        id: InvoiceId(0),
        client: ClientId(0),
        project: None,
        kind: Kind::Invoice,
        title: "Kiln lining".to_owned(),
        currency: firm.currency,
        dated: today,
        due: today,
        terms: Terms::default(),
        reference: String::new(),
        references: References::default(),
        delivered: None,
        period: None,
        note: String::new(),
        body: Body::Published(payable),
        recipients: Vec::new(),
        quote: None,
        late: None,
        issue: Some(issue),
        changed: Timestamp::UNIX_EPOCH,
    };
    Ok(Row { invoice, settled: Settled::default() })
}
