//! A CSV table beside the items: attributes, captions, labels and splits, by the names of its columns.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::{Component, Path};

use super::Files;
use crate::{Column, Declaration, Result, bail, ensure};

/// The columns of a table, in the order of the items; "" where the table does not have an item.
pub struct Table {
    shown: String,
    /// Their names, that of the file aside.
    headers: Vec<String>,
    columns: Vec<Vec<Box<str>>>,
}

const FILES: [&str; 7] = ["file", "file_name", "filename", "image", "image_id", "path", "name"];
const CAPTIONS: [&str; 4] = ["caption", "captions", "text", "description"];
/// A larger table is none.
const LARGEST: u64 = 1 << 32;
const MOST_COLUMNS: usize = 1024;

impl Table {
    /// Reads a table, whose rows name items by their path in the folder.
    ///
    /// # Errors
    /// It is damaged, has no column of files, or a row names what is not in the folder, or the same as another.
    pub fn read(path: &Path, file_column: &str, files: &Files) -> Result<Table> {
        Table::load(path, file_column, files).map_err(|error| error.context(path.display()))
    }

    fn load(path: &Path, file_column: &str, files: &Files) -> Result<Table> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        ensure!(length <= LARGEST, "is {length} bytes long, too large for a table");
        let delimiter = delimiter(&mut file)?;
        let mut reader =
            csv::ReaderBuilder::new().delimiter(delimiter).from_reader(BufReader::new(file));
        let headers: Vec<String> =
            reader.headers()?.iter().map(|name| name.trim().to_owned()).collect();
        ensure!(
            headers.len() <= MOST_COLUMNS,
            "has {} columns; {MOST_COLUMNS} are the most",
            headers.len()
        );
        let at = match file_column {
            "" => FILES
                .iter()
                .find_map(|known| headers.iter().position(|name| name.eq_ignore_ascii_case(known))),
            named => headers.iter().position(|name| name == named),
        };
        let Some(at) = at else {
            bail!(
                "has no column `{}` of files; set `file_column` to one of {headers:?}",
                if file_column.is_empty() { "file" } else { file_column }
            )
        };
        let places: HashMap<&str, usize> =
            files.names.iter().enumerate().map(|(place, name)| (&**name, place)).collect();
        let mut columns = vec![vec![Box::<str>::default(); files.names.len()]; headers.len() - 1];
        let mut filled = vec![false; files.names.len()];
        for (number, row) in (1..).zip(reader.into_records()) {
            let row = row?;
            let named = row.get(at).unwrap_or_default();
            let name =
                inside(named).map_err(|error| error.context(format_args!("row {number}")))?;
            let Some(&place) = places.get(name.as_str()) else {
                bail!("row {number}: there is no {} {named:?} in the folder", files.noun())
            };
            ensure!(!filled[place], "row {number}: {named:?} has a row before this one");
            filled[place] = true;
            let values = row.iter().enumerate().filter(|(column, _)| *column != at);
            for (column, (_, value)) in columns.iter_mut().zip(values) {
                column[place] = value.into();
            }
        }
        let headers = headers
            .into_iter()
            .enumerate()
            .filter(|(column, _)| *column != at)
            .map(|(_, name)| name);
        Ok(Table { shown: path.display().to_string(), headers: headers.collect(), columns })
    }

    /// The values of a column.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn column(&self, name: &str) -> Result<&[Box<str>]> {
        match self.headers.iter().position(|header| header == name) {
            Some(at) => Ok(&self.columns[at]),
            None => bail!("{} has no column `{name}`; it has {:?}", self.shown, self.headers),
        }
    }

    /// The column of captions: the one asked for, or one with a usual name.
    pub fn captions(&self, asked: &str) -> Option<String> {
        match asked {
            "none" => None,
            "" => self.headers.iter().find(|name| CAPTIONS.contains(&name.as_str())).cloned(),
            name => Some(name.to_owned()),
        }
    }

    /// Attributes: `*` for all columns but those used, `none`, or declarations.
    ///
    /// # Errors
    /// There is no such column, or its values do not fit what is said of them.
    pub fn attributes(&self, asked: &str, used: &[&str]) -> Result<Vec<Column>> {
        let declared = match asked {
            "none" => Vec::new(),
            "*" => {
                let free = self
                    .headers
                    .iter()
                    .filter(|name| !used.contains(&name.as_str()) && !name.is_empty());
                free.map(|name| Declaration::of(name)).collect()
            }
            list => Declaration::list(list)?,
        };
        let mut columns: Vec<Column> = Vec::new();
        for declaration in declared {
            let taken = ["image", "label", "caption"].contains(&declaration.name.as_str())
                || columns.iter().any(|before| before.name() == declaration.name);
            if taken && asked == "*" {
                continue;
            }
            ensure!(
                !taken,
                "an attribute can't be called `{}`: the name is taken",
                declaration.name
            );
            let column = Column::read(&declaration, self.column(&declaration.name)?);
            columns.extend(column.map_err(|error| error.context(&self.shown))?);
        }
        Ok(columns)
    }
}

