//! What the files hold: pixels of the stated size, always the same, and typed errors.

use std::io::Cursor;

use workbench_plots::{
    BarChart, Classes, Error, Figure, ImageGrid, Line, LineChart, Picture, Scatter, Style,
};

fn decode(bytes: &[u8]) -> (png::Info<'static>, Vec<u8>) {
    let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().unwrap();
    let info = reader.info().clone();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    (info, pixels)
}

fn grey(value: u8) -> Picture {
    Picture { width: 2, height: 2, channels: 1, pixels: vec![value; 4] }
}

fn one_of_each() -> Vec<Figure> {
    let line = Line {
        label: "a".into(),
        points: (0..200).map(|i| (f64::from(i), f64::from(i * i % 17))).collect(),
        ..Line::default()
    };
    let scatter = Scatter {
        points: (0..30).map(|i| [f64::from(i), f64::from(i % 7)]).collect(),
        classes: Some(Classes {
            of: (0..30).collect(),
            names: (0..30).map(|i| i.to_string()).collect(),
            ..Classes::default()
        }),
        ..Scatter::default()
    };
    let grid = ImageGrid { rows: 1, columns: 2, images: vec![grey(10); 2], ..Default::default() };
    let bars = BarChart { bars: vec![("x".into(), 1.0), ("y".into(), -2.0)], ..Default::default() };
    vec![
        Figure::Lines(LineChart { title: "β".into(), lines: vec![line], ..LineChart::default() }),
        Figure::Scatter(scatter),
        Figure::Images(grid),
        Figure::Bars(bars),
    ]
}

#[test]
fn pictures_have_the_stated_size_and_resolution_and_show_something() {
    for figure in one_of_each() {
        let bytes = figure.to_png().unwrap();
        let (info, pixels) = decode(&bytes);
        assert_eq!((info.width as usize, info.height as usize), figure.size().unwrap());
        let dims = info.pixel_dims.unwrap();
        assert_eq!((dims.xppu, dims.unit), (7559, png::Unit::Meter));
        assert_eq!(pixels[..3], [255; 3], "the paper is white");
        let inked = pixels.chunks_exact(3).filter(|p| p.iter().any(|v| *v < 200)).count();
        assert!(inked > 500, "{inked} pixels of {figure:?}");
        assert_eq!(figure.to_png().unwrap(), bytes, "the same figure is the same bytes");
    }
}

#[test]
fn text_is_drawn_inside_its_boxes() {
    // Without lines, all that is dark and not straight is text; a title alone shows it best.
    let title = "Qgjpqy |ÅÉ| μ₁";
    let grid = ImageGrid {
        title: title.into(),
        rows: 1,
        columns: 1,
        images: vec![grey(255)],
        ..Default::default()
    };
    let figure = Figure::Images(grid);
    let (info, pixels) = decode(&figure.to_png().unwrap());
    let boxes = figure.text_boxes().unwrap();
    let mut inside = 0;
    for (i, pixel) in pixels.chunks_exact(3).enumerate() {
        if pixel[0] < 150 {
            let (x, y) = ((i % info.width as usize) as f64, (i / info.width as usize) as f64);
            assert!(
                boxes.iter().any(|b| x >= b.x - 1.0
                    && x <= b.x + b.width
                    && y >= b.y
                    && y <= b.y + b.height),
                "ink at ({x}, {y}) outside {boxes:?}"
            );
            inside += 1;
        }
    }
    assert!(inside > 300);
}

#[test]
fn a_curve_is_in_its_colour_and_a_gap_is_blank() {
    let style = Style { color: workbench_plots::Color(255, 0, 0), ..Style::default() };
    let red_columns = |points: Vec<(f64, f64)>| {
        let lines = vec![Line { label: String::new(), points, style, hidden_in_legend: true }];
        let figure = Figure::Lines(LineChart { lines, ..LineChart::default() });
        let (info, pixels) = decode(&figure.to_png().unwrap());
        let width = info.width as usize;
        let mut seen = vec![false; width];
        for (i, pixel) in pixels.chunks_exact(3).enumerate() {
            seen[i % width] |= pixel == [255, 0, 0];
        }
        seen.into_iter().filter(|red| *red).count()
    };
    let whole: Vec<_> = (0..=100).map(|i| (f64::from(i), (f64::from(i) / 9.0).sin())).collect();
    let mut gap = whole.clone();
    for point in &mut gap[25..75] {
        point.1 = f64::NAN;
    }
    let (whole, gap) = (red_columns(whole), red_columns(gap));
    assert!(whole > 800, "{whole}");
    assert!((whole * 45 / 100..whole * 55 / 100).contains(&gap), "{gap} of {whole}");
    // A single point is a marker.
    assert!((10..30).contains(&red_columns(vec![(1.0, 1.0)])));
}

