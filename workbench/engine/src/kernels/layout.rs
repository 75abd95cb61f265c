//! Operands that are spread over an iteration space, laid out tile by tile.

use super::map::Access;

/// How one operand comes to lie in a tile, and what of it lies there already.
pub(super) struct Layout<'a> {
    /// Sizes of the iteration space and strides along them; none where nothing is to be laid out.
    spread: Option<(&'a [usize], &'a [usize])>,
    /// Numbers that are repeated over and over before others come; 1 where a single one is.
    pub columns: usize,
    /// Elements over which they are repeated; 0 where none are.
    block: usize,
    /// The block and the column that the tile begins with, and its length.
    filled: Option<(usize, usize, usize)>,
}

impl<'a> Layout<'a> {
    pub fn new(access: &'a Access) -> Layout<'a> {
        let Access::Spread { dims, strides } = access else {
            return Layout { spread: None, columns: 1, block: 0, filled: None };
        };
        let last = dims.len() - 1;
        let (columns, block) = match (strides[last], last.checked_sub(1)) {
            (0, _) => (1, dims[last]),
            (1, Some(axis)) if strides[axis] == 0 => (dims[last], dims[axis] * dims[last]),
            _ => (1, 0),
        };
        Layout { spread: Some((dims, strides)), columns, block, filled: None }
    }

    /// Lays out elements `from ..` of the iteration space, unless they are those that the tile holds.
    pub fn fill(&mut self, tile: &mut [f32], data: &[f32], from: usize) {
        let Some((dims, strides)) = self.spread else { return };
        let end = from + tile.len() - 1;
        let blocks = from.checked_div(self.block).zip(end.checked_div(self.block));
        if let Some((block, end)) = blocks {
            let wanted = (block == end).then_some((block, from % self.columns, tile.len()));
            if let (Some((block, column, len)), Some(filled)) = (wanted, self.filled)
                && (block, column) == (filled.0, filled.1)
                && len <= filled.2
            {
                return;
            }
            self.filled = wanted;
        }
        spread(tile, data, dims, strides, from);
    }
}

fn spread(tile: &mut [f32], data: &[f32], dims: &[usize], strides: &[usize], from: usize) {
    let last = dims.len() - 1;
    let (size, stride) = (dims[last], strides[last]);
    let mut done = 0;
    while done < tile.len() {
        let mut rest = from + done;
        let column = rest % size;
        rest /= size;
        let mut start = column * stride;
        for axis in (0..last).rev() {
            start += rest % dims[axis] * strides[axis];
            rest /= dims[axis];
        }
        let n = (size - column).min(tile.len() - done);
        let to = &mut tile[done..done + n];
        match stride {
            0 => to.fill(data[start]),
            1 => to.copy_from_slice(&data[start..start + n]),
            _ => to.iter_mut().zip(data[start..].iter().step_by(stride)).for_each(|(t, x)| *t = *x),
        }
        done += n;
    }
}
