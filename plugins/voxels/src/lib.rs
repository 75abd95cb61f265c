//! Voxel grids in files: binvox, and NumPy's .npy.

mod binvox;
#[cfg(test)]
mod damaged;
mod grid;
mod resample;
mod turn;
mod values;

use std::path::PathBuf;

use grid::{Grid, MOST, volume};
use resample::Resample;
use turn::Up;
use values::{Layout, Values};
use workbench_sdk::folder::{self, Cache, Files, Folder, Sought};
use workbench_sdk::npy::Array;
use workbench_sdk::prelude::*;

struct Voxels {
    folder: Folder,
    grids: Grids,
    channels: usize,
    resample: Resample,
    cache: Cache,
}

/// Where the grids are, and what they mean.
struct Grids {
    /// Where it was said.
    up: Option<Up>,
    values: Values,
    /// All of them, where they are one array.
    array: Option<Array>,
}

const SOUGHT: Sought =
    Sought { noun: "grid", endings: &["binvox", "npy"], parts: &[], largest: 1 << 30 };

impl Dataset for Voxels {
    const NAME: &str = "voxels";
    const ABOUT: &str = "Voxel grids: a folder of binvox and .npy files, or one .npy file of all.";
    const PARAMS: &[Param] = &[
        param::path(
            "path",
            "A folder of .binvox and .npy files, in it and below it, or one .npy file of all items. Where the folder or each of \
             its folders has train/ and test/, these are the splits.",
        )
        .required(),
        param::ints(
            "size",
            "[depth, height, width] that grids are made, or one number for all three; []: as the first is.",
            &[],
        )
        .range(1, 512),
        param::text(
            "resample",
            "Where sizes differ, a voxel is as full as what it covers is on the average (\"area\"), or as its fullest part \
             (\"max\"), which keeps thin walls.",
            "area",
        )
        .choices(&[param::choice("area"), param::choice("max")]),
        param::text(
            "fit",
            "How a grid of other proportions is made to fit: with nothing around it, or stretched.",
            "pad",
        )
        .choices(&[param::choice("pad"), param::choice("stretch")]),
        param::text(
            "up",
            "The axis that points up, of files whose axes are x, y and z; \"auto\": y in binvox files, and .npy grids as they \
             are, planes of rows from the top.",
            "auto",
        )
        .choices(&[
            param::choice("auto"),
            param::choice("x"),
            param::choice("y"),
            param::choice("z"),
        ]),
        param::text(
            "layout",
            "The axes of one item in .npy files: depth, height, width and perhaps channels; \"auto\": as its shape tells.",
            "auto",
        )
        .choices(&[
            param::choice("auto"),
            param::choice("dhw"),
            param::choice("cdhw"),
            param::choice("dhwc"),
        ]),
        param::float("empty", "The number in .npy files that is an empty voxel.", 0.0),
        param::float(
            "full",
            "The number that is a full one; as large as `empty`: 1 for booleans, floats and whole numbers that go no higher, \
             else 255, of 16 bits 65535.",
            0.0,
        ),
        folder::LABELS,
        folder::TABLE,
        folder::FILE_COLUMN,
        folder::CAPTION_COLUMN,
        folder::SPLIT_COLUMN,
        folder::ATTRIBUTES,
        folder::TEST_SHARE,
        folder::SEED,
        folder::CACHE_MB,
    ];

    fn open(config: &Config) -> Result<Voxels> {
        let path: PathBuf = config.get("path")?;
        let array = match path.is_file() {
            true => Some(Array::open(&path)?),
            false => None,
        };
        let files = match &array {
            Some(array) => Files::numbered(&path, array.len(), SOUGHT),
            None => Files::find(&path, SOUGHT)?,
        };
        ensure!(!files.names.is_empty(), "{}: holds no grids", path.display());
        u32::try_from(files.names.len())?;
        let mut grids = Grids::of(config, array)?;
        grids.settle(&files)?;
        let [channels, first @ ..] = grids.read(&files, 0)?.dims;
        let size = match config.get::<Vec<usize>>("size")?[..] {
            [] => first,
            [side] => [side; 3],
            [depth, height, width] => [depth, height, width],
            _ => bail!("`size` must be [depth, height, width], or one number for all three"),
        };
        let dims = [channels, size[0], size[1], size[2]];
        let Some(bytes) = volume(&dims) else {
            bail!(
                "grids of {dims:?} (channels, depth, height, width) are more than {MOST} voxels each; set `size`"
            )
        };
        let resample = Resample {
            size,
            max: config.get::<String>("resample")? == "max",
            stretch: config.get::<String>("fit")? == "stretch",
        };
        let folder = Folder::open(config, files)?;
        let room = config.get::<u64>("cache_mb")? << 20;
        let cache = Cache::new(folder.files.names.len(), bytes, room);
        Ok(Voxels { folder, grids, channels, resample, cache })
    }

