//! Damaged files: an error, no panic that leaves the reader, and no memory for what is not there.

use std::fs;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use peak_alloc::PeakAlloc;
use workbench_tests::{Mutator, repository};

use crate::shard::Shard;

#[global_allocator]
static PEAK: PeakAlloc = PeakAlloc;

/// A page is believed to unpack to sixteen megabytes, whatever its size.
const MOST_MEGABYTES: f32 = 64.0;

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

/// A file of one column, with one value of so many zeros.
fn zeros(path: &std::path::Path, n: usize, compression: Compression) {
    let schema = "message schema { REQUIRED BINARY image; }";
    let schema = Arc::new(parquet::schema::parser::parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None);
    let file = fs::File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties.build())).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let values = [ByteArray::from(vec![0; n])];
    column.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
}

/// A page that unpacks to far more than itself is refused, and large ones are not.
fn bombs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("zeros.parquet");
    let gzip = Compression::GZIP(Default::default());
    for (n, compression, is_read) in [
        (1 << 20, gzip, true),
        (20 << 20, gzip, false),
        (20 << 20, Compression::ZSTD(Default::default()), false),
        (20 << 20, Compression::SNAPPY, true),
        (20 << 20, Compression::UNCOMPRESSED, true),
    ] {
        zeros(&path, n, compression);
        let shard = Shard::open(&path).unwrap_or_else(|error| panic!("{error}"));
        let read = shard.bytes(0, 0);
        assert_eq!(read.is_ok(), is_read, "{n} bytes, {compression:?}");
        if let Err(error) = read {
            let said = error.to_string();
            assert!(said.contains("the column `image`") && said.contains("unpacks to"), "{said}");
        }
    }
}

#[test]
fn damaged_files_and_bombs_are_refused() {
    damaged(2000);
    // After it, since what they are written with takes memory too.
    bombs();
}

#[test]
#[ignore = "takes minutes"]
fn a_hundred_thousand_damaged_files_are_refused() {
    damaged(100_000);
}
