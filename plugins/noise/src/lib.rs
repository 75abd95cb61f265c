//! Random pictures of any shape: something to train on where only the speed counts.

use workbench_sdk::Random;
use workbench_sdk::prelude::*;

struct Noise {
    /// Channels, planes (0: it is a picture), rows, columns.
    shape: [usize; 4],
    items: u64,
    classes: u64,
    floats: bool,
    seed: u64,
}

/// The training split is so many times as large as the test split.
const TEST_SHARE: u64 = 8;
/// More numbers an item than a picture of 64 megabytes has are a slip of the keyboard.
const MOST_NUMBERS: usize = 1 << 26;

impl Dataset for Noise {
    const NAME: &str = "noise";
    const ABOUT: &str =
        "Uniform random pixels and labels of any shape, by seed: to measure speed with.";
    const PARAMS: &[Param] = &[
        param::int("channels", "Channels of a picture.", 1).range(1, 4096),
        param::int("depth", "Planes of a volume; 0 for pictures.", 0).range(0, 4096),
        param::int("height", "Rows of a picture.", 28).range(1, 65536),
        param::int("width", "Columns of a picture.", 28).range(1, 65536),
        param::int("items", "Training items; the test split has an eighth as many.", 4096)
            .range(1, 1 << 31),
        param::int("classes", "Classes of the labels; 0 for no labels.", 10).range(0, 65536),
        param::bool("floats", "Pixels are 32-bit numbers in 0..1, not bytes.", false),
        param::int("seed", "Another seed draws other pixels and labels.", 0).range(0, i64::MAX),
    ];

    fn open(config: &Config) -> Result<Noise> {
        let depth: usize = config.get("depth")?;
        let shape = [config.get("channels")?, depth, config.get("height")?, config.get("width")?];
        let numbers = shape.iter().try_fold(1usize, |n, &side| n.checked_mul(side.max(1)));
        ensure!(
            numbers.is_some_and(|numbers| numbers <= MOST_NUMBERS),
            "{shape:?} numbers an item are too many; {MOST_NUMBERS} are the most"
        );
        Ok(Noise {
            shape,
            items: config.get("items")?,
            classes: config.get("classes")?,
            floats: config.get("floats")?,
            seed: config.get("seed")?,
        })
    }

    fn fields(&self) -> Vec<Field> {
        let [channels, depth, height, width] = self.shape;
        let mut fields = vec![match (depth, self.floats) {
            (0, true) => Field::image_f32(channels, height, width),
            (0, false) => Field::image(channels, height, width),
            (_, true) => Field::volume_f32(channels, depth, height, width),
            (_, false) => Field::volume(channels, depth, height, width),
        }];
        if self.classes > 0 {
            fields.push(Field::label(&(0..self.classes).collect::<Vec<_>>()));
        }
        fields
    }

    fn len(&self, split: &str) -> Option<u64> {
        match split {
            "train" => Some(self.items),
            "test" => Some((self.items / TEST_SHARE).max(1)),
            _ => None,
        }
    }

    fn read(&self, split: &str, index: u64, item: &mut Item) -> Result<()> {
        let mut random = Random::new(self.seed, u64::from(split == "test"), index);
        // The label is drawn first, so that it is the same for pixels of either type.
        let label = random.draw() % self.classes.max(1);
        match self.floats {
            true => random.floats(item.image_f32()),
            false => random.bytes(item.image()),
        }
        if self.classes > 0 {
            item.label(label as i64);
        }
        Ok(())
    }
}

export_plugin! { datasets: [Noise] }
