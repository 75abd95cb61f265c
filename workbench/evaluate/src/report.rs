//! All measures of a model that apply to it.

use serde::Serialize;
use workbench_analysis::Rows;
use workbench_engine::noise::{Key, permutation};
use workbench_trainer::{Medium, Splits, Transform, of_items};

use crate::factors::Factors;
use crate::items::Items;
use crate::measures::asked::{AskedOf, asked};
use crate::measures::copies::{Copies, distances};
use crate::measures::held_out::{HeldOut, held_out};
use crate::measures::quality::{Quality, quality};
use crate::measures::recognisable::{Recognisable, recognisable};
use crate::measures::shape::{Pieces, Position, position, whole};
use crate::measures::sliders::{Mover, Slider, sliders};
use crate::measures::support::{PrecisionRecall, precision_recall};
use crate::{Error, Eye, Seen, Subject};

/// How much is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Samples, and items that are moved along each slider.
    pub n: usize,
    pub seed: u64,
    /// How the judge sees items: neither binarized nor drawn.
    pub transform: Transform,
}

/// What was measured; what does not apply to the model is empty, or `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    pub samples: usize,
    /// How good the judge is on the test split: the most that can be expected of what follows.
    pub quality: Vec<Quality>,
    pub asked: Vec<AskedOf>,
    pub reconstructions: Vec<Quality>,
    pub recognisable: Vec<Recognisable>,
    pub sliders: Vec<Slider>,
    pub held_out: Vec<HeldOut>,
    pub copies: Option<Copies>,
    pub precision_recall: Option<PrecisionRecall>,
    pub pieces: Option<Pieces>,
    pub position: Option<Position>,
}

/// Training items that are looked at, at most.
const TRAIN: usize = 10_000;
/// Samples and test items whose nearest training images are looked for, at most.
const NEAREST: usize = 500;

/// Measures a model by what an eye sees.
///
/// # Errors
/// The engine's and the data set's own, and those of drawing codes.
pub fn report(
    subject: &Subject,
    eye: &Eye,
    splits: &Splits,
    settings: &Settings,
) -> Result<Report, Error> {
    let Settings { n, seed, transform } = *settings;
    let some = |split: &workbench_trainer::Split, purpose: &str, most: usize| {
        let mut places = permutation(Key::new(seed, purpose, 0, 0), split.len() as u32);
        places.truncate(most);
        places
    };
    // Of some targets few items are known: more are read than are used of most.
    let places = some(&splits.test, "judge test", 4 * n);
    let test = Items::read(subject, eye, &splits.test, &places, transform)?;
    let has_judge = eye.judge.is_some();
    let mut report = Report { samples: n, ..Report::default() };
    if has_judge {
        report.quality = quality(eye, &test, &test.seen);
    }

    let draws = subject.draws();
    let made = match draws && !test.codes.is_empty() {
        true => Some(subject.decoded(eye, &test.codes, &test.given)?),
        false => None,
    };
    let drawn = match draws {
        true => {
            let rows: Vec<usize> = (0..n).map(|i| i % test.n.max(1)).collect();
            Some(subject.drawn(eye, n, 0, &of_items(&test.given, &rows))?)
        }
        false => None,
    };
    if let (Some(made), Some(drawn)) = (&made, &drawn)
        && eye.medium == Medium::Volume
    {
        let [samples, reconstructions, test] =
            [drawn, made, &test.seen].map(|seen| whole(&seen.pieces));
        report.pieces = Some(Pieces { samples, reconstructions, test });
    }
    if let (Some(made), Medium::Clip) = (&made, eye.medium) {
        let sides = splits.test.batch(&places[..1], transform)?;
        let shape = sides.inputs.get("x").map(|x| x.shape().to_vec()).unwrap_or_default();
        let diagonal = shape.iter().rev().take(2).map(|&side| (side as f64).powi(2)).sum::<f64>();
        report.position = position(&test.seen.centroids, &made.centroids, diagonal.sqrt());
    }
    if !has_judge {
        return Ok(report);
    }

    let order: Vec<usize> = (0..test.n).collect();
    let places = some(&splits.train, "judge train", TRAIN);
    let train = Items::read(subject, eye, &splits.train, &places, transform)?;
    if draws {
        report.asked = asked(subject, eye, &test, &order, n)?;
    }
    if let Some(made) = &made {
        report.reconstructions = quality(eye, &test, made);
        let factors = Factors::fit(&train, subject.attributes, eye.targets());
        let mover = Mover { subject, factors: &factors, items: &test };
        report.sliders = sliders(&mover, eye, &order, n, made)?;
        report.held_out = held_out(&mover, eye, &train, &order, n.min(NEAREST))?;
    }
    if let Some(drawn) = &drawn {
        report.recognisable = recognisable(eye, drawn, &test.seen);
        let features = |seen: &'_ Seen| seen.feature_dims();
        let has_features = features(drawn) > 0;
        let [of_drawn, of_test, of_train] = [drawn, &test.seen, &train.seen].map(by_features);
        let pixels = [drawn, &test.seen, &train.seen].map(by_pixels);
        let in_pixels = distances(pixels[0].first(NEAREST), pixels[1].first(NEAREST), pixels[2]);
        let in_features = match has_features {
            true => distances(of_drawn.first(NEAREST), of_test.first(NEAREST), of_train),
            false => None,
        };
        report.copies =
            in_pixels.map(|pixels| Copies { features: in_features, pixels, train: train.n });
        report.precision_recall =
            has_features.then(|| precision_recall(of_drawn, of_test, of_train)).flatten();
    }
    Ok(report)
}

fn by_features(seen: &Seen) -> Rows<'_> {
    Rows::new(&seen.opinion.features, seen.feature_dims())
}

fn by_pixels(seen: &Seen) -> Rows<'_> {
    Rows::new(&seen.pixels, seen.pixel_dims())
}
