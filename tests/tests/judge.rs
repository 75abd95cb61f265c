//! `eval --judge`: whether what a model draws is what was asked for, as a classifier sees it.

use serde_json::Value;
use workbench_tests::Workbench;

/// A model and a judge that have each seen the digits once.
fn trained() -> Workbench {
    let workbench = Workbench::new();
    let train = |experiment, name, more: &[&str]| {
        let arguments = ["train", experiment, "--headless", "--name", name, "train.epochs=1"];
        workbench.command(&[&arguments[..], more].concat()).ok();
    };
    let quiet = "plots.figures=[]";
    train("digits-conditional", "one", &["architecture.latent=8", quiet]);
    train("judge-digits", "judge", &[]);
    train("judge-digits", "cropped", &["input.crop=[20,20]", "architecture.channels=[8]"]);
    workbench
}

fn share(value: &Value) -> f64 {
    let share = value.as_f64().unwrap_or_else(|| panic!("no number: {value}"));
    assert!((0.0..=1.0).contains(&share), "{value}");
    share
}

#[test]
fn a_judge_tells_whether_a_model_draws_what_is_asked_for() {
    let workbench = trained();
    let eval = |more: &[&str]| {
        workbench.command(&[&["eval", "one", "--judge", "judge"][..], more].concat())
    };
    let found = eval(&["-n", "100", "--json"]).ok().json();
    let judged = &found["judged"];
    assert_eq!((&judged["judge"], &judged["samples"]), (&"judge".into(), &100.into()));
    assert_eq!(judged["from"], "fitted");

    let quality = &judged["quality"][0];
    assert_eq!(quality["name"], "class");
    assert!(share(&quality["agreement"]["share"]) > 0.8, "{quality}");
    let asked = &judged["asked"][0];
    assert_eq!(asked["values"].as_array().unwrap().len(), 10);
    assert_eq!((&asked["values"][3]["value"], &asked["values"][3]["n"]), (&"3".into(), &10.into()));
    let mean: f64 =
        asked["values"].as_array().unwrap().iter().map(|of| share(&of["share"]) / 10.0).sum();
    assert!((mean - share(&asked["agreement"]["share"])).abs() < 1e-9);
    // What is conditioned on the class keeps it in its reconstructions.
    assert!(share(&judged["reconstructions"][0]["agreement"]["share"]) > 0.3, "{judged}");
    let slider = &judged["sliders"][0];
    assert_eq!((&slider["name"], &slider["by"]), (&"class".into(), &"condition".into()));
    let seen = &judged["recognisable"][0];
    for of in [seen, &seen["test"]] {
        assert!(share(&of["confidence"]) > 0.1, "{seen}");
        share(&of["recognisable"]);
    }
    assert!(judged["held_out"].as_array().unwrap().is_empty(), "there is one target alone");
    for space in ["features", "pixels"] {
        let near = &judged["copies"][space];
        assert!(near["ratio"].as_f64().unwrap() > 0.1, "{near}");
        share(&near["nearer"]);
    }
    for of in ["samples", "test"] {
        share(&judged["precision_recall"][of]["precision"]);
        share(&judged["precision_recall"][of]["recall"]);
    }
    let test = &judged["precision_recall"]["test"];
    assert!(share(&test["precision"]) > 0.3, "test images are like training images: {test}");
    assert_eq!((&judged["pieces"], &judged["position"]), (&Value::Null, &Value::Null));

    let again = eval(&["-n", "100", "--json"]).ok().json();
    assert_eq!(found, again, "the same seed judges the same samples");
    let prior = eval(&["-n", "100", "--json", "--from", "prior"]).ok().json();
    assert_eq!(prior["judged"]["from"], "prior");
    assert_ne!(prior["judged"]["asked"], judged["asked"]);

    let table = eval(&["-n", "100"]).ok();
    let (_, table) = table.stdout.split_once("judged by judge").expect("a table of the judge's");
    for section in ["drawn to order", "reconstructions", "sliders", "precision"] {
        assert!(table.contains(section), "{section}:\n{table}");
    }
    let wide = table.lines().find(|line| line.chars().count() > 80);
    assert_eq!(wide, None);

    workbench.command(&["eval", "one", "--judge", "one"]).exits(2).says(&[
        "`one` can't judge",
        "marks no prediction",
        "`classifier`",
    ]);
    workbench.command(&["eval", "one", "--judge", "cropped"]).exits(2).says(&[
        "`cropped` can't judge",
        "1x20x20",
        "1x28x28",
    ]);
    workbench.command(&["eval", "one", "--judge", "nobody"]).exits(2).says(&["nobody"]);
    // A classifier is evaluated as any run is, and has nothing to be judged by.
    let own = workbench.command(&["eval", "judge", "--json"]).ok().json();
    assert!(own["metrics"]["accuracy/class"].as_f64().unwrap() > 0.8, "{own}");
    assert_eq!(own["judged"], Value::Null);
}
