//! The bytes that a frame takes: what changed, and no more.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};

pub(super) const CLEAR: &[u8] = b"\x1b[0m\x1b[2J";
const BEGIN_FRAME: &[u8] = b"\x1b[?2026h";
const END_FRAME: &[u8] = b"\x1b[?2026l";

/// The bytes that turn one screen into another; `None` where they are the same.
pub(super) fn frame(shown: Option<&Buffer>, next: &Buffer) -> Option<Vec<u8>> {
    let blank;
    let (shown, whole) = match shown {
        Some(shown) if shown.area == next.area => (shown, false),
        _ => {
            blank = Buffer::empty(next.area);
            (&blank, true)
        }
    };
    let changes = shown.diff(next);
    if changes.is_empty() && !whole {
        return None;
    }
    let mut out = Vec::with_capacity(256 + changes.len() * 6);
    out.extend_from_slice(BEGIN_FRAME);
    if whole {
        out.extend_from_slice(CLEAR);
    }
    let mut pen = Pen::default();
    let mut cursor: Option<(u16, u16)> = None;
    for (x, y, cell) in changes {
        match cursor {
            Some(at) if at == (x, y) => {}
            Some((cx, cy)) if cy == y && x > cx => out.extend(format!("\x1b[{}C", x - cx).bytes()),
            _ => out.extend(format!("\x1b[{};{}H", y + 1, x + 1).bytes()),
        }
        pen.dip(cell, &mut out);
        out.extend(cell.symbol().bytes());
        // How far a terminal moves for what is not ASCII, braille or a block, terminals disagree on.
        let sure = cell
            .symbol()
            .chars()
            .all(|c| (' '..='~').contains(&c) || ('\u{2500}'..='\u{28ff}').contains(&c));
        cursor = sure.then_some((x + 1, y)).filter(|&(x, _)| x < next.area.width);
    }
    pen.lift(&mut out);
    out.extend_from_slice(END_FRAME);
    Some(out)
}

/// How the terminal would draw the next character.
#[derive(Default)]
pub(crate) struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Pen {
    /// Changes to a cell's style, in as few bytes as that takes.
    pub fn dip(&mut self, cell: &Cell, out: &mut Vec<u8>) {
        // A space shows no foreground, whatever it is.
        let empty = cell.symbol() == " "
            && !cell.modifier.intersects(Modifier::REVERSED | Modifier::UNDERLINED);
        let fg = if empty && cell.modifier == self.modifier { self.fg } else { cell.fg };
        if (self.fg, self.bg, self.modifier) == (fg, cell.bg, cell.modifier) {
            return;
        }
        let mut codes: Vec<String> = Vec::new();
        if cell.modifier != self.modifier {
            // Taking attributes off one by one is not understood everywhere; starting anew is.
            codes.push("0".to_owned());
            (self.fg, self.bg) = (Color::Reset, Color::Reset);
            let known = [
                (Modifier::BOLD, "1"),
                (Modifier::DIM, "2"),
                (Modifier::UNDERLINED, "4"),
                (Modifier::REVERSED, "7"),
            ];
            codes.extend(
                known
                    .iter()
                    .filter(|(m, _)| cell.modifier.contains(*m))
                    .map(|(_, c)| (*c).to_owned()),
            );
            self.modifier = cell.modifier;
        }
        if fg != self.fg {
            codes.push(code(fg, 30));
            self.fg = fg;
        }
        if cell.bg != self.bg {
            codes.push(code(cell.bg, 40));
            self.bg = cell.bg;
        }
        let codes = if codes == ["0"] { String::new() } else { codes.join(";") };
        out.extend(format!("\x1b[{codes}m").bytes());
    }

    pub fn lift(self, out: &mut Vec<u8>) {
        if (self.fg, self.bg, self.modifier) != (Color::Reset, Color::Reset, Modifier::empty()) {
            out.extend_from_slice(b"\x1b[m");
        }
    }
}

/// The code of a colour: 30 is the first of the foreground's, 40 of the background's.
fn code(color: Color, base: u8) -> String {
    let (dim, bright) = (|n: u8| (base + n).to_string(), |n: u8| (base + 60 + n).to_string());
    match color {
        Color::Reset => dim(9),
        Color::Black => dim(0),
        Color::Red => dim(1),
        Color::Green => dim(2),
        Color::Yellow => dim(3),
        Color::Blue => dim(4),
        Color::Magenta => dim(5),
        Color::Cyan => dim(6),
        Color::Gray => dim(7),
        Color::DarkGray => bright(0),
        Color::LightRed => bright(1),
        Color::LightGreen => bright(2),
        Color::LightYellow => bright(3),
        Color::LightBlue => bright(4),
        Color::LightMagenta => bright(5),
        Color::LightCyan => bright(6),
        Color::White => bright(7),
        Color::Indexed(index) => format!("{};5;{index}", base + 8),
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
    }
}

/// A buffer for a screen of this size.
pub(crate) fn blank((columns, rows): (u16, u16)) -> Buffer {
    Buffer::empty(Rect::new(0, 0, columns, rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::buffer::CellDiffOption;
    use ratatui::style::Style;
    use std::num::NonZeroU16;

    fn text(frame: Option<Vec<u8>>) -> String {
        String::from_utf8(frame.unwrap()).unwrap().replace('\x1b', "^")
    }

    #[test]
    fn an_unchanged_screen_costs_nothing() {
        let mut buffer = blank((10, 2));
        buffer.set_string(0, 0, "loss", Style::new());
        assert_eq!(frame(Some(&buffer), &buffer.clone()), None);
    }

    #[test]
    fn only_what_changed_is_written_in_one_synchronised_frame() {
        let before = blank((20, 3));
        let mut after = before.clone();
        after.set_string(2, 1, "ab", Style::new().fg(Color::Red));
        after.set_string(6, 1, "c", Style::new().add_modifier(Modifier::BOLD));
        assert_eq!(
            text(frame(Some(&before), &after)),
            "^[?2026h^[2;3H^[31mab^[2C^[0;1mc^[m^[?2026l"
        );
    }

    #[test]
    fn what_stands_where_a_picture_was_is_written_anew() {
        let mut before = blank((4, 1));
        let one = CellDiffOption::ForcedWidth(NonZeroU16::MIN);
        before[(0, 0)].set_symbol("\x1bPq\x1b\\").set_diff_option(one);
        before[(1, 0)].set_diff_option(CellDiffOption::Skip);
        assert_eq!(text(frame(Some(&blank((4, 1))), &before)), "^[?2026h^[1;1H^Pq^\\^[?2026l");
        // A picture leaves the cursor where it will.
        let mut beside = before.clone();
        beside.set_string(2, 0, "x", Style::new());
        let frame_beside = text(frame(Some(&blank((4, 1))), &beside));
        assert!(frame_beside.contains("^\\^[1;3Hx"), "{frame_beside}");
        assert_eq!(text(frame(Some(&before), &blank((4, 1)))), "^[?2026h^[1;1H  ^[?2026l");
    }

    #[test]
    fn another_size_is_drawn_whole() {
        let mut after = blank((4, 1));
        after.set_string(0, 0, "β", Style::new().fg(Color::Rgb(1, 2, 3)).bg(Color::Indexed(9)));
        let frame = text(frame(Some(&blank((5, 1))), &after));
        assert_eq!(frame, "^[?2026h^[0m^[2J^[1;1H^[38;2;1;2;3;48;5;9mβ^[m^[?2026l");
    }
}
