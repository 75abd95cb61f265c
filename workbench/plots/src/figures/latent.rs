use super::{exact, latent_name};
use crate::{Classes, Figure, Projection, Scatter, Values, principal_components};

/// Posterior means `mean` [N, D], row by row, `dims` = D, in the plane: their first two principal
/// components if D > 2, as they are if D = 2, against their position in the set if D = 1.
///
/// `labels` are the class of each point, as a position in the names; a label without a name is shown
/// as its number, a negative or missing one as "no label".
pub fn latent(mean: &[f32], dims: usize, labels: Option<(&[i64], &[String])>) -> Figure {
    latent_view(mean, dims, labels, None, None)
}

/// What colours the points of the latent space instead of their classes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Colors<'a> {
    /// A latent dimension, from 0; one that is not there is the last one.
    Dimension(usize),
    /// A property with a few values: a position in the names for each point, negative where it is not known.
    Names { what: &'a str, of: &'a [i64], names: &'a [String] },
    /// A property that is a number, for each point; NaN where it is not known.
    Numbers { what: &'a str, of: &'a [f32] },
}

/// The same on two dimensions of choice, `axes`, each from 0, where one that is not there is the last one; and in colours
/// of choice.
pub fn latent_view(
    mean: &[f32],
    dims: usize,
    labels: Option<(&[i64], &[String])>,
    axes: Option<(usize, usize)>,
    colors: Option<Colors>,
) -> Figure {
    let coordinate = |dim: usize| -> Vec<f64> {
        let dim = dim.min(dims.saturating_sub(1));
        mean.chunks_exact(dims.max(1)).map(|row| exact(row[dim])).collect()
    };
    let name = |dim: usize| latent_name(dim.min(dims.saturating_sub(1)) + 1);
    let values = match colors.filter(|_| dims > 0) {
        Some(Colors::Dimension(dim)) => Some(Values { of: coordinate(dim), name: name(dim) }),
        Some(Colors::Numbers { what, of }) => {
            let n = mean.len() / dims;
            let at = |i: usize| of.get(i).map_or(f64::NAN, |&value| exact(value));
            Some(Values { of: (0..n).map(at).collect(), name: what.to_owned() })
        }
        Some(Colors::Names { .. }) | None => None,
    };
    let classes = |points: usize| match (colors, labels) {
        (Some(Colors::Names { what, of, names }), _) => {
            Some(Classes { what: what.to_owned(), ..classes_of(points, of, names, "not known") })
        }
        (_, Some((labels, names))) => Some(classes_of(points, labels, names, "no label")),
        (_, None) => None,
    };
    let by = match colors {
        Some(Colors::Names { what, .. } | Colors::Numbers { what, .. }) => format!(", by {what}"),
        _ => String::new(),
    };
    if let Some((x, y)) = axes.filter(|_| dims > 1) {
        let pairs = coordinate(x).into_iter().zip(coordinate(y));
        let points: Vec<[f64; 2]> = pairs.map(|(x, y)| [x, y]).collect();
        let classes = classes(points.len());
        return Figure::Scatter(Scatter {
            title: format!("Latent means, 2 of {dims} dimensions{by}"),
            x_label: name(x),
            y_label: name(y),
            points,
            classes,
            values,
            equal_units: true,
        });
    }
    let (points, x_label, y_label) = match (dims, principal_components(mean, dims)) {
        (1, _) => {
            let points = mean.iter().enumerate().map(|(i, &z)| [exact(z), i as f64]).collect();
            (points, "z₁".to_string(), "position in the set".to_string())
        }
        (_, Projection::Identity { points }) => (points, "z₁".into(), "z₂".into()),
        (_, Projection::Principal { points, explained }) => {
            let label =
                |i: usize| format!("PC {} ({:.1}% of variance)", i + 1, explained[i] * 100.0);
            (points, label(0), label(1))
        }
    };
    let classes = classes(points.len());
    let title = match dims {
        0..=2 => format!("Latent means{by}"),
        _ => format!("Latent means, {dims} dimensions{by}"),
    };
    Figure::Scatter(Scatter {
        title,
        x_label,
        y_label,
        points,
        classes,
        values,
        equal_units: dims != 1,
    })
}

