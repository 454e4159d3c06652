//! The gap report: series by series and year by year, which numbers are missing, void or out of order.

use maud::{Markup, html};

use super::settings::tabs;
use crate::store::numbering::{Report, Series};
use crate::store::prelude::*;
use crate::web::forms::Query;
use crate::web::guard::DeskGovern;
use crate::web::page::DeskNav;
use crate::web::parts::{self, Col, Icon, Row, Tone, nw};
use crate::web::problem::Problem;

/// Where it is.
pub const PAGE: &str = "/desk/settings/numbers";
/// Findings of one series that are listed; the command tells all.
const LISTED_MAX: usize = 200;
/// Numbers of one series that a page reads by itself; a longer one is read when it is asked for.
const READ_MAX: u64 = 5_000;

/// `GET /desk/settings/numbers?all=`
pub async fn show(DeskGovern(desk): DeskGovern, Query(query): Query) -> Result<Markup, Problem> {
    let all = query.has("all");
    desk.read(|r| {
        let mut sections = Vec::new();
        for (at, series) in r.series_given()?.iter().enumerate() {
            let (id, long) = (format!("n{at}"), series.last > READ_MAX && !all);
            sections.push(if long { unread(&id, series) } else { section(&id, &r.series_report(series)?) });
        }
        let body = html! {
            (parts::head("Settings", "", ""))
            (tabs("numbers"))
            p {
                "A number is given when a document is issued, in sequence, and never again. Missing numbers can only come "
                "from a restored backup, whose lost documents had them. Also as " code { "counterfoil numbers" } "."
            }
            @for section in &sections { (section) }
            @if sections.is_empty() { (parts::empty("No number was given yet.", "The first comes with the first invoice.")) }
        };
        Ok(desk.page(DeskNav::Settings, "Numbers", body))
    })
}

fn unread(id: &str, series: &Series) -> Markup {
    let name = series.year.map_or_else(String::new, |x| format!(" {x}"));
    let heading = format!("{}{name}", series.of.words());
    let body = html! { p { (series.last) " numbers. " a href={ (PAGE) "?all=1" } { "Read all of them" } ", which takes a while." } };
    parts::section(id, heading, "", body)
}

fn section(id: &str, report: &Report) -> Markup {
    let gaps = report.findings.iter().filter(|x| x.is_gap()).count();
    let said = if gaps == 0 {
        parts::note(Tone::Ok, Icon::Check, "No gaps.", "Every number has its document, in the order of their dates.")
    } else {
        let rest = "An auditor will ask about each; keep a note of why.";
        parts::note(Tone::Warn, Icon::Alert, format!("{gaps} to explain."), rest)
    };
    let cols = [Col::name("Number"), Col::text("What"), Col::text("")];
    let rows: Vec<Row> = report
        .findings
        .iter()
        .take(LISTED_MAX)
        .map(|x| vec![html! { (nw(x.numbers())) }, html! { (x.word()) }, html! { (x.words()) }].into())
        .collect();
    let body = html! {
        p { (report.given) " given as " code { (report.pattern) } @if !report.last.is_empty() { ", the last " (nw(&report.last)) } "." }
        (said)
        @if !rows.is_empty() { (parts::scroller(&report.name(), &cols, &rows, None)) }
        @if report.findings.len() > LISTED_MAX {
            p { "And " (report.findings.len() - LISTED_MAX) " more, which " code { "counterfoil numbers" } " lists." }
        }
    };
    parts::section(id, report.name(), "", body)
}
