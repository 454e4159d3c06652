//! A laid-out [`Sheet`] as a PDF file: PDF/A-3b, tagged after PDF/UA-1, the same bytes for the same input.

use std::num::NonZeroU16;

use jiff::{Timestamp, tz::TimeZone};
use krilla::color::rgb;
use krilla::configure::{Accessibility, Archival, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::embed::{AssociationKind, EmbeddedFile, MimeType};
use krilla::error::KrillaError;
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, SpanTag, TableHeaderScope, Tag, TagGroup, TagKind, TagTree,
};
use krilla::{Document, SerializeSettings};

use super::layout::{Draw, Ink, Kind, Laid, Mark, Node, Owner, lay_out};
use super::shape::{Line, clean};
use super::sheet::Code;
use super::words::words;
use super::{DocumentError, Fonts, LogoFormat, MAX_LOGO_SIDE, Sheet, facturx};
use crate::domain::language::Language;

/// What the file says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Shown by a reader in place of the file name.
    pub title: String,
    /// The firm.
    pub author: String,
    /// When the document was made.
    pub created: Timestamp,
    /// Stays the same through the document's versions.
    pub document_id: String,
}

/// Draws `sheet` as a PDF.
///
/// # Errors
/// A logo that cannot be read, too many pages, or a refusal of the PDF writer.
pub fn pdf(sheet: &Sheet, fonts: &Fonts, meta: &Meta) -> Result<Vec<u8>, DocumentError> {
    drawn(sheet, fonts, meta, None)
}

/// As [`pdf`], with `xml`, an EN 16931 invoice as CII, inside: Factur-X.
///
/// # Errors
/// As [`pdf`].
pub fn factur_x(sheet: &Sheet, fonts: &Fonts, meta: &Meta, xml: String) -> Result<Vec<u8>, DocumentError> {
    facturx::declare(drawn(sheet, fonts, meta, Some(xml))?)
}

fn drawn(sheet: &Sheet, fonts: &Fonts, meta: &Meta, xml: Option<String>) -> Result<Vec<u8>, DocumentError> {
    let logo = sheet.brand.logo.as_ref().map(|logo| image(logo.format, &logo.bytes)).transpose()?;
    let laid = lay_out(sheet, fonts, logo.as_ref().map(Image::size))?;
    let mut document = Document::new_with(settings()?);
    let mut pen = Pen { logo, accent: readable(sheet.brand.colour), tagged: Vec::new(), size: laid.size };
    let settings = PageSettings::from_wh(laid.size.0, laid.size.1).ok_or_else(|| refused("page size"))?;
    for marks in &laid.pages {
        let mut page = document.start_page_with(settings.clone());
        let mut surface = page.surface();
        pen.page(&mut surface, marks);
        surface.finish();
        page.finish();
    }
    let language = clean(&sheet.language);
    let language = if language.is_empty() { "en" } else { &language };
    document.set_metadata(metadata(meta, language));
    if let Some(xml) = xml {
        let taken = document.embed_file(embedded(xml, meta, sheet.speaks)?).is_some();
        taken.then_some(()).ok_or_else(|| refused("the XML was not taken"))?;
    }
    document.set_outline(outline(meta));
    document.set_tag_tree(tree(&laid, pen.tagged, language));
    document.finish().map_err(finished)
}

fn refused(why: impl std::fmt::Display) -> DocumentError {
    DocumentError::Writer(why.to_string())
}

fn finished(error: KrillaError) -> DocumentError {
    match error {
        KrillaError::Image(_, _, why) => DocumentError::Logo(why),
        KrillaError::Validation(faults) => {
            let faults: Vec<String> = faults.iter().map(|(fault, _)| format!("{fault:?}")).collect();
            refused(faults.join(", "))
        }
        other => refused(other),
    }
}

fn settings() -> Result<SerializeSettings, DocumentError> {
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A3_B)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|_| refused("the standards do not go together"))?;
    Ok(SerializeSettings { configuration, ..SerializeSettings::default() })
}

fn image(format: LogoFormat, bytes: &[u8]) -> Result<Image, DocumentError> {
    let data = krilla::Data::from(bytes.to_vec());
    let image = match format {
        LogoFormat::Png => Image::from_png(data, false),
        LogoFormat::Jpeg => Image::from_jpeg(data, false),
    }
    .map_err(DocumentError::Logo)?;
    let (width, height) = image.size();
    if width > MAX_LOGO_SIDE || height > MAX_LOGO_SIDE {
        return Err(DocumentError::Logo(format!("it has {width} × {height} pixels")));
    }
    Ok(image)
}

/// Draws a picture on a page of its own as documents will draw it, and throws the page away; its size in pixels.
pub(super) fn draw_alone(format: LogoFormat, bytes: &[u8]) -> Result<(u32, u32), DocumentError> {
    let image = image(format, bytes)?;
    let size = image.size();
    let archival = ConfigurationBuilder::new().with_archival_validator(Archival::A3_B).finish();
    let configuration = archival.map_err(|_| refused("the standard is not known"))?;
    let mut document = Document::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
    let drawn = Size::from_wh(100.0, 100.0).ok_or_else(|| refused("page size"))?;
    let page_size = PageSettings::from_wh(100.0, 100.0).ok_or_else(|| refused("page size"))?;
    let mut page = document.start_page_with(page_size);
    let mut surface = page.surface();
    surface.draw_image(image, drawn);
    surface.finish();
    page.finish();
    document.finish().map_err(finished)?;
    Ok(size)
}

