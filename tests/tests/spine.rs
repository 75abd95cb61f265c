//! An experiment file becomes a trained model and a run directory, and every command reads it.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use workbench_tests::{Ended, SMALL_CONV, SMALL_MLP, Workbench, with};

/// Five epochs of five steps: the batches are a fifth of what validation leaves to train on.
const EPOCHS: &[&str] =
    &["train.epochs=5", "train.batch_size=1620", "log.every_steps=2", "checkpoint.keep=2"];

/// The KL grows from nothing at first, so that the best checkpoint by it is not among the newest.
const BEST_IS_OLD: &str = "train.monitor=valid/kl";

fn trained(experiment: &[&str]) -> (Workbench, Ended) {
    let workbench = Workbench::new();
    let more = [EPOCHS, &[BEST_IS_OLD, "--name", "one", "--headless", "--json"]].concat();
    let ended = workbench.command(&with(experiment, &more)).ok();
    (workbench, ended)
}

#[test]
fn the_mlp_experiment_trains_and_every_command_reads_it() {
    let (workbench, ended) = trained(SMALL_MLP);
    events_are_as_promised(&ended);
    the_run_directory_is_whole(&workbench, &ended, "mlp-vae");
    show_and_runs(&workbench, &ended);
    the_log_holds_what_was_printed(&workbench, &ended);
    evaluation_is_that_of_the_end(&workbench, &ended);
    pictures_are_drawn(&workbench);
}

#[test]
fn the_convolutional_experiment_trains_and_every_command_reads_it() {
    let (workbench, ended) = trained(SMALL_CONV);
    events_are_as_promised(&ended);
    the_run_directory_is_whole(&workbench, &ended, "conv-vae");
    show_and_runs(&workbench, &ended);
    evaluation_is_that_of_the_end(&workbench, &ended);
}

#[test]
fn training_without_json_prints_lines_for_people() {
    let workbench = Workbench::new();
    let ended = workbench.command(&with(SMALL_MLP, &["train.steps=20", "--name", "one"])).ok();
    let last: Vec<&str> = ended.stdout.lines().rev().take(2).collect();
    assert_eq!(Path::new(last[0]), workbench.run("one").path());
    assert!(last[1].contains("finished at step 20") && last[1].contains("elbo"), "{}", last[1]);
}

#[test]
fn a_run_without_a_name_is_called_after_the_time_and_the_experiment() {
    let workbench = Workbench::new();
    workbench.command(&with(SMALL_MLP, &["train.steps=2", "--headless"])).ok();
    let names = workbench.names();
    let [name] = &names[..] else { panic!("{names:?}") };
    let (time, experiment) = name.split_at(16);
    assert_eq!(experiment, "digits-mlp");
    assert!(time.chars().all(|c| c.is_ascii_digit() || c == '-'), "{name}");
    let shown = workbench.command(&["show", "latest", "--json"]).ok().json();
    assert_eq!(shown["run"], **name);
}

#[test]
fn the_loss_falls() {
    let workbench = Workbench::new();
    let ended =
        workbench.command(&with(SMALL_MLP, &["train.steps=300", "--headless", "--json"])).ok();
    let losses: Vec<f64> = of_kind(&ended.lines(), "step")
        .iter()
        .map(|event| event["metrics"]["train/loss"].as_f64().unwrap())
        .collect();
    let last = losses[losses.len() - 5..].iter().sum::<f64>() / 5.0;
    // The blank picture's 543 nats at the start; a model of four latent dimensions learns to below 220 in no time.
    assert!(losses[0] > 400.0 && last < 230.0, "{losses:?}");
}

