//! Small TOML files that anyone may have written: their size, their nesting and their text are looked at before they
//! are parsed.

use std::path::Path;

use toml::Table;
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use crate::{Error, RunDir, read};

/// The most levels of tables and arrays, headers apart: far more than any file of ours has, far fewer than the stack
/// of a thread has room for.
const DEEPEST: usize = 64;

/// A run's provenance.toml is a few kilobytes, and more where a data set has many files.
pub const MAX_PROVENANCE: u64 = 4 << 20;

/// The table in a file of at most `cap` bytes; `None` where there is no such file.
///
/// # Errors
/// [`Error::Damaged`] where it is too large, no text or no TOML; [`Error::Io`].
pub fn read_table(path: &Path, cap: u64) -> Result<Option<Table>, Error> {
    let Some(text) = read_text(path, cap)? else { return Ok(None) };
    text.parse().map(Some).map_err(|e| Error::damaged(path, e))
}

/// The text of a TOML file of at most `cap` bytes, which can be parsed without harm; `None` where there is no such file.
///
/// # Errors
/// [`Error::Damaged`] where it is too large, no text, or nests too deep; [`Error::Io`].
pub fn read_text(path: &Path, cap: u64) -> Result<Option<String>, Error> {
    match read::whole(path, cap)? {
        Some(bytes) => checked(path, bytes).map(Some),
        None => Ok(None),
    }
}

/// A table that a run's provenance.toml holds under this key; `None` where there is none, or it can't be read.
pub(crate) fn provenance(run: &RunDir, key: &str) -> Option<Table> {
    match read_table(&run.provenance(), MAX_PROVENANCE).ok()??.remove(key)? {
        toml::Value::Table(found) => Some(found),
        _ => None,
    }
}

/// Bytes as text that can be parsed without harm; `path` is only for the error.
pub(crate) fn checked(path: &Path, bytes: Vec<u8>) -> Result<String, Error> {
    let text = String::from_utf8(bytes).map_err(|e| Error::damaged(path, e))?;
    match too_deep(&text) {
        None => Ok(text),
        Some(line) => {
            let why =
                format!("tables and arrays nest more than {DEEPEST} levels deep in line {line}");
            Err(Error::damaged(path, why))
        }
    }
}

/// The line, counted from 1, in which a text nests deeper than [`DEEPEST`].
///
/// The toml crate bounds brackets and dotted keys each, but not their product: eighty inline tables inside each other,
/// each under a key of eighty parts, are 13 KB whose parsing overflows the stack and ends the process.
fn too_deep(text: &str) -> Option<usize> {
    // The dots of the key that is being read, outside of brackets and in each open one.
    let mut dots = vec![0_usize];
    let mut depth = 0;
    for token in Source::new(text).lex() {
        match token.kind() {
            TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => {
                dots.push(0);
                depth += 1;
            }
            TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket if dots.len() > 1 => {
                depth -= 1 + dots.pop().unwrap_or(0);
            }
            TokenKind::Dot => {
                depth += 1;
                if let Some(last) = dots.last_mut() {
                    *last += 1;
                }
            }
            TokenKind::Comma | TokenKind::Newline => {
                depth -= dots.last_mut().map_or(0, std::mem::take);
            }
            _ => {}
        }
        if depth > DEEPEST {
            let before = &text.as_bytes()[..token.span().start()];
            return Some(before.iter().filter(|&&byte| byte == b'\n').count() + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Eighty inline tables inside each other, each under a key of eighty parts.
    fn bomb() -> String {
        let key = ["a"; 79].join(".");
        format!("x = 1\n{}b = 1{}\n", format!("{key} = {{ ").repeat(79), " }".repeat(79))
    }

    #[test]
    fn what_would_overflow_the_stack_is_refused_with_its_line() {
        assert_eq!(too_deep(&bomb()), Some(2));
        assert_eq!(too_deep(&format!("a = {}", "[".repeat(10_000))), Some(1));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.toml");
        std::fs::write(&path, bomb()).unwrap();
        let error = read_table(&path, 1 << 20).unwrap_err().to_string();
        assert!(error.contains("a.toml is damaged") && error.contains("line 2"), "{error}");
        let error = read_table(&path, 1000).unwrap_err().to_string();
        assert!(error.contains("at most 1000"), "{error}");
        std::fs::write(&path, b"a = '\xff'").unwrap();
        assert!(matches!(read_table(&path, 1000), Err(Error::Damaged { .. })));
        assert!(read_table(&dir.path().join("none"), 1000).unwrap().is_none());
    }

    #[test]
    fn what_is_side_by_side_or_in_a_string_does_not_count() {
        for text in [
            format!("a = [{}]", "0.5, ".repeat(1000)),
            "a.b.c = { d = 0.5 }\n".repeat(1000),
            "[a.b]\nx = 1.0\r\n".repeat(1000),
            format!("a = \"{}\"\n", "[{.".repeat(100)),
            format!("a = '''\n{}'''\n", "[{.\n".repeat(100)),
            format!("# {}\na = 1\n", "[{.".repeat(100)),
        ] {
            assert_eq!(too_deep(&text), None, "{text}");
        }
    }
}
