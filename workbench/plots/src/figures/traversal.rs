use crate::{Figure, ImageGrid, Picture};

/// One latent dimension a row, from 0; `values` are those of the columns. `pictures` are row by row.
pub fn traversal(dims: &[usize], values: &[f32], pictures: &[Picture]) -> Figure {
    Figure::Images(ImageGrid {
        title: "Latent traversals".into(),
        rows: dims.len(),
        columns: values.len(),
        row_labels: dims.iter().map(|dim| crate::figures::latent_name(dim + 1)).collect(),
        column_labels: values
            .iter()
            .map(|value| format!("{value}").replace('-', "\u{2212}"))
            .collect(),
        images: pictures.to_vec(),
        ..ImageGrid::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_name_their_dimension_and_columns_its_value() {
        let picture = Picture { width: 1, height: 1, channels: 1, pixels: vec![0] };
        let Figure::Images(grid) = traversal(&[6, 0], &[-3.0, 0.0, 3.0], &vec![picture; 6]) else {
            panic!("a grid of images");
        };
        assert_eq!(grid.row_labels, ["z\u{2087}", "z\u{2081}"]);
        assert_eq!(grid.column_labels, ["\u{2212}3", "0", "3"]);
    }
}
