//! Tests that need what a machine may lack.

/// Says why a test did not look. The caller returns.
#[expect(clippy::print_stderr, reason = "a test's words are for whoever runs it")]
pub fn skip(why: &str) {
    eprintln!("skipped: {why}");
}
