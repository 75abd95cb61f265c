//! Squares, ellipses and hearts, made from factors that are known: those of dSprites, and colour.

mod draw;
mod factors;

use factors::{Factors, Space, Test};
use workbench_sdk::Random;
use workbench_sdk::prelude::*;

struct Shapes {
    space: Space,
    side: usize,
    smooth: bool,
    grid: bool,
    items: u64,
    test_items: u64,
    seed: u64,
}

/// The classes, in the order in which dSprites has them.
const SHAPES: [&str; 3] = ["square", "ellipse", "heart"];
/// Places in a split are numbers of 32 bits.
const MOST_ITEMS: u64 = u32::MAX as u64;

impl Dataset for Shapes {
    const NAME: &str = "shapes";
    const ABOUT: &str =
        "Squares, ellipses and hearts by size, rotation and place, as in dSprites; also in colour.";
    const PARAMS: &[Param] = &[
        param::int("side", "Pixels a side.", 64).range(8, 256),
        param::bool("colour", "Six colours on a dark ground, not white on black.", false),
        param::bool("smooth", "Edges are blended; else a pixel is one or the other.", false),
        param::bool(
            "grid",
            "The training split is every combination once, in order; else it is drawn by seed.",
            false,
        ),
        param::int("items", "Training items where they are drawn.", 16_384).range(1, 1 << 31),
        param::int("test_items", "Test items; they are always drawn.", 2048).range(1, 1 << 31),
        param::int("scales", "Sizes, from half to full.", 6).range(1, 64),
        param::int("rotations", "Angles of a full turn.", 40).range(1, 360),
        param::int("positions", "Places across, and as many down.", 32).range(1, 256),
        param::bool(
            "held_out",
            "In colour: red squares, green ellipses and blue hearts are not in the training split.",
            true,
        ),
        param::text("test", "What the test split is drawn from.", "all").choices(&[
            param::choice("all"),
            param::choice("seen"),
            param::choice("held-out"),
        ]),
        param::int("seed", "Another seed draws other items.", 0).range(0, i64::MAX),
    ];

    fn open(config: &Config) -> Result<Shapes> {
        let (colour, held_out) = (config.get("colour")?, config.get::<bool>("held_out")?);
        let test = match config.get::<String>("test")?.as_str() {
            "seen" => Test::Seen,
            "held-out" if !(colour && held_out) => {
                bail!("nothing is held out; set colour = true and held_out = true")
            }
            "held-out" => Test::HeldOut,
            _ => Test::All,
        };
        let levels = [config.get("scales")?, config.get("rotations")?, config.get("positions")?];
        let shapes = Shapes {
            space: Space::new(colour, held_out, test, levels),
            side: config.get("side")?,
            smooth: config.get("smooth")?,
            grid: config.get("grid")?,
            items: config.get("items")?,
            test_items: config.get("test_items")?,
            seed: config.get("seed")?,
        };
        let combinations = shapes.space.combinations();
        ensure!(
            !shapes.grid || combinations <= MOST_ITEMS,
            "the grid has {combinations} combinations, and {MOST_ITEMS} items are the most; ask for fewer scales, rotations or positions"
        );
        Ok(shapes)
    }

    fn fields(&self) -> Vec<Field> {
        let channels = if self.space.is_coloured() { 3 } else { 1 };
        let [scales, rotations, positions] = self.space.levels();
        let places: Vec<u64> = (0..positions).collect();
        let sizes: Vec<String> =
            (0..scales).map(|scale| format!("{:.2}", factors::size(scale, scales))).collect();
        let angles: Vec<String> = (0..rotations)
            .map(|rotation| format!("{}°", rotation as f64 * 360.0 / rotations as f64))
            .collect();
        let mut fields = vec![
            Field::image(channels, self.side, self.side),
            Field::label(&SHAPES),
            Field::attribute("shape", Kind::Categorical, &SHAPES),
            Field::attribute("scale", Kind::Ordinal, &sizes),
            Field::attribute("rotation", Kind::Ordinal, &angles),
            Field::attribute("x", Kind::Ordinal, &places),
            Field::attribute("y", Kind::Ordinal, &places),
        ];
        if self.space.is_coloured() {
            let names = draw::PALETTE.map(|(name, _)| name);
            fields.push(Field::attribute("colour", Kind::Categorical, &names));
            let seen = ["seen", "held out"];
            fields.push(Field::attribute("combination", Kind::Binary, &seen));
        }
        fields
    }

    fn len(&self, split: &str) -> Option<u64> {
        match split {
            "train" if self.grid => Some(self.space.combinations()),
            "train" => Some(self.items),
            "test" => Some(self.test_items),
            _ => None,
        }
    }

    fn read(&self, split: &str, index: u64, item: &mut Item) -> Result<()> {
        let factors = self.factors(split, index);
        draw::draw(&factors, &self.space, self.side, self.smooth, item.image());
        item.label(factors.shape as i64);
        let values = [
            ("shape", factors.shape as u64),
            ("scale", factors.scale),
            ("rotation", factors.rotation),
            ("x", factors.x),
            ("y", factors.y),
        ];
        values.iter().for_each(|&(name, value)| item.set(name, value as i64));
        if self.space.is_coloured() {
            item.set("colour", factors.colour as i64);
            item.set("combination", i64::from(self.space.is_held_out(&factors)));
        }
        Ok(())
    }
}

impl Shapes {
    fn factors(&self, split: &str, index: u64) -> Factors {
        let test = split == "test";
        match self.grid && !test {
            true => self.space.at(index),
            false => self.space.draw(test, &mut Random::new(self.seed, u64::from(test), index)),
        }
    }
}

export_plugin! { datasets: [Shapes] }
