//! `status.json`: what a run is doing, and whether it still is.

use std::time::{Duration, Instant};

use serde::{Deserialize, Deserializer, Serialize};

use crate::process::{self, Life};
use crate::{Error, RunDir, durable, read};

/// A status is under a kilobyte, but for a long error message.
const MAX_BYTES: u64 = 1 << 20;

/// A run whose heartbeat has stood still for this long, by the reader's own clock, is lost.
const LOST_AFTER: Duration = Duration::from_secs(60);

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Reading data, compiling, before the first step.
    Starting,
    Running,
    /// Waiting for a request to go on.
    Paused,
    /// Writing its last checkpoint.
    Stopping,
    /// All its steps are done.
    Finished,
    /// Stopped by a request or a signal; can be resumed.
    Stopped,
    /// A number was not finite; the last finite checkpoint is kept.
    Diverged,
    /// An error ended it; see [`Status::error`].
    Failed,
}

impl State {
    /// Whether a process is at work on the run in this state.
    pub fn is_live(self) -> bool {
        matches!(self, State::Starting | State::Running | State::Paused | State::Stopping)
    }

    /// As written in status.json.
    pub fn name(self) -> &'static str {
        match self {
            State::Starting => "starting",
            State::Running => "running",
            State::Paused => "paused",
            State::Stopping => "stopping",
            State::Finished => "finished",
            State::Stopped => "stopped",
            State::Diverged => "diverged",
            State::Failed => "failed",
        }
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// The best value so far of the tag that is monitored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Best {
    pub tag: String,
    pub step: u64,
    /// Not a number where it was not finite: JSON has no word for that.
    #[serde(deserialize_with = "number")]
    pub value: f64,
}

/// What a trainer tells of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    pub state: State,
    /// The trainer's process, on `host`.
    pub pid: u32,
    pub host: String,
    /// Counts up at every write.
    pub heartbeat: u64,
    /// When the run's first trainer started, RFC 3339.
    pub started: String,
    /// When this was written, RFC 3339, by the trainer's clock.
    pub updated: String,
    /// Optimizer steps done.
    pub step: u64,
    /// Epochs begun.
    pub epoch: u64,
    pub steps_total: u64,
    /// Trainable numbers of the model.
    pub parameters: u64,
    #[serde(deserialize_with = "number")]
    pub images_per_second: f64,
    pub best: Option<Best>,
    /// Items left out because they could not be read, where the experiment says so.
    #[serde(default)]
    pub skipped: u64,
    /// Why the run failed, diverged or could not go on.
    pub error: Option<String>,
    /// What cannot be saved at present, and why, in words; training goes on meanwhile.
    pub storage: Option<String>,
}

impl Status {
    /// The first status of a run: this process, this host, now.
    pub fn starting(steps_total: u64, parameters: u64) -> Status {
        let now = now();
        Status {
            state: State::Starting,
            pid: std::process::id(),
            host: process::host(),
            heartbeat: 0,
            started: now.clone(),
            updated: now,
            step: 0,
            epoch: 0,
            steps_total,
            parameters,
            images_per_second: 0.0,
            best: None,
            skipped: 0,
            error: None,
            storage: None,
        }
    }

    /// Replaces the run's status with this one. The heartbeat written is greater than the one that
    /// lies there, whatever `self` holds, and `updated` is now; a state that is not live is synced to
    /// the disk, a heartbeat is not waited for. On a full disk the status is written into the room that the one
    /// before has.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write(&self, run: &RunDir) -> Result<(), Error> {
        let before =
            Status::read(run).ok().flatten().map_or(0, |status| status.heartbeat.saturating_add(1));
        let status =
            Status { heartbeat: self.heartbeat.max(before), updated: now(), ..self.clone() };
        let path = run.status();
        let mut text =
            serde_json::to_string_pretty(&status).map_err(|e| Error::unwritable(&path, e))?;
        text.push('\n');
        let written = if self.state.is_live() {
            durable::replace(&path, text.as_bytes())
        } else {
            durable::write(&path, text.as_bytes())
        };
        // The first error says what is wrong; a full disk is just when a viewer has to be told.
        written.or_else(|error| durable::overwrite(&path, text.as_bytes()).map_err(|_| error))
    }

    /// The run's status; `None` where none was written yet.
    ///
    /// # Errors
    /// [`Error::Damaged`] where it cannot be understood, [`Error::Io`].
    pub fn read(run: &RunDir) -> Result<Option<Status>, Error> {
        let path = run.status();
        let Some(bytes) = read::whole(&path, MAX_BYTES)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|e| Error::damaged(&path, e))
    }
}

/// Tells a reader that watches a run whether the run is lost, by whether its heartbeat changes and
/// never by comparing two hosts' clocks.
#[derive(Debug, Clone, Default)]
pub struct Liveness {
    last: Option<(u64, Instant)>,
}

impl Liveness {
    /// Nothing seen yet.
    pub fn new() -> Liveness {
        Liveness::default()
    }

    /// Takes note of the heartbeat that was read at `now`.
    pub fn observe(&mut self, heartbeat: u64, now: Instant) {
        if self.last.is_none_or(|(seen, _)| seen != heartbeat) {
            self.last = Some((heartbeat, now));
        }
    }

    /// Whether a run that says it is live has shown no sign of it for a minute.
    pub fn is_lost(&self, state: State, now: Instant) -> bool {
        let still = self.last.map(|(_, since)| now.saturating_duration_since(since));
        state.is_live() && still.is_some_and(|still| still >= LOST_AFTER)
    }
}

/// For a reader that looks once: whether a run that says it is live surely is not, since it ran on
/// this host and its process is gone. False where that cannot be told from here;
/// [`claim::holder`](crate::claim::holder) tells more where the claim is still there.
pub fn looks_dead(status: &Status) -> bool {
    status.state.is_live()
        && status.host == process::host()
        && process::life(status.pid) == Life::Gone
}

