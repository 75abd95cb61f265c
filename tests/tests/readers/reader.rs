//! A reader, opened as the workbench opens it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use workbench_host::{Column, Dataset, Field, Kind, Plugins, Settings};
use workbench_tests::{Workbench, cargo, repository, target_folder};

/// A file of tests/fixtures/data.
pub fn fixture(name: &str) -> PathBuf {
    repository().join("tests/fixtures/data").join(name)
}

/// Opens the fixtures with a reader and its parameters, in TOML; relative paths are of the fixtures' folder.
pub fn open(reader: &str, parameters: &str) -> Result<Opened, String> {
    open_in(&fixture(""), reader, parameters)
}

/// The same in another folder.
pub fn open_in(folder: &Path, reader: &str, parameters: &str) -> Result<Opened, String> {
    let plugin = plugins().get(reader).map_err(|error| error.to_string())?;
    let declared = &plugin.dataset(reader).map_err(|error| error.to_string())?.parameters;
    let given = parameters.parse().expect("the parameters are TOML");
    let values = Plugins::check(declared, &given, folder).map_err(|error| error.to_string())?;
    plugin.open(reader, values).map(Opened).map_err(|error| error.to_string())
}

/// What it says when it refuses them.
#[track_caller]
pub fn refused(reader: &str, parameters: &str, words: &[&str]) {
    refused_in(&fixture(""), reader, parameters, words);
}

/// The same in another folder.
#[track_caller]
pub fn refused_in(folder: &Path, reader: &str, parameters: &str, words: &[&str]) {
    let said = match open_in(folder, reader, parameters) {
        Ok(_) => panic!("`{parameters}` is opened"),
        Err(said) => said,
    };
    for word in words {
        assert!(said.contains(word), "`{parameters}` does not say `{word}`: {said}");
    }
}

/// Shows a card of that reader through the binary, verifies and previews it, and trains a few steps on it.
#[track_caller]
pub fn works_through_the_binary(name: &str, reader: &str, parameters: &str, shape: &[u64]) {
    let workbench = Workbench::new();
    let folder = workbench.folder().join("home/workbench/datasets").join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    let fixtures = fixture("");
    let parameters = parameters.replace("@", &format!("{}/", fixtures.display()));
    let card = format!(
        "title = \"{name}\"\nabout = \"Shapes.\"\nlicence = \"none\"\nsource = \"make.py\"\nreader = \"{reader}\"\n\
         [parameters]\n{parameters}\n"
    );
    std::fs::write(folder.join("card.toml"), card).expect("a file");
    let shown = workbench.command(&["data", "show", name, "--json"]).ok().json();
    let dims: Vec<u64> =
        shown["shape"].as_array().expect("a shape").iter().filter_map(|n| n.as_u64()).collect();
    assert_eq!(dims, shape, "{shown}");
    workbench.command(&["data", "verify", name]).ok();
    let drawn = workbench.command(&["data", "preview", name, "-n", "4"]).ok().stdout;
    assert!(drawn.lines().count() > 4, "{drawn}");
    let data = format!("dataset.name={name}");
    let train = [
        "train",
        "digits-mlp",
        &data,
        "--headless",
        "--name",
        "one",
        "train.steps=4",
        "train.batch_size=4",
    ];
    let small =
        ["architecture.latent=2", "architecture.hidden=8", "device.threads=1", "plots.figures=[]"];
    workbench.command(&[&train[..], &small].concat()).ok();
    assert_eq!(workbench.run("one").state(), "finished");
}

/// An open data set.
pub struct Opened(Dataset);

impl Opened {
    pub fn names(&self) -> Vec<&str> {
        self.0.fields().iter().map(|field| field.name.as_str()).collect()
    }

    #[track_caller]
    pub fn field(&self, name: &str) -> &Field {
        self.0
            .fields()
            .iter()
            .find(|field| field.name == name)
            .unwrap_or_else(|| panic!("no field {name}"))
    }

    #[track_caller]
    pub fn values(&self, name: &str) -> (Kind, Vec<&str>) {
        let field = self.field(name);
        (field.kind, field.classes.iter().map(String::as_str).collect())
    }

    pub fn len(&self, split: &str) -> Option<u64> {
        self.0.len(split).expect("a length")
    }

    /// One field of an item.
    #[track_caller]
    pub fn read(&self, split: &str, item: u64, name: &str) -> Column {
        let at = self.0.fields().iter().position(|field| field.name == name).expect("a field");
        let mut columns = self.0.read(split, &[item]).unwrap_or_else(|error| panic!("{error}"));
        columns.swap_remove(at)
    }

    #[track_caller]
    pub fn bytes(&self, split: &str, item: u64) -> Vec<u8> {
        match self.read(split, item, "image") {
            Column::U8(bytes) => bytes,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    pub fn floats(&self, split: &str, item: u64) -> Vec<f32> {
        match self.read(split, item, "image") {
            Column::F32(numbers) => numbers,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    pub fn code(&self, split: &str, item: u64, name: &str) -> i64 {
        match self.read(split, item, name) {
            Column::I64(codes) => codes[0],
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    pub fn real(&self, split: &str, item: u64, name: &str) -> f32 {
        match self.read(split, item, name) {
            Column::F32(numbers) => numbers[0],
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    pub fn caption(&self, split: &str, item: u64) -> String {
        match self.read(split, item, "caption") {
            Column::U8(bytes) => {
                String::from_utf8(bytes).expect("UTF-8").trim_end_matches('\0').to_owned()
            }
            other => panic!("{other:?}"),
        }
    }

    /// All fields of some items.
    #[track_caller]
    pub fn read_all(&self, split: &str, items: &[u64]) -> Vec<Column> {
        self.0.read(split, items).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Why an item can't be read; `None` where it can.
    pub fn failure(&self, split: &str, item: u64) -> Option<String> {
        self.0.read(split, &[item]).err().map(|error| error.to_string())
    }
}

fn plugins() -> &'static Plugins {
    static PLUGINS: OnceLock<Plugins> = OnceLock::new();
    PLUGINS.get_or_init(|| {
        Plugins::new(Settings {
            root: Some(repository()),
            search: Vec::new(),
            target: target_folder().join("plugins"),
            cargo: cargo(),
            cc: "cc".to_owned(),
            color: false,
            probe: None,
            progress: Box::new(|_| {}),
        })
    })
}

/// Picture number `i` of make.py, `side` pixels a side: its pixels and its shape.
pub fn picture(i: usize, side: usize) -> (Vec<u8>, usize) {
    let (shape, radius, tilted) = (i % 3, (2 + i / 3 % 4) as f64, i / 12 % 2 == 1);
    let inside = |at: usize| {
        let middle = (side as f64 - 1.0) / 2.0;
        let (y, x) = ((at / side) as f64 - middle, (at % side) as f64 - middle);
        let half = 2f64.sqrt();
        let (x, y) = if tilted { ((x + y) / half, (x - y) / half) } else { (x, y) };
        let (low, high) = (x.abs().min(y.abs()), x.abs().max(y.abs()));
        match shape {
            0 => x * x + y * y <= radius * radius,
            1 => high <= radius * 0.8,
            _ => low <= 0.8 && high <= radius,
        }
    };
    let mut pixels: Vec<u8> = (0..side * side).map(|at| if inside(at) { 255 } else { 0 }).collect();
    pixels[0] = i as u8;
    (pixels, shape)
}
