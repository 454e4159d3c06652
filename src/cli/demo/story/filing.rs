//! What is filed for clients, in versions; a credit note that stays as credit and settles another bill in part; money
//! that is paid back.

use jiff::civil::time;
use rust_decimal::Decimal;

use super::super::firm::CLIENTS;
use super::super::plan::days;
use super::{Act, Story};
use crate::actions::documents::{self, Place};
use crate::actions::invoices::{self, Crediting};
use crate::actions::payments;
use crate::actions::refunds::{self, NewRefund};
use crate::documents::{Look, Meta, Sheet, pdf};
use crate::domain::calendar::next_business_day;
use crate::domain::credit::Take;
use crate::domain::ids::{Digest, FileRef, InvoiceId};
use crate::domain::invoice::Body;
use crate::domain::money::Money;
use crate::domain::payment::{Method, Source};
use crate::domain::refusal::{FieldFault, Refusal};
use crate::domain::tax::FINE_DIGITS;
use crate::secrets;
use crate::store::prelude::*;

/// What is posted: days before today, client, project, title, what is new, and the text.
type Paper = (i64, usize, Option<usize>, &'static str, &'static str, &'static [&'static str]);

/// A title that comes again for the same client is a new version.
const PAPERS: [Paper; 6] = [
    (
        96,
        0,
        None,
        "Letter of engagement",
        "",
        &[
            "This letter sets out what we do for you, who does it, and how we charge.",
            "We bill monthly, by the hour and with outlays at cost. Each bill says what was done and by whom.",
            "You can end this engagement at any time with a note to us.",
        ],
    ),
    (
        75,
        0,
        Some(0),
        "Draft agreement",
        "",
        &[
            "First draft, for your comments. Clauses 4 and 7 are the ones that need a decision from you.",
            "4. The term is five years from the first day of the month after signing.",
            "7. Repairs below 500 euros are yours, those above are the other side’s.",
        ],
    ),
    (
        61,
        0,
        Some(0),
        "Draft agreement",
        "Clause 4 shortened, clause 7 as the other side asked",
        &[
            "Second draft, with what was agreed on the telephone.",
            "4. The term is three years from the first day of the month after signing, with an option for two more.",
            "7. Repairs below 250 euros are yours, those above are the other side’s.",
        ],
    ),
    (
        12,
        0,
        Some(0),
        "Draft agreement",
        "Ready to sign; only the dates were filled in",
        &[
            "To be signed in two copies.",
            "4. The term is three years from the first day of the next month, with an option for two more.",
            "7. Repairs below 250 euros are yours, those above are the other side’s.",
        ],
    ),
    (
        40,
        3,
        Some(0),
        "Minutes of the annual meeting",
        "",
        &[
            "Present: all members. The accounts were approved, and the directors thanked.",
            "Signed by the chair and the secretary.",
        ],
    ),
    (
        9,
        1,
        Some(0),
        "Checklist before completion",
        "",
        &["What we have: title, searches, insurance. What we still need from you: proof of funds, and two signatures."],
    ),
];

/// Whose paid bill is credited in part, and stays as credit; and whose money on account is paid back in part.
const CREDITED: usize = 4;
const PAID_BACK: usize = 1;
/// What is paid back, in minor units.
const BACK: i64 = 40_000;

impl Story {
    pub(super) fn plan_filing(&mut self) {
        for (n, (ago, client, ..)) in PAPERS.iter().enumerate() {
            let day = next_business_day(days(self.today, -ago));
            if day > days(self.first, super::plan::JOINS[*client] + 3) {
                self.at(day, time(13, 12, 8, 0), Act::File(n));
            }
        }
        self.at(next_business_day(days(self.today, -14)), time(12, 4, 0, 0), Act::Hold);
        self.at(next_business_day(days(self.today, -8)), time(12, 30, 0, 0), Act::PayBack);
    }

