//! A command that runs, and what became of it.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::poll;

/// A command under way. It is ended when this is dropped.
pub struct Running {
    shown: String,
    child: Child,
    // Files, not pipes: nothing that a command leaves behind can hold them open against a reader.
    output: TempDir,
    /// So many of its lines were looked at already.
    seen: usize,
}

impl Running {
    /// Starts it, its output going to files of its own.
    pub fn start(command: &mut Command) -> Running {
        let output = tempfile::tempdir().expect("a temporary folder");
        let file = |name: &str| File::create(output.path().join(name)).expect("a temporary file");
        command.stdin(Stdio::null()).stdout(file("stdout")).stderr(file("stderr"));
        let arguments: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
        let shown = format!("workbench {}", arguments.join(" "));
        let child = command.spawn().unwrap_or_else(|error| panic!("{shown}: {error}"));
        Running { shown, child, output, seen: 0 }
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap_or_else(|error| panic!("{}: {error}", self.shown));
    }

    /// Whether it was sent a signal that it has not taken yet; false where there is no /proc to look in.
    pub fn is_pending(&self, signal: Signal) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let pending = status.lines().filter_map(|line| {
            let bits = line.strip_prefix("SigPnd:").or(line.strip_prefix("ShdPnd:"))?;
            u64::from_str_radix(bits.trim(), 16).ok()
        });
        pending.fold(0, |all, bits| all | bits) & (1 << (signal.as_raw() - 1)) != 0
    }

    /// Waits for a JSON line on its stdout, after those that an earlier call looked at, that `wanted` takes
    /// something from.
    ///
    /// # Panics
    /// The command ended without it, or the deadline passed.
    pub fn until<T>(&mut self, what: &str, mut wanted: impl FnMut(&Value) -> Option<T>) -> T {
        let what = format!("{what} from `{}`", self.shown);
        poll(&what, || {
            // Before its output is read: what it wrote last is not to be missed.
            let ended = self.child.try_wait().expect("a child can be waited for");
            for line in lines(&read(self.output.path(), "stdout")).iter().skip(self.seen) {
                self.seen += 1;
                if let Some(found) = wanted(line) {
                    return Some(found);
                }
            }
            if ended.is_some() {
                let said = read(self.output.path(), "stderr");
                panic!("no {what}, which ended; stderr:\n{said}");
            }
            None
        })
    }

    /// Counts the lines that are there as looked at.
    pub fn skip_said(&mut self) {
        self.seen = lines(&read(self.output.path(), "stdout")).len();
    }

    /// Whether it has not ended.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child can be waited for").is_none()
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// The deadline passed; the command is then ended by force.
    pub fn ended(mut self) -> Ended {
        let what = format!("the end of `{}`", self.shown);
        let status = poll(&what, || self.child.try_wait().expect("a child can be waited for"));
        Ended {
            shown: self.shown.clone(),
            status,
            stdout: read(self.output.path(), "stdout"),
            stderr: read(self.output.path(), "stderr"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails where it has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command that has ended.
#[derive(Debug)]
pub struct Ended {
    pub shown: String,
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Its exit code, `None` where a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Itself.
    ///
    /// # Panics
    /// It ended with another code than `code`; all that it said is in the message.
    #[track_caller]
    pub fn exits(self, code: i32) -> Ended {
        assert!(
            self.code() == Some(code),
            "`{}` ended with {} instead of {code}\nstdout:\n{}\nstderr:\n{}",
            self.shown,
            self.status,
            self.stdout,
            self.stderr
        );
        self
    }

    /// Itself, where it ended well.
    #[track_caller]
    pub fn ok(self) -> Ended {
        self.exits(0)
    }

    /// Itself, where each of `words` is in its stderr.
    #[track_caller]
    pub fn says(self, words: &[&str]) -> Ended {
        for word in words {
            assert!(
                self.stderr.contains(word),
                "`{}` does not say `{word}`:\n{}",
                self.shown,
                self.stderr
            );
        }
        self
    }

    /// The one JSON document on stdout.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!("`{}` printed no JSON document ({error}):\n{}", self.shown, self.stdout)
        })
    }

    /// The JSON lines on stdout.
    #[track_caller]
    pub fn lines(&self) -> Vec<Value> {
        let parsed = self.stdout.lines().map(|line| {
            serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("`{}`: no JSON ({error}): {line}", self.shown))
        });
        parsed.collect()
    }
}

fn read(folder: &Path, name: &str) -> String {
    let bytes = std::fs::read(folder.join(name)).expect("a command's output is there");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The whole lines that are JSON: the last one may still be written.
fn lines(text: &str) -> Vec<Value> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
