//! Images that are read while training goes on, and what becomes of images before they are seen.

use std::fs;
use std::path::Path;

use serde_json::Value;
use workbench_tests::{SMALL_MLP, Workbench, with};

/// Pictures of 32×32 in colour, 1.2 MB of pixels.
const PICTURES: u32 = 400;

fn picture(folder: &Path, i: u32) -> std::path::PathBuf {
    folder.join(format!("{i:03}.png"))
}

/// A square somewhere, of some colour, on some ground.
fn write(folder: &Path, i: u32) {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 32, 32);
    encoder.set_color(png::ColorType::Rgb);
    let at = |y: u32, x: u32| {
        let is_in = (i % 19..i % 19 + 9).contains(&x) && (i % 23..i % 23 + 9).contains(&y);
        if is_in { [i as u8, 255 - i as u8, 200] } else { [(i * 7) as u8 / 4, 20, 40] }
    };
    let pixels: Vec<u8> = (0..1024).flat_map(|place| at(place / 32, place % 32)).collect();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    fs::write(picture(folder, i), bytes).unwrap();
}

fn folder(workbench: &Workbench) -> std::path::PathBuf {
    let folder = workbench.folder().join("pictures");
    fs::create_dir(&folder).unwrap();
    (0..PICTURES).for_each(|i| write(&folder, i));
    folder
}

fn train<'a>(folder: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let data = ["dataset.plugin=image-folder", folder, "dataset.cache_mb=0"];
    let input = ["input.flip=horizontal", "input.shift=2", "input.crop=[28,30]"];
    with(SMALL_MLP, &[&data[..], &input, &["--headless", "--json"], more].concat())
}

#[test]
fn pictures_that_are_read_while_training_give_the_same_weights() {
    let workbench = Workbench::new();
    let folder = format!("dataset.folder={}", folder(&workbench).display());
    let steps = "train.steps=60";
    workbench.command(&train(&folder, &[steps, "--name", "held"])).ok();
    let mut runs = vec!["held"];
    for (name, more) in [
        ("streamed", &["input.memory_mb=1"][..]),
        ("alone", &["input.memory_mb=1", "input.readers=1"]),
        ("many", &["input.memory_mb=1", "input.readers=9", "device.threads=2"]),
    ] {
        workbench.command(&train(&folder, &[&[steps, "--name", name], more].concat())).ok();
        runs.push(name);
    }
    let of = |name: &str| (workbench.run(name).weights(), workbench.curves(name));
    let held = of("held");
    for name in &runs[1..] {
        assert!(held == of(name), "{name} differs");
    }
    // Measured alike, whatever is held: nothing is when a run is only looked at.
    let measures = ["eval", "streamed", "--json"];
    let [one, other] = ["held", "streamed"].map(|name| {
        workbench.command(&[measures[0], name, measures[2]]).ok().json()["metrics"].clone()
    });
    assert_eq!(one, other);
}

#[test]
fn files_that_vanish_end_the_run_and_it_goes_on_when_they_are_back() {
    let workbench = Workbench::new();
    let pictures = folder(&workbench);
    let folder = format!("dataset.folder={}", pictures.display());
    let settings = ["train.steps=3000", "input.memory_mb=1"];
    workbench.command(&train(&folder, &[&settings[..], &["--name", "whole"]].concat())).ok();

    let mut running =
        workbench.start(&train(&folder, &[&settings[..], &["--name", "broken"]].concat()));
    running.until("a step", |event: &Value| (event["event"] == "step").then_some(()));
    for i in 0..40 {
        fs::remove_file(picture(&pictures, i)).unwrap();
    }
    let says = ["could be read before", "go on with `workbench resume`", ".png"];
    running.ended().exits(1).says(&says);
    let run = workbench.run("broken");
    assert_eq!(run.state(), "failed");
    let why = run.status().unwrap()["error"].as_str().unwrap().to_owned();
    assert!(says.iter().all(|says| why.contains(says)), "{why}");
    (0..40).for_each(|i| write(&pictures, i));
    workbench.command(&["resume", "broken", "--headless"]).ok();
    assert!(workbench.run("whole").weights() == run.weights(), "other weights than undisturbed");
    assert_eq!(workbench.curves("whole"), workbench.curves("broken"));
}

