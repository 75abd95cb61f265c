//! Batches made ahead by threads of their own, and handed out in order.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Scope;
use std::time::{Duration, Instant};

use workbench_engine::{Array, Batch, Input};

use crate::{Error, Split, Transform};

/// A batch, and how long its making took, all threads together.
pub(crate) struct Made {
    pub batch: Batch,
    pub took: Duration,
}

/// What a batch is to hold: places in the split.
pub(crate) struct Wanted {
    pub places: Vec<u32>,
    pub transform: Transform,
}

/// Hands batches out in order; the threads that make them end when this is dropped.
pub(crate) struct Batches<'scope> {
    shared: Arc<Shared<'scope>>,
}

/// What came of waiting for a batch.
pub(crate) enum Next {
    Made(Result<Made, Error>),
    NotYet,
    /// The last one has been handed out.
    End,
}

struct Shared<'scope> {
    split: &'scope Split,
    state: Mutex<State<'scope>>,
    /// There may be something to make.
    room: Condvar,
    /// There may be something to hand out.
    ready: Condvar,
}

struct State<'scope> {
    wanted: Box<dyn Iterator<Item = Wanted> + Send + 'scope>,
    /// No more is wanted.
    is_last: bool,
    /// Whoever takes the batches is gone, or a maker has fallen over.
    is_over: bool,
    /// In order; the first is handed out next.
    slots: VecDeque<Slot>,
    /// The number of the first slot's batch, from 0.
    first: u64,
    /// Batches that are made or being made, at most.
    most: usize,
}

struct Slot {
    wanted: Arc<Wanted>,
    /// What each part of the batch is made of.
    ranges: Vec<Range<usize>>,
    /// As far as they are made.
    parts: Vec<Option<Result<Batch, Error>>>,
    claimed: usize,
    left: usize,
    whole: Option<Result<Batch, Error>>,
    took: Duration,
}

/// Batches made ahead where they lie in memory: few, so that they stay in the cache.
const AHEAD_HELD: usize = 3;
/// Batches made ahead where they are read: enough that no reader waits for another, up to so many bytes.
const AHEAD_STREAMED: Range<usize> = 2..9;
const AHEAD_BYTES: usize = 64 << 20;
/// Numbers of a part of a batch at most, and items of one that is read: parts are shared out over the readers.
const PART_NUMBERS: usize = 1 << 20;
const PART_READ: usize = 32;

/// Has the split's readers make what is wanted.
pub(crate) fn ahead<'scope>(
    scope: &'scope Scope<'scope, '_>,
    split: &'scope Split,
    wanted: impl Iterator<Item = Wanted> + Send + 'scope,
) -> Batches<'scope> {
    let state = State {
        wanted: Box::new(wanted),
        is_last: false,
        is_over: false,
        slots: VecDeque::new(),
        first: 0,
        most: AHEAD_HELD,
    };
    let shared = Arc::new(Shared {
        split,
        state: Mutex::new(state),
        room: Condvar::new(),
        ready: Condvar::new(),
    });
    for _ in 0..split.readers() {
        let shared = shared.clone();
        scope.spawn(move || shared.make());
    }
    Batches { shared }
}

impl Batches<'_> {
    /// The next batch; `None` after the last.
    pub fn next(&self) -> Option<Result<Made, Error>> {
        loop {
            match self.wait(Duration::from_secs(3600)) {
                Next::Made(made) => return Some(made),
                Next::NotYet => {}
                Next::End => return None,
            }
        }
    }

    /// Waits for the next batch, but not longer.
    pub fn wait(&self, patience: Duration) -> Next {
        let state = self.shared.lock();
        let is_waiting = |state: &mut State| {
            let is_made = state.slots.front().is_some_and(|slot| slot.whole.is_some());
            !(is_made || state.is_over || state.is_last && state.slots.is_empty())
        };
        let waited = self.shared.ready.wait_timeout_while(state, patience, is_waiting);
        let (mut state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            return Next::NotYet;
        }
        let Some(slot) = state.slots.front_mut() else {
            return if state.is_last { Next::End } else { fallen() };
        };
        let (whole, took) = (slot.whole.take(), slot.took);
        let Some(whole) = whole else { return fallen() };
        state.slots.pop_front();
        state.first += 1;
        drop(state);
        self.shared.room.notify_one();
        Next::Made(whole.map(|batch| Made { batch, took }))
    }
}

/// Only a fault of ours ends a maker early.
fn fallen() -> Next {
    Next::Made(Err(Error::Source("a thread that makes batches fell over".into())))
}

impl Drop for Batches<'_> {
    fn drop(&mut self) {
        self.shared.lock().is_over = true;
        self.shared.room.notify_all();
    }
}

