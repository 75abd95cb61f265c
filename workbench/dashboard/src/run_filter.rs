//! Which runs of a list are shown: by name, state and setting, such as `conv lr<1e-3 state=running`.

use std::collections::{BTreeMap, BTreeSet};

use crate::home::RunEntry;

/// Signs between a key and a value, the longer ones first.
const SIGNS: [&str; 6] = ["<=", ">=", "!=", "<", ">", "="];

/// Whether every word of a filter fits a run. A word without a sign is a part of its name or its state; `state=`,
/// `name=`, `step` and `best` are of the run, every other key is a setting by its path or the end of it.
pub(crate) fn fits(run: &RunEntry, filter: &str) -> bool {
    filter.split_whitespace().all(|word| fits_word(run, word))
}

fn fits_word(run: &RunEntry, word: &str) -> bool {
    let sign = SIGNS.iter().filter_map(|sign| Some((word.find(sign)?, *sign)));
    // The leftmost; of two that begin at one place the longer.
    let Some((at, sign)) = sign.min_by_key(|(at, sign)| (*at, usize::MAX - sign.len())) else {
        let word = word.to_lowercase();
        return run.name.to_lowercase().contains(&word) || run.word().contains(&word);
    };
    let (key, wanted) = (word[..at].to_lowercase(), &word[at + sign.len()..]);
    // While a value is being typed the list is not emptied.
    if wanted.is_empty() {
        return true;
    }
    let found = values(run, &key);
    match sign {
        "!=" => !found.iter().any(|value| is_equal(value, wanted)),
        "=" => found.iter().any(|value| is_equal(value, wanted)),
        _ => found.iter().any(|value| is_ordered(value, sign, wanted)),
    }
}

/// What a run has under a key: `lr` is `train.optimizer.lr`, `architecture` is `architecture.plugin`.
fn values(run: &RunEntry, key: &str) -> Vec<String> {
    match key {
        "state" => return vec![run.word().to_owned()],
        "name" => return vec![run.name.clone()],
        "step" => return run.status.iter().map(|status| status.step.to_string()).collect(),
        "best" => {
            let best = run.status.as_ref().and_then(|status| status.best.as_ref());
            return best.iter().map(|best| best.value.to_string()).collect();
        }
        _ => {}
    }
    let names = |path: &str| {
        let path = path.to_lowercase();
        let ends = |path: &str| {
            path == key || path.strip_suffix(key).is_some_and(|head| head.ends_with('.'))
        };
        let head = ["plugin", "name", "kind"]
            .iter()
            .find_map(|last| path.strip_suffix(last)?.strip_suffix('.'));
        ends(&path) || head.is_some_and(ends)
    };
    run.settings.iter().filter(|(path, _)| names(path)).map(|(_, value)| value.clone()).collect()
}

fn is_equal(value: &str, wanted: &str) -> bool {
    match (value.parse::<f64>(), wanted.parse::<f64>()) {
        (Ok(value), Ok(wanted)) => value == wanted,
        _ => value.eq_ignore_ascii_case(wanted),
    }
}

fn is_ordered(value: &str, sign: &str, wanted: &str) -> bool {
    let (Ok(value), Ok(wanted)) = (value.parse::<f64>(), wanted.parse::<f64>()) else {
        return false;
    };
    match sign {
        "<" => value < wanted,
        "<=" => value <= wanted,
        ">" => value > wanted,
        _ => value >= wanted,
    }
}

/// The paths of the settings in which runs differ: what tells them apart. Runs without settings have no say.
pub(crate) fn differences<'a>(
    runs: impl Iterator<Item = &'a BTreeMap<String, String>> + Clone,
) -> Vec<String> {
    let runs = runs.filter(|settings| !settings.is_empty());
    let paths: BTreeSet<&String> = runs.clone().flat_map(BTreeMap::keys).collect();
    let differs = |path: &&String| {
        let mut values = runs.clone().map(|settings| settings.get(*path));
        let first = values.next();
        // The run's own name tells it apart already.
        path.as_str() != "name" && values.any(|value| Some(value) != first)
    };
    paths.into_iter().filter(differs).cloned().collect()
}

/// The values of some settings in a line, `lr=1e-3 beta=4`.
pub(crate) fn line(settings: &BTreeMap<String, String>, paths: &[String]) -> String {
    let value = |path: &String| Some(format!("{}={}", short(path), settings.get(path)?));
    crate::format::plain(&paths.iter().filter_map(value).collect::<Vec<_>>().join(" "))
}

/// A setting's name where there is little room: the last part of its path that says what it is.
fn short(path: &str) -> &str {
    let parts: Vec<&str> = path.rsplitn(3, '.').collect();
    match parts[..] {
        ["plugin" | "name" | "kind", named, ..] => named,
        [last, ..] => last,
        [] => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use workbench_runs::{Best, State, Status};

    fn run(name: &str, lr: &str, plugin: &str, state: State) -> RunEntry {
        let best = Best { tag: "valid/loss".into(), step: 5, value: 103.5 };
        let status = Status { state, step: 40, best: Some(best), ..Status::starting(100, 5) };
        let settings = [
            ("architecture.plugin", plugin),
            ("architecture.latent", "20"),
            ("train.optimizer.lr", lr),
            ("name", name),
        ];
        let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned()));
        RunEntry {
            status: Some(status),
            settings: settings.into_iter().collect(),
            ..RunEntry::named(name, "/runs".as_ref())
        }
    }

    #[test]
    fn runs_are_found_by_name_state_and_setting() {
        let run = run("digits-a", "0.0005", "conv-vae", State::Running);
        for (filter, expected) in [
            ("", true),
            ("DIG", true),
            ("runn", true),
            ("fashion", false),
            ("lr<1e-3", true),
            ("lr<=5e-4", true),
            ("lr>=1e-3", false),
            ("lr>", true),
            ("lr=0.0005", true),
            ("optimizer.lr=5e-4", true),
            ("architecture=conv-vae", true),
            ("plugin=mlp-vae", false),
            ("architecture!=mlp-vae latent=20", true),
            ("latent!=20", false),
            ("ent=20", false),
            ("state=running digits", true),
            ("state=finished", false),
            ("state!=finished step>39 best<104", true),
            ("nothing=1", false),
            ("nothing!=1", true),
        ] {
            assert_eq!(fits(&run, filter), expected, "{filter}");
        }
    }

    #[test]
    fn only_what_differs_tells_runs_apart() {
        let runs = [
            run("a", "0.001", "conv-vae", State::Running),
            run("b", "0.0005", "conv-vae", State::Running),
            RunEntry::named("foreign", "/runs".as_ref()),
        ];
        let settings = |n: usize| runs[..n].iter().map(|run| &run.settings);
        let paths = differences(settings(3));
        assert_eq!(paths, ["train.optimizer.lr"]);
        assert_eq!(line(&runs[1].settings, &paths), "lr=0.0005");
        assert_eq!(short("train.optimizer.lr"), "lr");
        assert_eq!(short("architecture.plugin"), "architecture");
        assert_eq!(short("seed"), "seed");
        assert!(differences(settings(1)).is_empty());
    }
}
