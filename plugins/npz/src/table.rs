//! What is known of each picture: its label, attributes and caption.

use std::path::PathBuf;

use workbench_sdk::npy::Array;
use workbench_sdk::prelude::*;

use crate::archive::Archive;

/// Labels, attributes and captions, by place: those of the training split first.
pub struct Table {
    labels: Option<Labels>,
    attributes: Vec<Column>,
    captions: Option<Vec<String>>,
}

enum Labels {
    Numbers { numbers: Vec<i64>, classes: usize },
    Names(Column),
}

/// Where the arrays are.
pub struct Source<'a> {
    pub train: &'a Archive,
    pub test: Option<&'a Archive>,
    /// Names of the arrays of pictures, of training and of testing, in `train`.
    pub images: [Option<String>; 2],
    /// Files of labels alone.
    pub labels: [Option<PathBuf>; 2],
    /// How many pictures each split has; one number where they are not apart.
    pub rows: &'a [usize],
}

/// What labels are usually called, those of training and those of testing.
const LABELS: [[&str; 2]; 6] = [
    ["labels", "test_labels"],
    ["label", "test_label"],
    ["y_train", "y_test"],
    ["train_labels", "test_labels"],
    ["y", "y_test"],
    ["targets", "test_targets"],
];
const CAPTIONS: [&str; 4] = ["captions", "caption", "texts", "text"];
/// Labels above this are no class numbers.
const MOST_CLASSES: i64 = 1 << 20;
/// Arrays [N, A] of more columns are no attributes.
const MOST_COLUMNS: usize = 512;

impl Table {
    /// # Errors
    /// An array is asked for and not there, has another number of rows than there are pictures, or does not fit what is
    /// said of it.
    pub fn read(config: &Config, source: &Source) -> Result<Table> {
        let mut used: Vec<String> = source.images.iter().flatten().cloned().collect();
        let labels = labels(config, source, &mut used)?;
        let captions = captions(&config.get::<String>("captions")?, source, &mut used)?;
        let asked = config.get::<String>("attributes")?;
        let names = config.get::<String>("names")?;
        let attributes = attributes(asked.trim(), names.trim(), source, &used)?;
        Ok(Table { labels, attributes, captions })
    }

    pub fn fields(&self) -> Vec<Field> {
        let mut fields = Vec::new();
        match &self.labels {
            Some(Labels::Numbers { classes, .. }) => {
                fields.push(Field::label(&(0..*classes).collect::<Vec<_>>()));
            }
            Some(Labels::Names(column)) => fields.push(Field::label(column.names())),
            None => {}
        }
        fields.extend(self.attributes.iter().map(Column::field));
        if let Some(captions) = &self.captions {
            fields.push(Field::caption(captions.iter().map(String::len).max().unwrap_or(0).max(1)));
        }
        fields
    }

    pub fn fill(&self, place: usize, item: &mut Item) {
        match &self.labels {
            Some(Labels::Numbers { numbers, .. }) => item.label(numbers[place]),
            Some(Labels::Names(column)) => item.label(column.code(place).unwrap_or(0)),
            None => {}
        }
        for attribute in &self.attributes {
            attribute.fill(place, item);
        }
        if let Some(captions) = &self.captions {
            item.caption(&captions[place]);
        }
    }
}

impl Source<'_> {
    /// An array, and its part of the test split where the splits are apart.
    fn arrays(&self, name: &str, test_name: Option<&str>) -> Result<Vec<Array>> {
        let mut arrays = vec![self.train.array(name)?];
        if self.rows.len() > 1 {
            arrays.push(match (self.test, test_name) {
                (Some(test), _) => test.array(name)?,
                (None, Some(test_name)) => self.train.array(test_name)?,
                (None, None) => bail!(
                    "{}: `{name}` has no part for the test split; set `test_file`, or leave it out",
                    self.train.path.display()
                ),
            });
        }
        self.rows_fit(&arrays)?;
        Ok(arrays)
    }

    fn rows_fit(&self, arrays: &[Array]) -> Result<()> {
        for (array, &rows) in arrays.iter().zip(self.rows) {
            ensure!(
                array.len() == rows && !array.dims.is_empty(),
                "{} has {} rows, and there are {rows} pictures",
                array.shown,
                array.len()
            );
        }
        Ok(())
    }
}

