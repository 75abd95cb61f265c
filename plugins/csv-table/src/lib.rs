//! CSV files whose rows are pictures: a column a pixel, and perhaps one for the label.

#[cfg(test)]
mod damaged;
mod rows;

use std::path::PathBuf;

use rows::{Numbers, Rows, shown};
use workbench_sdk::prelude::*;

struct CsvTable {
    shape: [usize; 3],
    pixels: Pixels,
    label: Option<Column>,
    attributes: Vec<Column>,
    splits: Splits,
}

enum Pixels {
    Bytes(Vec<u8>),
    Floats(Vec<f32>),
}

const LABELS: [&str; 4] = ["label", "class", "target", "y"];

impl Dataset for CsvTable {
    const NAME: &str = "csv-table";
    const ABOUT: &str =
        "CSV files whose rows are pictures: a column a pixel, and perhaps one for the label.";
    const PARAMS: &[Param] = &[
        param::path("file", "The file, with or without a line of names.").required(),
        param::path("test_file", "The test split; without it a share is held out."),
        param::ints("shape", "[C, H, W] of a row, channel by channel; []: a square of grey.", &[])
            .range(1, 65_536),
        param::text(
            "label",
            "The column of labels, or its number from 0; \"\": `label`, `class`, `target` or `y`; \"none\".",
            "",
        ),
        param::text(
            "attributes",
            "Columns that are attributes and no pixels: `NAME` or `NAME: KIND VALUE|VALUE`, separated by commas, KIND \
             being binary, categorical, ordinal or real.",
            "",
        ),
        param::text("ignore", "Columns that are left out, separated by commas.", ""),
        param::float("black", "The value that is black.", 0.0),
        param::float(
            "white",
            "The value that is white; as large as `black`: 1 where no value is more, else 255.",
            0.0,
        ),
        param::float(
            "test_share",
            "Where no test split is given, so large a share is held out.",
            0.1,
        )
        .between(0.0, 1.0),
        param::int("seed", "Another seed holds other rows out.", 0).range(0, i64::MAX),
    ];

    fn open(config: &Config) -> Result<CsvTable> {
        let path: PathBuf = config.get("file")?;
        let headers = Rows::headers(&path)?;
        let label = match config.get::<String>("label")?.as_str() {
            "none" => None,
            "" => LABELS
                .iter()
                .copied()
                .find(|known| headers.iter().any(|name| name == known))
                .map(str::to_owned),
            name => Some(name.to_owned()),
        };
        let attributes = match config.get::<String>("attributes")?.trim() {
            "" | "none" => Vec::new(),
            list => Declaration::list(list)?,
        };
        let ignored = config.get::<String>("ignore")?;
        let ignored = ignored.split(',').map(str::trim).filter(|name| !name.is_empty());
        let mut texts: Vec<&str> = label.as_deref().into_iter().collect();
        texts.extend(attributes.iter().map(|declared| declared.name.as_str()));
        texts.extend(ignored);

        let mut rows = Rows::read(&path, &texts)?;
        let train = rows.len;
        let width = headers.len() - texts.len();
        let splits = match config.get::<Option<PathBuf>>("test_file")? {
            Some(test_path) => {
                let test = Rows::read(&test_path, &texts)?;
                ensure!(
                    test.headers == headers,
                    "{}: its columns are not those of the training split: {} instead of {}",
                    test_path.display(),
                    shown(&test.headers),
                    shown(&headers)
                );
                let len = test.len;
                rows.append(test);
                Splits::in_turn(&[("train", train as u64), ("test", len as u64)])
            }
            None => Splits::held_out(train as u64, config.get("test_share")?, config.get("seed")?)
                .map_err(|error| error.context(path.display()))?,
        };
        let place = |error: Error| error.context(path.display());
        let shape = shape(width, &config.get::<Vec<usize>>("shape")?).map_err(place)?;
        let pixels =
            pixels(rows.numbers, config.get("black")?, config.get("white")?).map_err(place)?;
        let mut columns = rows.texts.into_iter();
        let label = match label {
            Some(name) => Some(labels(&name, &columns.next().unwrap_or_default()).map_err(place)?),
            None => None,
        };
        let mut read = Vec::new();
        for (declared, texts) in attributes.iter().zip(columns) {
            ensure!(
                !["image", "label", "caption"].contains(&declared.name.as_str()),
                "an attribute can't be called `{}`: the name is taken",
                declared.name
            );
            read.extend(Column::read(declared, &texts).map_err(place)?);
        }
        Ok(CsvTable { shape, pixels, label, attributes: read, splits })
    }

