//! `step-00001234`: how checkpoints and latents are named. Eight digits sort as text; a longer step
//! keeps all its digits, and is always read as a number.

pub(crate) fn of(step: u64) -> String {
    format!("step-{step:08}")
}

/// The step in such a name; `None` for any other name.
pub(crate) fn parse(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("step-")?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_others_are_refused() {
        for step in [0, 1234, 123_456_789_012, u64::MAX] {
            assert_eq!(parse(&of(step)), Some(step));
        }
        for name in ["step-", "step-+1", "step-1x", "step", "step-99999999999999999999"] {
            assert_eq!(parse(name), None, "{name}");
        }
    }
}
