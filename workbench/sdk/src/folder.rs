//! Folders of items, for readers: files found and told apart, classes by sub-folder, splits, and a CSV table of
//! attributes and captions. With the feature `folder`.

mod cache;
mod files;
mod natural;
mod table;

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

pub use cache::Cache;
pub use files::{Files, SPLITS, Sought};
pub use table::Table;

use crate::{Column, Config, Field, Item, Param, Result, Splits, bail, param};

/// Declares `labels`.
pub const LABELS: Param = param::text(
    "labels",
    "Classes: \"folders\", \"none\", or a column of the table; \"\": folders, if all are in some.",
    "",
);
/// Declares `table`.
pub const TABLE: Param = param::path("table", "A CSV file with one row an item.");
/// Declares `file_column`.
pub const FILE_COLUMN: Param = param::text(
    "file_column",
    "The column with the item's path in the folder; \"\": `file`, `file_name` or the like.",
    "",
);
/// Declares `caption_column`.
pub const CAPTION_COLUMN: Param = param::text(
    "caption_column",
    "The column of captions; \"\": `caption`, `text` or the like; \"none\".",
    "",
);
/// Declares `split_column`.
pub const SPLIT_COLUMN: Param = param::text(
    "split_column",
    "A column that says train, valid or test (or 0, 1, 2) of each item.",
    "",
);
/// Declares `attributes`.
pub const ATTRIBUTES: Param = param::text(
    "attributes",
    "Columns that are attributes: `NAME` or `NAME: KIND VALUE|VALUE`, separated by commas, KIND being binary, \
     categorical, ordinal or real; \"*\": every column that is nothing else; \"none\".",
    "*",
);
/// Declares `test_share`.
pub const TEST_SHARE: Param = param::float(
    "test_share",
    "Where nothing says what the test split is, so large a share is held out.",
    0.1,
)
.between(0.0, 1.0);
/// Declares `seed`.
pub const SEED: Param =
    param::int("seed", "Another seed holds other items out.", 0).range(0, i64::MAX);
/// Declares `cache_mb`.
pub const CACHE_MB: Param = param::int(
    "cache_mb",
    "Megabytes of decoded items kept in memory; others are decoded each time.",
    256,
)
.range(0, 1 << 20);

/// The items of a folder, and what is known of them. An item has a place: 0 is the first of [`Files::names`].
pub struct Folder {
    pub files: Files,
    splits: Splits,
    classes: Vec<String>,
    /// Of each item.
    labels: Vec<u32>,
    attributes: Vec<Column>,
    captions: Option<Vec<Box<str>>>,
}

impl Folder {
    /// As [`LABELS`], [`TABLE`], [`FILE_COLUMN`], [`CAPTION_COLUMN`], [`SPLIT_COLUMN`], [`ATTRIBUTES`], [`TEST_SHARE`]
    /// and [`SEED`] say, all of which the plugin declares.
    ///
    /// # Errors
    /// The table is damaged, or does not fit the items or what is said of it; no split is left to test on.
    pub fn open(config: &Config, files: Files) -> Result<Folder> {
        let file_column = config.get::<String>("file_column")?;
        let table: Option<PathBuf> = config.get("table")?;
        let table = table.map(|path| Table::read(&path, &file_column, &files)).transpose()?;
        let (label, split) =
            (config.get::<String>("labels")?, config.get::<String>("split_column")?);
        let caption = config.get::<String>("caption_column")?;
        let caption = table.as_ref().and_then(|table| table.captions(&caption));
        let (attributes, captions) = match &table {
            Some(table) => {
                let used = [Some(label.as_str()), Some(split.as_str()), caption.as_deref()];
                let used: Vec<&str> = used.into_iter().flatten().collect();
                let attributes =
                    table.attributes(config.get::<String>("attributes")?.trim(), &used)?;
                let captions = caption.as_deref().map(|name| table.column(name)).transpose()?;
                (attributes, captions.map(<[Box<str>]>::to_vec))
            }
            None => (Vec::new(), None),
        };
        let (classes, labels) = classes(&label, &files, table.as_ref())?;
        let splits = match (split.as_str(), &table, files.splits()) {
            ("", _, Some(apart)) => Splits::listed(&SPLITS.map(|(name, _)| name), apart)?,
            ("", _, None) => {
                let n = files.names.len() as u64;
                Splits::held_out(n, config.get("test_share")?, config.get("seed")?)
                    .map_err(|error| error.context(files.root().display()))?
            }
            (column, Some(table), _) => told(table.column(column)?, &files)?,
            (_, None, _) => bail!("`split_column` is given without `table`"),
        };
        Ok(Folder { files, splits, classes, labels, attributes, captions })
    }

