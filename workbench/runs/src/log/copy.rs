use std::path::Path;

use super::{Event, LogReader, LogWriter};
use crate::Error;

/// Writes what a log says of the steps up to `upto` again, in its order and with its times; what a later session start
/// superseded is left out. `edit` may change each event before, also to one without values, which is not written.
/// Returns how many files of the log are damaged in the middle: what is behind that place is missing.
///
/// The log is read twice, a few megabytes at a time, and may grow meanwhile.
///
/// # Errors
/// [`Error::Io`], [`Error::Unwritable`].
pub fn copy(
    log: &Path,
    writer: &mut LogWriter,
    upto: u64,
    mut edit: impl FnMut(&mut Event),
) -> Result<usize, Error> {
    let limits = limits(log, upto)?;
    let mut sessions = 0;
    let damaged = each(log, |mut event| {
        if event.session_start {
            sessions += 1;
        }
        // A session that began since the first look supersedes nothing up to `upto`: it went on from there or later.
        let limit = limits.get(sessions).copied().unwrap_or(upto);
        if event.step > limit {
            return Ok(());
        }
        event.session_start = false;
        edit(&mut event);
        if event.values.is_empty() { Ok(()) } else { writer.write_again(&event) }
    })?;
    Ok(damaged)
}

/// The greatest step that holds of what was logged before the first session start, after it, after the second, …
fn limits(log: &Path, upto: u64) -> Result<Vec<u64>, Error> {
    let mut limits = Vec::new();
    each(log, |event| {
        if event.session_start {
            limits.push(event.step);
        }
        Ok(())
    })?;
    limits.push(upto);
    // Of each, the least of all that come after it.
    for at in (1..limits.len()).rev() {
        limits[at - 1] = limits[at - 1].min(limits[at]);
    }
    Ok(limits)
}

/// Calls `take` with every event of a log, and returns how many of its files are damaged.
fn each(log: &Path, mut take: impl FnMut(Event) -> Result<(), Error>) -> Result<usize, Error> {
    let mut reader = LogReader::open(log);
    loop {
        let events = reader.poll()?;
        if events.is_empty() {
            return Ok(reader.damaged());
        }
        events.into_iter().try_for_each(&mut take)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{History, RunDir, Value};

    fn runs(dir: &tempfile::TempDir) -> [RunDir; 2] {
        ["from", "to"].map(|name| RunDir::create(dir.path(), name).unwrap())
    }

    fn scalar(tag: &str, x: f32) -> (String, Value) {
        (tag.to_owned(), Value::Scalar(x))
    }

    /// A log of sessions, each going on from a step (the first from none) and logging `a` at some steps.
    fn logged(run: &RunDir, sessions: &[(Option<u64>, &[u64], f32)]) {
        for (from, steps, value) in sessions {
            let mut log = LogWriter::create(run, *from).unwrap();
            for step in *steps {
                log.write(*step, &[scalar("a", *value)]).unwrap();
            }
        }
    }

    fn copied(from: &RunDir, to: &RunDir, upto: u64) -> Vec<(u64, f32)> {
        let mut writer = LogWriter::create(to, None).unwrap();
        assert_eq!(copy(from.path(), &mut writer, upto, |_| {}).unwrap(), 0);
        writer.sync().unwrap();
        let history = History::read(to.path()).unwrap();
        let Some(series) = history.scalars.get("a") else { return Vec::new() };
        series.steps.iter().copied().zip(series.values.iter().copied()).collect()
    }

    #[test]
    fn the_copy_says_what_held_up_to_the_step() {
        let sessions: &[(Option<u64>, &[u64], f32)] = &[
            (None, &[0, 1, 2, 3, 4, 5, 6], 1.0),
            // Killed before it logged anything that holds.
            (Some(4), &[5, 6, 7], 2.0),
            (Some(2), &[3, 4, 5, 6, 7, 8], 3.0),
            (Some(6), &[7, 8], 4.0),
        ];
        for upto in 0..10 {
            let dir = tempfile::tempdir().unwrap();
            let [from, to] = runs(&dir);
            logged(&from, sessions);
            let mut expected = History::read(from.path()).unwrap().scalars.remove("a").unwrap();
            let n = expected.steps.partition_point(|&step| step <= upto);
            expected.steps.truncate(n);
            let expected: Vec<(u64, f32)> =
                expected.steps.into_iter().zip(expected.values).collect();
            assert_eq!(copied(&from, &to, upto), expected, "up to {upto}");
            // In the records themselves too, so that every reader says the same.
            let mut reader = LogReader::open(to.path());
            assert_eq!(reader.poll().unwrap().len(), expected.len());
        }
    }

    #[test]
    fn every_value_comes_over_with_its_time_unless_it_is_edited_away() {
        let dir = tempfile::tempdir().unwrap();
        let [from, to] = runs(&dir);
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        png.extend([0, 0, 0, 2, 0, 0, 0, 3, 8, 0, 0, 0, 0]);
        let values = vec![
            scalar("a", f32::NAN),
            scalar("b", 0.1),
            ("image".to_owned(), Value::Image { width: 2, height: 3, channels: 1, png }),
            ("text".to_owned(), Value::Text("γ".to_owned())),
        ];
        let event = Event { step: 7, wall_time: 12.5, values, session_start: false };
        let mut log = LogWriter::create(&from, None).unwrap();
        log.write_again(&event).unwrap();
        log.write(7, &[scalar("b", 0.2)]).unwrap();
        log.flush().unwrap();

        let mut writer = LogWriter::create(&to, None).unwrap();
        let no_b = |event: &mut Event| event.values.retain(|(tag, _)| tag != "b");
        copy(from.path(), &mut writer, 7, no_b).unwrap();
        writer.flush().unwrap();
        let events = LogReader::open(to.path()).poll().unwrap();
        let [copied] = &events[..] else { panic!("{events:?}") };
        assert_eq!((copied.step, copied.wall_time), (7, 12.5));
        assert_eq!(copied.values[1..], event.values[2..]);
        assert!(matches!(copied.values[0], (_, Value::Scalar(x)) if x.is_nan()));
    }

    #[test]
    fn a_long_log_is_copied_whole() {
        let dir = tempfile::tempdir().unwrap();
        let [from, to] = runs(&dir);
        // Longer than what one poll reads.
        let steps: Vec<u64> = (0..150_000).collect();
        logged(&from, &[(None, &steps, 1.0)]);
        assert_eq!(copied(&from, &to, 140_000).len(), 140_001);
    }

    #[test]
    fn damage_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let [from, to] = runs(&dir);
        let mut log = LogWriter::create(&from, None).unwrap();
        log.write(1, &[scalar("a", 1.0)]).unwrap();
        log.flush().unwrap();
        let path = log.path().to_owned();
        let good = std::fs::read(&path).unwrap();
        std::fs::write(&path, [&good[..], &[0; 64]].concat()).unwrap();
        let mut writer = LogWriter::create(&to, None).unwrap();
        assert_eq!(copy(from.path(), &mut writer, 9, |_| {}).unwrap(), 1);
    }
}
