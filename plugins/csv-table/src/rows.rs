//! The rows of a file: numbers for pictures, and texts for what is known of them.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::Path;

use workbench_sdk::prelude::*;

/// What a file holds.
pub struct Rows {
    /// Names of the columns; their numbers, from 0, where the first line has numbers already.
    pub headers: Vec<String>,
    /// Of the columns that were asked for, in that order.
    pub texts: Vec<Vec<String>>,
    /// The other columns, row after row.
    pub numbers: Numbers,
    pub len: usize,
}

/// Numbers that are kept as bytes as long as all are whole and from 0 to 255.
#[derive(Debug, PartialEq)]
pub enum Numbers {
    Bytes(Vec<u8>),
    Floats(Vec<f32>),
}

/// A row of more columns is no row of pixels.
const MOST_COLUMNS: usize = 1 << 22;

impl Rows {
    /// Reads a file; columns of `texts` are not read as numbers.
    ///
    /// # Errors
    /// A column is not there, a row has another length, or a value is no number: with its row, counted from 1 after the names.
    pub fn read(path: &Path, texts: &[&str]) -> Result<Rows> {
        Rows::load(path, texts).map_err(|error| error.context(path.display()))
    }

    /// Names of a file's columns.
    ///
    /// # Errors
    /// It can't be read.
    pub fn headers(path: &Path) -> Result<Vec<String>> {
        open(path).map(|(headers, _)| headers).map_err(|error| error.context(path.display()))
    }

    fn load(path: &Path, texts: &[&str]) -> Result<Rows> {
        let (headers, reader) = open(path)?;
        let mut text_columns = Vec::new();
        for text in texts {
            match headers.iter().position(|name| name == text) {
                Some(at) => text_columns.push(at),
                None => bail!("has no column `{text}`; it has {}", shown(&headers)),
            }
        }
        let is_number: Vec<bool> =
            (0..headers.len()).map(|at| !text_columns.contains(&at)).collect();
        let mut rows = Rows {
            texts: vec![Vec::new(); texts.len()],
            numbers: Numbers::Bytes(Vec::new()),
            len: 0,
            headers,
        };
        for row in reader.into_records() {
            let row = row?;
            for (into, &at) in rows.texts.iter_mut().zip(&text_columns) {
                into.push(row.get(at).unwrap_or_default().trim().to_owned());
            }
            for (at, text) in row.iter().enumerate().filter(|(at, _)| is_number[*at]) {
                match text.trim().parse::<f32>() {
                    Ok(number) if number.is_finite() => rows.numbers.push(number),
                    _ => bail!(
                        "row {}, column `{}`: {:?} is not a number",
                        rows.len + 1,
                        rows.headers[at],
                        text.chars().take(40).collect::<String>()
                    ),
                }
            }
            rows.len += 1;
        }
        ensure!(rows.len > 0, "has no rows");
        Ok(rows)
    }
}

impl Numbers {
    fn push(&mut self, number: f32) {
        if let Numbers::Bytes(bytes) = self {
            if number.fract() == 0.0 && (0.0..=255.0).contains(&number) {
                bytes.push(number as u8);
                return;
            }
            *self = Numbers::Floats(bytes.iter().map(|&byte| byte.into()).collect());
        }
        if let Numbers::Floats(floats) = self {
            floats.push(number);
        }
    }

    /// As floats.
    pub fn into_floats(self) -> Vec<f32> {
        match self {
            Numbers::Bytes(bytes) => bytes.into_iter().map(f32::from).collect(),
            Numbers::Floats(floats) => floats,
        }
    }
}

/// The names of the columns, and a reader that stands at the first row of values.
fn open(path: &Path) -> Result<(Vec<String>, csv::Reader<BufReader<File>>)> {
    let mut file = File::open(path)?;
    let delimiter = delimiter(&mut file)?;
    let build = |headers: bool, file: File| {
        csv::ReaderBuilder::new()
            .has_headers(headers)
            .delimiter(delimiter)
            .comment(Some(b'#'))
            .from_reader(BufReader::new(file))
    };
    let mut reader = build(true, File::open(path)?);
    let first = reader.headers()?.clone();
    ensure!(!first.is_empty(), "is empty");
    ensure!(
        first.len() <= MOST_COLUMNS,
        "has {} columns; {MOST_COLUMNS} are the most",
        first.len()
    );
    match first.iter().all(|name| name.trim().parse::<f32>().is_ok()) {
        true => Ok(((0..first.len()).map(|at| at.to_string()).collect(), build(false, file))),
        false => Ok((first.iter().map(|name| name.trim().to_owned()).collect(), reader)),
    }
}

/// What separates the columns of the first line: comma, tab, semicolon or space.
fn delimiter(file: &mut File) -> Result<u8> {
    let mut line = Vec::new();
    BufReader::new(&*file).take(1 << 24).read_until(b'\n', &mut line)?;
    file.rewind()?;
    let line = line.trim_ascii();
    Ok([b',', b'\t', b';', b' '].into_iter().find(|byte| line.contains(byte)).unwrap_or(b','))
}

/// The first few names.
pub fn shown(headers: &[String]) -> String {
    let more =
        if headers.len() > 8 { format!(" and {} more", headers.len() - 8) } else { String::new() };
    format!(
        "{}{more}",
        headers.iter().take(8).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, texts: &[&str]) -> Result<Rows> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, text).unwrap();
        Rows::read(&path, texts)
    }

    #[test]
    fn numbers_are_bytes_as_long_as_they_can_be() {
        let bytes = rows("a,b,kind\n0,255,x\n1,2,y\n", &["kind"]).ok().unwrap();
        assert_eq!((bytes.numbers, bytes.len), (Numbers::Bytes(vec![0, 255, 1, 2]), 2));
        assert_eq!(bytes.texts, [["x", "y"]]);
        let floats = rows("# a note\n1 2\n3 0.5\n", &[]).ok().unwrap();
        assert_eq!(floats.headers, ["0", "1"]);
        assert_eq!(floats.numbers, Numbers::Floats(vec![1.0, 2.0, 3.0, 0.5]));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_row() {
        let said = |text: &str, texts: &[&str]| rows(text, texts).err().unwrap().to_string();
        assert!(said("a,b\n1,2\n1,x\n", &[]).contains("row 2, column `b`: \"x\" is not a number"));
        assert!(said("a,b\n1,nan\n", &[]).contains("is not a number"));
        assert!(said("a,b\n1,2\n1\n", &[]).contains("line: 3"));
        assert!(said("a,b\n1,2\n", &["c"]).contains("no column `c`; it has `a`, `b`"));
        assert!(said("a,b\n", &[]).contains("has no rows"));
        assert!(said("", &[]).contains("is empty"));
    }
}
