//! Damaged files: an error, no panic that leaves the reader, and no memory for what is not there.

use std::fs;

use peak_alloc::PeakAlloc;
use workbench_tests::{Mutator, repository};

use crate::shard::Shard;

#[global_allocator]
static PEAK: PeakAlloc = PeakAlloc;

/// A page says how long it will be when it is unpacked, and the crate believes up to two gigabytes.
const MOST_MEGABYTES: f32 = 4200.0;

fn damaged(cases: u64) {
    // What panics inside is caught, and not to be printed each time.
    std::panic::set_hook(Box::new(|_| {}));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.parquet");
    let fixtures = repository().join("tests/fixtures/data/parquet");
    let names = [
        "train-00000-of-00002.parquet",
        "train-00001-of-00002.parquet",
        "test.parquet",
        "plain.parquet",
    ];
    let seeds = names.map(|name| fs::read(fixtures.join(name)).unwrap());
    let mut whole = 0;
    for case in 0..cases {
        fs::write(&path, Mutator::new(case).damaged(&seeds)).unwrap();
        let opened = std::panic::catch_unwind(|| Shard::open(&path));
        let opened = opened.unwrap_or_else(|_| panic!("case {case}: a panic while it is opened"));
        let Ok(shard) = opened else { continue };
        let read = (0..shard.columns.len()).all(|column| {
            let bytes = (0..shard.groups.len()).all(|group| shard.bytes(group, column).is_ok());
            shard.texts(column).is_ok() && (bytes || !shard.columns[column].is_bytes)
        });
        whole += u64::from(read);
    }
    let _ = std::panic::take_hook();
    assert!(whole < cases / 2, "{whole} of {cases} are read");
    let peak = PEAK.peak_usage_as_mb();
    assert!(peak < MOST_MEGABYTES, "{peak} MB");
}

#[test]
fn damaged_files_are_refused() {
    damaged(2000);
}

#[test]
#[ignore = "takes minutes"]
fn a_hundred_thousand_damaged_files_are_refused() {
    damaged(100_000);
}
