//! The log is TensorBoard's, read here by a reader that shares nothing with the one that wrote it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use workbench_tests::{SMALL_MLP, Workbench, repository, skip, with};

/// Of one event log: its version, scalars by tag, pictures by tag.
#[derive(Default)]
struct Log {
    version: Option<String>,
    scalars: BTreeMap<String, Vec<(u64, f32)>>,
    images: BTreeMap<String, Vec<(u64, Vec<u8>)>>,
}

#[test]
fn an_independent_reader_reads_the_log() {
    let (workbench, path) = run();
    let log = Log::read(&std::fs::read(path).unwrap());
    assert_eq!(log.version.as_deref(), Some("brain.Event:2"), "the first record says the version");
    let steps: Vec<u64> = log.scalars["train/loss"].iter().map(|(step, _)| *step).collect();
    assert_eq!(steps, [10, 20, 30, 40]);

    // What it reads is what `log` prints.
    let printed = workbench.command(&["log", "one", "--json"]).ok().lines();
    let mut compared = 0;
    for (tag, points) in &log.scalars {
        for (step, value) in points {
            let record = printed
                .iter()
                .find(|record| record["step"] == *step && record["values"].get(tag).is_some());
            let shown = record.unwrap_or_else(|| panic!("{tag} at {step} is not printed"));
            let shown = shown["values"][tag].as_f64().unwrap();
            assert!((shown - f64::from(*value)).abs() <= 1e-6 * shown.abs(), "{tag} at {step}");
            compared += 1;
        }
    }
    assert!(compared > 30, "{compared}");

    assert!(!log.images.is_empty());
    for (tag, pictures) in &log.images {
        for (_, bytes) in pictures {
            let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            let frame = reader.next_frame(&mut pixels).unwrap();
            assert!(frame.width >= 28 && frame.height >= 28, "{tag}");
        }
    }
}

#[test]
fn only_event_logs_are_called_so() {
    let (workbench, path) = run();
    // TensorBoard takes any file with `tfevents` in its name for a log.
    let mut folders = vec![workbench.run("one").path().to_owned()];
    let mut logs = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false if entry.file_name().to_string_lossy().contains("tfevents") => {
                    logs.push(entry.path())
                }
                false => {}
            }
        }
    }
    assert_eq!(logs, [path]);
}

#[test]
fn tensorboard_itself_reads_the_log() {
    let there = Command::new("python3").args(["-c", "import tensorboard"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        return skip("no python3 with the tensorboard package here");
    }
    let (_workbench, path) = run();
    let ours = Log::read(&std::fs::read(&path).unwrap());
    let output = Command::new("python3")
        .arg(repository().join("tests/fixtures/read_log.py"))
        .arg(&path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let read: Value = serde_json::from_slice(&output.stdout).unwrap();
    for (tag, points) in &ours.scalars {
        let theirs = read["scalars"][tag].as_array().unwrap_or_else(|| panic!("no {tag}: {said}"));
        assert_eq!(theirs.len(), points.len(), "{tag}");
        for (theirs, (step, value)) in theirs.iter().zip(points) {
            assert_eq!(theirs[0], *step, "{tag}");
            assert_eq!(theirs[1].as_f64().unwrap() as f32, *value, "{tag} at {step}");
        }
    }
    for (tag, pictures) in &ours.images {
        assert_eq!(read["images"][tag].as_array().map(Vec::len), Some(pictures.len()), "{tag}");
    }
}

fn run() -> (Workbench, std::path::PathBuf) {
    let workbench = Workbench::new();
    workbench.command(&with(SMALL_MLP, &["train.steps=40", "--headless", "--name", "one"])).ok();
    let path = workbench.run("one").event_log();
    assert!(Path::new(&path).is_file());
    (workbench, path)
}

impl Log {
    /// A TFRecord file: length u64, its masked CRC, the bytes, their masked CRC; little-endian.
    fn read(mut bytes: &[u8]) -> Log {
        let mut log = Log::default();
        while !bytes.is_empty() {
            let (length, rest) = bytes.split_at(8);
            let (check, rest) = rest.split_at(4);
            assert_eq!(check, masked(crc32c(length)).to_le_bytes(), "the CRC of a length");
            let (event, rest) =
                rest.split_at(u64::from_le_bytes(length.try_into().unwrap()) as usize);
            let (check, rest) = rest.split_at(4);
            assert_eq!(check, masked(crc32c(event)).to_le_bytes(), "the CRC of a record");
            log.take(event);
            bytes = rest;
        }
        log
    }

    /// message Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; }
    fn take(&mut self, event: &[u8]) {
        let (mut step, mut summaries) = (0, Vec::new());
        for field in fields(event) {
            match field {
                (1, Wire::Fixed64(bits)) => {
                    let seconds = f64::from_bits(bits);
                    assert!(seconds > 1.6e9 && seconds < 1e11, "a wall time of {seconds}");
                }
                (2, Wire::Varint(value)) => step = value,
                (3, Wire::Bytes(version)) => {
                    assert!(self.version.is_none() && self.scalars.is_empty());
                    self.version = Some(String::from_utf8(version.to_vec()).unwrap());
                }
                (5, Wire::Bytes(summary)) => summaries.push(summary),
                _ => {}
            }
        }
        // message Summary { repeated Value value = 1; }
        for (_, value) in summaries.into_iter().flat_map(fields) {
            if let Wire::Bytes(value) = value {
                self.take_value(step, value);
            }
        }
    }

    /// message Value { string tag = 1; float simple_value = 2; Image image = 4; }, Image's picture is its field 4.
    fn take_value(&mut self, step: u64, value: &[u8]) {
        let mut tag = String::new();
        for field in fields(value) {
            match field {
                (1, Wire::Bytes(name)) => tag = String::from_utf8(name.to_vec()).unwrap(),
                (2, Wire::Fixed32(bits)) => {
                    self.scalars.entry(tag.clone()).or_default().push((step, f32::from_bits(bits)))
                }
                (4, Wire::Bytes(image)) => {
                    for field in fields(image) {
                        if let (4, Wire::Bytes(picture)) = field {
                            self.images
                                .entry(tag.clone())
                                .or_default()
                                .push((step, picture.to_vec()));
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// A field of a protobuf message, by how it is written.
enum Wire<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

fn fields(mut bytes: &[u8]) -> Vec<(u64, Wire<'_>)> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let wire = match key & 7 {
            0 => Wire::Varint(varint(&mut bytes)),
            1 => Wire::Fixed64(u64::from_le_bytes(take(&mut bytes, 8).try_into().unwrap())),
            2 => {
                let length = varint(&mut bytes) as usize;
                Wire::Bytes(take(&mut bytes, length))
            }
            5 => Wire::Fixed32(u32::from_le_bytes(take(&mut bytes, 4).try_into().unwrap())),
            other => panic!("wire type {other}"),
        };
        found.push((key >> 3, wire));
    }
    found
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return value;
        }
    }
    panic!("a varint of more than ten bytes")
}

fn take<'a>(bytes: &mut &'a [u8], n: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(n);
    *bytes = rest;
    taken
}

/// Castagnoli's CRC, a bit at a time.
fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = !0u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

/// As TFRecord stores it.
fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

#[test]
fn the_crc_is_castagnolis() {
    assert_eq!(crc32c(b"123456789"), 0xe306_9283);
}
