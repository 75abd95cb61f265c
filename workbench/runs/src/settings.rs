//! A run's settings, one by one: what viewers list, filter and compare runs by.

use std::collections::BTreeMap;

use crate::{RunDir, toml_text};

/// As large as an experiment may be.
const MAX_BYTES: u64 = 1 << 20;

/// Each setting of experiment.toml by its dotted path, `train.optimizer.lr` → `0.001`; empty where there is no such
/// file, or it can't be read: a log that others wrote has no settings.
pub fn settings(run: &RunDir) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    if let Ok(Some(table)) = toml_text::read_table(&run.experiment(), MAX_BYTES) {
        flatten("", &toml::Value::Table(table), &mut found);
    }
    found
}

fn flatten(path: &str, value: &toml::Value, found: &mut BTreeMap<String, String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(&path, value, found);
            }
        }
        toml::Value::String(text) => {
            found.insert(path.to_owned(), text.clone());
        }
        toml::Value::Float(x) => {
            // As a person writes it: 3e-4, and not 0.00030000000000000003.
            let text = if *x == 0.0 || (1e-3..1e6).contains(&x.abs()) {
                format!("{x}")
            } else {
                format!("{x:e}")
            };
            found.insert(path.to_owned(), text);
        }
        other => {
            found.insert(path.to_owned(), other.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_dotted_paths_and_what_is_no_experiment_has_none() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::create(dir.path(), "run").unwrap();
        assert!(settings(&run).is_empty());
        let text = "seed = 7\n[train]\noptimizer = { kind = \"adam\", lr = 3e-4 }\n[knobs]\nbeta = 4.0\n\
                    [plots]\nfigures = [\"loss\"]\n";
        run.write_text("experiment.toml", text).unwrap();
        let found = settings(&run);
        let of = |key: &str| found.get(key).map(String::as_str);
        assert_eq!(of("seed"), Some("7"));
        assert_eq!(of("train.optimizer.lr"), Some("3e-4"));
        assert_eq!(of("train.optimizer.kind"), Some("adam"));
        assert_eq!(of("knobs.beta"), Some("4"));
        assert_eq!(of("plots.figures"), Some("[\"loss\"]"));
        run.write_text("experiment.toml", "[train").unwrap();
        assert!(settings(&run).is_empty());
    }
}
