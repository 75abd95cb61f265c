/// A stretch of training, counted in optimizer steps or in passes over the training split. Never 0 in a validated experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Length {
    /// Passes over the training split.
    Epochs(u64),
    /// Optimizer steps.
    Steps(u64),
}

/// How often something happens: after every so many epochs or steps.
pub type Every = Length;

impl Length {
    /// The same stretch in steps (the largest number there is, where it would overflow).
    pub fn in_steps(self, steps_per_epoch: u64) -> u64 {
        match self {
            Length::Epochs(epochs) => epochs.saturating_mul(steps_per_epoch),
            Length::Steps(steps) => steps,
        }
    }
}
