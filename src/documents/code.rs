//! Matrix codes (QR): of a text, as modules that page and paper draw alike.

use fast_qr::{ECL, QRBuilder};
use maud::{Markup, html as markup};

use super::sheet::Code;

/// Light modules around a code that its readers need (ISO/IEC 18004).
const QUIET: usize = 4;
/// Modules of a side of version 13, the largest that EPC069-12 allows.
const SIDE_MAX: usize = 69;

/// The code of `text`, with error correction M as EPC069-12 asks for; `None` for a text that is too long for it.
pub fn code(text: &str, says: &str) -> Option<Code> {
    let made = QRBuilder::new(text).ecl(ECL::M).build().ok()?;
    let side = made.size;
    if side > SIDE_MAX {
        return None;
    }
    let dark = made.data.iter().take(side * side).map(|module| module.value()).collect();
    Some(Code { says: says.to_owned(), side, dark })
}

/// The code as a picture within a page.
pub fn svg(code: &Code) -> Markup {
    let whole = code.side + 2 * QUIET;
    let path: String =
        code.spots().map(|(x, y, width)| format!("M{} {}h{width}v1h-{width}z", x + QUIET, y + QUIET)).collect();
    markup! {
        svg.code viewBox={ "0 0 " (whole) " " (whole) } role="img" aria-label=(code.says) shape-rendering="crispEdges" {
            rect width=(whole) height=(whole) fill="#fff" {}
            path d=(path) fill="#000" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_three_finders_and_a_quiet_border() {
        let made = code("BCD\n002\n1\nSCT", "Pay").unwrap();
        let at = |x: usize, y: usize| made.dark[y * made.side + x];
        let last = made.side - 1;
        assert_eq!(made.dark.len(), made.side * made.side);
        assert!([(0, 0), (last, 0), (0, last), (6, 6), (3, 3)].iter().all(|(x, y)| at(*x, *y)));
        assert!([(1, 1), (7, 7), (last - 1, 1)].iter().all(|(x, y)| !at(*x, *y)));
        let drawn = svg(&made).into_string();
        assert!(drawn.contains("M4 4h7v1h-7z") && drawn.contains("aria-label=\"Pay\""), "{drawn}");
        assert_eq!(code(&"x".repeat(2_000), ""), None);
    }
}
