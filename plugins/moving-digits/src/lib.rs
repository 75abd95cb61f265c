//! Clips of one or two digits that bounce in a frame, after Moving MNIST (Srivastava, Mansimov & Salakhutdinov 2015,
//! arXiv:1502.04681).

mod digits;
mod draw;
mod motion;

use std::ops::Range;
use std::path::PathBuf;

use digits::Digits;
use motion::Motion;
use workbench_sdk::prelude::*;
use workbench_sdk::{Random, idx};

struct MovingDigits {
    digits: Digits,
    /// Those that training clips are made from are before this place, those of test clips from it on.
    cut: usize,
    side: usize,
    frames: usize,
    two: bool,
    speed: f32,
    items: u64,
    test_items: u64,
    seed: u64,
}

/// What is known of a clip of one digit, and of the first and the second of two.
const NAMES: [[&str; 5]; 3] = [
    ["digit", "x", "y", "speed", "direction"],
    ["first digit", "first x", "first y", "first speed", "first direction"],
    ["second digit", "second x", "second y", "second speed", "second direction"],
];
/// In Moving MNIST 28 pixels of 64.
const SHARE: f64 = 28.0 / 64.0;

impl Dataset for MovingDigits {
    const NAME: &str = "moving-digits";
    const ABOUT: &str = "Clips of one or two digits that bounce in a frame, as in Moving MNIST.";
    const PARAMS: &[Param] = &[
        param::path("images", "An IDX file of digits [N, H, W], bytes, plain or gzip.").required(),
        param::path("labels", "An IDX file of their classes [N]; without it these are not known."),
        param::int("test_count", "So many of the last digits are for test clips alone.", 1000)
            .range(1, i64::MAX),
        param::int("side", "Pixels a side.", 32).range(16, 256),
        param::int("frames", "Frames of a clip.", 10).range(1, 256),
        param::int("digits", "Digits in a clip.", 1).range(1, 2),
        param::int(
            "digit",
            "Pixels that a digit is wide and high; 0: 28 in 64, as MNIST's are.",
            0,
        )
        .range(0, 256),
        param::float(
            "speed",
            "How far the fastest go a frame, as a share of the side; the slowest go half as far.",
            0.08,
        )
        .between(0.0, 1.0),
        param::int("items", "Training items.", 8192).range(1, 1 << 31),
        param::int("test_items", "Test items.", 1024).range(1, 1 << 31),
        param::int("seed", "Another seed draws other clips.", 0).range(0, i64::MAX),
    ];

    fn open(config: &Config) -> Result<MovingDigits> {
        let side: usize = config.get("side")?;
        let digit: usize = match config.get("digit")? {
            0 => (side as f64 * SHARE).round() as usize,
            digit => digit,
        };
        ensure!(digit <= side, "a `digit` of {digit} pixels does not fit into a `side` of {side}");
        let images = idx::read(&config.get::<PathBuf>("images")?)?;
        let labels: Option<PathBuf> = config.get("labels")?;
        let labels = labels.map(|path| idx::read(&path)).transpose()?;
        let digits = Digits::of(&images, labels.as_ref(), digit)?;
        let test_count: usize = config.get("test_count")?;
        ensure!(
            test_count < digits.len,
            "`test_count` is {test_count} of {} digits, which leaves none to train on",
            digits.len
        );
        Ok(MovingDigits {
            cut: digits.len - test_count,
            digits,
            side,
            frames: config.get("frames")?,
            two: config.get::<u64>("digits")? == 2,
            speed: config.get::<f64>("speed")? as f32,
            items: config.get("items")?,
            test_items: config.get("test_items")?,
            seed: config.get("seed")?,
        })
    }

    fn fields(&self) -> Vec<Field> {
        let mut fields = vec![Field::clip(1, self.frames, self.side, self.side)];
        let classes: Vec<usize> = (0..self.digits.classes()).collect();
        if !self.two && !classes.is_empty() {
            fields.push(Field::label(&classes));
        }
        let speed = f64::from(self.speed);
        for [digit, x, y, pace, direction] in self.names() {
            if !classes.is_empty() {
                fields.push(Field::attribute(digit, Kind::Categorical, &classes));
            }
            fields.extend([x, y].map(|place| Field::real(place).range(0.0, 1.0)));
            fields.push(Field::real(pace).range(speed / 2.0, speed));
            fields.push(Field::real(direction).range(0.0, 360.0));
        }
        fields
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
        let random = &mut Random::new(self.seed, u64::from(test), index);
        let digits = self.pick(if test { self.cut..self.digits.len } else { 0..self.cut }, random);
        let (size, side) = (self.digits.side, self.side);
        for (frame, pixels) in item.image().chunks_exact_mut(side * side).enumerate() {
            for (place, motion) in &digits {
                let at = motion.at(frame, side, side - size);
                draw::lay(self.digits.square(*place), size, at, pixels, side);
            }
        }
        for ([digit, x, y, pace, direction], (place, motion)) in self.names().iter().zip(&digits) {
            if let Some(classes) = &self.digits.classes {
                let class = i64::from(classes[*place]);
                item.set(digit, class);
                if !self.two {
                    item.label(class);
                }
            }
            item.set_real(x, motion.x);
            item.set_real(y, motion.y);
            item.set_real(pace, motion.speed);
            item.set_real(direction, motion.direction);
        }
        Ok(())
    }
}

impl MovingDigits {
    fn names(&self) -> &'static [[&'static str; 5]] {
        if self.two { &NAMES[1..] } else { &NAMES[..1] }
    }

    /// Which digits of a clip move how; the one of the lower class is the first, since nothing else tells them apart.
    fn pick(&self, among: Range<usize>, random: &mut Random) -> Vec<(usize, Motion)> {
        let mut any = || {
            let place = among.start + random.below(among.len() as u64) as usize;
            (place, Motion::pick(self.speed, random))
        };
        let mut digits: Vec<_> = (0..if self.two { 2 } else { 1 }).map(|_| any()).collect();
        if let Some(classes) = &self.digits.classes {
            digits.sort_by_key(|(place, _)| classes[*place]);
        }
        digits
    }
}

export_plugin! { datasets: [MovingDigits] }
