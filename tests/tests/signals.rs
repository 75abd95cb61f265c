//! Stopping, going on, and asking a run from elsewhere.

use serde_json::Value;
use workbench_tests::{Run, Running, SMALL_MLP, Signal, Workbench, poll, with};

/// So many steps that the run never ends by itself while a test looks on.
const ENDLESS: &str = "train.steps=100000000";

fn started(workbench: &Workbench, more: &[&str]) -> Running {
    let more = [more, &["--headless", "--json", "--name", "one"]].concat();
    let mut running = workbench.start(&with(SMALL_MLP, &more));
    running.until("a step", step);
    running
}

fn step(event: &Value) -> Option<u64> {
    (event["event"] == "step").then(|| event["step"].as_u64().unwrap())
}

#[test]
fn a_terminated_run_saves_and_resumes_as_if_undisturbed() {
    // Enough steps that the signal arrives long before the last one.
    let steps =
        ["train.steps=1500", "architecture.hidden=128", "input.binarize=dynamic", "train.ema=0.99"];
    let undisturbed = Workbench::new();
    undisturbed
        .command(&with(SMALL_MLP, &[&steps[..], &["--headless", "--name", "one"]].concat()))
        .ok();

    let workbench = Workbench::new();
    let running = started(&workbench, &steps);
    running.signal(Signal::TERM);
    let ended = running.ended().exits(4);
    let end = ended.lines().pop().unwrap();
    assert_eq!((&end["event"], &end["state"]), (&"end".into(), &"stopped".into()));
    let stopped_at = end["step"].as_u64().unwrap();
    assert!(stopped_at < 1500, "the signal came too late for this test");
    let run = workbench.run("one");
    assert_eq!(run.state(), "stopped");
    assert_eq!(run.checkpoints().pop().unwrap(), format!("step-{stopped_at:08}"));

    let resumed = workbench.command(&["resume", "one", "--headless", "--json"]).ok().lines();
    assert_eq!(resumed[0]["event"], "start");
    assert!(resumed.iter().filter_map(step).all(|step| step > stopped_at));
    assert_eq!(resumed.last().unwrap()["state"], "finished");
    assert_eq!(run.state(), "finished");
    assert!(run.weights() == undisturbed.run("one").weights(), "other weights than undisturbed");
    assert!(run.optimizer() == undisturbed.run("one").optimizer(), "other moments or averages");
    assert_eq!(workbench.curves("one"), undisturbed.curves("one"));

    // Nothing is left to do: at once, and well.
    let again = workbench.command(&["resume", "one", "--json"]).ok();
    assert!(again.lines().iter().all(|event| event["event"] != "step"));
}

#[test]
fn a_run_that_is_killed_six_times_ends_as_if_undisturbed() {
    // Checkpoints in the middle of epochs too, so that kills fall inside and between saves.
    let steps = ["train.steps=1200", "input.binarize=dynamic", "checkpoint.every_steps=37"];
    let undisturbed = Workbench::new();
    undisturbed
        .command(&with(SMALL_MLP, &[&steps[..], &["--headless", "--name", "one"]].concat()))
        .ok();

    let workbench = Workbench::new();
    let mut running = started(&workbench, &steps);
    // A multiplicative hash spreads the places over the run, always the same ones.
    let mut places: Vec<u64> =
        (1..=6u64).map(|i| i.wrapping_mul(2_654_435_761) % 1100 + 40).collect();
    places.sort_unstable();
    for place in places {
        running
            .until("the place of the kill", |event| step(event).filter(|step| *step + 10 > place));
        running.signal(Signal::KILL);
        running.ended();
        running = workbench.start(&["resume", "one", "--headless", "--json"]);
    }
    running.ended().ok();
    let run = workbench.run("one");
    assert_eq!(run.state(), "finished");
    assert!(run.weights() == undisturbed.run("one").weights(), "other weights than undisturbed");
    assert_eq!(workbench.curves("one"), undisturbed.curves("one"));
}

#[test]
fn sigusr1_and_sigint_stop_as_sigterm_does() {
    for signal in [Signal::USR1, Signal::INT] {
        let workbench = Workbench::new();
        let running = started(&workbench, &[ENDLESS]);
        running.signal(signal);
        running.ended().exits(4);
        assert_eq!(workbench.run("one").state(), "stopped");
        assert!(!workbench.run("one").checkpoints().is_empty());
    }
}

