//! Items and splits that there are not.

use super::{Data, breach, counted, judged, lengths};
use crate::conformance::outcome::Outcome;

pub fn out_of_range(data: &mut Data) -> Outcome {
    judged(|| {
        let dataset = data.dataset()?;
        let mut refused = 0;
        let mut splits: Vec<(&str, Option<u64>)> =
            lengths(dataset)?.into_iter().map(|(split, len)| (split, Some(len))).collect();
        splits.push(("no-such-split", None));
        for (split, len) in splits {
            let reads = match len {
                Some(len) => vec![vec![len], vec![len + 1], vec![0, len], vec![u64::MAX]],
                None => vec![vec![0]],
            };
            for items in reads {
                let read = dataset.read_guarded(split, &items, 0);
                let item = items[items.len() - 1];
                if let Some(outcome) =
                    breach(&read.breaches, &format!("reading item {item} of `{split}`"))
                {
                    return Err(outcome);
                }
                match read.read {
                    Ok(()) => {
                        let message = match len {
                            Some(len) => format!(
                                "item {item} of `{split}`, which has {}, is answered as if it were there",
                                counted(len, "item")
                            ),
                            None => format!("the split `{split}` is read as if it were there"),
                        };
                        return Err(Outcome::failed(
                            message,
                            "compare the number with the split's length, and answer with an error",
                        ));
                    }
                    Err(error) if len.is_some() => {
                        if let Some(outcome) = Outcome::of_refusal(&error) {
                            return Err(outcome);
                        }
                        refused += 1;
                    }
                    // `WB_UNSUPPORTED` is an answer here.
                    Err(workbench_host::Error::Failed { panicked: true, .. }) => {
                        return Err(Outcome::failed(
                            format!("reading a split `{split}`, it panics"),
                            "answer with an error",
                        ));
                    }
                    Err(_) => refused += 1,
                }
            }
        }
        Ok(Outcome::passed(format!(
            "{refused} reads of items and splits that there are not are refused"
        )))
    })
}
