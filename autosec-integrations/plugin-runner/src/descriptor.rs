//! What a process inherits from one that did not close it.
#![expect(unsafe_code, reason = "a descriptor is closed whose owner is another program")]

use std::fs;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// Closes every open file but the standard ones, where the system lists them.
///
/// A host's own files are closed by the start of a process, but libraries in it may have opened some without asking for that.
/// It is to be called before anything else is opened.
pub(crate) fn close_inherited() {
    const STANDARD: RawFd = 2;
    let Ok(listed) = fs::read_dir("/proc/self/fd").or_else(|_| fs::read_dir("/dev/fd")) else { return };
    let names = listed.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    // The last descriptor listed may be the listing's own, which is closed by now.
    let open: Vec<RawFd> = names.filter(|descriptor| *descriptor > STANDARD).collect();
    for descriptor in open {
        if fs::exists(format!("/proc/self/fd/{descriptor}")).unwrap_or(false) {
            // SAFETY: it is open and no value of this program owns it, since nothing has been opened yet.
            drop(unsafe { OwnedFd::from_raw_fd(descriptor) });
        }
    }
}
