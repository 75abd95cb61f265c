use std::fmt;
use std::ops::Range;

use crate::source::Source;

/// What is wrong with an experiment, where, and what to do.
///
/// Displayed without the leading `error: `, which is the binary's to print:
/// ```text
/// unknown key `epoch` in [train]
///   --> experiments/digits-conv.toml:14:1
///    |
/// 14 | epoch = 20
///    | ^^^^^
///    = help: did you mean `epochs`?
/// ```
/// The place is left out where there is none (a file that can't be read); an error in a `key=value` argument shows the argument.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Error {
    message: String,
    location: Option<Box<Location>>,
    help: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Location {
    /// Somewhere in this file, no line to blame.
    File(String),
    Line {
        file: String,
        line: usize,
        column: usize,
        excerpt: Excerpt,
    },
    CommandLine(Excerpt),
}

/// One line made printable, and where the carets go, in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Excerpt {
    text: String,
    indent: usize,
    carets: usize,
}

/// A line longer than this is shown around its carets only.
const WIDEST: usize = 160;

impl Error {
    /// The first line of the message, without the place and the help.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The line (from 1) in the file that the error points into; none for the command line and for a file as a whole.
    pub fn line(&self) -> Option<usize> {
        match self.location.as_deref() {
            Some(Location::Line { line, .. }) => Some(*line),
            _ => None,
        }
    }

    pub(crate) fn plain(message: impl Into<String>, help: Option<String>) -> Error {
        Error { message: message.into(), location: None, help }
    }

    /// An error that points at the bytes `span` of the source, or at the source as a whole.
    pub(crate) fn at(
        source: &Source,
        span: Option<Range<usize>>,
        message: impl Into<String>,
        help: Option<String>,
    ) -> Error {
        let location = match (source, span) {
            (Source::CommandLine { text }, span) => {
                let span = span.unwrap_or(0..text.len());
                Location::CommandLine(Excerpt::new(text, span))
            }
            (Source::File { label, .. }, None) => Location::File(label.clone()),
            (Source::File { label, text }, Some(span)) => {
                let before = text.get(..span.start).unwrap_or(text);
                let start = before.rfind('\n').map_or(0, |newline| newline + 1);
                let end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
                let line = text[start..end].trim_end_matches('\r');
                Location::Line {
                    file: label.clone(),
                    line: before.matches('\n').count() + 1,
                    column: before[start..].chars().count() + 1,
                    excerpt: Excerpt::new(
                        line,
                        span.start - start..span.end.max(span.start) - start,
                    ),
                }
            }
        };
        Error { message: message.into(), location: Some(Box::new(location)), help }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        let mut gutter = 2;
        match self.location.as_deref() {
            None => {}
            Some(Location::File(file)) => write!(f, "\n  --> {file}")?,
            Some(Location::CommandLine(excerpt)) => {
                let label = "  --> command line: ";
                let carets = excerpt.carets();
                let shown = format!("{label}{}", excerpt.text);
                write!(f, "\n{}\n{:width$}{carets}", shown.trim_end(), "", width = label.len())?;
            }
            Some(Location::Line { file, line, column, excerpt }) => {
                gutter = line.to_string().len();
                write!(f, "\n{:gutter$}--> {file}:{line}:{column}\n{:gutter$} |", "", "")?;
                let shown = format!("{line} | {}", excerpt.text);
                write!(f, "\n{}\n{:gutter$} | {}", shown.trim_end(), "", excerpt.carets())?;
            }
        }
        match &self.help {
            Some(help) => write!(f, "\n{:gutter$} = help: {help}", ""),
            None => Ok(()),
        }
    }
}

impl Excerpt {
    fn new(line: &str, span: Range<usize>) -> Excerpt {
        let mut characters = Vec::new();
        let (mut indent, mut end) = (None, 0);
        for (offset, character) in line.char_indices() {
            if offset >= span.start {
                indent.get_or_insert(characters.len());
            }
            match character {
                '\t' => characters.extend([' '; 4]),
                control if control.is_control() => characters.extend(control.escape_default()),
                other => characters.push(other),
            }
            if offset < span.end {
                end = characters.len();
            }
        }
        let indent = indent.unwrap_or(characters.len());
        let carets = end.saturating_sub(indent).max(1);
        if characters.len() <= WIDEST {
            return Excerpt { text: characters.into_iter().collect(), indent, carets };
        }
        let first = indent.saturating_sub(WIDEST / 4).min(characters.len() - WIDEST / 2);
        let last = (first + WIDEST).min(characters.len());
        let (head, tail) =
            (if first > 0 { "…" } else { "" }, if last < characters.len() { "…" } else { "" });
        let middle: String = characters[first..last].iter().collect();
        let indent = indent - first + head.chars().count();
        Excerpt {
            text: format!("{head}{middle}{tail}"),
            indent,
            carets: carets.min(WIDEST + 1 - indent.min(WIDEST)),
        }
    }

    fn carets(&self) -> String {
        " ".repeat(self.indent) + &"^".repeat(self.carets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, span: Range<usize>) -> String {
        let source = Source::File { label: "e.toml".into(), text: text.into() };
        Error::at(&source, Some(span), "wrong", None).to_string()
    }

    #[test]
    fn the_caret_counts_characters_and_widens_tabs() {
        insta::assert_snapshot!(shown("a = 1\r\n\tβé = 20\r\n", 13..14), @r"
        wrong
         --> e.toml:2:5
          |
        2 |     βé = 20
          |        ^
        ");
    }

    #[test]
    fn the_end_of_a_file_without_a_newline_has_a_caret() {
        insta::assert_snapshot!(shown("a =", 3..3), @r"
        wrong
         --> e.toml:1:4
          |
        1 | a =
          |    ^
        ");
    }

    #[test]
    fn a_span_over_several_lines_is_underlined_to_the_end_of_its_first() {
        insta::assert_snapshot!(shown("a = [\n1,\n]", 4..10), @r"
        wrong
         --> e.toml:1:5
          |
        1 | a = [
          |     ^
        ");
    }

    #[test]
    fn a_long_line_is_shown_around_its_caret() {
        let text = format!("a = \"{}\" ?", "x".repeat(100_000));
        let message = shown(&text, text.len() - 1..text.len());
        assert!(message.len() < 600, "{message}");
        let lines: Vec<&str> = message.lines().collect();
        let caret = lines[4].chars().position(|c| c == '^');
        assert_eq!(caret, lines[3].chars().position(|c| c == '?'));
        let start = shown(&text, 4..text.len() - 2);
        assert!(start.lines().all(|line| line.chars().count() < 180), "{start}");
    }
}
