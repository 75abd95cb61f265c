//! `sampler/step-00001234.safetensors`: from what codes are drawn, fitted to the codes of one checkpoint's model.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::tensors::{Tensors, encode, read_tensors_with, write_tensors_with};
use crate::{Attribute, Error, RunDir, checkpoint, durable, read, step_name};

const EXTENSION: &str = ".safetensors";
/// The note that says what the tensors are, as JSON.
const ABOUT: &str = "sampler";

/// A fitted sampler as it is kept. What its tensors mean is the trainer's to say.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptSampler {
    /// Of the checkpoint.
    pub step: u64,
    pub about: AboutSampler,
    pub tensors: Tensors,
}

/// What a sampler was fitted to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AboutSampler {
    /// The [`digest`] of the model whose codes these are.
    pub model: String,
    /// So many training items.
    pub items: usize,
    /// The classes that the model is conditioned on; 0 where it is not.
    pub classes: usize,
    /// The attributes that the model is conditioned on.
    pub attributes: Vec<Attribute>,
}

/// The SHA-256 of a model's parameters, in hexadecimal digits: which model a sampler belongs to.
///
/// # Errors
/// [`Error::Unwritable`] where a tensor's shape and data disagree.
pub fn digest(model: &Tensors) -> Result<String, Error> {
    let bytes = encode(Path::new("model"), model)?;
    Ok(Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}

impl KeptSampler {
    /// Writes it, durably, and returns its file. Only the holder of the run's claim may call this.
    ///
    /// # Errors
    /// [`Error::Unwritable`], [`Error::Io`].
    pub fn save(&self, run: &RunDir) -> Result<PathBuf, Error> {
        let dir = run.sampler();
        durable::make_dir_in_place(&dir)?;
        let path = KeptSampler::path(run, self.step);
        let about = serde_json::to_string(&self.about).map_err(|e| Error::unwritable(&path, e))?;
        write_tensors_with(&path, &self.tensors, Some((ABOUT, about)))?;
        Ok(path)
    }

    /// That of a step; `None` where none was kept.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Io`].
    pub fn load(run: &RunDir, step: u64) -> Result<Option<KeptSampler>, Error> {
        let path = KeptSampler::path(run, step);
        let (tensors, about) = match read_tensors_with(&path, ABOUT) {
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Ok(None);
            }
            other => other?,
        };
        let about = about.ok_or_else(|| Error::damaged(&path, "it does not say what it holds"))?;
        let about = serde_json::from_str(&about)
            .map_err(|e| Error::damaged(&path, format!("what it holds cannot be read: {e}")))?;
        Ok(Some(KeptSampler { step, about, tensors }))
    }

    /// The file of a step's, whether it is there or not.
    pub fn path(run: &RunDir, step: u64) -> PathBuf {
        run.sampler().join(step_name::of(step) + EXTENSION)
    }

    /// The steps and files of a run's samplers, ascending.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn list(run: &RunDir) -> Result<Vec<(u64, PathBuf)>, Error> {
        let dir = run.sampler();
        let entries = match read::retrying(|| fs::read_dir(&dir)) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(Error::io("list the samplers in", &dir)(e)),
        };
        let step = |name: &str| step_name::parse(name.strip_suffix(EXTENSION)?);
        let mut found: Vec<(u64, PathBuf)> = entries
            .filter_map(Result::ok)
            .filter_map(|entry| Some((step(&entry.file_name().to_string_lossy())?, entry.path())))
            .collect();
        found.sort();
        Ok(found)
    }

    /// The steps and files of samplers whose checkpoint is gone, ascending: nothing uses them any more. `removed`: steps of
    /// checkpoints that are on their way out.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn orphans(run: &RunDir, removed: &[u64]) -> Result<Vec<(u64, PathBuf)>, Error> {
        let mut samplers = KeptSampler::list(run)?;
        if samplers.is_empty() {
            return Ok(samplers);
        }
        let there: Vec<u64> = checkpoint::list(run)?.into_iter().map(|(step, _)| step).collect();
        samplers.retain(|(step, _)| removed.contains(step) || !there.contains(step));
        Ok(samplers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AttributeKind, Checkpoint, Tensor};

    fn kept(step: u64) -> KeptSampler {
        let model = Tensors::from([("w".to_owned(), Tensor::f32([1], vec![step as f32]))]);
        let values = vec!["no".to_owned(), "yes".to_owned()];
        let kind = AttributeKind::Binary;
        let glasses = Attribute { name: "glasses".into(), kind, values, range: None };
        KeptSampler {
            step,
            about: AboutSampler {
                model: digest(&model).unwrap(),
                items: 7,
                classes: 2,
                attributes: vec![glasses],
            },
            tensors: Tensors::from([("mean".to_owned(), Tensor::f32([1, 2], vec![0.5, 1.0]))]),
        }
    }

    #[test]
    fn what_is_kept_is_read_again_and_damage_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::create(dir.path(), "run").unwrap();
        assert_eq!(KeptSampler::load(&run, 9).unwrap(), None);
        assert!(KeptSampler::list(&run).unwrap().is_empty());
        let path = kept(9).save(&run).unwrap();
        assert_eq!(KeptSampler::load(&run, 9).unwrap(), Some(kept(9)));
        assert_eq!(KeptSampler::list(&run).unwrap(), [(9, path.clone())]);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(matches!(KeptSampler::load(&run, 9), Err(Error::Damaged { .. })));
        crate::tensors::write_tensors(&path, &kept(9).tensors).unwrap();
        assert!(matches!(KeptSampler::load(&run, 9), Err(Error::Damaged { .. })));
    }

    #[test]
    fn models_that_differ_have_other_digests() {
        assert_ne!(kept(1).about.model, kept(2).about.model);
        assert_eq!(kept(1).about.model, kept(1).about.model);
    }

    #[test]
    fn those_without_a_checkpoint_are_orphans() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::create(dir.path(), "run").unwrap();
        for step in [1, 2] {
            kept(step).save(&run).unwrap();
        }
        let (model, optimizer) = (Tensors::default(), Tensors::default());
        let state = toml::Table::new();
        checkpoint::save(&run, &Checkpoint { step: 2, model, optimizer, state }).unwrap();
        let steps = |removed: &[u64]| -> Vec<u64> {
            KeptSampler::orphans(&run, removed).unwrap().iter().map(|(step, _)| *step).collect()
        };
        assert_eq!((steps(&[]), steps(&[2])), (vec![1], vec![1, 2]));
    }
}