/// What separates the columns of the first line: the comma, or else a semicolon or tab.
fn delimiter(file: &mut File) -> Result<u8> {
    let mut line = Vec::new();
    BufReader::new(&*file).take(1 << 20).read_until(b'\n', &mut line)?;
    file.rewind()?;
    let has = |byte: u8| line.contains(&byte);
    Ok([b',', b'\t', b';'].into_iter().find(|&byte| has(byte)).unwrap_or(b','))
}

/// A path within the folder, its parts joined by `/`.
fn inside(path: &str) -> Result<String> {
    let mut parts = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(part) => parts.push(part.to_string_lossy()),
            Component::CurDir => {}
            _ => bail!("{path:?} leads out of the folder"),
        }
    }
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::super::Sought;
    use super::*;

    fn table(text: &str) -> Result<Table> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        std::fs::write(&path, text).unwrap();
        for name in ["a/1.png", "a/2.png", "3.png"] {
            std::fs::create_dir_all(folder.path().join("a")).unwrap();
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let pictures = Sought { noun: "picture", endings: &["png"], parts: &[], largest: 1 };
        Table::read(&path, "", &Files::find(folder.path(), pictures)?)
    }

    #[test]
    fn rows_are_put_in_the_order_of_the_pictures() {
        let read = table("hair,file_name,caption\nfair,3.png,\"one, two\"\nred,./a/1.png,x\n");
        let read = read.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            read.column("hair").ok().unwrap(),
            ["fair".into(), "red".into(), "".into()] as [Box<str>; 3]
        );
        assert_eq!(&*read.column("caption").ok().unwrap()[0], "one, two");
        assert_eq!(read.captions(""), Some("caption".to_owned()));
        assert_eq!(read.captions("none"), None);
        let tabs = table("file\tage\n3.png\t7\n").ok().unwrap();
        assert_eq!(&*tabs.column("age").ok().unwrap()[0], "7");
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_row() {
        let said = |text: &str| table(text).err().unwrap().to_string();
        for path in ["/etc/passwd", "../3.png", "a/../../3.png", "a/../3.png"] {
            assert!(
                said(&format!("file,x\n{path},1\n")).contains("leads out of the folder"),
                "{path}"
            );
        }
        assert!(
            said("file,x\n3.png,1\n4.png,1\n").contains("row 2: there is no picture \"4.png\"")
        );
        assert!(said("file,x\n3.png,1\n3.png,1\n").contains("row 2: \"3.png\" has a row before"));
        assert!(said("name_of_it,x\n3.png,1\n").contains("no column `file` of files"));
        assert!(said("file,x\n3.png,1,2\n").contains("fields"));
        assert!(
            said("file,x\n\"3.png,1\n").contains("no picture")
                || !said("file,x\n\"3.png,1\n").is_empty()
        );
        assert!(said(&",".repeat(2000)).contains("2001 columns"));
        assert!(table("file,x\n3.png,1\n").ok().unwrap().column("y").is_err());
    }
}