#[test]
fn images_are_enlarged_by_a_whole_factor_with_sharp_edges() {
    let picture = Picture { width: 2, height: 1, channels: 3, pixels: vec![250, 0, 0, 0, 0, 250] };
    let figure = Figure::Images(ImageGrid {
        rows: 1,
        columns: 1,
        images: vec![picture],
        ..Default::default()
    });
    let (_, pixels) = decode(&figure.to_png().unwrap());
    let count = |color: [u8; 3]| pixels.chunks_exact(3).filter(|p| **p == color).count();
    let (red, blue) = (count([250, 0, 0]), count([0, 0, 250]));
    let side = red.isqrt();
    assert!(side > 100 && side * side == red && red == blue, "{red} red, {blue} blue");
}

#[test]
fn files_are_written_into_folders_that_exist() {
    let folder = tempfile::tempdir().unwrap();
    let figure = &one_of_each()[2];
    let (png, csv) = (folder.path().join("a.png"), folder.path().join("a.csv"));
    figure.save_png(&png).unwrap();
    figure.save_csv(&csv).unwrap();
    assert_eq!(std::fs::read(&png).unwrap(), figure.to_png().unwrap());
    assert_eq!(std::fs::read_to_string(&csv).unwrap().lines().count(), 9);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    let missing = folder.path().join("plots").join("a.png");
    assert!(matches!(figure.save_png(&missing), Err(Error::Write { path, .. }) if path == missing));
}

#[test]
fn figures_are_drawn_from_many_threads() {
    let draw = || one_of_each()[2].to_png().unwrap();
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(draw)).collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), draw());
    }
}

#[test]
fn data_that_do_not_fit_together_are_typed_errors() {
    let grid = |images: Vec<Picture>| {
        Figure::Images(ImageGrid { rows: 1, columns: 2, images, ..ImageGrid::default() })
    };
    let short = Picture { width: 3, ..grey(0) };
    let Err(error) = grid(vec![grey(0), short.clone()]).to_png() else {
        panic!("a short buffer was drawn");
    };
    assert_eq!(
        error.to_string(),
        "picture 1 has 4 bytes, but 3 × 2 pixels of 1 channels need 6; give its pixels as height × width × channels"
    );
    assert!(matches!(
        grid(vec![short]).save_csv("/nowhere".as_ref()),
        Err(Error::PictureSize { index: 0, .. })
    ));
    let alpha = Picture { channels: 4, pixels: vec![0; 16], ..grey(0) };
    assert!(matches!(
        grid(vec![alpha]).text_boxes(),
        Err(Error::PictureChannels { channels: 4, .. })
    ));
    let flat = Picture { height: 0, pixels: vec![], ..grey(0) };
    assert!(matches!(grid(vec![flat]).size(), Err(Error::PictureEmpty { .. })));
    let bomb = Picture { width: usize::MAX, height: 2, ..grey(0) };
    assert!(matches!(grid(vec![bomb]).size(), Err(Error::PictureSize { .. })));
    assert!(matches!(grid(vec![grey(0); 3]).to_png(), Err(Error::GridSize { pictures: 3, .. })));
    let huge = ImageGrid { rows: usize::MAX, columns: 7, ..ImageGrid::default() };
    assert!(matches!(Figure::Images(huge).to_png(), Err(Error::TooLarge { .. })));

    let scatter = |of: Vec<usize>| {
        let classes = Some(Classes { of, names: vec!["a".into()], ..Classes::default() });
        Figure::Scatter(Scatter { points: vec![[0.0, 0.0]; 2], classes, ..Scatter::default() })
    };
    assert!(matches!(scatter(vec![0]).to_png(), Err(Error::ClassCount { points: 2, classes: 1 })));
    let missing = Err(Error::ClassNumber { point: 1, class: 1, names: 1 });
    assert_eq!(
        format!("{:?}", scatter(vec![0, 1]).to_png()),
        format!("{:?}", missing.map(|()| Vec::<u8>::new()))
    );
    assert!(matches!(
        scatter(vec![0, 1]).save_csv("/nowhere".as_ref()),
        Err(Error::ClassNumber { .. })
    ));
}
