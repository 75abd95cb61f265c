use crate::{Figure, ImageGrid, Picture};

/// Paths through the latent space, one a row of `columns` pictures.
pub fn interpolation(columns: usize, pictures: &[Picture]) -> Figure {
    let columns = columns.max(1);
    Figure::Images(ImageGrid {
        title: "Interpolations".into(),
        rows: pictures.len().div_ceil(columns),
        columns,
        images: pictures.to_vec(),
        rows_per_group: 1,
        ..ImageGrid::default()
    })
}
