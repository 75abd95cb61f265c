//! How samples of a conditional model are laid out.

use workbench_engine::{Batch, Input, Session};
use workbench_runs::Attribute;

use crate::condition::{Asked, of_items, with_attribute};

/// Samples row by row: a row for each class, or for each value of an attribute.
#[derive(Clone, Debug)]
pub struct SampleRows {
    /// What each row is conditioned on, in words, and how many samples it has: one after the other.
    pub rows: Vec<(String, usize)>,
    /// What all samples are conditioned on, in that order.
    pub others: Batch,
}

/// How many samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleCount {
    /// Spread over the rows.
    InAll(usize),
    /// In each row; of more than [`MOST_ROWS`] rows, as many, evenly spaced.
    EachRow(usize),
}

/// As many as are seen at a glance.
const MOST_ROWS: usize = 16;
/// Rows of a number: from the least to the greatest value of its range.
const NUMBERS: usize = 5;

/// What tells the rows apart.
enum By<'a> {
    Class,
    Attribute(&'a Attribute),
}

/// Rows by the classes where the model is conditioned on the class, else by the values of the first attribute that it is
/// conditioned on; everything else as the items have it, in a row of a class those of the class where there are any. `None`
/// where the model is conditioned on neither, and where there would be less than two samples a row.
pub fn sample_rows(
    session: &Session,
    items: &Batch,
    attributes: &[Attribute],
    classes: &[String],
    count: SampleCount,
) -> Option<SampleRows> {
    let asked = Asked::of(session);
    let (by, values) = values(&asked, attributes, classes)?;
    let (values, counts) = counts(values, count)?;

    let there = items.inputs.values().next().map_or(0, |input| input.shape()[0]);
    let labels = match items.inputs.get("label") {
        Some(Input::I64 { data, .. }) => data.clone(),
        _ => Vec::new(),
    };
    let (mut chosen, mut of_row) = (Vec::new(), Vec::new());
    for ((value, _), &count) in values.iter().zip(&counts) {
        let same = |&item: &usize| labels.get(item) == Some(&(*value as i64));
        let mut row: Vec<usize> = match by {
            By::Class => (0..there).filter(same).collect(),
            By::Attribute(_) => Vec::new(),
        };
        if row.is_empty() {
            row = (0..there).collect();
        }
        chosen.extend(row.iter().cycle().take(count));
        of_row.extend(std::iter::repeat_n(*value, count));
    }
    let others = if there == 0 { Batch::default() } else { of_items(items, &chosen) };
    let others = match by {
        By::Class => {
            let labels = of_row.iter().map(|&value| value as i64).collect();
            others.with_i64("label", &[of_row.len()], labels)
        }
        By::Attribute(attribute) => with_attribute(others, attribute, &of_row),
    };
    let rows = values.into_iter().map(|(_, label)| label).zip(counts).collect();
    Some(SampleRows { rows, others })
}

/// What tells the rows apart, and each row's value with its name.
fn values<'a>(
    asked: &Asked,
    attributes: &'a [Attribute],
    classes: &[String],
) -> Option<(By<'a>, Values)> {
    if asked.class && !classes.is_empty() {
        let named = classes.iter().enumerate();
        return Some((By::Class, named.map(|(at, name)| (at as f32, name.clone())).collect()));
    }
    attributes.iter().filter(|attribute| asked.attributes.contains(&attribute.name)).find_map(
        |attribute| {
            let values: Vec<f32> = match (attribute.is_real(), attribute.range) {
                (false, _) => (0..attribute.values.len()).map(|at| at as f32).collect(),
                (true, Some([least, most])) => (0..NUMBERS)
                    .map(|i| (least + (most - least) * i as f64 / (NUMBERS - 1) as f64) as f32)
                    .collect(),
                (true, None) => return None,
            };
            let named =
                |value: f32| (value, format!("{} {}", attribute.name, attribute.show(value)));
            Some((By::Attribute(attribute), values.into_iter().map(named).collect()))
        },
    )
}

