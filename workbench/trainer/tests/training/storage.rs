//! Runs whose disk takes nothing for a while. What blocks a folder here is a file of its name: that binds root too.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use workbench_runs::{Request, RunDir, State, Status, checkpoint};
use workbench_trainer::{Error, Observer, Outcome, Progress};

use crate::trial::{Nobody, Trial};

const SETTINGS: &str =
    "epochs = 6\nvalidation = 0.2\n[input]\nbinarize = 'dynamic'\n[checkpoint]\nevery_steps = 4";

/// Blocks something of a run from its start, until that is told of as a fault, or for ever.
struct Blocked {
    run: PathBuf,
    what: &'static str,
    for_ever: bool,
    story: Vec<String>,
    /// What the status said of storage when the fault was told.
    shown: Option<String>,
}

impl Blocked {
    fn new(trial: &Trial, what: &'static str) -> Blocked {
        let run = trial.dir.path().join("run");
        Blocked { run, what, for_ever: false, story: vec![], shown: None }
    }

    fn told(&self, words: &str) -> usize {
        self.story.iter().filter(|line| line.contains(words)).count()
    }
}

impl Observer for Blocked {
    fn observe(&mut self, progress: Progress) {
        let path = self.run.join(self.what);
        match progress {
            Progress::Started { .. } => fs::write(&path, "in the way").unwrap(),
            Progress::Control { message, .. } => {
                self.story.push(message.to_owned());
                if message.starts_with("storage: can't") && self.shown.is_none() {
                    self.shown = Some(storage_of(&self.run));
                    if !self.for_ever {
                        fs::remove_file(&path).unwrap();
                    }
                }
            }
            _ => {}
        }
    }
}

/// What status.json says of storage, as soon as it says something.
fn storage_of(run: &std::path::Path) -> String {
    let (run, began) = (RunDir::open(run).unwrap(), Instant::now());
    loop {
        if let Some(words) = Status::read(&run).unwrap().unwrap().storage {
            return words;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "no word on storage");
        std::thread::yield_now();
    }
}

#[test]
fn training_goes_on_where_no_checkpoint_can_be_saved_and_saves_when_it_can() {
    let (whole, blocked) = (Trial::new(SETTINGS), Trial::new(SETTINGS));
    whole.run(&mut Nobody).unwrap();
    let mut observer = Blocked::new(&blocked, "checkpoints");
    assert_eq!(blocked.run(&mut observer).unwrap(), Outcome::Finished);
    let shown = observer.shown.clone().unwrap();
    assert!(shown.starts_with("can't save a checkpoint at step 4: File exists"), "{shown}");
    assert!(shown.contains("checkpoints") && shown.contains("training goes on"), "{shown}");
    assert_eq!(observer.told("storage: can't save a checkpoint"), 1, "{:?}", observer.story);
    assert_eq!(observer.told("storage: checkpoints are saved again"), 1, "{:?}", observer.story);
    let status = Status::read(&blocked.run_dir()).unwrap().unwrap();
    assert_eq!((status.state, status.storage), (State::Finished, None));
    assert_eq!(whole.newest(), blocked.newest());
    assert_eq!(whole.records(), blocked.records());
    let logged = &blocked.history().texts["control"];
    assert!(logged.iter().any(|(_, text)| text.contains("storage: can't save")), "{logged:?}");
}

#[test]
fn a_last_state_that_cannot_be_saved_is_an_error_that_names_the_newest_good_one() {
    let trial = Trial::new("epochs = 2\nvalidation = 0.2");
    let mut observer = Blocked { for_ever: true, ..Blocked::new(&trial, "checkpoints") };
    let error = trial.run(&mut observer).unwrap_err();
    assert!(matches!(&error, Error::NotSaved { step: 10, newest: None, .. }), "{error}");
    let status = Status::read(&trial.run_dir()).unwrap().unwrap();
    assert_eq!((status.state, status.error), (State::Failed, Some(error.to_string())));
    assert!(status.storage.is_some());
    // Once the disk takes files again, the run can be taken up.
    fs::remove_file(trial.run_dir().checkpoints()).unwrap();
    let mut seen = Counting::default();
    assert_eq!(trial.run(&mut seen).unwrap(), Outcome::Finished);
    assert!(seen.checkpoints > 0);
    assert_eq!(trial.newest().step, 10);
}

#[derive(Default)]
struct Counting {
    checkpoints: usize,
}

impl Observer for Counting {
    fn observe(&mut self, progress: Progress) {
        if let Progress::Checkpoint { path, .. } = progress {
            assert!(checkpoint::load(path).is_ok());
            self.checkpoints += 1;
        }
    }
}

