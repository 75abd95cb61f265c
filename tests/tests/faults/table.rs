//! What is told to whoever runs the harness.

/// A row of the table in workbench/docs/reliability.md.
#[expect(clippy::print_stdout, reason = "a figure is for whoever runs the test")]
pub fn row(columns: &[&dyn std::fmt::Display]) {
    let columns: Vec<_> = columns.iter().map(ToString::to_string).collect();
    println!("| {} |", columns.join(" | "));
}
