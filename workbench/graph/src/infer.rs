//! The shape rule of every op.

mod conv;
mod place;
mod window;

use crate::{DType, Dim, MarkKind, Op, Role, Shape};

/// No node and no parameter holds more elements than this for a batch of one (4 GiB of f32).
pub const MAX_ELEMENTS: usize = 1 << 30;
/// The highest rank; as in the plugin ABI.
pub const MAX_RANK: usize = 8;

/// What an op is applied to.
#[derive(Clone, Copy, Debug)]
pub struct Operand<'a> {
    pub shape: &'a Shape,
    pub dtype: DType,
}

type Inferred = Result<(Shape, DType), String>;

/// The shape and element type of `op` on `operands`, or why it can't be.
///
/// # Errors
/// A sentence that names the shapes; the caller adds the op and its place.
pub fn shape(op: &Op, operands: &[Operand], target: Option<&Shape>) -> Inferred {
    let (shape, dtype) = rule(op, operands, target)?;
    if shape.rank() > MAX_RANK {
        return Err(format!("the result would have rank {}; {MAX_RANK} is the most", shape.rank()));
    }
    match shape.elements() {
        Some((n, _)) if n <= MAX_ELEMENTS => Ok((shape, dtype)),
        _ => Err(format!("the result {shape} is too large")),
    }
}

fn rule(op: &Op, operands: &[Operand], target: Option<&Shape>) -> Inferred {
    let wanted = match op {
        Op::Select => 3,
        Op::Binary(_)
        | Op::MatMul
        | Op::Conv(_)
        | Op::ConvTranspose { .. }
        | Op::Gather { .. }
        | Op::Take { .. } => 2,
        Op::Concat { .. } => operands.len().max(1),
        op if op.is_source() => 0,
        _ => 1,
    };
    if operands.len() != wanted {
        return Err(format!(
            "takes {wanted} operand{}, got {}",
            if wanted == 1 { "" } else { "s" },
            operands.len()
        ));
    }
    let target = || target.ok_or_else(|| "needs a shape".to_owned());
    match op {
        Op::Input(_) | Op::Param(_) | Op::Knob(_) => {
            Err("is declared by name, not recorded as an op".to_owned())
        }
        Op::Const(value) if value.is_finite() => Ok((Shape::scalar(), DType::F32)),
        Op::Const(value) => Err(format!("the constant {value} is not finite")),
        Op::Rand(_) => Ok((target()?.clone(), DType::F32)),
        Op::Iota { axis } => {
            let shape = target()?;
            check_axis(*axis, shape)?;
            Ok((shape.clone(), DType::F32))
        }
        Op::Unary(_) => Ok((floats(operands)?[0].clone(), DType::F32)),
        Op::Binary(binary) => {
            let same = operands[0].dtype == operands[1].dtype;
            if *binary == crate::Binary::Eq && same {
                return Ok((broadcast(operands[0].shape, operands[1].shape)?, DType::F32));
            }
            let shapes = floats(operands)?;
            Ok((broadcast(shapes[0], shapes[1])?, DType::F32))
        }
        Op::Select => {
            let shapes = floats(operands)?;
            let values = broadcast(shapes[1], shapes[2])?;
            Ok((broadcast(shapes[0], &values)?, DType::F32))
        }
        Op::Reduce { axes, keepdim, .. } => reduce(floats(operands)?[0], axes, *keepdim),
        Op::Reshape => {
            let (from, to) = (operands[0].shape, target()?);
            if from.elements() != to.elements() {
                return Err(format!("{from} can't be reshaped to {to}"));
            }
            Ok((to.clone(), operands[0].dtype))
        }
        Op::Permute { axes } => permute(operands[0], axes),
        Op::Broadcast => {
            let (from, to) = (operands[0].shape, target()?);
            match broadcast(from, to) {
                Ok(shape) if &shape == to => Ok((shape, operands[0].dtype)),
                _ => Err(format!("{from} does not broadcast to {to}")),
            }
        }
        Op::Slice { axis, start, length } => {
            let (mut shape, size) = fixed_axis(operands[0].shape, *axis)?;
            if *length == 0 || start.checked_add(*length).is_none_or(|end| end > size) {
                return Err(format!(
                    "elements {start}..{start}+{length} of axis {axis} are not inside {}",
                    operands[0].shape
                ));
            }
            shape.0[*axis] = Dim::Fixed(*length);
            Ok((shape, operands[0].dtype))
        }
        Op::Concat { axis } => concat(operands, *axis),
        Op::Pad { axis, before, after, value } => {
            floats(operands)?;
            if !value.is_finite() {
                return Err(format!("the padding value {value} is not finite"));
            }
            let (mut shape, size) = fixed_axis(operands[0].shape, *axis)?;
            let padded = size.checked_add(*before).and_then(|size| size.checked_add(*after));
            shape.0[*axis] = Dim::Fixed(padded.ok_or("the padding is too large")?);
            Ok((shape, DType::F32))
        }
        Op::Cast(dtype) => Ok((operands[0].shape.clone(), *dtype)),
        Op::MatMul => matmul(floats(operands)?),
        Op::CumSum { axis } => place::along(operands, *axis),
        Op::ArgMax { axis } => place::largest(operands, *axis),
        Op::ArgSort { axis, .. } => place::order(operands, *axis),
        Op::Gather { axis } => place::gather(operands, *axis),
        Op::Take { axis } => place::take(operands, *axis),
        Op::Conv(geometry) => conv::conv(floats(operands)?, geometry),
        Op::ConvTranspose { geometry, out_pad } => {
            conv::conv_transpose(floats(operands)?, geometry, out_pad)
        }
        Op::Pool { window, .. } => window::pool(floats(operands)?[0], window),
        Op::Upsample { factors } => window::upsample(floats(operands)?[0], factors),
        Op::StopGradient => Ok((floats(operands)?[0].clone(), DType::F32)),
    }
}