    fn fields(&self) -> Vec<Field> {
        let [depth, height, width] = self.resample.size;
        let mut fields = vec![Field::volume(self.channels, depth, height, width)];
        fields.extend(self.folder.fields());
        fields
    }

    fn len(&self, split: &str) -> Option<u64> {
        self.folder.len(split)
    }

    fn read(&self, split: &str, index: u64, item: &mut Item) -> Result<()> {
        let place = self.folder.place(split, index)?;
        self.cache.fill(place, item.image(), |into| {
            let grid = self.grids.read(&self.folder.files, place)?;
            ensure!(
                grid.dims[0] == self.channels,
                "{}: has {} channels, and the first grid has {}",
                self.folder.files.names[place],
                grid.dims[0],
                self.channels
            );
            self.resample.fill(&grid, into);
            Ok(())
        })?;
        self.folder.fill(place, item);
        Ok(())
    }
}

impl Grids {
    fn of(config: &Config, array: Option<Array>) -> Result<Grids> {
        let up = match config.get::<String>("up")?.as_str() {
            "x" => Some(Up::X),
            "y" => Some(Up::Y),
            "z" => Some(Up::Z),
            _ => None,
        };
        let layout = match config.get::<String>("layout")?.as_str() {
            "dhw" => Layout::Dhw,
            "cdhw" => Layout::Cdhw,
            "dhwc" => Layout::Dhwc,
            _ => Layout::Auto,
        };
        let (empty, full): (f64, f64) = (config.get("empty")?, config.get("full")?);
        ensure!(empty.is_finite() && full.is_finite(), "`empty` and `full` must be finite");
        let values = Values { layout, empty, full, ones: false };
        if let Some(array) = &array {
            // Before one item of it is asked for.
            let item = array.dims.get(1..).unwrap_or_default();
            values
                .lie(item)
                .map_err(|error| error.context(format_args!("{}: an item", array.shown)))?;
        }
        Ok(Grids { up, values, array })
    }

    /// Looks at the first numbers, to tell what a full voxel is where that is not said.
    fn settle(&mut self, files: &Files) -> Result<()> {
        if let Some(array) = &self.array {
            let dtype = array.dtype;
            let values = &mut self.values;
            return array.item(0, |bytes| {
                values.look(bytes, dtype);
                Ok(())
            });
        }
        let Some(first) = files.names.iter().position(|name| is_npy(name)) else { return Ok(()) };
        let look = |values: &mut Values| -> Result<()> {
            let array = values::array(&files.read(first)?)?;
            let mut ones = true;
            for plane in 0..array.len() {
                array.item(plane, |bytes| {
                    values.look(bytes, array.dtype);
                    Ok(())
                })?;
                ones &= values.ones;
            }
            values.ones = ones;
            Ok(())
        };
        look(&mut self.values).map_err(|error| error.context(&files.names[first]))
    }

    /// A .npy grid: as it is, or upright where it was said which of its axes x, y and z points up.
    fn turned(&self, grid: Grid) -> Grid {
        match self.up {
            Some(up) => turn::upright(&grid, up),
            None => grid,
        }
    }

    /// The grid at a place, in its own size.
    ///
    /// # Errors
    /// It is damaged; the message names it.
    fn read(&self, files: &Files, place: usize) -> Result<Grid> {
        let name = &files.names[place];
        let read = || match &self.array {
            Some(array) => array.item(place, |numbers| {
                let dims = array.dims.get(1..).unwrap_or_default();
                self.values.grid(numbers, array.dtype, dims).map(|grid| self.turned(grid))
            }),
            None => {
                let file = files.read(place)?;
                match is_npy(name) {
                    true => self.values.read(&file).map(|grid| self.turned(grid)),
                    false => binvox::read(&file, self.up.unwrap_or(Up::Y)),
                }
            }
        };
        read().map_err(|error| match self.array {
            Some(_) => error.context(format_args!("{}: item {name}", files.root().display())),
            None => error.context(name),
        })
    }
}

fn is_npy(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("npy"))
}

export_plugin! { datasets: [Voxels] }
