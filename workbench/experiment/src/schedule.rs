use crate::Length;

/// A live scalar as a function of the step: a learning rate, or a knob of an architecture such as β.
///
/// Steps count from 0; `s` below is [`Position::step`]. Where a length is `None` it is the whole run, so that its end value would be
/// reached at the step after the last. All values of a validated schedule are finite.
#[derive(Debug, Clone, PartialEq)]
pub enum Schedule {
    /// `value` at every step.
    Constant(f64),
    /// `from + (to − from) · min(s / length, 1)`.
    Linear { from: f64, to: f64, length: Option<Length> },
    /// With w the warm-up and L the length (the warm-up included) in steps:
    /// `from · s / w` for s < w, then `to + (from − to) · (1 + cos(π · min((s − w) / (L − w), 1))) / 2`
    /// (SGDR without restarts, Loshchilov and Hutter 2017, equation 5).
    Cosine { from: f64, to: f64, warmup: Option<Length>, length: Option<Length> },
    /// With τ = (s mod period) / period: `from + (to − from) · min(τ / ratio, 1)`: a rise over the share `ratio` of each cycle, then
    /// a plateau (cyclical annealing, Fu et al. 2019, equations 6 and 7).
    Cyclic { from: f64, to: f64, period: Option<Length>, ratio: f64 },
    /// `from · factorᵐ`, m being the number of milestones at or before s (PyTorch's `MultiStepLR`, or `StepLR` with an interval).
    Step { from: f64, factor: f64, when: Milestones },
}

/// When a [`Schedule::Step`] multiplies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Milestones {
    /// At the start of each of these steps, ascending.
    AtSteps(Vec<u64>),
    /// At the start of each of these epochs (the first epoch is 0), ascending.
    AtEpochs(Vec<u64>),
    /// After each such interval.
    Every(Length),
}

/// Where training is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The step about to be taken, from 0.
    pub step: u64,
    /// Steps in one pass over the training split.
    pub steps_per_epoch: u64,
    /// The length of the whole run in steps.
    pub total_steps: u64,
}

impl Schedule {
    /// The value for the step about to be taken. It depends on nothing else, so that a resumed run goes on as it would have.
    pub fn at(&self, position: Position) -> f64 {
        let step = position.step;
        let steps = |length: Option<Length>| match length {
            Some(length) => length.in_steps(position.steps_per_epoch),
            None => position.total_steps,
        };
        match *self {
            Schedule::Constant(value) => value,
            Schedule::Linear { from, to, length } => between(from, to, share(step, steps(length))),
            Schedule::Cosine { from, to, warmup, length } => {
                let warmup = warmup.map_or(0, |warmup| steps(Some(warmup)));
                if step < warmup {
                    return between(0.0, from, share(step, warmup));
                }
                let fallen = share(step - warmup, steps(length).saturating_sub(warmup));
                between(from, to, (1.0 - (std::f64::consts::PI * fallen).cos()) / 2.0)
            }
            Schedule::Cyclic { from, to, period, ratio } => {
                let period = steps(period).max(1);
                between(from, to, (share(step % period, period) / ratio).min(1.0))
            }
            Schedule::Step { from, factor, ref when } => {
                let passed = match when {
                    Milestones::AtSteps(steps) => {
                        steps.iter().filter(|&&at| at <= step).count() as u64
                    }
                    Milestones::AtEpochs(epochs) => {
                        let start =
                            |&epoch: &u64| Length::Epochs(epoch).in_steps(position.steps_per_epoch);
                        epochs.iter().map(start).filter(|&at| at <= step).count() as u64
                    }
                    Milestones::Every(interval) => {
                        step / interval.in_steps(position.steps_per_epoch).max(1)
                    }
                };
                from * power(factor, passed)
            }
        }
    }

    /// The least and the greatest value the schedule can take, or come as near to as floating point can tell.
    pub fn range(&self) -> (f64, f64) {
        let span = |values: &[f64]| {
            values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), &value| {
                (least.min(value), most.max(value))
            })
        };
        match *self {
            Schedule::Constant(value) => (value, value),
            Schedule::Linear { from, to, .. } | Schedule::Cyclic { from, to, .. } => {
                span(&[from, to])
            }
            Schedule::Cosine { from, to, warmup, .. } => {
                span(&[from, to, if warmup.is_some() { 0.0 } else { from }])
            }
            Schedule::Step { from, factor, ref when } => {
                let most = match when {
                    Milestones::AtSteps(at) | Milestones::AtEpochs(at) => at.len() as u64,
                    Milestones::Every(_) => u64::MAX,
                };
                span(&[from, from * power(factor, most)])
            }
        }
    }
}

/// How much of a stretch is over, from 0 to 1; all of one that has no length.
fn share(step: u64, length: u64) -> f64 {
    if step >= length { 1.0 } else { step as f64 / length as f64 }
}

/// Exactly `to` where the share is 1: rounding must not leave a schedule a hair before its end.
fn between(from: f64, to: f64, share: f64) -> f64 {
    if share >= 1.0 { to } else { from + (to - from) * share }
}

