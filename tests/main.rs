//! The integration tests: public API only, one file a stage.

mod architecture;
mod crash;
mod enforcing;
mod support;