fn embedded(xml: String, meta: &Meta, language: Language) -> Result<EmbeddedFile, DocumentError> {
    Ok(EmbeddedFile {
        path: facturx::FILE_NAME.to_owned(),
        mime_type: Some(MimeType::new("text/xml").ok_or_else(|| refused("the XML's media type"))?),
        description: Some(words(language).sheet.xml.to_owned()),
        association_kind: AssociationKind::Alternative,
        data: krilla::Data::from(xml.into_bytes()),
        modification_date: Some(instant(meta.created)),
        compress: Some(true),
        location: None,
    })
}

fn instant(at: Timestamp) -> DateTime {
    let at = at.to_zoned(TimeZone::UTC);
    let part = |n: i8| n.unsigned_abs();
    DateTime::new(at.year().unsigned_abs())
        .month(part(at.month()))
        .day(part(at.day()))
        .hour(part(at.hour()))
        .minute(part(at.minute()))
        .second(part(at.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}

fn metadata(meta: &Meta, language: &str) -> Metadata {
    Metadata::new()
        .title(name(meta))
        .authors(vec![clean(&meta.author)])
        .creator("Counterfoil".to_owned())
        .producer("Counterfoil".to_owned())
        .language(language.to_owned())
        .creation_date(instant(meta.created))
        .document_id(clean(&meta.document_id))
}

/// The file's title, which PDF/UA demands: never empty.
fn name(meta: &Meta) -> String {
    let names = [clean(&meta.title), clean(&meta.document_id), "Document".to_owned()];
    names.into_iter().find(|n| !n.trim().is_empty()).unwrap_or_default()
}

fn outline(meta: &Meta) -> Outline {
    let mut outline = Outline::new();
    outline.push_child(OutlineNode::new(name(meta), XyzDestination::new(0, Point::from_xy(0.0, 0.0))));
    outline
}

/// Draws marks, and remembers which content belongs to which node.
struct Pen {
    logo: Option<Image>,
    accent: [u8; 3],
    tagged: Vec<(usize, Identifier)>,
    size: (f32, f32),
}

impl Pen {
    fn page(&mut self, surface: &mut Surface<'_>, marks: &[Mark]) {
        for mark in marks {
            let furniture = |kind| ContentTag::Artifact(Artifact::with_kind(kind));
            let tag = match mark.owner {
                Owner::Node(_) if matches!(mark.draw, Draw::Text { .. }) => ContentTag::Span(SpanTag::empty()),
                Owner::Node(_) => ContentTag::Other,
                Owner::Foot => furniture(ArtifactType::Footer),
                Owner::Furniture if matches!(mark.draw, Draw::Watermark { .. }) => furniture(ArtifactType::Watermark),
                Owner::Furniture if matches!(mark.draw, Draw::Text { .. }) => furniture(ArtifactType::Header),
                Owner::Furniture => furniture(ArtifactType::Layout),
            };
            let id = surface.start_tagged(tag);
            self.mark(surface, mark);
            surface.end_tagged();
            if let Owner::Node(node) = mark.owner {
                self.tagged.push((node, id));
            }
        }
    }

    fn mark(&self, surface: &mut Surface<'_>, mark: &Mark) {
        match &mark.draw {
            Draw::Text { line, size, ink } => {
                // By the slot and not by the size, so that labels share the baseline of their values.
                let baseline = mark.y + mark.height * 0.75;
                self.line(surface, line, *size, *ink, (mark.x, baseline));
            }
            Draw::Rule { length, weight, ink, dashed } => {
                let dash = dashed.then(|| StrokeDash { array: vec![3.0, 3.0], offset: 0.0 });
                let mut path = PathBuilder::new();
                path.move_to(mark.x, mark.y);
                path.line_to(mark.x + length, mark.y);
                let Some(path) = path.finish() else { return };
                surface.set_fill(None);
                surface.set_stroke(Some(Stroke {
                    paint: self.ink(*ink).into(),
                    width: *weight,
                    dash,
                    ..Stroke::default()
                }));
                surface.draw_path(&path);
                surface.set_stroke(None);
            }
            Draw::Logo { width } => {
                let (Some(image), Some(size)) = (&self.logo, Size::from_wh(*width, mark.height)) else { return };
                surface.push_transform(&Transform::from_translate(mark.x, mark.y));
                surface.draw_image(image.clone(), size);
                surface.pop();
            }
            Draw::Code(code) => self.code(surface, code, mark),
            Draw::Watermark { line, size } => {
                let (x, y) = (self.size.0 / 2.0, self.size.1 / 2.0);
                // A quarter of a right angle and more: the slope of the page's own diagonal.
                let (sin, cos) = (-0.743, 0.669);
                surface.push_transform(&Transform::from_row(cos, sin, -sin, cos, x, y));
                self.line(surface, line, *size, Ink::Watermark, (-line.width * size / 2.0, size * 0.364));
                surface.pop();
            }
        }
    }

    fn line(&self, surface: &mut Surface<'_>, line: &Line, size: f32, ink: Ink, (mut x, y): (f32, f32)) {
        surface.set_fill(Some(Fill { paint: self.ink(ink).into(), ..Fill::default() }));
        for run in &line.runs {
            surface.draw_glyphs(Point::from_xy(x, y), &run.glyphs, run.face.font.clone(), &line.text, size, false);
            x += run.width * size;
        }
    }

    /// In black, whatever the firm's colour: that is what cameras read best.
    fn code(&self, surface: &mut Surface<'_>, code: &Code, mark: &Mark) {
        let module = mark.height / code.side.max(1) as f32;
        let mut path = PathBuilder::new();
        for (x, y, width) in code.spots() {
            let [x, y, width] = [x, y, width].map(|n| n as f32 * module);
            if let Some(spot) = Rect::from_xywh(mark.x + x, mark.y + y, width, module) {
                path.push_rect(spot);
            }
        }
        let Some(path) = path.finish() else { return };
        surface.set_fill(Some(Fill { paint: rgb::Color::new(0, 0, 0).into(), ..Fill::default() }));
        surface.draw_path(&path);
    }

    fn ink(&self, ink: Ink) -> rgb::Color {
        let [r, g, b] = match ink {
            Ink::Text => [0x1c, 0x1c, 0x1a],
            Ink::Soft => [0x5c, 0x5b, 0x57],
            Ink::Hairline => [0xb9, 0xb7, 0xb0],
            Ink::Warning => [0xa3, 0x2a, 0x12],
            Ink::Watermark => [0xf1, 0xef, 0xec],
            Ink::Accent => self.accent,
        };
        rgb::Color::new(r, g, b)
    }
}

/// `colour`, darkened until it contrasts with white at least 4.5 to 1 (WCAG 2 AA).
pub(super) fn readable(colour: [u8; 3]) -> [u8; 3] {
    let linear = |c: f32| if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
    let luminance = |[r, g, b]: [f32; 3]| 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    let mut shade = colour.map(|c| f32::from(c) / 255.0);
    // 1.05 / (L + 0.05) ≥ 4.5; each step takes 4% off, so black is near long before the bound.
    for _ in 0..100 {
        if luminance(shade) <= 0.18 {
            break;
        }
        shade = shade.map(|c| c * 0.96);
    }
    shade.map(|c| (c * 255.0).round().clamp(0.0, 255.0) as u8)
}

/// The tag tree: nodes in the order they were made, each with its content before its children.
fn tree(laid: &Laid, tagged: Vec<(usize, Identifier)>, language: &str) -> TagTree {
    let mut groups: Vec<TagGroup> = laid.nodes.iter().map(|n| TagGroup::new(tag(n))).collect();
    let mut filled = vec![false; groups.len()];
    for (node, id) in tagged {
        groups[node].push(id);
        filled[node] = true;
    }
    let mut children: Vec<Vec<TagGroup>> = laid.nodes.iter().map(|_| Vec::new()).collect();
    // From the last node back, so that every child is complete before its parent takes it.
    for (i, node) in laid.nodes.iter().enumerate().rev() {
        let Some(mut group) = groups.pop() else { break };
        let own = std::mem::take(&mut children[i]);
        // An empty cell still counts its column; any other empty part says nothing.
        let cell = matches!(node.kind, Kind::Cell | Kind::ColumnHead | Kind::RowHead);
        let says = filled[i] || !own.is_empty() || cell;
        own.into_iter().rev().for_each(|child| group.push(child));
        if i == 0 {
            let mut tree = TagTree::new().with_lang(Some(language.to_owned()));
            tree.push(group);
            return tree;
        }
        if says {
            children[node.parent].push(group);
        }
    }
    TagTree::new()
}

fn tag(node: &Node) -> TagKind {
    match &node.kind {
        Kind::Division => Tag::Div.into(),
        Kind::Paragraph => Tag::P.into(),
        Kind::Heading(level, title) => {
            Tag::Hn(NonZeroU16::new(*level).unwrap_or(NonZeroU16::MIN), Some(title.clone())).into()
        }
        Kind::Figure(alt) => Tag::Figure(Some(alt.clone())).into(),
        Kind::Table(summary) => Tag::Table.with_summary((!summary.is_empty()).then(|| summary.clone())).into(),
        Kind::TableHead => Tag::THead.into(),
        Kind::TableBody => Tag::TBody.into(),
        Kind::TableRow => Tag::TR.into(),
        Kind::ColumnHead => Tag::TH(TableHeaderScope::Column).into(),
        Kind::RowHead => Tag::TH(TableHeaderScope::Row).into(),
        Kind::Cell => Tag::TD.into(),
    }
}
