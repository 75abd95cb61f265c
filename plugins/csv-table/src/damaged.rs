//! Damaged files: an error, no panic, and no memory for what is not there.

use std::fs;

use peak_alloc::PeakAlloc;
use workbench_tests::{Mutator, repository};

use crate::rows::Rows;

#[global_allocator]
static PEAK: PeakAlloc = PeakAlloc;

const MOST_MEGABYTES: f32 = 64.0;

fn damaged(cases: u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.csv");
    let fixtures = repository().join("tests/fixtures/data/csv");
    let seeds = ["train.csv", "plain.txt"].map(|name| fs::read(fixtures.join(name)).unwrap());
    for case in 0..cases {
        fs::write(&path, Mutator::new(case).damaged(&seeds)).unwrap();
        if let Ok(rows) = Rows::read(&path, &["label"]) {
            let width = rows.headers.len() - 1;
            let _ = crate::shape(width, &[]);
            assert_eq!(rows.numbers.into_floats().len(), rows.len * width);
        }
    }
    let peak = PEAK.peak_usage_as_mb();
    assert!(peak < MOST_MEGABYTES, "{peak} MB");
}

#[test]
fn damaged_files_are_refused() {
    damaged(500);
}

#[test]
#[ignore = "takes a minute"]
fn a_hundred_thousand_damaged_files_are_refused() {
    damaged(100_000);
}
