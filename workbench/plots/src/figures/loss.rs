use super::exact;
use crate::ticks::short;
use crate::{Dash, Figure, Line, LineChart, Marker, Style, class_style};

/// Losses over training steps, in nats per image: each series of `train` (name and (step, value)s)
/// faint as measured and bold as smoothed, each of `valid` dashed with markers in the colour of the
/// series of the same name.
///
/// The first steps may be many times what follows. Where they would flatten the rest, the y axis
/// ends above the 97th percentile of all values, and its label says so.
pub fn loss(train: &[(String, Vec<(u64, f32)>)], valid: &[(String, Vec<(u64, f32)>)]) -> Figure {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in train.iter().chain(valid) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let color = |name: &str| {
        let class = names.iter().position(|n| *n == name).unwrap_or(0);
        class_style(class, names.len()).0
    };
    let (mut raw, mut smooth, mut held_out) = (Vec::new(), Vec::new(), Vec::new());
    for (name, series) in train {
        let points = plain(series);
        let style = Style { color: color(name), ..Style::default() };
        let smoothed = smoothed(&points);
        // What smoothing leaves as it is needs no second curve behind.
        if smoothed != points {
            raw.push(Line {
                label: format!("{name}, train, each step"),
                points,
                style: Style { width: 2.0, fade: 0.72, ..style },
                hidden_in_legend: true,
            });
        }
        smooth.push(Line {
            label: format!("{name}, train"),
            points: smoothed,
            style,
            hidden_in_legend: false,
        });
    }
    for (i, (name, series)) in valid.iter().enumerate() {
        held_out.push(Line {
            label: format!("{name}, validation"),
            points: plain(series),
            style: Style {
                color: color(name),
                width: 3.5,
                dash: Dash::Dashed,
                marker: Some(Marker::ALL[i % Marker::ALL.len()]),
                fade: 0.0,
            },
            hidden_in_legend: false,
        });
    }
    let x_label = match raw.is_empty() {
        true => "training step",
        false => "training step (faint: each step, bold: smoothed)",
    };
    // A series' two curves stand side by side in the legend.
    let mut lines = raw;
    for name in &names {
        for (series, drawn) in [(train, &smooth), (valid, &held_out)] {
            let named = series.iter().zip(drawn).filter(|((n, _), _)| n == name);
            lines.extend(named.map(|(_, line)| line.clone()));
        }
    }
    let mut y_label = String::from("nats per image");
    let y_range = cut(&lines).map(|(low, high, share)| {
        y_label = format!("nats per image (cut at {}; {} above)", short(high), percent(share))
            // The parenthesis moves to a second line as a whole.
            .replace(" at ", "\u{a0}at\u{a0}")
            .replace("; ", ";\u{a0}")
            .replace(" above", "\u{a0}above");
        (low, high)
    });
    Figure::Lines(LineChart {
        title: "Loss".into(),
        x_label: x_label.into(),
        y_label,
        log_y: false,
        lines,
        marks: Vec::new(),
        y_range,
    })
}

fn plain(series: &[(u64, f32)]) -> Vec<(f64, f64)> {
    series.iter().map(|&(step, value)| (step as f64, exact(value))).collect()
}

/// The mean of the values around each, over a fiftieth of the series and less at its ends, so that
/// the curve is not shifted. Values that are not finite stay as gaps and spoil no other.
fn smoothed(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let most = points.len() / 100;
    // Sums of all values before each make every mean two differences.
    let mut sums = vec![(0.0, 0usize)];
    for &(_, y) in points {
        let (sum, count) = sums[sums.len() - 1];
        sums.push(if y.is_finite() { (sum + y, count + 1) } else { (sum, count) });
    }
    points
        .iter()
        .enumerate()
        .map(|(i, &(x, y))| {
            let half = most.min(i).min(points.len() - 1 - i);
            let (to, from) = (sums[i + half + 1], sums[i - half]);
            let mean = (to.0 - from.0) / (to.1 - from.1).max(1) as f64;
            (x, if y.is_finite() && half > 0 { mean } else { y })
        })
        .collect()
}

