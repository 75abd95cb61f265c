/// How an axis maps numbers to lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences have equal lengths.
    Linear,
    /// Equal ratios have equal lengths; only positive numbers have a place.
    Log,
}

/// A labelled place on an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Where.
    pub value: f64,
    /// At most four significant digits.
    pub label: String,
}

/// The ticks of one axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ticks {
    /// From low to high.
    pub ticks: Vec<Tick>,
    /// What the labels must be multiplied by and added to, as it belongs behind the axis label:
    /// `×10³`, `+ 1234000`, or empty.
    pub note: String,
}

/// At most `at_most` (and if they fit, at least two) ticks from `low` to `high`: multiples of 1, 2 or
/// 5 × 10^k on a linear axis; powers of ten, with 2 and 5 between where there is room, on a
/// logarithmic one. A range that is empty, reversed or not finite has none.
pub fn ticks(low: f64, high: f64, scale: Scale, at_most: usize) -> Ticks {
    if !(low.is_finite() && high.is_finite() && (high - low).is_finite() && low < high) {
        return Ticks::default();
    }
    let at_most = at_most.max(2);
    match scale {
        Scale::Linear => linear(low, high, at_most),
        Scale::Log if low <= 0.0 => Ticks::default(),
        Scale::Log => logarithmic(low, high, at_most),
    }
}

fn linear(low: f64, high: f64, at_most: usize) -> Ticks {
    let smallest = (high - low) / at_most as f64;
    let mut exponent = smallest.log10().floor() as i32;
    let mut mantissa = 1;
    loop {
        let step = decimal(mantissa, exponent);
        let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
        if step > 0.0 && last - first < at_most as f64 {
            break label(first, last, mantissa, exponent);
        }
        (mantissa, exponent) = match mantissa {
            1 => (2, exponent),
            2 => (5, exponent),
            _ => (1, exponent + 1),
        };
    }
}

/// Labels for `first..=last` times `mantissa × 10^exponent`.
fn label(first: f64, last: f64, mantissa: i64, exponent: i32) -> Ticks {
    let largest = first.abs().max(last.abs()) * mantissa as f64;
    // Ticks whose digits differ only behind the fourth are told apart relative to a round number.
    let offset =
        if largest > 9999.0 { (first * mantissa as f64 / 1000.0).floor() * 1000.0 } else { 0.0 };
    let units: Vec<f64> = (0..=(last - first) as i64)
        .map(|i| (first + i as f64) * mantissa as f64 - offset)
        .collect();
    let largest = units.iter().fold(0.0f64, |a, u| a.max(u.abs()));
    // Decimal exponent of the largest label as it would be written out in full.
    let magnitude = if largest > 0.0 { exponent + largest.log10().floor() as i32 } else { 0 };
    let factor = if (-3..5).contains(&magnitude) { 0 } else { magnitude.div_euclid(3) * 3 };
    let decimals = (factor - exponent).max(0) as usize;
    let ticks = units
        .iter()
        .map(|&units| Tick {
            value: (units + offset) * decimal(1, exponent),
            label: minus(format!("{:.decimals$}", units * decimal(1, exponent - factor))),
        })
        .collect();
    let mut note = String::new();
    if factor != 0 {
        note.push_str(&format!("×10{}", superscript(factor)));
    }
    if offset != 0.0 {
        let sign = if offset < 0.0 { "−" } else { "+" };
        let space = if note.is_empty() { "" } else { " " };
        note.push_str(&format!("{space}{sign} {}", round_number(offset.abs(), exponent)));
    }
    Ticks { ticks, note }
}

fn logarithmic(low: f64, high: f64, at_most: usize) -> Ticks {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let place = |mantissas: &[i64], every: usize| -> Vec<Tick> {
        (first..=last)
            .filter(|e| e.rem_euclid(every as i32) == 0)
            .flat_map(|e| mantissas.iter().map(move |&m| (m, e)))
            .map(|(m, e)| Tick { value: decimal(m, e), label: power(m, e) })
            .filter(|t| t.value >= low * (1.0 - 1e-9) && t.value <= high * (1.0 + 1e-9))
            .collect()
    };
    let between = place(&[1, 2, 5], 1);
    if between.len() < 2 {
        // Less than a step of 1, 2, 5: round numbers are easier to read than none.
        return linear(low, high, at_most);
    }
    if between.len() <= at_most {
        return Ticks { ticks: between, note: String::new() };
    }
    let ticks = (1..)
        .map(|every| place(&[1], every))
        .find(|ticks| ticks.len() <= at_most)
        .unwrap_or_default();
    Ticks { ticks, note: String::new() }
}

/// `mantissa × 10^exponent`, correctly rounded, which `powi` is not.
fn decimal(mantissa: i64, exponent: i32) -> f64 {
    // A mantissa, an e and an exponent always parse.
    format!("{mantissa}e{exponent}").parse().unwrap_or(0.0)
}

fn power(mantissa: i64, exponent: i32) -> String {
    match (mantissa, exponent) {
        (m, 0..=3) => format!("{}", m * 10i64.pow(exponent as u32)),
        (m, -3..=-1) => format!("{:.*}", -exponent as usize, decimal(m, exponent)),
        (1, e) => format!("10{}", superscript(e)),
        (m, e) => format!("{m}×10{}", superscript(e)),
    }
}

