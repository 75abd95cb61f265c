use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;
use workbench_experiment::{Error, Experiment, Length, Schedule};

use crate::{FULL, LEAST};

/// A folder of experiment files.
struct Files(TempDir);

impl Files {
    fn new<const N: usize>(files: [(&str, &str); N]) -> Files {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        Files(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn load(&self, name: &str, overrides: &[&str]) -> Result<Experiment, Error> {
        let overrides: Vec<String> = overrides.iter().map(|text| text.to_string()).collect();
        Experiment::load(&self.path(name), &overrides)
    }

    /// The message without the temporary folder's own path.
    fn message(&self, name: &str) -> String {
        let error = self.load(name, &[]).expect_err("the file is refused");
        error.to_string().replace(&format!("{}/", self.0.path().display()), "")
    }
}

#[test]
fn the_name_is_the_files_where_it_is_left_out() {
    let files = Files::new([("digits.v2.toml", LEAST), ("my digits.toml", LEAST)]);
    assert_eq!(files.load("digits.v2.toml", &[]).expect("valid").name, "digits.v2");
    assert_eq!(files.load("my digits.toml", &["name=x"]).expect("valid").name, "x");
    insta::assert_snapshot!(files.message("my digits.toml"), @r#"
    the experiment needs a `name`: its file's, "my digits", can't be one
      --> my digits.toml
       = help: a name has 1 to 100 of the characters A-Z a-z 0-9 . _ - and starts with neither . nor -
    "#);
}

#[test]
fn the_file_wins_over_what_it_extends_and_tables_merge() {
    let files = Files::new([
        ("base.toml", FULL),
        ("sub/middle.toml", "extends = \"../base.toml\"\n[train]\nsteps = 5\nbatch_size = 8\n"),
        (
            "top.toml",
            "extends = \"sub/middle.toml\"\n[train]\noptimizer.lr = 1.0\nbatch_size = 4\n[dataset]\nname = \"faces\"\n",
        ),
    ]);
    let experiment = files.load("top.toml", &["knobs.beta=2"]).expect("valid");
    assert_eq!(experiment.train.length, Length::Steps(5));
    assert_eq!(experiment.train.batch_size, 4);
    assert_eq!(experiment.train.optimizer.lr, Schedule::Constant(1.0));
    assert_eq!(experiment.knobs["beta"], Schedule::Constant(2.0));
    assert_eq!(experiment.architecture.values, toml::toml! { latent = 20 });
    assert_eq!((experiment.name.as_str(), experiment.seed), ("digits-conv", 7));
    assert!(!experiment.to_toml().contains("extends"));
}

#[test]
fn an_error_points_into_the_file_it_was_written_in() {
    let files = Files::new([
        (
            "base.toml",
            "[architecture]\nplugin = \"conv-vae\"\nlatent = 20\n\n[log]\nevry_steps = 3\n",
        ),
        ("bad.toml", "extends = \"base.toml\"\ndataset.name = \"digits\"\n"),
        (
            "fixed.toml",
            "extends = \"sound.toml\"\ndataset.name = \"digits\"\n[architecture]\nhidden = 1\n",
        ),
        ("sound.toml", "[architecture]\nplugin = \"conv-vae\"\nlatent = 20\n"),
    ]);
    insta::assert_snapshot!(files.message("bad.toml"), @r"
    unknown key `evry_steps` in [log]
     --> base.toml:6:1
      |
    6 | evry_steps = 3
      | ^^^^^^^^^^
      = help: did you mean `every_steps`?
    ");
    let experiment = files.load("fixed.toml", &["architecture.gain=2"]).expect("valid");
    let blamed = ["latent", "hidden", "gain", "missing"].map(|key| {
        let error = experiment.blame(&format!("architecture.{key}"), "wrong", None);
        error.to_string().replace(&format!("{}/", files.0.path().display()), "")
    });
    insta::assert_snapshot!(blamed.join("\n\n"), @r"
    wrong
     --> sound.toml:3:10
      |
    3 | latent = 20
      |          ^^

    wrong
     --> fixed.toml:4:10
      |
    4 | hidden = 1
      |          ^

    wrong
      --> command line: architecture.gain=2
                                          ^

    wrong
     --> fixed.toml:3:1
      |
    3 | [architecture]
      | ^^^^^^^^^^^^^^
    ");
}

#[test]
fn chains_of_files_end() {
    let link = |index: usize| format!("extends = \"{}.toml\"\n", index + 1);
    let texts: Vec<(String, String)> =
        (0..10).map(|index| (format!("{index}.toml"), link(index))).collect();
    let files = Files::new([
        ("10.toml", LEAST),
        ("a.toml", "extends = \"sub/../b.toml\"\n"),
        ("b.toml", "extends = \"a.toml\"\n"),
        ("sub/x", ""),
    ]);
    for (name, text) in &texts {
        fs::write(files.path(name), text).expect("a file");
    }
    files.load("2.toml", &[]).expect("eight files may be extended");
    insta::assert_snapshot!(files.message("1.toml"), @r#"
    more than 8 files extend each other
     --> 9.toml:1:11
      |
    1 | extends = "10.toml"
      |           ^^^^^^^^^
      = help: merge some of them
    "#);
    insta::assert_snapshot!(files.message("a.toml"), @r#"
    `extends` goes in a circle: a.toml → sub/../b.toml → sub/../a.toml
     --> sub/../b.toml:1:11
      |
    1 | extends = "a.toml"
      |           ^^^^^^^^
    "#);
}

#[test]
fn what_can_not_be_extended_is_shown_at_its_line() {
    let files = Files::new([
        ("missing.toml", "seed = 1\nextends = \"nowhere.toml\"\n"),
        ("itself.toml", "extends = \"itself.toml\"\n"),
        ("list.toml", "extends = [\"a.toml\"]\n"),
        ("broken.toml", "extends = \"syntax.toml\"\n"),
        ("syntax.toml", "seed = 1\nseed = \n"),
    ]);
    for (name, start) in [
        ("missing.toml", "cannot read nowhere.toml: "),
        (
            "itself.toml",
            "`extends` goes in a circle: itself.toml → itself.toml\n --> itself.toml:1:11\n",
        ),
        ("list.toml", "`extends` must be the path of a file, not an array\n --> list.toml:1:11\n"),
        ("broken.toml", "not valid TOML: "),
    ] {
        let message = files.message(name);
        assert!(message.starts_with(start), "{message}");
    }
    assert!(files.message("missing.toml").contains(" --> missing.toml:2:11\n"));
    assert!(files.message("broken.toml").contains(" --> syntax.toml:2:"));
    let error = Experiment::parse("e.toml", "extends = \"base.toml\"\n", &[])
        .expect_err("no file to be relative to");
    insta::assert_snapshot!(error, @r#"
    `extends` needs an experiment that is a file: its path is relative to it
     --> e.toml:1:11
      |
    1 | extends = "base.toml"
      |           ^^^^^^^^^^^
    "#);
}

#[test]
fn what_is_no_experiment_file_is_refused_unread() {
    let files = Files::new([
        ("large.toml", &"#".repeat((1 << 20) + 1)),
        ("fits.toml", &format!("{LEAST}{}", "#".repeat(1 << 19))),
    ]);
    insta::assert_snapshot!(files.message("large.toml"), @r"
    large.toml is too large for an experiment
       = help: an experiment file has at most 1 MiB; is this the right file?
    ");
    files.load("fits.toml", &[]).expect("valid");
    assert!(files.message("nowhere.toml").starts_with("cannot read nowhere.toml: "));
    assert!(files.message("").starts_with("cannot read "), "a folder");
    fs::write(files.path("latin.toml"), b"seed = 1\n# caf\xe9\n").expect("a file");
    insta::assert_snapshot!(files.message("latin.toml"), @r"
    not a text file: this byte is not UTF-8
     --> latin.toml:2:6
      |
    2 | # caf�
      |      ^
      = help: save the file as UTF-8
    ");
}
