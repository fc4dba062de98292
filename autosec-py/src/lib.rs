//! AutoSec for Python: the native module `autosec._autosec`, of which the package `autosec` shows the whole.
//!
//! A file a class. What crosses the border is read by `event` and `arrow`, what goes back is in `verdict`; parts
//! that hosts write in Python are wrapped in `extend`. Everything that can take long lets go of the interpreter.
#![deny(missing_docs)]

mod arrow;
mod backtest;
mod behavior;
mod convert;
mod detect;
mod enforce;
mod engine;
mod error;
mod event;
mod extend;
mod guard;
mod intel;
mod lines;
mod log;
mod model;
mod patience;
mod plugin;
mod progress;
mod recorded;
mod rules;
mod secret;
mod turn;
mod verdict;

use pyo3::prelude::*;

/// The native part of the package `autosec`.
#[pymodule]
mod _autosec {
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::guard::claim(module.py())
    }

    #[pymodule_export]
    use crate::behavior::Behavior;
    #[pymodule_export]
    use crate::detect::{FeatureSet, ModelDetector};
    #[cfg(target_os = "linux")]
    #[pymodule_export]
    use crate::enforce::Nftables;
    #[pymodule_export]
    use crate::enforce::{MemoryFirewall, PanOs};
    #[pymodule_export]
    use crate::engine::Engine;
    #[pymodule_export]
    use crate::extend::Answer;
    #[pymodule_export]
    use crate::guard::{_ending, _forked};
    #[pymodule_export]
    use crate::intel::Indicators;
    #[pymodule_export]
    use crate::lines::{LogEvents, read_log};
    #[pymodule_export]
    use crate::model::{_report, Model};
    #[pymodule_export]
    use crate::plugin::PluginFirewall;
    #[pymodule_export]
    use crate::rules::{LiveRules, RuleSet};
    #[pymodule_export]
    use crate::secret::{EnvironmentSecrets, FileSecrets};
    #[pymodule_export]
    use crate::verdict::{Verdict, Verdicts};
}
