//! Tables, their totals, and how wide their columns are.

use super::{
    Align, BODY, Block, CAPTION, GAP, GUTTER, Ink, Kind, LABEL, MOST_FURNITURE, Maker, Owner, PAD, SIDE, SMALL, SUM,
    Slot, Style, Weight, slot,
};
use crate::documents::shape::{Shaped, clean};
use crate::documents::sheet::{Column, Row, Section, Table, Total, Width};

/// How much of the width the columns that fit their contents may take together.
const FIT_SHARE: f32 = 0.62;

impl Maker<'_> {
    pub(super) fn section(&mut self, section: &Section) {
        let width = self.inner();
        if !section.heading.is_empty() {
            self.heading(&section.heading);
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
        let heads: Vec<Heading> = table.columns.iter().map(|x| self.heading_of(&x.heading)).collect();
        let slots = slots(&table.columns, &heads, &cells, width, style.size);
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

    fn heading_of(&self, text: &str) -> Heading {
        let wide = |text: &str| Shaped::new(self.fonts, text, LABEL.weight, false).width() * LABEL.size;
        let whole = wide(text);
        let apart = whole.max(text.chars().count() as f32 * LABEL.size * 0.6);
        [apart, whole, text.split(' ').map(wide).fold(0.0, f32::max)]
    }

    fn cells(&self, table: &Table, style: Style) -> Vec<Vec<Shaped>> {
        let row = |row: &Row| {
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
}

/// How wide a heading is: a little apart from its neighbours, as it is, and broken between its words.
type Heading = [f32; 3];

/// Where the columns stand: those that fit their contents first, the rest by shares of what is left. Where they are too
/// many, headings give way before figures break.
fn slots(columns: &[Column], heads: &[Heading], cells: &[Vec<Shaped>], width: f32, size: f32) -> Vec<Slot> {
    let gutter = GUTTER.min(width * 0.5 / columns.len() as f32);
    let room = width - gutter * (columns.len() - 1) as f32;
    let natural = |n: usize, tier: usize| {
        let head = heads.get(n).map_or(0.0, |x| x[tier]);
        cells.iter().filter_map(|row| row.get(n)).map(|c| c.width() * size).fold(head, f32::max)
    };
    let fitting = |tier: usize| -> Vec<Option<f32>> {
        columns.iter().enumerate().map(|(n, c)| (c.width == Width::Fit).then(|| natural(n, tier))).collect()
    };
    let shares: u32 = columns.iter().map(|c| if let Width::Share(s) = c.width { u32::from(s.max(1)) } else { 0 }).sum();
    let most = if shares > 0 { room * FIT_SHARE } else { room };
    let sum = |fits: &[Option<f32>]| fits.iter().flatten().sum::<f32>();
    let fits = (0..2).map(fitting).find(|fits| sum(fits) <= most).unwrap_or_else(|| fitting(2));
    let fitted = sum(&fits);
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
