//! The integration tests: public API only, one file a stage.

mod architecture;
mod backtest;
mod configuration;
mod crash;
mod enforcing;
mod explain;
mod faults;
mod guarding;
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
mod pipeline;
mod plugins;
mod quickstart;
mod readme;
mod reload;
mod rule_errors;
mod rule_expressions;
mod rule_windows;
mod rules;
mod sigma;
mod starter;
mod support;
mod verdicts;
