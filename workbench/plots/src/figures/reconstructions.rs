use crate::{Figure, ImageGrid, Picture};

/// Pairs side by side before a new pair of rows begins.
const COLUMNS: usize = 10;

/// Inputs over their reconstructions, in pairs of rows. What has no partner is left out.
pub fn reconstructions(inputs: &[Picture], outputs: &[Picture]) -> Figure {
    let count = inputs.len().min(outputs.len());
    let columns = count.clamp(1, COLUMNS);
    let groups = count.div_ceil(columns);
    let mut images = Vec::with_capacity(groups * columns * 2);
    for (above, below) in inputs[..count].chunks(columns).zip(outputs[..count].chunks(columns)) {
        images.extend_from_slice(above);
        // In a last pair of rows that is not full, empty cells keep outputs under their inputs.
        images.extend(std::iter::repeat_n(Picture::default(), columns - above.len()));
        images.extend_from_slice(below);
    }
    Figure::Images(ImageGrid {
        title: "Reconstructions".into(),
        rows: groups * 2,
        columns,
        row_labels: (0..groups).flat_map(|_| ["input".to_string(), "output".to_string()]).collect(),
        column_labels: Vec::new(),
        images,
        rows_per_group: 2,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reconstruction_stands_under_its_input() {
        let picture = |v: u8| Picture { width: 1, height: 1, channels: 1, pixels: vec![v] };
        let inputs: Vec<_> = (0..12).map(picture).collect();
        let outputs: Vec<_> = (100..113).map(picture).collect();
        let Figure::Images(grid) = reconstructions(&inputs, &outputs) else {
            panic!("a grid of images");
        };
        assert_eq!((grid.rows, grid.columns), (4, 10));
        assert_eq!(grid.row_labels, ["input", "output", "input", "output"]);
        for i in 0..12 {
            let at = i / 10 * 20 + i % 10;
            assert_eq!(grid.images[at].pixels[0] + 100, grid.images[at + 10].pixels[0]);
        }
        assert!(reconstructions(&[], &outputs).to_png().is_ok());
    }
}
