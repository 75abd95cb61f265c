//! Damaged pictures and tables: an error, no panic, and no memory for what is not there.
//!
//! `cargo test --release -p image-folder -- --ignored` tries a hundred thousand.

use std::fs;
use std::path::PathBuf;

use peak_alloc::PeakAlloc;
use workbench_sdk::folder::{Files, Table};
use workbench_sdk::pictures::Pictures;
use workbench_tests::{Mutator, repository};

use crate::SOUGHT;

#[global_allocator]
static PEAK: PeakAlloc = PeakAlloc;

/// Two million pixels are believed of any file: some formats hold a canvas as large as their header says.
const MOST_MEGABYTES: f32 = 64.0;

fn folder() -> PathBuf {
    repository().join("tests/fixtures/data/image-folder")
}

fn damaged(cases: u64) {
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for class in ["disc", "square", "cross"] {
        let entries = fs::read_dir(folder().join(class)).unwrap();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        seeds.extend(paths.iter().map(|path| fs::read(path).unwrap()));
    }
    assert_eq!(seeds.len(), 48);
    let pictures = Pictures::squares(16);
    let mut into = vec![0; 3 * 16 * 16];
    let (mut whole, mut worst) = (0, (0.0, String::new()));
    for case in 0..cases {
        let bytes = Mutator::new(case).damaged(&seeds);
        PEAK.reset_peak_usage();
        let filled = pictures.fill(&bytes, &mut into);
        let peak = PEAK.peak_usage_as_mb();
        if peak > worst.0 {
            let said = filled.as_ref().err().map(ToString::to_string);
            worst = (
                peak,
                format!("case {case}, {}: {said:?}", bytes[..bytes.len().min(4)].escape_ascii()),
            );
        }
        whole += u64::from(filled.is_ok());
    }
    // Some damage leaves a picture a picture; most does not.
    assert!(whole < cases * 9 / 10, "{whole} of {cases} are read");
    assert!(worst.0 < MOST_MEGABYTES, "{} MB in {}", worst.0, worst.1);
}

fn damaged_tables(cases: u64) {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("table.csv");
    let seeds = [fs::read(folder().join("table.csv")).unwrap()];
    let files = Files::find(&folder(), SOUGHT).ok().unwrap();
    for case in 0..cases {
        fs::write(&path, Mutator::new(case).damaged(&seeds)).unwrap();
        if let Ok(table) = Table::read(&path, "", &files) {
            let _ = table.attributes("*", &[]);
        }
    }
}

#[test]
fn damaged_pictures_and_tables_are_refused() {
    damaged(2000);
    damaged_tables(300);
}

#[test]
#[ignore = "takes minutes"]
fn a_hundred_thousand_damaged_pictures_are_refused() {
    damaged(90_000);
    damaged_tables(10_000);
}
