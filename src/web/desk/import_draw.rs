//! The pages of an import: choosing files, and what would come of them.

use maud::{Markup, html};

use super::form::Typed;
use super::import::{COLUMN, NOTHING};
use super::publish_kept::Upload;
use crate::actions::imports::Report;
use crate::actions::imports::columns::{Field as Held, Listing};
use crate::actions::imports::intake::{Intake, Remark, Understood};
use crate::domain::import::Import;
use crate::domain::money::{Currency, Money};
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, Choice, Col, Field, FieldError, Icon, Look, Row, Tone, csrf_input};

const TITLE: &str = "Import";
/// Remarks that the page shows; the others are counted.
const REMARKS_SHOWN: usize = 200;
/// Tables whose columns can be set; an archive may hold many.
const TABLES_SHOWN: usize = 4;

/// The form that takes files, and what was imported before.
pub(super) fn ask(desk: &Desk, before: &[Import], errors: &[FieldError]) -> Markup {
    let limit = format!(
        "E-invoices (UBL, CII, Factur-X), tables (CSV), or a ZIP of them; at most {} MiB.",
        desk.app.settings.upload_max >> 20
    );
    let about = "Clients, contacts, invoices and payments of another program. First you see what would come in; nothing \
                 is kept before you say so, and all of it can be undone as long as nothing is built on it.";
    let accept = ".xml,.pdf,.csv,.txt,.zip,application/xml,application/pdf,text/csv,application/zip";
    let body = html! {
        (parts::back("/desk/clients", "Clients"))
        (parts::head(TITLE, about, ""))
        (parts::error_summary(errors))
        form method="post" action="/desk/import" enctype="multipart/form-data" {
            (csrf_input(&desk.csrf))
            (parts::section("the-file", "The file", "", html! {
                (parts::file(&Field::new("file", "File").hint(&limit).errors(errors), accept))
                p.small.mut {
                    "Exports of QuickBooks Online, Xero and Invoice Ninja are recognised; of any other table you say what "
                    "its columns hold."
                }
            }))
            (parts::dock(parts::submit(Look::Primary, "Look at it")))
        }
        @if !before.is_empty() { (earlier(desk, before)) }
    };
    desk.page(DeskNav::Clients, &parts::titled(TITLE, errors), body)
}

fn earlier(desk: &Desk, before: &[Import]) -> Markup {
    let locale = desk.locale();
    let cols = [Col::name("What"), Col::text("From").wide(), Col::short("When"), Col::text("")];
    let rows: Vec<Row> = before
        .iter()
        .map(|x| {
            let day = x.at.to_zoned(desk.zone().clone()).date();
            let state = if x.undone.is_some() {
                parts::tag(Tone::Plain, "Undone")
            } else {
                html! {}
            };
            Row::from(vec![
                html! { a href={ "/desk/imports/" (x.id) } { (x.words(locale)) } },
                html! { (x.files) },
                html! { (locale.date_long(day)) },
                state,
            ])
        })
        .collect();
    parts::section("earlier", "Imported before", "", parts::scroller("Imports", &cols, &rows, None))
}

/// What was understood and what would come in.
pub(super) fn look(
    desk: &Desk,
    kept: &str,
    upload: &Upload,
    read: &Intake,
    report: &Report,
    errors: &[FieldError],
) -> Markup {
    let typed = Typed { fields: &upload.fields, errors };
    let leaves_out = upload.fields.has("leave_out");
    let ready = !report.is_empty() && (report.grave() == 0 || leaves_out);
    let title = format!("Import {}", read.files);
    let action = format!("/desk/import/{kept}");
    let body = html! {
        (parts::back("/desk/import", "Choose another file"))
        (parts::head(&title, "Nothing has been kept yet.", ""))
        (parts::error_summary(errors))
        (verdict(desk, report, ready, leaves_out))
        (parts::section("would", "What would come in", "", counts(desk, report)))
        @if !report.remarks.is_empty() { (remarks(desk, report)) }
        form method="post" action=(action) {
            (csrf_input(&desk.csrf))
            @for (at, table) in read.tables.iter().take(TABLES_SHOWN).enumerate() { (columns(typed, at, table)) }
            (options(desk, typed, read))
            (parts::dock(html! {
                @if ready {
                    (parts::submit_as(Look::Primary, "do", "import", "Import it"))
                    (parts::submit_as(Look::Plain, "do", "look", "Look again"))
                } @else {
                    (parts::submit_as(Look::Primary, "do", "look", "Look again"))
                }
            }))
        }
    };
    desk.page(DeskNav::Clients, &parts::titled(&title, errors), body)
}

fn verdict(desk: &Desk, report: &Report, ready: bool, leaves_out: bool) -> Markup {
    let grave = report.grave();
    let things =
        if grave == 1 { "1 thing".to_owned() } else { format!("{} things", desk.locale().count(grave as u64)) };
    let (tone, icon, strong, rest) = match (ready, grave) {
        (true, 0) => (Tone::Ok, Icon::Check, "All of it can come in.".to_owned(), "Choose below what happens with it."),
        (true, _) => (Tone::Warn, Icon::Alert, format!("{things} will be left out,"), "named below."),
        (false, 0) => (Tone::Warn, Icon::Alert, "There is nothing in it to bring in.".to_owned(), ""),
        (false, _) if leaves_out => {
            (Tone::Warn, Icon::Alert, format!("{things} can’t come in,"), "and nothing is left.")
        }
        (false, _) => {
            let rest = "so nothing would. Mend what is named below, or tick “Leave out”.";
            (Tone::Warn, Icon::Alert, format!("{things} can’t come in,"), rest)
        }
    };
    parts::note(tone, icon, strong, rest)
}

