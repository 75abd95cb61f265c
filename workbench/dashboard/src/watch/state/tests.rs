use std::time::Duration;

use super::*;
use crate::Options;

fn state() -> State {
    let styles = Styles::decide(&Options { ascii: true, ..Options::default() });
    State::new("/runs/run".into(), styles, String::new(), Instant::now())
}

fn status(run: RunState, step: u64) -> Read {
    let mut status = Status::starting(1000, 5);
    (status.state, status.step, status.heartbeat) = (run, step, step);
    Read::Status(Box::new(status))
}

fn scalar(step: u64, tag: &str, value: f32) -> Event {
    let values = vec![(tag.to_owned(), Value::Scalar(value))];
    Event { step, wall_time: step as f64 * 0.1, values, session_start: false }
}

fn control(step: u64, text: &str) -> Read {
    let values = vec![("control".to_owned(), Value::Text(text.to_owned()))];
    Read::Events(vec![Event { step, values, ..Event::default() }])
}

#[test]
fn a_run_whose_heartbeat_stands_still_is_lost_until_it_beats_again() {
    let mut state = state();
    let start = state.now;
    state.fold(status(RunState::Running, 10));
    assert!(!state.tick(start + Duration::from_secs(59)));
    assert!(state.tick(start + Duration::from_secs(61)) && state.lost);
    assert!(!state.tick(start + Duration::from_secs(62)), "told once");
    state.fold(status(RunState::Running, 11));
    assert!(!state.lost);
}

#[test]
fn the_time_left_is_told_from_the_newest_steps_of_a_running_run() {
    let mut state = state();
    state.fold(Read::Events((1..=100).map(|step| scalar(step, "train/loss", 1.0)).collect()));
    assert_eq!(state.seconds_left(), None);
    state.fold(status(RunState::Running, 100));
    assert!((state.seconds_left().unwrap() - 90.0).abs() < 1e-9);
    state.fold(status(RunState::Paused, 100));
    assert_eq!(state.seconds_left(), None);
}

#[test]
fn the_time_left_forgets_how_long_nobody_trained() {
    let mut state = state();
    let started = Event { step: 100, session_start: true, ..Event::default() };
    // A tenth of a second a step, and a day between two trainers.
    let later =
        |step| Event { wall_time: 86400.0 + step as f64 * 0.1, ..scalar(step, "train/loss", 1.0) };
    state.fold(Read::Events((1..=100).map(|step| scalar(step, "train/loss", 1.0)).collect()));
    state.fold(Read::Events(vec![started, later(101)]));
    state.fold(status(RunState::Running, 101));
    assert_eq!(state.seconds_left(), None);
    state.fold(Read::Events((102..=110).map(later).collect()));
    state.fold(status(RunState::Running, 110));
    assert!((state.seconds_left().unwrap() - 89.0).abs() < 1e-6);
}

#[test]
fn the_loss_is_shown_above_the_floor_where_one_is_logged() {
    use crate::watch::keys::Action;
    use crate::watch::update::act;

    let mut state = state();
    let event = |step: u64, values: &[(&str, f32)]| {
        let scalar = |(tag, value): &(&str, f32)| ((*tag).to_owned(), Value::Scalar(*value));
        Event { step, values: values.iter().map(scalar).collect(), ..Event::default() }
    };
    let drawn = |state: &State, panel: &str| -> Vec<f32> {
        let panel = state.panels.iter().find(|of| of.name == panel).unwrap();
        state.traces(panel).iter().flat_map(|trace| trace.series.values.clone()).collect()
    };
    state.fold(Read::Events(vec![event(1, &[("train/loss", 90.0), ("train/kl", 3.0)])]));
    act(&mut state, Action::AboveFloor);
    assert!(!state.ui.above_floor && state.ui.notice.take().unwrap().contains("no `floor`"));

    state.fold(Read::Events(vec![
        event(2, &[("train/loss", 70.0), ("train/kl", 4.0), ("train/floor", 60.0)]),
        event(3, &[("train/loss", 66.0), ("train/kl", 5.0), ("train/floor", 61.0)]),
        event(3, &[("valid/loss", 68.0), ("valid/floor", 61.5)]),
    ]));
    let names: Vec<&str> = state.panels.iter().map(|panel| panel.name.as_str()).collect();
    assert_eq!(names, ["loss", "kl", "floor"], "what is above the floor has no chart of its own");
    assert_eq!(drawn(&state, "loss"), [90.0, 70.0, 66.0, 68.0]);
    act(&mut state, Action::AboveFloor);
    assert_eq!(drawn(&state, "loss"), [10.0, 5.0, 6.5]);
    assert_eq!(drawn(&state, "kl"), [3.0, 4.0, 5.0], "the rest stays");
    act(&mut state, Action::AboveFloor);
    assert_eq!(drawn(&state, "loss"), [90.0, 70.0, 66.0, 68.0]);
}

