//! Mistakes, each answered by a message that says what was wrong, where, and what to do; before anything is started.

use insta::assert_snapshot;
use workbench_tests::{SMALL_MLP, Workbench, repository, with};

/// What `train digits-mlp` says to `settings`: exit 2, nothing on stdout, no run.
fn refusal(settings: &[&str]) -> String {
    let workbench = Workbench::new();
    let arguments = [&["train", "digits-mlp", "--headless"], settings].concat();
    said(&workbench, &arguments)
}

/// What it says to an experiment file of this text, with `LINE` put after its line of that heading.
fn refusal_of_file(heading: &str, line: &str) -> String {
    let workbench = Workbench::new();
    let text = std::fs::read_to_string(repository().join("experiments/digits-mlp.toml")).unwrap();
    assert!(text.contains(heading), "{heading}");
    let file = workbench.folder().join("mine.toml");
    std::fs::write(&file, text.replacen(heading, &format!("{heading}\n{line}"), 1)).unwrap();
    said(&workbench, &["train", file.to_str().unwrap(), "--headless"])
}

fn said(workbench: &Workbench, arguments: &[&str]) -> String {
    let ended = workbench.command(arguments).exits(2);
    assert_eq!(ended.stdout, "", "nothing on stdout");
    assert!(workbench.names().is_empty(), "no run is left: {:?}", workbench.names());
    plain(workbench, &ended.stderr)
}

/// From the error on, as cargo may say before it what it builds or waits for; without the paths of this machine.
fn plain(workbench: &Workbench, text: &str) -> String {
    let text = text.find("error: ").map_or(text, |at| &text[at..]);
    let target = workbench_tests::target_folder();
    [(workbench.folder(), "<tmp>"), (&target, "<target>"), (&repository(), "<root>")]
        .iter()
        .fold(text.to_owned(), |text, (path, name)| text.replace(path.to_str().unwrap(), name))
}