impl<'scope> Shared<'scope> {
    /// Makes parts of batches until no more is wanted.
    fn make(&self) {
        let _alarm = Alarm(self);
        while let Some((batch, part, wanted, range)) = self.claim() {
            let began = Instant::now();
            let made = self.split.batch(&wanted.places[range], wanted.transform);
            self.deliver(batch, part, made, began);
        }
    }

    /// The number of a batch and of a part of it that nobody makes yet, and what it is made of.
    fn claim(&self) -> Option<(u64, usize, Arc<Wanted>, Range<usize>)> {
        let mut state = self.lock();
        loop {
            if state.is_over {
                return None;
            }
            let first = state.first;
            let mut slots = state.slots.iter_mut().zip(first..);
            let open = slots.find(|(slot, _)| slot.claimed < slot.ranges.len());
            if let Some((slot, batch)) = open {
                let part = slot.claimed;
                slot.claimed += 1;
                return Some((batch, part, slot.wanted.clone(), slot.ranges[part].clone()));
            }
            if state.is_last {
                return None;
            }
            if state.slots.len() < state.most {
                match state.wanted.next() {
                    Some(wanted) => {
                        let slot = self.slot(wanted);
                        let is_shared = slot.ranges.len() > 1;
                        state.most = self.most(&slot.wanted);
                        state.slots.push_back(slot);
                        if is_shared {
                            self.room.notify_all();
                        }
                    }
                    None => {
                        state.is_last = true;
                        // The other makers may go, and whoever takes the batches may have had the last one.
                        self.room.notify_all();
                        self.ready.notify_all();
                    }
                }
                continue;
            }
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn slot(&self, wanted: Wanted) -> Slot {
        let most = (PART_NUMBERS / self.split.size(wanted.transform).max(1)).max(1);
        let most = if self.split.is_held() { most } else { most.min(PART_READ) };
        let n = wanted.places.len();
        let ranges: Vec<_> = (0..n).step_by(most).map(|at| at..n.min(at + most)).collect();
        Slot {
            wanted: Arc::new(wanted),
            parts: ranges.iter().map(|_| None).collect(),
            claimed: 0,
            left: ranges.len(),
            ranges,
            whole: None,
            took: Duration::ZERO,
        }
    }

    fn most(&self, wanted: &Wanted) -> usize {
        if self.split.is_held() {
            return AHEAD_HELD;
        }
        let bytes = 4 * self.split.size(wanted.transform) * wanted.places.len();
        (AHEAD_BYTES / bytes.max(1)).clamp(AHEAD_STREAMED.start, AHEAD_STREAMED.end - 1)
    }

    /// Puts a part into its batch, and the batch together where it was the last one.
    fn deliver(&self, batch: u64, part: usize, made: Result<Batch, Error>, began: Instant) {
        let mut state = self.lock();
        let at = (batch - state.first) as usize;
        // A slot stays until it is whole, unless nobody wants it any more.
        let Some(slot) = state.slots.get_mut(at) else { return };
        slot.parts[part] = Some(made);
        slot.left -= 1;
        slot.took += began.elapsed();
        if slot.left > 0 {
            return;
        }
        let parts = std::mem::take(&mut slot.parts);
        drop(state);
        let began = Instant::now();
        let whole = together(parts.into_iter().flatten());
        let mut state = self.lock();
        let at = (batch - state.first) as usize;
        if let Some(slot) = state.slots.get_mut(at) {
            slot.took += began.elapsed();
            slot.whole = Some(whole);
        }
        drop(state);
        self.ready.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<'scope>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes everyone where a maker panics, who would else be waited for.
struct Alarm<'a, 'scope>(&'a Shared<'scope>);

impl Drop for Alarm<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock().is_over = true;
            self.0.room.notify_all();
            self.0.ready.notify_all();
        }
    }
}

/// Parts of one batch, one after the other; of several that failed, the first one's error.
fn together(parts: impl Iterator<Item = Result<Batch, Error>>) -> Result<Batch, Error> {
    let mut parts = parts.collect::<Result<VecDeque<Batch>, Error>>()?;
    let mut whole = parts.pop_front().unwrap_or_default();
    if parts.is_empty() {
        return Ok(whole);
    }
    for (name, input) in &mut whole.inputs {
        let more = parts.iter_mut().filter_map(|part| part.inputs.remove(name)).collect();
        append(input, more);
    }
    Ok(whole)
}

fn append(input: &mut Input, more: Vec<Input>) {
    let items: usize = more.iter().map(|more| more.shape()[0]).sum();
    match input {
        Input::F32(Array { shape, data }) => {
            shape[0] += items;
            data.reserve_exact(shape.iter().product::<usize>() - data.len());
            for more in more {
                if let Input::F32(array) = more {
                    data.extend(array.data);
                }
            }
        }
        Input::I64 { shape, data } => {
            shape[0] += items;
            for more in more {
                if let Input::I64 { data: numbers, .. } = more {
                    data.extend(numbers);
                }
            }
        }
    }
}
