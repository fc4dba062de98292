//! The integration tests: public API only, one file a stage.

mod architecture;
mod backtest;
mod configuration;
mod conformance;
mod crash;
mod endurance;
mod enforcing;
mod explain;
mod faults;
mod forest;
mod forest_quality;
mod guarding;
#[cfg(unix)]
mod haproxy;
mod image;
mod json;
#[cfg(target_os = "linux")]
mod kernel;
mod logs;
#[cfg(target_os = "linux")]
mod lab;
#[cfg(target_os = "linux")]
mod namespace;
#[cfg(target_os = "linux")]
mod nftables;
#[cfg(target_os = "linux")]
mod nftables_table;
#[cfg(unix)]
mod nginx;
mod pipeline;
mod plugins;
mod queues;
mod quickstart;
mod readme;
mod reload;
mod rule_errors;
mod rule_expressions;
mod rule_input;
mod rule_memory;
mod rule_model;
mod rule_property;
mod rule_together;
mod rule_windows;
mod rules;
mod sigma;
mod starter;
mod support;
mod verdicts;
