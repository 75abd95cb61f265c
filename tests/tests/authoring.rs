//! From nothing to a plugin that trains: `plugin new`, plugins/README.md, and `plugin build`.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use workbench_tests::{Ended, Root, Signal, Workbench, repository, workbench_binary};

/// A copy of this repository, to begin plugins in.
fn copy() -> &'static Root {
    static ROOT: OnceLock<Root> = OnceLock::new();
    ROOT.get_or_init(|| Root::of_repository("authoring-root"))
}

/// What a folder holds, hidden files too, by name.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Builds without a warning, is checked, and trains; the losses of its steps fall.
fn trains(root: &Root, name: &str) {
    let workbench = Workbench::at(root.path());
    let built = workbench.command(&["plugin", "build", name]).ok();
    assert!(!built.stderr.contains("warning"), "{}", built.stderr);
    workbench.command(&["plugin", "check", name]).ok();
    workbench.command(&["check", name]).ok();
    let settings = ["train.steps=30", "log.every_steps=1", "plots.figures=[]", "device.threads=1"];
    let arguments = [&["train", name, "--headless", "--json", "--name", "one"], &settings[..]];
    let ended = workbench.command(&arguments.concat()).ok();
    let losses: Vec<f64> =
        ended.lines().iter().filter_map(|line| line["metrics"]["train/loss"].as_f64()).collect();
    assert_eq!(losses.len(), 30, "{losses:?}");
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    assert!(mean(&losses[20..]) < 0.9 * mean(&losses[..5]), "{name}: {losses:?}");
}

#[test]
fn a_new_plugin_of_each_kind_trains_as_it_stands() {
    let root = copy();
    let workbench = Workbench::at(root.path());
    let members = || fs::read_to_string(root.path().join("Cargo.toml")).unwrap();
    for (name, arguments, files) in [
        ("fresh-data", &["dataset", "fresh-data"][..], ["Cargo.toml", "src/lib.rs"]),
        ("fresh-vae", &["architecture", "fresh-vae"], ["Cargo.toml", "src/lib.rs"]),
        ("fresh-c", &["dataset", "fresh-c", "--lang", "c"], ["Makefile", "fresh-c.c"]),
    ] {
        let ended = workbench.command(&[&["plugin", "new"], arguments].concat()).ok();
        let [first, second] = files.map(|file| format!("plugins/{name}/{file}"));
        for file in [&first, &second, &format!("experiments/{name}.toml")] {
            assert!(ended.stdout.contains(&format!("{file}\n")), "{}", ended.stdout);
            assert!(root.path().join(file).is_file(), "{file}");
        }
        assert!(ended.stdout.contains(&format!("workbench train {name}")), "{}", ended.stdout);
        let is_member = members().contains(&format!("\n    \"plugins/{name}\",\n"));
        assert_eq!(is_member, files[0] == "Cargo.toml", "{}", members());
        trains(root, name);
    }
    // They stand beside the others, and nothing else was touched.
    let before = fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    let mut after = members();
    for name in ["fresh-data", "fresh-vae"] {
        after = after.replace(&format!("    \"plugins/{name}\",\n"), "");
    }
    // The guide's plugins are members of the same copy.
    for name in ["discs", "small-vae"] {
        after = after.replace(&format!("    \"plugins/{name}\",\n"), "");
    }
    assert_eq!(after, before);

    // Its pictures can be seen, and it takes the place of an experiment's card.
    for name in ["fresh-data", "fresh-c"] {
        let drawn = workbench.command(&["data", "preview", name, "-n", "4"]).ok();
        assert!(drawn.stdout.lines().count() > 4, "{}", drawn.stdout);
    }
    let checked = workbench.command(&["check", "digits-mlp", "dataset.plugin=fresh-c"]).ok();
    assert!(checked.stdout.contains("fresh-c"), "{}", checked.stdout);

    // An edit builds that plugin and no other.
    let source = root.path().join("plugins/fresh-data/src/lib.rs");
    let text = fs::read_to_string(&source).unwrap();
    fs::write(&source, text.replace("\"upper left\"", "\"on top, left\"")).unwrap();
    let ended = workbench
        .command(&["train", "fresh-data", "--headless", "train.steps=1", "plots.figures=[]"])
        .ok();
    let compiled: Vec<_> =
        ended.stderr.lines().filter(|line| line.contains("Compiling ")).collect();
    assert_eq!(compiled.len(), 1, "{}", ended.stderr);
    assert!(compiled[0].contains("Compiling fresh-data"), "{}", ended.stderr);
}