fn classes_of(points: usize, labels: &[i64], names: &[String], missing: &str) -> Classes {
    let of: Vec<Option<i64>> =
        (0..points).map(|i| labels.get(i).copied().filter(|&label| label >= 0)).collect();
    let mut names = names.to_vec();
    // Labels beyond the names, each once, so that a stray huge one adds one entry and not billions.
    let mut extra: Vec<i64> =
        of.iter().flatten().copied().filter(|&label| label as u64 >= names.len() as u64).collect();
    extra.sort_unstable();
    extra.dedup();
    let named = names.len();
    names.extend(extra.iter().map(i64::to_string));
    let unknown = names.len();
    if of.contains(&None) {
        names.push(missing.into());
    }
    let of = of
        .into_iter()
        .map(|label| match label {
            None => unknown,
            Some(label) => match extra.binary_search(&label) {
                Ok(position) => named + position,
                Err(_) => label as usize,
            },
        })
        .collect();
    Classes { of, names, what: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scatter(figure: Figure) -> Scatter {
        match figure {
            Figure::Scatter(scatter) => scatter,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn axes_say_what_they_are() {
        let labels = |dims: usize| {
            let scatter = scatter(latent(
                &[3.0, 0.0, 0.0, -3.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, -1.0, 0.0],
                dims,
                None,
            ));
            (scatter.points.len(), scatter.x_label, scatter.y_label)
        };
        assert_eq!(
            labels(3),
            (4, "PC 1 (90.0% of variance)".into(), "PC 2 (10.0% of variance)".into())
        );
        assert_eq!(labels(2), (6, "z₁".into(), "z₂".into()));
        assert_eq!(labels(1), (12, "z₁".into(), "position in the set".into()));
        assert_eq!(labels(0).0, 0);
    }

    #[test]
    fn a_view_has_the_axes_and_the_colours_that_were_chosen() {
        let mean = [1.0, 2.0, 3.0, 4.0, 5.0, f32::NAN];
        let names = ["cat".to_string()];
        let view = latent_view(
            &mean,
            3,
            Some((&[0, 0], &names)),
            Some((2, 0)),
            Some(Colors::Dimension(1)),
        );
        assert!(view.to_png().is_ok());
        let scatter = scatter(view);
        assert_eq!((&*scatter.x_label, &*scatter.y_label), ("z₃", "z₁"));
        assert_eq!(scatter.points[0], [3.0, 1.0]);
        let values = scatter.values.unwrap();
        assert_eq!((&*values.name, &values.of[..]), ("z₂", &[2.0, 5.0][..]));
        // Nothing finite to colour by, and nothing at all.
        assert!(
            latent_view(&[f32::NAN; 4], 2, None, None, Some(Colors::Dimension(0))).to_png().is_ok()
        );
        assert!(
            latent_view(&[], 0, None, Some((0, 1)), Some(Colors::Dimension(0))).to_png().is_ok()
        );
    }

    #[test]
    fn attributes_colour_points_and_are_named() {
        let mean = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
        let names = ["no".to_string(), "yes".to_string()];
        let labels = Some((&[0, 0, 0][..], &names[..]));
        let by = Colors::Names { what: "glasses", of: &[1, 0, -1], names: &names };
        let figure = latent_view(&mean, 2, labels, None, Some(by));
        assert!(figure.to_png().is_ok());
        let view = scatter(figure);
        let classes = view.classes.unwrap();
        assert_eq!((&*view.title, &*classes.what), ("Latent means, by glasses", "glasses"));
        assert_eq!((&classes.of[..], &*classes.names[2]), (&[1, 0, 2][..], "not known"));
        let by = Colors::Numbers { what: "age", of: &[0.25, f32::NAN] };
        let figure = latent_view(&mean, 2, labels, Some((0, 1)), Some(by));
        assert!(figure.to_png().is_ok());
        let values = scatter(figure).values.unwrap();
        assert_eq!((&*values.name, values.of.len()), ("age", 3));
        assert!(values.of[0] == 0.25 && values.of[2].is_nan());
    }

    #[test]
    fn labels_without_a_name_are_shown_by_number() {
        let names = ["cat".to_string(), "dog".to_string()];
        let figure = latent(&[0.0; 12], 2, Some((&[1, 0, -1, 7, i64::MAX], &names)));
        let classes = scatter(figure.clone()).classes.unwrap();
        assert_eq!(classes.names, ["cat", "dog", "7", "9223372036854775807", "no label"]);
        assert_eq!(classes.of, [1, 0, 4, 2, 3, 4]);
        assert!(figure.to_png().is_ok());
    }
}