    pub(super) fn file(&mut self, w: &mut WriteTx<'_>, n: usize) -> Result<(), ActError> {
        let Some(&(_, place, project, title, news, text)) = PAPERS.get(n) else { return Ok(()) };
        let scope = self.as_staff(w, CLIENTS[place].manager);
        let (client, known) = (self.client(place)?, self.filed.get(&(place, title)).copied());
        let project = project.and_then(|p| self.clients[place].projects.get(p)).copied();
        let bytes = self.paper(w, place, title, text)?;
        let digest = Digest(secrets::sha256(&bytes));
        let content = w.begin_content(client)?;
        w.add_content(content, &bytes)?;
        let file = FileRef {
            digest,
            length: bytes.len() as u64,
            name: format!("{title}.pdf"),
            media_type: "application/pdf".to_owned(),
        };
        let to = match known {
            Some(id) => Place::Version(id),
            None => Place::New { client, project, title: title.to_owned() },
        };
        let (id, _) = documents::post_in(w, &scope, &to, news, &file, content)?.value();
        self.filed.insert((place, title), id);
        self.later(2, Act::Post);
        Ok(())
    }

    fn paper(&self, w: &WriteTx<'_>, place: usize, title: &str, text: &[&str]) -> Result<Vec<u8>, ActError> {
        let (firm, client) = (w.firm()?, CLIENTS[place].party());
        let look = Look { firm: &firm, logo: None };
        let notes = text.iter().map(|x| (*x).to_owned()).collect();
        let sheet = Sheet { notes, ..look.letter(title, &client) };
        let meta = Meta {
            title: title.to_owned(),
            author: firm.party.name.clone(),
            created: w.now,
            document_id: title.to_owned(),
        };
        pdf(&sheet, &self.app.fonts, &meta)
            .map_err(|e| Refusal::from(FieldFault::new("document", e.to_string())).into())
    }

    /// A bill that was paid is credited in part: the credit stays, and some of it settles the oldest open bill.
    pub(super) fn hold(&mut self, w: &mut WriteTx<'_>) -> Result<(), ActError> {
        let (scope, client) = (self.as_staff(w, CLIENTS[CREDITED].manager), self.client(CREDITED)?);
        let mut paid: Option<InvoiceId> = None;
        for invoice in w.invoices_dated(client, self.date())? {
            let open = w.invoice_row(invoice.id)?.map_or(0, |x| x.open().minor);
            let fresh = w.credit_notes_for(&invoice)?.is_empty();
            if invoice.is_invoice() && matches!(invoice.body, Body::Composed(_)) && open == 0 && fresh {
                paid = paid.max(Some(invoice.id));
            }
        }
        let Some(Body::Composed(content)) = paid.map(|id| w.invoice(id)).transpose()?.flatten().map(|x| x.body) else {
            return Ok(());
        };
        let half = content.lines.first().and_then(|x| x.quantity.checked_div(Decimal::TWO)).unwrap_or_default();
        let take = Take::Lines(vec![(0, half.round_dp(FINE_DIGITS))]);
        let reason = "Half of it was done by your own people; it counts towards the next bill.".to_owned();
        let of = paid.unwrap_or(InvoiceId(0));
        let number =
            invoices::credit_in(w, &self.app, &scope, Crediting { take, hold: true, ..Crediting::rest(of, reason) })?;
        let Some(credit) = w.invoice_numbered(number.get())? else { return Ok(()) };
        let left = w.invoice(credit)?.map_or(0, |x| x.payable().minor);
        if let Some((open, currency)) = w.open_of(client)?.into_iter().next() {
            let part = Money::new((left / 3).min(open.open), currency);
            if part.minor > 0 {
                payments::apply_more(w, &scope, Source::Credit(credit), open.invoice, part, self.date())?.value();
            }
        }
        self.later(2, Act::Post);
        Ok(())
    }

    /// Some of what a client has paid on account goes back.
    pub(super) fn pay_back(&mut self, w: &mut WriteTx<'_>) -> Result<(), ActError> {
        let (scope, client) = (self.as_staff(w, 0), self.client(PAID_BACK)?);
        let on_account = w.unapplied_of(client)?.into_iter().find(|x| x.left.minor > BACK);
        let Some(source) = on_account.filter(|x| matches!(x.source, Source::Receipt(_))) else { return Ok(()) };
        let (amount, on) = (Money::new(BACK, source.left.currency), self.date());
        let (source, reference) = (source.source, "Paid on account, no longer needed".to_owned());
        let new = NewRefund { source, amount, on, method: Method::Transfer, reference, once: None };
        refunds::record(w, &scope, &new)?.value();
        Ok(())
    }
}
