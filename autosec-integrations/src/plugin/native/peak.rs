//! How much memory the processes of a plugin have taken.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most that any process of one plugin has had in memory. It is asked for where the system keeps it, so that calls cost
/// nothing: while a process lives, and once more before it is given up.
#[derive(Debug, Default)]
pub(super) struct Peak(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    most: Option<u64>,
    alive: BTreeSet<u32>,
}

impl Peak {
    pub(super) fn began(&self, process: u32) {
        self.seen().alive.insert(process);
    }

    /// The process is about to be given up, or was: its number may soon be another's.
    pub(super) fn ends(&self, process: u32) {
        let mut seen = self.seen();
        if seen.alive.remove(&process) {
            seen.most = seen.most.max(resident(process));
        }
    }

    /// In bytes; none before the first process, and on systems that do not say.
    pub(super) fn most(&self) -> Option<u64> {
        let mut seen = self.seen();
        let now = seen.alive.iter().filter_map(|process| resident(*process)).max();
        seen.most = seen.most.max(now);
        seen.most
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The most bytes that a process had in memory so far. One that has ended has no such line any more.
#[cfg(target_os = "linux")]
fn resident(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(not(target_os = "linux"))]
fn resident(_process: u32) -> Option<u64> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn remembers_what_a_process_had() {
        let peak = Peak::default();
        assert_eq!(peak.most(), None);
        let own = std::process::id();
        peak.began(own);
        let most = peak.most().unwrap();
        assert!(most > 1 << 20, "a test takes more than {most} bytes");
        peak.ends(own);
        assert!(peak.most().unwrap() >= most);
        assert!(peak.seen().alive.is_empty());
    }
}
