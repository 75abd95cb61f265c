use proptest::collection::vec;
use proptest::prelude::*;
use workbench_experiment::{Experiment, nearest};

use crate::{FULL, cases};

#[test]
fn deep_nesting_is_an_error_with_its_line() {
    let key = "a.".repeat(60);
    for value in [
        format!("x = {}", "[".repeat(10_000)),
        format!("x = {}{}", "[".repeat(10_000), "]".repeat(10_000)),
        format!("x = {}1{}", "{ y = ".repeat(10_000), " }".repeat(10_000)),
        format!("{}x = 1", "a.".repeat(10_000)),
        format!("[{}x]", "a.".repeat(10_000)),
        format!("{key}x = {}1{}", format!("{{ {key}y = ").repeat(70), " }".repeat(70)),
    ] {
        let error =
            Experiment::parse("e.toml", &format!("{FULL}\n{value}\n"), &[]).expect_err("too deep");
        assert_eq!(error.line(), Some(45), "{error}");
        let argument = format!("architecture.deep={}", value.trim_start_matches("x = "));
        // An error or a bare string: what matters is that it returns.
        let _ =
            Experiment::parse("e.toml", FULL, &[argument, format!("{}x=1", "a.".repeat(10_000))]);
    }
}

#[test]
fn the_deepest_that_is_allowed_is_read_written_and_dropped() {
    let deep = format!("{}1{}", "[".repeat(60), "]".repeat(60));
    let text = FULL.replace("latent = 20", &format!("latent = 20\na.b.c.x = {deep}"));
    let experiment = Experiment::parse("e.toml", &text, &[]).expect("sixty levels are allowed");
    let again = Experiment::parse("e.toml", &experiment.to_toml(), &[])
        .expect("what was written reads back");
    assert_eq!(experiment, again);
}

#[test]
fn a_megabyte_of_anything_is_answered() {
    let size = (1 << 20) - FULL.len() - 10;
    for unit in [
        "[", "{", "a=", "\"", "'''", "\\", "\n", "[a]\n", "[[a]]\n", "a.", ",", "#", "é",
        "x = 1\n", "\r",
    ] {
        let text = format!("{FULL}\n{}", unit.repeat(size / unit.len()));
        let _ = Experiment::parse("e.toml", &text, &[]);
    }
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn a_damaged_file_is_read_or_refused(edits in vec((0..FULL.len(), any::<u8>(), 0..4_u8), 1..6), end in 0..=FULL.len()) {
        let mut bytes = FULL.as_bytes().to_vec();
        for (at, byte, edit) in edits {
            let at = at.min(bytes.len().saturating_sub(1));
            match edit {
                0 => bytes[at] = byte,
                1 => bytes[at] ^= 1 << (byte % 8),
                2 => { bytes.insert(at, b"\n[]{}.=\"'#\\,"[byte as usize % 12]); }
                _ => { bytes.remove(at); }
            }
        }
        bytes.truncate(end.max(bytes.len() / 2));
        let text = String::from_utf8_lossy(&bytes);
        check(&text, &[]);
    }

    #[test]
    fn any_argument_is_taken_or_refused(
        arguments in vec(prop_oneof![any::<String>(), "[a-z.]{0,20}=\\PC{0,20}", "train\\.[a-z_]{1,8}=[-0-9a-z\"{}\\[\\], =.]{0,20}"], 1..4)
    ) {
        check(FULL, &arguments);
    }

    #[test]
    fn any_two_words_are_compared(word in any::<String>(), known in vec(any::<String>(), 0..4)) {
        let found = nearest(&word, known.iter().map(String::as_str));
        prop_assert!(found.is_none_or(|found| known.iter().any(|word| word == found)));
    }
}

/// Reads, and on the way asks for everything that could go wrong later: the message, the written form.
fn check(text: &str, overrides: &[String]) {
    match Experiment::parse("e.toml", text, overrides) {
        Ok(experiment) => {
            let written = experiment.to_toml();
            let again = Experiment::parse("e.toml", &written, &[])
                .unwrap_or_else(|error| panic!("{error}\n{written}"));
            assert_eq!(written, again.to_toml());
        }
        Err(error) => {
            let lines = text.lines().count().max(1) + 1;
            assert!(error.line().is_none_or(|line| (1..=lines).contains(&line)), "{error}");
            assert!(!error.to_string().is_empty());
        }
    }
}
