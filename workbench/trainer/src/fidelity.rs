//! How good reconstructions are, in terms that do not depend on the likelihood.

use workbench_engine::{Array, Error as EngineError, Input, Session};

use crate::batches::each;
use crate::{Error, Split, Transform};

/// Of reconstructions through the posterior mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fidelity {
    /// −10 log₁₀ of the mean squared error of pixels in 0..1, in dB; the error is the mean over the split.
    pub psnr: f32,
    /// The mean absolute difference of horizontal neighbours in the reconstructions over that in the data: 1 is as sharp as
    /// the data, 0 is without any detail; `None` where the data are flat.
    pub gradients: Option<f32>,
}

/// Over a whole split; `None` where the architecture makes no reconstructions, or none of the images' size.
///
/// # Errors
/// The engine's own, and those of [`Split::batch`].
pub fn fidelity(
    session: &Session,
    split: &Split,
    batch_size: usize,
    transform: Transform,
) -> Result<Option<Fidelity>, Error> {
    let (mut squares, mut numbers, mut data, mut made) = (0.0f64, 0usize, 0.0f64, 0.0f64);
    let mut is_alike = true;
    let measured = each(split, batch_size, transform, |_, _, batch| {
        let outputs = session.reconstruct(&batch)?;
        let Some(Input::F32(inputs)) = batch.inputs.get("x").filter(|x| x.shape() == outputs.shape)
        else {
            is_alike = false;
            return Ok(());
        };
        let pairs = inputs.data.iter().zip(&outputs.data);
        squares += pairs.map(|(x, y)| f64::from(x - y).powi(2)).sum::<f64>();
        numbers += inputs.data.len();
        data += steps(inputs);
        made += steps(&outputs);
        Ok(())
    });
    match measured {
        Err(Error::Engine(EngineError::NotMarked { .. })) => return Ok(None),
        other => other?,
    }
    Ok((is_alike && numbers > 0).then(|| Fidelity {
        psnr: (-10.0 * (squares / numbers as f64).log10()) as f32,
        gradients: (data > 0.0).then_some((made / data) as f32),
    }))
}

/// Σ |x − its neighbour on the right|.
fn steps(images: &Array) -> f64 {
    let width = images.shape.last().copied().unwrap_or(1).max(1);
    let row = |row: &[f32]| row.windows(2).map(|p| f64::from((p[1] - p[0]).abs())).sum::<f64>();
    images.data.chunks_exact(width).map(row).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_do_not_cross_from_row_to_row() {
        let images = Array { shape: vec![1, 1, 2, 3], data: vec![0.0, 0.5, 1.0, 0.0, 0.0, 0.25] };
        assert_eq!(steps(&images), 1.25);
        assert_eq!(steps(&Array { shape: vec![0, 1, 2, 3], data: Vec::new() }), 0.0);
    }
}
