//! No text of any figure overlaps another or leaves the canvas, whatever the numbers and words.

use workbench_plots::{
    BarChart, Classes, Dash, Figure, ImageGrid, Line, LineChart, Picture, Scatter, Style,
    class_style, figures,
};

const LONG: &str = "the reconstruction loss of a variational autoencoder with a convolutional encoder of four blocks and a decoder of as many, as measured on the validation cut of a data set of handwritten digits, in nats";
const WORD: &str = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaftundsoweiterbisdiezeilevollist";

/// Pairs of numbers that axes must cope with.
const RANGES: &[(f64, f64)] = &[
    (0.0, 1.0),
    (-1.0, 1.0),
    (-1234.5, -1233.5),
    (0.0, 1e-9),
    (1e-300, 3e-300),
    (-1e280, 1e280),
    (99_999.0, 100_001.0),
    (123_456_789.0, 123_456_789.5),
    (-0.000_123, 0.1),
    (0.0, 9_999_999.0),
    (3.2, 3.2),
    (0.0, 0.0),
    (-7e-5, -7e-5),
    (f64::NAN, f64::NAN),
    (f64::INFINITY, 1.0),
];

fn check(name: &str, figure: &Figure) {
    let (width, height) = figure.size().unwrap();
    let boxes = figure.text_boxes().unwrap();
    for (i, a) in boxes.iter().enumerate() {
        assert!(
            a.x >= 0.0
                && a.y >= 0.0
                && a.x + a.width <= width as f64
                && a.y + a.height <= height as f64,
            "{name}: {a:?} leaves {width} × {height}"
        );
        for b in &boxes[..i] {
            assert!(!a.overlaps(b), "{name}: {a:?} overlaps {b:?}");
        }
    }
}

fn lines(words: &str, (low, high): (f64, f64), log_y: bool, count: usize) -> Figure {
    let lines = (0..count)
        .map(|i| {
            let (color, marker) = class_style(i, count);
            let points = (0..40)
                .map(|k| {
                    let t = f64::from(k) / 39.0;
                    (low + (high - low) * t, low + (high - low) * ((i + 1) as f64 * t).sin().abs())
                })
                .collect();
            let dash = if i % 2 == 0 { Dash::Solid } else { Dash::Dashed };
            let style = Style { color, marker: Some(marker), dash, ..Style::default() };
            Line { label: format!("{i} {words}"), points, style, hidden_in_legend: false }
        })
        .collect();
    let marks = (0..6).map(|i| (low + (high - low) * f64::from(i * i) / 30.0, words.to_string()));
    Figure::Lines(LineChart {
        title: words.into(),
        x_label: words.into(),
        y_label: words.into(),
        log_y,
        lines,
        marks: marks.collect(),
        y_range: None,
    })
}

fn scatter(words: &str, (low, high): (f64, f64), classes: usize, equal_units: bool) -> Figure {
    let points: Vec<[f64; 2]> = (0..50)
        .map(|k| {
            let t = f64::from(k) / 49.0;
            [low + (high - low) * t, high + (low - high) * t * t]
        })
        .collect();
    let classes = (classes > 0).then(|| Classes {
        of: (0..points.len()).map(|i| i % classes).collect(),
        names: (0..classes).map(|i| format!("{i} {words}")).collect(),
        ..Classes::default()
    });
    Figure::Scatter(Scatter {
        title: words.into(),
        x_label: words.into(),
        y_label: words.into(),
        points,
        classes,
        values: None,
        equal_units,
    })
}

fn bars(words: &str, (low, high): (f64, f64), count: usize) -> Figure {
    let bars = (0..count)
        .map(|i| {
            let word = if words.is_empty() { i.to_string() } else { format!("{i} {words}") };
            (word, low + (high - low) * (i as f64 / count as f64))
        })
        .collect();
    Figure::Bars(BarChart {
        title: words.into(),
        x_label: words.into(),
        y_label: words.into(),
        bars,
        threshold: Some((high, words.into())),
    })
}

fn picture(width: usize, height: usize) -> Picture {
    let pixels = (0..width * height).map(|i| (i * 37 % 251) as u8).collect();
    Picture { width, height, channels: 1, pixels }
}

/// Every range with ordinary words, and every word with ordinary ranges.
fn cases() -> Vec<(&'static str, (f64, f64))> {
    let ranges = RANGES.iter().map(|&range| ("Ankle boot", range));
    let words = ["", "σ", LONG, WORD].map(|words| (words, (-1234.5, -1233.5)));
    ranges.chain(words).collect()
}