/// Minutes of them: a first signal asks for an end that is not near.
const LONG_STEPS: &[&str] =
    &["architecture.hidden=2048", "train.batch_size=4096", "checkpoint.every_steps=1"];

#[test]
fn a_second_sigint_ends_a_long_step_at_once_and_leaves_what_was_saved() {
    let workbench = Workbench::new();
    let run = workbench.run("one");
    let more = [LONG_STEPS, &[ENDLESS, "--headless", "--json", "--name", "one"]].concat();
    let running = workbench.start(&with(SMALL_MLP, &more));
    poll("a checkpoint", || run.checkpoints().pop());
    // Two at once would be one to the process.
    running.signal(Signal::INT);
    poll("the first to be taken", || (!running.is_pending(Signal::INT)).then_some(()));
    running.signal(Signal::INT);
    running.ended().exits(4);
    assert_ne!(run.state(), "stopped", "it has ended by itself");
    let shown = workbench.command(&["show", "one", "--json"]).ok().json();
    assert_eq!(shown["state"], "lost");
    let newest = run.checkpoints().pop().unwrap();
    let mut resumed = workbench.start(&["resume", "one", "--headless", "--json"]);
    let from = resumed.until("a start", |event| event["step"].as_u64());
    assert_eq!(format!("step-{from:08}"), newest);
    resumed.signal(Signal::KILL);
    resumed.ended();
}

#[test]
fn a_second_sigint_does_not_wait_for_a_disk_that_takes_nothing() {
    let workbench = Workbench::new();
    let run = workbench.run("one");
    let running = started(&workbench, &[ENDLESS]);
    poll("a checkpoint", || run.checkpoints().pop());
    // A file in the place of the folder: nothing can be saved.
    let (folder, aside) = (run.path().join("checkpoints"), run.path().join("good"));
    std::fs::rename(&folder, &aside).unwrap();
    std::fs::write(&folder, "").unwrap();
    running.signal(Signal::TERM);
    poll("the end to begin", || (run.state() == "stopping").then_some(()));
    running.signal(Signal::INT);
    running.ended().exits(4);
    assert_eq!(run.state(), "stopping", "it did not come to its end");
    std::fs::remove_file(&folder).unwrap();
    std::fs::rename(&aside, &folder).unwrap();
    let newest = run.checkpoints().pop().unwrap();
    let mut resumed = workbench.start(&["resume", "one", "--headless", "--json"]);
    let from = resumed.until("a start", |event| event["step"].as_u64());
    assert_eq!(format!("step-{from:08}"), newest);
    resumed.signal(Signal::TERM);
    resumed.ended().exits(4);
}

#[test]
fn a_hang_up_changes_nothing() {
    let workbench = Workbench::new();
    let mut running = started(&workbench, &[ENDLESS]);
    running.signal(Signal::HUP);
    running.skip_said();
    let now = running.until("a step", step);
    running.until("a later step", |event| step(event).filter(|step| *step > now + 50));
    workbench.command(&["stop", "one"]).ok();
    let ended = running.ended().exits(4);
    assert!(ended.lines().iter().all(|event| event["state"] != "failed"), "{}", ended.stdout);
}

#[test]
fn requests_from_elsewhere_take_effect_and_are_logged() {
    let workbench = Workbench::new();
    let run = workbench.run("one");
    let mut running = started(&workbench, &[ENDLESS, "checkpoint.every_steps=100000000"]);

    workbench.command(&["set", "one", "beta=2"]).ok();
    running.until("a step at β = 2", |event| (event["metrics"]["knob/beta"] == 2.0).then_some(()));
    workbench.command(&["set", "one", "lr=0.0005"]).ok();
    running.until("a step at that rate", |event| {
        (event["metrics"]["train/lr"] == 0.0005).then_some(())
    });

    workbench.command(&["save", "one"]).ok();
    running.until("a checkpoint", |event| (event["event"] == "checkpoint").then_some(()));
    poll("a checkpoint", || run.checkpoints().pop());

    workbench.command(&["pause", "one"]).ok();
    poll("the pause", || (run.state() == "paused").then_some(()));
    let shown = workbench.command(&["show", "one", "--json"]).ok().json();
    assert_eq!(shown["state"], "paused");
    workbench.command(&["continue", "one"]).ok();
    poll("the end of the pause", || (run.state() == "running").then_some(()));

    workbench.command(&["stop", "one"]).ok();
    let ended = running.ended().exits(4);
    assert_eq!(run.state(), "stopped");
    assert!(run.files("requests").is_empty(), "requests are removed when taken");
    let controls: Vec<String> = ended
        .lines()
        .iter()
        .filter(|event| event["event"] == "control")
        .map(|event| event["message"].as_str().unwrap().to_owned())
        .collect();
    let log = workbench.command(&["log", "one", "--json"]).ok().stdout;
    assert_eq!(controls.len(), 6, "{controls:?}");
    for message in &controls {
        assert!(log.contains(message), "`{message}` is not in the log");
    }
    for word in ["beta", "lr", "save", "pause", "continue", "stop"] {
        assert!(controls.iter().any(|message| message.contains(word)), "{word}: {controls:?}");
    }
}

