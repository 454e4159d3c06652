//! The end of a quote's page: what accepting it means, and the two forms; once it is answered, the answer.
//!
//! Works without scripts: declining opens by itself.

use maud::{Markup, html};

use super::quote::address;
use crate::actions::quotes::REASON_MAX;
use crate::domain::quote::{Answer, Given, Quote};
use crate::web::guard::Viewer;
use crate::web::parts::{self, Field, FieldError, Icon, Look};

/// What a contact reads who sees quotes and may not answer them.
pub const NOT_YOURS: &str = "You can read this quote; a colleague with the right to answer accepts or declines it. If that should be you, please tell us.";

/// Whether this contact is asked for an answer now.
pub fn wanted(viewer: &Viewer, quote: &Quote) -> bool {
    viewer.contact().rights.answer && quote.answer == Answer::Open && !quote.expired(viewer.today())
}

/// The section, or nothing when there is neither an answer nor somebody who may give one. `reason` is what was typed.
pub fn section(viewer: &Viewer, quote: &Quote, reason: &str, errors: &[FieldError]) -> Markup {
    let body = match &quote.answer {
        Answer::Accepted(given) => answered(viewer, "Accepted", given, None),
        Answer::Declined(given, why) => answered(viewer, "Declined", given, Some(why)),
        Answer::Open if wanted(viewer, quote) => forms(viewer, quote, reason, errors),
        Answer::Open => return html! {},
    };
    html! { div.no-print { (parts::section("answer", "Your answer", html! {}, body)) } }
}

fn answered(viewer: &Viewer, word: &str, given: &Given, why: Option<&String>) -> Markup {
    let when = viewer.locale().instant_short(given.at, viewer.zone(), viewer.today());
    let mut facts =
        vec![("Answer", html! { (word) }), ("By", html! { (given.name) }), ("When", parts::time(given.at, when))];
    facts.extend(why.filter(|why| !why.is_empty()).map(|why| ("Reason", html! { (why) })));
    html! { (parts::facts(&facts)) p.small.mut.gap-y { (viewer.firm().party.name) " has been told." } }
}

fn forms(viewer: &Viewer, quote: &Quote, reason: &str, errors: &[FieldError]) -> Markup {
    let (locale, firm, at) = (viewer.locale(), &viewer.firm().party.name, address(&quote.number));
    let facts = [
        ("Quote", parts::nw(quote.number.as_str())),
        ("Total", html! { (locale.money(quote.totals.payable())) }),
        ("Good until", html! { "The end of " (locale.date_weekday(quote.valid_until, viewer.today())) }),
    ];
    html! {
        (parts::facts(&facts))
        p.gap-y { "With “Accept” you order from " (firm) " what this quote describes, on the terms that it states." }
        p.small.mut { "Kept with it: your name, " (viewer.contact().name) ", the time, your network address, and the PDF as it is now." }
        form.gap-y method="post" action={ (at) "/acceptance" } {
            (parts::csrf_input(viewer.csrf()))
            (parts::submit(Look::Primary, "Accept this quote"))
        }
        div.gap-y.prose { (parts::act(Icon::Cross, "Decline it instead", !errors.is_empty(), decline(viewer, &at, reason, errors))) }
    }
}

fn decline(viewer: &Viewer, at: &str, reason: &str, errors: &[FieldError]) -> Markup {
    let hint = format!("It helps us to make a better one. At most {REASON_MAX} characters.");
    let why = Field::new("reason", "Why?").optional().hint(&hint).value(reason).errors(errors);
    html! {
        form method="post" action={ (at) "/decline" } {
            (parts::csrf_input(viewer.csrf()))
            (parts::textarea(&why, 4))
            div.row.gap-y { (parts::submit(Look::Plain, "Decline this quote")) }
        }
    }
}
