//! Pictures that the model makes.

use workbench_engine::{Array, Batch, Error as EngineError, Input, Session};
use workbench_runs::Snapshot;

use crate::figure_items::{figure_items, pairs};
use crate::{
    Error, Medium, SampleCount, SampleFrom, SampleRows, Sampler, Split, Transform, Wanted,
    condition, draw_for, kl_per_dimension, of_items, sample_rows,
};

/// What figures and viewers show of a model; pictures are `[N, C, H, W]` in 0..1, those of volumes and clips as
/// [`Medium::drawn`] makes them. Each part is there, or why the architecture has no such pictures.
#[derive(Clone, Debug)]
pub struct Media {
    pub reconstructions: Result<Reconstructions, String>,
    /// Decoded from the same draws at every epoch, so that one sees them change.
    pub samples: Result<Samples, String>,
    /// What the samples' codes were drawn from.
    pub from: SampleFrom,
    pub traversal: Result<Traversal, String>,
    /// Row by row from one item to another, of another class where there are classes, [`COLUMNS`] a row, in a straight line
    /// between their posterior means.
    pub interpolation: Result<Array, String>,
}

/// Pictures of one size, row by row.
#[derive(Clone, Debug)]
pub struct Samples {
    pub pictures: Array,
    pub columns: usize,
    /// Of each row what it is conditioned on; empty where the model is conditioned on nothing.
    pub labels: Vec<String>,
}

/// Some items of the validation split, and what becomes of them through their posterior means.
#[derive(Clone, Debug)]
pub struct Reconstructions {
    pub inputs: Array,
    pub outputs: Array,
}

/// One latent dimension at a time moved through the prior, the others at the posterior mean of the first of the items shown
/// (Higgins et al. 2017, figure 1).
#[derive(Clone, Debug)]
pub struct Traversal {
    /// Which dimension each row moves: those with the largest KL first.
    pub dims: Vec<usize>,
    /// Its value in each column, in standard deviations of the prior.
    pub values: Vec<f32>,
    /// Row by row.
    pub pictures: Array,
}

/// Pictures a row.
pub const COLUMNS: usize = 10;
/// Three rows of pairs, and a square of samples.
const RECONSTRUCTIONS: usize = 3 * COLUMNS;
const SAMPLES: usize = 64;
const SAMPLE_COLUMNS: usize = 8;
const SAMPLE_SEED: u64 = 0;
const TRAVERSED: usize = 10;
const TRAVERSAL_VALUES: [f32; 7] = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0];
const INTERPOLATIONS: usize = 6;

impl Media {
    /// Encodes some items of a split, drawn at random by the experiment's seed and the same at every call, with the classes
    /// in turn, and decodes what is to be shown, as far as the architecture marks what that takes. Without a sampler,
    /// samples are of the prior.
    ///
    /// # Errors
    /// The engine's own, and those of [`Split::batch`].
    pub fn make(
        session: &Session,
        split: &Split,
        classes: &[String],
        transform: Transform,
        snapshot: Option<&Snapshot>,
        sampler: Option<&Sampler>,
    ) -> Result<Media, Error> {
        let n = split.len().min(RECONSTRUCTIONS);
        let whole_rows = n - n % COLUMNS.min(n);
        let items = figure_items(split, whole_rows, transform)?;
        let batch = split.batch(&items.places, transform)?;
        let medium = split.medium();
        let mean = session.encode(&batch).map(|posterior| posterior.mean);
        let mean = || Ok(mean.clone()?);
        let samples = || -> Result<Samples, Error> {
            let SampleRows { rows, others } = sampled(session, &batch, split, classes);
            let n = match rows.is_empty() {
                true => SAMPLES,
                false => rows.iter().map(|(_, count)| count).sum(),
            };
            let drawn = draw_for(session, sampler, others, (n, SAMPLE_SEED))?;
            let pictures = medium.drawn(session.decode(&drawn.z, &drawn.others)?);
            let labels = rows.into_iter().map(|(label, _)| label).collect();
            Ok(Samples { pictures, columns: SAMPLE_COLUMNS, labels })
        };
        Ok(Media {
            reconstructions: part(
                session,
                "reconstructions",
                reconstructions(session, medium, &batch),
            )?,
            samples: part(session, "samples", samples())?,
            from: SampleFrom::of(sampler),
            traversal: part(
                session,
                "traversal",
                mean().and_then(|mean| traversal(session, medium, &mean, &batch, snapshot)),
            )?,
            interpolation: part(
                session,
                "interpolation",
                mean()
                    .and_then(|mean| interpolation(session, medium, &mean, &batch, &items.groups)),
            )?,
        })
    }
}

