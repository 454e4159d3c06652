//! Everything that happened with a client, by topic and page by page.

use maud::{Markup, html};

use super::moments::moment;
use super::names::NamesOf;
use crate::domain::event::Topic;
use crate::domain::ids::ClientId;
use crate::store::ReadTx;
use crate::store::prelude::*;
use crate::web::forms::Fields;
use crate::web::guard::Desk;
use crate::web::parts::{self, Moment};
use crate::web::problem::Problem;

/// Lines on one page.
const PAGE: usize = 30;
/// Lines read at a time, and most lines looked through for a page of one topic.
const CHUNK: usize = 200;
const LOOK_MAX: usize = 5_000;

/// Which lines are asked for.
pub struct Asked {
    topic: Option<Topic>,
    before: Option<u64>,
}

impl Asked {
    /// From a query; what makes no sense is as if it were not there.
    pub fn of(query: &Fields) -> Self {
        let topic = Topic::ALL.into_iter().find(|t| t.code() == query.get("topic"));
        Self { topic, before: query.get("before").parse().ok() }
    }
}

/// A page of what happened.
pub struct History {
    moments: Vec<Moment>,
    topic: Option<Topic>,
    /// Where earlier lines start, if there are any.
    earlier: Option<u64>,
    first_page: bool,
}

/// Reads a page of the log of a client, which the caller found to be in scope.
///
/// # Errors
/// When the store fails.
pub fn read(desk: &Desk, r: &ReadTx, client: ClientId, asked: &Asked) -> Result<History, Problem> {
    let (names, today) = (NamesOf::among(r, &desk.scope), desk.today());
    let (mut moments, mut before, mut looked) = (Vec::new(), asked.before, 0);
    let mut earlier = None;
    'pages: loop {
        let chunk = r.log_of_client(client, before, CHUNK)?;
        let (read, last) = (chunk.len(), chunk.last().map(|e| e.sequence));
        for entry in chunk.iter().filter(|e| asked.topic.is_none_or(|t| e.event.topic() == t)) {
            if moments.len() == PAGE {
                // The next page starts with the line that did not fit.
                earlier = Some(entry.sequence.saturating_add(1));
                break 'pages;
            }
            moments.push(moment(entry, &names, desk.locale(), desk.zone(), today));
        }
        looked += read;
        before = last;
        if read < CHUNK {
            break;
        }
        if looked >= LOOK_MAX {
            earlier = last;
            break;
        }
    }
    Ok(History { moments, topic: asked.topic, earlier, first_page: asked.before.is_none() })
}

/// The section with its filter and its pages.
pub fn section(client: ClientId, history: &History) -> Markup {
    let own = format!("/desk/clients/{client}");
    let topic = history.topic.map_or(String::new(), |t| format!("topic={}", t.code()));
    let earlier = history.earlier.map(|at| format!("{own}?{topic}&before={at}#tl").replace("?&", "?"));
    let newest = format!("{own}?{topic}#tl");
    html! {
        section.sec aria-labelledby="tl" {
            div.sh { h2 id="tl" { "Everything that happened" } (filter(&own, history.topic)) }
            @if history.moments.is_empty() {
                (parts::empty("Nothing of that kind.", "Show all to see the rest."))
            } @else {
                (parts::timeline(&history.moments))
            }
            (parts::pager(
                (!history.first_page).then_some((newest.as_str(), "Newest")),
                earlier.as_deref().map(|href| (href, "Earlier")),
            ))
        }
    }
}

fn filter(own: &str, current: Option<Topic>) -> Markup {
    html! {
        div.row.small {
            a href={ (own) "#tl" } aria-current=[current.is_none().then_some("true")] { "All" }
            @for topic in Topic::ALL {
                a href={ (own) "?topic=" (topic.code()) "#tl" }
                    aria-current=[(current == Some(topic)).then_some("true")] { (words(topic)) }
            }
        }
    }
}

fn words(topic: Topic) -> &'static str {
    match topic {
        Topic::Money => "Money",
        Topic::Mail => "Mail",
        Topic::Visits => "Visits",
        Topic::SignIns => "Sign-ins",
        Topic::Settings => "Settings",
    }
}
