use crate::{Figure, ImageGrid, Picture};

/// Pictures in a grid that is nearly square, "Samples" without a title; or in rows, each with its label and so many pictures, which follow one another.
pub fn samples(title: &str, pictures: &[Picture], rows: &[(String, usize)]) -> Figure {
    let title = if title.is_empty() { "Samples" } else { title }.to_owned();
    if rows.is_empty() {
        let columns = (1..).find(|c| c * c >= pictures.len()).unwrap_or(1);
        return Figure::Images(ImageGrid {
            title,
            rows: pictures.len().div_ceil(columns),
            columns,
            images: pictures.to_vec(),
            ..ImageGrid::default()
        });
    }
    let columns = rows.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    let mut left = pictures.iter();
    let mut images = Vec::with_capacity(rows.len() * columns);
    for (_, count) in rows {
        images.extend(left.by_ref().take(*count).cloned());
        // A shorter row ends in empty cells.
        images.resize(images.len().next_multiple_of(columns), Picture::default());
    }
    Figure::Images(ImageGrid {
        title,
        rows: rows.len(),
        columns,
        row_labels: rows.iter().map(|(label, _)| label.clone()).collect(),
        images,
        ..ImageGrid::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(value: u8) -> Picture {
        Picture { width: 1, height: 1, channels: 1, pixels: vec![value] }
    }

    #[test]
    fn grids_are_nearly_square_and_hold_all() {
        for (count, expected) in [(0, (0, 1)), (1, (1, 1)), (3, (2, 2)), (10, (3, 4)), (64, (8, 8))]
        {
            let Figure::Images(grid) = samples("", &vec![picture(0); count], &[]) else {
                panic!("a grid of images");
            };
            assert_eq!((grid.rows, grid.columns), expected);
        }
    }

    #[test]
    fn rows_have_labels_and_short_ones_end_in_empty_cells() {
        let pictures: Vec<_> = (1..=8).map(picture).collect();
        let rows = [("a".to_owned(), 3), ("b".to_owned(), 3), ("c".to_owned(), 2)];
        let Figure::Images(grid) = samples("", &pictures, &rows) else {
            panic!("a grid of images")
        };
        assert_eq!((grid.rows, grid.columns, grid.images.len()), (3, 3, 9));
        assert_eq!(grid.row_labels, ["a", "b", "c"]);
        let of = |cell: usize| grid.images[cell].pixels.first().copied();
        assert_eq!([of(0), of(3), of(6), of(7), of(8)], [Some(1), Some(4), Some(7), Some(8), None]);
        assert!(Figure::Images(grid).to_png().is_ok());
    }
}
