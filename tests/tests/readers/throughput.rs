//! How many items a second each reader gives; workbench/docs/peers/readers.py makes the data and runs this.

use std::path::Path;
use std::time::Instant;

use workbench_tests::skip;

use crate::reader::{Opened, open_in};

/// As many as the trainer reads at once.
const AT_ONCE: u64 = 512;

#[test]
#[ignore = "measures: run workbench/docs/peers/readers.py"]
#[expect(clippy::print_stdout, reason = "the figures are what it is run for")]
fn items_a_second() {
    let Some(folder) = std::env::var_os("WORKBENCH_READERS") else {
        return skip("WORKBENCH_READERS names no folder that readers.py made");
    };
    let held = "test_share = 0.001";
    for (reader, of, parameters) in [
        ("npz", "64x64 RGB, stored", format!("file = 'stored.npz'\n{held}")),
        ("npz", "64x64 RGB, deflated", format!("file = 'deflated.npz'\n{held}")),
        ("image-folder", "PNG 64x64", format!("folder = 'png'\ncache_mb = 0\n{held}")),
        ("image-folder", "PNG 64x64, from its cache", format!("folder = 'png'\n{held}")),
        (
            "image-folder",
            "JPEG 500x375 to 64x64",
            "folder = 'jpeg'\nsize = [64]\ncache_mb = 0\ntest_share = 0.01".to_owned(),
        ),
        ("parquet-table", "PNG 64x64", format!("path = 'pictures.parquet'\n{held}")),
        ("csv-table", "32x32 grey", format!("file = 'rows.csv'\n{held}")),
        ("cifar", "32x32 RGB", "path = 'cifar'".to_owned()),
        ("voxels", "binvox 32x32x32", format!("path = 'binvox'\ncache_mb = 0\n{held}")),
        (
            "voxels",
            "binvox 64x64x64 to 32x32x32",
            format!("path = 'binvox64'\nsize = [32]\ncache_mb = 0\n{held}"),
        ),
        ("voxels", "32x32x32, one .npy", format!("path = 'grids.npy'\ncache_mb = 0\n{held}")),
        (
            "frames",
            "GIF 64x64, 16 frames",
            "folder = 'gif'\ncache_mb = 0\ntest_share = 0.01".to_owned(),
        ),
        (
            "frames",
            "16 PNGs of 64x64",
            "folder = 'clips'\ncache_mb = 0\ntest_share = 0.01".to_owned(),
        ),
        ("idx", "32x32 grey, gzip", "images = 'images.gz'\ntest_count = 8".to_owned()),
    ] {
        // Built and loaded before the clock starts.
        open_in(Path::new(&folder), reader, &parameters).unwrap();
        let began = Instant::now();
        let data = open_in(Path::new(&folder), reader, &parameters).unwrap();
        let open_s = began.elapsed().as_secs_f64();
        if of.ends_with("cache") {
            pass(&data, 1);
        }
        let [one, two] =
            [1, 2].map(|threads| (0..3).map(|_| pass(&data, threads)).fold(0.0, f64::max));
        println!(
            "{}",
            serde_json::json!({"reader": reader, "of": of, "open_s": open_s, "one": one, "two": two})
        );
    }
}

/// Items a second of the whole training split, chunks shared out over threads as the trainer does.
fn pass(data: &Opened, threads: u64) -> f64 {
    let n = data.len("train").unwrap();
    let next = std::sync::atomic::AtomicU64::new(0);
    // Small enough that a few hundred items are shared out, too.
    let at_once = AT_ONCE.min(n.div_ceil(8));
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let first = next.fetch_add(at_once, std::sync::atomic::Ordering::Relaxed);
                    if first >= n {
                        return;
                    }
                    data.read_all("train", &(first..n.min(first + at_once)).collect::<Vec<_>>());
                }
            });
        }
    });
    n as f64 / began.elapsed().as_secs_f64()
}
