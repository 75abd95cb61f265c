//! What people write: experiments, settings on the command line, data cards.

use std::cell::RefCell;
use std::fs;
use std::path::{Component, Path};
use std::rc::Rc;

use workbench_experiment::Experiment;
use workbench_tests::repository;

use crate::card::Content;
use crate::parser::{Parser, write};

/// A parsed text with the place of each value is many times its length; the length is bounded instead, at 1 MiB for
/// what people write, 16 MiB for what we do.
pub const TOML: usize = 128;

pub fn parsers(dir: &Path) -> Vec<Parser> {
    vec![experiment(dir), overrides(), card(dir)]
}

fn files(folder: &str, name: Option<&str>) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = fs::read_dir(repository().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| name.map_or(path.clone(), |name| path.join(name)))
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn experiment(dir: &Path) -> Parser {
    let path = dir.join("experiment.toml");
    let mut seeds = files("experiments", None);
    let good = Experiment::parse("e.toml", std::str::from_utf8(&seeds[0]).unwrap(), &[]).unwrap();
    seeds.push(good.to_toml().into_bytes());
    let there = path.clone();
    let put = move |bytes: &[u8]| {
        write(&there, bytes);
        bytes.len()
    };
    let parse = move || {
        let experiment = Experiment::load(&path, &[]).map_err(|error| error.to_string())?;
        // What was read can be written, and says the same again: a run's own experiment is read back so.
        let again = Experiment::parse("again.toml", &experiment.to_toml(), &[]);
        assert_eq!(again.map_err(|error| error.to_string()), Ok(experiment));
        Ok(())
    };
    Parser { name: "experiment", seeds, put: Box::new(put), parse: Box::new(parse), times: TOML }
}

fn overrides() -> Parser {
    let seeds = [
        "train.epochs=3",
        "train.optimizer={ kind = \"adam\", lr = 1e-3 }",
        "knobs.beta={ kind = \"linear\", from = 0, to = 1, steps = 100 }",
        "architecture.hidden=32",
        "plots.figures=[\"loss\"]",
        "name=\"x\"",
    ];
    let given = Rc::new(RefCell::new(String::new()));
    let put = {
        let given = given.clone();
        move |bytes: &[u8]| {
            *given.borrow_mut() = String::from_utf8_lossy(bytes).into_owned();
            bytes.len()
        }
    };
    let parse = move || {
        let least = "[dataset]\nname = \"digits\"\n[architecture]\nplugin = \"mlp-vae\"\n[train]\noptimizer.kind = \"adam\"\n";
        let given = [given.borrow().clone()];
        Experiment::parse("e.toml", least, &given).map(|_| ()).map_err(|error| error.to_string())
    };
    Parser {
        name: "key=value settings",
        seeds: seeds.map(|text| text.into()).to_vec(),
        put: Box::new(put),
        parse: Box::new(parse),
        times: TOML,
    }
}

fn card(dir: &Path) -> Parser {
    let path = dir.join("card.toml");
    let there = path.clone();
    let put = move |bytes: &[u8]| {
        write(&there, bytes);
        bytes.len()
    };
    let parse = move || {
        let (content, _) = Content::read(&path)?;
        for file in &content.files {
            let parts = file.path.components();
            assert!(parts.clone().count() > 0);
            assert!(parts.into_iter().all(|part| matches!(part, Component::Normal(_))));
        }
        Ok(())
    };
    let seeds = files("datasets", Some("card.toml"));
    Parser { name: "data card", seeds, put: Box::new(put), parse: Box::new(parse), times: TOML }
}
