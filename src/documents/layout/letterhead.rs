//! What stands around the tables: letterhead, addressee, payment slip, foot and running head.

use std::rc::Rc;

use super::{
    Align, Block, Draw, GAP, GUTTER, Ink, Kind, MARGIN, Maker, Mark, Owner, PAD, SIDE, Slot, Style, Weight, slot,
};
use super::{BANNER, BODY, FIRM, FOOT, LABEL, SMALL, STRONG, TITLE};
use crate::documents::shape::{Shaped, clean};
use crate::documents::sheet::{Fact, Payment, Sheet};
use crate::documents::words::words;

const LOGO_HEIGHT: f32 = 38.0;
const LOGO_WIDTH: f32 = 130.0;
/// Room for number and page at the foot, which a statement fills with the days that it covers.
const NUMBER_WIDTH: f32 = 190.0;
/// A side of a code: 26 mm, of which phones read the densest that a transfer needs.
const CODE: f32 = 74.0;

impl Maker<'_> {
    pub(super) fn banner(&mut self, sheet: &Sheet) {
        let Some(banner) = &sheet.banner else { return };
        let node = self.node(Kind::Paragraph, 0);
        let mut block = Block::default();
        let end = self.text(&mut block, slot(0.0, PAD, self.inner()), banner, BANNER, Owner::Node(node));
        block.rule(0.0, self.inner(), 0.0, 0.8, Ink::Warning);
        block.rule(0.0, self.inner(), end + PAD, 0.8, Ink::Warning);
        block.height = end + PAD + GAP;
        self.place(block, 0.0);
    }

    pub(super) fn letterhead(&mut self, sheet: &Sheet, logo: Option<(u32, u32)>) {
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
        self.shaped(&mut block, right, &title, self.title_style(&sheet.title, right.width), heading);
        block.height += 16.0;
        block.rule(0.0, width, block.height, 0.6, Ink::Text);
        block.height += 20.0;
        self.place(block, 0.0);
    }

    /// As large as titles are, or so small that the longest word of a long-worded language stays whole.
    fn title_style(&self, title: &str, width: f32) -> Style {
        let of = |word: &str| Shaped::new(self.fonts, word, TITLE.weight, false).width();
        let widest = title.split_whitespace().map(of).fold(0.0, f32::max);
        let size = TITLE.size.min(width / widest.max(1.0));
        Style { size, leading: TITLE.leading * size / TITLE.size, ..TITLE }
    }

    pub(super) fn addressee(&mut self, sheet: &Sheet) {
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
    pub(super) fn foot(&mut self, sheet: &Sheet) -> Block {
        let mut block = Block::default();
        let mut y = 6.0;
        for line in &sheet.footer {
            y = self.text(&mut block, slot(0.0, y, self.inner() - NUMBER_WIDTH - GUTTER), line, FOOT, Owner::Foot);
        }
        block.height = y.max(6.0 + FOOT.leading);
        block
    }

    /// Foot, page number, running head and watermark of every page.
    pub(super) fn furnish(&mut self, sheet: &Sheet, foot: Block) {
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
            let number = format!("{}{dot}{}", sheet.number, (words(sheet.speaks).sheet.page)(i + 1, count));
            let right = Slot { x: inner - NUMBER_WIDTH, y: 6.0, width: NUMBER_WIDTH, align: Align::End };
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

    /// How to pay: a slip below a perforation, at the foot of the page that it is on.
    pub(super) fn payment(&mut self, payment: &Payment) {
        let mut block = Block::default();
        let draw = Draw::Rule { length: self.size.0, weight: 0.7, ink: Ink::Soft, dashed: true };
        block.marks.push(Mark { x: -MARGIN, y: 0.0, height: 0.7, owner: Owner::Furniture, draw });
        let heading = Owner::Node(self.node(Kind::Heading(2, clean(&payment.heading)), 0));
        let accent = Style { ink: Ink::Accent, ..FIRM };
        let width = self.inner() - payment.code.as_ref().map_or(0.0, |_| CODE + 2.0 * GUTTER);
        let mut y = self.text(&mut block, slot(0.0, GAP * 0.8, width), &payment.heading, accent, heading) + 4.0;
        let (mut x, mut next) = (0.0, y);
        for fact in &payment.facts {
            let owner = Owner::Node(self.node(Kind::Paragraph, 0));
            let value = Shaped::new(self.fonts, &fact.value, STRONG.weight, true);
            let label = Shaped::new(self.fonts, &fact.label, LABEL.weight, false);
            let wide = (value.width() * STRONG.size).max(label.width() * LABEL.size).min(width);
            if x > 0.0 && x + wide > width {
                (x, y) = (0.0, next + 4.0);
            }
            let under = self.shaped(&mut block, slot(x, y, wide), &label, LABEL, owner);
            next = next.max(self.shaped(&mut block, slot(x, under - 1.5, wide), &value, STRONG, owner));
            x += wide + 2.0 * GUTTER;
        }
        let node = Owner::Node(self.node(Kind::Paragraph, 0));
        self.text(&mut block, slot(0.0, next + 4.0, width), &payment.note, SMALL, node);
        if let Some(code) = &payment.code {
            let owner = Owner::Node(self.node(Kind::Figure(clean(&code.says)), 0));
            let (x, y) = (self.inner() - CODE, GAP * 0.8);
            block.marks.push(Mark { x, y, height: CODE, owner, draw: Draw::Code(Rc::new(code.clone())) });
            block.height = block.height.max(y + CODE);
        }
        // The space after the notes may give way, so that the slip does not take a page of its own for its sake.
        self.y = (self.y - GAP * 0.75).max(MARGIN);
        if self.y + block.height > self.bottom && self.y > MARGIN && block.height < self.bottom - MARGIN {
            self.new_page();
        }
        self.y = self.y.max(self.bottom - block.height);
        self.place(block, 0.0);
    }
}
