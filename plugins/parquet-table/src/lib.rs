//! Parquet files as the hubs of data sets hand them out: a column of pictures, and columns of what is known of them.

#[cfg(test)]
mod damaged;
mod delta;
mod files;
mod groups;
mod page_header;
mod pages;
mod shard;
mod shared_file;

use std::path::PathBuf;

use groups::Groups;
use shard::Shard;
use workbench_sdk::pictures::{self, Pictures};
use workbench_sdk::prelude::*;

struct ParquetTable {
    groups: Groups,
    pictures: Pictures,
    splits: Splits,
    label: Option<Column>,
    attributes: Vec<Column>,
    captions: Option<Vec<String>>,
}

const IMAGES: [&str; 4] = ["image", "img", "picture", "png"];
const LABELS: [&str; 4] = ["label", "labels", "fine_label", "class"];
const CAPTIONS: [&str; 3] = ["text", "caption", "prompt"];

impl Dataset for ParquetTable {
    const NAME: &str = "parquet-table";
    const ABOUT: &str =
        "Parquet files with a column of pictures, as hubs of data sets hand them out.";
    const PARAMS: &[Param] = &[
        param::path("path", "A file, or a folder of .parquet files; names that begin with train, valid or test are splits.")
            .required(),
        pictures::SIZE,
        pictures::FIT,
        pictures::CROP,
        pictures::GREY,
        pictures::BACKGROUND,
        param::text("image", "The column of pictures, of bytes or of {bytes, path}; \"\": `image`, `img` or the like.", ""),
        param::text("label", "The column of labels; \"\": `label`, `labels`, `fine_label` or `class`; \"none\".", ""),
        param::text("caption", "The column of captions; \"\": `text`, `caption` or `prompt`; \"none\".", ""),
        param::text(
            "attributes",
            "Columns that are attributes: `NAME` or `NAME: KIND VALUE|VALUE`, separated by commas, KIND being binary, \
             categorical, ordinal or real; \"*\": every column that is nothing else; \"none\".",
            "*",
        ),
        param::float("test_share", "Where no file is of the test split, so large a share is held out.", 0.1)
            .between(0.0, 1.0),
        param::int("seed", "Another seed holds other rows out.", 0).range(0, i64::MAX),
        param::int("cache_mb", "Megabytes of pictures, as they stand in the files, kept in memory.", 256).range(1, 1 << 20),
    ];

    fn open(config: &Config) -> Result<ParquetTable> {
        let path: PathBuf = config.get("path")?;
        let found = files::find(&path)?;
        let shards: Vec<Shard> =
            found.paths.iter().map(|path| Shard::open(path)).collect::<Result<_>>()?;
        let first = shards.first().ok_or_else(|| Error::new("there is no file"))?;
        let place = |error: Error| error.context(path.display());

        let image = named(first, &config.get::<String>("image")?, &IMAGES, true).map_err(place)?;
        let Some(image) = image else {
            bail!(
                "{}: which column holds the pictures can't be told; set `image` to one of {}",
                path.display(),
                listing(first)
            )
        };
        let label = named(first, &config.get::<String>("label")?, &LABELS, false).map_err(place)?;
        let caption =
            named(first, &config.get::<String>("caption")?, &CAPTIONS, false).map_err(place)?;
        let column_of_pictures = |shard: &Shard| match shard.column(&image) {
            Some(column) if shard.columns[column].is_bytes => Ok(column),
            _ => bail!(
                "{}: the column `{image}` is not there, or does not hold bytes",
                shard.path.display()
            ),
        };
        let columns: Vec<usize> = shards.iter().map(column_of_pictures).collect::<Result<_>>()?;
        let label = label.map(|name| labels(&shards, &name)).transpose()?;
        let captions = caption.as_deref().map(|name| texts(&shards, name)).transpose()?;
        let used = [Some(image.as_str()), label.as_ref().map(Column::name), caption.as_deref()];
        let asked = config.get::<String>("attributes")?;
        let attributes =
            attributes(&shards, asked.trim(), &used.into_iter().flatten().collect::<Vec<_>>())?;

        let rows: Vec<u64> = shards.iter().map(|shard| shard.rows() as u64).collect();
        let splits = match found.apart(&rows) {
            Some(parts) => Splits::in_turn(&parts),
            None => {
                Splits::held_out(rows.iter().sum(), config.get("test_share")?, config.get("seed")?)
                    .map_err(place)?
            }
        };
        let groups = Groups::new(shards, columns, config.get::<usize>("cache_mb")? << 20);
        let mut pictures = Pictures::of(config)?;
        groups.picture(0, |file| pictures.settle(file))?;
        Ok(ParquetTable { groups, pictures, splits, label, attributes, captions })
    }

