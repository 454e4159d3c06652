//! Crediting what was composed here, whole or in part: a credit note of its own series, drawn and issued in one commit.

use jiff::civil::Date;

use super::super::{found, once};
use super::issue::{Wanted, issue_wanted, issue_wanted_in};
use crate::app::App;
use crate::documents::credit_words;
use crate::domain::access::{Act, StaffScope};
use crate::domain::calendar;
use crate::domain::credit::{Credited, Take};
use crate::domain::event::By;
use crate::domain::ids::InvoiceId;
use crate::domain::invoice::{Body, Invoice, Kind};
use crate::domain::money::Money;
use crate::domain::number::DocumentNumber;
use crate::domain::refusal::Refusal;
use crate::domain::terms::Terms;
use crate::store::prelude::*;

/// A credit note, as a form gives it.
#[derive(Clone, Debug)]
pub struct Crediting {
    /// The invoice.
    pub of: InvoiceId,
    /// What of it is taken back.
    pub take: Take,
    /// Why; printed below the lines.
    pub reason: String,
    /// Whether all of it stays as credit of the client; else it settles the invoice as far as that is open.
    pub hold: bool,
    /// What the form drew for itself, so that sent twice it credits once.
    pub once: Option<String>,
}

impl Crediting {
    /// All that is left of an invoice, settling what is open of it.
    pub fn rest(of: InvoiceId, reason: String) -> Self {
        Self { of, take: Take::Rest, reason, hold: false, once: None }
    }
}

/// Credits all that is left of an invoice that was composed here.
///
/// # Errors
/// As [`credit_part`].
pub async fn credit(
    app: &App,
    by: By,
    scope: &StaffScope,
    of: InvoiceId,
    reason: String,
) -> Result<DocumentNumber, ActError> {
    credit_part(app, by, scope, Crediting::rest(of, reason)).await
}

/// Credits what is asked for of an invoice that was composed here.
///
/// # Errors
/// When the scope does not allow it, the document is a draft, a credit note or a published PDF (whose credit note comes
/// from the system that made it), more is asked for than was not credited yet, or the same form was sent before
/// ([`Refusal::Repeated`] with that credit note).
pub async fn credit_part(
    app: &App,
    by: By,
    scope: &StaffScope,
    crediting: Crediting,
) -> Result<DocumentNumber, ActError> {
    let on = app.today();
    issue_wanted(app, by, scope, Wanted::CreditNote { crediting, on }).await
}

/// As [`credit_part`], inside a transaction and at its instant; see [`super::issue_in`].
///
/// # Errors
/// As [`credit_part`].
pub fn credit_in(
    w: &mut WriteTx<'_>,
    app: &App,
    scope: &StaffScope,
    crediting: Crediting,
) -> Result<Done<DocumentNumber>, ActError> {
    let on = calendar::today(w.now, &app.settings.zone);
    issue_wanted_in(w, app, scope, &Wanted::CreditNote { crediting, on })
}

/// The series under which what a form credited is remembered.
pub(super) fn once_series(crediting: &Crediting) -> Option<String> {
    crediting.once.as_ref().map(|key| once::series("credit", key))
}

/// The credit note that an invoice would get, without id and number.
pub(super) fn credit_note(
    reader: &impl Reader,
    scope: &StaffScope,
    crediting: &Crediting,
    on: Date,
) -> Result<Invoice, ActError> {
    let invoice = found(reader.invoice(crediting.of)?.filter(|i| scope.sees(i.client)))?;
    scope.may(Act::Work)?;
    if let Some(before) = once_series(crediting).map(|x| once::made(reader, &x)).transpose()?.flatten() {
        return Err(Refusal::Repeated(before).into());
    }
    let Some(issue) = &invoice.issue else { return Err(Refusal::NotIssued.into()) };
    let Body::Composed(_) = &invoice.body else { return Err(Refusal::NotAllowed.into()) };
    let credits = reader.credit_notes_for(&invoice)?;
    let nothing = Refusal::MoreThanOpen(Money::zero(invoice.currency));
    let language = issue.letterhead.locale.language();
    let [title, part] = credit_words(language, issue.number.as_str());
    let content = Credited::of(&invoice, &credits).ok_or(nothing)?.saying(part).content(&crediting.take)?;
    let dated = on.max(invoice.dated);
    Ok(Invoice {
        id: InvoiceId(0),
        kind: Kind::CreditNote(crediting.of),
        title,
        dated,
        due: dated,
        terms: Terms::default(),
        note: crediting.reason.clone(),
        body: Body::Composed(content),
        quote: None,
        late: None,
        issue: None,
        ..invoice
    })
}
