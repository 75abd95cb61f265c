//! The optimizer's pass over all parameters at once: parameter, gradient and moments each touched once.

#![expect(unsafe_code, reason = "tasks write disjoint parts of the parameters")]

use pulp::Arch;

use super::threads::parallel;
use super::{Source, Target};
use crate::adam::{Rates, follow, update};

/// One parameter with its gradient, zeros where there is none, its moments and the average of it, if there is one; all of
/// one length.
pub(crate) struct Parameter {
    pub value: Target,
    pub gradient: Option<Source>,
    pub moments: [Target; 2],
    pub average: Option<Target>,
}

/// Elements a task.
const CHUNK: usize = 1 << 13;
static ZEROS: [f32; CHUNK] = [0.0; CHUNK];

/// Moves the parameters.
pub(crate) fn step(rates: &Rates, parameters: &[Parameter]) {
    let lengths = parameters.iter().map(|parameter| parameter.value.len());
    each_chunk(lengths, |index, from, n| {
        let Parameter { value, gradient, moments: [m, v], average } = &parameters[index];
        let gradient = gradient.map_or(&ZEROS[..n], |g| &g.slice()[from..from + n]);
        // SAFETY: chunks are disjoint.
        let (value, m, v) = unsafe { (value.part(from, n), m.part(from, n), v.part(from, n)) };
        // SAFETY: as above.
        let average = average.map(|average| unsafe { average.part(from, n) });
        Arch::new().dispatch(|| {
            update(rates, value, gradient, m, v);
            // The chunk is still in the cache.
            if let Some(average) = average {
                follow(rates, average, value);
            }
        });
    });
}

/// The Euclidean norm over all gradients. `Err` names the first that is not finite.
pub(crate) fn norm(gradients: &[Source]) -> Result<f64, usize> {
    let mut starts = vec![0];
    for gradient in gradients {
        starts.push(starts[starts.len() - 1] + gradient.slice().len().div_ceil(CHUNK));
    }
    let mut sums = vec![0f64; starts[gradients.len()]];
    let all = Target::of(&mut sums);
    each_chunk(gradients.iter().map(|gradient| gradient.slice().len()), |index, from, n| {
        let data = &gradients[index].slice()[from..from + n];
        // SAFETY: a sum a chunk.
        let sum = unsafe { all.part(starts[index] + from / CHUNK, 1) };
        sum[0] = Arch::new().dispatch(|| squares(data));
    });
    let mut total = 0.0;
    for index in 0..gradients.len() {
        let squares: f64 = sums[starts[index]..starts[index + 1]].iter().sum();
        if !squares.is_finite() {
            return Err(index);
        }
        total += squares;
    }
    Ok(total.sqrt())
}

/// The sum of squares; not finite where a number is not.
#[inline(always)]
fn squares(data: &[f32]) -> f64 {
    const LANES: usize = 64;
    let mut lanes = [0f32; LANES];
    let mut chunks = data.chunks_exact(LANES);
    for chunk in &mut chunks {
        lanes.iter_mut().zip(chunk).for_each(|(sum, x)| *sum += x * x);
    }
    lanes.iter_mut().zip(chunks.remainder()).for_each(|(sum, x)| *sum += x * x);
    let sum: f64 = lanes.iter().map(|&x| f64::from(x)).sum();
    if sum.is_finite() {
        return sum;
    }
    // The square of a finite f32 may be too large for an f32, and never for an f64.
    data.iter().map(|&x| f64::from(x) * f64::from(x)).sum()
}

/// Calls `work(array, from, length)` for the chunks of arrays of these lengths.
fn each_chunk(lengths: impl Iterator<Item = usize>, work: impl Fn(usize, usize, usize) + Sync) {
    let chunks: Vec<(usize, usize, usize)> = lengths
        .enumerate()
        .flat_map(|(index, len)| {
            (0..len).step_by(CHUNK).map(move |from| (index, from, CHUNK.min(len - from)))
        })
        .collect();
    // Small arrays share a task.
    const GROUP: usize = 4;
    parallel(chunks.len().div_ceil(GROUP), |task| {
        for &(index, from, n) in chunks[task * GROUP..].iter().take(GROUP) {
            work(index, from, n);
        }
    });
}
