//! A trainer in a session of its own: closing the terminal, or the connection, does not reach it.

use std::fs::OpenOptions;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use workbench_runs::{RunDir, Status};

use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::process;

/// Starts the trainer of a run, and returns when it has claimed the run directory and says so.
///
/// # Errors
/// It ended before its claim; its last words are in the message.
pub fn start(context: &Context, run: &RunDir) -> Result<Child> {
    let said_before = std::fs::metadata(run.trainer_log()).map_or(0, |meta| meta.len());
    let mut child = spawn(context, run)?;
    // Its status is written after its claim, and stays when it has ended.
    let is_up = |pid: u32| {
        Status::read(run).is_ok_and(|status| status.is_some_and(|status| status.pid == pid))
    };
    while !is_up(child.id()) {
        if let Some(status) = child.try_wait()? {
            let words = std::fs::read(run.trainer_log()).unwrap_or_default();
            let new = words.get(said_before as usize..).unwrap_or_default();
            let words = String::from_utf8_lossy(new);
            let words = words.trim().trim_start_matches("error: ");
            // The trainer's own code: 2 where nothing was wrong but what it was asked for.
            let message = format!("the trainer of {} ended before it began:\n{words}", run.name());
            return Err(Failure::with_code(status.code(), message));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(child)
}

fn spawn(context: &Context, run: &RunDir) -> Result<Child> {
    let log = OpenOptions::new().create(true).append(true).open(run.trainer_log())?;
    let mut command = Command::new(std::env::current_exe()?);
    if let Some(root) = &context.root {
        command.arg("--root").arg(root);
    }
    command.arg("--runs").arg(&context.runs).arg("__trainer").arg(run.path());
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    process::in_own_session(&mut command);
    Ok(command.spawn()?)
}
