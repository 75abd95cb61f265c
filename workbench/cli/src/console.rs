//! What goes to the terminal. A reader that goes away (`| head`) ends the output, not the command.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use crate::failure::Failure;

/// A line on stdout.
pub fn line(text: impl Display) {
    // A closed pipe is not an error: whoever read has read enough.
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// One JSON document on a line of its own on stdout.
pub fn json(value: &serde_json::Value) {
    line(value);
}

/// A number as JSON has it, through its shortest decimal: 0.1f32 is to read 0.1, not 0.10000000149. What is not finite
/// is null.
pub fn json_number(x: f32) -> serde_json::Value {
    let number = x.to_string().parse::<f64>().ok().filter(|x| x.is_finite());
    number.map_or(serde_json::Value::Null, serde_json::Value::from)
}

/// A line on stderr: what is going on, apart from what was asked for.
pub fn note(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether stderr is a terminal that has colours, and whose user has not asked for words without them.
pub fn has_color() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    io::stderr().is_terminal() && !refused && !is_dumb
}

/// An error on stderr.
pub fn error(message: &str) {
    note(format_args!("error: {message}"));
}

/// A warning on stderr.
pub fn warning(message: impl Display) {
    note(format_args!("warning: {message}"));
}

/// A text from a file, without what would steer the terminal.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// Columns of text, aligned; the first row is the head.
pub fn table(rows: &[Vec<String>]) {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| plain(cell)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        line(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

/// 1691369 → "1,691,369".
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// At most four significant digits: 106.71, 0.001234, 1.2e-5.
pub fn number(x: f64) -> String {
    let size = x.abs();
    if x == 0.0 || !x.is_finite() {
        return format!("{x}");
    }
    if !(1e-4..1e7).contains(&size) {
        return format!("{x:.3e}");
    }
    let decimals = (3 - size.log10().floor() as i32).clamp(0, 8) as usize;
    let text = format!("{x:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// 12_345_678 → "12.3 MB".
pub fn bytes(n: u64) -> String {
    match n {
        0..1000 => format!("{n} bytes"),
        1000..1_000_000 => format!("{:.1} kB", n as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", n as f64 / 1e6),
        _ => format!("{:.1} GB", n as f64 / 1e9),
    }
}

/// Whether a person agrees. Without a terminal nobody can be asked.
///
/// # Errors
/// Nobody can be asked, and `--yes` was not given.
pub fn agreed(question: &str, yes: bool) -> Result<bool, Failure> {
    if yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::usage("nobody can be asked here: give --yes to do it without asking"));
    }
    let mut stderr = io::stderr().lock();
    write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush())?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// 3725 s → "1 h 02 min".
pub fn duration(seconds: f64) -> String {
    let seconds = seconds.max(0.0).round() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_from_a_file_steers_no_terminal() {
        assert_eq!(plain("a\x1b[2Jb\nβ\u{9b}1m"), "a\u{fffd}[2Jb\nβ\u{fffd}1m");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(number(106.71234), "106.7");
        assert_eq!(number(1000.0), "1000");
        assert_eq!(number(0.001), "0.001");
        assert_eq!(number(-0.5), "-0.5");
        assert_eq!(number(1.2e-5), "1.200e-5");
        assert_eq!(number(0.0), "0");
        assert_eq!(grouped(1_691_369), "1,691,369");
        assert_eq!([999, 1500, 12_345_678].map(bytes), ["999 bytes", "1.5 kB", "12.3 MB"]);
        assert_eq!(duration(3725.0), "1 h 02 min");
    }
}
