//! Ops that go by the place along one axis.

use super::{Inferred, Operand, check_axis, floats};
use crate::{DType, Dim, Shape};

/// One element for each: the shape stays.
pub(super) fn along(operands: &[Operand], axis: usize) -> Inferred {
    let shape = floats(operands)?[0];
    check_axis(axis, shape)?;
    Ok((shape.clone(), DType::F32))
}

/// One place a line along the axis, which is dropped.
pub(super) fn largest(operands: &[Operand], axis: usize) -> Inferred {
    let (mut shape, _) = along(operands, axis)?;
    shape.0.remove(axis);
    Ok((shape, DType::I64))
}

/// A place for each element.
pub(super) fn order(operands: &[Operand], axis: usize) -> Inferred {
    Ok((along(operands, axis)?.0, DType::I64))
}

pub(super) fn gather(operands: &[Operand], axis: usize) -> Inferred {
    let (x, index) = indexed(operands, axis)?;
    let fits = |i: usize| {
        i == axis
            || match (index.0[i], x.shape.0[i]) {
                (Dim::Fixed(a), Dim::Fixed(b)) | (Dim::Batch(a), Dim::Batch(b)) => a <= b,
                _ => false,
            }
    };
    if index.rank() != x.shape.rank() || !(0..index.rank()).all(fits) {
        return Err(format!(
            "indices {index} do not fit {}: the same rank, and no axis but {axis} longer, is wanted",
            x.shape
        ));
    }
    Ok((index.clone(), x.dtype))
}

pub(super) fn take(operands: &[Operand], axis: usize) -> Inferred {
    let (x, index) = indexed(operands, axis)?;
    let mut dims = x.shape.0.clone();
    dims.splice(axis..=axis, index.0.iter().copied());
    Ok((Shape(dims), x.dtype))
}

/// What is read, and the shape of the indices.
fn indexed<'a>(operands: &[Operand<'a>], axis: usize) -> Result<(Operand<'a>, &'a Shape), String> {
    let (x, index) = (operands[0], operands[1]);
    check_axis(axis, x.shape)?;
    match index.dtype {
        DType::I64 => Ok((x, index.shape)),
        other => Err(format!("the indices must be i64, and are {other} {}", index.shape)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::shape;
    use super::*;
    use crate::Op;

    fn infer(op: Op, x: &Shape, index: Option<&Shape>) -> Result<String, String> {
        let mut operands = vec![Operand { shape: x, dtype: DType::F32 }];
        operands.extend(index.map(|shape| Operand { shape, dtype: DType::I64 }));
        shape(&op, &operands, None).map(|(shape, dtype)| format!("{dtype} {shape}"))
    }

    #[test]
    fn places_are_whole_numbers() {
        let x = Shape::batched(&[3, 4]);
        assert_eq!(infer(Op::CumSum { axis: 1 }, &x, None), Ok("f32 [B,3,4]".into()));
        assert_eq!(infer(Op::ArgMax { axis: 1 }, &x, None), Ok("i64 [B,4]".into()));
        let sort = Op::ArgSort { axis: 2, descending: true };
        assert_eq!(infer(sort, &x, None), Ok("i64 [B,3,4]".into()));
        assert!(infer(Op::CumSum { axis: 3 }, &x, None).is_err());
        assert!(infer(Op::ArgMax { axis: 0 }, &Shape::scalar(), None).is_err());
    }

    #[test]
    fn taking_puts_the_indices_axes_in_place_of_one() {
        let book = Shape::fixed(&[512, 64]);
        let take = |axis, index: &Shape| infer(Op::Take { axis }, &book, Some(index));
        assert_eq!(take(0, &Shape::batched(&[7, 7])), Ok("f32 [B,7,7,64]".into()));
        assert_eq!(take(1, &Shape::batched(&[])), Ok("f32 [512,B]".into()));
        assert_eq!(take(0, &Shape::scalar()), Ok("f32 [64]".into()));
        assert!(take(2, &Shape::scalar()).is_err());
        let float = [&book, &book].map(|shape| Operand { shape, dtype: DType::F32 });
        let error = shape(&Op::Take { axis: 0 }, &float, None).unwrap_err();
        assert_eq!(error, "the indices must be i64, and are f32 [512,64]");
    }

    #[test]
    fn gathering_takes_the_shape_of_the_indices() {
        let x = Shape::batched(&[5, 4]);
        let gather = |axis, index: &Shape| infer(Op::Gather { axis }, &x, Some(index));
        assert_eq!(gather(1, &Shape::batched(&[9, 4])), Ok("f32 [B,9,4]".into()));
        assert_eq!(gather(1, &Shape::batched(&[2, 3])), Ok("f32 [B,2,3]".into()));
        assert!(gather(2, &Shape::batched(&[9, 4])).is_err());
        assert!(gather(1, &Shape::batched(&[9])).is_err());
        assert!(gather(1, &Shape::fixed(&[2, 9, 4])).is_err());
    }
}
