//! One Parquet file: its columns by name, read a row group at a time.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::Type;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{ByteArray, DataType};
use parquet::file::reader::{FileReader, Length, SerializedFileReader};
use workbench_sdk::prelude::*;

use crate::pages::Pages;
use crate::shared_file::SharedFile;

/// An open file.
pub struct Shard {
    pub path: PathBuf,
    reader: SerializedFileReader<SharedFile>,
    file: Arc<SharedFile>,
    length: u64,
    pub columns: Vec<Leaf>,
    /// How many rows each row group has.
    pub groups: Vec<usize>,
}

/// A column of values, one a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// Its path in the schema, joined by dots: `label`, `image.bytes`.
    pub name: String,
    pub is_bytes: bool,
    /// The values are texts.
    pub is_text: bool,
    /// Lists have several values a row, and are not read.
    is_list: bool,
    /// The level at which a value is there.
    level: i16,
}

/// Rows that are read at once.
const AT_ONCE: usize = 4096;
/// More columns are none of ours.
const MOST_COLUMNS: usize = 4096;
/// Places are numbers of 32 bits.
const MOST_ROWS: i64 = u32::MAX as i64;
/// So many values are believed of any file, and of a large one, so many to a byte: every row has a picture.
const BELIEVED: u64 = 1 << 20;
const VALUES_A_BYTE: u64 = 4;
/// The texts of a column may take so many bytes, or so many times those of the file: one may stand in many rows.
const SMALL_TEXTS: u64 = 1 << 24;
const TEXTS_TIMES: u64 = 8;

impl Shard {
    /// Opens a file and looks at its footer.
    ///
    /// # Errors
    /// It is missing or no Parquet file, or its footer says what can't be.
    pub fn open(path: &Path) -> Result<Shard> {
        Shard::look(path).map_err(|error| error.context(path.display()))
    }

    fn look(path: &Path) -> Result<Shard> {
        let file = SharedFile::new(File::open(path)?)?;
        let length = file.len();
        let reader = SerializedFileReader::new(file.clone())
            .map_err(|error| Error::new(format_args!("is no Parquet file, or damaged: {error}")))?;
        let metadata = reader.metadata();
        let schema = metadata.file_metadata().schema_descr();
        ensure!(
            schema.num_columns() <= MOST_COLUMNS,
            "has {} columns; {MOST_COLUMNS} are the most",
            schema.num_columns()
        );
        let leaf = |at: usize| {
            let column = schema.column(at);
            let is_bytes = column.physical_type() == Type::BYTE_ARRAY;
            Leaf {
                name: column.path().string(),
                is_bytes,
                is_text: is_bytes && column.converted_type() == parquet::basic::ConvertedType::UTF8,
                is_list: column.max_rep_level() > 0,
                level: column.max_def_level(),
            }
        };
        let columns = (0..schema.num_columns()).map(leaf).collect();
        let mut groups = Vec::new();
        let mut rows = 0i64;
        for group in metadata.row_groups() {
            rows = rows.saturating_add(group.num_rows());
            ensure!(
                group.num_rows() >= 0 && rows <= MOST_ROWS,
                "says that it has {rows} rows, which is too much"
            );
            for column in group.columns() {
                let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
                let end = start.checked_add(column.compressed_size());
                ensure!(
                    start >= 0
                        && column.compressed_size() >= 0
                        && end.is_some_and(|end| end as u64 <= length),
                    "is truncated or damaged: the column `{}` is not all in it",
                    column.column_path().string()
                );
            }
            groups.push(group.num_rows() as usize);
        }
        let values = (rows as u64).saturating_mul(schema.num_columns() as u64);
        ensure!(
            values <= BELIEVED.max(length.saturating_mul(VALUES_A_BYTE)),
            "says that it has {rows} rows of {} columns, too much for its {length} bytes",
            schema.num_columns()
        );
        let file = Arc::new(file);
        Ok(Shard { path: path.to_owned(), reader, file, length, columns, groups })
    }

    pub fn rows(&self) -> usize {
        self.groups.iter().sum()
    }

    /// The column of that name, or `NAME.bytes`, as the hub's libraries name pictures.
    pub fn column(&self, name: &str) -> Option<usize> {
        let at = |wanted: &str| self.columns.iter().position(|column| column.name == wanted);
        at(name).or_else(|| at(&format!("{name}.bytes")))
    }

    /// What the hub's libraries note of the columns, in JSON.
    pub fn note(&self) -> Option<serde_json::Value> {
        let notes = self.reader.metadata().file_metadata().key_value_metadata()?;
        let note = notes.iter().find(|note| note.key == "huggingface")?;
        serde_json::from_str(note.value.as_deref()?).ok()
    }

