use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use proptest::prelude::*;
use prost::Message;

use super::*;
use crate::RunDir;

fn run(dir: &tempfile::TempDir) -> RunDir {
    RunDir::create(dir.path(), "run").unwrap()
}

fn scalar(tag: &str, x: f32) -> (String, Value) {
    (tag.to_owned(), Value::Scalar(x))
}

/// The beginning of a PNG file, as far as a log looks into it.
fn png(width: u32, height: u32, colour: u8) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    png.extend(width.to_be_bytes());
    png.extend(height.to_be_bytes());
    png.extend([8, colour, 0, 0, 0]);
    png
}

fn all(reader: &mut LogReader) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        let new = reader.poll().unwrap();
        if new.is_empty() {
            return events;
        }
        events.extend(new);
    }
}

fn steps(events: &[Event]) -> Vec<u64> {
    events.iter().map(|event| event.step).collect()
}

fn append(path: &Path, bytes: &[u8]) {
    OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(bytes).unwrap();
}

fn record(data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame::append(&mut bytes, data);
    bytes
}

fn step_record(step: u64) -> Vec<u8> {
    record(&encode::event(0.0, step, &[scalar("a", step as f32)]))
}

#[test]
fn every_kind_of_value_round_trips() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(&dir);
    let image = Value::Image { width: 3, height: 2, channels: 1, png: png(3, 2, 0) };
    let values = vec![
        scalar("train/loss", 0.0),
        scalar("train/kl", f32::NEG_INFINITY),
        ("samples".to_owned(), image),
        ("mu".to_owned(), Value::Histogram(Histogram::of(&[1.0, 2.0, 4.0, f32::NAN], 3))),
        ("note".to_owned(), Value::Text("β = 4".to_owned())),
    ];
    let mut writer = LogWriter::create(&run, None).unwrap();
    writer.write(7, &values).unwrap();
    writer.write(u64::MAX, &[scalar("end", 1.0)]).unwrap();
    drop(writer);
    let events = all(&mut LogReader::open(run.path()));
    assert_eq!(events.len(), 2);
    assert_eq!((events[0].step, &events[0].values), (7, &values));
    assert!(events[0].wall_time > 1e9 && !events[0].session_start);
    assert_eq!(events[1].step, i64::MAX as u64);
}

#[test]
fn a_file_begins_as_tensorboard_expects_it() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(&dir);
    let writer = LogWriter::create(&run, None).unwrap();
    let name = writer.path().file_name().unwrap().to_str().unwrap().to_owned();
    let seconds = name.strip_prefix("events.out.tfevents.").unwrap().split('.').next().unwrap();
    assert_eq!(seconds.len(), 10, "{name}");
    let bytes = fs::read(writer.path()).unwrap();
    let frame::Next::Record(first) = frame::next(&bytes) else { panic!("no record") };
    let first = proto::Event::decode(first).unwrap();
    assert_eq!(first.file_version.as_deref(), Some("brain.Event:2"));
}

#[test]
fn a_resumed_log_sorts_last_even_if_the_clock_went_back() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(&dir);
    // Of the year 2255.
    append(&run.path().join("events.out.tfevents.9000000000.host.1.0"), &step_record(5));
    append(&run.path().join("events.out.tfevents.x"), b"");
    for resumed in [4, 3] {
        let mut writer = LogWriter::create(&run, Some(resumed)).unwrap();
        writer.write(resumed + 1, &[scalar("a", 1.0)]).unwrap();
    }
    let events = all(&mut LogReader::open(run.path()));
    assert_eq!(steps(&events), [5, 4, 5, 3, 4]);
    let starts: Vec<bool> = events.iter().map(|event| event.session_start).collect();
    assert_eq!(starts, [false, true, false, true, false]);
}

#[test]
fn a_session_start_has_on_disk_the_first_step_that_no_longer_holds() {
    let bytes = encode::session_start(0.0, 5);
    assert_eq!(proto::Event::decode(&bytes[..]).unwrap().step, 5);
    assert_eq!(decode::event(&bytes).unwrap().step, 4);
}

#[test]
fn records_wait_for_a_flush_and_go_out_whole_when_many_wait() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(&dir);
    let mut writer = LogWriter::create(&run, None).unwrap();
    let mut reader = LogReader::open(run.path());
    writer.write(1, &[scalar("a", 1.0)]).unwrap();
    assert!(all(&mut reader).is_empty());
    writer.flush().unwrap();
    assert_eq!(steps(&all(&mut reader)), [1]);
    for step in 2..3000 {
        writer.write(step, &[scalar("a", 1.0)]).unwrap();
    }
    let seen = all(&mut reader).len();
    assert!(seen > 1000 && seen < 2998, "{seen}");
    writer.sync().unwrap();
    assert_eq!(all(&mut reader).last().unwrap().step, 2999);
    assert!(all(&mut reader).is_empty());
}

