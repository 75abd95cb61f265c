//! Pictures as pixels, where the terminal draws them: sixel, kitty's protocol, iTerm2's.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use image::{DynamicImage, RgbImage};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::widgets::Widget;
use ratatui_image::picker::cap_parser::QueryStdioOptions;
use ratatui_image::picker::{Picker, ProtocolType};
use ratatui_image::protocol::Protocol;
use ratatui_image::{FontSize, Image, Resize};

use super::picture::Picture;
use crate::{Error, terminal};

/// How pictures are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pictures {
    /// As half blocks, two pixels a cell: anywhere, and in the fewest bytes.
    #[default]
    Blocks,
    /// As pixels where the terminal says that it can, else as half blocks.
    Auto,
    Sixel,
    Kitty,
    Iterm2,
}

impl FromStr for Pictures {
    type Err = String;

    fn from_str(name: &str) -> Result<Pictures, String> {
        match name {
            "blocks" => Ok(Pictures::Blocks),
            "auto" => Ok(Pictures::Auto),
            "sixel" => Ok(Pictures::Sixel),
            "kitty" => Ok(Pictures::Kitty),
            "iterm2" => Ok(Pictures::Iterm2),
            _ => Err(format!(
                "`{name}` is no way to draw pictures; there are blocks, auto, sixel, kitty and iterm2"
            )),
        }
    }
}

/// A way to draw pixels, for as long as the process lives: it is decided once.
#[derive(Clone, Copy)]
pub(crate) struct Pixels(&'static Painter);

struct Painter {
    picker: Picker,
    /// What was encoded last, by picture and cells: encoding takes long, and kitty is sent each picture once.
    encoded: Mutex<Vec<(Key, Protocol)>>,
}

type Key = (u64, Size);

/// As many pictures as a screen shows at once, twice.
const KEPT: usize = 48;

impl Pixels {
    /// The way that is wished for, on a terminal that has been taken and not read from; `None` for half blocks.
    ///
    /// # Errors
    /// [`Error::NoPixels`] where the terminal does not tell how large its cells are.
    pub fn choose(pictures: Pictures) -> Result<Option<Pixels>, Error> {
        let protocol = match pictures {
            Pictures::Blocks => return Ok(None),
            Pictures::Auto => {
                // A question that is not answered leaves a reader behind, which would take the next keys.
                if !terminal::answers(Picker::halfblocks().tmux_detected())? {
                    return Ok(None);
                }
                // Deflating takes a moment and saves most of the bytes, which is what a line is short of.
                let wishes =
                    QueryStdioOptions { kitty_compression: true, ..QueryStdioOptions::default() };
                let answered = Picker::from_query_stdio_with_options(wishes).ok();
                let picker = answered.filter(|p| p.protocol_type() != ProtocolType::Halfblocks);
                return Ok(picker.map(Pixels::with));
            }
            Pictures::Sixel => ProtocolType::Sixel,
            Pictures::Kitty => ProtocolType::Kitty,
            Pictures::Iterm2 => ProtocolType::Iterm2,
        };
        let window = crossterm::terminal::window_size().map_err(Error::terminal("measure"))?;
        let (columns, rows) = (window.columns.max(1), window.rows.max(1));
        let cell = FontSize::new(window.width / columns, window.height / rows);
        if cell.width == 0 || cell.height == 0 {
            return Err(Error::NoPixels);
        }
        Ok(Some(Pixels::speaking(protocol, cell)))
    }

    /// A protocol that is known, with cells of so many pixels.
    fn speaking(protocol: ProtocolType, cell: FontSize) -> Pixels {
        #[expect(
            deprecated,
            reason = "it is the one way to a picker without a question to the terminal"
        )]
        let mut picker = Picker::from_fontsize(cell);
        picker.set_protocol_type(protocol);
        Pixels::with(picker)
    }

    fn with(picker: Picker) -> Pixels {
        Pixels(Box::leak(Box::new(Painter { picker, encoded: Mutex::default() })))
    }

    /// Nothing that was sent is on the screen any more.
    pub fn forget(self) {
        self.0.encoded.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The columns and rows that a picture takes of an area: enlarged by a whole factor, or reduced to fit.
    pub fn cells(self, picture: &Picture, area: Rect) -> Size {
        let (width, height) = self.pixels(picture, area);
        let cell = self.0.picker.font_size();
        let cells = |pixels: usize, of: u16| pixels.div_ceil(usize::from(of.max(1))) as u16;
        Size::new(cells(width, cell.width), cells(height, cell.height))
    }

    /// Draws a picture, as large as fits; does nothing where it can't be encoded.
    pub fn paint(self, picture: &Picture, area: Rect, buf: &mut Buffer) {
        let size = self.cells(picture, area);
        let mut hasher = DefaultHasher::new();
        (picture.width, picture.height, &picture.pixels).hash(&mut hasher);
        let key = (hasher.finish(), size);
        let mut encoded = self.0.encoded.lock().unwrap_or_else(PoisonError::into_inner);
        let at = encoded.iter().position(|(other, _)| *other == key);
        // The newest is last; what has not been drawn for long goes first.
        match at {
            Some(at) => {
                let found = encoded.remove(at);
                encoded.push(found);
            }
            None => {
                let Some(protocol) = self.encode(picture, area, size) else { return };
                if encoded.len() >= KEPT {
                    encoded.remove(0);
                }
                encoded.push((key, protocol));
            }
        }
        if let Some((_, protocol)) = encoded.last() {
            Image::new(protocol).render(area, buf);
        }
    }

    fn encode(self, picture: &Picture, area: Rect, size: Size) -> Option<Protocol> {
        let (width, height) = self.pixels(picture, area);
        let scaled = picture.scaled(width, height);
        let bytes = scaled.pixels.as_flattened().to_vec();
        let image = RgbImage::from_raw(width as u32, height as u32, bytes)?;
        self.0.picker.new_protocol(DynamicImage::ImageRgb8(image), size, Resize::Fit(None)).ok()
    }

    /// The size of a picture in an area, in pixels of the terminal.
    fn pixels(self, picture: &Picture, area: Rect) -> (usize, usize) {
        let cell = self.0.picker.font_size();
        let room = |cells: u16, of: u16| usize::from(cells) * usize::from(of);
        picture.fit(room(area.width, cell.width), room(area.height, cell.height))
    }
}

