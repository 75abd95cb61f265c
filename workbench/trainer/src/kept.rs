//! What a checkpoint holds beside tensors: everything that a resume can't compute from the step alone.
//!
//! Noise, order and binarization are functions of seed and step, so that little is left: settings made
//! while training, and how the best value came about.

use std::collections::BTreeMap;

use toml::Value;
use workbench_runs::Best;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Kept {
    /// Learning rate (`lr`) and knobs that were set by request: they replace their schedules from then on.
    pub set: BTreeMap<String, f64>,
    pub best: Option<Best>,
    /// Epochs since the best value: early stopping counts them.
    pub without_improvement: u64,
    /// The step that was judged last: a run that is killed at its end, and goes on there, must not count it twice.
    pub judged: Option<u64>,
}

const LAYOUT: i64 = 1;

impl Kept {
    pub fn to_table(&self) -> toml::Table {
        let mut table = toml::Table::new();
        table.insert("layout".to_owned(), Value::Integer(LAYOUT));
        table.insert(
            "without_improvement".to_owned(),
            Value::Integer(self.without_improvement as i64),
        );
        if let Some(judged) = self.judged {
            table.insert("judged".to_owned(), Value::Integer(judged as i64));
        }
        let set =
            self.set.iter().map(|(name, value)| (name.clone(), Value::Float(*value))).collect();
        table.insert("set".to_owned(), Value::Table(set));
        if let Some(best) = &self.best {
            let mut entry = toml::Table::new();
            entry.insert("tag".to_owned(), Value::String(best.tag.clone()));
            entry.insert("step".to_owned(), Value::Integer(best.step as i64));
            entry.insert("value".to_owned(), Value::Float(best.value));
            table.insert("best".to_owned(), Value::Table(entry));
        }
        table
    }

    /// # Errors
    /// What is missing or has another type.
    pub fn from_table(table: &toml::Table) -> Result<Kept, String> {
        let missing = |key: &str| format!("state.toml lacks `{key}`");
        match table.get("layout").and_then(Value::as_integer) {
            Some(LAYOUT) => {}
            other => {
                return Err(format!(
                    "state.toml has layout {other:?}, and this workbench reads {LAYOUT}"
                ));
            }
        }
        let waited = table.get("without_improvement").and_then(Value::as_integer);
        let set = table.get("set").and_then(Value::as_table).ok_or_else(|| missing("set"))?;
        let set = set
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value.as_float()?)))
            .collect();
        let best = match table.get("best").and_then(Value::as_table) {
            None => None,
            Some(best) => Some(Best {
                tag: best
                    .get("tag")
                    .and_then(Value::as_str)
                    .ok_or_else(|| missing("best.tag"))?
                    .to_owned(),
                step: natural(best.get("step")).ok_or_else(|| missing("best.step"))?,
                value: best
                    .get("value")
                    .and_then(Value::as_float)
                    .ok_or_else(|| missing("best.value"))?,
            }),
        };
        let without_improvement = waited.and_then(|n| u64::try_from(n).ok());
        Ok(Kept {
            set,
            best,
            judged: natural(table.get("judged")),
            without_improvement: without_improvement
                .ok_or_else(|| missing("without_improvement"))?,
        })
    }
}

fn natural(value: Option<&Value>) -> Option<u64> {
    value.and_then(Value::as_integer).and_then(|n| u64::try_from(n).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_survives_its_table() {
        let best = Best { tag: "valid/loss".into(), step: 12, value: 101.25 };
        let set = [("beta".to_owned(), 2.0)].into();
        let state = Kept { set, best: Some(best), without_improvement: 3, judged: Some(15) };
        assert_eq!(Kept::from_table(&state.to_table()), Ok(state));
        assert!(Kept::from_table(&toml::Table::new()).unwrap_err().contains("layout"));
    }
}
