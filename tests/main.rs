//! The integration tests: public API only, one file a stage. They take all features.

mod architecture;
mod asa;
mod backtest;
mod behavior;
mod behavior_hostile;
mod behavior_quality;
mod behavior_snapshot;
mod behavior_time;
mod calibration;
mod clock_steps;
mod cluster;
mod configuration;
mod conformance;
mod crash;
#[cfg(target_os = "linux")]
mod crash_kernel;
mod discretion;
#[cfg(target_os = "linux")]
mod disk_full;
mod drift;
mod dry_run;
mod endurance;
mod enforcing;
mod ensemble;
mod explain;
mod faults;
mod features;
mod feed_limits;
mod feed_list;
mod feeds;
mod forest;
mod forest_quality;
#[cfg(target_os = "linux")]
mod generation;
mod geo;
mod guarding;
#[cfg(unix)]
mod haproxy;
mod host_parts;
mod https;
mod image;
mod intel_detect;
mod intel_index;
mod intel_patterns;
mod intel_warninglists;
#[cfg(target_os = "linux")]
mod ipset;
mod json;
#[cfg(target_os = "linux")]
mod kernel;
#[cfg(target_os = "linux")]
mod lab;
mod logs;
mod misp;
mod misp_stix;
#[cfg(target_os = "linux")]
mod namespace;
#[cfg(target_os = "linux")]
mod nftables;
#[cfg(target_os = "linux")]
mod nftables_table;
#[cfg(target_os = "linux")]
mod nftables_whole;
#[cfg(unix)]
mod nginx;
mod online;
mod own_pace;
mod panos;
mod pipeline;
mod plugin;
mod python;
mod queues;
mod quickstart;
mod readme;
mod reload;
#[cfg(target_os = "linux")]
mod repair;
mod report;
mod restart;
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
mod simulate;
mod starter;
mod stix;
mod support;
mod taxii;
mod train;
mod verdicts;
#[cfg(target_os = "linux")]
mod verdicts_kernel;
