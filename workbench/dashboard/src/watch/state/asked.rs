//! What was asked of the trainer and has not shown an effect yet.

use workbench_runs::{Request, State as RunState};

/// A request that was posted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    pub request: Request,
    /// The trainer took it.
    pub taken: bool,
}

impl Asked {
    /// The request in a word or two, as after "asked: ".
    pub fn text(&self) -> String {
        match &self.request {
            Request::Stop => "stop".to_owned(),
            Request::Pause => "pause".to_owned(),
            Request::Continue => "continue".to_owned(),
            Request::Save => "save".to_owned(),
            Request::Set { knob, value } => format!("{knob} = {}", crate::format::typed(*value)),
        }
    }

    /// Whether a control event is this request's effect.
    pub fn is_answered_by(&self, event: &str) -> bool {
        let event = event.to_lowercase();
        let has = |parts: &[&str]| parts.iter().any(|part| event.contains(part));
        match &self.request {
            Request::Stop => has(&["stop"]),
            Request::Pause => has(&["pause"]),
            Request::Continue => has(&["continue", "resume"]),
            Request::Save => has(&["save", "checkpoint"]),
            // Whether it was set or refused, the event names the knob.
            Request::Set { knob, .. } => event.contains(&knob.to_lowercase()),
        }
    }

    /// Whether the run's state shows the effect, or that there will be none.
    pub fn is_settled_by(&self, state: RunState) -> bool {
        match &self.request {
            _ if !state.is_live() => true,
            Request::Stop => state == RunState::Stopping,
            Request::Pause => self.taken && state == RunState::Paused,
            Request::Continue => self.taken && state == RunState::Running,
            Request::Save | Request::Set { .. } => false,
        }
    }
}

/// The request that a line typed at the prompt means.
///
/// # Errors
/// What is wrong with it, in words.
pub(crate) fn parse(line: &str, knobs: &[String]) -> Result<Request, String> {
    let words: Vec<&str> =
        line.split(|c: char| c.is_whitespace() || c == '=').filter(|w| !w.is_empty()).collect();
    match words[..] {
        ["pause"] => Ok(Request::Pause),
        ["continue"] => Ok(Request::Continue),
        ["save"] => Ok(Request::Save),
        ["stop"] => Ok(Request::Stop),
        ["set", knob, value] => {
            let known = knob == "lr" || knobs.is_empty() || knobs.iter().any(|name| name == knob);
            if !known {
                return Err(format!("no knob `{knob}`; there are lr, {}", knobs.join(", ")));
            }
            match value.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(Request::Set { knob: knob.to_owned(), value }),
                _ => Err(format!("`{value}` is not a number")),
            }
        }
        ["set", ..] => Err("say `set KNOB NUMBER`, such as `set lr 3e-4`".to_owned()),
        _ => Err(format!("`{line}` is no command; there are set, pause, continue, save, stop")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_request_or_says_why_not() {
        let knobs = ["beta".to_owned()];
        let set = |value| Ok(Request::Set { knob: "beta".into(), value });
        assert_eq!(parse("set beta 2", &knobs), set(2.0));
        assert_eq!(parse("  set beta=3e-1 ", &knobs), set(0.3));
        assert!(parse("set gamma 2", &knobs).unwrap_err().contains("lr, beta"));
        assert!(parse("set beta two", &knobs).unwrap_err().contains("`two`"));
        assert!(parse("set beta inf", &knobs).is_err());
        assert!(parse("set beta", &knobs).unwrap_err().contains("set KNOB"));
        assert!(parse("frobnicate", &knobs).unwrap_err().contains("no command"));
        assert_eq!(parse("stop", &knobs), Ok(Request::Stop));
    }

    #[test]
    fn requests_are_answered_by_their_events() {
        let asked = |request| Asked { request, taken: true };
        let set = asked(Request::Set { knob: "beta".into(), value: 2.0 });
        assert!(set.is_answered_by("beta = 2 (was 1)"));
        assert!(!set.is_answered_by("paused"));
        assert!(!set.is_settled_by(RunState::Running));
        assert!(set.is_settled_by(RunState::Finished));
        assert!(asked(Request::Pause).is_settled_by(RunState::Paused));
        assert!(asked(Request::Save).is_answered_by("checkpoint saved"));
        assert_eq!(set.text(), "beta = 2");
    }
}
