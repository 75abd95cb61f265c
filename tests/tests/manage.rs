//! Removing and pruning runs, groups of seeds, and looking at data.

use workbench_tests::{Run, SMALL_MLP, Workbench, poll, with};

const STEPS: &str = "train.steps=40";

fn train(workbench: &Workbench, name: &str, more: &[&str]) -> Run {
    let more = [&["--name", name, "--headless"], more].concat();
    workbench.command(&with(SMALL_MLP, &more)).ok();
    workbench.run(name)
}

#[test]
fn removing_needs_a_word_and_takes_the_run_whole() {
    let workbench = Workbench::new();
    for name in ["one", "two", "three"] {
        train(&workbench, name, &[STEPS]);
    }
    workbench.command(&["remove", "one"]).exits(2).says(&["--yes"]);
    // One that is not there: nothing goes.
    workbench.command(&["remove", "one", "nothing", "--yes"]).exits(2).says(&["nothing"]);
    assert_eq!(workbench.names(), ["one", "three", "two"]);
    let removed =
        workbench.command(&["remove", "one", "two", "one", "--yes", "--json"]).ok().json();
    assert_eq!(removed["removed"][0]["run"], "one");
    assert_eq!(removed["removed"].as_array().unwrap().len(), 2);
    assert!(removed["bytes"].as_u64().unwrap() > 10_000, "{removed}");
    assert_eq!(workbench.names(), ["three"]);
    let said = workbench.command(&["remove", "latest", "--yes"]).ok();
    assert!(
        said.stdout.starts_with("removed ") && said.stdout.contains("three"),
        "{}",
        said.stdout
    );
    assert!(workbench.names().is_empty());
}

#[test]
fn a_live_run_is_neither_removed_nor_pruned() {
    let workbench = Workbench::new();
    let endless = with(SMALL_MLP, &["train.steps=100000000", "--name", "live", "--detach"]);
    workbench.command(&endless).ok();
    for command in ["remove", "prune"] {
        workbench.command(&[command, "live", "--yes"]).exits(2).says(&["workbench stop live"]);
    }
    let run = workbench.run("live");
    assert!(run.is_alive());
    workbench.command(&["stop", "live"]).ok();
    poll("the end of the run", || (run.state() == "stopped" && !run.is_alive()).then_some(()));
    workbench.command(&["remove", "live", "--yes"]).ok();
    assert!(workbench.names().is_empty());
}

#[test]
fn pruning_keeps_the_newest_and_the_best() {
    let workbench = Workbench::in_memory();
    // The KL grows from nothing at first, so that the best checkpoint by it is not the newest.
    let settings =
        ["train.epochs=6", "train.batch_size=1620", "checkpoint.keep=5", "train.monitor=valid/kl"];
    let run = train(&workbench, "one", &settings);
    let before = run.checkpoints();
    // Where the disk is slower than an epoch, a newer state takes the place of one that waits.
    assert!(before.len() >= 3, "{before:?}");
    let best = run.status().unwrap()["best"]["step"].as_u64().unwrap();
    let best = format!("step-{best:08}");
    workbench.command(&["prune"]).exits(2).says(&["one", "checkpoint", "--yes"]);
    assert_eq!(run.checkpoints(), before);
    let pruned = workbench.command(&["prune", "--keep", "2", "--yes", "--json"]).ok().json();
    let mut kept = before[before.len() - 2..].to_vec();
    if before.contains(&best) && !kept.contains(&best) {
        kept.insert(0, best);
    }
    assert_eq!(run.checkpoints(), kept);
    assert_eq!(pruned["runs"][0]["run"], "one");
    assert!(pruned["bytes"].as_u64().unwrap() > 0);
    let again = workbench.command(&["prune", "one", "--keep", "2", "--yes"]).ok();
    assert!(again.stdout.contains("nothing to prune"), "{}", again.stdout);
    // It is whole all the same.
    workbench.command(&["eval", "one", "--json"]).ok();
}

