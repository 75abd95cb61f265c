//! Data sets that are made on the fly: what their cards say, that an item is the same whenever it is read, and that what
//! is held out of training is.

use std::collections::BTreeSet;

use workbench_host::{Column, Dataset, Kind, Plugins, Role, Settings};
use workbench_tests::{Workbench, cargo, repository};

/// Of each card: its plugin, the classes of its label, and what is known of each item.
const CARDS: &[(&str, &str, usize, &[&str])] = &[
    ("shapes", "shapes", 3, &["shape", "scale", "rotation", "x", "y"]),
    (
        "coloured-shapes",
        "shapes",
        3,
        &["shape", "scale", "rotation", "x", "y", "colour", "combination"],
    ),
    ("apples", "apples", 3, &["redness", "size", "squareness", "combination"]),
    (
        "landscapes",
        "landscapes",
        4,
        &["season", "sun height", "sun place", "clouds", "mountains", "sea", "river", "town"],
    ),
];

#[test]
fn cards_tell_of_classes_and_factors() {
    let workbench = Workbench::new();
    for (card, reader, classes, attributes) in CARDS {
        let shown = workbench.command(&["data", "show", card, "--json"]).ok().json();
        assert_eq!(shown["there"], true, "{card}");
        assert_eq!(shown["reader"], *reader);
        assert_eq!([&shown["shape"][1], &shown["shape"][2]], [64, 64], "{card}");
        assert_eq!(shown["classes"].as_array().unwrap().len(), *classes, "{card}");
        let told = shown["attributes"].as_array().unwrap().iter().map(|told| &told["name"]);
        assert_eq!(told.collect::<Vec<_>>(), *attributes, "{card}");
        assert!(shown["splits"]["train"]["n"].as_u64().unwrap() >= 8192, "{card}");
    }
}

#[test]
fn nothing_is_found_by_the_check() {
    let workbench = Workbench::new();
    for (card, reader, ..) in CARDS {
        let arguments = ["plugin", "check", "--json", reader, "--data", card];
        let checked = workbench.command(&arguments).ok().json();
        assert_eq!(checked["ok"], true, "{card}: {checked:#}");
    }
}

#[test]
fn a_preview_is_written_as_a_picture() {
    let workbench = Workbench::new();
    let written = |name: &str, seed: &str| {
        let path = workbench.folder().join(name);
        let path = path.to_str().unwrap();
        let preview = ["data", "preview", "apples", "-n", "6", "--seed", seed, "-o", path];
        let said = workbench.command(&preview).ok().stdout;
        assert_eq!(said.trim(), path, "the path is what is printed");
        std::fs::read(path).unwrap()
    };
    let [one, same, other] =
        [("one.png", "1"), ("same.png", "1"), ("other.png", "2")].map(|(a, b)| written(a, b));
    assert_eq!(&one[1..4], b"PNG");
    assert!(one == same, "the same seed gives the same file");
    assert!(one != other, "another seed gives another");
}

#[test]
fn an_item_is_the_same_whatever_is_read_before_it_and_another_seed_gives_another() {
    for plugin in ["shapes", "apples", "landscapes"] {
        let set = open(plugin, "items = 40\ntest_items = 40");
        let all = set.read("train", &(0..40).collect::<Vec<_>>()).unwrap();
        let alone: Vec<u8> = (0..40)
            .rev()
            .map(|item| bytes(&set.read("train", &[item]).unwrap()[0]))
            .fold(Vec::new(), |later, mut item| {
                item.extend(later);
                item
            });
        assert!(bytes(&all[0]) == alone, "{plugin}");
        let again = open(plugin, "items = 40\ntest_items = 40");
        let again = again.read("train", &(0..40).collect::<Vec<_>>()).unwrap();
        assert!(all == again, "{plugin}: opened anew");
        // A set of another length begins with the same items.
        let longer = open(plugin, "items = 4000\ntest_items = 40");
        let longer = longer.read("train", &(0..40).collect::<Vec<_>>()).unwrap();
        assert!(all == longer, "{plugin}: in a longer set");
        let other = open(plugin, "items = 40\ntest_items = 40\nseed = 1");
        let other = other.read("train", &(0..40).collect::<Vec<_>>()).unwrap();
        assert!(all[0] != other[0], "{plugin}: of another seed");
        let test = set.read("test", &(0..40).collect::<Vec<_>>()).unwrap();
        assert!(all[0] != test[0], "{plugin}: of the other split");
    }
}

