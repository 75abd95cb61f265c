//! Waiting for what is to happen, but not for ever.

use std::time::{Duration, Instant};

/// What takes longer hangs. Generous: a loaded machine of two cores builds the plugins for the first time within it.
pub const DEADLINE: Duration = Duration::from_secs(300);

/// What `look` finds, as soon as it finds it.
///
/// # Panics
/// It found nothing in time; `what` is in the message.
pub fn poll<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < DEADLINE, "waited {} s for {what}", DEADLINE.as_secs());
        std::thread::sleep(Duration::from_millis(2));
    }
}
