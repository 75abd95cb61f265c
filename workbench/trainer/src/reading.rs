//! Items read and looked at.

use workbench_experiment::OnBadItem;

use crate::{Error, Items, Pixels, Source};

/// What could be read of some items.
pub(crate) struct Chunk {
    pub numbers: Vec<u64>,
    pub items: Option<Items>,
    pub bad: Vec<(u64, String)>,
}

/// Read at once; large enough that a plugin call costs nothing, small enough that many threads share the work.
const MOST: u64 = 512;
/// Of large images fewer are: what is read at once is held once more.
const BYTES: u64 = 16 << 20;

/// How many items of so many bytes are read at once.
pub(crate) fn at_once(item: u64) -> u64 {
    (BYTES / item.max(1)).clamp(1, MOST)
}

/// Reads items and looks at each; where bad ones are skipped, the rest is read one by one.
///
/// # Errors
/// Of the first item that is bad, unless those are skipped.
pub(crate) fn checked(
    source: &dyn Source,
    split: &str,
    wanted: &[u64],
    on_bad: OnBadItem,
) -> Result<Chunk, Error> {
    let failed = match read(source, split, wanted) {
        Ok(items) => {
            return Ok(Chunk { numbers: wanted.to_vec(), items: Some(items), bad: Vec::new() });
        }
        Err(failed) => failed,
    };
    match (on_bad, wanted) {
        (OnBadItem::Stop, _) => Err(match named(source, split, wanted, failed) {
            Error::BadItem { split, item, what } => {
                let what = format!("{what}; mend the data, or set input.on_bad_item = \"skip\"");
                Error::BadItem { split, item, what }
            }
            other => other,
        }),
        (OnBadItem::Skip, [item]) => {
            Ok(Chunk { numbers: Vec::new(), items: None, bad: vec![(*item, failed.to_string())] })
        }
        (OnBadItem::Skip, _) => {
            let (left, right) = wanted.split_at(wanted.len() / 2);
            let mut chunk = checked(source, split, left, on_bad)?;
            let more = checked(source, split, right, on_bad)?;
            chunk.numbers.extend(more.numbers);
            chunk.bad.extend(more.bad);
            match (&mut chunk.items, more.items) {
                (Some(items), Some(more)) => items.append(more),
                (items, more) => *items = items.take().or(more),
            }
            Ok(chunk)
        }
    }
}

/// Reads items that were good before.
///
/// # Errors
/// Of the first item that is not any more.
pub(crate) fn again(source: &dyn Source, split: &str, wanted: &[u64]) -> Result<Items, Error> {
    read(source, split, wanted).map_err(|failed| named(source, split, wanted, failed))
}

fn read(source: &dyn Source, split: &str, wanted: &[u64]) -> Result<Items, Error> {
    let items = source.read(split, wanted).map_err(Error::Source)?;
    let size = source.image().iter().product();
    match first_bad(&items.pixels, size) {
        None => Ok(items),
        Some((place, what)) => {
            Err(Error::BadItem { split: split.to_owned(), item: wanted[place], what })
        }
    }
}

/// Of many items read at once, the first that can't be read is named.
fn named(source: &dyn Source, split: &str, wanted: &[u64], failed: Error) -> Error {
    let alone = |item: &u64| source.read(split, &[*item]).err();
    match (&failed, wanted) {
        (Error::Source(_), [_, _, ..]) => {
            wanted.iter().find_map(alone).map_or(failed, Error::Source)
        }
        _ => failed,
    }
}

/// The place of the first item with a pixel that can be none, and what it is.
fn first_bad(pixels: &Pixels, size: usize) -> Option<(usize, String)> {
    let Pixels::F32(numbers) = pixels else { return None };
    // NaN is in no range.
    let at = numbers.iter().position(|x| !(0.0..=1.0).contains(x))?;
    let what = match numbers[at] {
        x if x.is_finite() => format!("a pixel is {x}, and pixels are from 0 to 1"),
        _ => "a pixel is NaN or infinite".to_owned(),
    };
    Some((at / size, what))
}