/// Whether a node of this shape may be marked so.
pub(crate) fn marked(kind: &MarkKind, shape: &Shape, dtype: DType) -> Result<(), String> {
    let fits = dtype == DType::F32
        && match kind {
            MarkKind::Port => shape.0.first() == Some(&Dim::Batch(1)),
            MarkKind::Loss { .. } | MarkKind::Metric => {
                shape.rank() == 0 || shape.0 == [Dim::Batch(1)]
            }
            MarkKind::Output(Role::Image | Role::Logits) => {
                matches!(shape.rank(), 4 | 5) && shape.0[0] == Dim::Batch(1)
            }
            MarkKind::Output(Role::Mean | Role::LogVariance | Role::Latent | Role::Features) => {
                shape.rank() == 2 && shape.0[0] == Dim::Batch(1)
            }
            MarkKind::Output(Role::Prediction) => {
                matches!(shape.rank(), 1 | 2) && shape.0[0] == Dim::Batch(1)
            }
        };
    let wanted = match kind {
        MarkKind::Port => "f32 with the batch first",
        MarkKind::Loss { .. } | MarkKind::Metric => "f32, [] or [B] (one number an image)",
        MarkKind::Output(Role::Image | Role::Logits) => "f32 [B, C, H, W] or [B, C, D, H, W]",
        MarkKind::Output(Role::Prediction) => "f32 [B, K] (logits) or [B] (a number)",
        MarkKind::Output(_) => "f32 [B, D]",
    };
    if fits { Ok(()) } else { Err(format!("is {dtype} {shape}, and must be {wanted}")) }
}

/// NumPy broadcasting: aligned at the end, sizes equal or 1.
pub fn broadcast(a: &Shape, b: &Shape) -> Result<Shape, String> {
    let rank = a.rank().max(b.rank());
    let at = |shape: &Shape, i: usize| match (i + shape.rank()).checked_sub(rank) {
        Some(place) => shape.0[place],
        None => Dim::Fixed(1),
    };
    (0..rank)
        .map(|i| match (at(a, i), at(b, i)) {
            (x, y) if x == y => Ok(x),
            (Dim::Fixed(1), y) => Ok(y),
            (x, Dim::Fixed(1)) => Ok(x),
            _ => Err(format!("shapes {a} and {b} do not broadcast")),
        })
        .collect::<Result<_, _>>()
        .map(Shape)
}

