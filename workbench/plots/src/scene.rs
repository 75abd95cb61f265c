use crate::font::Font;
use crate::{Color, Error};

/// The rectangle of one text of a figure, in pixels of its PNG, from the top left corner.
#[derive(Debug, Clone, PartialEq)]
pub struct TextBox {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width as drawn, after rotation.
    pub width: f64,
    /// Height as drawn, after rotation: of a whole line, ascent and descent.
    pub height: f64,
    /// The text as drawn, after shortening.
    pub text: String,
}

impl TextBox {
    /// Whether two boxes share some area.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.x < other.x + other.width
            && other.x < self.x + self.width
            && self.y < other.y + other.height
            && other.y < self.y + self.height
    }
}

/// What a layout made: everything that painting needs, in pixels.
pub(crate) struct Scene {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// In drawing order.
    pub(crate) shapes: Vec<Shape>,
    /// Drawn over the shapes.
    pub(crate) pictures: Vec<Placed>,
    /// Drawn last.
    pub(crate) texts: Vec<Text>,
}

pub(crate) type Dot = (f64, f64);

pub(crate) enum Shape {
    /// A filled axis-aligned rectangle from its upper left to its lower right corner.
    Rectangle { from: Dot, to: Dot, color: Color },
    /// A filled outline.
    Polygon { outline: Vec<Dot>, color: Color, alpha: f64 },
    /// An opaque line with round joins; `dash` is the length of a dash and of a gap.
    Stroke { path: Vec<Dot>, width: f64, dash: Option<(f64, f64)>, color: Color },
}

/// An RGB picture, already at its size on the canvas.
pub(crate) struct Placed {
    pub(crate) x: usize,
    pub(crate) y: usize,
    pub(crate) width: usize,
    pub(crate) rgb: Vec<u8>,
}

pub(crate) struct Text {
    pub(crate) bounds: TextBox,
    pub(crate) em: f64,
    /// Read from bottom to top.
    pub(crate) upright: bool,
    pub(crate) color: Color,
}

/// Which point of its box a text is placed by, along each axis.
#[derive(Clone, Copy)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    fn share(self) -> f64 {
        match self {
            Self::Start => 0.0,
            Self::Middle => 0.5,
            Self::End => 1.0,
        }
    }
}

impl Scene {
    pub(crate) fn new(width: usize) -> Self {
        Self { width, height: 0, shapes: Vec::new(), pictures: Vec::new(), texts: Vec::new() }
    }

    /// Places a text; an empty one is left out. The text must already be drawable and fit.
    pub(crate) fn text(
        &mut self,
        text: &str,
        em: f64,
        at: Dot,
        anchors: (Anchor, Anchor),
        upright: bool,
    ) -> Result<(), Error> {
        if text.is_empty() {
            return Ok(());
        }
        let font = Font::of(em)?;
        let (mut width, mut height) = (font.width(text), font.height());
        if upright {
            std::mem::swap(&mut width, &mut height);
        }
        // Whole pixels keep the strokes of letters sharp.
        let bounds = TextBox {
            x: (at.0 - width * anchors.0.share()).round(),
            y: (at.1 - height * anchors.1.share()).round(),
            width,
            height,
            text: text.to_string(),
        };
        self.texts.push(Text { bounds, em, upright, color: Color::INK });
        Ok(())
    }

    /// A straight line.
    pub(crate) fn line(&mut self, from: Dot, to: Dot, width: f64, color: Color) {
        self.shapes.push(Shape::Stroke { path: vec![from, to], width, dash: None, color });
    }

    /// A filled rectangle.
    pub(crate) fn rectangle(&mut self, from: Dot, to: Dot, color: Color) {
        self.shapes.push(Shape::Rectangle { from, to, color });
    }
}
