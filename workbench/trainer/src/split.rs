//! The items of a split, held in memory, and batches of them.

use std::sync::Arc;

use rayon::prelude::*;
use workbench_engine::Batch;
use workbench_engine::noise::{self, Key};
use workbench_experiment::{Binarize, Experiment, OnBadItem};
use workbench_runs::{Attribute, AttributeColumn};

use crate::held::Held;
use crate::{Error, Items, Medium, Pixels, Source, with_attribute};

/// The three parts that a run works with.
pub struct Splits {
    pub train: Split,
    /// The data set's own, or cut from `train`; the test split where nothing is cut.
    pub valid: Split,
    pub test: Split,
    /// Items left out because they could not be read, as (split, item, why).
    pub skipped: Vec<(String, u64, String)>,
}

/// Some items of one of the data set's splits.
#[derive(Clone)]
pub struct Split {
    pool: Arc<Pool>,
    /// Places in the pool.
    items: Arc<[u32]>,
}

/// What an image becomes before it is seen.
#[derive(Clone, Copy, Debug)]
pub struct Binarizer {
    pub binarize: Binarize,
    pub seed: u64,
    /// Which visit of the item it is; only dynamic binarization asks.
    pub visit: u64,
}

/// One of the data set's splits, whole.
struct Pool {
    /// The data set's name for it.
    name: String,
    image: Vec<usize>,
    medium: Medium,
    attributes: Vec<Attribute>,
    /// Bytes of a caption.
    caption: usize,
    /// The data set's number of each item held: bad ones are left out.
    numbers: Vec<u64>,
    pixels: Held,
    /// All but the pixels.
    items: Items,
}

/// Read at once; large enough that a plugin call costs nothing, small enough that many threads share the work.
const CHUNK: u64 = 512;
/// Places in a split are numbers of 32 bits.
pub(crate) const MOST_ITEMS: u64 = u32::MAX as u64;

