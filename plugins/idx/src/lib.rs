//! IDX files, plain or gzip: MNIST and what is stored like it.

use std::path::PathBuf;

use workbench_sdk::idx::{self, Array};
use workbench_sdk::prelude::*;

struct Idx {
    /// Of the training split, and of the test split where that is apart.
    files: Vec<Images>,
    splits: Splits,
    /// `[C, H, W]` in the files.
    shape: [usize; 3],
    transpose: bool,
    classes: usize,
}

/// A file of images, and of labels where there are some.
struct Images {
    images: Array,
    labels: Option<Array>,
}

impl Dataset for Idx {
    const NAME: &str = "idx";
    const ABOUT: &str = "IDX files as MNIST uses, plain or gzip, with or without labels.";
    const PARAMS: &[Param] = &[
        param::path("images", "Images [N, H, W] or [N, C, H, W], bytes.").required(),
        param::path("labels", "Labels [N], one an image."),
        param::path(
            "test_images",
            "Images of the test split; without it `test_count` or `test_share` says.",
        ),
        param::path("test_labels", "Labels of the test split."),
        param::int("test_count", "So many of the last images are the test split.", 0)
            .range(0, i64::MAX),
        param::float(
            "test_share",
            "Without `test_images` and `test_count`, so large a share is held out at random.",
            0.1,
        )
        .between(0.0, 1.0),
        param::int("seed", "Another seed holds other images out.", 0).range(0, i64::MAX),
        param::bool(
            "transpose",
            "Rows and columns change places: EMNIST's pictures lie on their side.",
            false,
        ),
    ];

    fn open(config: &Config) -> Result<Idx> {
        let images = idx::read(&config.get::<PathBuf>("images")?)?;
        let labels = labels(config.get("labels")?, &images)?;
        let shape = picture(&images)?;
        let n = images.dims[0] as u64;
        let test_images: Option<PathBuf> = config.get("test_images")?;
        let test_count: u64 = config.get("test_count")?;
        let mut files = vec![Images { images, labels }];
        let splits = match test_images {
            Some(_) if test_count > 0 => {
                bail!(
                    "`test_images` and `test_count` are both given; one of them says what the test split is"
                )
            }
            Some(path) => {
                let images = idx::read(&path)?;
                let labels = labels_of_test(config.get("test_labels")?, &images, &files[0])?;
                ensure!(
                    picture(&images)? == shape,
                    "{}: images are {:?}, those of the training split {shape:?}",
                    path.display(),
                    picture(&images)?
                );
                let test = images.dims[0] as u64;
                files.push(Images { images, labels });
                Splits::in_turn(&[("train", n), ("test", test)])
            }
            None if test_count > 0 => {
                ensure!(
                    test_count < n,
                    "`test_count` is {test_count} of {n} images, which leaves none to train on"
                );
                Splits::in_turn(&[("train", n - test_count), ("test", test_count)])
            }
            // The order of a file may be that of its classes.
            None => Splits::held_out(n, config.get("test_share")?, config.get("seed")?)
                .map_err(|error| error.context(files[0].images.path.display()))?,
        };
        let classes = files.iter().filter_map(Images::highest_label).max();
        let classes = classes.map_or(0, |highest| highest as usize + 1);
        Ok(Idx { files, splits, shape, transpose: config.get("transpose")?, classes })
    }

    fn fields(&self) -> Vec<Field> {
        let [channels, mut height, mut width] = self.shape;
        if self.transpose {
            (height, width) = (width, height);
        }
        let mut fields = vec![Field::image(channels, height, width)];
        if self.classes > 0 {
            fields.push(Field::label(&(0..self.classes).collect::<Vec<_>>()));
        }
        fields
    }

    fn len(&self, split: &str) -> Option<u64> {
        self.splits.len(split)
    }

    fn read(&self, split: &str, index: u64, item: &mut Item) -> Result<()> {
        let place = self.splits.place(split, index)?;
        let first = self.files[0].images.dims[0];
        let (file, place) = match place.checked_sub(first) {
            Some(place) => (&self.files[1], place),
            None => (&self.files[0], place),
        };
        match self.transpose {
            true => transpose(file.images.item(place), self.shape, item.image()),
            false => item.image().copy_from_slice(file.images.item(place)),
        }
        if let Some(labels) = &file.labels {
            item.label(labels.number(place));
        }
        Ok(())
    }
}

impl Images {
    fn highest_label(&self) -> Option<i64> {
        let labels = self.labels.as_ref()?;
        (0..labels.dims[0]).map(|place| labels.number(place)).max()
    }
}

/// From `[C, H, W]` to `[C, W, H]`.
fn transpose(pixels: &[u8], [_, height, width]: [usize; 3], into: &mut [u8]) {
    let area = height * width;
    for (from, into) in pixels.chunks_exact(area).zip(into.chunks_exact_mut(area)) {
        for (at, pixel) in from.iter().enumerate() {
            into[at % width * height + at / width] = *pixel;
        }
    }
}

/// `[C, H, W]` of a file of images.
fn picture(images: &Array) -> Result<[usize; 3]> {
    let path = images.path.display();
    ensure!(
        images.width == 1,
        "{path}: images must be bytes, and these are numbers of another type"
    );
    match images.dims[..] {
        [n, h, w] if n > 0 && h > 0 && w > 0 => Ok([1, h, w]),
        [n, c, h, w] if n > 0 && c > 0 && h > 0 && w > 0 => Ok([c, h, w]),
        _ => bail!(
            "{path}: images must be [N, H, W] or [N, C, H, W], and these are {:?}",
            images.dims
        ),
    }
}

/// Labels that fit the images beside them.
fn labels(path: Option<PathBuf>, images: &Array) -> Result<Option<Array>> {
    let Some(path) = path else { return Ok(None) };
    let labels = idx::read(&path)?;
    let shown = path.display();
    ensure!(labels.dims.len() == 1, "{shown}: labels must be [N], and these are {:?}", labels.dims);
    ensure!(
        labels.dims[0] == images.dims[0],
        "{shown} has {} labels, {} has {} images",
        labels.dims[0],
        images.path.display(),
        images.dims[0]
    );
    if let Some(place) =
        (0..labels.dims[0]).find(|&place| !(0..1 << 20).contains(&labels.number(place)))
    {
        bail!("{shown}: label {} of item {place} is not a class number", labels.number(place));
    }
    Ok(Some(labels))
}

fn labels_of_test(path: Option<PathBuf>, images: &Array, train: &Images) -> Result<Option<Array>> {
    ensure!(
        path.is_some() == train.labels.is_some(),
        "give both `labels` and `test_labels`, or neither"
    );
    labels(path, images)
}

export_plugin! { datasets: [Idx] }