#[test]
fn the_step_axis_has_room_while_the_run_lives_and_none_after() {
    let mut state = state();
    state.fold(Read::Events(vec![scalar(1, "train/loss", 1.0), scalar(130, "train/loss", 1.0)]));
    state.fold(status(RunState::Running, 130));
    assert_eq!(state.steps(), (0, 150));
    state.fold(status(RunState::Stopped, 130));
    assert_eq!(state.steps(), (0, 130));
}

#[test]
fn an_axis_holds_while_points_come_in() {
    let mut state = state();
    let value = |step: u64| 100.0 + (step % 17) as f32;
    state
        .fold(Read::Events((0..200).map(|step| scalar(step, "train/loss", value(step))).collect()));
    state.settle();
    let held = *state.axis("loss").unwrap();
    for step in 200..400 {
        state.fold(Read::Events(vec![scalar(step, "train/loss", value(step))]));
        state.settle();
        assert_eq!(state.axis("loss"), Some(&held), "step {step}");
    }
    state.fold(Read::Events(vec![scalar(400, "train/loss", 900.0)]));
    state.settle();
    let cut = *state.axis("loss").unwrap();
    assert_eq!(
        (cut.range, cut.above),
        (held.range, Some(900.0)),
        "a spike is told of, not made room for"
    );
}

#[test]
fn a_resumed_run_forgets_the_curves_that_it_supersedes() {
    let mut state = state();
    state.fold(Read::Events(vec![scalar(5, "train/loss", 1.0), scalar(9, "train/nan", 1.0)]));
    assert_eq!(state.panels.len(), 2);
    state.fold(Read::Events(vec![Event { step: 5, session_start: true, ..Event::default() }]));
    assert_eq!(state.panels.len(), 1);
}

#[test]
fn what_was_asked_stays_until_its_effect_is_seen() {
    let mut state = state();
    state.loading = None;
    state.fold(status(RunState::Running, 10));
    for request in [Request::Pause, Request::Save, Request::Set { knob: "beta".into(), value: 2.0 }]
    {
        state.asked.push(Asked { request, taken: false });
    }
    state.fold(Read::Waiting(3));
    assert_eq!(state.asked.len(), 3);
    state.fold(Read::Waiting(0));
    assert_eq!(state.asked.len(), 2, "a checkpoint is written once the request is taken");
    state.fold(control(11, "beta = 2 (was 1)"));
    assert_eq!(state.asked.len(), 1);
    state.fold(status(RunState::Paused, 12));
    assert!(state.asked.is_empty());
    assert_eq!(state.controls(), [(11, "beta = 2 (was 1)".to_owned())]);
}

#[test]
fn a_request_that_cannot_be_posted_says_why() {
    let mut state = state();
    state.asked.push(Asked { request: Request::Stop, taken: false });
    state.fold(Read::NotPosted(Request::Stop, "the disk is full".into()));
    assert!(state.asked.is_empty());
    assert_eq!(state.ui.notice.as_deref(), Some("the disk is full"));
}

#[test]
fn the_snapshot_that_is_to_be_shown_is_asked_for_once() {
    let mut state = state();
    state.fold(Read::Snapshots(vec![10, 20]));
    assert_eq!(state.settle(), [], "the loss at 80 columns shows no latents");
    state.ui.view = View::Latent;
    assert_eq!(state.settle(), [Effect::Load(20), Effect::Trace(vec![10, 20])]);
    assert_eq!(state.settle(), []);
    state.ui.latent_step = Some(10);
    assert_eq!(state.settle(), [Effect::Load(10)]);
}