impl fmt::Debug for Pixels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pixels({:?})", self.0.picker.protocol_type())
    }
}

impl PartialEq for Pixels {
    fn eq(&self, other: &Pixels) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Pixels {}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::buffer::CellDiffOption;

    fn gradient() -> Picture {
        let pixels = (0..64u8).map(|i| [4 * i, 255 - 4 * i, 0]).collect();
        Picture { width: 8, height: 8, pixels }
    }

    fn painted(protocol: ProtocolType, times: usize) -> Vec<Buffer> {
        let pixels = Pixels::speaking(protocol, FontSize::new(10, 20));
        let area = Rect::new(1, 1, 18, 8);
        assert_eq!(pixels.cells(&gradient(), area), Size::new(16, 8));
        let draw = || {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 10));
            pixels.paint(&gradient(), area, &mut buffer);
            buffer
        };
        (0..times).map(|_| draw()).collect()
    }

    #[test]
    fn a_sixel_stands_in_the_first_cell_and_the_others_are_left_alone() {
        let frames = painted(ProtocolType::Sixel, 2);
        let first = &frames[0][(1, 1)];
        assert!(first.symbol().contains("\x1bP"), "{:?}", first.symbol());
        assert_eq!(frames[0][(2, 1)].diff_option, CellDiffOption::Skip);
        assert_eq!(frames[0][(16, 8)].diff_option, CellDiffOption::Skip);
        assert_eq!(frames[0][(17, 8)].diff_option, CellDiffOption::None);
        assert_eq!(frames[0], frames[1], "an unchanged screen costs nothing");
    }

    #[test]
    fn kitty_is_sent_a_picture_once() {
        let frames = painted(ProtocolType::Kitty, 2);
        assert!(frames[0][(1, 1)].symbol().contains("_G"));
        assert!(!frames[1][(1, 1)].symbol().contains("_G"));
        assert!(frames[1][(1, 1)].symbol().starts_with('\u{10EEEE}'));
    }

    #[test]
    fn iterm2_gets_a_file() {
        assert!(painted(ProtocolType::Iterm2, 1)[0][(1, 1)].symbol().contains("]1337;File="));
    }
}