#[test]
fn data_commands_describe_the_digits() {
    let workbench = Workbench::new();
    let list = workbench.command(&["data", "list", "--json"]).ok().json();
    let digits = list.as_array().unwrap().iter().find(|set| set["name"] == "digits").unwrap();
    for set in [digits, &workbench.command(&["data", "show", "digits", "--json"]).ok().json()] {
        assert_eq!(set["splits"]["train"]["n"], 9000);
        assert_eq!(set["splits"]["test"]["n"], 1000);
        assert_eq!(set["shape"], serde_json::json!([1, 28, 28]));
        assert_eq!(set["classes"].as_array().unwrap().len(), 10);
        assert!(set["title"].is_string() && set["licence"].is_string());
        assert!(set["attributes"].as_array().unwrap().is_empty());
    }
    let verified = workbench.command(&["data", "verify", "digits", "--json"]).ok().json();
    let files = verified.as_array().unwrap();
    assert!(files.len() == 2 && files.iter().all(|file| file["ok"] == true), "{verified}");
}

#[test]
fn plugin_commands_describe_what_is_there() {
    let workbench = Workbench::new();
    let list = workbench.command(&["plugin", "list", "--json"]).ok().json();
    for (name, kind) in
        [("idx", "dataset"), ("mlp-vae", "architecture"), ("conv-vae", "architecture")]
    {
        let plugin = list.as_array().unwrap().iter().find(|plugin| plugin["name"] == name).unwrap();
        assert_eq!(plugin["kind"], kind);
        for field in ["version", "path", "abi", "about"] {
            assert!(plugin[field].is_string(), "{name}: {field}");
        }
        assert!(Path::new(plugin["path"].as_str().unwrap()).is_file());
        for parameter in plugin["parameters"].as_array().unwrap() {
            assert!(parameter["name"].is_string() && parameter["type"].is_string(), "{parameter}");
            assert!(parameter["about"].is_string(), "{parameter}");
            assert!(parameter.get("default").is_some() && parameter.get("range").is_some());
        }
    }
    let shown = workbench.command(&["plugin", "show", "mlp-vae"]).ok();
    for word in ["latent", "hidden", "init", "beta", "pytorch", "400"] {
        assert!(shown.stdout.contains(word), "{word}:\n{}", shown.stdout);
    }
    let built = workbench.command(&["plugin", "build", "idx", "--json"]).ok().json();
    assert_eq!(built[0]["name"], "idx");
}

fn events_are_as_promised(ended: &Ended) {
    let events = ended.lines();
    let has = |event: &Value, fields: &[&str]| {
        for field in fields {
            let pointer = format!("/{field}");
            assert!(event.pointer(&pointer).is_some_and(|v| !v.is_null()), "{field}: {event}");
        }
    };
    assert_eq!(events[0]["event"], "start");
    has(&events[0], &["run", "path", "parameters"]);
    let steps = of_kind(&events, "step");
    assert_eq!(
        steps.iter().map(|event| event["step"].as_u64().unwrap()).collect::<Vec<_>>(),
        (1..=12).map(|i| 2 * i).collect::<Vec<_>>()
    );
    for event in steps {
        has(event, &["epoch", "metrics/train~1loss", "metrics/train~1recon", "metrics/train~1kl"]);
        assert!(event["images_per_second"].as_f64().unwrap() > 0.0);
        let [loss, recon, kl] = ["train/loss", "train/recon", "train/kl"].map(|tag| {
            let value = event["metrics"][tag].as_f64();
            value.unwrap_or_else(|| panic!("{tag}: {event}"))
        });
        assert!((loss - recon - kl).abs() < 1e-3 * loss, "β is 1: {event}");
    }
    let epochs = of_kind(&events, "epoch");
    assert_eq!(
        epochs.iter().map(|e| e["epoch"].as_u64().unwrap()).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5]
    );
    for event in epochs {
        has(event, &["metrics/valid~1loss", "metrics/valid~1elbo"]);
    }
    let checkpoints = of_kind(&events, "checkpoint");
    assert_eq!(checkpoints.len(), 5);
    assert!(Path::new(checkpoints[4]["path"].as_str().unwrap()).is_dir());
    let figures = of_kind(&events, "figure");
    let names: BTreeSet<_> = figures
        .iter()
        .map(|event| Path::new(event["path"].as_str().unwrap()).file_name().unwrap().to_owned())
        .collect();
    assert_eq!(names.len(), 7, "{names:?}");
    let end = events.last().unwrap();
    assert_eq!(
        (&end["event"], &end["state"], &end["step"]),
        (&"end".into(), &"finished".into(), &25.into())
    );
    for measure in ["loss", "recon", "kl", "elbo"] {
        has(end, &[&format!("metrics/test~1{measure}")]);
    }
}

