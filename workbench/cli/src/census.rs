//! What a split's items are: how many have each class and each value of each attribute, and how bright they are.

use rayon::prelude::*;
use serde_json::{Value, json};
use workbench_runs::AttributeColumn;
use workbench_trainer::{Items, Source, SourceError};

use crate::console::grouped;
use crate::failure::{Failure, Result};
use crate::source::PluginSource;
use crate::tone::Tone;

/// Items are read so many at a time: their images come with them.
const AT_ONCE: u64 = 256;
/// Where nothing but pixels is to be counted, so many items tell enough.
const LOOKED_AT: u64 = 1024;
/// Captions shown.
const CAPTIONS: usize = 3;

/// Classes, attributes and pixels of a split, and its first captions.
pub struct Census {
    /// How many items have each class.
    pub classes: Vec<u64>,
    /// The class of each item.
    labels: Vec<i64>,
    pub columns: Vec<AttributeColumn>,
    pub captions: Vec<String>,
    pub tone: Tone,
}

impl Census {
    /// Reads every item of a split, where the data have classes or attributes; else some.
    ///
    /// # Errors
    /// The data set's own.
    pub fn of(source: &PluginSource, split: &str) -> Result<Census> {
        let attributes = source.attributes().iter().cloned();
        let mut census = Census {
            classes: vec![0; source.classes().len()],
            labels: Vec::new(),
            columns: attributes
                .map(|attribute| AttributeColumn { attribute, of: Vec::new() })
                .collect(),
            captions: Vec::new(),
            tone: Tone::default(),
        };
        let all = source.len(split).map_err(Failure::usage)?.unwrap_or(0);
        let counts = !census.classes.is_empty() || !census.columns.is_empty();
        let wanted = if counts { all } else { all.min(LOOKED_AT) };
        // As many chunks in memory as threads read.
        let round = AT_ONCE * rayon::current_num_threads() as u64;
        for first in (0..wanted).step_by(round as usize) {
            let read = |first: u64| {
                let numbers: Vec<u64> = (first..wanted.min(first + AT_ONCE)).collect();
                let items = source.read(split, &numbers)?;
                Ok((Tone::of(&items.pixels), items))
            };
            let firsts = (first..wanted.min(first + round)).step_by(AT_ONCE as usize);
            let firsts: Vec<u64> = firsts.collect();
            let chunks = firsts.into_par_iter().map(read).collect::<Result<Vec<_>, SourceError>>();
            for (tone, items) in chunks.map_err(Failure::usage)? {
                census.add(source, &tone, items);
            }
        }
        Ok(census)
    }

    fn add(&mut self, source: &PluginSource, tone: &Tone, items: Items) {
        self.tone.add(tone);
        self.labels.extend(items.labels.iter().flatten());
        for label in items.labels.iter().flatten() {
            let class = usize::try_from(*label).ok().and_then(|class| self.classes.get_mut(class));
            class.into_iter().for_each(|n| *n += 1);
        }
        for (column, more) in self.columns.iter_mut().zip(items.attributes) {
            column.of.extend(more);
        }
        let texts = items.captions.chunks_exact(source.caption().max(1)).map(caption);
        let room = CAPTIONS - self.captions.len();
        self.captions.extend(texts.filter(|text| !text.is_empty()).take(room));
    }

    /// Names of the attributes that say what the class says.
    pub fn repeat_class(&self) -> Vec<&str> {
        let repeats = self.columns.iter().filter(|column| column.repeats_class(&self.labels));
        repeats.map(|column| column.attribute.name.as_str()).collect()
    }

    /// A line an attribute: "hair (categorical): black 120, fair 80; not known of 3". None of those that repeat the class.
    pub fn lines(&self) -> Vec<String> {
        let own = self.columns.iter().filter(|column| !column.repeats_class(&self.labels));
        own.map(line).collect()
    }

    pub fn json(&self) -> Vec<Value> {
        let one = |column: &AttributeColumn| {
            let mut described = described(column);
            if let Value::Object(described) = &mut described {
                described.insert("is_class".to_owned(), column.repeats_class(&self.labels).into());
            }
            described
        };
        self.columns.iter().map(one).collect()
    }
}

/// The text of a caption, without the zeros behind it and without what would move a terminal's cursor.
pub fn caption(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).chars().filter(|c| !c.is_control()).collect()
}

fn line(column: &AttributeColumn) -> String {
    let attribute = &column.attribute;
    let (counts, unknown) = column.counts();
    let what = match summary(column) {
        Some([least, mean, greatest]) => {
            format!("{least:.3} to {greatest:.3}, mean {mean:.3}")
        }
        None if attribute.is_real() => "no value".to_owned(),
        None => {
            let counted = attribute.values.iter().zip(&counts);
            let each = counted.map(|(name, &n)| format!("{name} {}", grouped(n as u64)));
            each.collect::<Vec<_>>().join(", ")
        }
    };
    let unknown = match unknown {
        0 => String::new(),
        n => format!("; not known of {}", grouped(n as u64)),
    };
    format!("{} ({}): {what}{unknown}", attribute.name, attribute.kind.name())
}

fn described(column: &AttributeColumn) -> Value {
    let attribute = &column.attribute;
    let (counts, unknown) = column.counts();
    let values = attribute.values.iter().zip(counts).map(|(name, n)| json!({"name": name, "n": n}));
    let mut described = json!({
        "name": attribute.name, "kind": attribute.kind.name(), "values": values.collect::<Vec<_>>(),
        "range": attribute.range, "unknown": unknown,
    });
    if let (Value::Object(described), Some([least, mean, greatest])) =
        (&mut described, summary(column))
    {
        let numbers = [("min", least), ("mean", mean), ("max", greatest)];
        described.extend(numbers.map(|(key, number)| (key.to_owned(), json!(number))));
    }
    described
}

/// Least, mean and greatest of a real attribute's known values.
fn summary(column: &AttributeColumn) -> Option<[f64; 3]> {
    let known: Vec<f64> =
        column.of.iter().filter(|value| value.is_finite()).map(|&value| value.into()).collect();
    if !column.attribute.is_real() || known.is_empty() {
        return None;
    }
    let least = known.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some([least, known.iter().sum::<f64>() / known.len() as f64, greatest])
}

#[cfg(test)]
mod tests {
    use workbench_runs::{Attribute, AttributeKind};

    use super::*;

    #[test]
    fn values_are_counted_and_numbers_summed_up() {
        let attribute = |kind, values: &[&str]| Attribute {
            name: "a".into(),
            kind,
            values: values.iter().map(|&value| value.into()).collect(),
            range: None,
        };
        let few = attribute(AttributeKind::Binary, &["no", "yes"]);
        let few = AttributeColumn { attribute: few, of: vec![1.0, 1.0, f32::NAN, 0.0] };
        assert_eq!(line(&few), "a (binary): no 1, yes 2; not known of 1");
        assert_eq!(described(&few)["values"][1], json!({"name": "yes", "n": 2}));
        let real = attribute(AttributeKind::Real, &[]);
        let real = AttributeColumn { attribute: real, of: vec![0.5, 1.5, f32::NAN] };
        assert_eq!(line(&real), "a (real): 0.500 to 1.500, mean 1.000; not known of 1");
        assert_eq!(described(&real)["max"], json!(1.5));
        assert_eq!(caption(b"a\x1bb\xff\0\0"), "ab\u{fffd}");
    }
}
