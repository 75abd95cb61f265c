//! Logs of several sessions, cut at every byte.

use std::fs::OpenOptions;
use std::path::PathBuf;

use workbench_runs::{Event, Histogram, LogReader, LogWriter, RunDir, Value};

use crate::table::row;

/// Cuts each file of a log at every byte, and reads what is left.
///
/// # Panics
/// Where a record before the cut is missing, or anything else is read.
pub fn at_every_byte() {
    let dir = tempfile::tempdir().unwrap();
    let run = RunDir::create(dir.path(), "run").unwrap();
    let files: Vec<PathBuf> = [None, Some(6), Some(9)].map(|resumed| session(&run, resumed)).into();
    let whole = read(&run);
    let (mut cuts, mut records) = (0, 0);
    for (i, path) in files.iter().enumerate() {
        let bytes = std::fs::read(path).unwrap();
        // The first record of a file tells the format's version, and is no event.
        let ends: Vec<usize> = ends(&bytes).split_off(1);
        let before: usize = files[..i].iter().map(count).sum();
        assert!(ends.len() > 5 && bytes.len() > 1500, "a log of {} bytes", bytes.len());
        let file = OpenOptions::new().write(true).open(path).unwrap();
        for cut in (0..bytes.len()).rev() {
            file.set_len(cut as u64).unwrap();
            let complete = ends.iter().filter(|end| **end <= cut).count();
            let mut expected = whole[..before + complete].to_vec();
            expected.extend_from_slice(&whole[before + ends.len()..]);
            assert_eq!(read(&run), expected, "file {i} cut at {cut}");
            cuts += 1;
            records += expected.len();
        }
        std::fs::write(path, bytes).unwrap();
    }
    row(&[
        &"event log cut at every byte",
        &format!("{cuts} cuts"),
        &format!("{records} complete records, all read"),
    ]);
}

/// Writes a session, as a trainer does, and returns its file.
fn session(run: &RunDir, resumed: Option<u64>) -> PathBuf {
    let mut log = LogWriter::create(run, resumed).unwrap();
    let first = resumed.unwrap_or(0);
    let text = Value::Text("[train]\nepochs = 3\n".repeat(6));
    log.write(first, &[("text/experiment".to_owned(), text)]).unwrap();
    for step in first + 1..=first + 9 {
        let tags = ["train/loss", "train/recon", "train/kl", "time/images_per_second"];
        let values = tags.map(|tag| (tag.to_owned(), Value::Scalar(100.0 / step as f32)));
        log.write(step, &values).unwrap();
    }
    let image = Value::Image { width: 24, height: 24, channels: 1, png: png() };
    log.write(first + 9, &[("images/samples".to_owned(), image)]).unwrap();
    let spread = Histogram::of(&[0.5, 1.0, 1.5, -2.0], 8);
    log.write(first + 9, &[("latent/z".to_owned(), Value::Histogram(spread))]).unwrap();
    log.sync().unwrap();
    log.path().to_owned()
}

/// Noise, which does not become small.
fn png() -> Vec<u8> {
    let pixels: Vec<u8> =
        (0..24 * 24u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 24, 24);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    bytes
}

fn read(run: &RunDir) -> Vec<Event> {
    let mut reader = LogReader::open(run.path());
    let mut events = Vec::new();
    loop {
        let more = reader.poll().unwrap();
        if more.is_empty() {
            assert_eq!(reader.damaged(), 0);
            return events;
        }
        events.extend(more);
    }
}

/// The events in one file.
fn count(path: &PathBuf) -> usize {
    ends(&std::fs::read(path).unwrap()).len() - 1
}

/// Where records end: each is its length, a checksum of that, its data, and a checksum of these.
fn ends(log: &[u8]) -> Vec<usize> {
    let (mut ends, mut at) = (Vec::new(), 0);
    while let Some(length) = log.get(at..at + 8) {
        at += 16 + u64::from_le_bytes(length.try_into().unwrap()) as usize;
        ends.push(at);
    }
    assert_eq!(at, log.len());
    ends
}
