use std::sync::OnceLock;

use ab_glyph::{Font as _, FontRef, GlyphId, Point, PxScale, ScaleFont as _};

use crate::Error;

/// DejaVu Sans (licence beside it): holds Greek, subscripts and superscripts.
static BYTES: &[u8] = include_bytes!("../fonts/DejaVuSans.ttf");
static FONT: OnceLock<Option<FontRef<'static>>> = OnceLock::new();

/// The bundled font at one size. Text is measured and rasterised here and not by plotters, whose
/// ab_glyph backend drops each glyph's left bearing and cannot say that a character is missing.
#[derive(Clone, Copy)]
pub(crate) struct Font {
    font: &'static FontRef<'static>,
    scale: PxScale,
}

impl Font {
    /// The font with an em of `em` pixels.
    pub(crate) fn of(em: f64) -> Result<Self, Error> {
        let font = FONT
            .get_or_init(|| FontRef::try_from_slice(BYTES).ok())
            .as_ref()
            .ok_or_else(|| Error::Font("it is no OpenType font".into()))?;
        let units = font.units_per_em().ok_or_else(|| Error::Font("its em is unknown".into()))?;
        // PxScale counts ascent to descent; sizes here count the em, as printers do.
        let scale = PxScale::from(em as f32 * font.height_unscaled() / units);
        Ok(Self { font, scale })
    }

    /// The text as it can be drawn: line breaks and control characters become spaces, characters
    /// that the font lacks become U+FFFD, so that they are seen to be missing.
    pub(crate) fn drawable(&self, text: &str) -> String {
        text.chars().map(|c| self.drawable_char(c)).collect()
    }

    fn drawable_char(&self, c: char) -> char {
        match c {
            '\u{a0}' => c,
            c if c.is_control() || c.is_whitespace() => ' ',
            c if self.font.glyph_id(c) == GlyphId(0) => '\u{fffd}',
            c => c,
        }
    }

    /// Width of the text in pixels.
    pub(crate) fn width(&self, text: &str) -> f64 {
        let font = self.font.as_scaled(self.scale);
        self.pen_positions(text)
            .last()
            .map_or(0.0, |(c, x)| f64::from(x + font.h_advance(font.glyph_id(c))))
    }

    /// Height of a line of text in pixels: ascent and descent.
    pub(crate) fn height(&self) -> f64 {
        f64::from(self.font.as_scaled(self.scale).height())
    }

    /// The text cut to `room` pixels, with … for what is missing.
    pub(crate) fn shorten(&self, text: &str, room: f64) -> String {
        let font = self.font.as_scaled(self.scale);
        let dots = font.glyph_id('…');
        let (mut pen, mut previous) = (0.0, None);
        // The longest head after which dots still fit.
        let (mut head, mut head_fits) = (0, f64::from(font.h_advance(dots)) <= room);
        let mut shown = String::new();
        for c in text.chars().map(|c| self.drawable_char(c)) {
            let glyph = font.glyph_id(c);
            if let Some(previous) = previous.replace(glyph) {
                pen += font.kern(previous, glyph);
            }
            pen += font.h_advance(glyph);
            shown.push(c);
            if f64::from(pen) > room {
                if !head_fits {
                    return String::new();
                }
                shown.truncate(head);
                return format!("{}…", shown.trim_end());
            }
            if f64::from(pen + font.kern(glyph, dots) + font.h_advance(dots)) <= room {
                (head, head_fits) = (shown.len(), true);
            }
        }
        shown
    }

    /// The text broken at spaces (not at no-break spaces) into at most `lines` lines of `room` pixels; the last is shortened.
    pub(crate) fn wrap(&self, text: &str, room: f64, lines: usize) -> Vec<String> {
        let text = self.drawable(text);
        let mut rest = text.trim();
        let mut wrapped = Vec::new();
        while !rest.is_empty() && wrapped.len() < lines {
            let last = wrapped.len() + 1 == lines;
            let cut = if last || self.width(rest) <= room {
                rest.len()
            } else {
                rest.match_indices(' ')
                    .map(|(at, _)| at)
                    .take_while(|&at| self.width(&rest[..at]) <= room)
                    .last()
                    .unwrap_or(rest.len())
            };
            wrapped.push(self.shorten(&rest[..cut], room));
            rest = rest[cut..].trim_start();
        }
        wrapped
    }

