//! Who this process is, and whether another one of this host still lives.

use std::fs;

use rustix::process::{Pid, test_kill_process};

/// This host's name.
pub(crate) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The kernel's identity of this boot, where there is one (Linux).
pub(crate) fn boot() -> Option<String> {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned())
}

/// The namespace in which this process's id counts (Linux): two containers of one host may share
/// everything else.
pub(crate) fn namespace() -> Option<String> {
    let link = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(link.to_string_lossy().into_owned())
}

/// What is known of a process of this host.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// No such process, or one that has ended and is only waiting to be reaped.
    Gone,
    /// A process of this id; `start` in clock ticks since the boot, where the system tells.
    Alive { start: Option<u64> },
}

pub(crate) fn life(pid: u32) -> Life {
    let Some(id) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        // Not an id that a process can have: nothing can be proved from it.
        return Life::Alive { start: None };
    };
    if test_kill_process(id) == Err(rustix::io::Errno::SRCH) {
        return Life::Gone;
    }
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return Life::Alive { start: None };
    };
    // The second field is the command in brackets, which may hold spaces and brackets itself.
    let after_command = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let mut fields = after_command.split_whitespace();
    // A container without an init never reaps an orphan: a zombie writes nothing any more.
    if matches!(fields.next(), Some("Z" | "X")) {
        return Life::Gone;
    }
    // The state was field 3 of proc_pid_stat(5), the start is field 22.
    Life::Alive { start: fields.nth(18).and_then(|f| f.parse().ok()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_a_child_that_ended_does_not() {
        assert!(matches!(life(std::process::id()), Life::Alive { .. }));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        assert_eq!(life(pid), Life::Gone);
        assert_eq!(life(0), Life::Alive { start: None });
        assert_eq!(life(u32::MAX), Life::Alive { start: None });
    }
}
