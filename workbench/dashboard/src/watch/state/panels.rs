//! Which tags share a chart, and in which order the charts come: what is minimised first.

use std::collections::BTreeMap;

use regex_lite::{Regex, RegexBuilder};

/// Whose values a tag tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Split {
    Train,
    Valid,
    Test,
}

impl Split {
    fn parse(name: &str) -> Option<Split> {
        match name.to_ascii_lowercase().as_str() {
            "train" | "training" => Some(Split::Train),
            "valid" | "val" | "validation" | "dev" => Some(Split::Valid),
            "test" | "eval" => Some(Split::Test),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::Valid => "valid",
            Split::Test => "test",
        }
    }
}

/// One chart: the same metric of the splits that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Panel {
    pub name: String,
    /// The split and tag of each curve, in the order of the splits.
    pub curves: Vec<(Option<Split>, String)>,
    /// It shows the histograms of the tag that it is named by, and no curve.
    pub is_histogram: bool,
}

/// The charts of histograms, after all curves.
pub(crate) fn of_histograms<'a>(tags: impl Iterator<Item = &'a String>) -> Vec<Panel> {
    let panel = |tag: &String| Panel { name: tag.clone(), curves: Vec::new(), is_histogram: true };
    tags.map(panel).collect()
}

/// The charts for some tags. `train/loss` and `valid/loss` share one, as do `Loss/train` and `Loss/val`.
pub(crate) fn panels<'a>(tags: impl Iterator<Item = &'a String>) -> Vec<Panel> {
    let mut grouped: BTreeMap<String, Vec<(Option<Split>, String)>> = BTreeMap::new();
    for tag in tags {
        let (name, split) = metric(tag);
        grouped.entry(name.to_owned()).or_default().push((split, tag.clone()));
    }
    let mut panels: Vec<Panel> = grouped
        .into_iter()
        .map(|(name, mut curves)| {
            curves.sort();
            Panel { name, curves, is_histogram: false }
        })
        .collect();
    panels.sort_by_key(|panel| rank(&panel.name));
    panels
}

fn metric(tag: &str) -> (&str, Option<Split>) {
    if let Some((head, rest)) = tag.split_once('/')
        && let Some(split) = Split::parse(head)
    {
        return match rest {
            // What is no measure of the model has no split.
            "lr" | "grad_norm" => (rest, None),
            _ => (rest, Some(split)),
        };
    }
    if let Some((rest, tail)) = tag.rsplit_once('/')
        && let Some(split) = Split::parse(tail)
    {
        return (rest, Some(split));
    }
    (tag, None)
}

/// The loss comes first, then its parts, then what bears on it; the rest as it is spelt.
fn rank(name: &str) -> usize {
    let lower = name.to_ascii_lowercase();
    let exact = ["loss", "recon", "kl", "elbo"].iter().position(|&first| lower == first);
    if let Some(place) = exact {
        return place;
    }
    let parts = ["loss", "recon", "kl", "elbo", "nll", "error", "acc"];
    if let Some(place) = parts.iter().position(|part| lower.contains(part)) {
        return 10 + place;
    }
    let known = ["latent/", "grad_norm", "lr", "knob/", "time/", "system/"];
    match known.iter().position(|head| lower.starts_with(head)) {
        Some(place) => 40 + place,
        None => 20,
    }
}

/// A filter as it was typed, made ready once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    text: String,
    words: Vec<Word>,
}

#[derive(Debug, Clone)]
enum Word {
    Expression(Regex),
    /// What is no regular expression, or not yet, is looked for as it stands.
    Literal(String),
}

impl Filter {
    pub fn new(text: &str) -> Filter {
        let word = |word: &str| match RegexBuilder::new(word).case_insensitive(true).build() {
            Ok(expression) => Word::Expression(expression),
            Err(_) => Word::Literal(word.to_lowercase()),
        };
        Filter { text: text.to_owned(), words: text.split_whitespace().map(word).collect() }
    }

    /// As it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether all of it is regular expressions.
    pub fn is_regular(&self) -> bool {
        self.words.iter().all(|word| matches!(word, Word::Expression(_)))
    }

    /// Whether every word fits the panel's name or one of its tags.
    pub fn fits(&self, panel: &Panel) -> bool {
        let has = |text: &str, word: &Word| match word {
            Word::Expression(expression) => expression.is_match(text),
            Word::Literal(word) => text.to_lowercase().contains(word),
        };
        self.words.iter().all(|word| {
            has(&panel.name, word) || panel.curves.iter().any(|(_, tag)| has(tag, word))
        })
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Filter) -> bool {
        self.text == other.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(tags: &[&str]) -> Vec<String> {
        let tags: Vec<String> = tags.iter().map(|&tag| tag.to_owned()).collect();
        panels(tags.iter()).into_iter().map(|panel| panel.name).collect()
    }

    #[test]
    fn the_loss_comes_first_then_its_parts() {
        let tags = [
            "system/cpu_percent",
            "knob/beta",
            "latent/active_units",
            "time/images_per_second",
            "train/grad_norm",
            "train/kl",
            "train/loss",
            "train/lr",
            "train/recon",
            "train/tc",
            "valid/elbo",
            "valid/loss",
        ];
        assert_eq!(
            names(&tags),
            [
                "loss",
                "recon",
                "kl",
                "elbo",
                "tc",
                "latent/active_units",
                "grad_norm",
                "lr",
                "knob/beta",
                "time/images_per_second",
                "system/cpu_percent"
            ]
        );
    }

    #[test]
    fn foreign_tags_are_paired_and_loss_like_ones_come_first() {
        let tags = ["Accuracy/train", "Loss/train", "Loss/val", "epoch", "eval/perplexity"];
        assert_eq!(names(&tags), ["Loss", "Accuracy", "epoch", "perplexity"]);
        let tags = ["Loss/val".to_owned(), "Loss/train".to_owned()];
        let curves = &panels(tags.iter())[0].curves;
        assert_eq!(curves[0], (Some(Split::Train), "Loss/train".to_owned()));
        assert_eq!(curves[1].0, Some(Split::Valid));
    }

    #[test]
    fn a_filter_is_a_list_of_expressions() {
        let panel = Panel {
            name: "loss".into(),
            curves: vec![(None, "valid/loss".into())],
            is_histogram: false,
        };
        for (filter, fits, regular) in [
            ("", true, true),
            ("LOS", true, true),
            ("val loss", true, true),
            ("val kl", false, true),
            ("^loss$", true, true),
            ("^oss", false, true),
            ("kl|lo.s", true, true),
            ("(valid", false, false),
            ("[", false, false),
        ] {
            let filter = Filter::new(filter);
            assert_eq!((filter.fits(&panel), filter.is_regular()), (fits, regular), "{filter:?}");
        }
    }
}
