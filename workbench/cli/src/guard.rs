//! Watches over calls into plugins: one that crashes the process, or does not come back, is named before it ends.

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

use workbench_host::calls::{self, InProgress};
use workbench_runs::{RunDir, State, Status};

use crate::console;
use crate::process::crash::{self, Word};

/// For commands that read no experiment, as `input.read_deadline` has it.
const USUAL: Duration = Duration::from_secs(300);
/// How often calls are looked at: in an idle process this is all that it does.
const EVERY: Duration = Duration::from_secs(1);

static WATCHED: Mutex<Watched> =
    Mutex::new(Watched { run: None, deadline: USUAL, setting: "input.read_deadline" });

/// What the guard needs to know when something happens.
struct Watched {
    /// The run that ends with the process, where there is one.
    run: Option<RunDir>,
    deadline: Duration,
    /// What allows a call longer.
    setting: &'static str,
}

/// Begins to watch; more than once does no harm. Without it a crash is what it always was.
pub fn start() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let Ok((tell, hear)) = UnixStream::pair() else { return };
        let thread = std::thread::Builder::new().name("guard".to_owned());
        if thread.spawn(move || watch(hear)).is_ok() {
            crash::report_to(tell);
        }
    });
}

/// From now on no call may take longer.
pub fn allow(deadline: Duration) {
    watched().deadline = deadline;
}

/// As [`allow`], where another setting than an experiment's says how long.
pub fn allow_by(setting: &'static str, deadline: Duration) {
    let mut watched = watched();
    (watched.setting, watched.deadline) = (setting, deadline);
}

/// Until it is dropped, what ends the process ends this run, and its status says so.
pub struct Ward(());

impl Ward {
    pub fn over(run: &RunDir) -> Ward {
        watched().run = Some(run.clone());
        Ward(())
    }
}

impl Drop for Ward {
    fn drop(&mut self) {
        watched().run = None;
    }
}

fn watched() -> MutexGuard<'static, Watched> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The guard's thread.
fn watch(mut hear: UnixStream) {
    let mut ages: Vec<(u64, Duration)> = Vec::new();
    let mut looked = Instant::now();
    loop {
        let deadline = watched().deadline;
        let every = (deadline / 10).clamp(Duration::from_millis(10), EVERY);
        // Only a duration of zero is refused, and then the read below returns at its own pace.
        let _ = hear.set_read_timeout(Some(every));
        let mut word: Word = [0; 4];
        if hear.read_exact(&mut word).is_ok() {
            crashed(word);
        }
        // A process that was suspended, or a machine that slept, must not look like a plugin that hangs.
        let passed = looked.elapsed().min(2 * every);
        looked = Instant::now();
        let now = calls::all();
        ages.retain(|(number, _)| now.iter().any(|(_, call)| call.number == *number));
        for (_, call) in now {
            match ages.iter_mut().find(|(number, _)| *number == call.number) {
                None => ages.push((call.number, Duration::ZERO)),
                Some((_, age)) => {
                    *age += passed;
                    if *age >= deadline {
                        overdue(&call, deadline);
                    }
                }
            }
        }
    }
}

fn crashed([signal, own, low, high]: Word) -> ! {
    let Some(call) = calls::at(usize::from(u16::from_le_bytes([low, high]))) else {
        end("this process crashed in a plugin".to_owned(), "")
    };
    let InProgress { plugin, doing, library, .. } = &call;
    let signal = name(signal);
    let what = match (signal, own) {
        (None, _) => format!("plugin `{plugin}` ended the process by `exit` while {doing}"),
        (Some(signal), 1) => format!("plugin `{plugin}` crashed with {signal} while {doing}"),
        (Some(signal), _) => format!(
            "this process crashed with {signal} while plugin `{plugin}` was {doing}, on another thread than that call's"
        ),
    };
    end(format!("{what}; mend the plugin or use another"), library)
}

fn overdue(call: &InProgress, deadline: Duration) -> ! {
    let InProgress { plugin, doing, library, .. } = call;
    let seconds = deadline.as_secs_f64();
    let setting = watched().setting;
    end(
        format!(
            "plugin `{plugin}` has not returned from {doing} for {seconds} s; mend the plugin or use another, or \
             allow it longer with {setting}"
        ),
        library,
    )
}

/// Says why, in the run's status and on stderr, and ends the process.
fn end(mut why: String, library: &str) -> ! {
    let run = watched().run.take();
    if let Some(run) = &run {
        why.push_str(&format!(", then go on with `workbench resume {}`", run.name()));
    }
    if !library.is_empty() {
        why.push_str(&format!(" (the plugin's library is {library})"));
    }
    // First, as a status that can't be written must not keep the words back.
    console::error(&why);
    if let Some(run) = &run {
        let now = Status::read(run).ok().flatten();
        let mut status = now.unwrap_or_else(|| Status::starting(0, 0));
        (status.state, status.error) = (State::Failed, Some(why));
        if let Err(error) = status.write(run) {
            console::warning(error);
        }
    }
    // Before there is a run nothing was started: that is the code for what was wrong from the beginning.
    crash::end(if run.is_some() { 1 } else { 2 })
}

fn name(signal: u8) -> Option<&'static str> {
    Some(match libc::c_int::from(signal) {
        0 => return None,
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGBUS => "SIGBUS",
        libc::SIGILL => "SIGILL",
        libc::SIGFPE => "SIGFPE",
        libc::SIGTRAP => "SIGTRAP",
        libc::SIGABRT => "SIGABRT",
        _ => "a signal",
    })
}
