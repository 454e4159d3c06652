//! Where every line, rule and image of a [`Sheet`] goes: pages of marks, and the tree of what they mean.
//!
//! Measures are points from the page's top left corner. Knows nothing of PDF syntax.

use std::rc::Rc;

use super::DocumentError;
use super::fonts::{Fonts, Weight};
use super::shape::{Line, Shaped, clean};
use super::sheet::{Align, Column, Fact, Paper, Payment, Section, Sheet, Table, Total, Width};

/// The most pages of one document.
const MAX_PAGES: usize = 1_000;
const MARGIN: f32 = 56.0;
const GAP: f32 = 20.0;
/// Between columns.
const GUTTER: f32 = 14.0;
/// Above and below a row's text.
const PAD: f32 = 5.0;
const LOGO_HEIGHT: f32 = 38.0;
const LOGO_WIDTH: f32 = 130.0;
/// How much of the width the columns that fit their contents may take together.
const FIT_SHARE: f32 = 0.62;
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

// Pages.
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
                base = self.y - mark.y;
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

// Letterhead and foot.
impl Maker<'_> {
    fn banner(&mut self, sheet: &Sheet) {
        let Some(banner) = &sheet.banner else { return };
        let node = self.node(Kind::Paragraph, 0);
        let mut block = Block::default();
        let end = self.text(&mut block, slot(0.0, PAD, self.inner()), banner, BANNER, Owner::Node(node));
        block.rule(0.0, self.inner(), 0.0, 0.8, Ink::Warning);
        block.rule(0.0, self.inner(), end + PAD, 0.8, Ink::Warning);
        block.height = end + PAD + GAP;
        self.place(block, 0.0);
    }

    fn letterhead(&mut self, sheet: &Sheet, logo: Option<(u32, u32)>) {
        let mut block = Block::default();
        let width = self.inner();
        let title = Shaped::new(self.fonts, &sheet.title, TITLE.weight, false);
        let half = width * 0.5;
        let mut x = 0.0;
        if let Some((w, h)) = logo {
            let (w, h) = (w.max(1) as f32, h.max(1) as f32);
            let scale = (LOGO_WIDTH / w).min(LOGO_HEIGHT / h);
            let alt = Some(clean(&sheet.brand.firm)).filter(|a| !a.is_empty()).unwrap_or_else(|| "Logo".to_owned());
            let owner = Owner::Node(self.node(Kind::Figure(alt), 0));
            let draw = Draw::Logo { width: w * scale };
            block.marks.push(Mark { x: 0.0, y: 0.0, height: h * scale, owner, draw });
            block.height = h * scale;
            x = w * scale + GUTTER;
        }
        let firm = Owner::Node(self.node(Kind::Paragraph, 0));
        let mut y = self.text(&mut block, slot(x, 0.0, half + 40.0 - x), &sheet.brand.firm, FIRM, firm);
        for line in &sheet.brand.lines {
            y = self.text(&mut block, slot(x, y, half + 40.0 - x), line, SMALL, firm);
        }
        let heading = Owner::Node(self.node(Kind::Heading(1, clean(&sheet.title)), 0));
        let right = Slot { x: half + 54.0, y: 0.0, width: width - half - 54.0, align: Align::End };
        self.shaped(&mut block, right, &title, TITLE, heading);
        block.height += 16.0;
        block.rule(0.0, width, block.height, 0.6, Ink::Text);
        block.height += 20.0;
        self.place(block, 0.0);
    }

    fn addressee(&mut self, sheet: &Sheet) {
        let mut block = Block::default();
        let width = self.inner();
        let half = width * (1.0 - SIDE) - 2.0 * GUTTER;
        let node = Owner::Node(self.node(Kind::Paragraph, 0));
        let mut y = self.text(&mut block, slot(0.0, 0.0, half), &sheet.recipient.label, LABEL, node);
        for (i, line) in sheet.recipient.lines.iter().enumerate() {
            let style = if i == 0 { STRONG } else { BODY };
            y = self.text(&mut block, slot(0.0, y, half), line, style, node);
        }
        let x = half + 2.0 * GUTTER;
        self.facts(&mut block, &sheet.facts, x, width - x);
        block.height += GAP;
        self.place(block, 0.0);
    }

    /// Labels at the left, values beside them.
    fn facts(&mut self, block: &mut Block, facts: &[Fact], x: f32, width: f32) {
        let table = self.node(Kind::Table(String::new()), 0);
        let labels: Vec<_> = facts.iter().map(|f| Shaped::new(self.fonts, &f.label, LABEL.weight, false)).collect();
        let widest = labels.iter().map(|l| l.width() * LABEL.size).fold(0.0, f32::max).min(width * 0.45);
        let at = x + widest + GUTTER;
        let mut y = 0.0;
        for (fact, label) in facts.iter().zip(&labels) {
            let row = self.node(Kind::TableRow, table);
            let head = Owner::Node(self.node(Kind::RowHead, row));
            let value = Owner::Node(self.node(Kind::Cell, row));
            let first = self.shaped(block, slot(x, y, widest), label, LABEL, head);
            y = first.max(self.text(block, slot(at, y, x + width - at), &fact.value, BODY, value));
        }
    }

    /// The legal lines, from the page's foot up; drawn as content on the first page and as furniture on the others.
    fn foot(&mut self, sheet: &Sheet) -> Block {
        let mut block = Block::default();
        let mut y = 6.0;
        for line in &sheet.footer {
            y = self.text(&mut block, slot(0.0, y, self.inner() - 150.0), line, FOOT, Owner::Foot);
        }
        block.height = y.max(6.0 + FOOT.leading);
        block
    }

    /// Foot, page number, running head and watermark of every page.
    fn furnish(&mut self, sheet: &Sheet, foot: Block) {
        let (count, inner) = (self.pages.len(), self.inner());
        let legal = (!foot.marks.is_empty()).then(|| self.node(Kind::Paragraph, 0));
        let top = self.size.1 - MARGIN * 0.6 - foot.height.max(6.0 + FOOT.leading);
        let running: Vec<&str> =
            [sheet.brand.firm.as_str(), &sheet.title, &sheet.number].into_iter().filter(|s| !s.is_empty()).collect();
        let running = running.join("  ·  ");
        let mut pages = std::mem::take(&mut self.pages);
        for (i, page) in pages.iter_mut().enumerate() {
            let mut block = foot.clone();
            for mark in &mut block.marks {
                mark.owner = legal.filter(|_| i == 0).map_or(Owner::Foot, Owner::Node);
            }
            block.rule(0.0, inner, 0.0, 0.35, Ink::Hairline);
            let dot = if sheet.number.is_empty() { "" } else { "  ·  " };
            let number = format!("{}{dot}Page {} of {count}", sheet.number, i + 1);
            let right = Slot { x: inner - 140.0, y: 6.0, width: 140.0, align: Align::End };
            self.text(&mut block, right, &number, FOOT, Owner::Foot);
            page.extend(block.marks.into_iter().map(|m| Mark { x: m.x + MARGIN, y: m.y + top, ..m }));
            if i > 0 {
                let mut head = Block::default();
                self.text(&mut head, slot(MARGIN, MARGIN * 0.5, inner), &running, FOOT, Owner::Furniture);
                // A firm's name may be long; the running head keeps to one line.
                page.extend(head.marks.into_iter().take(1));
            }
            if let Some(banner) = &sheet.banner {
                page.insert(0, self.watermark(banner));
            }
        }
        self.pages = pages;
    }

    fn watermark(&self, text: &str) -> Mark {
        let shaped = Shaped::new(self.fonts, &text.replace('\n', " "), Weight::Strong, false);
        let size = (self.size.0 * 0.95 / shaped.width().max(1.0)).min(110.0);
        let lines = shaped.wrap(self.fonts, f32::INFINITY);
        let line = lines.into_iter().next().unwrap_or_default();
        Mark { x: 0.0, y: 0.0, height: 0.0, owner: Owner::Furniture, draw: Draw::Watermark { line, size } }
    }
}