fn counts(desk: &Desk, report: &Report) -> Markup {
    let count = &report.count;
    let mut facts: Vec<(&str, Markup)> = [
        ("New clients", count.clients),
        ("Contacts", count.contacts),
        ("Invoices", count.invoices),
        ("Credit notes", count.credits),
        ("Payments", count.payments),
    ]
    .into_iter()
    .filter(|x| x.1 > 0)
    .map(|(name, n)| (name, html! { (desk.locale().count(n as u64)) }))
    .collect();
    for (code, [invoiced, credited, paid]) in &count.sums {
        let Ok(currency) = code.parse::<Currency>() else { continue };
        for (name, minor) in [("Invoiced", invoiced), ("Credited", credited), ("Paid", paid)] {
            if *minor != 0 {
                facts.push((name, html! { b { (desk.locale().money(Money::new(*minor, currency))) } }));
            }
        }
    }
    if facts.is_empty() {
        html! { p.mut { "Nothing." } }
    } else {
        parts::facts(&facts)
    }
}

fn remarks(desk: &Desk, report: &Report) -> Markup {
    let cols = [Col::text("Where"), Col::text("What")];
    let row = |x: &Remark| {
        let place = html! {
            (x.file)
            @if x.row > 0 { ", row " (x.row) }
            @if !x.column.is_empty() { br; span.small.mut { (x.column) } }
        };
        let mark = if x.grave { parts::tag(Tone::Bad, "Can’t come in") } else { parts::tag(Tone::Plain, "Note") };
        Row::from(vec![place, html! { (mark) " " (x.message) }])
    };
    let rows: Vec<Row> = report.remarks.iter().take(REMARKS_SHOWN).map(row).collect();
    let more = report.remarks.len().saturating_sub(rows.len());
    let body = html! {
        (parts::scroller("Remarks", &cols, &rows, None))
        @if more > 0 { p.small.mut { "And " (desk.locale().count(more as u64)) " more." } }
    };
    parts::section("remarks", "What was noticed", parts::count(report.remarks.len()), body)
}

/// What the columns of a table hold.
fn columns(typed: Typed<'_>, at: usize, table: &Understood) -> Markup {
    let listed: Vec<Choice<'_>> = [Choice::new("", "What its headings say")]
        .into_iter()
        .chain(Listing::ALL.iter().map(|x| Choice::new(x.word(), x.word())))
        .collect();
    let fields: &[Held] = table.listing.map_or(&[], Listing::fields);
    let held: Vec<Choice<'_>> = [Choice::new(NOTHING, "Nothing of interest")]
        .into_iter()
        .chain(fields.iter().map(|x| Choice::new(x.word(), x.words())))
        .collect();
    let names: Vec<String> = table.columns.iter().map(|x| format!("{COLUMN}{}", x.0)).collect();
    let body = html! {
        @if at == 0 { (parts::select(&typed.field("what", "The table lists"), &listed)) }
        @if table.listing.is_none() {
            p.mut { "Say what it lists and look again; then its columns can be named." }
        } @else {
            div.grid4 {
                @for ((heading, field), name) in table.columns.iter().zip(&names) {
                    @if !heading.is_empty() {
                        (parts::select(&Field::new(name, heading).value(field.map_or(NOTHING, Held::word)), &held))
                    }
                }
            }
        }
    };
    let words = table.listing.map_or_else(|| "Not understood".to_owned(), |x| format!("A table of {}", x.word()));
    parts::section(&format!("table-{at}"), format!("Columns of {}", table.file), words, body)
}

fn options(desk: &Desk, typed: Typed<'_>, read: &Intake) -> Markup {
    let tick = |name: &'static str, label: &'static str, hint: &'static str| {
        let value = if typed.fields.has(name) { "on" } else { "" };
        parts::checkbox(&Field::new(name, label).hint(hint).value(value))
    };
    let tables = !read.tables.is_empty();
    let unclear = read.tables.iter().any(|x| x.dates_unclear) || !typed.fields.get("dates").is_empty();
    let orders = [
        Choice::new("", "As the dates themselves show"),
        Choice::new("dmy", "Day first: 27/11/2026"),
        Choice::new("mdy", "Month first: 11/27/2026"),
    ];
    let codes: Vec<String> = Currency::all().iter().map(ToString::to_string).collect();
    let usual = format!("The firm’s own, {}", desk.firm.currency);
    let currencies: Vec<Choice<'_>> =
        [Choice::new("", usual.as_str())].into_iter().chain(codes.iter().map(|x| Choice::new(x, x))).collect();
    let body = html! {
        (tick("add_clients", "Add clients that are not here yet", "Else what is addressed to them can’t come in."))
        (tick("remind", "Remind of what is open",
            "Off, what comes in is history: nobody is reminded of it. No letter about its arrival goes out either way."))
        (tick("any_seller", "Take documents that name another seller", "As of the time when the firm had another name."))
        (tick("leave_out", "Leave out what can’t come in", "The rest comes in; else all of it comes in or nothing."))
        @if tables {
            (tick("gross", "Prices of the tables include VAT", ""))
            (tick("trust_totals", "Where lines don’t come to the stated total, take the total", "Its lines become one."))
            div.grid4 {
                @if unclear { (parts::select(&typed.field("dates", "How dates are written"), &orders)) }
                (parts::select(&typed.field("currency", "Amounts without currency"), &currencies))
            }
        }
    };
    parts::section("choices", "How it comes in", "", body)
}
