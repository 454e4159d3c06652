//! Work that leaves the processor to whoever looks at a page: on a thread of its own, at low priority.
//!
//! Knows nothing of backups.

/// How much lower than others the thread's priority is.
const NICE: i32 = 10;

/// Lowers the priority of this thread, and of those that it starts. Where that is refused, it goes on as usual.
pub fn lower_priority() {
    let _ = rustix::process::setpriority_process(None, NICE);
}

/// Does `work` on another thread, which has a low priority, and waits for it.
pub fn aside<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let working = scope.spawn(|| {
            lower_priority();
            work()
        });
        working.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn priority() -> i32 {
        rustix::process::getpriority_process(None).unwrap()
    }

    #[test]
    fn work_aside_and_what_it_starts_is_less_urgent_and_this_thread_stays_as_it_was() {
        let before = priority();
        let there = aside(|| (priority(), std::thread::scope(|scope| scope.spawn(priority).join().unwrap())));
        assert_eq!(there, (NICE.max(before), NICE.max(before)));
        assert_eq!(priority(), before);
    }
}
