//! Data that do not fit into the memory allowed are read as they are needed, and nothing else changes.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use workbench_engine::Input;
use workbench_engine::noise::{Key, permutation};
use workbench_runs::{Request, State, Status};
use workbench_trainer::{
    Holding, Observer, Outcome, Progress, Splits, Transform, holdings, input_shape,
};

use crate::trial::{Ask, Nobody, Rows, Trial, changed, experiment};

const SETTINGS: &str = "steps = 60\nvalidation = 0.2\n[input]\nbinarize = 'dynamic'\nflip = 'both'\nshift = 1\n[checkpoint]\nevery_steps = 25";
/// 1.3 MB each.
const MANY: [u64; 2] = [20_000, 20_500];

/// A run on many rows, of which one megabyte may be held, or all; batches of 100 are made in parts where they are read.
fn trial(more: &[&str]) -> Trial {
    let source = Rows { items: MANY, gone: (5, Arc::default()), ..Rows::new() };
    let more = [&["train.batch_size=100"], more].concat();
    Trial { experiment: changed(SETTINGS, &more), source, ..Trial::new("") }
}

#[test]
fn what_is_held_changes_no_bit_and_neither_does_the_number_of_threads() {
    let held = trial(&[]);
    assert_eq!(held.run(&mut Nobody).unwrap(), Outcome::Finished);
    for more in [
        &["input.memory_mb=1"][..],
        &["input.memory_mb=1", "input.readers=1"],
        &["input.memory_mb=1", "input.readers=7"],
        &["input.readers=5"],
    ] {
        let other = trial(more);
        assert_eq!(other.run(&mut Nobody).unwrap(), Outcome::Finished);
        assert_eq!(held.newest(), other.newest(), "{more:?}");
        assert_eq!(held.records(), other.records(), "{more:?}");
    }
    // What the budget allows is held, in the order in which it is needed most.
    let of = |more: &[&str]| {
        let holdings = holdings(&trial(more).experiment, &trial(&[]).source).unwrap();
        holdings.splits.iter().map(|split| (split.split, split.is_held)).collect::<Vec<_>>()
    };
    assert_eq!(of(&[]), [("train", true), ("test", true)]);
    assert_eq!(of(&["input.memory_mb=2"]), [("train", true), ("test", false)]);
    assert_eq!(of(&["input.memory_mb=1"]), [("train", false), ("test", false)]);
}

#[test]
fn a_streamed_run_goes_on_as_if_it_had_not_stopped() {
    let (held, broken) = (trial(&[]), trial(&["input.memory_mb=1"]));
    held.run(&mut Nobody).unwrap();
    let mut ask = Ask::new(&broken, vec![(33, Request::Stop)]);
    assert_eq!(broken.run(&mut ask).unwrap(), Outcome::Stopped);
    assert_eq!(broken.run(&mut Nobody).unwrap(), Outcome::Finished);
    assert_eq!(held.newest(), broken.newest());
    assert_eq!(held.records(), broken.records());
}

/// Takes an item away when training has come to a step.
struct Taker(u64, Arc<AtomicBool>);

impl Observer for Taker {
    fn observe(&mut self, progress: Progress) {
        if let Progress::Step { step, .. } = progress {
            self.1.fetch_or(step == self.0, Relaxed);
        }
    }
}

/// An item that is validated on, and one of the 100th step, by the seed.
fn validated_and_trained() -> [u64; 2] {
    let seed = trial(&[]).experiment.seed;
    let order = permutation(Key::new(seed, "validation", 0, 0), MANY[0] as u32);
    let (valid, train) = order.split_at(MANY[0] as usize / 5);
    let mut train = train.to_vec();
    train.sort_unstable();
    let seen = permutation(Key::new(seed, "shuffle", 0, 0), train.len() as u32);
    [valid[0].into(), train[seen[99 * 100] as usize].into()]
}

#[test]
fn an_item_that_is_lost_ends_the_run_which_goes_on_when_it_is_back() {
    let held = trial(&["train.steps=200"]);
    held.run(&mut Nobody).unwrap();
    // The epoch of 160 steps ends with the first.
    let [validated, trained] = validated_and_trained();
    for (item, on_bad) in [(validated, "stop"), (trained, "stop"), (trained, "skip")] {
        let on_bad = format!("input.on_bad_item={on_bad}");
        let mut broken = trial(&["train.steps=200", "input.memory_mb=1", &on_bad]);
        broken.source.gone.0 = item;
        let gone = broken.source.gone.1.clone();
        let error = broken.run(&mut Taker(20, gone.clone())).unwrap_err().to_string();
        let begins = format!("item {item} of `train` is gone; it could be read before. ");
        assert!(error.starts_with(&begins), "{error}");
        assert!(error.contains("go on with `workbench resume`"), "{error}");
        assert_eq!(error.contains("leaves out"), on_bad.contains("skip"), "{error}");
        let (step, status) = (broken.newest().step, Status::read(&broken.run_dir()).unwrap());
        let status = status.unwrap();
        assert_eq!((status.state, status.error.as_ref()), (State::Failed, Some(&error)));
        match item == validated {
            // Half an epoch's end is not kept: a resume takes its steps, and measures, once more.
            true => assert_eq!((step, status.step), (150, 160)),
            false => {
                assert!((20..100).contains(&step) && step == status.step, "{step}");
                let saved = format!("What was trained is saved as of step {step}: mend");
                assert!(error.contains(&saved), "{error}");
            }
        }
        gone.store(false, Relaxed);
        assert_eq!(broken.run(&mut Nobody).unwrap(), Outcome::Finished);
        assert_eq!(held.newest(), broken.newest());
        assert_eq!(held.records(), broken.records());
    }
}