fn floats<'a>(operands: &[Operand<'a>]) -> Result<Vec<&'a Shape>, String> {
    operands
        .iter()
        .map(|operand| match operand.dtype {
            DType::F32 => Ok(operand.shape),
            other => Err(format!("wants f32, got {other} {}; cast it first", operand.shape)),
        })
        .collect()
}

fn check_axis(axis: usize, shape: &Shape) -> Result<(), String> {
    if axis < shape.rank() { Ok(()) } else { Err(format!("{shape} has no axis {axis}")) }
}

fn fixed_axis(shape: &Shape, axis: usize) -> Result<(Shape, usize), String> {
    check_axis(axis, shape)?;
    match shape.0[axis] {
        Dim::Fixed(size) => Ok((shape.clone(), size)),
        Dim::Batch(_) => {
            Err(format!("axis {axis} of {shape} is the batch, which can't be cut or padded"))
        }
    }
}

fn reduce(shape: &Shape, axes: &[usize], keepdim: bool) -> Inferred {
    if axes.is_empty() {
        return Err("names no axis".to_owned());
    }
    for (i, axis) in axes.iter().enumerate() {
        check_axis(*axis, shape)?;
        if axes[..i].contains(axis) {
            return Err(format!("names axis {axis} twice"));
        }
    }
    let dims =
        shape.0.iter().enumerate().filter_map(|(i, dim)| match (axes.contains(&i), keepdim) {
            (false, _) => Some(*dim),
            (true, true) => Some(Dim::Fixed(1)),
            (true, false) => None,
        });
    Ok((Shape(dims.collect()), DType::F32))
}

fn permute(operand: Operand, axes: &[usize]) -> Inferred {
    let mut seen = axes.to_vec();
    seen.sort_unstable();
    if seen.into_iter().ne(0..operand.shape.rank()) {
        return Err(format!("{axes:?} is not an order of the axes of {}", operand.shape));
    }
    let dims = axes.iter().map(|&axis| operand.shape.0[axis]).collect();
    Ok((Shape(dims), operand.dtype))
}

fn concat(operands: &[Operand], axis: usize) -> Inferred {
    let Some(first) = operands.first() else {
        return Err("takes at least one operand".to_owned());
    };
    let mut total = 0usize;
    for operand in operands {
        let (shape, size) = fixed_axis(operand.shape, axis)?;
        total = total.checked_add(size).ok_or("the result is too large")?;
        let others_agree = shape.rank() == first.shape.rank()
            && (0..shape.rank()).all(|i| i == axis || shape.0[i] == first.shape.0[i]);
        if !others_agree || operand.dtype != first.dtype {
            return Err(format!(
                "{} {} and {} {} do not join along axis {axis}",
                first.dtype, first.shape, operand.dtype, operand.shape
            ));
        }
    }
    let mut shape = first.shape.clone();
    shape.0[axis] = Dim::Fixed(total);
    Ok((shape, first.dtype))
}

