//! Where every line, rule and image of a [`Sheet`] goes: pages of marks, and the tree of what they mean.
//!
//! Measures are points from the page's top left corner. Knows nothing of PDF syntax.

use std::rc::Rc;

use super::DocumentError;
use super::fonts::{Fonts, Weight};
use super::shape::{Line, Shaped, clean};
use super::sheet::{Align, Code, Paper, Sheet};

mod letterhead;
mod tables;

/// The most pages of one document.
const MAX_PAGES: usize = 1_000;
const MARGIN: f32 = 56.0;
const GAP: f32 = 20.0;
/// Between columns.
const GUTTER: f32 = 14.0;
/// Above and below a row's text.
const PAD: f32 = 5.0;
/// How much of the width facts and totals take, at the right.
const SIDE: f32 = 0.46;
/// A footer higher than this part of the page flows with the notes instead; nor is a higher table head repeated.
const MOST_FURNITURE: f32 = 0.2;

/// Colours by what they say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Text,
    Soft,
    Hairline,
    Accent,
    Warning,
    Watermark,
}

/// Size and line height in points, weight and colour.
#[derive(Clone, Copy)]
struct Style {
    size: f32,
    leading: f32,
    weight: Weight,
    ink: Ink,
}

const fn style(size: f32, leading: f32, weight: Weight, ink: Ink) -> Style {
    Style { size, leading, weight, ink }
}
const TITLE: Style = style(25.0, 28.0, Weight::Regular, Ink::Accent);
const FIRM: Style = style(11.5, 15.0, Weight::Strong, Ink::Text);
const BODY: Style = style(9.25, 13.5, Weight::Regular, Ink::Text);
const STRONG: Style = style(9.25, 13.5, Weight::Strong, Ink::Text);
const LABEL: Style = style(8.0, 13.5, Weight::Regular, Ink::Soft);
const CAPTION: Style = style(8.0, 11.5, Weight::Strong, Ink::Text);
const SMALL: Style = style(8.0, 11.5, Weight::Regular, Ink::Soft);
const HEADING: Style = style(11.5, 16.0, Weight::Strong, Ink::Text);
const SUM: Style = style(11.0, 17.0, Weight::Strong, Ink::Text);
const FOOT: Style = style(7.25, 10.0, Weight::Regular, Ink::Soft);
const BANNER: Style = style(9.25, 13.5, Weight::Strong, Ink::Warning);

/// What a part of the document means to a screen reader.
pub(super) enum Kind {
    Division,
    Paragraph,
    Heading(u16, String),
    Figure(String),
    Table(String),
    TableHead,
    TableBody,
    TableRow,
    ColumnHead,
    RowHead,
    Cell,
}

/// A node of the document's meaning.
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) parent: usize,
}

/// Whom a mark belongs to: a node, or the page's furniture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Node(usize),
    Furniture,
    Foot,
}

/// Something to draw in the slot that begins at (`x`, `y`) and is `height` high.
#[derive(Clone)]
pub(super) struct Mark {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) height: f32,
    pub(super) owner: Owner,
    pub(super) draw: Draw,
}

/// What to draw.
#[derive(Clone)]
pub(super) enum Draw {
    Text { line: Rc<Line>, size: f32, ink: Ink },
    Rule { length: f32, weight: f32, ink: Ink, dashed: bool },
    Logo { width: f32 },
    Code(Rc<Code>),
    Watermark { line: Rc<Line>, size: f32 },
}

/// The pages of a document. The first node is the root.
pub(super) struct Laid {
    pub(super) size: (f32, f32),
    pub(super) pages: Vec<Vec<Mark>>,
    pub(super) nodes: Vec<Node>,
}

/// Lays out `sheet`; `logo` is the pixel size of its logo.
pub(super) fn lay_out(sheet: &Sheet, fonts: &Fonts, logo: Option<(u32, u32)>) -> Result<Laid, DocumentError> {
    let size = match sheet.paper {
        Paper::A4 => (595.276, 841.89),
        Paper::Letter => (612.0, 792.0),
    };
    let root = Node { kind: Kind::Division, parent: 0 };
    let mut maker =
        Maker { fonts, size, nodes: vec![root], pages: vec![Vec::new()], y: MARGIN, bottom: 0.0, head: None };
    let foot = maker.foot(sheet);
    let roomy = foot.height > size.1 * MOST_FURNITURE;
    maker.bottom = size.1 - MARGIN * 0.6 - if roomy { FOOT.leading } else { foot.height } - GAP;
    maker.banner(sheet);
    maker.letterhead(sheet, logo);
    maker.addressee(sheet);
    maker.paragraphs(&sheet.intro, BODY);
    for section in &sheet.sections {
        maker.section(section);
    }
    maker.paragraphs(&sheet.notes, BODY);
    if let Some(clauses) = &sheet.clauses {
        maker.heading(&clauses.heading);
        maker.paragraphs(&clauses.texts, BODY);
    }
    if let Some(payment) = &sheet.payment {
        maker.payment(payment);
    }
    if roomy {
        maker.paragraphs(&sheet.footer, FOOT);
    }
    if maker.pages.len() > MAX_PAGES {
        return Err(DocumentError::TooManyPages(MAX_PAGES));
    }
    maker.furnish(sheet, if roomy { Block::default() } else { foot });
    Ok(Laid { size, pages: maker.pages, nodes: maker.nodes })
}

