use workbench_experiment::{Binarize, DatasetSource, Every, Length, OptimizerKind, Schedule};

use crate::{FULL, LEAST, good, parse};

fn message(text: &str, overrides: &[&str]) -> String {
    parse(text, overrides).expect_err("the setting is refused").to_string()
}

#[test]
fn a_value_is_toml_or_else_a_bare_string() {
    let overrides = [
        "architecture.plugin=mlp-vae",
        "architecture.path=a=b.bin",
        "architecture.sizes=[400, 200]",
        "dataset.name=binary-mnist",
        "train.optimizer.lr=3e-4",
        "train.optimizer.kind=adamw",
        " train.batch_size = 64 ",
        "input.binarize=\"dynamic\"",
        "knobs.beta={ kind = \"linear\", from = 0.0, to = 1.0, steps = 1000 }",
        "plots.figures=[]",
    ];
    let experiment = good(FULL, &overrides);
    assert_eq!(experiment.architecture.plugin, "mlp-vae");
    assert_eq!(
        experiment.architecture.values,
        toml::toml! { latent = 20  path = "a=b.bin"  sizes = [400, 200] }
    );
    assert_eq!(experiment.dataset.source, DatasetSource::Card { name: "binary-mnist".into() });
    assert_eq!(experiment.train.optimizer.lr, Schedule::Constant(3e-4));
    assert_eq!(experiment.train.optimizer.kind, OptimizerKind::AdamW);
    assert_eq!(experiment.train.batch_size, 64);
    assert_eq!(experiment.input.binarize, Binarize::Dynamic);
    assert_eq!(
        experiment.knobs["beta"],
        Schedule::Linear { from: 0.0, to: 1.0, length: Some(Length::Steps(1000)) }
    );
    assert_eq!(experiment.plots.figures, Vec::<String>::new());
}

#[test]
fn epochs_and_steps_drop_each_other() {
    assert_eq!(good(FULL, &["train.steps=500"]).train.length, Length::Steps(500));
    let in_steps = FULL.replace("epochs = 20", "steps = 10000");
    assert_eq!(good(&in_steps, &["train.epochs=3"]).train.length, Length::Epochs(3));
    assert_eq!(good(FULL, &["checkpoint.every_steps=50"]).checkpoint.every, Every::Steps(50));
    let knob = "[knobs]\nbeta = { kind = \"linear\", from = 0, to = 1, steps = 10 }\n";
    let experiment = good(&format!("{LEAST}{knob}"), &["knobs.beta.epochs=2"]);
    assert_eq!(
        experiment.knobs["beta"],
        Schedule::Linear { from: 0.0, to: 1.0, length: Some(Length::Epochs(2)) }
    );
}

#[test]
fn a_card_and_a_plugin_drop_each_other() {
    let experiment = good(FULL, &["dataset.plugin=waves", "dataset.side=32"]);
    assert_eq!(experiment.dataset.source, DatasetSource::Plugin { plugin: "waves".into() });
    assert_eq!(experiment.dataset.values["side"], toml::Value::Integer(32));
    let text = LEAST.replace("name = \"digits\"", "plugin = \"waves\"");
    let experiment = good(&text, &["dataset.name=digits"]);
    assert_eq!(experiment.dataset.source, DatasetSource::Card { name: "digits".into() });
    // A parameter of an architecture's may have the name.
    let experiment = good(FULL, &["architecture.name=mine"]);
    assert_eq!(experiment.architecture.plugin, "conv-vae");
    // Both in one place is still an error.
    let both = message(LEAST, &["dataset.name=digits", "dataset.plugin=waves"]);
    assert!(both.contains("`name` and `plugin` are both given"), "{both}");
}

