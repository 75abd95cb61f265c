//! Runs that belong together: the same experiment with several seeds.

use std::collections::BTreeMap;

use crate::{RunDir, toml_text};

/// What provenance.toml says of a run's group, under `[group]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub name: String,
    /// The seed that tells this run from the others.
    pub seed: u64,
}

impl Group {
    /// The group of a run; `None` where it stands alone, or its provenance cannot be read.
    pub fn of(run: &RunDir) -> Option<Group> {
        let group = toml_text::provenance(run, "group")?;
        // A seed is text where TOML's integers, which have a sign, do not hold it.
        let seed = group.get("seed")?.as_str()?.parse().ok()?;
        Some(Group { name: group.get("name")?.as_str()?.to_owned(), seed })
    }

    /// As [`of`](Group::of) reads it.
    pub fn to_table(&self) -> toml::Table {
        let entries = [("name", self.name.clone()), ("seed", self.seed.to_string())];
        entries.map(|(key, text)| (key.to_owned(), toml::Value::String(text))).into_iter().collect()
    }
}

/// The groups among some runs, by name, each with its runs in the order of their seeds.
pub fn groups(runs: &[RunDir]) -> BTreeMap<String, Vec<RunDir>> {
    let mut found: BTreeMap<String, Vec<(u64, RunDir)>> = BTreeMap::new();
    for run in runs {
        if let Some(group) = Group::of(run) {
            found.entry(group.name).or_default().push((group.seed, run.clone()));
        }
    }
    let ordered = found.into_iter().map(|(name, mut runs)| {
        runs.sort_by_key(|(seed, _)| *seed);
        (name, runs.into_iter().map(|(_, run)| run).collect())
    });
    ordered.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_come_back_as_they_were_written_and_ordered_by_seed() {
        let dir = tempfile::tempdir().unwrap();
        let make = |name: &str, group: Option<(&str, u64)>| {
            let run = RunDir::create(dir.path(), name).unwrap();
            let mut table = toml::Table::new();
            if let Some((name, seed)) = group {
                let group = Group { name: name.into(), seed };
                table.insert("group".into(), group.to_table().into());
            }
            run.write_text("provenance.toml", &table.to_string()).unwrap();
            run
        };
        let runs = [
            make("a-s18446744073709551615", Some(("a", u64::MAX))),
            make("a-s2", Some(("a", 2))),
            make("b-s0", Some(("b", 0))),
            make("alone", None),
            RunDir::create(dir.path(), "bare").unwrap(),
        ];
        assert_eq!(Group::of(&runs[0]), Some(Group { name: "a".into(), seed: u64::MAX }));
        assert_eq!(Group::of(&runs[3]), None);
        let groups = groups(&runs);
        assert_eq!(groups.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(groups["a"], [runs[1].clone(), runs[0].clone()]);
    }

    #[test]
    fn a_damaged_provenance_is_no_group() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::create(dir.path(), "run").unwrap();
        for text in ["[group", "group = 1", "[group]\nname = \"a\"", "[group]\nname=\"a\"\nseed=1"]
        {
            run.write_text("provenance.toml", text).unwrap();
            assert_eq!(Group::of(&run), None, "{text}");
        }
    }
}
