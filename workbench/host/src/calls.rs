//! The calls into plugins that have not returned: what to say when one of them ends the process, or never ends.
//!
//! The table is read by a signal handler too, so that it is made of atomics: nothing here locks or allocates to be read.
//! Announcing a call costs well under a microsecond, and a call reads hundreds of items.

use std::cell::Cell;
use std::path::Path;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU8, AtomicU64, fence};

/// As many threads can be in plugins at once and be told apart; further calls are made unannounced.
const SLOTS: usize = 256;
/// Bytes of a call's words; longer ones are cut.
pub const TEXT: usize = 1024;
/// Between the three parts of the words.
const PART: u8 = 0;

const FREE: u64 = 0;
const BEING_WRITTEN: u64 = u64::MAX;

static TABLE: [Slot; SLOTS] = [const { Slot::free() }; SLOTS];
static NUMBER: AtomicU64 = AtomicU64::new(1);

thread_local! {
    /// The slot of the call that this thread is in; constant at first and without a destructor, so that a signal
    /// handler may look at it.
    static MINE: Cell<Option<usize>> = const { Cell::new(None) };
}

/// A call that has not returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InProgress {
    /// No two calls share it.
    pub number: u64,
    pub plugin: String,
    /// "reading items 0 to 511 of `train`".
    pub doing: String,
    /// Path of its library; empty for a linked plugin.
    pub library: String,
}

/// All calls in progress, each with its place in the table.
pub fn all() -> Vec<(usize, InProgress)> {
    (0..SLOTS).filter_map(|slot| Some((slot, at(slot)?))).collect()
}

/// The call at a place in the table, if there is one.
pub fn at(slot: usize) -> Option<InProgress> {
    let mut text = [0; TEXT];
    let (number, length) = TABLE.get(slot)?.read(&mut text)?;
    let mut parts = text[..length].split(|&byte| byte == PART).map(String::from_utf8_lossy);
    let mut part = || parts.next().unwrap_or_default().into_owned();
    Some(InProgress { number, plugin: part(), doing: part(), library: part() })
}

/// The place in the table of this thread's call; `None` where it is in none. For signal handlers.
pub fn mine() -> Option<usize> {
    MINE.get()
}

/// The place in the table of any call. For signal handlers.
pub fn any() -> Option<usize> {
    TABLE.iter().position(|slot| !matches!(slot.number.load(Acquire), FREE | BEING_WRITTEN))
}

/// Copies the words of the call at a place in the table, and gives their length. For signal handlers.
pub fn copy(slot: usize, into: &mut [u8; TEXT]) -> Option<usize> {
    let (_, length) = TABLE.get(slot)?.read(into)?;
    into[..length].iter_mut().filter(|byte| **byte == PART).for_each(|byte| *byte = b' ');
    Some(length)
}

/// Announces a call of this thread; it is over when this is dropped.
pub(crate) struct Announced {
    slot: Option<usize>,
    before: Option<usize>,
}

impl Announced {
    pub fn new(plugin: &str, doing: &str, library: &Path) -> Announced {
        let slot = TABLE.iter().position(Slot::take);
        if let Some(slot) = slot {
            let library = library.as_os_str().as_encoded_bytes();
            TABLE[slot].write(&[plugin.as_bytes(), doing.as_bytes(), library]);
        }
        Announced { slot, before: MINE.replace(slot) }
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        MINE.set(self.before);
        if let Some(slot) = self.slot {
            TABLE[slot].number.store(FREE, Release);
        }
    }
}

struct Slot {
    /// Of the call, or [`FREE`], or [`BEING_WRITTEN`].
    number: AtomicU64,
    length: AtomicU64,
    text: [AtomicU8; TEXT],
}

impl Slot {
    const fn free() -> Slot {
        Slot {
            number: AtomicU64::new(FREE),
            length: AtomicU64::new(0),
            text: [const { AtomicU8::new(0) }; TEXT],
        }
    }

    fn take(&self) -> bool {
        self.number.compare_exchange(FREE, BEING_WRITTEN, Acquire, Relaxed).is_ok()
    }

    fn write(&self, parts: &[&[u8]; 3]) {
        let words = parts[0].iter().chain(&[PART]).chain(parts[1]).chain(&[PART]).chain(parts[2]);
        let mut length = 0;
        for (place, &byte) in self.text.iter().zip(words) {
            place.store(byte, Relaxed);
            length += 1;
        }
        self.length.store(length, Relaxed);
        self.number.store(NUMBER.fetch_add(1, Relaxed), Release);
    }

    /// The call's number and the length of its words, unless another call took the slot meanwhile.
    fn read(&self, into: &mut [u8; TEXT]) -> Option<(u64, usize)> {
        let number = self.number.load(Acquire);
        if matches!(number, FREE | BEING_WRITTEN) {
            return None;
        }
        let length = (self.length.load(Relaxed) as usize).min(TEXT);
        for (byte, place) in into[..length].iter_mut().zip(&self.text) {
            *byte = place.load(Relaxed);
        }
        fence(Acquire);
        (self.number.load(Relaxed) == number).then_some((number, length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tests run side by side, and the table is one: each looks for its own calls.
    fn of(plugin: &str) -> Vec<InProgress> {
        all().into_iter().map(|(_, call)| call).filter(|call| call.plugin == plugin).collect()
    }

    #[test]
    fn a_call_is_there_while_it_lasts_and_inner_ones_give_way_to_it() {
        assert_eq!(mine(), None);
        let outer = Announced::new("a", "opening the data set", Path::new("/lib/liba.so"));
        let slot = mine().unwrap();
        let inner = Announced::new("a", "building the graph", Path::new(""));
        assert_ne!(mine(), Some(slot));
        assert_eq!(of("a").len(), 2);
        drop(inner);
        assert_eq!(mine(), Some(slot));
        let call = at(slot).unwrap();
        assert_eq!(
            (call.doing.as_str(), call.library.as_str()),
            ("opening the data set", "/lib/liba.so")
        );
        let mut text = [0; TEXT];
        let length = copy(slot, &mut text).unwrap();
        assert_eq!(&text[..length], b"a opening the data set /lib/liba.so");
        drop(outer);
        assert!(of("a").is_empty() && mine().is_none());
    }

    #[test]
    fn many_threads_are_told_apart_and_more_than_the_table_holds_do_no_harm() {
        let barrier = std::sync::Barrier::new(SLOTS + 40);
        std::thread::scope(|scope| {
            for i in 0..SLOTS + 40 {
                let barrier = &barrier;
                scope.spawn(move || {
                    let doing = format!("reading item {i}");
                    let call = Announced::new("b", &doing, Path::new(""));
                    barrier.wait();
                    if let Some(slot) = mine() {
                        assert_eq!(at(slot).unwrap().doing, doing);
                    }
                    barrier.wait();
                    drop(call);
                });
            }
        });
        assert!(of("b").is_empty());
    }

    #[test]
    fn long_words_are_cut() {
        let _call = Announced::new("c", &"x".repeat(5000), Path::new("/lib"));
        let call = of("c").remove(0);
        assert!(call.doing.len() < TEXT && call.library.is_empty());
    }
}
