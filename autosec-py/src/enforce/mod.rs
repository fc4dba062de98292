//! From decisions to firewalls, and what became of them.
//!
//! A call runs on a runtime of its own thread and of its own time: there is nothing in the background that a fork could
//! lose or the end of the interpreter could leave hanging.

mod decision;
mod memory;
#[cfg(target_os = "linux")]
mod nftables;
mod panos;
mod report;
mod run;

pub(crate) use decision::decision;
pub(crate) use memory::MemoryFirewall;
#[cfg(target_os = "linux")]
pub(crate) use nftables::Nftables;
pub(crate) use panos::PanOs;
pub(crate) use report::{enforcement, entries, health, reports};
pub(crate) use run::run;

use autosec_core::enforce::EnforceError;
use autosec_core::engine::EngineBuilder;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::error;
use crate::extend::{Held, PyFirewall};
use crate::plugin::PluginFirewall;

/// Adds a firewall to an engine, one of ours or one written in Python, which is `held` as well.
pub(crate) fn add(
    builder: EngineBuilder,
    firewall: &Bound<'_, PyAny>,
    held: &mut Vec<Held>,
) -> PyResult<EngineBuilder> {
    if let Ok(memory) = firewall.cast::<MemoryFirewall>() {
        return Ok(builder.firewall(memory.get().firewall()));
    }
    #[cfg(target_os = "linux")]
    if let Ok(kernel) = firewall.cast::<Nftables>() {
        return Ok(builder.firewall(kernel.get().firewall()));
    }
    if let Ok(device) = firewall.cast::<PanOs>() {
        return Ok(builder.firewall(device.get().firewall()));
    }
    if let Ok(plugin) = firewall.cast::<PluginFirewall>() {
        return Ok(builder.firewall(plugin.get().firewall()));
    }
    if !firewall.hasattr("blocked")? || !firewall.hasattr("capabilities")? {
        let name = firewall.get_type().name()?;
        return Err(PyTypeError::new_err(format!("`{name}` is no firewall: subclass `FirewallIntegration`")));
    }
    let own = PyFirewall::new(firewall)?;
    held.push(Held::clone(own.object()));
    Ok(builder.firewall(own))
}

/// A firewall that cannot be set up.
fn unfit(py: Python<'_>, wrong: &EnforceError) -> PyErr {
    error::plain(py, "FirewallError", wrong.to_string())
}
