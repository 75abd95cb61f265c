//! What training takes of its machine: processor, memory, threads. No GPU: there is no portable way to ask for one.

use std::time::{Duration, Instant};

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// Shares of a shorter time say more of the clock than of the load.
const LEAST: Duration = Duration::from_secs(1);

/// Looks at the machine now and then.
pub(crate) struct Load {
    system: System,
    pid: Option<Pid>,
    looked: Instant,
}

impl Load {
    /// The first look, from which the next one counts.
    pub fn new() -> Load {
        let mut load = Load {
            system: System::new(),
            pid: sysinfo::get_current_pid().ok(),
            looked: Instant::now(),
        };
        load.look();
        load
    }

    /// Tags and values since the last look; nothing where that was just now, or the system does not tell.
    pub fn sample(&mut self) -> Vec<(&'static str, f32)> {
        if self.looked.elapsed() < LEAST {
            return Vec::new();
        }
        self.look();
        let mut values = vec![
            ("system/machine_cpu_percent", self.system.global_cpu_usage()),
            ("system/machine_memory_mb", megabytes(self.system.used_memory())),
        ];
        if let Some(process) = self.pid.and_then(|pid| self.system.process(pid)) {
            values.push(("system/cpu_percent", process.cpu_usage()));
            values.push(("system/memory_mb", megabytes(process.memory())));
            if let Some(tasks) = process.tasks() {
                // The main thread is not among its tasks.
                values.push(("system/threads", tasks.len() as f32 + 1.0));
            }
        }
        values
    }

    fn look(&mut self) {
        self.looked = Instant::now();
        self.system.refresh_cpu_usage();
        self.system.refresh_memory();
        let what = ProcessRefreshKind::nothing().with_cpu().with_memory().with_tasks();
        if let Some(pid) = self.pid {
            self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, what);
        }
    }
}

fn megabytes(bytes: u64) -> f32 {
    (bytes as f64 / 1e6) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_threads_and_takes_memory() {
        let mut load = Load::new();
        assert!(load.sample().is_empty(), "too soon");
        load.looked -= 2 * LEAST;
        let values = load.sample();
        let of = |tag: &str| values.iter().find(|(at, _)| *at == tag).map(|(_, value)| *value);
        assert!(of("system/memory_mb").is_some_and(|mb| mb > 0.5), "{values:?}");
        assert!(of("system/machine_memory_mb") > of("system/memory_mb"));
        assert!(of("system/cpu_percent").is_some_and(|share| share >= 0.0));
        #[cfg(target_os = "linux")]
        assert!(
            of("system/threads").is_some_and(|n| n >= 2.0),
            "a test runs on a thread of its own"
        );
    }
}
