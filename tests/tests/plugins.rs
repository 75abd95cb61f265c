//! Plugins that are at fault: each is named, with its line where it has one, and the workbench goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use workbench_tests::{Ended, Root, Workbench, repository};

const FAULTY: &str = include_str!("../fixtures/faulty/src/lib.rs");

/// A root with the faulty plugin, one that does not compile, a C data set, and the shipped architectures.
fn root() -> &'static Root {
    static ROOT: OnceLock<Root> = OnceLock::new();
    ROOT.get_or_init(|| {
        let root = Root::new("faulty-root");
        for plugin in ["faulty", "broken"] {
            for file in ["Cargo.toml", "src/lib.rs"] {
                root.copy(&format!("tests/fixtures/{plugin}/{file}"), &format!("plugins/{plugin}/{file}"));
            }
        }
        for plugin in ["mlp-vae", "conv-vae"] {
            root.copy_plugin(plugin);
        }
        // A file beside the folders is no plugin.
        root.write("plugins/README.md", "About these plugins.\n");
        root.copy("workbench/abi/examples/gradient.c", "plugins/gradient/gradient.c");
        root.workspace(&["faulty", "broken", "mlp-vae", "conv-vae"]);
        for (name, data, architecture) in [
            ("faulty", "faulty", "faulty"),
            ("broken", "faulty", "broken"),
            ("gradient-mlp", "gradient", "mlp-vae"),
            ("gradient-conv", "gradient", "conv-vae"),
        ] {
            root.write(
                &format!("experiments/{name}.toml"),
                &format!(
                    "name = \"{name}\"\n\n[dataset]\nplugin = \"{data}\"\n\n[architecture]\nplugin = \"{architecture}\"\n\n\
                     [train]\nsteps = 20\nbatch_size = 16\noptimizer = {{ kind = \"adam\", lr = 1e-3 }}\n\n\
                     [log]\nevery_steps = 5\n\n[plots]\nfigures = []\n\n[device]\nthreads = 1\n"
                ),
            );
        }
        root
    })
}

/// `train faulty` in that root, with settings over it.
fn train(settings: &[&str]) -> (Workbench, Ended) {
    let workbench = Workbench::at(root().path());
    let arguments = [&["train", "faulty", "--headless", "--name", "one"], settings].concat();
    let ended = workbench.command(&arguments);
    (workbench, ended)
}

/// `plugins/faulty/src/lib.rs:LINE` of the line that ends with this comment.
fn place(fault: &str) -> String {
    let marked = format!("// {fault}");
    let line = FAULTY.lines().position(|line| line.ends_with(&marked));
    format!("plugins/faulty/src/lib.rs:{}", line.expect("the fault is marked") + 1)
}

/// A fault that shows before anything is started.
#[track_caller]
fn refused(settings: &[&str], words: &[&str]) {
    let (workbench, ended) = train(settings);
    ended.exits(2).says(&[&["error: ", "faulty"], words].concat());
    assert!(workbench.names().is_empty(), "no run is left behind");
}

/// A fault of one item: it shows when that item is read, which may be before the run is made or after.
#[track_caller]
fn refused_or_failed(settings: &[&str], words: &[&str]) {
    let (workbench, ended) = train(settings);
    match ended.code() {
        Some(2) => assert!(workbench.names().is_empty(), "no run is left behind"),
        Some(1) => {
            let run = workbench.run("one");
            assert_eq!(run.state(), "failed", "status.json names the fault");
            let error = run.status().unwrap()["error"].to_string();
            for word in words {
                assert!(error.contains(word), "`{word}` is not in status.json's error: {error}");
            }
            let shown = workbench.command(&["show", "one"]).ok().stdout;
            assert!(shown.contains("failed") && shown.contains("faulty"), "{shown}");
        }
        _ => panic!("`{}` ended with {}:\n{}", ended.shown, ended.status, ended.stderr),
    }
    ended.says(&[&["error: ", "faulty"], words].concat());
}

#[test]
fn the_plugin_without_its_faults_trains() {
    let (workbench, ended) = train(&[]);
    ended.ok();
    assert_eq!(workbench.run("one").state(), "finished");
}

#[test]
fn faults_in_open_are_named() {
    refused(&["dataset.fault=panic in open"], &["open fell over", &place("panic in open")]);
    refused(&["dataset.fault=error in open"], &["the disk is not there", &place("error in open")]);
    refused(
        &["dataset.fault=undeclared parameter"],
        &["colour", "PARAMS", &place("undeclared parameter")],
    );
}

