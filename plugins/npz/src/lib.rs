//! NumPy's .npz and .npy files: pictures, labels, attributes and captions by the names of their arrays.

mod archive;
#[cfg(test)]
mod damaged;
mod pictures;
mod table;

use std::path::PathBuf;

use archive::Archive;
use pictures::Pictures;
use table::{Source, Table};
use workbench_sdk::npy::Array;
use workbench_sdk::prelude::*;

struct Npz {
    /// Of the training split, and of the test split where that is apart.
    images: Vec<Array>,
    pictures: Pictures,
    table: Table,
    splits: Splits,
}

impl Dataset for Npz {
    const NAME: &str = "npz";
    const ABOUT: &str =
        "NumPy's .npz and .npy files: pictures or clips, labels, attributes and captions.";
    const PARAMS: &[Param] = &[
        param::path("file", "A .npz file, or a .npy file of pictures.").required(),
        param::path("test_file", "The test split, with arrays of the same names."),
        param::path("labels_file", "A .npy file of labels, for pictures in a .npy file."),
        param::path("test_labels_file", "The same for `test_file`."),
        param::text(
            "images",
            "The array of pictures; \"\": `images`, `imgs`, `x_train` or the like.",
            "",
        ),
        param::text(
            "labels",
            "The array of labels; \"\": `labels`, `y_train` or the like; \"none\".",
            "",
        ),
        param::text(
            "captions",
            "The array of captions; \"\": `captions` or the like; \"none\".",
            "",
        ),
        param::text(
            "test_images",
            "The array of test pictures in `file`; \"\": `x_test` or the like.",
            "",
        ),
        param::text(
            "test_labels",
            "The array of test labels in `file`; \"\": `y_test` or the like.",
            "",
        ),
        param::text(
            "attributes",
            "Arrays [N] or [N, A] that are attributes: `NAME` or `NAME: KIND VALUE|VALUE`, separated by commas, KIND \
             being binary, categorical, ordinal or real; \"*\": every array [N] that is nothing else; \"none\".",
            "*",
        ),
        param::text(
            "names",
            "Names for the columns of arrays [N, A], in order, written as `attributes` are.",
            "",
        ),
        param::text(
            "layout",
            "How a picture lies in the array, or a clip, whose frames are `t`; \"auto\": as its shape tells.",
            "auto",
        )
        .choices(&[
            param::choice("auto"),
            param::choice("hw"),
            param::choice("chw"),
            param::choice("hwc"),
            param::choice("thw"),
            param::choice("thwc"),
            param::choice("tchw"),
            param::choice("cthw"),
        ]),
        param::ints(
            "shape",
            "[C, H, W], or of a clip [C, T, H, W], that an item of another shape is cut into.",
            &[],
        )
            .range(1, 65_536),
        param::float("black", "The value that is black.", 0.0),
        param::float(
            "white",
            "The value that is white; as large as `black`: 1 for floats, and for bytes that go no higher, else 255.",
            0.0,
        ),
        param::float(
            "test_share",
            "Where no test split is given, so large a share is held out.",
            0.1,
        )
        .between(0.0, 1.0),
        param::int("seed", "Another seed holds other items out.", 0).range(0, i64::MAX),
    ];

    fn open(config: &Config) -> Result<Npz> {
        let path: PathBuf = config.get("file")?;
        let train = Archive::open(&path)?;
        let test_path: Option<PathBuf> = config.get("test_file")?;
        let test = test_path.as_deref().map(Archive::open).transpose()?;
        let name = images_of(&train, &config.get::<String>("images")?)?;
        let mut images = vec![train.array(&name)?];
        let test_name = test_images_of(&train, &name, &config.get::<String>("test_images")?)?;
        match (&test, &test_name) {
            (Some(_), Some(_)) if !config.get::<String>("test_images")?.is_empty() => {
                bail!(
                    "`test_file` and `test_images` are both given; one of them says what the test split is"
                )
            }
            // A .npy file's array is called as the file is.
            (Some(test), _) => images.push(match test.arrays().collect::<Vec<_>>()[..] {
                [(only, _)] => test.array(only)?,
                _ => test.array(&name)?,
            }),
            (None, Some(test_name)) => images.push(train.array(test_name)?),
            (None, None) => {}
        }
        let shape: Vec<usize> = config.get("shape")?;
        let (black, white) = (config.get("black")?, config.get("white")?);
        let pictures =
            Pictures::of(&images[0], &config.get::<String>("layout")?, &shape, black, white)?;
        for more in &images[1..] {
            ensure!(!more.is_empty(), "{} holds nothing", more.shown);
            pictures.fit(more)?;
        }
        let rows: Vec<usize> = images.iter().map(Array::len).collect();
        let labels = [config.get("labels_file")?, config.get("test_labels_file")?];
        let source = Source {
            train: &train,
            test: test.as_ref(),
            images: [Some(name), test_name.filter(|_| test.is_none())],
            labels,
            rows: &rows,
        };
        let table = Table::read(config, &source)?;
        let splits = match rows[..] {
            [all] => Splits::held_out(all as u64, config.get("test_share")?, config.get("seed")?)
                .map_err(|error| error.context(path.display()))?,
            _ => Splits::in_turn(&[("train", rows[0] as u64), ("test", rows[1] as u64)]),
        };
        Ok(Npz { images, pictures, table, splits })
    }

    fn fields(&self) -> Vec<Field> {
        let mut fields = vec![self.pictures.field()];
        fields.extend(self.table.fields());
        fields
    }

    fn len(&self, split: &str) -> Option<u64> {
        self.splits.len(split)
    }

    fn read(&self, split: &str, index: u64, item: &mut Item) -> Result<()> {
        let place = self.splits.place(split, index)?;
        let first = self.images[0].len();
        let (images, at) = match place.checked_sub(first) {
            Some(at) => (&self.images[1], at),
            None => (&self.images[0], place),
        };
        images.item(at, |values| self.pictures.fill(values, item))?;
        self.table.fill(place, item);
        Ok(())
    }
}

/// What arrays of pictures are usually called, that of the training split and that of the test split.
const IMAGES: [[&str; 2]; 7] = [
    ["images", "test_images"],
    ["imgs", "test_imgs"],
    ["x_train", "x_test"],
    ["train_images", "test_images"],
    ["X_train", "X_test"],
    ["x", "x_test"],
    ["data", "test_data"],
];

fn images_of(archive: &Archive, asked: &str) -> Result<String> {
    if !asked.is_empty() {
        return Ok(asked.to_owned());
    }
    if let Some([name, _]) = IMAGES.iter().find(|[name, _]| archive.has(name)) {
        return Ok((*name).to_owned());
    }
    let pictures: Vec<&str> = archive
        .arrays()
        .filter(|(_, header)| !header.dtype.is_text() && (3..=5).contains(&header.dims.len()))
        .map(|(name, _)| name)
        .collect();
    match (&pictures[..], archive.arrays().collect::<Vec<_>>().as_slice()) {
        ([name], _) | ([], [(name, _)]) => Ok((*name).to_owned()),
        _ => bail!(
            "{}: which array holds the pictures can't be told; set `images` to one of {}",
            archive.path.display(),
            archive.listing()
        ),
    }
}

fn test_images_of(archive: &Archive, images: &str, asked: &str) -> Result<Option<String>> {
    if !asked.is_empty() {
        return Ok(Some(asked.to_owned()));
    }
    let usual = IMAGES.iter().find(|[train, test]| *train == images && archive.has(test));
    Ok(usual.map(|[_, test]| (*test).to_owned()))
}

export_plugin! { datasets: [Npz] }