#[test]
fn a_log_cut_at_every_byte_gives_every_complete_record() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.out.tfevents.1");
    let (mut whole, mut ends) = (record(&encode::file_version(0.0)), Vec::new());
    for step in 1..=6 {
        whole.extend(step_record(step));
        ends.push(whole.len());
    }
    let mut follower = LogReader::open(dir.path());
    let mut followed = Vec::new();
    for cut in 0..=whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let complete = ends.iter().filter(|&&end| end <= cut).count();
        let mut reader = LogReader::open(dir.path());
        assert_eq!(all(&mut reader).len(), complete, "cut at {cut}");
        assert_eq!(reader.damaged(), 0);
        // One that was there all the time sees each record once.
        followed.extend(all(&mut follower));
        assert_eq!(followed.len(), complete, "followed to {cut}");
    }
    assert_eq!(steps(&followed), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn damage_ends_its_file_and_not_the_next_and_may_yet_be_filled_in() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("a.tfevents"), dir.path().join("b.tfevents"));
    append(&one, &step_record(1));
    append(&one, &[0; 64]);
    append(&two, &step_record(2));
    let mut reader = LogReader::open(dir.path());
    assert_eq!(steps(&all(&mut reader)), [1, 2]);
    assert_eq!(reader.damaged(), 1);
    // What a network file system showed as zeros has arrived, and more.
    fs::write(&one, [step_record(1), step_record(3), step_record(4)].concat()).unwrap();
    append(&two, &step_record(5));
    assert_eq!(steps(&all(&mut reader)), [3, 4, 5]);
    assert_eq!(reader.damaged(), 0);
    // A file that shrank or went away does no harm.
    fs::write(&one, "").unwrap();
    fs::remove_file(&two).unwrap();
    assert!(all(&mut reader).is_empty());
}

#[test]
fn a_record_larger_than_a_chunk_is_read_and_a_poll_is_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(&dir);
    let mut writer = LogWriter::create(&run, None).unwrap();
    let large = "x".repeat(3 << 20);
    for step in 0..4 {
        writer.write(step, &[("t".to_owned(), Value::Text(large.clone()))]).unwrap();
    }
    writer.flush().unwrap();
    let mut reader = LogReader::open(run.path());
    assert_eq!(reader.poll().unwrap().len(), 2);
    assert_eq!(all(&mut reader).len(), 2);
    let error =
        writer.write(9, &[("t".to_owned(), Value::Text("x".repeat(65 << 20)))]).unwrap_err();
    assert!(error.to_string().contains("over 64 MiB"), "{error}");
}

#[test]
fn a_single_file_can_be_read_and_a_missing_directory_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.tfevents");
    append(&path, &step_record(1));
    append(&dir.path().join("y.tfevents"), &step_record(2));
    assert_eq!(steps(&all(&mut LogReader::open(&path))), [1]);
    let error = LogReader::open(&dir.path().join("none")).poll().unwrap_err();
    assert!(matches!(error, crate::Error::Io { .. }));
}

fn tensor(plugin: &str, tensor: proto::Tensor) -> Option<Value> {
    let plugin_data = Some(proto::PluginData { plugin_name: plugin.to_owned() });
    let metadata = (!plugin.is_empty()).then_some(proto::Metadata { plugin_data });
    let tensor = Some(tensor.encode_to_vec());
    let value = proto::Value { tensor, metadata, ..Default::default() };
    let summary = Some(proto::Summary { value: vec![value] }.encode_to_vec());
    let event = proto::Event { summary, ..Default::default() };
    decode::event(&event.encode_to_vec()).map(|mut event| event.values.remove(0).1)
}

