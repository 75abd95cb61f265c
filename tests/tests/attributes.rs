//! Attributes and captions from a data set to whatever uses them: the model, the latent space, figures and measures.

mod terminal;

use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;
use terminal::Terminal;
use workbench_tests::{Root, Workbench, poll};

/// A root with a data set in Rust and one in C that have attributes, and architectures that are told them.
fn root() -> &'static Root {
    static ROOT: OnceLock<Root> = OnceLock::new();
    ROOT.get_or_init(|| {
        let root = Root::new("attributes-root");
        for plugin in ["blobs", "reader"] {
            for file in ["Cargo.toml", "src/lib.rs"] {
                root.copy(&format!("tests/fixtures/{plugin}/{file}"), &format!("plugins/{plugin}/{file}"));
            }
        }
        root.copy("tests/fixtures/c/tilt.c", "plugins/tilt/tilt.c");
        for plugin in ["conv-vae", "conditional-vae"] {
            root.copy_plugin(plugin);
        }
        root.workspace(&["blobs", "reader", "conv-vae", "conditional-vae"]);
        for reader in ["blobs", "tilt"] {
            let card = format!(
                "title = \"{reader}\"\nabout = \"Of the tests.\"\nlicence = \"MIT\"\nsource = \"drawn\"\nreader = \"{reader}\"\n"
            );
            root.write(&format!("datasets/{reader}/card.toml"), &card);
        }
        let sizes = "latent = 6\nchannels = [8, 16]\nhidden = 32";
        for (name, data, architecture, steps) in [
            ("plain", "blobs", format!("plugin = \"conv-vae\"\n{sizes}"), 300),
            (
                "told",
                "blobs",
                format!("plugin = \"conditional-vae\"\n{sizes}\nattributes = [\"hollow\", \"shape\", \"size\", \"light\"]"),
                300,
            ),
            ("everything", "blobs", "plugin = \"reader\"".to_owned(), 20),
            ("in-c", "tilt", "plugin = \"reader\"".to_owned(), 20),
        ] {
            let text = format!(
                "[dataset]\nname = \"{data}\"\n\n[architecture]\n{architecture}\n\n[train]\nsteps = {steps}\n\
                 batch_size = 32\noptimizer = {{ kind = \"adam\", lr = 2e-3 }}\n\n[plots]\nfigures = [\"samples\"]\n\n[device]\nthreads = 2\n"
            );
            root.write(&format!("experiments/{name}.toml"), &text);
        }
        root
    })
}

fn trained(experiment: &str) -> Workbench {
    let workbench = Workbench::at(root().path());
    workbench.command(&["train", experiment, "--headless", "--name", "one"]).ok();
    workbench
}

fn attribute<'a>(list: &'a Value, name: &str) -> &'a Value {
    let found = list.as_array().unwrap().iter().find(|attribute| attribute["name"] == name);
    found.unwrap_or_else(|| panic!("no `{name}` in {list}"))
}

#[test]
fn a_data_sets_attributes_are_counted_and_shown() {
    let workbench = Workbench::at(root().path());
    let shown = workbench.command(&["data", "show", "blobs", "--json"]).ok().json();
    let shape = attribute(&shown["attributes"], "shape");
    assert_eq!((&shape["kind"], &shape["unknown"]), (&"categorical".into(), &48.into()));
    let counted: u64 =
        shape["values"].as_array().unwrap().iter().map(|v| v["n"].as_u64().unwrap()).sum();
    assert_eq!(counted, 960 - 48);
    let light = attribute(&shown["attributes"], "light");
    assert!(
        light["min"].as_f64().unwrap() >= 0.2 && light["max"].as_f64().unwrap() <= 1.0,
        "{light}"
    );
    assert_eq!(light["range"], serde_json::json!([0.2, 1.0]));
    assert_eq!(shown["caption"]["bytes"], 20);
    let human = workbench.command(&["data", "show", "blobs"]).ok().stdout;
    for words in ["hollow (binary): no ", "; not known of 48", "captions"] {
        assert!(human.contains(words), "no `{words}` in {human}");
    }
    let preview = [
        "data",
        "preview",
        "blobs",
        "-n",
        "4",
        "--attribute",
        "shape=square",
        "--attribute",
        "size=large",
    ];
    let seen = workbench.command(&preview).ok().stdout;
    let lines: Vec<&str> = seen.lines().filter(|line| line.contains(": hollow ")).collect();
    assert_eq!(lines.len(), 4, "{seen}");
    assert!(lines.iter().all(|line| line.ends_with(": large square")), "{seen}");
    let many = ["data", "preview", "blobs", "-n", "1500"];
    let seen = workbench.command(&many).ok().stdout;
    let told = seen.lines().filter(|line| line.contains(": hollow ")).count();
    assert_eq!(told, 960, "all that there are");
    let wrong = ["data", "preview", "blobs", "--attribute", "shap=square"];
    workbench.command(&wrong).exits(2).says(&["did you mean `shape`?"]);
    let c = workbench.command(&["data", "show", "tilt", "--json"]).ok().json();
    assert_eq!(attribute(&c["attributes"], "place")["unknown"], 1);
    assert_eq!(attribute(&c["attributes"], "upright")["values"][1]["n"], 80);
}

