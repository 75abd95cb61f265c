//! The files of CIFAR: in a folder, or in the archive as it is published.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use tar::Archive;
use workbench_sdk::prelude::*;

/// What is read, by name; other files are left alone.
const NAMES: [&str; 11] = [
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
    "test_batch.bin",
    "batches.meta.txt",
    "train.bin",
    "test.bin",
    "fine_label_names.txt",
    "coarse_label_names.txt",
];
/// A file of CIFAR-100 has 150 MB.
const LARGEST: u64 = 1 << 30;
/// What comes before that in an archive is none of CIFAR's.
const MOST_ENTRIES: usize = 1000;

/// Reads the files of a folder, of a .tar, or of a .tar.gz.
///
/// # Errors
/// None of them is there, or one is damaged; each message names the path.
pub fn read(path: &Path) -> Result<BTreeMap<&'static str, Vec<u8>>> {
    load(path).map_err(|error| error.context(path.display()))
}

fn load(path: &Path) -> Result<BTreeMap<&'static str, Vec<u8>>> {
    let mut files = BTreeMap::new();
    if path.metadata()?.is_dir() {
        for name in NAMES {
            let file = path.join(name);
            if file.is_file() {
                files.insert(name, whole(File::open(&file)?, file.metadata()?.len(), name)?);
            }
        }
    } else {
        let mut magic = [0; 2];
        File::open(path)?.read_exact(&mut magic).map_err(|_| Error::new("is empty"))?;
        let file = BufReader::new(File::open(path)?);
        match magic {
            [0x1f, 0x8b] => unpack(MultiGzDecoder::new(file), &mut files)?,
            _ => unpack(file, &mut files)?,
        }
    }
    ensure!(!files.is_empty(), "has none of CIFAR's files, {}", NAMES.join(", "));
    Ok(files)
}

/// Takes the files that are looked for out of an archive, by the last part of their names. Nothing is written anywhere.
fn unpack(from: impl Read, files: &mut BTreeMap<&'static str, Vec<u8>>) -> Result<()> {
    let mut archive = Archive::new(from);
    let damaged = |error: std::io::Error| {
        Error::new(format_args!("is no .tar or .tar.gz file, or damaged: {error}"))
    };
    for (number, entry) in archive.entries().map_err(damaged)?.enumerate() {
        ensure!(number < MOST_ENTRIES, "holds more than {MOST_ENTRIES} files");
        let entry = entry.map_err(damaged)?;
        let path = entry.path_bytes().into_owned();
        let last = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let Some(name) = NAMES.into_iter().find(|name| name.as_bytes() == last) else { continue };
        if entry.header().entry_type().is_file() {
            let size = entry.size();
            ensure!(files.insert(name, whole(entry, size, name)?).is_none(), "holds {name} twice");
        }
    }
    Ok(())
}

/// So many bytes; memory is taken as they come.
fn whole(from: impl Read, size: u64, name: &str) -> Result<Vec<u8>> {
    ensure!(size <= LARGEST, "{name} says that it has {size} bytes, which is too much to be true");
    let mut bytes = Vec::new();
    from.take(size)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::new(format_args!("{name} is damaged: {error}")))?;
    ensure!(
        bytes.len() as u64 == size,
        "{name} is truncated: {} of {size} bytes are there",
        bytes.len()
    );
    Ok(bytes)
}
