//! Numbers as people read them: at most four significant digits, and as wide as the last one.

/// Four significant digits, `102.3`, `0.01234`, `1.235e6`.
pub(crate) fn number(x: f64) -> String {
    let size = x.abs();
    if x == 0.0 {
        "0".to_owned()
    } else if !x.is_finite() {
        if x.is_nan() {
            "nan"
        } else if x > 0.0 {
            "inf"
        } else {
            "-inf"
        }
        .to_owned()
    } else if (1e-3..9999.5).contains(&size) {
        // What rounds up to the next power of ten has one digit fewer behind the point.
        let digits = (3 - (size * 1.00005).log10().floor() as i32).max(0) as usize;
        format!("{x:.digits$}")
    } else {
        format!("{x:.3e}")
    }
}

/// A number without trailing zeros, for what a person typed: `2`, `0.5`, `1e-4`.
pub(crate) fn typed(x: f64) -> String {
    let size = x.abs();
    if x == 0.0 || (1e-3..1e5).contains(&size) {
        let text = format!("{x:.6}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        format!("{x:e}")
    }
}

/// A count: `950`, `12.3k`, `4.56M`.
pub(crate) fn count(x: f64) -> String {
    let (x, unit) = match x {
        x if x < 999.5 => return format!("{x:.0}"),
        x if x < 999_500.0 => (x / 1e3, "k"),
        x if x < 999_500_000.0 => (x / 1e6, "M"),
        x => (x / 1e9, "G"),
    };
    let digits = if x < 9.995 {
        2
    } else if x < 99.95 {
        1
    } else {
        0
    };
    format!("{x:.digits$}{unit}")
}

/// A time to go, coarser the longer it is: `45s`, `3m 20s`, `1h 05m`, `2d 03h`.
pub(crate) fn duration(seconds: f64) -> String {
    let s = seconds.max(0.0).round() as u64;
    match s {
        0..60 => format!("{s}s"),
        60..3600 => format!("{}m {:02}s", s / 60, s % 60),
        3600..86_400 => format!("{}h {:02}m", s / 3600, s % 3600 / 60),
        _ => format!("{}d {:02}h", s / 86_400, s % 86_400 / 3600),
    }
}

/// The label of a tick, where ticks are `step` apart and at most `greatest` in size.
pub(crate) fn tick(value: f64, step: f64, greatest: f64) -> String {
    let value = if value.abs() < step * 1e-6 { 0.0 } else { value };
    if value == 0.0 {
        return "0".to_owned();
    }
    if greatest >= 99_999.5 || step < 9.9e-5 {
        let digits = (greatest.log10().floor() - step.log10().floor()).clamp(0.0, 3.0) as usize;
        return format!("{value:.digits$e}");
    }
    let digits = (-(step * 1.0001).log10().floor()).max(0.0) as usize;
    format!("{value:.digits$}")
}

/// The label of a step on the x axis: `0`, `2000`, `20k`, `1.5M`.
pub(crate) fn step(value: u64, greatest: u64) -> String {
    let short = |unit: f64, name: &str| {
        let text = format!("{:.2}", value as f64 / unit);
        format!("{}{name}", text.trim_end_matches('0').trim_end_matches('.'))
    };
    match greatest {
        _ if value == 0 => "0".to_owned(),
        0..10_000 => value.to_string(),
        10_000..1_000_000 => short(1e3, "k"),
        1_000_000..1_000_000_000 => short(1e6, "M"),
        _ => short(1e9, "G"),
    }
}

/// Text from elsewhere as it may go onto a terminal: no escape sequence and no control character stays.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => match chars.next() {
                // A control sequence ends with a letter or one of `@~` and the like.
                Some('[') => while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
                // An operating system command ends with BEL or ESC.
                Some(']') => while chars.next().is_some_and(|c| c != '\x07' && c != '\x1b') {},
                _ => {}
            },
            '\t' => out.push_str("    "),
            // A progress bar's earlier states were overwritten.
            '\r' if chars.peek().is_some_and(|&c| c != '\n') => out.clear(),
            c if c.is_control() => {}
            // Marks that turn the writing direction would scramble the screen.
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_significant_digits() {
        for (x, text) in [
            (0.0, "0"),
            (102.345, "102.3"),
            (1.0, "1.000"),
            (0.0123456, "0.01235"),
            (9.99996, "10.00"),
            (9999.4, "9999"),
            (9999.6, "1.000e4"),
            (-545.21, "-545.2"),
            (3e-4, "3.000e-4"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(number(x), text);
        }
    }

    #[test]
    fn counts_times_and_ticks() {
        assert_eq!(
            [999.0, 999.6, 12_345.0, 999_499.0, 2e6].map(count),
            ["999", "1.00k", "12.3k", "999k", "2.00M"]
        );
        assert_eq!([5.2, 200.0, 3900.0, 1e5].map(duration), ["5s", "3m 20s", "1h 05m", "1d 03h"]);
        assert_eq!(tick(0.30000000000000004, 0.1, 0.5), "0.3");
        assert_eq!(tick(150.0, 50.0, 200.0), "150");
        assert_eq!(tick(2e6, 5e5, 2e6), "2.0e6");
        assert_eq!(
            [step(20_000, 50_000), step(500, 2000), step(1_500_000, 2_000_000)],
            ["20k", "500", "1.5M"]
        );
        assert_eq!([typed(2.0), typed(0.5), typed(3e-4)], ["2", "0.5", "3e-4"]);
    }

    #[test]
    fn no_escape_sequence_gets_through() {
        assert_eq!(plain("a\x1b[31;1mred\x1b[0m\tb\x07"), "ared    b");
        assert_eq!(plain("\x1b]0;title\x07x"), "x");
        assert_eq!(plain("10%\r20%\r30%"), "30%");
        assert_eq!(plain("β \u{202e}ok"), "β ok");
    }
}
