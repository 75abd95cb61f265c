//! Damaged files and archives: an error, no panic, and no memory for what is not there.

use std::fs;
use std::path::PathBuf;

use peak_alloc::PeakAlloc;
use workbench_tests::{Mutator, repository};

use crate::{Cifar, files};

#[global_allocator]
static PEAK: PeakAlloc = PeakAlloc;

const MOST_MEGABYTES: f32 = 64.0;

fn fixture(name: &str) -> PathBuf {
    repository().join("tests/fixtures/data/cifar").join(name)
}

fn damaged(cases: u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged");
    let packed = fs::read(fixture("hundred.tar.gz")).unwrap();
    let mut unpacked = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed[..]), &mut unpacked)
        .unwrap();
    for seeds in [[packed], [unpacked]] {
        for case in 0..cases {
            fs::write(&path, Mutator::new(case).damaged(&seeds)).unwrap();
            let _ = files::read(&path).and_then(Cifar::of);
        }
    }
    let peak = PEAK.peak_usage_as_mb();
    assert!(peak < MOST_MEGABYTES, "{peak} MB");
}

#[test]
fn damaged_archives_are_refused() {
    damaged(300);
}

#[test]
#[ignore = "takes a minute"]
fn a_hundred_thousand_damaged_archives_are_refused() {
    damaged(50_000);
}

#[test]
fn an_archive_is_read_and_never_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tar");
    let mut builder = tar::Builder::new(fs::File::create(&path).unwrap());
    let record = [&[1u8, 2][..], &[7; 3072]].concat();
    for name in ["up/train.bin", "up/test.bin"] {
        let mut header = tar::Header::new_gnu();
        // The builder refuses such names; a hostile archive would not.
        header.as_mut_bytes()[..name.len() + 3].copy_from_slice(format!("../{name}").as_bytes());
        header.set_size(record.len() as u64);
        header.set_cksum();
        builder.append(&header, &record[..]).unwrap();
    }
    builder.finish().unwrap();
    let cifar = files::read(&path).and_then(Cifar::of).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((cifar.classes.len(), cifar.records.train.len()), (100, 3074));
    let outside = folder.path().parent().unwrap().join("up");
    assert!(!outside.exists());
    // A size in the header that the file does not have.
    let mut bytes = fs::read(&path).unwrap();
    bytes[124..136].copy_from_slice(b"77777777777\0");
    let sum: u32 =
        (0..512).map(|at| if (148..156).contains(&at) { 32 } else { u32::from(bytes[at]) }).sum();
    bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    fs::write(&path, bytes).unwrap();
    let said = files::read(&path).err().unwrap().to_string();
    assert!(said.contains("too much to be true"), "{said}");
}
