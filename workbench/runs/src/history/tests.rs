use super::*;
use crate::{LogWriter, RunDir};

fn scalar(step: u64, tag: &str, x: f32) -> Event {
    Event {
        step,
        wall_time: step as f64,
        values: vec![(tag.to_owned(), Value::Scalar(x))],
        session_start: false,
    }
}

fn start(step: u64) -> Event {
    Event { step, session_start: true, ..Event::default() }
}

fn text(step: u64, text: &str) -> Event {
    let values = vec![("note".to_owned(), Value::Text(text.to_owned()))];
    Event { step, values, ..Event::default() }
}

#[test]
fn a_resumed_run_supersedes_what_came_after_its_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let run = RunDir::create(dir.path(), "run").unwrap();
    let log = |from: Option<u64>, to: u64| {
        let mut writer = LogWriter::create(&run, from).unwrap();
        for step in from.unwrap_or(0) + 1..=to {
            let values = [("loss".to_owned(), Value::Scalar(step as f32))];
            writer.write(step, &values).unwrap();
        }
        if from.is_none() {
            writer.write(8, &[("only/once".to_owned(), Value::Text("gone".to_owned()))]).unwrap();
        }
    };
    log(None, 8);
    log(Some(5), 7);
    let history = History::read(run.path()).unwrap();
    let loss = &history.scalars["loss"];
    assert_eq!(loss.steps, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(loss.values, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    assert!(history.texts.is_empty());
    // From the very beginning, where there was no checkpoint yet.
    log(Some(0), 2);
    assert_eq!(History::read(run.path()).unwrap().scalars["loss"].steps, [1, 2]);
}

#[test]
fn a_clock_that_goes_back_and_forth_a_year_moves_no_record() {
    const YEAR: f64 = 365.0 * 86_400.0;
    let (mut history, mut expected) = (History::default(), History::default());
    for step in 1..=9u64 {
        let wall_time = match step {
            1..=3 => 1.8e9,
            4..=6 => 1.8e9 - YEAR,
            _ => 1.8e9 + YEAR,
        };
        let event = scalar(step, "a", step as f32);
        expected.fold(event.clone());
        history.fold(Event { wall_time, ..event });
    }
    // Going on from step 5, by a clock that is before all others.
    let start = Event { step: 5, session_start: true, ..Event::default() };
    history.fold(start.clone());
    expected.fold(start);
    let (a, b) = (&history.scalars["a"], &expected.scalars["a"]);
    assert_eq!((&a.steps, &a.values), (&b.steps, &b.values));
    assert_eq!(a.steps, [1, 2, 3, 4, 5]);
}

#[test]
fn events_are_ordered_by_step_and_the_later_record_of_a_step_holds() {
    let mut history = History::default();
    for (step, x) in [(5, 0.5), (1, 0.1), (3, 0.3), (5, 5.0), (4, 0.4), (1, 1.0)] {
        history.fold(scalar(step, "a", x));
        history.fold(text(step, &x.to_string()));
    }
    let a = &history.scalars["a"];
    assert_eq!((&a.steps[..], &a.values[..]), (&[1, 3, 4, 5][..], &[1.0, 0.3, 0.4, 5.0][..]));
    assert_eq!(a.wall_times, [1.0, 3.0, 4.0, 5.0]);
    assert_eq!(a.last(), Some((5, 5.0)));
    let texts: Vec<&str> = history.texts["note"].iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["1", "0.3", "0.4", "5"]);
    history.fold(start(3));
    assert_eq!(history.scalars["a"].steps, [1, 3]);
    assert_eq!(history.texts["note"].len(), 2);
    history.fold(start(0));
    assert!(history.scalars.is_empty());
}

#[test]
fn reading_and_folding_agree_where_files_interleave() {
    let dir = tempfile::tempdir().unwrap();
    let run = RunDir::create(dir.path(), "run").unwrap();
    for offset in [0u64, 1] {
        let mut writer = LogWriter::create(&run, None).unwrap();
        for step in (0..50).map(|i| 2 * i + offset).chain([7]) {
            writer.write(step, &[("a".to_owned(), Value::Scalar((step + offset) as f32))]).unwrap();
        }
    }
    let read = History::read(run.path()).unwrap();
    let mut folded = History::default();
    let mut reader = LogReader::open(run.path());
    for event in reader.poll().unwrap() {
        folded.fold(event);
    }
    assert_eq!(read.scalars, folded.scalars);
    assert_eq!(read.scalars["a"].steps, (0..100).collect::<Vec<_>>());
    assert_eq!(read.scalars["a"].values[7], 8.0);
}

#[test]
fn a_bounded_history_keeps_spikes_and_the_newest_points() {
    let mut history = History::bounded(256);
    let value = |step: u64| match step {
        777 => 1000.0,
        55_555 => -1000.0,
        _ => (step % 7) as f32,
    };
    for step in 0..100_000 {
        history.fold(scalar(step, "a", value(step)));
        history.fold(text(step / 100, ""));
        assert!(history.scalars["a"].len() <= 256);
    }
    let a = &history.scalars["a"];
    assert!(a.len() > 64, "{}", a.len());
    assert!(a.steps.is_sorted_by(|a, b| a < b));
    assert!(a.steps.iter().zip(&a.values).all(|(&step, &x)| x == value(step)));
    assert!(a.steps.contains(&777) && a.steps.contains(&55_555));
    assert_eq!(a.last(), Some((99_999, value(99_999))));
    // Evenly thinned: no stretch of the log is left without a point.
    let widest = a.steps.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
    assert!(widest < 4000, "{widest}");
    let notes = &history.texts["note"];
    assert!(notes.len() <= MAX_ITEMS && notes[0].0 == 0 && notes.last().unwrap().0 == 999);
}

#[test]
fn a_bounded_history_can_be_superseded_and_added_to_in_any_order() {
    let mut history = History::bounded(16);
    for step in 0..5000u64 {
        // Jumps back and forth, and starts over now and then.
        history.fold(scalar(step * 7919 % 1009, "a", step as f32));
        if step % 501 == 500 {
            history.fold(start(step % 300));
        }
        let Some(a) = history.scalars.get("a") else { continue };
        assert!(a.len() <= 16 && a.steps.is_sorted_by(|a, b| a < b), "{step}");
        assert!(a.steps.len() == a.values.len() && a.steps.len() == a.wall_times.len());
    }
}

#[test]
fn a_missing_log_is_an_error_and_damage_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    assert!(History::read(&dir.path().join("none")).is_err());
    assert!(History::read(dir.path()).unwrap().scalars.is_empty());
    std::fs::write(dir.path().join("x.tfevents"), [0; 40]).unwrap();
    assert_eq!(History::read(dir.path()).unwrap().damaged_files, 1);
}
