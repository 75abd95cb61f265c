//! Colours and glyphs, decided once from the options and the environment.

use std::str::FromStr;

use ratatui::style::{Color, Modifier, Style};

use crate::Options;
use crate::draw::pixels::Pixels;

/// How many colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    Truecolor,
    Colors256,
    Colors16,
    None,
}

impl FromStr for Theme {
    type Err = String;

    fn from_str(name: &str) -> Result<Theme, String> {
        match name {
            "truecolor" => Ok(Theme::Truecolor),
            "256" => Ok(Theme::Colors256),
            "16" => Ok(Theme::Colors16),
            "none" => Ok(Theme::None),
            _ => Err(format!("`{name}` is no theme; there are truecolor, 256, 16 and none")),
        }
    }
}

/// What the terminal's text stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ground {
    #[default]
    Dark,
    Light,
}

impl FromStr for Ground {
    type Err = String;

    fn from_str(name: &str) -> Result<Ground, String> {
        match name {
            "dark" => Ok(Ground::Dark),
            "light" => Ok(Ground::Light),
            _ => Err(format!("`{name}` is no ground; there are dark and light")),
        }
    }
}

/// The environment variables that tell of the terminal, as the binary read them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Env {
    pub term: Option<String>,
    pub colorterm: Option<String>,
    /// `foreground;background` by their numbers, from rxvt, Konsole and others.
    pub colorfgbg: Option<String>,
    pub no_color: Option<String>,
    pub lc_all: Option<String>,
    pub lc_ctype: Option<String>,
    pub lang: Option<String>,
}

/// What a cell may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Glyphs {
    /// Two by four dots a cell.
    Braille,
    /// Two halves a cell, one over the other.
    Blocks,
    Ascii,
}

/// What a colour means. No meaning is told by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hue {
    Train,
    Valid,
    Test,
    Good,
    Bad,
    Mark,
    /// What should stay in the background.
    Faint,
    /// A class of the data set.
    Class(usize),
}

/// Every decision about how things look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Styles {
    pub theme: Theme,
    pub ground: Ground,
    pub glyphs: Glyphs,
    /// How pixels are drawn; `None` draws half blocks.
    pub pixels: Option<Pixels>,
}

/// Truecolor, the nearest of the 256, the nearest of the 16. Okabe and Ito's set, and two of Tol's muted
/// one: told apart with any kind of colour vision. The brightest are darker on a light ground.
type Ink = ((u8, u8, u8), u8, Color);

const SKY: Ink = ((86, 180, 233), 74, Color::Cyan);
const ORANGE: Ink = ((230, 159, 0), 214, Color::Yellow);
const GREEN: Ink = ((0, 158, 115), 36, Color::Green);
const VERMILLION: Ink = ((213, 94, 0), 166, Color::Red);
const PURPLE: Ink = ((204, 121, 167), 175, Color::Magenta);
const BLUE: Ink = ((0, 114, 178), 32, Color::Blue);
const YELLOW: Ink = ((240, 228, 66), 221, Color::LightYellow);
const TEAL: Ink = ((68, 170, 153), 73, Color::LightGreen);
const WINE: Ink = ((170, 68, 119), 132, Color::LightRed);
const GREY: Ink = ((128, 128, 128), 244, Color::DarkGray);
const ON_LIGHT: [(Ink, Ink); 5] = [
    (SKY, ((20, 118, 176), 31, Color::Cyan)),
    (ORANGE, ((166, 104, 0), 130, Color::Yellow)),
    (YELLOW, ((128, 118, 0), 100, Color::Yellow)),
    (TEAL, ((40, 128, 114), 30, Color::Green)),
    (GREY, ((108, 108, 108), 242, Color::DarkGray)),
];
const CLASSES: [Ink; 10] = [SKY, ORANGE, GREEN, PURPLE, YELLOW, BLUE, VERMILLION, TEAL, WINE, GREY];