#[test]
fn what_can_not_be_begun_is_refused_and_leaves_nothing() {
    let root = Root::new("refused-root");
    root.workspace(&["mlp-vae"]);
    root.copy_plugin("mlp-vae");
    root.write("experiments/tried.toml", "[dataset]\n");
    root.write(
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"serde\"\nversion = \"1.0.0\"\nsource = \"x\"\n",
    );
    let workbench = Workbench::at(root.path());
    let state = || {
        let read = |name: &str| fs::read_to_string(root.path().join(name)).unwrap();
        let folders = ["", "plugins", "experiments"].map(|name| names(&root.path().join(name)));
        (folders, read("Cargo.toml"))
    };
    let refused = |arguments: &[&str], words: &[&str]| {
        let before = state();
        let ended = workbench.command(&[&["plugin", "new"], arguments].concat()).exits(2);
        ended.says(words);
        assert_eq!(state(), before, "{arguments:?}");
    };
    refused(
        &["dataset", "My_Data"],
        &["lower-case letters, digits and single hyphens", "`my-data`"],
    );
    refused(&["dataset", "../evil"], &["lower-case letters"]);
    refused(&["dataset", "fn"], &["`fn`", "a word of Rust's"]);
    refused(&["architecture", "mlp-vae"], &["plugin `mlp-vae` is there already"]);
    refused(&["architecture", "mlpvae"], &["too near to the plugin `mlp-vae`"]);
    refused(&["dataset", "tried"], &["experiment `tried` is there already"]);
    refused(&["dataset", "serde"], &["uses a crate `serde`"]);
    refused(&["architecture", "mine", "--lang", "c"], &["--lang c is for data sets"]);
    refused(&["picture", "mine"], &["picture", "dataset", "architecture"]);
    // What the workspace lacks is shown as it is to be written.
    let whole = state().1;
    for (part, words) in [
        ("[profile.plugin]", "has no [profile.plugin]"),
        ("workbench-sdk = ", "has no [workspace.dependencies.workbench-sdk]"),
    ] {
        root.write("Cargo.toml", &whole.replace(part, &part.replace(['p', 'w'], "x")));
        refused(&["dataset", "mine"], &[words, "inherits = \"release\""]);
    }
    root.write("Cargo.toml", "[workspace\n");
    refused(&["dataset", "mine"], &["Cargo.toml", "1"]);
    // Outside of any root there is no place for it.
    let nowhere = workbench.folder().join("nowhere");
    fs::create_dir(&nowhere).unwrap();
    let ended = Workbench::at(&nowhere).command(&["plugin", "new", "dataset", "mine"]).exits(2);
    ended.says(&["plugins/ and experiments/", "--root DIR", "plugins/README.md"]);
    assert!(names(&nowhere).is_empty());
}

