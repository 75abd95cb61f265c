//! Apples from three factors that are known: how red, how large, and how square.

mod apple;
mod draw;

use apple::{Apple, Orchard, Test};
use workbench_sdk::Random;
use workbench_sdk::prelude::*;

struct Apples {
    orchard: Orchard,
    side: usize,
    items: u64,
    test_items: u64,
    seed: u64,
}

impl Dataset for Apples {
    const NAME: &str = "apples";
    const ABOUT: &str = "Apples, from green to red, small to large and round to square; none is red and square in training.";
    const PARAMS: &[Param] = &[
        param::int("side", "Pixels a side.", 64).range(16, 256),
        param::int("items", "Training items.", 8192).range(1, 1 << 31),
        param::int("test_items", "Test items.", 1024).range(1, 1 << 31),
        param::bool(
            "held_out",
            "Apples that are both red and square (redness and squareness above 0.6) are not in the training split.",
            true,
        ),
        param::text("test", "What the test split is drawn from.", "all").choices(&[
            param::choice("all"),
            param::choice("seen"),
            param::choice("held-out"),
        ]),
        param::int("seed", "Another seed draws other apples.", 0).range(0, i64::MAX),
    ];

    fn open(config: &Config) -> Result<Apples> {
        let held_out: bool = config.get("held_out")?;
        let test = match config.get::<String>("test")?.as_str() {
            "seen" => Test::Seen,
            "held-out" if !held_out => bail!("nothing is held out; set held_out = true"),
            "held-out" => Test::HeldOut,
            _ => Test::All,
        };
        Ok(Apples {
            orchard: Orchard { held_out, test },
            side: config.get("side")?,
            items: config.get("items")?,
            test_items: config.get("test_items")?,
            seed: config.get("seed")?,
        })
    }

    fn fields(&self) -> Vec<Field> {
        vec![
            Field::image(3, self.side, self.side),
            Field::label(&apple::COLOURS),
            Field::real("redness"),
            Field::real("size"),
            Field::real("squareness"),
            Field::attribute("combination", Kind::Binary, &["seen", "held out"]),
        ]
    }

    fn len(&self, split: &str) -> Option<u64> {
        match split {
            "train" => Some(self.items),
            "test" => Some(self.test_items),
            _ => None,
        }
    }

    fn read(&self, split: &str, index: u64, item: &mut Item) -> Result<()> {
        let test = split == "test";
        let apple: Apple =
            self.orchard.pick(test, &mut Random::new(self.seed, u64::from(test), index));
        draw::draw(&apple, self.side, item.image());
        item.label(apple.colour());
        item.set_real("redness", apple.redness);
        item.set_real("size", apple.size);
        item.set_real("squareness", apple.squareness);
        item.set("combination", i64::from(self.orchard.is_held_out(&apple)));
        Ok(())
    }
}

export_plugin! { datasets: [Apples] }
