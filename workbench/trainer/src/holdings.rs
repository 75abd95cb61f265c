//! Which splits are held in memory, and which are read anew whenever they are needed.

use sysinfo::System;
use workbench_experiment::Experiment;

use crate::{Error, Source};

/// What the pixels of a data set take, and what may be held of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holdings {
    /// In bytes: of all splits together, so much is held at most.
    pub budget: u64,
    /// Whether the experiment says so; else it is half of the machine's memory.
    pub is_given: bool,
    /// Those that the data set has, of `train`, `valid` and `test`, in this order.
    pub splits: Vec<Holding>,
}

/// One of the data set's splits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    pub split: &'static str,
    pub items: u64,
    /// What its pixels take.
    pub bytes: u64,
    /// Else it is read as it is needed. The numbers of a run are the same.
    pub is_held: bool,
}

/// In this order splits are held, as long as they fit: `test` is needed once.
const SPLITS: [&str; 3] = ["train", "valid", "test"];

/// From counts alone: nothing is read.
///
/// # Errors
/// The data set's own.
pub fn holdings(experiment: &Experiment, source: &dyn Source) -> Result<Holdings, Error> {
    let given = experiment.input.memory_mb;
    let budget = if given > 0 { given.saturating_mul(1_000_000) } else { machine() / 2 };
    let item = item_bytes(source);
    let (mut left, mut splits) = (budget, Vec::new());
    for split in SPLITS {
        let Some(items) = source.len(split).map_err(Error::Source)? else { continue };
        let bytes = items.saturating_mul(item);
        let is_held = bytes <= left;
        left -= if is_held { bytes } else { 0 };
        splits.push(Holding { split, items, bytes, is_held });
    }
    Ok(Holdings { budget, is_given: given > 0, splits })
}

impl Holdings {
    /// Bytes of pixels that stay in memory.
    pub fn held(&self) -> u64 {
        self.splits.iter().filter(|split| split.is_held).map(|split| split.bytes).sum()
    }

    pub(crate) fn is_held(&self, split: &str) -> bool {
        self.splits.iter().any(|holding| holding.split == split && holding.is_held)
    }
}

/// Of an image as it is held.
pub(crate) fn item_bytes(source: &dyn Source) -> u64 {
    (source.image().iter().product::<usize>() * source.pixel_bytes()) as u64
}

/// Bytes of memory that there are, or that a control group leaves this process; all where the system does not say.
fn machine() -> u64 {
    let mut system = System::new();
    system.refresh_memory();
    let limit = system.cgroup_limits().map_or(u64::MAX, |limits| limits.total_memory);
    match system.total_memory().min(limit) {
        0 => u64::MAX,
        total => total,
    }
}
