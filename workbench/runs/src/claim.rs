//! `claim.json`: one writer a run directory, on one host or over a network file system, where locks
//! on files cannot be relied on.
//!
//! A claim is a file that only one process can make. It names its maker, so that a claim left behind
//! by a crash can be taken over where its maker is provably gone. The right to take over the claim
//! with the token T is itself such a file, `.claim-after-T`: whoever holds it alone may replace that
//! claim, so two takers never both win, and the claim is never missing in between. A taker that
//! crashes half-way leaves its right behind, which is taken over in the same way.

use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::process::{self, Life};
use crate::{Error, RunDir, durable, read, status};

const MAX_BYTES: u64 = 1 << 16;

/// How the right to take over a claim is called, before that claim's token.
const RIGHT: &str = ".claim-after-";

/// A claim can be released or taken over between any two looks at it, but not this often.
const ATTEMPTS: usize = 64;

/// As many takers can have crashed half-way, one in taking over from the other. Damaged files could
/// name each other for ever.
const MAX_DEPTH: usize = 16;

/// Who holds a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holder {
    pub host: String,
    /// The host's boot, where its system tells.
    pub boot: Option<String>,
    /// The namespace of process ids, where there are such.
    pub namespace: Option<String>,
    pub pid: u32,
    /// When the process started, in clock ticks since the boot, where the system tells.
    pub started: Option<u64>,
    /// When it was claimed, RFC 3339.
    pub time: String,
    /// No two claims share it.
    pub token: String,
}

impl Holder {
    fn this_process() -> Holder {
        let pid = std::process::id();
        let started = match process::life(pid) {
            Life::Alive { start } => start,
            Life::Gone => None,
        };
        Holder {
            host: process::host(),
            boot: process::boot(),
            namespace: process::namespace(),
            pid,
            started,
            time: status::now(),
            // The standard library seeds its hashers from the system's randomness.
            token: format!(
                "{:016x}{:016x}",
                RandomState::new().build_hasher().finish(),
                RandomState::new().build_hasher().finish()
            ),
        }
    }

    /// Whether this process is provably gone: it was on this host, in another boot, or in this one
    /// and no process has its id now or another one has. False where that cannot be told from here.
    pub fn is_gone(&self) -> bool {
        if self.host != process::host() {
            return false;
        }
        let boot = process::boot();
        if self.boot != boot {
            return self.boot.is_some() && boot.is_some();
        }
        if self.namespace != process::namespace() {
            return false;
        }
        match process::life(self.pid) {
            Life::Gone => true,
            Life::Alive { start } => matches!((start, self.started), (Some(a), Some(b)) if a != b),
        }
    }
}

/// The right to write a run directory; given back when dropped.
#[derive(Debug)]
pub struct Claim {
    path: PathBuf,
    token: String,
    released: bool,
}

impl Claim {
    /// Claims a run directory for this process.
    ///
    /// # Errors
    /// [`Error::Claimed`] where another process holds it or may still hold it, [`Error::Damaged`]
    /// where the claim cannot be understood (and so not be taken over), [`Error::Io`].
    pub fn acquire(run: &RunDir) -> Result<Claim, Error> {
        let path = path(run);
        let mine = Holder::this_process();
        take(run.path(), &path, &mine, 0)?;
        tidy(run.path(), &path);
        Ok(Claim { path, token: mine.token, released: false })
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
        &self.token
    }