#[test]
fn what_was_set_outlives_a_resume() {
    let workbench = Workbench::new();
    let mut running = started(&workbench, &[ENDLESS]);
    workbench.command(&["set", "one", "beta=3"]).ok();
    running.until("a step at β = 3", |event| (event["metrics"]["knob/beta"] == 3.0).then_some(()));
    running.signal(Signal::TERM);
    running.ended().exits(4);
    let mut resumed = workbench.start(&["resume", "one", "--headless", "--json"]);
    let beta =
        resumed.until("a step", |event| step(event).map(|_| event["metrics"]["knob/beta"].clone()));
    assert_eq!(beta, 3.0);
    resumed.signal(Signal::TERM);
    resumed.ended().exits(4);
}

#[test]
fn a_request_that_means_nothing_is_refused() {
    let workbench = Workbench::new();
    let mut running = started(&workbench, &[ENDLESS]);
    workbench.command(&["set", "one", "gamma=2"]).exits(2).says(&["gamma", "beta"]);
    workbench.command(&["set", "one", "beta=lots"]).exits(2).says(&["lots"]);
    workbench.command(&["set", "one", "lr=-1"]).exits(2).says(&["lr"]);
    running.skip_said();
    running.until("a step", step);
    running.signal(Signal::TERM);
    running.ended().exits(4);
}

#[test]
fn a_paused_run_can_be_saved_and_stopped() {
    for signal in [Signal::TERM, Signal::INT, Signal::USR1] {
        let workbench = Workbench::new();
        let mut running = started(&workbench, &[ENDLESS, "checkpoint.every_steps=100000000"]);
        workbench.command(&["pause", "one"]).ok();
        poll("the pause", || (workbench.run("one").state() == "paused").then_some(()));
        workbench.command(&["save", "one"]).ok();
        running.until("the answer", |event| (event["message"] == "saved").then_some(()));
        let saved = workbench.run("one").checkpoints().pop().unwrap();
        running.signal(signal);
        running.ended().exits(4);
        assert_eq!(workbench.run("one").state(), "stopped");
        assert_eq!(workbench.run("one").checkpoints().pop().unwrap(), saved);
    }
}

#[test]
fn of_many_that_resume_at_once_one_trains() {
    let workbench = Workbench::new();
    let running = started(&workbench, &[ENDLESS]);
    running.signal(Signal::TERM);
    running.ended().exits(4);
    let start = |_| workbench.start(&["resume", "one", "--headless", "--json"]);
    let mut all: Vec<Running> = (0..4).map(start).collect();
    poll("the end of all but one", || {
        (all.iter_mut().filter_map(|one| one.is_running().then_some(())).count() == 1).then_some(())
    });
    let at = all.iter_mut().position(Running::is_running).expect("one trains");
    let mut writer = all.swap_remove(at);
    writer.until("a step", step);
    for refused in all {
        refused.ended().exits(2).says(&["one"]);
    }
    writer.signal(Signal::TERM);
    writer.ended().exits(4);
}

#[test]
fn a_followed_log_ends_with_its_run() {
    let workbench = Workbench::new();
    let running = started(&workbench, &[ENDLESS]);
    let mut follower = workbench.start(&["log", "one", "--follow", "--json"]);
    let logged = |line: &Value| line["values"].get("train/loss").map(|_| line["step"].as_u64());
    let first = follower.until("a record", logged);
    follower.until("a later record", |line| logged(line).filter(|step| *step > first));
    running.signal(Signal::TERM);
    running.ended().exits(4);
    follower.ended().ok();
}