    fn fields(&self) -> Vec<Field> {
        let [c, h, w] = self.shape;
        let mut fields = vec![match self.pixels {
            Pixels::Bytes(_) => Field::image(c, h, w),
            Pixels::Floats(_) => Field::image_f32(c, h, w),
        }];
        fields.extend(self.label.as_ref().map(|label| Field::label(label.names())));
        fields.extend(self.attributes.iter().map(Column::field));
        fields
    }

    fn len(&self, split: &str) -> Option<u64> {
        self.splits.len(split)
    }

    fn read(&self, split: &str, index: u64, item: &mut Item) -> Result<()> {
        let place = self.splits.place(split, index)?;
        let size: usize = self.shape.iter().product();
        let row = place * size..(place + 1) * size;
        match &self.pixels {
            Pixels::Bytes(bytes) => item.image().copy_from_slice(&bytes[row]),
            Pixels::Floats(floats) => item.image_f32().copy_from_slice(&floats[row]),
        }
        if let Some(label) = &self.label {
            item.label(label.code(place).unwrap_or(0));
        }
        for attribute in &self.attributes {
            attribute.fill(place, item);
        }
        Ok(())
    }
}

impl Rows {
    fn append(&mut self, more: Rows) {
        for (all, more) in self.texts.iter_mut().zip(more.texts) {
            all.extend(more);
        }
        let numbers = std::mem::replace(&mut self.numbers, Numbers::Bytes(Vec::new()));
        self.numbers = match (numbers, more.numbers) {
            (Numbers::Bytes(mut all), Numbers::Bytes(more)) => {
                all.extend(more);
                Numbers::Bytes(all)
            }
            (all, more) => {
                let mut all = all.into_floats();
                all.extend(more.into_floats());
                Numbers::Floats(all)
            }
        };
        self.len += more.len;
    }
}

/// `[C, H, W]` of rows of so many pixels.
fn shape(width: usize, asked: &[usize]) -> Result<[usize; 3]> {
    ensure!(width > 0, "has no columns of pixels");
    match *asked {
        [] => {
            let side = width.isqrt();
            ensure!(
                side * side == width,
                "has {width} columns of pixels, which make no square: set `shape` to [C, H, W], or say which are none \
                 with `label`, `attributes` or `ignore`"
            );
            Ok([1, side, side])
        }
        [c, h, w] => {
            let wanted = [c, h, w].iter().try_fold(1usize, |all, &n| all.checked_mul(n));
            ensure!(
                wanted == Some(width),
                "has {width} columns of pixels, and `shape` asks for {c}x{h}x{w}"
            );
            Ok([c, h, w])
        }
        _ => bail!("`shape` must be [C, H, W]"),
    }
}

/// What the numbers become.
fn pixels(numbers: Numbers, black: f64, white: f64) -> Result<Pixels> {
    ensure!(black.is_finite() && white.is_finite(), "`black` and `white` must be finite");
    let guessed = black == white;
    let (numbers, white) = match numbers {
        Numbers::Bytes(mut bytes)
            if black == 0.0 && (guessed || white == 255.0 || white == 1.0) =>
        {
            let most = bytes.iter().max().copied().unwrap_or(0);
            if white == 1.0 || guessed && most <= 1 {
                ensure!(most <= 1, "a value is {most}, and `white` is 1");
                bytes.iter_mut().for_each(|byte| *byte *= 255);
            }
            return Ok(Pixels::Bytes(bytes));
        }
        numbers => (numbers.into_floats(), if guessed { 1.0 } else { white }),
    };
    let mut floats = numbers;
    for x in &mut floats {
        let unit = (f64::from(*x) - black) / (white - black);
        ensure!(
            (-1e-4..=1.0001).contains(&unit),
            "a value is {x}, outside of {black} to {white}; set `black` and `white`"
        );
        *x = unit.clamp(0.0, 1.0) as f32;
    }
    Ok(Pixels::Floats(floats))
}

fn labels(name: &str, texts: &[String]) -> Result<Column> {
    let declared = Declaration { kind: Some(Kind::Categorical), ..Declaration::of(name) };
    let Some(column) = Column::read(&declared, texts)? else {
        bail!("the column `{name}` holds no labels")
    };
    if let Some(row) = (0..texts.len()).find(|&row| column.code(row).is_none()) {
        bail!("the label of row {} is {:?}, which says nothing", row + 1, texts[row])
    }
    Ok(column)
}

export_plugin! { datasets: [CsvTable] }