/// factorⁿ, by repeated squaring so that it is the same number on every platform.
fn power(factor: f64, count: u64) -> f64 {
    let (mut result, mut square, mut left) = (1.0, factor, count);
    while left > 0 {
        if left & 1 == 1 {
            result *= square;
        }
        square *= square;
        left >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values at these steps of a run of 10 epochs of 100 steps.
    fn values<const N: usize>(schedule: &Schedule, steps: [u64; N]) -> [f64; N] {
        steps.map(|step| schedule.at(Position { step, steps_per_epoch: 100, total_steps: 1000 }))
    }

    fn assert_near(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found - expected).abs() <= 1e-12 * expected.abs().max(1e-3),
                "{found} is not {expected}"
            );
        }
    }

    #[test]
    fn constant() {
        assert_eq!(values(&Schedule::Constant(0.3), [0, 999, u64::MAX]), [0.3; 3]);
    }

    #[test]
    fn linear() {
        let over = |length| Schedule::Linear { from: 0.1, to: 0.9, length };
        let in_steps = over(Some(Length::Steps(400)));
        assert_near(&values(&in_steps, [0, 100, 200, 300]), &[0.1, 0.3, 0.5, 0.7]);
        assert_eq!(values(&in_steps, [400, 401, u64::MAX]), [0.9; 3]);
        assert_near(&values(&over(Some(Length::Epochs(4))), [0, 100, 400]), &[0.1, 0.3, 0.9]);
        assert_near(&values(&over(None), [0, 500, 999, 1000]), &[0.1, 0.5, 0.8992, 0.9]);
        let falling = Schedule::Linear { from: 4.0, to: 1.0, length: Some(Length::Steps(3)) };
        assert_near(&values(&falling, [0, 1, 2, 3]), &[4.0, 3.0, 2.0, 1.0]);
    }

    #[test]
    fn cosine() {
        let plain =
            Schedule::Cosine { from: 1.0, to: 0.2, warmup: None, length: Some(Length::Steps(600)) };
        // cos(π/6) = √3/2, cos(π/3) = 1/2, cos(π/2) = 0.
        let expected = [1.0, 0.6 + 0.4 * 3_f64.sqrt() / 2.0, 0.8, 0.6, 0.4, 0.2, 0.2];
        assert_near(&values(&plain, [0, 100, 200, 300, 400, 600, 5000]), &expected);
        let warm =
            Schedule::Cosine { from: 1.0, to: 0.0, warmup: Some(Length::Epochs(2)), length: None };
        assert_near(
            &values(&warm, [0, 1, 100, 199, 200, 600, 1000]),
            &[0.0, 0.005, 0.5, 0.995, 1.0, 0.5, 0.0],
        );
        let all_warmup = Schedule::Cosine {
            from: 1.0,
            to: 0.0,
            warmup: Some(Length::Steps(2000)),
            length: None,
        };
        assert_near(&values(&all_warmup, [999, 1999, 2000]), &[0.4995, 0.9995, 0.0]);
    }

    #[test]
    fn cyclic() {
        let cycles =
            Schedule::Cyclic { from: 0.0, to: 2.0, period: Some(Length::Steps(100)), ratio: 0.5 };
        let expected = [0.0, 0.4, 1.96, 2.0, 2.0, 0.0, 0.4, 2.0];
        assert_near(&values(&cycles, [0, 10, 49, 50, 99, 100, 910, 1099]), &expected);
        let saw = Schedule::Cyclic { from: 0.0, to: 1.0, period: None, ratio: 1.0 };
        assert_near(&values(&saw, [0, 250, 999, 1000]), &[0.0, 0.25, 0.999, 0.0]);
    }

    #[test]
    fn step() {
        let with = |when| Schedule::Step { from: 0.8, factor: 0.5, when };
        let steps = with(Milestones::AtSteps(vec![100, 300]));
        assert_eq!(
            values(&steps, [0, 99, 100, 299, 300, u64::MAX]),
            [0.8, 0.8, 0.4, 0.4, 0.2, 0.2]
        );
        let epochs = with(Milestones::AtEpochs(vec![1, 3]));
        assert_eq!(values(&epochs, [0, 99, 100, 299, 300]), [0.8, 0.8, 0.4, 0.4, 0.2]);
        let every = with(Milestones::Every(Length::Epochs(2)));
        assert_eq!(
            values(&every, [0, 199, 200, 400, 600, u64::MAX]),
            [0.8, 0.8, 0.4, 0.2, 0.1, 0.0]
        );
    }

    #[test]
    fn a_position_without_steps_has_a_value() {
        let nowhere = Position { step: 0, steps_per_epoch: 0, total_steps: 0 };
        for schedule in [
            Schedule::Linear { from: 0.0, to: 1.0, length: None },
            Schedule::Cosine { from: 2.0, to: 1.0, warmup: Some(Length::Epochs(1)), length: None },
            Schedule::Cyclic {
                from: 1.0,
                to: 3.0,
                period: Some(Length::Epochs(u64::MAX)),
                ratio: 0.1,
            },
            Schedule::Step { from: 1.0, factor: 2.0, when: Milestones::Every(Length::Epochs(3)) },
        ] {
            assert_eq!(schedule.at(nowhere), 1.0, "{schedule:?}");
        }
    }

    #[test]
    fn the_range_holds_every_value() {
        for schedule in [
            Schedule::Linear { from: 3.0, to: -1.0, length: None },
            Schedule::Cosine { from: 2.0, to: 1.0, warmup: Some(Length::Steps(10)), length: None },
            Schedule::Cyclic { from: 0.0, to: 4.0, period: Some(Length::Epochs(1)), ratio: 0.5 },
            Schedule::Step { from: -1.0, factor: 0.5, when: Milestones::Every(Length::Steps(100)) },
            Schedule::Step { from: 1.0, factor: 3.0, when: Milestones::AtEpochs(vec![1, 2]) },
        ] {
            let (least, most) = schedule.range();
            let all = (0..1100).flat_map(|step| values(&schedule, [step]));
            let (low, high) =
                all.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
            assert!(
                least <= low && high <= most,
                "{schedule:?}: {low} to {high} leaves {least} to {most}"
            );
            assert!(
                low - least < 0.01 && most - high < 0.01,
                "{schedule:?}: {least} to {most} is wider than {low} to {high}"
            );
        }
    }
}
