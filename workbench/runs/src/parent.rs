//! Where a forked run comes from.

use toml::{Table, Value};

use crate::{RunDir, toml_text};

/// What provenance.toml says of the run that a run was forked from, under `[parent]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Parent {
    /// What the run was called.
    pub run: String,
    /// Where it was: relative to the folder of runs where it was in it.
    pub path: String,
    /// The step of the checkpoint that the fork began with.
    pub step: u64,
    /// The SHA-256 of that checkpoint's manifest.json.
    pub manifest_sha256: String,
    /// The settings that were changed.
    pub changes: Vec<Change>,
}

/// A setting that a fork has otherwise than its parent.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// A dotted path: `knobs.beta`.
    pub setting: String,
    /// What the parent had, where it had any.
    pub from: Option<Value>,
    /// What the fork has, where it has any.
    pub to: Option<Value>,
}

impl Parent {
    /// The parent of a run; `None` where it was not forked, or its provenance cannot be read.
    pub fn of(run: &RunDir) -> Option<Parent> {
        let table = toml_text::provenance(run, "parent")?;
        let text = |key: &str| table.get(key)?.as_str().map(str::to_owned);
        let step = table.get("step")?.as_integer()?;
        let changes = match table.get("changed").and_then(Value::as_table) {
            None => Vec::new(),
            Some(changed) => changed
                .iter()
                .map(|(setting, change)| Change {
                    setting: setting.clone(),
                    from: change.get("from").cloned(),
                    to: change.get("to").cloned(),
                })
                .collect(),
        };
        Some(Parent {
            run: text("run")?,
            path: text("path")?,
            step: step.try_into().ok()?,
            manifest_sha256: text("manifest_sha256")?,
            changes,
        })
    }

    /// As [`of`](Parent::of) reads it.
    pub fn to_table(&self) -> Table {
        let mut table = Table::new();
        table.insert("run".to_owned(), self.run.clone().into());
        table.insert("path".to_owned(), self.path.clone().into());
        // No run comes near the end of TOML's integers.
        table.insert("step".to_owned(), Value::Integer(self.step as i64));
        table.insert("manifest_sha256".to_owned(), self.manifest_sha256.clone().into());
        let changed = self.changes.iter().map(|change| {
            let sides = [("from", &change.from), ("to", &change.to)];
            let there = sides
                .into_iter()
                .filter_map(|(side, value)| Some((side.to_owned(), value.clone()?)));
            (change.setting.clone(), Value::Table(there.collect()))
        });
        let changed: Table = changed.collect();
        if !changed.is_empty() {
            table.insert("changed".to_owned(), Value::Table(changed));
        }
        table
    }
}

impl std::fmt::Display for Change {
    /// `knobs.beta = 4.0 (was 1.0)`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let setting = &self.setting;
        match (&self.to, &self.from) {
            (Some(to), Some(from)) => write!(f, "{setting} = {to} (was {from})"),
            (Some(to), None) => write!(f, "{setting} = {to}"),
            (None, Some(from)) => write!(f, "no {setting} (was {from})"),
            (None, None) => write!(f, "{setting}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent(changes: Vec<Change>) -> Parent {
        Parent {
            run: "one".into(),
            path: "one".into(),
            step: 1234,
            manifest_sha256: "ab".repeat(32),
            changes,
        }
    }

    #[test]
    fn a_parent_comes_back_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::create(dir.path(), "run").unwrap();
        assert_eq!(Parent::of(&run), None);
        let change = |setting: &str, from: Option<f64>, to: Option<f64>| Change {
            setting: setting.into(),
            from: from.map(Value::Float),
            to: to.map(Value::Float),
        };
        let all = vec![
            change("knobs.beta", Some(1.0), Some(4.0)),
            change("train.clip_norm", None, Some(2.5)),
            change("train.patience", Some(3.0), None),
        ];
        for changes in [Vec::new(), all] {
            let parent = parent(changes);
            let mut table = Table::new();
            table.insert("parent".into(), parent.to_table().into());
            run.write_text("provenance.toml", &table.to_string()).unwrap();
            assert_eq!(Parent::of(&run), Some(parent));
        }
        let shown: Vec<String> =
            Parent::of(&run).unwrap().changes.iter().map(Change::to_string).collect();
        assert_eq!(
            shown,
            ["knobs.beta = 4.0 (was 1.0)", "train.clip_norm = 2.5", "no train.patience (was 3.0)"]
        );
    }

    #[test]
    fn half_a_parent_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::create(dir.path(), "run").unwrap();
        let whole = parent(Vec::new()).to_table();
        for key in ["run", "path", "step", "manifest_sha256"] {
            let mut part = whole.clone();
            part.insert(key.to_owned(), Value::Boolean(true));
            let table = Table::from_iter([("parent".to_owned(), Value::Table(part))]);
            run.write_text("provenance.toml", &table.to_string()).unwrap();
            assert_eq!(Parent::of(&run), None, "{key}");
        }
    }
}