fn the_run_directory_is_whole(workbench: &Workbench, ended: &Ended, architecture: &str) {
    let run = workbench.run("one");
    assert_eq!(run.state(), "finished");
    let kl = |event: &&&Value| event["metrics"]["valid/kl"].as_f64().unwrap();
    let events = ended.lines();
    let epochs = of_kind(&events, "epoch");
    let best =
        epochs.iter().min_by(|a, b| kl(a).total_cmp(&kl(b))).unwrap()["step"].as_u64().unwrap();
    assert!(best < 20, "the best is among the newest: nothing is seen here of its being kept");
    let best = format!("step-{best:08}");
    assert_eq!(run.checkpoints(), [&best, "step-00000020", "step-00000025"]);
    for checkpoint in run.checkpoints() {
        let files = run.files(&format!("checkpoints/{checkpoint}"));
        for file in ["model.safetensors", "optimizer.safetensors", "state.toml"] {
            assert!(files.iter().any(|there| there == file), "{files:?}");
        }
    }
    assert!(run.files("latents").iter().any(|name| name == "step-00000025.safetensors"));
    run.event_log();

    // The resolved experiment is an experiment: it checks, and resolves to itself.
    let file = run.path().join("experiment.toml");
    let resolved = workbench.command(&["check", file.to_str().unwrap(), "--resolved"]).ok();
    assert_eq!(resolved.stdout.trim(), std::fs::read_to_string(&file).unwrap().trim());
    let settings: toml::Table = toml::from_str(&resolved.stdout).unwrap();
    assert_eq!(settings["architecture"]["plugin"].as_str(), Some(architecture));
    assert_eq!(settings["knobs"]["beta"].as_float(), Some(1.0), "every default is filled in");

    let text = std::fs::read_to_string(run.path().join("provenance.toml")).unwrap();
    let provenance: toml::Table = toml::from_str(&text).unwrap();
    for (kind, name) in [("dataset", "idx"), ("architecture", architecture)] {
        let plugin = &provenance["plugin"][kind];
        assert_eq!(plugin["name"].as_str(), Some(name));
        let sha = plugin["sha256"].as_str().unwrap();
        assert!(sha.len() == 64 && sha.chars().all(|c| c.is_ascii_hexdigit()), "{sha}");
    }
    assert!(provenance["data"]["card_sha256"].as_str().is_some_and(|sha| sha.len() == 64));
    for key in ["workbench", "command", "host", "seed"] {
        assert!(provenance.contains_key(key), "{key}:\n{text}");
    }

    for figure in run.files("plots") {
        assert!(picture(&run.path().join("plots").join(&figure)) > 100, "{figure}");
    }
    assert_eq!(run.files("plots").len(), 7);
}

fn show_and_runs(workbench: &Workbench, ended: &Ended) {
    let shown = workbench.command(&["show", "one", "--json"]).ok().json();
    assert_eq!(shown["run"], "one");
    assert_eq!(Path::new(shown["path"].as_str().unwrap()), workbench.run("one").path());
    assert_eq!(shown["state"], "finished");
    assert_eq!(
        (&shown["step"], &shown["epoch"], &shown["steps_total"]),
        (&25.into(), &5.into(), &25.into())
    );
    assert_eq!(shown["parameters"], ended.lines()[0]["parameters"]);
    assert!(shown["experiment"].is_string());
    assert!(shown["images_per_second"].as_f64().unwrap() > 0.0);
    assert_eq!(shown["checkpoints"].as_array().unwrap().len(), 3);
    assert_eq!(shown["figures"].as_array().unwrap().len(), 7);
    let loss = &shown["metrics"]["valid/loss"];
    let (last, best) = (loss["last"].as_f64().unwrap(), loss["best"].as_f64().unwrap());
    assert!(best <= last && last > 0.0, "{loss}");

    let runs = workbench.command(&["runs", "--json"]).ok().json();
    assert_eq!(runs.as_array().unwrap().len(), 1);
    assert_eq!((&runs[0]["run"], &runs[0]["state"]), (&"one".into(), &"finished".into()));
    assert!(workbench.command(&["runs"]).ok().stdout.contains("one"));
    assert!(workbench.command(&["show", "on"]).ok().stdout.contains("finished"), "a part names it");
}