#[test]
fn latents_and_requests_that_fail_are_told_once_and_do_no_harm() {
    for (what, fault, again) in [
        // A run of so few steps may be over before any are saved again.
        ("latents", "storage: can't save the latents of step 5", 0..2),
        ("requests", "storage: can't take requests", 1..2),
    ] {
        let (whole, blocked) = (Trial::new(SETTINGS), Trial::new(SETTINGS));
        whole.run(&mut Nobody).unwrap();
        let mut observer = Blocked::new(&blocked, what);
        blocked.run(&mut observer).unwrap();
        assert_eq!(observer.told(fault), 1, "{:?}", observer.story);
        let told_again = observer.told(&format!("storage: {what} are"));
        assert!(again.contains(&told_again), "{:?}", observer.story);
        assert_eq!(whole.newest(), blocked.newest());
        assert_eq!(whole.records(), blocked.records());
    }
}

#[test]
fn who_asks_for_a_save_is_told_that_it_failed() {
    let trial = Trial::new("epochs = 2\nvalidation = 0.2");
    /// Asks at step 2, while checkpoints are blocked.
    struct Asking(Blocked);
    impl Observer for Asking {
        fn observe(&mut self, progress: Progress) {
            if let Progress::Step { step: 2, .. } = progress {
                Request::Save.post(&RunDir::open(&self.0.run).unwrap()).unwrap();
            }
            self.0.observe(progress);
        }
    }
    let mut observer = Asking(Blocked::new(&trial, "checkpoints"));
    trial.run(&mut observer).unwrap();
    let story = &observer.0.story;
    assert!(story[0].starts_with("could not save: "), "{story:?}");
    assert!(!story.iter().any(|line| line.starts_with("saved")), "{story:?}");
}

#[test]
fn a_run_directory_that_is_removed_ends_the_run_and_does_not_come_back() {
    struct Removing(PathBuf);
    impl Observer for Removing {
        fn observe(&mut self, progress: Progress) {
            if let Progress::Step { step: 3, .. } = progress {
                fs::remove_dir_all(&self.0).unwrap();
            }
        }
    }
    let trial = Trial::new(SETTINGS);
    let run = trial.dir.path().join("run");
    let error = trial.run(&mut Removing(run.clone())).unwrap_err();
    assert!(matches!(&error, Error::Vanished { path } if path == &run), "{error}");
    assert!(!run.exists());
}

#[test]
fn a_run_that_was_taken_over_is_left_to_its_new_writer() {
    /// Takes the run over at step 3, as another host does of a trainer that showed no sign.
    struct TakingOver(PathBuf);
    impl Observer for TakingOver {
        fn observe(&mut self, progress: Progress) {
            if let Progress::Step { step: 3, .. } = progress {
                let claim = self.0.join("claim.json");
                let text = fs::read_to_string(&claim).unwrap();
                let token = text.split("\"token\": \"").nth(1).unwrap().get(..32).unwrap();
                fs::write(&claim, text.replace(token, &"0".repeat(32))).unwrap();
            }
        }
    }
    let trial = Trial::new(SETTINGS);
    let run = trial.dir.path().join("run");
    let error = trial.run(&mut TakingOver(run.clone())).unwrap_err();
    assert!(matches!(error, Error::TakenOver(_)), "{error}");
    // Neither its status nor a checkpoint of it is written any more.
    let status = Status::read(&trial.run_dir()).unwrap().unwrap();
    assert!(status.state.is_live(), "{status:?}");
    assert!(checkpoint::list(&trial.run_dir()).unwrap().is_empty());
    assert!(fs::read_to_string(run.join("claim.json")).unwrap().contains(&"0".repeat(32)));
}

#[test]
fn a_status_that_cannot_be_written_is_told_of_and_written_again() {
    /// Pauses, and has a folder in the place of the status until that is told of.
    struct Statusless(PathBuf, Vec<String>);
    impl Observer for Statusless {
        fn observe(&mut self, progress: Progress) {
            let (run, status) = (RunDir::open(&self.0).unwrap(), self.0.join("status.json"));
            match progress {
                Progress::Step { step: 2, .. } => {
                    fs::remove_file(&status).unwrap();
                    fs::create_dir(&status).unwrap();
                    Request::Pause.post(&run).unwrap();
                }
                Progress::Control { message, .. } => {
                    self.1.push(message.to_owned());
                    if message.starts_with("storage: can't write the status: ") {
                        fs::remove_dir(&status).unwrap();
                        Request::Continue.post(&run).unwrap();
                    }
                }
                _ => {}
            }
        }
    }
    let trial = Trial::new(SETTINGS);
    let mut observer = Statusless(trial.dir.path().join("run"), vec![]);
    assert_eq!(trial.run(&mut observer).unwrap(), Outcome::Finished);
    let told = |words: &str| observer.1.iter().filter(|line| line.contains(words)).count();
    assert_eq!(told("storage: can't write the status"), 1, "{:?}", observer.1);
    assert_eq!(told("storage: status.json is written again"), 1, "{:?}", observer.1);
    let status = Status::read(&trial.run_dir()).unwrap().unwrap();
    assert_eq!((status.state, status.storage), (State::Finished, None));
}
