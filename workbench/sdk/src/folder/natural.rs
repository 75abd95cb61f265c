//! Names in the order in which people number them.

use std::cmp::Ordering;

/// By their letters, and where both have digits by the number that these make: `2.png` comes before `10.png`.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    loop {
        let (digits, others) = (number(left), number(right));
        let order = match (digits, others) {
            (0, _) | (_, 0) => match (left.first(), right.first()) {
                (Some(one), Some(other)) if one == other => {
                    (left, right) = (&left[1..], &right[1..]);
                    continue;
                }
                (one, other) => return one.cmp(&other).then_with(|| a.cmp(b)),
            },
            _ => by_value(&left[..digits], &right[..others]),
        };
        if order.is_ne() {
            return order;
        }
        (left, right) = (&left[digits..], &right[others..]);
    }
}

/// How many digits it begins with.
fn number(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Of any length, zeros in front aside.
fn by_value(a: &[u8], b: &[u8]) -> Ordering {
    let value = |digits: &'_ [u8]| digits.iter().take_while(|digit| **digit == b'0').count();
    let (a, b) = (&a[value(a)..], &b[value(b)..]);
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_by_their_value() {
        let mut names = ["f10.png", "f2.png", "f02b", "f1.png", "e9", "f002.png", "f", "12", "9"];
        names.sort_by(|a, b| compare(a, b));
        assert_eq!(
            names,
            ["9", "12", "e9", "f", "f1.png", "f002.png", "f2.png", "f02b", "f10.png"]
        );
        let long = "9".repeat(100);
        assert_eq!(compare("7", &long), Ordering::Less);
        assert_eq!(compare(&long, &long), Ordering::Equal);
    }
}