impl Splits {
    /// Reads every split into memory and cuts the validation part off, by seed.
    ///
    /// # Errors
    /// The data set's own; an item that is not finite or out of range, unless the experiment skips those; an empty split.
    pub fn load(
        experiment: &Experiment,
        source: &dyn Source,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<Splits, Error> {
        let mut skipped = Vec::new();
        let mut load = |name: &str| -> Result<Option<Split>, Error> {
            let Some(n) = source.len(name).map_err(Error::Source)? else { return Ok(None) };
            let pool =
                Pool::read(source, name, n, experiment.input.on_bad_item, progress, &mut skipped)?;
            if pool.numbers.is_empty() {
                let split = name.to_owned();
                return Err(match skipped.iter().find(|(of, ..)| of == name) {
                    Some((_, item, why)) => {
                        Error::AllBad { split, items: n, first: format!("item {item}: {why}") }
                    }
                    None => Error::Empty { split },
                });
            }
            let items = (0..pool.numbers.len() as u32).collect();
            Ok(Some(Split { pool: Arc::new(pool), items }))
        };
        let need = |name: &str| Error::NoSplit { split: name.to_owned() };
        let train = load("train")?.ok_or_else(|| need("train"))?;
        let test = load("test")?.ok_or_else(|| need("test"))?;
        let share = experiment.train.validation;
        let (train, valid) = match load("valid")? {
            Some(valid) => (train, valid),
            None if share == 0.0 => (train, test.clone()),
            None => train.cut(share, experiment.seed)?,
        };
        Ok(Splits { train, valid, test, skipped })
    }

    /// How many items a cut leaves, without reading any: (train, valid).
    pub(crate) fn sizes(items: u64, share: f64) -> Result<(u64, u64), Error> {
        let cut = (items as f64 * share).round() as u64;
        let lacks = |what| Error::Validation { share, what, items };
        match cut {
            0 => Err(lacks("validate on")),
            cut if cut >= items => Err(lacks("train on")),
            cut => Ok((items - cut, cut)),
        }
    }
}

impl Split {
    /// Some items of one of the data set's splits, by their numbers there, read without the others. Their
    /// [`batch`](Split::batch) is what the whole split's would hold of them.
    ///
    /// # Errors
    /// The data set's own, and an item that is not finite or out of range.
    pub fn of_items(source: &dyn Source, name: &str, items: &[u64]) -> Result<Split, Error> {
        let mut pool = Pool::empty(source, name);
        let size = pool.image.iter().product::<usize>();
        let mut read = checked(source, name, items, size, OnBadItem::Stop)?;
        pool.pixels = read.pack(size);
        (pool.numbers, pool.items) = (read.numbers, read.items.unwrap_or_default());
        let places = (0..pool.numbers.len() as u32).collect();
        Ok(Split { pool: Arc::new(pool), items: places })
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// What the images are.
    pub fn medium(&self) -> Medium {
        self.pool.medium
    }

    /// Labels of the first `n` items.
    pub fn labels(&self, n: usize) -> Option<Vec<i64>> {
        let labels = self.pool.items.labels.as_ref()?;
        Some(self.items.iter().take(n).map(|&place| labels[place as usize]).collect())
    }

    /// Attributes of the first `n` items.
    pub fn attributes(&self, n: usize) -> Vec<AttributeColumn> {
        let pool = &*self.pool;
        let columns = pool.attributes.iter().zip(&pool.items.attributes);
        let first = |column: &[f32]| {
            self.items.iter().take(n).map(|&place| column[place as usize]).collect()
        };
        columns
            .map(|(attribute, column)| AttributeColumn {
                attribute: attribute.clone(),
                of: first(column),
            })
            .collect()
    }

    /// Items by place in this split, as the engine takes them: `x` `[n, C, H, W]` (or `[n, C, D, H, W]`) f32 in 0..1, `label` `[n]`, and what
    /// [`with_attribute`] adds of each attribute; `caption` `[n, L]`, the bytes of the captions.
    pub fn batch(&self, places: &[u32], binarizer: Binarizer) -> Batch {
        let pool = &*self.pool;
        let size = pool.image.iter().product::<usize>();
        let held: Vec<u32> = places.iter().map(|&place| self.items[place as usize]).collect();
        let mut x = vec![0.0; held.len() * size];
        x.par_chunks_mut(size).zip(&held).for_each(|(image, &place)| {
            pool.pixels.fill(place as usize, image);
            binarizer.apply(image, &pool.name, pool.numbers[place as usize]);
        });
        let shape = [&[held.len()], &pool.image[..]].concat();
        let mut batch = Batch::default().with_f32("x", &shape, x);
        for (attribute, column) in pool.attributes.iter().zip(&pool.items.attributes) {
            let values: Vec<f32> = held.iter().map(|&place| column[place as usize]).collect();
            batch = with_attribute(batch, attribute, &values);
        }
        if pool.caption > 0 {
            let caption = |&place: &u32| {
                let at = place as usize * pool.caption;
                pool.items.captions[at..at + pool.caption].iter().map(|&byte| i64::from(byte))
            };
            let bytes = held.iter().flat_map(caption).collect();
            batch = batch.with_i64("caption", &[held.len(), pool.caption], bytes);
        }
        match &pool.items.labels {
            Some(labels) => {
                let labels = held.iter().map(|&place| labels[place as usize]).collect();
                batch.with_i64("label", &[held.len()], labels)
            }
            None => batch,
        }
    }

    /// A random share, by seed, apart from the rest; both keep the order of the data.
    fn cut(self, share: f64, seed: u64) -> Result<(Split, Split), Error> {
        let n = self.len() as u32;
        let (_, cut) = Splits::sizes(u64::from(n), share)?;
        let order = noise::permutation(Key::new(seed, "validation", 0, 0), n);
        let (valid, train) = order.split_at(cut as usize);
        let part = |places: &[u32]| {
            let mut items: Vec<u32> =
                places.iter().map(|&place| self.items[place as usize]).collect();
            items.sort_unstable();
            Split { pool: self.pool.clone(), items: items.into() }
        };
        Ok((part(train), part(valid)))
    }
}

impl Binarizer {
    /// For measuring: what is drawn is the same at every visit, also where training draws anew.
    pub fn fixed(experiment: &Experiment) -> Binarizer {
        Binarizer { binarize: experiment.input.binarize, seed: experiment.seed, visit: 0 }
    }

    /// For training in an epoch, counted from 0.
    pub fn training(experiment: &Experiment, epoch: u64) -> Binarizer {
        let visit = match experiment.input.binarize {
            Binarize::Dynamic => epoch + 1,
            Binarize::None | Binarize::Static => 0,
        };
        Binarizer { visit, ..Binarizer::fixed(experiment) }
    }

    /// Each pixel becomes 1 with its grey value as the probability.
    fn apply(self, image: &mut [f32], split: &str, item: u64) {
        if self.binarize == Binarize::None {
            return;
        }
        let key = Key::new(self.seed, &format!("binarize {split}"), self.visit, item);
        let draws = noise::uniform(key, image.len());
        image.iter_mut().zip(draws).for_each(|(x, u)| *x = f32::from(u8::from(u < *x)));
    }
}

impl Pool {
    fn empty(source: &dyn Source, name: &str) -> Pool {
        Pool {
            name: name.to_owned(),
            image: source.image().to_vec(),
            medium: source.medium(),
            attributes: source.attributes().to_vec(),
            caption: source.caption(),
            numbers: Vec::new(),
            pixels: Held::Bits(Vec::new()),
            items: Items::default(),
        }
    }

