//! The processes of an isolated plugin: the runner, and those that the plugin started and that did not leave the runner's group.

use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::time::{sleep, timeout};

/// How often one that is about to end is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// A group whose first process, which gives it its number, is a child of this one.
///
/// Whoever has it must not have waited for that child yet: until then nobody else's group can have the number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group(Pid);

impl Group {
    pub(super) fn led_by(process: u32) -> Option<Self> {
        i32::try_from(process).ok().and_then(Pid::from_raw).map(Self)
    }

    /// Whether the first process ends within this time. Its remains stay.
    pub(super) async fn ends_within(self, time: Duration) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let ended = async {
            while let Ok(None) = waitid(WaitId::Pid(self.0), look) {
                sleep(LOOK).await;
            }
        };
        timeout(time, ended).await.is_ok()
    }

    /// Ends all of it.
    pub(super) fn kill(self) {
        // It fails where nobody is left, which is as well.
        let _ = kill_process_group(self.0, Signal::KILL);
    }
}
