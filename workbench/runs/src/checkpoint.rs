//! `checkpoints/step-00001234/`: model.safetensors, optimizer.safetensors, state.toml, and
//! manifest.json with the size and SHA-256 of each. A checkpoint is whole or not there: it is written
//! into a folder aside, every file and the folder synced, then renamed.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::durable::ASIDE;
use crate::tensors::{self, Tensors};
use crate::{Error, RunDir, durable, read, step_name, toml_text};

const MODEL: &str = "model.safetensors";
const OPTIMIZER: &str = "optimizer.safetensors";
const STATE: &str = "state.toml";
const MANIFEST: &str = "manifest.json";
/// What a checkpoint is called while another of the same step takes its place, where the file
/// system cannot exchange the two at once.
const REPLACED: &str = ".replaced";
/// Of the manifest and the state, which are a few kilobytes.
const MAX_TEXT: u64 = 1 << 20;

/// Everything that a run needs to go on as if it had not stopped.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Optimizer steps done.
    pub step: u64,
    /// The parameters, by name.
    pub model: Tensors,
    /// The optimizer's moments, by parameter name.
    pub optimizer: Tensors,
    /// Where the schedules, the data order and the noise are.
    pub state: toml::Table,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    step: u64,
    files: BTreeMap<String, Entry>,
}

#[derive(Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Entry {
    bytes: u64,
    sha256: String,
}

/// Writes a checkpoint and returns its folder; it is on disk when this returns. One of the same step
/// is replaced, and stays until the new one is whole. To lose no record on a resume, sync the event
/// log first. Only the holder of the run's claim may call this.
///
/// # Errors
/// [`Error::Io`], [`Error::Unwritable`]; the checkpoints that were there are then untouched, and what was written of
/// this one is removed.
pub fn save(run: &RunDir, checkpoint: &Checkpoint) -> Result<PathBuf, Error> {
    let dir = run.checkpoints();
    durable::make_dir_in_place(&dir)?;
    remove_leftovers(&dir)?;
    let place = dir.join(step_name::of(checkpoint.step));
    let aside = tempfile::Builder::new()
        .prefix(ASIDE)
        .permissions(Permissions::from_mode(0o777))
        .tempdir_in(&dir)
        .map_err(Error::io("write a checkpoint in", &dir))?;
    let state =
        toml::to_string(&checkpoint.state).map_err(|e| Error::unwritable(&place.join(STATE), e))?;
    let files = BTreeMap::from([
        write_part(aside.path(), MODEL, &tensors::encode(&place.join(MODEL), &checkpoint.model)?)?,
        write_part(
            aside.path(),
            OPTIMIZER,
            &tensors::encode(&place.join(OPTIMIZER), &checkpoint.optimizer)?,
        )?,
        write_part(aside.path(), STATE, state.as_bytes())?,
    ]);
    let manifest = serde_json::to_vec_pretty(&Manifest { step: checkpoint.step, files })
        .map_err(|e| Error::unwritable(&place.join(MANIFEST), e))?;
    write_part(aside.path(), MANIFEST, &manifest)?;
    durable::sync_dir(aside.path())?;
    let exchanged = put_in_place(aside.path(), &place)?;
    if let Err(error) = durable::sync_dir(&dir) {
        if exchanged {
            // The one that was there may still be the one on disk: it is not removed for this one.
            let _ = renameat_with(CWD, aside.path(), CWD, &place, RenameFlags::EXCHANGE);
        }
        return Err(error);
    }
    // Where two were exchanged, the old one lies aside now, and is removed as this is dropped.
    drop(aside);
    Ok(place)
}

/// Reads a checkpoint's folder, and checks every byte against its manifest.
///
/// # Errors
/// [`Error::Damaged`] names the file that is missing or not as it was written; [`Error::Io`].
pub fn load(path: &Path) -> Result<Checkpoint, Error> {
    load_with_digest(path).map(|(checkpoint, _)| checkpoint)
}

/// As [`load`], with the SHA-256 of its manifest, which stands for every byte of it.
///
/// # Errors
/// Those of [`load`].
pub fn load_with_digest(path: &Path) -> Result<(Checkpoint, String), Error> {
    let (manifest, digest) = read_manifest(path)?;
    let named = path.file_name().and_then(|name| name.to_str()).and_then(step_name::parse);
    if named.is_some_and(|step| step != manifest.step) {
        let why = format!("it is of step {}, not of the step in its folder's name", manifest.step);
        return Err(Error::damaged(&path.join(MANIFEST), why));
    }
    let state = read_state(path, &manifest)?;
    let model = read_part(path, &manifest, MODEL)?;
    let optimizer = read_part(path, &manifest, OPTIMIZER)?;
    Ok((Checkpoint { step: manifest.step, model, optimizer, state }, digest))
}

