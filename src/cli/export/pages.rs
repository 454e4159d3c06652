//! The archive's pages: a frame without scripts, and names for files that hold nothing but letters, digits and hyphens.

use maud::{DOCTYPE, Markup, html};

use super::settings::SETTINGS;
use crate::domain::client::Client;
use crate::domain::document::{Document, Version};
use crate::domain::ids::{InvoiceId, QuoteId};

/// Longest part of a file's name that comes from somebody's text, in characters.
const SLUG_MAX: usize = 40;

/// A page; `up` leads to the archive's root: `../` for each folder.
pub fn page(firm: &str, title: &str, up: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " – " (firm) }
                link rel="stylesheet" href={ (up) "style.css" };
            }
            body {
                nav {
                    a href={ (up) "index.html" } { (firm) }
                    a href={ (up) "clients/index.html" } { "Clients" }
                    a href={ (up) "activity/index.html" } { "Activity" }
                    a href={ (up) (SETTINGS) } { "Settings" }
                }
                main { (body) }
            }
        }
    };
    page.into_string()
}

/// Letters and digits of a text, joined by hyphens; the rest is left out.
pub fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
        if out.len() >= SLUG_MAX {
            break;
        }
    }
    out.trim_end_matches('-').to_owned()
}

fn named(prefix: &str, id: u64, text: &str) -> String {
    let slug = slug(text);
    if slug.is_empty() { format!("{prefix}{id}") } else { format!("{prefix}{id}-{slug}") }
}

/// A client's folder within `clients`.
pub fn client_folder(client: &Client) -> String {
    named("", client.id.0, &client.party.name)
}

/// An invoice's or credit note's file in its client's folder, without an ending.
pub fn invoice_file(id: InvoiceId, number: &str) -> String {
    named("document-", id.0, number)
}

/// A quote's file in its client's folder, without an ending.
pub fn quote_file(id: QuoteId, number: &str) -> String {
    named("quote-", id.0, number)
}

/// A version's file in its client's folder of files, with its own ending.
pub fn version_file(document: &Document, number: u32, version: &Version) -> String {
    let ending = version.file.name.rsplit_once('.').map_or("", |x| x.1);
    let ending: String = ending.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    format!(
        "{}-v{number}.{}",
        named("", document.id.0, &document.title),
        if ending.is_empty() { "bin" } else { &ending }
    )
}

/// What the archive says about itself to whoever finds it.
pub const README: &str = "\
This is an archive of everything that a firm kept in Counterfoil, a client extranet.

Open index.html in any browser. Nothing else is needed: no network, no program, no
account, no script. Every link leads to another file in this folder, which may be moved
or copied as a whole.

  index.html           where to begin
  clients/             a folder for each client: particulars, every document as page and
                       PDF (the PDF is the document as it was issued), the statement of
                       account; under files/ what was posted, in every version
  registers/           everything as tables: CSV (RFC 4180), UTF-8 with a byte order
                       mark, dates as YYYY-MM-DD, amounts as decimal numbers with a full
                       stop. Cells that a spreadsheet would take for a formula begin
                       with an apostrophe.
  activity/            the activity log: pages, and activity.csv
  settings/            what letters said in the firm's own words, the reminder policy, and
                       what was charged for late payment, each in every version
  style.css            the looks of the pages

Not in here: passwords, sessions, links of letters, keys. This archive is for reading and
for moving elsewhere; to bring a firm back into Counterfoil, restore a backup.

It is not encrypted. Whoever has this folder can read all of it.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_holds_nothing_that_a_path_could_mean() {
        assert_eq!(slug("Marlow & Söhne (Ceramics) Ltd."), "marlow-s-hne-ceramics-ltd");
        assert_eq!(slug("../../etc/passwd"), "etc-passwd");
        assert_eq!(slug("日本"), "");
        assert!(slug(&"x y".repeat(100)).len() <= SLUG_MAX);
        assert_eq!(quote_file(QuoteId(3), "Q/2026-1"), "quote-3-q-2026-1");
        assert_eq!(quote_file(QuoteId(3), "…"), "quote-3");
    }
}