    /// The label, the attributes and the caption, as far as there are any.
    pub fn fields(&self) -> Vec<Field> {
        let mut fields = Vec::new();
        if !self.classes.is_empty() {
            fields.push(Field::label(&self.classes));
        }
        fields.extend(self.attributes.iter().map(Column::field));
        if let Some(captions) = &self.captions {
            let longest = captions.iter().map(|text| text.len()).max();
            fields.push(Field::caption(longest.unwrap_or(0).max(1)));
        }
        fields
    }

    /// What [`Dataset::len`](crate::Dataset::len) answers.
    pub fn len(&self, split: &str) -> Option<u64> {
        self.splits.len(split)
    }

    /// The place of an item of a split.
    ///
    /// # Errors
    /// There is none such.
    pub fn place(&self, split: &str, index: u64) -> Result<usize> {
        self.splits.place(split, index)
    }

    /// Fills in what is known of the item at a place.
    pub fn fill(&self, place: usize, item: &mut Item) {
        if let Some(&label) = self.labels.get(place) {
            item.label(label.into());
        }
        for attribute in &self.attributes {
            attribute.fill(place, item);
        }
        if let Some(captions) = &self.captions {
            item.caption(&captions[place]);
        }
    }
}

/// Names of the classes, and the class of each item.
fn classes(asked: &str, files: &Files, table: Option<&Table>) -> Result<(Vec<String>, Vec<u32>)> {
    let n = files.names.len();
    let first = |place: usize| {
        files.without_split(place).split_once('/').map(|(folder, _)| folder.to_owned())
    };
    let names: Vec<String> = match (asked, table) {
        ("none", _) => return Ok(Default::default()),
        ("" | "folders", _) => match (0..n).map(first).collect::<Option<Vec<String>>>() {
            // One class is none.
            Some(folders)
                if asked == "folders" || folders.iter().any(|folder| *folder != folders[0]) =>
            {
                folders
            }
            Some(_) => return Ok(Default::default()),
            None if asked.is_empty() => return Ok(Default::default()),
            None => {
                let loose = (0..n).find(|&place| first(place).is_none());
                bail!(
                    "`labels` are the folders, and {} is in none",
                    loose.map_or("", |place| &files.names[place])
                )
            }
        },
        (column, Some(table)) => {
            let names = table.column(column)?;
            if let Some(place) = names.iter().position(|name| name.is_empty()) {
                bail!("{} has no label in the column `{column}`", files.names[place])
            }
            names.iter().map(|name| name.to_string()).collect()
        }
        (column, None) => {
            bail!("`labels` is \"{column}\", a column of a table, and no `table` is given")
        }
    };
    let classes: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let mut classes: Vec<&str> = classes.into_iter().collect();
    if classes.iter().all(|name| name.parse::<u32>().is_ok()) {
        classes.sort_by_key(|name| name.parse::<u32>().unwrap_or(0));
    }
    let codes: HashMap<&str, u32> =
        classes.iter().enumerate().map(|(code, name)| (*name, code as u32)).collect();
    let labels = names.iter().map(|name| codes[name.as_str()]).collect();
    Ok((classes.into_iter().map(str::to_owned).collect(), labels))
}

/// Splits as a table tells them.
fn told(column: &[Box<str>], files: &Files) -> Result<Splits> {
    let split = |(place, text): (usize, &str)| {
        let text = text.trim();
        let named = SPLITS.iter().enumerate().position(|(number, (_, names))| {
            names.iter().any(|name| name.eq_ignore_ascii_case(text)) || text.parse() == Ok(number)
        });
        match named {
            Some(number) => Ok(number),
            None => bail!(
                "the split of {} is {text:?}, not train, valid or test (or 0, 1, 2)",
                files.names[place]
            ),
        }
    };
    let of: Vec<usize> =
        column.iter().map(|text| &**text).enumerate().map(split).collect::<Result<_>>()?;
    Splits::listed(&SPLITS.map(|(name, _)| name), &of)
}