impl Reconstructions {
    /// Rows of inputs, each above the row of its reconstructions.
    pub fn pairs(&self) -> Array {
        let size: usize = self.inputs.shape[1..].iter().product();
        let row = COLUMNS.min(self.inputs.shape[0]) * size;
        let rows = self.inputs.data.chunks(row).zip(self.outputs.data.chunks(row));
        let mut shape = self.inputs.shape.clone();
        shape[0] *= 2;
        Array {
            shape,
            data: rows.flat_map(|(above, below)| above.iter().chain(below)).copied().collect(),
        }
    }
}

/// What samples are conditioned on: in rows where the model is conditioned on what has few values.
fn sampled(session: &Session, items: &Batch, split: &Split, classes: &[String]) -> SampleRows {
    let count = SampleCount::EachRow(SAMPLE_COLUMNS);
    sample_rows(session, items, split.attributes(), classes, count).unwrap_or_else(|| SampleRows {
        rows: Vec::new(),
        others: condition(items, SAMPLES, classes.len(), &Wanted::default()),
    })
}

/// What was made, or in words why the architecture has none; other errors go on.
fn part<T>(
    session: &Session,
    figure: &str,
    made: Result<T, Error>,
) -> Result<Result<T, String>, Error> {
    match made {
        Err(Error::Engine(
            error @ (EngineError::NotMarked { .. }
            | EngineError::MissingInput { .. }
            | EngineError::Input { .. }),
        )) => {
            let lacks = session.graph().undrawable();
            let lack = lacks.iter().find(|lack| lack.figures.contains(&figure));
            Ok(Err(lack.map_or_else(|| error.to_string(), |lack| lack.why.to_owned())))
        }
        made => made.map(Ok),
    }
}

fn reconstructions(
    session: &Session,
    medium: Medium,
    batch: &Batch,
) -> Result<Reconstructions, Error> {
    let inputs = match batch.inputs.get("x") {
        Some(Input::F32(array)) => array.clone(),
        _ => return Err(EngineError::MissingInput { name: "x".to_owned() }.into()),
    };
    let outputs = medium.drawn(session.reconstruct(batch)?);
    Ok(Reconstructions { inputs: medium.drawn(inputs), outputs })
}

fn traversal(
    session: &Session,
    medium: Medium,
    mean: &Array,
    batch: &Batch,
    snapshot: Option<&Snapshot>,
) -> Result<Traversal, Error> {
    let latent = mean.shape[1];
    let mut dims: Vec<usize> = (0..latent).collect();
    if let Some(snapshot) = snapshot.filter(|snapshot| snapshot.dims == latent) {
        let kl = kl_per_dimension(snapshot);
        dims.sort_by(|&a, &b| kl[b].total_cmp(&kl[a]));
    }
    dims.truncate(TRAVERSED);
    let values = TRAVERSAL_VALUES.to_vec();
    let n = dims.len() * values.len();
    let mut z = Array { shape: vec![n, latent], data: mean.data[..latent].repeat(n) };
    for (row, dim) in dims.iter().enumerate() {
        for (column, value) in values.iter().enumerate() {
            z.data[(row * values.len() + column) * latent + dim] = *value;
        }
    }
    let pictures = medium.drawn(session.decode(&z, &of_items(batch, &vec![0; n]))?);
    Ok(Traversal { dims, values, pictures })
}

fn interpolation(
    session: &Session,
    medium: Medium,
    mean: &Array,
    batch: &Batch,
    groups: &[Option<i64>],
) -> Result<Array, Error> {
    let [items, latent] = [mean.shape[0], mean.shape[1]];
    let pairs = pairs(&groups[..items], INTERPOLATIONS);
    let rows = pairs.len();
    if rows == 0 {
        let mut shape = session.reconstruct(batch)?.shape;
        shape[0] = 0;
        return Ok(medium.drawn(Array { shape, data: Vec::new() }));
    }
    let point = |item: usize| &mean.data[item * latent..(item + 1) * latent];
    let mut data = Vec::with_capacity(rows * COLUMNS * latent);
    let mut ends = Vec::with_capacity(rows * COLUMNS);
    for [one, other] in pairs {
        let (from, to) = (point(one), point(other));
        for column in 0..COLUMNS {
            let t = column as f32 / (COLUMNS - 1) as f32;
            data.extend(from.iter().zip(to).map(|(a, b)| a + t * (b - a)));
            ends.push(if t > 0.5 { other } else { one });
        }
    }
    let z = Array { shape: vec![rows * COLUMNS, latent], data };
    // A class or an attribute can't be half of two: it changes in the middle.
    Ok(medium.drawn(session.decode(&z, &of_items(batch, &ends))?))
}
