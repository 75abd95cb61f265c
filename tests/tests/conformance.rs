//! `plugin check`: each fault of the plugins in `bad-plugins/` is found by the check that is for it, and nothing else is
//! found in the sound ones and in those that are shipped.

mod terminal;

use std::sync::OnceLock;

use serde_json::Value;
use terminal::Terminal;
use workbench_tests::{Ended, Root, Workbench, repository};

/// A root with the plugins of `bad-plugins/`.
fn root() -> &'static Root {
    static ROOT: OnceLock<Root> = OnceLock::new();
    ROOT.get_or_init(|| {
        let root = Root::new("conformance-root");
        for file in ["Cargo.toml", "src/lib.rs"] {
            root.copy(
                &format!("tests/bad-plugins/architectures/{file}"),
                &format!("plugins/architectures/{file}"),
            );
        }
        root.workspace(&["architectures"]);
        for name in c_plugins().iter().map(String::as_str).chain(["skeleton.h"]) {
            root.copy(&format!("tests/bad-plugins/c/{name}"), &format!("c/{name}"));
        }
        root
    })
}

/// The C files of `bad-plugins/`.
fn c_plugins() -> Vec<String> {
    let entries = std::fs::read_dir(repository().join("tests/bad-plugins/c")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".c")).collect();
    names.sort();
    names
}

fn check(arguments: &[&str]) -> Ended {
    let arguments = [&["plugin", "check", "--json"], arguments].concat();
    Workbench::at(root().path()).command(&arguments)
}

/// Those that failed, each with its words.
fn failed(document: &Value, of: &str) -> Vec<(String, String)> {
    let checks = document["checks"].as_array().unwrap().iter();
    checks
        .filter(|check| check["of"] == of && check["ok"] == false)
        .map(|check| {
            let text = |key: &str| check[key].as_str().unwrap_or_default().to_owned();
            (text("name"), format!("{} = {}", text("message"), text("help")))
        })
        .collect()
}

fn state<'d>(document: &'d Value, of: &str, name: &str) -> &'d str {
    let checks = document["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["of"] == of && check["name"] == name);
    found.and_then(|check| check["state"].as_str()).unwrap_or("missing")
}

/// A C plugin has this one fault, which this check finds and says so.
#[track_caller]
fn found(file: &str, name: &str, words: &[&str]) -> Value {
    let path = format!("c/{file}.c");
    let ended = check(&[&path, "--deadline", "3"]).exits(2);
    let document = ended.json();
    assert_eq!(document["ok"], false);
    let failed = failed(&document, "stripes");
    let [(check, said)] = &failed[..] else { panic!("{file}: {failed:#?}") };
    assert_eq!(check, name, "{file}: {said}");
    for word in words {
        assert!(said.contains(word), "{file}: `{word}` is not said: {said}");
    }
    document
}

#[test]
fn nothing_is_found_in_a_sound_data_set_in_c() {
    let document = check(&["c/sound.c"]).ok().json();
    assert_eq!(document["ok"], true);
    let checks = document["checks"].as_array().unwrap();
    assert!(checks.len() > 14, "{document}");
    assert!(checks.iter().all(|check| check["state"] == "passed"), "{document:#}");
    // For people.
    let shown = Workbench::at(root().path()).command(&["plugin", "check", "c/sound.c"]).ok();
    for word in
        ["data set `stripes`", "✓ out of range", "train 300 items, test 40 items", "18 passed"]
    {
        assert!(shown.stdout.contains(word), "{}", shown.stdout);
    }
}

#[test]
fn faults_of_what_is_declared_are_found() {
    found("wrong-shape", "fields", &["not f32 [8, 8]"]);
    found("no-help", "parameters", &["`side` has no help"]);
    found("default-outside", "parameters", &["`side` is 8", "from 16 to 64"]);
    found("answers-any-split", "splits", &["no-such-split", "10 items"]);
}

