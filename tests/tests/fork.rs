//! Forks: new runs from checkpoints of others.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use workbench_tests::{
    Records, Run, SMALL_CONV, SMALL_MLP, Signal, Workbench, poll, records, with,
};

/// Ten steps an epoch, six epochs.
const EPOCHS: &[&str] =
    &["train.epochs=6", "train.batch_size=810", "log.every_steps=2", "plots.figures=[]"];

/// A finished run `one` of six epochs with all its checkpoints.
fn trained(more: &[&str]) -> Workbench {
    trained_as(SMALL_MLP, &[EPOCHS, more].concat())
}

fn trained_as(experiment: &[&str], more: &[&str]) -> Workbench {
    let workbench = Workbench::in_memory();
    let all = ["checkpoint.keep=20", "--name", "one", "--headless"];
    workbench.command(&with(experiment, &[&all, more].concat())).ok();
    workbench
}

fn fork(workbench: &Workbench, arguments: &[&str]) -> Run {
    let name = arguments.iter().position(|word| *word == "--name").expect("a name") + 1;
    workbench.command(&[&["fork"], arguments, &["--headless"]].concat()).ok();
    workbench.run(arguments[name])
}

/// The files of the newest checkpoint, by name.
fn state(run: &Run) -> BTreeMap<String, Vec<u8>> {
    let newest = format!("checkpoints/{}", run.checkpoints().pop().unwrap());
    let files = run.files(&newest).into_iter();
    files
        .map(|file| (file.clone(), fs::read(run.path().join(&newest).join(&file)).unwrap()))
        .collect()
}

/// Whether two runs logged the same up to a step, but for their stories, which tell of the fork, and for what is said
/// whenever a trainer starts.
#[track_caller]
fn assert_equal(a: &Records, b: &Records, upto: u64) {
    let is_of_run = |(tag, step): &(String, u64)| {
        *step <= upto && tag != "control" && tag != "data/classes" && !tag.starts_with("text/")
    };
    let differs = |key: &&(String, u64)| is_of_run(key) && a.get(*key) != b.get(*key);
    let different: Vec<_> = a.keys().chain(b.keys()).filter(differs).take(3).collect();
    assert!(different.is_empty(), "{different:?}");
    assert!(a.keys().filter(|key| is_of_run(key)).count() > 10, "{:?}", a.keys());
}

/// Every file below a folder.
fn contents(folder: &Path, into: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => contents(&path, into),
            false => drop(into.insert(path.display().to_string(), fs::read(&path).unwrap())),
        }
    }
}