#[test]
fn memory_is_bounded_by_what_is_allowed() {
    let workbench = Workbench::new();
    let bench = |memory: &str| {
        let few = ["--steps=20", "--warmup=2", "--json"];
        let items = ["bench", "bench-mlp28", "dataset.items=400000", memory];
        workbench.command(&[&items[..], &few].concat()).ok().json()
    };
    let (held, streamed) = (bench("input.memory_mb=1000"), bench("input.memory_mb=20"));
    assert_eq!((&held["data"]["held"], &streamed["data"]["held"]), (&true.into(), &false.into()));
    if cfg!(target_os = "linux") {
        // 314 MB of pixels to train on; 39 MB to test on do not fit either.
        let [held, streamed] = [held, streamed].map(|told| told["peak_rss_mb"].as_f64().unwrap());
        assert!(held > 350.0 && streamed < 120.0, "held {held} MB, streamed {streamed} MB");
    }
}

#[test]
fn what_is_seen_of_images_is_told_and_drawn() {
    let workbench = Workbench::new();
    let file = workbench.folder().join("batch.png");
    let arguments = [
        "check",
        "digits-mlp",
        "input.flip=both",
        "input.shift=3",
        "input.crop=[20,24]",
        "input.dequantize=true",
        "input.memory_mb=7",
        "--batch",
        file.to_str().unwrap(),
    ];
    let told = workbench.command(&arguments).ok().stdout;
    for says in [
        "input         1x20x24: dequantized, (byte + u) / 256; in training cropped to 20x24 anywhere, else in the middle, \
         shifted by up to 3 pixels, flipped left to right and top to bottom at random",
        "train (8 MB) read anew whenever needed",
        "test (1 MB) held (7 MB may be: input.memory_mb)",
        "batch.png",
    ] {
        assert!(told.contains(says), "{says}\n{told}");
    }
    let decoder = png::Decoder::new(std::io::BufReader::new(fs::File::open(&file).unwrap()));
    let info = decoder.read_info().unwrap();
    // Eight rows and columns of pictures that are wider than they are high.
    assert!(info.info().width > 600 && info.info().height > 500, "{:?}", info.info());
    let told = workbench.command(&[&arguments[..7], &["--json"]].concat()).ok().json();
    assert_eq!(told["input"]["shape"], serde_json::json!([1, 20, 24]));
    assert_eq!(told["dataset"]["shape"], serde_json::json!([1, 28, 28]));
    assert_eq!(told["images"]["streamed"], serde_json::json!(["train"]));
}

#[test]
fn a_cropped_model_is_used_as_any_other() {
    let workbench = Workbench::new();
    let crop = ["input.crop=[20,24]", "train.steps=40", "--headless", "--name", "one"];
    workbench.command(&with(SMALL_MLP, &crop)).ok();
    let file = workbench.folder().join("samples.png");
    workbench.command(&["sample", "one", "-n", "4", "-o", file.to_str().unwrap()]).ok();
    for figure in ["reconstructions", "traversal", "latent"] {
        workbench.command(&["plot", "one", figure]).ok();
    }
    workbench.command(&["eval", "one", "--json"]).ok();
    workbench.command(&["fork", "one", "train.steps=60", "--name", "two"]).ok();
    // What changes the shape of what is seen changes the first layer.
    workbench.command(&["fork", "one", "train.steps=60", "input.crop=[20,20]"]).exits(2);
}

#[test]
fn what_images_do_not_fit_is_refused_at_its_line() {
    let workbench = Workbench::new();
    for (setting, says) in [
        ("input.crop=[20,40]", "`input.crop` takes 20x40 of images, and these have 28x28"),
        ("input.shift=28", "`input.shift` of 28 can move images of 28x28 out of sight"),
    ] {
        let refused = workbench.command(&["check", "digits-mlp", setting]).exits(2);
        refused.says(&[says, &format!("command line: {setting}")]);
    }
    let floats = ["check", "bench-mlp28", "dataset.floats=true", "input.dequantize=true"];
    workbench.command(&floats).exits(2).says(&["`input.dequantize` is for bytes"]);
}