fn labels(config: &Config, source: &Source, used: &mut Vec<String>) -> Result<Option<Labels>> {
    let asked = config.get::<String>("labels")?;
    let asked_test = config.get::<String>("test_labels")?;
    let arrays = match &source.labels {
        [Some(train), test] => {
            ensure!(
                asked.is_empty(),
                "`labels` and `labels_file` are both given; one of them says what the labels are"
            );
            ensure!(
                test.is_some() == (source.rows.len() > 1),
                "give `labels_file` for the training split, and `test_labels_file` where there is a test split"
            );
            let arrays: Vec<Array> = [Some(train), test.as_ref()]
                .into_iter()
                .flatten()
                .map(|path| only_array(path))
                .collect::<Result<_>>()?;
            source.rows_fit(&arrays)?;
            arrays
        }
        [None, Some(_)] => bail!("`test_labels_file` is given without `labels_file`"),
        [None, None] if asked == "none" => return Ok(None),
        [None, None] => {
            let usual = LABELS.iter().find(|[name, _]| source.train.has(name));
            let name = match (asked.as_str(), usual) {
                ("", Some([name, _])) => *name,
                ("", None) => return Ok(None),
                (name, _) => name,
            };
            let usual =
                LABELS.iter().find(|[train, test]| *train == name && source.train.has(test));
            let test_name = match asked_test.as_str() {
                "" => usual.map(|[_, test]| *test),
                name => Some(name),
            };
            used.push(name.to_owned());
            used.extend(test_name.map(str::to_owned));
            source.arrays(name, test_name)?
        }
    };
    let Some(first) = arrays.first() else { return Ok(None) };
    let shown = first.shown.clone();
    if let Some(wide) = arrays.iter().find(|array| array.width() != 1) {
        bail!("{}: labels must be [N], and these are {:?}", wide.shown, wide.dims)
    }
    if first.dtype.is_text() {
        let texts = all_texts(&arrays, 0)?;
        let declared = Declaration { kind: Some(Kind::Categorical), ..Declaration::of("label") };
        let column = Column::read(&declared, &texts).map_err(|error| error.context(&shown))?;
        let Some(column) = column else { return Ok(None) };
        if let Some(row) = (0..texts.len()).find(|&row| column.code(row).is_none()) {
            bail!("{shown}: the label of item {row} is {:?}, which says nothing", texts[row])
        }
        return Ok(Some(Labels::Names(column)));
    }
    let mut numbers = Vec::new();
    for array in &arrays {
        for row in 0..array.len() {
            let number = array.item(row, |bytes| Ok(array.dtype.number(bytes)))?;
            ensure!(
                number.fract() == 0.0 && (0.0..MOST_CLASSES as f64).contains(&number),
                "{}: label {number} of item {row} is not a class number",
                array.shown
            );
            numbers.push(number as i64);
        }
    }
    let classes = numbers.iter().max().map_or(0, |highest| *highest as usize + 1);
    Ok(Some(Labels::Numbers { numbers, classes }))
}

/// The array of a .npy file, or of a .npz file with one.
fn only_array(path: &std::path::Path) -> Result<Array> {
    let archive = Archive::open(path)?;
    let name = match archive.arrays().collect::<Vec<_>>()[..] {
        [(name, _)] => name.to_owned(),
        _ => bail!("{} must hold one array, and holds {}", path.display(), archive.listing()),
    };
    archive.array(&name)
}

fn captions(asked: &str, source: &Source, used: &mut Vec<String>) -> Result<Option<Vec<String>>> {
    let usual = CAPTIONS.iter().copied().find(|name| source.train.has(name));
    let name = match (asked, usual) {
        ("none", _) | ("", None) => return Ok(None),
        ("", Some(_)) if source.rows.len() > 1 && source.test.is_none() => return Ok(None),
        ("", Some(name)) => name,
        (name, _) => name,
    };
    used.push(name.to_owned());
    let arrays = source.arrays(name, None)?;
    for array in &arrays {
        ensure!(
            array.dtype.is_text() && array.width() == 1,
            "{}: captions must be texts [N], and these are not",
            array.shown
        );
    }
    all_texts(&arrays, 0).map(Some)
}

fn attributes(asked: &str, names: &str, source: &Source, used: &[String]) -> Result<Vec<Column>> {
    let named = if names.is_empty() { Vec::new() } else { Declaration::list(names)? };
    let mut named = named.into_iter();
    let mut columns = Vec::new();
    let declared = match asked {
        "none" => Vec::new(),
        // What the splits do not both have is of no use; whoever wants it says which is which.
        "*" if source.rows.len() > 1 && source.test.is_none() => Vec::new(),
        "*" => {
            let rows = source.rows[0];
            let listed = source.train.arrays().filter(|(name, header)| {
                header.dims == [rows] && !used.iter().any(|used| used == name)
            });
            listed.map(|(name, _)| Declaration::of(name)).collect()
        }
        list => Declaration::list(list)?,
    };
    for declaration in declared {
        let arrays = source.arrays(&declaration.name, None)?;
        let width = arrays[0].width();
        ensure!(
            arrays.iter().all(|array| array.width() == width && array.dims.len() <= 2)
                && width <= MOST_COLUMNS,
            "{}: attributes must be [N] or [N, A] with A up to {MOST_COLUMNS}, and these are {:?}",
            arrays[0].shown,
            arrays[0].dims
        );
        for at in 0..width {
            let declaration = match arrays[0].dims.len() {
                1 => declaration.clone(),
                _ => named.next().unwrap_or_else(|| Declaration {
                    name: format!("{}_{at}", declaration.name),
                    ..declaration.clone()
                }),
            };
            let texts = all_texts(&arrays, at)?;
            let column = Column::read(&declaration, &texts)
                .map_err(|error| error.context(&arrays[0].shown))?;
            columns.extend(column);
        }
    }
    if let Some(left) = named.next() {
        bail!(
            "`names` has a name too many, `{}`: there are no more columns of arrays [N, A]",
            left.name
        )
    }
    for (at, column) in columns.iter().enumerate() {
        let taken = ["image", "label", "caption"].contains(&column.name());
        ensure!(
            !taken && !columns[..at].iter().any(|before| before.name() == column.name()),
            "the attribute name `{}` is taken; set `names`, or leave it out of `attributes`",
            column.name()
        );
    }
    Ok(columns)
}

fn all_texts(arrays: &[Array], column: usize) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    for array in arrays {
        texts.extend(array.texts(column)?);
    }
    Ok(texts)
}
