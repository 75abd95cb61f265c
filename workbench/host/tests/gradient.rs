//! A plugin in C, from source to items; and libraries that must be refused.

use std::path::{Path, PathBuf};

use workbench_host::inspect::{Refusal, inspect};
use workbench_host::{Column, Medium, Plugins, Role, Settings};

fn settings(root: &Path) -> Settings {
    Settings {
        root: Some(root.to_owned()),
        search: vec![],
        target: root.join("target"),
        cargo: "cargo".into(),
        cc: "cc".to_owned(),
        color: false,
        probe: None,
        progress: Box::new(|_| {}),
    }
}

/// A root whose one plugin is the C example.
fn root() -> (tempfile::TempDir, Plugins) {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("plugins/gradient");
    std::fs::create_dir_all(&folder).unwrap();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../abi/examples/gradient.c");
    std::fs::copy(source, folder.join("gradient.c")).unwrap();
    let plugins = Plugins::new(settings(dir.path()));
    (dir, plugins)
}

fn library(plugins: &Plugins) -> PathBuf {
    let source = plugins.sources().pop().unwrap();
    plugins.build(&source).unwrap()
}

#[test]
fn a_plugin_in_c_is_built_loaded_and_read() {
    let (dir, plugins) = root();
    let plugin = plugins.get("gradient").unwrap();
    let info = plugin.dataset("gradient").unwrap();
    assert_eq!(info.parameters.len(), 2);
    let given = "side = 8\nitems = 40".parse().unwrap();
    let values = Plugins::check(&info.parameters, &given, dir.path()).unwrap();
    let data = plugin.open("gradient", values).unwrap();
    assert_eq!(data.len("train").unwrap(), Some(40));
    assert_eq!(data.len("valid").unwrap(), None);
    let image = &data.fields()[0];
    assert_eq!((image.role, &image.dims[..]), (Role::Image(Medium::Picture), &[1, 8, 8][..]));
    assert_eq!(data.fields()[1].classes[2], "north");

    let columns = data.read("train", &[0, 9, 2]).unwrap();
    assert_eq!(columns[1], Column::I64(vec![0, 1, 2]));
    let Column::U8(pixels) = &columns[0] else { panic!("bytes were declared") };
    // North is brighter at the top.
    assert!(pixels[2 * 64] > pixels[2 * 64 + 63]);

    let error = data.read("train", &[0, 40]).unwrap_err().to_string();
    let words = "plugin `gradient`, reading 2 items (0 to 40) of `train`: there is no such item";
    assert!(error.starts_with(words), "{error}");
    assert!(error.contains("gradient.c:"), "{error}");
}

#[test]
fn reads_run_on_many_threads_at_once() {
    let (dir, plugins) = root();
    let plugin = plugins.get("gradient").unwrap();
    let declared = &plugin.dataset("gradient").unwrap().parameters;
    let values = Plugins::check(declared, &"".parse().unwrap(), dir.path()).unwrap();
    let data = plugin.open("gradient", values).unwrap();
    let once = data.read("train", &[7, 8]).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                (0..50).for_each(|_| assert_eq!(data.read("train", &[7, 8]).unwrap(), once))
            });
        }
    });
}

#[test]
fn a_name_that_is_not_there_gets_the_nearest_one() {
    let (dir, plugins) = root();
    let error = plugins.get("gradent").err().unwrap().to_string();
    let searched = dir.path().join("plugins");
    assert_eq!(
        error,
        format!(
            "there is no plugin `gradent`; did you mean `gradient`? (searched {})",
            searched.display()
        )
    );
}

#[test]
fn a_source_that_does_not_compile_gives_the_compilers_words() {
    let (dir, plugins) = root();
    std::fs::write(dir.path().join("plugins/gradient/gradient.c"), "int main(void) { return x; }")
        .unwrap();
    let error = plugins.get("gradient").err().unwrap().to_string();
    assert!(error.starts_with("plugin `gradient` does not build:\n"), "{error}");
    assert!(error.contains("undeclared"), "{error}");
}

#[test]
fn every_truncation_is_refused_and_no_damage_panics() {
    let (_dir, plugins) = root();
    let whole = std::fs::read(library(&plugins)).unwrap();
    assert!(inspect(&whole).is_ok());
    for end in (0..whole.len()).step_by(97).chain(whole.len() - 64..whole.len()) {
        assert!(inspect(&whole[..end]).is_err(), "{end} of {} bytes", whole.len());
    }
    // A multiplicative hash gives places all over the file; each is flipped once.
    for i in 0..20_000usize {
        let mut bytes = whole.clone();
        let place = i.wrapping_mul(0x9e37_79b9) % bytes.len();
        bytes[place] ^= 1 << (i % 8);
        let _ = inspect(&bytes);
    }
}

#[test]
fn what_is_no_plugin_is_told_apart_from_one_of_another_version() {
    let (dir, plugins) = root();
    let source = dir.path().join("plugins/gradient/gradient.c");
    let text = std::fs::read_to_string(&source).unwrap();
    let newer = text.replace("wb_plugin wb_plugin_v1", "wb_plugin wb_plugin_v7");
    std::fs::write(&source, newer).unwrap();
    let error = plugins.get("gradient").err().unwrap().to_string();
    assert!(
        error.contains("speaks version 7 of the plugin ABI, and this workbench version 1"),
        "{error}"
    );

    std::fs::write(&source, text.replace(".magic = WB_MAGIC", ".magic = 7")).unwrap();
    let bytes = std::fs::read(library(&plugins)).unwrap();
    assert!(
        matches!(inspect(&bytes), Err(Refusal::NotAPlugin(why)) if why.contains("not a plugin's table"))
    );
    assert!(
        matches!(inspect(b"#!/bin/sh\n"), Err(Refusal::NotAPlugin(why)) if why == "is not a dynamic library")
    );
    let library = "int wb_something(void) { return 1; }";
    std::fs::write(&source, library).unwrap();
    let error = plugins.get("gradient").err().unwrap().to_string();
    assert!(error.contains("does not export `wb_plugin_v1`"), "{error}");
}
