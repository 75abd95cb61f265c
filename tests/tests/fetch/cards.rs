//! What cards say, the shipped ones too.

use std::fs;
use std::process::Command;

use workbench_tests::{Workbench, repository, skip};

use crate::place::Place;

#[test]
fn instructions_are_printed_where_nothing_can_be_fetched() {
    let sum = "a".repeat(64);
    let files = format!("[[files]]\npath = 'a'\nbytes = 3\nsha256 = {sum:?}\n");
    let place = Place::new(&format!("instructions = 'Ask for it at the library.'\n{files}"));
    let workbench = place.workbench();
    let ended = workbench.command(&["data", "fetch", "thing"]).exits(2);
    assert_eq!(ended.stdout, "Ask for it at the library.\n");
    let folder = place.path("");
    ended.says(&["cannot be fetched", folder.to_str().unwrap().trim_end_matches('/')]);
    let ended = workbench.command(&["data", "fetch", "thing", "--json"]).exits(2);
    assert_eq!(ended.json()["instructions"], "Ask for it at the library.");
    let shown = workbench.command(&["data", "show", "thing"]).ok();
    assert!(shown.stdout.contains("`workbench data fetch thing` says how"), "{}", shown.stdout);
    assert!(shown.stdout.contains("\nAsk for it at the library.\n"), "{}", shown.stdout);

    place.card(&files);
    workbench.command(&["data", "fetch", "thing"]).exits(2).says(&["has no address for a"]);
}

#[test]
fn whoever_needs_files_that_are_missing_is_told_the_command() {
    let files = "[[files]]\npath = 'a'\nbytes = 3\naddresses = ['http://127.0.0.1:1/a']\n";
    let place = Place::new(files);
    let experiment = fs::read_to_string(repository().join("experiments/digits-mlp.toml")).unwrap();
    let experiment = experiment.replace("name = \"digits\"", "name = \"thing\"");
    fs::write(place.root().join("experiments/one.toml"), experiment).unwrap();
    let workbench = place.workbench();
    let remedy = "`workbench data fetch thing` gets them";
    workbench.command(&["check", "one"]).exits(2).says(&["a is missing", remedy]);
    workbench.command(&["data", "preview", "thing"]).exits(2).says(&["a is missing", remedy]);
    workbench.command(&["data", "verify", "thing"]).exits(2).says(&[remedy]);
    let shown = workbench.command(&["data", "show", "thing", "--json"]).ok().json();
    assert_eq!(shown["files"][0]["there"], false);
    assert_eq!(shown["files"][0]["fetchable"], true);
}

#[test]
fn no_name_in_a_card_leads_out_of_its_folder() {
    let place = Place::new("");
    for name in ["../a", "/tmp/a", "a/../../b", "", "card.toml"] {
        let entry = format!(
            "[[files]]\npath = {name:?}\nbytes = 3\naddresses = ['http://127.0.0.1:1/a']\n"
        );
        for entry in [entry.clone(), entry.replace("files", "archives")] {
            place.card(&entry);
            place.workbench().command(&["data", "fetch", "thing"]).exits(2).says(&["the file"]);
        }
    }
    let fetched = place.workbench().command(&["data", "fetch", "think"]).exits(2);
    fetched.says(&["there is no data set `think`; did you mean `thing`?"]);
}

/// Each of their files is in the repository, has addresses or an archive, or is told of in instructions.
#[test]
fn the_files_of_every_shipped_card_can_be_had() {
    let listed = Workbench::new().command(&["data", "list", "--json"]).ok().json();
    let listed = listed.as_array().unwrap();
    assert!(listed.len() >= 9, "{listed:?}");
    let git = Command::new("git").args(["ls-files", "datasets"]).current_dir(repository()).output();
    let tracked = match git {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout).unwrap(),
        _ => return skip("no git here to list the repository's files"),
    };
    for card in listed {
        let name = card["name"].as_str().unwrap();
        for file in card["files"].as_array().unwrap() {
            let path = format!("datasets/{name}/{}", file["path"].as_str().unwrap());
            let is_here = tracked.lines().any(|line| line == path);
            let is_told = card["instructions"].is_string();
            assert!(is_here || is_told || file["fetchable"] == true, "{path}");
        }
    }
}