#[test]
fn keys_of_plugins_never_drop_each_other() {
    let text = "[dataset]\nname = \"digits\"\nsteps = 1\n[architecture]\nplugin = \"p\"\nepochs = 2\n[knobs]\nsteps = 3\n";
    let experiment = good(text, &["dataset.epochs=4", "architecture.steps=5", "knobs.epochs=6"]);
    assert_eq!(experiment.dataset.values, toml::toml! { steps = 1  epochs = 4 });
    assert_eq!(experiment.architecture.values, toml::toml! { epochs = 2  steps = 5 });
    assert_eq!(experiment.knobs.len(), 2);
}

#[test]
fn a_schedule_of_another_kind_replaces_the_one_in_the_file() {
    let knob = "[knobs]\nbeta = { kind = \"linear\", from = 0, to = 1, steps = 10 }\n";
    let text = format!("{LEAST}{knob}");
    let experiment = good(&text, &["knobs.beta={ kind = \"cosine\", from = 2 }"]);
    assert_eq!(
        experiment.knobs["beta"],
        Schedule::Cosine { from: 2.0, to: 0.0, warmup: None, length: None }
    );
    let experiment = good(&text, &["knobs.beta={ kind = \"linear\", to = 4 }"]);
    assert_eq!(
        experiment.knobs["beta"],
        Schedule::Linear { from: 0.0, to: 4.0, length: Some(Length::Steps(10)) }
    );
    assert_eq!(good(&text, &["knobs.beta=3"]).knobs["beta"], Schedule::Constant(3.0));
    let dotted = ["knobs.beta.kind=cosine", "knobs.beta.from=2"];
    assert_eq!(
        good(LEAST, &dotted).knobs["beta"],
        Schedule::Cosine { from: 2.0, to: 0.0, warmup: None, length: None }
    );
}

#[test]
fn the_last_of_two_settings_wins() {
    assert_eq!(good(FULL, &["seed=1", "seed=2"]).seed, 2);
    assert_eq!(good(FULL, &["train=3", "train.epochs=4"]).train.length, Length::Epochs(4));
}