#[test]
fn unknown_keys() {
    assert_snapshot!(refusal(&["train.stepz=4"]), @r"
    error: unknown key `stepz` in [train]
      --> command line: train.stepz=4
                              ^^^^^
       = help: did you mean `steps`?
    ");
    assert_snapshot!(refusal(&["architecture.hiden=3"]), @r"
    error: plugin `mlp-vae`: there is no parameter `hiden`
      --> command line: architecture.hiden=3
                                     ^^^^^
       = help: did you mean `hidden`?
    ");
    assert_snapshot!(refusal(&["knobs.gamma=2"]), @r"
    error: architecture `mlp-vae` has no knob `gamma`
      --> command line: knobs.gamma=2
                              ^^^^^
       = help: it has beta
    ");
    assert_snapshot!(refusal_of_file("[train]", "bach_size = 3"), @r"
    error: unknown key `bach_size` in [train]
      --> <tmp>/mine.toml:17:1
       |
    17 | bach_size = 3
       | ^^^^^^^^^
       = help: did you mean `batch_size`?
    ");
    assert_snapshot!(refusal_of_file("[architecture]", "latents = 3"), @r"
    error: plugin `mlp-vae`: there is no parameter `latents`
      --> <tmp>/mine.toml:13:1
       |
    13 | latents = 3
       | ^^^^^^^
       = help: did you mean `latent`?
    ");
    assert_snapshot!(refusal_of_file("[log]", "every = 3"), @r"
    error: unknown key `every` in [log]
      --> <tmp>/mine.toml:26:1
       |
    26 | every = 3
       | ^^^^^
       = help: did you mean `every_steps`?
    ");
}

#[test]
fn wrong_types_and_ranges() {
    assert_snapshot!(refusal(&["train.epochs=foo"]), @r#"
    error: `train.epochs` must be an integer, not the string "foo"
      --> command line: train.epochs=foo
                                     ^^^
    "#);
    assert_snapshot!(refusal(&["architecture.latent=0"]), @r"
    error: plugin `mlp-vae`: `latent` is 0, and must be from 1 to 4096
      --> command line: architecture.latent=0
                                            ^
    ");
    assert_snapshot!(refusal(&["architecture.hidden=x"]), @r#"
    error: plugin `mlp-vae`: `hidden` must be a whole number, and is string `"x"`
      --> command line: architecture.hidden=x
                                            ^
    "#);
    assert_snapshot!(refusal(&["architecture.init=xavier"]), @r#"
    error: plugin `mlp-vae`: `init` is "xavier", and must be "he" or "pytorch"
      --> command line: architecture.init=xavier
                                          ^^^^^^
    "#);
    assert_snapshot!(refusal(&["train.optimizer.lr=-1"]), @r"
    error: `train.optimizer.lr` must be greater than 0, not -1
      --> command line: train.optimizer.lr=-1
                                           ^^
    ");
    assert_snapshot!(refusal(&["train.optimizer.kind=sgdd"]), @r#"
    error: `train.optimizer.kind` can't be "sgdd"
      --> command line: train.optimizer.kind=sgdd
                                             ^^^^
       = help: it is one of "adam", "adamw"
    "#);
    assert_snapshot!(refusal(&["train.validation=1.5"]), @r"
    error: `train.validation` must be less than 1, not 1.5
      --> command line: train.validation=1.5
                                         ^^^
    ");
    assert_snapshot!(refusal(&["train.batch_size=0"]), @r"
    error: `train.batch_size` must be at least 1, not 0
      --> command line: train.batch_size=0
                                         ^
    ");
    assert_snapshot!(refusal(&["train.batch_size=100000"]), @r"
    error: a batch of 100000 is larger than the 8100 items that there are to train on
      --> command line: train.batch_size=100000
                                         ^^^^^^
    ");
    assert_snapshot!(refusal(&["knobs.beta=-1"]), @r"
    error: `beta` is -1, and must stay from 0 to 1000000
      --> command line: knobs.beta=-1
                                   ^^
       = help: Weight of the KL term.
    ");
    assert_snapshot!(refusal(&["device.kind=gpu"]), @r#"
    error: `device.kind` can't be "gpu"
      --> command line: device.kind=gpu
                                    ^^^
       = help: did you mean "cpu"?
    "#);
    assert_snapshot!(refusal(&["input.binarize=maybe"]), @r#"
    error: `input.binarize` can't be "maybe"
      --> command line: input.binarize=maybe
                                       ^^^^^
       = help: it is one of "none", "static", "dynamic"
    "#);
}

#[test]
fn values_in_files_are_shown_with_their_line() {
    assert_snapshot!(refusal_of_file("[train]", "patience = \"long\""), @r#"
    error: `train.patience` must be an integer, not the string "long"
      --> <tmp>/mine.toml:17:12
       |
    17 | patience = "long"
       |            ^^^^^^
    "#);
    assert_snapshot!(refusal_of_file("[checkpoint]", "every_steps = 5"), @r"
    error: `every_steps` and `every_epochs` are both given in [checkpoint]
      --> <tmp>/mine.toml:30:1
       |
    30 | every_epochs = 1
       | ^^^^^^^^^^^^
       = help: keep one of them
    ");
    assert_snapshot!(refusal_of_file("[device]", "threads = = 3"), @r"
    error: not valid TOML: extra `=`, expected nothing
      --> <tmp>/mine.toml:37:11
       |
    37 | threads = = 3
       |           ^
    ");
    assert_snapshot!(refusal_of_file("seed = 7", "seed = 8"), @r"
    error: not valid TOML: duplicate key
     --> <tmp>/mine.toml:8:1
      |
    8 | seed = 8
      | ^^^^
    ");
}

#[test]
fn names_of_what_is_not_there() {
    assert_snapshot!(refusal(&["architecture.plugin=mlp-va"]), @r"
    error: there is no plugin `mlp-va`; did you mean `mlp-vae`? (searched <root>/plugins, <target>/release/plugins, <tmp>/home/workbench/plugins)
      --> command line: architecture.plugin=mlp-va
                                            ^^^^^^
    ");
    assert_snapshot!(refusal(&["architecture.plugin=idx"]), @r"
    error: plugin `idx` has no architecture `idx`; it offers the data set `idx`
      --> command line: architecture.plugin=idx
                                            ^^^
    ");
    assert_snapshot!(refusal(&["dataset.name=digit"]), @r"
    error: there is no data set `digit`; did you mean `digits`?
      --> command line: dataset.name=digit
                                     ^^^^^
    ");
    assert_snapshot!(refusal(&[r#"plots.figures=["los"]"#]), @r#"
    error: there is no figure `los`
      --> command line: plots.figures=["los"]
                                       ^^^^^
       = help: did you mean `loss`?
    "#);
    assert_snapshot!(said(&Workbench::new(), &["train", "digits-mlpp"]), @r"error: there is no experiment file digits-mlpp; did you mean experiments/digits-mlp.toml?");
    assert_snapshot!(said(&Workbench::new(), &["train", "experiments/digit-mlp.toml"]), @r"error: there is no experiment file experiments/digit-mlp.toml; did you mean experiments/digits-mlp.toml?");
    assert_snapshot!(said(&Workbench::new(), &["check", "nothing-like-it"]), @r"error: there is no experiment file nothing-like-it; in experiments/ there are apples-conv, bench-conv28, bench-conv64, bench-mlp28, bench-res64, coloured-shapes-conv, digits-beta, digits-conditional, digits-conv, digits-mlp, emoji-conv, faces-conv, faces-told, fashion-conv, judge-apples, judge-coloured-shapes, judge-digits, judge-emoji, judge-faces, judge-landscapes, judge-moving-digits, judge-solids, landscapes-conv, mnist-conv, moving-digits-conv, shapes-conv, solids-conv");
    assert_snapshot!(said(&Workbench::new(), &["plugin", "show", "conv-va"]), @r"error: there is no plugin `conv-va`; did you mean `conv-vae`? (searched <root>/plugins, <target>/release/plugins, <tmp>/home/workbench/plugins)");
    assert_snapshot!(said(&Workbench::new(), &["data", "show", "digit"]), @r"error: there is no data set `digit`; did you mean `digits`?");
}

#[test]
fn overrides_that_are_none() {
    assert_snapshot!(refusal(&["foo"]), @r"
    error: a setting needs a key, `=` and a value
      --> command line: foo
                        ^^^
       = help: write it as in `train.epochs=3` or `architecture.plugin=mlp-vae`
    ");
    assert_snapshot!(refusal(&["=3"]), @r"
    error: a part of the key is empty
      --> command line: =3
                        ^
       = help: write it as in `train.epochs=3` or `architecture.plugin=mlp-vae`
    ");
    assert_snapshot!(refusal(&["train..epochs=3"]), @r"
    error: a part of the key is empty
      --> command line: train..epochs=3
                              ^
       = help: write it as in `train.epochs=3` or `architecture.plugin=mlp-vae`
    ");
    assert_snapshot!(refusal(&["train=3"]), @r"
    error: `train` must be a table, as in `[train]`, not 3
      --> command line: train=3
                              ^
    ");
    assert_snapshot!(refusal(&["train.epochs.more=3"]), @r"
    error: `train.epochs` must be an integer, not a table
      --> command line: train.epochs.more=3
                              ^^^^^^
    ");
}

#[test]
fn data_that_is_not_there() {
    let workbench = Workbench::new();
    let file = workbench.folder().join("mine.toml");
    let experiment = "name = \"mine\"\n\n[dataset]\nplugin = \"idx\"\nimages = \"nowhere/images.gz\"\ntest_count = 5\n\n\
                      [architecture]\nplugin = \"mlp-vae\"\n\n[train]\nepochs = 1\nbatch_size = 8\n";
    std::fs::write(&file, experiment).unwrap();
    assert_snapshot!(said(&workbench, &["train", file.to_str().unwrap(), "--headless"]), @r"error: plugin `idx`, opening the data set: <root>/nowhere/images.gz: No such file or directory (os error 2) (at workbench/sdk/src/idx.rs:56:5)");
    std::fs::write(&file, experiment.replace("images = \"nowhere/images.gz\"\n", "")).unwrap();
    assert_snapshot!(said(&workbench, &["train", file.to_str().unwrap(), "--headless"]), @r"
    error: plugin `idx`: `images` is missing: Images [N, H, W] or [N, C, H, W], bytes.
     --> <tmp>/mine.toml:3:1
      |
    3 | [dataset]
      | ^^^^^^^^^
    ");
}

#[test]
fn names_of_runs() {
    assert_snapshot!(refusal(&["--name", "../x"]), @r"error: `../x` can't name a run: letters, digits, `.`, `_` and `-`, at most 100, not beginning with `.` or `-`");
    assert_snapshot!(said(&Workbench::new(), &["show", "latest"]), @r"error: there is no run in <tmp>/runs yet; `workbench train EXPERIMENT` makes one");

    let workbench = Workbench::new();
    for name in ["blue", "green"] {
        workbench
            .command(&with(
                SMALL_MLP,
                &["train.steps=2", "plots.figures=[]", "--headless", "--name", name],
            ))
            .ok();
    }
    let before = workbench.names();
    let says = |arguments: &[&str]| {
        let ended = workbench.command(arguments).exits(2);
        assert_eq!(ended.stdout, "");
        plain(&workbench, &ended.stderr)
    };
    assert_snapshot!(says(&["train", "digits-mlp", "--headless", "--name", "blue"]), @r"error: there is a run `blue` already: go on with `workbench resume blue` (or train --or-resume), or take another name");
    assert_snapshot!(says(&["show", "red"]), @r"error: no run in <tmp>/runs matches `red`; there are green, blue");
    assert_snapshot!(says(&["show", "e"]), @r"error: `e` is part of 2 names; write more of one: green, blue");
    assert_snapshot!(says(&["plot", "blue", "los"]), @r"error: there is no figure `los`; did you mean `loss`?");
    assert_snapshot!(says(&["eval", "blue", "--metrics", "fid"]), @r"error: there is no measure `fid`: there are elbo, floor, gradients, kl, kl_aggregate, loss, mutual_information, psnr, read/class, recon, samples/fitted/near_data, samples/fitted/reencoded, samples/prior/near_data, samples/prior/reencoded");
    assert_snapshot!(says(&["eval", "blue", "--split", "tset"]), @r"error: there is no split `tset`: train, valid or test");
    assert_snapshot!(says(&["stop", "blue"]), @r"error: blue is finished: nobody is there to ask");
    assert_snapshot!(says(&["sample", "blue", "-o", "/nowhere/x.png"]), @r"error: /nowhere/x.png could not be written: No such file or directory (os error 2); check that its folder exists and has room");
    assert_snapshot!(says(&["sample", "blue", "--class", "3", "-o", "x.png"]), @r"error: architecture `mlp-vae` is not conditioned on a class: it can't draw one by name");
    assert_eq!(workbench.names(), before);
}

#[test]
fn folders_that_are_no_root() {
    let workbench = Workbench::new();
    let nowhere = workbench.folder().join("nowhere");
    let nowhere = nowhere.to_str().unwrap();
    assert_snapshot!(said(&workbench, &["--root", nowhere, "runs"]), @r"error: <tmp>/nowhere is no root: a root holds plugins/ and experiments/");
}

#[test]
fn a_run_may_not_be_a_file() {
    let workbench = Workbench::new();
    std::fs::write(workbench.runs(), "in the way").unwrap();
    let ended = workbench.command(&["train", "digits-mlp", "--headless", "--name", "one"]).exits(2);
    assert_snapshot!(plain(&workbench, &ended.stderr), @r"error: cannot create the folder <tmp>/runs: File exists (os error 17)");
}

#[test]
fn data_that_are_damaged() {
    let workbench = Workbench::new();
    let digits = repository().join("datasets/digits");
    let folder = tempfile::tempdir().unwrap();
    let images = std::fs::read(digits.join("images-idx3-ubyte.gz")).unwrap();
    std::fs::write(folder.path().join("cut.gz"), &images[..images.len() / 2]).unwrap();
    // An IDX file of three labels, for ten thousand images.
    std::fs::write(folder.path().join("three"), [0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3]).unwrap();
    let with = |images: &std::path::Path, labels: &std::path::Path| {
        let file = folder.path().join("mine.toml");
        let text = format!(
            "[dataset]\nplugin = 'idx'\nimages = '{}'\nlabels = '{}'\ntest_count = 10\n[architecture]\nplugin = 'mlp-vae'\n",
            images.display(),
            labels.display()
        );
        std::fs::write(&file, text).unwrap();
        workbench.command(&["train", file.to_str().unwrap(), "--headless"]).exits(2)
    };
    let (whole, labels) =
        (digits.join("images-idx3-ubyte.gz"), digits.join("labels-idx1-ubyte.gz"));
    with(&folder.path().join("cut.gz"), &labels).says(&[
        "plugin `idx`",
        "cut.gz",
        "truncated or damaged",
    ]);
    with(&whole, &folder.path().join("three")).says(&["plugin `idx`", "3 labels", "10000 images"]);
    assert!(workbench.names().is_empty(), "no run is left behind");
}
