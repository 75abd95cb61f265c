//! A parser under trial.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// How a parser is tried.
pub struct Parser {
    pub name: &'static str,
    /// Good files, or what [`Parser::put`] makes files of.
    pub seeds: Vec<Vec<u8>>,
    /// Puts damaged bytes where the parser will look, and tells how much the file holds: its length, or what it
    /// inflates to.
    pub put: Put,
    /// Parses what was put there; an error is the parser's own. Panics are what is looked for.
    pub parse: Parse,
    /// So many times what the file holds may be allocated at once, beside [`ALLOWANCE`].
    pub times: usize,
}

pub type Put = Box<dyn Fn(&[u8]) -> usize>;
pub type Parse = Box<dyn Fn() -> Result<(), String>>;

/// Buffers, paths and messages, however small the file.
pub const ALLOWANCE: usize = 64 << 10;

/// Makes a file hold these bytes. Not by `fs::write`: some file systems wait for the disk where a file is emptied and
/// written anew, which is most of the time then.
pub fn write(path: &Path, bytes: &[u8]) {
    let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(path).unwrap();
    file.write_all(bytes).and_then(|()| file.set_len(bytes.len() as u64)).unwrap();
}
