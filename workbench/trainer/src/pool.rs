//! One of the data set's splits, held in memory or read as it is needed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use workbench_engine::Batch;
use workbench_experiment::OnBadItem;
use workbench_runs::Attribute;

use crate::held::Held;
use crate::holdings::item_bytes;
use crate::reading::{Chunk, again, at_once, checked};
use crate::{Error, Items, Medium, Source, Transform, with_attribute};

/// Those items of a split that are good.
pub(crate) struct Pool {
    /// The data set's name for it.
    name: String,
    image: Vec<usize>,
    medium: Medium,
    attributes: Vec<Attribute>,
    /// Bytes of a caption.
    caption: usize,
    /// The data set's number of each item, in order; `None` where these are all of them, from 0.
    numbers: Option<Vec<u64>>,
    items: Kept,
}

/// Where items come from when a batch is made.
enum Kept {
    Held {
        pixels: Held,
        /// All but the pixels.
        items: Items,
    },
    Streamed(Arc<dyn Source>),
}

/// Told how many items are read, and of how many.
pub(crate) type Progress<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// Many enough that threads seldom wait for each other, and few enough that what is read is soon where it stays.
const CHUNKS_A_THREAD: u64 = 4;

impl Pool {
    /// Some items, by their numbers in the data set.
    ///
    /// # Errors
    /// The data set's own, and an item that is not finite or out of range.
    pub fn of_items(source: &dyn Source, name: &str, items: &[u64]) -> Result<Pool, Error> {
        let read = checked(source, name, items, OnBadItem::Stop)?;
        let mut items = read.items.unwrap_or_default();
        let pixels = Held::Whole(std::mem::take(&mut items.pixels));
        Ok(Pool::new(source, name, Some(read.numbers), Kept::Held { pixels, items }))
    }

    /// A whole split, of which nothing is read yet.
    pub fn unread(source: Arc<dyn Source>, name: &str) -> Pool {
        let streamed = Kept::Streamed(source.clone());
        Pool::new(&*source, name, None, streamed)
    }

    /// A whole split, each of its items read and looked at; with how many these are. What is bad is told in `skipped`, or
    /// an error. Of a split that is not held the items are forgotten again.
    pub fn read(
        source: &Arc<dyn Source>,
        (name, n): (&str, u64),
        is_held: bool,
        on_bad: OnBadItem,
        progress: Progress,
        skipped: &mut Vec<(String, u64, String)>,
    ) -> Result<(Pool, u32), Error> {
        let size: usize = source.image().iter().product();
        let at_once = at_once(item_bytes(&**source));
        let done = AtomicU64::new(0);
        let read = |chunk: u64| {
            let first = chunk * at_once;
            let wanted: Vec<u64> = (first..n.min(first + at_once)).collect();
            let mut chunk = checked(&**source, name, &wanted, on_bad)?;
            if !is_held {
                chunk.items = None;
            }
            let packed = chunk.items.as_mut().map(|items| {
                let pixels = std::mem::take(&mut items.pixels);
                Held::pack(pixels, size)
            });
            let more = wanted.len() as u64;
            progress(done.fetch_add(more, Ordering::Relaxed) + more, n);
            Ok((chunk, packed))
        };
        let (mut numbers, mut parts, mut items) = (Vec::new(), Vec::new(), Items::default());
        let mut is_whole = true;
        let chunks: Vec<u64> = (0..n.div_ceil(at_once)).collect();
        let wave = CHUNKS_A_THREAD as usize * rayon::current_num_threads();
        for chunks in chunks.chunks(wave) {
            let read: Vec<(Chunk, Option<Held>)> =
                chunks.par_iter().map(|&chunk| read(chunk)).collect::<Result<_, Error>>()?;
            for (chunk, packed) in read {
                is_whole &= chunk.bad.is_empty();
                let named = |(item, why)| (name.to_owned(), item, why);
                skipped.extend(chunk.bad.into_iter().map(named));
                numbers.extend(chunk.numbers);
                parts.extend(packed);
                chunk.items.into_iter().for_each(|more| items.append(more));
            }
        }
        let good = numbers.len() as u32;
        let items = match is_held {
            true => Kept::Held { pixels: Held::join(parts, size), items },
            false => Kept::Streamed(source.clone()),
        };
        let numbers = if is_whole { None } else { Some(numbers) };
        Ok((Pool::new(&**source, name, numbers, items), good))
    }

    fn new(source: &dyn Source, name: &str, numbers: Option<Vec<u64>>, items: Kept) -> Pool {
        Pool {
            name: name.to_owned(),
            image: source.image().to_vec(),
            medium: source.medium(),
            attributes: source.attributes().to_vec(),
            caption: source.caption(),
            numbers,
            items,
        }
    }

    pub fn is_held(&self) -> bool {
        matches!(self.items, Kept::Held { .. })
    }

    pub fn medium(&self) -> Medium {
        self.medium
    }

    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// How many numbers a batch has of an item.
    pub fn size(&self, transform: Transform) -> usize {
        transform.shape(&self.image).iter().product()
    }

    /// Items by their places here, as [`Split::batch`](crate::Split::batch) has them.
    pub fn batch(&self, places: &[u32], transform: Transform) -> Result<Batch, Error> {
        match &self.items {
            Kept::Held { pixels, items } => {
                Ok(self.gather(pixels, items, places, places, transform))
            }
            Kept::Streamed(source) => {
                let numbers: Vec<u64> = places.iter().map(|&place| self.number(place)).collect();
                let mut items = again(&**source, &self.name, &numbers)?;
                let pixels = Held::Whole(std::mem::take(&mut items.pixels));
                let rows: Vec<u32> = (0..places.len() as u32).collect();
                Ok(self.gather(&pixels, &items, &rows, places, transform))
            }
        }
    }

    /// Rows of items; `places` are what they are here.
    fn gather(
        &self,
        pixels: &Held,
        items: &Items,
        rows: &[u32],
        places: &[u32],
        transform: Transform,
    ) -> Batch {
        let size = self.image.iter().product::<usize>();
        let mut applied = transform.of(&self.name, &self.image);
        let (mut x, mut unpacked) = (vec![0.0; rows.len() * applied.size()], Vec::new());
        let images = x.chunks_exact_mut(applied.size()).zip(rows.iter().zip(places));
        images.for_each(|(image, (&row, &place))| {
            let raw = pixels.item(row as usize, size, &mut unpacked);
            applied.apply(raw, self.number(place), image);
        });
        let shape = [&[rows.len()], &transform.shape(&self.image)[..]].concat();
        let mut batch = Batch::default().with_f32("x", &shape, x);
        for (attribute, column) in self.attributes.iter().zip(&items.attributes) {
            let values: Vec<f32> = rows.iter().map(|&row| column[row as usize]).collect();
            batch = with_attribute(batch, attribute, &values);
        }
        if self.caption > 0 {
            let caption = |&row: &u32| {
                let at = row as usize * self.caption;
                items.captions[at..at + self.caption].iter().map(|&byte| i64::from(byte))
            };
            let bytes = rows.iter().flat_map(caption).collect();
            batch = batch.with_i64("caption", &[rows.len(), self.caption], bytes);
        }
        match &items.labels {
            Some(labels) => {
                let labels = rows.iter().map(|&row| labels[row as usize]).collect();
                batch.with_i64("label", &[rows.len()], labels)
            }
            None => batch,
        }
    }

    fn number(&self, place: u32) -> u64 {
        match &self.numbers {
            Some(numbers) => numbers[place as usize],
            None => u64::from(place),
        }
    }
}