/// Lowest and highest y to show and the share of values above, if a few high ones would take more
/// than half of the axis.
fn cut(lines: &[Line]) -> Option<(f64, f64, f64)> {
    let mut values: Vec<f64> =
        lines.iter().flat_map(|l| &l.points).map(|p| p.1).filter(|v| v.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let (&low, &high) = (values.first()?, values.last()?);
    let most = values[(values.len() - 1) * 97 / 100];
    let spread = most - low;
    if spread <= 0.0 || high - low <= spread * 2.0 {
        return None;
    }
    // A round number, because it is named in the label.
    let step = 10f64.powf(spread.log10().floor()) / 2.0;
    let top = ((most + spread * 0.1) / step).ceil() * step;
    let above = values.iter().filter(|v| **v > top).count();
    Some((low - (top - low) * 0.04, top, above as f64 / values.len() as f64))
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        p if p < 0.1 => "under 0.1%".into(),
        p => format!("{p:.1}%"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(figure: Figure) -> LineChart {
        match figure {
            Figure::Lines(chart) => chart,
            other => panic!("{other:?}"),
        }
    }

    fn series(name: &str, value: impl Fn(u64) -> f32, steps: u64) -> (String, Vec<(u64, f32)>) {
        (name.into(), (0..steps).map(|s| (s, value(s))).collect())
    }

    #[test]
    fn a_high_start_is_cut_and_the_label_says_so() {
        let train = [series(
            "loss",
            |s| {
                if s < 10 { 1000.0 } else { 100.0 + 50.0 / s as f32 }
            },
            1000,
        )];
        let chart = chart(loss(&train, &[]));
        let (low, high) = chart.y_range.unwrap();
        assert!(low < 100.0 && low > 99.0 && high > 101.5 && high < 105.0, "{low} to {high}");
        assert!(
            chart.y_label.contains("cut\u{a0}at") && chart.y_label.contains("2.6%"),
            "{}",
            chart.y_label
        );
    }

    #[test]
    fn a_steady_series_is_shown_whole() {
        let chart = chart(loss(&[series("loss", |s| 200.0 - s as f32, 100)], &[]));
        assert_eq!((chart.y_range, chart.y_label.as_str()), (None, "nats per image"));
    }

    #[test]
    fn curves_share_colours_by_name_and_differ_by_pen() {
        let train =
            [series("loss", |s| (s % 7) as f32, 500), series("kl", |s| (s % 5) as f32, 500)];
        let valid = [series("kl", |_| 3.0, 4)];
        let chart = chart(loss(&train, &valid));
        let labels: Vec<_> = chart.lines.iter().map(|l| l.label.as_str()).collect();
        assert_eq!(
            labels,
            [
                "loss, train, each step",
                "kl, train, each step",
                "loss, train",
                "kl, train",
                "kl, validation"
            ]
        );
        assert_eq!(chart.lines[3].style.color, chart.lines[4].style.color);
        assert_ne!(chart.lines[2].style.color, chart.lines[3].style.color);
        assert_eq!(
            (chart.lines[3].style.dash, chart.lines[4].style.dash),
            (Dash::Solid, Dash::Dashed)
        );
        assert!(chart.lines[0].hidden_in_legend && !chart.lines[2].hidden_in_legend);
    }

    #[test]
    fn smoothing_is_a_centred_mean_that_steps_over_gaps() {
        let line: Vec<_> = (0..300).map(|i| (f64::from(i), f64::from(i))).collect();
        for (a, b) in smoothed(&line).iter().zip(&line) {
            assert!((a.1 - b.1).abs() < 1e-9);
        }
        let mut gap = vec![(0.0, 1.0); 300];
        gap[150].1 = f64::NAN;
        let smooth = smoothed(&gap);
        assert!(smooth[150].1.is_nan() && smooth[149].1 == 1.0 && smooth[151].1 == 1.0);
    }

    #[test]
    fn nothing_logged_yet_is_a_figure_too() {
        let figure = loss(&[series("loss", |_| 0.0, 0)], &[]);
        let texts: Vec<_> = figure.text_boxes().unwrap().into_iter().map(|t| t.text).collect();
        assert!(texts.contains(&"no data".to_string()));
        assert!(loss(&[], &[]).to_png().is_ok());
    }
}
