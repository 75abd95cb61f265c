//! Whether samples could be pictures of the data, measured by what the model makes of items of the data.

use rayon::prelude::*;
use workbench_engine::noise::{Key, permutation};
use workbench_engine::{Array, Batch, Error as EngineError, Input, Session};

use crate::batches::each_of;
use crate::{Drawn, Error, Split, Transform, decoded, of_items};

/// Of the samples of one source, the shares that pass two tests. Each accepts 99% of the reconstructions of items.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Acceptance {
    /// As near to a training picture, in Euclidean distance of pixels, as 99% of the reconstructions are.
    pub near_data: f32,
    /// ‖dec(enc(x)) − x‖ at most what it is for 99% of the reconstructions: what lies off what the decoder makes is changed by
    /// another round.
    pub reencoded: f32,
}

/// How many samples of a source are to be measured, for images of so many numbers.
pub fn acceptance_samples(size: usize) -> usize {
    if size <= 4096 { 1000 } else { 400 }
}

/// Measures the samples of each source beside reconstructions of as many items of `split`, drawn by seed; `None` where the
/// architecture makes no reconstructions. Training pictures are drawn too, as many as keep it to seconds (10,000 at most).
///
/// # Errors
/// The engine's own, and those of [`Split::batch`].
pub fn acceptance(
    session: &Session,
    (split, train): (&Split, &Split),
    sources: &[Drawn],
    (batch_size, seed): (usize, u64),
    transform: Transform,
) -> Result<Option<Vec<Acceptance>>, Error> {
    let size = split.size(transform).max(1);
    let places = drawn(split, acceptance_samples(size), seed);
    let mut made = Set::default();
    let measured = each_of(split, &places, batch_size, transform, |_, _, batch| {
        let images = session.reconstruct(&batch)?;
        let every: Vec<usize> = (0..images.shape[0]).collect();
        made.add(session, images, of_items(&batch, &every))
    });
    match measured {
        Err(Error::Engine(EngineError::NotMarked { .. })) => return Ok(None),
        other => other?,
    }
    let mut sets = vec![made];
    for source in sources {
        let images = decoded(session, source)?;
        let mut set = Set::default();
        let size: usize = images.shape[1..].iter().product();
        let every: Vec<usize> = (0..images.shape[0]).collect();
        for items in every.chunks(batch_size.max(1)) {
            let data = images.data[items[0] * size..(items[0] + items.len()) * size].to_vec();
            let shape = [&[items.len()], &images.shape[1..]].concat();
            set.add(session, Array { shape, data }, of_items(&source.others, items))?;
        }
        sets.push(set);
    }
    let queries: usize = sets.iter().map(|set| set.errors.len()).sum();
    let most = (MOST_WORK / (queries * size).max(1)).clamp(LEAST_TRAINING, MOST_TRAINING);
    let places = drawn(train, most, seed);
    each_of(train, &places, batch_size, transform, |_, _, batch| {
        if let Some(Input::F32(pictures)) = batch.inputs.get("x") {
            sets.iter_mut().for_each(|set| set.compare(&pictures.data, size));
        }
        Ok(())
    })?;
    let made = sets.remove(0);
    let (near, error) = (percentile(&made.nearest), percentile(&made.errors));
    let share = |of: &[f32], most: f32| {
        of.iter().filter(|x| **x <= most).count() as f32 / of.len().max(1) as f32
    };
    let accepted = |set: &Set| Acceptance {
        near_data: share(&set.nearest, near),
        reencoded: share(&set.errors, error),
    };
    Ok(Some(sets.iter().map(accepted).collect()))
}

const MOST_TRAINING: usize = 10_000;
const LEAST_TRAINING: usize = 500;
/// Pairs of numbers to be compared.
const MOST_WORK: usize = 12_000_000_000;

/// Places of items at random, in order.
fn drawn(split: &Split, n: usize, seed: u64) -> Vec<u32> {
    let mut places = permutation(Key::new(seed, "acceptance", 0, 0), split.len() as u32);
    places.truncate(n);
    places.sort_unstable();
    places
}

/// Pictures, and what is measured of each.
#[derive(Default)]
struct Set {
    pictures: Vec<f32>,
    /// Squared errors of another round.
    errors: Vec<f32>,
    /// Squared distances to the nearest training picture so far.
    nearest: Vec<f32>,
}

impl Set {
    fn add(&mut self, session: &Session, images: Array, others: Batch) -> Result<(), Error> {
        let size: usize = images.shape[1..].iter().product();
        let (shape, data) = (images.shape.clone(), images.data.clone());
        let again = session.reconstruct(&others.with_f32("x", &shape, data))?;
        let pairs = images.data.chunks_exact(size).zip(again.data.chunks_exact(size));
        self.errors.extend(pairs.map(|(a, b)| distance(a, b)));
        self.nearest.resize(self.errors.len(), f32::INFINITY);
        self.pictures.extend(images.data);
        Ok(())
    }

    /// Looks at more training pictures.
    fn compare(&mut self, training: &[f32], size: usize) {
        let pictures = self.pictures.par_chunks_exact(size);
        self.nearest.par_iter_mut().zip(pictures).for_each(|(nearest, picture)| {
            for other in training.chunks_exact(size) {
                *nearest = nearest.min(distance(picture, other));
            }
        });
    }
}

/// Squared, in sixteen sums that the processor can take side by side.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let mut sums = [0.0f32; LANES];
    let (whole_a, whole_b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = whole_a.remainder().iter().zip(whole_b.remainder());
    let rest: f32 = rest.map(|(a, b)| (a - b) * (a - b)).sum();
    for (a, b) in whole_a.zip(whole_b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += (a - b) * (a - b);
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// What 99% are at most.
fn percentile(numbers: &[f32]) -> f32 {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let place = (sorted.len() * 99).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_percentile_leaves_one_in_a_hundred_above() {
        let numbers: Vec<f32> = (1..=200).rev().map(|x| x as f32).collect();
        assert_eq!((percentile(&numbers), percentile(&[3.0]), percentile(&[])), (198.0, 3.0, 0.0));
    }

    #[test]
    fn the_nearest_is_found_over_several_looks() {
        let mut set = Set {
            pictures: vec![0.0, 0.0, 1.0, 1.0],
            errors: vec![0.0; 2],
            nearest: vec![f32::INFINITY; 2],
        };
        set.compare(&[3.0, 4.0], 2);
        assert_eq!(set.nearest, [25.0, 13.0]);
        set.compare(&[1.0, 0.0, 9.0, 9.0], 2);
        assert_eq!(set.nearest, [1.0, 1.0]);
        let long: Vec<f32> = (0..35).map(|x| x as f32).collect();
        assert_eq!(distance(&long, &[0.0; 35]), (0..35).map(|x| (x * x) as f32).sum::<f32>());
    }
}
