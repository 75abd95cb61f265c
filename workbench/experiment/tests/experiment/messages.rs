use crate::{FULL, LEAST, good, parse, refused};

fn message(text: &str) -> String {
    parse(text, &[]).expect_err("the experiment is refused").to_string()
}

#[test]
fn unknown_keys() {
    insta::assert_snapshot!(refused("[train]\nepoch = 20\n"), @r"
    unknown key `epoch` in [train]
     --> experiments/least.toml:6:1
      |
    6 | epoch = 20
      | ^^^^^
      = help: did you mean `epochs`?
    ");
    insta::assert_snapshot!(refused("[train]\nmomentum = 0.9\n"), @r"
    unknown key `momentum` in [train]
     --> experiments/least.toml:6:1
      |
    6 | momentum = 0.9
      | ^^^^^^^^
      = help: known here: `epochs`, `steps`, `batch_size`, `optimizer`, `validation`, `clip_norm`, `ema`, `patience`, `monitor`
    ");
    insta::assert_snapshot!(refused("[trian]\nepochs = 20\n"), @r"
    unknown table [trian]
     --> experiments/least.toml:5:2
      |
    5 | [trian]
      |  ^^^^^
      = help: did you mean `train`?
    ");
    insta::assert_snapshot!(message(&format!("sede = 3\n{LEAST}")), @r"
    unknown key `sede` outside of any table
     --> experiments/least.toml:1:1
      |
    1 | sede = 3
      | ^^^^
      = help: did you mean `seed`?
    ");
    insta::assert_snapshot!(refused("[train]\noptimizer = { kind = \"adam\", learning_rate = 1e-3 }\n"), @r#"
    unknown key `learning_rate` in [train.optimizer]
     --> experiments/least.toml:6:30
      |
    6 | optimizer = { kind = "adam", learning_rate = 1e-3 }
      |                              ^^^^^^^^^^^^^
      = help: known here: `kind`, `lr`, `beta1`, `beta2`, `eps`, `weight_decay`
    "#);
    insta::assert_snapshot!(refused("[knobs]\nbeta = { kind = \"linear\", from = 0, to = 1, stepz = 4 }\n"), @r#"
    unknown key `stepz` in [knobs.beta]
     --> experiments/least.toml:6:45
      |
    6 | beta = { kind = "linear", from = 0, to = 1, stepz = 4 }
      |                                             ^^^^^
      = help: did you mean `steps`?
    "#);
    insta::assert_snapshot!(refused("[log]\nevery_epochs = 3\n"), @r"
    unknown key `every_epochs` in [log]
     --> experiments/least.toml:6:1
      |
    6 | every_epochs = 3
      | ^^^^^^^^^^^^
      = help: known here: `every_steps`
    ");
    insta::assert_snapshot!(refused("[device]\nthread = 3\nkinds = \"cpu\"\n"), @r"
    unknown key `thread` in [device]
     --> experiments/least.toml:6:1
      |
    6 | thread = 3
      | ^^^^^^
      = help: did you mean `threads`?
    ");
}

#[test]
fn wrong_types() {
    insta::assert_snapshot!(refused("[train]\nepochs = \"20\"\n"), @r#"
    `train.epochs` must be an integer, not the string "20"
     --> experiments/least.toml:6:10
      |
    6 | epochs = "20"
      |          ^^^^
    "#);
    insta::assert_snapshot!(refused("[train]\nbatch_size = 1.5\n"), @r"
    `train.batch_size` must be an integer, not 1.5
     --> experiments/least.toml:6:14
      |
    6 | batch_size = 1.5
      |              ^^^
    ");
    insta::assert_snapshot!(refused("[train]\nvalidation = 2026-01-02\n"), @r"
    `train.validation` must be a number, not the date 2026-01-02
     --> experiments/least.toml:6:14
      |
    6 | validation = 2026-01-02
      |              ^^^^^^^^^^
    ");
    insta::assert_snapshot!(refused("[knobs]\nbeta = \"one\"\n"), @r#"
    `knobs.beta` must be a number or a table such as { kind = "linear", from = 0.0, to = 1.0 }, not the string "one"
     --> experiments/least.toml:6:8
      |
    6 | beta = "one"
      |        ^^^^^
    "#);
    insta::assert_snapshot!(refused("[plots]\nfigures = [\"loss\", 3]\n"), @r#"
    `plots.figures.1` must be a string, not 3
     --> experiments/least.toml:6:20
      |
    6 | figures = ["loss", 3]
      |                    ^
    "#);
    insta::assert_snapshot!(refused("[plots]\nfigures = \"loss\"\n"), @r#"
    `plots.figures` must be an array of strings, not the string "loss"
     --> experiments/least.toml:6:11
      |
    6 | figures = "loss"
      |           ^^^^^^
    "#);
    insta::assert_snapshot!(refused("[[log]]\nevery_steps = 3\n"), @r"
    `log` must be a table, as in `[log]`, not an array
     --> experiments/least.toml:5:1
      |
    5 | [[log]]
      | ^^^^^^^
    ");
    insta::assert_snapshot!(message("[dataset]\nname = true\n"), @r"
    `dataset.name` must be a string, not true
     --> experiments/least.toml:2:8
      |
    2 | name = true
      |        ^^^^
    ");
}

#[test]
fn values_out_of_range() {
    insta::assert_snapshot!(refused("[train]\nepochs = 0\n"), @r"
    `train.epochs` must be at least 1, not 0
     --> experiments/least.toml:6:10
      |
    6 | epochs = 0
      |          ^
    ");
    insta::assert_snapshot!(refused("[train]\nsteps = -3\n"), @r"
    `train.steps` must be at least 1, not -3
     --> experiments/least.toml:6:9
      |
    6 | steps = -3
      |         ^^
    ");
    insta::assert_snapshot!(refused("[train]\nepochs = 9223372036854775807\n"), @r"
    `train.epochs` must be at most 1000000000, not 9223372036854775807
     --> experiments/least.toml:6:10
      |
    6 | epochs = 9223372036854775807
      |          ^^^^^^^^^^^^^^^^^^^
    ");
    insta::assert_snapshot!(refused("[train]\nepochs = 99999999999999999999999999999999999999999999\n"), @r"
    this number is too large
     --> experiments/least.toml:6:10
      |
    6 | epochs = 99999999999999999999999999999999999999999999
      |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    ");
    insta::assert_snapshot!(refused("[train]\nvalidation = 1\n"), @r"
    `train.validation` must be less than 1, not 1
     --> experiments/least.toml:6:14
      |
    6 | validation = 1
      |              ^
    ");
    insta::assert_snapshot!(refused("[train]\nclip_norm = 0\n"), @r"
    `train.clip_norm` must be greater than 0, not 0
     --> experiments/least.toml:6:13
      |
    6 | clip_norm = 0
      |             ^
    ");
    insta::assert_snapshot!(refused("[train]\noptimizer = { lr = 0 }\n"), @r"
    `train.optimizer.lr` must be greater than 0, not 0
     --> experiments/least.toml:6:20
      |
    6 | optimizer = { lr = 0 }
      |                    ^
    ");
    insta::assert_snapshot!(refused("[train]\noptimizer = { lr = nan }\n"), @r"
    `train.optimizer.lr` must be finite, not nan
     --> experiments/least.toml:6:20
      |
    6 | optimizer = { lr = nan }
      |                    ^^^
    ");
    insta::assert_snapshot!(refused("[train]\noptimizer = { lr = 1e999 }\n"), @r"
    this number is too large
     --> experiments/least.toml:6:20
      |
    6 | optimizer = { lr = 1e999 }
      |                    ^^^^^
    ");
}

#[test]
fn every_range_has_both_its_ends_checked() {
    for (lines, start) in [
        ("[train]\nbatch_size = 0", "`train.batch_size` must be at least 1, not 0"),
        (
            "[train]\nbatch_size = 99999999999",
            "`train.batch_size` must be at most 16777216, not 99999999999",
        ),
        ("[train]\nema = 1", "`train.ema` must be less than 1, not 1"),
        ("[train]\npatience = 0", "`train.patience` must be at least 1"),
        ("[train]\nvalidation = -0.1", "`train.validation` must be at least 0"),
        ("[input]\nread_deadline = 0", "`input.read_deadline` must be at least 0.01"),
        ("[input]\nread_deadline = 1e9", "`input.read_deadline` must be at most 2592000"),
        ("[input]\nshift = 65537", "`input.shift` must be at most 65536, not 65537"),
        ("[input]\nreaders = 257", "`input.readers` must be at most 256, not 257"),
        ("[input]\nmemory_mb = -1", "`input.memory_mb` must be at least 0, not -1"),
        ("[input]\ncrop = [24, 0]", "`input.crop.1` must be at least 1, not 0"),
        ("[train]\nclip_norm = inf", "`train.clip_norm` must be finite, not inf"),
        ("[train]\noptimizer.beta1 = 1.0", "`train.optimizer.beta1` must be less than 1, not 1.0"),
        ("[train]\noptimizer.beta2 = -1", "`train.optimizer.beta2` must be at least 0, not -1"),
        ("[train]\noptimizer.eps = 0.0", "`train.optimizer.eps` must be greater than 0, not 0.0"),
        (
            "[train]\noptimizer.weight_decay = -1e-4",
            "`train.optimizer.weight_decay` must be at least 0, not -0.0001",
        ),
        ("[log]\nevery_steps = 0", "`log.every_steps` must be at least 1, not 0"),
        ("[checkpoint]\nkeep = 0", "`checkpoint.keep` must be at least 1, not 0"),
        ("[checkpoint]\nevery_epochs = 0", "`checkpoint.every_epochs` must be at least 1, not 0"),
        ("[plots]\nevery_epochs = 0", "`plots.every_epochs` must be at least 1, not 0"),
        ("[device]\nthreads = -1", "`device.threads` must be at least 0, not -1"),
    ] {
        let message = refused(lines);
        assert!(message.starts_with(start) && message.contains("least.toml:6:"), "{message}");
    }
    assert!(
        message(&format!("seed = -1\n{LEAST}")).starts_with("`seed` must be at least 0, not -1\n")
    );
}

#[test]
fn words_that_are_not_among_the_choices() {
    insta::assert_snapshot!(refused("[input]\nbinarize = \"statc\"\n"), @r#"
    `input.binarize` can't be "statc"
     --> experiments/least.toml:6:12
      |
    6 | binarize = "statc"
      |            ^^^^^^^
      = help: did you mean "static"?
    "#);
    insta::assert_snapshot!(refused("[input]\nflip = \"sideways\"\n"), @r#"
    `input.flip` can't be "sideways"
     --> experiments/least.toml:6:8
      |
    6 | flip = "sideways"
      |        ^^^^^^^^^^
      = help: it is one of "none", "horizontal", "vertical", "both"
    "#);
    insta::assert_snapshot!(refused("[input]\ndequantize = \"yes\"\n"), @r#"
    `input.dequantize` must be true or false, not the string "yes"
     --> experiments/least.toml:6:14
      |
    6 | dequantize = "yes"
      |              ^^^^^
    "#);
    insta::assert_snapshot!(refused("[input]\ncrop = [24]\n"), @r#"
    `input.crop` has 1 number, and is a height and a width
     --> experiments/least.toml:6:8
      |
    6 | crop = [24]
      |        ^^^^
      = help: such as crop = [24, 24]
    "#);
    insta::assert_snapshot!(refused("[input]\ndequantize = true\nbinarize = \"static\"\n"), @r#"
    `input.dequantize` and `input.binarize` exclude each other: pixels are numbers, or 0 and 1
     --> experiments/least.toml:6:14
      |
    6 | dequantize = true
      |              ^^^^
      = help: keep one of the two
    "#);
    insta::assert_snapshot!(refused("[device]\nkind = \"tpu\"\n"), @r#"
    `device.kind` can't be "tpu"
     --> experiments/least.toml:6:8
      |
    6 | kind = "tpu"
      |        ^^^^^
      = help: did you mean "cpu"?
    "#);
    insta::assert_snapshot!(refused("[train]\noptimizer.kind = \"sgd\"\n"), @r#"
    `train.optimizer.kind` can't be "sgd"
     --> experiments/least.toml:6:18
      |
    6 | optimizer.kind = "sgd"
      |                  ^^^^^
      = help: it is one of "adam", "adamw"
    "#);
    insta::assert_snapshot!(refused("[train]\nmonitor = \"test/loss\"\n"), @r#"
    `train.monitor` can't be "test/loss"
     --> experiments/least.toml:6:11
      |
    6 | monitor = "test/loss"
      |           ^^^^^^^^^^^
      = help: it is the tag of a validation curve, such as "valid/loss" or "valid/elbo"
    "#);
}

#[test]
fn keys_that_exclude_each_other() {
    insta::assert_snapshot!(refused("[train]\nsteps = 100\nepochs = 20\n"), @r"
    `steps` and `epochs` are both given in [train]
     --> experiments/least.toml:7:1
      |
    7 | epochs = 20
      | ^^^^^^
      = help: keep one of them
    ");
    insta::assert_snapshot!(refused("[checkpoint]\nevery_epochs = 1\nevery_steps = 9\n"), @r"
    `every_epochs` and `every_steps` are both given in [checkpoint]
     --> experiments/least.toml:7:1
      |
    7 | every_steps = 9
      | ^^^^^^^^^^^
      = help: keep one of them
    ");
    insta::assert_snapshot!(message("[dataset]\nname = \"digits\"\nplugin = \"idx\"\n[architecture]\nplugin = \"p\"\n"), @r#"
    `name` and `plugin` are both given in [dataset]
     --> experiments/least.toml:3:1
      |
    3 | plugin = "idx"
      | ^^^^^^
      = help: keep one of them
    "#);
}

#[test]
fn what_is_required() {
    insta::assert_snapshot!(message(""), @r"
    [dataset] needs `name` or `plugin`
      --> experiments/least.toml
       = help: add the table [dataset] with `name = …` or `plugin = …`
    ");
    insta::assert_snapshot!(message("[dataset]\nnam = \"digits\"\n[architecture]\nplugin = \"p\"\n"), @r"
    [dataset] needs `name` or `plugin`
     --> experiments/least.toml:1:1
      |
    1 | [dataset]
      | ^^^^^^^^^
      = help: is `nam` meant to be `name`?
    ");
    insta::assert_snapshot!(message("[dataset]\nname = \"digits\"\n[architecture]\nplugn = \"mlp-vae\"\nlatent = 2\n"), @r"
    [architecture] needs `plugin`
     --> experiments/least.toml:3:1
      |
    3 | [architecture]
      | ^^^^^^^^^^^^^^
      = help: is `plugn` meant to be `plugin`?
    ");
    insta::assert_snapshot!(message("[dataset]\nname = \"digits\"\n"), @r"
    [architecture] needs `plugin`
      --> experiments/least.toml
       = help: add the table [architecture] with `plugin = …`
    ");
}

#[test]
fn names_that_play_tricks() {
    insta::assert_snapshot!(message(&format!("name = \"../../etc\"\n{LEAST}")), @r#"
    `name` can't be "../../etc"
     --> experiments/least.toml:1:8
      |
    1 | name = "../../etc"
      |        ^^^^^^^^^^^
      = help: a name has 1 to 100 of the characters A-Z a-z 0-9 . _ - and starts with neither . nor -
    "#);
    for name in
        ["", ".hidden", "-flag", "a/b", "a b", "é", "a\\\\b", "nul\\u0000", &"x".repeat(101)]
    {
        let message = message(&format!("name = \"{name}\"\n{LEAST}"));
        assert!(
            message.starts_with("`name` can't be \"") && message.contains("least.toml:1:8\n"),
            "{message}"
        );
    }
    assert_eq!(good(&format!("name = \"{}\"\n{LEAST}", "x".repeat(100)), &[]).name.len(), 100);
    assert!(message("[dataset]\nname = \"../digits\"\n").starts_with("`dataset.name` can't be"));
    assert!(
        message("[dataset]\nplugin = \"/lib/x.so\"\n").starts_with("`dataset.plugin` can't be")
    );
}

#[test]
fn schedules_that_make_no_sense() {
    insta::assert_snapshot!(refused("[knobs]\nbeta = { kind = \"linear\", from = 0 }\n"), @r#"
    [knobs.beta] needs `to`
     --> experiments/least.toml:6:8
      |
    6 | beta = { kind = "linear", from = 0 }
      |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = help: add `to = …`
    "#);
    insta::assert_snapshot!(refused("[knobs]\nbeta = { from = 0, to = 1 }\n"), @r"
    [knobs.beta] needs `kind`
     --> experiments/least.toml:6:8
      |
    6 | beta = { from = 0, to = 1 }
      |        ^^^^^^^^^^^^^^^^^^^^
      = help: add `kind = …`
    ");
    insta::assert_snapshot!(refused("[knobs]\nbeta = { kind = \"line\", from = 0, to = 1 }\n"), @r#"
    `knobs.beta.kind` can't be "line"
     --> experiments/least.toml:6:17
      |
    6 | beta = { kind = "line", from = 0, to = 1 }
      |                 ^^^^^^
      = help: did you mean "linear"?
    "#);
    insta::assert_snapshot!(refused("[knobs]\nbeta = { kind = \"linear\", from = 0, to = 1, steps = 0 }\n"), @r#"
    `knobs.beta.steps` must be at least 1, not 0
     --> experiments/least.toml:6:53
      |
    6 | beta = { kind = "linear", from = 0, to = 1, steps = 0 }
      |                                                     ^
    "#);
    insta::assert_snapshot!(refused("[knobs]\nbeta = { kind = \"linear\", from = 0, to = 1, steps = 2, epochs = 1 }\n"), @r#"
    `steps` and `epochs` are both given in [knobs.beta]
     --> experiments/least.toml:6:56
      |
    6 | beta = { kind = "linear", from = 0, to = 1, steps = 2, epochs = 1 }
      |                                                        ^^^^^^
      = help: keep one of them
    "#);
    insta::assert_snapshot!(refused("[knobs]\nbeta = { kind = \"cosine\", from = 1, warmup_steps = 9, steps = 9 }\n"), @r#"
    the warm-up fills all of `knobs.beta`
     --> experiments/least.toml:6:8
      |
    6 | beta = { kind = "cosine", from = 1, warmup_steps = 9, steps = 9 }
      |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = help: its length counts the warm-up too
    "#);
    insta::assert_snapshot!(refused("[knobs]\nbeta = { kind = \"cyclic\", from = 0, to = 1, ratio = 0 }\n"), @r#"
    `knobs.beta.ratio` must be greater than 0, not 0
     --> experiments/least.toml:6:53
      |
    6 | beta = { kind = "cyclic", from = 0, to = 1, ratio = 0 }
      |                                                     ^
    "#);
    insta::assert_snapshot!(refused("[knobs]\nbeta = { kind = \"step\", from = 1, factor = 0.5 }\n"), @r#"
    `knobs.beta` doesn't say when it steps
     --> experiments/least.toml:6:8
      |
    6 | beta = { kind = "step", from = 1, factor = 0.5 }
      |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = help: add `at = [steps]`, `at_epochs = [epochs]`, `every_steps` or `every_epochs`
    "#);
    insta::assert_snapshot!(refused("[knobs]\nbeta = { kind = \"step\", from = 1, factor = 0.5, at = [5, 5] }\n"), @r#"
    `knobs.beta.at` must be a list of ascending numbers, with one at least
     --> experiments/least.toml:6:54
      |
    6 | beta = { kind = "step", from = 1, factor = 0.5, at = [5, 5] }
      |                                                      ^^^^^^
    "#);
    insta::assert_snapshot!(refused("[knobs]\nbeta = { kind = \"step\", from = 1, factor = 2, every_steps = 5 }\n"), @r#"
    `knobs.beta` grows beyond 1e30
     --> experiments/least.toml:6:8
      |
    6 | beta = { kind = "step", from = 1, factor = 2, every_steps = 5 }
      |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(refused("[train]\noptimizer.lr = { kind = \"linear\", from = 0, to = 0 }\n"), @r#"
    `train.optimizer.lr` is 0 throughout
     --> experiments/least.toml:6:16
      |
    6 | optimizer.lr = { kind = "linear", from = 0, to = 0 }
      |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = help: give it a value above 0
    "#);
    insta::assert_snapshot!(refused("[train]\noptimizer.lr = { kind = \"linear\", from = 1, to = -1e-9 }\n"), @r#"
    `train.optimizer.lr.to` must be at least 0, not -1e-9
     --> experiments/least.toml:6:50
      |
    6 | optimizer.lr = { kind = "linear", from = 1, to = -1e-9 }
      |                                                  ^^^^^
    "#);
}

#[test]
fn what_is_not_toml() {
    insta::assert_snapshot!(refused("[train]\nepochs = \n"), @r"
    not valid TOML: a value is missing after `=`
     --> experiments/least.toml:6:10
      |
    6 | epochs =
      |          ^
    ");
    insta::assert_snapshot!(refused("[train\nepochs = 3"), @r"
    not valid TOML: unclosed table, expected `]`
     --> experiments/least.toml:5:7
      |
    5 | [train
      |       ^
    ");
    insta::assert_snapshot!(refused("[train]\nmonitor = \"valid/loss\n"), @r#"
    not valid TOML: invalid basic string, expected `"`
     --> experiments/least.toml:6:22
      |
    6 | monitor = "valid/loss
      |                      ^
    "#);
    insta::assert_snapshot!(refused("[train]\nepochs = 1\nepochs = 2\n"), @r"
    not valid TOML: duplicate key
     --> experiments/least.toml:7:1
      |
    7 | epochs = 2
      | ^^^^^^
    ");
    insta::assert_snapshot!(refused("[plots]\nfigures = [\"loss\""), @r#"
    not valid TOML: unclosed array, expected `]`
     --> experiments/least.toml:6:18
      |
    6 | figures = ["loss"
      |                  ^
    "#);
    insta::assert_snapshot!(refused(&format!("a = {}", "[".repeat(100))), @r"
    tables and arrays nest more than 64 levels deep here
     --> experiments/least.toml:5:69
      |
    5 | a = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
      |                                                                     ^
    ");
}

#[test]
fn the_caret_stands_right_in_files_of_any_make() {
    insta::assert_snapshot!(refused("[knobs]\r\n\"β\" = 1\r\n\t\"größe\" = [1]\r\n"), @r#"
    `knobs.größe` must be a number or a table such as { kind = "linear", from = 0.0, to = 1.0 }, not an array
     --> experiments/least.toml:7:12
      |
    7 |     "größe" = [1]
      |               ^^^
    "#);
    insta::assert_snapshot!(message("\u{feff}sede = 3"), @r"
    unknown key `sede` outside of any table
     --> experiments/least.toml:1:1
      |
    1 | sede = 3
      | ^^^^
      = help: did you mean `seed`?
    ");
}

#[test]
fn blame_points_at_values_keys_headers_and_files() {
    let experiment = good(FULL, &["knobs.gamma=3"]);
    let help = Some("it is at least 1".to_owned());
    insta::assert_snapshot!(experiment.blame("architecture.latent", "`latent` is too small", help), @r"
    `latent` is too small
     --> experiments/least.toml:9:10
      |
    9 | latent = 20
      |          ^^
      = help: it is at least 1
    ");
    insta::assert_snapshot!(experiment.blame_key("architecture.latent", "unknown parameter", None), @r"
    unknown parameter
     --> experiments/least.toml:9:1
      |
    9 | latent = 20
      | ^^^^^^
    ");
    insta::assert_snapshot!(experiment.blame_key("knobs.gamma", "unknown knob", None), @r"
    unknown knob
      --> command line: knobs.gamma=3
                              ^^^^^
    ");
    insta::assert_snapshot!(experiment.blame("plots.figures.2", "no such figure", None), @r#"
    no such figure
      --> experiments/least.toml:39:30
       |
    39 | figures = ["loss", "latent", "reconstructions", "samples"]
       |                              ^^^^^^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(experiment.blame("train.optimizer.eps", "too small", None), @r#"
    too small
      --> experiments/least.toml:14:13
       |
    14 | optimizer = { kind = "adam", lr = 1e-3 }
       |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(experiment.blame_key("architecture.hidden", "needed", None), @r"
    needed
     --> experiments/least.toml:7:1
      |
    7 | [architecture]
      | ^^^^^^^^^^^^^^
    ");
    insta::assert_snapshot!(experiment.blame("nothing.here", "missing", None), @r"
    missing
      --> experiments/least.toml
    ");
    assert_eq!(experiment.blame("architecture.latent", "", None).line(), Some(9));
    assert_eq!(experiment.blame("knobs.gamma", "", None).line(), None);
    assert_eq!(experiment.blame("nothing", "m", None).line(), None);
    assert_eq!(experiment.blame("nothing", "m", None).message(), "m");
}
