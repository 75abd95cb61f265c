//! What an architecture is given of the data: in words, and as a figure.

use workbench_engine::{Array, Input};
use workbench_experiment::{Binarize, Experiment};
use workbench_plots::{Figure, ImageGrid};
use workbench_trainer::{Error, Holding, Holdings, Split, Transform};

use crate::console::grouped;
use crate::figures::pictures;

/// Of a figure: items, one a row, and visits in training, one a column.
const ROWS: usize = 8;
const VISITS: u64 = 7;

/// What becomes of images before they are seen: "binarized at every visit; in training flipped left to right".
pub fn in_words(experiment: &Experiment) -> String {
    let input = &experiment.input;
    let mut always = Vec::new();
    match input.binarize {
        Binarize::None => {}
        Binarize::Static => always.push("binarized once".to_owned()),
        Binarize::Dynamic => always.push("binarized at every visit".to_owned()),
    }
    if input.dequantize {
        always.push("dequantized, (byte + u) / 256".to_owned());
    }
    let mut training = Vec::new();
    if let Some([height, width]) = input.crop {
        training.push(format!("cropped to {height}x{width} anywhere, else in the middle"));
    }
    if input.shift > 0 {
        training.push(format!("shifted by up to {} pixels", input.shift));
    }
    let ways = [
        (input.flip.is_horizontal(), "left to right"),
        (input.flip.is_vertical(), "top to bottom"),
    ];
    let ways: Vec<&str> = ways.iter().filter(|(is, _)| *is).map(|(_, way)| *way).collect();
    if !ways.is_empty() {
        training.push(format!("flipped {} at random", ways.join(" and ")));
    }
    if !training.is_empty() {
        always.push(format!("in training {}", training.join(", ")));
    }
    match always.is_empty() {
        true => "as the data have them".to_owned(),
        false => always.join("; "),
    }
}

/// What of the images lies in memory while training, and why.
pub fn where_held(holdings: &Holdings, readers: usize) -> String {
    let megabytes = |bytes: u64| grouped(bytes.div_ceil(1_000_000));
    let may = match (holdings.budget, holdings.is_given) {
        (u64::MAX, _) => "there is no limit".to_owned(),
        (budget, true) => format!("{} MB may be: input.memory_mb", megabytes(budget)),
        (budget, false) => {
            format!("{} MB may be: half of this machine's memory", megabytes(budget))
        }
    };
    let named = |is_held: bool| -> Vec<String> {
        let of = holdings.splits.iter().filter(|split| split.is_held == is_held);
        of.map(|Holding { split, bytes, .. }| format!("{split} ({} MB)", megabytes(*bytes)))
            .collect()
    };
    let (held, streamed) = (named(true), named(false));
    match (held.is_empty(), streamed.is_empty()) {
        (_, true) => format!("{} MB of pixels are held ({may})", megabytes(holdings.held())),
        (is_none, false) => {
            let held = if is_none { String::new() } else { format!("; {} held", held.join(", ")) };
            format!(
                "{} read anew whenever needed, by {readers} threads{held} ({may})",
                streamed.join(", ")
            )
        }
    }
}

/// The first items of a split, one a row: as evaluation sees them, and training in its first epochs.
///
/// # Errors
/// Those of [`Split::batch`].
pub fn figure(experiment: &Experiment, split: &Split) -> Result<Figure, Error> {
    let rows = split.len().min(ROWS);
    let places: Vec<u32> = (0..rows as u32).collect();
    let visits = (0..VISITS).map(|epoch| Transform::training(experiment, epoch));
    let transforms = std::iter::once(Transform::fixed(experiment)).chain(visits);
    let columns = transforms
        .map(|transform| {
            let mut batch = split.batch(&places, transform)?;
            Ok(match batch.inputs.remove("x") {
                Some(Input::F32(array)) => pictures(&split.medium().drawn(array)),
                _ => pictures(&Array { shape: vec![0, 1, 1, 1], data: Vec::new() }),
            })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let row = |row: usize| columns.iter().filter_map(move |column| column.get(row).cloned());
    let names = std::iter::once("eval".to_owned());
    Ok(Figure::Images(ImageGrid {
        title: format!("{}: in evaluation and in {VISITS} epochs", experiment.name),
        rows,
        columns: columns.len(),
        column_labels: names.chain((1..=VISITS).map(|epoch| epoch.to_string())).collect(),
        images: (0..rows).flat_map(row).collect(),
        ..ImageGrid::default()
    }))
}
