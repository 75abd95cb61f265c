//! Signals and requests, taken between two steps.

use std::time::Instant;

use workbench_runs::{Request, State, request};

use crate::Error;
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
            if paused || self.looked.elapsed() >= self.requests_every {
                self.looked = Instant::now();
                // A file system that stumbles is not a directory that is gone.
                if let Err(error) = std::fs::metadata(self.run.path())
                    && error.kind() == std::io::ErrorKind::NotFound
                {
                    return Err(Error::Vanished { path: self.run.path().to_owned() });
                }
                for request in self.requests()? {
                    self.obey(&request, &mut paused)?;
                }
            }
            if self.stop {
                return self.heartbeat.enter(State::Stopping, None);
            }
            if !paused {
                return Ok(());
            }
            std::thread::sleep(self.requests_every);
        }
    }

    fn requests(&mut self) -> Result<Vec<Request>, Error> {
        match request::take(self.run) {
            Ok(requests) => Ok(requests),
            // A file that is no request must not end a run; and one that can't be removed is told once.
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
                self.heartbeat.enter(State::Paused, None)?;
                self.tell("paused")
            }
            Request::Continue if *paused => {
                *paused = false;
                self.heartbeat.enter(State::Running, None)?;
                self.tell("continued")
            }
            Request::Pause | Request::Continue => Ok(()),
            Request::Save => {
                self.save()?;
                self.tell("saved")
            }
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
        // A checkpoint of this step, if there is one, does not know it.
        self.saved = None;
        self.tell(&format!("{knob} = {value} (was {before})"))
    }
}