#[test]
fn mistakes_point_into_the_argument() {
    insta::assert_snapshot!(message(FULL, &["seed=1", "train.epoch=3"]), @r"
    unknown key `epoch` in [train]
      --> command line: train.epoch=3
                              ^^^^^
       = help: did you mean `epochs`?
    ");
    insta::assert_snapshot!(message(FULL, &["train.epochs=three"]), @r#"
    `train.epochs` must be an integer, not the string "three"
      --> command line: train.epochs=three
                                     ^^^^^
    "#);
    insta::assert_snapshot!(message(FULL, &["train.optimizer.lr=-1"]), @r"
    `train.optimizer.lr` must be greater than 0, not -1
      --> command line: train.optimizer.lr=-1
                                           ^^
    ");
    insta::assert_snapshot!(message(FULL, &["train.epochs=3", "train.steps=5"]), @r"
    `epochs` and `steps` are both given in [train]
      --> command line: train.steps=5
                              ^^^^^
       = help: keep one of them
    ");
    insta::assert_snapshot!(message(FULL, &["trian.epochs=3"]), @r"
    unknown table [trian]
      --> command line: trian.epochs=3
                        ^^^^^
       = help: did you mean `train`?
    ");
    insta::assert_snapshot!(message(FULL, &["train=3"]), @r"
    `train` must be a table, as in `[train]`, not 3
      --> command line: train=3
                              ^
    ");
    insta::assert_snapshot!(message(FULL, &["knobs.beta={ kind = \"linear\", from = 0 }"]), @r#"
    [knobs.beta] needs `to`
      --> command line: knobs.beta={ kind = "linear", from = 0 }
                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = help: add `to = …`
    "#);
    insta::assert_snapshot!(message(FULL, &["knobs.beta={ kind = \"linear\", from = 0"]), @r#"
    `knobs.beta` must be a number or a table such as { kind = "linear", from = 0.0, to = 1.0 }, not the string "{ kind = \"linear\", from = 0"
      --> command line: knobs.beta={ kind = "linear", from = 0
                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(message(FULL, &["name=\t..\n/x"]), @r#"
    `name` can't be "..\n/x"
      --> command line: name=    ..\n/x
                                 ^^^^^^
       = help: a name has 1 to 100 of the characters A-Z a-z 0-9 . _ - and starts with neither . nor -
    "#);
}

#[test]
fn malformed_arguments_say_how_to_write_one() {
    insta::assert_snapshot!(message(FULL, &["train.epochs"]), @r"
    a setting needs a key, `=` and a value
      --> command line: train.epochs
                        ^^^^^^^^^^^^
       = help: write it as in `train.epochs=3` or `architecture.plugin=mlp-vae`
    ");
    insta::assert_snapshot!(message(FULL, &[""]), @r"
    a setting needs a key, `=` and a value
      --> command line:
                        ^
       = help: write it as in `train.epochs=3` or `architecture.plugin=mlp-vae`
    ");
    insta::assert_snapshot!(message(FULL, &["=3"]), @r"
    a part of the key is empty
      --> command line: =3
                        ^
       = help: write it as in `train.epochs=3` or `architecture.plugin=mlp-vae`
    ");
    insta::assert_snapshot!(message(FULL, &["train..epochs=3"]), @r"
    a part of the key is empty
      --> command line: train..epochs=3
                              ^
       = help: write it as in `train.epochs=3` or `architecture.plugin=mlp-vae`
    ");
    insta::assert_snapshot!(message(FULL, &["name="]), @r#"
    `name` can't be ""
      --> command line: name=
                             ^
       = help: a name has 1 to 100 of the characters A-Z a-z 0-9 . _ - and starts with neither . nor -
    "#);
    insta::assert_snapshot!(message(FULL, &["extends=base.toml"]), @r"
    `extends` belongs in the experiment file, not on the command line
      --> command line: extends=base.toml
                        ^^^^^^^
    ");
}

#[test]
fn what_is_missing_in_a_table_is_not_blamed_on_an_argument_that_sets_another_key() {
    let text = "[dataset]\nname = \"digits\"\n[architecture]\nlatent = 2\n";
    insta::assert_snapshot!(message(text, &["architecture.latent=3"]), @r"
    [architecture] needs `plugin`
     --> experiments/least.toml:3:1
      |
    3 | [architecture]
      | ^^^^^^^^^^^^^^
      = help: add `plugin = …`
    ");
}

#[test]
fn what_an_argument_set_is_known() {
    let text = "seed = 1\n[dataset]\nname = \"digits\"\n[architecture]\nplugin = \"mlp-vae\"\n\
                [train]\noptimizer = { kind = \"adam\", lr = 1e-3 }\n\
                [knobs]\nbeta = { kind = \"linear\", from = 0.0, to = 1.0, steps = 9 }\ngamma = 2.0\n";
    for (argument, paths) in [
        ("seed=1", &["seed"][..]),
        ("knobs.beta=4", &["knobs.beta", "knobs"]),
        ("knobs.beta.to=2.0", &["knobs.beta", "knobs.beta.to", "knobs"]),
        ("knobs={beta={kind=\"constant\", value=1.0}}", &["knobs.beta", "knobs"]),
        // As it is in the file already.
        ("knobs.gamma=2.0", &["knobs.gamma", "knobs"]),
        ("train.optimizer.kind=adamw", &["train.optimizer", "train"]),
        ("train.optimizer={lr=1e-4}", &["train.optimizer.lr", "train.optimizer", "train"]),
    ] {
        let experiment = good(text, &[argument]);
        for path in [
            "seed",
            "knobs",
            "knobs.beta",
            "knobs.beta.to",
            "knobs.gamma",
            "knobs.other",
            "train",
            "train.optimizer",
            "train.optimizer.lr",
        ] {
            assert_eq!(
                experiment.is_from_argument(path),
                paths.contains(&path),
                "{argument}: {path}"
            );
        }
    }
}
