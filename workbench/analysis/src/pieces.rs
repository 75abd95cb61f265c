//! Whether a volume is one piece.

/// A voxel above it is occupied.
const OCCUPIED: f32 = 0.5;

/// The share of the occupied voxels (over 0.5 in any channel) of a volume `[C, D, H, W]` that are in the largest piece:
/// neighbours share a face. 0 of an empty volume.
pub fn largest_piece(volume: &[f32], [channels, d, h, w]: [usize; 4]) -> f32 {
    let size = d * h * w;
    let mut left: Vec<bool> = (0..size)
        .map(|at| (0..channels).any(|channel| volume[channel * size + at] > OCCUPIED))
        .collect();
    let occupied = left.iter().filter(|is_left| **is_left).count();
    let (mut largest, mut open) = (0, Vec::new());
    for start in 0..size {
        let mut piece = 0;
        visit(start, &mut left, &mut open);
        while let Some(at) = open.pop() {
            piece += 1;
            let (x, y, z) = (at % w, at / w % h, at / (w * h));
            let neighbours = [
                (x > 0, at.wrapping_sub(1)),
                (x + 1 < w, at + 1),
                (y > 0, at.wrapping_sub(w)),
                (y + 1 < h, at + w),
                (z > 0, at.wrapping_sub(w * h)),
                (z + 1 < d, at + w * h),
            ];
            for (_, next) in neighbours.into_iter().filter(|(is_inside, _)| *is_inside) {
                visit(next, &mut left, &mut open);
            }
        }
        largest = largest.max(piece);
    }
    largest as f32 / occupied.max(1) as f32
}

fn visit(at: usize, left: &mut [bool], open: &mut Vec<usize>) {
    if std::mem::take(&mut left[at]) {
        open.push(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hold_together_by_faces_alone() {
        let mut volume = vec![0.0; 27];
        assert_eq!(largest_piece(&volume, [1, 3, 3, 3]), 0.0);
        // Two in a row, and one that touches them by an edge alone.
        [0, 1, 14].iter().for_each(|&at| volume[at] = 0.9);
        assert_eq!(largest_piece(&volume, [1, 3, 3, 3]), 2.0 / 3.0);
        volume[2] = 0.9;
        volume[11] = 0.9;
        // 2 is beside 1, 11 before it, 14 above that: all are one.
        assert_eq!(largest_piece(&volume, [1, 3, 3, 3]), 1.0);
        // At the end of a row and the beginning of the next one, voxels are no neighbours.
        let mut volume = vec![0.0; 27];
        [2, 3].iter().for_each(|&at| volume[at] = 0.9);
        assert_eq!(largest_piece(&volume, [1, 3, 3, 3]), 0.5);
    }

    #[test]
    fn channels_of_a_volume_are_occupied_together() {
        let mut volume = vec![0.0; 2 * 8];
        volume[0] = 1.0;
        volume[8 + 1] = 1.0;
        assert_eq!(largest_piece(&volume, [2, 2, 2, 2]), 1.0);
    }
}