/// The newest good checkpoint, with what is wrong with those newer than it, the newest first. `None`
/// where the run has no checkpoint at all.
///
/// # Errors
/// [`Error::NoGoodCheckpoint`] where there are some and none is good, [`Error::Io`].
pub fn load_newest(run: &RunDir) -> Result<Option<(Checkpoint, Vec<Error>)>, Error> {
    let mut damaged = Vec::new();
    for (_, path) in list(run)?.into_iter().rev() {
        match load(&path) {
            Ok(checkpoint) => return Ok(Some((checkpoint, damaged))),
            Err(error) => damaged.push(error),
        }
    }
    if damaged.is_empty() {
        return Ok(None);
    }
    let (path, count) = (run.checkpoints(), damaged.len());
    Err(Error::NoGoodCheckpoint { path, count, newest: Box::new(damaged.swap_remove(0)) })
}

/// The steps and folders of a run's checkpoints, ascending. They are whole, unless the disk damaged
/// them since: [`load`] tells.
///
/// # Errors
/// [`Error::Io`].
pub fn list(run: &RunDir) -> Result<Vec<(u64, PathBuf)>, Error> {
    let mut steps = BTreeMap::new();
    for (name, path) in entries(&run.checkpoints())? {
        if let Some(step) = step_name::parse(&name) {
            steps.insert(step, path);
        } else if let Some(step) = name.strip_suffix(REPLACED).and_then(step_name::parse) {
            // Counts only where a crash came before its successor was in place.
            steps.entry(step).or_insert(path);
        }
    }
    Ok(steps.into_iter().collect())
}

/// Removes all but the newest `keep` checkpoints (at least one) and the one of step `best`, and
/// returns the steps removed, ascending. Nothing is removed before the newest are on disk, and those
/// that are visibly damaged are not counted among them.
///
/// # Errors
/// [`Error::Io`].
pub fn prune(run: &RunDir, keep: usize, best: Option<u64>) -> Result<Vec<u64>, Error> {
    prune_up_to(run, u64::MAX, keep, best)
}

/// As [`prune`], with the checkpoint of step `newest` as the newest: a run that went on from an older one has
/// passed by those after it, and must neither count nor remove them.
///
/// # Errors
/// [`Error::Io`].
pub fn prune_up_to(
    run: &RunDir,
    newest: u64,
    keep: usize,
    best: Option<u64>,
) -> Result<Vec<u64>, Error> {
    let dir = run.checkpoints();
    let prunable = prunable_up_to(run, newest, keep, best)?;
    if prunable.is_empty() {
        return Ok(Vec::new());
    }
    durable::sync_dir(&dir)?;
    let mut removed = Vec::new();
    for (step, path) in prunable {
        remove(&dir, &path)?;
        removed.push(step);
    }
    Ok(removed)
}

/// The steps and folders that [`prune`] would remove, ascending.
///
/// # Errors
/// [`Error::Io`].
pub fn prunable(
    run: &RunDir,
    keep: usize,
    best: Option<u64>,
) -> Result<Vec<(u64, PathBuf)>, Error> {
    prunable_up_to(run, u64::MAX, keep, best)
}

fn prunable_up_to(
    run: &RunDir,
    newest: u64,
    keep: usize,
    best: Option<u64>,
) -> Result<Vec<(u64, PathBuf)>, Error> {
    let mut all = list(run)?;
    all.retain(|(step, _)| *step <= newest);
    let kept = all.iter().rev().filter(|(_, path)| looks_whole(path)).take(keep.max(1));
    let Some(oldest_kept) = kept.map(|&(step, _)| step).last() else { return Ok(Vec::new()) };
    all.retain(|(step, _)| *step < oldest_kept && Some(*step) != best);
    Ok(all)
}

fn write_part(dir: &Path, name: &str, bytes: &[u8]) -> Result<(String, Entry), Error> {
    let path = dir.join(name);
    let write = || {
        let mut file = File::create_new(&path)?;
        file.write_all(bytes)?;
        file.sync_data()
    };
    write().map_err(Error::io("write", &path))?;
    let entry = Entry { bytes: bytes.len() as u64, sha256: hex(&Sha256::digest(bytes)) };
    Ok((name.to_owned(), entry))
}