#[test]
fn a_detached_run_goes_on_without_its_starter() {
    let workbench = Workbench::new();
    let run = workbench.run("one");
    let detached =
        workbench.command(&with(SMALL_MLP, &[ENDLESS, "--detach", "--name", "one"])).ok();
    assert_eq!(detached.stdout.trim(), run.path().display().to_string());
    reaches(&run, 20);
    assert!(run.is_alive());

    let taken = workbench.command(&with(SMALL_MLP, &[ENDLESS, "--name", "one"])).exits(2);
    taken.says(&["one", "resume"]);
    workbench.command(&["resume", "one", "--headless"]).exits(2).says(&["one"]);
    let again = with(SMALL_MLP, &[ENDLESS, "--name", "one", "--or-resume", "--headless"]);
    workbench.command(&again).exits(2);
    let now = run.status().unwrap()["step"].as_u64().unwrap();
    reaches(&run, now + 1);

    workbench.command(&["stop", "one"]).ok();
    poll("the stop", || (run.state() == "stopped").then_some(()));
    let log = std::fs::read_to_string(run.path().join("trainer.log")).unwrap();
    assert!(log.contains("training one"), "{log}");
    poll("the end of the trainer", || (!run.is_alive()).then_some(()));

    let mut resumed = workbench.start(&with(
        SMALL_MLP,
        &[ENDLESS, "--name", "one", "--or-resume", "--headless", "--json"],
    ));
    let from = resumed.until("a start", |event| event["step"].as_u64());
    assert!(from > 0, "it went on, rather than begin again");
    resumed.signal(Signal::TERM);
    resumed.ended().exits(4);
}

#[test]
fn a_detached_run_answers_as_soon_as_its_starter_has_returned() {
    let workbench = Workbench::new();
    let run = workbench.run("one");
    workbench.command(&with(SMALL_MLP, &[ENDLESS, "--detach", "--name", "one"])).ok();
    workbench.command(&["set", "one", "beta=2"]).ok();
    workbench.command(&["stop", "one"]).ok();
    poll("the stop", || (run.state() == "stopped").then_some(()));
}

#[test]
fn a_diverging_run_says_so_and_keeps_what_was_finite() {
    let workbench = Workbench::new();
    // The rate grows from a good one, so that there are finite states to keep.
    let rate = "train.optimizer.lr={ kind = \"linear\", from = 1e-3, to = 1e9, steps = 200 }";
    let diverging = with(
        SMALL_MLP,
        &[
            "train.steps=500",
            rate,
            "checkpoint.every_steps=1",
            "--headless",
            "--json",
            "--name",
            "one",
        ],
    );
    let ended = workbench.command(&diverging).exits(3).says(&["diverged", "is not finite", "step"]);
    let end = ended.lines().pop().unwrap();
    assert_eq!(end["state"], "diverged");
    let run = workbench.run("one");
    assert_eq!(run.state(), "diverged");
    let shown = workbench.command(&["show", "one"]).ok().stdout;
    assert!(shown.contains("diverged") && shown.contains("not finite"), "{shown}");
    let (kept, step) = (run.checkpoints(), end["step"].as_u64().unwrap());
    assert!(
        !kept.is_empty() && kept.iter().all(|name| *name <= format!("step-{step:08}")),
        "{kept:?}"
    );
    let weights = run.weights();
    let header = u64::from_le_bytes(weights[..8].try_into().unwrap()) as usize;
    let numbers = weights[8 + header..].chunks_exact(4);
    let finite = |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().unwrap()).is_finite();
    assert!(numbers.into_iter().all(finite), "what is kept is finite");
}

#[test]
fn a_run_that_diverges_at_once_says_so() {
    let workbench = Workbench::new();
    let diverging = with(SMALL_MLP, &["train.steps=500", "train.optimizer.lr=1e6", "--headless"]);
    let ended = workbench.command(&diverging).exits(3).says(&[
        "diverged",
        "not finite",
        "smaller learning rate",
    ]);
    // Which value was first, and the plugin's line that it comes from.
    ended.says(&["plugins/mlp-vae/src/lib.rs:"]);
}

fn reaches(run: &Run, step: u64) {
    poll(&format!("step {step}"), || {
        run.status().filter(|status| status["step"].as_u64().is_some_and(|now| now >= step))
    });
}
