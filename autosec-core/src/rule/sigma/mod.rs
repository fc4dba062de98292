//! Sigma 2.1: YAML to a tree with places, then to what the rest of the engine knows. What rules mean is said at
//! [`rule`](super).
//!
//! - Detections: `rule` reads what a rule says about itself, `selection` and `item` its search identifiers (`modifier`,
//!   `pattern`, `shape`, `encode` and `flavour` what values mean), `condition` what joins them.
//! - Correlations and filters are read here, and bound to the rules they refer to in `rule::set`, which knows all sources.
//! - Pipelines (`pipeline`, `rename`) rename fields and add conditions while rules are translated.
//! - Routes say to which logs an event belongs, as a condition that rules are given besides their own.

mod condition;
mod correlation;
mod encode;
mod filter;
mod flavour;
mod item;
mod modifier;
mod node;
mod pattern;
mod pipeline;
mod rename;
mod route;
mod rule;
mod selection;
mod shape;
mod translate;
mod windows;

pub(crate) use correlation::{Correlation, CorrelationKind};
pub(crate) use filter::Filter;
pub(crate) use pipeline::{Pipelines, View};
pub use route::LogSourceRouting;
pub use rule::{LogSource, SigmaKind, SigmaRule, SigmaStatus};
pub(crate) use translate::{Detection, Translated, Translation, What};

/// A pipeline for [`RuleSetBuilder::sigma_pipeline`](crate::rule::RuleSetBuilder::sigma_pipeline): the fields that Sigma
/// rules for Windows name, under the names that the Elastic Common Schema and Winlogbeat give them.
///
/// `Image` is looked for in `process.executable`, `CommandLine` in `process.command_line`, and what has no name of its
/// own below `winlog.event_data`. A name that it does not know stays as it is. Pipelines added after it may rename what it
/// made.
pub const SIGMA_TO_ECS: &str = include_str!("pipelines/ecs.yml");

/// A pipeline for [`RuleSetBuilder::sigma_pipeline`](crate::rule::RuleSetBuilder::sigma_pipeline): fields that the auditing
/// of Windows names otherwise than Sysmon, whose names Sigma rules use, are looked for under both names.
///
/// `Image` is also looked for in `NewProcessName` where a process is created, `SourceIp` in `SourceAddress` where a
/// connection is made, `Details` in `NewValue` where the registry changes. For events that keep the names that Windows gives
/// them; [`SIGMA_TO_ECS`] is for those that do not.
pub const SIGMA_WINDOWS_AUDIT: &str = include_str!("pipelines/audit.yml");
