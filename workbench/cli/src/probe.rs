//! First contact with a library, in another process.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What the child says at its end: an exit code of 0 alone may be the library's own doing.
pub const SURVIVED: &str = "loaded";
/// A library that takes longer to load than this hangs.
const DEADLINE: Duration = Duration::from_secs(20);

/// Loads the library in a child that runs this binary, so that one that crashes or hangs takes only the child with it.
///
/// # Errors
/// What became of the child, to follow the library's path in a sentence.
pub fn in_another_process(library: &Path) -> Result<(), String> {
    let executable = std::env::current_exe().map_err(|error| format!("can't be tried: {error}"))?;
    let mut child = Command::new(executable)
        .arg("__probe")
        .arg(library)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("can't be tried: {error}"))?;
    let began = Instant::now();
    while began.elapsed() < DEADLINE {
        match child.try_wait() {
            Ok(None) => std::thread::sleep(Duration::from_millis(2)),
            Ok(Some(_)) => return judge(child),
            Err(error) => return Err(format!("can't be tried: {error}")),
        }
    }
    // It may have ended this moment; then there is nothing to end.
    let _ = child.kill();
    let _ = child.wait();
    Err(format!("did not finish loading within {} s, and was ended", DEADLINE.as_secs()))
}

fn judge(child: std::process::Child) -> Result<(), String> {
    let output = child.wait_with_output().map_err(|error| format!("can't be tried: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    match (output.status.code(), said.trim().strip_prefix("error: ")) {
        (Some(0), _) if String::from_utf8_lossy(&output.stdout).trim_end().ends_with(SURVIVED) => {
            Ok(())
        }
        (Some(2), Some(why)) => Err(why.to_owned()),
        (Some(code), _) => {
            Err(format!("ended the process that tried it with code {code}: {}", said.trim()))
        }
        (None, _) => Err(format!(
            "crashed the process that tried it ({}); it was not loaded here",
            output.status
        )),
    }
}
