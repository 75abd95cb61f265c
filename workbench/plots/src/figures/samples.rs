use crate::{Figure, ImageGrid, Picture};

/// Pictures in a grid that is nearly square.
pub fn samples(pictures: &[Picture]) -> Figure {
    let columns = (1..).find(|c| c * c >= pictures.len()).unwrap_or(1);
    Figure::Images(ImageGrid {
        title: "Samples".into(),
        rows: pictures.len().div_ceil(columns),
        columns,
        images: pictures.to_vec(),
        ..ImageGrid::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_are_nearly_square_and_hold_all() {
        let picture = Picture { width: 1, height: 1, channels: 1, pixels: vec![0] };
        for (count, expected) in [(0, (0, 1)), (1, (1, 1)), (3, (2, 2)), (10, (3, 4)), (64, (8, 8))]
        {
            let Figure::Images(grid) = samples(&vec![picture.clone(); count]) else {
                panic!("a grid of images");
            };
            assert_eq!((grid.rows, grid.columns), expected);
        }
    }
}