#[test]
fn c_needs_no_workspace() {
    let root = Root::new("bare-root");
    for left in ["plugins/bare", "experiments"] {
        let _ = fs::remove_dir_all(root.path().join(left));
    }
    fs::create_dir(root.path().join("experiments")).unwrap();
    let workbench = Workbench::at(root.path());
    let refused = workbench.command(&["plugin", "new", "dataset", "bare"]).exits(2);
    refused.says(&["Cargo.toml is not there", "[workspace.dependencies]", "--lang c"]);
    let ended =
        workbench.command(&["plugin", "new", "dataset", "bare", "--lang", "c", "--json"]).ok();
    // No architecture is here: that is told, not found out.
    let ended = ended.says(&["warning: ", "`mlp-vae`, which is not here"]);
    let json = ended.json();
    assert_eq!((&json["name"], &json["changed"]), (&"bare".into(), &serde_json::Value::Null));
    assert_eq!(json["written"].as_array().unwrap().len(), 3);
    workbench.command(&["plugin", "build", "bare"]).ok();
    // By hand, make finds the header that the workbench wrote, and the library that it built.
    let folder = root.path().join("plugins/bare");
    let made = std::process::Command::new("make").current_dir(&folder).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    assert!(String::from_utf8_lossy(&made.stdout).contains("up to date"), "{made:?}");
    assert_eq!(names(&folder), ["Makefile", "bare.c"]);
}

/// The files that plugins/README.md shows: a path in backticks and a colon, then the fence.
fn shown() -> Vec<(String, String)> {
    let guide = fs::read_to_string(repository().join("plugins/README.md")).unwrap();
    let mut shown = Vec::new();
    let mut lines = guide.lines();
    while let Some(line) = lines.next() {
        let path = line.strip_prefix('`').and_then(|line| line.strip_suffix("`:"));
        let Some(path) = path.filter(|path| path.contains('/') && !path.contains(' ')) else {
            continue;
        };
        assert_eq!(lines.next(), Some(""), "{path}");
        assert!(lines.next().is_some_and(|fence| fence.starts_with("```")), "{path} is not shown");
        let text: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
        shown.push((path.to_owned(), text.join("\n") + "\n"));
    }
    shown
}

#[test]
fn the_guides_plugins_are_as_short_as_it_says_and_train() {
    let root = copy();
    let files = shown();
    let lines = |path: &str| {
        let text = &files.iter().find(|(name, _)| name == path).expect(path).1;
        text.lines().count()
    };
    assert!(lines("plugins/discs/src/lib.rs") <= 30);
    assert!(lines("plugins/small-vae/src/lib.rs") <= 40);
    assert!(lines("plugins/stripes/stripes.c") <= 80);
    for (path, text) in &files {
        root.write(path, text);
    }
    let mut experiments: Vec<&str> = Vec::new();
    for (path, _) in &files {
        let name = path.strip_prefix("experiments/").and_then(|path| path.strip_suffix(".toml"));
        experiments.extend(name);
        let Some(member) = path.strip_suffix("/Cargo.toml") else { continue };
        add_member(root, member);
    }
    assert_eq!(experiments, ["discs", "small-vae", "stripes"]);
    for name in experiments {
        trains(root, name);
    }
}

/// As the guide says to: one line more among the members.
fn add_member(root: &Root, member: &str) {
    // `plugin new` of another test holds the same lock while it does likewise.
    let lock = fs::File::open(root.path().join("plugins")).unwrap();
    lock.lock().unwrap();
    let text = fs::read_to_string(root.path().join("Cargo.toml")).unwrap();
    let first = "    \"plugins/idx\",\n";
    let more = format!("    \"{member}\",\n{first}");
    assert!(text.contains(first));
    let aside = root.path().join("Cargo.toml.aside");
    fs::write(&aside, text.replace(first, &more)).unwrap();
    fs::rename(aside, root.path().join("Cargo.toml")).unwrap();
}