    fn read(
        source: &dyn Source,
        name: &str,
        n: u64,
        on_bad: OnBadItem,
        progress: &(dyn Fn(u64, u64) + Sync),
        skipped: &mut Vec<(String, u64, String)>,
    ) -> Result<Pool, Error> {
        let mut pool = Pool::empty(source, name);
        let size = pool.image.iter().product::<usize>();
        if n > MOST_ITEMS {
            return Err(Error::TooMany { split: name.to_owned(), items: n });
        }
        let done = std::sync::atomic::AtomicU64::new(0);
        // Nothing is allocated for more items than were read: a count can be wrong.
        let read = |chunk: u64| {
            let first = chunk * CHUNK;
            let chunk: Vec<u64> = (first..n.min(first + CHUNK)).collect();
            let items = checked(source, name, &chunk, size, on_bad).map(|mut chunk| {
                let pixels = chunk.pack(size);
                (pixels, chunk)
            });
            let done = done.fetch_add(chunk.len() as u64, std::sync::atomic::Ordering::Relaxed);
            progress(done + chunk.len() as u64, n);
            items
        };
        let (pixels, chunks): (Vec<Held>, Vec<Chunk>) = (0..n.div_ceil(CHUNK))
            .into_par_iter()
            .map(read)
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .unzip();
        pool.pixels = Held::join(pixels, size);
        for chunk in chunks {
            skipped.extend(chunk.bad.into_iter().map(|(item, why)| (name.to_owned(), item, why)));
            pool.numbers.extend(chunk.numbers);
            if let Some(items) = chunk.items {
                pool.items.append(items);
            }
        }
        Ok(pool)
    }
}

/// What could be read of some items.
struct Chunk {
    numbers: Vec<u64>,
    items: Option<Items>,
    bad: Vec<(u64, String)>,
}

impl Chunk {
    /// Takes the pixels out.
    fn pack(&mut self, size: usize) -> Held {
        let pixels = self.items.as_mut().map(|items| std::mem::take(&mut items.pixels));
        Held::pack(pixels.unwrap_or_default(), size)
    }
}

/// Reads items and looks at each; where bad ones are skipped, the rest is read one by one.
fn checked(
    source: &dyn Source,
    split: &str,
    wanted: &[u64],
    size: usize,
    on_bad: OnBadItem,
) -> Result<Chunk, Error> {
    let failed = match source.read(split, wanted) {
        Ok(items) => match first_bad(&items.pixels, size) {
            None => {
                return Ok(Chunk { numbers: wanted.to_vec(), items: Some(items), bad: Vec::new() });
            }
            Some((place, what)) => {
                let help = match on_bad {
                    OnBadItem::Stop => "; mend the data, or set input.on_bad_item = \"skip\"",
                    OnBadItem::Skip => "",
                };
                let what = format!("{what}{help}");
                Error::BadItem { split: split.to_owned(), item: wanted[place], what }
            }
        },
        Err(error) => Error::Source(error),
    };
    match (on_bad, wanted) {
        (OnBadItem::Stop, [_]) => Err(failed),
        // Of many items read at once, the first that can't be read is named.
        (OnBadItem::Stop, _) => {
            let alone = |item: &u64| source.read(split, &[*item]).err();
            let first = match failed {
                Error::Source(_) => wanted.iter().find_map(alone),
                _ => None,
            };
            Err(first.map_or(failed, Error::Source))
        }
        (OnBadItem::Skip, [item]) => {
            Ok(Chunk { numbers: Vec::new(), items: None, bad: vec![(*item, failed.to_string())] })
        }
        (OnBadItem::Skip, _) => {
            let (left, right) = wanted.split_at(wanted.len() / 2);
            let mut chunk = checked(source, split, left, size, on_bad)?;
            let more = checked(source, split, right, size, on_bad)?;
            chunk.numbers.extend(more.numbers);
            chunk.bad.extend(more.bad);
            match (&mut chunk.items, more.items) {
                (Some(items), Some(more)) => items.append(more),
                (items, more) => *items = items.take().or(more),
            }
            Ok(chunk)
        }
    }
}

/// The place of the first item with a pixel that can be none, and what it is.
fn first_bad(pixels: &Pixels, size: usize) -> Option<(usize, String)> {
    let Pixels::F32(numbers) = pixels else { return None };
    // NaN is in no range.
    let at = numbers.iter().position(|x| !(0.0..=1.0).contains(x))?;
    let what = match numbers[at] {
        x if x.is_finite() => format!("a pixel is {x}, and pixels are from 0 to 1"),
        _ => "a pixel is NaN or infinite".to_owned(),
    };
    Some((at / size, what))
}