impl Styles {
    /// Options first, then NO_COLOR, COLORTERM, TERM and the locale.
    pub fn decide(options: &Options) -> Styles {
        let env = &options.env;
        let term = env.term.as_deref().unwrap_or("");
        let theme = if options.no_color {
            Theme::None
        } else if let Some(theme) = options.theme {
            theme
        } else if env.no_color.as_deref().is_some_and(|value| !value.is_empty()) {
            Theme::None
        } else if matches!(env.colorterm.as_deref(), Some("truecolor" | "24bit"))
            || term.ends_with("-direct")
        {
            Theme::Truecolor
        } else if term.contains("256color") {
            Theme::Colors256
        } else if matches!(term, "" | "dumb" | "vt100" | "vt220") {
            Theme::None
        } else {
            Theme::Colors16
        };
        let told = env.colorfgbg.as_deref().and_then(|pair| pair.rsplit(';').next()?.parse().ok());
        // White and the bright colours but dark grey, by their numbers.
        let is_light = matches!(told, Some(7u8 | 9..=15));
        let ground = options.ground.unwrap_or(if is_light { Ground::Light } else { Ground::Dark });
        let set = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        let locale = set(&env.lc_all).or(set(&env.lc_ctype)).or(set(&env.lang)).unwrap_or_default();
        let locale = locale.to_ascii_lowercase();
        let unicode = locale.contains("utf-8") || locale.contains("utf8");
        let glyphs = if options.ascii || !unicode {
            Glyphs::Ascii
        } else if term == "linux" {
            // The console's font has blocks and no braille.
            Glyphs::Blocks
        } else {
            Glyphs::Braille
        };
        Styles { theme, ground, glyphs, pixels: None }
    }

    /// The style for a meaning.
    pub fn of(&self, hue: Hue) -> Style {
        let ink = match hue {
            Hue::Train => SKY,
            Hue::Valid => ORANGE,
            Hue::Test | Hue::Mark => PURPLE,
            Hue::Good => GREEN,
            Hue::Bad => VERMILLION,
            Hue::Faint => GREY,
            Hue::Class(class) => CLASSES[class % CLASSES.len()],
        };
        let darker = ON_LIGHT.iter().find(|(bright, _)| *bright == ink).map(|(_, dark)| *dark);
        let ink = darker.filter(|_| self.ground == Ground::Light).unwrap_or(ink);
        let ((r, g, b), index, named) = ink;
        match self.theme {
            Theme::Truecolor => Style::new().fg(Color::Rgb(r, g, b)),
            Theme::Colors256 => Style::new().fg(Color::Indexed(index)),
            Theme::Colors16 => Style::new().fg(named),
            Theme::None if matches!(hue, Hue::Faint) => Style::new().add_modifier(Modifier::DIM),
            Theme::None if matches!(hue, Hue::Bad) => Style::new().add_modifier(Modifier::BOLD),
            Theme::None => Style::new(),
        }
    }

