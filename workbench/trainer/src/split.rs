//! The parts of a data set that a run works with, and batches of them.

use std::sync::Arc;

use workbench_engine::Batch;
use workbench_engine::noise::{self, Key};
use workbench_experiment::{Experiment, OnBadItem};
use workbench_runs::Attribute;

use crate::holdings::holdings;
use crate::pool::{Pool, Progress};
use crate::{Error, Medium, Source, Transform, input_shape};

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
    readers: usize,
}

/// Places in a split are numbers of 32 bits.
pub(crate) const MOST_ITEMS: u64 = u32::MAX as u64;
/// One is nearly always enough for what is held, as it computes far less than training; a second one helps where
/// much is drawn.
const READERS_HELD: usize = 2;
/// Of a machine with more processors, more would take memory bandwidth from training.
const READERS_STREAMED: usize = 16;

impl Splits {
    /// Reads every split, looks at each item, and cuts the validation part off, by seed. What [`holdings`] says stays in
    /// memory; the rest is read again when a batch is made.
    ///
    /// # Errors
    /// The data set's own; an item that is not finite or out of range, unless the experiment skips those; an empty split;
    /// images that do not fit the experiment's `[input]`.
    pub fn load(
        experiment: &Experiment,
        source: Arc<dyn Source>,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<Splits, Error> {
        Splits::made(experiment, &source, Some(progress))
    }

    /// As [`Splits::load`], but reads nothing before it is needed, and holds nothing: for what looks at some items, or once
    /// at each. An item that is bad is an error where it is met. Where bad ones are skipped, all are read to find them.
    ///
    /// # Errors
    /// As for [`Splits::load`].
    pub fn open(experiment: &Experiment, source: Arc<dyn Source>) -> Result<Splits, Error> {
        match experiment.input.on_bad_item {
            OnBadItem::Stop => Splits::made(experiment, &source, None),
            OnBadItem::Skip => Splits::made(experiment, &source, Some(&|_, _| {})),
        }
    }

    /// Without a progress nothing is read.
    fn made(
        experiment: &Experiment,
        source: &Arc<dyn Source>,
        progress: Option<Progress>,
    ) -> Result<Splits, Error> {
        input_shape(experiment, &**source)?;
        let holdings = holdings(experiment, &**source)?;
        let mut skipped = Vec::new();
        let mut load = |name: &str| -> Result<Option<Split>, Error> {
            let Some(n) = source.len(name).map_err(Error::Source)? else { return Ok(None) };
            if n > MOST_ITEMS {
                return Err(Error::TooMany { split: name.to_owned(), items: n });
            }
            let on_bad = experiment.input.on_bad_item;
            let (pool, good) = match progress {
                None => (Pool::unread(source.clone(), name), n as u32),
                Some(progress) => {
                    let is_held = holdings.is_held(name);
                    Pool::read(source, (name, n), is_held, on_bad, progress, &mut skipped)?
                }
            };
            if good == 0 {
                let split = name.to_owned();
                return Err(match skipped.iter().find(|(of, ..)| of == name) {
                    Some((_, item, why)) => {
                        Error::AllBad { split, items: n, first: format!("item {item}: {why}") }
                    }
                    None => Error::Empty { split },
                });
            }
            let readers = readers(experiment, pool.is_held());
            Ok(Some(Split { pool: Arc::new(pool), items: (0..good).collect(), readers }))
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
        let pool = Arc::new(Pool::of_items(source, name, items)?);
        Ok(Split { pool, items: (0..items.len() as u32).collect(), readers: 1 })
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// What the images are.
    pub fn medium(&self) -> Medium {
        self.pool.medium()
    }

    /// Whether its items lie in memory; else they are read when a batch is made.
    pub fn is_held(&self) -> bool {
        self.pool.is_held()
    }

    /// How many threads make batches of it.
    pub fn readers(&self) -> usize {
        self.readers
    }

    /// What is known of every item.
    pub fn attributes(&self) -> &[Attribute] {
        self.pool.attributes()
    }

    /// Items by place in this split, as the engine takes them: `x` `[n, C, H, W]` or `[n, C, D, H, W]` f32 in 0..1, `label`
    /// `[n]`, and what [`with_attribute`](crate::with_attribute) adds of each attribute; `caption` `[n, L]`, the bytes of
    /// the captions.
    ///
    /// # Errors
    /// Where the split is not held, the data set's own, and an item that is bad, though it may have been good before.
    pub fn batch(&self, places: &[u32], transform: Transform) -> Result<Batch, Error> {
        let held: Vec<u32> = places.iter().map(|&place| self.items[place as usize]).collect();
        self.pool.batch(&held, transform)
    }

    /// How many numbers `x` has of an item.
    pub(crate) fn size(&self, transform: Transform) -> usize {
        self.pool.size(transform)
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
            Split { pool: self.pool.clone(), items: items.into(), readers: self.readers }
        };
        Ok((part(train), part(valid)))
    }
}

/// How many threads make batches: as many as the experiment says, or else as the machine allows.
fn readers(experiment: &Experiment, is_held: bool) -> usize {
    let threads = rayon::current_num_threads();
    match (experiment.input.readers, is_held) {
        (0, true) => threads.min(READERS_HELD),
        (0, false) => threads.clamp(2, READERS_STREAMED),
        (readers, _) => readers,
    }
}
