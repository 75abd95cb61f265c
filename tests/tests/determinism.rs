//! The same seed gives the same weights and the same curves.

use workbench_tests::{SMALL_CONV, SMALL_MLP, Workbench, records, with};

#[test]
fn the_same_seed_gives_the_same_weights_and_records() {
    for experiment in [SMALL_MLP, SMALL_CONV] {
        let [first, second, other] =
            [("a", "seed=3"), ("b", "seed=3"), ("c", "seed=4")].map(|(name, seed)| {
                let workbench = Workbench::new();
                let more = [
                    seed,
                    "train.steps=30",
                    "input.binarize=dynamic",
                    "--headless",
                    "--name",
                    name,
                ];
                workbench.command(&with(experiment, &more)).ok();
                (workbench.run(name).weights(), records(&workbench, name))
            });
        assert!(first.0 == second.0, "{experiment:?}: equal seeds, other weights");
        assert_eq!(first.1, second.1, "{experiment:?}");
        assert!(first.1.len() > 10, "{:?}", first.1);
        assert!(first.0 != other.0, "{experiment:?}: another seed, the same weights");
    }
}

#[test]
fn an_average_of_the_weights_is_what_is_measured_and_not_what_is_trained() {
    let workbench = Workbench::new();
    let train = |name: &str, ema: &str| {
        let more = ["train.steps=60", ema, "--headless", "--json", "--name", name];
        let ended = workbench.command(&with(SMALL_MLP, &more)).ok();
        let metrics = ended.lines().pop().unwrap()["metrics"].clone();
        (workbench.run(name).weights(), metrics["test/loss"].as_f64().unwrap())
    };
    let (raw, raw_loss) = train("raw", "train.ema=0");
    let (averaged, averaged_loss) = train("averaged", "train.ema=0.9");
    assert!(raw == averaged, "the average changes what is trained");
    assert!(raw_loss != averaged_loss, "the average is not measured: {raw_loss}");
    let evaluated = workbench.command(&["eval", "averaged", "--json"]).ok().json();
    assert_eq!(evaluated["metrics"]["loss"].as_f64(), Some(averaged_loss), "{evaluated}");

    // On and off by forks, each of which says what becomes of the average.
    let fork = |from: &str, ema: &str, name: &str| {
        let more = ["fork", from, ema, "train.steps=80", "--headless", "--name", name];
        let said = workbench.command(&more).ok();
        let metrics = workbench.command(&["show", name, "--json"]).ok().json();
        assert_eq!(metrics["state"], "finished");
        said.stdout + &said.stderr
    };
    let on = fork("raw", "train.ema=0.9", "on");
    assert!(on.contains("begins with the parent's weights"), "{on}");
    let off = fork("averaged", "train.ema=0", "off");
    assert!(off.contains("is dropped"), "{off}");
    fork("averaged", "train.ema=0.99", "longer");
    let names = ["on", "off", "longer"].map(|name| workbench.run(name).weights());
    assert!(names[0] == names[1] && names[1] == names[2], "other weights");
}
