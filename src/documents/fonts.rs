//! The typefaces: Inter in two weights, embedded, and at most one fallback font of the firm's choice.
//!
//! Parsed once, shared cheaply. Knows nothing of lines or pages.

use std::sync::{Arc, OnceLock};

use harfrust::{Direction, Feature, FontRef, ShapePlan, ShaperData, Tag, script};
use krilla::text::Font;

use super::DocumentError;

static REGULAR: &[u8] = include_bytes!("../../assets/fonts/Inter-Regular.otf");
static SEMIBOLD: &[u8] = include_bytes!("../../assets/fonts/Inter-SemiBold.otf");

/// The fonts that a document is drawn with. Cheap to clone.
#[derive(Clone)]
pub struct Fonts(Arc<Faces>);

struct Faces {
    inter: [Arc<Face>; 2],
    fallback: Option<Arc<Face>>,
}

/// Weight of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Regular = 0,
    Strong = 1,
}

/// One font file, ready for shaping and for embedding.
pub(super) struct Face {
    bytes: krilla::Data,
    /// Caches of the shaper.
    pub(super) shaper: ShaperData,
    /// Plans for Latin text: with proportional and with tabular figures. Making one costs more than using it.
    pub(super) plans: [ShapePlan; 2],
    /// The font as the PDF writer holds it.
    pub(super) font: Font,
}

impl Fonts {
    /// The embedded fonts alone.
    pub fn embedded() -> Self {
        static FONTS: OnceLock<Fonts> = OnceLock::new();
        FONTS
            .get_or_init(|| {
                let face = |bytes: &'static [u8]| {
                    Arc::new(
                        Face::new(bytes.into())
                            .expect("the embedded fonts are part of the binary and a test reads them"),
                    )
                };
                Self(Arc::new(Faces { inter: [face(REGULAR), face(SEMIBOLD)], fallback: None }))
            })
            .clone()
    }

    /// The embedded fonts, and `bytes` (an OpenType or TrueType file) for characters that they lack.
    ///
    /// # Errors
    /// [`DocumentError::Font`] when the bytes are not a readable font.
    pub fn with_fallback(bytes: Vec<u8>) -> Result<Self, DocumentError> {
        let fallback = Some(Arc::new(Face::new(bytes.into()).ok_or(DocumentError::Font)?));
        Ok(Self(Arc::new(Faces { inter: Self::embedded().0.inter.clone(), fallback })))
    }

    /// The faces to try for text of `weight`, first choice first.
    pub(super) fn faces(&self, weight: Weight) -> Vec<&Arc<Face>> {
        std::iter::once(&self.0.inter[weight as usize]).chain(&self.0.fallback).collect()
    }
}

impl Face {
    fn new(bytes: krilla::Data) -> Option<Self> {
        let font = Font::new(bytes.clone(), 0)?;
        let (shaper, plans) = {
            let font = FontRef::from_index(bytes.as_ref(), 0).ok()?;
            let data = ShaperData::new(&font);
            let plan = |tabular| {
                let shaper = data.shaper(&font).build();
                ShapePlan::new(&shaper, Direction::LeftToRight, Some(script::LATIN), None, features(tabular))
            };
            let plans = [plan(false), plan(true)];
            (data, plans)
        };
        Some(Self { bytes, shaper, plans, font })
    }

    /// The file, parsed again: its table directory only, so it costs next to nothing.
    pub(super) fn parsed(&self) -> Option<FontRef<'_>> {
        FontRef::from_index(self.bytes.as_ref(), 0).ok()
    }
}

/// Features on top of the shaper's own (kerning, ligatures, contextual forms, marks).
pub(super) fn features(tabular: bool) -> &'static [Feature] {
    const TABULAR: [Feature; 1] = [Feature { tag: Tag::new(b"tnum"), value: 1, start: 0, end: u32::MAX }];
    if tabular { &TABULAR } else { &[] }
}