#[test]
fn faults_of_what_is_read_are_found() {
    found("not-a-number", "values", &["item 277 of `train`", "NaN (channel 0, row 1, column 2)"]);
    found("too-bright", "values", &["255", "not in 0 to 1"]);
    found("label-out-of-range", "values", &["item 123 of `train`", "`label`: 2", "2 classes"]);
    found("unwritten-label", "written", &["`label` is not written in any item"]);
    found("changes", "repeatable", &["item 5 of `train`", "`image`", "read again"]);
    found("by-place", "repeatable", &["`image`", "order"]);
    found("one-thread-only", "threads", &["eight threads"]);
    found("answers-any-item", "out of range", &["item 300 of `train`, which has 300 items"]);
}

#[test]
fn writes_beside_the_buffers_are_found() {
    let behind = ["behind the buffer of `image`", "32 bytes", "the nearest 1 byte from its end"];
    found("writes-behind", "bounds", &behind);
    let before = ["1 byte before the buffer of `label`", "the nearest 1 byte from its start"];
    found("writes-before", "bounds", &before);
}

#[test]
fn crashes_are_named_by_plugin_and_call_and_the_rest_is_checked_all_the_same() {
    let (reading, alone) = ("reading items 255 to 299 of `train`", "reading item 277 of `train`");
    for (file, words) in [
        ("aborts", ["plugin `stripes` crashed with SIGABRT while", reading]),
        ("segfaults", ["plugin `stripes` crashed with SIGSEGV while", reading]),
        ("exits", ["plugin `stripes` ended the process by `exit` while", reading]),
        ("panics", ["panicked: index out of bounds", alone]),
        ("wordless", ["without saying why", alone]),
        ("endless-read", ["has not returned from", reading]),
    ] {
        let document = found(file, "reading", &words);
        assert_eq!(state(&document, "stripes", "splits"), "passed", "{file}");
        assert_eq!(state(&document, "stripes", "values"), "skipped", "{file}");
        assert_eq!(state(&document, "stripes", "bad values"), "passed", "{file}");
    }
    found("endless-open", "open", &["opening the data set for 3 s", "--deadline"]);
    let crash = ["crashed with SIGSEGV", "reading item 300 of `train`"];
    let document = found("crashes-out-of-range", "out of range", &crash);
    assert_eq!(state(&document, "stripes", "bad values"), "passed");
    found("crashes-at-its-end", "close", &["crashed with SIGSEGV", "closing the data set"]);
    found("crashes-on-a-bad-path", "bad values", &["crashed with SIGABRT", "opening the data set"]);
}

#[test]
fn every_c_plugin_is_tried_by_a_test() {
    let this = include_str!("conformance.rs");
    for name in c_plugins() {
        let name = name.trim_end_matches(".c");
        assert!(
            this.contains(&format!("\"{name}\"")) || name == "sound",
            "{name} is tried by none"
        );
    }
}

#[test]
fn faults_of_architectures_are_found_and_one_that_crashes_does_not_hide_the_others() {
    let source = include_str!("../bad-plugins/architectures/src/lib.rs");
    let place = |fault: &str| {
        let line = source.lines().position(|line| line.ends_with(&format!("// {fault}")));
        format!("plugins/architectures/src/lib.rs:{}", line.expect("the fault is marked") + 1)
    };
    let document = check(&["architectures", "--deadline", "3"]).exits(2).json();
    for (of, name, words) in [
        ("stopped", "gradients", vec!["`stopped.weight`", "gradient is zero", &place("stopped")]),
        ("unused", "gradients", vec!["`spare`", "no loss depends on it", &place("unused")]),
        ("not-a-number", "outputs", vec!["loss `loss` is NaN"]),
        (
            "around",
            "decode",
            vec!["the picture does not depend on port `z`", "the tensor that g.port returns"],
        ),
        ("wrong-shape", "decode", vec!["[1,14,14]", "[1,28,28]"]),
        ("mismatch", "build", vec!["do not broadcast", &place("mismatch")]),
        ("random", "repeatable", vec!["recorded twice", "differs"]),
        ("panics", "build", vec!["build fell over", &place("panics")]),
        (
            "aborts",
            "build",
            vec!["plugin `architectures` crashed with SIGABRT", "building the graph"],
        ),
        ("endless", "build", vec!["has not returned from building the graph for 3 s"]),
        ("small", "bad values", vec!["latent = 0", "panicked", &place("small")]),
        ("falls", "reading", vec!["panicked", "item 77", &place("falls")]),
    ] {
        let failed = failed(&document, of);
        let (check, said) = failed.first().unwrap_or_else(|| panic!("{of}: {document:#}"));
        assert_eq!(check, name, "{of}: {failed:#?}");
        for word in words {
            assert!(said.contains(word), "{of}: `{word}` is not said: {said}");
        }
    }
    for of in ["sound", "choosy", "bare"] {
        assert_eq!(failed(&document, of), [], "{of}");
    }
    assert!(document.to_string().contains("skipped: 3x32x32 says"), "a size may be refused");
    assert_eq!(state(&document, "bare", "outputs"), "warning");
    assert_eq!(state(&document, "bare", "sample"), "skipped");
}

