//! Writing XML: elements in the order in which they are asked for, text escaped.
//!
//! Knows no vocabulary. An element without content is left out: EN 16931 forbids empty ones.

/// A document being written.
pub(super) struct Xml {
    out: String,
}

impl Xml {
    /// A document whose root has these attributes, filled by `fill`.
    pub(super) fn document(root: &str, attributes: &[(&str, &str)], fill: impl FnOnce(&mut Self)) -> String {
        let mut xml = Self { out: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned() };
        xml.open(root, attributes);
        fill(&mut xml);
        xml.close(root);
        xml.out.push('\n');
        xml.out
    }

    /// An element with others in it; left out when `fill` writes none.
    pub(super) fn group(&mut self, name: &str, fill: impl FnOnce(&mut Self)) {
        let before = self.out.len();
        self.open(name, &[]);
        let begun = self.out.len();
        fill(self);
        if self.out.len() == begun { self.out.truncate(before) } else { self.close(name) }
    }

    /// As [`Xml::group`], also when nothing is in it.
    pub(super) fn always(&mut self, name: &str, fill: impl FnOnce(&mut Self)) {
        self.open(name, &[]);
        fill(self);
        self.close(name);
    }

    /// An element with text; left out when that is blank.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.text_with(name, &[], text);
    }

    /// As [`Xml::text`], with attributes.
    pub(super) fn text_with(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        self.open(name, attributes);
        self.escaped(text);
        self.close(name);
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.out.push('<');
        self.out.push_str(name);
        for (key, value) in attributes {
            self.out.push(' ');
            self.out.push_str(key);
            self.out.push_str("=\"");
            self.escaped(value);
            self.out.push('"');
        }
        self.out.push('>');
    }

    fn close(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    /// Characters that XML 1.0 cannot hold are left out.
    fn escaped(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\n' | '\t' => self.out.push(c),
                '\u{0}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => {}
                c => self.out.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_nothing_is_empty() {
        let xml = Xml::document("r", &[("xmlns", "urn:a\"b")], |x| {
            x.text("a", " 1 < 2 & \u{0}\u{1F} \"three\"\n ");
            x.text("b", "  ");
            x.group("c", |x| x.text("d", ""));
            x.group("e", |x| x.text_with("f", &[("g", "h")], "i"));
        });
        assert_eq!(
            xml,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<r xmlns=\"urn:a&quot;b\"><a>1 &lt; 2 &amp;  \
             &quot;three&quot;</a><e><f g=\"h\">i</f></e></r>\n"
        );
    }
}
