//! XML of others as a small tree of elements, each with its line: the vocabularies of invoices and nothing else.
//!
//! Nothing is fetched, expanded or guessed: a DOCTYPE is refused, so that there are no entities but XML's own five, and
//! everything has a named limit. Must not know what the elements mean.

use quick_xml::NsReader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;

use super::Fault;

/// Largest document, in bytes; attachments within it count.
pub const BYTES_MAX: usize = 32 << 20;
/// Deepest nesting; EN 16931 needs about ten.
pub const DEPTH_MAX: usize = 32;
/// Most elements: a thousand lines have about thirty thousand.
pub const ELEMENTS_MAX: usize = 200_000;
/// Most attributes of one element, declarations of namespaces among them.
pub const ATTRIBUTES_MAX: usize = 64;
/// Longest attributes of one element together, in bytes.
pub const ATTRIBUTE_BYTES_MAX: usize = 8_192;
/// Longest text of one element, in bytes; what is attached is passed over and may be longer.
pub const TEXT_BYTES_MAX: usize = 65_536;

/// Elements that hold a file in Base64; their text is passed over.
const ATTACHED: [&str; 2] = ["EmbeddedDocumentBinaryObject", "AttachmentBinaryObject"];
/// What the namespaces of the two vocabularies begin with.
const VOCABULARIES: [&str; 2] = ["urn:oasis:names:specification:ubl:", "urn:un:unece:uncefact:data:standard:"];

/// An element of one of the vocabularies.
#[derive(Debug, Default)]
pub struct Element {
    /// Its name without prefix.
    pub name: String,
    /// Its namespace.
    pub space: String,
    /// The line on which its tag ends, from 1.
    pub line: u32,
    /// Its attributes by name as written.
    pub attributes: Vec<(String, String)>,
    /// Its text, without blanks around it.
    pub text: String,
    /// The elements in it.
    pub children: Vec<Element>,
}

impl Element {
    /// The first child of a name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|x| x.name == name)
    }

    /// Every child of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |x| x.name == name)
    }

    /// The element at the end of a path of first children.
    pub fn at(&self, path: &str) -> Option<&Self> {
        path.split('/').try_fold(self, |element, name| element.child(name))
    }

    /// The text at the end of a path; empty when there is none.
    pub fn text_at(&self, path: &str) -> &str {
        self.at(path).map_or("", |x| x.text.as_str())
    }

    /// The value of an attribute; empty when there is none.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.iter().find(|x| x.0 == name).map_or("", |x| x.1.as_str())
    }
}

/// The root element of a document.
///
/// # Errors
/// Names the line, and what is not XML, not allowed or beyond a limit.
pub fn parse(bytes: &[u8]) -> Result<Element, Fault> {
    if bytes.len() > BYTES_MAX {
        return Err(Fault::whole(format!("The XML is larger than {} MiB.", BYTES_MAX >> 20)));
    }
    let text = utf8(bytes)?;
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().check_comments = false;
    let mut growing = Growing { text, open: Vec::new(), root: None, elements: 0, foreign: 0, seen: (0, 1) };
    loop {
        let event = reader.read_resolved_event();
        let (resolved, event) = match event {
            Ok((resolved, event)) => (namespace(&resolved), event),
            Err(error) => {
                let at = growing.line(reader.error_position());
                return Err(Fault::at(at, "", format!("This is not well-formed XML: {error}.")));
            }
        };
        let line = growing.line(reader.buffer_position());
        match event {
            Event::Start(tag) => growing.begin(&tag, resolved, line)?,
            Event::End(_) => growing.end(line)?,
            Event::Text(text) => growing.write(&text.xml10_content(), line)?,
            Event::CData(text) => growing.write(&text.xml10_content(), line)?,
            Event::GeneralRef(reference) => growing.refer(&reference, line)?,
            Event::DocType(_) => {
                return Err(Fault::at(line, "", "A document type (DOCTYPE) stands in it, which is never read."));
            }
            Event::Decl(declaration) => check_encoding(declaration.encoding().and_then(Result::ok).as_deref(), line)?,
            Event::Eof => break,
            // What it expanded to is told as start and end.
            Event::Empty(_) | Event::Comment(_) | Event::PI(_) => {}
        }
    }
    match growing.root {
        Some(root) if growing.open.is_empty() => Ok(root),
        Some(_) | None => Err(Fault::whole("The XML ends in the middle.")),
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Fault> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = u32::try_from(before.iter().filter(|b| **b == b'\n').count()).unwrap_or(u32::MAX);
        Fault::at(line.saturating_add(1), "", "This is not UTF-8 text. Save the XML as UTF-8.")
    })
}

fn check_encoding(encoding: Option<&str>, line: u32) -> Result<(), Fault> {
    match encoding {
        Some(other) if !["utf-8", "utf8", "us-ascii"].contains(&other.to_ascii_lowercase().as_str()) => {
            Err(Fault::at(line, "", format!("It says to be written in {other:?}. Save the XML as UTF-8.")))
        }
        _ => Ok(()),
    }
}

