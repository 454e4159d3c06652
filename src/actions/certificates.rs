//! Certificates of delivery: made of what the log holds, signed, and each one that leaves is logged.

use super::found;
use super::invoices::{logo, render};
use crate::app::App;
use crate::documents::Look;
use crate::documents::certificate::certificate_sheet;
use crate::domain::access::StaffScope;
use crate::domain::event::{By, Event};
use crate::domain::ids::{Digest, InvoiceId};
use crate::secrets;
use crate::store::certificate::{fingerprint, gather, sign};
use crate::store::prelude::*;

/// A certificate ready to leave.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its name as a file, without an ending.
    pub name: String,
    /// The file that proves it, JSON.
    pub json: Vec<u8>,
    /// The same for people to read.
    pub pdf: Vec<u8>,
}

/// Makes the certificate of an issued document, and logs it.
///
/// # Errors
/// When the document is a draft or outside the scope, or can't be drawn.
pub async fn make(app: &App, by: By, scope: &StaffScope, id: InvoiceId) -> Result<Made, ActError> {
    let seen = scope.clone();
    let (made, client) = app.store.read(|r| {
        let invoice = found(r.invoice(id)?.filter(|i| seen.sees(i.client)))?;
        let issue = found(invoice.issue.as_ref())?;
        let (signed, json) = sign(r, gather(r, &invoice, issue, &app.settings.url, app.now())?)?;
        let firm = r.firm()?;
        let look = Look { firm: &firm, logo: logo(r, &firm)? };
        let mark = fingerprint(&signed.certificate.key);
        let sheet = certificate_sheet(&look, &signed.certificate, &signed.signature, &mark, &app.settings.zone);
        let name = format!("certificate-{}", issue.number.in_url());
        Ok::<_, ActError>((Made { name, json, pdf: render(app, &sheet, &firm)? }, invoice.client))
    })?;
    let digest = Digest(secrets::sha256(&made.json));
    let note = move |w: &mut WriteTx<'_>| {
        Ok(w.record(About::invoice(client, id), Event::CertificateMade { invoice: id, digest })?.done(()))
    };
    app.store.write(by, app.now(), note).await?;
    Ok(made)
}
