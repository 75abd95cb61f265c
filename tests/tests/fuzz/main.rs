//! Every parser of files, on files that are damaged: none panics, none asks for memory that the file does not warrant.
//!
//! The same 2,000 cases a parser at every run. For 100,000, and a table of what became of them:
//!
//!     cargo test --release -p workbench-tests --test fuzz -- --ignored --nocapture

mod log;
mod parser;
mod pictures;
mod runs;
mod texts;
mod trial;

// The cli is a binary, which nothing can import.
#[allow(dead_code)]
#[path = "../../../workbench/cli/src/card/content.rs"]
mod card;

// Private to the dashboard.
#[allow(dead_code)]
#[path = "../../../workbench/dashboard/src/draw/picture.rs"]
mod picture;

mod binary;

use std::path::Path;

use parser::Parser;
use peak_alloc::PeakAlloc;
use trial::table;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

fn parsers(dir: &Path) -> Vec<Parser> {
    let pictures = pictures::parsers();
    [log::parsers(dir), runs::parsers(dir), texts::parsers(dir), binary::parsers(dir), pictures]
        .into_iter()
        .flatten()
        .collect()
}

// One test, not one a parser: the allocator counts for the whole process.
#[test]
fn damaged_files_are_refused_or_read_without_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    table(&parsers(dir.path()), 2_000);
}

#[test]
#[ignore = "minutes: cargo test --release -p workbench-tests --test fuzz -- --ignored --nocapture"]
fn a_hundred_thousand_damaged_files_a_parser() {
    let dir = tempfile::tempdir().unwrap();
    table(&parsers(dir.path()), 100_000);
}