#[test]
fn several_seeds_are_a_group() {
    let workbench = Workbench::new();
    let seeds = ["--seeds", "0,1,2", "--name", "trio", STEPS, "--json"];
    let events = workbench.command(&with(SMALL_MLP, &seeds)).ok().lines();
    assert_eq!(workbench.names(), ["trio-s0", "trio-s1", "trio-s2"]);
    assert!(events.iter().all(|event| event["seed"].is_u64()));
    let losses: Vec<f64> = events
        .iter()
        .filter(|event| event["event"] == "end")
        .map(|event| event["metrics"]["test/loss"].as_f64().unwrap())
        .collect();
    let [a, b, c] = losses[..] else { panic!("{losses:?}") };
    assert!(a != b && b != c, "{losses:?}");

    let shown = workbench.command(&["show", "trio", "--json"]).ok().json();
    assert_eq!(shown["group"], "trio");
    assert_eq!(shown["runs"], serde_json::json!(["trio-s0", "trio-s1", "trio-s2"]));
    let loss = &shown["metrics"]["test/loss"];
    let mean = (a + b + c) / 3.0;
    let squares: f64 = losses.iter().map(|x| (x - mean).powi(2)).sum();
    assert_eq!(loss["n"], 3);
    assert!((loss["mean"].as_f64().unwrap() - mean).abs() < 1e-3, "{loss}");
    assert!((loss["std"].as_f64().unwrap() - (squares / 2.0).sqrt()).abs() < 1e-3, "{loss}");
    assert_eq!(shown["metrics"]["valid/loss"]["n"], 3);

    let table = workbench.command(&["runs"]).ok().stdout;
    assert!(table.contains("trio   3     3 finished") && table.contains(" ± "), "{table}");
    let runs = workbench.command(&["runs", "--json"]).ok().json();
    assert_eq!(runs[1]["group"], serde_json::json!({"name": "trio", "seed": 1}));

    // The seed alone: the run is the one that it would be by itself.
    let alone = train(&workbench, "alone", &[STEPS, "seed=1"]);
    assert_eq!(alone.weights(), workbench.run("trio-s1").weights());
    workbench.command(&with(SMALL_MLP, &seeds)).exits(2).says(&["trio-s0", "--or-resume"]);
    let again = [&seeds[..], &["--or-resume"]].concat();
    workbench.command(&with(SMALL_MLP, &again)).ok().says(&["trio-s2 is finished"]);
}

#[test]
fn a_group_ends_with_the_worst_of_its_codes() {
    let workbench = Workbench::new();
    let wild = ["--seeds", "3,4", "--name", "wild", "train.optimizer.lr=1e6", STEPS, "--json"];
    let events = workbench.command(&with(SMALL_MLP, &wild)).exits(3).lines();
    let ends = events.iter().filter(|event| event["event"] == "end");
    assert_eq!(ends.count(), 2, "the second seed is tried all the same");
    for (arguments, says) in [
        (&["--seeds", "0,1", "--detach"][..], "--detach"),
        (&["--seeds", "0,1", "seed=3"], "contradict"),
        (&["--seeds", "0,0"], "twice"),
        (&["--seeds", "0,x"], "--seeds"),
    ] {
        workbench.command(&with(SMALL_MLP, arguments)).exits(2).says(&[says]);
    }
    assert_eq!(workbench.names(), ["wild-s3", "wild-s4"]);
}

#[test]
fn data_are_drawn_with_their_classes() {
    let workbench = Workbench::new();
    let preview = ["data", "preview", "digits", "-n", "8", "--seed", "3"];
    let drawn = workbench.command(&preview).ok().stdout;
    assert!(drawn.is_ascii() && !drawn.contains('\x1b'), "{drawn}");
    assert!(drawn.matches('@').count() > 100, "{drawn}");
    assert!(drawn.lines().all(|line| line.len() <= 80), "{drawn}");
    assert_eq!(drawn, workbench.command(&preview).ok().stdout, "the seed picks");
    let sevens = ["data", "preview", "digits", "--class", "7", "--split", "test", "-n", "6"];
    let sevens = workbench.command(&sevens).ok().stdout;
    let captions: Vec<&str> =
        sevens.split_whitespace().filter(|word| word.chars().all(|c| c.is_ascii_digit())).collect();
    assert_eq!(captions, ["7"; 6], "{sevens}");
    for (arguments, says) in [
        (["--class", "seven"], "there is no class `seven`"),
        (["--split", "valid"], "there are train, test"),
    ] {
        let preview = [&["data", "preview", "digits"][..], &arguments].concat();
        workbench.command(&preview).exits(2).says(&[says]);
    }
    workbench.command(&["data", "preview", "digit"]).exits(2).says(&["did you mean `digits`?"]);
}
