//! The files in the binary: style, script, icons. Named by their content, so that browsers may keep them for good.
//!
//! Must not know who asks or which page needs what. The firm's own style is built here too, since it sits on top.
//!
//! Icons are one external sprite rather than symbols in each page: it is fetched once (about 2 kB compressed) and kept,
//! where symbols in each page would cost every answer about as much again as the page.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::LazyLock;

use super::path::Path;
use super::problem::Problem;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use flate2::{Compression, write::GzEncoder};
use rust_embed::RustEmbed;

/// Where the firm's own style is served; its content is [`brand_css`].
pub const BRAND_CSS: &str = "/brand.css";
/// The brand colour of a firm that has not chosen one.
pub const BRAND_COLOUR: &str = "#1d4d5e";
/// The route that [`serve`] answers.
pub const ROUTE: &str = "/assets/{file}";

const STYLE: &str = "app.css";
/// Hexadecimal digits of the digest in an address: 64 bits, ample for a handful of files.
const HASH_DIGITS: usize = 16;
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Embedded;

struct Asset {
    /// As pages name it: `app.css`.
    name: String,
    /// As browsers ask for it: `/assets/app.0123456789abcdef.css`.
    href: String,
    kind: &'static str,
    plain: Vec<u8>,
    gzip: Vec<u8>,
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(load);

/// The address of an asset by its name: `app.css`, `app.js`, `icons.svg` or `mark.svg`. Empty for an unknown name.
pub fn href(name: &str) -> &'static str {
    let found = ASSETS.iter().find(|asset| asset.name == name);
    debug_assert!(found.is_some(), "no asset is called {name}");
    found.map_or("", |asset| asset.href.as_str())
}

