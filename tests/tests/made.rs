//! Data sets that are made on the fly: what their cards say, that an item is the same whenever it is read, and that what
//! is held out of training is.

use std::collections::BTreeSet;

use workbench_host::{Column, Dataset, Kind, Plugins, Role, Settings};
use workbench_tests::{Workbench, cargo, repository};

/// Its name, its plugin, the sizes of its items, the classes of its label, and what is known of each item.
type Card = (&'static str, &'static str, &'static [u64], usize, &'static [&'static str]);

const CARDS: &[Card] = &[
    ("shapes", "shapes", &[1, 64, 64], 3, &["shape", "scale", "rotation", "x", "y"]),
    (
        "coloured-shapes",
        "shapes",
        &[3, 64, 64],
        3,
        &["shape", "scale", "rotation", "x", "y", "colour", "combination"],
    ),
    ("apples", "apples", &[3, 64, 64], 3, &["redness", "size", "squareness", "combination"]),
    (
        "landscapes",
        "landscapes",
        &[3, 64, 64],
        4,
        &["season", "sun height", "sun place", "clouds", "mountains", "sea", "river", "town"],
    ),
    (
        "solids",
        "solids",
        &[1, 32, 32, 32],
        7,
        &[
            "kind",
            "width",
            "height",
            "depth",
            "rotation",
            "legs",
            "back",
            "thickness",
            "combination",
        ],
    ),
    (
        "moving-digits",
        "moving-digits",
        &[1, 10, 32, 32],
        10,
        &["digit", "x", "y", "speed", "direction"],
    ),
];

#[test]
fn cards_tell_of_classes_and_factors() {
    let workbench = Workbench::new();
    for (card, reader, dims, classes, attributes) in CARDS {
        let shown = workbench.command(&["data", "show", card, "--json"]).ok().json();
        assert_eq!(shown["there"], true, "{card}");
        assert_eq!(shown["reader"], *reader);
        let shape = shown["shape"].as_array().unwrap().iter().map(|size| size.as_u64().unwrap());
        assert_eq!(shape.collect::<Vec<_>>(), *dims, "{card}");
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
    for plugin in ["shapes", "apples", "landscapes", "solids", "moving-digits"] {
        let digits = "images = \"datasets/digits/images-idx3-ubyte.gz\"";
        let given = if plugin == "moving-digits" { digits } else { "" };
        let open = |parameters: &str| open(plugin, &format!("{parameters}\n{given}"));
        let set = open("items = 40\ntest_items = 40");
        let all = set.read("train", &(0..40).collect::<Vec<_>>()).unwrap();
        let alone: Vec<u8> = (0..40)
            .rev()
            .map(|item| bytes(&set.read("train", &[item]).unwrap()[0]))
            .fold(Vec::new(), |later, mut item| {
                item.extend(later);
                item
            });
        assert!(bytes(&all[0]) == alone, "{plugin}");
        let again = open("items = 40\ntest_items = 40");
        let again = again.read("train", &(0..40).collect::<Vec<_>>()).unwrap();
        assert!(same(&all, &again), "{plugin}: opened anew");
        // A set of another length begins with the same items.
        let longer = open("items = 4000\ntest_items = 40");
        let longer = longer.read("train", &(0..40).collect::<Vec<_>>()).unwrap();
        assert!(same(&all, &longer), "{plugin}: in a longer set");
        let other = open("items = 40\ntest_items = 40\nseed = 1");
        let other = other.read("train", &(0..40).collect::<Vec<_>>()).unwrap();
        assert!(all[0] != other[0], "{plugin}: of another seed");
        let test = set.read("test", &(0..40).collect::<Vec<_>>()).unwrap();
        assert!(all[0] != test[0], "{plugin}: of the other split");
    }
}

/// To the bit: what is not known of an item is NaN, which is equal to nothing.
fn same(a: &[Column], b: &[Column]) -> bool {
    let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    let pair = |(a, b): (&Column, &Column)| match (a, b) {
        (Column::F32(a), Column::F32(b)) => bits(a) == bits(b),
        (a, b) => a == b,
    };
    a.len() == b.len() && a.iter().zip(b).all(pair)
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
fn chairs_with_long_legs_and_high_backs_are_in_the_test_split_alone() {
    let chairs = |parameters: &str, split| {
        let set =
            open("solids", &format!("side = 16\nkinds = [\"chair\", \"table\"]\n{parameters}"));
        let columns = set.read(split, &(0..1000).collect::<Vec<_>>()).unwrap();
        let [legs, backs] = ["legs", "back"].map(|name| reals(&set, &columns, name));
        let [kinds, flags] = ["kind", "combination"].map(|name| indices(&set, &columns, name));
        assert_eq!(kinds, indices(&set, &columns, "label"));
        // Of a table no back is known.
        assert!(kinds.iter().zip(&backs).all(|(&kind, back)| (kind == 0) == back.is_nan()));
        let both = legs.iter().zip(&backs).map(|(&legs, &back)| legs > 0.6 && back > 0.6);
        let both: Vec<bool> = both.collect();
        assert!(legs.iter().any(|&legs| legs > 0.9) && backs.iter().any(|&back| back > 0.9));
        let holds_out = !parameters.contains("held_out = false");
        let is_told = |(&both, flag): (&bool, i64)| (both && holds_out) == (flag == 1);
        assert!(both.iter().zip(flags).all(is_told));
        both.iter().filter(|&&both| both).count()
    };
    assert_eq!(chairs("", "train"), 0);
    assert!((40..130).contains(&chairs("", "test")));
    assert_eq!(chairs("test = \"seen\"", "test"), 0);
    assert!((40..130).contains(&chairs("held_out = false", "train")));
}

#[test]
fn moving_digits_are_those_of_the_file_and_move_as_is_said() {
    let images = "images = \"datasets/digits/images-idx3-ubyte.gz\"";
    let labels = "labels = \"datasets/digits/labels-idx1-ubyte.gz\"";
    let files = format!("{images}\n{labels}");
    let digits = open("idx", &format!("{files}\ntest_count = 1000"));
    // As large as they are, in whole pixels where they do not move: the frame is the digit.
    let still = open("moving-digits", &format!("{files}\nside = 28\ndigit = 28\nframes = 2"));
    let clips = still.read("test", &(0..20).collect::<Vec<_>>()).unwrap();
    let unseen = digits.read("test", &(0..1000).collect::<Vec<_>>()).unwrap();
    let [clips_of, unseen_of] =
        [indices(&still, &clips, "label"), indices(&digits, &unseen, "label")];
    let (clips, unseen) = (bytes(&clips[0]), bytes(&unseen[0]));
    for (clip, class) in clips.chunks(2 * 784).zip(clips_of) {
        assert!(clip[..784] == clip[784..]);
        let at = unseen.chunks(784).position(|digit| *digit == clip[..784]);
        assert_eq!(unseen_of[at.expect("one of the last 1,000")], class);
    }
    // The middle of what is light goes as far as speed and direction say, until it bounces.
    let set = open("moving-digits", &format!("{files}\nside = 64\nframes = 5\nspeed = 0.04"));
    let columns = set.read("train", &(0..200).collect::<Vec<_>>()).unwrap();
    let [xs, ys, speeds, directions] =
        ["x", "y", "speed", "direction"].map(|name| reals(&set, &columns, name));
    let mut checked = 0;
    for (i, clip) in bytes(&columns[0]).chunks(5 * 4096).enumerate() {
        let (sin, cos) = directions[i].to_radians().sin_cos();
        let way = 64.0 * speeds[i] * 4.0;
        let wanted = [way * cos, -way * sin];
        let free = [xs[i], ys[i]]
            .iter()
            .zip(wanted)
            .all(|(at, way)| (0.5..35.5).contains(&(at * 36.0 + way)));
        if free {
            let [from, to] = [0, 4].map(|frame| middle(&clip[frame * 4096..][..4096], 64));
            for axis in 0..2 {
                let moved = to[axis] - from[axis];
                assert!((moved - wanted[axis]).abs() < 0.3, "{i}: {moved}, not {}", wanted[axis]);
            }
            checked += 1;
        }
    }
    assert!(checked > 50, "{checked}");
    let two = open("moving-digits", &format!("{files}\ndigits = 2"));
    let columns = two.read("train", &(0..50).collect::<Vec<_>>()).unwrap();
    let [first, second] = ["first digit", "second digit"].map(|name| indices(&two, &columns, name));
    assert!(first.iter().zip(&second).all(|(first, second)| first <= second));
    assert!(two.fields().iter().all(|field| field.name != "label"));
}

/// The middle of what is light, across and down.
fn middle(pixels: &[u8], side: usize) -> [f32; 2] {
    let sum = |weight: &dyn Fn(usize) -> usize| {
        pixels.iter().enumerate().map(|(at, &x)| f64::from(x) * weight(at) as f64).sum::<f64>()
    };
    let all = sum(&|_| 1);
    [(sum(&|at| at % side) / all) as f32, (sum(&|at| at / side) / all) as f32]
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
    let nothing = ["dataset.kinds=[\"box\"]", "dataset.test=held-out"];
    check("solids", &nothing, &["nothing is held out", "chairs among the `kinds`"]);
    let digits = "dataset.images=datasets/digits/images-idx3-ubyte.gz";
    let wide = [digits, "dataset.digit=40"];
    check("moving-digits", &wide, &["`digit` of 40 pixels", "`side` of 32"]);
    let all = [digits, "dataset.test_count=10000"];
    check("moving-digits", &all, &["10000 of 10000 digits", "none to train on"]);
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
