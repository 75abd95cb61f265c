//! Pictures that the model makes.

use workbench_engine::{Array, Batch, Error as EngineError, Input, Session};
use workbench_runs::Snapshot;

use crate::{
    Drawn, Error, Medium, SampleFrom, Sampler, Split, Transform, Wanted, draw, kl_per_dimension,
    of_items,
};

/// What figures and viewers show of a model; pictures are `[N, C, H, W]` in 0..1, those of volumes and clips as
/// [`Medium::drawn`] makes them. Each part is there, or why the architecture has no such pictures.
#[derive(Clone, Debug)]
pub struct Media {
    pub reconstructions: Result<Reconstructions, String>,
    /// Decoded from the same draws at every epoch, so that one sees them change.
    pub samples: Result<Array, String>,
    /// What the samples' codes were drawn from.
    pub from: SampleFrom,
    pub traversal: Result<Traversal, String>,
    /// Row by row from one item to another, [`COLUMNS`] a row, in a straight line between their posterior means.
    pub interpolation: Result<Array, String>,
}

/// The first items of the validation split, and what becomes of them through their posterior means.
#[derive(Clone, Debug)]
pub struct Reconstructions {
    pub inputs: Array,
    pub outputs: Array,
}

/// One latent dimension at a time moved through the prior, the others at the posterior mean of the first input
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
const SAMPLE_SEED: u64 = 0;
const TRAVERSED: usize = 10;
const TRAVERSAL_VALUES: [f32; 7] = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0];
const INTERPOLATIONS: usize = 6;

impl Media {
    /// Encodes the first items of a split and decodes what is to be shown, as far as the architecture marks what that
    /// takes. Without a sampler, samples are of the prior.
    ///
    /// # Errors
    /// The engine's own, and those of [`Split::batch`].
    pub fn make(
        session: &Session,
        split: &Split,
        classes: usize,
        transform: Transform,
        snapshot: Option<&Snapshot>,
        sampler: Option<&Sampler>,
    ) -> Result<Media, Error> {
        let n = split.len().min(RECONSTRUCTIONS);
        let whole_rows = n - n % COLUMNS.min(n);
        let places: Vec<u32> = (0..whole_rows as u32).collect();
        let batch = split.batch(&places, transform)?;
        let medium = split.medium();
        let mean = session.encode(&batch).map(|posterior| posterior.mean);
        let mean = || Ok(mean.clone()?);
        let samples = || -> Result<Array, Error> {
            let wanted = Wanted::default();
            let Drawn { z, others } =
                draw(session, sampler, &batch, (SAMPLES, SAMPLE_SEED), classes, &wanted)?;
            Ok(medium.drawn(session.decode(&z, &others)?))
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
                mean().and_then(|mean| interpolation(session, medium, &mean, &batch)),
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
) -> Result<Array, Error> {
    let [items, latent] = [mean.shape[0], mean.shape[1]];
    let rows = INTERPOLATIONS.min(items / 2);
    if rows == 0 {
        let mut shape = session.reconstruct(batch)?.shape;
        shape[0] = 0;
        return Ok(medium.drawn(Array { shape, data: Vec::new() }));
    }
    let point = |item: usize| &mean.data[item * latent..(item + 1) * latent];
    let mut data = Vec::with_capacity(rows * COLUMNS * latent);
    let mut ends = Vec::with_capacity(rows * COLUMNS);
    for row in 0..rows {
        let (from, to) = (point(2 * row), point(2 * row + 1));
        for column in 0..COLUMNS {
            let t = column as f32 / (COLUMNS - 1) as f32;
            data.extend(from.iter().zip(to).map(|(a, b)| a + t * (b - a)));
            ends.push(2 * row + usize::from(t > 0.5));
        }
    }
    let z = Array { shape: vec![rows * COLUMNS, latent], data };
    // A class or an attribute can't be half of two: it changes in the middle.
    Ok(medium.drawn(session.decode(&z, &of_items(batch, &ends))?))
}