// Tables.
impl Maker<'_> {
    fn section(&mut self, section: &Section) {
        let width = self.inner();
        if !section.heading.is_empty() {
            let node = Owner::Node(self.node(Kind::Heading(2, clean(&section.heading)), 0));
            let mut block = Block::default();
            self.text(&mut block, slot(0.0, 0.0, width), &section.heading, HEADING, node);
            block.height += 4.0;
            self.place(block, 4.0 * BODY.leading);
        }
        // The totals are measured before the table is placed, but read after it.
        let [lines, sums] = [0; 2].map(|root| self.node(Kind::Division, root));
        let totals = self.totals(&section.totals, sums);
        self.table(&section.table, width, BODY, totals.height, lines);
        self.place(totals, 0.0);
        if let Some(breakdown) = &section.breakdown {
            self.gap(GAP * 0.8);
            let node = Owner::Node(self.node(Kind::Paragraph, 0));
            let mut block = Block::default();
            self.text(&mut block, slot(0.0, 0.0, width), &breakdown.caption, CAPTION, node);
            block.height += 3.0;
            self.place(block, 4.0 * SMALL.leading);
            self.table(breakdown, width, Style { ink: Ink::Text, ..SMALL }, 0.0, 0);
        }
        self.gap(GAP * 1.2);
    }

    /// A table from the left edge; its last row leaves room for `tail` more points on its page.
    fn table(&mut self, table: &Table, width: f32, style: Style, tail: f32, parent: usize) {
        if table.columns.is_empty() {
            return;
        }
        let node = self.node(Kind::Table(clean(&table.caption)), parent);
        let cells = self.cells(table, style);
        let slots = slots(&table.columns, &cells, width, style.size);
        let head = self.table_head(table, &slots, width, node);
        let body = self.node(Kind::TableBody, node);
        let rows: Vec<Block> =
            (0..table.rows.len()).map(|i| self.row(table, i, &cells[i], &slots, style, body)).collect();
        let repeat = (head.height < self.size.1 * MOST_FURNITURE).then(|| head.clone());
        self.place(head, rows.first().map_or(0.0, |r| r.height));
        self.head = repeat;
        let last = rows.len().saturating_sub(1);
        for (i, row) in rows.into_iter().enumerate() {
            self.place(row, if i == last { tail } else { 0.0 });
        }
        self.head = None;
    }

    fn cells(&self, table: &Table, style: Style) -> Vec<Vec<Shaped>> {
        let row = |row: &super::sheet::Row| {
            let weight = if row.strong { Weight::Strong } else { style.weight };
            let cell =
                |(cell, column): (&String, &Column)| Shaped::new(self.fonts, cell, weight, column.align == Align::End);
            row.cells.iter().zip(&table.columns).map(cell).collect()
        };
        table.rows.iter().map(row).collect()
    }

    fn table_head(&mut self, table: &Table, slots: &[Slot], width: f32, node: usize) -> Block {
        let head = self.node(Kind::TableHead, node);
        let row = self.node(Kind::TableRow, head);
        let mut block = Block::default();
        for (column, slot) in table.columns.iter().zip(slots) {
            let owner = Owner::Node(self.node(Kind::ColumnHead, row));
            self.text(&mut block, *slot, &column.heading, LABEL, owner);
        }
        block.height += 2.0;
        block.rule(0.0, width, block.height, 0.6, Ink::Text);
        block
    }

    fn row(&mut self, table: &Table, i: usize, cells: &[Shaped], slots: &[Slot], style: Style, body: usize) -> Block {
        let (row, node) = (&table.rows[i], self.node(Kind::TableRow, body));
        let style = Style { weight: if row.strong { Weight::Strong } else { style.weight }, ..style };
        let mut block = Block::default();
        for (n, at) in slots.iter().enumerate() {
            let owner = Owner::Node(self.node(Kind::Cell, node));
            let mut y = PAD;
            if let Some(cell) = cells.get(n) {
                y = self.shaped(&mut block, Slot { y, ..*at }, cell, style, owner);
            }
            for note in row.notes.iter().filter(|_| n == table.main) {
                y = self.text(&mut block, Slot { y, ..*at }, note, SMALL, owner);
            }
        }
        block.height = block.height.max(PAD) + PAD;
        let end = slots.last().map_or(0.0, |s| s.x + s.width);
        block.rule(0.0, end, block.height, 0.35, Ink::Hairline);
        block
    }

    fn totals(&mut self, totals: &[Total], parent: usize) -> Block {
        let mut block = Block::default();
        let (inner, width) = (self.inner(), self.inner() * SIDE);
        let left = inner - width;
        let table = self.node(Kind::Table(String::new()), parent);
        let mut y = if totals.is_empty() { 0.0 } else { 6.0 };
        for total in totals {
            let row = self.node(Kind::TableRow, table);
            let [label, value] = [Kind::RowHead, Kind::Cell].map(|kind| Owner::Node(self.node(kind, row)));
            let (style, soft) = if total.sum { (SUM, SUM) } else { (BODY, Style { ink: Ink::Soft, ..BODY }) };
            if total.sum {
                y += 5.0;
                block.rule(left, width, y, 0.6, Ink::Text);
                y += 4.0;
            }
            let figures = Shaped::new(self.fonts, &total.value, style.weight, true);
            let wide = (figures.width() * style.size).min(width * 0.7);
            let first = self.text(&mut block, slot(left, y, width - wide - GUTTER), &total.label, soft, label);
            let at = Slot { x: inner - wide, y, width: wide, align: Align::End };
            y = self.shaped(&mut block, at, &figures, style, value).max(first) + 2.0;
            if total.sum {
                y += 2.0;
                block.rule(left, width, y, 0.6, Ink::Text);
                block.rule(left, width, y + 2.0, 0.6, Ink::Text);
                y += 4.0;
            }
        }
        block.height = y;
        block
    }

    /// How to pay: a slip below a perforation, at the foot of the page that it is on.
    fn payment(&mut self, payment: &Payment) {
        let mut block = Block::default();
        let draw = Draw::Rule { length: self.size.0, weight: 0.7, ink: Ink::Soft, dashed: true };
        block.marks.push(Mark { x: -MARGIN, y: 0.0, height: 0.7, owner: Owner::Furniture, draw });
        let heading = Owner::Node(self.node(Kind::Heading(2, clean(&payment.heading)), 0));
        let accent = Style { ink: Ink::Accent, ..FIRM };
        let mut y = self.text(&mut block, slot(0.0, GAP * 0.8, self.inner()), &payment.heading, accent, heading) + 4.0;
        let (mut x, mut next) = (0.0, y);
        for fact in &payment.facts {
            let owner = Owner::Node(self.node(Kind::Paragraph, 0));
            let value = Shaped::new(self.fonts, &fact.value, STRONG.weight, true);
            let label = Shaped::new(self.fonts, &fact.label, LABEL.weight, false);
            let wide = (value.width() * STRONG.size).max(label.width() * LABEL.size).min(self.inner());
            if x > 0.0 && x + wide > self.inner() {
                (x, y) = (0.0, next + 4.0);
            }
            let under = self.shaped(&mut block, slot(x, y, wide), &label, LABEL, owner);
            next = next.max(self.shaped(&mut block, slot(x, under - 1.5, wide), &value, STRONG, owner));
            x += wide + 2.0 * GUTTER;
        }
        let node = Owner::Node(self.node(Kind::Paragraph, 0));
        self.text(&mut block, slot(0.0, next + 4.0, self.inner()), &payment.note, SMALL, node);
        // The space after the notes may give way, so that the slip does not take a page of its own for its sake.
        self.y = (self.y - GAP * 0.75).max(MARGIN);
        if self.y + block.height > self.bottom && self.y > MARGIN && block.height < self.bottom - MARGIN {
            self.new_page();
        }
        self.y = self.y.max(self.bottom - block.height);
        self.place(block, 0.0);
    }
}