/// Now, in RFC 3339, as written in a status.
pub fn now() -> String {
    jiff::Timestamp::now().to_string()
}

/// A number that JSON may have as null, since it cannot write one that is not finite.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn run(dir: &tempfile::TempDir) -> RunDir {
        RunDir::create(dir.path(), "run").unwrap()
    }

    #[test]
    fn a_status_round_trips_and_its_heartbeat_counts_up() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(&dir);
        assert_eq!(Status::read(&run).unwrap(), None);
        let mut status = Status::starting(1000, 5);
        status.best = Some(Best { tag: "valid/loss".into(), step: 3, value: 0.1 });
        for beat in 0..3 {
            status.write(&run).unwrap();
            let back = Status::read(&run).unwrap().unwrap();
            assert_eq!(back.heartbeat, beat);
            assert_eq!(Status { heartbeat: 0, updated: status.updated.clone(), ..back }, status);
        }
        status.state = State::Failed;
        status.error = Some("the disk is full".into());
        status.heartbeat = 70;
        status.write(&run).unwrap();
        assert_eq!(Status::read(&run).unwrap().unwrap().heartbeat, 70);
        assert!(fs::read_to_string(run.status()).unwrap().contains(r#""state": "failed""#));
    }

    #[test]
    fn a_status_from_before_skips_were_counted_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(&dir);
        Status { skipped: 3, ..Status::starting(1, 1) }.write(&run).unwrap();
        assert_eq!(Status::read(&run).unwrap().unwrap().skipped, 3);
        let text = fs::read_to_string(run.status()).unwrap();
        fs::write(run.status(), text.replace("\"skipped\": 3,", "")).unwrap();
        assert_eq!(Status::read(&run).unwrap().unwrap().skipped, 0);
    }

    #[test]
    fn a_status_of_before_there_was_a_word_on_storage_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(&dir);
        Status::starting(1, 1).write(&run).unwrap();
        let text = fs::read_to_string(run.status()).unwrap().replace(",\n  \"storage\": null", "");
        assert!(!text.contains("storage"), "{text}");
        fs::write(run.status(), text).unwrap();
        assert_eq!(Status::read(&run).unwrap().unwrap().storage, None);
    }

    #[test]
    fn a_clock_that_goes_back_and_forth_a_year_stops_no_heartbeat() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(&dir);
        let (start, mut liveness) = (Instant::now(), Liveness::new());
        for (seconds, year) in [(0, "2027"), (50, "2025"), (100, "2027"), (150, "1969")] {
            let updated = format!("{year}-11-24T00:00:00Z");
            Status { updated, ..Status::starting(1, 1) }.write(&run).unwrap();
            // As a trainer on such a clock leaves it: `updated` is what nobody goes by.
            let text = fs::read_to_string(run.status()).unwrap();
            let now = Status::read(&run).unwrap().unwrap().updated;
            fs::write(run.status(), text.replace(&now, &format!("{year}-11-24T00:00:00Z")))
                .unwrap();
            let status = Status::read(&run).unwrap().unwrap();
            let at = start + Duration::from_secs(seconds);
            liveness.observe(status.heartbeat, at);
            assert!(!liveness.is_lost(State::Running, at + Duration::from_secs(49)), "{year}");
        }
        assert_eq!(Status::read(&run).unwrap().unwrap().heartbeat, 3);
    }

    #[test]
    fn numbers_that_are_not_finite_do_not_make_it_unreadable() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(&dir);
        let status = Status { images_per_second: f64::INFINITY, ..Status::starting(1, 1) };
        status.write(&run).unwrap();
        assert!(Status::read(&run).unwrap().unwrap().images_per_second.is_nan());
    }

    #[test]
    fn a_damaged_status_is_an_error_and_is_replaced_by_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(&dir);
        fs::write(run.status(), "{\"state\": \"run").unwrap();
        let error = Status::read(&run).unwrap_err();
        assert!(error.to_string().contains("status.json is damaged"), "{error}");
        Status::starting(1, 1).write(&run).unwrap();
        assert!(Status::read(&run).unwrap().is_some());
    }

    #[test]
    fn a_flipped_bit_is_another_status_or_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(&dir);
        let status = Status { error: Some("ε".into()), ..Status::starting(1, 1) };
        status.write(&run).unwrap();
        let whole = fs::read(run.status()).unwrap();
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            fs::write(run.status(), bytes).unwrap();
            if let Err(error) = Status::read(&run) {
                assert!(matches!(error, Error::Damaged { .. }), "bit {bit}: {error}");
            }
        }
    }

    #[test]
    fn a_run_is_lost_when_its_heartbeat_stands_still_for_a_minute() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut liveness = Liveness::new();
        assert!(!liveness.is_lost(State::Running, at(1000)));
        liveness.observe(5, at(0));
        liveness.observe(5, at(59));
        assert!(!liveness.is_lost(State::Running, at(59)));
        assert!(liveness.is_lost(State::Running, at(60)));
        assert!(!liveness.is_lost(State::Finished, at(60)));
        // A clock set back changes the heartbeat all the same.
        liveness.observe(4, at(61));
        assert!(!liveness.is_lost(State::Paused, at(120)));
    }

    #[test]
    fn a_run_looks_dead_when_its_process_on_this_host_is_gone() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let mut status = Status::starting(1, 1);
        assert!(!looks_dead(&status));
        status.pid = child.id();
        assert!(looks_dead(&status));
        assert!(!looks_dead(&Status { state: State::Stopped, ..status.clone() }));
        assert!(!looks_dead(&Status { host: "elsewhere".into(), ..status }));
    }
}