#[test]
fn a_backtrace_is_shown_where_it_is_asked_for() {
    let workbench = Workbench::at(root().path()).with("RUST_BACKTRACE", Path::new("1"));
    let ended = workbench.command(&["check", "faulty", "dataset.fault=panic in open"]).exits(2);
    let ended = ended.says(&["INFO panicked: open fell over\n   0: ", "rust_begin_unwind"]);
    // The error itself stays as short as ever.
    let error = ended.stderr.split("error: ").last().unwrap();
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.contains(&place("panic in open")), "{error}");
}

#[test]
fn faults_in_read_are_named() {
    refused_or_failed(
        &["dataset.fault=panic in read"],
        &["reading item 77 of `train`", "read fell over", &place("panic in read")],
    );
    refused_or_failed(
        &["dataset.fault=error in read"],
        &["reading item 77 of `train`: item 77 is damaged", &place("error in read")],
    );
}

#[test]
fn bad_items_are_named() {
    refused_or_failed(&["dataset.fault=not a number", "train.epochs=2"], &["77"]);
    refused_or_failed(&["dataset.fault=label", "train.epochs=2"], &["77", "label"]);
}

#[test]
fn bad_items_can_be_skipped() {
    for fault in ["panic in read", "error in read", "not a number", "label"] {
        let fault = format!("dataset.fault={fault}");
        let (workbench, ended) = train(&[&fault, "input.on_bad_item=skip", "train.epochs=2"]);
        let said = ended.ok().stdout;
        assert!(said.contains("skipped item 77"), "{said}");
        let status = workbench.run("one").status().unwrap();
        assert_eq!((&status["state"], &status["skipped"]), (&"finished".into(), &1.into()));
        let shown = workbench.command(&["show", "one"]).ok().stdout;
        assert!(shown.contains("1 item was left out: skipped item 77 of `train`"), "{shown}");
        assert_eq!(workbench.command(&["show", "one", "--json"]).ok().json()["skipped"], 1);
    }
    // Nothing is left.
    let (_, ended) =
        train(&["dataset.fault=error in every read", "input.on_bad_item=skip", "train.epochs=2"]);
    ended.exits(1).says(&["all 128 items of `train` were skipped", "item 0", "no disk"]);
}

#[test]
fn a_loss_that_is_not_finite_is_traced_to_the_plugins_line() {
    let (workbench, ended) = train(&[
        "architecture.fault=division by zero",
        "checkpoint.every_steps=5",
        "checkpoint.keep=100",
        "train.steps=40",
    ]);
    let words = [
        "training diverged",
        "`loss` is not finite at step 13",
        "the first value that is not finite is that of `div`",
        &place("division by zero"),
        "smaller learning rate",
    ];
    ended.exits(3).says(&words);
    let run = workbench.run("one");
    assert_eq!(run.state(), "diverged");
    // Epochs are of eight steps; the newest finite state is the newest that was asked for.
    assert_eq!(run.checkpoints().last().unwrap(), "step-00000010");
    let shown = workbench.command(&["show", "one"]).ok().stdout;
    for word in &words[1..] {
        assert!(shown.contains(word), "`{word}` is not shown: {shown}");
    }
    // What is kept is whole: it can be measured.
    workbench.command(&["eval", "one"]).ok();
}

#[test]
fn faults_in_build_are_named() {
    refused(&["architecture.fault=panic in build"], &["build fell over", &place("panic in build")]);
    refused(
        &["architecture.fault=shapes"],
        &["add", "[B,1,8,8]", "[B,2]", "broadcast", &place("shapes")],
    );
    refused(&["architecture.fault=undeclared knob"], &["gamma", &place("undeclared knob")]);
    refused(
        &["architecture.fault=undeclared parameter"],
        &["depth", "PARAMS", &place("undeclared parameter of build")],
    );
    refused(&["architecture.fault=no loss"], &["loss"]);
}