#[test]
fn a_model_without_them_has_them_in_its_latent_space() {
    let workbench = trained("plain");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    // Snapshots hold them, by name and by value.
    let (png, csv) = (file("a.png"), file("a.csv"));
    let plot = |color: &str| {
        let plot = ["plot", "one", "latent", "--color", color, "-o", &png, "--csv", &csv];
        assert!(workbench.command(&plot).ok().stdout.contains("a.png"));
        std::fs::read_to_string(&csv).unwrap()
    };
    let by_shape = plot("shape");
    assert!(by_shape.starts_with("x,y,shape\n"), "{by_shape}");
    for name in ["disc", "square", "diamond", "not known"] {
        assert!(by_shape.contains(&format!(",{name}\n")), "no {name} in {by_shape}");
    }
    assert!(plot("light").starts_with("x,y,light\n"));
    assert!(plot("z3").starts_with("x,y,z₃\n"));
    let wrong = ["plot", "one", "latent", "--color", "hair"];
    workbench.command(&wrong).exits(2).says(&["there are hollow, shape, size, light, z1 to z6"]);
    workbench
        .command(&["plot", "one", "latent", "--color", "class"])
        .exits(2)
        .says(&["no classes"]);
    // What shows in the pixels is to be read off the codes.
    let measured = workbench.command(&["eval", "one", "--json"]).ok().json();
    let size = attribute(&measured["attributes"], "size");
    let (right, majority) = (size["score"].as_f64().unwrap(), size["majority"].as_f64().unwrap());
    assert!(right > majority + 0.2, "{measured}");
    let light = attribute(&measured["attributes"], "light");
    assert!(light["measure"] == "r2" && light["score"].as_f64().unwrap() > 0.3, "{measured}");
    assert_eq!(light["measured"], 240 - 12);
    assert!(light["fitted"].as_u64().unwrap() > 700, "{light}");
    let train = workbench.command(&["eval", "one", "--split", "train", "--json"]).ok().json();
    let light = attribute(&train["attributes"], "light");
    let both = light["fitted"].as_u64().unwrap() + light["measured"].as_u64().unwrap();
    assert!(both < train["n"].as_u64().unwrap(), "{train}");
    let human = workbench.command(&["eval", "one"]).ok().stdout;
    for words in ["read off the latent means", "% right", "R²"] {
        assert!(human.contains(words), "no `{words}` in {human}");
    }
    let one = workbench.command(&["eval", "one", "--metrics", "read/size", "--json"]).ok().json();
    assert_eq!(
        (one["attributes"].as_array().unwrap().len(), &one["metrics"]),
        (1, &serde_json::json!({}))
    );
    // It is not told them, so that it can't draw by them.
    let sample = ["sample", "one", "--attribute", "size=large", "-o", &png];
    workbench
        .command(&sample)
        .exits(2)
        .says(&["not conditioned on `size`: it is told no attribute"]);
}