    /// The bytes of a column in a row group, one a row.
    ///
    /// # Errors
    /// The file is damaged there.
    pub fn bytes(&self, group: usize, column: usize) -> Result<Vec<Option<ByteArray>>> {
        self.guarded(column, || match self.reader(group, column)? {
            ColumnReader::ByteArrayColumnReader(reader) => self.values(reader, group, column),
            _ => bail!("does not hold bytes"),
        })
    }

    /// The values of a column, of all row groups, as texts; "" where there is none.
    ///
    /// # Errors
    /// The file is damaged there, or the column is one of lists or the like.
    pub fn texts(&self, column: usize) -> Result<Vec<String>> {
        let mut texts = Vec::new();
        for group in 0..self.groups.len() {
            texts.extend(self.guarded(column, || self.group_texts(group, column))?);
        }
        Ok(texts)
    }

    fn group_texts(&self, group: usize, column: usize) -> Result<Vec<String>> {
        fn told<T: ToString>(values: Vec<Option<T>>) -> Vec<String> {
            values
                .into_iter()
                .map(|value| value.map(|value| value.to_string()).unwrap_or_default())
                .collect()
        }
        Ok(match self.reader(group, column)? {
            ColumnReader::BoolColumnReader(reader) => told(self.values(reader, group, column)?),
            ColumnReader::Int32ColumnReader(reader) => told(self.values(reader, group, column)?),
            ColumnReader::Int64ColumnReader(reader) => told(self.values(reader, group, column)?),
            ColumnReader::FloatColumnReader(reader) => told(self.values(reader, group, column)?),
            ColumnReader::DoubleColumnReader(reader) => told(self.values(reader, group, column)?),
            ColumnReader::ByteArrayColumnReader(reader) => {
                let values = self.values(reader, group, column)?;
                let bytes = values.iter().flatten().map(|value| value.len() as u64).sum::<u64>();
                ensure!(
                    bytes <= SMALL_TEXTS.max(self.length.saturating_mul(TEXTS_TIMES)),
                    "unpacks to {bytes} bytes of text, too much for a file of {}",
                    self.length
                );
                let text = |value: Option<ByteArray>| match value {
                    Some(value) => String::from_utf8_lossy(value.data()).into_owned(),
                    None => String::new(),
                };
                values.into_iter().map(text).collect()
            }
            _ => bail!("holds values of a type that is not read"),
        })
    }

    fn reader(&self, group: usize, column: usize) -> Result<ColumnReader> {
        ensure!(!self.columns[column].is_list, "holds lists, which are not read");
        let metadata = self.reader.metadata();
        let chunk = metadata.row_group(group).column(column);
        let pages = Pages::new(self.file.clone(), chunk, self.groups[group])?;
        Ok(get_column_reader(
            metadata.file_metadata().schema_descr().column(column),
            Box::new(pages),
        ))
    }

    /// One value a row of a row group.
    fn values<T: DataType>(
        &self,
        mut reader: ColumnReaderImpl<T>,
        group: usize,
        column: usize,
    ) -> Result<Vec<Option<T::T>>> {
        let (rows, level) = (self.groups[group], self.columns[column].level);
        let mut all = Vec::new();
        while all.len() < rows {
            let (mut levels, mut values) = (Vec::new(), Vec::new());
            let wanted = AT_ONCE.min(rows - all.len());
            let levels_there = (level > 0).then_some(&mut levels);
            let (records, ..) = reader.read_records(wanted, levels_there, None, &mut values)?;
            ensure!(records > 0, "is truncated: {} of {rows} rows are there", all.len());
            let mut values = values.into_iter();
            match level {
                0 => all.extend(values.by_ref().take(records).map(Some)),
                _ => all.extend(
                    levels
                        .iter()
                        .take(records)
                        .map(|&at| if at == level { values.next() } else { None }),
                ),
            }
        }
        Ok(all)
    }

    /// Names file and column in an error. The crate that reads is known to panic on some damaged files: that is an error
    /// like the others.
    fn guarded<T>(&self, column: usize, read: impl FnOnce() -> Result<T>) -> Result<T> {
        let shown =
            || format!("{}: the column `{}`", self.path.display(), self.columns[column].name);
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)) {
            Ok(read) => read.map_err(|error| Error::new(format_args!("{} {error}", shown()))),
            Err(_) => bail!("{} is damaged", shown()),
        }
    }
}
