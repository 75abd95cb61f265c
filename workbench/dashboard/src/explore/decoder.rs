use std::path::PathBuf;

use workbench_runs::{Attribute, Snapshot};

use crate::draw::picture::Picture;

/// A trained model as the explorer asks it. Called from one thread, which is not the one that draws; nothing may be
/// written to the terminal meanwhile. Errors are lines to be shown as they are.
pub trait Decoder: Send {
    /// The pictures of some codes, in their order.
    ///
    /// # Errors
    /// The model's own.
    fn decode(&mut self, codes: &[Code]) -> Result<Vec<Pixels>, String>;

    /// An item of the test split, by its number from 0.
    ///
    /// # Errors
    /// The data set's own, and the model's.
    fn item(&mut self, item: usize) -> Result<Item, String>;

    /// A random code for the class and the attributes of another code; the same draw is the same code.
    ///
    /// # Errors
    /// The model's own.
    fn random(&mut self, draw: u64, of: &Code, from: DrawFrom) -> Result<Random, String>;

    /// Takes a newer checkpoint or snapshot of the latent space up, where the run has one by now.
    ///
    /// # Errors
    /// Why the newer one cannot be used; the model then stays as it was.
    fn newer(&mut self) -> Result<Option<Space>, String>;

    /// Shows images so from now on: volumes from a side, of clips a frame, by its number from 0; `None` as figures do.
    /// Only where there are [`Space::moments`].
    fn show(&mut self, moment: Option<usize>);

    /// Writes what was found to files of its own, and tells which.
    ///
    /// # Errors
    /// What could not be written.
    fn save(&mut self, work: &Work) -> Result<Vec<PathBuf>, String>;
}

/// A model and its latent space.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Space {
    /// The step of the checkpoint.
    pub step: u64,
    /// D, how many numbers a code has.
    pub dims: usize,
    /// Where some items lie; `None` where that is not known, or of another number of dimensions.
    pub snapshot: Option<Snapshot>,
    /// The principal directions of the snapshot's means; `None` without one, or where they would be too many.
    pub directions: Option<Directions>,
    /// The names of the classes of the data.
    pub classes: Vec<String>,
    /// Whether pictures depend on a class.
    pub is_conditional: bool,
    /// The attributes that pictures depend on.
    pub told: Vec<Attribute>,
    /// How many items the test split has.
    pub items: usize,
    pub moments: Moments,
}

/// How many ways there are to look at an image that is more than a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Moments {
    #[default]
    One,
    /// A volume is seen from so many sides on the way around it.
    Sides(usize),
    /// A clip has so many frames.
    Frames(usize),
}

impl Moments {
    pub fn count(self) -> usize {
        match self {
            Moments::One => 0,
            Moments::Sides(n) | Moments::Frames(n) => n,
        }
    }

    /// "side 3/24".
    pub fn text(self, moment: usize) -> String {
        let name = if matches!(self, Moments::Sides(_)) { "side" } else { "frame" };
        format!("{name} {}/{}", moment + 1, self.count())
    }
}

/// A turned frame of the latent space.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Directions {
    /// Its origin `[D]`.
    pub centre: Vec<f32>,
    /// Orthonormal `[D, D]`, the one of the largest variance first.
    pub axes: Vec<Vec<f32>>,
    /// Of the means along each `[D]`.
    pub variances: Vec<f32>,
}

/// What a decoder turns into a picture.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Code {
    /// `[D]`.
    pub z: Vec<f32>,
    /// Where pictures depend on one.
    pub class: Option<usize>,
    /// The values of [`Space::told`], in its order; `None` for one that is not known.
    pub told: Vec<Option<f32>>,
}

/// From what random codes are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DrawFrom {
    /// A mixture fitted to the codes of training items.
    #[default]
    Fitted,
    /// N(0, I).
    Prior,
}

/// A random code.
#[derive(Debug, Clone, PartialEq)]
pub struct Random {
    /// `[D]`.
    pub z: Vec<f32>,
    /// Why it is of the prior where it was to be of the fitted mixture.
    pub unfitted: Option<String>,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pixels {
    pub width: usize,
    pub height: usize,
    /// Red, green and blue `[height, width]`, row by row.
    pub pixels: Vec<[u8; 3]>,
}

/// An item of the data and what the model makes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    pub input: Pixels,
    pub reconstruction: Pixels,
    /// The mean of its posterior `[D]`.
    pub z: Vec<f32>,
    pub label: Option<usize>,
    /// The values of [`Space::told`], in its order; `None` for one that is not known.
    pub told: Vec<Option<f32>>,
}

/// Where a code began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// z = 0, the middle of the prior.
    #[default]
    Zero,
    /// An item of the test split.
    Test(usize),
    /// A random code.
    Draw { draw: u64, from: DrawFrom },
    /// A point of the latent snapshot of a step.
    Point { step: u64, point: usize },
    /// A place between the two marks, of so many.
    Between { place: usize, of: usize },
}

/// What is to be saved: a picture, and the way between two marks where there is one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Work {
    /// The step of the checkpoint that it was made with.
    pub step: u64,
    pub code: Code,
    pub origin: Origin,
    /// From one mark to the other.
    pub strip: Vec<Code>,
}

impl DrawFrom {
    /// "fitted", "prior".
    pub fn name(self) -> &'static str {
        match self {
            DrawFrom::Fitted => "fitted",
            DrawFrom::Prior => "prior",
        }
    }
}

impl Origin {
    /// For people.
    pub fn text(self) -> String {
        match self {
            Origin::Zero => "zero".to_owned(),
            Origin::Test(item) => format!("test {item}"),
            Origin::Draw { draw, from } => format!("draw {draw} ({})", from.name()),
            Origin::Point { point, .. } => format!("point {point}"),
            Origin::Between { place, of } => format!("{} of {of} from A to B", place + 1),
        }
    }
}

impl From<Pixels> for Picture {
    fn from(Pixels { width, height, mut pixels }: Pixels) -> Picture {
        pixels.resize(width * height, [0; 3]);
        Picture { width, height, pixels }
    }
}
