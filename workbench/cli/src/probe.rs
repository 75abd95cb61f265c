//! First contact with a library, in another process.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

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
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("can't be tried: {error}"))?;
    let began = Instant::now();
    while began.elapsed() < DEADLINE {
        match child.try_wait() {
            Ok(None) => std::thread::sleep(Duration::from_millis(2)),
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(_)) => return Err(words(child)),
            Err(error) => return Err(format!("can't be tried: {error}")),
        }
    }
    // It may have ended this moment; then there is nothing to end.
    let _ = child.kill();
    let _ = child.wait();
    Err(format!("did not finish loading within {} s, and was ended", DEADLINE.as_secs()))
}

fn words(child: std::process::Child) -> String {
    let Ok(output) = child.wait_with_output() else {
        return "ended the process that tried it".to_owned();
    };
    let said = String::from_utf8_lossy(&output.stderr);
    match (output.status.code(), said.trim().strip_prefix("error: ")) {
        (Some(_), Some(why)) => why.to_owned(),
        (Some(code), None) => {
            format!("ended the process that tried it with code {code}: {}", said.trim())
        }
        (None, _) => {
            format!("crashed the process that tried it ({}); it was not loaded here", output.status)
        }
    }
}