    fn give_back(&mut self) -> Result<(), Error> {
        self.released = true;
        // No one takes over the claim of a living process, so what carries this token is ours still.
        match read_holder(&self.path)? {
            Some(holder) if holder.token == self.token => remove(&self.path),
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

/// Who holds a run directory, if anyone does.
///
/// # Errors
/// [`Error::Damaged`], [`Error::Io`].
pub fn holder(run: &RunDir) -> Result<Option<Holder>, Error> {
    read_holder(&path(run))
}

fn path(run: &RunDir) -> PathBuf {
    run.path().join("claim.json")
}

/// Makes the claim file `path` name `mine`, which no other caller then can.
fn take(dir: &Path, path: &Path, mine: &Holder, depth: usize) -> Result<(), Error> {
    if depth > MAX_DEPTH {
        return Err(Error::damaged(path, "too many takers of this claim have crashed; remove it"));
    }
    let mut bytes = serde_json::to_vec_pretty(mine).map_err(|e| Error::unwritable(path, e))?;
    bytes.push(b'\n');
    let mut last = None;
    for _ in 0..ATTEMPTS {
        if durable::create_new(path, &bytes)? {
            return Ok(());
        }
        let Some(holder) = read_holder(path)? else { continue };
        // A network file system can lose the answer to a call that went well.
        if holder.token == mine.token {
            return Ok(());
        }
        if !holder.is_gone() {
            return Err(Error::Claimed { path: dir.to_path_buf(), holder: Box::new(holder) });
        }
        let right = dir.join(format!("{RIGHT}{}", holder.token));
        take(dir, &right, mine, depth + 1)?;
        let replaced = replace(path, &holder, &bytes);
        let removed = remove(&right);
        // A right that stays behind harms nobody once its claim is gone.
        if replaced? {
            return Ok(());
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
mod tests {
    use std::sync::Barrier;
    use std::thread;
    use std::time::SystemTime;

    use super::*;

    fn run(dir: &tempfile::TempDir) -> RunDir {
        RunDir::create(dir.path(), "run").unwrap()
    }

    /// A process that was here and is gone.
    fn gone() -> Holder {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        Holder { pid: child.id(), started: Some(1), ..Holder::this_process() }
    }

    fn leave(path: &Path, holder: &Holder) {
        fs::write(path, serde_json::to_vec(holder).unwrap()).unwrap();
    }

    fn hidden(run: &RunDir) -> usize {
        let entries = fs::read_dir(run.path()).unwrap();
        entries
            .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with('.'))
            .count()
    }

    /// How many of `threads` that start at once get the claim, all of them holding what they got.
    fn contend(run: &RunDir, threads: usize) -> usize {
        let barrier = Barrier::new(threads);
        let claims: Vec<Result<Claim, Error>> = thread::scope(|scope| {
            let started: Vec<_> = (0..threads)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        Claim::acquire(run)
                    })
                })
                .collect();
            started.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for lost in claims.iter().filter_map(|claim| claim.as_ref().err()) {
            assert!(matches!(lost, Error::Claimed { .. }), "{lost}");
        }
        claims.iter().filter(|claim| claim.is_ok()).count()
    }

    #[test]
    fn a_claim_keeps_others_out_until_it_is_given_back() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(&dir);
        let claim = Claim::acquire(&run).unwrap();
        let error = Claim::acquire(&run).unwrap_err();
        assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
        assert_eq!(holder(&run).unwrap().unwrap().token, claim.token);
        claim.release().unwrap();
        assert_eq!(holder(&run).unwrap(), None);
        drop(Claim::acquire(&run).unwrap());
        assert_eq!(holder(&run).unwrap(), None);
    }

    #[test]
    fn of_many_at_once_exactly_one_wins() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(&dir);
        for _ in 0..3 {
            assert_eq!(contend(&run, 32), 1);
            assert_eq!(hidden(&run), 0);
        }
    }

    #[test]
    fn of_many_takers_of_a_stale_claim_exactly_one_wins() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(&dir);
        for round in 0..4 {
            let stale = gone();
            leave(&path(&run), &stale);
            if round % 2 == 1 {
                // A taker that crashed half-way, twice over.
                let taker = gone();
                leave(&run.path().join(format!(".claim-after-{}", stale.token)), &taker);
                leave(&run.path().join(format!(".claim-after-{}", taker.token)), &gone());
            }
            assert_eq!(contend(&run, 32), 1, "round {round}");
            assert_eq!(hidden(&run), 0);
        }
    }

    #[test]
    fn what_a_crash_left_aside_is_removed_once_it_is_old() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(&dir);
        for (name, age) in
            [(".aside-old", 61), (".claim-after-old", 61), (".aside-new", 0), ("mine", 61)]
        {
            let file = fs::File::create(run.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        }
        let _claim = Claim::acquire(&run).unwrap();
        assert_eq!(hidden(&run), 1);
        assert!(run.path().join(".aside-new").exists() && run.path().join("mine").exists());
    }

    #[test]
    fn only_what_is_provably_gone_is_taken_over() {
        let me = Holder::this_process();
        assert!(!me.is_gone());
        assert!(gone().is_gone());
        if me.started.is_some() {
            assert!(Holder { started: me.started.map(|t| t + 1), ..me.clone() }.is_gone());
        }
        assert!(!Holder { started: None, ..me.clone() }.is_gone());
        assert!(!Holder { host: "elsewhere".into(), ..gone() }.is_gone());
        assert!(!Holder { namespace: Some("pid:[1]".into()), ..gone() }.is_gone());
        assert!(!Holder { boot: None, ..gone() }.is_gone() || me.boot.is_none());
        if me.boot.is_some() {
            assert!(Holder { boot: Some("another".into()), ..me }.is_gone());
        }
    }

    #[test]
    fn a_claim_from_elsewhere_or_a_damaged_one_stays() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(&dir);
        leave(&path(&run), &Holder { host: "node-7".into(), ..gone() });
        let error = Claim::acquire(&run).unwrap_err().to_string();
        assert!(error.contains("node-7") && error.contains("remove claim.json"), "{error}");
        for text in ["", "{}", "null"] {
            fs::write(path(&run), text).unwrap();
            let error = Claim::acquire(&run).unwrap_err().to_string();
            assert!(error.contains("remove it if no trainer"), "{error}");
        }
        // A right that names itself.
        let stale = gone();
        leave(&path(&run), &stale);
        let right = run.path().join(format!(".claim-after-{}", stale.token));
        leave(&right, &stale);
        assert!(matches!(Claim::acquire(&run), Err(Error::Damaged { path, .. }) if path == right));
        leave(&path(&run), &Holder { token: "../../../../../../../../../../x".into(), ..gone() });
        assert!(matches!(Claim::acquire(&run), Err(Error::Damaged { .. })));
    }
}