    /// Calls `dot(x, y, coverage)` for each pixel of the text, whose box starts at (0, 0) and is
    /// [`Font::width`] by [`Font::height`] pixels.
    pub(crate) fn rasterize(&self, text: &str, mut dot: impl FnMut(i32, i32, f32)) {
        let font = self.font.as_scaled(self.scale);
        for (c, x) in self.pen_positions(text) {
            let place = Point { x, y: font.ascent() };
            let glyph = font.glyph_id(c).with_scale_and_position(self.scale, place);
            if let Some(outline) = self.font.outline_glyph(glyph) {
                let corner = outline.px_bounds().min;
                outline.draw(|dx, dy, coverage| {
                    dot(corner.x as i32 + dx as i32, corner.y as i32 + dy as i32, coverage);
                });
            }
        }
    }

    fn pen_positions(&self, text: &str) -> impl Iterator<Item = (char, f32)> {
        let font = self.font.as_scaled(self.scale);
        let mut pen = 0.0;
        let mut previous = None;
        text.chars().map(move |c| {
            let glyph = font.glyph_id(c);
            if let Some(previous) = previous.replace(glyph) {
                pen += font.kern(previous, glyph);
            }
            let at = pen;
            pen += font.h_advance(glyph);
            (c, at)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greek_subscripts_and_superscripts_are_there_and_others_show_as_missing() {
        let font = Font::of(30.0).unwrap();
        for text in ["β μ σ z₁ z₂ ×10⁻⁵ …−é", "\u{fffd}"] {
            assert_eq!(font.drawable(text), text);
        }
        assert_eq!(font.drawable("数字"), "\u{fffd}\u{fffd}");
        assert_eq!(font.drawable("a\nb\tc"), "a b c");
    }

    #[test]
    fn an_em_is_the_size_asked_for() {
        // DejaVu Sans: advance of "m" is 1995 of 2048 units.
        assert!((Font::of(100.0).unwrap().width("m") - 97.4).abs() < 0.1);
    }

    #[test]
    fn shortened_text_fits_and_keeps_as_much_as_it_can() {
        let font = Font::of(30.0).unwrap();
        let long = "reconstruction ".repeat(20);
        for room in [0.0, 10.0, 31.0, 200.0, 777.0] {
            let short = font.shorten(&long, room);
            assert!(font.width(&short) <= room);
            assert!(short.is_empty() || short.ends_with('…'));
        }
        assert!(font.width(&font.shorten(&long, 777.0)) > 700.0);
        assert_eq!(font.shorten("short", 777.0), "short");
    }

    #[test]
    fn wrapping_breaks_at_spaces_and_shortens_the_last_line() {
        let font = Font::of(30.0).unwrap();
        let room = font.width("one two ");
        assert_eq!(font.wrap("one two three", room, 3), ["one two", "three"]);
        let two = font.wrap("one two three four five", room, 2);
        assert_eq!(two[0], "one two");
        assert!(two[1].ends_with('…'));
        assert!(font.wrap("  ", room, 2).is_empty());
    }

    #[test]
    fn ink_stays_inside_the_measured_box() {
        let font = Font::of(30.0).unwrap();
        let text = "ÅjgQ|β(…)₁⁹—Wf";
        let (width, height) = (font.width(text), font.height());
        font.rasterize(text, |x, y, coverage| {
            if coverage > 0.05 {
                assert!(x >= 0 && y >= 0, "({x}, {y})");
                assert!(f64::from(x) <= width && f64::from(y) <= height, "({x}, {y})");
            }
        });
    }
}