    fn fields(&self) -> Vec<Field> {
        let [channels, height, width] = self.pictures.shape();
        let mut fields = vec![Field::image(channels, height, width)];
        fields.extend(self.label.as_ref().map(|label| Field::label(label.names())));
        fields.extend(self.attributes.iter().map(Column::field));
        if let Some(captions) = &self.captions {
            fields.push(Field::caption(captions.iter().map(String::len).max().unwrap_or(0).max(1)));
        }
        fields
    }

    fn len(&self, split: &str) -> Option<u64> {
        self.splits.len(split)
    }

    fn read(&self, split: &str, index: u64, item: &mut Item) -> Result<()> {
        let row = self.splits.place(split, index)?;
        self.groups.picture(row, |file| self.pictures.fill(file, item.image()))?;
        if let Some(label) = &self.label {
            item.label(label.code(row).unwrap_or(0));
        }
        for attribute in &self.attributes {
            attribute.fill(row, item);
        }
        if let Some(captions) = &self.captions {
            item.caption(&captions[row]);
        }
        Ok(())
    }
}

/// A column's name in the schema: the one asked for, or one with a usual name; `None` for "none" or where there is none.
fn named(shard: &Shard, asked: &str, usual: &[&str], bytes: bool) -> Result<Option<String>> {
    let fits = |column: usize| !bytes || shard.columns[column].is_bytes;
    let name = |column: usize| shard.columns[column].name.clone();
    match asked {
        "none" => Ok(None),
        "" => {
            let usual =
                usual.iter().find_map(|known| shard.column(known).filter(|&column| fits(column)));
            Ok(usual.map(name))
        }
        asked => match shard.column(asked) {
            Some(column) => Ok(Some(name(column))),
            None => bail!("there is no column `{asked}`; there are {}", listing(shard)),
        },
    }
}

fn listing(shard: &Shard) -> String {
    shard.columns.iter().map(|column| format!("`{}`", column.name)).collect::<Vec<_>>().join(", ")
}

/// A column of all files, as texts.
fn texts(shards: &[Shard], name: &str) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for shard in shards {
        match shard.column(name) {
            Some(column) => all.extend(shard.texts(column)?),
            None => bail!(
                "{}: there is no column `{name}`; there are {}",
                shard.path.display(),
                listing(shard)
            ),
        }
    }
    Ok(all)
}

/// Labels, with the names that the hub's libraries note of them.
fn labels(shards: &[Shard], name: &str) -> Result<Column> {
    let note = shards.iter().find_map(Shard::note);
    let names = note
        .as_ref()
        .and_then(|note| note.pointer(&format!("/info/features/{name}/names"))?.as_array());
    let values =
        names.into_iter().flatten().filter_map(|name| Some(name.as_str()?.to_owned())).collect();
    let texts = texts(shards, name)?;
    let declared = Declaration { name: name.to_owned(), kind: Some(Kind::Categorical), values };
    let Some(column) = Column::read(&declared, &texts)? else {
        bail!("the column `{name}` holds no labels")
    };
    if let Some(row) = (0..texts.len()).find(|&row| column.code(row).is_none()) {
        bail!("the label of row {row} is {:?}, which says nothing", texts[row])
    }
    Ok(column)
}

fn attributes(shards: &[Shard], asked: &str, used: &[&str]) -> Result<Vec<Column>> {
    let declared = match asked {
        "none" => Vec::new(),
        "*" => {
            // Of a picture only its bytes are told above; the path beside them tells items apart, and nothing else.
            let picture = used.first().and_then(|name| name.strip_suffix(".bytes"));
            let beside = |name: &str| {
                picture.is_some_and(|picture| name.starts_with(&format!("{picture}.")))
            };
            let free = shards[0].columns.iter().filter(|column| {
                !used.contains(&column.name.as_str())
                    && (column.is_text || !column.is_bytes)
                    && !beside(&column.name)
                    && !["image", "label", "caption"].contains(&column.name.as_str())
            });
            free.map(|column| Declaration::of(&column.name)).collect()
        }
        list => Declaration::list(list)?,
    };
    let mut columns = Vec::new();
    for declaration in declared {
        match texts(shards, &declaration.name) {
            Ok(texts) => columns.extend(Column::read(&declaration, &texts)?),
            // A column of lists or dates is no attribute, unless it is asked for.
            Err(_) if asked == "*" => {}
            Err(error) => return Err(error),
        }
    }
    for column in &columns {
        ensure!(
            !["image", "label", "caption"].contains(&column.name()),
            "an attribute can't be called `{}`: the name is taken",
            column.name()
        );
    }
    Ok(columns)
}

export_plugin! { datasets: [ParquetTable] }
