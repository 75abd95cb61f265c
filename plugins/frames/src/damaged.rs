//! Damaged clips: an error, no panic, and no memory for what is not there.
//!
//! `cargo test --release -p frames -- --ignored` tries fifty thousand.

use std::fs;

use peak_alloc::PeakAlloc;
use workbench_sdk::pictures::Pictures;
use workbench_tests::{Mutator, repository};

#[global_allocator]
static PEAK: PeakAlloc = PeakAlloc;

/// A few frames of 33 million pixels are the most; most formats ask for what their header says.
const MOST_MEGABYTES: f32 = 1200.0;

fn damaged(cases: u64) {
    let folder = repository().join("tests/fixtures/data/frames/clips");
    let seeds: Vec<Vec<u8>> = ["left/b.gif", "right/c.webp", "left/d.apng", "right/e.gif"]
        .iter()
        .map(|name| fs::read(folder.join(name)).unwrap())
        .collect();
    let pictures = Pictures::squares(16);
    let mut into = vec![0; 3 * 16 * 16];
    let mut whole = 0;
    for case in 0..cases {
        let bytes = Mutator::new(case).damaged(&seeds);
        let Ok(mut animation) = pictures.animation(&bytes) else { continue };
        let mut frames = 0;
        loop {
            match animation.advance(Some(&mut into)) {
                Ok(true) if frames < 100 => frames += 1,
                Ok(_) => {
                    whole += 1;
                    break;
                }
                Err(_) => break,
            }
        }
    }
    // Some damage leaves a clip a clip; most does not.
    assert!(whole < cases * 9 / 10, "{whole} of {cases} are read");
    let peak = PEAK.peak_usage_as_mb();
    assert!(peak < MOST_MEGABYTES, "{peak} MB");
}

#[test]
fn damaged_clips_are_refused() {
    damaged(1000);
}

#[test]
#[ignore = "takes minutes"]
fn fifty_thousand_damaged_clips_are_refused() {
    damaged(50_000);
}