#[test]
fn held_out_shapes_are_in_the_test_split_alone() {
    let held_out = BTreeSet::from([(0, 0), (1, 2), (2, 4)]);
    let pairs = |set: &Dataset, split| {
        let columns = set.read(split, &(0..2000).collect::<Vec<_>>()).unwrap();
        let [shapes, colours, unseen] =
            ["shape", "colour", "combination"].map(|name| indices(set, &columns, name));
        assert_eq!(shapes, indices(set, &columns, "label"));
        let pairs = shapes.into_iter().zip(colours);
        let pairs: Vec<(i64, i64)> = pairs.collect();
        for (pair, unseen) in pairs.iter().zip(unseen) {
            assert_eq!(held_out.contains(pair), unseen == 1, "{pair:?}");
        }
        pairs.into_iter().collect::<BTreeSet<_>>()
    };
    let colour = "colour = true\nsmooth = true\nside = 16";
    let set = open("shapes", colour);
    assert!(pairs(&set, "train").is_disjoint(&held_out));
    assert_eq!(pairs(&set, "train").len(), 15);
    assert_eq!(pairs(&set, "test").len(), 18);
    let set = open("shapes", &format!("{colour}\ntest = \"held-out\""));
    assert!(pairs(&set, "train").is_disjoint(&held_out));
    assert_eq!(pairs(&set, "test"), held_out);
    let set = open("shapes", &format!("{colour}\ntest = \"seen\""));
    assert_eq!(pairs(&set, "test").len(), 15);
}

#[test]
fn red_and_square_apples_are_in_the_test_split_alone() {
    let apples = |parameters: &str, split| {
        let set = open("apples", &format!("side = 16\n{parameters}"));
        let columns = set.read(split, &(0..1000).collect::<Vec<_>>()).unwrap();
        let [redness, squareness] =
            ["redness", "squareness"].map(|name| reals(&set, &columns, name));
        let flags = indices(&set, &columns, "combination");
        let both = redness.iter().zip(&squareness).map(|(&a, &b)| a > 0.6 && b > 0.6);
        let both: Vec<bool> = both.collect();
        assert!(redness.iter().any(|&a| a > 0.9) && squareness.iter().any(|&b| b > 0.9));
        assert!(both.iter().zip(flags).all(|(&both, flag)| both == (flag == 1)));
        both.iter().filter(|&&both| both).count()
    };
    assert_eq!(apples("", "train"), 0);
    assert!((100..220).contains(&apples("", "test")));
    assert_eq!(apples("test = \"seen\"", "test"), 0);
    assert_eq!(apples("test = \"held-out\"", "test"), 1000);
}

