//! What a file holds, before it is made to fit.

/// Voxels of bytes, 0 (empty) to 255.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// `[C, D, H, W]`.
    pub dims: [usize; 4],
    pub values: Vec<u8>,
}

/// More voxels than this in one item are damaged or hostile: 512 a side.
pub const MOST: usize = 1 << 27;

/// So many voxels, where they may be.
pub fn volume(dims: &[usize]) -> Option<usize> {
    let all = dims.iter().try_fold(1usize, |all, &n| all.checked_mul(n))?;
    (1..=MOST).contains(&all).then_some(all)
}
