//! `claim.json`: one writer a run directory, on one host or over a network file system, where locks
//! on files cannot be relied on.
//!
//! A claim is a file that only one process can make. It names its maker, so that a claim left behind
//! by a crash can be taken over where its maker is gone: provably, on this host, or elsewhere by a heartbeat that
//! stood still for a minute. A holder that comes back after that, its host having slept, finds another's token and
//! [stops](Ticket::check). The right to take over the claim
//! with the token T is itself such a file, `.claim-after-T`: whoever holds it alone may replace that
//! claim, so two takers never both win, and the claim is never missing in between. A taker that
//! crashes half-way leaves its right behind, which is taken over in the same way.

mod holder;
mod silence;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

pub use holder::{Fate, Holder};

use crate::{Error, RunDir, durable, read};

const MAX_BYTES: u64 = 1 << 16;

/// How the right to take over a claim is called, before that claim's token.
const RIGHT: &str = ".claim-after-";

/// A claim can be released or taken over between any two looks at it, but not this often.
const ATTEMPTS: usize = 64;

/// As many takers can have crashed half-way, one in taking over from the other. Damaged files could
/// name each other for ever.
const MAX_DEPTH: usize = 16;

/// Where a file system can only make a claim empty and then write it, it is read again so often before it is taken for
/// damaged.
const LOOKS: usize = 10;
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// The right to write a run directory; given back when dropped.
#[derive(Debug)]
pub struct Claim {
    ticket: Ticket,
    taken_from: Option<Holder>,
    released: bool,
}

/// What a claim looks like from the threads that write by its right.
#[derive(Debug, Clone)]
pub struct Ticket {
    path: PathBuf,
    token: String,
}

impl Ticket {
    /// Makes sure that the run directory is still this claim's, before something is written that matters.
    ///
    /// # Errors
    /// [`Error::Claimed`] where it was taken over: nothing may be written any more. A claim that cannot be read proves
    /// nothing, and one that is missing was not taken over.
    pub fn check(&self) -> Result<(), Error> {
        match read_holder(&self.path) {
            Ok(Some(holder)) if holder.token != self.token => {
                let path = self.path.parent().unwrap_or(&self.path).to_path_buf();
                Err(Error::Claimed { path, holder: Box::new(holder) })
            }
            _ => Ok(()),
        }
    }
}

impl Claim {
    /// Claims a run directory for this process.
    ///
    /// # Errors
    /// [`Error::Claimed`] where another process holds it or may still hold it, [`Error::Damaged`]
    /// where the claim cannot be understood (and so not be taken over), [`Error::Io`].
    pub fn acquire(run: &RunDir) -> Result<Claim, Error> {
        Claim::acquire_from(run, &[])
    }

    /// Likewise, and where it can't be told from here whether the holder is at work, watches the run's status: where
    /// that stands still for a minute, the claim is taken over. `watches` is told whom it waits for, once.
    ///
    /// # Errors
    /// As [`Claim::acquire`]; [`Error::Claimed`] as soon as the status changes.
    pub fn acquire_watching(
        run: &RunDir,
        watches: &mut dyn FnMut(&Holder),
    ) -> Result<Claim, Error> {
        silence::acquire(run, watches, silence::LOST_AFTER, silence::BETWEEN_LOOKS)
    }

    /// `silent`: tokens of holders whose heartbeat stood still for long enough.
    fn acquire_from(run: &RunDir, silent: &[String]) -> Result<Claim, Error> {
        let path = path(run);
        let mine = Holder::this_process();
        let taken_from = take(run.path(), &path, &mine, silent, 0)?;
        tidy(run.path(), &path);
        Ok(Claim { ticket: Ticket { path, token: mine.token }, taken_from, released: false })
    }

    /// Whose claim this one was taken over from.
    pub fn taken_from(&self) -> Option<&Holder> {
        self.taken_from.as_ref()
    }

    /// For the threads that write by this claim's right.
    pub fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    /// Gives the claim back.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn release(mut self) -> Result<(), Error> {
        self.give_back()
    }

    /// No two claims share it.
    pub(crate) fn token(&self) -> &str {
        &self.ticket.token
    }

    fn give_back(&mut self) -> Result<(), Error> {
        self.released = true;
        // Only a process that shows no sign for a minute loses its claim, so what carries this token is ours still.
        match read_holder(&self.ticket.path)? {
            Some(holder) if holder.token == self.ticket.token => remove(&self.ticket.path),
            _ => Ok(()),
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.released {
            // A claim that cannot be removed is taken over once this process is gone.
            let _ = self.give_back();
        }
    }
}

