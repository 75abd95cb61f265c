//! What a judge found, as text that fits into 80 columns.

use workbench_evaluate::{Agreement, By, Copies, Distances, HeldOut, Quality, Report, Slider};

use workbench_trainer::SampleFrom;

use crate::console::{self, grouped};

const WIDTH: usize = 78;

pub fn show(judge: Option<&str>, from: SampleFrom, seed: u64, report: &Report) {
    let n = grouped(report.samples as u64);
    if let Some(judge) = judge {
        let of = from.title();
        console::line(format_args!("\njudged by {judge}. {of}: {n}, seed {seed}"));
        console::line("judge: how well it tells the same of test images, the most to expect");
        console::line("of numbers: R² of asked and seen, ± the mean error as a share of the range");
    }
    asked(report);
    let rows = report.reconstructions.iter().map(|of| {
        let of_judge = agreement(of_judge(report, &of.name));
        vec![name(&of.name), agreement(Some(of.agreement)), of_judge]
    });
    section(&["reconstructions", "as the item", "judge"], rows.collect());
    section(
        &["sliders", "as asked", "judge", "others moved at most"],
        report.sliders.iter().map(|slider| slider_row(report, slider)).collect(),
    );
    section(
        &["combinations that training lacks", "as both", "judge", "by"],
        report.held_out.iter().map(held_out_row).collect(),
    );
    let rows = report.recognisable.iter().map(|of| {
        let beside = |made: f64, test: f64, show: fn(f64) -> String| {
            format!("{} ({})", show(made), show(test))
        };
        vec![
            name(&of.name),
            beside(of.confidence, of.test.confidence, |x| format!("{x:.2}")),
            beside(of.recognisable, of.test.recognisable, percent),
            beside(of.entropy, of.test.entropy, |x| format!("{x:.2}")),
        ]
    });
    section(
        &["samples (test images)", "confidence", "0.9 or surer", "entropy, nats"],
        rows.collect(),
    );
    if let Some(copies) = &report.copies {
        near(copies);
    }
    if let Some(found) = &report.precision_recall {
        let row = |of: &str, support: workbench_evaluate::Support| {
            vec![name(of), percent(support.precision), percent(support.recall)]
        };
        let rows = vec![row("samples", found.samples), row("test images", found.test)];
        section(&["against training images", "precision", "recall"], rows);
    }
    if let Some(pieces) = &report.pieces {
        let row = |of: &str, share: f64| vec![name(of), percent(share)];
        let rows = vec![
            row("samples", pieces.samples),
            row("reconstructions", pieces.reconstructions),
            row("test volumes", pieces.test),
        ];
        section(&["volumes", "one piece"], rows);
        console::line("one piece: 99% of the voxels over 0.5 hang together by their faces");
    }
    if let Some(position) = &report.position {
        console::line(format_args!(
            "\nreconstructions are {:.2} pixels off (centre of brightness, mean of {} frames)",
            position.pixels,
            grouped(position.frames as u64)
        ));
    }
}

fn asked(report: &Report) {
    let rows: Vec<Vec<String>> = (report.asked.iter())
        .map(|of| {
            let judge = agreement(of_judge(report, &of.name));
            vec![name(&of.name), agreement(Some(of.agreement)), judge]
        })
        .collect();
    section(&["drawn to order", "as asked", "judge"], rows);
    for of in report.asked.iter().filter(|of| of.values.len() > 2) {
        let words = of.values.iter().map(|of| format!("{} {:.0}%", of.value, 100.0 * of.share));
        wrapped(&format!("  {}: ", of.name), words);
    }
}

fn slider_row(report: &Report, slider: &Slider) -> Vec<String> {
    let most = slider.others.iter().max_by(|a, b| a.moved.total_cmp(&b.moved));
    let most =
        most.map(|other| format!("{} ({})", percent(other.moved), within(&other.name, 14).trim()));
    let by = match slider.by {
        By::Latent => "",
        By::Condition => " (condition)",
        By::Both => " (and code)",
    };
    vec![
        format!("{}{by}", within(&slider.name, 16)),
        agreement(Some(slider.agreement)),
        agreement(of_judge(report, &slider.name)),
        most.unwrap_or_default(),
    ]
}

fn held_out_row(of: &HeldOut) -> Vec<String> {
    let [a, b] = [0, 1].map(|k| {
        // The name of a value often tells what it is of; a number, a yes and a no do not.
        let value = &of.values[k];
        let is_number = value.starts_with(|c: char| c.is_ascii_digit() || c == '-');
        match is_number || value == "yes" || value == "no" {
            true => format!("{} {value}", of.targets[k]),
            false => value.clone(),
        }
    });
    vec![name(&format!("{a}, {b}")), percent(of.share), percent(of.judge), of.by.name().to_owned()]
}

fn near(copies: &Copies) {
    let row = |of: &str, found: Distances| {
        vec![name(of), format!("{:.2}", found.ratio), percent(found.nearer)]
    };
    let features = copies.features.map(|found| row("features", found));
    let rows = features.into_iter().chain([row("pixels", copies.pixels)]).collect();
    section(&["distance to training images", "of test's", "nearer than 99% of test's"], rows);
}

/// How good the judge is.
fn of_judge(report: &Report, name: &str) -> Option<Agreement> {
    let is_it = |quality: &&Quality| quality.name == name;
    report.quality.iter().find(is_it).map(|quality| quality.agreement)
}

fn agreement(agreement: Option<Agreement>) -> String {
    match agreement {
        None => "-".to_owned(),
        Some(Agreement::Values { share, .. }) => percent(share),
        Some(Agreement::Number { r2: Some(r2), error, .. }) => {
            format!("R² {r2:.3} ±{}", percent(error))
        }
        Some(Agreement::Number { r2: None, error, .. }) => format!("±{}", percent(error)),
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

/// Indented, no longer than leaves room for the numbers.
fn name(name: &str) -> String {
    within(name, 34)
}

/// Indented, and cut to so many characters.
fn within(name: &str, longest: usize) -> String {
    let cut = || name.chars().take(longest - 1).chain(['…']).collect();
    let name = if name.chars().count() <= longest { name.to_owned() } else { cut() };
    format!("  {name}")
}

/// A table under its head, after an empty line; nothing of no rows.
fn section(head: &[&str], rows: Vec<Vec<String>>) {
    if rows.is_empty() {
        return;
    }
    console::line("");
    let head = head.iter().map(|&cell| cell.to_owned()).collect();
    console::table(&[vec![head], rows].concat());
}

/// Words after one another, in lines that begin below the first word.
fn wrapped(first: &str, words: impl Iterator<Item = String>) {
    let indent = first.chars().count();
    let mut line = first.to_owned();
    for word in words {
        if line.chars().count() + word.chars().count() > WIDTH {
            console::line(line.trim_end());
            line = " ".repeat(indent);
        }
        line.push_str(&word);
        line.push_str("  ");
    }
    console::line(line.trim_end());
}
