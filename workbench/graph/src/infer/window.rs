//! Pools and their opposite.

use super::{Inferred, MAX_ELEMENTS};
use crate::{DType, Dim, Shape, Window};

pub(super) fn pool(x: &Shape, window: &Window) -> Inferred {
    let sizes = spatial(x)?;
    let Window { kernel, stride, pad } = window;
    if [kernel, stride, pad].iter().any(|each| each.len() != sizes.len()) {
        return Err(format!("kernel, stride and pad need one number a spatial axis of {x}"));
    }
    let mut dims = x.0[..2].to_vec();
    for (i, &size) in sizes.iter().enumerate() {
        let (kernel, stride, pad) = (kernel[i], stride[i], pad[i]);
        if kernel == 0 || stride == 0 || pad >= kernel || kernel.max(stride) > MAX_ELEMENTS {
            return Err(format!(
                "kernel {kernel}, stride {stride}, pad {pad}: kernel and stride must be positive and \
                 not huge, and the padding less than the kernel"
            ));
        }
        let room = (size + 2 * pad).checked_sub(kernel);
        let room =
            room.ok_or_else(|| format!("the kernel {kernel} is larger than the padded {x}"))?;
        dims.push(Dim::Fixed(room / stride + 1));
    }
    Ok((Shape(dims), DType::F32))
}

pub(super) fn upsample(x: &Shape, factors: &[usize]) -> Inferred {
    let sizes = spatial(x)?;
    if factors.len() != sizes.len() || factors.contains(&0) {
        return Err(format!(
            "factors {factors:?}: one positive number a spatial axis of {x} is wanted"
        ));
    }
    let mut dims = x.0[..2].to_vec();
    for (size, factor) in sizes.iter().zip(factors) {
        let size = size.checked_mul(*factor).ok_or("the result is too large")?;
        dims.push(Dim::Fixed(size));
    }
    Ok((Shape(dims), DType::F32))
}

/// The sizes after batch and channels.
fn spatial(x: &Shape) -> Result<Vec<usize>, String> {
    let sizes = x.0.get(2..).and_then(|dims| dims.iter().map(|dim| dim.as_fixed()).collect());
    let fits = |sizes: &Vec<usize>| (1..=3).contains(&sizes.len()) && !sizes.contains(&0);
    sizes.filter(fits).ok_or_else(|| {
        format!("[B, C, L], [B, C, H, W] or [B, C, D, H, W] of fixed size is wanted, got {x}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pooled(x: &Shape, kernel: &[usize], stride: &[usize], pad: &[usize]) -> String {
        let window = Window { kernel: kernel.to_vec(), stride: stride.to_vec(), pad: pad.to_vec() };
        match pool(x, &window) {
            Ok((shape, _)) => shape.to_string(),
            Err(message) => message,
        }
    }

    #[test]
    fn pools_give_pytorchs_sizes() {
        let x = Shape::batched(&[3, 28, 31]);
        assert_eq!(pooled(&x, &[2, 2], &[2, 2], &[0, 0]), "[B,3,14,15]");
        assert_eq!(pooled(&x, &[3, 5], &[2, 1], &[1, 2]), "[B,3,14,31]");
        assert_eq!(pooled(&Shape::batched(&[3, 10]), &[3], &[3], &[1]), "[B,3,4]");
        assert!(pooled(&x, &[2, 2], &[2, 2], &[2, 0]).contains("padding less"));
        assert!(pooled(&x, &[2, 0], &[2, 2], &[0, 0]).contains("positive"));
        assert!(pooled(&x, &[2, 40], &[2, 2], &[0, 0]).contains("larger"));
        assert!(pooled(&x, &[2], &[2], &[0]).contains("one number"));
        assert!(pooled(&Shape::batched(&[3]), &[], &[], &[]).contains("got [B,3]"));
    }

    #[test]
    fn upsampling_multiplies() {
        let x = Shape::batched(&[3, 7, 5]);
        let up = |factors: &[usize]| upsample(&x, factors).map(|(shape, _)| shape.to_string());
        assert_eq!(up(&[2, 3]), Ok("[B,3,14,15]".into()));
        assert!(up(&[2]).is_err());
        assert!(up(&[2, 0]).is_err());
        assert!(up(&[usize::MAX, 2]).is_err());
    }
}