    /// Plain text that stands out.
    pub fn bold(&self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// What is chosen.
    pub fn chosen(&self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Whether more than ASCII may be drawn.
    pub fn unicode(&self) -> bool {
        self.glyphs != Glyphs::Ascii
    }

    /// One of two texts, by whether more than ASCII may be drawn.
    pub fn pick<T>(&self, unicode: T, ascii: T) -> T {
        if self.unicode() { unicode } else { ascii }
    }

    /// A picture's colour where cells can be coloured freely.
    pub fn rgb(&self, [r, g, b]: [u8; 3]) -> Option<Color> {
        match self.theme {
            Theme::Truecolor => {
                // 32 levels a channel look the same in cells this large, and even areas cost less.
                let coarse = |x: u8| (x.saturating_add(4) / 8).min(31) * 8;
                Some(Color::Rgb(coarse(r), coarse(g), coarse(b)))
            }
            Theme::Colors256 => Some(Color::Indexed(nearest_256(r, g, b))),
            Theme::Colors16 | Theme::None => None,
        }
    }
}

/// The grey ramp for greys, the 6×6×6 cube for the rest.
fn nearest_256(r: u8, g: u8, b: u8) -> u8 {
    let (least, greatest) = (r.min(g).min(b), r.max(g).max(b));
    if greatest - least < 12 {
        let grey = (u16::from(r) + u16::from(g) + u16::from(b)) / 3;
        return match grey {
            0..=3 => 16,
            244..=255 => 231,
            // The ramp is 8, 18, …, 238.
            _ => 232 + ((grey.saturating_sub(3)) / 10).min(23) as u8,
        };
    }
    // The cube's levels are 0, 95, 135, 175, 215, 255.
    let level = |x: u8| {
        if x < 48 {
            0
        } else if x < 115 {
            1
        } else {
            (x - 35) / 40
        }
    };
    16 + 36 * level(r) + 6 * level(g) + level(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(term: &str, colorterm: &str, lang: &str) -> Styles {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let env = Env {
            term: some(term),
            colorterm: some(colorterm),
            lang: some(lang),
            ..Env::default()
        };
        Styles::decide(&Options { env, ..Options::default() })
    }

    #[test]
    fn colours_and_glyphs_follow_the_terminal() {
        let of = |term, colorterm, lang| {
            let Styles { theme, glyphs, .. } = decide(term, colorterm, lang);
            (theme, glyphs)
        };
        use Glyphs::*;
        assert_eq!(of("xterm-256color", "truecolor", "en_US.UTF-8"), (Theme::Truecolor, Braille));
        assert_eq!(of("screen-256color", "", "C.utf8"), (Theme::Colors256, Braille));
        assert_eq!(of("xterm", "", "C"), (Theme::Colors16, Ascii));
        assert_eq!(of("linux", "", "de_DE.UTF-8"), (Theme::Colors16, Blocks));
        assert_eq!(of("vt100", "", ""), (Theme::None, Ascii));
    }

    #[test]
    fn options_come_before_the_environment_and_lc_all_before_lang() {
        let env = Env {
            term: Some("xterm-256color".into()),
            no_color: Some("1".into()),
            lc_all: Some("C".into()),
            lang: Some("en_US.UTF-8".into()),
            ..Env::default()
        };
        let options = Options { env, ..Options::default() };
        assert_eq!(
            Styles::decide(&options),
            Styles {
                theme: Theme::None,
                ground: Ground::Dark,
                glyphs: Glyphs::Ascii,
                pixels: None
            }
        );
        let options = Options { theme: Some(Theme::Colors16), ..options };
        assert_eq!(Styles::decide(&options).theme, Theme::Colors16);
        let options = Options { no_color: true, ..options };
        assert_eq!(Styles::decide(&options).theme, Theme::None);
        assert!("burnt".parse::<Theme>().unwrap_err().contains("truecolor"));
    }

    /// The contrast of two colours by WCAG 2.1, 1 to 21.
    fn contrast(a: (u8, u8, u8), b: (u8, u8, u8)) -> f64 {
        let luminance = |(r, g, b): (u8, u8, u8)| {
            let linear = |x: u8| {
                let x = f64::from(x) / 255.0;
                if x <= 0.04045 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b) + 0.05
        };
        let (a, b) = (luminance(a), luminance(b));
        a.max(b) / a.min(b)
    }

    #[test]
    fn every_colour_stands_out_from_its_ground() {
        for (ground, colour) in [(Ground::Dark, (0, 0, 0)), (Ground::Light, (255, 255, 255))] {
            let options = Options {
                theme: Some(Theme::Truecolor),
                ground: Some(ground),
                ..Options::default()
            };
            let styles = Styles::decide(&options);
            let hues =
                [Hue::Train, Hue::Valid, Hue::Test, Hue::Good, Hue::Bad, Hue::Mark, Hue::Faint];
            for hue in hues.into_iter().chain((0..10).map(Hue::Class)) {
                let Some(Color::Rgb(r, g, b)) = styles.of(hue).fg else { panic!("{hue:?}") };
                let contrast = contrast((r, g, b), colour);
                // What is no body text needs 3.
                assert!(contrast >= 2.9, "{hue:?} on {ground:?}: {contrast:.2}");
            }
        }
    }

    #[test]
    fn the_ground_is_told_by_the_option_and_then_by_colorfgbg() {
        let ground = |option, told: &str| {
            let env = Env { colorfgbg: Some(told.into()), ..Env::default() };
            Styles::decide(&Options { ground: option, env, ..Options::default() }).ground
        };
        assert_eq!(ground(None, "0;15"), Ground::Light);
        assert_eq!(ground(None, "15;default;0"), Ground::Dark);
        assert_eq!(ground(None, "12;8"), Ground::Dark);
        assert_eq!(ground(None, "nonsense"), Ground::Dark);
        assert_eq!(ground(Some(Ground::Dark), "0;15"), Ground::Dark);
    }

    #[test]
    fn greys_use_the_ramp_and_colours_the_cube() {
        assert_eq!(nearest_256(0, 0, 0), 16);
        assert_eq!(nearest_256(255, 255, 255), 231);
        assert_eq!(nearest_256(128, 128, 128), 244);
        assert_eq!(nearest_256(255, 0, 0), 196);
        assert_eq!(nearest_256(0, 95, 135), 24);
    }
}
