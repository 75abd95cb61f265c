//! Convolutions, in both directions.

use super::{Inferred, MAX_ELEMENTS};
use crate::{ConvGeometry, DType, Dim, Shape};

pub(super) fn conv(operands: Vec<&Shape>, geometry: &ConvGeometry) -> Inferred {
    let parts = conv_operands(&operands, geometry)?;
    let (x, w) = (operands[0], operands[1]);
    let [out, per_group] = parts.weight;
    if per_group.checked_mul(geometry.groups) != Some(parts.channels) || out % geometry.groups != 0
    {
        return Err(format!(
            "input {x}, weight {w}, {} group(s): channels do not fit [O, C / groups, ..]",
            geometry.groups
        ));
    }
    let mut dims = vec![parts.batch, Dim::Fixed(out)];
    for (i, &size) in parts.sizes.iter().enumerate() {
        let reach = geometry.dilation[i]
            .checked_mul(parts.kernel[i] - 1)
            .ok_or("the dilated kernel is too large")?
            + 1;
        let room = (size + 2 * geometry.pad[i])
            .checked_sub(reach)
            .ok_or_else(|| format!("the kernel of weight {w} is larger than the padded {x}"))?;
        dims.push(Dim::Fixed(room / geometry.stride[i] + 1));
    }
    Ok((Shape(dims), DType::F32))
}

pub(super) fn conv_transpose(
    operands: Vec<&Shape>,
    geometry: &ConvGeometry,
    out_pad: &[usize],
) -> Inferred {
    let parts = conv_operands(&operands, geometry)?;
    let (x, w) = (operands[0], operands[1]);
    let [channels, per_group] = parts.weight;
    if channels != parts.channels || channels % geometry.groups != 0 {
        return Err(format!(
            "input {x}, weight {w}, {} group(s): channels do not fit [C, O / groups, ..]",
            geometry.groups
        ));
    }
    if out_pad.len() != parts.sizes.len()
        || (0..out_pad.len()).any(|i| out_pad[i] >= geometry.stride[i].max(geometry.dilation[i]))
    {
        return Err(format!(
            "out_pad {out_pad:?}: one number a spatial axis, each below the stride or the dilation, is wanted"
        ));
    }
    let out = per_group.checked_mul(geometry.groups).ok_or("the result is too large")?;
    let mut dims = vec![parts.batch, Dim::Fixed(out)];
    for (i, &size) in parts.sizes.iter().enumerate() {
        let full = size
            .checked_sub(1)
            .and_then(|steps| steps.checked_mul(geometry.stride[i]))
            .and_then(|n| n.checked_add(geometry.dilation[i].checked_mul(parts.kernel[i] - 1)?))
            .and_then(|n| n.checked_add(out_pad[i] + 1));
        let size = full
            .and_then(|n| n.checked_sub(2 * geometry.pad[i]))
            .filter(|&n| n > 0)
            .ok_or_else(|| format!("input {x}, weight {w}: nothing is left after the padding"))?;
        dims.push(Dim::Fixed(size));
    }
    Ok((Shape(dims), DType::F32))
}

/// The operands of a convolution taken apart, and checked as far as both directions agree.
struct ConvOperands {
    batch: Dim,
    channels: usize,
    /// Of the input, one a spatial axis.
    sizes: Vec<usize>,
    /// The weight's first two dimensions.
    weight: [usize; 2],
    kernel: Vec<usize>,
}

