use wasmtime::{Error, Trap};

use super::state::State;
use crate::plugin::interface::Crash;
use crate::plugin::manifest::one_line;

/// Characters of a reason that is told on.
const REASON: usize = 300;

/// Why a call of an instance did not come to its end.
pub(super) fn crash(error: &Error, state: &State) -> Crash {
    if let Some(crash) = error.downcast_ref::<Crash>() {
        return crash.clone();
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => state.late(),
        // Memory that was refused is what makes most programs break off.
        Some(trap) => state.refused().unwrap_or_else(|| Crash::Trap(trap.to_string())),
        None => unlawful(error, state),
    }
}

/// What the engine has no type for: a value that is no value of the interface, or too many bytes.
fn unlawful(error: &Error, state: &State) -> Crash {
    let reason = text(error);
    if reason.contains("fuel allocated for hostcalls has been exhausted") {
        return Crash::Limit(format!("{} bytes at once", state.limits().answer));
    }
    Crash::Protocol(reason)
}

/// The words of an error and of what caused it, at most [`REASON`] characters.
pub(super) fn text(error: &Error) -> String {
    one_line(&format!("{error:#}"), REASON)
}
