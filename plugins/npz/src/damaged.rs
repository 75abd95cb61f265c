//! Damaged files, and files that lie: an error, no panic, and no memory for what is not there.
//!
//! `cargo test --release -p npz -- --ignored` tries a hundred thousand.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use peak_alloc::PeakAlloc;
use workbench_sdk::prelude::*;
use workbench_tests::{Mutator, repository};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::archive::Archive;
use crate::pictures::Pictures;

#[global_allocator]
static PEAK: PeakAlloc = PeakAlloc;

/// The files are of some kilobytes; all tests at once take less than this.
const MOST_MEGABYTES: f32 = 64.0;

fn fixture(name: &str) -> PathBuf {
    repository().join("tests/fixtures/data/npz").join(name)
}

/// Reads all that is in a file.
fn read(path: &Path, memory: u64) -> Result<()> {
    let mut archive = Archive::open(path)?;
    archive.memory = memory;
    // What is not left in the file is held as bits, where it can be.
    archive.packed = memory >> 20;
    let names: Vec<String> = archive.arrays().map(|(name, _)| name.to_owned()).collect();
    for name in names {
        let array = archive.array(&name)?;
        for column in 0..array.width().min(2) {
            array.texts(column)?;
        }
        if let Ok(pictures) = Pictures::of(&array, "auto", &[], 0.0, 0.0) {
            pictures.fit(&array)?;
        }
    }
    Ok(())
}

fn damaged(cases: u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged");
    for name in ["shapes.npz", "sprites.npz", "channels-last.npz", "labels.npy", "images.npy"] {
        let seeds = [fs::read(fixture(name)).unwrap()];
        for case in 0..cases {
            let bytes = Mutator::new(case).damaged(&seeds);
            fs::write(&path, bytes).unwrap();
            // With values held in memory, and left in the file.
            let _ = read(&path, if case % 2 == 0 { 1 << 30 } else { 64 });
        }
    }
    let peak = PEAK.peak_usage_as_mb();
    assert!(peak < MOST_MEGABYTES, "{peak} MB");
}

#[test]
fn damaged_files_are_refused() {
    damaged(400);
}

#[test]
#[ignore = "takes a minute"]
fn a_hundred_thousand_damaged_files_are_refused() {
    damaged(20_000);
}

#[test]
fn whole_files_are_read_from_memory_and_from_the_file() {
    for name in ["shapes.npz", "fortran.npz", "channels-last.npz", "images.npy"] {
        for memory in [0, 1 << 30] {
            read(&fixture(name), memory).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
    let mut archive = Archive::open(&fixture("channels-last.npz")).ok().unwrap();
    let held = archive.array("images").ok().unwrap();
    archive.memory = 0;
    let left = archive.array("images").ok().unwrap();
    for place in 0..held.len() {
        let same = held.item(place, |a| left.item(place, |b| Ok(a == b))).ok();
        assert_eq!(same, Some(true), "item {place}");
    }
}

#[test]
fn bytes_with_two_values_are_the_same_as_bits() {
    for (name, array) in
        [("sprites.npz", "imgs"), ("shapes.npz", "tilted"), ("shapes.npz", "images")]
    {
        let mut archive = Archive::open(&fixture(name)).ok().unwrap();
        let bytes = archive.array(array).ok().unwrap();
        archive.packed = 0;
        let bits = archive.array(array).ok().unwrap();
        // The pictures of the last one have their numbers in a corner.
        assert_eq!(bits.is_packed(), array != "images");
        for place in 0..bytes.len() {
            let same = bytes.item(place, |a| bits.item(place, |b| Ok(a == b))).ok();
            assert_eq!(same, Some(true), "{array}, item {place}");
        }
    }
}

/// A .npz of one array, whose header is followed by so many zeros.
fn zipped(header: &str, zeros: usize, change: impl Fn(&mut Vec<u8>)) -> String {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let deflated =
        SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    writer.start_file("../../escape/images.npy", deflated).unwrap();
    writer.write_all(b"\x93NUMPY\x01\x00").unwrap();
    writer.write_all(&(header.len() as u16).to_le_bytes()).unwrap();
    writer.write_all(header.as_bytes()).unwrap();
    writer.write_all(&vec![0; zeros]).unwrap();
    let mut bytes = writer.finish().unwrap().into_inner();
    change(&mut bytes);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npz");
    fs::write(&path, bytes).unwrap();
    let said = read(&path, 1 << 30).err().map(|error| error.to_string());
    let outside = folder.path().parent().unwrap().parent().map(|above| above.join("escape"));
    assert!(outside.is_none_or(|outside| !outside.exists()), "nothing is unpacked");
    let archive = Archive::open(&path);
    said.unwrap_or_else(|| {
        archive.map(|archive| archive.listing()).unwrap_or_else(|error| error.to_string())
    })
}

#[test]
fn what_a_header_promises_must_be_there() {
    let huge = "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000, 1000, 1000)}";
    assert!(zipped(huge, 100, |_| ()).contains("not readable"));
    // Both sizes in the zip's own tables say 4 GB.
    let sizes = |bytes: &mut Vec<u8>| {
        let at = bytes.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
        bytes[at + 24..at + 28].copy_from_slice(&0xffff_0000u32.to_le_bytes());
    };
    assert!(zipped(huge, 100, sizes).contains("not readable"));
    // A name that leads out is a name like any other.
    let fair = "{'descr': '|u1', 'fortran_order': False, 'shape': (10, 2, 5)}";
    assert_eq!(zipped(fair, 100, |_| ()), "../../escape/images [10, 2, 5]");
}
