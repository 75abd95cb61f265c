//! How many items there are.

use super::{Data, counted, judged, lengths};
use crate::conformance::outcome::Outcome;

/// More can't be held.
const MOST: u64 = u32::MAX as u64;

pub fn splits(data: &mut Data) -> Outcome {
    judged(|| {
        let dataset = data.dataset()?;
        let there = lengths(dataset)?;
        for wanted in ["train", "test"] {
            if !there.iter().any(|(split, _)| *split == wanted) {
                return Err(Outcome::failed(
                    format!("there is no split `{wanted}`"),
                    "`train` and `test` must be there; `valid` may be",
                ));
            }
        }
        for &(split, n) in &there {
            if n == 0 || n > MOST {
                let message = format!("`{split}` is said to have {}", counted(n, "item"));
                return Err(Outcome::failed(message, "1 to 4,294,967,295 are possible"));
            }
        }
        if lengths(dataset)? != there {
            return Err(Outcome::failed(
                "asked twice, a split has two lengths",
                "a split's length is the same as long as the data set is open",
            ));
        }
        let unknown = dataset.len("no-such-split").map_err(|error| Outcome::error(&error))?;
        if let Some(n) = unknown {
            return Err(Outcome::failed(
                format!(
                    "asked for a split `no-such-split`, it answers with {}",
                    counted(n, "item")
                ),
                "answer None (WB_UNSUPPORTED) for a split that there is not",
            ));
        }
        let words: Vec<String> =
            there.iter().map(|(split, n)| format!("{split} {}", counted(*n, "item"))).collect();
        Ok(Outcome::passed(words.join(", ")))
    })
}
