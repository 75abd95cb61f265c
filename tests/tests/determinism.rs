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
