//! The event log: its framing, its records, and the history folded from them.

use std::fs;
use std::path::Path;

use workbench_runs::{Event, Histogram, History, LogReader, LogWriter, RunDir, Value};

use crate::parser::{Parser, write};

/// What is read at once, and what becomes of it. Records made of nothing but empty strings would unfold more; those are
/// at most 64 MiB long, and hold at most 65,536 values.
const TIMES: usize = 2;

pub fn parsers(dir: &Path) -> Vec<Parser> {
    let logs = [log(dir, "short", 3), log(dir, "long", 60)];
    // The first record tells the format's version, and nothing else.
    let records: Vec<Vec<u8>> = logs.iter().flat_map(|log| records(log).split_off(1)).collect();
    let (raw, framed, history) =
        (dir.join("log-raw"), dir.join("log-framed"), dir.join("log-history"));
    for folder in [&raw, &framed, &history] {
        fs::create_dir(folder).unwrap();
    }
    let file = |folder: &Path| folder.join("events.out.tfevents.1.host");
    let (raw_file, framed_file, history_file) = (file(&raw), file(&framed), file(&history));
    vec![
        Parser {
            name: "event log",
            seeds: logs.to_vec(),
            put: Box::new(move |bytes| {
                write(&raw_file, bytes);
                bytes.len()
            }),
            parse: Box::new(move || follow(&raw)),
            times: TIMES,
        },
        // With the right checksums, so that the damage reaches what is inside.
        Parser {
            name: "event log, records",
            seeds: records.clone(),
            put: Box::new(move |bytes| {
                let log = frame(bytes);
                write(&framed_file, &log);
                log.len()
            }),
            parse: Box::new(move || match follow(&framed) {
                Ok(()) if LogReader::open(&framed).poll().is_ok_and(|events| events.is_empty()) => {
                    Err("a record that says nothing".to_owned())
                }
                other => other,
            }),
            times: TIMES,
        },
        Parser {
            name: "history",
            seeds: records,
            put: Box::new(move |bytes| {
                let log = [frame(bytes), frame(bytes)].concat();
                write(&history_file, &log);
                log.len()
            }),
            parse: Box::new(move || {
                let read = History::read(&history).map_err(|error| error.to_string())?;
                let steps = read.scalars.values().all(|series| series.steps.is_sorted());
                assert!(steps, "a series is in the order of its steps");
                let any = !read.scalars.is_empty() || !read.images.is_empty();
                match any || !read.texts.is_empty() || !read.histograms.is_empty() {
                    true => Ok(()),
                    false => Err("nothing in it".to_owned()),
                }
            }),
            times: TIMES,
        },
    ]
}

fn follow(log: &Path) -> Result<(), String> {
    let mut reader = LogReader::open(log);
    loop {
        let events: Vec<Event> = reader.poll().map_err(|error| error.to_string())?;
        if events.is_empty() {
            break;
        }
    }
    match reader.damaged() {
        0 => Ok(()),
        _ => Err("damaged".to_owned()),
    }
}

fn log(dir: &Path, name: &str, steps: u64) -> Vec<u8> {
    let run = RunDir::create(dir, name).unwrap();
    let mut log = LogWriter::create(&run, None).unwrap();
    let text = Value::Text("[train]\nepochs = 3\n".repeat(10));
    log.write(0, &[("text/experiment".to_owned(), text)]).unwrap();
    for step in 1..=steps {
        let tags = ["train/loss", "train/recon", "train/kl", "time/images_per_second"];
        let scalars = tags.map(|tag| (tag.to_owned(), Value::Scalar(100.0 / step as f32)));
        log.write(step, &scalars).unwrap();
    }
    let spread = Histogram::of(&[0.5, 1.0, 1.5, -2.0], 8);
    log.write(steps, &[("latent/z".to_owned(), Value::Histogram(spread))]).unwrap();
    let image = Value::Image { width: 16, height: 16, channels: 1, png: png() };
    log.write(steps, &[("images/samples".to_owned(), image)]).unwrap();
    log.sync().unwrap();
    // At the same times in every run of the tests, so that the cases are the same ones.
    let mut records = records(&fs::read(log.path()).unwrap());
    for record in &mut records {
        assert_eq!(record[0], 0x09, "the wall time comes first, a double");
        record[1..9].copy_from_slice(&1_795_561_672.25f64.to_le_bytes());
    }
    records.iter().flat_map(|record| frame(record)).collect()
}

fn png() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 16, 16);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[7; 256]).unwrap();
    writer.finish().unwrap();
    bytes
}

/// What is in the records of a log.
fn records(mut log: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    while let Some((length, rest)) = log.split_first_chunk::<8>() {
        let length = u64::from_le_bytes(*length) as usize;
        records.push(rest[4..4 + length].to_vec());
        log = &rest[length + 8..];
    }
    records
}

fn frame(data: &[u8]) -> Vec<u8> {
    let masked =
        |data: &[u8]| crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes();
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &masked(&length), data, &masked(data)].concat()
}