/// Answers [`ROUTE`]: the asset of exactly that address, or 404. Compressed for whoever accepts gzip.
pub async fn serve(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let asked = |asset: &&Asset| asset.href.strip_prefix("/assets/") == Some(file.as_str());
    let Some(asset) = ASSETS.iter().find(asked) else {
        return Problem::NotFound.into_response();
    };
    let fixed = [
        (header::CONTENT_TYPE, asset.kind),
        (header::CACHE_CONTROL, FOR_GOOD),
        (header::VARY, "accept-encoding"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    if accepts_gzip(&headers) {
        (fixed, [(header::CONTENT_ENCODING, "gzip")], asset.gzip.as_slice()).into_response()
    } else {
        (fixed, asset.plain.as_slice()).into_response()
    }
}

/// The firm's own style: its colour (`#rrggbb`; anything else gives [`BRAND_COLOUR`]) and its logo. Without a logo, the
/// mark of Counterfoil stands in, in the firm's colour.
pub fn brand_css(colour: &str, logo_url: Option<&str>) -> String {
    let colour = if is_colour(colour) { colour } else { BRAND_COLOUR };
    match logo_url {
        Some(url) => format!(":root{{--brand:{colour};--logo:url(\"{}\")}}\n", css_text(url)),
        None => format!(
            ":root{{--brand:{colour}}}\n.logo{{background:var(--brand-ink);-webkit-mask:url(\"{mark}\") center/contain \
             no-repeat;mask:url(\"{mark}\") center/contain no-repeat}}\n",
            mark = href("mark.svg"),
        ),
    }
}

fn is_colour(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Escapes whatever could end a CSS string, or the file.
fn css_text(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if c.is_ascii_alphanumeric() || "/._-~?=&%:".contains(c) {
            out.push(c);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\{:x} ", u32::from(c));
        }
        out
    })
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let offers = headers.get_all(header::ACCEPT_ENCODING);
    offers.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(|offer| {
        let (coding, weight) = offer.split_once(';').unwrap_or((offer, ""));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.trim_matches(['0', '.']).is_empty());
        coding.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

fn load() -> Vec<Asset> {
    let mut sheets: Vec<_> = Embedded::iter().filter(|path| path.starts_with("css/")).collect();
    sheets.sort();
    let style: String = sheets.iter().filter_map(|path| Embedded::get(path)).fold(String::new(), |mut all, sheet| {
        all.push_str(&squeezed(&String::from_utf8_lossy(&sheet.data)));
        all
    });
    let files = Embedded::iter().filter(|path| !path.contains('/'));
    let mut assets: Vec<_> =
        files.filter_map(|path| Embedded::get(&path).map(|file| asset(&path, file.data.into_owned()))).collect();
    assets.push(asset(STYLE, style.into_bytes()));
    assets
}

fn asset(name: &str, plain: Vec<u8>) -> Asset {
    let (stem, suffix) = name.rsplit_once('.').unwrap_or((name, ""));
    let digest = ring::digest::digest(&ring::digest::SHA256, &plain);
    let mut hash: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    hash.truncate(HASH_DIGITS);
    let kind = match suffix {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };
    let gzip = gzipped(&plain);
    Asset { name: name.to_owned(), href: format!("/assets/{stem}.{hash}.{suffix}"), kind, plain, gzip }
}

fn gzipped(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(plain).and_then(|()| encoder.finish());
    written.expect("writing to memory cannot fail")
}

/// A style sheet without comments, blank lines and indentation. None of ours has a comment sign inside a string.
fn squeezed(sheet: &str) -> String {
    let mut rest = sheet;
    let mut bare = String::with_capacity(sheet.len());
    while let Some((before, after)) = rest.split_once("/*") {
        bare.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    bare.push_str(rest);
    bare.lines().map(str::trim).filter(|line| !line.is_empty()).fold(String::new(), |mut out, line| {
        out.push_str(line);
        out.push('\n');
        out
    })
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    const SCRIPT_LIMIT: usize = 4_000;
    const STYLE_LIMIT_GZIP: usize = 12_000;

    fn named(name: &str) -> &'static Asset {
        ASSETS.iter().find(|asset| asset.name == name).unwrap()
    }

    #[test]
    fn addresses_carry_the_digest_of_their_content() {
        for name in ["app.css", "app.js", "icons.svg", "mark.svg"] {
            let (stem, suffix) = name.rsplit_once('.').unwrap();
            let href = href(name);
            assert_eq!(href.len(), "/assets/".len() + stem.len() + 1 + HASH_DIGITS + 1 + suffix.len(), "{href}");
        }
    }

    #[test]
    fn script_and_style_stay_small() {
        assert!(named("app.js").plain.len() < SCRIPT_LIMIT, "{}", named("app.js").plain.len());
        assert!(named("app.css").gzip.len() < STYLE_LIMIT_GZIP, "{}", named("app.css").gzip.len());
    }

    #[test]
    fn the_style_is_whole_and_asks_nothing_of_other_places() {
        let style = String::from_utf8(named("app.css").plain.clone()).unwrap();
        assert!(style.starts_with(":root") && style.contains("@media print") && !style.contains("/*"));
        assert_eq!(style.matches('{').count(), style.matches('}').count());
        assert!(!style.contains("http") && !style.contains("@import") && !style.contains("url("));
    }

    #[tokio::test]
    async fn known_addresses_are_kept_for_good_and_unknown_ones_are_absent() {
        let file = href("app.css").trim_start_matches("/assets/").to_owned();
        let mut headers = HeaderMap::new();
        let plain = serve(Path(file.clone()), headers.clone()).await;
        assert_eq!(plain.headers()[header::CONTENT_TYPE], "text/css; charset=utf-8");
        assert!(plain.headers().get(header::CONTENT_ENCODING).is_none());
        headers.insert(header::ACCEPT_ENCODING, "br, gzip;q=0.5".parse().unwrap());
        let packed = serve(Path(file), headers.clone()).await;
        assert_eq!(packed.headers()[header::CONTENT_ENCODING], "gzip");
        assert_eq!(packed.headers()[header::CACHE_CONTROL], FOR_GOOD);
        for odd in ["app.css", "css/1-tokens.css", "../Cargo.toml", "", "app.0000000000000000.css"] {
            assert_eq!(serve(Path(odd.to_owned()), headers.clone()).await.status(), StatusCode::NOT_FOUND, "{odd}");
        }
    }

    #[test]
    fn gzip_refused_with_a_zero_weight_is_not_sent() {
        for (offer, sent) in [("gzip", true), ("gzip;q=0", false), ("gzip;q=0.000", false), ("x-gzip", false)] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, offer.parse().unwrap());
            assert_eq!(accepts_gzip(&headers), sent, "{offer}");
        }
    }

    #[test]
    fn a_brand_cannot_break_out_of_its_style_sheet() {
        let css = brand_css("red;}*{display:none", Some("/logo\")}</style>\n.png"));
        assert!(css.contains(BRAND_COLOUR) && !css.contains("display") && !css.contains("</"));
        assert_eq!(css.matches('"').count(), 2);
        assert!(brand_css("#AB12ef", None).contains("--brand:#AB12ef}"));
    }
}
