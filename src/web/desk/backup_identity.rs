//! An identity that opens backups, sealed by its passphrase, to keep away from the server: once more it asks an owner's
//! password. Each backup carries the same file.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::backups;
use super::confirm::own_password;
use super::form::{Typed, again, errors_in};
use crate::actions::firm;
use crate::domain::backup::SealedIdentity;
use crate::domain::refusal::Refusal;
use crate::store::prelude::*;
use crate::web::download;
use crate::web::forms::{Fields, Posted};
use crate::web::guard::{Desk, DeskGovern};
use crate::web::parts::{self, Choice, Input, Look, csrf_input, hidden};
use crate::web::problem::Problem;

/// Where the form goes.
const ACTION: &str = "/desk/backups/identity";
/// Characters of a recipient that tell it from the others.
const TOLD: usize = 12;

/// `POST /desk/backups/identity`
pub async fn download(DeskGovern(desk): DeskGovern, Posted(fields): Posted) -> Result<Response, Problem> {
    let error = match taken(&desk, &fields).await? {
        Ok(file) => return Ok(download::binary(&file_name(fields.get("recipient")), file)),
        Err(error) => error,
    };
    let errors = errors_in(error, "recipient")?;
    Ok(again(backups::page(&desk, Typed { fields: &fields, errors: &errors })?).into_response())
}

async fn taken(desk: &Desk, fields: &Fields) -> Result<Result<Vec<u8>, ActError>, Problem> {
    if let Err(fault) = own_password(desk, "password", fields.get("password")).await? {
        return Ok(Err(Refusal::from(fault).into()));
    }
    let recipient = fields.get("recipient").to_owned();
    Ok(desk.act(move |w, scope| firm::take_sealed_identity(w, scope, &recipient)).await)
}

/// Which one it is stands in its name, for whoever has several.
fn file_name(recipient: &str) -> String {
    format!("counterfoil-backup-identity-{}.age", recipient.get(..TOLD).unwrap_or(recipient))
}

/// The form; there is at least one of them.
pub(super) fn form(desk: &Desk, typed: Typed<'_>, sealed: &[SealedIdentity]) -> Markup {
    let password = typed.field("password", "Your password").autocomplete("current-password");
    let which = typed.field("recipient", "Which one");
    let all: Vec<Choice<'_>> = sealed.iter().map(|one| Choice::new(&one.recipient, &one.recipient)).collect();
    html! {
        form.panel.fill method="post" action=(ACTION) {
            (csrf_input(&desk.csrf))
            @if let [only] = &*all {
                (hidden("recipient", only.value))
            } @else {
                (parts::select(&which, &all))
            }
            (parts::input(&password, Input::Password))
            p.hint {
                "A file of age, still sealed by the passphrase that was chosen at the server: " code { "counterfoil restore --identity FILE" }
                " and " code { "age -d -i FILE" } " ask for that. It opens every backup made since, and is the file that each of them carries. The download is in the activity log."
            }
            div.row { (parts::submit(Look::Plain, "Download the sealed identity")) }
        }
    }
}
