//! The integration tests: public API only, one file a stage.

mod rule_errors;
mod rule_expressions;
mod rule_windows;
mod rules;