#[test]
fn line_charts() {
    for (words, range) in cases() {
        for log_y in [false, true] {
            for count in [0, 1, 3, 40] {
                let figure = lines(words, range, log_y, count);
                check(&format!("{count} lines, {range:?}, log {log_y}, {words:?}"), &figure);
            }
        }
    }
}

#[test]
fn scatter_plots() {
    for (words, range) in cases() {
        for (classes, equal) in
            [(0, true), (1, false), (8, true), (10, false), (20, true), (40, false)]
        {
            let figure = scatter(words, range, classes, equal);
            check(&format!("{classes} classes, {range:?}, {equal}, {words:?}"), &figure);
        }
    }
}

#[test]
fn bar_charts() {
    for (words, range) in cases() {
        for count in [0, 1, 2, 7, 16, 129] {
            check(&format!("{count} bars, {range:?}, {words:?}"), &bars(words, range, count));
        }
    }
    check("3000 bars", &bars("", (0.0, 1.0), 3000));
}

#[test]
fn image_grids() {
    for words in ["", "input", LONG, WORD] {
        for (rows, columns) in [(0, 0), (1, 1), (2, 10), (7, 8), (1, 40), (30, 1)] {
            for (width, height) in [(1, 1), (8, 8), (28, 28), (64, 48), (3, 200)] {
                let figure = Figure::Images(ImageGrid {
                    title: words.into(),
                    rows,
                    columns,
                    row_labels: (0..rows).map(|i| format!("{i} {words}")).collect(),
                    column_labels: (0..columns).map(|i| format!("{i} {words}")).collect(),
                    images: vec![picture(width, height); rows * columns],
                    rows_per_group: 2,
                });
                check(&format!("{rows} × {columns} of {width} × {height}, {words:?}"), &figure);
            }
        }
    }
}

#[test]
fn ready_made_figures() {
    let series = |name: &str, scale: f32| {
        let value = |s: u64| scale * (1.0 + 20.0 * (-(s as f32) / 9.0).exp());
        (name.to_string(), (0..2000).map(|s| (s * 100, value(s))).collect::<Vec<_>>())
    };
    let train = [series("total", 105.0), series("recon", 80.0), series("KL", 25.0)];
    let loss = figures::loss(&train, &train);
    check("loss", &loss);
    assert!(loss.text_boxes().unwrap().iter().any(|t| t.text.contains("cut\u{a0}at")));

    let mean: Vec<f32> = (0..3200).map(|i| ((i * i) as f32).sin()).collect();
    let labels: Vec<i64> = (0..200).map(|i| i % 10).collect();
    let names: Vec<String> = (0..10).map(|i| i.to_string()).collect();
    for dims in [1, 2, 16] {
        check("latent", &figures::latent(&mean, dims, Some((&labels, &names))));
        check("latent", &figures::latent(&mean, dims, None));
    }
    for count in [0, 1, 9, 10, 33] {
        let pictures = vec![picture(28, 28); count];
        check("reconstructions", &figures::reconstructions(&pictures, &pictures));
        check("samples", &figures::samples("", &pictures, &[]));
        check("kl", &figures::kl(&vec![0.5; count]));
    }
    check("kl", &figures::kl(&(0..512).map(|i| i as f32 / 100.0).collect::<Vec<_>>()));
}

#[test]
fn long_words_are_shortened_and_missing_characters_show() {
    let texts = |figure: &Figure| -> Vec<String> {
        figure.text_boxes().unwrap().into_iter().map(|t| t.text).collect()
    };
    let long = texts(&lines(LONG, (0.0, 1.0), false, 1));
    assert!(long.iter().any(|t| t.starts_with("the reconstruction loss") && !t.ends_with('…')));
    assert!(long.iter().any(|t| t.ends_with('…')));
    let chinese = texts(&scatter("手写 digits", (0.0, 1.0), 0, false));
    assert!(chinese.contains(&"\u{fffd}\u{fffd} digits".to_string()), "{chinese:?}");
}

#[test]
fn every_label_has_its_place_when_there_is_room() {
    let figure = lines("loss", (0.0, 100.0), false, 2);
    let texts: Vec<String> = figure.text_boxes().unwrap().into_iter().map(|t| t.text).collect();
    for expected in ["0", "40", "100", "0 loss", "1 loss"] {
        assert!(texts.iter().any(|t| t == expected), "{expected} is not in {texts:?}");
    }
}
