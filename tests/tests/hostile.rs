//! Files that mean harm: what they name stays in its folder, and none of them takes the program with it.

mod terminal;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use terminal::Terminal;
use workbench_runs::{LogWriter, RunDir, Value};
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

#[test]
fn an_experiment_that_means_harm_is_answered_with_its_line() {
    let workbench = Workbench::new();
    let file = workbench.folder().join("e.toml");
    let rest = "\n[dataset]\nname = \"digits\"\n\n[architecture]\nplugin = \"mlp-vae\"\n";
    let mut slowest = Duration::ZERO;
    for (line, says) in [
        ("seed = 99999999999999999999".to_owned(), "99999999999999999999"),
        ("[train]\nepochs = 9223372036854775807".to_owned(), "9223372036854775807"),
        ("[train]\nbatch_size = -1".to_owned(), "-1"),
        ("[train]\nepoch = 3".to_owned(), "did you mean `epochs`"),
        ("name = \"../../x\"".to_owned(), "../../x"),
        ("extends = \"../../../../etc/passwd\"".to_owned(), "etc/passwd"),
        (format!("x = {}{}", "[".repeat(10_000), "]".repeat(10_000)), "64 levels"),
        (format!("{}x = 1", "a.".repeat(10_000)), "64 levels"),
    ] {
        fs::write(&file, format!("{line}\n{rest}")).unwrap();
        let began = Instant::now();
        let ended = workbench.command(&["train", file.to_str().unwrap(), "--headless"]).exits(2);
        slowest = slowest.max(began.elapsed());
        let place = format!("e.toml:{}", line.lines().count());
        if says != "etc/passwd" {
            assert!(ended.stderr.contains(&place), "{line:.40}: {:.500}", ended.stderr);
        }
        assert!(ended.stderr.len() < 4000, "{line:.40}: {} bytes", ended.stderr.len());
        ended.says(&[says]);
    }
    assert!(workbench.names().is_empty());
    row(&format!(
        "| experiments that mean harm | slowest answer {:.0} ms |",
        slowest.as_secs_f64() * 1e3
    ));
}

/// A PNG whose header claims so many pixels a side, and whose data inflate to 64 MiB of zeros.
fn bomb(side: u32) -> Vec<u8> {
    let mut zeros = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    zeros.write_all(&vec![0; 64 << 20]).unwrap();
    let header = [&side.to_be_bytes()[..], &side.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", header), (b"IDAT", zeros.finish().unwrap()), (b"IEND", vec![])] {
        let body = [&kind[..], &data].concat();
        let mut sum = flate2::Crc::new();
        sum.update(&body);
        png.extend((data.len() as u32).to_be_bytes());
        png.extend(body);
        png.extend(sum.sum().to_be_bytes());
    }
    png
}

#[test]
fn a_picture_that_claims_to_be_huge_is_refused_by_what_it_claims() {
    let workbench = Workbench::new();
    let run = RunDir::create(&workbench.runs(), "bombed").unwrap();
    let mut log = LogWriter::create(&run, None).unwrap();
    for (step, side) in [(1, 16_000), (2, 60_000), (3, 2_000_000_000)] {
        let image = Value::Image { width: 8, height: 8, channels: 1, png: bomb(side) };
        let values =
            [("images/samples".to_owned(), image), ("train/loss".to_owned(), Value::Scalar(1.0))];
        log.write(step, &values).unwrap();
    }
    log.sync().unwrap();
    workbench.command(&["log", "bombed", "--json"]).ok();
    let mut terminal = Terminal::workbench(&workbench, (120, 40), &["attach", "bombed"]);
    terminal.shows(&["bombed", "step 3"]);
    terminal.press("2");
    // The larger ones are left out where the log is read already.
    terminal.shows(&["16000×16000", "too many to show"]);
    let memory = terminal.peak_memory();
    terminal.press("q");
    terminal.ended().exits(0);
    assert!(memory < 100_000_000, "{memory} bytes");

    // A data set whose header claims more than there is.
    let images = workbench.folder().join("images.idx");
    fs::write(&images, [&[0, 0, 8, 3][..], &[0xff; 12], &[0; 100]].concat()).unwrap();
    let setting = format!("dataset={{ plugin = \"idx\", images = {images:?}, test_count = 1 }}");
    workbench.command(&with(SMALL_MLP, &[&setting, "--headless"])).exits(2).says(&["images.idx"]);
    row(&format!("| pictures of 16,000² pixels and more | viewer {} MB |", memory / 1_000_000));
}

#[expect(clippy::print_stdout, reason = "a figure is for whoever runs the test")]
fn row(text: &str) {
    println!("{text}");
}
