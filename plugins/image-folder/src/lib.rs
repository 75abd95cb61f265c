//! A folder of pictures: PNG, JPEG, WebP, GIF, BMP, PGM, PPM and TIFF.

mod cache;
#[cfg(test)]
mod damaged;
mod files;
mod table;

use std::collections::BTreeSet;
use std::path::PathBuf;

use cache::Cache;
use files::{Files, SPLITS};
use table::Table;
use workbench_sdk::pictures::{self, Pictures};
use workbench_sdk::prelude::*;

struct ImageFolder {
    files: Files,
    pictures: Pictures,
    splits: Splits,
    classes: Vec<String>,
    /// Of each picture.
    labels: Vec<u32>,
    attributes: Vec<Column>,
    captions: Option<Vec<Box<str>>>,
    cache: Cache,
}

impl Dataset for ImageFolder {
    const NAME: &str = "image-folder";
    const ABOUT: &str = "A folder of pictures, with classes by sub-folder and a CSV table of attributes and captions.";
    const PARAMS: &[Param] = &[
        param::path(
            "folder",
            "The folder; pictures in it and below it. Where it has train/ and test/ (and perhaps valid/), these are the splits.",
        )
        .required(),
        pictures::SIZE,
        pictures::FIT,
        pictures::CROP,
        pictures::GREY,
        pictures::BACKGROUND,
        param::text("labels", "Classes: \"folders\", \"none\", or a column of the table; \"\": folders, if all are in some.", ""),
        param::path("table", "A CSV file with one row a picture."),
        param::text("file_column", "The column with the picture's path in the folder; \"\": `file`, `file_name` or the like.", ""),
        param::text("caption_column", "The column of captions; \"\": `caption`, `text` or the like; \"none\".", ""),
        param::text("split_column", "A column that says train, valid or test (or 0, 1, 2) of each picture.", ""),
        param::text(
            "attributes",
            "Columns that are attributes: `NAME` or `NAME: KIND VALUE|VALUE`, separated by commas, KIND being binary, \
             categorical, ordinal or real; \"*\": every column that is nothing else; \"none\".",
            "*",
        ),
        param::float("test_share", "Where nothing says what the test split is, so large a share is held out.", 0.1)
            .between(0.0, 1.0),
        param::int("seed", "Another seed holds other pictures out.", 0).range(0, i64::MAX),
        param::int("cache_mb", "Megabytes of decoded pictures kept in memory; others are decoded each time.", 256)
            .range(0, 1 << 20),
    ];

    fn open(config: &Config) -> Result<ImageFolder> {
        let folder: PathBuf = config.get("folder")?;
        let files = Files::find(&folder)?;
        let mut pictures = Pictures::of(config)?;
        pictures.settle(&files.read(0)?).map_err(|error| error.context(&files.names[0]))?;
        let file_column = config.get::<String>("file_column")?;
        let table: Option<PathBuf> = config.get("table")?;
        let table = table.map(|path| Table::read(&path, &file_column, &files.names)).transpose()?;
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
        let splits = match (split.as_str(), &table, files.apart) {
            ("", _, Some([train, valid, test])) => {
                Splits::in_turn(&[("train", train), ("valid", valid), ("test", test)])
            }
            ("", _, None) => {
                let n = files.names.len() as u64;
                Splits::held_out(n, config.get("test_share")?, config.get("seed")?)
                    .map_err(|error| error.context(folder.display()))?
            }
            (column, Some(table), _) => told(table.column(column)?, &files)?,
            (_, None, _) => bail!("`split_column` is given without `table`"),
        };
        let size = pictures.shape().iter().product();
        let cache = Cache::new(files.names.len(), size, config.get::<u64>("cache_mb")? << 20);
        Ok(ImageFolder { files, pictures, splits, classes, labels, attributes, captions, cache })
    }

    fn fields(&self) -> Vec<Field> {
        let [channels, height, width] = self.pictures.shape();
        let mut fields = vec![Field::image(channels, height, width)];
        if !self.classes.is_empty() {
            fields.push(Field::label(&self.classes));
        }
        fields.extend(self.attributes.iter().map(Column::field));
        if let Some(captions) = &self.captions {
            fields.push(Field::caption(
                captions.iter().map(|text| text.len()).max().unwrap_or(0).max(1),
            ));
        }
        fields
    }

    fn len(&self, split: &str) -> Option<u64> {
        self.splits.len(split)
    }

    fn read(&self, split: &str, index: u64, item: &mut Item) -> Result<()> {
        let place = self.splits.place(split, index)?;
        self.cache.fill(place, item.image(), |into| {
            let file = self.files.read(place)?;
            self.pictures.fill(&file, into).map_err(|error| error.context(&self.files.names[place]))
        })?;
        if let Some(&label) = self.labels.get(place) {
            item.label(label.into());
        }
        for attribute in &self.attributes {
            attribute.fill(place, item);
        }
        if let Some(captions) = &self.captions {
            item.caption(&captions[place]);
        }
        Ok(())
    }
}

/// Names of the classes, and the class of each picture.
fn classes(asked: &str, files: &Files, table: Option<&Table>) -> Result<(Vec<String>, Vec<u32>)> {
    let n = files.names.len();
    let names: Vec<&str> = match (asked, table) {
        ("none", _) => return Ok(Default::default()),
        ("" | "folders", _) => {
            let folders: Option<Vec<&str>> =
                (0..n).map(|place| Some(files.below_split(place).split_once('/')?.0)).collect();
            match folders {
                // One class is none.
                Some(folders)
                    if asked == "folders" || folders.iter().any(|folder| *folder != folders[0]) =>
                {
                    folders
                }
                Some(_) => return Ok(Default::default()),
                None if asked.is_empty() => return Ok(Default::default()),
                None => {
                    let loose = (0..n).find(|&place| !files.below_split(place).contains('/'));
                    bail!(
                        "`labels` are the folders, and {} is in none",
                        loose.map_or("", |place| &files.names[place])
                    )
                }
            }
        }
        (column, Some(table)) => {
            let names = table.column(column)?;
            if let Some(place) = names.iter().position(|name| name.is_empty()) {
                bail!("{} has no label in the column `{column}`", files.names[place])
            }
            names.iter().map(|name| &**name).collect()
        }
        (column, None) => {
            bail!("`labels` is \"{column}\", a column of a table, and no `table` is given")
        }
    };
    let classes: BTreeSet<&str> = names.iter().copied().collect();
    let mut classes: Vec<&str> = classes.into_iter().collect();
    if classes.iter().all(|name| name.parse::<u32>().is_ok()) {
        classes.sort_by_key(|name| name.parse::<u32>().unwrap_or(0));
    }
    let codes: std::collections::HashMap<&str, u32> =
        classes.iter().enumerate().map(|(code, name)| (*name, code as u32)).collect();
    let labels = names.iter().map(|name| codes[name]).collect();
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

export_plugin! { datasets: [ImageFolder] }