#[test]
fn a_fork_with_nothing_changed_is_its_parents_continuation() {
    // Two epochs of the convolutional one would take long.
    let few = &["train.steps=24", "train.batch_size=64", "log.every_steps=2"][..];
    for (experiment, length, last, steps) in
        [(SMALL_MLP, EPOCHS, 60, ["28", "30"]), (SMALL_CONV, few, 24, ["14", "21"])]
    {
        // All that depends on where training is, and checkpoints in the middle of epochs.
        let settings = [
            "input.binarize=dynamic",
            "train.optimizer.lr={ kind = \"cosine\", from = 2e-3, to = 1e-4 }",
            "knobs.beta={ kind = \"linear\", from = 0.0, to = 1.0 }",
            "train.patience=5",
            "checkpoint.every_steps=7",
        ];
        let workbench = trained_as(experiment, &[&settings, length].concat());
        let parent = records(&workbench, "one");
        for at in steps {
            let name = &format!("at-{at}");
            // That of step 30, the end of an epoch, is there because it was the best.
            let run = fork(&workbench, &["one", "--at", at, "--name", name]);
            assert!(
                state(&run) == state(&workbench.run("one")),
                "{experiment:?} at {at}: another state"
            );
            let records = records(&workbench, name);
            assert_equal(&records, &parent, last);
            let told = &records[&("control".to_owned(), at.parse().unwrap())];
            assert_eq!(told, &format!(r#"{{"text":"forked from one at step {at}"}}"#));
            assert_eq!(run.files("latents"), workbench.run("one").files("latents"));
        }
    }
}

#[test]
fn what_was_set_by_request_goes_on_unless_the_fork_sets_it() {
    let workbench = Workbench::in_memory();
    let more = ["train.steps=3000", "--name", "one", "--headless", "--json"];
    let mut running = workbench.start(&with(SMALL_MLP, &more));
    running.until("a step", |line| (line["event"] == "step").then_some(()));
    for setting in ["beta=2", "lr=5e-4"] {
        workbench.command(&["set", "one", setting]).ok();
        let said = |line: &Value| line["message"].as_str()?.contains(" (was ").then_some(());
        running.until(setting, said);
    }
    running.signal(Signal::TERM);
    running.ended().exits(4);
    let at = workbench.run("one").status().unwrap()["step"].as_u64().unwrap();

    // As resumed, to the bit, from wherever that was.
    let same = fork(&workbench, &["one", "--name", "same"]);
    let near = format!("train.steps={}", at + 20);
    fork(&workbench, &["one", &near, "knobs.beta=1.0", "--name", "beta"]);
    fork(&workbench, &["one", &near, "train.optimizer.lr=1e-3", "--name", "lr"]);
    workbench.command(&["resume", "one", "--headless"]).ok();
    assert!(state(&same) == state(&workbench.run("one")));
    let (resumed, forked) = (records(&workbench, "one"), records(&workbench, "same"));
    assert_equal(&forked, &resumed, 3000);
    let told = &forked[&("control".to_owned(), at)];
    assert_eq!(
        told,
        &format!(r#"{{"text":"stop asked by a signal; forked from one at step {at}"}}"#)
    );

    // The settings are what the parent's file says already: that they are given is what counts.
    for (run, beta, lr) in [("same", 2.0, 5e-4), ("beta", 1.0, 5e-4), ("lr", 2.0, 1e-3)] {
        let shown = workbench.command(&["show", run, "--json"]).ok().json();
        let last = |tag: &str| shown["metrics"][tag]["last"].as_f64().unwrap();
        assert_eq!((last("knob/beta"), last("train/lr")), (beta, lr), "{run}");
    }
}

#[test]
fn a_changed_setting_is_recorded_and_the_curves_are_drawn_on() {
    let workbench = trained(&[]);
    let mut before = BTreeMap::new();
    contents(workbench.run("one").path(), &mut before);
    let arguments = ["one", "--at", "20", "knobs.beta=4", "train.epochs=4", "--name", "two"];
    let run = fork(&workbench, &arguments);
    let mut after = BTreeMap::new();
    contents(workbench.run("one").path(), &mut after);
    assert!(before == after, "the parent is only read");

    let manifest =
        fs::read(workbench.run("one").path().join("checkpoints/step-00000020/manifest.json"));
    let provenance: toml::Table =
        fs::read_to_string(run.path().join("provenance.toml")).unwrap().parse().unwrap();
    let parent = provenance["parent"].as_table().unwrap();
    let text = |key: &str| parent[key].as_str().unwrap();
    assert_eq!((text("run"), text("path"), parent["step"].as_integer()), ("one", "one", Some(20)));
    assert_eq!(text("manifest_sha256"), sha256(&manifest.unwrap()));
    let changed = json!({
        "knobs.beta": {"from": 1.0, "to": 4.0},
        "train.epochs": {"from": 6, "to": 4},
    });
    let shown = workbench.command(&["show", "two", "--json"]).ok().json();
    let parent = json!({"run": "one", "path": "one", "step": 20, "changed": changed});
    assert_eq!(shown["parent"], parent);
    assert_eq!(workbench.command(&["show", "one", "--json"]).ok().json()["parent"], Value::Null);
    let shown = workbench.command(&["show", "two"]).ok().stdout;
    for line in ["forked from one at step 20", "knobs.beta = 4.0 (was 1.0)"] {
        assert!(shown.contains(line), "{line}:\n{shown}");
    }
    let runs = workbench.command(&["runs", "--json"]).ok().json();
    assert_eq!(runs[1]["parent"], json!({"run": "one", "step": 20}));
    let table = workbench.command(&["runs"]).ok().stdout;
    assert!(table.contains("forked from") && table.contains("one at 20"), "{table}");

    let (one, two) = (records(&workbench, "one"), records(&workbench, "two"));
    assert_equal(&one, &two, 20);
    let at = |tag: &str, step| two.get(&(tag.to_owned(), step)).map(String::as_str);
    assert_eq!((at("knob/beta", 20), at("knob/beta", 22)), (Some("1.0"), Some("4.0")));
    assert!(at("images/samples", 10).is_some() && at("valid/loss", 40).is_some());
    assert_eq!((at("test/loss", 40).is_some(), at("valid/loss", 50)), (true, None));
    // Under another beta the parent's best loss is no measure.
    let best = run.status().unwrap()["best"]["step"].as_u64().unwrap();
    assert!(best > 20, "{best}");
    let plotted = workbench.command(&["plot", "two", "loss"]).ok().stdout;
    assert!(Path::new(plotted.trim()).is_file(), "{plotted}");
}

#[test]
fn adams_moments_go_on_in_adamw() {
    let workbench = trained(&[]);
    // Without decay the two are the same, if they have the same moments.
    let run =
        fork(&workbench, &["one", "--at", "30", "train.optimizer.kind=adamw", "--name", "two"]);
    assert!(state(&run) == state(&workbench.run("one")));
}

#[test]
fn a_finished_run_can_be_trained_for_longer() {
    let workbench = trained(&[]);
    workbench.command(&["fork", "one", "--headless"]).exits(2).says(&[
        "nothing left to train",
        "train.epochs=9",
        "--at",
        "40, 50, 60",
    ]);
    let longer = fork(&workbench, &["one", "train.epochs=8", "--name", "longer"]);
    // What a run of that length would have been: nothing in it depends on the length.
    let more = [EPOCHS, &["train.epochs=8", "--name", "whole", "--headless"]].concat();
    workbench.command(&with(SMALL_MLP, &more)).ok();
    assert!(state(&longer) == state(&workbench.run("whole")));
    // The parent's test is not among them. Its last samples are of the sampler that a run fits with care at its end.
    let [longer, whole] = ["longer", "whole"].map(|name| {
        let mut records = records(&workbench, name);
        assert!(records.remove(&("images/samples".to_owned(), 60)).is_some());
        records
    });
    assert_equal(&longer, &whole, 80);
}

#[test]
fn a_fork_of_a_fork_needs_neither_of_its_parents() {
    let workbench = trained(&["train.optimizer.lr=1e-2"]);
    fork(&workbench, &["one", "--at", "20", "train.batch_size=405", "--name", "two"]);
    let arguments = ["two", "--at", "best", "train.steps=400", "seed=9"];
    let named =
        |name| [&["fork"], &arguments[..], &["--name", name, "--headless", "--json"]].concat();
    let mut running = workbench.start(&named("broken"));
    let at = running
        .until("a step", |line| (line["event"] == "step").then(|| line["step"].as_u64().unwrap()));
    running.signal(Signal::TERM);
    running.ended().exits(4);
    workbench.command(&named("whole")).ok();
    workbench.command(&["remove", "one", "two", "--yes"]).ok();
    workbench.command(&["resume", "broken", "--headless"]).ok();
    assert!(state(&workbench.run("broken")) == state(&workbench.run("whole")));
    let (broken, whole) = (records(&workbench, "broken"), records(&workbench, "whole"));
    assert_equal(&broken, &whole, 400);
    // The first run's beginning is there still.
    assert!(broken.contains_key(&("valid/loss".to_owned(), 10)));
    let shown = workbench.command(&["show", "broken", "--json"]).ok().json();
    assert_eq!(shown["parent"]["run"], "two");
    assert!(shown["parent"]["step"].as_u64().unwrap() < at);
}

#[test]
fn a_run_that_trains_can_be_forked() {
    let workbench = Workbench::in_memory();
    let endless = ["train.steps=100000000", "checkpoint.every_steps=50", "checkpoint.keep=1"];
    let more = [&endless[..], &["--name", "live", "--detach"]].concat();
    workbench.command(&with(SMALL_MLP, &more)).ok();
    let live = workbench.run("live");
    poll("a checkpoint", || (!live.checkpoints().is_empty()).then_some(()));
    for name in ["a", "b", "c"] {
        // Its checkpoints come and go while they are read.
        let arguments =
            ["fork", "live", "train.steps=9000000", "--name", name, "--detach", "--json"];
        let forked = workbench.command(&arguments).ok().json();
        assert_eq!(forked["run"], name);
        assert_eq!(forked["path"], workbench.run(name).path().display().to_string());
        workbench.command(&["stop", name]).ok();
    }
    assert!(live.is_alive());
    workbench.command(&["stop", "live"]).ok();
    for name in ["a", "b", "c", "live"] {
        let run = workbench.run(name);
        poll("the end of the runs", || (run.state() == "stopped").then_some(()));
    }
}

#[test]
fn a_damaged_checkpoint_is_passed_over_unless_it_is_asked_for() {
    let workbench = trained(&[]);
    let model = workbench.run("one").path().join("checkpoints/step-00000060/model.safetensors");
    let mut bytes = fs::read(&model).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&model, bytes).unwrap();
    let at = ["fork", "one", "--at", "60", "train.epochs=7", "--name", "two"];
    workbench.command(&at).exits(2).says(&["model.safetensors", "damaged", "50, 60"]);
    let said = workbench.command(&["fork", "one", "--name", "two"]).ok();
    said.says(&["damaged", "forking from step 50"]);
    assert_eq!(workbench.names(), ["one", "two"]);
}

#[test]
fn a_fork_that_can_not_be_leaves_nothing() {
    let workbench = trained(&["train.patience=50"]);
    let steps = "10, 20, 30, 40, 50, 60";
    for (arguments, says) in [
        (&["one", "--at", "33"][..], &["no checkpoint of step 33", steps][..]),
        (&["one", "--at", "last"], &["a step, or `best`"]),
        (
            &["one", "--at", "30", "architecture.latent=5"],
            &[
                "step 30 does not fit",
                "`decoder.hidden.weight` is [4, 32]",
                "now [5, 32]",
                "new run",
            ],
        ),
        (
            &["one", "--at", "30", "architecture.plugin=conv-vae"],
            // Settings of the other architecture are none of this one.
            &["hidden"],
        ),
        (&["one", "--at", "30", "train.epoch=9"], &["did you mean `epochs`?"]),
        (&["one", "--at", "30", "train.epochs=2"], &["nothing left to train"]),
        (&["one", "--at", "30", "knobs.beta=-1"], &["knobs.beta=-1", "must stay"]),
        (&["one", "--at", "30", "--name", "one"], &["`one` already"]),
        (&["one", "--at", "30", "--name", "../two"], &["can't name a run"]),
        (&["none"], &["none"]),
    ] {
        let command = [&["fork"], arguments, &["--headless"]].concat();
        workbench.command(&command).exits(2).says(says);
    }
    assert_eq!(workbench.names(), ["one"]);
    // Half-way: the checkpoint is copied, and then something can't be read.
    let snapshot = workbench.run("one").path().join("latents/step-00000010.safetensors");
    fs::remove_file(&snapshot).unwrap();
    fs::create_dir(&snapshot).unwrap();
    workbench.command(&["fork", "one", "--at", "30"]).exits(2).says(&["latents/step-00000010"]);
    assert_eq!(workbench.names(), ["one"]);
    fs::remove_dir_all(workbench.run("one").path().join("checkpoints")).unwrap();
    workbench.command(&["fork", "one"]).exits(2).says(&["no checkpoint", "workbench save one"]);
    assert_eq!(workbench.names(), ["one"]);
}

#[test]
fn a_fork_without_a_name_is_called_after_the_time_and_the_experiment() {
    let workbench = trained(&[]);
    let ended = workbench.command(&["fork", "one", "--at", "50", "--json"]).ok();
    let start = &ended.lines()[0];
    assert_eq!((&start["event"], &start["step"]), (&json!("start"), &json!(50)));
    let names = workbench.names();
    let [forked, one] = &names[..] else { panic!("{names:?}") };
    assert!(forked.ends_with("-digits-mlp") && one == "one", "{names:?}");
}

fn sha256(bytes: &[u8]) -> String {
    let digest = <sha2::Sha256 as sha2::Digest>::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
