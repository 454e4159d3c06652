//! A [`Sheet`] as a file of its own: one page that any browser opens and prints, with its style, logo and code inside.
//!
//! Needs no network and no script; what it says is what the portal's page says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html as markup};

use super::code::svg;
use super::html::article;
use super::pdf::readable;
use super::sheet::{Logo, LogoFormat, Payment, Sheet};

const STYLE: &str = include_str!("file.css");

/// The document as one HTML file.
pub fn html_file(sheet: &Sheet) -> String {
    let language = if sheet.language.is_empty() { "en" } else { &sheet.language };
    let name = [sheet.title.as_str(), &sheet.number, &sheet.brand.firm];
    let name = name.into_iter().filter(|x| !x.is_empty()).collect::<Vec<_>>().join(" · ");
    let [r, g, b] = readable(sheet.brand.colour);
    let title = markup! { title { (name) } }.into_string();
    let logo = sheet.brand.logo.as_ref().map(|logo| picture(logo, &sheet.brand.firm)).unwrap_or_default();
    let body = markup! {
        body {
            (article(sheet, &logo))
            @if let Some(payment) = &sheet.payment { (slip(payment)) }
        }
    };
    let lang = markup! { (language) }.into_string();
    // Style holds nobody's text, and so is the only part that is not escaped.
    format!(
        "<!DOCTYPE html><html lang=\"{lang}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">{title}<style>{STYLE}\
         :root {{ --accent: #{r:02x}{g:02x}{b:02x}; }}</style></head>{}</html>\n",
        body.into_string()
    )
}

fn picture(logo: &Logo, firm: &str) -> Markup {
    let media_type = match logo.format {
        LogoFormat::Png => "image/png",
        LogoFormat::Jpeg => "image/jpeg",
    };
    markup! { div.logo { img alt=(firm) src={ "data:" (media_type) ";base64," (STANDARD.encode(&logo.bytes)) }; } }
}

fn slip(payment: &Payment) -> Markup {
    markup! {
        section.slip {
            div {
                h2 { (payment.heading) }
                dl { @for fact in &payment.facts { dt { (fact.label) } dd { (fact.value) } } }
                @if !payment.note.is_empty() { p.small.mut { (payment.note) } }
            }
            @if let Some(code) = &payment.code { (svg(code)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sheet::Brand;
    use super::*;

    #[test]
    fn the_file_needs_nothing_else_and_holds_no_markup_of_others() {
        let logo = Some(Logo { format: LogoFormat::Png, bytes: [1, 2, 3].into() });
        let firm = "Harbour <script> & Finch".to_owned();
        let sheet = Sheet {
            title: "Invoice".into(),
            number: "A-1".into(),
            brand: Brand { firm, logo, ..Brand::default() },
            payment: Some(Payment { heading: "Pay".into(), ..Payment::default() }),
            ..Sheet::default()
        };
        let file = html_file(&sheet);
        assert!(file.contains("src=\"data:image/png;base64,AQID\"") && file.contains("<title>Invoice · A-1 · Harbour"));
        assert!(!file.contains("<script") && !file.contains("http") && !file.contains("<link"), "{file}");
        assert!(file.contains("@media print"));
    }
}