#[test]
fn what_can_be_drawn_is_drawn_and_the_rest_is_told_of() {
    const FIGURES: [&str; 7] =
        ["interpolation", "kl", "latent", "loss", "reconstructions", "samples", "traversal"];
    let around =
        "the picture does not depend on port `z`: go on with the tensor that g.port returns";
    let no_posterior = "the architecture marks no posterior (g.posterior)";
    let no_port = "the architecture marks no port `z` (g.port)";
    for (fault, why, drawn, asked) in [
        ("around the port", around, &["kl", "latent", "loss", "reconstructions"][..], "samples"),
        ("no posterior", no_posterior, &["loss", "samples"], "reconstructions"),
        ("no posterior", no_posterior, &["loss", "samples"], "latent"),
        ("no port", no_port, &["kl", "latent", "loss"], "traversal"),
        ("none", "", &FIGURES, ""),
    ] {
        let fault = format!("architecture.fault={fault}");
        let settings = [&fault, "train.steps=8", &format!("plots.figures={FIGURES:?}")];
        let (workbench, ended) = train(&settings);
        let ended = ended.ok();
        let run = workbench.run("one");
        let mut names: Vec<String> = fs::read_dir(run.path().join("plots"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let wanted: Vec<String> = drawn.iter().map(|name| format!("{name}.png")).collect();
        assert_eq!(names, wanted, "{fault}: {}", ended.stderr);
        let told = ended.stdout.lines().filter(|line| line.contains("not drawn: "));
        let told: Vec<&str> = told.collect();
        if why.is_empty() {
            assert_eq!(told, Vec::<&str>::new(), "nothing is lacking");
            continue;
        }
        assert!(told.len() == 1 && told[0].contains(why), "{fault}: {}", ended.stdout);
        assert!(!ended.stderr.contains("figure `"), "it is told once: {}", ended.stderr);
        workbench.command(&["plot", "one", asked]).exits(2).says(&[why, asked]);
        let checked = workbench.command(&[&["check", "faulty"], &settings[..]].concat()).ok();
        assert!(checked.stderr.contains(why), "{fault}: {}", checked.stderr);
    }
}

#[test]
fn a_plugin_that_does_not_compile_is_answered_in_rustcs_words() {
    let workbench = Workbench::at(root().path());
    let ended = workbench.command(&["train", "broken", "--headless"]).exits(2);
    ended.says(&["`broken`", "mismatched types", "plugins/broken/src/lib.rs:12", "twenty"]);
    assert!(workbench.names().is_empty(), "no run is left behind");
    // The others are not held up by it.
    workbench.command(&["check", "faulty"]).ok();
}

#[test]
fn the_list_of_plugins_shows_the_good_ones_and_names_the_bad() {
    let workbench = Workbench::at(root().path());
    let listed = workbench.command(&["plugin", "list", "--json"]).exits(2).says(&["`broken`"]);
    assert!(!listed.stderr.contains("README"), "{}", listed.stderr);
    let built = workbench.command(&["plugin", "build"]).exits(2);
    assert!(!built.stderr.contains("README"), "{}", built.stderr);
    workbench
        .command(&["data", "show", "gradient"])
        .exits(2)
        .says(&["`workbench plugin show gradient`"]);
    let list = listed.json();
    let names: Vec<&str> =
        list.as_array().unwrap().iter().map(|plugin| plugin["name"].as_str().unwrap()).collect();
    for name in ["faulty", "gradient", "mlp-vae", "conv-vae"] {
        assert!(names.contains(&name), "{names:?}");
    }
}

#[test]
fn an_edited_plugin_is_built_again() {
    let root = Root::new("edited-root");
    root.workspace(&["faulty"]);
    root.copy("tests/fixtures/faulty/Cargo.toml", "plugins/faulty/Cargo.toml");
    for about in ["Before the edit.", "After the edit."] {
        root.write(
            "plugins/faulty/src/lib.rs",
            &FAULTY.replace("Stripes, and faults on request.", about),
        );
        let shown = Workbench::at(root.path()).command(&["plugin", "show", "faulty"]).ok();
        assert!(shown.stdout.contains(about), "{}", shown.stdout);
    }
}

#[test]
fn a_data_set_in_c_is_built_and_trained_on() {
    for (experiment, lr) in [("gradient-mlp", "1e-3"), ("gradient-conv", "3e-3")] {
        let workbench = Workbench::at(root().path());
        let lr = format!("train.optimizer.lr={lr}");
        let ended = workbench
            .command(&[
                "train",
                experiment,
                "--headless",
                "--json",
                "--name",
                "one",
                "train.steps=120",
                &lr,
                "dataset.side=12",
                "dataset.items=256",
                "architecture.hidden=32",
                "architecture.latent=4",
            ])
            .ok();
        let losses: Vec<f64> = ended
            .lines()
            .iter()
            .filter_map(|event| event["metrics"]["train/loss"].as_f64())
            .collect();
        let last = *losses.last().unwrap();
        assert!(last < 0.95 * losses[0] && last > 0.0, "{experiment}: {losses:?}");
    }
}

#[test]
fn a_c_plugin_that_does_not_compile_is_answered_in_the_compilers_words() {
    let root = Root::new("broken-c-root");
    root.write(
        "plugins/broken/broken.c",
        "#include \"workbench_plugin.h\"\nint twenty = \"twenty\" +;\n",
    );
    Workbench::at(root.path()).command(&["plugin", "build", "broken"]).exits(2).says(&[
        "`broken`",
        "broken.c:2",
        "error",
    ]);
}

#[test]
fn files_that_are_no_plugins_are_refused() {
    let path = PluginPath::new();
    path.write("text", b"This is no library, however it is called.\n");
    path.write("nothing", b"");
    let good = fs::read(path.compile("good", &[])).unwrap();
    for (name, length) in [("head", 64), ("half", good.len() / 2), ("most", good.len() - 1000)] {
        path.write(name, &good[..length]);
    }
    for name in ["text", "nothing", "head", "half", "most"] {
        path.refuses(name, &[]);
    }
    // The others are served all the same.
    path.workbench.command(&["plugin", "show", "good"]).ok();
    path.workbench.command(&["train", "faulty", "--headless"]).ok();
}

#[test]
fn libraries_that_are_no_plugins_are_refused() {
    let path = PluginPath::new();
    path.compile("symbolless", &["-DNO_SYMBOL"]);
    path.refuses("symbolless", &["wb_plugin_v1"]);
    path.compile("future", &["-DMAJOR=7"]);
    path.refuses("future", &["version 7", "ABI", "rebuild"]);
}

#[test]
fn a_library_that_crashes_when_loaded_takes_only_its_trial_with_it() {
    let path = PluginPath::new();
    path.compile("aborts", &["-DABORTS"]);
    path.refuses("aborts", &["crashed", "SIGABRT"]);
    path.compile("exits", &["-DEXITS"]);
    path.refuses("exits", &[]);
}

#[test]
#[ignore = "waits for the deadline of a first contact, 20 s: cargo test --release -p workbench-tests --test plugins -- --ignored"]
fn a_library_that_hangs_when_loaded_is_given_up() {
    let path = PluginPath::new();
    path.compile("hangs", &["-DHANGS"]);
    path.refuses("hangs", &["did not finish loading within 20 s"]);
}

/// A folder for $WORKBENCH_PLUGINS, at a root of its own that has no plugin of those names.
struct PluginPath {
    folder: PathBuf,
    workbench: Workbench,
}

impl PluginPath {
    fn new() -> PluginPath {
        let workbench = Workbench::at(root().path());
        let folder = workbench.folder().join("libraries");
        fs::create_dir(&folder).unwrap();
        PluginPath { workbench: workbench.with("WORKBENCH_PLUGINS", &folder), folder }
    }

    fn library(&self, name: &str) -> PathBuf {
        let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        self.folder.join(format!("{prefix}{name}{suffix}"))
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.library(name), bytes).unwrap();
    }

    fn compile(&self, name: &str, defines: &[&str]) -> PathBuf {
        let library = self.library(name);
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-I"])
            .arg(repository().join("workbench/abi/include"))
            .args(defines)
            .arg("-o")
            .arg(&library)
            .arg(Path::new(&repository()).join("tests/fixtures/c/plugin.c"))
            .output()
            .expect("a C compiler");
        let said = String::from_utf8_lossy(&compiled.stderr);
        assert!(compiled.status.success(), "{said}");
        library
    }

    /// Showing it, and training with it, are refused with its name.
    #[track_caller]
    fn refuses(&self, name: &str, words: &[&str]) {
        let setting = format!("architecture.plugin={name}");
        for arguments in
            [&["plugin", "show", name][..], &["train", "faulty", "--headless", &setting]]
        {
            let ended = self.workbench.command(arguments).exits(2);
            ended.says(&[&["error: ", name], words].concat());
        }
        assert!(self.workbench.names().is_empty(), "no run is left behind");
    }
}
