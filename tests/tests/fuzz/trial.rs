//! Trying parsers, and telling what became of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use workbench_tests::Mutator;

use crate::ALLOCATOR;
use crate::parser::{ALLOWANCE, Parser};

/// What became of a parser's cases.
#[derive(Default)]
struct Outcome {
    accepted: usize,
    refused: usize,
    /// The cases that panicked.
    panics: Vec<usize>,
    /// The case that took the most memory for its size: (bytes allocated, bytes held, case).
    most: (usize, usize, usize),
    slowest: Duration,
    took: Duration,
}

/// Tries each parser on so many cases, and prints a table.
///
/// # Panics
/// Where a parser panicked, refused its own good files, or took more memory than it may.
#[expect(clippy::print_stdout, reason = "the table is for whoever runs the test")]
pub fn table(parsers: &[Parser], cases: usize) {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    println!(
        "{:<24} {:>7} {:>9} {:>8} {:>7} {:>22} {:>9} {:>7}",
        "parser", "cases", "accepted", "refused", "panics", "most memory", "slowest", "took"
    );
    let mut faults = Vec::new();
    let began = Instant::now();
    for parser in parsers {
        for (i, seed) in parser.seeds.iter().enumerate() {
            (parser.put)(seed);
            if let Err(why) = (parser.parse)() {
                faults.push(format!("{}: the good file {i} is refused: {why}", parser.name));
            }
        }
        let outcome = try_out(parser, cases);
        let (bytes, held, _) = outcome.most;
        println!(
            "{:<24} {:>7} {:>9} {:>8} {:>7} {:>22} {:>6.1} ms {:>5.1} s",
            parser.name,
            cases,
            outcome.accepted,
            outcome.refused,
            outcome.panics.len(),
            format!("{bytes} of {held}"),
            outcome.slowest.as_secs_f64() * 1e3,
            outcome.took.as_secs_f64(),
        );
        faults.extend(judge(parser, &outcome));
    }
    println!(
        "most memory: bytes allocated at once, of what the file holds; all of it took {:.0} s",
        began.elapsed().as_secs_f64()
    );
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn try_out(parser: &Parser, cases: usize) -> Outcome {
    let mut outcome = Outcome::default();
    let began = Instant::now();
    for case in 0..cases {
        let bytes = damaged(parser, case);
        let held = (parser.put)(&bytes);
        drop(bytes);
        let parsing = Instant::now();
        let (parsed, mut most) = measured(parser);
        outcome.slowest = outcome.slowest.max(parsing.elapsed());
        // The allocator counts for the whole process, in which other tests run too: the least of three counts.
        for _ in 0..2 {
            if most > allowed(parser, held) {
                (parser.put)(&damaged(parser, case));
                most = most.min(measured(parser).1);
            }
        }
        match parsed {
            Ok(Ok(())) => outcome.accepted += 1,
            Ok(Err(_)) => outcome.refused += 1,
            Err(_) => outcome.panics.push(case),
        }
        let beyond = |bytes: usize, held: usize| bytes as f64 / (held + ALLOWANCE) as f64;
        if beyond(most, held) > beyond(outcome.most.0, outcome.most.1) {
            outcome.most = (most, held, case);
        }
    }
    outcome.took = began.elapsed();
    outcome
}

/// Parses what was put there, and counts what was allocated at once meanwhile.
fn measured(parser: &Parser) -> (std::thread::Result<Result<(), String>>, usize) {
    ALLOCATOR.reset_peak_usage();
    let before = ALLOCATOR.current_usage();
    let parsed = catch_unwind(AssertUnwindSafe(|| (parser.parse)()));
    (parsed, ALLOCATOR.peak_usage().saturating_sub(before))
}

fn allowed(parser: &Parser, held: usize) -> usize {
    parser.times * held + ALLOWANCE
}

fn judge(parser: &Parser, outcome: &Outcome) -> Vec<String> {
    let mut faults = Vec::new();
    let show = |case: usize| {
        let bytes = damaged(parser, case);
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned();
        format!("{}, case {case} of {} bytes, {start:?}", parser.name, bytes.len())
    };
    if let Some(&case) = outcome.panics.first() {
        faults.push(format!("{} panics; the first: {}", outcome.panics.len(), show(case)));
    }
    let (bytes, held, case) = outcome.most;
    if bytes > allowed(parser, held) {
        faults.push(format!("{bytes} bytes at once for a file that holds {held}: {}", show(case)));
    }
    // A parser that refuses everything, or takes everything, is not being tried.
    if outcome.accepted == 0 || outcome.refused == 0 {
        faults.push(format!(
            "{}: {} accepted, {} refused",
            parser.name, outcome.accepted, outcome.refused
        ));
    }
    faults
}

/// The bytes of a case: they follow from the parser's name and the number.
fn damaged(parser: &Parser, case: usize) -> Vec<u8> {
    let name =
        parser.name.bytes().fold(0u64, |hash, byte| hash.wrapping_mul(131) + u64::from(byte));
    Mutator::new(name ^ ((case as u64) << 20)).damaged(&parser.seeds)
}
