//! Trainers in the background, which outlive the command that started them.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

/// Ends the processes whose command line names something in `folder`, which is a test's own: no test leaves a trainer
/// behind, failed or not. Where there is no /proc to look in, it ends none.
pub fn end_all_of(folder: &Path) {
    let named = folder.as_os_str().as_encoded_bytes();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let Some(pid) = pid.and_then(Pid::from_raw) else { continue };
        let words = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if words.windows(named.len()).any(|part| part == named) {
            // Fails where it has just ended.
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}
