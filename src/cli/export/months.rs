//! Month-end statements in the archive: each as it was published, beside the account as a whole.

use maud::{Markup, html};

use super::super::Failure;
use super::archive::Archive;
use super::write::Writer;
use crate::domain::client::Client;
use crate::domain::format::Format;
use crate::domain::monthly::{self, MonthStatement};
use crate::store::prelude::*;
use crate::web::statement_file::table;

impl<A: Archive> Writer<'_, A> {
    /// Writes a client's, and gives the list of them for a page in `folder`.
    pub(super) fn months(&mut self, folder: &str, client: &Client) -> Result<Markup, Failure> {
        let all = self.r.statements_of(client.id, None, usize::MAX)?;
        for statement in &all {
            self.file(&format!("{folder}/{}", name(statement, Format::Pdf)), &statement.pdf)?;
            self.archive.file(&format!("{folder}/{}", name(statement, Format::Csv)))?;
            self.archive.add(&table(&statement.accounts, statement.period(), &self.settings.zone).into_bytes())?;
        }
        Ok(html! {
            @if !all.is_empty() {
                h2 { "Published each month" }
                ul { @for x in &all { li {
                    (monthly::words(x.month)) ": "
                    a href=(name(x, Format::Pdf)) { "PDF" } " " a href=(name(x, Format::Csv)) { "CSV" } " "
                    small { "SHA-256 " (x.pdf.digest) ", published " (x.at) @if let Some(old) = x.replaces { ", in place of " (old) } }
                } } }
            }
        })
    }
}

fn name(statement: &MonthStatement, format: Format) -> String {
    format!("statements/{}-{}.{}", monthly::code(statement.month), statement.id, format.ending())
}
