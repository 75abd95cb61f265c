//! How the latent dimensions were used at each snapshot of the run: how the space formed, and what died.

use super::State;
use super::panels::Split;
use crate::watch::message::Effect;

/// As many snapshots as are looked at: a strip of cells is not wider.
const MOST: usize = 96;
/// In nats an image. Less than this tells nothing of an image to the decoder.
const VANISHED: f64 = 0.1;

impl State {
    /// Asks for what is not known yet of the snapshots, once: evenly spread where there are many.
    pub fn settle_usage(&mut self) -> Option<Effect> {
        let stride = self.snapshots.len().div_ceil(MOST).max(1);
        let newest = self.snapshots.last().copied();
        let wanted = self.snapshots.iter().copied().step_by(stride).chain(newest);
        let asked = &mut self.usage_asked;
        let missing: Vec<u64> = wanted.filter(|step| asked.insert(*step)).collect();
        (!missing.is_empty()).then_some(Effect::Trace(missing))
    }

    /// What to say where latent dimensions died, or the KL vanished, as the curves tell; `None` where all is well.
    pub fn collapse(&self) -> Option<String> {
        let of = |split: &str, name: &str| self.history.scalars.get(&format!("{split}/{name}"));
        let active = of("latent", "active_units");
        // The first epoch of a training says nothing yet.
        let settled = |values: &[f32]| values.len() >= 2;
        if let Some(active) = active.filter(|series| settled(&series.values)) {
            let last = active.values.last().copied().unwrap_or(0.0);
            if last == 0.0 {
                return Some("posterior collapse: no latent dimension is used".to_owned());
            }
            let most = active.values.iter().copied().fold(0.0, f32::max);
            if last < most {
                let at = active.values.iter().rposition(|&value| value == most).unwrap_or(0);
                let (died, step) = ((most - last).round(), active.steps[at]);
                let word = if died == 1.0 { "dimension has" } else { "dimensions have" };
                return Some(format!(
                    "{died} latent {word} died since step {step}: {last} of {most} are left"
                ));
            }
        }
        let kl = of(Split::Valid.name(), "kl").filter(|series| settled(&series.values))?;
        let last = f64::from(*kl.values.last()?);
        (last < VANISHED).then(|| {
            let kl = crate::format::number(last);
            format!("the KL has vanished ({kl} nats): the decoder makes no use of the latent code")
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use workbench_runs::{Event, Value};

    use super::*;
    use crate::Options;
    use crate::theme::Styles;
    use crate::watch::message::Read;

    fn warned(tag: &str, values: &[f32]) -> Option<String> {
        let styles = Styles::decide(&Options::default());
        let mut state = State::new("/runs/run".into(), styles, String::new(), Instant::now());
        let event = |(at, value): (usize, &f32)| Event {
            step: at as u64 * 100,
            values: vec![(tag.to_owned(), Value::Scalar(*value))],
            ..Event::default()
        };
        state.fold(Read::Events(values.iter().enumerate().map(event).collect()));
        state.collapse()
    }

    #[test]
    fn dimensions_that_die_and_a_kl_that_vanishes_are_told_of() {
        let units = "latent/active_units";
        assert_eq!(warned(units, &[0.0, 4.0, 9.0, 9.0]), None);
        assert_eq!(warned(units, &[0.0]), None, "the first epoch says nothing");
        assert_eq!(
            warned(units, &[3.0, 9.0, 9.0, 4.0]).unwrap(),
            "5 latent dimensions have died since step 200: 4 of 9 are left"
        );
        assert!(warned(units, &[3.0, 2.0]).unwrap().starts_with("1 latent dimension has died"));
        assert!(warned(units, &[3.0, 0.0]).unwrap().starts_with("posterior collapse"));
        assert_eq!(warned("valid/kl", &[0.001, 25.0]), None);
        assert!(warned("valid/kl", &[25.0, 0.01]).unwrap().contains("vanished (0.01000 nats)"));
    }

    #[test]
    fn what_is_known_of_a_snapshot_is_asked_for_once() {
        let styles = Styles::decide(&Options::default());
        let mut state = State::new("/runs/run".into(), styles, String::new(), Instant::now());
        assert_eq!(state.settle_usage(), None);
        state.snapshots = vec![10, 20];
        assert_eq!(state.settle_usage(), Some(Effect::Trace(vec![10, 20])));
        assert_eq!(state.settle_usage(), None);
        state.snapshots = (1..=1000).collect();
        let Some(Effect::Trace(steps)) = state.settle_usage() else { panic!() };
        assert!(steps.len() <= MOST + 1 && steps.contains(&1000), "{}", steps.len());
    }
}
