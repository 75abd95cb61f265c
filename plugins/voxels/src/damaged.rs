//! Damaged grids: an error, no panic, and no memory for what is not there.
//!
//! `cargo test --release -p voxels -- --ignored` tries a hundred thousand.

use std::fs;

use peak_alloc::PeakAlloc;
use workbench_sdk::prelude::*;
use workbench_tests::{Mutator, repository};

use crate::binvox;
use crate::grid::Grid;
use crate::resample::Resample;
use crate::turn::Up;
use crate::values::{Layout, Values};

#[global_allocator]
static PEAK: PeakAlloc = PeakAlloc;

/// The files are of some kilobytes, and two bytes may be 255 voxels.
const MOST_MEGABYTES: f32 = 64.0;
const RESAMPLE: Resample = Resample { size: [8, 8, 8], max: false, stretch: false };

fn damaged(name: &str, cases: u64, read: impl Fn(&[u8]) -> Result<Grid>) {
    let seeds = [fs::read(repository().join("tests/fixtures/data/voxels").join(name)).unwrap()];
    let mut whole = 0;
    for case in 0..cases {
        let bytes = Mutator::new(case).damaged(&seeds);
        if let Ok(grid) = read(&bytes) {
            let mut into = vec![0; grid.dims[0] * 512];
            RESAMPLE.fill(&grid, &mut into);
            whole += 1;
        }
    }
    assert!(whole < cases * 9 / 10, "{whole} of {cases} are read");
    let peak = PEAK.peak_usage_as_mb();
    assert!(peak < MOST_MEGABYTES, "{peak} MB");
}

fn all(cases: u64) {
    damaged("binvox/box/train/00.binvox", cases, |file| binvox::read(file, Up::Z));
    let values = Values { layout: Layout::Auto, empty: 0.0, full: 1.0, ones: false };
    damaged("npy/ball/1.npy", cases, |file| values.read(file));
}

#[test]
fn damaged_grids_are_refused() {
    all(2000);
}

#[test]
#[ignore = "takes a minute"]
fn a_hundred_thousand_damaged_grids_are_refused() {
    all(50_000);
}
