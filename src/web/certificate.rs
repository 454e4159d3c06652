//! The page where anybody checks a certificate of delivery, this firm's or another's. It works on the file alone:
//! nothing of it is kept, logged or looked up, and nobody needs to sign in.

use axum::extract::Multipart;
use axum::extract::multipart::MultipartRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use crate::domain::certificate::{Certificate, Line, Word};
use crate::domain::firm::Firm;
use crate::store::certificate::{Flaw, MAX_BYTES, Proven, check, fingerprint, public_key};
use crate::store::prelude::*;
use crate::web::guard::Guest;
use crate::web::page;
use crate::web::parts::{self, Col, Field, FieldError, Icon, Look, Tone};
use crate::web::problem::Problem;

const TITLE: &str = "Check a certificate of delivery";
const BROKEN: Problem = Problem::Bad("The file did not arrive whole. Go back and send it again; nothing was kept.");
const FIELD: &str = "certificate";

/// The firm, its key and the key's fingerprint.
struct Own {
    firm: Firm,
    key: String,
    mark: String,
}

impl Own {
    fn read(guest: &Guest) -> Result<Self, Problem> {
        let (firm, key) = guest.web.app.store.read(|r| Ok::<_, StoreError>((r.firm()?, public_key(r)?)))?;
        let mark = fingerprint(&key);
        Ok(Self { firm, key, mark })
    }

    fn page(&self, title: &str, body: Markup) -> Markup {
        let after = html! {
            p { "The key of " (self.firm.party.name) " has the fingerprint " span.mono { (self.mark) } "." }
            p { "Ed25519, in base64: " span.mono { (self.key) } }
        };
        page::gate(&self.firm.party.name, title, body, after)
    }
}

/// `GET /certificate`
pub async fn ask(guest: Guest) -> Result<Markup, Problem> {
    let own = Own::read(&guest)?;
    Ok(form(&own, &[]))
}

fn form(own: &Own, errors: &[FieldError]) -> Markup {
    let field = Field::new(FIELD, "The certificate, a JSON file").hint("At most 2 MB.").errors(errors);
    let body = html! {
        h1 { (TITLE) }
        (parts::error_summary(errors))
        p.mut { "Of this firm or of any other that uses Counterfoil. The file is checked in memory and not kept." }
        form.sec-m method="post" action="/certificate" enctype="multipart/form-data" {
            (parts::file(&field, ".json"))
            (parts::submit(Look::WidePrimary, "Check it"))
        }
    };
    own.page(&parts::titled(TITLE, errors), body)
}

/// `POST /certificate`: one file.
pub async fn answer(guest: Guest, upload: Result<Multipart, MultipartRejection>) -> Result<Response, Problem> {
    guest.web.throttle.begin(guest.web.app.now(), guest.address, "certificate page")?;
    let own = Own::read(&guest)?;
    let bytes = received(upload.map_err(|_| BROKEN)?).await?;
    let checked = if bytes.is_empty() { Err(Flaw::NotACertificate) } else { check(&bytes) };
    Ok(match checked {
        Ok(proven) => holds(&own, &proven).into_response(),
        Err(flaw @ (Flaw::NotACertificate | Flaw::TooLarge)) => {
            let page = form(&own, &[FieldError::new(FIELD, flaw.to_string())]);
            (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
        }
        Err(flaw) => (StatusCode::UNPROCESSABLE_ENTITY, fails(&own, flaw)).into_response(),
    })
}

/// The file, at most one byte more than a certificate may have.
async fn received(mut upload: Multipart) -> Result<Vec<u8>, Problem> {
    let mut out = Vec::new();
    while let Some(mut field) = upload.next_field().await.map_err(|_| BROKEN)? {
        if field.name() != Some(FIELD) {
            continue;
        }
        while let Some(chunk) = field.chunk().await.map_err(|_| BROKEN)? {
            let room = (MAX_BYTES + 1).saturating_sub(out.len()).min(chunk.len());
            out.extend_from_slice(chunk.get(..room).unwrap_or_default());
        }
        break;
    }
    Ok(out)
}

fn fails(own: &Own, flaw: Flaw) -> Markup {
    let body = html! {
        h1 { "This certificate proves nothing" }
        (parts::note(Tone::Bad, Icon::Alert, "Do not rely on it.", flaw.to_string()))
        p.gap-y { a href="/certificate" { "Check another one" } }
    };
    own.page("This certificate proves nothing", body)
}

fn holds(own: &Own, proven: &Proven) -> Markup {
    let certificate = &proven.certificate;
    let ours = certificate.key == own.key;
    let signer = if ours {
        parts::note(Tone::Ok, Icon::Check, format!("Signed with the key of {}.", own.firm.party.name), "It is our own.")
    } else {
        let rest = html! {
            "It calls itself the key of " b { (certificate.firm) } ". Whether it is theirs, compare its fingerprint with "
            "what they tell you: " span.mono { (proven.fingerprint) } "."
        };
        parts::note(Tone::Warn, Icon::Alert, "Signed with the key of another firm, not ours.", rest)
    };
    let document = &certificate.document;
    let body = html! {
        h1 { "The certificate holds" }
        (signer)
        (parts::facts(&[
            ("Document", html! { (document.kind) " " (parts::nw(&document.number)) }),
            ("From", html! { (document.seller.name) }),
            ("For", html! { (document.buyer.name) }),
            ("Amount", html! { (document.amount) " " (document.currency) }),
            ("Certified", html! { (stamp(certificate.made)) }),
            ("Log anchor", html! { (parts::nw(&certificate.head.anchor)) }),
            ("Fingerprint", html! { span.mono { (proven.fingerprint) } }),
        ]))
        p.small { "SHA-256 of the PDF that this is about: " span.mono { (proven.document) } }
        h2.sec { "What it proves" }
        (counts(certificate))
        (lines("Evidence", &certificate.evidence))
        @if !certificate.staff.is_empty() {
            h2.sec { "Looked at by the firm’s own people" }
            p.small.mut { "No evidence of anything." }
            (lines("Looked at by the firm’s own people", &certificate.staff))
        }
        @if certificate.left_out > 0 { p { (certificate.left_out) " later lines are left out." } }
        p.small.mut {
            "Number, time, address and kind of each line are those of the activity log whose head was signed; names are "
            "what the firm calls people. That the log itself was never rewritten, its anchors in letters and statements "
            "show."
        }
        p.gap-y { a href="/certificate" { "Check another one" } }
    };
    own.page("The certificate holds", body)
}

fn stamp(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn counts(certificate: &Certificate) -> Markup {
    let of = |word: Word| certificate.evidence.iter().filter(|line| line.what == word).count();
    let words = |word: Word| match of(word) {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        n => format!("{n} times"),
    };
    let all: Vec<(&str, Markup)> = Word::EVIDENCE.into_iter().map(|w| (w.words(), html! { (words(w)) })).collect();
    parts::facts(&all)
}

fn lines(caption: &str, lines: &[Line]) -> Markup {
    let cols = [Col::short("When"), Col::text("What and who")];
    let row = |line: &Line| -> parts::Row {
        let from = line.from.map(|address| format!("From {address}")).unwrap_or_default();
        vec![
            html! { (parts::time(line.at, stamp(line.at))) },
            html! {
                b { (line.what.words()) } ", " (line.who)
                @for note in [from.as_str(), line.note.as_str()].into_iter().filter(|note| !note.is_empty()) {
                    small { (note) }
                }
                small { "Entry " (line.entry) }
            },
        ]
        .into()
    };
    let rows: Vec<parts::Row> = lines.iter().map(row).collect();
    parts::scroller(caption, &cols, &rows, None)
}
