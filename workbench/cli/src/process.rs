//! Settings of the whole process, made before it has threads that compute.

#![expect(
    unsafe_code,
    reason = "mallopt, the environment and signal handlers can only be set through unsafe functions"
)]

pub mod crash;

/// Keeps freed blocks in the process: training frees and asks for the same large ones at every step, and each
/// trip to the system costs page faults (measured 1.25 to 1.75 times the speed of training).
pub fn tune_allocator() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        const LARGE: libc::c_int = 1 << 30;
        // SAFETY: called first thing in `main`, while there is one thread; the values are in range.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
            libc::mallopt(libc::M_TRIM_THRESHOLD, LARGE);
        }
    }
}

/// So many threads for everything that computes; 0: all cores. candle splits its products by what
/// RAYON_NUM_THREADS says, whatever pool runs them, so that both are set.
pub fn use_threads(threads: usize) {
    if threads == 0 {
        return;
    }
    // SAFETY: called while preparing, before any thread that computes or reads the environment is started.
    unsafe { std::env::set_var("RAYON_NUM_THREADS", threads.to_string()) };
    // Fails only where the pool is there already: then it was made for the same experiment.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
}

/// The most bytes of memory that this process has held at once.
pub fn peak_memory() -> Option<u64> {
    // Not getrusage on Linux: its number is at least that of the process that started this one.
    #[cfg(target_os = "linux")]
    {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| 1024 * kib)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
        let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: the struct is valid when zeroed, and is only written to.
        let usage = unsafe {
            (libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) == 0)
                .then(|| usage.assume_init())
        };
        usage.and_then(|usage| u64::try_from(usage.ru_maxrss).ok()).map(|size| unit * size)
    }
}

/// The child leads a session of its own: no terminal, and no hang-up, reaches it.
pub fn in_own_session(command: &mut std::process::Command) {
    use std::os::unix::process::CommandExt;
    // SAFETY: between fork and exec only `setsid` is called, which is safe there.
    unsafe {
        command.pre_exec(|| {
            // Fails only where the child leads a session already.
            let _ = rustix::process::setsid();
            Ok(())
        });
    }
}