/// Marks that move together, placed from (0, 0) down.
#[derive(Clone, Default)]
struct Block {
    marks: Vec<Mark>,
    height: f32,
}

impl Block {
    fn rule(&mut self, x: f32, length: f32, y: f32, weight: f32, ink: Ink) {
        let draw = Draw::Rule { length, weight, ink, dashed: false };
        self.marks.push(Mark { x, y, height: weight, owner: Owner::Furniture, draw });
    }
}

struct Maker<'a> {
    fonts: &'a Fonts,
    size: (f32, f32),
    nodes: Vec<Node>,
    pages: Vec<Vec<Mark>>,
    y: f32,
    bottom: f32,
    /// The table head to repeat on each new page.
    head: Option<Block>,
}

/// The slot of a text: its left edge, its width, its top and the edge it keeps to.
#[derive(Clone, Copy)]
struct Slot {
    x: f32,
    y: f32,
    width: f32,
    align: Align,
}

const fn slot(x: f32, y: f32, width: f32) -> Slot {
    Slot { x, y, width, align: Align::Start }
}

impl Maker<'_> {
    fn inner(&self) -> f32 {
        self.size.0 - 2.0 * MARGIN
    }

    fn node(&mut self, kind: Kind, parent: usize) -> usize {
        self.nodes.push(Node { kind, parent });
        self.nodes.len() - 1
    }

    fn text(&self, block: &mut Block, slot: Slot, text: &str, style: Style, owner: Owner) -> f32 {
        if text.is_empty() {
            return slot.y;
        }
        let shaped = Shaped::new(self.fonts, text, style.weight, slot.align == Align::End);
        self.shaped(block, slot, &shaped, style, owner)
    }

    /// Sets a text into its slot and gives where it ends.
    fn shaped(&self, block: &mut Block, slot: Slot, text: &Shaped, style: Style, owner: Owner) -> f32 {
        let mut y = slot.y;
        for line in text.wrap(self.fonts, slot.width / style.size + 0.001) {
            let x = match slot.align {
                Align::Start => slot.x,
                Align::End => slot.x + slot.width - line.width * style.size,
            };
            if !line.text.is_empty() {
                let draw = Draw::Text { line, size: style.size, ink: style.ink };
                block.marks.push(Mark { x, y, height: style.leading, owner, draw });
            }
            y += style.leading;
        }
        block.height = block.height.max(y);
        y
    }

    /// Puts a block where the last one ended, on a new page if it and `tail` more points do not fit this one. A block
    /// that is higher than a page is split between its lines.
    fn place(&mut self, block: Block, tail: f32) {
        let page = self.bottom - MARGIN - self.head.as_ref().map_or(0.0, |h| h.height);
        let tail = if block.height + tail > page { tail.min(4.0 * BODY.leading) } else { tail };
        let fits = self.y + block.height + tail <= self.bottom;
        if !fits && (block.height <= page || self.y > self.bottom - 3.0 * BODY.leading) && self.y > MARGIN {
            self.new_page();
        }
        let whole = self.y + block.height <= self.bottom;
        let mut marks = block.marks;
        if !whole {
            marks.sort_by(|a, b| a.y.total_cmp(&b.y));
        }
        let (mut base, mut fresh) = (self.y, true);
        for mut mark in marks {
            if !whole && base + mark.y + mark.height > self.bottom && !fresh {
                self.new_page();
                base = self.y + PAD - mark.y;
                fresh = true;
            } else {
                fresh = false;
            }
            mark.x += MARGIN;
            mark.y += base;
            if let Some(page) = self.pages.last_mut() {
                page.push(mark);
            }
        }
        self.y = base + block.height;
    }

    fn new_page(&mut self) {
        self.pages.push(Vec::new());
        self.y = MARGIN;
        if let Some(mut head) = self.head.clone() {
            for mark in &mut head.marks {
                mark.owner = Owner::Furniture;
                mark.x += MARGIN;
                mark.y += MARGIN;
            }
            self.y += head.height;
            self.pages.last_mut().into_iter().for_each(|page| page.append(&mut head.marks));
        }
    }

    fn gap(&mut self, height: f32) {
        if self.y > MARGIN {
            self.y += height;
        }
    }

    /// A heading, on the page of the lines after it.
    fn heading(&mut self, text: &str) {
        let node = Owner::Node(self.node(Kind::Heading(2, clean(text)), 0));
        let mut block = Block::default();
        self.text(&mut block, slot(0.0, 0.0, self.inner()), text, HEADING, node);
        block.height += 4.0;
        self.place(block, 4.0 * BODY.leading);
    }

    fn paragraphs(&mut self, texts: &[String], style: Style) {
        for text in texts.iter().filter(|t| !t.trim().is_empty()) {
            let node = self.node(Kind::Paragraph, 0);
            let mut block = Block::default();
            self.text(&mut block, slot(0.0, 0.0, self.inner().min(430.0)), text, style, Owner::Node(node));
            self.place(block, 0.0);
            self.gap(style.leading * 0.5);
        }
        if !texts.is_empty() {
            self.gap(GAP * 0.5);
        }
    }
}
