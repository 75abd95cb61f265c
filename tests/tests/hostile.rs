//! Files that mean harm: what they name stays in its folder, and none of them takes the program with it.

use std::fs;
use std::path::Path;

use workbench_tests::{SMALL_MLP, Workbench, with};

/// A root with one data set, whose card says this of its files, and digits' reader.
fn root_with_card(folder: &Path, files: &str, reader: &str) {
    for name in ["plugins", "experiments", "datasets/mine"] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    let card = format!(
        "title = \"Mine\"\nabout = \"About.\"\nlicence = \"MIT\"\nsource = \"here\"\nreader = \"{reader}\"\n{files}"
    );
    fs::write(folder.join("datasets/mine/card.toml"), card).unwrap();
}

#[test]
fn a_cards_files_are_in_its_folder_or_it_is_refused() {
    let workbench = Workbench::new();
    let root = workbench.folder().join("root");
    let data = |arguments: &[&str]| {
        let arguments = [&["--root", root.to_str().unwrap(), "data"], arguments].concat();
        workbench.command(&arguments)
    };
    let long = "x".repeat(5000);
    for (path, says) in [
        ("../../../../etc/passwd", "not inside"),
        ("/etc/passwd", "not inside"),
        ("a/../../b", "not inside"),
        ("", "not inside"),
        ("a\\u0000b", "a\0b"),
        (&*long, "xxxx"),
    ] {
        root_with_card(
            &root,
            &format!("[[files]]\npath = \"{path}\"\nbytes = 1\nsha256 = \"00\"\n"),
            "idx",
        );
        let verified = data(&["verify", "mine"]);
        assert!(matches!(verified.code(), Some(1 | 2)), "{path:.20}: {}", verified.status);
        let said = format!("{}{}", verified.stdout, verified.stderr);
        assert!(said.contains(says), "{path:.20}: {said:.500}");
        assert!(!said.contains("root:"), "{said:.500}");
    }
}

#[test]
fn a_broken_card_is_named_and_does_not_hide_the_others() {
    let workbench = Workbench::new();
    let root = workbench.folder().join("root");
    root_with_card(&root, "", "idx");
    let bad = root.join("datasets/bad");
    fs::create_dir_all(&bad).unwrap();
    let key = ["a"; 79].join(".");
    let bomb = format!("{}b = 1{}\n", format!("{key} = {{ ").repeat(79), " }".repeat(79));
    for (card, says) in [
        (bomb.as_bytes(), "nest more than 64 levels"),
        (b"title = 'x'\n[[[", "card.toml"),
        (b"\xff\xfe", "card.toml"),
        (&vec![b'#'; 2 << 20], "at most 1048576"),
    ] {
        fs::write(bad.join("card.toml"), card).unwrap();
        let listed =
            workbench.command(&["--root", root.to_str().unwrap(), "data", "list"]).exits(2);
        assert!(listed.stdout.contains("Mine"), "{}", listed.stdout);
        listed.says(&["bad/card.toml", says]);
    }
}

#[test]
fn what_an_experiment_names_is_a_name() {
    let workbench = Workbench::new();
    for setting in [
        "name=../x",
        "dataset.name=../digits",
        "architecture.plugin=../mlp-vae",
        "architecture.plugin=/mlp-vae",
        "architecture.plugin=\"mlp\\u0000vae\"",
    ] {
        let arguments = with(&["digits-mlp", setting], &["--headless"]);
        workbench.command(&arguments).exits(2).says(&["error: ", "command line"]);
    }
    let large = workbench.folder().join("large.toml");
    fs::File::create(&large).unwrap().set_len(100 << 20).unwrap();
    let large = large.to_str().unwrap();
    workbench.command(&["train", large, "--headless"]).exits(2).says(&["large.toml", "too large"]);
    assert!(workbench.names().is_empty());
    assert_eq!(fs::read_dir(workbench.folder()).unwrap().count(), 1, "nothing was made elsewhere");
}

#[test]
fn a_run_that_was_tampered_with_is_listed_and_harms_none() {
    let workbench = Workbench::new();
    let run = ["train.steps=2", "plots.figures=[]", "--headless", "--name", "good"];
    workbench.command(&with(SMALL_MLP, &run)).ok();
    let bad = workbench.runs().join("bad");
    fs::create_dir_all(bad.join("requests")).unwrap();
    for file in ["experiment.toml", "status.json"] {
        fs::copy(workbench.run("good").path().join(file), bad.join(file)).unwrap();
    }
    let key = ["a"; 79].join(".");
    let bomb = format!("{}b = 1{}\n", format!("{key} = {{ ").repeat(79), " }".repeat(79));
    let group = "[group]\nname = \"../../../etc\"\nseed = \"3\"\n".to_owned();
    for provenance in [bomb, group, "\0".repeat(5 << 20)] {
        fs::write(bad.join("provenance.toml"), provenance).unwrap();
        for arguments in [&["runs"][..], &["show", "bad"], &["prune", "--keep", "1", "bad"]] {
            let ended = workbench.command(arguments);
            assert!(ended.status.code().is_some(), "`{}` ended with {}", ended.shown, ended.status);
        }
        let listed = workbench.command(&["runs"]).ok().stdout;
        assert!(listed.contains("good") && listed.contains("bad"), "{listed}");
    }
    // A status that is damaged is told of, and the other run is still shown.
    fs::write(bad.join("status.json"), "{\"state\": [[[[[").unwrap();
    workbench.command(&["runs"]).ok();
    workbench.command(&["show", "good"]).ok();
    let shown = workbench.command(&["show", "bad"]);
    assert!(shown.code().is_some_and(|code| code != 0));
    shown.says(&["status.json", "damaged"]);
}