/// `units × 10^exponent`, a multiple of 1,000 units, without digits that it does not have.
fn round_number(units: f64, exponent: i32) -> String {
    let value = units * decimal(1, exponent);
    if (1e-3..1e9).contains(&value) {
        format!("{value:.*}", (-(exponent + 3)).max(0) as usize)
    } else {
        let scientific = format!(
            "{:.*e}",
            (value.log10().floor() as i32 - exponent - 3).clamp(0, 16) as usize,
            value
        );
        match scientific.split_once('e') {
            Some((mantissa, e)) => {
                format!("{mantissa}×10{}", e.parse().map(superscript).unwrap_or_default())
            }
            None => scientific,
        }
    }
}

/// A number in at most four significant digits, for notes in figures.
pub(crate) fn short(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return minus(format!("{value}"));
    }
    let exponent = value.abs().log10().floor() as i32;
    if !(-4..6).contains(&exponent) {
        return minus(format!("{value:.3e}"));
    }
    let text = format!("{value:.*}", (3 - exponent).max(0) as usize);
    let text =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    minus(text.to_string())
}

fn superscript(exponent: i32) -> String {
    exponent
        .to_string()
        .chars()
        .map(|c| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            // The other superscript digits stand in a row, and so do the digits.
            c => char::from_u32(0x2070 + c.to_digit(10).unwrap_or(0)).unwrap_or(c),
        })
        .collect()
}

/// With the minus sign of print instead of a hyphen, and no minus before zero.
fn minus(text: String) -> String {
    if text.starts_with('-') && !text.chars().any(|c| c.is_ascii_digit() && c != '0') {
        return text.trim_start_matches('-').to_string();
    }
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64, scale: Scale, at_most: usize) -> (String, String) {
        let Ticks { ticks, note } = ticks(low, high, scale, at_most);
        for tick in &ticks {
            assert!(
                tick.value >= low - (high - low) * 1e-6 && tick.value <= high + (high - low) * 1e-6
            );
        }
        let labels: Vec<_> = ticks.into_iter().map(|t| t.label).collect();
        (labels.join(" "), note)
    }

    #[test]
    fn linear_ticks_are_round_and_short() {
        for (low, high, expected, note) in [
            (0.0, 1.0, "0.0 0.2 0.4 0.6 0.8 1.0", ""),
            (-1.03, 1.1, "−1.0 −0.5 0.0 0.5 1.0", ""),
            (97.0, 152.0, "100 110 120 130 140 150", ""),
            (0.0, 23450.0, "0 5000 10000 15000 20000", ""),
            (0.0, 234500.0, "0 50 100 150 200", "×10³"),
            (0.0, 3.1e-5, "0 5 10 15 20 25 30", "×10⁻⁶"),
            (1234567.1, 1234567.9, "67.2 67.4 67.6 67.8", "+ 1234500"),
            (-1234567.9, -1234567.1, "32.2 32.4 32.6 32.8", "− 1234600"),
            (0.0, 1e300, "0.0 0.2 0.4 0.6 0.8 1.0", "×10³⁰⁰"),
        ] {
            let at_most = 7;
            let (got, got_note) = labels(low, high, Scale::Linear, at_most);
            // A finer step may fit; what matters is what the labels say.
            assert!(got.split(' ').count() <= at_most);
            assert_eq!((got.as_str(), got_note.as_str()), (expected, note), "{low} to {high}");
        }
    }

    #[test]
    fn log_ticks_are_powers_with_two_and_five_where_there_is_room() {
        assert_eq!(labels(0.9, 110.0, Scale::Log, 8).0, "1 2 5 10 20 50 100");
        assert_eq!(labels(0.9, 110.0, Scale::Log, 5).0, "1 10 100");
        assert_eq!(labels(1e-6, 1e6, Scale::Log, 5).0, "10⁻⁶ 0.001 1 1000 10⁶");
        assert_eq!(labels(1e-6, 1e-5, Scale::Log, 5).0, "10⁻⁶ 2×10⁻⁶ 5×10⁻⁶ 10⁻⁵");
        assert_eq!(labels(96.0, 98.0, Scale::Log, 4).0, "96 97 98");
    }

    #[test]
    fn ticks_of_any_range_are_few_and_differ() {
        for exponent in -290..290 {
            for (low, high) in [(0.0, 1.0), (-3.7, 8.1), (5.0, 5.001), (-9.99, -1.0)] {
                let unit = decimal(1, exponent);
                for scale in [Scale::Linear, Scale::Log] {
                    let ticks = ticks(low * unit, high * unit, scale, 6).ticks;
                    assert!(ticks.len() <= 6);
                    assert!(scale == Scale::Log || ticks.len() >= 2, "{low} to {high} e{exponent}");
                    for pair in ticks.windows(2) {
                        assert!(pair[0].value < pair[1].value && pair[0].label != pair[1].label);
                    }
                    for tick in &ticks {
                        let digits = tick
                            .label
                            .split('×')
                            .next()
                            .unwrap_or("")
                            .chars()
                            .filter(char::is_ascii_digit);
                        assert!(digits.count() <= 5, "{}", tick.label);
                    }
                }
            }
        }
    }

    #[test]
    fn ranges_without_length_have_no_ticks() {
        for (low, high) in
            [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY), (-1e308, 1e308)]
        {
            assert!(ticks(low, high, Scale::Linear, 5).ticks.is_empty());
        }
        assert!(ticks(-1.0, 1.0, Scale::Log, 5).ticks.is_empty());
    }

    #[test]
    fn notes_have_four_digits() {
        for (value, text) in [
            (1.23456, "1.235"),
            (0.0, "0"),
            (-123456.0, "−123456"),
            (1e-7, "1.000e−7"),
            (2.50, "2.5"),
        ] {
            assert_eq!(short(value), text);
        }
    }
}
