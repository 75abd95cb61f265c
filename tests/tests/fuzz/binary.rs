//! IDX files, plain and gzip, and the headers of plugin libraries.

use std::cell::RefCell;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::rc::Rc;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use workbench_host::inspect::inspect;
use workbench_sdk::idx;
use workbench_tests::repository;

use crate::parser::{Parser, write};

pub fn parsers(dir: &Path) -> Vec<Parser> {
    vec![arrays(dir, "IDX", false), arrays(dir, "IDX, gzip", true), library(dir)]
}

/// Pictures and labels.
fn seeds() -> Vec<Vec<u8>> {
    let images = |n: u8, side: u8| {
        let mut bytes = vec![0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, side, 0, 0, 0, side];
        bytes.extend((0..usize::from(n) * usize::from(side).pow(2)).map(|i| (i % 251) as u8));
        bytes
    };
    let labels = vec![0, 0, 0x0c, 1, 0, 0, 0, 2, 0, 0, 0, 7, 0, 0, 0, 1];
    vec![images(2, 3), images(200, 28), labels]
}

/// A gzip file holds what it inflates to: only what is really there counts, not what a header says.
fn arrays(dir: &Path, name: &'static str, zipped: bool) -> Parser {
    let path = dir.join(if zipped { "a.gz" } else { "a.idx" });
    let zip = |bytes: Vec<u8>| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&bytes).unwrap();
        encoder.finish().unwrap()
    };
    let seeds = seeds().into_iter().map(|bytes| if zipped { zip(bytes) } else { bytes }).collect();
    let there = path.clone();
    let put = move |bytes: &[u8]| {
        write(&there, bytes);
        let mut held = Vec::new();
        // What comes before the damage counts.
        let _ = MultiGzDecoder::new(bytes).take(64 << 20).read_to_end(&mut held);
        held.len().max(bytes.len())
    };
    let parse = move || {
        let array = idx::read(&path).map_err(|error| error.to_string())?;
        for place in [0, array.dims[0] / 2, array.dims[0] - 1] {
            array.item(place);
            array.number(place);
        }
        Ok(())
    };
    // A buffer that grows is held twice while it moves.
    let times = if zipped { 4 } else { 2 };
    Parser { name, seeds, put: Box::new(put), parse: Box::new(parse), times }
}

fn library(dir: &Path) -> Parser {
    let path = dir.join("plugin.so");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-I"])
        .arg(repository().join("workbench/abi/include"))
        .arg("-o")
        .arg(&path)
        .arg(repository().join("tests/fixtures/c/plugin.c"))
        .status();
    assert!(compiled.expect("a C compiler").success());
    let bytes = Rc::new(RefCell::new(Vec::new()));
    let put = {
        let bytes = bytes.clone();
        move |damaged: &[u8]| {
            *bytes.borrow_mut() = damaged.to_vec();
            damaged.len()
        }
    };
    let parse =
        move || inspect(&bytes.borrow()).map(|_| ()).map_err(|refusal| format!("{refusal:?}"));
    Parser {
        name: "plugin header",
        seeds: vec![fs::read(path).unwrap()],
        put: Box::new(put),
        parse: Box::new(parse),
        times: 2,
    }
}