/// Who holds a run directory, if anyone does, at one look.
///
/// # Errors
/// [`Error::Damaged`], which may be one that is just being written, [`Error::Io`].
pub fn holder(run: &RunDir) -> Result<Option<Holder>, Error> {
    read_holder_once(&path(run))
}

fn path(run: &RunDir) -> PathBuf {
    run.path().join("claim.json")
}

/// Makes the claim file `path` name `mine`, which no other caller then can, and tells whose it was before.
fn take(
    dir: &Path,
    path: &Path,
    mine: &Holder,
    silent: &[String],
    depth: usize,
) -> Result<Option<Holder>, Error> {
    if depth > MAX_DEPTH {
        return Err(Error::damaged(path, "too many takers of this claim have crashed; remove it"));
    }
    let mut bytes = serde_json::to_vec_pretty(mine).map_err(|e| Error::unwritable(path, e))?;
    bytes.push(b'\n');
    let mut last = None;
    for _ in 0..ATTEMPTS {
        if durable::create_new(path, &bytes)? {
            return Ok(None);
        }
        let Some(holder) = read_holder(path)? else { continue };
        // A network file system can lose the answer to a call that went well.
        if holder.token == mine.token {
            return Ok(None);
        }
        if holder.fate() != Fate::Gone && !silent.contains(&holder.token) {
            return Err(Error::Claimed { path: dir.to_path_buf(), holder: Box::new(holder) });
        }
        let right = dir.join(format!("{RIGHT}{}", holder.token));
        take(dir, &right, mine, silent, depth + 1)?;
        let replaced = replace(path, &holder, &bytes);
        let removed = remove(&right);
        // A right that stays behind harms nobody once its claim is gone.
        if replaced? {
            return Ok(Some(holder));
        }
        removed?;
        last = Some(holder);
    }
    let holder = Box::new(last.unwrap_or_else(|| mine.clone()));
    Err(Error::Claimed { path: dir.to_path_buf(), holder })
}

/// Replaces the claim of `gone`, if that is still the one that lies there. Only called with the
/// right to do so, so that it cannot change between the look and the replacement.
fn replace(path: &Path, gone: &Holder, bytes: &[u8]) -> Result<bool, Error> {
    match read_holder(path)? {
        Some(holder) if holder.token == gone.token => {
            durable::write(path, bytes)?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// Removes what writers that crashed left aside in the run directory. Whatever is older than a minute, by
/// the file system's own clock, is none that another taker is about to give up. What cannot be removed
/// only takes a little space.
fn tidy(dir: &Path, claim: &Path) {
    let modified = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
    let (Some(now), Ok(entries)) = (modified(claim), fs::read_dir(dir)) else { return };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_leftover = name.starts_with(RIGHT) || name.starts_with(durable::ASIDE);
        let age = modified(&entry.path()).and_then(|then| now.duration_since(then).ok());
        if is_leftover && age.is_some_and(|age| age > Duration::from_secs(60)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        // A network file system can ask twice, and then finds nothing.
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(Error::io("remove", path)),
    }
}

fn read_holder(path: &Path) -> Result<Option<Holder>, Error> {
    for _ in 1..LOOKS {
        match read_holder_once(path) {
            Err(Error::Damaged { .. }) => thread::sleep(BETWEEN_LOOKS),
            other => return other,
        }
    }
    read_holder_once(path)
}

fn read_holder_once(path: &Path) -> Result<Option<Holder>, Error> {
    let Some(bytes) = read::whole(path, MAX_BYTES)? else { return Ok(None) };
    let advice = "remove it if no trainer is at work on this run";
    let holder: Holder = serde_json::from_slice(&bytes)
        .map_err(|e| Error::damaged(path, format!("{e}; {advice}")))?;
    // The token becomes part of a file's name.
    if holder.token.len() != 32 || !holder.token.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Error::damaged(path, format!("its token is not one; {advice}")));
    }
    Ok(Some(holder))
}

#[cfg(test)]
mod tests;
