//! What two experiments differ in.

use std::collections::BTreeMap;

use toml::{Table, Value};
use workbench_experiment::Experiment;
use workbench_runs::parent::Change;

/// Every setting that is not equal in two experiments, in the order of their dotted paths.
pub fn changes(from: &Experiment, to: &Experiment) -> Vec<Change> {
    let (mut from, mut to) = (settings(from), settings(to));
    let mut names: Vec<String> = from.keys().chain(to.keys()).cloned().collect();
    names.sort();
    names.dedup();
    let change = |setting: String| {
        let (from, to) = (from.remove(&setting), to.remove(&setting));
        (from != to).then_some(Change { setting, from, to })
    };
    names.into_iter().filter_map(change).collect()
}

/// Every setting by its dotted path.
fn settings(experiment: &Experiment) -> BTreeMap<String, Value> {
    let mut settings = BTreeMap::new();
    // A seed may be larger than TOML's integers are. Its line is the second.
    let seed = experiment.seed.to_string();
    let text = experiment.to_toml().replacen(&format!("\nseed = {seed}\n"), "\n", 1);
    flatten(text.parse().unwrap_or_default(), "", &mut settings);
    let seed = i64::try_from(experiment.seed).map_or(Value::String(seed), Value::Integer);
    settings.insert("seed".to_owned(), seed);
    settings
}

fn flatten(table: Table, prefix: &str, settings: &mut BTreeMap<String, Value>) {
    for (key, value) in table {
        let path = format!("{prefix}{key}");
        match value {
            Value::Table(inner) => flatten(inner, &format!("{path}."), settings),
            value => {
                settings.insert(path, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiment(settings: &[&str]) -> Experiment {
        let text = "name = 'a'\n[dataset]\nname = 'digits'\nseed = 1\n[architecture]\nplugin = 'mlp-vae'\n\
                    [knobs]\nbeta = 1.0";
        let settings: Vec<String> = settings.iter().map(|&setting| setting.to_owned()).collect();
        Experiment::parse("a.toml", text, &settings).unwrap()
    }

    fn told(from: &[&str], to: &[&str]) -> Vec<String> {
        changes(&experiment(from), &experiment(to)).iter().map(Change::to_string).collect()
    }

    #[test]
    fn only_what_differs_is_told() {
        assert!(told(&[], &[]).is_empty());
        // As it is already.
        assert!(told(&[], &["knobs.beta=1", "train.epochs=20"]).is_empty());
        assert_eq!(
            told(
                &["train.patience=3"],
                &["knobs.beta=4", "train.optimizer.lr=1e-4", "train.clip_norm=2"]
            ),
            [
                "knobs.beta = 4.0 (was 1.0)",
                "train.clip_norm = 2.0",
                "train.optimizer.lr = 0.0001 (was 0.001)",
                "no train.patience (was 3)"
            ]
        );
        assert_eq!(told(&[], &["train.steps=9"]), ["no train.epochs (was 20)", "train.steps = 9"]);
    }

    #[test]
    fn seeds_are_compared_whatever_their_size() {
        let large = "seed=18446744073709551615";
        assert_eq!(told(&[], &[large]), ["seed = \"18446744073709551615\" (was 0)"]);
        assert_eq!(told(&[large], &[large, "dataset.seed=2"]), ["dataset.seed = 2 (was 1)"]);
    }
}