fn conv_operands(operands: &[&Shape], geometry: &ConvGeometry) -> Result<ConvOperands, String> {
    let (x, w) = (operands[0], operands[1]);
    let fail = |why: &str| format!("input {x}, weight {w}: {why}");
    let spatial = x.rank().saturating_sub(2);
    if !(1..=3).contains(&spatial) || w.rank() != x.rank() {
        return Err(fail(
            "[B, C, L], [B, C, H, W] or [B, C, D, H, W] with a weight of the same rank is wanted",
        ));
    }
    let lengths = [&geometry.stride, &geometry.pad, &geometry.dilation].map(|v| v.len());
    if lengths.iter().any(|&length| length != spatial) {
        return Err(fail("stride, pad and dilation need one number a spatial axis"));
    }
    if geometry.groups == 0
        || geometry.stride.contains(&0)
        || geometry.dilation.contains(&0)
        || geometry
            .pad
            .iter()
            .chain(&geometry.stride)
            .chain(&geometry.dilation)
            .any(|&n| n > MAX_ELEMENTS)
    {
        return Err(fail("stride, dilation and groups must be positive, and no number huge"));
    }
    let fixed = |dims: &[Dim]| dims.iter().map(|dim| dim.as_fixed()).collect::<Option<Vec<_>>>();
    match (fixed(&x.0[1..]), fixed(&w.0)) {
        (Some(x_dims), Some(w_dims)) if w_dims.iter().all(|&n| n > 0) => Ok(ConvOperands {
            batch: x.0[0],
            channels: x_dims[0],
            sizes: x_dims[1..].to_vec(),
            weight: [w_dims[0], w_dims[1]],
            kernel: w_dims[2..].to_vec(),
        }),
        _ => Err(fail("only the first axis may be the batch")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Operand, shape};
    use super::*;
    use crate::Op;

    fn infer(op: Op, shapes: &[Shape]) -> Result<String, String> {
        let operands: Vec<Operand> =
            shapes.iter().map(|shape| Operand { shape, dtype: DType::F32 }).collect();
        shape(&op, &operands, None).map(|(shape, _)| shape.to_string())
    }

    fn geometry(stride: usize, pad: usize, dilation: usize, groups: usize) -> ConvGeometry {
        ConvGeometry {
            stride: vec![stride; 2],
            pad: vec![pad; 2],
            dilation: vec![dilation; 2],
            groups,
        }
    }

    #[test]
    fn convolutions_give_pytorchs_sizes() {
        let x = Shape::batched(&[3, 28, 30]);
        let w = Shape::fixed(&[8, 3, 4, 4]);
        assert_eq!(
            infer(Op::Conv(geometry(2, 1, 1, 1)), &[x.clone(), w.clone()]),
            Ok("[B,8,14,15]".into())
        );
        assert_eq!(
            infer(Op::Conv(geometry(1, 2, 2, 1)), &[x.clone(), w]),
            Ok("[B,8,26,28]".into())
        );
        let transposed = |out_pad| Op::ConvTranspose {
            geometry: geometry(2, 1, 1, 1),
            out_pad: vec![out_pad; 2],
        };
        let w = Shape::fixed(&[3, 5, 3, 3]);
        assert_eq!(infer(transposed(1), &[x.clone(), w.clone()]), Ok("[B,5,56,60]".into()));
        assert_eq!(infer(transposed(0), &[x.clone(), w.clone()]), Ok("[B,5,55,59]".into()));
        assert!(infer(transposed(2), &[x.clone(), w.clone()]).is_err());
        assert!(
            infer(Op::Conv(geometry(1, 0, 9, 1)), &[x.clone(), Shape::fixed(&[8, 3, 5, 5])])
                .is_err()
        );
        assert!(
            infer(Op::Conv(geometry(1, 0, usize::MAX, 1)), &[x, Shape::fixed(&[8, 3, 5, 5])])
                .is_err()
        );
    }

    #[test]
    fn volumes_and_lines_follow_the_same_rule() {
        let each = |n: usize| ConvGeometry {
            stride: vec![2; n],
            pad: vec![1; n],
            dilation: vec![1; n],
            groups: 1,
        };
        let video = Shape::batched(&[3, 8, 16, 15]);
        let w = Shape::fixed(&[4, 3, 4, 4, 4]);
        assert_eq!(infer(Op::Conv(each(3)), &[video.clone(), w]), Ok("[B,4,4,8,7]".into()));
        let w = Shape::fixed(&[3, 4, 4, 4, 4]);
        let up = Op::ConvTranspose { geometry: each(3), out_pad: vec![0, 0, 1] };
        assert_eq!(infer(up, &[video.clone(), w.clone()]), Ok("[B,4,16,32,31]".into()));
        assert!(infer(Op::Conv(each(2)), &[video, w]).is_err());
        let line = Shape::batched(&[3, 9]);
        let w = Shape::fixed(&[4, 3, 3]);
        assert_eq!(infer(Op::Conv(each(1)), &[line, w]), Ok("[B,4,5]".into()));
        let four = Shape::batched(&[3, 4, 4, 4, 4]);
        let w = Shape::fixed(&[3, 3, 1, 1, 1, 1]);
        assert!(infer(Op::Conv(each(4)), &[four, w]).is_err());
    }
}
