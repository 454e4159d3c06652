//! An accepted quote becomes invoices: each a draft for a part of it, and all together never more than was accepted.

use jiff::civil::Date;

use super::super::{found, once};
use super::draft::{Draft, as_invoice};
use crate::documents::part_words;
use crate::domain::access::{Act, StaffScope};
use crate::domain::credit::Credited;
use crate::domain::event::Event;
use crate::domain::ids::{InvoiceId, QuoteId};
use crate::domain::invoice::{Body, Invoice, References};
use crate::domain::money::Money;
use crate::domain::quote::Quote;
use crate::domain::quote_billing::{Billing, FromQuote, Part};
use crate::domain::refusal::Refusal;
use crate::domain::tax::Content;
use crate::domain::terms::Terms;
use crate::store::prelude::*;

/// An accepted quote with what was invoiced of it, drafts too; an invoice that was credited whole counts no more, one
/// that was credited in part counts less.
/// `None` for a quote that nobody accepted.
///
/// # Errors
/// When the store fails.
pub fn billing(r: &impl Reader, quote: &Quote) -> Result<Option<Billing>, StoreError> {
    let ((all, notes), locale) = (counted(r, quote.id, None)?, r.firm()?.locale);
    Ok(Billing::of(quote, &all).map(|x| x.with_credits(&notes).written(locale)))
}

/// The invoices that count against a quote, but for one of them, and the credit notes on them.
fn counted(
    r: &impl Reader,
    quote: QuoteId,
    but: Option<InvoiceId>,
) -> Result<(Vec<Invoice>, Vec<Invoice>), StoreError> {
    let (mut all, mut credits) = (Vec::new(), Vec::new());
    for invoice in r.invoices_from(quote)?.into_iter().filter(|x| Some(x.id) != but) {
        let notes = if invoice.issue.is_some() { r.credit_notes_for(&invoice)? } else { Vec::new() };
        let gone = !notes.is_empty() && Credited::of(&invoice, &notes).is_some_and(|x| !x.is_left());
        if !gone {
            all.push(invoice);
            credits.extend(notes);
        }
    }
    Ok((all, credits))
}

/// Makes a draft that charges a part of an accepted quote, dated `today`; the same form, known by `key`, makes one.
///
/// # Errors
/// When the scope does not allow it, nobody accepted the quote ([`Refusal::NotFound`]), there is no such part, or the
/// same form made one before ([`Refusal::Repeated`] with that draft).
pub fn draft_from_quote(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    key: Option<&str>,
    (quote, part): (QuoteId, &Part),
    today: Date,
) -> Result<Done<InvoiceId>, ActError> {
    let quote = found(w.quote(quote)?.filter(|q| scope.sees(q.client)))?;
    scope.may(Act::Work)?;
    let series = key.map(|key| once::series("billed", key));
    if let Some(before) = series.as_ref().map(|x| once::made(w, x)).transpose()?.flatten() {
        return Err(Refusal::Repeated(before).into());
    }
    let client = found(w.client(quote.client)?)?;
    let words = part_words(client.language.unwrap_or(w.firm()?.language));
    let (part, content) = found(billing(w, &quote)?)?.saying(words).content(part)?;
    let terms = client.terms;
    let draft = Draft {
        client: quote.client,
        project: quote.project,
        title: quote.current.title.clone(),
        currency: quote.current.currency(),
        dated: today,
        due: terms.due(today),
        terms: Terms::default(),
        reference: String::new(),
        references: References::default(),
        delivered: None,
        period: None,
        note: String::new(),
        content,
        recipients: Vec::new(),
    };
    let id = InvoiceId(w.next("invoice")?);
    let from = FromQuote { quote: quote.id, number: quote.number.clone(), part };
    let invoice = Invoice { quote: Some(from), ..as_invoice(id, &draft, w.now) };
    w.put_invoice(&invoice)?;
    if let Some(series) = series {
        w.remember(&series, id.0)?;
    }
    let (about, total) = (About::invoice(quote.client, id), invoice.payable());
    Ok(w.record(about, Event::QuoteBilled { quote: quote.id, invoice: id, total })?.done(id))
}

/// A draft saved again goes on charging a part of its quote, if it is for the same client and in the same currency; its
/// VAT stays as it was stated while what it charges does.
///
/// # Errors
/// A fault of the field `lines` when all invoices together would charge more than was accepted.
pub(super) fn carry_on(w: &WriteTx<'_>, kept: &Invoice, draft: &mut Invoice) -> Result<(), ActError> {
    let Some(from) = &kept.quote else { return Ok(()) };
    let Some(quote) = w.quote(from.quote)?.filter(|q| q.client == draft.client) else { return Ok(()) };
    if quote.current.currency() != draft.currency {
        return Ok(());
    }
    if let (Body::Composed(before), Body::Composed(now)) = (&kept.body, &mut draft.body)
        && (Content { takes: before.takes.clone(), ..now.clone() }) == *before
    {
        now.takes.clone_from(&before.takes);
    }
    let ((others, notes), locale) = (counted(w, quote.id, Some(kept.id))?, w.firm()?.locale);
    let billing = Billing::of(&quote, &others).map(|x| x.with_credits(&notes).written(locale));
    if let (Some(billing), Some(totals)) = (billing, draft.totals()) {
        billing.check(Money::new(totals.gross, draft.currency)).map_err(Refusal::from)?;
    }
    draft.quote = Some(from.clone());
    Ok(())
}
