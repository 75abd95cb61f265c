//! Records a synthetic run, shaped as a VAE's training is, for looking at the dashboard without training.
//!
//! `demo DIR` writes a finished run; `demo DIR --live [STEPS_PER_SECOND]` goes on appending to it and obeys
//! requests; `--steps N` sets how many steps there are.

#[path = "../src/watch/synthetic.rs"]
mod synthetic;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use synthetic::Synthetic;
use workbench_runs::{Error, Request, State, request};

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (mut dir, mut rate, mut steps) = (None, None, 10_000);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--live" => rate = Some(100.0),
            "--steps" => steps = args.next().and_then(|n| n.parse().ok()).unwrap_or(steps),
            _ => match (arg.parse::<f64>(), &mut rate) {
                (Ok(given), Some(rate)) => *rate = given,
                _ => dir = Some(PathBuf::from(arg)),
            },
        }
    }
    let Some(dir) = dir else { return ExitCode::from(2) };
    match record(&dir, steps, rate) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn record(dir: &std::path::Path, steps: u64, rate: Option<f64>) -> Result<(), Error> {
    let (parent, name) = (dir.parent().unwrap_or(dir), dir.file_name().unwrap_or_default());
    let mut run = Synthetic::create(parent, &name.to_string_lossy(), steps)?;
    let (mut due, mut before, mut state) = (0.0, Instant::now(), State::Running);
    while run.step < steps {
        let passed = before.elapsed().as_secs_f64();
        before = Instant::now();
        if state == State::Running {
            due += rate.map_or(steps as f64, |rate| passed * rate);
        }
        while run.step < steps.min(due as u64) {
            run.advance()?;
        }
        if rate.is_some() {
            run.beat(state)?;
            for request in request::take(&run.run)? {
                match request {
                    Request::Stop => return run.end(State::Stopped),
                    Request::Set { knob, value } if knob == "beta" => run.set_beta(value)?,
                    Request::Pause => {
                        state = State::Paused;
                        run.control("paused")?;
                    }
                    Request::Continue => {
                        state = State::Running;
                        run.control("continued")?;
                    }
                    Request::Save => run.control("checkpoint saved")?,
                    Request::Set { knob, .. } => run.control(&format!("no knob {knob}"))?,
                }
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    run.end(State::Finished)
}
