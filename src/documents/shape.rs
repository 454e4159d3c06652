//! Text into glyphs, and glyphs into lines.
//!
//! Widths are in ems, so that a line does not know its size. Knows nothing of pages. A text is shaped in the direction
//! of its first letters; mixed directions are not reordered.

use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use harfrust::{ShapeOptions, UnicodeBuffer, script};
use krilla::text::{GlyphId, KrillaGlyph};

use super::fonts::{Face, Fonts, Weight, features};

/// What is drawn for a character that no font has; the text behind it stays what it was.
const BOX: &str = "□";

/// A line of glyphs.
#[derive(Default)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) runs: Vec<Run>,
    /// Width in ems, a space at its end left out.
    pub(super) width: f32,
}

/// Glyphs of one face; their text ranges are bytes of the line's text.
pub(super) struct Run {
    pub(super) face: Arc<Face>,
    pub(super) glyphs: Vec<KrillaGlyph>,
    pub(super) width: f32,
}

/// A text shaped but not yet broken: one line for each line feed in it.
pub(super) struct Shaped {
    lines: Vec<Rc<Line>>,
    weight: Weight,
    tabular: bool,
}

impl Shaped {
    /// Shapes `text` without what would hide or reorder it.
    pub(super) fn new(fonts: &Fonts, text: &str, weight: Weight, tabular: bool) -> Self {
        let line = |text: &str| Rc::new(Line::new(fonts, clean(text), weight, tabular));
        Self { lines: text.trim_end().split('\n').map(line).collect(), weight, tabular }
    }

    /// The width in ems that it takes unbroken.
    pub(super) fn width(&self) -> f32 {
        self.lines.iter().map(|l| l.width).fold(0.0, f32::max)
    }

    /// Its lines, none wider than `max` ems unless a single character is.
    pub(super) fn wrap(&self, fonts: &Fonts, max: f32) -> Vec<Rc<Line>> {
        let mut lines = Vec::new();
        for line in &self.lines {
            if line.width <= max {
                lines.push(line.clone());
            } else {
                let part = |r: Range<usize>| Line::new(fonts, line.text[r].to_owned(), self.weight, self.tabular);
                lines.extend(breaks(line, max).into_iter().map(|r| Rc::new(part(r))));
            }
        }
        lines
    }
}

impl Line {
    fn new(fonts: &Fonts, text: String, weight: Weight, tabular: bool) -> Self {
        let mut runs = Vec::new();
        shape(&fonts.faces(weight), &text, 0..text.len(), tabular, &mut runs);
        let trailing: f32 = if text.ends_with(' ') { runs.last().map_or(0.0, last_advance) } else { 0.0 };
        let width = runs.iter().map(|r| r.width).sum::<f32>() - trailing;
        Self { text, runs, width }
    }
}

fn last_advance(run: &Run) -> f32 {
    run.glyphs.last().map_or(0.0, |g| g.x_advance)
}

/// The text without controls and without characters that hide in it or override its direction.
pub(super) fn clean(text: &str) -> String {
    let keep = |c: char| match c {
        '\t' | '\r' | '\u{2028}' | '\u{2029}' => Some(' '),
        '\u{ad}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => None,
        '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' => None,
        '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e0fff}' => None,
        c => (!c.is_control()).then_some(c),
    };
    text.chars().filter_map(keep).collect()
}

/// Shapes `range` of `text` with the first of `faces`; hands what it lacks to the next, and boxes what none has.
fn shape(faces: &[&Arc<Face>], text: &str, range: Range<usize>, tabular: bool, runs: &mut Vec<Run>) {
    let Some((face, rest)) = faces.split_first() else { return };
    let Some(glyphs) = shape_with(face, &text[range.clone()], range.start, tabular) else { return };
    let missing = missing(&glyphs);
    if missing.is_empty() {
        return push(runs, face, glyphs);
    }
    let mut at = range.start;
    for gap in missing {
        if at < gap.start {
            push(runs, face, shape_with(face, &text[at..gap.start], at, tabular).unwrap_or_default());
        }
        if rest.is_empty() {
            boxes(text, gap.clone(), runs)
        } else {
            shape(rest, text, gap.clone(), tabular, runs)
        }
        at = gap.end;
    }
    if at < range.end {
        push(runs, face, shape_with(face, &text[at..range.end], at, tabular).unwrap_or_default());
    }
}

fn push(runs: &mut Vec<Run>, face: &Arc<Face>, glyphs: Vec<KrillaGlyph>) {
    let width = glyphs.iter().map(|g| g.x_advance).sum();
    runs.push(Run { face: Arc::clone(face), glyphs, width });
}