#[test]
fn a_model_that_is_told_them_draws_by_them() {
    let workbench = trained("told");
    let folder = tempfile::tempdir().unwrap();
    let (png, csv) = (folder.path().join("a.png"), folder.path().join("a.csv"));
    let sum = |given: &[&str]| -> u64 {
        let mut sample = vec![
            "sample",
            "one",
            "-n",
            "32",
            "-o",
            png.to_str().unwrap(),
            "--csv",
            csv.to_str().unwrap(),
        ];
        given.iter().for_each(|given| sample.extend(["--attribute", given]));
        workbench.command(&sample).ok();
        let text = std::fs::read_to_string(&csv).unwrap();
        text.lines()
            .skip(1)
            .map(|line| line.rsplit(',').next().unwrap().parse::<u64>().unwrap())
            .sum()
    };
    let small = sum(&["size=small", "hollow=no", "light=1.0"]);
    let large = sum(&["size=large", "hollow=no", "light=1.0"]);
    assert!(large > 2 * small, "{large} of large ones, {small} of small ones");
    let dim = sum(&["size=large", "hollow=no", "light=0.3"]);
    assert!(large > dim + dim / 2, "{large} of bright ones, {dim} of dim ones");
    let unknown = sum(&["size=?", "shape=?"]);
    assert!(unknown > 0 && unknown != sum(&[]));
    let wrong = |given: &str| {
        let sample = ["sample", "one", "--attribute", given, "-o", png.to_str().unwrap()];
        workbench.command(&sample).exits(2).stderr
    };
    assert!(wrong("size=huge").contains("there are small, medium, large"));
    assert!(wrong("sise=small").contains("did you mean `size`?"));
    let range = "must be from 0.2 to 1";
    assert!(wrong("light=300").contains(range), "{}", wrong("light=300"));
    assert!(wrong("light=nan").contains("`nan` is none") && wrong("light=inf").contains("is none"));

    // What it is conditioned on is no achievement of the code.
    let human = workbench.command(&["eval", "one"]).ok().stdout;
    let marked = human.lines().filter(|line| line.ends_with("(conditioned on it)")).count();
    assert!(marked == 4 && human.contains("no merit"), "{human}");
    let measured = workbench.command(&["eval", "one", "--json"]).ok().json();
    assert_eq!(attribute(&measured["attributes"], "size")["conditioned_on"], true);
    let traversal = ["plot", "one", "traversal", "-o", png.to_str().unwrap()];
    workbench.command(&traversal).ok();
    in_the_explorer(&workbench);
    // A run that goes on is the same run: what it is told comes from the data again.
    workbench.command(&["eval", "one", "--split", "valid"]).ok();
}

/// Rows of what it is told, sliders along attributes, and both in what is saved.
fn in_the_explorer(workbench: &Workbench) {
    let explore = ["--root", root().path().to_str().unwrap(), "explore", "one"];
    let mut terminal = Terminal::workbench(workbench, (100, 30), &explore);
    terminal.shows(&["hollow", "shape", "size", "light", "dimensions by KL", "test 0"]);
    terminal.press("s");
    let folder = workbench.run("one").path().join("explore");
    let saved = |number: &str| -> (Value, Vec<u8>) {
        poll("what is saved", || folder.join(format!("{number}.csv")).is_file().then_some(()));
        let code = std::fs::read(folder.join(format!("{number}.json"))).unwrap();
        (
            serde_json::from_slice(&code).unwrap(),
            std::fs::read(folder.join(format!("{number}.png"))).unwrap(),
        )
    };
    let (before, picture) = saved("0001");
    // To the first row, and to its other value.
    terminal.press("gl");
    terminal.shows(&["moved"]);
    terminal.press("s");
    let (after, other) = saved("0002");
    assert_ne!(before["attributes"]["hollow"], after["attributes"]["hollow"]);
    assert_eq!(before["attributes"]["size"], after["attributes"]["size"]);
    assert_eq!(before["z"], after["z"]);
    assert_ne!(picture, other, "what it is told changes what it draws");
    terminal.press("pp");
    terminal.shows(&["attributes: -1 without, 1 with", "shape=disc", "shape=diamond"]);
    terminal.press("Gl");
    terminal.press("s");
    let (along, _) = saved("0003");
    assert_ne!(along["z"], after["z"], "a slider along an attribute moves the code");
    assert_eq!(along["attributes"], after["attributes"]);
    terminal.press("mb");
    terminal.shows(&["n no", "y yes"]);
    terminal.press("q");
    terminal.ended().exits(0);
}