#[test]
fn a_bad_item_is_found_before_training_or_left_out() {
    for memory in ["input.memory_mb=1", "input.memory_mb=0"] {
        let mut bad = trial(&[memory]);
        bad.source.bad = Some(19_137);
        let error = bad.run(&mut Nobody).unwrap_err().to_string();
        assert!(error.starts_with("item 19137 of `train`: a pixel is NaN"), "{error}");
        assert!(error.contains("on_bad_item"), "{error}");
        let experiment = changed(SETTINGS, &[memory, "input.on_bad_item=skip"]);
        let source = Arc::new(bad.source.clone());
        let splits = Splits::load(&experiment, source.clone(), &|_, _| {}).unwrap();
        let opened = Splits::open(&experiment, source).unwrap();
        assert_eq!((splits.skipped.len(), opened.skipped.len()), (1, 1));
        assert_eq!(splits.train.is_held(), memory.ends_with('0'));
        for split in [&splits, &opened] {
            assert_eq!((split.train.len(), split.valid.len()), (15_999, 4_000));
        }
        let places: Vec<u32> = (15_000..15_999).collect();
        let transform = Transform::training(&experiment, 2);
        let batch = |splits: &Splits| splits.train.batch(&places, transform).unwrap();
        assert_eq!(batch(&splits), batch(&opened));
    }
    // What is only opened is not read, and a bad item is met where it lies.
    let bad = Arc::new(Rows::with_bad(37));
    let experiment = experiment("validation = 0");
    let splits = Splits::open(&experiment, bad).unwrap();
    let transform = Transform::fixed(&experiment);
    assert!(splits.train.batch(&[36, 38], transform).is_ok());
    let error = splits.train.batch(&[36, 37], transform).unwrap_err().to_string();
    assert_eq!(error, "item 37 of `train`: a pixel is NaN or infinite");
}

#[test]
fn images_are_cropped_and_what_can_not_be_is_refused() {
    let experiment = |input: &str| experiment(&format!("[input]\n{input}"));
    let source = Rows::new();
    let cropped = experiment("crop = [2, 3]");
    assert_eq!(input_shape(&cropped, &source).unwrap(), [1, 2, 3]);
    let splits = Splits::load(&cropped, Arc::new(source.clone()), &|_, _| {}).unwrap();
    let batch = splits.test.batch(&[0, 1], Transform::fixed(&cropped)).unwrap();
    let Input::F32(x) = &batch.inputs["x"] else { panic!("{batch:?}") };
    // The middle two of four rows: item 0 is bright in row 0, item 1 in row 1.
    assert_eq!((&x.shape[..], &x.data[..6]), (&[2, 1, 2, 3][..], &[0.05; 6][..]));
    assert!(x.data[6..9].iter().all(|&x| x > 0.5) && x.data[9..] == [0.05; 3]);
    for (input, says) in [
        ("crop = [2, 5]", "`input.crop` takes 2x5 of images, and these have 4x4"),
        ("shift = 4", "`input.shift` of 4 can move images of 4x4 out of sight"),
        ("dequantize = true", "`input.dequantize` is for bytes"),
    ] {
        let experiment = experiment(input);
        let error = input_shape(&experiment, &source).unwrap_err().to_string();
        assert!(error.starts_with(says), "{error}");
        assert!(Splits::open(&experiment, Arc::new(source.clone())).is_err());
    }
}

#[test]
fn a_budget_is_half_of_the_machine_or_what_is_said() {
    let source = Rows::new();
    let usual = holdings(&experiment(""), &source).unwrap();
    assert!(!usual.is_given && usual.budget > 1_000_000, "{usual:?}");
    let train = Holding { split: "train", items: 100, bytes: 6400, is_held: true };
    assert_eq!(usual.splits[0], train);
    let said = holdings(&experiment("[input]\nmemory_mb = 3"), &source).unwrap();
    assert_eq!((said.budget, said.is_given, said.held()), (3_000_000, true, 7680));
}
