//! The explorer on a real terminal: sliders move what a trained model draws, and what is saved is what was seen.

#![expect(clippy::print_stdout, reason = "what one test measures is what it is run for")]

mod terminal;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use terminal::Terminal;
use workbench_tests::{DEADLINE, SMALL_MLP, Signal, Workbench, poll, with};

const SIZE: (u16, u16) = (80, 24);
const RIGHT: &str = "\x1b[C";
const SHIFT_RIGHT: &str = "\x1b[1;2C";
const ENTER: &str = "\r";

#[test]
fn a_slider_moves_the_picture_and_what_is_saved_is_what_was_seen() {
    let workbench = trained();
    let mut terminal = Terminal::workbench(&workbench, SIZE, &["explore", "one"]);
    let before = terminal.shows(&["one", "step 60", "dimensions by KL", "test 0", "reconstructed"]);
    assert!(!before.contains("moved"), "{before}");
    terminal.press("s");
    let first = saved(&workbench, &mut terminal, 1);
    terminal.press(SHIFT_RIGHT);
    terminal.press(&RIGHT.repeat(4));
    let after = terminal.shows(&["test 0: ", ", moved"]);
    assert_ne!(slider(&before), slider(&after));
    terminal.press("s");
    let second = saved(&workbench, &mut terminal, 2);
    terminal.press("rs");
    let third = saved(&workbench, &mut terminal, 3);

    let [a, b, c] = [&first, &second, &third].map(|paths| std::fs::read(&paths[0]).unwrap());
    assert_ne!(a, b, "the slider moved the picture");
    assert_eq!(a, c, "and resetting brought it back");
    let pixels = picture(&first[0]);
    assert!(pixels.iter().any(|&p| p > 100) && pixels.iter().any(|&p| p < 20), "it is a digit");
    let codes = [&first, &second, &third].map(json);
    for code in &codes {
        assert_eq!((&code["run"], &code["checkpoint"]), (&"one".into(), &60.into()));
        assert_eq!((&code["origin"]["kind"], &code["origin"]["item"]), (&"test".into(), &0.into()));
        assert_eq!(code["z"].as_array().unwrap().len(), 4);
    }
    // One number of four has moved, and is what the slider said.
    let z = |code: &Value| -> Vec<f64> {
        code["z"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
    };
    let moved: Vec<f64> = z(&codes[0])
        .into_iter()
        .zip(z(&codes[1]))
        .filter_map(|(before, after)| (before != after).then_some(after))
        .collect();
    assert_eq!(moved.iter().map(|x| format!("{x:.2}")).collect::<Vec<_>>(), [slider(&after)]);
    assert_eq!(z(&codes[0]), z(&codes[2]));
    let table = std::fs::read_to_string(first[0].with_file_name("0001.csv")).unwrap();
    assert!(table.starts_with("of,place,class,z1,z2,z3,z4\npicture,0,,"), "{table}");

    terminal.press("q");
    let left = terminal.ended().exits(0);
    for path in first.iter().chain(&second).chain(&third) {
        assert!(left.text.replace('\n', "").contains(path.to_str().unwrap()), "{}", left.text);
    }
}

#[test]
fn a_strip_leads_from_an_image_to_a_point_of_the_map() {
    let workbench = trained();
    let folder = workbench.folder().join("found here");
    let output = folder.to_str().unwrap();
    let mut terminal = Terminal::workbench(&workbench, SIZE, &["explore", "one", "-o", output]);
    terminal.shows(&["test 0"]);
    terminal.press("A");
    terminal.shows(&["A is marked; B marks the other end"]);
    terminal.press("m");
    terminal.shows(&["across", "point 0", "Enter start here"]);
    terminal.press(RIGHT);
    terminal.until("another point", |text| text.contains("point ") && !text.contains("point 0"));
    terminal.press(ENTER);
    terminal.shows(&["dimensions by KL", "point "]);
    // Together, as they come over a slow line.
    terminal.press("B..s");
    terminal.shows(&["A test 0 → B point", "2 of 7"]);
    let strip = folder.join("0001-strip.png");
    poll("a strip", || strip.is_file().then_some(()));
    let code = poll("its codes", || std::fs::read(folder.join("0001.json")).ok());
    let code: Value = serde_json::from_slice(&code).unwrap();
    assert_eq!(code["strip"].as_array().unwrap().len(), 7);
    assert_eq!(code["strip"][1]["z"], code["z"]);
    assert_eq!(code["origin"]["kind"], "between");
    poll("the end of saving", || folder.join("0001.csv").is_file().then_some(()));
    terminal.shows(&["saved "]);
    terminal.press("q");
    terminal.ended().exits(0);
    assert!(!workbench.run("one").path().join("explore").exists());
}

#[test]
fn a_run_that_trains_is_followed_and_nothing_is_drawn_while_nothing_changes() {
    let workbench = Workbench::new();
    let train =
        ["train.steps=100000000", "checkpoint.every_steps=200", "--name", "one", "--detach"];
    workbench.command(&with(SMALL_MLP, &train)).ok();
    let run = workbench.run("one");
    poll("a checkpoint", || (!run.checkpoints().is_empty()).then_some(()));
    let mut terminal = Terminal::workbench(&workbench, SIZE, &["explore", "one", "--mouse"]);
    let first = terminal.shows(&["test 0", "step "]);
    terminal.press("LL");
    terminal.shows(&["moved"]);
    terminal.until("a newer checkpoint", |text| step(text) > step(&first));
    terminal.shows(&["moved"]);
    workbench.command(&["stop", "one"]).ok();
    poll("the end of the run", || (run.state() == "stopped").then_some(()));
    let last = run.checkpoints().pop().unwrap();
    let last: u64 = last.trim_start_matches("step-").parse().unwrap();
    terminal.until("the last checkpoint", |text| step(text) == last);
    // Two looks for a newer checkpoint, and the turns in between, write nothing.
    terminal.quiet_for(Duration::from_millis(2500));
    terminal.signal(Signal::TERM);
    let left = terminal.ended().exits(0);
    let bytes = String::from_utf8_lossy(&left.bytes).into_owned();
    let (on, off) = (bytes.rfind("\x1b[?1002h"), bytes.rfind("\x1b[?1002l"));
    assert!(on.is_some() && off > on, "the mouse is the terminal's again");
}

#[test]
fn what_cannot_be_explored_is_said_before_the_screen_is_taken() {
    let workbench = trained();
    let said = workbench.command(&["explore", "one"]).exits(2).stderr;
    assert!(said.contains("needs a terminal") && said.contains("sample one -o FILE"), "{said}");
    std::fs::remove_dir_all(workbench.run("one").path().join("checkpoints")).unwrap();
    let left = Terminal::workbench(&workbench, SIZE, &["explore", "one"]).ended().exits(2);
    assert!(left.text.contains("one has no checkpoint yet"), "{}", left.text);
    assert!(!left.bytes.windows(8).any(|bytes| bytes == b"\x1b[?1049h"), "{}", left.text);
    let left = Terminal::workbench(&workbench, SIZE, &["explore", "two"]).ended().exits(2);
    assert!(left.text.contains("two"), "{}", left.text);
}

#[test]
fn the_dashboard_and_home_lend_it_their_screen() {
    let workbench = trained();
    let mut terminal = Terminal::workbench(&workbench, SIZE, &["attach", "one"]);
    terminal.shows(&["[1 Loss]", "finished"]);
    terminal.press("E");
    terminal.shows(&["dimensions by KL", "test 0"]);
    terminal.press("l");
    terminal.shows(&["moved"]);
    terminal.press("q");
    terminal.shows(&["[1 Loss]", "finished"]);
    // Why it cannot be shown is told where it was asked for.
    let checkpoints = workbench.run("one").path().join("checkpoints");
    let aside = workbench.folder().join("aside");
    std::fs::rename(&checkpoints, &aside).unwrap();
    terminal.press("E");
    terminal.shows(&["[1 Loss]", "one has no checkpoint yet"]);
    terminal.press("q");
    terminal.ended().exits(0);
    std::fs::rename(&aside, &checkpoints).unwrap();

    let mut terminal = Terminal::workbench(&workbench, SIZE, &[]);
    terminal.shows(&["[1 Runs 1]", "one", "e explore"]);
    terminal.press("e");
    terminal.shows(&["dimensions by KL", "test 0"]);
    terminal.press("q");
    terminal.shows(&["[1 Runs 1]", "one"]);
    terminal.press("q");
    terminal.ended().exits(0);
}

/// `cargo test --release -p workbench-tests --test explore -- --ignored --nocapture`
#[test]
#[ignore = "measures, and trains for a minute"]
fn milliseconds_from_key_to_picture() {
    let workbench = Workbench::new();
    let conv64 = conv64(workbench.folder());
    for (name, experiment) in [
        ("mlp", "digits-mlp"),
        ("conv", "digits-conv"),
        ("beta", "digits-beta"),
        ("conditional", "digits-conditional"),
        ("conv64", conv64.to_str().unwrap()),
    ] {
        let train = ["train", experiment, "--headless", "train.steps=8", "--name", name];
        let quick = ["plots.figures=[]", "train.batch_size=64"];
        workbench.command(&[&train[..], &quick].concat()).ok();
        for size in [(80, 24), (200, 60)] {
            let mut terminal = Terminal::workbench(&workbench, size, &["explore", name]);
            terminal.shows(&["test 0"]);
            terminal.quiet_for(Duration::from_millis(300));
            let began = terminal.written();
            let mut times: Vec<f64> = (0..60)
                .map(|i| from_key_to_quiet(&mut terminal, if i % 20 < 10 { RIGHT } else { "h" }))
                .collect();
            let bytes = (terminal.written() - began) / times.len();
            times.sort_by(f64::total_cmp);
            let (median, p90, most) = (times[30], times[54], times[59]);
            let (columns, rows) = size;
            println!(
                "{name} {columns}x{rows}: median {median:.1} ms, p90 {p90:.1}, greatest {most:.1}; {bytes} bytes a key"
            );
            terminal.press("q");
            terminal.ended().exits(0);
        }
    }
}

/// From a key to the last byte that was written for it.
fn from_key_to_quiet(terminal: &mut Terminal, key: &str) -> f64 {
    let (written, began) = (terminal.written(), Instant::now());
    terminal.press(key);
    let mut last = (written, began);
    while last.0 == written || last.1.elapsed() < Duration::from_millis(120) {
        let now = terminal.written();
        if now != last.0 {
            last = (now, Instant::now());
        }
        assert!(began.elapsed() < DEADLINE, "nothing is drawn");
        std::thread::sleep(Duration::from_micros(200));
    }
    (last.1 - began).as_secs_f64() * 1e3
}

/// An experiment on 128 made-up colour pictures of 64×64, with four layers of convolutions.
fn conv64(folder: &Path) -> PathBuf {
    let images = folder.join("images.idx");
    let mut bytes = vec![0, 0, 8, 4];
    [128u32, 3, 64, 64].iter().for_each(|n| bytes.extend(n.to_be_bytes()));
    for image in 0..128u32 {
        for channel in 0..3 {
            let pixel = |i: u32| ((i % 64) * (image % 7 + 1) + (i / 64) * (channel + 1)) as u8;
            bytes.extend((0..64 * 64).map(pixel));
        }
    }
    std::fs::write(&images, bytes).unwrap();
    let path = folder.join("conv64.toml");
    let text = format!(
        "name = \"conv64\"\n[dataset]\nplugin = \"idx\"\nimages = {:?}\ntest_count = 32\n\
         [architecture]\nplugin = \"conv-vae\"\nlatent = 32\nchannels = [32, 32, 64, 64]\n\
         [train]\nsteps = 8\nbatch_size = 32\noptimizer = {{ kind = \"adam\", lr = 1e-3 }}\n",
        images.display().to_string()
    );
    std::fs::write(&path, text).unwrap();
    path
}

/// A small model, trained a little.
fn trained() -> Workbench {
    let workbench = Workbench::new();
    workbench.command(&with(SMALL_MLP, &["train.steps=60", "--name", "one", "--headless"])).ok();
    workbench
}

/// The value of the first slider.
fn slider(text: &str) -> String {
    let row = text.lines().nth(2).expect("a row");
    let words = row.split_whitespace();
    words.map(str::to_owned).find(|word| word.parse::<f64>().is_ok()).expect("a value")
}

fn step(text: &str) -> u64 {
    let (_, rest) = text.split_once("step ").expect("a step");
    rest.split_whitespace().next().and_then(|word| word.parse().ok()).expect("a number")
}

/// The files of a save of one code, once the screen tells of it.
#[track_caller]
fn saved(workbench: &Workbench, terminal: &mut Terminal, number: u32) -> [PathBuf; 3] {
    let name = format!("{number:04}.csv");
    let text = terminal.shows(&["saved ", &name]);
    let line = text.lines().last().unwrap();
    let first = line.split("saved ").nth(1).unwrap().split(", ").next().unwrap();
    assert!(first.starts_with('/') || first.starts_with('…'), "{line}");
    let folder = workbench.run("one").path().join("explore");
    ["png", "json", "csv"].map(|end| folder.join(format!("{number:04}.{end}")))
}

fn json([_, path, _]: &[PathBuf; 3]) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The pixels of a picture of 28×28 that is ten times as large; each is a square.
fn picture(path: &Path) -> Vec<u8> {
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((frame.width, frame.height, pixels.len()), (280, 280, 280 * 280));
    let at = |x: usize, y: usize| pixels[y * 280 + x];
    assert!((0..280 * 280).all(|i| at(i % 280, i / 280) == at(i % 280 / 10 * 10, i / 2800 * 10)));
    (0..28 * 28).map(|i| at(i % 28 * 10, i / 28 * 10)).collect()
}