#[test]
fn nothing_is_found_in_the_shipped_plugins() {
    let workbench = Workbench::new();
    for arguments in [
        &["idx", "--data", "digits"][..],
        &["noise"],
        &["plugins/mlp-vae"],
        &["conv-vae"],
        &["beta-vae"],
        &["conditional-vae"],
    ] {
        let arguments = [&["plugin", "check", "--json"], arguments].concat();
        let document = workbench.command(&arguments).ok().json();
        let checks = document["checks"].as_array().unwrap();
        let states = checks.iter().filter(|check| check["state"] == "passed").count();
        assert!(states >= 14 && document["ok"] == true, "{document:#}");
    }
}

#[test]
fn pictures_are_drawn_on_a_terminal() {
    let workbench = Workbench::new();
    let arguments = ["plugin", "check", "idx", "--data", "digits"];
    let mut terminal = Terminal::workbench(&workbench, (100, 60), &arguments);
    terminal.shows(&["▀▀▀", "18 passed"]);
    terminal.ended().exits(0);
}

#[test]
fn a_plugin_that_needs_a_setting_asks_for_it() {
    let workbench = Workbench::new();
    let document = workbench.command(&["plugin", "check", "idx", "--json"]).exits(2).json();
    let failed = failed(&document, "idx");
    let said = &failed[0].1;
    assert_eq!(failed[0].0, "open");
    for word in ["`images`", "images=…", "--data NAME", "digits"] {
        assert!(said.contains(word), "{said}");
    }
    let images = "images=datasets/digits/images-idx3-ubyte.gz";
    workbench.command(&["plugin", "check", "idx", images, "test_count=10"]).ok();
}

#[test]
fn what_can_not_be_checked_is_refused() {
    let workbench = Workbench::at(root().path());
    let check = |arguments: &[&str]| {
        workbench.command(&[&["plugin", "check"], arguments].concat()).exits(2)
    };
    check(&["c/none.c"]).says(&["there is no c/none.c"]);
    check(&["c"]).says(&["c holds no plugin"]);
    check(&["architecture"]).says(&["did you mean `architectures`?"]);
    check(&["c/sound.c", "foldr=x"]).says(&["no parameter `foldr`", "did you mean `folder`?"]);
    check(&["c/sound.c", "--deadline", "0"]).says(&["--deadline"]);
    check(&["c/sound.c", "--data", "none"]).says(&["there is no data set `none`"]);
    let digits = ["plugin", "check", "mlp-vae", "--data", "digits"];
    Workbench::new().command(&digits).exits(2).says(&["reader `idx`", "`mlp-vae` does not offer"]);
    let digits = ["plugin", "check", "noise", "--data", "digits"];
    Workbench::new().command(&digits).exits(2).says(&["reader `idx`", "`noise` does not offer"]);
    root().write("c/broken.txt", "This is no library.\n");
    let ended = check(&["c/broken.txt"]).says(&["fails 1 of 1 checks"]);
    assert!(ended.stdout.contains("is not a dynamic library"), "{}", ended.stdout);
    root()
        .write("broken/broken.c", "#include \"workbench_plugin.h\"\nint twenty = \"twenty\" +;\n");
    let ended = check(&["broken"]);
    assert!(ended.stdout.contains("broken.c:2"), "{}", ended.stdout);
}