fn the_log_holds_what_was_printed(workbench: &Workbench, ended: &Ended) {
    let records = workbench.command(&["log", "one", "--json"]).ok().lines();
    for event in of_kind(&ended.lines(), "step") {
        let found = records.iter().find(|record| {
            record["step"] == event["step"] && record["values"].get("train/loss").is_some()
        });
        let record = found.unwrap_or_else(|| panic!("not logged: {event}"));
        assert_eq!(record["values"]["train/loss"], event["metrics"]["train/loss"]);
    }
    let tags: BTreeSet<&str> = records
        .iter()
        .flat_map(|record| record["values"].as_object().unwrap().keys().map(String::as_str))
        .collect();
    for tag in ["valid/loss", "valid/elbo", "test/elbo", "knob/beta", "train/lr"] {
        assert!(tags.contains(tag), "{tag}: {tags:?}");
    }
}

fn evaluation_is_that_of_the_end(workbench: &Workbench, ended: &Ended) {
    let evaluated = workbench.command(&["eval", "one", "--json"]).ok().json();
    assert_eq!((&evaluated["run"], &evaluated["split"]), (&"one".into(), &"test".into()));
    assert_eq!(evaluated["n"], 1000);
    let end = ended.lines().pop().unwrap();
    for measure in ["elbo", "recon", "kl"] {
        let [now, then] =
            [&evaluated["metrics"][measure], &end["metrics"][format!("test/{measure}")]]
                .map(|value| value.as_f64().unwrap());
        assert!((now - then).abs() < 1e-3, "{measure}: {now} now, {then} at the end of training");
    }
    let chosen = workbench.command(&["eval", "one", "--metrics", "kl", "--json"]).ok().json();
    assert_eq!(chosen["metrics"].as_object().unwrap().keys().collect::<Vec<_>>(), ["kl"]);
}

fn pictures_are_drawn(workbench: &Workbench) {
    let file = |name: &str| workbench.folder().join(name).display().to_string();
    let listed = workbench.command(&["plot", "--list"]).ok().stdout;
    let figures: Vec<&str> =
        listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    for figure in ["loss", "latent", "reconstructions", "samples", "kl"] {
        assert!(figures.contains(&figure), "{figures:?}");
    }
    for figure in figures {
        let (png, csv) = (file(&format!("{figure}.png")), file(&format!("{figure}.csv")));
        let ended = workbench.command(&["plot", "one", figure, "-o", &png, "--csv", &csv]).ok();
        assert!(ended.stdout.contains(&png) && ended.stdout.contains(&csv), "{}", ended.stdout);
        assert!(picture(Path::new(&png)) > 100, "{figure}");
        let numbers = std::fs::read_to_string(&csv).unwrap();
        assert!(numbers.lines().count() > 1, "{figure}: {numbers}");
    }
    let samples: Vec<Vec<u8>> = [("a", "1"), ("b", "1"), ("c", "2")]
        .map(|(name, seed)| {
            let png = file(&format!("{name}.png"));
            let ended =
                workbench.command(&["sample", "one", "-n", "9", "--seed", seed, "-o", &png]).ok();
            assert!(ended.stdout.contains(&png), "{}", ended.stdout);
            assert!(picture(Path::new(&png)) >= 3 * 28);
            std::fs::read(&png).unwrap()
        })
        .into();
    assert_eq!(samples[0], samples[1], "the same seed draws the same pictures");
    assert_ne!(samples[0], samples[2]);
}

fn of_kind<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["event"] == kind).collect()
}

/// Decodes a PNG; its width.
fn picture(path: &Path) -> u32 {
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    assert!(pixels.iter().any(|byte| *byte != pixels[0]), "{} is blank", path.display());
    frame.width
}
