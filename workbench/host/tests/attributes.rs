//! Attributes and captions that a data set in C declares, and declarations that are refused.

use workbench_graph::DType;
use workbench_host::{Column, Dataset, Error, Kind, Plugins, Role, Settings, Values};

const SOURCE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/c/tilt.c"));

/// The data set of the tests, with some of its text replaced.
fn open(changes: &[(&str, &str)]) -> Result<Dataset, Error> {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("plugins/tilt");
    std::fs::create_dir_all(&folder).unwrap();
    let mut source = SOURCE.to_owned();
    for (old, new) in changes {
        assert!(source.contains(old), "{old}");
        source = source.replace(old, new);
    }
    std::fs::write(folder.join("tilt.c"), source).unwrap();
    let plugins = Plugins::new(Settings {
        root: Some(dir.path().to_owned()),
        search: vec![],
        target: dir.path().join("target"),
        cargo: "cargo".into(),
        cc: "cc".to_owned(),
        color: false,
        probe: None,
        progress: Box::new(|_| {}),
    });
    plugins.get("tilt").unwrap().open("tilt", Values::new())
}

#[test]
fn a_data_set_in_c_declares_and_fills_attributes() {
    let data = open(&[]).unwrap();
    let [_, upright, place, words] = data.fields() else { panic!("{:?}", data.fields()) };
    assert_eq!(
        (upright.role, upright.kind, upright.dtype),
        (Role::Attribute, Kind::Binary, DType::I64)
    );
    assert_eq!(
        (&upright.classes[..], upright.range),
        (&["no".to_owned(), "yes".to_owned()][..], None)
    );
    assert_eq!((place.kind, place.range), (Kind::Real, Some([0.0, 7.0])));
    assert_eq!((words.role, &words.dims[..]), (Role::Caption, &[12][..]));
    let columns = data.read("train", &[0, 5, 2]).unwrap();
    assert_eq!(columns[1], Column::I64(vec![-1, 1, 0]));
    let Column::F32(places) = &columns[2] else { panic!("a number was declared") };
    assert!(places[0].is_nan() && places[1..] == [2.0, 1.0], "{places:?}");
    let Column::U8(captions) = &columns[3] else { panic!("bytes were declared") };
    assert_eq!(&captions[12..24], b"upright\0\0\0\0\0");
}

#[test]
fn what_can_not_be_an_attribute_is_refused_with_its_place() {
    let refused = |changes: &[(&str, &str)]| match open(changes) {
        Ok(_) => panic!("{changes:?} is taken"),
        Err(error) => error.to_string(),
    };
    let twice = refused(&[("WB_STR(\"place\")", "WB_STR(\"upright\")")]);
    assert!(twice.contains("two fields are called `upright`"), "{twice}");
    let three = refused(&[(".n_classes = 2}", ".n_classes = 1}")]);
    assert!(three.contains("field 1: a binary attribute with 1 values"), "{three}");
    let none = refused(&[
        (".kind = WB_BINARY", ".kind = WB_ORDINAL"),
        (".n_classes = 2}", ".n_classes = 0}"),
    ]);
    assert!(none.contains("values have no names"), "{none}");
    let float = refused(&[("{0, WB_F32, {0}}", "{0, WB_I64, {0}}")]);
    assert!(
        float.contains("field 2: the role is attribute") && float.ends_with("and not i64 []"),
        "{float}"
    );
    // A range that is none is no mistake: it is not known.
    let open = open(&[(".min = 0, .max = SIDE - 1", ".min = 5, .max = 5")]).unwrap();
    assert_eq!(open.fields()[2].range, None);
}