#[test]
fn every_combination_of_the_grid_has_its_number() {
    let set = open("shapes", "grid = true");
    assert_eq!(set.len("train").unwrap(), Some(737_280));
    let kinds: Vec<_> = set.fields().iter().filter(|field| field.role == Role::Attribute).collect();
    let levels: Vec<usize> = kinds.iter().map(|field| field.classes.len()).collect();
    assert_eq!(levels, [3, 6, 40, 32, 32]);
    assert_eq!((kinds[0].kind, kinds[1].kind), (Kind::Categorical, Kind::Ordinal));
    // dSprites' own numbers: shape, scale, rotation, x and y, the last of them the fastest.
    let names = ["shape", "scale", "rotation", "x", "y"];
    for wanted in [[0, 0, 0, 0, 0], [1, 2, 3, 4, 5], [2, 5, 39, 31, 31], [2, 0, 20, 31, 0]] {
        let number =
            wanted.iter().zip(&levels).fold(0, |number, (&value, &of)| number * of + value);
        let columns = set.read("train", &[number as u64]).unwrap();
        let found = names.map(|name| indices(&set, &columns, name)[0] as usize);
        assert_eq!(found, wanted);
    }
    let small = open("shapes", "grid = true\nside = 16\nscales = 2\nrotations = 4\npositions = 3");
    let n = small.len("train").unwrap().unwrap();
    let columns = small.read("train", &(0..n).collect::<Vec<_>>()).unwrap();
    let values = names.map(|name| indices(&small, &columns, name));
    let all: BTreeSet<_> =
        (0..n as usize).map(|i| values.each_ref().map(|column| column[i])).collect();
    assert_eq!(all.len(), 3 * 2 * 4 * 9, "each of them once");
    assert_eq!(n as usize, all.len());
}

#[test]
fn what_can_not_be_is_refused_in_words() {
    let workbench = Workbench::new();
    let check = |plugin: &str, settings: &[&str], words: &[&str]| {
        let file = workbench.folder().join(format!("{plugin}.toml"));
        let text =
            format!("[dataset]\nplugin = \"{plugin}\"\n[architecture]\nplugin = \"conv-vae\"\n");
        std::fs::write(&file, text).unwrap();
        let arguments = [&["check", file.to_str().unwrap()][..], settings].concat();
        workbench.command(&arguments).exits(2).says(words);
    };
    let nothing = ["dataset.held_out=false", "dataset.test=held-out"];
    check("apples", &nothing, &["nothing is held out", "held_out = true"]);
    check("shapes", &["dataset.test=held-out"], &["nothing is held out", "colour = true"]);
    let large = ["dataset.grid=true", "dataset.scales=64", "dataset.positions=256"];
    let large = [&large[..], &["dataset.rotations=360"]].concat();
    // 3 x 64 x 360 x 256 x 256.
    check("shapes", &large, &["4529848320 combinations", "4294967295 items", "fewer scales"]);
}

/// A data set of a shipped plugin, with parameters as an experiment gives them.
fn open(plugin: &str, parameters: &str) -> Dataset {
    let plugins = Plugins::new(Settings {
        root: Some(repository()),
        search: Vec::new(),
        target: repository().join("target/plugins"),
        cargo: cargo(),
        cc: "cc".to_owned(),
        color: false,
        probe: None,
        progress: Box::new(|_| ()),
    });
    let loaded = plugins.get(plugin).unwrap();
    let parameters: toml::Table = parameters.parse().unwrap();
    let declared = &loaded.dataset(plugin).unwrap().parameters;
    let values = Plugins::check(declared, &parameters, &repository()).unwrap();
    loaded.open(plugin, values).unwrap()
}

fn column<'c>(set: &Dataset, columns: &'c [Column], name: &str) -> &'c Column {
    let at = set.fields().iter().position(|field| field.name == name);
    &columns[at.unwrap_or_else(|| panic!("there is no field {name}"))]
}

fn indices(set: &Dataset, columns: &[Column], name: &str) -> Vec<i64> {
    match column(set, columns, name) {
        Column::I64(values) => values.clone(),
        other => panic!("{name} is {other:?}"),
    }
}

fn reals(set: &Dataset, columns: &[Column], name: &str) -> Vec<f32> {
    match column(set, columns, name) {
        Column::F32(values) => values.clone(),
        other => panic!("{name} is {other:?}"),
    }
}

fn bytes(column: &Column) -> Vec<u8> {
    match column {
        Column::U8(bytes) => bytes.clone(),
        other => panic!("pictures are {other:?}"),
    }
}