#[test]
fn what_is_told_is_the_same_when_a_run_goes_on() {
    let workbench = Workbench::at(root().path());
    let train = [
        "train",
        "told",
        "--headless",
        "--name",
        "one",
        "train.steps=40",
        "checkpoint.every_steps=20",
    ];
    workbench.command(&[&train[..], &["plots.figures=[]"]].concat()).ok();
    workbench.command(&["fork", "one", "--at", "20", "--name", "two", "--headless"]).ok();
    assert!(workbench.run("one").weights() == workbench.run("two").weights());
}

#[test]
fn every_kind_of_value_reaches_an_architecture_from_both_languages() {
    for experiment in ["everything", "in-c"] {
        let workbench = trained(experiment);
        let folder = tempfile::tempdir().unwrap();
        let png = folder.path().join("a.png");
        workbench.command(&["sample", "one", "-n", "4", "-o", png.to_str().unwrap()]).ok();
        workbench.command(&["eval", "one"]).ok();
        assert_eq!(workbench.run("one").state(), "finished");
        assert!(workbench.run("one").path().join("plots/samples.png").is_file());
        the_loss_is_shown_above_the_floor(&workbench, folder.path());
    }
}

/// The architecture logs one.
fn the_loss_is_shown_above_the_floor(workbench: &Workbench, folder: &Path) {
    let shown = workbench.command(&["show", "one", "--json"]).ok().json();
    let last = |tag: &str| shown["metrics"][tag]["last"].as_f64().unwrap();
    let (loss, floor) = (last("valid/loss"), last("valid/floor"));
    assert!(0.0 < floor && floor < loss, "{shown}");
    let above = &shown["above_floor"];
    assert_eq!(above["split"], "valid");
    assert!((above["value"].as_f64().unwrap() - (loss - floor)).abs() < 1e-2, "{above}");
    let human = workbench.command(&["show", "one"]).ok().stdout;
    assert!(human.contains("loss above the floor: "), "{human}");
    let (png, csv) = (folder.join("loss.png"), folder.join("loss.csv"));
    let plot = |figure: &str, more: &[&str]| {
        let files = ["-o", png.to_str().unwrap(), "--csv", csv.to_str().unwrap()];
        workbench.command(&[&["plot", "one", figure], &files[..], more].concat())
    };
    let least = |more: &[&str]| -> f64 {
        plot("loss", more).ok();
        let text = std::fs::read_to_string(&csv).unwrap();
        let values = text.lines().filter(|line| line.starts_with("\"loss, validation\""));
        values.filter_map(|line| line.rsplit(',').next()?.parse().ok()).fold(f64::MAX, f64::min)
    };
    let (whole, above) = (least(&[]), least(&["--above-floor"]));
    assert!(above > 0.0 && above < whole - floor * 0.9, "{above} above {floor}, of {whole}");
    plot("kl", &["--above-floor"]).exits(2).says(&["`loss`, not of `kl`"]);
}

#[test]
fn an_attribute_that_is_not_there_is_answered_before_anything_starts() {
    let workbench = Workbench::at(root().path());
    let train = ["train", "told", "--headless", "architecture.attributes=[\"hollow\", \"shade\"]"];
    workbench
        .command(&train)
        .exits(2)
        .says(&["the data have no attribute `shade`; there are hollow, shape, size, light"]);
    let train = ["train", "told", "--headless", "architecture.attributes=[]"];
    workbench
        .command(&train)
        .exits(2)
        .says(&["attributes = [\"hollow\", \"shape\", \"size\", \"light\"]"]);
    let train = ["train", "told", "--headless", "architecture.attributes=\"hollow\""];
    workbench.command(&train).exits(2).says(&["`attributes` must be a list of texts"]);
    assert!(workbench.names().is_empty());
}
