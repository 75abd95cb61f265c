//! Signals and requests, taken between two steps.

use std::time::Instant;

use workbench_runs::{Request, State, request};

use crate::Error;
use crate::storage::{Part, reason};
use crate::training::Training;

impl Training<'_> {
    /// Signals and requests; a pause is waited out here.
    pub(crate) fn listen(&mut self) -> Result<(), Error> {
        let mut paused = false;
        loop {
            if self.signals.stop_asked() && !self.stop {
                self.stop = true;
                self.tell("stop asked by a signal")?;
            }
            self.settle()?;
            if paused || self.looked.elapsed() >= self.requests_every {
                self.looked = Instant::now();
                self.look_for_directory()?;
                for request in self.requests()? {
                    self.obey(&request, &mut paused)?;
                }
            }
            if self.stop {
                return self.enter(State::Stopping);
            }
            if !paused {
                return Ok(());
            }
            std::thread::sleep(self.requests_every);
        }
    }

    fn requests(&mut self) -> Result<Vec<Request>, Error> {
        match request::take(self.run) {
            Ok(requests) => {
                self.went_well(Part::Requests)?;
                Ok(requests)
            }
            Err(error @ workbench_runs::Error::Io { .. }) => {
                self.failed(Part::Requests, format!("can't take requests: {}", reason(&error)))?;
                Ok(Vec::new())
            }
            // A file that is no request must not end a run; it is told of once.
            Err(error) => {
                let why = format!("a request was not understood: {error}");
                if self.misunderstood.replace(why.clone()).is_none_or(|before| before != why) {
                    self.tell(&why)?;
                }
                Ok(Vec::new())
            }
        }
    }

    fn obey(&mut self, request: &Request, paused: &mut bool) -> Result<(), Error> {
        match request {
            Request::Stop => {
                self.stop = true;
                self.tell("stop asked")
            }
            Request::Pause if !*paused => {
                *paused = true;
                self.enter(State::Paused)?;
                self.tell("paused")
            }
            Request::Continue if *paused => {
                *paused = false;
                self.enter(State::Running)?;
                self.tell("continued")
            }
            Request::Pause | Request::Continue => Ok(()),
            Request::Save => self.save_asked(),
            Request::Set { knob, value } => self.set(knob, *value),
        }
    }

    fn set(&mut self, knob: &str, value: f64) -> Result<(), Error> {
        let at = self.plan.position(self.session.step());
        let (before, allowed, range) = if knob == "lr" {
            let scheduled = self.experiment.train.optimizer.lr.at(at);
            let before = self.state.set.get("lr").copied().unwrap_or(scheduled);
            (before, "above 0".to_owned(), (f64::MIN_POSITIVE, f64::MAX))
        } else {
            let declared =
                self.session.graph().knobs().iter().find(|declared| declared.name == knob);
            let Some(declared) = declared else {
                return self
                    .tell(&format!("{knob} was not set: the architecture has no such knob"));
            };
            let before = self.knobs().get(knob).copied().unwrap_or(declared.default);
            let (min, max) = (declared.min, declared.max);
            (before, format!("from {min} to {max}"), (min, max))
        };
        if !(range.0..=range.1).contains(&value) {
            return self.tell(&format!("{knob} was not set: {value} is not {allowed}"));
        }
        self.state.set.insert(knob.to_owned(), value);
        self.saves.outdate();
        self.tell(&format!("{knob} = {value} (was {before})"))
    }
}
