//! Some items as pictures.

use workbench_trainer::Source;

use super::sample::{bytes_per_item, shuffled};
use super::{Data, judged};
use crate::commands::preview::tiles_of;
use crate::conformance::child::Line;
use crate::conformance::outcome::Outcome;
use crate::conformance::protocol::{Picture, Word};
use crate::source::PluginSource;

const ITEMS: u64 = 10;
/// Of all pictures: they go to the parent as text.
const BYTES: u64 = 4 << 20;

/// Sends them to the parent, which knows the terminal.
pub fn preview(data: &mut Data, line: &mut Line) -> Outcome {
    judged(|| {
        let (_, samples) = data.samples()?;
        let Some((split, items)) = samples.into_iter().next() else {
            return Ok(Outcome::skipped("there is nothing to draw"));
        };
        let values = data.given.values(&data.info.parameters)?;
        let opened = data.open(values).map_err(|error| Outcome::error(&error))?;
        let n = (BYTES / bytes_per_item(&opened)).min(ITEMS) as usize;
        if n == 0 {
            return Ok(Outcome::skipped("the pictures are too large to be drawn"));
        }
        let mut items = shuffled(&items, 3);
        items.truncate(n);
        let fail = |why: String| Outcome::failed(why, "mend the fields");
        let source = PluginSource::new(opened, data.given.classes()).map_err(fail)?;
        let read = source.read(split, &items).map_err(|error| fail(error.to_string()))?;
        let tiles = tiles_of(&source, &read, &items);
        let pictures = tiles.into_iter().map(|tile| Picture {
            width: tile.width,
            height: tile.height,
            pixels: tile.pixels,
            caption: tile.caption,
        });
        let pictures: Vec<Picture> = pictures.collect();
        let message = format!("{} pictures of {split}", pictures.len());
        line.tell(&Word::Pictures(pictures));
        Ok(Outcome::passed(message))
    })
}