#[test]
fn a_compilers_words_are_shown_once_as_it_prints_them() {
    let root = Root::new("words-root");
    root.workspace(&["broken"]);
    for file in ["Cargo.toml", "src/lib.rs"] {
        root.copy(&format!("tests/fixtures/broken/{file}"), &format!("plugins/broken/{file}"));
    }
    root.write(
        "plugins/worse/worse.c",
        "#include \"workbench_plugin.h\"\nint twenty = \"twenty\" +;\n",
    );
    let workbench = Workbench::at(root.path());
    let once = |ended: &Ended, words: &str| {
        assert_eq!(ended.stderr.matches(words).count(), 1, "`{words}` in:\n{}", ended.stderr);
    };
    for command in ["build", "show"] {
        let ended = workbench.command(&["plugin", command, "broken"]).exits(2);
        once(&ended, "error[E0308]: mismatched types\n  --> plugins/broken/src/lib.rs:12");
        once(&ended, "error: plugin `broken` does not build");
        // Colours are for terminals.
        assert!(!ended.stderr.contains('\x1b'));
    }
    // One that does not build keeps no other from being built.
    let ended = workbench.command(&["plugin", "build"]).exits(2);
    once(&ended, "plugin `broken` does not build");
    once(&ended, "plugin `worse` does not build");
    once(&ended, "worse.c:2");
}

/// All that a command writes to a terminal.
fn on_a_terminal(root: &Root, arguments: &[&str]) -> String {
    let pair = native_pty_system().openpty(PtySize::default()).unwrap();
    let mut command = CommandBuilder::new(workbench_binary());
    command.args(arguments);
    command.cwd(root.path());
    command.env("CARGO_NET_OFFLINE", "true");
    command.env_remove("NO_COLOR");
    let mut reader = pair.master.try_clone_reader().unwrap();
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut bytes = Vec::new();
    // Linux ends the reading of a terminal that nobody holds any more with an error.
    let _ = reader.read_to_end(&mut bytes);
    child.wait().unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn on_a_terminal_a_compilers_words_keep_their_colours() {
    let root = Root::new("colours-root");
    root.workspace(&["broken"]);
    for file in ["Cargo.toml", "src/lib.rs"] {
        root.copy(&format!("tests/fixtures/broken/{file}"), &format!("plugins/broken/{file}"));
    }
    root.write("plugins/worse/worse.c", "int twenty = \"twenty\" +;\n");
    root.write("plugins/worst/Makefile", "$(LIBRARY):\n\t$(CC) -c worst.c\n");
    root.write("plugins/worst/worst.c", "int twenty = \"twenty\" +;\n");
    for (plugin, words) in
        [("broken", "mismatched types"), ("worse", "worse.c:1:"), ("worst", "worst.c:1:")]
    {
        for command in ["build", "show"] {
            let said = on_a_terminal(&root, &["plugin", command, plugin]);
            let line = said.lines().find(|line| line.contains(words));
            assert!(line.is_some_and(|line| line.contains("\x1b[")), "{said}");
        }
    }
}

#[test]
fn watching_builds_at_each_save_until_it_is_interrupted() {
    let root = Root::new("watched-root");
    let good = fs::read_to_string(repository().join("workbench/abi/examples/gradient.c")).unwrap();
    root.write("plugins/watched/watched.c", &good);
    let workbench = Workbench::at(root.path());
    let mut watching = workbench.start(&["plugin", "build", "watched", "--watch", "--json"]);
    let mut said = |what: &str| {
        watching.until(what, |line| {
            assert_eq!(line["name"], "watched");
            Some((line["ok"].as_bool()?, line["error"].to_string()))
        })
    };
    assert!(said("the first build").0);
    root.write("plugins/watched/watched.c", &format!("{good}\nint twenty = ;\n"));
    let (ok, error) = said("a build that fails");
    assert!(!ok && error.contains("watched.c:") && error.contains("twenty"), "{error}");
    // One that builds and is no plugin is as bad.
    root.write("plugins/watched/watched.c", "int twenty = 20;\n");
    let (ok, error) = said("a library that is no plugin");
    assert!(!ok && error.contains("wb_plugin_v1"), "{error}");
    root.write("plugins/watched/watched.c", &good);
    assert!(said("the last build").0);
    watching.signal(Signal::INT);
    watching.ended().ok();
}