/// The rows that there will be, and how many samples each has.
fn counts(values: Values, count: SampleCount) -> Option<(Values, Vec<usize>)> {
    let rows = values.len();
    match count {
        SampleCount::InAll(n) if rows == 0 || n < 2 * rows => None,
        SampleCount::InAll(n) => {
            let of_value = |at: usize| n / rows + usize::from(at < n % rows);
            let columns = columns(&(0..rows).map(of_value).collect::<Vec<usize>>());
            let (mut wrapped, mut counts) = (Vec::new(), Vec::new());
            for (at, (value, name)) in values.into_iter().enumerate() {
                let mut name = Some(name);
                for first in (0..of_value(at)).step_by(columns) {
                    // The rows that go on with a value have no label.
                    wrapped.push((value, name.take().unwrap_or_default()));
                    counts.push(columns.min(of_value(at) - first));
                }
            }
            Some((wrapped, counts))
        }
        SampleCount::EachRow(n) => {
            let shown = rows.min(MOST_ROWS);
            let spaced = values.into_iter().enumerate();
            // Of 32 rows every second one.
            let is_shown = |row: usize| row * shown / rows != (row + 1) * shown / rows;
            let values = spaced.filter(|&(row, _)| is_shown(row)).map(|(_, value)| value).collect();
            (n > 0 && rows > 0).then(|| (values, vec![n; shown]))
        }
    }
}

/// Values of what tells rows apart, with their names.
type Values = Vec<(f32, String)>;

/// How many columns make a grid that is not higher than wide, where each value begins a row.
fn columns(counts: &[usize]) -> usize {
    let rows = |columns: usize| counts.iter().map(|n| n.div_ceil(columns)).sum::<usize>();
    (1..).find(|&columns| rows(columns) <= columns).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use workbench_runs::AttributeKind;

    use super::*;

    fn names(n: usize) -> Vec<(f32, String)> {
        (0..n).map(|at| (at as f32, format!("c{at}"))).collect()
    }

    #[test]
    fn samples_are_spread_over_the_rows_and_of_many_rows_some_are_shown() {
        let (values, found) = counts(names(3), SampleCount::InAll(8)).unwrap();
        assert_eq!((values.len(), found), (3, vec![3, 3, 2]));
        let (values, found) = counts(names(3), SampleCount::InAll(96)).unwrap();
        let labels: Vec<&str> = values.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(labels, ["c0", "", "", "c1", "", "", "c2", "", ""]);
        assert_eq!(found, [11, 11, 10, 11, 11, 10, 11, 11, 10]);
        assert!(counts(names(5), SampleCount::InAll(9)).is_none());
        assert!(counts(names(0), SampleCount::EachRow(8)).is_none());
        let (values, found) = counts(names(100), SampleCount::EachRow(8)).unwrap();
        assert_eq!((values.len(), found), (MOST_ROWS, vec![8; MOST_ROWS]));
        let shown: Vec<f32> = values.iter().map(|(value, _)| *value).collect();
        assert!(shown.windows(2).all(|pair| pair[1] - pair[0] >= 6.0), "{shown:?}");
        let (values, _) = counts(names(10), SampleCount::EachRow(8)).unwrap();
        assert_eq!(values, names(10));
    }

    #[test]
    fn rows_are_those_of_the_class_or_of_the_first_attribute_that_the_model_asks_for() {
        let hair = Attribute {
            name: "hair".into(),
            kind: AttributeKind::Categorical,
            values: vec!["black".into(), "fair".into()],
            range: None,
        };
        let real = |name: &str, range| Attribute {
            name: name.into(),
            kind: AttributeKind::Real,
            values: vec![],
            range,
        };
        let attributes = [real("mass", None), real("age", Some([10.0, 90.0])), hair];
        let classes = ["a".to_owned(), "b".to_owned()];
        let asked = |class: bool, attributes: &[&str]| Asked {
            class,
            caption: false,
            attributes: attributes.iter().map(|&name| name.to_owned()).collect(),
        };
        let labels = |asked: &Asked| -> Option<Vec<String>> {
            let (_, values) = values(asked, &attributes, &classes)?;
            Some(values.into_iter().map(|(_, label)| label).collect())
        };
        assert_eq!(labels(&asked(true, &["hair"])).unwrap(), ["a", "b"]);
        assert_eq!(labels(&asked(false, &["hair"])).unwrap(), ["hair black", "hair fair"]);
        let ages = labels(&asked(false, &["hair", "age", "mass"])).unwrap();
        assert_eq!(ages, ["age 10", "age 30", "age 50", "age 70", "age 90"]);
        assert_eq!(labels(&asked(false, &["mass"])), None, "its range is not known");
        assert_eq!(labels(&asked(false, &[])), None);
    }
}
