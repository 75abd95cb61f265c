use workbench_experiment::{
    Binarize, DatasetSource, DeviceKind, Every, Flip, Length, Milestones, OnBadItem, OptimizerKind,
    Schedule,
};

use crate::{FULL, LEAST, good};

#[test]
fn the_example_is_read() {
    let experiment = good(FULL, &[]);
    assert_eq!((experiment.name.as_str(), experiment.seed), ("digits-conv", 7));
    assert_eq!(experiment.dataset.source, DatasetSource::Card { name: "digits".into() });
    assert!(experiment.dataset.values.is_empty());
    assert_eq!(experiment.architecture.plugin, "conv-vae");
    assert_eq!(experiment.architecture.values, toml::toml! { latent = 20 });
    assert_eq!(experiment.knobs["beta"], Schedule::Constant(1.0));
}

#[test]
fn the_example_says_the_defaults() {
    let (full, least) = (good(FULL, &[]), good(LEAST, &[]));
    assert_eq!((least.name.as_str(), least.seed), ("least", 0));
    assert_eq!(full.train, least.train);
    assert_eq!(full.input, least.input);
    assert_eq!(full.log, least.log);
    assert_eq!(full.checkpoint, least.checkpoint);
    assert_eq!(full.plots, least.plots);
    assert_eq!(full.device, least.device);

    assert_eq!(least.train.length, Length::Epochs(20));
    assert_eq!(least.train.batch_size, 128);
    assert_eq!((least.train.validation, least.train.clip, least.train.patience), (0.1, None, None));
    assert_eq!(least.train.monitor, "valid/loss");
    let optimizer = &least.train.optimizer;
    assert_eq!((optimizer.kind, &optimizer.lr), (OptimizerKind::Adam, &Schedule::Constant(1e-3)));
    assert_eq!(
        (optimizer.beta1, optimizer.beta2, optimizer.eps, optimizer.weight_decay),
        (0.9, 0.999, 1e-8, 0.0)
    );
    assert_eq!((least.input.binarize, least.input.on_bad_item), (Binarize::None, OnBadItem::Stop));
    assert_eq!(least.input.read_deadline, std::time::Duration::from_secs(300));
    assert_eq!((least.input.flip, least.input.shift, least.input.crop), (Flip::None, 0, None));
    assert_eq!((least.input.dequantize, least.input.memory_mb, least.input.readers), (false, 0, 0));
    assert_eq!((least.checkpoint.every, least.checkpoint.keep), (Every::Epochs(1), 3));
    assert_eq!((least.device.kind, least.device.threads), (DeviceKind::Cpu, 0));
}

#[test]
fn what_is_seen_of_an_image_is_read() {
    let lines = "[input]\ndequantize = true\nflip = \"both\"\nshift = 2\ncrop = [24, 20]\nmemory_mb = 500\nreaders = 3\n";
    let input = good(&format!("{LEAST}{lines}"), &[]).input;
    assert!(input.dequantize && input.flip.is_horizontal() && input.flip.is_vertical());
    assert_eq!((input.shift, input.crop), (2, Some([24, 20])));
    assert_eq!((input.memory_mb, input.readers), (500, 3));
}

#[test]
fn a_plugin_reads_without_a_card_and_keeps_its_own_keys() {
    let text = "[dataset]\nplugin = \"image-folder\"\npath = \"../faces\"\nsize = [32, 32]\nsteps = 1\nepochs = 2\n\
                [architecture]\nplugin = \"mlp-vae\"\nblocks = { hidden = 400 }\n";
    let experiment = good(text, &[]);
    assert_eq!(experiment.dataset.source, DatasetSource::Plugin { plugin: "image-folder".into() });
    assert_eq!(
        experiment.dataset.values,
        toml::toml! { path = "../faces"  size = [32, 32]  steps = 1  epochs = 2 }
    );
    assert_eq!(experiment.architecture.values, toml::toml! { blocks = { hidden = 400 } });
}

#[test]
fn every_kind_of_schedule_is_read() {
    let lines = r#"
        [knobs]
        a = 4
        b = { kind = "constant", value = 0.5 }
        c = { kind = "linear", from = 0, to = 1.0, steps = 1000 }
        d = { kind = "cosine", from = 1.0 }
        e = { kind = "cosine", from = 1.0, to = 0.1, warmup_epochs = 1, epochs = 5 }
        f = { kind = "cyclic", from = 0.0, to = 1.0, epochs = 5 }
        g = { kind = "step", from = 1.0, factor = 0.1, at = [10, 20] }
        h = { kind = "step", from = -1.0, factor = 0.1, every_epochs = 3 }
        [knobs.i]
        kind = "step"
        from = 1.0
        factor = 2
        at_epochs = [1]
    "#;
    let knobs = good(&format!("{LEAST}{lines}"), &[]).knobs;
    let expected = [
        ("a", Schedule::Constant(4.0)),
        ("b", Schedule::Constant(0.5)),
        ("c", Schedule::Linear { from: 0.0, to: 1.0, length: Some(Length::Steps(1000)) }),
        ("d", Schedule::Cosine { from: 1.0, to: 0.0, warmup: None, length: None }),
        (
            "e",
            Schedule::Cosine {
                from: 1.0,
                to: 0.1,
                warmup: Some(Length::Epochs(1)),
                length: Some(Length::Epochs(5)),
            },
        ),
        ("f", Schedule::Cyclic { from: 0.0, to: 1.0, period: Some(Length::Epochs(5)), ratio: 0.5 }),
        ("g", Schedule::Step { from: 1.0, factor: 0.1, when: Milestones::AtSteps(vec![10, 20]) }),
        (
            "h",
            Schedule::Step { from: -1.0, factor: 0.1, when: Milestones::Every(Every::Epochs(3)) },
        ),
        ("i", Schedule::Step { from: 1.0, factor: 2.0, when: Milestones::AtEpochs(vec![1]) }),
    ];
    assert_eq!(
        knobs,
        expected.into_iter().map(|(name, schedule)| (name.to_owned(), schedule)).collect()
    );
}

#[test]
fn line_ends_a_byte_order_mark_and_a_missing_newline_change_nothing() {
    let plain = good(FULL, &[]);
    assert_eq!(plain, good(&FULL.replace('\n', "\r\n"), &[]));
    assert_eq!(plain, good(&format!("\u{feff}{FULL}"), &[]));
    assert_eq!(plain, good(FULL.trim_end(), &[]));
    assert_eq!(plain, good(&FULL.replace("kind = \"cpu\"", "\tkind\t=\t\"cpu\""), &[]));
    assert_ne!(plain, good(FULL, &["seed=8"]));
}

#[test]
fn any_seed_of_64_bits_is_read() {
    let experiment = good(&format!("seed = {}\n{LEAST}", u64::MAX), &[]);
    assert_eq!(experiment.seed, u64::MAX);
    assert_eq!(good(LEAST, &["seed=0xff"]).seed, 255);
}

#[test]
fn experiments_and_errors_go_between_threads() {
    fn check<T: Send + Sync + 'static>() {}
    check::<workbench_experiment::Experiment>();
    check::<workbench_experiment::Error>();
}