/// The glyphs of `text`, whose first byte is byte `offset` of its line. None when the font cannot be read.
fn shape_with(face: &Face, text: &str, offset: usize, tabular: bool) -> Option<Vec<KrillaGlyph>> {
    let font = face.parsed()?;
    let shaper = face.shaper.shaper(&font).build();
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(text);
    buffer.guess_segment_properties();
    // Figures and punctuation alone have no script; they are set as Latin, for which the plans are made.
    if !text.chars().any(char::is_alphabetic) {
        buffer.set_script(script::LATIN);
    }
    let options = ShapeOptions::new().features(features(tabular));
    let plan = (buffer.script() == script::LATIN).then(|| &face.plans[usize::from(tabular)]);
    let shaped = shaper.shape(buffer, options.plan(plan));
    let em = shaper.units_per_em().max(1) as f32;

    let mut starts: Vec<usize> = shaped.glyph_infos().iter().map(|i| i.cluster as usize).collect();
    starts.sort_unstable();
    starts.dedup();
    let end = |start: usize| starts.get(starts.partition_point(|s| *s <= start)).copied().unwrap_or(text.len());
    let glyph = |(info, place): (&harfrust::GlyphInfo, &harfrust::GlyphPosition)| KrillaGlyph {
        glyph_id: GlyphId::new(info.glyph_id),
        text_range: info.cluster as usize + offset..end(info.cluster as usize) + offset,
        x_advance: place.x_advance as f32 / em,
        x_offset: place.x_offset as f32 / em,
        y_offset: place.y_offset as f32 / em,
        y_advance: place.y_advance as f32 / em,
        location: None,
    };
    Some(shaped.glyph_infos().iter().zip(shaped.glyph_positions()).map(glyph).collect())
}

/// The stretches of text that the font has no glyphs for, in reading order.
fn missing(glyphs: &[KrillaGlyph]) -> Vec<Range<usize>> {
    let mut gaps: Vec<Range<usize>> =
        glyphs.iter().filter(|g| g.glyph_id.to_u32() == 0).map(|g| g.text_range.clone()).collect();
    gaps.sort_unstable_by_key(|r| r.start);
    gaps.dedup();
    gaps.dedup_by(|next, gap| {
        let joins = next.start <= gap.end;
        if joins {
            gap.end = gap.end.max(next.end);
        }
        joins
    });
    gaps
}

/// One box for each character. The box is a real glyph of the embedded font, since PDF/A forbids `.notdef`.
fn boxes(text: &str, range: Range<usize>, runs: &mut Vec<Run>) {
    let embedded = Fonts::embedded();
    let drawn = embedded.faces(Weight::Regular)[0].clone();
    let Some(one) = shape_with(&drawn, BOX, 0, false).and_then(|g| g.into_iter().next()) else { return };
    let glyphs = text[range.clone()].char_indices().map(|(at, c)| {
        let start = range.start + at;
        KrillaGlyph { text_range: start..start + c.len_utf8(), ..one.clone() }
    });
    push(runs, &drawn, glyphs.collect());
}

/// Greedy: the byte ranges of the lines that `line` becomes. A word wider than a line is broken inside.
fn breaks(line: &Line, max: f32) -> Vec<Range<usize>> {
    let clusters = clusters(line);
    let mut ranges = Vec::new();
    let (mut start, mut width) = (0, 0.0_f32);
    // Where the line may end, and how wide the text after that place has grown.
    let mut may: Option<(usize, f32)> = None;
    for (range, advance) in clusters {
        let space = line.text[range.clone()].starts_with(' ');
        if width + advance > max && range.start > start && !space {
            let (end, rest) = may.take().unwrap_or((range.start, 0.0));
            ranges.push(start..end);
            (start, width) = (end, rest);
            if width + advance > max && range.start > start {
                ranges.push(start..range.start);
                (start, width) = (range.start, 0.0);
            }
        }
        width += advance;
        if let Some((_, after)) = &mut may {
            *after += advance;
        }
        if breakable_after(&line.text, &range) {
            may = Some((range.end, 0.0));
        }
    }
    ranges.push(start..line.text.len());
    ranges
}

/// Clusters in reading order with their advances in ems.
fn clusters(line: &Line) -> Vec<(Range<usize>, f32)> {
    let mut clusters: Vec<(Range<usize>, f32)> =
        line.runs.iter().flat_map(|r| &r.glyphs).map(|g| (g.text_range.clone(), g.x_advance)).collect();
    clusters.sort_by_key(|(range, _)| range.start);
    clusters.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    clusters
}

/// After spaces and dashes, after a hyphen or slash between letters, and between ideographs.
fn breakable_after(text: &str, range: &Range<usize>) -> bool {
    let Some(last) = text[range.clone()].chars().next_back() else { return false };
    match last {
        ' ' | '–' | '—' => true,
        '-' | '/' => {
            let letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
            letter(text[..range.start].chars().next_back()) && letter(text[range.end..].chars().next())
        }
        c => ('\u{2e80}'..'\u{fb00}').contains(&c),
    }
}