fn matmul(operands: Vec<&Shape>) -> Inferred {
    let (a, b) = (operands[0], operands[1]);
    let fail = || format!("{a} and {b} do not multiply: [.., M, K] and [.., K, N] are wanted");
    if a.rank() < 2 || b.rank() < 2 {
        return Err(fail());
    }
    let (a_lead, a_core) = a.0.split_at(a.rank() - 2);
    let (b_lead, b_core) = b.0.split_at(b.rank() - 2);
    if a_core[1] != b_core[0] {
        return Err(fail());
    }
    let mut shape =
        broadcast(&Shape(a_lead.to_vec()), &Shape(b_lead.to_vec())).map_err(|_| fail())?;
    shape.0.extend([a_core[0], b_core[1]]);
    Ok((shape, DType::F32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Binary, Reduction};

    fn infer(op: Op, shapes: &[Shape]) -> Result<String, String> {
        let operands: Vec<Operand> =
            shapes.iter().map(|shape| Operand { shape, dtype: DType::F32 }).collect();
        shape(&op, &operands, None).map(|(shape, _)| shape.to_string())
    }

    #[test]
    fn broadcasting_aligns_at_the_end_and_keeps_the_batch() {
        let add = Op::Binary(Binary::Add);
        let both = |a: Shape, b: Shape| infer(add.clone(), &[a, b]);
        assert_eq!(
            both(Shape::batched(&[1, 64, 64]), Shape::fixed(&[3, 1, 1])),
            Ok("[B,3,64,64]".into())
        );
        assert_eq!(both(Shape::scalar(), Shape::batched(&[])), Ok("[B]".into()));
        assert_eq!(
            both(Shape::batched(&[1, 64, 64]), Shape::batched(&[1, 63, 63])),
            Err("shapes [B,1,64,64] and [B,1,63,63] do not broadcast".into())
        );
        // A batch and a fixed size may agree for one batch only; that is not agreement.
        assert!(both(Shape::batched(&[]), Shape::fixed(&[5])).is_err());
    }

    #[test]
    fn products_check_the_inner_size_and_broadcast_the_rest() {
        let multiply = |a, b| infer(Op::MatMul, &[a, b]);
        assert_eq!(
            multiply(Shape::batched(&[784]), Shape::fixed(&[784, 400])),
            Ok("[B,400]".into())
        );
        assert_eq!(
            multiply(Shape::batched(&[1, 5, 6]), Shape::fixed(&[4, 6, 7])),
            Ok("[B,4,5,7]".into())
        );
        assert!(multiply(Shape::batched(&[784]), Shape::fixed(&[400, 784])).is_err());
    }

    #[test]
    fn reductions_and_movement_check_their_axes() {
        let sum = |axes: &[usize], keepdim| Op::Reduce {
            reduction: Reduction::Sum,
            axes: axes.to_vec(),
            keepdim,
        };
        let x = [Shape::batched(&[3, 4])];
        assert_eq!(infer(sum(&[1, 2], false), &x), Ok("[B]".into()));
        assert_eq!(infer(sum(&[0, 2], true), &x), Ok("[1,3,1]".into()));
        assert!(infer(sum(&[], false), &x).is_err());
        assert!(infer(sum(&[1, 1], false), &x).is_err());
        assert!(infer(sum(&[3], false), &x).is_err());
        let slice = |axis, start, length| Op::Slice { axis, start, length };
        assert_eq!(infer(slice(2, 1, 3), &x), Ok("[B,3,3]".into()));
        assert!(infer(slice(2, 2, 3), &x).is_err());
        assert!(infer(slice(2, usize::MAX, 3), &x).is_err());
        assert!(infer(slice(0, 0, 1), &x).is_err());
        assert!(infer(Op::Permute { axes: vec![0, 2] }, &x).is_err());
        assert_eq!(infer(Op::Permute { axes: vec![2, 0, 1] }, &x), Ok("[4,B,3]".into()));
    }

    #[test]
    fn reshaping_compares_symbolic_sizes() {
        let x = Shape::batched(&[64, 7, 7]);
        let operand = [Operand { shape: &x, dtype: DType::F32 }];
        let reshape = |to: &Shape| shape(&Op::Reshape, &operand, Some(to));
        assert!(reshape(&Shape::batched(&[3136])).is_ok());
        assert!(reshape(&Shape(vec![Dim::Batch(64), Dim::Fixed(49)])).is_ok());
        assert!(reshape(&Shape::fixed(&[3136])).is_err());
        assert!(reshape(&Shape::batched(&[3135])).is_err());
        let huge = Shape::fixed(&[usize::MAX, usize::MAX]);
        assert!(reshape(&huge).is_err());
    }
}
