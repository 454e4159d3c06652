//! The link at the end of a reminder, which stops them. Fetching it changes nothing; its button stops the reminders,
//! and so does the post of a mail program for its reader's one click (RFC 8058), which has no cookie and comes from
//! anywhere. It speaks the language of the letter that it came in.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::{allowed, firm, reassurance};
use crate::actions::stops;
use crate::domain::firm::Firm;
use crate::domain::language::Language;
use crate::domain::person::Contact;
use crate::domain::refusal::Refusal;
use crate::secrets::{Token, TokenDigest};
use crate::store::prelude::*;
use crate::web::guard::Guest;
use crate::web::page;
use crate::web::parts::{self, Look};
use crate::web::path::Path;
use crate::web::problem::Problem;

/// `GET /reminders/stop/{token}`
///
/// # Errors
/// When the store fails.
pub async fn show(guest: Guest, Path(token): Path<String>) -> Result<Response, Problem> {
    let Some(token) = Token::parse(&token) else { return unknown(&guest) };
    let Some(contact) = contact(&guest, token.digest()) else { return unknown(&guest) };
    if stopped(&guest, &contact)? {
        return Ok(done(&guest, &contact)?.into_response());
    }
    let firm = firm_for(&guest, Some(&contact))?;
    let says = says(&firm);
    let action = format!("/reminders/stop/{}", token.reveal());
    let body = html! {
        h1 { (says.ask) }
        p { ((says.reminds)(&firm.party.name, &contact.name)) }
        p { (says.still) }
        form.sec-m action=(action) method="post" { (parts::submit(Look::WidePrimary, says.stop)) }
    };
    Ok(sheet(&firm, says.ask, body).into_response())
}

/// `POST /reminders/stop/{token}`, whatever its body says. Answers with a page and not with another address: mail
/// programs follow none.
///
/// # Errors
/// [`Problem::Busy`] after too many links that were not.
pub async fn stop(guest: Guest, Path(token): Path<String>) -> Result<Response, Problem> {
    let found = Token::parse(&token).map(|token| token.digest());
    let Some((link, contact)) = found.and_then(|link| Some((link, contact(&guest, link)?))) else {
        // Links can't be guessed; this keeps a flood of them from taking time.
        allowed(&guest, "stop link", &token).await?;
        return unknown(&guest);
    };
    if !stopped(&guest, &contact)? {
        let (app, zone) = (&guest.web.app, guest.web.app.settings.zone.clone());
        match app.store.write(guest.by(), app.now(), move |w| stops::by_link(w, &zone, link)).await {
            Ok(()) => app.wake.notify_one(),
            // Posted twice at once: the other was first.
            Err(ActError::Refused(Refusal::TryAgain)) => {}
            Err(ActError::Refused(Refusal::LinkExpired)) => return unknown(&guest),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(done(&guest, &contact)?.into_response())
}

fn contact(guest: &Guest, link: TokenDigest) -> Option<Contact> {
    let app = &guest.web.app;
    app.store.read(|r| stops::of_link(r, link, app.now())).ok()
}

fn stopped(guest: &Guest, contact: &Contact) -> Result<bool, Problem> {
    Ok(guest.web.app.store.read(|r| r.stopped(contact.id))?.is_some())
}

fn done(guest: &Guest, contact: &Contact) -> Result<Markup, Problem> {
    let firm = firm_for(guest, Some(contact))?;
    let says = says(&firm);
    let body = html! {
        h1 { (says.done) }
        p { ((says.knows)(&firm.party.name)) }
        p { (says.mistake) }
    };
    Ok(sheet(&firm, says.done, body))
}

/// The firm as it writes to a contact: in their language, their client's, or its own.
fn firm_for(guest: &Guest, contact: Option<&Contact>) -> Result<Firm, Problem> {
    let firm = firm(&guest.web)?;
    let language = match contact {
        None => None,
        Some(contact) if contact.language.is_some() => contact.language,
        Some(contact) => guest.web.app.store.read(|r| r.client(contact.client))?.and_then(|x| x.language),
    };
    Ok(firm.speaking(language).into_owned())
}

/// The page, in the language that the firm is speaking.
fn sheet(firm: &Firm, title: &str, body: Markup) -> Markup {
    let after = match firm.locale.language() {
        Language::English => reassurance(firm),
        Language::German => html! {
            p {
                "Wir fragen nie am Telefon oder per E-Mail nach einem Passwort und teilen auf diesen Wegen nie eine neue "
                "Bankverbindung mit."
            }
        },
    };
    page::gate_in(firm.locale.tag(), &firm.party.name, title, body, after)
}

/// What the pages say in a language.
struct Says {
    ask: &'static str,
    reminds: fn(&str, &str) -> String,
    still: &'static str,
    stop: &'static str,
    done: &'static str,
    knows: fn(&str) -> String,
    mistake: &'static str,
    gone: &'static str,
    instead: &'static str,
}

fn says(firm: &Firm) -> &'static Says {
    match firm.locale.language() {
        Language::English => &ENGLISH,
        Language::German => &GERMAN,
    }
}

static ENGLISH: Says = Says {
    ask: "Stop reminders?",
    reminds: |firm, contact| format!("{firm} reminds {contact} of open invoices by e-mail."),
    still: "Invoices, documents and what you ask for still come. What is open stays open, and your page shows it.",
    stop: "Stop the reminders",
    done: "No more reminders",
    knows: |firm| format!("{firm} sends you no more reminders, and knows that you asked for this."),
    mistake: "If that was a mistake, reply to the letter, and they can go on.",
    gone: "This link no longer works",
    instead: "To get no more reminders, use the link in a newer one, or reply to it and say so.",
};

static GERMAN: Says = Says {
    ask: "Keine Erinnerungen mehr?",
    reminds: |firm, contact| format!("{firm} erinnert {contact} per E-Mail an offene Rechnungen."),
    still: "Rechnungen, Dokumente und was Sie anfordern, kommen weiterhin. Was offen ist, bleibt offen und steht auf Ihrer \
            Seite.",
    stop: "Erinnerungen abbestellen",
    done: "Keine Erinnerungen mehr",
    knows: |firm| format!("{firm} sendet Ihnen keine Erinnerungen mehr und weiß, dass Sie das so möchten."),
    mistake: "War das ein Versehen? Antworten Sie auf die E-Mail, dann geht es damit weiter.",
    gone: "Dieser Link gilt nicht mehr",
    instead: "Um keine Erinnerungen mehr zu erhalten, nehmen Sie den Link in einer neueren, oder antworten Sie darauf.",
};

/// What an unknown or expired link gives.
fn unknown(guest: &Guest) -> Result<Response, Problem> {
    let firm = firm_for(guest, None)?;
    let says = says(&firm);
    let body = html! {
        h1 { (says.gone) }
        p { (says.instead) }
    };
    Ok((StatusCode::NOT_FOUND, sheet(&firm, says.gone, body)).into_response())
}
