//! What of a run takes space and is not needed any more: older checkpoints with their samplers, and most of the
//! latent snapshots.

use std::fs;
use std::path::PathBuf;

use crate::{Claim, Error, KeptSampler, RunDir, Snapshot, Status, checkpoint, durable, remove};

/// About as many latent snapshots stay, spread over the run.
const SNAPSHOTS: usize = 10;

/// What pruning a run would remove.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prunable {
    /// Steps and folders of checkpoints, ascending.
    pub checkpoints: Vec<(u64, PathBuf)>,
    /// Steps and files of latent snapshots, ascending.
    pub snapshots: Vec<(u64, PathBuf)>,
    /// Steps and files of samplers, ascending.
    pub samplers: Vec<(u64, PathBuf)>,
    /// What removing them frees.
    pub bytes: u64,
}

impl Prunable {
    /// All but the newest `keep` checkpoints (at least one) and that of the best value, and all but the newest
    /// latent snapshot and every k-th, with k such that ten to twenty stay: what is pruned already stays as it is. A
    /// sampler goes with its checkpoint.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Damaged`] where status.json tells no best value.
    pub fn of(run: &RunDir, keep: usize) -> Result<Prunable, Error> {
        let best = Status::read(run)?.and_then(|status| Some(status.best?.step));
        let checkpoints = checkpoint::prunable(run, keep, best)?;
        let all = Snapshot::list(run)?;
        let (every, newest) = ((all.len() / SNAPSHOTS).max(1), all.len().saturating_sub(1));
        let is_kept = |place: usize| place.is_multiple_of(every) || place == newest;
        let snapshots: Vec<_> = all
            .into_iter()
            .enumerate()
            .filter(|(place, _)| !is_kept(*place))
            .map(|(_, snapshot)| snapshot)
            .collect();
        let removed: Vec<u64> = checkpoints.iter().map(|(step, _)| *step).collect();
        let samplers = KeptSampler::orphans(run, &removed)?;
        let of_checkpoints = checkpoints.iter().map(|(_, path)| remove::size(path));
        let of_file = |path: &PathBuf| fs::metadata(path).map_or(0, |file| file.len());
        let of_files = snapshots.iter().chain(&samplers).map(|(_, path)| of_file(path));
        let bytes = of_checkpoints.chain(of_files).sum();
        Ok(Prunable { checkpoints, snapshots, samplers, bytes })
    }

    /// Whether there is nothing to remove.
    pub fn is_empty(&self) -> bool {
        self.checkpoints.is_empty() && self.snapshots.is_empty() && self.samplers.is_empty()
    }
}

/// Removes from a run what [`Prunable::of`] finds, and returns what that was.
///
/// # Errors
/// [`Error::Claimed`] where a trainer is or may be at work on the run; those of [`Prunable::of`].
pub fn prune(run: &RunDir, keep: usize) -> Result<Prunable, Error> {
    let claim = Claim::acquire(run)?;
    // Looked for anew: a trainer may have been at work since someone was told.
    let prunable = Prunable::of(run, keep)?;
    let best = Status::read(run)?.and_then(|status| Some(status.best?.step));
    checkpoint::prune(run, keep, best)?;
    for (files, dir) in [(&prunable.snapshots, run.latents()), (&prunable.samplers, run.sampler())]
    {
        for (_, path) in files {
            fs::remove_file(path).map_err(Error::io("remove", path))?;
        }
        if !files.is_empty() {
            durable::sync_dir(&dir)?;
        }
    }
    claim.release()?;
    Ok(prunable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Best;
    use crate::{Checkpoint, State, Tensors};

    fn run(dir: &tempfile::TempDir, snapshots: u64) -> RunDir {
        let run = RunDir::create(dir.path(), "run").unwrap();
        for step in [10, 20, 30, 40] {
            let (model, optimizer) = (Tensors::default(), Tensors::default());
            let state = toml::Table::new();
            checkpoint::save(&run, &Checkpoint { step, model, optimizer, state }).unwrap();
        }
        for step in 0..snapshots {
            let (labels, attributes) = (None, Vec::new());
            let (mean, logvar) = (vec![0.0], vec![0.0]);
            let snapshot =
                Snapshot { step, dims: 1, mean, logvar, labels, attributes, items: Vec::new() };
            snapshot.save(&run).unwrap();
        }
        let best = Best { tag: "valid/loss".into(), step: 20, value: 1.0 };
        let state = State::Finished;
        Status { state, best: Some(best), ..Status::starting(40, 1) }.write(&run).unwrap();
        run
    }

    fn steps(list: &[(u64, PathBuf)]) -> Vec<u64> {
        list.iter().map(|(step, _)| *step).collect()
    }

    #[test]
    fn the_newest_and_the_best_checkpoint_stay() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(&dir, 3);
        let told = Prunable::of(&run, 1).unwrap();
        assert_eq!((steps(&told.checkpoints), told.snapshots.len()), (vec![10, 30], 0));
        let before = remove::size(run.path());
        assert_eq!(prune(&run, 1).unwrap(), told);
        assert_eq!(steps(&checkpoint::list(&run).unwrap()), [20, 40]);
        assert_eq!(before - remove::size(run.path()), told.bytes);
        assert!(told.bytes > 0 && prune(&run, 1).unwrap().is_empty());
        assert!(Prunable::of(&run, 2).unwrap().is_empty());
    }

    #[test]
    fn more_may_be_kept() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(&dir, 0);
        assert_eq!(steps(&Prunable::of(&run, 2).unwrap().checkpoints), [10]);
        assert!(Prunable::of(&run, 4).unwrap().is_empty());
    }

    #[test]
    fn every_kth_snapshot_stays_and_a_second_time_all() {
        for count in [19, 20, 29, 57, 200] {
            let dir = tempfile::tempdir().unwrap();
            let run = run(&dir, count);
            prune(&run, 1).unwrap();
            let kept = steps(&Snapshot::list(&run).unwrap());
            assert!((10..20).contains(&kept.len()), "{count}: {kept:?}");
            assert_eq!((kept[0], kept.last().copied()), (0, Some(count - 1)));
            assert!(prune(&run, 1).unwrap().is_empty(), "{count}");
        }
    }

    #[test]
    fn a_run_that_someone_writes_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(&dir, 0);
        let _claim = Claim::acquire(&run).unwrap();
        assert!(matches!(prune(&run, 1), Err(Error::Claimed { .. })));
        assert_eq!(checkpoint::list(&run).unwrap().len(), 4);
    }
}
