//! Many drafts issued in one run, some in each commit: one that can't be issued keeps no other from it, and what was
//! committed stands wherever the run breaks off.

use std::sync::{Arc, Mutex, PoisonError};

use super::issue::issue_in;
use crate::app::App;
use crate::domain::access::StaffScope;
use crate::domain::event::By;
use crate::domain::ids::{ClientId, InvoiceId};
use crate::domain::invoice::Invoice;
use crate::domain::number::DocumentNumber;
use crate::domain::refusal::Refusal;
use crate::store::invoices::Filter;
use crate::store::prelude::*;

/// Drafts issued in one commit. Drawing holds the writer meanwhile, so that others wait for so many at most.
const AT_ONCE: usize = 10;
/// Drafts read at once.
const PAGE: usize = 200;

/// What came of a draft: its number, or the sentence that says why it has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The draft.
    pub draft: InvoiceId,
    /// What came of it.
    pub came: Result<DocumentNumber, String>,
}

/// The drafts that the scope sees, of a client or of all, in the order in which they would be numbered: by date, then
/// as they were made. At most `limit`.
///
/// # Errors
/// When the store fails.
pub fn drafts(
    r: &impl Reader,
    scope: &StaffScope,
    client: Option<ClientId>,
    limit: usize,
) -> Result<Vec<Invoice>, StoreError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = r.invoice_page(client, Filter::Draft, jiff::civil::Date::MAX, after, PAGE)?;
        all.extend(page.rows.into_iter().map(|row| row.invoice).filter(|x| scope.sees(x.client)));
        match page.next {
            Some(next) if all.len() < limit => after = Some(next),
            _ => break,
        }
    }
    all.truncate(limit);
    all.sort_by_key(|x| (x.dated, x.id));
    Ok(all)
}

/// Issues these drafts one after the other and tells what came of each; how many were issued. `tell` answers whether to
/// go on.
///
/// # Errors
/// When the store fails; what was told of stands.
pub async fn issue_many(
    app: &App,
    by: By,
    scope: &StaffScope,
    drafts: &[InvoiceId],
    mut tell: impl FnMut(Vec<Outcome>) -> bool,
) -> Result<usize, ActError> {
    let mut issued = 0;
    for some in drafts.chunks(AT_ONCE) {
        let outcomes = commit(app, &by, scope, some).await?;
        issued += outcomes.iter().filter(|x| x.came.is_ok()).count();
        if !tell(outcomes) {
            break;
        }
    }
    app.wake.notify_one();
    Ok(issued)
}

async fn commit(app: &App, by: &By, scope: &StaffScope, ids: &[InvoiceId]) -> Result<Vec<Outcome>, ActError> {
    let told: Arc<Mutex<Vec<Outcome>>> = Arc::default();
    let (inside, scope, ids, into) = (app.clone(), scope.clone(), ids.to_vec(), Arc::clone(&told));
    let act = move |w: &mut WriteTx<'_>| {
        let (mut all, mut last) = (Vec::new(), None);
        for &draft in &ids {
            match issue_in(w, &inside, &scope, draft) {
                Ok(done) => {
                    all.push(Outcome { draft, came: Ok(done.get().clone()) });
                    last = Some(done);
                }
                // A refusal comes before anything is changed.
                Err(ActError::Refused(why)) => all.push(Outcome { draft, came: Err(why.to_string()) }),
                Err(error) => return Err(error),
            }
        }
        *into.lock().unwrap_or_else(PoisonError::into_inner) = all;
        match last {
            Some(done) => done.map_done(()),
            None => Err(Refusal::TryAgain.into()),
        }
    };
    match app.store.write(by.clone(), app.now(), act).await {
        // Nothing was changed where all were refused.
        Ok(()) | Err(ActError::Refused(Refusal::TryAgain)) => {}
        Err(error) => return Err(error),
    }
    let outcomes = std::mem::take(&mut *told.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(outcomes)
}