/// The namespace, if it is of one of the vocabularies.
fn namespace(resolved: &ResolveResult<'_>) -> Option<String> {
    let ResolveResult::Bound(space) = resolved else { return None };
    let space: &str = space.as_ref();
    VOCABULARIES.iter().any(|x| space.starts_with(x)).then(|| space.to_owned())
}

/// The tree as far as it was read.
struct Growing<'t> {
    text: &'t str,
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
    /// How deep it is within an element of another vocabulary, of which nothing is kept.
    foreign: usize,
    /// Up to where lines were counted, and the line there.
    seen: (usize, u32),
}

impl Growing<'_> {
    /// The line of a place, which is never before that of the last call.
    fn line(&mut self, position: u64) -> u32 {
        let to = usize::try_from(position).unwrap_or(usize::MAX).clamp(self.seen.0, self.text.len());
        let passed = self.text.as_bytes().get(self.seen.0..to).unwrap_or_default();
        let breaks = u32::try_from(passed.iter().filter(|b| **b == b'\n').count()).unwrap_or(u32::MAX);
        self.seen = (to, self.seen.1.saturating_add(breaks));
        self.seen.1
    }

    fn begin(&mut self, tag: &BytesStart<'_>, space: Option<String>, line: u32) -> Result<(), Fault> {
        let name = tag.local_name().as_ref().to_owned();
        self.elements += 1;
        if self.root.is_some() && self.open.is_empty() && self.foreign == 0 {
            return Err(Fault::at(line, &name, "There is a second root element."));
        }
        if self.elements > ELEMENTS_MAX {
            return Err(Fault::at(line, &name, format!("It has more than {ELEMENTS_MAX} elements.")));
        }
        if self.open.len() + self.foreign >= DEPTH_MAX {
            return Err(Fault::at(line, &name, format!("Elements are nested deeper than {DEPTH_MAX}.")));
        }
        let attributes = attributes(tag, &name, line)?;
        match space {
            Some(space) if self.foreign == 0 => {
                self.open.push(Element { name, space, line, attributes, ..Element::default() });
            }
            _ if self.open.is_empty() && self.foreign == 0 => {
                return Err(Fault::at(line, &name, "This is no invoice in UBL 2.1 or UN/CEFACT CII."));
            }
            _ => self.foreign += 1,
        }
        Ok(())
    }

    fn end(&mut self, line: u32) -> Result<(), Fault> {
        if self.foreign > 0 {
            self.foreign -= 1;
            return Ok(());
        }
        let Some(mut done) = self.open.pop() else {
            return Err(Fault::at(line, "", "An element ends that never began."));
        };
        done.text = done.text.trim().to_owned();
        match self.open.last_mut() {
            Some(parent) => parent.children.push(done),
            None => self.root = Some(done),
        }
        Ok(())
    }

    fn write(&mut self, text: &str, line: u32) -> Result<(), Fault> {
        let Some(open) = self.open.last_mut().filter(|_| self.foreign == 0) else { return Ok(()) };
        if ATTACHED.contains(&open.name.as_str()) {
            return Ok(());
        }
        if open.text.len() + text.len() > TEXT_BYTES_MAX {
            return Err(Fault::at(line, &open.name, format!("Its text is longer than {TEXT_BYTES_MAX} bytes.")));
        }
        open.text.push_str(text);
        Ok(())
    }

    /// One of XML's own entities, or a character by its number.
    fn refer(&mut self, reference: &BytesRef<'_>, line: u32) -> Result<(), Fault> {
        let character = match reference.as_ref() {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "apos" => Some('\''),
            "quot" => Some('"'),
            _ => reference.resolve_char_ref().ok().flatten(),
        };
        match character {
            Some(character) => self.write(character.encode_utf8(&mut [0; 4]), line),
            None => Err(Fault::at(line, "", format!("The entity &{}; is unknown.", reference.as_ref() as &str))),
        }
    }
}

fn attributes(tag: &BytesStart<'_>, name: &str, line: u32) -> Result<Vec<(String, String)>, Fault> {
    if tag.attributes_raw().len() > ATTRIBUTE_BYTES_MAX {
        return Err(Fault::at(line, name, format!("Its attributes are longer than {ATTRIBUTE_BYTES_MAX} bytes.")));
    }
    let mut out = Vec::new();
    for attribute in tag.attributes() {
        if out.len() == ATTRIBUTES_MAX {
            return Err(Fault::at(line, name, format!("It has more than {ATTRIBUTES_MAX} attributes.")));
        }
        let broken = || Fault::at(line, name, "One of its attributes can’t be read.");
        let attribute = attribute.map_err(|_| broken())?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| broken())?;
        out.push((attribute.key.as_ref().to_owned(), value.trim().to_owned()));
    }
    Ok(out)
}
