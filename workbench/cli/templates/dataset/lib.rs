//! The data set `my-plugin`: a soft spot on a dark ground; its class is the quarter of the picture that it lies in.
//!
//! It is made of numbers alone, so that it works as it stands. For data of your own, `open` finds and checks them, `fields`
//! and `len` say what there is, and `read` hands out one item. The guide is plugins/README.md.

use workbench_sdk::prelude::*;

/// What is held while the data are open: sizes, tables, a memory map, the paths of files.
struct Data {
    side: usize,
    items: u64,
}

const QUARTERS: &[&str] = &["upper left", "upper right", "lower left", "lower right"];

impl Dataset for Data {
    const NAME: &str = "my-plugin";
    const ABOUT: &str = "A soft spot on a dark ground; its class is the quarter that it lies in.";
    // What an experiment may set under [dataset]: name, one sentence, default, bounds. They are checked before any of
    // this code runs. A folder of pictures would be: param::path("folder", "Where the pictures are.").required()
    const PARAMS: &[Param] = &[
        param::int("side", "Pixels a side.", 28).range(8, 512),
        param::int("items", "Pictures of the training split.", 4000).range(64, 1 << 31),
    ];

    // An error names its line: `ensure!` and `bail!` make one, `?` hands one on, from a file that is not there, say.
    fn open(config: &Config) -> Result<Self> {
        let (side, items) = (config.get("side")?, config.get("items")?);
        ensure!(side % 2 == 0, "side is {side}: quarters need an even number");
        Ok(Data { side, items })
    }

    // An image [channels, height, width] of bytes, and a class. Without classes, leave the label out.
    fn fields(&self) -> Vec<Field> {
        vec![Field::image(1, self.side, self.side), Field::label(QUARTERS)]
    }

    fn len(&self, split: &str) -> Option<u64> {
        match split {
            "train" => Some(self.items),
            "test" => Some(self.items / 8),
            _ => None,
        }
    }

    // Many threads read at once, in any order. The same number gives the same item, always: what looks random here is
    // made of the split and the number.
    fn read(&self, split: &str, index: u64, item: &mut Item) -> Result<()> {
        let seed = 2 * index + u64::from(split == "test");
        let side = self.side as f64;
        let (x, y) = (random(seed, 0) * side, random(seed, 1) * side);
        let radius = side * (0.08 + 0.12 * random(seed, 2));
        for (at, pixel) in item.image().iter_mut().enumerate() {
            let (row, column) = (at / self.side, at % self.side);
            let distance = (column as f64 + 0.5 - x).hypot(row as f64 + 0.5 - y) / radius;
            *pixel = (255.0 * (-0.5 * distance * distance).exp()) as u8;
        }
        let (right, below) = (x >= side / 2.0, y >= side / 2.0);
        item.label(i64::from(right) + 2 * i64::from(below));
        Ok(())
    }
}

/// A number from 0 to 1 that looks random, and is the same for the same arguments (SplitMix64).
fn random(seed: u64, which: u64) -> f64 {
    let mut x = (seed ^ (which << 56)).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

export_plugin! { datasets: [Data] }
