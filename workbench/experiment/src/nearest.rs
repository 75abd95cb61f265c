/// The known word that a mistyped one most likely meant, for "did you mean …?".
///
/// Case and the choice between `-` and `_` don't count. A word is near where a third of its letters or fewer (one at least) were
/// changed, swapped, left out or added (Damerau–Levenshtein distance), or else where three letters or more begin a known word.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |word: &str| word.to_lowercase().replace('-', "_");
    let word = plain(word);
    let length = word.chars().count();
    // Longer words are never meant, and the distance takes time and memory by the square of the length.
    if length > 100 {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    let mut begun = None;
    for candidate in known {
        let other = plain(candidate);
        let distance = strsim::damerau_levenshtein(&word, &other);
        let allowed = (length.max(other.chars().count()) / 3).max(1);
        // A word of one letter is a change away from any other.
        if distance <= allowed
            && distance < length.max(2)
            && best.is_none_or(|(least, _)| distance < least)
        {
            best = Some((distance, candidate));
        }
        if length >= 3 && begun.is_none() && other.starts_with(&word) {
            begun = Some(candidate);
        }
    }
    best.map(|(_, candidate)| candidate).or(begun)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn typing_mistakes_find_their_word() {
        let known = ["epochs", "steps", "batch_size", "optimizer", "validation", "lr"];
        for (word, meant) in [
            ("epoch", Some("epochs")),
            ("setps", Some("steps")),
            ("batch-size", Some("batch_size")),
            ("BatchSize", Some("batch_size")),
            ("optimiser", Some("optimizer")),
            ("val", Some("validation")),
            ("lt", Some("lr")),
            ("momentum", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), meant, "{word}");
        }
        assert_eq!(nearest(&"epochs".repeat(10_000), known), None);
    }

    #[test]
    fn the_nearest_wins_and_the_first_of_equals() {
        assert_eq!(nearest("beta1", ["beta2", "beta1"]), Some("beta1"));
        assert_eq!(nearest("beta", ["beta2", "beta1"]), Some("beta2"));
    }
}