/// True where what was there lies aside now.
fn put_in_place(aside: &Path, place: &Path) -> Result<bool, Error> {
    let wrong = || Error::io("put in place", place);
    if !place.exists() {
        return fs::rename(aside, place).map(|()| false).map_err(wrong());
    }
    if renameat_with(CWD, aside, CWD, place, RenameFlags::EXCHANGE).is_ok() {
        return Ok(true);
    }
    let old = with_suffix(place, REPLACED);
    if old.exists() {
        fs::remove_dir_all(&old).map_err(Error::io("remove", &old))?;
    }
    fs::rename(place, &old).map_err(wrong())?;
    fs::rename(aside, place).map_err(wrong())?;
    durable::sync_dir(place.parent().unwrap_or(place))?;
    fs::remove_dir_all(&old).map(|()| false).map_err(Error::io("remove", &old))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Takes a checkpoint out of sight at once, then removes it: a reader never finds half of one.
fn remove(dir: &Path, path: &Path) -> Result<(), Error> {
    let mut aside = dir.join(ASIDE).into_os_string();
    aside.push(path.file_name().unwrap_or_default());
    let aside = PathBuf::from(aside);
    fs::rename(path, &aside).map_err(Error::io("remove", path))?;
    fs::remove_dir_all(&aside).map_err(Error::io("remove", &aside))
}

/// What a crash left half-written or half-removed. The claim's holder is the only writer, so none of
/// it is still being written.
fn remove_leftovers(dir: &Path) -> Result<(), Error> {
    for (name, path) in entries(dir)? {
        if name.starts_with(ASIDE) {
            fs::remove_dir_all(&path).map_err(Error::io("remove", &path))?;
        }
    }
    Ok(())
}

fn entries(dir: &Path) -> Result<Vec<(String, PathBuf)>, Error> {
    let entries = match read::retrying(|| fs::read_dir(dir)) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::io("list the checkpoints in", dir)(e)),
    };
    entries
        .map(|entry| entry.map(|e| (e.file_name().to_string_lossy().into_owned(), e.path())))
        .filter(|entry| entry.as_ref().map_or(true, |(_, path)| path.is_dir()))
        .collect::<io::Result<_>>()
        .map_err(Error::io("list the checkpoints in", dir))
}

fn read_manifest(path: &Path) -> Result<(Manifest, String), Error> {
    let path = path.join(MANIFEST);
    let bytes =
        read::whole(&path, MAX_TEXT)?.ok_or_else(|| Error::damaged(&path, "it is missing"))?;
    let manifest = serde_json::from_slice(&bytes).map_err(|e| Error::damaged(&path, e))?;
    Ok((manifest, hex(&Sha256::digest(&bytes))))
}

/// Whether all files are there with their sizes, without reading them.
fn looks_whole(path: &Path) -> bool {
    read_manifest(path).is_ok_and(|(manifest, _)| {
        [MODEL, OPTIMIZER, STATE].iter().all(|name| {
            let there = fs::metadata(path.join(name)).map(|file| file.len()).ok();
            there.is_some() && there == manifest.files.get(*name).map(|entry| entry.bytes)
        })
    })
}

fn entry<'a>(path: &Path, manifest: &'a Manifest, name: &str) -> Result<&'a Entry, Error> {
    let missing = || Error::damaged(&path.join(MANIFEST), format!("it does not list {name}"));
    manifest.files.get(name).ok_or_else(missing)
}

fn read_state(path: &Path, manifest: &Manifest) -> Result<toml::Table, Error> {
    let expected = entry(path, manifest, STATE)?;
    let path = path.join(STATE);
    let bytes =
        read::whole(&path, MAX_TEXT)?.ok_or_else(|| Error::damaged(&path, "it is missing"))?;
    let there = Entry { bytes: bytes.len() as u64, sha256: hex(&Sha256::digest(&bytes)) };
    check(&path, expected, &there)?;
    toml_text::checked(&path, bytes)?.parse().map_err(|e| Error::damaged(&path, e))
}

fn read_part(path: &Path, manifest: &Manifest, name: &str) -> Result<Tensors, Error> {
    let expected = entry(path, manifest, name)?;
    let path = path.join(name);
    let (file, bytes) = match tensors::open(&path) {
        Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return Err(Error::damaged(&path, "it is missing"));
        }
        other => other?,
    };
    if bytes != expected.bytes {
        return check(&path, expected, &Entry { bytes, sha256: String::new() })
            .map(|()| Tensors::new());
    }
    let mut file = Hashed { file: BufReader::new(file), hash: Sha256::new() };
    let tensors = tensors::decode(&path, &mut file, bytes)?;
    check(&path, expected, &Entry { bytes, sha256: hex(&file.hash.finalize()) })?;
    Ok(tensors)
}

fn check(path: &Path, expected: &Entry, there: &Entry) -> Result<(), Error> {
    if there.bytes != expected.bytes {
        let why = format!(
            "it is {} bytes long, not {} as when it was written",
            there.bytes, expected.bytes
        );
        return Err(Error::damaged(path, why));
    }
    if there.sha256 != expected.sha256 {
        return Err(Error::damaged(path, "its SHA-256 is not the one in the manifest"));
    }
    Ok(())
}

/// A file that is hashed as it is read, so that a large one is read only once.
struct Hashed<R> {
    file: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.hash.update(&buffer[..read]);
        Ok(read)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[path = "checkpoint_tests.rs"]
mod tests;