/// Where the columns stand: those that fit their contents first, the rest by shares of what is left.
fn slots(columns: &[Column], cells: &[Vec<Shaped>], width: f32, size: f32) -> Vec<Slot> {
    let gutter = GUTTER.min(width * 0.5 / columns.len() as f32);
    let room = width - gutter * (columns.len() - 1) as f32;
    let natural = |n: usize| {
        let head = columns[n].heading.chars().count() as f32 * LABEL.size * 0.6;
        cells.iter().filter_map(|row| row.get(n)).map(|c| c.width() * size).fold(head, f32::max)
    };
    let fits: Vec<Option<f32>> =
        columns.iter().enumerate().map(|(n, c)| (c.width == Width::Fit).then(|| natural(n))).collect();
    let fitted: f32 = fits.iter().flatten().sum();
    let shares: u32 = columns.iter().map(|c| if let Width::Share(s) = c.width { u32::from(s.max(1)) } else { 0 }).sum();
    let most = if shares > 0 { room * FIT_SHARE } else { room };
    let scale = if fitted > most || shares == 0 { most / fitted.max(1.0) } else { 1.0 };
    let share = (room - fitted * scale) / shares.max(1) as f32;
    let mut x = 0.0;
    let place = |(column, fit): (&Column, &Option<f32>)| {
        let width = match (column.width, fit) {
            (Width::Share(s), _) => share * f32::from(s.max(1)),
            (Width::Fit, fit) => fit.unwrap_or(0.0) * scale,
        };
        let slot = Slot { x, y: 0.0, width, align: column.align };
        x += width + gutter;
        slot
    };
    columns.iter().zip(&fits).map(place).collect()
}