#[test]
fn what_keras_and_jax_write_as_tensors_is_read() {
    let float = |values: &[f32]| proto::Tensor {
        dtype: proto::DT_FLOAT,
        float_val: values.to_vec(),
        ..Default::default()
    };
    let content = |dtype, bytes: &[u8]| proto::Tensor {
        dtype,
        tensor_content: bytes.to_vec(),
        ..Default::default()
    };
    let strings = |strings: &[&[u8]]| proto::Tensor {
        dtype: proto::DT_STRING,
        string_val: strings.iter().map(|s| s.to_vec()).collect(),
        ..Default::default()
    };
    let is_scalar = |value, x| assert_eq!(value, Some(Value::Scalar(x)));
    is_scalar(tensor("scalars", float(&[1.5])), 1.5);
    is_scalar(tensor("", float(&[1.5])), 1.5);
    is_scalar(tensor("scalars", content(proto::DT_FLOAT, &2.5f32.to_le_bytes())), 2.5);
    is_scalar(tensor("scalars", content(proto::DT_DOUBLE, &0.25f64.to_le_bytes())), 0.25);
    is_scalar(tensor("scalars", content(proto::DT_INT64, &(-3i64).to_le_bytes())), -3.0);
    assert_eq!(tensor("pr_curves", float(&[1.5])), None);
    assert_eq!(tensor("scalars", float(&[1.0, 2.0])), None);
    let picture = png(5, 4, 6);
    let image = Value::Image { width: 5, height: 4, channels: 4, png: picture.clone() };
    assert_eq!(tensor("images", strings(&[b"5", b"4", &picture])), Some(image));
    assert_eq!(tensor("images", strings(&[b"5", b"4"])), None);
    assert_eq!(tensor("text", strings(&[b"a", b"b"])), Some(Value::Text("a\nb".into())));
    assert_eq!(tensor("audio", strings(&[b"a"])), None);
    let bytes: Vec<u8> =
        [0.0f64, 1.0, 4.0, 1.0, 3.0, 2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let Some(Value::Histogram(histogram)) = tensor("histograms", content(proto::DT_DOUBLE, &bytes))
    else {
        panic!("no histogram");
    };
    assert_eq!((histogram.min, histogram.max, histogram.num), (0.0, 3.0, 6.0));
    assert_eq!((histogram.bucket_limit, histogram.bucket), (vec![1.0, 3.0], vec![4.0, 2.0]));
}

#[test]
fn a_tensor_that_unfolds_into_many_times_its_size_is_skipped_and_a_large_one_is_read() {
    let strings =
        |string_val| proto::Tensor { dtype: proto::DT_STRING, string_val, ..Default::default() };
    assert_eq!(tensor("text", strings(vec![Vec::new(); 1 << 20])), None);
    let ints =
        proto::Tensor { dtype: proto::DT_INT32, int_val: vec![0; 2 << 20], ..Default::default() };
    assert_eq!(tensor("histograms", ints), None);
    let dims = vec![proto::Dim::default(); 1 << 20];
    let shape = Some(proto::Shape { dim: dims });
    let deep = proto::Tensor {
        dtype: proto::DT_FLOAT,
        tensor_shape: shape,
        float_val: vec![1.0],
        ..Default::default()
    };
    assert_eq!(tensor("scalars", deep), None);
    let large = vec![b'x'; 3 << 20];
    assert!(
        matches!(tensor("text", strings(vec![large])), Some(Value::Text(text)) if text.len() == 3 << 20)
    );
    let content: Vec<u8> = [0.0f64, 1.0, 2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let content = content.repeat(1 << 16);
    let numbers =
        proto::Tensor { dtype: proto::DT_DOUBLE, tensor_content: content, ..Default::default() };
    assert!(
        matches!(tensor("histograms", numbers), Some(Value::Histogram(h)) if h.bucket.len() == 1 << 16)
    );
}

#[test]
fn pictures_are_what_their_header_says_or_skipped() {
    let read = |png: Vec<u8>| {
        let image = Value::Image { width: 1, height: 1, channels: 1, png };
        decode::event(&encode::event(0.0, 0, &[("i".to_owned(), image)]))
    };
    for bad in [png(1 << 20, 1, 0), png(0, 1, 0), b"GIF89a".to_vec(), png(1, 1, 0)[..20].to_vec()] {
        assert_eq!(read(bad), None);
    }
    let Some((_, Value::Image { width, height, channels, .. })) =
        read(png(28, 9, 2)).map(|mut event| event.values.remove(0))
    else {
        panic!("no picture");
    };
    assert_eq!((width, height, channels), (28, 9, 3));
}

#[test]
fn a_histogram_counts_every_finite_number_once() {
    let histogram = Histogram::of(&[0.0, 1.0, 2.0, 3.0, 10.0, f32::INFINITY], 5);
    assert_eq!(histogram.bucket, [2.0, 2.0, 0.0, 0.0, 1.0]);
    assert_eq!((histogram.num, histogram.sum, histogram.sum_squares), (5.0, 16.0, 114.0));
    assert_eq!(histogram.bucket_limit.last(), Some(&10.0));
    assert_eq!(Histogram::of(&[2.0; 3], 2).bucket, [3.0, 0.0]);
    assert_eq!(Histogram::of(&[f32::NAN], 2), Histogram::default());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn no_bytes_make_the_reader_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0u8..8), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut bytes: Vec<u8> = (1..=5).flat_map(step_record).collect();
        for (at, bit) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        bytes.truncate(cut.index(bytes.len() + 1));
        append(&dir.path().join("a.tfevents"), &bytes);
        let events = all(&mut LogReader::open(dir.path()));
        // What is recovered is the beginning of what was written, unchanged.
        let expected: Vec<u64> = (1..=events.len() as u64).collect();
        prop_assert_eq!(steps(&events), expected);
    }

    #[test]
    fn no_message_makes_the_decoder_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<prop::sample::Index>(),
        noise in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let values = [
            scalar("a", 1.0),
            ("i".to_owned(), Value::Image { width: 3, height: 2, channels: 3, png: png(3, 2, 2) }),
            ("h".to_owned(), Value::Histogram(Histogram::of(&[1.0, 2.0], 4))),
            ("t".to_owned(), Value::Text("text".to_owned())),
        ];
        let mut bytes = encode::event(1.0, 3, &values);
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len() + 1));
        decode::event(&bytes);
        decode::event(&noise);
    }
}
